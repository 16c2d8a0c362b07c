"""Times of network bounds and Lipschitz constants, in one run: ``python benchmarks/networks.py``.

Prints the median of several runs for numerical bounds, and one run for certificates (search and check).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from pepkit import networks


def random_network(widths: tuple[int, ...], seed: int = 0, scale: float = 2.0) -> networks.Network:
    """Weights N(0, scale/fan-in), biases 0.3 N(0, 1)."""
    generator = np.random.default_rng(seed)
    weights = [generator.normal(size=(b, a)) * np.sqrt(scale / a) for a, b in pairwise(widths)]
    return networks.network(weights, [0.3 * generator.normal(size=b) for b in widths[1:]])


def median_time(function: Callable[[], Any], runs: int = 50) -> float:
    """Median wall time in seconds."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def main() -> None:
    net = random_network((6, 20, 20, 1))
    floats = networks.float_network(net)
    low, high = np.full(6, -0.3), np.full(6, 0.3)
    for name in ("box", "hbox", "deepz", "crown", "crown-ibp"):
        seconds = median_time(lambda name=name: networks.bounds(floats, low, high, name))
        print(f"6-20-20-1 {name:<12} numerical {1e3 * seconds:8.3f} ms")
    box = networks.box_around([0] * 6, "3/10")
    for name in networks.method_names():
        result = networks.certify_bound(net, box, [1], method_name=name)
        print(f"6-20-20-1 {name:<12} certificate {result.seconds[0]:8.4f} s, check {result.seconds[1]:8.4f} s")
    deep = random_network((10, 50, 50, 50, 1))
    for name in ("crown", "alpha-crown"):
        result = networks.certify_bound(deep, networks.box_around([0] * 10, "1/10"), [1], method_name=name)
        print(f"10-50-50-50-1 {name:<12} certificate {result.seconds[0]:8.3f} s, check {result.seconds[1]:8.3f} s")
    # the first solve of a process loads the solver
    networks.certify_lipschitz(random_network((2, 3, 1)))
    for widths, variants in (
        ((2, 10, 30, 20, 2), ("neuron", "layer", "split", "product", "chain", "chain-fast")),
        ((784, 50, 10), ("neuron", "chain", "chain-fast")),
        ((20, *(30,) * 10, 5), ("chain", "chain-fast", "product")),
        ((2, 12, 12, 1), ("neuron", "pieces")),
    ):
        net = random_network(widths, scale=1.0)
        for variant in variants:
            begin = time.perf_counter()
            result = networks.certify_lipschitz(net, variant=variant)
            total = time.perf_counter() - begin
            constant = (int(result.bound.p) / int(result.bound.q)) ** 0.5
            name = f"{'-'.join(map(str, widths))} Lipschitz {variant}"
            print(f"{name:<50} {constant:10.4f} {total:8.3f} s (check {result.seconds[1]:.3f} s)")


if __name__ == "__main__":
    main()
