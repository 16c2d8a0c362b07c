"""Homogeneous ReLU networks trained towards large margins, batched over seeds; Karush-Kuhn-Tucker residuals.

f(x) = v relu(U relu(... W x)) without biases is homogeneous of degree D in its parameters theta (D = number of layers).
Labels are y_i = +-1 and q_i = y_i f(x_i). A step moves theta along the gradient of -log sum_i exp(-q_i), divided by its
length: gradient descent on the exponential loss with normalised steps. Once the data are separated, the normalised
margin min q_i / |theta|^D grows, and limit directions satisfy the conditions of Karush, Kuhn and Tucker of
min |theta|^2/2 subject to q_i >= 1 (Lyu, Li 2020; Ji, Telgarsky 2020).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pepkit.kernel import ClaimError

__all__ = [
    "KktResidual",
    "Layers",
    "MarginRun",
    "ascended",
    "feature_margin",
    "forward",
    "initial_layers",
    "kkt_residual",
    "labelled",
    "network_values",
    "parameter_length",
    "train_margin",
    "weighted_gradient",
]

Layers = list[Any]
"""Weight matrices of shape (seeds, outputs, inputs), first layer first: arrays of NumPy or JAX."""

Progress = Callable[[int], None]
Product = Callable[[Any, Any], Any]


def initial_layers(widths: Sequence[int], scale: float, seeds: int, seed: int = 0, symmetric: bool = False) -> Layers:
    """Gaussian weights with standard deviation scale/sqrt(inputs), for widths (d, m, ..., 1).

    `symmetric` (two layers, even m) repeats the first half of the hidden neurons with the opposite sign of its
    amplitudes, so that f = 0 at the start.
    """
    generator = np.random.default_rng(seed)
    layers = [
        generator.standard_normal((seeds, after, before)) * scale / np.sqrt(before)
        for before, after in itertools.pairwise(widths)
    ]
    if symmetric:
        if len(layers) != 2 or widths[1] % 2:
            raise ClaimError("a symmetric start has two layers and an even number of neurons")
        half = widths[1] // 2
        layers[0][:, half:] = layers[0][:, :half]
        layers[1][:, :, half:] = -layers[1][:, :, :half]
    return layers


def forward(layers: Layers, x: Any, xp: Any = np, product: Product = np.matmul) -> tuple[Any, list[Any]]:
    """f(x_i), shape (seeds, n), and the inputs of every layer, shapes (seeds, n, width).

    Here and below `xp` is the namespace of the arrays, numpy or jax.numpy, and `product` multiplies stacks of matrices.
    """
    state = xp.broadcast_to(x, (layers[0].shape[0], *x.shape))
    inputs = []
    for layer in layers[:-1]:
        inputs.append(state)
        state = xp.maximum(product(state, layer.transpose(0, 2, 1)), 0)
    inputs.append(state)
    return product(state, layers[-1].transpose(0, 2, 1))[:, :, 0], inputs


def network_values(layers: Layers, x: np.ndarray) -> np.ndarray:
    """f at the rows of x, shape (seeds, n)."""
    values: np.ndarray = forward(layers, np.asarray(x, dtype=float))[0]
    return values


def weighted_gradient(layers: Layers, inputs: list[Any], weights: Any, product: Product = np.matmul) -> Layers:
    """Gradient of sum_i weights_i f(x_i); weights of shape (seeds, n)."""
    back = weights[:, :, None]
    gradients: Layers = []
    for position in range(len(layers) - 1, -1, -1):
        gradients.append(product(back.transpose(0, 2, 1), inputs[position]))
        if position:
            back = product(back, layers[position]) * (inputs[position] > 0)
    return gradients[::-1]


def _point_gradients(parts: Layers, x: np.ndarray) -> np.ndarray:
    """The gradients of f at each point with respect to all parameters of one network, shape (n, parameters)."""
    _, inputs = forward(parts, x)
    # every point becomes a member of the batch, with the same layers
    single = [state.transpose(1, 0, 2) for state in inputs]
    gradients = weighted_gradient(parts, single, np.ones((len(x), 1)))
    return np.concatenate([gradient.reshape(len(x), -1) for gradient in gradients], axis=1)


def parameter_length(parts: Layers, xp: Any = np) -> Any:
    """The norm of all parameters of each network, shape (seeds,)."""
    return xp.sqrt(sum((part**2).sum(axis=(1, 2)) for part in parts))


def ascended(
    layers: Layers,
    inputs: list[Any],
    q: Any,
    y: Any,
    length: Any,
    rate: Any,
    norm: Any,
    xp: Any = np,
    product: Product = np.matmul,
) -> Layers:
    """The layers after one step, of length rate min(1, |theta|) along the gradient of -log sum_i exp(-q_i).

    Networks with |theta| >= norm stay.
    """
    p = xp.exp(q.min(axis=1)[:, None] - q)
    gradient = weighted_gradient(layers, inputs, p / p.sum(axis=1, keepdims=True) * y, product)
    size = parameter_length(gradient, xp)
    factor = rate * xp.minimum(1.0, length) / xp.where(size > 0, size, 1.0)
    factor = xp.where(length >= norm, 0.0, factor)[:, None, None]
    return [layer + factor * part for layer, part in zip(layers, gradient, strict=True)]


def labelled(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and labels in float64; ClaimError if they do not fit."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 2 or y.shape != (len(x),) or not set(np.unique(y)) <= {-1.0, 1.0}:
        raise ClaimError("points are rows of x, and y has one label 1 or -1 for each of them")
    return x, y


@dataclass(frozen=True)
class MarginRun:
    """The trained networks and their way.

    `margins` are the normalised margins min q_i/|theta|^D at `times` (steps), shape (k, seeds); `norms` |theta|
    there; `layers` the parameters at the end; `early` those when the smallest q_i first reached `early_margin`
    (of the end where it never did), and `separated` whether min q_i > 0 at the end.
    """

    layers: Layers
    early: Layers
    times: np.ndarray
    margins: np.ndarray
    norms: np.ndarray
    separated: np.ndarray


def train_margin(
    layers: Layers,
    x: np.ndarray,
    y: np.ndarray,
    *,
    norm: float = 1000.0,
    steps: int = 40_000,
    rate: float = 0.05,
    early_margin: float = 3.0,
    record_every: int = 500,
    progress: Progress | None = None,
) -> MarginRun:
    """Normalised gradient descent on the exponential loss until every |theta| exceeds `norm`, or for `steps` steps.

    A step has length `rate` times min(1, |theta|), so that small initialisations are not jumped over.
    """
    x, y = labelled(x, y)
    degree = len(layers)
    current = [np.array(layer, dtype=float) for layer in layers]
    early = [layer.copy() for layer in current]
    reached = np.zeros(layers[0].shape[0], dtype=bool)
    times, margins, norms = [], [], []
    for step in range(steps + 1):
        values, inputs = forward(current, x)
        q = y * values
        least = q.min(axis=1)
        length = parameter_length(current)
        new = (least >= early_margin) & ~reached
        if new.any():
            for kept, layer in zip(early, current, strict=True):
                kept[new] = layer[new]
            reached |= new
        last = step == steps or bool((length >= norm).all())
        if step % record_every == 0 or last:
            times.append(step)
            margins.append(least / length**degree)
            norms.append(length)
            if progress is not None:
                progress(step)
            if last:
                break
        current = ascended(current, inputs, q, y, length, rate, norm)
    for kept, layer in zip(early, current, strict=True):
        kept[~reached] = layer[~reached]
    return MarginRun(current, early, np.array(times), np.array(margins), np.array(norms), least > 0)


@dataclass(frozen=True)
class KktResidual:
    """How far theta/(min q)^(1/D) is from a Karush-Kuhn-Tucker point.

    `stationarity` |theta - sum lambda_i y_i grad f(x_i)| / |theta|, `slackness` sum lambda_i (q_i - 1) / sum lambda_i,
    and the multipliers; `kinks` is the number of pairs of neuron and point where the Clarke subgradient was used.
    """

    stationarity: float
    slackness: float
    multipliers: np.ndarray
    kinks: int


def kkt_residual(layers: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, kink: float = 1e-3) -> KktResidual:
    """The residual of one separating network (matrices without the axis of seeds).

    For two layers, a neuron whose pre-activation at a point is within `kink` of zero, relative to |w_j| |x_i|, may take
    any slope in [0, 1] there (Clarke's subdifferential). Raises ClaimError if the network does not separate the data.
    """
    from scipy.optimize import nnls

    parts = [np.asarray(layer, dtype=float)[None] for layer in layers]
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    q = y * network_values(parts, x)[0]
    if q.min() <= 0:
        raise ClaimError("the network does not separate the labels, so it has no margin")
    degree = len(parts)
    parts = [part / q.min() ** (1 / degree) for part in parts]
    q = q / q.min()
    theta = np.concatenate([part.ravel() for part in parts])
    extra, owners = _kink_columns(parts, x, y, kink) if degree == 2 else (np.zeros((len(theta), 0)), [])
    matrix = (y[:, None] * _point_gradients(parts, x)).T
    if owners:
        multipliers, change = _interval_multipliers(matrix, extra, owners, theta)
        rest = theta - matrix @ multipliers - extra @ change
    else:
        multipliers, _ = nnls(matrix, theta)
        rest = theta - matrix @ multipliers
    stationarity = float(np.linalg.norm(rest) / np.linalg.norm(theta))
    slackness = float(multipliers @ (q - 1) / multipliers.sum()) if multipliers.sum() else float("inf")
    return KktResidual(stationarity, slackness, multipliers, len(owners))


def _kink_columns(parts: Layers, x: np.ndarray, y: np.ndarray, kink: float) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Gradient contributions that a neuron near its kink may add (slope 0 taken) or drop (slope 1 taken)."""
    w, a = parts[0][0], parts[1][0, 0]
    products = x @ w.T
    scale = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(w, axis=1)[None, :]
    columns, owners = [], []
    for i, j in zip(*np.nonzero(np.abs(products) <= kink * np.maximum(scale, 1e-300)), strict=True):
        column = np.zeros((w.size + a.size,))
        sign = 1.0 if products[i, j] <= 0 else -1.0
        column[j * w.shape[1] : (j + 1) * w.shape[1]] = sign * y[i] * a[j] * x[i]
        columns.append(column)
        owners.append((int(i), int(j)))
    return (np.array(columns).T if columns else np.zeros((w.size + a.size, 0))), owners


def _interval_multipliers(
    matrix: np.ndarray, extra: np.ndarray, owners: list[tuple[int, int]], theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares over lambda >= 0 and 0 <= c_k <= lambda_(owner of k)."""
    from scipy.optimize import nnls

    # c = lambda_i u with u in [0, 1] is written with c and s = lambda_i - c, both >= 0, for one kink of a point;
    # several kinks of a point need the inequalities themselves, so a penalty of slack equations is added
    count, kinks = matrix.shape[1], extra.shape[1]
    weight = 1e3 * max(1.0, float(np.abs(matrix).max()))
    rows = np.zeros((kinks, count + 2 * kinks))
    for k, (i, _) in enumerate(owners):
        rows[k, i], rows[k, count + k], rows[k, count + kinks + k] = weight, -weight, -weight
    full = np.vstack([np.hstack([matrix, extra, np.zeros((len(theta), kinks))]), rows])
    solution, _ = nnls(full, np.concatenate([theta, np.zeros(kinks)]), maxiter=50 * full.shape[1])
    multipliers = solution[:count]
    change = np.minimum(solution[count : count + kinks], multipliers[[i for i, _ in owners]])
    return multipliers, change


def feature_margin(layers: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The classifier of largest margin in the tangent features of a network, evaluated at the rows of `at`.

    Features are grad_theta f(x; theta) at the given parameters (the neural tangent kernel at the start); the classifier
    is <u, features> with the shortest u such that y_i <u, features(x_i)> >= 1.
    """
    from scipy.optimize import nnls

    parts = [np.asarray(layer, dtype=float)[None] for layer in layers]
    x, y, at = (np.asarray(part, dtype=float) for part in (x, y, at))

    known = _point_gradients(parts, x) * y[:, None]
    # the dual of the shortest vector with margins 1: minimise |sum lambda_i z_i|^2/2 - sum lambda_i over lambda >= 0,
    # as least squares with the Cholesky factor of the Gram matrix
    gram = known @ known.T
    factor = np.linalg.cholesky(gram + 1e-12 * np.trace(gram) * np.eye(len(x)))
    multipliers, _ = nnls(factor.T, np.linalg.solve(factor, np.ones(len(x))))
    direction: Any = multipliers @ known
    return _point_gradients(parts, at) @ direction
