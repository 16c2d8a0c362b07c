"""Candidates for better schedules: certified two-sided rates against the best that is known, and a verdict.

`candidate(steps)` certifies the worst case of gradient descent with these steps from both sides and compares it, in
ball arithmetic, with the optimised schedules of the same length and with the published lower bounds. A verdict is
spoken only where the enclosures prove it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb

from pepkit.certification import certify
from pepkit.kernel import ClaimError, PepkitError
from pepkit.pep import gradient_descent
from pepkit.result import Result
from pepkit.schedules import Schedule, silver
from pepkit.schedules.bounds import (
    MEASURES,
    best_sums,
    enclose,
    enclose_all,
    huber_bound,
    jung_cho_yun_bound,
    ma_chen_bound,
    quadratic_bound,
    working_precision,
)

__all__ = ["Candidate", "Reference", "Verdict", "candidate", "percent"]

Progress = Callable[[str, str], None]

_CLAIMS = {
    "function-value": ("function-value", "distance"),
    "gradient-norm": ("gradient-norm", "function-value"),
    "gradient-norm-from-distance": ("gradient-norm", "distance"),
}
_BEST = {
    "function-value": "OBS-F",
    "gradient-norm": "OBS-G",
    "gradient-norm-from-distance": "OBS-S",
}
_WORDS = {
    "function-value": "f(x_N) - f_* over L|x_0 - x_*|^2",
    "gradient-norm": "|grad f(x_N)|^2 over L(f(x_0) - f_*)",
    "gradient-norm-from-distance": "|grad f(x_N)|^2 over L^2|x_0 - x_*|^2",
}


@dataclass(frozen=True)
class Reference:
    """A rate or a bound to compare with.

    `lower` and `upper` enclose the worst case of a schedule; None where no closed form is proved. For a lower bound on
    the candidate itself `upper` is None.
    """

    name: str
    lower: arb | None
    upper: arb | None
    source: str


@dataclass(frozen=True)
class Verdict:
    """One sentence and its kind: ``refutes``, ``matches``, ``worse`` or ``undecided``."""

    kind: str
    sentence: str


@dataclass(frozen=True)
class Candidate:
    """A schedule with its certified rate, what it is compared with, and the verdict.

    Attributes
    ----------
    result
        The certified rate; `result.rate` is the proved upper, `result.lower` the proved lower bound.
    lower, upper
        Balls around the two bounds; `lower` is None where no worst case was found.
    references
        Schedules of the same length; `bounds` are published lower bounds evaluated at the candidate.
    """

    schedule: Schedule
    measure: str
    result: Result
    lower: arb | None
    upper: arb
    references: tuple[Reference, ...]
    bounds: tuple[Reference, ...]
    verdict: Verdict

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate of the rate."""
        self.result.save(path)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(what, lower, upper, source) of everything, as text."""
        rows = [("this schedule", _digits(self.lower), _digits(self.upper), "certified")]
        rows += [(r.name, _digits(r.lower), _digits(r.upper), r.source) for r in self.references]
        rows += [(r.name, _digits(r.lower), "", r.source) for r in self.bounds]
        return rows

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        lines = [f"{len(self.schedule)} steps, {_WORDS[self.measure]}"]
        lines += [
            "  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].ljust(widths[2]), row[3]])
            for row in rows
        ]
        return "\n".join([*lines, f"Verdict: {self.verdict.sentence}"])

    def _repr_html_(self) -> str:
        from html import escape

        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows())
        return (
            f'<div class="pepkit"><p>{len(self.schedule)} steps, {escape(_WORDS[self.measure])}</p><table>'
            "<tr><th></th><th>at least</th><th>at most</th><th>source</th></tr>"
            f"{body}</table><p><b>{escape(self.verdict.sentence)}</b></p></div>"
        )


def candidate(
    steps: Schedule | Sequence[Any],
    measure: str = "function-value",
    *,
    tolerance: float | str = "1e-7",
    mode: str = "auto",
    solver: str = "auto",
    progress: Progress | None = None,
) -> Candidate:
    """Certify a schedule and say how it compares with the optimised ones.

    Parameters
    ----------
    steps
        A `Schedule` or exact steps in units of 1/L, none negative.
    measure
        ``"function-value"``, ``"gradient-norm"`` (over f(x_0) - f_*) or ``"gradient-norm-from-distance"``.
    tolerance
        Relative width of the two-sided rate where the worst case is not recognised exactly.
    mode, solver, progress
        As in `certify`.

    Raises
    ------
    ClaimError
        For negative steps or an unknown measure.
    CertificationError
        If no certificate was found.
    """
    if measure not in MEASURES:
        raise ClaimError(f"unknown measure {measure!r}; known are {', '.join(MEASURES)}")
    schedule = steps if isinstance(steps, Schedule) else Schedule.of(steps)
    if any(schedule.field.sign(h) < 0 for h in schedule.steps):
        raise ClaimError("the comparison is about schedules without negative steps")
    measured, initial = _CLAIMS[measure]
    claim = gradient_descent(schedule, measure=measured, initial=initial)
    result = certify(claim, mode=mode, tolerance=tolerance, solver=solver, progress=progress)
    # the field of the certificate may be larger than that of the steps
    field = result.certificate.claim.field
    upper = enclose(field, result.rate)
    lower = None if result.lower is None else enclose(field, result.lower)
    references = _references(len(schedule), measure)
    balls = enclose_all(schedule.field, schedule.steps)
    bounds = _bounds(balls, measure)
    _consistent(upper, bounds)
    return Candidate(
        schedule, measure, result, lower, upper, references, bounds, _verdict(lower, upper, references, measure)
    )


def _references(count: int, measure: str) -> tuple[Reference, ...]:
    best = best_sums(count).rate(measure)
    found = [Reference(_BEST[measure], best, best, "closed form (Grimmer, Shu, Wang 2410.16249)")]
    with working_precision():
        if measure == "function-value":
            balanced = huber_bound(best_sums(count).primitive - 1)
            found.append(Reference("OBS-S", balanced, balanced, "closed form (Grimmer, Shu, Wang 2410.16249)"))
        plan = silver(count)
        total = sum(enclose_all(plan.field, plan.steps), arb(0))
        below = huber_bound(total, measure)
        closed = (count + 1) & count == 0 and measure != "gradient-norm"
        found.append(
            Reference(
                "silver", below, below if closed else None,
                "closed form (2410.08890, 2410.12395)" if closed else "at least: Huber function",
            )
        )  # fmt: skip
    return tuple(found)


def _bounds(steps: Sequence[arb], measure: str) -> tuple[Reference, ...]:
    with working_precision():
        total = sum(steps, arb(0))
    found = [
        Reference("Huber bound", huber_bound(total, measure), None, "a long linear function"),
        Reference("quadratic bound", quadratic_bound(steps, measure), None, "x^2/2"),
    ]
    if measure == "function-value":
        found += [
            Reference("Ma-Chen bound", ma_chen_bound(steps), None, "2608.10418"),
            Reference("Jung-Cho-Yun bound", jung_cho_yun_bound(steps), None, "2609.04032, Fact 2.1"),
        ]
    return tuple(reference for reference in found if reference.lower is not None)


def _consistent(upper: arb, bounds: Iterable[Reference]) -> None:
    """A certified rate below a published lower bound would be a contradiction: nothing may be said then."""
    for reference in bounds:
        if reference.lower is not None and reference.lower > upper:
            raise PepkitError(
                f"the certified rate {upper.str(12, radius=False)} lies below the {reference.name} "
                f"{reference.lower.str(12, radius=False)} ({reference.source}); one of the two is wrong. "
                "Please report this."
            )


def _verdict(lower: arb | None, upper: arb, references: Sequence[Reference], measure: str) -> Verdict:
    with working_precision():
        best = references[0]
        floor, ceiling = best.lower, best.upper
        if floor is None or ceiling is None:
            return Verdict("undecided", f"undecided: no closed form of {best.name} is at hand")
        if upper < floor:
            gain = percent((floor - upper) / floor)
            if measure == "gradient-norm-from-distance":
                return Verdict(
                    "refutes", f"beats OBS-S by at least {gain} %, so OBS-S is not minimax for the gradient norm"
                )
            return Verdict(
                "refutes",
                f"refutes the Grimmer-Shu-Wang conjecture: its worst case is at least {gain} % below that of "
                f"{best.name}, the best basic composable schedule of this length",
            )
        extra = _against_silver(lower, upper, references)
        if lower is not None and lower > ceiling:
            least, most = percent((lower - ceiling) / ceiling), percent((upper - floor) / floor, up=True)
            between = f"by {least} %" if least == most else f"by {least} to {most} %"
            return Verdict("worse", f"worse than {best.name} {between}{extra}")
        excess = percent((upper - floor) / floor, up=True)
        if lower is None:
            missing = f"undecided: at most {excess} % above {best.name}, no lower bound is proved"
            return Verdict("undecided", missing + extra)
        if (upper - floor) / floor > arb("1e-4"):
            wide = f"undecided: between 0 and {excess} % above {best.name}, a smaller tolerance may tell"
            return Verdict("undecided", wide + extra)
        return Verdict("matches", f"matches {best.name}: its worst case is at most {excess} % above{extra}")


def _against_silver(lower: arb | None, upper: arb, references: Sequence[Reference]) -> str:
    reference = next(r for r in references if r.name == "silver")
    if reference.lower is not None and upper < reference.lower:
        return f"; beats silver by at least {percent((reference.lower - upper) / reference.lower)} %"
    if reference.upper is not None and lower is not None and lower > reference.upper:
        return f"; worse than silver by at least {percent((lower - reference.upper) / reference.upper)} %"
    return ""


def percent(ratio: arb, up: bool = False) -> str:
    """A positive ratio in per cent, three significant digits, rounded down, or up: always on the safe side."""
    with working_precision():
        scaled = 100 * ratio
        value = float(scaled.upper() if up else scaled.lower())
    if value <= 0:
        return "0"
    from decimal import ROUND_DOWN, ROUND_UP, Decimal

    number = Decimal(value)
    quantum = Decimal(1).scaleb(number.adjusted() - 2)
    # one unit in the last place of the float is far below the quantum
    rounded = number.quantize(quantum, rounding=ROUND_UP if up else ROUND_DOWN)
    return f"{rounded.normalize():f}" if rounded.adjusted() > -4 else f"{rounded:.2e}"


def _digits(value: arb | None) -> str:
    return "" if value is None else value.str(13, radius=False)
