"""The composed schedules of the literature, as trees of joins, for any number of steps.

Sources: silver: Altschuler, Parrilo 2309.16530; for mu > 0: 2309.07879. OBS-S, OBS-F, OBS-G and the joins for
mu = 0: Grimmer, Shu, Wang 2410.16249; Zhang, Jiang 2410.12395. Right- and left-heavy: Grimmer, Shu, Wang
2403.14045. Anytime: Zhang, Lee, Du, Chen 2411.17668. Teboulle-Vaisbourd: Teboulle, Vaisbourd 2023. Dynamic
gradient steps: Rotaru, Glineur, Patrinos 2406.17506.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pepkit.kernel import ClaimError
from pepkit.kernel.joins import EMPTY
from pepkit.schedules.composition import Composer, Composition, Operand, _float_cubic, parse_composition

__all__ = ["anytime_ends", "composition", "composition_names", "needs_strong_convexity", "optimal_prefixes", "tree"]

RHO = 1 + math.sqrt(2)
MAX_CHAIN = 100_000
_WINDOW = 24


def _power(steps: int, offset: int, name: str, form: str) -> int:
    """k with steps + offset = 2^k."""
    total = steps + offset
    if total & (total - 1):
        low = 1 << (total.bit_length() - 1)
        near = f"{low - offset} or {2 * low - offset}" if low > offset else f"{2 * low - offset}"
        raise ClaimError(f"{name} is a composition for N = {form} only; {steps} is not of this form (near: {near})")
    return total.bit_length() - 1


def _silver(composer: Composer, levels: int) -> Operand:
    part: Operand = EMPTY
    for _ in range(levels):
        part = composer.join("s", part, part)
    return part


def _balanced(composer: Composer, steps: int) -> Operand:
    """OBS-S: balanced s-joins. Only two sizes occur at every depth."""
    sizes = [{steps}]
    while max(sizes[-1]) > 0:
        sizes.append({half for n in sizes[-1] if n for half in ((n - 1) // 2, n - 1 - (n - 1) // 2)})
    done: dict[int, Operand] = {0: EMPTY}
    for n in sorted(set().union(*sizes) - {0}):
        left = (n - 1) // 2
        done[n] = composer.join("s", done[left], done[n - 1 - left])
    return done[steps]


def _balanced_weights(count: int) -> Any:
    """U_1, ..., U_count in floats (index 0 unused): 1 + sum of OBS-S with n - 1 steps."""
    values = np.ones(count + 1)
    done = 1
    while done < count:
        last = min(2 * done, count)
        n = np.arange(done + 1, last + 1)
        a, b = values[n // 2], values[n - n // 2]
        values[n] = (a + b + np.sqrt(a * a + 6 * a * b + b * b)) / 2
        done = last
    return values


def optimal_prefixes(steps: int) -> list[int]:
    """For n = 0..steps, the number of steps before the joining step of OBS-F with n steps.

    The best prefix of n steps is sought near that of n - 1, which moves by at most one or two; all prefixes are
    compared for n <= 64. In floats: ties are broken by rounding, and the schedule is proved whatever the prefix.
    """
    leaves = _balanced_weights(steps + 1)
    tails = np.ones(steps + 1)
    best = [0] * (steps + 1)
    for n in range(1, steps + 1):
        low, high = (0, n) if n <= 64 else (max(best[n - 1] - _WINDOW, 0), min(best[n - 1] + _WINDOW, n))
        u, w = leaves[low + 1 : high + 1], tails[n - high : n - low][::-1]
        candidates = 2 * u + (w + np.sqrt(w * w + 8 * u * w)) / 2
        choice = int(np.argmax(candidates))
        best[n], tails[n] = low + choice, candidates[choice]
    return best


def _optimised_f(composer: Composer, steps: int) -> Operand:
    prefixes = optimal_prefixes(steps)
    chain = [steps]
    while chain[-1] > 0:
        chain.append(chain[-1] - 1 - prefixes[chain[-1]])
    part: Operand = EMPTY
    for n in reversed(chain[:-1]):
        part = composer.join("f", _balanced(composer, prefixes[n]), part)
    return part


def _silver_convex(steps: int, mu: float) -> Composition:
    composer = Composer()
    levels = _power(steps, 1, "silver", "2^k - 1")
    return composer.finish(_silver(composer, levels), "silver", "silver schedule (Altschuler, Parrilo 2309.16530)")


def _obs_s(steps: int, mu: float) -> Composition:
    composer = Composer()
    return composer.finish(_balanced(composer, steps), "obs-s", "OBS-S (Grimmer, Shu, Wang 2410.16249)")


def _obs_f(steps: int, mu: float) -> Composition:
    composer = Composer()
    return composer.finish(_optimised_f(composer, steps), "obs-f", "OBS-F (Grimmer, Shu, Wang 2410.16249)")


def _obs_g(steps: int, mu: float) -> Composition:
    found = _obs_f(steps, mu).reversed()
    return Composition(found.instructions, "obs-g", "OBS-G, the reversal of OBS-F (Grimmer, Shu, Wang 2410.16249)")


def _right_heavy(steps: int, mu: float) -> Composition:
    composer = Composer()
    part: Operand = EMPTY
    prefix: Operand = EMPTY
    for _ in range(_power(steps, 1, "right-heavy", "2^k - 1")):
        part = composer.join("f", prefix, part)
        prefix = composer.join("s", prefix, prefix)
    return composer.finish(part, "right-heavy", "right-heavy schedule (Grimmer, Shu, Wang 2403.14045)")


def _left_heavy(steps: int, mu: float) -> Composition:
    found = _right_heavy(steps, mu).reversed()
    source = "left-heavy schedule, the reversal of right-heavy (Grimmer, Shu, Wang 2403.14045)"
    return Composition(found.instructions, "left-heavy", source)


def anytime_ends() -> Iterator[tuple[int, int]]:
    """(N, level) of every block of the anytime schedule: silver blocks of 2^level - 1 steps after one joining step."""
    total, level = 0, 1
    while True:
        for _ in range(math.floor(2 * RHO**level)):
            total += 1 << level
            yield total, level
        level += 1


def _anytime(steps: int, mu: float) -> Composition:
    """s <- s-join(s, silver_j), floor(2 rho^j) times for j = 1, 2, ...; N must end a block."""
    composer = Composer()
    part: Operand = EMPTY
    before = 0
    for total, level in anytime_ends():
        if total > steps:
            near = f"{before} or {total}" if before else str(total)
            raise ClaimError(f"anytime is a composition where a block ends; {steps} is no such N (near: {near})")
        part = composer.join("s", part, _silver(composer, level))
        if total == steps:
            return composer.finish(part, "anytime", "anytime schedule (Zhang, Lee, Du, Chen 2411.17668)")
        before = total
    raise ClaimError("unreachable")


def _chain(kind: str, name: str, description: str) -> Callable[[int, float], Composition]:
    def build(steps: int, mu: float) -> Composition:
        if steps > MAX_CHAIN:
            raise ClaimError(f"{name} is a chain of N joins; at most {MAX_CHAIN}")
        composer = Composer()
        part: Operand = EMPTY
        for _ in range(steps):
            part = composer.join(kind, part, EMPTY)
        return composer.finish(part, name, description)

    return build


def _silver_strongly_convex(steps: int, mu: float) -> Composition:
    """Closed balanced s-joins for powers of two; otherwise those of the binary digits, largest first."""
    composer = Composer()
    part: Operand | None = None
    for digit in range(steps.bit_length() - 1, -1, -1):
        if steps >> digit & 1:
            piece = composer.join("close", _silver(composer, digit))
            part = piece if part is None else composer.join("then", part, piece)
    if part is None:
        raise ClaimError("a schedule has at least one step")
    source = "silver schedule for strongly convex functions (Altschuler, Parrilo 2309.07879)"
    return composer.finish(part, "silver-strongly-convex", source)


MAX_OPTIMISED = 4000
_RESOLVED = 1 - 1e-13


def _strongly_convex_tables(steps: int, mu: float, with_tails: bool) -> tuple[list[int], list[int]]:
    """Best splits of the s-joins (maximal z) and of the f-joins (maximal u), by dynamic programming in floats."""
    if steps > MAX_OPTIMISED:
        raise ClaimError(f"the splits are optimised for at most {MAX_OPTIMISED} steps")
    z = np.full(steps + 1, float(mu))
    u = np.ones(steps + 1)
    splits, tails = [0] * (steps + 1), [0] * (steps + 1)
    for n in range(1, steps + 1):
        a = z[: (n + 1) // 2]
        b = z[n - 1 : n - 1 - len(a) : -1] if n - 1 - len(a) >= 0 else z[n - 1 :: -1][: len(a)]
        s = a + b - 2 * a * b
        values = (s + np.sqrt(s * s + 4 * a * b)) / 2
        # of equal splits the most balanced: differences below rounding are no differences
        splits[n] = int(np.flatnonzero(values >= values.max() * (1 - 4e-16))[-1])
        z[n] = values[splits[n]]
        if z[n] > _RESOLVED:
            raise ClaimError(
                f"for mu/L = {mu:g} the rate falls below 1e-26 before {n} steps, and splits are not resolved in double "
                "precision; run a shorter schedule several times (tree 'then(..., ...)')"
            )
    if with_tails:
        for n in range(1, steps + 1):
            low, high = (0, n) if n <= 64 else (max(tails[n - 1] - _WINDOW, 0), min(tails[n - 1] + _WINDOW, n))
            best = -1.0
            for k in range(low, high):
                y = _float_cubic(mu, z[k], u[n - 1 - k])
                value = u[n - 1 - k] * ((1 + y) * z[k] / ((1 - z[k]) * y)) ** 2
                if value > best:
                    best, tails[n] = value, k
            u[n] = best
    return splits, tails


def _optimised_s(composer: Composer, steps: int, splits: list[int]) -> Operand:
    done: dict[int, Operand] = {0: EMPTY}
    needed = {steps}
    for n in range(steps, 0, -1):
        if n in needed:
            needed |= {splits[n], n - 1 - splits[n]}
    for n in sorted(needed - {0}):
        done[n] = composer.join("s", done[splits[n]], done[n - 1 - splits[n]])
    return done[steps]


def _sc_obs_s(steps: int, mu: float) -> Composition:
    splits, _ = _strongly_convex_tables(steps, mu, False)
    composer = Composer()
    last = composer.join("close", _optimised_s(composer, steps - 1, splits))
    return composer.finish(last, "sc-obs-s", "optimised s-joins for mu > 0, closed by one step")


def _sc_obs_f(steps: int, mu: float) -> Composition:
    splits, tails = _strongly_convex_tables(steps, mu, True)
    composer = Composer()
    chain = [steps]
    while chain[-1] > 0:
        chain.append(chain[-1] - 1 - tails[chain[-1]])
    part: Operand = EMPTY
    for n in reversed(chain[:-1]):
        part = composer.join("f", _optimised_s(composer, tails[n], splits), part)
    return composer.finish(part, "sc-obs-f", "optimised f-joins for mu > 0")


_CONVEX: dict[str, Callable[[int, float], Composition]] = {
    "silver": _silver_convex,
    "obs-s": _obs_s,
    "obs-f": _obs_f,
    "obs-g": _obs_g,
    "right-heavy": _right_heavy,
    "left-heavy": _left_heavy,
    "anytime": _anytime,
    "teboulle-vaisbourd": _chain("s", "teboulle-vaisbourd", "dynamic short steps (Teboulle, Vaisbourd 2023)"),
    "dynamic-gradient": _chain(
        "g", "dynamic-gradient", "dynamic short steps for the gradient norm (Rotaru, Glineur, Patrinos 2406.17506)"
    ),
}
_STRONGLY_CONVEX: dict[str, Callable[[int, float], Composition]] = {
    "silver-strongly-convex": _silver_strongly_convex,
    "sc-obs-s": _sc_obs_s,
    "sc-obs-f": _sc_obs_f,
}


def composition_names() -> tuple[str, ...]:
    """Names that `composition` understands."""
    return (*_CONVEX, *_STRONGLY_CONVEX)


def needs_strong_convexity(name: str) -> bool:
    """Whether the named composition is about mu > 0."""
    return name in _STRONGLY_CONVEX


def composition(name: str, steps: int, mu: float = 0.0) -> Composition:
    """The named schedule with `steps` steps as a tree of joins.

    Parameters
    ----------
    name
        One of `composition_names`.
    steps
        N >= 1. Silver, right- and left-heavy exist for N = 2^k - 1, anytime where one of its blocks ends.
    mu
        mu/L in floats, for the schedules about mu > 0; it decides the splits of the optimised ones and no theorem.

    Raises
    ------
    ClaimError
        An unknown name; an N for which the schedule is no composition; mu = 0 where mu > 0 is needed.
    """
    if isinstance(steps, bool) or int(steps) != steps or steps < 1:
        raise ClaimError(f"the number of steps is a positive integer, not {steps}")
    if name in _CONVEX:
        return _CONVEX[name](int(steps), 0.0)
    if name not in _STRONGLY_CONVEX:
        raise ClaimError(f"{name!r} is no composition; known are {', '.join(composition_names())}")
    if not 0 < mu < 1:
        raise ClaimError(f"{name} is about mu-strongly convex functions: give 0 < mu < L (--mu L/10)")
    return _STRONGLY_CONVEX[name](int(steps), mu)


def tree(text: str) -> Composition:
    """The composition of an expression in which named schedules may occur: ``f(silver(7), s(., .))``."""
    return parse_composition(text, composition)
