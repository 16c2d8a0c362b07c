"""Exact lower bounds: rational worst-case data near the primal optimum, and their recognition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, MethodClaim, UndecidedError, Witness
from pepkit.kernel.claims import InitialCondition, Measure
from pepkit.kernel.statement import Form, Statement
from pepkit.kernel.witness import Evaluation, check_witness
from pepkit.rounding.affine import choose_pivots
from pepkit.rounding.conic import NumericalDual, evaluate_hypotheses, float_forms, generators
from pepkit.rounding.linear import solve_exactly
from pepkit.rounding.relaxed import simplest_between
from pepkit.rounding.settings import Progress

__all__ = ["recognised_witnesses", "rounded_witness"]

_RECOGNITION = (3e-7, 3e-6, 3e-5, 2e-4)
"""Accuracies at which coordinates are replaced by the simplest rational nearby, in this order."""


def recognised_witnesses(statement: Statement, dual: NumericalDual) -> Iterator[Witness]:
    """One-dimensional rational worst cases that the numerical primal data may approximate.

    Coordinates and scalars are scaled so that the largest coordinate is 1 and replaced by the simplest
    rationals within several accuracies. The results are unchecked: the kernel decides.
    """
    eigenvalues, eigenvectors = np.linalg.eigh(dual.gram)
    if len(eigenvalues) == 0 or eigenvalues[-1] <= 0:
        return
    if len(eigenvalues) > 1 and eigenvalues[-2] > 1e-4 * eigenvalues[-1]:
        return
    direction = eigenvectors[:, -1] * np.sqrt(eigenvalues[-1])
    largest = np.abs(direction).max()
    # the first of several equally large coordinates, so that ties do not depend on rounding
    first = direction[np.nonzero(np.abs(direction) > largest * (1 - 1e-4))[0][0]]
    seen: list[list[fmpq]] = []
    for accuracy in _RECOGNITION:
        coordinates = [_simple(value / first, accuracy) for value in direction]
        if coordinates in seen:
            continue
        seen.append(coordinates)
        scalars = _scalars_from_active(statement, dual, coordinates)
        if scalars is not None:
            yield Witness(tuple((value,) for value in coordinates), scalars)


def _scalars_from_active(
    statement: Statement, dual: NumericalDual, coordinates: Sequence[fmpq]
) -> tuple[Any, ...] | None:
    """Scalars that make the hypotheses with the largest multipliers equalities, given exact coordinates."""
    count = len(statement.scalars)
    provisional = Witness(tuple((value,) for value in coordinates), (fmpq(0),) * count)
    evaluation = Evaluation(statement, provisional)
    forms: list[Form] = []
    weights: list[float] = []
    for name, (indices, values) in dual.multipliers.items():
        for index, value in zip(indices, values, strict=True):
            if value > 1e-4 * values.max(initial=0.0):
                forms.append(statement.family(name).form(tuple(int(i) for i in index)))
                weights.append(float(value))
    equations = np.zeros((count, len(forms)))
    for k, form in enumerate(forms):
        for scalar, coefficient in form.linear.items():
            equations[scalar, k] = to_float(statement.field, coefficient)
    rows, columns = choose_pivots(equations, np.array(weights), 1e-9)
    if len(rows) < count:
        return None
    zero = statement.field.coerce(0)
    matrix = [[forms[k].linear.get(s, zero) for s in range(count)] for k in columns]
    right = [-evaluation.value(forms[k]) for k in columns]
    solution = solve_exactly(statement.field, matrix, right)
    return None if solution is None else tuple(solution)


def _simple(value: float, accuracy: float) -> fmpq:
    centre, radius = Fraction(value), Fraction(accuracy)
    if abs(centre) < radius:
        return fmpq(0)
    fraction = simplest_between(centre - radius, centre + radius)
    return fmpq(fraction.numerator, fraction.denominator)


def rounded_witness(
    claim: MethodClaim, statement: Statement, dual: NumericalDual, progress: Progress
) -> Witness | None:
    """Strictly feasible rational data near the numerical worst case, or None.

    The numerical data violate some hypotheses by the solver's tolerance; a small amount of a strictly
    feasible point (a quadratic with distinct curvatures) in orthogonal dimensions repairs that before
    everything is rounded to dyadic numbers. The kernel has checked the result.
    """
    interior = _slater_point(claim, statement)
    scale = float(np.trace(dual.gram))
    if interior is None or not np.isfinite(scale) or scale <= 0:
        return None
    eigenvalues, eigenvectors = np.linalg.eigh(dual.gram)
    keep = eigenvalues > 1e-13 * eigenvalues[-1]
    factor = eigenvectors[:, keep] * np.sqrt(eigenvalues[keep])
    slack, margin = _slacks(statement, dual), _interior_slacks(statement, interior)
    if margin.min() <= 0:
        return None
    needed = np.max(np.where(slack < margin, -slack / (margin - slack), 0.0), initial=0.0)
    amount = max(needed, 0.0) * 1.5 + 1e-13
    while amount < 0.05:
        progress("witness", f"rounding worst-case data, {amount:.1e} of a strictly feasible point")
        coordinates = np.hstack([np.sqrt(1 - amount) * factor, np.sqrt(amount) * interior[0]])
        scalars = (1 - amount) * dual.scalars + amount * interior[1]
        bits = min(70, 30 + int(-np.log2(amount)))
        witness = Witness(
            tuple(tuple(_dyadic(value, bits) for value in row) for row in coordinates),
            tuple(_dyadic(value, bits) for value in scalars),
        )
        try:
            check_witness(statement, witness)
        except (CertificateError, UndecidedError):
            amount *= 4
            continue
        return witness
    return None


def _dyadic(value: float, bits: int) -> fmpq:
    return fmpq(round(Fraction(float(value)) * (1 << bits)), 1 << bits)


def _all_indices(statement: Statement, name: str) -> np.ndarray:
    return np.array(list(statement.family(name).indices()), dtype=np.int64)


def _slacks(statement: Statement, dual: NumericalDual) -> np.ndarray:
    return np.concatenate(
        [
            evaluate_hypotheses(statement, dual, family.name, _all_indices(statement, family.name))
            for family in statement.families
        ]
    )


def _interior_slacks(statement: Statement, interior: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    coordinates = generators(statement).T @ interior[0]
    products = coordinates @ coordinates.T
    parts = []
    for family in statement.families:
        forms = float_forms(statement, family, _all_indices(statement, family.name))
        parts.append(forms.values(products, interior[1]))
    return np.concatenate(parts)


def _slater_point(claim: MethodClaim, statement: Statement) -> tuple[np.ndarray, np.ndarray] | None:
    """A diagonal quadratic with distinct curvatures strictly inside (max(mu, 0), 1), normalised to normaliser 1."""
    mu = max(0.0, to_float(claim.field, claim.function_class.mu_over_L))
    size = claim.steps + 1
    curvatures = mu + (1 - mu) * (np.arange(size) + 1.0) / (size + 1)
    basis = statement.basis
    start = np.ones(size)
    position_index: list[int | None] = [
        next((i for i, v in enumerate(statement.vectors) if v.name == f"x_{k}"), None) for k in range(size)
    ]
    coordinates = generators(statement)
    known = np.zeros((len(basis), size))
    offset = 1 if claim.has_minimiser else 0
    if claim.has_minimiser:
        known[0] = start
    points = []
    for k in range(size):
        index = position_index[k]
        point = start if index is None else coordinates[:, index] @ known
        if index is not None and not claim.has_minimiser:
            point = start + point
        points.append(point)
        known[offset + k] = curvatures * point
    values = np.array([0.5 * float(curvatures @ (p * p)) for p in points])
    scalars = values
    if claim.measure is Measure.SMALLEST_GRADIENT_NORM:
        smallest = min(float(g @ g) for g in known[offset:])
        scalars = np.append(values, 0.9 * smallest)
    normaliser = {
        InitialCondition.DISTANCE: float(start @ start),
        InitialCondition.FUNCTION_VALUE: values[0],
        InitialCondition.GRADIENT_NORM: float(known[offset] @ known[offset]),
    }[claim.initial]
    if not np.all(np.isfinite(known)) or normaliser <= 0:
        return None
    return known / np.sqrt(normaliser), scalars / normaliser
