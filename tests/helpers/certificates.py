"""Exact certificates that need no solver, one maker for every kind of certificate.

Q_ij is the interpolation inequality of the points i and j for L = 1; x_* is the last point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import fmpq

from pepkit.kernel import (
    RATIONALS,
    Certificate,
    Field,
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

SQRT2 = NumberField([-2, 0, 1], (1, 2))
CUBIC = NumberField([-1, 1, 0, 1], (0, 1))
"""theta^3 + theta = 1, theta = 0.6823..."""
QUINTIC = NumberField([1, -4, 0, 0, 0, 1], (0, 1))
"""theta^5 - 4 theta + 1 = 0, theta = 0.2502..., one of three real roots; the Galois group is not solvable."""

Multipliers = dict[tuple[int, int], Any]


def huber_witness(field: Field, steps: Sequence[Any], slope: Any) -> Witness:
    """The one-dimensional Huber function with slope `slope` beyond |x| = slope, started at x = 1.

    All iterates stay on the linear part as long as slope * (1 + sum of steps) <= 1.
    """
    positions = [field.coerce(1)]
    for h in steps:
        positions.append(positions[-1] - h * slope)
    slope = field.coerce(slope)
    rows = ((positions[0],), *((slope,) for _ in positions))
    return Witness(rows, tuple(slope * x - slope * slope / 2 for x in positions))


def quadratic_witness(field: Field, steps: Sequence[Any], curvature: Any) -> Witness:
    """f(x) = curvature x^2 / 2 on the line, started at 1."""
    positions = [field.coerce(1)]
    for h in steps:
        positions.append(positions[-1] * (1 - h * curvature))
    rows = ((positions[0],), *((curvature * x,) for x in positions))
    return Witness(rows, tuple(curvature * x * x / 2 for x in positions))


def as_fixed_steps(certificate: Certificate) -> Certificate:
    """The same certificate with the schedule written as a step matrix."""
    claim = certificate.claim
    assert isinstance(claim, MethodClaim) and isinstance(claim.method, GradientDescent)
    steps = claim.method.steps
    method = FixedStepMethod(tuple(steps[: i + 1] for i in range(len(steps))))
    return replace(certificate, claim=replace(claim, method=method))


# ---- gradient descent with h = 1 -----------------------------------------------------------------


def constant_step(count: int, kernel: bool = True, witness: bool = True) -> Certificate:
    """f(x_N) - f_* <= |x_0 - x_*|^2 / (4N + 2) for h = 1: Drori and Teboulle, Math. Program. 145 (2014)."""
    star = count + 1
    chain = [fmpq(i, 2 * count + 1 - i) for i in range(count + 1)]  # chain[i] = multiplier of Q_{i-1,i}
    values: Multipliers = {(i - 1, i): chain[i] for i in range(1, count + 1)}
    values[star, 0] = chain[1]
    for i in range(1, count):
        values[star, i] = chain[i + 1] - chain[i]
    values[star, count] = 1 - chain[count]
    eta = fmpq(1, 2 * count + 1)
    steps = (fmpq(1),) * count
    return Certificate(
        MethodClaim(RATIONALS, SmoothFunctionClass(), GradientDescent(steps), rate=eta / 2),
        {"interpolation": values},
        ((fmpq(1), *((eta,) * (count + 1))),) if kernel else (),
        huber_witness(RATIONALS, steps, eta) if witness else None,
        {"method": "Drori-Teboulle closed form"},
    )


# ---- silver steps --------------------------------------------------------------------------------


@dataclass
class Primitive:
    """A schedule with multipliers of sum h_i (f_i - f_n) - sum h_i (h_i-1)|g_i|^2/2 - H(H+1)|g_n|^2/2 >= 0."""

    steps: list[Any]
    multipliers: Multipliers

    @property
    def total(self) -> Any:
        return sum(self.steps, fmpq(0))


def join(a: Primitive, b: Primitive, psi: Any) -> Primitive:
    """The s-join [a, 1 + psi, b]; psi solves psi^2 + (A + B + 2) psi = (A + 1)(B + 1)."""
    alpha, beta = a.total + 1, b.total + 1
    assert psi * psi + (alpha + beta) * psi == alpha * beta
    t = (alpha + psi) / (beta - psi)
    p, q = len(a.steps), len(a.steps) + 1 + len(b.steps)
    values: Multipliers = defaultdict(lambda: fmpq(0))
    for key, value in a.multipliers.items():
        values[key] += value
    for (i, j), value in b.multipliers.items():
        values[i + p + 1, j + p + 1] += (1 + 2 * t) * value
    for i, h in enumerate(b.steps):
        values[p, p + 1 + i] += t * h
        values[q, p + 1 + i] += t * h
    values[p, q] += t
    values[q, p] += t * psi
    return Primitive([*a.steps, 1 + psi, *b.steps], dict(values))


def silver_primitive(k: int) -> Primitive:
    """The silver schedule of length 2^k - 1 over Q(sqrt 2)."""
    result = Primitive([], {})
    root = SQRT2.generator
    for _ in range(k):
        # 1 + H = (1 + sqrt 2)^j, so psi = (sqrt 2 - 1)(1 + H)
        result = join(result, result, (root - 1) * (result.total + 1))
    return result


def silver(
    k: int, measure: Measure = Measure.FUNCTION_VALUE, kernel: bool = False, witness: bool = True
) -> Certificate:
    """Silver steps, N = 2^k - 1: f(x_N) - f_* <= |x_0-x_*|^2/(2(2H+1)), |g_N|^2 <= |x_0-x_*|^2/(H+1)^2."""
    block = silver_primitive(k)
    steps, count = block.steps, len(block.steps)
    total, star = block.total, count + 1
    if measure is Measure.FUNCTION_VALUE:
        scale = 1 / (2 * total + 1)
        rate, slope = scale / 2, scale
        weights = [*steps, total + 1]
        values = {key: scale * value for key, value in block.multipliers.items()}
        values |= {(star, i): scale * weight for i, weight in enumerate(weights)}
        # the residual is |x_0 - x_* - sum weights_i g_i|^2 * rate
        vectors = [[weight] + [fmpq(int(i == j)) for j in range(count + 1)] for i, weight in enumerate(weights)]
    elif measure is Measure.GRADIENT_NORM:
        slope = 1 / (1 + total)
        rate = slope * slope
        values = {key: 2 * rate * value for key, value in block.multipliers.items()}
        values |= {(star, i): 2 * rate * h for i, h in enumerate(steps)}
        values[star, count] = 2 * rate
        values[count, star] = 2 * rate * (total + 1)
        # the residual is |x_n - x_* - g_n|^2 * rate
        vectors = [[h] + [fmpq(int(i == j)) for j in range(count + 1)] for i, h in enumerate([*steps, fmpq(1)])]
    else:
        raise ValueError(measure)
    return Certificate(
        MethodClaim(SQRT2, SmoothFunctionClass(), GradientDescent(tuple(steps)), measure, rate=rate),
        {"interpolation": values},
        tuple(tuple(vector) for vector in vectors) if kernel else (),
        huber_witness(SQRT2, steps, slope) if witness else None,
        {"method": "s-join"},
    )


# ---- strongly convex, over any field -------------------------------------------------------------


def strongly_convex(count: int, mu: Any, field: Field = RATIONALS) -> Certificate:
    """|x_N - x_*|^2 <= ((1-mu)/(1+mu))^(2N) |x_0 - x_*|^2 for h = 2/(1 + mu).

    One step: contraction * |x_k - x_*|^2 - |x_{k+1} - x_*|^2 = 4(1-mu)/(1+mu)^2 (Q_{k*} + Q_{*k}), exactly, so
    the chain of N steps has residual zero.
    """
    mu = field.coerce(mu)
    contraction = ((1 - mu) / (1 + mu)) * ((1 - mu) / (1 + mu))
    weight, values, star = 4 * (1 - mu) / ((1 + mu) * (1 + mu)), {}, count + 1
    for k in reversed(range(count)):
        values[k, star] = values[star, k] = weight
        weight = weight * contraction
    rate = field.coerce(1)
    for _ in range(count):
        rate = rate * contraction
    steps = (2 / (1 + mu),) * count
    return Certificate(
        MethodClaim(field, SmoothFunctionClass(mu), GradientDescent(steps), Measure.DISTANCE, rate=rate),
        {"interpolation": values},
        (),
        quadratic_witness(field, steps, field.coerce(1)),
        {"method": "chain of one-step contractions"},
    )


# ---- nonconvex, without a minimiser --------------------------------------------------------------


def nonconvex() -> Certificate:
    """min_i |g_i|^2 <= (4/5)(f(x_0) - inf f) for one step h = 1 on smooth functions (mu = -L).

    Q_01 = f_0 - f_1 - |g_0|^2/2 - |g_1|^2/4; add f_1 >= |g_1|^2/2.
    """
    return Certificate(
        MethodClaim(
            RATIONALS,
            SmoothFunctionClass(fmpq(-1)),
            GradientDescent((fmpq(1),)),
            Measure.SMALLEST_GRADIENT_NORM,
            InitialCondition.FUNCTION_VALUE,
            fmpq(4, 5),
        ),
        {
            "interpolation": {(0, 1): fmpq(4, 5)},
            "infimum": {(1,): fmpq(4, 5)},
            "smallest-gradient": {(0,): fmpq(2, 5), (1,): fmpq(3, 5)},
        },
        (),
        Witness(((fmpq(1),), (fmpq(1),)), (fmpq(5, 4), fmpq(1, 2), fmpq(1))),
        {"method": "by hand"},
    )


# ---- listed hypotheses ---------------------------------------------------------------------------


def listed(unit: Any = 1, field: Field = RATIONALS, witness: bool = True) -> Certificate:
    """|u + v|^2 <= 4 r^2 from |u|^2 <= r^2, |v|^2 = s r^2 and [[1, s], [s, 1]] >= 0; r = `unit`.

    4 r^2 - |u+v|^2 = |u-v|^2 + 2(r^2 - |u|^2) - 2(|v|^2 - s r^2) + <[[1,-1],[-1,1]], [[1,s],[s,1]]> r^2.
    """
    one = field.coerce(1)
    unit = field.coerce(unit)
    square = unit * unit
    constant, scalar = Form(constant=one), Form(linear={0: one})
    claim = ListedClaim(
        (Vector("u"), Vector("v"), Vector("u + v", ((0, one), (1, one)))),
        ("s",),
        (("u is short", Form({(0, 0): -one}, constant=square)),),
        (("the square of v", Form({(1, 1): one}, {0: -square})),),
        (("s is at most one", ((constant, scalar), (scalar, constant))),),
        Form({(2, 2): one}),
        Form(constant=square),
        4 * one,
        "the triangle inequality",
        field,
    )
    return Certificate(
        claim,
        {
            "inequalities": {(0,): 2 * one},
            "equalities": {(0,): -2 * one},
            "matrix-inequalities": {(0,): ((square, -square), (-square, square))},
        },
        ((one, one),),
        Witness(((unit,), (unit,)), (one,)) if witness else None,
    )


# ---- radicals ------------------------------------------------------------------------------------

RADICALS = RadicalField(
    [
        ("sqrt", "2"),  # 0: sqrt 2
        ("+", 0, "1"),  # 1: alpha = 1 + sqrt 2
        ("*", 1, 1),
        ("*", 1, "6"),
        ("+", 2, 3),
        ("+", 4, "1"),  # 5: alpha^2 + 6 alpha + 1
        ("sqrt", 5),
        ("-", 6, 1),
        ("-", 7, "1"),
        ("/", 8, "2"),  # 9: psi = (sqrt(alpha^2 + 6 alpha + 1) - alpha - 1)/2
        ("+", 9, "1"),  # 10: 1 + psi, the second step
    ]
)


def radical() -> Certificate:
    """Steps sqrt 2 and 1.6012... (a nested root) with rational multipliers and a rate 2.3 % above the optimum."""
    units = {
        (0, 1): 999, (0, 2): 294, (0, 3): 5, (1, 0): 272, (1, 2): 2890, (1, 3): 5,
        (2, 0): 251, (2, 1): 666, (2, 3): 5, (3, 0): 775, (3, 1): 1502, (3, 2): 1834,
    }  # fmt: skip
    claim = MethodClaim(
        RADICALS,
        SmoothFunctionClass(),
        GradientDescent((RADICALS.nodes[0], RADICALS.nodes[10])),
        rate=RADICALS.coerce(fmpq(149, 2048)),
    )
    values = {key: RADICALS.coerce(fmpq(value, 4096)) for key, value in units.items()}
    one, zero = RADICALS.coerce(1), RADICALS.coerce(0)
    witness = Witness(((one,), (zero,), (zero,), (zero,)), (zero, zero, zero))  # f = 0: exact, not sharp
    return Certificate(claim, {"interpolation": values}, (), witness)


# ---- all of them ---------------------------------------------------------------------------------


def everything() -> dict[str, Certificate]:
    """One small certificate of every kind."""
    return {
        "constant-1": constant_step(1),
        "constant-3": constant_step(3),
        "constant-3-plain": constant_step(3, kernel=False),
        "constant-2-matrix": as_fixed_steps(constant_step(2)),
        "silver-1": silver(1),
        "silver-3": silver(2),
        "silver-3-kernel": silver(2, kernel=True),
        "silver-3-gradient": silver(2, Measure.GRADIENT_NORM),
        "silver-3-gradient-kernel": silver(2, Measure.GRADIENT_NORM, kernel=True),
        "silver-3-matrix": as_fixed_steps(silver(2)),
        "strongly-convex": strongly_convex(2, fmpq(1, 10)),
        "strongly-convex-sqrt2": strongly_convex(2, SQRT2.generator - 1, SQRT2),
        "strongly-convex-cubic": strongly_convex(2, CUBIC.generator, CUBIC),
        "strongly-convex-quintic": strongly_convex(1, QUINTIC.generator, QUINTIC),
        "nonconvex": nonconvex(),
        "listed": listed(),
        "listed-sqrt2": listed(SQRT2.generator, SQRT2),
        "radical": radical(),
    }
