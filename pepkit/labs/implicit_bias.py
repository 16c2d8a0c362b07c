"""Laboratory: towards which classifier does gradient descent take two-layer ReLU networks?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.networks.margin_examples import exact_normalised_margin, random_points, six_points
from pepkit.networks.maximal_margin import margin_certificate, margin_oracle
from pepkit.networks.model import to_floats
from pepkit.simulate.accelerated import margins as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.implicit_bias import feature_margin, initial_layers, kkt_residual, network_values, train_margin
from pepkit.studies import Study

__all__ = ["implicit_bias", "trained_margins"]

_TRAIN = {"numpy": train_margin, "jax": compiled.train_margin}

ABOUT = """
Networks f(x) = sum_j a_j max(0, <w_j, x>) without biases are trained by normalised gradient descent on the exponential
loss. Their normalised margin min_i y_i f(x_i)/|theta|^2 is compared with the largest one of any width, which a convex
program finds and an exact certificate encloses. The residual of the conditions of Karush, Kuhn and Tucker says how far
the direction is from a stationary one. Small initialisations are the rich regime; large ones follow the tangent kernel
first.
"""


def trained_margins(
    points: Sequence[Sequence[Any]],
    labels: Sequence[int],
    width: int,
    scale: float,
    seeds: int,
    norm: float,
    seed: int,
    backend: str = "numpy",
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """One entry per seed: exact normalised margin (0 where the labels are not separated) and residuals.

    The networks are trained on the `backend`; their margins are those of the trained floats in exact arithmetic.
    """
    x, y = np.array([to_floats(point) for point in points]), np.array(labels, dtype=float)
    start = initial_layers((x.shape[1], width, 1), scale, seeds, seed)
    run = _TRAIN[backend](start, x, y, norm=norm, steps=int(60 * norm), progress=progress)
    found = []
    for k in range(seeds):
        layers = [layer[k] for layer in run.layers]
        if not run.separated[k]:
            found.append({"separated": False, "margin": "0", "stationarity": None, "slackness": None})
            continue
        margin = exact_normalised_margin(layers[1][0], layers[0], points, labels)
        residual = kkt_residual(layers, x, y)
        found.append(
            {
                "separated": True,
                # exact numbers travel as texts
                "margin": str(margin),
                "stationarity": residual.stationarity,
                "slackness": residual.slackness,
            }
        )
    return found


def _reporter(work: Work, what: str) -> Callable[[int], None]:
    """Progress of a training in words."""
    return lambda step: work.say(f"{what}, step {step}")


def _exact(text: str) -> fmpq:
    numerator, _, denominator = text.partition("/")
    return fmpq(int(numerator), int(denominator or 1))


def _regimes(
    points: Sequence[Sequence[Any]],
    labels: Sequence[int],
    oracle: Any,
    width: int,
    scale: float,
    seeds: int,
    seed: int,
    backend: str,
    progress: Callable[[int], None],
) -> list[float]:
    """Medians over seeds: similarity with the tangent-kernel and the any-width classifier early on, and the final
    margin.

    Similarity is the cosine between functions on 360 directions, at the first step with all q_i >= 3.
    """
    x, y = np.array([to_floats(point) for point in points]), np.array(labels, dtype=float)
    start = initial_layers((2, width, 1), scale, seeds, seed, symmetric=True)
    run = _TRAIN[backend](start, x, y, norm=400.0, steps=24_000, progress=progress)
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    best = network_values([oracle.weights[None], oracle.amplitudes[None, None]], circle)[0]
    early = network_values(run.early, circle)
    kernel, rich = [], []
    for k in range(seeds):
        tangent = feature_margin([layer[k] for layer in start], x, y, circle)
        kernel.append(_cosine(early[k], tangent))
        rich.append(_cosine(early[k], best))
    final = run.margins[-1] * 2 * oracle.norm
    return [float(np.median(kernel)), float(np.median(rich)), float(np.median(final))]


def _cosine(p: np.ndarray, q: np.ndarray) -> float:
    return float(p @ q / (np.linalg.norm(p) * np.linalg.norm(q) + 1e-300))


@lab(
    "implicit-bias",
    "Implicit bias of two-layer ReLU networks",
    quick={"widths": (6, 20), "scales": (0.1, 3.0), "seeds": 3, "norm": 120.0, "depth_widths": (8,)},
)
def implicit_bias(
    *,
    widths: tuple[int, ...] = (3, 4, 6, 10, 20, 50, 100),
    scales: tuple[float, ...] = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
    seeds: int = 12,
    norm: float = 500.0,
    depth_widths: tuple[int, ...] = (4, 8, 16, 32),
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Margins against width, initialisation scale and depth, next to the exact optimum of any width.

    All seeds are trained together on the `backend` numpy or jax, from the same random numbers; margins, residuals and
    certificates of what was trained are computed alike.
    """
    require_backend(backend)
    work = work or Work()
    sets: dict[str, Any] = {"six points": six_points(), "eight random points": random_points(8, 2, seed + 3)}
    certificates, findings, rows, curves = {}, [], [], []
    oracles = {}
    for name, (points, labels) in sets.items():
        oracles[name] = margin_oracle(points, labels)
        key = "margin-" + name.replace(" ", "-")
        certificates[key] = work.certificate(
            {"points": name, "seed": seed}, partial(margin_certificate, points, labels, oracles[name])
        )
        bound = 1 / (2 * certificates[key].claim.lower)
        medians, least, most = [], [], []
        exceeded = False
        for width in widths:
            question = {"points": name, "width": width, "seeds": seeds, "norm": norm, "backend": backend, "seed": seed}
            say = _reporter(work, f"{name}, width {width}")
            runs = work.piece(
                question, partial(trained_margins, points, labels, width, 0.1, seeds, norm, seed, backend, say)
            )
            ratios = []
            for run in runs:
                margin = _exact(run["margin"])
                exceeded |= bool(margin > bound)
                if run["separated"]:
                    ratios.append(float(int((margin / bound).p) / int((margin / bound).q)))
            residuals = [run["stationarity"] for run in runs if run["separated"]]
            best = sum(ratio > 0.99 for ratio in ratios)
            middle = float(np.median(ratios)) if ratios else None
            worst_residual = max(residuals, default=None)
            rows.append(
                (
                    name,
                    width,
                    len(ratios),
                    middle,
                    min(ratios, default=None),
                    max(ratios, default=None),
                    best,
                    worst_residual,
                )
            )
            medians.append(middle if middle is not None else float("nan"))
            least.append(min(ratios, default=float("nan")))
            most.append(max(ratios, default=float("nan")))
        xs = tuple(float(w) for w in widths)
        curves += [(f"{name}: median", xs, tuple(medians)), (f"{name}: worst seed", xs, tuple(least))]
        text = f"no trained network on the {name} exceeds the certified margin of any width, in exact arithmetic"
        findings.append(Finding(text, not exceeded))
    width_study = Study(
        "Margin reached by training, relative to the best of any width",
        ("points", "width", "separated", "median ratio", "worst", "best", "above 0.99", "largest KKT residual"),
        tuple(rows),
        (
            f"{seeds} seeds for each width, initialisation scale 0.1, normalised steps until |theta| = "
            f"{norm:g}. Ratios are "
            "over the seeds that separate the labels; margins are exact and relative to the certified upper bound.",
        ),
        tuple(curves),
        ("width m (neurons)", "normalised margin / certified maximum"),
        ("log", "linear"),
    )
    scale_study = _scale_study(work, sets["six points"], oracles["six points"], scales, seeds, seed, backend)
    depth_study, deep_residual = _depth_study(work, sets["six points"], depth_widths, seeds, norm, seed, backend)
    small, large = scale_study.rows[0], scale_study.rows[-1]
    rich_start = small[1] <= large[1] and large[1] >= 0.95
    findings.append(
        Finding(
            f"the early classifier is nearer to the tangent-kernel one at scale {large[0]:g} (cosine "
            f"{large[1]:.3f}) than at "
            f"scale {small[0]:g} ({small[1]:.3f}): there is a kernel regime and a rich one",
            bool(rich_start),
        )
    )
    wide = [row for row in rows if row[1] == max(widths) and row[3] is not None]
    for row in wide:
        findings.append(
            Finding(f"width {row[1]}, {row[0]}: median ratio {row[3]:.4f}, {row[6]} of {seeds} seeds above 0.99")
        )
    findings.append(Finding(f"depth 3: median KKT residual {deep_residual:.4f} at the largest width"))
    studies = {"width": width_study, "scale": scale_study, "depth": depth_study}
    return LabResult(ABOUT, studies, certificates, tuple(findings))


def _scale_study(
    work: Work, data: Any, oracle: Any, scales: tuple[float, ...], seeds: int, seed: int, backend: str
) -> Study:
    points, labels = data
    rows = []
    for scale in scales:
        question = {"scale": scale, "seeds": seeds, "backend": backend, "seed": seed, "width": 40}
        say = _reporter(work, f"regimes, scale {scale:g}")
        found = work.piece(question, partial(_regimes, points, labels, oracle, 40, scale, seeds, seed, backend, say))
        rows.append((scale, *found))
    xs = tuple(float(row[0]) for row in rows)
    names = ("early cosine with tangent kernel", "early cosine with best of any width", "final margin ratio")
    curves = tuple((name, xs, tuple(float(row[k + 1]) for row in rows)) for k, name in enumerate(names))
    return Study(
        "From the rich regime to the kernel regime",
        ("initialisation scale", *names),
        tuple(rows),
        (
            "Width 40, symmetric start (f = 0), medians over the seeds. Early: the first step at which all "
            "q_i >= 3. The "
            "tangent-kernel classifier has the largest margin in the features grad f at the start.",
        ),
        curves,
        ("initialisation scale (standard deviation x sqrt(inputs))", "cosine, or ratio to the maximum"),
        ("log", "linear"),
    )


def _depth_study(
    work: Work, data: Any, widths: tuple[int, ...], seeds: int, norm: float, seed: int, backend: str
) -> tuple[Study, float]:
    points, labels = data
    x, y = np.array([to_floats(point) for point in points]), np.array(labels, dtype=float)
    # three layers take longer, so half of the seeds
    half = max(2, seeds // 2)

    def train(width: int) -> list[list[float]]:
        start = initial_layers((2, width, width, 1), 0.5, half, seed)
        say = _reporter(work, f"depth 3, width {width}")
        run = _TRAIN[backend](start, x, y, norm=0.4 * norm, steps=int(24 * norm), progress=say)
        rows = []
        for k in range(half):
            if run.separated[k]:
                residual = kkt_residual([layer[k] for layer in run.layers], x, y).stationarity
                rows.append([float(run.margins[-1][k]), residual])
        return rows

    rows, medians, bests, last = [], [], [], float("nan")
    for width in widths:
        question = {"depth": 3, "width": width, "seeds": half, "norm": 0.4 * norm, "backend": backend, "seed": seed}
        found = work.piece(question, partial(train, width))
        margins = [entry[0] for entry in found]
        residuals = [entry[1] for entry in found]
        middle = float(np.median(margins)) if margins else float("nan")
        best = max(margins, default=float("nan"))
        last = float(np.median(residuals)) if residuals else float("nan")
        rows.append((width, len(found), middle, best, last))
        medians.append(middle)
        bests.append(best)
    xs = tuple(float(w) for w in widths)
    study = Study(
        "Three layers: normalised margins min q/|theta|^3",
        ("width", "separated", "median margin", "largest margin", "median KKT residual"),
        tuple(rows),
        (
            "Fully connected 2-m-m-1 networks without biases; no certified maximum is known for them here. "
            "Residuals take "
            "slope 0 at kinks: a neuron that rests on a kink makes them large, and they bound Clarke's "
            "residual from above.",
        ),
        (("median", xs, tuple(medians)), ("largest", xs, tuple(bests))),
        ("width m of both hidden layers (neurons)", "min_i y_i f(x_i) / |theta|^3"),
        ("log", "linear"),
    )
    return study, last
