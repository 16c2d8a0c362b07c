"""Angles between the activations of two inputs in wide and in finite ReLU networks, batched over seeds.

Finite Gaussian and orthogonal layers act on the plane of the two activations only, and their law does not depend on the
plane. So two random vectors in R^n stand for a whole n x n weight matrix, exactly in law, and thousands of seeds are
cheap.

The steps (`gaussian`, `orthogonal`, `standardised_step`, `effective_rank_step`) are functions of the draws and of the
namespace `xp` that computes them, numpy or jax.numpy; leading axes are a batch. On JAX the same steps are run by
`pepkit.simulate.accelerated.propagation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from pepkit.simulate.sizes import check_sizes

__all__ = [
    "Rule",
    "Say",
    "Seed",
    "arc_cosine",
    "batch_effective_ranks",
    "centred_fixed_point",
    "centred_map",
    "correlated_inputs",
    "effective_rank_step",
    "finite_width_moments",
    "gaussian",
    "jakub_nica_rate",
    "looks_linear_angles",
    "map_angles",
    "orthogonal",
    "propagate",
    "residual_map",
    "sample_layer",
    "singular_part",
    "standardised_correlations",
    "standardised_step",
]

Array = NDArray[np.float64]
Map = Callable[[float], float]
Seed = int | Sequence[int] | np.random.Generator
"""What `numpy.random.default_rng` takes: a generator goes on where it is."""
Say = Callable[[str], None]


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


def _new_angle(xp: Any, x: Any, y: Any) -> Any:
    """The angle between vectors along the last axis, accurate for small angles; 0 for a vanishing one."""
    square = xp.sum(x * x, axis=-1)
    product = xp.sum(x * y, axis=-1)
    # no active neuron: no angle
    rest = y - (product / xp.where(square > 0, square, 1.0))[..., None] * x
    return xp.arctan2(xp.sqrt(xp.sum(rest * rest, axis=-1) * square), product)


Rule = Callable[[Any, Any, Any, Any], Any]
"""rule(xp, angles, first, second): the angles behind a layer of n neurons, for angles (...) before it; first and second
(..., n) are standard Gaussians."""


def gaussian(xp: Any, angles: Any, first: Any, second: Any) -> Any:
    """Angles behind a ReLU layer with independent Gaussian weights; a `Rule`."""
    turned = xp.cos(angles)[..., None] * first + xp.sin(angles)[..., None] * second
    return _new_angle(xp, xp.maximum(first, 0), xp.maximum(turned, 0))


def orthogonal(xp: Any, angles: Any, first: Any, second: Any) -> Any:
    """The same for a square matrix with the Haar law of orthogonal matrices, times sqrt(2); a `Rule`."""
    first = first / xp.linalg.norm(first, axis=-1, keepdims=True)
    second = second - xp.sum(first * second, axis=-1, keepdims=True) * first
    second = second / xp.linalg.norm(second, axis=-1, keepdims=True)
    return gaussian(xp, angles, first, second)


def sample_layer(rule: Rule, angles: Array, width: int, generator: np.random.Generator) -> Array:
    """Angles behind one layer with `width` neurons and new weights for every angle."""
    first = generator.standard_normal((len(angles), width))
    return np.asarray(rule(np, angles, first, generator.standard_normal(first.shape)))


def propagate(
    rule: Rule, angle: float, layers: int, width: int, seeds: int, seed: Seed, say: Say | None = None
) -> Array:  # fmt: skip
    """Angles (layers + 1, seeds) behind each layer of `seeds` networks; `say` is told the progress in words."""
    check_sizes(layers=layers, seeds=seeds)
    check_sizes(2, width=width)
    generator = np.random.default_rng(seed)
    found = [np.full(seeds, angle)]
    for count in range(1, layers + 1):
        found.append(sample_layer(rule, found[-1], width, generator))
        if say is not None and count % 100 == 0:
            say(f"width {width}: layer {count} of {layers}")
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
        found.append(_new_angle(np, state[:, 0], state[:, 1]))
    return np.array(found)


def correlated_inputs(xp: Any, correlation: float, x: Any) -> Any:
    """Two inputs (..., n, 2) with this correlation, from standard Gaussians (..., n, 2)."""
    return xp.stack([x[..., 0], correlation * x[..., 0] + math.sqrt(1 - correlation**2) * x[..., 1]], axis=-1)


def standardised_step(xp: Any, state: Any, weights: Any) -> tuple[Any, Any]:
    """A layer with weight-standardised rows (mean 0, norm sqrt(2/(1-1/pi))): activations, correlation before the ReLU.

    The rows of `weights` (..., n, n) are centred and scaled to norm one times the gain; `state` is (..., n, 2).
    """
    means = weights.mean(axis=-1, keepdims=True)
    # the row minus its mean, applied to the state, and its norm, without another matrix
    norms = xp.sqrt(xp.sum(weights * weights, axis=-1, keepdims=True) - weights.shape[-1] * means**2)
    applied = weights @ state - means * state.sum(axis=-2, keepdims=True)
    before = applied / norms * math.sqrt(2 / (1 - 1 / math.pi))
    lengths = xp.sqrt(xp.sum(before * before, axis=-2))
    correlation = xp.sum(before[..., 0] * before[..., 1], axis=-1) / lengths[..., 0] / lengths[..., 1]
    return xp.maximum(before, 0), correlation


def standardised_correlations(
    width: int, layers: int, correlation: float, seeds: int, seed: Seed, say: Say | None = None
) -> Array:
    """Correlations (layers, seeds) of pre-activations of networks with whole matrices, by `standardised_step`."""
    check_sizes(layers=layers, seeds=seeds)
    check_sizes(2, width=width)
    generator = np.random.default_rng(seed)
    found = []
    for count in range(seeds):
        state = correlated_inputs(np, correlation, generator.standard_normal((width, 2)))
        row = []
        for _ in range(layers):
            state, measured = standardised_step(np, state, generator.standard_normal((width, width)))
            row.append(float(measured))
        found.append(row)
        if say is not None:
            say(f"width {width}: network {count + 1} of {seeds}")
    return np.array(found).T


def singular_part(xp: Any, state: Any) -> tuple[Any, Any]:
    """S V' of the singular value decomposition U S V' of activations (..., n, batch), and the singular values."""
    # S and V' are those of the triangular factor
    _, values, frame = xp.linalg.svd(xp.linalg.qr(state, mode="r"), full_matrices=False)
    return values[..., :, None] * frame, values


def effective_rank_step(xp: Any, part: Any, factor: Any, normalise: bool) -> tuple[Any, Any]:
    """A Gaussian ReLU layer on a batch of inputs: S V' of the activations behind it, and their effective rank.

    Gaussian weights act on the span of the activations only: with H = U S V', W H has the law of a Gaussian
    (width x batch) matrix times S V'. `part` is S V' of the activations before, (..., r, batch); `factor` are standard
    Gaussians (..., width, r). The effective rank is (sum s)^2/sum s^2 of the singular values s.

    With `normalise` every neuron has mean 0 and variance 1 over the batch before the ReLU.
    """
    state = (factor * math.sqrt(2 / factor.shape[-2])) @ part
    if normalise:
        state = (state - state.mean(axis=-1, keepdims=True)) / state.std(axis=-1, keepdims=True)
    part, values = singular_part(xp, xp.maximum(state, 0))
    return part, values.sum(axis=-1) ** 2 / xp.sum(values * values, axis=-1)


def batch_effective_ranks(
    width: int, layers: int, batch: int, normalise: bool, seeds: int, seed: int, say: Say | None = None
) -> Array:
    """Effective ranks (layers, seeds) of the activations (width x batch) behind each ReLU layer, of random inputs, by
    `effective_rank_step`; network k is drawn from the seed `seed` + k."""
    check_sizes(layers=layers, width=width, batch=batch, seeds=seeds)
    found = []
    for k in range(seeds):
        generator = np.random.default_rng(seed + k)
        part, values = singular_part(np, generator.standard_normal((width, batch)))
        row = []
        for _ in range(layers):
            factor = generator.standard_normal((width, len(values)))
            part, rank = effective_rank_step(np, part, factor, normalise)
            row.append(float(rank))
        found.append(row)
        if say is not None:
            say(f"width {width}: network {k + 1} of {seeds}")
    return np.array(found).T
