"""Closed forms of accelerated methods: published rates, exact where the field is small, close to it beyond."""

from dataclasses import replace

import pytest
from flint import fmpq

from pepkit.algebra import to_float
from pepkit.closed_form import certify_method
from pepkit.kernel import (
    CertificateError,
    ClaimError,
    Measure,
    RadicalField,
    UndecidedError,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.kernel.words import decimal_text
from pepkit.pep import closed_form_methods, method, method_certificate
from pepkit.pep.reference_lines import optimized_gradient_certificate, optimized_gradient_norm_certificate
from pepkit.pep.strict_worst_cases import strict_worst_case
from pepkit.rounding import SolveRequest, solve_dual

# f(x_N) - f_* over the distance; |z_N - x_*|^2 of ITEM
OGM = {1: 0.125, 2: 0.06189418239776, 3: 0.03769239720788, 5: 0.01858813666365, 8: 0.00903607936756}
ITEM = {(10, 1): 0.669421487603, (10, 2): 0.376939491484, (10, 5): 0.0450847592684, (100, 8): 0.427705572863}


@pytest.mark.parametrize("steps", OGM)
def test_optimised_gradient_methods(steps):
    first, second = check(optimized_gradient_certificate(steps)), check(optimized_gradient_norm_certificate(steps))
    field = first.claim.field
    assert float(decimal_text(field, first.rate)) == pytest.approx(OGM[steps], rel=1.1e-9)
    assert to_float(second.claim.field, second.rate) == pytest.approx(4 * OGM[steps], rel=1.1e-9)
    assert isinstance(field, RadicalField) == (steps > 4)
    if steps <= 4:
        assert second.rate == 4 * first.rate
        assert first.claim.method == method("optimized-gradient", steps).method


@pytest.mark.parametrize(("kappa", "steps"), ITEM)
def test_information_theoretic_exact_method(kappa, steps):
    theorem = check(method_certificate("item", steps, mu=fmpq(1, kappa)))
    assert to_float(theorem.claim.field, theorem.rate) == pytest.approx(ITEM[kappa, steps], rel=1.1e-9)


@pytest.mark.parametrize("steps", [1, 2, 7, 40])
def test_triple_momentum(steps):
    # rho^(2N)/m with rho = 1 - sqrt m = 3/4
    theorem = check(method_certificate("triple-momentum", steps, mu="1/16", measure=Measure.DISTANCE))
    assert theorem.rate == fmpq(9, 16) ** steps * 16
    assert check(method_certificate("triple-momentum", steps, mu="1/16")).rate == theorem.rate / 2


@pytest.mark.parametrize("steps", [1, 4, 30])
def test_nesterov_with_strong_convexity(steps):
    theorem = check(method_certificate("nesterov-y", steps, mu="1/9"))
    assert theorem.rate == fmpq(5, 9) * fmpq(2, 3) ** steps


@pytest.mark.parametrize(
    ("name", "steps", "mu"),
    [
        ("nesterov-y", 3, 0), ("nesterov-y", 4, "1/16"), ("optimized-gradient-norm", 3, 0),
        ("item", 3, "1/16"),
    ],
)  # fmt: skip
def test_a_solver_finds_no_larger_rate(name, steps, mu):
    found = method_certificate(name, steps, mu=mu)
    claim = found.claim
    dual = solve_dual(claim, "all-pairs", SolveRequest("clarabel", 1e-10), lambda *_: None)
    rate = to_float(claim.field, claim.rate)
    assert dual.rate <= rate * (1 + 1e-8)
    if name != "nesterov-y":
        assert dual.rate == pytest.approx(rate, rel=1e-7)


@pytest.mark.parametrize(
    ("name", "steps", "mu"), [("optimized-gradient", 30, 0), ("optimized-gradient-norm", 12, 0), ("item", 9, "1/10")]
)
def test_worst_cases_of_rounded_certificates(name, steps, mu):
    result = certify_method(name, steps, mu=mu, sympy=False)
    assert not result.tight and 0 < result.excess < 1.1e-9
    again = certificate_from_text(certificate_to_text(result.certificate))
    assert check(again).lower is not None


def test_a_witness_that_violates_nothing_is_no_larger():
    claim = method_certificate("optimized-gradient", 6).claim
    witness, value = strict_worst_case(claim)
    assert claim.field.sign(claim.rate - value) > 0
    changed = replace(witness, scalars=(*witness.scalars[:-1], witness.scalars[-1] + fmpq(1, 10**6)))
    certificate = method_certificate("optimized-gradient", 6)
    with pytest.raises((CertificateError, UndecidedError)):
        check(replace(certificate, witness=changed))


@pytest.mark.parametrize(
    "name", ["optimized-gradient", "nesterov-y", "optimized-gradient-norm", "item", "triple-momentum"]
)
def test_changes_are_refused(name):
    mu = "1/16" if name in ("item", "triple-momentum") else 0
    certificate = method_certificate(name, 3, mu=mu)
    values = certificate.multipliers["interpolation"]
    for index, value in values.items():
        # function values no longer cancel
        changed = {**values, index: value + fmpq(1, 10**9)}
        with pytest.raises(CertificateError, match="does not cancel"):
            check(replace(certificate, multipliers={"interpolation": changed}))
    # Nesterov's own rate is not the worst case, so it takes a larger change
    smaller = certificate.claim.rate * (
        1 - (fmpq(1, 2) if name in ("nesterov-y", "triple-momentum") else fmpq(1, 10**9))
    )
    with pytest.raises(CertificateError):
        check(replace(certificate, claim=certificate.claim.with_rate(smaller)))


def test_what_is_refused():
    with pytest.raises(ClaimError, match="no closed form"):
        method_certificate("heavy-ball", 3, mu="1/10")
    with pytest.raises(ClaimError, match="1 to 128"):
        method_certificate("optimized-gradient", 129)
    with pytest.raises(ClaimError, match="mu = 0"):
        method_certificate("optimized-gradient", 3, mu="1/10")
    assert certify_method("item", 3, mu="1/10", measure=Measure.FUNCTION_VALUE) is None
    assert certify_method("heavy-ball", 3, mu="1/10") is None
    assert ("item", Measure.DISTANCE) in closed_form_methods()
