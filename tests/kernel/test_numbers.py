"""Exact numbers: spellings, field arithmetic, enclosures and signs against mpmath and sympy."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy
from flint import fmpq, fmpq_poly, fmpz
from helpers.certificates import CUBIC, QUINTIC, SQRT2
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import RATIONALS, ClaimError, FormatError, NumberField
from pepkit.kernel.numbers import MAX_DIGITS, common_denominator, rational_from_text, rational_text

FIELDS = {
    "sqrt2": SQRT2,
    "minus sqrt2": NumberField([-2, 0, 1], (-2, 1)),
    "shifted": NumberField([fmpq(-1, 3), fmpq(5, 7), 1], (0, 1)),
    "cubic": CUBIC,
    "quintic low": NumberField([1, -4, 0, 0, 0, 1], (-5, 0)),
    "quintic middle": QUINTIC,
    "quintic high": NumberField([1, -4, 0, 0, 0, 1], (1, 9)),
    "large root": NumberField([-(10**40) - 7, 0, 0, 1], (0, 10**39)),
    "small root": NumberField([-1, 10**30, 0, 1], (0, 1)),
    "large root of degree 8": NumberField([-(10**81) - 7] + [0] * 7 + [1], (0, 10**11)),
    "degree 12": NumberField([-3] + [0] * 11 + [1], (0, 2)),
}
DIGITS = 1500


def mp_root(field: NumberField) -> Any:
    """theta at `DIGITS` decimals, by mpmath alone."""
    with mpmath.workdps(DIGITS):
        coefficients = [mpmath.mpf(int(c.p)) / int(c.q) for c in field.polynomial.coeffs()][::-1]
        low, high = (mpmath.mpf(int(x.p)) / int(x.q) for x in field.root)
        for _ in range(200):  # bisection, then Newton
            middle = (low + high) / 2
            if mpmath.polyval(coefficients, low) * mpmath.polyval(coefficients, middle) > 0:
                low = middle
            else:
                high = middle
        root = (low + high) / 2
        for _ in range(8):
            value, slope = mpmath.polyval(coefficients, root, derivative=True)
            root -= value / slope
        return root


ROOTS = {name: mp_root(field) for name, field in FIELDS.items()}
rationals = st.fractions(max_denominator=10**12).map(lambda q: fmpq(q.numerator, q.denominator))


def mp_value(name: str, value: Any) -> Any:
    return mpmath.polyval(
        [mpmath.mpf(int(c.p)) / int(c.q) for c in value.polynomial.coeffs()][::-1] or [0], ROOTS[name]
    )


@st.composite
def elements(draw: Any, count: int = 1) -> Any:
    """The name of a field and `count` of its elements."""
    name = draw(st.sampled_from(sorted(FIELDS)))
    field = FIELDS[name]
    lists = [draw(st.lists(rationals, max_size=field.degree)) for _ in range(count)]
    return name, *(
        sum((field.generator**k * c for k, c in enumerate(coefficients)), field.zero) for coefficients in lists
    )


# ---- spellings -----------------------------------------------------------------------------------


@given(st.integers(), st.integers(min_value=1))
def test_rational_text_round_trip(p: int, q: int) -> None:
    value = fmpq(p, q)
    text = rational_text(value)
    assert rational_from_text(text) == value
    assert text == str(Fraction(p, q))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 ", " 1", "+1", "-0", "01", "1/1", "2/4", "0/5", "1/0", "1/-2", "-1/-2", "1.5", "1e3", "0x10", "1_000",
        "1/2/3", "/2", "1/", "--1", "nan", "inf", "٣", "１", "1\n", "\n1", "1/02", "½", "-", "- 1", "1//2",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(FormatError):
        rational_from_text(text)


@pytest.mark.parametrize("data", [1, 1.0, True, None, [], ["1"], {}, b"1", Fraction(1, 2), fmpq(1)])
def test_only_text_is_read(data: object) -> None:
    with pytest.raises(FormatError):
        rational_from_text(data)


def test_length_limits() -> None:
    longest = "-" + "9" * MAX_DIGITS + "/1" + "0" * (MAX_DIGITS - 1)
    assert rational_text(rational_from_text(longest)) == longest
    start = time.perf_counter()
    for text in ("9" * (MAX_DIGITS + 2), "1/" + "9" * (MAX_DIGITS + 2), "9" * 10_000_000, "1/" + "3" * 10_000_000):
        with pytest.raises(FormatError):
            rational_from_text(text)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("value", [True, 1.0, "1", None, Fraction(1, 2), SQRT2.generator])
def test_rationals_coerce_only_exact_rationals(value: object) -> None:
    with pytest.raises(ClaimError):
        RATIONALS.coerce(value)


@given(rationals, st.integers(-200, 300))
def test_rational_enclosure_is_the_best(value: fmpq, bits: int) -> None:
    low, high = RATIONALS.scaled_enclosure(value, bits)
    exact = Fraction(int(value.p), int(value.q)) * Fraction(2) ** bits
    assert low <= exact <= high
    assert high - low <= 1
    assert (high == low) == (exact.denominator == 1)


@given(st.lists(rationals, max_size=6))
def test_common_denominator(values: list[fmpq]) -> None:
    expected = 1
    for value in values:
        expected = int(sympy.ilcm(expected, int(value.q)))
    assert common_denominator(values) == expected


# ---- which fields there are ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polynomial", "root"),
    [
        ([-4, 0, 1], (1, 3)),  # (x - 2)(x + 2)
        ([0, 0, 1], (-1, 1)),  # x^2
        ([0, -2, 0, 1], (1, 2)),  # x (x^2 - 2)
        ([6, 0, -5, 0, 1], (fmpq(7, 5), fmpq(3, 2))),  # (x^2 - 2)(x^2 - 3)
        ([4, 0, -4, 0, 1], (1, 2)),  # (x^2 - 2)^2
        ([fmpq(1, 4), 0, -1, 0, 1], (0, 1)),  # (x^2 - 1/2)^2
        ([-2, 0, 2], (0, 2)),  # not monic
        ([-2, 0, -1], (0, 2)),
        ([-2, 0, 0], (0, 2)),
        ([-1, 1], (0, 2)),  # degree 1
        ([1], (0, 2)),
        ([], (0, 2)),
        ([-2] + [0] * 64 + [1], (0, 2)),  # degree 65
        ([-2, 0, 1], (-2, 2)),  # two roots
        ([-2, 0, 1], (2, 3)),  # no root
        ([-2, 0, 1], (2, 1)),
        ([-2, 0, 1], (1, 1)),
        ([1, 0, 1], (-2, 2)),  # no real root at all
        ([1, -4, 0, 0, 0, 1], (-5, 1)),  # two of three roots
        ([1, -4, 0, 0, 0, 1], (-5, 5)),  # three of three
    ],
)
def test_bad_fields_are_refused(polynomial: list[Any], root: tuple[Any, Any]) -> None:
    with pytest.raises(ClaimError):
        NumberField(polynomial, root)


def test_fields_with_too_many_digits_are_refused_quickly() -> None:
    start = time.perf_counter()
    for polynomial, root in (
        ([-(10**2000) + k for k in range(8)] + [1], (0, 1)),
        ([-2, 0, 1], (0, 10**5000)),
        ([-2, 0, 1], (fmpq(1, 10**5000), 2)),
        ([1] * 4_000_000, (0, 1)),
    ):
        with pytest.raises(ClaimError):
            NumberField(polynomial, root)
    assert time.perf_counter() - start < 1


def test_a_field_is_its_polynomial_and_its_root() -> None:
    same = [NumberField([-2, 0, 1], interval) for interval in ((1, 2), (0, 9), (-1, fmpq(3, 2)))]
    other = NumberField([-2, 0, 1], (-9, 0))
    assert same[0] == same[1] == same[2]
    assert len({*same}) == 1
    assert other != same[0]
    for wrong in (other.generator, CUBIC.generator, True, 1.0, "1", None):
        with pytest.raises(ClaimError):
            SQRT2.coerce(wrong)
    with pytest.raises(ClaimError):
        SQRT2.generator + other.generator
    with pytest.raises(ClaimError):
        SQRT2.generator * CUBIC.generator
    assert SQRT2.generator != other.generator
    low, middle, high = (FIELDS[f"quintic {name}"] for name in ("low", "middle", "high"))
    assert len({low, middle, high}) == 3
    assert [f.sign(f.generator) for f in (low, middle, high)] == [-1, 1, 1]
    assert [f.sign(f.generator - 1) for f in (low, middle, high)] == [-1, -1, 1]


# ---- arithmetic ----------------------------------------------------------------------------------


@settings(max_examples=150)
@given(elements(3))
def test_field_axioms(case: Any) -> None:
    name, a, b, c = case
    field = FIELDS[name]
    assert (a + b) * c == a * c + b * c
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a - b == -(b - a)
    assert a - a == 0
    assert not a - a
    assert a**3 == a * a * a
    if b:
        assert a / b * b == a
        assert b * b.inverse() == 1
        assert b**-2 == 1 / (b * b)
    assert a + 1 - fmpq(1, 2) == fmpq(1, 2) + a
    assert 2 * a == a + a
    assert (1 - a) + (a - 1) == 0
    assert field.coerce(a) is a
    if a != b:
        assert bool(a - b)


@settings(max_examples=100)
@given(elements(2))
def test_arithmetic_agrees_with_mpmath(case: Any) -> None:
    name, a, b = case
    with mpmath.workdps(DIGITS):
        x, y = mp_value(name, a), mp_value(name, b)
        scale = 1 + abs(x) + abs(y) + abs(x * y)
        tolerance = scale * mpmath.mpf(10) ** -800
        assert abs(mp_value(name, a * b) - x * y) < tolerance
        assert abs(mp_value(name, a - b) - (x - y)) < tolerance
        if b:
            assert abs(mp_value(name, a / b) * y - x) < tolerance


def test_division_by_zero() -> None:
    root = SQRT2.generator
    for divisor in (SQRT2.zero, root * root - 2):
        with pytest.raises(ZeroDivisionError):
            1 / divisor
        with pytest.raises(ZeroDivisionError):
            root / divisor


@pytest.mark.parametrize("operation", ["a + 0.5", "a * 0.5", "0.5 - a", "a / 0.5", "a + '1'", "a * None"])
def test_floats_do_not_mix(operation: str) -> None:
    with pytest.raises(TypeError):
        eval(operation, {"a": SQRT2.generator})  # noqa: S307


# ---- enclosures and signs ------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(elements(), st.integers(-300, 2500))
def test_enclosures_contain_the_value(case: Any, bits: int) -> None:
    name, a = case
    low, high = FIELDS[name].scaled_enclosure(a, bits)
    with mpmath.workdps(DIGITS):
        exact = mpmath.ldexp(mp_value(name, a), bits)
        slack = mpmath.mpf(10) ** -300
        assert low - slack <= exact <= high + slack
    # 64 guard bits; powers of a large theta eat them up
    assert 0 <= high - low <= (1 << 256 if name == "large root of degree 8" else 2)


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("bits", [0, 1, 3, 64, 65, 66, 67, 68, 69, 1000])
def test_power_enclosures(name: str, bits: int) -> None:
    centres, errors = FIELDS[name]._power_enclosures(bits)
    with mpmath.workdps(DIGITS):
        for k, (centre, error) in enumerate(zip(centres, errors, strict=True)):
            assert abs(mpmath.ldexp(ROOTS[name] ** k, bits) - centre) <= error


@settings(max_examples=200, deadline=None)
@given(elements(), st.integers(1, 2000), st.sampled_from([-1, 0, 1]))
def test_signs_of_nearly_zero_numbers(case: Any, bits: int, side: int) -> None:
    """a - (a rounded to `bits` bits) has an absolute value of about 2**-bits."""
    name, a = case
    field = FIELDS[name]
    with mpmath.workdps(DIGITS):
        exact = mp_value(name, a)
        nearest = int(mpmath.floor(mpmath.ldexp(exact, bits))) + side
        near = a - fmpq(nearest, fmpz(1) << bits)
        difference = exact - mpmath.ldexp(mpmath.mpf(nearest), -bits)
        expected = 0 if not near else 1 if difference > 0 else -1
    assert field.sign(near) == expected
    assert field.sign(-near) == -expected


def test_zero_by_identity_has_sign_zero() -> None:
    root = SQRT2.generator
    for zero in ((root + 1) * (root - 1) - 1, root**40 - 2**20, 1 / (root - 1) - root - 1):
        assert SQRT2.sign(zero) == 0
        assert SQRT2.scaled_enclosure(zero, 10_000) == (0, 0)
    theta = QUINTIC.generator
    assert QUINTIC.sign(theta**5 - 4 * theta + 1) == 0


def test_sign_at_six_thousand_digits() -> None:
    """Convergents p/q of sqrt 2 with 6000 digits: |q sqrt 2 - p| < 1/q."""
    p, q, side = fmpz(1), fmpz(1), 1
    while q < fmpz(10) ** 5990:
        p, q, side = p + 2 * q, p + q, -side
    start = time.perf_counter()
    assert SQRT2.sign(SQRT2.generator * q - p) == side
    assert SQRT2.sign(p - SQRT2.generator * q) == -side
    assert time.perf_counter() - start < 3
    negative = FIELDS["minus sqrt2"]
    assert negative.sign(negative.generator * q + p) == -side


def test_refinement_keeps_the_root() -> None:
    """Every interval found on the way is inside the first one and has a change of sign."""
    for field in (NumberField([1, -4, 0, 0, 0, 1], (-5, 0)), NumberField([-3] + [0] * 30 + [1], (0, 10**50))):
        low, high = field.root
        for bits in (5, 64, 777, 3000):
            field._power_enclosures(bits)
            left, right = field._interval
            assert low <= left < right <= high
            assert right - left <= fmpq(1, fmpz(1) << bits)
            assert field.polynomial(left) * field.polynomial(right) < 0
            low, high = left, right


# ---- files and words -----------------------------------------------------------------------------


@settings(max_examples=100)
@given(elements())
def test_write_and_read(case: Any) -> None:
    name, a = case
    field = FIELDS[name]
    assert field.read(field.write(a)) == a


@pytest.mark.parametrize(
    "data",
    [
        [], ["1"], ["1", "0"], ["1", "1", "1"], ["1", 1], ["1", ["1"]], ["1", None], [["1", "1"]], 1, 1.0, None, {}, True,
        ["1", "2/2"], ["1", "1.0"], ["0", "00"], "x", ("1", "1"),
    ],
)  # fmt: skip
def test_bad_elements_are_refused(data: object) -> None:
    with pytest.raises(FormatError):
        SQRT2.read(data)


@settings(max_examples=150)
@given(rationals, rationals, st.integers(1, 2000), rationals, rationals, st.booleans(), rationals, rationals)
def test_quadratic_numbers_are_printed_as_they_are(
    a: fmpq, b: fmpq, d: int, below: fmpq, above: fmpq, larger: bool, c0: fmpq, c1: fmpq
) -> None:
    """The text, evaluated by sympy, is the number, whatever interval isolates the root."""
    root = sympy.sqrt(sympy.Rational(d, 7))
    if not b or not sympy.sqrt(7 * d).is_irrational:
        return
    # theta = a +- b sqrt(d/7)
    exact = a_sym(a) + (1 if larger else -1) * abs(a_sym(b)) * root
    other = 2 * a_sym(a) - exact
    polynomial = [a * a - b * b * fmpq(d, 7), -2 * a, 1]
    gap = abs(exact - other)
    low, high = (
        exact - min(abs(a_sym(below)) + sympy.Rational(1, 9), sympy.Rational(9, 10) * gap),
        exact + min(abs(a_sym(above)) + sympy.Rational(1, 9), sympy.Rational(9, 10) * gap),
    )
    field = NumberField(polynomial, tuple(round_towards(x, exact) for x in (low, high)))
    value = field.coerce(c0) + c1 * field.generator
    text = sympy.sympify(field.text(value))
    assert abs((text - a_sym(c0) - a_sym(c1) * exact).evalf(40)) < sympy.Float(10) ** -20


def a_sym(value: fmpq) -> Any:
    return sympy.Rational(int(value.p), int(value.q))


def round_towards(x: Any, target: Any) -> fmpq:
    """A rational between x and the target, close to x."""
    with mpmath.workdps(60):
        number = mpmath.mpf(sympy.N(x + (target - x) / 1000, 60))
        return fmpq(int(mpmath.floor(mpmath.ldexp(number, 150))), fmpz(1) << 150)


def test_the_interval_decides_the_printed_sign() -> None:
    """The interval (-2, 1) holds -sqrt 2 although its upper end lies right of the centre."""
    for interval, text in (((-2, 1), "-sqrt(2)"), ((-2, -1), "-sqrt(2)"), ((-1, 2), "sqrt(2)"), ((1, 2), "sqrt(2)")):
        assert repr(NumberField([-2, 0, 1], interval).generator) == text


def test_text_of_long_numbers() -> None:
    """No limit of int() or float() gets in the way of an error message."""
    radicand = fmpq(10) ** 700 + 1
    field = NumberField([-radicand, 0, 1], (0, fmpq(10) ** 360))
    assert field.text(field.generator * fmpq(10) ** 5000).startswith("1000")
    large = NumberField([-(fmpq(10) ** 1000) - 1, 0, 0, 1], (0, fmpq(10) ** 350))
    assert "near 2.15443469e+333" in large.generator_text()
    small = NumberField([-1, fmpq(10) ** 300, 0, 1], (0, 1))
    assert "near 1e-300" in small.generator_text()
    assert "near 0.6823278038" in CUBIC.generator_text()


def test_polynomials_are_not_shared() -> None:
    """Numbers are values: arithmetic does not change its operands."""
    root = SQRT2.generator
    before = root.polynomial
    _ = root * root, root + 1, -root, root / 3
    assert root.polynomial == before == fmpq_poly([0, 1])
