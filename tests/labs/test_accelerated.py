"""JAX computes what NumPy and SciPy compute."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("diffrax")
pytest.importorskip("optax")

from pepkit.kernel import ClaimError
from pepkit.simulate import accelerated, deep_linear


def test_flows_agree() -> None:
    generator = np.random.default_rng(3)
    weights = 0.5 * generator.standard_normal((5, 3, 2, 2))
    target = np.diag([2.0, 1.0])
    times = np.array([0.0, 0.5, 2.0, 10.0])
    ours = accelerated.flow(weights, target, times, 1e-10)
    theirs = deep_linear.flow(weights, target, times, 1e-10)
    assert ours.weights.shape == theirs.weights.shape == (4, 5, 3, 2, 2)
    assert ours.weights.dtype == np.float64
    assert np.max(np.abs(ours.weights - theirs.weights)) < 1e-6
    # the flow conserves the imbalance, and it does something
    assert np.max(np.abs(deep_linear.imbalance(ours.weights[-1]) - deep_linear.imbalance(weights))) < 1e-7
    assert np.max(np.abs(ours.weights[-1] - weights)) > 0.1
    with pytest.raises(ClaimError, match="complex"):
        accelerated.flow(weights.astype(complex), target, times)


def test_descent_agrees() -> None:
    generator = np.random.default_rng(4)
    spectra = generator.uniform(0, 1, (7, 3))
    start = generator.standard_normal((7, 3))
    steps = np.array([1.4, 2.0, 1.4])
    points = accelerated.descent(lambda x, a: a * x, spectra, start, steps)
    expected = [start]
    for h in steps:
        expected.append(expected[-1] * (1 - h * spectra))
    assert points.shape == (4, 7, 3) and np.max(np.abs(points - np.stack(expected))) < 1e-14


def test_training_agrees() -> None:
    generator = np.random.default_rng(5)
    slopes = generator.standard_normal((6, 2))
    inputs, outputs = generator.standard_normal((9, 2)), generator.standard_normal(9)

    def loss(parameters, data):  # type: ignore[no-untyped-def]
        return ((data[0] @ parameters["w"] - data[1]) ** 2).mean()

    last, losses = accelerated.trained(loss, {"w": slopes}, (inputs, outputs), steps=60, rate=0.05, records=3)
    expected = slopes.copy()
    for _ in range(60):
        expected -= 0.05 * 2 / 9 * (expected @ inputs.T - outputs) @ inputs
    assert np.max(np.abs(last["w"] - expected)) < 1e-13
    assert losses.shape == (4, 6) and np.all(np.diff(losses, axis=0) < 0)
    with pytest.raises(ClaimError, match="no optimizer"):
        accelerated.trained(loss, {"w": slopes}, (inputs, outputs), steps=6, rate=0.1, optimizer="nonsense")
    with pytest.raises(ClaimError, match="evenly"):
        accelerated.trained(loss, {"w": slopes}, (inputs, outputs), steps=7, rate=0.1, records=2)


def test_backends() -> None:
    assert accelerated.require_backend("jax") == "jax" and accelerated.require_backend("numpy") == "numpy"
    assert accelerated.device_name()
    with pytest.raises(ClaimError, match="known are numpy, jax"):
        accelerated.require_backend("torch")
