"""Batches of random functions of F_{mu,1}, with a minimiser at 0, value 0 there, and bounds of their rounding errors.

A batch holds B functions on R^d. `evaluate(x)` takes x of shape (B, d) and returns values (B,), gradients (B, d) and
the bounds (B,) of the absolute errors of both in float64; `prepared()` is the same function of x with all that does not
depend on x computed beforehand, for many points. The bounds are u = 2^-53 times the number of operations on the longest
path times the sum of the absolute values of the terms (Higham 2002, section 3), doubled for the terms of second order.

The formulas are written for NumPy and JAX alike (`pepkit.simulate.namespaces`). The bounds are valid for sums in any
order and with fused multiply-adds, which round once where the model rounds twice. Two things are left to a compiler or
a library, and the constants have room for them: quotients made as products with a reciprocal, and elementary functions
(exp, log, log1p, tanh, sin), which may be off by `ELEMENTARY` u relative to their value. For libraries that is
measured, not proved.

Families: diagonal quadratics with given spectra; sums of one-dimensional functions along random directions (Huber,
logistic with soft labels, 1 - cos); log-sum-exp; Moreau envelopes of maxima of affine functions
(`pepkit.simulate.moreau`), which are the least interpolants of their own data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.namespaces import namespace

__all__ = [
    "CosineMixture",
    "Evaluator",
    "FunctionBatch",
    "LogSumExp",
    "Quadratic",
    "RidgeSum",
    "WithCurvature",
    "lengths",
    "members",
]

Array = NDArray[np.float64]
UNIT = 2.0**-53
ELEMENTARY = 16
"""Relative error of an elementary function, in units of u (eight units in the last place), that the bounds allow."""
Evaluation = tuple[Array, Array, Array, Array]
Evaluator = Callable[[Array], Evaluation]


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

    def prepared(self) -> Evaluator:
        """`evaluate` for many points: what does not depend on them is computed once."""


def lengths(a: Array) -> Array:
    """Norms along the last axis."""
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
        return value, gradient, 2 * (self.dimension + 3) * UNIT * value, 2 * UNIT * lengths(gradient)

    def prepared(self) -> Evaluator:
        return self.evaluate


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
        size = lengths(x)[:, None]
        # t carries (d + 2) u |x|; phi' has slope at most 1, phi has slope |phi'|
        error_gradient = operations * xp.sum(w * (size + terms), axis=1)
        error_value = operations * xp.sum(w * (size * xp.abs(slope) + terms * (1 + xp.abs(t))), axis=1)
        return value, gradient, error_value, error_gradient

    def prepared(self) -> Evaluator:
        return self.evaluate


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
        return self.prepared()(x)

    def prepared(self) -> Evaluator:
        a, b = self.rows, self.offsets
        xp = namespace(a)
        spread = xp.max(xp.sum((a[:, :, None] - a[:, None, :]) ** 2, axis=3), axis=(1, 2)) / 4
        value_zero, weights_zero = _softmax(b)
        slope = xp.einsum("bk,bkd->bd", weights_zero, a)
        largest = xp.max(lengths(a), axis=1)
        highest = xp.max(xp.abs(b), axis=1)
        operations = 2 * (self.dimension + a.shape[1] + 12) * UNIT / spread

        def evaluate(x: Array) -> Evaluation:
            value, weights = _softmax(xp.einsum("bkd,bd->bk", a, x) + b)
            gradient = (xp.einsum("bk,bkd->bd", weights, a) - slope) / spread[:, None]
            linear = xp.sum(slope * x, axis=1)
            reach = largest * lengths(x) + highest
            return (
                (value - value_zero - linear) / spread,
                gradient,
                operations * (1 + xp.abs(value) + xp.abs(value_zero) + 2 * reach),
                operations * 4 * largest * (1 + reach),
            )

        return evaluate


def _softmax(t: Array) -> tuple[Array, Array]:
    xp = namespace(t)
    top = xp.max(t, axis=1, keepdims=True)
    powers = xp.exp(t - top)
    total = xp.sum(powers, axis=1, keepdims=True)
    return (top + xp.log(total))[:, 0], powers / total


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
        return self.prepared()(x)

    def prepared(self) -> Evaluator:
        m, dimension, base = self.mu, self.dimension, self.base.prepared()

        def evaluate(x: Array) -> Evaluation:
            xp = namespace(x)
            value, gradient, error_value, error_gradient = base(x)
            square = xp.sum(x * x, axis=1)
            return (
                (1 - m) * value + m * square / 2,
                (1 - m) * gradient + m * x,
                error_value + 8 * UNIT * (xp.abs(value) + dimension * square),
                error_gradient + 8 * UNIT * (lengths(gradient) + lengths(x)),
            )

        return evaluate


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

    def prepared(self) -> Evaluator:
        return self.evaluate


def members(batch: Any, places: NDArray[np.int64]) -> Any:
    """The functions at the given places of a batch, as a batch."""
    changed = {}
    for field in fields(batch):
        part = getattr(batch, field.name)
        if is_dataclass(part):
            changed[field.name] = members(part, places)
        elif isinstance(part, np.ndarray):
            changed[field.name] = part[places]
    return replace(batch, **changed)
