"""Exact solution of linear systems over Q and real number fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly

from pepkit.kernel.numbers import Field, Number, NumberField
from pepkit.kernel.radicals import Enclosed

__all__ = ["rational_value", "solve_exactly"]


def rational_value(value: Any) -> fmpq | None:
    """The value as a rational number where it is visibly one."""
    if isinstance(value, Number):
        return value.polynomial[0] if value.polynomial.degree() <= 0 else None
    if isinstance(value, Enclosed):
        return value.exact
    return fmpq(value)


def solve_exactly(field: Field, matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any] | None:
    """The solution of a square system, or None if the matrix is singular (or its entries have no exact form).

    Over Q(theta) of degree d the system is solved in the regular representation, as a rational system
    that is d times larger; entries that are rational keep it block diagonal.
    """
    size = len(right)
    if size == 0:
        return []
    if isinstance(field, NumberField) and not _all_rational(matrix, right):
        return _solve_regular(field, matrix, right)
    rational = [[rational_value(a) for a in row] for row in matrix]
    sides = [rational_value(a) for a in right]
    entries = [a for row in rational for a in row if a is not None]
    known = [a for a in sides if a is not None]
    if len(entries) < size * size or len(known) < size:
        return None
    solution = _solve(fmpq_mat(size, size, entries), fmpq_mat(size, 1, known))
    return None if solution is None else [solution[i, 0] for i in range(size)]


def _all_rational(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> bool:
    return all(rational_value(a) is not None for a in right) and all(
        rational_value(a) is not None for row in matrix for a in row
    )


def _solve(matrix: fmpq_mat, right: fmpq_mat) -> fmpq_mat | None:
    try:
        return matrix.solve(right)
    except ZeroDivisionError:
        return None


def _solve_regular(field: NumberField, matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any] | None:
    degree, size = field.degree, len(right)
    system = fmpq_mat(size * degree, size * degree)
    sides = fmpq_mat(size * degree, 1)
    theta = field.generator.polynomial
    for i, row in enumerate(matrix):
        for k, coefficient in enumerate(field.coerce(right[i]).polynomial.coeffs()):
            sides[i * degree + k, 0] = coefficient
        for j, entry in enumerate(row):
            if not entry:
                continue
            column = field.coerce(entry).polynomial
            for t in range(degree):
                for k, coefficient in enumerate(column.coeffs()):
                    if coefficient != 0:
                        system[i * degree + k, j * degree + t] = coefficient
                column = (column * theta) % field.polynomial
    solution = _solve(system, sides)
    if solution is None:
        return None
    return [Number(field, fmpq_poly([solution[j * degree + t, 0] for t in range(degree)])) for j in range(size)]
