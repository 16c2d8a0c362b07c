"""Networks and boxes for tests: the generator behind the recorded numbers, and small odd ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pepkit import networks
from pepkit.kernel.networks import Box, Network


def arrays(widths: tuple[int, ...], seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights N(0, 2/fan-in) and biases 0.3 N(0, 1)."""
    generator = np.random.default_rng(seed)
    weights, biases = [], []
    for before, after in pairwise(widths):
        weights.append(generator.normal(size=(after, before)) * np.sqrt(2 / before))
        biases.append(0.3 * generator.normal(size=after))
    return weights, biases


def case(widths: tuple[int, ...], seed: int, radius: float) -> tuple[Network, Box, np.ndarray]:
    """A random network, a box around a random centre, and the centre."""
    centre = 0.5 * np.random.default_rng(100 + seed).normal(size=widths[0])
    net = networks.network(*arrays(widths, seed))
    box = Box(
        networks.box_around(centre - radius, 0).lower,
        networks.box_around(centre + radius, 0).upper,
    )
    return net, box, centre


def leaky(widths: tuple[int, ...], seed: int) -> Network:
    """A random network whose activations have slopes 0, 1/10, 1/2 and 1 in turn."""
    slopes = [[("0", "1/10", "1/2", "1")[(j + k) % 4] for j in range(n)] for k, n in enumerate(widths[1:-1])]
    return networks.network(*arrays(widths, seed), slopes)
