"""Fixed-step first-order methods on batches of functions, and what rounding can do to a certified rate.

A certificate is an identity rate * normaliser - measure = sum lambda_ij Q_ij + (a square) in the points, gradients and
values of a run. For a run in floats the steps x_(i+1) = x_i - h_i g_i hold for exactly recomputed points, and the
interpolation inequalities Q_ij >= 0 hold up to the errors of values and gradients and the distance to the recomputed
points. So measure <= rate * normaliser + sum lambda_ij |error of Q_ij| + (error of the measure), which is the allowance
here: it needs no assumption about how errors grow along the run.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.functions import UNIT, Evaluator, FunctionBatch
from pepkit.simulate.namespaces import namespace

__all__ = [
    "MEASURES",
    "Ends",
    "Run",
    "Seen",
    "allowance",
    "begun",
    "continued",
    "longest_steps",
    "run_method",
    "seen",
    "step_matrix",
]

Array = NDArray[np.float64]

MEASURES = ("function-value", "gradient-norm", "smallest-gradient-norm", "distance")


class Ends(NamedTuple):
    """Of B runs at one point x: f(x), |f'(x)|^2 and |x|^2, each (B,)."""

    value: Array
    gradient: Array
    distance: Array


class Run(NamedTuple):
    """What B runs of N steps leave behind, each (B,): the trajectories themselves are not kept.

    Attributes
    ----------
    first, last
        At x_0 and at the last point.
    smallest_gradient
        min |g_i|^2.
    longest, steepest
        max |x_i| and max |g_i|.
    error_value, error_gradient
        Bounds of the errors of all values and gradients.
    error_point
        How far the points are from those that exact arithmetic makes from the same gradients.
    """

    first: Ends
    last: Ends
    smallest_gradient: Array
    longest: Array
    steepest: Array
    error_value: Array
    error_gradient: Array
    error_point: Array

    def measure(self, name: str) -> Array:
        """The measure of every run; squares of norms."""
        if name == "function-value":
            return self.last.value
        if name == "gradient-norm":
            return self.last.gradient
        if name == "smallest-gradient-norm":
            return self.smallest_gradient
        return self.last.distance

    def initial(self, name: str) -> Array:
        """The normaliser of every run."""
        if name == "function-value":
            return self.first.value
        if name == "gradient-norm":
            return self.first.gradient
        return self.first.distance


def step_matrix(steps: Array) -> Array:
    """The step matrix of gradient descent: x_i = x_0 - sum_(k<i) H[i-1, k] g_k."""
    return np.tril(np.broadcast_to(steps, (len(steps), len(steps)))).copy()


class Seen(NamedTuple):
    """What a batch says at one point of each run: `Ends`, gradients (B, d), bounds of the errors (B,)."""

    ends: Ends
    gradient: Array
    error_value: Array
    error_gradient: Array


def seen(evaluate: Evaluator, point: Array) -> Seen:
    """The batch behind `evaluate` at `point` (B, d)."""
    xp = namespace(point)
    value, gradient, error_value, error_gradient = evaluate(point)
    ends = Ends(value, xp.sum(gradient**2, axis=1), xp.sum(point**2, axis=1))
    return Seen(ends, gradient, error_value, error_gradient)


def begun(first: Seen) -> Run:
    """The run before its first step."""
    xp = namespace(first.gradient)
    ends = first.ends
    sizes = xp.sqrt(ends.distance), xp.sqrt(ends.gradient)
    return Run(ends, ends, ends.gradient, *sizes, first.error_value, first.error_gradient, xp.zeros_like(ends.value))


def continued(run: Run, following: Seen, longest: Any) -> Run:
    """The run with one more point.

    `longest` is the number of terms that were subtracted to get there times the largest step among them, at least 1:
    each term has two roundings of the product with a rounded step, the difference has one.
    """
    xp = namespace(following.gradient)
    ends = following.ends
    size = xp.sqrt(ends.distance)
    return Run(
        run.first,
        ends,
        xp.minimum(run.smallest_gradient, ends.gradient),
        xp.maximum(run.longest, size),
        xp.maximum(run.steepest, xp.sqrt(ends.gradient)),
        xp.maximum(run.error_value, following.error_value),
        xp.maximum(run.error_gradient, following.error_gradient),
        run.error_point + UNIT * (size + 4 * longest * run.steepest),
    )


def longest_steps(matrix: Array) -> Array:
    """For every row of a step matrix the largest step in it, at least 1."""
    longest: Array = np.maximum(np.abs(matrix).max(axis=1), 1.0)
    return longest


def run_method(batch: FunctionBatch, matrix: Array, start: Array, gradient_descent: bool) -> Run:
    """Run a method from `start` of shape (B, d).

    `gradient_descent` says that all rows of `matrix` agree, so x_(i+1) is computed from x_i.
    """
    evaluate = batch.prepared()
    here = seen(evaluate, start)
    run = begun(here)
    point, gradients = start, [here.gradient]
    for i, longest in enumerate(longest_steps(matrix)):
        if gradient_descent:
            point, terms = point - matrix[i, i] * here.gradient, 1
        else:
            point, terms = start - np.tensordot(matrix[i, : i + 1], np.stack(gradients), axes=1), i + 1
        here = seen(evaluate, point)
        run = continued(run, here, terms * longest)
        if not gradient_descent:
            gradients.append(here.gradient)
    return run


def allowance(
    run: Run, dimension: int, measure: str, initial: str, rate: float, multipliers: float, mu: float
) -> Array:
    """How far rounding can lift measure - rate * initial above zero, for every run.

    Parameters
    ----------
    dimension
        d.
    multipliers
        The sum of the multipliers of the certificate.
    mu
        mu/L of the class.
    """
    f, g, e = run.error_value, run.error_gradient, run.error_point
    length, slope = 2 * run.longest, run.steepest
    bend = 1 / (1 - mu)
    # first-order changes of f_i - f_j - <g_j, x_i - x_j> and of the bracket of the interpolation inequality
    pairs = 2 * f + g * length + 2 * e * slope
    pairs += bend * (2 * slope * 2 * g + abs(mu) * (2 * length * e + 2 * g * length + 4 * slope * e))
    square = {"function-value": f, "distance": length * e, "gradient-norm": 2 * slope * g}
    ends = square.get(measure, 2 * slope * g) + rate * square[initial if initial != "distance" else "distance"]
    rounding = 8 * (dimension + 2) * UNIT * (run.measure(measure) + rate * run.initial(initial))
    # twice: terms of second order
    return 2 * (multipliers * pairs + ends) + rounding
