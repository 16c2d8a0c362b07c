"""Lipschitz claims and proofs beyond LipSDP as JSON data: maximum norm, linear pieces, chains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pepkit.kernel import reading
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.linear_pieces import CUT, PIECE, Empty, PiecesProof
from pepkit.kernel.lipschitz_chain import ChainProof
from pepkit.kernel.maximum_norm import DifferenceProof, NetworkMaximumLipschitz
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.network_data import network_from_data, network_to_data, require_rationals
from pepkit.kernel.networks import Vector
from pepkit.kernel.numbers import Field, rational_from_text, rational_text

__all__ = ["CLAIMS", "PROOFS"]


def _vector(data: object, what: str) -> Vector:
    return tuple(rational_from_text(a) for a in reading.items(data, what))


def _read_claim(number_field: Field, data: dict[str, Any]) -> NetworkMaximumLipschitz:
    require_rationals(number_field)
    reading.fields(data, "the claim", ("kind", "network", "rate"))
    return NetworkMaximumLipschitz(network_from_data(data["network"]), rational_from_text(data["rate"]))


def _write_claim(claim: NetworkMaximumLipschitz) -> dict[str, Any]:
    if claim.rate is None:
        raise ClaimError("the claim states no bound")
    return {"network": network_to_data(claim.network), "rate": rational_text(claim.rate)}


def _read_pair(data: dict[str, Any]) -> tuple[Vector, Vector] | None:
    if "pair" not in data:
        return None
    points = [_vector(point, "an input") for point in reading.items(data["pair"], "the pair of inputs")]
    if len(points) != 2:
        raise FormatError("the pair of inputs does not have two entries")
    return points[0], points[1]


def _write_pair(pair: tuple[Vector, Vector] | None) -> dict[str, Any]:
    return {} if pair is None else {"pair": [[rational_text(a) for a in point] for point in pair]}


def _read_differences(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> DifferenceProof:
    if not isinstance(claim, NetworkMaximumLipschitz):
        raise FormatError("bounds of differences belong to a Lipschitz constant in the maximum norm")
    reading.fields(data, "the proof", ("kind",), ("pair",))
    return DifferenceProof(claim, _read_pair(data), provenance)


def _read_node(data: object) -> str | Empty:
    if data == CUT:
        return CUT
    if data == PIECE:
        return PIECE
    parts = reading.fields(data, "a cell", ("empty",))
    multipliers = []
    entries = reading.items(parts["empty"], "multipliers of a cell")
    for item in entries:
        number, value = reading.entry(item, 1, "a multiplier of a cell")
        multipliers.append((number, rational_from_text(value)))
    reading.increasing([(number,) for number, _ in multipliers], len(entries), "multipliers of a cell")
    return Empty(tuple(multipliers))


def _read_pieces(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> PiecesProof:
    if not isinstance(claim, (NetworkLipschitz, NetworkMaximumLipschitz)):
        raise FormatError("linear pieces belong to a Lipschitz constant of a network")
    reading.fields(data, "the proof", ("kind", "cells"), ("pair",))
    nodes = tuple(_read_node(node) for node in reading.items(data["cells"], "cells"))
    return PiecesProof(claim, nodes, _read_pair(data), provenance)


def _write_pieces(proof: PiecesProof) -> dict[str, Any]:
    cells: list[Any] = []
    for node in proof.nodes:
        if isinstance(node, Empty):
            cells.append({"empty": [[number, rational_text(m)] for number, m in node.multipliers]})
        else:
            cells.append(node)
    return {"cells": cells, **_write_pair(proof.pair)}


def _read_chain(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> ChainProof:
    if not isinstance(claim, NetworkLipschitz):
        raise FormatError("a chain of matrix inequalities belongs to a Euclidean Lipschitz constant")
    reading.fields(data, "the proof", ("kind", "links"), ("pair",))
    multipliers, matrices = [], []
    for item in reading.items(data["links"], "links"):
        link = reading.fields(item, "a link", ("multipliers", "matrix"))
        multipliers.append(_vector(link["multipliers"], "multipliers of a link"))
        rows = reading.items(link["matrix"], "the matrix of a link")
        matrices.append(tuple(_vector(row, "a row of the matrix of a link") for row in rows))
    return ChainProof(claim, tuple(multipliers), tuple(matrices), _read_pair(data), provenance)


def _write_chain(proof: ChainProof) -> dict[str, Any]:
    links = [
        {
            "multipliers": [rational_text(a) for a in t],
            "matrix": [[rational_text(a) for a in row] for row in rows],
        }
        for t, rows in zip(proof.multipliers, proof.matrices, strict=True)
    ]
    return {"links": links, **_write_pair(proof.pair)}


CLAIMS: dict[str, tuple[Any, Any, Any]] = {
    "network-lipschitz-maximum": (NetworkMaximumLipschitz, _read_claim, _write_claim),
}
"""Claims about Lipschitz constants, for the table of claim kinds."""

PROOFS: dict[str, tuple[Any, Any, Any]] = {
    "network-differences": (DifferenceProof, _read_differences, lambda proof: _write_pair(proof.pair)),
    "network-pieces": (PiecesProof, _read_pieces, _write_pieces),
    "network-lipschitz-chain": (ChainProof, _read_chain, _write_chain),
}
"""Proofs of Lipschitz constants, for the table of proof kinds."""
