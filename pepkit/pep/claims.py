"""Claims from what users write: schedules, numbers, names of measures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pepkit.algebra import Real, exact, realise
from pepkit.kernel import (
    ClaimError,
    FixedStepMethod,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
)

__all__ = ["curvature_ratio", "fixed_step_method", "gradient_descent", "initial_condition", "performance_measure"]

_MEASURES = {
    "function-value": Measure.FUNCTION_VALUE,
    "gradient-norm": Measure.GRADIENT_NORM,
    "smallest-gradient-norm": Measure.SMALLEST_GRADIENT_NORM,
    "distance": Measure.DISTANCE,
}
_INITIALS = {
    "distance": InitialCondition.DISTANCE,
    "function-value": InitialCondition.FUNCTION_VALUE,
    "gradient-norm": InitialCondition.GRADIENT_NORM,
}


def performance_measure(value: str | Measure) -> Measure:
    """The measure with this formula (``f(x_N)-f(x_*)``) or name (``function-value``)."""
    return _lookup(value, Measure, _MEASURES, "performance measure")


def initial_condition(value: str | InitialCondition) -> InitialCondition:
    """The initial condition with this formula (``|x_0-x_*|^2``) or name (``distance``)."""
    return _lookup(value, InitialCondition, _INITIALS, "initial condition")


def _lookup(value: Any, enumeration: Any, names: dict[str, Any], what: str) -> Any:
    if isinstance(value, enumeration):
        return value
    text = str(value).replace(" ", "")
    for name, member in names.items():
        if text in (name, member.value.replace(" ", "")):
            return member
    known = ", ".join(f"{name} [{member.value}]" for name, member in names.items())
    raise ClaimError(f"unknown {what} {str(value)!r}; known are {known}")


def gradient_descent(
    schedule: Iterable[Any],
    *,
    L: Any = "L",
    mu: Any = 0,
    measure: str | Measure = Measure.FUNCTION_VALUE,
    initial: str | InitialCondition = InitialCondition.DISTANCE,
    rate: Any = None,
) -> MethodClaim:
    """The question (or, with `rate`, the claim) about gradient descent x_{i+1} = x_i - (h_i/L) grad f(x_i).

    Parameters
    ----------
    schedule
        The steps h_i in units of 1/L: a `Schedule`, or any sequence of exact numbers. Floats count as the
        dyadic rationals that they are.
    L
        Smoothness: ``"L"`` for a theorem about every L > 0, or an exact positive number.
    mu
        Strong convexity (mu > 0), convexity (0) or hypoconvexity (-L <= mu < 0). With symbolic L a multiple
        of L such as ``"L/10"``; a plain number is then in units of L.
    measure, initial
        Members of `Measure` and `InitialCondition`, their formulas, or their names.
    rate
        The dimensionless rate (for L = 1), if it is to be checked rather than found.

    Raises
    ------
    ClaimError
        For parameters that make no sense; see `MethodClaim`.
    """
    steps = _numbers(schedule)
    return _claim(lambda values: GradientDescent(tuple(values)), steps, L, mu, measure, initial, rate)


def fixed_step_method(
    matrix: Sequence[Sequence[Any]],
    *,
    L: Any = "L",
    mu: Any = 0,
    measure: str | Measure = Measure.FUNCTION_VALUE,
    initial: str | InitialCondition = InitialCondition.DISTANCE,
    rate: Any = None,
) -> MethodClaim:
    """The question about x_i = x_0 - (1/L) sum_{k<i} matrix[i-1][k] grad f(x_k), i = 1..N.

    Row i-1 of the lower triangular step matrix has i entries, exact, in units of 1/L; zeros above the
    diagonal of a square matrix may be written or left out. Other parameters as in `gradient_descent`.
    """
    rows = [list(row) for row in matrix]
    for i, row in enumerate(rows, start=1):
        extra = [exact(a) for a in row[i:]]
        if any(not (a.is_rational and a.value == 0) for a in extra):
            raise ClaimError(f"row {i} of the step matrix has a non-zero entry above the diagonal")
        if len(row) < i:
            raise ClaimError(f"row {i} of the step matrix has {len(row)} entries instead of {i}")
    entries = [exact(a) for i, row in enumerate(rows, start=1) for a in row[:i]]

    def build(values: list[Any]) -> FixedStepMethod:
        remaining = iter(values)
        return FixedStepMethod(tuple(tuple(next(remaining) for _ in range(i + 1)) for i in range(len(rows))))

    return _claim(build, entries, L, mu, measure, initial, rate)


def _numbers(schedule: Iterable[Any]) -> list[Real]:
    numbers = getattr(schedule, "numbers", None)
    if numbers is None:
        if isinstance(schedule, str) or not isinstance(schedule, Iterable):
            raise ClaimError(f"a schedule is a sequence of steps, not {schedule!r}")
        numbers = [exact(h) for h in schedule]
    if not numbers:
        raise ClaimError("the schedule is empty")
    return list(numbers)


def _claim(build: Any, numbers: list[Real], L: Any, mu: Any, measure: Any, initial: Any, rate: Any) -> MethodClaim:
    measure, initial = performance_measure(measure), initial_condition(initial)
    symbolic = isinstance(L, str) and L.strip() == "L"
    smoothness = None if symbolic else exact(L)
    ratio = curvature_ratio(mu, smoothness)
    extra = [ratio] + ([] if smoothness is None else [smoothness]) + ([] if rate is None else [exact(rate)])
    field, values = realise(numbers + extra)
    count = len(numbers)
    rest = values[count + 1 :]
    return MethodClaim(
        field,
        SmoothFunctionClass(values[count], None if smoothness is None else rest.pop(0)),
        build(values[:count]),
        measure,
        initial,
        None if rate is None else rest[0],
    )


_SYMBOL = re.compile(r"\bL\b")


def curvature_ratio(mu: Any, smoothness: Real | None) -> Real:
    """mu/L from what the user wrote; `smoothness` None stands for a symbolic L."""
    if smoothness is not None and smoothness.is_rational and smoothness.value <= 0:
        raise ClaimError(f"L must be positive, but L = {smoothness!r}")
    if isinstance(mu, str) and _SYMBOL.search(mu):
        zero, one, two = (exact(_SYMBOL.sub(f"({value})", mu)) for value in (0, 1, 2))
        _, (defect, offset) = realise([two - 2 * one, zero])
        if defect or offset:
            raise ClaimError(f"mu = {mu} is not a multiple of L")
        return one
    number = exact(mu)
    return number if smoothness is None else number / smoothness
