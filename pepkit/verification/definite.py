"""Positive semidefiniteness of a symmetric matrix of real numbers, decided exactly.

A real symmetric matrix is positive semidefinite exactly when the coefficients of its characteristic
polynomial alternate in sign: the roots are real, and a polynomial p(-t) without sign changes has no
negative root of p(t). This decides singular rational matrices too. Three steps use it:

1. Exact vectors in the kernel, independent on pivot rows, reduce the question to the principal
   submatrix without these rows (a congruence).
2. The entries are rounded to integers M over 2**b with errors below e; M - n e I decides definiteness,
   M + n e I indefiniteness, as n e bounds the norm of the error.
3. What is left is singular: over Q its own characteristic polynomial decides, over Q(theta) an exact
   elimination in the algebraic field.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import QQ, ZZ
from sympy.polys.matrices import DomainMatrix

from pepkit.verification.errors import NotSupportedError, VerificationError
from pepkit.verification.reals import AlgebraicReals, Reals, Undecided

__all__ = ["prove_semidefinite"]

_BITS = (64, 256, 1024)
"""Roundings that are tried: the first over Q, where the exact matrix decides at little more cost, two over
Q(theta), all for intervals."""
Rows = Sequence[Sequence[Any]]


def prove_semidefinite(reals: Reals, matrix: Rows, kernel: Rows = (), what: str = "the residual") -> None:
    """Return if the symmetric matrix is positive semidefinite, raise VerificationError if it is not.

    Parameters
    ----------
    reals
        Where the entries live.
    matrix
        Rows of a symmetric matrix.
    kernel
        Vectors z with S z = 0; they are checked.
    what
        What the matrix is, for messages.

    Raises
    ------
    NotSupportedError
        If the matrix consists of intervals and is too close to a singular one.
    """
    size = len(matrix)
    pivots = _pivots(reals, matrix, kernel, what) if kernel else ()
    rows = [i for i in range(size) if i not in pivots]
    rows = [i for i in rows if not _row_vanishes(reals, matrix, i, rows, what)]
    if not rows:
        return
    sub = [[matrix[i][j] for j in rows] for i in rows]
    tried = _BITS[: min(reals.degree, 2)] if isinstance(reals, AlgebraicReals) else _BITS
    decision = 0
    for bits in tried:
        decision = decision or _by_rounding(reals, sub, bits)
    if not decision:
        if not isinstance(reals, AlgebraicReals):
            raise Undecided(f"{what} is too close to a singular matrix for intervals")
        decision = _singular(reals, sub)
    if decision < 0:
        raise VerificationError(f"{what} is not positive semidefinite")


def _row_vanishes(reals: Reals, matrix: Rows, i: int, rows: Sequence[int], what: str) -> bool:
    if not reals.is_zero(matrix[i][i]):
        return False
    if all(reals.is_zero(matrix[i][j]) for j in rows):
        return True
    raise VerificationError(f"{what} has a zero on the diagonal in row {i}, whose other entries are not zero")


def _pivots(reals: Reals, matrix: Rows, kernel: Rows, what: str) -> tuple[int, ...]:
    """Rows on which the kernel vectors are independent, after S z = 0 is verified."""
    if not isinstance(reals, AlgebraicReals):
        raise NotSupportedError("kernel vectors are not used with intervals")
    size = len(matrix)
    for number, vector in enumerate(kernel):
        if len(vector) != size:
            raise VerificationError(f"kernel vector {number} has length {len(vector)} instead of {size}")
    columns = [list(column) for column in zip(*kernel, strict=True)]
    image = (reals.matrix(matrix) * reals.matrix(columns)).rows()
    for number in range(len(kernel)):
        if any(row[number] for row in image):
            raise VerificationError(f"vector {number} does not lie in the kernel of {what}")
    basis = DomainMatrix([list(z) for z in kernel], (len(kernel), size), reals.domain)
    pivots: tuple[int, ...] = basis.rref()[1]
    if len(pivots) < len(kernel):
        raise VerificationError("the kernel vectors are linearly dependent")
    return pivots


def _alternates(matrix: list[list[Any]]) -> bool:
    """Whether an integer symmetric matrix is positive semidefinite."""
    size = len(matrix)
    coefficients = DomainMatrix(matrix, (size, size), ZZ).to_dense().charpoly()
    return all(c >= 0 if k % 2 == 0 else c <= 0 for k, c in enumerate(coefficients))


def _by_rounding(reals: Reals, matrix: Rows, bits: int) -> int:
    """1: positive definite, -1: not semidefinite, 0: undecided with `bits` fractional bits."""
    size = len(matrix)
    rounded: list[list[Any]] = [[ZZ.zero] * size for _ in range(size)]
    error = 1
    for i in range(size):
        for j in range(i + 1):
            low, high = reals.enclosure(matrix[i][j], 2 * bits)
            below = (low.numerator << bits) // low.denominator
            above = -((-high.numerator << bits) // high.denominator)
            rounded[i][j] = rounded[j][i] = ZZ((below + above) // 2)
            error = max(error, int(above - below))
    for direction in (-1, 1):
        shifted = [list(row) for row in rounded]
        for i in range(size):
            shifted[i][i] += direction * size * error
        if _alternates(shifted) == (direction < 0):
            return -direction
    return 0


def _singular(reals: AlgebraicReals, matrix: Rows) -> int:
    if reals.degree == 1:
        size = len(matrix)
        rows = [list(row) for row in matrix]
        _, integral = DomainMatrix(rows, (size, size), QQ).clear_denoms(convert=True)
        return 1 if _alternates(integral.to_list()) else -1
    return 1 if _eliminates(reals, matrix) else -1


def _eliminates(reals: AlgebraicReals, matrix: Rows) -> bool:
    """Symmetric elimination: positive pivots, and only zeros are left when no diagonal entry is positive."""
    rest = [list(row) for row in matrix]
    while rest:
        signs = [reals.sign(rest[i][i]) for i in range(len(rest))]
        if min(signs) < 0:
            return False
        if max(signs) == 0:
            return not any(any(row) for row in rest)
        p = signs.index(1)
        factors = [row[p] / rest[p][p] for row in rest]
        others = [i for i in range(len(rest)) if i != p]
        rest = [[rest[i][j] - factors[i] * rest[p][j] for j in others] for i in others]
    return True
