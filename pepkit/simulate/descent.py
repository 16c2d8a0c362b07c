"""Fixed-step first-order methods on batches of functions, and what rounding can do to a certified rate.

A certificate is an identity rate * normaliser - measure = sum lambda_ij Q_ij + (a square) in the points, gradients and
values of a run. For a run in floats the steps x_(i+1) = x_i - h_i g_i hold for exactly recomputed points, and the
interpolation inequalities Q_ij >= 0 hold up to the errors of values and gradients and the distance to the recomputed
points. So measure <= rate * normaliser + sum lambda_ij |error of Q_ij| + (error of the measure), which is the allowance
here: it needs no assumption about how errors grow along the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.functions import UNIT, FunctionBatch

__all__ = ["MEASURES", "Run", "allowance", "run_method", "step_matrix"]

Array = NDArray[np.float64]

MEASURES = ("function-value", "gradient-norm", "smallest-gradient-norm", "distance")


@dataclass(frozen=True)
class Run:
    """B runs of N steps: points (N + 1, B, d), gradients, values (N + 1, B), and bounds of errors (B,)."""

    points: Array
    gradients: Array
    values: Array
    error_value: Array
    error_gradient: Array
    error_point: Array

    def measure(self, name: str) -> Array:
        """The measure of every run; squares of norms."""
        if name == "function-value":
            return self.values[-1]
        if name == "gradient-norm":
            return np.sum(self.gradients[-1] ** 2, axis=1)
        if name == "smallest-gradient-norm":
            return np.min(np.sum(self.gradients**2, axis=2), axis=0)
        return np.sum(self.points[-1] ** 2, axis=1)

    def initial(self, name: str) -> Array:
        """The normaliser of every run."""
        if name == "function-value":
            return self.values[0]
        if name == "gradient-norm":
            return np.sum(self.gradients[0] ** 2, axis=1)
        return np.sum(self.points[0] ** 2, axis=1)


def step_matrix(steps: Array) -> Array:
    """The step matrix of gradient descent: x_i = x_0 - sum_(k<i) H[i-1, k] g_k."""
    return np.tril(np.broadcast_to(steps, (len(steps), len(steps)))).copy()


def run_method(batch: FunctionBatch, matrix: Array, start: Array, gradient_descent: bool) -> Run:
    """Run a method from `start` of shape (B, d).

    `gradient_descent` says that all rows of `matrix` agree, so x_(i+1) is computed from x_i.
    """
    count = len(matrix)
    points, gradients, values = [start], [], []
    error_value, error_gradient = np.zeros(batch.size), np.zeros(batch.size)
    moved = np.zeros(batch.size)
    for i in range(count + 1):
        value, gradient, value_error, gradient_error = batch.evaluate(points[-1])
        values.append(value)
        gradients.append(gradient)
        error_value = np.maximum(error_value, value_error)
        error_gradient = np.maximum(error_gradient, gradient_error)
        if i == count:
            break
        if gradient_descent:
            point = points[-1] - matrix[i, i] * gradient
        else:
            point = start - np.tensordot(matrix[i, : i + 1], np.stack(gradients), axes=1)
        # two roundings of the product with a rounded step, one of the difference
        longest = max(np.abs(matrix[i, : i + 1]).max(), 1.0)
        sizes = np.max([np.linalg.norm(g, axis=1) for g in gradients], axis=0)
        terms = 1 if gradient_descent else i + 1
        moved = moved + UNIT * (np.linalg.norm(point, axis=1) + 4 * terms * longest * sizes)
        points.append(point)
    return Run(np.stack(points), np.stack(gradients), np.stack(values), error_value, error_gradient, moved)


def allowance(run: Run, measure: str, initial: str, rate: float, multipliers: float, mu: float) -> Array:
    """How far rounding can lift measure - rate * initial above zero, for every run.

    Parameters
    ----------
    multipliers
        The sum of the multipliers of the certificate.
    mu
        mu/L of the class.
    """
    f, g, e = run.error_value, run.error_gradient, run.error_point
    length = 2 * np.max(np.linalg.norm(run.points, axis=2), axis=0)
    slope = np.max(np.linalg.norm(run.gradients, axis=2), axis=0)
    bend = 1 / (1 - mu)
    # first-order changes of f_i - f_j - <g_j, x_i - x_j> and of the bracket of the interpolation inequality
    pairs = 2 * f + g * length + 2 * e * slope
    pairs += bend * (2 * slope * 2 * g + abs(mu) * (2 * length * e + 2 * g * length + 4 * slope * e))
    square = {"function-value": f, "distance": length * e, "gradient-norm": 2 * slope * g}
    ends = square.get(measure, 2 * slope * g) + rate * square[initial if initial != "distance" else "distance"]
    rounding = 8 * (run.points.shape[2] + 2) * UNIT * (run.measure(measure) + rate * run.initial(initial))
    # twice: terms of second order
    return 2 * (multipliers * pairs + ends) + rounding
