"""H-duality: a schedule and its reversal, with certified rates of both.

Kim, Ozdaglar, Park, Ryu (2305.06628): reversing an efficient method for function values gives an efficient one for
gradient norms, often with |grad f(x_N)|^2/(L (f_0 - f_*)) = 4 (f(x_N) - f_*)/(L |x_0 - x_*|^2) in the worst case. For
compositions of kind f this is a theorem (docs/mathematics-joins.md, section 8). For arbitrary schedules it is not, and
the certified rates decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pepkit.algebra import exact, to_float
from pepkit.certification import certify
from pepkit.closed_form import certify_composition
from pepkit.kernel import InitialCondition, Measure
from pepkit.pep import gradient_descent
from pepkit.result import Result
from pepkit.schedules import Schedule
from pepkit.schedules.composition import Composition

__all__ = ["Duality", "compare_reversal"]


@dataclass(frozen=True)
class Duality:
    """Rates of a schedule and of its reversal.

    Parameters
    ----------
    function_value
        The result for f(x_N) - f_* over L |x_0 - x_*|^2 of the schedule.
    gradient_norm
        The result for |grad f(x_N)|^2 over L (f_0 - f_*) of the reversal.
    """

    function_value: Result
    gradient_norm: Result

    @staticmethod
    def _bounds(result: Result) -> tuple[float, float]:
        field = result.theorem.claim.field
        upper = to_float(field, result.theorem.rate)
        lower = 0.0 if result.theorem.lower is None else to_float(field, result.theorem.lower)
        return lower, upper

    @property
    def quotient(self) -> tuple[float, float]:
        """Proved bounds of (rate of the reversal)/(4 rate of the schedule), rounded to floats."""
        low, high = self._bounds(self.function_value)
        below, above = self._bounds(self.gradient_norm)
        return below / (4 * high), above / (4 * low) if low else float("inf")

    @property
    def verdict(self) -> str:
        """``dual``: the quotient is 1 in exact arithmetic; ``not dual``: proved to differ; else ``undecided``."""
        first, second = self.function_value.theorem, self.gradient_norm.theorem
        if first.tight and second.tight and first.claim.field == second.claim.field:
            return "dual" if second.rate == 4 * first.rate else "not dual"
        low, high = self.quotient
        return "not dual" if low > 1 + 1e-12 or high < 1 - 1e-12 else "undecided"

    def __str__(self) -> str:
        low, high = self.quotient
        bounds = f"{low:.12g}" if f"{low:.12g}" == f"{high:.12g}" else f"between {low:.12g} and {high:.12g}"
        return f"{self.verdict}: |g_N|^2 rate of the reversal / (4 f rate of the schedule) = {bounds}"


def compare_reversal(schedule: Schedule | Composition, *, mu: Any = 0, **options: Any) -> Duality:
    """Certify a schedule and its reversal, and compare.

    Parameters
    ----------
    schedule
        A schedule, or a composition of kind f (no solver is needed then).
    mu
        mu/L, exact; 0 <= mu/L < 1.
    options
        For `pepkit.certify`, where a solver is needed.
    """
    tree = schedule if isinstance(schedule, Composition) else schedule.composition
    if tree is not None and tree.kind == "f" and not _promotes(tree):
        value = certify_composition(tree, mu=mu)
        gradient = certify_composition(tree.reversed(), mu=mu)
        if value is not None and gradient is not None:
            return Duality(value, gradient)
    numbers = schedule.numbers(exact(mu)) if isinstance(schedule, Composition) else schedule.numbers
    forward = gradient_descent(numbers, mu=exact(mu))
    backward = gradient_descent(
        numbers[::-1], mu=exact(mu), measure=Measure.GRADIENT_NORM, initial=InitialCondition.FUNCTION_VALUE
    )
    return Duality(certify(forward, **options), certify(backward, **options))


def _promotes(tree: Composition) -> bool:
    """Whether an f-join takes a tail of kind s, which has no reversal among the joins."""
    return any(
        kind == "f" and isinstance(operands[1], int) and tree.instructions[operands[1]][0] == "s"
        for kind, *operands in tree.instructions
    )
