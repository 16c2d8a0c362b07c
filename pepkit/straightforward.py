"""Straightforward patterns from user's words: the published ones, the search for a threshold, the theorem."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import fmpq

from pepkit.algebra import exact, realise
from pepkit.kernel import (
    RATIONALS,
    ClaimError,
    PepkitError,
    StraightforwardClaim,
    StraightforwardProof,
    Theorem,
    check,
    save,
)
from pepkit.kernel.words import decimal_text
from pepkit.rounding import RoundingError
from pepkit.rounding.settings import silent
from pepkit.rounding.straightforward import straightforward_certificate
from pepkit.rounding.straightforward_limit import THRESHOLDS, long_straightforward_certificate

__all__ = ["CertifiedPattern", "PatternError", "published_pattern", "published_patterns", "straightforward"]

Progress = Callable[[str, str], None]

_BLOCK = ("1.4", "2", "1.4", "3.9", "1.4", "2", "1.4")
LONG = 32
"""Patterns of this length and more are sought with one small matrix in place of two, if no threshold is asked for."""
LONGEST_WITH_THRESHOLD = 63
"""Beyond it the program for a given threshold takes too long, and the one for small thresholds is used."""
_THRESHOLDS = ("1/10000", "1/100000", "1/1000000", "1/10000000")
"""Tried in this order where the user names none."""


def _mirrored(half: Sequence[str], centre: str) -> tuple[str, ...]:
    return (*half, centre, *half)


def _published() -> dict[int, tuple[str, ...]]:
    quarter = _mirrored(_mirrored(_BLOCK, "7.2"), "14.2")
    eighth = _mirrored(_mirrored(_BLOCK, "7.2"), "12.6")
    return {
        2: ("2.99", "1.5"),
        3: ("1.5", "4.9", "1.5"),
        7: _mirrored(("1.5", "2.2", "1.5"), "12"),
        15: _mirrored(("1.4", "2", "1.4", "4.5", "1.4", "2", "1.4"), "29.7"),
        31: _mirrored(_mirrored(_BLOCK, "8.2"), "72.3"),
        63: _mirrored(quarter, "164"),
        127: _mirrored(_mirrored(eighth, "23.5"), "370"),
    }


def published_patterns() -> tuple[int, ...]:
    """Lengths of the patterns of Grimmer 2307.06324."""
    return tuple(_published())


def published_pattern(length: int) -> tuple[fmpq, ...]:
    """The pattern of this length of Grimmer 2307.06324, exact; length 2 is (3 - eta, 3/2) with eta = 1/100."""
    patterns = _published()
    if length not in patterns:
        raise ClaimError(f"there is no published pattern of length {length}; known are {', '.join(map(str, patterns))}")
    return tuple(exact(h).value for h in patterns[length])


class PatternError(PepkitError):
    """No certificate of a pattern was found. `attempts` lists the thresholds that were tried."""

    def __init__(self, message: str, attempts: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.attempts = list(attempts)


@dataclass(frozen=True)
class CertifiedPattern:
    """A straightforward pattern with its proof.

    `average` is the average step S/t; the repeated pattern has the rate (1/average) L R^2/T + O(1/T^2).
    """

    certificate: StraightforwardProof
    theorem: Theorem
    seconds: float

    @property
    def claim(self) -> StraightforwardClaim:
        """The pattern and its threshold."""
        return self.certificate.claim

    @property
    def average(self) -> Any:
        """The average step, exact."""
        return 1 / self.claim.rate

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate to a file."""
        save(self.certificate, path)

    def __str__(self) -> str:
        field = self.claim.field
        lines = [
            str(self.theorem),
            f"Average step {field.text(self.average)} = {decimal_text(field, self.average, 9)}.",
            *(f"- {line}" for line in self.theorem.checks),
            f"Time {self.seconds:.2f} s",
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        return f'<div class="pepkit"><pre>{escape(str(self))}</pre></div>'


def straightforward(
    pattern: int | Sequence[Any],
    threshold: Any = None,
    *,
    solver: str = "auto",
    progress: Progress | None = None,
) -> CertifiedPattern:
    """Prove that a pattern of steps is straightforward (Grimmer 2307.06324).

    Parameters
    ----------
    pattern
        Rational steps in units of 1/L, or the length of a published pattern.
    threshold
        The threshold of the definition, exact; by default the largest of 1e-4, 1e-5, 1e-6, 1e-7 that works, and for
        patterns of 32 steps and more the largest of 1e-4, .., 1e-16 that works with multipliers for the limit zero.
        A larger threshold only means that the rate sets in earlier; the average step does not depend on it.
    solver
        Numerical solver, ``"auto"``: Clarabel, and for long patterns the structured one. It only suggests; the kernel
        decides.
    progress
        Called with (stage, detail).

    Raises
    ------
    ClaimError
        For steps that are not rational, a sum that is not positive, a threshold outside (0, 1/(2 sum)].
    PatternError
        If no certificate was found for any threshold that was tried.
    """
    begin = time.perf_counter()
    numbers = [exact(h) for h in (published_pattern(pattern) if isinstance(pattern, int) else pattern)]
    field, steps = realise(numbers)
    if field != RATIONALS:
        raise ClaimError("certificates of straightforward patterns need rational steps here; round yours down")
    if len(steps) > LONGEST_WITH_THRESHOLD or (len(steps) >= LONG and threshold is None):
        return _long(tuple(steps), threshold, solver, progress or silent, begin)
    attempts: list[str] = []
    for value in _THRESHOLDS if threshold is None else (threshold,):
        number = exact(value)
        if not number.is_rational:
            raise ClaimError(f"the threshold is a rational number, not {value}")
        claim = StraightforwardClaim(RATIONALS, tuple(steps), number.value)
        try:
            proof = straightforward_certificate(claim, "clarabel" if solver == "auto" else solver, progress or silent)
        except RoundingError as error:
            attempts.append(f"threshold {value}: {error}")
            continue
        return _finished(proof, begin)
    raise PatternError(
        "no certificate of the pattern was found: long steps may be too long for its short ones, or the threshold "
        "too large for this length",
        attempts,
    )


def _long(steps: tuple[Any, ...], threshold: Any, solver: str, progress: Progress, begin: float) -> CertifiedPattern:
    wanted = THRESHOLDS
    if threshold is not None:
        number = exact(threshold)
        if not number.is_rational:
            raise ClaimError(f"the threshold is a rational number, not {threshold}")
        wanted = (number.value,)
    # at the largest thresholds the claim makes no sense for a large sum
    total = sum(steps, fmpq(0))
    sensible = [value for value in wanted if threshold is not None or 2 * total * value <= 1]
    claims = [StraightforwardClaim(RATIONALS, steps, value) for value in sensible]
    try:
        proof = long_straightforward_certificate(claims, "structured" if solver == "auto" else solver, progress)
    except RoundingError as error:
        raise PatternError(f"no certificate of the pattern was found: {error}", [str(error)]) from None
    return _finished(proof, begin)


def _finished(proof: StraightforwardProof, begin: float) -> CertifiedPattern:
    seconds = time.perf_counter() - begin
    proof = replace(proof, provenance={**proof.provenance, "seconds": f"{seconds:.2f}"})
    return CertifiedPattern(proof, check(proof), seconds)
