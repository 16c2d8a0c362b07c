"""Gradient descent and training of batches on JAX: one compiled program for all steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.kernel import ClaimError
from pepkit.simulate.accelerated.backend import double, import_jax

__all__ = ["descent", "trained"]

Array = NDArray[Any]


def descent(gradient: Callable[[Any, Any], Any], data: Any, start: Array, steps: Array) -> Array:
    """Gradient descent x_(i+1) = x_i - h_i grad f(x_i) on a batch of functions; all points, shape (N + 1, B, d).

    Parameters
    ----------
    gradient
        gradient(point, item) of one function, written with jax.numpy, for an item of `data`.
    data
        Arrays with a leading axis of length B, in any nesting of tuples and dictionaries.
    start
        Shape (B, d).
    steps
        h_0, ..., h_(N-1), in units of 1/L of the functions.
    """
    jax = import_jax()
    with double(jax):
        numpy = jax.numpy
        batched = jax.vmap(gradient)
        items = jax.tree_util.tree_map(lambda a: numpy.asarray(a, dtype=numpy.float64), data)

        def advance(points: Any, step: Any) -> Any:
            following = points - step * batched(points, items)
            return following, following

        first = numpy.asarray(start, dtype=numpy.float64)
        _, found = jax.jit(lambda x, h: jax.lax.scan(advance, x, h))(first, numpy.asarray(steps, dtype=numpy.float64))
        return np.concatenate([np.asarray(start)[None], np.asarray(found)])


def trained(
    loss: Callable[[Any, Any], Any],
    parameters: Any,
    data: Any,
    *,
    steps: int,
    rate: float,
    optimizer: str = "sgd",
    records: int = 1,
) -> tuple[Any, Array]:
    """Full-batch training of many networks at once; the parameters at the end, and losses, shape (records + 1, B).

    Parameters
    ----------
    loss
        loss(parameters, data) of one network, written with jax.numpy.
    parameters
        Arrays with a leading axis of length B (one network each), in any nesting of tuples and dictionaries.
    data
        What all networks are trained on.
    steps, rate, optimizer
        The number of steps, the learning rate, and a name of optax: sgd, adam, ...
    records
        How often the losses are recorded, evenly; `steps` must be a multiple.

    Raises
    ------
    ClaimError
        For an optimizer that optax does not have, or a number of records that does not divide the steps.
    """
    jax = import_jax()
    import optax

    maker = getattr(optax, optimizer, None)
    if maker is None or optimizer.startswith("_"):
        raise ClaimError(f"optax has no optimizer {optimizer!r}; sgd and adam are among those that it has")
    if records < 1 or steps % records:
        raise ClaimError(f"{steps} steps are not recorded {records} times evenly")
    rule = maker(rate)
    with double(jax):
        numpy = jax.numpy
        value, slope = jax.vmap(loss, (0, None)), jax.vmap(jax.grad(loss), (0, None))

        def advance(carry: Any, _: Any) -> Any:
            current, state, items = carry
            updates, state = rule.update(slope(current, items), state, current)
            return (optax.apply_updates(current, updates), state, items), None

        def chunk(carry: Any, _: Any) -> Any:
            carry, _ = jax.lax.scan(advance, carry, None, length=steps // records)
            return carry, value(carry[0], carry[2])

        def run(first: Any, items: Any) -> Any:
            (last, _, _), losses = jax.lax.scan(chunk, (first, rule.init(first), items), None, length=records)
            return last, numpy.concatenate([value(first, items)[None], losses])

        cast = lambda tree: jax.tree_util.tree_map(lambda a: numpy.asarray(a, dtype=numpy.float64), tree)  # noqa: E731
        last, losses = jax.jit(run)(cast(parameters), cast(data))
        return jax.tree_util.tree_map(np.asarray, last), np.asarray(losses)
