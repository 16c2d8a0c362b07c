"""The hints that let a proof assistant see that a matrix is positive semidefinite.

A vector of the kernel with a pivot takes one row and column out. What remains is positive definite, and an integer
matrix R close to a Cholesky factor of it shows so: the difference is diagonally dominant. Finding R may use any
arithmetic; only multiplying it out has to be exact, and that is done by the proof assistant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pepkit.kernel import Field

__all__ = ["RoundedFactor", "echelon", "null_space", "rounded_factor"]

_PRECISION = 320
_SMALLEST_SHIFT = 200


@dataclass(frozen=True)
class RoundedFactor:
    """A lower-triangular factor F of a symmetric positive definite matrix A, scaled to size one.

    With the powers of two e_i = 2**exponents[i] and D = diag(e), the matrix D A D has diagonal entries between 1/4
    and 4, and D A D - 2**-margin * I is F F^T up to rounding; rows[i][j] = F_ij * 2**precision.
    """

    rows: list[list[int]]
    exponents: list[int]
    margin: int
    precision: int = _PRECISION


def rounded_factor(matrix: list[list[Any]], field: Field) -> RoundedFactor | None:
    """A factor with the largest margin (a power of 1/4) that works; None if none is found.

    `matrix` is symmetric, with entries in `field`.
    """
    size = len(matrix)
    exponents = []
    for i in range(size):
        low, _ = field.scaled_enclosure(matrix[i][i], 2 * _PRECISION)
        if low <= 0:
            return None
        exponents.append((2 * _PRECISION - low.bit_length()) // 2)
    scaled = [
        [field.scaled_enclosure(matrix[i][j], _PRECISION + exponents[i] + exponents[j])[0] for j in range(i + 1)]
        for i in range(size)
    ]
    for margin in range(2, _SMALLEST_SHIFT, 2):
        rows = _cholesky(scaled, 1 << (_PRECISION - margin))
        if rows is not None:
            return RoundedFactor(rows, exponents, margin)
    return None


def _cholesky(scaled: list[list[int]], shift: int) -> list[list[int]] | None:
    rows: list[list[int]] = []
    for i, entries in enumerate(scaled):
        row: list[int] = []
        for j in range(i):
            other = rows[j]
            rest = (entries[j] << _PRECISION) - sum(a * b for a, b in zip(row, other, strict=False))
            row.append(rest // other[j])
        rest = (entries[i] - shift << _PRECISION) - sum(a * a for a in row)
        if rest <= 0:
            return None
        row.append(math.isqrt(rest))
        rows.append(row)
    return rows


def echelon(vectors: list[list[Any]]) -> list[tuple[int, list[Any]]]:
    """The vectors in reduced row echelon form, each with its pivot: the first position where it is not zero.

    At a pivot all other vectors are zero. Dependent vectors are left out.
    """
    result: list[tuple[int, list[Any]]] = []
    for vector in vectors:
        current = list(vector)
        for pivot, other in result:
            if current[pivot]:
                ratio = current[pivot] / other[pivot]
                current = [a - ratio * b if b else a for a, b in zip(current, other, strict=True)]
        first = next((k for k, c in enumerate(current) if c), None)
        if first is None:
            continue
        for k, (pivot, other) in enumerate(result):
            if other[first]:
                ratio = other[first] / current[first]
                result[k] = (pivot, [a - ratio * b if b else a for a, b in zip(other, current, strict=True)])
        result.append((first, current))
    return result


def null_space(matrix: list[list[Any]], field: Field) -> list[list[Any]]:
    """A basis of the kernel of a square matrix over the field, by exact elimination."""
    size = len(matrix)
    rows = echelon([[field.coerce(a) for a in row] for row in matrix])
    pivots = {pivot for pivot, _ in rows}
    basis = []
    for free in (k for k in range(size) if k not in pivots):
        vector = [field.coerce(0)] * size
        vector[free] = field.coerce(1)
        for pivot, row in rows:
            vector[pivot] = -row[free] / row[pivot]
        basis.append(vector)
    return basis
