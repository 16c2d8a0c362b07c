"""Do the kinks of trained ReLU networks cluster? Counts, statistics without tolerance, training in the plane, and a
flow on which the biases do not meet.

A count of clusters depends on a tolerance: k points with gaps > tolerance between the clusters. The statistics here
need none: `greenwood` compares the squares of the gaps with those of independent uniform points, `effective_points`
says how many uniform points would have the same squares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pepkit.kernel import ClaimError
from pepkit.simulate.hinges import REPORT_EVERY

__all__ = [
    "PlaneRun",
    "cluster_count",
    "effective_points",
    "greenwood",
    "initial_neurons",
    "kinked_target",
    "plane_run",
    "plane_start",
    "plane_step",
    "train_plane",
    "zero_target_flow",
]


def _gaps(points: np.ndarray, period: float | None) -> tuple[np.ndarray, float]:
    values = np.sort(np.asarray(points, dtype=float))
    if len(values) < 3:
        raise ClaimError("statistics of gaps need at least three points")
    if period is None:
        return np.diff(values), float(values[-1] - values[0])
    return np.append(np.diff(values), values[0] + period - values[-1]), period


def cluster_count(points: np.ndarray, tolerance: float, period: float | None = None) -> int:
    """Number of clusters that are separated by gaps > tolerance; on a circle where a period is given."""
    if not len(points):
        return 0
    if len(points) < 3:
        return 1 + int(len(points) == 2 and abs(float(points[1] - points[0])) > tolerance)
    gaps, _ = _gaps(points, period)
    large = int((gaps > tolerance).sum())
    return large + 1 if period is None else max(large, 1)


def greenwood(points: np.ndarray, period: float | None = None) -> float:
    """Sum of squared gaps over its mean for as many independent uniform points on the same range (or circle).

    About 1 for uniform points, about 1/2 for equally spaced ones, and larger the more the points cluster; k equal
    points give k/2.
    """
    gaps, total = _gaps(points, period)
    count = len(gaps)
    if total == 0:
        return (count + 1) / 2
    # gaps of uniform points: E sum g^2 = 2/(count + 1) for total 1
    return float(((gaps / total) ** 2).sum() * (count + 1) / 2)


def effective_points(points: np.ndarray, period: float | None = None) -> float:
    """How many independent uniform points have this sum of squared gaps on average; few for clustered points."""
    gaps, total = _gaps(points, period)
    if total == 0:
        return 1.0
    # E sum g^2 = 2/(gaps + 1) with points - 1 gaps on a line whose ends are points, and as many gaps as points on a
    # circle
    number = 2 / float(((gaps / total) ** 2).sum()) - 1
    return number if period is not None else number + 1


def kinked_target(kinks: tuple[float, ...], points: int = 500, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """A zigzag with slopes +-2 that turns at the given kinks, 0 at `low`, on the uniform grid."""
    x = np.linspace(low, high, points)
    value = 2 * (x - low)
    for number, kink in enumerate(kinks):
        value = value + (-4 if number % 2 == 0 else 4) * np.maximum(x - kink, 0)
    return value - value.mean()


def initial_neurons(seeds: int, m: int, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """a, w ~ scale N(0, 1) and b = -w k with kinks k uniform on [-1, 1]: the kinks do not depend on the scale."""
    generator = np.random.default_rng(seed)
    a, w = (scale * generator.standard_normal((seeds, m)) for _ in range(2))
    return a, w, -w * generator.uniform(-1, 1, (seeds, m))


@dataclass(frozen=True)
class PlaneRun:
    """Two-layer networks on the plane after training: shapes (seeds, m), (seeds, m, 2), (seeds, m); final losses."""

    amplitudes: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    losses: np.ndarray

    def directions(self) -> np.ndarray:
        """Angles of the weight vectors in [0, 2 pi), shape (seeds, m)."""
        return np.mod(np.arctan2(self.weights[..., 1], self.weights[..., 0]), 2 * np.pi)


def plane_start(
    seeds: int, m: int, scale: float, samples: int, teacher: int, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Data: points (x, 1), shape (samples, 3), and target. Parameters: a, shape (seeds, m), (w, b), (seeds, m, 3)."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1, 1, (samples, 2))
    turns = 2 * np.pi * (np.arange(teacher) / teacher + 0.05)
    target = np.maximum(x @ np.array([np.cos(turns), np.sin(turns)]) + 0.2, 0).sum(axis=1)
    a = scale * generator.standard_normal((seeds, m))
    w = scale * generator.standard_normal((seeds, m, 2))
    b = scale * generator.standard_normal((seeds, m, 1)) * 0.5
    points = np.concatenate([x, np.ones((samples, 1))], axis=1)
    return (points, target - target.mean()), (a, np.concatenate([w, b], axis=2))


def plane_step(
    parameters: Any, data: Any, rate: Any, product: Callable[[Any, Any], Any] = np.matmul
) -> tuple[tuple[Any, Any], Any]:
    """The parameters after one step, and mean r^2 before it, shape (seeds,).

    `product` multiplies stacks of matrices, of NumPy or JAX.
    """
    a, v = parameters
    points, target = data
    hidden = product(points[None], v.transpose(0, 2, 1))
    active = hidden > 0
    residual = product(hidden * active, a[:, :, None])[:, :, 0] - target
    # sum over active samples of r (x, 1); a product with v gives the sum of r times the output of the neuron
    moments = product((active * residual[:, :, None]).transpose(0, 2, 1), points[None]) / points.shape[0]
    moved = a - rate * (v * moments).sum(axis=2), v - rate * a[:, :, None] * moments
    return moved, (residual**2).mean(axis=1)


def plane_run(parameters: tuple[np.ndarray, np.ndarray], losses: np.ndarray, rate: float) -> PlaneRun:
    """The result of a training; ClaimError if a loss is infinite."""
    if not np.isfinite(losses).all():
        raise ClaimError(f"the loss is infinite; use a smaller rate than {rate}")
    a, v = parameters
    return PlaneRun(a, v[:, :, :2], v[:, :, 2], losses)


def train_plane(
    *,
    seeds: int,
    m: int,
    scale: float,
    steps: int,
    rate: float,
    samples: int = 150,
    teacher: int = 3,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> PlaneRun:
    """Square loss on a teacher with `teacher` ReLU neurons at equal angles, inputs uniform in the square [-1, 1]^2.

    `progress` is called with the number of steps every `REPORT_EVERY` steps. Losses are those before the last step.
    """
    data, parameters = plane_start(seeds, m, scale, samples, teacher, seed)
    loss = np.zeros(seeds)
    for step in range(steps):
        if progress is not None and step % REPORT_EVERY == 0:
            progress(step)
        parameters, loss = plane_step(parameters, data, rate)
    return plane_run(parameters, loss, rate)


def zero_target_flow(
    amplitudes: tuple[float, ...], biases: tuple[float, ...], time: float = 4000.0
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient flow of (1/2) int_(-1)^1 f^2, f(x) = sum a_j max(0, x - b_j), at `time`: (a, b).

    The integrals are exact polynomials of the biases; the flow is integrated to a relative tolerance of 1e-10.
    """
    from scipy.integrate import solve_ivp

    m = len(amplitudes)
    if len(biases) != m or m < 1:
        raise ClaimError("as many amplitudes as biases")

    def velocity(_: float, state: np.ndarray) -> np.ndarray:
        a, b = state[:m], state[m:]
        low, high = np.minimum.outer(b, b), np.maximum.outer(b, b)
        width = 1 - high
        gram = width**3 / 3 + (high - low) * width**2 / 2
        # int_(b_j)^1 max(0, x - b_k) dx, with x - b_k from max(b_j, b_k) on
        tail = ((1 - b[None, :]) ** 2 - (np.maximum.outer(b, b) - b[None, :]) ** 2) / 2
        return np.concatenate([-gram @ a, a * (tail @ a)])

    start = np.concatenate([np.asarray(amplitudes, dtype=float), np.asarray(biases, dtype=float)])
    found = solve_ivp(velocity, (0.0, time), start, method="LSODA", rtol=1e-10, atol=1e-14)
    return found.y[:m, -1], found.y[m:, -1]
