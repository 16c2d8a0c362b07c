"""The command line of pepkit."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run ``pepkit``. The console entry point; nothing is imported before it is called."""
    try:
        from pepkit.cli.application import application

        application(prog_name="pepkit")
    except KeyboardInterrupt:
        # an interrupt while modules are still being imported
        sys.exit(130)
