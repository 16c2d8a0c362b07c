"""Operations of network graphs on arrays of wires: affine operations, activations, convolutions, pooling.

Each takes the graph of wires, its attributes, and arrays whose entries are wires or exact constants. Names and
attributes are those of ONNX; other formats are translated to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import ONE
from pepkit.networks.model import rational
from pepkit.networks.wires import Wire, WireGraph, combination

__all__ = ["OPERATIONS", "exact_array", "objects"]


def exact_array(array: np.ndarray, name: str) -> np.ndarray:
    """An array of exact constants; ClaimError for NaN and infinities."""
    return objects([rational(a, f"the constant {name}") for a in array.ravel().tolist()]).reshape(array.shape)


def objects(entries: list[Any]) -> np.ndarray:
    """A one-dimensional array of exact numbers or wires."""
    result = np.empty(len(entries), dtype=object)
    result[:] = entries
    return result


def _is_constant(array: np.ndarray) -> bool:
    return not any(isinstance(entry, Wire) for entry in array.ravel())


def _broadcast(function: Callable[[Any, Any], Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    left, right = np.broadcast_arrays(a, b)
    flat = [function(x, y) for x, y in zip(left.ravel(), right.ravel(), strict=True)]
    return objects(flat).reshape(left.shape)


def _sum(a: Any, b: Any, factor: fmpq = ONE) -> Any:
    if not isinstance(a, Wire) and not isinstance(b, Wire):
        return a + factor * b
    return combination([(ONE, a), (factor, b)])


def _product(a: Any, b: Any) -> Any:
    if isinstance(a, Wire):
        a, b = b, a
    if isinstance(a, Wire):
        raise ClaimError("the product of two values that depend on the input is not piecewise linear")
    return combination([(a, b)]) if isinstance(b, Wire) else a * b


def _quotient(a: Any, b: Any) -> Any:
    if isinstance(b, Wire):
        raise ClaimError("division by a value that depends on the input is not piecewise linear")
    if not b:
        raise ClaimError("division by zero")
    return _product(1 / b, a)


def _matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b of two-dimensional arrays, one of them constant."""
    swapped = not _is_constant(a)
    if swapped:
        if not _is_constant(b):
            raise ClaimError("the product of two values that depend on the input is not piecewise linear")
        a, b = b.T, a.T
    # now a is constant
    flat = [combination(zip(a[i], b[:, j], strict=True)) for i in range(a.shape[0]) for j in range(b.shape[1])]
    if _is_constant(b):
        flat = [wire.constant for wire in flat]
    result = objects(flat).reshape(a.shape[0], b.shape[1])
    return result.T if swapped else result


def _matmul(wires: WireGraph, attributes: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    lead, tail = a.shape[:-1], b.shape[1:] if b.ndim <= 2 else None
    if tail is None:
        raise ClaimError("MatMul with stacks of matrices is not supported")
    right = b.reshape(b.shape[0], -1)
    return _matrix_product(a.reshape(-1, a.shape[-1]), right).reshape(*lead, *tail)


def _gemm(
    wires: WireGraph, attributes: dict[str, Any], a: np.ndarray, b: np.ndarray, c: np.ndarray | None = None
) -> np.ndarray:
    if attributes.get("transA"):
        a = a.T
    if attributes.get("transB"):
        b = b.T
    result = _matrix_product(a, b)
    alpha, beta = rational(attributes.get("alpha", 1.0)), rational(attributes.get("beta", 1.0))
    if alpha != 1:
        result = _broadcast(_product, objects([alpha]), result)
    if c is not None:
        result = _broadcast(lambda x, y: _sum(x, y, beta), result, c)
    return result


def _reshape(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray, *_: Any) -> np.ndarray:
    shape = [int(n) for n in attributes["shape"]]
    shape = [x.shape[k] if n == 0 and not attributes.get("allowzero") else n for k, n in enumerate(shape)]
    return x.reshape(shape)


def _flatten(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray) -> np.ndarray:
    axis = int(attributes.get("axis", 1))
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _transpose(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return x.transpose(attributes.get("perm"))


def _squeeze(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray, *_: Any) -> np.ndarray:
    axes = attributes.get("axes")
    return x.squeeze() if axes is None else x.squeeze(tuple(int(a) for a in axes))


def _unsqueeze(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray, *_: Any) -> np.ndarray:
    return np.expand_dims(x, tuple(int(a) for a in attributes["axes"]))


def _concat(wires: WireGraph, attributes: dict[str, Any], *parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=int(attributes["axis"]))


def _windows(
    x: np.ndarray, attributes: dict[str, Any], kernel: tuple[int, ...]
) -> tuple[list[tuple[int, ...]], list[list[tuple[int, ...] | None]], tuple[int, ...]]:
    """Output positions, the input positions of each kernel cell (None outside), and the output shape (2-D)."""
    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise ClaimError("automatic padding is not supported; export with explicit pads")
    if attributes.get("ceil_mode"):
        raise ClaimError("ceil_mode is not supported")
    strides = attributes.get("strides") or [1] * len(kernel)
    dilations = attributes.get("dilations") or [1] * len(kernel)
    pads = attributes.get("pads") or [0] * (2 * len(kernel))
    spatial = x.shape[2:]
    shape = tuple(
        (spatial[d] + pads[d] + pads[d + len(kernel)] - dilations[d] * (kernel[d] - 1) - 1) // strides[d] + 1
        for d in range(len(kernel))
    )
    positions, cells = [], []
    for position in np.ndindex(*shape):
        listed: list[tuple[int, ...] | None] = []
        for cell in np.ndindex(*kernel):
            at = tuple(position[d] * strides[d] - pads[d] + cell[d] * dilations[d] for d in range(len(kernel)))
            listed.append(at if all(0 <= at[d] < spatial[d] for d in range(len(kernel))) else None)
        positions.append(position)
        cells.append(listed)
    return positions, cells, shape


def _convolution(
    wires: WireGraph, attributes: dict[str, Any], x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None
) -> np.ndarray:
    groups = int(attributes.get("group", 1))
    positions, cells, shape = _windows(x, attributes, w.shape[2:])
    filters, depth = w.shape[0], w.shape[1]
    result = np.empty((x.shape[0], filters, *shape), dtype=object)
    flat_kernels = w.reshape(filters, depth, -1)
    for n in range(x.shape[0]):
        for f in range(filters):
            first = (f // (filters // groups)) * depth
            for position, inside in zip(positions, cells, strict=True):
                parts = [
                    (flat_kernels[f, c, k], x[(n, first + c, *at)])
                    for c in range(depth)
                    for k, at in enumerate(inside)
                    if at is not None
                ]
                result[(n, f, *position)] = combination(parts, b[f] if b is not None else fmpq(0))
    return result


def _average_pool(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray) -> np.ndarray:
    kernel = tuple(int(n) for n in attributes.get("kernel_shape") or x.shape[2:])
    positions, cells, shape = _windows(x, attributes, kernel)
    result = np.empty((*x.shape[:2], *shape), dtype=object)
    for n, c in np.ndindex(*x.shape[:2]):
        for position, inside in zip(positions, cells, strict=True):
            present = [at for at in inside if at is not None]
            count = len(inside) if attributes.get("count_include_pad") else len(present)
            result[(n, c, *position)] = combination((fmpq(1, count), x[(n, c, *at)]) for at in present)
    return result


def _batch_normalization(
    wires: WireGraph, attributes: dict[str, Any], x: np.ndarray, scale: np.ndarray, b: np.ndarray,
    mean: np.ndarray, variance: np.ndarray,
) -> np.ndarray:  # fmt: skip
    epsilon = float(attributes.get("epsilon", 1e-5))
    result = np.empty(x.shape, dtype=object)
    for index in np.ndindex(*x.shape):
        c = index[1]
        value: Any = variance[c]
        root = (int(value.p) / int(value.q) + epsilon) ** 0.5
        factor = scale[c] * rational(1.0 / root)
        result[index] = combination([(factor, x[index])], b[c] - factor * mean[c])
    return result


def _leaky(wires: WireGraph, attributes: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return wires.activate(x, rational(attributes.get("alpha", 0.01)))


OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "Add": lambda wires, attributes, a, b: _broadcast(_sum, a, b),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalization,
    "Concat": _concat,
    "Constant": lambda *_: np.empty(0, dtype=object),
    "Conv": _convolution,
    "Div": lambda wires, attributes, a, b: _broadcast(_quotient, a, b),
    "Dropout": lambda wires, attributes, x, *_: x,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": _average_pool,
    "Identity": lambda wires, attributes, x: x,
    "LeakyRelu": _leaky,
    "MatMul": _matmul,
    "Mul": lambda wires, attributes, a, b: _broadcast(_product, a, b),
    "Neg": lambda wires, attributes, x: _broadcast(_product, objects([-ONE]), x),
    "Relu": lambda wires, attributes, x: wires.activate(x, fmpq(0)),
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Sub": lambda wires, attributes, a, b: _broadcast(lambda x, y: _sum(x, y, -ONE), a, b),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
