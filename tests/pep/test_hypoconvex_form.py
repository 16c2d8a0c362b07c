"""Closed forms on hypoconvex functions: the solver's values, published constants, sharpness, where there is none."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from flint import fmpq

import pepkit
from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, ClaimError, check
from pepkit.labs.hedging_search import worst_case_value
from pepkit.pep.hypoconvex_form import hypoconvex_certificate


def rate(certificate: object) -> float:
    claim = certificate.claim  # type: ignore[attr-defined]
    return to_float(claim.field, claim.rate)


@pytest.mark.parametrize("seed", range(12))
def test_the_solver_finds_the_same(seed: int) -> None:
    draw = random.Random(seed)
    kappa = fmpq(draw.randint(2, 100), 100)
    steps = [fmpq(draw.randint(20, 150), 100) for _ in range(draw.randint(1, 4))]
    found = hypoconvex_certificate(steps, mu=-kappa)
    assert found is not None
    theorem = check(found)
    value = worst_case_value(steps, -kappa)
    # a certificate is never below; short steps behind long ones have worst cases of another form
    assert rate(found) >= value * (1 - 1e-7)
    if theorem.tight or all(h <= 1 for h in steps):
        assert rate(found) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5, 32])
@pytest.mark.parametrize(
    ("kappa", "first", "rest"), [("1/10", "3/2", "3/2"), ("6/100", "3/2", "8/5"), ("1/2", "6/5", "5/4")]
)
def test_sharp_for_every_number_of_steps(count: int, kappa: str, first: str, rest: str) -> None:
    steps = [first] + [rest] * (count - 1)
    found = hypoconvex_certificate(steps, mu=f"-{kappa}")
    assert found is not None and found.witness is not None and found.witness.dimension == count + 1
    theorem = check(found)
    assert theorem.tight and theorem.lower == theorem.rate
    # the published constant of one step, as it is printed, with k = mu/L
    k = -Fraction(kappa)
    parts = [h * (2 - h) * (2 - k * h) / (2 - (1 + k) * h) for h in map(Fraction, steps)]
    value = 2 / (1 + sum(parts))
    assert theorem.rate == fmpq(value.numerator, value.denominator)


def test_a_number_field() -> None:
    found = hypoconvex_certificate(["2/sqrt(3)"] * 3, mu=-1)
    assert found is not None
    theorem = check(found)
    assert theorem.tight and rate(found) == pytest.approx(1 / (0.5 + 4 / 3**0.5), rel=1e-12)


def test_where_there_is_none() -> None:
    # too long for a first step, but not for a later one
    assert hypoconvex_certificate(["8/5", "8/5"], mu="-6/100") is None
    assert hypoconvex_certificate(["3/2", "8/5"], mu="-6/100") is not None
    assert hypoconvex_certificate(["3/2", "199/100"], mu="-1/100") is None
    assert hypoconvex_certificate(["3/2", "5/2"], mu="-1/10") is None
    assert hypoconvex_certificate([1] * 129, mu=-1) is None
    with pytest.raises(ClaimError, match="mu < 0"):
        hypoconvex_certificate([1], mu=0)


def test_every_part_matters() -> None:
    found = hypoconvex_certificate(["3/2", "8/5", "8/5"], mu="-6/100")
    assert found is not None and check(found).tight
    for family, values in found.multipliers.items():
        for index, value in values.items():
            changed = {**found.multipliers, family: {**values, index: value * fmpq(100001, 100000)}}
            with pytest.raises(CertificateError):
                check(replace(found, multipliers=changed))
    with pytest.raises(CertificateError):
        check(replace(found, claim=found.claim.with_rate(found.claim.rate * fmpq(99999, 100000))))


def test_from_the_package() -> None:
    result = pepkit.certify_hypoconvex(["3/2"] * 20, mu="-L/10", sympy=True)
    assert result is not None and result.theorem.tight and "sympy" in result.checked_by
    # not proved sharp: only on request
    assert pepkit.certify_hypoconvex(["1/2", "3/2", "3/2"], mu="-1/10") is None
    flat = pepkit.certify_hypoconvex(["1/2", "3/2", "3/2"], mu="-1/10", form="flat")
    assert flat is not None and flat.theorem.rate == fmpq(1144, 3969)
