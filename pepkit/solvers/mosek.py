"""MOSEK, for those who have a licence.

The bar variables of MOSEK are the dual matrices X_b, so the task is the dual problem::

    minimise  sum_b <F_b(0), X_b> - e.f   subject to   (E^T f)_k + sum_b <F_bk, X_b>  <= or =  c_k,

an inequality where y_k >= 0 and an equality elsewhere. The variables y are the multipliers of these rows (with the
sign that MOSEK gives to a minimisation), and MOSEK forms the small Schur complement in y.
"""

from __future__ import annotations

import os
import threading
import time
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pepkit.solvers._triangle import SQRT2, triangle_indices
from pepkit.solvers.problem import ConicProblem
from pepkit.solvers.protocol import Availability, Progress, SolverSettings, conclude, require
from pepkit.solvers.solution import ConicSolution, Status

__all__ = ["MosekSolver", "build_task"]

LICENCE_VARIABLE = "MOSEKLM_LICENSE_FILE"

LICENCE_SECONDS = 5.0
"""A licence server that does not answer within this time counts as absent."""

REMEDY = (
    "Request a licence at https://www.mosek.com/products/academic-licenses/ (free for academia) or a trial licence, "
    f"save it as mosek/mosek.lic in your home folder or point {LICENCE_VARIABLE} to it; or use the solver 'clarabel'."
)


class MosekSolver:
    """The adapter for MOSEK."""

    name = "mosek"

    def available(self) -> Availability:
        """Whether the package is installed and a licence can be checked out. Asked once in a process."""
        return _availability(os.environ.get(LICENCE_VARIABLE, ""))

    def accepts(self, problem: ConicProblem) -> Availability:
        """Every problem."""
        return Availability(True, "accepts every problem")

    def solve(
        self, problem: ConicProblem, settings: SolverSettings | None = None, progress: Progress | None = None
    ) -> ConicSolution:
        """See `pepkit.solvers.protocol.Solver.solve`."""
        require(self.available(), self.name)
        import mosek

        started = time.perf_counter()
        settings = settings or SolverSettings()
        with mosek.Env() as environment, environment.Task() as task:
            if settings.verbose:
                task.set_Stream(mosek.streamtype.log, lambda text: print(text, end=""))
            if progress is not None:
                report = progress

                def callback(code: Any, doubles: Any, integers: Any, longs: Any) -> int:
                    if code == mosek.callbackcode.intpnt:
                        primal = doubles[mosek.dinfitem.intpnt_primal_obj]
                        dual = doubles[mosek.dinfitem.intpnt_dual_obj]
                        gap = abs(primal - dual) / max(abs(primal), abs(dual), np.finfo(float).tiny)
                        # The task is the dual problem: its dual objective is -c.y.
                        report(int(integers[mosek.iinfitem.intpnt_iter]), -float(dual), float(gap))
                    return 0

                task.set_InfoCallback(callback)
            build_task(task, problem)
            _apply(task, settings)
            try:
                termination = task.optimize()
            except mosek.Error as error:
                if "license" in str(error).lower() or "err_license" in str(error.errno):
                    require(Availability(False, f"no licence: {error}", REMEDY), self.name)
                raise
            status, y, gram, slack, potential = _read(task, problem, termination)
            iterations = task.getintinf(mosek.iinfitem.intpnt_iter)
        return conclude(
            problem,
            status,
            y,
            gram,
            slack,
            potential,
            tolerance=settings.tolerance,
            iterations=int(iterations),
            seconds=time.perf_counter() - started,
            solver=self.name,
            version=metadata.version("mosek"),
        )


def build_task(task: Any, problem: ConicProblem) -> None:
    """Fill an empty `mosek.Task` with the dual of a problem. Needs no licence.

    The scalar variables are f, the bar variables X_b, the rows one for each variable y_k.
    """
    import mosek

    count = problem.variables
    task.appendvars(problem.equalities)
    task.appendcons(count)
    task.appendbarvars([block.order for block in problem.blocks])
    if problem.equalities:
        free = [mosek.boundkey.fr] * problem.equalities
        zeros = np.zeros(problem.equalities)
        task.putvarboundslice(0, problem.equalities, free, zeros, zeros)
        task.putclist(np.arange(problem.equalities, dtype=np.int32), -problem.equality_rhs)
        entries = problem.equality_matrix.tocoo()
        task.putaijlist(entries.col.astype(np.int32), entries.row.astype(np.int32), entries.data)
    keys = [mosek.boundkey.up if signed else mosek.boundkey.fx for signed in problem.nonnegative]
    task.putconboundslice(0, count, keys, problem.objective, problem.objective)
    for index, block in enumerate(problem.blocks):
        row, column = triangle_indices(block.order)
        columns = block.columns(count).tocoo()
        upper, lower = row[columns.row].astype(np.int32), column[columns.row].astype(np.int32)
        value = np.where(upper == lower, columns.data, columns.data / SQRT2)
        linear = columns.col < count
        number = np.full(int(linear.sum()), index, dtype=np.int32)
        # MOSEK wants lower triangles: the larger index is the row.
        task.putbarablocktriplet(
            columns.col[linear].astype(np.int32), number, lower[linear], upper[linear], value[linear]
        )
        constant = ~linear
        number = np.full(int(constant.sum()), index, dtype=np.int32)
        task.putbarcblocktriplet(number, lower[constant], upper[constant], value[constant])
    task.putobjsense(mosek.objsense.minimize)


def _apply(task: Any, settings: SolverSettings) -> None:
    import mosek

    for parameter in ("intpnt_co_tol_rel_gap", "intpnt_co_tol_pfeas", "intpnt_co_tol_dfeas"):
        task.putdouparam(getattr(mosek.dparam, parameter), settings.tolerance)
    if settings.max_iterations is not None:
        task.putintparam(mosek.iparam.intpnt_max_iterations, settings.max_iterations)
    if settings.time_limit is not None:
        task.putdouparam(mosek.dparam.optimizer_max_time, settings.time_limit)
    if settings.threads is not None:
        task.putintparam(mosek.iparam.num_threads, settings.threads)


def _read(
    task: Any, problem: ConicProblem, termination: Any
) -> tuple[Status, np.ndarray, tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Status, y, X, s and f from a task after optimisation."""
    import mosek

    kind = mosek.soltype.itr
    # What is primal for MOSEK is dual here: its primal infeasibility is our unboundedness.
    states = {
        mosek.solsta.optimal: Status.OPTIMAL,
        mosek.solsta.prim_infeas_cer: Status.UNBOUNDED,
        mosek.solsta.dual_infeas_cer: Status.INFEASIBLE,
    }
    limits = {
        mosek.rescode.trm_max_iterations: Status.ITERATION_LIMIT,
        mosek.rescode.trm_max_time: Status.TIME_LIMIT,
    }
    state = task.getsolsta(kind)
    status = states.get(state, limits.get(termination, Status.NEARLY_OPTIMAL))
    potential = np.asarray(task.getxx(kind), dtype=float)
    y = -np.asarray(task.gety(kind), dtype=float)
    gram = []
    stationarity = problem.objective - problem.equality_matrix.T @ potential
    if status is Status.INFEASIBLE:
        stationarity = stationarity - problem.objective
    for index, block in enumerate(problem.blocks):
        matrix = np.zeros((block.order, block.order))
        # The lower triangle column by column is the upper one row by row.
        matrix[np.triu_indices(block.order)] = task.getbarxj(kind, index)
        matrix += np.triu(matrix, 1).T
        gram.append(matrix)
        stationarity = stationarity - problem.adjoint(index, matrix)
    return status, y, tuple(gram), np.where(problem.nonnegative, stationarity, 0.0), potential


@cache
def _availability(licence_file: str) -> Availability:
    if find_spec("mosek") is None:
        return Availability(
            False, "the package mosek is not installed", f"Install it with: pip install 'pepkit[mosek]'. {REMEDY}"
        )
    if not licence_file and not (Path.home() / "mosek" / "mosek.lic").is_file():
        reason = f"no licence: neither {LICENCE_VARIABLE} nor mosek/mosek.lic in the home folder was found"
        return Availability(False, reason, REMEDY)
    answer: list[str] = []
    # A floating licence asks a server, which may be unreachable; a daemon thread cannot hang the process.
    worker = threading.Thread(target=lambda: answer.append(_check_out()), daemon=True)
    worker.start()
    worker.join(LICENCE_SECONDS)
    if not answer:
        reason = f"no licence: the licence server did not answer within {LICENCE_SECONDS:g} s"
        return Availability(False, reason, REMEDY)
    if answer[0]:
        return Availability(False, f"no licence: {answer[0]}", REMEDY)
    return Availability(True, f"mosek {metadata.version('mosek')} with a licence")


def _check_out() -> str:
    """Take a licence for a moment; the message of the failure, or an empty string."""
    import mosek

    try:
        with mosek.Env() as environment:
            environment.checkoutlicense(mosek.feature.pts)
            environment.checkinlicense(mosek.feature.pts)
    except mosek.Error as error:
        return " ".join(str(error).split())
    return ""
