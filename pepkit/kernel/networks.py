"""Exact piecewise-linear networks: affine layers over Q and activations max(y, s*y).

A network maps x = z_0 to y_K, where y_k = W_k z_(k-1) + b_k for k = 1..K and, componentwise for k < K,

    z_k = max(y_k, s_k * y_k),      0 <= s_k <= 1.

s = 0 is the rectifier, 0 < s < 1 the leaky rectifier, and s = 1 the identity, which lets a neuron carry a
value past a layer (residual connections, concatenation). Every floating-point weight is a rational number,
so a trained network is such a function exactly; what a processor computes in rounded arithmetic is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_mat

from pepkit.kernel.errors import ClaimError

__all__ = ["MAX_PARAMETERS", "MAX_WIDTH", "Box", "Layer", "Network", "activate"]

MAX_WIDTH = 20_000
"""Largest number of neurons or inputs of one layer."""
MAX_PARAMETERS = 4_000_000
"""Largest number of weights of a network."""

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
    def magnitudes(self) -> Any:
        """The absolute values of the weights as a flint matrix."""
        return fmpq_mat(self.outputs, self.inputs, [abs(a) for row in self.weights for a in row])

    @cached_property
    def column(self) -> Any:
        """The bias as a flint matrix with one column."""
        return fmpq_mat(self.outputs, 1, list(self.bias))


@dataclass(frozen=True)
class Network:
    """Layers in order; all but the last have an activation.

    Raises
    ------
    ClaimError
        No layers, widths that do not fit, an activation after the last layer or a missing one before.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ClaimError("a network has at least one layer")
        for k, layer in enumerate(self.layers):
            if k and layer.inputs != self.layers[k - 1].outputs:
                raise ClaimError(
                    f"layer {k} expects {layer.inputs} inputs, layer {k - 1} has {self.layers[k - 1].outputs} outputs"
                )
            if (layer.slopes is None) != (k == len(self.layers) - 1):
                raise ClaimError("every layer but the last has an activation, and the last has none")
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
        """The layers with an activation."""
        return self.layers[:-1]

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, hidden widths, outputs."""
        return (self.inputs, *(layer.outputs for layer in self.layers))

    def preactivations(self, point: Sequence[Any]) -> list[Vector]:
        """The exact y_1, .., y_K at an input; the last is the value of the network."""
        current = _vector(point, "an input")
        if len(current) != self.inputs:
            raise ClaimError(f"the network has {self.inputs} inputs, the point {len(current)} coordinates")
        values = []
        for layer in self.layers:
            image = layer.matrix * fmpq_mat(layer.inputs, 1, list(current)) + layer.column
            current = tuple(image.entries())
            values.append(current)
            if layer.slopes is not None:
                current = tuple(activate(y, s) for y, s in zip(current, layer.slopes, strict=True))
        return values

    def __call__(self, point: Sequence[Any]) -> Vector:
        """The exact value f(x)."""
        return self.preactivations(point)[-1]

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
