"""Flat certificates of compositions over no small field: accepted by the plain check, close, and fragile."""

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import trees

from pepkit.kernel import (
    CertificateError,
    ClaimError,
    GradientDescent,
    Measure,
    RadicalField,
    UndecidedError,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.kernel.composition import derived_rate
from pepkit.pep import gradient_descent
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.schedules import composition, composition_proof, tree
from pepkit.schedules.closed_forms import flat_multipliers
from pepkit.schedules.composition_proofs import measures
from pepkit.schedules.rounded_forms import midpoint, rounded_flat_certificate

KAPPAS = st.integers(2, 1000)


def as_fraction(number):
    low = number.field.scaled_enclosure(number, 300)[0] if hasattr(number, "field") else None
    return Fraction(low, 1 << 300) if low is not None else Fraction(int(number.p), int(number.q))


def exceeds_slightly(flat, tree, mu, measure, initial):
    proof = check(composition_proof(tree, mu=mu, measure=measure, initial=initial))
    worst = as_fraction(proof.lower)
    rate = as_fraction(flat.claim.rate)
    return worst < rate <= worst * (1 + Fraction(11, 10**10))


@settings(max_examples=12, deadline=None)
@given(trees("sfg", largest=9, promoted=True))
def test_convex_trees(composed):
    for measure, initial in measures(composed):
        if measure is Measure.SMALLEST_GRADIENT_NORM:
            continue
        flat = rounded_flat_certificate(composed, measure=measure, initial=initial)
        assert check(flat).rate == flat.claim.rate
        assert exceeds_slightly(flat, composed, 0, measure, initial)


@settings(max_examples=12, deadline=None)
@given(trees("fgc", largest=6), KAPPAS)
def test_strongly_convex_trees(composed, kappa):
    mu = Fraction(1, kappa)
    for measure, initial in measures(composed, False):
        flat = rounded_flat_certificate(composed, mu=mu, measure=measure, initial=initial)
        assert check(flat).rate == flat.claim.rate
        assert exceeds_slightly(flat, composed, mu, measure, initial)


@settings(max_examples=12, deadline=None)
@given(trees("sfgc", largest=4), KAPPAS, st.booleans())
def test_a_solver_agrees_on_random_trees(composed, kappa, convex):
    convex = composed.kind == "s" or (convex and composed.kind != "closed")
    curvature = 0 if convex else f"L/{kappa}"
    mu = 0.0 if convex else 1 / kappa
    measure, initial = measures(composed, convex)[0]
    claim = gradient_descent(composed.floats(mu), mu=curvature, measure=measure, initial=initial)
    dual = solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-10), lambda *_: None)
    assert dual.rate == pytest.approx(
        derived_rate(composed.weights(mu).block, convex, measure, initial), abs=1e-7, rel=1e-7
    )


def test_obs_f_of_hundred_steps():
    flat = rounded_flat_certificate(composition("obs-f", 100))
    assert isinstance(flat.claim.field, RadicalField)
    again = certificate_from_text(certificate_to_text(flat))
    assert check(again).rate == flat.claim.rate


@pytest.mark.parametrize("name", ["sc-obs-f", "obs-g"])
def test_changes_are_refused(name):
    mu = Fraction(1, 20) if name == "sc-obs-f" else 0
    flat = rounded_flat_certificate(composition(name, 4, 0.05 if mu else 0.0), mu=mu)
    field, claim = flat.claim.field, flat.claim
    values = flat.multipliers["interpolation"]
    for index, value in values.items():
        changed = {**values, index: value + fmpq(1, 10**6)}
        with pytest.raises(CertificateError):
            check(replace(flat, multipliers={"interpolation": changed}))
        with pytest.raises(CertificateError):
            check(replace(flat, multipliers={"interpolation": {k: v for k, v in values.items() if k != index}}))
    with pytest.raises((CertificateError, UndecidedError)):
        check(replace(flat, claim=claim.with_rate(claim.rate * (1 - fmpq(1, 10**8)))))
    steps = list(claim.method.steps)
    steps[1] = field.coerce(fmpq(4))
    with pytest.raises((CertificateError, UndecidedError)):
        check(replace(flat, claim=replace(claim, method=GradientDescent(tuple(steps)))))


def test_smallest_gradient_is_refused():
    with pytest.raises(ClaimError, match="smallest gradient"):
        rounded_flat_certificate(
            tree("g(., .)"), measure=Measure.SMALLEST_GRADIENT_NORM, initial=measures(tree("g(., .)"))[1][1]
        )


def test_midpoints_of_closed_forms_are_rational():
    arithmetic = RadicalField((), 256)
    composed = composition("obs-f", 9)
    closed = flat_multipliers(
        composed, composed.weights(fmpq(0), arithmetic), arithmetic.coerce(0), True, Measure.FUNCTION_VALUE
    )
    assert all(isinstance(midpoint(arithmetic.coerce(v)), fmpq) for v in closed["interpolation"].values())
