"""Bringing a problem into the form the structured interior-point method wants, and taking the answer back.

Two steps, each with the data to invert it on both sides of the answer:

1. Free variables that occur in no block have a zero row in the Schur complement. They are eliminated: with
   E = [E_1 E_2], where E_2 holds their columns, orthogonal columns N spanning the kernel of E_2^T leave the
   equalities N^T E_1 y_1 = N^T e, and the potential is f = f_0 + N g with E_2^T f_0 = c_2. Equalities that
   depend on others are dropped.
2. Scaling: y = sigma D y', E' = R E D, F'(y') = T F(y) T / sigma, c' = D c / kappa with diagonal D, R, T.
   The largest entries of every row and column become about one, so the units of the problem do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg as linalg
from scipy import sparse

from pepkit.solvers.problem import ConicProblem, MatrixBlock
from pepkit.solvers.solution import Status

__all__ = ["Certificate", "Dual", "Reduction", "Scaling", "reduce", "scale"]

RANK_TOLERANCE = 1e-12
"""Pivots of a QR factorisation below this fraction of the largest count as zero."""

CONSISTENCY_TOLERANCE = 1e-10
"""Relative mismatch from which dependent equalities, or a cost on a free variable, count as contradictory."""

SCALING_ROUNDS = 12

Dual = tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]
"""The triple (gram, slack, potential)."""


class Certificate(Exception):
    """Raised where the reduction itself decides the problem: a status, a direction y, and a dual certificate."""

    def __init__(self, status: Status, y: np.ndarray, dual: Dual) -> None:
        super().__init__(status.message)
        self.status, self.y, self.dual = status, y, dual


@dataclass(frozen=True, eq=False)
class Reduction:
    """A problem without equality-only free variables and dependent equalities.

    Attributes
    ----------
    problem
        The reduced problem, with a dense equality matrix inside; its objective differs by `constant`.
    constant
        c_2.y_2 at y_1 = 0: what the objective of the reduced problem lacks.
    """

    problem: ConicProblem
    constant: float
    original: ConicProblem
    kept: np.ndarray
    eliminated: np.ndarray
    basis: np.ndarray | None
    rows: np.ndarray
    particular: np.ndarray

    def expand(self, y: np.ndarray, dual: Dual) -> tuple[np.ndarray, Dual]:
        """The answer of the original problem from that of the reduced one."""
        original = self.original
        full = np.zeros(original.variables)
        full[self.kept] = y
        gram, slack, reduced = dual
        potential = np.zeros(original.equalities if self.basis is None else self.basis.shape[1])
        potential[self.rows] = reduced
        if self.basis is not None:
            potential = self.basis @ potential + self.particular
            residual = original.equality_rhs - original.equality_matrix @ full
            columns = original.equality_matrix[:, self.eliminated].toarray()
            full[self.eliminated] = linalg.lstsq(columns, residual)[0]
        all_slack = np.zeros(original.variables)
        all_slack[self.kept] = slack
        return full, (gram, all_slack, potential)


def reduce(problem: ConicProblem) -> Reduction:
    """Eliminate equality-only free variables and dependent equalities.

    Raises
    ------
    Certificate
        If the equalities contradict each other, or a free variable without constraints has a cost.
    """
    used = np.zeros(problem.variables, dtype=bool)
    for block in problem.blocks:
        used[block.variable[block.variable >= 0]] = True
    eliminated = np.flatnonzero(~used & ~problem.nonnegative)
    kept = np.flatnonzero(used | problem.nonnegative)
    matrix = problem.equality_matrix.toarray()
    objective, rhs, constant = problem.objective[kept], problem.equality_rhs, 0.0
    basis, particular = None, np.zeros(problem.equalities)
    if eliminated.size:
        basis, particular = _eliminate(problem, matrix[:, eliminated], eliminated)
        objective = objective - matrix[:, kept].T @ particular
        constant = float(particular @ rhs)
        matrix, rhs = basis.T @ matrix, basis.T @ rhs
    matrix = matrix[:, kept]
    rows = _independent_rows(problem, matrix, rhs, basis)
    blocks = problem.blocks
    if eliminated.size:
        number = np.full(problem.variables + 1, -1)
        number[kept] = np.arange(kept.size)
        blocks = tuple(replace(block, variable=number[block.variable]) for block in blocks)
    reduced = ConicProblem(objective, sparse.csr_matrix(matrix[rows]), rhs[rows], problem.nonnegative[kept], blocks)
    return Reduction(reduced, constant, problem, kept, eliminated, basis, rows, particular)


def _eliminate(problem: ConicProblem, columns: np.ndarray, eliminated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns N with N^T E_2 = 0, and f_0 with E_2^T f_0 = c_2."""
    cost = problem.objective[eliminated]
    particular = linalg.lstsq(columns.T, cost)[0] if columns.size else np.zeros(problem.equalities)
    excess = cost - columns.T @ particular
    if np.abs(excess).max() > CONSISTENCY_TOLERANCE * np.abs(cost).max():
        direction = np.zeros(problem.variables)
        direction[eliminated] = -excess
        raise Certificate(Status.UNBOUNDED, direction, _no_dual(problem))
    if not columns.size:
        return np.zeros((problem.equalities, 0)), particular
    orthogonal, triangular, _ = linalg.qr(columns, pivoting=True)
    return orthogonal[:, _rank(triangular) :], particular


def _independent_rows(
    problem: ConicProblem, matrix: np.ndarray, rhs: np.ndarray, basis: np.ndarray | None
) -> np.ndarray:
    """Indices of a maximal set of independent equalities. Raises Certificate if the others contradict them."""
    if not rhs.size:
        return np.arange(0)
    triangular, pivot = linalg.qr(matrix.T, mode="r", pivoting=True)
    rank = _rank(triangular)
    keep, drop = pivot[:rank], pivot[rank:]
    if drop.size:
        combination = linalg.solve_triangular(triangular[:rank, :rank], triangular[:rank, rank:])
        mismatch = rhs[drop] - combination.T @ rhs[keep]
        worst = int(np.argmax(np.abs(mismatch)))
        if abs(mismatch[worst]) > CONSISTENCY_TOLERANCE * np.abs(rhs).max():
            potential = np.zeros(rhs.size)
            potential[drop[worst]] = 1.0
            potential[keep] = -combination[:, worst]
            potential *= np.sign(mismatch[worst])
            gram, slack, _ = _no_dual(problem)
            if basis is not None:
                potential = basis @ potential
            raise Certificate(Status.INFEASIBLE, np.zeros(problem.variables), (gram, slack, potential))
    return np.sort(keep)


def _rank(triangular: np.ndarray) -> int:
    """Numerical rank of the triangular factor of a pivoted QR factorisation."""
    diagonal = np.abs(np.diag(triangular))
    return int((diagonal > RANK_TOLERANCE * diagonal.max(initial=0.0)).sum()) if diagonal.size else 0


def _no_dual(problem: ConicProblem) -> Dual:
    gram = tuple(np.zeros((block.order, block.order)) for block in problem.blocks)
    return gram, np.zeros(problem.variables), np.zeros(problem.equalities)


@dataclass(frozen=True, eq=False)
class Scaling:
    """A scaled problem and the factors that lead back.

    Attributes
    ----------
    problem
        The scaled problem.
    variable, row, congruence
        The diagonals of D, of R, and of T for each block.
    size, cost
        sigma and kappa.
    """

    problem: ConicProblem
    variable: np.ndarray
    row: np.ndarray
    congruence: tuple[np.ndarray, ...]
    size: float
    cost: float

    def expand(self, y: np.ndarray, dual: Dual) -> tuple[np.ndarray, Dual]:
        """The answer of the problem before scaling."""
        gram, slack, potential = dual
        matrices = tuple(self.cost * t[:, None] * matrix * t for t, matrix in zip(self.congruence, gram, strict=True))
        dual = (matrices, self.cost * slack / self.variable, self.cost * self.row * potential)
        return self.size * self.variable * y, dual


def scale(problem: ConicProblem) -> Scaling:
    """Equilibrate a problem (Ruiz, "A scaling algorithm to equilibrate both rows and columns norms", 2001)."""
    equality = abs(problem.equality_matrix).tocsc()
    columns = [abs(block.columns(problem.variables)[:, :-1]).tocsc() for block in problem.blocks]
    corners = [np.tril_indices(block.order) for block in problem.blocks]
    # The balance that the rounds reach depends on where they start. Starting from the rows of the generators, then
    # the columns, then the equalities makes every factor follow a change of units.
    congruence = [_damped(_row_maxima(abs(block.generators)), 1.0) for block in problem.blocks]
    heights = np.zeros(problem.variables)
    for entries, factor, (high, low) in zip(columns, congruence, corners, strict=True):
        heights = np.maximum(heights, _column_maxima(sparse.diags(factor[high] * factor[low]) @ entries))
    variable = _damped(np.where(heights > 0, heights, _column_maxima(equality)), 1.0)
    row = _damped(_row_maxima(equality @ sparse.diags(variable)), 1.0)
    for _ in range(SCALING_ROUNDS):
        scaled = sparse.diags(row) @ equality @ sparse.diags(variable)
        heights = _column_maxima(scaled)
        row_update = _damped(_row_maxima(scaled), 0.5)
        updates = []
        for entries, factor, (high, low) in zip(columns, congruence, corners, strict=True):
            scaled = sparse.diags(factor[high] * factor[low]) @ entries @ sparse.diags(variable)
            heights = np.maximum(heights, _column_maxima(scaled))
            maxima = _row_maxima(scaled)
            extent = np.zeros(factor.size)
            np.maximum.at(extent, high, maxima)
            np.maximum.at(extent, low, maxima)
            updates.append(_damped(extent, 0.25))
        variable *= _damped(heights, 0.5)
        row *= row_update
        congruence = [factor * update for factor, update in zip(congruence, updates, strict=True)]

    cost = float(np.abs(variable * problem.objective).max()) or 1.0
    size = float(np.abs(row * problem.equality_rhs).max(initial=0.0))
    for index, factor in enumerate(congruence):
        size = max(size, float(np.abs(factor[:, None] * problem.offset(index) * factor).max()))
    size = size or 1.0
    blocks = tuple(
        _scaled_block(block, factor, variable, size) for block, factor in zip(problem.blocks, congruence, strict=True)
    )
    scaled_problem = ConicProblem(
        objective=variable * problem.objective / cost,
        equality_matrix=sparse.diags(row) @ problem.equality_matrix @ sparse.diags(variable),
        equality_rhs=row * problem.equality_rhs / size,
        nonnegative=problem.nonnegative,
        blocks=blocks,
    )
    return Scaling(scaled_problem, variable, row, tuple(congruence), size, cost)


def _scaled_block(block: MatrixBlock, factor: np.ndarray, variable: np.ndarray, size: float) -> MatrixBlock:
    weight = np.where(block.variable < 0, 1.0 / size, variable[block.variable])
    return replace(block, generators=sparse.diags(factor) @ block.generators, value=block.value * weight)


def _damped(maxima: np.ndarray, power: float) -> np.ndarray:
    """maxima ** -power, and 1 where there is nothing to scale."""
    return np.where(maxima > 0, np.where(maxima > 0, maxima, 1.0) ** -power, 1.0)


def _column_maxima(matrix: sparse.spmatrix) -> np.ndarray:
    if 0 in matrix.shape:
        return np.zeros(matrix.shape[1])
    return matrix.tocsc().max(axis=0).toarray().ravel()


def _row_maxima(matrix: sparse.spmatrix) -> np.ndarray:
    if 0 in matrix.shape:
        return np.zeros(matrix.shape[0])
    return matrix.tocsr().max(axis=1).toarray().ravel()
