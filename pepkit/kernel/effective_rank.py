"""The effective rank of the outputs of one concrete ReLU network on given inputs, exactly.

K is the Gram matrix of the outputs y_1, ..., y_n; its effective rank (tr K)^2 / tr(K^2) lies between 1 (all outputs
parallel) and n (orthogonal, of equal norm). It is a rational number for rational weights and inputs, and the kernel
computes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import lcm
from typing import Any

from flint import fmpq, fmpz

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact, between_text, no_data
from pepkit.kernel.network_data import network_from_data, network_to_data, require_rationals
from pepkit.kernel.networks import Network
from pepkit.kernel.numbers import RATIONALS, Field
from pepkit.kernel.words import decimal_text

__all__ = ["EffectiveRank", "GramEvaluation"]

MAX_INPUTS = 256
MAX_BITS = 200_000
"""Longest activation, and longest output over the common denominator of all outputs; longer numbers are refused."""


@dataclass(frozen=True, repr=False)
class EffectiveRank(RationalFact):
    """low <= (tr K)^2/tr(K^2) <= high for the outputs of `network` on `inputs`.

    Raises
    ------
    ClaimError
        Inputs of the wrong length, or low > high.
    """

    network: Network
    inputs: tuple[tuple[Any, ...], ...]
    low: Any
    high: Any

    def __post_init__(self) -> None:
        coerce = RATIONALS.coerce
        if not 1 <= len(self.inputs) <= MAX_INPUTS:
            raise ClaimError(f"there are between 1 and {MAX_INPUTS} inputs")
        inputs = tuple(tuple(coerce(a) for a in x) for x in self.inputs)
        if any(len(x) != self.network.inputs for x in inputs):
            raise ClaimError(f"an input does not have {self.network.inputs} coordinates")
        low, high = coerce(self.low), coerce(self.high)
        if low > high:
            raise ClaimError("the lower bound of the effective rank is above the upper bound")
        for name, value in (("inputs", inputs), ("low", low), ("high", high)):
            object.__setattr__(self, name, value)

    def value(self) -> fmpq:
        """The effective rank; ClaimError if all outputs vanish."""
        outputs = []
        for point in self.inputs:
            for layer in self.network.layers:
                point = layer(point)
                if any(a.p.bit_length() + a.q.bit_length() > MAX_BITS for a in point):
                    raise ClaimError(f"an activation needs more than {MAX_BITS} bits")
            outputs.append(point)
        # the effective rank does not change with the scale of the outputs: sums of integers do not grow as those of
        # fractions with different denominators do
        denominator = 1
        for below in {int(a.q) for point in outputs for a in point}:
            denominator = lcm(denominator, below)
            if denominator.bit_length() > MAX_BITS:
                raise ClaimError(f"the common denominator of the outputs needs more than {MAX_BITS} bits")
        rows = [[(a * denominator).p for a in point] for point in outputs]
        if any(a.bit_length() > MAX_BITS for row in rows for a in row):
            raise ClaimError(f"the outputs over their common denominator need more than {MAX_BITS} bits")
        trace, square = fmpz(0), fmpz(0)
        for i, x in enumerate(rows):
            for j, y in enumerate(rows[: i + 1]):
                product = sum((a * b for a, b in zip(x, y, strict=True)), fmpz(0))
                trace += product if i == j else 0
                square += product * product * (1 if i == j else 2)
        if not square:
            raise ClaimError("all outputs vanish, so they have no effective rank")
        return fmpq(trace * trace, square)

    def __repr__(self) -> str:
        widths = str(self.network)
        low, high = between_text(self.low, self.high, 12)
        return (
            f"Theorem. The outputs of this {len(self.network.layers)}-layer network (widths {widths}) on its "
            f"{len(self.inputs)} inputs "
            f"have an effective rank (tr K)^2/tr(K^2) between {low} and {high}."
        )


@dataclass(frozen=True)
class GramEvaluation:
    """A proof without data: the kernel evaluates the network."""

    claim: EffectiveRank
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the effective rank lies outside the bounds."""
        claim = self.claim
        if not isinstance(claim, EffectiveRank):
            raise FormatError("an evaluation of a Gram matrix proves effective ranks only")
        value = claim.value()
        if not claim.low <= value <= claim.high:
            raise CertificateError(
                f"the effective rank is about {decimal_text(RATIONALS, value, 12)}, outside the bounds"
            )
        return Conclusion(claim, None, None, False, ("the exact effective rank lies between the bounds",))


def read_effective_rank(number_field: Field, data: dict[str, Any]) -> EffectiveRank:
    """The claim."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "network", "inputs", "low", "high"))
    read = RATIONALS.read
    inputs = tuple(
        tuple(read(a) for a in reading.items(x, "an input")) for x in reading.items(parts["inputs"], "inputs")
    )
    return EffectiveRank(network_from_data(parts["network"]), inputs, read(parts["low"]), read(parts["high"]))


def write_effective_rank(claim: EffectiveRank) -> dict[str, Any]:
    """The JSON form of the claim."""
    write = RATIONALS.write
    return {
        "network": network_to_data(claim.network),
        "inputs": [[write(a) for a in x] for x in claim.inputs],
        "low": write(claim.low),
        "high": write(claim.high),
    }


def read_gram_evaluation(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> GramEvaluation:
    """The proof without data."""
    no_data(data)
    if not isinstance(claim, EffectiveRank):
        raise FormatError("an evaluation of a Gram matrix proves effective ranks only")
    return GramEvaluation(claim, provenance)
