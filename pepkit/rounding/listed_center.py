"""The smallest face that holds all multipliers of a dual without interior, from its analytic centre.

With no objective an interior-point method ends near the analytic centre of the feasible set, which lies in the
relative interior: multipliers and eigenvalues that vanish there vanish for all feasible multipliers, and the others
stay clearly away from zero. What vanishes is read off at the gap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg, sparse

from pepkit.rounding.exact_linear import row_reduced
from pepkit.rounding.listed import Face, ListedSystem, MatrixRange
from pepkit.rounding.listed_dual import ListedDual, conic_blocks, float_equations, independent_rows
from pepkit.rounding.listed_faces import simple_basis, simple_number
from pepkit.solvers import ConicProblem, Solver, StructuredSettings

__all__ = ["central_face"]

GENEROUS = 1.0
"""The rate may exceed the optimum by so many times its size."""
BOUND = 100.0
"""The multipliers may add up to so many times what they do at the optimum."""
FLOOR = 1e-11
"""Relative size below which the solver's values are rounding."""
EIGENVALUE_GAP, MULTIPLIER_GAP = 300.0, 30.0
"""Ratios between neighbours that separate zeros from the rest."""
ACCURACIES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 1e-2)


def central_face(system: ListedSystem, dual: ListedDual, solver: Solver) -> Face | None:
    """A smaller face that holds all multipliers of moderate rate, or None where nothing vanishes.

    Parameters
    ----------
    dual
        A numerical optimum of the system; its rate and size set the scale.
    """
    u = _centre(system, dual, solver)
    if u is None:
        return None
    signed = np.nonzero(system.signed)[0]
    zero = _zeros(u[signed], MULTIPLIER_GAP)
    dropped = {(system.columns[k].family, system.columns[k].index[0]) for k in signed[zero]}
    kernel = _kernel(system, u)
    if kernel is None:
        return None
    ranges = _ranges(system, u)
    if ranges is None:
        return None
    smaller = any(r.order < chosen.order for r, (_, _, chosen) in zip(ranges, system.blocks, strict=True))
    if not dropped and not kernel and not smaller:
        return None
    kept = [r for r in system.face.ranges if r.index not in {number for number, _, _ in system.blocks}]
    return Face(
        system.face.dropped | dropped,
        (*system.imposed, *kernel),
        tuple(sorted([*kept, *ranges], key=lambda r: r.index)),
    )


def _centre(system: ListedSystem, dual: ListedDual, solver: Solver) -> np.ndarray | None:
    """Multipliers near the analytic centre of those with a moderate rate and size."""
    matrix, right = float_equations(system)
    keep = independent_rows(matrix)
    count = len(system.columns)
    rate = dual.rate + GENEROUS * max(abs(dual.rate), 1e-2)
    equality = np.zeros((keep.size + 2, count + 2))
    equality[: keep.size, :count] = matrix[keep]
    equality[keep.size, :count] = system.linear[-1]
    equality[keep.size, count] = 1.0
    equality[keep.size + 1, :count] = np.where(system.signed, 1.0, 0.0)
    equality[keep.size + 1, count + 1] = 1.0
    bound = BOUND * (1.0 + float(np.abs(dual.u).sum()))
    sides = np.concatenate([right[keep], [system.normaliser * rate - system.goal[1][-1], bound]])
    problem = ConicProblem(
        np.zeros(count + 2),
        sparse.csr_matrix(equality),
        sides,
        np.append(system.signed, [True, True]),
        tuple(conic_blocks(system, None, np.ones(count))),
    )
    solution = solver.solve(problem, StructuredSettings(tolerance=1e-9))
    # the status does not matter: without an objective the solver may stop anywhere near the centre
    if solution.y.size != count + 2 or not np.isfinite(solution.y).all():
        return None
    return np.asarray(solution.y[:count], dtype=float)


def _zeros(values: np.ndarray, gap: float, widest: bool = False) -> np.ndarray:
    """Which of the values count as zero: those below the first gap that is wide, or below the widest."""
    result = np.zeros(values.size, dtype=bool)
    if values.size < 2 or values.max() <= 0:
        return result
    order = np.argsort(values)
    ordered = np.maximum(values[order], FLOOR * float(values.max()))
    # a few free multipliers may be huge, so the scale is that of most of the large ones
    low = ordered[:-1] < 1e-3 * float(np.quantile(ordered, 0.9))
    wide = np.nonzero(low & (ordered[1:] > gap * ordered[:-1]))[0]
    if wide.size:
        last = wide[np.argmax(ordered[wide + 1] / ordered[wide])] if widest else wide[0]
        result[order[: int(last) + 1]] = True
    return result


def _null_space(matrix: np.ndarray) -> np.ndarray:
    """Columns that span what the matrix annihilates, judged by the widest gap of its eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors[:, _zeros(values, EIGENVALUE_GAP, widest=True)]


def _kernel(system: ListedSystem, u: np.ndarray) -> list[tuple[Any, ...]] | None:
    """Exact vectors that the residual annihilates; None if they are not recognised."""
    column, p, q, value = system.quadratic
    total = -system.goal[0]
    term = value * u[column] / 2
    np.subtract.at(total, (p, q), term)
    np.subtract.at(total, (q, p), term)
    rows = system.rows
    if not rows.size:
        return []
    null = _null_space(total[np.ix_(rows, rows)])
    if not null.shape[1]:
        return []
    span = _recognised(null)
    if span is None:
        return None
    coerce = system.field.coerce
    vectors = []
    for row in span:
        vector = [coerce(0)] * system.size
        for position, entry in zip(rows, row, strict=True):
            vector[int(position)] = coerce(entry)
        vectors.append(tuple(vector))
    return vectors


def _ranges(system: ListedSystem, u: np.ndarray) -> list[MatrixRange] | None:
    """The ranges of the matrix multipliers; None if one is not recognised."""
    ranges = []
    for number, start, chosen in system.blocks:
        size = chosen.order
        matrix = np.zeros((size, size))
        for i in range(size):
            for j in range(i + 1):
                matrix[i, j] = matrix[j, i] = u[start + i * (i + 1) // 2 + j]
        null = _null_space(matrix)
        if not null.shape[1]:
            ranges.append(chosen)
            continue
        span = _recognised(linalg.null_space(null.T))
        if span is None:
            return None
        reduced, _ = row_reduced(system.field, [[system.field.coerce(a) for a in row] for row in span])
        ranges.append(MatrixRange(number, tuple(_combination(system, chosen.basis, row) for row in reduced)))
    return ranges


def _recognised(span: np.ndarray) -> list[list[Any]] | None:
    for accuracy in ACCURACIES:
        found = simple_basis(span, accuracy)
        if found is not None:
            return found
        if span.shape[1] == 1:
            # a single vector may be simple in another scale than that of its largest coordinate
            for pivot in span[np.abs(span[:, 0]) > 0.05 * np.abs(span).max(), 0]:
                entries = [simple_number(float(value / pivot), accuracy) for value in span[:, 0]]
                if None not in entries:
                    return [entries]
    return None


def _combination(system: ListedSystem, basis: Any, weights: Any) -> tuple[Any, ...]:
    total = [system.field.coerce(0)] * len(basis[0])
    for weight, vector in zip(weights, basis, strict=True):
        if weight:
            total = [a + weight * b for a, b in zip(total, vector, strict=True)]
    return tuple(total)
