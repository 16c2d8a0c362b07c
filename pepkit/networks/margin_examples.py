"""Small data sets for margins, and exact margins of trained networks."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import ClaimError
from pepkit.networks.model import rational

__all__ = ["exact_normalised_margin", "random_points", "six_points"]


def six_points() -> tuple[list[tuple[fmpq, fmpq]], tuple[int, ...]]:
    """Six points near the unit circle with coordinates k/64, and labels + - + + - +."""
    angles = (0.2, 1.3, 2.2, 3.4, 4.3, 5.4)
    points = [(fmpq(round(64 * cos(t)), 64), fmpq(round(64 * sin(t)), 64)) for t in angles]
    return points, (1, -1, 1, 1, -1, 1)


def random_points(count: int, dimension: int = 2, seed: int = 0) -> tuple[list[tuple[fmpq, ...]], tuple[int, ...]]:
    """Gaussian points with coordinates k/64 and random labels, none of them zero, both labels present."""
    if count < 2 or dimension < 1:
        raise ClaimError("at least two points of positive dimension")
    generator = np.random.default_rng(seed)
    while True:
        values = np.round(64 * generator.standard_normal((count, dimension))).astype(int)
        labels = generator.choice((-1, 1), count)
        if values.any(axis=1).all() and len(set(labels.tolist())) == 2:
            return [tuple(fmpq(int(v), 64) for v in row) for row in values], tuple(int(label) for label in labels)


def exact_normalised_margin(
    amplitudes: Sequence[float],
    weights: Sequence[Sequence[float]],
    points: Sequence[Sequence[Any]],
    labels: Sequence[int],
) -> fmpq:
    """min_i y_i f(x_i) / |theta|^2 of the two-layer network, exactly: a float is the dyadic rational that it is."""
    a = [rational(float(value)) for value in amplitudes]
    w = [[rational(float(value)) for value in row] for row in weights]
    square = sum((x * x for x in a), fmpq(0)) + sum((x * x for row in w for x in row), fmpq(0))
    if not square:
        raise ClaimError("all parameters are zero")
    margins = []
    for point, label in zip(points, labels, strict=True):
        value = fmpq(0)
        for amplitude, row in zip(a, w, strict=True):
            product = sum((p * rational(q) for p, q in zip(row, point, strict=True)), fmpq(0))
            if product > 0:
                value += amplitude * product
        margins.append(label * value)
    return min(margins) / square
