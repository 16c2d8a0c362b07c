"""Stepsize schedules side by side on a quadratic and on logistic regression of real data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from pepkit.kernel import ClaimError
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.schedules import obs_f, silver
from pepkit.simulate.accelerated import problems as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.data import breast_cancer
from pepkit.simulate.problems import Problem, chebyshev_steps, descend, logistic_regression, momentum, quadratic
from pepkit.simulate.sizes import check_sizes
from pepkit.studies import Study

__all__ = ["schedule_race"]

FLOOR = 1e-17


@lab(
    "schedule-race",
    "Chebyshev, silver, OBS-F, arcsine, constant and Nesterov side by side",
    quick={"steps": 63, "samples": 20},
    full={"steps": 127, "samples": 200},
)
def schedule_race(
    *,
    steps: int = 127,
    kappa: float = 100.0,
    samples: int = 200,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """All methods for `steps` steps with L/mu = `kappa`; `samples` orders of arcsine steps.

    Gradient descent runs on the `backend` numpy or jax, all schedules together; Nesterov's method is two runs on NumPy.
    """
    require_backend(backend)
    check_sizes(steps=steps, samples=samples)
    if not kappa > 1:
        raise ClaimError(f"kappa is L/mu and so larger than 1, not {kappa:g}")
    work = work or Work()
    mu = 1 / kappa
    features, labels = breast_cancer()
    problems: list[Problem] = [quadratic(mu, 60, seed), logistic_regression(features, labels, mu)]
    studies: dict[str, Study] = {}
    findings: list[Finding] = []
    for key, problem in zip(("quadratic", "logistic-regression"), problems, strict=True):
        curves = work.piece(
            {"problem": key, "steps": steps, "kappa": kappa, "samples": samples, "backend": backend, "seed": seed},
            partial(_race, problem, steps, samples, seed, backend, partial(_say, work, key)),
        )
        studies[key] = _study(problem, curves, steps, kappa)
        findings += _findings(problem, curves, steps)
    return LabResult(_ABOUT, studies, {}, tuple(findings))


_ABOUT = """
Every method runs from the same start with L known (and mu, where its steps use it). Plotted is f(x_i) - f_* over
(L/2)|x_0 - x_*|^2 after i gradients. Schedules with a fixed horizon (Chebyshev, OBS-F) are made for the last point;
what happens before it is no concern of theirs, so their curves rise in between. Arcsine steps are random: the
curve is the median, and the table has quartiles.

Certified rates hold on the whole class: 1/(4H + 2) for OBS-F and silver with H the sum of the steps, 1/(4N + 2) for the
constant step 1. Chebyshev steps have a bound on quadratics only, T_N((1+m)/(1-m))^-2 for the square of the distance.
"""


def _say(work: Work, key: str, done: int, total: int) -> None:
    work.say(f"{key}: {100 * done // total} %")


def _race(
    problem: Problem, steps: int, samples: int, seed: int, backend: str, progress: Callable[[int, int], None]
) -> dict[str, list[float]]:
    generator = np.random.default_rng(seed)
    m = problem.mu
    uniform = generator.random((samples, steps))
    schedules: dict[str, Any] = {
        "constant 1": np.ones(steps),
        "constant 2/(1+mu/L)": np.full(steps, 2 / (1 + m)),
        "silver": silver(steps).floats(),
        "OBS-F": obs_f(steps).floats(),
        "Chebyshev": chebyshev_steps(steps, m),
    }
    lengths = np.vstack([*schedules.values(), 1 / ((1 + m) / 2 + (1 - m) / 2 * np.cos(np.pi * uniform))])
    found = compiled.descend(problem, lengths, progress) if backend == "jax" else descend(problem, lengths)
    low, middle, high = np.quantile(found[len(schedules) :], [0.25, 0.5, 0.75], axis=0)
    runs = {
        **dict(zip(schedules, found[: len(schedules)], strict=True)),
        "arcsine, median": middle,
        "arcsine, quartiles": np.concatenate([low[-1:], high[-1:]]),
        "Nesterov": momentum(problem, steps, False),
        "Nesterov, mu known": momentum(problem, steps, True),
    }
    return {name: [float(v) for v in run] for name, run in runs.items()}


def _study(problem: Problem, curves: dict[str, list[float]], steps: int, kappa: float) -> Study:
    quartiles = curves["arcsine, quartiles"]
    rows: list[tuple[Any, ...]] = []
    for name, run in curves.items():
        if name == "arcsine, quartiles":
            continue
        spread = f"{quartiles[0]:.2g} to {quartiles[1]:.2g}" if name.startswith("arcsine") else ""
        rows.append((name, max(run[-1], 0.0), max(run), spread))
    return Study(
        f"Schedules on {_words(problem)}, N = {steps}, L/mu = {kappa:g}",
        ("method", "gap after N steps", "largest gap on the way", "quartiles"),
        tuple(rows),
        ("Gap: (f(x_i) - f_*)/((L/2)|x_0 - x_*|^2). Values near 1e-16 are rounding.",),
        tuple(
            (f"{name} (line)", tuple(float(i) for i in range(len(run))), tuple(max(v, FLOOR) for v in run))
            for name, run in curves.items()
            if name != "arcsine, quartiles"
        ),
        ("gradient evaluations i", "gap over (L/2)|x_0 - x_*|^2"),
        ("linear", "log"),
    )


def _words(problem: Problem) -> str:
    return "logistic regression (breast cancer data)" if problem.name.startswith("logistic") else "a quadratic"


def _findings(problem: Problem, curves: dict[str, list[float]], steps: int) -> list[Finding]:
    words = _words(problem)
    found = []
    for name, rate in (
        ("silver", 1 / (2 * sum(silver(steps).floats()) + 1)),
        ("OBS-F", 1 / (2 * sum(obs_f(steps).floats()) + 1)),
        ("constant 1", 1 / (2 * steps + 1)),
    ):
        found.append(
            Finding(f"{name} ends below its certified rate {rate:.3g} on {words}", curves[name][-1] <= rate + 1e-12)
        )
    if problem.name == "quadratic":
        m = problem.mu
        angle = np.arccosh((1 + m) / (1 - m))
        bound = float(1 / np.cosh(steps * angle) ** 2)
        # f - f_* <= L |x - x_*|^2/2
        found.append(
            Finding(
                f"Chebyshev steps end below T_N^-2 = {bound:.3g} on {words}", curves["Chebyshev"][-1] <= bound + 1e-14
            )
        )
    ends = {name: run[-1] for name, run in curves.items() if name != "arcsine, quartiles"}
    first = min(ends, key=lambda name: ends[name])
    found.append(Finding(f"on {words} the smallest gap after {steps} steps is {ends[first]:.2g}, of {first}"))
    return found
