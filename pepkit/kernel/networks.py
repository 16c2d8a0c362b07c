"""Exact piecewise-linear networks: affine layers over Q and activations max(y, s*y).

A network maps x = z_0 to z_K, where y_k = W_k z_(k-1) + b_k and, componentwise,

    z_k = max(y_k, s_k * y_k),      0 <= s_k <= 1,      k = 1..K.

s = 0 is the rectifier, 0 < s < 1 the leaky rectifier, and s = 1 the identity, which lets a neuron carry a
value past a layer (residual connections, concatenation). The last layer may have no activation; then z_K = y_K.
Every floating-point weight is a rational number, so a trained network is such a function exactly; what a
processor computes in rounded arithmetic is another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_mat, fmpz

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.numbers import common_denominator

__all__ = [
    "MAX_LAYERS",
    "MAX_PARAMETERS",
    "MAX_WIDTH",
    "Box",
    "Layer",
    "Network",
    "activate",
    "integer_vector",
    "row_blocks",
]

MAX_WIDTH = 20_000
"""Largest number of neurons or inputs of one layer."""
MAX_PARAMETERS = 4_000_000
"""Largest number of weights of a network."""
MAX_SUBSTITUTED = 100_000_000
"""Largest number of neurons of a layer times width of the widest layer before it, where forms are substituted."""
MAX_LAYERS = 1000
"""Largest number of layers of a network: most proofs take time that grows with its square."""

ZERO = fmpq(0)
ONE = fmpq(1)

Vector = tuple[fmpq, ...]


def _vector(values: Sequence[Any], what: str) -> Vector:
    result = []
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool):
            value = fmpq(value)
        if not isinstance(value, fmpq):
            raise ClaimError(f"{what} holds {value!r}, which is not an exact rational number")
        result.append(value)
    return tuple(result)


def activate(value: Any, slope: Any) -> Any:
    """max(y, s*y) for 0 <= s <= 1."""
    return value if value >= 0 else slope * value


def row_blocks(rows: Sequence[int], columns: int) -> Iterator[Sequence[int]]:
    """The rows in order, in blocks that have at most `MAX_PARAMETERS` entries with this number of columns.

    Substitution turns a row of a layer into one of the inputs. Between wide layers all rows at once would need more
    memory than a machine has, and flint ends the process then. ClaimError for more than `MAX_SUBSTITUTED` entries.
    """
    if len(rows) * columns > MAX_SUBSTITUTED:
        raise ClaimError(f"the forms of the neurons of a layer have more than {MAX_SUBSTITUTED} coefficients")
    size = max(MAX_PARAMETERS // columns, 1)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def integer_vector(values: Sequence[fmpq]) -> tuple[fmpz, ...]:
    """The values times the least positive integer that makes all of them integers."""
    factor = common_denominator(values)
    return tuple((value * factor).p for value in values)


@dataclass(frozen=True)
class Layer:
    """y = weights z + bias, followed by max(y, slopes*y) unless `slopes` is None (the last layer).

    Parameters
    ----------
    weights
        Rows of the weight matrix, all of the same positive length.
    bias
        One number for each row.
    slopes
        Slopes of the activation for negative arguments, in [0, 1], one for each row; None for no activation.
    """

    weights: tuple[Vector, ...]
    bias: Vector
    slopes: Vector | None = None

    def __post_init__(self) -> None:
        rows = tuple(_vector(row, "a weight matrix") for row in self.weights)
        if not rows or not rows[0]:
            raise ClaimError("a layer has no neurons or no inputs")
        if any(len(row) != len(rows[0]) for row in rows):
            raise ClaimError("the rows of a weight matrix differ in length")
        if max(len(rows), len(rows[0])) > MAX_WIDTH:
            raise ClaimError(f"a layer is wider than the limit of {MAX_WIDTH}")
        bias = _vector(self.bias, "a bias")
        if len(bias) != len(rows):
            raise ClaimError(f"a layer of {len(rows)} neurons has {len(bias)} biases")
        object.__setattr__(self, "weights", rows)
        object.__setattr__(self, "bias", bias)
        if self.slopes is not None:
            slopes = _vector(self.slopes, "the slopes of an activation")
            if len(slopes) != len(rows):
                raise ClaimError(f"a layer of {len(rows)} neurons has {len(slopes)} activation slopes")
            if any(s < 0 or s > 1 for s in slopes):
                raise ClaimError("the slope of an activation for negative arguments lies outside [0, 1]")
            object.__setattr__(self, "slopes", slopes)

    @property
    def inputs(self) -> int:
        """Number of columns."""
        return len(self.weights[0])

    @property
    def outputs(self) -> int:
        """Number of rows."""
        return len(self.weights)

    @cached_property
    def matrix(self) -> Any:
        """The weights as a flint matrix."""
        return fmpq_mat(self.outputs, self.inputs, [a for row in self.weights for a in row])

    @cached_property
    def column(self) -> Any:
        """The bias as a flint matrix with one column."""
        return fmpq_mat(self.outputs, 1, list(self.bias))

    @property
    def has_bias(self) -> bool:
        """Whether some bias is not zero."""
        return any(self.bias)

    @property
    def increasing(self) -> tuple[int, ...]:
        """The neurons whose activation is strictly increasing: s > 0, or no activation."""
        if self.slopes is None:
            return tuple(range(self.outputs))
        return tuple(j for j, s in enumerate(self.slopes) if s)

    @cached_property
    def integer_rows(self) -> tuple[tuple[fmpz, ...], ...]:
        """(w_j, b_j) for every neuron, each times its own positive integer: inputs + 1 integers a row."""
        return tuple(integer_vector((*row, b)) for row, b in zip(self.weights, self.bias, strict=True))

    def argument(self, point: Sequence[fmpq]) -> Vector:
        """The exact y = weights z + bias."""
        return tuple((self.matrix * fmpq_mat(self.inputs, 1, list(point)) + self.column).entries())

    def __call__(self, point: Sequence[fmpq]) -> Vector:
        """The exact max(y, slopes*y), or y without an activation."""
        values = self.argument(point)
        if self.slopes is None:
            return values
        return tuple(activate(y, s) for y, s in zip(values, self.slopes, strict=True))


@dataclass(frozen=True)
class Network:
    """Layers in order; all but the last have an activation, and the last may have one.

    Raises
    ------
    ClaimError
        No layers, widths that do not fit, or a missing activation before the last layer.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ClaimError("a network has at least one layer")
        if len(self.layers) > MAX_LAYERS:
            raise ClaimError(f"a network has {len(self.layers)} layers, more than the limit of {MAX_LAYERS}")
        for k, layer in enumerate(self.layers):
            if k and layer.inputs != self.layers[k - 1].outputs:
                raise ClaimError(
                    f"layer {k} expects {layer.inputs} inputs, layer {k - 1} has {self.layers[k - 1].outputs} outputs"
                )
            if layer.slopes is None and k < len(self.layers) - 1:
                raise ClaimError("every layer but the last has an activation (slopes of 1 for the identity)")
        if sum(layer.inputs * layer.outputs for layer in self.layers) > MAX_PARAMETERS:
            raise ClaimError(f"a network has more than {MAX_PARAMETERS} weights")

    @property
    def inputs(self) -> int:
        """Dimension of x."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """Dimension of f(x)."""
        return self.layers[-1].outputs

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """All layers but the last."""
        return self.layers[:-1]

    @property
    def ends_affinely(self) -> bool:
        """Whether the last layer has no activation."""
        return self.layers[-1].slopes is None

    def with_affine_end(self) -> Network:
        """The same function with an affine last layer: the identity is appended to a last activation."""
        if self.ends_affinely:
            return self
        unit = tuple(tuple(ONE if i == j else ZERO for j in range(self.outputs)) for i in range(self.outputs))
        return Network((*self.layers, Layer(unit, (ZERO,) * self.outputs)))

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, hidden widths, outputs."""
        return (self.inputs, *(layer.outputs for layer in self.layers))

    def preactivations(self, point: Sequence[Any]) -> list[Vector]:
        """The exact y_1, .., y_K at an input."""
        current = _vector(point, "an input")
        if len(current) != self.inputs:
            raise ClaimError(f"the network has {self.inputs} inputs, the point {len(current)} coordinates")
        values = []
        for layer in self.layers:
            values.append(layer.argument(current))
            current = values[-1]
            if layer.slopes is not None:
                current = tuple(activate(y, s) for y, s in zip(current, layer.slopes, strict=True))
        return values

    def __call__(self, point: Sequence[Any]) -> Vector:
        """The exact value f(x) = z_K."""
        last = self.preactivations(point)[-1]
        slopes = self.layers[-1].slopes
        return last if slopes is None else tuple(activate(y, s) for y, s in zip(last, slopes, strict=True))

    def __str__(self) -> str:
        return "-".join(str(width) for width in self.widths)


@dataclass(frozen=True)
class Box:
    """The inputs x with lower <= x <= upper in every coordinate. ClaimError if it is empty."""

    lower: Vector
    upper: Vector

    def __post_init__(self) -> None:
        lower, upper = _vector(self.lower, "a box"), _vector(self.upper, "a box")
        if len(lower) != len(upper):
            raise ClaimError(f"a box has {len(lower)} lower and {len(upper)} upper limits")
        for i, (a, b) in enumerate(zip(lower, upper, strict=True)):
            if a > b:
                raise ClaimError(f"the box is empty: coordinate {i} has lower limit {a} above upper limit {b}")
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)

    def __contains__(self, point: Sequence[Any]) -> bool:
        return len(point) == len(self.lower) and all(
            a <= x <= b for a, x, b in zip(self.lower, point, self.upper, strict=True)
        )

    def halves(self, coordinate: int, value: Any) -> tuple[Box, Box]:
        """The parts with x_i <= value and x_i >= value; ClaimError if the cut misses the box."""
        if not 0 <= coordinate < len(self.lower):
            raise ClaimError(f"the box has no coordinate {coordinate}")
        upper, lower = list(self.upper), list(self.lower)
        upper[coordinate] = lower[coordinate] = value
        return Box(self.lower, tuple(upper)), Box(tuple(lower), self.upper)
