"""What is known about the rate of a schedule, in every measure and normalisation.

Two kinds of knowledge are kept apart. *Proved here*: the tree of joins decides the worst case, and
`composition_proof` gives the certificate. *Published*: a formula of the literature, with its source; certify
it with a solver if it is to be a theorem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pepkit.algebra import exact, realise, to_float
from pepkit.kernel import ClaimError, InitialCondition, Measure
from pepkit.kernel.composition import derived_rate
from pepkit.schedules.composition import Composition
from pepkit.schedules.composition_proofs import exact_composition, measures

__all__ = ["KnownRate", "composition_rates", "constant_rates"]


@dataclass(frozen=True)
class KnownRate:
    """One rate: measure <= value * L^a * initial, tight.

    Parameters
    ----------
    measure, initial
        What is bounded, and by what.
    value
        The worst case in floats, for L = 1.
    text
        Its exact form where that is short, else empty.
    proved
        Whether a certificate follows from the tree of joins.
    source
        Where the formula comes from.
    """

    measure: Measure
    initial: InitialCondition
    value: float
    text: str
    proved: bool
    source: str

    def normalisations(self) -> list[tuple[str, float]]:
        """The value in the normalisations that papers use, each with its name."""
        name = f"{self.measure.value} / "
        if self.initial is InitialCondition.DISTANCE and self.measure is Measure.FUNCTION_VALUE:
            return [(name + "(L |x_0-x_*|^2)", self.value), (name + "((L/2) |x_0-x_*|^2)", 2 * self.value)]
        if self.initial is InitialCondition.DISTANCE and self.measure is Measure.DISTANCE:
            return [(name + "|x_0-x_*|^2", self.value)]
        if self.initial is InitialCondition.DISTANCE:
            return [(name + "(L^2 |x_0-x_*|^2)", self.value)]
        return [(name + "(L (f(x_0)-f(x_*)))", self.value), (name + "(2L (f(x_0)-f(x_*)))", self.value / 2)]


def composition_rates(composition: Composition, mu: Any = 0) -> list[KnownRate]:
    """The rates that the tree decides; any number of steps."""
    ratio = exact(mu)
    convex = ratio.is_rational and ratio.value == 0
    field, (value,) = realise([ratio])
    block = composition.weights(to_float(field, value)).block
    found = exact_composition(composition, ratio)
    result = []
    for measure, initial in measures(composition, convex):
        text = ""
        if found is not None:
            text = found.field.text(found.field.coerce(derived_rate(found.weights.block, convex, measure, initial)))
            text = text if "theta" not in text and len(text) <= 60 else ""
        number = float(derived_rate(block, convex, measure, initial))
        result.append(KnownRate(measure, initial, number, text, True, "composition"))
    return result


def constant_rates(steps: int, step: Any, mu: Any = 0) -> list[KnownRate]:
    """Worst cases of the constant step h in (0, 2) on F_{mu,L}, 0 <= mu < L, for L = 1.

    f(x_N): Drori, Teboulle 2014 (conjecture for mu = 0), Taylor, Hendrickx, Glineur 2017 (mu > 0), proved by Kim
    2412.04427. |g_N|^2 over f_0 - f_*: Rotaru, Glineur, Patrinos 2406.17506. |g_N|^2 over the distance: conjectured
    by Taylor, Hendrickx, Glineur 2017.

    Raises ClaimError for a step outside (0, 2).
    """
    field, (h_exact, m_exact) = realise([exact(step), exact(mu)])
    h, m = to_float(field, h_exact), to_float(field, m_exact)
    if not 0 < h < 2:
        raise ClaimError(f"the rates of a constant step are known for 0 < h < 2, not for h = {h:g}")
    if m < 0:
        raise ClaimError("for mu < 0 see pepkit.pep.hypoconvex_form")
    n = steps
    quadratic = (1 - h) ** (2 * n)
    if m == 0:
        value, gradient, single = 1 / (2 * n * h + 1), 1 / (n * h + 1), 1 / (2 * n * h + 1)
    else:
        # m/(m - 1 + (1 - m h)^-2n), with expm1 where the difference is small
        value = single = m / (m - 1 + (1 - m * h) ** (-2 * n)) if m * h < 1 else 0.0
        gradient = m / (m - 1 + (1 - m * h) ** -n) if m * h < 1 else 0.0
    kim, rotaru = "Kim 2412.04427", "Rotaru, Glineur, Patrinos 2406.17506"
    f, g, d, v = (
        Measure.FUNCTION_VALUE,
        Measure.GRADIENT_NORM,
        InitialCondition.DISTANCE,
        InitialCondition.FUNCTION_VALUE,
    )
    result = [
        KnownRate(f, d, max(value, quadratic) / 2, "", False, kim),
        KnownRate(g, d, max(gradient, abs(1 - h) ** n) ** 2, "", False, "Taylor, Hendrickx, Glineur 2017 (conjecture)"),
        KnownRate(g, v, 2 * max(single, quadratic), "", False, rotaru),
    ]
    contraction = max(abs(1 - h), abs(1 - m * h)) ** (2 * n)
    result.append(KnownRate(Measure.DISTANCE, d, contraction, "", False, "contraction of both quadratics"))
    return result
