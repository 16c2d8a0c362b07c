"""Euclidean Lipschitz constants of deep networks layer by layer (ECLipsE), with certificates.

The forward recursion of Xu and Sivaranjani (2024): P_0 = I, and for every hidden layer the multipliers T that make the
next matrix P = T - (Schur complement) as large as possible against the weights that follow. ``chain`` solves a small
semidefinite program for every layer, ``chain-fast`` takes one multiplier for a layer in closed form.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from flint import fmpq

from pepkit.kernel.errors import CertificateError, UndecidedError
from pepkit.kernel.lipschitz_chain import ChainProof
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.networks import Network, Vector
from pepkit.networks.gram_program import NetworkSearchError, solve
from pepkit.networks.model import FloatNetwork, float_network
from pepkit.solvers import MatrixBlock

__all__ = ["chain_proof"]

MARGINS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)
"""What every matrix is diminished by, relative to its norm, so that rounding has room; tried in turn."""
BITS = 50
"""Significant bits of the entries of a certificate, against the largest."""

Progress = Callable[[str, str], None]


def chain_proof(
    network: Network, *, fast: bool = False, pair: tuple[Vector, Vector] | None = None, progress: Progress | None = None
) -> tuple[ChainProof, float]:
    """A proof by a chain that the kernel accepts, and the squared constant of the search in doubles.

    Raises NetworkSearchError if no chain survives rounding.
    """
    net = float_network(network)
    if any(not np.any(matrix) for matrix in net.weights):
        return _constant_network(network, pair), 0.0
    multipliers = _multipliers(net, fast, progress)
    failure = ""
    for margin in MARGINS:
        if progress is not None:
            progress("project", f"relative margin {margin:.0e}")
        rate, matrices = _forward(net, multipliers, margin)
        if rate is None:
            failure = "a matrix of the chain is not definite"
            continue
        exact_rate = fmpq(*float(rate * (1 + margin)).as_integer_ratio())
        claim = NetworkLipschitz(network, exact_rate)
        proof = ChainProof(
            claim,
            tuple(_rounded(rate * t) for t in multipliers),
            tuple(_rounded_triangle(rate * p) for p in matrices),
            pair,
            {"method": "chain-fast" if fast else "chain", "software": "pepkit"},
        )
        try:
            proof.prove()
        except (CertificateError, UndecidedError) as error:
            failure = str(error)
            continue
        return proof, float(rate)
    raise NetworkSearchError(f"no chain survived rounding: {failure}; try the variant 'split' or 'product'")


def _constant_network(network: Network, pair: tuple[Vector, Vector] | None) -> ChainProof:
    """A zero matrix makes the network constant: zero multipliers after it, tiny ones before."""
    tiny = fmpq(1, 1 << 40)
    multipliers: list[Vector] = []
    matrices: list[tuple[Vector, ...]] = []
    for layer in network.hidden:
        n = layer.outputs
        multipliers.append((fmpq(0),) * n)
        matrices.append(tuple((fmpq(0),) * (i + 1) for i in range(n)))
    claim = NetworkLipschitz(network, tiny)
    proof = ChainProof(claim, tuple(multipliers), tuple(matrices), pair)
    try:
        proof.prove()
    except (CertificateError, UndecidedError) as error:
        raise NetworkSearchError(
            f"a layer of the network is zero, and not the last: {error}; try the variant 'neuron'"
        ) from None
    return proof


def _reduced(net: FloatNetwork) -> list[np.ndarray]:
    """The weights, a wide first matrix replaced by the triangular factor with the same W W'."""
    weights = list(net.weights)
    if weights[0].shape[1] > weights[0].shape[0]:
        weights[0] = np.asarray(np.linalg.qr(weights[0].T, mode="r")).T
    return weights


def _multipliers(net: FloatNetwork, fast: bool, progress: Progress | None) -> list[np.ndarray]:
    weights = _reduced(net)
    before = np.eye(weights[0].shape[1])
    found = []
    for k in range(len(weights) - 1):
        if progress is not None:
            progress("solve", f"layer {k + 1} of {len(weights) - 1}")
        w, s = weights[k], net.slopes[k]
        if fast:
            size = float(np.linalg.norm(w @ np.linalg.solve(before, w.T), 2))
            t = np.full(len(s), 2.0 / ((1.0 + float(s.max())) ** 2 * size))
        else:
            t = _solve_layer(before, w, s, weights[k + 1])
        found.append(t)
        after = _schur(before, w, s, t)
        lowest = float(np.linalg.eigvalsh(after)[0])
        # the next program inverts the matrix, so it is kept definite
        before = after + max(0.0, 1e-10 * float(np.abs(after).max()) - lowest) * np.eye(len(after))
    return found


def _schur(before: np.ndarray, w: np.ndarray, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """T - B'(P + W'STW)^(-1) B with B = W'(1 + S)T/2."""
    inner = before + (w.T * (s * t)) @ w
    cross = 0.5 * w.T * ((1.0 + s) * t)
    after = np.diag(t) - cross.T @ np.linalg.solve(inner, cross)
    return 0.5 * (after + after.T)


def _solve_layer(before: np.ndarray, w: np.ndarray, s: np.ndarray, following: np.ndarray) -> np.ndarray:
    """T >= 0 that maximises c with [[P + W'STW, -B], [-B', T - c V'V]] >= 0, V the weights that follow.

    Coordinates are changed so that P becomes the identity and V has norm one, which keeps the program well scaled.
    """
    factor = np.linalg.cholesky(0.5 * (before + before.T))
    scaled = np.linalg.solve(factor, w.T).T
    size = float(np.linalg.norm(scaled, 2))
    scaled = scaled / size
    last = following / np.linalg.norm(following, 2)
    width, n = scaled.shape[1], scaled.shape[0]
    order = width + n
    # columns: the basis (inputs, activations), then the arguments, then the outputs of the next weights
    generators = np.zeros((order, order + n + last.shape[0]))
    generators[:, :order] = np.eye(order)
    generators[:width, order : order + n] = scaled.T
    generators[width:, order + n :] = last.T
    x, z = np.arange(width), width + np.arange(n)
    y, v = order + np.arange(n), order + n + np.arange(last.shape[0])
    index = 1 + np.arange(n)
    terms = [
        (np.full(width, -1), x, x, np.ones(width)),
        (index, y, y, s),
        (index, y, z, -(1.0 + s)),
        (index, z, z, np.ones(n)),
        (np.zeros(len(v), dtype=int), v, v, -np.ones(len(v))),
    ]
    variable, left, right, value = (np.concatenate([term[part] for term in terms]) for part in range(4))
    block = MatrixBlock(generators, variable, left, right, value, "link of the chain")
    objective = np.zeros(1 + n)
    objective[0] = -1.0
    solution = solve(objective, np.ones(1 + n, dtype=bool), block, 1e-9)
    return np.maximum(solution.y[1:], 0.0) / size**2


def _forward(net: FloatNetwork, multipliers: list[np.ndarray], margin: float) -> tuple[float | None, list[np.ndarray]]:
    """The squared constant of these multipliers and the matrices P, for P_0 = I, diminished by the margin."""
    weights = _reduced(net)
    before = np.eye(weights[0].shape[1])
    matrices = []
    for k, t in enumerate(multipliers):
        slopes = net.slopes[k]
        if k == 0 and net.weights[0].shape[1] > net.weights[0].shape[0]:
            # the kernel leaves out W'STW here
            cross = 0.5 * weights[0].T * ((1.0 + slopes) * t)
            after = np.diag(t) - cross.T @ cross
        else:
            after = _schur(before, weights[k], slopes, t)
        after = after - margin * float(np.abs(np.diag(after)).max()) * np.eye(len(after))
        if np.linalg.eigvalsh(after)[0] <= 0:
            return None, []
        matrices.append(after)
        before = after
    last = weights[-1]
    return float(np.linalg.norm(last @ np.linalg.solve(before, last.T), 2)), matrices


def _rounded(values: np.ndarray) -> Vector:
    bits = BITS - int(np.ceil(np.log2(max(float(np.abs(values).max()), 1e-300))))
    scale = fmpq(1 << bits) if bits >= 0 else fmpq(1, 1 << -bits)
    return tuple(fmpq(round(fmpq(*float(a).as_integer_ratio()) * scale)) / scale for a in values)


def _rounded_triangle(matrix: np.ndarray) -> tuple[Vector, ...]:
    flat = _rounded(matrix.ravel())
    size = len(matrix)
    return tuple(flat[i * size : i * size + i + 1] for i in range(size))
