"""Exact lower bounds: rational worst-case data near the primal optimum, and their recognition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, MethodClaim, UndecidedError, Witness
from pepkit.kernel.claims import InitialCondition, Measure
from pepkit.kernel.statement import Form, Statement
from pepkit.kernel.witness import Evaluation, check_witness
from pepkit.rounding.affine import choose_pivots
from pepkit.rounding.conic import NumericalDual, float_forms, generators
from pepkit.rounding.linear import solve_exactly
from pepkit.rounding.relaxed import simplest_between
from pepkit.rounding.settings import Progress

__all__ = ["FloatData", "float_data", "recognised_witnesses", "rounded_witness"]

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


@dataclass(frozen=True)
class FloatData:
    """Approximate worst-case data: coordinates (n, r) of the basis vectors, and the scalars."""

    coordinates: np.ndarray
    scalars: np.ndarray


def float_data(statement: Statement, source: NumericalDual | Witness) -> FloatData:
    """The primal data of a numerical dual, or an exact witness in floats, normalised to normaliser 1."""
    if isinstance(source, NumericalDual):
        eigenvalues, eigenvectors = np.linalg.eigh(source.gram)
        keep = eigenvalues > 1e-13 * max(eigenvalues[-1], 1e-300)
        return FloatData(eigenvectors[:, keep] * np.sqrt(eigenvalues[keep]), source.scalars)
    convert = partial(to_float, statement.field)
    coordinates = np.array([[convert(a) for a in row] for row in source.coordinates])
    scalars = np.array([convert(a) for a in source.scalars])
    normaliser = _form_value(statement, statement.normaliser, coordinates, scalars)
    return FloatData(coordinates / np.sqrt(normaliser), scalars / normaliser)


def _form_value(statement: Statement, form: Form, coordinates: np.ndarray, scalars: np.ndarray) -> float:
    vectors = generators(statement).T @ coordinates
    total = to_float(statement.field, statement.field.coerce(form.constant))
    for (p, q), coefficient in form.quadratic.items():
        total += to_float(statement.field, coefficient) * float(vectors[p] @ vectors[q])
    for s, coefficient in form.linear.items():
        total += to_float(statement.field, coefficient) * float(scalars[s])
    return total


def rounded_witness(claim: MethodClaim, statement: Statement, data: FloatData, progress: Progress) -> Witness | None:
    """Strictly feasible rational data near approximate worst-case data, or None.

    The data violate some hypotheses by rounding or the solver's tolerance; a small amount of a strictly
    feasible point (a quadratic with distinct curvatures) in orthogonal dimensions repairs that before
    everything is rounded to dyadic numbers. The kernel has checked the result.
    """
    interior = _slater_point(claim, statement)
    if interior is None or not np.isfinite(data.coordinates).all() or not data.coordinates.size:
        return None
    slack, margin = _slacks(statement, data), _slacks(statement, interior)
    if margin.min() <= 0:
        return None
    needed = np.max(np.where(slack < margin, -slack / (margin - slack), 0.0), initial=0.0)
    # float evaluation of the slacks is only good to rounding
    noise = 1e-15 / float(margin.min())
    amount = max(needed, 0.0) * 1.5 + min(max(1e-13, noise), 1e-3)
    while amount < 0.05:
        progress("witness", f"rounding worst-case data, {amount:.1e} of a strictly feasible point")
        coordinates = np.hstack([np.sqrt(1 - amount) * data.coordinates, np.sqrt(amount) * interior.coordinates])
        scalars = (1 - amount) * data.scalars + amount * interior.scalars
        bits = min(75, 30 + int(-np.log2(amount)))
        witness = Witness(
            tuple(tuple(_dyadic(value, bits) for value in row) for row in coordinates),
            tuple(_dyadic(value, bits) for value in scalars),
        )
        try:
            check_witness(statement, witness)
        except (CertificateError, UndecidedError):
            amount *= 8
            continue
        return witness
    return None


def _dyadic(value: float, bits: int) -> fmpq:
    return fmpq(round(Fraction(float(value)) * (1 << bits)), 1 << bits)


def _all_indices(statement: Statement, name: str) -> np.ndarray:
    return np.array(list(statement.family(name).indices()), dtype=np.int64)


def _slacks(statement: Statement, data: FloatData) -> np.ndarray:
    """Values of all hypotheses at the data, in floats."""
    vectors = generators(statement).T @ data.coordinates
    products = vectors @ vectors.T
    parts = []
    for family in statement.families:
        forms = float_forms(statement, family, _all_indices(statement, family.name))
        parts.append(forms.values(products, data.scalars))
    return np.concatenate(parts)


def _slater_point(claim: MethodClaim, statement: Statement) -> FloatData | None:
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
    return FloatData(known / np.sqrt(normaliser), scalars / normaliser)
