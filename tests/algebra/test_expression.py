"""Exact numbers from what users write."""

from fractions import Fraction

import pytest
import sympy
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from pepkit.algebra import exact, realise, sqrt, to_float
from pepkit.kernel import RATIONALS, ClaimError, NumberField, RadicalField


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3/2", fmpq(3, 2)), ("0.1", fmpq(1, 10)), ("1e-3", fmpq(1, 1000)), ("-2", fmpq(-2)),
        ("2^3", fmpq(8)), ("(1+1/2)*4", fmpq(6)), (Fraction(2, 3), fmpq(2, 3)), (7, fmpq(7)),
        (sympy.Rational(5, 4), fmpq(5, 4)), (0.5, fmpq(1, 2)), ("sqrt(9/4)", fmpq(3, 2)), ("4^(1/2)", fmpq(2)),
    ],
)  # fmt: skip
def test_rational_values(value, expected):
    assert exact(value).value == expected


def test_float_is_the_dyadic_number_that_it_is():
    assert exact(0.1).value == fmpq(3602879701896397, 36028797018963968)
    assert exact("0.1").value != exact(0.1).value


@pytest.mark.parametrize(
    "text",
    [
        "nan",
        "inf",
        "1/0",
        "",
        "x",
        "1+",
        "__import__('os')",
        "sqrt(-2)",
        "2^(1/3)",
        "10^1000000",
        "[1]",
        "1j",
        "1_0.5.2",
    ],
)
def test_nonsense_is_refused_with_a_claim_error(text):
    with pytest.raises(ClaimError):
        realise([exact(text)])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, True, 1j, object()])
def test_values_that_are_no_real_numbers(value):
    with pytest.raises(ClaimError):
        exact(value)


@given(st.fractions(max_denominator=10**6))
def test_fractions_round_trip(value):
    assert exact(str(value)).value == fmpq(value.numerator, value.denominator)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_exact(value):
    number = exact(value).value
    assert Fraction(int(number.p), int(number.q)) == Fraction(value)


def test_one_field_for_all_numbers():
    assert realise([exact("1/2"), exact(3)])[0] == RATIONALS
    field, values = realise([sqrt(2), sqrt(8), sqrt("1/2"), exact("3+2*sqrt(2)")])
    assert isinstance(field, NumberField)
    assert field.degree == 2
    assert values[1] == 2 * values[0]
    assert values[2] * 2 == values[0]
    assert (1 + values[0]) ** 2 == values[3]


def test_nested_roots_that_denest_stay_in_the_field():
    field, (root,) = realise([sqrt(exact("3+2*sqrt(2)"))])
    assert field.degree == 2
    assert to_float(field, root) == pytest.approx(1 + 2**0.5, rel=1e-15)


@given(st.lists(st.integers(2, 40), min_size=1, max_size=3), st.lists(st.integers(-9, 9), min_size=3, max_size=3))
def test_towers_agree_with_floats(radicands, coefficients):
    numbers = [sqrt(1 + abs(c) + sqrt(r)) for r, c in zip(radicands, coefficients, strict=False)]
    total = numbers[0]
    for number in numbers[1:]:
        total = total * number + 1
    field, (value,) = realise([total])
    expected = (1 + abs(coefficients[0]) + radicands[0] ** 0.5) ** 0.5
    for r, c in zip(radicands[1:], coefficients[1:], strict=False):
        expected = expected * (1 + abs(c) + r**0.5) ** 0.5 + 1
    assert to_float(field, value) == pytest.approx(expected, rel=1e-13)


def test_high_towers_become_radical_programs():
    numbers = [sqrt(p) for p in (2, 3, 5, 7, 11)]
    field, values = realise(numbers)
    assert isinstance(field, RadicalField)
    assert [to_float(field, v) for v in values] == pytest.approx([p**0.5 for p in (2, 3, 5, 7, 11)], rel=1e-15)
    field, _ = realise(numbers, degree_limit=32)
    assert field.degree == 32


def test_number_field_elements_come_back():
    field, (value,) = realise([exact("1+sqrt(5)") / 2])
    again_field, (again,) = realise([exact(value)])
    assert again_field == field
    assert again == value


def test_an_instruction_of_a_radical_program_may_be_rational() -> None:
    # (theta_0 - 1)/theta_1 = 0 in Nesterov's method: rational although it comes from a program
    deep = exact("sqrt(2)")
    for n in (3, 5, 7, 11, 13):
        deep = deep + exact(f"sqrt({n})")
    zero = exact(0) * deep
    field, (value, other) = realise([zero, deep])
    assert field.write(value) == "0"
    assert field.sign(other) == 1
