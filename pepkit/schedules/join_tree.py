"""Recognising an s-composable schedule: the joins that it is built from, and the multipliers that follow.

A schedule [a, 1 + psi, b] of two basic s-composable schedules with sums A, B is their s-join exactly if
psi^2 + (alpha + beta) psi = alpha beta, alpha = A + 1, beta = B + 1 (Grimmer, Shu, Wang 2410.16249; Zhang, Jiang
2410.12395). The empty schedule is basic. With t = (alpha + psi)/(beta - psi), p the point before the joining step and
q the last one, the multipliers of P(h) >= 0 are those of a, (1 + 2t) times those of b, and

    t h_i on Q_pi and Q_qi (i in b, i < q),    t on Q_pq,    t psi on Q_qp;

then P(h) = sum lambda_ij Q_ij is an identity. All of it lies in the field of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pepkit.algebra import to_float
from pepkit.kernel import Field

__all__ = ["primitive_multipliers"]

Multipliers = dict[tuple[int, ...], Any]

_TOLERANCE = 1e-9
"""Relative error up to which a float equality is tried exactly."""


def primitive_multipliers(field: Field, steps: Sequence[Any]) -> Multipliers | None:
    """Multipliers that make P(h) = sum lambda Q, or None if the schedule is no tree of s-joins.

    `field` has to decide equality (Q or a number field).
    """
    return _Tree(field, steps).multipliers(0, len(steps))


class _Tree:
    """Sums of consecutive steps, and the first joining step of every consecutive part that has been asked for."""

    def __init__(self, field: Field, steps: Sequence[Any]) -> None:
        self.steps = list(steps)
        self.sums = [field.coerce(0)]
        for h in self.steps:
            self.sums.append(self.sums[-1] + h)
        self.floats = [to_float(field, value) for value in self.sums]
        self.known: dict[tuple[int, int], int | None] = {}

    def join(self, start: int, end: int) -> int | None:
        """Position of the joining step of steps[start:end]; None if there is none. -1 for the empty part."""
        key = (start, end)
        if key not in self.known:
            self.known[key] = -1 if start == end else self._find(start, end)
        return self.known[key]

    def _find(self, start: int, end: int) -> int | None:
        for p in range(start, end):
            alpha = self.floats[p] - self.floats[start] + 1
            beta = self.floats[end] - self.floats[p + 1] + 1
            psi = self.floats[p + 1] - self.floats[p] - 1
            if abs(psi * psi + (alpha + beta) * psi - alpha * beta) > _TOLERANCE * alpha * beta:
                continue
            a, b, c = self._exact(start, p, end)
            if c * c + (a + b) * c != a * b:
                continue
            if self.join(start, p) is not None and self.join(p + 1, end) is not None:
                return p
        return None

    def _exact(self, start: int, p: int, end: int) -> tuple[Any, Any, Any]:
        """alpha, beta, psi."""
        return (
            self.sums[p] - self.sums[start] + 1,
            self.sums[end] - self.sums[p + 1] + 1,
            self.steps[p] - 1,
        )

    def multipliers(self, start: int, end: int) -> Multipliers | None:
        """Multipliers of steps[start:end] with points counted from `start`."""
        split = self.join(start, end)
        if split is None:
            return None
        if split < 0:
            return {}
        alpha, beta, psi = self._exact(start, split, end)
        left, right = self.multipliers(start, split), self.multipliers(split + 1, end)
        if left is None or right is None:
            return None
        t = (alpha + psi) / (beta - psi)
        p, q = split - start, end - start
        result = dict(left)
        for (i, j), value in right.items():
            result[(i + p + 1, j + p + 1)] = (1 + 2 * t) * value
        for k in range(split + 1, end):
            weight = t * self.steps[k]
            for point in (p, q):
                index = (point, k - start)
                result[index] = result[index] + weight if index in result else weight
        for index, value in (((p, q), t), ((q, p), t * psi)):
            result[index] = result[index] + value if index in result else value
        return result
