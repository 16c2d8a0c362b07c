"""Stepsize schedules: exact steps, names, files."""

from pepkit.schedules.catalogue import (
    arcsine,
    chebyshev,
    constant,
    growing,
    obs_f,
    obs_s,
    optimal_constant,
    schedule,
    schedule_names,
    silver,
)
from pepkit.schedules.closed_forms import flat_certificate
from pepkit.schedules.composition import Composer, Composition
from pepkit.schedules.composition_proofs import composition_proof
from pepkit.schedules.named import composition, composition_names, tree
from pepkit.schedules.rates import KnownRate, composition_rates, constant_rates
from pepkit.schedules.schedule import Schedule, load_schedule

__all__ = [
    "Composer",
    "Composition",
    "KnownRate",
    "Schedule",
    "arcsine",
    "chebyshev",
    "composition",
    "composition_names",
    "composition_proof",
    "composition_rates",
    "constant",
    "constant_rates",
    "flat_certificate",
    "growing",
    "load_schedule",
    "obs_f",
    "obs_s",
    "optimal_constant",
    "schedule",
    "schedule_names",
    "silver",
    "tree",
]
