"""Training of one-dimensional ReLU networks on a uniform grid, batched over seeds and without dense matrices.

f(x) = sum_j a_j max(0, w_j x + b_j). On a sorted grid every neuron is active on a beginning or an end of it, so f is
a cumulative sum over the grid and the gradients are cumulative sums of the residual: a step costs O(m + n) instead of
O(m n). The loss that is reported is mean r^2; a step descends along the gradient of its half.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pepkit.kernel import ClaimError

__all__ = ["HingeRun", "demonstration_start", "demonstration_target", "kink_positions", "train_hinges"]

Progress = Callable[[int], None]


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

    Raises
    ------
    ClaimError
        If shapes do not fit or the loss becomes infinite (the step is too long).
    """
    a, w, b = (np.array(part, dtype=float) for part in (amplitudes, weights, biases))
    if not (a.shape == w.shape == b.shape and a.ndim == 2):
        raise ClaimError("amplitudes, weights and biases have the shape (seeds, neurons)")
    seeds, m = a.shape
    goal = np.broadcast_to(np.asarray(target, dtype=float), (seeds, np.shape(target)[-1]))
    n = goal.shape[1]
    x = np.linspace(low, high, n)
    spacing = (high - low) / (n - 1)
    offset = (np.arange(seeds) * (n + 1))[:, None]
    left = w < 0
    any_left, all_positive = bool(left.any()), not train_weights and bool((w == 1).all())
    s0 = np.zeros((seeds, n + 1))
    s1 = np.zeros((seeds, n + 1))
    times, losses, records = [], [], []
    length = seeds * (n + 1)
    for step in range(steps + 1):
        # first grid point to the right of the kink
        position = -b if all_positive else -b / np.where(w == 0, 1e-300, w)
        if np.isnan(position).any():
            raise ClaimError(f"the parameters are infinite after {step} steps; use a smaller rate than {rate}")
        first = np.clip(np.floor((position - low) / spacing) + 1, 0, n).astype(np.intp)
        flat = (first + offset).ravel()
        slope = a if all_positive else a * w
        height = a * b
        if not all_positive:
            left = w < 0
            any_left = bool(left.any())
        if any_left:
            sign = np.where(left, -1.0, 1.0)
            slopes = np.bincount(flat, (sign * slope).ravel(), length).reshape(seeds, n + 1)
            heights = np.bincount(flat, (sign * height).ravel(), length).reshape(seeds, n + 1)
            slopes[:, 0] += np.where(left, slope, 0).sum(axis=1)
            heights[:, 0] += np.where(left, height, 0).sum(axis=1)
        else:
            slopes = np.bincount(flat, slope.ravel(), length).reshape(seeds, n + 1)
            heights = np.bincount(flat, height.ravel(), length).reshape(seeds, n + 1)
        residual = np.cumsum(slopes, axis=1)[:, :n] * x + np.cumsum(heights, axis=1)[:, :n] - goal
        if step % record_every == 0 or step == steps:
            loss = np.mean(residual**2, axis=1)
            if not np.isfinite(loss).all():
                raise ClaimError(f"the loss is infinite after {step} steps; use a smaller rate than {rate}")
            times.append(step)
            losses.append(loss)
            records.append(kink_positions(w, b))
            if progress is not None:
                progress(step)
            if step == steps:
                break
        # s0[i], s1[i]: sums of r and x r over the grid points from i on
        s0[:, :n] = np.cumsum(residual[:, ::-1], axis=1)[:, ::-1]
        s1[:, :n] = np.cumsum((residual * x)[:, ::-1], axis=1)[:, ::-1]
        r0 = s0.ravel()[flat].reshape(seeds, m)
        r1 = s1.ravel()[flat].reshape(seeds, m)
        if any_left:
            r0 = np.where(left, s0[:, :1] - r0, r0)
            r1 = np.where(left, s1[:, :1] - r1, r1)
        grad_a = (w * r1 + b * r0) / n
        new_a = a - rate * grad_a
        factor = a if simultaneous else new_a
        if train_weights:
            w = w - rate * factor * r1 / n
        b = b - rate * factor * r0 / n
        a = new_a
    return HingeRun(a, w, b, np.array(times), np.array(losses), np.array(records))


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
