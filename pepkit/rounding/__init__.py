"""From numerical duals to exact certificates."""

from pepkit.rounding.conic import NumericalDual, build_conic_data, numerical_dual
from pepkit.rounding.families import FAMILIES, MultiplierFamily, custom, family
from pepkit.rounding.lower import FloatData, float_data, recognised_witnesses, rounded_witness
from pepkit.rounding.relaxed import mix_duals, relaxed_certificate, simplest_between
from pepkit.rounding.settings import RoundingError, RoundingSettings
from pepkit.rounding.sharp import sharp_certificate
from pepkit.rounding.support import (
    FamilyComparison,
    SolveRequest,
    compare_family,
    interior_dual,
    solve_dual,
)

__all__ = [
    "FAMILIES",
    "FamilyComparison",
    "FloatData",
    "MultiplierFamily",
    "NumericalDual",
    "RoundingError",
    "RoundingSettings",
    "SolveRequest",
    "build_conic_data",
    "compare_family",
    "custom",
    "family",
    "float_data",
    "interior_dual",
    "mix_duals",
    "numerical_dual",
    "recognised_witnesses",
    "relaxed_certificate",
    "rounded_witness",
    "sharp_certificate",
    "simplest_between",
    "solve_dual",
]
