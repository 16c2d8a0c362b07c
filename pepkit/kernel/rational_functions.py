"""Rational functions of one variable over Q, and their signs: next to a point, and on an open interval.

A relaxation of a network whose weights move along a line is, between changes of its decisions, a rational
function of the place on the line. The two kinds of signs decide what the relaxation does there: `SideSigns` next to a
point, on one side of it, and `IntervalSigns` on a whole open interval, where every sign must be constant.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from pepkit.kernel.errors import CertificateError, ClaimError

__all__ = ["MAX_DEGREE", "IntervalSigns", "RationalFunction", "SideSigns", "has_root_inside", "isolated_roots"]

MAX_DEGREE = 500
"""Largest degree of a numerator or denominator; beyond, the arithmetic takes too long."""

MAX_WORK = 10**11
"""Most bits of coefficients times the degree, over all intervals on which the zeros of a polynomial are looked for."""

_ONE = fmpq_poly([1])


class RationalFunction:
    """numerator / denominator in lowest terms, the denominator monic. ClaimError beyond `MAX_DEGREE`."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, numerator: Any, denominator: Any = _ONE, reduced: bool = False) -> None:
        if not reduced and denominator.degree() > 0:
            common = numerator.gcd(denominator)
            if common.degree() > 0:
                numerator, denominator = numerator // common, denominator // common
        leading = denominator.leading_coefficient()
        if leading != 1:
            numerator, denominator = numerator / leading, denominator / leading
        if max(numerator.degree(), denominator.degree()) > MAX_DEGREE:
            raise ClaimError(f"the relaxation is a rational function of a degree above the limit of {MAX_DEGREE}")
        self.numerator, self.denominator = numerator, denominator

    @classmethod
    def line(cls, start: fmpq, end: fmpq) -> RationalFunction:
        """(1 - t) start + t end."""
        return cls(fmpq_poly([start, end - start]))

    @classmethod
    def constant(cls, value: Any) -> RationalFunction:
        """The same value everywhere."""
        return cls(fmpq_poly([value]))

    def __add__(self, other: RationalFunction) -> RationalFunction:
        if self.denominator == other.denominator:
            return RationalFunction(
                self.numerator + other.numerator, self.denominator, reduced=self.denominator.degree() == 0
            )
        return RationalFunction(
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )

    def __neg__(self) -> RationalFunction:
        return RationalFunction(-self.numerator, self.denominator, reduced=True)

    def __sub__(self, other: RationalFunction) -> RationalFunction:
        return self + (-other)

    def __mul__(self, other: RationalFunction) -> RationalFunction:
        return RationalFunction(self.numerator * other.numerator, self.denominator * other.denominator)

    def __truediv__(self, other: RationalFunction) -> RationalFunction:
        return RationalFunction(self.numerator * other.denominator, self.denominator * other.numerator)

    def __bool__(self) -> bool:
        return bool(self.numerator)

    @property
    def degree(self) -> int:
        """The larger degree of numerator and denominator."""
        return max(int(self.numerator.degree()), int(self.denominator.degree()), 0)

    def at(self, place: fmpq) -> fmpq:
        """The value. CertificateError at a pole."""
        below = self.denominator(place)
        if not below:
            raise CertificateError(f"the relaxation has no finite limit at {place}")
        return self.numerator(place) / below

    def derivative(self) -> RationalFunction:
        """The derivative."""
        return RationalFunction(
            self.numerator.derivative() * self.denominator - self.numerator * self.denominator.derivative(),
            self.denominator * self.denominator,
        )


class SideSigns:
    """Signs just to the right (side = 1) or left (side = -1) of a place, however near."""

    def __init__(self, place: fmpq, side: int) -> None:
        self.place, self.side = place, side

    def __call__(self, value: RationalFunction) -> int:
        """-1, 0 (for the zero function only) or 1."""
        return self._polynomial(value.numerator) * self._polynomial(value.denominator)

    def _polynomial(self, polynomial: Any) -> int:
        sign = 1
        while polynomial:
            value = polynomial(self.place)
            if value:
                return sign if value > 0 else -sign
            polynomial = polynomial.derivative()
            sign *= self.side
        return 0


class IntervalSigns:
    """Signs on the open interval (start, end); CertificateError for a function that has a zero or pole inside."""

    def __init__(self, start: fmpq, end: fmpq) -> None:
        self.start, self.end = start, end
        self._middle = (start + end) / 2

    def __call__(self, value: RationalFunction) -> int:
        """-1, 0 (for the zero function only) or 1."""
        return self._polynomial(value.numerator) * self._polynomial(value.denominator)

    def _polynomial(self, polynomial: Any) -> int:
        if not polynomial:
            return 0
        if has_root_inside(polynomial, self.start, self.end):
            raise CertificateError(
                f"a decision or a sign of the relaxation changes between {self.start} and {self.end}"
            )
        return 1 if polynomial(self._middle) > 0 else -1


def has_root_inside(polynomial: Any, start: fmpq, end: fmpq) -> bool:
    """Whether a polynomial that is not zero has a real zero in the open interval (start, end)."""
    if polynomial.degree() <= 0:
        return False
    if polynomial.degree() == 1:
        return bool(polynomial(start) * polynomial(end) < 0)
    return bool(isolated_roots(polynomial, start, end, first_only=True))


def isolated_roots(polynomial: Any, start: fmpq, end: fmpq, first_only: bool = False) -> list[tuple[fmpq, fmpq]]:
    """The real zeros in the open interval (start, end) of a polynomial that is not zero.

    Pairs (z, z) for a zero z, or (low, high) with exactly one simple zero of the squarefree part between, and with
    values of different signs at the two; in increasing order. With `first_only` one pair is enough.

    Descartes' rule of signs on halved intervals (Vincent, Collins and Akritas); it ends because multiple zeros are
    removed first. CertificateError where zeros are so near each other that it takes more than `MAX_WORK`.
    """
    common = polynomial.gcd(polynomial.derivative())
    if common.degree() > 0:
        polynomial = polynomial // common
    for place in (start, end):
        if polynomial.degree() > 0 and not polynomial(place):
            polynomial = polynomial // fmpq_poly([-place, 1])
    if polynomial.degree() <= 0:
        return []
    on_unit = polynomial(fmpq_poly([start, end - start])).numer()
    length = end - start
    found: list[tuple[fmpq, fmpq]] = []
    pending = [(on_unit, fmpq(0), fmpq(1))]
    work = 0
    while pending:
        unit, low, width = pending.pop()
        work += unit.degree() ** 2 * (unit.height_bits() + 64)
        if work > MAX_WORK:
            raise CertificateError(
                f"the zeros between {start} and {end} are too near each other to be told apart"[:400]
            )
        changes = _descartes(unit)
        if changes == 0:
            continue
        if changes == 1:
            found.append((start + low * length, start + (low + width) * length))
        else:
            degree = unit.degree()
            left = fmpz_poly([c << (degree - i) for i, c in enumerate(unit.coeffs())])
            right = left(fmpz_poly([1, 1]))
            half = width / 2
            if not right[0]:
                # the middle is a zero
                place = start + (low + half) * length
                found.append((place, place))
                left, right = left // fmpz_poly([-1, 1]), right // fmpz_poly([0, 1])
            pending += [(right, low + half, half), (left, low, half)]
        if found and first_only:
            break
    return sorted(found, key=lambda pair: pair[0])


def _descartes(unit: Any) -> int:
    """The sign changes of (1 + x)^n unit(1/(1 + x)): at least the zeros in (0, 1), and exactly if 0 or 1."""
    shifted = fmpz_poly(unit.coeffs()[::-1])(fmpz_poly([1, 1]))
    signs = [c > 0 for c in shifted.coeffs() if c]
    return sum(a != b for a, b in pairwise(signs))
