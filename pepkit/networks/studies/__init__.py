"""Studies of networks: jump census, interpolation between relaxations, gaps, attacks, the law of robustness.

Each is a function that returns a `pepkit.studies.Study`; ``pepkit network study NAME`` runs it.
"""

from pepkit.networks.studies.attacks import attack_bounds, attack_study
from pepkit.networks.studies.couplings import coupling_study
from pepkit.networks.studies.digits import Digits, digits, train
from pepkit.networks.studies.gaps import exact_maximum, exact_tightness, gap_study
from pepkit.networks.studies.interpolation import interpolated_method, interpolation_study
from pepkit.networks.studies.jump_census import jump_census
from pepkit.networks.studies.line_study import line_study
from pepkit.networks.studies.robustness_law import robustness_law_study
from pepkit.networks.studies.tightness import expected_interval_tightness, interval_tightness, tightness_study

__all__ = [
    "Digits",
    "attack_bounds",
    "attack_study",
    "coupling_study",
    "digits",
    "exact_maximum",
    "exact_tightness",
    "expected_interval_tightness",
    "gap_study",
    "interpolated_method",
    "interpolation_study",
    "interval_tightness",
    "jump_census",
    "line_study",
    "robustness_law_study",
    "tightness_study",
    "train",
]
