"""Real number fields Q(theta) and their elements; the rationals come along.

A *field* object knows how to compare, enclose, read, write and print its elements; the elements
themselves only do arithmetic. Elements of Q are python-flint ``fmpq``; elements of Q(theta) are
`Number`. Both mix freely with ``int`` and ``fmpq``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from pepkit.kernel.errors import ClaimError, FormatError, UndecidedError
from pepkit.kernel.rationals import (
    MAX_DIGITS,
    RATIONALS,
    Field,
    Rationals,
    approximate_text,
    common_denominator,
    floor_ceiling,
    rational_from_text,
    rational_text,
    sum_text,
)
from pepkit.kernel.real_roots import refined_root, sign_changes, sturm_chain

__all__ = [
    "MAX_DEGREE",
    "MAX_DIGITS",
    "RATIONALS",
    "Field",
    "Number",
    "NumberField",
    "Rationals",
    "approximate_text",
    "common_denominator",
    "rational_from_text",
    "rational_text",
]

MAX_FIELD_DIGITS = 8000
"""Most decimal digits in the minimal polynomial of a number field, and twenty times those of an end point."""
MAX_DEGREE = 64
"""Largest degree of a number field that is read from a file."""

_SIGN_PRECISION_LIMIT = 1 << 20


class NumberField:
    """The real number field Q(theta), theta the only root of `polynomial` in the interval `root`.

    Parameters
    ----------
    polynomial
        Coefficients, constant term first, of a monic irreducible polynomial over Q of degree >= 2.
    root
        Rational end points (low, high) of an interval that holds exactly one real root.

    Raises
    ------
    ClaimError
        If the polynomial is reducible or not monic, or the interval does not isolate a root.
        Irreducibility makes the zero test complete: an element is zero only if its coefficients are.
    """

    def __init__(self, polynomial: Sequence[Any], root: tuple[Any, Any]) -> None:
        if len(polynomial) > MAX_DEGREE + 1:
            raise ClaimError(f"the degree of a number field lies between 2 and {MAX_DEGREE}")
        coefficients = [fmpq(c) for c in polynomial]
        if not 3 <= len(coefficients) <= MAX_DEGREE + 1:
            raise ClaimError(f"the degree of a number field lies between 2 and {MAX_DEGREE}")
        self.polynomial = fmpq_poly(coefficients)
        self.degree = len(coefficients) - 1
        if coefficients[-1] != 1:
            raise ClaimError("the minimal polynomial is not monic")
        self._integral: fmpz_poly = self.polynomial.numer()
        _, factors = self._integral.factor()
        if len(factors) != 1 or factors[0][1] != 1:
            raise ClaimError("the minimal polynomial is reducible over Q")
        low, high = fmpq(root[0]), fmpq(root[1])
        if (
            max(_length(low), _length(high)) > MAX_FIELD_DIGITS // 20
            or sum(map(_length, coefficients)) > MAX_FIELD_DIGITS
        ):
            raise ClaimError(f"the number field is described with more than {MAX_FIELD_DIGITS} digits")
        if not low < high:
            raise ClaimError("the interval of the root is empty")
        chain = sturm_chain(self.polynomial)
        if sign_changes(chain, low) - sign_changes(chain, high) != 1:
            raise ClaimError("the interval does not isolate one real root of the minimal polynomial")
        self.root = (low, high)
        self._interval = (low, high)
        # log2 of |theta|^degree, at least
        end = max(abs(low), abs(high))
        self._power_bits = self.degree * max(int(end.p).bit_length() - int(end.q).bit_length() + 1, 0)
        self._index = sign_changes(chain, None) - sign_changes(chain, low)
        self._powers: dict[int, tuple[list[int], list[int]]] = {}
        self.zero = Number(self, fmpq_poly())
        self.one = Number(self, fmpq_poly([1]))
        self.generator = Number(self, fmpq_poly([0, 1]))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, NumberField) and self._index == other._index and self.polynomial == other.polynomial

    def __hash__(self) -> int:
        return hash((str(self.polynomial), self._index))

    def __repr__(self) -> str:
        return f"Q({self.generator_text()})"

    def coerce(self, value: Any) -> Number:
        if isinstance(value, Number):
            if value.field == self:
                return value
            raise ClaimError(f"{value} lies in {value.field!r}, not in {self!r}")
        if isinstance(value, (int, fmpz, fmpq)) and not isinstance(value, bool):
            return Number(self, fmpq_poly([value]))
        raise ClaimError(f"not an element of {self!r}: {value!r}")

    def _power_enclosures(self, bits: int) -> tuple[list[int], list[int]]:
        """Integers c_k, e_k with |2**bits * theta**k - c_k| <= e_k for k < degree."""
        cached = self._powers.get(bits)
        if cached is not None:
            return cached
        low, high = self._interval
        low, high = refined_root(self.polynomial, low, high, bits)
        self._interval = (low, high)
        first, _ = floor_ceiling(int(low.p), int(low.q), bits)
        centres, errors = [1 << bits], [0]
        # |theta| < bound, so each product adds at most bound*error + 3 units, and one for the shift
        bound = max(abs(first), abs(first + 2)) // (1 << bits) + 1
        for _ in range(1, self.degree):
            centre, error = centres[-1], errors[-1]
            centres.append((centre * first) >> bits)
            errors.append(bound * error + 3 * (abs(centre) // (1 << bits) + 1) + 3 * error + 1)
        self._powers[bits] = (centres, errors)
        return centres, errors

    def _enclosure(self, value: Number, bits: int) -> tuple[int, int, int]:
        """Integers (low, high, denominator): low <= 2**bits * denominator * value <= high."""
        polynomial = value.polynomial
        centres, errors = self._power_enclosures(bits)
        middle = radius = 0
        for c, centre, error in zip(polynomial.numer().coeffs(), centres, errors, strict=False):
            integer = int(c)
            middle += integer * centre
            radius += abs(integer) * error
        return middle - radius, middle + radius, int(polynomial.denom())

    def sign(self, value: Any) -> int:
        value = self.coerce(value)
        polynomial = value.polynomial
        if polynomial.degree() <= 0:
            return RATIONALS.sign(polynomial[0])
        bits = 128
        while bits <= _SIGN_PRECISION_LIMIT:
            low, high, _ = self._enclosure(value, bits)
            if low > 0:
                return 1
            if high < 0:
                return -1
            bits *= 2
        raise UndecidedError(f"the sign of a number is not decided at {_SIGN_PRECISION_LIMIT} bits")

    def scaled_enclosure(self, value: Any, bits: int) -> tuple[int, int]:
        value = self.coerce(value)
        # guard bits for the coefficients and for the powers of a large theta, without which the enclosure would still
        # be right but wide; in steps, so that the enclosures of the powers are shared
        size = value.height_bits() + self._power_bits
        working = (max(bits, 0) + size + 64 + 63) // 64 * 64
        low, high, denominator = self._enclosure(value, working)
        denominator <<= working - bits
        return low // denominator, -(-high // denominator)

    def read(self, data: object) -> Number:
        if isinstance(data, str):
            return Number(self, fmpq_poly([rational_from_text(data)]))
        if not isinstance(data, list) or not 2 <= len(data) <= self.degree or data[-1] == "0":
            raise FormatError(
                f"an element of a field of degree {self.degree} is a rational or a list of 2 to {self.degree} "
                "coefficients with a non-zero last one"
            )
        return Number(self, fmpq_poly([rational_from_text(c) for c in data]))

    def write(self, value: Any) -> str | list[str]:
        coefficients = [rational_text(c) for c in self.coerce(value).polynomial.coeffs()]
        if len(coefficients) <= 1:
            return coefficients[0] if coefficients else "0"
        return coefficients

    def generator_text(self) -> str:
        """``sqrt(d)``-form of the generator for quadratic fields, a root description otherwise."""
        if self.degree == 2:
            return f"sqrt({fmpz(self._square_root_form[0])})"
        bits, digits = 40, 10
        low, high = self.scaled_enclosure(self.generator, bits)
        chain = sturm_chain(self.polynomial)
        while bits < 1 << 15:
            if abs(low + high) < 1 << 4 * digits:
                bits *= 2
                low, high = self.scaled_enclosure(self.generator, bits)
                continue
            # enough digits that no other root is as near
            unit = fmpq(max(abs(low), abs(high)), fmpz(10) ** (digits - 1) << bits)
            below, above = fmpq(low, fmpz(1) << bits) - unit, fmpq(high, fmpz(1) << bits) + unit
            if sign_changes(chain, below) - sign_changes(chain, above) == 1:
                break
            digits += 10
        return f"root of {_polynomial_text(self.polynomial)} near {approximate_text(low + high, bits + 1, digits)}"

    @cached_property
    def _square_root_form(self) -> tuple[int, fmpq, fmpq]:
        """(d, a, b) with theta = a + b sqrt(d), d squarefree up to square factors below 1000."""
        c0, c1 = self.polynomial[0], self.polynomial[1]
        discriminant = c1 * c1 / 4 - c0
        radicand = int(discriminant.p) * int(discriminant.q)
        scale = fmpq(1, discriminant.q)
        for factor in range(2, 1000):
            while radicand % (factor * factor) == 0:
                radicand //= factor * factor
                scale *= factor
        centre = -c1 / 2
        if self.root[1] <= centre or self.polynomial(self.root[1]) < 0:  # theta is the smaller root
            scale = -scale
        return radicand, centre, scale

    def text(self, value: Any) -> str:
        value = self.coerce(value)
        coefficients = value.polynomial.coeffs()
        if len(coefficients) <= 1:
            return rational_text(coefficients[0]) if coefficients else "0"
        if self.degree == 2:
            radicand, centre, scale = self._square_root_form
            rational = coefficients[0] + coefficients[1] * centre
            return sum_text([(rational, ""), (coefficients[1] * scale, f"sqrt({fmpz(radicand)})")])
        names = [""] + ["theta" if k == 1 else f"theta**{k}" for k in range(1, self.degree)]
        return sum_text(list(zip(coefficients, names, strict=False)))

    def description(self) -> dict[str, Any]:
        return {
            "kind": "number-field",
            "minpoly": [rational_text(c) for c in self.polynomial.coeffs()],
            "root": [rational_text(self.root[0]), rational_text(self.root[1])],
        }


class Number:
    """An element of a `NumberField`: a polynomial in theta of degree below that of the field."""

    __slots__ = ("field", "polynomial")

    def __init__(self, field: NumberField, polynomial: fmpq_poly) -> None:
        self.field = field
        self.polynomial = polynomial

    def _other(self, other: Any) -> Any:
        if isinstance(other, Number):
            if other.field is self.field or other.field == self.field:
                return other.polynomial
            raise ClaimError(f"numbers of two fields meet: {self.field!r} and {other.field!r}")
        if isinstance(other, (int, fmpq, fmpz)):
            return other
        return None

    def __add__(self, other: Any) -> Number:
        value = self._other(other)
        return NotImplemented if value is None else Number(self.field, self.polynomial + value)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Number:
        value = self._other(other)
        return NotImplemented if value is None else Number(self.field, self.polynomial - value)

    def __rsub__(self, other: Any) -> Number:
        value = self._other(other)
        return NotImplemented if value is None else Number(self.field, value - self.polynomial)

    def __mul__(self, other: Any) -> Number:
        value = self._other(other)
        if value is None:
            return NotImplemented
        product = self.polynomial * value
        if isinstance(other, Number) and product.degree() >= self.field.degree:
            product %= self.field.polynomial
        return Number(self.field, product)

    __rmul__ = __mul__

    def __neg__(self) -> Number:
        return Number(self.field, -self.polynomial)

    def inverse(self) -> Number:
        """1/self; ZeroDivisionError for zero."""
        if not self:
            raise ZeroDivisionError("division by zero in a number field")
        common, factor, _ = self.polynomial.xgcd(self.field.polynomial)
        return Number(self.field, factor / common[0])

    def __truediv__(self, other: Any) -> Number:
        if isinstance(other, Number):
            return self * other.inverse()
        value = self._other(other)
        return NotImplemented if value is None else Number(self.field, self.polynomial / value)

    def __rtruediv__(self, other: Any) -> Number:
        return self.inverse() * other

    def __pow__(self, exponent: int) -> Number:
        if exponent < 0:
            return self.inverse() ** -exponent
        result = self.field.one
        base = self
        while exponent:
            if exponent & 1:
                result = result * base
            base = base * base
            exponent >>= 1
        return result

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Number):
            return self.polynomial == other.polynomial and self.field == other.field
        if isinstance(other, (int, fmpq, fmpz)):
            return bool(self.polynomial == other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(str(self.polynomial))

    def __bool__(self) -> bool:
        return bool(self.polynomial.degree() >= 0)

    def height_bits(self) -> int:
        """Bits of the largest integer in the coefficients over their common denominator."""
        heights = [int(c).bit_length() for c in self.polynomial.numer().coeffs()]
        return max(heights, default=0)

    def __repr__(self) -> str:
        return self.field.text(self)


def _length(value: fmpq) -> int:
    """Decimal digits, about."""
    return (int(value.p).bit_length() + int(value.q).bit_length()) * 3 // 10


def _polynomial_text(polynomial: fmpq_poly) -> str:
    names = [""] + ["x" if k == 1 else f"x**{k}" for k in range(1, polynomial.degree() + 1)]
    terms = [(c, name) for c, name in zip(polynomial.coeffs(), names, strict=True) if c != 0]
    return sum_text(terms[::-1])
