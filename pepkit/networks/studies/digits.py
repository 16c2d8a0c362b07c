"""The 8x8 digits that come with scikit-learn, and small classifiers of them trained by stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pepkit.kernel.errors import ClaimError
from pepkit.networks.model import FloatNetwork

__all__ = ["Digits", "digits", "initial_network", "train"]


@dataclass(frozen=True)
class Digits:
    """Images as rows of 64 numbers in [0, 1], labels 0 to 9."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def digits(seed: int = 0) -> Digits:
    """1347 training and 450 test images, split at random. Needs scikit-learn, which holds them; no download."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ClaimError("the digits come with scikit-learn: pip install 'pepkit[labs]'") from None
    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.target))
    images, labels = data.data[order] / 16.0, data.target[order]
    cut = 1347
    return Digits(images[:cut], labels[:cut], images[cut:], labels[cut:])


def initial_network(widths: Sequence[int], generator: np.random.Generator) -> FloatNetwork:
    """Weights N(0, 2/fan-in), biases zero, rectifiers."""
    weights = tuple(generator.normal(size=(b, a)) * np.sqrt(2 / a) for a, b in pairwise(widths))
    biases = tuple(np.zeros(b) for b in widths[1:])
    return FloatNetwork(weights, biases, tuple(np.zeros(b) for b in widths[1:-1]))


def train(
    data: Digits,
    hidden: Sequence[int] = (10, 10),
    *,
    steps: int = 600,
    batch: int = 32,
    rate: float = 0.1,
    seed: int = 0,
    each_step: Callable[[int, FloatNetwork, FloatNetwork, np.ndarray], Any] | None = None,
) -> FloatNetwork:
    """A network 64-hidden-10 after `steps` of plain stochastic gradient descent on the cross entropy.

    Parameters
    ----------
    each_step
        Called with the number of the step, the network before and after it, and the indices of its batch.
    """
    generator = np.random.default_rng(seed)
    net = initial_network((data.train_images.shape[1], *hidden, 10), generator)
    for step in range(steps):
        chosen = generator.integers(0, len(data.train_labels), size=batch)
        after = _descended(net, data.train_images[chosen], data.train_labels[chosen], rate)
        if each_step is not None:
            each_step(step, net, after, chosen)
        net = after
    return net


def _descended(net: FloatNetwork, images: np.ndarray, labels: np.ndarray, rate: float) -> FloatNetwork:
    """The network after one gradient step of the mean cross entropy."""
    inputs, factors = [images], []
    for matrix, bias, slope in zip(net.weights, net.biases, net.slopes, strict=False):
        values = inputs[-1] @ matrix.T + bias
        factors.append(np.where(values >= 0, 1.0, slope))
        inputs.append(values * factors[-1])
    scores = inputs[-1] @ net.weights[-1].T + net.biases[-1]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    back = scores / scores.sum(axis=1, keepdims=True)
    back[np.arange(len(labels)), labels] -= 1
    back /= len(labels)
    weights, biases = list(net.weights), list(net.biases)
    for k in range(len(weights) - 1, -1, -1):
        before = back @ net.weights[k]
        weights[k] = weights[k] - rate * back.T @ inputs[k]
        biases[k] = biases[k] - rate * back.sum(axis=0)
        if k:
            back = before * factors[k - 1]
    return FloatNetwork(tuple(weights), tuple(biases), net.slopes)
