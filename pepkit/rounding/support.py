"""Numerical duals on growing supports: solve on a family of multipliers, price the rest, add, repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pepkit.algebra import to_float
from pepkit.kernel import Claim, GradientDescent, MethodClaim
from pepkit.kernel.statement import Statement
from pepkit.rounding.conic import (
    NumericalDual,
    build_conic_data,
    evaluate_hypotheses,
    interior_point,
    interior_problem,
    numerical_dual,
)
from pepkit.rounding.families import MultiplierFamily, all_pairs, family, search_order
from pepkit.rounding.settings import Progress, RoundingError, silent
from pepkit.solvers import ConicProblem, Solver, Status, StructuredSettings, default_solver, solver

__all__ = ["FamilyComparison", "SolveRequest", "compare_family", "interior_dual", "solve_dual"]

MAX_ROUNDS = 25
PRICE_TOLERANCE = 1e-7
FULL_SIZE = 400
"""Families are enlarged to all pairs at once up to this many multipliers."""


@dataclass(frozen=True)
class SolveRequest:
    """How a numerical dual is to be found.

    Parameters
    ----------
    solver
        ``"auto"`` or the name of a solver.
    tolerance
        Relative accuracy asked of the solver.
    gap_target
        If set, stop at a strictly feasible, well-centred point with this relative gap.
    exact_value
        A rate that is known to be attained; a dual that reaches it needs no pricing.
    """

    solver: str = "auto"
    tolerance: float = 1e-9
    gap_target: float | None = None
    exact_value: float | None = None


def solve_dual(
    claim: Claim,
    multipliers: str | MultiplierFamily | Iterable[tuple[int, int]] = "auto",
    request: SolveRequest | None = None,
    progress: Progress = silent,
    start: Mapping[str, np.ndarray] | None = None,
) -> NumericalDual:
    """The numerical dual of a claim on a family of multipliers, or on a sufficient support for ``"auto"``.

    Raises RoundingError if the solver fails, naming what was tried.
    """
    request = request or SolveRequest()
    statement = claim.statement()
    grow = multipliers == "auto"
    families = _families(claim) if grow and start is None else []
    if start is not None:
        selection = dict(start)
    else:
        selection = _selection(claim, statement, families.pop(0) if families else multipliers)
    dual: NumericalDual | None = None
    for round_number in range(1, MAX_ROUNDS + 1):
        count = sum(len(indices) for indices in selection.values())
        progress("solve", f"round {round_number}: {count} multipliers")
        dual = _solve(statement, selection, request, progress)
        if dual is not None:
            dual.rounds = round_number
            if not grow or _attains(dual, request.exact_value):
                return dual
        if not (grow and _enlarge(claim, selection, dual, families.pop(0) if families else None)):
            if dual is not None:
                return dual
            raise RoundingError(
                f"no dual solution was found on {count} multipliers (solver {request.solver}). If the worst case "
                "is finite, try another --solver or --family all-pairs."
            )
    if dual is None:
        raise RoundingError(f"no dual solution was found in {MAX_ROUNDS} rounds")
    dual.notes.append("the support was still growing when the search stopped")
    return dual


def _families(claim: Claim) -> list[MultiplierFamily]:
    if not isinstance(claim, MethodClaim):
        return []
    largest = 2.0
    if isinstance(claim.method, GradientDescent):
        largest = max(to_float(claim.field, h) for h in claim.method.steps)
    return search_order(claim.steps, largest)


def _attains(dual: NumericalDual, exact_value: float | None) -> bool:
    return exact_value is not None and dual.rate <= exact_value * (1 + PRICE_TOLERANCE) + 1e-14


def _selection(claim: Claim, statement: Statement, multipliers: Any) -> dict[str, np.ndarray]:
    selection: dict[str, np.ndarray] = {}
    for member in statement.families:
        if member.relation == "psd":
            continue
        if member.name == "interpolation" and isinstance(claim, MethodClaim) and multipliers != "auto":
            selection[member.name] = family(multipliers).pairs(claim.steps, claim.has_minimiser)
        else:
            selection[member.name] = np.array(list(member.indices()), dtype=np.int64)
    return selection


def _solve(
    statement: Statement, selection: Mapping[str, np.ndarray], request: SolveRequest, progress: Progress
) -> NumericalDual | None:
    data = build_conic_data(statement, selection)
    chosen = _choose(data.problem, request)
    settings = StructuredSettings(tolerance=request.tolerance, gap_target=request.gap_target)

    def report(iteration: int, objective: float, gap: float) -> None:
        progress("solve", f"{chosen.name}: iteration {iteration}, rate {objective:.9g}, gap {gap:.1e}")

    solution = chosen.solve(data.problem, settings, progress=report)
    if solution.status not in (Status.OPTIMAL, Status.NEARLY_OPTIMAL):
        if request.solver != "auto" or chosen.name == "clarabel":
            return None
        # the structured solver is fast, Clarabel is the reference
        chosen = solver("clarabel")
        solution = chosen.solve(data.problem, settings, progress=report)
        if solution.status not in (Status.OPTIMAL, Status.NEARLY_OPTIMAL):
            return None
    return numerical_dual(data, solution)


def _choose(problem: ConicProblem, request: SolveRequest) -> Solver:
    if request.solver != "auto":
        return solver(request.solver)
    if request.gap_target is not None:
        # only the structured solver can stop at a strictly feasible, well-centred point
        structured = solver("structured")
        if structured.accepts(problem):
            return structured
    return default_solver(problem)


def interior_dual(dual: NumericalDual, request: SolveRequest, progress: Progress = silent) -> NumericalDual:
    """A dual on the same hypotheses with all multipliers and the residual well inside their cones.

    Solved at twice the rate (one more where the rate is zero), where the margin is largest in scale with
    the data. Raises RoundingError if the dual has no interior.
    """
    data = dual.data
    rate = 2 * dual.rate if dual.rate > 1e-6 else dual.rate + 1.0
    progress("solve", "interior point of the dual")
    problem = interior_problem(data, rate)
    chosen = solver("clarabel" if request.solver == "auto" else request.solver)
    solution = chosen.solve(problem, StructuredSettings(tolerance=1e-6))
    point = interior_point(data, solution) if solution.status.solved else None
    if point is None:
        raise RoundingError("the dual has no interior on this family of multipliers; try --family all-pairs")
    return numerical_dual(data, replace(dual.solution, y=point))


def _enlarge(
    claim: Claim,
    selection: dict[str, np.ndarray],
    dual: NumericalDual | None,
    following: MultiplierFamily | None = None,
) -> bool:
    """Add interpolation inequalities that the primal data violate, and a family; whether there were any."""
    if not isinstance(claim, MethodClaim):
        return False
    current = selection["interpolation"]
    every = all_pairs.pairs(claim.steps, claim.has_minimiser)
    count = claim.steps + 2
    missing = every[~np.isin(every[:, 0] * count + every[:, 1], current[:, 0] * count + current[:, 1])]
    if not len(missing):
        return False
    added = [current]
    if dual is not None:
        values = evaluate_hypotheses(claim.statement(), dual, "interpolation", missing)
        violated = np.nonzero(values < -PRICE_TOLERANCE * abs(dual.rate))[0]
        if not len(violated):
            return False
        worst = violated[np.argsort(values[violated])]
        added.append(missing if len(every) <= FULL_SIZE else missing[worst[: max(4 * claim.steps, 50)]])
    if following is not None:
        added.append(following.pairs(claim.steps, claim.has_minimiser))
    elif dual is None:
        added.append(missing)
    selection["interpolation"] = np.unique(np.concatenate(added), axis=0)
    return True


@dataclass(frozen=True)
class FamilyComparison:
    """Whether the optimum of a claim changes when only a family of multipliers is allowed.

    `rate` is the optimum on the family (inf if it has no dual solution), `optimum` that of the full
    problem; `unchanged` says that they agree within the solver's accuracy. Numbers are floats: evidence, not
    proof; `pepkit.certify(claim, family=...)` proves the rate.
    """

    family: str
    size: int
    full_size: int
    rate: float
    optimum: float
    unchanged: bool

    @property
    def ratio(self) -> float:
        """rate / optimum."""
        return self.rate / self.optimum

    def __str__(self) -> str:
        if self.unchanged:
            verdict = "optimum unchanged"
        elif self.rate == float("inf"):
            verdict = "no dual solution"
        else:
            verdict = f"optimum larger by a factor {self.ratio:.6g}"
        return f"{self.family}: {self.size} of {self.full_size} multipliers, {verdict}"


def compare_family(
    claim: MethodClaim,
    multipliers: str | MultiplierFamily | Iterable[tuple[int, int]],
    request: SolveRequest | None = None,
    progress: Progress = silent,
) -> FamilyComparison:
    """Solve on the family, price all other pairs, and solve the full problem only if some would help."""
    chosen = family(multipliers)
    statement = claim.statement()
    full_size = len(all_pairs.pairs(claim.steps, claim.has_minimiser))
    selection = _selection(claim, statement, chosen)
    size = len(selection["interpolation"])
    try:
        dual = solve_dual(claim, chosen, request, progress)
    except RoundingError:
        optimum = solve_dual(claim, "auto", request, progress).rate
        return FamilyComparison(chosen.name, size, full_size, float("inf"), optimum, False)
    if not _enlarge(claim, dict(selection), dual):
        return FamilyComparison(chosen.name, size, full_size, dual.rate, dual.rate, True)
    optimum = solve_dual(claim, "auto", request, progress).rate
    unchanged = bool(dual.rate <= optimum * (1 + 1e-6))
    return FamilyComparison(chosen.name, size, full_size, dual.rate, optimum, unchanged)
