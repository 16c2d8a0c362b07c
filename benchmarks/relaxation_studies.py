"""Exact work behind the studies of relaxations against the plain way, in one process: quote the ratios.

    python benchmarks/relaxation_studies.py [--repeat 3]

- values of a network at many points: integers over common denominators against one fraction after another;
- jumps along a line of weights: the complete jump set against 64 samples with bisection (which may miss some);
- an attack of 10^5 inputs on a certified bound.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pepkit import networks
from pepkit.networks.exact_evaluation import BatchEvaluator, grid_points
from pepkit.networks.studies.attacks import AttackTarget, attack_bounds
from pepkit.networks.studies.gaps import random_network


def seconds(function: Callable[[], Any], repeat: int) -> float:
    """Median wall time."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    """Print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    print(f"{'what':<58} {'ours s':>9} {'plain s':>9} {'ratio':>7}")
    for widths in ((4, 10, 10, 1), (64, 16, 16, 10)):
        net = random_network(widths, 0)
        box = networks.box_around([0] * net.inputs, 1)
        points = grid_points(box, np.random.default_rng(0).random((500, net.inputs)))
        evaluate = BatchEvaluator(net)
        ours = seconds(lambda evaluate=evaluate, points=points: evaluate(points), repeat)
        plain = seconds(lambda net=net, points=points: [net(points.point(j)) for j in range(500)], repeat)
        print(f"{f'{net}: exact values at 500 points':<58} {ours:9.4f} {plain:9.4f} {plain / ours:7.1f}")
    for widths in ((2, 4, 3, 1), (3, 6, 5, 1)):
        ends = [random_network(widths, seed) for seed in (2, 3)]
        line = networks.WeightLine(*ends, networks.box_around([0] * widths[0], 1), (1,))
        for name in ("hbox", "crown"):
            ours = seconds(lambda line=line, name=name: networks.jump_set(line, name), 1)
            plain = seconds(lambda line=line, name=name: line.events(name, samples=64), 1)
            found, sampled = networks.jump_set(line, name), line.events(name, samples=64)
            seen = sum(abs(int(event.jump.p) / int(event.jump.q)) > 1e-6 for event in sampled)
            label = f"{ends[0]} {name}: {len(found.jumps)} jumps, {seen} sampled"
            print(f"{label:<58} {ours:9.4f} {plain:9.4f} {plain / ours:7.1f}")
    net = random_network((4, 10, 10, 1), 0)
    target = AttackTarget("random", net, networks.box_around([0] * 4, "3/10"), (1,))
    bound = networks.certify_bound(net, target.box, [1], method_name="triangle").bound
    ours = seconds(lambda: attack_bounds(target, {"triangle": bound}, 100_000), 1)
    print(f"{'4-10-10-1: 10^5 inputs attack a bound, exactly':<58} {ours:9.4f}")


if __name__ == "__main__":
    main()
