"""Inputs with large values: projected gradient ascent in doubles, evaluation in rationals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.networks import Box, Network, Vector
from pepkit.networks.model import FloatNetwork, float_network, rationals, to_floats

__all__ = ["ascend", "into_box", "largest_value"]


def into_box(point: Sequence[float], box: Box) -> Vector:
    """The exact point of the box nearest to a point in doubles."""
    exact = []
    for value, low, high in zip(point, box.lower, box.upper, strict=True):
        x = fmpq(*float(value).as_integer_ratio())
        exact.append(min(max(x, low), high))
    return tuple(exact)


def ascend(
    net: FloatNetwork,
    low: np.ndarray,
    high: np.ndarray,
    objective: np.ndarray,
    *,
    starts: int = 32,
    steps: int = 30,
    seed: int = 0,
) -> np.ndarray:
    """Points of the box with large objective . f, best first, shape (starts, n_0): signed gradient ascent.

    Starts are the centre and uniform random points; step lengths shrink from half the box to 1/100 of it.
    """
    generator = np.random.default_rng(seed)
    # values may overflow; then nothing compares as better, and the points stay in the box
    with np.errstate(all="ignore"):
        width = np.minimum(high - low, np.finfo(float).max)
        points = np.clip(low + width * generator.random((starts, len(low))), low, high)
        points[0] = 0.5 * low + 0.5 * high
        best, best_values = points.copy(), net(points) @ objective
        for step in np.geomspace(0.5, 0.01, steps):
            rise = np.nan_to_num(np.sign(net.gradient(points, objective)))
            points = np.clip(points + step * width * rise, low, high)
            values = net(points) @ objective
            better = values > best_values
            best[better], best_values[better] = points[better], values[better]
    return np.asarray(best[np.argsort(-best_values)])


def largest_value(network: Network, box: Box, objective: Sequence[Any], seed: int = 0) -> Vector:
    """An exact input of the box with a large value of objective . f (a heuristic; nothing is claimed)."""
    net = float_network(network)
    row = to_floats(rationals(objective, "the objective"))
    points = ascend(net, to_floats(box.lower), to_floats(box.upper), row, seed=seed)
    return into_box(points[0], box)
