"""Certificates with closed-form multipliers, for tests.

Gradient descent with h = 1: Drori and Teboulle, Math. Program. 145 (2014). Silver schedule: the join of
two schedules glues their multipliers (Altschuler and Parrilo 2023; Zhang and Jiang 2024).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

from flint import fmpq

from pepkit.kernel import (
    RATIONALS,
    Certificate,
    FixedStepMethod,
    Form,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    NumberField,
    RadicalField,
    SmoothFunctionClass,
    Vector,
    Witness,
)

SQRT2 = NumberField([-2, 0, 1], (fmpq(1), fmpq(2)))


def huber(field: Any, steps: list[Any]) -> tuple[tuple[tuple[Any, ...], ...], Witness]:
    """Kernel vector and witness: the Huber function with slope eta = 1/(2H+1), started at 1."""
    one = field.coerce(1)
    eta = 1 / (2 * sum(steps, field.coerce(0)) + 1)
    column = (one, *(eta for _ in range(len(steps) + 1)))
    position, values = one, []
    for h in [*steps, field.coerce(0)]:
        values.append(eta * position - eta * eta / 2)
        position = position - h * eta
    return (column,), Witness(tuple((a,) for a in column), tuple(values))


def constant_step(n: int) -> Certificate:
    """f(x_N) - f(x_*) <= L/(4N+2) |x_0 - x_*|^2 for N steps with h = 1."""
    chain = [fmpq(i, 2 * n + 1 - i) for i in range(1, n + 1)]
    star = [chain[0], *(b - a for a, b in pairwise(chain)), 1 - chain[-1]]
    values = {(i, i + 1): a for i, a in enumerate(chain)} | {(n + 1, i): a for i, a in enumerate(star)}
    kernel, witness = huber(RATIONALS, [fmpq(1)] * n)
    method = GradientDescent((fmpq(1),) * n)
    claim = MethodClaim(RATIONALS, SmoothFunctionClass(), method, rate=fmpq(1, 4 * n + 2))
    return Certificate(claim, {"interpolation": values}, kernel, witness)


def silver(k: int) -> Certificate:
    """The silver schedule with 2^k - 1 steps; rate 1/(4 (1 + sqrt 2)^k - 2)."""
    root, zero = SQRT2.generator, SQRT2.coerce(0)
    rho = 1 + root
    steps: list[Any] = []
    values: dict[tuple[int, int], Any] = {}
    for level in range(k):
        p, psi = len(steps), rho ** (level - 1)
        q = 2 * p + 1
        joined: dict[tuple[int, int], Any] = defaultdict(lambda: zero, values)
        for (i, j), a in values.items():
            joined[i + p + 1, j + p + 1] += rho * rho * a
        for i, h in enumerate(steps, start=p + 1):
            joined[p, i] += rho * h
            joined[q, i] += rho * h
        joined[p, q] += rho
        joined[q, p] += rho * psi
        values = dict(joined)
        steps = [*steps, 1 + psi, *steps]
    n, total = len(steps), sum(steps, zero)
    scale = 1 / (2 * total + 1)
    for i, h in enumerate([*steps, total + 1]):
        values[n + 1, i] = SQRT2.coerce(h)
    _, witness = huber(SQRT2, steps)
    # the residual is (scale/2) |x_0 - x_* - sum tau_i g_i|^2 with tau = (h_0, .., h_{N-1}, H + 1)
    kernel = tuple(
        (SQRT2.coerce(tau), *(SQRT2.coerce(int(i == j)) for j in range(n + 1)))
        for i, tau in enumerate([*steps, total + 1])
    )
    claim = MethodClaim(SQRT2, SmoothFunctionClass(), GradientDescent(tuple(steps)), rate=scale / 2)
    return Certificate(claim, {"interpolation": {ij: a * scale for ij, a in values.items()}}, kernel, witness)


CUBE_ROOT = NumberField([-2, 0, 0, 1], (fmpq(1), fmpq(2)))
"""Q(2^(1/3)), of degree three."""


def cubic_step(n: int) -> Certificate:
    """N <= 4 steps with h = 2^(1/3): the multipliers for h = 1 stay valid, the rate is 1/(4Nh+2)."""
    steps = [CUBE_ROOT.generator] * n
    kernel, witness = huber(CUBE_ROOT, steps)
    rate = 1 / (4 * n * CUBE_ROOT.generator + 2)
    claim = MethodClaim(CUBE_ROOT, SmoothFunctionClass(), GradientDescent(tuple(steps)), rate=rate)
    return Certificate(claim, constant_step(n).multipliers, kernel, witness)


def contraction(mu: fmpq, h: fmpq) -> Certificate:
    """|x_1 - x_*|^2 <= (1 - h mu)^2 |x_0 - x_*|^2 for mu-strongly convex f and h <= 2/(1+mu)."""
    value = 2 * h * (1 - h * mu)
    witness = Witness(((fmpq(1),), (mu,), (mu * (1 - h * mu),)), (mu / 2, mu / 2 * (1 - h * mu) ** 2))
    claim = MethodClaim(
        RATIONALS,
        SmoothFunctionClass(mu),
        GradientDescent((h,)),
        Measure.DISTANCE,
        InitialCondition.DISTANCE,
        (1 - h * mu) ** 2,
    )
    return Certificate(claim, {"interpolation": {(0, 2): value, (2, 0): value}}, (), witness)


def smallest_gradient(n: int) -> Certificate:
    """min |grad f(x_i)|^2 <= 4 L/(3N+2) (f(x_0) - inf f) for smooth f and h = 1.

    Abbaszadehpeivasti, de Klerk, Zamani, Optim. Lett. 16 (2022).
    """
    rate = fmpq(4, 3 * n + 2)
    claim = MethodClaim(
        RATIONALS,
        SmoothFunctionClass(fmpq(-1)),
        GradientDescent((fmpq(1),) * n),
        Measure.SMALLEST_GRADIENT_NORM,
        InitialCondition.FUNCTION_VALUE,
        rate,
    )
    multipliers = {
        "interpolation": {(i, i + 1): rate for i in range(n)},
        "infimum": {(n,): rate},
        "smallest-gradient": {(i,): rate * fmpq(3 if i else 2, 4) for i in range(n + 1)},
    }
    return Certificate(claim, multipliers)


def gradient_step_method() -> Certificate:
    """The certificate for two unit steps, written as a fixed-step method."""
    certificate = constant_step(2)
    method = FixedStepMethod(((fmpq(1),), (fmpq(1), fmpq(1))))
    return replace(certificate, claim=replace(certificate.claim, method=method))


def listed() -> Certificate:
    """x + y <= 2 from [[1, x], [x, 1]] >= 0, y = x - <u, u>, and |u|^2 >= 0 through the Gram matrix."""
    one = fmpq(1)
    claim = ListedClaim(
        vectors=(Vector("u"), Vector("w", ((0, fmpq(2)),))),
        scalars=("x", "y"),
        inequalities=(("x is small", Form({}, {0: -one}, fmpq(7))),),
        equalities=(("y is x - |u|^2", Form({(0, 1): fmpq(1, 2)}, {0: -one, 1: one}, fmpq(0))),),
        matrix_inequalities=(
            (
                "x is a correlation",
                ((Form(constant=one), Form(linear={0: one})), (Form(linear={0: one}), Form(constant=one))),
            ),
        ),
        measure=Form({}, {0: one, 1: one}),
        normaliser=Form(constant=one),
        rate=fmpq(2),
        title="a correlation",
    )
    multipliers = {
        "equalities": {(0,): -one},
        "matrix-inequalities": {(0,): ((one, -one), (-one, one))},
    }
    return Certificate(claim, multipliers, (), Witness(((fmpq(0),),), (one, one)))


def radical_step() -> Certificate:
    """One step with h = sqrt(3/2) and a rate slightly above 1/(4h+2) = 0.14495, rational multipliers."""
    field = RadicalField([("sqrt", "3/2")])
    claim = MethodClaim(field, SmoothFunctionClass(), GradientDescent((field.nodes[0],)), rate=fmpq(3, 20))
    half = fmpq(1, 2)
    return Certificate(claim, {"interpolation": {(0, 1): half, (2, 0): half, (2, 1): half}})


def examples() -> dict[str, Certificate]:
    """One certificate of every kind."""
    return {
        "constant step": constant_step(3),
        "silver": silver(2),
        "cubic step": cubic_step(3),
        "contraction": contraction(fmpq(1, 10), fmpq(3, 2)),
        "smallest gradient": smallest_gradient(3),
        "fixed-step": gradient_step_method(),
        "listed": listed(),
        "radicals": radical_step(),
    }
