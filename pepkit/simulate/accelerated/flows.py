"""Gradient flows and products of random matrices on JAX."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.deep_linear import FlowRun

__all__ = ["flow", "lyapunov_sums"]

Array = NDArray[Any]
MAX_STEPS = 1 << 20
"""Most steps of the integrator in one run."""


def flow(weights: Array, target: Array, times: Array, tolerance: float = 1e-9) -> FlowRun:
    """Gradient flow of deep linear networks, as `pepkit.simulate.deep_linear.flow`, by Dopri8 with steps of its own
    for every member of the batch.

    Parameters
    ----------
    weights
        Shape (B, N, d, d), real or complex.
    target
        Y, shape (d, d).
    times
        Increasing, shape (T,); the first is the start.
    tolerance
        Relative tolerance of the integrator; the absolute one is a thousandth of it.
    """
    jax = import_jax()
    is_complex = np.iscomplexobj(weights) or np.iscomplexobj(target)
    with double(jax):
        start, goal = _parts(weights, is_complex, 1), _parts(target, is_complex, 0)
        run = _flow_program(tolerance, is_complex)
        found = np.swapaxes(np.asarray(run(start, goal, np.asarray(times, dtype=np.float64))), 0, 1)
    return FlowRun(np.asarray(times), found[:, :, 0] + 1j * found[:, :, 1] if is_complex else found[:, :, 0])


def _parts(array: Array, is_complex: bool, axis: int) -> Array:
    """Real numbers only: the real part, for complex computations also the imaginary one, along a new axis."""
    return np.stack([np.real(array), np.imag(array)] if is_complex else [array], axis=axis).astype(np.float64)


@lru_cache(maxsize=8)
def _flow_program(tolerance: float, is_complex: bool) -> Any:
    """The compiled flow, kept: studies ask for the same one many times.

    Real and imaginary parts are integrated as real numbers; the flow of complex weights is the gradient flow in both.
    """
    jax = import_jax()
    import diffrax

    numpy = jax.numpy

    def half_square(parts: Any, goal: Any) -> Any:
        layers = parts[0] + 1j * parts[1] if is_complex else parts[0]
        product = layers[0]
        for layer in layers[1:]:
            product = layer @ product
        error = [numpy.real(product), numpy.imag(product)] if is_complex else [product]
        return numpy.sum((numpy.stack(error) - goal) ** 2) / 2

    descend = jax.grad(half_square)
    term = diffrax.ODETerm(lambda t, parts, goal: -descend(parts, goal))
    controller = diffrax.PIDController(rtol=tolerance, atol=tolerance / 1000)

    def run(parts: Any, goal: Any, moments: Any) -> Any:
        solution = diffrax.diffeqsolve(
            term, diffrax.Dopri8(), t0=moments[0], t1=moments[-1], dt0=None, y0=parts, args=goal,
            saveat=diffrax.SaveAt(ts=moments), stepsize_controller=controller, max_steps=MAX_STEPS,
        )  # fmt: skip
        return solution.ys

    return jax.jit(jax.vmap(run, (0, None, None)))


def lyapunov_sums(matrices: Array) -> Array:
    """sum over l of ln |R_l[k, k]| for products A_L ... A_1 of random matrices, by QR steps; shape (B, d).

    `matrices` has shape (L, B, d, d). Divided by L these are the Lyapunov exponents in the limit.
    """
    jax = import_jax()
    with double(jax):
        numpy = jax.numpy

        def advance(carry: Any, layer: Any) -> Any:
            frame, total = carry
            frame, upper = numpy.linalg.qr(layer @ frame)
            return (frame, total + numpy.log(numpy.abs(numpy.diagonal(upper, axis1=1, axis2=2)))), None

        size, dimension = matrices.shape[1], matrices.shape[-1]
        frames = numpy.broadcast_to(numpy.eye(dimension), (size, dimension, dimension))
        zero = numpy.zeros((size, dimension))
        (_, total), _ = jax.jit(lambda first, layers: jax.lax.scan(advance, first, layers))(
            (frames, zero), numpy.asarray(matrices, dtype=numpy.float64)
        )
        return np.asarray(total)
