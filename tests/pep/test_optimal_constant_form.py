"""The low-rank certificate of the optimal constant step."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from flint import fmpq

from pepkit.algebra import exact, to_float
from pepkit.closed_form import certify_optimal_constant
from pepkit.kernel import CertificateError, ClaimError, certificate_from_text, certificate_to_text, check
from pepkit.pep.optimal_constant_form import optimal_constant_certificate
from pepkit.schedules import optimal_constant

DATA = Path(__file__).parent.parent / "data" / "constant_step_optimal.csv"
ROWS = {int(row["n"]): row for row in csv.DictReader(DATA.open())}


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10, 20])
def test_rates(steps):
    h = optimal_constant(steps).numbers[0]
    found = optimal_constant_certificate(h, steps)
    theorem = check(certificate_from_text(certificate_to_text(found)))
    worst = 1 / (4 * steps * optimal_constant(steps).floats()[0] + 2)
    assert worst * (1 - 1e-13) < to_float(theorem.claim.field, theorem.rate) < worst * (1 + 1.1e-9)
    assert worst == pytest.approx(float(ROWS[steps]["rate"]), rel=1e-9)


def test_the_support_is_that_of_the_low_rank_certificate():
    found = optimal_constant_certificate(optimal_constant(4).numbers[0], 4)
    upper = {(i, j) for i in range(5) for j in range(i + 1, 5)}
    back = {(i + 1, i) for i in range(3)}
    # (i, *) come from the definite part
    star = {(5, j) for j in range(5)} | {(j, 5) for j in range(5)}
    assert set(found.multipliers["interpolation"]) == upper | back | star


def test_result_with_worst_case():
    result = certify_optimal_constant(6, sympy=False)
    assert result.solver == "none" and 0 < result.excess < 1.1e-9
    assert certify_optimal_constant(1, sympy=False).rate == fmpq(1, 8)
    assert certify_optimal_constant(33) is None


def test_changes_are_refused():
    found = optimal_constant_certificate(optimal_constant(3).numbers[0], 3)
    values = found.multipliers["interpolation"]
    for index, value in values.items():
        with pytest.raises(CertificateError):
            check(replace(found, multipliers={"interpolation": {**values, index: value + fmpq(1, 10**9)}}))
    with pytest.raises(CertificateError):
        check(replace(found, claim=found.claim.with_rate(found.claim.rate * (1 - fmpq(1, 10**8)))))


def test_other_steps_are_refused():
    with pytest.raises(ClaimError, match="not the optimal"):
        optimal_constant_certificate(exact("8/5"), 3)
    with pytest.raises(ClaimError, match="1 to 32"):
        optimal_constant_certificate(exact("3/2"), 40)
