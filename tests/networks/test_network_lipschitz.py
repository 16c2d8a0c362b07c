"""Lipschitz constants: recorded values, the false network variant, exact enumeration in low dimension."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from flint import fmpq
from random_networks import arrays, leaky

from pepkit import networks
from pepkit.kernel import CertificateError, ClaimError
from pepkit.kernel.network_proofs import LipschitzProof


def root(value: fmpq) -> float:
    return (int(value.p) / int(value.q)) ** 0.5


def two_layers(seed: int) -> networks.Network:
    generator = np.random.default_rng(seed)
    return networks.network(
        [generator.normal(size=(10, 10)) / np.sqrt(10), generator.normal(size=(1, 10)) / np.sqrt(10)]
    )


@pytest.mark.parametrize(("seed", "layer", "neuron"), [(0, 1.2151, 1.0768), (1, 0.8463, 0.6739)])
def test_recorded_constants(seed: int, layer: float, neuron: float) -> None:
    net = two_layers(seed)
    for variant, value in (("layer", layer), ("neuron", neuron)):
        result = networks.certify_lipschitz(net, variant=variant)
        assert root(result.bound) == pytest.approx(value, abs=1e-4)
        assert result.lower <= result.bound
        # the certificate loses little against the solver
        assert root(result.bound) <= result.numerical * (1 + 1e-6)


def test_the_network_variant_is_false_and_refused() -> None:
    """relu(x+1) - relu(x) has the constant 1; the coupling T = (e1 - e2)(e1 - e2)'/2 'proves' 0."""
    net = networks.network([[[1], [1]], [[1, -1]]], [[1, 0], [0]])
    result = networks.certify_lipschitz(net)
    assert result.lower == 1
    assert 1 <= root(result.bound) <= 1 + 1e-6
    with pytest.raises(ClaimError, match="wrong constants"):
        networks.certify_lipschitz(net, variant="network")
    # what the coupling would need: the matrix inequality [[rho, -W0'T], [-T W0, 2T - W1'W1]] >= 0 at rho = 0
    coupling = np.array([[0.5, -0.5], [-0.5, 0.5]])
    first, last = np.array([[1.0], [1.0]]), np.array([[1.0, -1.0]])
    matrix = np.block([[np.zeros((1, 1)), -first.T @ coupling], [-coupling @ first, 2 * coupling - last.T @ last]])
    assert np.linalg.eigvalsh(matrix).min() >= -1e-12
    # with one multiplier for each neuron no such proof exists
    for a, b in itertools.product((fmpq(0), fmpq(1, 2), fmpq(1), fmpq(2)), repeat=2):
        slopes = {k: v for k, v in {(0,): a, (1,): b}.items() if v}
        proof = LipschitzProof(networks.NetworkLipschitz(net, fmpq(99, 100)), {"slopes": slopes})
        with pytest.raises(CertificateError):
            proof.prove()


def test_networks_with_positive_weights_are_tight() -> None:
    """There every neuron can be active at once, so the constant is the norm of the product of the matrices."""
    generator = np.random.default_rng(5)
    widths = (2, 10, 12, 8, 2)
    weights = [generator.random(size=(b, a)) / np.sqrt(a) for a, b in itertools.pairwise(widths)]
    net = networks.network(weights)
    product = np.linalg.norm(weights[3] @ weights[2] @ weights[1] @ weights[0], 2)
    neuron = networks.certify_lipschitz(net)
    assert root(neuron.bound) == pytest.approx(product, rel=1e-5)
    assert root(neuron.lower) == pytest.approx(product, rel=1e-5)
    split = networks.certify_lipschitz(net, variant="split", split=2)
    naive = networks.certify_lipschitz(net, variant="product")
    layer = networks.certify_lipschitz(net, variant="layer")
    assert root(neuron.bound) <= root(split.bound) * (1 + 1e-6) <= root(naive.bound) * (1 + 2e-6)
    assert root(neuron.bound) <= root(layer.bound) * (1 + 1e-6)
    assert root(naive.bound) == pytest.approx(np.prod([np.linalg.norm(w, 2) for w in weights]), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_leaky_networks(seed: int) -> None:
    net = leaky((3, 5, 4, 2), seed)
    for variant in ("neuron", "split", "product"):
        result = networks.certify_lipschitz(net, variant=variant, split=1)
        assert result.lower <= result.bound


def test_no_pattern_of_one_hidden_layer_exceeds_the_bound() -> None:
    """The formal constant, the maximum over all 0/1 patterns, is enumerated; LipSDP is within sqrt(pi/2) of it."""
    weights, biases = arrays((2, 7, 1), 3)
    result = networks.certify_lipschitz(networks.network(weights, biases))
    patterns = np.array(list(itertools.product((0.0, 1.0), repeat=7)))
    formal = max(np.linalg.norm((weights[1] * pattern) @ weights[0]) for pattern in patterns)
    assert formal <= root(result.bound) <= np.sqrt(np.pi / 2) * formal * (1 + 1e-6)


def test_wide_inputs_and_constant_networks() -> None:
    generator = np.random.default_rng(0)
    net = networks.network([generator.normal(size=(6, 60)) / 8, generator.normal(size=(3, 6))])
    assert networks.certify_lipschitz(net).lower > 0
    constant = networks.network([[[1, 2]], [[0]]], [[1], [5]])
    assert networks.certify_lipschitz(constant).bound <= fmpq(1, 10**9)
    affine = networks.network([[[3, 4]]])
    assert root(networks.certify_lipschitz(affine).bound) == pytest.approx(5, rel=1e-6)
