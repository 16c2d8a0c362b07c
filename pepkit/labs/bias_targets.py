"""Known numbers about implicit bias, collapse of biases and steps without convexity, computed again."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import check
from pepkit.labs.bias_collapse import TARGETS, demonstration, inside
from pepkit.labs.hedging import noisy_value, step_gain
from pepkit.labs.hedging_search import best_constant, best_schedule, worst_case_value
from pepkit.labs.implicit_bias import trained_margins
from pepkit.labs.network_steps import tuned_losses
from pepkit.labs.store import Work
from pepkit.labs.targets import Computed, target_table, target_tables
from pepkit.networks.bias_separation import separation_certificate
from pepkit.networks.hinge_pruning import distance_certificate, line_network
from pepkit.networks.margin_examples import random_points, six_points
from pepkit.networks.maximal_margin import margin_certificate, margin_oracle
from pepkit.simulate.collapse import cluster_count, initial_neurons, kinked_target, zero_target_flow
from pepkit.simulate.hinges import train_hinges

__all__: list[str] = []


def _decimal(value: Any) -> float:
    return int(value.p) / int(value.q)


@target_table("implicit-bias", "Implicit bias and collapse of biases", "net_implicitbias_targets")
def _implicit_bias(seed: int) -> Iterator[Computed]:
    points, labels = six_points()
    oracle = margin_oracle(points, labels)
    yield Computed("F.oracle", (oracle.norm,))
    coarse, fine = (margin_certificate(points, labels, oracle, slack=slack) for slack in (14, 24))
    for certificate in (coarse, fine):
        check(certificate)
    yield Computed("F.dual", (_decimal(coarse.claim.lower),), note="the last digits depend on the solver's dual vector")
    lower = _decimal(fine.claim.lower)
    yield Computed("F.dual.better", (lower,), lower >= 6.111840551689966)
    yield Computed("F.margin.bound", (oracle.margin,))
    runs = [run for m in (6, 20, 100) for run in trained_margins(points, labels, m, 0.1, 3, 200.0, seed + 1)]
    separating = [run for run in runs if run["separated"]]
    ratios = [float(_decimal(_fraction(run["margin"]) * 2 * fine.claim.lower)) for run in separating]
    yield Computed(
        "F.gd",
        (min(ratios), max(ratios)),
        min(ratios) >= 0.926 and max(ratios) <= 1,
        f"{len(separating)} of 9 runs separate the labels; known were ratios 0.926 to 0.965 after a shorter training",
    )
    yield Computed("F.gd.kkt", (max(run["stationarity"] for run in separating),))
    hard, signs = random_points(8, 2, seed + 3)
    solved = margin_oracle(hard, signs)
    proof = margin_certificate(hard, signs, solved, slack=14)
    check(proof)
    yield Computed("F.hard", (1 - _decimal(proof.claim.lower) / solved.norm,), note=f"here N* = {solved.norm:.6f}")
    demo = demonstration(1, 50_000, Work())
    yield Computed("G.code", (demo["losses"][0][0], demo["logged"]))
    yield Computed("G.code.clusters", tuple(float(row[0]) for pair in demo["clusters"] for row in pair))
    yield Computed("G.code.bug", (float(demo["rows"]), float(demo["empty_rows"])))
    _, biases = zero_target_flow((0.1, -0.07), (-0.3, 0.4))
    yield Computed("G.counter", tuple(biases.tolist()))
    check(separation_certificate((fmpq(1, 500), fmpq(-7, 5000)), (fmpq(-3, 10), fmpq(2, 5))))
    yield Computed("G.counter.proof", met=True)
    two = line_network([fmpq(3, 4), fmpq(1, 4)], [1, 1], [fmpq(-1, 3), fmpq(-2, 5)])
    one = line_network([1], [1], [-fmpq(7, 20)])
    merged = distance_certificate(two, one, 0, 1)
    check(merged)
    claim: Any = merged.claim
    yield Computed("G.merge", (_decimal(claim.distance),))
    for row, scale in (("G.init", 0.05), ("G.init.big", 1.0)):
        run = train_hinges(
            *initial_neurons(2, 120, scale, 1), kinked_target(TARGETS["2 kinks"]), steps=30_000, rate=0.02,
            record_every=30_000,
        )  # fmt: skip
        counts = [[cluster_count(inside(k), t) for k in run.kinks[-1]] for t in (1e-3, 1e-2, 5e-2)]
        flat = tuple(float(c) for pair in counts for c in pair)
        limits = (20, 15, 8) if scale < 1 else (45, 35, 8)
        small = all(max(pair) <= limit for pair, limit in zip(counts, limits, strict=True))
        large = all(min(pair) >= limit for pair, limit in zip(counts, limits, strict=True))
        yield Computed(row, flat, small if scale < 1 else large, "our own target and initialisation")


def _fraction(text: str) -> fmpq:
    numerator, _, denominator = text.partition("/")
    return fmpq(int(numerator), int(denominator or 1))


@target_table("nonconvex", "Steps without convexity and with noise", "net_nonconvex_pep_targets")
def _nonconvex(seed: int) -> Iterator[Computed]:
    yield Computed("H.const", tuple(worst_case_value([1.0] * n, -1) for n in (1, 2, 3, 5)))
    yield Computed("H.const2", (worst_case_value([1.3], -1),))
    step, _ = best_constant(2, -1)
    yield Computed("H.opt", (step,))
    best = 2 / sqrt(3)
    yield Computed("H.opt.val", tuple(worst_case_value([best] * n, -1) for n in (1, 2, 3)))
    starts = ((1.4,), (1.4, 1.0), (1.4, 1.0, 1.3))
    yield Computed("H.nohedge", tuple(best_schedule(start, -1, 250)[1] for start in starts))
    silver = [sqrt(2), 2.0, sqrt(2)]
    yield Computed("H.silver", tuple(worst_case_value(silver[:n], -1) for n in (1, 2, 3)))
    mixed = ([0.5, 1.3], [1.2, 0.8, 1.5], [1.7, 1.0])
    yield Computed("H.add", tuple(worst_case_value(h, -1) for h in mixed))
    loose = [1.6, 0.3]
    yield Computed("H.add.loose", (worst_case_value(loose, -1), 1 / (0.5 + sum(map(_decrease, loose)))))
    for count, kappas in (
        (2, ("0", "0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07")),
        (3, ("0", "0.01", "0.03")),
    ):
        for kappa in kappas:
            found = step_gain(count, float(kappa))
            row = f"H.hypo.N{count}.{'-' if kappa != '0' else ''}{kappa}"
            values = (found["constant"], found["value"], *found["steps"], found["best"], found["gain"])
            yield Computed(row, values, _same_or_better(values, count, row))
    known = {
        ("tanh", 31): (1.054, 1.009), ("tanh", 127): (0.408, 0.416), ("tanh", 511): (0.104, 0.275),
        ("relu", 31): (0.940, 0.907), ("relu", 127): (0.422, 0.506), ("relu", 511): (0.066, 0.087),
        ("logistic", 31): (0.938, 0.887), ("logistic", 127): (0.980, 0.975),
    }  # fmt: skip
    for (model, count), pair in known.items():
        ratios = []
        for k in range(3):
            found = tuned_losses(model, count, seed + k)
            base = found["constant"][0] or 1.0
            ratios.append([(found[name][0] or np.inf) / base for name in ("silver", "silver, shuffled")])
        means = np.exp(np.mean(np.log(ratios), axis=0))
        met = all(value < 1 for value, old in zip(means, pair, strict=True) if old < 0.9)
        note = "geometric means over three seeds of our own data"
        yield Computed(f"H.nn.{model}.{count}", tuple(float(v) for v in means), met, note)
    yield Computed("H.sgd2", _two_steps(), note="n = 1: one value of the noise, which is zero")


def _same_or_better(values: tuple[float, ...], count: int, row: str) -> bool:
    """The constant step agrees, and the schedule is the known local optimum or a better end of the same search."""
    text = next(entry["value"] for entry in target_tables()["nonconvex"].rows() if entry["id"] == row)
    known = tuple(map(float, text.split()))
    *steps, best, gain = values[2:]
    close = all(abs(a - b) < 2e-2 for a, b in zip(steps, known[2 : 2 + count], strict=True))
    constant = abs(values[0] - known[0]) < 1e-4 and abs(values[1] - known[1]) < 1e-6
    return constant and close and -3e-5 < best - known[-2] < 1e-6 and abs(gain - known[-1]) < 0.02


def _decrease(h: float) -> float:
    return h - h**2 / 4 if h <= 1 else h - h**3 / 4


def _two_steps() -> tuple[float, float]:
    from scipy.optimize import minimize

    options = {"xatol": 1e-7, "fatol": 1e-12, "maxfev": 400}
    found = minimize(lambda h: noisy_value(h, 0.1, 0, 1), (1.4, 2.6), method="Nelder-Mead", options=options)
    return float(found.x[0]), float(found.x[1])
