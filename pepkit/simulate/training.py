"""Deep ReLU classifiers in NumPy: initialisations that differ in how angles collapse, and plain training.

A network is input -> L hidden layers of one width -> scores. Hidden layers are relu(W h), optionally with a share of
the mean over the neurons subtracted, or residual h + a S relu(W h) with a fixed diagonal S of random signs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["INITIALISATIONS", "Network", "build", "mean_correlation", "train"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

INITIALISATIONS = ("gaussian", "orthogonal", "looks-linear", "centred", "residual")


@dataclass
class Network:
    """Weights, and what happens between them.

    Attributes
    ----------
    entry, hidden, out
        Matrices (width, inputs), L matrices (width, width), (classes, width).
    centring
        The share c of the mean over the neurons that is subtracted from the activations.
    branch
        a of residual layers h + a relu(W h) (up to the sign of a fixed random +-1 vector), 0 for plain ones.
    signs
        Random signs (L, width) of the residual branches, so that they have mean zero.
    """

    entry: Array
    hidden: list[Array]
    out: Array
    centring: float
    branch: float
    signs: Array

    def parameters(self) -> list[Array]:
        """All weights, to be changed in place."""
        return [self.entry, *self.hidden, self.out]


def build(
    name: str, depth: int, width: int, inputs: int, classes: int, seed: int, centring: float = 0.0, branch: float = 0.0
) -> Network:
    """A network of `INITIALISATIONS`; `centring` and `branch` are strengths of the last two."""
    generator = np.random.default_rng(seed)
    entry = generator.standard_normal((width, inputs)) * math.sqrt(2 / inputs)
    share = 2 * centring - centring * centring
    gain = math.sqrt(2 / (1 - share / math.pi))
    hidden = []
    for _ in range(depth):
        if name == "orthogonal":
            weights = math.sqrt(2) * np.linalg.qr(generator.standard_normal((width, width)))[0]
        elif name == "looks-linear":
            block = np.linalg.qr(generator.standard_normal((width // 2, width // 2)))[0]
            weights = np.block([[block, -block], [-block, block]])
        else:
            weights = generator.standard_normal((width, width)) * gain / math.sqrt(width)
        hidden.append(weights)
    if name == "looks-linear":
        half = entry[: width // 2]
        entry = np.concatenate([half, -half])
    out = generator.standard_normal((classes, width)) / math.sqrt(width)
    signs = np.sign(generator.standard_normal((depth, width)))
    return Network(entry, hidden, out, centring, branch if name == "residual" else 0.0, signs)


def _forward(network: Network, x: Array) -> tuple[Array, list[Array], list[Mask]]:
    """Scores (classes, B), inputs of the layers, and masks of active neurons."""
    before = network.entry @ x
    mask = before > 0
    state = _centred(np.where(mask, before, 0.0), network.centring)
    states, masks = [x, state], [mask]
    scale = 1 / math.sqrt(1 + network.branch**2) if network.branch else 1.0
    for weights, signs in zip(network.hidden, network.signs, strict=True):
        before = weights @ state
        mask = before > 0
        active = np.where(mask, before, 0.0)
        if network.branch:
            state = scale * (state + network.branch * signs[:, None] * active)
        else:
            state = _centred(active, network.centring)
        states.append(state)
        masks.append(mask)
    return network.out @ state, states, masks


def _centred(state: Array, share: float) -> Array:
    return state - share * state.mean(axis=0, keepdims=True) if share else state


def _gradients(network: Network, x: Array, labels: NDArray[np.int64]) -> tuple[float, list[Array]]:
    """Mean cross entropy and its gradients."""
    scores, states, masks = _forward(network, x)
    scores = scores - scores.max(axis=0)
    powers = np.exp(scores)
    chances = powers / powers.sum(axis=0)
    count = x.shape[1]
    chosen = chances[labels, np.arange(count)]
    value = float(-np.mean(np.log(np.maximum(chosen, 1e-300))))
    error = chances
    error[labels, np.arange(count)] -= 1
    error /= count
    gradients = [error @ states[-1].T]
    back = network.out.T @ error
    scale = 1 / math.sqrt(1 + network.branch**2) if network.branch else 1.0
    for j in range(len(network.hidden) - 1, -1, -1):
        if network.branch:
            slope = np.where(masks[j + 1], scale * network.branch * network.signs[j][:, None] * back, 0.0)
            gradients.append(slope @ states[j + 1].T)
            back = scale * back + network.hidden[j].T @ slope
        else:
            slope = np.where(masks[j + 1], _centred(back, network.centring), 0.0)
            gradients.append(slope @ states[j + 1].T)
            back = network.hidden[j].T @ slope
    slope = np.where(masks[0], _centred(back, network.centring), 0.0)
    gradients.append(slope @ x.T)
    return value, gradients[::-1]


def mean_correlation(network: Network, x: Array) -> float:
    """The mean cosine between the last hidden states of different inputs (columns of x)."""
    _, states, _ = _forward(network, x)
    unit = states[-1] / np.maximum(np.linalg.norm(states[-1], axis=0, keepdims=True), 1e-300)
    gram = unit.T @ unit
    count = len(gram)
    return float((gram.sum() - np.trace(gram)) / (count * (count - 1)))


def train(
    network: Network, x: Array, labels: NDArray[np.int64], rate: float, steps: int, batch: int, seed: int
) -> tuple[list[float], float]:
    """Stochastic gradient descent with momentum 0.9 and gradients clipped to norm 1: losses, final accuracy on x.

    x has shape (inputs, samples). A run whose loss is no finite number stops there.
    """
    generator = np.random.default_rng(seed)
    parameters = network.parameters()
    speeds = [np.zeros_like(p) for p in parameters]
    losses = []
    for _ in range(steps):
        chosen = generator.integers(0, x.shape[1], batch)
        value, gradients = _gradients(network, x[:, chosen], labels[chosen])
        losses.append(value)
        size = math.sqrt(sum(float(np.sum(g * g)) for g in gradients))
        if not math.isfinite(value) or not math.isfinite(size):
            return losses, 0.0
        shrink = min(1.0, 1.0 / max(size, 1e-300))
        for parameter, speed, gradient in zip(parameters, speeds, gradients, strict=True):
            speed *= 0.9
            speed -= rate * shrink * gradient
            parameter += speed
    scores, _, _ = _forward(network, x)
    return losses, float(np.mean(scores.argmax(axis=0) == labels))
