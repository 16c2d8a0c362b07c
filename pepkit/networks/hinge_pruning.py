"""Pruning of two-layer ReLU networks on an interval, with exact errors and a lower bound for every other method.

On an interval such a network is an affine function plus a sum of hinges c max(0, x - t). Two hinges with slope changes
c1, c2 of one sign merge into c1 + c2 at t = (c1 t1 + c2 t2)/(c1 + c2): outside [t1, t2] nothing changes, and the
largest difference, at t, is |c1 c2| |t2 - t1| / |c1 + c2|. `merge_pruned` merges neighbours, cheapest first, while the
exact distance stays within a tolerance; `fewest_kinks` finds a continuous piecewise linear function within the
tolerance by dynamic programming; `lower_bound` proves how many kinks every such function needs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import ClaimError
from pepkit.kernel.line_networks import (
    BendingTriples,
    KinkCount,
    KinkEvaluation,
    KinksNeeded,
    UniformDistance,
    kinks,
    value_at,
)
from pepkit.kernel.networks import Layer, Network
from pepkit.networks.model import rational

__all__ = [
    "Pruning",
    "count_certificate",
    "distance_certificate",
    "fewest_kinks",
    "from_vertices",
    "line_network",
    "lower_bound",
    "merge_pruned",
    "merging_error",
]

Vertices = list[tuple[fmpq, fmpq]]


def line_network(
    amplitudes: Sequence[Any], weights: Sequence[Any], biases: Sequence[Any], constant: Any = 0
) -> Network:
    """constant + sum_j a_j max(0, w_j x + b_j) as an exact network; floats are the dyadic rationals that they are."""
    rows = tuple((rational(w),) for w in weights)
    hidden = Layer(rows, tuple(rational(b) for b in biases), (fmpq(0),) * len(rows))
    return Network((hidden, Layer((tuple(rational(a) for a in amplitudes),), (rational(constant),))))


def merging_error(c1: Any, t1: Any, c2: Any, t2: Any) -> fmpq:
    """Largest change when the hinges c1 at t1 and c2 at t2, of one sign, are merged."""
    c1, t1, c2, t2 = (rational(x) for x in (c1, t1, c2, t2))
    if c1 * c2 <= 0:
        raise ClaimError("only hinges with slope changes of one sign are merged")
    return abs(c1 * c2) * abs(t2 - t1) / abs(c1 + c2)


def _hinges(network: Network, low: fmpq, high: fmpq) -> tuple[fmpq, fmpq, list[tuple[fmpq, fmpq]]]:
    """f(low), the slope at low from the right, and the hinges (t, c) inside."""
    changes = kinks(network, low, high)
    first = min(changes, default=high)
    slope = (value_at(network, first) - value_at(network, low)) / (first - low)
    return value_at(network, low), slope, list(changes.items())


def _from_hinges(low: fmpq, value: fmpq, slope: fmpq, hinges: Sequence[tuple[fmpq, fmpq]]) -> Network:
    """value + slope (x - low) + sum c max(0, x - t) for x >= low."""
    return line_network(
        [slope, *(c for _, c in hinges)], [1] * (len(hinges) + 1), [-low, *(-t for t, _ in hinges)], value
    )


def from_vertices(vertices: Vertices) -> Network:
    """The continuous piecewise linear function through the vertices (x, y), x increasing, from the first one on."""
    slopes = [(q[1] - p[1]) / (q[0] - p[0]) for p, q in itertools.pairwise(vertices)]
    hinges = [(vertices[k][0], slopes[k] - slopes[k - 1]) for k in range(1, len(slopes))]
    return _from_hinges(vertices[0][0], vertices[0][1], slopes[0], [(t, c) for t, c in hinges if c])


def _distance(first: Network, second: Network, low: fmpq, high: fmpq) -> fmpq:
    places = {low, high, *kinks(first, low, high), *kinks(second, low, high)}
    return max(abs(value_at(first, x) - value_at(second, x)) for x in places)


@dataclass(frozen=True)
class Pruning:
    """A pruned network: exact weights, kinks before and after, and the exact largest difference."""

    network: Network
    before: int
    after: int
    distance: fmpq


def merge_pruned(network: Network, low: Any, high: Any, tolerance: Any) -> Pruning:
    """Merge neighbouring hinges of one sign, cheapest first, as long as the exact distance is at most `tolerance`.

    New positions are rounded to 40 fractional bits; the distance is that of the rounded network.
    """
    low, high, tolerance = rational(low), rational(high), rational(tolerance)
    value, slope, hinges = _hinges(network, low, high)
    order: list[tuple[fmpq, fmpq]] = list(hinges)
    history = [list(order)]
    while len(order) > 1:
        costs = [
            (merging_error(order[k][1], order[k][0], order[k + 1][1], order[k + 1][0]), k)
            for k in range(len(order) - 1)
            if order[k][1] * order[k + 1][1] > 0
        ]
        if not costs or min(costs)[0] > tolerance:
            break
        _, k = min(costs)
        (t1, c1), (t2, c2) = order[k], order[k + 1]
        place = (c1 * t1 + c2 * t2) / (c1 + c2)
        order[k : k + 2] = [(_rounded(place), c1 + c2)]
        history.append(list(order))
    # errors of merges add up at most; the exact distance decides how far back to go
    below, above = 0, len(history)
    while above - below > 1:
        middle = (below + above) // 2
        candidate = _from_hinges(low, value, slope, history[middle])
        if _distance(network, candidate, low, high) <= tolerance:
            below = middle
        else:
            above = middle
    pruned = _from_hinges(low, value, slope, history[below])
    return Pruning(pruned, len(hinges), len(history[below]), _distance(network, pruned, low, high))


def _rounded(value: fmpq, bits: int = 40) -> fmpq:
    return fmpq(round(float(int(value.p) / int(value.q)) * 2**bits), 1 << bits)


def fewest_kinks(network: Network, low: Any, high: Any, tolerance: Any, levels: int = 9, grid: int = 0) -> Pruning:
    """A continuous piecewise linear function within `tolerance` with few kinks, by dynamic programming.

    Its vertices lie above or below places of f, at `levels` heights between f - tolerance and f + tolerance: the kinks
    of f and `grid` more points. The search is in floats; the result is rational and its distance exact.
    """
    low, high, tolerance = rational(low), rational(high), rational(tolerance)
    places = sorted(
        {low, high, *kinks(network, low, high)} | {low + (high - low) * fmpq(k, grid) for k in range(1, grid)}
    )
    x = np.array([_float(p) for p in places])
    y = np.array([_float(value_at(network, p)) for p in places])
    eps = _float(tolerance) * (1 - 1e-9)
    count = len(places)
    offsets = np.linspace(-eps, eps, levels)
    # slopes[i, l]: directions from the node (i, l) that stay in the tube up to the next vertices
    best = np.full((count, levels), np.inf)
    parent = np.full((count, levels, 2), -1)
    best[0] = 0
    for i in range(count - 1):
        for level in np.nonzero(np.isfinite(best[i]))[0]:
            start = y[i] + offsets[level]
            run = x[i + 1 :] - x[i]
            lower = np.maximum.accumulate((y[i + 1 :] - eps - start) / run)
            upper = np.minimum.accumulate((y[i + 1 :] + eps - start) / run)
            slopes = (y[i + 1 :, None] + offsets[None, :] - start) / run[:, None]
            allowed = (slopes >= lower[:, None] - 1e-13) & (slopes <= upper[:, None] + 1e-13)
            better = allowed & (best[i, level] + 1 < best[i + 1 :])
            best[i + 1 :][better] = best[i, level] + 1
            parent[i + 1 :][better] = (i, level)
    node = (count - 1, int(np.argmin(best[-1])))
    path = [node]
    while node[0]:
        node = (int(parent[node][0]), int(parent[node][1]))
        path.append(node)
    vertices = [
        (places[i], _rounded(value_at(network, places[i]) + rational(float(offsets[k])), 60)) for i, k in path[::-1]
    ]
    found = from_vertices(vertices)
    distance = _distance(network, found, low, high)
    if distance > tolerance:
        raise ClaimError("rounding left the tolerance; ask for a larger one")
    return Pruning(found, len(kinks(network, low, high)), len(kinks(found, low, high)), distance)


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def lower_bound(network: Network, low: Any, high: Any, tolerance: Any) -> BendingTriples:
    """Proof of the number of kinks of every continuous piecewise linear function closer than `tolerance`.

    Greedy: each interval is the shortest one from the end of the last on which no affine function is closer than the
    tolerance. The intervals are found in floats and the triples are exact.
    """
    low, high, tolerance = rational(low), rational(high), rational(tolerance)
    places = sorted({low, high, *kinks(network, low, high)})
    triples: list[tuple[fmpq, fmpq, fmpq]] = []
    start = low
    while True:
        found = _next_triple(network, places, start, high, tolerance)
        if found is None:
            break
        triples.append(found)
        start = found[2]
    return BendingTriples(KinksNeeded(network, low, high, tolerance, len(triples)), tuple(triples))


def _next_triple(
    network: Network, places: list[fmpq], start: fmpq, high: fmpq, tolerance: fmpq
) -> tuple[fmpq, fmpq, fmpq] | None:
    """The triple with p >= start and the smallest r whose bend is at least twice the tolerance."""
    inside = [start, *(p for p in places if start < p <= high)]
    if len(inside) < 3:
        return None
    x = np.array([_float(p) for p in inside])
    y = np.array([_float(value_at(network, p)) for p in inside])
    wanted = 2 * _float(tolerance) * (1 + 1e-9)

    def bend(px: np.ndarray, py: np.ndarray) -> tuple[float, int, int]:
        """Largest bend of triples that end at the last point, with the first two points."""
        worst, first, second = 0.0, 0, 0
        for i in range(len(px) - 2):
            inner = slice(i + 1, len(px) - 1)
            line = py[i] + (py[-1] - py[i]) * (px[inner] - px[i]) / (px[-1] - px[i])
            off = np.abs(py[inner] - line)
            k = int(np.argmax(off))
            if off[k] > worst:
                worst, first, second = float(off[k]), i, i + 1 + k
        return worst, first, second

    for end in range(2, len(inside)):
        if bend(x[: end + 1], y[: end + 1])[0] < wanted:
            continue
        # the end can be earlier than a kink: f is affine between the neighbours, so move it by bisection
        near, far = x[end - 1], x[end]
        slope = (y[end] - y[end - 1]) / (far - near)
        for _ in range(40):
            middle = (near + far) / 2
            px = np.append(x[:end], middle)
            py = np.append(y[:end], y[end - 1] + slope * (middle - x[end - 1]))
            near, far = (near, middle) if bend(px, py)[0] >= wanted else (middle, far)
        last = min(rational(float(far)), inside[end])
        px, py = np.append(x[:end], _float(last)), np.append(y[:end], _float(value_at(network, last)))
        _, i, k = bend(px, py)
        triple = (inside[i], inside[k], last)
        fp, fq, fr = (value_at(network, p) for p in triple)
        exact = abs(fq - ((last - inside[k]) * fp + (inside[k] - inside[i]) * fr) / (last - inside[i]))
        if exact >= 2 * tolerance:
            return triple
    return None


def distance_certificate(first: Network, second: Network, low: Any, high: Any) -> KinkEvaluation:
    """The exact largest difference of two networks on an interval."""
    low, high = rational(low), rational(high)
    return KinkEvaluation(UniformDistance(first, second, low, high, _distance(first, second, low, high)))


def count_certificate(network: Network, low: Any, high: Any) -> KinkEvaluation:
    """The exact number of kinks of a network on an interval."""
    low, high = rational(low), rational(high)
    return KinkEvaluation(KinkCount(network, low, high, len(kinks(network, low, high))))
