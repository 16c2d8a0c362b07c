"""Certificates of min_i |grad f(x_i)|^2 over f(x_0) - inf f on hypoconvex functions, any steps, without a solver.

L = 1, curvature at least -k, 0 < k <= 1. One step of length h satisfies

    f_i - f_(i+1) >= alpha(h) |g_i|^2 + beta(h) |g_(i+1)|^2 (+ a square for h < 1).

- 1 <= h, (1 - k) h < 2: 1 + s times the inequality (i, i+1) and s times (i+1, i), s = (h - 1)/D, D = 2 - (1 - k) h,
  have no product of g_i and g_(i+1): beta = h/(2 D), alpha = beta (3 - 2 (1 - k) h - k h^2).
- h <= 1: the inequality (i, i+1) alone; its product is half the square of g_i - g_(i+1) times (1 - h)/(1 + k), and
  beta = h/(2 (1 + k)), alpha = beta (1 + 2 k - k h).

With f_N - inf f >= |g_N|^2/2 the sum is f_0 - inf f >= sum_i w_i |g_i|^2, w_0 = alpha(h_0),
w_i = beta(h_(i-1)) + alpha(h_i), w_N = beta(h_(N-1)) + 1/2. Where all w_i >= 0 the rate is
1/sum w_i = 1/(1/2 + sum p(h_i)), p = alpha + beta: the constant of Rotaru, Glineur, Patrinos 2406.17506 for one step.
Only the first step has to be as short as theirs; a later one is held by the step before it.

**Worst case.** For steps between 1 and 2 let f_j have f' = 1 at x_0, slope -k until x_j and slope 1 from there on,
j = 0, .., N. A mixture (orthogonal directions, weights v_j) in which all |g_i| are equal has the ratio of the rate,
because every inequality above is an equality for every f_j. Where the weights are not negative the rate is sharp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pepkit.algebra import exact, realise, to_float
from pepkit.kernel import (
    Certificate,
    CertificateError,
    ClaimError,
    InitialCondition,
    Measure,
    MethodClaim,
    UndecidedError,
    Witness,
    check,
)
from pepkit.kernel.witness import check_witness
from pepkit.pep.claims import gradient_descent

__all__ = ["hypoconvex_certificate", "hypoconvex_rate"]

MAX_STEPS = 128
SHARP_STEPS = 32
"""Most steps for which the mixture of worst cases is attached: it has (N + 1)^2 coordinates."""


def hypoconvex_certificate(schedule: Iterable[Any], *, mu: Any, L: Any = None) -> Certificate | None:
    """The rate 1/(1/2 + sum p(h_i)) of the smallest gradient; None where the sum has a negative part.

    Parameters
    ----------
    schedule
        Exact steps h_i > 0 in units of 1/L, at most 128.
    mu, L
        mu/L between -1 and 0 (as ``"-L/10"`` or a number), L or None for every L > 0.

    Raises
    ------
    ClaimError
        For mu >= 0, and for numbers that are not exact.
    """
    claim = gradient_descent(
        schedule, L="L" if L is None else L, mu=mu, measure=Measure.SMALLEST_GRADIENT_NORM,
        initial=InitialCondition.FUNCTION_VALUE,
    )  # fmt: skip
    field = claim.field
    curvature = -claim.function_class.mu_over_L
    if field.sign(curvature) <= 0:
        raise ClaimError("this form is for hypoconvex functions, mu < 0")
    steps = claim.method.steps  # type: ignore[union-attr]
    if not 1 <= len(steps) <= MAX_STEPS:
        return None
    one = field.coerce(1)
    found = _weights(field, steps, curvature)
    if found is None:
        return None
    weights, backward = found
    interpolation: dict[tuple[int, ...], Any] = {}
    for i, back in enumerate(backward):
        interpolation[i, i + 1] = one + back
        if back:
            interpolation[i + 1, i] = back
    rate = one / sum(weights[1:], weights[0])
    multipliers: dict[str, dict[tuple[int, ...], Any]] = {
        "interpolation": {index: rate * value for index, value in sorted(interpolation.items())},
        "infimum": {(len(steps),): rate},
        "smallest-gradient": {(i,): rate * w for i, w in enumerate(weights) if w},
    }
    origin = {"method": "closed form", "source": "Rotaru, Glineur, Patrinos 2406.17506, with different steps"}
    certificate = Certificate(claim.with_rate(rate), multipliers, (), None, origin)
    try:
        check(certificate)
    except (CertificateError, UndecidedError):
        return None
    witness = _mixture(claim, steps, curvature) if len(steps) <= SHARP_STEPS else None
    return certificate if witness is None else Certificate(claim.with_rate(rate), multipliers, (), witness, origin)


def hypoconvex_rate(schedule: Iterable[Any], *, mu: Any) -> float | None:
    """The rate that `hypoconvex_certificate` proves, over L (f(x_0) - inf f); None where it proves none."""
    numbers = [exact(h) for h in schedule]
    field, (ratio, *steps) = realise([exact(mu), *numbers])
    if field.sign(ratio) >= 0:
        raise ClaimError("this form is for hypoconvex functions, mu < 0")
    try:
        found = _weights(field, steps, -ratio)
    except UndecidedError:
        return None
    return None if found is None else to_float(field, field.coerce(1) / sum(found[0][1:], found[0][0]))


class _NoFormError(Exception):
    pass


def _weights(field: Any, steps: Sequence[Any], k: Any) -> tuple[list[Any], list[Any]] | None:
    """w_0, .., w_N and the multipliers of the inequalities backwards; None if a weight is negative."""
    try:
        parts = [_step(field, h, k) for h in steps]
    except _NoFormError:
        return None
    weights = [field.coerce(0)] * (len(steps) + 1)
    for i, (_, alpha, beta) in enumerate(parts):
        weights[i] = weights[i] + alpha
        weights[i + 1] = weights[i + 1] + beta
    weights[-1] = weights[-1] + field.coerce(1) / 2
    if any(field.sign(w) < 0 for w in weights):
        return None
    return weights, [back for back, _, _ in parts]


def _step(field: Any, h: Any, k: Any) -> tuple[Any, Any, Any]:
    """The multiplier of the inequality backwards, alpha and beta of one step."""
    if field.sign(h) <= 0:
        raise _NoFormError
    if field.sign(h - 1) <= 0:
        beta = h / (2 * (1 + k))
        return field.coerce(0), beta * (1 + 2 * k - k * h), beta
    divisor = 2 - (1 - k) * h
    if field.sign(divisor) <= 0:
        raise _NoFormError
    beta = h / (2 * divisor)
    return (h - 1) / divisor, beta * (3 - 2 * (1 - k) * h - k * h * h), beta


def _mixture(claim: MethodClaim, steps: Sequence[Any], k: Any) -> Witness | None:
    """The functions f_j in orthogonal directions, weighted so that all gradients have the norm 1."""
    field, count = claim.field, len(steps)
    if any(field.sign(h - 1) < 0 or field.sign(h - 2) > 0 for h in steps):
        return None
    one, half = field.coerce(1), field.coerce(1) / 2
    gradients, values = [], []
    for j in range(count + 1):
        slopes: list[Any] = [one]
        heights: list[Any] = []
        for i, h in enumerate(steps):
            before = slopes[-1]
            slopes.append(before * (1 + k * h) if i < j else before * (1 - h))
        # from the kink on f = (x - x_*)^2/2; before it f' is affine between neighbours
        for i in range(count, -1, -1):
            square = slopes[i] * slopes[i] * half
            drop = steps[i] * slopes[i] * (slopes[i] + slopes[i + 1]) * half if i < j else None
            heights.append(square if drop is None else heights[-1] + drop)
        gradients.append(slopes)
        values.append(heights[::-1])
    weights = _balancing(field, steps, k)
    if any(field.sign(w) < 0 for w in weights):
        return None
    scalars = [sum((w * values[j][i] for j, w in enumerate(weights)), field.coerce(0)) for i in range(count + 1)]
    coordinates = tuple(tuple(gradients[j][i] for j in range(count + 1)) for i in range(count + 1))
    witness = Witness(coordinates, (*scalars, one), tuple(weights))
    try:
        check_witness(claim.statement(), witness)
    except (CertificateError, UndecidedError):
        return None
    return witness


def _balancing(field: Any, steps: Sequence[Any], k: Any) -> list[Any]:
    """Weights v_j with sum_j v_j |g_i|^2 = 1 for every i.

    Before its kink all f_j have the gradient G_i = (1 + k h_0) .. (1 + k h_(i-1)), behind it a factor 1 - h_i for every
    step. So with the sum S of the weights that are left and the part T of the others, row after row has one unknown.
    """
    one = field.coerce(1)
    left, behind, size = one, field.coerce(0), one
    weights = []
    for h in steps:
        grown, shrunk = size * (1 + k * h) ** 2, (1 - h) ** 2
        weight = (grown * left + shrunk * behind - one) / (grown - shrunk * size)
        weights.append(weight)
        left, behind, size = left - weight, shrunk * (behind + weight * size), grown
    return [*weights, left]
