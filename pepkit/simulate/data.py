"""Small real data sets that scikit-learn ships (extra `labs`); nothing is downloaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.kernel import ClaimError

__all__ = ["breast_cancer", "digits"]

Array = NDArray[np.float64]


def breast_cancer() -> tuple[Array, Array]:
    """569 x 30 standardised features and labels -1, 1 (Wolberg, Street, Mangasarian 1995)."""
    data = _datasets().load_breast_cancer()
    features = np.asarray(data.data, dtype=float)
    return (features - features.mean(0)) / features.std(0), 2.0 * np.asarray(data.target) - 1.0


def digits() -> tuple[Array, NDArray[np.int64]]:
    """1797 x 64 images of 8 x 8 pixels scaled to [0, 1] and labels 0..9 (Alpaydin, Kaynak 1998)."""
    data = _datasets().load_digits()
    return np.asarray(data.data, dtype=float) / 16.0, np.asarray(data.target, dtype=np.int64)


def _datasets() -> Any:
    try:
        from sklearn import datasets
    except ImportError:
        raise ClaimError("the real data sets come with scikit-learn: pip install 'pepkit[labs]'") from None
    return datasets
