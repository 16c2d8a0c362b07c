"""The last gradient over f(x_0) - f_* for compositions of kind s, in closed form."""

from dataclasses import replace

import pytest
from flint import fmpq
from hypothesis import given, settings
from trees import trees

from pepkit.algebra import to_float
from pepkit.closed_form import certify_composition
from pepkit.kernel import CertificateError, ClaimError, InitialCondition, Measure, check
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.schedules import composition, tree
from pepkit.schedules.primitive_gradient import primitive_gradient_certificate

# 2/(2 rho^k - 1) of the silver schedule
SILVER = {1: 0.522407749927, 3: 0.187672642712, 7: 0.073686169273, 15: 0.029876999903, 31: 0.012268103205}


@pytest.mark.parametrize("steps", SILVER)
def test_silver(steps):
    theorem = check(primitive_gradient_certificate(composition("silver", steps)))
    assert to_float(theorem.claim.field, theorem.rate) == pytest.approx(SILVER[steps], rel=1e-10)


@settings(max_examples=20, deadline=None)
@given(trees("s", largest=8))
def test_random_trees(composed):
    theorem = check(primitive_gradient_certificate(composed))
    expected = 2 / (2 * composed.sum() + 1)
    assert to_float(theorem.claim.field, theorem.rate) == pytest.approx(expected, rel=1.1e-9)


@pytest.mark.parametrize("text", ["s(., s(., .))", "s(s(., .), s(., .))"])
def test_a_solver_agrees(text):
    found = primitive_gradient_certificate(tree(text))
    dual = solve_dual(found.claim, "all-pairs", SolveRequest("clarabel", 1e-10), lambda *_: None)
    assert dual.rate == pytest.approx(to_float(found.claim.field, found.claim.rate), rel=1e-7)


def test_result_has_its_worst_case():
    result = certify_composition(
        composition("silver", 7), measure=Measure.GRADIENT_NORM, initial=InitialCondition.FUNCTION_VALUE, sympy=False
    )
    assert result.tight and result.solver == "none"
    long = certify_composition(
        composition("silver", 63), measure=Measure.GRADIENT_NORM, initial=InitialCondition.FUNCTION_VALUE, sympy=False
    )
    assert not long.tight and long.excess < 1.1e-9


def test_changes_are_refused():
    found = primitive_gradient_certificate(composition("silver", 3))
    values = found.multipliers["interpolation"]
    for index, value in values.items():
        with pytest.raises(CertificateError):
            check(replace(found, multipliers={"interpolation": {**values, index: value + fmpq(1, 10**9)}}))
    with pytest.raises(CertificateError):
        check(replace(found, claim=found.claim.with_rate(found.claim.rate * (1 - fmpq(1, 10**9)))))


def test_other_kinds_are_refused():
    with pytest.raises(ClaimError, match="kind s"):
        primitive_gradient_certificate(tree("f(., .)"))
