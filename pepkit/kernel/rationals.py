"""The rationals, what the kernel asks of any field of real numbers, and numbers as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from math import gcd
from typing import Any, Protocol

from flint import fmpq, fmpz

from pepkit.kernel.errors import ClaimError, FormatError

__all__ = [
    "MAX_DIGITS",
    "RATIONALS",
    "Field",
    "Rationals",
    "approximate_text",
    "common_denominator",
    "factor_text",
    "floor_ceiling",
    "rational_from_text",
    "rational_text",
    "sum_text",
]

MAX_DIGITS = 6000
"""Longest numerator or denominator, in decimal digits, that is read from a file."""

_RATIONAL = re.compile(r"(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?", re.ASCII)


def rational_from_text(text: object) -> fmpq:
    """Read ``"p"`` or ``"p/q"`` in lowest terms.

    Raises FormatError for anything else: floats, other spellings of the same number, numbers with
    more than `MAX_DIGITS` digits. One number has one spelling, so files can be hashed.
    """
    if not isinstance(text, str):
        raise FormatError(f"an exact number is a string like '-3/7', not {type(text).__name__}")
    if len(text) > 2 * MAX_DIGITS + 2:
        raise FormatError(f"a number with {len(text)} characters exceeds the limit of {MAX_DIGITS} digits")
    match = _RATIONAL.fullmatch(text)
    if match is None:
        raise FormatError(f"not an exact rational number in lowest terms: {text[:60]!r}")
    numerator, denominator = match.groups()
    if max(len(numerator), len(denominator or "")) > MAX_DIGITS + 1:
        raise FormatError(f"a number has more than {MAX_DIGITS} digits")
    # fmpz reads long decimals without the digit limit of int()
    value = fmpq(fmpz(numerator), fmpz(denominator)) if denominator else fmpq(fmpz(numerator))
    if denominator is not None and (denominator == "1" or str(value.q) != denominator):
        raise FormatError(f"not in lowest terms: {text[:60]!r}")
    return value


def rational_text(value: fmpq) -> str:
    """The one spelling of a rational that `rational_from_text` reads."""
    return str(value.p) if value.q == 1 else f"{value.p}/{value.q}"


class Field(Protocol):
    """What the kernel asks of a field of real numbers."""

    def coerce(self, value: Any) -> Any:
        """The element equal to an int, an fmpq or an element; ClaimError otherwise."""

    def sign(self, value: Any) -> int:
        """-1, 0 or 1; exact. Raises UndecidedError where the field cannot decide."""

    def scaled_enclosure(self, value: Any, bits: int) -> tuple[int, int]:
        """Integers lo <= 2**bits * value <= hi, with hi - lo small. `bits` may be negative."""

    def read(self, data: object) -> Any:
        """The element written in a file as `data`."""

    def write(self, value: Any) -> Any:
        """The JSON form of an element."""

    def text(self, value: Any) -> str:
        """The element in words, such as ``-13/62 + 5*sqrt(2)/31``."""

    def description(self) -> dict[str, Any]:
        """The JSON form of the field itself."""


def floor_ceiling(numerator: int, denominator: int, bits: int) -> tuple[int, int]:
    """The floor and the ceiling of 2**bits * numerator / denominator."""
    if bits >= 0:
        numerator <<= bits
    else:
        denominator <<= -bits
    low, remainder = divmod(numerator, denominator)
    return low, low + (1 if remainder else 0)


class Rationals:
    """The field Q. Elements are ``fmpq``."""

    degree = 1

    def coerce(self, value: Any) -> fmpq:
        if isinstance(value, fmpq):
            return value
        if isinstance(value, (int, fmpz)) and not isinstance(value, bool):
            return fmpq(value)
        raise ClaimError(f"not a rational number: {value!r}")

    def sign(self, value: Any) -> int:
        numerator = fmpq(value).p
        return int(numerator > 0) - int(numerator < 0)

    def scaled_enclosure(self, value: Any, bits: int) -> tuple[int, int]:
        value = fmpq(value)
        return floor_ceiling(int(value.p), int(value.q), bits)

    def read(self, data: object) -> fmpq:
        return rational_from_text(data)

    def write(self, value: Any) -> str:
        return rational_text(fmpq(value))

    def text(self, value: Any) -> str:
        return rational_text(fmpq(value))

    def description(self) -> dict[str, Any]:
        return {"kind": "rationals"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rationals)

    def __hash__(self) -> int:
        return hash(Rationals)

    def __repr__(self) -> str:
        return "Q"


RATIONALS = Rationals()


def sum_text(terms: Sequence[tuple[fmpq, str]]) -> str:
    """The sum of coefficients times names, such as ``-13/62 + 5*sqrt(2)/31``."""
    parts: list[str] = []
    for coefficient, name in terms:
        if coefficient == 0:
            continue
        numerator, denominator = abs(coefficient.p), coefficient.q
        body = name if name and numerator == 1 else f"{numerator}*{name}" if name else str(numerator)
        if denominator != 1:
            body += f"/{denominator}"
        negative = coefficient < 0
        parts.append((" - " if negative else " + ") + body if parts else ("-" if negative else "") + body)
    return "".join(parts) or "0"


def factor_text(text: str, divisor: bool = False) -> str:
    """The text of a number as a factor or a divisor beside other text: in parentheses where it needs them."""
    return f"({text})" if " " in text or (divisor and ("/" in text or "*" in text)) else text


def approximate_text(numerator: int, bits: int, digits: int) -> str:
    """numerator / 2**bits rounded to `digits` significant decimals, for people."""
    context = Context(prec=digits)
    return f"{context.divide(Decimal(numerator), Decimal(1 << bits)).normalize(context):g}"


def common_denominator(values: Sequence[fmpq]) -> int:
    """Least common multiple of the denominators."""
    result = 1
    for value in values:
        denominator = int(value.q)
        result *= denominator // gcd(result, denominator)
    return result
