"""ONNX graphs as exact networks. Needs the package ``onnx`` (``pip install 'pepkit[onnx]'``); no runtime is used."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from pepkit.kernel.errors import ClaimError, FormatError, PepkitError
from pepkit.kernel.networks import MAX_WIDTH, Network
from pepkit.networks.graph_operations import OPERATIONS, exact_array
from pepkit.networks.wires import WireGraph

__all__ = ["OnnxMissingError", "network_from_onnx"]


class OnnxMissingError(PepkitError, ImportError):
    """The package ``onnx`` is not installed."""


def network_from_onnx(path: str | os.PathLike[str]) -> Network:
    """The exact network of an ONNX file with one input and one output, for a batch of one.

    Weights are the exact values of their floats. Batch normalisation divides by a square root, which is irrational:
    its factors are rounded to doubles, so there the network is the one with these factors.

    Raises
    ------
    OnnxMissingError
        Without the package ``onnx``.
    FormatError
        If the file is no ONNX model.
    ClaimError
        For operations that are not piecewise linear or not known here.
    """
    try:
        import onnx
    except ImportError:
        raise OnnxMissingError("reading .onnx files needs the package onnx: pip install 'pepkit[onnx]'") from None
    try:
        model = onnx.load(os.fspath(path))
        graph = model.graph
    except Exception as error:
        raise FormatError(f"{path} is not a readable ONNX file: {error}") from None
    return _Reader(graph, onnx).network()


class _Reader:
    """Evaluates the graph on wires."""

    def __init__(self, graph: Any, onnx: Any) -> None:
        self.graph, self.onnx = graph, onnx
        self.values: dict[str, np.ndarray] = {}
        self.shapes: dict[str, np.ndarray] = {}

    def network(self) -> Network:
        for tensor in self.graph.initializer:
            self._constant(tensor.name, self.onnx.numpy_helper.to_array(tensor))
        inputs = [item for item in self.graph.input if item.name not in self.values and item.name not in self.shapes]
        if len(inputs) != 1 or len(self.graph.output) != 1:
            counts = f"{len(inputs)} inputs and {len(self.graph.output)} outputs"
            raise ClaimError(f"the graph has {counts}, not one of each")
        dimensions = [d.dim_value or 1 for d in inputs[0].type.tensor_type.shape.dim]
        size = int(np.prod(dimensions)) if dimensions else 1
        if size > MAX_WIDTH:
            raise ClaimError(f"the input has {size} entries, more than the limit of {MAX_WIDTH}")
        self.wires = WireGraph(size)
        self.values[inputs[0].name] = self.wires.input_wire().reshape(dimensions or (1,))
        for node in self.graph.node:
            self._apply(node)
        output = self.graph.output[0].name
        if output not in self.values:
            raise FormatError(f"the output {output} is not computed by the graph")
        return self.wires.compile(self.values[output])

    def _constant(self, name: str, array: np.ndarray) -> None:
        if array.dtype.kind in "iu":
            self.shapes[name] = array
        if array.dtype.kind in "fiu":
            self.values[name] = exact_array(array, name)

    def _apply(self, node: Any) -> None:
        operation = OPERATIONS.get(node.op_type)
        if operation is None:
            raise ClaimError(
                f"the operation {node.op_type} ({node.name or node.output[0]}) is not known; known are "
                + ", ".join(sorted(OPERATIONS))
            )
        helper = self.onnx.helper
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant":
            if "value" not in attributes:
                raise ClaimError("a Constant that is no tensor is not supported")
            self._constant(node.output[0], self.onnx.numpy_helper.to_array(attributes["value"]))
            return
        if node.op_type in ("Reshape", "Unsqueeze", "Squeeze") and len(node.input) > 1:
            if node.input[1] not in self.shapes:
                raise ClaimError(f"the shape that {node.op_type} uses is computed at run time")
            attributes["shape"] = attributes["axes"] = self.shapes[node.input[1]].tolist()
        try:
            arguments = [self.values[name] if name else None for name in node.input]
        except KeyError as error:
            raise FormatError(f"{node.op_type} uses {error}, which nothing computes") from None
        try:
            self.values[node.output[0]] = operation(self.wires, attributes, *arguments)
        except (ValueError, IndexError, TypeError) as error:
            if isinstance(error, PepkitError):
                raise
            raise ClaimError(f"{node.op_type} ({node.name or node.output[0]}) could not be read: {error}") from None
