"""The cells of networks without biases, against other exact methods and published fractions."""

from __future__ import annotations

import csv
from itertools import pairwise
from math import comb, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

from pepkit.kernel import CertificateError, ClaimError, check
from pepkit.kernel.networks import Network
from pepkit.kernel.planar_network import planar_map
from pepkit.networks import network
from pepkit.networks.injectivity import (
    count_cells,
    decide_injectivity,
    decide_layer,
    depth_study,
    euler_study,
    exact_probability,
    expected_bad_cells,
    expected_euler_characteristic,
    is_injective_by_rays,
    relu_layer,
    relu_network,
    scaling_study,
)

with open(Path(__file__).parents[2] / "data" / "injectivity_targets.csv", newline="") as stream:
    TARGETS = {row["id"]: row for row in csv.DictReader(stream)}


def matrices(widths: tuple[int, ...], generator: np.random.Generator, grid: int = 64) -> list[Any]:
    return [np.round(generator.standard_normal((b, a)) * grid) / grid for a, b in pairwise(widths)]


def rank_at(net: Network, point: tuple[fmpq, ...]) -> int:
    """The rank of the linear piece of a point, from the definition."""
    size = net.inputs
    jacobian = fmpq_mat(size, size, [fmpq(int(i == j)) for i in range(size) for j in range(size)])
    for layer, values in zip(net.layers, net.preactivations(point), strict=True):
        jacobian = layer.matrix * jacobian
        for j, (y, s) in enumerate(zip(values, layer.slopes or (), strict=False)):
            assert y, "the point lies on a boundary"
            if y < 0:
                for i in range(size):
                    jacobian[j, i] = s * jacobian[j, i]
    return int(jacobian.rank())


@pytest.mark.parametrize(("n", "m"), [(2, 7), (3, 8), (3, 13), (4, 12)])
def test_one_layer_has_the_known_number_of_cells(n: int, m: int) -> None:
    generator = np.random.default_rng(m)
    for _ in range(4):
        (weights,) = matrices((n, m), generator, 4096)
        found = count_cells(relu_network([weights]))
        assert found.full_rank == is_injective_by_rays(relu_layer(weights))
        if found.full_rank:
            assert found.cells == 2 * sum(comb(m - 1, i) for i in range(n))
        else:
            assert rank_at(relu_network([weights]), found.deficient) < n


def test_the_plane_agrees_with_its_sectors() -> None:
    generator = np.random.default_rng(0)
    answers = set()
    for _ in range(25):
        width = int(generator.integers(6, 14))
        net = relu_network(matrices((2, width, width, width), generator))
        found = count_cells(net)
        assert found.full_rank == (planar_map(net.layers).degenerate_sector() is None)
        answers.add(found.full_rank)
    assert answers == {True, False}


@pytest.mark.parametrize("n", [3, 4])
def test_deep_networks_in_space_against_random_points(n: int) -> None:
    """No random point lies in a deficient piece of a network that has none; the witness of others is deficient."""
    generator = np.random.default_rng(n)
    seen = set()
    for width in (2 * n, 3 * n, 4 * n) if n == 4 else (3 * n, 5 * n, 8 * n):
        net = relu_network(matrices((n, width, width), generator, 512))
        found = count_cells(net)
        seen.add(found.full_rank)
        if found.deficient is not None:
            assert rank_at(net, found.deficient) < n
            continue
        for _ in range(60):
            point = tuple(fmpq(int(a), 997) for a in generator.integers(-5000, 5000, n))
            assert rank_at(net, point) == n
    assert seen


def test_leaky_layers_and_affine_ends() -> None:
    generator = np.random.default_rng(1)
    weights = matrices((3, 5, 3), generator)
    leaky = network(weights, slopes="1/10", last_slopes="1/10")
    assert count_cells(leaky).full_rank
    narrow = network(matrices((3, 4, 2), generator), slopes="1/10")
    assert not count_cells(narrow).full_rank
    assert count_cells(network([np.eye(3)])).full_rank
    twice = count_cells(network([[[1, 2], [2, 4]]]))
    assert twice.deficient is not None and any(twice.deficient)


def test_scaled_rows_matter_to_the_next_layer() -> None:
    """Rows with different common divisors: the next layer sees their true sizes."""
    first = [[1, 0], [0, 2], [-4, 0], [0, -8]]
    second = [[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [1, 1, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1]]
    net = relu_network([first, second])
    found = count_cells(net)
    assert found.full_rank == (planar_map(net.layers).degenerate_sector() is None)
    if found.deficient is not None:
        assert rank_at(net, found.deficient) < 2


def test_limits() -> None:
    generator = np.random.default_rng(2)
    with pytest.raises(ClaimError, match="biases"):
        count_cells(network([[[1]]], [[1]]))
    with pytest.raises(CertificateError, match="more than 10"):
        count_cells(relu_network(matrices((3, 30), generator, 4096)), max_cells=10)


def test_deep_decisions_use_the_cells() -> None:
    """With three inputs a deficient piece that random inputs miss is found, and becomes a certificate."""
    generator = np.random.default_rng(5)
    decided = 0
    for _ in range(12):
        net = relu_network(matrices((3, 15, 15), generator, 256))
        if count_cells(net).full_rank:
            continue
        result = decide_injectivity(net, samples=1)
        assert result.injective is False
        check(result.certificate)
        decided += 1
    assert decided


# ---- published fractions and studies ---------------------------------------------------------------------


@pytest.mark.parametrize(("key", "expansion"), [("", 8), (".C6", 6), (".C4", 4), (".C3", 3)])
def test_published_fractions_of_deep_networks(key: str, expansion: int) -> None:
    """Locally injective networks by depth (300 samples in the table), here among 60 of another random stream."""
    values = [float(v) for v in TARGETS[f"C.deep.n2{key}"]["value"].split()]
    generator = np.random.default_rng(expansion)
    samples = 60
    for depth, target in zip((1, 2, 3, 4, 6, 8), values, strict=True):
        if depth > 3 and expansion > 4:
            continue
        good = sum(
            count_cells(relu_network(matrices((2, *(2 * expansion,) * depth), generator, 4096))).full_rank
            for _ in range(samples)
        )
        spread = sqrt(max(target * (1 - target), 0.01) * (1 / samples + 1 / 300))
        assert abs(good / samples - target) <= 4 * spread + float(TARGETS[f"C.deep.n2{key}"]["tolerance"])


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_smallest_injective_layers(n: int) -> None:
    """Rows +-B are injective, and no layer with fewer than 2n rows is."""
    assert TARGETS["C.minimal"]["value"] == "2n"
    generator = np.random.default_rng(n)
    basis = generator.integers(-9, 10, (n, n)) + 20 * np.eye(n, dtype=int)
    assert decide_layer(relu_layer(np.concatenate([basis, -basis]))).injective
    for _ in range(10):
        assert not decide_layer(relu_layer(generator.integers(-9, 10, (2 * n - 1, n)))).injective


def test_one_input() -> None:
    assert TARGETS["C.n1"]["value"] == "1-2^(1-m)"
    for m in range(1, 9):
        assert exact_probability(1, m) == 1 - fmpq(2, 2**m)


def test_depth_study_in_space() -> None:
    study = depth_study(4, [1, 2], samples=6, seed=2, inputs=3)
    assert study.column("n") == (3, 3)
    assert study.column("injective") == (None, None)
    assert all(0 <= value <= 1 for value in study.column("full rank on every piece"))
    with pytest.raises(ClaimError):
        depth_study(4, [1], inputs=5)


def test_euler_study() -> None:
    study = euler_study(2, range(4, 13))
    for _, m, ratio, euler, cells, failing in study.rows:
        assert euler == expected_euler_characteristic(2, m) and cells == expected_bad_cells(2, m)
        assert failing <= int(cells.p) / int(cells.q) and ratio == m / 2
    assert len(study.curves) == 3
    large = euler_study(20, [140, 150])
    assert large.column("P(not injective)") == (None, None)
    with pytest.raises(ClaimError):
        euler_study(3, [2])


def test_scaling_study() -> None:
    study = scaling_study((1, 2, 3), samples=2)
    for row in study.rows:
        assert row[1] < row[2] < row[3] and row[4] == row[3] - row[1]
    assert study.rows[0][1:4] == (1.5, 2.0, 3.0)
    with pytest.raises(ClaimError):
        scaling_study((5,))
