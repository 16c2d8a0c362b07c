"""Gradient descent on scalar deep networks as a map of the line: cycles, chaos, certified windows."""

from __future__ import annotations

from functools import partial
from math import log
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import RATIONALS, NumberField
from pepkit.kernel.descent_maps import CoveringGraph, DescentCovering, DescentOrbit, OrbitEvaluation
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate import interval_maps
from pepkit.simulate.accelerated import interval_maps as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.interval_maps import Covering, covering
from pepkit.simulate.sizes import check_sizes
from pepkit.studies import Curve, Study

__all__ = ["chebyshev_certificate", "descent_chaos", "horseshoe_certificate", "window_certificate"]

REACH = fmpq(8, 5)
"""Coverings are looked for in [-8/5, 8/5]."""
TAIL = 60
"""Iterates of an orbit that are shown."""
_SIMULATIONS = {"numpy": interval_maps, "jax": compiled}


@lab(
    "descent-chaos",
    "Gradient descent on scalar deep networks: cycles and certified chaos",
    quick={"depths": (2,), "steps": 160},
    full={"depths": (2, 3, 4, 5, 6)},
)
def descent_chaos(
    *,
    depths: tuple[int, ...] = (2, 3, 4),
    cells: int = 80,
    steps: int = 480,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Orbits for `steps` step sizes at each depth, and coverings with up to about `cells` intervals at some of them.

    Orbits and Lyapunov exponents are computed on the `backend` numpy or jax; chaotic orbits agree in law only, since
    they multiply rounding errors. Coverings and all certificates are the same.
    """
    require_backend(backend)
    check_sizes(2, steps=steps)
    work = work or Work()
    studies: dict[str, Study] = {}
    certificates: dict[str, Any] = {
        "period-two-step-2-3": OrbitEvaluation(DescentOrbit(RATIONALS, 2, fmpq(2, 3), (2, -2))),
        "chebyshev-step-2": chebyshev_certificate(),
        "horseshoe-step-9-4": horseshoe_certificate(),
    }
    rows: list[tuple[Any, ...]] = []
    for depth in depths:
        question = {"study": "orbits", "depth": depth, "steps": steps, "backend": backend}
        found = work.piece(question, partial(_orbits, depth, steps, backend))
        studies[f"bifurcations-{depth}-layers"] = _bifurcations(depth, found)
        question = {"study": "exponents", "depth": depth, "backend": backend}
        exponents = work.piece(question, partial(_exponents, depth, backend))
        for step, exponent in zip(_windows(depth), exponents, strict=True):
            question = {"window": str(step), "depth": depth, "cells": cells}
            if not work.piece({"exists": True, **question}, partial(_has_window, depth, step, cells)):
                rows.append((depth, step, exponent, None))
                continue
            certificate = work.certificate(question, partial(window_certificate, depth, step, cells))
            certificates[f"window-{depth}-layers-step-{step.p}-{step.q}"] = certificate
            growth = certificate.claim.growth
            rows.append((depth, step, exponent, log(int(growth.p) / int(growth.q))))
    studies["certified-windows"] = Study(
        "Certified lower bounds of the topological entropy",
        ("layers", "step", "Lyapunov exponent of one orbit", "certified entropy at least"),
        tuple(rows),
        (f"Coverings by up to about {cells} intervals in [-8/5, 8/5]; no entry: none was found. A positive certified "
         "entropy is chaos on some set; orbits of typical starts may all the same settle or escape (no exponent).",),
        _entropy_curves(rows),
        ("step size", "per step of descent"),
    )  # fmt: skip
    certified = sum(row[3] is not None for row in rows)
    full = sum(row[0] == 2 and row[3] is not None and row[3] > log(3) - 0.05 for row in rows)
    return LabResult(
        _ABOUT,
        studies,
        certificates,
        (
            Finding("at step 2 two equal layers follow the Chebyshev polynomial T_3: entropy ln 3, certified", True),
            Finding("at step 9/4 three disjoint intervals cover one another: a horseshoe, certified", True),
            Finding("at step 2/3 the start 2 returns after two steps exactly; the cycle repels", True),
            Finding(f"{certified} of {len(rows)} further pairs of depth and step have a certified positive entropy"),
            Finding(
                f"the certified entropy is within 0.05 of ln 3 at {full} steps with two layers",
            ),
        ),
    )


_ABOUT = """
All layers of (x_1 x_2 ... x_N - 1)^2/2 start at the same x and stay equal, so gradient descent with step eta is the map
x -> x - eta (x^N - 1) x^(N-1). Gradient flow cannot cycle; descent can, and is chaotic for large steps. For two layers
and eta = 2 the map is x -> 3x - 2x^3 = -sqrt(2) T_3(x/sqrt(2)), conjugate to a Chebyshev polynomial.

Chaos is proved by coverings: intervals I_i with disjoint interiors such that the images of the end points of I_i
enclose other intervals. They are cut out by the orbits of the critical points, which makes the graph nearly that of a
Markov partition. By the intermediate value theorem every itinerary along the graph is realised, there are
periodic points for all loops, and the topological entropy is at least the logarithm of the growth of the graph. End
points are rational (or lie in Q(sqrt 2)), so the kernel decides every covering exactly.
"""


def chebyshev_certificate() -> CoveringGraph:
    """Step 2, two layers: [-sqrt2, sqrt2] in three parts, each mapped onto the whole."""
    field = NumberField([-2, 0, 1], (1, 2))
    root = field.generator
    half = root * fmpq(1, 2)
    return CoveringGraph(DescentCovering(field, 2, 2, ((-root, -half), (-half, half), (half, root)), 3))


def horseshoe_certificate() -> CoveringGraph:
    """Step 9/4, two layers: three disjoint intervals."""
    intervals = (
        (fmpq(-11, 8), fmpq(-18, 25)),
        (fmpq(-13, 20), fmpq(13, 20)),
        (fmpq(18, 25), fmpq(11, 8)),
    )
    return CoveringGraph(DescentCovering(RATIONALS, 2, fmpq(9, 4), intervals, 3))


def _windows(depth: int) -> tuple[fmpq, ...]:
    return tuple(fmpq(k, 4 * depth) for k in (9, 10, 11, 12, 13, 14, 15, 16)) if depth > 2 else tuple(
        fmpq(k, 20) for k in (26, 28, 30, 32, 34, 36, 38, 39, 40, 42, 45)
    )  # fmt: skip


def _has_window(depth: int, step: fmpq, cells: int) -> bool:
    return _covering(depth, step, cells) is not None


def window_certificate(depth: int, step: fmpq, cells: int) -> CoveringGraph:
    """The covering with the largest growth that is found; ClaimError if there is none."""
    from pepkit.kernel import ClaimError

    found = _covering(depth, step, cells)
    if found is None:
        raise ClaimError(f"no covering with {cells} intervals for step {step}")
    return CoveringGraph(DescentCovering(RATIONALS, depth, step, found.intervals, found.growth), found.weights)


def _entropy_curves(rows: list[tuple[Any, ...]]) -> tuple[Curve, ...]:
    """Certified entropy and Lyapunov exponent against the step, two layers."""
    two = [row for row in rows if row[0] == 2]
    curves = []
    for name, k in (("certified entropy, two layers", 3), ("Lyapunov exponent of one orbit", 2)):
        kept = [(int(row[1].p) / int(row[1].q), row[k]) for row in two if row[k] is not None]
        curves.append((name, tuple(x for x, _ in kept), tuple(float(y) for _, y in kept)))
    return tuple(curves)


def _covering(depth: int, step: fmpq, cells: int) -> Covering | None:
    """The best of three lengths of critical orbits: the finest intervals are not always the best."""
    found = [c for c in (covering(depth, step, REACH, n) for n in (cells, cells // 2, cells // 4)) if c is not None]
    return max(found, key=lambda c: c.growth, default=None)


def _orbits(depth: int, steps: int, backend: str) -> dict[str, Any]:
    sizes = np.linspace(0.3, 2.45, steps) * 2 / depth
    tails = _SIMULATIONS[backend].orbit_tails(depth, sizes, TAIL)
    stays = np.flatnonzero(np.isfinite(tails[-1]))
    return {
        "x": np.repeat(sizes[stays], TAIL).tolist(),
        "y": tails[:, stays].T.ravel().tolist(),
        "steps": sizes.tolist(),
    }


def _exponents(depth: int, backend: str) -> list[float | None]:
    """Lyapunov exponents of one orbit for every step size that is looked at; None where it escapes."""
    sizes = np.array([int(step.p) / int(step.q) for step in _windows(depth)])
    return [float(v) if np.isfinite(v) else None for v in _SIMULATIONS[backend].lyapunov_exponents(depth, sizes)]


def _bifurcations(depth: int, found: dict[str, Any]) -> Study:
    counts: dict[float, set[float]] = {}
    for step, value in zip(found["x"], found["y"], strict=True):
        counts.setdefault(step, set()).add(round(value, 6))
    rows = [(step, len(counts[step]) if step in counts else None) for step in found["steps"]]
    thinned = rows[:: max(1, len(rows) // 24)]
    return Study(
        f"Gradient descent on (x_1 ... x_{depth} - 1)^2/2 with equal layers: where orbits end",
        ("step", "different values among the last 60"),
        tuple(thinned),
        ("Started at x = 0.6, after 2000 steps; no value: the orbit escapes. One value: convergence.",),
        ((f"{depth} layers (points)", tuple(found["x"]), tuple(found["y"])),),
        ("step size", "last 60 iterates x"),
    )
