"""Gradient descent with many schedules on one problem, on JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.problems import LogisticRegression, Problem, Quadratic

__all__ = ["descend"]

Array = NDArray[np.float64]
BLOCK = 256
"""Schedules that run together on a CPU, which keeps so many in its cache."""
CHUNK = 64
"""Steps of one call of the compiled program; progress is reported between calls."""


def descend(problem: Problem, steps: Array, progress: Callable[[int, int], None] | None = None) -> Array:
    """`pepkit.simulate.problems.descend` for steps of shape (S, N), compiled; shape (S, N + 1).

    The formulas are those of NumPy; what differs is the rounding of f - f_* (about 1e-15 relative to f) and of the
    points, which schedules with long steps amplify on their way.

    `progress` is called with the number of steps that are done, of all schedules, and how many there are.
    """
    jax = import_jax()
    count = steps.shape[1]
    size = BLOCK if jax.default_backend() == "cpu" else len(steps)
    # nearly equal blocks have two lengths at most, so two programs serve them
    blocks = np.array_split(steps, -(-len(steps) // size))
    found: list[Array] = []
    before = 0
    with double(jax):
        advance = _program()
        for block in blocks:
            x: Any = np.broadcast_to(problem.start, (len(block), len(problem.start)))
            gaps = [np.asarray(problem.gap(x))[None]]
            # steps of length 0 fill the last chunk: one program serves every number of steps
            padded = np.pad(block, ((0, 0), (0, -count % CHUNK)))
            for done in range(0, count, CHUNK):
                x, following = advance(problem, x, padded[:, done : done + CHUNK])
                gaps.append(np.asarray(following)[: count - done])
                if progress is not None:
                    progress(before + len(block) * min(done + CHUNK, count), steps.size)
            found.append(np.concatenate(gaps).T)
            before += block.size
    return np.concatenate(found) / (problem.distance / 2)


@lru_cache(maxsize=1)
def _program() -> Any:
    """advance(problem, points, steps): the points after the steps, and f - f_* after each, (steps, points)."""
    jax = import_jax()
    for kind, data in (
        (Quadratic, ["curvatures", "mu", "start", "distance"]),
        (LogisticRegression, ["features", "labels", "scale", "ridge", "least", "mu", "start", "distance"]),
    ):
        jax.tree_util.register_dataclass(kind, data_fields=data, meta_fields=[])

    def advance(problem: Any, points: Any, steps: Any) -> Any:
        def step(x: Any, lengths: Any) -> Any:
            x = x - lengths[:, None] * problem.gradient(x)
            return x, problem.gap(x)

        return jax.lax.scan(step, points, steps.T)

    return jax.jit(advance)
