"""Progress on stderr while a solver or the rounding runs."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from pepkit.render.notation import clean, shortened

__all__ = ["StageDisplay"]

_STAGES = {
    "statement": "deriving the hypotheses",
    "solve": "solving the semidefinite program",
    "support": "finding the support",
    "approximate": "approximating to high precision",
    "project": "projecting onto the exact identity",
    "check": "checking with the kernel",
    "witness": "looking for a worst case",
    "sympy": "checking again with sympy",
    "inject": "deciding injectivity",
    "jumps": "following the line of weights",
    "census": "counting jumps",
    "interpolate": "certifying images",
    "gaps": "comparing relaxations",
    "attack": "attacking certified bounds",
}
_SECONDS_BETWEEN_UPDATES = 0.05


class StageDisplay:
    """Shows the current stage on one line that vanishes at the end; a `progress` callback for `certify`.

    Without a terminal, or where `enabled` is false, nothing is printed.
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._display: Any = None
        self._task: Any = None
        self._stage = ""
        self._updated = 0.0

    def __enter__(self) -> StageDisplay:
        if self._enabled:
            from rich.console import Console

            console = Console(stderr=True)
            if console.is_terminal:
                from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

                self._display = Progress(
                    SpinnerColumn(),
                    TimeElapsedColumn(),
                    TextColumn("{task.description}", markup=False),
                    console=console,
                    transient=True,
                )
                self._display.start()
                self._task = self._display.add_task("starting", total=None)
        return self

    def __call__(self, stage: str, detail: str = "") -> None:
        """Show a stage. Called often, so quick repetitions of one stage are not drawn."""
        if self._display is None:
            return
        now = time.monotonic()
        if stage == self._stage and now - self._updated < _SECONDS_BETWEEN_UPDATES:
            return
        self._stage, self._updated = stage, now
        text = _STAGES.get(stage, stage) + (f": {detail}" if detail else "")
        self._display.update(self._task, description=shortened(clean(text).replace("\n", " "), 100))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None
