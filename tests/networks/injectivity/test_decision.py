"""The decision for layers and networks against independent exact methods."""

from __future__ import annotations

from itertools import combinations, pairwise, product
from math import cos, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import CertificateError, ClaimError, check, load
from pepkit.kernel.injectivity import Collision, PositiveDependencies
from pepkit.kernel.networks import Layer
from pepkit.kernel.planar_network import find_collision, planar_map
from pepkit.networks import network, read_network, write_network
from pepkit.networks.injectivity import (
    decide_injectivity,
    decide_layer,
    halfspace_depth,
    is_injective_by_rays,
    relu_layer,
    relu_network,
)
from pepkit.networks.injectivity.separation import _simplex, separate
from pepkit.networks.model import rectified_last

small = st.integers(-2, 2)


def matrices(columns: int, rows: int) -> Any:
    return st.lists(st.lists(small, min_size=columns, max_size=columns), min_size=1, max_size=rows)


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 3).flatmap(lambda n: matrices(n, 9)))
def test_layers_against_their_rays(weights: list[list[int]]) -> None:
    """Small integers: many layers are degenerate (parallel rows, zero rows, deficient rank)."""
    layer = relu_layer(weights)
    result = decide_injectivity(layer)
    assert result.injective == is_injective_by_rays(layer)
    assert check(result.certificate).claim == result.theorem.claim


def spans_at(layer: Layer, point: tuple[fmpq, ...]) -> bool:
    values = layer.argument(point)
    active = [row for row, value in zip(layer.weights, values, strict=True) if value > 0]
    return bool(active) and fmpq_mat(len(active), layer.inputs, [a for r in active for a in r]).rank() == layer.inputs


def generic_points(layer: Layer) -> list[tuple[fmpq, ...]]:
    """A point in every cell of lines in the plane: around every vertex, in 48 directions."""
    directions = [(round(1000 * cos(0.01 + pi * k / 24)), round(1000 * sin(0.01 + pi * k / 24))) for k in range(48)]
    vertices = []
    for i, j in combinations(range(layer.outputs), 2):
        (a, b), (c, d) = layer.weights[i], layer.weights[j]
        determinant = a * d - b * c
        if determinant:
            e, f = -layer.bias[i], -layer.bias[j]
            vertices.append(((e * d - b * f) / determinant, (a * f - e * c) / determinant))
    # lines through entries of size two and biases of size two: other lines are further away than this
    step = fmpq(1, 10**7)
    return [(x + step * u, y + step * v) for x, y in set(vertices) for u, v in directions]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(small, small, small), min_size=3, max_size=8))
def test_layers_with_biases_against_all_cells(rows: list[tuple[int, int, int]]) -> None:
    layer = relu_layer([row[:2] for row in rows], [row[2] for row in rows])
    points = generic_points(layer)
    expected = bool(points) and all(spans_at(layer, point) for point in points)
    assert decide_injectivity(layer).injective == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small), min_size=1, max_size=8))
def test_one_input_with_biases(rows: list[tuple[int, int]]) -> None:
    layer = relu_layer([[w] for w, _ in rows], [b for _, b in rows])
    breakpoints = sorted({-b / w[0] for w, b in zip(layer.weights, layer.bias, strict=True) if w[0]})
    points = [breakpoints[0] - 1, breakpoints[-1] + 1] if breakpoints else [fmpq(0)]
    points += [(a + b) / 2 for a, b in pairwise(breakpoints)]
    assert decide_injectivity(layer).injective == all(spans_at(layer, (x,)) for x in points)


def test_depth_and_general_position() -> None:
    generator = np.random.default_rng(4)
    answers = set()
    for n, m in product((2, 3, 4), (10, 16)):
        layer = relu_layer(generator.standard_normal((m, n)))
        injective = decide_layer(layer).injective
        assert injective == (halfspace_depth(layer) >= n) == is_injective_by_rays(layer)
        answers.add(injective)
    assert answers == {True, False}


def test_smallest_injective_layers() -> None:
    """2n rows +-b_i are injective; without any one of them they are not."""
    for n in (1, 2, 3, 4):
        rows = [[sign * (i == j) for j in range(n)] for i in range(n) for sign in (1, -1)]
        assert decide_injectivity(relu_layer(rows)).injective
        assert halfspace_depth(relu_layer(rows)) == n
        for k in range(2 * n):
            assert not decide_injectivity(relu_layer(rows[:k] + rows[k + 1 :])).injective


def test_negative_rows_only_and_constants() -> None:
    # a neuron that is zero everywhere, and one that is constant, see nothing
    assert not decide_injectivity(relu_layer([[1], [0]], [0, 5])).injective
    assert decide_injectivity(relu_layer([[1], [-1], [0]], [0, 0, 5])).injective
    # with a gap between the half-lines nothing is seen in it; with an overlap all is
    assert not decide_injectivity(relu_layer([[1], [-1]], [-1, -1])).injective
    assert decide_injectivity(relu_layer([[1], [-1]], [1, 1])).injective


def test_gaussian_layer_of_the_largest_usual_size() -> None:
    weights = np.random.default_rng(0).standard_normal((24, 4))
    result = decide_injectivity(relu_layer(weights))
    assert result.injective and isinstance(result.certificate, PositiveDependencies)
    assert "injective" in str(result) and "injective" in result._repr_html_()


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e300])
def test_extreme_floats(scale: float) -> None:
    rows = np.array([[1.0, 0.0], [-1.0, -0.0], [0.0, 1.0], [0.0, -1.0], [1.0, 1.0]]) * scale
    assert decide_injectivity(relu_layer(rows)).injective
    assert not decide_injectivity(relu_layer(rows[1:])).injective
    # rows of very different sizes
    rows[0] = [2.0**-1000, 0.0]
    assert decide_injectivity(relu_layer(rows)).injective


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_floats_that_are_no_numbers(value: float) -> None:
    with pytest.raises(ClaimError, match="finite"):
        relu_layer([[1.0, value]])


def test_nearly_dependent_rows() -> None:
    """Sectors thinner than floats can tell apart: one bit decides."""
    tiny = "1/1000000000000000000000000000000"
    rows = [["1", "0"], ["-1", "0"], ["0", "1"], [tiny, "-1"]]
    # between the last two rows' boundaries only one row of rank one is active on one side
    layer = relu_layer(rows)
    assert decide_injectivity(layer).injective == is_injective_by_rays(layer)
    layer = relu_layer([*rows, ["-1", "-1"]])
    assert decide_injectivity(layer).injective == is_injective_by_rays(layer)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 3).flatmap(lambda n: matrices(n + 1, 7)))
def test_the_exact_alternative(rows: list[list[int]]) -> None:
    vectors = [relu_layer([row]).integer_rows[0][:-1] for row in rows]
    answer = separate(vectors)
    exact_kind, _ = _simplex([list(v) for v in vectors] + [[0] * (len(rows[0]) - 1) + [-1]])
    if answer.point is not None:
        assert exact_kind == "direction"
        assert all(sum((a * z for a, z in zip(v, answer.point, strict=False)), fmpq(v[-1])) < 0 for v in vectors)
    else:
        assert exact_kind == "weights" and answer.weights and all(w > 0 for w in answer.weights.values())
        total = [sum(w * vectors[j][i] for j, w in answer.weights.items()) for i in range(len(rows[0]))]
        assert not any(total[:-1]) and total[-1] >= 0


@settings(max_examples=60, deadline=None)
@given(matrices(2, 8))
def test_sectors_of_one_layer(weights: list[list[int]]) -> None:
    layer = relu_layer(weights)
    assert (find_collision(planar_map([layer])) is None) == decide_layer(layer).injective


@settings(max_examples=60, deadline=None)
@given(matrices(2, 5), st.lists(st.lists(small, min_size=5, max_size=5), min_size=1, max_size=5))
def test_sectors_agree_with_the_network(first: list[list[int]], second: list[list[int]]) -> None:
    """Images of rays are right (up to one factor), and the network is linear between neighbours."""
    layers = relu_network([first, [row[: len(first)] for row in second]])
    planar = planar_map(layers.layers)

    def value(point: tuple[Any, ...]) -> list[fmpq]:
        return list(layers(tuple(map(fmpq, point))))

    for i in range(len(planar.rays)):
        (u, image), (v, other) = planar.sector(i)
        assert value(u) == list(map(fmpq, image))
        middle = tuple(3 * a + 2 * b for a, b in zip(u, v, strict=True))
        assert value(middle) == [3 * a + 2 * b for a, b in zip(image, other, strict=True)]


def test_a_fold_has_full_rank_everywhere_and_is_not_injective() -> None:
    layers = relu_network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]])
    assert planar_map(layers.layers).degenerate_sector() is None
    result = decide_injectivity(layers)
    assert result.injective is False and isinstance(result.certificate, Collision)


def test_deep_networks_in_more_dimensions() -> None:
    generator = np.random.default_rng(5)
    doubled = [[sign * (i == j) for j in range(6)] for i in range(6) for sign in (1, -1)]
    first = [[sign * (i == j) for j in range(3)] for i in range(3) for sign in (1, -1)]
    result = decide_injectivity(relu_network([first, doubled]))
    assert result.injective and "layer by layer" in result.method
    identity = [[int(i == j) for j in range(6)] for i in range(6)]
    assert decide_injectivity(relu_network([first, identity], None, last_activation=False)).injective
    wide = generator.standard_normal((20, 3))
    assert decide_injectivity(relu_network([wide, generator.standard_normal((5, 20))])).injective is False
    undecided = decide_injectivity(relu_network([first, generator.standard_normal((11, 6)) + 3]), samples=20)
    if undecided.injective is None:
        assert undecided.certificate is None and "layer 2" in undecided.reason
        with pytest.raises(CertificateError, match="no certificate"):
            undecided.save("nowhere.json")


def test_too_many_cases() -> None:
    layer = relu_layer(np.random.default_rng(0).standard_normal((24, 4)))
    with pytest.raises(CertificateError, match="more than 20 cases"):
        decide_layer(layer, max_cases=20)


def test_files(tmp_path: Path) -> None:
    weights = np.random.default_rng(2).standard_normal((8, 2))
    np.savez(tmp_path / "net.npz", W1=weights, b1=np.zeros(8), W2=np.eye(8))
    network = read_network(tmp_path / "net.npz")
    assert network.ends_affinely and network.layers[0] == relu_layer(weights)
    assert decide_injectivity(network).injective == decide_injectivity(rectified_last(network)).injective
    text = '{"layers": [{"weights": [["0.5", "1/3"], [-1, "2"]], "bias": ["1", "0"], "slopes": 0}]}'
    (tmp_path / "net.json").write_text(text)
    network = read_network(tmp_path / "net.json")
    assert network.layers == (relu_layer([["1/2", "1/3"], [-1, 2]], [1, 0]),)
    write_network(network, tmp_path / "again.json")
    assert read_network(tmp_path / "again.json") == network
    result = decide_injectivity(network)
    result.save(tmp_path / "certificate.json")
    assert check(load(tmp_path / "certificate.json")).claim == result.theorem.claim
    with pytest.raises(ClaimError, match="already"):
        rectified_last(network)


def test_neurons_with_increasing_activations_are_always_active() -> None:
    """Leaky rectifiers and identities need the rank only; rectifiers beside them have less to span."""
    rows = [["1", "2"], ["3", "4"], ["1", "0"], ["-1", "0"]]
    for slopes, expected in [
        (["1/10", "1/10", "0", "0"], True),
        (["1", "0", "0", "0"], True),
        (["0", "0", "1", "1"], False),
        (["1", "0", "1/100", "0"], True),
        (["0", "1/2", "0", "0"], True),
        (["0", "0", "0", "0"], False),
        (["1/3", "1/3", "1/3", "1/3"], True),
    ]:
        net = network([rows], last_slopes=slopes)
        result = decide_injectivity(net)
        planar = find_collision(planar_map(net.layers)) is None
        assert result.injective == planar == expected, slopes
    assert decide_injectivity(network([rows])).injective
    assert not decide_injectivity(network([[["1", "2"], ["2", "4"]]], last_slopes="1/5")).injective


@settings(max_examples=60, deadline=None)
@given(matrices(2, 5), st.lists(st.sampled_from(["0", "1/3", "1"]), min_size=5, max_size=5))
def test_slopes_on_the_plane(weights: list[list[int]], slopes: list[str]) -> None:
    net = network([weights], last_slopes=slopes[: len(weights)])
    assert decide_injectivity(net).injective == (find_collision(planar_map(net.layers)) is None)


def test_planar_answers_against_a_grid() -> None:
    """Random integer networks with two layers: no two grid points of an injective one have the same image."""
    generator = np.random.default_rng(11)
    grid = [(x, y) for x in range(-7, 8) for y in range(-7, 8)]
    answers = {True: 0, False: 0}
    folds = 0
    for _ in range(60):
        first = np.vstack([np.eye(2, dtype=int), -np.eye(2, dtype=int), generator.integers(-2, 3, (2, 2))])
        second = generator.integers(-2, 3, (7, 6))
        layers = relu_network([first.tolist(), second.tolist()])
        result = decide_injectivity(layers)
        images = np.maximum(second @ np.maximum(first @ np.array(grid).T, 0), 0)
        distinct = len({tuple(column) for column in images.T.tolist()}) == len(grid)
        answers[bool(result.injective)] += 1
        if result.injective:
            assert distinct
        elif planar_map(layers.layers).degenerate_sector() is None:
            folds += 1
    assert min(answers.values()) >= 5 and folds >= 1
