"""The residual of a certificate: size, rank, kernel.

The check proves that the residual S is positive semidefinite, and needs no rank for that. People ask for
the rank, so it is computed here: from above by the kernel vectors of the certificate, from below by
reduction modulo a prime, which can only lower the rank of a matrix. Where both bounds agree it is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpz, nmod, nmod_mat, nmod_poly

from pepkit.kernel import Certificate, Field, Number, NumberField
from pepkit.kernel.certificate import residual_of
from pepkit.kernel.numbers import Rationals

__all__ = ["ResidualSummary", "residual_summary"]

_PRIME_START = 1 << 61
_PRIMES = 3
_SEARCH_LIMIT = 4000
_RANK_LIMIT = 400


@dataclass(frozen=True)
class ResidualSummary:
    """The symmetric matrix S over the basis vectors of the statement.

    `rank_low` <= rank S <= `rank_high`; `kernel_hints` counts the kernel vectors in the certificate.
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[Any, ...], ...]
    kernel_hints: int
    rank_low: int
    rank_high: int

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.matrix)

    @property
    def nonzero(self) -> int:
        """Number of non-zero entries on and below the diagonal."""
        return sum(1 for i, row in enumerate(self.matrix) for a in row[: i + 1] if a)

    def __str__(self) -> str:
        size = f"{self.size} x {self.size}"
        if self.rank_low == self.rank_high:
            rank = f"rank {self.rank_low}, kernel of dimension {self.size - self.rank_low}"
        else:
            rank = f"rank between {self.rank_low} and {self.rank_high}"
        total = self.size * (self.size + 1) // 2
        return f"{size}, {rank}, {self.nonzero} of {total} entries on and below the diagonal are not zero"


def residual_summary(certificate: Certificate) -> ResidualSummary:
    """Size and rank of the residual. Raises CertificateError where signs or function values fail."""
    statement = certificate.claim.statement()
    _, matrix, kernel = residual_of(certificate, statement)
    zero_rows = sum(1 for row in matrix if not any(row))
    high = len(matrix) - max(len(kernel), zero_rows)
    low = min(_rank_from_below(matrix, statement.field, high), high)
    names = tuple(statement.vectors[v].name for v in statement.basis)
    return ResidualSummary(names, tuple(tuple(row) for row in matrix), len(kernel), low, high)


def _rank_from_below(matrix: list[list[Any]], field: Field, high: int) -> int:
    size = len(matrix)
    if not matrix or size > _RANK_LIMIT:
        return 0
    best = 0
    prime = fmpz(_PRIME_START)
    found = 0
    for _ in range(_SEARCH_LIMIT):
        prime = _next_prime(prime)
        reduce = _reduction(field, int(prime))
        if reduce is None:
            continue
        try:
            entries = [reduce(a) for row in matrix for a in row]
        except ZeroDivisionError:
            # a denominator is divisible by the prime
            continue
        best = max(best, nmod_mat(size, size, entries, int(prime)).rank())
        found += 1
        if best >= high or found == _PRIMES:
            break
    return best


def _next_prime(start: fmpz) -> fmpz:
    candidate = start + 1 + start % 2
    while not candidate.is_prime():
        candidate += 2
    return candidate


def _reduction(field: Field, prime: int) -> Any:
    """A ring homomorphism to the integers modulo `prime`; None where there is none."""
    if isinstance(field, Rationals):
        return lambda value: _modulo(fmpq(value), prime)
    if not isinstance(field, NumberField):
        return None
    try:
        minimal = nmod_poly([int(_modulo(c, prime)) for c in field.polynomial.coeffs()], prime)
    except ZeroDivisionError:
        return None
    root = _root(minimal, prime)
    if root is None:
        return None

    def reduce(value: Any) -> nmod:
        if not isinstance(value, Number):
            return _modulo(fmpq(value), prime)
        total = nmod(0, prime)
        for coefficient in reversed(value.polynomial.coeffs()):
            total = total * root + _modulo(coefficient, prime)
        return total

    return reduce


def _modulo(value: fmpq, prime: int) -> nmod:
    denominator = nmod(int(value.q), prime)
    if int(denominator) == 0:
        raise ZeroDivisionError("a denominator vanishes modulo the prime")
    return nmod(int(value.p), prime) / denominator


def _root(polynomial: nmod_poly, prime: int) -> nmod | None:
    for factor, _ in polynomial.factor()[1]:
        if factor.degree() == 1:
            return -factor[0] / factor[1]
    return None
