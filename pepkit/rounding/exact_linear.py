"""Exact row reduction over Q and real number fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq_mat

from pepkit.kernel.numbers import RATIONALS, Field

__all__ = ["annihilator", "exact_kernel", "row_reduced"]


def row_reduced(field: Field, rows: Sequence[Sequence[Any]]) -> tuple[list[list[Any]], list[int]]:
    """The non-zero rows of the reduced row echelon form, and their pivot columns."""
    if not rows:
        return [], []
    width = len(rows[0])
    if field == RATIONALS:
        reduced, rank = fmpq_mat(len(rows), width, [a for row in rows for a in row]).rref()
        result = [[reduced[i, j] for j in range(width)] for i in range(rank)]
        return result, [next(j for j in range(width) if row[j]) for row in result]
    result, pivots = [], []
    work = [[field.coerce(a) for a in row] for row in rows]
    for j in range(width):
        pivot = next((row for row in work if row[j]), None)
        if pivot is None:
            continue
        work.remove(pivot)
        inverse = 1 / pivot[j]
        pivot = [a * inverse for a in pivot]
        work = [[a - row[j] * b for a, b in zip(row, pivot, strict=True)] if row[j] else row for row in work]
        result = [[a - row[j] * b for a, b in zip(row, pivot, strict=True)] if row[j] else row for row in result]
        result.append(pivot)
        pivots.append(j)
    return result, pivots


def annihilator(field: Field, rows: Sequence[Sequence[Any]], width: int) -> tuple[tuple[Any, ...], ...]:
    """A basis of the vectors that all rows annihilate; one of its entries is 1 for each free column."""
    reduced, pivots = row_reduced(field, rows)
    zero, one = field.coerce(0), field.coerce(1)
    basis = []
    taken = set(pivots)
    for free in range(width):
        if free in taken:
            continue
        vector = [zero] * width
        vector[free] = one
        for row, pivot in zip(reduced, pivots, strict=True):
            if row[free]:
                vector[pivot] = -row[free]
        basis.append(tuple(vector))
    return tuple(basis)


def exact_kernel(field: Field, vectors: Sequence[Sequence[Any]]) -> tuple[tuple[tuple[Any, ...], ...], list[int]]:
    """An independent basis of the span, reduced, and the coordinates on which it is the identity."""
    reduced, pivots = row_reduced(field, vectors)
    return tuple(tuple(row) for row in reduced), pivots
