"""Claims about proximal methods whose steps are those of a schedule for gradient descent.

*Proximal gradient descent* on F = f + r, f smooth and convex with constant L, r closed, proper and convex:

    x_{i+1} = prox_{(h_i/L) r}(x_i - (h_i/L) grad f(x_i)),    F(x_N) - F(x_*) <= rate * L |x_0 - x_*|^2.

Projected gradient descent is the case of an indicator function r.

*Relaxed proximal point method* on a closed, proper, convex f, with proximal parameter lambda > 0:

    x_{i+1} = x_i - h_i (x_i - prox_{lambda f}(x_i)),    f(prox_{lambda f}(x_N)) - f(x_*) <= rate |x_0 - x_*|^2/lambda.

Both are normalised to L = 1, lambda = 1. With s_{i+1} in the subdifferential of r at x_{i+1} the first is
x_{i+1} = x_i - h_i (grad f(x_i) + s_{i+1}); the minimiser has grad f(x_*) + s_* = 0. A linear function a added to f and
taken from r changes neither F nor the iterates, nor smoothness and convexity; so grad f(x_*) = s_* = 0 may be assumed.
In the second, g_i = x_i - y_i is a subgradient of f at y_i = prox(x_i). The interpolation conditions of both classes of
functions describe the worst case completely: f and r are interpolated one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.claims import (
    MAX_STEPS,
    Claim,
    GradientDescent,
    InitialCondition,
    Measure,
    Point,
    interpolation_conditions,
)
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.numbers import Field
from pepkit.kernel.rationals import factor_text
from pepkit.kernel.statement import Form, PointFamily, Statement, Vector
from pepkit.kernel.words import decimal_text, readable

__all__ = ["ProximalClaim", "ProximalMethod", "read_proximal", "write_proximal"]

ONE = fmpq(1)


class ProximalMethod(Enum):
    """The methods of the module."""

    GRADIENT = "proximal-gradient"
    POINT = "relaxed-proximal-point"


@dataclass(frozen=True)
class ProximalClaim(Claim):
    """The worst case of a proximal method in function value, over |x_0 - x_*|^2.

    Parameters
    ----------
    field
        The field of the steps.
    method_name
        Which method.
    step_sizes
        h_0, .., h_{N-1}, positive.
    rate
        Dimensionless; None makes it a question.

    Raises
    ------
    ClaimError
        No steps or too many, a step that is not positive.
    """

    field: Field
    method_name: ProximalMethod
    step_sizes: tuple[Any, ...]
    rate: Any = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.step_sizes) <= MAX_STEPS:
            raise ClaimError(f"a method has between 1 and {MAX_STEPS} steps, this one has {len(self.step_sizes)}")
        sizes = tuple(self.field.coerce(h) for h in self.step_sizes)
        for h in sizes:
            if self.field.sign(h) <= 0:
                raise ClaimError(f"the steps of a proximal method are positive, but one is {self.field.text(h)}")
        object.__setattr__(self, "step_sizes", sizes)
        if self.rate is not None:
            object.__setattr__(self, "rate", self.field.coerce(self.rate))

    @property
    def steps(self) -> int:
        """N."""
        return len(self.step_sizes)

    @property
    def method(self) -> GradientDescent:
        """The schedule as one of gradient descent."""
        return GradientDescent(self.step_sizes)

    @property
    def measure(self) -> Measure:
        """The function value at the end."""
        return Measure.FUNCTION_VALUE

    @property
    def initial(self) -> InitialCondition:
        """The distance at the start."""
        return InitialCondition.DISTANCE

    @property
    def has_minimiser(self) -> bool:
        """Always."""
        return True

    def with_rate(self, rate: Any) -> ProximalClaim:
        return replace(self, rate=rate)

    def statement(self) -> Statement:
        return self._statement

    @cached_property
    def _statement(self) -> Statement:
        return self._gradient() if self.method_name is ProximalMethod.GRADIENT else self._point()

    def _point(self) -> Statement:
        count = self.steps
        vectors = [Vector("x_0 - x_*"), *(Vector(f"g_{i}") for i in range(count + 1))]
        position = 0
        points: list[Point] = []
        for i in range(count + 1):
            points.append((len(vectors), 1 + i, i))
            vectors.append(Vector(f"y_{i}", ((position, ONE), (1 + i, -ONE))))
            if i < count:
                vectors.append(Vector(f"x_{i + 1}", ((position, ONE), (1 + i, -self.step_sizes[i]))))
                position = len(vectors) - 1
        points.append((None, None, None))
        labels = (*(f"y_{i}" for i in range(count + 1)), "x_*")
        return Statement(
            self.field,
            tuple(vectors),
            tuple(f"f_{i}" for i in range(count + 1)),
            (convexity("interpolation", tuple(points), labels),),
            Form(linear={count: ONE}),
            Form({(0, 0): ONE}),
            exact=True,
        )

    def _gradient(self) -> Statement:
        count = self.steps
        # x_0 - x_*, g_0 .. g_N, s_1 .. s_N
        gradients = [1 + i for i in range(count + 1)]
        subgradients = [count + 2 + i for i in range(count)]
        vectors = [
            Vector("x_0 - x_*"),
            *(Vector(f"g_{i}") for i in range(count + 1)),
            *(Vector(f"s_{i + 1}") for i in range(count)),
        ]
        optimum: Point = (None, None, None)
        positions: list[int] = [0]
        for i, h in enumerate(self.step_sizes):
            definition = ((positions[i], ONE), (gradients[i], -h), (subgradients[i], -h))
            positions.append(len(vectors))
            vectors.append(Vector(f"x_{i + 1}", definition))
        smooth: list[Point] = [(positions[i], gradients[i], i) for i in range(count + 1)]
        nonsmooth: list[Point] = [(positions[i + 1], subgradients[i], count + 1 + i) for i in range(count)]
        names = [f"x_{i}" for i in range(count + 1)]
        return Statement(
            self.field,
            tuple(vectors),
            (*(f"f_{i}" for i in range(count + 1)), *(f"r_{i + 1}" for i in range(count))),
            (
                interpolation_conditions(fmpq(0), (*smooth, optimum), (*names, "x_*")),
                convexity("convexity", (*nonsmooth, optimum), (*names[1:], "x_*")),
            ),
            Form(linear={count: ONE, 2 * count: ONE}),
            Form({(0, 0): ONE}),
            exact=True,
        )

    def brief(self) -> str:
        """The claim on one line."""
        rate = factor_text(readable(self.field)(self.rate))
        if self.method_name is ProximalMethod.GRADIENT:
            return f"proximal gradient descent, N = {self.steps}: F(x_N) - F(x_*) <= {rate} * L * |x_0 - x_*|^2"
        return (
            f"relaxed proximal point method, N = {self.steps}: f(prox(x_N)) - f(x_*) <= {rate} * |x_0 - x_*|^2/lambda"
        )

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        """The theorem in words."""
        text = self.field.text
        factor = factor_text(text(self.rate))
        count = self.steps
        shown = ", ".join(text(h) for h in self.step_sizes[:12]) + (f", ... {count} steps" if count > 12 else "")
        if self.method_name is ProximalMethod.GRADIENT:
            lines = [
                "Theorem. Let f be L-smooth convex and r closed, proper and convex on a real Hilbert space, and let "
                "F = f + r have a minimiser x_*.",
                f"Then proximal gradient descent x_(i+1) = prox_((h_i/L) r)(x_i - (h_i/L) grad f(x_i)), h = ({shown}),",
                f"satisfies  F(x_{count}) - F(x_*)  <=  {factor} * L * |x_0 - x_*|^2.",
            ]
        else:
            lines = [
                "Theorem. Let f be closed, proper and convex on a real Hilbert space with a minimiser x_*, lambda > 0.",
                "Then the relaxed proximal point method x_(i+1) = x_i - h_i (x_i - prox_(lambda f)(x_i)),",
                f"h = ({shown}),",
                f"satisfies  f(prox_(lambda f)(x_{count})) - f(x_*)  <=  {factor} * |x_0 - x_*|^2/lambda.",
            ]
        if tight:
            lines.append("No smaller rate holds: an exact worst case attains it.")
        elif lower is not None:
            bound = decimal_text(self.field, lower, down=True)
            lines.append(f"The worst case is at least {bound}, proved by exact data.")
        return "\n".join(lines)


def convexity(name: str, points: tuple[Point, ...], labels: tuple[str, ...]) -> PointFamily:
    """f_i - f_j - <g_j, x_i - x_j> >= 0 between all ordered pairs: interpolation by a convex function."""
    return PointFamily(
        name, "subgradient inequality", points, labels, 2,
        (("g1", "x0", -ONE), ("g1", "x1", ONE)), (("f0", ONE), ("f1", -ONE)),
    )  # fmt: skip


def read_proximal(number_field: Field, data: dict[str, Any]) -> ProximalClaim:
    """The claim in a JSON object."""
    reading.fields(data, "the claim", ("kind", "method", "steps", "rate"))
    steps = tuple(number_field.read(h) for h in reading.items(data["steps"], "steps"))
    for member in ProximalMethod:
        if member.value == data["method"]:
            return ProximalClaim(number_field, member, steps, number_field.read(data["rate"]))
    raise FormatError(f"unknown proximal method {str(data['method'])[:40]!r}")


def write_proximal(claim: ProximalClaim) -> dict[str, Any]:
    """The members of the JSON object of a claim."""
    if claim.rate is None:
        raise ClaimError("a claim without a rate cannot be written to a file")
    write = claim.field.write
    return {
        "method": claim.method_name.value,
        "steps": [write(h) for h in claim.step_sizes],
        "rate": write(claim.rate),
    }
