"""Worst-case functions moved a little into the interior of their class, with rational data.

Over a radical field the kernel decides strict inequalities only, and the extremal functions (Huber functions,
quadratics with curvature L or mu) satisfy interpolation conditions with equality. A Huber function is given a small
curvature and lowered a little, a quadratic a curvature just inside [mu, L]. The value lost is of the order of
`INSIDE`. Nothing here is trusted: the kernel evaluates all hypotheses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import flint
from flint import arb, fmpq, fmpz

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, GradientDescent, Measure, MethodClaim, UndecidedError, Witness
from pepkit.kernel.witness import check_witness

__all__ = ["INSIDE", "strict_worst_case"]

INSIDE = fmpq(1, 10**13)
"""Curvature by which the functions are moved."""
_BITS = 240
_PRECISION = 600
HALF = fmpq(1, 2)


def strict_worst_case(claim: MethodClaim) -> tuple[Witness, Any] | None:
    """The witness with the largest value among the candidates that the kernel accepts, and that value; or None.

    Convex and strongly convex functions, measures f(x_N), |grad f(x_N)|^2 and |x_N - x_*|^2.
    """
    if not claim.has_minimiser or claim.measure is Measure.SMALLEST_GRADIENT_NORM:
        return None
    best: tuple[Witness, Any] | None = None
    largest = 0.0
    for witness in _candidates(claim):
        try:
            value = check_witness(claim.statement(), witness)
        except (CertificateError, UndecidedError, ZeroDivisionError):
            continue
        size = to_float(claim.field, value)
        if size > largest:
            best, largest = (witness, value), size
    return best


def _candidates(claim: MethodClaim) -> Iterator[Witness]:
    m = _rational(_ball(claim, claim.function_class.mu_over_L))
    for curvature in (1 - INSIDE, m + INSIDE):
        points, gradients = _run(claim, lambda x, a=curvature: a * x)  # type: ignore[misc]
        # a quadratic at rational gradients: f = a x^2/2 up to rounding, which the strict inequalities allow
        yield _witness(gradients, [curvature * x * x * HALF for x in points])
    if m:
        return
    flat, _ = _run(claim, lambda x: fmpq(1))
    total = 1 - flat[-1]
    for threshold in (1 / (2 * total + 1), 1 / (total + 1)) if total > 0 else ():
        small = INSIDE * threshold
        points, gradients = _run(claim, lambda x, t=threshold, a=small: t + a * x)  # type: ignore[misc]
        lowered = threshold * threshold * HALF + 2 * small
        yield _witness(gradients, [threshold * x + small * x * x * HALF - lowered for x in points])


def _witness(gradients: list[fmpq], values: list[fmpq]) -> Witness:
    return Witness(((fmpq(1),), *((g,) for g in gradients)), tuple(_cut(value) for value in values))


def _cut(value: fmpq) -> fmpq:
    """`value` to `_BITS` fractional bits."""
    scale = fmpz(1) << _BITS
    return fmpq((value * scale + HALF).floor(), scale)


def _rational(ball: arb) -> fmpq:
    mantissa, exponent = ball.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _ball(claim: MethodClaim, value: Any) -> arb:
    with flint.ctx.workprec(_PRECISION):
        low, high = claim.field.scaled_enclosure(value, _PRECISION)
        return arb(fmpq(low + high, 2)) / arb(2) ** _PRECISION


def _run(claim: MethodClaim, gradient: Callable[[fmpq], fmpq]) -> tuple[list[fmpq], list[fmpq]]:
    """Points and rounded gradients of the method, started at 1."""
    points = [fmpq(1)]
    gradients = [_cut(gradient(points[0]))]
    for i in range(claim.steps):
        if isinstance(claim.method, GradientDescent):
            start, terms = points[-1], [(claim.method.steps[i], gradients[-1])]
        else:
            start, terms = points[0], list(zip(claim.method.matrix[i], gradients, strict=True))
        with flint.ctx.workprec(_PRECISION):
            move = sum((_ball(claim, h) * arb(g) for h, g in terms), arb(0))
            points.append(_cut(_rational(arb(start) - move)))
        gradients.append(_cut(gradient(points[-1])))
    return points, gradients
