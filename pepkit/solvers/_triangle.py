"""Symmetric matrices as vectors: the scaled upper triangle, column by column.

``svec(M)`` lists M_00, r M_01, M_11, r M_02, r M_12, M_22, ... with r = sqrt(2), so that
``svec(M) . svec(N) = <M, N>``. This is the order of Clarabel's ``PSDTriangleConeT``. SCS lists the lower
triangle column by column, which is the upper triangle row by row; `scs_order` translates.
"""

from __future__ import annotations

import numpy as np

__all__ = ["SQRT2", "pack", "scs_order", "triangle_indices", "triangle_size", "unpack"]

SQRT2 = float(np.sqrt(2.0))


def triangle_size(order: int) -> int:
    """Number of entries of the triangle of a matrix of the given order."""
    return order * (order + 1) // 2


def triangle_indices(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every entry of the upper triangle, column by column, each of shape (size,)."""
    column, row = np.tril_indices(order)
    return row, column


def pack(matrix: np.ndarray) -> np.ndarray:
    """``svec`` of a symmetric matrix (n, n): a vector of n(n+1)/2 entries. Only the symmetric part counts."""
    row, column = triangle_indices(matrix.shape[0])
    scale = np.where(row == column, 0.5, 0.5 * SQRT2)
    return (matrix[row, column] + matrix[column, row]) * scale


def unpack(vector: np.ndarray, order: int) -> np.ndarray:
    """The symmetric matrix (n, n) whose ``svec`` is the given vector."""
    row, column = triangle_indices(order)
    entries = np.asarray(vector, dtype=float) / np.where(row == column, 1.0, SQRT2)
    matrix = np.empty((order, order))
    matrix[row, column] = entries
    matrix[column, row] = entries
    return matrix


def scs_order(order: int) -> np.ndarray:
    """``permutation`` such that ``svec(M)[permutation]`` is the vector that SCS expects."""
    row, column = np.triu_indices(order)
    return column * (column + 1) // 2 + row
