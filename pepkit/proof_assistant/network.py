"""A Lipschitz constant of an exact network as a Coq file: its weights in integers, a multiplier for each neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from flint import fmpq

from pepkit.kernel import RATIONALS, Certificate, claim_digest, digest
from pepkit.kernel.certificate import residual_of
from pepkit.kernel.network_proofs import LipschitzProof
from pepkit.kernel.networks import Layer
from pepkit.proof_assistant.hints import semidefinite_hints
from pepkit.proof_assistant.instance import Instance, packed_list
from pepkit.proof_assistant.ring import Ring

__all__ = ["network_instance"]


def network_instance(proof: LipschitzProof) -> Instance:
    """The Coq file for a proof of a Lipschitz constant; ExportError if the residual is not shown to be semidefinite."""
    return _Writer(proof).instance()


@dataclass
class _Writer:
    proof: LipschitzProof
    lines: list[str] = field(default_factory=list)

    def instance(self) -> Instance:
        proof, claim = self.proof, self.proof.claim
        network, ring = claim.network, Ring(RATIONALS)
        certificate = Certificate(claim, proof.multipliers)
        _, matrix, hints = residual_of(certificate, claim.slopes_statement())
        units = [_unit(layer) for layer in network.layers]
        given = proof.multipliers.get("slopes", {})
        values, position = [], 0
        for layer, unit in zip(network.hidden, units, strict=False):
            for _ in range(layer.outputs):
                values.append(RATIONALS.coerce(given.get((position,), 0)) / fmpq(unit**3))
                position += 1
        last = fmpq(units[-1] ** 2)
        found = semidefinite_hints(matrix, hints, RATIONALS, ring, [1] * len(matrix), [claim.rate, 1 / last, *values])
        self.lines = [
            f"(* Written by pepkit from the certificate {digest(proof)}\n   of the claim {claim_digest(claim)}. *)",
            "From Pep Require Import Instance Listed Network.",
            "",
        ]
        names = []
        for k, (layer, unit) in enumerate(zip(network.layers, units, strict=True)):
            names.append(f"layer_{k}")
            self.lines.append(f"Definition layer_{k} : layer := {_layer_term(layer, unit)}.")
        numerator, denominator = int((found.factor * claim.rate).p), int((found.factor / last).p)
        multipliers = self._packed("multiplier", [int((found.factor * value).p) for value in values])
        kernel = [
            f"({pivot}%nat, decode ({self._packed(f'kernel_{k}', [int(a.p) for a in vector])}))"
            for k, (pivot, vector) in enumerate(found.kernel)
        ]
        columns = [
            f"integer_column integers ({self._packed(f'column_{k}', column)})" if column else "[]"
            for k, column in enumerate(found.columns)
        ]
        hidden = f"[{'; '.join(names[:-1])}]"
        rate = ring.real(claim.rate)
        self.lines += [
            f"Definition kernel : list (nat * list Z) := [{'; '.join(kernel)}].",
            f"Definition columns : list (list Z) := [{'; '.join(columns) if any(found.columns) else ''}].",
            f"Lemma accepted : lipschitz_check {network.inputs} {hidden} {names[-1]}",
            f"  ({numerator})%Z ({denominator})%Z (decode ({multipliers})) kernel columns = true.",
            "Proof. vm_cast_no_check (eq_refl true). Qed.",
            "",
        ]
        quantifiers = (
            f"forall x y : list R, length x = {network.inputs}%nat -> length y = {network.inputs}%nat ->\n"
            f"  let f := network {hidden} {names[-1]} in\n"
        )
        theorem = f"{quantifiers}  squared_distance (f x) (f y) <= {rate} * squared_distance x y"
        constant = f"{quantifiers}  distance (f x) (f y) <= sqrt ({rate}) * distance x y"
        self.lines += [
            f"Theorem rate : {theorem}.",
            "Proof.",
            "  intros x y Hx Hy f. unfold f.",
            f"  refine (lipschitz_sound _ _ _ _ _ _ _ _ accepted ({rate}) _ x y Hx Hy).",
            f"  unfold {names[-1]}. cbn [unit]. lra.",
            "Qed.",
            f"Theorem lipschitz : {constant}.",
            f"Proof. intros x y Hx Hy f. apply (distance_bound ({rate})); [lra|exact (rate x y Hx Hy)]. Qed.",
            "Print Assumptions lipschitz.",
            "",
        ]
        definitions = tuple(line[11:-1] for line in self.lines if line.startswith("Definition layer_"))
        return Instance("\n".join(self.lines), constant, found.factor.bit_length(), definitions)

    def _packed(self, name: str, numbers: list[int]) -> str:
        definitions, term = packed_list(name, numbers)
        self.lines += definitions
        return term


def _unit(layer: Layer) -> int:
    """A common denominator of all numbers of a layer."""
    numbers = [a for row in layer.weights for a in row] + list(layer.bias) + list(layer.slopes or ())
    return math.lcm(*(int(a.q) for a in numbers))


def _layer_term(layer: Layer, unit: int) -> str:
    def integers(values: tuple[fmpq, ...]) -> str:
        return f"[{'; '.join(_literal(int((unit * a).p)) for a in values)}]"

    rows = ";\n   ".join(integers(row) for row in layer.weights)
    slopes = integers(layer.slopes) if layer.slopes is not None else "[]"
    return f"(Layer {unit}\n  [{rows}]\n  {integers(layer.bias)}\n  {slopes})%Z"


def _literal(value: int) -> str:
    return f"({value})" if value < 0 else str(value)
