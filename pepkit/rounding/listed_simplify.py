"""Sparse proofs: hypotheses are dropped one by one while the rate stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pepkit.kernel import ListedClaim
from pepkit.rounding.listed import Face, ListedSystem
from pepkit.rounding.listed_certificate import ListedOutcome, allowed, certify_listed
from pepkit.rounding.listed_dual import ListedDual, listed_optimum
from pepkit.rounding.settings import Progress, RoundingError
from pepkit.solvers import Solver, solver

__all__ = ["simplified"]

MAX_TRIALS = 150
SAME_RATE = 1e-7
"""Relative change of the optimum that counts as none."""


def simplified(
    claim: ListedClaim, outcome: ListedOutcome, tolerance: float, solver_name: str, progress: Progress
) -> ListedOutcome:
    """A certificate of the same rate with fewer multipliers, as small in height as rounding allows.

    Multipliers are dropped from the smallest on as long as the optimum does not move (at most
    `MAX_TRIALS` trials), so no single remaining hypothesis can be left out. The outcome is returned
    unchanged if nothing sparser can be certified.
    """
    chosen = solver("clarabel" if solver_name == "auto" else solver_name)
    face = _sparsest(claim, outcome, chosen, progress)
    try:
        found = certify_listed(
            claim, "sharp" if outcome.sharp else "auto", tolerance, solver_name, progress, face=face, simple=True
        )
    except RoundingError as error:
        outcome.attempts.append(f"simplify: {error}")
        return outcome
    found.reductions = outcome.reductions
    return found


def _sparsest(claim: ListedClaim, outcome: ListedOutcome, chosen: Solver, progress: Progress) -> Face:
    base = outcome.system.face
    limit = allowed(outcome.dual.rate, SAME_RATE)
    face, dual = base, outcome.dual
    system = outcome.system
    for _ in range(3):
        # several cuts at once: everything that is numerically zero
        small = _below(system, dual, 1e-5)
        trial = replace(face, dropped=face.dropped | small)
        answer = _rate(claim, trial, chosen, limit)
        if answer is None or not small:
            break
        face, (system, dual) = trial, answer
    kept: set[tuple[str, int]] = set()
    for trial_number in range(MAX_TRIALS):
        candidates = [
            (dual.u[k], (c.family, c.index[0]))
            for k, c in enumerate(system.columns)
            if c.signed and (c.family, c.index[0]) not in kept
        ]
        if not candidates:
            break
        address = min(candidates)[1]
        progress("simplify", f"trial {trial_number + 1}: {len(candidates)} inequalities left to try")
        trial = replace(face, dropped=face.dropped | {address})
        answer = _rate(claim, trial, chosen, limit)
        if answer is None:
            kept.add(address)
        else:
            face, (system, dual) = trial, answer
    return face


def _below(system: ListedSystem, dual: ListedDual, threshold: float) -> frozenset[tuple[str, int]]:
    largest = float(np.abs(dual.u).max(initial=0.0))
    return frozenset(
        (c.family, c.index[0]) for k, c in enumerate(system.columns) if c.signed and dual.u[k] < threshold * largest
    )


def _rate(claim: ListedClaim, face: Face, chosen: Solver, limit: float) -> tuple[ListedSystem, ListedDual] | None:
    system = ListedSystem(claim, face)
    dual, solution = listed_optimum(system, chosen)
    usable = np.isfinite(dual.rate) and (solution.status.solved or abs(dual.rate - dual.lower) < 1e-6)
    return (system, dual) if usable and dual.rate <= limit else None
