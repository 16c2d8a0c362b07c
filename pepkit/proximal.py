"""Theorems about proximal methods with the schedules of gradient descent.

*Relaxed proximal point method*: by the Moreau envelope it is gradient descent, so a schedule of kind s (primitive) with
sum H has f(prox x_N) - f_* <= |x_0 - x_*|^2/(4 lambda (H + 1)). The certificate is the primitive inequality with h_i on
Q_*i, i < N, and H + 2 on Q_*N, which leaves |x_N - x_* - (H + 2) g_N|^2/2; no solver is needed (Wang, Ma, Yang, Zhou
2410.08890). Short steps, h_i^2 + h_i A_i <= 2 (A_i + 1) with A_i the sum before, have a primitive inequality too, of
neighbours only.

*Proximal gradient descent*: for primitive schedules the worst case is L |x_0 - x_*|^2/(4H), attained by r = t |x| and
f = 0 (Bok, Altschuler 2412.05497 for silver). A solver finds the multipliers; the lower bound is exact.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from flint import fmpq

from pepkit.algebra import exact, realise, to_float
from pepkit.certification import Result, certify
from pepkit.kernel import Certificate, ClaimError, Measure, RadicalField, Witness, check
from pepkit.kernel.proximal import ProximalClaim, ProximalMethod
from pepkit.kernel.statement import Index
from pepkit.rounding.definite import definite_certificate
from pepkit.rounding.settings import RoundingError, silent
from pepkit.schedules.closed_forms import flat_multipliers
from pepkit.schedules.composition import Composition
from pepkit.schedules.composition_proofs import exact_composition
from pepkit.schedules.rounded_forms import midpoint

__all__ = ["certify_proximal", "proximal_claim", "proximal_rate"]

Progress = Callable[[str, str], None]
_PRECISIONS = (512, 1024, 2048, 4096)
MAX_WITNESS_STEPS = 64


def _method(name: str | ProximalMethod) -> ProximalMethod:
    for member in ProximalMethod:
        if name in (member, member.value):
            return member
    known = ", ".join(member.value for member in ProximalMethod)
    raise ClaimError(f"unknown proximal method {name!r}; known are {known}")


def _numbers(schedule: Any) -> list[Any]:
    return list(schedule.numbers() if isinstance(schedule, Composition) else getattr(schedule, "numbers", ())) or [
        exact(h) for h in schedule
    ]


def proximal_claim(schedule: Any, method: str | ProximalMethod) -> ProximalClaim:
    """The question about a proximal method with a schedule: a `Schedule`, a `Composition`, or exact steps."""
    field, steps = realise(_numbers(schedule))
    return ProximalClaim(field, _method(method), tuple(steps))


def proximal_rate(schedule: Any, method: str | ProximalMethod) -> float:
    """1/(4H) for proximal gradient descent, 1/(4(H+1)) for the relaxed proximal point method; H the sum of the steps.

    The worst case is never smaller (a multiple of |x| attains it), and it is this for primitive schedules.
    """
    total = schedule.sum() if isinstance(schedule, Composition) else sum(float(h) for h in _numbers(schedule))
    return 1 / (4 * total) if _method(method) is ProximalMethod.GRADIENT else 1 / (4 * (total + 1))


def certify_proximal(
    schedule: Iterable[Any] | Composition,
    method: str | ProximalMethod = ProximalMethod.POINT,
    *,
    form: str = "auto",
    tolerance: float | str = 1e-6,
    solver: str = "auto",
    progress: Progress | None = None,
) -> Result:
    """The rate of a proximal method with a schedule, with its certificate.

    Parameters
    ----------
    schedule
        A `Schedule`, a `Composition`, or exact steps.
    method
        ``"relaxed-proximal-point"`` or ``"proximal-gradient"``.
    form
        ``"auto"``: the closed form where there is one, otherwise a solver; ``"closed"``, ``"solver"``: only that.
    tolerance
        Largest relative excess of a rate that a solver finds.
    solver
        Its name.

    Raises
    ------
    ClaimError
        For steps or options that make no sense, or no closed form where one is asked for.
    CertificationError
        If the solver finds no certificate.
    """
    if form not in ("auto", "closed", "solver"):
        raise ClaimError(f"unknown form {form!r}; known are auto, closed, solver")
    wanted = _method(method)
    begin = time.perf_counter()
    if form != "solver" and wanted is ProximalMethod.POINT:
        found = _closed_form(schedule, progress or silent)
        if found is not None:
            return _result(found, begin)
    if form == "closed":
        raise ClaimError(f"no closed form is known for {wanted.value} with this schedule")
    claim = proximal_claim(schedule, wanted)
    # the SymPy check does not know these claims
    result = certify(
        claim, mode="relaxed", tolerance=tolerance, solver=solver, family="all-pairs", witness=False, sympy=False,
        progress=progress,
    )  # fmt: skip
    certificate = _with_worst_case(result.certificate)
    return _result(certificate, begin, result)


def _result(certificate: Certificate, begin: float, numeric: Result | None = None) -> Result:
    from pepkit import __version__

    origin = {"tool": f"pepkit {__version__}", "python": platform.python_version()}
    certificate = replace(certificate, provenance={**origin, **certificate.provenance})
    built = time.perf_counter()
    theorem = check(certificate)
    checked = time.perf_counter()
    field = theorem.claim.field
    excess = 0.0
    if theorem.lower is not None and not theorem.tight:
        excess = to_float(field, theorem.rate - theorem.lower) / to_float(field, theorem.lower)
    closed = numeric is None
    notes = ["closed form: the multipliers come from a formula, no solver was used"] if closed else []
    stages = (("closed form" if closed else "solve and round", built - begin, ""), ("check", checked - built, "kernel"))
    return Result(
        certificate, theorem, theorem.tight, None if numeric is None else numeric.numerical_optimum, excess, stages,
        "none" if numeric is None else numeric.solver, ("kernel",), tuple(notes),
    )  # fmt: skip


def _with_worst_case(certificate: Certificate) -> Certificate:
    """With the witness of a function t |x| where the field decides equality."""
    claim = certificate.claim
    if not isinstance(claim, ProximalClaim) or isinstance(claim.field, RadicalField):
        return certificate
    if claim.steps > MAX_WITNESS_STEPS:
        return certificate
    total = sum(claim.step_sizes, claim.field.coerce(0))
    one = claim.field.coerce(1)
    gradient = claim.method_name is ProximalMethod.GRADIENT
    slope = 1 / (2 * total) if gradient else 1 / (2 * (total + 1))
    points = [one]
    for h in claim.step_sizes:
        points.append(points[-1] - h * slope)
    if gradient:
        zero = claim.field.coerce(0)
        count = claim.steps
        vectors = [one, *([zero] * (count + 1)), *([slope] * count)]
        scalars = [*([zero] * (count + 1)), *(slope * x for x in points[1:])]
    else:
        vectors = [one, *([slope] * (claim.steps + 1))]
        scalars = [slope * (x - slope) for x in points]
    witness = Witness(tuple((a,) for a in vectors), tuple(scalars))
    return replace(certificate, witness=witness)


def _closed_form(schedule: Any, progress: Progress) -> Certificate | None:
    """The certificate of the relaxed proximal point method, or None where no primitive inequality is known."""
    tree = schedule if isinstance(schedule, Composition) else getattr(schedule, "composition", None)
    if tree is not None and tree.kind == "s":
        found = exact_composition(tree)
        if found is None:
            return _rounded(tree, progress)
        steps = tuple(tree.expand(found.weights.step))
        claim = ProximalClaim(found.field, ProximalMethod.POINT, steps)
        values = flat_multipliers(tree, found.weights, found.field.coerce(0), True, Measure.FUNCTION_VALUE)
        return _exact(claim, _from_gradient_descent(values["interpolation"], len(steps), found.weights.weight[-1]))
    claim = proximal_claim(schedule, ProximalMethod.POINT)
    if isinstance(claim.field, RadicalField):
        return None
    short = _short_steps(claim)
    return None if short is None else _exact(claim, short)


def _from_gradient_descent(values: dict[Index, Any], steps: int, alpha: Any) -> dict[Index, Any]:
    """From the multipliers of f(x_N) - f_* <= |x_0 - x_*|^2/(4 alpha - 2), alpha = H + 1: only the last one changes."""
    factor = (2 * alpha - 1) / (2 * alpha)
    result = {index: factor * value for index, value in values.items()}
    result[steps + 1, steps] = (alpha + 1) / (2 * alpha)
    return result


def _exact(claim: ProximalClaim, values: dict[Index, Any]) -> Certificate:
    total = sum(claim.step_sizes, claim.field.coerce(1))
    data = {"method": "closed form", "schedule": "relaxed proximal point"}
    kept = {index: claim.field.coerce(value) for index, value in sorted(values.items()) if value}
    proved = claim.with_rate(1 / (4 * total))
    return _with_worst_case(Certificate(proved, {"interpolation": kept}, (), None, data))


def _short_steps(claim: ProximalClaim) -> dict[Index, Any] | None:
    """Multipliers of neighbours for short steps; None where a step is too long."""
    field, count = claim.field, claim.steps
    before = field.coerce(0)
    values: dict[Index, Any] = {}
    total = sum(claim.step_sizes, field.coerce(0))
    scale = 1 / (2 * (total + 1))
    for i, h in enumerate(claim.step_sizes):
        if field.sign(2 * (before + 1) - h * (before + h)) < 0:
            return None
        back = (before + 1) * (before + h) / h
        values[i + 1, i] = scale * back
        values[i, i + 1] = scale * (back + before + h)
        values[count + 1, i] = scale * h
        before = before + h
    values[count + 1, count] = scale * (total + 2)
    return values


def _rounded(tree: Composition, progress: Progress) -> Certificate:
    """The same with rational multipliers, for steps in no small field."""
    claim = proximal_claim(tree, ProximalMethod.POINT)
    failure: Exception | None = None
    for precision in _PRECISIONS:
        arithmetic = RadicalField((), precision)
        weights = tree.weights(fmpq(0), arithmetic)
        values = flat_multipliers(tree, weights, arithmetic.coerce(0), True, Measure.FUNCTION_VALUE)["interpolation"]
        alpha = weights.weight[-1]
        enclosed = _from_gradient_descent(values, tree.steps, alpha)
        multipliers = {index: midpoint(arithmetic.coerce(value)) for index, value in enclosed.items()}
        try:
            return definite_certificate(
                claim,
                multipliers,
                midpoint(arithmetic.coerce(1 / (4 * alpha))),
                provenance={"schedule": tree.name},
                progress=progress,
            )
        except RoundingError as error:
            failure = error
    raise RoundingError(f"the closed form of {tree.name} was not rounded: {failure}")
