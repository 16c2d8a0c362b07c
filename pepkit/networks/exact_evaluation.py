"""Exact values at many points at once: integers over common denominators.

A fraction for every intermediate number would be reduced again and again. Here all numbers of a layer share one
denominator, so a layer is one product of integer matrices and a comparison of integers with zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import lcm
from typing import Any

import numpy as np
from flint import fmpq, fmpz, fmpz_mat

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import Box, Network

__all__ = ["BatchEvaluator", "GridPoints", "grid_points"]


@dataclass(frozen=True)
class GridPoints:
    """Points with a common denominator: column j is the point numerators[:, j] / denominator."""

    numerators: Any
    denominator: int

    @property
    def count(self) -> int:
        """Number of points."""
        return int(self.numerators.ncols())

    def point(self, j: int) -> tuple[fmpq, ...]:
        """One point as rationals."""
        return tuple(fmpq(self.numerators[i, j], self.denominator) for i in range(self.numerators.nrows()))


def grid_points(box: Box, positions: np.ndarray, bits: int = 20) -> GridPoints:
    """The points low + k/2^bits (high - low) nearest to relative positions in [0, 1], exactly in the box.

    Parameters
    ----------
    positions
        Shape (points, n); 0 and 1 are the faces of the box themselves.
    """
    if positions.ndim != 2 or positions.shape[1] != len(box.lower):
        raise ClaimError(f"the box has {len(box.lower)} coordinates, the positions have shape {positions.shape}")
    steps = np.rint(np.clip(positions, 0.0, 1.0) * (1 << bits)).astype(np.int64)
    common = _common([*box.lower, *box.upper])
    rows = []
    for i, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
        base, width = int((low * common).p) << bits, int(((high - low) * common).p)
        rows += [base + width * k for k in steps[:, i].tolist()]
    return GridPoints(fmpz_mat(len(box.lower), len(positions), rows), common << bits)


class BatchEvaluator:
    """Exact values of a network at many points."""

    def __init__(self, network: Network) -> None:
        self._layers = []
        for layer in network.layers:
            common = _common([a for row in layer.weights for a in row] + list(layer.bias))
            matrix = fmpz_mat(layer.outputs, layer.inputs, [int((a * common).p) for row in layer.weights for a in row])
            bias = [int((b * common).p) for b in layer.bias]
            slopes = None
            if layer.slopes is not None:
                shared = _common(list(layer.slopes))
                slopes = [int((s * shared).p) for s in layer.slopes], shared
            self._layers.append((matrix, bias, common, slopes))

    def __call__(self, points: GridPoints) -> GridPoints:
        """The values: column j is f(point j)."""
        current, denominator = points.numerators, points.denominator
        count = points.count
        for matrix, bias, common, slopes in self._layers:
            offsets = fmpz_mat(len(bias), 1, [b * denominator for b in bias]) * fmpz_mat(1, count, [1] * count)
            current = matrix * current + offsets
            denominator *= common
            if slopes is not None:
                parts, shared = slopes
                entries = current.entries()
                if not any(parts):
                    zero = fmpz(0)
                    entries = [a if a > 0 else zero for a in entries]
                else:
                    entries = [a * shared if a > 0 else a * parts[j // count] for j, a in enumerate(entries)]
                    denominator *= shared
                current = fmpz_mat(len(bias), count, entries)
        return GridPoints(current, denominator)

    def forms(self, points: GridPoints, objective: Sequence[Any]) -> list[fmpq]:
        """objective . f at every point."""
        values = self(points)
        common = _common(list(objective))
        row = fmpz_mat(1, len(objective), [int((c * common).p) for c in objective])
        below = common * values.denominator
        return [fmpq(a, below) for a in (row * values.numerators).entries()]

    def largest(self, points: GridPoints, objective: Sequence[Any]) -> tuple[fmpq, int]:
        """The largest value of objective . f and the number of its point."""
        values = self(points)
        common = _common(list(objective))
        row = fmpz_mat(1, len(objective), [int((c * common).p) for c in objective])
        entries = (row * values.numerators).entries()
        best = max(range(len(entries)), key=entries.__getitem__)
        return fmpq(entries[best], common * values.denominator), best


def _common(values: Sequence[Any]) -> int:
    return reduce(lcm, {int(value.q) for value in values}, 1)
