"""Straightforward stepsize patterns: a claim about one pass of a pattern that is repeated for ever.

A pattern h = (h_0, .., h_{t-1}) with sum S is *straightforward with threshold* D > 0 (Grimmer 2307.06324) if for
every delta in [0, D] and every 1-smooth convex f with minimiser x_*,

    f(x_0) - f_* <= delta R^2 and |x_0 - x_*| <= R   imply   f(x_t) - f_* <= (delta - S delta^2) R^2.

One pass shortens the gap delta to delta - S delta^2, so T = k t steps of the repeated pattern leave at most
R^2/(k S + 1/delta_0) where delta_0 <= D, that is (t/S) R^2/T + O(1/T^2), with R the largest distance to x_*
of a point x with f(x) <= f(x_0).
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from pepkit.kernel import reading
from pepkit.kernel.claims import Claim, GradientDescent, MethodClaim, SmoothFunctionClass
from pepkit.kernel.errors import ClaimError
from pepkit.kernel.numbers import Field, NumberField, Rationals
from pepkit.kernel.rationals import factor_text
from pepkit.kernel.statement import Statement

__all__ = ["StraightforwardClaim", "pattern_sentence", "read_straightforward", "write_straightforward"]


@dataclass(frozen=True)
class StraightforwardClaim(Claim):
    """The pattern `steps` is straightforward with threshold `threshold` on L-smooth convex functions.

    Parameters
    ----------
    field
        Q or a real number field; over radical programs the required equalities cannot be decided.
    steps
        h_0, .., h_{t-1} in units of 1/L, with a positive sum S.
    threshold
        The largest delta of the definition, with 0 < 2 S threshold <= 1: beyond 1/(2S) the bound
        delta - S delta^2 falls with delta and the definition cannot hold.

    `rate` is t/S, the constant of the rate L R^2/T of the repeated pattern; it follows from the steps.

    Raises
    ------
    ClaimError
        No steps, a sum or a threshold that is not positive, a threshold above 1/(2S).
    """

    field: Field
    steps: tuple[Any, ...]
    threshold: Any
    rate: Any = dataclass_field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.field, (Rationals, NumberField)):
            raise ClaimError("the steps of a straightforward pattern are rationals or elements of a number field")
        # MethodClaim checks the number of steps and coerces them
        claim = MethodClaim(self.field, SmoothFunctionClass(), GradientDescent(self.steps))
        steps = claim.method.steps if isinstance(claim.method, GradientDescent) else ()
        threshold = self.field.coerce(self.threshold)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "threshold", threshold)
        total = self.total
        if self.field.sign(total) <= 0:
            raise ClaimError(f"the steps of a pattern have a positive sum, this one is {self.field.text(total)}")
        if self.field.sign(threshold) <= 0:
            raise ClaimError(f"the threshold of a pattern is positive, not {self.field.text(threshold)}")
        if self.field.sign(2 * total * threshold - 1) > 0:
            raise ClaimError(
                f"the threshold {self.field.text(threshold)} exceeds 1/(2S) = {self.field.text(1 / (2 * total))}, "
                "where the bound delta - S delta^2 is largest; take a smaller one"
            )
        object.__setattr__(self, "rate", len(steps) / total)

    @property
    def total(self) -> Any:
        """S, the sum of the steps."""
        total = self.field.coerce(0)
        for h in self.steps:
            total = total + h
        return total

    def statement(self) -> Statement:
        """Refused: the claim is about every delta in an interval, and no bound on one measure says that."""
        raise ClaimError("a straightforward pattern is proved by two sets of multipliers, not by one")

    def one_pass(self) -> Statement:
        """Points, vectors and interpolation conditions of the t steps; its conclusion is not that of the claim."""
        return MethodClaim(self.field, SmoothFunctionClass(), GradientDescent(self.steps)).statement()

    def with_rate(self, rate: Any) -> StraightforwardClaim:
        raise ClaimError("the rate of a straightforward pattern follows from its steps")


def read_straightforward(number_field: Field, data: dict[str, Any]) -> StraightforwardClaim:
    """The claim in a JSON object."""
    reading.fields(data, "the claim", ("kind", "steps", "threshold"))
    steps = tuple(number_field.read(h) for h in reading.items(data["steps"], "steps"))
    return StraightforwardClaim(number_field, steps, number_field.read(data["threshold"]))


def write_straightforward(claim: StraightforwardClaim) -> dict[str, Any]:
    """The members of the JSON object of a claim."""
    write = claim.field.write
    return {"steps": [write(h) for h in claim.steps], "threshold": write(claim.threshold)}


def pattern_sentence(claim: StraightforwardClaim) -> str:
    """The theorem in words."""
    text = claim.field.text
    shown = ", ".join(text(h) for h in claim.steps[:15]) + (", ..." if len(claim.steps) > 15 else "")
    count, total, rate = len(claim.steps), text(claim.total), factor_text(text(claim.rate))
    return "\n".join(
        [
            "Theorem. Let f be L-smooth convex on a real inner-product space, with a minimiser x_*, and R > 0.",
            f"The stepsize pattern h = ({shown}) of length {count} and sum {total} is straightforward",
            f"with threshold {text(claim.threshold)}: for every delta in [0, {text(claim.threshold)}],",
            "f(x_0) - f(x_*) <= delta L R^2 and |x_0 - x_*| <= R imply",
            f"f(x_{count}) - f(x_*) <= (delta - {factor_text(total)} delta^2) L R^2.",
            f"Repeated, with T a multiple of {count}, it gives f(x_T) - f(x_*) <= {rate} L R^2/T + O(1/T^2),",
            "R the largest distance to x_* of a point x with f(x) <= f(x_0).",
        ]
    )
