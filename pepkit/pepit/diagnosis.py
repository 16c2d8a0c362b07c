"""Why a problem has no finite worst case, with exact evidence where it can be had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pepkit.kernel import Certificate, CertificateError, Form, FormatError, ListedClaim, UndecidedError, Witness
from pepkit.kernel.witness import check_witness
from pepkit.result import CertificationError
from pepkit.rounding.listed import ListedSystem
from pepkit.rounding.listed_certificate import NoOptimumError
from pepkit.rounding.listed_dual import ListedDual, listed_margin
from pepkit.rounding.listed_rounding import ListedRounding
from pepkit.rounding.listed_witness import listed_witnesses, rounded_data
from pepkit.rounding.settings import RoundingError, RoundingSettings, silent
from pepkit.solvers import Status, solver

__all__ = ["ContradictoryProblemError", "UnboundedProblemError", "explain"]


class UnboundedProblemError(CertificationError):
    """The worst case is infinite.

    `direction` holds exact data (vectors and scalars) along which every hypothesis keeps holding and the measure
    grows, or None if only floats suggest it. Added in any multiple to one instance, it makes the measure as
    large as one likes. `claim` is the homogeneous problem that the direction satisfies, with the measure as
    normaliser; `check` lets the kernel evaluate it again.
    """

    def __init__(
        self, message: str, direction: Witness | None, attempts: list[str], claim: ListedClaim | None = None
    ) -> None:
        super().__init__(message, attempts)
        self.direction = direction
        self.claim = claim

    def check(self) -> None:
        """Evaluate all hypotheses along the direction, exactly. Raises CertificateError if one fails."""
        if self.direction is None or self.claim is None:
            raise CertificateError("no exact direction was found")
        check_witness(self.claim.statement(), self.direction)


class ContradictoryProblemError(CertificationError):
    """No instance satisfies the hypotheses; `certificate` proves 0 <= -1 from them, or is None."""

    def __init__(self, message: str, certificate: Certificate | None, attempts: list[str]) -> None:
        super().__init__(message, attempts)
        self.certificate = certificate


def explain(claim: ListedClaim, error: NoOptimumError) -> CertificationError:
    """The error that tells a user why there is no optimum and what to do."""
    status = error.solution.status
    solver_name = error.solution.solver
    tried = [f"{solver_name}: {status.message}"]
    # no multipliers means no finite bound, or hypotheses that contradict each other; the contradiction decides
    contradiction = _contradiction(claim)
    if contradiction is not None or status is Status.UNBOUNDED:
        proved = "an exact certificate proves it" if contradiction is not None else "the solver says so"
        return ContradictoryProblemError(
            f"no instance satisfies the hypotheses of this problem ({proved}). Look for constraints that exclude each "
            "other, such as an initial condition with the wrong sign, or parameters like mu > L.",
            contradiction,
            tried,
        )
    if status is Status.INFEASIBLE:
        direction = _direction(claim, error)
        proved = "an exact direction proves it" if direction is not None else "the solver says so"
        return UnboundedProblemError(
            f"the worst case of this problem is infinite ({proved}). Usual causes: no initial condition, one that does "
            "not bound the starting point, a step size outside the range of convergence, a class that is too large.",
            direction,
            tried,
            _recession(claim),
        )
    return CertificationError(
        f"the solver gave no answer: {status.message} Tried {solver_name} at tolerances 1e-9, 1e-7 and 1e-6. Try "
        "another solver ('pepkit solvers' lists them), rescale the problem (L = 1, initial condition <= 1), or look "
        "for step sizes of very different sizes.",
        tried,
    )


def _homogeneous(form: Form) -> Form:
    return Form(form.quadratic, form.linear)


def _recession(claim: ListedClaim) -> ListedClaim:
    """The problem without its constants: what holds along a direction, with the growth of the measure."""
    growing = _homogeneous(claim.measure)
    return replace(
        claim,
        inequalities=tuple((name, _homogeneous(form)) for name, form in claim.inequalities),
        equalities=tuple((name, _homogeneous(form)) for name, form in claim.equalities),
        matrix_inequalities=tuple(
            (name, tuple(tuple(map(_homogeneous, row)) for row in matrix)) for name, matrix in claim.matrix_inequalities
        ),
        measure=growing,
        normaliser=growing,
    )


def _direction(claim: ListedClaim, error: NoOptimumError) -> Witness | None:
    """An exact recession direction of the hypotheses along which the measure grows."""
    system, solution = error.system, error.solution
    statement = _recession(claim).statement()
    gram, values = np.zeros((system.size, system.size)), np.zeros(system.scalars)
    if system.rows.size and len(solution.gram):
        gram[np.ix_(system.rows, system.rows)] = solution.gram[0]
    keep = error.kept
    inside = keep < system.scalars
    values[keep[inside]] = -solution.potential[: keep.size][inside]
    size = max(float(np.abs(gram).max(initial=0.0)), float(np.abs(values).max(initial=0.0)))
    if not np.isfinite(size) or size <= 0:
        return None
    for scale in (size, float(np.abs(gram).max(initial=0.0)) or size, 1.0):
        data = ListedDual(0.0, 0.0, np.empty(0), gram / scale, values / scale, solution)
        for candidate in (*listed_witnesses(system, data), rounded_data(system, data, 24)):
            try:
                check_witness(statement, candidate)
            except (CertificateError, UndecidedError, FormatError):
                continue
            return candidate
    return None


def _contradiction(claim: ListedClaim) -> Certificate | None:
    """A certificate of 0 <= -1 from the hypotheses, or None."""
    absurd = replace(claim, measure=Form())
    system = ListedSystem(absurd)
    if not system.columns:
        return None
    dual: Any = listed_margin(system, -1.0, np.ones(len(system.columns)), solver("clarabel"))
    if dual is None or not dual.margin > 1e-9 or dual.rate > -0.5:
        return None
    try:
        return ListedRounding(system, dual, RoundingSettings()).certify(-0.5, (10, 20, 40), silent)
    except RoundingError:
        return None
