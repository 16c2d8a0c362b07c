"""Exact piecewise-linear networks: bounds, properties and Lipschitz constants with certificates.

from pepkit import networks

net = networks.read_network("classifier.onnx")
box = networks.box_around(image, "1/20", clip=(0, 1))
result = networks.certify_bound(net, box, [1, -1], method_name="triangle")
result.save("bound.json")                      # pepkit check bound.json
"""

from pepkit.kernel.maximum_norm import NetworkMaximumLipschitz
from pepkit.kernel.network_claims import (
    Atom,
    NetworkBound,
    NetworkCounterexample,
    NetworkLipschitz,
    NetworkProperty,
)
from pepkit.kernel.networks import Box, Layer, Network
from pepkit.networks.attack import ascend, largest_value
from pepkit.networks.bounding import NetworkResult, certify_bound, method_names
from pepkit.networks.branching import Answer, certify_bound_by_cases, verify
from pepkit.networks.conditions import Query
from pepkit.networks.deployment import deployment_error
from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.jump_set import JumpSet, exact_limits, jump_set
from pepkit.networks.jumps import WeightLine, jump_study, minimal_jumps, minimal_lines, tightness
from pepkit.networks.lipschitz import certify_lipschitz, lipschitz_pair
from pepkit.networks.model import FloatNetwork, box_around, float_network, network
from pepkit.networks.network_files import network_from_arrays, network_from_json, read_network, write_network
from pepkit.networks.piece_search import linear_pieces
from pepkit.networks.relaxations import bounds
from pepkit.networks.robustness import certify_classification, classification_region
from pepkit.networks.torch_modules import network_from_torch
from pepkit.networks.vnnlib import read_properties, read_vnnlib

__all__ = [
    "Answer",
    "Atom",
    "Box",
    "FloatNetwork",
    "JumpSet",
    "Layer",
    "Network",
    "NetworkBound",
    "NetworkCounterexample",
    "NetworkLipschitz",
    "NetworkMaximumLipschitz",
    "NetworkProperty",
    "NetworkResult",
    "NetworkSearchError",
    "Query",
    "WeightLine",
    "ascend",
    "bounds",
    "box_around",
    "certify_bound",
    "certify_bound_by_cases",
    "certify_classification",
    "certify_lipschitz",
    "classification_region",
    "deployment_error",
    "exact_limits",
    "float_network",
    "jump_set",
    "jump_study",
    "largest_value",
    "linear_pieces",
    "lipschitz_pair",
    "method_names",
    "minimal_jumps",
    "minimal_lines",
    "network",
    "network_from_arrays",
    "network_from_json",
    "network_from_torch",
    "read_network",
    "read_properties",
    "read_vnnlib",
    "tightness",
    "verify",
    "write_network",
]
