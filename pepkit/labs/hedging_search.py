"""Search and proofs for stepsize hedging on smooth functions of weak negative curvature.

The measure is min_i |grad f(x_i)|^2 over f(x_0) - inf f with L = 1. Floats propose steps and worst cases; certificates
of the kernel prove the rate of one schedule (`schedule_certificate`) and a lower bound for all constant steps at once
(`constant_cover`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.certification import CertificationError, certify
from pepkit.closed_form import certify_hypoconvex
from pepkit.kernel import CertificateError, ClaimError, GradientDescent, InitialCondition, Measure, MethodClaim
from pepkit.kernel.claims import SmoothFunctionClass
from pepkit.kernel.constant_step_cover import (
    ConstantStepsBound,
    StepCover,
    StepPiece,
    constant_step_claim,
    piece_bound,
)
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.witness import check_witness
from pepkit.pep.hypoconvex_form import hypoconvex_rate
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.rounding.lower import float_data, rounded_witness
from pepkit.schedules import growing

__all__ = [
    "best_constant",
    "best_schedule",
    "constant_cover",
    "growing_rate",
    "growing_steps",
    "hedging_claim",
    "rational_step",
    "schedule_certificate",
    "worst_case_value",
]

Progress = Callable[[str], None]


def rational_step(value: Any, denominator: int = 100_000) -> fmpq:
    """A step as a rational with this denominator; exact numbers stay as they are."""
    return value if isinstance(value, fmpq) else fmpq(round(float(value) * denominator), denominator)


def hedging_claim(steps: Sequence[Any], mu: Any) -> MethodClaim:
    """The question for a schedule: smallest gradient over the initial gap, curvature at least mu, L = 1."""
    return MethodClaim(
        RATIONALS,
        SmoothFunctionClass(RATIONALS.coerce(mu)),
        GradientDescent(tuple(rational_step(h) for h in steps)),
        Measure.SMALLEST_GRADIENT_NORM,
        InitialCondition.FUNCTION_VALUE,
    )


def worst_case_value(steps: Sequence[Any], mu: Any, tolerance: float = 1e-9) -> float:
    """The worst case in floats."""
    claim = hedging_claim([rational_step(h, 10**9) for h in steps], rational_step(mu, 10**6))
    return float(solve_dual(claim, "all-pairs", SolveRequest("clarabel", tolerance)).rate)


def growing_steps(count: int, kappa: float) -> tuple[float, ...]:
    """(a, b, .., b): the best schedule for kappa about 0.05 and more, as far as searches and covers see."""
    return tuple(growing(count, -rational_step(kappa, 10**12)).floats())


def growing_rate(count: int, kappa: float) -> float:
    """The rate of `growing_steps` in closed form, for kappa >= 0.0218; ClaimError below."""
    mu = -rational_step(kappa, 10**12)
    rate = hypoconvex_rate(growing(count, mu).numbers, mu=mu)
    if rate is None:
        raise ClaimError(f"growing steps have no rate in closed form for kappa = {kappa:g}")
    return rate


def best_constant(count: int, mu: Any, low: float = 0.9, high: float = 1.9) -> tuple[float, float]:
    """(step, value) of the best constant step; a grid, then golden sections around its minimum."""
    from scipy.optimize import minimize_scalar

    def value(h: float) -> float:
        return worst_case_value([h] * count, mu)

    grid = np.linspace(low, high, 11)
    values = [value(h) for h in grid]
    k = int(np.clip(np.argmin(values), 1, len(grid) - 2))
    found = minimize_scalar(value, bracket=(grid[k - 1], grid[k], grid[k + 1]), method="golden", options={"xtol": 1e-7})
    return float(found.x), float(found.fun)


def best_schedule(start: Sequence[float], mu: Any, limit: int = 400) -> tuple[tuple[float, ...], float]:
    """(steps, value) of the local optimum that Nelder and Mead's method finds from `start`, restarted once."""
    from scipy.optimize import minimize

    x = np.asarray(start, dtype=float)
    value = np.inf
    for _ in range(2):
        simplex = np.vstack([x, x + 0.02 * np.eye(len(x))])
        options = {"initial_simplex": simplex, "xatol": 1e-7, "fatol": 1e-10, "maxfev": limit}
        found = minimize(lambda h: worst_case_value(h, mu), x, method="Nelder-Mead", options=options)
        x, value = found.x, float(found.fun)
    return tuple(float(h) for h in x), value


def schedule_certificate(steps: Sequence[Any], mu: Any) -> Any:
    """A certificate of the rate of a schedule: in closed form and sharp, or by a solver within 1e-6 or 1e-4, with a
    worst-case function.

    Near a local optimum of the schedule several functions are extremal at once, and a close rate may not round.
    """
    claim = hedging_claim(steps, mu)
    sharp = certify_hypoconvex([rational_step(h) for h in steps], mu=mu, sympy=False)
    if sharp is not None:
        return sharp.certificate
    try:
        return certify(claim, mode="relaxed", tolerance=1e-6, sympy=False).certificate
    except CertificationError:
        return certify(claim, mode="relaxed", tolerance=1e-4, sympy=False).certificate


def _piece(count: int, mu: fmpq, step: float) -> tuple[fmpq, Any, float]:
    """Exact worst-case data for a constant step: (step, witness, value)."""
    centre = rational_step(step, 1 << 30)
    claim = constant_step_claim(mu, count, centre)
    statement = claim.statement()
    dual = solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-9))
    witness = rounded_witness(claim, statement, float_data(statement, dual), lambda stage, detail: None)
    if witness is None:
        raise ClaimError(f"no exact worst case was found for the constant step {step:.6g}")
    value = check_witness(statement, witness)
    return centre, witness, int(value.p) / int(value.q)


def constant_cover(count: int, mu: Any, bound: Any, progress: Progress | None = None) -> StepCover:
    """Prove that every constant step has a worst case of at least `bound`.

    Walks from step 0 to the step where f = x^2/2 takes over, each piece as long as its function allows. Raises
    ClaimError where the worst case of some step is smaller than the bound.
    """
    mu, bound = RATIONALS.coerce(mu), RATIONALS.coerce(bound)
    root = (float(int(bound.p) / int(bound.q)) / 2) ** (1 / (2 * count))
    tail = fmpq(int((1 + root) * 2**20) + 2, 1 << 20)
    reached, guess = fmpq(0), 0.25
    pieces: list[StepPiece] = []
    while reached < tail:
        here = int(reached.p) / int(reached.q)
        centre, witness, value = _piece(count, mu, here + guess)
        radius = _largest_radius(mu, count, centre, witness, bound)
        if radius is None or centre - radius > reached:
            guess /= 2
            if guess < 1e-6:
                raise ClaimError(
                    f"the constant step {here:.6g} has a worst case of {value:.9g}, too close to the bound or below it"
                )
            continue
        pieces.append(StepPiece(centre, radius, witness))
        reached = centre + radius
        guess = min(0.25, 1.6 * int(radius.p) / int(radius.q))
        if progress is not None:
            progress(f"{len(pieces)} pieces, steps up to {int(reached.p) / int(reached.q):.4f}")
    return StepCover(ConstantStepsBound(mu, count, bound), tuple(pieces), tail)


def _largest_radius(mu: fmpq, count: int, centre: fmpq, witness: Any, bound: fmpq) -> fmpq | None:
    """A dyadic radius, nearly the largest one that the function allows; None if it allows none."""

    def enough(k: int) -> bool:
        try:
            return bool(piece_bound(mu, count, StepPiece(centre, fmpq(k, 1 << 16), witness)) >= bound)
        except CertificateError:
            return False

    if not enough(1):
        return None
    low, high = 1, 1 << 15
    while high - low > max(1, low // 16):
        middle = (low + high) // 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return fmpq(low, 1 << 16)
