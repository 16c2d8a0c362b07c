"""Attacks on soundness: exact evaluation at sampled points, and odd floating-point numbers."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq
from random_networks import arrays, case, leaky

from pepkit import networks
from pepkit.kernel import ClaimError, check
from pepkit.networks.attack import into_box

ALL = [*networks.method_names()]


@pytest.mark.parametrize("seed", range(3))
def test_no_sampled_input_exceeds_a_bound(seed: int) -> None:
    """Many points in doubles, the largest of them and the corners exactly, for both signs of the objective."""
    net = leaky((3, 6, 5, 2), seed) if seed else case((4, 10, 10, 1), 1, 0.4)[0]
    floats = networks.float_network(net)
    generator = np.random.default_rng(seed)
    centre = generator.normal(size=net.inputs)
    box = networks.box_around(centre, 0.4)
    low = np.array([float(int(a.p) / int(a.q)) for a in box.lower])
    high = np.array([float(int(a.p) / int(a.q)) for a in box.upper])
    for objective in ([1] + [0] * (net.outputs - 1), [-1] * net.outputs):
        row = np.array(objective, dtype=float)
        points = np.concatenate(
            [
                low + (high - low) * generator.random((20_000, net.inputs)),
                networks.ascend(floats, low, high, row, starts=64),
            ]
        )
        points = points[np.argsort(-(floats(points) @ row))[:30]]
        corners = low + (high - low) * generator.integers(0, 2, size=(30, net.inputs))
        values = []
        for point in (*points, *corners):
            outputs = net(into_box(point, box))
            values.append(sum((c * y for c, y in zip(objective, outputs, strict=True)), fmpq(0)))
        for name in ALL:
            assert networks.certify_bound(net, box, objective, method_name=name, point=False).bound >= max(values)


def test_a_trained_network_keeps_its_bounds() -> None:
    sklearn = pytest.importorskip("sklearn.neural_network")
    generator = np.random.default_rng(0)
    points = generator.uniform(-1, 1, size=(200, 2))
    target = np.abs(points[:, 0]) - points[:, 1]
    model = sklearn.MLPRegressor(hidden_layer_sizes=(8, 8), max_iter=200, random_state=0, tol=1e-2).fit(points, target)
    net = networks.network([w.T for w in model.coefs_], model.intercepts_)
    assert (
        networks.network_from_arrays(
            {f"coefs_{k}": w for k, w in enumerate(model.coefs_)}
            | {f"intercepts_{k}": b for k, b in enumerate(model.intercepts_)}
        )
        == net
    )
    box = networks.box_around([0, 0], 1)
    for name in ALL:
        result = networks.certify_bound(net, box, [1], method_name=name)
        assert result.lower <= result.bound
    best = max(net(into_box(point, box))[0] for point in generator.uniform(-1, 1, size=(500, 2)))
    assert networks.certify_bound_by_cases(net, box, [1], relative_gap=0.05, max_cases=200).bound >= best


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_numbers(value: float) -> None:
    with pytest.raises(ClaimError, match="not a finite number"):
        networks.network([[[1.0, value]], [[1.0]]])
    with pytest.raises(ClaimError, match="not a finite number"):
        networks.network([[[1.0]], [[1.0]]], [[value], [0.0]])


@pytest.mark.parametrize("value", [5e-324, 2.2250738585072014e-308, -0.0, 1e-200])
@pytest.mark.parametrize("name", ALL)
def test_denormal_and_tiny_weights(value: float, name: str) -> None:
    net = networks.network([[[value], [1.0]], [[1.0, -value]]], [[value, -0.0], [1.0]])
    result = networks.certify_bound(net, networks.box_around([0], 1), [1], method_name=name)
    exact = net([fmpq(1)])[0]
    assert result.bound >= exact
    assert float(int(result.bound.p) / int(result.bound.q)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["box", "hbox", "deepz", "crown", "crown-ibp"])
def test_huge_weights(name: str) -> None:
    net = networks.network([[[1e150], [-1e150]], [[1e150, 1e150]]])
    result = networks.certify_bound(net, networks.box_around([0], 1), [1], method_name=name)
    big = fmpq(*(1e150).as_integer_ratio())
    assert result.lower == big * big
    assert result.bound >= result.lower
    check(result.certificate)


def test_the_zero_form() -> None:
    net, box, _ = case((3, 4, 2), 0, 0.5)
    for name in ALL:
        assert networks.certify_bound(net, box, [0, 0], method_name=name).bound == 0


def test_zero_layers() -> None:
    weights, biases = arrays((3, 4, 4, 2), 0)
    weights[1][:] = 0
    net = networks.network(weights, biases)
    for name in ALL:
        result = networks.certify_bound(net, networks.box_around([0, 0, 0], 1), [1, 1], method_name=name)
        assert result.lower <= result.bound <= result.lower + fmpq(1, 10**6)
