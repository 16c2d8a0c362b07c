"""Exact candidates for worst-case functions: the one-dimensional functions that are extremal most often.

Every candidate is a kernel witness. Nothing here is trusted: the kernel evaluates all hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from pepkit.kernel import GradientDescent, InitialCondition, Measure, MethodClaim, UndecidedError, Witness

__all__ = ["WorstCase", "worst_cases"]

HALF = fmpq(1, 2)


@dataclass(frozen=True)
class WorstCase:
    """A named function on the real line with the data of the method on it, and the value it attains."""

    description: str
    witness: Witness
    value: Any


def worst_cases(claim: MethodClaim) -> list[WorstCase]:
    """Candidates for a claim, the largest value first (values are measure/initial, for L = 1)."""
    found: list[WorstCase] = []
    for build in (_quadratics, _huber, _constant_gradient):
        try:
            found.extend(build(claim))
        except (ZeroDivisionError, UndecidedError):
            # a degenerate candidate (zero initial value, undecidable comparison) is no candidate
            continue
    field = claim.field
    return sorted(found, key=lambda case: -_approximate(field, case.value))


def _approximate(field: Any, value: Any) -> float:
    from pepkit.algebra import to_float

    return to_float(field, value)


def _trajectory(claim: MethodClaim, gradient: Callable[[Any], Any], start: Any) -> tuple[list[Any], list[Any]]:
    """Iterates and gradients for a gradient map; points may be numbers or affine functions."""
    points, gradients = [start], [gradient(start)]
    for i in range(claim.steps):
        if isinstance(claim.method, GradientDescent):
            point = points[-1] - claim.method.steps[i] * gradients[-1]
        else:
            point = start
            for h, g in zip(claim.method.matrix[i], gradients, strict=True):
                point = point - h * g
        points.append(point)
        gradients.append(gradient(point))
    return points, gradients


def _case(
    claim: MethodClaim, description: str, points: Sequence[Any], gradients: Sequence[Any], values: Sequence[Any]
) -> WorstCase:
    scalars = list(values)
    squares = [g * g for g in gradients]
    smallest = squares[0]
    if claim.measure is Measure.SMALLEST_GRADIENT_NORM:
        for square in squares[1:]:
            if claim.field.sign(square - smallest) < 0:
                smallest = square
        scalars.append(smallest)
    rows = ([points[0]] if claim.has_minimiser else []) + list(gradients)
    measure = {
        Measure.FUNCTION_VALUE: values[-1],
        Measure.GRADIENT_NORM: squares[-1],
        Measure.SMALLEST_GRADIENT_NORM: smallest,
        Measure.DISTANCE: points[-1] * points[-1],
    }[claim.measure]
    initial = {
        InitialCondition.DISTANCE: points[0] * points[0],
        InitialCondition.FUNCTION_VALUE: values[0],
        InitialCondition.GRADIENT_NORM: squares[0],
    }[claim.initial]
    return WorstCase(description, Witness(tuple((a,) for a in rows), tuple(scalars)), measure / initial)


def _quadratics(claim: MethodClaim) -> list[WorstCase]:
    """f(x) = a x^2/2 with the largest and the smallest curvature."""
    one = claim.field.coerce(1)
    curvatures = [(one, "the quadratic (L/2) x^2")]
    if claim.field.sign(claim.function_class.mu_over_L) > 0:
        curvatures.append((claim.function_class.mu_over_L, "the quadratic (mu/2) x^2"))
    cases = []
    for curvature, description in curvatures:
        points, gradients = _trajectory(claim, lambda x, a=curvature: a * x, one)  # type: ignore[misc]
        cases.append(_case(claim, description, points, gradients, [curvature * x * x * HALF for x in points]))
    return cases


class _Affine:
    """a + b t, for points that depend on the threshold t of a Huber function."""

    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b

    def __sub__(self, other: _Affine) -> _Affine:
        return _Affine(self.a - other.a, self.b - other.b)

    def __rmul__(self, factor: Any) -> _Affine:
        return _Affine(factor * self.a, factor * self.b)

    def at(self, t: Any) -> Any:
        return self.a + self.b * t


def _huber(claim: MethodClaim) -> list[WorstCase]:
    """Curvature L on [-t, t] and mu outside, started at 1, all iterates beyond the threshold t.

    For mu = 0 this is the Huber function. Two thresholds are tried: the one that maximises f(x_N) and the
    one that the last iterate just reaches.
    """
    field = claim.field
    m = claim.function_class.mu_over_L
    if field.sign(m) < 0:
        return []
    one = field.coerce(1)
    start = _Affine(one, field.coerce(0))
    rest = 1 - m
    points, _ = _trajectory(claim, lambda x: _Affine(m * x.a, m * x.b + rest), start)
    last = points[-1]
    thresholds = []
    denominator = m * last.b * last.b + 2 * rest * last.b - rest
    if denominator:
        thresholds.append(-(m * last.a * last.b + rest * last.a) / denominator)
    if last.b != 1:
        thresholds.append(last.a / (1 - last.b))
    cases = []
    for t in thresholds:
        if field.sign(t) <= 0 or any(field.sign(x.at(t) - t) < 0 for x in points):
            continue
        at = [x.at(t) for x in points]
        gradients = [m * x + rest * t for x in at]
        values = [m * x * x * HALF + rest * t * x - rest * t * t * HALF for x in at]
        name = "a Huber function" if not m else "a Huber-type function with curvature mu outside an interval"
        cases.append(_case(claim, name, at, gradients, values))
    return cases


def _constant_gradient(claim: MethodClaim) -> list[WorstCase]:
    """Hypoconvex: gradient 1 at every iterate, falling and rising again in between, for steps h <= 1.

    Each step decreases f by p(h)/2 with p(h) = 2h + h^2 k/(1-k), k = mu/L (Rotaru, Glineur, Patrinos
    2406.17506; Abbaszadehpeivasti, de Klerk, Zamani 2022 for k = -1).
    """
    field = claim.field
    k = claim.function_class.mu_over_L
    if field.sign(k) >= 0 or claim.has_minimiser or not isinstance(claim.method, GradientDescent):
        return []
    one = field.coerce(1)
    values = [one * HALF]
    points = [field.coerce(0)]
    for h in reversed(claim.method.steps):
        values.append(values[-1] + (2 * h + h * h * k / (1 - k)) * HALF)
        points.append(points[-1] + h)
    gradients = [one] * (claim.steps + 1)
    return [
        _case(
            claim, "a piecewise quadratic function with gradient 1 at every iterate",
            points[::-1], gradients, values[::-1],
        )
    ]  # fmt: skip
