"""Schedules in notebooks, and numerical rates beside the known ones."""

from __future__ import annotations

import math

import pytest

from pepkit.kernel import InitialCondition, Measure
from pepkit.numerical_rates import numerical_rates
from pepkit.schedules import Schedule, composition, silver


def test_notebook_form() -> None:
    html = silver(7)._repr_html_()
    assert html.count("<circle") == 7 and "2 + sqrt(2)" in html and "N = 7" in html
    hostile = Schedule.of(["1"], "<script>", "a & b")._repr_html_()
    assert "<script>" not in hostile and "&lt;script&gt;" in hostile and "a &amp; b" in hostile
    tree = composition("obs-f", 6)._repr_html_()
    assert tree.count("<circle") == 6 and "f(s(" in tree
    assert "<circle" not in composition("silver", 2**40 - 1)._repr_html_()
    assert "mu &gt; 0" in composition("sc-obs-s", 3, 0.1)._repr_html_()


def test_numerical_rates_agree_with_closed_forms() -> None:
    rates = {(r.measure, r.initial): r for r in numerical_rates(silver(3).floats())}
    rho = 1 + math.sqrt(2)
    expected = {
        (Measure.FUNCTION_VALUE, InitialCondition.DISTANCE): 1 / (4 * rho**2 - 2),
        (Measure.GRADIENT_NORM, InitialCondition.DISTANCE): rho**-4,
        (Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE): 2 / (2 * rho**2 - 1),
    }
    for pair, value in expected.items():
        assert rates[pair].value == pytest.approx(value, rel=1e-6)
        assert not rates[pair].proved and "numerical" in rates[pair].source
    # the distance to a minimiser of a flat function need not shrink
    assert (Measure.DISTANCE, InitialCondition.DISTANCE) not in rates
    (only,) = numerical_rates([1.0, 1.0], mu="-1")
    assert only.measure is Measure.SMALLEST_GRADIENT_NORM and only.value == pytest.approx(0.5, rel=1e-6)
    known = [(Measure.FUNCTION_VALUE, InitialCondition.DISTANCE), (Measure.DISTANCE, InitialCondition.DISTANCE)]
    assert not {(r.measure, r.initial) for r in numerical_rates([1.0], "1/10", known)} & set(known)
