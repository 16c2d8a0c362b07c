"""Straightforward patterns: found, proved, and every change that matters refused."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from jsonschema import Draft202012Validator

from pepkit.kernel import (
    RATIONALS,
    CertificateError,
    ClaimError,
    FormatError,
    StraightforwardClaim,
    StraightforwardProof,
    certificate_from_text,
    certificate_to_text,
    check,
    load,
)
from pepkit.pep import gradient_descent
from pepkit.schema import schema
from pepkit.straightforward import PatternError, published_pattern, published_patterns, straightforward

AVERAGES = {3: "79/30", 7: "16/5", 15: "193/50", 31: "1427/310", 63: "1646/315", 127: "741/127"}


@pytest.fixture(scope="module")
def three() -> StraightforwardProof:
    return straightforward(3).certificate


@pytest.mark.parametrize("length", published_patterns())
def test_published_averages(length: int) -> None:
    steps = published_pattern(length)
    assert len(steps) == length
    if length in AVERAGES:
        numerator, _, denominator = AVERAGES[length].partition("/")
        assert sum(steps, fmpq(0)) / length == fmpq(int(numerator), int(denominator))


@pytest.mark.parametrize("length", [2, 3, 7, 15])
def test_published_patterns_are_proved(length: int) -> None:
    found = straightforward(length)
    assert found.claim.threshold == fmpq(1, 10000)
    assert found.theorem.rate * found.average == 1
    again = certificate_from_text(certificate_to_text(found.certificate))
    assert again == found.certificate
    assert check(again).rate == found.theorem.rate


@pytest.mark.parametrize("length", [63, pytest.param(127, marks=pytest.mark.slow)])
def test_long_published_patterns_are_proved(length: int) -> None:
    found = straightforward(length)
    assert found.claim.threshold >= fmpq(1, 10**9)
    assert found.claim.field.text(found.average) == AVERAGES[length]
    again = certificate_from_text(certificate_to_text(found.certificate))
    assert check(again).rate * found.average == 1


def test_a_long_pattern_with_too_long_steps_is_refused() -> None:
    steps = list(published_pattern(63))
    steps[31] = fmpq(200)
    with pytest.raises(PatternError, match="no multipliers with a margin"):
        straightforward(steps)


def test_theorem_holds_on_a_worst_case() -> None:
    # the bound is attained to second order by a long linear function: f_t = f_0 - S g^2, f_0 = delta R^2
    found = straightforward(3)
    total, slope = found.claim.total, fmpq(1, 20000)
    start = slope - slope * slope / 2  # Huber function of threshold `slope`, started at distance 1
    final = start - total * slope * slope
    bound = start - total * start * start
    assert final <= bound
    assert bound - final < total * slope**3 * 2


def test_property_fails_for_a_large_threshold() -> None:
    with pytest.raises(PatternError, match="no certificate"):
        straightforward(15, "1/200")


def test_long_steps_are_refused() -> None:
    with pytest.raises(PatternError) as caught:
        straightforward(["1.5", "5.2", "1.5"])
    assert len(caught.value.attempts) == 4


@pytest.mark.parametrize("part", ["base", "slope"])
def test_every_multiplier_matters(three: StraightforwardProof, part: str) -> None:
    values = dict(getattr(three, part))
    for index, value in values.items():
        for other in (value + fmpq(1, 2**40), -value, fmpq(0)):
            with pytest.raises((CertificateError, FormatError)):
                check(replace(three, **{part: {**values, index: other}}))


def test_claim_mutations(three: StraightforwardProof) -> None:
    claim = three.claim
    for k in range(3):
        for change in (fmpq(1, 10**6), -fmpq(1, 10**6)):
            steps = tuple(h + change if i == k else h for i, h in enumerate(claim.steps))
            with pytest.raises(CertificateError):
                check(replace(three, claim=StraightforwardClaim(RATIONALS, steps, claim.threshold)))
    # the multipliers are affine in delta: a smaller threshold is a weaker theorem, a far larger one is false
    assert check(replace(three, claim=StraightforwardClaim(RATIONALS, claim.steps, claim.threshold / 2)))
    with pytest.raises(CertificateError):
        check(replace(three, claim=StraightforwardClaim(RATIONALS, claim.steps, fmpq(1, 20))))


def test_base_multipliers_leave_the_minimiser_out(three: StraightforwardProof) -> None:
    # adding Q_{*0} + Q_{0*} keeps all function values and the signs
    base = {**three.base, (0, 4): fmpq(1, 100), (4, 0): fmpq(1, 100)}
    with pytest.raises(CertificateError, match="minimiser"):
        check(replace(three, base=base))


def test_negative_multipliers_at_one_end(three: StraightforwardProof) -> None:
    slope = dict(three.slope)
    # a circulation keeps the balance of function values
    for index in ((0, 1), (1, 0)):
        slope[index] = slope.get(index, fmpq(0)) - 30000
    with pytest.raises(CertificateError, match="negative at delta"):
        check(replace(three, slope=slope))


def test_semidefiniteness_is_checked_at_both_ends(three: StraightforwardProof) -> None:
    slope = dict(three.slope)
    for index in ((0, 3), (3, 0)):
        # within the sign condition only the matrix at the threshold notices
        slope[index] = slope.get(index, fmpq(0)) + 3000
    with pytest.raises(CertificateError, match="matrix at delta = 1/10000"):
        check(replace(three, slope=slope))


@pytest.mark.parametrize(
    ("steps", "threshold", "message"),
    [
        ((), "1/100", "between 1"),
        (("1", "-1"), "1/100", "positive sum"),
        (("1",), "0", "threshold of a pattern is positive"),
        (("1",), "-1", "threshold of a pattern is positive"),
        (("1", "1"), "1/3", "exceeds 1/"),
    ],
)
def test_claims_that_make_no_sense(steps: tuple[str, ...], threshold: str, message: str) -> None:
    numbers = tuple(RATIONALS.read(h) for h in steps)
    with pytest.raises(ClaimError, match=message):
        StraightforwardClaim(RATIONALS, numbers, RATIONALS.read(threshold))


def test_file_mutations(three: StraightforwardProof, tmp_path: Path) -> None:
    data = json.loads(certificate_to_text(three))
    validator = Draft202012Validator(schema())
    validator.validate(data)

    def refused(change: Any, by_schema: bool) -> None:
        other = copy.deepcopy(data)
        change(other)
        assert validator.is_valid(other) is not by_schema
        path = tmp_path / "mutated.json"
        path.write_text(json.dumps(other))
        with pytest.raises((FormatError, ClaimError, CertificateError)):
            check(load(path))

    refused(lambda d: d["proof"].update(kind="other"), True)
    refused(lambda d: d["proof"].update(more=[]), True)
    refused(lambda d: d["proof"].pop("slope"), True)
    refused(lambda d: d["proof"]["base"].reverse(), False)
    refused(lambda d: d["proof"]["base"].append([0, 1, "0"]), False)
    refused(lambda d: d["proof"]["base"].insert(0, [0, 0, "1"]), False)
    refused(lambda d: d["proof"]["slope"].append([9, 1, "1"]), False)
    refused(lambda d: d["claim"].update(threshold="2"), False)
    refused(lambda d: d["claim"].update(rate="1"), True)
    refused(lambda d: d.update(multipliers={}), True)
    claim = gradient_descent([1], rate="1/6").with_rate(fmpq(1, 6))
    other = json.loads(certificate_to_text(three))
    from pepkit.kernel.claim_data import write_claim

    other["claim"] = write_claim(claim)
    with pytest.raises(FormatError, match="belongs to a claim"):
        certificate_from_text(json.dumps(other))
