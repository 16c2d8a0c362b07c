"""Certificates with matrix inequalities, equalities and several metrics: any digit that matters is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flint import fmpq
from PEPit import PEP, PSDMatrix
from PEPit.functions import SmoothConvexFunction, SmoothStronglyConvexQuadraticFunction

import pepkit
from pepkit.kernel import Certificate, CertificateError, ClaimError, FormatError, check
from pepkit.kernel.statement import Form
from pepkit.verification import VerificationError, verify_with_sympy


def quadratics() -> PEP:
    """One step on quadratics: the class is stated with matrix inequalities."""
    problem = PEP()
    function = problem.declare_function(
        SmoothStronglyConvexQuadraticFunction, mu=pepkit.exact("1/4"), L=pepkit.exact(1)
    )
    star = function.stationary_point()
    x0 = problem.set_initial_point()
    problem.set_initial_condition(function(x0) - function(star) <= 1)
    x1 = x0 - pepkit.exact("3/2") * function.gradient(x0)
    problem.set_performance_metric(function(x1) - function(star))
    return problem


def equality() -> PEP:
    """The start lies on a sphere and the first gradient is orthogonal to the direction of the minimiser's value."""
    problem = PEP()
    function = problem.declare_function(SmoothConvexFunction, L=1)
    star = function.stationary_point()
    x0 = problem.set_initial_point()
    problem.add_constraint((x0 - star) ** 2 == 1)
    x1 = x0 - function.gradient(x0)
    problem.set_performance_metric(function(x1) - function(star))
    return problem


def metrics() -> PEP:
    """The smaller of two gradient norms."""
    problem = PEP()
    function = problem.declare_function(SmoothConvexFunction, L=1)
    star = function.stationary_point()
    x0 = problem.set_initial_point()
    problem.set_initial_condition((x0 - star) ** 2 <= 1)
    x1 = x0 - function.gradient(x0)
    problem.set_performance_metric(function.gradient(x1) ** 2)
    problem.set_performance_metric(function.gradient(x0) ** 2)
    return problem


def own_matrix() -> PEP:
    """A matrix inequality of the user: [[t, <x, y>], [<x, y>, 1]] >= 0 bounds <x, y> by the root of t."""
    problem = PEP()
    x, y = problem.set_initial_point(), problem.set_initial_point()
    problem.add_constraint(x**2 <= 1)
    problem.add_constraint(y**2 <= pepkit.exact("1/4"))
    problem.add_psd_matrix(PSDMatrix([[x**2 / 2, x * y], [x * y, pepkit.exact("1/8")]]))
    problem.set_performance_metric(x * y)
    return problem


PROBLEMS: list[tuple[Callable[[], PEP], fmpq]] = [
    (quadratics, fmpq(25, 64)),
    (equality, fmpq(1, 6)),
    (metrics, fmpq(1, 4)),
    (own_matrix, fmpq(1, 4)),
]


def mutations(certificate: Certificate) -> Iterator[tuple[str, Any]]:
    small = fmpq(1, 10**9)
    claim = certificate.claim
    yield "a smaller rate", replace(certificate, claim=claim.with_rate(claim.rate - small))
    for family, values in certificate.multipliers.items():
        for index, value in values.items():
            if isinstance(value, tuple):
                for i in range(len(value)):
                    rows = [list(row) for row in value]
                    rows[i][i] = rows[i][i] - small
                    changed: Any = tuple(tuple(row) for row in rows)
                    yield (
                        f"{family} {index} entry {i}",
                        replace(
                            certificate,
                            multipliers={**certificate.multipliers, family: {**values, index: changed}},
                        ),
                    )
                    rows[i][i] = fmpq(-1)
                    changed = tuple(tuple(row) for row in rows)
                    yield (
                        f"{family} {index} entry {i} negative",
                        replace(
                            certificate,
                            multipliers={**certificate.multipliers, family: {**values, index: changed}},
                        ),
                    )
            else:
                for number in (value + small, -value if value else small):
                    changed_values = {**values, index: number}
                    yield (
                        f"{family} {index}",
                        replace(certificate, multipliers={**certificate.multipliers, family: changed_values}),
                    )
    bigger = Form(
        {k: v * (1 + small) for k, v in claim.measure.quadratic.items()},
        {k: v * (1 + small) for k, v in claim.measure.linear.items()},
        claim.measure.constant,
    )
    yield "a larger measure", replace(certificate, claim=replace(claim, measure=bigger))


@pytest.mark.parametrize(("build", "rate"), PROBLEMS, ids=[build.__name__ for build, _ in PROBLEMS])
def test_every_mutation_is_rejected(build: Callable[[], PEP], rate: fmpq) -> None:
    certificate = pepkit.certify(build()).certificate
    theorem = check(certificate)
    assert theorem.rate == rate
    assert verify_with_sympy(certificate)
    bare = replace(certificate, kernel=(), witness=None)
    rejected = 0
    for what, changed in mutations(bare):
        try:
            proved = check(changed)
        except (CertificateError, ClaimError, FormatError):
            rejected += 1
            continue
        # inside its cone a matrix multiplier may move and still prove the same; the other engine has to agree
        assert "entry" in what and proved.rate == rate, what
        assert verify_with_sympy(changed)
    assert rejected >= 5


@pytest.mark.parametrize("build", [quadratics, own_matrix, equality, metrics])
def test_sympy_rejects_what_the_kernel_rejects(build: Callable[[], PEP]) -> None:
    certificate = pepkit.certify(build()).certificate
    bare = replace(certificate, kernel=(), witness=None)
    for _, changed in [item for item in mutations(bare) if "entry" not in item[0]][:6]:
        with pytest.raises(VerificationError):
            verify_with_sympy(changed)


def test_the_witness_of_a_matrix_inequality_is_checked() -> None:
    certificate = pepkit.certify(own_matrix()).certificate
    assert certificate.witness is not None
    rows = [list(row) for row in certificate.witness.coordinates]
    rows[0][0] = rows[0][0] + fmpq(1, 100)
    witness = replace(certificate.witness, coordinates=tuple(tuple(row) for row in rows))
    with pytest.raises(CertificateError):
        check(replace(certificate, witness=witness))
