"""Exact functions on the line, to run methods on: what a claim says must hold for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from flint import fmpq

from pepkit.kernel import Witness


@dataclass(frozen=True)
class PiecewiseQuadratic:
    """f with f(0) = 0, f'(0) = `slope` and f'' = curvatures[k] between breaks[k-1] and breaks[k] (outermost: to infinity).

    f lies in F_{mu,1} exactly when mu <= f'' <= 1 everywhere.
    """

    breaks: tuple[Fraction, ...]
    curvatures: tuple[Fraction, ...]
    slope: Fraction

    def pieces(self) -> list[tuple[Fraction | None, Fraction | None, Fraction]]:
        ends: list[Fraction | None] = [None, *self.breaks, None]
        return [(a, b, c) for (a, b), c in zip(pairwise(ends), self.curvatures, strict=True)]

    def derivative(self, x: Fraction) -> Fraction:
        """f'(x) = slope + integral of f'' from 0 to x."""
        low, high = min(x, Fraction(0)), max(x, Fraction(0))
        total = Fraction(0)
        for a, b, c in self.pieces():
            left = low if a is None else max(a, low)
            right = high if b is None else min(b, high)
            if right > left:
                total += c * (right - left)
        return self.slope + (total if x > 0 else -total)

    def value(self, x: Fraction) -> Fraction:
        """f' is piecewise linear, so the trapezoidal rule between breaks is exact."""
        points = sorted({Fraction(0), x, *(b for b in self.breaks if min(x, 0) < b < max(x, 0))})
        total = sum(((b - a) * (self.derivative(a) + self.derivative(b)) / 2 for a, b in pairwise(points)), Fraction(0))
        return total if x > 0 else -total

    def minimiser(self) -> Fraction | None:
        """A global minimiser, or None if there is none."""
        # to the left f must not decrease without bound, nor to the right
        outer_left, outer_right = self.curvatures[0], self.curvatures[-1]
        first, last = (self.breaks[0], self.breaks[-1]) if self.breaks else (Fraction(0), Fraction(0))
        if outer_left < 0 or outer_right < 0:
            return None
        if (outer_left == 0 and self.derivative(first) > 0) or (outer_right == 0 and self.derivative(last) < 0):
            return None
        candidates = [*self.breaks, Fraction(0)]
        for a, b, c in self.pieces():
            if c:
                anchor = a if a is not None else b if b is not None else Fraction(0)
                zero = anchor - self.derivative(anchor) / c
                if (a is None or zero >= a) and (b is None or zero <= b):
                    candidates.append(zero)
        return min(candidates, key=self.value)


def run(function: PiecewiseQuadratic, matrix: Sequence[Sequence[Fraction]], start: Fraction) -> list[Fraction]:
    """The iterates x_i = x_0 - sum over k < i of matrix[i-1][k] f'(x_k)."""
    points = [start]
    for row in matrix:
        points.append(start - sum((h * function.derivative(x) for h, x in zip(row, points, strict=True)), Fraction(0)))
    return points


def exact(value: Fraction) -> fmpq:
    """The same number for the kernel."""
    return fmpq(value.numerator, value.denominator)


def witness_of(
    function: PiecewiseQuadratic, points: Sequence[Fraction], minimiser: Fraction, with_distance: bool, smallest: bool
) -> Witness:
    """The run in the vectors and scalars of a claim."""
    gradients = [function.derivative(x) for x in points]
    rows: list[tuple[Any, ...]] = [(exact(points[0] - minimiser),)] if with_distance else []
    rows += [(exact(g),) for g in gradients]
    scalars = [exact(function.value(x) - function.value(minimiser)) for x in points]
    if smallest:
        scalars.append(exact(min(g * g for g in gradients)))
    return Witness(tuple(rows), tuple(scalars))
