"""An interior-point method for problems with few variables whose matrices have low rank.

Performance-estimation problems restricted to a family of multipliers have m of the order of n, matrices of rank at
most three and a residual matrix of order n. A general solver factors a matrix of order n^2; this one forms the Schur
complement of the m variables from the factors (`pepkit.solvers._lowrank`) and factors a matrix of order m.

The method is the infeasible primal-dual predictor-corrector with the HKM direction: Helmberg, Rendl, Vanderbei and
Wolkowicz, "An interior-point method for semidefinite programming", SIAM J. Optim. 6 (1996); Mehrotra, "On the
implementation of a primal-dual interior point method", SIAM J. Optim. 2 (1992).
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from pepkit.solvers._interior import InteriorPoint
from pepkit.solvers._lowrank import LowRankBlock
from pepkit.solvers._reduction import Certificate, Dual, reduce, scale
from pepkit.solvers._threads import blas_threads
from pepkit.solvers.problem import ConicProblem
from pepkit.solvers.protocol import Availability, Progress, SolverSettings, conclude, require
from pepkit.solvers.solution import ConicSolution, Status

__all__ = ["StructuredSettings", "StructuredSolver"]

VERSION = "1"

MAX_VARIABLES = 4000
"""The Schur complement is dense: this many variables take two arrays of 128 MB."""

MAX_ITERATIONS = 100

SINGLE_THREAD_LIMIT = 1500
"""Below this many variables one thread is fastest, and the only safe choice on a shared machine."""

MAX_WORK = 2e10
"""Largest `LowRankBlock.work` summed over the blocks: about a minute for one iteration."""


@dataclass(frozen=True)
class StructuredSettings(SolverSettings):
    """Settings of the structured solver.

    Attributes
    ----------
    gap_target
        If given, stop at this relative gap with a well-centred y that satisfies every inequality strictly, instead
        of going on to `tolerance`. Rounding to exact numbers wants such a point: it leaves room to all sides.
    centrality
        How well-centred: every eigenvalue of X_b F_b(y) and every product s_k y_k is at least this fraction of
        their mean.
    """

    gap_target: float | None = None
    centrality: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gap_target is not None and not self.gap_target > 0:
            raise ValueError(f"gap_target: expected a number above 0, got {self.gap_target!r}")
        if not 0 < self.centrality < 1:
            raise ValueError(f"centrality: expected a number between 0 and 1, got {self.centrality!r}")


class StructuredSolver:
    """The interior-point method for matrices of low rank."""

    name = "structured"

    def available(self) -> Availability:
        """Always: the solver needs only NumPy and SciPy."""
        return Availability(True, "part of pepkit")

    def accepts(self, problem: ConicProblem) -> Availability:
        """Whether the Schur complement fits in memory and can be formed in reasonable time."""
        if not problem.nonnegative.any() and not problem.blocks:
            return Availability(False, "the problem has no inequality", "Solve the linear equations instead.")
        if problem.variables > MAX_VARIABLES:
            reason = f"{problem.variables} variables are more than the {MAX_VARIABLES} of a dense Schur complement"
            return Availability(False, reason, "Use clarabel, or restrict the multipliers.")
        work = sum(LowRankBlock(block).work for block in problem.blocks)
        if work > MAX_WORK:
            return Availability(False, "the matrices of the variables have too high a rank", "Use clarabel.")
        return Availability(True, f"{problem.variables} variables, {work:.1e} operations for a Schur complement")

    def solve(
        self, problem: ConicProblem, settings: SolverSettings | None = None, progress: Progress | None = None
    ) -> ConicSolution:
        """See `pepkit.solvers.protocol.Solver.solve`. `settings` may be a `StructuredSettings`."""
        started = time.perf_counter()
        require(self.accepts(problem), self.name)
        settings = settings or StructuredSettings()
        gap_target = getattr(settings, "gap_target", None)
        threads = settings.threads or (1 if problem.variables < SINGLE_THREAD_LIMIT else None)
        with blas_threads(threads) if threads else nullcontext():
            status, y, dual, iterations = self._solve(problem, settings, progress, started)
        gram, slack, potential = dual
        return conclude(
            problem,
            status,
            y,
            gram,
            slack,
            potential,
            tolerance=max(settings.tolerance, gap_target or 0.0),
            iterations=iterations,
            seconds=time.perf_counter() - started,
            solver=self.name,
            version=VERSION,
        )

    @staticmethod
    def _solve(
        problem: ConicProblem, settings: SolverSettings, progress: Progress | None, started: float
    ) -> tuple[Status, np.ndarray, Dual, int]:
        """Reduce, scale, iterate, and expand the answer again."""
        try:
            reduction = reduce(problem)
        except Certificate as certificate:
            return certificate.status, certificate.y, certificate.dual, 0
        scaling = scale(reduction.problem)
        unit = scaling.size * scaling.cost
        method = InteriorPoint(
            scaling.problem,
            tolerance=settings.tolerance,
            gap_target=getattr(settings, "gap_target", None),
            centrality=getattr(settings, "centrality", StructuredSettings.centrality),
            constant=reduction.constant / unit,
        )
        deadline = np.inf if settings.time_limit is None else started + settings.time_limit
        iteration = 0
        for iteration, objective, gap in method.run(settings.max_iterations or MAX_ITERATIONS, deadline):
            if settings.verbose:
                print(f"{iteration:4d}  objective {objective * unit: .10e}  gap {gap:.1e}  {method.log}")
            if progress is not None:
                progress(iteration, objective * unit, gap)
        y, dual = reduction.expand(*scaling.expand(method.best.y, method.best.dual))
        return method.status, y, dual, iteration
