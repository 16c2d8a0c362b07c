"""Proofs of other shapes than a multiplier identity, as JSON data.

A new kind of proof is a class with `claim`, `provenance` and `prove`, one reader, one writer and one line
in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pepkit.kernel.certificate import Proof
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import FormatError
from pepkit.kernel.numbers import Field
from pepkit.kernel.pattern_proof import (
    StraightforwardProof,
    read_straightforward_proof,
    write_straightforward_proof,
)

__all__ = ["KINDS", "read_proof", "write_proof"]

Reader = Callable[[Field, Claim, dict[str, Any], Mapping[str, Any]], Proof]

KINDS: dict[str, tuple[type, Reader, Callable[[Any], dict[str, Any]]]] = {
    "straightforward": (StraightforwardProof, read_straightforward_proof, write_straightforward_proof),
}
"""Kind in the file -> (type, reader, writer)."""


def read_proof(number_field: Field, claim: Claim, data: object, provenance: Mapping[str, Any]) -> Proof:
    """The proof in the JSON object `data`; FormatError if it is none."""
    if not isinstance(data, dict):
        raise FormatError("the proof is not a JSON object")
    for kind, (_, reader, _) in KINDS.items():
        if data.get("kind") == kind:
            return reader(number_field, claim, data, provenance)
    raise FormatError(f"unknown kind of proof {str(data.get('kind'))[:40]!r}")


def write_proof(proof: Proof) -> dict[str, Any]:
    """The JSON object of a proof."""
    for kind, (cls, _, writer) in KINDS.items():
        if isinstance(proof, cls):
            return {"kind": kind, **writer(proof)}
    raise FormatError(f"a proof of type {type(proof).__name__} cannot be written to a file")
