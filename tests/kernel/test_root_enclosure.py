"""Roots of polynomials as numbers of a radical field: against mpmath, nested, and everything that must be refused."""

import mpmath
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.algebra import Real, realise, to_float
from pepkit.kernel import ClaimError, RadicalField, UndecidedError


def contains(field, value, number):
    low, high = field.scaled_enclosure(value, 200)
    return low <= number * mpmath.mpf(2) ** 200 <= high


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 1000))
def test_roots_of_increasing_polynomials(rising, start):
    # -start + sum a_k x^k rises on x > 0, from a negative value to a positive one at x = start
    field = RadicalField([("root", "0", str(start + 1), str(-start), *map(str, rising))] if rising[0] else [])
    with mpmath.workdps(90):
        found = mpmath.polyroots([*map(mpmath.mpf, rising[::-1]), -start], maxsteps=500, extraprec=400)
        number = next(mpmath.re(z) for z in found if abs(mpmath.im(z)) < mpmath.mpf(10) ** -60 and mpmath.re(z) > 0)
        assert contains(field, field.nodes[0], number)
    low, high = field.scaled_enclosure(field.nodes[0], 320)
    assert high - low <= 4


def test_falling_and_nested_roots():
    # x = cbrt(2) from 2 - x^3, then y with y^3 + y = x
    field = RadicalField([("root", "1", "2", "2", "0", "0", "-1"), ("-", "0", 0), ("root", "0", "1", 1, "1", "0", "1")])
    with mpmath.workdps(90):
        x = mpmath.cbrt(2)
        assert contains(field, field.nodes[0], x)
        assert contains(field, field.nodes[2], mpmath.findroot(lambda y: y**3 + y - x, 0.8))


@pytest.mark.parametrize(
    ("instruction", "error", "message"),
    [
        (("root", "2", "3", "-2", "0", "1"), ClaimError, "change its sign"),
        (("root", "-2", "2", "-2", "0", "1"), UndecidedError, "not decided"),
        (("root", "0", "2", "0", "0", "1"), UndecidedError, "not decided"),
        (("root", "2", "1", "-2", "0", "1"), ClaimError, "empty"),
        # three roots in the interval: the derivative has no sign
        (("root", "-2", "2", "1/10", "-1", "0", "1"), UndecidedError, "not decided"),
        (("root", "1", "2", "-2"), ClaimError, "not an instruction"),
        (("root", "1", "2", *(["1"] * 10)), ClaimError, "not an instruction"),
        (("root", 0, "2", "-2", "1"), ClaimError, "rational ends"),
    ],
)
def test_what_is_refused(instruction, error, message):
    with pytest.raises(error, match=message):
        RadicalField([instruction])


def test_ends_are_rational():
    with pytest.raises(ClaimError, match="rational ends"):
        RadicalField([("sqrt", "2"), ("root", 0, "2", "-3", "0", "1")])
    # nor is a rational number written as an instruction
    with pytest.raises(ClaimError, match="rational ends"):
        RadicalField([("+", "1", "0"), ("root", 0, "2", "-3", "0", "1")])


def test_nested_roots_of_users():
    x = Real.nested_root((Real.rational(-2), Real.rational(0), Real.rational(0), Real.rational(1)), 1, 2)
    field, (value, double) = realise([x, 2 * x])
    assert isinstance(field, RadicalField)
    assert to_float(field, value) == pytest.approx(2 ** (1 / 3), rel=1e-15)
    assert field.sign(double - fmpq(5, 2)) > 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9), st.integers(-40, 40), st.integers(1, 9))
def test_enclosures_hold_the_root_and_are_short(coefficients, low, width):
    ends = fmpq(low, 7), fmpq(low + width, 7)
    try:
        field = RadicalField([("root", str(ends[0]), str(ends[1]), *map(str, coefficients))])
    except (ClaimError, UndecidedError):
        return
    low, high = field.scaled_enclosure(field.nodes[0], 320)

    inside = max(fmpq(low, 2**320), ends[0]), min(fmpq(high, 2**320), ends[1])
    left, right = (sum((c * x**power for power, c in enumerate(coefficients)), fmpq(0)) for x in inside)
    assert left * right <= 0
    # what rounding leaves undecided: the error of the value over the slope
    x = fmpq(low, 2**320)
    slope = abs(sum((power * c * x ** (power - 1) for power, c in enumerate(coefficients) if power), fmpq(0)))
    error = sum((abs(x) ** power for power in range(len(coefficients))), fmpq(20))
    assert (high - low - 4) * slope <= 20 * error
