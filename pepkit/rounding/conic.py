"""From an exact statement to conic data in floats, and from a solution back to named multipliers.

The dual of a statement looks for multipliers that make

    rate * normaliser - measure - sum lambda_k hypothesis_k - sum <M_l, matrix_l>  =  <S, G>,

so the variables are lambda, the entries of M_l and the rate; function values must cancel (equalities), S
and the M_l are positive semidefinite (blocks). The Gram matrix G and the scalars F are the dual variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sparse

from pepkit.algebra import to_float
from pepkit.kernel.numbers import Field, Number
from pepkit.kernel.statement import Form, Index, PointFamily, Statement
from pepkit.solvers import ConicProblem, ConicSolution, MatrixBlock

__all__ = [
    "ConicData",
    "FloatForms",
    "NumericalDual",
    "build_conic_data",
    "evaluate_hypotheses",
    "generators",
    "interior_point",
    "interior_problem",
    "numerical_dual",
]


class _Floats:
    """Fast conversion of field elements, with the generator of a number field rounded once."""

    def __init__(self, number_field: Field) -> None:
        self.field = number_field
        self.powers: list[float] = []

    def __call__(self, value: Any) -> float:
        if isinstance(value, Number):
            if not self.powers:
                theta = to_float(value.field, value.field.generator)
                self.powers = [theta**k for k in range(value.field.degree)]
            polynomial = value.polynomial
            if polynomial.degree() <= 0:
                return _quotient(polynomial[0])
            if value.field.degree > 4:
                # high powers cancel
                return to_float(value.field, value)
            return sum(_quotient(c) * w for c, w in zip(polynomial.coeffs(), self.powers, strict=False))
        if hasattr(value, "p"):
            return _quotient(value)
        if isinstance(value, int):
            return float(value)
        return to_float(self.field, value)


def _quotient(value: Any) -> float:
    return int(value.p) / int(value.q)


def generators(statement: Statement) -> np.ndarray:
    """Coordinates of all vectors in the basis vectors, as floats: an (n, q) matrix."""
    convert = _Floats(statement.field)
    basis = statement.basis
    result = np.zeros((len(basis), len(statement.vectors)))
    position = {v: k for k, v in enumerate(basis)}
    for index, vector in enumerate(statement.vectors):
        if vector.definition is None:
            result[position[index], index] = 1.0
        else:
            for k, a in vector.definition:
                result[:, index] += convert(a) * result[:, k]
    return result


@dataclass
class FloatForms:
    """Many forms at once: entries ``value * <v_left, v_right>`` and ``value * F_scalar`` of form ``row``."""

    count: int
    row: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    scalar_row: np.ndarray
    scalar: np.ndarray
    scalar_value: np.ndarray
    constant: np.ndarray

    def values(self, products: np.ndarray, scalars: np.ndarray) -> np.ndarray:
        """Values of all forms, given the Gram matrix of all vectors and the scalars."""
        result = self.constant.copy()
        np.add.at(result, self.row, self.value * products[self.left, self.right])
        np.add.at(result, self.scalar_row, self.scalar_value * scalars[self.scalar])
        return result


def float_forms(statement: Statement, family: Any, indices: np.ndarray) -> FloatForms:
    """Forms of a family at the given addresses (m, arity), as arrays."""
    convert = _Floats(statement.field)
    if isinstance(family, PointFamily):
        return _point_forms(family, indices, convert)
    return _listed_forms([family.form(tuple(int(i) for i in index)) for index in indices], convert)


def _listed_forms(forms: list[Form], convert: _Floats) -> FloatForms:
    quadratic = [(k, p, q, convert(c)) for k, f in enumerate(forms) for (p, q), c in f.quadratic.items()]
    linear = [(k, s, convert(c)) for k, f in enumerate(forms) for s, c in f.linear.items()]
    a = np.array(quadratic, dtype=float).reshape(-1, 4)
    b = np.array(linear, dtype=float).reshape(-1, 3)
    return FloatForms(
        len(forms),
        a[:, 0].astype(int), a[:, 1].astype(int), a[:, 2].astype(int), a[:, 3],
        b[:, 0].astype(int), b[:, 1].astype(int), b[:, 2],
        np.array([convert(f.constant) for f in forms], dtype=float),
    )  # fmt: skip


def _point_forms(family: PointFamily, indices: np.ndarray, convert: _Floats) -> FloatForms:
    table = np.array([[-1 if entry is None else entry for entry in point] for point in family.points])
    roles = {
        f"{kind}{position}": table[indices[:, position], column]
        for position in range(family.arity)
        for column, kind in enumerate("xgf")
    }
    count = len(indices)
    every = np.arange(count)
    rows, lefts, rights, values = [], [], [], []
    for left, right, coefficient in family.quadratic:
        p, q = roles[left], roles[right]
        keep = (p >= 0) & (q >= 0)
        rows.append(every[keep])
        lefts.append(p[keep])
        rights.append(q[keep])
        values.append(np.full(int(keep.sum()), convert(coefficient)))
    scalar_rows, scalars, scalar_values = [], [], []
    for role, coefficient in family.linear:
        keep = roles[role] >= 0
        scalar_rows.append(every[keep])
        scalars.append(roles[role][keep])
        scalar_values.append(np.full(int(keep.sum()), convert(coefficient)))
    for scalar, coefficient in family.extra:
        scalar_rows.append(every)
        scalars.append(np.full(count, scalar))
        scalar_values.append(np.full(count, convert(coefficient)))

    def joined(parts: list[np.ndarray], kind: type) -> np.ndarray:
        return np.concatenate(parts).astype(kind) if parts else np.empty(0, dtype=kind)

    return FloatForms(
        count,
        joined(rows, int), joined(lefts, int), joined(rights, int), joined(values, float),
        joined(scalar_rows, int), joined(scalars, int), joined(scalar_values, float),
        np.zeros(count),
    )  # fmt: skip


@dataclass
class ConicData:
    """A conic problem and the meaning of its variables."""

    problem: ConicProblem
    statement: Statement
    selection: dict[str, np.ndarray]
    offsets: dict[str, int]
    matrix_offsets: dict[tuple[str, Index], tuple[int, int]]
    rate_variable: int


def build_conic_data(statement: Statement, selection: Mapping[str, np.ndarray]) -> ConicData:
    """The dual problem that uses the selected hypotheses (family name -> addresses (m, arity)).

    Matrix inequalities of the statement are always used. Raises FormatError for unknown names.
    """
    basis_matrix = generators(statement)
    convert = _Floats(statement.field)
    scalar_count = len(statement.scalars)
    variables, lefts, rights, values = [], [], [], []
    equality_rows, equality_columns, equality_values = [], [], []
    offsets: dict[str, int] = {}
    nonnegative: list[np.ndarray] = []
    total = 0

    def add(forms: FloatForms, columns: np.ndarray, factor: float) -> None:
        """Subtract-style contribution of forms to residual and equalities with the given sign."""
        variables.append(columns[forms.row])
        lefts.append(forms.left)
        rights.append(forms.right)
        values.append(factor * forms.value)
        equality_rows.append(forms.scalar)
        equality_columns.append(columns[forms.scalar_row])
        equality_values.append(factor * forms.scalar_value)
        constants = np.nonzero(forms.constant)[0]
        equality_rows.append(np.full(len(constants), scalar_count))
        equality_columns.append(columns[constants])
        equality_values.append(factor * forms.constant[constants])

    used: dict[str, np.ndarray] = {}
    for name, indices in selection.items():
        family = statement.family(name)
        indices = np.asarray(indices, dtype=np.int64)
        forms = float_forms(statement, family, indices)
        add(forms, total + np.arange(forms.count), -1.0)
        offsets[name] = total
        used[name] = indices
        nonnegative.append(np.full(forms.count, family.relation == ">="))
        total += forms.count

    blocks = []
    matrix_offsets: dict[tuple[str, Index], tuple[int, int]] = {}
    for family in statement.families:
        if family.relation != "psd":
            continue
        for index in family.indices():
            matrix = family.form(index)
            size = len(matrix)
            matrix_offsets[(family.name, index)] = (total, size)
            pairs = [(i, j) for j in range(size) for i in range(j + 1)]
            for position, (i, j) in enumerate(pairs):
                forms = _listed_forms([matrix[i][j]], convert)
                add(forms, np.array([total + position]), -1.0 if i == j else -2.0)
            rows = np.array([i for i, _ in pairs])
            columns = np.array([j for _, j in pairs])
            # the form value * sym(e_i e_j^T) has entry value/2 off the diagonal
            weights = np.where(rows == columns, 1.0, 2.0)
            blocks.append(
                MatrixBlock(np.eye(size), total + np.arange(len(pairs)), rows, columns, weights, family.describe(index))
            )
            nonnegative.append(np.zeros(len(pairs), dtype=bool))
            total += len(pairs)

    rate_variable = total
    nonnegative.append(np.zeros(1, dtype=bool))
    total += 1
    add(_listed_forms([statement.normaliser], convert), np.array([rate_variable]), 1.0)
    goal = _listed_forms([statement.measure], convert)
    variables.append(np.full(len(goal.row), -1))
    lefts.append(goal.left)
    rights.append(goal.right)
    values.append(-goal.value)

    right_side = np.zeros(scalar_count + 1)
    np.add.at(right_side, goal.scalar, goal.scalar_value)
    right_side[scalar_count] = goal.constant[0]
    rows = np.concatenate(equality_rows).astype(int)
    has_constants = bool((rows == scalar_count).any()) or right_side[scalar_count] != 0
    height = scalar_count + (1 if has_constants else 0)
    equality = sparse.csr_matrix(
        (np.concatenate(equality_values), (rows, np.concatenate(equality_columns).astype(int))),
        shape=(height, total),
    )
    residual = MatrixBlock(
        basis_matrix,
        np.concatenate(variables).astype(int),
        np.concatenate(lefts).astype(int),
        np.concatenate(rights).astype(int),
        np.concatenate(values),
        "residual",
    )
    objective = np.zeros(total)
    objective[rate_variable] = 1.0
    problem = ConicProblem(
        objective,
        equality,
        right_side[:height],
        np.concatenate(nonnegative),
        (residual, *blocks) if basis_matrix.shape[0] else tuple(blocks),
    )
    return ConicData(problem, statement, used, offsets, matrix_offsets, rate_variable)


def interior_problem(data: ConicData, rate: float) -> ConicProblem:
    """The problem of a dual at `rate` with the largest margin t <= 1: S - t I and lambda - t nonnegative.

    Its last variable is t; subtract nothing: `interior_point` recovers the multipliers.
    """
    problem = data.problem
    count = problem.variables
    residual = problem.blocks[0]
    signed = residual.variable >= 0
    shifted = np.zeros(len(signed), dtype=bool)
    shifted[signed] = problem.nonnegative[residual.variable[signed]]
    basis = np.array(data.statement.basis)
    margins = []
    for number, block in enumerate(problem.blocks):
        # the margin t is taken off the diagonal of every block
        diagonal = basis if number == 0 else np.arange(block.order)
        extra = shifted if number == 0 else np.zeros(len(block.variable), dtype=bool)
        margins.append(
            MatrixBlock(
                block.generators,
                np.concatenate([block.variable, np.full(int(extra.sum()) + len(diagonal), count)]),
                np.concatenate([block.left, block.left[extra], diagonal]),
                np.concatenate([block.right, block.right[extra], diagonal]),
                np.concatenate([block.value, block.value[extra], np.full(len(diagonal), -1.0)]),
                block.name,
            )
        )
    matrix = sparse.csr_matrix(problem.equality_matrix)
    column = sparse.csr_matrix(matrix @ problem.nonnegative.astype(float)[:, None])
    fixed = np.zeros(count + 1)
    fixed[data.rate_variable] = 1.0
    # 1 - t >= 0 through a slack variable keeps the problem bounded
    cap = np.zeros(count + 2)
    cap[count] = cap[count + 1] = 1.0
    equality = sparse.vstack(
        [
            sparse.hstack([matrix, column, sparse.csr_matrix((matrix.shape[0], 1))]),
            sparse.csr_matrix(np.append(fixed, 0.0)),
            sparse.csr_matrix(cap),
        ]
    )
    objective = np.zeros(count + 2)
    objective[count] = -1.0
    return ConicProblem(
        objective,
        equality,
        np.concatenate([problem.equality_rhs, [rate, 1.0]]),
        np.concatenate([problem.nonnegative, [False, True]]),
        tuple(margins),
    )


def interior_point(data: ConicData, solution: ConicSolution) -> np.ndarray | None:
    """Multipliers of the original problem with a positive margin, or None if there is none."""
    count = data.problem.variables
    margin = solution.y[count]
    if not margin > 0:
        return None
    return solution.y[:count] + margin * data.problem.nonnegative


@dataclass
class NumericalDual:
    """A numerical dual solution with named multipliers, and the primal data that come with it.

    `rate` is the value of the multipliers, `lower` that of the primal data; `gram` is the Gram matrix of
    the basis vectors and `scalars` the values F of the scalars, normalised as the solver found them.
    """

    rate: float
    lower: float
    multipliers: dict[str, tuple[np.ndarray, np.ndarray]]
    matrix_multipliers: dict[tuple[str, Index], np.ndarray]
    gram: np.ndarray
    scalars: np.ndarray
    solution: ConicSolution
    data: ConicData
    rounds: int = 1
    notes: list[str] = field(default_factory=list)


def numerical_dual(data: ConicData, solution: ConicSolution) -> NumericalDual:
    """Name the parts of a conic solution."""
    multipliers = {
        name: (indices, solution.y[data.offsets[name] : data.offsets[name] + len(indices)])
        for name, indices in data.selection.items()
    }
    matrices = {}
    for key, (start, size) in data.matrix_offsets.items():
        matrix = np.zeros((size, size))
        upper = np.tril_indices(size)
        # column by column over the upper triangle is row by row over the lower one
        matrix[upper] = solution.y[start : start + size * (size + 1) // 2]
        matrices[key] = matrix + np.tril(matrix, -1).T
    count = len(data.statement.scalars)
    return NumericalDual(
        float(solution.y[data.rate_variable]),
        float(solution.dual_objective),
        multipliers,
        matrices,
        solution.gram[0] if data.statement.basis else np.zeros((0, 0)),
        np.asarray(solution.potential[:count]),
        solution,
        data,
    )


def evaluate_hypotheses(statement: Statement, dual: NumericalDual, name: str, indices: np.ndarray) -> np.ndarray:
    """Values of hypotheses at the primal data: negative ones would improve the dual if they were used."""
    coordinates = generators(statement)
    products = coordinates.T @ dual.gram @ coordinates
    forms = float_forms(statement, statement.family(name), indices)
    return forms.values(products, dual.scalars)
