"""Proximal methods with the schedules of gradient descent."""

import json
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
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.kernel.proximal import ProximalClaim, ProximalMethod
from pepkit.proximal import certify_proximal, proximal_claim, proximal_rate
from pepkit.rounding import SolveRequest, solve_dual
from pepkit.schedules import constant, obs_f, obs_s, silver, tree

POINT, GRADIENT = ProximalMethod.POINT, ProximalMethod.GRADIENT


@pytest.mark.parametrize("schedule", [silver(1), silver(7), constant(4), constant(3, "sqrt(2)"), obs_s(4), obs_s(9)])
def test_closed_forms_of_the_relaxed_proximal_point_method(schedule):
    result = certify_proximal(schedule, POINT, form="closed")
    assert result.tight and result.solver == "none"
    assert to_float(result.theorem.claim.field, result.rate) == pytest.approx(proximal_rate(schedule, POINT), rel=1e-12)
    again = certificate_from_text(certificate_to_text(result.certificate))
    assert check(again).rate == result.rate


def test_long_schedules_are_rounded():
    schedule = obs_s(40)
    result = certify_proximal(schedule, POINT, form="closed")
    rate = to_float(result.theorem.claim.field, result.rate)
    assert proximal_rate(schedule, POINT) < rate < proximal_rate(schedule, POINT) * (1 + 1.1e-9)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.fractions("1/10", "7/5", max_denominator=10), min_size=1, max_size=5))
def test_short_steps(steps):
    result = certify_proximal(steps, POINT, form="closed")
    assert result.tight and result.rate == 1 / (4 * (sum(fmpq(h.numerator, h.denominator) for h in steps) + 1))


# k = 1, 2, 3: 1/(4H) of the silver schedule; OBS-F with two steps is worse than OBS-S
@pytest.mark.parametrize(
    ("schedule", "value"),
    [(silver(1), 0.176776695297), (silver(3), 0.051776695297), (silver(7), 0.019126210926), (constant(3), 1 / 12),
     (obs_s(2), 0.08290649), (obs_f(2), 0.08494987)],
)  # fmt: skip
def test_proximal_gradient_descent(schedule, value):
    result = certify_proximal(schedule, GRADIENT)
    rate = to_float(result.theorem.claim.field, result.rate)
    assert value * (1 - 1e-7) <= rate <= value * (1 + 1.2e-6)
    assert to_float(result.theorem.claim.field, result.lower) == pytest.approx(proximal_rate(schedule, GRADIENT))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.2, 2.5), min_size=1, max_size=4), st.floats(0.1, 3), st.integers(0, 10**6))
def test_the_statement_holds_on_functions(steps, slope, seed):
    """f a convex quadratic, r = slope |x|_1, started anywhere: no hypothesis is violated by a run of the method."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(3, 3))
    matrix = matrix @ matrix.T
    matrix /= np.linalg.eigvalsh(matrix)[-1]
    shift = rng.normal(size=3)

    def soft(y, t):
        return np.sign(y) * np.maximum(np.abs(y) - t, 0)

    star = np.zeros(3)
    for _ in range(20000):
        star = soft(star - (matrix @ star - shift), slope)
    tilt = matrix @ star - shift
    x = rng.normal(size=3)
    points, gradients, subgradients = [x], [], []
    for h in steps:
        g = matrix @ points[-1] - shift
        following = soft(points[-1] - h * g, h * slope)
        gradients.append(g)
        subgradients.append((points[-1] - following) / h - g)
        points.append(following)
    gradients.append(matrix @ points[-1] - shift)
    basis = [points[0] - star, *(g - tilt for g in gradients), *(s + tilt for s in subgradients)]
    f = [0.5 * p @ matrix @ p - shift @ p - tilt @ p for p in points]
    r = [slope * np.abs(p).sum() + tilt @ p for p in points[1:]]
    f_star = 0.5 * star @ matrix @ star - shift @ star - tilt @ star
    r_star = slope * np.abs(star).sum() + tilt @ star
    scalars = [*(v - f_star for v in f), *(v - r_star for v in r)]
    statement = proximal_claim(steps, GRADIENT).statement()
    vectors = []
    given_vectors = iter(basis)
    for vector in statement.vectors:
        if vector.definition is None:
            vectors.append(next(given_vectors))
        else:
            vectors.append(
                sum(
                    float(to_float(statement.field, statement.field.coerce(a))) * vectors[k]
                    for k, a in vector.definition
                )
            )
    for family in statement.families:
        for index in family.indices():
            form = family.form(index)
            value = sum(
                to_float(RATIONALS, fmpq(c)) * (vectors[p] @ vectors[q]) for (p, q), c in form.quadratic.items()
            )
            value += sum(to_float(RATIONALS, fmpq(c)) * scalars[s] for s, c in form.linear.items())
            assert value >= -1e-7


@pytest.mark.parametrize("method", [POINT, GRADIENT])
def test_changes_are_refused(method):
    certificate = certify_proximal(constant(2), method).certificate
    for family, values in certificate.multipliers.items():
        for index, value in values.items():
            changed = {**certificate.multipliers, family: {**values, index: value + fmpq(1, 10**4)}}
            with pytest.raises(CertificateError):
                check(replace(certificate, multipliers=changed))
    claim = certificate.claim
    with pytest.raises(CertificateError):
        check(replace(certificate, claim=claim.with_rate(claim.rate * fmpq(999, 1000)), witness=None))
    shorter = ProximalClaim(claim.field, method, (fmpq(1), fmpq(7, 8)), claim.rate)
    with pytest.raises(CertificateError):
        check(replace(certificate, claim=shorter, witness=None))


def test_a_solver_agrees_with_the_closed_form():
    claim = proximal_claim(silver(3), POINT)
    dual = solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-9), lambda *_: None)
    assert dual.rate == pytest.approx(proximal_rate(silver(3), POINT), rel=1e-7)


def test_what_is_refused():
    with pytest.raises(ClaimError, match="unknown proximal method"):
        certify_proximal(silver(1), "mirror-descent")
    with pytest.raises(ClaimError, match="no closed form"):
        certify_proximal(silver(1), GRADIENT, form="closed")
    with pytest.raises(ClaimError, match="unknown form"):
        certify_proximal(silver(1), form="flat")
    with pytest.raises(ClaimError, match="positive"):
        proximal_claim([1, -1], POINT)
    with pytest.raises(ClaimError, match="no closed form"):
        certify_proximal(tree("f(., .)"), POINT, form="closed")
    text = certificate_to_text(certify_proximal(constant(1), POINT).certificate)
    data = json.loads(text)
    for change in ({"method": "newton"}, {"steps": []}, {"steps": ["0"]}, {"extra": 1}):
        with pytest.raises((FormatError, ClaimError)):
            certificate_from_text(json.dumps({**data, "claim": {**data["claim"], **change}}))
