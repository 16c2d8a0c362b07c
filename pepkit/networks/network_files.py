"""Networks from files: JSON, NPZ, ONNX and PyTorch; from dictionaries of arrays such as a PyTorch ``state_dict``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.networks import Network
from pepkit.kernel.numbers import rational_text
from pepkit.networks.model import network

__all__ = ["network_from_arrays", "network_from_json", "read_network", "write_network"]

MAX_BYTES = 512 << 20


def read_network(path: str | os.PathLike[str]) -> Network:
    """The exact network in a ``.json``, ``.npz``, ``.onnx`` or ``.pt`` file (PyTorch's ``state_dict``).

    Raises
    ------
    FormatError
        For files that are damaged or hold something else.
    ClaimError
        For weights that are NaN or infinite, shapes that do not fit, operations that are not piecewise linear.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise FormatError(f"{path} is larger than {MAX_BYTES >> 20} MiB")
    suffix = path.suffix.lower()
    if suffix == ".json":
        return network_from_json(path.read_text(encoding="utf-8"))
    if suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as archive:
                return network_from_arrays({name: archive[name] for name in archive.files})
        except (ValueError, OSError, EOFError) as error:
            if isinstance(error, ClaimError):
                raise
            raise FormatError(f"{path} is not an NPZ file of plain arrays: {error}") from None
    if suffix == ".onnx":
        from pepkit.networks.onnx_graph import network_from_onnx

        return network_from_onnx(path)
    if suffix in (".pt", ".pth"):
        from pepkit.networks.torch_modules import read_state_dict

        return read_state_dict(path)
    known = ".json, .npz, .onnx and .pt files"
    raise FormatError(f"{path}: networks are read from {known}, not from {suffix or 'this'}")


def network_from_json(text: str) -> Network:
    """The network in ``{"layers": [{"weights": rows, "bias": [..], "slopes": s}, ..]}``.

    A number without quotes is the double nearest to it, as Python and NumPy write weights; a string such as
    ``"0.1"`` or ``"1/3"`` is that exact number. `bias` defaults to zero, `slopes` (a number or a
    list) to 0, the rectifier, between layers; a last layer without `slopes` is affine.
    """
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"not a JSON file: {error}") from None
    layers = data.get("layers") if isinstance(data, dict) else None
    if not isinstance(layers, list) or not all(isinstance(layer, dict) and "weights" in layer for layer in layers):
        raise FormatError('a network in JSON is {"layers": [{"weights": [[..], ..], "bias": [..]}, ..]}')
    for layer in layers:
        unknown = set(layer) - {"weights", "bias", "slopes"}
        if unknown:
            raise FormatError(f"a layer has the unknown member {sorted(unknown)[0]!r}")
        if not isinstance(layer["weights"], list) or not all(isinstance(row, list) for row in layer["weights"]):
            raise FormatError("the weights of a layer are a list of rows")
    return network(
        [layer["weights"] for layer in layers],
        [layer.get("bias") or [0] * len(layer["weights"]) for layer in layers],
        [layer.get("slopes", 0) for layer in layers[:-1]],
        layers[-1].get("slopes") if layers else None,
    )


def write_network(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network as JSON with exact numbers."""
    layers = []
    for layer in network.layers:
        entry: dict[str, Any] = {
            "weights": [[rational_text(a) for a in row] for row in layer.weights],
            "bias": [rational_text(a) for a in layer.bias],
        }
        if layer.slopes is not None:
            entry["slopes"] = [rational_text(a) for a in layer.slopes]
        layers.append(entry)
    Path(path).write_text(json.dumps({"layers": layers}), encoding="utf-8")


def _natural(name: str) -> list[Any]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


_BIAS_NAMES = (("weights", "biases"), ("weight", "bias"), ("coefs", "intercepts"), ("W", "b"), ("w", "b"))


def network_from_arrays(arrays: Mapping[str, Any]) -> Network:
    """The network of named arrays: matrices in the order of the numbers in their names, each with its bias.

    Understands ``W0, b0, W1, ..``, ``weight_0, bias_0``, ``coefs_0, intercepts_0`` (scikit-learn) and PyTorch's
    ``0.weight, 0.bias, 2.weight``. Activations are rectifiers. A matrix has one row for each neuron; matrices that
    fit only when transposed are transposed, all of them.
    """
    named = {name: np.asarray(value) for name, value in arrays.items()}
    for name, value in named.items():
        if value.dtype.kind not in "fiu":
            raise FormatError(f"the array {name} holds {value.dtype}, not real numbers")
        if value.ndim not in (1, 2):
            raise FormatError(
                f"the array {name} has {value.ndim} dimensions; networks with convolutions are read from ONNX files"
            )
    names = sorted((name for name, value in named.items() if value.ndim == 2), key=_natural)
    if not names:
        raise FormatError("there is no weight matrix among the arrays")
    used = set(names)
    weights, biases = [], []
    for name in names:
        candidates = [name.replace(a, b) for a, b in _BIAS_NAMES if a in name]
        bias = next((c for c in candidates if c in named and named[c].ndim == 1), None)
        weights.append(named[name])
        biases.append(None if bias is None else named[bias])
        used.add(bias or name)
    unused = sorted(set(named) - used)
    if unused:
        raise FormatError(f"the array {unused[0]} belongs to no weight matrix; biases are named like their weights")
    for candidate in (weights, [matrix.T for matrix in weights]):
        fits = all(b.shape[1] == a.shape[0] for a, b in pairwise(candidate))
        if fits and all(bias is None or len(bias) == len(m) for m, bias in zip(candidate, biases, strict=True)):
            filled = [np.zeros(len(m)) if bias is None else bias for m, bias in zip(candidate, biases, strict=True)]
            return network(_doubles(candidate), _doubles(filled))
    shapes = ", ".join(str(matrix.shape) for matrix in weights)
    raise FormatError(f"the weight matrices {shapes} do not follow one another, with or without transposition")


def _doubles(arrays: list[Any]) -> list[Any]:
    """Python numbers: floats of every width are exact as doubles, integers stay integers."""
    return [np.asarray(a, dtype=object if a.dtype.kind in "iu" else float).tolist() for a in arrays]
