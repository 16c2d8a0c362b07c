"""Stepsize schedules on small networks on JAX: one compiled program for all seeds, schedules and scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.kernel import ClaimError
from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.network_steps import Problem, SharpnessTrace, hessian, loss_and_gradient, stepped, too_long

__all__ = ["final_losses", "sharpness_trace"]

Array = NDArray[np.float64]
CHUNK = 32
"""Steps of one call of the compiled program; progress is reported between calls."""


def final_losses(
    tasks: Sequence[Problem],
    steps: Array,
    scales: Array,
    progress: Callable[[int, int], None] | None = None,
    together: bool | None = None,
) -> Array:
    """`pepkit.simulate.network_steps.final_losses` for S problems, K schedules each and G scales: shape (S, K, G).

    The formulas and random numbers are those of NumPy; what differs is rounding, to about 1e-15 in a step, which
    descent amplifies where steps are longer than the sharpness allows.

    Parameters
    ----------
    tasks
        Problems of one model and shape.
    steps
        Unit steps, shape (S, K, N).
    scales
        Shape (S, G).
    progress
        Called with the number of steps that are done, of all schedules, and how many there are.
    together
        Whether all schedules of all problems take a step together, or one schedule after the other runs to its end, so
        that what it works on stays in the cache of a processor. None: together on an accelerator, not on a CPU.

    Raises
    ------
    ClaimError
        For problems of different models or shapes, which one program cannot run.
    """
    jax = import_jax()
    first = tasks[0]
    if any((t.model, t.x.shape, t.start.shape) != (first.model, first.x.shape, first.start.shape) for t in tasks):
        raise ClaimError("problems that run together have one model, one width and inputs of one shape")
    shape = (len(tasks), steps.shape[1], scales.shape[1])
    items, count = shape[0] * shape[1], steps.shape[2]
    x, y, starts = (
        np.repeat(np.stack(part), shape[1], axis=0)
        for part in ([t.x for t in tasks], [t.y for t in tasks], [t.start for t in tasks])
    )
    factors = np.repeat(scales, shape[1], axis=0)
    # steps of length 0 fill the last chunk: they move nothing, and one program serves every number of steps
    lengths = np.pad(steps.reshape(items, count), ((0, 0), (0, -count % CHUNK)))
    if together is None:
        together = jax.default_backend() != "cpu"
    size = items if together else 1
    found = []
    with double(jax):
        advance = _descent_program(first.model)
        for item in range(0, items, size):
            part = slice(item, item + size)
            theta: Any = np.repeat(starts[part, None], shape[2], axis=1)
            alive: Any = np.ones((size, shape[2]), dtype=bool)
            for done in range(0, count, CHUNK):
                chunk = lengths[part, done : done + CHUNK]
                theta, alive, losses = advance(x[part], y[part], theta, alive, chunk, factors[part])
                if progress is not None:
                    # a report of what is done, not of what is queued
                    jax.block_until_ready(losses)
                    progress(item * count + size * min(done + CHUNK, count), items * count)
            found.append(np.where(np.asarray(alive), np.asarray(losses), np.inf))
    return np.concatenate(found).reshape(shape)


@lru_cache(maxsize=8)
def _descent_program(model: str) -> Any:
    """advance(x, y, theta, alive, steps, scales), with a leading axis for schedules: theta, alive, losses there."""
    jax = import_jax()

    def advance(x: Any, y: Any, theta: Any, alive: Any, steps: Any, scales: Any) -> Any:
        def step(carry: Any, unit: Any) -> Any:
            current, running = carry
            return stepped(model, x, y, current, running, unit * scales), None

        theta, alive = jax.lax.scan(step, (theta, alive), steps)[0]
        return theta, alive, loss_and_gradient(model, x, y, theta)[0]

    return jax.jit(jax.vmap(advance))


def sharpness_trace(
    task: Problem, steps: Array, every: int, progress: Callable[[int], None] | None = None
) -> SharpnessTrace:
    """`pepkit.simulate.network_steps.sharpness_trace`, compiled: `every` steps and one Hessian in each call.

    Losses agree with NumPy as those of `final_losses`; eigenvalues to about 1e-9, the rounding of differenced
    gradients over the width of the difference.
    """
    jax = import_jax()
    theta: Any = task.start
    times, losses, largest, smallest = [], [], [], []
    with double(jax):
        run = _trace_program(task.model)
        # the last point is recorded too, before no step
        for done in [*range(0, len(steps), every), len(steps)]:
            following = steps[done : done + every]
            lengths = np.pad(following, (0, every - len(following)))
            theta, passed, lowest, highest = run(task.x, task.y, theta, lengths)
            finite = np.isfinite(np.asarray(passed))[: max(len(following), 1)]
            if not finite.all():
                raise too_long(done + int(np.argmin(finite)))
            times.append(done)
            losses.append(float(passed[0]))
            largest.append(float(highest))
            smallest.append(float(lowest))
            if progress is not None:
                progress(done)
    return SharpnessTrace(np.array(times), np.array(losses), np.array(largest), np.array(smallest))


@lru_cache(maxsize=8)
def _trace_program(model: str) -> Any:
    """run(x, y, theta, lengths): theta after the steps, the losses before each, the extreme eigenvalues at theta."""
    jax = import_jax()
    numpy = jax.numpy

    def run(x: Any, y: Any, theta: Any, lengths: Any) -> Any:
        def step(current: Any, length: Any) -> Any:
            loss, gradient = loss_and_gradient(model, x, y, current[None])
            return current - length * gradient[0], loss[0]

        eigenvalues = numpy.linalg.eigvalsh(hessian(model, x, y, theta))
        last, losses = jax.lax.scan(step, theta, lengths)
        return last, losses, eigenvalues[0], eigenvalues[-1]

    return jax.jit(run)
