"""Exact lower bounds: rational worst-case data near the primal optimum, and their recognition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq

from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, MethodClaim, UndecidedError, Witness
from pepkit.kernel.claims import InitialCondition, Measure
from pepkit.kernel.statement import Statement
from pepkit.kernel.witness import check_witness
from pepkit.rounding.conic import NumericalDual, evaluate_hypotheses, float_forms, generators
from pepkit.rounding.settings import Progress

__all__ = ["recognised_witness", "rounded_witness"]

_RECOGNITION = 2e-6
_LARGEST_DENOMINATOR = 20_000


def recognised_witness(statement: Statement, dual: NumericalDual) -> Witness | None:
    """The one-dimensional rational worst case that the numerical primal data approximate, if there is one.

    Coordinates and scalars are scaled so that the largest coordinate is 1 and replaced by the simplest
    rationals within the solver's accuracy. The result is unchecked: the kernel decides.
    """
    eigenvalues, eigenvectors = np.linalg.eigh(dual.gram)
    if len(eigenvalues) == 0 or eigenvalues[-1] <= 0:
        return None
    if len(eigenvalues) > 1 and eigenvalues[-2] > 1e-4 * eigenvalues[-1]:
        return None
    direction = eigenvectors[:, -1] * np.sqrt(eigenvalues[-1])
    largest = direction[np.argmax(np.abs(direction))]
    # the first of several equally large coordinates, so that ties do not depend on rounding
    first = direction[np.nonzero(np.abs(direction) > abs(largest) * (1 - 1e-5))[0][0]]
    coordinates = [_simple(value / first) for value in direction]
    scalars = [_simple(value / first**2) for value in dual.scalars]
    if any(value is None for value in (*coordinates, *scalars)):
        return None
    return Witness(tuple((value,) for value in coordinates), tuple(scalars))


def _simple(value: float) -> fmpq | None:
    fraction = Fraction(value).limit_denominator(_LARGEST_DENOMINATOR)
    for denominator in (1, 10, 100, 1000):
        shorter = Fraction(value).limit_denominator(denominator)
        if abs(float(shorter) - value) <= _RECOGNITION * max(1e-3, min(1.0, abs(value))):
            fraction = shorter
            break
    if abs(float(fraction) - value) > _RECOGNITION * max(1e-3, min(1.0, abs(value))):
        return None
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
