"""Finite sizes of one random layer: where it becomes injective, and what the Euler characteristic says about that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import ClaimError
from pepkit.networks.injectivity.probability import (
    exact_probability,
    expected_bad_cells,
    expected_euler_characteristic,
    probability_given_lines,
)
from pepkit.networks.injectivity.thresholds import threshold_ball
from pepkit.studies import Study

__all__ = ["euler_study", "scaling_study"]

Progress = Callable[[str, str], None]

GRID = 1 << 18
"""Random weights are multiples of 1/GRID."""
MAX_ROWS = 26


def euler_study(
    inputs: int,
    rows: Sequence[int],
    samples: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> Study:
    """The expected Euler characteristic of the set of bad directions against m, beside what it is taken for.

    The set of directions with fewer than n active rows is empty exactly when the layer is injective. Its expected Euler
    characteristic and the expected number of its cells are exact; the probability that it is not empty is exact for
    n = 1, 2 and a mean of exact probabilities over random lines for n = 3, 4 (m <= 26), and is left out beyond.

    Parameters
    ----------
    inputs, rows
        n, and the values of m >= n.
    samples, seed
        Random arrangements of lines for each m, n = 3, 4.
    """
    if not rows or min(rows) < inputs or inputs < 1 or samples < 1:
        raise ClaimError("the study is for m >= n >= 1 rows and at least one sample")
    generator = np.random.default_rng(seed)
    table: list[tuple[Any, ...]] = []
    for m in rows:
        if progress is not None:
            progress("inject", f"n = {inputs}, m = {m}")
        failing = _failing(inputs, m, samples, generator)
        table.append(
            (
                inputs,
                m,
                m / inputs,
                expected_euler_characteristic(inputs, m),
                expected_bad_cells(inputs, m),
                None if failing is None else _decimal(failing),
            )
        )
    curves = []
    for label, column in (("|E Euler characteristic|", 3), ("E[bad cells]", 4), ("P(not injective)", 5)):
        points = [(row[2], abs(float(_number(row[column])))) for row in table if row[column]]
        if points:
            curves.append((label, tuple(x for x, _ in points), tuple(y for _, y in points)))
    notes = [
        "Both expectations are exact. The number of bad cells bounds the probability; the characteristic is signed and "
        "bounds nothing."
    ]
    wrong = [row[1] for row in table if row[5] is not None and abs(_decimal(row[3])) < row[5]]
    if wrong:
        listed = ", ".join(map(str, wrong))
        notes.append(f"|E chi| is smaller than the probability for m = {listed}: no bound, though it looks like one.")
    return Study(
        f"Expected Euler characteristic of the bad directions, {inputs} inputs",
        ("n", "m", "m/n", "E Euler characteristic", "E[bad cells]", "P(not injective)"),
        tuple(table),
        tuple(notes),
        tuple(curves),
        ("m/n", "expectation, probability"),
        ("linear", "log"),
    )


def scaling_study(
    inputs: Sequence[int] = (1, 2, 3, 4), samples: int = 10, seed: int = 0, progress: Progress | None = None
) -> Study:
    """The window of m/n in which one random layer becomes injective: P = 1/4, 1/2, 3/4, for n <= 4.

    P is exact for n = 1, 2, and a mean of exact probabilities over `samples` random arrangements of lines for n = 3, 4;
    between integers m it is interpolated linearly.
    """
    if not inputs or min(inputs) < 1 or max(inputs) > 4 or samples < 1:
        raise ClaimError("windows are computed for 1 to 4 inputs, with at least one sample")
    levels = (0.25, 0.5, 0.75)
    generator = np.random.default_rng(seed)
    table: list[tuple[Any, ...]] = []
    for n in inputs:
        m, before = 2 * n - 1, 0.0
        found: list[float] = []
        while len(found) < len(levels):
            m += 1
            if progress is not None:
                progress("inject", f"n = {n}, m = {m}")
            failing = _failing(n, m, samples, generator)
            value = 1 - _decimal(failing if failing is not None else fmpq(1))
            while len(found) < len(levels) and value >= levels[len(found)]:
                found.append((m - 1 + (levels[len(found)] - before) / (value - before)) / n)
            before = value
            if m > MAX_ROWS:
                raise ClaimError(f"P = 3/4 is not reached with {MAX_ROWS} rows for n = {n}")
        table.append((n, *found, found[2] - found[0]))
    sizes = tuple(float(row[0]) for row in table)
    gordon = float(threshold_ball("gordon", 15).mid())
    ends = (sizes[0], sizes[-1])
    return Study(
        "Where a random ReLU layer becomes injective",
        ("n", "m/n at P = 1/4", "m/n at P = 1/2", "m/n at P = 3/4", "window"),
        tuple(table),
        (
            "Exact for n = 1, 2; mean over random lines of probabilities exact in the signs for n = 3, 4.",
            f"For n to infinity: injective above {gordon:.9g} (proved); 6.698 is a prediction (Maillard, Bandeira, "
            "Belius, Dokmanic, Nakajima 2023).",
        ),
        (
            *((f"P = {level:g}", sizes, tuple(row[1 + k] for row in table)) for k, level in enumerate(levels)),
            ("proved, n to infinity (line)", ends, (gordon, gordon)),
            ("predicted, n to infinity (line)", ends, (6.698, 6.698)),
        ),
        ("inputs n", "m/n"),
    )


def _failing(inputs: int, rows: int, samples: int, generator: np.random.Generator) -> fmpq | None:
    """P(not injective), exact in the signs; None where it is not computed."""
    if inputs <= 2:
        return 1 - exact_probability(inputs, rows)
    if inputs > 4 or rows > MAX_ROWS:
        return None
    values = [
        probability_given_lines(np.round(generator.standard_normal((rows, inputs)) * GRID).astype(np.int64))
        for _ in range(samples)
    ]
    return 1 - sum(values, fmpq(0)) / samples


def _number(value: Any) -> float:
    return value if isinstance(value, float) else _decimal(value)


def _decimal(value: fmpq) -> float:
    return int(value.p) / int(value.q)
