"""Numerical searches that fail clearly: overflow, not-a-number and breakdowns become errors with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pepkit.kernel.errors import PepkitError
from pepkit.networks.gram_program import NetworkSearchError

__all__ = ["numerical_search"]


@contextmanager
def numerical_search(what: str) -> Iterator[None]:
    """Run a search in doubles without warnings; NetworkSearchError where the numbers leave the range of doubles.

    Nothing is lost: the exact arithmetic of certificates never depends on these numbers.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except PepkitError:
        raise
    except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
        raise NetworkSearchError(
            f"{what} failed in floating point ({error}): weights this large, small or far apart leave its range; scale "
            "the network, or take a bound by box, hbox, deepz, crown or crown-ibp, which are exact for all numbers"
        ) from error
