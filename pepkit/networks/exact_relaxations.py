"""From slopes in doubles to relaxations that the kernel proves.

Slopes are rounded to dyadic rationals; the bounds that they give are then computed exactly and rounded outwards, so
every relaxation made here is provable however bad the slopes are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from pepkit.kernel.network_relaxation import INTERVAL, Cell, LayerBounds, Lines, Relaxation, VerifiedRelaxation
from pepkit.kernel.networks import ONE, Network, Vector
from pepkit.networks.model import FloatNetwork, to_floats
from pepkit.networks.relaxations import Method, SlopeRule
from pepkit.networks.triangle import TriangleProgram, TriangleSolution

__all__ = ["BOUND_BITS", "SLOPE_BITS", "RelaxationBuilder", "dyadic", "rounded_up"]

SLOPE_BITS = 32
"""Fractional bits of slopes."""
BOUND_BITS = 48
"""Significant bits of claimed bounds that are not short by themselves."""
SHORT = 64
"""Exact bounds whose numerator and denominator fit in this many bits are kept as they are."""

Progress = Callable[[str, str], None]


def dyadic(value: float, bits: int = SLOPE_BITS) -> fmpq:
    """The nearest multiple of 2**-bits."""
    return fmpq(round(value * (1 << bits)), 1 << bits)


def rounded_up(value: fmpq) -> fmpq:
    """A rational >= value with about `BOUND_BITS` significant bits, or the value itself if it is short."""
    p, q = int(value.p), int(value.q)
    if p.bit_length() <= SHORT and q.bit_length() <= SHORT:
        return value
    shift = BOUND_BITS - (p.bit_length() - q.bit_length())
    if shift >= 0:
        return fmpq(-((-p << shift) // q), 1 << shift)
    return fmpq(-(-p // (q << -shift)) << -shift)


class RelaxationBuilder:
    """Builds a `Relaxation` layer by layer on one cell; `relaxation` is provable at every stage."""

    def __init__(self, network: Network, net: FloatNetwork, cell: Cell, chosen: Method) -> None:
        self.network, self.net, self.cell, self.method = network, net, cell, chosen
        self.tables: list[Lines] = []
        self.layers: list[LayerBounds] = []
        self._shared: list[tuple[np.ndarray, np.ndarray]] = []
        self._low, self._high = to_floats(cell.box.lower), to_floats(cell.box.upper)
        self._state = VerifiedRelaxation(network, cell, ())

    @property
    def relaxation(self) -> Relaxation:
        """What has been built."""
        return Relaxation(tuple(self.tables), tuple(self.layers))

    @property
    def bounds(self) -> list[tuple[Vector, Vector]]:
        """Proved bounds of the hidden layers, tightened by the signs of the cell."""
        return self._state.bounds

    def float_bounds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The same in doubles."""
        return [(to_floats(low), to_floats(high)) for low, high in self._state.bounds]

    def build(self, progress: Progress | None = None) -> RelaxationBuilder:
        """Bounds of every hidden layer. Raises `EmptyCell` where the cell turns out to be empty."""
        for k in range(len(self.network.hidden)):
            if progress is not None:
                progress("relax", f"hidden layer {k + 1} of {len(self.network.hidden)}")
            self._add_layer(k)
        return self

    def _add_layer(self, k: int) -> None:
        size = self.network.layers[k].outputs
        index = INTERVAL if k == 0 or self.method.interval_inside else self._table(self._shared)
        upper = self._both_sides(k, index)
        lower_lines, upper_lines = [index] * size, [index] * size
        if self.method.optimised == "all" and k > 0:
            self._optimise_layer(k, upper, lower_lines, upper_lines)
        values = [rounded_up(value) for value in upper]
        high, low = tuple(values[:size]), tuple(-value for value in values[size:])
        self.layers.append(LayerBounds(low, high, tuple(lower_lines), tuple(upper_lines)))
        self._state.install(k, low, high)
        self._shared.append(self._slopes(k))

    def _both_sides(self, k: int, index: int) -> list[Any]:
        """Exact bounds of y (first half) and -y (second half)."""
        size = self.network.layers[k].outputs
        flat = [fmpq(0)] * (2 * size * size)
        for j in range(size):
            flat[j * size + j] = ONE
            flat[(size + j) * size + j] = -ONE
        return self._state.upper_bounds(k, fmpq_mat(2 * size, size, flat), index)

    def _slopes(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the unstable neurons of layer k by the rule of the method."""
        low, high = self._state.bounds[k]
        chosen = [j for j in range(len(low)) if low[j] < 0 < high[j]]
        rule: SlopeRule | None = self.method.lines
        if rule is None:
            return np.zeros(len(chosen)), np.zeros(len(chosen))
        # slopes depend on the ratio of the bounds only; as parts of the width they fit into doubles whatever their size
        l = to_floats([low[j] / (high[j] - low[j]) for j in chosen])  # noqa: E741
        u = to_floats([high[j] / (high[j] - low[j]) for j in chosen])
        return rule(l, u, self.net.slopes[k][chosen])

    def _table(
        self, slopes: Sequence[tuple[np.ndarray, np.ndarray]], limits: Sequence[tuple[int, int, float]] = ()
    ) -> int:
        """The index of a table with these slopes (layers from the first on), made if it is new."""
        table = Lines(
            tuple(tuple(dyadic(a) for a in below) for below, _ in slopes),
            tuple(tuple(dyadic(a) for a in above) for _, above in slopes),
            tuple((k, j, dyadic(m)) for k, j, m in limits if dyadic(m)),
        )
        for index, known in enumerate(self.tables):
            if known == table:
                return index
        self.tables.append(table)
        self._state.lines = tuple(self.tables)
        return len(self.tables) - 1

    def _program(self, k: int) -> TriangleProgram:
        return TriangleProgram(self.net, k, self._low, self._high, self.float_bounds(), self.cell.signs)

    def _optimised_table(self, solution: TriangleSolution) -> int:
        slopes = [(below, above) for below, (_, above) in zip(solution.below, self._shared, strict=False)]
        return self._table(slopes, solution.limits)

    def _optimise_layer(self, k: int, upper: list[Any], lower_lines: list[int], upper_lines: list[int]) -> None:
        """Improve bounds of the neurons that are not known to be stable by linear programming duals."""
        size = self.network.layers[k].outputs
        program = self._program(k)
        for j in range(size):
            if upper[j] <= 0 or upper[size + j] <= 0:
                continue
            for position, sign, indices in ((j, 1.0, upper_lines), (size + j, -1.0, lower_lines)):
                row = np.zeros(size)
                row[j] = sign
                solution = program.maximise(row)
                if solution is None or not np.isfinite(solution.value):
                    continue
                index = self._optimised_table(solution)
                exact_row = fmpq_mat(1, size, [fmpq(int(a)) for a in row])
                value = self._state.upper_bounds(k, exact_row, index)[0]
                if value < upper[position]:
                    upper[position], indices[j] = value, index

    def output_lines(self, row: np.ndarray, inputs: np.ndarray | None = None) -> Iterator[int]:
        """Indices of lines that may bound row . f + inputs . x well, the plain ones first."""
        k = len(self.network.layers) - 1
        if k == 0 or self.method.lines is None:
            yield INTERVAL
            return
        yield self._table(self._shared)
        if self.method.optimised or self.cell.signs:
            solution = self._program(k).maximise(row, inputs)
            if solution is not None:
                yield self._optimised_table(solution)

    def empty_lines(self) -> int | None:
        """Index of lines that show the cell to be empty, if linear programming finds some."""
        if not self.cell.signs or self.method.lines is None:
            return None
        solution = self._program(len(self.network.layers) - 1).excludes()
        return None if solution is None else self._optimised_table(solution)

    def upper_bound(self, rows: Any, index: int, inputs: Any = None) -> Any:
        """The exact bound of one form (1 x n flint matrix) of the output by the lines with this index."""
        return self._state.upper_bounds(len(self.network.layers) - 1, rows, index, inputs)[0]
