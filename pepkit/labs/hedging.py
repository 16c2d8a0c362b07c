"""Laboratory: stepsize hedging without convexity, and with noise."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import check
from pepkit.labs.hedging_search import (
    best_constant,
    best_schedule,
    constant_cover,
    rational_step,
    schedule_certificate,
    worst_case_value,
)
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.pep.branching import two_noisy_steps
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.simulate import nonconvex
from pepkit.simulate.accelerated import nonconvex as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.nonconvex import random_line_functions
from pepkit.simulate.sizes import check_sizes
from pepkit.studies import Study

__all__ = ["SILVER_STARTS", "hedging", "noisy_value", "step_gain"]

ABOUT = """
L-smooth functions with curvature at least mu = -kappa L, measured by the smallest squared gradient over f(x_0) - inf f.
For kappa = 0 the best schedule of N steps beats the best constant step; for kappa = 1 (no lower bound on the curvature
but smoothness) it does not. The hedging threshold lies in between. On both of its sides certificates decide: below it
one schedule is proved to be better than every constant step at once, above it the best constant step is proved to be
better than the silver-like schedule.

With noise of finite support the two-step problem is one performance estimation problem over all branches.
"""

SILVER_STARTS: dict[int, tuple[float, ...]] = {2: (1.9, 1.42), 3: (1.5, 2.4, 1.42)}
"""Where the search for the silver-like local optimum starts, by the number of steps."""
_RATIO = {"numpy": nonconvex.smallest_gradient_ratio, "jax": compiled.smallest_gradient_ratio}


def step_gain(count: int, kappa: float) -> dict[str, Any]:
    """Best constant step and silver-like local optimum for mu = -kappa: steps, values, gain in percent."""
    constant, value = best_constant(count, -kappa)
    steps, best = best_schedule(SILVER_STARTS[count], -kappa)
    return {"constant": constant, "value": value, "steps": list(steps), "best": best, "gain": 100 * (1 - best / value)}


def noisy_value(steps: Any, mu: Any, noise: Any, branches: int) -> float:
    """Worst-case mean square distance after two noisy steps, in floats."""
    claim = two_noisy_steps(
        (rational_step(steps[0], 10**9), rational_step(steps[1], 10**9)),
        rational_step(mu, 10**6),
        rational_step(noise, 10**6),
        branches,
    )
    return float(solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-9)).rate)


def _noisy_optimum(mu: float, noise: float, branches: int) -> dict[str, Any]:
    from scipy.optimize import minimize, minimize_scalar

    best = minimize(
        lambda h: noisy_value(h, mu, noise, branches), (1.6, 1.3), method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-10, "maxfev": 160},
    )  # fmt: skip
    other = minimize(
        lambda h: noisy_value(h, mu, noise, branches), (1.2, 1.7), method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-10, "maxfev": 160},
    )  # fmt: skip
    found = best if best.fun <= other.fun else other
    constant = minimize_scalar(lambda h: noisy_value((h, h), mu, noise, branches), bounds=(0.1, 1.99), method="bounded")
    return {
        "steps": [float(h) for h in found.x],
        "value": float(found.fun),
        "constant": float(constant.x),
        "constant_value": float(constant.fun),
    }


@lab(
    "hedging",
    "Stepsize hedging without convexity and with noise",
    quick={
        "kappas_two": (0.0, 0.05, 0.06),
        "kappas_three": (),
        "functions": 2000,
        "noises": (0.0, 0.05),
        "certify_three": False,
    },
)
def hedging(
    *,
    kappas_two: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.055, 0.06, 0.07),
    kappas_three: tuple[float, ...] = (0.0, 0.01, 0.03, 0.05, 0.06, 0.07),
    functions: int = 20_000,
    noises: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1, 0.3),
    certify_three: bool = True,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Gain of hedging against curvature, certified on both sides; rates against simulation; two noisy steps.

    The random functions run on the `backend` numpy or jax, the same ones; all else is the same on both.
    """
    require_backend(backend)
    check_sizes(functions=functions)
    work = work or Work()
    findings: list[Finding] = []
    certificates: dict[str, Any] = {}
    rows: list[tuple[Any, ...]] = []
    curves = []
    for count, kappas in ((2, kappas_two), (3, kappas_three)):
        gains = []
        for kappa in kappas:
            found = work.piece({"steps": count, "kappa": kappa}, partial(step_gain, count, kappa))
            steps = ", ".join(f"{h:.6f}" for h in found["steps"])
            rows.append((count, kappa, found["constant"], found["value"], steps, found["best"], found["gain"]))
            gains.append(found["gain"])
        if kappas:
            curves.append((f"N = {count}", tuple(float(k) for k in kappas), tuple(gains)))
    studies = {
        "gain": Study(
            "Gain of the silver-like schedule over the best constant step",
            ("N", "kappa = -mu/L", "best constant", "its worst case", "silver-like steps", "its worst case ", "gain %"),
            tuple(rows),
            (
                "Worst cases in floats to 1e-9; the schedule is the local optimum of a search that starts at "
                "the silver steps.",
            ),
            tuple(curves),
            ("kappa = -mu/L", "gain (percent of the worst case)"),
        )
    }
    sides = [(2, fmpq(1, 20), fmpq(3, 50))]
    if certify_three:
        sides.append((3, fmpq(1, 20), fmpq(3, 50)))
    for count, below, above in sides:
        found = _threshold(work, count, below, above)
        certificates.update(found[0])
        findings += found[1]
    studies["simulation"], worst = _simulation(work, functions, seed, backend)
    findings.append(
        Finding(
            f"{functions} random functions per setting reach at most {worst:.4f} of the certified rate",
            worst <= 1 + 1e-9,
        )
    )
    studies["noise"] = _noise(work, noises, findings)
    return LabResult(ABOUT, studies, certificates, tuple(findings))


def _threshold(work: Work, count: int, below: fmpq, above: fmpq) -> tuple[dict[str, Any], list[Finding]]:
    """Certificates on both sides: below, one schedule against all constant steps; above, constant against "
    "silver-like."""
    certificates: dict[str, Any] = {}
    low, high = (int(k.p) / int(k.q) for k in (below, above))
    first = work.piece({"steps": count, "kappa": low}, lambda: step_gain(count, low))
    second = work.piece({"steps": count, "kappa": high}, lambda: step_gain(count, high))
    bound = rational_step((first["best"] + 3 * first["value"]) / 4, 10**6)
    steps = [rational_step(h) for h in first["steps"]]
    name = f"{count}-steps"
    certificates[f"schedule-below-{name}"] = work.certificate(
        {"schedule": count, "kappa": str(below)}, lambda: schedule_certificate(steps, -below)
    )
    certificates[f"all-constants-below-{name}"] = work.certificate(
        {"cover": count, "kappa": str(below), "bound": str(bound)},
        lambda: constant_cover(count, -below, bound, lambda detail: work.say(f"cover of constant steps: {detail}")),
    )
    constant = [rational_step(second["constant"])] * count
    certificates[f"constant-above-{name}"] = work.certificate(
        {"constant": count, "kappa": str(above)}, lambda: schedule_certificate(constant, -above)
    )
    silver = [rational_step(h) for h in second["steps"]]
    certificates[f"silver-like-above-{name}"] = work.certificate(
        {"silver-like": count, "kappa": str(above)}, lambda: schedule_certificate(silver, -above)
    )
    hedged = certificates[f"schedule-below-{name}"].claim.rate
    upper = certificates[f"constant-above-{name}"].claim.rate
    lower = check(certificates[f"silver-like-above-{name}"]).lower
    return certificates, [
        Finding(
            f"N = {count}, kappa = {below}: the schedule with proved rate {_decimal(hedged):.7f} beats every "
            "constant step, "
            f"whose worst cases are all at least {_decimal(bound):.7f}",
            bool(hedged < bound),
        ),
        Finding(
            f"N = {count}, kappa = {above}: the constant step with proved rate {_decimal(upper):.7f} beats "
            "the silver-like "
            f"local optimum, whose worst case is at least {_decimal(lower):.7f}",
            bool(lower is not None and upper < lower),
        ),
    ]


def _decimal(value: Any) -> float:
    return int(value.p) / int(value.q)


def _simulation(work: Work, functions: int, seed: int, backend: str) -> tuple[Study, float]:
    rows, worst = [], 0.0
    for kappa in (0.1, 0.5, 1.0):
        for h in (0.7, 1.0, 1.1547):
            for count in (1, 3, 8):

                def ratio(k: float = kappa, step: float = h, n: int = count) -> list[float]:
                    batch = random_line_functions(functions, -k, 6, seed)
                    start = np.random.default_rng(seed + 1).uniform(-2, 10, functions)
                    found = _RATIO[backend](batch, [step] * n, start)
                    return [float(np.nanmax(found)), float(np.nanmedian(found)), worst_case_value([step] * n, -k)]

                question = {"functions": functions, "kappa": kappa, "step": h, "count": count, "backend": backend,
                            "seed": seed}  # fmt: skip
                largest, middle, rate = work.piece(question, ratio)
                rows.append((kappa, h, count, rate, largest, middle, largest / rate))
                worst = max(worst, largest / rate)
    curves = []
    for kappa in (0.1, 0.5, 1.0):
        chosen = [row for row in rows if row[0] == kappa and row[1] == 1.0]
        xs = tuple(float(row[2]) for row in chosen)
        curves.append((f"rate, kappa {kappa:g} (line)", xs, tuple(row[3] for row in chosen)))
        curves.append((f"largest seen, kappa {kappa:g}", xs, tuple(row[4] for row in chosen)))
    study = Study(
        "Worst cases against random functions of the class",
        ("kappa", "step h", "N", "worst case", "largest seen", "median seen", "largest / worst case"),
        tuple(rows),
        (f"{functions} piecewise quadratic functions on the line per row, start uniform in [-2, 10].",),
        tuple(curves),
        ("N (steps, h = 1)", "min_i |grad f(x_i)|^2 / (L (f(x_0) - inf f))"),
        ("log", "log"),
    )
    return study, worst


def _noise(work: Work, noises: tuple[float, ...], findings: list[Finding]) -> Study:
    mu, rows = 0.1, []
    for noise in noises:
        branches = 1 if noise == 0 else 2
        found = work.piece(
            {"noise": noise, "mu": mu, "branches": branches}, partial(_noisy_optimum, mu, noise, branches)
        )
        gain = 100 * (1 - found["value"] / found["constant_value"])
        steps = ", ".join(f"{h:.5f}" for h in found["steps"])
        rows.append((noise, branches, steps, found["value"], found["constant"], found["constant_value"], gain))
    more = [noisy_value((1.5, 1.2), mu, 0.01, n) for n in (2, 3, 4)]
    spread = max(more) - min(more)
    findings.append(
        Finding(
            "steps (1.5, 1.2), r = 0.01: two, three and four values of the noise give the same worst case to "
            f"{spread:.1e}",
            spread < 1e-6,
        )
    )
    return Study(
        "Two noisy steps on strongly convex functions, kappa = L/mu = 10",
        ("noise ratio r", "branches", "best steps", "worst case", "best constant", "its worst case", "gain %"),
        tuple(rows),
        (
            "Worst case of the mean of |x_2 - x_*|^2 over |x_0 - x_*|^2, noise of zero mean with mean square "
            "r |x_0 - x_*|^2 in both gradients. r = 0 is the deterministic two-step optimum.",
        ),
        (
            ("best two steps", tuple(float(r) for r in noises), tuple(row[3] for row in rows)),
            ("best constant step", tuple(float(r) for r in noises), tuple(row[5] for row in rows)),
        ),
        ("noise ratio r = E|e|^2 / |x_0 - x_*|^2", "E|x_2 - x_*|^2 / |x_0 - x_*|^2"),
    )
