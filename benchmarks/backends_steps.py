"""Descent on random functions, races of schedules, steps on networks: JAX against NumPy, in one process.

    python benchmarks/backends_steps.py [functions race networks] [--size 600 10000] [--repeat 3]

Both compute the same from the same random numbers, in turn. The first run on JAX compiles and is stated apart; quote
the ratio of the others.

- functions: 31 silver steps on `--size` random functions of each family, with the bounds of their rounding errors
- race: 127 random steps on logistic regression of the breast cancer data, `--size` times
- networks: 31 steps on a tanh network, five schedules with 40 scales each; `--size`/200 seeds, at least one
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from backends import Pair, compare

from pepkit.labs.network_steps import tuned_block
from pepkit.schedules import silver
from pepkit.simulate import descent, problems
from pepkit.simulate.accelerated import descent as compiled_descent
from pepkit.simulate.accelerated import problems as compiled_problems
from pepkit.simulate.data import breast_cancer
from pepkit.simulate.random_functions import FAMILIES, random_batches


def functions(size: int) -> Iterator[Pair]:
    matrix = descent.step_matrix(silver(31).floats())
    batches = [batch for _, batch in random_batches(len(FAMILIES) * size, 0.0, 0)]
    starts = [np.random.default_rng(1).standard_normal((size, batch.dimension)) for batch in batches]

    def run(method: Any) -> np.ndarray:
        return np.stack([method(batch, matrix, x, True).last.value for batch, x in zip(batches, starts, strict=True)])

    yield Pair(f"{size} random functions of each of {len(FAMILIES)} families", partial(run, descent.run_method),
               partial(run, compiled_descent.run_method), 1e-9)  # fmt: skip


def race(size: int) -> Iterator[Pair]:
    problem = problems.logistic_regression(*breast_cancer(), 0.01)
    steps = 1 / (0.505 + 0.495 * np.cos(np.pi * np.random.default_rng(0).random((size, 127))))

    def run(method: Any) -> np.ndarray:
        gaps = method(problem, steps)
        # random steps amplify rounding on their way
        return gaps[:, -1] / gaps.max(axis=1)

    yield Pair(
        f"race of {size} schedules", partial(run, problems.descend), partial(run, compiled_problems.descend), 1e-9
    )


def networks(size: int) -> Iterator[Pair]:
    seeds = max(size // 200, 1)

    def run(backend: str) -> np.ndarray:
        found = tuned_block("tanh", 31, range(seeds), backend=backend)
        return np.array([tuned["silver"] for tuned in found])

    yield Pair(f"networks, {seeds} seeds, {200 * seeds} runs", partial(run, "numpy"), partial(run, "jax"), 1e-9)


EXPERIMENTS = {"functions": functions, "race": race, "networks": networks}


def main() -> None:
    """Compare the experiments that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", help="functions, race, networks; all without names")
    parser.add_argument("--size", type=int, nargs="+", default=[600, 10_000])
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    for name in arguments.experiments:
        if name not in EXPERIMENTS:
            parser.error(f"unknown experiment {name}; known are {', '.join(EXPERIMENTS)}")
    for name in arguments.experiments or EXPERIMENTS:
        for pair in (pair for size in arguments.size for pair in EXPERIMENTS[name](size)):
            compare(pair, arguments.repeat)


if __name__ == "__main__":
    main()
