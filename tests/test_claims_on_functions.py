"""Proved claims about schedules hold on functions that the proofs know nothing of: exact runs of gradient descent."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import RATIONALS, ScheduleProperty, SchedulePropertyClaim
from pepkit.render.claims_latex import schedule_theorem
from pepkit.render.latex import theorem_latex
from pepkit.render.text import claim_brief
from pepkit.schedule_check import check_schedule
from pepkit.schedules import Schedule
from pepkit.straightforward import published_pattern, straightforward

CURVATURES = st.lists(st.fractions(0, 1, max_denominator=12), min_size=1, max_size=3)
STARTS = st.lists(st.fractions(-3, 3, max_denominator=8), min_size=3, max_size=3)
KNEES = st.lists(st.fractions("1/1000", 2, max_denominator=1000), min_size=3, max_size=3)


def _run(steps: list[Fraction], curvatures: list[Fraction], knees: list[Fraction], start: list[Fraction]):
    """Separable Huber functions with curvature a up to a knee: values, squared gradients, squared start distance."""

    def gradient(a: Fraction, k: Fraction, x: Fraction) -> Fraction:
        return a * max(-k, min(k, x))

    def value(a: Fraction, k: Fraction, x: Fraction) -> Fraction:
        return a * x * x / 2 if abs(x) <= k else a * (k * abs(x) - k * k / 2)

    point = start[: len(curvatures)]
    pairs = list(zip(curvatures, knees, strict=False))
    values, squares = [], []
    for h in [*steps, None]:
        g = [gradient(a, k, x) for (a, k), x in zip(pairs, point, strict=True)]
        values.append(sum((value(a, k, x) for (a, k), x in zip(pairs, point, strict=True)), Fraction(0)))
        squares.append(sum((c * c for c in g), Fraction(0)))
        if h is not None:
            point = [x - h * c for x, c in zip(point, g, strict=True)]
    return values, squares, sum((x * x for x in start[: len(curvatures)]), Fraction(0))


def _fractions(steps: object) -> list[Fraction]:
    return [Fraction(int(h.p), int(h.q)) for h in steps]  # type: ignore[attr-defined]


@pytest.mark.parametrize("length", [3, 7])
@settings(max_examples=40, deadline=None)
@given(CURVATURES, KNEES, STARTS, st.fractions(0, 1, max_denominator=20))
def test_straightforward_inequality(length: int, curvatures, knees, start, share) -> None:
    steps = _fractions(published_pattern(length))
    delta, total = share / 10000, sum(steps)
    values, _, distance = _run(steps, curvatures, knees, start)
    # the inequality behind the theorem, at every delta up to the threshold
    assert values[-1] <= values[0] - 2 * delta * total * values[0] + delta * delta * total * distance


@settings(max_examples=60, deadline=None)
@given(CURVATURES, KNEES, STARTS)
def test_primitive_inequality(curvatures, knees, start) -> None:
    # (3/2, 3/2) is primitive
    steps = [Fraction(3, 2)] * 2
    values, squares, distance = _run(steps, curvatures, knees, start)
    total = sum(steps)
    slack = sum(h * (f - values[-1]) - h * (h - 1) / 2 * g for h, f, g in zip(steps, values, squares, strict=False))
    assert slack - total * (total + 1) / 2 * squares[-1] >= 0
    assert values[-1] * 2 * (2 * total + 1) <= distance
    assert squares[-1] * (2 * total + 1) <= 2 * values[0]


def test_both_patterns_are_proved() -> None:
    for length in (3, 7):
        assert straightforward(length).theorem


def test_claims_in_latex_and_on_one_line() -> None:
    found = straightforward(3)
    latex = theorem_latex(found.theorem)
    assert r"\delta \in [0, \frac{1}{10000}]" in latex and r"\frac{30}{79}" in latex
    assert "straightforward pattern of length 3" in claim_brief(found.claim)
    verdicts = check_schedule(Schedule.of(["3/2", "3/2"]))
    for verdict in verdicts:
        if verdict.certificate is not None:
            text = schedule_theorem(verdict.certificate.claim)
            assert text is not None and verdict.name.value in text
            assert verdict.name.value in claim_brief(verdict.certificate.claim)
    claim = SchedulePropertyClaim(RATIONALS, (RATIONALS.coerce(1),), ScheduleProperty.DOMINANT)
    assert r"\frac{L}{2(2H+1)}" in str(schedule_theorem(claim))
