"""Which properties of the composition calculus a schedule has: proved, refuted, or undecided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import fmpq

from pepkit.certification import certify
from pepkit.kernel import Certificate, CertificateError, ClaimError, UndecidedError, Witness, check
from pepkit.kernel.composition_properties import CompositionPropertyClaim, TreeProof
from pepkit.kernel.radicals import RadicalField
from pepkit.kernel.schedule_properties import ScheduleProperty, SchedulePropertyClaim
from pepkit.kernel.witness import Evaluation
from pepkit.pep import gradient_descent
from pepkit.result import CertificationError
from pepkit.rounding import RoundingError, RoundingSettings, SolveRequest, sharp_certificate, solve_dual
from pepkit.rounding.settings import silent
from pepkit.schedules import Schedule
from pepkit.schedules.join_tree import primitive_multipliers

__all__ = ["PropertyVerdict", "check_schedule"]

Progress = Callable[[str, str], None]

REFINED_BITS = 4096
"""Precision up to which a product is told from a sum."""

_FOLLOWERS = {
    ScheduleProperty.PRIMITIVE: ScheduleProperty.S_COMPOSABLE,
    ScheduleProperty.DOMINANT: ScheduleProperty.F_COMPOSABLE,
    ScheduleProperty.G_BOUNDED: ScheduleProperty.G_COMPOSABLE,
}
_MEASURES = {
    ScheduleProperty.DOMINANT: ("function-value", "distance"),
    ScheduleProperty.G_BOUNDED: ("gradient-norm", "function-value"),
}


@dataclass(frozen=True)
class PropertyVerdict:
    """``proved`` with a certificate, ``refuted`` with a reason that is exact, or ``undecided``."""

    name: ScheduleProperty
    status: str
    reason: str
    certificate: Certificate | TreeProof | None = None

    def __str__(self) -> str:
        return f"{self.name.value:<14}{self.status:<11}{self.reason}"


def check_schedule(steps: Schedule | Sequence[Any], *, progress: Progress | None = None) -> tuple[PropertyVerdict, ...]:
    """All six properties of a schedule for L-smooth convex functions.

    Parameters
    ----------
    steps
        A `Schedule` or exact steps in units of 1/L, of positive sum.
    progress
        Called with (stage, detail).

    Returns
    -------
    Primitive, s-composable, dominant, f-composable, g-bounded, g-composable, in this order. Definitions:
    `pepkit.kernel.schedule_properties`.
    """
    schedule = steps if isinstance(steps, Schedule) else Schedule.of(steps)
    report = progress or silent
    verdicts: list[PropertyVerdict] = []
    for name, follower in _FOLLOWERS.items():
        report("property", name.value)
        # over a tower of roots the tree is the only way; elsewhere multipliers say more
        known = _by_tree(schedule, name) if isinstance(schedule.field, RadicalField) else None
        if known is not None:
            verdict = known
        elif name is ScheduleProperty.PRIMITIVE:
            verdict = _primitive(schedule, report)
        else:
            verdict = _rate(schedule, name, report)
        both = [verdict, _composable(schedule, verdict, follower)]
        verdicts += [
            (_by_tree(schedule, found.name) or found) if found.status == "undecided" else found for found in both
        ]
    return tuple(verdicts)


def _by_tree(schedule: Schedule, name: ScheduleProperty) -> PropertyVerdict | None:
    """What the tree of joins proves; None where it proves nothing."""
    if schedule.composition is None:
        return None
    proof = TreeProof(CompositionPropertyClaim(schedule.composition.instructions, name))
    try:
        check(proof)
    except CertificateError:
        return None
    return PropertyVerdict(name, "proved", "by its tree of joins", proof)


def _misses(schedule: Schedule, name: ScheduleProperty) -> bool:
    """Whether intervals, refined, show that the product of h_i - 1 has not the value that the property needs."""
    field: Any = schedule.field
    while field is not None:
        total, product = field.rational(fmpq(0)), field.rational(fmpq(1))
        for h in schedule.steps:
            value = field.coerce(h)
            total, product = total + value, product * (value - 1)
        try:
            if name is ScheduleProperty.S_COMPOSABLE:
                field.sign(product - 1 / (1 + total))
            else:
                field.sign(product * product - 1 / (1 + 2 * total))
            return True
        except UndecidedError:
            field = field.refined() if field.precision < REFINED_BITS else None
    return False


def _composable(schedule: Schedule, verdict: PropertyVerdict, name: ScheduleProperty) -> PropertyVerdict:
    """The composable property from the plain one."""
    if isinstance(schedule.field, RadicalField):
        if _misses(schedule, name):
            wanted = "1/(1 + H)" if name is ScheduleProperty.S_COMPOSABLE else "1/(1 + 2H) after squaring"
            return PropertyVerdict(name, "refuted", f"the product of h_i - 1 is not {wanted}, by enclosures")
        return PropertyVerdict(
            name,
            "undecided",
            f"the product of h_i - 1 agrees to {REFINED_BITS} bits, but equality in a tower of roots is not decided "
            "without its tree of joins",
        )
    try:
        claim = SchedulePropertyClaim(schedule.field, schedule.steps, name)
    except ClaimError as error:
        return PropertyVerdict(name, "refuted", str(error))
    if verdict.certificate is None:
        reason = f"that the schedule is {verdict.name.value} is {verdict.status}"
        return PropertyVerdict(name, verdict.status, reason)
    if not isinstance(verdict.certificate, Certificate):
        return PropertyVerdict(name, "undecided", "the tree proves the inequality only")
    certificate = replace(verdict.certificate, claim=claim)
    check(certificate)
    return PropertyVerdict(name, "proved", "and the product of h_i - 1 has the right value", certificate)


def _rate(schedule: Schedule, name: ScheduleProperty, progress: Progress) -> PropertyVerdict:
    """Dominant and g-bounded are worst-case rates, so the rate is certified and compared."""
    measure, initial = _MEASURES[name]
    claim = SchedulePropertyClaim(schedule.field, schedule.steps, name)
    field = schedule.field
    try:
        result = certify(
            gradient_descent(schedule, measure=measure, initial=initial), progress=progress, sympy=False,
            mode="auto", tolerance="1e-7",
        )  # fmt: skip
    except CertificationError as error:
        return PropertyVerdict(name, "undecided", f"no rate was certified: {error}")
    value = result.certificate.claim.field
    if value.description() != field.description():
        return PropertyVerdict(name, "undecided", "the certified rate lies in a larger field than the steps")
    if result.lower is not None and field.sign(result.lower - claim.rate) > 0:
        return PropertyVerdict(name, "refuted", "an exact function has a larger value: " + _ratio(result, claim))
    if result.rate == claim.rate or _at_most(field, result.rate, claim.rate):
        certificate = Certificate(
            claim, result.certificate.multipliers, result.certificate.kernel, result.certificate.witness,
            result.certificate.provenance,
        )  # fmt: skip
        try:
            check(certificate)
        except (CertificateError, UndecidedError) as error:
            return PropertyVerdict(name, "undecided", f"the certificate is not exactly for this rate: {error}")
        return PropertyVerdict(name, "proved", "the worst case is exactly that of a long linear function", certificate)
    return PropertyVerdict(name, "undecided", f"the certified rate is within {_ratio(result, claim)} of what is needed")


def _at_most(field: Any, rate: Any, wanted: Any) -> bool:
    try:
        return bool(field.sign(wanted - rate) >= 0)
    except UndecidedError:
        return False


def _ratio(result: Any, claim: SchedulePropertyClaim) -> str:
    from pepkit.algebra import to_float

    rate, wanted = to_float(claim.field, result.rate), to_float(claim.field, claim.rate)
    return f"{100 * (rate / wanted - 1):.3g} %"


def _primitive(schedule: Schedule, progress: Progress) -> PropertyVerdict:
    """A certificate on the face of the linear function and the quadratic, or exact data that violate P >= 0."""
    name = ScheduleProperty.PRIMITIVE
    claim = SchedulePropertyClaim(schedule.field, schedule.steps, name)
    if isinstance(schedule.field, RadicalField):
        return PropertyVerdict(
            name, "undecided", "the steps lie in a tower of square roots of high degree; its joins would prove it"
        )
    multipliers = primitive_multipliers(schedule.field, schedule.steps)
    if multipliers is not None:
        certificate = Certificate(claim, {"interpolation": multipliers}, (), None, {"origin": "tree of s-joins"})
        check(certificate)
        return PropertyVerdict(name, "proved", "it is a tree of s-joins, with closed-form multipliers", certificate)
    statement = claim.statement()
    tight: list[Witness] = []
    for curvature in (fmpq(0), *(fmpq(k, 8) for k in range(1, 9))):
        data = _one_dimensional(claim, curvature)
        evaluation = Evaluation(statement, data)
        slack = evaluation.value(statement.normaliser) - evaluation.value(statement.measure)
        sign = schedule.field.sign(slack)
        if sign < 0:
            return PropertyVerdict(name, "refuted", f"violated by the quadratic with curvature {curvature} L")
        if sign == 0:
            tight.append(data)
    try:
        dual = solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-10), progress)
        certificate = sharp_certificate(claim, dual, tight, claim.rate, RoundingSettings(), progress)
    except RoundingError as error:
        return PropertyVerdict(name, "undecided", f"no certificate was found, so it probably is not: {error}")
    return PropertyVerdict(name, "proved", "with multipliers between iterates only", certificate)


def _one_dimensional(claim: SchedulePropertyClaim, curvature: fmpq) -> Witness:
    """Gradient descent on a x^2/2 from 1, or for a = 0 on the linear function x; values shifted above zero."""
    one = claim.field.coerce(1)
    point, points = one, [one]
    for h in claim.steps:
        point = point - h * (curvature * point if curvature else one)
        points.append(point)
    gradients = [(curvature * x if curvature else one) for x in points]
    values = [(curvature * x * x / 2 if curvature else x) for x in points]
    # only differences of values matter; the shift makes the normaliser positive
    lowest = one * 0
    for value in values:
        if claim.field.sign(value - lowest) < 0:
            lowest = value
    return Witness(tuple((g,) for g in gradients), tuple(value - lowest + one for value in values))
