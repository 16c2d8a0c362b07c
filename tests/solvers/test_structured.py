"""The structured interior-point method and its parts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import gradient_descent_problems as descent
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problem_bank import BANK, problem, two_by_two
from scipy import sparse

from pepkit.solvers import ConicProblem, MatrixBlock, SolverSettings, Status, StructuredSettings, solver
from pepkit.solvers._kkt import KKTSystem
from pepkit.solvers._lowrank import LowRankBlock
from pepkit.solvers._reduction import reduce, scale

structured = solver("structured")
clarabel = solver("clarabel")


def random_problem(seed: int, variables: int, equalities: int, orders: list[int], free: float) -> ConicProblem:
    """A problem with strictly feasible points on both sides."""
    rng = np.random.default_rng(seed)
    y = rng.uniform(0.5, 2.0, variables)
    nonnegative = rng.random(variables) >= free
    blocks, adjoint = [], np.zeros(variables)
    for order in orders:
        width, terms = 2 * order, 4 * variables
        generators = rng.normal(size=(order, width))
        variable = np.concatenate((np.arange(variables), rng.integers(0, variables, terms - variables)))
        left, right = rng.integers(0, width, (2, terms))
        value = rng.normal(size=terms)
        linear = MatrixBlock(generators, variable, left, right, value)
        root = rng.normal(size=(order, order))
        offset = root @ root.T + 0.1 * np.eye(order) - linear.evaluate(np.append(y, 0.0))
        row, column = np.triu_indices(order)
        blocks.append(
            MatrixBlock(
                np.column_stack((generators, np.eye(order))),
                np.concatenate((variable, np.full(row.size, -1))),
                np.concatenate((left, width + row)),
                np.concatenate((right, width + column)),
                np.concatenate((value, offset[row, column] * np.where(row == column, 1.0, 2.0))),
            )
        )
        root = rng.normal(size=(order, order))
        adjoint += linear.pair_with(root @ root.T + 0.1 * np.eye(order), variables)[:-1]
    matrix = rng.normal(size=(equalities, variables))
    objective = adjoint + matrix.T @ rng.normal(size=equalities) + nonnegative * rng.uniform(0.5, 2.0, variables)
    return ConicProblem(objective, matrix, matrix @ y, nonnegative, tuple(blocks))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    variables=st.integers(2, 9),
    equalities=st.integers(0, 1),
    orders=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    free=st.sampled_from([0.0, 0.3]),
)
def test_agrees_with_clarabel(seed: int, variables: int, equalities: int, orders: list[int], free: float) -> None:
    case = random_problem(seed, variables, equalities, orders, free)
    ours = structured.solve(case)
    theirs = clarabel.solve(case)
    assert ours.status.solved, str(ours)
    # Clarabel breaks down, or stops early, on about one of these problems in a thousand.
    assume(theirs.status is Status.OPTIMAL)
    size = max(abs(theirs.objective), 1e-3 * np.abs(case.objective).max())
    assert abs(ours.objective - theirs.objective) <= 1e-6 * size
    assert max(ours.primal_residual, ours.dual_residual) <= 1e-8


@pytest.mark.parametrize("steps", [1, 4, 30])
def test_constant_steps_to_high_accuracy(steps: int) -> None:
    answer = structured.solve(descent.worst_case(np.ones(steps), descent.consecutive(steps)))
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(1 / (4 * steps + 2), rel=1e-9)
    assert answer.gap <= 1e-9


@pytest.mark.parametrize("levels", [1, 2, 4, 5])
def test_silver_steps_to_high_accuracy(levels: int) -> None:
    answer = structured.solve(descent.worst_case(descent.silver(levels), descent.dyadic(2**levels - 1)))
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(descent.silver_rate(levels), rel=1e-9)


def test_gradient_measure() -> None:
    answer = structured.solve(descent.worst_case(np.ones(12), descent.both_ways(12), measure="gradient"))
    assert answer.objective == pytest.approx(2 / 25, rel=1e-8)


def test_residual_of_rank_one() -> None:
    # The minimax pair of steps for f_2: all but one eigenvalue of the residual vanish at the optimum.
    steps = np.array([np.sqrt(2.0), (3 + np.sqrt(9 + 8 * np.sqrt(2.0))) / 4])
    case = descent.worst_case(steps, descent.every_pair(2))
    answer = structured.solve(case)
    assert answer.status.solved
    assert answer.gap <= 1e-8
    eigenvalues = np.linalg.eigvalsh(case.matrix(0, answer.y))
    assert eigenvalues[-2] < 1e-6 * eigenvalues[-1]
    assert answer.objective == pytest.approx(1 / (4 * steps.sum() + 2), rel=1e-8)


@pytest.mark.parametrize(("distance", "unit"), [(1e4, 1e-2), (1e-3, 1e3)])
def test_units_do_not_matter(distance: float, unit: float) -> None:
    case = descent.worst_case(np.ones(8), descent.consecutive(8), distance=distance, gradient_unit=unit)
    answer = structured.solve(case)
    assert answer.status is Status.OPTIMAL
    # The rows are scaled, so the objective is not.
    assert answer.objective == pytest.approx(1 / 34, rel=1e-8)


@pytest.mark.parametrize("target", [1e-5, 1e-7])
def test_gap_target_returns_an_interior_point(target: float) -> None:
    case = descent.worst_case(descent.silver(4), descent.dyadic(15))
    answer = structured.solve(case, StructuredSettings(gap_target=target))
    assert answer.status is Status.OPTIMAL
    assert target / 1000 < answer.gap <= target
    assert np.abs(case.equality_matrix @ answer.y - case.equality_rhs).max() <= 1e-12
    assert answer.y[case.nonnegative].min() > 0
    matrix = case.matrix(0, answer.y)
    eigenvalues = np.linalg.eigvals(matrix @ answer.gram[0]).real
    assert np.linalg.eigvalsh(matrix)[0] > 0
    products = np.concatenate((eigenvalues, (answer.slack * answer.y)[case.nonnegative]))
    assert products.min() >= 0.09 * products.mean()
    assert answer.objective > descent.silver_rate(4)


def test_progress_is_reported() -> None:
    seen: list[tuple[int, float, float]] = []
    answer = structured.solve(BANK[1].make(), progress=lambda *report: seen.append(report))
    assert [iteration for iteration, _, _ in seen] == list(range(answer.iterations + 1))
    assert seen[-1][1] == pytest.approx(answer.objective)


def test_limits() -> None:
    case = descent.worst_case(np.ones(10), descent.consecutive(10))
    few = structured.solve(case, SolverSettings(max_iterations=3))
    assert few.status is Status.ITERATION_LIMIT
    assert few.iterations == 3
    assert structured.solve(case, SolverSettings(time_limit=1e-9)).status is Status.TIME_LIMIT


def test_impossible_accuracy_ends_honestly() -> None:
    case = descent.worst_case(np.ones(10), descent.consecutive(10))
    answer = structured.solve(case, SolverSettings(tolerance=1e-18))
    assert answer.status is Status.NEARLY_OPTIMAL
    assert answer.gap < 1e-9
    assert answer.objective == pytest.approx(1 / 42, rel=1e-9)


def test_problems_in_threads_do_not_disturb_each_other() -> None:
    cases = [descent.worst_case(np.ones(n), descent.consecutive(n)) for n in (2, 3, 4)]
    alone = [structured.solve(case).y for case in cases]
    with ThreadPoolExecutor(2) as pool:
        together = [answer.y for answer in pool.map(structured.solve, cases)]
    for first, second in zip(alone, together, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-9)


def test_what_is_not_accepted() -> None:
    many = MatrixBlock(np.eye(1), np.arange(5000), np.zeros(5000, int), np.zeros(5000, int), np.ones(5000))
    large = ConicProblem(np.ones(5000), sparse.csr_matrix((0, 5000)), [], np.ones(5000, bool), (many,))
    refusal = structured.accepts(large)
    assert not refusal
    assert "5000 variables" in refusal.reason
    assert not structured.accepts(problem([1.0], [([1], 1.0)]))


# ------------------------------------------------------------------------------------------------------- the parts


def dense(block: MatrixBlock, variables: int) -> list[np.ndarray]:
    return [block.evaluate(row) for row in np.eye(variables + 1)[:-1]]


@pytest.mark.parametrize("order", [3, 40])
def test_schur_complement_by_definition(order: int) -> None:
    rng = np.random.default_rng(order)
    variables, width, terms = 8, 50, 30
    block = MatrixBlock(
        rng.normal(size=(order, width)) * (rng.random((order, width)) < 0.1),
        rng.integers(-1, variables - 1, terms),
        *rng.integers(0, width, (2, terms)),
        rng.normal(size=terms),
    )
    gram, inverse = (root @ root.T for root in rng.normal(size=(2, order, order)))
    factors = LowRankBlock(block)
    found = np.zeros((variables, variables))
    found[np.ix_(factors.variables, factors.variables)] = factors.schur(gram, inverse)
    matrices = dense(block, variables)
    expected = np.array([[np.vdot(first, gram @ second @ inverse) for second in matrices] for first in matrices])
    expected = (expected + expected.T) / 2
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())
    assert variables - 1 not in factors.variables


def test_ranks_of_interpolation_inequalities() -> None:
    case = descent.worst_case(np.ones(6), descent.every_pair(6))
    factors = LowRankBlock(case.blocks[0])
    assert factors.ranks.max() == 3
    for k, rank in zip(factors.variables, factors.ranks, strict=True):
        weights = np.zeros(case.variables + 1)
        weights[k] = 1.0
        # The generators of a variable may depend on each other, so the rank is a bound.
        assert np.linalg.matrix_rank(case.blocks[0].evaluate(weights), tol=1e-12) <= rank


def test_kkt_system_with_singular_matrix() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 3))
    matrix = root @ root.T
    equality = rng.normal(size=(3, 6))
    u, w = rng.normal(size=6), rng.normal(size=3)
    system = KKTSystem(matrix.copy(), sparse.csr_matrix(equality))
    found, potential = system.solve(matrix @ u - equality.T @ w, equality @ u)
    np.testing.assert_allclose(found, u, atol=1e-9)
    np.testing.assert_allclose(potential, w, atol=1e-9)


def test_kkt_system_refuses_an_indefinite_matrix() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        KKTSystem(np.diag([1.0, -1.0]), sparse.csr_matrix((0, 2)))


def test_reduction_eliminates_and_expands() -> None:
    case = next(entry for entry in BANK if entry.name == "equality-only variable").make()
    reduction = reduce(case)
    assert reduction.problem.variables == 2
    assert reduction.problem.equalities == 0
    y, (_, _, potential) = reduction.expand(np.array([1.0, 1.0]), ((np.zeros((2, 2)),), np.zeros(2), np.zeros(0)))
    np.testing.assert_allclose(y, [1.0, 1.0, 2.0])
    np.testing.assert_allclose(potential, [1.0])


def test_scaling_is_undone() -> None:
    case = ConicProblem([1e6, 1.0], [[1e3, -1e3]], [0.0], [True, False], (two_by_two(1e-4),))
    scaling = scale(case)
    rng = np.random.default_rng(4)
    y, gram = rng.normal(size=2), np.eye(2)
    slack, potential = np.array([0.3, 0.0]), np.array([0.7])
    inner = scaling.problem.residuals(y, (gram,), slack, potential)
    full_y, (full_gram, full_slack, full_potential) = scaling.expand(y, ((gram,), slack, potential))
    outer = case.residuals(full_y, full_gram, full_slack, full_potential)
    unit = scaling.size * scaling.cost
    assert outer.objective == pytest.approx(unit * inner.objective)
    assert outer.dual_objective == pytest.approx(unit * inner.dual_objective)
