"""Strict separation or a positive dependency: the exact alternative behind the decision for one layer.

For rows (w_j, b_j) exactly one of these exists:

- z with <w_j, z> + b_j < 0 for all j;
- lambda >= 0, not zero, with sum lambda_j w_j = 0 and sum lambda_j b_j >= 0.

Floats guess (one non-negative least-squares problem), exact arithmetic checks; where the guess fails, an
exact simplex method with Bland's rule decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq, fmpz, fmpz_mat
from scipy.optimize import nnls

__all__ = ["Separated", "separate", "unit_floats"]

Row = tuple[fmpz, ...]


@dataclass(frozen=True)
class Separated:
    """The answer: a `point` z, or positive `weights` of some of the rows (position -> integer)."""

    point: tuple[fmpq, ...] | None
    weights: dict[int, fmpz] | None


def separate(rows: Sequence[Row], guesses: np.ndarray | None = None) -> Separated:
    """Decide the alternative for integer rows (w_j, b_j), n + 1 integers each.

    `guesses` are the same rows as floats of moderate size (any positive multiple of each), if they are at
    hand. Rows must not be empty.
    """
    # homogeneous form: (z, t) with <w_j, z> + b_j t < 0 and -t < 0; without biases t plays no role
    n = len(rows[0]) - 1
    biased = any(row[n] for row in rows)
    vectors = [list(row) for row in rows] if biased else [list(row[:n]) for row in rows]
    if biased:
        vectors.append([fmpz(0)] * n + [fmpz(-1)])
    floats = unit_floats(vectors) if guesses is None else _matching(guesses, biased)
    weights, direction = _guess(floats)
    found = None
    if weights is not None:
        found = _exact_dependency(vectors, weights)
    elif direction is not None:
        found = _exact_direction(vectors, direction)
    kind, values = found if found is not None else _simplex(vectors)
    if kind == "weights":
        chosen = {j: fmpz(values[j].p) for j in range(len(rows)) if values[j]}
        return Separated(None, chosen)
    if biased:
        return Separated(tuple(a / values[n] for a in values[:n]), None)
    return Separated(tuple(values), None)


Answer = tuple[str, list[fmpq]]


def unit_floats(vectors: Sequence[Sequence[fmpz]]) -> np.ndarray:
    """Integer vectors as floats of length one."""
    result = np.empty((len(vectors), len(vectors[0])))
    for k, vector in enumerate(vectors):
        shift = max(0, max(abs(a).bit_length() for a in vector) - 900)
        result[k] = [float(int(a) >> shift) for a in vector]
    return _unit(result)


def _unit(array: np.ndarray) -> np.ndarray:
    largest = np.abs(array).max(axis=1, keepdims=True)
    array = array / np.where(largest > 0, largest, 1)
    length = np.linalg.norm(array, axis=1, keepdims=True)
    return array / np.where(length > 0, length, 1)


def _matching(guesses: np.ndarray, biased: bool) -> np.ndarray:
    if not biased:
        return guesses[:, :-1]
    last = np.zeros((1, guesses.shape[1]))
    last[0, -1] = -1.0
    return np.vstack([guesses, last])


def _guess(floats: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Weights of a dependency, or a direction with negative products, in floats; (None, None) if neither shows."""
    system = np.vstack([floats.T, np.ones(len(floats))])
    target = np.zeros(len(system))
    target[-1] = 1.0
    try:
        weights, distance = nnls(system, target)
    except RuntimeError:
        return None, None
    if distance < 1e-7:
        return weights, None
    # the residual r = target - system weights has r . column <= 0 for every column, and r_last > 0
    residual = target - system @ weights
    return None, residual[:-1]


def _exact_dependency(vectors: list[list[fmpz]], weights: np.ndarray) -> Answer | None:
    support = [j for j in range(len(vectors)) if weights[j] > 1e-11]
    if not support:
        return None
    width = len(vectors[0])
    basis, nullity = fmpz_mat(width, len(support), [vectors[j][i] for i in range(width) for j in support]).nullspace()
    if nullity != 1:
        return None
    values = [basis[i, 0] for i in range(len(support))]
    if all(a < 0 for a in values):
        values = [-a for a in values]
    if any(a <= 0 for a in values):
        return None
    return _as_weights(len(vectors), dict(zip(support, map(fmpq, values), strict=True)))


def _as_weights(count: int, chosen: dict[int, fmpq]) -> Answer:
    """Coprime integer weights for all rows."""
    denominator, divisor = fmpz(1), fmpz(0)
    for value in chosen.values():
        denominator = denominator.lcm(value.q)
    for value in chosen.values():
        divisor = divisor.gcd((value * denominator).p)
    result = [fmpq(0)] * count
    for j, value in chosen.items():
        result[j] = value * denominator / divisor
    return "weights", result


def _exact_direction(vectors: list[list[fmpz]], direction: np.ndarray) -> Answer | None:
    """The direction as a short rational vector, if its products with all rows are negative."""
    largest = float(np.abs(direction).max())
    if not largest > 0:
        return None
    for bits in (8, 16, 30, 50):
        values = [fmpz(round(float(a) / largest * (1 << bits))) for a in direction]
        if all(sum((a * b for a, b in zip(vector, values, strict=True)), fmpz(0)) < 0 for vector in vectors):
            return "direction", [fmpq(a, 1 << bits) for a in values]
    return None


def _simplex(vectors: list[list[fmpz]]) -> Answer:
    """Phase one of the simplex method for lambda >= 0, sum lambda_j vector_j = 0, sum lambda_j = 1, over Q.

    Bland's rule excludes cycles. The reduced costs at an infeasible end give the separating direction.
    """
    width, count = len(vectors[0]), len(vectors)
    # rows: one for every coordinate, then the sum; columns: the vectors, artificial variables, right-hand side
    table = [
        [fmpq(vectors[j][i]) for j in range(count)] + [fmpq(int(i == k)) for k in range(width + 1)] + [fmpq(0)]
        for i in range(width)
    ]
    table.append([fmpq(1)] * count + [fmpq(int(k == width)) for k in range(width + 1)] + [fmpq(1)])
    basis = [count + k for k in range(width + 1)]
    # objective: sum of artificial variables, expressed in the non-basic ones
    cost = [-sum((row[c] for row in table), fmpq(0)) for c in range(count)]
    cost += [fmpq(0)] * (width + 1) + [-fmpq(1)]
    while True:
        column = next((c for c in range(count) if cost[c] < 0), None)
        if column is None:
            break
        ratios = [(row[-1] / row[column], basis[i], i) for i, row in enumerate(table) if row[column] > 0]
        pivot = min(ratios)[2]
        scale = table[pivot][column]
        table[pivot] = [a / scale if a else a for a in table[pivot]]
        for row in (*(r for i, r in enumerate(table) if i != pivot), cost):
            factor = row[column]
            if factor:
                row[:] = [a - factor * b if b else a for a, b in zip(row, table[pivot], strict=True)]
        basis[pivot] = column
    if not cost[-1]:
        chosen = {basis[i]: row[-1] for i, row in enumerate(table) if basis[i] < count and row[-1]}
        return _as_weights(count, chosen)
    # reduced cost of artificial k is 1 - y_k; y . (vector, 1) <= 0 for all columns and y_sum > 0
    return "direction", [1 - cost[count + k] for k in range(width)]
