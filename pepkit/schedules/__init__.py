"""Stepsize schedules: exact steps, names, files."""

from pepkit.schedules.catalogue import (
    constant,
    obs_f,
    obs_s,
    optimal_constant,
    schedule,
    schedule_names,
    silver,
)
from pepkit.schedules.schedule import Schedule, load_schedule

__all__ = [
    "Schedule",
    "constant",
    "load_schedule",
    "obs_f",
    "obs_s",
    "optimal_constant",
    "schedule",
    "schedule_names",
    "silver",
]
