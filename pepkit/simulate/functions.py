"""Batches of random functions of F_{mu,1}, with a minimiser at 0, value 0 there, and bounds of their rounding errors.

A batch holds B functions on R^d. `evaluate(x)` takes x of shape (B, d) and returns values (B,), gradients (B, d) and
the bounds (B,) of the absolute errors of both in float64: u = 2^-53 times the number of operations on the longest path
times the sum of the absolute values of the terms (Higham 2002, section 3), doubled for the terms of second order.

The formulas are written for NumPy and JAX alike (`pepkit.simulate.namespaces`). The bounds are valid for sums in any
order and with fused multiply-adds, which round once where the model rounds twice. Two things are left to a compiler or
a library, and the constants have room for them: quotients made as products with a reciprocal, and elementary functions
(exp, log, log1p, tanh, sin), which may be off by `ELEMENTARY` u relative to their value. For libraries that is
measured, not proved.

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

from pepkit.simulate.namespaces import namespace

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
ELEMENTARY = 16
"""Relative error of an elementary function, in units of u (eight units in the last place), that the bounds allow."""
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
    xp = namespace(a)
    norm: Array = xp.sqrt(xp.sum(a * a, axis=-1))
    return norm


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
        value = namespace(x).sum(gradient * x, axis=1) / 2
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
        xp = namespace(x)
        t = xp.einsum("bkd,bd->bk", self.directions, x)
        phi, slope, terms = _ONE_DIMENSIONAL[self.kind](t, self.parameters)
        w = self.weights
        value = xp.sum(w * phi, axis=1)
        gradient = xp.einsum("bk,bkd->bd", w * slope, self.directions)
        operations = 2 * (self.dimension + w.shape[1] + 12) * UNIT
        size = _norm(x)[:, None]
        # t carries (d + 2) u |x|; phi' has slope at most 1, phi has slope |phi'|
        error_gradient = operations * xp.sum(w * (size + terms), axis=1)
        error_value = operations * xp.sum(w * (size * xp.abs(slope) + terms * (1 + xp.abs(t))), axis=1)
        return value, gradient, error_value, error_gradient


def _huber(t: Array, b: Array) -> tuple[Array, Array, Array]:
    xp = namespace(t)
    slope = xp.clip(t, -b, b)
    return slope * (t - slope / 2), slope, xp.abs(slope)


def _logistic(t: Array, b: Array) -> tuple[Array, Array, Array]:
    xp = namespace(t)
    total = t + b
    sigma, at_zero = _sigmoid(total), _sigmoid(b)
    value = 4 * (xp.logaddexp(0, total) - xp.logaddexp(0, b) - at_zero * t)
    return value, 4 * (sigma - at_zero), 8 + xp.abs(b)


def _cosine(t: Array, b: Array) -> tuple[Array, Array, Array]:
    xp = namespace(t)
    return 2 * xp.sin(t / 2) ** 2, xp.sin(t), 1 + xp.abs(t)


_ONE_DIMENSIONAL: dict[str, Callable[[Array, Array], tuple[Array, Array, Array]]] = {
    "huber": _huber,
    "logistic": _logistic,
    "cosine": _cosine,
}


def _sigmoid(t: Array) -> Array:
    half: Array = 0.5 * (1 + namespace(t).tanh(0.5 * t))
    return half


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
        xp = namespace(x)
        a, b = self.rows, self.offsets
        spread = xp.max(xp.sum((a[:, :, None] - a[:, None, :]) ** 2, axis=3), axis=(1, 2)) / 4
        t = xp.einsum("bkd,bd->bk", a, x) + b
        value, weights = _softmax(t)
        value_zero, weights_zero = _softmax(b)
        slope = xp.einsum("bk,bkd->bd", weights_zero, a)
        gradient = (xp.einsum("bk,bkd->bd", weights, a) - slope) / spread[:, None]
        linear = xp.sum(slope * x, axis=1)
        largest = xp.max(_norm(a), axis=1)
        reach = largest * _norm(x) + xp.max(xp.abs(b), axis=1)
        operations = 2 * (self.dimension + a.shape[1] + 12) * UNIT / spread
        return (
            (value - value_zero - linear) / spread,
            gradient,
            operations * (1 + xp.abs(value) + xp.abs(value_zero) + 2 * reach),
            operations * 4 * largest * (1 + reach),
        )


def _softmax(t: Array) -> tuple[Array, Array]:
    xp = namespace(t)
    top = xp.max(t, axis=1, keepdims=True)
    powers = xp.exp(t - top)
    total = xp.sum(powers, axis=1, keepdims=True)
    return (top + xp.log(total))[:, 0], powers / total


@dataclass(frozen=True)
class MoreauEnvelope:
    """f(x) = min_p max_k (<g_k, p> + c_k) + |x - p|^2/2, evaluated over all subsets of active pieces.

    The gradient g is the element of conv(g_k) that maximises the concave dual. Where the active pieces S are certain
    (positive weights, other pieces below, both by more than rounding), g solves <g_k - g_l, g> = const for k, l in S,
    and its error is what is left over in these equations, which is measured, over the least singular value of the
    differences. Elsewhere the error is at most the root of twice the duality gap. Both hold however the weights were
    found.

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
        xp = namespace(x)
        g, c = self.slopes, self.offsets
        count = g.shape[1]
        # batch last: the enumeration works on whole entries
        gram = xp.einsum("bkd,bld->klb", g, g)
        linear = xp.einsum("bkd,bd->kb", g, x) + c.T
        largest = xp.max(_norm(g), axis=1)
        scale = largest * (_norm(x) + largest) + xp.max(xp.abs(c), axis=1)
        rounding = 2 * (self.dimension + count + 12) * UNIT * scale
        best = xp.full_like(largest, -np.inf)
        least = xp.zeros_like(largest)
        chosen = [least] * count
        with np.errstate(all="ignore"):
            for subset in _subsets(count, self.dimension + 1):
                weights, dual, curvature = _stationary(gram, linear, subset)
                # no numbers (of a singular system) satisfy no inequality
                better = (dual > best) & xp.all(weights >= 0, axis=0)
                best, least = xp.where(better, dual, best), xp.where(better, curvature, least)
                for k in range(count):
                    weight = weights[subset.index(k)] if k in subset else 0.0
                    chosen[k] = xp.where(better, weight, chosen[k])
        weights = xp.stack(chosen, axis=1)
        gradient = xp.einsum("bk,bkd->bd", weights, g)
        square = xp.sum(gradient * gradient, axis=1)
        # values of the pieces at p = x - gradient
        pieces = linear.T - xp.einsum("bkd,bd->bk", g, gradient)
        top = xp.max(pieces, axis=1)
        gap = xp.maximum(top + square / 2 - best, 0) + 2 * rounding
        active = weights > 0
        uneven = top - xp.min(xp.where(active, pieces, top[:, None]), axis=1)
        # half, for the rounding of the curvature where it is not small
        spread = xp.sqrt(xp.maximum(least, 1e-30)) / 2
        sharp = count * (uneven + 2 * rounding) / spread + 2 * count * UNIT * largest
        margin = (4 * rounding + 4 * largest * sharp)[:, None]
        clear = xp.where(active, weights > 4 * (sharp / spread)[:, None], top[:, None] - pieces > margin)
        blunt = xp.sqrt(2 * gap) + 2 * UNIT * count * largest
        return best, gradient, gap + rounding, xp.where(xp.all(clear, axis=1), xp.minimum(sharp, blunt), blunt)


def _subsets(count: int, largest: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, min(count, largest) + 1):
        yield from combinations(range(count), size)


def _stationary(gram: Array, linear: Array, subset: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """The stationary point of the dual restricted to a subset S of pieces, for gram (K, K, B) and linear (K, B).

    Weights (|S|, B) with sum 1, values of the dual (B,), and a lower bound of the least eigenvalue of the Gram matrix D
    of the differences g_k - g_0, k in S without its first element 0: det D ((m - 1)/trace D)^(m - 1), by the inequality
    of the means for the other m - 1 eigenvalues; infinite for one piece. D is factored as L diag(p) L'.
    """
    xp = namespace(linear)
    zero, *rest = subset
    m = len(rest)
    if m == 0:
        one = xp.ones_like(linear[0])
        return one[None], linear[zero] - gram[zero, zero] / 2, one * np.inf
    d = [[gram[k, j] - gram[k, zero] - gram[j, zero] + gram[zero, zero] for j in rest] for k in rest]
    right = [linear[k] - linear[zero] - gram[k, zero] + gram[zero, zero] for k in rest]
    lower: list[list[Array]] = [[] for _ in rest]
    pivots: list[Array] = []
    for j in range(m):
        pivots.append(d[j][j] - sum(lower[j][k] * lower[j][k] * pivots[k] for k in range(j)))
        for i in range(j + 1, m):
            lower[i].append((d[i][j] - sum(lower[i][k] * lower[j][k] * pivots[k] for k in range(j))) / pivots[j])
    solved: list[Array] = []
    for i in range(m):
        solved.append(right[i] - sum(lower[i][k] * solved[k] for k in range(i)))
    solved = [a / b for a, b in zip(solved, pivots, strict=True)]
    for i in reversed(range(m)):
        solved[i] = solved[i] - sum(lower[k][i] * solved[k] for k in range(i + 1, m))
    weights = [1 - sum(solved), *solved]
    square = sum(w * sum(v * gram[k, j] for v, j in zip(weights, subset, strict=True))
                 for w, k in zip(weights, subset, strict=True))  # fmt: skip
    dual = sum(w * linear[k] for w, k in zip(weights, subset, strict=True)) - square / 2
    determinant, trace = pivots[0], d[0][0]
    for i in range(1, m):
        determinant, trace = determinant * pivots[i], trace + d[i][i]
    return xp.stack(weights), dual, determinant * ((m - 1) / trace) ** (m - 1)


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
        xp = namespace(x)
        m = self.mu
        value, gradient, error_value, error_gradient = self.base.evaluate(x)
        square = xp.sum(x * x, axis=1)
        return (
            (1 - m) * value + m * square / 2,
            (1 - m) * gradient + m * x,
            error_value + 8 * UNIT * (xp.abs(value) + self.dimension * square),
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
        no_threshold = namespace(x).full_like(self.base.parameters, np.inf)
        wide = RidgeSum(self.base.directions, self.base.weights, no_threshold, "huber")
        first, second = self.base.evaluate(x), wide.evaluate(x)
        c = self.share
        parts = [c * a + (1 - c) * b for a, b in zip(first, second, strict=True)]
        return parts[0], parts[1], 2 * parts[2], 2 * parts[3]
