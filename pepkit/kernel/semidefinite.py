"""Exact proofs that a symmetric matrix is positive semidefinite.

Complete arguments, from fast to general:

1. *Known kernel.* If exact vectors z satisfy S z = 0 and are independent on the pivot rows, S is
   positive semidefinite exactly when the principal submatrix without the pivot rows is.
2. *Cholesky and diagonal dominance.* For a definite matrix: an integer Cholesky factor R of an
   enclosure, after powers of two have equilibrated the diagonal, leaves E = S - R R^T, and S is definite
   if every enclosure of E is diagonally dominant. R is only a guess; the remainder E is exact.
   Before it, a *rank-one* matrix is recognised by its 2 x 2 minors: closed-form certificates leave one square.
3. *LDL^T* with exact pivots, where a zero pivot must have a zero row. Decides every matrix whose entries
   have decidable signs; used for small or nearly singular ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from operator import mul
from typing import Any

from pepkit.kernel.errors import CertificateError, UndecidedError
from pepkit.kernel.numbers import Field

__all__ = ["prove_positive_semidefinite"]

_CHOLESKY_BITS = (60, 120, 240, 480)
LDL_LIMIT = 48
"""Largest matrix that the exact LDL^T elimination is tried on."""


def prove_positive_semidefinite(
    matrix: Sequence[Sequence[Any]],
    field: Field,
    names: Sequence[str],
    kernel: Sequence[Sequence[Any]] = (),
    what: str = "residual",
) -> None:
    """Return if the symmetric matrix is positive semidefinite, raise CertificateError otherwise.

    Parameters
    ----------
    matrix
        Symmetric n x n matrix of field elements.
    names
        Names of the n rows, for messages.
    kernel
        Exact vectors of length n claimed to lie in the kernel. They are checked; a false one is an error.
    what
        What the matrix is called in messages.
    """
    size = len(matrix)
    rows = list(range(size))
    if kernel:
        pivots = _check_kernel(matrix, kernel, what)
        rows = [i for i in rows if i not in pivots]
    rows = [i for i in rows if not _is_zero_row(matrix, i, rows, names, what)]
    if not rows:
        return
    sub = [[matrix[i][j] for j in rows] for i in rows]
    if _has_rank_one(sub, field):
        return
    labels = [names[i] for i in rows]
    failure, conclusive = "", False
    for bits in _CHOLESKY_BITS:
        failure, conclusive = _cholesky(sub, field, labels, bits)
        if not failure:
            return
        if conclusive:
            break
    if len(rows) <= LDL_LIMIT:
        _ldl(sub, field, labels, what)
        return
    if conclusive:
        raise CertificateError(f"{what} is not positive semidefinite: {failure}")
    raise UndecidedError(
        f"{what} is not shown to be positive semidefinite: {failure}; a singular matrix of this size "
        "needs its kernel vectors in the certificate"
    )


def _has_rank_one(matrix: Sequence[Sequence[Any]], field: Field) -> bool:
    """Whether S = v v^T / s with s = S_00 > 0 and v its first row. Stops at the first minor that is not zero."""
    first = matrix[0]
    pivot = first[0]
    for i, row in enumerate(matrix):
        for j in range(i + 1):
            if row[j] * pivot - first[i] * first[j]:
                return False
    try:
        return field.sign(pivot) > 0
    except UndecidedError:
        return False


def _is_zero_row(matrix: Sequence[Sequence[Any]], i: int, rows: Sequence[int], names: Sequence[str], what: str) -> bool:
    if matrix[i][i]:
        return False
    for j in rows:
        if matrix[i][j]:
            raise CertificateError(f"{what} has a zero on the diagonal at row {names[i]} but not at column {names[j]}")
    return True


def _check_kernel(matrix: Sequence[Sequence[Any]], kernel: Sequence[Sequence[Any]], what: str) -> set[int]:
    """Verify S z = 0 for every z and return as many pivot rows on which the vectors are independent."""
    size = len(matrix)
    for number, vector in enumerate(kernel):
        if len(vector) != size:
            raise CertificateError(f"kernel vector {number} has length {len(vector)}, not {size}")
        support = [k for k in range(size) if vector[k]]
        for row in matrix:
            total: Any = 0
            for k in support:
                if row[k]:
                    total = total + row[k] * vector[k]
            if total:
                raise CertificateError(f"vector {number} does not lie in the kernel of the {what}")
    pivots: list[int] = []
    reduced: list[list[Any]] = []
    for number, vector in enumerate(kernel):
        current = list(vector)
        for pivot, other in zip(pivots, reduced, strict=True):
            factor = current[pivot]
            if factor:
                current = [a - factor * b for a, b in zip(current, other, strict=True)]
        pivot = next((k for k in range(size) if current[k]), -1)
        if pivot < 0:
            raise CertificateError(f"kernel vector {number} depends on the earlier ones")
        inverse = 1 / current[pivot]
        pivots.append(pivot)
        reduced.append([a * inverse for a in current])
    return set(pivots)


def _cholesky(matrix: Sequence[Sequence[Any]], field: Field, names: Sequence[str], bits: int) -> tuple[str, bool]:
    """Try argument 2 with a factor of `bits` fractional bits; returns (failure, conclusive), '' if proved."""
    size = len(matrix)
    scale = 2 * bits
    exponents: list[int] = []
    for i in range(size):
        low, high = field.scaled_enclosure(matrix[i][i], scale)
        if high < 0:
            return f"the diagonal entry at row {names[i]} is negative", True
        if low <= 0:
            low, high = field.scaled_enclosure(matrix[i][i], 8 * scale)
            if low <= 0:
                return f"the diagonal entry at row {names[i]} is not shown positive", False
            exponents.append((low.bit_length() - 8 * scale) // 2)
        else:
            exponents.append((low.bit_length() - scale) // 2)
    # n^2 roundings of half a unit in the factor, with a margin of eight
    shift = 8 * size * size << bits
    factor: list[list[int]] = []
    dominance = [0] * size
    for i in range(size):
        row: list[int] = []
        source = matrix[i]
        for j in range(i + 1):
            low, high = field.scaled_enclosure(source[j], scale - exponents[i] - exponents[j])
            middle = (low + high) >> 1
            error = high - middle
            rest = middle - sum(map(mul, row, factor[j])) if j < i else middle - sum(map(mul, row, row))
            if j < i:
                entry, rest = divmod(rest, factor[j][j])
                row.append(entry)
                error += rest
                dominance[i] -= error
                dominance[j] -= error
            else:
                rest -= shift
                if rest <= 0:
                    # not conclusive: a nearly singular matrix may need more bits
                    return f"the pivot at row {names[i]} is not positive", False
                entry = isqrt(rest)
                row.append(entry)
                dominance[i] += shift + rest - entry * entry - error
        factor.append(row)
    for i in range(size):
        if dominance[i] < 0:
            return f"the remainder at row {names[i]} is not diagonally dominant", False
    return "", True


def _ldl(matrix: Sequence[Sequence[Any]], field: Field, names: Sequence[str], what: str) -> None:
    """Argument 3. Pivots on the sparsest remaining row so that little fills in."""
    work = [list(row) for row in matrix]
    remaining = list(range(len(work)))
    while remaining:
        pivot: int = -1
        value: Any = 0
        for i in sorted(remaining, key=lambda i: sum(1 for j in remaining if work[i][j])):
            entry = work[i][i]
            try:
                sign = field.sign(entry)
            except UndecidedError as error:
                raise UndecidedError(f"{what} at row {names[i]}: {error}") from None
            if sign < 0:
                raise CertificateError(f"{what} has a negative pivot at row {names[i]}: {field.text(entry)[:80]}")
            if sign > 0:
                pivot, value = i, entry
                break
            _is_zero_row(work, i, remaining, names, what)
        if pivot < 0:
            return
        remaining.remove(pivot)
        column = [(i, work[i][pivot]) for i in remaining if work[i][pivot]]
        inverse = 1 / value
        for i, a in column:
            ratio = a * inverse
            row = work[i]
            for j, b in column:
                if j >= i:
                    row[j] = work[j][i] = row[j] - ratio * b
