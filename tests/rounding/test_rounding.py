"""Stages of the rounding pipeline, each without a solver."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from pepkit.kernel import RATIONALS, ClaimError, NumberField, RadicalField
from pepkit.pep import gradient_descent
from pepkit.rounding import FAMILIES, custom, family, simplest_between
from pepkit.rounding.affine import choose_pivots, dyadic
from pepkit.rounding.conic import evaluate_hypotheses, float_forms, generators
from pepkit.rounding.linear import solve_exactly
from pepkit.schedules import silver


@given(st.fractions(max_denominator=500), st.fractions(min_value=0, max_value=1, max_denominator=500))
def test_simplest_rational(low, width):
    high = low + width
    found = simplest_between(low, high)
    assert low <= found <= high
    for denominator in range(1, found.denominator):
        # no smaller denominator has a numerator in the interval
        assert (high.numerator * denominator) // high.denominator < -((-low.numerator * denominator) // low.denominator)


def test_simplest_rational_of_an_empty_interval():
    with pytest.raises(ValueError, match="empty"):
        simplest_between(Fraction(2), Fraction(1))


@given(st.floats(-1e6, 1e6), st.integers(-3, 60))
def test_dyadic_rounding(value, bits):
    rounded = dyadic(value, bits)
    difference = Fraction(int(rounded.p), int(rounded.q)) - Fraction(value)
    assert abs(difference) <= Fraction(1, 2) / Fraction(2) ** bits
    assert (rounded * fmpq(2) ** bits).q == 1


def test_pivots_prefer_large_multipliers():
    equations = np.array([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 2.0, 1.0]])
    rows, columns = choose_pivots(equations, np.array([1e-6, 1.0, 1e-6, 2.0]), 1e-9)
    assert len(rows) == 2
    assert columns == [1, 3]


FIELDS = [
    RATIONALS,
    NumberField([-2, 0, 1], (1, 2)),
    NumberField([-1, -1, 0, 1], (1, 2)),
]


@pytest.mark.parametrize("field", FIELDS, ids=str)
@given(data=st.data())
def test_exact_solutions(field, data):
    size = data.draw(st.integers(1, 4))
    small = st.integers(-5, 5)

    def element():
        value = field.coerce(data.draw(small))
        if isinstance(field, NumberField):
            value = value + data.draw(small) * field.generator
        return value

    matrix = [[element() for _ in range(size)] for _ in range(size)]
    expected = [element() for _ in range(size)]
    right = [sum((a * b for a, b in zip(row, expected, strict=True)), start=field.coerce(0)) for row in matrix]
    solution = solve_exactly(field, matrix, right)
    if solution is not None:
        for row, value in zip(matrix, right, strict=True):
            assert sum((a * b for a, b in zip(row, solution, strict=True)), start=field.coerce(0)) == value


def test_singular_systems_have_no_solution():
    assert solve_exactly(RATIONALS, [[fmpq(1), fmpq(1)], [fmpq(1), fmpq(1)]], [fmpq(1), fmpq(2)]) is None
    radicals = RadicalField([("sqrt", "2")])
    assert solve_exactly(radicals, [[radicals.nodes[0]]], [fmpq(1)]) is None
    assert solve_exactly(radicals, [[radicals.coerce(2)]], [radicals.coerce(1)]) == [fmpq(1, 2)]


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 10, 31])
@pytest.mark.parametrize("star", [True, False])
def test_families_list_valid_distinct_pairs(name, steps, star):
    pairs = FAMILIES[name].pairs(steps, star)
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert pairs.min() >= 0
    assert pairs.max() < steps + 1 + star


def test_sizes_of_families():
    for steps, size in ((3, 9), (7, 25), (15, 65), (31, 161), (63, 385), (127, 897)):
        assert len(FAMILIES["dyadic-pivots"].pairs(steps, True)) == size
    assert len(FAMILIES["consecutive-and-star"].pairs(50, True)) == 101
    assert len(FAMILIES["all-pairs"].pairs(10, True)) == 12 * 11
    joined = family("consecutive-and-star + dyadic-pivots").pairs(7, True)
    assert len(joined) >= 25


def test_unknown_families():
    with pytest.raises(ClaimError, match="known are"):
        family("most")
    with pytest.raises(ClaimError):
        custom([(0, 0)]).pairs(3, True)


def test_float_forms_are_the_exact_forms():
    claim = gradient_descent(silver(3), mu="L/7")
    statement = claim.statement()
    interpolation = statement.family("interpolation")
    indices = np.array(list(interpolation.indices()))
    forms = float_forms(statement, interpolation, indices)
    coordinates = generators(statement)
    random = np.random.default_rng(1)
    factor = random.normal(size=(len(statement.basis), 3))
    vectors = coordinates.T @ factor
    scalars = random.normal(size=len(statement.scalars))
    values = forms.values(vectors @ vectors.T, scalars)
    for k, (i, j) in enumerate(indices):
        x = np.vstack(
            [
                vectors[0],
                [
                    vectors[statement.vectors.index(v)]
                    for v in statement.vectors
                    if v.name[0] == "x" and v.name != "x_0 - x_*"
                ],
                np.zeros(3),
            ]
        )
        g = np.vstack([vectors[1:5], np.zeros(3)])
        f = np.append(scalars, 0.0)
        dx, dg, m = x[i] - x[j], g[i] - g[j], 1 / 7
        expected = f[i] - f[j] - g[j] @ dx - (dg @ dg + m * dx @ dx - 2 * m * dg @ dx) / (2 * (1 - m))
        assert values[k] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert callable(evaluate_hypotheses)
