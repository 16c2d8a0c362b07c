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
    tasks: Sequence[Problem], steps: Array, scales: Array, progress: Callable[[int], None] | None = None
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
        Called with the number of steps that are done.

    Raises
    ------
    ClaimError
        For problems of different models or shapes, which one program cannot run.
    """
    jax = import_jax()
    first = tasks[0]
    if any((t.model, t.x.shape, t.start.shape) != (first.model, first.x.shape, first.start.shape) for t in tasks):
        raise ClaimError("problems that run together have one model, one width and inputs of one shape")
    count = steps.shape[2]
    x, y = np.stack([t.x for t in tasks]), np.stack([t.y for t in tasks])
    shape = (len(tasks), steps.shape[1], scales.shape[1])
    theta = np.broadcast_to(np.stack([t.start for t in tasks])[:, None, None], (*shape, len(first.start)))
    alive = np.ones(shape, dtype=bool)
    # steps of length 0 fill the last chunk: they move nothing, and one program serves every number of steps
    padded = np.pad(steps, ((0, 0), (0, 0), (0, -count % CHUNK)))
    with double(jax):
        advance, losses = _descent_programs(first.model)
        for done in range(0, count, CHUNK):
            theta, alive = advance(x, y, theta, alive, padded[:, :, done : done + CHUNK], scales)
            if progress is not None:
                # a report of what is done, not of what is queued
                jax.block_until_ready(theta)
                progress(min(done + CHUNK, count))
        return np.where(np.asarray(alive), np.asarray(losses(x, y, theta)), np.inf)


@lru_cache(maxsize=8)
def _descent_programs(model: str) -> tuple[Any, Any]:
    """advance(x, y, theta, alive, steps, scales) and losses(x, y, theta), with leading axes for problems and schedules.

    On an accelerator all problems and schedules take a step together; on a CPU one after the other takes all steps of
    the call, so that what it works on stays in the cache.
    """
    jax = import_jax()
    one_by_one = jax.default_backend() == "cpu"

    def each(work: Any, *items: Any) -> Any:
        return jax.lax.map(lambda item: work(*item), items) if one_by_one else jax.vmap(work)(*items)

    def advance(x: Any, y: Any, theta: Any, alive: Any, steps: Any, scales: Any) -> Any:
        def of_schedule(theta: Any, alive: Any, steps: Any) -> Any:
            def step(carry: Any, unit: Any) -> Any:
                current, running = carry
                return stepped(model, x, y, current, running, unit * scales), None

            return jax.lax.scan(step, (theta, alive), steps)[0]

        return each(of_schedule, theta, alive, steps)

    def losses(x: Any, y: Any, theta: Any) -> Any:
        return each(lambda points: loss_and_gradient(model, x, y, points)[0], theta)

    return jax.jit(lambda *arrays: each(advance, *arrays)), jax.jit(lambda *arrays: each(losses, *arrays))


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
