"""Injectivity of a random layer x -> max(0, W x), W with m rows in R^n: exact numbers.

All laws here are invariant under independent sign changes of the rows; Gaussian rows are one.

- n = 1, 2: the probability does not depend on the lines (`exact_probability`, with certificate).
- n >= 3: `probability_given_lines` averages exactly over the 2^m signs for given lines; its mean over random
  lines is the probability, with far less variance than trials.
- any n: the expected number of cells with fewer than n active rows (`expected_bad_cells`), an upper bound for the
  probability that the layer is not injective, and the expected Euler characteristic of the union of these
  cells (`expected_euler_characteristic`), whose size is the basis of a heuristic threshold.
"""

from __future__ import annotations

from itertools import combinations
from math import comb, log
from typing import Any

import numpy as np
from flint import fmpq, fmpz_mat

from pepkit.kernel import ClaimError
from pepkit.kernel.networks import Layer
from pepkit.kernel.random_injectivity import InjectivityProbability, SignCount, sign_symmetric_probability
from pepkit.networks.model import relu_layer

__all__ = [
    "cell_patterns",
    "crossing",
    "exact_probability",
    "expected_bad_cells",
    "expected_euler_characteristic",
    "probability_certificate",
    "probability_given_lines",
]

MAX_ENUMERATED_ROWS = 26


def exact_probability(inputs: int, rows: int) -> fmpq:
    """P(injective) for n = 1 or 2 and any law with fair signs, independent of each other and of the lines that the rows
    span, and almost surely nonzero and (n = 2) pairwise not parallel rows.

    n = 1: 1 - 2^(1-m). n = 2, m >= 4: 1 - m(m-2)/2^(m-1).
    """
    return InjectivityProbability(inputs, rows, sign_symmetric_probability(inputs, rows)).probability


def probability_certificate(inputs: int, rows: int) -> SignCount:
    """A certificate of `exact_probability`."""
    claim = InjectivityProbability(inputs, rows, exact_probability(inputs, rows))
    return SignCount(claim, {"method": "count of signs"})


def cell_patterns(lines: Any) -> tuple[np.ndarray, int, int]:
    """The sign patterns of all cells of the hyperplanes orthogonal to the rows, in general position.

    Parameters
    ----------
    lines
        `Layer` without biases, or m x n numbers; m >= n, every n rows independent, m <= 62.

    Returns
    -------
    patterns, m, n
        Integers with bit j set where <w_j, x> > 0; there are 2 sum_{i<n} binomial(m-1, i) of them.

    Raises
    ------
    ClaimError
        If the rows are not in general position.
    """
    layer = lines if isinstance(lines, Layer) else relu_layer(lines)
    if layer.increasing:
        raise ClaimError("the patterns are counted for layers of rectifiers")
    if layer.has_bias:
        raise ClaimError("the lines of a random layer go through the origin; leave out the bias")
    m, n = layer.outputs, layer.inputs
    if not n <= m <= 62:
        raise ClaimError(f"the patterns of {m} rows in R^{n} are not enumerated; n <= m <= 62")
    rows = [list(row[:-1]) for row in layer.integer_rows]
    matrix = fmpz_mat(m, n, [a for row in rows for a in row])
    found: set[int] = set()
    for subset in combinations(range(m), n - 1):
        if n == 1:
            direction = fmpz_mat(1, 1, [1])
        else:
            kernel, nullity = fmpz_mat(n - 1, n, [a for j in subset for a in rows[j]]).nullspace()
            if nullity != 1:
                raise ClaimError(f"rows {subset} are dependent; the lines are not in general position")
            direction = fmpz_mat(n, 1, [kernel[i, 0] for i in range(n)])
        products = (matrix * direction).entries()
        if sum(not a for a in products) != n - 1:
            raise ClaimError(f"another row lies in the span of rows {subset}; the lines are not in general position")
        pattern = sum(1 << j for j, a in enumerate(products) if a > 0)
        opposite = sum(1 << j for j, a in enumerate(products) if a < 0)
        for size in range(n):
            for chosen in combinations(subset, size):
                extra = sum(1 << j for j in chosen)
                found.add(pattern | extra)
                found.add(opposite | extra)
    return np.array(sorted(found), dtype=np.int64), m, n


def probability_given_lines(lines: Any) -> fmpq:
    """P(injective) over fair independent signs of the rows, for these lines, exactly.

    A choice of signs is bad exactly when it agrees with some cell pattern in fewer than n places; all of
    the 2^m choices are marked, so m <= 26. Arguments and errors as for `cell_patterns`.
    """
    layer = lines if isinstance(lines, Layer) else relu_layer(lines)
    if layer.outputs > MAX_ENUMERATED_ROWS:
        raise ClaimError(f"all signs are enumerated for at most {MAX_ENUMERATED_ROWS} rows, not {layer.outputs}")
    if layer.outputs < 2 * layer.inputs:
        return fmpq(0)
    patterns, m, n = cell_patterns(layer)
    flips = [sum(1 << j for j in chosen) for size in range(n) for chosen in combinations(range(m), size)]
    bad = np.zeros(1 << m, dtype=bool)
    # patterns come in opposite pairs, so "agrees in k places" and "differs in k places" mark the same set
    for flip in flips:
        bad[patterns ^ flip] = True
    return 1 - fmpq(int(np.count_nonzero(bad)), 1 << m)


def expected_bad_cells(inputs: int, rows: int) -> fmpq:
    """E[number of cells with fewer than n active rows], for lines in general position.

    2 sum_{i<n} C(m-1, i) cells, each bad with probability sum_{k<n} C(m, k)/2^m.
    """
    _require(inputs, rows)
    cells = 2 * sum(comb(rows - 1, i) for i in range(inputs))
    return fmpq(cells * sum(comb(rows, k) for k in range(inputs)), 2**rows)


def expected_euler_characteristic(inputs: int, rows: int) -> fmpq:
    """E[chi] of the set of directions with fewer than n active rows, for Gaussian rows (m >= n).

    The set is that of the sign vectors with fewer than n positive entries, cut by a uniformly random
    subspace; the kinematic formula gives E chi = 2 sum_{j>=0} v_{m-n+1+2j} with its conic intrinsic volumes
    v_k = sum_{d>=k} C(d,k) (-1)^(d-k) 2^(-d) C(m,d) sum_{p<n} C(d,p).
    """
    _require(inputs, rows)
    n, m = inputs, rows
    # [d] C(m, d) sum_{p<n} C(d, p), needed for d > m - n only
    weights = {d: comb(m, d) * sum(comb(d, p) for p in range(n)) for d in range(m - n + 1, m + 1)}
    total = 0
    for k in range(m - n + 1, m + 1, 2):
        for d in range(k, m + 1):
            total += comb(d, k) * (-1) ** (d - k) * weights[d] * 2 ** (m - d)
    return fmpq(2 * total, 2**m)


def crossing(inputs: int, quantity: Any) -> float:
    """m/n where |quantity(n, m)| falls below one for good, by interpolation of its logarithm between integers m.

    `quantity` is `expected_bad_cells` or `expected_euler_characteristic`. Exact up to the last step.
    """
    low, high = 4 * inputs, 12 * inputs
    while abs(quantity(inputs, high)) >= 1:
        high *= 2
    if abs(quantity(inputs, low)) < 1:
        raise ClaimError(f"no crossing above m = {low} for n = {inputs}")
    while high - low > 1:
        middle = (low + high) // 2
        if abs(quantity(inputs, middle)) >= 1:
            low = middle
        else:
            high = middle
    above, below = (_log(abs(quantity(inputs, m))) for m in (low, high))
    return (low + above / (above - below)) / inputs


def _log(value: fmpq) -> float:
    return log(int(value.p)) - log(int(value.q))


def _require(inputs: int, rows: int) -> None:
    if inputs < 1 or rows < inputs:
        raise ClaimError(f"the formula is for m >= n >= 1, not m = {rows}, n = {inputs}")
