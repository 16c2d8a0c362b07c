"""Gradient descent on random smooth functions of bounded negative curvature on the line.

f' is piecewise linear with slopes in [mu, 1] between random knots and slope 1 outside, so f is 1-smooth with curvature
at least mu, and its infimum is attained at a zero of f': it is computed exactly up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pepkit.kernel import ClaimError

__all__ = ["LineFunctions", "gradient_and_value", "random_line_functions", "ratio", "smallest_gradient_ratio"]


@dataclass(frozen=True)
class LineFunctions:
    """A batch of functions: knots (functions, k) in increasing order, f' and f there, and inf f (functions,)."""

    knots: np.ndarray
    gradients: np.ndarray
    values: np.ndarray
    infimum: np.ndarray

    def gradient_and_value(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f'(x) and f(x) for one x per function."""
        return gradient_and_value(np, (self.knots, self.gradients, self.values), x)


def gradient_and_value(xp: Any, tables: Any, x: Any) -> tuple[Any, Any]:
    """f'(x) and f(x) for one x per function, computed by the namespace `xp` from the knots and from f' and f there."""
    knots, gradients, values = tables
    left = xp.clip((knots <= x[:, None]).sum(axis=1) - 1, 0, knots.shape[1] - 1)
    right = xp.minimum(left + 1, knots.shape[1] - 1)

    def at(table: Any, places: Any) -> Any:
        return xp.take_along_axis(table, places[:, None], axis=1)[:, 0]

    start, g, f = at(knots, left), at(gradients, left), at(values, left)
    width = at(knots, right) - start
    slope = xp.where(width > 0, (at(gradients, right) - g) / xp.where(width > 0, width, 1.0), 1.0)
    slope = xp.where(x < knots[:, 0], 1.0, slope)
    distance = x - start
    return g + slope * distance, f + g * distance + slope * distance**2 / 2


def ratio(xp: Any, smallest: Any, initial: Any) -> Any:
    """`smallest` over `initial`; nan where the latter is zero up to rounding."""
    return xp.where(initial > 1e-12, smallest / initial, xp.nan)


def random_line_functions(count: int, mu: float, knots: int = 6, seed: int = 0) -> LineFunctions:
    """Slopes at the ends of [mu, 1] or between them, gaps of random scale. Raises ClaimError unless -1 <= mu < 1."""
    if not -1 <= mu < 1 or knots < 2:
        raise ClaimError("the curvature lies in [mu, 1] with -1 <= mu < 1, and there are at least two knots")
    generator = np.random.default_rng(seed)
    gaps = np.exp(generator.normal(0, 1.0, (count, knots - 1)))
    slopes = np.where(
        generator.random((count, knots - 1)) < 0.7,
        np.where(generator.random((count, knots - 1)) < 0.5, mu, 1.0),
        generator.uniform(mu, 1, (count, knots - 1)),
    )
    places = np.concatenate([np.zeros((count, 1)), np.cumsum(gaps, axis=1)], axis=1)
    rise = np.concatenate([np.zeros((count, 1)), np.cumsum(slopes * gaps, axis=1)], axis=1)
    gradients = rise + generator.normal(-0.3, 1.0, (count, 1))
    between = (gradients[:, :-1] + gradients[:, 1:]) / 2 * gaps
    values = np.concatenate([np.zeros((count, 1)), np.cumsum(between, axis=1)], axis=1)
    # slope 1 outside, so f - f(knot) = g^2/2 less at the vertex of the outer parabolas where they contain it
    candidates = [values]
    first, last = gradients[:, 0], gradients[:, -1]
    candidates.append((values[:, 0] - np.maximum(first, 0) ** 2 / 2)[:, None])
    candidates.append((values[:, -1] - np.minimum(last, 0) ** 2 / 2)[:, None])
    inner = np.where(
        (gradients[:, :-1] < 0) & (gradients[:, 1:] > 0),
        values[:, :-1] - gradients[:, :-1] ** 2 / (2 * np.where(slopes > 0, slopes, 1.0)),
        np.inf,
    )
    candidates.append(inner)
    return LineFunctions(places, gradients, values, np.concatenate(candidates, axis=1).min(axis=1))


def smallest_gradient_ratio(functions: LineFunctions, steps: Sequence[float], start: np.ndarray) -> np.ndarray:
    """min_i f'(x_i)^2 / (f(x_0) - inf f) for every function; nan where the start is a minimiser."""
    x = np.asarray(start, dtype=float)
    gradient, value = functions.gradient_and_value(x)
    initial = value - functions.infimum
    smallest = gradient**2
    for h in steps:
        x = x - h * gradient
        gradient, _ = functions.gradient_and_value(x)
        smallest = np.minimum(smallest, gradient**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ratio(np, smallest, initial))
