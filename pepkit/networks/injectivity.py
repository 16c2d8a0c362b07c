"""Injectivity of one ReLU layer x -> relu(W x), exactly.

The layer is injective exactly when for every x the rows with <w_j, x> >= 0 span R^n (Puthawala, Kothari, Lassas,
Dokmanic, de Hoop 2022). For rows in general position this says that the origin has halfspace depth at least n among the
rows, and the least number of positive rows is found at the rays that are orthogonal to n - 1 of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.network_claims import NetworkCollision
from pepkit.kernel.network_proofs import CollisionProof
from pepkit.networks.model import network, rationals

__all__ = [
    "Injectivity",
    "expected_bad_cells",
    "injectivity_threshold",
    "layer_injectivity",
    "probability_in_the_plane",
]

MAX_RAYS = 2_000_000


@dataclass(frozen=True)
class Injectivity:
    """The decision for one layer.

    Attributes
    ----------
    injective
        Whether x -> relu(W x) is injective on R^n.
    depth
        Least number of rows with <w_j, x> > 0 over all x in open cells; the layer is injective if it is >= n.
    pair
        Two different exact inputs with equal values, where it is not.
    certificate
        The same as a certificate about the network x -> relu(W x), checked by the kernel; None where it is injective
        (there the decision is by enumeration, without a certificate).
    """

    injective: bool
    depth: int
    pair: tuple[tuple[fmpq, ...], tuple[fmpq, ...]] | None
    certificate: CollisionProof | None = None


def layer_injectivity(weights: Sequence[Sequence[Any]]) -> Injectivity:
    """Decide injectivity of relu(W x) for an m x n matrix in general position, by enumeration of rays in Q.

    Raises ClaimError if n rows of W are dependent, or for more than two million rays.
    """
    rows = [rationals(row, "a row of weights") for row in weights]
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        raise ClaimError("a weight matrix has rows of one positive length")
    count, size = len(rows), len(rows[0])
    if count >= size and comb(count, size - 1) > MAX_RAYS:
        raise ClaimError(f"{comb(count, size - 1)} rays are more than the limit of {MAX_RAYS}")
    if count < size:
        (vector, *_) = _kernel(rows, size)
        return _not_injective(rows, 0, (vector, tuple(fmpq(0) for _ in range(size))))
    matrix = fmpq_mat(count, size, [a for row in rows for a in row])
    best, best_ray = count + 1, None
    best_subset: tuple[int, ...] = ()
    for subset in combinations(range(count), size - 1):
        kernel = _kernel([rows[j] for j in subset], size)
        if len(kernel) != 1:
            raise ClaimError(f"the rows {list(subset)} are dependent; this decision is for rows in general position")
        ray = kernel[0]
        products = (matrix * fmpq_mat(size, 1, list(ray))).entries()
        if sum(not p for p in products) != size - 1:
            raise ClaimError("n rows of the matrix are dependent; this decision is for rows in general position")
        for sign in (1, -1):
            positive = sum(1 for p in products if sign * p > 0)
            if positive < best:
                best, best_subset = positive, subset
                best_ray = tuple(sign * a for a in ray)
    if best >= size or best_ray is None:
        return Injectivity(True, best, None)
    return _not_injective(rows, best, _collision(rows, best_ray, best_subset))


def _not_injective(
    rows: Sequence[Sequence[fmpq]], depth: int, pair: tuple[tuple[fmpq, ...], tuple[fmpq, ...]]
) -> Injectivity:
    identity = [[int(i == j) for i in range(len(rows))] for j in range(len(rows))]
    proof = CollisionProof(NetworkCollision(network([rows, identity])), pair, {"method": "enumeration of rays"})
    proof.prove()
    return Injectivity(False, depth, pair, proof)


def _kernel(rows: Sequence[Sequence[fmpq]], size: int) -> list[tuple[fmpq, ...]]:
    """A basis of the vectors orthogonal to the rows."""
    if not rows:
        return [tuple(fmpq(int(i == j)) for i in range(size)) for j in range(size)]
    reduced, rank = fmpq_mat(len(rows), size, [a for row in rows for a in row]).rref()
    pivots = [next(j for j in range(size) if reduced[i, j]) for i in range(rank)]
    basis = []
    for free in (j for j in range(size) if j not in pivots):
        vector = [fmpq(0)] * size
        vector[free] = fmpq(1)
        for i, pivot in enumerate(pivots):
            vector[pivot] = -reduced[i, free]
        basis.append(tuple(vector))
    return basis


def _collision(
    rows: Sequence[Sequence[fmpq]], ray: Sequence[fmpq], subset: Sequence[int]
) -> tuple[tuple[fmpq, ...], tuple[fmpq, ...]]:
    """Two inputs with one value: a point at which all rows of `subset` are negative, moved within its cell."""
    size = len(ray)

    def product(a: Sequence[fmpq], b: Sequence[fmpq]) -> fmpq:
        return sum((x * y for x, y in zip(a, b, strict=True)), fmpq(0))

    inward: list[fmpq] = [fmpq(0)] * size
    if subset:
        # a solution of <w_j, d> = -1 for j in the subset
        system = fmpq_mat([[*rows[j]] for j in subset])
        gram = system * system.transpose()
        inward = (system.transpose() * gram.solve(fmpq_mat(len(subset), 1, [fmpq(-1)] * len(subset)))).entries()
    step = fmpq(1)
    for j, row in enumerate(rows):
        along = product(row, ray)
        if j not in subset and along:
            change = abs(product(row, inward))
            if change:
                step = min(step, abs(along) / (2 * change))
    point = [a + step * b for a, b in zip(ray, inward, strict=True)]
    active = [row for row in rows if product(row, point) > 0]
    direction = _kernel(active, size)[0]
    length = fmpq(1)
    for row in rows:
        value, change = product(row, point), product(row, direction)
        if value < 0 and change:
            length = min(length, -value / (2 * abs(change)))
    return tuple(point), tuple(a + length * b for a, b in zip(point, direction, strict=True))


def probability_in_the_plane(rows: int) -> fmpq:
    """P(relu(W x) is injective) for n = 2 and m random rows, exactly; the law only has to be symmetric under signs.

    The number of positive rows, seen along a half turn, is a walk of steps +1 or -1 that starts at c and ends at m - c;
    the layer is injective if it stays in [2, m - 2]. Signs are independent, so the walks have weight 2^-m.
    """
    if rows < 1:
        raise ClaimError("a layer has at least one row")
    total = 0
    for start in range(2, rows - 1):
        # the start is the number of steps down, as every row changes its sign once
        ways = {(start, 0): 1}
        for _ in range(rows):
            following: dict[tuple[int, int], int] = {}
            for (height, down), count in ways.items():
                for step in (1, -1):
                    reached = height + step
                    if 2 <= reached <= rows - 2:
                        key = (reached, down + (step < 0))
                        following[key] = following.get(key, 0) + count
            ways = following
        total += sum(count for (_, down), count in ways.items() if down == start)
    return fmpq(total, 1 << rows)


def expected_bad_cells(dimension: int, rows: int) -> fmpq:
    """Expected number of cells with fewer than n positive rows, an upper bound of P(not injective): exact."""
    cells = 2 * sum(comb(rows - 1, i) for i in range(dimension))
    return fmpq(cells * sum(comb(rows, k) for k in range(dimension)), 1 << rows)


def injectivity_threshold(name: str, bits: int = 128) -> tuple[arb, arb]:
    """A rigorous enclosure (low, high) of a threshold of m/n for Gaussian rows, as n grows.

    Parameters
    ----------
    name
        ``"lower"``: not injective below, root of Phi(-a^(-1/2)) = 1/a (3.4028...). ``"gordon"``: injective above,
        1/Phibar(t) with t phi(t) + 2 Phibar(t) = 1/2 (7.6477...). ``"union"``: injective above, by counting cells,
        root of the binary entropy H(1/a) = 1/2 (9.0886...).
    bits
        Working precision. Signs at both ends are proved by ball arithmetic; that the root is the only one follows from
        monotonicity: each function decreases or increases on the stated interval.

    Returns
    -------
    tuple
        Two numbers that enclose the threshold, of width about 2^(16 - bits).
    """
    saved = ctx.prec
    ctx.prec = bits
    try:
        if name == "gordon":
            # d/dt (t phi + 2 Phibar) = -phi (1 + t^2) < 0, so the root is unique; 1/Phibar increases
            low, high = _bisect(lambda t: t * _density(t) + 2 * _tail(t) - arb(1) / 2, fmpq(1), fmpq(2), bits)
            return 1 / _tail(arb(low)), 1 / _tail(arb(high))
        if name == "union":
            # the entropy increases on (0, 1/2), so it decreases in a > 2
            ends = _bisect(_entropy_excess, fmpq(5), fmpq(20), bits)
        elif name == "lower":
            # a Phi(-a^(-1/2)) increases in a
            ends = _bisect(lambda a: 1 / a - _tail(1 / a.sqrt()), fmpq(2), fmpq(6), bits)
        else:
            raise ClaimError(f"unknown threshold {name!r}; known are lower, gordon, union")
        return arb(ends[0]), arb(ends[1])
    finally:
        ctx.prec = saved


def _density(t: arb) -> arb:
    return (-t * t / 2).exp() / (2 * arb.pi()).sqrt()


def _tail(t: arb) -> arb:
    return (t / arb(2).sqrt()).erfc() / 2


def _entropy_excess(a: arb) -> arb:
    p = 1 / a
    return -(p * p.log() + (1 - p) * (1 - p).log()) / arb(2).log() - arb(1) / 2


def _bisect(function: Any, low: fmpq, high: fmpq, bits: int) -> tuple[fmpq, fmpq]:
    """Ends of an interval at which a decreasing function is proved positive and negative."""
    if not (function(arb(low)) > 0 and function(arb(high)) < 0):
        raise ClaimError("the precision does not decide the signs at the ends")
    for _ in range(bits - 20):
        middle = (low + high) / 2
        value = function(arb(middle))
        if value > 0:
            low = middle
        elif value < 0:
            high = middle
        else:
            break
    return low, high
