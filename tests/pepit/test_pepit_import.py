"""The claim of a PEPit problem is exactly the problem."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from PEPit import PEP, Expression
from PEPit.functions import SmoothStronglyConvexQuadraticFunction
from pepit_problems import gradient_descent, two_metrics

import pepkit
from pepkit.kernel import ClaimError
from pepkit.pep.pepit_import import import_pepit


def coefficients(imported: object) -> set:
    claim = imported.claim
    return {value for _, form in claim.inequalities for value in form.quadratic.values()}


def test_plain_floats_are_dyadic_and_said_so() -> None:
    imported = import_pepit(gradient_descent(gamma=0.1))
    assert fmpq(-3602879701896397, 36028797018963968) in coefficients(imported)
    assert "dyadic" in imported.notes[0]


def test_decimal_reads_the_decimal() -> None:
    imported = import_pepit(gradient_descent(gamma=0.1), decimal=True)
    assert fmpq(-1, 10) in coefficients(imported)
    assert "shortest decimals" in imported.notes[0]


def test_simplest_undoes_a_quotient() -> None:
    imported = import_pepit(gradient_descent(L=3, gamma=1 / 3), numbers="simplest")
    assert fmpq(-1, 3) in coefficients(imported)


@pytest.mark.parametrize("value", [Fraction(1, 10), "0.1", "1/10"])
def test_exact_numbers_survive_the_arithmetic_of_pepit(value: object) -> None:
    imported = import_pepit(gradient_descent(gamma=pepkit.exact(value), L=pepkit.exact("3")))
    assert fmpq(-1, 10) in coefficients(imported)
    assert fmpq(-1, 6) in coefficients(imported)
    assert imported.notes == ("All coefficients are exact.",)


def test_irrational_numbers_make_a_field() -> None:
    imported = import_pepit(gradient_descent(gamma=pepkit.exact("sqrt(2)")))
    assert imported.claim.field.degree == 2


def test_several_metrics_become_a_minimum() -> None:
    imported = import_pepit(two_metrics())
    assert imported.metrics == 2
    assert "objective" in imported.claim.scalars


def test_names_and_sources() -> None:
    imported = import_pepit(gradient_descent())
    sources = {(s.function, s.points) for s in imported.sources.values()}
    assert ("f", ("x*", "x1")) in sources
    assert ("condition", ()) in sources


def test_matrix_inequalities_are_imported_symmetric() -> None:
    problem = PEP()
    f = problem.declare_function(SmoothStronglyConvexQuadraticFunction, L=1, mu=0)
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    problem.set_initial_condition((x - optimum) ** 2 <= 1)
    f.gradient(x)
    slack = Expression()
    problem.add_psd_matrix([[slack, 1], [1, 1]])
    problem.set_performance_metric(f(x) - f(optimum))
    claim = import_pepit(problem).claim
    sizes = sorted(len(matrix) for _, matrix in claim.matrix_inequalities)
    assert 2 in sizes
    assert all(m[i][j] == m[j][i] for _, m in claim.matrix_inequalities for i in range(len(m)) for j in range(i))


def test_a_reset_problem_is_refused() -> None:
    old = gradient_descent()
    gradient_descent()
    with pytest.raises(ClaimError, match="reset when a newer PEP"):
        import_pepit(old)


def test_a_problem_without_metric_is_refused() -> None:
    with pytest.raises(ClaimError, match="no performance metric"):
        import_pepit(PEP())


def test_numpy_scalars_keep_exact_numbers() -> None:
    tenth = pepkit.exact("0.1")
    assert (np.float64(2) * tenth).value == fmpq(1, 5)
    assert (np.int64(3) - tenth).value == fmpq(29, 10)
    assert pepkit.exact("1/10") ** 400 != 0
    assert list(range(pepkit.exact("3"))) == [0, 1, 2]


def test_repairs_of_rounding_are_said_or_refused() -> None:
    from PEPit.operators import NonexpansiveOperator

    def halpern() -> object:
        problem = PEP()
        operator = problem.declare_function(NonexpansiveOperator)
        fixed, _, _ = operator.fixed_point()
        x = start = problem.set_initial_point()
        problem.set_initial_condition((start - fixed) ** 2 <= 1)
        for k in range(4):
            x = 1 / (k + 2) * start + (1 - 1 / (k + 2)) * operator.gradient(x)
        problem.set_performance_metric((x - operator.gradient(x)) ** 2)
        return problem

    repaired = import_pepit(halpern())
    assert 0 < repaired.moved < 1e-12
    assert repaired.reading == "dyadic"
    assert "moved by at most" in repaired.claim.title
    assert "repair_rounding=False" in " ".join(repaired.notes)
    kept = import_pepit(halpern(), repair_rounding=False)
    assert kept.moved == 0
    assert kept.claim.title == "PEPit problem, floats as dyadic numbers"
    assert "kept as asked" in " ".join(kept.notes)
    assert import_pepit(gradient_descent(gamma=0.1)).claim.title == "PEPit problem, floats as dyadic numbers"
    one, half = pepkit.exact(1), pepkit.exact("1/2")
    assert import_pepit(gradient_descent(L=one, gamma=half)).reading == "exact"


def test_floats_that_met_exact_numbers_are_noticed() -> None:
    import math

    imported = import_pepit(gradient_descent(L=pepkit.exact(1), gamma=math.sqrt(pepkit.exact(2)) * pepkit.exact("1/3")))
    assert imported.reading == "dyadic"
    assert "pepkit.sqrt" in imported.notes[0]
