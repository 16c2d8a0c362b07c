"""Semidefiniteness against an independent exact decision: the signs of the characteristic polynomial."""

from __future__ import annotations

import random
import time
from fractions import Fraction
from math import isqrt
from typing import Any

import pytest
from flint import fmpq, fmpq_mat, fmpz
from helpers.certificates import QUINTIC, SQRT2
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import RATIONALS, CertificateError, NumberField, PepkitError, RadicalField, UndecidedError
from pepkit.kernel.semidefinite import LDL_LIMIT, _cholesky, _ldl, prove_positive_semidefinite

Matrix = list[list[Any]]


def is_semidefinite(matrix: Matrix) -> bool:
    """The coefficients of det(t - S) alternate in sign."""
    size = len(matrix)
    if not size:
        return True
    coefficients = fmpq_mat(size, size, [a for row in matrix for a in row]).charpoly().coeffs()
    coefficients += [fmpq(0)] * (size + 1 - len(coefficients))
    return all(c * (-1) ** (size - k) >= 0 for k, c in enumerate(coefficients))


def proved(matrix: Matrix, field: Any = RATIONALS, kernel: Any = ()) -> bool:
    try:
        prove_positive_semidefinite(matrix, field, [f"row {k}" for k in range(len(matrix))], kernel)
    except UndecidedError:
        raise
    except CertificateError:
        return False
    return True


def gram(vectors: list[list[Any]], weights: list[Any] | None = None) -> Matrix:
    """sum of weight * v v^T."""
    size = len(vectors[0])
    weights = weights or [1] * len(vectors)
    return [
        [sum((w * v[i] * v[j] for v, w in zip(vectors, weights, strict=True)), fmpq(0)) for j in range(size)]
        for i in range(size)
    ]


def scaled(matrix: Matrix, exponents: list[int]) -> Matrix:
    """D S D with D = diag(2^exponents): the same answer, other sizes."""
    factors = [fmpq(fmpz(1) << e) if e >= 0 else fmpq(1, fmpz(1) << -e) for e in exponents]
    return [[factors[i] * a * factors[j] for j, a in enumerate(row)] for i, row in enumerate(matrix)]


@st.composite
def matrices(draw: Any) -> Matrix:
    """Small matrices, often singular or nearly so, of wildly different scales."""
    size = draw(st.integers(1, 6))
    entries = st.integers(-3, 3).map(fmpq)
    vectors = draw(st.lists(st.lists(entries, min_size=size, max_size=size), min_size=1, max_size=size + 1))
    tiny = [fmpq(0), fmpq(1), fmpq(1, 10**9), fmpq(1, 10**30), fmpq(1, fmpz(10) ** 300)]
    weights = [draw(st.sampled_from([fmpq(1), fmpq(7, 3)])) for _ in vectors]
    weights[-1] = draw(st.sampled_from(tiny)) * draw(st.sampled_from([1, -1]))
    matrix = gram(vectors, weights)
    shift = draw(st.sampled_from(tiny)) * draw(st.sampled_from([0, 0, 1, -1]))
    place = draw(st.integers(0, size - 1))
    matrix[place][place] += shift
    return scaled(matrix, draw(st.lists(st.integers(-400, 400), min_size=size, max_size=size)))


@settings(max_examples=1000, deadline=None)
@given(matrices())
def test_decision_is_exact(matrix: Matrix) -> None:
    assert proved(matrix) == is_semidefinite(matrix)


@settings(max_examples=1000, deadline=None)
@given(matrices(), st.sampled_from([1, 2, 4, 8, 60, 120]))
def test_cholesky_never_accepts_an_indefinite_matrix(matrix: Matrix, bits: int) -> None:
    """Few bits make the factor bad, and must make the proof fail, not lie."""
    failure, conclusive = _cholesky(matrix, RATIONALS, ["r"] * len(matrix), bits)
    semidefinite = is_semidefinite(matrix)
    if not failure:
        assert semidefinite
    elif conclusive:
        assert not semidefinite


@settings(max_examples=300, deadline=None)
@given(matrices())
def test_elimination_is_exact(matrix: Matrix) -> None:
    try:
        _ldl(matrix, RATIONALS, ["r"] * len(matrix), "matrix")
        accepted = True
    except CertificateError:
        accepted = False
    assert accepted == is_semidefinite(matrix)


def test_an_imprecise_enclosure_is_not_believed() -> None:
    """[[1, a], [a, 1]] with a = 0.7 sqrt 2 = 0.98995 is definite; six bits do not show it, forty do."""
    program = [("sqrt", "2"), ("*", 0, "7/10"), ("*", 0, "71/100")]
    for precision in (6, 40):
        field = RadicalField(program, precision)
        one = field.coerce(1)
        inside, outside = ([[one, a], [a, one]] for a in field.nodes[1:])
        if precision == 6:
            with pytest.raises(UndecidedError):
                proved(inside, field)
            with pytest.raises(UndecidedError):
                proved(outside, field)
        else:
            assert proved(inside, field)
            assert not proved(outside, field)


def root_near_the_end(precision: int, upper: bool) -> tuple[RadicalField, fmpq]:
    """A field whose number 0 lies within a tenth of an end of its enclosure, and the middle of the enclosure."""
    for k in range(4096 // 15, 10**6):
        field = RadicalField([("sqrt", str(Fraction(k, 4096)))], precision)
        fine = RadicalField(field.program, precision + 40)
        node = field.nodes[0]
        if node.exact is None and node.high - node.low == 1:
            position = Fraction(fine.nodes[0].low, 1 << 40) - node.low
            if (position > Fraction(9, 10)) if upper else (position < Fraction(1, 10)):
                return field, fmpq(node.low + node.high, fmpz(2) << precision)
    raise AssertionError


@pytest.mark.parametrize("hub", [0, 15, 4])
def test_indefinite_within_the_enclosures(hub: int) -> None:
    """An arrow: 1 on the diagonal, b at the hub, where the middle of the enclosure of b gives a definite matrix.

    Every single error is smaller than the margin of its row; only their sum at the hub is too large.
    """
    size, precision, bits = 16, 49, 60
    field, middle = root_near_the_end(precision, upper=True)
    margin = fmpq(8 * size * size, fmpz(1) << bits)
    corner = (size - 1) * middle * middle + margin * fmpq(11, 5)

    def arrow(number_field: RadicalField) -> Matrix:
        rows = [[number_field.coerce(int(i == j)) for j in range(size)] for i in range(size)]
        for k in range(size):
            rows[k][hub] = rows[hub][k] = number_field.nodes[0]
        rows[hub][hub] = number_field.coerce(corner)
        return rows

    names = [str(k) for k in range(size)]
    assert _cholesky(arrow(field), field, names, bits)[0]
    with pytest.raises(UndecidedError):
        proved(arrow(field), field)
    fine = field.refined()
    assert fine is not None and not proved(arrow(fine), fine)
    of_middle = [[middle if a is field.nodes[0] else a.exact for a in row] for row in arrow(field)]
    assert _cholesky(of_middle, RATIONALS, names, bits) == ("", True)


def test_a_diagonal_entry_within_its_enclosure() -> None:
    """[[1, b], [b, c]] with c just below b^2, and the middle of its enclosure just above."""
    field, middle = root_near_the_end(53, upper=False)
    b = fmpq(fmpz(isqrt(int(middle * (fmpz(1) << 400)))), fmpz(1) << 200)
    b = b * (1 - fmpq(21 * 32, 40 * (fmpz(1) << 60)) / middle)
    matrix = [[field.coerce(1), field.coerce(b)], [field.coerce(b), field.nodes[0]]]
    assert _cholesky(matrix, field, ["a", "b"], 60)[0]
    with pytest.raises(UndecidedError):
        proved(matrix, field)
    fine = field.refined()
    assert fine is not None
    assert not proved([[fine.coerce(1), fine.coerce(b)], [fine.coerce(b), fine.nodes[0]]], fine)
    assert proved([[fmpq(1), b], [b, middle]])


@pytest.mark.parametrize("exponent", [1, 9, 16, 30, 100, 300, 3000])
@pytest.mark.parametrize("size", [1, 2, 5, LDL_LIMIT])
def test_a_tiny_negative_eigenvalue_is_found(size: int, exponent: int) -> None:
    tiny = fmpq(1, fmpz(10) ** exponent)
    ones = [[fmpq(1)] * size for _ in range(size)]
    negative = [row[:] for row in ones]
    negative[-1][-1] -= tiny
    positive = [row[:] for row in ones]
    positive[-1][-1] += tiny
    assert proved(positive)
    assert proved(ones)
    assert proved(negative) == (size == 1)  # for size 1 the entry is 1 - tiny > 0
    if size == 1:
        assert not proved([[-tiny]])
        assert proved([[tiny]])


def test_large_matrices() -> None:
    """Above the limit of the elimination a matrix is proved, refuted or undecided, never wrong."""
    size = LDL_LIMIT + 12
    generator = random.Random(1)
    vectors = [[fmpq(generator.randint(-9, 9)) for _ in range(size)] for _ in range(size - 1)]
    singular = gram(vectors)
    definite = [row[:] for row in singular]
    for k in range(size):
        definite[k][k] += 1
    assert proved(definite)
    with pytest.raises(UndecidedError, match="kernel"):
        proved(singular)
    # nearly singular: 60 bits are not enough, 240 are
    nearly = [row[:] for row in singular]
    nearly[3][3] += fmpq(1, fmpz(10) ** 40)
    assert proved(nearly)
    for exponent in (1, 30, 300):
        indefinite = [row[:] for row in singular]
        indefinite[7][7] -= fmpq(1, fmpz(10) ** exponent)
        with pytest.raises(CertificateError):
            prove_positive_semidefinite(indefinite, RATIONALS, ["r"] * size)
    null = fmpq_mat(singular).rref()[0]
    vector = [-null[k, size - 1] for k in range(size - 1)] + [fmpq(1)]
    assert proved(singular, kernel=[vector])
    slightly = [vector[0] + fmpq(1, fmpz(10) ** 300), *vector[1:]]
    assert not proved(singular, kernel=[slightly])


def test_trivial_matrices() -> None:
    assert proved([])
    assert proved([[fmpq(0)]])
    assert proved([[fmpq(1, 10**400)]])
    assert not proved([[fmpq(-1)]])
    assert proved([[fmpq(0)] * 3 for _ in range(3)])
    assert not proved([[fmpq(0), fmpq(1)], [fmpq(1), fmpq(0)]])
    assert not proved([[fmpq(1), fmpq(1, 10**300)], [fmpq(1, 10**300), fmpq(0)]])
    assert not proved([[fmpq(0), fmpq(1, 10**300)], [fmpq(1, 10**300), fmpq(10**300)]])


# ---- kernel hints --------------------------------------------------------------------------------


def test_kernel_hints() -> None:
    matrix = gram([[fmpq(1), fmpq(-1), fmpq(0), fmpq(0)], [fmpq(0), fmpq(1), fmpq(-1), fmpq(0)]])
    one, zero = fmpq(1), fmpq(0)
    first, second = [one, one, one, zero], [zero, zero, zero, one]
    for kernel in ([first], [second], [first, second], [second, first], [[one, one, one, one], second], []):
        assert proved(matrix, kernel=kernel)
    for kernel in (
        [[one, zero, zero, zero]],
        [first, [one, one, zero, zero]],
        [first, first],
        [first, second, [one, one, one, one]],
        [[zero] * 4],
        [[one, one, one]],
        [[one, one, one, zero, zero]],
        [[]],
    ):
        assert not proved(matrix, kernel=kernel)
    indefinite = gram([[one, -one, zero, zero], [zero, one, -one, zero]], [one, -one])
    assert not is_semidefinite(indefinite)
    for kernel in ([first], [second], [first, second], []):
        assert not proved(indefinite, kernel=kernel)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_kernel_hints_do_not_change_the_answer(data: Any) -> None:
    """For random matrices and random vectors of their kernel the decision is that of the whole matrix."""
    size = data.draw(st.integers(2, 6))
    rank = data.draw(st.integers(1, size - 1))
    row = st.lists(st.integers(-3, 3).map(fmpq), min_size=size, max_size=size)
    vectors = [data.draw(row) for _ in range(rank)]
    weights = [data.draw(st.sampled_from([fmpq(1), fmpq(1), fmpq(2), fmpq(-1), -fmpq(1, 10**30)])) for _ in vectors]
    matrix = gram(vectors, weights)
    reduced, rank = fmpq_mat(vectors).rref()
    pivots = [next(k for k in range(size) if reduced[i, k] != 0) for i in range(rank)]
    kernel = []
    for free in (k for k in range(size) if k not in pivots):
        vector = [fmpq(int(k == free)) for k in range(size)]
        for i, pivot in enumerate(pivots):
            vector[pivot] = -reduced[i, free]
        kernel.append(vector)
    count = data.draw(st.integers(0, len(kernel)))
    mixed = [
        [a + data.draw(st.integers(0, 1)) * b for a, b in zip(kernel[k], kernel[k - 1], strict=True)]
        if k
        else kernel[k]
        for k in range(count)
    ]
    accepted = proved(matrix, kernel=mixed)
    if accepted:
        assert is_semidefinite(matrix)
    try:
        prove_positive_semidefinite(matrix, RATIONALS, ["r"] * size, mixed)
    except CertificateError as error:
        assert "kernel" in str(error) or not is_semidefinite(matrix)


# ---- number fields and radicals ------------------------------------------------------------------


def test_the_conjugate_does_not_matter() -> None:
    """Semidefinite for one sign of sqrt 2 and indefinite for the other."""
    for field, sign in ((SQRT2, 1), (NumberField([-2, 0, 1], (-2, -1)), -1)):
        root, one = field.generator, field.one
        assert proved([[root * sign]], field)
        assert not proved([[-root * sign]], field)
        matrix = [[one, root - 1], [root - 1, one]]  # sqrt 2 - 1 = 0.41, -sqrt 2 - 1 = -2.41
        assert proved(matrix, field) == (sign > 0)


@pytest.mark.parametrize("field", [SQRT2, QUINTIC])
@pytest.mark.parametrize("exponent", [0, 30, 300])
def test_singular_matrices_over_number_fields(field: Any, exponent: int) -> None:
    theta, one = field.generator, field.one
    vectors = [[one, theta, theta * theta], [theta - 1, 2 * one, theta + 3]]
    matrix = gram(vectors, [one, theta])
    assert proved(matrix, field)
    tiny = fmpq(1, fmpz(10) ** exponent)
    matrix[2][2] = matrix[2][2] - tiny
    assert not proved(matrix, field)
    kernel = [vectors[0][1] * vectors[1][2] - vectors[0][2] * vectors[1][1],
              vectors[0][2] * vectors[1][0] - vectors[0][0] * vectors[1][2],
              vectors[0][0] * vectors[1][1] - vectors[0][1] * vectors[1][0]]  # fmt: skip
    assert not proved(matrix, field, [kernel])
    matrix[2][2] = matrix[2][2] + tiny
    assert proved(matrix, field, [kernel])
    assert not proved(matrix, field, [[kernel[0] + tiny, *kernel[1:]]])


def test_radicals_prove_definite_matrices_only() -> None:
    field = RadicalField([("sqrt", "2"), ("sqrt", "8"), ("*", 0, 0)])
    root, eight, square = field.nodes
    one = field.coerce(1)
    assert proved([[root, one], [one, one]], field)
    assert not proved([[one, root], [root, one]], field)
    for singular in ([[square, root], [root, one]], [[eight - root - root]], [[one, root], [root, square]]):
        with pytest.raises(UndecidedError):
            proved(singular, field)
    with pytest.raises(PepkitError):  # true, but the check of S z = 0 sees no identity
        prove_positive_semidefinite([[square, root], [root, one]], field, ["a", "b"], [[one, -root]])
    assert proved([[one, one], [one, one]], field, [[one, -one]])
    near = root - fmpq(14142135623730950488, 10**19)
    assert proved([[near]], field)
    assert not proved([[-near]], field)


def test_an_unproved_pivot_of_the_kernel_is_undecided() -> None:
    """The second vector depends on the first, but no identity shows that."""
    field = RadicalField([("sqrt", "2"), ("sqrt", "8")])
    one, zero = field.coerce(1), field.coerce(0)
    matrix = [[zero, zero, zero]] * 2 + [[zero, zero, -one]]
    vectors = [[field.nodes[0], 2 * one, zero], [field.nodes[1], 4 * one, zero]]
    with pytest.raises(PepkitError):
        prove_positive_semidefinite(matrix, field, ["a", "b", "c"], vectors)


def test_hostile_matrices_are_quick() -> None:
    start = time.perf_counter()
    huge, tiny = fmpq(fmpz(10) ** 5999), fmpq(1, fmpz(10) ** 5999)
    assert proved([[huge, fmpq(1)], [fmpq(1), tiny]])
    assert not proved([[huge, fmpq(1)], [fmpq(1), tiny * fmpq(1, 2)]])
    assert not proved([[huge, fmpq(2)], [fmpq(2), tiny]])
    assert time.perf_counter() - start < 1
