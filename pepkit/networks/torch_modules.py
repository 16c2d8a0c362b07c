"""PyTorch modules as exact networks: ``torch.nn.Sequential`` and files of a ``state_dict``. Needs ``torch``.

Modules are read as in evaluation mode: dropout is the identity, batch normalisation uses its running statistics.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pepkit.kernel.errors import ClaimError, FormatError, PepkitError
from pepkit.kernel.networks import MAX_WIDTH, Network
from pepkit.networks.graph_operations import OPERATIONS, exact_array
from pepkit.networks.network_files import network_from_arrays
from pepkit.networks.wires import WireGraph

__all__ = ["TorchMissingError", "network_from_torch", "read_state_dict"]


class TorchMissingError(PepkitError, ImportError):
    """The package ``torch`` is not installed."""


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise TorchMissingError(
            "PyTorch files need the package torch (see pytorch.org); or save the arrays with numpy.savez and read those"
        ) from None
    return torch


def read_state_dict(path: str | os.PathLike[str]) -> Network:
    """The network in a ``.pt`` or ``.pth`` file that ``torch.save(model.state_dict(), path)`` wrote.

    Only tensors are loaded: a file that holds a whole module would run its code and is refused. A ``state_dict`` does
    not name activations; linear layers with rectifiers between them are assumed, as for `network_from_arrays`.
    """
    torch = _torch()
    try:
        state = torch.load(os.fspath(path), map_location="cpu", weights_only=True)
    except Exception as error:
        raise FormatError(
            f"{path} is no PyTorch file of plain tensors ({str(error)[:120]}); save model.state_dict(), not the module"
        ) from None
    if not isinstance(state, dict) or not all(hasattr(value, "detach") for value in state.values()):
        raise FormatError(f"{path} holds no state_dict; save model.state_dict()")
    return network_from_arrays({name: _array(value) for name, value in state.items()})


def network_from_torch(model: Any, input_shape: Sequence[int] | None = None) -> Network:
    """The exact network of a ``torch.nn.Sequential`` (nested ones too), or of a mapping such as a ``state_dict``.

    Parameters
    ----------
    model
        Modules: Linear, ReLU, LeakyReLU, Identity, Dropout, Flatten, Conv1d/2d, BatchNorm1d/2d, AvgPool2d, Sequential.
    input_shape
        Shape of one input without the batch, such as (1, 28, 28); may be left out where the first module is Linear.

    Raises
    ------
    ClaimError
        For modules that are not piecewise linear or not known here, and weights that are NaN or infinite.
    """
    if isinstance(model, dict):
        return network_from_arrays({name: _array(value) for name, value in model.items()})
    torch = _torch()
    modules = _flat(model, torch)
    if input_shape is None:
        linear = next((m for m in modules if not isinstance(m, (torch.nn.Flatten, torch.nn.Identity))), None)
        if not isinstance(linear, torch.nn.Linear):
            raise ClaimError(
                "the shape of the input is needed unless the first module is Linear: input_shape=(1, 28, 28)"
            )
        input_shape = (linear.in_features,)
    size = int(np.prod(input_shape))
    if not 0 < size <= MAX_WIDTH:
        raise ClaimError(f"the input has {size} entries; between 1 and {MAX_WIDTH} are possible")
    wires = WireGraph(size)
    values = wires.input_wire().reshape(1, *input_shape)
    for module in modules:
        reader = next((r for name, r in _READERS.items() if isinstance(module, getattr(torch.nn, name))), None)
        if reader is None:
            raise ClaimError(
                f"the module {type(module).__name__} is not known; known are Sequential, {', '.join(_READERS)}"
            )
        try:
            values = reader(wires, module, values)
        except (ValueError, IndexError, TypeError) as error:
            if isinstance(error, PepkitError):
                raise
            raise ClaimError(f"the module {module} does not fit values of shape {values.shape[1:]}: {error}") from None
    return wires.compile(values)


def _flat(model: Any, torch: Any) -> list[Any]:
    if isinstance(model, torch.nn.Sequential):
        return [module for part in model for module in _flat(part, torch)]
    return [model]


def _array(tensor: Any) -> np.ndarray:
    """A tensor as an array of doubles, which hold every shorter float exactly, or of integers."""
    if not hasattr(tensor, "detach"):
        return np.asarray(tensor)
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.double()
    return np.asarray(tensor.numpy())


def _exact(tensor: Any, name: str) -> np.ndarray:
    return exact_array(_array(tensor), name)


def _linear(wires: WireGraph, module: Any, x: np.ndarray) -> np.ndarray:
    bias = None if module.bias is None else _exact(module.bias, "bias")
    if x.ndim != 2:
        raise ClaimError(f"Linear acts on vectors here, not on shape {x.shape[1:]}; put Flatten before it")
    if x.shape[1] != module.in_features:
        raise ClaimError(f"Linear expects {module.in_features} inputs, not {x.shape[1]}")
    return OPERATIONS["Gemm"](wires, {"transB": 1}, x, _exact(module.weight, "weight"), bias)


def _flatten(wires: WireGraph, module: Any, x: np.ndarray) -> np.ndarray:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise ClaimError("Flatten with other dimensions than 1 to -1 is not supported")
    return x.reshape(x.shape[0], -1)


def _both(value: Any, count: int) -> list[int]:
    return list(value) if isinstance(value, (tuple, list)) else [int(value)] * count


def _convolution(wires: WireGraph, module: Any, x: np.ndarray) -> np.ndarray:
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        raise ClaimError("convolutions with explicit zero padding are supported only")
    weight = _exact(module.weight, "weight")
    bias = None if module.bias is None else _exact(module.bias, "bias")
    if x.ndim != weight.ndim or x.shape[1] != module.in_channels:
        raise ClaimError(f"{type(module).__name__} with {module.in_channels} channels does not fit shape {x.shape[1:]}")
    attributes = {
        "group": module.groups,
        "strides": list(module.stride),
        "dilations": list(module.dilation),
        "pads": [*module.padding, *module.padding],
    }
    return OPERATIONS["Conv"](wires, attributes, x, weight, bias)


def _average(wires: WireGraph, module: Any, x: np.ndarray) -> np.ndarray:
    if module.divisor_override is not None:
        raise ClaimError("AvgPool2d with a divisor of its own is not supported")
    pads = _both(module.padding, 2)
    attributes = {
        "kernel_shape": _both(module.kernel_size, 2),
        "strides": _both(module.stride, 2),
        "pads": [*pads, *pads],
        "ceil_mode": int(module.ceil_mode),
        "count_include_pad": int(module.count_include_pad),
    }
    return OPERATIONS["AveragePool"](wires, attributes, x)


def _normalization(wires: WireGraph, module: Any, x: np.ndarray) -> np.ndarray:
    if module.running_mean is None:
        raise ClaimError("batch normalisation without running statistics depends on the batch and is no network")
    mean, variance = _array(module.running_mean), _array(module.running_var)
    scale = np.ones_like(mean) if module.weight is None else _array(module.weight)
    shift = np.zeros_like(mean) if module.bias is None else _array(module.bias)
    parts = [exact_array(a, "batch normalisation") for a in (scale, shift, mean, variance)]
    return OPERATIONS["BatchNormalization"](wires, {"epsilon": module.eps}, x, *parts)


_Reader = Callable[[WireGraph, Any, np.ndarray], np.ndarray]

_READERS: dict[str, _Reader] = {
    "Linear": _linear,
    "ReLU": lambda wires, module, x: OPERATIONS["Relu"](wires, {}, x),
    "LeakyReLU": lambda wires, module, x: OPERATIONS["LeakyRelu"](wires, {"alpha": float(module.negative_slope)}, x),
    "Identity": lambda wires, module, x: x,
    "Dropout": lambda wires, module, x: x,
    "Flatten": _flatten,
    "Conv1d": _convolution,
    "Conv2d": _convolution,
    "BatchNorm1d": _normalization,
    "BatchNorm2d": _normalization,
    "AvgPool2d": _average,
}
