"""Lipschitz constants in the maximum norm: the linear program over differences, which substitution solves exactly."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.maximum_norm import DifferenceProof, NetworkMaximumLipschitz, difference_bounds
from pepkit.kernel.networks import Network, Vector
from pepkit.networks.bounding import NetworkResult, proved
from pepkit.networks.lipschitz_program import layer_product
from pepkit.networks.model import FloatNetwork, float_network

__all__ = ["certify_maximum_lipschitz", "maximum_pair"]


def certify_maximum_lipschitz(network: Network, *, pair: bool = True) -> NetworkResult:
    """A certified bound max_i |f_i(x) - f_i(y)| <= rate max_j |x_j - y_j| for all x and y.

    The rate is the exact optimum of the linear program over the hulls of all neurons, see
    `pepkit.kernel.maximum_norm`. `bound` of the result is the constant itself, not its square; `pair` says whether to
    look for two inputs that bound it from below.
    """
    started = time.perf_counter()
    claim = NetworkMaximumLipschitz(network, max(difference_bounds(network)[-1]))
    points = maximum_pair(network) if pair else None
    name = "linear program over differences"
    proof = DifferenceProof(claim, points, {"method": name, "software": "pepkit"})
    return proved(proof, name, None, started)


def maximum_pair(network: Network, seed: int = 0, starts: int = 200) -> tuple[Vector, Vector]:
    """Two exact inputs with a large quotient in the maximum norm (a heuristic; nothing is claimed)."""
    net = float_network(network)
    generator = np.random.default_rng(seed)
    best_value, best = -1.0, (np.zeros(network.inputs), np.ones(network.inputs))
    scales = np.geomspace(0.03, 30.0, 7)
    for number in range(starts):
        point = scales[number % len(scales)] * generator.normal(size=network.inputs)
        for _ in range(4):
            jacobian = layer_product(net, point)
            sums = np.abs(jacobian).sum(axis=1)
            row = int(np.argmax(sums))
            direction = np.where(jacobian[row] >= 0, 1.0, -1.0)
            if sums[row] > best_value:
                best_value, best = float(sums[row]), (point, direction)
            point = point + 0.3 * np.abs(point).max() * direction
    point, direction = best
    return pair_along(network, net, point, direction)


def pair_along(network: Network, net: FloatNetwork, point: np.ndarray, direction: np.ndarray) -> tuple[Vector, Vector]:
    """The point and one further along the direction, as far as the same linear piece lasts."""
    step = 2.0 ** np.floor(np.log2(max(1.0, float(np.linalg.norm(point)))) - 10)
    target = layer_product(net, point)
    while step > 1e-9 and not np.array_equal(layer_product(net, point + step * direction), target):
        step /= 4
    first = tuple(fmpq(*float(a).as_integer_ratio()) for a in point)
    move: list[Any] = [fmpq(*float(step * d).as_integer_ratio()) for d in direction]
    return first, tuple(a + b for a, b in zip(first, move, strict=True))
