"""Any solver for semidefinite programs that is installed in CVXPY, under the name ``"cvxpy:NAME"``.

CVXPY receives one sparse matrix for each block. Thousands of small constants would cost more than the solve.
"""

from __future__ import annotations

import time
import warnings
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import sparse

from pepkit.solvers._triangle import SQRT2, triangle_indices
from pepkit.solvers.problem import ConicProblem, MatrixBlock
from pepkit.solvers.protocol import Availability, Progress, SolverSettings, conclude, require
from pepkit.solvers.solution import ConicSolution, Status

__all__ = ["CVXPYSolver", "cvxpy_solver_names"]

_STATUS = {
    "optimal": Status.OPTIMAL,
    "optimal_inaccurate": Status.NEARLY_OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    "infeasible_inaccurate": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "unbounded_inaccurate": Status.UNBOUNDED,
    "user_limit": Status.ITERATION_LIMIT,
}

_TOLERANCE_OPTIONS: dict[str, tuple[str, ...]] = {
    "CLARABEL": ("tol_gap_rel", "tol_feas"),
    "SCS": ("eps_rel",),
    "CVXOPT": ("reltol", "feastol"),
    "COPT": ("RelGap", "FeasTol", "DualTol"),
}
"""How each solver calls its relative tolerances; others run with their own defaults."""

_ABSOLUTE_OPTIONS: dict[str, str] = {"CLARABEL": "tol_gap_abs", "SCS": "eps_abs", "CVXOPT": "abstol"}
_ITERATION_OPTIONS: dict[str, str] = {"CLARABEL": "max_iter", "SCS": "max_iters", "CVXOPT": "max_iters"}
_TIME_OPTIONS: dict[str, str] = {"CLARABEL": "time_limit", "SCS": "time_limit_secs", "COPT": "TimeLimit"}
_THREAD_OPTIONS: dict[str, str] = {"CLARABEL": "max_threads", "COPT": "Threads"}


@cache
def cvxpy_solver_names() -> tuple[str, ...]:
    """Solvers installed in CVXPY that accept semidefinite constraints, empty if CVXPY is not installed."""
    if find_spec("cvxpy") is None:
        return ()
    import cvxpy
    from cvxpy.reductions.solvers.defines import SOLVER_MAP_CONIC

    installed = cvxpy.installed_solvers()
    # CVXPY calls the cone PSD or, in vectorised form and from version 1.7 on, SvecPSD.
    return tuple(
        name
        for name, kind in SOLVER_MAP_CONIC.items()
        if name in installed and any("PSD" in cone.__name__ for cone in kind.SUPPORTED_CONSTRAINTS)
    )


class CVXPYSolver:
    """The adapter for one solver of CVXPY.

    Parameters
    ----------
    solver
        The name of the solver in CVXPY, for example ``"SCS"``.
    options
        Options that CVXPY passes on to the solver; they win over what `SolverSettings` asks for.
    """

    def __init__(self, solver: str, **options: Any) -> None:
        self._solver = solver.upper()
        self._options = options

    @property
    def name(self) -> str:
        """``"cvxpy:NAME"``."""
        return f"cvxpy:{self._solver}"

    def available(self) -> Availability:
        """Whether CVXPY is installed and has this solver."""
        names = cvxpy_solver_names()
        if not names:
            return Availability(False, "the package cvxpy is not installed", "Install it with: pip install cvxpy")
        if self._solver not in names:
            reason = f"CVXPY has no solver {self._solver} for semidefinite programs"
            return Availability(False, reason, f"Choose one of {', '.join(names)}.")
        return Availability(True, f"cvxpy {metadata.version('cvxpy')} with {self._solver}")

    def accepts(self, problem: ConicProblem) -> Availability:
        """Every problem."""
        return Availability(True, "accepts every problem")

    def solve(
        self, problem: ConicProblem, settings: SolverSettings | None = None, progress: Progress | None = None
    ) -> ConicSolution:
        """See `pepkit.solvers.protocol.Solver.solve`. CVXPY gives no certificate of infeasibility."""
        require(self.available(), self.name)
        import cvxpy

        started = time.perf_counter()
        settings = settings or SolverSettings()
        y = cvxpy.Variable(problem.variables)
        signed = np.flatnonzero(problem.nonnegative)
        equalities = [problem.equality_matrix @ y == problem.equality_rhs] if problem.equalities else []
        bounds = [y[signed] >= 0] if signed.size else []
        cones = [_matrix_expression(block, y, problem.variables) >> 0 for block in problem.blocks]
        task = cvxpy.Problem(cvxpy.Minimize(problem.objective @ y), equalities + bounds + cones)
        try:
            with warnings.catch_warnings():
                # "Solution may be inaccurate": the status of the solution says so, with measured residuals.
                warnings.simplefilter("ignore")
                task.solve(solver=self._solver, verbose=settings.verbose, **self._settings(settings))
            status = _STATUS.get(task.status, Status.NUMERICAL_ERROR)
        except cvxpy.error.SolverError:
            status = Status.NUMERICAL_ERROR
        slack = np.zeros(problem.variables)
        potential = np.zeros(problem.equalities)
        gram = tuple(
            _value(cone.dual_value, (block.order, block.order))
            for cone, block in zip(cones, problem.blocks, strict=True)
        )
        for constraint in bounds:
            slack[signed] = _value(constraint.dual_value, (signed.size,))
        for constraint in equalities:
            # CVXPY adds +dual.(E y - e) to the Lagrangian.
            potential = -_value(constraint.dual_value, (problem.equalities,))
        iterations = task.solver_stats.num_iters if task.solver_stats is not None else None
        solution = conclude(
            problem,
            status,
            _value(y.value, (problem.variables,)),
            gram,
            slack,
            potential,
            tolerance=settings.tolerance,
            iterations=int(iterations or 0),
            seconds=time.perf_counter() - started,
            solver=self.name,
            version=metadata.version("cvxpy"),
            certified=False,
        )
        if progress is not None:
            progress(solution.iterations, solution.objective, solution.gap)
        return solution

    def _settings(self, settings: SolverSettings) -> dict[str, Any]:
        options: dict[str, Any] = dict.fromkeys(_TOLERANCE_OPTIONS.get(self._solver, ()), settings.tolerance)
        wishes = (
            (_ABSOLUTE_OPTIONS, 1e-3 * settings.tolerance),
            (_ITERATION_OPTIONS, settings.max_iterations),
            (_TIME_OPTIONS, settings.time_limit),
            (_THREAD_OPTIONS, settings.threads),
        )
        for names, value in wishes:
            if value is not None and self._solver in names:
                options[names[self._solver]] = value
        if self._solver == "SCS":
            options.setdefault("max_iters", 100_000)
        return options | self._options


def _matrix_expression(block: MatrixBlock, y: Any, variables: int) -> Any:
    """F_b(y) as one expression: a sparse matrix times y, reshaped."""
    import cvxpy

    order = block.order
    row, column = triangle_indices(order)
    off = row != column
    entry = np.where(off, 1.0 / SQRT2, 1.0)
    position = np.concatenate((row + order * column, (column + order * row)[off]))
    source = np.concatenate((np.arange(row.size), np.flatnonzero(off)))
    spread = sparse.csr_matrix((entry[source], (position, source)), shape=(order * order, row.size))
    full = (spread @ block.columns(variables)).tocsc()
    vector = full[:, :-1] @ y + full[:, [-1]].toarray().ravel()
    return cvxpy.reshape(vector, (order, order), order="F")


def _value(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The value CVXPY holds, or nan where it holds none."""
    return np.full(shape, np.nan) if value is None else np.asarray(value, dtype=float).reshape(shape)
