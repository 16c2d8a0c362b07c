"""Does the collapse of angles at the start matter for training? Deep ReLU networks on 8 x 8 digits."""

from __future__ import annotations

import copy
import math
from functools import partial
from typing import Any

import numpy as np

from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate import propagation, training
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.accelerated.classifiers import train_all
from pepkit.simulate.data import digits
from pepkit.studies import Study

__all__ = ["matched_branch", "trainability"]

RATES = (0.003, 0.01, 0.03, 0.1)


@lab(
    "trainability",
    "Collapse at the start against training on digits",
    quick={"depths": (10,), "steps": 60, "rates": (0.01, 0.03), "seeds": 1},
    full={"depths": (10, 20, 40)},
)
def trainability(
    *,
    depths: tuple[int, ...] = (10, 20, 40),
    width: int = 64,
    steps: int = 300,
    rates: tuple[float, ...] = RATES,
    seeds: int = 2,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Every initialisation at each depth, with the best of `rates` by final accuracy; `seeds` runs each.

    On the `backend` jax all seeds and rates of an initialisation are trained together.
    """
    require_backend(backend)
    work = work or Work()
    rows: list[tuple[Any, ...]] = []
    curves = []
    for depth in depths:
        for label, name, centring, branch in _cases(depth):
            question = {"depth": depth, "case": label, "width": width, "steps": steps, "rates": list(rates),
                        "seeds": seeds, "backend": backend, "seed": seed}  # fmt: skip
            found = work.piece(
                question, partial(_case, name, centring, branch, depth, width, steps, rates, seeds, seed, backend)
            )
            rows.append((depth, label, found["correlation"], found["rate"], found["accuracy"], found["loss"]))
            if depth == depths[-1]:
                smooth = np.convolve(found["losses"], np.ones(10) / 10, mode="valid")
                curves.append(
                    (f"{label} (line)", tuple(float(k) for k in range(len(smooth))), tuple(map(float, smooth)))
                )
    deepest = [row for row in rows if row[0] == depths[-1]]
    by_name = {row[1]: row for row in deepest}
    order = np.argsort([row[2] for row in deepest])
    ranks = np.argsort(np.argsort([-row[4] for row in deepest]))
    agreement = float(np.corrcoef(np.argsort(order), ranks)[0, 1])
    matched = [by_name["centred, c = 0.3"][4], by_name["residual, matched to c = 0.3"][4]]
    return LabResult(
        _ABOUT,
        {
            "accuracy": Study(
                "Initial collapse and what training reaches",
                ("hidden layers", "initialisation", "mean cosine at the start", "best rate", "accuracy", "final loss"),
                tuple(rows),
                (f"1797 digits, width {width}, {steps} steps of batches of 128, momentum 0.9, clipped gradients; "
                 f"best of "
                 f"the rates {', '.join(f'{r:g}' for r in rates)}; means over {seeds} seeds. Accuracy on the training "
                 "images: the question is whether a network trains.",),
                tuple(
                    (
                        f"{label} (points)",
                        tuple(row[2] for row in rows if row[1] == label),
                        tuple(row[4] for row in rows if row[1] == label),
                    )
                    for label in dict.fromkeys(row[1] for row in rows)
                ),
                ("mean cosine of last hidden states at the start", "accuracy after training"),
            ),
            "losses": Study(
                f"Training loss of networks with {depths[-1]} hidden layers",
                ("initialisation", "final loss"),
                tuple((row[1], row[5]) for row in deepest),
                ("Cross entropy, running mean over 10 steps, the best rate of each initialisation.",),
                tuple(curves),
                ("step", "cross entropy"),
            ),
        },
        {},
        (
            Finding(f"rank correlation at depth {depths[-1]} between the initial collapse and the accuracy: "
                    f"{agreement:.2f}"),
            Finding(f"matched initial angles, different networks: accuracy {matched[0]:.2f} centred, {matched[1]:.2f} "
                    f"residual at depth {depths[-1]}"),
            Finding("looks-linear networks train at every depth: accuracy at least "
                    f"{min(row[4] for row in rows if row[1] == 'looks-linear'):.2f}"),
        ),
    )  # fmt: skip


_ABOUT = """
Gaussian and orthogonal ReLU networks map all inputs to nearly the same direction when they are deep; networks that
subtract a share c of the mean of their activations, residual networks and mirrored ones do not. Does that decide
whether they train? To separate the angle from everything else, one residual network has the branch strength at which
the wide limit gives the same angle at the end as centring with c = 0.3. If angles were all that matters the two would
train equally well.

The slope of the map of correlations at r = 1 is also the factor by which squared gradients grow in each layer. It is 1
without centring and 1/(1 - c'/pi), c' = 2c - c^2, with it: up to 1.467 for c = 1, which is 2000 for the norm of
gradients behind 40 layers. So full centring keeps inputs apart and makes gradients explode: there is an optimum
between.
"""


def _cases(depth: int) -> list[tuple[str, str, float, float]]:
    return [
        ("Gaussian", "gaussian", 0.0, 0.0),
        ("orthogonal", "orthogonal", 0.0, 0.0),
        ("centred, c = 0.3", "centred", 0.3, 0.0),
        ("centred, c = 1", "centred", 1.0, 0.0),
        ("residual, a^2 = 1/L", "residual", 0.0, 1 / math.sqrt(depth)),
        ("residual, matched to c = 0.3", "residual", 0.0, matched_branch(0.3, depth)),
        ("looks-linear", "looks-linear", 0.0, 0.0),
    ]


def matched_branch(centring: float, depth: int, correlation: float = 0.5) -> float:
    """The residual strength a whose wide limit ends at the same angle as centring; at most 10.

    Residual branches have random signs, so their products have mean zero between branch and stream and the map is
    r' = (r + a^2 J(r))/(1 + a^2).
    """
    share = 2 * centring - centring * centring
    goal = propagation.map_angles(propagation.centred_map(share), correlation, depth)[-1]
    low, high = 1e-4, 10.0
    for _ in range(80):
        middle = math.sqrt(low * high)
        if propagation.map_angles(propagation.residual_map(middle**2), correlation, depth)[-1] > goal:
            low = middle
        else:
            high = middle
    return low


def _case(
    name: str, centring: float, branch: float, depth: int, width: int, steps: int, rates: tuple[float, ...], seeds: int,
    seed: int, backend: str,
) -> dict[str, Any]:  # fmt: skip
    images, labels = digits()
    x = images.T - images.mean()
    runs = range(seed, seed + seeds)
    networks = [training.build(name, depth, width, 64, 10, k, centring, branch) for k in runs]
    cosines = [training.mean_correlation(network, x[:, :100]) for network in networks]
    if backend == "jax":
        found = train_all(networks, x, labels, rates, steps, 128, runs)
    else:
        found = [
            [training.train(copy.deepcopy(n), x, labels, rate, steps, 128, k)
             for n, k in zip(networks, runs, strict=True)]
            for rate in rates
        ]  # fmt: skip
    best: dict[str, Any] = {"accuracy": -1.0}
    for rate, trained in zip(rates, found, strict=True):
        accuracies, finals, curve = [], [], []
        for losses, accuracy in trained:
            accuracies.append(accuracy)
            finals.append(float(np.mean(losses[-10:])) if math.isfinite(losses[-1]) else 1e3)
            curve.append([v if math.isfinite(v) else 1e3 for v in losses] + [1e3] * (steps - len(losses)))
        if np.mean(accuracies) > best["accuracy"]:
            best = {
                "accuracy": float(np.mean(accuracies)),
                "loss": float(np.mean(finals)),
                "rate": rate,
                "correlation": float(np.mean(cosines)),
                "losses": [float(v) for v in np.mean(curve, axis=0)],
            }
    return best
