"""Families of multipliers: which interpolation inequalities a dual may use.

A full performance-estimation problem has about N^2 multipliers; optimal duals live on far fewer. A family
names index pairs (i, j) of interpolation inequalities f_i >= f_j + <g_j, x_i - x_j> + ..., with N + 1 the
index of x_* where the statement has a minimiser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from pepkit.kernel import ClaimError

__all__ = [
    "FAMILIES",
    "MultiplierFamily",
    "all_pairs",
    "consecutive_and_star",
    "custom",
    "dyadic_band",
    "dyadic_pivots",
    "family",
    "search_order",
]

Pairs = np.ndarray


@dataclass(frozen=True)
class MultiplierFamily:
    """A named rule ``pairs(steps, has_star)`` that lists index pairs as an integer array (m, 2)."""

    name: str
    pairs: Callable[[int, bool], Pairs]

    def __or__(self, other: MultiplierFamily) -> MultiplierFamily:
        return MultiplierFamily(
            f"{self.name} + {other.name}",
            lambda steps, star: _unique(np.concatenate([self.pairs(steps, star), other.pairs(steps, star)])),
        )


def _unique(pairs: Pairs) -> Pairs:
    return np.unique(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=0)


def _star(steps: int, star: bool) -> Pairs:
    if not star:
        return np.empty((0, 2), dtype=np.int64)
    points = np.arange(steps + 1)
    return np.stack([np.full(steps + 1, steps + 1), points], axis=1)


def _all_pairs(steps: int, star: bool) -> Pairs:
    count = steps + 1 + int(star)
    first, second = np.divmod(np.arange(count * count), count)
    keep = first != second
    return np.stack([first[keep], second[keep]], axis=1)


def _consecutive_and_star(steps: int, star: bool) -> Pairs:
    points = np.arange(steps)
    return _unique(np.concatenate([np.stack([points, points + 1], axis=1), _star(steps, star)]))


def _dyadic_pivots(steps: int, star: bool) -> Pairs:
    pairs = [_star(steps, star)]
    length = 2
    while length < 2 * (steps + 1):
        for start in range(0, steps + 1, length):
            stop = min(start + length, steps + 1)
            middle = start + length // 2 - 1
            if middle >= stop:
                continue
            others = np.arange(start, stop)
            others = others[others != middle]
            pairs.append(np.stack([np.full(len(others), middle), others], axis=1))
        length *= 2
    return _unique(np.concatenate(pairs))


def _valuation(values: np.ndarray) -> np.ndarray:
    return np.round(np.log2(values & -values)).astype(np.int64)


def _dyadic_band(steps: int, star: bool) -> Pairs:
    pairs = _all_pairs(steps, False)
    valuations = _valuation(np.arange(1, steps + 2))
    reach = np.maximum(valuations[pairs[:, 0]], valuations[pairs[:, 1]])
    keep = np.abs(pairs[:, 0] - pairs[:, 1]) <= 2**reach
    return _unique(np.concatenate([pairs[keep], _star(steps, star)]))


def _neighbours(steps: int, star: bool) -> Pairs:
    """Both directions between neighbours, from every point to x_*, and from the last point to all."""
    points = np.arange(steps)
    last = np.full(steps, steps)
    blocks = [
        np.stack([points, points + 1], axis=1),
        np.stack([points + 1, points], axis=1),
        np.stack([last, points], axis=1),
        np.stack([points, last], axis=1),
    ]
    if star:
        blocks.append(_star(steps, star)[:, ::-1])
    return np.concatenate([*blocks, _star(steps, star)])


all_pairs = MultiplierFamily("all-pairs", _all_pairs)
"""Every ordered pair: the exact performance-estimation problem."""
consecutive_and_star = MultiplierFamily("consecutive-and-star", _consecutive_and_star)
"""(i, i+1) and (*, j): 2N + 1 multipliers, enough for constant steps h <= 1."""
dyadic_pivots = MultiplierFamily("dyadic-pivots", _dyadic_pivots)
"""(*, j), and from the last index of the first half of every dyadic block to all others of the block:
about N log2 N multipliers, enough for silver schedules (numerically, N = 3 to 255)."""
dyadic_band = MultiplierFamily("dyadic-band", _dyadic_band)
"""(*, j), and |i - j| <= 2^max(v2(i+1), v2(j+1)): a denser dyadic family."""
neighbours = MultiplierFamily("neighbours", lambda steps, star: _unique(_neighbours(steps, star)))
"""Neighbours in both directions, both star directions, and all pairs with the last point."""

FAMILIES = {f.name: f for f in (all_pairs, consecutive_and_star, dyadic_pivots, dyadic_band, neighbours)}


def custom(pairs: Iterable[tuple[int, int]], name: str = "custom") -> MultiplierFamily:
    """A user's own list of pairs (for instance the support of an earlier certificate)."""
    listed = _unique(np.array(list(pairs), dtype=np.int64).reshape(-1, 2))

    def select(steps: int, star: bool) -> Pairs:
        limit = steps + 1 + int(star)
        if len(listed) and (listed.min() < 0 or listed.max() >= limit or (listed[:, 0] == listed[:, 1]).any()):
            raise ClaimError(f"a family of multipliers names a pair that does not exist for N = {steps}")
        return listed

    return MultiplierFamily(name, select)


def family(value: str | MultiplierFamily | Iterable[tuple[int, int]]) -> MultiplierFamily:
    """A family from its name, a list of pairs, or itself; names can be joined with ``+``."""
    if isinstance(value, MultiplierFamily):
        return value
    if isinstance(value, str):
        parts = [part.strip() for part in value.split("+")]
        unknown = [part for part in parts if part not in FAMILIES]
        if unknown:
            raise ClaimError(f"unknown family of multipliers {unknown[0]!r}; known are {', '.join(FAMILIES)}")
        result = FAMILIES[parts[0]]
        for part in parts[1:]:
            result = result | FAMILIES[part]
        return result
    return custom(value)


SMALL_PROBLEM = 8
"""Up to this many steps all pairs are as cheap as any family."""


def search_order(steps: int, largest_step: float) -> list[MultiplierFamily]:
    """Families to try, from sparse to dense, when nothing is known but the length of the method.

    Steps of 2 and more need multipliers beyond neighbours (already the silver schedule with three steps
    does), so the sparsest family is left out for them.
    """
    if steps <= SMALL_PROBLEM:
        return [all_pairs]
    order = [consecutive_and_star | dyadic_pivots, consecutive_and_star | dyadic_pivots | neighbours]
    return order if largest_step >= 2 else [consecutive_and_star, *order]
