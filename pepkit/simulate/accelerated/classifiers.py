"""Training of deep ReLU classifiers on JAX: one compiled program for all seeds and learning rates of an initialisation.

The networks are those of `pepkit.simulate.training`, and they see the same batches in the same order; what differs is
the rounding, which training amplifies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.kernel import ClaimError
from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.training import Network

__all__ = ["train_all"]

Array = NDArray[np.float64]


def train_all(
    networks: Sequence[Network],
    x: Array,
    labels: NDArray[np.int64],
    rates: Sequence[float],
    steps: int,
    batch: int,
    seeds: Sequence[int],
) -> list[list[tuple[list[float], float]]]:
    """`pepkit.simulate.training.train` for every rate and every network: found[rate][network] = losses, accuracy.

    Parameters
    ----------
    networks
        Of one shape, centring and branch; they are not changed.
    x, labels
        Shape (inputs, samples) and (samples,).
    rates
        Learning rates.
    seeds
        One a network: of the random batches.

    Raises
    ------
    ClaimError
        For networks of different kinds, which one program cannot train.
    """
    first = networks[0]
    if len(seeds) != len(networks):
        raise ClaimError(f"{len(networks)} networks are trained with as many seeds, not {len(seeds)}")
    if any(n.centring != first.centring or n.branch != first.branch for n in networks):
        raise ClaimError("networks that are trained together have one centring and one branch")
    chosen = np.stack([_batches(seed, x.shape[1], steps, batch) for seed in seeds])
    weights = {
        "entry": np.stack([n.entry for n in networks]),
        "hidden": np.stack([np.stack(n.hidden) for n in networks]),
        "out": np.stack([n.out for n in networks]),
    }
    signs = np.stack([n.signs for n in networks])
    jax = import_jax()
    with double(jax):
        train = _program(jax, first.centring, first.branch)
        over_networks = jax.vmap(train, (0, 0, 0, None, None, None))
        over_rates = jax.jit(jax.vmap(over_networks, (None, None, None, 0, None, None)))
        losses, alive, accuracies = map(
            np.asarray, over_rates(weights, signs, chosen, np.asarray(rates, dtype=np.float64), x, labels)
        )
    return [
        [_stopped(losses[i, k], alive[i, k], float(accuracies[i, k])) for k in range(len(networks))]
        for i in range(len(rates))
    ]


def _batches(seed: int, samples: int, steps: int, batch: int) -> NDArray[np.int64]:
    """The batches that `training.train` draws."""
    generator = np.random.default_rng(seed)
    return np.stack([generator.integers(0, samples, batch) for _ in range(steps)])


def _stopped(losses: Array, alive: NDArray[np.bool_], accuracy: float) -> tuple[list[float], float]:
    """A run ends with the first step at which the loss or its gradient was no finite number."""
    if alive.all():
        return [float(v) for v in losses], accuracy
    return [float(v) for v in losses[: int(np.argmin(alive)) + 1]], 0.0


def _program(jax: Any, centring: float, branch: float) -> Any:
    """train(weights, signs, batches, rate, x, labels) of one network: losses, which steps were finite, accuracy."""
    import optax

    numpy = jax.numpy
    scale = 1 / np.sqrt(1 + branch**2) if branch else 1.0

    def centred(state: Any) -> Any:
        return state - centring * state.mean(axis=0, keepdims=True) if centring else state

    def scores(weights: Any, signs: Any, x: Any) -> Any:
        def layer(state: Any, item: Any) -> Any:
            matrix, sign = item
            before = matrix @ state
            # a neuron at exactly 0 is inactive, with slope 0
            active = numpy.where(before > 0, before, 0.0)
            if branch:
                return scale * (state + branch * sign[:, None] * active), None
            return centred(active), None

        before = weights["entry"] @ x
        state, _ = jax.lax.scan(layer, centred(numpy.where(before > 0, before, 0.0)), (weights["hidden"], signs))
        return weights["out"] @ state

    def loss(weights: Any, signs: Any, x: Any, labels: Any) -> Any:
        chances = jax.nn.log_softmax(scores(weights, signs, x), axis=0)
        return -numpy.mean(chances[labels, numpy.arange(labels.shape[0])])

    slope = jax.value_and_grad(loss)
    tree = jax.tree_util

    def train(weights: Any, signs: Any, batches: Any, rate: Any, x: Any, labels: Any) -> Any:
        rule = optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(rate, momentum=0.9))

        def step(carry: Any, chosen: Any) -> Any:
            current, memory, running = carry
            value, gradients = slope(current, signs, x[:, chosen], labels[chosen])
            size = sum(numpy.sum(g * g) for g in tree.tree_leaves(gradients))
            running = running & numpy.isfinite(value) & numpy.isfinite(size)
            updates, following = rule.update(gradients, memory, current)

            def moved(old: Any, new: Any) -> Any:
                return tree.tree_map(lambda a, b: numpy.where(running, b, a), old, new)

            current, memory = moved(current, optax.apply_updates(current, updates)), moved(memory, following)
            return (current, memory, running), (value, running)

        first = (weights, rule.init(weights), numpy.array(True))
        (last, _, _), (losses, alive) = jax.lax.scan(step, first, batches)
        right = scores(last, signs, x).argmax(axis=0) == labels
        accuracy = numpy.mean(right.astype(numpy.float64))
        return losses, alive, accuracy

    return train
