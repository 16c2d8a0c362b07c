"""The map x -> x - eta (x^N - 1) x^(N-1) in floats: orbits, Lyapunov exponents, and the search for coverings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pepkit.kernel.descent_maps import descent_map

__all__ = [
    "ESCAPED",
    "Covering",
    "covering",
    "log_slope",
    "lyapunov",
    "lyapunov_exponents",
    "move",
    "orbit_tail",
    "orbit_tails",
]

Array = NDArray[np.float64]
BITS = 44
"""End points of intervals are multiples of 2^-BITS."""
MARGIN = 1e-11
"""Half the first gap around the orbit of a critical point."""
START, BURN = 0.6, 2000
"""Where orbits start, and how many iterates are left out."""
ESCAPED = 1e3
"""An orbit that comes so far has escaped: it never returns."""


def move(depth: int, step: Any, x: Any) -> Any:
    """One step of gradient descent from x, floats or arrays of NumPy or JAX."""
    power = 1.0
    for _ in range(depth - 1):
        # products, whose rounding is the same for numbers and arrays
        power = power * x
    return x - step * (power * x - 1) * power


def orbit_tail(depth: int, step: float, count: int, start: float = START, burn: int = BURN) -> Array:
    """The `count` iterates after `burn`; empty if the orbit escapes."""
    x = start
    tail = []
    for i in range(burn + count):
        x = move(depth, step, x)
        if not abs(x) < ESCAPED:
            return np.empty(0)
        if i >= burn:
            tail.append(x)
    return np.array(tail)


def orbit_tails(depth: int, steps: Array, count: int, start: float = START, burn: int = BURN) -> Array:
    """`orbit_tail` for many step sizes at once, shape (count, steps); nan where the orbit escapes."""
    x = np.full(len(steps), start)
    tail = []
    with np.errstate(invalid="ignore", over="ignore"):
        for i in range(burn + count):
            x = move(depth, steps, x)
            x = np.where(np.abs(x) < ESCAPED, x, np.nan)
            if i >= burn:
                tail.append(x)
    found = np.array(tail)
    # an orbit that escapes on the way has no tail
    return np.where(np.isnan(found[-1]), np.nan, found)


def _slope(depth: int, step: float, x: Any) -> Any:
    return 1 - step * x ** (depth - 2) * ((2 * depth - 1) * x**depth - (depth - 1))


def log_slope(xp: Any, depth: int, step: Any, x: Any) -> Any:
    """ln|m'(x)|, computed by the namespace `xp`."""
    return xp.log(xp.maximum(xp.abs(_slope(depth, step, x)), 1e-300))


def lyapunov(depth: int, step: float, count: int = 20_000) -> float | None:
    """The mean of ln|m'| along the orbit of 0.6; None if it escapes."""
    tail = orbit_tail(depth, step, count)
    if not len(tail):
        return None
    return float(np.mean(log_slope(np, depth, step, tail)))


def lyapunov_exponents(depth: int, steps: Array, count: int = 20_000) -> Array:
    """`lyapunov` for many step sizes; nan where the orbit escapes."""
    found = [lyapunov(depth, float(step), count) for step in steps]
    return np.array([np.nan if value is None else value for value in found])


@dataclass(frozen=True)
class Covering:
    """Rational intervals, a rational growth > 1 and positive rational weights v with A v >= growth v."""

    intervals: tuple[tuple[fmpq, fmpq], ...]
    growth: fmpq
    weights: tuple[fmpq, ...]


def _cuts(depth: int, step: float, reach: float, cells: int) -> list[tuple[float, float]]:
    """Points with the half-widths of the gaps around them: orbits of the critical points, and the hull of the map.

    Between the points of critical orbits the map is monotone and sends end points to end points, so the graph of
    coverings is nearly that of a Markov partition. Gaps grow along an orbit by the slope of the map, so that the
    image of an interval that ends before one gap encloses the interval that ends before the next.
    """
    coefficients = np.zeros(2 * depth - 1)
    # 1 + eta (N-1) x^(N-2) - eta (2N-1) x^(2N-2), highest power first
    coefficients[0] = -step * (2 * depth - 1)
    coefficients[depth] += step * (depth - 1)
    coefficients[-1] += 1
    roots = np.roots(coefficients)
    critical = [float(r.real) for r in roots if abs(r.imag) < 1e-9 and abs(r.real) <= reach]
    cuts: list[tuple[float, float]] = []
    length = max(1, cells // max(1, len(critical)))
    for x in critical:
        gap = MARGIN
        for _ in range(length):
            if abs(x) > reach or gap > 1e-3 or any(abs(x - other) <= gap + width for other, width in cuts):
                break
            cuts.append((x, gap))
            gap = abs(_slope(depth, step, x)) * gap * 1.05 + MARGIN
            x = float(descent_map(depth, step, x))
    if depth % 2 == 0:
        # m(-x) = -m(x): beyond the point with m(x) = -x orbits escape, and it bounds the hull
        for root in np.roots(
            [step, *[0] * (depth - 1), -step, *[0] * (depth - 3), -2] if depth > 2 else [step, 0, -step - 2]
        ):
            if abs(root.imag) < 1e-9 and 0 < root.real <= reach:
                # a little outside, so that the image of the end lies outside as well
                cuts += [(float(root.real) + 1e-7, 0.0), (-float(root.real) - 1e-7, 0.0)]
    return sorted(cuts)


def _rational(x: float) -> fmpq:
    return fmpq(round(x * 2**BITS), 2**BITS)


def covering(depth: int, step: fmpq, reach: fmpq, cells: int) -> Covering | None:
    """Intervals in [-reach, reach], at most about `cells`, whose graph of coverings grows fast; None without growth.

    The graph is made with exact images; its spectral radius and vector are floats, rounded so that exact arithmetic
    confirms them: the growth lies below the least ratio of A v to v.
    """
    size = int(step.p) / int(step.q)
    cuts = _cuts(depth, size, int(reach.p) / int(reach.q), cells)
    intervals = [(_rational(a + e), _rational(b - f)) for (a, e), (b, f) in pairwise(cuts) if b - f - a - e > 1e-12]
    if not intervals:
        return None
    graph = np.array([_covered(depth, step, interval, intervals) for interval in intervals])
    count, labels = connected_components(csr_matrix(graph.astype(float)), directed=True, connection="strong")
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
    weights = [fmpq(max(1, round(float(v) * 2**50)), 2**50) for v in vector]
    ratios = [
        sum((w for w, edge in zip(weights, row, strict=True) if edge), fmpq(0)) / weights[i]
        for i, row in enumerate(block)
    ]
    # a growth that is short to write
    least = min(ratios)
    growth = fmpq(int((least * 10**6).p // (least * 10**6).q), 10**6)
    if growth <= 1:
        return None
    return Covering(tuple(intervals[k] for k in members), growth, tuple(weights))


def _covered(
    depth: int, step: fmpq, interval: tuple[fmpq, fmpq], intervals: list[tuple[fmpq, fmpq]]
) -> list[bool]:  # fmt: skip
    first, last = (descent_map(depth, step, x) for x in interval)
    low, high = min(first, last), max(first, last)
    return [bool(low <= a and b <= high) for a, b in intervals]
