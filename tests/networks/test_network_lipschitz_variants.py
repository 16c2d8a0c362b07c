"""Lipschitz constants in the maximum norm, from all pieces, and by chains: values, orderings, changed files."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import arrays, leaky
from scipy.optimize import linprog

from pepkit import networks
from pepkit.kernel import CertificateError, ClaimError, FormatError, certificate_from_text, certificate_to_text, check
from pepkit.kernel.files import certificate_from_data
from pepkit.kernel.linear_pieces import PiecesProof
from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.piece_search import certify_by_pieces, linear_pieces

BAD = (CertificateError, FormatError, ClaimError)
CASES = [
    ("euclidean", "chain"),
    ("euclidean", "chain-fast"),
    ("euclidean", "pieces"),
    ("maximum", "lp"),
    ("maximum", "pieces"),
]


def number(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def certified(net: networks.Network, norm: str, variant: str) -> networks.NetworkResult:
    return networks.certify_lipschitz(net, norm=norm, variant=variant)


def pattern_norms(net: networks.Network, order: float) -> float:
    """The largest norm over all 0/1 patterns of a network with one hidden layer."""
    floats = networks.float_network(net)
    patterns = np.array(list(itertools.product((0.0, 1.0), repeat=net.hidden[0].outputs)))
    return max(np.linalg.norm((floats.weights[1] * p) @ floats.weights[0], order) for p in patterns)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_all_variants_in_order(seed: int) -> None:
    """exact <= LipSDP <= chain <= fast chain, product; in the maximum norm exact <= linear program."""
    net = networks.network(*arrays((2, 5, 4, 2), seed))
    value = {
        v: number(certified(net, "euclidean", v).bound)
        for v in ("pieces", "neuron", "layer", "split", "product", "chain", "chain-fast")
    }
    slack = 1 + 1e-5
    for smaller, larger in (
        ("pieces", "neuron"), ("neuron", "layer"), ("neuron", "split"), ("split", "product"), ("neuron", "chain"),
        ("neuron", "chain-fast"),
    ):  # fmt: skip
        assert value[smaller] <= value[larger] * slack, (smaller, larger)
    exact, program = certified(net, "maximum", "pieces"), certified(net, "maximum", "lp")
    assert exact.theorem.tight
    assert program.lower <= exact.bound <= program.bound


@pytest.mark.parametrize("seed", range(3))
def test_pieces_of_one_hidden_layer(seed: int) -> None:
    """Without biases opposite patterns occur; the exact constant never exceeds the maximum over all patterns."""
    net = networks.network(*arrays((2, 6, 1), seed))
    result = certified(net, "euclidean", "pieces")
    assert number(result.bound) ** 0.5 <= pattern_norms(net, 2) * (1 + 1e-9)
    # one output: the rate is exact, and the pair comes as near as the rounding of its direction
    assert number(result.lower) == pytest.approx(number(result.bound), rel=1e-12)
    points = 3 * np.random.default_rng(seed).normal(size=(300, 2))
    gradients = networks.float_network(net).gradient(points, np.array([1.0]))
    assert np.linalg.norm(gradients, axis=1).max() <= number(result.bound) ** 0.5 * (1 + 1e-12)
    # six lines in general position cut the plane in 1 + 6 + 15 pieces
    assert result.details["Pieces"] == 22


def test_pieces_of_known_functions() -> None:
    absolute = networks.network([[[1], [-1]], [[1, 1]]])
    assert len(linear_pieces(absolute).pieces) == 2
    wiggle = networks.network([[[1], [1]], [[1, -1]]], [[1, 0], [0]])
    for norm in ("euclidean", "maximum"):
        result = certified(wiggle, norm, "pieces")
        assert (result.bound, result.lower, result.theorem.tight) == (1, 1, True)
    # a constant neuron, a neuron with slope 1, and an affine network need no cuts
    constant = networks.network([[[0, 0], [1, 2]], [[3, 1]]], [[5, 0], [0]], [[0, 1]])
    assert len(linear_pieces(constant).pieces) == 1
    assert certified(constant, "maximum", "pieces").bound == 3
    assert certified(networks.network([[[3, 4]]]), "euclidean", "pieces").bound == 25
    with pytest.raises(NetworkSearchError, match="more than 3 linear pieces"):
        certify_by_pieces(networks.network(*arrays((2, 6, 1), 0)), max_pieces=3)


@pytest.mark.parametrize("widths", [(3, 6, 1), (3, 5, 4, 2), (4, 5, 5, 3, 1)])
def test_the_linear_program_is_solved_by_substitution(widths: tuple[int, ...]) -> None:
    """The kernel's closed form is the optimum of the program over the hulls of all neurons."""
    net = leaky(widths, 1)
    floats = networks.float_network(net)
    result = certified(net, "maximum", "lp")
    assert number(result.bound) == pytest.approx(max(_program(floats, j) for j in range(widths[-1])), rel=1e-8)


def _program(net: networks.FloatNetwork, output: int) -> float:
    """max of one output difference over |dx| <= 1 and the parallelograms of all neurons, layer by layer."""
    reach: list[np.ndarray] = []
    for k in range(len(net.weights)):
        targets = range(net.weights[k].shape[0]) if k < len(net.weights) - 1 else [output]
        reach.append(np.array([_optimum(net, k, j, reach) for j in targets]))
    return float(reach[-1][0])


def _optimum(net: networks.FloatNetwork, k: int, j: int, reach: list[np.ndarray]) -> float:
    widths = [net.weights[0].shape[1], *(w.shape[0] for w in net.weights[:k])]
    starts = np.cumsum([0, *widths])
    rows, limits = [], []
    for i in range(k):
        for t in range(widths[i + 1]):
            # z - h y with y = W z_before, in both directions, and |y| <= reach
            y = np.zeros(starts[-1])
            y[starts[i] : starts[i + 1]] = net.weights[i][t]
            z = np.zeros(starts[-1])
            z[starts[i + 1] + t] = 1.0
            s = net.slopes[i][t]
            line = z - (1 + s) / 2 * y
            rows += [line, -line, y, -y]
            limits += [(1 - s) / 2 * reach[i][t]] * 2 + [reach[i][t]] * 2
    cost = np.zeros(starts[-1])
    cost[starts[k] : starts[k + 1]] = -net.weights[k][j]
    bounds = [(-1, 1)] * widths[0] + [(None, None)] * (starts[-1] - widths[0])
    answer = linprog(cost, A_ub=np.array(rows) if rows else None, b_ub=limits or None, bounds=bounds)
    return -float(answer.fun)


def test_chains_of_deep_and_wide_networks() -> None:
    deep = networks.network(*arrays((3, 6, 6, 6, 6, 6, 2), 1))
    neuron, chain, fast = (number(certified(deep, "euclidean", v).bound) for v in ("neuron", "chain", "chain-fast"))
    assert neuron <= chain * (1 + 1e-6)
    assert chain <= fast * (1 + 1e-6)
    assert fast <= number(certified(deep, "euclidean", "product").bound)
    wide = networks.network(*arrays((40, 6, 5, 1), 1))
    assert number(certified(wide, "euclidean", "chain").lower) <= number(certified(wide, "euclidean", "chain").bound)
    # one hidden layer and one output: the chain is LipSDP itself
    shallow = networks.network(*arrays((3, 8, 1), 2))
    assert number(certified(shallow, "euclidean", "chain").bound) == pytest.approx(
        number(certified(shallow, "euclidean", "neuron").bound), rel=1e-5
    )
    mixed = leaky((3, 5, 4, 2), 0)
    assert certified(mixed, "euclidean", "chain").lower <= certified(mixed, "euclidean", "chain").bound


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str], networks.NetworkResult]:
    net = networks.network(*arrays((2, 4, 3, 2), 2))
    return {case: certified(net, *case) for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_files(results: dict[tuple[str, str], networks.NetworkResult], case: tuple[str, str]) -> None:
    result = results[case]
    again = certificate_from_text(certificate_to_text(result.certificate))
    assert again == result.certificate
    assert check(again).rate == result.bound
    assert str(result.theorem).startswith("Theorem.")
    assert result._repr_html_()


def refused(data: dict[str, Any]) -> bool:
    try:
        check(certificate_from_data(data))
    except BAD:
        return True
    return False


def data_of(result: networks.NetworkResult) -> dict[str, Any]:
    return json.loads(certificate_to_text(result.certificate))


@pytest.mark.parametrize("case", CASES)
def test_smaller_constants_and_steeper_networks_are_refused(
    results: dict[tuple[str, str], networks.NetworkResult], case: tuple[str, str]
) -> None:
    data = data_of(results[case])
    rate = results[case].bound
    smaller = rate * fmpq(999_999, 1_000_000)
    assert refused({**data, "claim": {**data["claim"], "rate": f"{smaller.p}/{smaller.q}"}})
    assert refused({**data, "claim": {**data["claim"], "rate": "-1"}})
    for j in range(2):
        steep = copy.deepcopy(data)
        steep["claim"]["network"][2]["weights"][j] = ["1000"] * 3
        assert refused(steep)
    other = copy.deepcopy(data)
    other["proof"]["pair"][1] = other["proof"]["pair"][0]
    assert refused(other)
    other["proof"]["pair"] = [["0"], ["1"]]
    assert refused(other)


@pytest.mark.parametrize("norm", ["euclidean", "maximum"])
def test_cells_must_cover_the_space(results: dict[tuple[str, str], networks.NetworkResult], norm: str) -> None:
    data = data_of(results[norm, "pieces"])
    cells = data["proof"]["cells"]
    empty = [k for k, cell in enumerate(cells) if isinstance(cell, dict)]
    assert empty
    for wrong in (cells[:-1], cells[1:], [*cells, "piece"], [], ["piece"], ["cut", "piece", "piece"]):
        assert refused({**data, "proof": {**data["proof"], "cells": wrong}})
    for k in empty:
        terms = cells[k]["empty"]
        for changed in (
            [],
            terms[:-1],
            [[terms[0][0], "7919/104729"], *terms[1:]],
            [[t, f"-{m}"] for t, m in terms],
            [[t + 99, m] for t, m in terms],
        ):
            other = copy.deepcopy(data)
            other["proof"]["cells"][k] = {"empty": changed}
            assert refused(other)
    for k, cell in enumerate(cells):
        # a piece is not empty, a cut is not a piece
        other = copy.deepcopy(data)
        other["proof"]["cells"][k] = {"piece": {"empty": [[0, "1"]]}, "cut": "piece"}.get(str(cell), "cut")
        assert refused(other)


def test_a_piece_cannot_be_hidden() -> None:
    """Multipliers must cancel exactly: a cell that is merely thin keeps its piece."""
    net = networks.network([[[1], [1]], [[1, -1]]], [[1, 0], [0]])
    result = certified(net, "euclidean", "pieces")
    claim = networks.NetworkLipschitz(net, fmpq(0))
    with pytest.raises(CertificateError, match="exceeds the constant"):
        PiecesProof(claim, result.certificate.nodes).prove()


@pytest.mark.parametrize("variant", ["chain", "chain-fast"])
def test_links_of_chains(results: dict[tuple[str, str], networks.NetworkResult], variant: str) -> None:
    data = data_of(results["euclidean", variant])
    links = data["proof"]["links"]
    for k, link in enumerate(links):
        for j in range(len(link["multipliers"])):
            for value in ("-1", "1000000", "0"):
                other = copy.deepcopy(data)
                other["proof"]["links"][k]["multipliers"][j] = value
                assert refused(other), (k, j, value)
            for value in ("1000000", "-1000000"):
                other = copy.deepcopy(data)
                other["proof"]["links"][k]["matrix"][j][0] = value
                assert refused(other), (k, j, value)
        other = copy.deepcopy(data)
        del other["proof"]["links"][k]["matrix"][-1]
        assert refused(other)
    assert refused({**data, "proof": {**data["proof"], "links": links[:-1]}})


def test_proofs_belong_to_their_norm(results: dict[tuple[str, str], networks.NetworkResult]) -> None:
    chain, program = data_of(results["euclidean", "chain"]), data_of(results["maximum", "lp"])
    assert refused({**chain, "proof": program["proof"]})
    assert refused({**program, "proof": chain["proof"]})


def test_unknown_names() -> None:
    net = networks.network([[[1]], [[1]]])
    with pytest.raises(ClaimError, match="unknown norm"):
        networks.certify_lipschitz(net, norm="taxi")
    with pytest.raises(ClaimError, match="unknown variant"):
        networks.certify_lipschitz(net, norm="maximum", variant="neuron")
