"""Claims about composed schedules: the tree of joins in place of a list of steps.

The weight of a composition (`pepkit.kernel.joins`) gives the rate. It is the exact worst case: for m = 0 a
Huber function attains it, for m > 0 a quadratic (docs/mathematics-joins.md, sections 4 and 7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any

from pepkit.kernel.claims import (
    DIMENSION_OF_L,
    Claim,
    InitialCondition,
    Measure,
    SmoothFunctionClass,
)
from pepkit.kernel.errors import ClaimError
from pepkit.kernel.joins import Block, Instruction, Program
from pepkit.kernel.numbers import Field
from pepkit.kernel.statement import Statement

__all__ = ["MEASURES", "CompositionClaim", "derived_rate"]

_F, _G, _SMALLEST, _X = (
    Measure.FUNCTION_VALUE,
    Measure.GRADIENT_NORM,
    Measure.SMALLEST_GRADIENT_NORM,
    Measure.DISTANCE,
)

MEASURES: dict[tuple[str, bool], tuple[tuple[Measure, InitialCondition], ...]] = {
    ("s", True): (
        (_F, InitialCondition.DISTANCE),
        (_G, InitialCondition.DISTANCE),
        (_SMALLEST, InitialCondition.DISTANCE),
    ),
    ("f", True): ((_F, InitialCondition.DISTANCE),),
    ("g", True): ((_G, InitialCondition.FUNCTION_VALUE), (_SMALLEST, InitialCondition.FUNCTION_VALUE)),
    ("f", False): ((_F, InitialCondition.DISTANCE),),
    ("g", False): ((_G, InitialCondition.FUNCTION_VALUE),),
    ("closed", False): ((_X, InitialCondition.DISTANCE),),
}
"""(kind of schedule, whether mu = 0) -> the pairs of measure and initial condition that its weight decides."""


def derived_rate(block: Block, convex: bool, measure: Measure, initial: InitialCondition) -> Any:
    """The worst case of a composed schedule, from its weight; ClaimError where the weight does not decide it."""
    pairs = MEASURES.get((block.kind, convex), ())
    if (measure, initial) not in pairs:
        known = "; ".join(f"{a.value} over {b.value}" for a, b in pairs) or "none: close it, or make it part of a join"
        raise ClaimError(
            f"a schedule of kind {block.kind} proves nothing about {measure.value} over {initial.value}; "
            f"it decides {known}"
        )
    weight = block.weight
    if block.kind == "s":
        return 1 / (4 * weight - 2) if measure is _F else 1 / (weight * weight)
    if block.kind == "closed":
        return weight * weight
    return 1 / (2 * weight) if measure is _F else 2 / weight


@dataclass(frozen=True)
class CompositionClaim(Claim):
    """The worst case of gradient descent with a composed schedule, on F_{mu,L} with 0 <= mu < L.

    Says: for every real inner-product space, every f in the class with a minimiser x_*, and every start,
    gradient descent x_{i+1} = x_i - (h_i/L) grad f(x_i) with the steps h_i of the composition satisfies
    measure <= rate * L^a * initial, as in `MethodClaim`.

    Raises
    ------
    ClaimError
        A class that is not 0 <= mu < L, L <= 0, a malformed program.
    """

    field: Field
    function_class: SmoothFunctionClass
    instructions: tuple[Instruction, ...]
    measure: Measure = Measure.FUNCTION_VALUE
    initial: InitialCondition = InitialCondition.DISTANCE
    rate: Any = None
    program: Program = dataclass_field(init=False, repr=False, compare=False)
    convex: bool = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        coerce, sign = self.field.coerce, self.field.sign
        ratio = coerce(self.function_class.mu_over_L)
        if sign(ratio) < 0 or sign(ratio - 1) >= 0:
            raise ClaimError(f"compositions are about 0 <= mu < L, but mu/L = {self.field.text(ratio)}")
        smoothness = self.function_class.L
        smoothness = smoothness if smoothness is None else coerce(smoothness)
        if smoothness is not None and sign(smoothness) <= 0:
            raise ClaimError(f"L must be positive, but L = {self.field.text(smoothness)}")
        object.__setattr__(self, "function_class", SmoothFunctionClass(ratio, smoothness))
        object.__setattr__(self, "program", Program(tuple(tuple(i) for i in self.instructions)))
        object.__setattr__(self, "instructions", self.program.instructions)
        object.__setattr__(self, "convex", sign(ratio) == 0)
        if self.rate is not None:
            object.__setattr__(self, "rate", coerce(self.rate))
        if self.steps < 1:
            raise ClaimError("the composed schedule has no steps")

    @cached_property
    def steps(self) -> int:
        """N."""
        return self.program.steps

    @property
    def power_of_L(self) -> int:
        """The exponent a in rate * L^a."""
        return DIMENSION_OF_L[self.measure] - DIMENSION_OF_L[self.initial]

    @property
    def has_minimiser(self) -> bool:
        """Always: compositions are about convex functions with a minimiser."""
        return True

    def with_rate(self, rate: Any) -> CompositionClaim:
        return replace(self, rate=rate)

    def statement(self) -> Statement:
        raise ClaimError(
            "a claim about a composition is proved by its tree and has no list of hypotheses; expand the schedule "
            "and state a claim about its steps instead"
        )
