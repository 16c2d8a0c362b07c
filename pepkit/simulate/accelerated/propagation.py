"""Random deep networks at the start of training on JAX: angles, correlations and ranks of thousands of seeds.

The steps are those of `pepkit.simulate.propagation`, compiled: a scan over the layers of a block of networks. The
draws are JAX's own, since drawing is most of the work: the law is that of NumPy, the numbers are others. Network k has
a key of its own, made from the seed and k, so its numbers do not depend on how many networks there are (up to
rounding), and blocks can be as small as the memory needs: 100,000 networks of width 1024 take as much as 1000. Between
blocks the host reports progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate import propagation
from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.accelerated.gaussians import base_key, keys_of, pairs, standard
from pepkit.simulate.propagation import Rule, Say, Seed
from pepkit.simulate.sizes import check_sizes

__all__ = ["batch_effective_ranks", "block_size", "propagate", "standardised_correlations"]

Array = NDArray[np.float64]
CPU_NUMBERS, OTHER_NUMBERS = 1 << 18, 1 << 24
"""Random numbers of one layer of a block: what caches hold on a CPU; 128 MB on other devices, to keep them busy."""
PAUSE = 2.0
"""Seconds between two reports of progress."""


def propagate(
    rule: Rule, angle: float, layers: int, width: int, seeds: int, seed: Seed, say: Say | None = None
) -> Array:  # fmt: skip
    """Angles (layers + 1, seeds) behind each layer, as `pepkit.simulate.propagation.propagate`, from other draws."""
    check_sizes(layers=layers, seeds=seeds)
    check_sizes(2, width=width)

    def make(size: int) -> Callable[..., Any]:
        return _angles_program(rule, layers, width, size)

    found = _in_blocks(make, width, (layers, seeds), seed, (float(angle),), f"width {width}", say)
    return np.concatenate([np.full((1, seeds), float(angle)), found])


def standardised_correlations(
    width: int, layers: int, correlation: float, seeds: int, seed: Seed, say: Say | None = None
) -> Array:
    """Correlations (layers, seeds), as `pepkit.simulate.propagation.standardised_correlations`, from other draws."""
    check_sizes(layers=layers, seeds=seeds)
    check_sizes(2, width=width)

    def make(size: int) -> Callable[..., Any]:
        return _standardised_program(layers, width, float(correlation), size)

    return _in_blocks(make, width * width, (layers, seeds), seed, (), f"whole matrices of width {width}", say)


def batch_effective_ranks(
    width: int, layers: int, batch: int, normalise: bool, seeds: int, seed: Seed, say: Say | None = None
) -> Array:
    """Effective ranks (layers, seeds), as `pepkit.simulate.propagation.batch_effective_ranks`, from other draws."""
    check_sizes(layers=layers, width=width, batch=batch, seeds=seeds)

    def make(size: int) -> Callable[..., Any]:
        return _rank_program(layers, width, batch, bool(normalise), size)

    return _in_blocks(make, width * batch, (layers, seeds), seed, (), f"batches of {batch}, width {width}", say)


def block_size(numbers: int, seeds: int, platform: str) -> int:
    """How many networks are simulated together, if a layer of one takes this many random numbers.

    As many as the memory allows, so that studies of different size share a program; fewer, and as evenly as possible,
    where the networks that fill the last block would be more than an eighth of all.
    """
    most = max(1, (CPU_NUMBERS if platform == "cpu" else OTHER_NUMBERS) // numbers)
    blocks = -(-seeds // most)
    return most if 8 * (blocks * most - seeds) <= seeds else -(-seeds // blocks)


def _in_blocks(
    make: Callable[[int], Callable[..., Any]],
    numbers: int,
    shape: tuple[int, int],
    seed: Seed,
    values: tuple[float, ...],
    what: str,
    say: Say | None,
) -> Array:
    """Run a program for blocks of networks; found[layer, network] of this shape.

    `make` gives the program for a size of blocks: program(key, first, *values), shape (layers, size), for the networks
    first, ..., first + size - 1.
    """
    jax = import_jax()
    found, seeds = np.empty(shape), shape[1]
    reported = time.monotonic()
    with double(jax):
        key = base_key(jax, seed)
        size = block_size(numbers, seeds, jax.default_backend())
        program = make(size)
        for first in range(0, seeds, size):
            # networks beyond the last one fill the last block
            found[:, first : first + size] = np.asarray(program(key, first, *values))[:, : seeds - first]
            if say is not None and time.monotonic() - reported > PAUSE:
                reported = time.monotonic()
                say(f"{what}: network {min(first + size, seeds)} of {seeds}")
    return found


def _networks(jax: Any, key: Any, first: Any, size: int) -> Any:
    """The keys of the networks first, ..., first + size - 1. Below each, 0 is for the inputs, l for layer l."""
    return jax.vmap(lambda k: jax.random.fold_in(key, k))(first + jax.numpy.arange(size))


@lru_cache(maxsize=32)
def _angles_program(rule: Rule, layers: int, width: int, size: int) -> Any:
    jax = import_jax()
    numpy = jax.numpy

    def run(key: Any, first: Any, angle: Any) -> Any:
        networks = _networks(jax, key, first, size)

        def step(angles: Any, layer: Any) -> Any:
            angles = rule(numpy, angles, *pairs(jax, keys_of(jax, networks, layer), (width,)))
            return angles, angles

        return jax.lax.scan(step, numpy.full(size, angle), 1 + numpy.arange(layers))[1]

    return jax.jit(run)


@lru_cache(maxsize=32)
def _standardised_program(layers: int, width: int, correlation: float, size: int) -> Any:
    jax = import_jax()
    numpy = jax.numpy

    def run(key: Any, first: Any) -> Any:
        networks = _networks(jax, key, first, size)

        def step(state: Any, layer: Any) -> Any:
            weights = standard(jax, keys_of(jax, networks, layer), (width, width))
            return propagation.standardised_step(numpy, state, weights)

        inputs = standard(jax, keys_of(jax, networks, 0), (width, 2))
        start = propagation.correlated_inputs(numpy, correlation, inputs)
        return jax.lax.scan(step, start, 1 + numpy.arange(layers))[1]

    return jax.jit(run)


@lru_cache(maxsize=32)
def _rank_program(layers: int, width: int, batch: int, normalise: bool, size: int) -> Any:
    jax = import_jax()
    numpy = jax.numpy

    def run(key: Any, first: Any) -> Any:
        networks = _networks(jax, key, first, size)

        def step(part: Any, layer: Any) -> Any:
            factor = standard(jax, keys_of(jax, networks, layer), (width, part.shape[-2]))
            return propagation.effective_rank_step(numpy, part, factor, normalise)

        inputs = standard(jax, keys_of(jax, networks, 0), (width, batch))
        start, _ = propagation.singular_part(numpy, inputs)
        return jax.lax.scan(step, start, 1 + numpy.arange(layers))[1]

    return jax.jit(run)
