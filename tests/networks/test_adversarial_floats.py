"""Odd floating-point numbers through every reader and every method: exact answers or clear errors, never a crash."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from pepkit import networks
from pepkit.kernel import ClaimError, FormatError, check
from pepkit.kernel.errors import PepkitError
from pepkit.networks.exact_evaluation import BatchEvaluator, grid_points
from pepkit.networks.injectivity import count_cells, decide_injectivity, relu_network

PLAIN = ("box", "hbox", "deepz", "crown", "crown-ibp")
"""Methods that are exact for all numbers."""
DENORMAL = 5e-324
HUGE = float(np.finfo(float).max)
CASES: dict[str, tuple[Any, Any]] = {
    "huge": ([[[1e150], [-1e150]], [[1e150, 1e150]]], None),
    "overflowing": ([[[1e200], [-1e200]], [[1e200, 1e200]]], None),
    "deep and huge": (
        [[[1e300, 1e300], [-1e300, 1e300]], [[1e300, -1e300], [1, 1]], [[1e10, 1]]],
        [[1e300, 0], [0, -1e308], [1e308]],
    ),
    "far apart": ([[[1e300, 1e-300], [DENORMAL, 1.0]], [[1e-300, 1e300], [-0.0, DENORMAL]], [[1, 1]]], None),
    "denormal": (
        [
            [[DENORMAL, -DENORMAL], [DENORMAL, DENORMAL]],
            [[DENORMAL, 1], [1, DENORMAL]],
            [[DENORMAL, 1]],
        ],
        [[DENORMAL, -DENORMAL], [-0.0, 0.0], [0.0]],
    ),
    "signed zeros": ([[[-0.0, 0.0], [0.0, -0.0]], [[0.0, -0.0]]], [[-0.0, 0.0], [-0.0]]),
    "largest": ([[[HUGE, -HUGE]], [[HUGE]]], None),
    "beyond doubles": ([[[10**400, "1/3"]], [[Fraction(1, 10**400)]]], None),
}


def case_of(name: str) -> tuple[Any, Any, Any]:
    """The network, the unit box, and the largest exact value at the vertices and the centre."""
    net = networks.network(*CASES[name])
    box = networks.box_around([0] * net.inputs, 1)
    points = [tuple(map(fmpq, point)) for point in product((-1, 0, 1), repeat=net.inputs)]
    return net, box, max(net(point)[0] for point in points)


# ---- methods -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", networks.method_names())
def test_bounds(name: str, method: str) -> None:
    net, box, best = case_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = networks.certify_bound(net, box, [1], method_name=method)
        except PepkitError as error:
            # only the semidefinite program may leave the range of doubles, and says what to do
            assert method == "sdp"
            assert "exact for all numbers" in str(error) or "linear relaxations" in str(error)
            return
    assert result.bound >= best
    assert check(result.certificate).rate == result.bound
    assert result.lower <= result.bound


@pytest.mark.parametrize("name", CASES)
def test_everything_else(name: str) -> None:
    net, box, best = case_of(name)
    above = [[networks.Atom((fmpq(-1),), (), -best - abs(best) - 1)]]
    tasks = {
        "lipschitz": lambda: networks.certify_lipschitz(net),
        "product": lambda: networks.certify_lipschitz(net, variant="product"),
        "verify": lambda: networks.verify(net, box, above, timeout=5, max_cases=20),
        "cases": lambda: networks.certify_bound_by_cases(net, box, [1], max_cases=3),
        "deployment": lambda: networks.deployment_error(net, box),
        "jump set": lambda: networks.jump_set(networks.WeightLine(net, net, box, (1,)), "crown"),
        "point": lambda: networks.largest_value(net, box, [1]),
    }
    for task, run in tasks.items():
        try:
            result = run()
        except PepkitError as error:
            assert task in ("lipschitz", "product", "deployment") and len(str(error)) > 20, (task, error)
            continue
        if task == "verify":
            assert result.word in ("unsat", "unknown", "timeout")
        if task == "cases":
            assert result.bound >= best
        if task == "point":
            assert result in box


@pytest.mark.parametrize("name", CASES)
def test_exact_evaluation(name: str) -> None:
    net, box, _ = case_of(name)
    points = grid_points(box, np.random.default_rng(0).random((5, net.inputs)))
    values = BatchEvaluator(net)(points)
    for j in range(5):
        assert values.point(j) == net(points.point(j))


@pytest.mark.parametrize("name", ["huge", "overflowing", "far apart", "denormal", "signed zeros", "largest"])
def test_injectivity(name: str) -> None:
    weights, _ = CASES[name]
    net = relu_network(weights)
    result = decide_injectivity(net, samples=50)
    assert result.status in ("injective", "not injective", "undecided")
    if result.certificate is not None:
        check(result.certificate)
    if net.inputs > 1:
        cells = count_cells(net)
        assert cells.full_rank or result.injective is False


# ---- readers -----------------------------------------------------------------------------------------------

ODD = [float("nan"), float("inf"), -float("inf")]


def saved(folder: Path, kind: str, value: Any) -> Path:
    """A 2-2-1 network file with one odd weight."""
    first = np.array([[1.0, value], [0.5, -0.25]])
    second = np.array([[1.0, -1.0]])
    path = folder / f"net.{kind}"
    if kind == "npz":
        np.savez(path, W0=first, b0=np.zeros(2), W1=second, b1=np.zeros(1))
    elif kind == "json":
        layers = [
            {"weights": first.tolist(), "bias": [0, 0], "slopes": [0, 0]},
            {"weights": second.tolist(), "bias": [0]},
        ]
        path.write_text(json.dumps({"layers": layers}))
    else:
        onnx = pytest.importorskip("onnx")
        helper, numpy_helper = onnx.helper, onnx.numpy_helper
        graph = helper.make_graph(
            [
                helper.make_node("Gemm", ["x", "W0"], ["y"], transB=1),
                helper.make_node("Relu", ["y"], ["z"]),
                helper.make_node("Gemm", ["z", "W1"], ["f"], transB=1),
            ],
            "odd",
            [helper.make_tensor_value_info("x", onnx.TensorProto.DOUBLE, [1, 2])],
            [helper.make_tensor_value_info("f", onnx.TensorProto.DOUBLE, [1, 1])],
            [numpy_helper.from_array(first, "W0"), numpy_helper.from_array(second, "W1")],
        )
        onnx.save(helper.make_model(graph), path)
    return path


@pytest.mark.parametrize("kind", ["npz", "json", "onnx"])
@pytest.mark.parametrize("value", ODD)
def test_files_with_weights_that_are_no_numbers(tmp_path: Path, kind: str, value: float) -> None:
    with pytest.raises((ClaimError, FormatError)) as caught:
        networks.read_network(saved(tmp_path, kind, value))
    assert any(word in str(caught.value) for word in ("finite", "NaN", "Infinity", "nan", "inf"))


@pytest.mark.parametrize("kind", ["npz", "json", "onnx"])
@pytest.mark.parametrize("value", [DENORMAL, -DENORMAL, HUGE, 1e-300, 2.0**-1022, 0.1])
def test_files_keep_every_bit(tmp_path: Path, kind: str, value: float) -> None:
    weight = networks.read_network(saved(tmp_path, kind, value)).layers[0].weights[0][1]
    assert weight == fmpq(*value.as_integer_ratio())


def test_exact_texts_in_json(tmp_path: Path) -> None:
    """Quoted numbers are exact, however small; unquoted ones are doubles, so 1e400 is infinite."""
    (tmp_path / "a.json").write_text('{"layers": [{"weights": [["1e-400", "1/3"]]}]}')
    assert networks.read_network(tmp_path / "a.json").layers[0].weights[0] == (fmpq(1, 10**400), fmpq(1, 3))
    (tmp_path / "b.json").write_text('{"layers": [{"weights": [[1e400]]}]}')
    with pytest.raises((ClaimError, FormatError), match="finite"):
        networks.read_network(tmp_path / "b.json")


@pytest.mark.parametrize("kind", ["npz", "json", "onnx"])
def test_files_with_negative_zero(tmp_path: Path, kind: str) -> None:
    net = networks.read_network(saved(tmp_path, kind, -0.0))
    assert net == networks.network([[[1, 0], ["1/2", "-1/4"]], [[1, -1]]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_arrays_of_every_precision(dtype: Any, tmp_path: Path) -> None:
    first = np.array([[1, -3], [2, 0]], dtype=dtype)
    if dtype in (np.float16, np.float32):
        first[0, 0] = np.finfo(dtype).smallest_subnormal
    np.savez(tmp_path / "n.npz", W0=first, W1=np.array([[1, 1]], dtype=dtype))
    net = networks.read_network(tmp_path / "n.npz")
    assert net.layers[0].weights[0][0] == fmpq(*float(first[0, 0]).as_integer_ratio())


@pytest.mark.parametrize("value", ODD)
def test_state_dictionaries(value: float) -> None:
    with pytest.raises(ClaimError, match="finite"):
        networks.network_from_arrays({"0.weight": np.array([[1.0, value]]), "2.weight": np.ones((1, 1))})


@pytest.mark.parametrize("value", [*ODD, "nan", "1e", "0x10", None])
def test_boxes_and_forms(value: Any) -> None:
    net = networks.network([[[1, 1]], [[1]]])
    for attempt in (
        lambda: networks.box_around([value, 0], 1),
        lambda: networks.box_around([0, 0], value),
        lambda: networks.box_around([0, 0], 1, clip=(value, 1)),
        lambda: networks.certify_bound(net, networks.box_around([0, 0], 1), [value]),
    ):
        with pytest.raises(ClaimError):
            attempt()


@pytest.mark.parametrize("literal", ["NaN", "inf", "1e999999999", "0x1p3", "--1"])
def test_properties_with_odd_literals(tmp_path: Path, literal: str) -> None:
    text = (
        "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n"
        f"(assert (>= X_0 -1.0))\n(assert (<= X_0 {literal}))\n(assert (>= Y_0 2.0))\n"
    )
    (tmp_path / "p.vnnlib").write_text(text)
    with pytest.raises((ClaimError, FormatError)):
        networks.read_properties(tmp_path / "p.vnnlib")


def test_properties_keep_denormals(tmp_path: Path) -> None:
    text = (
        "(declare-const X_0 Real)\n(declare-const Y_0 Real)\n"
        "(assert (>= X_0 -0.0))\n(assert (<= X_0 5e-324))\n(assert (>= Y_0 2.0))\n"
    )
    (tmp_path / "p.vnnlib").write_text(text)
    (query,) = networks.read_properties(tmp_path / "p.vnnlib")
    assert query.box.lower == (0,)
    assert query.box.upper == (fmpq(5, 10**324),)
