"""Results and claims as plain text."""

from __future__ import annotations

from math import isnan
from typing import Any

from pepkit.kernel import (
    Claim,
    CompositionClaim,
    GradientDescent,
    ListedClaim,
    MethodClaim,
    NumberField,
    SchedulePropertyClaim,
    StraightforwardClaim,
    Theorem,
)
from pepkit.kernel.words import class_text, decimal_text, initial_text, measure_text, rate_text
from pepkit.render.notation import clean, shortened
from pepkit.render.worst_case import witness_words

__all__ = [
    "claim_brief",
    "excess_words",
    "lower_words",
    "result_text",
    "sharpness_words",
    "steps_words",
    "theorem_words",
]

_READABLE = 30
"""Longest exact step, in characters, that people read without decimals."""


def claim_brief(claim: Claim, limit: int = 100) -> str:
    """The claim on one line: ``L-smooth convex, gradient descent, N = 7: f(x_7) - f(x_*) <= ...``."""
    if isinstance(claim, MethodClaim):
        method = "gradient descent" if isinstance(claim.method, GradientDescent) else "fixed-step method"
        rate = shortened(rate_text(claim, claim.rate), limit)
        return (
            f"{class_text(claim)}, {method}, N = {claim.steps}: {measure_text(claim)} <= {rate} * {initial_text(claim)}"
        )
    if isinstance(claim, CompositionClaim):
        rate = shortened(rate_text(claim, claim.rate), limit)
        return (
            f"{class_text(claim)}, gradient descent, composition of {len(claim.instructions)} joins, "
            f"N = {claim.steps}: {measure_text(claim)} <= {rate} * {initial_text(claim)}"
        )
    if isinstance(claim, ListedClaim):
        title = clean(claim.title) or "listed hypotheses"
        rate = shortened(claim.field.text(claim.rate), limit)
        return f"{shortened(title, limit)}: measure <= {rate} * normaliser"
    if isinstance(claim, StraightforwardClaim):
        text = claim.field.text
        return (
            f"L-smooth convex, straightforward pattern of length {len(claim.steps)}, sum {text(claim.total)}, "
            f"threshold {text(claim.threshold)}"
        )
    if isinstance(claim, SchedulePropertyClaim):
        return f"L-smooth convex, {len(claim.steps)} steps of gradient descent: the schedule is {claim.name.value}"
    own = getattr(claim, "brief", None)
    return clean(own() if own is not None else repr(claim))


def lower_words(theorem: Any, certificate: Any = None) -> str:
    """What is known from below: tight, a smaller value, or nothing."""
    field = theorem.claim.field
    if theorem.lower is None:
        return "none proved (no witness)"
    witness = getattr(certificate, "witness", None)
    by = f": {witness_words(theorem.claim, witness)}" if witness is not None else ""
    if theorem.tight:
        return f"equal to the rate, so the rate is tight{by}"
    return f"{decimal_text(field, theorem.lower)}{by}"


def sharpness_words(result: Any) -> str:
    """Sharp, or relaxed and by how much."""
    if result.sharp:
        return "sharp: the exact worst case"
    if result.numerical_optimum is None and result.theorem.lower is not None:
        return f"proved, {excess_words(result)}"
    if result.numerical_optimum is None:
        return "proved; how close it is to the worst case is not known"
    return f"not shown to be sharp, {excess_words(result)}"


def excess_words(result: Any) -> str:
    """The relative excess of the certified rate, in words."""
    excess = result.excess
    if result.sharp or excess is None or isnan(excess):
        return "excess not known"
    over = "numerical optimum" if result.numerical_optimum is not None else "proved lower bound"
    return f"relative excess {excess:.2g} over the {over}"


def theorem_words(theorem: Theorem) -> str:
    """The theorem in words, and what theta is if the claim uses it."""
    words = clean(str(theorem))
    field = theorem.claim.field
    if isinstance(field, NumberField) and "theta" in words and "theta is" not in words:
        words += f"\nHere theta is the {field.generator_text()}."
    return words


def steps_words(claim: Claim, limit: int = 12) -> str:
    """The steps of gradient descent in decimals, where their exact form is hard to read; empty otherwise."""
    if not isinstance(claim, MethodClaim) or not isinstance(claim.method, GradientDescent):
        return ""
    field, steps = claim.field, claim.method.steps
    if all(len(field.text(h)) <= _READABLE and "theta" not in field.text(h) for h in steps):
        return ""
    shown = ", ".join(decimal_text(field, h, 7) for h in steps[:limit])
    return f"{shown}{f', ... ({len(steps)} steps)' if len(steps) > limit else ''} in decimals"


def result_text(result: Any) -> str:
    """A result for people: theorem in words, lower bound, checks, notes, times."""
    theorem = result.theorem
    lines = [theorem_words(theorem), ""]
    steps = steps_words(theorem.claim)
    if steps:
        lines.append(_item("Steps", steps))
    lines.append(_item("Rate", sharpness_words(result)))
    lines.append(_item("Lower bound", lower_words(theorem, result.certificate)))
    if result.numerical_optimum is not None:
        solver = f" ({clean(result.solver)})" if result.solver else ""
        optimum = f"numerical optimum {result.numerical_optimum:.12g}{solver}, not part of the proof"
        lines.append(_item("Numerics", optimum))
    lines.append(_item("Checked by", ", ".join(result.checked_by)))
    lines.extend(_item("" if k else "Checks", clean(check)) for k, check in enumerate(theorem.checks))
    lines.extend(_item("" if k else "Notes", clean(note)) for k, note in enumerate(result.notes))
    if result.stages:
        total = sum(seconds for _, seconds, _ in result.stages)
        times = ", ".join(f"{clean(name)} {seconds:.2f} s" for name, seconds, _ in result.stages)
        lines.append(_item("Time", f"{total:.2f} s ({times})"))
    return "\n".join(lines)


def _item(label: str, text: str) -> str:
    return f"{label:<13}{text}"
