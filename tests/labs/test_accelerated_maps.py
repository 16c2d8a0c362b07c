"""Orbits of gradient descent and random functions on the line: JAX computes what NumPy computes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("diffrax")
pytest.importorskip("optax")

from pepkit import labs
from pepkit.labs import descent_chaos, hedging
from pepkit.labs.store import Work
from pepkit.simulate import interval_maps, nonconvex
from pepkit.simulate.accelerated import interval_maps as compiled
from pepkit.simulate.accelerated import nonconvex as compiled_nonconvex


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_orbits_of_numpy_are_those_of_single_steps(depth: int) -> None:
    sizes = np.linspace(0.3, 2.45, 24) * 2 / depth
    tails = interval_maps.orbit_tails(depth, sizes, 12)
    assert tails.shape == (12, 24)
    for size, tail in zip(sizes, tails.T, strict=True):
        single = interval_maps.orbit_tail(depth, float(size), 12)
        assert np.array_equal(single, tail) if len(single) else np.isnan(tail).all()


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_orbits_agree(depth: int) -> None:
    # below a step of 1.3 (for two layers) orbits settle, beyond it rounding is multiplied
    settling = np.linspace(0.3, 1.28, 30) * 2 / depth
    ours, theirs = (module.orbit_tails(depth, settling, 8) for module in (compiled, interval_maps))
    assert ours.dtype == np.float64 and ours.shape == theirs.shape == (8, 30)
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert np.ptp(ours, axis=0).max() > 0.1 and np.ptp(ours, axis=0).min() < 1e-12
    chaotic = np.linspace(1.5, 2.1, 20) * 2 / depth
    ours, theirs = (module.orbit_tails(depth, chaotic, 15, 0.5, 0) for module in (compiled, interval_maps))
    stays = np.isfinite(theirs[-1])
    assert np.array_equal(stays, np.isfinite(ours[-1])) and stays.any()
    # the first step differs by the rounding of fused products only
    assert ours[0, stays] == pytest.approx(theirs[0, stays], rel=1e-15)
    assert ours[:, stays] == pytest.approx(theirs[:, stays], abs=1e-6)


def test_orbits_that_escape_have_no_tail() -> None:
    for module in (compiled, interval_maps):
        tails = module.orbit_tails(2, np.array([0.5, 2.4]), 10, 1.9)
        assert np.isfinite(tails[:, 0]).all() and np.isnan(tails[:, 1]).all()
        # also one that escapes while it is looked at
        tails = module.orbit_tails(2, np.array([0.5, 2.4]), 10, 1.45, 1)
        assert np.isfinite(tails[:, 0]).all() and np.isnan(tails[:, 1]).all()


def test_exponents_agree() -> None:
    sizes = np.array([0.5, 0.9, 1.2, 2.0, 3.5])
    ours, theirs = (module.lyapunov_exponents(2, sizes) for module in (compiled, interval_maps))
    assert ours[:3] == pytest.approx(theirs[:3], abs=1e-9) and np.isnan(ours[4]) and np.isnan(theirs[4])
    # a standard deviation of about 1 and 20,000 weakly correlated iterates
    assert ours[3] == pytest.approx(math.log(3), abs=0.02) and theirs[3] == pytest.approx(math.log(3), abs=0.02)


@pytest.mark.parametrize("kappa", [0.1, 1.0])
def test_random_functions_agree(kappa: float) -> None:
    functions = nonconvex.random_line_functions(500, -kappa, 6, 2)
    start = np.random.default_rng(3).uniform(-2, 10, 500)
    # one start at a minimiser of a function that is convex around it
    steps = [1.1, 0.3, 1.4]
    ours, theirs = (
        module.smallest_gradient_ratio(functions, steps, start) for module in (compiled_nonconvex, nonconvex)
    )
    assert ours.shape == (500,) and ours == pytest.approx(theirs, abs=1e-12, nan_ok=True)
    shorter = compiled_nonconvex.smallest_gradient_ratio(functions, steps[:1], start)
    assert np.nanmax(shorter - ours) > 0.01 and np.all(np.nan_to_num(shorter - ours) >= -1e-12)


def test_a_start_at_the_minimiser_has_no_ratio() -> None:
    one = nonconvex.LineFunctions(*(np.array([v]) for v in ([0.0, 1.0], [0.0, 1.0], [0.0, 0.5])), np.array([0.0]))
    for module in (compiled_nonconvex, nonconvex):
        assert np.isnan(module.smallest_gradient_ratio(one, [1.0], np.array([0.0]))).all()
        assert module.smallest_gradient_ratio(one, [0.5], np.array([1.0])) == pytest.approx([0.5])


def test_descent_chaos_on_jax(tmp_path: Path) -> None:
    small: dict[str, Any] = {"depths": (2,), "cells": 16, "steps": 20}
    result = labs.run("descent-chaos", quick=True, output=tmp_path, backend="jax", **small)
    assert result.holds and result.provenance["device"]
    again = labs.run("descent-chaos", quick=True, output=tmp_path, resume=True, backend="jax", **small)
    assert again.studies["bifurcations-2-layers"].rows == result.studies["bifurcations-2-layers"].rows
    other = labs.run("descent-chaos", quick=True, output=tmp_path, resume=True, **small)
    # orbits and exponents are computed again on the other backend
    assert other.provenance["pieces reused"] == again.provenance["pieces reused"] - 2
    assert set(other.certificates) == set(result.certificates)
    ours, theirs = (run.studies["certified-windows"].rows for run in (result, other))
    assert [row[:2] + row[3:] for row in ours] == [row[:2] + row[3:] for row in theirs]
    for row, same in zip(ours, theirs, strict=True):
        assert (row[2] is None) == (same[2] is None)
        if row[2] is not None:
            assert row[2] == pytest.approx(same[2], abs=0.03)


def test_orbits_of_the_laboratory_agree() -> None:
    ours, theirs = (descent_chaos._orbits(2, 12, name) for name in ("jax", "numpy"))
    assert ours["steps"] == theirs["steps"] and ours["x"] == theirs["x"] and len(ours["y"]) == len(theirs["y"])
    assert len(ours["y"]) % 60 == 0 and ours["y"][:120] == pytest.approx(theirs["y"][:120], abs=1e-9)


def test_hedging_on_jax() -> None:
    ours, theirs = (hedging._simulation(Work(), 300, 4, name) for name in ("jax", "numpy"))
    assert 0.1 < ours[1] <= 1 + 1e-9 and ours[1] == pytest.approx(theirs[1], rel=1e-11)
    for row, other in zip(ours[0].rows, theirs[0].rows, strict=True):
        assert row == pytest.approx(other, rel=1e-11) and row[4] > row[5] >= 0
