"""Compositions, listed hypotheses and networks as Coq files: statements, proofs, and changes that Coq refuses."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import sample_certificates as samples
from coq_there import needs_coq
from flint import fmpq

from pepkit.kernel import Certificate, CompositionProof, Form, ListedClaim, Measure, check, load
from pepkit.kernel.statement import Vector
from pepkit.proof_assistant import CoqError, Instance, coq_instance
from pepkit.proof_assistant.coq import ALLOWED_AXIOMS, prove, prove_source
from pepkit.schedules import composition, tree
from pepkit.schedules.composition_proofs import composition_proof

EXAMPLES = Path(__file__).parents[2] / "proofs" / "examples"


@cache
def composed(name: str) -> CompositionProof:
    return {
        "silver": lambda: composition_proof(composition("silver", 7)),
        "obs-f, enclosed": lambda: composition_proof(composition("obs-f", 20)),
        "obs-s, gradients": lambda: composition_proof(composition("obs-s", 2), measure=Measure.SMALLEST_GRADIENT_NORM),
        "obs-g": lambda: composition_proof(composition("obs-g", 2)),
        "closed": lambda: composition_proof(tree("then(close(s(., .)), close(.))"), mu="1/10"),
        "strongly convex f": lambda: composition_proof(tree("f(s(., .), .)"), mu="1/10"),
        "strongly convex g": lambda: composition_proof(tree("g(., s(., .))"), mu="1/10"),
    }[name]()


COMPOSED = (
    "silver",
    "obs-f, enclosed",
    "obs-s, gradients",
    "obs-g",
    "closed",
    "strongly convex f",
    "strongly convex g",
)


def with_matrix() -> Certificate:
    """2 <u, v> <= |u|^2 + |v|^2, from the Gram matrix of u and v."""
    one, half = fmpq(1), fmpq(1, 2)
    square_u, square_v, product = Form({(0, 0): one}), Form({(1, 1): one}), Form({(0, 1): one})
    claim = ListedClaim(
        (Vector("u"), Vector("v")),
        (),
        (),
        (),
        (("Gram", ((square_u, product), (product, square_v))),),
        product,
        Form({(0, 0): half, (1, 1): half}),
        one,
        "the arithmetic and the geometric mean",
    )
    return Certificate(claim, {"matrix-inequalities": {(0,): ((half, -half), (-half, half))}})


def test_the_schedule_is_the_tree() -> None:
    instance = coq_instance(composed("silver"))
    assert instance.definitions == (
        "part_0 : schedule := s_join empty empty",
        "part_1 : schedule := s_join part_0 part_0",
        "part_2 : schedule := s_join part_1 part_1",
    )
    assert "gradient_descent L g x0 (steps part_2)" in instance.theorem
    assert "<= (-13/62 + 5/31 * sqrt 2) * L * norm2 (x0 - x_star)" in instance.theorem
    assert instance.sharp is not None
    assert instance.sharp.endswith("/ (2 * weight (s_as_f part_2)) <= rho")


def test_the_rate_of_the_claim_is_in_the_statement() -> None:
    proof = composed("obs-f, enclosed")
    rate = proof.claim.rate
    assert f"<= ({int(rate.p)}/{int(rate.q)}) * L" in coq_instance(proof).theorem
    # where the theory has no number, the rate is the expression of the tree
    assert "(/ (2 * weight part_1)) * L" in coq_instance(composed("strongly convex f")).theorem
    assert "(2 / weight part_1) * L" in coq_instance(composed("strongly convex g")).theorem


def test_listed_hypotheses_are_all_in_the_statement() -> None:
    text = coq_instance(with_matrix()).theorem
    assert "semidefinite_matrix [\n    [norm2 v0; inner v0 v1];\n    [inner v0 v1; norm2 v1]] ->" in text
    assert text.endswith("inner v0 v1 <= 1 * (1/2 * norm2 v0 + 1/2 * norm2 v1)")
    # nothing of a hostile name gets out of its comment
    hostile = coq_instance(samples.listed()).source
    assert "Axiom" not in hostile
    assert hostile.count("(*") == hostile.count("*)")
    assert "<script>" not in hostile


def test_the_weights_of_a_network_are_in_the_statement() -> None:
    instance = coq_instance(load(EXAMPLES / "network_lipschitz.json"))
    assert "Layer 4\n  [[4; (-2)];\n   [2; 4];\n   [(-4); 1]]\n  [0; 2; (-1)]\n  [0; 0; 0]" in instance.definitions[0]
    assert "distance (f x) (f y) <= sqrt (5770237196092301/1125899906842624) * distance x y" in instance.theorem


def test_examples_are_current() -> None:
    for name in ("network_lipschitz", "quadratics_matrix", "silver_1023_composition"):
        certificate = load(EXAMPLES / f"{name}.json")
        check(certificate)
        assert (EXAMPLES / f"{name}.v").read_text(encoding="utf-8") == coq_instance(certificate).source


@needs_coq
@pytest.mark.parametrize("name", COMPOSED)
def test_compositions_are_proved(name: str) -> None:
    theorem = prove(composed(name), timeout=300)
    assert set(theorem.axioms) <= ALLOWED_AXIOMS


@needs_coq
def test_matrices_and_networks_are_proved() -> None:
    for certificate in (with_matrix(), samples.listed(), load(EXAMPLES / "network_lipschitz.json")):
        check(certificate)
        assert set(prove(certificate, timeout=300).axioms) <= ALLOWED_AXIOMS


def refused(instance: Instance, old: str, new: str) -> None:
    changed = re.sub(old, new, instance.source, count=1)
    assert changed != instance.source, old
    with pytest.raises(CoqError):
        prove_source(changed, "", timeout=300)


@needs_coq
def test_changed_compositions_are_refused() -> None:
    instance = coq_instance(composed("silver"))
    refused(instance, r"number_1 : K := element K \[186;", "number_1 : K := element K [187;")
    refused(instance, r"<= \(-13/62 ", "<= (-14/62 ")
    refused(instance, r"rate_number : K := element K \[\(-13\);", "rate_number : K := element K [(-14);")
    refused(instance, "part_2 : schedule := s_join part_1 part_1", "part_2 : schedule := s_join part_1 part_0")


@needs_coq
def test_changed_matrices_and_networks_are_refused() -> None:
    listed = coq_instance(with_matrix())
    refused(listed, r"\[inner v0 v1; norm2 v1\]", "[inner v0 v1; norm2 v0]")
    refused(listed, r"<= 1 \* \(1/2", "<= 1 * (1/3")
    network = coq_instance(load(EXAMPLES / "network_lipschitz.json"))
    refused(network, r"\[2; 4\]", "[2; 9]")
    refused(network, r"<= 5770237196092301/", "<= 5770237196092300/")


@needs_coq
def test_sharp_results_end_in_both_directions(certificates: dict[str, Certificate]) -> None:
    instance = coq_instance(certificates["constant/constant-1-N003"])
    assert instance.sharp is not None
    assert instance.sharp.endswith("1/14 <= rho")
    assert prove(certificates["constant/constant-1-N003"], timeout=300).axioms
    refused(instance, r"  1/14 <= rho", "  1/13 <= rho")
    # a relaxed rate is attained by no function, and the file does not say that it is
    full = certificates["constant/constant-1-N003"]
    relaxed = Certificate(full.claim.with_rate(fmpq(1, 10)), full.multipliers)
    assert coq_instance(relaxed).sharp is None
