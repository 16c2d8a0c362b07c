"""Claims about a stepsize schedule that the composition calculus uses: primitive, dominant, g-bounded, composable.

Let h_0, .., h_{n-1} be steps with sum H > 0, f 1-smooth and convex, x_{i+1} = x_i - h_i g_i, g_i = grad f(x_i).

- *primitive*: sum_{i<n} h_i (f_i - f_n) - sum_{i<n} h_i (h_i - 1)/2 |g_i|^2 - H (H + 1)/2 |g_n|^2 >= 0 for every f;
- *dominant*: f_n - f_* <= |x_0 - x_*|^2 / (2 (2H + 1)) for every f with a minimiser x_*;
- *g-bounded*: |g_n|^2 <= 2 (f_0 - f_*) / (2H + 1) for every f with a minimiser x_*.

A primitive schedule is *s-composable* if 1/(1 + H) = prod (h_i - 1), a dominant one *f-composable*, and a g-bounded one
*g-composable*, if 1/(1 + 2H) = prod (h_i - 1)^2: then both a linear function and the quadratic |x|^2/2 make the
inequality an equality, and the joins of Grimmer, Shu, Wang 2410.16249 and Zhang, Jiang 2410.12395 apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.claims import (
    Claim,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
    interpolation_conditions,
)
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.numbers import Field, NumberField, Rationals
from pepkit.kernel.statement import Form, Statement, Vector

__all__ = [
    "ScheduleProperty",
    "SchedulePropertyClaim",
    "property_sentence",
    "read_schedule_property",
    "write_schedule_property",
]

HALF = fmpq(1, 2)


class ScheduleProperty(Enum):
    """The six properties."""

    PRIMITIVE = "primitive"
    DOMINANT = "dominant"
    G_BOUNDED = "g-bounded"
    S_COMPOSABLE = "s-composable"
    F_COMPOSABLE = "f-composable"
    G_COMPOSABLE = "g-composable"

    @property
    def composable(self) -> bool:
        """Whether the product of h_i - 1 is part of the property."""
        return self.value.endswith("composable")

    @property
    def inequality(self) -> ScheduleProperty:
        """The property without its product."""
        return {
            ScheduleProperty.S_COMPOSABLE: ScheduleProperty.PRIMITIVE,
            ScheduleProperty.F_COMPOSABLE: ScheduleProperty.DOMINANT,
            ScheduleProperty.G_COMPOSABLE: ScheduleProperty.G_BOUNDED,
        }.get(self, self)


@dataclass(frozen=True)
class SchedulePropertyClaim(Claim):
    """The schedule `steps` has the property `name` on L-smooth convex functions.

    Raises
    ------
    ClaimError
        No steps, a sum that is not positive, a field in which equality cannot be decided (composable properties
        only), or steps whose product does not have the value that the composable property needs.
    """

    field: Field
    steps: tuple[Any, ...]
    name: ScheduleProperty
    rate: Any = dataclass_field(init=False, compare=False)

    def __post_init__(self) -> None:
        # MethodClaim checks the number of steps and coerces them
        method = MethodClaim(self.field, SmoothFunctionClass(), GradientDescent(self.steps)).method
        object.__setattr__(self, "steps", method.steps if isinstance(method, GradientDescent) else ())
        total = self.total
        if self.field.sign(total) <= 0:
            raise ClaimError(f"the steps have the sum {self.field.text(total)}, which is not positive")
        inequality = self.name.inequality
        if inequality is ScheduleProperty.PRIMITIVE:
            rate = self.field.coerce(1)
        elif inequality is ScheduleProperty.DOMINANT:
            rate = 1 / (2 * (2 * total + 1))
        else:
            rate = 2 / (2 * total + 1)
        object.__setattr__(self, "rate", rate)
        if self.name.composable:
            self._check_product(total)

    def _check_product(self, total: Any) -> None:
        if not isinstance(self.field, (Rationals, NumberField)):
            raise ClaimError("whether a product equals a sum is not decidable for steps given by a radical program")
        product = self.field.coerce(1)
        for h in self.steps:
            product = product * (h - 1)
        if self.name is ScheduleProperty.S_COMPOSABLE:
            wanted, found, words = 1 / (1 + total), product, "prod (h_i - 1) = 1/(1 + H)"
        else:
            wanted, found, words = 1 / (1 + 2 * total), product * product, "prod (h_i - 1)^2 = 1/(1 + 2H)"
        if wanted != found:
            raise ClaimError(f"the schedule is not {self.name.value}: it does not satisfy {words}")

    @property
    def total(self) -> Any:
        """H, the sum of the steps."""
        total = self.field.coerce(0)
        for h in self.steps:
            total = total + h
        return total

    def with_rate(self, rate: Any) -> SchedulePropertyClaim:
        if rate != self.rate:
            raise ClaimError("the constant of a property of a schedule follows from its steps")
        return self

    def statement(self) -> Statement:
        inequality = self.name.inequality
        if inequality is ScheduleProperty.PRIMITIVE:
            return self._primitive()
        dominant = inequality is ScheduleProperty.DOMINANT
        return MethodClaim(
            self.field,
            SmoothFunctionClass(),
            GradientDescent(self.steps),
            Measure.FUNCTION_VALUE if dominant else Measure.GRADIENT_NORM,
            InitialCondition.DISTANCE if dominant else InitialCondition.FUNCTION_VALUE,
        ).statement()

    def _primitive(self) -> Statement:
        """Points x_0 .. x_n only, positions relative to x_0; rate 1 times sum h_i f_i minus the rest."""
        count = len(self.steps)
        vectors = [Vector(f"g_{i}") for i in range(count + 1)]
        positions: list[int | None] = [None]
        for i, h in enumerate(self.steps):
            before = positions[i]
            terms = ([] if before is None else [(before, fmpq(1))]) + ([(i, -h)] if h else [])
            positions.append(len(vectors))
            vectors.append(Vector(f"x_{i + 1} - x_0", tuple(terms)))
        points = tuple((positions[i], i, i) for i in range(count + 1))
        labels = tuple(f"x_{i}" for i in range(count + 1))
        total = self.total
        squares = {(i, i): h * (h - 1) * HALF for i, h in enumerate(self.steps)}
        squares[(count, count)] = total * (total + 1) * HALF
        return Statement(
            self.field,
            tuple(vectors),
            tuple(f"f_{i}" for i in range(count + 1)),
            (interpolation_conditions(fmpq(0), points, labels),),
            Form(squares, {count: total}),
            Form(linear=dict(enumerate(self.steps))),
            exact=True,
        )


def read_schedule_property(number_field: Field, data: dict[str, Any]) -> SchedulePropertyClaim:
    """The claim in a JSON object."""
    reading.fields(data, "the claim", ("kind", "steps", "property"))
    steps = tuple(number_field.read(h) for h in reading.items(data["steps"], "steps"))
    for member in ScheduleProperty:
        if member.value == data["property"]:
            return SchedulePropertyClaim(number_field, steps, member)
    raise FormatError(f"unknown property of a schedule {str(data['property'])[:40]!r}")


def write_schedule_property(claim: SchedulePropertyClaim) -> dict[str, Any]:
    """The members of the JSON object of a claim."""
    return {"steps": [claim.field.write(h) for h in claim.steps], "property": claim.name.value}


_INEQUALITIES = {
    ScheduleProperty.PRIMITIVE: (
        "sum_(i<{n}) h_i (f(x_i) - f(x_{n})) - sum_(i<{n}) h_i (h_i - 1)/(2L) |grad f(x_i)|^2 "
        "- H (H + 1)/(2L) |grad f(x_{n})|^2 >= 0"
    ),
    ScheduleProperty.DOMINANT: "f(x_{n}) - f(x_*) <= L |x_0 - x_*|^2 / (2 (2H + 1))",
    ScheduleProperty.G_BOUNDED: "|grad f(x_{n})|^2 <= 2 L (f(x_0) - f(x_*)) / (2H + 1)",
}


def property_sentence(claim: SchedulePropertyClaim) -> str:
    """The theorem in words."""
    text = claim.field.text
    shown = ", ".join(text(h) for h in claim.steps[:12]) + (", ..." if len(claim.steps) > 12 else "")
    inequality = claim.name.inequality
    minimiser = "" if inequality is ScheduleProperty.PRIMITIVE else ", with a minimiser x_*"
    lines = [
        f"Theorem. The schedule h = ({shown}) of {len(claim.steps)} steps with sum H = {text(claim.total)} is "
        f"{claim.name.value}:",
        f"for every L-smooth convex f on a real inner-product space{minimiser},",
        _INEQUALITIES[inequality].format(n=len(claim.steps)) + ", where x_(i+1) = x_i - (h_i/L) grad f(x_i).",
    ]
    if claim.name is ScheduleProperty.S_COMPOSABLE:
        lines.append("Moreover prod (h_i - 1) = 1/(1 + H).")
    elif claim.name.composable:
        lines.append("Moreover prod (h_i - 1)^2 = 1/(1 + 2H).")
    return "\n".join(lines)
