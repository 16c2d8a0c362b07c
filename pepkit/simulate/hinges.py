"""Training of one-dimensional ReLU networks on a uniform grid, batched over seeds and without dense matrices.

f(x) = sum_j a_j max(0, w_j x + b_j). On a sorted grid every neuron is active on a beginning or an end of it, so f is
a cumulative sum over the grid and the gradients are cumulative sums of the residual: a step costs O(m + n) instead of
O(m n). The loss that is reported is mean r^2; a step descends along the gradient of its half.

Parameters have the shape (seeds, m), arrays over the grid (n, seeds). A step is written once: what NumPy and JAX do
differently are three sums, `HingeSums`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pepkit.kernel import ClaimError

__all__ = [
    "REPORT_EVERY",
    "HingeGrid",
    "HingeRun",
    "HingeSums",
    "Parameters",
    "demonstration_start",
    "demonstration_target",
    "descended",
    "first_positions",
    "hinge_grid",
    "kink_positions",
    "require_finite",
    "residuals",
    "starting_parameters",
    "train_hinges",
]

Progress = Callable[[int], None]
Parameters = tuple[Any, Any, Any]
"""Amplitudes, weights and biases, shape (seeds, m) each."""

REPORT_EVERY = 1000
"""Steps between reports of progress."""


@dataclass(frozen=True)
class HingeRun:
    """Parameters at the end, shape (seeds, m) each, and what was recorded on the way.

    `times` has shape (k,), `losses` (k, seeds) and `kinks` (k, seeds, m): the positions -b/w in the order of the
    neurons, after so many steps. The last record is the end.
    """

    amplitudes: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    times: np.ndarray
    losses: np.ndarray
    kinks: np.ndarray


def kink_positions(weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """-b/w; infinite where w = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weights == 0, np.inf, -biases / weights)


class HingeGrid(NamedTuple):
    """The uniform grid: first point and spacing, all points, shape (n, 1), and the target there, (n, 1 or seeds)."""

    low: Any
    spacing: Any
    points: Any
    goal: Any


@dataclass(frozen=True)
class HingeSums:
    """The sums of a step, as NumPy or JAX takes them.

    `collect(places, values, length)` adds the values that have the same place. `outputs(slopes, heights, grid)` is the
    running sum of the slopes times x plus that of the heights minus the target, all over the grid. `tails(r, points)`
    are the sums of r and x r over the grid points from each on; a last row is 0.
    """

    xp: Any
    collect: Callable[[Any, Any, int], Any]
    outputs: Callable[[Any, Any, HingeGrid], Any]
    tails: Callable[[Any, Any], tuple[Any, Any]]


def _outputs(slopes: np.ndarray, heights: np.ndarray, grid: HingeGrid) -> np.ndarray:
    return np.cumsum(slopes, axis=0) * grid.points + np.cumsum(heights, axis=0) - grid.goal


def _tails(residual: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sums = []
    for part in (residual, residual * points):
        total = np.empty((len(part) + 1, part.shape[1]))
        total[-1] = 0
        np.cumsum(part[::-1], axis=0, out=total[-2::-1])
        sums.append(total)
    return sums[0], sums[1]


_NUMPY = HingeSums(np, np.bincount, _outputs, _tails)


def starting_parameters(amplitudes: np.ndarray, weights: np.ndarray, biases: np.ndarray) -> Parameters:
    """Copies in float64; ClaimError if the shapes do not fit."""
    a, w, b = (np.array(part, dtype=float) for part in (amplitudes, weights, biases))
    if not (a.shape == w.shape == b.shape and a.ndim == 2):
        raise ClaimError("amplitudes, weights and biases have the shape (seeds, neurons)")
    return a, w, b


def hinge_grid(target: np.ndarray, seeds: int, low: float, high: float) -> HingeGrid:
    """The grid on [low, high] for a target of shape (n,) or (seeds, n); ClaimError for another shape."""
    goal = np.asarray(target, dtype=float)
    if goal.ndim not in (1, 2) or goal.shape[-1] < 2 or goal.shape[:-1] not in ((), (seeds,)):
        raise ClaimError(f"a target has the shape (n,) or ({seeds}, n), not {goal.shape}; n is 2 at least")
    n = goal.shape[-1]
    columns = np.ascontiguousarray(np.atleast_2d(goal).T)
    return HingeGrid(low, (high - low) / (n - 1), np.linspace(low, high, n)[:, None], columns)


def first_positions(xp: Any, parameters: Parameters) -> Any:
    """-b/w, with a tiny weight in place of 0: a neuron that is constant has its kink far out on the left or right."""
    _, w, b = parameters
    return -b / xp.where(w == 0, 1e-300, w)


def residuals(
    sums: HingeSums, parameters: Parameters, positions: Any, left: Any | None, grid: HingeGrid
) -> tuple[Any, Any]:
    """f - target, shape (n, seeds), and the places of the kinks in an array of shape (n + 1, seeds), flattened.

    A kink has the place of the first grid point to the right of it. `left` says which neurons have w < 0 and are
    active to the left of their kinks; None where none is.
    """
    xp = sums.xp
    a, w, b = parameters
    n, seeds = grid.points.shape[0], a.shape[0]
    first = xp.clip(xp.floor((positions - grid.low) / grid.spacing) + 1, 0, n).astype(np.intp)
    places = (first * seeds + xp.arange(seeds)[:, None]).ravel()
    changes = []
    for part in (a * w, a * b):
        where, change = places, part.ravel()
        if left is not None:
            # neurons with w < 0 are active from the first grid point on and end at their kinks
            where = xp.concatenate([places, xp.arange(seeds)])
            change = xp.concatenate([xp.where(left, -part, part).ravel(), xp.where(left, part, 0).sum(axis=1)])
        changes.append(sums.collect(where, change, (n + 1) * seeds).reshape(n + 1, seeds)[:n])
    return sums.outputs(changes[0], changes[1], grid), places


def descended(
    sums: HingeSums,
    parameters: Parameters,
    residual: Any,
    places: Any,
    left: Any | None,
    grid: HingeGrid,
    rate: Any,
    train_weights: bool,
    simultaneous: bool,
) -> Parameters:
    """The parameters after one step."""
    xp = sums.xp
    a, w, b = parameters
    n = grid.points.shape[0]
    s0, s1 = sums.tails(residual, grid.points)
    r0, r1 = (total.ravel()[places].reshape(a.shape) for total in (s0, s1))
    if left is not None:
        r0 = xp.where(left, s0[0][:, None] - r0, r0)
        r1 = xp.where(left, s1[0][:, None] - r1, r1)
    moved = a - rate * ((w * r1 + b * r0) / n)
    factor = a if simultaneous else moved
    if train_weights:
        w = w - rate * factor * r1 / n
    return moved, w, b - rate * factor * r0 / n


def require_finite(fine: bool, what: str, step: int, rate: float) -> None:
    """ClaimError if `what` ("the loss is", "the parameters are") infinite after `step` steps."""
    if not fine:
        raise ClaimError(f"{what} infinite after {step} steps; use a smaller rate than {rate}")


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
    """Full-batch gradient descent on mean (f - target)^2 / 2 over a uniform grid.

    Parameters
    ----------
    amplitudes, weights, biases
        Shape (seeds, m).
    target
        Values at the n points of the uniform grid on [low, high]; shape (n,) or (seeds, n).
    steps, rate
        Number and size of the steps.
    train_weights
        Whether w moves.
    simultaneous
        Whether all gradients are taken at the same parameters; False updates a before b, as a program does that
        overwrites a first.
    record_every
        Steps between records of loss and kinks.
    progress
        Called with the number of steps at every record and every `REPORT_EVERY` steps.

    Raises
    ------
    ClaimError
        If shapes do not fit or the loss becomes infinite (the step is too long).
    """
    parameters = starting_parameters(amplitudes, weights, biases)
    grid = hinge_grid(target, len(parameters[0]), low, high)
    left = parameters[1] < 0
    some_left = bool(left.any())
    times, losses, kinks = [], [], []
    for step in range(steps + 1):
        positions = first_positions(np, parameters)
        require_finite(not np.isnan(positions).any(), "the parameters are", step, rate)
        if train_weights:
            left = parameters[1] < 0
            some_left = bool(left.any())
        sides = left if some_left else None
        residual, places = residuals(_NUMPY, parameters, positions, sides, grid)
        recorded = step % record_every == 0 or step == steps
        if recorded:
            loss = np.mean(residual**2, axis=0)
            require_finite(bool(np.isfinite(loss).all()), "the loss is", step, rate)
            times.append(step)
            losses.append(loss)
            kinks.append(kink_positions(*parameters[1:]))
        if progress is not None and (recorded or step % REPORT_EVERY == 0):
            progress(step)
        if step < steps:
            parameters = descended(_NUMPY, parameters, residual, places, sides, grid, rate, train_weights, simultaneous)
    return HingeRun(*parameters, np.array(times), np.array(losses), np.array(kinks))


def demonstration_target(points: int = 500) -> np.ndarray:
    """sin(2 pi x) + sin(4 pi x)/2 on the uniform grid of [-1, 1]."""
    x = np.linspace(-1, 1, points)
    return np.sin(2 * np.pi * x) + 0.5 * np.sin(4 * np.pi * x)


def demonstration_start(seeds: int, m: int = 100, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Amplitudes N(0, 1/4), weights 1, biases uniform on [-1, 1] and sorted, from NumPy's legacy generator.

    The legacy generator with seed `seed + k` makes row k, so that row 0 of seed 0 is the printed demonstration.
    """
    a, b = [], []
    for k in range(seeds):
        generator = np.random.RandomState(seed + k)
        a.append(generator.randn(m) * 0.5)
        b.append(np.sort(generator.uniform(-1, 1, m)))
    return np.array(a), np.ones((seeds, m)), np.array(b)
