"""Exact feed-forward ReLU networks as data of claims: rational weights, exact evaluation, reading, writing.

A network is a list of layers x -> s(W x + b), applied in order; s is max(0, .) in every coordinate
("relu") or nothing ("identity"). Weights are rationals; a float is the dyadic rational that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpq_mat, fmpz

from pepkit.kernel import reading
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.numbers import RATIONALS, Field, common_denominator

__all__ = [
    "ACTIVATIONS",
    "ExactLayer",
    "checked_layers",
    "integer_vector",
    "read_layers",
    "require_rationals",
    "write_layers",
]

ACTIVATIONS = ("relu", "identity")
MAX_WIDTH = 4096
MAX_ENTRIES = 1_000_000
ZERO = fmpq(0)


@dataclass(frozen=True)
class ExactLayer:
    """x -> s(W x + b) over the rationals.

    Parameters
    ----------
    weights
        W as m rows of n numbers (int or fmpq), m, n >= 1.
    bias
        b, m numbers; empty for b = 0.
    activation
        "relu" or "identity".

    Raises
    ------
    ClaimError
        If the shapes do not fit, an entry is no rational number, or the activation is unknown.
    """

    weights: tuple[tuple[Any, ...], ...]
    bias: tuple[Any, ...] = ()
    activation: str = "relu"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ClaimError(f"unknown activation {self.activation!r}; known are {', '.join(ACTIVATIONS)}")
        if not self.weights or not self.weights[0]:
            raise ClaimError("a layer has at least one row and one column of weights")
        width = len(self.weights[0])
        if max(width, len(self.weights)) > MAX_WIDTH or width * len(self.weights) > MAX_ENTRIES:
            raise ClaimError(f"a layer is larger than {MAX_WIDTH} neurons or {MAX_ENTRIES} weights")
        if any(len(row) != width for row in self.weights):
            raise ClaimError("the rows of the weight matrix differ in length")
        coerce = RATIONALS.coerce
        bias = tuple(coerce(b) for b in self.bias) or (ZERO,) * len(self.weights)
        if len(bias) != len(self.weights):
            raise ClaimError(f"the bias has {len(bias)} entries, the weight matrix {len(self.weights)} rows")
        object.__setattr__(self, "weights", tuple(tuple(coerce(a) for a in row) for row in self.weights))
        object.__setattr__(self, "bias", bias)

    @property
    def inputs(self) -> int:
        """n, the dimension of the input."""
        return len(self.weights[0])

    @property
    def outputs(self) -> int:
        """m, the number of neurons."""
        return len(self.weights)

    @property
    def has_bias(self) -> bool:
        """Whether some b_j is not zero."""
        return any(self.bias)

    @cached_property
    def integer_rows(self) -> tuple[tuple[fmpz, ...], ...]:
        """(w_j, b_j) for every neuron, each times its own positive integer: n + 1 integers a row."""
        return tuple(integer_vector((*row, b)) for row, b in zip(self.weights, self.bias, strict=True))

    def before_activation(self, point: Sequence[fmpq]) -> tuple[fmpq, ...]:
        """W x + b."""
        return tuple(
            b + sum((a * x for a, x in zip(row, point, strict=True) if a and x), ZERO)
            for row, b in zip(self.weights, self.bias, strict=True)
        )

    def apply(self, point: Sequence[fmpq]) -> tuple[fmpq, ...]:
        """s(W x + b)."""
        values = self.before_activation(point)
        if self.activation == "identity":
            return values
        return tuple(v if v.p > 0 else ZERO for v in values)

    def rank(self) -> int:
        """The rank of W."""
        return int(fmpq_mat(self.outputs, self.inputs, [a for row in self.weights for a in row]).rank())


def integer_vector(values: Sequence[fmpq]) -> tuple[fmpz, ...]:
    """The values times the least positive integer that makes all of them integers."""
    factor = common_denominator(values)
    return tuple((value * factor).p for value in values)


def checked_layers(layers: Sequence[ExactLayer]) -> tuple[ExactLayer, ...]:
    """The layers as a tuple; ClaimError if there is none or neighbours do not fit."""
    if not layers:
        raise ClaimError("a network has at least one layer")
    for k, (first, second) in enumerate(pairwise(layers), start=1):
        if first.outputs != second.inputs:
            raise ClaimError(
                f"layer {k} has {first.outputs} outputs, but layer {k + 1} takes {second.inputs} inputs; "
                "weight matrices are outputs x inputs"
            )
    return tuple(layers)


def require_rationals(number_field: Field) -> None:
    """Refuse networks over other fields than Q."""
    if number_field != RATIONALS:
        raise FormatError("claims about networks are over the rationals")


def read_layers(data: object) -> tuple[ExactLayer, ...]:
    """The layers in JSON: ``[{"weights": [[number, ..], ..], "bias": [..], "activation": ..}, ..]``."""
    layers = []
    for item in reading.items(data, "layers"):
        parts = reading.fields(item, "a layer", ("weights", "activation"), ("bias",))
        rows = [reading.items(row, "a row of weights") for row in reading.items(parts["weights"], "weights")]
        bias = tuple(RATIONALS.read(b) for b in reading.items(parts.get("bias", []), "bias"))
        if "bias" in parts and not any(bias):
            raise FormatError("a bias of zero is left out")
        layers.append(
            ExactLayer(
                tuple(tuple(RATIONALS.read(a) for a in row) for row in rows),
                bias,
                reading.text(parts["activation"], "the activation"),
            )
        )
    return tuple(layers)


def write_layers(layers: Sequence[ExactLayer]) -> list[dict[str, Any]]:
    """The JSON form of layers."""
    write = RATIONALS.write
    result = []
    for layer in layers:
        entry: dict[str, Any] = {
            "weights": [[write(a) for a in row] for row in layer.weights],
            "activation": layer.activation,
        }
        if layer.has_bias:
            entry["bias"] = [write(b) for b in layer.bias]
        result.append(entry)
    return result
