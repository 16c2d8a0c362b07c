"""Standard Gaussians on JAX, fast on a CPU too.

`jax.random.normal` inverts the distribution function, which in float64 costs more than all the rest of a random layer.
The transform of Box and Muller (1958) takes one logarithm for two Gaussians: the square of the length of a planar
Gaussian is -2 ln U, and its direction is uniform. The direction is an angle in [-pi/4, pi/4), where short polynomials
give sine and cosine to the last digits, turned by a random number of quarter turns. The law is the standard Gaussian
one up to the grid of 53 random bits of each of the two uniform numbers.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

__all__ = ["base_key", "keys_of", "pairs", "standard"]

_SINE = [(-1) ** k / math.factorial(2 * k + 1) for k in range(8)]
_COSINE = [(-1) ** k / math.factorial(2 * k) for k in range(9)]
"""On [-pi/4, pi/4] the next terms are below 5e-17."""


def base_key(jax: Any, seed: Any) -> Any:
    """The key that belongs to a seed: an integer, several integers, or a NumPy generator, which moves on."""
    return jax.random.key(int(np.random.default_rng(seed).integers(2**63)))


def keys_of(jax: Any, keys: Any, number: Any) -> Any:
    """The keys with this number below keys (B,)."""
    return jax.vmap(lambda key: jax.random.fold_in(key, number))(keys)


def pairs(jax: Any, keys: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Two independent arrays of independent standard Gaussians in float64 for every key (B,), (B, *shape) each."""
    numpy = jax.numpy
    # one call for both uniform numbers: compiling the generator takes most of the time of compiling a layer
    bits = jax.vmap(lambda key: jax.random.bits(key, (*shape, 2), numpy.uint64))(keys)
    # the high 53 bits of each number; the lowest two of the second give the quarter turn
    fractions = (bits >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    angle, turn = (fractions[..., 1] - 0.5) * (math.pi / 2), bits[..., 1]
    square = angle * angle
    sine, cosine = angle * _polynomial(_SINE, square), _polynomial(_COSINE, square)
    odd = (turn & numpy.uint64(1)) == 1
    sign = 1.0 - (turn & numpy.uint64(2)).astype(numpy.float64)
    length = sign * numpy.sqrt(-2 * numpy.log(1 - fractions[..., 0]))
    found = numpy.where(odd, -length * sine, length * cosine), numpy.where(odd, length * cosine, length * sine)
    # drawn once: without the barrier the compiler draws again wherever the numbers are used
    first, second = jax.lax.optimization_barrier(found)
    return first, second


def standard(jax: Any, keys: Any, shape: tuple[int, ...]) -> Any:
    """An array of independent standard Gaussians in float64 for every key (B,), (B, *shape)."""
    half = (*shape[:-1], -(-shape[-1] // 2))
    return jax.numpy.concatenate(pairs(jax, keys, half), axis=-1)[..., : shape[-1]]


def _polynomial(coefficients: list[float], x: Any) -> Any:
    return reduce(lambda value, c: value * x + c, reversed(coefficients))
