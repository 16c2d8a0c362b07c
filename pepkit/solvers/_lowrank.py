"""Matrices of low rank and the Schur complement of a semidefinite block.

The matrix of each variable is P C_k P^T with generators P and a small symmetric core C_k that touches few
generators. An eigendecomposition of the core, on its support only, writes it as a short signed sum of squares

    F_k = sum_r sigma_kr v_kr v_kr^T,   sigma_kr = +1 or -1,   v_kr = P w_kr.

The Schur complement of the HKM direction then needs only two Gram matrices of these vectors:

    M_kl = <F_k, X F_l Z> = sum_{r,r'} sigma_kr sigma_lr' (v_kr^T X v_lr') (v_lr'^T Z v_kr),   Z = S^{-1}.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from pepkit.solvers.problem import DUST, MatrixBlock

__all__ = ["LowRankBlock"]

RANK_TOLERANCE = 1e-13
"""Eigenvalues of a core below this fraction of its largest are rounding."""

PANEL = 1 << 17
"""Entries of a panel of the Schur complement: panels that fit the cache of one core."""

SPARSE_ADVANTAGE = 8
"""A dense product is preferred unless sparse rows need this many times fewer multiplications."""


Panel = tuple[int, Any, Any]
"""First row, rows of v_kr, rows of sigma_kr v_kr; each sparse or dense, whichever multiplies faster."""


class LowRankBlock:
    """The factors of every variable of a `MatrixBlock`, and the Schur complement made from them.

    Attributes
    ----------
    variables
        The variables that occur in the block, by decreasing rank, shape (t,).
    ranks
        Their ranks, shape (t,).
    work
        Multiplications for one Schur complement (those with sparse rows weighted by their slowness).
    """

    def __init__(self, block: MatrixBlock) -> None:
        generators = block.dense_generators
        norms = np.linalg.norm(generators, axis=0)
        nonzero = norms > 0
        directions = sparse.csr_matrix((generators[:, nonzero] / norms[nonzero]).T)
        variable, rank, owner, place, coordinate, sign = _factor(block, norms, np.cumsum(nonzero) - 1)

        # Within one rank, variables with short vectors come first, so that panels are either sparse or dense.
        extent = np.bincount(owner, weights=np.diff(directions.indptr)[coordinate[0]], minlength=variable.size)
        order = np.lexsort((variable, extent, -rank))
        self.variables, self.ranks = variable[order], rank[order]
        position = np.empty_like(order)
        position[order] = np.arange(order.size)

        depth = int(self.ranks[0]) if self.ranks.size else 0
        self._counts = [int((self.ranks > r).sum()) for r in range(depth)]
        self._panels: list[list[Panel]] = []
        costs = []
        for r, count in enumerate(self._counts):
            chosen = place == r
            row = position[owner[chosen]]
            factor = sparse.csr_matrix(
                (coordinate[1][chosen], (row, coordinate[0][chosen])), shape=(count, directions.shape[0])
            )
            # The products are formed from the vectors themselves. With coordinates in the generators and their
            # Gram matrices instead, differences of long generators (points) cancel and lose five digits.
            vectors = _without_dust((factor @ directions).tocsr())
            signs = np.ones(count)
            signs[row] = sign[chosen]
            self._panels.append(_panels(vectors, signs))
            costs.append(sum(_panel_cost(plain) for _, plain, _ in self._panels[-1]))
        self.work = float(sum(2 * costs[q] * self._counts[r] for r in range(depth) for q in range(r + 1)))

    def schur(self, gram: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """<F_k, X F_l Z> for all pairs of `variables`, with X = `gram`, Z = `inverse` of shape (n, n).

        Returns an array of shape (t, t), symmetric.
        """
        total = self.variables.size
        half = np.zeros((total, total))
        for r, count in enumerate(self._counts):
            # X and Z are symmetric: (v X)^T = X v^T.
            right_gram = np.concatenate([np.asarray(signed @ gram) for _, _, signed in self._panels[r]]).T
            right_inverse = np.concatenate([np.asarray(plain @ inverse) for _, plain, _ in self._panels[r]]).T
            right_gram, right_inverse = np.ascontiguousarray(right_gram), np.ascontiguousarray(right_inverse)
            # The term of (r', r) is the transpose of that of (r, r'), so only r' <= r is computed and the sum is
            # symmetrised at the end; the terms with r' = r enter with one half.
            for q in range(r + 1):
                for start, plain, signed in self._panels[q]:
                    panel = signed @ right_gram
                    panel *= plain @ right_inverse
                    if q == r:
                        panel *= 0.5
                    half[start : start + panel.shape[0], :count] += panel
        return half + half.T


def _panels(vectors: sparse.csr_matrix, signs: np.ndarray) -> list[Panel]:
    """Cut the rows into panels that fit a cache together with their products."""
    count = vectors.shape[0]
    height = max(16, PANEL // max(1, count))
    panels: list[Panel] = []
    for start in range(0, count, height):
        plain = vectors[start : start + height]
        sign = signs[start : start + height]
        if SPARSE_ADVANTAGE * plain.nnz < plain.shape[0] * plain.shape[1]:
            panels.append((start, plain, (sparse.diags(sign) @ plain).tocsr()))
        else:
            dense = plain.toarray()
            panels.append((start, dense, sign[:, None] * dense))
    return panels


def _panel_cost(panel: Any) -> float:
    return float(SPARSE_ADVANTAGE * panel.nnz if sparse.issparse(panel) else panel.size)


def _without_dust(vectors: sparse.csr_matrix) -> sparse.csr_matrix:
    """The rows without entries that are only rounding."""
    size = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    vectors.data[np.abs(vectors.data) <= DUST * np.repeat(size, np.diff(vectors.indptr))] = 0.0
    vectors.eliminate_zeros()
    return vectors


def _factor(
    block: MatrixBlock, norms: np.ndarray, renumber: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Factor the core of every variable on normalised generators.

    Returns the variables and their ranks, each of shape (t,); and for every nonzero coordinate of every factor:
    the position of its variable in that list, the number r of the factor, the pair (generator, coordinate), and
    the sign of the square.
    """
    keep = (block.variable >= 0) & (norms[block.left] > 0) & (norms[block.right] > 0) & (block.value != 0)
    variable = block.variable[keep]
    left, right = renumber[block.left[keep]], renumber[block.right[keep]]
    value = block.value[keep] * norms[block.left[keep]] * norms[block.right[keep]]
    width = int(renumber[-1]) + 1 if renumber.size else 0

    # The support of each variable, as sorted keys variable * width + generator.
    support = np.unique(np.concatenate((variable * width + left, variable * width + right)))
    owner = support // max(1, width)
    present, first, size = np.unique(owner, return_index=True, return_counts=True)
    position = np.searchsorted(present, variable)
    row = np.searchsorted(support, variable * width + left) - first[position]
    column = np.searchsorted(support, variable * width + right) - first[position]

    rank = np.zeros(present.size, dtype=np.int64)
    pieces: list[tuple[np.ndarray, ...]] = []
    for order in np.unique(size):
        members = np.flatnonzero(size == order)
        local = np.full(present.size, -1)
        local[members] = np.arange(members.size)
        term = np.flatnonzero(local[position] >= 0)
        core = np.zeros((members.size, order, order))
        np.add.at(core, (local[position[term]], row[term], column[term]), 0.5 * value[term])
        core += core.transpose(0, 2, 1)
        values, vectors = np.linalg.eigh(core)
        ranking = np.argsort(-np.abs(values), axis=1)
        values = np.take_along_axis(values, ranking, axis=1)
        vectors = np.take_along_axis(vectors, ranking[:, None, :], axis=2)
        significant = np.abs(values) > RANK_TOLERANCE * np.abs(values[:, :1])
        rank[members] = significant.sum(axis=1)
        vectors = vectors * np.sqrt(np.abs(values))[:, None, :]
        which, entry, factor = np.nonzero(significant[:, None, :] & (vectors != 0))
        generator = support[first[members[which]] + entry] % width
        sign = np.sign(values[which, factor])
        pieces.append((members[which], factor, generator, vectors[which, entry, factor], sign))
    if pieces:
        owners, factors, generators, coordinates, signs = (np.concatenate(p) for p in zip(*pieces, strict=True))
    else:
        owners = factors = generators = np.zeros(0, dtype=np.int64)
        coordinates = signs = np.zeros(0)
    occurs = rank > 0
    renumbered = np.cumsum(occurs) - 1
    return present[occurs], rank[occurs], renumbered[owners], factors, (generators, coordinates), signs
