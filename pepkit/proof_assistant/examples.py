"""Functions that attain a rate and that the Coq theory knows: Huber functions and quadratics on the real line."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pepkit.kernel import GradientDescent, InitialCondition, Measure, MethodClaim

__all__ = ["attained_by_huber", "curvature_of_worst_quadratic"]


def attained_by_huber(claim: MethodClaim) -> bool:
    """Whether a Huber function attains the rate: gradient descent, steps h_i >= 0, the rate 1/(2 + 4 sum h_i)."""
    number_field = claim.field
    if claim.function_class.mu_over_L or not isinstance(claim.method, GradientDescent):
        return False
    if (claim.measure, claim.initial) != (Measure.FUNCTION_VALUE, InitialCondition.DISTANCE):
        return False
    steps = claim.method.steps
    total = sum(steps, number_field.coerce(0))
    return claim.rate * (2 + 4 * total) == 1 and all(number_field.sign(h) >= 0 for h in steps)


def curvature_of_worst_quadratic(claim: MethodClaim) -> Any:
    """The rational k, in units of L, for which k x^2 / 2 attains the rate of gradient descent; None if there is none.

    Tried are the two ends of the class, k = 1 and k = mu/L. Every step multiplies x by 1 - k h_i.
    """
    ratio = claim.function_class.mu_over_L
    if not isinstance(claim.method, GradientDescent) or not claim.has_minimiser:
        return None
    if claim.measure is Measure.SMALLEST_GRADIENT_NORM or claim.field.sign(ratio) < 0:
        return None
    candidates = [fmpq(1)]
    if isinstance(ratio, fmpq) and ratio > 0:
        candidates.append(ratio)
    for k in candidates:
        product = claim.field.coerce(1)
        for h in claim.method.steps:
            product = product * (1 - k * h)
        measured = {Measure.FUNCTION_VALUE: k / 2, Measure.GRADIENT_NORM: k * k, Measure.DISTANCE: fmpq(1)}[
            claim.measure
        ]
        started = {
            InitialCondition.DISTANCE: fmpq(1),
            InitialCondition.FUNCTION_VALUE: k / 2,
            InitialCondition.GRADIENT_NORM: k * k,
        }[claim.initial]
        if product * product * measured == claim.rate * started:
            return k
    return None
