"""Studies of relaxations, and exact evaluation of many points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import case, leaky
from typer.testing import CliRunner

from pepkit import networks
from pepkit.cli.application import application
from pepkit.kernel import CertificateError, ClaimError, check
from pepkit.networks.exact_evaluation import BatchEvaluator, grid_points
from pepkit.networks.jumps import bound_with_decisions
from pepkit.networks.mixed_integer import integer_maximum
from pepkit.networks.model import to_floats
from pepkit.networks.studies import (
    attack_bounds,
    attack_study,
    digits,
    exact_maximum,
    exact_tightness,
    expected_interval_tightness,
    gap_study,
    interpolated_method,
    interpolation_study,
    interval_tightness,
    jump_census,
    train,
)
from pepkit.networks.studies.attacks import AttackTarget, attack_targets, leaky_network
from pepkit.networks.studies.gaps import random_network

# ---- exact evaluation ------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["plain", "leaky", "thirds", "one layer"]))
def test_many_points_at_once_have_the_values_of_one(seed: int, kind: str) -> None:
    generator = np.random.default_rng(seed)
    if kind == "leaky":
        net = leaky((3, 5, 4, 2), seed)
    elif kind == "thirds":
        rows = [
            [[fmpq(int(a), 3) for a in row] for row in generator.integers(-9, 9, shape)] for shape in ((4, 3), (2, 4))
        ]
        net = networks.network(rows, [[fmpq(1, 7)] * 4, [0, 1]])
    elif kind == "one layer":
        net = networks.network([generator.normal(size=(2, 3))])
    else:
        net = case((3, 6, 2), seed % 1000, 0.5)[0]
    box = networks.box_around([fmpq(1, 3), 0, "0.1"], "2/7")
    points = grid_points(
        box, np.concatenate([generator.random((6, 3)), generator.integers(0, 2, (3, 3)).astype(float)])
    )
    evaluate = BatchEvaluator(net)
    values = evaluate(points)
    objective = (fmpq(1, 2), fmpq(-3))
    forms = evaluate.forms(points, objective)
    for j in range(points.count):
        point = points.point(j)
        assert point in box
        assert values.point(j) == net(point)
        assert forms[j] == sum((c * y for c, y in zip(objective, net(point), strict=True)), fmpq(0))
    assert evaluate.largest(points, objective) == (max(forms), forms.index(max(forms)))


def test_grid_points_reach_the_vertices() -> None:
    box = networks.box_around(["1/3", 0], "1/7")
    points = grid_points(box, np.array([[0.0, 1.0], [-5.0, 7.0]]))
    assert points.point(0) == points.point(1) == (box.lower[0], box.upper[1])
    with pytest.raises(ClaimError):
        grid_points(box, np.zeros((2, 3)))


# ---- attacks ---------------------------------------------------------------------------------------------


def test_no_input_exceeds_a_certified_bound() -> None:
    """2000 inputs for each of four networks (random, leaky, trained), every relaxation, exactly."""
    pytest.importorskip("sklearn")
    study = attack_study(2000)
    assert set(study.column("violations")) == {0}
    assert set(study.column("inputs")) == {2000}
    assert {"random", "leaky", "trained, digits"} <= set(study.column("network"))
    for bound, value in zip(study.column("certified bound"), study.column("largest value found"), strict=True):
        assert value <= bound
    # the attack is no formality: it comes near the best bounds
    best = [y[-1] for _, _, y in study.curves]
    assert min(best) > 0.8 and max(best) <= 1


def test_an_attack_finds_a_false_bound() -> None:
    """The bound for a smaller box is none for the whole box, and the attack says so and where."""
    net = random_network((2, 6, 1), 0)
    true, false = (
        networks.certify_bound(net, networks.box_around([0, 0], radius), [1], method_name="crown").bound
        for radius in (1, "1/100")
    )
    target = AttackTarget("small", net, networks.box_around([0, 0], 1), (1,))
    attack_bounds(target, {"true": true}, 200)
    with pytest.raises(CertificateError, match="the bounds false of the small network are exceeded at"):
        attack_bounds(target, {"true": true, "false": false}, 200)


def test_targets_of_attacks() -> None:
    pytest.importorskip("sklearn")
    widths = [str(target.network) for target in attack_targets()]
    assert widths == ["4-10-10-1", "6-20-20-1", "3-12-10-2", "64-16-16-10"]
    assert {int(s.p) for s in leaky_network((2, 4, 1), 0).layers[0].slopes or ()} >= {0, 1}
    with pytest.raises(ClaimError):
        attack_study(0)


# ---- gaps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_exact_maxima(seed: int) -> None:
    net, box, _ = case((3, 6, 5, 1), seed, 0.6)
    value, point = exact_maximum(net, box)
    assert point in box and net(point)[0] == value
    floats = networks.float_network(net)
    program = integer_maximum(floats, to_floats(box.lower), to_floats(box.upper), np.ones(1))
    assert abs(int(value.p) / int(value.q) - program) < 1e-6
    assert networks.certify_bound(net, box, [1], method_name="triangle").bound >= value


def test_tightness_in_q() -> None:
    """relu on [-1, 1]: the range is [0, 1], that of zonotopes [-1/2, 1]."""
    rectifier = networks.network([[[1]], [[1]]])
    box = networks.box_around([0], 1)
    assert exact_tightness(rectifier, box, "deepz") == fmpq(2, 3)
    assert exact_tightness(rectifier, box, "box") == 1
    assert exact_tightness(networks.network([[[1]], [[0]]]), box, "box") == 1
    net, box, _ = case((2, 5, 4, 1), 2, 0.5)
    values = {name: exact_tightness(net, box, name) for name in ("box", "hbox", "crown", "triangle")}
    assert all(0 < value <= 1 for value in values.values())
    assert values["box"] <= values["hbox"] and values["crown"] <= values["triangle"]


@pytest.mark.parametrize(("width", "value"), [(4, 0.5890486225), (16, 0.3084739491), (64, 0.1560535163)])
def test_tightness_of_intervals(width: int, value: float) -> None:
    ball = expected_interval_tightness(width)
    assert abs(float(ball.mid()) - value) < 1e-9 and float(ball.rad()) < 1e-20
    generator = np.random.default_rng(width)
    first, second = generator.normal(size=(width, 20)), generator.normal(size=(20, width))
    ratio = interval_tightness(first, second)
    assert abs(int(ratio.p) / int(ratio.q) - value) < 0.15 * value
    # the same ratio from the relaxation: linear hidden neurons, one output
    net = networks.network([first, second[:1]], slopes=1)
    box = networks.box_around([0] * 20, 1)
    high, low = (bound_with_decisions(net, box, (sign,), "box")[0] for sign in (1, -1))
    exact = sum((abs(sum((a * b for a, b in zip(net.layers[1].weights[0], column, strict=True)), fmpq(0))) for column in zip(*net.layers[0].weights, strict=True)), fmpq(0))  # fmt: skip
    assert interval_tightness(first, second[:1]) == 2 * exact / (high + low)


def test_the_gap_study() -> None:
    study = gap_study((4, 6), (1, 2), inputs=3, samples=2, methods=("box", "hbox", "crown", "alpha-crown", "triangle"))
    ratios: dict[tuple[int, int], dict[str, float]] = {}
    for depth, width, name, _, mean, smallest, largest in study.rows:
        ratios.setdefault((depth, width), {})[name] = mean
        assert 1 <= smallest <= mean <= largest
    for row in ratios.values():
        assert row["triangle"] <= row["alpha-crown"] + 1e-9 <= row["crown"] + 2e-9
        assert row["hbox"] <= row["box"] + 1e-9
    assert len(study.curves) == 10
    with pytest.raises(ClaimError):
        gap_study((0,))


def test_the_recorded_gap_is_met() -> None:
    """4-10-10-1, radius 0.3: the generator is the one of the recorded mean ratios (upper side of -f there)."""
    net = random_network((4, 10, 10, 1), 0)
    assert net == case((4, 10, 10, 1), 0, 0.3)[0]


# ---- census and interpolation ----------------------------------------------------------------------------


def test_the_census_counts_jumps_where_theory_allows_them() -> None:
    pytest.importorskip("sklearn")
    kept: list[Any] = []
    study = jump_census(
        hidden=(8, 8), steps=20, every=5, images=4, certificates=lambda name, proof: kept.append((name, proof))
    )
    jumps = dict(zip(study.column("relaxation"), study.column("jumps"), strict=True))
    assert jumps["box"] == jumps["deepz"] == 0
    assert jumps["hbox"] > 0 and jumps["crown"] > 0
    changing = study.column("with a change of decisions")
    assert all(0 < share <= 1 for share in changing)
    ((name, proof),) = kept
    theorem = check(proof)
    assert name == "hbox" and theorem.claim.jump != 0
    again = [jump_census(("crown",), hidden=(6,), steps=6, every=3, images=2).rows for _ in range(2)]
    assert again[0] == again[1]
    with pytest.raises(ClaimError):
        jump_census(("sdp",))
    with pytest.raises(ClaimError):
        jump_census(radius=0)


def test_training_lowers_the_error() -> None:
    pytest.importorskip("sklearn")
    data = digits(1)
    assert data.train_images.shape == (1347, 64) and len(data.test_labels) == 450
    assert data.train_images.min() >= 0 and data.train_images.max() <= 1
    net = train(data, (16,), steps=600, seed=1)
    assert np.mean(net(data.test_images).argmax(axis=1) == data.test_labels) > 0.85


def test_the_family_of_relaxations() -> None:
    low, high, zero = np.array([-1.0, -0.2, -3.0]), np.array([0.5, 2.0, 1e-12]), np.zeros(3)
    for s in (0.0, 0.3, 1.0):
        rule = interpolated_method(s).lines
        assert rule is not None
        below, above = rule(low, high, zero)
        assert np.all((below >= 0) & (below <= 1)) and np.allclose(above, high / (high - low))
        assert below[2] < 1e-10
    assert np.allclose(interpolated_method(0).lines(low, high, zero)[0], high / (high - low))  # type: ignore[misc]
    with pytest.raises(ClaimError):
        interpolated_method(1.5)
    with pytest.raises(ClaimError, match="rectifiers"):
        interpolated_method(0.5).lines(low, high, zero + 0.1)  # type: ignore[misc]


def test_the_interpolation_study() -> None:
    pytest.importorskip("sklearn")
    study = interpolation_study((0.0, 1.0), ("1/50",), hidden=(8,), images=10, steps=300, directions=2)
    assert study.column("relaxation") == ("s = 0", "s = 1", "box", "hbox", "crown")
    shares = study.column("certified, radius 1/50")
    assert all(0 <= share <= 1 for share in shares) and shares[0] >= shares[2]
    assert all(value > 0 for value in study.column("mean slope of the loss"))


# ---- commands --------------------------------------------------------------------------------------------

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(application, list(arguments))


def test_jumps_on_the_command_line(run: Run, tmp_path: Path) -> None:
    result = run("network", "jumps", "--minimal", "hbox", "--csv", "t.csv", "-o", "proofs")
    assert result.exit_code == 0, result.output
    assert "hbox: at t = 1/2 from 3 to 1" in result.stdout
    assert "largest jump" in (tmp_path / "t.csv").read_text()
    files = [str(path) for path in (tmp_path / "proofs").iterdir()]
    assert len(files) == 11
    assert run("check", *files).exit_code == 0
    assert run("network", "jumps", "--minimal", "hbox", "-o", "proofs").exit_code == 2
    assert run("network", "jumps", "--minimal", "hbox", "-o", "proofs", "--force").exit_code == 0
    for seed in (0, 1):
        networks.write_network(random_network((2, 3, 1), seed), tmp_path / f"{seed}.json")
    result = run("network", "jumps", "0.json", "1.json", "--box", "-1:1", "--method", "hbox,crown", "--json")
    data = json.loads(result.stdout)
    assert [row["relaxation"] for row in data["rows"]] == ["hbox", "crown"]
    assert run("network", "jumps", "0.json").exit_code == 2
    assert run("network", "jumps", "0.json", "--minimal", "crown").exit_code == 2


def test_studies_on_the_command_line(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run(
        "network", "study", "gaps", "--widths", "3", "--depths", "1,2", "--samples", "1", "--method", "box,crown",
        "--figure", "figures/g.png", "--csv", "g.csv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert (tmp_path / "figures" / "g.png").stat().st_size > 1000 and (tmp_path / "g.csv").exists()
    assert run("network", "study", "gaps", "--widths", "a").exit_code == 2
    assert run("network", "study", "interpolation", "--method", "box").exit_code == 2
    pytest.importorskip("sklearn")
    result = run("network", "study", "census", "--steps", "20", "--images", "2", "--hidden", "6", "--method", "hbox",
                 "-o", "proofs", "--json")  # fmt: skip
    data = json.loads(result.stdout)
    assert data["rows"][0]["relaxation"] == "hbox"
    for path in data["certificates"]:
        assert run("check", path).exit_code == 0
    result = run("network", "study", "tightness", "--samples", "1", "--json")
    assert len(json.loads(result.stdout)["rows"]) == 7
    assert run("network", "study", "tightness", "--method", "box").exit_code == 2
