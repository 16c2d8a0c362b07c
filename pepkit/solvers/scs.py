"""SCS: a first-order method, for screening many problems to moderate accuracy.

O'Donoghue, "Operator splitting for a homogeneous embedding of the linear complementarity problem", 2021. One
iteration is cheap, but accuracy beyond 1e-6 may take tens of thousands of them.
"""

from __future__ import annotations

import time
from importlib import metadata
from importlib.util import find_spec

import numpy as np

from pepkit.solvers._triangle import scs_order, triangle_size
from pepkit.solvers.clarabel import split_duals
from pepkit.solvers.problem import ConicProblem
from pepkit.solvers.protocol import Availability, Progress, SolverSettings, conclude, require
from pepkit.solvers.solution import ConicSolution, Status

__all__ = ["SCSSolver"]

# The codes of scs.h: 1 solved, 2 inaccurate, -6 and -7 inaccurate certificates.
_STATUS = {
    1: Status.OPTIMAL,
    2: Status.NEARLY_OPTIMAL,
    -1: Status.UNBOUNDED,
    -2: Status.INFEASIBLE,
    -6: Status.UNBOUNDED,
    -7: Status.INFEASIBLE,
}


class SCSSolver:
    """The adapter for SCS."""

    name = "scs"

    def available(self) -> Availability:
        """Whether the package is installed."""
        if find_spec("scs") is None:
            return Availability(False, "the package scs is not installed", "Install it with: pip install 'pepkit[scs]'")
        return Availability(True, f"scs {metadata.version('scs')}")

    def accepts(self, problem: ConicProblem) -> Availability:
        """Every problem."""
        return Availability(True, "accepts every problem")

    def solve(
        self, problem: ConicProblem, settings: SolverSettings | None = None, progress: Progress | None = None
    ) -> ConicSolution:
        """See `pepkit.solvers.protocol.Solver.solve`."""
        require(self.available(), self.name)
        import scs

        started = time.perf_counter()
        settings = settings or SolverSettings()
        vector, matrix, right, cones = problem.standard_form()
        order = _row_order(problem)
        data = {"A": matrix.tocsr()[order].tocsc(), "b": right[order], "c": vector}
        sizes = dict(cones[: len(cones) - len(problem.blocks)])
        cone = {
            "z": sizes.get("zero", 0),
            "l": sizes.get("nonnegative", 0),
            "s": [block.order for block in problem.blocks],
        }
        options: dict[str, float] = {
            "eps_abs": 1e-3 * settings.tolerance,
            "eps_rel": settings.tolerance,
            "max_iters": settings.max_iterations or 100_000,
        }
        if settings.time_limit is not None:
            options["time_limit_secs"] = settings.time_limit
        answer = scs.SCS(data, cone, verbose=settings.verbose, **options).solve()
        info = answer["info"]
        status = _STATUS.get(info["status_val"], Status.NUMERICAL_ERROR)
        if status is Status.NEARLY_OPTIMAL:
            at_limit = info["iter"] >= options["max_iters"]
            status = Status.ITERATION_LIMIT if at_limit else Status.TIME_LIMIT
        duals = np.empty_like(right)
        duals[order] = answer["y"]
        gram, slack, potential = split_duals(problem, duals)
        solution = conclude(
            problem,
            status,
            np.asarray(answer["x"]),
            gram,
            slack,
            potential,
            tolerance=settings.tolerance,
            iterations=int(info["iter"]),
            seconds=time.perf_counter() - started,
            solver=self.name,
            version=metadata.version("scs"),
        )
        if progress is not None:
            progress(solution.iterations, solution.objective, solution.gap)
        return solution


def _row_order(problem: ConicProblem) -> np.ndarray:
    """Rows of the standard form in the order of SCS, which lists lower triangles column by column."""
    position = problem.equalities + int(problem.nonnegative.sum())
    parts = [np.arange(position)]
    for block in problem.blocks:
        parts.append(position + scs_order(block.order))
        position += triangle_size(block.order)
    return np.concatenate(parts)
