"""Flows, maps and random networks against exact formulas, conserved quantities and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import fmpq

from pepkit.kernel import check
from pepkit.labs.deep_linear import arora_error, closed_equation_error, saxe_error
from pepkit.labs.descent_chaos import window_certificate
from pepkit.labs.learning_times import learning_time, lyapunov_exponents
from pepkit.simulate import deep_linear, propagation, training
from pepkit.simulate.interval_maps import covering, lyapunov, orbit_tail
from pepkit.simulate.problems import chebyshev_steps, descend, momentum, quadratic


def test_gradients_of_linear_networks() -> None:
    generator = np.random.default_rng(0)
    target = np.diag([1.0, 0.1])
    for complex_entries in (False, True):
        weights = generator.standard_normal((3, 4, 2, 2)) + (
            1j * generator.standard_normal((3, 4, 2, 2)) if complex_entries else 0
        )
        direction = generator.standard_normal((3, 4, 2, 2)) + (
            1j * generator.standard_normal((3, 4, 2, 2)) if complex_entries else 0
        )
        step = 1e-6
        slope = (
            deep_linear.loss(weights + step * direction, target) - deep_linear.loss(weights - step * direction, target)
        ) / (2 * step)
        inner = np.sum(np.real(np.conj(deep_linear.gradients(weights, target)) * direction), axis=(1, 2, 3))
        assert np.allclose(slope, inner, rtol=1e-6, atol=1e-6)


def test_flow_conserves_and_descends() -> None:
    weights = 0.7 * np.random.default_rng(1).standard_normal((20, 3, 2, 2))
    run = deep_linear.flow(weights, np.diag([1.0, 0.1]), np.linspace(0, 10, 51))
    drift = deep_linear.imbalance(run.weights[-1]) - deep_linear.imbalance(weights)
    assert np.abs(drift).max() < 1e-8
    losses = np.stack([deep_linear.loss(w, np.diag([1.0, 0.1])) for w in run.weights])
    assert np.diff(losses, axis=0).max() < 1e-12 and losses[-1].max() < losses[0].min()
    # another tolerance gives the same flow
    finer = deep_linear.flow(weights, np.diag([1.0, 0.1]), np.array([0.0, 10.0]), 1e-11)
    assert np.abs(finer.weights[-1] - run.weights[-1]).max() < 1e-6


def test_formulas_of_deep_linear_networks() -> None:
    assert arora_error(4, 0) < 1e-13
    assert closed_equation_error(3, 0, count=5) < 1e-11
    assert saxe_error() < 2.4e-10


def test_turns_ignore_rounding() -> None:
    t = np.linspace(0, 4 * math.pi, 400)
    noise = 1e-9 * np.random.default_rng(0).standard_normal((400, 3))
    values = np.stack([np.cos(t), t, np.exp(-t)], axis=1) + noise
    assert deep_linear.turns(values, 1e-6).tolist() == [3, 0, 0]


def test_learning_times() -> None:
    assert learning_time(0.01, 1) == pytest.approx(math.log(99), rel=1e-10)
    assert learning_time(0.01, 8) == pytest.approx(5.97509, abs=1e-4)
    assert learning_time(0.5**16, 16) == pytest.approx(1170.864, rel=1e-4)
    assert lyapunov_exponents() == pytest.approx((0.05796575782920621, -0.6351814227307391), abs=1e-12)


def test_descent_as_a_map() -> None:
    assert len(orbit_tail(2, 1.2, 10)) == 10 and not len(orbit_tail(2, 2.4, 10, start=1.9))
    assert np.allclose(orbit_tail(2, 0.5, 5), 1.0)
    assert lyapunov(2, 2.0) == pytest.approx(math.log(3), abs=0.02)
    assert lyapunov(2, 0.5) < 0
    assert covering(2, fmpq(1, 2), fmpq(8, 5), 60) is None
    theorem = check(window_certificate(2, fmpq(2), 60))
    assert theorem.claim.growth > fmpq(5, 4)


def test_finite_layers_against_the_wide_limit_and_the_exact_rate() -> None:
    generator = np.random.default_rng(0)
    wide = math.acos(propagation.arc_cosine(math.cos(1.0)))
    for rule in (propagation.gaussian, propagation.orthogonal):
        angles = propagation.sample_layer(rule, np.full(400, 1.0), 512, generator)
        assert abs(angles.mean() - wide) < 0.01
    angles = propagation.sample_layer(propagation.gaussian, np.full(20_000, 1e-5), 16, generator)
    # the exact rate is about layers with two active neurons or more
    change = 2 * np.log(angles[angles > 1e-12] / 1e-5)
    mean, variance = propagation.finite_width_moments(16)
    assert abs(change.mean() - mean) < 5 * math.sqrt(variance / 20_000)
    assert abs(change.var() / variance - 1) < 0.08


def test_plane_trick_is_a_matrix() -> None:
    """Two random vectors have the law of a whole weight matrix: compare with explicit matrices."""
    generator = np.random.default_rng(4)
    size, count, angle = 24, 1500, 0.7
    x = np.eye(size)[:, :2] @ np.array([[1.0, math.cos(angle)], [0.0, math.sin(angle)]])
    explicit = []
    for _ in range(count):
        weights = np.linalg.qr(generator.standard_normal((size, size)))[0]
        y = np.maximum(weights @ x, 0)
        explicit.append(math.acos(y[:, 0] @ y[:, 1] / np.linalg.norm(y[:, 0]) / np.linalg.norm(y[:, 1])))
    short = propagation.sample_layer(propagation.orthogonal, np.full(count, angle), size, generator)
    error = math.hypot(np.std(explicit), short.std()) / math.sqrt(count)
    assert abs(np.mean(explicit) - short.mean()) < 4.5 * error
    ranks = propagation.batch_effective_ranks(32, 3, 8, False, 200, 0)[-1]
    whole = []
    for k in range(200):
        state = np.random.default_rng(1000 + k).standard_normal((32, 8))
        for _ in range(3):
            state = np.maximum(generator.standard_normal((32, 32)) @ state, 0)
        singular = np.linalg.svd(state, compute_uv=False)
        whole.append(singular.sum() ** 2 / np.sum(singular**2))
    assert abs(np.mean(ranks) - np.mean(whole)) < 4.5 * math.hypot(np.std(ranks), np.std(whole)) / math.sqrt(200)


def test_looks_linear_keeps_angles_and_centring_loses_correlation() -> None:
    assert np.abs(propagation.looks_linear_angles(64, 10, 0) - math.pi / 2).max() < 1e-12
    correlations = propagation.standardised_correlations(128, 12, 0.9, 3, 0).mean(axis=1)
    assert correlations[0] > 0.85 and correlations[-1] < 0.6


@pytest.mark.parametrize(
    ("name", "centring", "branch"),
    [("gaussian", 0.0, 0.0), ("centred", 0.4, 0.0), ("residual", 0.0, 0.7), ("looks-linear", 0.0, 0.0)],
)
def test_training_gradients(name: str, centring: float, branch: float) -> None:
    network = training.build(name, 3, 8, 5, 4, 0, centring, branch)
    generator = np.random.default_rng(1)
    x, labels = generator.standard_normal((5, 6)), generator.integers(0, 4, 6)
    _, gradients = training._gradients(network, x, labels)
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        direction = generator.standard_normal(parameter.shape)
        step = 1e-6
        parameter += step * direction
        ahead = training._gradients(network, x, labels)[0]
        parameter -= 2 * step * direction
        back = training._gradients(network, x, labels)[0]
        parameter += step * direction
        assert (ahead - back) / (2 * step) == pytest.approx(float(np.sum(gradient * direction)), rel=1e-4, abs=1e-6)


def test_race_on_a_quadratic() -> None:
    problem = quadratic(0.01, 20, 0)
    steps = chebyshev_steps(32, 0.01)
    assert sorted(steps) == pytest.approx(
        sorted(1 / (0.505 + 0.495 * math.cos((2 * i + 1) * math.pi / 64)) for i in range(32))
    )
    end = descend(problem, steps)[-1]
    assert end <= 1 / math.cosh(32 * math.acosh(1.01 / 0.99)) ** 2
    assert momentum(problem, 32, True)[-1] < descend(problem, np.ones(32))[-1]
