"""Batches of random functions of F_{mu,1}, with a minimiser at 0, value 0 there, and bounds of their rounding errors.

A batch holds B functions on R^d. `evaluate(x)` takes x of shape (B, d) and returns values (B,), gradients (B, d) and
the bounds (B,) of the absolute errors of both in float64: u = 2^-53 times the number of operations on the longest path
times the sum of the absolute values of the terms (Higham 2002, section 3), doubled for the terms of second order.

Families: diagonal quadratics with given spectra; sums of one-dimensional functions along random directions (Huber,
logistic with soft labels, 1 - cos); log-sum-exp; Moreau envelopes of maxima of affine functions, which are the least
interpolants of their own data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CosineMixture",
    "FunctionBatch",
    "LogSumExp",
    "MoreauEnvelope",
    "Quadratic",
    "RidgeSum",
    "WithCurvature",
]

Array = NDArray[np.float64]
UNIT = 2.0**-53
Evaluation = tuple[Array, Array, Array, Array]


class FunctionBatch(Protocol):
    """B functions on R^d that vanish at their minimiser 0."""

    @property
    def size(self) -> int:
        """B."""

    @property
    def dimension(self) -> int:
        """d."""

    def evaluate(self, x: Array) -> Evaluation:
        """Values (B,), gradients (B, d), bounds of the errors of values and of gradients (B,)."""


def _norm(a: Array) -> Array:
    return np.sqrt(np.sum(a * a, axis=-1))


@dataclass(frozen=True)
class Quadratic:
    """f(x) = sum c_i x_i^2 / 2, c of shape (B, d) in [mu, 1]. Gradient descent does not see rotations."""

    curvatures: Array

    @property
    def size(self) -> int:
        return self.curvatures.shape[0]

    @property
    def dimension(self) -> int:
        return self.curvatures.shape[1]

    def evaluate(self, x: Array) -> Evaluation:
        gradient = self.curvatures * x
        value = np.sum(gradient * x, axis=1) / 2
        return value, gradient, 2 * (self.dimension + 3) * UNIT * value, 2 * UNIT * _norm(gradient)


@dataclass(frozen=True)
class RidgeSum:
    """f(x) = sum_k w_k phi(<a_k, x>; b_k), phi with curvature in [0, 1] and phi'(0) = 0.

    Parameters
    ----------
    directions, weights, parameters
        a of shape (B, K, d) with unit vectors, w of shape (B, K) with sum at most 1, b of shape (B, K).
    kind
        ``"huber"``: t^2/2 up to |t| = b > 0, linear beyond; ``"logistic"``: 4 (softplus(t + b) - softplus(b)
        - sigma(b) t), the cross entropy of one observation with label sigma(b); ``"cosine"``: 1 - cos t, of
        curvature in [-1, 1].
    """

    directions: Array
    weights: Array
    parameters: Array
    kind: str

    @property
    def size(self) -> int:
        return self.directions.shape[0]

    @property
    def dimension(self) -> int:
        return self.directions.shape[2]

    def evaluate(self, x: Array) -> Evaluation:
        t = np.einsum("bkd,bd->bk", self.directions, x)
        phi, slope, terms = _ONE_DIMENSIONAL[self.kind](t, self.parameters)
        w = self.weights
        value = np.sum(w * phi, axis=1)
        gradient = np.einsum("bk,bkd->bd", w * slope, self.directions)
        operations = 2 * (self.dimension + w.shape[1] + 12) * UNIT
        size = _norm(x)[:, None]
        # t carries (d + 2) u |x|; phi' has slope at most 1, phi has slope |phi'|
        error_gradient = operations * np.sum(w * (size + terms), axis=1)
        error_value = operations * np.sum(w * (size * np.abs(slope) + terms * (1 + np.abs(t))), axis=1)
        return value, gradient, error_value, error_gradient


def _huber(t: Array, b: Array) -> tuple[Array, Array, Array]:
    slope = np.clip(t, -b, b)
    return slope * (t - slope / 2), slope, np.abs(slope)


def _logistic(t: Array, b: Array) -> tuple[Array, Array, Array]:
    total = t + b
    sigma, at_zero = _sigmoid(total), _sigmoid(b)
    value = 4 * (np.logaddexp(0, total) - np.logaddexp(0, b) - at_zero * t)
    return value, 4 * (sigma - at_zero), 8 + np.abs(b)


def _cosine(t: Array, b: Array) -> tuple[Array, Array, Array]:
    return 2 * np.sin(t / 2) ** 2, np.sin(t), 1 + np.abs(t)


_ONE_DIMENSIONAL: dict[str, Callable[[Array, Array], tuple[Array, Array, Array]]] = {
    "huber": _huber,
    "logistic": _logistic,
    "cosine": _cosine,
}


def _sigmoid(t: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * t))


@dataclass(frozen=True)
class LogSumExp:
    """f(x) = c^-1 (log sum_k exp(<a_k, x> + b_k) - log sum exp(b) - <softmax(b) a, x>), smoothness at most 1.

    c = max |a_k - a_l|^2/4 bounds the variance of <a, v> under any weights, and so the curvature.
    """

    rows: Array
    offsets: Array

    @property
    def size(self) -> int:
        return self.rows.shape[0]

    @property
    def dimension(self) -> int:
        return self.rows.shape[2]

    def evaluate(self, x: Array) -> Evaluation:
        a, b = self.rows, self.offsets
        spread = np.max(np.sum((a[:, :, None] - a[:, None, :]) ** 2, axis=3), axis=(1, 2)) / 4
        t = np.einsum("bkd,bd->bk", a, x) + b
        value, weights = _softmax(t)
        value_zero, weights_zero = _softmax(b)
        slope = np.einsum("bk,bkd->bd", weights_zero, a)
        gradient = (np.einsum("bk,bkd->bd", weights, a) - slope) / spread[:, None]
        linear = np.sum(slope * x, axis=1)
        largest = np.max(_norm(a), axis=1)
        reach = largest * _norm(x) + np.max(np.abs(b), axis=1)
        operations = 2 * (self.dimension + a.shape[1] + 12) * UNIT / spread
        return (
            (value - value_zero - linear) / spread,
            gradient,
            operations * (1 + np.abs(value) + np.abs(value_zero) + 2 * reach),
            operations * 4 * largest * (1 + reach),
        )


def _softmax(t: Array) -> tuple[Array, Array]:
    top = np.max(t, axis=1, keepdims=True)
    powers = np.exp(t - top)
    total = np.sum(powers, axis=1, keepdims=True)
    return (top + np.log(total))[:, 0], powers / total


@dataclass(frozen=True)
class MoreauEnvelope:
    """f(x) = min_p max_k (<g_k, p> + c_k) + |x - p|^2/2, evaluated over all subsets of active pieces.

    The gradient g is the element of conv(g_k) that maximises the concave dual. Where the active pieces S are certain
    (positive weights, other pieces below, both by more than rounding), g solves <g_k - g_l, g> = const for k, l in S,
    and its error is that of the right-hand side over the least singular value of the differences. Elsewhere the
    error is at most the root of twice the duality gap.

    Parameters
    ----------
    slopes, offsets
        g of shape (B, K, d) and c of shape (B, K), K at most 6; max_k c_k = 0 and 0 in the hull of the g_k with c_k = 0
        put the minimum 0 at x = 0.
    """

    slopes: Array
    offsets: Array

    @property
    def size(self) -> int:
        return self.slopes.shape[0]

    @property
    def dimension(self) -> int:
        return self.slopes.shape[2]

    def evaluate(self, x: Array) -> Evaluation:
        g, c = self.slopes, self.offsets
        count = g.shape[1]
        gram = np.einsum("bkd,bld->bkl", g, g)
        linear = np.einsum("bkd,bd->bk", g, x) + c
        largest = np.max(_norm(g), axis=1)
        scale = largest * (_norm(x) + largest) + np.max(np.abs(c), axis=1)
        rounding = 2 * (self.dimension + count + 12) * UNIT * scale
        best = np.full(self.size, -np.inf)
        chosen = np.zeros((self.size, count))
        spread = np.full(self.size, np.inf)
        for subset in _subsets(count, self.dimension + 1):
            weights = _stationary(gram, linear, subset)
            if weights is None:
                continue
            part = gram[:, subset][:, :, subset]
            allowed = np.all(weights >= 0, axis=1)
            dual = np.sum(weights * linear[:, subset], axis=1) - 0.5 * np.einsum("bk,bkl,bl->b", weights, part, weights)
            better = np.flatnonzero(allowed & (dual > best))
            best[better] = dual[better]
            chosen[better] = 0.0
            chosen[better[:, None], list(subset)] = weights[better]
            spread[better] = _least_singular_value(part[better])
        gradient = np.einsum("bk,bkd->bd", chosen, g)
        square = np.sum(gradient * gradient, axis=1)
        # values of the pieces at p = x - gradient
        pieces = linear - np.einsum("bkd,bd->bk", g, gradient)
        top = np.max(pieces, axis=1)
        gap = np.maximum(top + square / 2 - best, 0) + 2 * rounding
        sharp = 2 * count * rounding / spread + 2 * count * UNIT * largest
        active = chosen > 0
        clear = np.where(active, chosen > 4 * (sharp / spread)[:, None], top[:, None] - pieces > (
            4 * rounding + 4 * largest * sharp
        )[:, None])  # fmt: skip
        certain = np.all(clear, axis=1)
        return best, gradient, gap + rounding, np.where(certain, sharp, np.sqrt(2 * gap) + 2 * UNIT * count * largest)


def _least_singular_value(gram: Array) -> Array:
    """Of the differences g_k - g_1, from the Gram matrix (B, S, S); infinite for one piece."""
    if gram.shape[1] == 1 or len(gram) == 0:
        return np.full(len(gram), np.inf)
    differences = gram[:, 1:, 1:] - gram[:, 1:, :1] - gram[:, :1, 1:] + gram[:, :1, :1]
    # half, for the rounding of the Gram matrix of well-conditioned differences
    return np.sqrt(np.maximum(np.linalg.eigvalsh(differences)[:, 0], 1e-30)) / 2


def _subsets(count: int, largest: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, min(count, largest) + 1):
        yield from combinations(range(count), size)


def _stationary(gram: Array, linear: Array, subset: tuple[int, ...]) -> Array | None:
    """Weights (B, |S|) with sum 1 at which the dual restricted to a subset is stationary."""
    size = len(subset)
    if size == 1:
        return np.ones((gram.shape[0], 1))
    system = np.zeros((gram.shape[0], size + 1, size + 1))
    system[:, :size, :size] = gram[:, subset][:, :, subset]
    system[:, :size, size] = system[:, size, :size] = 1.0
    right = np.concatenate([linear[:, subset], np.ones((gram.shape[0], 1))], axis=1)
    try:
        weights = np.linalg.solve(system, right[:, :, None])[:, :size, 0]
    except np.linalg.LinAlgError:
        return None
    total = np.sum(weights, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(weights / total, nan=-1.0, posinf=-1.0, neginf=-1.0)


@dataclass(frozen=True)
class WithCurvature:
    """(1 - m) f(x) + (m/2)|x|^2 for f in F_{0,1}, a member of F_{m,1}."""

    base: FunctionBatch
    mu: float

    @property
    def size(self) -> int:
        return self.base.size

    @property
    def dimension(self) -> int:
        return self.base.dimension

    def evaluate(self, x: Array) -> Evaluation:
        m = self.mu
        value, gradient, error_value, error_gradient = self.base.evaluate(x)
        square = np.sum(x * x, axis=1)
        return (
            (1 - m) * value + m * square / 2,
            (1 - m) * gradient + m * x,
            error_value + 8 * UNIT * (np.abs(value) + self.dimension * square),
            error_gradient + 8 * UNIT * (_norm(gradient) + _norm(x)),
        )


@dataclass(frozen=True)
class CosineMixture:
    """c sum w (1 - cos t) + (1 - c) sum w t^2/2."""

    base: RidgeSum
    share: float

    @property
    def size(self) -> int:
        return self.base.size

    @property
    def dimension(self) -> int:
        return self.base.dimension

    def evaluate(self, x: Array) -> Evaluation:
        wide = RidgeSum(self.base.directions, self.base.weights, np.full_like(self.base.parameters, np.inf), "huber")
        first, second = self.base.evaluate(x), wide.evaluate(x)
        c = self.share
        parts = [c * a + (1 - c) * b for a, b in zip(first, second, strict=True)]
        return parts[0], parts[1], 2 * parts[2], 2 * parts[3]
