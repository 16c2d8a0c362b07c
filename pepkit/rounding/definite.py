"""Rational certificates from closed forms whose numbers lie in no small field; no solver.

A closed form leaves a residual of low rank, so rounding its multipliers makes the residual indefinite. Here a small
multiple of an explicit combination of inequalities with a *definite* residual is added first, at the price of a
slightly larger rate. For N steps x_p = x_0 - sum_k H_pk g_k, with u = x_0 - x_* and positive weights w_p, it is

    |u|^2 - sum_p w_p (Q_p* + Q_*p)  >=  |u|^2 + sum_p w_p (|g_p|^2 - <g_p, u - sum_k H_pk g_k>)

where the rate is over |x_0 - x_*|^2, and

    f_0 - f_*  - (1/2) Q_0* - sum_(p > 0) w_p (Q_p* + Q_0p)  (+ more of Q_0*, so that function values cancel)

where it is over f(x_0) - f_*. Both are definite for weights that fall fast enough: w_p is a quarter of the largest that
keeps the matrix of the first p + 1 vectors definite. Function values cancel exactly because the multipliers of the
minimiser are not rounded but computed from the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import flint
from flint import arb, fmpq, fmpz

from pepkit.kernel import (
    Certificate,
    CertificateError,
    ClaimError,
    FixedStepMethod,
    InitialCondition,
    Measure,
    MethodClaim,
    UndecidedError,
    check,
)
from pepkit.kernel.proximal import ProximalClaim
from pepkit.kernel.statement import Index
from pepkit.rounding.relaxed import simplest_between
from pepkit.rounding.settings import Progress, RoundingError, silent

__all__ = ["DEFINITE_TOLERANCE", "definite_certificate"]

DEFINITE_TOLERANCE = fmpq(1, 10**9)
"""Relative excess of the rate over the worst case of the closed form."""
MAX_BITS = 4096
_PRECISION = 512
_GUARD_BITS = (24, 56, 120, 248)
"""Bits beyond the smallest weight, tried in this order."""

_SUPPORTED = (Measure.FUNCTION_VALUE, Measure.GRADIENT_NORM, Measure.DISTANCE)


def definite_certificate(
    claim: MethodClaim | ProximalClaim,
    multipliers: Mapping[Index, Any],
    worst: fmpq,
    *,
    tolerance: fmpq = DEFINITE_TOLERANCE,
    provenance: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> Certificate:
    """A certificate with rational multipliers that the kernel has accepted.

    Parameters
    ----------
    claim
        The question, convex or strongly convex, or about the relaxed proximal point method (whose inequalities are
        those of gradient descent on the Moreau envelope); initial condition |x_0 - x_*|^2 or f(x_0) - f_*. A rate is
        ignored.
    multipliers
        Of the interpolation inequalities of the closed form, index -> rational number, much more precise than
        `tolerance` (some 10 + 3N digits); N + 1 stands for x_*.
    worst
        The rate of the closed form, equally precise.
    tolerance
        Largest relative excess of the rate over `worst`.

    Raises
    ------
    RoundingError
        If the closed form does not hold for the claim, or its numbers are not precise enough.
    ClaimError
        For a claim of another kind.
    """
    if claim.measure not in _SUPPORTED or claim.initial is InitialCondition.GRADIENT_NORM or not claim.has_minimiser:
        raise ClaimError("closed forms are rounded for f(x_N), |grad f(x_N)|^2 and |x_N-x_*|^2 of convex functions")
    low = Fraction(int(worst.p), int(worst.q))
    size = Fraction(int(tolerance.p), int(tolerance.q))
    chosen = simplest_between(low * (1 + size / 2), low * (1 + size))
    rate = fmpq(chosen.numerator, chosen.denominator)
    proved = claim.with_rate(claim.field.coerce(rate))
    interior = _interior(claim)
    scale = rate - worst
    least = min(interior.values()) * scale
    start = int(least.q).bit_length() - int(least.p).bit_length()
    failure = "nothing was tried"
    for guard in _GUARD_BITS:
        bits = start + guard
        if bits > MAX_BITS:
            raise RoundingError(f"the closed form needs multipliers of {bits} bits; the limit is {MAX_BITS}")
        progress("round", f"closed form to {bits} bits")
        values = {index: _dyadic(value, bits) for index, value in multipliers.items()}
        for index, value in interior.items():
            values[index] = values.get(index, fmpq(0)) + _dyadic(scale * value, bits)
        balanced = _balanced(proved, values, rate)
        if balanced is None:
            failure = f"at {bits} bits, a multiplier is negative"
            continue
        data = {"method": "closed form, rounded", "bits": bits, **(provenance or {})}
        certificate = Certificate(proved, {"interpolation": balanced}, (), None, data)
        try:
            check(certificate)
        except (CertificateError, UndecidedError) as error:
            failure = f"at {bits} bits, {error}"
            continue
        return certificate
    raise RoundingError(f"the closed form was not rounded to a certificate: {failure}")


def _dyadic(value: Any, bits: int) -> fmpq:
    """The nearest multiple of 2^-bits."""
    scale = fmpz(1) << bits
    return fmpq((fmpq(value) * scale + fmpq(1, 2)).floor(), scale)


def _rows(claim: MethodClaim | ProximalClaim) -> list[list[arb]]:
    """H_p of every point p = 0..N: what is subtracted from x_0."""
    field = claim.field

    def ball(value: Any) -> arb:
        low, high = field.scaled_enclosure(value, _PRECISION)
        return arb(fmpq(low + high, 2)) / arb(2) ** _PRECISION

    if isinstance(claim.method, FixedStepMethod):
        return [[]] + [[ball(h) for h in row] for row in claim.method.matrix]
    steps = [ball(h) for h in claim.method.steps]
    return [steps[:p] for p in range(len(steps) + 1)]


def _interior(claim: MethodClaim | ProximalClaim) -> dict[Index, fmpq]:
    """Multipliers of the combination of the module, without those that follow from the balance of function values."""
    with flint.ctx.workprec(_PRECISION):
        rows = _rows(claim)
        distance = claim.initial is InitialCondition.DISTANCE
        # a Cholesky factor of the matrix in the vectors u, g_0, .. (or g_0, g_1, ..), row by row
        factor: list[list[arb]] = [[arb(1)]] if distance else [[arb(1) / 2]]
        star = claim.steps + 1
        weights: dict[Index, fmpq] = {}
        for p, row in enumerate(rows):
            if distance:
                cross = [arb(-1) / 2, *(h / 2 for h in row)]
            elif p == 0:
                continue
            else:
                cross = [h / 2 for h in row]
                cross[0] = cross[0] - arb(1) / 2
            solved = _forward(factor, cross)
            square = sum((a * a for a in solved), arb(0))
            largest = 1 / square if square > 0 else arb(1)
            # the rest of f_0 must stay positive, so all weights together are below a half
            weight = _short((largest / 4).min(arb(1) / (4 * len(rows))))
            w = arb(weight)
            factor.append([*(w * a for a in solved), (w - w * w * square).sqrt()])
            # Q_*p and Q_p* have the same weight, and so have Q_p* and Q_0p; the balance finds the one left out
            weights[(p, star) if distance else (0, p)] = weight
        return weights


def _forward(factor: list[list[arb]], cross: list[arb]) -> list[arb]:
    """L^-1 c by forward substitution."""
    solved: list[arb] = []
    for row, entry in zip(factor, cross, strict=True):
        rest = entry - sum((a * b for a, b in zip(row, solved, strict=False)), arb(0))
        solved.append((rest / row[len(solved)]).mid())
    return solved


def _short(value: arb) -> fmpq:
    """A power of two just below a positive number."""
    mantissa, exponent = value.mid().man_exp()
    return fmpq(2) ** (int(exponent) + int(mantissa).bit_length() - 1)


def _balanced(claim: MethodClaim | ProximalClaim, values: dict[Index, fmpq], rate: fmpq) -> dict[Index, Any] | None:
    """The multipliers with those that cancel all function values; None if one of them is negative."""
    count = claim.steps
    star = count + 1
    distance = claim.initial is InitialCondition.DISTANCE
    kept = {index: value for index, value in values.items() if index[0 if distance else 1] != star}
    excess = [fmpq(0)] * (count + 1)
    if claim.measure is Measure.FUNCTION_VALUE:
        excess[count] -= 1
    if not distance:
        excess[0] += rate
    for (i, j), value in kept.items():
        if i != star:
            excess[i] -= value
        if j != star:
            excess[j] += value
    # the coefficient of f_p is excess[p] plus the multiplier of Q_*p, or minus that of Q_p*
    for p, value in enumerate(excess):
        if distance:
            kept[star, p] = -value
        else:
            kept[p, star] = value
    if any(value < 0 for value in kept.values()):
        return None
    coerce = claim.field.coerce
    return {index: coerce(value) for index, value in sorted(kept.items()) if value}
