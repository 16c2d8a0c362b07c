"""Exact layers from arrays and files: JSON and NPZ."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from flint import fmpq, fmpz

from pepkit.algebra import exact
from pepkit.kernel import ClaimError, FormatError
from pepkit.kernel.reading import fields, items, parse
from pepkit.kernel.relu_network import ExactLayer, checked_layers

__all__ = ["exact_layer", "exact_network", "load_network", "rational"]


def rational(value: Any) -> fmpq:
    """A number as a rational: floats are the dyadic rationals that they are, strings mean what they say.

    Raises ClaimError for infinities, NaN and numbers that are not rational.
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, str):
        # "1.5" is one and a half, "1/3" a third
        number = exact(value)
        if not number.is_rational:
            raise ClaimError(f"a weight is a rational number, not {value[:60]}")
        return fmpq(number.value)
    if hasattr(value, "item"):
        # NumPy scalars of any precision; longdouble stays itself and is refused below
        value = value.item()
    if isinstance(value, bool):
        raise ClaimError("a weight is a number, not a truth value")
    if isinstance(value, float):
        if not isfinite(value):
            raise ClaimError(f"a weight is {value}; every weight of an exact network is a finite number")
        numerator, denominator = value.as_integer_ratio()
        return fmpq(numerator, denominator)
    if isinstance(value, (int, fmpz)):
        return fmpq(value)
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    raise ClaimError(f"a weight is a rational number or a float, not {type(value).__name__}")


def exact_layer(weights: Any, bias: Any = None, activation: str = "relu") -> ExactLayer:
    """The layer x -> s(W x + b) with exactly these weights.

    Parameters
    ----------
    weights
        m x n array or nested sequence of floats, integers, Fractions or strings such as "1/3".
    bias
        m numbers; None for b = 0.
    activation
        "relu" or "identity".
    """
    rows = _listed(weights, "the weights")
    return ExactLayer(
        tuple(tuple(rational(a) for a in _listed(row, "a row of weights")) for row in rows),
        () if bias is None else tuple(rational(b) for b in _listed(bias, "the bias")),
        activation,
    )


def _listed(data: Any, what: str) -> list[Any]:
    if isinstance(data, (str, bytes, Mapping)) or not isinstance(data, Iterable):
        raise ClaimError(f"{what} must be an array or a nested list")
    return list(data)


def exact_network(
    weights: Sequence[Any], biases: Sequence[Any] | None = None, last_activation: str = "relu"
) -> tuple[ExactLayer, ...]:
    """The network with these weight matrices, ReLU after every layer but perhaps the last."""
    if biases is not None and len(biases) != len(weights):
        raise ClaimError(f"{len(weights)} weight matrices, but {len(biases)} biases")
    listed = list(weights)
    return tuple(
        exact_layer(matrix, None if biases is None else biases[k], "relu" if k + 1 < len(listed) else last_activation)
        for k, matrix in enumerate(listed)
    )


def load_network(path: str | os.PathLike[str]) -> tuple[ExactLayer, ...]:
    """The layers in a file.

    JSON: ``{"layers": [{"weights": [["1/2", "-3"], ..], "bias": ["1", ..], "activation": "relu"}, ..]}``
    with exact numbers as strings or integers; `bias` and `activation` are optional. NPZ: arrays ``W1``,
    ``b1``, ``W2``, ... (biases are optional), ReLU after every layer; an array ``activations`` of names
    overrides that.

    Raises
    ------
    FormatError
        If the file is neither.
    ClaimError
        If the layers do not fit or a weight is not finite.
    """
    file = Path(path)
    if file.suffix.lower() == ".npz":
        return _load_npz(file)
    if file.suffix.lower() != ".json":
        raise FormatError(f"{file}: a network is read from .json or .npz files")
    data = parse(file.read_bytes())
    if not isinstance(data, dict) or "layers" not in data:
        raise FormatError(f"{file}: a JSON network is an object with a list 'layers'")
    layers = []
    for item in items(data["layers"], "layers"):
        parts = fields(item, "a layer", ("weights",), ("bias", "activation"))
        layers.append(exact_layer(parts["weights"], parts.get("bias"), parts.get("activation", "relu")))
    return checked_layers(layers)


def _load_npz(file: Path) -> tuple[ExactLayer, ...]:
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, KeyError) as error:
        raise FormatError(f"{file}: not an NPZ file of plain arrays ({error})") from None
    count = sum(name.startswith("W") for name in arrays)
    names = [f"W{k}" for k in range(1, count + 1)]
    known = {*names, *(f"b{k}" for k in range(1, count + 1)), "activations"}
    if not count or any(name not in arrays for name in names) or not set(arrays) <= known:
        raise FormatError(
            f"{file}: the arrays are {', '.join(sorted(arrays)) or 'missing'}; expected W1, b1, W2, b2, ... "
            "(biases optional) and perhaps activations"
        )
    activations = [str(a) for a in arrays["activations"]] if "activations" in arrays else ["relu"] * count
    if len(activations) != count:
        raise FormatError(f"{file}: {len(activations)} activations for {count} layers")
    return tuple(exact_layer(arrays[f"W{k}"], arrays.get(f"b{k}"), activations[k - 1]) for k in range(1, count + 1))
