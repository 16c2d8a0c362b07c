"""Orbits of gradient descent on scalar deep networks on JAX, for thousands of step sizes at once.

The map is that of `pepkit.simulate.interval_maps`. Orbits that settle agree with NumPy up to rounding; chaotic ones
multiply the rounding by their slope at every step, so they agree for some twenty steps and later in law only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.interval_maps import BURN, ESCAPED, START, log_slope, move

__all__ = ["lyapunov_exponents", "orbit_tails"]

Array = NDArray[np.float64]


def orbit_tails(depth: int, steps: Array, count: int, start: float = START, burn: int = BURN) -> Array:
    """The `count` iterates after `burn` for every step size, shape (count, steps); nan where the orbit escapes."""
    with double(import_jax()):
        tail, last = _program(depth, count, burn, True)(np.asarray(steps, dtype=np.float64), float(start))
        return np.where(np.isnan(np.asarray(last)), np.nan, np.asarray(tail))


def lyapunov_exponents(depth: int, steps: Array, count: int = 20_000) -> Array:
    """The mean of ln|m'| over `count` iterates of 0.6 for every step size; nan where the orbit escapes."""
    with double(import_jax()):
        total, _ = _program(depth, count, BURN, False)(np.asarray(steps, dtype=np.float64), START)
        return np.asarray(total) / count


@lru_cache(maxsize=32)
def _program(depth: int, count: int, burn: int, keep: bool) -> Any:
    """program(steps, start): the tails or, without `keep`, the sums of ln|m'| along them; and the last iterates."""
    jax = import_jax()
    numpy = jax.numpy

    def run(steps: Any, start: Any) -> Any:
        def advance(x: Any) -> Any:
            x = move(depth, steps, x)
            return numpy.where(numpy.abs(x) < ESCAPED, x, numpy.nan)

        def kept(x: Any, _: Any) -> Any:
            x = advance(x)
            return x, x

        def summed(carry: Any, _: Any) -> Any:
            x = advance(carry[0])
            return (x, carry[1] + log_slope(numpy, depth, steps, x)), None

        settled = jax.lax.fori_loop(0, burn, lambda _, x: advance(x), numpy.full(steps.shape, start))
        if keep:
            last, tail = jax.lax.scan(kept, settled, None, length=count)
            return tail, last
        (last, total), _ = jax.lax.scan(summed, (settled, numpy.zeros(steps.shape)), None, length=count)
        return total, last

    return jax.jit(run)
