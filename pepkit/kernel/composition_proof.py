"""Proofs of claims about compositions: the weight of the tree, in a field or in intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from flint import fmpq, fmpz

from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.composition import CompositionClaim, derived_rate
from pepkit.kernel.errors import CertificateError, ClaimError, UndecidedError
from pepkit.kernel.joins import EnclosedRoots, GivenRoots, evaluate
from pepkit.kernel.numbers import Field
from pepkit.kernel.radicals import PRECISION_LIMIT, Enclosed, RadicalField

__all__ = ["CompositionProof"]

FIRST_PRECISION = 256
_LOWER_BITS = 96


@dataclass(frozen=True)
class CompositionProof:
    """A proof of a `CompositionClaim`: nothing, or the roots of its joins as elements of the field.

    Parameters
    ----------
    claim
        What is proved; its rate is set.
    roots
        None: the kernel encloses all numbers and proves the rate as an upper bound. Otherwise the number
        that each of the joins s, f, g defines (K, theta or, for mu > 0, z and y), in the order of the program; the
        kernel verifies the equation that defines it and computes in the field.
    provenance
        How the schedule was found. Not believed.
    """

    claim: CompositionClaim
    roots: tuple[Any, ...] | None = None
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the rate is smaller than the worst case."""
        if self.claim.rate is None:
            raise ClaimError("the claim states no rate")
        return self._enclosed() if self.roots is None else self._exact(self.roots)

    def _exact(self, values: tuple[Any, ...]) -> Conclusion:
        claim, number_field = self.claim, self.claim.field
        roots = GivenRoots(number_field, values)
        one = number_field.coerce(1)
        block = evaluate(claim.program, claim.function_class.mu_over_L * one, claim.convex, roots)
        roots.finish()
        worst = derived_rate(block, claim.convex, claim.measure, claim.initial)
        sign = number_field.sign(claim.rate - worst)
        if sign < 0:
            raise CertificateError(f"the worst case is {number_field.text(worst)[:80]}, larger than the claimed rate")
        return Conclusion(
            claim, claim.rate, worst, sign == 0, self._checks(f"{len(values)} joining numbers are verified")
        )

    def _enclosed(self) -> Conclusion:
        precision = FIRST_PRECISION
        while True:
            try:
                theorem = self._at(precision)
            except UndecidedError:
                theorem = None
            if theorem is not None:
                return theorem
            precision *= 2
            if precision > PRECISION_LIMIT:
                raise UndecidedError(
                    f"at {PRECISION_LIMIT} bits the rate is not told from the worst case; if they are equal, state "
                    "the roots of the joins, or a slightly larger rate"
                )

    def _at(self, precision: int) -> Conclusion | None:
        claim, number_field = self.claim, self.claim.field
        arithmetic = RadicalField((), precision)
        m = _interval(arithmetic, number_field, claim.function_class.mu_over_L)
        block = evaluate(claim.program, m, claim.convex, EnclosedRoots(arithmetic))
        worst = arithmetic.coerce(derived_rate(block, claim.convex, claim.measure, claim.initial))
        if worst.exact is not None:
            sign = number_field.sign(claim.rate - worst.exact)
            if sign < 0:
                raise CertificateError("the worst case is larger than the claimed rate")
            lower = number_field.coerce(worst.exact)
            return Conclusion(claim, claim.rate, lower, sign == 0, self._checks("all numbers are rational"))
        low, high = number_field.scaled_enclosure(claim.rate, precision)
        if high < worst.low:
            raise CertificateError("the worst case is larger than the claimed rate")
        if low < worst.high:
            return None
        # a short rational lower bound: the leading bits are all that a reader can use
        cut = max(worst.low.bit_length() - _LOWER_BITS, 0)
        lower = number_field.coerce(fmpq(fmpz(worst.low >> cut << cut), fmpz(1) << precision))
        checks = self._checks(f"all numbers are enclosed at {precision} bits")
        return Conclusion(claim, claim.rate, lower, False, checks)

    def _checks(self, numbers: str) -> tuple[str, ...]:
        claim = self.claim
        extremal = "a Huber function" if claim.convex else "a quadratic"
        return (
            f"{len(claim.instructions)} joins compose {claim.steps} steps",
            numbers,
            f"the lower bound is attained by {extremal}",
        )


def _interval(arithmetic: RadicalField, number_field: Field, value: Any) -> Enclosed:
    if isinstance(value, fmpq):
        return arithmetic.rational(value)
    low, high = number_field.scaled_enclosure(value, arithmetic.precision)
    return Enclosed(arithmetic, low, high)
