"""Laboratory: silver and arcsine steps on small networks, with controls that keep everything but the order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate.accelerated import network_steps as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.network_steps import MODELS, Problem, final_losses, problem, sharpness_trace, unit_schedules
from pepkit.simulate.sizes import check_sizes
from pepkit.studies import Study

__all__ = ["network_steps", "tuned_block", "tuned_losses"]

SAME = 1e-9
"""Losses that agree up to this relative difference are one."""
BLOCK = 16
"""Seeds that run together on JAX: 16 seeds x 5 schedules x 40 scales x 20 neurons x 100 points are 6 million numbers
in a step."""
_TRACES = {"numpy": sharpness_trace, "jax": compiled.sharpness_trace}

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


Tuned = dict[str, list[float | None]]


def tuned_losses(model: str, count: int, seed: int, grid: int = 40, backend: str = "numpy") -> Tuned:
    """Schedule -> [best final loss up to `SAME`, the smallest scale with it]; null for a loss that is infinite."""
    return tuned_block(model, count, (seed,), grid, backend)[0]


def tuned_block(
    model: str,
    count: int,
    seeds: Sequence[int],
    grid: int = 40,
    backend: str = "numpy",
    progress: Callable[[int, int], None] | None = None,
) -> list[Tuned]:
    """`tuned_losses` of several seeds; on the backend jax all seeds, schedules and scales run together."""
    tasks = [problem(model, seed=k) for k in seeds]
    schedules = [unit_schedules(count, k) for k in seeds]
    scales = np.geomspace(1e-3, 30.0, grid)
    names = list(schedules[0])
    steps = np.array([[of_seed[name] for name in names] for of_seed in schedules])
    losses = _final_losses(tasks, steps, np.tile(scales, (len(tasks), 1)), backend, progress)
    # runs that have converged differ by rounding only: the shortest steps among them
    best = np.argmax(losses <= (1 + SAME) * losses.min(axis=2, keepdims=True), axis=2)
    found: list[Tuned] = [
        {name: [float(row[i]), float(scales[i])] for name, row, i in zip(names, of_task, places, strict=True)}
        for of_task, places in zip(losses, best, strict=True)
    ]
    silver = names.index("silver")
    means = steps[:, silver].mean(axis=1)
    chosen = scales[best[:, silver]][:, None]
    constant = np.repeat(means[:, None, None], count, axis=2)
    for tuned, mean, scale, same in zip(
        found, means, chosen[:, 0], _final_losses(tasks, constant, chosen, backend)[:, 0, 0], strict=True
    ):
        tuned["constant, same sum"] = [float(same) if np.isfinite(same) else None, float(scale * mean)]
    return found


def _final_losses(
    tasks: Sequence[Problem],
    steps: NDArray[np.float64],
    scales: NDArray[np.float64],
    backend: str,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Final losses, shape (S, K, G), of S problems with schedules (S, K, N) and scales (S, G)."""
    if backend == "jax":
        return compiled.final_losses(tasks, steps, scales, progress)
    return np.array(
        [[final_losses(task, row, own) for row in rows] for task, rows, own in zip(tasks, steps, scales, strict=True)]
    )


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
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Tuned final losses of schedules and controls, and Hessian eigenvalues along runs, on the `backend` numpy or jax.

    On jax up to `BLOCK` seeds run together.
    """
    require_backend(backend)
    check_sizes(seeds=seeds, trace_steps=trace_steps)
    work = work or Work()
    names: list[str] = []
    rows: list[tuple[Any, ...]] = []
    ratios: dict[tuple[str, int], dict[str, float]] = {}
    for model in MODELS:
        for count in counts:
            logs: dict[str, list[float]] = {}
            for tuned in _tuned(work, model, count, range(seed, seed + seeds), backend):
                for name, (loss, _) in tuned.items():
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
    studies["sharpness"], edge = _traces(work, trace_steps, seed, backend)
    findings.append(
        Finding(f"constant step, tanh network: sharpness times step ends at {edge:.3f}; 2 is the edge of stability")
    )
    return LabResult(ABOUT, studies, {}, tuple(findings))


def _tuned(work: Work, model: str, count: int, seeds: range, backend: str) -> Iterator[Tuned]:
    """The tuned losses of every seed; a piece of work is one seed on NumPy, a block of seeds on JAX."""
    size = BLOCK if backend == "jax" else 1
    for first in range(seeds.start, seeds.stop, size):
        block = range(first, min(first + size, seeds.stop))
        question: dict[str, Any] = {"model": model, "steps": count, "run": first, "runs": len(block)}
        if model == "logistic":
            question["flipped"] = 0.1

        def say(done: int, total: int, block: range = block) -> None:
            work.say(f"{model}, {count} steps, seeds {block[0]} to {block[-1]}: {100 * done // total} %")

        yield from work.piece(
            question | {"backend": backend}, partial(tuned_block, model, count, block, backend=backend, progress=say)
        )


def _traces(work: Work, steps: int, seed: int, backend: str) -> tuple[Study, float]:
    every = max(1, steps // 40)
    power = int(np.log2(steps + 1))
    rows, curves, edge = [], [], float("nan")
    schedules = unit_schedules(2**power - 1, seed)
    # the Hessian of a ReLU network is no derivative of its gradient at kinks, so only smooth models are traced
    for model in ("tanh", "logistic"):
        task = problem(model, seed=seed)
        tuned = tuned_losses(model, 2**power - 1, seed, backend=backend)
        for name in ("constant", "silver"):
            scale = tuned[name][1] or 0.0
            unit = np.resize(schedules[name], steps)

            def say(step: int, words: str = f"{model}, {name}") -> None:
                work.say(f"sharpness, {words}: {step} of {steps} steps")

            def run(t: Any = task, h: Any = scale * unit, say: Any = say) -> list[list[float]]:
                trace = _TRACES[backend](t, h, every, say)
                parts = (trace.times, trace.losses, trace.largest, trace.smallest)
                return [list(map(float, part)) for part in parts]

            question = {"trace": model, "schedule": name, "steps": steps, "scale": round(scale, 9), "backend": backend,
                        "seed": seed}  # fmt: skip
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
