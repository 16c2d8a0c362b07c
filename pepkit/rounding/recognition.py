"""Numbers of a field from many of their digits: continued fractions for Q, lattice reduction for number fields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import flint
from flint import arb, fmpq, fmpz_mat

from pepkit.kernel import RATIONALS, Field, Number, NumberField
from pepkit.rounding.relaxed import simplest_between

__all__ = ["BITS", "CLOSE", "ball", "binary_logarithm", "each_recognised", "recognised"]

BITS = 640
"""Working precision."""
CLOSE = 480
"""Bits to which the equations must hold, and numbers must agree with what is recognised."""
HEIGHT = 1 << 200
"""Largest numerators and denominators that count as recognised."""


def ball(value: Any) -> arb:
    """A coefficient as a ball at the working precision."""
    if not isinstance(value, Number):
        return arb(value)
    low, high = value.field.scaled_enclosure(value, 2 * BITS)
    return arb(fmpq(low + high, 2)) / arb(2) ** (2 * BITS)


def binary_logarithm(value: arb) -> float:
    """log_2 of a positive number that may be far below the smallest float."""
    return float((value.log() / arb(2).log()).mid())


def recognised(numbers: Sequence[arb], base: Field) -> tuple[Field, list[Any]] | None:
    """All numbers in the field of the claim or, if that is Q, in one real quadratic field; None otherwise."""
    with flint.ctx.workprec(BITS):
        if isinstance(base, NumberField):
            powers = [ball(base.generator**k) for k in range(base.degree)]
            inside = [_combination(v, powers, base) for v in numbers]
            return None if any(v is None for v in inside) else (base, inside)
        rationals = [_rational(v) for v in numbers]
        missing = [v for v, r in zip(numbers, rationals, strict=True) if r is None]
        if not missing:
            return RATIONALS, rationals
        for radicand in _radicands(missing[:3]):
            low = math.isqrt(radicand)
            field = NumberField([-radicand, 0, 1], (low, low + 1))
            powers = [arb(1), arb(radicand).sqrt()]
            found = [
                r if r is not None else _combination(v, powers, field) for v, r in zip(numbers, rationals, strict=True)
            ]
            if all(f is not None for f in found):
                return field, [field.coerce(f) for f in found]
    return None


def each_recognised(numbers: Sequence[arb], field: Field) -> list[Any | None]:
    """The numbers that are recognised in the field, and None for the others."""
    with flint.ctx.workprec(BITS):
        if not isinstance(field, NumberField):
            return [_rational(v) for v in numbers]
        powers = [ball(field.generator**k) for k in range(field.degree)]
        return [_combination(v, powers, field) for v in numbers]


def _fraction(value: arb) -> Fraction:
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _rational(value: arb) -> fmpq | None:
    """The rational of moderate height that the number agrees with."""
    middle = _fraction(value)
    radius = Fraction(1, 1 << CLOSE)
    found = simplest_between(middle - radius, middle + radius)
    if found.denominator > HEIGHT or abs(found.numerator) > HEIGHT:
        return None
    return fmpq(found.numerator, found.denominator)


def _relation(values: Sequence[arb]) -> list[int] | None:
    """Small integers whose combination of the values vanishes."""
    shift = arb(2) ** CLOSE
    columns = [int((v * shift).mid().floor().unique_fmpz() or 0) for v in values]
    count = len(values)
    rows = [[1 if i == j else 0 for j in range(count)] + [columns[i]] for i in range(count)]
    reduced = fmpz_mat(rows).lll()
    first = [int(reduced[0, j]) for j in range(count + 1)]
    # a relation that means something is far shorter than what any numbers satisfy
    if max(abs(a) for a in first[:count]) > 1 << (CLOSE // (count + 1)) or abs(first[count]) > 1 << 80:
        return None
    return first[:count]


def _radicands(values: Sequence[arb]) -> Iterator[int]:
    """Squarefree d such that a value lies in Q(sqrt d)."""
    seen = set()
    for value in values:
        relation = _relation([arb(1), value, value * value])
        if relation is None or not relation[2]:
            continue
        c, b, a = relation
        radicand = b * b - 4 * a * c
        if radicand <= 0:
            continue
        for factor in range(2, 2000):
            while radicand % (factor * factor) == 0:
                radicand //= factor * factor
        if radicand > 1 and math.isqrt(radicand) ** 2 != radicand and radicand not in seen:
            seen.add(radicand)
            yield radicand


def _combination(value: arb, powers: Sequence[arb], field: NumberField) -> Any:
    """The element of the field, with powers of its generator as balls, that the number agrees with."""
    simple = _rational(value)
    if simple is not None:
        return field.coerce(simple)
    relation = _relation([*powers, value])
    if relation is None or not relation[-1]:
        return None
    total = field.coerce(0)
    for k, weight in enumerate(relation[:-1]):
        total = total + field.generator**k * fmpq(-weight, relation[-1])
    return total
