"""Mean shift, one-dimensional signal, rank collapse: one statement, and what removes the mean changes."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.labs.enclosing import (
    angle_certificate,
    constant_certificate,
    fixed_point_certificate,
    rank_certificate,
)
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate import propagation
from pepkit.simulate.accelerated import propagation as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.propagation import Say
from pepkit.studies import Study

__all__ = ["mean_shift"]

SHOWN = (1, 2, 5, 10, 20, 50)
_SIMULATIONS = {"numpy": propagation, "jax": compiled}


@lab(
    "mean-shift",
    "Mean shift and rank collapse are one statement",
    quick={"seeds": 40, "dense_seeds": 2, "width": 256, "batch_widths": (64, 256)},
    full={},
)
def mean_shift(
    *,
    seeds: int = 1000,
    dense_seeds: int = 5,
    width: int = 512,
    batch_widths: tuple[int, ...] = (64, 256, 1024),
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """`seeds` Gaussian and orthogonal networks of `width` neurons, `dense_seeds` with whole weight matrices.

    The backends numpy and jax sample the same laws with different random numbers; maps, certificates and the one
    looks-linear network are the same.
    """
    require_backend(backend)
    work = work or Work()
    common = {"backend": backend, "seed": seed}
    angles = work.piece({"study": "angles", "seeds": seeds, "width": width, **common},
                        partial(_angles, seeds, width, seed, backend, work.say))  # fmt: skip
    standard = work.piece({"study": "standardised", "seeds": dense_seeds, "width": width, **common},
                          partial(_standardised, dense_seeds, width, seed, backend, work.say))  # fmt: skip
    ranks = [work.piece({"study": "ranks", "width": n, "seeds": dense_seeds, **common},
                        partial(_ranks, n, dense_seeds, seed, backend, work.say)) for n in batch_widths]  # fmt: skip
    strengths = (0.01, 0.05, 0.1, 0.3, 0.6, 0.9)
    certificates: dict[str, Any] = {
        name: work.certificate({"constant": name}, partial(constant_certificate, name, fmpq(0)))
        for name in ("centred-slope-zero", "centred-slope-one", "centred-gain")
    }
    for strength in (fmpq(1, 100), fmpq(1, 20), fmpq(1, 10), fmpq(3, 10)):
        certificates[f"fixed-point-{strength.p}-{strength.q}"] = work.certificate(
            {"fixed point": str(strength)}, partial(fixed_point_certificate, strength)
        )
    certificates["centred-angle-20-layers"] = work.certificate(
        {"centred angle": 20}, partial(angle_certificate, "centred", fmpq(1), fmpq(9, 10), 20)
    )
    for name, centred in (("plain", False), ("centred", True)):
        certificates[f"effective-rank-{name}"] = work.certificate(
            {"effective rank": name, "seed": seed}, partial(rank_certificate, 16, 16, 8, centred, seed)
        )
    plain_rank, centred_rank = (certificates[f"effective-rank-{name}"].claim for name in ("plain", "centred"))
    straight = max(abs(v - math.pi / 2) for v in angles["looks-linear"])
    return LabResult(
        _ABOUT,
        {
            "maps": _map_study(),
            "fixed-points": _fixed_points(strengths),
            "phase-diagram": _phase_diagram(),
            "initialisations": _angle_study(angles, seeds, width),
            "weight-standardisation": _standard_study(standard, dense_seeds, width),
            "batch-normalisation": _rank_study(ranks, batch_widths, dense_seeds),
        },
        certificates,
        (
            Finding("centring makes r = 0 stable (slope 0.733) and r = 1 unstable (slope 1.467), certified", True),
            Finding(f"mirrored (looks-linear) networks keep the angle to {straight:.1e}", straight < 1e-10),
            Finding(
                "orthogonal ReLU networks collapse like Gaussian ones: "
                f"{angles['orthogonal'][20]:.3f} against {angles['gaussian'][20]:.3f} radians behind 20 layers, "
                f"{angles['map'][20]:.3f} in the wide limit",
                abs(angles["orthogonal"][20] - angles["map"][20]) < 0.05,
            ),
            Finding(
                "one network of width 16 and depth 16 on 8 inputs, evaluated exactly: effective rank at most "
                f"{float(plain_rank.high.p) / float(plain_rank.high.q):.3f} as it is, at least "
                f"{float(centred_rank.low.p) / float(centred_rank.low.q):.3f} with rows of mean zero, certified",
                bool(plain_rank.high < centred_rank.low),
            ),
            Finding("batch normalisation keeps the effective rank of 16 inputs behind 60 layers at "
                    f"{min(r['normalised'][-1] for r in ranks):.1f} or more; without it, it is "
                    f"{max(r['plain'][-1] for r in ranks):.1f} or less",
                    min(r["normalised"][-1] for r in ranks) > 3 * max(r["plain"][-1] for r in ranks)),
        ),
    )  # fmt: skip


_ABOUT = """
Four observations about deep ReLU networks at the start of training: activations have a mean that grows with depth
("mean shift", Brock et al.), the signal becomes one-dimensional (Labatie), hidden representations lose rank
(Daneshmand et al.), and correlation 1 attracts (mean-field theory). They are one statement. ReLU outputs have the
mean sqrt(q/(2 pi)) where the energy is q/2, so a share 1/pi of the energy lies in one direction, the same for all
inputs. In the map of correlations, r' = J(r), J(0) = 1/pi, and r = 1 is the only fixed point, of slope 1.

*Subtract the mean* (centring, weight standardisation, batch normalisation): r' = (J(r) - 1/pi)/(1 - 1/pi) has slope
(1/2)/(1 - 1/pi) < 1 at r = 0 and 1/(1 - 1/pi) > 1 at r = 1, so the stable fixed point moves from 1 to 0. A part of it
is enough: with strength s the slope at 1 is 1/(1 - s/pi) > 1 for every s > 0, and the stable fixed point is
r* = 1 - 9 s^2/8 + ... The gain that keeps the variance is sqrt(2/(1 - 1/pi)) = 1.7129.

*Orthogonal weights* do not help: scaled orthogonal ReLU networks collapse like Gaussian ones, because the activation
makes the mean and not the weights. Mirrored weights [[Q, -Q], [-Q, Q]] do: the network is linear at the start.
"""


def _map_study() -> Study:
    grid = np.linspace(-0.2, 1, 121)
    curves = [("identity (line)", tuple(grid), tuple(grid))]
    for strength in (0.0, 0.3, 1.0):
        step = propagation.centred_map(strength)
        curves.append((f"s = {strength:g} (line)", tuple(grid), tuple(step(float(r)) for r in grid)))
    rows = []
    for strength in (0.0, 0.1, 0.3, 0.6, 1.0):
        shift = strength / math.pi
        rows.append((strength, (1 / math.pi - shift) / (1 - shift), 0.5 / (1 - shift), 1 / (1 - shift)))
    return Study(
        "Correlation behind one layer against the correlation before it, centring strength s",
        ("s", "value at 0", "slope at 0", "slope at 1"),
        tuple(rows),
        ("s = 0: no centring; s = 1: the whole mean is subtracted.",),
        tuple(curves),
        ("correlation r before the layer", "correlation behind it"),
    )


def _fixed_points(strengths: tuple[float, ...]) -> Study:
    found = [propagation.centred_fixed_point(s) for s in strengths]
    return Study(
        "The stable fixed point r* of the centred map",
        ("s", "1 - r*", "9 s^2/8"),
        tuple((s, v, 9 * s * s / 8) for s, v in zip(strengths, found, strict=True)),
        ("Certificates `fixed-point-...` enclose four of these numbers.",),
        (("1 - r*", strengths, tuple(found)), ("9 s^2/8 (line)", strengths, tuple(9 * s * s / 8 for s in strengths))),
        ("centring strength s", "1 - r*"),
        ("log", "log"),
    )


def _phase_diagram() -> Study:
    """Angle behind l layers against s."""
    strengths = tuple(float(s) for s in np.linspace(0, 1, 41))
    rows, curves = [], []
    for layers in (5, 20, 100, 1000):
        ends = tuple(propagation.map_angles(propagation.centred_map(s), 0.9, layers)[-1] for s in strengths)
        curves.append((f"{layers} layers (line)", strengths, ends))
        rows.append((layers, *(ends[k] for k in (0, 4, 12, 24, 40))))
    return Study(
        "Angle behind l layers against the centring strength, from correlation 0.9",
        ("layers", "s = 0", "s = 0.1", "s = 0.3", "s = 0.6", "s = 1"),
        tuple(rows),
        ("Radians, infinite width. Every s > 0 ends at an angle that is not zero; s = 1 at pi/2.",),
        tuple(curves),
        ("centring strength s", "angle (radians)"),
    )


def _angles(seeds: int, width: int, seed: int, backend: str, say: Say) -> dict[str, list[float]]:
    found = {}
    for name, rule in (("gaussian", propagation.gaussian), ("orthogonal", propagation.orthogonal)):
        run = _SIMULATIONS[backend].propagate(rule, math.pi / 2, 50, width, seeds, seed, say)
        found[name] = [float(v) for v in run.mean(axis=1)]
        found[f"{name} error"] = [float(v) for v in run.std(axis=1) / math.sqrt(seeds)]
    found["map"] = propagation.map_angles(propagation.arc_cosine, 0.0, 50)
    found["looks-linear"] = [float(v) for v in propagation.looks_linear_angles(width, 50, seed)]
    return found


def _angle_study(found: dict[str, list[float]], seeds: int, width: int) -> Study:
    x = tuple(float(layer) for layer in range(51))
    return Study(
        f"Angle of orthogonal inputs behind ReLU layers of width {width}, by initialisation",
        ("layers", "Gaussian", "standard error", "orthogonal", "standard error ", "looks linear", "wide limit"),
        tuple((n, found["gaussian"][n], found["gaussian error"][n], found["orthogonal"][n],
               found["orthogonal error"][n], found["looks-linear"][n - 1], found["map"][n]) for n in SHOWN),
        (f"Radians; means over {seeds} networks, one looks-linear network.",),
        (
            ("Gaussian (line)", x, tuple(found["gaussian"])),
            ("orthogonal (line)", x, tuple(found["orthogonal"])),
            ("looks linear (line)", x[1:], tuple(found["looks-linear"])),
            ("wide limit (points)", x, tuple(found["map"])),
        ),
        ("layers", "angle (radians)"),
    )  # fmt: skip


def _standardised(seeds: int, width: int, seed: int, backend: str, say: Say) -> list[float]:
    run = _SIMULATIONS[backend].standardised_correlations(width, 20, 0.9, seeds, seed, say)
    return [float(v) for v in run.mean(axis=1)]


def _standard_study(found: list[float], seeds: int, width: int) -> Study:
    wide = [math.cos(a) for a in propagation.map_angles(propagation.centred_map(1.0), 0.9, 19)]
    plain = [math.cos(a) for a in propagation.map_angles(propagation.arc_cosine, 0.9, 19)]
    x = tuple(float(n) for n in range(1, 21))
    return Study(
        f"Correlation under weight standardisation, width {width}",
        ("layer", "sampled", "centred map", "map without centring"),
        tuple((n, found[n - 1], wide[n - 1], plain[n - 1]) for n in (1, 2, 3, 6, 11, 20)),
        (f"Pre-activations; means over {seeds} networks, correlation of the inputs 0.9.",),
        (
            ("sampled (points)", x, tuple(found)),
            ("centred map (line)", x, tuple(wide)),
            ("map without centring (line)", x, tuple(plain)),
        ),
        ("layer", "correlation"),
    )


def _ranks(width: int, seeds: int, seed: int, backend: str, say: Say) -> dict[str, list[float]]:
    found = {}
    for name, normalise in (("normalised", True), ("plain", False)):
        runs = _SIMULATIONS[backend].batch_effective_ranks(width, 60, 16, normalise, seeds, seed, say)
        found[name] = [float(v) for v in runs.mean(axis=1)]
    return found


def _rank_study(ranks: list[dict[str, list[float]]], widths: tuple[int, ...], seeds: int) -> Study:
    x = tuple(float(n) for n in range(1, 61))
    curves = []
    for n, found in zip(widths, ranks, strict=True):
        curves.append((f"batch normalisation, width {n} (line)", x, tuple(found["normalised"])))
        curves.append((f"none, width {n} (line)", x, tuple(found["plain"])))
    return Study(
        "Effective rank of the activations of 16 random inputs against depth",
        ("width", "batch normalisation, layer 60", "none, layer 60"),
        tuple((n, f["normalised"][-1], f["plain"][-1]) for n, f in zip(widths, ranks, strict=True)),
        (f"(sum of singular values)^2/(sum of their squares), means over {seeds} networks.",),
        tuple(curves),
        ("layers", "effective rank (at most 16)"),
    )
