"""Semidefinite programs of network statements: multipliers as variables, the Gram residual as a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from pepkit.algebra import to_float
from pepkit.kernel.errors import PepkitError
from pepkit.kernel.statement import Form, Statement
from pepkit.solvers import ConicProblem, ConicSolution, MatrixBlock, SolverSettings, default_solver

__all__ = ["GramProgram", "NetworkSearchError", "solve"]


class NetworkSearchError(PepkitError):
    """The numerical search for a certificate failed; the message says what to try."""


def _value(statement: Statement, number: Any) -> float:
    return to_float(statement.field, number) if not isinstance(number, int) else float(number)


@dataclass
class _Terms:
    variable: list[int]
    left: list[int]
    right: list[int]
    value: list[float]


class GramProgram:
    """Collects terms weight * form of a statement, where weights are variables or constants.

    The residual matrix is the sum over the basis of the statement; constants of forms are summed separately, so
    that the caller decides what happens to them (`constants`: variable -> coefficient, -1 for the fixed part).
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        basis = statement.basis
        position = {v: k for k, v in enumerate(basis)}
        columns: list[dict[int, float]] = []
        for v, vector in enumerate(statement.vectors):
            if vector.definition is None:
                columns.append({position[v]: 1.0})
                continue
            column: dict[int, float] = {}
            for k, a in vector.definition:
                factor = _value(statement, a)
                for row, entry in columns[k].items():
                    column[row] = column.get(row, 0.0) + factor * entry
            columns.append(column)
        rows = [row for column in columns for row in column]
        data = [entry for column in columns for entry in column.values()]
        index = [k for k, column in enumerate(columns) for _ in column]
        self.generators = sparse.csc_matrix((data, (rows, index)), shape=(len(basis), len(columns)))
        self.constants: dict[int, float] = {}
        self._terms = _Terms([], [], [], [])

    def add(self, variable: int, form: Form, factor: float) -> None:
        """Add factor * y[variable] * form to the residual (variable -1: factor * form)."""
        for (p, q), c in form.quadratic.items():
            self._terms.variable.append(variable)
            self._terms.left.append(p)
            self._terms.right.append(q)
            self._terms.value.append(factor * _value(self.statement, c))
        if form.constant:
            added = factor * _value(self.statement, form.constant)
            self.constants[variable] = self.constants.get(variable, 0.0) + added

    def add_identity(self, variable: int, rows: Sequence[int], factor: float) -> None:
        """Add factor * y[variable] times the sum of squares of these basis rows."""
        for v in (self.statement.basis[row] for row in rows):
            self._terms.variable.append(variable)
            self._terms.left.append(v)
            self._terms.right.append(v)
            self._terms.value.append(factor)

    def block(self) -> MatrixBlock:
        """The residual as a matrix block of a conic problem."""
        t = self._terms
        return MatrixBlock(
            self.generators, np.array(t.variable, dtype=int), np.array(t.left, dtype=int),
            np.array(t.right, dtype=int), np.array(t.value),
        )  # fmt: skip


def solve(objective: np.ndarray, nonnegative: np.ndarray, block: MatrixBlock, tolerance: float = 1e-9) -> ConicSolution:
    """Minimise objective . y with the block positive semidefinite. NetworkSearchError where no solver gets there."""
    count = len(objective)
    problem = ConicProblem(objective, sparse.csr_matrix((0, count)), np.zeros(0), nonnegative, (block,))
    solver = default_solver(problem)
    # degenerate programs may break a solver down at high accuracy and still be solved at a lower one
    for accuracy in (tolerance, 1e3 * tolerance):
        solution = solver.solve(problem, SolverSettings(tolerance=accuracy))
        if solution.status.solved:
            return solution
    raise NetworkSearchError(
        f"the semidefinite program was not solved ({solution.status.message}); try a smaller network or box, or one of "
        "the linear relaxations"
    )
