"""What a solver returns: a status, the two sides of the answer, and residuals recomputed from the data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

__all__ = ["ConicSolution", "Residuals", "Status"]


class Status(Enum):
    """How a solve ended. The value of each member is a sentence for people."""

    OPTIMAL = "Solved to the requested accuracy."
    NEARLY_OPTIMAL = "Progress stopped before the requested accuracy; the residuals say how near the answer is."
    INFEASIBLE = "No y satisfies the constraints; gram, slack and potential hold a certificate of that."
    UNBOUNDED = "The objective decreases without bound along y, which holds a direction of recession."
    ITERATION_LIMIT = "The iteration limit was reached; the last iterate is returned."
    TIME_LIMIT = "The time limit was reached; the last iterate is returned."
    NUMERICAL_ERROR = "The solver broke down before it had a useful answer."

    @property
    def message(self) -> str:
        """The sentence that explains this status."""
        return self.value

    @property
    def solved(self) -> bool:
        """Whether the two sides of the answer may be used (with their residuals in mind)."""
        return self in (Status.OPTIMAL, Status.NEARLY_OPTIMAL)


@dataclass(frozen=True)
class Residuals:
    """How far a candidate is from being optimal, in relative terms; see `ConicProblem.residuals`.

    Attributes
    ----------
    objective
        c.y.
    dual_objective
        f.e - sum_b <X_b, F_b(0)>.
    primal
        Largest relative violation of E y = e, y >= 0 and F_b(y) PSD.
    dual
        Largest relative violation of stationarity, s >= 0 and X_b PSD.
    gap
        |c.y - dual objective| over the larger of the two.
    """

    objective: float
    dual_objective: float
    primal: float
    dual: float
    gap: float

    @property
    def largest(self) -> float:
        """The largest of the three residuals."""
        return max(self.primal, self.dual, self.gap)


@dataclass(frozen=True, eq=False)
class ConicSolution:
    """The answer of a solver to a `ConicProblem`.

    The residuals, the objective and the dual objective are recomputed from the data of the problem; nothing
    here is a claim of the solver, except `status`, which is lowered when the recomputed residuals contradict it.

    Attributes
    ----------
    status
        How the solve ended.
    y
        Variables, shape (m,). For ``INFEASIBLE`` all nan; for ``UNBOUNDED`` a direction of recession.
    gram
        One dual matrix X_b of shape (n_b, n_b) for each block.
    slack
        Dual of y >= 0, shape (m,), zero where a variable may be negative.
    potential
        Dual of E y = e, shape (k,). For ``INFEASIBLE`` the triple (gram, slack, potential)
        satisfies E^T f + s + sum_b A_b^*(X_b) = 0 and f.e - sum_b <X_b, F_b(0)> = 1; for
        ``UNBOUNDED`` it is nan.
    objective
        c.y.
    dual_objective
        f.e - sum_b <X_b, F_b(0)>, a lower bound of c.y up to the dual residual.
    primal_residual
        See `Residuals.primal`.
    dual_residual
        See `Residuals.dual`.
    gap
        See `Residuals.gap`.
    iterations
        Iterations of the solver.
    seconds
        Wall time, assembly included.
    solver
        Name of the solver.
    version
        Its version.
    """

    status: Status
    y: np.ndarray
    gram: tuple[np.ndarray, ...]
    slack: np.ndarray
    potential: np.ndarray
    objective: float
    dual_objective: float
    primal_residual: float
    dual_residual: float
    gap: float
    iterations: int
    seconds: float
    solver: str
    version: str

    def __str__(self) -> str:
        return (
            f"{self.solver} {self.version}: {self.status.name}, objective {self.objective:.12g}, "
            f"dual {self.dual_objective:.12g}, gap {self.gap:.1e}, primal residual {self.primal_residual:.1e}, "
            f"dual residual {self.dual_residual:.1e}, {self.iterations} iterations, {self.seconds:.3g} s"
        )
