"""Pictures of stepsize schedules: stems in the terminal, and a file with Matplotlib."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from itertools import pairwise

from pepkit.kernel import ClaimError

__all__ = ["save_stems", "stem_text"]

_LOGARITHMIC_RATIO = 12
"""Largest over smallest step from which the axis is logarithmic."""


def stem_text(steps: Sequence[float], width: int = 80, height: int = 12) -> str:
    """Stems of the steps h_i >= 0 in a block of text at most `width` wide.

    With more steps than columns, a column shows the largest of its steps. The axis is logarithmic where the steps
    differ much; zero and negative steps have no stem.
    """
    values = [float(h) for h in steps]
    if not values:
        return ""
    labels = 9
    columns = max(min(len(values), width - labels), 1)
    edges = [k * len(values) // columns for k in range(columns + 1)]
    tops = [max(values[a:b]) for a, b in pairwise(edges)]
    positive = [v for v in values if v > 0]
    if not positive:
        return ""
    largest, smallest = max(positive), min(positive)
    logarithmic = largest > _LOGARITHMIC_RATIO * smallest

    def rows(value: float) -> float:
        if value <= 0:
            return 0.0
        if logarithmic:
            return 1 + (height - 1) * math.log(value / smallest) / math.log(largest / smallest)
        return height * value / largest

    def axis(row: float) -> float:
        return smallest * (largest / smallest) ** ((row - 1) / (height - 1)) if logarithmic else largest * row / height

    spread = 2 if columns * 2 <= width - labels else 1
    lines = []
    for row in range(height, 0, -1):
        label = f"{axis(row):8.3g}" if row in (height, 1, (height + 1) // 2) else " " * 8
        cells = []
        for top in tops:
            reach = round(rows(top))
            cells.append(("o" if reach == row else "|" if reach > row else " ").ljust(spread))
        lines.append(f"{label} {''.join(cells)}".rstrip())
    note = [f"h_i for i = 0..{len(values) - 1}"]
    if logarithmic:
        note.append("logarithmic axis")
    if columns < len(values):
        note.append(f"largest of {len(values) / columns:.3g} steps in a column")
    lines.append(f"{'':9}{'; '.join(note)}")
    return "\n".join(lines)


def save_stems(steps: Sequence[float], path: str | os.PathLike[str], title: str = "") -> None:
    """Write a stem plot; the ending of the file name decides the format (svg, pdf, png).

    Raises ClaimError if Matplotlib is missing or does not know the format.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ClaimError("pictures need Matplotlib: pip install 'pepkit[plot]'") from None
    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    positions = range(len(steps))
    if len(steps) <= 600:
        axes.vlines(positions, [0.0] * len(steps), steps, color="#4477aa", linewidth=1.0)
        axes.plot(positions, steps, "o", color="#223366", markersize=3.5 if len(steps) < 150 else 2)
    else:
        axes.plot(positions, steps, ".", color="#223366", markersize=1.5)
    smallest = min(steps)
    if smallest > 0 and max(steps) > _LOGARITHMIC_RATIO * smallest:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7 * smallest)
    axes.set_xlabel("i")
    axes.set_ylabel("step $h_i$ (units of 1/L)")
    axes.set_title(title)
    try:
        figure.savefig(path)
    except ValueError as error:
        raise ClaimError(f"cannot write the picture {path}: {error}") from None
