"""The linear system of one interior-point step, with Cholesky factors and iterative refinement."""

from __future__ import annotations

import numpy as np
import scipy.linalg as linalg
from scipy import sparse
from scipy.linalg import blas, lapack

__all__ = ["KKTSystem"]

REGULARISATION = (0.0, 1e-15, 1e-13, 1e-11, 1e-9, 1e-7)
"""Multiples of the identity added to the Jacobi-scaled matrix, tried in this order until it factors."""

REFINEMENT_STEPS = 4


class KKTSystem:
    """Solves ``H u - E^T w = r, E u = t`` for a symmetric positive semidefinite H (m, m) and E (k, m).

    H is scaled to unit diagonal: near the optimum its diagonal spans twenty orders of magnitude, nearly all of
    which belong to the variables themselves. Near the optimum H is singular to working precision in directions that
    E determines, so E^T E (with normalised rows) is added to H, and E^T t to r, which leaves the solution alone.
    Where even that is singular, a small multiple of the identity is added; refinement removes its effect.

    Parameters
    ----------
    matrix
        H. Its lower triangle is overwritten by the factor, the upper one is kept for the refinement.
    equality
        E, sparse.

    Raises
    ------
    numpy.linalg.LinAlgError
        If no regularisation makes the factorisation succeed.
    """

    def __init__(self, matrix: np.ndarray, equality: sparse.csr_matrix) -> None:
        diagonal = np.diag(matrix).copy()
        self._scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        self._diagonal = diagonal * self._scale**2
        matrix *= self._scale[:, None]
        matrix *= self._scale
        self._equality = (equality @ sparse.diags(self._scale)).tocsr()
        self._transposed = self._equality.T.tocsr()
        lengths = np.sqrt(np.asarray(self._equality.multiply(self._equality).sum(axis=1)).ravel())
        self._weight = 1.0 / np.where(lengths > 0, lengths, 1.0) ** 2
        if equality.shape[0]:
            self._add_equalities(matrix)
            self._diagonal = np.diag(matrix).copy()
        # A symmetric array in C order is the same array in Fortran order, which LAPACK overwrites in place.
        self._factor = self._factorise(matrix.T)
        if equality.shape[0]:
            half = linalg.solve_triangular(
                self._factor, self._transposed.toarray(order="F"), lower=True, overwrite_b=True, check_finite=False
            )
            complement = half.T @ half
            size = np.diag(complement).copy()
            self._row_scale = 1.0 / np.sqrt(np.where(size > 0, size, 1.0))
            complement *= self._row_scale[:, None]
            complement *= self._row_scale
            complement[np.diag_indices_from(complement)] += 1e-15
            self._complement = linalg.cho_factor(complement, lower=True, check_finite=False)

    def _add_equalities(self, matrix: np.ndarray) -> None:
        """Add E^T W E in place, W normalising the rows."""
        half = sparse.diags(np.sqrt(self._weight)) @ self._equality
        if half.nnz > 0.1 * half.shape[0] * half.shape[1]:
            dense = half.toarray()
            matrix += dense.T @ dense
        else:
            product = (half.T @ half).tocoo()
            matrix[product.row, product.col] += product.data

    def _factorise(self, matrix: np.ndarray) -> np.ndarray:
        for regularisation in REGULARISATION:
            np.fill_diagonal(matrix, self._diagonal + regularisation)
            factor, info = lapack.dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
            if info == 0:
                return factor
            # The failed attempt overwrote part of the lower triangle; the upper one still holds the matrix.
            lower = np.tril_indices_from(matrix, -1)
            matrix[lower] = matrix.T[lower]
        raise np.linalg.LinAlgError("the Schur complement is not positive semidefinite")

    def solve(self, right: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(u, w) for given (r, t)."""
        right = right * self._scale + self._transposed @ (self._weight * below)
        u, w = self._solve_once(right, below)
        best = np.inf
        for _ in range(REFINEMENT_STEPS):
            upper_error = right - self._multiply(u) + self._transposed @ w
            lower_error = below - self._equality @ u
            size = max(float(np.abs(upper_error).max()), float(np.abs(lower_error).max(initial=0.0)))
            if not size < 0.5 * best:
                break
            best = size
            du, dw = self._solve_once(upper_error, lower_error)
            u, w = u + du, w + dw
        return u * self._scale, w

    def _solve_once(self, right: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u = self._apply_inverse(right)
        if not below.size:
            return u, np.zeros(0)
        w = self._row_scale * linalg.cho_solve(
            self._complement, self._row_scale * (below - self._equality @ u), check_finite=False
        )
        return self._apply_inverse(right + self._transposed @ w), w

    def _apply_inverse(self, vector: np.ndarray) -> np.ndarray:
        return linalg.cho_solve((self._factor, True), vector, check_finite=False)

    def _multiply(self, vector: np.ndarray) -> np.ndarray:
        """H times a vector, from the upper triangle and the diagonal that the factor has overwritten."""
        product = blas.dsymv(1.0, self._factor, vector, lower=0)
        return product + (self._diagonal - np.diag(self._factor)) * vector
