"""Injectivity of ReLU layers and networks: exact decisions, exact probabilities, certified thresholds."""

from pepkit.networks.injectivity.cells import CellCount, count_cells
from pepkit.networks.injectivity.decision import InjectivityResult, decide_injectivity
from pepkit.networks.injectivity.layer import LayerAnswer, decide_layer
from pepkit.networks.injectivity.probability import (
    crossing,
    exact_probability,
    expected_bad_cells,
    expected_euler_characteristic,
    probability_certificate,
    probability_given_lines,
)
from pepkit.networks.injectivity.rays import halfspace_depth, is_injective_by_rays
from pepkit.networks.injectivity.scaling import euler_study, scaling_study
from pepkit.networks.injectivity.studies import depth_study, probability_study, threshold_study
from pepkit.networks.injectivity.thresholds import THRESHOLD_NAMES, threshold, threshold_ball
from pepkit.networks.model import relu_layer, relu_network
from pepkit.studies import Study

__all__ = [
    "THRESHOLD_NAMES",
    "CellCount",
    "InjectivityResult",
    "LayerAnswer",
    "Study",
    "count_cells",
    "crossing",
    "decide_injectivity",
    "decide_layer",
    "depth_study",
    "euler_study",
    "exact_probability",
    "expected_bad_cells",
    "expected_euler_characteristic",
    "halfspace_depth",
    "is_injective_by_rays",
    "probability_certificate",
    "probability_given_lines",
    "probability_study",
    "relu_layer",
    "relu_network",
    "scaling_study",
    "threshold",
    "threshold_ball",
    "threshold_study",
]
