"""Every solver on every problem of the bank; the answers are checked without the code under test."""

from __future__ import annotations

import numpy as np
import pytest
from problem_bank import BANK, BankProblem

from pepkit.solvers import ConicProblem, ConicSolution, SolverSettings, Status, solver

# Solver -> (tolerance to ask for, accuracy of objective and feasibility, accuracy of y and duals).
SOLVERS = {
    "clarabel": (1e-9, 1e-7, 1e-4),
    "structured": (1e-9, 1e-7, 1e-4),
    "mosek": (1e-9, 1e-6, 1e-4),
    "scs": (1e-7, 1e-4, 1e-2),
    "cvxpy:CLARABEL": (1e-9, 1e-7, 1e-4),
    "cvxpy:SCS": (1e-7, 1e-4, 1e-2),
}


def dense_matrices(problem: ConicProblem) -> list[list[np.ndarray]]:
    """F_b1, ..., F_bm, F_b(0) for every block, straight from the definition."""
    result = []
    for block in problem.blocks:
        columns = block.generators.toarray()
        matrices = [np.zeros((block.order, block.order)) for _ in range(problem.variables + 1)]
        for k, a, b, value in zip(block.variable, block.left, block.right, block.value, strict=True):
            outer = np.outer(columns[:, a], columns[:, b])
            matrices[k] += value * (outer + outer.T) / 2
        result.append(matrices)
    return result


def check_optimal(problem: ConicProblem, solution: ConicSolution, value: float, accuracy: float) -> None:
    y, slack, potential = solution.y, solution.slack, solution.potential
    equality = problem.equality_matrix.toarray()
    unit = max(1e-3, abs(value))
    assert problem.objective @ y == pytest.approx(value, rel=accuracy, abs=accuracy * 1e-3)
    size = 1 + np.abs(y).max()
    np.testing.assert_allclose(equality @ y, problem.equality_rhs, atol=accuracy * size)
    assert y[problem.nonnegative].min(initial=0.0) >= -accuracy * size
    assert slack[problem.nonnegative].min(initial=0.0) >= -accuracy * (1 + np.abs(slack).max())
    assert not slack[~problem.nonnegative].any()
    stationarity = problem.objective - equality.T @ potential - slack
    dual_value = potential @ problem.equality_rhs
    complementarity = abs(slack @ y)
    size = 1 + np.abs(potential).max(initial=0.0)
    for matrices, gram in zip(dense_matrices(problem), solution.gram, strict=True):
        value_matrix = matrices[-1] + sum(y[k] * matrices[k] for k in range(problem.variables))
        scale = max(np.abs(y).max(), 1.0) * max(np.abs(matrix).max() for matrix in matrices)
        assert np.linalg.eigvalsh(value_matrix)[0] >= -accuracy * scale
        assert np.linalg.eigvalsh(gram)[0] >= -accuracy * np.abs(gram).max(initial=1.0)
        products = np.array([np.vdot(matrix, gram) for matrix in matrices])
        stationarity -= products[:-1]
        dual_value -= products[-1]
        size = max(size, np.abs(products).max())
        complementarity += abs(np.vdot(value_matrix, gram))
    assert np.abs(stationarity).max() <= accuracy * size
    assert complementarity <= 100 * accuracy * unit
    assert dual_value == pytest.approx(value, rel=100 * accuracy, abs=accuracy)
    # What the solution says of itself agrees.
    assert solution.objective == pytest.approx(float(problem.objective @ y))
    assert solution.dual_objective == pytest.approx(float(dual_value), abs=1e-12)
    assert max(solution.primal_residual, solution.dual_residual) <= 100 * accuracy


def check_infeasible(problem: ConicProblem, solution: ConicSolution) -> None:
    """E^T f + s + sum A^*(X) = 0 and f.e - sum <X, F(0)> = 1."""
    image = problem.equality_matrix.toarray().T @ solution.potential + solution.slack
    value = solution.potential @ problem.equality_rhs
    for matrices, gram in zip(dense_matrices(problem), solution.gram, strict=True):
        products = np.array([np.vdot(matrix, gram) for matrix in matrices])
        image += products[:-1]
        value -= products[-1]
        assert np.linalg.eigvalsh(gram)[0] >= -1e-6
    assert value == pytest.approx(1.0)
    assert np.abs(image).max() <= 1e-5
    assert solution.slack.min() >= -1e-6
    assert np.isnan(solution.y).all()


def check_unbounded(problem: ConicProblem, solution: ConicSolution) -> None:
    """c.y = -1, E y = 0, y >= 0, F(y) - F(0) PSD."""
    y = solution.y
    assert problem.objective @ y == pytest.approx(-1.0)
    assert np.abs(problem.equality_matrix @ y).max(initial=0.0) <= 1e-5
    assert y[problem.nonnegative].min(initial=0.0) >= -1e-5
    for matrices in dense_matrices(problem):
        linear = sum(y[k] * matrices[k] for k in range(problem.variables))
        assert np.linalg.eigvalsh(linear)[0] >= -1e-5


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("entry", BANK, ids=str)
def test_known_answer(entry: BankProblem, name: str) -> None:
    chosen = solver(name)
    available = chosen.available()
    if not available:
        pytest.skip(f"{name}: {available.reason}")
    if name in entry.skip:
        pytest.skip("outside what this solver is made for")
    tolerance, accuracy, looseness = SOLVERS[name]
    problem = entry.make()
    solution = chosen.solve(problem, SolverSettings(tolerance=tolerance, time_limit=20.0))
    assert solution.solver == chosen.name
    assert solution.version
    if entry.status is Status.OPTIMAL:
        assert solution.status.solved, str(solution)
        check_optimal(problem, solution, entry.value, accuracy)
        for field in ("y", "potential", "slack"):
            known = getattr(entry, field)
            if known is not None:
                np.testing.assert_allclose(getattr(solution, field), known, atol=looseness)
        if entry.gram is not None:
            for found, known in zip(solution.gram, entry.gram, strict=True):
                np.testing.assert_allclose(found, known, atol=looseness)
        return
    assert solution.status is entry.status, str(solution)
    if not name.startswith("cvxpy:"):
        (check_infeasible if entry.status is Status.INFEASIBLE else check_unbounded)(problem, solution)
