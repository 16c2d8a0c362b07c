"""Training of two-layer ReLU networks on the plane, on JAX: one compiled program for all steps and all seeds.

The steps are those of `pepkit.simulate.collapse.train_plane`, the same formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.accelerated.blocks import seed_blocks
from pepkit.simulate.accelerated.products import product
from pepkit.simulate.collapse import PlaneRun, plane_run, plane_start, plane_step
from pepkit.simulate.hinges import REPORT_EVERY

__all__ = ["train_plane"]

BLOCK = 32
"""Seeds that a CPU trains together."""


def train_plane(
    *,
    seeds: int,
    m: int,
    scale: float,
    steps: int,
    rate: float,
    samples: int = 150,
    teacher: int = 3,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> PlaneRun:
    """`pepkit.simulate.collapse.train_plane`, with the same parameters, random numbers, result and errors.

    A step differs from NumPy's by the rounding of its sums, about 1e-16 relative; the parameters agree to about 1e-12
    for the first hundreds of steps, until a sample crosses the edge of a neuron one step earlier on one of the two.
    """
    data, start = plane_start(seeds, m, scale, samples, teacher, seed)
    jax = import_jax()
    with double(jax):
        advance = _program()
        blocks = seed_blocks(jax.default_backend(), seeds, BLOCK)
        states = jax.device_put([(tuple(part[block] for part in start), np.zeros(seeds)[block]) for block in blocks])
        data = jax.device_put(data)
        for step in range(0, steps, REPORT_EVERY):
            if progress is not None:
                progress(step)
            states = [advance(state, data, rate, min(REPORT_EVERY, steps - step)) for state in states]
            # waits for these steps, so that progress is not reported ahead of them
            jax.block_until_ready(states)
        a, v = (np.concatenate(parts) for parts in zip(*(parameters for parameters, _ in states), strict=True))
        return plane_run((a, v), np.concatenate([loss for _, loss in states]), rate)


@lru_cache(maxsize=1)
def _program() -> Any:
    """advance(state, data, rate, count): the state after `count` steps, parameters and the loss before the last step.

    Kept, so that runs of one shape are compiled once.
    """
    jax = import_jax()

    def advance(state: Any, data: Any, rate: Any, count: Any) -> Any:
        def step(_: Any, carry: Any) -> Any:
            return plane_step(carry[0], data, rate, product)

        return jax.lax.fori_loop(0, count, step, state)

    return jax.jit(advance)
