"""Gradient descent on random functions of bounded negative curvature on JAX.

The functions are those of `pepkit.simulate.nonconvex`, drawn by NumPy, so both backends see the same ones and agree up
to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.nonconvex import LineFunctions, gradient_and_value, ratio

__all__ = ["smallest_gradient_ratio"]


def smallest_gradient_ratio(functions: LineFunctions, steps: Sequence[float], start: np.ndarray) -> np.ndarray:
    """min_i f'(x_i)^2 / (f(x_0) - inf f) for every function; nan where the start is a minimiser."""
    tables = (functions.knots, functions.gradients, functions.values)
    with double(import_jax()):
        sizes, points = (np.asarray(a, dtype=np.float64) for a in (steps, start))
        return np.asarray(_program()(tables, functions.infimum, sizes, points))


@lru_cache(maxsize=1)
def _program() -> Any:
    """program(tables, infimum, steps, start); JAX keeps what it compiled for every shape."""
    jax = import_jax()
    numpy = jax.numpy

    def run(tables: Any, infimum: Any, steps: Any, start: Any) -> Any:
        gradient, value = gradient_and_value(numpy, tables, start)

        def advance(carry: Any, h: Any) -> Any:
            x, gradient, smallest = carry
            x = x - h * gradient
            gradient, _ = gradient_and_value(numpy, tables, x)
            return (x, gradient, numpy.minimum(smallest, gradient**2)), None

        (_, _, smallest), _ = jax.lax.scan(advance, (start, gradient, gradient**2), steps)
        return ratio(numpy, smallest, value - infimum)

    return jax.jit(run)
