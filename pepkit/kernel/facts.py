"""What claims without a rate have in common: no statement about a Gram matrix, and a proof without data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flint import ctx, fmpq, fmpz

from pepkit.kernel import reading
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import ClaimError, UndecidedError
from pepkit.kernel.numbers import RATIONALS, Field
from pepkit.kernel.statement import Statement

__all__ = ["FactClaim", "RationalFact", "between_text", "decide", "no_data"]

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


def between_text(low: fmpq, high: fmpq, digits: int) -> tuple[str, str]:
    """Decimals with at most `digits` significant digits, the first at most `low`, the second at least `high`.

    A theorem that prints the ends of an enclosure rounded to the nearest decimal could exclude the enclosed number.
    """
    return _decimal(low, digits, up=False), _decimal(high, digits, up=True)


def _decimal(value: fmpq, digits: int, up: bool) -> str:
    """The decimal with `digits` significant digits next to the value, at least the value if `up`, else at most."""
    if not value:
        return "0"
    numerator, denominator = abs(int(value.p)), int(value.q)
    # 10^exponent <= |value| < 10^(exponent + 1); fmpz writes long integers
    exponent = len(str(fmpz(numerator))) - len(str(fmpz(denominator)))
    if numerator * 10 ** max(-exponent, 0) < denominator * 10 ** max(exponent, 0):
        exponent -= 1
    shift = digits - 1 - exponent
    scaled, rest = divmod(numerator * 10 ** max(shift, 0), denominator * 10 ** max(-shift, 0))
    text = str(scaled + (1 if rest and up == (value > 0) else 0))
    exponent += len(text) - digits
    sign, text = "" if value > 0 else "-", text.rstrip("0")
    if not -5 <= exponent < digits:
        return f"{sign}{text[0]}{'.' if text[1:] else ''}{text[1:]}e{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{text}"
    text = text.ljust(exponent + 1, "0")
    whole, part = text[: exponent + 1], text[exponent + 1 :]
    return f"{sign}{whole}{'.' if part else ''}{part}"


def no_data(data: Mapping[str, Any]) -> None:
    """Refuse a proof with members: the kernel computes everything from the claim."""
    reading.fields(data, "the proof", ("kind",))
