"""The triangle relaxation as a linear program, and the slopes that its duals give.

With bounds [l, u] of every hidden neuron fixed, the optimum of the triangle relaxation is the best bound that lines
can prove (Salman et al. 2019). The duals name the lines: below an unstable neuron, multipliers p of z >= s*y and q of
z >= y give the slope (p s + q)/(p + q). Known signs of neurons are constraints with multipliers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from pepkit.networks.model import FloatNetwork

__all__ = ["TriangleProgram", "TriangleSolution"]

Bounds = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class TriangleSolution:
    """Value, slopes below the unstable neurons of each layer (one array per layer), sign multipliers, an input."""

    value: float
    below: tuple[np.ndarray, ...]
    signs: tuple[tuple[int, int, float], ...]
    point: np.ndarray


class TriangleProgram:
    """The polytope of the first k hidden layers, over which linear forms of y_k are maximised.

    Variables are x, then (y, z) of each hidden layer below k.
    """

    def __init__(
        self,
        net: FloatNetwork,
        k: int,
        low: np.ndarray,
        high: np.ndarray,
        hidden: Bounds,
        signs: Mapping[tuple[int, int], int] | None = None,
    ) -> None:
        self.net, self.k = net, k
        self.signs = {} if signs is None else dict(signs)
        sizes = [net.weights[i].shape[0] for i in range(k)]
        self.offsets = np.cumsum([len(low), *(2 * n for n in sizes)])
        total = int(self.offsets[-1])
        variable_low, variable_high = np.full(total, -np.inf), np.full(total, np.inf)
        variable_low[: len(low)], variable_high[: len(low)] = low, high
        equalities: list[Any] = []
        values: list[np.ndarray] = []
        inequalities: list[Any] = []
        limits: list[np.ndarray] = []
        self._rows: list[tuple[np.ndarray, int]] = []
        count = 0
        for i, n in enumerate(sizes):
            start = int(self.offsets[i])
            before = (0, len(low)) if i == 0 else (start - sizes[i - 1], start)
            y, z = np.arange(start, start + n), np.arange(start + n, start + 2 * n)
            definition = sparse.lil_matrix((n, total))
            definition[:, y] = sparse.identity(n)
            definition[:, before[0] : before[1]] = -net.weights[i]
            equalities.append(definition.tocsr())
            values.append(net.biases[i])
            l, u = hidden[i]  # noqa: E741
            s = net.slopes[i]
            unstable = np.flatnonzero((l < 0) & (u > 0))
            stable = np.flatnonzero(~((l < 0) & (u > 0)))
            factor = np.where(l >= 0, 1.0, s)
            equalities.append(_pairs(total, z[stable], np.ones(len(stable)), y[stable], -factor[stable]))
            values.append(np.zeros(len(stable)))
            ones = np.ones(len(unstable))
            chord = (u[unstable] - s[unstable] * l[unstable]) / (u[unstable] - l[unstable])
            inequalities += [
                _pairs(total, z[unstable], -ones, y[unstable], s[unstable]),
                _pairs(total, z[unstable], -ones, y[unstable], ones),
                _pairs(total, z[unstable], ones, y[unstable], -chord),
            ]
            limits += [0 * ones, 0 * ones, (s[unstable] - chord) * l[unstable]]
            self._rows.append((unstable, count))
            count += 3 * len(unstable)
            for (at, j), sign in self.signs.items():
                if at == i:
                    if sign > 0:
                        variable_low[y[j]] = 0.0
                    else:
                        variable_high[y[j]] = 0.0
        self._equalities = sparse.vstack(equalities).tocsr() if equalities else None
        self._values = np.concatenate(values) if values else None
        self._inequalities = sparse.vstack(inequalities).tocsr() if inequalities else None
        self._limits = np.concatenate(limits) if limits else None
        self._variable_bounds = np.stack([variable_low, variable_high], axis=1)

    def maximise(self, row: np.ndarray, inputs: np.ndarray | None = None) -> TriangleSolution | None:
        """max of row . y_k + inputs . x; None where the solver fails. An empty cell has the value -inf."""
        cost = np.zeros(int(self.offsets[-1]))
        last = len(self._variable_bounds) - (self.net.weights[self.k].shape[1])
        cost[last:] -= row @ self.net.weights[self.k]
        if inputs is not None:
            cost[: len(inputs)] -= inputs
        answer = linprog(
            cost,
            A_ub=self._inequalities, b_ub=self._limits, A_eq=self._equalities, b_eq=self._values,
            bounds=self._variable_bounds, method="highs",
        )  # fmt: skip
        if answer.status == 2:
            return self._solution(-np.inf, None, answer)
        if answer.status != 0:
            return None
        value = float(row @ self.net.biases[self.k]) - float(answer.fun)
        return self._solution(value, answer.ineqlin.marginals, answer)

    def _solution(self, value: float, marginals: np.ndarray | None, answer: Any) -> TriangleSolution:
        below = []
        for i, (unstable, start) in enumerate(self._rows):
            n = len(unstable)
            s = self.net.slopes[i][unstable]
            if marginals is None:
                below.append(np.ones(n))
                continue
            p, q = -marginals[start : start + n], -marginals[start + n : start + 2 * n]
            weight = p + q
            with np.errstate(invalid="ignore", divide="ignore"):
                below.append(np.clip(np.where(weight > 1e-12, (p * s + q) / weight, 1.0), s, 1.0))
        signs = []
        if marginals is not None:
            lower, upper = answer.lower.marginals, answer.upper.marginals
            for (i, j), sign in sorted(self.signs.items()):
                if i < self.k:
                    at = int(self.offsets[i]) + j
                    multiplier = float(lower[at]) if sign > 0 else float(-upper[at])
                    if multiplier > 1e-12:
                        signs.append((i, j, multiplier))
        point = answer.x[: int(self.offsets[0])] if answer.x is not None else np.zeros(int(self.offsets[0]))
        return TriangleSolution(value, tuple(below), tuple(signs), np.asarray(point))


def _pairs(total: int, first: Any, first_values: Any, second: Any, second_values: Any) -> Any:
    """A sparse matrix whose row t has two entries."""
    rows = np.arange(len(first))
    return sparse.csr_matrix(
        (np.concatenate([first_values, second_values]), (np.tile(rows, 2), np.concatenate([first, second]))),
        shape=(len(first), total),
    )
