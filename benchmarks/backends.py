"""Thousands of deep linear networks: JAX against NumPy and SciPy, in one process.

    python benchmarks/backends.py [--seeds 2000] [--depth 4] [--repeat 3]

Both integrate the same 2 x 2 networks to t = 60 with the same tolerance (DOP853 on the stacked batch, Dopri8 with steps
of its own for each network). The first run on JAX compiles and is stated apart; quote the ratio of the others.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from pepkit.simulate import deep_linear
from pepkit.simulate.accelerated import device_name, flows


def main() -> None:
    """Print the seconds of both, of compiling, the ratio, and the largest difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    target, times = np.diag([1.0, 0.1]), np.linspace(0.0, 60.0, 61)
    weights = 0.7 * np.random.default_rng(0).standard_normal((arguments.seeds, arguments.depth, 2, 2))
    begin = time.perf_counter()
    flows.flow(weights, target, times)
    first = time.perf_counter() - begin
    seconds: dict[str, list[float]] = {"numpy": [], "jax": []}
    for _ in range(arguments.repeat):
        ends = []
        for name, flow in (("numpy", deep_linear.flow), ("jax", flows.flow)):
            begin = time.perf_counter()
            ends.append(flow(weights, target, times).weights[-1])
            seconds[name].append(time.perf_counter() - begin)
        difference = float(np.max(np.abs(ends[0] - ends[1])))
        if difference > 1e-5:
            raise SystemExit(f"the backends disagree by {difference:.1e}")
    ours, theirs = statistics.median(seconds["numpy"]), statistics.median(seconds["jax"])
    print(f"{arguments.seeds} networks of {arguments.depth} layers on {device_name()}: numpy {ours:.2f} s, "
          f"jax {theirs:.2f} s (first run {first:.2f} s), ratio {ours / theirs:.1f}, largest difference "
          f"{difference:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
