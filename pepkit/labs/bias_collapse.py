"""Laboratory: do the biases of trained one-dimensional ReLU networks collapse?"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import check
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.networks.bias_separation import separation_certificate
from pepkit.networks.hinge_pruning import (
    count_certificate,
    distance_certificate,
    fewest_kinks,
    line_network,
    lower_bound,
    merge_pruned,
)
from pepkit.simulate.accelerated import hinges as compiled
from pepkit.simulate.accelerated import plane as compiled_plane
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.collapse import (
    cluster_count,
    effective_points,
    greenwood,
    initial_neurons,
    kinked_target,
    train_plane,
)
from pepkit.simulate.hinges import demonstration_start, demonstration_target, train_hinges
from pepkit.studies import Study

__all__ = ["TARGETS", "bias_collapse", "demonstration", "inside", "printed_log"]

ABOUT = """
f(x) = sum_j a_j max(0, w_j x + b_j) is trained on a target on [-1, 1]; its kinks -b_j/w_j inside the interval are
counted in clusters separated by gaps above a tolerance, and by a statistic without tolerance: the sum of squared gaps
over that of uniform random points (1 for uniform points, large for clusters).

The statement that more neurons than kinks of the best approximation make the biases collapse is refuted by a
certificate: a flow with target 0, which drives all amplitudes to zero while the biases stay apart. Certificates also
count kinks exactly, bound the error of pruned networks exactly, and bound the number of kinks that any pruning needs.
"""

TARGETS: dict[str, tuple[float, ...]] = {
    "2 kinks": (-0.3, 0.4),
    "4 kinks": (-0.6, -0.2, 0.2, 0.6),
    "6 kinks": (-0.7, -0.45, -0.1, 0.15, 0.4, 0.75),
}
TOLERANCES = (1e-3, 1e-2, 5e-2)
_TRAIN = {"numpy": train_hinges, "jax": compiled.train_hinges}
_TRAIN_PLANE = {"numpy": train_plane, "jax": compiled_plane.train_plane}


def inside(kinks: np.ndarray) -> np.ndarray:
    """The kinks in (-1, 1)."""
    return kinks[(kinks > -1) & (kinks < 1)]


def printed_log(kinks: np.ndarray, times: np.ndarray, steps: int) -> np.ndarray:
    """The log of the printed demonstration: steps/1000 + 1 rows of sorted biases, the last of which is never "
    "written."""
    log = np.zeros((steps // 1000 + 1, kinks.shape[-1]))
    for time, row in zip(times, kinks, strict=True):
        if time < steps and time % 1000 == 0:
            # the program plots +b, the negative of the kink
            log[time // 1000] = np.sort(-row)
    return log


def demonstration(seeds: int, steps: int, work: Work, seed: int = 0, backend: str = "numpy") -> dict[str, Any]:
    """The printed demonstration for several seeds: w = 1 fixed, a updated before b, m = 100, step 0.01."""
    run = _TRAIN[backend](
        *demonstration_start(seeds, seed=seed),
        demonstration_target(),
        steps=steps,
        rate=0.01,
        train_weights=False,
        simultaneous=False,
        progress=lambda step: work.say(f"demonstration, step {step} of {steps}"),
    )
    log = printed_log(run.kinks[:, 0], run.times, steps)
    return {
        "losses": [run.losses[0].tolist(), run.losses[-1].tolist()],
        "logged": float(run.losses[-2][0]),
        "clusters": [
            [[cluster_count(k, tol) for k in run.kinks[row]] for row in (0, -1)] for tol in (1e-3, 1e-2, 2e-2, 5e-2)
        ],
        "greenwood": [[greenwood(k) for k in run.kinks[row]] for row in (0, -1)],
        "times": run.times.tolist(),
        "kinks": run.kinks[:, 0, :].tolist(),
        "empty_rows": int((log == 0).all(axis=1).sum()),
        "rows": len(log),
        "jump": float(np.abs(log[-1] - log[-2]).max()),
    }


def _counts(
    target: str, m: int, scale: float, seeds: int, steps: int, seed: int, backend: str, work: Work
) -> list[list[float | None]]:
    """Per seed: loss, kinks inside, clusters at the tolerances, Greenwood ratio, effective points."""
    run = _TRAIN[backend](
        *initial_neurons(seeds, m, scale, seed),
        kinked_target(TARGETS[target]),
        steps=steps,
        rate=0.02,
        record_every=max(steps, 1),
        progress=lambda step: work.say(f"{target}, width {m}, scale {scale:g}, step {step} of {steps}"),
    )
    rows: list[list[float | None]] = []
    for k in range(seeds):
        kinks = inside(run.kinks[-1, k])
        clusters = [cluster_count(kinks, tolerance) for tolerance in TOLERANCES]
        few = len(kinks) < 3
        gaps = [float("nan")] * 2 if few else [greenwood(kinks), effective_points(kinks)]
        rows.append([float(run.losses[-1, k]), len(kinks), *clusters, *(None if few else g for g in gaps)])
    return rows


@lab(
    "bias-collapse",
    "Do the biases of one-dimensional ReLU networks collapse?",
    quick={
        "seeds": 1,
        "demonstration_steps": 3000,
        "steps": 3000,
        "widths": (30, 60),
        "scales": (0.05, 1.0),
        "plane_steps": 600,
        "prune_times": (1000,),
    },
)
def bias_collapse(
    *,
    seeds: int = 4,
    demonstration_seeds: int = 3,
    demonstration_steps: int = 50_000,
    steps: int = 20_000,
    widths: tuple[int, ...] = (20, 60, 180),
    scales: tuple[float, ...] = (0.02, 0.05, 0.2, 0.5, 1.0),
    plane_steps: int = 5000,
    prune_times: tuple[int, ...] = (1000, 5000, 20_000),
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Clusters of kinks against width, target and scale; directions in the plane; pruning with exact errors.

    All seeds are trained together on the `backend` numpy or jax, from the same random numbers. The one network that is
    pruned is trained on NumPy always, so that its exact weights and the certificates are the same.
    """
    require_backend(backend)
    work = work or Work()
    findings: list[Finding] = []
    certificates: dict[str, Any] = {}
    demo = work.piece(
        {"demonstration": demonstration_seeds, "steps": demonstration_steps, "backend": backend, "seed": seed},
        lambda: demonstration(demonstration_seeds, demonstration_steps, work, seed, backend),
    )
    findings.append(
        Finding(
            f"the printed log has {demo['rows']} rows and leaves {demo['empty_rows']} of them zero, so every "
            "plotted bias "
            f"jumps by up to {demo['jump']:.3f} to 0 at the end: that collapse is an artefact",
            demo["empty_rows"] == 1,
        )
    )
    studies = {"trajectories": _trajectories(demo), "demonstration": _demonstration_study(demo, demonstration_steps)}
    certificates["biases-stay-apart"] = work.certificate(
        {"flow": "zero target"},
        lambda: separation_certificate((fmpq(1, 500), fmpq(-7, 5000)), (fmpq(-3, 10), fmpq(2, 5))),
    )
    findings.append(Finding(str(check(certificates["biases-stay-apart"])).removeprefix("Theorem. "), True))

    def counts(target: str, m: int, scale: float) -> list[Any]:
        question = {"target": target, "m": m, "scale": scale, "seeds": seeds, "steps": steps, "backend": backend,
                    "seed": seed}  # fmt: skip
        rows: list[Any] = work.piece(question, partial(_counts, target, m, scale, seeds, steps, seed, backend, work))
        return rows

    middle = widths[len(widths) // 2]
    rows, by_scale, by_width = [], [], []
    for target in TARGETS:
        for scale in scales:
            by_scale.append((target, scale, _medians(counts(target, middle, scale))))
        for m in widths:
            by_width.append((target, m, _medians(counts(target, m, min(scales)))))
    rows = [("scale", target, middle, scale, *values) for target, scale, values in by_scale]
    rows += [("width", target, m, min(scales), *values) for target, m, values in by_width]
    columns = (
        "varied",
        "target",
        "width",
        "scale",
        "loss",
        "kinks inside",
        *(f"clusters {t:g}" for t in TOLERANCES),
        "Greenwood",
        "effective points",
    )
    note = f"Medians over {seeds} seeds after {steps} steps of 0.02; all parameters are trained."
    for key, title, axis, found in (
        ("scale", f"initialisation scale (width {middle})",
         "initialisation scale (standard deviation of a and w)", by_scale),
        ("width", f"width (scale {min(scales):g})", "width m (neurons)", by_width),
    ):  # fmt: skip
        studies[key] = Study(
            f"Clusters of kinks against the {title}",
            columns,
            tuple(row for row in rows if row[0] == key),
            (note,),
            tuple(
                (t, tuple(float(x) for n, x, _ in found if n == t), tuple(v[3] for n, _, v in found if n == t))
                for t in TARGETS
            ),
            (axis, "clusters of kinks, gaps > 0.01"),
            ("log", "linear"),
        )
    low = [v[5] for _, s, v in by_scale if s == min(scales)]
    high = [v[5] for _, s, v in by_scale if s == max(scales)]
    findings.append(
        Finding(
            f"kinks cluster more from small initialisations: Greenwood ratio at least {min(low):.2f} at scale "
            f"{min(scales):g}, "
            f"at most {max(high):.2f} at scale {max(scales):g}",
            min(low) > max(high) if steps >= 20_000 else None,
        )
    )
    many = [(t, v[2], len(TARGETS[t])) for t, s, v in by_scale if s == min(scales)]
    words = ", ".join(f"{clusters:g} for {kinks}" for _, clusters, kinks in many)
    findings.append(Finding(f"clusters (gaps > 0.001) against kinks of the target, smallest scale: {words}"))
    studies["plane"] = _plane_study(work, seeds, plane_steps, seed, backend)
    studies["pruning"], pruned = _pruning_study(work, prune_times, seed)
    certificates.update(pruned)
    return LabResult(ABOUT, studies, certificates, tuple(findings))


def _medians(rows: list[list[float | None]]) -> tuple[float, ...]:
    found = []
    for column in zip(*rows, strict=True):
        values = [value for value in column if value is not None]
        found.append(float(np.median(values)) if values else float("nan"))
    return tuple(found)


def _trajectories(demo: dict[str, Any]) -> Study:
    times = tuple(float(t) for t in demo["times"])
    kinks = -np.array(demo["kinks"])
    curves = tuple(
        (
            "every seventh neuron (line)" if j == 0 else f"_neuron {j} (line)",
            times,
            tuple(float(v) for v in kinks[:, j]),
        )
        for j in range(0, kinks.shape[1], 7)
    )
    rows = tuple((j, float(kinks[0, j]), float(kinks[-1, j])) for j in range(kinks.shape[1]))
    return Study(
        "Biases of the demonstration, neuron by neuron",
        ("neuron", "bias at the start", "bias at the end"),
        rows,
        ("Seed 0; every seventh neuron is drawn. Identities are kept: the printed program sorts them away.",),
        curves,
        ("step of gradient descent", "bias b_j (the hinge lies at -b_j)"),
    )


def _demonstration_study(demo: dict[str, Any], steps: int) -> Study:
    rows = []
    for k, tolerance in enumerate((1e-3, 1e-2, 2e-2, 5e-2)):
        first, last = demo["clusters"][k]
        for number, (a, b) in enumerate(zip(first, last, strict=True)):
            rows.append((number, tolerance, a, b))
    losses = demo["losses"]
    ratio = [float(np.median(row)) for row in demo["greenwood"]]
    return Study(
        "Clusters of the demonstration before and after training",
        ("seed", "tolerance", "clusters at the start", "clusters at the end"),
        tuple(rows),
        (
            f"100 biases, {steps} steps of 0.01; loss of seed 0 from {losses[0][0]:.6f} to "
            f"{losses[1][0]:.6f}. Whether clusters "
            f"appear or vanish depends on the tolerance; the Greenwood ratio goes from {ratio[0]:.2f} to "
            f"{ratio[1]:.2f}.",
        ),
        tuple(
            (f"{when}, seed 0", tuple(r[1] for r in rows if r[0] == 0), tuple(float(r[c]) for r in rows if r[0] == 0))
            for when, c in (("start", 2), ("end", 3))
        ),
        ("tolerance (distance between biases)", "clusters"),
        ("log", "linear"),
    )


def _plane_study(work: Work, seeds: int, steps: int, seed: int, backend: str) -> Study:
    scales = (0.02, 0.1, 0.5, 1.0)
    rows = []

    def measure(scale: float) -> list[list[float]]:
        run = _TRAIN_PLANE[backend](
            seeds=seeds, m=60, scale=scale, steps=steps, rate=0.1, seed=seed,
            progress=lambda step: work.say(f"plane, scale {scale:g}, step {step} of {steps}"),
        )  # fmt: skip
        period = 2 * np.pi
        return [
            [float(run.losses[k]), cluster_count(angles, 0.02, period), greenwood(angles, period)]
            for k, angles in enumerate(run.directions())
        ]

    for scale in scales:
        question = {"plane": scale, "seeds": seeds, "steps": steps, "backend": backend, "seed": seed}
        rows.append((scale, *_medians(work.piece(question, partial(measure, scale)))))
    return Study(
        "Dimension 2: directions of the weight vectors",
        ("scale", "loss", "clusters 0.02 rad", "Greenwood"),
        tuple(rows),
        (
            "60 neurons, teacher with three neurons, medians over the seeds. Angles of w_j on the circle; "
            "Greenwood ratio 1 is "
            "what independent uniform directions give.",
        ),
        (("Greenwood ratio of directions", scales, tuple(float(r[3]) for r in rows)),),
        ("initialisation scale (standard deviation)", "sum of squared gaps / uniform directions"),
        ("log", "linear"),
    )


def _pruning_study(work: Work, times: tuple[int, ...], seed: int) -> tuple[Study, dict[str, Any]]:
    target = kinked_target(TARGETS["4 kinks"])
    start = initial_neurons(1, 100, 0.1, seed)
    rows: list[tuple[Any, ...]] = []
    certificates: dict[str, Any] = {}
    tolerances = (fmpq(1, 10), fmpq(1, 100), fmpq(1, 1000))
    for time in times:
        run = train_hinges(*start, target, steps=time, rate=0.02, record_every=max(time, 1))
        network = line_network(*(part[0].tolist() for part in (run.amplitudes, run.weights, run.biases)))
        for tolerance in tolerances:
            question = {"pruning": time, "tolerance": str(tolerance), "seed": seed}
            bound = work.certificate({**question, "what": "bound"}, partial(lower_bound, network, -1, 1, tolerance))

            def counts(n: Any = network, t: Any = tolerance) -> list[int]:
                merged, best = merge_pruned(n, -1, 1, t), fewest_kinks(n, -1, 1, t, grid=100)
                return [merged.before, merged.after, best.after]

            before, merged, best = work.piece({**question, "what": "counts"}, counts)
            rows.append((time, tolerance, before, merged, best, bound.claim.count))
            if time == max(times) and tolerance == tolerances[1]:
                small = fewest_kinks(network, -1, 1, tolerance, grid=100)
                certificates["kinks-before"] = count_certificate(network, -1, 1)
                certificates["pruning-error"] = distance_certificate(network, small.network, -1, 1)
                certificates["kinks-needed"] = bound
    last = [row for row in rows if row[0] == max(times)]
    xs = tuple(float(int(row[1].p) / int(row[1].q)) for row in last)
    curves = tuple(
        (name, xs, tuple(float(row[k]) for row in last))
        for k, name in (
            (2, "before pruning"),
            (3, "merging neighbours"),
            (4, "dynamic programming"),
            (5, "needed by any"),
        )
    )
    study = Study(
        "Pruning with an exact error on [-1, 1]",
        ("training steps", "largest error", "kinks", "after merging", "after dynamic programming", "needed by any"),
        tuple(rows),
        (
            "Width 100, scale 0.1, target with 4 kinks. Errors are exact largest differences on the interval; "
            "the last column "
            "is proved for every continuous piecewise linear function that is closer than the error.",
        ),
        curves,
        ("largest difference on [-1, 1]", "kinks in (-1, 1)"),
        ("log", "linear"),
    )
    return study, certificates
