"""Rigorous enclosures of the threshold constants, with certificates.

Ball arithmetic (Arb) finds the zero of the defining function to the digits that are asked for; the
kernel then proves the sign change and the enclosure again with rational intervals of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from pepkit.kernel import ClaimError
from pepkit.kernel.random_injectivity import THRESHOLDS, InjectivityThreshold, SignChange

__all__ = ["THRESHOLD_NAMES", "threshold", "threshold_ball"]

THRESHOLD_NAMES = tuple(THRESHOLDS)
MAX_DIGITS = 120


def _tail(x: arb) -> arb:
    return (x / arb(2).sqrt()).erfc() / 2


def _density(x: arb) -> arb:
    return (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def _entropy(p: arb) -> arb:
    return -(p * p.log() + (1 - p) * (1 - p).log()) / arb(2).log()


_FUNCTIONS: dict[str, tuple[Callable[[arb], arb], Callable[[arb], arb], str]] = {
    "mean-direction": (lambda s: _tail(s) - s * s, lambda s: 1 / (s * s), "0.54"),
    "cell-union": (lambda p: _entropy(p) - arb("0.5"), lambda p: 1 / p, "0.11"),
    "gordon": (lambda t: t * _density(t) + 2 * _tail(t) - arb("0.5"), lambda t: 1 / _tail(t), "1.12"),
}


def threshold_ball(name: str, digits: int = 30) -> Any:
    """A ball (python-flint `arb`) that contains the constant, of radius below 10**-digits."""
    with ctx.workprec(_bits(digits)):
        below, above = _bracket(name, digits + 3)
        value = _FUNCTIONS[name][1]
        return value(arb(below)).union(value(arb(above)))


def threshold(name: str, digits: int = 30) -> SignChange:
    """A certificate that the constant lies in an interval of width below 10**(1-digits).

    Parameters
    ----------
    name
        ``mean-direction`` (3.40281622...), ``gordon`` (7.64769493...) or ``cell-union`` (9.08860682...); see
        `pepkit.kernel.random_injectivity` for the definitions.
    digits
        Decimals after the point, 1 to 120.
    """
    ball = threshold_ball(name, digits)
    with ctx.workprec(_bits(digits)):
        scale = 10**digits
        low = fmpq((ball.lower() * scale).floor().unique_fmpz() or fmpz(0), scale)
        high = fmpq((ball.upper() * scale).ceil().unique_fmpz() or fmpz(0), scale)
        below, above = _bracket(name, digits + 6)
    if not 0 < low < high:
        raise ClaimError(f"the precision was too low for {digits} digits of {name}")
    claim = InjectivityThreshold(name, low, high)
    return SignChange(claim, below, above, {"method": "ball arithmetic", "digits": digits})


def _bits(digits: int) -> int:
    if not 1 <= digits <= MAX_DIGITS:
        raise ClaimError(f"between 1 and {MAX_DIGITS} digits, not {digits}")
    return 128 + 8 * digits


def _bracket(name: str, digits: int) -> tuple[fmpq, fmpq]:
    """Rationals below and above the zero, 2 * 10**-digits apart, found by the secant method."""
    if name not in _FUNCTIONS:
        raise ClaimError(f"unknown threshold {name!r}; known are {', '.join(THRESHOLD_NAMES)}")
    function, _, start = _FUNCTIONS[name]
    x = arb(start)
    y = x + arb("0.001")
    for _ in range(60):
        step = (function(y) * (y - x) / (function(y) - function(x))).mid()
        x, y = y.mid(), (y - step).mid()
        if abs(step) < arb(10) ** (-2 * digits):
            break
    scale = 10**digits
    nearest = (y * scale).mid().floor().unique_fmpz()
    if nearest is None:
        raise ClaimError(f"the zero of {name} was not found")
    return fmpq(nearest - 1, scale), fmpq(nearest + 2, scale)
