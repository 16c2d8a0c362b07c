"""Claims about quadratics and arcsine steps: proved, and every change that matters refused."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.algebra import to_float
from pepkit.kernel import (
    RATIONALS,
    CertificateError,
    ClaimError,
    FormatError,
    RadicalField,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.kernel.arcsine import ArcsineClaim, EqualisationProof
from pepkit.kernel.quadratics import BernsteinProof, PellProof, QuadraticClaim, step_polynomial
from pepkit.quadratics import certify_arcsine, certify_quadratic
from pepkit.schedules import chebyshev, constant, silver


def values(steps, mu, count=4001):
    t = np.linspace(mu, 1, count)
    return np.prod([1 - h * t for h in steps], axis=0)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 21])
@pytest.mark.parametrize("kappa", [2, 10, 1000])
def test_chebyshev_steps_are_extremal(steps, kappa):
    found = certify_quadratic(chebyshev(steps, fmpq(1, kappa)), fmpq(1, kappa))
    assert isinstance(found.certificate, PellProof) and found.theorem.claim.extremal and found.theorem.tight
    m = 1 / kappa
    expected = 1 / math.cosh(steps * math.acosh((1 + m) / (1 - m)))
    assert to_float(found.theorem.claim.field, found.rate) == pytest.approx(expected, rel=1e-12)
    again = certificate_from_text(certificate_to_text(found.certificate))
    assert check(again).rate == found.rate


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fractions(-1, 4, max_denominator=9), min_size=1, max_size=7), st.integers(2, 60))
def test_rates_of_any_steps(steps, kappa):
    found = certify_quadratic(steps, fmpq(1, kappa))
    largest = np.abs(values([float(h) for h in steps], 1 / kappa)).max()
    rate = to_float(RATIONALS, found.rate)
    assert largest * (1 - 1e-12) <= rate <= largest * 1.0005
    assert not found.theorem.claim.extremal or len(steps) == 1
    if found.theorem.tight:
        assert rate == pytest.approx(largest, rel=1e-9)


def test_nothing_contracts_faster_than_the_extremal_polynomial():
    found = certify_quadratic(chebyshev(2, "1/10"), "1/10")
    rate = to_float(found.theorem.claim.field, found.rate)
    rng = np.random.default_rng(3)
    for _ in range(200):
        assert np.abs(values(rng.uniform(0.5, 10, 2), 0.1)).max() > rate


def test_every_change_is_refused():
    proof = certify_quadratic(chebyshev(3, "1/10"), "1/10").certificate
    claim = proof.claim
    for position, value in enumerate(proof.factor):
        factor = (*proof.factor[:position], value + fmpq(1, 10**12), *proof.factor[position + 1 :])
        with pytest.raises(CertificateError, match="fails"):
            check(replace(proof, factor=factor))
    with pytest.raises(FormatError):
        check(replace(proof, factor=proof.factor[:-1]))
    for rate in (claim.rate * (1 - fmpq(1, 10**12)), claim.rate * (1 + fmpq(1, 10**12))):
        with pytest.raises(CertificateError):
            check(replace(proof, claim=claim.with_rate(rate)))
    for position in range(3):
        steps = list(claim.steps)
        steps[position] = steps[position] + fmpq(1, 10**12)
        changed = QuadraticClaim(claim.field, claim.mu_over_L, tuple(steps), claim.rate, True)
        with pytest.raises(CertificateError):
            check(replace(proof, claim=changed))
    with pytest.raises(CertificateError):
        check(replace(proof, claim=QuadraticClaim(claim.field, fmpq(1, 11), claim.steps, claim.rate, True)))
    with pytest.raises(CertificateError, match="do not show"):
        check(BernsteinProof(claim))


def test_a_step_that_does_nothing_is_not_extremal():
    # (1 - t 4/3)^1 with a second step of zero: the identity holds for degree 1 only
    one = certify_quadratic(chebyshev(1, "1/2"), "1/2").certificate
    padded = QuadraticClaim(RATIONALS, fmpq(1, 2), (one.claim.steps[0], fmpq(0)), one.claim.rate, True)
    with pytest.raises(CertificateError):
        check(PellProof(padded, (*one.factor, fmpq(0))))


def test_bounds_of_other_steps():
    claim = QuadraticClaim(RATIONALS, fmpq(1, 4), (fmpq(1), fmpq(2)), fmpq(3, 8))
    # p = (1 - t)(1 - 2t): 3/8 at the left end, -1/8 at 3/4
    assert check(BernsteinProof(claim)).tight
    with pytest.raises(CertificateError, match="exceeds"):
        check(BernsteinProof(claim.with_rate(fmpq(3, 8) - fmpq(1, 10**9))))
    inside = QuadraticClaim(RATIONALS, fmpq(1, 2), (fmpq(1), fmpq(2)), fmpq(1, 8))
    # attained at 3/4, the end of two parts of the bisection
    assert check(BernsteinProof(inside)).rate == fmpq(1, 8)
    with pytest.raises(CertificateError, match="exceeds"):
        check(BernsteinProof(inside.with_rate(fmpq(1, 8) - fmpq(1, 10**12))))
    # p = (1 - t)(1 - 3t/2) touches -1/24 at 5/6, which no bisection of [1/2, 1] meets
    touching = QuadraticClaim(RATIONALS, fmpq(2, 3), (fmpq(1), fmpq(3, 2)), fmpq(1, 24))
    assert check(BernsteinProof(touching)).rate == fmpq(1, 24)
    elsewhere = QuadraticClaim(RATIONALS, fmpq(3, 5), (fmpq(1), fmpq(3, 2)), fmpq(1, 24))
    with pytest.raises(CertificateError, match="too close"):
        check(BernsteinProof(elsewhere))


def test_claims_that_make_no_sense():
    for mu in (0, 1, "-1/2"):
        with pytest.raises(ClaimError, match="0 < mu < L"):
            certify_quadratic(constant(2), mu)
    with pytest.raises(ClaimError, match="positive"):
        QuadraticClaim(RATIONALS, fmpq(1, 2), (fmpq(1),), fmpq(0))
    with pytest.raises(ClaimError, match="between 1 and"):
        QuadraticClaim(RATIONALS, fmpq(1, 2), ())
    with pytest.raises(ClaimError, match="number field"):
        QuadraticClaim(RadicalField([("sqrt", "2")]), fmpq(1, 2), (fmpq(1),))
    with pytest.raises(ClaimError, match="no rate"):
        BernsteinProof(QuadraticClaim(RATIONALS, fmpq(1, 2), (fmpq(1),))).prove()


def test_files_are_read_strictly():
    text = certificate_to_text(certify_quadratic(silver(3), "1/9").certificate)
    data = json.loads(text)
    for change in ({"extremal": 1}, {"extremal": None}, {"mu/L": "2"}, {"steps": []}, {"extra": "1"}):
        changed = {**data, "claim": {**data["claim"], **change}}
        with pytest.raises((FormatError, ClaimError)):
            certificate_from_text(json.dumps(changed))


def test_step_polynomial():
    assert step_polynomial(RATIONALS, (fmpq(1), fmpq(2))) == [1, -3, 2]


@pytest.mark.parametrize("kappa", [4, 10, 100, 1000])
def test_arcsine_steps(kappa):
    found = certify_arcsine(fmpq(1, kappa))
    rate = to_float(found.theorem.claim.field, found.rate)
    assert rate == pytest.approx((math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1), rel=1e-14)
    # the expectation by a quadrature at Chebyshev nodes
    m = 1 / kappa
    inverse = (1 + m) / 2 + (1 - m) / 2 * np.cos(np.pi * (np.arange(200000) + 0.5) / 200000)
    for t in (m, 0.3, 0.71, 1.0):
        assert np.mean(np.log(np.abs(1 - t / inverse))) == pytest.approx(math.log(rate), abs=2e-4)
    again = certificate_from_text(certificate_to_text(found.certificate))
    assert check(again).rate == found.rate


def test_arcsine_changes_are_refused():
    claim = certify_arcsine("1/9").certificate.claim
    assert claim.rate == fmpq(1, 2)
    for rate in (fmpq(1, 2) + fmpq(1, 10**12), fmpq(1, 3)):
        with pytest.raises(CertificateError):
            check(EqualisationProof(claim.with_rate(rate)))
    with pytest.raises(CertificateError):
        check(EqualisationProof(ArcsineClaim(RATIONALS, fmpq(1, 10), claim.rate)))
    # 2 solves the equation too, but is no contraction
    with pytest.raises(ClaimError, match="between 0 and 1"):
        claim.with_rate(fmpq(2))
    with pytest.raises(ClaimError, match="0 < mu < L"):
        certify_arcsine(1)
