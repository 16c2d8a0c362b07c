"""Proofs of other shapes than a multiplier identity, as JSON data.

A new kind of proof is a class with `claim`, `provenance` and `prove`, one reader, one writer and one line
in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pepkit.kernel import (
    angle_maps,
    balanced_flow,
    bias_flow,
    constant_step_cover,
    descent_maps,
    effective_rank,
    injectivity,
    line_networks,
    linear_network_identities,
    maximal_margin,
    random_injectivity,
    reading,
    schedule_cover,
)
from pepkit.kernel.arcsine import EqualisationProof, read_equalisation, write_equalisation
from pepkit.kernel.certificate import Proof
from pepkit.kernel.claims import Claim
from pepkit.kernel.composition import CompositionClaim
from pepkit.kernel.composition_proof import CompositionProof
from pepkit.kernel.composition_properties import TreeProof, read_tree_proof, write_tree_proof
from pepkit.kernel.errors import FormatError
from pepkit.kernel.lipschitz_data import PROOFS as LIPSCHITZ_PROOFS
from pepkit.kernel.moving_claims import PROOFS as MOVING_PROOFS
from pepkit.kernel.network_data import PROOFS as NETWORK_PROOFS
from pepkit.kernel.numbers import Field
from pepkit.kernel.pattern_proof import (
    StraightforwardProof,
    read_straightforward_proof,
    write_straightforward_proof,
)
from pepkit.kernel.quadratics import (
    BernsteinProof,
    PellProof,
    read_bernstein_proof,
    read_pell_proof,
    write_bernstein_proof,
    write_pell_proof,
)

__all__ = ["KINDS", "read_proof", "write_proof"]

Reader = Callable[[Field, Claim, dict[str, Any], Mapping[str, Any]], Proof]


def _read_composition(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> CompositionProof:
    reading.fields(data, "the proof", ("kind",), ("roots",))
    if not isinstance(claim, CompositionClaim):
        raise FormatError("a proof by composition needs a claim about a composition")
    roots = None
    if "roots" in data:
        roots = tuple(number_field.read(value) for value in reading.items(data["roots"], "roots"))
    return CompositionProof(claim, roots, provenance)


def _write_composition(proof: CompositionProof) -> dict[str, Any]:
    if proof.roots is None:
        return {}
    return {"roots": [proof.claim.field.write(proof.claim.field.coerce(value)) for value in proof.roots]}


KINDS: dict[str, tuple[type, Reader, Callable[[Any], dict[str, Any]]]] = {
    "composition": (CompositionProof, _read_composition, _write_composition),
    **NETWORK_PROOFS,
    **LIPSCHITZ_PROOFS,
    **MOVING_PROOFS,
    "positive-dependencies": (
        injectivity.PositiveDependencies,
        injectivity.read_dependencies,
        injectivity.write_dependencies,
    ),
    "planar-sectors": (injectivity.PlanarSectors, injectivity.read_sectors, lambda proof: {}),
    "collision": (injectivity.Collision, injectivity.read_collision, injectivity.write_collision),
    "sign-change": (
        random_injectivity.SignChange,
        random_injectivity.read_sign_change,
        random_injectivity.write_sign_change,
    ),
    "sign-count": (random_injectivity.SignCount, random_injectivity.read_sign_count, lambda proof: {}),
    "ball-evaluation": (angle_maps.BallEvaluation, angle_maps.read_evaluation, lambda proof: {}),
    "taylor-enclosure": (balanced_flow.TaylorEnclosure, balanced_flow.read_enclosure, balanced_flow.write_enclosure),
    "covering-graph": (descent_maps.CoveringGraph, descent_maps.read_graph, descent_maps.write_graph),
    "orbit-evaluation": (descent_maps.OrbitEvaluation, descent_maps.read_orbit_evaluation, lambda proof: {}),
    "gram-evaluation": (effective_rank.GramEvaluation, effective_rank.read_gram_evaluation, lambda proof: {}),
    "expansion": (linear_network_identities.Expansion, linear_network_identities.read_expansion, lambda proof: {}),
    "bernstein": (BernsteinProof, read_bernstein_proof, write_bernstein_proof),
    "equalisation": (EqualisationProof, read_equalisation, write_equalisation),
    "composition-property": (TreeProof, read_tree_proof, write_tree_proof),
    "pell": (PellProof, read_pell_proof, write_pell_proof),
    "kink-evaluation": (line_networks.KinkEvaluation, line_networks.read_evaluation, lambda proof: {}),
    "bending-triples": (line_networks.BendingTriples, line_networks.read_triples, line_networks.write_triples),
    "trapping-box": (bias_flow.TrappingBox, bias_flow.read_box, bias_flow.write_box),
    "step-cover": (constant_step_cover.StepCover, constant_step_cover.read_cover, constant_step_cover.write_cover),
    "schedule-cover": (schedule_cover.ScheduleCover, schedule_cover.read_cover, schedule_cover.write_cover),
    "margin-enclosure": (
        maximal_margin.MarginEnclosure,
        maximal_margin.read_enclosure,
        maximal_margin.write_enclosure,
    ),
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
