"""Closed-form certificates against the plain check, against intervals, and against a solver."""

import math
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import trees

from pepkit.kernel import (
    ClaimError,
    CompositionProof,
    GradientDescent,
    MethodClaim,
    RadicalField,
    SmoothFunctionClass,
    check,
)
from pepkit.kernel.composition import derived_rate
from pepkit.kernel.statement import gram_residual
from pepkit.pep import gradient_descent
from pepkit.pep.constant_forms import constant_certificate
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.schedules import composition, composition_proof, flat_certificate, tree
from pepkit.schedules.closed_forms import flat_multipliers
from pepkit.schedules.composition_proofs import measures

KAPPAS = st.integers(2, 1000)


@settings(max_examples=25, deadline=None)
@given(trees(promoted=True))
def test_flat_certificates_of_convex_trees(tree):
    for measure, initial in measures(tree):
        proof = composition_proof(tree, measure=measure, initial=initial)
        theorem = check(proof)
        try:
            flat = flat_certificate(tree, measure=measure, initial=initial, degree_limit=8)
        except ClaimError:
            assert proof.roots is None, "large fields are enclosed"
            continue
        plain = check(flat)
        assert plain.tight and theorem.tight
        assert plain.rate == theorem.rate


@settings(max_examples=15, deadline=None)
@given(trees("c", largest=5), KAPPAS)
def test_flat_certificates_of_closed_trees(tree, kappa):
    mu = Fraction(1, kappa)
    theorem = check(composition_proof(tree, mu=mu))
    try:
        flat = flat_certificate(tree, mu=mu, degree_limit=8)
    except ClaimError:
        assert theorem.lower < theorem.rate
        return
    plain = check(flat)
    assert plain.tight and plain.rate == theorem.rate


def contains_zero(value):
    return value.low <= 0 <= value.high and value.high - value.low < 1 << (value.field.precision - 150)


@settings(max_examples=40, deadline=None)
@given(trees("sfgc", largest=8), st.one_of(st.none(), KAPPAS))
def test_flat_multipliers_in_intervals(tree, kappa):
    """The whole identity of the certificate, for every tree: function values cancel, one square or nothing is left."""
    convex = kappa is None
    if convex == (tree.kind == "closed") or (not convex and tree.kind == "s"):
        return
    field = RadicalField((), 512)
    m = field.coerce(fmpq(0) if convex else fmpq(1, kappa))
    weights = tree.weights(m, field)
    for measure, initial in measures(tree, convex):
        rate = derived_rate(weights.block, convex, measure, initial)
        steps = tuple(tree.expand(weights.step))
        claim = MethodClaim(field, SmoothFunctionClass(m), GradientDescent(steps), measure, initial, rate)
        statement = claim.statement()
        terms = [(statement.normaliser, claim.rate), (statement.measure, field.coerce(-1))]
        for name, values in flat_multipliers(tree, weights, m, convex, measure).items():
            family = statement.family(name)
            for index, value in values.items():
                assert field.sign(value) > 0
                terms.append((family.form(index), -value))
        matrix, linear, constant = gram_residual(statement, terms)
        assert all(contains_zero(value + field.coerce(0)) for value in linear.values())
        assert constant == 0
        first = matrix[0]
        for i, row in enumerate(matrix):
            for j in range(i + 1):
                rank_one = row[j] * first[0] - first[i] * first[j]
                assert contains_zero(rank_one if tree.kind in "sf" else row[j])
        if tree.kind in "sf":
            assert field.sign(first[0]) > 0


@pytest.mark.parametrize(
    ("text", "kappa"),
    [
        ("s(s(., .), .)", None),
        ("f(s(., .), s(., s(., .)))", None),
        ("g(g(., .), s(., .))", None),
        ("close(s(., s(., .)))", 2),
        ("f(s(., s(., .)), f(., .))", 30),
        ("g(g(., .), s(., .))", 1000),
        ("then(close(s(., .)), close(.))", 7),
    ],
)
def test_a_solver_agrees(text, kappa):
    composed = tree(text)
    mu = 0.0 if kappa is None else 1 / kappa
    for measure, initial in measures(composed, kappa is None)[:2]:
        curvature = 0 if kappa is None else f"L/{kappa}"
        claim = gradient_descent(composed.floats(mu), mu=curvature, measure=measure, initial=initial)
        dual = solve_dual(claim, "auto", SolveRequest("clarabel", 1e-10), lambda *_: None)
        weights = composed.weights(mu)
        assert dual.rate == pytest.approx(derived_rate(weights.block, kappa is None, measure, initial), abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(trees("sfg", largest=30))
def test_sum_and_product_rules(tree):
    """1/(1+H) = prod(h-1) for kind s, 1/(1+2H) = prod(h-1)^2 for kinds f and g (without tails of kind s)."""
    product = math.prod(h - 1 for h in tree.floats())
    if tree.kind == "s":
        assert product == pytest.approx(1 / (1 + tree.sum()), rel=1e-10)
    else:
        assert product**2 == pytest.approx(1 / (1 + 2 * tree.sum()), rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(trees("sfg", largest=12), KAPPAS)
def test_strongly_convex_product_rules(tree, kappa):
    m = 1 / kappa
    steps, weight = tree.floats(m), tree.weights(m).block.weight
    shrink, grow = math.prod(1 - m * h for h in steps), math.prod(h - 1 for h in steps)
    if tree.kind == "s":
        assert shrink == pytest.approx((1 - weight) / (1 - m), rel=1e-9)
        y = [(1 - m) / (1 - m * h) - 1 for h in steps]
        assert math.prod(y) == pytest.approx(m ** (len(steps) + 1) / weight, rel=1e-7)
    else:
        assert grow**-2 == pytest.approx(weight, rel=1e-9)
        assert m / (m - 1 + shrink**-2) == pytest.approx(1 / weight, rel=1e-9)


def test_long_flat_certificate():
    """Silver with 255 steps over Q(sqrt 2); rank-one residual of size 257."""
    certificate = flat_certificate(composition("silver", 255))
    theorem = check(certificate)
    assert theorem.rate == check(composition_proof(composition("silver", 255))).rate
    assert len(certificate.multipliers["interpolation"]) == 1856


def test_long_compositions():
    silver = composition_proof(composition("silver", 2**40 - 1))
    assert check(silver).tight
    optimised = composition_proof(composition("obs-f", 100_000))
    theorem = check(optimised)
    assert isinstance(optimised, CompositionProof) and optimised.roots is None
    excess = (theorem.rate - theorem.lower) / theorem.lower
    assert 0 < excess < fmpq(1, 10**25)


@pytest.mark.parametrize(
    ("steps", "step", "holds"), [(1, "3/2", True), (7, 1, True), (5, "1.6", True), (5, "1.7", False)]
)
def test_constant_steps(steps, step, holds):
    """The multipliers i/(2N + 1 - i) of Drori and Teboulle, where their residual is semidefinite."""
    certificate = constant_certificate(steps, step)
    if not holds:
        assert certificate is None
        return
    assert check(certificate).tight
    for i in range(1, steps + 1):
        assert certificate.multipliers["interpolation"][i - 1, i] == fmpq(i, 2 * steps + 1 - i)
