"""Laboratory: stepsize hedging without convexity, and with noise."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import InitialCondition, Measure, check
from pepkit.labs.hedging_search import (
    best_constant,
    best_schedule,
    constant_cover,
    growing_rate,
    growing_steps,
    rational_step,
    schedule_certificate,
    worst_case_value,
)
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.pep.branching import two_noisy_steps
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.schedule_bounds import certify_every_schedule
from pepkit.simulate import nonconvex
from pepkit.simulate.accelerated import nonconvex as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.nonconvex import random_line_functions
from pepkit.simulate.sizes import check_sizes
from pepkit.studies import Study

__all__ = ["SILVER_STARTS", "growing_gain", "hedging", "noisy_value", "step_gain"]

ABOUT = """
L-smooth functions with curvature at least mu = -kappa L, measured by the smallest squared gradient over f(x_0) - inf f.
For kappa = 0 the best schedule of N steps beats the best constant step; for kappa = 1 (no lower bound on the curvature
but smoothness) it does not. Where does hedging stop?

*The silver-like schedule*, the local optimum that continues the silver steps of kappa = 0, beats every constant step at
kappa = 1/20 and is worse than the best one at kappa = 3/50, both certified.

*A growing schedule* goes on from there: (a, b, .., b) with a < b, where kappa a^2 + 2 (1 - kappa) a = 3 and b maximises
p(h) = h (2 - h) (2 + kappa h)/(2 (2 - (1 - kappa) h)). Its rate is 1/(1/2 + p(a) + (N - 1) p(b)) for every N and
kappa >= 0.0218, in closed form (docs/mathematics-every-schedule.md). It beats every constant step h <= a, and as far as
computed the longer ones, until a = b, at kappa + 1/kappa = (9 + 5 sqrt 5)/2, that is kappa = 0.100099. The threshold of
hedging is there and not at that of the silver-like schedule: certificates prove one growing schedule better than every
constant step below it, and no schedule at all (any real steps) better than the best constant step above it, but for the
stated slack.

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


def growing_gain(count: int, kappa: float, constant: float) -> dict[str, Any]:
    """The growing schedule for mu = -kappa: steps, value, gain in percent over a constant step with this value."""
    steps = growing_steps(count, kappa)
    value = worst_case_value(steps, -kappa)
    return {"steps": list(steps), "value": value, "gain": 100 * (1 - value / constant)}


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
        "growing": 0.05,
        "slack": 0.1,
    },
)
def hedging(
    *,
    kappas_two: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.055, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11),
    kappas_three: tuple[float, ...] = (0.0, 0.01, 0.03, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11),
    functions: int = 20_000,
    noises: tuple[float, ...] = (0.0, 0.01, 0.03, 0.1, 0.3),
    certify_three: bool = True,
    growing: float = 0.08,
    slack: float = 0.001,
    slack_three: float = 0.03,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Gain of hedging against curvature, certified on both sides; rates against simulation; two noisy steps.

    `growing` is the kappa at which a growing schedule is proved better than every constant step; `slack` the relative
    distance between the best constant step and the bound for all schedules of two steps at kappa = 11/100,
    `slack_three` that for three steps. The random functions run on the `backend` numpy or jax, the same ones; all else
    is the same.
    """
    require_backend(backend)
    check_sizes(functions=functions)
    work = work or Work()
    findings: list[Finding] = []
    certificates: dict[str, Any] = {}
    rows: list[tuple[Any, ...]] = []
    curves = []
    largest = 0.0
    for count, kappas in ((2, kappas_two), (3, kappas_three)):
        gains: list[float] = []
        late: list[tuple[float, float]] = []
        for kappa in kappas:
            found = work.piece({"steps": count, "kappa": kappa}, partial(step_gain, count, kappa))
            steps = ", ".join(f"{h:.6f}" for h in found["steps"])
            row = (count, kappa, found["constant"], found["value"], steps, found["best"], found["gain"])
            gains.append(found["gain"])
            if kappa <= 0:
                # growing steps are about negative curvature
                rows.append((*row, "", None, None))
                continue
            grown = work.piece({"growing": count, "kappa": kappa}, partial(growing_gain, count, kappa, found["value"]))
            other = ", ".join(f"{h:.6f}" for h in grown["steps"])
            rows.append((*row, other, grown["value"], grown["gain"]))
            # smaller kappa make b too long for a, and the picture illegible
            if kappa >= 0.03:
                largest = max(largest, abs(grown["value"] / growing_rate(count, kappa) - 1))
                late.append((kappa, grown["gain"]))
        if kappas:
            curves.append((f"N = {count}, silver-like", tuple(map(float, kappas)), tuple(gains)))
        if late:
            curves.append((f"N = {count}, growing", tuple(k for k, _ in late), tuple(gain for _, gain in late)))
    studies = {
        "gain": Study(
            "Gain of two schedules over the best constant step",
            (
                "N",
                "kappa = -mu/L",
                "best constant",
                "its worst case",
                "silver-like steps",
                "its worst case ",
                "gain %",
                "growing steps",
                "its worst case  ",
                "gain % ",
            ),
            tuple(rows),
            (
                "Worst cases in floats to 1e-9. Silver-like: the local optimum of a search that starts at the silver "
                "steps. Growing: (a, b, .., b) in closed form.",
            ),
            tuple(curves),
            ("kappa = -mu/L", "gain (percent of the worst case)"),
        )
    }
    findings.append(
        Finding(
            f"growing schedules have the worst case 1/(1/2 + sum p) for kappa >= 3/100, to {largest:.1e}",
            largest < 1e-6,
        )
    )
    below = rational_step(growing, 1000)
    for count in (2, 3) if certify_three else (2,):
        for part in (_silver_like(work, count, fmpq(1, 20), fmpq(3, 50)), _growing(work, count, below)):
            certificates.update(part[0])
            findings += part[1]
    covers = [(2, below, slack), (2, fmpq(11, 100), slack)]
    if certify_three:
        covers.append((3, fmpq(11, 100), slack_three))
    for count, curvature, distance in covers:
        part = _every_schedule(work, count, curvature, distance)
        certificates.update(part[0])
        findings += part[1]
    studies["simulation"], worst = _simulation(work, functions, seed, backend)
    findings.append(
        Finding(
            f"{functions} random functions per setting reach at most {worst:.4f} of the certified rate",
            worst <= 1 + 1e-9,
        )
    )
    studies["noise"] = _noise(work, noises, findings)
    return LabResult(ABOUT, studies, certificates, tuple(findings))


def _silver_like(work: Work, count: int, below: fmpq, above: fmpq) -> tuple[dict[str, Any], list[Finding]]:
    """The silver-like schedule against constant steps: below it beats all of them, above the best one beats it."""
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
        {"constant certificate": count, "kappa": str(above)}, lambda: schedule_certificate(constant, -above)
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


def _growing(work: Work, count: int, kappa: fmpq) -> tuple[dict[str, Any], list[Finding]]:
    """A growing schedule that beats all constant steps."""
    small = _decimal(kappa)
    constant = work.piece({"steps": count, "kappa": small}, lambda: step_gain(count, small))["value"]
    steps = growing_steps(count, small)
    bound = rational_step((growing_rate(count, small) + 3 * constant) / 4, 10**7)
    schedule = work.certificate(
        {"growing certificate": count, "kappa": str(kappa)},
        lambda: schedule_certificate([rational_step(h, 10**6) for h in steps], -kappa),
    )
    cover = work.certificate(
        {"cover": count, "kappa": str(kappa), "bound": str(bound)},
        lambda: constant_cover(count, -kappa, bound, lambda detail: work.say(f"cover of constant steps: {detail}")),
    )
    rate = schedule.claim.rate
    words = ", ".join(f"{h:.5f}" for h in steps)
    return (
        {f"growing-schedule-{count}-steps": schedule, f"all-constants-{count}-steps": cover},
        [
            Finding(
                f"N = {count}, kappa = {kappa}: the growing schedule ({words}) with proved rate {_decimal(rate):.7f} "
                f"beats every constant step, whose worst cases are all at least {_decimal(bound):.7f}",
                bool(rate < bound),
            )
        ],
    )


def _every_schedule(work: Work, count: int, kappa: fmpq, slack: float) -> tuple[dict[str, Any], list[Finding]]:
    """No `count` steps are better than the growing ones, but for a slack; where these are constant, hedging is over."""
    small = _decimal(kappa)
    steps = growing_steps(count, small)
    constant = len(set(steps)) == 1
    best = work.certificate(
        {"best constant certificate" if constant else "growing certificate": count, "kappa": str(kappa)},
        lambda: schedule_certificate([rational_step(h, 10**6) for h in steps], -kappa),
    )
    bound = rational_step(growing_rate(count, small) * (1 - slack), 10**6)
    cover = work.certificate(
        {"every schedule": count, "kappa": str(kappa), "bound": str(bound)},
        lambda: certify_every_schedule(
            count,
            bound,
            mu=-kappa,
            measure=Measure.SMALLEST_GRADIENT_NORM,
            initial=InitialCondition.FUNCTION_VALUE,
            progress=lambda detail: work.say(f"cover of all schedules: {detail}"),
        ),
    )
    rate = best.claim.rate
    gain = 100 * (1 - _decimal(cover.claim.bound) / _decimal(rate))
    name = f"every-schedule-{'beyond' if constant else 'below'}-{count}-steps"
    words = f"constant step {steps[0]:.5f}" if constant else "growing schedule"
    end = "hedging gains" if constant else "another schedule gains"
    return (
        {name: cover, **({f"constant-beyond-{count}-steps": best} if constant else {})},
        [
            Finding(
                f"N = {count}, kappa = {kappa}: the {words} has the proved rate {_decimal(rate):.7f}, and no schedule "
                f"of {count} steps has a worst case below {_decimal(bound):.7f}: {end} at most {gain:.2f} percent",
                bool(rate > bound),
            )
        ],
    )


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
