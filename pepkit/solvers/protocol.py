"""What a solver is: a name, whether it can run here, and a way from a problem to a solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from pepkit.solvers.problem import ConicProblem
from pepkit.solvers.solution import ConicSolution, Status

__all__ = ["Availability", "Progress", "Solver", "SolverSettings", "SolverUnavailableError", "conclude"]

Progress = Callable[[int, float, float], None]
"""Called with (iteration, objective, relative gap). Solvers without a hook call it once, at the end."""

CLAIM_FACTOR = 100.0
"""A claim of optimality stands while the recomputed residuals stay below this multiple of the tolerance."""

NEARLY_LIMIT = 1e-3
"""An answer with a larger residual than this is not called nearly optimal."""

CERTIFICATE_LIMIT = 1e-4
"""Largest relative residual of a certificate of infeasibility or unboundedness."""


class SolverUnavailableError(RuntimeError):
    """The solver cannot run here. The message says what is missing and what to do about it."""


@dataclass(frozen=True)
class Availability:
    """Whether a solver can run here.

    Attributes
    ----------
    ready
        True if `solve` will not fail for want of a package or a licence.
    reason
        What is there (a version) or what is missing.
    remedy
        What to do where it is missing; empty where it is ready.
    """

    ready: bool
    reason: str
    remedy: str = ""

    def __bool__(self) -> bool:
        return self.ready


@dataclass(frozen=True)
class SolverSettings:
    """Settings that every solver understands.

    Attributes
    ----------
    tolerance
        Target for the relative gap and the relative residuals.
    max_iterations
        Limit on the iterations; None is the solver's own limit.
    time_limit
        Limit on the wall time in seconds; None is no limit.
    threads
        Number of threads; None is the solver's own choice. Solvers that use NumPy follow the threads of its
        BLAS library instead.
    verbose
        Whether the solver prints its own log.
    """

    tolerance: float = 1e-9
    max_iterations: int | None = None
    time_limit: float | None = None
    threads: int | None = None
    verbose: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance: expected a number between 0 and 1, got {self.tolerance!r}")
        if self.max_iterations is not None and self.max_iterations < 1:
            raise ValueError(f"max_iterations: expected at least 1, got {self.max_iterations!r}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise ValueError(f"time_limit: expected seconds above 0, got {self.time_limit!r}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads!r}")


@runtime_checkable
class Solver(Protocol):
    """Solves conic problems. Objects without state: one may serve several threads."""

    @property
    def name(self) -> str:
        """Name under which the solver is registered."""

    def available(self) -> Availability:
        """Whether the solver can run here; cheap, and never an exception."""

    def accepts(self, problem: ConicProblem) -> Availability:
        """Whether this problem is of a kind and size that the solver is made for."""

    def solve(
        self, problem: ConicProblem, settings: SolverSettings | None = None, progress: Progress | None = None
    ) -> ConicSolution:
        """Solve a problem.

        Parameters
        ----------
        problem
            The problem.
        settings
            Settings; the defaults of `SolverSettings` if omitted.
        progress
            Called with (iteration, objective, relative gap).

        Raises
        ------
        SolverUnavailableError
            If `available` or, for want of memory, `accepts` says no. How the solve itself ends is never an
            exception but the status of the solution.
        """


def require(availability: Availability, name: str) -> None:
    """Raise `SolverUnavailableError` with reason and remedy unless the solver is ready."""
    if not availability:
        raise SolverUnavailableError(f"{name}: {availability.reason}. {availability.remedy}".strip())


def conclude(
    problem: ConicProblem,
    status: Status,
    y: np.ndarray,
    gram: Sequence[np.ndarray],
    slack: np.ndarray,
    potential: np.ndarray,
    *,
    tolerance: float,
    iterations: int,
    seconds: float,
    solver: str,
    version: str,
    certified: bool = True,
) -> ConicSolution:
    """Make a solution from what a solver returned: recompute the residuals and lower claims they contradict.

    Answers with entries that are not finite become ``NUMERICAL_ERROR``. For ``INFEASIBLE`` and ``UNBOUNDED``
    the certificate is normalised and its own residual takes the place of the optimality residuals; a
    certificate that does not hold to `CERTIFICATE_LIMIT` is no certificate. With `certified` false (a solver
    that returns no certificates) these two statuses are passed on as claims.
    """
    slack = np.where(problem.nonnegative, slack, 0.0)
    gram = tuple(0.5 * (matrix + matrix.T) for matrix in gram)
    nothing = np.full(problem.variables, np.nan)
    objective = dual_objective = primal = dual = gap = float("nan")
    if status in (Status.INFEASIBLE, Status.UNBOUNDED) and not certified:
        y, slack, potential = nothing, nothing, np.full(problem.equalities, np.nan)
        gram = tuple(np.full((block.order, block.order), np.nan) for block in problem.blocks)
        objective = dual_objective = float("inf") if status is Status.INFEASIBLE else -float("inf")
    elif status is Status.INFEASIBLE:
        dual, gram, slack, potential = _infeasibility(problem, gram, slack, potential)
        status = status if dual <= CERTIFICATE_LIMIT else Status.NUMERICAL_ERROR
        objective = dual_objective = float("inf")
        primal, y = float("inf"), nothing
    elif status is Status.UNBOUNDED:
        primal, y = _recession(problem, y)
        status = status if primal <= CERTIFICATE_LIMIT else Status.NUMERICAL_ERROR
        objective = dual_objective = -float("inf")
        dual = float("inf")
        gram = tuple(np.full_like(matrix, np.nan) for matrix in gram)
        slack, potential = nothing, np.full(problem.equalities, np.nan)
    elif all(np.isfinite(values).all() for values in (y, slack, potential, *gram)):
        measured = problem.residuals(y, gram, slack, potential)
        objective, dual_objective = measured.objective, measured.dual_objective
        primal, dual, gap = measured.primal, measured.dual, measured.gap
        if status is Status.OPTIMAL and measured.largest > CLAIM_FACTOR * tolerance:
            status = Status.NEARLY_OPTIMAL
        if status is Status.NEARLY_OPTIMAL and measured.largest > NEARLY_LIMIT:
            status = Status.NUMERICAL_ERROR
    else:
        status = Status.NUMERICAL_ERROR
    return ConicSolution(
        status=status,
        y=y,
        gram=gram,
        slack=slack,
        potential=potential,
        objective=objective,
        dual_objective=dual_objective,
        primal_residual=primal,
        dual_residual=dual,
        gap=gap,
        iterations=iterations,
        seconds=seconds,
        solver=solver,
        version=version,
    )


def _infeasibility(
    problem: ConicProblem, gram: tuple[np.ndarray, ...], slack: np.ndarray, potential: np.ndarray
) -> tuple[float, tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Normalise a proof that no y exists to f.e - sum <X_b, F_b(0)> = 1; also its relative residual."""
    value = float(potential @ problem.equality_rhs)
    image = problem.equality_matrix.T @ potential + slack
    size = float(np.max(abs(problem.equality_matrix).T @ np.abs(potential) + np.abs(slack), initial=0.0))
    for block, matrix in zip(problem.blocks, gram, strict=True):
        products = block.pair_with(matrix, problem.variables)
        value -= products[-1]
        image = image + products[:-1]
        size = max(size, float(np.abs(products).max()))
    if not value > 0:
        return float("inf"), gram, slack, potential
    residual = float(np.abs(image).max()) / max(size, value)
    return residual, tuple(matrix / value for matrix in gram), slack / value, potential / value


def _recession(problem: ConicProblem, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Normalise a direction along which the objective falls without bound to c.y = -1; also its residual."""
    value = -float(problem.objective @ y)
    if not value > 0:
        return float("inf"), y
    y = y / value
    homogeneous = ConicProblem(
        objective=problem.objective,
        equality_matrix=problem.equality_matrix,
        equality_rhs=np.zeros(problem.equalities),
        nonnegative=problem.nonnegative,
        blocks=tuple(block.linear_part() for block in problem.blocks),
    )
    zero = tuple(np.zeros((block.order, block.order)) for block in problem.blocks)
    return homogeneous.residuals(y, zero, np.zeros(problem.variables), np.zeros(problem.equalities)).primal, y
