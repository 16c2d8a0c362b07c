"""Settings of the rounding pipeline, and its outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pepkit.kernel.errors import PepkitError

__all__ = ["Progress", "RoundingError", "RoundingSettings", "silent"]

Progress = Callable[[str, str], None]
"""Called with the stage (``solve``, ``approximate``, ...) and a short text."""


def silent(stage: str, detail: str) -> None:
    """A progress callback that does nothing."""


class RoundingError(PepkitError):
    """A numerical dual could not be turned into an exact certificate; the message says at which stage."""


@dataclass(frozen=True)
class RoundingSettings:
    """Every threshold of the pipeline.

    Parameters
    ----------
    optimum_tolerance
        Relative difference up to which a candidate worst case counts as attaining the numerical optimum.
    rank_tolerance
        Relative size of diagonal entries of R below which QR with column pivoting sees dependence.
    sharp_bits
        Fractional bits of the free multipliers of a sharp certificate, tried in this order.
    short_sharp_bits
        The same for problems with at most `short_steps` multipliers, where short numbers are sought first.
    relaxed_bits
        Extra bits, below the smallest multiplier, of a relaxed certificate, tried in this order.
    """

    optimum_tolerance: float = 2e-7
    rank_tolerance: float = 1e-9
    sharp_bits: tuple[int, ...] = (30, 44, 60, 90)
    short_sharp_bits: tuple[int, ...] = (4, 6, 8, 10, 13, 16, 20, 30, 44, 60, 90)
    short_problem: int = 130
    relaxed_bits: tuple[int, ...] = (4, 8, 12, 16, 20, 26, 32, 40, 52, 64)
