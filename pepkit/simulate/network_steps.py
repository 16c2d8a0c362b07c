"""Stepsize schedules on small networks: final losses over a grid of scales, order-free controls, sharpness.

Every schedule is a list of unit steps; a run uses scale * steps, and a schedule is judged by its best scale on a grid.
Controls that keep everything but the order: the same steps shuffled; independent arcsine steps; the constant step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pepkit.kernel import ClaimError
from pepkit.simulate.namespaces import namespace

__all__ = [
    "MODELS",
    "Problem",
    "SharpnessTrace",
    "final_losses",
    "hessian",
    "loss_and_gradient",
    "problem",
    "sharpness_trace",
    "stepped",
    "too_long",
    "unit_schedules",
]

MODELS = ("tanh", "relu", "logistic")


@dataclass(frozen=True)
class Problem:
    """Inputs x (n, d), targets y (n,), the model, its width, and start parameters theta (P,)."""

    model: str
    x: np.ndarray
    y: np.ndarray
    width: int
    start: np.ndarray

    def loss_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For a batch of parameters (B, P): losses (B,) and gradients (B, P)."""
        return loss_and_gradient(self.model, self.x, self.y, theta)


def loss_and_gradient(model: str, x: Any, y: Any, theta: Any) -> tuple[Any, Any]:
    """Losses (B,) and gradients (B, P) of a model with parameters theta (B, P) on inputs x (n, d) and targets y (n,).

    The same formulas for NumPy and JAX. Neurons of all networks stand side by side, so that each of the two products
    with the inputs is one product of matrices.
    """
    xp = namespace(theta)
    n, d = x.shape
    if model == "logistic":
        margin = theta @ x.T * y
        weight = -y / (1 + xp.exp(xp.clip(margin, -700, 700))) / n
        return xp.mean(xp.logaddexp(0, -margin), axis=1), weight @ x
    batch, m = theta.shape[0], theta.shape[1] // (d + 2)
    w, b, v = theta[:, : m * d].reshape(-1, d), theta[:, m * d : m * d + m], theta[:, m * d + m :]
    before = (w @ x.T).reshape(batch, m, n) + b[:, :, None]
    hidden = xp.tanh(before) if model == "tanh" else xp.maximum(before, 0)
    slope = 1 - hidden**2 if model == "tanh" else xp.where(before > 0, 1.0, 0.0)
    residual = xp.sum(hidden * v[:, :, None], axis=1) - y
    back = residual[:, None] * slope * v[:, :, None] / n
    gradients = [
        (back.reshape(-1, n) @ x).reshape(batch, -1),
        xp.sum(back, axis=2),
        xp.sum(residual[:, None] * hidden, axis=2) / n,
    ]
    return xp.mean(residual**2, axis=1) / 2, xp.concatenate(gradients, axis=1)


def problem(model: str, n: int = 100, d: int = 10, width: int = 20, seed: int = 0) -> Problem:
    """Gaussian inputs; targets of a tanh teacher of width 5, or signs of a linear function with a tenth
    of them flipped for "logistic"."""
    if model not in MODELS:
        raise ClaimError(f"unknown model {model!r}; known are {', '.join(MODELS)}")
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((n, d))
    if model == "logistic":
        # a tenth of the labels is wrong, so that no line separates them and the infimum is attained
        y = np.sign(x @ generator.standard_normal(d)) * np.where(generator.random(n) < 0.1, -1, 1)
        return Problem(model, x, y, 0, np.zeros(d))
    teacher = generator.standard_normal((5, d)) / np.sqrt(d)
    y = np.tanh(2 * x @ teacher.T) @ generator.standard_normal(5)
    w = generator.standard_normal((width, d)) / np.sqrt(d)
    v = generator.standard_normal(width) / np.sqrt(width)
    return Problem(model, x, y, width, np.concatenate([w.ravel(), np.zeros(width), v]))


def unit_schedules(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Constant, silver, shuffled silver, independent arcsine steps, sorted silver: `count` = 2^k - 1 unit steps each.

    Silver steps are 1 + rho^(nu - 1), rho = 1 + sqrt 2 and nu the exponent of 2 in i. Arcsine steps are 1/h with
    1/h = 1/2 + (1/2) cos(pi U) cut at the largest silver step, U uniform, sorted nowhere.
    """
    if count < 1 or (count + 1) & count:
        raise ClaimError("schedules of 2^k - 1 steps")
    generator = np.random.default_rng(seed)
    rho = 1 + np.sqrt(2)
    silver = np.array([1 + rho ** ((i & -i).bit_length() - 2) for i in range(1, count + 1)])
    curvature = np.maximum(0.5 + 0.5 * np.cos(np.pi * generator.random(count)), 1 / silver.max())
    return {
        "constant": np.ones(count),
        "silver": silver,
        "silver, shuffled": generator.permutation(silver),
        "silver, sorted": np.sort(silver),
        "arcsine, independent": 1 / curvature,
    }


def final_losses(task: Problem, steps: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Loss after the last step for every scale; infinite where a run diverges."""
    theta = np.repeat(task.start[None, :], len(scales), axis=0)
    alive = np.ones(len(scales), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for h in steps:
            theta, alive = stepped(task.model, task.x, task.y, theta, alive, scales * h)
        loss, _ = task.loss_and_gradient(theta)
    return np.where(alive, loss, np.inf)


def stepped(model: str, x: Any, y: Any, theta: Any, alive: Any, lengths: Any) -> tuple[Any, Any]:
    """One step of gradient descent of lengths (B,), and which runs (B,) have not diverged; those that have lie at 0."""
    xp = namespace(theta)
    _, gradient = loss_and_gradient(model, x, y, theta)
    theta = theta - lengths[:, None] * gradient
    alive = alive & xp.all(xp.isfinite(theta), axis=1) & (xp.max(xp.abs(theta), axis=1) < 1e12)
    return xp.where(alive[:, None], theta, 0.0), alive


@dataclass(frozen=True)
class SharpnessTrace:
    """Along a run: `times`, loss, largest and smallest eigenvalue of the Hessian of the loss."""

    times: np.ndarray
    losses: np.ndarray
    largest: np.ndarray
    smallest: np.ndarray


def sharpness_trace(
    task: Problem, steps: np.ndarray, every: int, progress: Callable[[int], None] | None = None
) -> SharpnessTrace:
    """Run the steps from the start; the Hessian is differenced from gradients at every `every`-th iterate."""
    theta = task.start.copy()
    times, losses, largest, smallest = [], [], [], []
    for step in range(len(steps) + 1):
        loss, gradient = task.loss_and_gradient(theta[None])
        if not np.isfinite(loss[0]):
            raise too_long(step)
        if step % every == 0 or step == len(steps):
            eigenvalues = np.linalg.eigvalsh(hessian(task.model, task.x, task.y, theta))
            times.append(step)
            losses.append(float(loss[0]))
            largest.append(float(eigenvalues[-1]))
            smallest.append(float(eigenvalues[0]))
            if progress is not None:
                progress(step)
        if step < len(steps):
            theta = theta - steps[step] * gradient[0]
    return SharpnessTrace(np.array(times), np.array(losses), np.array(largest), np.array(smallest))


def too_long(step: int) -> ClaimError:
    """What is wrong with a run whose loss is no number."""
    return ClaimError(f"the loss is infinite after {step} steps; use shorter steps")


def hessian(model: str, x: Any, y: Any, theta: Any, width: float = 1e-5) -> Any:
    """The Hessian (P, P) of the loss at theta (P,), from differences of gradients over twice the `width`."""
    shifts = width * namespace(theta).eye(theta.shape[0])
    _, plus = loss_and_gradient(model, x, y, theta + shifts)
    _, minus = loss_and_gradient(model, x, y, theta - shifts)
    slopes = (plus - minus) / (2 * width)
    return (slopes + slopes.T) / 2
