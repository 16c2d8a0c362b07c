"""Numbers of a certificate as integer coordinates in a ring that Coq computes in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from pepkit.kernel import Field, Number, NumberField, RadicalField
from pepkit.proof_assistant.errors import ExportError

__all__ = ["Ring", "common_denominator", "largest_bits", "ring_of"]


@dataclass(frozen=True)
class Ring:
    """The ring of numbers a_0 + a_1 alpha + ... + a_(width-1) alpha^(width-1), alpha = factor * theta.

    `relation` has the integers r_k of alpha^width = r_0 + r_1 alpha + ...; `radicand` is d where alpha is the positive
    square root of a positive integer d, and None otherwise. Width 1 are the integers.
    """

    field: Field
    width: int = 1
    factor: int = 1
    relation: tuple[int, ...] = ()
    radicand: int | None = None

    @property
    def general(self) -> bool:
        """Whether alpha is known by an interval and an equation, and not as a square root."""
        return self.width > 1 and self.radicand is None

    def coordinates(self, value: Any) -> list[fmpq]:
        """The rational coordinates of a number in powers of alpha."""
        value = self.field.coerce(value)
        if not isinstance(value, Number):
            return [fmpq(value)]
        coefficients = list(value.polynomial.coeffs())
        coefficients += [fmpq(0)] * (self.width - len(coefficients))
        return [c / fmpq(self.factor) ** k for k, c in enumerate(coefficients)]

    def integers(self, value: Any) -> list[int]:
        """The coordinates of a number whose coordinates are integers."""
        return [_integer(c) for c in self.coordinates(value)]

    def real(self, value: Any) -> str:
        """The number as a term of Coq's real numbers."""
        coordinates = self.coordinates(value)
        if not any(coordinates[1:]):
            text = _rational(coordinates[0])
            return f"({text})" if text.startswith("-") else text
        terms = [_rational(coordinates[0])] if coordinates[0] else []
        for k, c in enumerate(coordinates):
            if k and c:
                power = self.generator if k == 1 else f"{self.generator}^{k}"
                terms.append(power if c == 1 else f"{_rational(c)} * {power}")
        return f"({' + '.join(terms)})"

    @property
    def generator(self) -> str:
        """alpha as a term of Coq's real numbers."""
        return "alpha" if self.radicand is None else f"sqrt {self.radicand}"

    def interval(self, bits: int) -> tuple[int, int]:
        """Integers low <= 2^bits * alpha <= high, as close as the field gives them."""
        if not isinstance(self.field, NumberField):
            raise ExportError("the rational numbers have no generator")
        return self.field.scaled_enclosure(self.field.generator * self.factor, bits)


def ring_of(field: Field) -> Ring:
    """The ring for a field. Raises ExportError for radical fields, whose numbers have no coordinates."""
    if isinstance(field, RadicalField):
        raise ExportError(
            "the numbers of this certificate are given by a program of radicals, which the Coq theory does not read; "
            "write the claim in a number field (one primitive element) to prove it with Coq"
        )
    if not isinstance(field, NumberField):
        return Ring(field)
    coefficients = list(field.polynomial.coeffs())
    width = field.degree
    factor = math.lcm(*(int(c.q) for c in coefficients))
    relation = tuple(_integer(-c * fmpq(factor) ** (width - k)) for k, c in enumerate(coefficients[:-1]))
    radicand = None
    if width == 2 and relation[1] == 0 and field.sign(field.generator) > 0:
        radicand = relation[0]
    return Ring(field, width, factor, relation, radicand)


def common_denominator(ring: Ring, values: Iterable[Any]) -> int:
    """The least positive integer d such that d * value has integer coordinates for all values."""
    result = 1
    for value in values:
        result = math.lcm(result, *(int(c.q) for c in ring.coordinates(value)))
    return result


def largest_bits(ring: Ring, values: Sequence[Any]) -> int:
    """Binary digits of the largest coordinate of the values."""
    return max((abs(int(c.p)).bit_length() for value in values for c in ring.coordinates(value)), default=0)


def _integer(value: fmpq) -> int:
    if value.q != 1:
        raise ExportError(f"a coordinate is not an integer: {value}")
    return int(value.p)


def _rational(value: fmpq) -> str:
    return str(int(value.p)) if value.q == 1 else f"{int(value.p)}/{int(value.q)}"
