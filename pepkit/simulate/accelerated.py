"""The experiments on JAX: one compiled program for thousands of seeds, on a GPU where there is one.

The functions here take and return NumPy arrays, and compute in float64 what their namesakes on NumPy and SciPy
compute, up to the tolerance of the integrator. They need the extra `jax` (``pip install 'pepkit[jax]'``: jax, diffrax,
optax).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.kernel import ClaimError
from pepkit.simulate.deep_linear import FlowRun

__all__ = ["BACKENDS", "descent", "device_name", "flow", "lyapunov_sums", "provenance", "require_backend", "trained"]

Array = NDArray[Any]
BACKENDS = ("numpy", "jax")
"""What an experiment can run on."""
MAX_STEPS = 1 << 20
"""Most steps of the integrator in one run."""


def require_backend(name: str) -> str:
    """The name, if it can be used here; ClaimError with the remedy otherwise."""
    if name not in BACKENDS:
        raise ClaimError(f"unknown backend {name!r}; known are {', '.join(BACKENDS)}")
    if name == "jax":
        _jax()
    return name


def _jax() -> Any:
    try:
        import diffrax  # noqa: F401
        import jax
        import optax  # noqa: F401
    except ImportError as error:
        raise ClaimError(f"the backend jax needs {error.name}: pip install 'pepkit[jax]'") from None
    return jax


def _double(jax: Any) -> AbstractContextManager[Any]:
    """float64 inside, whatever the process uses elsewhere."""
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()


def device_name() -> str:
    """The device that JAX computes on, such as ``cpu`` or the name of a GPU."""
    device = _jax().devices()[0]
    return str(getattr(device, "device_kind", device.platform))


def provenance() -> dict[str, str]:
    """What a run on JAX depends on besides NumPy: the versions of the libraries and the device."""
    from importlib.metadata import version

    return {"jax": version("jax"), "diffrax": version("diffrax"), "optax": version("optax"), "device": device_name()}


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
    jax = _jax()
    is_complex = np.iscomplexobj(weights) or np.iscomplexobj(target)
    with _double(jax):
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
    jax = _jax()
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
    jax = _jax()
    with _double(jax):
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


def descent(gradient: Callable[[Any, Any], Any], data: Any, start: Array, steps: Array) -> Array:
    """Gradient descent x_(i+1) = x_i - h_i grad f(x_i) on a batch of functions; all points, shape (N + 1, B, d).

    Parameters
    ----------
    gradient
        gradient(point, item) of one function, written with jax.numpy, for an item of `data`.
    data
        Arrays with a leading axis of length B, in any nesting of tuples and dictionaries.
    start
        Shape (B, d).
    steps
        h_0, ..., h_(N-1), in units of 1/L of the functions.
    """
    jax = _jax()
    with _double(jax):
        numpy = jax.numpy
        batched = jax.vmap(gradient)
        items = jax.tree_util.tree_map(lambda a: numpy.asarray(a, dtype=numpy.float64), data)

        def advance(points: Any, step: Any) -> Any:
            following = points - step * batched(points, items)
            return following, following

        first = numpy.asarray(start, dtype=numpy.float64)
        _, found = jax.jit(lambda x, h: jax.lax.scan(advance, x, h))(first, numpy.asarray(steps, dtype=numpy.float64))
        return np.concatenate([np.asarray(start)[None], np.asarray(found)])


def trained(
    loss: Callable[[Any, Any], Any],
    parameters: Any,
    data: Any,
    *,
    steps: int,
    rate: float,
    optimizer: str = "sgd",
    records: int = 1,
) -> tuple[Any, Array]:
    """Full-batch training of many networks at once; the parameters at the end, and losses, shape (records + 1, B).

    Parameters
    ----------
    loss
        loss(parameters, data) of one network, written with jax.numpy.
    parameters
        Arrays with a leading axis of length B (one network each), in any nesting of tuples and dictionaries.
    data
        What all networks are trained on.
    steps, rate, optimizer
        The number of steps, the learning rate, and a name of optax: sgd, adam, ...
    records
        How often the losses are recorded, evenly; `steps` must be a multiple.

    Raises
    ------
    ClaimError
        For an optimizer that optax does not have, or a number of records that does not divide the steps.
    """
    jax = _jax()
    import optax

    maker = getattr(optax, optimizer, None)
    if maker is None or optimizer.startswith("_"):
        raise ClaimError(f"optax has no optimizer {optimizer!r}; sgd and adam are among those that it has")
    if records < 1 or steps % records:
        raise ClaimError(f"{steps} steps are not recorded {records} times evenly")
    rule = maker(rate)
    with _double(jax):
        numpy = jax.numpy
        value, slope = jax.vmap(loss, (0, None)), jax.vmap(jax.grad(loss), (0, None))

        def advance(carry: Any, _: Any) -> Any:
            current, state, items = carry
            updates, state = rule.update(slope(current, items), state, current)
            return (optax.apply_updates(current, updates), state, items), None

        def chunk(carry: Any, _: Any) -> Any:
            carry, _ = jax.lax.scan(advance, carry, None, length=steps // records)
            return carry, value(carry[0], carry[2])

        def run(first: Any, items: Any) -> Any:
            (last, _, _), losses = jax.lax.scan(chunk, (first, rule.init(first), items), None, length=records)
            return last, numpy.concatenate([value(first, items)[None], losses])

        cast = lambda tree: jax.tree_util.tree_map(lambda a: numpy.asarray(a, dtype=numpy.float64), tree)  # noqa: E731
        last, losses = jax.jit(run)(cast(parameters), cast(data))
        return jax.tree_util.tree_map(np.asarray, last), np.asarray(losses)
