"""Angles between the activations of two inputs in wide and in finite ReLU networks, batched over seeds.

Finite Gaussian and orthogonal layers act on the plane of the two activations only, and their law does not depend on the
plane. So two random vectors in R^n stand for a whole n x n weight matrix, exactly in law, and thousands of seeds are
cheap.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

__all__ = [
    "arc_cosine",
    "batch_effective_rank",
    "centred_fixed_point",
    "centred_map",
    "finite_width_moments",
    "gaussian_layer",
    "jakub_nica_rate",
    "looks_linear_angles",
    "map_angles",
    "orthogonal_layer",
    "propagate",
    "residual_map",
    "standardised_correlations",
]

Array = NDArray[np.float64]
Map = Callable[[float], float]


def arc_cosine(r: float) -> float:
    """J(r) = (sqrt(1 - r^2) + r (pi - arccos r))/pi."""
    return (math.sqrt(max(1 - r * r, 0.0)) + r * (math.pi - math.acos(min(max(r, -1.0), 1.0)))) / math.pi


def residual_map(square: float) -> Map:
    """r -> (r + a^2 J(r))/(1 + a^2), a^2 = `square`: h + a V relu(W h)."""
    return lambda r: (r + square * arc_cosine(r)) / (1 + square)


def centred_map(strength: float) -> Map:
    """r -> (J(r) - s/pi)/(1 - s/pi): a share s of the mean of the activations is subtracted."""
    shift = strength / math.pi
    return lambda r: (arc_cosine(r) - shift) / (1 - shift)


def map_angles(step: Map, correlation: float, layers: int) -> list[float]:
    """Angles (radians) behind 0, ..., `layers` layers."""
    r, found = correlation, [math.acos(correlation)]
    for _ in range(layers):
        r = step(r)
        found.append(math.acos(min(max(r, -1.0), 1.0)))
    return found


def centred_fixed_point(strength: float) -> float:
    """1 - r* of the centred map, 0 < strength < 1, by bisection between 0 and 1."""
    step = centred_map(strength)
    low, high = 1e-12, 1.0
    for _ in range(200):
        middle = math.sqrt(low * high)
        # the map lies above the diagonal left of r*
        if step(1 - middle) > 1 - middle:
            high = middle
        else:
            low = middle
    return low


def finite_width_moments(width: int) -> tuple[float, float]:
    """Mean and variance of the change of ln sin^2 of a small angle in one Gaussian ReLU layer with `width` neurons.

    k ~ Binomial(n, 1/2) neurons are active; given k >= 2 the change is ln(chi2_(k-1)/chi2_k), independent.
    """
    k = np.arange(2, width + 1)
    weights = np.array([math.comb(width, int(i)) / 2**width for i in k])
    weights /= weights.sum()
    mean = digamma((k - 1) / 2) - digamma(k / 2)
    variance = polygamma(1, (k - 1) / 2) + polygamma(1, k / 2)
    first = float(np.sum(weights * mean))
    return first, float(np.sum(weights * (variance + mean**2)) - first**2)


def jakub_nica_rate(width: int) -> float:
    """rho(n) = ln((n+5)/(n-1)) - 10n/(n+5)^2 + 6n/(n-1)^2 (Jakub, Nica 2023)."""
    n = width
    return math.log((n + 5) / (n - 1)) - 10 * n / (n + 5) ** 2 + 6 * n / (n - 1) ** 2


def _new_angle(x: Array, y: Array) -> Array:
    """The angle between rows of x and y, accurate for small angles; 0 for a vanishing row."""
    square = np.sum(x * x, axis=1)
    product = np.sum(x * y, axis=1)
    # no active neuron: no angle
    rest = y - (product / np.where(square > 0, square, 1.0))[:, None] * x
    return np.asarray(np.arctan2(np.sqrt(np.sum(rest * rest, axis=1) * square), product))


Layer = Callable[[Array, int, np.random.Generator], Array]


def gaussian_layer(angles: Array, width: int, generator: np.random.Generator) -> Array:
    """Angles behind a ReLU layer with independent Gaussian weights and `width` neurons."""
    first = generator.standard_normal((len(angles), width))
    second = np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * generator.standard_normal(first.shape)
    return _new_angle(np.maximum(first, 0), np.maximum(second, 0))


def orthogonal_layer(angles: Array, width: int, generator: np.random.Generator) -> Array:
    """The same for a square matrix with the Haar law of orthogonal matrices, times sqrt(2)."""
    first = generator.standard_normal((len(angles), width))
    second = generator.standard_normal(first.shape)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second -= np.sum(first * second, axis=1, keepdims=True) * first
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    turned = np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * second
    return _new_angle(np.maximum(first, 0), np.maximum(turned, 0))


def propagate(layer: Layer, angle: float, layers: int, width: int, seeds: int, seed: int) -> Array:
    """Angles (layers + 1, seeds) behind each layer."""
    generator = np.random.default_rng(seed)
    angles = np.full(seeds, angle)
    found = [angles]
    for _ in range(layers):
        angles = layer(angles, width, generator)
        found.append(angles)
    return np.stack(found)


def looks_linear_angles(width: int, layers: int, seed: int) -> Array:
    """Angles of a mirrored network: weights [[Q, -Q], [-Q, Q]] with orthogonal Q, inputs (h, -h) (Balduzzi et al.
    2017).

    relu(h) - relu(-h) = h, so such a ReLU network is linear at the start and keeps angles.
    """
    generator = np.random.default_rng(seed)
    half = width // 2
    start = np.linalg.qr(generator.standard_normal((half, 2)))[0]
    state = np.concatenate([start, -start])
    found = []
    for _ in range(layers):
        block = np.linalg.qr(generator.standard_normal((half, half)))[0]
        active = np.maximum(state, 0)
        weights = np.block([[block, -block], [-block, block]])
        state = weights @ active
        found.append(_new_angle(state[:, :1].T, state[:, 1:].T)[0])
    return np.array(found)


def standardised_correlations(width: int, layers: int, correlation: float, seeds: int, seed: int) -> Array:
    """Correlations (layers, seeds) of pre-activations with weight-standardised rows (mean 0, norm sqrt(2/(1-1/pi))).

    Rows are centred Gaussians of unit norm times the gain; they act on the centred activations.
    """
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(seeds):
        x = generator.standard_normal((width, 2))
        state = np.stack([x[:, 0], correlation * x[:, 0] + math.sqrt(1 - correlation**2) * x[:, 1]], axis=1)
        row = []
        for _ in range(layers):
            weights = generator.standard_normal((width, width))
            weights -= weights.mean(axis=1, keepdims=True)
            weights /= np.linalg.norm(weights, axis=1, keepdims=True)
            before = weights @ state * math.sqrt(2 / (1 - 1 / math.pi))
            row.append(float(before[:, 0] @ before[:, 1] / np.linalg.norm(before[:, 0]) / np.linalg.norm(before[:, 1])))
            state = np.maximum(before, 0)
        found.append(row)
    return np.array(found).T


def batch_effective_rank(width: int, layers: int, batch: int, normalise: bool, seed: int) -> list[float]:
    """(sum s)^2/sum s^2 of the singular values of the activations (width x batch) behind each ReLU layer.

    With batch normalisation every neuron has mean 0 and variance 1 over the batch before the ReLU. Gaussian weights
    act on the span of the activations only: with H = U S V', W H has the law of a Gaussian (width x batch) matrix
    times S V'.
    """
    generator = np.random.default_rng(seed)
    state = generator.standard_normal((width, batch))
    found = []
    for _ in range(layers):
        _, values, frame = np.linalg.svd(state, full_matrices=False)
        factor = generator.standard_normal((width, len(values))) * math.sqrt(2 / width)
        state = factor @ (values[:, None] * frame)
        if normalise:
            state = (state - state.mean(axis=1, keepdims=True)) / state.std(axis=1, keepdims=True)
        state = np.maximum(state, 0)
        singular = np.linalg.svd(state, compute_uv=False)
        found.append(float(singular.sum() ** 2 / np.sum(singular**2)))
    return found
