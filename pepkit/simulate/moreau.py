"""Moreau envelopes of maxima of affine functions, evaluated over all subsets of active pieces."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.functions import UNIT, Evaluation, Evaluator, lengths
from pepkit.simulate.namespaces import namespace

__all__ = ["MoreauEnvelope"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MoreauEnvelope:
    """f(x) = min_p max_k (<g_k, p> + c_k) + |x - p|^2/2, B functions as in `pepkit.simulate.functions`.

    The gradient g is the element of conv(g_k) that maximises the concave dual. Where the active pieces S are certain
    (positive weights, other pieces below, both by more than rounding), g solves <g_k - g_l, g> = const for k, l in S,
    and its error is what is left over in these equations, which is measured, over the least singular value of the
    differences. Elsewhere the error is at most the root of twice the duality gap. Both hold however the weights were
    found.

    Parameters
    ----------
    slopes, offsets
        g of shape (B, K, d) and c of shape (B, K), K at most 6; max_k c_k = 0 and 0 in the hull of the g_k with c_k = 0
        put the minimum 0 at x = 0.
    """

    slopes: Array
    offsets: Array

    @property
    def size(self) -> int:
        return self.slopes.shape[0]

    @property
    def dimension(self) -> int:
        return self.slopes.shape[2]

    def evaluate(self, x: Array) -> Evaluation:
        return self.prepared()(x)

    def prepared(self) -> Evaluator:
        g, c = self.slopes, self.offsets
        xp = namespace(g)
        count = g.shape[1]
        dual = _Dual(xp.einsum("bkd,bld->klb", g, g), self.dimension + 1)
        largest = xp.max(lengths(g), axis=1)
        highest = xp.max(xp.abs(c), axis=1)

        def evaluate(x: Array) -> Evaluation:
            linear = xp.einsum("bkd,bd->bk", g, x) + c
            rounding = 2 * (self.dimension + count + 12) * UNIT * (largest * (lengths(x) + largest) + highest)
            shares, least = dual.maximised(linear.T)
            weights = shares.T
            gradient = xp.einsum("bk,bkd->bd", weights, g)
            square = xp.sum(gradient * gradient, axis=1)
            best = xp.sum(weights * linear, axis=1) - square / 2
            # values of the pieces at p = x - gradient
            pieces = linear - xp.einsum("bkd,bd->bk", g, gradient)
            top = xp.max(pieces, axis=1)
            gap = xp.maximum(top + square / 2 - best, 0) + 2 * rounding
            active = weights > 0
            uneven = top - xp.min(xp.where(active, pieces, top[:, None]), axis=1)
            # half, for the rounding of the eigenvalue where it is not small
            spread = xp.sqrt(xp.maximum(least, 1e-30)) / 2
            sharp = count * (uneven + 2 * rounding) / spread + 2 * count * UNIT * largest
            margin = (4 * rounding + 4 * largest * sharp)[:, None]
            clear = xp.where(active, weights > 4 * (sharp / spread)[:, None], top[:, None] - pieces > margin)
            blunt = xp.sqrt(2 * gap) + 2 * UNIT * count * largest
            error = xp.where(xp.all(clear, axis=1), xp.minimum(sharp, blunt), blunt)
            return best, gradient, gap + rounding, error

        return evaluate


class _Subsets(NamedTuple):
    """All subsets of pieces, in order of size: the first piece of each (S,), the others (M, S), and their number (S,).

    Where there are fewer than M others the first one stands in their place.
    """

    first: NDArray[np.int64]
    others: NDArray[np.int64]
    number: NDArray[np.int64]


def _subsets(count: int, largest: int) -> _Subsets:
    largest = min(count, largest)
    found = [s for size in range(1, largest + 1) for s in combinations(range(count), size)]
    others = [[*s[1:], *[s[0]] * (largest - len(s))] for s in found]
    return _Subsets(
        np.array([s[0] for s in found]),
        np.array(others, dtype=np.int64).reshape(len(found), largest - 1).T,
        np.array([len(s) for s in found]) - 1,
    )


class _Dual:
    """max over weights of sum w_k l_k - |sum w_k g_k|^2/2, restricted to every subset of pieces, all at once.

    With w_0 = 1 - sum of the others, the others are stationary where D w = r, D the Gram matrix of the differences
    g_k - g_0. D is factored once as L diag(p) L'.

    Parameters
    ----------
    gram
        <g_k, g_l>, shape (K, K, B).
    largest
        The largest number of pieces that are active at once: d + 1.
    """

    def __init__(self, gram: Array, largest: int) -> None:
        self._namespace = xp = namespace(gram)
        zero, others, number = _subsets(gram.shape[0], largest)
        size = len(others)
        self._corner = gram[zero, zero]
        # matrices are as large as the largest subset needs; the rest is zero, with 1 on the diagonal of diag(p)
        real = [(number > k)[:, None] for k in range(size)]
        edge = [gram[others[k], zero] for k in range(size)]
        self._differences = [
            [
                xp.where(real[i] & real[j], gram[others[i], others[j]] - edge[i] - edge[j] + self._corner, 0.0)
                for j in range(i + 1)
            ]
            for i in range(size)
        ]
        self._lower: list[list[Array]] = [[] for _ in range(size)]
        self._pivots: list[Array] = []
        with np.errstate(all="ignore"):
            trace: Any = 0.0
            determinant: Any = xp.ones_like(self._corner)
            for j in range(size):
                for i in range(j, size):
                    entry = self._differences[i][j]
                    entry = entry - sum(self._lower[i][k] * self._lower[j][k] * self._pivots[k] for k in range(j))
                    if i == j:
                        self._pivots.append(xp.where(real[j], entry, 1.0))
                    else:
                        self._lower[i].append(entry / self._pivots[j])
                trace = trace + self._differences[j][j]
                determinant = determinant * self._pivots[j]
            # the least eigenvalue is the determinant over the product of the others, which their mean bounds
            mean = trace / xp.maximum(number - 1, 1)[:, None]
            for j in range(1, size):
                determinant = xp.where(real[j], determinant / mean, determinant)
            self._least = xp.where((number > 0)[:, None], determinant, np.inf)
        # r = choice @ l + offset; differences of rows of the unit matrix choose without rounding
        unit = np.eye(gram.shape[0])
        self._places = [unit[zero], *unit[others]]
        self._choices = [place - unit[zero] for place in self._places[1:]]
        self._offsets = [xp.where(real[k], self._corner - edge[k], 0.0) for k in range(size)]

    def maximised(self, linear: Array) -> tuple[Array, Array]:
        """For l of shape (K, B): the weights (K, B) of the best subset, and a lower bound (B,) of the least eigenvalue
        of its D, infinite for one piece."""
        xp = self._namespace
        size = len(self._choices)
        with np.errstate(all="ignore"):
            right = [choice @ linear + offset for choice, offset in zip(self._choices, self._offsets, strict=True)]
            solved: list[Array] = []
            for i in range(size):
                solved.append(right[i] - sum(self._lower[i][k] * solved[k] for k in range(i)))
            solved = [a / b for a, b in zip(solved, self._pivots, strict=True)]
            for i in reversed(range(size)):
                solved[i] = solved[i] - sum(self._lower[k][i] * solved[k] for k in range(i + 1, size))
            corner = self._places[0] @ linear
            weights = [1 - sum(solved) + 0 * corner, *solved]
            # the value at these weights, stationary or not: sum w_k r_k - <w, D w>/2 and what does not depend on w
            value = corner - self._corner / 2
            for i in range(size):
                turned = self._differences[i][i] * solved[i] / 2
                turned = turned + sum(self._differences[i][j] * solved[j] for j in range(i))
                value = value + solved[i] * (right[i] - turned)
            # no numbers (of a singular system) satisfy no inequality
            for weight in weights:
                value = xp.where(weight >= 0, value, -np.inf)
        best = xp.argmax(value, axis=0) == np.arange(len(value))[:, None]
        shares = sum(place.T @ xp.where(best, weight, 0.0) for place, weight in zip(self._places, weights, strict=True))
        return shares, xp.sum(xp.where(best, self._least, 0.0), axis=0)
