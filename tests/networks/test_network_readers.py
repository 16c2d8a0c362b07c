"""Networks and properties from files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq
from random_networks import arrays, leaky

from pepkit import networks
from pepkit.kernel import ClaimError, FormatError


def test_npz_in_several_namings(tmp_path: Path) -> None:
    weights, biases = arrays((3, 5, 4, 2), 0)
    expected = networks.network(weights, biases)
    namings = [
        {f"W{k}": w for k, w in enumerate(weights)} | {f"b{k}": b for k, b in enumerate(biases)},
        {f"{2 * k}.weight": w for k, w in enumerate(weights)} | {f"{2 * k}.bias": b for k, b in enumerate(biases)},
        {f"coefs_{k}": w.T for k, w in enumerate(weights)} | {f"intercepts_{k}": b for k, b in enumerate(biases)},
    ]
    for number, naming in enumerate(namings):
        path = tmp_path / f"{number}.npz"
        np.savez(path, **naming)
        assert networks.read_network(path) == expected


def test_npz_that_is_no_network(tmp_path: Path) -> None:
    for number, content in enumerate(
        (
            {"W0": np.zeros((2, 3)), "W1": np.zeros((2, 5))},
            {"W0": np.zeros((2, 3)), "c": np.zeros(2)},
            {"W0": np.zeros((2, 3, 3))},
            {"b0": np.zeros(2)},
            {"W0": np.array([[1 + 1j]])},
        )
    ):
        path = tmp_path / f"{number}.npz"
        np.savez(path, **content)
        with pytest.raises(FormatError):
            networks.read_network(path)
    (tmp_path / "x.npz").write_bytes(b"no archive")
    with pytest.raises(FormatError):
        networks.read_network(tmp_path / "x.npz")
    with pytest.raises(FormatError, match="are read from"):
        networks.read_network(_written(tmp_path / "x.txt", ""))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_json_round_trip_and_literals(tmp_path: Path) -> None:
    net = leaky((2, 5, 3), 1)
    networks.write_network(net, tmp_path / "net.json")
    assert networks.read_network(tmp_path / "net.json") == net
    read = networks.network_from_json('{"layers": [{"weights": [[0.1, "0.1"]], "bias": ["1/3"]}]}')
    assert read.layers[0].weights[0] == (fmpq(3602879701896397, 2**55), fmpq(1, 10))
    assert read.layers[0].bias == (fmpq(1, 3),)
    for wrong in ("[]", "{", '{"layers": [{"bias": []}]}', '{"layers": [{"weights": [[1]], "gain": 2}]}',
                  '{"layers": [{"weights": [1]}]}'):  # fmt: skip
        with pytest.raises(FormatError):
            networks.network_from_json(wrong)
    with pytest.raises(ClaimError):
        networks.network_from_json('{"layers": [{"weights": [[NaN]]}]}')


def onnx_model(nodes: list, initializers: dict[str, np.ndarray], shape: list[int], path: Path) -> Path:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node(kind, ins, outs, **attributes) for kind, ins, outs, attributes in nodes],
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in initializers.items()],
    )
    onnx.save(helper.make_model(graph), path)
    return path


def test_onnx_dense(tmp_path: Path) -> None:
    weights, biases = ([a.astype(np.float32) for a in part] for part in arrays((3, 4, 4, 2), 2))
    path = onnx_model(
        [
            ("Flatten", ["x"], ["f"], {}),
            ("Gemm", ["f", "W0", "b0"], ["h0"], {"transB": 1}),
            ("Relu", ["h0"], ["r0"], {}),
            ("MatMul", ["r0", "W1"], ["m1"], {}),
            ("Add", ["m1", "b1"], ["h1"], {}),
            ("Relu", ["h1"], ["r1"], {}),
            ("Gemm", ["r1", "W2", "b2"], ["y"], {"transB": 1, "alpha": 1.0}),
        ],
        {"W0": weights[0], "b0": biases[0], "W1": weights[1].T.copy(), "b1": biases[1], "W2": weights[2],
         "b2": biases[2]},
        [1, 3], tmp_path / "dense.onnx",
    )  # fmt: skip
    assert networks.read_network(path) == networks.network(weights, biases)


def test_onnx_residual_leaky_and_scaled(tmp_path: Path) -> None:
    weight = np.array([[1.0, -2.0], [0.5, 1.0]], dtype=np.float32)
    path = onnx_model(
        [
            ("Sub", ["x", "mean"], ["s"], {}),
            ("Div", ["s", "scale"], ["d"], {}),
            ("MatMul", ["d", "W"], ["m"], {}),
            ("LeakyRelu", ["m"], ["l"], {"alpha": 0.25}),
            ("Add", ["l", "d"], ["a"], {}),
            ("Relu", ["a"], ["r"], {}),
            ("Concat", ["r", "d"], ["c"], {"axis": 1}),
            ("Reshape", ["c", "shape"], ["y"], {}),
        ],
        {"mean": np.array([1.0, 0.0], dtype=np.float32), "scale": np.array([4.0, 3.0], dtype=np.float32), "W": weight,
         "shape": np.array([4], dtype=np.int64)},
        [1, 2], tmp_path / "residual.onnx",
    )  # fmt: skip
    net = networks.read_network(path)
    x = np.array([3.0, -6.0])
    d = (x - [1, 0]) / [4, 3]
    m = d @ weight
    expected = [*np.maximum(np.maximum(m, 0.25 * m) + d, 0), *d]
    values = net([fmpq(3), fmpq(-6)])
    assert [float(int(v.p) / int(v.q)) for v in values] == pytest.approx(expected)
    result = networks.certify_bound(net, networks.box_around([0, 0], 1), [1, 1, 0, 0], method_name="triangle")
    assert result.lower <= result.bound


def test_onnx_convolution(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    kernel = generator.normal(size=(2, 1, 3, 3)).astype(np.float32)
    bias = generator.normal(size=2).astype(np.float32)
    dense = generator.normal(size=(8, 3)).astype(np.float32)
    path = onnx_model(
        [
            ("Conv", ["x", "K", "b"], ["c"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}),
            ("Relu", ["c"], ["r"], {}),
            ("AveragePool", ["r"], ["p"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
            ("Flatten", ["p"], ["f"], {}),
            ("MatMul", ["f", "D"], ["y"], {}),
        ],
        {"K": kernel, "b": bias, "D": dense}, [1, 1, 4, 4], tmp_path / "conv.onnx",
    )  # fmt: skip
    net = networks.read_network(path)
    image = generator.normal(size=(4, 4))
    padded = np.pad(image, 1)
    feature = np.array(
        [[[(kernel[f, 0] * padded[i : i + 3, j : j + 3]).sum() + bias[f] for j in range(4)] for i in range(4)]
         for f in range(2)]
    )  # fmt: skip
    pooled = np.maximum(feature, 0).reshape(2, 2, 2, 2, 2).mean(axis=(2, 4))
    assert networks.float_network(net)(image.ravel()) == pytest.approx(pooled.ravel() @ dense, rel=1e-6)


def test_onnx_transpose_normalisation_and_pooling(tmp_path: Path) -> None:
    """BatchNormalization after a transposition, Mul and Neg by constants, pooling over everything."""
    generator = np.random.default_rng(3)
    scale, shift, mean = (generator.normal(size=3).astype(np.float32) for _ in range(3))
    variance = generator.uniform(0.5, 2, size=3).astype(np.float32)
    factor = generator.normal(size=(1, 3, 1, 1)).astype(np.float32)
    path = onnx_model(
        [
            ("Transpose", ["x"], ["t"], {"perm": [0, 3, 1, 2]}),
            ("BatchNormalization", ["t", "scale", "shift", "mean", "variance"], ["n"], {"epsilon": 0.5}),
            ("Mul", ["n", "factor"], ["m"], {}),
            ("Relu", ["m"], ["r"], {}),
            ("Neg", ["r"], ["g"], {}),
            ("Add", ["g", "n"], ["a"], {}),
            ("GlobalAveragePool", ["a"], ["p"], {}),
            ("Squeeze", ["p", "axes"], ["s"], {}),
            ("Unsqueeze", ["s", "last"], ["y"], {}),
        ],
        {"scale": scale, "shift": shift, "mean": mean, "variance": variance, "factor": factor,
         "axes": np.array([2, 3], dtype=np.int64), "last": np.array([2], dtype=np.int64)},
        [1, 2, 2, 3], tmp_path / "norm.onnx",
    )  # fmt: skip
    net = networks.read_network(path)
    image = generator.normal(size=(1, 2, 2, 3))
    x = image.transpose(0, 3, 1, 2)
    norm = (x - mean[:, None, None]) / np.sqrt(variance + 0.5)[:, None, None] * scale[:, None, None] + shift[
        :, None, None
    ]
    expected = (norm - np.maximum(norm * factor, 0)).mean(axis=(2, 3)).ravel()
    assert networks.float_network(net)(image.ravel()) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_every_operation_of_the_graphs_is_tested() -> None:
    from pepkit.networks.graph_operations import OPERATIONS

    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in OPERATIONS if f'("{name}"' not in text] == []


def test_onnx_constant_nodes_dropout_and_identity(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    constant = onnx.numpy_helper.from_array(np.array([0.5, -0.25], dtype=np.float32))
    path = onnx_model(
        [
            ("Constant", [], ["c"], {"value": constant}),
            ("Identity", ["x"], ["i"], {}),
            ("Dropout", ["i"], ["d"], {}),
            ("Sub", ["c", "d"], ["s"], {}),
            ("Relu", ["s"], ["y"], {}),
        ],
        {}, [1, 2], tmp_path / "c.onnx",
    )  # fmt: skip
    assert networks.read_network(path)([fmpq(1, 4), fmpq(-1)]) == (fmpq(1, 4), fmpq(3, 4))


def test_onnx_errors(tmp_path: Path) -> None:
    path = onnx_model([("Sigmoid", ["x"], ["y"], {})], {}, [1, 2], tmp_path / "s.onnx")
    with pytest.raises(ClaimError, match="Sigmoid"):
        networks.read_network(path)
    path = onnx_model([("Mul", ["x", "x"], ["y"], {})], {}, [1, 2], tmp_path / "m.onnx")
    with pytest.raises(ClaimError, match="not piecewise linear"):
        networks.read_network(path)
    with pytest.raises(FormatError):
        networks.read_network(_written(tmp_path / "broken.onnx", "no model"))


PROPERTY = """
; a classic property
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (<= X_0 0.1))
(assert (>= X_0 (- 0.1)))
(assert (>= X_1 -1e-1)) (assert (<= X_1 0.3))
(assert (or (and (>= Y_0 Y_1)) (and (<= Y_0 -2.5) (>= (+ Y_0 (* 2 X_0)) 0.0))))
"""


def test_vnnlib() -> None:
    (query,) = networks.read_vnnlib(PROPERTY)
    assert query.box.lower == (fmpq(-1, 10), fmpq(-1, 10))
    assert query.box.upper == (fmpq(1, 10), fmpq(3, 10))
    first, second = query.region
    assert (first[0].outputs, first[0].bound) == ((fmpq(-1), fmpq(1)), 0)
    assert (second[0].outputs, second[0].bound) == ((fmpq(1), fmpq(0)), fmpq(-5, 2))
    assert (second[1].outputs, second[1].inputs, second[1].bound) == ((fmpq(-1), fmpq(0)), (fmpq(-2), fmpq(0)), 0)


def test_vnnlib_with_two_boxes() -> None:
    text = """(declare-const X_0 Real)(declare-const Y_0 Real)
    (assert (or (and (<= X_0 1)(>= X_0 0)) (and (<= X_0 3)(>= X_0 2)) (and (<= X_0 3)(>= X_0 4))))(assert (<= Y_0 0))"""
    boxes = [(query.box.lower[0], query.box.upper[0]) for query in networks.read_vnnlib(text)]
    assert boxes == [(0, 1), (2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "(assert (<= X_0 1)",
        "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= X_0 1))",
        "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= (* X_0 X_0) 1))",
        "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (sin X_0))",
        "(vnnlib-version <2.0>)",
        "(declare-const Z Real)",
        "(declare-const X_1 Real)(declare-const Y_0 Real)",
        ")",
    ],
)
def test_vnnlib_errors(text: str) -> None:
    with pytest.raises(FormatError):
        networks.read_vnnlib(text)


def test_json_of_numpy_floats_is_lossless(tmp_path: Path) -> None:
    weights, biases = arrays((2, 3, 1), 7)
    text = json.dumps(
        {"layers": [{"weights": w.tolist(), "bias": b.tolist()} for w, b in zip(weights, biases, strict=True)]}
    )
    assert networks.network_from_json(text) == networks.network(weights, biases)


SECOND = """; version 2
(vnnlib-version <2.0>)
(declare-network f
  (declare-input X float32 [1,2])
  (declare-output Y float32 [1,2]))
(assert (and (<= X[0,0] 0.1) (>= X[0,0] -0.1) (<= X[0,1] 0.30) (>= (+ X[0,1] 1.0) 0.7)))
(assert (or (>= Y[0,0] (+ (* 2.0 Y[0,1]) X[0,1])) CONDITION))
"""


@pytest.mark.parametrize(
    ("condition", "atoms"),
    [
        ("(<= Y[0,1] -2.5)", [((0, 1), "-5/2")]),
        ("(== Y[0,0] (- 0.1))", [((1, 0), "-1/10"), ((-1, 0), "1/10")]),
        ("(< Y[0,0] (- 1.5 Y[0,1] 2.0))", [((1, 1), "-1/2")]),
        ("(> Y[0,0] 0.1234567890123456789)", [((-1, 0), "-1234567890123456789/10000000000000000000")]),
    ],
)
def test_vnnlib_2(condition: str, atoms: list[tuple[tuple[int, ...], str]], tmp_path: Path) -> None:
    pytest.importorskip("vnnlib")
    text = SECOND.replace("CONDITION", condition)
    (query,) = networks.read_vnnlib(text)
    assert query.box.lower == (fmpq(-1, 10), fmpq(-3, 10))
    assert query.box.upper == (fmpq(1, 10), fmpq(3, 10))
    assert (query.region[0][0].outputs, query.region[0][0].inputs) == ((-1, 2), (0, 1))
    found = [(tuple(int(c.p) for c in atom.outputs), atom.bound) for atom in query.region[1]]
    assert found == [(outputs, fmpq(*map(int, f"{bound}/1".split("/")[:2]))) for outputs, bound in atoms]
    path = tmp_path / "p.vnnlib.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert networks.read_properties(path) == [query]


def test_vnnlib_2_means_what_version_1_means() -> None:
    pytest.importorskip("vnnlib")
    first = """(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)
    (assert (or (and (<= X_0 1.0)(>= X_0 0.0)) (and (<= X_0 3.0)(>= X_0 2.0))))(assert (<= X_1 0.1))(assert (>= X_1 -0.1))
    (assert (or (and (<= Y_0 Y_1) (<= Y_1 0.5)) (>= (- Y_1 (* 0.3 Y_0)) 7.25)))"""
    head = "(vnnlib-version <2.0>)(declare-network f (declare-input X real [2])(declare-output Y real [1,2]))"
    second = first[first.index("(assert") :]
    for old, new in (("X_0", "X[0]"), ("X_1", "X[1]"), ("Y_0", "Y[0,0]"), ("Y_1", "Y[0,1]")):
        second = second.replace(old, new)
    queries = networks.read_vnnlib(head + second)
    assert len(queries) == 2
    assert queries == networks.read_vnnlib(first)


@pytest.mark.parametrize(
    "text",
    [
        SECOND.replace("CONDITION", "(!= Y[0,0] 1.5)"),
        SECOND.replace("CONDITION", "(< Y[0,0] 1)"),
        SECOND.replace("CONDITION", "(< Y[0,2] 1.0)"),
        SECOND.replace("CONDITION", "(< (* Y[0,1] Y[0,0]) 1.0)"),
        SECOND.replace("CONDITION", "(< Y[0,0] 1.0").replace("(assert (and", "(assert (or"),
        SECOND.replace("CONDITION", "(< Y[0,0] 1.0)").replace(
            "(declare-output", "(declare-input Z real [1]) (declare-output"
        ),
        SECOND.replace("CONDITION", "(< Y[0,0] 1.0)").replace("[1,2]", "[9000,9000]"),
    ],
)
def test_vnnlib_2_errors(text: str) -> None:
    pytest.importorskip("vnnlib")
    with pytest.raises(FormatError):
        networks.read_vnnlib(text)


def test_nested_disjunctions_and_scaled_limits() -> None:
    text = """(set-logic QF_LRA)(declare-const X_0 Real)(declare-const Y_0 Real)
    (assert (and (>= (* 3 X_0) 1) (<= (/ X_0 7) 1)))
    (assert (or (and (or (<= Y_0 1) (>= Y_0 5)) (or (<= X_0 2) (= Y_0 6))) (and)))(check-sat)"""
    queries = networks.read_vnnlib(text)
    assert {(q.box.lower[0], q.box.upper[0]) for q in queries} == {(fmpq(1, 3), fmpq(2)), (fmpq(1, 3), fmpq(7))}
    assert sum(len(q.region) for q in queries) == 5
    assert any(() in q.region for q in queries)


def test_damaged_property_files(tmp_path: Path) -> None:
    for name, content in (("a.vnnlib.gz", b"plain"), ("b.vnnlib", b"\xff\xfe")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FormatError, match="not a readable"):
            networks.read_properties(tmp_path / name)
