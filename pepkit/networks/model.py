"""Networks from arrays: exact rationals out of floats, and floats out of exact networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.algebra import exact
from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import ZERO, Box, Layer, Network

__all__ = [
    "FloatNetwork",
    "box_around",
    "float_network",
    "network",
    "rational",
    "rationals",
    "rectified_last",
    "relu_layer",
    "relu_network",
]


HUGE = float(np.finfo(float).max)
TINY = float(np.finfo(float).smallest_subnormal)


def rational(value: Any, what: str = "a number of the network") -> fmpq:
    """The exact rational of a float, int, Fraction, decimal text or exact number.

    Raises ClaimError for NaN, infinities and irrational numbers, and says where.
    """
    if isinstance(value, fmpq):
        return value
    try:
        if isinstance(value, (float, np.floating)):
            return fmpq(*float(value).as_integer_ratio())
        number = exact(value)
    except (ClaimError, ValueError, OverflowError) as error:
        raise ClaimError(
            f"{what} is {value!r}, which is not a finite number; networks have finite weights (was training unstable?)"
        ) from error
    if not number.is_rational:
        raise ClaimError(f"{what} is irrational; networks have rational weights")
    result: fmpq = number.value
    return result


def rationals(values: Any, what: str = "a vector") -> tuple[fmpq, ...]:
    """The exact rationals of a sequence of numbers."""
    return tuple(rational(value, f"entry {i} of {what}") for i, value in enumerate(values))


def network(
    weights: Sequence[Any], biases: Sequence[Any] | None = None, slopes: Any = 0, last_slopes: Any = None
) -> Network:
    """The exact network with y_k = weights[k] z + biases[k] and activations max(y, s*y) between the layers.

    Parameters
    ----------
    weights
        Matrices with one row for each neuron, K of them. Floats are taken as the rationals that they are.
    biases
        Vectors; None for zero.
    slopes
        s in [0, 1]: one number, or for each of the K-1 hidden layers a number or a vector.
    last_slopes
        The same for the last layer; None for no activation there.

    Raises
    ------
    ClaimError
        For shapes that do not fit and entries that are NaN or infinite.
    """
    count = len(weights)
    if not count:
        raise ClaimError("a network has at least one layer")
    if biases is not None and len(biases) != count:
        raise ClaimError(f"there are {count} weight matrices and {len(biases)} biases")
    hidden = list(slopes) if isinstance(slopes, (list, tuple)) else [slopes] * (count - 1)
    if len(hidden) != count - 1:
        raise ClaimError(f"there are {count - 1} hidden layers and {len(hidden)} activation slopes")
    layers = []
    for k, matrix in enumerate(weights):
        rows = tuple(rationals(row, f"row {j} of weight matrix {k}") for j, row in enumerate(matrix))
        bias = (ZERO,) * len(rows) if biases is None else rationals(biases[k], f"bias {k}")
        given = hidden[k] if k < count - 1 else last_slopes
        activation = None
        if given is not None:
            listed = given if isinstance(given, (list, tuple, np.ndarray)) else [given] * len(rows)
            activation = rationals(listed, f"the activation slopes of layer {k}")
        layers.append(Layer(rows, bias, activation))
    return Network(tuple(layers))


def relu_layer(weights: Any, bias: Any = None) -> Layer:
    """The layer x -> max(0, weights x + bias) with exactly these numbers; `bias` is None for zero."""
    return network([weights], None if bias is None else [bias], last_slopes=0).layers[0]


def relu_network(weights: Sequence[Any], biases: Sequence[Any] | None = None, last_activation: bool = True) -> Network:
    """The network with these weight matrices and a rectifier after every layer, the last one included unless False."""
    return network(weights, biases, last_slopes=0 if last_activation else None)


def rectified_last(network: Network) -> Network:
    """max(0, f); ClaimError if the network ends with an activation already."""
    *front, last = network.layers
    if last.slopes is not None:
        raise ClaimError("the network ends with an activation already")
    return Network((*front, Layer(last.weights, last.bias, (ZERO,) * last.outputs)))


def box_around(centre: Sequence[Any], radius: Any, clip: tuple[Any, Any] | None = None) -> Box:
    """The box |x - centre| <= radius in every coordinate, exactly; intersected with clip[0] <= x <= clip[1]."""
    middle, half = rationals(centre, "the centre"), rational(radius, "the radius")
    if half < 0:
        raise ClaimError(f"the radius of a box is not negative, but {radius} was given")
    lower, upper = [m - half for m in middle], [m + half for m in middle]
    if clip is not None:
        low, high = rational(clip[0], "the lower clip"), rational(clip[1], "the upper clip")
        lower, upper = [max(a, low) for a in lower], [min(b, high) for b in upper]
    return Box(tuple(lower), tuple(upper))


def to_floats(values: Sequence[Any]) -> np.ndarray:
    """Nearest doubles of rationals, for choices that exact arithmetic makes good.

    Numbers beyond the range of doubles become the largest one, and those that are not zero keep their sign.
    """
    return np.array([_double(value) for value in values], dtype=float)


def _double(value: fmpq) -> float:
    numerator, denominator = int(value.p), int(value.q)
    try:
        rounded = numerator / denominator
        size = TINY
    except OverflowError:
        rounded, size = 0.0, HUGE
    if rounded or not numerator:
        return rounded
    return size if numerator > 0 else -size


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """A network in doubles: matrices of shape (n_k, n_(k-1)), biases (n_k,), slopes (n_k,) for hidden layers."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    slopes: tuple[np.ndarray, ...]

    @cached_property
    def magnitudes(self) -> tuple[np.ndarray, ...]:
        """|W_k|."""
        return tuple(np.abs(matrix) for matrix in self.weights)

    @np.errstate(all="ignore")
    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values at points of shape (..., n_0), in rounded arithmetic; infinite or not a number where they overflow."""
        current = np.asarray(points, dtype=float)
        for k, (matrix, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            current = current @ matrix.T + bias
            if k < len(self.slopes):
                current = np.maximum(current, self.slopes[k] * current)
        return current

    @np.errstate(all="ignore")
    def gradient(self, points: np.ndarray, objective: np.ndarray) -> np.ndarray:
        """Gradients of objective . f at points of shape (m, n_0)."""
        factors = []
        current = points
        for matrix, bias, slope in zip(self.weights, self.biases, self.slopes, strict=False):
            current = current @ matrix.T + bias
            factors.append(np.where(current >= 0, 1.0, slope))
            current = current * factors[-1]
        back = np.broadcast_to(objective @ self.weights[-1], (len(points), self.weights[-1].shape[1]))
        for matrix, factor in zip(reversed(self.weights[:-1]), reversed(factors), strict=True):
            back = (back * factor) @ matrix
        return np.asarray(back)


def float_network(network: Network) -> FloatNetwork:
    """The nearest doubles of an exact network with an affine end, for numerical searches."""
    if not network.ends_affinely:
        raise ClaimError("the network ends with an activation; Network.with_affine_end() appends the identity")
    return FloatNetwork(
        tuple(
            to_floats([a for row in layer.weights for a in row]).reshape(layer.outputs, layer.inputs)
            for layer in network.layers
        ),
        tuple(to_floats(layer.bias) for layer in network.layers),
        tuple(to_floats(layer.slopes or ()) for layer in network.hidden),
    )
