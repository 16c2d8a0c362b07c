"""Results without a solver: where a schedule has a certificate in closed form."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pepkit.algebra import exact, to_float
from pepkit.algebra.fields import DEGREE_LIMIT
from pepkit.kernel import (
    Certificate,
    CertificateError,
    ClaimError,
    InitialCondition,
    Measure,
    MethodClaim,
    RadicalField,
    UndecidedError,
    Witness,
    check,
)
from pepkit.kernel.witness import check_witness
from pepkit.pep.constant_forms import constant_certificate
from pepkit.pep.hypoconvex_form import hypoconvex_certificate
from pepkit.pep.methods import usual_analysis
from pepkit.pep.optimal_constant_form import MAX_STEPS as LOW_RANK_STEPS
from pepkit.pep.optimal_constant_form import optimal_constant_certificate
from pepkit.pep.reference_lines import MAX_STEPS, closed_form_methods, method_certificate
from pepkit.pep.strict_worst_cases import strict_worst_case
from pepkit.pep.worst_cases import worst_cases
from pepkit.result import Result
from pepkit.rounding.settings import silent
from pepkit.schedules import composition_proof, flat_certificate, optimal_constant
from pepkit.schedules.closed_forms import MAX_WITNESS_STEPS
from pepkit.schedules.composition import Composition
from pepkit.schedules.composition_proofs import READABLE_DEGREE, measures
from pepkit.schedules.primitive_gradient import primitive_gradient_certificate
from pepkit.schedules.rounded_forms import rounded_flat_certificate

__all__ = [
    "certify_composition",
    "certify_constant",
    "certify_hypoconvex",
    "certify_method",
    "certify_optimal_constant",
]

Progress = Callable[[str, str], None]
LOOSE = 1e-6
"""A closed form whose rate exceeds the proved lower bound by more is not called sharp up to rounding."""
MAX_FLAT_STEPS = 128
"""Longest schedule whose certificate is written out as multipliers by default."""


def certify_composition(
    composition: Composition,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    initial: InitialCondition | None = None,
    form: str = "auto",
    sympy: bool | str = "auto",
    progress: Progress | None = None,
) -> Result | None:
    """The rate of a composition with its proof, checked by the kernel; None where the tree does not decide it.

    Parameters
    ----------
    mu, L
        mu/L and L, exact; L None for every L > 0.
    measure, initial
        What is bounded; by default what the schedule is made for.
    form
        ``"flat"``: multipliers of interpolation inequalities, exact ones where the steps lie in a field of degree up
        to 16; otherwise rational ones beside them, with a rate larger by a relative excess of at most 10^-9.
        ``"composition"``: the tree; ``"auto"``: flat where the steps lie in a field of degree up to 8 and there are at
        most `MAX_FLAT_STEPS` of them.
    sympy
        Whether SymPy checks a flat certificate again; ``"auto"`` where that takes about a second.
    """
    if form not in ("auto", "flat", "composition"):
        raise ClaimError(f"unknown form {form!r}; known are auto, flat, composition")
    ratio = exact(mu)
    pairs = measures(composition, ratio.is_rational and ratio.value == 0)
    chosen = [pair for pair in pairs if measure in (None, pair[0]) and initial in (None, pair[1])]
    begin = time.perf_counter()
    if (
        composition.kind == "s"
        and form != "composition"
        and (measure, initial) == (Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE)
    ):
        found = primitive_gradient_certificate(composition, L=L, progress=progress or silent)
        return _finish(found, begin, sympy)
    if not chosen:
        return None
    arguments: dict[str, Any] = {"mu": mu, "L": L, "measure": chosen[0][0], "initial": chosen[0][1]}
    certificate: Any = None
    if form == "flat" or (form == "auto" and composition.steps <= MAX_FLAT_STEPS):
        limit = DEGREE_LIMIT if form == "flat" else READABLE_DEGREE
        try:
            certificate = flat_certificate(composition, degree_limit=limit, **arguments)
        except ClaimError:
            if form == "flat":
                certificate = rounded_flat_certificate(composition, progress=progress or silent, **arguments)
    if certificate is None:
        certificate = composition_proof(composition, **arguments)
    return _finish(certificate, begin, sympy)


def certify_constant(
    steps: int,
    step: Any = 1,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    initial: InitialCondition | None = None,
    sympy: bool | str = "auto",
) -> Result | None:
    """The rate of a constant step 0 < h < 2 in closed form, on convex and strongly convex functions; None without one.

    By default f(x_N) - f_* over the distance. `pepkit.pep.constant_certificate` says which statements are covered.
    """
    begin = time.perf_counter()
    bound = Measure.FUNCTION_VALUE if measure is None else measure
    start = InitialCondition.DISTANCE if initial is None else initial
    try:
        found = constant_certificate(steps, step, mu=mu, L=L, measure=bound, initial=start)
    except ClaimError:
        return None
    return None if found is None else _finish(found, begin, sympy)


def certify_hypoconvex(
    schedule: Iterable[Any],
    *,
    mu: Any,
    L: Any = None,
    form: str = "auto",
    sympy: bool | str = "auto",
) -> Result | None:
    """min_i |grad f(x_i)|^2 over f(x_0) - inf f for steps on hypoconvex functions, in closed form; None without one.

    Parameters
    ----------
    schedule
        Exact steps in units of 1/L.
    mu, L
        mu/L between -1 and 0, exact; L None for every L > 0.
    form
        ``"auto"``: only rates that are proved sharp; ``"flat"``: any rate of the closed form.
    sympy
        Whether SymPy checks the certificate again; ``"auto"`` where that takes about a second.
    """
    begin = time.perf_counter()
    found = hypoconvex_certificate(schedule, mu=mu, L=L)
    if found is None:
        return None
    result = _finish(found, begin, sympy)
    return result if result.theorem.tight or form == "flat" else None


def certify_optimal_constant(
    steps: int, *, L: Any = None, sympy: bool | str = "auto", progress: Progress | None = None
) -> Result | None:
    """The rate of f(x_N) - f_* for the optimal constant step, from its low-rank certificate; None for N > 32.

    The rate is a rational number above the worst case 1/(4Nh + 2), by a relative excess of at most 10^-9; for N = 1,
    where h = 3/2, it is exact.
    """
    if steps == 1:
        return certify_constant(1, "3/2", L=L, sympy=sympy)
    if steps > LOW_RANK_STEPS:
        return None
    begin = time.perf_counter()
    step = optimal_constant(steps).numbers[0]
    return _finish(optimal_constant_certificate(step, steps, L=L, progress=progress or silent), begin, sympy)


def certify_method(
    name: str,
    steps: int,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    initial: InitialCondition | None = None,
    sympy: bool | str = "auto",
    progress: Progress | None = None,
) -> Result | None:
    """The rate of an accelerated method in closed form; None where there is none for this statement.

    OGM, OGM-G, Nesterov's method at its gradient step, ITEM, triple momentum, for every N <= 128
    (`pepkit.pep.method_certificate`).
    """
    usual, start = usual_analysis(name)
    wanted = usual if measure is None else measure
    if (name, wanted) not in closed_form_methods() or initial not in (None, start) or steps > MAX_STEPS:
        return None
    ratio = exact(mu)
    if name.startswith("optimized") and not (ratio.is_rational and ratio.value == 0):
        return None
    begin = time.perf_counter()
    certificate = method_certificate(name, steps, mu=ratio, L=L, measure=wanted, progress=progress or silent)
    return _finish(certificate, begin, sympy)


def _finish(certificate: Any, begin: float, sympy: bool | str) -> Result:
    from pepkit import __version__

    origin = {"tool": f"pepkit {__version__}", "python": platform.python_version()}
    certificate = replace(certificate, provenance={**origin, **certificate.provenance})
    if isinstance(certificate, Certificate) and certificate.witness is None:
        certificate = replace(certificate, witness=_worst_case(certificate.claim))
    built = time.perf_counter()
    theorem = check(certificate)
    if isinstance(certificate, Certificate):
        note = "closed form: the multipliers come from a formula, no solver was used"
        if certificate.provenance.get("method") == "closed form, rounded":
            note += "; they are rounded, and the rate exceeds the worst case by a relative excess of at most 1e-9"
    else:
        note = "closed form: proved by the tree of joins, no solver was used"
    field = theorem.claim.field
    excess = 0.0
    if theorem.lower is not None and not theorem.tight:
        lower = to_float(field, theorem.lower)
        excess = to_float(field, theorem.rate - theorem.lower) / lower if lower else math.inf
    notes = [note]
    if theorem.lower is None:
        notes.append("no worst case is attached: the rate is proved, its tightness not checked here")
    elif excess > LOOSE:
        notes.append(
            "this is the rate that the closed form proves; the worst case is smaller, and --form solver finds it"
        )
    elif not theorem.tight:
        notes.append(
            "the worst case lies in a tower of square or cubic roots; the rate is a rational number just above it"
        )
    checked = time.perf_counter()
    stages = [("closed form", built - begin, ""), ("check", checked - built, "kernel")]
    engines = ["kernel"]
    if isinstance(certificate, Certificate) and _wants_sympy(certificate, sympy):
        from pepkit.verification import verify_with_sympy

        verify_with_sympy(certificate)
        engines.append("sympy")
        stages.append(("check", time.perf_counter() - checked, "sympy"))
    return Result(
        certificate, theorem, theorem.tight, None, excess, tuple(stages), "none", tuple(engines), tuple(notes)
    )


def _worst_case(claim: Any) -> Witness | None:
    """A witness close to the rate of a closed form; None for long methods."""
    if not isinstance(claim, MethodClaim) or claim.steps > MAX_WITNESS_STEPS:
        return None
    if isinstance(claim.field, RadicalField):
        found = strict_worst_case(claim)
        return None if found is None else found[0]
    statement = claim.statement()
    for case in worst_cases(claim):
        try:
            check_witness(statement, case.witness)
        except (CertificateError, UndecidedError):
            continue
        return case.witness
    return None


def _wants_sympy(certificate: Certificate, sympy: bool | str) -> bool:
    if isinstance(sympy, bool):
        return sympy
    from pepkit.verification import estimated_seconds

    return estimated_seconds(certificate) <= 1.0
