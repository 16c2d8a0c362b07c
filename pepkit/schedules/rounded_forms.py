"""Closed-form certificates with rational multipliers, for compositions whose numbers lie in no small field.

The multipliers of the closed form are computed in intervals and rounded beside an explicit definite combination of
inequalities (`pepkit.rounding.definite`): no solver, any number of steps, and a rational rate that is larger than the
worst case by a relative excess of at most 10^-9.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpz

from pepkit.algebra import exact, realise
from pepkit.kernel import (
    Certificate,
    ClaimError,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    RadicalField,
    SmoothFunctionClass,
    UndecidedError,
)
from pepkit.kernel.composition import derived_rate
from pepkit.rounding.definite import DEFINITE_TOLERANCE, definite_certificate
from pepkit.rounding.settings import Progress, RoundingError, silent
from pepkit.schedules.closed_forms import flat_multipliers
from pepkit.schedules.composition import Composition
from pepkit.schedules.composition_proofs import measures

__all__ = ["midpoint", "rounded_flat_certificate"]

_PRECISIONS = (512, 1024, 2048, 4096)


def midpoint(value: Any) -> fmpq:
    """The exact value of an enclosed number, or the middle of its interval."""
    if value.exact is not None:
        return fmpq(value.exact)
    return fmpq(fmpz(value.low + value.high), fmpz(2) << value.field.precision)


def rounded_flat_certificate(
    composition: Composition,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    initial: InitialCondition | None = None,
    tolerance: fmpq = DEFINITE_TOLERANCE,
    progress: Progress = silent,
) -> Certificate:
    """A certificate of a composition that the kernel has accepted; parameters as in `flat_certificate`.

    Raises
    ------
    ClaimError
        Where the tree does not decide this measure.
    RoundingError
        Where the numbers need more than 4096 bits.
    """
    ratio = exact(mu)
    convex = ratio.is_rational and ratio.value == 0
    if measure is None or initial is None:
        measure, initial = measures(composition, convex)[0]
    if measure is Measure.SMALLEST_GRADIENT_NORM:
        raise ClaimError(
            "the smallest gradient norm has no rounded flat certificate; use the composition proof, or gradient-norm"
        )
    given = [ratio, *([] if L is None else [exact(L)]), *composition.numbers(ratio)]
    field, values = realise(given)
    constant = None if L is None else values[1]
    steps = tuple(values[1 if L is None else 2 :])
    claim = MethodClaim(field, SmoothFunctionClass(values[0], constant), GradientDescent(steps), measure, initial)
    failure: Exception | None = None
    for precision in _PRECISIONS:
        arithmetic = RadicalField((), precision)
        # an irrational mu/L enters by a rational number next to it: only the rounding sees it
        low, high = field.scaled_enclosure(values[0], precision)
        m = ratio.value if ratio.is_rational else fmpq(fmpz(low + high), fmpz(2) << precision)
        try:
            weights = composition.weights(m, arithmetic)
            closed = flat_multipliers(composition, weights, arithmetic.coerce(m), convex, measure)["interpolation"]
            rate = midpoint(arithmetic.coerce(derived_rate(weights.block, convex, measure, initial)))
            multipliers = {index: midpoint(arithmetic.coerce(value)) for index, value in closed.items()}
            return definite_certificate(
                claim,
                multipliers,
                rate,
                tolerance=tolerance,
                provenance={"schedule": composition.name},
                progress=progress,
            )
        except (UndecidedError, RoundingError) as error:
            failure = error
    raise RoundingError(f"the closed form of {composition.name} was not rounded: {failure}")
