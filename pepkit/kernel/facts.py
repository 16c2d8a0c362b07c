"""What claims without a rate have in common: no statement about a Gram matrix, and a proof without data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flint import ctx

from pepkit.kernel import reading
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import ClaimError, UndecidedError
from pepkit.kernel.numbers import RATIONALS, Field
from pepkit.kernel.statement import Statement

__all__ = ["FactClaim", "RationalFact", "decide", "no_data"]

MAX_PRECISION = 1 << 12
"""Most bits of ball arithmetic before a comparison counts as undecided."""


class FactClaim(Claim):
    """A claim that is no bound on a worst case: it has no rate and no statement."""

    rate: Any = None

    def statement(self) -> Statement:
        raise ClaimError("this claim is not a statement about a Gram matrix")

    def with_rate(self, rate: Any) -> Claim:
        raise ClaimError("this claim has no rate")


class RationalFact(FactClaim):
    """A fact over the rationals."""

    field: Field = RATIONALS


def decide(test: Callable[[], bool | None]) -> bool:
    """The answer of `test` at the first precision of ball arithmetic at which it is not None.

    The precision of flint is set for each call and restored. UndecidedError at `MAX_PRECISION`.
    """
    before = ctx.prec
    bits = 128
    try:
        while bits <= MAX_PRECISION:
            ctx.prec = bits
            answer = test()
            if answer is not None:
                return answer
            bits *= 2
    finally:
        ctx.prec = before
    raise UndecidedError(f"{MAX_PRECISION} bits of precision do not decide an end of the enclosure")


def no_data(data: Mapping[str, Any]) -> None:
    """Refuse a proof with members: the kernel computes everything from the claim."""
    reading.fields(data, "the proof", ("kind",))
