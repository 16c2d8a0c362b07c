"""Jakub and Nica's moments: the mixed moments against quadrature, the rest against their limit and samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from pepkit.simulate import propagation
from pepkit.simulate.finite_width import layer_moments, mixed_moments, predicted_moments


def _quadrature(angle: float, a: int, b: int) -> float:
    """E relu(u)^a relu(v)^b in polar coordinates."""
    low, high = angle - math.pi / 2, math.pi / 2
    value, _ = quad(lambda t: math.cos(t) ** a * math.cos(t - angle) ** b, low, high, epsabs=1e-14)
    return value / (2 * math.pi) * 2 ** ((a + b) / 2) * math.gamma(1 + (a + b) / 2)


@pytest.mark.parametrize("angle", [0.01, 0.5, math.pi / 2, 3.0])
def test_mixed_moments(angle: float) -> None:
    expected = [_quadrature(angle, *powers) for powers in ((1, 1), (2, 2), (3, 1))]
    assert mixed_moments(angle) == pytest.approx(expected, rel=1e-9)
    assert 2 * mixed_moments(angle)[0] == pytest.approx(propagation.arc_cosine(math.cos(angle)), rel=1e-9)


@pytest.mark.parametrize("width", [16, 64, 256])
def test_small_angles_give_rho(width: int) -> None:
    mean, variance = layer_moments(1e-10, width)
    assert mean - 2 * math.log(math.sin(1e-10)) == pytest.approx(-propagation.jakub_nica_rate(width), abs=1e-9)
    assert variance == pytest.approx(8 / width, rel=20 / width)


@pytest.mark.parametrize("angle", [0.2, 1.0, math.pi / 2])
def test_against_sampled_layers(angle: float) -> None:
    width, count = 256, 8000
    angles = propagation.sample_layer(propagation.gaussian, np.full(count, angle), width, np.random.default_rng(5))
    values = 2 * np.log(np.sin(angles))
    mean, variance = layer_moments(angle, width)
    assert abs(values.mean() - mean) < 4.5 * values.std() / math.sqrt(count) + 60 / width**2
    assert variance == pytest.approx(values.var(), rel=0.15)
    # the wide limit alone is off by more than that
    wide = 2 * math.log(math.sin(math.acos(propagation.arc_cosine(math.cos(angle)))))
    assert abs(wide - mean) > 1e-3 or angle > 1.5


def test_many_layers() -> None:
    found = predicted_moments(0.1, 256, 10)
    angles = propagation.propagate(propagation.gaussian, 0.1, 10, 256, 3000, 7)[10]
    values = 2 * np.log(np.sin(angles))
    mean, variance = found[-1]
    assert found[0] == pytest.approx(layer_moments(0.1, 256), rel=1e-9)
    assert abs(values.mean() - mean) < 4.5 * values.std() / math.sqrt(3000) + 10 * 60 / 256**2
    assert variance == pytest.approx(values.var(), rel=0.15)
