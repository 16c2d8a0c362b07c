"""Training of one-dimensional ReLU networks on JAX: one compiled program for all steps and all seeds.

The steps are those of `pepkit.simulate.hinges`, the same formulas; only its three sums are taken in another way. On a
CPU the running sums over the grid go point by point for all seeds at once, in NumPy's order, elsewhere in parallel.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.accelerated.blocks import seed_blocks
from pepkit.simulate.hinges import (
    REPORT_EVERY,
    HingeGrid,
    HingeRun,
    HingeSums,
    Parameters,
    Progress,
    descended,
    first_positions,
    hinge_grid,
    kink_positions,
    require_finite,
    residuals,
    starting_parameters,
)

__all__ = ["parallel_sums", "sequential_sums", "train_hinges"]

BLOCK = 256
"""Seeds that a CPU trains together."""


def train_hinges(
    amplitudes: np.ndarray,
    weights: np.ndarray,
    biases: np.ndarray,
    target: np.ndarray,
    *,
    steps: int,
    rate: float,
    low: float = -1.0,
    high: float = 1.0,
    train_weights: bool = True,
    simultaneous: bool = True,
    record_every: int = 1000,
    progress: Progress | None = None,
) -> HingeRun:
    """`pepkit.simulate.hinges.train_hinges`, with the same parameters, result and errors.

    Both backends find the cell of a kink with the same operations, so that a step differs by the rounding of its sums
    only, about 1e-16 relative: the losses of the trainings of `bias-collapse` agree to twelve digits on a CPU after
    20,000 steps. A kink that comes to rest at a grid point, as in long runs of the demonstration, may cross it a step
    earlier on one of the two, and where the training is sensitive to that the networks part.
    On a GPU the changes of slope of kinks in one cell are added in no fixed order, unless JAX is started with
    ``XLA_FLAGS=--xla_gpu_exclude_nondeterministic_ops=true``, so that there two runs may part in the same way.
    """
    first = starting_parameters(amplitudes, weights, biases)
    seeds = len(first[0])
    grid = hinge_grid(target, seeds, low, high)
    signed = train_weights or bool((first[1] < 0).any())
    stops = sorted({*range(0, steps, record_every), *range(0, steps, REPORT_EVERY), steps})
    times, losses, kinks = [], [], []
    jax = import_jax()
    with double(jax):
        advance = _program(train_weights, simultaneous, signed)
        blocks = seed_blocks(jax.default_backend(), seeds, BLOCK)
        states = jax.device_put([tuple(part[block] for part in first) for block in blocks])
        grids = jax.device_put([_of_block(grid, block) for block in blocks])
        step = 0
        for stop in stops:
            found = [advance(state, part, rate, step, stop) for state, part in zip(states, grids, strict=True)]
            states = [state for state, *_ in found]
            step = min(int(reached) for _, reached, *_ in found)
            require_finite(all(bool(fine) for _, _, fine, _ in found), "the parameters are", step, rate)
            if step % record_every == 0 or step == steps:
                loss = np.concatenate([part for *_, part in found])
                require_finite(bool(np.isfinite(loss).all()), "the loss is", step, rate)
                times.append(step)
                losses.append(loss)
                kinks.append(kink_positions(*_joined(states)[1:]))
            if progress is not None:
                progress(step)
        a, w, b = _joined(states)
    return HingeRun(a, w, b, np.array(times), np.array(losses), np.array(kinks))


def _of_block(grid: HingeGrid, block: slice) -> HingeGrid:
    return grid if grid.goal.shape[1] == 1 else grid._replace(goal=grid.goal[:, block])


def _joined(states: list[Parameters]) -> list[np.ndarray]:
    """Amplitudes, weights and biases of all blocks as arrays of NumPy."""
    return [np.concatenate(parts) for parts in zip(*states, strict=True)]


def sequential_sums(jax: Any) -> tuple[Any, Any]:
    """The sums `outputs` and `tails` point by point: n dependent steps, each for all seeds at once."""
    numpy, scan = jax.numpy, jax.lax.scan

    def outputs(slopes: Any, heights: Any, grid: HingeGrid) -> Any:
        def advance(carry: Any, item: Any) -> Any:
            slope, height = carry[0] + item[0], carry[1] + item[1]
            return (slope, height), slope * item[2] + height - item[3]

        zero = numpy.zeros(slopes.shape[1])
        return scan(advance, (zero, zero), (slopes, heights, grid.points, grid.goal))[1]

    def tails(residual: Any, points: Any) -> Any:
        def advance(carry: Any, item: Any) -> Any:
            following = carry[0] + item[0], carry[1] + item[0] * item[1]
            return following, following

        zero = numpy.zeros(residual.shape[1])
        _, (s0, s1) = scan(advance, (zero, zero), (residual, points), reverse=True)
        return numpy.concatenate([s0, zero[None]]), numpy.concatenate([s1, zero[None]])

    return outputs, tails


def parallel_sums(jax: Any) -> tuple[Any, Any]:
    """The same sums with a depth of log n."""
    numpy = jax.numpy

    def outputs(slopes: Any, heights: Any, grid: HingeGrid) -> Any:
        return numpy.cumsum(slopes, axis=0) * grid.points + numpy.cumsum(heights, axis=0) - grid.goal

    def tails(residual: Any, points: Any) -> Any:
        zero = numpy.zeros((1, residual.shape[1]))
        s0, s1 = (numpy.cumsum(part[::-1], axis=0)[::-1] for part in (residual, residual * points))
        return numpy.concatenate([s0, zero]), numpy.concatenate([s1, zero])

    return outputs, tails


def _sums(jax: Any) -> HingeSums:
    """The sums of JAX, sequential on a CPU and parallel on other devices."""
    ordered, parallel = sequential_sums(jax), parallel_sums(jax)

    def collect(places: Any, values: Any, length: int) -> Any:
        return jax.numpy.zeros(length).at[places].add(values)

    def outputs(slopes: Any, heights: Any, grid: HingeGrid) -> Any:
        return jax.lax.platform_dependent(slopes, heights, grid, cpu=ordered[0], default=parallel[0])

    def tails(residual: Any, points: Any) -> Any:
        return jax.lax.platform_dependent(residual, points, cpu=ordered[1], default=parallel[1])

    return HingeSums(jax.numpy, collect, outputs, tails)


@lru_cache(maxsize=8)
def _program(train_weights: bool, simultaneous: bool, signed: bool) -> Any:
    """advance(parameters, grid, rate, step, stop): the parameters after `stop` steps in all, how many steps were made
    (fewer where parameters became infinite), whether they are finite, and the loss, shape (seeds,).

    Kept, so that runs of one shape are compiled once. The ends of the grid are no constants: division by a constant
    would become a multiplication, and kinks on the grid would change their cells.
    """
    jax = import_jax()
    numpy = jax.numpy
    sums = _sums(jax)

    def residual_at(parameters: Parameters, grid: HingeGrid) -> Any:
        positions = first_positions(numpy, parameters)
        left = parameters[1] < 0 if signed else None
        return ~numpy.isnan(positions).any(), left, *residuals(sums, parameters, positions, left, grid)

    def advance(parameters: Any, grid: Any, rate: Any, begin: Any, stop: Any) -> Any:
        def unfinished(carry: Any) -> Any:
            return carry[1] & (carry[0] < stop)

        def step(carry: Any) -> Any:
            number, _, current = carry
            fine, left, residual, places = residual_at(current, grid)
            following = descended(sums, current, residual, places, left, grid, rate, train_weights, simultaneous)
            return number + fine, fine, following

        number, fine, last = jax.lax.while_loop(unfinished, step, (begin, numpy.array(True), parameters))
        still, _, residual, _ = residual_at(last, grid)
        return last, number, fine & still, numpy.mean(residual**2, axis=0)

    return jax.jit(advance)
