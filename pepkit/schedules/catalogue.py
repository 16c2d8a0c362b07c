"""Named schedules for L-smooth convex functions, exact for every number of steps.

Steps are in units of 1/L. Rates are stated for f(x_N) - f_* over L |x_0 - x_*|^2 (not over L/2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpq, fmpz_poly

from pepkit.algebra import Real, exact, sqrt
from pepkit.kernel import ClaimError, NumberField
from pepkit.schedules.schedule import Schedule

__all__ = [
    "constant",
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
    return Schedule("silver", tuple(numbers), "silver schedule (Altschuler, Parrilo 2309.16530)")


class _Sums:
    """Sums of optimised basic schedules as exact expressions, built once for each length."""

    def __init__(self) -> None:
        self.leaves: dict[int, Real] = {1: Real.rational(1)}
        self.tails: dict[int, Real] = {0: Real.rational(1)}
        self.pivots: dict[int, int] = {}
        self._approximate_leaves: dict[int, float] = {1: 1.0}
        self._approximate_tails: dict[int, float] = {0: 1.0}

    def leaf(self, count: int) -> Real:
        """U_count = 1 + sum of the optimised s-composable schedule with count - 1 steps."""
        if count not in self.leaves:
            a, b = self.leaf(count // 2), self.leaf(count - count // 2)
            self.leaves[count] = (a + b + sqrt(a * a + 6 * a * b + b * b)) / 2
        return self.leaves[count]

    def approximate_leaf(self, count: int) -> float:
        if count not in self._approximate_leaves:
            a, b = self.approximate_leaf(count // 2), self.approximate_leaf(count - count // 2)
            self._approximate_leaves[count] = (a + b + (a * a + 6 * a * b + b * b) ** 0.5) / 2
        return self._approximate_leaves[count]

    def pivot(self, steps: int) -> int:
        """Steps before the joining step of the optimised f-composable schedule with `steps` steps."""
        for n in range(1, steps + 1):
            if n in self.pivots:
                continue
            best = max(range(n), key=lambda k: self._approximate_join(k, n - 1 - k))
            self.pivots[n] = best
            self._approximate_tails[n] = self._approximate_join(best, n - 1 - best)
        return self.pivots[steps]

    def _approximate_join(self, prefix: int, tail: int) -> float:
        u, w = self.approximate_leaf(prefix + 1), self._approximate_tails[tail]
        return 2 * u + (w + (w * w + 8 * u * w) ** 0.5) / 2


def obs_s(steps: int) -> Schedule:
    """OBS-S: the optimised basic s-composable schedule, rate 1/(2(2H+1)) with H the sum of its steps.

    Built from empty schedules by balanced s-joins [a, phi, b], phi = 1 + alpha beta / K(alpha, beta),
    alpha, beta = 1 + sums (Grimmer, Shu, Wang 2410.16249; Zhang, Jiang 2410.12395).
    """
    sums = _Sums()
    return Schedule("obs-s", _obs_s(sums, _checked(steps), {}), "OBS-S (Grimmer, Shu, Wang 2410.16249)")


def _obs_s(sums: _Sums, steps: int, known: dict[int, tuple[Real, ...]]) -> tuple[Real, ...]:
    if steps not in known:
        if steps == 0:
            known[0] = ()
        else:
            left = (steps - 1) // 2
            right = steps - 1 - left
            alpha, beta = sums.leaf(left + 1), sums.leaf(right + 1)
            step = 1 + alpha * beta / sums.leaf(steps + 1)
            known[steps] = (*_obs_s(sums, left, known), step, *_obs_s(sums, right, known))
    return known[steps]


def obs_f(steps: int) -> Schedule:
    """OBS-F: the optimised basic f-composable schedule, rate 1/(2(2H+1)) with H the sum of its steps.

    An OBS-S prefix, a joining step 1 + alpha/theta with theta = (1 + sqrt(1 + 8 alpha/(2B+1)))/2, and a
    shorter OBS-F tail with sum B; the prefix length maximises H (Grimmer, Shu, Wang 2410.16249).
    """
    count = _checked(steps)
    sums = _Sums()
    known: dict[int, tuple[Real, ...]] = {}
    tails: dict[int, tuple[tuple[Real, ...], Real]] = {0: ((), Real.rational(1))}
    sums.pivot(count)
    needed = [count]
    while needed[-1] > 0:
        needed.append(needed[-1] - 1 - sums.pivots[needed[-1]])
    for n in reversed(needed[:-1]):
        prefix = sums.pivots[n]
        tail, weight = tails[n - 1 - prefix]
        alpha = sums.leaf(prefix + 1)
        theta = (1 + sqrt(1 + 8 * alpha / weight)) / 2
        step = 1 + alpha / theta
        # 2H + 1 of the join is theta^2 times that of the tail
        tails[n] = ((*_obs_s(sums, prefix, known), step, *tail), theta * theta * weight)
    return Schedule("obs-f", tails[count][0], "OBS-F (Grimmer, Shu, Wang 2410.16249)")


_SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "optimal-constant": optimal_constant,
    "silver": silver,
    "obs-s": obs_s,
    "obs-f": obs_f,
}


def schedule_names() -> tuple[str, ...]:
    """Names that `schedule` understands."""
    return tuple(_SCHEDULES)


def schedule(name: str, steps: int | None = None, **parameters: Any) -> Schedule:
    """The schedule called `name` with `steps` steps; ``constant`` takes ``step``.

    Raises ClaimError for an unknown name or parameter.
    """
    builder = _SCHEDULES.get(name)
    if builder is None:
        raise ClaimError(f"unknown schedule {name!r}; known are {', '.join(_SCHEDULES)}, or the name of a file")
    if parameters and name != "constant":
        raise ClaimError(f"the schedule {name} takes no parameter {', '.join(parameters)}")
    return builder(_checked(steps), **parameters)

