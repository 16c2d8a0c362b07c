"""From numerical duals to exact certificates."""

from pepkit.rounding.conic import NumericalDual, build_conic_data, numerical_dual
from pepkit.rounding.families import FAMILIES, MultiplierFamily, custom, family
from pepkit.rounding.lower import recognised_witness, rounded_witness
from pepkit.rounding.relaxed import relaxed_certificate, simplest_between
from pepkit.rounding.settings import RoundingError, RoundingSettings
from pepkit.rounding.sharp import sharp_certificate
from pepkit.rounding.support import (
    FamilyComparison,
    SolveRequest,
    compare_family,
    learned_support,
    solve_dual,
)

__all__ = [
    "FAMILIES",
    "FamilyComparison",
    "MultiplierFamily",
    "NumericalDual",
    "RoundingError",
    "RoundingSettings",
    "SolveRequest",
    "build_conic_data",
    "compare_family",
    "custom",
    "family",
    "learned_support",
    "numerical_dual",
    "recognised_witness",
    "relaxed_certificate",
    "rounded_witness",
    "sharp_certificate",
    "simplest_between",
    "solve_dual",
]
