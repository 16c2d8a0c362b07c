"""Few and thousands of networks: JAX against NumPy and SciPy, in one process.

    python benchmarks/backends.py [--experiments flow hinges plane margins] [--seeds 4 2000] [--repeat 3]

Both compute the same from the same random numbers. The first run on JAX compiles and is stated apart; quote the ratio
of the others.

- flow: 2 x 2 networks of `--depth` layers integrated to t = 60 with the same tolerance (DOP853 on the stacked batch,
  Dopri8 with steps of its own for each network)
- hinges: one-dimensional ReLU networks, 60 neurons on 500 grid points, all parameters trained
- plane: two-layer networks on the plane, 60 neurons, 150 samples
- margins: two-layer networks of 50 neurons without biases, normalised steps on six points
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pepkit.networks.margin_examples import six_points
from pepkit.networks.model import to_floats
from pepkit.simulate import collapse, deep_linear, implicit_bias
from pepkit.simulate import hinges as hinge_training
from pepkit.simulate.accelerated import device_name, flows
from pepkit.simulate.accelerated import hinges as compiled_hinges
from pepkit.simulate.accelerated import margins as compiled_margins
from pepkit.simulate.accelerated import plane as compiled_plane


class Pair(NamedTuple):
    """An experiment on both backends; results are arrays that may differ by `tolerance`."""

    words: str
    numpy: Callable[[], np.ndarray]
    jax: Callable[[], np.ndarray]
    tolerance: float


def steps_for(seeds: int) -> int:
    """So many steps that NumPy takes seconds."""
    return max(20, min(2000, 60_000 // seeds))


def flow(seeds: int, depth: int) -> Pair:
    target, times = np.diag([1.0, 0.1]), np.linspace(0.0, 60.0, 61)
    weights = 0.7 * np.random.default_rng(0).standard_normal((seeds, depth, 2, 2))
    ours, theirs = (
        lambda run=module.flow: run(weights, target, times).weights[-1]  # type: ignore[misc]
        for module in (deep_linear, flows)
    )
    return Pair(f"flow of {depth} layers, {seeds} networks", ours, theirs, 1e-5)


def hinges(seeds: int, depth: int) -> Pair:
    start, target = collapse.initial_neurons(seeds, 60, 0.05), collapse.kinked_target((-0.3, 0.4))
    steps = steps_for(seeds)
    common: dict[str, Any] = {"steps": steps, "rate": 0.02, "record_every": steps}
    ours, theirs = (
        lambda run=module.train_hinges: run(*start, target, **common).losses[-1]  # type: ignore[misc]
        for module in (hinge_training, compiled_hinges)
    )
    return Pair(f"hinges, {steps} steps, {seeds} networks", ours, theirs, 1e-6)


def plane(seeds: int, depth: int) -> Pair:
    steps = steps_for(seeds)
    common: dict[str, Any] = {"seeds": seeds, "m": 60, "scale": 0.1, "steps": steps, "rate": 0.1}
    ours, theirs = (
        lambda run=module.train_plane: run(**common).losses  # type: ignore[misc]
        for module in (collapse, compiled_plane)
    )
    return Pair(f"plane, {steps} steps, {seeds} networks", ours, theirs, 1e-6)


def margins(seeds: int, depth: int) -> Pair:
    points, labels = six_points()
    x, y = np.array([to_floats(point) for point in points]), np.array(labels, dtype=float)
    start, steps = implicit_bias.initial_layers((2, 50, 1), 0.1, seeds), 5 * steps_for(seeds)
    ours, theirs = (
        lambda run=module.train_margin: run(start, x, y, norm=1e6, steps=steps).margins[-1]  # type: ignore[misc]
        for module in (implicit_bias, compiled_margins)
    )
    return Pair(f"margins, {steps} steps, {seeds} networks", ours, theirs, 1e-3)


EXPERIMENTS = {"flow": flow, "hinges": hinges, "plane": plane, "margins": margins}


def timed(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and result."""
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def compare(pair: Pair, repeat: int) -> None:
    """Print the seconds of both, of compiling, the ratio, and the largest difference."""
    first, _ = timed(pair.jax)
    ours, theirs = [], []
    for _ in range(repeat):
        ours.append(timed(pair.numpy))
        theirs.append(timed(pair.jax))
    difference = float(np.max(np.abs(ours[-1][1] - theirs[-1][1])))
    if not difference <= pair.tolerance:
        raise SystemExit(f"{pair.words}: the backends disagree by {difference:.1e}")
    slow, fast = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, theirs))
    print(f"{pair.words}, on {device_name()}: numpy {slow:.3f} s, jax {fast:.3f} s (first run {first:.2f} s), "
          f"ratio {slow / fast:.1f}, largest difference {difference:.1e}", flush=True)  # fmt: skip


def main() -> None:
    """Compare the experiments that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", nargs="+", default=["flow"], choices=list(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[2000])
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    for name in arguments.experiments:
        for seeds in arguments.seeds:
            compare(EXPERIMENTS[name](seeds, arguments.depth), arguments.repeat)


if __name__ == "__main__":
    main()
