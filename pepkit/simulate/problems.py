"""Two problems on which step sizes are compared: a quadratic with a given spectrum, logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.namespaces import namespace

__all__ = [
    "LogisticRegression",
    "Problem",
    "Quadratic",
    "chebyshev_steps",
    "descend",
    "logistic_regression",
    "momentum",
    "quadratic",
]

Array = NDArray[np.float64]


class Problem(Protocol):
    """f on R^d with L = 1 and the given mu. Points have shape (..., d); the formulas run on NumPy and JAX.

    `distance` is |x_0 - x_*|^2 for the start `start`.
    """

    @property
    def name(self) -> str:
        """What it is, in words."""

    @property
    def mu(self) -> float:
        """mu/L."""

    @property
    def start(self) -> Array:
        """x_0, shape (d,)."""

    @property
    def distance(self) -> float:
        """|x_0 - x_*|^2."""

    def gap(self, x: Array) -> Array:
        """f(x) - f_*, exact to rounding, shape (...)."""

    def gradient(self, x: Array) -> Array:
        """Shape (..., d)."""


@dataclass(frozen=True)
class Quadratic:
    """f(x) = sum c_i x_i^2/2; its minimiser is 0."""

    name = "quadratic"
    curvatures: Array
    mu: float
    start: Array
    distance: float

    def gap(self, x: Array) -> Array:
        gap: Array = namespace(x).sum(self.curvatures * x * x, axis=-1) / 2
        return gap

    def gradient(self, x: Array) -> Array:
        return self.curvatures * x


@dataclass(frozen=True)
class LogisticRegression:
    """f(w) = scale (mean log(1 + exp(-y <x, w>)) + ridge |w|^2/2), with least value `least`."""

    name = "logistic regression"
    features: Array
    labels: Array
    scale: float
    ridge: float
    least: float
    mu: float
    start: Array
    distance: float

    def value(self, x: Array) -> Array:
        """f(x), shape (...)."""
        xp = namespace(x)
        losses = xp.mean(xp.logaddexp(0, -self.labels * (x @ self.features.T)), axis=-1)
        value: Array = self.scale * (losses + self.ridge * xp.sum(x * x, axis=-1) / 2)
        return value

    def gap(self, x: Array) -> Array:
        return self.value(x) - self.least

    def gradient(self, x: Array) -> Array:
        margin = self.labels * (x @ self.features.T)
        pull = -self.labels * 0.5 * (1 - namespace(x).tanh(margin / 2))
        gradient: Array = self.scale * (pull @ self.features / len(self.labels) + self.ridge * x)
        return gradient


def quadratic(mu: float, dimension: int, seed: int) -> Quadratic:
    """f(x) = sum c_i x_i^2/2 with c between mu and 1, uniform in the logarithm, both ends among them."""
    curvatures = np.geomspace(mu, 1.0, dimension)
    start = np.random.default_rng(seed).standard_normal(dimension)
    start /= np.linalg.norm(start)
    return Quadratic(curvatures, mu, start, 1.0)


def logistic_regression(features: Array, labels: Array, mu: float) -> LogisticRegression:
    """Regularised logistic regression, scaled to L = 1 and the given mu/L; the start is 0.

    f(w) = c (mean log(1 + exp(-y <x, w>)) + r |w|^2/2) with c and r such that L = 1 and r c = mu. The minimiser is
    found by Newton's method to rounding.
    """
    count, dimension = features.shape
    top = float(np.linalg.eigvalsh(features.T @ features / (4 * count))[-1])
    ridge = mu * top / (1 - mu)
    scale = 1 / (top + ridge)
    start = np.zeros(dimension)
    problem = LogisticRegression(features, labels, scale, ridge, 0.0, mu, start, 0.0)
    best = start
    for _ in range(60):
        margin = features @ best
        weight = 0.25 / np.cosh(margin / 2) ** 2
        hessian = scale * ((features.T * weight) @ features / count + ridge * np.eye(dimension))
        best = best - np.linalg.solve(hessian, problem.gradient(best))
    return replace(problem, least=float(problem.value(best)), distance=float(best @ best))


def chebyshev_steps(count: int, mu: float) -> Array:
    """Steps 1/((1 + m)/2 + (1 - m)/2 cos) at the Chebyshev nodes, in an order that keeps partial products small.

    For counts 2^k the order is that of Lebedev and Finogenov (1971), which doubles a permutation; other counts take the
    nodes of it that exist.
    """
    order = [0]
    while len(order) < count:
        size = 2 * len(order)
        order = [place for k in order for place in (k, size - 1 - k)]
    order = [k for k in order if k < count]
    nodes = np.cos((2 * np.array(order) + 1) * np.pi / (2 * count))
    return np.asarray(1 / ((1 + mu) / 2 + (1 - mu) / 2 * nodes))


def descend(problem: Problem, steps: Sequence[float] | Array) -> Array:
    """(f(x_i) - f_*)/(|x_0 - x_*|^2/2) for i = 0..N of gradient descent, shape (..., N + 1) for steps (..., N)."""
    lengths = np.asarray(steps, dtype=np.float64)
    x = np.broadcast_to(problem.start, (*lengths.shape[:-1], len(problem.start)))
    gaps = [problem.gap(x)]
    for i in range(lengths.shape[-1]):
        x = x - lengths[..., i, None] * problem.gradient(x)
        gaps.append(problem.gap(x))
    return np.stack(gaps, axis=-1) / (problem.distance / 2)


def momentum(problem: Problem, count: int, strongly_convex: bool) -> Array:
    """The same for Nesterov's method: theta_k for convex f, constant momentum for strongly convex f."""
    x = y = problem.start
    theta = 1.0
    gaps = [problem.gap(x)]
    root = np.sqrt(problem.mu)
    for _ in range(count):
        new = y - problem.gradient(y)
        if strongly_convex:
            factor = (1 - root) / (1 + root)
        else:
            following = (1 + np.sqrt(1 + 4 * theta * theta)) / 2
            factor, theta = (theta - 1) / following, following
        y = new + factor * (new - x)
        x = new
        gaps.append(problem.gap(x))
    return np.array(gaps) / (problem.distance / 2)
