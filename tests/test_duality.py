"""Reversal of schedules: certified rates of both directions."""

import pytest

import pepkit
from pepkit.schedules import Schedule, composition, tree


@pytest.mark.parametrize("name", ["obs-f", "right-heavy"])
def test_compositions_are_dual(name):
    found = pepkit.compare_reversal(composition(name, 3))
    assert found.verdict == "dual" and found.gradient_norm.rate == 4 * found.function_value.rate
    assert str(found).startswith("dual: ")


def test_enclosed_rates_do_not_tell():
    found = pepkit.compare_reversal(composition("sc-obs-f", 5, 0.1), mu="1/10")
    low, high = found.quotient
    assert found.verdict == "undecided" and abs(low - 1) < 1e-12 and abs(high - 1) < 1e-12


def test_constant_steps_are_dual():
    assert pepkit.compare_reversal(Schedule.of([1, 1])).verdict == "dual"


def test_a_schedule_that_is_not_dual():
    """h = (0.714, 0.748, 2.152, 2.025, 0.623): 4 R_f = 0.17186, R_gf = 0.15786."""
    steps = ["0.714", "0.748", "2.152", "2.025", "0.623"]
    found = pepkit.compare_reversal(Schedule.of(steps), mode="relaxed", sympy=False)
    assert found.verdict == "not dual"
    assert found.quotient[1] == pytest.approx(0.15786 / 0.17186, rel=1e-3)


def test_a_palindrome_of_kind_s():
    found = pepkit.compare_reversal(tree("s(., .)"), sympy=False)
    assert found.verdict == "dual"
