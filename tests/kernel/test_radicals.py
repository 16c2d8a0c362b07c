"""Radical fields: enclosures against mpmath, exact values, and everything that must stay undecided."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy
from flint import fmpq
from helpers.certificates import RADICALS
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import (
    Certificate,
    CertificateError,
    ClaimError,
    Form,
    FormatError,
    ListedClaim,
    PepkitError,
    RadicalField,
    UndecidedError,
    Vector,
    check,
)

OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


@st.composite
def programs(draw: Any) -> list[tuple[Any, ...]]:
    """Programs that often, not always, define real numbers."""
    program: list[tuple[Any, ...]] = []
    for index in range(draw(st.integers(1, 12))):
        rational = st.fractions(-50, 50, max_denominator=30).map(str)
        operand = st.integers(0, index - 1) | rational if index else rational
        if draw(st.booleans()):
            program.append(("sqrt", draw(operand)))
        else:
            program.append((draw(st.sampled_from("+-*/")), draw(operand), draw(operand)))
    return program


def mp_values(program: list[tuple[Any, ...]]) -> list[Any]:
    values: list[Any] = []

    def operand(x: Any) -> Any:
        if isinstance(x, int):
            return values[x]
        q = Fraction(x)
        return mpmath.mpf(q.numerator) / q.denominator

    for operation, *operands in program:
        numbers = [operand(x) for x in operands]
        values.append(mpmath.sqrt(numbers[0]) if operation == "sqrt" else OPERATIONS[operation](*numbers))
    return values


@settings(max_examples=400, deadline=None)
@given(programs(), st.sampled_from([24, 64, 320, 1000]))
def test_enclosures_contain_the_value(program: list[tuple[Any, ...]], precision: int) -> None:
    try:
        field = RadicalField(program, precision)
    except PepkitError:
        return
    with mpmath.workdps(600):
        for node, exact in zip(field.nodes, mp_values(program), strict=True):
            assert mpmath.im(exact) == 0
            slack = mpmath.mpf(10) ** -280 * (1 + abs(exact))
            scaled = mpmath.ldexp(exact, precision)
            assert node.low - mpmath.ldexp(slack, precision) <= scaled <= node.high + mpmath.ldexp(slack, precision)
            if node.exact is not None:
                assert abs(mpmath.mpf(int(node.exact.p)) / int(node.exact.q) - exact) < slack
            for bits in (-7, 0, 90):
                low, high = field.scaled_enclosure(node, bits)
                assert low - slack <= mpmath.ldexp(exact, bits) + slack * 2**90
                assert mpmath.ldexp(exact, bits) <= high + slack * 2**90
            try:
                sign = field.sign(node)
            except UndecidedError:
                assert abs(exact) < mpmath.mpf(2) ** (-precision / 2) * 10**9
            else:
                assert sign == (0 if abs(exact) < slack else mpmath.sign(exact))


@settings(max_examples=200, deadline=None)
@given(programs())
def test_text_says_what_the_number_is(program: list[tuple[Any, ...]]) -> None:
    try:
        field = RadicalField(program)
    except PepkitError:
        return
    for node in field.nodes:
        text = field.text(node)
        if text.endswith("..."):
            text = text[:-3]
        value = sympy.sympify(text, rational=True)
        with mpmath.workdps(100):
            middle = mpmath.ldexp(mpmath.mpf(node.low + node.high), -field.precision - 1)
            assert abs(mpmath.mpf(sympy.N(value, 100)) - middle) <= mpmath.mpf(10) ** -13 * (1 + abs(middle))


@settings(max_examples=300)
@given(st.lists(st.integers(-(2**40), 2**40), min_size=4, max_size=4), st.sampled_from("+-*/"))
def test_interval_arithmetic_is_outward(ends: list[int], operation: str) -> None:
    """For all numbers in two intervals the result lies in the interval of the result."""
    from pepkit.kernel.radicals import Enclosed

    field = RadicalField([], 20)
    a, b, c, d = ends
    x, y = Enclosed(field, min(a, b), max(a, b)), Enclosed(field, min(c, d), max(c, d))
    try:
        result = OPERATIONS[operation](x, y)
    except UndecidedError:
        assert operation == "/" and y.low <= 0 <= y.high
        return
    scale = 1 << 20
    for s in (x.low, x.high, (x.low + x.high) // 2):
        for t in (y.low, y.high, (y.low + y.high) // 2):
            exact = OPERATIONS[operation](Fraction(s, scale), Fraction(t, scale))
            assert Fraction(result.low, scale) <= exact <= Fraction(result.high, scale)


def test_exact_values_are_kept() -> None:
    field = RadicalField(
        [("sqrt", "9/4"), ("sqrt", "2"), ("*", 1, "0"), ("+", 0, 2), ("sqrt", 3), ("-", 1, 1), ("*", 1, "1")]
    )
    assert field.nodes[0].exact == fmpq(3, 2)
    assert field.nodes[1].exact is None
    assert field.nodes[2].exact == 0 and not field.nodes[2]
    assert field.nodes[3].exact == fmpq(3, 2)
    assert field.nodes[4].exact is None
    assert field.nodes[5].exact is None  # no identity is seen, not even this one
    assert bool(field.nodes[5])
    assert field.write(field.nodes[0]) == "3/2"
    assert field.write(field.nodes[1]) == 1
    assert field.read(1) is field.nodes[1]
    with pytest.raises(ClaimError):
        field.write(field.nodes[1] * field.nodes[4])


def test_identities_between_irrational_numbers_stay_undecided() -> None:
    field = RadicalField([("sqrt", "2"), ("*", 0, 0), ("-", 1, "2"), ("sqrt", "8"), ("/", 3, "2"), ("-", 4, 0)])
    for node in (2, 5):
        with pytest.raises(UndecidedError):
            field.sign(field.nodes[node])
        with pytest.raises(UndecidedError):
            1 / field.nodes[node]
        assert field.nodes[node] != 0
    with pytest.raises(UndecidedError):
        RadicalField([*field.program, ("sqrt", 2)])
    with pytest.raises(UndecidedError):
        RadicalField([*field.program, ("/", "1", 5)])


@pytest.mark.parametrize(
    "program",
    [
        [("sqrt", "-1")], [("sqrt", "2"), ("-", "1", 0), ("sqrt", 1)], [("/", "1", "0")], [("/", "0", "0")],
        [("sqrt", 0)], [("sqrt", 1), ("sqrt", "2")], [("sqrt", -1)], [("+", "1")], [("sqrt", "1", "2")], [("^", "1", "2")],
        [("neg", "1")], [()], [("sqrt", True)], [("sqrt", 1.0)], [("sqrt", None)], [("sqrt",)], [(0, "1")],
        [("sqrt", "2"), ("+", False, 0)], [("sqrt", "2"), ("*", 0, "0"), ("/", "1", 1)],
    ],
)  # fmt: skip
def test_bad_programs(program: list[Any]) -> None:
    with pytest.raises(ClaimError):
        RadicalField(program)


@pytest.mark.parametrize("operand", ["1.5", "2/4", "x", "-0", "1" * 20_000])
def test_bad_rationals_in_programs(operand: str) -> None:
    with pytest.raises(FormatError):
        RadicalField([("sqrt", operand)])


@pytest.mark.parametrize("data", [True, -1, 11, 10**9, None, 1.0, [0], ["1", "1"], {}, "x"])
def test_bad_elements(data: object) -> None:
    with pytest.raises(FormatError):
        RADICALS.read(data)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, RadicalField([("sqrt", "3")]).nodes[0]])
def test_bad_values(value: object) -> None:
    with pytest.raises(ClaimError):
        RADICALS.coerce(value)


@pytest.mark.parametrize(
    "program",
    [
        [("+", "3", "0"), *(("*", k, k) for k in range(60))],  # 3^(2^60)
        [("sqrt", "3"), *(("*", k, k) for k in range(60))],
        [("/", "1", "3"), *(("*", k, k) for k in range(60))],
        [("+", "3", "0"), *(("*", k, k) for k in range(15)), *((("*", 15, 15),) * 90_000)],
        [("sqrt", "1/3"), *(("/", "1/" + "9" * 500, k) if k % 2 else ("*", k, k) for k in range(99))],
        [("sqrt", "2")] * 100_001,
    ],
)
def test_programs_that_blow_up_are_stopped(program: list[Any]) -> None:
    start = time.perf_counter()
    with pytest.raises((ClaimError, UndecidedError)):
        RadicalField(program)
    assert time.perf_counter() - start < 1


def test_text_of_deep_programs_is_quick() -> None:
    """The expression as a tree has 2^2000 leaves, or 20 000 levels."""
    doubling = RadicalField([("sqrt", "2"), *(("+", k, k) for k in range(2000))])
    deep = RadicalField([("sqrt", "2"), *(("sqrt", k) for k in range(20_000))])
    start = time.perf_counter()
    assert doubling.text(doubling.nodes[-1]).endswith("e+602...")
    assert deep.text(deep.nodes[-1]).endswith("...")
    assert doubling.text(doubling.nodes[2]) == "sqrt(2) + sqrt(2) + sqrt(2) + sqrt(2)"
    assert time.perf_counter() - start < 1


def test_division_by_an_interval_that_touches_zero() -> None:
    """The root of 2/10^400 is smaller than the last bit of the enclosure."""
    tiny = ("sqrt", f"1/{5 * 10**399}")
    assert RadicalField([tiny]).nodes[0].low == 0
    for program in ([tiny, ("/", "1", 0)], [tiny, ("-", "0", 0), ("/", "1", 1)]):
        with pytest.raises(UndecidedError):
            RadicalField(program)
        assert RadicalField(program, 2000).nodes[-1].low >> 2000 in (
            range(10**199, 10**200) if len(program) == 2 else range(-(10**200), -(10**199))
        )


def test_refinement_is_nested() -> None:
    coarse = RADICALS
    while (fine := coarse.refined()) is not None:
        assert fine == coarse and hash(fine) == hash(coarse)
        assert fine.precision == 2 * coarse.precision
        for a, b in zip(coarse.nodes, fine.nodes, strict=True):
            low, high = coarse.scaled_enclosure(a, 40)
            finer_low, finer_high = fine.scaled_enclosure(b, 40)
            assert low <= finer_low <= finer_high <= high
            assert fine.coerce(a) is b
        coarse = fine
    assert coarse.precision == 10_240


def rate_of_root(rate: Any, field: RadicalField, node: int = 0) -> Certificate:
    """sqrt(2) |u|^2 <= rate |u|^2."""
    u = Form({(0, 0): field.coerce(1)})
    claim = ListedClaim((Vector("u"),), (), (), (), (), Form({(0, 0): field.nodes[node]}), u, rate, field=field)
    return Certificate(claim, {})


def test_the_check_refines_until_it_is_sure() -> None:
    field = RadicalField([("sqrt", "2"), ("sqrt", "8"), ("/", 1, "2")])
    with mpmath.workdps(3000):
        bits = 6000
        below = fmpq(int(mpmath.floor(mpmath.ldexp(mpmath.sqrt(2), bits))), 2**bits)
    above = below + fmpq(1, 2**bits)
    assert check(rate_of_root(above, field)).claim.field.precision > bits
    with pytest.raises(CertificateError) as caught:
        check(rate_of_root(below, field))
    assert not isinstance(caught.value, UndecidedError)
    for node in (0, 2):  # equal numbers: sqrt 2 written as sqrt(8)/2 is not seen to be sqrt 2
        with pytest.raises(UndecidedError):
            check(rate_of_root(field.nodes[2 - node], field, node))
