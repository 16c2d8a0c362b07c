"""Conic problems for the worst case of gradient descent on smooth convex functions (L = 1).

The basis is (x_0 - x_*, g_0, ..., g_N). The minimiser has x = g = f = 0 and index N + 1. A pair (i, j) stands for

    Q_ij = f_i - f_j - <g_j, x_i - x_j> - |g_i - g_j|^2 / 2 >= 0.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from pepkit.solvers.problem import ConicProblem, MatrixBlock


def silver(levels: int) -> np.ndarray:
    """The 2^levels - 1 silver steps."""
    rho = 1 + np.sqrt(2.0)
    return np.array([1 + rho ** ((i & -i).bit_length() - 2) for i in range(1, 2**levels)])


def silver_rate(levels: int) -> float:
    return 1 / (4 * (1 + np.sqrt(2.0)) ** levels - 2)


def every_pair(steps: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(steps + 2) for j in range(steps + 2) if i != j]


def consecutive(steps: int) -> list[tuple[int, int]]:
    """(i, i+1) and (*, j)."""
    return [(i, i + 1) for i in range(steps)] + [(steps + 1, j) for j in range(steps + 1)]


def both_ways(steps: int) -> list[tuple[int, int]]:
    """(i, i+1), (i+1, i) and (*, j) and (j, *)."""
    star = steps + 1
    pairs = consecutive(steps) + [(i + 1, i) for i in range(steps)]
    return pairs + [(j, star) for j in range(steps + 1)]


def dyadic(steps: int) -> list[tuple[int, int]]:
    """(*, j), and for every dyadic block of points (last of its first half, any other of the block)."""
    pairs = {(steps + 1, j) for j in range(steps + 1)}
    width = 2
    while width <= steps + 1:
        for start in range(0, steps + 1, width):
            pivot = start + width // 2 - 1
            pairs |= {(pivot, j) for j in range(start, start + width) if j != pivot}
        width *= 2
    return sorted(pairs)


def worst_case(
    steps: np.ndarray,
    pairs: list[tuple[int, int]],
    *,
    measure: str = "value",
    distance: float = 1.0,
    gradient_unit: float = 1.0,
) -> ConicProblem:
    """The multiplier problem. Variables: one multiplier for each pair, then the rate tau.

    `measure` "value" bounds f_N by tau |x_0 - x_*|^2, "gradient" bounds |g_N|^2 by tau f_0. `distance` and
    `gradient_unit` change the units of the rows of the residual (a congruence) without changing the optimum.
    """
    steps = np.asarray(steps, dtype=float)
    count = steps.size
    order, star = count + 2, count + 1
    generators = np.zeros((order, 2 * (count + 1) + 2))
    for i in range(count + 1):
        generators[0, i] = 1.0
        generators[1 : 1 + i, i] = -steps[:i]
        generators[1 + i, count + 2 + i] = 1.0
    generators[0] *= distance
    generators[1:] *= gradient_unit
    point = np.array([*range(count + 1), 2 * count + 3])
    gradient = np.array([*range(count + 2, 2 * count + 3), 2 * count + 3])  # the last column is zero
    i, j = np.array(pairs).T
    index = np.arange(len(pairs))
    tau = len(pairs)
    # S = (normaliser) tau - (measure) - sum lambda Q, quadratic part.
    terms = [
        (index, gradient[j], point[i], np.ones(tau)),
        (index, gradient[j], point[j], -np.ones(tau)),
        (index, gradient[i], gradient[i], np.full(tau, 0.5)),
        (index, gradient[j], gradient[j], np.full(tau, 0.5)),
        (index, gradient[i], gradient[j], -np.ones(tau)),
    ]
    equality = np.zeros((count + 1, tau + 1))
    for row, sign in ((i, -1.0), (j, 1.0)):
        inside = row != star
        np.add.at(equality, (row[inside], index[inside]), sign)
    rhs = np.zeros(count + 1)
    if measure == "value":
        terms.append((np.array([tau]), np.array([0]), np.array([0]), np.ones(1)))
        rhs[count] = 1.0
    else:
        last = np.array([gradient[count]])
        terms.append((np.array([-1]), last, last, -np.ones(1)))
        equality[0, tau] = 1.0
    variable, left, right, value = (np.concatenate(parts) for parts in zip(*terms, strict=True))
    objective = np.zeros(tau + 1)
    objective[tau] = 1.0
    nonnegative = np.ones(tau + 1, dtype=bool)
    nonnegative[tau] = False
    block = MatrixBlock(generators, variable, left, right, value)
    return ConicProblem(objective, sparse.csr_matrix(equality), rhs, nonnegative, (block,))
