"""Proofs about networks: case distinctions with linear relaxations, Gram identities, points.

Every proof may carry an input (a pair of inputs) at which the network is evaluated exactly; it bounds the claimed
number from the other side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq, fmpq_mat

from pepkit.kernel.certificate import Certificate, Conclusion, residual_of
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.network_claims import (
    Atom,
    NetworkBound,
    NetworkCounterexample,
    NetworkLipschitz,
    NetworkProperty,
    claim_of_kind,
)
from pepkit.kernel.network_relaxation import Cell, EmptyCell, Relaxation, VerifiedRelaxation
from pepkit.kernel.network_statements import lifted_statement
from pepkit.kernel.networks import ZERO, Vector
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.kernel.statement import Index, Statement

__all__ = [
    "BranchingProof",
    "Goal",
    "GramBoundProof",
    "InputSplit",
    "Leaf",
    "LipschitzProof",
    "PointProof",
    "SignSplit",
]

Multipliers = Mapping[str, Mapping[Index, Any]]

MAX_SPLITS = 1000
"""Most splits on the way to a case; every case on the way keeps a box and a list of signs."""


@dataclass(frozen=True)
class InputSplit:
    """Cases x_coordinate <= value (first) and >= value (second)."""

    coordinate: int
    value: fmpq


@dataclass(frozen=True)
class SignSplit:
    """Cases argument of the neuron <= 0 (first) and >= 0 (second)."""

    layer: int
    neuron: int


@dataclass(frozen=True)
class Goal:
    """How one polyhedron is excluded on a cell: a combination of its atoms, bounded by lines.

    Parameters
    ----------
    lines
        Index of the lines that bound the combination, -1 for interval arithmetic.
    weights
        Non-negative multipliers, one for each atom; all zero where the cell itself is shown to be empty.
    """

    lines: int
    weights: Vector


@dataclass(frozen=True)
class Leaf:
    """A cell that is settled by one relaxation: one goal for each polyhedron (for the bound, one in all)."""

    relaxation: Relaxation
    goals: tuple[Goal, ...]


@dataclass(frozen=True)
class BranchingProof:
    """A tree of cases in preorder: a split is followed by its first and then its second subtree.

    For `NetworkBound` and `NetworkProperty`. On a leaf every polyhedron of the region is excluded: its atoms
    a_m . y + b_m . x <= c_m with weights w_m >= 0 satisfy max over the cell of -sum w_m (a_m . y + b_m . x - c_m) < 0.
    The bound c . y <= rate is the case of one atom -c . y <= -rate, where 0 may be attained.
    """

    claim: NetworkBound | NetworkProperty
    nodes: tuple[InputSplit | SignSplit | Leaf, ...]
    point: Vector | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def leaves(self) -> int:
        """Number of leaves of the tree."""
        return sum(isinstance(node, Leaf) for node in self.nodes)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkBound, NetworkProperty)
        if isinstance(claim, NetworkBound):
            if claim.rate is None:
                raise ClaimError("the claim states no bound")
            region: tuple[tuple[Atom, ...], ...] = ((Atom(tuple(-c for c in claim.objective), (), -claim.rate),),)
        else:
            region = claim.region
        pending = [(Cell(claim.box), 0)]
        empty = 0
        for number, node in enumerate(self.nodes):
            if not pending:
                raise FormatError("the tree of cases has more nodes than its splits make")
            cell, depth = pending.pop()
            if isinstance(node, Leaf):
                try:
                    self._settle(cell, node, region)
                except EmptyCell:
                    empty += 1
                except CertificateError as error:
                    raise CertificateError(f"case {number}: {error}") from None
            else:
                if depth == MAX_SPLITS:
                    raise FormatError(f"case {number} is split after {MAX_SPLITS} splits on the way to it")
                first, second = self._cases(cell, node)
                pending += [(second, depth + 1), (first, depth + 1)]
        if pending:
            raise FormatError("the tree of cases ends before all cases are settled")
        checks = [
            f"{self.leaves} case{'s cover' if self.leaves > 1 else ' covers'} the box"
            + (f", {empty} of them without inputs" if empty else ""),
            "every bound of a hidden neuron follows from the layers before it",
            "the bound holds in every case" if isinstance(claim, NetworkBound) else "no case meets the region",
        ]
        lower, tight = None, False
        if self.point is not None:
            lower, tight = _value_at(claim, self.point, checks)
        return Conclusion(claim, claim.rate, lower, tight, tuple(checks))

    def _cases(self, cell: Cell, node: InputSplit | SignSplit) -> tuple[Cell, Cell]:
        if isinstance(node, InputSplit):
            try:
                first, second = cell.box.halves(node.coordinate, node.value)
            except ClaimError as error:
                raise CertificateError(f"a split of the input box: {error}") from None
            return Cell(first, cell.signs), Cell(second, cell.signs)
        hidden = self.claim.network.hidden
        if not (0 <= node.layer < len(hidden) and 0 <= node.neuron < hidden[node.layer].outputs):
            raise FormatError(f"there is no neuron {node.neuron} of hidden layer {node.layer}")
        key = (node.layer, node.neuron)
        if key in cell.signs:
            raise CertificateError(f"the sign of neuron {node.neuron} of hidden layer {node.layer} is split twice")
        return Cell(cell.box, {**cell.signs, key: -1}), Cell(cell.box, {**cell.signs, key: 1})

    def _settle(self, cell: Cell, leaf: Leaf, region: Sequence[Sequence[Atom]]) -> None:
        network = self.claim.network
        verified = leaf.relaxation.verify(network, cell)
        if len(leaf.goals) != len(region):
            raise FormatError(f"a case has {len(leaf.goals)} goals for {len(region)} polyhedra")
        for number, (goal, atoms) in enumerate(zip(leaf.goals, region, strict=True)):
            if len(goal.weights) != len(atoms):
                raise FormatError(f"goal {number} has {len(goal.weights)} weights for {len(atoms)} inequalities")
            if any(w < 0 for w in goal.weights):
                raise CertificateError(f"a weight of goal {number} is negative")
            value = self._excess(verified, goal, atoms)
            attained = isinstance(self.claim, NetworkBound) and any(goal.weights)
            if value > 0 or (value == 0 and not attained):
                raise CertificateError(
                    f"goal {number} is not proved: the relaxation leaves {str(value)[:60]}, "
                    f"which must be {'at most' if attained else 'below'} 0"
                )

    def _excess(self, verified: VerifiedRelaxation, goal: Goal, atoms: Sequence[Atom]) -> Any:
        network = self.claim.network
        outputs = [ZERO] * network.outputs
        inputs = [ZERO] * network.inputs
        constant = ZERO
        for weight, atom in zip(goal.weights, atoms, strict=True):
            if not weight:
                continue
            outputs = [a - weight * c for a, c in zip(outputs, atom.outputs, strict=True)]
            if atom.inputs:
                inputs = [a - weight * c for a, c in zip(inputs, atom.inputs, strict=True)]
            constant = constant + weight * atom.bound
        extra = fmpq_mat(1, network.inputs, inputs) if any(inputs) else None
        rows = fmpq_mat(1, network.outputs, outputs)
        return verified.upper_bounds(len(network.layers) - 1, rows, goal.lines, extra)[0] + constant


def _value_at(claim: NetworkBound | NetworkProperty, point: Vector, checks: list[str]) -> tuple[Any, bool]:
    """The value at an input of the box and whether it equals the bound."""
    if not isinstance(claim, NetworkBound):
        raise FormatError("a proof of a property carries no input")
    if point not in claim.box:
        raise CertificateError("the given input does not lie in the box")
    value = claim.value(point)
    if value > claim.rate:
        raise CertificateError("the network exceeds the bound at the given input: the proof or the kernel is wrong")
    checks.append("the network was evaluated exactly at the given input")
    return value, bool(value == claim.rate)


def _prove_identity(
    claim: NetworkBound | NetworkLipschitz, multipliers: Multipliers, statement: Statement
) -> list[str]:
    """Prove rate * normaliser - measure >= 0 from the hypotheses of the statement."""
    count, matrix, _ = residual_of(Certificate(claim, multipliers), statement)
    names = [statement.vectors[v].name for v in statement.basis]
    prove_positive_semidefinite(matrix, statement.field, names)
    return [
        f"{count} multipliers have the right sign",
        f"the residual is positive semidefinite ({len(matrix)} x {len(matrix)})",
    ]


@dataclass(frozen=True)
class GramBoundProof:
    """An output bound from the lifted statement, with bounds of hidden neurons proved by a relaxation."""

    claim: NetworkBound
    relaxation: Relaxation
    multipliers: Multipliers
    point: Vector | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkBound)
        if claim.rate is None:
            raise ClaimError("the claim states no bound")
        try:
            verified = self.relaxation.verify(claim.network, Cell(claim.box))
        except EmptyCell:
            raise CertificateError("the bounds of a hidden neuron are crossed") from None
        statement = lifted_statement(claim.network, claim.box, verified.bounds, claim.objective)
        checks = ["every bound of a hidden neuron follows from the layers before it"]
        checks += _prove_identity(claim, self.multipliers, statement)
        lower, tight = None, False
        if self.point is not None:
            lower, tight = _value_at(claim, self.point, checks)
        return Conclusion(claim, claim.rate, lower, tight, tuple(checks))


@dataclass(frozen=True)
class LipschitzProof:
    """A Lipschitz constant from one multiplier for each neuron, and a pair of inputs that bounds it below."""

    claim: NetworkLipschitz
    multipliers: Multipliers
    pair: tuple[Vector, Vector] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkLipschitz)
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        checks = _prove_identity(claim, self.multipliers, claim.slopes_statement())
        lower, tight = None, False
        if self.pair is not None:
            first, second = self.pair
            if not len(first) == len(second) == claim.network.inputs:
                raise FormatError("the pair of inputs does not fit the network")
            lower = claim.quotient(first, second)
            if lower > claim.rate:
                raise CertificateError("the pair of inputs exceeds the proved constant: the kernel is wrong")
            tight = bool(lower == claim.rate)
            checks.append("the network was evaluated exactly at the pair of inputs")
        return Conclusion(claim, claim.rate, lower, tight, tuple(checks))


@dataclass(frozen=True)
class PointProof:
    """An input of the box whose value lies in the region."""

    claim: NetworkCounterexample
    point: Vector
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkCounterexample)
        if self.point not in claim.box:
            raise CertificateError("the given input does not lie in the box")
        if not claim.holds_at(self.point):
            raise CertificateError("the value of the network at the given input lies outside the region")
        checks = ("the input lies in the box", "the network was evaluated exactly and its value lies in the region")
        return Conclusion(claim, None, None, False, checks)
