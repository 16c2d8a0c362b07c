"""Exact piecewise-linear networks: bounds, properties and Lipschitz constants with certificates."""

from pepkit.networks.bounding import NetworkResult, certify_bound, method_names
from pepkit.networks.model import FloatNetwork, box_around, float_network, network
from pepkit.networks.relaxations import bounds

__all__ = [
    "FloatNetwork",
    "NetworkResult",
    "bounds",
    "box_around",
    "certify_bound",
    "float_network",
    "method_names",
    "network",
]
