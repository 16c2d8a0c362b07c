"""Two problems on which step sizes are compared: a quadratic with a given spectrum, logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Problem", "chebyshev_steps", "descend", "logistic_regression", "momentum", "quadratic"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """f on R^d with L = 1 and the given mu; `gap(x)` is f(x) - f_*, exact to rounding.

    `distance` is |x_0 - x_*|^2 for the start `start`.
    """

    name: str
    mu: float
    start: Array
    distance: float
    gap: Callable[[Array], float]
    gradient: Callable[[Array], Array]


def quadratic(mu: float, dimension: int, seed: int) -> Problem:
    """f(x) = sum c_i x_i^2/2 with c between mu and 1, uniform in the logarithm, both ends among them."""
    curvatures = np.geomspace(mu, 1.0, dimension)
    start = np.random.default_rng(seed).standard_normal(dimension)
    start /= np.linalg.norm(start)
    return Problem(
        "quadratic", mu, start, 1.0, lambda x: float(np.sum(curvatures * x * x) / 2), lambda x: curvatures * x
    )


def logistic_regression(features: Array, labels: Array, mu: float) -> Problem:
    """Regularised logistic regression, scaled to L = 1 and the given mu/L; the start is 0.

    f(w) = c (mean log(1 + exp(-y <x, w>)) + r |w|^2/2) with c and r such that L = 1 and r c = mu. The minimiser is
    found by Newton's method to rounding.
    """
    count, dimension = features.shape
    top = float(np.linalg.eigvalsh(features.T @ features / (4 * count))[-1])
    ridge = mu * top / (1 - mu)
    scale = 1 / (top + ridge)

    def value(w: Array) -> float:
        return float(scale * (np.mean(np.logaddexp(0, -labels * (features @ w))) + ridge * (w @ w) / 2))

    def gradient(w: Array) -> Array:
        margin = labels * (features @ w)
        pull = -labels * 0.5 * (1 - np.tanh(margin / 2))
        return scale * (features.T @ pull / count + ridge * w)

    best = np.zeros(dimension)
    for _ in range(60):
        margin = features @ best
        weight = 0.25 / np.cosh(margin / 2) ** 2
        hessian = scale * ((features.T * weight) @ features / count + ridge * np.eye(dimension))
        best = best - np.linalg.solve(hessian, gradient(best))
    least = value(best)
    start = np.zeros(dimension)
    return Problem("logistic regression", mu, start, float(best @ best), lambda w: value(w) - least, gradient)


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
    """(f(x_i) - f_*)/(|x_0 - x_*|^2/2) for i = 0..N of gradient descent."""
    x = problem.start
    gaps = [problem.gap(x)]
    for step in steps:
        x = x - step * problem.gradient(x)
        gaps.append(problem.gap(x))
    return np.array(gaps) / (problem.distance / 2)


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
