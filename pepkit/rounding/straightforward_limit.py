"""Certificates of long straightforward patterns: one matrix in place of two, few multipliers, a small threshold.

As the threshold D tends to zero, the conditions at delta = 0 and delta = D become one. Let M(lambda) be the matrix of
f_0 - f_t - sum lambda Q in the gradients. If lambda >= 0 balances f_0 - f_t, M(lambda) is positive definite and
M(lambda) 1 >= 0 for the vector 1 of ones, then there is a certificate for every small enough D: the slopes of the
minimiser are gamma_*j = 2 (M(lambda) 1)_j, and any slopes gamma that balance the rest will do. For at delta = 0 the
kernel of the matrix N of `pepkit.kernel.pattern_proof` is spanned by the linear function, where N grows as S delta.

So the program has one matrix of order t + 1 and no second set of multipliers. It starts with pairs between the pivots
of the dyadic blocks of the pattern and their points; pairs that its dual finds worthwhile are added until there is a
margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq
from scipy import sparse

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, StraightforwardClaim, StraightforwardProof, check
from pepkit.kernel.statement import Index
from pepkit.rounding.affine import dyadic
from pepkit.rounding.settings import Progress, RoundingError, silent
from pepkit.rounding.straightforward import USABLE, pattern_terms, route, star_slopes
from pepkit.solvers import ConicProblem, MatrixBlock, solver
from pepkit.solvers.protocol import SolverSettings

__all__ = ["long_straightforward_certificate"]

ROUNDS = 12
"""Solves with more and more pairs."""
MARGIN = 2e-5
"""A margin at which rounding to `BITS` bits leaves the matrix definite; the multipliers have the order one."""
BITS = (28, 40, 56)
THRESHOLDS = tuple(fmpq(1, 10**k) for k in range(4, 17))
"""Tried from the largest on; the conditions at the largest that holds are checked by the kernel."""


def long_straightforward_certificate(
    claims: Sequence[StraightforwardClaim], solver_name: str = "structured", progress: Progress = silent
) -> StraightforwardProof:
    """A proof of the first of the claims, which differ in their thresholds only, that the kernel accepts.

    Raises RoundingError if no multipliers with a margin are found, or none of the thresholds is small enough.
    """
    steps = np.array([to_float(claims[0].field, h) for h in claims[0].steps])
    pairs, values, margin, origin = _search(steps, solver_name, progress)
    failure = "no threshold was tried"
    for bits in BITS:
        parts = _exact(claims[0], steps, pairs, values, bits)
        if isinstance(parts, str):
            failure = f"at {bits} bits, {parts}"
            continue
        base, slope = parts
        for claim in claims:
            progress("check", f"kernel, threshold {claim.field.text(claim.threshold)}, {bits} bits")
            data = {"solver": origin, "free-bits": bits, "margin": f"{margin:.3g}"}
            proof = StraightforwardProof(claim, base, slope, data)
            try:
                check(proof)
            except CertificateError as error:
                failure = f"at {bits} bits and the threshold {claim.field.text(claim.threshold)}, {error}"
                continue
            return proof
    raise RoundingError(f"rounding of the pattern failed: {failure}")


def _search(steps: np.ndarray, solver_name: str, progress: Progress) -> tuple[np.ndarray, np.ndarray, float, str]:
    """Pairs, multipliers, margin and solver of a definite M(lambda)."""
    size = len(steps) + 1
    every = np.array([(i, j) for i in range(size) for j in range(size) if i != j])
    priced = _problem(steps, every)
    chosen = _dyadic_pairs(size)
    margin = -np.inf
    for attempt in range(ROUNDS):
        number = len(chosen)

        def report(iteration: int, objective: float, gap: float, count: int = number) -> None:
            progress("solve", f"{count} pairs, iteration {iteration}, margin {-objective:.3g}, gap {gap:.1e}")

        solution = solver(solver_name).solve(_problem(steps, chosen), SolverSettings(tolerance=1e-6), report)
        if solution.status not in USABLE or not np.isfinite(solution.y).all():
            raise RoundingError(f"the solver {solver_name} found no multipliers: {solution.status.value}")
        margin = float(solution.y[number + size])
        if margin > MARGIN:
            return chosen, solution.y[:number], margin, f"{solution.solver} {solution.version}".strip()
        cost = priced.objective - priced.equality_matrix.T @ solution.potential
        for block, gram in zip(priced.blocks, solution.gram, strict=True):
            cost = cost - block.pair_with(gram, len(priced.objective))[:-1]
        known = {(int(i), int(j)) for i, j in chosen}
        order = [k for k in np.argsort(cost[: len(every)]) if cost[k] < 0 and tuple(map(int, every[k])) not in known]
        if not order:
            break
        progress("solve", f"attempt {attempt + 1}: margin {margin:.2g}, {len(order)} pairs may help")
        added = {(int(every[k][0]), int(every[k][1])) for k in order[: max(40, size)]}
        chosen = np.array(sorted(known | added))
    raise RoundingError(
        f"no multipliers with a margin were found (margin {margin:.2g}): the pattern is not straightforward, or only "
        "just. Try smaller long steps."
    )


def _dyadic_pairs(size: int) -> np.ndarray:
    """Neighbours, and from the middle and the last point of every dyadic block to its other points."""
    found = {(i, i + 1) for i in range(size - 1)} | {(i + 1, i) for i in range(size - 1)}
    length = 2
    while length < 2 * size:
        for start in range(0, size, length):
            stop = min(start + length, size)
            for pivot in {min(start + length // 2 - 1, stop - 1), stop - 1}:
                found |= {(pivot, j) for j in range(start, stop) if j != pivot}
        length *= 2
    return np.array(sorted(found))


def _problem(steps: np.ndarray, pairs: np.ndarray) -> ConicProblem:
    """Multipliers of the pairs, (M 1)_j / 2, the margin and its cap: maximise the margin."""
    size, number = len(steps) + 1, len(pairs)
    gradients, positions = np.arange(size), size + np.arange(size)
    vectors = np.zeros((size, 2 * size))
    vectors[gradients, gradients] = 1.0
    for k in range(size):
        vectors[:k, positions[k]] = -steps[:k]
    row, left, right, value = pattern_terms(pairs, gradients, positions)
    margin = number + size
    block = MatrixBlock(
        vectors,
        np.concatenate([row, np.full(size, margin)]),
        np.concatenate([left, gradients]),
        np.concatenate([right, gradients]),
        np.concatenate([value, np.full(size, -1.0)]),
        "matrix in the gradients",
    )
    flow = _flow(pairs, size)
    sums = vectors.sum(axis=0)
    image = np.zeros((size, number))
    for functional, other in ((left, right), (right, left)):
        np.add.at(image.T, row, (value / 2 * sums[other])[:, None] * vectors[:, functional].T)
    goal = np.zeros(size)
    goal[0], goal[-1] = 1.0, -1.0
    equality = np.block(
        [
            [flow, np.zeros((size, size + 2))],
            [image, -0.5 * np.eye(size), np.zeros((size, 2))],
            [np.zeros((1, number + size)), np.ones((1, 2))],
        ]
    )
    right_side = np.concatenate([goal, np.zeros(size), [1.0]])
    # the balance of the last point follows from the others
    kept = np.setdiff1d(np.arange(len(right_side)), [size - 1])
    objective = np.zeros(number + size + 2)
    objective[margin] = -1.0
    nonnegative = np.ones(len(objective), dtype=bool)
    nonnegative[margin] = False
    return ConicProblem(objective, sparse.csr_matrix(equality[kept]), right_side[kept], nonnegative, (block,))


def _flow(pairs: np.ndarray, size: int) -> np.ndarray:
    """Incidence matrix: what a pair (i, j) adds to the coefficients of f_i and f_j."""
    flow = np.zeros((size, len(pairs)))
    flow[pairs[:, 0], np.arange(len(pairs))] += 1.0
    flow[pairs[:, 1], np.arange(len(pairs))] -= 1.0
    return flow


def _exact(
    claim: StraightforwardClaim, steps: np.ndarray, pairs: np.ndarray, values: np.ndarray, bits: int
) -> tuple[dict[Index, Any], dict[Index, Any]] | str:
    """Rational multipliers and slopes that balance the function values, or what does not work."""
    size = len(steps) + 1
    cut = 2.0 ** (2 - bits)
    used = values > cut
    pairs, values = pairs[used], values[used]
    base: dict[Index, Any] = {(int(i), int(j)): dyadic(w, bits) for (i, j), w in zip(pairs, values, strict=True)}
    weights: dict[Index, float] = {index: float(w) for index, w in zip(base, values, strict=True)}
    goal = [fmpq(0)] * size
    goal[0], goal[-1] = fmpq(1), fmpq(-1)
    if not route(base, weights, goal, {}):
        return "the multipliers cannot be balanced"
    statement = claim.one_pass()
    family = statement.family("interpolation")
    star = star_slopes(statement.vectors, [(family.form(index), value) for index, value in base.items()], size)
    if any(value < 0 for value in star):
        return "a slope of the minimiser is negative"
    wanted = list(star)
    wanted[0] = wanted[0] - 2 * claim.total
    # slopes of least size relative to their multipliers, so that a large threshold keeps them non-negative
    flow = _flow(pairs, size)
    numeric = np.array([to_float(claim.field, value) for value in wanted])
    laplacian = (flow * values) @ flow.T
    slopes = values * (flow.T @ np.linalg.lstsq(laplacian, numeric, rcond=None)[0])
    slope: dict[Index, Any] = {(int(i), int(j)): dyadic(w, bits) for (i, j), w in zip(pairs, slopes, strict=True)}
    unbounded: dict[Index, Any] = {index: fmpq(-(10**18)) for index in slope}
    if not route(slope, weights, wanted, unbounded):
        return "the slopes cannot be balanced"
    slope = {index: value for index, value in slope.items() if value}
    slope.update({(size, j): value for j, value in enumerate(star) if value})
    return base, slope
