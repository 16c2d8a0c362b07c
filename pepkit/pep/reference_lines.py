"""Closed-form certificates of accelerated methods, the reference lines that schedules are compared with; any N.

All are sums of interpolation inequalities Q_ij between successive points and from the minimiser; theta_i and A_i are
the numbers of the methods, m = mu/L, L = 1.

- OGM (Drori, Teboulle 2014; Kim, Fessler 2016): f_N - f_* <= |x_0 - x_*|^2/(2 theta_N^2), exactly minimax (Drori 2017).
- OGM-G (Kim, Fessler 2021): |g_N|^2 <= 2 (f_0 - f_*)/theta_N^2, by H-duality (Kim, Ozdaglar, Park, Ryu 2305.06628).
- Nesterov's method at its gradient step: f(y_N) - f_* <= |x_0 - x_*|^2/(2 theta_(N-1)^2) for m = 0 (Nesterov 1983), and
  (1 + m)/2 (1 - sqrt m)^N |x_0 - x_*|^2 for m > 0, from the Lyapunov function f(y_k) - f_* + (m/2)|z_k - x_*|^2.
- ITEM (Taylor, Drori 2023): |z_N - x_*|^2 <= |z_0 - x_*|^2/(1 + m A_N), minimax.
- Triple momentum (Van Scoy, Freeman, Lynch 2018): |x_N - x_*|^2 <= rho^(2N)/m |x_0 - x_*|^2, rho = 1 - sqrt m, from the
  Lyapunov function (1 - m)(f(y_k) - f_* - ..) + m |z_(k+1) - x_*|^2 of Taylor and Drori, in whose notation x_N is z_N;
  hence f_N - f_* <= rho^(2N)/(2m) |x_0 - x_*|^2.

Where all numbers lie in a field of small degree the certificate is exact; otherwise its multipliers are rounded
(`pepkit.rounding.definite`), and the rate is a rational number larger by a relative excess of at most 10^-9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import fmpq, fmpz

from pepkit.algebra import Real, exact, realise, sqrt
from pepkit.kernel import (
    Certificate,
    ClaimError,
    FixedStepMethod,
    Measure,
    MethodClaim,
    RadicalField,
    SmoothFunctionClass,
    UndecidedError,
)
from pepkit.kernel.statement import Index
from pepkit.pep.methods import exact_weights, method_names, momentum_numbers, step_matrix, usual_analysis
from pepkit.rounding.definite import definite_certificate
from pepkit.rounding.settings import Progress, RoundingError, silent

__all__ = [
    "closed_form_methods",
    "method_certificate",
    "optimized_gradient_certificate",
    "optimized_gradient_norm_certificate",
]

Multipliers = dict[Index, Real]
_PRECISIONS = (640, 1280, 2560, 5120)
MAX_STEPS = 128
"""The step matrix has N^2/2 entries, each a number of a tower of roots."""
ONE = Real.rational(1)


def _optimized_gradient(steps: int, m: Real) -> tuple[Multipliers, Real]:
    """lambda_(i,i+1) = 2 theta_i^2/theta_N^2, lambda_(*,i) = 2 theta_i/theta_N^2, lambda_(*,N) = 1/theta_N."""
    theta = momentum_numbers(steps, 8)
    last = theta[-1] * theta[-1]
    star = steps + 1
    values: Multipliers = {(i, i + 1): 2 * theta[i] * theta[i] / last for i in range(steps)}
    values |= {(star, i): 2 * theta[i] / last for i in range(steps)}
    values[star, steps] = 1 / theta[-1]
    return values, 1 / (2 * last)


def _optimized_gradient_norm(steps: int, m: Real) -> tuple[Multipliers, Real]:
    """2 v_(i+1) on Q_(i,i+1), 2 (v_(i+1) - v_i) on Q_(N,i), 2 v_0 on Q_(N,*).

    v_0 = 1/theta_N^2 and v_i = 1/(2 theta_(N-i)^2).
    """
    theta = momentum_numbers(steps, 8)
    last = theta[-1] * theta[-1]
    dual = [1 / last, *(1 / (2 * theta[steps - i] * theta[steps - i]) for i in range(1, steps + 1))]
    values: Multipliers = {(i, i + 1): 2 * dual[i + 1] for i in range(steps)}
    for i in range(steps):
        values[steps, i] = 2 * (dual[i + 1] - dual[i])
    values[steps, steps + 1] = 2 * dual[0]
    return values, 2 / last


def _nesterov_step(steps: int, m: Real) -> tuple[Multipliers, Real]:
    """Weights theta_(i-1)^2 on Q_(i-1,i) and theta_i on Q_(*,i); for m > 0 powers of 1 - sqrt m."""
    star = steps + 1
    values: Multipliers = {}
    if m.is_rational and m.value == 0:
        theta = momentum_numbers(steps - 1)
        last = theta[-1] * theta[-1]
        for i in range(steps):
            values[star, i] = theta[i] / last
            if i:
                values[i - 1, i] = theta[i - 1] * theta[i - 1] / last
        rate = 1 / (2 * last)
    else:
        rho = 1 - sqrt(m)
        for i in range(steps):
            power = rho ** (steps - 1 - i)
            # the first inequality also bounds f_0 - f_* by |x_0 - x_*|^2/2
            values[star, i] = (1 - rho) * power if i else power
            if i:
                values[i - 1, i] = rho * power
        rate = (1 + m) / 2 * rho**steps
    values[steps - 1, steps] = ONE
    return values, rate


def _item(steps: int, m: Real) -> tuple[Multipliers, Real]:
    """A_i on Q_(i-1,i) and A_(i+1) - A_i on Q_(*,i), times (1 - m)/(1 + m A_N); A_N on Q_(N-1,*)."""
    weights = exact_weights(steps, m)
    factor = (1 - m) / (1 + m * weights[-1])
    star = steps + 1
    values: Multipliers = {(i - 1, i): factor * weights[i] for i in range(1, steps)}
    values |= {(star, i): factor * (weights[i + 1] - weights[i]) for i in range(steps)}
    values[steps - 1, star] = factor * weights[-1]
    return values, 1 / (1 + m * weights[-1])


def _triple_momentum(steps: int, m: Real) -> tuple[Multipliers, Real]:
    """(1 - m) rho^(2(N-i))/m on Q_(i-1,i), with what the minimiser and the first step add."""
    rho = 1 - sqrt(m)
    square = rho * rho
    star = steps + 1
    values: Multipliers = {}
    for i in range(steps):
        power = square ** (steps - 1 - i) / m
        if i:
            values[i - 1, i] = (1 - m) * square * power
            values[star, i] = (1 - m) * (1 - square) * power
        else:
            values[star, 0] = (1 - m + square) * power
            values[0, star] = square * power
    final = (1 - m) / m
    key = (steps - 1, star)
    values[key] = values[key] + final if key in values else final
    return values, square**steps / m


def _triple_momentum_value(steps: int, m: Real) -> tuple[Multipliers, Real]:
    """Half of the multipliers for the distance, and Q_(*,N): f_N - f_* <= |x_N - x_*|^2/2."""
    values, rate = _triple_momentum(steps, m)
    return {**{index: value / 2 for index, value in values.items()}, (steps + 1, steps): ONE}, rate / 2


_F, _G, _X = Measure.FUNCTION_VALUE, Measure.GRADIENT_NORM, Measure.DISTANCE
_FORMS: dict[tuple[str, Measure], Callable[[int, Real], tuple[Multipliers, Real]]] = {
    ("optimized-gradient", _F): _optimized_gradient,
    ("optimized-gradient-norm", _G): _optimized_gradient_norm,
    ("nesterov-y", _F): _nesterov_step,
    ("item", _X): _item,
    ("triple-momentum", _F): _triple_momentum_value,
    ("triple-momentum", _X): _triple_momentum,
}
"""By method and measure; the initial condition is the usual one of the method."""


def closed_form_methods() -> tuple[tuple[str, Measure], ...]:
    """The methods that `method_certificate` knows, each with its measure."""
    return tuple(_FORMS)


def method_certificate(
    name: str,
    steps: int,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    progress: Progress = silent,
) -> Certificate:
    """The certificate of a named method with N steps, without a solver.

    Parameters
    ----------
    name
        A method of `closed_form_methods`.
    steps
        N, at most 128.
    mu, L
        mu/L, exact, and L, exact or None for every L > 0.
    measure
        One for which a closed form is known; by default the usual one of the method.

    Raises
    ------
    ClaimError
        An unknown name, a number of steps or mu/L for which the method or its certificate does not exist.
    RoundingError
        If the numbers need more precision than 5120 bits.
    """
    if name not in method_names():
        raise ClaimError(f"unknown method {name!r}; known are {', '.join(method_names())}")
    usual, initial = usual_analysis(name)
    measure = usual if measure is None else measure
    if (name, measure) not in _FORMS:
        known = ", ".join(f"{method} [{known.value}]" for method, known in _FORMS)
        raise ClaimError(f"no closed form is known for {measure.value} of {name}; known are {known}")
    if not 1 <= steps <= MAX_STEPS:
        raise ClaimError(f"closed forms of methods are for 1 to {MAX_STEPS} steps, not {steps}")
    ratio = exact(mu)
    if name.startswith("optimized") and not (ratio.is_rational and ratio.value == 0):
        raise ClaimError(f"the closed form of {name} is about mu = 0")
    matrix = step_matrix(name, steps, ratio)
    formula, worst = _FORMS[name, measure](steps, ratio)
    entries = [entry for row in matrix for entry in row]
    field, values = realise([ratio, *([] if L is None else [exact(L)]), worst, *formula.values(), *entries])
    rest = iter(values)
    cls = SmoothFunctionClass(next(rest), None if L is None else next(rest))
    rate = next(rest)
    multipliers = {index: next(rest) for index in formula}
    rows = tuple(tuple(next(rest) for _ in row) for row in matrix)
    claim = MethodClaim(field, cls, FixedStepMethod(rows), measure, initial, rate)
    data = {"schedule": name}
    if not isinstance(field, RadicalField):
        kept: dict[Index, Any] = {index: field.coerce(value) for index, value in sorted(multipliers.items()) if value}
        return Certificate(claim, {"interpolation": kept}, (), None, {"method": "closed form", **data})
    failure: Exception | None = None
    for precision in _PRECISIONS:
        try:
            finer = RadicalField(field.program, precision)
            closed = {index: _middle(finer, value) for index, value in multipliers.items()}
            return definite_certificate(claim, closed, _middle(finer, rate), provenance=data, progress=progress)
        except (UndecidedError, RoundingError) as error:
            failure = error
    raise RoundingError(f"the closed form of {name} was not rounded: {failure}")


def _middle(field: RadicalField, value: Any) -> fmpq:
    """A rational number in the enclosure of a number of the same program at another precision."""
    found = field.coerce(value)
    if found.exact is not None:
        return fmpq(found.exact)
    return fmpq(fmpz(found.low + found.high), fmpz(2) << field.precision)


def optimized_gradient_certificate(steps: int) -> Certificate:
    """The certificate of OGM with N steps; exact for N <= 4, rounded beyond."""
    return method_certificate("optimized-gradient", steps)


def optimized_gradient_norm_certificate(steps: int) -> Certificate:
    """The certificate of OGM-G with N steps; exact for N <= 4, rounded beyond."""
    return method_certificate("optimized-gradient-norm", steps)
