"""The statement of a certificate as a theorem in Coq.

Only the claim is read here: nothing of the proof enters the statement.
"""

from __future__ import annotations

from typing import Any

from pepkit.kernel import FixedStepMethod, GradientDescent, InitialCondition, Measure, MethodClaim
from pepkit.proof_assistant.ring import Ring

__all__ = ["INITIAL_CONDITIONS", "MEASURES", "method_term", "rate_statement", "root_hypotheses", "steps_of"]

MEASURES = {
    Measure.FUNCTION_VALUE: ("ValueGap", "f (final x) - {f_star}"),
    Measure.GRADIENT_NORM: ("GradientNorm", "norm2 (g (final x))"),
    Measure.SMALLEST_GRADIENT_NORM: ("SmallestGradient", "smallest_gradient g x"),
    Measure.DISTANCE: ("Distance", "norm2 (final x - x_star)"),
}
"""Measure -> (its name in the theory, its term)."""

INITIAL_CONDITIONS = {
    InitialCondition.DISTANCE: ("InitialDistance", "norm2 (x0 - x_star)"),
    InitialCondition.FUNCTION_VALUE: ("InitialGap", "(f x0 - {f_star})"),
    InitialCondition.GRADIENT_NORM: ("InitialGradient", "norm2 (g x0)"),
}
"""Initial condition -> (its name in the theory, its term)."""


def rate_statement(claim: MethodClaim, ring: Ring, rate: str | None = None) -> list[str]:
    """The lines of the statement, from the quantifier over spaces to the inequality.

    With `rate`, a name, it stands in the place of the rate of the claim.
    """
    f_star = "f x_star" if claim.has_minimiser else "f_star"
    point = "x_star, minimiser f x_star" if claim.has_minimiser else "f_star, (forall y, f_star <= f y)"
    measure = MEASURES[claim.measure][1].format(f_star=f_star)
    initial = INITIAL_CONDITIONS[claim.initial][1].format(f_star=f_star)
    return [
        "forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->",
        f"  {_function_class(claim, ring)} ->",
        f"  forall {point} -> forall x0,",
        f"  let x := {method_term(claim, ring)} in",
        f"  {measure} <= {_rate(claim, ring, rate)} * {initial}",
    ]


def method_term(claim: MethodClaim, ring: Ring) -> str:
    """The points x_0, .., x_N as a term."""
    if isinstance(claim.method, GradientDescent):
        return f"gradient_descent L g x0 [{_wrapped(claim.method.steps, ring)}]"
    rows = ";\n    ".join(f"[{_wrapped(row, ring)}]" for row in claim.method.matrix)
    return f"fixed_step L g x0 [{rows}]"


def _wrapped(numbers: tuple[Any, ...], ring: Ring) -> str:
    """The numbers with semicolons, in lines of readable length."""
    lines, current = [], ""
    for position, value in enumerate(numbers):
        text = ring.real(value) + (";" if position + 1 < len(numbers) else "")
        if current and len(current) + len(text) > 100:
            lines.append(current)
            current = text
        else:
            current = f"{current} {text}".strip()
    return "\n      ".join([*lines, current])


def _function_class(claim: MethodClaim, ring: Ring) -> str:
    ratio = claim.function_class.mu_over_L
    smooth = "gradient f g -> lipschitz g L"
    if not ratio:
        return f"convex f -> {smooth}"
    if not ratio + 1:
        return smooth
    return f"strongly_convex ({ring.real(ratio)} * L) f -> {smooth}"


def _rate(claim: MethodClaim, ring: Ring, name: str | None) -> str:
    rate = name or ring.real(claim.rate)
    power = claim.power_of_L
    unit = "L" if abs(power) == 1 else f"L^{abs(power)}"
    return rate if not power else f"{rate} {'*' if power > 0 else '/'} {unit}"


def root_hypotheses(ring: Ring, low: int, high: int, bits: int) -> tuple[str, str]:
    """The interval and the equation of alpha, for a ring that is neither the integers nor quadratic."""
    powers = ["", " * alpha", *(f" * alpha^{k}" for k in range(2, ring.width))]
    terms = [_literal(c) + power for c, power in zip(ring.relation, powers, strict=True)]
    interval = f"({low})/2^{bits} <= alpha <= ({high})/2^{bits}"
    return interval, f"alpha^{ring.width} = {' + '.join(terms)}"


def _literal(value: int) -> str:
    return f"({value})" if value < 0 else str(value)


def steps_of(claim: MethodClaim) -> list[Any]:
    """All numbers of the method."""
    if isinstance(claim.method, FixedStepMethod):
        return [h for row in claim.method.matrix for h in row]
    return list(claim.method.steps)
