"""Numbers that are no rates: exponents, limits and fits, enclosed by ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

from flint import arb

from pepkit.reproduction.registry import Published, Row, enclosed_number, numbers, table
from pepkit.schedules.bounds import best_sums, ma_chen_bound
from pepkit.schedules.named import optimal_prefixes

LEVEL = 13
"""The phases are taken over N = 2^13 .. 2^14 - 1, N the number of leaves of the tree (steps plus one)."""


def _exponent() -> arb:
    return (1 + arb(2).sqrt()).log() / arb(2).log()


def _anytime_exponent() -> arb:
    p = _exponent()
    return 2 * p / (1 + p)


@cache
def _primitive_weights(count: int) -> tuple[arb, ...]:
    """U_0 (unused), U_1, ..., U_count: 1 + sum of OBS-S with N - 1 steps."""
    values = [arb(0), arb(1)]
    for n in range(2, count + 1):
        a, b = values[n // 2], values[n - n // 2]
        values.append((a + b + (a * a + 6 * a * b + b * b).sqrt()) / 2)
    return tuple(values)


@cache
def _tail_weights(count: int) -> tuple[arb, ...]:
    """W_1, W_2, ...: 2H + 1 of OBS-F with 0, 1, ... steps, of the schedule that the package builds."""
    leaves = _primitive_weights(count)
    prefixes = optimal_prefixes(count - 1)
    values = [arb(1)]
    for n in range(1, count):
        u, w = leaves[prefixes[n] + 1], values[n - 1 - prefixes[n]]
        values.append(2 * u + (w + (w * w + 8 * u * w).sqrt()) / 2)
    return tuple(values)


def _phase(extreme: Callable[[arb, arb], bool], tails: bool) -> arb:
    """The least or greatest N^p / W_N, or U_N / N^p, over one dyadic level. `extreme(a, b)` says that a beats b."""
    p, low, high = _exponent(), 1 << LEVEL, 1 << (LEVEL + 1)
    found: arb | None = None
    for n in range(low, high):
        power = (arb(n).log() * p).exp()
        value = power / _tail_weights(high)[n - 1] if tails else _primitive_weights(high)[n] / power
        if found is None or extreme(value, found):
            found = value
    if found is None:
        raise ValueError("an empty level")
    return found


def _smaller(a: arb, b: arb) -> bool:
    return bool(a < b)


def _larger(a: arb, b: arb) -> bool:
    return bool(a > b)


def _barrier_base() -> arb:
    """B = 2^q (1 - xi^2q)/(1 - xi)^q with xi^(2q-1) (2 - xi) = 1, xi in (0, 1), and q = 1/p (2609.11788)."""
    q = 1 / _exponent()

    def excess(x: arb) -> arb:
        return (x.log() * (2 * q - 1)).exp() * (2 - x) - 1

    # the sign changes in (0.4, 0.6), and every bisection keeps a proved sign change
    low, high = arb(2) / 5, arb(3) / 5
    if not (excess(low) < 0 < excess(high) or excess(high) < 0 < excess(low)):
        raise ValueError("no sign change")
    rising = bool(excess(low) < 0)
    for _ in range(100):
        middle = ((low + high) / 2).mid()
        if bool(excess(middle) < 0) == rising:
            low = middle
        else:
            high = middle
    xi = low.union(high)
    return arb(2) ** q * (1 - xi ** (2 * q)) / (1 - xi) ** q


def _barrier() -> arb:
    return _barrier_base() ** (-_exponent())


def _right_heavy_limit() -> arb:
    """lim N^p / (2H + 1) along N = 2^k: bh' = 2 alpha + (bh + sqrt(bh^2 + 8 alpha bh))/2 with alpha = rho^k."""
    rho = 1 + arb(2).sqrt()
    # bh_k / rho^k tends to the fixed point w of rho w = 2 + (w + sqrt(w^2 + 8 w))/2; N^p = rho^k
    # (2 rho - 1) w - 4 = sqrt(w^2 + 8 w), so ((2 rho - 1)^2 - 1) w^2 - (8 (2 rho - 1) + 8) w + 16 = 0
    c = 2 * rho - 1
    a, b = c * c - 1, 8 * c + 8
    w = (b + (b * b - 64 * a).sqrt()) / (2 * a)
    return 1 / w


def _fitted_exponent(low: int, high: int) -> arb:
    """Least squares of log R_f against log N for OBS-F, N = low..high."""
    points = [(arb(n).log(), best_sums(n).rate("function-value").log()) for n in range(low, high + 1)]
    return _slope(points)


def _fitted_branch_and_bound() -> arb:
    """The same for the published steps of branch and bound, N = 1..50, with their numerical worst cases."""
    entries = [e for e in numbers("bnb_pep") if int(e["N"]) <= 50]
    return _slope([(arb(int(e["N"])).log(), arb(e["numerical"]).log()) for e in entries])


def _slope(points: list[tuple[arb, arb]]) -> arb:
    count = arb(len(points))
    mean_x, mean_y = sum((x for x, _ in points), arb(0)) / count, sum((y for _, y in points), arb(0)) / count
    above = sum(((x - mean_x) * (y - mean_y) for x, y in points), arb(0))
    below = sum(((x - mean_x) ** 2 for x, _ in points), arb(0))
    return -above / below


def _ma_chen_golden() -> arb:
    value = ma_chen_bound([(1 + arb(5).sqrt()) / 2])
    if value is None:
        raise ValueError("the bound needs a long step")
    return 2 * value


@table("constants", "Exponents, limits and phases (ball arithmetic, no rates)", "2609.11788; 2411.17668; computed here")
def _constants() -> Iterator[Row]:
    entry = partial(enclosed_number)
    yield entry("p-silver", "p = log_2(1 + sqrt 2)", Published("1.27155330316361"), _exponent)
    yield entry("p-anytime", "2p/(1 + p)", Published("1.11954520406165"), _anytime_exponent)
    yield entry("barrier-base", "B of the class barrier", Published("1.97530507031103"), _barrier_base)
    yield entry("barrier", "c_* = B^-p", Published("0.420809352823451"), _barrier)
    yield entry("right-heavy", "right-heavy, lim N^p (2 R_f), N = 2^k", Published("0.430219794"), _right_heavy_limit)
    yield entry(
        "ma-chen",
        "Ma-Chen bound (over half the distance), N = 1, h = (1 + sqrt 5)/2",
        Published("0.236068"),
        _ma_chen_golden,
    )
    yield entry(
        "phase-s", "OBS-S, min of (1 + H)/N^p, N = 2^13 .. 2^14", Published("0.99281933229"),
        partial(_phase, _smaller, False), quick=False,
    )  # fmt: skip
    yield entry(
        "phase-f-min", "OBS-F, min of N^p (2 R_f), N = 2^13 .. 2^14", Published("0.421412423"),
        partial(_phase, _smaller, True), quick=False,
    )  # fmt: skip
    yield entry(
        "phase-f-max", "OBS-F, max of N^p (2 R_f), N = 2^13 .. 2^14", Published("0.423145531"),
        partial(_phase, _larger, True), quick=False,
    )  # fmt: skip
    yield entry("fit-f-50", "OBS-F, fitted exponent, N = 1..50", Published("1.1898"), partial(_fitted_exponent, 1, 50))
    yield entry(
        "fit-f-10", "OBS-F, fitted exponent, N = 10..50", Published("1.2443"), partial(_fitted_exponent, 10, 50)
    )
    yield entry(
        "fit-bnb", "branch and bound, fitted exponent, N = 1..50", Published("1.1762"), _fitted_branch_and_bound
    )
