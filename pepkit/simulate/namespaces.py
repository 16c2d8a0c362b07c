"""Formulas that are written once for NumPy and for JAX."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["namespace"]


def namespace(array: Any) -> Any:
    """The module whose functions take this array: numpy, or jax.numpy inside a program that JAX compiles.

    Formulas that use nothing but this module, operators and methods run on both; in-place changes do not.
    """
    return np if isinstance(array, (np.ndarray, np.generic, float, int)) else array.__array_namespace__()
