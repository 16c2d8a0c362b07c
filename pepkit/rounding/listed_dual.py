"""Numerical duals of listed claims: the optimum, and points well inside the cones at a given rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from pepkit.rounding.listed import ListedSystem
from pepkit.solvers import ConicProblem, ConicSolution, MatrixBlock, Solver, StructuredSettings

__all__ = [
    "ListedDual",
    "conic_blocks",
    "consistent",
    "float_equations",
    "independent_rows",
    "listed_margin",
    "listed_optimum",
]


@dataclass
class ListedDual:
    """Multipliers u (columns,) with their rate, the primal answer, and the margin t inside the cones.

    `gram` (size, size) and `values` (scalars,) are worst-case data in the coordinates of the claim;
    `exposed` holds the dual matrices of the solver: residual block (rows, rows), signed columns, matrix blocks.
    """

    rate: float
    lower: float
    u: np.ndarray
    gram: np.ndarray
    values: np.ndarray
    solution: ConicSolution
    margin: float = 0.0


def float_equations(system: ListedSystem) -> tuple[np.ndarray, np.ndarray]:
    """(E, e): scalars cancel and S z = 0 for imposed z, as E u = e. The constant is not among the rows."""
    goal, linear = system.goal
    parts = [system.linear[:-1]]
    right = [-linear[:-1]]
    if system.imposed:
        vectors = system.float_vectors(system.imposed)
        parts.append(system.images(vectors))
        right.append(-(goal @ vectors).T.ravel())
    return np.concatenate(parts), np.concatenate(right)


def consistent(system: ListedSystem) -> bool:
    """Whether the equations of the face have a solution, up to rounding."""
    matrix, right = float_equations(system)
    if not right.size:
        return True
    if not matrix.shape[1]:
        return bool(np.abs(right).max() < 1e-9)
    solution = np.linalg.lstsq(matrix, right, rcond=1e-12)[0]
    return bool(np.abs(matrix @ solution - right).max() <= 1e-7 * max(1.0, float(np.abs(right).max())))


def independent_rows(matrix: np.ndarray, tolerance: float = 1e-10) -> np.ndarray:
    """Indices of rows that span the row space."""
    if not matrix.size:
        return np.empty(0, dtype=int)
    scale = np.abs(matrix).max(axis=1, initial=0.0)
    scaled = matrix / np.where(scale > 0, scale, 1.0)[:, None]
    _, triangle, order = linalg.qr(scaled.T, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(triangle)) > tolerance).sum())
    return np.sort(order[:rank])


def conic_blocks(system: ListedSystem, margin: int | None, weights: np.ndarray) -> list[MatrixBlock]:
    """S on the rows where it has to be definite, then the matrix multipliers; minus t I with a margin variable."""
    blocks = []
    if system.rows.size:
        position = np.full(system.size, -1)
        position[system.rows] = np.arange(system.rows.size)
        column, p, q, value = system.quadratic
        keep = (position[p] >= 0) & (position[q] >= 0)
        column, p, q, value = column[keep], position[p[keep]], position[q[keep]], value[keep]
        goal = system.goal[0][np.ix_(system.rows, system.rows)]
        i, j = np.nonzero(goal)
        parts = [(column, p, q, -value), (np.full(i.size, -1), i, j, -goal[i, j])]
        if margin is not None:
            # u = v + t w for signed columns, so S moves with t as well
            moved = system.signed[column]
            diagonal = np.arange(system.rows.size)
            shift = -value[moved] * weights[column[moved]]
            parts.append((np.full(int(moved.sum()), margin), p[moved], q[moved], shift))
            parts.append((np.full(diagonal.size, margin), diagonal, diagonal, np.full(diagonal.size, -1.0)))
        joined = [np.concatenate([part[k] for part in parts]) for k in range(4)]
        blocks.append(
            MatrixBlock(
                np.eye(system.rows.size),
                joined[0].astype(int), joined[1].astype(int), joined[2].astype(int), joined[3].astype(float),
                "residual",
            )
        )  # fmt: skip
    for number, start, chosen in system.blocks:
        order = chosen.order
        rows, columns = np.tril_indices(order)
        variable = start + np.arange(rows.size)
        values = np.where(rows == columns, 1.0, 2.0)
        if margin is not None:
            variable = np.concatenate([variable, np.full(order, margin)])
            rows, columns = np.concatenate([rows, np.arange(order)]), np.concatenate([columns, np.arange(order)])
            values = np.concatenate([values, np.full(order, -1.0)])
        blocks.append(MatrixBlock(np.eye(order), variable, rows, columns, values, f"multiplier {number + 1}"))
    return blocks


def listed_optimum(system: ListedSystem, solver: Solver, tolerance: float = 1e-9) -> tuple[ListedDual, ConicSolution]:
    """Minimise the rate. The solution is returned as it is; look at its status."""
    matrix, right = float_equations(system)
    keep = independent_rows(matrix)
    count = len(system.columns)
    # last variable: the rate; the constant row defines it
    constant = np.append(-system.linear[-1], system.normaliser)
    equality = np.zeros((keep.size + 1, count + 1))
    equality[:-1, :-1] = matrix[keep]
    equality[-1] = constant
    objective = np.zeros(count + 1)
    objective[-1] = 1.0
    problem = ConicProblem(
        objective,
        sparse.csr_matrix(equality),
        np.append(right[keep], system.goal[1][-1]),
        np.append(system.signed, False),
        tuple(conic_blocks(system, None, np.ones(count))),
    )
    solution = solver.solve(problem, StructuredSettings(tolerance=tolerance))
    dual = _named(system, solution, keep, solution.y)
    dual.rate = float(solution.y[count]) if solution.y.size else float("nan")
    return dual, solution


def _named(system: ListedSystem, solution: ConicSolution, keep: np.ndarray, y: np.ndarray) -> ListedDual:
    """The answer in the coordinates of the claim; vectors outside the rows of the residual are zero."""
    gram = np.zeros((system.size, system.size))
    if system.rows.size and len(solution.gram):
        gram[np.ix_(system.rows, system.rows)] = solution.gram[0]
    values = np.zeros(system.scalars)
    if solution.potential.size:
        inside = keep < system.scalars
        values[keep[inside]] = -solution.potential[: keep.size][inside]
    scale = system.normaliser
    return ListedDual(
        float("nan"), float(solution.dual_objective), y[: len(system.columns)], gram * scale, values * scale, solution
    )


def listed_margin(
    system: ListedSystem,
    rate: float,
    weights: np.ndarray,
    solver: Solver,
    exact_rate: bool = False,
    tolerance: float = 1e-9,
) -> ListedDual | None:
    """Multipliers of rate at most `rate` (equal to it with `exact_rate`), as far inside the cones as possible.

    The largest t <= 1 such that S - t I, M_l - t I are PSD and u_c >= t weights_c. None if the solver fails.
    """
    matrix, right = float_equations(system)
    count = len(system.columns)
    constant = system.linear[-1]
    bound = system.normaliser * rate - system.goal[1][-1]
    if exact_rate:
        matrix, right = np.vstack([matrix, constant]), np.append(right, bound)
    keep = independent_rows(matrix)
    matrix, right = matrix[keep], right[keep]
    moved = np.where(system.signed, weights, 0.0)
    # variables: v (columns), t, cap slack, rate slack
    height = keep.size + 1 + (0 if exact_rate else 1)
    equality = np.zeros((height, count + 3))
    equality[: keep.size, :count] = matrix
    equality[: keep.size, count] = matrix @ moved
    equality[keep.size, count : count + 2] = 1.0
    sides = np.append(right, 1.0)
    if not exact_rate:
        equality[-1, :count] = constant
        equality[-1, count] = constant @ moved
        equality[-1, count + 2] = 1.0
        sides = np.append(sides, bound)
    objective = np.zeros(count + 3)
    objective[count] = -1.0
    problem = ConicProblem(
        objective,
        sparse.csr_matrix(equality),
        sides,
        np.concatenate([system.signed, [False, True, True]]),
        tuple(conic_blocks(system, count, weights)),
    )
    solution = solver.solve(problem, StructuredSettings(tolerance=tolerance))
    # near the optimum the margin is tiny and no residual is small beside it; what rounds is good enough
    y = solution.y
    if not np.isfinite(y).all():
        return None
    dual = _named(system, solution, keep, y)
    dual.margin = float(y[count])
    dual.u = y[:count] + dual.margin * moved
    dual.rate = float((constant @ dual.u + system.goal[1][-1]) / system.normaliser)
    return dual
