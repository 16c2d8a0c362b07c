"""Imported problems become theorems, and their results speak the language of the problem."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import fmpq
from pepit_problems import gradient_descent, proximal_point, two_metrics

import pepkit
from pepkit.kernel import Certificate, CertificateError, check
from pepkit.pepit import ContradictoryProblemError, UnboundedProblemError


@pytest.mark.parametrize(("n", "rate"), [(1, fmpq(1, 6)), (2, fmpq(1, 10)), (3, fmpq(1, 14))])
def test_gradient_descent_is_sharp(n: int, rate: fmpq) -> None:
    result = pepkit.certify(gradient_descent(n))
    assert result.rate == rate
    assert result.sharp
    assert result.tight


def test_relaxed_rate_is_within_the_tolerance() -> None:
    result = pepkit.certify(gradient_descent(2), mode="relaxed", tolerance=1e-5)
    rate = fmpq(result.rate)
    assert fmpq(1, 10) < rate <= fmpq(1, 10) * (1 + fmpq(2, 10**5))


def test_sqrt_steps_are_exact() -> None:
    result = pepkit.certify(gradient_descent(1, gamma=pepkit.exact("sqrt(2)")), mode="relaxed")
    assert result.certificate.claim.field.degree == 2
    assert result.excess <= 1e-6


def test_monotone_operator() -> None:
    # Gu and Yang (2020): (1 - 1/n)^(n-1)/n for n steps
    result = pepkit.certify(proximal_point(2))
    assert abs(float(fmpq(result.rate).p) / float(fmpq(result.rate).q) - 0.25) <= 1e-6


def test_minimum_of_metrics() -> None:
    result = pepkit.certify(two_metrics())
    assert result.rate == 1
    assert any("minimum of 2" in note for note in result.notes)


def test_results_outlive_the_problem(tmp_path: object) -> None:
    result = pepkit.certify(gradient_descent(1))
    gradient_descent(2)
    result.save(tmp_path / "c.json")
    assert check(pepkit.load(tmp_path / "c.json")).rate == fmpq(1, 6)
    assert len(result.multipliers()) >= 4
    assert "x*" in str(result.multipliers())


def test_simplify_finds_the_sparse_proof() -> None:
    result = pepkit.certify(gradient_descent(2), simplify=True)
    table = result.multipliers()
    # condition, two consecutive pairs, three pairs with the minimiser
    assert len(table) == 6
    assert result.rate == fmpq(1, 10)
    assert len(result.multipliers(zeros=True)) == 13


def test_latex_proof() -> None:
    text = pepkit.certify(gradient_descent(1), simplify=True).to_latex()
    assert r"\le \frac{1}{6}" in text
    assert r"\bigl\|" in text
    assert text.count(r"\begin{align*}") == 1
    assert "0.1667" in pepkit.certify(gradient_descent(1)).to_latex(digits=4)


def test_every_changed_multiplier_is_rejected() -> None:
    certificate = pepkit.certify(gradient_descent(1), simplify=True).certificate
    values = certificate.multipliers["inequalities"]
    for index in values:
        changed = {**values, index: values[index] + fmpq(1, 10**9)}
        mutated = Certificate(certificate.claim, {"inequalities": changed}, certificate.kernel)
        if index == (0,):
            # more of the initial condition needs a larger rate
            with pytest.raises(CertificateError, match="constant"):
                check(mutated)
        else:
            with pytest.raises(CertificateError):
                check(mutated)
    with pytest.raises(CertificateError):
        check(replace(certificate, claim=certificate.claim.with_rate(fmpq(1, 7))))


def test_unbounded_problem_has_a_direction() -> None:
    with pytest.raises(UnboundedProblemError, match="infinite") as caught:
        pepkit.certify(gradient_descent(0, condition=False))
    assert caught.value.direction is not None
    caught.value.check()
    # the direction is evidence only as long as nothing in it is changed
    caught.value.direction = replace(caught.value.direction, scalars=tuple(-f for f in caught.value.direction.scalars))
    with pytest.raises(CertificateError):
        caught.value.check()


def test_contradictory_problem_has_a_certificate() -> None:
    with pytest.raises(ContradictoryProblemError, match="no instance") as caught:
        pepkit.certify(gradient_descent(1, radius=-1))
    assert check(caught.value.certificate).rate < 0


def test_unknown_options_are_refused() -> None:
    with pytest.raises(TypeError):
        pepkit.certify(gradient_descent(1), nonsense=1)


@pytest.mark.parametrize(
    ("gamma", "n", "rate"),
    [
        # the quadratic branch, a fraction of large height
        ("19/10", 4, "(9/10)**8/2"),
        ("sqrt(2)", 1, "1/(2+4*sqrt(2))"),
        ("sqrt(2)", 2, "1/(2+8*sqrt(2))"),
    ],
)
def test_sharp_rates_of_large_height_and_in_quadratic_fields(gamma: str, n: int, rate: str) -> None:
    result = pepkit.certify(gradient_descent(n, gamma=pepkit.exact(gamma)))
    assert result.sharp and result.tight
    field = result.certificate.claim.field
    wanted, (value,) = pepkit.algebra.realise([pepkit.exact(rate)])
    assert field.text(result.rate) == wanted.text(value)


def test_a_quadratic_optimum_of_rational_data() -> None:
    # |x|^2 + <x, y> on the unit ball: the largest eigenvalue of [[1, 1/2], [1/2, 0]]
    from PEPit import PEP

    problem = PEP()
    x = problem.set_initial_point()
    y = problem.set_initial_point()
    problem.add_constraint(x**2 + y**2 <= 1)
    problem.set_performance_metric(x**2 + x * y)
    result = pepkit.certify(problem)
    assert result.sharp and result.tight
    assert abs(pepkit.algebra.to_float(result.certificate.claim.field, result.rate) - (1 + 2**0.5) / 2) < 1e-12


def test_floats_inside_exact_arithmetic_are_reported() -> None:
    result = pepkit.certify(gradient_descent(1, gamma=pepkit.exact(1) * (1 / 3)))
    assert any("plain float" in note for note in result.notes)
    exact = pepkit.certify(gradient_descent(1, gamma=pepkit.exact("1/3")))
    assert not any("plain float" in note for note in exact.notes)
    again = pepkit.certify(gradient_descent(1, gamma=pepkit.exact(1) * (1 / 3)), numbers="simplest")
    assert again.rate == exact.rate
