"""Invariances that float rounding broke, restored.

Problems about points do not change when all points are translated, nor when a constant is added to all values
of a function. Coefficients computed in floats keep that only up to rounding; taken as exact numbers they then
describe a problem whose worst case is infinite, along the translation. Here the directions along which no
form moves by more than rounding are recognised, and coefficients are moved by that rounding so that no form
moves at all. The size of the largest change is returned and reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import fmpq
from scipy import linalg

from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.statement import Form
from pepkit.rounding.exact_linear import exact_kernel
from pepkit.rounding.listed_faces import simple_basis

__all__ = ["restore_invariances"]

DUST = 1e-12
"""Coefficients below this fraction of the largest one of a form may be rounding."""


def restore_invariances(forms: Sequence[Form], vectors: int, scalars: int) -> tuple[list[Form], float]:
    """The forms with translations restored, and the largest relative change of a coefficient (0 if none)."""
    scales = [_scale(form) for form in forms]
    shifts = _directions(_quadratic_rows(forms, scales), vectors)
    constants = _directions(_linear_rows(forms, scales, scalars), scalars)
    result, largest = [], 0.0
    for form, scale in zip(forms, scales, strict=True):
        changed = _invariant(form, shifts, constants)
        change = _difference(form, changed) / scale if scale else 0.0
        if change > DUST:
            changed, change = form, 0.0
        largest = max(largest, change)
        result.append(changed)
    return result, largest


def _float(value: Any) -> float:
    return int(value.p) / int(value.q)


def _scale(form: Form) -> float:
    values = (*form.quadratic.values(), *form.linear.values())
    return max((abs(_float(v)) for v in values), default=0.0)


def _quadratic_rows(forms: Sequence[Form], scales: Sequence[float]) -> list[dict[int, float]]:
    rows: dict[tuple[tuple[int, float], ...], dict[int, float]] = {}
    for form, scale in zip(forms, scales, strict=True):
        lines: dict[int, dict[int, float]] = {}
        for (p, q), value in form.quadratic.items():
            number = _float(value) / scale
            lines.setdefault(p, {})[q] = number if p == q else number / 2
            if p != q:
                lines.setdefault(q, {})[p] = number / 2
        for line in lines.values():
            rows.setdefault(tuple(sorted(line.items())), line)
    return list(rows.values())


def _linear_rows(forms: Sequence[Form], scales: Sequence[float], scalars: int) -> list[dict[int, float]]:
    return [
        {s: _float(v) / scale for s, v in form.linear.items()}
        for form, scale in zip(forms, scales, strict=True)
        if form.linear
    ]


def _directions(rows: list[dict[int, float]], width: int) -> list[tuple[int, dict[int, fmpq]]]:
    """(p, coordinates) of an exact basis of the directions that all rows annihilate up to rounding."""
    if not rows or not width:
        return []
    matrix = np.zeros((len(rows), width))
    for k, row in enumerate(rows):
        for j, value in row.items():
            matrix[k, j] = value
    # a triangle of the same null space keeps the decomposition small
    triangle = linalg.qr(matrix, mode="r")[0][:width] if len(rows) > width else matrix
    _, sizes, basis = np.linalg.svd(triangle, full_matrices=True)
    rank = int((sizes > DUST * max(1.0, sizes[0] if len(sizes) else 1.0)).sum())
    if rank == width:
        return []
    found = simple_basis(basis[rank:].T, 1e-9)
    if found is None:
        return []
    reduced, pivots = exact_kernel(RATIONALS, found)
    return [
        (pivot, {j: value for j, value in enumerate(vector) if value and j != pivot})
        for vector, pivot in zip(reduced, pivots, strict=True)
    ]


def _invariant(
    form: Form, shifts: list[tuple[int, dict[int, fmpq]]], constants: list[tuple[int, dict[int, fmpq]]]
) -> Form:
    """The form with the coefficients of the pivot coordinates recomputed from all others."""
    quadratic = dict(form.quadratic)
    if shifts and any(_image(form, pivot, vector) for pivot, vector in shifts):
        pivots = {pivot for pivot, _ in shifts}
        # v_n is replaced by v_n - sum_p z_p[n] v_p, which no shift along a z_p changes
        replaced: dict[int, list[tuple[int, fmpq]]] = {}
        for pivot, vector in shifts:
            for n, value in vector.items():
                replaced.setdefault(n, []).append((pivot, -value))
        quadratic = {}
        for (a, b), value in form.quadratic.items():
            if a in pivots or b in pivots:
                continue
            for p, left in ((a, fmpq(1)), *replaced.get(a, ())):
                for q, right in ((b, fmpq(1)), *replaced.get(b, ())):
                    key = (p, q) if p <= q else (q, p)
                    term = value * left * right
                    quadratic[key] = quadratic[key] + term if key in quadratic else term
        quadratic = {key: value for key, value in quadratic.items() if value}
    linear = dict(form.linear)
    for pivot, vector in constants:
        total = sum((linear[j] * value for j, value in vector.items() if j in linear), fmpq(0))
        if total + linear.get(pivot, fmpq(0)) != 0:
            linear[pivot] = -total
    return Form(quadratic, {s: v for s, v in linear.items() if v}, form.constant)


def _image(form: Form, pivot: int, vector: dict[int, fmpq]) -> bool:
    """Whether the form moves along the vector."""
    image: dict[int, fmpq] = {}
    for (p, q), value in form.quadratic.items():
        for a, b in ((p, q), (q, p)):
            factor = fmpq(1) if b == pivot else vector.get(b)
            if factor is not None:
                image[a] = image.get(a, fmpq(0)) + value * factor / 2
    return any(image.values())


def _difference(first: Form, second: Form) -> float:
    largest = 0.0
    for left, right in ((first.quadratic, second.quadratic), (first.linear, second.linear)):
        for key in {*left, *right}:
            gap = left.get(key, fmpq(0)) - right.get(key, fmpq(0))
            if gap:
                largest = max(largest, abs(_float(gap)))
    return largest
