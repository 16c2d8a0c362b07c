"""The low-rank certificate of the optimal constant step (Grimmer, Shu, Wang 2410.16249; Zhang 2605.11421), no solver.

At the root h > 1 of (1 - h)^(2N) (1 + 2Nh) = 1 the rate of f(x_N) - f_* is r = 1/(4Nh + 2), attained by a Huber
function and by the quadratic. Multipliers lambda_(*,j) = c_j, lambda_(i,i+1) = a_i, lambda_(i+1,i) = b_i and
lambda_(ij) = d_i c_j for j >= i + 2 leave one square, r |x_0 - x_* - sum c_i g_i/(2r)|^2. Comparing coefficients gives,
with lambda assembled from them,

    c_i = 2r (h - d_i + h (d_0 + .. + d_i))                                             i <= N - 2
    c_i - [i = N] = sum_k lambda_ik - sum_k lambda_ki                                   (f_i)
    c_i/2 - c_i^2/(4r) = h lambda_(i+1,i) - (1/2) sum_k (lambda_ik + lambda_ki)         (|g_i|^2)
    h c_(i+1) - c_i c_(i+1)/(2r) = lambda_(i,i+1) + lambda_(i+1,i) - h sum_(k<=i) lambda_(k,i+1)   (<g_i, g_(i+1)>)

4N + 1 equations, two of them redundant, for 4N - 1 unknowns. They are solved for 2, 3, .., N steps, each from the
solution before, then to high precision; `pepkit.rounding.definite` rounds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq
from scipy import optimize

from pepkit.algebra import Real, to_float
from pepkit.kernel import Certificate, ClaimError, RadicalField
from pepkit.kernel.statement import Index
from pepkit.pep.claims import gradient_descent
from pepkit.rounding.definite import definite_certificate
from pepkit.rounding.settings import Progress, RoundingError, silent

__all__ = ["MAX_STEPS", "optimal_constant_certificate"]

MAX_STEPS = 32
"""The step is an algebraic number of degree 2N - 1, and fields have degree up to 64."""
PRECISION = 640
_ROUNDS = 60
_ACCURACY = arb(2) ** -480


def optimal_constant_certificate(step: Real, steps: int, *, L: Any = None, progress: Progress = silent) -> Certificate:
    """The certificate of the optimal constant step, with a rational rate just above 1/(4Nh + 2).

    Parameters
    ----------
    step
        h, the root above; `pepkit.schedules.optimal_constant` gives it.
    steps
        N, from 1 to 32.
    L
        Exact, or None for every L > 0.

    Raises
    ------
    ClaimError
        For another step, or a number of steps out of range.
    RoundingError
        If the system is not solved.
    """
    if not 1 <= steps <= MAX_STEPS:
        raise ClaimError(f"the low-rank certificate is for 1 to {MAX_STEPS} steps, not {steps}")
    claim = gradient_descent([step] * steps, L="L" if L is None else L)
    if isinstance(claim.field, RadicalField):
        raise ClaimError("the optimal constant step is a rational or algebraic number")
    h = claim.field.coerce(claim.method.steps[0])  # type: ignore[union-attr]
    if (1 - h) ** (2 * steps) * (1 + 2 * steps * h) != 1 or to_float(claim.field, h) <= 1:
        raise ClaimError("the step is not the optimal constant one, the root h > 1 of (1-h)^(2N) (1+2Nh) = 1")
    progress("solve", f"{4 * steps - 1} equations of the low-rank certificate")
    low, high = claim.field.scaled_enclosure(h, PRECISION + 40)
    with flint.ctx.workprec(PRECISION):
        exact_step = (arb(fmpq(low + high, 2)) / arb(2) ** (PRECISION + 40)).mid()
        rate = 1 / (4 * steps * exact_step + 2)
        values = _assembled(steps, _refined(steps, exact_step, rate))
        multipliers = {index: _rational(value) for index, value in values.items()}
        worst = _rational(rate)
    data = {"schedule": "optimal-constant", "source": "Grimmer, Shu, Wang 2410.16249"}
    return definite_certificate(claim, multipliers, worst, provenance=data, progress=progress)


def _rational(value: arb) -> fmpq:
    mantissa, exponent = value.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _parts(steps: int, z: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any], Sequence[Any]]:
    """d_0 .. d_(N-2), c_0 .. c_N, a_0 .. a_(N-1), b_0 .. b_(N-2)."""
    n = steps
    return z[: n - 1], z[n - 1 : 2 * n], z[2 * n : 3 * n], z[3 * n : 4 * n - 1]


def _assembled(steps: int, z: Sequence[Any]) -> dict[Index, Any]:
    """The multipliers by index pair; N + 1 is the minimiser."""
    d, c, a, b = _parts(steps, z)
    values: dict[Index, Any] = {(i, i + 1): a[i] for i in range(steps)}
    values |= {(i + 1, i): b[i] for i in range(steps - 1)}
    values |= {(i, j): d[i] * c[j] for i in range(steps - 1) for j in range(i + 2, steps + 1)}
    values |= {(steps + 1, j): c[j] for j in range(steps + 1)}
    return values


def _residuals(steps: int, z: Sequence[Any], h: Any, r: Any) -> list[Any]:
    """The equations of the module in this order; numbers of any arithmetic."""
    n = steps
    d, c, _, _ = _parts(n, z)
    pairs = {index: value for index, value in _assembled(n, z).items() if index[0] != n + 1}
    out, into = [0 * h] * (n + 1), [0 * h] * (n + 1)
    for (i, j), value in pairs.items():
        out[i] = out[i] + value
        into[j] = into[j] + value
    result, total = [], 0 * h
    for i in range(n - 1):
        total = total + d[i]
        result.append(c[i] - 2 * r * (h - d[i] + h * total))
    for i in range(n + 1):
        result.append(c[i] - (1 if i == n else 0) - out[i] + into[i])
        back = pairs.get((i + 1, i), 0 * h)
        result.append(c[i] / 2 - c[i] * c[i] / (4 * r) + (out[i] + into[i]) / 2 - h * back)
    for i in range(n):
        earlier = into[i + 1] - sum((pairs.get((k, i + 1), 0 * h) for k in range(i + 2, n + 1)), 0 * h)
        both = pairs[i, i + 1] + pairs.get((i + 1, i), 0 * h)
        result.append(h * c[i + 1] - c[i] * c[i + 1] / (2 * r) + h * earlier - both)
    return result


@lru_cache(maxsize=64)
def _floats(steps: int) -> tuple[float, ...]:
    """The solution in floats, by continuation in N."""
    h = optimize.brentq(lambda x: (2 * steps * x + 1) * (1 - x) ** (2 * steps) - 1, 1.2, 2, xtol=1e-15)
    r = 1 / (4 * steps * h + 2)
    if steps == 1:
        return (0.5, 0.5, 0.5)[: 4 * steps - 1]
    guess = _stretched(steps, _floats(steps - 1))
    found = optimize.least_squares(
        lambda z: np.array(_residuals(steps, list(z), h, r)), guess, bounds=(0, np.inf), xtol=1e-15, ftol=1e-15,
        gtol=1e-15, max_nfev=400,
    )  # fmt: skip
    if found.cost > 1e-18 or found.x.min() <= 0:
        raise RoundingError(f"the system of the low-rank certificate for {steps} steps is not solved")
    return tuple(float(value) for value in found.x)


def _stretched(steps: int, before: Sequence[float]) -> np.ndarray:
    """A guess for N steps from the solution for N - 1."""
    if steps == 2:
        return np.array([0.3, *([1 / 3] * 3), 0.25, 0.5, 0.05])
    sizes = (steps - 1, steps + 1, steps, steps - 1)
    scales = (1.0, steps / (steps + 1), 1.0, 1.0)
    pieces = []
    for part, size, scale in zip(_parts(steps - 1, before), sizes, scales, strict=True):
        old = np.linspace(0, 1, len(part))
        pieces.append(scale * np.interp(np.linspace(0, 1, size), old, part))
    return np.concatenate(pieces)


def _refined(steps: int, h: arb, r: arb) -> list[arb]:
    """The solution to `PRECISION` bits: corrections with the derivative in floats, some ten digits each."""
    z = [arb(value) for value in _floats(steps)]
    point = np.array([float(value.mid()) for value in z])
    step, rate = float(h.mid()), float(r.mid())
    size = len(z)
    derivative = np.empty((4 * steps + 1, size))
    for k in range(size):
        # the equations are quadratic, so central differences are exact up to rounding
        shift = np.zeros(size)
        shift[k] = 1.0
        above = np.array(_residuals(steps, list(point + shift), step, rate))
        below = np.array(_residuals(steps, list(point - shift), step, rate))
        derivative[:, k] = (above - below) / 2
    inverse = np.linalg.pinv(derivative)
    for _ in range(_ROUNDS):
        residual = [value.mid() for value in _residuals(steps, z, h, r)]
        largest = max(abs(value) for value in residual)
        if largest < _ACCURACY:
            return z
        scaled = np.array([float((value / largest).mid()) for value in residual])
        move = inverse @ scaled
        z = [(value - largest * arb(float(change))).mid() for value, change in zip(z, move, strict=True)]
    raise RoundingError("the system of the low-rank certificate is not solved to full precision")
