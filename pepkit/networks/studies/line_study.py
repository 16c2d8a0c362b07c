"""Bounds of relaxations along one line of weights: complete jump sets in a table and a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import fmpq

from pepkit.kernel.moving_relaxation import MovingNetwork
from pepkit.networks.jump_set import JumpSet, jump_set
from pepkit.networks.jumps import METHODS
from pepkit.studies import Study

__all__ = ["line_study", "study_of_jump_sets"]

Progress = Callable[[str, str], Any]


def line_study(
    line: MovingNetwork,
    methods: Sequence[str] = METHODS,
    *,
    start: Any = 0,
    end: Any = 1,
    progress: Progress | None = None,
) -> Study:
    """The jump set of every relaxation: pieces, jumps, largest jump, degree and slope; curves of the bounds."""
    return study_of_jump_sets([jump_set(line, name, start=start, end=end, progress=progress) for name in methods])


def study_of_jump_sets(found: Sequence[JumpSet]) -> Study:
    """The table and figure of jump sets of one line."""
    table, curves, notes = [], [], []
    for jumps in found:
        first, last = jumps.pieces[0], jumps.pieces[-1]
        table.append(
            (
                jumps.method,
                first.function.at(first.start),
                last.function.at(last.end),
                len(jumps.pieces),
                len(jumps.jumps),
                jumps.largest_jump,
                jumps.largest_degree,
                jumps.largest_slope,
            )
        )
        x: list[float] = []
        y: list[float] = []
        for ts, values in jumps.sampled():
            x += ts
            y += values
            if any(abs(_float(place.low) - ts[-1]) < 1e-12 for place in jumps.jumps):
                # not a number: the line is broken at a jump
                x.append(ts[-1])
                y.append(float("nan"))
        curves.append((f"{jumps.method} (line)", tuple(x), tuple(y)))
        for place in jumps.jumps[:20]:
            where = f"= {place.low}" if place.exact else f"in ({_float(place.low):.12g}, {_float(place.high):.12g})"
            notes.append(f"{jumps.method}: at t {where} from {_short(place.left)} to {_short(place.right)}")
    return Study(
        f"Upper bounds of {found[0].line.first} networks along a line of weights",
        (
            "relaxation",
            "limit at the start",
            "limit at the end",
            "pieces",
            "jumps",
            "largest jump",
            "largest degree",
            "slope at most",
        ),
        tuple(table),
        tuple(notes),
        tuple(curves),
        ("t", "upper bound"),
    )


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _short(value: fmpq) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{_float(value):.12g}.."
