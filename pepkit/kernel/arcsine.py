"""The equalisation identity of random arcsine steps (Altschuler, Parrilo 2412.05790).

Let 1/h = (1 + m)/2 + ((1 - m)/2) cos(pi U) with U uniform on [0, 1]. For |b| <= r one has
E log|b + r cos(pi U)| = log(r/2), and for c > r > 0 it is log((c + sqrt(c^2 - r^2))/2). With c = (1 + m)/2,
r = (1 - m)/2 and 1 - h t = (c - t + r cos)/(c + r cos), for every t in [m, 1],

    E log|1 - h t| = log(r/2) - log((c + sqrt m)/2) = log((1 - sqrt m)/(1 + sqrt m)),

because c^2 - r^2 = m and r/(c + sqrt m) = (1 - m)/(1 + sqrt m)^2. So the claim is decided by its rate: it is the root
in (0, 1) of (1 - rate)^2 = m (1 + rate)^2. By the strong law of large numbers the n-th root of |prod (1 - h_i t)| tends
to it almost surely, for each t (docs/mathematics-quadratics.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.numbers import Field, NumberField, Rationals
from pepkit.kernel.rationals import factor_text
from pepkit.kernel.statement import Statement

__all__ = [
    "ArcsineClaim",
    "EqualisationProof",
    "read_arcsine",
    "read_equalisation",
    "write_arcsine",
    "write_equalisation",
]


@dataclass(frozen=True)
class ArcsineClaim(Claim):
    """E log|1 - h t| = log(rate) for every t in [mu/L, 1], where h is an arcsine step.

    Raises ClaimError for mu/L outside (0, 1), a field in which equality is not decided, a rate outside (0, 1).
    """

    field: Field
    mu_over_L: Any
    rate: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.field, (Rationals, NumberField)):
            raise ClaimError("claims about arcsine steps are over the rationals or a number field")
        coerce, sign = self.field.coerce, self.field.sign
        m = coerce(self.mu_over_L)
        if sign(m) <= 0 or sign(m - 1) >= 0:
            raise ClaimError(f"arcsine steps are about 0 < mu < L, but mu/L = {self.field.text(m)}")
        object.__setattr__(self, "mu_over_L", m)
        if self.rate is not None:
            object.__setattr__(self, "rate", coerce(self.rate))
            if sign(self.rate) <= 0 or sign(self.rate - 1) >= 0:
                raise ClaimError("the contraction of arcsine steps lies between 0 and 1")

    def with_rate(self, rate: Any) -> ArcsineClaim:
        return ArcsineClaim(self.field, self.mu_over_L, rate)

    def statement(self) -> Statement:
        raise ClaimError("a claim about random steps is no statement about interpolation conditions")

    def brief(self) -> str:
        """The claim on one line."""
        text = self.field.text
        return f"arcsine steps, mu = {factor_text(text(self.mu_over_L))}*L: E log|1 - h t/L| = log({text(self.rate)})"

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        """The theorem in words, and what it does not say."""
        text = self.field.text
        return "\n".join(
            [
                f"Theorem. Let 0 < mu < L with mu = {factor_text(text(self.mu_over_L))}*L, U uniform on [0, 1] and",
                "1/h = (L + mu)/(2L) + ((L - mu)/(2L)) cos(pi U). Then for every curvature t in [mu, L]",
                f"E log|1 - h t/L| = log({text(self.rate)}), the same for all of them.",
                "So for independent steps h_i of this law, prod_(i<n) |1 - h_i t/L|^(1/n) tends to this number almost "
                "surely: the contraction per step on every quadratic of one curvature, and in each coordinate of a "
                "separable one.",
                "Nothing is said about finitely many steps, nor about functions that are not quadratic or separable.",
            ]
        )


@dataclass(frozen=True)
class EqualisationProof:
    """Nothing but the claim: the rate decides it."""

    claim: ArcsineClaim
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError for another rate."""
        claim = self.claim
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        low, high = 1 - claim.rate, 1 + claim.rate
        if low * low != claim.mu_over_L * high * high:
            raise CertificateError("the rate is not (1 - sqrt(mu/L))/(1 + sqrt(mu/L))")
        checks = ("(1 - rate)^2 = (mu/L) (1 + rate)^2 and 0 < rate < 1",)
        return Conclusion(claim, claim.rate, claim.rate, True, checks)


def read_arcsine(number_field: Field, data: dict[str, Any]) -> ArcsineClaim:
    """The claim in a JSON object."""
    reading.fields(data, "the claim", ("kind", "mu/L", "rate"))
    return ArcsineClaim(number_field, number_field.read(data["mu/L"]), number_field.read(data["rate"]))


def write_arcsine(claim: ArcsineClaim) -> dict[str, Any]:
    """The members of the JSON object of a claim."""
    if claim.rate is None:
        raise ClaimError("a claim without a rate cannot be written to a file")
    return {"mu/L": claim.field.write(claim.mu_over_L), "rate": claim.field.write(claim.rate)}


def read_equalisation(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> EqualisationProof:
    """The proof in a JSON object."""
    reading.fields(data, "the proof", ("kind",))
    if not isinstance(claim, ArcsineClaim):
        raise FormatError("a proof by equalisation needs a claim about arcsine steps")
    return EqualisationProof(claim, provenance)


def write_equalisation(proof: EqualisationProof) -> dict[str, Any]:
    """The members of the JSON object of a proof: none."""
    return {}
