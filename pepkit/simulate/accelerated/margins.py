"""Training of homogeneous ReLU networks towards large margins on JAX: one compiled program for all steps and seeds.

The steps are those of `pepkit.simulate.implicit_bias`, the same formulas.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.accelerated.products import product
from pepkit.simulate.implicit_bias import Layers, MarginRun, Progress, ascended, forward, labelled, parameter_length

__all__ = ["train_margin"]


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

    A step differs from NumPy's by the rounding of its matrix products, about 1e-16 relative. Parameters agree to about
    1e-12 relative for the first hundreds of steps; a neuron that then becomes active a step earlier on one of the
    two makes the networks part for a while. Steps have a fixed length, so the margins of seeds whose neurons oscillate
    around a kink agree only as well as the step length lets them.
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
        state = (start, start, np.zeros(len(start[0]), dtype=bool))
        state, data = jax.device_put((state, (x, y)))
        step, last = 0, False
        while not last:
            # the records of NumPy, the first at step 0
            stop = min(steps, step + record_every) if times else 0
            state, reached, least, length = advance(state, data, rate, norm, early_margin, step, stop)
            step, least, length = int(reached), np.asarray(least), np.asarray(length)
            last = step == steps or bool((length >= norm).all())
            times.append(step)
            margins.append(least / length**degree)
            norms.append(length)
            if progress is not None:
                progress(step)
        current, early = ([np.asarray(layer) for layer in part] for part in state[:2])
        never = ~np.asarray(state[2])[:, None, None]
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
