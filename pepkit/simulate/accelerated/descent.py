"""Fixed-step methods on batches of random functions on JAX: one compiled program a family, for any number of steps."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate import functions
from pepkit.simulate.accelerated.backend import double, import_jax
from pepkit.simulate.descent import Ends, Run, begun, continued, longest_steps, seen
from pepkit.simulate.functions import FunctionBatch, members
from pepkit.simulate.moreau import MoreauEnvelope

__all__ = ["run_method"]

Array = NDArray[np.float64]
BLOCK = 512
"""Functions that run together on a CPU, which keeps so many in its cache."""
LEAST_CAPACITY = {True: 64, False: 4}
"""Programs are compiled for powers of two of steps, at least so many: of gradient descent, of other methods, which keep
all gradients."""


def run_method(batch: FunctionBatch, matrix: Array, start: Array, gradient_descent: bool) -> Run:
    """`pepkit.simulate.descent.run_method` with the same formulas, compiled.

    Points differ from those of NumPy by the rounding of fused and reordered operations, which gradient descent with
    long steps amplifies. The bounds of errors in the result are those of `pepkit.simulate.functions`, which allow for
    such operations; what they take for granted about elementary functions is measured by the tests on CPUs only, so an
    excess over an allowance counts when NumPy confirms it (`pepkit.labs.gradient_descent.random_runs`).
    """
    jax = import_jax()
    count = len(matrix)
    capacity = max(LEAST_CAPACITY[gradient_descent], 1 << count.bit_length())
    # the first point is reached by a step of length 0, so that a program evaluates its functions in one place
    spare = (1, capacity - count - 1)
    longest = np.pad(longest_steps(matrix), spare)
    if gradient_descent:
        rows = np.pad(np.diagonal(matrix), spare)
    else:
        rows = np.pad(matrix, (spare, (0, capacity - count)))
    blocks = -(-batch.size // BLOCK) if jax.default_backend() == "cpu" else 1
    length = -(-batch.size // blocks)
    # the last block is filled with the first functions, so that one program serves all blocks
    places = np.arange(blocks * length).reshape(blocks, length) % batch.size
    with double(jax):
        run = _program(gradient_descent)
        found = [run(members(batch, own), rows, longest, count, start[own]) for own in places]
        whole: Run = jax.tree_util.tree_map(lambda *parts: np.concatenate(parts)[: batch.size], *found)
    return whole


@lru_cache(maxsize=2)
def _program(gradient_descent: bool) -> Any:
    """run(batch, steps or rows, longest steps, number of steps, start); JAX keeps one form a family and a shape."""
    jax = import_jax()
    numpy = jax.numpy
    _register(jax)

    def run(batch: Any, rows: Any, longest: Any, count: Any, start: Any) -> Any:
        evaluate = batch.prepared()

        def advance(i: Any, carry: Any) -> Any:
            run, point, gradients = carry
            if gradient_descent:
                point, terms = point - rows[i] * gradients, 1
            else:
                # rows end with zeros, and so do the gradients that are not known yet
                point, terms = start - numpy.tensordot(rows[i], gradients, axes=1), i
            here = seen(evaluate, point)
            run = jax.tree_util.tree_map(
                lambda a, b: numpy.where(i == 0, a, b), begun(here), continued(run, here, terms * longest[i])
            )
            return run, point, here.gradient if gradient_descent else gradients.at[i].set(here.gradient)

        nothing = numpy.zeros(start.shape[0])
        ends = Ends(nothing, nothing, nothing)
        gradients = numpy.zeros(start.shape if gradient_descent else (rows.shape[1], *start.shape))
        blank = Run(ends, ends, *[nothing] * (len(Run._fields) - 2))
        return jax.lax.fori_loop(0, count + 1, advance, (blank, start, gradients))[0]

    return jax.jit(run)


@lru_cache(maxsize=1)
def _register(jax: Any) -> None:
    """Batches of functions become arguments of compiled programs: their arrays are data, their kind is part of the
    program."""
    for family, data in (
        (functions.Quadratic, ["curvatures"]),
        (functions.RidgeSum, ["directions", "weights", "parameters"]),
        (functions.LogSumExp, ["rows", "offsets"]),
        (MoreauEnvelope, ["slopes", "offsets"]),
        (functions.WithCurvature, ["base", "mu"]),
        (functions.CosineMixture, ["base", "share"]),
    ):
        kind = ["kind"] if family is functions.RidgeSum else []
        jax.tree_util.register_dataclass(family, data_fields=data, meta_fields=kind)
