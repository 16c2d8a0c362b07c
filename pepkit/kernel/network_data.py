"""Network claims and proofs as JSON data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.network_claims import (
    Atom,
    NetworkBound,
    NetworkClaim,
    NetworkCounterexample,
    NetworkLipschitz,
    NetworkProperty,
)
from pepkit.kernel.network_proofs import (
    BranchingProof,
    Goal,
    GramBoundProof,
    InputSplit,
    Leaf,
    LipschitzProof,
    PointProof,
    SignSplit,
)
from pepkit.kernel.network_relaxation import LayerBounds, Lines, Relaxation
from pepkit.kernel.networks import Box, Layer, Network, Vector
from pepkit.kernel.numbers import Field, Rationals, rational_from_text, rational_text
from pepkit.kernel.statement import Index

__all__ = ["CLAIMS", "PROOFS", "network_from_data", "network_to_data", "require_rationals"]


def _vector(data: object, what: str) -> Vector:
    return tuple(rational_from_text(a) for a in reading.items(data, what))


def _numbers(values: Sequence[fmpq]) -> list[str]:
    return [rational_text(a) for a in values]


def _index(data: object, what: str) -> int:
    """An index of lines: -1 for interval arithmetic."""
    return -1 if isinstance(data, int) and data == -1 else reading.index(data, what)


def require_rationals(number_field: Field) -> None:
    """Refuse networks over other fields than Q."""
    if not isinstance(number_field, Rationals):
        raise FormatError("claims about networks are over the rationals")


# ---- networks and claims ---------------------------------------------------------------------------


def network_from_data(data: object) -> Network:
    """The network in JSON data: a list of layers ``{"weights": rows, "bias": numbers, "slopes": numbers}``."""
    layers = []
    for item in reading.items(data, "the network"):
        parts = reading.fields(item, "a layer", ("weights", "bias"), ("slopes",))
        layers.append(
            Layer(
                tuple(_vector(row, "a row of weights") for row in reading.items(parts["weights"], "weights")),
                _vector(parts["bias"], "a bias"),
                _vector(parts["slopes"], "slopes") if "slopes" in parts else None,
            )
        )
    return Network(tuple(layers))


def network_to_data(network: Network) -> list[dict[str, Any]]:
    """The JSON data of a network."""
    result = []
    for layer in network.layers:
        entry: dict[str, Any] = {"weights": [_numbers(row) for row in layer.weights], "bias": _numbers(layer.bias)}
        if layer.slopes is not None:
            entry["slopes"] = _numbers(layer.slopes)
        result.append(entry)
    return result


def _read_box(data: object) -> Box:
    parts = reading.fields(data, "the box", ("lower", "upper"))
    return Box(_vector(parts["lower"], "a box"), _vector(parts["upper"], "a box"))


def _write_box(box: Box) -> dict[str, Any]:
    return {"lower": _numbers(box.lower), "upper": _numbers(box.upper)}


def _read_bound(number_field: Field, data: dict[str, Any]) -> NetworkBound:
    require_rationals(number_field)
    reading.fields(data, "the claim", ("kind", "network", "box", "objective", "rate"))
    return NetworkBound(
        network_from_data(data["network"]),
        _read_box(data["box"]),
        _vector(data["objective"], "the objective"),
        rational_from_text(data["rate"]),
    )


def _write_bound(claim: NetworkBound) -> dict[str, Any]:
    return {
        "network": network_to_data(claim.network),
        "box": _write_box(claim.box),
        "objective": _numbers(claim.objective),
        "rate": _rate(claim),
    }


def _rate(claim: NetworkClaim) -> str:
    if claim.rate is None:
        raise ClaimError("the claim states no bound")
    return rational_text(claim.rate)


def _read_region(data: object) -> tuple[tuple[Atom, ...], ...]:
    region = []
    for part in reading.items(data, "the region"):
        atoms = []
        for item in reading.items(part, "a polyhedron"):
            entry = reading.fields(item, "an inequality", ("outputs", "bound"), ("inputs",))
            inputs = _vector(entry["inputs"], "inputs") if "inputs" in entry else ()
            if "inputs" in entry and not inputs:
                raise FormatError("the inputs of an inequality are an empty list; leave them out")
            atoms.append(Atom(_vector(entry["outputs"], "outputs"), inputs, rational_from_text(entry["bound"])))
        region.append(tuple(atoms))
    return tuple(region)


def _write_atom(atom: Atom) -> dict[str, Any]:
    entry: dict[str, Any] = {"outputs": _numbers(atom.outputs), "bound": rational_text(atom.bound)}
    if atom.inputs:
        entry["inputs"] = _numbers(atom.inputs)
    return entry


def _write_region_claim(claim: NetworkProperty | NetworkCounterexample) -> dict[str, Any]:
    return {
        "network": network_to_data(claim.network),
        "box": _write_box(claim.box),
        "region": [[_write_atom(atom) for atom in part] for part in claim.region],
    }


def _region_parts(number_field: Field, data: dict[str, Any]) -> tuple[Any, Any, Any]:
    require_rationals(number_field)
    reading.fields(data, "the claim", ("kind", "network", "box", "region"))
    return network_from_data(data["network"]), _read_box(data["box"]), _read_region(data["region"])


def _read_property(number_field: Field, data: dict[str, Any]) -> NetworkProperty:
    return NetworkProperty(*_region_parts(number_field, data))


def _read_counterexample(number_field: Field, data: dict[str, Any]) -> NetworkCounterexample:
    return NetworkCounterexample(*_region_parts(number_field, data))


def _read_lipschitz(number_field: Field, data: dict[str, Any]) -> NetworkLipschitz:
    require_rationals(number_field)
    reading.fields(data, "the claim", ("kind", "network", "rate"))
    return NetworkLipschitz(network_from_data(data["network"]), rational_from_text(data["rate"]))


def _write_lipschitz(claim: NetworkLipschitz) -> dict[str, Any]:
    return {"network": network_to_data(claim.network), "rate": _rate(claim)}


# ---- proofs ----------------------------------------------------------------------------------------


def _read_relaxation(data: object) -> Relaxation:
    parts = reading.fields(data, "a relaxation", ("lines", "layers"))
    lines = []
    for item in reading.items(parts["lines"], "lines"):
        entry = reading.fields(item, "a table of lines", ("lower", "upper"), ("limits",))
        limits = []
        for term in reading.items(entry.get("limits", []), "limits"):
            k, j, multiplier = reading.entry(term, 2, "a limit")
            limits.append((k, j, rational_from_text(multiplier)))
        reading.increasing([(k, j) for k, j, _ in limits], len(limits), "limits")
        lines.append(
            Lines(
                tuple(_vector(row, "slopes of lines") for row in reading.items(entry["lower"], "lower")),
                tuple(_vector(row, "slopes of lines") for row in reading.items(entry["upper"], "upper")),
                tuple(limits),
            )
        )
    layers = []
    for item in reading.items(parts["layers"], "layers"):
        entry = reading.fields(item, "bounds of a layer", ("lower", "upper", "lower-lines", "upper-lines"))
        lower, upper = _vector(entry["lower"], "lower"), _vector(entry["upper"], "upper")
        layers.append(
            LayerBounds(
                lower,
                upper,
                _read_indices(entry["lower-lines"], len(lower)),
                _read_indices(entry["upper-lines"], len(upper)),
            )
        )
    return Relaxation(tuple(lines), tuple(layers))


def _read_indices(data: object, size: int) -> tuple[int, ...]:
    """One index for all neurons, or a list."""
    if isinstance(data, list):
        return tuple(_index(i, "an index of lines") for i in data)
    return (_index(data, "an index of lines"),) * size


def _write_indices(indices: tuple[int, ...]) -> Any:
    return indices[0] if len(set(indices)) == 1 else list(indices)


def _write_relaxation(relaxation: Relaxation) -> dict[str, Any]:
    lines = []
    for table in relaxation.lines:
        entry: dict[str, Any] = {
            "lower": [_numbers(row) for row in table.lower],
            "upper": [_numbers(row) for row in table.upper],
        }
        if table.limits:
            entry["limits"] = [[k, j, rational_text(m)] for k, j, m in table.limits]
        lines.append(entry)
    layers = [
        {
            "lower": _numbers(bounds.lower),
            "upper": _numbers(bounds.upper),
            "lower-lines": _write_indices(bounds.lower_lines),
            "upper-lines": _write_indices(bounds.upper_lines),
        }
        for bounds in relaxation.layers
    ]
    return {"lines": lines, "layers": layers}


def _read_node(data: object) -> InputSplit | SignSplit | Leaf:
    if isinstance(data, dict) and "split" in data:
        reading.fields(data, "a split", ("split",))
        parts = reading.items(data["split"], "a split")
        if len(parts) == 3 and parts[0] == "input":
            return InputSplit(reading.index(parts[1], "a coordinate"), rational_from_text(parts[2]))
        if len(parts) == 3 and parts[0] == "sign":
            return SignSplit(reading.index(parts[1], "a layer"), reading.index(parts[2], "a neuron"))
        raise FormatError('a split is ["input", coordinate, value] or ["sign", layer, neuron]')
    entry = reading.fields(data, "a case", ("relaxation", "goals"))
    goals = []
    for item in reading.items(entry["goals"], "goals"):
        goal = reading.fields(item, "a goal", ("lines", "weights"))
        goals.append(Goal(_index(goal["lines"], "an index of lines"), _vector(goal["weights"], "weights")))
    return Leaf(_read_relaxation(entry["relaxation"]), tuple(goals))


def _write_node(node: InputSplit | SignSplit | Leaf) -> dict[str, Any]:
    if isinstance(node, InputSplit):
        return {"split": ["input", node.coordinate, rational_text(node.value)]}
    if isinstance(node, SignSplit):
        return {"split": ["sign", node.layer, node.neuron]}
    return {
        "relaxation": _write_relaxation(node.relaxation),
        "goals": [{"lines": goal.lines, "weights": _numbers(goal.weights)} for goal in node.goals],
    }


def _read_branching(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> BranchingProof:
    if not isinstance(claim, (NetworkBound, NetworkProperty)):
        raise FormatError("a proof by cases belongs to a bound or a property of a network")
    reading.fields(data, "the proof", ("kind", "cases"), ("point",))
    nodes = tuple(_read_node(node) for node in reading.items(data["cases"], "cases"))
    point = _vector(data["point"], "the input") if "point" in data else None
    return BranchingProof(claim, nodes, point, provenance)


def _write_branching(proof: BranchingProof) -> dict[str, Any]:
    data: dict[str, Any] = {"cases": [_write_node(node) for node in proof.nodes]}
    if proof.point is not None:
        data["point"] = _numbers(proof.point)
    return data


def _read_multipliers(data: object) -> dict[str, dict[Index, Any]]:
    if not isinstance(data, dict):
        raise FormatError("multipliers is not a JSON object")
    result: dict[str, dict[Index, Any]] = {}
    for name, entries in data.items():
        values: dict[Index, Any] = {}
        for item in reading.items(entries, "multipliers"):
            k, number = reading.entry(item, 1, "a multiplier")
            values[(k,)] = rational_from_text(number)
        reading.increasing(list(values), len(entries), f"multipliers of {name[:60]}")
        if not all(values.values()):
            raise FormatError("a multiplier is zero; leave it out")
        result[name] = values
    return result


def _write_multipliers(multipliers: Mapping[str, Mapping[Index, Any]]) -> dict[str, Any]:
    return {
        name: [[*index, rational_text(value)] for index, value in sorted(values.items()) if value]
        for name, values in sorted(multipliers.items())
    }


def _read_gram(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> GramBoundProof:
    if not isinstance(claim, NetworkBound):
        raise FormatError("a lifted proof belongs to an output bound of a network")
    reading.fields(data, "the proof", ("kind", "relaxation", "multipliers"), ("point",))
    point = _vector(data["point"], "the input") if "point" in data else None
    relaxation = _read_relaxation(data["relaxation"])
    return GramBoundProof(claim, relaxation, _read_multipliers(data["multipliers"]), point, provenance)


def _write_gram(proof: GramBoundProof) -> dict[str, Any]:
    data: dict[str, Any] = {
        "relaxation": _write_relaxation(proof.relaxation),
        "multipliers": _write_multipliers(proof.multipliers),
    }
    if proof.point is not None:
        data["point"] = _numbers(proof.point)
    return data


def _read_lipschitz_proof(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> LipschitzProof:
    if not isinstance(claim, NetworkLipschitz):
        raise FormatError("a Lipschitz proof belongs to a Lipschitz constant of a network")
    reading.fields(data, "the proof", ("kind", "multipliers"), ("pair",))
    pair = None
    if "pair" in data:
        points = [_vector(point, "an input") for point in reading.items(data["pair"], "the pair of inputs")]
        if len(points) != 2:
            raise FormatError("the pair of inputs does not have two entries")
        pair = (points[0], points[1])
    return LipschitzProof(claim, _read_multipliers(data["multipliers"]), pair, provenance)


def _write_lipschitz_proof(proof: LipschitzProof) -> dict[str, Any]:
    data: dict[str, Any] = {"multipliers": _write_multipliers(proof.multipliers)}
    if proof.pair is not None:
        data["pair"] = [_numbers(point) for point in proof.pair]
    return data


def _read_point(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> PointProof:
    if not isinstance(claim, NetworkCounterexample):
        raise FormatError("a point proves a counterexample")
    reading.fields(data, "the proof", ("kind", "point"))
    return PointProof(claim, _vector(data["point"], "the input"), provenance)


def _write_point(proof: PointProof) -> dict[str, Any]:
    return {"point": _numbers(proof.point)}


CLAIMS: dict[str, tuple[Any, Any, Any]] = {
    "network-bound": (NetworkBound, _read_bound, _write_bound),
    "network-property": (NetworkProperty, _read_property, _write_region_claim),
    "network-counterexample": (NetworkCounterexample, _read_counterexample, _write_region_claim),
    "network-lipschitz": (NetworkLipschitz, _read_lipschitz, _write_lipschitz),
}
"""Claims about networks, for the table of claim kinds."""

PROOFS: dict[str, tuple[Any, Any, Any]] = {
    "network-cases": (BranchingProof, _read_branching, _write_branching),
    "network-gram": (GramBoundProof, _read_gram, _write_gram),
    "network-lipschitz": (LipschitzProof, _read_lipschitz_proof, _write_lipschitz_proof),
    "network-point": (PointProof, _read_point, _write_point),
}
"""Proofs about networks, for the table of proof kinds."""
