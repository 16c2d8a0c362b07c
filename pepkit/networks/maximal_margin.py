"""The convex oracle of two-layer ReLU networks: largest margin of any width, and its exact enclosure.

The least |theta|^2/2 with margins y_i f(x_i) >= 1 is a second-order cone program over the cells of the hyperplanes
<w, x_i> = 0 (Pilanci, Ergen 2020). `margin_oracle` solves it and its dual in floats, `margin_certificate` rounds both
to a certificate of the kernel (`pepkit.kernel.maximal_margin`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, comb, sqrt
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from pepkit.kernel import ClaimError
from pepkit.kernel.maximal_margin import MarginEnclosure, MaximalMargin
from pepkit.networks.model import rational, to_floats

__all__ = ["MarginOracle", "margin_certificate", "margin_oracle", "sign_cells"]

MAX_DEPENDENT_SETS = 200_000

Terms = tuple[tuple[int, fmpq], ...]


def sign_cells(points: Sequence[Sequence[fmpq]]) -> tuple[tuple[str, ...], tuple[Terms, ...]]:
    """All cells with interior of the hyperplanes <w, x_i> = 0, and the dependencies that exclude the other signs.

    The dependencies are the minimal ones (circuits); a sign vector belongs to a cell exactly when it agrees with no
    circuit. Raises ClaimError for more than `MAX_DEPENDENT_SETS` subsets.
    """
    count, dimension = len(points), len(points[0])
    if sum(comb(count, size) for size in range(2, dimension + 2)) > MAX_DEPENDENT_SETS:
        raise ClaimError(f"{count} points in R^{dimension} have too many subsets; use fewer points")
    circuits: list[Terms] = []
    supports: list[set[int]] = []
    for size in range(2, min(count, dimension + 1) + 1):
        for subset in combinations(range(count), size):
            if any(support <= set(subset) for support in supports):
                continue
            relation = _relation([points[k] for k in subset])
            if relation is not None:
                circuits.append(tuple(zip(subset, relation, strict=True)))
                supports.append(set(subset))
    masks = [
        (sum(1 << k for k, c in circuit if c > 0), sum(1 << k for k, c in circuit if c < 0)) for circuit in circuits
    ]
    cells = []
    stack: list[tuple[str, int, int]] = [("", 0, 0)]
    while stack:
        signs, plus, minus = stack.pop()
        if any(not (p & ~plus or m & ~minus) or not (p & ~minus or m & ~plus) for p, m in masks):
            continue
        if len(signs) == count:
            cells.append(signs)
            continue
        bit = 1 << len(signs)
        stack += [(signs + "+", plus | bit, minus), (signs + "-", plus, minus | bit)]
    return tuple(sorted(cells)), tuple(circuits)


def _relation(vectors: list[Sequence[fmpq]]) -> list[fmpq] | None:
    """The coefficients of the one linear relation of a minimally dependent set; None if it is independent."""
    size, dimension = len(vectors), len(vectors[0])
    reduced, rank = fmpq_mat(dimension, size, [v[i] for i in range(dimension) for v in vectors]).rref()
    if rank == size:
        return None
    relation = [fmpq(0)] * size
    # minimal: the first size - 1 vectors are independent, so their pivots are the first columns
    relation[-1] = fmpq(1)
    for k in range(size - 1):
        relation[k] = -reduced[k, size - 1]
    return relation if all(relation) else None


@dataclass(frozen=True)
class MarginOracle:
    """The float solution: `norm` = N*, dual vector, and a network (amplitudes (m,), weights (m, d))."""

    norm: float
    multipliers: np.ndarray
    weights_of_cells: tuple[tuple[np.ndarray, np.ndarray], ...]
    amplitudes: np.ndarray
    weights: np.ndarray
    cells: tuple[str, ...]
    dependencies: tuple[Terms, ...]

    @property
    def margin(self) -> float:
        """The largest normalised margin min y f / |theta|^2 = 1/(2 N*)."""
        return 1 / (2 * self.norm)


def margin_oracle(points: Any, labels: Sequence[int]) -> MarginOracle:
    """Solve the cone program for n points in R^d (rows; floats are the dyadic rationals that they are).

    Raises ClaimError if no network separates the labels (two points on one ray with different labels).
    """
    import cvxpy as cp

    exact = [tuple(rational(x) for x in point) for point in points]
    cells, dependencies = sign_cells(exact)
    x = np.array([to_floats(point) for point in exact])
    y = np.array(labels, dtype=float)
    count, dimension = x.shape
    signs = np.array([[1.0 if s == "+" else -1.0 for s in cell] for cell in cells])
    sides = [(side, row) for row in signs for side in (1.0, -1.0)]
    # the dual: maximise sum lambda with |s g + sum mu_k sigma_k x_k| <= 1 on every cell, for both s
    multipliers = cp.Variable(count, nonneg=True)
    weights = [cp.Variable(count, nonneg=True) for _ in sides]
    cones = []
    for (side, row), mu in zip(sides, weights, strict=True):
        active = (row > 0) * y * side
        cones.append(cp.norm(x.T @ cp.multiply(active, multipliers) + x.T @ cp.multiply(row, mu)) <= 1)
    problem = cp.Problem(cp.Maximize(cp.sum(multipliers)), cones)
    _solve(problem)
    if problem.status not in ("optimal", "optimal_inaccurate"):
        raise ClaimError(f"no network has a positive margin at these points (the solver says {problem.status})")
    # the primal: v for every cell and side, inside the cone of the cell
    vectors = [cp.Variable(dimension) for _ in sides]
    margins = 0
    inside = []
    for (side, row), v in zip(sides, vectors, strict=True):
        margins = margins + cp.multiply(side * (row > 0) * y, x @ v)
        inside.append(cp.multiply(row, x @ v) >= 0)
    primal = cp.Problem(cp.Minimize(sum(cp.norm(v) for v in vectors)), [*inside, margins >= 1])
    _solve(primal)
    if primal.status not in ("optimal", "optimal_inaccurate"):
        raise ClaimError(f"the cone program of the network failed (the solver says {primal.status})")
    amplitudes, rows = [], []
    for (side, _), v in zip(sides, vectors, strict=True):
        length = float(np.linalg.norm(v.value))
        if length > 1e-7 * float(primal.value):
            # |a_j| = |w_j| is the cheapest split of a product
            amplitudes.append(side * sqrt(length))
            rows.append(v.value / sqrt(length))
    pairs = tuple((weights[2 * k].value, weights[2 * k + 1].value) for k in range(len(cells)))
    return MarginOracle(
        float(primal.value), np.array(multipliers.value), pairs, np.array(amplitudes), np.array(rows), cells,
        dependencies,
    )  # fmt: skip


def _solve(problem: Any) -> None:
    """Solve to the last digits; that they may be missing is no concern, because the answer is rounded and proved."""
    import cvxpy as cp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)


def margin_certificate(
    points: Any, labels: Sequence[int], oracle: MarginOracle | None = None, slack: int = 24, bits: int = 44
) -> MarginEnclosure:
    """An exact enclosure of N*: dual vector and network rounded to `bits` fractional bits.

    The dual is shrunk by 2^-slack and the network grown until its margins are exactly 1 or more.
    """
    exact = tuple(tuple(rational(a) for a in point) for point in points)
    found = margin_oracle(points, labels) if oracle is None else oracle
    x = np.array([to_floats(point) for point in exact])
    y = np.array(labels, dtype=float)
    # the solver's vector may break a cone by its tolerance; both parts scale together
    worst = 1.0
    for signs, pair in zip(found.cells, found.weights_of_cells, strict=True):
        row = np.array([1.0 if s == "+" else -1.0 for s in signs])
        for side, mu in zip((1.0, -1.0), pair, strict=True):
            vector = x.T @ ((row > 0) * y * side * np.maximum(found.multipliers, 0)) + x.T @ (row * np.maximum(mu, 0))
            worst = max(worst, float(np.linalg.norm(vector)))
    scale = (1 - 2.0**-slack) / worst

    def rounded(value: float) -> fmpq:
        return fmpq(round(value * 2**bits), 1 << bits)

    multipliers = tuple(rounded(max(a, 0.0) * scale) for a in found.multipliers)

    def terms(weights: np.ndarray) -> Terms:
        return tuple((k, rounded(a * scale)) for k, a in enumerate(weights) if a * scale > 2.0**-bits)

    cells = tuple(
        (signs, terms(plus), terms(minus))
        for signs, (plus, minus) in zip(found.cells, found.weights_of_cells, strict=True)
    )
    network = [(rounded(a), tuple(rounded(c) for c in w)) for a, w in zip(found.amplitudes, found.weights, strict=True)]
    least = min(
        label * sum((a * max(_dot(w, point), fmpq(0)) for a, w in network), fmpq(0))
        for point, label in zip(exact, labels, strict=True)
    )
    if least <= 0:
        raise ClaimError("the rounded network does not separate the labels; use more bits")
    # one factor for amplitudes and weights: margins grow by its square
    needed = int((1 / least).p) / int((1 / least).q)
    factor = fmpq(ceil(sqrt(needed) * 2**bits) + 2, 1 << bits) if least < 1 else fmpq(1)
    network = [(a * factor, tuple(c * factor for c in w)) for a, w in network]
    upper = sum((a * a + _dot(w, w) for a, w in network), fmpq(0)) / 2
    lower = sum(multipliers, fmpq(0))
    claim = MaximalMargin(exact, tuple(int(label) for label in labels), lower, upper)
    return MarginEnclosure(claim, multipliers, cells, found.dependencies, tuple(network))


def _dot(p: Sequence[fmpq], q: Sequence[fmpq]) -> fmpq:
    return sum((a * b for a, b in zip(p, q, strict=True)), fmpq(0))
