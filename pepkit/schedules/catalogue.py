"""Named schedules for L-smooth convex functions, exact for every number of steps.

Steps are in units of 1/L. Rates are stated for f(x_N) - f_* over L |x_0 - x_*|^2 (not over L/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly, fmpz_poly

from pepkit.algebra import Real, exact, realise, sqrt, to_float
from pepkit.kernel import ClaimError, NumberField
from pepkit.schedules.named import anytime_ends, composition, composition_names, needs_strong_convexity
from pepkit.schedules.schedule import Schedule

__all__ = [
    "anytime",
    "arcsine",
    "chebyshev",
    "composed",
    "constant",
    "growing",
    "obs_f",
    "obs_s",
    "optimal_constant",
    "schedule",
    "schedule_names",
    "silver",
]

MAX_STEPS = 2048


def _checked(steps: int | None) -> int:
    if steps is None:
        raise ClaimError("the number of steps is missing (--steps N)")
    if isinstance(steps, bool) or int(steps) != steps or not 1 <= steps <= MAX_STEPS:
        raise ClaimError(f"the number of steps lies between 1 and {MAX_STEPS}, not {steps}")
    return int(steps)


def constant(steps: int, step: Any = 1) -> Schedule:
    """The constant step h.

    For 0 < h < 2 the rate is max{1/(4Nh+2), (1-h)^(2N)/2} (Drori, Teboulle 2014; Kim 2024).
    """
    h = exact(step)
    return Schedule("constant", (h,) * _checked(steps), f"constant step h = {h!r}")


def optimal_constant(steps: int) -> Schedule:
    """The best constant step: the root h > 1 of (1-h)^(2N) (1 + 2Nh) = 1, of degree up to 2N - 1.

    There the Huber and the quadratic worst case agree (Drori, Teboulle 2014).
    """
    count = _checked(steps)
    polynomial = fmpz_poly([1, -1]) ** (2 * count) * fmpz_poly([1, 2 * count]) - 1
    reduced = fmpz_poly(polynomial.coeffs()[1:])
    while reduced[0] == 0:
        reduced = fmpz_poly(reduced.coeffs()[1:])
    _, factors = reduced.factor()
    # (h-1)^(2N)(1+2Nh) increases from 0 on [1, 2], so exactly one factor changes sign there
    for factor, _ in factors:
        degree = factor.degree()
        if degree == 1:
            root = fmpq(-factor[0], factor[1])
            if 1 < root < 2:
                return Schedule("optimal-constant", (Real.rational(root),) * count, _OPTIMAL)
        elif factor(fmpq(1)) * factor(fmpq(2)) < 0:
            coefficients = tuple(fmpq(c, factor[degree]) for c in factor.coeffs())
            h = Real.root(coefficients, 1, 2)
            return Schedule("optimal-constant", (h,) * count, _OPTIMAL)
    raise ClaimError(f"no optimal constant step was found for N = {count}")


_OPTIMAL = "optimal constant step, root of (1-h)^(2N) (1+2Nh) = 1 (Drori, Teboulle 2014)"


def silver(steps: int) -> Schedule:
    """The silver schedule h_i = 1 + rho^(nu(i) - 1), i = 1..N, rho = 1 + sqrt(2), nu the 2-adic valuation.

    For N = 2^k - 1 the exact rate is 1/(4 rho^k - 2) (Altschuler, Parrilo 2309.16530; the exact constant:
    Wang, Ma, Yang, Zhou 2410.08890; Zhang, Jiang 2410.12395).
    """
    count = _checked(steps)
    rho = NumberField([-1, -2, 1], (2, 3)).generator
    root_two = sqrt(2)
    table: dict[int, Real] = {}
    numbers = []
    for i in range(1, count + 1):
        valuation = (i & -i).bit_length() - 1
        if valuation not in table:
            power = (1 + rho ** (valuation - 1)).polynomial
            # in terms of sqrt(2) = rho - 1
            rational, multiple = power[0] + power[1], power[1]
            table[valuation] = Real.rational(rational) + Real.rational(multiple) * root_two
        numbers.append(table[valuation])
    tree = None if count & (count + 1) else composition("silver", count)
    return Schedule("silver", tuple(numbers), "silver schedule (Altschuler, Parrilo 2309.16530)", tree)


def obs_s(steps: int) -> Schedule:
    """OBS-S: the optimised basic s-composable schedule, rate 1/(2(2H+1)) with H the sum of its steps.

    Built from empty schedules by balanced s-joins [a, phi, b], phi = 1 + alpha beta / K(alpha, beta),
    alpha, beta = 1 + sums (Grimmer, Shu, Wang 2410.16249; Zhang, Jiang 2410.12395).
    """
    return composed("obs-s", steps)


def obs_f(steps: int) -> Schedule:
    """OBS-F: the optimised basic f-composable schedule, rate 1/(2(2H+1)) with H the sum of its steps.

    An OBS-S prefix, a joining step 1 + alpha/theta with theta = (1 + sqrt(1 + 8 alpha/(2B+1)))/2, and a
    shorter OBS-F tail with sum B; the prefix length maximises H (Grimmer, Shu, Wang 2410.16249).
    """
    return composed("obs-f", steps)


def composed(name: str, steps: int, mu: Any = 0) -> Schedule:
    """The named composition with its steps listed exactly; `mu` is mu/L, for the schedules about mu > 0."""
    count = _checked(steps)
    ratio = exact(mu)
    field, (value,) = realise([ratio])
    tree = composition(name, count, to_float(field, value))
    return Schedule(name, tree.numbers(ratio), tree.description, tree)


def anytime(steps: int) -> Schedule:
    """The first N steps of the anytime schedule; a composition where one of its blocks ends.

    s <- s-join(s, silver_j), floor(2 rho^j) times for j = 1, 2, ...: f(x_n) - f_* = O(n^-1.1195) at every n (Zhang,
    Lee, Du, Chen 2411.17668).
    """
    count = _checked(steps)
    end = next(total for total, _ in anytime_ends() if total >= count)
    if end > MAX_STEPS:
        raise ClaimError(f"the block of the anytime schedule that holds step {count} is longer than {MAX_STEPS}")
    whole = composed("anytime", end)
    if end == count:
        return whole
    return Schedule("anytime", whole.numbers[:count], whole.description)


def chebyshev(steps: int, mu: Any) -> Schedule:
    """Chebyshev steps 1/h_i = (1 + m)/2 + (1 - m)/2 cos((2i - 1) pi/(2N)), m = mu/L: optimal for quadratics.

    |x_N - x_*| <= |x_0 - x_*| / T_N((1 + m)/(1 - m)) for every quadratic with curvatures in [mu, L], T_N the
    Chebyshev polynomial (Young 1953). It is no statement about other functions.
    """
    count, m = _checked(steps), exact(mu)
    # 2 cos(pi/(2N)) is the largest root of 2 T_N(x/2), which is monic with integer coefficients
    previous, polynomial = fmpz_poly([2]), fmpz_poly([0, 1])
    for _ in range(count - 1):
        previous, polynomial = polynomial, polynomial * fmpz_poly([0, 1]) - previous
    _, factors = polynomial.factor()
    centre = 2 * math.cos(math.pi / (2 * count))
    # the distance to the next root is more than 1/N^2
    low, high = (fmpq(round((centre + d) * 2**40), 2**40) for d in (-0.5 / count**2, 0.5 / count**2))
    cosine = Real.rational(0)
    for factor, _ in factors:
        if factor.degree() > 1 and factor(low) * factor(high) < 0:
            if factor.degree() > 64:
                raise ClaimError(f"the Chebyshev steps for N = {count} lie in a field of degree above 64")
            cosine = Real.root(tuple(fmpq(c) for c in factor.coeffs()), low, high)
    double = [cosine, cosine * cosine * cosine - 3 * cosine]
    square = cosine * cosine - 2
    while len(double) < count:
        # cos((k + 2) t) = 2 cos(2t) cos(kt) - cos((k - 2) t)
        double.append(square * double[-1] - double[-2])
    numbers = tuple(1 / ((1 + m) / 2 + (1 - m) * d / 4) for d in double[:count])
    return Schedule("chebyshev", numbers, "Chebyshev steps, optimal for quadratics (Young 1953)")


def arcsine(steps: int, mu: Any, seed: int = 0) -> Schedule:
    """Random steps with 1/h = (1 + m)/2 + (1 - m)/2 cos(pi U), U uniform on [0, 1], independent; m = mu/L.

    E log|1 - h c| is the same for every curvature c in [m, 1], so on quadratics and separable functions the n-th
    root of the contraction tends to (sqrt(kappa) - 1)/(sqrt(kappa) + 1) almost surely (Altschuler, Parrilo
    2412.05790). Nothing is claimed about other functions, nor about one sample. The sample is taken in
    floats, which count as the dyadic rationals that they are.
    """
    count, m = _checked(steps), exact(mu)
    field, (value,) = realise([m])
    ratio = to_float(field, value)
    if not 0 < ratio < 1:
        raise ClaimError("arcsine steps are about 0 < mu < L")
    uniform = np.random.default_rng(seed).random(count)
    sample = 1 / ((1 + ratio) / 2 + (1 - ratio) / 2 * np.cos(np.pi * uniform))
    source = f"arcsine steps, seed {seed} (Altschuler, Parrilo 2412.05790)"
    return Schedule("arcsine", tuple(exact(float(h)) for h in sample), source)


def growing(steps: int, mu: Any) -> Schedule:
    """(a, b, .., b) for functions with curvature at least mu = -kappa L, 0 < kappa <= 1.

    b maximises p(h) = h (2 - h) (2 + kappa h)/(2 (2 - (1 - kappa) h)), the progress of a step; a is b or the positive
    root of kappa a^2 + 2 (1 - kappa) a = 3, whichever is smaller: a = b from kappa = 0.100099.. on. The rate of
    min_i |grad f(x_i)|^2 over f(x_0) - inf f is 1/(1/2 + sum p(h_i)) where kappa >= 0.0218
    (docs/mathematics-every-schedule.md).

    Raises ClaimError unless mu/L is rational and between -1 and 0.
    """
    count, ratio = _checked(steps), exact(mu)
    if not ratio.is_rational or not -1 <= ratio.value < 0:
        raise ClaimError(f"growing steps are about hypoconvex functions, -L <= mu < 0 (--mu -L/20), not mu/L = {mu}")
    k = -ratio.value
    polynomial = fmpq_poly([-4, 4 * (1 - k), -(k * k - 5 * k + 1), k * (k - 1)])
    # negative at 1, positive at 2: exactly one factor changes its sign, at its only root there
    factor = next(f for f, _ in (polynomial.numer()).factor()[1] if f(fmpq(1)) * f(fmpq(2)) <= 0)
    degree = factor.degree()
    coefficients = tuple(fmpq(c, factor[degree]) for c in factor.coeffs())
    rest = Real.rational(-coefficients[0]) if degree == 1 else Real.root(coefficients, 1, 2)
    first = 3 / (Real.rational(1 - k) + sqrt(1 + k + k * k))
    field, (a, b) = realise([first, rest])
    start = first if field.sign(a - b) < 0 else rest
    return Schedule("growing", (start, *[rest] * (count - 1)), "growing steps (a, b, .., b) for hypoconvex functions")


_SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "optimal-constant": optimal_constant,
    "silver": silver,
    "obs-s": obs_s,
    "obs-f": obs_f,
    "chebyshev": chebyshev,
    "arcsine": arcsine,
    "anytime": anytime,
    "growing": growing,
}
for _name in composition_names():
    _SCHEDULES.setdefault(_name, partial(composed, _name))
_PARAMETERS = {"constant": ("step",), "chebyshev": ("mu",), "arcsine": ("mu", "seed"), "growing": ("mu",)}


def schedule_names() -> tuple[str, ...]:
    """Names that `schedule` understands."""
    return tuple(_SCHEDULES)


def schedule(name: str, steps: int | None = None, **parameters: Any) -> Schedule:
    """The schedule called `name` with `steps` steps.

    ``constant`` takes ``step``; ``chebyshev``, ``arcsine`` (with ``seed``), ``growing`` (mu < 0) and the schedules
    about mu > 0 take ``mu``, which is mu/L.

    Raises ClaimError for an unknown name or parameter.
    """
    builder = _SCHEDULES.get(name)
    if builder is None:
        raise ClaimError(f"unknown schedule {name!r}; known are {', '.join(_SCHEDULES)}, or the name of a file")
    known = ("mu",) if needs_strong_convexity(name) else _PARAMETERS.get(name, ())
    unknown = [parameter for parameter in parameters if parameter not in known]
    if unknown:
        raise ClaimError(f"the schedule {name} takes no parameter {', '.join(unknown)}")
    if "mu" in known and "mu" not in parameters:
        if name == "growing":
            raise ClaimError("the schedule growing is about hypoconvex functions: give -L <= mu < 0 (--mu -L/20)")
        raise ClaimError(f"the schedule {name} is about mu-strongly convex functions: give 0 < mu < L (--mu L/10)")
    return builder(_checked(steps), **parameters)
