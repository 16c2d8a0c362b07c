"""Roots of polynomials whose coefficients are known in intervals.

A number is defined as the only root of c_0 + c_1 x + .. + c_k x^k in an interval [low, high] with rational ends.
That there is exactly one is proved: the polynomial has opposite signs at the ends, and its derivative has one sign on
the interval, for all coefficients in their intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import ClaimError, UndecidedError

__all__ = ["MAX_DEGREE", "narrowed", "root_interval"]

MAX_DEGREE = 8


def root_interval(arithmetic: Any, coefficients: Sequence[Any], low: fmpq, high: fmpq) -> tuple[int, int]:
    """Integers a <= b such that a/2^p <= x <= b/2^p, where p is the precision of the arithmetic.

    Parameters
    ----------
    arithmetic
        A `RadicalField`; only its precision and its rationals are used.
    coefficients
        c_0, .., c_k, enclosed, 1 <= k <= `MAX_DEGREE`.
    low, high
        The ends of the interval that holds the root.

    Raises
    ------
    ClaimError
        An empty interval, too many coefficients, no change of sign.
    UndecidedError
        If the precision is too low to tell, or the interval too wide to show that the root is the only one.
    """
    if not low < high:
        raise ClaimError("the interval of a root is empty")
    if not 2 <= len(coefficients) <= MAX_DEGREE + 1:
        raise ClaimError(f"a root is that of a polynomial of degree 1 to {MAX_DEGREE}")
    ends = [arithmetic.rational(end) for end in (low, high)]
    make = type(ends[0])
    whole = make(arithmetic, ends[0].low, ends[1].high)
    derivative = [k * c for k, c in enumerate(coefficients)][1:]
    slope = _sign(_value(derivative, whole))
    first, last = (_sign(_value(coefficients, end)) for end in ends)
    if first == last:
        raise ClaimError("a polynomial does not change its sign on the interval of its root")
    if slope != last:
        raise ClaimError("a polynomial falls where it should rise on the interval of its root")
    return narrowed(
        lambda low, high: _value(coefficients, make(arithmetic, low, high)),
        lambda low, high: _value(derivative, make(arithmetic, low, high)),
        ends[0].low,
        ends[1].high,
        first,
    )


def narrowed(
    value: Callable[[int, int], Any], slope: Callable[[int, int], Any], below: int, above: int, first: int
) -> tuple[int, int]:
    """A part of [below, above], in units of 2^-p, that holds the root of a function, nearly as short as p allows.

    Parameters
    ----------
    value, slope
        The function and its derivative, enclosed on an interval with the given ends.
    below, above
        They hold exactly one root, at which the sign changes from `first` to the opposite one.
    first
        The sign between `below` and the root, 1 or -1.

    Newton's interval x - f(x)/f'([below, above]) holds the root by the mean value theorem wherever the derivative has
    no zero; bisection serves where it has one or where Newton's interval is no shorter than half of the old one.
    """
    while above - below > 1:
        middle = (below + above) >> 1
        there, tangent = value(middle, middle), slope(below, above)
        if tangent.low > 0 or tangent.high < 0:
            step = there / tangent
            low, high = max(below, middle - step.high), min(above, middle - step.low)
            if 2 * (high - low) <= above - below:
                if low > high:
                    raise UndecidedError("the root of a polynomial is not enclosed")
                below, above = low, high
                continue
        if there.low <= 0 <= there.high:
            break
        if (there.low > 0) == (first > 0):
            below = middle
        else:
            above = middle
    return _end(value, below, above, first), _end(value, above, below, -first)


def _end(value: Callable[[int, int], Any], near: int, far: int, wanted: int) -> int:
    """The last point from `near` towards the root at which bisection sees the sign `wanted`, or `near`."""
    while abs(far - near) > 1:
        middle = (near + far) >> 1
        there = value(middle, middle)
        if there.low > 0 if wanted > 0 else there.high < 0:
            near = middle
        else:
            far = middle
    return near


def _value(coefficients: Sequence[Any], x: Any) -> Any:
    """The polynomial at x, enclosed."""
    value = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * x + c
    return value


def _sign(value: Any) -> int:
    if value.low > 0:
        return 1
    if value.high < 0:
        return -1
    raise UndecidedError("the sign of a polynomial is not decided on the interval of its root")
