"""Stepsize schedules as values: a name, exact steps in units of 1/L, a source."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pepkit.algebra import Real, exact, realise, to_float
from pepkit.kernel import ClaimError, Field
from pepkit.schedules.composition import Composition
from pepkit.schedules.display import schedule_html

__all__ = ["Schedule", "load_schedule"]

MAX_FILE_BYTES = 8 << 20


@dataclass(frozen=True)
class Schedule:
    """A stepsize schedule for gradient descent, x_{i+1} = x_i - (h_i/L) grad f(x_i).

    Parameters
    ----------
    name
        How the schedule is called on the command line.
    numbers
        h_0, ..., h_{N-1}, exact, in units of 1/L.
    description
        One sentence with the source.
    composition
        The tree of joins that the schedule is, where it is one: it proves the rate without a solver.
    """

    name: str
    numbers: tuple[Real, ...]
    description: str = ""
    composition: Composition | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.numbers:
            raise ClaimError("a schedule has at least one step")

    @classmethod
    def of(cls, steps: Sequence[Any], name: str = "custom", description: str = "") -> Schedule:
        """The schedule of a user: ints, Fractions, strings, sympy numbers; floats are taken as dyadic."""
        return cls(name, tuple(exact(h) for h in steps), description)

    @cached_property
    def _realised(self) -> tuple[Field, tuple[Any, ...]]:
        found, values = realise(self.numbers)
        return found, tuple(values)

    @property
    def field(self) -> Field:
        """The field that the steps generate."""
        return self._realised[0]

    @property
    def steps(self) -> tuple[Any, ...]:
        """The steps as elements of `field`."""
        return self._realised[1]

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.steps)

    def floats(self) -> list[float]:
        """The steps rounded to floats."""
        return [to_float(self.field, h) for h in self.steps]

    def __str__(self) -> str:
        shown = ", ".join(self.field.text(h) for h in self.steps[:8])
        return f"{self.name}({len(self)}): {shown}" + (", ..." if len(self) > 8 else "")

    def _repr_html_(self) -> str:
        floats = self.floats()
        texts = [self.field.text(h) for h in self.steps[:16]]
        if any(len(text) > 30 or "theta" in text for text in texts):
            texts = [f"{h:.10g}" for h in floats[:16]]
        return schedule_html(self.name, self.description, len(self), math.fsum(floats), texts, floats)


def load_schedule(path: str | os.PathLike[str]) -> Schedule:
    """Read a schedule from a file.

    Either JSON (a list of numbers, or ``{"steps": [...]}`` with an optional ``"name"``), or text with one
    number per line (blank lines and ``#`` comments are skipped). Numbers are written as in ``3/2``,
    ``1.5``, ``1+sqrt(2)``; decimals are exact.

    Raises ClaimError with the line or entry that cannot be read.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ClaimError(f"{file}: larger than {MAX_FILE_BYTES} bytes")
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ClaimError(f"cannot read the schedule {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ClaimError(f"{file} is not a text file") from None
    name = file.stem
    if text.lstrip()[:1] in ("[", "{"):
        entries, name = _json_entries(file, text, name)
    else:
        lines = (line.split("#", 1)[0].strip().rstrip(",") for line in text.splitlines())
        entries = [(f"line {k}", line) for k, line in enumerate(lines, start=1) if line]
    if not entries:
        raise ClaimError(f"{file} holds no steps")
    steps = []
    for place, entry in entries:
        try:
            steps.append(exact(entry))
        except ClaimError as error:
            raise ClaimError(f"{file}, {place}: {error}") from None
    return Schedule(name, tuple(steps), f"read from {file.name}")


def _json_entries(file: Path, text: str, name: str) -> tuple[list[tuple[str, Any]], str]:
    try:
        # decimals keep their text, so that 0.1 in a file is one tenth
        data = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ClaimError(f"{file} is not valid JSON: {error}") from None
    if isinstance(data, dict):
        name = str(data.get("name", name))
        data = data.get("steps")
    if not isinstance(data, list):
        raise ClaimError(f"{file} holds neither a list of steps nor an object with 'steps'")
    return [(f"entry {k}", value) for k, value in enumerate(data)], name
