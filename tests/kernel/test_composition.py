"""The proof by composition: what it accepts, and that no changed digit slips through."""

import json

import pytest
from flint import fmpq

from pepkit.kernel import (
    RATIONALS,
    CertificateError,
    ClaimError,
    CompositionClaim,
    CompositionProof,
    FormatError,
    InitialCondition,
    Measure,
    NumberField,
    PepkitError,
    SmoothFunctionClass,
    certificate_from_text,
    certificate_to_text,
    check,
    digest,
)

ROOT_TWO = NumberField([-2, 0, 1], (1, 2))
RHO = 1 + ROOT_TWO.generator
SILVER = (("s", "empty", "empty"), ("s", 0, 0), ("s", 1, 1))
ZERO = fmpq(0)
F, G, X = Measure.FUNCTION_VALUE, Measure.GRADIENT_NORM, Measure.DISTANCE
FROM_X, FROM_F = InitialCondition.DISTANCE, InitialCondition.FUNCTION_VALUE


def exact_silver():
    claim = CompositionClaim(ROOT_TWO, SmoothFunctionClass(), SILVER, rate=1 / (4 * RHO**3 - 2))
    return CompositionProof(claim, (RHO, RHO**2, RHO**3), {"from": "a formula"})


def enclosed(instructions, rate, mu=ZERO, measure=F, initial=FROM_X):
    return CompositionProof(CompositionClaim(RATIONALS, SmoothFunctionClass(mu), instructions, measure, initial, rate))


def strongly_convex():
    """One closed step: h = 2/(1 + m), with the exact contraction ((1 - m)/(1 + m))^2."""
    claim = CompositionClaim(
        RATIONALS, SmoothFunctionClass(fmpq(1, 10)), (("close", "empty"),), X, FROM_X, fmpq(81, 121)
    )
    return CompositionProof(claim, ())


def test_silver_is_tight():
    theorem = check(exact_silver())
    assert theorem.tight and theorem.lower == theorem.rate
    assert "7 steps of the composition s(s(s(., .), s(., .)), s(s(., .), s(., .)))" in str(theorem)


def test_rates_of_all_kinds():
    tenth = fmpq(1, 10)
    table = [
        ((("f", "empty", "empty"),), fmpq(0), F, FROM_X, 0.125),
        ((("g", "empty", "empty"),), fmpq(0), G, FROM_F, 0.5),
        ((("s", "empty", "empty"), ("f", 0, "empty")), fmpq(0), F, FROM_X, 0.06594597645),
        ((("s", "empty", "empty"), ("f", "empty", 0)), fmpq(0), F, FROM_X, 0.0686917638495),
        ((("s", "empty", "empty"), ("close", 0)), tenth, X, FROM_X, 0.401032645554),
        ((("f", "empty", "empty"),), tenth, F, FROM_X, 0.106079858305),
        ((("s", "empty", "empty"), ("f", 0, "empty")), tenth, F, FROM_X, 0.0455855052027),
        ((("g", "empty", "empty"),), tenth, G, FROM_F, 4 * 0.106079858305),
        ((("close", "empty"), ("then", 0, 0)), tenth, X, FROM_X, 0.669421487603**2),
    ]
    for instructions, mu, measure, initial, value in table:
        theorem = check(enclosed(instructions, fmpq(3), mu, measure, initial))
        assert float(theorem.lower.p) / float(theorem.lower.q) == pytest.approx(value, rel=2e-5)


def test_a_rate_below_the_worst_case_is_refused():
    for proof in (exact_silver(), strongly_convex(), enclosed(SILVER, fmpq(1, 10))):
        worst = check(proof).lower
        smaller = worst - (ROOT_TWO.coerce(1) if proof.claim.field == ROOT_TWO else fmpq(1)) / 10**12
        with pytest.raises(CertificateError, match="larger than the claimed rate"):
            check(CompositionProof(proof.claim.with_rate(smaller), proof.roots))


def test_enclosures_refine_until_they_decide():
    worst = 1 / (4 * RHO**3 - 2)
    low, _ = ROOT_TWO.scaled_enclosure(worst, 900)
    above, below = fmpq(low + 2, 2**900), fmpq(low - 1, 2**900)
    assert not check(enclosed(SILVER, above)).tight
    with pytest.raises(CertificateError, match="larger than the claimed rate"):
        check(enclosed(SILVER, below))


def test_rational_weights_are_exact():
    theorem = check(enclosed((("f", "empty", "empty"),), fmpq(1, 8)))
    assert theorem.tight and theorem.rate == fmpq(1, 8)


@pytest.mark.parametrize(
    "roots",
    [(), (RHO, RHO**2), (RHO, RHO**2, RHO**3, RHO**4), (RHO, RHO**2, RHO**2), (1 - ROOT_TWO.generator, RHO**2, RHO**3)],
)
def test_false_roots_are_refused(roots):
    with pytest.raises(CertificateError, match=r"\broots?\b"):
        check(CompositionProof(exact_silver().claim, roots))


@pytest.mark.parametrize(
    "instructions",
    [
        (),
        (("s", "empty"),),
        (("s", 0, "empty"),),
        (("s", "empty", "empty"), ("s", 0, 1)),
        (("s", "empty", "empty"), ("s", -1, 0)),
        (("s", "empty", "empty"), ("s", True, "empty")),
        (("s", "empty", "empty"), ("s", "empty", "empty")),
        (("s", "empty", "empty"), ("f", "empty", "empty")),
        (("h", "empty", "empty"),),
        (("s", "none", "empty"),),
        ((),),
        tuple([("s", "empty", "empty")] + [("s", i, i) for i in range(70)]),
    ],
)
def test_malformed_trees_are_refused(instructions):
    with pytest.raises(ClaimError):
        check(enclosed(instructions, fmpq(1)))


@pytest.mark.parametrize(
    ("instructions", "mu", "measure", "initial"),
    [
        ((("f", "empty", "empty"), ("s", 0, "empty")), fmpq(0), F, FROM_X),
        ((("f", "empty", "empty"), ("f", 0, "empty")), fmpq(0), F, FROM_X),
        ((("s", "empty", "empty"), ("g", 0, "empty")), fmpq(0), G, FROM_F),
        ((("close", "empty"),), fmpq(0), X, FROM_X),
        ((("s", "empty", "empty"),), fmpq(0), G, FROM_F),
        ((("f", "empty", "empty"),), fmpq(0), G, FROM_X),
        ((("g", "empty", "empty"),), fmpq(0), F, FROM_X),
        ((("s", "empty", "empty"),), fmpq(1, 10), F, FROM_X),
        ((("s", "empty", "empty"), ("f", "empty", 0)), fmpq(1, 10), F, FROM_X),
        ((("close", "empty"), ("s", 0, "empty")), fmpq(1, 10), X, FROM_X),
        ((("close", "empty"),), fmpq(1, 10), F, FROM_X),
        ((("close", "empty"),), fmpq(-1, 10), X, FROM_X),
        ((("close", "empty"),), fmpq(1), X, FROM_X),
    ],
)
def test_what_the_rules_do_not_say_is_refused(instructions, mu, measure, initial):
    with pytest.raises(ClaimError):
        check(enclosed(instructions, fmpq(10), mu, measure, initial))


def test_long_exact_numbers_are_refused():
    """Squaring a rational 40 times would fill the memory; enclosures do without."""
    instructions = (("close", "empty"), *(("then", i, i) for i in range(40)))
    claim = CompositionClaim(RATIONALS, SmoothFunctionClass(fmpq(1, 10)), instructions, X, FROM_X, fmpq(1, 10))
    with pytest.raises(ClaimError, match="too long"):
        check(CompositionProof(claim, ()))
    assert check(CompositionProof(claim)).lower == 0


@pytest.mark.parametrize("proof", [exact_silver(), strongly_convex(), enclosed(SILVER, fmpq(18421542319, 10**12))])
def test_files(proof):
    text = certificate_to_text(proof)
    again = certificate_from_text(text)
    assert again == proof and certificate_to_text(again) == text and digest(again) == digest(proof)
    assert check(again).rate == check(proof).rate


@pytest.mark.parametrize("proof", [exact_silver(), strongly_convex(), enclosed(SILVER, fmpq(18421542319, 10**12))])
def test_no_changed_digit_slips_through(proof):
    """Every digit of the file in turn: an error, or a theorem that is weaker than the true one."""
    text = certificate_to_text(proof)
    truth = check(proof)
    accepted = 0
    for position, character in enumerate(text):
        if not character.isdigit():
            continue
        for replacement in "0123456789":
            if replacement == character:
                continue
            changed = text[:position] + replacement + text[position + 1 :]
            try:
                theorem = check(certificate_from_text(changed))
            except PepkitError:
                continue
            accepted += 1
            field = theorem.claim.field
            assert field.sign(theorem.rate - theorem.lower) >= 0
            if theorem.claim.function_class == truth.claim.function_class and field == truth.claim.field:
                assert theorem.claim.instructions == truth.claim.instructions or proof.roots is None
                if theorem.claim.instructions == truth.claim.instructions:
                    assert field.sign(theorem.rate - truth.lower) >= 0
    assert accepted < 150


def mutated(change):
    data = json.loads(certificate_to_text(exact_silver()))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["proof"].update(kind="belief"),
        lambda d: d["proof"].update(extra=1),
        lambda d: d["proof"].update(roots="all"),
        lambda d: d["proof"].update(roots=[0.5]),
        lambda d: d.pop("proof"),
        lambda d: d.update(multipliers={}),
        lambda d: d["claim"].update(kind="method"),
        lambda d: d["claim"].update(joins={}),
        lambda d: d["claim"]["joins"].append("s"),
        lambda d: d["claim"]["joins"].append([["s"], 0, 0]),
        lambda d: d["claim"]["joins"].append(["s", 0, None]),
        lambda d: d["claim"].update(measure="f"),
        lambda d: d["claim"].pop("rate"),
    ],
)
def test_malformed_files_are_refused(change):
    with pytest.raises((FormatError, ClaimError)):
        check(certificate_from_text(mutated(change)))


def test_a_claim_of_another_kind_is_not_proved_by_a_tree():
    text = mutated(
        lambda d: d.update(
            claim={
                "kind": "method",
                "class": {"L": "L", "mu/L": "0"},
                "method": {"type": "gradient-descent", "steps": ["1"]},
                "measure": F.value,
                "initial": FROM_X.value,
                "rate": "1",
            }
        )
    )
    with pytest.raises(FormatError, match="needs a claim about a composition"):
        certificate_from_text(text)
