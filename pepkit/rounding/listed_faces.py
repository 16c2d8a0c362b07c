"""Faces of listed problems: guessed from floats, exact in form, judged by the kernel.

A dual without interior has a worst-case direction that all multipliers miss; the range of its Gram matrix
consists of vectors that every residual annihilates, and hypotheses that are slack along it have multiplier
zero. At the optimum the worst case plays the same role. The vectors are recognised as simple rationals after
row reduction; a wrong guess only loses generality.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from scipy import linalg

from pepkit.rounding.exact_linear import annihilator
from pepkit.rounding.listed import Face, ListedSystem, MatrixRange
from pepkit.rounding.listed_dual import ListedDual
from pepkit.rounding.relaxed import simplest_between

__all__ = ["exposed_faces", "optimal_face", "recognised_rate", "recognised_span", "simple_basis", "simple_number"]

HEIGHT = 2000
"""Largest denominator of coordinates that count as recognised."""


def recognised_rate(dual: ListedDual) -> fmpq | None:
    """The rational of small height within the accuracy of the optimum, or None."""
    value = dual.rate
    accuracy = max(3e-8 * abs(value), 3e-9)
    simple = simplest_between(Fraction(value - accuracy), Fraction(value + accuracy))
    # a random number is met by denominators near accuracy**-0.5
    if simple.denominator**2 * accuracy > 0.01:
        return None
    return fmpq(simple.numerator, simple.denominator)


def recognised_span(matrix: np.ndarray, accuracy: float) -> list[list[fmpq]] | None:
    """A row reduced rational basis of the range of a symmetric positive semidefinite matrix, or None."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if not len(values) or values[-1] <= 0:
        return []
    order = np.argsort(values)[::-1]
    values, vectors = np.maximum(values[order], 1e-300), vectors[:, order]
    # the widest gap separates the range from what the solver left of zero
    ratios = values[:-1] / values[1:]
    candidates = [k + 1 for k in range(len(ratios)) if values[k] > 1e-7 * values[0] and ratios[k] > 50]
    if values[-1] > 1e-5 * values[0]:
        candidates.append(len(values))
    for rank in sorted(candidates, key=lambda r: -(ratios[r - 1] if r <= len(ratios) else 1e3)):
        found = simple_basis(vectors[:, :rank], accuracy)
        if found is not None:
            return found
    return None


def simple_basis(span: np.ndarray, accuracy: float) -> list[list[fmpq]] | None:
    """The span of the columns as row reduced vectors of simple rationals, or None."""
    _, _, order = linalg.qr(span.T, mode="economic", pivoting=True)
    pivots = np.sort(order[: span.shape[1]])
    reduced = np.linalg.solve(span[pivots].T, span.T)
    rows = []
    for row in reduced:
        entries = []
        for value in row:
            entry = simple_number(float(value), accuracy)
            if entry is None:
                return None
            entries.append(entry)
        rows.append(entries)
    return rows


def simple_number(value: float, accuracy: float) -> fmpq | None:
    """The simple fraction within `accuracy` of the value, or None."""
    if abs(value) < accuracy:
        return fmpq(0)
    fraction = simplest_between(Fraction(value) - Fraction(accuracy), Fraction(value) + Fraction(accuracy))
    if fraction.denominator > HEIGHT or fraction.denominator**2 * accuracy > 0.5:
        return None
    return fmpq(fraction.numerator, fraction.denominator)


def optimal_face(system: ListedSystem, dual: ListedDual) -> Face | None:
    """The face of multipliers that the worst case allows: complementary slackness at the optimum."""
    return _face(system, dual, slack=1e-5, accuracies=(1e-6, 1e-5, 1e-4))


def exposed_faces(system: ListedSystem, dual: ListedDual) -> list[Face]:
    """Faces that may hold all multipliers of a dual without interior, from the solver's dual answer.

    Hypotheses that are slack along the exposing direction have multiplier zero. What is left may not see the
    direction at all; then it is found exactly, in the common null space, which is tried first.
    """
    faces = []
    dropped = _slack_hypotheses(system, dual, 1e-3)
    if dropped != system.face.dropped:
        faces.append(Face(dropped, system.imposed, system.face.ranges))
    recognised = _face(system, dual, slack=1e-3, accuracies=(1e-6, 1e-5, 1e-4, 1e-3))
    if recognised is not None and recognised not in faces:
        faces.append(recognised)
    return faces


def _face(system: ListedSystem, dual: ListedDual, slack: float, accuracies: tuple[float, ...]) -> Face | None:
    solution = dual.solution
    blocks = list(solution.gram)
    dropped = _slack_hypotheses(system, dual, slack)
    kernel: list[list[fmpq]] = []
    largest = max([float(np.trace(b)) for b in blocks] + [float(solution.slack.max(initial=0.0))], default=0.0)
    if largest <= 0:
        return None
    if system.rows.size:
        span = _span(blocks.pop(0), accuracies, largest)
        if span is None:
            return None
        kernel = span
    lifted = []
    for row in kernel:
        vector = [system.field.coerce(0)] * system.size
        for position, value in zip(system.rows, row, strict=True):
            vector[int(position)] = system.field.coerce(value)
        lifted.append(tuple(vector))
    ranges = []
    for (number, _, chosen), block in zip(system.blocks, blocks, strict=True):
        span = _span(block, accuracies, largest)
        if span is None:
            return None
        basis = chosen.basis
        if span:
            inner = annihilator(system.field, span, chosen.order)
            basis = tuple(_combination(system.field, chosen.basis, weights) for weights in inner)
        ranges.append(MatrixRange(number, basis))
    if (
        not lifted
        and dropped == system.face.dropped
        and all(len(r.basis) == c.order for r, (_, _, c) in zip(ranges, system.blocks, strict=True))
    ):
        return None
    return Face(dropped, (*system.imposed, *lifted), tuple(ranges))


def _slack_hypotheses(system: ListedSystem, dual: ListedDual, threshold: float) -> frozenset[tuple[str, int]]:
    """The hypotheses dropped so far, and those with a clearly positive slack in the solver's dual answer."""
    slack = dual.solution.slack
    traces = [float(np.trace(block)) for block in dual.solution.gram]
    scale = max(float(slack.max(initial=0.0)), 0.1 * max(traces, default=0.0))
    found = {
        (column.family, column.index[0])
        for k, column in enumerate(system.columns)
        if column.signed and slack[k] > threshold * scale and dual.u[k] < slack[k]
    }
    return frozenset(system.face.dropped | found)


def _span(matrix: np.ndarray, accuracies: tuple[float, ...], largest: float) -> list[list[fmpq]] | None:
    if not matrix.size or float(np.trace(matrix)) < 1e-6 * largest:
        return []
    for accuracy in accuracies:
        span = recognised_span(matrix, accuracy)
        if span is not None:
            return span
    return None


def _combination(field: Any, basis: Any, weights: Any) -> tuple[Any, ...]:
    total = [field.coerce(0)] * len(basis[0])
    for weight, vector in zip(weights, basis, strict=True):
        if weight:
            total = [a + weight * b for a, b in zip(total, vector, strict=True)]
    return tuple(total)
