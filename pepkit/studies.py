"""The common form of a study: a table, how to read it, and its figure.

A `Study` holds data only, so it can be written to JSON while a long run is going on and read again later.
Exact numbers stay exact in the table and in CSV files; figures are made from floats.
"""

from __future__ import annotations

import csv
import math
import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from flint import fmpq

from pepkit.kernel import ClaimError, FormatError

__all__ = ["Curve", "Study", "cell_text", "value_from_data", "value_to_data"]

Curve = tuple[str, tuple[float, ...], tuple[float, ...]]
"""A label, x and y of a curve. A label that ends in " (points)" is drawn without a line, one that ends in
" (line)" without markers; the ending itself is not shown."""

_SCALES = ("linear", "log")


@dataclass(frozen=True)
class Study:
    """A table of results: rows of values under named columns, how to read them, and a figure.

    Parameters
    ----------
    title
        What is studied, one line.
    columns, rows
        The table. Values are texts, numbers (int, float, fmpq), truth values or None.
    notes
        Sentences: how the rows were made, and what holds exactly.
    curves
        The figure's curves; see `Curve`. Empty for a study without figure.
    axes
        Labels of the x axis and the y axis, with units where there are any.
    scales
        ``"linear"`` or ``"log"`` for x and y.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...]
    curves: tuple[Curve, ...] = ()
    axes: tuple[str, str] = ("", "")
    scales: tuple[str, str] = ("linear", "linear")

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ClaimError(f"a row of the study {self.title!r} does not have {len(self.columns)} values")
        if any(scale not in _SCALES for scale in self.scales):
            raise ClaimError(f"unknown scale of a figure; known are {', '.join(_SCALES)}")

    def cells(self) -> tuple[tuple[str, ...], ...]:
        """The rows as text: exact numbers as they are if short, floats with six digits."""
        return tuple(tuple(cell_text(value) for value in row) for row in self.rows)

    def column(self, name: str) -> tuple[Any, ...]:
        """The values of one column."""
        position = self.columns.index(name)
        return tuple(row[position] for row in self.rows)

    def save_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table with exact numbers in full."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows([[str(value) for value in row] for row in self.rows])

    def figure(self) -> Any:
        """The curves as a matplotlib figure (extra `plot`)."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ClaimError("figures need matplotlib: pip install 'pepkit[plot]'") from None
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        for label, x, y in self.curves:
            name, style = _style(label, len(x))
            axes.plot(x, y, label=name, **style)
        axes.set_xlabel(self.axes[0])
        axes.set_ylabel(self.axes[1])
        axes.set_xscale(self.scales[0])
        axes.set_yscale(self.scales[1])
        axes.set_title(textwrap.fill(self.title, 80), fontsize=10)
        axes.grid(alpha=0.3)
        if self.curves:
            axes.legend(fontsize=8 if len(self.curves) < 8 else 7)
        return figure

    def data(self) -> dict[str, Any]:
        """The study as JSON data; `from_data` reads it."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [[value_to_data(value) for value in row] for row in self.rows],
            "notes": list(self.notes),
            "curves": [[label, *([value_to_data(v) for v in values] for values in xy)] for label, *xy in self.curves],
            "axes": list(self.axes),
            "scales": list(self.scales),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Study:
        """The study in JSON data. Raises FormatError if it is none."""
        try:
            return cls(
                data["title"],
                tuple(data["columns"]),
                tuple(tuple(value_from_data(value) for value in row) for row in data["rows"]),
                tuple(data["notes"]),
                tuple((label, _floats(x), _floats(y)) for label, x, y in data["curves"]),
                (data["axes"][0], data["axes"][1]),
                (data["scales"][0], data["scales"][1]),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise FormatError(f"not the data of a study: {error}") from None

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in self.cells())
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return (
            f'<div class="pepkit"><b>{escape(self.title)}</b><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>{notes}</div>"
        )


def cell_text(value: Any) -> str:
    """A value of a table as text: exact numbers as they are if short, floats with six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None:
        return ""
    text = str(value)
    if len(text) <= 24 or not isinstance(value, (fmpq, int)):
        return text
    return f"{_decimal(fmpq(value)):.6g}"


def value_to_data(value: Any) -> Any:
    """A value of a table as JSON data: exact numbers and floats that JSON does not know become objects."""
    if isinstance(value, fmpq):
        return {"exact": str(value)}
    if hasattr(value, "item"):
        # NumPy scalars
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ClaimError(f"a table of a study holds numbers and texts, not {type(value).__name__}")


def value_from_data(data: Any) -> Any:
    """The value written by `value_to_data`."""
    if isinstance(data, dict):
        if "exact" in data:
            numerator, _, denominator = str(data["exact"]).partition("/")
            return fmpq(int(numerator), int(denominator or 1))
        return float(data["float"])
    return data


def _floats(values: Sequence[Any]) -> tuple[float, ...]:
    return tuple(float(value_from_data(value)) for value in values)


def _style(label: str, count: int) -> tuple[str, dict[str, Any]]:
    if label.endswith(" (points)"):
        # clouds of many points keep their structure
        size = 6.0 if count < 200 else 3.0 if count < 2000 else 0.8
        return label.removesuffix(" (points)"), {"marker": ".", "markersize": size, "linestyle": "none"}
    if label.endswith(" (line)"):
        return label.removesuffix(" (line)"), {"linewidth": 1.2}
    return label, {"marker": "o", "markersize": 3, "linewidth": 1.2}


def _decimal(value: fmpq) -> float:
    return int(value.p) / int(value.q)
