"""How coefficients of a foreign problem are read: exact numbers as they are, floats in one stated way.

`pepkit.exact` returns floats that carry an exact number (see `pepkit.algebra.expression.Real`), so exact
numbers survive the arithmetic of libraries that know only int and float. Whatever arrives here as a plain
float was rounded or given as one; `NumberReader` reads all of them in the same way and counts them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from flint import fmpq

from pepkit.algebra import exact, realise
from pepkit.algebra.expression import Real
from pepkit.kernel import RATIONALS, ClaimError, Field
from pepkit.rounding.relaxed import simplest_between

__all__ = ["READINGS", "NumberReader"]

READINGS = ("dyadic", "decimal", "simplest")
_WORDS = {
    "dyadic": "were taken as the dyadic numbers that they are",
    "decimal": "were read as the shortest decimals that print them",
    "simplest": "were read as the simplest fractions that round to them",
}


class NumberReader:
    """Reads coefficients; rational ones become ``fmpq`` at once, others stay `Real` until `realise`."""

    def __init__(self, reading: str) -> None:
        if reading not in READINGS:
            raise ClaimError(f"unknown reading of floats {reading!r}; known are {', '.join(READINGS)}")
        self.reading = reading
        self._floats: dict[float, fmpq] = {}
        self._mixed: dict[fmpq, fmpq] = {}
        self._irrational: list[Real] = []
        self.rounded = 0

    def __call__(self, value: Any) -> Any:
        """An fmpq, or a Real that is not rational."""
        if isinstance(value, Real):
            if value.is_rational:
                return self._of_floats(value) if value.rounded else value.value
            self.rounded += value.rounded
            self._irrational.append(value)
            return value
        if isinstance(value, int):
            return fmpq(value)
        if type(value).__module__ == "numpy" and getattr(value, "dtype", None) is not None and value.dtype.kind in "iu":
            return fmpq(int(value))
        number = float(value)
        known = self._floats.get(number)
        if known is None:
            known = self._floats[number] = self._read(number)
        return known

    def _of_floats(self, number: Real) -> fmpq:
        """An exact number into which plain floats went."""
        known = self._mixed.get(number.value)
        if known is None:
            known = self._mixed[number.value] = self._chosen(float(number), number.value)
        return known

    def _read(self, number: float) -> fmpq:
        return self._chosen(number, exact(number).value)

    def _chosen(self, number: float, value: fmpq) -> fmpq:
        """The reading of a float; one that is a simple fraction itself (0.5) reads the same in every way."""
        low, high = _rounding_interval(number)
        simple = simplest_between(low, high)
        simplest = fmpq(simple.numerator, simple.denominator)
        if simplest == value:
            return value
        self.rounded += 1
        if self.reading == "decimal":
            return exact(repr(number)).value
        return simplest if self.reading == "simplest" else value

    def realise(self) -> tuple[Field, Callable[[Any], Any]]:
        """The field of all numbers read, and the function that takes sums of them into it."""
        if not self._irrational:
            return RATIONALS, lambda value: value.value if isinstance(value, Real) else fmpq(value)
        nodes: list[Real] = []
        number_field, _ = realise(self._irrational)

        def convert(value: Any) -> Any:
            if not isinstance(value, Real):
                return number_field.coerce(value)
            nodes.append(value)
            # sums of numbers of the field; the order of adjunction is that of the first realisation
            field, values = realise([*self._irrational, value])
            if field != number_field:
                raise ClaimError("the irrational numbers of the problem do not lie in one field")
            return values[-1]

        return number_field, convert

    def notes(self) -> tuple[str, ...]:
        """Sentences about how floats were read."""
        if not self.rounded:
            return ("All coefficients are exact.",)
        return (
            f"{self.rounded} plain float coefficient(s) {_WORDS[self.reading]}; the theorem is about these numbers. "
            "Use pepkit.exact (and pepkit.sqrt) for numbers that are meant exactly.",
        )


def _rounding_interval(number: float) -> tuple[Fraction, Fraction]:
    """Numbers within two units in the last place, where sums and quotients of a few floats still lie."""
    import math

    centre, radius = Fraction(number), 2 * Fraction(math.ulp(number))
    return centre - radius, centre + radius
