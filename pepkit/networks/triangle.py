"""The triangle relaxation as a linear program, and the slopes that its duals give.

With bounds [l, u] of every hidden neuron fixed, the optimum of the triangle relaxation is the best bound that lines
and limits can prove (Salman et al. 2019). The duals name them: below an unstable neuron, multipliers p of z >= s*y and
q of z >= y give the slope a = (p s + q)/(p + q). Where the multiplier r of the chord is positive too, min(r, p + q)
times (chord - a y) is left over: a linear form that is non-negative on [l, u], hence at least its slope times y - l or
y - u.
Known signs of neurons are constraints with multipliers of their own.
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
    """Value, slopes below the unstable neurons of each layer, multipliers of limits (see `Lines`), an input."""

    value: float
    below: tuple[np.ndarray, ...]
    limits: tuple[tuple[int, int, float], ...]
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
        total = int(self.offsets[-1]) + 1
        variable_low, variable_high = np.full(total, -np.inf), np.full(total, np.inf)
        variable_low[: len(low)], variable_high[: len(low)] = low, high
        equalities: list[Any] = []
        values: list[np.ndarray] = []
        inequalities: list[Any] = []
        limits: list[np.ndarray] = []
        self._rows: list[tuple[np.ndarray, int]] = []
        self._chords: list[np.ndarray] = []
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
            # a power of two brings the bounds near one, where differences neither overflow nor vanish
            power = -np.frexp(np.maximum(u[unstable], -l[unstable]))[1]
            scaled_low, scaled_high = np.ldexp(l[unstable], power), np.ldexp(u[unstable], power)
            chord = (scaled_high - s[unstable] * scaled_low) / (scaled_high - scaled_low)
            inequalities += [
                _pairs(total, z[unstable], -ones, y[unstable], s[unstable]),
                _pairs(total, z[unstable], -ones, y[unstable], ones),
                _pairs(total, z[unstable], ones, y[unstable], -chord),
            ]
            limits += [0 * ones, 0 * ones, (s[unstable] - chord) * l[unstable]]
            self._rows.append((unstable, count))
            self._chords.append(chord)
            count += 3 * len(unstable)
        # known signs are the last rows; they share a violation, the last variable, which is zero but in `excludes`
        self._known = sorted((at, j, sign) for (at, j), sign in self.signs.items() if at < k)
        if self._known:
            places = np.array([int(self.offsets[at]) + j for at, j, _ in self._known])
            factors = np.array([-float(sign) for _, _, sign in self._known])
            violation = np.full(len(places), total - 1)
            inequalities.append(_pairs(total, places, factors, violation, -np.ones(len(places))))
            limits.append(np.zeros(len(places)))
        variable_low[-1] = variable_high[-1] = 0.0
        self._equalities = sparse.vstack(equalities).tocsr() if equalities else None
        self._values = np.concatenate(values) if values else None
        self._inequalities = sparse.vstack(inequalities).tocsr() if inequalities else None
        self._limits = np.concatenate(limits) if limits else None
        self._variable_bounds = np.stack([variable_low, variable_high], axis=1)

    def maximise(self, row: np.ndarray, inputs: np.ndarray | None = None) -> TriangleSolution | None:
        """max of row . y_k + inputs . x; None where the solver fails or the polytope is empty."""
        cost = np.zeros(len(self._variable_bounds))
        end = len(cost) - 1
        cost[end - self.net.weights[self.k].shape[1] : end] -= row @ self.net.weights[self.k]
        if inputs is not None:
            cost[: len(inputs)] -= inputs
        constant = float(row @ self.net.biases[self.k])
        return self._solve(cost, self._variable_bounds, constant)

    def excludes(self) -> TriangleSolution | None:
        """Multipliers of the known signs that show the polytope to be empty, with a negative value; None if none do."""
        if not self._known:
            return None
        cost = np.zeros(len(self._variable_bounds))
        cost[-1] = 1.0
        bounds = self._variable_bounds.copy()
        bounds[-1, 1] = np.inf
        solution = self._solve(cost, bounds, 0.0)
        return solution if solution is not None and solution.value < 0 else None

    def _solve(self, cost: np.ndarray, bounds: np.ndarray, constant: float) -> TriangleSolution | None:
        parts = [
            cost,
            self._limits,
            self._values,
            *(m.data for m in (self._inequalities, self._equalities) if m is not None),
        ]
        if not all(np.all(np.isfinite(part)) for part in parts if part is not None):
            return None
        try:
            with np.errstate(all="ignore"):
                answer = linprog(
                    cost,
                    A_ub=self._inequalities, b_ub=self._limits, A_eq=self._equalities, b_eq=self._values,
                    bounds=bounds, method="highs",
                )  # fmt: skip
        except (ValueError, ArithmeticError):
            # numbers that the solver does not take; the plain lines remain
            return None
        if answer.status != 0 or not np.all(np.isfinite(answer.ineqlin.marginals)) or not np.all(np.isfinite(answer.x)):
            return None
        marginals = -answer.ineqlin.marginals
        below = []
        limits: dict[tuple[int, int], float] = {}
        for i, (unstable, start) in enumerate(self._rows):
            n = len(unstable)
            s = self.net.slopes[i][unstable]
            p, q, r = (marginals[start + part * n : start + (part + 1) * n] for part in range(3))
            weight = p + q
            with np.errstate(invalid="ignore", divide="ignore"):
                slope = np.clip(np.where(weight > 1e-12, (p * s + q) / weight, 1.0), s, 1.0)
            below.append(slope)
            rest = np.minimum(r, weight) * (self._chords[i] - slope)
            for j, value in zip(unstable, rest, strict=True):
                limits[(i, int(j))] = float(value)
        first = len(marginals) - len(self._known)
        for (at, j, sign), value in zip(self._known, marginals[first:], strict=True):
            limits[(at, j)] = limits.get((at, j), 0.0) + sign * float(value)
        listed = tuple((i, j, m) for (i, j), m in sorted(limits.items()) if m)
        point = answer.x[: int(self.offsets[0])]
        return TriangleSolution(constant - float(answer.fun), tuple(below), listed, point)


def _pairs(total: int, first: Any, first_values: Any, second: Any, second_values: Any) -> Any:
    """A sparse matrix whose row t has two entries."""
    rows = np.arange(len(first))
    return sparse.csr_matrix(
        (np.concatenate([first_values, second_values]), (np.tile(rows, 2), np.concatenate([first, second]))),
        shape=(len(first), total),
    )
