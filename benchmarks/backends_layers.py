"""Random layers, orbits and random functions: JAX against NumPy, in one process.

    python benchmarks/backends_layers.py [--seeds 100 4000] [--repeat 3]

For every number of seeds (networks, step sizes, functions) the same experiment runs on both backends, in turn. Random
layers are drawn anew on each, so their means are compared, within five standard errors; the others see the same numbers
and agree up to rounding. The first run on JAX compiles and is stated apart; quote the ratio of the others.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pepkit.simulate import interval_maps, nonconvex, propagation
from pepkit.simulate.accelerated import device_name
from pepkit.simulate.accelerated import interval_maps as jax_maps
from pepkit.simulate.accelerated import nonconvex as jax_nonconvex
from pepkit.simulate.accelerated import propagation as jax_propagation

Case = tuple[str, dict[str, Callable[[], Any]], bool]
"""What it is, the experiment on either backend, and whether both draw their own random numbers."""


def cases(seeds: int) -> Iterator[Case]:
    """The experiments of the laboratories angle-collapse, mean-shift, descent-chaos and hedging."""
    both = {"numpy": propagation, "jax": jax_propagation}
    for name, rule, width, layers in (
        ("Gaussian layers", propagation.gaussian, 256, 30),
        ("orthogonal layers", propagation.orthogonal, 256, 30),
        ("narrow Gaussian layers", propagation.gaussian, 16, 100),
    ):
        yield (
            f"{layers} {name} of width {width}",
            {k: lambda m=m, r=rule, n=layers, w=width: m.propagate(r, 1.2, n, w, seeds, 0) for k, m in both.items()},
            True,
        )
    dense = max(4, seeds // 50)
    yield (
        f"20 standardised layers, {dense} whole matrices of width 128",
        {k: lambda m=m: m.standardised_correlations(128, 20, 0.9, dense, 0) for k, m in both.items()},
        True,
    )
    yield (
        f"20 layers of width 64 on batches of 16, {dense} networks",
        {k: lambda m=m: m.batch_effective_ranks(64, 20, 16, True, dense, 0) for k, m in both.items()},
        True,
    )
    sizes = np.linspace(0.3, 1.28, seeds)
    yield (
        "orbits of 2060 steps",
        {k: lambda m=m: m.orbit_tails(2, sizes, 60) for k, m in (("numpy", interval_maps), ("jax", jax_maps))},
        False,
    )
    functions = nonconvex.random_line_functions(seeds, -0.5)
    start = np.random.default_rng(1).uniform(-2, 10, seeds)
    yield (
        "8 steps on functions of the line",
        {k: lambda m=m: m.smallest_gradient_ratio(functions, [1.1] * 8, start)
         for k, m in (("numpy", nonconvex), ("jax", jax_nonconvex))},
        False,
    )  # fmt: skip


def compare(ours: Any, theirs: Any, sampled: bool) -> None:
    """SystemExit if the results differ by more than chance or rounding."""
    if sampled:
        error = math.hypot(ours[-1].std(), theirs[-1].std()) / math.sqrt(ours.shape[1])
        difference = abs(ours[-1].mean() - theirs[-1].mean())
        if difference > 5 * error:
            raise SystemExit(f"the means differ by {difference / error:.1f} standard errors")
    elif np.nanmax(np.abs(ours - theirs)) > 1e-9 or np.any(np.isnan(ours) != np.isnan(theirs)):
        raise SystemExit(f"the backends disagree by {np.nanmax(np.abs(ours - theirs)):.1e}")


def main() -> None:
    """Print the seconds of both, of compiling, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 4000])
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    print(f"JAX on {device_name()}")
    for seeds in arguments.seeds:
        for name, run, sampled in cases(seeds):
            begin = time.perf_counter()
            run["jax"]()
            first = time.perf_counter() - begin
            seconds: dict[str, list[float]] = {"numpy": [], "jax": []}
            for _ in range(arguments.repeat):
                found = {}
                for backend, call in run.items():
                    begin = time.perf_counter()
                    found[backend] = call()
                    seconds[backend].append(time.perf_counter() - begin)
            compare(found["jax"], found["numpy"], sampled)
            ours, theirs = statistics.median(seconds["numpy"]), statistics.median(seconds["jax"])
            print(f"{seeds} seeds, {name}: numpy {ours:.4f} s, jax {theirs:.4f} s (first run {first:.2f} s), "
                  f"ratio {ours / theirs:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
