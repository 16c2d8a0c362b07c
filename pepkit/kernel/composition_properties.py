"""Properties of composed schedules that follow from their tree, whatever field their steps lie in (mu = 0).

With `pepkit.kernel.schedule_properties`: a composition of kind s is primitive, and so dominant; one of kind f is
dominant; one of kind g is g-bounded. That is what the joins prove (docs/mathematics-joins.md). They are s-, f- and
g-composable as well, if no tail of kind s stands where one of kind f is wanted, because the joining steps 1 + psi keep
sum and product in step:

- s: psi = alpha beta/K and K = alpha + beta + psi, so 1 + H = K and prod (h - 1) = psi/(alpha beta) = 1/K;
- f, g: psi = alpha/theta and theta^2 - theta = 2 alpha/w, so 1 + 2H = 2 alpha + 2 psi + w = theta^2 w and
  prod (h - 1)^2 = psi^2/(alpha^2 w) = 1/(theta^2 w), where w = 1 + 2B belongs to the part of kind f or g.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.joins import EMPTY, Instruction, Program
from pepkit.kernel.numbers import RATIONALS, Field
from pepkit.kernel.schedule_properties import ScheduleProperty
from pepkit.kernel.statement import Statement
from pepkit.kernel.words import composition_text

__all__ = [
    "CompositionPropertyClaim",
    "TreeProof",
    "read_composition_property",
    "read_tree_proof",
    "write_composition_property",
    "write_tree_proof",
]

_OF_KIND = {
    "s": {ScheduleProperty.PRIMITIVE, ScheduleProperty.DOMINANT, ScheduleProperty.S_COMPOSABLE},
    "f": {ScheduleProperty.DOMINANT, ScheduleProperty.F_COMPOSABLE},
    "g": {ScheduleProperty.G_BOUNDED, ScheduleProperty.G_COMPOSABLE},
}


@dataclass(frozen=True)
class CompositionPropertyClaim(Claim):
    """The composed schedule `instructions` has the property `name` on L-smooth convex functions.

    Raises ClaimError for a program that is not well-formed.
    """

    instructions: tuple[Instruction, ...]
    name: ScheduleProperty
    field: Field = RATIONALS

    def __post_init__(self) -> None:
        object.__setattr__(self, "instructions", tuple(tuple(instruction) for instruction in self.instructions))
        object.__setattr__(self, "rate", self.field.coerce(1))
        if self.program.steps < 1:
            raise ClaimError("a schedule has at least one step")

    @cached_property
    def program(self) -> Program:
        """The tree, checked for form."""
        return Program(self.instructions)

    def with_rate(self, rate: Any) -> CompositionPropertyClaim:
        if rate != self.rate:
            raise ClaimError("a property of a schedule has no rate")
        return self

    def statement(self) -> Statement:
        raise ClaimError("a property of a composed schedule is proved by its tree, not by multipliers")

    def brief(self) -> str:
        """The claim on one line."""
        joins = len(self.instructions)
        return f"L-smooth convex, composition of {joins} joins, N = {self.program.steps}: it is {self.name.value}"

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        """The theorem in words."""
        return (
            f"Theorem. The stepsize schedule of {self.program.steps} steps that is the composition "
            f"{composition_text(self)} for mu = 0 is {self.name.value} for L-smooth convex functions."
        )


@dataclass(frozen=True)
class TreeProof:
    """Nothing but the claim: the kinds of the joins decide it."""

    claim: CompositionPropertyClaim
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError where the tree does not show the property."""
        claim = self.claim
        kinds: list[str] = []
        promoted: list[bool] = []
        for position, (kind, *operands) in enumerate(claim.instructions):
            wanted = {"s": ("s", "s"), "f": ("s", "f"), "g": ("g", "s")}.get(kind)
            if wanted is None:
                raise CertificateError(f"join {position} is about mu > 0")
            inside = False
            for operand, need in zip(operands, wanted, strict=True):
                if operand == EMPTY:
                    continue
                given = kinds[operand]
                # a schedule of kind s is one of kind f, but its product is another
                if given != need and (given, need) != ("s", "f"):
                    raise CertificateError(f"join {position} takes a part of kind {need}, not {given}")
                inside = inside or promoted[operand] or given != need
            kinds.append(kind)
            promoted.append(inside)
        if claim.name not in _OF_KIND[kinds[-1]]:
            raise CertificateError(f"a composition of kind {kinds[-1]} is not shown to be {claim.name.value}")
        if claim.name.composable and promoted[-1]:
            raise CertificateError("a tail of kind s stands for one of kind f, so the product of h_i - 1 is another")
        checks = (f"{len(kinds)} joins compose a schedule of kind {kinds[-1]}",)
        return Conclusion(claim, claim.rate, None, False, checks)


def read_composition_property(number_field: Field, data: dict[str, Any]) -> CompositionPropertyClaim:
    """The claim in a JSON object."""
    reading.fields(data, "the claim", ("kind", "joins", "property"))
    instructions = []
    for item in reading.items(data["joins"], "joins"):
        kind, *operands = reading.items(item, "a join") or [None]
        if not isinstance(kind, str) or not all(isinstance(operand, (str, int)) for operand in operands):
            raise FormatError("a join is a list of its name and its operands")
        instructions.append((kind, *operands))
    for member in ScheduleProperty:
        if member.value == data["property"]:
            return CompositionPropertyClaim(tuple(instructions), member, number_field)
    raise FormatError(f"unknown property of a schedule {str(data['property'])[:40]!r}")


def write_composition_property(claim: CompositionPropertyClaim) -> dict[str, Any]:
    """The members of the JSON object of a claim."""
    return {"joins": [list(instruction) for instruction in claim.instructions], "property": claim.name.value}


def read_tree_proof(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> TreeProof:
    """The proof in a JSON object."""
    reading.fields(data, "the proof", ("kind",))
    if not isinstance(claim, CompositionPropertyClaim):
        raise FormatError("a proof by a tree needs a claim about a property of a composition")
    return TreeProof(claim, provenance)


def write_tree_proof(proof: TreeProof) -> dict[str, Any]:
    """The members of the JSON object of a proof: none."""
    return {}
