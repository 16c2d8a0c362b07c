"""Problems with known answers, for the tests of every solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import gradient_descent_problems as descent
import numpy as np
from scipy import sparse

from pepkit.solvers import ConicProblem, MatrixBlock, Status


@dataclass(frozen=True)
class BankProblem:
    """A problem, how a solve must end, and what of the answer is known (and unique)."""

    name: str
    make: Callable[[], ConicProblem]
    status: Status = Status.OPTIMAL
    value: float = np.nan
    y: tuple[float, ...] | None = None
    potential: tuple[float, ...] | None = None
    slack: tuple[float, ...] | None = None
    gram: tuple[np.ndarray, ...] | None = None
    skip: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return self.name


def problem(
    objective: list[float],
    equalities: list[tuple[list[float], float]] = (),
    nonnegative: list[int] = (),
    blocks: tuple[MatrixBlock, ...] = (),
) -> ConicProblem:
    count = len(objective)
    matrix = np.array([row for row, _ in equalities], dtype=float).reshape(len(equalities), count)
    mask = np.zeros(count, dtype=bool)
    mask[list(nonnegative)] = True
    return ConicProblem(objective, sparse.csr_matrix(matrix), [rhs for _, rhs in equalities], mask, blocks)


def entries(order: int, terms: list[tuple[int, int, int, float]], name: str = "residual") -> MatrixBlock:
    """A block on the unit vectors from (variable, row, column, value); off-diagonal entries are given once."""
    variable, left, right, value = (np.array(part) for part in zip(*terms, strict=True))
    return MatrixBlock(np.eye(order), variable, left, right, np.where(left == right, 1.0, 2.0) * value, name)


def two_by_two(offset: float = 1.0) -> MatrixBlock:
    """[[y_0, offset], [offset, y_1]]."""
    return entries(2, [(0, 0, 0, 1.0), (1, 1, 1, 1.0), (-1, 0, 1, offset)])


def linear_programme() -> ConicProblem:
    # min -y0 - 2 y1, y0 + y1 + y2 = 4, y0 - y3 = 1 (y3 free), y0 <= 3 by y0 + y4 = 3.
    rows = [([1, 1, 1, 0, 0], 4.0), ([1, 0, 0, -1, 0], 1.0), ([1, 0, 0, 0, 1], 3.0)]
    return problem([-1.0, -2.0, 0.0, 0.0, 0.0], rows, [0, 1, 2, 4])


def matrix_square_root_bound() -> ConicProblem:
    return problem([1.0, 1.0], blocks=(two_by_two(),))


def several_blocks() -> ConicProblem:
    # As above with y0 >= 2 (a 1 x 1 block) and a block that is never active.
    bound = entries(1, [(0, 0, 0, 1.0), (-1, 0, 0, -2.0)], "bound")
    idle = entries(3, [(1, 0, 0, 1.0), (-1, 0, 0, 5.0), (-1, 1, 1, 1.0), (-1, 2, 2, 1.0), (0, 1, 2, 0.01)], "idle")
    return problem([1.0, 1.0], blocks=(two_by_two(), bound, idle))


def equality_only_variable() -> ConicProblem:
    # min t, t = y0 + y1: t is in no block.
    return problem([0.0, 0.0, 1.0], [([-1, -1, 1], 0.0)], [0], (two_by_two(),))


def repeated_equalities() -> ConicProblem:
    rows = [([1, -1], 3.0), ([2, -2], 6.0), ([0, 0], 0.0)]
    return problem([1.0, 1.0], rows, [], (two_by_two(2.0),))


def split_free_variable() -> ConicProblem:
    # y0 + y2 takes the place of y0, and only the equality y0 - y2 = 1 separates the two.
    block = entries(2, [(0, 0, 0, 1.0), (2, 0, 0, 1.0), (1, 1, 1, 1.0), (-1, 0, 1, 1.0)])
    return problem([1.0, 1.0, 1.0], [([1, 0, -1], 1.0)], [], (block,))


def theta_of_the_pentagon() -> ConicProblem:
    """min t with t I - J + sum over edges y_ij (e_i e_j^T + e_j e_i^T) PSD (Lovasz, 1979)."""
    generators = np.column_stack((np.eye(5), np.ones(5)))
    terms = [(0, i, i, 1.0) for i in range(5)] + [(-1, 5, 5, -1.0)]
    terms += [(1 + i, i, (i + 1) % 5, 2.0) for i in range(5)]
    variable, left, right, value = (np.array(part) for part in zip(*terms, strict=True))
    return problem([1.0, 0, 0, 0, 0, 0], blocks=(MatrixBlock(generators, variable, left, right, value),))


def pentagon_gram() -> np.ndarray:
    """The circulant optimum of the dual: trace 1, zero on edges, <J, X> = sqrt 5."""
    matrix = np.eye(5) / 5
    for i in range(5):
        for step in (2, 3):
            matrix[i, (i + step) % 5] = (np.sqrt(5.0) - 1) / 10
    return matrix


def large_units() -> ConicProblem:
    """Rows of the residual in very different units."""
    return descent.worst_case(np.ones(4), descent.consecutive(4), distance=1e3, gradient_unit=1e-2)


BANK = (
    BankProblem(
        "linear programme",
        linear_programme,
        value=-8.0,
        y=(0.0, 4.0, 0.0, -1.0, 3.0),
        potential=(-2.0, 0.0, 0.0),
        slack=(1.0, 0.0, 2.0, 0.0, 0.0),
    ),
    BankProblem("2 x 2", matrix_square_root_bound, value=2.0, y=(1, 1), gram=(np.array([[1, -1], [-1, 1]]),)),
    BankProblem(
        "several blocks",
        several_blocks,
        value=2.5,
        y=(2.0, 0.5),
        gram=(np.array([[0.25, -0.5], [-0.5, 1.0]]), np.array([[0.75]]), np.zeros((3, 3))),
    ),
    BankProblem("equality-only variable", equality_only_variable, value=2.0, y=(1, 1, 2), potential=(1.0,)),
    BankProblem("repeated equalities", repeated_equalities, value=5.0, y=(4.0, 1.0)),
    BankProblem("split free variable", split_free_variable, value=2.0, y=(1.0, 1.0, 0.0), potential=(0.0,)),
    BankProblem("theta of the pentagon", theta_of_the_pentagon, value=np.sqrt(5.0), gram=(pentagon_gram(),)),
    BankProblem("constant steps, 5", lambda: descent.worst_case(np.ones(5), descent.consecutive(5)), value=1 / 22),
    BankProblem(
        "constant steps, 3, every pair", lambda: descent.worst_case(np.ones(3), descent.every_pair(3)), value=1 / 14
    ),
    BankProblem(
        "constant steps, 3, gradient",
        lambda: descent.worst_case(np.ones(3), descent.both_ways(3), measure="gradient"),
        value=2 / 7,
    ),
    BankProblem(
        "silver steps, 7",
        lambda: descent.worst_case(descent.silver(3), descent.dyadic(7)),
        value=descent.silver_rate(3),
    ),
    # A first-order method sees the units.
    BankProblem("large units", large_units, value=1 / 18, skip=frozenset({"scs", "cvxpy:SCS"})),
    BankProblem(
        "infeasible matrix",
        lambda: problem([1.0], [], [0], (entries(1, [(0, 0, 0, -1.0), (-1, 0, 0, -1.0)]),)),
        status=Status.INFEASIBLE,
    ),
    BankProblem("infeasible signs", lambda: problem([1.0, 1.0], [([1, 1], -1.0)], [0, 1]), status=Status.INFEASIBLE),
    BankProblem(
        "contradictory equalities",
        lambda: problem([1.0, 0.0], [([1, 0], 1.0), ([1, 0], 2.0)], [0], (two_by_two(),)),
        status=Status.INFEASIBLE,
    ),
    BankProblem("unbounded programme", lambda: problem([-1.0, 0.5], [([1, -1], 2.0)], [0, 1]), status=Status.UNBOUNDED),
    BankProblem(
        "unbounded matrix",
        lambda: problem([-1.0, 1.0], [], [], (two_by_two(),)),
        status=Status.UNBOUNDED,
    ),
    BankProblem(
        "unbounded free variable",
        lambda: problem([1.0, 1.0, 1.0], [], [0], (two_by_two(),)),
        status=Status.UNBOUNDED,
    ),
)
