"""Certificates of straightforward patterns: one semidefinite program at both ends of [0, D], then exact repair.

Unknowns are the multipliers lambda at delta = 0, sigma = lambda + D gamma at delta = D (pairs of iterates) and the
slopes gamma_*j of the inequalities Q_*j with the minimiser. At delta = 0 a linear function makes the matrix
singular, so its kernel vector (1, .., 1) gives gamma_*j = 2 (M(lambda) 1)_j exactly, and the rest is M(lambda)
positive definite. At delta = D the same direction has the eigenvalue of order D; it is scaled to order one.
The program maximises the margin of both matrices, so that rounding to few bits keeps them definite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from scipy import sparse

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, StraightforwardClaim, StraightforwardProof, check
from pepkit.kernel.numbers import Rationals
from pepkit.kernel.statement import Form, Index
from pepkit.rounding.affine import dyadic
from pepkit.rounding.settings import Progress, RoundingError, silent
from pepkit.solvers import ConicProblem, MatrixBlock, Status, solver
from pepkit.solvers.protocol import SolverSettings

__all__ = ["USABLE", "pattern_terms", "route", "star_slopes", "straightforward_certificate"]

BITS = (12, 16, 20, 24, 28, 32, 40, 48, 60, 80)
"""Fractional bits of the multipliers, tried in this order."""
USABLE = (Status.OPTIMAL, Status.NEARLY_OPTIMAL, Status.NUMERICAL_ERROR)


@dataclass(frozen=True)
class _Numeric:
    """Floats of a solution: multipliers on `pairs` at both ends, and slopes of the pairs (*, j)."""

    pairs: np.ndarray
    start: np.ndarray
    end: np.ndarray
    star: np.ndarray
    margin: float
    origin: str


def straightforward_certificate(
    claim: StraightforwardClaim, solver_name: str = "clarabel", progress: Progress = silent
) -> StraightforwardProof:
    """A proof that the kernel accepts.

    Raises RoundingError if the pattern has no certificate with this threshold (as far as the solver sees), or
    rounding fails at every precision; it says which.
    """
    if not isinstance(claim.field, Rationals):
        raise RoundingError("certificates of straightforward patterns are looked for with rational steps only")
    progress("solve", f"pattern of length {len(claim.steps)}")
    numeric = _solve(claim, solver_name, progress, _all_pairs(len(claim.steps) + 1))
    if not numeric.margin > 0:
        raise RoundingError(
            f"no multipliers with a margin were found for the threshold {claim.field.text(claim.threshold)} (margin "
            f"{numeric.margin:.2g}): the pattern is not straightforward with it, or only just. Try a smaller threshold "
            "or smaller long steps."
        )
    failure = ""
    for bits in BITS:
        progress("approximate", f"{2 * len(numeric.pairs)} multipliers to {bits} bits")
        proof = _rounded(claim, numeric, bits)
        if isinstance(proof, str):
            failure = f"at {bits} bits, {proof}"
            continue
        progress("check", f"kernel at both ends, {bits} bits")
        try:
            check(proof)
        except CertificateError as error:
            failure = f"at {bits} bits, {error}"
            continue
        return proof
    raise RoundingError(f"rounding of the pattern failed: {failure}")


def pattern_terms(
    pairs: np.ndarray, gradients: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """-Q_ij of every pair as terms value * <left, right>: rows, left, right, value."""
    i, j = pairs[:, 0], pairs[:, 1]
    rows = np.arange(len(pairs))
    parts = [
        (gradients[j], positions[i], 1.0),
        (gradients[j], positions[j], -1.0),
        (gradients[i], gradients[i], 0.5),
        (gradients[j], gradients[j], 0.5),
        (gradients[i], gradients[j], -1.0),
    ]
    return (
        np.tile(rows, len(parts)),
        np.concatenate([left for left, _, _ in parts]),
        np.concatenate([right for _, right, _ in parts]),
        np.concatenate([np.full(len(pairs), value) for _, _, value in parts]),
    )


def _problem(claim: StraightforwardClaim, pairs: np.ndarray) -> ConicProblem:
    """The program over the multipliers of `pairs` at both ends, the slopes of the minimiser, the margin and its cap."""
    steps = np.array([to_float(claim.field, h) for h in claim.steps])
    count, total, threshold = len(steps), float(steps.sum()), to_float(claim.field, claim.threshold)
    size = count + 1
    number = len(pairs)
    # columns: y, g_0 .. g_t, then positions x_i - x_0, as functionals of (y, g_0 .. g_t)
    vectors = np.zeros((size + 1, 1 + 2 * size))
    vectors[0, 0] = 1.0
    gradients, positions = 1 + np.arange(size), 1 + size + np.arange(size)
    vectors[1 + np.arange(size), gradients] = 1.0
    for k in range(size):
        vectors[1 : 1 + k, positions[k]] = -steps[:k]
    row, left, right, value = pattern_terms(pairs, gradients, positions)
    star_variables, margin = 2 * number + np.arange(size), 2 * number + size
    cap = margin + 1
    variables = cap + 1
    unit = gradients
    start = MatrixBlock(
        vectors[1:],
        np.concatenate([row, np.full(size, margin)]),
        np.concatenate([left, unit]),
        np.concatenate([right, unit]),
        np.concatenate([value, np.full(size, -1.0)]),
        "matrix at delta = 0",
    )
    # the direction (1, .., 1) has the value S * threshold at delta = threshold; scaled to one
    scale = 1.0 / np.sqrt(total * threshold)
    change = np.eye(size + 1)
    change[:, 0] = scale
    scaled = np.concatenate([change.T @ vectors, np.eye(size + 1)], axis=1)
    axes = vectors.shape[1] + np.arange(size + 1)
    end = MatrixBlock(
        scaled,
        np.concatenate(
            [number + row, [-1], star_variables, star_variables, star_variables, np.full(size + 1, margin)]
        ),
        np.concatenate([left, [0], np.zeros(size, dtype=int), gradients, gradients, axes]),
        np.concatenate([right, [0], gradients, positions, gradients, axes]),
        np.concatenate(
            [value, [total], np.full(size, -1.0), np.full(size, -threshold), np.full(size, threshold / 2),
             np.full(size + 1, -1.0)]
        ),
        "matrix at the threshold",
    )  # fmt: skip
    flow = np.zeros((size, number))
    flow[pairs[:, 0], np.arange(number)] += 1.0
    flow[pairs[:, 1], np.arange(number)] -= 1.0
    sums = vectors[1:].sum(axis=0)
    image = np.zeros((size, number))
    for functional, other in ((left, right), (right, left)):
        np.add.at(image.T, row, (value / 2 * sums[other])[:, None] * vectors[1:, functional].T)
    goal = np.zeros(size)
    goal[0], goal[count] = 1.0, -1.0
    shifted = goal.copy()
    shifted[0] -= 2 * threshold * total
    none = np.zeros((size, number))
    tail = np.zeros((size, 2))
    equality = np.block(
        [
            [flow, none, np.zeros((size, size)), tail],
            [none, flow, -threshold * np.eye(size), tail],
            # gamma_*j = 2 (M(lambda) 1)_j
            [image, none, -0.5 * np.eye(size), tail],
            [np.zeros((1, 2 * number + size)), np.ones((1, 2))],
        ]
    )
    right_side = np.concatenate([goal, shifted, np.zeros(size), [1.0]])
    # the balance of the last point follows from the others
    independent = np.setdiff1d(np.arange(len(right_side)), [size - 1, 2 * size - 1])
    objective = np.zeros(variables)
    objective[margin] = -1.0
    nonnegative = np.ones(variables, dtype=bool)
    nonnegative[margin] = False
    return ConicProblem(
        objective,
        sparse.csr_matrix(equality[independent]),
        right_side[independent],
        nonnegative,
        (start, end),
    )


def _all_pairs(size: int) -> np.ndarray:
    return np.array([(i, j) for i in range(size) for j in range(size) if i != j])


def _solve(claim: StraightforwardClaim, solver_name: str, progress: Progress, pairs: np.ndarray) -> _Numeric:
    size, number = len(claim.steps) + 1, len(pairs)
    problem = _problem(claim, pairs)
    star_variables, margin = 2 * number + np.arange(size), 2 * number + size

    def report(iteration: int, objective: float, gap: float) -> None:
        progress("solve", f"{solver_name}: iteration {iteration}, margin {-objective:.3g}, gap {gap:.1e}")

    solution = solver(solver_name).solve(problem, SolverSettings(tolerance=1e-8), report)
    y = solution.y
    # any point with a margin will do, whatever the solver thinks of its accuracy; the kernel decides
    if solution.status not in USABLE or y is None or not np.isfinite(y).all():
        raise RoundingError(f"the solver {solver_name} found no multipliers of the pattern: {solution.status.value}")
    return _Numeric(
        pairs, y[:number], y[number : 2 * number], y[star_variables], float(y[margin]),
        f"{solution.solver} {solution.version}".strip(),
    )  # fmt: skip


def _rounded(claim: StraightforwardClaim, numeric: _Numeric, bits: int) -> StraightforwardProof | str:
    """The proof with multipliers of so many bits, or what does not work."""
    size = len(claim.steps) + 1
    zero = fmpq(0)
    total, threshold = claim.total, claim.threshold
    statement = claim.one_pass()
    family = statement.family("interpolation")
    cut = 2.0**-bits
    base: dict[Index, Any] = {
        (int(i), int(j)): dyadic(w, bits) for (i, j), w in zip(numeric.pairs, numeric.start, strict=True) if w > cut
    }
    goal = [zero] * size
    goal[0], goal[-1] = fmpq(1), fmpq(-1)
    if not route(base, _weights(numeric.pairs, numeric.start), goal, {}):
        return "the multipliers at delta = 0 cannot be balanced"
    star = star_slopes(statement.vectors, [(family.form(index), value) for index, value in base.items()], size)
    if any(value < 0 for value in star):
        return "a slope of the minimiser is negative"
    slope: dict[Index, Any] = {}
    for (i, j), w, v in zip(numeric.pairs, numeric.start, numeric.end, strict=True):
        index = (int(i), int(j))
        # the slope takes the rounded multiplier at the threshold to the rounded one at zero
        value = (dyadic(v, bits) - dyadic(w, bits)) / threshold if max(w, v) > cut else zero
        if value:
            slope[index] = value
    wanted = list(star)
    wanted[0] = wanted[0] - 2 * total
    least = {index: -value / threshold for index, value in base.items()}
    if not route(slope, _weights(numeric.pairs, numeric.end), wanted, least):
        return "the slopes cannot be balanced"
    slope.update({(size, j): value for j, value in enumerate(star) if value})
    return StraightforwardProof(
        claim, base, slope, {"solver": numeric.origin, "free-bits": bits, "margin": f"{numeric.margin:.3g}"}
    )


def _weights(pairs: np.ndarray, values: np.ndarray) -> dict[Index, float]:
    return {(int(i), int(j)): float(w) for (i, j), w in zip(pairs, values, strict=True)}


def route(
    values: dict[Index, Any],
    weights: Mapping[Index, float],
    wanted: Sequence[fmpq],
    least: Mapping[Index, Any],
) -> bool:
    """Correct `values` so that out-flow minus in-flow is `wanted`; False if one would fall below `least` (0).

    The correction goes over a spanning tree of the heaviest pairs, in whichever direction exists.
    """
    size = len(wanted)
    excess = list(wanted)
    for (i, j), value in values.items():
        excess[i] = excess[i] - value
        excess[j] = excess[j] + value
    parent = list(range(size))

    def find(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    neighbours: dict[int, list[tuple[int, Index]]] = {k: [] for k in range(size)}
    for i, j in sorted(weights, key=lambda pair: -weights[pair]):
        if find(i) != find(j):
            parent[find(i)] = find(j)
            neighbours[i].append((j, (i, j)))
            neighbours[j].append((i, (i, j)))
    order: list[tuple[int, Index]] = [(0, ())]
    seen = {0}
    for node, _ in order:
        for other, edge in neighbours[node]:
            if other not in seen:
                seen.add(other)
                order.append((other, edge))
    if len(seen) < size:
        return False
    zero = fmpq(0)
    for node, edge in reversed(order[1:]):
        # the leaf's excess goes over its edge to its parent
        other = edge[0] if edge[1] == node else edge[1]
        change = excess[node] if edge[0] == node else -excess[node]
        values[edge] = values.get(edge, zero) + change
        excess[other] = excess[other] + excess[node]
        excess[node] = zero
        if values[edge] < least.get(edge, zero):
            return False
        if not values[edge]:
            del values[edge]
    return not excess[0]


def star_slopes(vectors: Sequence[Any], terms: Sequence[tuple[Form, fmpq]], size: int) -> list[fmpq]:
    """2 M(lambda) 1, exactly: the slopes gamma_*j that put the linear function into the kernel at delta = 0."""
    zero = fmpq(0)
    # every gradient 1: derived positions relative to x_0 - x_* = 0
    ones: list[fmpq] = []
    for vector in vectors:
        if vector.definition is None:
            ones.append(zero if vector.name == "x_0 - x_*" else fmpq(1))
        else:
            ones.append(sum((a * ones[k] for k, a in vector.definition), zero))
    image: dict[int, fmpq] = {}
    for form, factor in terms:
        for (p, q), coefficient in form.quadratic.items():
            for a, b in ((p, q), (q, p)):
                image[a] = image.get(a, zero) - factor * coefficient * ones[b] / 2
    for index in range(len(vectors) - 1, -1, -1):
        definition = vectors[index].definition
        value = image.pop(index, zero) if definition is not None else zero
        if value:
            for k, a in definition:
                image[k] = image.get(k, zero) + a * value
    gradients = [index for index, vector in enumerate(vectors) if vector.name.startswith("g_")]
    return [2 * image.get(index, zero) for index in gradients[:size]]
