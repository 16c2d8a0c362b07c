"""Checks of arrays, and measures of their entries that also answer for empty ones."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["integers", "largest", "quotient", "ratio", "require_finite", "smallest", "vector"]


def vector(values: Any, name: str) -> np.ndarray:
    """A copy of the values as a finite vector of floats."""
    vector = np.array(values, dtype=float)
    if vector.ndim != 1:
        raise ValueError(f"{name}: expected a vector, got an array of shape {vector.shape}")
    require_finite(vector, name)
    return vector


def integers(values: Any, name: str) -> np.ndarray:
    """A copy of the values as a vector of integers."""
    vector = np.array(values)
    if vector.ndim != 1 or (vector.size and not np.issubdtype(vector.dtype, np.integer)):
        raise ValueError(f"{name}: expected a vector of integers, got {vector.dtype} of shape {vector.shape}")
    return vector.astype(np.int64)


def require_finite(values: np.ndarray, name: str) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: every entry must be finite")


def largest(values: np.ndarray) -> float:
    """Largest absolute value, 0 for an empty array."""
    return float(np.max(np.abs(values), initial=0.0))


def smallest(values: np.ndarray) -> float:
    """Smallest value, 0 at most."""
    return float(np.min(values, initial=0.0))


def quotient(part: float, whole: float) -> float:
    """part / whole, 0 where there is nothing to divide by."""
    return part / whole if whole > 0 else 0.0


def ratio(part: float, whole: float) -> float:
    """part / whole for a violation: 0 where there is none, infinite where there is nothing to compare with."""
    if np.isnan(part):
        return float("inf")
    if part <= 0:
        return 0.0
    return float(part / whole) if whole > 0 else float("inf")
