"""Training of homogeneous ReLU networks towards large margins on JAX: one compiled program for all steps and seeds.

The steps are those of `pepkit.simulate.implicit_bias`, the same formulas.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.accelerated.blocks import seed_blocks
from pepkit.simulate.accelerated.products import product
from pepkit.simulate.implicit_bias import Layers, MarginRun, Progress, ascended, forward, labelled, parameter_length

__all__ = ["train_margin"]

BLOCK = 1024
"""Seeds that a CPU trains together."""


def train_margin(
    layers: Layers,
    x: np.ndarray,
    y: np.ndarray,
    *,
    norm: float = 1000.0,
    steps: int = 40_000,
    rate: float = 0.05,
    early_margin: float = 3.0,
    record_every: int = 500,
    progress: Progress | None = None,
) -> MarginRun:
    """`pepkit.simulate.implicit_bias.train_margin`, with the same parameters, result and errors.

    A step differs from NumPy's by the rounding of its matrix products, about 1e-16 relative, and parameters agree to
    about 1e-10 for the first hundreds of steps. Later neurons oscillate around kinks, as steps have a fixed length, and
    cross them at different steps on the two: the margins of `implicit-bias` agree to 1e-4 relative at the end, not
    better.
    """
    x, y = labelled(x, y)
    degree = len(layers)
    jax = import_jax()
    times: list[int] = []
    margins: list[np.ndarray] = []
    norms: list[np.ndarray] = []
    with double(jax):
        advance = _program()
        start = [np.asarray(layer, dtype=float) for layer in layers]
        states = []
        for block in seed_blocks(jax.default_backend(), len(start[0]), BLOCK):
            first = [layer[block] for layer in start]
            states.append((first, first, np.zeros(len(first[0]), dtype=bool)))
        states, data = jax.device_put((states, (x, y)))
        step, last = 0, False
        while not last:
            # the records of NumPy, the first at step 0
            stop = min(steps, step + record_every) if times else 0
            found = [advance(state, data, rate, norm, early_margin, step, stop) for state in states]
            states = [state for state, *_ in found]
            # a block whose norms are reached rests while others go on
            step = max(int(reached) for _, reached, *_ in found)
            least, length = (np.concatenate([part[k] for part in found]) for k in (2, 3))
            last = step == steps or bool((length >= norm).all())
            times.append(step)
            margins.append(least / length**degree)
            norms.append(length)
            if progress is not None:
                progress(step)
        current, early = (
            [np.concatenate(parts) for parts in zip(*(state[k] for state in states), strict=True)] for k in (0, 1)
        )
        never = ~np.concatenate([state[2] for state in states])[:, None, None]
    early = [np.where(never, layer, kept) for kept, layer in zip(early, current, strict=True)]
    return MarginRun(current, early, np.array(times), np.array(margins), np.array(norms), least > 0)


@lru_cache(maxsize=1)
def _program() -> Any:
    """advance(state, data, rate, norm, early_margin, step, stop): the state after `stop` steps in all, or after fewer
    where every |theta| has reached `norm`; the number of steps, and min q_i and |theta| there, shape (seeds,).

    The state holds the layers, the early layers, and which networks have reached the early margin. Kept, so that runs
    of one shape are compiled once.
    """
    jax = import_jax()
    numpy = jax.numpy

    def advance(state: Any, data: Any, rate: Any, norm: Any, early_margin: Any, begin: Any, stop: Any) -> Any:
        x, y = data

        def look(current: Any, early: Any, reached: Any) -> Any:
            """The inputs of the layers and q; the early layers of networks that have reached the early margin now."""
            values, inputs = forward(current, x, numpy, product)
            q = y * values
            new = (q.min(axis=1) >= early_margin) & ~reached
            early = [numpy.where(new[:, None, None], layer, kept) for kept, layer in zip(early, current, strict=True)]
            return inputs, q, early, reached | new

        def unfinished(carry: Any) -> Any:
            number, length, _ = carry
            return (number < stop) & ~(length >= norm).all()

        def step(carry: Any) -> Any:
            number, length, (current, early, reached) = carry
            inputs, q, early, reached = look(current, early, reached)
            current = ascended(current, inputs, q, y, length, rate, norm, numpy, product)
            return number + 1, parameter_length(current, numpy), (current, early, reached)

        first = (begin, parameter_length(state[0], numpy), state)
        number, length, (current, early, reached) = jax.lax.while_loop(unfinished, step, first)
        _, q, early, reached = look(current, early, reached)
        return (current, early, reached), number, q.min(axis=1), length

    return jax.jit(advance)
