"""Small certificates with closed-form multipliers for the tests of rendering and the command line."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from flint import fmpq

from pepkit.kernel import (
    RATIONALS,
    Certificate,
    Form,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    NumberField,
    RadicalField,
    SmoothFunctionClass,
    Witness,
    check,
)

HOSTILE = "<script>alert('1')</script> $x$ \\input{secret} [bold red]b[/] & 100% \x1b[31m \u202e"
"""A text that breaks HTML, LaTeX, terminals and rich markup where it is not escaped."""


def chain(field: Any, steps: list[Any]) -> Certificate:
    """Constant steps h <= 1.5 with the multipliers of Drori and Teboulle (2014): rate 1/(4Nh+2)."""
    n, h = len(steps), field.coerce(steps[0])
    links = [fmpq(i, 2 * n + 1 - i) for i in range(1, n + 1)]
    star = [links[0], *(b - a for a, b in pairwise(links)), 1 - links[-1]]
    values = {(i, i + 1): a for i, a in enumerate(links)} | {(n + 1, i): a for i, a in enumerate(star)}
    rate = 1 / (4 * n * h + 2)
    slope = 2 * rate
    column = (field.coerce(1), *([slope] * (n + 1)))
    positions = [1 - k * h * slope for k in range(n + 1)]
    witness = Witness(tuple((a,) for a in column), tuple(slope * x - slope * slope / 2 for x in positions))
    claim = MethodClaim(field, SmoothFunctionClass(), GradientDescent((h,) * n), rate=rate)
    return Certificate(claim, {"interpolation": values}, (column,), witness, {"tool": "by hand"})


def rational() -> Certificate:
    """Three steps with h = 1, rate 1/14."""
    return chain(RATIONALS, [1, 1, 1])


def quadratic_field() -> Certificate:
    """One step with h = sqrt(2)."""
    field = NumberField([-2, 0, 1], (1, 2))
    return chain(field, [field.generator])


def cubic_field() -> Certificate:
    """One step with h the cubic root of 2."""
    field = NumberField([-2, 0, 0, 1], (1, 2))
    return chain(field, [field.generator])


def radical_field() -> Certificate:
    """One step with h = sqrt(2) in a radical field and a rational rate, without witness."""
    field = RadicalField([("sqrt", "2")])
    claim = MethodClaim(
        field, SmoothFunctionClass(), GradientDescent((field.nodes[0],)), rate=field.coerce(fmpq(14, 100))
    )
    half = fmpq(1, 2)
    return Certificate(claim, {"interpolation": {(0, 1): half, (2, 0): half, (2, 1): half}})


def strongly_convex() -> Certificate:
    """One step with h = 1, mu = L/2, L = 3, distances: rate 1/4, attained by the quadratic (mu/2)x^2."""
    claim = MethodClaim(
        RATIONALS,
        SmoothFunctionClass(fmpq(1, 2), fmpq(3)),
        GradientDescent((fmpq(1),)),
        Measure.DISTANCE,
        rate=fmpq(1, 4),
    )
    witness = Witness(((fmpq(1),), (fmpq(1, 2),), (fmpq(1, 4),)), (fmpq(1, 4), fmpq(1, 16)))
    return Certificate(claim, {"interpolation": {(0, 2): fmpq(1), (2, 0): fmpq(1)}}, (), witness)


def hypoconvex() -> Certificate:
    """Smallest gradient of a nonconvex function: the trivial rate 2 with residual 0."""
    claim = MethodClaim(
        RATIONALS,
        SmoothFunctionClass(fmpq(-1)),
        GradientDescent((fmpq(1),)),
        Measure.SMALLEST_GRADIENT_NORM,
        InitialCondition.FUNCTION_VALUE,
        fmpq(2),
    )
    return Certificate(claim, {"infimum": {(0,): fmpq(2)}, "smallest-gradient": {(0,): fmpq(1)}})


def listed() -> Certificate:
    """x <= 1 from 1 - x >= 0, with hostile names everywhere."""
    one = fmpq(1)
    claim = ListedClaim(
        (),
        ("x" + HOSTILE,),
        (("bound " + HOSTILE, Form(linear={0: -one}, constant=one)),),
        (),
        (),
        Form(linear={0: one}),
        Form(constant=one),
        one,
        HOSTILE,
    )
    return Certificate(claim, {"inequalities": {(0,): one}}, (), Witness((), (one,)), {HOSTILE: {"note": HOSTILE}})


ALL = (rational, quadratic_field, cubic_field, radical_field, strongly_convex, hypoconvex, listed)


def result_of(certificate: Certificate, **changes: Any) -> Any:
    """A stand-in for the result of `certify`, which needs a solver."""
    theorem = check(certificate)
    fields = {
        "certificate": certificate,
        "theorem": theorem,
        "sharp": theorem.tight,
        "numerical_optimum": 0.0714285714,
        "excess": 0.0,
        "stages": (("solve", 0.25, "to gap"), ("round", 0.5, HOSTILE)),
        "solver": "clarabel",
        "checked_by": ("kernel", "sympy"),
        "notes": (HOSTILE,),
    }
    return SimpleNamespace(**(fields | changes))
