"""Exact worst cases of listed claims, guessed from the solver's primal answer."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import Witness
from pepkit.rounding.affine import dyadic
from pepkit.rounding.listed import ListedSystem
from pepkit.rounding.listed_dual import ListedDual
from pepkit.rounding.relaxed import simplest_between

__all__ = ["listed_witnesses", "rounded_data"]

ACCURACIES = (1e-7, 1e-6, 1e-5, 1e-4)
MAX_DIMENSION = 3


def listed_witnesses(system: ListedSystem, dual: ListedDual) -> Iterator[Witness]:
    """Data with simple rational coordinates near the numerical worst case; the kernel has to judge them.

    The Gram matrix is factored by a pivoted Cholesky decomposition, whose factor is rational for data on
    coordinate axes.
    """
    gram = dual.gram
    if not gram.size:
        return
    scale = float(np.abs(gram).max())
    for rank in range(1, MAX_DIMENSION + 1):
        factor, rest = _cholesky(gram, rank)
        if rest > 1e-4 * scale:
            continue
        for accuracy in ACCURACIES:
            coordinates = tuple(tuple(system.field.coerce(_simple(float(a), accuracy)) for a in row) for row in factor)
            scalars = tuple(system.field.coerce(_simple(float(v), accuracy)) for v in dual.values)
            yield Witness(coordinates, scalars)
        return


def rounded_data(system: ListedSystem, dual: ListedDual, bits: int) -> Witness:
    """The numerical data themselves, rounded to `bits` fractional bits; for hypotheses that hold strictly."""
    values, vectors = np.linalg.eigh(dual.gram)
    keep = values > 1e-12 * max(float(values[-1]), 1e-300)
    factor = vectors[:, keep] * np.sqrt(values[keep])
    coerce = system.field.coerce
    return Witness(
        tuple(tuple(coerce(dyadic(float(a), bits)) for a in row) for row in factor),
        tuple(coerce(dyadic(float(v), bits)) for v in dual.values),
    )


def _cholesky(gram: np.ndarray, rank: int) -> tuple[np.ndarray, float]:
    """Columns (n, rank) of a pivoted Cholesky factor, and the largest entry that is left."""
    left = gram.copy()
    columns = []
    for _ in range(rank):
        pivot = int(np.argmax(np.diag(left)))
        if left[pivot, pivot] <= 0:
            columns.append(np.zeros(len(gram)))
            continue
        column = left[:, pivot] / np.sqrt(left[pivot, pivot])
        columns.append(column)
        left = left - np.outer(column, column)
    return np.array(columns).T, float(np.abs(left).max())


def _simple(value: float, accuracy: float) -> Any:
    if abs(value) < accuracy:
        return fmpq(0)
    simple = simplest_between(Fraction(value) - Fraction(accuracy), Fraction(value) + Fraction(accuracy))
    return fmpq(simple.numerator, simple.denominator)
