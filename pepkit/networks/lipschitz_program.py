"""The semidefinite program of LipSDP in doubles, with the input dimension reduced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pepkit.networks.gram_program import NetworkSearchError, solve
from pepkit.networks.model import FloatNetwork
from pepkit.solvers import MatrixBlock

__all__ = ["layer_product", "solve_multipliers"]

INTERIOR = 1e-8
"""The residual is asked to exceed this multiple of its scale, so that rounding has room."""


def layer_product(net: FloatNetwork, point: np.ndarray) -> np.ndarray:
    """The Jacobian of the network at a point of the interior of a linear piece."""
    jacobian = np.zeros((0, len(point)))
    current = point
    for k, (matrix, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
        current = matrix @ current + bias
        jacobian = matrix @ jacobian if k else matrix
        if k < len(net.slopes):
            factor = np.where(current >= 0, 1.0, net.slopes[k])
            current, jacobian = factor * current, factor[:, None] * jacobian
    return jacobian


def solve_multipliers(
    weights: Sequence[np.ndarray], slopes: Sequence[np.ndarray], *, by_layer: bool = False
) -> tuple[float, list[np.ndarray]]:
    """The squared constant of a network (without biases) and one multiplier for each hidden neuron.

    Weights are scaled to spectral norm one before the solve; a wide first matrix is replaced by the triangular factor
    of its transpose, which has the same products W W^T and so the same constant.
    """
    norms = [float(np.linalg.norm(matrix, 2)) for matrix in weights]
    if min(norms) == 0.0:
        # a layer that is zero makes the network constant
        return 1e-12, [np.zeros(matrix.shape[0]) for matrix in weights[:-1]]
    scaled = [matrix / norm for matrix, norm in zip(weights, norms, strict=True)]
    product = float(np.prod(norms))
    if len(weights) == 1:
        return product**2, []
    if scaled[0].shape[1] > scaled[0].shape[0]:
        scaled[0] = np.asarray(np.linalg.qr(scaled[0].T, mode="r")).T
    rho, multipliers = _solve_scaled(scaled, slopes, by_layer)
    # undo the scaling: y_k was divided by the product of the first norms
    result = []
    for k, t in enumerate(multipliers):
        result.append(t * (product / float(np.prod(norms[: k + 1]))) ** 2)
    return rho * product**2, result


def _solve_scaled(
    weights: Sequence[np.ndarray], slopes: Sequence[np.ndarray], by_layer: bool
) -> tuple[float, list[np.ndarray]]:
    sizes = [weights[0].shape[1], *(matrix.shape[0] for matrix in weights[:-1])]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    order = int(starts[-1])
    hidden = len(weights) - 1
    # generators: the basis, then the arguments of every layer, then the outputs
    argument_columns, offset = [], order
    columns = [np.eye(order)]
    for k in range(len(weights)):
        matrix = np.zeros((order, weights[k].shape[0]))
        matrix[starts[k] : starts[k + 1]] = weights[k].T
        columns.append(matrix)
        argument_columns.append(np.arange(offset, offset + weights[k].shape[0]))
        offset += weights[k].shape[0]
    variable, left, right, value = [], [], [], []

    def add(which: np.ndarray | int, p: np.ndarray, q: np.ndarray, v: np.ndarray | float) -> None:
        variable.append(np.broadcast_to(which, p.shape))
        left.append(p)
        right.append(q)
        value.append(np.broadcast_to(v, p.shape))

    inputs = np.arange(sizes[0])
    add(0, inputs, inputs, 1.0)
    add(-1, argument_columns[-1], argument_columns[-1], -1.0)
    groups = []
    count = 1
    for k in range(hidden):
        n = sizes[k + 1]
        index = np.full(n, count) if by_layer else np.arange(count, count + n)
        count += 1 if by_layer else n
        groups.append(index)
        y, z, s = argument_columns[k], np.arange(starts[k + 1], starts[k + 2]), slopes[k]
        add(index, y, z, -(1 + s))
        add(index, z, z, 1.0)
        add(index, y, y, s)
    everything = np.arange(order)
    add(-1, everything, everything, -INTERIOR)
    block = MatrixBlock(
        np.concatenate(columns, axis=1), np.concatenate(variable), np.concatenate(left),
        np.concatenate(right), np.concatenate(value), "Lipschitz residual",
    )  # fmt: skip
    objective = np.zeros(count)
    objective[0] = 1.0
    solution = solve(objective, np.ones(count, dtype=bool), block, 1e-9)
    if not np.isfinite(solution.y).all():
        raise NetworkSearchError("the semidefinite program of the Lipschitz constant has no finite solution")
    return float(solution.y[0]), [solution.y[index] for index in groups]
