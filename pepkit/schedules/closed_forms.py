"""Closed-form certificates: a composition written out as multipliers of interpolation inequalities.

The multipliers follow the tree (docs/mathematics-joins.md): those of a join are multiples of those of its
parts, rows from the joining point and the last point to the second part, and two corner entries. They are about
n log2 n in number. The slack is a square, or zero. What comes out is an ordinary certificate, which the kernel
checks without knowing of joins.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pepkit.algebra.fields import DEGREE_LIMIT
from pepkit.kernel import (
    Certificate,
    ClaimError,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
    Witness,
)
from pepkit.kernel.composition import derived_rate
from pepkit.kernel.joins import EMPTY
from pepkit.kernel.statement import Index
from pepkit.schedules.composition import Composition, Weights
from pepkit.schedules.composition_proofs import exact_composition, measures

__all__ = ["flat_certificate", "flat_multipliers"]

MAX_WITNESS_STEPS = 64
"""The kernel checks a worst case against all pairs of points, so longer schedules go without by default."""
STAR = -1
"""Index of the minimiser while the number of steps is not known."""

Multipliers = dict[tuple[int, int], Any]
HALF = fmpq(1, 2)


def flat_certificate(
    composition: Composition,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    initial: InitialCondition | None = None,
    witness: bool | str = "auto",
    degree_limit: int = DEGREE_LIMIT,
) -> Certificate:
    """The certificate of a composition over one real number field, with its exact rate.

    Parameters
    ----------
    mu, L
        mu/L with 0 <= mu/L < 1, exact; L exact, or None for every L > 0.
    measure, initial
        What is bounded; by default what the kind of the schedule is made for.
    witness
        Whether to attach the worst case; ``"auto"`` up to 64 steps.
    degree_limit
        Largest degree of the field that the numbers of the tree may need.

    Raises
    ------
    ClaimError
        Where the numbers of the tree lie in no field of degree up to the limit (use `composition_proof`), or
        the tree does not decide this measure.
    """
    found = exact_composition(composition, mu, L, degree_limit)
    if found is None:
        raise ClaimError(
            f"the steps of {composition.name} lie in no field of degree up to {degree_limit}, so they have no flat "
            "certificate; the composition proof needs none"
        )
    if measure is None or initial is None:
        measure, initial = measures(composition, found.convex)[0]
    rate = derived_rate(found.weights.block, found.convex, measure, initial)
    steps = tuple(composition.expand(found.weights.step))
    claim = MethodClaim(
        found.field, SmoothFunctionClass(found.mu_over_L, found.L), GradientDescent(steps), measure, initial, rate
    )
    multipliers = flat_multipliers(composition, found.weights, found.mu_over_L, found.convex, measure)
    attach = len(steps) <= MAX_WITNESS_STEPS if witness == "auto" else bool(witness)
    case = _worst_case(claim, found.weights.block.weight, found.convex) if attach else None
    data = {"method": "closed form", "schedule": composition.name}
    return Certificate(claim, multipliers, (), case, data)


def flat_multipliers(
    composition: Composition, weights: Weights, m: Any, convex: bool, measure: Measure
) -> dict[str, dict[Index, Any]]:
    """The multipliers of the conclusion rate * initial - measure, in any arithmetic with + - * /.

    `weights` and `m` are numbers of one arithmetic: a field, intervals, floats.
    """
    builder: _Convex | _StronglyConvex
    builder = _Convex(composition, weights) if convex else _StronglyConvex(composition, weights, m)
    parts: list[_Part] = []
    for index, (kind, *operands) in enumerate(composition.instructions):
        if kind not in ("s", "f", "g"):
            break
        parts.append(builder.join(index, kind, [parts[o] if o != EMPTY else None for o in operands]))
    if composition.kind == "closed":
        values = _StronglyConvex(composition, weights, m).closed(parts)
    else:
        values = builder.finish(parts[-1], measure)
    count = composition.steps
    star = count + 1
    renamed: dict[Index, Any] = {
        (star if i == STAR else i, star if j == STAR else j): value for (i, j), value in values.items() if value
    }
    result: dict[str, dict[Index, Any]] = {"interpolation": dict(sorted(renamed.items()))}
    if measure is Measure.SMALLEST_GRADIENT_NORM:
        result["smallest-gradient"] = {(count,): weights.weight[-1] / weights.weight[-1]}
    return result


class _Part:
    """Multipliers among the points 0..count of a part, and those of the minimiser (`stars`), by point."""

    def __init__(self, kind: str, count: int, values: Multipliers, stars: list[Any], row: list[Any]) -> None:
        self.kind, self.count, self.values, self.stars, self.row = kind, count, values, stars, row


def _add(target: Multipliers, i: int, j: int, value: Any) -> None:
    target[i, j] = target[i, j] + value if (i, j) in target else value


def _scaled(target: Multipliers, part: Multipliers, factor: Any, shift: int) -> None:
    for (i, j), value in part.items():
        _add(target, i + shift, j + shift, factor * value)


class _Convex:
    """The rules for mu = 0. `row` of a part of kind s lists its steps; `stars` of kind f lists its tau_i."""

    def __init__(self, composition: Composition, weights: Weights) -> None:
        self.weights = weights
        self.instructions = composition.instructions

    def weight(self, operand: Any) -> Any:
        return 1 if operand == EMPTY else self.weights.weight[operand]

    def join(self, index: int, kind: str, given: list[_Part | None]) -> _Part:
        _, first, second = self.instructions[index]
        step, root = self.weights.step[index], self.weights.root[index]
        one = root / root
        a = given[0] or _Part("g" if kind == "g" else "s", 0, {}, [one], [])
        b = given[1] or _Part("f" if kind == "f" else "s", 0, {}, [one], [])
        p, q = a.count, a.count + 1 + b.count
        values: Multipliers = dict(a.values)
        psi = step - 1
        if kind == "f":
            stars, row = self._tail(second, b)
            _scaled(values, b.values, root * root, p + 1)
            for i, tau in enumerate(stars):
                _add(values, p, p + 1 + i, root * (root - 1) * tau)
            alpha = self.weight(first)
            return _Part("f", q, values, [*a.row, alpha + 1, *(root * tau for tau in stars)], row)
        if kind == "s":
            alpha, beta = self.weight(first), self.weight(second)
            t = (alpha + psi) / (beta - psi)
            _scaled(values, b.values, 1 + 2 * t, p + 1)
        else:
            t = 1 / (self.weight(second) - psi)
            _scaled(values, b.values, 2 * t, p + 1)
        for i, h in enumerate(b.row):
            _add(values, p, p + 1 + i, t * h)
            _add(values, q, p + 1 + i, t * h)
        _add(values, p, q, t)
        _add(values, q, p, t * psi)
        return _Part(kind, q, values, [], [*a.row, step, *b.row] if kind == "s" else [])

    def _tail(self, operand: Any, part: _Part) -> tuple[list[Any], list[Any]]:
        if part.kind == "s" and operand != EMPTY:
            return [*part.row, self.weight(operand)], []
        return part.stars, []

    def finish(self, part: _Part, measure: Measure) -> Multipliers:
        """The identity of the part, with the inequalities of the minimiser, scaled to rate * initial - measure."""
        weight = self.weights.weight[-1]
        values: Multipliers = {}
        if part.kind == "g":
            _scaled(values, part.values, 2 / weight, 0)
            values[part.count, STAR] = 2 / weight
            return values
        if measure is Measure.FUNCTION_VALUE:
            factor = 1 / (2 * weight - 1) if part.kind == "s" else 1 / weight
            stars = [*part.row, weight] if part.kind == "s" else part.stars
        else:
            factor = 2 / (weight * weight)
            stars = [*part.row, weight / weight]
            values[part.count, STAR] = factor * weight
        _scaled(values, part.values, factor, 0)
        for i, star in enumerate(stars):
            values[STAR, i] = factor * star
        return values


class _StronglyConvex:
    """The rules for mu > 0, on the normalised inequalities q = Q/(m (1 - m)). `row` lists the sigma_i."""

    def __init__(self, composition: Composition, weights: Weights, m: Any) -> None:
        self.weights, self.m = weights, m
        self.instructions = composition.instructions

    def weight(self, operand: Any, empty: Any) -> Any:
        return empty if operand == EMPTY else self.weights.weight[operand]

    def join(self, index: int, kind: str, given: list[_Part | None]) -> _Part:
        m = self.m
        _, first, second = self.instructions[index]
        root = self.weights.root[index]
        a = given[0] or _Part("g" if kind == "g" else "s", 0, {}, [], [])
        b = given[1] or _Part("f" if kind == "f" else "s", 0, {}, [2 * (1 - m)], [])
        p, q = a.count, a.count + 1 + b.count
        values: Multipliers = {}
        if kind == "s":
            z, za, zb = root, self.weight(first, m), self.weight(second, m)
            y = za * zb / z
            gain, e = (z / zb) * (z / zb), (1 - zb) / (1 + y)
            _scaled(values, a.values, e * e, 0)
            _scaled(values, b.values, gain, p + 1)
            self._rows(values, b.row, p, q, (gain - 1) * e, gain - 1)
            _add(values, p, q, (gain - 1) * e * m)
            _add(values, q, p, (gain - 1) * e * y)
            return _Part("s", q, values, [], [*(e * s for s in a.row), e * (m + y), *b.row])
        y = root
        if kind == "f":
            z = self.weight(first, m)
            ratio = (1 + y) * z / ((1 - z) * y)
            gain = ratio * ratio
            _scaled(values, a.values, (1 - m) * (1 - m) / (m * (1 - z) * (1 - z)), 0)
            _scaled(values, b.values, gain, p + 1)
            for i, star in enumerate(b.stars):
                _add(values, p, p + 1 + i, gain * (1 - y / z) * star)
            inner = 2 * (1 - m) * (1 - m) / (m * (1 - z))
            stars = [inner * s for s in a.row] + [inner * ((1 + y) * z / (1 - z) + m)]
            return _Part("f", q, values, [*stars, *(gain * y / z * star for star in b.stars)], [])
        z = self.weight(second, m)
        e, t = (1 - z) / (1 + y), (1 - m) / ((1 - z) * (z - y))
        _scaled(values, a.values, 1 + 0 * m, 0)
        _scaled(values, b.values, t * (1 + e) / e, p + 1)
        self._rows(values, b.row, p, q, 2 * t * (1 - z), 2 * t * (1 - z) / e)
        _add(values, p, q, 2 * t * (1 - z) * m)
        _add(values, q, p, 2 * t * (1 - z) * y)
        return _Part("g", q, values, [], [])

    @staticmethod
    def _rows(values: Multipliers, row: list[Any], p: int, q: int, from_p: Any, from_q: Any) -> None:
        for i, s in enumerate(row):
            _add(values, p, p + 1 + i, from_p * s)
            _add(values, q, p + 1 + i, from_q * s)

    def finish(self, part: _Part, measure: Measure) -> Multipliers:
        u = self.weights.weight[-1]
        values: Multipliers = {}
        if part.kind == "f":
            scale = 1 / (2 * (1 - self.m) * u)
            _scaled(values, part.values, scale, 0)
            for i, star in enumerate(part.stars):
                values[STAR, i] = scale * star
            return values
        if part.kind != "g":
            raise ClaimError("close the schedule: for mu > 0 a schedule of kind s alone bounds none of the measures")
        _scaled(values, part.values, 1 / ((1 - self.m) * u), 0)
        values[part.count, STAR] = 2 / u
        return values

    def closed(self, parts: list[_Part]) -> Multipliers:
        """Closed schedules one after the other: the rates multiply, and so do the multipliers of earlier ones."""
        done: dict[int, tuple[int, Multipliers]] = {}
        for index, (kind, *operands) in enumerate(self.instructions):
            if kind == "close":
                operand = operands[0]
                part = _Part("s", 0, {}, [], []) if operand == EMPTY else self._part(operand, parts)
                done[index] = part.count + 1, self._closed(part, self.weight(operand, self.m))
            elif kind == "then":
                (count, first), (more, second) = done[operands[0]], done[operands[1]]
                contraction = self.weights.weight[operands[1]]
                values: Multipliers = {}
                _scaled_stars(values, first, contraction * contraction, 0)
                _scaled_stars(values, second, contraction / contraction, count)
                done[index] = count + more, values
            else:
                done[index] = 0, {}
        return done[len(self.instructions) - 1][1]

    def _part(self, operand: int, parts: list[_Part]) -> _Part:
        # joins may stand after closings in a program; build what is missing
        while len(parts) <= operand:
            kind, *operands = self.instructions[len(parts)]
            if kind in ("close", "then"):
                parts.append(_Part("closed", 0, {}, [], []))
            else:
                parts.append(self.join(len(parts), kind, [parts[o] if o != EMPTY else None for o in operands]))
        return parts[operand]

    def _closed(self, part: _Part, z: Any) -> Multipliers:
        m = self.m
        scale = (1 - m) / ((1 + z) * (1 + z) * m)
        values: Multipliers = {}
        _scaled(values, part.values, scale, 0)
        for i, s in enumerate(part.row):
            values[STAR, i] = scale * 2 * (1 - z) * s
        values[STAR, part.count] = scale * (2 * z + 2 * m * (1 - z) + 2 * z * z)
        values[part.count, STAR] = scale * 4 * z
        return values


def _scaled_stars(target: Multipliers, part: Multipliers, factor: Any, shift: int) -> None:
    for (i, j), value in part.items():
        _add(target, i if i == STAR else i + shift, j if j == STAR else j + shift, factor * value)


def _worst_case(claim: MethodClaim, weight: Any, convex: bool) -> Witness:
    """A Huber function for mu = 0; a quadratic for mu > 0. Started at x_0 = 1, with x_* = 0."""
    field = claim.field
    one = field.coerce(1)
    steps = claim.method.steps if isinstance(claim.method, GradientDescent) else ()
    points = [one]
    if convex:
        total = sum(steps, field.coerce(0))
        # the threshold: at the end f_N = x_N t - t^2/2 with x_N = 1 - H t is largest at 1/(2H + 1); |g_N| at 1/(H + 1)
        slope = 1 / (2 * total + 1) if claim.measure is Measure.FUNCTION_VALUE else 1 / (total + 1)
        for h in steps:
            points.append(points[-1] - h * slope)
        gradients = [slope] * len(points)
        values = [slope * x - slope * slope * HALF for x in points]
    else:
        curvature = one if claim.measure is not Measure.DISTANCE else claim.function_class.mu_over_L
        for h in steps:
            points.append(points[-1] * (1 - h * curvature))
        gradients = [curvature * x for x in points]
        values = [curvature * x * x * HALF for x in points]
    if claim.measure is Measure.SMALLEST_GRADIENT_NORM:
        values.append(gradients[-1] * gradients[-1])
    return Witness(tuple((a,) for a in (one, *gradients)), tuple(values))
