"""Robustness of classifiers: one certificate that no other class wins anywhere in a box."""

from __future__ import annotations

import time

import numpy as np

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.network_claims import Atom, NetworkProperty
from pepkit.kernel.network_proofs import BranchingProof
from pepkit.kernel.network_relaxation import Cell
from pepkit.kernel.networks import ONE, ZERO, Box, Network
from pepkit.networks.bounding import NetworkResult, proved
from pepkit.networks.cells import Node
from pepkit.networks.model import FloatNetwork, float_network, to_floats
from pepkit.networks.relaxations import Method, bounds, method

__all__ = ["certify_classification", "classification_region"]

MARGIN = 1e-6
"""A bound in doubles above this (relative) margin is not worth an exact attempt."""


def classification_region(network: Network, label: int) -> tuple[tuple[Atom, ...], ...]:
    """The region in which some other class has at least the score of `label`."""
    if not 0 <= label < network.outputs:
        raise ClaimError(f"the network has {network.outputs} classes, so there is no class {label}")
    region = []
    for other in range(network.outputs):
        if other != label:
            row = [ZERO] * network.outputs
            row[label], row[other] = ONE, -ONE
            region.append((Atom(tuple(row), (), ZERO),))
    return tuple(region)


def certify_classification(
    network: Network,
    box: Box,
    label: int,
    *,
    method_name: str | Method = "alpha-crown",
    net: FloatNetwork | None = None,
) -> NetworkResult | None:
    """A certificate that class `label` has the strictly largest score on the whole box, by one relaxation.

    None if the relaxation does not show it; `verify` with `classification_region` decides by cases. `net` may
    be the network in doubles, to convert it once for many boxes.
    """
    started = time.perf_counter()
    claim = NetworkProperty(network, box, classification_region(network, label))
    floats = float_network(network) if net is None else net
    chosen = method(method_name)
    if not chosen.optimised:
        # doubles tell which certificates are worth making
        rows = np.array([-to_floats(part[0].outputs) for part in claim.region])
        numerical = bounds(floats, to_floats(box.lower), to_floats(box.upper), chosen, rows)
        if numerical.upper.max(initial=-np.inf) > MARGIN * np.abs(numerical.lower).max(initial=1.0):
            return None
    node = Node(Cell(box))
    if not node.relax(network, floats, chosen) and not node.settle_region(claim.region):
        return None
    if node.leaf is None:
        return None
    proof = BranchingProof(claim, (node.leaf,), None, {"method": chosen.name, "software": "pepkit"})
    return proved(proof, chosen.name, None, started)
