"""Implicit bias, collapse of biases, hedging, steps on networks: numerics against slow references, and the laboratories."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq

from pepkit import labs
from pepkit.certification import certify
from pepkit.kernel import ClaimError, check
from pepkit.labs import targets
from pepkit.labs.bias_collapse import printed_log
from pepkit.labs.hedging import noisy_value
from pepkit.labs.hedging_search import (
    best_constant,
    best_schedule,
    growing_rate,
    growing_steps,
    worst_case_value,
)
from pepkit.networks.hinge_pruning import count_certificate, fewest_kinks, line_network, lower_bound, merge_pruned
from pepkit.networks.margin_examples import exact_normalised_margin, random_points, six_points
from pepkit.networks.maximal_margin import margin_oracle
from pepkit.networks.model import to_floats
from pepkit.pep.branching import two_noisy_steps
from pepkit.simulate import collapse, implicit_bias, network_steps, nonconvex
from pepkit.simulate.hinges import demonstration_start, demonstration_target, train_hinges

# ---- hinges ----


def _dense_step(
    a: np.ndarray, w: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray, rate: float
) -> tuple[np.ndarray, ...]:
    z = w * x[:, None] + b
    on = z > 0
    r = np.maximum(z, 0) @ a - y
    n = len(x)
    return (
        a - rate * (np.maximum(z, 0).T @ r) / n,
        w - rate * a * ((on * x[:, None]).T @ r) / n,
        b - rate * a * (on.T @ r) / n,
    )


def test_hinge_training_is_dense_training() -> None:
    """Cumulative sums give the gradients of the dense program, for both signs of w."""
    generator = np.random.default_rng(0)
    a, w, b = generator.normal(size=(2, 30)) * 0.3, generator.normal(size=(2, 30)), generator.normal(size=(2, 30)) * 0.5
    x, y = np.linspace(-1, 1, 200), np.sin(np.linspace(-3, 3, 200))
    run = train_hinges(a, w, b, y, steps=100, rate=0.05)
    for k in range(2):
        p, q, s = a[k], w[k], b[k]
        for _ in range(100):
            p, q, s = _dense_step(p, q, s, x, y, 0.05)
        assert np.allclose(run.amplitudes[k], p, atol=1e-12)
        assert np.allclose(run.weights[k], q, atol=1e-12)
        assert np.allclose(run.biases[k], s, atol=1e-12)


def test_the_printed_demonstration() -> None:
    """The first steps are those of the printed program, and its log ends with a row that is never written."""
    run = train_hinges(
        *demonstration_start(1), demonstration_target(), steps=3000, rate=0.01, train_weights=False, simultaneous=False
    )
    a, _, b = (part[0].copy() for part in demonstration_start(1))
    x, y = np.linspace(-1, 1, 500), demonstration_target()
    log = np.zeros((3000 // 1000 + 1, 100))
    for t in range(3000):
        z = x[:, None] + b[None, :]
        h = np.maximum(0, z)
        r = h @ a - y
        a -= 0.01 * h.T @ r / 500
        b -= 0.01 * (a[None, :] * (z > 0)).T @ r / 500
        if t % 1000 == 0:
            log[t // 1000] = np.sort(b)
    assert np.allclose(run.biases[0], b, atol=1e-11)
    assert run.losses[0][0] == pytest.approx(2.818771, abs=2e-6)
    # the printed log records after the update, ours before it: 1e-2 apart at most, and both end with zeros
    ours = printed_log(run.kinks[:, 0], run.times, 3000)
    assert (log[-1] == 0).all() and (ours[-1] == 0).all()
    assert np.abs(ours[:-1] - log[:-1]).max() < 0.05
    assert np.abs(b).max() > 0.5


def test_a_step_that_is_too_long_is_named() -> None:
    with pytest.raises(ClaimError, match="use a smaller rate"), np.errstate(all="ignore"):
        train_hinges(
            *collapse.initial_neurons(1, 20, 3.0), demonstration_target(), steps=400, rate=1e200, record_every=50
        )


def test_the_biases_of_the_dying_flow_stay_apart() -> None:
    a, b = collapse.zero_target_flow((0.1, -0.07), (-0.3, 0.4))
    assert np.abs(a).max() < 1e-10
    assert b == pytest.approx([-0.29057, 0.39826], abs=1e-4)


def test_statistics_of_gaps() -> None:
    generator = np.random.default_rng(1)
    uniform = [collapse.greenwood(generator.random(100)) for _ in range(200)]
    assert np.mean(uniform) == pytest.approx(1.0, abs=0.06)
    assert np.mean([collapse.greenwood(generator.random(100) * 7, 7.0) for _ in range(200)]) == pytest.approx(
        1.0, abs=0.06
    )
    clustered = np.repeat([0.0, 0.4, 1.0], 30)
    assert collapse.greenwood(clustered) > 15
    assert collapse.cluster_count(clustered, 1e-6) == 3
    assert collapse.effective_points(clustered) < 6
    assert collapse.effective_points(np.linspace(0, 1, 50)) > 80
    assert collapse.cluster_count(np.array([0.1, 3.2, 6.2]), 0.5, 2 * np.pi) == 2
    with pytest.raises(ClaimError):
        collapse.greenwood(np.array([0.0, 1.0]))


def test_small_starts_cluster() -> None:
    target = collapse.kinked_target((-0.3, 0.4))
    small, large = (
        train_hinges(*collapse.initial_neurons(2, 60, scale, 1), target, steps=4000, rate=0.02, record_every=4000)
        for scale in (0.05, 1.0)
    )
    inside = [[collapse.greenwood(k[np.abs(k) < 1]) for k in run.kinks[-1]] for run in (small, large)]
    assert min(inside[0]) > 2 * max(inside[1])


# ---- pruning ----


def test_pruning_meets_its_lower_bound() -> None:
    net = line_network([1, 1, -2, 3, "1/1000"], [1, 1, 1, 1, 1], ["1/2", "99/200", "1/10", "-3/5", 0])
    assert check(count_certificate(net, -1, 1)).claim.count == 5
    merged, best = merge_pruned(net, -1, 1, "1/50"), fewest_kinks(net, -1, 1, "1/50", grid=50)
    needed = check(lower_bound(net, -1, 1, "1/50")).claim.count
    assert needed <= best.after <= merged.after < merged.before == 5
    assert needed == best.after == 3
    assert merged.distance <= fmpq(1, 50) and best.distance <= fmpq(1, 50)
    # nothing to do, nothing to lose
    assert merge_pruned(net, -1, 1, "1/1000000").distance <= fmpq(1, 1000000)


# ---- implicit bias ----


def test_oracle_and_training() -> None:
    points, labels = six_points()
    oracle = margin_oracle(points, labels)
    assert oracle.norm == pytest.approx(6.112213542795678, abs=1e-6)
    x, y = np.array([to_floats(p) for p in points]), np.array(labels, dtype=float)
    run = implicit_bias.train_margin(implicit_bias.initial_layers((2, 20, 1), 0.1, 3, 1), x, y, norm=60.0, steps=4000)
    assert run.separated.any()
    for k in np.nonzero(run.separated)[0]:
        layers = [layer[k] for layer in run.layers]
        exact = exact_normalised_margin(layers[1][0], layers[0], points, labels)
        assert float(int(exact.p) / int(exact.q)) == pytest.approx(run.margins[-1][k], rel=1e-9)
        assert 0.95 * oracle.margin < run.margins[-1][k] <= oracle.margin * (1 + 1e-9)
        assert implicit_bias.kkt_residual(layers, x, y).stationarity < 0.1


def test_the_oracle_network_is_a_stationary_point() -> None:
    points, labels = random_points(6, 2, 5)
    oracle = margin_oracle(points, labels)
    x, y = np.array([to_floats(p) for p in points]), np.array(labels, dtype=float)
    layers = [oracle.weights, oracle.amplitudes[None]]
    residual = implicit_bias.kkt_residual(layers, x, y, kink=1e-4)
    # neurons of the optimum rest on kinks, where the Clarke subgradient is needed
    assert residual.stationarity < 1e-3
    assert implicit_bias.kkt_residual(layers, x, y, kink=0.0).stationarity >= residual.stationarity
    assert np.abs(layers[1]).max() > 0


def test_gradients_are_derivatives() -> None:
    x, y = np.array([[1.0, 0.5], [-0.3, 1.0]]), np.array([1.0, -1.0])
    layers = implicit_bias.initial_layers((2, 5, 4, 1), 1.0, 1, 3)
    values, inputs = implicit_bias.forward(layers, x)
    gradients = implicit_bias.weighted_gradient(layers, inputs, np.array([[1.0, -2.0]]))
    for layer, gradient in zip(layers, gradients, strict=True):
        for index in np.ndindex(*layer.shape):
            layer[index] += 1e-6
            moved = implicit_bias.network_values(layers, x)
            layer[index] -= 1e-6
            assert ((moved - values) @ [1.0, -2.0])[0] / 1e-6 == pytest.approx(gradient[index], abs=1e-4)
    assert y.shape == (2,)


def test_a_symmetric_start_is_zero() -> None:
    start = implicit_bias.initial_layers((2, 8, 1), 3.0, 2, 0, symmetric=True)
    assert np.abs(implicit_bias.network_values(start, np.random.default_rng(0).normal(size=(5, 2)))).max() < 1e-12
    with pytest.raises(ClaimError):
        implicit_bias.initial_layers((2, 7, 1), 1.0, 1, symmetric=True)


def test_networks_that_do_not_separate_have_no_margin() -> None:
    points, labels = six_points()
    x, y = np.array([to_floats(p) for p in points]), np.array(labels, dtype=float)
    with pytest.raises(ClaimError, match="does not separate"):
        implicit_bias.kkt_residual([np.ones((2, 2)), np.ones((1, 2))], x, y)


# ---- steps ----


def test_random_functions_have_their_curvature_and_infimum() -> None:
    batch = nonconvex.random_line_functions(50, -0.3, 6, 2)
    grid = np.linspace(-15, 40, 20001)
    for k in range(50):
        one = nonconvex.LineFunctions(
            *(
                np.repeat(part[k : k + 1], len(grid), axis=0)
                for part in (batch.knots, batch.gradients, batch.values, batch.infimum)
            )
        )
        g, f = one.gradient_and_value(grid)
        slopes = np.diff(g) / np.diff(grid)
        assert slopes.min() > -0.3 - 1e-6 and slopes.max() < 1 + 1e-6
        assert f.min() >= batch.infimum[k] - 1e-9
        assert f.min() == pytest.approx(batch.infimum[k], abs=1e-4)
        assert np.allclose(np.diff(f), (g[1:] + g[:-1]) / 2 * np.diff(grid), atol=1e-5)


def test_no_random_function_exceeds_the_rate() -> None:
    batch = nonconvex.random_line_functions(3000, -0.5, 6, 3)
    start = np.random.default_rng(4).uniform(-2, 8, 3000)
    ratio = nonconvex.smallest_gradient_ratio(batch, [1.0] * 3, start)
    rate = worst_case_value([1.0] * 3, -0.5)
    assert 0.5 * rate < np.nanmax(ratio) <= rate * (1 + 1e-9)


def test_hedging_in_floats() -> None:
    assert worst_case_value([2 / 3**0.5] * 2, -1) == pytest.approx(0.4902920415, abs=1e-8)
    steps, value = best_schedule((1.9, 1.42), -0.05, 120)
    assert value == pytest.approx(0.308133, abs=2e-6) and steps[1] == pytest.approx(10 / 7, abs=2e-3)


@pytest.mark.parametrize("kappa", [0.03, 0.06, 0.08, 0.095])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_growing_schedules(count: int, kappa: float) -> None:
    steps = growing_steps(count, kappa)
    rate = growing_rate(count, kappa)
    assert steps[0] < steps[1] and len(set(steps[1:])) <= 1
    assert worst_case_value(steps, -kappa) == pytest.approx(rate, rel=2e-7)
    # no constant step nearby is as good, and neither is another schedule of this form
    for h in np.linspace(1.45, 1.75, 7):
        assert worst_case_value([h] * count, -kappa) > rate
    for other in ((steps[0] - 0.01, *steps[1:]), (*steps[:-1], steps[-1] + 0.02), (steps[0] + 0.01, *steps[1:])):
        assert worst_case_value(other, -kappa) > rate


def test_where_growing_schedules_begin() -> None:
    assert growing_rate(2, 0.022) > 0
    with pytest.raises(ClaimError, match="no rate in closed form"):
        growing_rate(2, 0.0215)


def test_where_growing_schedules_end() -> None:
    threshold = ((9 + 5 * 5**0.5) / 2 - (((9 + 5 * 5**0.5) / 2) ** 2 - 4) ** 0.5) / 2
    assert threshold == pytest.approx(0.100099393186330)
    assert threshold**4 - 9 * threshold**3 - 9 * threshold**2 - 9 * threshold + 1 == pytest.approx(0, abs=1e-14)
    before, behind = growing_steps(3, threshold - 1e-4), growing_steps(3, threshold + 1e-4)
    assert before[0] < before[1] and behind[0] == behind[1] == behind[2]
    # beyond it the constant step is the best one
    assert best_constant(2, -0.15) == pytest.approx((growing_steps(2, 0.15)[0], growing_rate(2, 0.15)), abs=1e-5)


def test_two_noisy_steps() -> None:
    # one branch is gradient descent: the optimal two steps for kappa = 10
    s = (1 + 0.9**2) ** 0.5
    best = noisy_value((2 / (0.1 + s), 2 / (2.1 - s)), 0.1, 0, 1)
    assert best == pytest.approx(0.401033, abs=1e-6)
    for h in ((1.38, 2.65), (1.40, 2.6)):
        assert noisy_value(h, 0.1, 0, 1) >= best - 1e-8
    assert noisy_value((1.5, 1.2), 0.1, 0.01, 2) == pytest.approx(noisy_value((1.5, 1.2), 0.1, 0.01, 3), abs=1e-6)
    assert noisy_value((1.5, 1.2), 0.1, 0.02, 2) > noisy_value((1.5, 1.2), 0.1, 0.01, 2)
    theorem = certify(
        two_noisy_steps((fmpq(3, 2), fmpq(6, 5)), fmpq(1, 10), fmpq(1, 100), 2), mode="relaxed", sympy=False
    ).theorem
    assert 0.59132 < float(int(theorem.rate.p) / int(theorem.rate.q)) < 0.59134
    with pytest.raises(ClaimError, match="noise with one value"):
        two_noisy_steps((1, 1), 0, fmpq(1, 2), 1)


@pytest.mark.parametrize("model", network_steps.MODELS)
def test_network_gradients(model: str) -> None:
    task = network_steps.problem(model, n=12, d=3, width=4, seed=1)
    theta = task.start + 0.1 * np.random.default_rng(0).normal(size=task.start.shape)
    loss, gradient = task.loss_and_gradient(theta[None])
    shifted, _ = task.loss_and_gradient(theta + 1e-6 * np.eye(len(theta)))
    assert np.allclose((shifted - loss) / 1e-6, gradient[0], atol=1e-4)


def test_unit_schedules() -> None:
    schedules = network_steps.unit_schedules(7)
    r = 2**0.5
    assert schedules["silver"] == pytest.approx([r, 2, r, 2 + r, r, 2, r])
    assert sorted(schedules["silver, shuffled"]) == pytest.approx(sorted(schedules["silver"]))
    assert (1 / schedules["arcsine, independent"]).max() <= 1
    with pytest.raises(ClaimError, match="2\\^k - 1"):
        network_steps.unit_schedules(6)


# ---- laboratories ----


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("implicit-bias", {"seeds": 2, "widths": (8,), "norm": 30.0, "scales": (0.1, 3.0), "depth_widths": (4,)}),
        (
            "bias-collapse",
            {"demonstration_steps": 1000, "steps": 400, "widths": (20,), "demonstration_seeds": 1, "plane_steps": 50},
        ),
        ("network-steps", {"counts": (7,), "seeds": 1, "trace_steps": 15}),
    ],
)
def test_laboratories_report_and_resume(name: str, settings: dict[str, object], tmp_path: Path) -> None:
    result = labs.run(name, quick=True, output=tmp_path, **settings)
    again = labs.run(name, quick=True, output=tmp_path, resume=True, **settings)
    assert again.provenance["pieces reused"] > 0
    # texts, because an undefined number is not equal to itself
    assert str(dict(again.studies)) == str(dict(result.studies))
    result.theorems()
    text = result.save(tmp_path).read_text()
    assert "## Findings" in text
    for study in result.studies.values():
        assert all(study.axes) and study.curves
    for path in (tmp_path / name).glob("*.json"):
        assert json.loads(path.read_text())


def test_tables_of_known_numbers_are_complete() -> None:
    tables = targets.target_tables()
    assert len(tables["implicit-bias"].rows()) == 15 and len(tables["nonconvex"].rows()) == 28
    for name in ("implicit-bias", "nonconvex"):
        ids = [row["id"] for row in tables[name].rows()]
        assert len(set(ids)) == len(ids)
        assert {row["status"] for row in tables[name].rows()} <= {"reproduced", "derived"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["implicit-bias", "nonconvex"])
def test_known_numbers_are_met(name: str) -> None:
    outcomes = targets.target_tables()[name].outcomes(0)
    assert [o.id for o in outcomes if o.status != "met"] == []
