"""Certificates of listed claims: solve, reduce to a face where the dual has an interior, round, check."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np

from pepkit.algebra import to_float
from pepkit.kernel import Certificate, ListedClaim, PepkitError, Witness
from pepkit.rounding.listed import Face, ListedSystem
from pepkit.rounding.listed_center import central_face
from pepkit.rounding.listed_dual import (
    ListedDual,
    consistent,
    float_equations,
    independent_rows,
    listed_margin,
    listed_optimum,
)
from pepkit.rounding.listed_faces import exposed_faces, optimal_face, recognised_rate
from pepkit.rounding.listed_refine import ExactWorstCase, claim_over, exact_worst_cases
from pepkit.rounding.listed_rounding import ListedRounding
from pepkit.rounding.settings import Progress, RoundingError, RoundingSettings, silent
from pepkit.solvers import ConicSolution, Solver, Status, solver

__all__ = ["ListedOutcome", "NoOptimumError", "certify_listed", "supports"]

ZERO = 1e-9
"""Optimal values below this count as zero, and the excess allowed over them is absolute."""
SHARP_ORDER = 40
"""Sharp rates are sought up to this order of the residual."""
SHARP_BITS = (4, 7, 10, 14, 20, 30, 44)
"""Fractional bits at which the free multipliers of a sharp certificate are made simple."""
MAX_DEPTH = 6
MAX_FACES = 16
PATIENCE = 5.0
"""The search over faces may take so many times the time of the first solve and 0.6 seconds."""
GENEROUS = (1.0, 1.01, 3.0, 0.3)
"""Rates above the optimum, in units of it, at which an interior is looked for."""
EDGE = 2e-12
"""Margins below this are rounding of the solver."""
EDGE_ACCURACY = 1e-3
"""Relative accuracy of optima of duals without interior; on the smallest face they may differ by so much."""
CENTRAL_DEPTH = 3
"""Faces found one after another from analytic centres."""
INTERIOR = 1e-6
"""A margin at a generous rate that shows that the dual has an interior."""


class NoOptimumError(PepkitError):
    """The solver found no optimum; `solution` says how it ended, `system` what was solved."""

    def __init__(self, message: str, solution: ConicSolution, system: ListedSystem) -> None:
        super().__init__(message)
        self.solution = solution
        self.system = system

    @property
    def kept(self) -> np.ndarray:
        """The equations that the solver was given, by scalar."""
        return independent_rows(float_equations(self.system)[0])


@dataclass
class ListedOutcome:
    """A certificate with the numbers that it came from.

    `sharp` says that the rate is the recognised exact optimum, `reductions` how many faces the search
    descended before the dual had an interior, `attempts` what did not work, `worst_case` exact data of the sharp rate.
    """

    certificate: Certificate
    dual: ListedDual
    system: ListedSystem
    sharp: bool
    reductions: int = 0
    attempts: list[str] = field(default_factory=list)
    worst_case: Witness | None = None


def supports(claim: ListedClaim) -> bool:
    """Whether this pipeline treats the claim: basis vectors only, and a positive constant as normaliser."""
    normaliser = claim.normaliser
    return (
        not normaliser.quadratic
        and not normaliser.linear
        and all(vector.definition is None for vector in claim.vectors)
        and claim.field.sign(claim.field.coerce(normaliser.constant)) > 0
    )


def allowed(optimum: float, tolerance: float) -> float:
    """The largest rate within the tolerance: relative, or absolute 1e-9 where the optimum is zero."""
    # the solver's optimum has an error of its own
    return optimum + 0.8 * max(tolerance * abs(optimum), ZERO)


def certify_listed(
    claim: ListedClaim,
    mode: str = "auto",
    tolerance: float = 1e-6,
    solver_name: str = "auto",
    progress: Progress = silent,
    settings: RoundingSettings | None = None,
    face: Face | None = None,
    simple: bool = False,
    patience: float = PATIENCE,
) -> ListedOutcome:
    """A certificate of a listed claim within `tolerance` of the optimum.

    The search starts on `face`; with `simple` multipliers are rounded to the simplest fractions instead of
    dyadic numbers. `patience` bounds the search over faces, see `PATIENCE`.

    Raises
    ------
    NoOptimumError
        If the solver says infeasible or unbounded, or fails.
    RoundingError
        If no face and precision gives a certificate; it lists what was tried.
    """
    settings = settings or RoundingSettings()
    chosen = solver("clarabel" if solver_name == "auto" else solver_name)
    search = _Search(claim, tolerance, chosen, progress, settings, face, simple, patience)
    search.mode = mode
    search.solve()
    sharp = search.sharp() if mode != "relaxed" else None
    if sharp is not None:
        return search.outcome(sharp, True)
    try:
        # on a face of a dual without interior the optimum may still turn out to be recognised
        found = search.relaxed()
    except RoundingError:
        if mode != "sharp":
            raise
    if mode == "sharp" and not search.is_sharp:
        raise RoundingError("no sharp certificate: " + "; ".join(search.attempts))
    return search.outcome(found, search.is_sharp)


class _Search:
    """The state of one search."""

    def __init__(
        self,
        claim: ListedClaim,
        tolerance: float,
        chosen: Solver,
        progress: Progress,
        settings: RoundingSettings,
        face: Face | None = None,
        simple: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        self.simple = simple
        self.claim = claim
        self.tolerance = tolerance
        self.solver = chosen
        self.progress = progress
        self.settings = settings
        self.attempts: list[str] = []
        self.reductions = 0
        self.faces = 0
        self.patience = patience
        self.first_solve = 0.0
        self.deadline = 0.0
        self.system = ListedSystem(claim, face)
        self.dual: ListedDual
        self.mode = "auto"
        self.is_sharp = False
        self.worst_case: Witness | None = None

    def solve(self) -> None:
        system = self.system
        self.progress("solve", f"{len(system.columns)} multipliers, residual of order {system.rows.size}")
        started = time.perf_counter()
        for tolerance in (1e-9, 1e-7, 1e-6):
            self.dual, solution = listed_optimum(system, self.solver, tolerance)
            if _usable(self.dual, solution):
                now = time.perf_counter()
                self.first_solve = now - started
                return
            if solution.status in (Status.INFEASIBLE, Status.UNBOUNDED):
                break
        raise NoOptimumError(f"the solver found no optimum: {solution.status.message}", solution, system)

    @property
    def optimum(self) -> float:
        dual = self.dual
        return dual.lower if dual.solution.status is Status.OPTIMAL and abs(dual.lower) < abs(dual.rate) else dual.rate

    def outcome(self, certificate: Certificate, sharp: bool) -> ListedOutcome:
        return ListedOutcome(
            certificate, self.dual, self.system, sharp, self.reductions, self.attempts, self.worst_case
        )

    def relaxed(self) -> Certificate:
        """The first certificate on a tree of faces."""
        limit = allowed(self.optimum, self.tolerance)
        self.deadline = time.perf_counter() + self.patience * (self.first_solve + 0.6)
        certificate = self._descend(self.system, self.dual, limit, 0)
        if certificate is None:
            raise RoundingError(
                f"no certificate within {self.tolerance:g} of the optimum {self.optimum:.9g}: "
                + "; ".join(self.attempts)
            )
        return certificate

    def _descend(self, system: ListedSystem, dual: ListedDual, limit: float, depth: int) -> Certificate | None:
        """A certificate on this face or on a smaller one that holds all its multipliers."""
        self.faces += 1
        # where the solver struggles, the dual is likely to lie in a face, and a point near the optimum is costly
        struggled = depth == 0 and dual.solution.status is not Status.OPTIMAL
        certificate = None if struggled else self._near(system, dual.rate, limit, 0.5)
        if certificate is None and depth < CENTRAL_DEPTH and time.perf_counter() < self.deadline:
            certificate = self._on_central_face(system, dual, limit, depth)
            if certificate is not None:
                return certificate
        for part in (0.5, 0.9) if struggled else (0.9,):
            certificate = certificate or self._near(system, dual.rate, limit, part)
        if certificate is None:
            interior, faces = self._interior(system)
            if interior is None:
                return None
            if interior.margin > INTERIOR:
                certificate = self._mixed(system, dual, interior, limit)
            else:
                for face in faces:
                    if depth == MAX_DEPTH or self.faces >= MAX_FACES or time.perf_counter() > self.deadline:
                        self.attempts.append("the search over faces was stopped")
                        return None
                    smaller = ListedSystem(self.claim, face)
                    self.progress("reduce", f"face {self.faces}: residual of order {smaller.rows.size}")
                    optimum, solution = listed_optimum(smaller, self.solver)
                    if not _usable(optimum, solution) or optimum.rate > limit:
                        self.attempts.append(f"face {self.faces}: {solution.status.message}")
                        continue
                    # a dual without interior is solved badly; on the face its optimum is better known
                    nearer = min(limit, allowed(optimum.rate, self.tolerance))
                    certificate = self._descend(smaller, optimum, nearer, depth + 1)
                    if certificate is not None:
                        return certificate
                self.attempts.append("no simple face holds all multipliers")
                return None
        if certificate is not None:
            self.reductions = depth
        return certificate

    def _on_central_face(self, system: ListedSystem, dual: ListedDual, limit: float, depth: int) -> Certificate | None:
        """A certificate on the smallest face that holds all multipliers, if there is a smaller one."""
        face = central_face(system, dual, self.solver)
        if face is None:
            return None
        smaller = ListedSystem(self.claim, face)
        self.progress("reduce", f"smallest face: residual of order {smaller.rows.size}")
        if not consistent(smaller):
            self.attempts.append("smallest face: the equations have no solution")
            return None
        optimum, solution = listed_optimum(smaller, self.solver)
        near = abs(optimum.rate - dual.rate) <= EDGE_ACCURACY * max(abs(dual.rate), ZERO)
        if not _usable(optimum, solution) or not (near or optimum.rate <= limit):
            self.attempts.append(f"smallest face: {solution.status.message} (rate {optimum.rate:.9g})")
            return None
        # a dual without interior is solved badly; on its face the optimum is better known
        self.dual.rate = self.dual.lower = optimum.rate
        # worst cases on a face with a kernel of its own have products outside the rows, which are not refined
        if self.mode != "relaxed" and smaller.rows.size <= SHARP_ORDER and not smaller.imposed:
            certificate = self._sharp_from_worst_case(smaller, optimum)
            if certificate is not None:
                self.reductions, self.is_sharp = depth + 1, True
                return certificate
        return self._descend(smaller, optimum, allowed(optimum.rate, self.tolerance), depth + 1)

    def _near(self, system: ListedSystem, optimum: float, limit: float, part: float) -> Certificate | None:
        """Round the point that is farthest inside the cones at a rate above the optimum by part of the tolerance."""
        optimum = min(self.optimum, optimum)
        target = optimum + part * (limit - optimum)
        dual = listed_margin(system, target, np.ones(len(system.columns)), self.solver)
        if dual is None or not dual.margin > EDGE:
            found = "the solver failed" if dual is None else f"margin {dual.margin:.1e}"
            self.attempts.append(f"at the optimum and {part:g} of the tolerance, {found}")
            return None
        return self._rounded(system, dual, limit)

    def _rounded(self, system: ListedSystem, dual: ListedDual, limit: float) -> Certificate | None:
        try:
            rounding = ListedRounding(system, dual, self.settings, simple=self.simple)
            return rounding.certify(limit, _precisions(dual.margin), self.progress)
        except RoundingError as error:
            self.attempts.append(f"margin {dual.margin:.1e}: {error}")
            return None

    def _interior(self, system: ListedSystem) -> tuple[ListedDual | None, list[Face]]:
        """The point farthest inside the cones at a generous rate; where there is none, the faces instead.

        Without an interior the solver works at the edge of its accuracy, so other rates get a chance.
        """
        best: ListedDual | None = None
        for factor in GENEROUS:
            generous = self.optimum + factor * max(1.0, abs(self.optimum))
            dual = listed_margin(system, generous, np.ones(len(system.columns)), self.solver)
            if dual is None:
                continue
            best = dual
            self.attempts.append(f"interior margin {dual.margin:.1e}")
            if dual.margin > INTERIOR:
                return dual, []
            faces = exposed_faces(system, dual)
            if faces:
                return dual, faces
        if best is None:
            self.attempts.append("no interior point found")
        return best, []

    def _mixed(self, system: ListedSystem, dual: ListedDual, interior: ListedDual, limit: float) -> Certificate | None:
        """Round points between the numerical optimum and an interior point."""
        for part in (0.5, 0.9):
            optimum = min(self.optimum, dual.rate)
            window = optimum + part * (limit - optimum) - dual.rate
            share = min(0.5, max(0.0, window) / (interior.rate - dual.rate))
            if not share > 0:
                continue
            u = (1 - share) * dual.u + share * interior.u
            mixed = replace(dual, u=u, margin=share * interior.margin)
            certificate = self._rounded(system, mixed, limit)
            if certificate is not None:
                return certificate
        return None

    def sharp(self) -> Certificate | None:
        """A certificate of the exact optimum, or None."""
        if self.system.rows.size > SHARP_ORDER:
            return None
        certificate = self._sharp_from_worst_case(self.system, self.dual)
        return self._sharp_from_rate() if certificate is None else certificate

    def _sharp_from_worst_case(self, system: ListedSystem, dual: ListedDual) -> Certificate | None:
        """The worst case with exact numbers gives the rate, and the face on which its multipliers lie."""
        self.progress("recognise", "the worst case to high precision")
        for worst in exact_worst_cases(system, dual, self.first_solve + 0.5):
            certificate = self._on_the_face_of(worst, system)
            if certificate is not None:
                return certificate
        self.attempts.append("sharp: no worst case with recognised numbers has multipliers on its face")
        return None

    def _on_the_face_of(self, worst: ExactWorstCase, system: ListedSystem) -> Certificate | None:
        claim = claim_over(self.claim, worst.field)
        rate = worst.value(claim.measure) / claim.normaliser.constant
        value = to_float(worst.field, rate)
        if abs(value - self.dual.rate) > 1e-6 * max(1.0, abs(self.dual.rate)):
            return None
        inequalities = {("inequalities", k) for k in range(len(claim.inequalities))}
        # a hypothesis that vanishes at the worst case may still need the multiplier zero
        for kept in dict.fromkeys((worst.active, worst.used)):
            face = Face(system.face.dropped | frozenset(inequalities - kept), worst.span, system.face.ranges)
            reduced = ListedSystem(claim, face)
            dual = listed_margin(reduced, value, np.ones(len(reduced.columns)), self.solver, exact_rate=True)
            if dual is None or not dual.margin > 1e-9:
                continue
            try:
                rounding = ListedRounding(reduced, dual, self.settings, rate, simple=True)
                certificate = rounding.certify(None, SHARP_BITS, self.progress)
            except RoundingError as error:
                self.attempts.append(f"sharp: {error}")
                continue
            self.worst_case = worst.witness()
            self.dual.rate = value
            return certificate
        return None

    def _sharp_from_rate(self) -> Certificate | None:
        """The rate as a rational of small height, and a worst case with simple coordinates."""
        system = self.system
        rate = recognised_rate(self.dual)
        if rate is None:
            self.attempts.append("sharp: the optimum is no rational of small height")
            return None
        face = optimal_face(system, self.dual)
        if face is None:
            self.attempts.append("sharp: the worst case has no simple coordinates")
            return None
        reduced = ListedSystem(self.claim, face, system.null_space)
        dual = listed_margin(reduced, float(rate), np.ones(len(reduced.columns)), self.solver, exact_rate=True)
        if dual is None or not dual.margin > 1e-9:
            self.attempts.append("sharp: no interior on the optimal face")
            return None
        exact = self.claim.field.coerce(rate)
        try:
            rounding = ListedRounding(reduced, dual, self.settings, exact, simple=True)
            certificate = rounding.certify(None, SHARP_BITS, self.progress)
        except RoundingError as error:
            self.attempts.append(f"sharp: {error}")
            return None
        self.dual.rate = float(rate)
        return certificate


def _usable(dual: ListedDual, solution: ConicSolution) -> bool:
    """Whether the two sides of the answer meet.

    The status is about relative residuals, which say nothing where the optimum is zero; a wrong optimum only
    costs the certificate, so agreement of the two sides is enough.
    """
    if solution.status in (Status.INFEASIBLE, Status.UNBOUNDED) or not np.isfinite(dual.rate):
        return False
    return solution.status.solved or abs(dual.rate - dual.lower) <= 1e-6 * max(1.0, abs(dual.rate))


def _precisions(margin: float) -> tuple[int, ...]:
    """Fractional bits at which rounding may keep multipliers inside the cones."""
    start = max(8, math.ceil(-math.log2(max(margin, 1e-15))) + 3)
    return tuple(sorted({start, start + 6, start + 14, start + 30}))
