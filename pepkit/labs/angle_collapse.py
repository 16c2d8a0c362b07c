"""Angles between activations in deep ReLU networks: the wide limit with enclosures, and finite width."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq
from scipy.stats import kstest

from pepkit.kernel.angle_maps import AngleEnclosure
from pepkit.labs.enclosing import angle_certificate, constant_certificate
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate import propagation
from pepkit.simulate.accelerated import propagation as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.finite_width import layer_moments, predicted_moments
from pepkit.simulate.propagation import Say
from pepkit.simulate.sizes import check_sizes
from pepkit.studies import Study

__all__ = ["angle_collapse", "jakub_nica_figure"]

WIDTHS = (8, 16, 32, 64, 128, 256)
_PROPAGATE = {"numpy": propagation.propagate, "jax": compiled.propagate}


@lab(
    "angle-collapse",
    "Rank collapse: angles in wide and in finite ReLU networks",
    quick={"layers": (1, 2, 5, 10, 20, 50, 100), "samples": 400},
    full={"samples": 5000},
)
def angle_collapse(
    *,
    layers: tuple[int, ...] = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000),
    digits: int = 20,
    samples: int = 5000,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Enclosures with `digits` decimals behind `layers` layers, and `samples` finite networks on the `backend`.

    The backends numpy and jax sample the same laws with different random numbers; the enclosures are the same.
    """
    require_backend(backend)
    check_sizes(10, samples=samples)
    work = work or Work()
    certificates: dict[str, Any] = {}
    for count in layers:
        certificates[f"angle-{count}-layers"] = work.certificate(
            {"angle": count, "digits": digits}, partial(angle_certificate, "relu", fmpq(0), fmpq(0), count, digits)
        )
    for name, parameter in (("finite-width-mean", 16), ("finite-width-mean", 256), ("finite-width-variance", 256)):
        certificates[f"{name}-{parameter}"] = work.certificate(
            {"constant": name, "parameter": parameter, "digits": digits},
            partial(constant_certificate, name, fmpq(parameter), digits),
        )
    certificates["angle-coefficient"] = work.certificate(
        {"constant": "angle-coefficient", "digits": digits},
        partial(constant_certificate, "angle-coefficient", fmpq(0), digits),
    )

    def study(name: str, compute: Callable[..., Any], count: int = samples) -> Any:
        question = {"study": name, "samples": count, "backend": backend, "seed": seed}
        return work.piece(question, partial(compute, count, seed, backend, work.say))

    rates, drift, moments = study("rates", _rates), study("drift", _drift), study("moments", _moments)
    long, figure = study("long", _long, samples // 10), study("figure 1", jakub_nica_figure)
    exact = [row[2] for row in rates]
    sampled = [row[1] for row in rates]
    errors = [abs(a - b) / error for a, b, error in zip(exact, sampled, [row[5] for row in rates], strict=True)]
    return LabResult(
        _ABOUT,
        {
            "wide-limit": _wide(certificates, layers),
            "residual": _residual(),
            "small-angle-rate": _rate_study(rates, samples),
            "drift-by-angle": _drift_study(drift, samples),
            "jakub-nica": _moments_study(moments, samples),
            "depth": _long_study(long, samples // 10),
            "normality": Study(
                "Distribution of ln sin^2 of the angle, width 256, start 0.1, against the normal law",
                ("layer", "mean", "variance", "p, own mean and variance", "p, digamma mean and variance",
                 "mean, Jakub and Nica", "variance, Jakub and Nica", "p, Jakub and Nica"),
                tuple(tuple(row) for row in figure),
                (f"Kolmogorov-Smirnov tests with {samples} networks. Two columns use no sample: digamma, the wide map "
                 "and the exact small-angle moments; Jakub and Nica, the moments at each angle, with deviations "
                 "carried on by the slope of the mean. Their paper reports 0.987 and 0.186 for layers 1 and 30.",),
            ),
        },
        certificates,
        (
            Finding(f"angles behind up to {max(layers)} layers are enclosed to {digits} decimals, certified", True),
            Finding("the exact small-angle rate E[psi((k-1)/2) - psi(k/2)] agrees with sampled networks within "
                    f"{max(errors):.1f} standard errors; widths {', '.join(map(str, WIDTHS))}", max(errors) < 4.5),
            Finding("Jakub and Nica's mean of ln sin^2 differs from sampled layers of width 256 by at most "
                    f"{max(abs(row[2] - row[3]) for row in moments if row[0] == 256):.4f}, their variance by at most "
                    f"{max(abs(row[6] / row[5] - 1) for row in moments if row[0] == 256):.0%}",
                    all(abs(row[2] - row[3]) < 4.5 * row[4] + 60 / row[0] ** 2 for row in moments)),
            Finding("Jakub and Nica's rho(n) exceeds the exact small-angle rate by "
                    f"{propagation.jakub_nica_rate(16) / -exact[1] - 1:.0%} at n = 16"),
        ),
    )  # fmt: skip


_ABOUT = """
Two inputs at an angle theta come out of a ReLU layer with random weights at a smaller angle. In the limit of infinite
width the correlation follows the arc-cosine map J (Cho, Saul 2009), theta' = theta - theta^2/(3 pi) + O(theta^3), so
theta_l behaves as 3 pi/l: slow collapse. The enclosures below are certified: the kernel iterates J in ball arithmetic.

A finite layer adds a drift of its own. For small angles only the active neurons count: with k ~ Binomial(n, 1/2) of
them, ln sin^2 theta changes by ln(chi2_(k-1)/chi2_k) with independent numerator and denominator, so the mean change is
exactly E[psi((k-1)/2) - psi(k/2)] = -2/n + O(1/n^2). The angle decays *exponentially* at rate about 1/n per layer,
once l is larger than about n. Jakub and Nica (2023) approximate the drift by -(2/(3 pi)) theta - rho(n); rho is
larger than the exact rate at small n. Their full formulas give mean and variance at every angle, from the mixed moments
E relu(u)^a relu(v)^b of correlated Gaussians; they are expansions in 1/n at a fixed angle, good for wide layers.
"""


def _wide(certificates: dict[str, Any], layers: tuple[int, ...]) -> Study:
    rows = []
    for count in layers:
        claim: AngleEnclosure = certificates[f"angle-{count}-layers"].claim
        value = int(claim.low.p) / int(claim.low.q)
        rows.append((count, claim.low, claim.high, value * count / (3 * math.pi)))
    x = tuple(float(row[0]) for row in rows)
    y = tuple(int(row[1].p) / int(row[1].q) for row in rows)
    return Study(
        "Angle behind l layers of infinite width, from orthogonal inputs",
        ("layers l", "angle at least (radians)", "angle at most (radians)", "angle x l/(3 pi)"),
        tuple(rows),
        ("The last column tends to 1, slowly.",),
        (("angle", x, y), ("3 pi/l (line)", x, tuple(3 * math.pi / layer for layer in x))),
        ("layers l", "angle (radians)"),
        ("log", "log"),
    )


def _residual() -> Study:
    """Residual branches of strength a, constant and scaled with the depth."""
    rows: list[tuple[Any, ...]] = []
    curves = []
    for square in (0.01, 0.1, 1.0):
        angles = propagation.map_angles(propagation.residual_map(square), 0.0, 2000)
        limit = 3 * math.pi * (1 + square) / square
        rows += [
            (f"a^2 = {square:g}", count, angles[count], angles[count] * count / limit) for count in (20, 200, 2000)
        ]
        x = tuple(float(layer) for layer in range(1, 2001, 10))
        curves.append((f"a^2 = {square:g} (line)", x, tuple(angles[int(layer)] for layer in x)))
    for total in (1.0, 5.0):
        for count in (20, 200, 2000):
            angles = propagation.map_angles(propagation.residual_map(total / count), 0.0, count)
            rows.append((f"a^2 = {total:g}/L", count, angles[-1], None))
    return Study(
        "Residual networks h + a V relu(W h): angle behind l layers",
        ("branch", "layers l", "angle (radians)", "angle x a^2 l/(3 pi (1 + a^2))"),
        tuple(rows),
        (
            "A constant branch collapses as 3 pi (1 + a^2)/(a^2 l); with a^2 = c/L the angle at the end does not "
            "tend to 0.",
        ),
        tuple(curves),
        ("layers l", "angle (radians)"),
        ("log", "log"),
    )


def _rates(samples: int, seed: int, backend: str, say: Say) -> list[list[float]]:
    generator = np.random.default_rng([seed, 1])
    rows = []
    for width in WIDTHS:
        start = 1e-5
        angles = _PROPAGATE[backend](propagation.gaussian, start, 1, width, 20 * samples, generator, say)[1]
        # layers with fewer than two active neurons have no angle; they are left out here as in the exact rate
        angles = angles[angles > 1e-12]
        change = 2 * np.log(np.sin(angles) / math.sin(start))
        mean, variance = propagation.finite_width_moments(width)
        rows.append([width, float(change.mean()), mean, float(change.var()), variance,
                     math.sqrt(variance / len(change)), propagation.jakub_nica_rate(width)])  # fmt: skip
    return rows


def _rate_study(rows: list[list[float]], samples: int) -> Study:
    x = tuple(float(row[0]) for row in rows)
    return Study(
        "Mean change of ln sin^2 of a small angle in one layer, against the width",
        ("width n", "sampled mean", "exact mean", "sampled variance", "exact variance", "standard error", "-rho(n)"),
        tuple((int(a), b, c, d, e, f, -g) for a, b, c, d, e, f, g in rows),
        (f"{20 * samples} layers a row; exact: E[psi((k-1)/2) - psi(k/2) | k >= 2], k ~ Binomial(n, 1/2).",),
        (
            ("sampled (points)", x, tuple(-row[1] for row in rows)),
            ("exact (line)", x, tuple(-row[2] for row in rows)),
            ("rho(n), Jakub and Nica (line)", x, tuple(row[6] for row in rows)),
            ("2/n (line)", x, tuple(2 / n for n in x)),
        ),
        ("width n", "decrease of ln sin^2 per layer"),
        ("log", "log"),
    )


def _drift(samples: int, seed: int, backend: str, say: Say) -> list[list[float]]:
    generator = np.random.default_rng([seed, 2])
    width, rows = 64, []
    small = propagation.finite_width_moments(width)[0]
    for angle in (0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.2):
        angles = _PROPAGATE[backend](propagation.gaussian, angle, 1, width, 4 * samples, generator, say)[1]
        change = 2 * np.log(np.sin(angles) / math.sin(angle))
        wide = math.acos(propagation.arc_cosine(math.cos(angle)))
        limit = 2 * math.log(math.sin(wide) / math.sin(angle))
        linear = -2 / (3 * math.pi) * angle
        rows.append([angle, float(change.mean()), float(change.std()) / math.sqrt(4 * samples), limit + small,
                     linear - propagation.jakub_nica_rate(width), limit])  # fmt: skip
    return rows


def _drift_study(rows: list[list[float]], samples: int) -> Study:
    x = tuple(row[0] for row in rows)
    return Study(
        "Mean change of ln sin^2 in one layer of width 64, against the angle",
        ("angle (radians)", "sampled mean", "standard error", "wide map + exact small-angle rate",
         "-(2/(3 pi)) angle - rho", "wide map alone"),
        tuple(tuple(row) for row in rows),
        (f"{4 * samples} layers a row. Beyond small angles the sum of the two exact terms is an approximation.",),
        (
            ("sampled (points)", x, tuple(-row[1] for row in rows)),
            ("wide map + exact rate (line)", x, tuple(-row[3] for row in rows)),
            ("(2/(3 pi)) angle + rho (line)", x, tuple(-row[4] for row in rows)),
            ("wide map alone (line)", x, tuple(-row[5] for row in rows)),
        ),
        ("angle (radians)", "decrease of ln sin^2 per layer"),
        ("log", "log"),
    )  # fmt: skip


def _moments(samples: int, seed: int, backend: str, say: Say) -> list[list[float]]:
    generator = np.random.default_rng([seed, 3])
    rows = []
    for width in (16, 64, 256):
        for angle in (0.1, 0.4, 0.8, 1.2, math.pi / 2):
            angles = _PROPAGATE[backend](propagation.gaussian, angle, 1, width, 4 * samples, generator, say)[1]
            # a layer with fewer than two active neurons has no angle
            values = 2 * np.log(np.sin(angles[angles > 1e-12]))
            mean, variance = layer_moments(angle, width)
            rows.append([width, angle, float(values.mean()), mean, float(values.std()) / math.sqrt(len(values)),
                         float(values.var()), variance])  # fmt: skip
    return rows


def _moments_study(rows: list[list[float]], samples: int) -> Study:
    return Study(
        "ln sin^2 of the angle behind one layer, against Jakub and Nica",
        ("width n", "angle (radians)", "sampled mean", "mean, Jakub and Nica", "standard error", "sampled variance",
         "variance, Jakub and Nica"),
        tuple((int(row[0]), *row[1:]) for row in rows),
        (f"{4 * samples} layers a row. The mean has an error of order 1/n^2, the variance a relative one "
         "of order 1/n.",),
        tuple(
            (f"n = {width}, {what}", tuple(r[1] for r in rows if r[0] == width),
             tuple(r[column] for r in rows if r[0] == width))
            for width in (16, 64, 256) for what, column in (("sampled (points)", 5), ("Jakub and Nica (line)", 6))
        ),
        ("angle (radians)", "variance of ln sin^2"),
        ("linear", "log"),
    )  # fmt: skip


def _long(samples: int, seed: int, backend: str, say: Say) -> dict[str, Any]:
    depth = 400
    found: dict[str, Any] = {"layers": list(range(0, depth + 1, 10))}
    for width in (16, 64, 256):
        angles = _PROPAGATE[backend](propagation.gaussian, math.pi / 2, depth, width, samples, seed + width, say)
        typical = np.median(angles, axis=1)
        found[str(width)] = [float(v) for v in typical[::10]]
    return found


def _long_study(found: dict[str, Any], samples: int) -> Study:
    layers = [int(layer) for layer in found["layers"]]
    wide = propagation.map_angles(propagation.arc_cosine, 0.0, max(layers))
    rows = tuple(
        (depth, found["16"][k], found["64"][k], found["256"][k], wide[depth]) for k, depth in enumerate(layers)
    )
    x = tuple(float(layer) for layer in layers)
    floor = 1e-16
    return Study(
        "Typical angle against depth for widths 16, 64, 256 and infinity",
        ("layers", "width 16", "width 64", "width 256", "infinite width"),
        rows,
        (f"Medians over {samples} networks. Finite width turns the decay 3 pi/l into an exponential one at l ~ n.",),
        (
            *((f"width {n} (line)", x, tuple(max(v, floor) for v in found[str(n)])) for n in (16, 64, 256)),
            ("infinite width (line)", x, tuple(wide[layer] for layer in layers)),
        ),
        ("layers", "angle (radians)"),
        ("linear", "log"),
    )


def jakub_nica_figure(
    samples: int, seed: int, backend: str = "numpy", say: Say | None = None
) -> list[list[float]]:  # fmt: skip
    """Layers 1 and 30 at width 256 from angle 0.1: mean and variance sampled, p-values of Kolmogorov-Smirnov tests with
    these and with the digamma moments; mean and variance of Jakub and Nica, and the p-value with them.
    """
    width, start = 256, 0.1
    angles = _PROPAGATE[backend](propagation.gaussian, start, 30, width, samples, seed, say)
    small, variance = propagation.finite_width_moments(width)
    theirs = predicted_moments(start, width, 30)
    rows = []
    for layer in (1, 30):
        values = 2 * np.log(np.sin(angles[layer]))
        angle, mean = start, 2 * math.log(math.sin(start))
        for _ in range(layer):
            wide = math.acos(propagation.arc_cosine(math.cos(angle)))
            mean += 2 * math.log(math.sin(wide) / math.sin(angle)) + small
            # the drift of the wide map is taken at the typical angle
            angle = math.asin(math.exp(mean / 2))
        own = kstest(values, "norm", args=(values.mean(), values.std())).pvalue
        predicted = kstest(values, "norm", args=(mean, math.sqrt(layer * variance))).pvalue
        first, second = theirs[layer - 1]
        formula = kstest(values, "norm", args=(first, math.sqrt(second))).pvalue
        rows.append([layer, float(values.mean()), float(values.var()), float(own), float(predicted), first, second,
                     float(formula)])  # fmt: skip
    return rows
