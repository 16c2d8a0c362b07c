"""Halfspace depth and injectivity of one layer by its rays: a second, independent exact method.

The hyperplanes {x : <w_j, x> = 0} cut R^n into open cells. Every cell has an extreme ray r, on which
n - 1 independent rows vanish; near r the cells are those of the arrangement of the vanishing rows. So the
fewest active rows over all cells are

    depth(W) = min over rays r of  #{j : <w_j, r> > 0} + depth(rows that vanish on r),

and zero for independent rows, which all can be negative at once. That is the halfspace (Tukey) depth of the
origin among the rows. In general position the layer x -> max(0, W x) is injective exactly when it is >= n.
There are binomial(m, n-1) rays and more, so this is for small n; `decide_layer` does without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from flint import fmpz, fmpz_mat

from pepkit.kernel import ClaimError
from pepkit.kernel.networks import Layer

__all__ = ["halfspace_depth", "is_injective_by_rays", "rays"]

Vector = tuple[fmpz, ...]


def _matrix(rows: Sequence[Vector]) -> fmpz_mat:
    return fmpz_mat(len(rows), len(rows[0]), [a for row in rows for a in row])


def _rank(rows: Sequence[Vector]) -> int:
    return int(_matrix(rows).rank()) if rows else 0


def rays(rows: Sequence[Vector]) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """The rays of an arrangement: for each, the rows that are positive, zero and negative on it.

    Rays lie in the span of the rows. Each is given once; its opposite has the signs exchanged and is given too.
    """
    rank = _rank(rows)
    if rank == 0:
        return
    basis = _independent(rows, rank)
    # coordinates c of x = sum c_i basis_i turn the products into those with rows * basis^T
    reduced = _matrix(rows) * _matrix(basis).transpose()
    seen: set[tuple[int, ...]] = set()
    for subset in combinations(range(len(rows)), rank - 1):
        if rank == 1:
            direction = fmpz_mat(1, 1, [1])
        else:
            entries = [reduced[j, i] for j in subset for i in range(rank)]
            kernel, nullity = fmpz_mat(rank - 1, rank, entries).nullspace()
            if nullity != 1:
                continue
            direction = fmpz_mat(rank, 1, [kernel[i, 0] for i in range(rank)])
        products = reduced * direction
        zero = [j for j in range(len(rows)) if not products[j, 0]]
        if tuple(zero) in seen:
            continue
        seen.add(tuple(zero))
        positive = [j for j in range(len(rows)) if products[j, 0] > 0]
        negative = [j for j in range(len(rows)) if products[j, 0] < 0]
        yield positive, zero, negative
        yield negative, zero, positive


def _independent(rows: Sequence[Vector], rank: int) -> list[Vector]:
    chosen: list[Vector] = []
    for row in rows:
        if _rank([*chosen, row]) > len(chosen):
            chosen.append(row)
        if len(chosen) == rank:
            break
    return chosen


def _depth(rows: Sequence[Vector], best: int) -> int:
    """min(best, fewest positive rows over all cells)."""
    if not rows or _rank(rows) == len(rows):
        return 0
    for positive, zero, _ in rays(rows):
        if len(positive) < best:
            best = min(best, len(positive) + _depth([rows[j] for j in zero], best - len(positive)))
    return best


def halfspace_depth(layer: Layer) -> int:
    """min over x of #{j : <w_j, x> >= 0}, exactly, for a layer without biases."""
    rows = _rows(layer)
    nonzero = [row for row in rows if any(row)]
    return len(rows) - len(nonzero) + _depth(nonzero, len(nonzero))


def is_injective_by_rays(layer: Layer) -> bool:
    """Whether x -> max(0, W x) is injective: on every cell the positive rows span R^n (any position)."""
    return _spans([row for row in _rows(layer) if any(row)], [], layer.inputs)


def _spans(rows: Sequence[Vector], active: list[Vector], n: int) -> bool:
    """Whether the active rows and the positive rows of every cell of `rows` span R^n together."""
    if len(active) >= n and _rank(active) == n:
        return True
    if not rows or _rank(rows) == len(rows):
        return False
    return all(
        _spans([rows[j] for j in zero], active + [rows[j] for j in positive], n) for positive, zero, _ in rays(rows)
    )


def _rows(layer: Layer) -> list[Vector]:
    if layer.has_bias:
        raise ClaimError("the method of rays is for layers without biases; decide_layer takes biases")
    if layer.increasing:
        raise ClaimError("the method of rays is for layers of rectifiers")
    return [row[:-1] for row in layer.integer_rows]
