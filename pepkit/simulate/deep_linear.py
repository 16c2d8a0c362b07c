"""Gradient flow of deep linear networks, batched: W_j' = -G_j for L = |W_N ... W_1 - Y|^2/2 (whitened inputs).

Weights are arrays of shape (B, N, d, d), real or complex; index [:, 0] is the first layer. Complex weights follow the
flow of the same loss with the real inner product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

__all__ = [
    "FlowRun",
    "arora_velocity",
    "balanced",
    "closed_equations",
    "closed_run",
    "end_to_end",
    "flow",
    "gradients",
    "imbalance",
    "layer_angles",
    "loss",
    "saxe",
    "turns",
]

Array = NDArray[Any]


def end_to_end(weights: Array) -> Array:
    """W_N ... W_1, shape (B, d, d)."""
    product = weights[:, 0]
    for j in range(1, weights.shape[1]):
        product = weights[:, j] @ product
    return product


def loss(weights: Array, target: Array) -> Array:
    """L, shape (B,)."""
    error = end_to_end(weights) - target
    return np.asarray(np.sum(np.abs(error) ** 2, axis=(1, 2)) / 2)


def gradients(weights: Array, target: Array) -> Array:
    """G_j = (W_N ... W_(j+1))* (W - Y) (W_(j-1) ... W_1)*, shape (B, N, d, d)."""
    depth = weights.shape[1]
    forward = [weights[:, 0]]
    for j in range(1, depth):
        forward.append(weights[:, j] @ forward[-1])
    adjoint = np.conj(np.swapaxes(weights, 2, 3))
    back = forward[-1] - target
    result = np.empty_like(weights)
    for j in range(depth - 1, 0, -1):
        result[:, j] = back @ np.conj(np.swapaxes(forward[j - 1], 1, 2))
        back = adjoint[:, j] @ back
    result[:, 0] = back
    return result


@dataclass(frozen=True)
class FlowRun:
    """`times` (T,) and weights (T, B, N, d, d) on the way."""

    times: NDArray[np.float64]
    weights: Array


def flow(weights: Array, target: Array, times: Array, tolerance: float = 1e-9) -> FlowRun:
    """Gradient flow from `weights` to the last of `times`, by DOP853 on the stacked batch.

    Parameters
    ----------
    tolerance
        Relative tolerance of the integrator; the absolute one is a thousandth of it.
    """
    shape = weights.shape
    is_complex = np.iscomplexobj(weights)

    def unpack(vector: Array) -> Array:
        flat = vector.view(complex) if is_complex else vector
        return flat.reshape(shape)

    def velocity(_: float, vector: Array) -> Array:
        change = np.ascontiguousarray(-gradients(unpack(np.ascontiguousarray(vector)), target)).reshape(-1)
        return change.view(float) if is_complex else change

    start = np.ascontiguousarray(weights).reshape(-1)
    solution = solve_ivp(
        velocity, (times[0], times[-1]), start.view(float) if is_complex else start, method="DOP853", t_eval=times,
        rtol=tolerance, atol=tolerance / 1000,
    )  # fmt: skip
    states = np.ascontiguousarray(solution.y.T)
    return FlowRun(np.asarray(times), np.stack([unpack(state) for state in states]))


def imbalance(weights: Array) -> Array:
    """D_j = W_(j+1)* W_(j+1) - W_j W_j*, shape (B, N - 1, d, d); conserved by the flow."""
    adjoint = np.conj(np.swapaxes(weights, -1, -2))
    return np.asarray(
        adjoint[..., 1:, :, :] @ weights[..., 1:, :, :] - weights[..., :-1, :, :] @ adjoint[..., :-1, :, :]
    )


def balanced(left: Array, singular: Array, right: Array, depth: int, generator: np.random.Generator) -> Array:
    """Balanced weights with end-to-end matrix U diag(s) V*: W_j = R_j diag(s^(1/N)) R_(j-1)* with random R_j.

    `left`, `right` have shape (B, d, d), `singular` (B, d).
    """
    size, dimension = singular.shape
    root = singular ** (1 / depth)
    frames = [right]
    for _ in range(depth - 1):
        frames.append(np.linalg.qr(generator.standard_normal((size, dimension, dimension)))[0])
    frames.append(left)
    layers = [frames[j + 1] * root[:, None, :] @ np.swapaxes(frames[j], 1, 2) for j in range(depth)]
    return np.stack(layers, axis=1)


def _power(matrix: Array, exponent: float) -> Array:
    """A real power of symmetric positive semidefinite matrices (B, d, d)."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0)[:, None, :] ** exponent) @ np.swapaxes(vectors, 1, 2))


def arora_velocity(product: Array, target: Array, depth: int) -> Array:
    """dW/dt = -sum_j (WW')^((j-1)/N) G (W'W)^((N-j)/N) of balanced networks (Arora, Cohen, Hazan 2018)."""
    gradient = product - target
    left, right = product @ np.swapaxes(product, 1, 2), np.swapaxes(product, 1, 2) @ product
    total = np.zeros_like(product)
    for j in range(1, depth + 1):
        total -= _power(left, (j - 1) / depth) @ gradient @ _power(right, (depth - j) / depth)
    return total


def rotation(angle: Array) -> Array:
    """Rotations (B, 2, 2) by the angles (B,)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)


def closed_equations(state: Array, target: tuple[float, float], depth: int) -> Array:
    """(a', b', phi', psi') of balanced 2 x 2 networks with W = R(phi) diag(a, b) R(psi)', Y = diag(target).

    G = R(phi)' (W - Y) R(psi); a' = -N a^(2-2/N) G11, b' = -N b^(2-2/N) G22,
    phi' = -(b G12 + a G21)/(a^(2/N) - b^(2/N)), psi' = -(a G12 + b G21)/(a^(2/N) - b^(2/N)).
    The kernel proves these equations (identity `balanced-flow`). `state` has shape (4, B).
    """
    a, b, phi, psi = state
    c, s, k, m = np.cos(phi), np.sin(phi), np.cos(psi), np.sin(psi)
    first, second = target
    g11 = a - (first * c * k + second * s * m)
    g22 = b - (first * s * m + second * c * k)
    g12 = first * c * m - second * s * k
    g21 = first * s * k - second * c * m
    gap = a ** (2 / depth) - b ** (2 / depth)
    power = 2 - 2 / depth
    return np.stack(
        [
            -depth * a**power * g11,
            -depth * b**power * g22,
            -(b * g12 + a * g21) / gap,
            -(a * g12 + b * g21) / gap,
        ]
    )


def closed_run(state: Array, target: tuple[float, float], depth: int, time: float) -> Array:
    """The closed equations integrated to `time`; end-to-end matrices (B, 2, 2)."""
    size = state.shape[1]
    solution = solve_ivp(
        lambda _, y: closed_equations(y.reshape(4, size), target, depth).reshape(-1),
        (0.0, time), state.reshape(-1), method="DOP853", rtol=1e-13, atol=1e-15,
    )  # fmt: skip
    a, b, phi, psi = solution.y[:, -1].reshape(4, size)
    singular = np.zeros((size, 2, 2))
    singular[:, 0, 0], singular[:, 1, 1] = a, b
    return np.asarray(rotation(phi) @ singular @ np.swapaxes(rotation(psi), 1, 2))


def saxe(start: float, goal: float, times: Array) -> Array:
    """s(t) = s* e^(2 s* t)/(e^(2 s* t) - 1 + s*/s_0) of two aligned layers (Saxe, McClelland, Ganguli 2014)."""
    growth = np.expm1(2 * goal * times)
    return np.asarray(goal * (growth + 1) / (growth + goal / start))


def layer_angles(weights: Array) -> Array:
    """Largest angle (radians) between the leading right singular vector of W_(j+1) and the leading left one of W_j."""
    left, _, right = np.linalg.svd(weights)
    inner = np.einsum("...i,...i->...", right[..., 1:, 0, :], np.conj(left[..., :-1, :, 0]))
    return np.asarray(np.max(np.arccos(np.clip(np.abs(inner), 0, 1)), axis=-1))


def turns(values: Array, threshold: float = 1e-6) -> NDArray[np.int64]:
    """How often each column of `values` (T, B) changes direction by more than `threshold`.

    A turn counts once the curve has come back from its last extreme value by the threshold, so rounding is no turn.
    """
    count = np.zeros(values.shape[1], dtype=np.int64)
    direction = np.zeros(values.shape[1])
    extreme = values[0].copy()
    for row in values[1:]:
        ahead = (row - extreme) * direction
        first = (direction == 0) & (np.abs(row - extreme) > threshold)
        turned = (direction != 0) & (ahead < -threshold)
        count += turned
        moved = first | turned | ((direction != 0) & (ahead > 0))
        direction = np.where(first | turned, np.sign(row - extreme), direction)
        extreme = np.where(moved, row, extreme)
    return count
