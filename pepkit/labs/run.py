"""Running a laboratory: parameters, store, provenance."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from pepkit.labs.registry import find
from pepkit.labs.result import LabResult
from pepkit.labs.store import PieceStore, Progress, Work

__all__ = ["pieces_path", "run"]


def pieces_path(output: str | os.PathLike[str], name: str) -> Path:
    """Where the pieces of a run are kept."""
    return Path(output) / ".pieces" / f"{name}.jsonl"


def run(
    name: str,
    *,
    quick: bool = False,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> LabResult:
    """Run the laboratory `name` and return its result.

    Parameters
    ----------
    quick
        The short form, which takes seconds.
    output
        A folder in which pieces of the work are kept as they come; None keeps nothing. The result itself is written
        by `LabResult.save`.
    resume
        Use the pieces that an earlier run with the same parameters left in `output`.
    progress
        Called with the name of the laboratory and what it is doing.
    **settings
        Parameters of the laboratory, `seed` among them; texts are read as the type of the default.

    Raises
    ------
    ClaimError
        An unknown laboratory or parameter.
    """
    entry = find(name)
    parameters = entry.parameters(quick, **settings)
    store = PieceStore(None if output is None else pieces_path(output, name), resume)
    begin = time.perf_counter()
    result = entry.function(**parameters, work=Work(name, store, progress))
    seconds = time.perf_counter() - begin
    # refused here, not when the report is written
    result.theorems()
    usual = entry.parameters(quick)
    changed = {key: _text(v) for key, v in parameters.items() if key != "seed" and v != usual[key]}
    return result.with_run(
        name=entry.name,
        summary=entry.summary,
        parameters=parameters,
        provenance=_provenance(quick, parameters, changed, seconds, store.reused),
    )


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _provenance(
    quick: bool, parameters: dict[str, Any], changed: dict[str, str], seconds: float, reused: int
) -> dict[str, Any]:
    import numpy
    import scipy

    from pepkit import __version__

    found: dict[str, Any] = {
        "pepkit": __version__,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "form": "quick" if quick else "full",
        "seed": parameters.get("seed", 0),
    }
    if changed:
        found["settings"] = changed
    if reused:
        found["pieces reused"] = reused
    found["seconds"] = round(seconds, 1)
    return found
