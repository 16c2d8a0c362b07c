"""Laboratory: silver and arcsine steps on small networks, with controls that keep everything but the order."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate.network_steps import MODELS, final_losses, problem, sharpness_trace, unit_schedules
from pepkit.studies import Study

__all__ = ["network_steps", "tuned_losses"]

ABOUT = """
Full-batch gradient descent on a tanh network, a ReLU network and logistic regression (100 points in R^10, 20 neurons).
Each schedule is scaled by its own best factor from a logarithmic grid. Controls keep the multiset of steps and change
the order (shuffled, sorted), draw the steps independently (arcsine law), or keep only their sum (constant step with
the sum of the tuned silver steps). No theorem about nonconvex losses promises a gain here; the laboratory measures it.

Sharpness is the largest eigenvalue of the Hessian; gradient descent with a constant step eta on a network tends to
hover at sharpness 2/eta (edge of stability). The ratio -smallest/largest eigenvalue is the kappa of the hedging
laboratory.
"""


_ORDER = ("constant", "silver", "silver, shuffled", "silver, sorted", "arcsine, independent", "constant, same sum")


def tuned_losses(model: str, count: int, seed: int, grid: int = 40) -> dict[str, list[float | None]]:
    """Schedule -> [best final loss, its scale]; null for a loss that is infinite."""
    task = problem(model, seed=seed)
    scales = np.geomspace(1e-3, 30.0, grid)
    found: dict[str, list[float | None]] = {}
    schedules = unit_schedules(count, seed)
    for name, steps in schedules.items():
        losses = final_losses(task, steps, scales)
        best = int(np.argmin(losses))
        found[name] = [float(losses[best]), float(scales[best])]
    silver = schedules["silver"]
    scale = found["silver"][1] or 0.0
    same = final_losses(task, np.full(count, float(silver.mean())), np.array([scale]))[0]
    found["constant, same sum"] = [float(same) if np.isfinite(same) else None, scale * float(silver.mean())]
    return found


@lab(
    "network-steps",
    "Silver and arcsine steps on small networks",
    quick={"counts": (31, 127), "seeds": 2, "trace_steps": 400},
)
def network_steps(
    *,
    counts: tuple[int, ...] = (31, 127, 511),
    seeds: int = 8,
    trace_steps: int = 3000,
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Tuned final losses of schedules and controls, and Hessian eigenvalues along runs."""
    work = work or Work()
    names: list[str] = []
    rows: list[tuple[Any, ...]] = []
    ratios: dict[tuple[str, int], dict[str, float]] = {}
    for model in MODELS:
        for count in counts:
            logs: dict[str, list[float]] = {}
            for k in range(seeds):
                question = {"model": model, "steps": count, "run": seed + k}
                if model == "logistic":
                    question["flipped"] = 0.1
                found = work.piece(question, partial(tuned_losses, model, count, seed + k))
                for name, (loss, _) in found.items():
                    value = float("inf") if loss is None else loss
                    logs.setdefault(name, []).append(value)
            # kept pieces do not keep the order
            names = sorted(logs, key=_ORDER.index)
            base = np.array(logs["constant"])
            # geometric mean of the ratio to the tuned constant step, seed by seed
            ratios[model, count] = {
                name: float(np.exp(np.mean(np.log(np.array(values) / base))))
                if np.isfinite(values).all()
                else float("inf")
                for name, values in logs.items()
            }
            rows.append((model, count, float(np.median(base)), *(ratios[model, count][name] for name in names[1:])))
    curves = []
    xs = tuple(float(n) for n in counts)
    for model in MODELS:
        for name in ("silver", "silver, shuffled", "arcsine, independent"):
            curves.append((f"{model}: {name}", xs, tuple(ratios[model, n][name] for n in counts)))
    studies = {
        "final-loss": Study(
            "Final loss relative to the tuned constant step",
            ("model", "steps", "median loss, constant", *(f"{name} / constant" for name in names[1:])),
            tuple(rows),
            (
                f"{seeds} seeds, 40 scales each; geometric means over seeds of (loss / loss of the tuned "
                "constant step). inf: a "
                "run diverges.",
            ),
            tuple(curves),
            ("N (steps of gradient descent)", "final loss / final loss of constant step"),
            ("log", "log"),
        )
    }
    findings = []
    longest = max(counts)
    for model in MODELS:
        r = ratios[model, longest]
        findings.append(
            Finding(
                f"{model}, {longest} steps: silver {r['silver']:.3f}, shuffled {r['silver, shuffled']:.3f}, sorted "
                f"{r['silver, sorted']:.3f}, independent arcsine {r['arcsine, independent']:.3f} of the "
                "constant step's loss"
            )
        )
    studies["sharpness"], edge = _traces(work, trace_steps, seed)
    findings.append(
        Finding(f"constant step, tanh network: sharpness times step ends at {edge:.3f}; 2 is the edge of stability")
    )
    return LabResult(ABOUT, studies, {}, tuple(findings))


def _traces(work: Work, steps: int, seed: int) -> tuple[Study, float]:
    every = max(1, steps // 40)
    power = int(np.log2(steps + 1))
    rows, curves, edge = [], [], float("nan")
    schedules = unit_schedules(2**power - 1, seed)
    # the Hessian of a ReLU network is no derivative of its gradient at kinks, so only smooth models are traced
    for model in ("tanh", "logistic"):
        task = problem(model, seed=seed)
        tuned = tuned_losses(model, 2**power - 1, seed)
        for name in ("constant", "silver"):
            scale = tuned[name][1] or 0.0
            unit = np.resize(schedules[name], steps)

            def run(t: Any = task, h: Any = scale * unit) -> list[list[float]]:
                trace = sharpness_trace(t, h, every)
                parts = (trace.times, trace.losses, trace.largest, trace.smallest)
                return [list(map(float, part)) for part in parts]

            question = {"trace": model, "schedule": name, "steps": steps, "scale": round(scale, 9), "seed": seed}
            times, losses, largest, smallest = work.piece(question, run)
            for t, loss, top, bottom in zip(times, losses, largest, smallest, strict=True):
                rows.append((model, name, t, loss, top, bottom, scale * top, -bottom / top if top > 0 else None))
            curves.append((f"{model}, {name}", tuple(times), tuple(scale * top for top in largest)))
            if (model, name) == ("tanh", "constant"):
                edge = scale * largest[-1]
    curves.append(("edge of stability, 2 (line)", (0.0, float(steps)), (2.0, 2.0)))
    study = Study(
        "Sharpness along training",
        ("model", "schedule", "step", "loss", "largest eigenvalue", "smallest eigenvalue", "scale x largest", "kappa"),
        tuple(rows),
        (
            "Each run uses the scale that is best for its schedule. For the constant step, scale x largest "
            "eigenvalue = 2 is the "
            "edge of stability; kappa = -smallest/largest eigenvalue, to be compared with the hedging "
            "threshold of about 0.100.",
        ),
        tuple(curves),
        ("step of gradient descent", "scale x largest Hessian eigenvalue"),
    )
    return study, edge
