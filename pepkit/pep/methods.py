"""Named first-order methods as exact step matrices (L = 1, units of 1/L).

Every method is written as x_i = x_0 - sum_{k<i} h_ik grad f(x_k), where x_0, ..., x_{N-1} are the points
at which gradients are taken and x_N is the output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pepkit.algebra import Real, exact, sqrt
from pepkit.kernel import ClaimError, InitialCondition, Measure, MethodClaim
from pepkit.pep.claims import curvature_ratio, fixed_step_method

__all__ = ["exact_weights", "method", "method_names", "momentum_numbers", "step_matrix", "usual_analysis"]

Row = list[Real]
ONE = Real.rational(1)
ZERO = Real.rational(0)


def _combine(*terms: tuple[Real, Row]) -> Row:
    """sum of coefficient * row; rows are coefficients on gradients, so the coefficients must sum to 1."""
    length = max(len(row) for _, row in terms)
    result = [ZERO] * length
    for coefficient, row in terms:
        for k, a in enumerate(row):
            if not (a.is_rational and a.value == 0):
                result[k] = result[k] + coefficient * a
    return result


def _gradient_step(row: Row, index: int, step: Real = ONE) -> Row:
    result = row + [ZERO] * (index + 1 - len(row))
    result[index] = result[index] + step
    return result


@lru_cache(maxsize=8)
def momentum_numbers(steps: int, last: int = 4) -> tuple[Real, ...]:
    """theta_0 = 1, theta_i = (1 + sqrt(1 + 4 theta_(i-1)^2))/2 for i <= N; `last` takes the place of the last 4.

    The same numbers every time, so that expressions share them.
    """
    theta = [ONE]
    for i in range(1, steps + 1):
        factor = last if i == steps else 4
        theta.append((1 + sqrt(1 + factor * theta[-1] * theta[-1])) / 2)
    return tuple(theta)


@lru_cache(maxsize=8)
def exact_weights(steps: int, ratio: Real) -> tuple[Real, ...]:
    """A_0 = 0, A_(i+1) = ((1 + m) A_i + 2 (1 + sqrt((1 + A_i)(1 + m A_i))))/(1 - m)^2 of ITEM, i <= N."""
    m = ratio
    weights = [ZERO]
    for _ in range(steps):
        weight = weights[-1]
        root = sqrt((1 + weight) * (1 + m * weight))
        weights.append(((1 + m) * weight + 2 * (1 + root)) / ((1 - m) * (1 - m)))
    return tuple(weights)


def _optimized_gradient(steps: int, ratio: Real) -> list[Row]:
    """OGM (Kim, Fessler 2016): minimax optimal for f(x_N) - f_* <= L|x_0 - x_*|^2/(2 theta_N^2)."""
    theta = momentum_numbers(steps, 8)
    x: Row = []
    y: Row = []
    rows = []
    for i in range(steps):
        following = _gradient_step(x, i)
        a, b = (theta[i] - 1) / theta[i + 1], theta[i] / theta[i + 1]
        x = _combine((1 + a + b, following), (-a, y), (-b, x))
        y = following
        rows.append(x)
    return rows


def _optimized_gradient_norm(steps: int, ratio: Real) -> list[Row]:
    """OGM-G (Kim, Fessler 2021): the steps of OGM transposed along the anti-diagonal."""
    rows = _optimized_gradient(steps, ratio)
    full = [row + [ZERO] * (i + 1 - len(row)) for i, row in enumerate(rows)]
    # x_i = x_0 - sum h_ik g_k; the differences x_(i+1) - x_i are transposed
    moves = [[a - full[i - 1][k] if k < i else a for k, a in enumerate(row)] for i, row in enumerate(full)]
    total: Row = []
    result = []
    for i in range(steps):
        turned = [moves[steps - 1 - k][steps - 1 - i] for k in range(i + 1)]
        total = [(total[k] + a if k < len(total) else a) for k, a in enumerate(turned)]
        result.append(total)
    return result


def _nesterov(steps: int, ratio: Real) -> list[Row]:
    """Nesterov's fast gradient method (1983; constant momentum for mu > 0), output at the extrapolated point."""
    if ratio.is_rational and ratio.value == 0:
        theta = momentum_numbers(steps)
        momentum = [(theta[i] - 1) / theta[i + 1] for i in range(steps)]
    else:
        root = sqrt(ratio)
        momentum = [(1 - root) / (1 + root)] * steps
    x: Row = []
    y: Row = []
    rows = []
    for i in range(steps):
        following = _gradient_step(x, i)
        x = _combine((1 + momentum[i], following), (-momentum[i], y))
        y = following
        rows.append(x)
    return rows


def _nesterov_step(steps: int, ratio: Real) -> list[Row]:
    """The same method, output at its last gradient step y_N = x_(N-1) - g_(N-1)."""
    rows = _nesterov(steps, ratio)
    rows[-1] = _gradient_step(rows[-2] if steps > 1 else [], steps - 1)
    return rows


def _heavy_ball(steps: int, ratio: Real) -> list[Row]:
    """Polyak's heavy-ball method with the tuning for quadratics: step 4/(1+sqrt m)^2, momentum its square root."""
    root = sqrt(ratio)
    step = 4 / ((1 + root) * (1 + root))
    momentum = ((1 - root) / (1 + root)) ** 2
    x: Row = []
    previous: Row = []
    rows = []
    for i in range(steps):
        following = _gradient_step(_combine((1 + momentum, x), (-momentum, previous)), i, step)
        x, previous = following, x
        rows.append(x)
    return rows


def _information_theoretic_exact(steps: int, ratio: Real) -> list[Row]:
    """ITEM (Taylor, Drori 2023): |z_N - x_*|^2 <= |z_0 - x_*|^2/(1 + m A_N), minimax optimal; output z_N."""
    m = ratio
    weights = exact_weights(steps, ratio)
    z: Row = []
    x: Row = []
    rows = []
    for i in range(steps):
        weight, following = weights[i], weights[i + 1]
        beta = weight / ((1 - m) * following)
        delta = ((1 - m) * (1 - m) * following - (1 + m) * weight) / (2 * (1 + m + m * weight))
        y = _combine((1 - beta, z), (beta, x))
        if i:
            rows.append(y)
        x = _gradient_step(y, i)
        z = _gradient_step(_combine((1 - m * delta, z), (m * delta, y)), i, delta)
    rows.append(z)
    return rows


def _triple_momentum(steps: int, ratio: Real) -> list[Row]:
    """Triple momentum method (Van Scoy, Freeman, Lynch 2018), rho = 1 - sqrt(m); output at its point x_N.

    In the notation of ITEM, whose limit it is (Taylor, Drori 2023), the output is z_N.
    """
    rho = 1 - sqrt(ratio)
    square = rho * rho
    alpha, beta = 1 + rho, square / (2 - rho)
    gamma, delta = square / ((1 + rho) * (2 - rho)), square / (1 - square)
    old: Row = []
    new: Row = []
    y: Row = []
    rows = []
    for i in range(steps):
        following = _gradient_step(_combine((1 + beta, new), (-beta, old)), i, alpha)
        y = _combine((1 + gamma, following), (-gamma, new))
        rows.append(y if i < steps - 1 else _combine((1 + delta, following), (-delta, new)))
        new, old = following, new
    return rows


@dataclass(frozen=True)
class _Named:
    """How a method is built, whether it needs mu > 0, and in what it is usually analysed."""

    build: Callable[[int, Real], list[Row]]
    strongly_convex: bool
    measure: Measure
    initial: InitialCondition = InitialCondition.DISTANCE


_METHODS: dict[str, _Named] = {
    "optimized-gradient": _Named(_optimized_gradient, False, Measure.FUNCTION_VALUE),
    "optimized-gradient-norm": _Named(
        _optimized_gradient_norm, False, Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE
    ),
    "nesterov": _Named(_nesterov, False, Measure.FUNCTION_VALUE),
    "nesterov-y": _Named(_nesterov_step, False, Measure.FUNCTION_VALUE),
    "heavy-ball": _Named(_heavy_ball, True, Measure.DISTANCE),
    "item": _Named(_information_theoretic_exact, True, Measure.DISTANCE),
    "triple-momentum": _Named(_triple_momentum, True, Measure.FUNCTION_VALUE),
}


def method_names() -> tuple[str, ...]:
    """Names that `method` understands."""
    return tuple(_METHODS)


def usual_analysis(name: str) -> tuple[Measure, InitialCondition]:
    """The measure and the initial condition in which the method is usually analysed."""
    return _METHODS[name].measure, _METHODS[name].initial


def step_matrix(name: str, steps: int, mu_over_L: Any = 0) -> list[list[Real]]:
    """The exact lower triangular step matrix of a named method; row i-1 has i entries, in units of 1/L."""
    if name not in _METHODS:
        raise ClaimError(f"unknown method {name!r}; known are {', '.join(_METHODS)}")
    if not 1 <= steps <= 256:
        raise ClaimError(f"the number of steps lies between 1 and 256, not {steps}")
    found = _METHODS[name]
    ratio = exact(mu_over_L)
    if found.strongly_convex and ratio.is_rational and not 0 < ratio.value < 1:
        raise ClaimError(f"{name} needs 0 < mu < L, but mu/L = {ratio!r}")
    if ratio.is_rational and ratio.value < 0:
        raise ClaimError(f"{name} needs mu >= 0, but mu/L = {ratio!r}")
    return [row + [ZERO] * (i + 1 - len(row)) for i, row in enumerate(found.build(steps, ratio))]


def method(
    name: str,
    steps: int,
    *,
    L: Any = "L",
    mu: Any = 0,
    measure: str | Measure | None = None,
    initial: str | InitialCondition | None = None,
    rate: Any = None,
) -> MethodClaim:
    """The question about a named method; parameters as in `gradient_descent`.

    `measure` and `initial` None stand for those in which the method is usually analysed.
    """
    smoothness = None if isinstance(L, str) and L.strip() == "L" else exact(L)
    matrix: Sequence[Sequence[Real]] = step_matrix(name, steps, curvature_ratio(mu, smoothness))
    usual = _METHODS[name]
    return fixed_step_method(
        matrix, L=L, mu=mu, measure=measure or usual.measure, initial=initial or usual.initial, rate=rate
    )
