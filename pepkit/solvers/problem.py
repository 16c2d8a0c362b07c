"""The one form in which pepkit hands a problem to a solver.

A `ConicProblem` asks for multipliers y with::

    minimise  c.y   subject to   E y = e,   y_k >= 0 where nonnegative[k],   F_b(y) PSD for every block b,

where F_b(y) is an affine symmetric matrix given through *generators*: it is a sum of symmetrised products of few
columns of one matrix. Interpolation inequalities are of this kind (their matrices have rank at most three in the
points and gradients), so the data stay small and a solver may exploit the rank.

The Lagrangian is ``c.y - f.(E y - e) - s.y - sum_b <X_b, F_b(y)>``. So a dual answer (X, s, f) satisfies

    c - E^T f - s - sum_b A_b^*(X_b) = 0,   s >= 0,   X_b PSD,

where A_b is the linear part of F_b, and its objective is ``f.e - sum_b <X_b, F_b(0)>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from pepkit.solvers._arrays import integers, largest, quotient, ratio, require_finite, smallest, vector
from pepkit.solvers._triangle import SQRT2, triangle_size
from pepkit.solvers.solution import ConicSolution, Residuals, Status

__all__ = ["ConicProblem", "ConicSolution", "MatrixBlock", "Residuals", "Status"]

#: Entries of an assembled matrix below this fraction of what was summed to make them are rounding, not data.
DUST = 1e-14

#: Largest number of scalar products expanded at once while a block is assembled (bounds the memory used).
CHUNK = 4_000_000

#: A gap is never measured against less than this fraction of the ordinary size of the objective (see
#: `ConicProblem.smallest_unit`), so that an optimal value of zero does not turn rounding into a gap of one.
OBJECTIVE_FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class MatrixBlock:
    """An affine symmetric matrix of order n, written with the columns p_0, ..., p_{q-1} of `generators`::

        F(y) = sum_t value_t * w_t * sym(p_{left_t} p_{right_t}^T),   sym(u v^T) = (u v^T + v u^T) / 2,

    where ``w_t = y[variable_t]``, or 1 where ``variable_t == -1``.

    Attributes
    ----------
    generators
        Dense or sparse, shape (n, q); kept as a sparse copy.
    variable
        Variable of each term, integers in [-1, m), shape (t,).
    left, right
        Generators of each term, integers in [0, q), shape (t,).
    value
        Factor of each term, shape (t,).
    name
        What the matrix is, for messages.

    Raises
    ------
    ValueError
        For arrays that disagree in length, indices out of range, or values that are not finite.
    """

    generators: Any
    variable: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    name: str = "residual"

    def __post_init__(self) -> None:
        generators = sparse.csc_matrix(self.generators, dtype=float, copy=True)
        generators.sum_duplicates()
        generators.eliminate_zeros()
        require_finite(generators.data, f"block {self.name!r}: generators")
        object.__setattr__(self, "generators", generators)
        order, width = generators.shape
        if order == 0:
            raise ValueError(f"block {self.name!r}: generators have no rows; leave an empty block out")
        for field in ("variable", "left", "right"):
            object.__setattr__(self, field, integers(getattr(self, field), f"block {self.name!r}: {field}"))
        value = vector(self.value, f"block {self.name!r}: value")
        object.__setattr__(self, "value", value)
        lengths = {field: getattr(self, field).size for field in ("variable", "left", "right", "value")}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"block {self.name!r}: arrays of different lengths {lengths}")
        if value.size:
            if self.variable.min() < -1:
                raise ValueError(f"block {self.name!r}: variable indices start at -1 (the constant term)")
            for field in ("left", "right"):
                index = getattr(self, field)
                if index.min() < 0 or index.max() >= width:
                    raise ValueError(f"block {self.name!r}: {field} indices must lie in [0, {width})")

    @property
    def order(self) -> int:
        """The order n of the matrix."""
        return int(self.generators.shape[0])

    def linear_part(self) -> MatrixBlock:
        """The same matrix without its constant term."""
        keep = self.variable >= 0
        return replace(
            self,
            variable=self.variable[keep],
            left=self.left[keep],
            right=self.right[keep],
            value=self.value[keep],
        )

    @cached_property
    def dense_generators(self) -> np.ndarray:
        """The generators as a dense array of shape (n, q)."""
        return self.generators.toarray()

    def evaluate(self, weights: np.ndarray) -> np.ndarray:
        """F for given weights of the variables and, last, of the constant term: (m + 1,) to (n, n)."""
        width = self.generators.shape[1]
        terms = self.value * np.asarray(weights, dtype=float)[self.variable]
        core = sparse.csr_matrix((terms, (self.left, self.right)), shape=(width, width))
        matrix = self.dense_generators @ (core @ self.dense_generators.T)
        return 0.5 * (matrix + matrix.T)

    def pair_with(self, matrix: np.ndarray, variables: int) -> np.ndarray:
        """<F_k, X> for every variable k < m and, last, for the constant term: (n, n) to (m + 1,)."""
        gram = self.dense_generators.T @ (matrix @ self.dense_generators)
        products = 0.5 * (gram[self.left, self.right] + gram[self.right, self.left])
        index = np.where(self.variable < 0, variables, self.variable)
        return np.bincount(index, weights=self.value * products, minlength=variables + 1)

    def magnitudes(self, variables: int) -> np.ndarray:
        """A bound of the spectral norm of each F_k and, last, of F(0), before cancellation: shape (m + 1,)."""
        norms = np.sqrt(np.asarray(self.generators.multiply(self.generators).sum(axis=0)).ravel())
        index = np.where(self.variable < 0, variables, self.variable)
        sizes = np.abs(self.value) * norms[self.left] * norms[self.right]
        return np.bincount(index, weights=sizes, minlength=variables + 1)

    def columns(self, variables: int) -> sparse.csc_matrix:
        """``svec`` of every F_k and, in the last column, of F(0): sparse, shape (n(n+1)/2, m + 1).

        Each unordered pair of generators is expanded once into its column of ``svec`` entries; the columns of
        the variables are sparse combinations of these. Entries that are only rounding (see `DUST`) are dropped.
        """
        size, width = triangle_size(self.order), self.generators.shape[1]
        index = np.where(self.variable < 0, variables, self.variable)
        low, high = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        pairs, position = np.unique(low * width + high, return_inverse=True)
        combine = sparse.csr_matrix((self.value, (position, index)), shape=(pairs.size, variables + 1))
        result = sparse.csc_matrix((size, variables + 1))
        for start, stop in self._chunks(pairs):
            expanded = self._expand(pairs[start:stop] // width, pairs[start:stop] % width)
            result = result + expanded @ combine[start:stop].tocsc()
        result = result.tocsc()
        result.sum_duplicates()
        threshold = DUST * self.magnitudes(variables)
        result.data[np.abs(result.data) <= np.repeat(threshold, np.diff(result.indptr))] = 0.0
        result.eliminate_zeros()
        return result

    def _chunks(self, pairs: np.ndarray) -> list[tuple[int, int]]:
        """Consecutive ranges of pairs, each of about `CHUNK` scalar products."""
        counts = np.diff(self.generators.indptr)
        width = self.generators.shape[1]
        products = np.cumsum(counts[pairs // width].astype(np.int64) * counts[pairs % width])
        if pairs.size == 0:
            return []
        cuts = np.searchsorted(products, np.arange(CHUNK, int(products[-1]), CHUNK), side="right")
        bounds = np.unique(np.concatenate(([0], cuts, [pairs.size])))
        return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))

    def _expand(self, left: np.ndarray, right: np.ndarray) -> sparse.csc_matrix:
        """Columns svec(sym(p_a p_b^T)) for pairs (a, b): sparse, shape (n(n+1)/2, number of pairs)."""
        pointer, rows, data = self.generators.indptr, self.generators.indices, self.generators.data
        counts = np.diff(pointer)
        height, breadth = counts[left].astype(np.int64), counts[right].astype(np.int64)
        products = height * breadth
        column = np.repeat(np.arange(left.size), products)
        offset = np.arange(int(products.sum())) - np.repeat(np.cumsum(products) - products, products)
        quotient, remainder = np.divmod(offset, np.repeat(breadth, products))
        first = np.repeat(pointer[left], products) + quotient
        second = np.repeat(pointer[right], products) + remainder
        row, other = rows[first].astype(np.int64), rows[second].astype(np.int64)
        low, high = np.minimum(row, other), np.maximum(row, other)
        # Entry (i, j) and entry (j, i) of p_a p_b^T add up in sqrt(2) sym(.)_ij, each with weight 1/sqrt(2).
        entries = data[first] * data[second] * np.where(low == high, 1.0, 1.0 / SQRT2)
        shape = (triangle_size(self.order), left.size)
        return sparse.csc_matrix((entries, (high * (high + 1) // 2 + low, column)), shape=shape)


@dataclass(frozen=True, eq=False)
class ConicProblem:
    """Minimise c.y subject to E y = e, y_k >= 0 where nonnegative[k], F_b(y) PSD for every block b.

    Attributes
    ----------
    objective
        c, shape (m,).
    equality_matrix
        E, dense or sparse, shape (k, m); k may be zero. Kept as a sparse copy.
    equality_rhs
        e, shape (k,).
    nonnegative
        Which variables must not be negative, boolean, shape (m,).
    blocks
        The matrices F_b.

    Raises
    ------
    ValueError
        For shapes that disagree or values that are not finite; the message names the field.
    """

    objective: np.ndarray
    equality_matrix: Any
    equality_rhs: np.ndarray
    nonnegative: np.ndarray
    blocks: tuple[MatrixBlock, ...] = ()

    def __post_init__(self) -> None:
        objective = vector(self.objective, "objective")
        matrix = sparse.csr_matrix(self.equality_matrix, dtype=float, copy=True)
        matrix.sum_duplicates()
        rhs = vector(self.equality_rhs, "equality_rhs")
        nonnegative = np.array(self.nonnegative)
        if objective.size == 0:
            raise ValueError("objective: a problem needs at least one variable")
        if nonnegative.dtype != bool or nonnegative.shape != objective.shape:
            found = f"{nonnegative.dtype} of shape {nonnegative.shape}"
            raise ValueError(f"nonnegative: expected {objective.size} booleans, got {found}")
        if matrix.shape != (rhs.size, objective.size):
            raise ValueError(f"equality_matrix: expected shape {(rhs.size, objective.size)}, got {matrix.shape}")
        require_finite(matrix.data, "equality_matrix")
        for block in self.blocks:
            if block.variable.size and block.variable.max() >= objective.size:
                raise ValueError(f"block {block.name!r}: variable indices must lie in [-1, {objective.size})")
        for field, value in (
            ("objective", objective),
            ("equality_matrix", matrix),
            ("equality_rhs", rhs),
            ("nonnegative", nonnegative),
            ("blocks", tuple(self.blocks)),
        ):
            object.__setattr__(self, field, value)

    @property
    def variables(self) -> int:
        """The number m of variables."""
        return int(self.objective.size)

    @property
    def equalities(self) -> int:
        """The number k of equalities."""
        return int(self.equality_rhs.size)

    def matrix(self, block_index: int, y: np.ndarray) -> np.ndarray:
        """F_b(y), dense, shape (n_b, n_b)."""
        return self.blocks[block_index].evaluate(np.append(y, 1.0))

    def offset(self, block_index: int) -> np.ndarray:
        """F_b(0), dense, shape (n_b, n_b)."""
        return self.matrix(block_index, np.zeros(self.variables))

    def adjoint(self, block_index: int, matrix: np.ndarray) -> np.ndarray:
        """A_b^*(X): the inner products of X (n_b, n_b) with the matrix of each variable, shape (m,)."""
        return self.blocks[block_index].pair_with(matrix, self.variables)[:-1]

    def residuals(
        self, y: np.ndarray, gram: Sequence[np.ndarray], slack: np.ndarray, potential: np.ndarray
    ) -> Residuals:
        """Measure a candidate (y, X, s, f).

        Every violation is divided by the largest magnitude among the quantities that were added to form it, so the
        numbers do not depend on the units of the problem. The gap is divided by
        ``max(|c.y|, |dual objective|, smallest_unit(y))``.
        """
        primal = self._primal_residual(y)
        terms = [self.objective, abs(self.equality_matrix).T @ np.abs(potential), slack]
        stationarity = self.objective - self.equality_matrix.T @ potential - slack
        dual_objective = float(potential @ self.equality_rhs)
        for block, matrix in zip(self.blocks, gram, strict=True):
            products = block.pair_with(matrix, self.variables)
            stationarity -= products[:-1]
            dual_objective -= float(products[-1])
            terms.append(products[:-1])
        magnitude = max(largest(term) for term in terms)
        dual = ratio(max(largest(stationarity), -smallest(slack[self.nonnegative])), magnitude)
        for block, matrix in zip(self.blocks, gram, strict=True):
            eigenvalues = np.linalg.eigvalsh(0.5 * (matrix + matrix.T))
            # An inactive block has X = 0 up to rounding, so X is also compared with the size at which it would
            # matter to the stationarity.
            weight = largest(block.magnitudes(self.variables)[:-1])
            noticeable = magnitude / weight if weight > 0 else 0.0
            dual = max(dual, ratio(-eigenvalues[0], max(largest(eigenvalues), noticeable)))
        objective = float(self.objective @ y)
        unit = max(abs(objective), abs(dual_objective), self.smallest_unit(y))
        return Residuals(objective, dual_objective, primal, dual, ratio(abs(objective - dual_objective), unit))

    def smallest_unit(self, y: np.ndarray) -> float:
        """The smallest value that a gap is measured against: `OBJECTIVE_FLOOR` times max|c| and the size of y."""
        return OBJECTIVE_FLOOR * largest(self.objective) * self._size(y)

    def block_sizes(self, y: np.ndarray) -> list[float]:
        """Ordinary size of each F_b at variables as large as y.

        Where the variables of a block vanish at the optimum, so does F_b(y), and a violation cannot be compared
        with F_b(y) itself.
        """
        sizes = []
        for block in self.blocks:
            magnitudes = block.magnitudes(self.variables)
            sizes.append(max(float(magnitudes[-1]), largest(magnitudes[:-1]) * self._size(y)))
        return sizes

    def _size(self, y: np.ndarray) -> float:
        """The largest entry of y, or what it takes to balance a right-hand side if that is larger.

        Where the optimal y is zero, the problem still has a scale.
        """
        return max(largest(y), self._balance)

    @cached_property
    def _balance(self) -> float:
        """Size of y at which E y and F_b(y) - F_b(0) become as large as e and F_b(0)."""
        size = quotient(largest(self.equality_rhs), largest(self.equality_matrix.data))
        for block in self.blocks:
            magnitudes = block.magnitudes(self.variables)
            size = max(size, quotient(float(magnitudes[-1]), largest(magnitudes[:-1])))
        return size

    def _primal_residual(self, y: np.ndarray) -> float:
        """Largest relative violation of E y = e, y >= 0 and F_b(y) PSD."""
        violation = self.equality_matrix @ y - self.equality_rhs
        magnitude = max(largest(abs(self.equality_matrix) @ np.abs(y)), largest(self.equality_rhs))
        worst = max(ratio(largest(violation), magnitude), ratio(-smallest(y[self.nonnegative]), self._size(y)))
        weights = np.append(y, 1.0)
        for block, scale in zip(self.blocks, self.block_sizes(y), strict=True):
            worst = max(worst, ratio(-np.linalg.eigvalsh(block.evaluate(weights))[0], scale))
        return worst

    def standard_form(self) -> tuple[np.ndarray, sparse.csc_matrix, np.ndarray, list[tuple[str, int]]]:
        """The problem as ``minimise q.x subject to A x + s = b, s in K``.

        Returns
        -------
        tuple
            q of shape (m,); A sparse by columns; b; and the cones of K in the order of the rows, as pairs of
            ``"zero"``, ``"nonnegative"`` or ``"psd"`` and a dimension (for ``"psd"`` the order of the matrix,
            whose rows hold the scaled upper triangle column by column, see `pepkit.solvers._triangle`).
        """
        count = int(self.nonnegative.sum())
        signed = np.flatnonzero(self.nonnegative)
        parts = [
            self.equality_matrix,
            sparse.csr_matrix((-np.ones(count), (np.arange(count), signed)), shape=(count, self.variables)),
        ]
        right = [self.equality_rhs, np.zeros(count)]
        cones = [("zero", self.equalities), ("nonnegative", count)]
        for block in self.blocks:
            columns = block.columns(self.variables)
            parts.append(-columns[:, :-1])
            right.append(columns[:, [-1]].toarray().ravel())
            cones.append(("psd", block.order))
        matrix = sparse.vstack(parts, format="csc")
        matrix.sort_indices()
        return self.objective.copy(), matrix, np.concatenate(right), [cone for cone in cones if cone[1]]
