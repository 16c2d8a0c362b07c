"""Linear relaxations of networks, evaluated exactly: the one rule behind interval to triangle bounds.

On a neuron whose argument y is known to lie in [l, u] with l < 0 < u, the convex function act(y) = max(y, s*y)
lies between two lines of any slopes:

    a*y + min over [l, u] of (act(y) - a*y)   <=   act(y)   <=   c*y + max over [l, u] of (act(y) - c*y).

On other neurons act is linear on [l, u] and nothing is lost. A linear form of a layer is bounded by replacing
each activation by the line that its coefficient asks for, layer by layer down to the input box. The slopes are
free, so they are data of a proof, and the intercepts are computed here; a wrong slope gives a weak bound, never a
false one. All relaxations of one neuron are cases of this rule: slopes 0 for intervals, u/(u-l) on both sides for
zonotopes, 0 or 1 below for CROWN, slopes from linear programming duals for the triangle relaxation.

The proved limits y >= l and y <= u may be added to a form as inequalities with non-negative multipliers. Inside a cell
of a case distinction the argument of a neuron has a known sign, which tightens its limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq, fmpq_mat

from pepkit.kernel.errors import CertificateError, FormatError
from pepkit.kernel.networks import ONE, ZERO, Box, Network, Vector, activate, row_blocks

__all__ = ["INTERVAL", "Cell", "EmptyCell", "LayerBounds", "Lines", "Relaxation"]

INTERVAL = -1
"""The index that stands for interval arithmetic from the layer before, in place of a table of lines."""

Bounds = tuple[Vector, Vector]


class EmptyCell(Exception):
    """Bounds of a neuron contradict each other, so no input lies in the cell: no error, the case is settled."""


@dataclass(frozen=True)
class Cell:
    """Inputs in a box at which the arguments of some neurons have a known sign.

    `signs` maps (hidden layer, neuron) to +1 (argument >= 0) or -1 (argument <= 0).
    """

    box: Box
    signs: Mapping[tuple[int, int], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Lines:
    """Slopes of the lines of the unstable neurons, by hidden layer and in order, and multipliers of limits.

    Parameters
    ----------
    lower, upper
        For each hidden layer that is substituted, slopes of the line below and above every unstable neuron.
    limits
        (hidden layer, neuron, multiplier): a positive multiplier adds the limit y >= l, a negative one y <= u.
    """

    lower: tuple[Vector, ...]
    upper: tuple[Vector, ...]
    limits: tuple[tuple[int, int, fmpq], ...] = ()


@dataclass(frozen=True)
class LayerBounds:
    """Claimed bounds of the arguments of one hidden layer, and the index of the lines that prove each of them."""

    lower: Vector
    upper: Vector
    lower_lines: tuple[int, ...]
    upper_lines: tuple[int, ...]


@dataclass(frozen=True)
class Relaxation:
    """Tables of lines and the bounds of every hidden layer that they prove."""

    lines: tuple[Lines, ...]
    layers: tuple[LayerBounds, ...]

    def verify(self, network: Network, cell: Cell) -> VerifiedRelaxation:
        """Prove every claimed bound. CertificateError names the first that does not hold.

        Raises `EmptyCell` where the bounds show that the cell has no inputs.
        """
        verified = VerifiedRelaxation(network, cell, self.lines)
        for k, claimed in enumerate(self.layers[: len(network.hidden)]):
            verified.add_layer(k, claimed)
        # only an empty cell, which `add_layer` reports, needs fewer layers
        if len(self.layers) != len(network.hidden):
            raise FormatError(f"{len(self.layers)} layers of bounds for {len(network.hidden)} hidden layers")
        return verified


class VerifiedRelaxation:
    """Proved bounds of the first hidden layers of a network on a cell, and bounds of linear forms from them."""

    def __init__(self, network: Network, cell: Cell, lines: tuple[Lines, ...]) -> None:
        self.network = network
        self.cell = cell
        self.lines = lines
        self.bounds: list[Bounds] = []
        self._unstable: list[dict[int, int]] = []
        self._intercepts: dict[tuple[int, int], list[tuple[Any, Any, Any, Any]]] = {}

    def add_layer(self, k: int, claimed: LayerBounds) -> None:
        """Prove the claimed bounds of hidden layer k from those of the layers before."""
        layer = self.network.layers[k]
        size = layer.outputs
        parts = (claimed.lower, claimed.upper, claimed.lower_lines, claimed.upper_lines)
        if any(len(part) != size for part in parts):
            raise FormatError(f"the bounds of hidden layer {k} do not fit its {size} neurons")
        for side, values, indices, sign in (
            ("upper", claimed.upper, claimed.upper_lines, ONE),
            ("lower", claimed.lower, claimed.lower_lines, -ONE),
        ):
            for index in sorted(set(indices)):
                rows = [j for j in range(size) if indices[j] == index]
                for j, value in zip(rows, self._neuron_bounds(k, rows, sign, index), strict=True):
                    if sign * values[j] < value:
                        raise CertificateError(
                            f"the {side} bound of neuron {j} of hidden layer {k} is not proved: the lines give "
                            f"{sign * value} only"
                        )
        self.install(k, claimed.lower, claimed.upper)

    def install(self, k: int, claimed_lower: Vector, claimed_upper: Vector) -> None:
        """Use bounds of hidden layer k from here on, tightened by the signs of the cell.

        Proves nothing: `add_layer` calls it for what it has proved, a search for what it has computed.
        """
        size = len(claimed_lower)
        lower, upper = list(claimed_lower), list(claimed_upper)
        for (at, j), sign in self.cell.signs.items():
            if at == k and sign > 0:
                lower[j] = max(lower[j], ZERO)
            elif at == k:
                upper[j] = min(upper[j], ZERO)
        if any(a > b for a, b in zip(lower, upper, strict=True)):
            raise EmptyCell
        unstable = [j for j in range(size) if lower[j] < 0 < upper[j]]
        self._unstable.append({j: position for position, j in enumerate(unstable)})
        self.bounds.append((tuple(lower), tuple(upper)))

    def upper_bounds(self, k: int, rows: Any, index: int, inputs: Any = None) -> list[Any]:
        """Upper bounds on the cell of rows . y_k (+ inputs . x), k counted from 0, by the lines with this index."""
        layer = self.network.layers[k]
        return self._substituted(k, rows * layer.matrix, (rows * layer.column).entries(), index, inputs)

    def _neuron_bounds(self, k: int, rows: Sequence[int], sign: Any, index: int) -> Iterator[Any]:
        """Upper bounds of sign * y for these neurons of layer k."""
        layer = self.network.layers[k]
        for block in row_blocks(rows, max(self.network.widths[: k + 1])):
            weights = [sign * a for j in block for a in layer.weights[j]]
            constants = [sign * layer.bias[j] for j in block]
            yield from self._substituted(k, fmpq_mat(len(block), layer.inputs, weights), constants, index, None)

    def _substituted(self, k: int, coefficients: Any, constants: list[Any], index: int, inputs: Any) -> list[Any]:
        """Upper bounds of coefficients . z_(k-1) + constants (+ inputs . x)."""
        count = coefficients.nrows()
        if index == INTERVAL:
            low, high = self._outputs_before(k)
            return self._maximum(coefficients, constants, low, high, inputs)
        if not 0 <= index < len(self.lines):
            raise FormatError(f"there is no table of lines with index {index}")
        limits = self._limit_terms(index, k)
        for i in range(k - 1, -1, -1):
            below = self.network.layers[i]
            table = self._substitution(index, i)
            flat = coefficients.entries()
            size = below.outputs
            extra = limits.get(i, ())
            for t in range(count):
                base = t * size
                constant = constants[t]
                for j in range(size):
                    c = flat[base + j]
                    if c > 0:
                        slope, intercept = table[j][2], table[j][3]
                    elif c < 0:
                        slope, intercept = table[j][0], table[j][1]
                    else:
                        continue
                    flat[base + j] = c * slope
                    if intercept:
                        constant = constant + c * intercept
                for j, multiplier, limit in extra:
                    flat[base + j] = flat[base + j] + multiplier
                    constant = constant - multiplier * limit
                constants[t] = constant
            rows = fmpq_mat(count, size, flat)
            constants = [a + b for a, b in zip(constants, (rows * below.column).entries(), strict=True)]
            coefficients = rows * below.matrix
        return self._maximum(coefficients, constants, self.cell.box.lower, self.cell.box.upper, inputs)

    def _outputs_before(self, k: int) -> Bounds:
        if k == 0:
            return self.cell.box.lower, self.cell.box.upper
        slopes = self.network.layers[k - 1].slopes or ()
        low, high = self.bounds[k - 1]
        return (
            tuple(activate(y, s) for y, s in zip(low, slopes, strict=True)),
            tuple(activate(y, s) for y, s in zip(high, slopes, strict=True)),
        )

    def _maximum(self, coefficients: Any, constants: list[Any], low: Vector, high: Vector, inputs: Any) -> list[Any]:
        if inputs is not None:
            if len(low) != inputs.ncols() or low is not self.cell.box.lower:
                # interval arithmetic from a hidden layer: the form of the input is bounded on its own
                extra = self._maximum(inputs, [ZERO] * inputs.nrows(), self.cell.box.lower, self.cell.box.upper, None)
                constants = [a + b for a, b in zip(constants, extra, strict=True)]
            else:
                coefficients = coefficients + inputs
        count, size = coefficients.nrows(), coefficients.ncols()
        middle = fmpq_mat(size, 1, [(a + b) / 2 for a, b in zip(low, high, strict=True)])
        radius = fmpq_mat(size, 1, [(b - a) / 2 for a, b in zip(low, high, strict=True)])
        spread = fmpq_mat(count, size, [abs(a) for a in coefficients.entries()]) * radius
        total = (coefficients * middle + spread).entries()
        return [a + b for a, b in zip(total, constants, strict=True)]

    def _substitution(self, index: int, i: int) -> list[tuple[Any, Any, Any, Any]]:
        """(slope below, intercept below, slope above, intercept above) of every neuron of hidden layer i."""
        key = (index, i)
        if key in self._intercepts:
            return self._intercepts[key]
        lines, unstable = self.lines[index], self._unstable[i]
        if len(lines.lower) <= i or len(lines.upper) <= i:
            raise FormatError(f"the lines with index {index} do not reach down to hidden layer {i}")
        below, above = lines.lower[i], lines.upper[i]
        if len(below) != len(unstable) or len(above) != len(unstable):
            raise FormatError(
                f"the lines with index {index} list {len(below)} and {len(above)} slopes for the {len(unstable)} "
                f"unstable neurons of hidden layer {i}"
            )
        lower, upper = self.bounds[i]
        slopes = self.network.layers[i].slopes or ()
        table: list[tuple[Any, Any, Any, Any]] = []
        for j, s in enumerate(slopes):
            position = unstable.get(j)
            if position is None:
                slope = ONE if lower[j] >= 0 else s
                table.append((slope, ZERO, slope, ZERO))
                continue
            a, c = below[position], above[position]
            left, right = lower[j], upper[j]
            # act is convex: act - a*y is smallest at 0 or at an end, act - c*y largest at an end
            least = min((s - a) * left, (ONE - a) * right, ZERO)
            largest = max((s - c) * left, (ONE - c) * right)
            table.append((a, least, c, largest))
        self._intercepts[key] = table
        return table

    def _limit_terms(self, index: int, k: int) -> dict[int, list[tuple[int, Any, Any]]]:
        """(neuron, multiplier, limit) by hidden layer: multiplier * (y - limit) >= 0 on the cell."""
        terms: dict[int, list[tuple[int, Any, Any]]] = {}
        for at, j, multiplier in self.lines[index].limits:
            if at >= k:
                # lines made for a later layer may be used for an earlier one
                continue
            lower, upper = self.bounds[at]
            if not 0 <= j < len(lower):
                raise FormatError(f"there is no neuron {j} of hidden layer {at}")
            terms.setdefault(at, []).append((j, multiplier, lower[j] if multiplier > 0 else upper[j]))
        return terms
