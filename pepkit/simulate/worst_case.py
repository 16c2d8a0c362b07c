"""The function behind a one-dimensional witness, in exact numbers or in floats.

Data (x_i, g_i, f_i) that satisfy the interpolation conditions of F_{mu,L} determine a least function of the class
through them: f(x) - mu x^2/2 is the Moreau envelope, of parameter 1/(L - mu), of the largest of the lines that touch it
(Taylor, Hendrickx, Glineur 2017). The largest one is minus the least one of -f, of class F_{-L,-mu}; it is the one with
the right infimum where mu < 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pepkit.kernel import ClaimError

__all__ = ["Interpolant", "interpolant"]


class Interpolant:
    """A function of one variable, given by exact (or float) data. Call it for (value, gradient).

    Parameters
    ----------
    points, gradients, values
        x_i, g_i, f_i: elements of one field, or floats.
    mu, smoothness
        The class; smoothness > mu.
    sign
        Sign of a number: exact for a field, with a tolerance for floats.
    """

    def __init__(
        self,
        points: Sequence[Any],
        gradients: Sequence[Any],
        values: Sequence[Any],
        mu: Any,
        smoothness: Any,
        sign: Callable[[Any], int],
    ) -> None:
        self._mu, self._range, self._sign = mu, smoothness - mu, sign
        pieces: dict[Any, Any] = {}
        lines = []
        for x, g, f in zip(points, gradients, values, strict=True):
            slope = g - mu * x
            height = f - mu * x * x / 2
            # the line through the point of the envelope's proximal point p = x - slope/range
            lines.append((slope, height + slope * slope / (2 * self._range) - slope * x))
        for slope, offset in lines:
            key = str(slope)
            if key not in pieces or sign(offset - pieces[key][1]) > 0:
                pieces[key] = (slope, offset)
        self._pieces = list(pieces.values())

    def __call__(self, x: Any) -> tuple[Any, Any]:
        slope, value = self._envelope(x)
        return value + self._mu * x * x / 2, slope + self._mu * x

    def _envelope(self, x: Any) -> tuple[Any, Any]:
        sign, width = self._sign, self._range
        for slope, offset in self._pieces:
            if self._largest(x - slope / width, slope, offset):
                return slope, offset + slope * x - slope * slope / (2 * width)
        for k, (slope, offset) in enumerate(self._pieces):
            for other, height in self._pieces[:k]:
                # proximal point at the kink of two lines
                p = (height - offset) / (slope - other)
                between = width * (x - p)
                inside = sign(between - slope) * sign(between - other) <= 0
                if inside and self._largest(p, slope, offset):
                    return between, offset + slope * p + between * (x - p) / 2
        raise ClaimError("the data of the witness do not satisfy the interpolation conditions")

    def _largest(self, p: Any, slope: Any, offset: Any) -> bool:
        height = slope * p + offset
        return all(self._sign(height - (a * p + b)) >= 0 for a, b in self._pieces)


def interpolant(
    points: Sequence[Any],
    gradients: Sequence[Any],
    values: Sequence[Any],
    mu: Any,
    sign: Callable[[Any], int],
    largest: bool = False,
) -> Callable[[Any], tuple[Any, Any]]:
    """The least, or the largest, function of F_{mu,1} through the data."""
    if not largest:
        return Interpolant(points, gradients, values, mu, 1 + 0 * mu, sign)
    below = Interpolant(points, [-g for g in gradients], [-f for f in values], -1 + 0 * mu, -mu, sign)

    def evaluate(x: Any) -> tuple[Any, Any]:
        value, gradient = below(x)
        return -value, -gradient

    return evaluate
