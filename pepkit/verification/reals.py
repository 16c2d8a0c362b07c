"""The three kinds of numbers of a certificate, in SymPy's terms.

Elements of Q and Q(theta) are elements of the SymPy domains ``QQ`` and ``QQ.algebraic_field(theta)``;
elements of a tower of square roots are intervals with rational end points. A `Reals` object decides
signs, encloses, and makes matrices that multiply fast:

- Over Q(theta) a matrix is kept in the *regular representation*, every entry a replaced by the matrix of
  multiplication by a on the basis 1, theta, ..., theta^(d-1). This is a homomorphism of rings, so
  identities between products can be checked in it with rational matrices. (It is of no use for
  definiteness: its eigenvalues belong to all conjugates of theta.)
- Intervals become a matrix of midpoints and a matrix of radii.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isqrt
from typing import Any

from sympy import QQ, ZZ, Add, AlgebraicNumber, Dummy, Expr, Poly, Rational, S, oo, sstr
from sympy.polys.matrices import DomainMatrix

from pepkit.verification.document import items_of, members
from pepkit.verification.errors import NotSupportedError, VerificationError

__all__ = ["AlgebraicReals", "Interval", "IntervalReals", "Reals", "rational", "reals_of"]

SIGN_BITS = 1 << 16
"""Precision at which a sign is given up."""
_RATIONAL = re.compile(r"(?:0|-?[1-9][0-9]*)(?:/[1-9][0-9]*)?", re.ASCII)


def rational(text: object) -> Any:
    """The element of QQ spelled ``p`` or ``p/q`` in lowest terms."""
    if not isinstance(text, str) or not _RATIONAL.fullmatch(text) or len(text) > 12002:
        raise VerificationError(f"not an exact rational number: {str(text)[:60]!r}")
    numerator, _, denominator = text.partition("/")
    try:
        p, q = ZZ(numerator), ZZ(denominator or "1")
    except ValueError:
        raise NotSupportedError("numbers this long need python-flint or gmpy2") from None
    if (denominator and q == 1) or ZZ.gcd(p, q) != 1:
        raise VerificationError(f"not in lowest terms: {text[:60]!r}")
    return QQ(p, q)


def _floor(value: Any, bits: int) -> int:
    """floor(2**bits * value) for a rational."""
    return int((value.numerator << bits) // value.denominator)


class Reals:
    """What the verification asks of a field of real numbers."""

    degree: int
    zero: Any
    one: Any

    def read(self, data: object) -> Any:
        """The element written as `data`."""
        raise NotImplementedError

    def of(self, value: Any) -> Any:
        """The element equal to an integer or an element of QQ."""
        raise NotImplementedError

    def sign(self, value: Any) -> int:
        """-1, 0 or 1, exactly."""
        raise NotImplementedError

    def is_zero(self, value: Any) -> bool:
        """Whether the element is zero, exactly."""
        raise NotImplementedError

    def enclosure(self, value: Any, bits: int) -> tuple[Any, Any]:
        """Rationals low <= value <= high, close for large `bits`."""
        raise NotImplementedError

    def expression(self, value: Any) -> Expr:
        """The element as a SymPy expression."""
        raise NotImplementedError

    def matrix(self, rows: Sequence[Sequence[Any]], columns: int | None = None) -> Any:
        """A matrix with ``+``, ``-``, ``*`` and ``rows()``."""
        raise NotImplementedError

    def nonnegative(self, value: Any, what: str) -> None:
        """Return if value >= 0, raise VerificationError that names `what` otherwise."""
        if self.sign(value) < 0:
            raise VerificationError(f"{what} is negative: {sstr(self.expression(value))[:80]}")


class AlgebraicReals(Reals):
    """Q, or Q(theta) for a real algebraic number theta.

    Parameters
    ----------
    coefficients
        Of the monic irreducible minimal polynomial of theta, constant term first; None for Q.
    interval
        Rational end points of an interval whose only root of the polynomial is theta.
    """

    def __init__(self, coefficients: Sequence[Any] | None = None, interval: Sequence[Any] = ()) -> None:
        self.domain: Any = QQ
        self.theta: Expr = S.One
        self.degree = 1
        if coefficients is not None:
            self._extend(coefficients, interval)
        self.zero, self.one = self.domain.zero, self.domain.one
        self._powers: dict[int, list[tuple[Any, Any]]] = {}

    def _extend(self, coefficients: Sequence[Any], interval: Sequence[Any]) -> None:
        x = Dummy("theta")
        if not 3 <= len(coefficients) <= 65 or coefficients[-1] != 1:
            raise VerificationError("the minimal polynomial is not monic of degree 2 to 64")
        self.coefficients = list(coefficients)
        polynomial = Poly.from_list(list(coefficients)[::-1], x, domain=QQ)
        low, high = (Rational(int(e.numerator), int(e.denominator)) for e in interval)
        if not polynomial.is_irreducible:
            raise VerificationError("the minimal polynomial is reducible")
        if not low < high or polynomial.count_roots(low, high) != 1:
            raise VerificationError("the interval of the root does not hold exactly one root")
        # an irreducible polynomial of degree >= 2 has no rational root, so end points do not matter
        self.theta = polynomial.real_roots()[int(polynomial.count_roots(-oo, low))]
        if low < 0 < high:
            # SymPy refines intervals on one side of zero only, and zero is no root
            low, high = (low, Rational(0)) if polynomial.count_roots(low, 0) else (Rational(0), high)
        self.polynomial, self.interval = polynomial, (low, high)
        self.domain = QQ.algebraic_field(AlgebraicNumber((polynomial, self.theta)))
        self.degree = len(coefficients) - 1

    def read(self, data: object) -> Any:
        if isinstance(data, list) and self.degree > 1:
            if not 2 <= len(data) <= self.degree or data[-1] == "0":
                raise VerificationError(f"not an element of a field of degree {self.degree}: {str(data)[:60]}")
            return self.domain([rational(c) for c in reversed(data)])
        return self.of(rational(data))

    def of(self, value: Any) -> Any:
        return QQ(value) if self.degree == 1 else self.domain([QQ(value)])

    def coordinates(self, value: Any) -> list[Any]:
        """Coefficients of 1, theta, theta^2, ... in the element."""
        return [value] if self.degree == 1 else value.to_list()[::-1]

    def is_zero(self, value: Any) -> bool:
        return not value

    def sign(self, value: Any) -> int:
        if not value:
            return 0
        bits = 0 if self.degree == 1 else 64
        while bits <= SIGN_BITS:
            low, high = self.enclosure(value, bits)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            bits *= 2
        raise NotSupportedError(f"a sign is not decided at {SIGN_BITS} bits")

    def enclosure(self, value: Any, bits: int) -> tuple[Any, Any]:
        if self.degree == 1:
            return value, value
        low = high = QQ.zero
        for c, (below, above) in zip(self.coordinates(value), self._power_intervals(bits), strict=False):
            low += c * (below if c > 0 else above)
            high += c * (above if c > 0 else below)
        return low, high

    def _power_intervals(self, bits: int) -> list[tuple[Any, Any]]:
        """Intervals around theta^k, k < degree, with end points in 2**-bits Z."""
        if bits not in self._powers:
            eps = Rational(1, 2**bits)
            self.interval = self.polynomial.refine_root(*self.interval, eps=eps)
            low, high = (QQ(e.p, e.q) for e in self.interval)
            theta = Interval(low, high, bits).rounded()
            power, powers = Interval(QQ.one, QQ.one, bits), []
            for _ in range(self.degree):
                powers.append((power.low, power.high))
                power = power * theta
            self._powers[bits] = powers
        return self._powers[bits]

    def expression(self, value: Any) -> Expr:
        terms = (QQ.to_sympy(c) * self.theta**k for k, c in enumerate(self.coordinates(value)))
        return Add(*terms)

    def matrix(self, rows: Sequence[Sequence[Any]], columns: int | None = None) -> RegularMatrix:
        d = self.degree
        width = len(rows[0]) if rows else columns or 0
        blocks = [[QQ.zero] * (d * width) for _ in range(d * len(rows))]
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value:
                    column = self.coordinates(value)
                    column += [QQ.zero] * (d - len(column))
                    for k in range(d):
                        for line, c in enumerate(column, start=d * i):
                            blocks[line][d * j + k] = c
                        if k + 1 < d:
                            column = self._times_theta(column)
        return RegularMatrix(self, DomainMatrix(blocks, (d * len(rows), d * width), QQ).to_dense())

    def _times_theta(self, column: list[Any]) -> list[Any]:
        top = column[-1]
        return [a - top * c for a, c in zip([QQ.zero, *column[:-1]], self.coefficients, strict=False)]


class RegularMatrix:
    """A matrix over Q(theta), stored as a rational matrix of d x d blocks."""

    def __init__(self, reals: AlgebraicReals, blocks: DomainMatrix) -> None:
        self.reals = reals
        self.blocks = blocks

    def __add__(self, other: RegularMatrix) -> RegularMatrix:
        return RegularMatrix(self.reals, self.blocks + other.blocks)

    def __mul__(self, other: RegularMatrix) -> RegularMatrix:
        return RegularMatrix(self.reals, self.blocks * other.blocks)

    def rows(self) -> list[list[Any]]:
        """The entries as field elements: the first column of every block."""
        d = self.reals.degree
        lines = self.blocks.to_list()
        if d == 1:
            return [list(line) for line in lines]
        height, width = len(lines) // d, self.blocks.shape[1] // d
        domain = self.reals.domain
        return [
            [domain([lines[d * i + k][d * j] for k in reversed(range(d))]) for j in range(width)] for i in range(height)
        ]


class Interval:
    """A real number between two rationals; a number known exactly has low = high.

    Results are rounded outwards to multiples of 2**-bits, except where they are exact.
    """

    __slots__ = ("bits", "high", "low")

    def __init__(self, low: Any, high: Any, bits: int) -> None:
        self.low, self.high, self.bits = low, high, bits

    def rounded(self) -> Interval:
        """The enclosing interval with short end points."""
        if self.low == self.high:
            return self
        unit = QQ(1, 2**self.bits)
        low, high = _floor(self.low, self.bits), -_floor(-self.high, self.bits)
        return Interval(QQ(low) * unit, QQ(high) * unit, self.bits)

    def _of(self, other: Any) -> Interval:
        return other if isinstance(other, Interval) else Interval(QQ(other), QQ(other), self.bits)

    def __bool__(self) -> bool:
        return bool(self.low or self.high)

    def __add__(self, other: Any) -> Interval:
        other = self._of(other)
        return Interval(self.low + other.low, self.high + other.high, self.bits)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, self.bits)

    def __sub__(self, other: Any) -> Interval:
        return self + -self._of(other)

    def __rsub__(self, other: Any) -> Interval:
        return self._of(other) + -self

    def __mul__(self, other: Any) -> Interval:
        other = self._of(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends), self.bits).rounded()

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Interval:
        other = self._of(other)
        if other.low == other.high == 0:
            raise VerificationError("division by zero")
        if other.low <= 0 <= other.high:
            raise Undecided("a divisor is not shown to be non-zero")
        return self * Interval(1 / other.high, 1 / other.low, self.bits).rounded()

    def sqrt(self) -> Interval:
        """The square root; exact for squares of rationals."""
        if self.high < 0:
            raise VerificationError("square root of a negative number")
        if self.low < 0:
            raise Undecided("a radicand is not shown to be non-negative")
        if self.low == self.high:
            p, q = isqrt(int(self.low.numerator)), isqrt(int(self.low.denominator))
            if QQ(p, q) ** 2 == self.low:
                return Interval(QQ(p, q), QQ(p, q), self.bits)
        low = isqrt(_floor(self.low, 2 * self.bits))
        high = isqrt(-_floor(-self.high, 2 * self.bits)) + 1
        return Interval(QQ(low, 2**self.bits), QQ(high, 2**self.bits), self.bits)


class Undecided(NotSupportedError):
    """The precision of the intervals is too low."""


class IntervalReals(Reals):
    """Numbers that a program of ``+ - * / sqrt`` and roots of polynomials defines, enclosed in intervals."""

    degree = 1

    def __init__(self, program: Sequence[Any], bits: int) -> None:
        self.bits = bits
        self.zero, self.one = self.of(0), self.of(1)
        self.values: list[Interval] = []
        for instruction in program:
            operation, *operands = items_of(instruction, "an instruction") or [None]
            if operation == "root":
                self.values.append(self._root(operands))
                continue
            arguments = [self.read(operand) for operand in operands]
            match operation, arguments:
                case "sqrt", [a]:
                    value = a.sqrt()
                case "+", [a, b]:
                    value = a + b
                case "-", [a, b]:
                    value = a - b
                case "*", [a, b]:
                    value = a * b
                case "/", [a, b]:
                    value = a / b
                case _:
                    raise VerificationError(f"not an instruction: {instruction}"[:200])
            self.values.append(value)

    def _root(self, operands: Sequence[Any]) -> Interval:
        """The root of c_0 + .. + c_k x^k between two rationals, where the derivative has one sign."""
        if not 4 <= len(operands) <= 11:
            raise VerificationError("a root is given by two ends and the coefficients of a polynomial of degree 1 to 8")
        low, high = (rational(end) for end in operands[:2])
        coefficients = [self.read(c) for c in operands[2:]]
        if not low < high:
            raise VerificationError("the interval of a root is empty")

        def sign_at(poly: Sequence[Interval], x: Interval) -> int:
            value = poly[-1]
            for c in reversed(poly[:-1]):
                value = value * x + c
            return 1 if value.low > 0 else -1 if value.high < 0 else 0

        slope = sign_at([c * k for k, c in enumerate(coefficients)][1:], Interval(low, high, self.bits))
        left, right = (sign_at(coefficients, self.of(end)) for end in (low, high))
        if not slope or not left or not right:
            raise Undecided("the root of a polynomial is not isolated")
        if (left, right) != (-slope, slope):
            raise VerificationError("a polynomial has no root in the interval that is given")
        unit = QQ(1, 2**self.bits)
        ends = []
        for side in (left, right):
            near, far = (low, high) if side == left else (high, low)
            while abs(far - near) > unit:
                middle = (near + far) / 2
                # from the end with this sign towards the root, as far as the sign is certain
                near, far = (middle, far) if sign_at(coefficients, self.of(middle)) == side else (near, middle)
            ends.append(near)
        return Interval(ends[0], ends[1], self.bits).rounded()

    def read(self, data: object) -> Interval:
        if type(data) is int:
            if not 0 <= data < len(self.values):
                raise VerificationError(f"there is no earlier instruction {data}")
            return self.values[data]
        return self.of(rational(data))

    def of(self, value: Any) -> Interval:
        return Interval(QQ(value), QQ(value), self.bits)

    def is_zero(self, value: Interval) -> bool:
        return not value

    def sign(self, value: Interval) -> int:
        if value.low > 0 or value.high < 0:
            return 1 if value.low > 0 else -1
        if value:
            raise Undecided(f"a sign is not decided at {self.bits} bits")
        return 0

    def enclosure(self, value: Interval, bits: int) -> tuple[Any, Any]:
        return value.low, value.high

    def expression(self, value: Interval) -> Expr:
        """The value itself where it is rational, a decimal approximation otherwise."""
        middle = (value.low + value.high) / 2
        result: Expr = QQ.to_sympy(middle)
        return result if value.low == value.high else result.evalf(20)

    def matrix(self, rows: Sequence[Sequence[Any]], columns: int | None = None) -> IntervalMatrix:
        shape = (len(rows), len(rows[0]) if rows else columns or 0)
        middle = [[(a.low + a.high) / 2 for a in row] for row in rows]
        radius = [[(a.high - a.low) / 2 for a in row] for row in rows]
        return IntervalMatrix(
            self, DomainMatrix(middle, shape, QQ).to_dense(), DomainMatrix(radius, shape, QQ).to_dense()
        )


class IntervalMatrix:
    """A matrix of intervals as midpoints and radii; products by |AB - ab| <= |A| rad b + rad a (|B| + rad b)."""

    def __init__(self, reals: IntervalReals, middle: DomainMatrix, radius: DomainMatrix) -> None:
        self.reals, self.middle, self.radius = reals, middle, radius

    def __add__(self, other: IntervalMatrix) -> IntervalMatrix:
        return IntervalMatrix(self.reals, self.middle + other.middle, self.radius + other.radius)

    def __mul__(self, other: IntervalMatrix) -> IntervalMatrix:
        left, right = self.middle.applyfunc(abs), other.middle.applyfunc(abs)
        radius = left * other.radius + self.radius * (right + other.radius)
        return IntervalMatrix(self.reals, self.middle * other.middle, radius)

    def rows(self) -> list[list[Interval]]:
        """The entries as intervals."""
        return [
            [Interval(m - r, m + r, self.reals.bits) for m, r in zip(line, radii, strict=True)]
            for line, radii in zip(self.middle.to_list(), self.radius.to_list(), strict=True)
        ]


def reals_of(data: dict[str, Any], bits: int) -> Reals:
    """The numbers that the ``field`` of a certificate describes; `bits` is the precision of intervals."""
    match data.get("kind"):
        case "rationals":
            members(data, "the field", ("kind",))
            return AlgebraicReals()
        case "number-field":
            members(data, "the field", ("kind", "minpoly", "root"))
            return AlgebraicReals(
                [rational(c) for c in items_of(data["minpoly"], "minpoly")],
                [rational(c) for c in items_of(data["root"], "root", 2)],
            )
        case "radicals":
            members(data, "the field", ("kind", "program"))
            return IntervalReals(items_of(data["program"], "program"), bits)
        case kind:
            raise VerificationError(f"unknown kind of field {str(kind)[:40]!r}")
