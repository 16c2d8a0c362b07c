"""Stepsize schedules on small networks: final losses over a grid of scales, order-free controls, sharpness.

Every schedule is a list of unit steps; a run uses scale * steps, and a schedule is judged by its best scale on a grid.
Controls that keep everything but the order: the same steps shuffled; independent arcsine steps; the constant step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pepkit.kernel import ClaimError

__all__ = ["MODELS", "Problem", "SharpnessTrace", "final_losses", "problem", "sharpness_trace", "unit_schedules"]

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
        n, d = self.x.shape
        if self.model == "logistic":
            margin = theta @ self.x.T * self.y
            loss = np.logaddexp(0, -margin).mean(axis=1)
            weight = -self.y / (1 + np.exp(np.clip(margin, -700, 700))) / n
            return loss, weight @ self.x
        m = self.width
        w = theta[:, : m * d].reshape(-1, m, d)
        b, v = theta[:, m * d : m * d + m], theta[:, m * d + m : m * d + 2 * m]
        before = np.matmul(self.x, w.transpose(0, 2, 1)) + b[:, None, :]
        hidden = np.tanh(before) if self.model == "tanh" else np.maximum(before, 0)
        slope = 1 - hidden**2 if self.model == "tanh" else (before > 0).astype(float)
        residual = np.matmul(hidden, v[:, :, None])[:, :, 0] - self.y
        back = residual[:, :, None] * slope * v[:, None, :] / n
        gradient_w = np.matmul(back.transpose(0, 2, 1), self.x)
        gradient_v = np.matmul(residual[:, None, :], hidden)[:, 0] / n
        gradient = np.concatenate([gradient_w.reshape(len(theta), -1), back.sum(axis=1), gradient_v], axis=1)
        return (residual**2).mean(axis=1) / 2, gradient


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
            _, gradient = task.loss_and_gradient(theta)
            theta = theta - (scales * h)[:, None] * gradient
            alive &= np.isfinite(theta).all(axis=1) & (np.abs(theta).max(axis=1) < 1e12)
            theta[~alive] = 0.0
        loss, _ = task.loss_and_gradient(theta)
    return np.where(alive, loss, np.inf)


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
            raise ClaimError(f"the loss is infinite after {step} steps; use shorter steps")
        if step % every == 0 or step == len(steps):
            eigenvalues = np.linalg.eigvalsh(_hessian(task, theta))
            times.append(step)
            losses.append(float(loss[0]))
            largest.append(float(eigenvalues[-1]))
            smallest.append(float(eigenvalues[0]))
            if progress is not None:
                progress(step)
        if step < len(steps):
            theta = theta - steps[step] * gradient[0]
    return SharpnessTrace(np.array(times), np.array(losses), np.array(largest), np.array(smallest))


def _hessian(task: Problem, theta: np.ndarray, width: float = 1e-5) -> np.ndarray:
    shifts = width * np.eye(len(theta))
    _, plus = task.loss_and_gradient(theta + shifts)
    _, minus = task.loss_and_gradient(theta - shifts)
    hessian = (plus - minus) / (2 * width)
    return (hessian + hessian.T) / 2
