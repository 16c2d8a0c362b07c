"""The checker's expansion of an identity against direct evaluation, with derived vectors anywhere among the others."""

from __future__ import annotations

import random
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest


def statement(draw: random.Random) -> tuple[list[Any], list[tuple[Fraction, dict[Any, Fraction]]]]:
    """Definitions of vectors (None for a basis vector) and factors with forms over them."""

    def number() -> Fraction:
        return Fraction(draw.randint(-5, 5), draw.randint(1, 3))

    derived: list[Any] = []
    for k in range(draw.randint(1, 7)):
        terms = [(draw.randrange(k), number()) for _ in range(draw.randint(0, 4))] if k else []
        derived.append(terms if k and draw.random() < 0.5 else None)
    terms = []
    for _ in range(draw.randint(1, 4)):
        form = {(): number()}
        for _ in range(draw.randint(1, 6)):
            p, q = sorted((draw.randrange(len(derived)), draw.randrange(len(derived))))
            form[p, q] = number()
        terms.append((number(), form))
    return derived, terms


@pytest.mark.parametrize("seed", range(200))
def test_elimination_does_not_change_the_value(seed: int, pepcheck: ModuleType) -> None:
    draw = random.Random(seed)
    derived, terms = statement(draw)
    points: list[list[Fraction]] = []
    for definition in derived:
        point = [Fraction(draw.randint(-3, 3)) for _ in range(2)]
        if definition is not None:
            point = [sum((a * points[k][i] for k, a in definition), Fraction(0)) for i in range(2)]
        points.append(point)

    def product(p: int, q: int) -> Fraction:
        return sum((a * b for a, b in zip(points[p], points[q], strict=True)), Fraction(0))

    expected = sum(
        (factor * c * (product(*key) if key else 1) for factor, form in terms for key, c in form.items()), Fraction(0)
    )
    constant, matrix = pepcheck.gram(derived, terms)
    basis = [k for k, definition in enumerate(derived) if definition is None]
    found = constant + sum(
        (matrix[i][j] * product(p, q) for i, p in enumerate(basis) for j, q in enumerate(basis)), Fraction(0)
    )
    assert found == expected
    assert all(matrix[i][j] == matrix[j][i] for i in range(len(basis)) for j in range(i))
