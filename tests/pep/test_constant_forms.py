"""Closed forms of constant steps: every branch of the rates, against the formulas and a solver, and the kernel's word."""

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.algebra import to_float
from pepkit.closed_form import certify_constant
from pepkit.kernel import CertificateError, ClaimError, InitialCondition, Measure, check
from pepkit.pep import constant_certificate
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.schedules import constant_rates

F, G, X, LEAST = (
    Measure.FUNCTION_VALUE,
    Measure.GRADIENT_NORM,
    Measure.DISTANCE,
    Measure.SMALLEST_GRADIENT_NORM,
)
DISTANCE, VALUE, NORM = InitialCondition.DISTANCE, InitialCondition.FUNCTION_VALUE, InitialCondition.GRADIENT_NORM
PAIRS = [(F, DISTANCE), (G, VALUE), (G, DISTANCE), (X, DISTANCE)]


@pytest.mark.parametrize("steps", [1, 2, 4, 9])
@pytest.mark.parametrize("step", ["1/4", "1", "sqrt(2)", "19/10"])
@pytest.mark.parametrize("mu", ["0", "1/50", "1/5"])
def test_rates_of_all_branches(steps, step, mu):
    known = {(rate.measure, rate.initial): rate.value for rate in constant_rates(steps, step, mu)}
    for pair in PAIRS:
        found = constant_certificate(steps, step, mu=mu, measure=pair[0], initial=pair[1])
        if pair == (G, DISTANCE) and steps % 2 and (mu != "0" or step == "19/10"):
            assert found is None
            continue
        theorem = check(found)
        assert theorem.tight or (mu == "0" and pair == (X, DISTANCE))
        assert to_float(theorem.claim.field, theorem.rate) == pytest.approx(known[pair], rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 6),
    st.fractions(Fraction(1, 10), Fraction(39, 20), max_denominator=20),
    st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(1, 100)]),
    st.sampled_from([*PAIRS, (F, VALUE), (G, NORM), (LEAST, VALUE)]),
)
def test_a_solver_agrees(steps, step, mu, pair):
    found = constant_certificate(steps, step, mu=mu, measure=pair[0], initial=pair[1])
    if found is None:
        return
    claim = found.claim
    rate = to_float(claim.field, claim.rate)
    assert check(found).rate == claim.rate
    dual = solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-9), lambda *_: None)
    assert dual.rate == pytest.approx(rate, rel=1e-5, abs=1e-7)


def test_contractions_are_powers_of_one_step():
    # 2/(1 + m) with m = 1/9: (4/5)^(2N)
    for pair in ((X, DISTANCE), (F, VALUE), (G, NORM)):
        found = constant_certificate(5, "9/5", mu="1/9", measure=pair[0], initial=pair[1])
        assert check(found).rate == fmpq(4, 5) ** 10


def test_constant_functions_do_not_contract():
    assert check(constant_certificate(4, "19/10", measure=X)).rate == 1
    assert check(constant_certificate(4, "19/10", initial=VALUE)).rate == 1


def test_smallest_gradient():
    assert check(constant_certificate(3, "3/2", measure=LEAST, initial=VALUE)).rate == fmpq(2, 10)


def test_the_window_below_the_optimal_step():
    assert constant_certificate(2, "8/5") is None
    assert certify_constant(2, "8/5") is None
    assert constant_certificate(2, "79/50") is not None
    assert constant_certificate(2, "81/50") is not None


@pytest.mark.parametrize("pair", [(F, DISTANCE), (G, VALUE), (G, DISTANCE), (X, DISTANCE), (F, VALUE), (G, NORM)])
@pytest.mark.parametrize("step", ["1", "19/10"])
def test_changes_are_refused(pair, step):
    found = constant_certificate(2, step, mu="1/7", measure=pair[0], initial=pair[1])
    values = found.multipliers["interpolation"]
    for index, value in values.items():
        with pytest.raises(CertificateError):
            check(replace(found, multipliers={"interpolation": {**values, index: value + fmpq(1, 10**9)}}))
    with pytest.raises(CertificateError):
        check(replace(found, witness=None, claim=found.claim.with_rate(found.claim.rate * (1 - fmpq(1, 10**9)))))


def test_what_is_refused():
    for step in (0, 2, "5/2", -1):
        with pytest.raises(ClaimError, match="0 < h < 2"):
            constant_certificate(2, step)
    assert constant_certificate(129) is None
    assert constant_certificate(2, mu="-1/2") is None
    assert constant_certificate(2, measure=F, initial=NORM) is None
