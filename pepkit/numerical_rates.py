"""Rates of a schedule in the measures that no closed form decides: numerical optima, labelled as such."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pepkit.algebra import exact, realise
from pepkit.kernel import ClaimError, InitialCondition, Measure
from pepkit.pep import gradient_descent
from pepkit.rounding import RoundingError, SolveRequest, solve_dual
from pepkit.rounding.settings import silent
from pepkit.schedules import KnownRate

__all__ = ["MEASURES", "numerical_rates"]

MEASURES: tuple[tuple[Measure, InitialCondition], ...] = (
    (Measure.FUNCTION_VALUE, InitialCondition.DISTANCE),
    (Measure.GRADIENT_NORM, InitialCondition.DISTANCE),
    (Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE),
    (Measure.SMALLEST_GRADIENT_NORM, InitialCondition.FUNCTION_VALUE),
    (Measure.DISTANCE, InitialCondition.DISTANCE),
)
"""The pairs that are shown; for mu < 0 only the smallest gradient norm is bounded."""


def numerical_rates(
    steps: Iterable[Any],
    mu: Any = 0,
    without: Iterable[tuple[Measure, InitialCondition]] = (),
    solver: str = "auto",
) -> list[KnownRate]:
    """Worst cases of gradient descent for L = 1, as a solver finds them: good to about 1e-8, and no theorems.

    Parameters
    ----------
    steps
        h_0, ..., h_{N-1}, exact, in units of 1/L.
    mu
        mu/L < 1, exact.
    without
        Pairs that are known already.
    """
    ratio = exact(mu)
    field, (value,) = realise([ratio])
    sign = field.sign(value)
    known = set(without)
    if sign == 0:
        # a smooth convex function can be flat, so the distance to the minimiser need not shrink
        known.add((Measure.DISTANCE, InitialCondition.DISTANCE))
    found, plan = [], tuple(steps)
    for measure, initial in MEASURES:
        if (measure, initial) in known or (sign < 0 and measure is not Measure.SMALLEST_GRADIENT_NORM):
            continue
        claim = gradient_descent(plan, mu=ratio, L="1", measure=measure, initial=initial)
        try:
            dual = solve_dual(claim, "auto", SolveRequest(solver, 1e-9, None, None), silent)
        except (ClaimError, RoundingError):
            continue
        source = f"numerical, {dual.solution.solver}"
        found.append(KnownRate(measure, initial, float(dual.rate), "", False, source))
    return found
