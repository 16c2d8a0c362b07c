"""Injectivity of one random ReLU layer: enclosures of threshold constants, exact probabilities.

The layer is x -> max(0, W x), W with m independent rows in R^n; alpha stands for m/n as n grows.

Each threshold is alpha = A(s) at the only zero s of a strictly monotone function g, and A is strictly
monotone, so a sign change of g between two rationals encloses alpha:

- ``mean-direction``: g(s) = P(Z >= s) - s^2, decreasing for s > 0; A(s) = 1/s^2. For Gaussian rows and
  alpha below it the layer is with high probability not injective (look at x = -sum w_j; Puthawala,
  Kothari, Lassas, Dokmanic, de Hoop, 2022).
- ``cell-union``: g(p) = H_2(p) - 1/2, increasing for 0 < p < 1/2; A(p) = 1/p. Above it the expected number
  of cells with fewer than n active rows tends to zero.
- ``gordon``: g(t) = t phi(t) + 2 P(Z >= t) - 1/2, decreasing because g' = -(1 + t^2) phi; A(t) = 1/P(Z >= t).
  Above it the Gaussian rows make the layer injective with high probability (Gordon's escape through the
  mesh for the set of vectors with fewer than n positive coordinates).

The kernel proves the enclosures; the probabilistic meaning is quoted, and derived in docs/injectivity.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError, UndecidedError
from pepkit.kernel.facts import between_text
from pepkit.kernel.gaussian import Enclosure, binary_entropy, density, upper_tail
from pepkit.kernel.network_claims import claim_of_kind
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text
from pepkit.kernel.statement import Statement
from pepkit.kernel.words import decimal_text

__all__ = [
    "THRESHOLDS",
    "InjectivityProbability",
    "InjectivityThreshold",
    "SignChange",
    "SignCount",
    "sign_symmetric_probability",
]

MAX_ROWS = 10_000
MAX_BITS = 1024


def _mean_direction(s: fmpq, bits: int) -> Enclosure:
    low, high = upper_tail(s, bits)
    return low - s * s, high - s * s


def _cell_union(p: fmpq, bits: int) -> Enclosure:
    low, high = binary_entropy(p, bits)
    return low - fmpq(1, 2), high - fmpq(1, 2)


def _gordon(t: fmpq, bits: int) -> Enclosure:
    phi, tail = density(t, bits), upper_tail(t, bits)
    return t * phi[0] + 2 * tail[0] - fmpq(1, 2), t * phi[1] + 2 * tail[1] - fmpq(1, 2)


def _inverse_tail(t: fmpq, bits: int) -> Enclosure:
    low, high = upper_tail(t, bits)
    if low <= 0:
        raise UndecidedError("the precision does not separate a tail probability from zero")
    return 1 / high, 1 / low


@dataclass(frozen=True)
class _Constant:
    """g and A of a threshold, the signs of their derivatives, where the parameter may lie, words."""

    function: Callable[[fmpq, int], Enclosure]
    increasing: bool
    value: Callable[[fmpq, int], Enclosure]
    value_increasing: bool
    domain: tuple[fmpq, fmpq]
    words: str


THRESHOLDS: dict[str, _Constant] = {
    "mean-direction": _Constant(
        _mean_direction, False, lambda s, bits: (1 / (s * s),) * 2, False, (fmpq(0), fmpq(1)),
        "alpha = 1/s^2, P(Z >= s) = s^2, s > 0",
    ),
    "cell-union": _Constant(
        _cell_union, True, lambda p, bits: (1 / p,) * 2, False, (fmpq(0), fmpq(1, 2)),
        "alpha = 1/p, H_2(p) = 1/2, 0 < p < 1/2",
    ),
    "gordon": _Constant(
        _gordon, False, _inverse_tail, True, (fmpq(0), fmpq(8)),
        "alpha = 1/P(Z >= t), t phi(t) + 2 P(Z >= t) = 1/2, t > 0",
    ),
}  # fmt: skip
"""Name -> definition."""


class _RandomLayerClaim(Claim):
    """Claims without a rate."""

    rate: Any = None
    field: Field = RATIONALS

    def statement(self) -> Statement:
        raise ClaimError("a claim about a random layer is not a statement about a Gram matrix")

    def with_rate(self, rate: Any) -> Claim:
        raise ClaimError("a claim about a random layer has no rate")


@dataclass(frozen=True, repr=False)
class InjectivityThreshold(_RandomLayerClaim):
    """low <= alpha <= high for the threshold of this name."""

    constant: str
    low: Any
    high: Any

    def __post_init__(self) -> None:
        if self.constant not in THRESHOLDS:
            raise ClaimError(f"unknown threshold {self.constant[:40]!r}; known are {', '.join(THRESHOLDS)}")
        low, high = RATIONALS.coerce(self.low), RATIONALS.coerce(self.high)
        if low > high:
            raise ClaimError("the lower end of the enclosure is above the upper end")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def __repr__(self) -> str:
        words, ends = THRESHOLDS[self.constant].words, ", ".join(between_text(self.low, self.high, 40))
        return f"Theorem. The injectivity threshold '{self.constant}' ({words}) lies in [{ends}]."


@dataclass(frozen=True)
class SignChange:
    """Rationals below and above the zero of the function that defines a threshold."""

    claim: InjectivityThreshold
    below: Any
    above: Any
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the signs are wrong or the enclosure is too narrow for the points."""
        claim = claim_of_kind(self.claim, InjectivityThreshold)
        constant = THRESHOLDS[claim.constant]
        below, above = RATIONALS.coerce(self.below), RATIONALS.coerce(self.above)
        if not constant.domain[0] < below < above < constant.domain[1]:
            low, high = map(rational_text, constant.domain)
            raise CertificateError(f"the points of the sign change do not increase between {low} and {high}")
        expected = -1 if constant.increasing else 1
        _require_sign(constant.function, below, expected, "lower")
        _require_sign(constant.function, above, -expected, "upper")
        first, last = (below, above) if constant.value_increasing else (above, below)
        bits = _precision(first, last, claim.low, claim.high)
        if constant.value(first, bits)[0] < claim.low:
            raise CertificateError("the sign change does not prove the lower end of the enclosure")
        if constant.value(last, bits)[1] > claim.high:
            raise CertificateError("the sign change does not prove the upper end of the enclosure")
        return Conclusion(
            claim,
            None,
            None,
            False,
            ("the defining function is strictly monotone", "it changes sign between the two points", "ends enclose"),
        )


def _precision(*values: fmpq) -> int:
    bits = 64 + 2 * max(int(a.q).bit_length() for a in values)
    if bits > MAX_BITS:
        raise FormatError(f"the numbers need more than {MAX_BITS} bits of precision")
    return bits


def _require_sign(function: Callable[[fmpq, int], Enclosure], point: fmpq, expected: int, which: str) -> None:
    low, high = function(point, _precision(point))
    if (expected > 0 and low > 0) or (expected < 0 and high < 0):
        return
    if low <= 0 <= high:
        raise UndecidedError(f"the {which} point is too close to the zero for its own precision")
    raise CertificateError(f"the function has the wrong sign at the {which} point")


@dataclass(frozen=True, repr=False)
class InjectivityProbability(_RandomLayerClaim):
    """P(x -> max(0, W x) is injective) = probability, for n = 1 or 2 inputs and m rows.

    The m signs of the rows are fair, independent and independent of the lines that the rows span, almost surely no row
    vanishes, and for n = 2 almost surely these lines are different; Gaussian rows are an example.
    """

    inputs: int
    rows: int
    probability: Any

    def __post_init__(self) -> None:
        if self.inputs not in (1, 2):
            raise ClaimError("the probability is independent of the law of the lines for 1 or 2 inputs only")
        if not 1 <= self.rows <= MAX_ROWS:
            raise ClaimError(f"a random layer has between 1 and {MAX_ROWS} rows")
        object.__setattr__(self, "probability", RATIONALS.coerce(self.probability))

    def __repr__(self) -> str:
        # on a line all rows are parallel; there the signs alone matter
        generic = "nonzero" if self.inputs == 1 else "nonzero and pairwise not parallel"
        return (
            f"Theorem. For {self.rows} random rows in R^{self.inputs} that are almost surely {generic}, with fair "
            "signs that are independent of each other and of the lines that the rows span, x -> max(0, W x) is "
            f"injective with probability {_short(self.probability)} "
            f"(about {decimal_text(RATIONALS, self.probability)})."
        )


def _short(value: fmpq, limit: int = 60) -> str:
    text = rational_text(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def sign_symmetric_probability(inputs: int, rows: int) -> fmpq:
    """The exact probability of injectivity for n = 1, 2.

    n = 1: both signs must occur, 1 - 2^(1-m). n = 2, m >= 4: turn a line through the half plane; the number c
    of positive rows starts at c_0 = #(+), each of the m rows changes it by -1 (sign +) or +1 (sign -), and it ends
    at m - c_0. The layer is injective exactly when 2 <= c <= m - 2 all along (antipodal cells have m - c). By the
    reflection principle for barriers at 1 and m - 1, C(m, a) + [a = 2] + [a = m - 2] - 2m sign sequences start
    at c_0 = a and stay between them; the sum over a = 2..m-2 is 2^m - 2m(m - 2). For m < 4 there is none.
    """
    if inputs == 1:
        return 1 - fmpq(2, 2**rows)
    if rows < 4:
        return fmpq(0)
    return fmpq(2**rows - 2 * rows * (rows - 2), 2**rows)


@dataclass(frozen=True)
class SignCount:
    """A proof without data: the kernel counts the sign sequences."""

    claim: InjectivityProbability
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the probability is another one."""
        claim = claim_of_kind(self.claim, InjectivityProbability)
        exact = sign_symmetric_probability(claim.inputs, claim.rows)
        if exact != claim.probability:
            raise CertificateError(f"the probability is {rational_text(exact)[:80]}")
        return Conclusion(claim, None, None, False, (f"{_short(exact)} of all sign sequences are injective",))


# ---- files ---------------------------------------------------------------------------------------


def read_threshold(number_field: Field, data: dict[str, Any]) -> InjectivityThreshold:
    """The enclosure of a threshold."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "constant", "low", "high"))
    read = RATIONALS.read
    return InjectivityThreshold(
        reading.text(parts["constant"], "the constant"), read(parts["low"]), read(parts["high"])
    )


def write_threshold(claim: InjectivityThreshold) -> dict[str, Any]:
    """The JSON form of an enclosure."""
    write = RATIONALS.write
    return {"constant": claim.constant, "low": write(claim.low), "high": write(claim.high)}


def read_sign_change(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> SignChange:
    """The two points."""
    parts = reading.fields(data, "the proof", ("kind", "below", "above"))
    return SignChange(
        claim_of_kind(claim, InjectivityThreshold),
        RATIONALS.read(parts["below"]),
        RATIONALS.read(parts["above"]),
        provenance,
    )


def write_sign_change(proof: SignChange) -> dict[str, Any]:
    """The JSON form of the two points."""
    return {"below": RATIONALS.write(proof.below), "above": RATIONALS.write(proof.above)}


def read_probability(number_field: Field, data: dict[str, Any]) -> InjectivityProbability:
    """The exact probability."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "inputs", "rows", "probability"))
    return InjectivityProbability(
        reading.index(parts["inputs"], "inputs"),
        reading.index(parts["rows"], "rows"),
        RATIONALS.read(parts["probability"]),
    )


def write_probability(claim: InjectivityProbability) -> dict[str, Any]:
    """The JSON form of a probability."""
    return {"inputs": claim.inputs, "rows": claim.rows, "probability": RATIONALS.write(claim.probability)}


def read_sign_count(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> SignCount:
    """The proof without data."""
    reading.fields(data, "the proof", ("kind",))
    return SignCount(claim_of_kind(claim, InjectivityProbability), provenance)
