"""The problem itself: validation, the matrices and their adjoint, the standard form."""

from __future__ import annotations

import time

import gradient_descent_problems as descent
import numpy as np
import pytest
from problem_bank import BANK, two_by_two
from scipy import sparse

from pepkit.solvers import ConicProblem, MatrixBlock
from pepkit.solvers._triangle import pack, scs_order, triangle_size, unpack


def random_block(rng: np.random.Generator, variables: int, *, order: int = 5, width: int = 7, terms: int = 40):
    generators = rng.normal(size=(order, width)) * (rng.random((order, width)) < 0.6)
    generators[:, 3] = 0.0
    return MatrixBlock(
        generators,
        rng.integers(-1, variables, terms),
        rng.integers(0, width, terms),
        rng.integers(0, width, terms),
        rng.normal(size=terms),
    )


def by_definition(block: MatrixBlock, weights: np.ndarray) -> np.ndarray:
    columns = block.generators.toarray()
    total = np.zeros((block.order, block.order))
    for k, a, b, value in zip(block.variable, block.left, block.right, block.value, strict=True):
        outer = np.outer(columns[:, a], columns[:, b])
        total += value * weights[k] * (outer + outer.T) / 2
    return total


@pytest.fixture
def random_problem() -> ConicProblem:
    rng = np.random.default_rng(7)
    blocks = (random_block(rng, 6), random_block(rng, 6, order=1, width=4, terms=9), random_block(rng, 6, order=3))
    equality = sparse.random(2, 6, 0.7, random_state=rng)
    return ConicProblem(rng.normal(size=6), equality, rng.normal(size=2), rng.random(6) < 0.5, blocks)


def test_matrix_follows_the_definition(random_problem: ConicProblem) -> None:
    y = np.random.default_rng(1).normal(size=6)
    for index, block in enumerate(random_problem.blocks):
        np.testing.assert_allclose(random_problem.matrix(index, y), by_definition(block, np.append(y, 1.0)), atol=1e-13)
        np.testing.assert_allclose(
            random_problem.offset(index), by_definition(block, np.append(0 * y, 1.0)), atol=1e-13
        )


def test_adjoint_is_the_adjoint(random_problem: ConicProblem) -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=6)
    for index, block in enumerate(random_problem.blocks):
        matrix = rng.normal(size=(block.order, block.order))
        linear = random_problem.matrix(index, y) - random_problem.offset(index)
        assert random_problem.adjoint(index, matrix) @ y == pytest.approx(np.vdot(linear, matrix))


def test_standard_form_is_the_problem(random_problem: ConicProblem) -> None:
    y = np.random.default_rng(3).normal(size=6)
    vector, matrix, right, cones = random_problem.standard_form()
    slack = right - matrix @ y
    np.testing.assert_array_equal(vector, random_problem.objective)
    expected = [random_problem.equality_rhs - random_problem.equality_matrix @ y, y[random_problem.nonnegative]]
    expected += [pack(random_problem.matrix(index, y)) for index in range(3)]
    np.testing.assert_allclose(slack, np.concatenate(expected), atol=1e-13)
    count = int(random_problem.nonnegative.sum())
    assert cones == [("zero", 2), ("nonnegative", count), ("psd", 5), ("psd", 1), ("psd", 3)]


def test_assembly_in_chunks_gives_the_same(random_problem: ConicProblem, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = random_problem.standard_form()[1].toarray()
    monkeypatch.setattr("pepkit.solvers.problem.CHUNK", 7)
    np.testing.assert_allclose(random_problem.standard_form()[1].toarray(), whole, atol=1e-14)


def test_cancelled_entries_are_dropped() -> None:
    # x_1 - x_0 cancels but for the step 0.1 g_0, and 0.3 - 0.1 - 0.2 is not zero in floating point.
    generators = np.array([[0.1, 0.2, 0.3, 1.0], [1.0, 1.0, 2.0, 0.0]])
    block = MatrixBlock(generators, [0, 0, 0], [0, 1, 2], [3, 3, 3], [1.0, 1.0, -1.0])
    assert block.columns(1).nnz == 0
    assert MatrixBlock(generators, [0], [0], [3], [1e-200]).columns(1).nnz == 2


def test_assembly_of_a_large_problem_is_fast() -> None:
    problem = descent.worst_case(np.ones(80), descent.every_pair(80))
    started = time.process_time()
    problem.standard_form()
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("order", [1, 2, 5])
def test_triangles(order: int) -> None:
    rng = np.random.default_rng(order)
    first, second = (matrix + matrix.T for matrix in rng.normal(size=(2, order, order)))
    assert pack(first).size == triangle_size(order)
    assert pack(first) @ pack(second) == pytest.approx(np.vdot(first, second))
    np.testing.assert_allclose(unpack(pack(first), order), first)
    scale = np.where(np.eye(order, dtype=bool), 1.0, np.sqrt(2.0))
    lower = np.concatenate([(first * scale)[column:, column] for column in range(order)])
    np.testing.assert_allclose(pack(first)[scs_order(order)], lower)


@pytest.mark.parametrize("entry", [entry for entry in BANK if entry.gram is not None], ids=str)
def test_residuals_of_known_answers_vanish(entry) -> None:
    problem = entry.make()
    y = entry.y
    if y is None:
        pytest.skip("only the dual side is known")
    residuals = problem.residuals(np.array(y), entry.gram, np.zeros(len(y)), np.zeros(problem.equalities))
    assert residuals.objective == pytest.approx(entry.value)
    assert residuals.largest < 1e-12
    worse = problem.residuals(np.array(y) - 0.1, entry.gram, np.zeros(len(y)), np.zeros(problem.equalities))
    assert worse.primal > 1e-2
    wrong = tuple(1.1 * matrix for matrix in entry.gram)
    assert problem.residuals(np.array(y), wrong, np.zeros(len(y)), np.zeros(problem.equalities)).dual > 1e-2


def test_residuals_do_not_depend_on_units() -> None:
    rng = np.random.default_rng(5)
    candidates = []
    for distance, unit in ((1.0, 1.0), (64.0, 1.0), (1.0, 1 / 1024)):
        problem = descent.worst_case(np.ones(2), descent.consecutive(2), distance=distance, gradient_unit=unit)
        rng = np.random.default_rng(5)
        congruence = np.array([distance, unit, unit, unit])
        gram = rng.normal(size=(4, 4))
        gram = gram @ gram.T / np.outer(congruence, congruence)
        candidates.append(problem.residuals(np.ones(6), (gram,), np.ones(6) - np.eye(6)[5], rng.normal(size=3)))
    for other in candidates[1:]:
        assert other.dual == pytest.approx(candidates[0].dual)
        assert other.gap == pytest.approx(candidates[0].gap)


GOOD = {
    "objective": [1.0, 1.0],
    "equality_matrix": np.zeros((0, 2)),
    "equality_rhs": [],
    "nonnegative": [False, False],
}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("objective", [[1.0, 1.0]], "objective: expected a vector"),
        ("objective", [1.0, np.nan], "objective: every entry must be finite"),
        ("objective", [], "at least one variable"),
        ("equality_matrix", np.zeros((1, 2)), r"equality_matrix: expected shape \(0, 2\)"),
        ("equality_matrix", np.zeros((0, 3)), r"equality_matrix: expected shape \(0, 2\)"),
        ("equality_rhs", [1.0], "equality_matrix: expected shape"),
        ("nonnegative", [0, 1], "nonnegative: expected 2 booleans"),
        ("nonnegative", [True], "nonnegative: expected 2 booleans"),
    ],
)
def test_malformed_problems_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConicProblem(**(GOOD | {field: value}))


def test_block_beyond_the_variables_is_refused() -> None:
    with pytest.raises(ValueError, match=r"variable indices must lie in \[-1, 1\)"):
        ConicProblem([1.0], np.zeros((0, 1)), [], [False], (two_by_two(),))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.eye(2), [0], [0], [0], [1.0, 2.0]), "different lengths"),
        ((np.eye(2), [0], [2], [0], [1.0]), r"left indices must lie in \[0, 2\)"),
        ((np.eye(2), [0], [0], [-1], [1.0]), r"right indices must lie in \[0, 2\)"),
        ((np.eye(2), [-2], [0], [0], [1.0]), "start at -1"),
        ((np.eye(2), [0.5], [0], [0], [1.0]), "variable: expected a vector of integers"),
        ((np.full((2, 2), np.inf), [0], [0], [0], [1.0]), "generators: every entry must be finite"),
        ((np.eye(2), [0], [0], [0], [np.nan]), "value: every entry must be finite"),
        ((np.zeros((0, 2)), [0], [0], [0], [1.0]), "no rows"),
    ],
)
def test_malformed_blocks_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MatrixBlock(*arguments, name="strange")


def test_data_are_copied() -> None:
    objective = np.ones(2)
    problem = ConicProblem(**(GOOD | {"objective": objective}))
    objective[0] = 5.0
    assert problem.objective[0] == 1.0
