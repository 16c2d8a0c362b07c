"""Functions of one variable with a piecewise linear derivative, and gradient descent on them for all steps in a box.

f' is continuous and piecewise linear with slopes in [mu, 1], f is bounded below, x_0 = 0. If x_i lies in an interval,
x_(i+1) lies in the range of x - h f'(x) over it and over the interval of the step h. That function is affine in h and,
between kinks of f', in x, so that its range follows from corners, and from directions where a side is infinite. Ranges
of f', f - min f and x - x_* over an interval come from its ends and from kinks and zeros of f' inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from flint import fmpq

from pepkit.kernel.claims import InitialCondition, Measure
from pepkit.kernel.errors import CertificateError, FormatError
from pepkit.kernel.numbers import RATIONALS

__all__ = ["Interval", "LineFunction", "line_bounds"]

MAX_KINKS = 200

Interval = tuple[Any, Any]
"""Lower and upper end, a rational or None: no bound."""


class LineFunction:
    """f on the line with f' piecewise linear; f(0) is the value at the start x_0 = 0.

    Parameters
    ----------
    mu
        The lower bound of the slopes of f'; the upper one is 1.
    points
        Kinks of f', strictly increasing.
    gradients
        f' there.
    ends
        Slopes of f' left of the first and right of the last kink.

    Raises
    ------
    FormatError
        If the numbers do not fit together.
    CertificateError
        If a slope is outside [mu, 1] or f is not bounded below.
    """

    def __init__(self, mu: Any, points: Sequence[Any], gradients: Sequence[Any], ends: Sequence[Any]) -> None:
        self.points = tuple(RATIONALS.coerce(a) for a in points)
        self.gradients = tuple(RATIONALS.coerce(a) for a in gradients)
        self.ends = tuple(RATIONALS.coerce(a) for a in ends)
        if not 1 <= len(self.points) <= MAX_KINKS or len(self.gradients) != len(self.points) or len(self.ends) != 2:
            raise FormatError(f"a line function has 1 to {MAX_KINKS} points, as many gradients, and two ends")
        if any(a >= b for a, b in pairwise(self.points)):
            raise FormatError("the points of a line function increase")
        slopes = [
            (w - v) / (q - p) for (p, q), (v, w) in zip(pairwise(self.points), pairwise(self.gradients), strict=True)
        ]
        self._slopes = (self.ends[0], *slopes, self.ends[1])
        if any(not mu <= s <= 1 for s in self._slopes):
            raise CertificateError("a line function leaves the class: a slope of its gradient is outside [mu/L, 1]")
        first, last = self.gradients[0], self.gradients[-1]
        left = self.ends[0] > 0 or (self.ends[0] == 0 and first <= 0)
        right = self.ends[1] > 0 or (self.ends[1] == 0 and last >= 0)
        if not (left and right):
            raise CertificateError("a line function is not bounded below")
        values = [fmpq(0)]
        for (p, q), (v, w) in zip(pairwise(self.points), pairwise(self.gradients), strict=True):
            values.append(values[-1] + (q - p) * (v + w) / 2)
        self._values = tuple(values)

    def _piece(self, x: Any) -> int:
        """The number of kinks that are smaller than x."""
        return sum(p < x for p in self.points)

    def gradient(self, x: Any) -> Any:
        """f'(x)."""
        k = self._piece(x)
        near = max(k - 1, 0)
        return self.gradients[near] + self._slopes[k] * (x - self.points[near])

    def _value(self, x: Any) -> Any:
        """f(x) up to a constant."""
        k = self._piece(x)
        near = max(k - 1, 0)
        away = x - self.points[near]
        return self._values[near] + away * (self.gradients[near] + self._slopes[k] * away / 2)

    @cached_property
    def critical(self) -> tuple[Any, ...]:
        """Kinks and isolated zeros of f': the least value on an interval is at one of these, or at an end."""
        found = list(self.points)
        for k, slope in enumerate(self._slopes):
            if slope == 0:
                continue
            near = max(k - 1, 0)
            zero = self.points[near] - self.gradients[near] / slope
            if self._piece(zero) == k:
                found.append(zero)
        return tuple(sorted(set(found)))

    @cached_property
    def minimiser(self) -> Any:
        """A point where f is least."""
        return min(self.critical, key=self._value)

    @cached_property
    def gap(self) -> Any:
        """f(0) - min f."""
        return self._value(fmpq(0)) - self._value(self.minimiser)

    def initial(self, condition: InitialCondition) -> Any:
        """The initial condition at x_0 = 0."""
        if condition is InitialCondition.FUNCTION_VALUE:
            return self.gap
        if condition is InitialCondition.GRADIENT_NORM:
            return self.gradient(fmpq(0)) ** 2
        return self.minimiser**2

    def _inside(self, interval: Interval, points: Sequence[Any]) -> list[Any]:
        low, high = interval
        return [p for p in points if (low is None or p > low) and (high is None or p < high)]

    def gradient_range(self, interval: Interval) -> Interval:
        """The range of f' on an interval."""
        low, high = interval
        seen = [self.gradient(x) for x in (low, high, *self._inside(interval, self.points)) if x is not None]
        # end slopes are nonnegative, as f is bounded below
        least = None if low is None and self.ends[0] > 0 else min(seen)
        largest = None if high is None and self.ends[1] > 0 else max(seen)
        return least, largest

    def least_gap(self, interval: Interval) -> Any:
        """The least f - min f on an interval."""
        seen = [x for x in (*interval, *self._inside(interval, self.critical)) if x is not None]
        return min(self._value(x) for x in seen) - self._value(self.minimiser)

    def step(self, interval: Interval, steps: Interval) -> Interval:
        """The range of x - h f'(x) for x and h in two intervals; at least one end of `interval` is finite."""
        low, high = interval
        cuts = [low, *self._inside(interval, self.points), high]
        ranges = [self._affine_range(piece, part) for piece in pairwise(cuts) for part in _halves(steps)]
        least, largest = zip(*ranges, strict=True)
        return (
            None if any(a is None for a in least) else min(least),
            None if any(a is None for a in largest) else max(largest),
        )

    def _affine_range(self, piece: Interval, steps: Interval) -> Interval:
        """The same between two kinks, for an interval of steps with a finite end."""
        points = [x for x in piece if x is not None]
        # a kink belongs to both of its pieces: the slope is that of the inside
        if len(points) == 2:
            slope = self._slopes[self._piece((points[0] + points[1]) / 2)] if points[0] < points[1] else fmpq(0)
        else:
            slope = self._slopes[self._piece(points[0] + (1 if piece[1] is None else -1))]
        factors = [h for h in steps if h is not None]
        seen = [x - h * self.gradient(x) for x in points for h in factors]
        outward = 0 if len(points) == 2 else 1 if piece[1] is None else -1
        beyond = 0 if len(factors) == 2 else 1 if steps[1] is None else -1
        # F(p + outward u, c + beyond w) = F(p, c) + A u + B w + C u w
        rates = [outward * (1 - h * slope) for h in factors] if outward else []
        rates += [-beyond * self.gradient(x) for x in points] if beyond else []
        rates += [-outward * beyond * slope] if outward and beyond else []
        rises, falls = any(rate > 0 for rate in rates), any(rate < 0 for rate in rates)
        return None if falls else min(seen), None if rises else max(seen)


def _halves(steps: Interval) -> list[Interval]:
    """The whole line in two halves; other intervals as they are."""
    return [(None, fmpq(0)), (fmpq(0), None)] if steps[0] is None and steps[1] is None else [steps]


def _least_square(interval: Interval) -> Any:
    """The least square of a number in an interval."""
    low, high = interval
    if low is not None and low > 0:
        return low * low
    if high is not None and high < 0:
        return high * high
    return fmpq(0)


def _shifted(interval: Interval, by: Any) -> Interval:
    low, high = interval
    return None if low is None else low - by, None if high is None else high - by


def line_bounds(function: LineFunction, measure: Measure, box: Sequence[Interval]) -> list[Any]:
    """Lower bounds of the measure for all steps in a box: of every |f'(x_i)|^2 for the smallest gradient norm, else one
    number.
    """
    here: Interval = (fmpq(0), fmpq(0))
    way = [here]
    for steps in box:
        here = function.step(here, steps)
        if here == (None, None):
            # nothing is known about such a point, nor about those behind it
            way += [here] * (len(box) + 1 - len(way))
            break
        way.append(here)
    if measure is Measure.SMALLEST_GRADIENT_NORM:
        return [fmpq(0) if x == (None, None) else _least_square(function.gradient_range(x)) for x in way]
    last = way[-1]
    if last == (None, None):
        return [fmpq(0)]
    if measure is Measure.GRADIENT_NORM:
        return [_least_square(function.gradient_range(last))]
    if measure is Measure.FUNCTION_VALUE:
        return [function.least_gap(last)]
    return [_least_square(_shifted(last, function.minimiser))]
