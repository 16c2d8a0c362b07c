"""Statements: derived vectors against direct evaluation, and addresses of hypotheses."""

from __future__ import annotations

from typing import Any

import pytest
from flint import fmpq
from helpers.certificates import SQRT2
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import RATIONALS, Form, FormatError, Statement, Vector
from pepkit.kernel.statement import ListedHypotheses, ListedMatrixInequalities, PointFamily, gram_residual

small = st.integers(-3, 3).map(fmpq)


@st.composite
def cases(draw: Any) -> Any:
    """Vectors (some derived, from earlier ones in any order, with repetitions), forms, factors, a point."""
    count = draw(st.integers(1, 7))
    vectors: list[Vector] = []
    for k in range(count):
        definition = None
        if k and draw(st.booleans()):
            terms = draw(st.lists(st.tuples(st.integers(0, k - 1), small), max_size=4))
            definition = tuple(terms)
        vectors.append(Vector(f"v{k}", definition))
    scalars = draw(st.integers(0, 3))
    terms = []
    for _ in range(draw(st.integers(0, 4))):
        pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).map(lambda p: tuple(sorted(p)))
        quadratic = draw(st.dictionaries(pairs, small, max_size=6))
        linear = draw(st.dictionaries(st.integers(0, scalars - 1), small, max_size=3)) if scalars else {}
        terms.append((Form(quadratic, linear, draw(small)), draw(small)))
    dimension = draw(st.integers(1, 3))
    coordinates = [draw(st.lists(small, min_size=dimension, max_size=dimension)) for _ in range(count)]
    return vectors, scalars, terms, coordinates, draw(st.lists(small, min_size=scalars, max_size=scalars))


@pytest.mark.parametrize("field", [RATIONALS, SQRT2])
@settings(max_examples=300, deadline=None)
@given(case=cases())
def test_elimination_does_not_change_the_value(field: Any, case: Any) -> None:
    vectors, scalars, terms, coordinates, values = case
    unit = field.coerce(1) if field is RATIONALS else field.generator
    vectors = [
        v if v.definition is None else Vector(v.name, tuple((k, a * unit) for k, a in v.definition)) for v in vectors
    ]
    points: list[list[Any]] = []
    for k, vector in enumerate(vectors):
        if vector.definition is None:
            points.append([field.coerce(a) for a in coordinates[k]])
        else:
            total = [field.coerce(0)] * len(coordinates[0])
            for index, a in vector.definition:
                total = [x + a * y for x, y in zip(total, points[index], strict=True)]
            points.append(total)
    products = [[sum((a * b for a, b in zip(p, q, strict=True)), field.coerce(0)) for q in points] for p in points]
    expected = field.coerce(0)
    for form, factor in terms:
        value = form.constant + sum((c * products[p][q] for (p, q), c in form.quadratic.items()), field.coerce(0))
        value = value + sum((c * values[s] for s, c in form.linear.items()), fmpq(0))
        expected = expected + factor * value
    statement = Statement(
        field, tuple(vectors), tuple(f"s{k}" for k in range(scalars)), (), Form(), Form(), exact=False
    )
    matrix, linear, constant = gram_residual(statement, terms)
    basis = statement.basis
    assert all(matrix[i][j] == matrix[j][i] for i in range(len(basis)) for j in range(i))
    total = constant + sum((a * values[s] for s, a in linear.items()), field.coerce(0))
    for i, p in enumerate(basis):
        for j, q in enumerate(basis):
            total = total + matrix[i][j] * products[p][q]
    assert total == expected


FAMILY = PointFamily(
    "pairs", "pair", ((0, 1, 0), (2, 3, 1), (None, None, None)), ("a", "b", "star"), 2,
    (("g1", "x0", fmpq(-1)), ("g1", "x1", fmpq(1)), ("g0", "g1", fmpq(1))), (("f0", fmpq(1)), ("f1", fmpq(-1))),
)  # fmt: skip


def test_point_families() -> None:
    assert list(FAMILY.indices()) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    assert FAMILY.form((0, 1)) == Form({(0, 3): -1, (2, 3): 1, (1, 3): 1}, {0: 1, 1: -1})
    assert FAMILY.form((1, 0)) == Form({(1, 2): -1, (0, 1): 1, (1, 3): 1}, {0: -1, 1: 1})
    assert FAMILY.form((0, 2)) == Form({}, {0: 1})  # x = g = 0 and f = 0 at the minimiser
    assert FAMILY.form((2, 1)) == Form({(2, 3): 1}, {1: -1})
    assert FAMILY.describe((2, 0)) == "pair (star, a)"


@pytest.mark.parametrize("index", [(), (0,), (0, 0), (2, 2), (0, 3), (3, 0), (-1, 0), (0, -1), (0, 1, 2), (0, 10**9)])
def test_wrong_addresses(index: tuple[int, ...]) -> None:
    with pytest.raises(FormatError):
        FAMILY.form(index)


@pytest.mark.parametrize("index", [(), (1,), (-1,), (0, 0)])
def test_wrong_addresses_of_listed_hypotheses(index: tuple[int, ...]) -> None:
    with pytest.raises(FormatError):
        ListedHypotheses("inequalities", ">=", (Form(),), ("one",)).form(index)
    with pytest.raises(FormatError):
        ListedMatrixInequalities("matrix-inequalities", (((Form(),),),), ("one",)).form(index)


def test_unknown_family() -> None:
    statement = Statement(RATIONALS, (), (), (FAMILY,), Form(), Form(), exact=True)
    assert statement.family("pairs") is FAMILY
    with pytest.raises(FormatError, match="no hypotheses called"):
        statement.family("Pairs")
