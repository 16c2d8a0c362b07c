"""Results without a solver: where a schedule has a certificate in closed form."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pepkit.algebra import Real, exact, realise, to_float
from pepkit.algebra.fields import DEGREE_LIMIT
from pepkit.certification import certify
from pepkit.kernel import Certificate, CertificateError, ClaimError, InitialCondition, Measure, check
from pepkit.pep import gradient_descent
from pepkit.result import CertificationError, Result
from pepkit.schedules import composition_proof, constant_step_certificate, flat_certificate
from pepkit.schedules.closed_forms import flat_multipliers
from pepkit.schedules.composition import Composition
from pepkit.schedules.composition_proofs import READABLE_DEGREE, measures

__all__ = ["certify_composition", "certify_constant"]

Progress = Callable[[str, str], None]
ROUNDED_TOLERANCE = 1e-6
"""Relative excess of a flat certificate with rational multipliers."""
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
        to 16; otherwise a solver finds rational ones on the support of the closed form, with a rate at most
        `ROUNDED_TOLERANCE` above the worst case. ``"composition"``: the tree; ``"auto"``: flat where
        the steps lie in a field of degree up to 8 and there are at most `MAX_FLAT_STEPS` of them.
    sympy
        Whether SymPy checks a flat certificate again; ``"auto"`` where that takes about a second.
    """
    if form not in ("auto", "flat", "composition"):
        raise ClaimError(f"unknown form {form!r}; known are auto, flat, composition")
    ratio = exact(mu)
    pairs = measures(composition, ratio.is_rational and ratio.value == 0)
    chosen = [pair for pair in pairs if measure in (None, pair[0]) and initial in (None, pair[1])]
    if not chosen:
        return None
    begin = time.perf_counter()
    arguments: dict[str, Any] = {"mu": mu, "L": L, "measure": chosen[0][0], "initial": chosen[0][1]}
    certificate: Any = None
    if form == "flat" or (form == "auto" and composition.steps <= MAX_FLAT_STEPS):
        limit = DEGREE_LIMIT if form == "flat" else READABLE_DEGREE
        try:
            certificate = flat_certificate(composition, degree_limit=limit, **arguments)
        except ClaimError:
            if form == "flat":
                return _rounded(composition, ratio, L, chosen[0], progress)
    if certificate is None:
        certificate = composition_proof(composition, **arguments)
    return _finish(certificate, begin, sympy)


def _rounded(
    composition: Composition,
    ratio: Real,
    L: Any,
    pair: tuple[Measure, InitialCondition],
    progress: Progress | None,
) -> Result:
    """Rational multipliers on the support of the closed form, for steps in no small field.

    The closed-form residual has rank one, so its multipliers cannot be rounded as they are. On their support there are
    duals with a definite residual at a slightly larger rate; those can.
    """
    field, (value,) = realise([ratio])
    m = to_float(field, value)
    closed = flat_multipliers(composition, composition.weights(m), m, m == 0, pair[0])["interpolation"]
    claim = gradient_descent(
        composition.numbers(ratio),
        L="L" if L is None else L,
        mu=ratio if L is None else ratio * exact(L),
        measure=pair[0],
        initial=pair[1],
    )
    count = composition.steps
    near = {(i, i + 1) for i in range(count)} | {(i + 1, i) for i in range(count)}
    star = {(count + 1, i) for i in range(count + 1)} | {(i, count + 1) for i in range(count + 1)}
    support = {(i, j) for i, j in closed}
    options: dict[str, Any] = {"mode": "relaxed", "tolerance": ROUNDED_TOLERANCE, "sympy": False, "witness": False}
    try:
        found = certify(claim, family=sorted(support), progress=progress, **options)
    except CertificationError:
        found = certify(claim, family=sorted(support | near | star), progress=progress, **options)
    note = "flat certificate: the support of its multipliers is that of the closed form; a solver found the values"
    return replace(found, notes=(note, *found.notes))


def certify_constant(steps: int, step: Any = 1, *, L: Any = None, sympy: bool | str = "auto") -> Result | None:
    """The rate of f(x_N) - f_* for a constant step in closed form; None where that certificate does not hold."""
    begin = time.perf_counter()
    try:
        return _finish(constant_step_certificate(steps, step, L=L), begin, sympy)
    except (ClaimError, CertificateError):
        return None


def _finish(certificate: Any, begin: float, sympy: bool | str) -> Result:
    from pepkit import __version__

    origin = {"tool": f"pepkit {__version__}", "python": platform.python_version()}
    certificate = replace(certificate, provenance={**origin, **certificate.provenance})
    built = time.perf_counter()
    theorem = check(certificate)
    if isinstance(certificate, Certificate):
        note = "closed form: the multipliers come from a formula, no solver was used"
    else:
        note = "closed form: proved by the tree of joins, no solver was used"
    notes = [note]
    if theorem.lower is None:
        notes.append("no worst case is attached: the rate is proved, its tightness not checked here")
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
    field = theorem.claim.field
    excess = 0.0
    if theorem.lower is not None and not theorem.tight:
        lower = to_float(field, theorem.lower)
        excess = to_float(field, theorem.rate - theorem.lower) / lower if lower else math.inf
    return Result(
        certificate, theorem, theorem.tight, None, excess, tuple(stages), "none", tuple(engines), tuple(notes)
    )


def _wants_sympy(certificate: Certificate, sympy: bool | str) -> bool:
    if isinstance(sympy, bool):
        return sympy
    from pepkit.verification import estimated_seconds

    return estimated_seconds(certificate) <= 1.0
