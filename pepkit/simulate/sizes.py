"""The sizes of experiments: how many networks, layers, steps."""

from __future__ import annotations

from pepkit.kernel import ClaimError

__all__ = ["check_sizes"]


def check_sizes(least: int = 1, /, **sizes: int) -> None:
    """ClaimError unless every size is a whole number, at least `least`; the keywords are the names in the message."""
    for name, size in sizes.items():
        if size != int(size) or size < least:
            raise ClaimError(f"{name} is a whole number, at least {least}, not {size}")
