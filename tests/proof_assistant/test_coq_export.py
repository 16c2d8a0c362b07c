"""The Coq file: read back by an independent reader, which runs the check of the theory on it."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import sample_certificates as samples
from instance_reader import accepted

from pepkit.kernel import Certificate
from pepkit.proof_assistant import ExportError, coq_instance
from pepkit.proof_assistant.coq import assumptions
from pepkit.proof_assistant.errors import CoqError


def test_the_check_accepts_every_instance(certificates: dict[str, Certificate]) -> None:
    for name, certificate in certificates.items():
        assert accepted(coq_instance(certificate).source), name


def test_the_check_accepts_without_hints(certificates: dict[str, Certificate]) -> None:
    # the kernel of a singular residual is found again where the certificate does not name it
    for name in ("constant/constant-1-N003", "obs-f-N003", "kappa-10-N002"):
        full = certificates[name]
        assert full.kernel
        bare = Certificate(full.claim, full.multipliers, (), full.witness)
        assert accepted(coq_instance(bare).source), name


@pytest.mark.parametrize("name", ["constant/constant-1-N003", "silver/silver-N003", "obs-f-N003"])
def test_every_changed_number_is_refused(name: str, certificates: dict[str, Certificate]) -> None:
    source = coq_instance(certificates[name]).source
    lists = re.findall(r"Definition (?:interpolation|infimum|smallest|kernel|rate)\w+ := \(\[(.*)\]\)%uint63", source)
    changes = 0
    for body in lists:
        words = body.split(";")
        for k, word in enumerate(words):
            if len(word) > 3:  # a digit of a number, not an index or a header
                wrong = ";".join([*words[:k], str(int(word) ^ 1), *words[k + 1 :]])
                assert not accepted(source.replace(body, wrong, 1)), (body, k)
                changes += 1
    assert changes > 0
    lower = re.sub(r"Definition K := (\(quadratic )2\)", r"Definition K := \g<1>3)", source)
    assert lower == source or not accepted(lower)


def test_columns_matter(certificates: dict[str, Certificate]) -> None:
    source = coq_instance(certificates["silver/silver-N003"]).source
    assert not accepted(re.sub(r"(Definition column_1_0 := \(\[2;)\d+", r"\g<1>7", source))
    without = re.sub(r"Definition columns (.*?):= \[.*?\]\.", r"Definition columns \1:= [].", source, flags=re.S)
    assert not accepted(without)


def test_statements() -> None:
    def body(certificate: Certificate) -> list[str]:
        return coq_instance(certificate).theorem.splitlines()

    assert body(samples.rational()) == [
        "forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->",
        "  convex f -> gradient f g -> lipschitz g L ->",
        "  forall x_star, minimiser f x_star -> forall x0,",
        "  let x := gradient_descent L g x0 [1; 1; 1] in",
        "  f (final x) - f x_star <= 1/14 * L * norm2 (x0 - x_star)",
    ]
    assert body(samples.strongly_convex())[1:] == [
        "  strongly_convex (1/2 * L) f -> gradient f g -> lipschitz g L ->",
        "  forall x_star, minimiser f x_star -> forall x0,",
        "  let x := gradient_descent L g x0 [1] in",
        "  norm2 (final x - x_star) <= 1/4 * norm2 (x0 - x_star)",
    ]
    assert body(samples.hypoconvex())[1:] == [
        "  gradient f g -> lipschitz g L ->",
        "  forall f_star, (forall y, f_star <= f y) -> forall x0,",
        "  let x := gradient_descent L g x0 [1] in",
        "  smallest_gradient g x <= 2 * L * (f x0 - f_star)",
    ]


def test_fields_in_statements(certificates: dict[str, Certificate]) -> None:
    silver = coq_instance(certificates["silver/silver-N003"]).theorem
    assert "[(sqrt 2); 2; (sqrt 2)]" in silver
    assert "<= (-5/14 + 2/7 * sqrt 2) * L *" in silver
    general = coq_instance(samples.cubic_field())
    assert "alpha^3 = 2 + 0 * alpha + 0 * alpha^2" in general.theorem
    assert "Theorem root_exists" in general.source
    assert accepted(general.source)


def test_nothing_of_the_proof_enters_the_statement(certificates: dict[str, Certificate]) -> None:
    full = certificates["silver/silver-N003"]
    other = Certificate(full.claim, full.multipliers, (), None, {"note": "*) Axiom a : False. (*"})
    assert coq_instance(other).theorem == coq_instance(full).theorem
    assert "Axiom" not in coq_instance(other).source


def test_what_has_no_counterpart() -> None:
    with pytest.raises(ExportError, match="no counterpart"):
        coq_instance(SimpleNamespace(claim=SimpleNamespace()))  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="primitive element"):
        coq_instance(samples.radical_field())


def test_answers_of_coq() -> None:
    assert assumptions("Closed under the global context\n") == {}
    # two theorems in one file: what either of them assumes, whatever the order
    assert assumptions("Closed under the global context\nAxioms:\na : b\n") == {"a": "b"}
    assert assumptions("Axioms:\na : b\nAxioms:\nc : d\n") == {"a": "b", "c": "d"}
    answer = "Axioms:\nsig_forall_dec\n  : forall P : nat -> Prop,\n    P\nint : Set\nClassical_Prop.classic : y\n"
    names = {"sig_forall_dec": "forall P : nat -> Prop, P", "int": "Set", "Classical_Prop.classic": "y"}
    assert assumptions(answer) == names
    with pytest.raises(CoqError):
        assumptions("")
