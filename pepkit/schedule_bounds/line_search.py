"""The search for functions of one variable that are bad for all steps in a box, in floats.

The functions have f'(0) = 1, start at 0 and have at most three kinks; between them f' has slopes 1 and mu, and constant
parts. Kinks are put where the iterates of the box end, and on grids that are refined.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.kernel import InitialCondition, Measure
from pepkit.kernel.schedule_cover import ScheduleBound

__all__ = ["FAR", "Box", "LineFunctions", "LineSearch"]

Array = NDArray[np.float64]
Box = tuple[tuple[float, float], ...]

FAR = 1e5
"""Stands for infinity in the search."""
MARGIN = 1e-7
"""Relative distance that the search keeps from the bound, for roundings."""


@dataclass(frozen=True)
class LineFunctions:
    """C functions with f'(0) = 1: kinks 0 >= -t_1 >= -t_2, slopes of f' right of 0 and in the three parts left of it.

    `kinks` has shape (C, 2), `slopes` (C, 4); `nodes`, `gradients`, `values` (C, 3) belong to 0, -t_1, -t_2, and
    `zeros` (C, 4) are the zeros of f' of each part (NaN where there is none).
    """

    kinks: Array
    slopes: Array
    nodes: Array
    gradients: Array
    values: Array
    zeros: Array
    least: Array
    minimiser: Array

    @classmethod
    def build(cls, kinks: Array, slopes: Array) -> LineFunctions:
        """The functions that are bounded below."""
        kept = (kinks[:, 0] >= 0) & (kinks[:, 1] >= kinks[:, 0])
        kinks, slopes = kinks[kept], slopes[kept]
        nodes = np.concatenate([np.zeros((len(kinks), 1)), -kinks], axis=1)
        gradients, values = np.ones_like(nodes), np.zeros_like(nodes)
        for k in (1, 2):
            width = nodes[:, k - 1] - nodes[:, k]
            gradients[:, k] = gradients[:, k - 1] - slopes[:, k] * width
            values[:, k] = values[:, k - 1] - width * (gradients[:, k - 1] + gradients[:, k]) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            near = nodes[:, [0, 0, 1, 2]]
            zeros = near - gradients[:, [0, 0, 1, 2]] / slopes
        left = np.concatenate([nodes, np.full((len(nodes), 1), -np.inf)], axis=1)
        right = np.concatenate([np.full((len(nodes), 1), np.inf), nodes], axis=1)
        zeros = np.where(np.isfinite(zeros) & (zeros <= right) & (zeros >= left), zeros, np.nan)
        draft = cls(kinks, slopes, nodes, gradients, values, zeros, nodes[:, 0], nodes[:, 0])
        points = np.concatenate([zeros, nodes], axis=1)
        heights = np.where(np.isnan(points), np.inf, draft.value(np.nan_to_num(points)))
        best = heights.argmin(axis=1)
        least = np.take_along_axis(heights, best[:, None], 1)[:, 0]
        minimiser = np.take_along_axis(points, best[:, None], 1)[:, 0]
        ends = (slopes[:, 3] > 0) | ((slopes[:, 3] == 0) & (gradients[:, 2] < 0))
        bounded = (slopes[:, 0] >= 0) & ends & (least < -1e-6) & (least > -1e3)
        return cls(kinks, slopes, nodes, gradients, values, zeros, least, minimiser).take(bounded)

    def take(self, chosen: Any) -> LineFunctions:
        """Some of the functions."""
        return LineFunctions(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.kinks)

    def _parts(self, x: Array) -> tuple[Array, Array, Array, Array]:
        """Slope, node, gradient and value of the part of every x, shape (C, K)."""
        part = (x[:, :, None] <= self.nodes[:, None, :]).sum(axis=2)
        near = np.maximum(part - 1, 0)

        def pick(table: Array, index: Any) -> Array:
            return np.take_along_axis(table, index, axis=1)

        return pick(self.slopes, part), pick(self.nodes, near), pick(self.gradients, near), pick(self.values, near)

    def gradient(self, x: Array) -> Array:
        """f'(x) for x of shape (C, K)."""
        slope, node, gradient, _ = self._parts(x)
        return gradient + slope * (x - node)

    def value(self, x: Array) -> Array:
        """f(x) - f(0)."""
        slope, node, gradient, value = self._parts(x)
        away = x - node
        return value + away * (gradient + slope * away / 2)

    def hulls(self, box: Box) -> list[tuple[Array, Array]]:
        """Intervals (C, 1) that contain x_0, ..., x_N for all steps in the box."""
        low = high = np.zeros((len(self), 1))
        found = [(low, high)]
        for shortest, longest in box:
            x = np.concatenate([low, high, np.clip(self.nodes, low, high)], axis=1)
            gradient = self.gradient(x)
            ends = np.concatenate([x - shortest * gradient, x - longest * gradient], axis=1)
            low, high = ends.min(axis=1, keepdims=True), ends.max(axis=1, keepdims=True)
            found.append((low, high))
        return found

    def _squares(self, low: Array, high: Array) -> Array:
        x = np.concatenate([low, high, np.clip(self.nodes, low, high)], axis=1)
        return _least_square(self.gradient(x))

    def ratios(self, box: Box, measure: Measure, initial: InitialCondition) -> Array:
        """Lower bounds of the measure over the initial condition, shape (C, rows)."""
        hulls = self.hulls(box)
        low, high = hulls[-1]
        if measure is Measure.SMALLEST_GRADIENT_NORM:
            rows = np.stack([self._squares(*hull) for hull in hulls], axis=1)
        elif measure is Measure.GRADIENT_NORM:
            rows = self._squares(low, high)[:, None]
        elif measure is Measure.DISTANCE:
            away = np.concatenate([low, high], axis=1) - self.minimiser[:, None]
            rows = _least_square(away)[:, None]
        else:
            points = np.where(np.isnan(self.zeros), low, self.zeros)
            x = np.clip(np.concatenate([low, high, self.nodes, points], axis=1), low, high)
            rows = (self.value(x).min(axis=1) - self.least)[:, None]
        start = {
            InitialCondition.FUNCTION_VALUE: -self.least,
            InitialCondition.DISTANCE: self.minimiser**2,
            InitialCondition.GRADIENT_NORM: np.ones(len(self)),
        }[initial]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(start[:, None] > 1e-9, rows / start[:, None], 0.0)


def _least_square(x: Array) -> Array:
    low, high = x.min(axis=1), x.max(axis=1)
    return np.where((low <= 0) & (high >= 0), 0.0, np.minimum(low * low, high * high))


def joined(*parts: LineFunctions) -> LineFunctions:
    return LineFunctions(*(np.concatenate([getattr(p, n) for p in parts]) for n in LineFunctions.__dataclass_fields__))


def _mixture(ratios: Array, enough: float) -> tuple[float, NDArray[np.intp], Array]:
    """The value of the best mixture (or of one that is enough), the functions in it and their weights.

    max t with sum_k weights_k ratios_ki >= t for every row i and sum weights = 1, by the simplex method: a handful of
    rows, and all functions are priced at once.
    """
    least = ratios.min(axis=1)
    best = int(least.argmax())
    count, rows = ratios.shape
    if least[best] >= enough or rows == 1:
        return float(least[best]), np.array([best]), np.ones(1)
    # columns: the functions, a slack for every row, t
    table = np.zeros((rows + 1, count + rows + 1))
    table[:rows, :count] = ratios.T
    table[rows, :count] = 1.0
    table[:rows, count : count + rows] = -np.eye(rows)
    table[:rows, -1] = -1.0
    lowest = int(ratios[best].argmin())
    basis = [best, *(count + i for i in range(rows) if i != lowest), count + rows]
    right = np.append(np.zeros(rows), 1.0)
    for _ in range(100):
        chosen = table[:, basis]
        try:
            values = np.linalg.solve(chosen, right)
            prices = np.linalg.solve(chosen.T, np.append(np.zeros(rows), 1.0))
        except np.linalg.LinAlgError:
            break
        costs = -(prices @ table[:, :-1])
        entering = int(costs.argmax())
        if values[-1] >= enough or costs[entering] < 1e-10 or entering in basis:
            break
        direction = np.linalg.solve(chosen, table[:, entering])[:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths = np.where(direction > 1e-11, np.maximum(values[:-1], 0.0) / direction, np.inf)
        leaving = int(lengths.argmin())
        if not np.isfinite(lengths[leaving]):
            break
        basis[leaving] = entering
    used = [(k, value) for k, value in zip(basis, values, strict=True) if k < count and value > 1e-9]
    weights = np.array([value for _, value in used])
    mixed = weights @ ratios[[k for k, _ in used]] / weights.sum()
    return float(mixed.min()), np.array([k for k, _ in used]), weights / weights.sum()


class LineSearch:
    """The functions among which mixtures are looked for, and the ways to refine them."""

    def __init__(self, claim: ScheduleBound) -> None:
        self.claim = claim
        mu = float(int(claim.mu.p) / int(claim.mu.q))
        self.enough = float(int(claim.bound.p) / int(claim.bound.q)) * (1 + MARGIN)
        flat = max(mu, 0.0)
        # right of 0, and in the three parts left of it: long parts of nearly constant gradient on either side, or both
        self.patterns = np.array(
            [[1.0, 1.0, mu, 1.0], [flat, 1.0, mu, 1.0], [1.0, mu, 1.0, flat], [flat, mu, 1.0, flat]]
        )
        grid = np.append(np.linspace(0, 6, 49), np.geomspace(6.5, 40, 12))
        self.spacing = float(grid[1])
        first, second = np.meshgrid(grid, grid, indexing="ij")
        kinks = np.stack([first[first <= second], second[first <= second]], axis=1)
        on_axis = np.stack([np.zeros_like(grid), grid], axis=1)
        ends = [end for end in (0.25, 0.5, 0.75, 1.0) if end >= mu]
        bent = [(k, [right, 1.0, 1.0, left]) for k in (0.5, 1.0, 2.0) for left in ends for right in (flat, *ends)]
        self.grid = joined(
            self._functions(kinks, 0),
            self._functions(on_axis, 1),
            self._functions(kinks[::3], 2),
            self._functions(kinks[::3], 3),
            *(LineFunctions.build(np.array([[k, k]]), np.array([slopes])) for k, slopes in bent),
        )
        self.base = self._functions(np.array([[0.0, 0.0], [0.0, 30.0]]), 0)

    def _functions(self, kinks: Array, pattern: int) -> LineFunctions:
        return LineFunctions.build(kinks, np.tile(self.patterns[pattern], (len(kinks), 1)))

    def _evaluate(self, functions: LineFunctions, box: Box) -> tuple[float, LineFunctions, Array]:
        value, chosen, weights = _mixture(functions.ratios(box, self.claim.measure, self.claim.initial), self.enough)
        return value, functions.take(chosen), weights

    def _on_the_way(self, functions: LineFunctions, box: Box) -> LineFunctions:
        """Functions with kinks where the iterates of given functions can be."""
        ends = -np.concatenate([end.ravel() for hull in functions.hulls(box) for end in hull])
        if self.claim.initial is InitialCondition.DISTANCE:
            # the kink of the Huber function whose f(x_N) - f_* is largest relative to |x_0 - x_*|^2
            ends = np.concatenate([ends, 2 * ends])
        ends = np.unique(np.append(np.round(ends[(ends > 0) & (ends < 60)], 12), 0.0))
        if len(ends) > 48:
            ends = ends[np.linspace(0, len(ends) - 1, 48).astype(int)]
        first, second = np.meshgrid(ends, ends, indexing="ij")
        pairs = np.stack([first[first < second], second[first < second]], axis=1)
        on_axis = pairs[pairs[:, 0] == 0]
        return joined(*(self._functions(p, k) for k, p in enumerate((pairs, on_axis, pairs, pairs))))

    def mixture(self, box: Box, inherited: LineFunctions | None) -> tuple[float, LineFunctions, Array]:
        """The best mixture that was found for a box, its functions and weights (for initial condition 1 each)."""
        start = self.base
        if inherited is not None and len(inherited):
            found = self._evaluate(inherited, box)
            if found[0] >= self.enough:
                return found
            start = joined(inherited, self.base)
        best = self._evaluate(start, box)
        for _ in range(4):
            found = self._evaluate(joined(start, best[1], self._on_the_way(joined(start, best[1]), box)), box)
            if found[0] <= best[0] + 1e-9:
                break
            best = found
            if best[0] >= self.enough:
                return best
        found = self._evaluate(self.grid, box)
        coarse = found[1]
        best = max(best, found, key=lambda entry: entry[0])
        width = self.spacing
        offsets = np.array(list(product(np.linspace(-1, 1, 9), repeat=2)))
        for _ in range(5):
            if best[0] >= self.enough:
                break
            middle = joined(best[1], coarse)
            near = (middle.kinks[:, None] + width * offsets).reshape(-1, 2)
            moved = LineFunctions.build(near, np.repeat(middle.slopes, len(offsets), axis=0))
            found = self._evaluate(joined(moved, middle, self._on_the_way(middle, box)), box)
            best = max(best, found, key=lambda entry: entry[0])
            width /= 4
        return best
