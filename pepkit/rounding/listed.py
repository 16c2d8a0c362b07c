"""The multiplier problem of a listed claim: its columns, exactly and in floats.

For a claim whose normaliser is a constant, a certificate is a vector u of multipliers with

    rate - measure - sum_c u_c form_c  =  <S, G> + slack,     S PSD, slack >= 0, u_c >= 0 for inequalities,

where a matrix inequality has one column for every entry of its lower triangle. A `Face` restricts the
search: multipliers that are zero, vectors z with S z = 0, ranges of the matrix multipliers. Restrictions lose
no validity (the kernel checks the certificate against the original claim), only generality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from pepkit.algebra import to_float
from pepkit.kernel import ListedClaim
from pepkit.kernel.statement import Form, Index
from pepkit.rounding.exact_linear import exact_kernel

__all__ = ["Column", "Face", "ListedSystem", "MatrixRange"]


@dataclass(frozen=True)
class Column:
    """One multiplier: `entry` is (i, j) for an entry of a matrix multiplier in the basis of its range."""

    family: str
    index: Index
    form: Form
    signed: bool
    entry: tuple[int, int] | None = None


@dataclass(frozen=True)
class MatrixRange:
    """M = B M' B^T for the multiplier of one matrix inequality; `basis` has the exact columns of B."""

    index: int
    basis: tuple[tuple[Any, ...], ...]

    @property
    def order(self) -> int:
        return len(self.basis)


@dataclass(frozen=True)
class Face:
    """Where multipliers are sought.

    Attributes
    ----------
    dropped
        Hypotheses (family, index) whose multiplier is zero.
    kernel
        Exact vectors that S must annihilate, in addition to the common null space.
    ranges
        Ranges of matrix multipliers that are not full.
    """

    dropped: frozenset[tuple[str, int]] = frozenset()
    kernel: tuple[tuple[Any, ...], ...] = ()
    ranges: tuple[MatrixRange, ...] = ()


class ListedSystem:
    """Columns and exact data of a listed claim on a face.

    Attributes
    ----------
    columns
        Multipliers in order. Hypotheses that repeat another one or follow from the equalities before them
        have none.
    null_space, imposed
        Exact vectors that S annihilates for all multipliers, and those that it has to annihilate.
    rows
        Basis vectors on which S has to be definite: a complement of both.
    """

    def __init__(self, claim: ListedClaim, face: Face | None = None, null_space: Any = None) -> None:
        self.claim = claim
        self.face = face = face or Face()
        self.field = claim.field
        self.size = len(claim.vectors)
        self.scalars = len(claim.scalars)
        ranges = {r.index: r for r in face.ranges}
        columns: list[Column] = []
        seen: set[Any] = set()
        for k, (_, form) in enumerate(claim.inequalities):
            key = _key(form)
            if ("inequalities", k) not in face.dropped and key not in seen and _matters(form):
                seen.add(key)
                columns.append(Column("inequalities", (k,), form, True))
        equalities = [
            Column("equalities", (k,), form, False) for k, (_, form) in enumerate(claim.equalities) if _matters(form)
        ]
        columns += self._independent(equalities)
        self.blocks: list[tuple[int, int, MatrixRange]] = []
        for number, (_, matrix) in enumerate(claim.matrix_inequalities):
            chosen = ranges.get(number) or full_range(number, len(matrix), self.field)
            if not chosen.order:
                continue
            self.blocks.append((number, len(columns), chosen))
            columns += [
                Column("matrix-inequalities", (number,), _combined(matrix, chosen.basis, i, j), False, (i, j))
                for i in range(chosen.order)
                for j in range(i + 1)
            ]
        self.columns = columns
        self.signed = np.array([c.signed for c in columns], dtype=bool)
        self.null_space = self._null_space() if null_space is None else null_space
        self.imposed = face.kernel
        kernel = (*self.null_space, *self.imposed)
        self.kernel, pivots = exact_kernel(self.field, kernel)
        self.rows = np.array([i for i in range(self.size) if i not in set(pivots)], dtype=int)

    @property
    def normaliser(self) -> float:
        """The constant of the normaliser."""
        return to_float(self.field, self.field.coerce(self.claim.normaliser.constant))

    def floats(self, value: Any) -> float:
        """A field element as a float."""
        if hasattr(value, "p"):
            return int(value.p) / int(value.q)
        return to_float(self.field, value)

    @cached_property
    def quadratic(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(column, p, q, value) of all quadratic terms of the columns."""
        return self._terms([c.form for c in self.columns])

    def _terms(self, forms: Sequence[Form]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        entries = [(k, p, q, self.floats(v)) for k, f in enumerate(forms) for (p, q), v in f.quadratic.items()]
        array = np.array(entries, dtype=float).reshape(-1, 4)
        return array[:, 0].astype(int), array[:, 1].astype(int), array[:, 2].astype(int), array[:, 3]

    @cached_property
    def linear(self) -> np.ndarray:
        """Coefficients of the scalars and, last, the constant: shape (scalars + 1, columns)."""
        matrix = np.zeros((self.scalars + 1, len(self.columns)))
        for k, column in enumerate(self.columns):
            for s, value in column.form.linear.items():
                matrix[s, k] += self.floats(value)
            if column.form.constant:
                matrix[self.scalars, k] = self.floats(column.form.constant)
        return matrix

    @cached_property
    def goal(self) -> tuple[np.ndarray, np.ndarray]:
        """The measure: symmetric matrix (size, size), and coefficients with the constant last."""
        matrix = np.zeros((self.size, self.size))
        _, p, q, value = self._terms([self.claim.measure])
        np.add.at(matrix, (p, q), value / 2)
        np.add.at(matrix, (q, p), value / 2)
        linear = np.zeros(self.scalars + 1)
        for s, coefficient in self.claim.measure.linear.items():
            linear[s] += self.floats(coefficient)
        linear[-1] = self.floats(self.claim.measure.constant) if self.claim.measure.constant else 0.0
        return matrix, linear

    def images(self, vectors: np.ndarray) -> np.ndarray:
        """A_c z for every column c and every column z of `vectors` (size, k): shape (k * size, columns)."""
        column, p, q, value = self.quadratic
        shape = (vectors.shape[1], self.size, len(self.columns))
        result, magnitude = np.zeros(shape), np.zeros(shape)
        for k in range(vectors.shape[1]):
            for a, b in ((p, q), (q, p)):
                term = value / 2 * vectors[b, k]
                np.add.at(result[k], (a, column), term)
                np.add.at(magnitude[k], (a, column), np.abs(term))
        # terms that cancel exactly leave rounding behind, which must not look like an equation
        result[np.abs(result) <= 1e-13 * magnitude] = 0.0
        return result.reshape(vectors.shape[1] * self.size, len(self.columns))

    def float_vectors(self, vectors: Sequence[Sequence[Any]]) -> np.ndarray:
        """Exact vectors as columns of a float array (size, k)."""
        return np.array([[self.floats(a) for a in vector] for vector in vectors], dtype=float).reshape(-1, self.size).T

    def _independent(self, columns: list[Column]) -> list[Column]:
        """Equality columns without those that depend on the others."""
        if not columns:
            return columns
        column, p, q, value = self._terms([c.form for c in columns])
        low, high = np.minimum(p, q), np.maximum(p, q)
        keys, position = np.unique(low * self.size + high, return_inverse=True)
        matrix = np.zeros((keys.size + self.scalars + 1, len(columns)))
        np.add.at(matrix, (position, column), value)
        for k, entry in enumerate(columns):
            for s, coefficient in entry.form.linear.items():
                matrix[keys.size + s, k] += self.floats(coefficient)
            matrix[-1, k] = self.floats(entry.form.constant) if entry.form.constant else 0.0
        norms = np.linalg.norm(matrix, axis=0)
        _, triangle, order = linalg.qr(matrix / np.where(norms > 0, norms, 1.0), mode="economic", pivoting=True)
        diagonal = np.abs(np.diag(triangle))
        rank = int((diagonal > 1e-10).sum())
        return [columns[k] for k in sorted(order[:rank])]

    def _null_space(self) -> tuple[tuple[Any, ...], ...]:
        """Vectors that every quadratic form of the claim annihilates, exactly."""
        rows: dict[tuple[tuple[int, Any], ...], None] = {}  # a set that keeps its order
        forms = [c.form for c in self.columns] + [self.claim.measure]
        for form in forms:
            lines: dict[int, dict[int, Any]] = {}
            for (p, q), value in form.quadratic.items():
                if p == q:
                    lines.setdefault(p, {})[p] = value
                else:
                    lines.setdefault(p, {})[q] = value / 2
                    lines.setdefault(q, {})[p] = value / 2
            for line in lines.values():
                rows.setdefault(tuple(sorted((k, v) for k, v in line.items())))
        matrix = np.zeros((len(rows), self.size))
        exact_rows = [dict(row) for row in rows]
        for k, row in enumerate(exact_rows):
            for j, value in row.items():
                matrix[k, j] = self.floats(value)
        if not len(matrix):
            chosen: list[int] = []
        else:
            scale = np.abs(matrix).max(axis=1, initial=0.0)
            matrix = matrix / np.where(scale > 0, scale, 1.0)[:, None]
            _, triangle, order = linalg.qr(matrix.T, mode="economic", pivoting=True)
            rank = int((np.abs(np.diag(triangle)) > 1e-12).sum())
            chosen = [int(k) for k in order[:rank]]
        if len(chosen) == self.size:
            return ()
        from pepkit.rounding.exact_linear import annihilator

        zero = self.field.coerce(0)
        dense = [[exact_rows[k].get(j, zero) for j in range(self.size)] for k in chosen]
        return annihilator(self.field, dense, self.size)


def full_range(number: int, size: int, number_field: Any) -> MatrixRange:
    """The whole space as range of the multiplier of matrix inequality `number`."""
    zero, one = number_field.coerce(0), number_field.coerce(1)
    return MatrixRange(number, tuple(tuple(one if i == j else zero for i in range(size)) for j in range(size)))


def _matters(form: Form) -> bool:
    return bool(form.quadratic or form.linear or form.constant)


def _key(form: Form) -> Any:
    """Equal for forms that are equal."""
    return (
        tuple(sorted((k, str(v)) for k, v in form.quadratic.items())),
        tuple(sorted((k, str(v)) for k, v in form.linear.items())),
        str(form.constant),
    )


def _combined(matrix: Sequence[Sequence[Form]], basis: Sequence[Sequence[Any]], i: int, j: int) -> Form:
    """The form b_i^T F b_j, twice off the diagonal: the coefficient of M'_ij in <B M' B^T, F>."""
    quadratic: dict[tuple[int, int], Any] = {}
    linear: dict[int, Any] = {}
    constant: Any = 0
    factor = 1 if i == j else 2
    for r, a in enumerate(basis[i]):
        if not a:
            continue
        for s, b in enumerate(basis[j]):
            if not b:
                continue
            weight = a * b * factor
            form = matrix[r][s]
            for pair, value in form.quadratic.items():
                term = value * weight
                quadratic[pair] = quadratic[pair] + term if pair in quadratic else term
            for scalar, value in form.linear.items():
                term = value * weight
                linear[scalar] = linear[scalar] + term if scalar in linear else term
            constant = constant + form.constant * weight
    return Form({k: v for k, v in quadratic.items() if v}, {k: v for k, v in linear.items() if v}, constant)
