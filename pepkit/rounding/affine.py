"""Exact projection onto the equations that multipliers satisfy.

Free multipliers are rounded to dyadic numbers; as many *pivot* multipliers as there are independent
equations are then recomputed exactly. Pivots are chosen by QR with column pivoting of the equations
weighted with the numerical multipliers, so that large multipliers absorb the correction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg as linalg
from flint import fmpq, fmpz

from pepkit.kernel.numbers import Field
from pepkit.rounding.linear import solve_exactly

__all__ = ["choose_pivots", "dyadic", "project"]


def dyadic(value: float, bits: int) -> fmpq:
    """`value` rounded to a multiple of 2^-bits (bits may be negative)."""
    numerator, denominator = float(value).as_integer_ratio()
    if bits >= 0:
        rounded = ((numerator << (bits + 1)) + denominator) // (2 * denominator)
        return fmpq(rounded, fmpz(1) << bits)
    denominator <<= -bits
    return fmpq(((numerator << 1) + denominator) // (2 * denominator)) * (fmpz(1) << -bits)


def choose_pivots(equations: np.ndarray, weights: np.ndarray, tolerance: float) -> tuple[list[int], list[int]]:
    """(rows, columns) of a well-conditioned invertible submatrix of full rank.

    Parameters
    ----------
    equations
        Float matrix (rows, m) of the equations; rows are equilibrated here.
    weights
        Positive weights (m,), the sizes of the multipliers.
    tolerance
        Relative size below which a diagonal entry of R counts as zero.
    """
    weighted = equations * weights
    scale = np.abs(weighted).max(axis=1, initial=0.0)
    weighted = weighted / np.where(scale > 0, scale, 1.0)[:, None]
    _, triangle, order = linalg.qr(weighted, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    rank = int((diagonal > tolerance * diagonal[0]).sum()) if diagonal.size and diagonal[0] > 0 else 0
    columns = sorted(int(c) for c in order[:rank])
    if rank == 0:
        return [], []
    _, _, row_order = linalg.qr(weighted[:, columns].T, mode="economic", pivoting=True)
    rows = sorted(int(r) for r in row_order[:rank])
    return rows, columns


def project(
    field: Field,
    rows: Sequence[int],
    pivots: Sequence[int],
    exact_column: Callable[[int], Sequence[Any]],
    right_side: Sequence[Any],
) -> list[Any] | None:
    """Values of the pivot multipliers that satisfy the chosen equations exactly, or None.

    `exact_column(k)` gives all equations of multiplier k, `right_side` what the free multipliers leave.
    """
    columns = [exact_column(k) for k in pivots]
    matrix = [[column[row] for column in columns] for row in rows]
    return solve_exactly(field, matrix, [right_side[row] for row in rows])
