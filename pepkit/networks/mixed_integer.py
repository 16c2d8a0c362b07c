"""Exact maxima of small networks by mixed-integer programming, in doubles: a yardstick, not a proof."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.model import FloatNetwork
from pepkit.networks.relaxations import bounds

__all__ = ["integer_maximum"]


def integer_maximum(
    net: FloatNetwork, low: np.ndarray, high: np.ndarray, row: np.ndarray, *, time_limit: float = 60.0
) -> float:
    """max of row . f over the box [low, high], to the accuracy of the solver (about 1e-6).

    One binary variable for each unstable neuron, limits from CROWN (Tjeng, Xiao, Tedrake 2019). Raises
    NetworkSearchError where the solver does not finish in `time_limit` seconds.
    """
    hidden = bounds(net, low, high, "crown").hidden
    sizes = [len(bias) for bias in net.biases[:-1]]
    starts = np.cumsum([0, len(low), *(3 * n for n in sizes)])
    total = int(starts[-1])
    lower, upper = np.full(total, -np.inf), np.full(total, np.inf)
    lower[: len(low)], upper[: len(low)] = low, high
    integral = np.zeros(total)
    rows: list[sparse.lil_matrix] = []
    lows: list[np.ndarray] = []
    highs: list[np.ndarray] = []
    before = np.arange(len(low))
    for k, n in enumerate(sizes):
        y, z, on = (np.arange(starts[k + 1] + i * n, starts[k + 1] + (i + 1) * n) for i in range(3))
        l, u = hidden[k]  # noqa: E741
        s = net.slopes[k]
        slack = np.minimum(l, 0.0), np.maximum(u, 0.0)
        lower[on], upper[on], integral[on] = (l >= 0).astype(float), (u > 0).astype(float), 1
        eye = sparse.identity(n)
        for terms, a, b in (
            (((y, eye), (before, -sparse.csr_matrix(net.weights[k]))), net.biases[k], net.biases[k]),
            (((z, eye), (y, -eye)), np.zeros(n), np.inf),
            (((z, eye), (y, sparse.diags(-s))), np.zeros(n), np.inf),
            # on = 1: z <= y; on = 0: z <= s*y
            (((z, eye), (y, -eye), (on, sparse.diags(-(1 - s) * slack[0]))), -np.inf, -(1 - s) * slack[0]),
            (((z, eye), (y, sparse.diags(-s)), (on, sparse.diags(-(1 - s) * slack[1]))), -np.inf, np.zeros(n)),
        ):
            matrix = sparse.lil_matrix((n, total))
            for columns, part in terms:
                matrix[:, columns] = part
            rows.append(matrix)
            lows.append(np.broadcast_to(a, n))
            highs.append(np.broadcast_to(b, n))
        before = z
    cost = np.zeros(total)
    cost[before] -= row @ net.weights[-1]
    constraints = []
    if rows:
        matrix = sparse.vstack(rows).tocsr()
        constraints = [LinearConstraint(matrix, np.concatenate(lows), np.concatenate(highs))]
    answer = milp(
        cost,
        integrality=integral,
        bounds=Bounds(lower, upper),
        constraints=constraints,
        options={"time_limit": time_limit, "mip_rel_gap": 1e-9},
    )
    if answer.status != 0:
        raise NetworkSearchError(f"the mixed-integer program was not solved: {answer.message}")
    return float(-answer.fun + row @ net.biases[-1])
