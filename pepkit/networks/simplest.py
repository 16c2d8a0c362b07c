"""The simplest rational number of an interval."""

from __future__ import annotations

from flint import fmpq

from pepkit.kernel.networks import ZERO

__all__ = ["simplest_between"]


def simplest_between(low: fmpq, high: fmpq) -> fmpq:
    """The rational of smallest denominator in [low, high] (Stern and Brocot)."""
    if low <= 0 <= high:
        return ZERO
    if high < 0:
        return -simplest_between(-high, -low)
    whole = fmpq(int(low.p) // int(low.q))
    if whole == low:
        return low
    if whole + 1 <= high:
        return whole + 1
    return whole + 1 / simplest_between(1 / (high - whole), 1 / (low - whole))
