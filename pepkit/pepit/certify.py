"""Certify a PEPit problem: import, reduce, round, check."""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from itertools import chain
from typing import Any

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, ClaimError, UndecidedError, Witness, check
from pepkit.pep.pepit_import import ImportedProblem, import_pepit
from pepkit.pepit.diagnosis import ContradictoryProblemError, UnboundedProblemError, explain
from pepkit.pepit.result import PepitResult
from pepkit.result import CertificationError
from pepkit.rounding.listed_certificate import PATIENCE, ZERO, ListedOutcome, NoOptimumError, certify_listed
from pepkit.rounding.listed_simplify import simplified
from pepkit.rounding.listed_witness import listed_witnesses
from pepkit.rounding.settings import Progress, RoundingError, RoundingSettings, silent

__all__ = ["SECOND_LIMIT", "SECOND_PATIENCE", "certify_imported", "certify_pepit", "second_reading"]

SECOND_PATIENCE = 1.0
"""Patience of the second reading of floats, which starts where the first has failed."""
SECOND_LIMIT = 10.0
"""Seconds after which a failure is reported at once; numbers='simplest' asks for the second reading."""
_DEFAULTS = {
    "mode": "auto", "tolerance": 1e-6, "solver": "auto", "family": "auto", "witness": True, "sympy": "auto",
    "simplify": False, "progress": None, "settings": None,
}  # fmt: skip


def certify_pepit(
    problem: Any, decimal: bool = False, numbers: str | None = None, repair_rounding: bool = True, **options: Any
) -> PepitResult:
    """The certified worst case of a PEPit problem; see `pepkit.certify` for the other options.

    Parameters
    ----------
    problem
        A `PEPit.PEP` with a performance metric, solved or not. What is needed of it is copied.
    decimal, numbers
        How plain floats are read; see `pepkit.pep.pepit_import.import_pepit`. Without either, floats are the
        dyadic numbers that they are.
    repair_rounding
        Whether float rounding may be undone: coefficients are moved by it where it breaks an invariance, and
        without `decimal` and `numbers` floats are read as simple fractions where no certificate is found
        otherwise. `result.problem.reading` and `.moved`, the notes and the title of the claim say what was done.
        With False the theorem is about the numbers as read, or there is none.

    Raises
    ------
    ClaimError
        For a problem that cannot be stated.
    UnboundedProblemError, ContradictoryProblemError
        For a worst case that is infinite, or hypotheses that no instance satisfies.
    CertificationError
        If no certificate was found; it says what was tried.
    """
    started = time.perf_counter()
    imported = import_pepit(problem, decimal, numbers, repair_rounding)
    known = getattr(getattr(problem, "wrapper", None), "result", None)
    plain = all(options.get(key, value) == value for key, value in _DEFAULTS.items()) and set(options) <= set(_DEFAULTS)
    if isinstance(known, PepitResult) and plain and known.problem.claim == imported.claim:
        return known
    seconds = time.perf_counter() - started
    try:
        return certify_imported(imported, seconds=seconds, **options)
    except (UnboundedProblemError, ContradictoryProblemError):
        raise
    except CertificationError:
        late = time.perf_counter() - started > SECOND_LIMIT
        if decimal or numbers is not None or not imported.rounded or not repair_rounding or late:
            raise
        again = second_reading(import_pepit(problem, numbers="simplest"))
        return certify_imported(again, seconds=seconds, patience=SECOND_PATIENCE, **options)


def second_reading(imported: ImportedProblem) -> ImportedProblem:
    """The problem with a note that the dyadic reading of its floats was tried first."""
    note = (
        "With floats as dyadic numbers no certificate was found (rounding breaks identities on which the bound "
        "rests), so they were read as simple fractions."
    )
    return replace(imported, notes=(*imported.notes, note))


def certify_imported(
    imported: ImportedProblem,
    *,
    mode: str = "auto",
    tolerance: float | str = 1e-6,
    solver: str = "auto",
    family: Any = "auto",
    witness: bool = True,
    sympy: bool | str = "auto",
    simplify: bool = False,
    progress: Progress | None = None,
    settings: RoundingSettings | None = None,
    seconds: float = 0.0,
    patience: float = PATIENCE,
) -> PepitResult:
    """The certified worst case of an imported problem."""
    from pepkit.certification import _tolerance

    if mode not in ("auto", "sharp", "relaxed"):
        raise ClaimError(f"unknown mode {mode!r}; known are auto, sharp, relaxed")
    if family != "auto":
        raise ClaimError("families of multipliers are for named methods; a PEPit problem lists its own hypotheses")
    report = progress or silent
    stages = [("import", seconds, "")]
    started = time.perf_counter()
    try:
        outcome = certify_listed(
            imported.claim, mode, _tolerance(tolerance), solver, report, settings, patience=patience
        )
        stages.append(("certify", time.perf_counter() - started, f"{outcome.reductions} reduction(s)"))
        if simplify:
            started = time.perf_counter()
            outcome = simplified(imported.claim, outcome, _tolerance(tolerance), solver, report)
            stages.append(("simplify", time.perf_counter() - started, ""))
    except NoOptimumError as error:
        raise explain(imported.claim, error) from error
    except RoundingError as error:
        raise CertificationError(
            f"{str(error)[:1500]}. Try numbers='simplest', exact numbers (pepkit.exact), a larger tolerance, or "
            "another solver.",
            [str(error)],
        ) from error
    started = time.perf_counter()
    certificate = outcome.certificate
    if witness:
        certificate = replace(certificate, witness=_witness(outcome, report))
    stages.append(("witness", time.perf_counter() - started, ""))
    started = time.perf_counter()
    certificate = replace(certificate, provenance=_provenance(outcome, imported))
    theorem = check(certificate)
    checked = ["kernel"]
    if sympy is True:
        from pepkit.verification import verify_with_sympy

        verify_with_sympy(certificate)
        checked.append("sympy")
    stages.append(("check", time.perf_counter() - started, ""))
    optimum = outcome.dual.rate
    rate = to_float(theorem.claim.field, theorem.rate)
    unit = abs(optimum) if abs(optimum) > ZERO else 1.0
    excess = 0.0 if theorem.tight or outcome.sharp else max(0.0, rate - optimum) / unit
    notes = list(imported.notes)
    if excess > _tolerance(tolerance):
        notes.append(
            f"The rate is {excess:.1e} above the optimum of the smallest face, more than the tolerance: solvers are "
            "inaccurate on this problem, whose dual has no interior."
        )
    if imported.metrics > 1:
        notes.append(f"The measure is the minimum of {imported.metrics} performance metrics.")
    if outcome.sharp and not theorem.tight:
        notes.append("The rate is the recognised optimum; no exact worst case was found, so sharpness is not proved.")
    if outcome.reductions:
        notes.append(f"The dual had no interior; the certificate lies on a face found in {outcome.reductions} step(s).")
    return PepitResult(
        certificate, theorem, outcome.sharp, optimum, excess, tuple(stages), outcome.dual.solution.solver,
        tuple(checked), tuple(notes), imported, outcome.dual.gram, outcome.dual.values,
    )  # fmt: skip


def _witness(outcome: ListedOutcome, progress: Progress) -> Witness | None:
    """An exact worst case of the certified rate, if a simple one is recognised."""
    if not outcome.sharp:
        return None
    progress("witness", "recognising the worst case")
    field = outcome.certificate.claim.field
    known = [] if outcome.worst_case is None else [outcome.worst_case]
    # data guessed with simple coordinates are over the field of the claim as it was imported
    guessed = listed_witnesses(outcome.system, outcome.dual) if outcome.system.field == field else ()
    for candidate in chain(known, guessed):
        try:
            theorem = check(replace(outcome.certificate, witness=candidate))
        except (CertificateError, UndecidedError):
            continue
        if theorem.tight:
            return candidate
    return None


def _provenance(outcome: ListedOutcome, imported: ImportedProblem) -> dict[str, Any]:
    from pepkit import __version__

    solution = outcome.dual.solution
    return {
        "tool": f"pepkit {__version__}",
        "python": platform.python_version(),
        "origin": "PEPit problem",
        "numbers": " ".join(imported.notes),
        "solver": f"{solution.solver} {solution.version}".strip(),
        "numerical-optimum": repr(float(outcome.dual.rate)),
        **{key: str(value) for key, value in outcome.certificate.provenance.items()},
    }
