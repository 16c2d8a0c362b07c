"""Exact worst cases of listed claims: the numerical optimum refined by Newton's method and recognised.

At an optimum with Gram matrix G = Z M Z^T (Z of full column rank r, the identity on r rows) the active hypotheses
vanish, the scalars cancel and the residual annihilates Z. These equations are solved to 70 digits, unknowns that they
leave free being set to simple rationals; then all numbers are recognised as elements of the field of the claim, or of
one field Q(sqrt d) for claims over Q.
Nothing here is believed: the kernel checks what is built on it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq
from scipy import linalg

from pepkit.algebra import to_float
from pepkit.kernel import RATIONALS, Field, ListedClaim, NumberField, Witness
from pepkit.kernel.statement import Form, Vector
from pepkit.rounding.linear import solve_exactly
from pepkit.rounding.listed import ListedSystem
from pepkit.rounding.listed_dual import ListedDual, independent_rows
from pepkit.rounding.recognition import BITS, CLOSE, ball, binary_logarithm, each_recognised, recognised
from pepkit.rounding.relaxed import simplest_between

__all__ = ["ExactWorstCase", "claim_over", "exact_worst_cases"]

MAX_DEGREE = 4
MAX_RANK = 32
MAX_UNKNOWNS = 800
SLACKS = (1e-5, 1e-3)
"""Slacks below this count as zero; where multiplier and slack both vanish, the solver knows neither well."""


@dataclass(frozen=True)
class ExactWorstCase:
    """Worst-case data over one field: G = Z M Z^T and values of the scalars.

    `span` has the columns of Z as vectors over the basis of the claim, `moments` the rows of M; `active` are the
    hypotheses (family, index) that vanish, `used` those of them whose multiplier is not zero.
    """

    field: Field
    span: tuple[tuple[Any, ...], ...]
    moments: tuple[tuple[Any, ...], ...]
    values: tuple[Any, ...]
    active: frozenset[tuple[str, int]]
    used: frozenset[tuple[str, int]]

    def value(self, form: Form) -> Any:
        """A form at these data."""
        total = self.field.coerce(form.constant)
        for (p, q), weight in form.quadratic.items():
            total = total + weight * self._product(p, q)
        for s, weight in form.linear.items():
            total = total + weight * self.values[s]
        return total

    def _product(self, p: int, q: int) -> Any:
        total = self.field.coerce(0)
        for i, column in enumerate(self.span):
            for j, other in enumerate(self.span):
                if column[p] and other[q] and self.moments[i][j]:
                    total = total + column[p] * other[q] * self.moments[i][j]
        return total

    def witness(self) -> Witness | None:
        """Coordinates with this Gram matrix: M = L D L^T with weights D; None if M is not positive semidefinite."""
        rank, zero = len(self.span), self.field.coerce(0)
        work = [list(row) for row in self.moments]
        factor = [[zero] * rank for _ in range(rank)]
        weights = []
        for k in range(rank):
            pivot = work[k][k]
            if self.field.sign(pivot) <= 0:
                return None
            weights.append(pivot)
            for i in range(k, rank):
                factor[i][k] = work[i][k] / pivot
            for i in range(k + 1, rank):
                for j in range(k + 1, rank):
                    work[i][j] = work[i][j] - factor[i][k] * work[k][j]
        rows = []
        for p in range(len(self.span[0])):
            row = [zero] * rank
            for i in range(rank):
                if self.span[i][p]:
                    row = [a + self.span[i][p] * b for a, b in zip(row, factor[i], strict=True)]
            rows.append(tuple(row))
        plain = all(weight == 1 for weight in weights)
        return Witness(tuple(rows), self.values, None if plain else tuple(weights))


def claim_over(claim: ListedClaim, field: Field) -> ListedClaim:
    """The same claim with its numbers as elements of a larger field."""
    if field == claim.field:
        return claim

    def lifted(form: Form) -> Form:
        coerce = field.coerce
        return Form(
            {k: coerce(v) for k, v in form.quadratic.items()},
            {k: coerce(v) for k, v in form.linear.items()},
            coerce(form.constant),
        )

    return replace(
        claim,
        vectors=tuple(Vector(v.name) for v in claim.vectors),
        inequalities=tuple((name, lifted(form)) for name, form in claim.inequalities),
        equalities=tuple((name, lifted(form)) for name, form in claim.equalities),
        matrix_inequalities=tuple(
            (name, tuple(tuple(lifted(form) for form in row) for row in matrix))
            for name, matrix in claim.matrix_inequalities
        ),
        measure=lifted(claim.measure),
        normaliser=lifted(claim.normaliser),
        rate=None,
        field=field,
    )


def exact_worst_cases(system: ListedSystem, dual: ListedDual, seconds: float = 10.0) -> Iterator[ExactWorstCase]:
    """Worst cases near the numerical optimum with exact numbers, the likeliest first.

    No new candidate is refined after `seconds`. Claims with matrix inequalities, or over a number field of degree
    above `MAX_DEGREE`, are left alone.
    """
    small = system.field == RATIONALS or (isinstance(system.field, NumberField) and system.field.degree <= MAX_DEGREE)
    if system.blocks or not small or not system.rows.size:
        return
    deadline = time.perf_counter() + seconds
    ranks = _ranks(dual.gram[np.ix_(system.rows, system.rows)])
    tried = []
    for rank, threshold in product(ranks, SLACKS):
        equations = _Equations(system, dual, rank, threshold)
        if equations.unknowns > MAX_UNKNOWNS or (rank, equations.active) in tried:
            continue
        if time.perf_counter() > deadline:
            return
        tried.append((rank, equations.active))
        numbers = equations.solved(deadline)
        if numbers is None:
            continue
        found = recognised(numbers[: equations.recognise], system.field) or equations.completed(numbers)
        if found is not None:
            yield equations.worst_case(*found, numbers[equations.recognise :])


def _ranks(gram: np.ndarray) -> list[int]:
    """Numerical ranks of the Gram matrix, the clearest first."""
    values = np.maximum(np.linalg.eigvalsh(gram)[::-1], 1e-300)
    if values[0] <= 1e-9:
        return []
    gaps = [(values[k] / (values[k + 1] if k + 1 < len(values) else 1e-300), k + 1) for k in range(len(values))]
    ordered = sorted(
        ((g, r) for g, r in gaps if r <= MAX_RANK and g > 30 and values[r - 1] > 1e-7 * values[0]), reverse=True
    )
    return [rank for _, rank in ordered][:2]


class _Equations:
    """The optimality conditions with a Gram matrix of given rank, in floats and in high precision."""

    def __init__(self, system: ListedSystem, dual: ListedDual, rank: int, threshold: float) -> None:
        self.system = system
        self.rank = rank
        rows = system.rows
        self.size = len(rows)
        gram = dual.gram[np.ix_(rows, rows)]
        leading = np.linalg.eigh(gram)[1][:, -rank:]
        _, _, order = linalg.qr(leading.T, mode="economic", pivoting=True)
        self.pivots = sorted(int(k) for k in order[:rank])
        self.free = [k for k in range(self.size) if k not in self.pivots]
        span = leading @ np.linalg.inv(leading[self.pivots])
        moments = gram[np.ix_(self.pivots, self.pivots)]
        self.room = float(min(1e-3, 0.05 * np.linalg.eigvalsh(moments)[0]))
        slack = dual.solution.slack
        scale = max(1.0, float(np.abs(slack).max(initial=0.0)))
        self.active = [
            k
            for k, column in enumerate(system.columns)
            if not column.signed or slack[k] < threshold * scale or dual.u[k] > slack[k]
        ]
        self.position = {int(p): k for k, p in enumerate(rows)}
        self.forms = [self._form(system.columns[k].form) for k in self.active]
        self.measure = self._form(system.claim.measure)
        self.triangle = [(i, j) for i in range(rank) for j in range(i + 1)]
        self.recognise = len(self.free) * rank + len(self.triangle) + system.scalars
        self.unknowns = self.recognise + len(self.active)
        self.start = np.concatenate(
            [span[self.free].ravel(), [moments[i, j] for i, j in self.triangle], dual.values, dual.u[self.active]]
        )

    def _form(self, form: Form) -> tuple[list[tuple[int, int, Any]], list[tuple[int, Any]], Any]:
        quadratic = [
            (self.position[p], self.position[q], v)
            for (p, q), v in form.quadratic.items()
            if p in self.position and q in self.position
        ]
        return quadratic, list(form.linear.items()), form.constant

    def _parts(
        self, x: Sequence[Any], one: Any
    ) -> tuple[list[list[Any]], list[list[Any]], Sequence[Any], Sequence[Any]]:
        """Z by rows, M, the scalars and the multipliers."""
        rank, zero = self.rank, one * 0
        span = [[zero] * rank for _ in range(self.size)]
        for k, p in enumerate(self.pivots):
            span[p][k] = one
        for number, p in enumerate(self.free):
            span[p] = list(x[number * rank : (number + 1) * rank])
        at = len(self.free) * rank
        moments = [[zero] * rank for _ in range(rank)]
        for (i, j), value in zip(self.triangle, x[at : at + len(self.triangle)], strict=True):
            moments[i][j] = moments[j][i] = value
        at += len(self.triangle)
        return span, moments, x[at : at + self.system.scalars], x[self.recognise :]

    def residual(self, x: Sequence[Any], convert: Any) -> list[Any]:
        """What should vanish, in the arithmetic of `x`; `convert` brings coefficients there."""
        one = convert(fmpq(1))
        span, moments, values, multipliers = self._parts(x, one)
        rank, size = self.rank, self.size
        image = [[sum((row[i] * moments[i][j] for i in range(rank)), one * 0) for j in range(rank)] for row in span]
        result = []
        slack = [[one * 0] * rank for _ in range(size)]
        scalars = [one * 0] * self.system.scalars
        for number, (form, weight) in enumerate([(self.measure, one), *zip(self.forms, multipliers, strict=True)]):
            quadratic, linear, constant = form
            total = convert(constant)
            for p, q, value in quadratic:
                factor = convert(value)
                total = total + factor * sum((image[p][k] * span[q][k] for k in range(rank)), one * 0)
                half = factor * weight / 2
                for k in range(rank):
                    slack[p][k] = slack[p][k] + half * span[q][k]
                    slack[q][k] = slack[q][k] + half * span[p][k]
            for s, value in linear:
                factor = convert(value)
                total = total + factor * values[s]
                scalars[s] = scalars[s] + factor * weight
            if number:
                result.append(total)
        return [*result, *scalars, *(entry for row in slack for entry in row)]

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """The derivative of the residual, in floats."""
        span_rows, moment_rows, _, multipliers = self._parts([float(v) for v in x], 1.0)
        span, moments = np.array(span_rows), np.array(moment_rows)
        rank, size, count = self.rank, self.size, len(self.forms)
        scalars, offset = self.system.scalars, len(self.free) * rank
        matrix = np.zeros((count + scalars + size * rank, self.unknowns))
        image = span @ moments
        place = {p: number for number, p in enumerate(self.free)}
        total = np.zeros((size, size))
        for number, (form, weight) in enumerate([(self.measure, 1.0), *zip(self.forms, multipliers, strict=True)]):
            quadratic, linear, _ = form
            symmetric = np.zeros((size, size))
            for p, q, value in quadratic:
                symmetric[p, q] += self.system.floats(value) / 2
                symmetric[q, p] += self.system.floats(value) / 2
            total += float(weight) * symmetric
            if not number:
                continue
            row = number - 1
            # d <A, Z M Z^T> = 2 <A Z M, dZ> + <Z^T A Z, dM>
            by_span = 2 * symmetric @ image
            for p, at in place.items():
                matrix[row, at * rank : (at + 1) * rank] = by_span[p]
            inner = span.T @ symmetric @ span
            for k, (i, j) in enumerate(self.triangle):
                matrix[row, offset + k] = inner[i, j] * (1 if i == j else 2)
            for s, value in linear:
                matrix[row, offset + len(self.triangle) + s] = self.system.floats(value)
                matrix[count + s, self.recognise + row] = self.system.floats(value)
            matrix[count + scalars :, self.recognise + row] = (symmetric @ span).ravel()
        for p, at in place.items():
            for k in range(rank):
                block = np.zeros((size, rank))
                block[:, k] = total[:, p]
                matrix[count + scalars :, at * rank + k] = block.ravel()
        return matrix

    def solved(self, deadline: float = math.inf) -> list[arb] | None:
        """All unknowns to high precision, or None if Newton's method does not converge (in time)."""
        x = self.start.copy()
        near = 0.2 * (1 + np.abs(x))
        every = np.arange(self.unknowns)
        if not self._converge(x, every, near, deadline):
            return None
        jacobian = self.jacobian(x)
        norms = np.linalg.norm(jacobian, axis=0)
        # an unknown that no equation sees must not be blown up to one that they see
        scale = np.where(norms > 1e-9 * norms.max(), norms, 1.0)
        _, triangle, order = linalg.qr(jacobian / scale, mode="economic", pivoting=True)
        diagonal = np.abs(np.diag(triangle))
        count = int((diagonal > 1e-8 * diagonal[0]).sum())
        chosen = np.sort(order[:count])
        rest = [int(k) for k in order[count:]]
        if rest:
            for k in rest:
                # unknowns that nothing determines may as well be simple, as long as M stays definite
                radius = Fraction(self.room) * Fraction(1 + abs(x[k]))
                x[k] = float(simplest_between(Fraction(x[k]) - radius, Fraction(x[k]) + radius))
            if not self._converge(x, chosen, 2 * near, deadline):
                return None
        inverse = np.linalg.pinv(self.jacobian(x)[:, chosen], rcond=1e-12)
        with flint.ctx.workprec(BITS):
            exact = [arb(float(v)) for v in x]
            for k in rest:
                radius = Fraction(1, 10**12)
                simple = simplest_between(Fraction(float(x[k])) - radius, Fraction(float(x[k])) + radius)
                exact[k] = arb(fmpq(simple.numerator, simple.denominator))
            last = math.inf
            for _ in range(60):
                residual = self.residual(exact, ball)
                size = max((abs(r.mid()) for r in residual), default=arb(0))
                if size < arb(2) ** (-CLOSE - 40):
                    return exact
                exponent = binary_logarithm(size)
                if exponent > last - 3 or time.perf_counter() > deadline:
                    return None
                last = exponent
                # the residual in floats, with its own scale: each round gains the digits of the inverse
                unit = arb(2) ** round(exponent)
                step = inverse @ np.array([float((r / unit).mid()) for r in residual])
                for k, change in zip(chosen, step, strict=True):
                    exact[k] = (exact[k] - arb(float(change)) * unit).mid()
        return None

    def _converge(self, x: np.ndarray, chosen: np.ndarray, near: np.ndarray, deadline: float) -> bool:
        """Newton's method in floats on the chosen unknowns; False if it leaves the neighbourhood, or takes too long."""
        origin = x.copy()
        for _ in range(30):
            if time.perf_counter() > deadline:
                return False
            residual = np.array(self.residual(list(x), self.system.floats), dtype=float)
            if not np.isfinite(residual).all():
                return False
            if np.abs(residual).max(initial=0.0) < 1e-13 * (1 + np.abs(x).max()):
                break
            step = np.linalg.lstsq(self.jacobian(x)[:, chosen], residual, rcond=1e-9)[0]
            x[chosen] -= step
            if (np.abs(x - origin) > near).any():
                return False
        return bool(np.abs(np.array(self.residual(list(x), self.system.floats), dtype=float)).max(initial=0.0) < 1e-9)

    def completed(self, numbers: Sequence[arb]) -> tuple[Field, list[Any]] | None:
        """All numbers where those of Z are recognised: on its range what is left solves linear equations, exactly.

        Their solution may be too long to be recognised.
        """
        place = len(self.free) * self.rank
        found = recognised(numbers[:place], self.system.field)
        if found is None:
            return None
        field, inside = found
        rest = each_recognised(numbers[place : self.recognise], field)
        unknown = [k for k, value in enumerate(rest) if value is None]
        rows, right = self._linear(field, inside, [field.coerce(0) if v is None else v for v in rest])
        if len(rows) < len(unknown):
            return None
        matrix = [[row[k] for k in unknown] for row in rows]
        floats = np.array([[to_float(field, a) for a in row] for row in matrix]).reshape(len(rows), len(unknown))
        chosen = independent_rows(floats)
        if len(chosen) != len(unknown):
            return None
        solution = solve_exactly(field, [matrix[k] for k in chosen], [right[k] for k in chosen])
        if solution is None:
            return None
        for k, value in zip(unknown, solution, strict=True):
            rest[k] = field.coerce(value)
        return field, [*inside, *rest]

    def _linear(self, field: Field, inside: Sequence[Any], known: Sequence[Any]) -> tuple[list[list[Any]], list[Any]]:
        """The active hypotheses as equations in M and the scalars, and what they lack at `known` values of these."""
        zero, one = field.coerce(0), field.coerce(1)
        span, _, _, _ = self._parts([*inside, *known, *([zero] * len(self.active))], one)
        rows, right = [], []
        for quadratic, linear, constant in self.forms:
            row = [zero] * len(known)
            for p, q, value in quadratic:
                for k, (i, j) in enumerate(self.triangle):
                    term = span[p][i] * span[q][j]
                    if i != j:
                        term = term + span[p][j] * span[q][i]
                    row[k] = row[k] + term * value
            for s, value in linear:
                row[len(self.triangle) + s] = row[len(self.triangle) + s] + value
            total = field.coerce(constant)
            for coefficient, value in zip(row, known, strict=True):
                total = total + coefficient * value
            rows.append(row)
            right.append(-total)
        return rows, right

    def worst_case(self, field: Field, numbers: Sequence[Any], multipliers: Sequence[arb]) -> ExactWorstCase:
        """The recognised numbers in the coordinates of the claim; multipliers below 1e-9 count as zero."""
        system = self.system
        rows, moments, values, _ = self._parts([*numbers, *([field.coerce(0)] * len(self.active))], field.coerce(1))
        span = []
        for k in range(self.rank):
            vector = [field.coerce(0)] * system.size
            for p, row in zip(system.rows, rows, strict=True):
                vector[int(p)] = field.coerce(row[k])
            span.append(tuple(vector))
        active = frozenset((system.columns[k].family, system.columns[k].index[0]) for k in self.active)
        used = frozenset(
            (system.columns[k].family, system.columns[k].index[0])
            for k, u in zip(self.active, multipliers, strict=True)
            if not system.columns[k].signed or float(u.mid()) > 1e-9
        )
        return ExactWorstCase(
            field, tuple(span), tuple(tuple(field.coerce(v) for v in row) for row in moments),
            tuple(field.coerce(v) for v in values), active, used,
        )  # fmt: skip
