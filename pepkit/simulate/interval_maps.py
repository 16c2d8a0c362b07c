"""The map x -> x - eta (x^N - 1) x^(N-1) in floats: orbits, Lyapunov exponents, and the search for coverings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from pepkit.kernel.descent_maps import descent_map

__all__ = ["Covering", "covering", "lyapunov", "orbit_tail"]

Array = NDArray[np.float64]


def orbit_tail(depth: int, step: float, count: int, start: float = 0.6, burn: int = 2000) -> Array:
    """The `count` iterates after `burn`; empty if the orbit escapes."""
    x = start
    tail = []
    for i in range(burn + count):
        power = x ** (depth - 1)
        x = x - step * (power * x - 1) * power
        if not abs(x) < 1e3:
            return np.empty(0)
        if i >= burn:
            tail.append(x)
    return np.array(tail)


def lyapunov(depth: int, step: float, count: int = 20_000) -> float | None:
    """The mean of ln|m'| along the orbit of 0.6; None if it escapes."""
    tail = orbit_tail(depth, step, count)
    if not len(tail):
        return None
    slope = 1 - step * tail ** (depth - 2) * ((2 * depth - 1) * tail**depth - (depth - 1))
    return float(np.mean(np.log(np.maximum(np.abs(slope), 1e-300))))


@dataclass(frozen=True)
class Covering:
    """Rational intervals, a rational growth > 1 and positive rational weights v with A v >= growth v."""

    intervals: tuple[tuple[fmpq, fmpq], ...]
    growth: fmpq
    weights: tuple[fmpq, ...]


def covering(depth: int, step: fmpq, reach: fmpq, cells: int) -> Covering | None:
    """Equal intervals in [-reach, reach] whose graph of coverings grows fastest; None if no growth is above 1.

    The graph is made with exact images; its spectral radius and vector are floats, rounded so that exact arithmetic
    confirms them: weights to multiples of 2^-40 and the growth below the least ratio.
    """
    ends = [-reach + 2 * reach * k / cells for k in range(cells + 1)]
    images = [descent_map(depth, step, x) for x in ends]
    graph = np.zeros((cells, cells), dtype=bool)
    for i in range(cells):
        low, high = min(images[i], images[i + 1]), max(images[i], images[i + 1])
        first, last = _first_end(ends, low), _last_end(ends, high)
        graph[i, first:last] = True
    count, labels = connected_components(graph, directed=True, connection="strong")
    best: tuple[float, Any] = (1.0 + 1e-6, None)
    for label in range(count):
        members = np.flatnonzero(labels == label)
        block = graph[np.ix_(members, members)].astype(float)
        if block.sum() <= len(members):
            continue
        radius = float(np.abs(np.linalg.eigvals(block)).max())
        if radius > best[0]:
            best = (radius, members)
    if best[1] is None:
        return None
    members = best[1]
    block = graph[np.ix_(members, members)]
    vector = np.ones(len(members))
    for _ in range(5000):
        # the shift makes the iteration converge for periodic graphs
        vector = block @ vector + vector
        vector /= vector.max()
    weights = [fmpq(max(1, round(float(v) * 2**40)), 2**40) for v in vector]
    ratios = [
        sum((w for w, edge in zip(weights, row, strict=True) if edge), fmpq(0)) / weights[i]
        for i, row in enumerate(block)
    ]
    # a growth that is short to write
    least = min(ratios)
    growth = fmpq(int((least * 10**6).p // (least * 10**6).q), 10**6)
    if growth <= 1:
        return None
    return Covering(tuple((ends[k], ends[k + 1]) for k in members), growth, tuple(weights))


def _first_end(ends: list[fmpq], value: fmpq) -> int:
    """The index of the first end that is not below `value`."""
    scaled = (value - ends[0]) / (ends[1] - ends[0])
    return max(0, int(-((-scaled.p) // scaled.q)))


def _last_end(ends: list[fmpq], value: fmpq) -> int:
    """The index of the last end that is not above `value`."""
    scaled = (value - ends[0]) / (ends[1] - ends[0])
    return max(0, min(len(ends) - 1, int(scaled.p // scaled.q)))
