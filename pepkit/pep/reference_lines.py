"""Closed-form certificates of the optimised gradient methods, the minimax rates that schedules are compared with.

OGM (Drori, Teboulle 2014; Kim, Fessler 2016) has f(x_N) - f_* <= L|x_0 - x_*|^2/(2 theta_N^2), exactly minimax (Drori
2017). OGM-G (Kim, Fessler 2021), its step matrix transposed along the anti-diagonal, has
|grad f(x_N)|^2 <= 2L(f_0 - f_*)/theta_N^2.
"""

from __future__ import annotations

from typing import Any

from pepkit.algebra import Real, realise, sqrt
from pepkit.kernel import (
    Certificate,
    ClaimError,
    FixedStepMethod,
    InitialCondition,
    Measure,
    MethodClaim,
    RadicalField,
    SmoothFunctionClass,
)
from pepkit.kernel.statement import Index
from pepkit.pep.methods import step_matrix

__all__ = ["optimized_gradient_certificate", "optimized_gradient_norm_certificate"]


def _numbers(steps: int, reverse: bool) -> tuple[Any, list[Any], list[list[Any]]]:
    """Field, theta_0..theta_N and the step matrix; with `reverse` that of OGM-G."""
    theta = [Real.rational(1)]
    for i in range(1, steps + 1):
        theta.append((1 + sqrt(1 + (8 if i == steps else 4) * theta[-1] * theta[-1])) / 2)
    increments = step_matrix("optimized-gradient", steps)
    flat = [entry for row in increments for entry in row]
    field, values = realise([*theta, *flat])
    if isinstance(field, RadicalField):
        raise ClaimError(
            f"theta_1, .., theta_{steps} lie in a tower of square roots of degree above 16; closed forms are for N <= 4"
        )
    numbers = iter(values[steps + 1 :])
    matrix = [[next(numbers) for _ in row] for row in increments]
    if reverse:
        # positions are x_i = x_0 - sum h_ik g_k; steps x_{i+1} - x_i are transposed along the anti-diagonal
        zero = field.coerce(0)
        steps_of = [
            [a - (matrix[i - 1][k] if i and k < i else zero) for k, a in enumerate(row)] for i, row in enumerate(matrix)
        ]
        turned = [[steps_of[steps - 1 - k][steps - 1 - i] for k in range(i + 1)] for i in range(steps)]
        total = [zero] * steps
        matrix = []
        for i, row in enumerate(turned):
            total = [total[k] + (row[k] if k <= i else zero) for k in range(steps)]
            matrix.append(total[: i + 1])
    return field, values[: steps + 1], matrix


def optimized_gradient_certificate(steps: int) -> Certificate:
    """The certificate of OGM with N steps, N <= 4.

    lambda_{i,i+1} = 2 theta_i^2/theta_N^2, lambda_{*,i} = 2 theta_i/theta_N^2 and lambda_{*,N} = 1/theta_N. One square
    remains.
    """
    field, theta, matrix = _numbers(steps, False)
    last = theta[-1] * theta[-1]
    star = steps + 1
    multipliers = {(i, i + 1): 2 * theta[i] * theta[i] / last for i in range(steps)}
    multipliers |= {(star, i): 2 * theta[i] / last for i in range(steps)}
    multipliers[star, steps] = theta[-1] / last
    claim = MethodClaim(
        field, SmoothFunctionClass(field.coerce(0)), FixedStepMethod(tuple(map(tuple, matrix))), rate=1 / (2 * last)
    )
    return _certificate(claim, multipliers, "optimized-gradient")


def optimized_gradient_norm_certificate(steps: int) -> Certificate:
    """The certificate of OGM-G with N steps, N <= 4, by H-duality (Kim, Ozdaglar, Park, Ryu 2305.06628).

    With v_0 = 1/theta_N^2 and v_i = 1/(2 theta_{N-i}^2), twice v_{i+1} on Q_{i,i+1}, v_{i+1} - v_i on Q_{N,i} and
    v_0 on Q_{N,*}.
    """
    field, theta, matrix = _numbers(steps, True)
    last = theta[-1] * theta[-1]
    dual = [1 / last, *(1 / (2 * theta[steps - i] * theta[steps - i]) for i in range(1, steps + 1))]
    multipliers: dict[tuple[int, int], Any] = {(i, i + 1): 2 * dual[i + 1] for i in range(steps)}
    for i in range(steps):
        key = (steps, i)
        multipliers[key] = 2 * (dual[i + 1] - dual[i])
    multipliers[steps, steps + 1] = 2 * dual[0]
    claim = MethodClaim(
        field,
        SmoothFunctionClass(field.coerce(0)),
        FixedStepMethod(tuple(map(tuple, matrix))),
        Measure.GRADIENT_NORM,
        InitialCondition.FUNCTION_VALUE,
        2 / last,
    )
    return _certificate(claim, multipliers, "optimized-gradient-norm")


def _certificate(claim: MethodClaim, multipliers: dict[tuple[int, int], Any], name: str) -> Certificate:
    kept: dict[Index, Any] = {key: value for key, value in sorted(multipliers.items()) if value}
    return Certificate(claim, {"interpolation": kept}, (), None, {"method": "closed form", "schedule": name})
