"""Imported problems that are claims about fixed-step methods: recognised by comparing the statements exactly.

A PEPit problem about one smooth (strongly) convex function and a method whose points are x_0 minus combinations of
earlier gradients has a typed claim, whose hypotheses the kernel derives itself. The candidate is read off the points
of the function; it is accepted only if, after x_* -> 0, f_* -> 0 and scaling to L = 1, the hypotheses and the measure
of the two statements are the same up to positive factors. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pepkit.kernel import (
    ClaimError,
    Field,
    FixedStepMethod,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
)
from pepkit.kernel.statement import Form, Statement
from pepkit.pep.pepit_function import EvaluatedFunction
from pepkit.pep.pepit_import import ImportedProblem

__all__ = ["RecognisedMethod", "recognised_method"]

Normal = tuple[tuple[Any, Any], ...]
"""A form as sorted terms, scaled so that the first coefficient is 1 or -1."""


@dataclass(frozen=True)
class RecognisedMethod:
    """The typed question of an imported problem.

    The imported bound is ``measure <= rate * factor`` for the rate of the typed claim: `factor` is
    L^a times the bound of the initial condition.
    """

    claim: MethodClaim
    factor: Any


def recognised_method(imported: ImportedProblem) -> RecognisedMethod | None:
    """The typed claim of a problem, or None."""
    evaluated, claim = imported.function, imported.claim
    if evaluated is None or claim.equalities or claim.matrix_inequalities:
        return None
    try:
        return _Recognition(claim, evaluated).result()
    except (ClaimError, _DifferentError):
        return None


class _DifferentError(Exception):
    """The problem is of another kind."""


class _Recognition:
    def __init__(self, claim: ListedClaim, evaluated: EvaluatedFunction) -> None:
        self.claim = claim
        self.field = claim.field
        self.smoothness = self.field.coerce(evaluated.smoothness)
        self.curvature = self.field.coerce(evaluated.curvature)
        stars = [t for t in evaluated.triplets if not t[1]]
        points = [t for t in evaluated.triplets if t[1]]
        if len(stars) != 1 or not points:
            raise _DifferentError
        position, _, value = stars[0]
        # the minimiser is a leaf point or the origin, its value a leaf
        if len(value) != 1 or len(position) > 1 or any(v != 1 for v in (*position.values(), *value.values())):
            raise _DifferentError
        self.star = next(iter(position), None)
        self.star_value = next(iter(value))
        self.gradients, self.values = [], []
        for _, gradient, number in points:
            if len(gradient) != 1 or len(number) != 1 or any(v != 1 for v in (*gradient.values(), *number.values())):
                raise _DifferentError
            self.gradients.append(next(iter(gradient)))
            self.values.append(next(iter(number)))
        starts = [p for p, weight in points[0][0].items() if weight == 1 and p != self.star]
        if len(points[0][0]) != 1 or not starts:
            raise _DifferentError
        self.start = starts[0]
        self.rows = [self._row(position, i) for i, (position, _, _) in enumerate(points) if i]

    def _row(self, position: Mapping[int, Any], i: int) -> tuple[Any, ...]:
        """The steps h_ik in x_i = x_0 - (1/L) sum_k h_ik g_k."""
        allowed = {self.start, *self.gradients[:i]}
        if position.get(self.start) != 1 or any(p not in allowed for p in position):
            raise _DifferentError
        zero = self.field.coerce(0)
        return tuple(-self.smoothness * position.get(g, zero) for g in self.gradients[:i])

    def result(self) -> RecognisedMethod:
        """The typed claim, compared with the imported one."""
        count = len(self.rows)
        if not count:
            raise _DifferentError
        steps = self.rows[-1]
        descent = all(row == steps[: len(row)] for row in self.rows)
        method = GradientDescent(steps) if descent else FixedStepMethod(tuple(self.rows))
        function_class = SmoothFunctionClass(self.curvature / self.smoothness, self.smoothness)
        listed: list[Form] = []
        bounds: list[Form] = []
        for _, form in self.claim.inequalities:
            (bounds if form.constant else listed).append(form)
        if len(bounds) != 1:
            raise _DifferentError
        bound = bounds[0]
        hypotheses = {self._normal(form) for form in listed} - {()}
        measure = self._terms(self.claim.measure)
        start = self._terms(Form(bound.quadratic, bound.linear))
        scale = bound.constant
        if self.field.sign(scale) <= 0 or self.claim.measure.constant:
            raise _DifferentError
        for chosen in Measure:
            for initial in InitialCondition:
                try:
                    typed = MethodClaim(self.field, function_class, method, chosen, initial)
                    statement = typed.statement()
                except ClaimError:
                    continue
                terms = _Expanded(statement)
                goal, normaliser = terms.of(statement.measure), terms.of(statement.normaliser)
                if not (
                    _proportional(self.field, measure, goal) and _proportional(self.field, start, _negated(normaliser))
                ):
                    continue
                derived = {
                    _scaled(self.field, terms.of(family.form(index)))
                    for family in statement.families
                    for index in family.indices()
                }
                if derived - {()} != hypotheses:
                    continue
                # measure = a * typed measure and typed initial * b <= scale, both for L = 1
                factor = _ratio(measure, goal) * scale / -_ratio(start, normaliser)
                return RecognisedMethod(typed, factor)
        raise _DifferentError

    def _terms(self, form: Form) -> dict[Any, Any]:
        """The form in x_0 - x_*, g_i and f_i - f_* for L = 1, its constant left out."""
        names: dict[int, tuple[str, int]] = {self.start: ("x", 0)}
        names |= {g: ("g", i) for i, g in enumerate(self.gradients)}
        scalars = {v: ("f", i) for i, v in enumerate(self.values)}
        extra = [s for s in form.linear if s not in scalars and s != self.star_value]
        result: dict[Any, Any] = {}
        for (p, q), weight in form.quadratic.items():
            if self.star in (p, q):
                continue
            if p not in names or q not in names:
                raise _DifferentError
            pair = tuple(sorted((names[p], names[q])))
            value = weight * self.smoothness ** sum(name == "g" for name, _ in pair)
            result[pair] = result[pair] + value if pair in result else value
        for s, weight in form.linear.items():
            if s in scalars:
                result[scalars[s]] = weight * self.smoothness
            elif s in extra:
                # the value that is at most every metric: a squared gradient norm
                result["t", 0] = weight * self.smoothness**2
        return {k: v for k, v in result.items() if v}

    def _normal(self, form: Form) -> Normal:
        return _scaled(self.field, self._terms(form))


class _Expanded:
    """Forms of a typed statement in its basis vectors."""

    def __init__(self, statement: Statement) -> None:
        self.vectors: list[dict[Any, Any]] = []
        for vector in statement.vectors:
            if vector.definition is None:
                kind, _, number = vector.name.partition("_")
                name = ("g", int(number)) if kind == "g" else ("x", 0)
                self.vectors.append({name: 1})
                continue
            total: dict[Any, Any] = {}
            for k, factor in vector.definition:
                for name, weight in self.vectors[k].items():
                    total[name] = total.get(name, 0) + factor * weight
            self.vectors.append(total)
        self.scalars = [("t", 0) if s == "t" else ("f", int(s.partition("_")[2])) for s in statement.scalars]

    def of(self, form: Form) -> dict[Any, Any]:
        """The terms of a form; x_0 stands for x_0 - x_*."""
        result: dict[Any, Any] = {}
        for (p, q), weight in form.quadratic.items():
            for a, first in self.vectors[p].items():
                for b, second in self.vectors[q].items():
                    pair = tuple(sorted((a, b)))
                    result[pair] = result.get(pair, 0) + weight * first * second
        for s, weight in form.linear.items():
            result[self.scalars[s]] = weight
        return {k: v for k, v in result.items() if v}


def _scaled(field: Field, terms: Mapping[Any, Any]) -> Normal:
    """The form up to a positive factor."""
    if not terms:
        return ()
    ordered = sorted(terms.items(), key=lambda item: repr(item[0]))
    first = field.coerce(ordered[0][1])
    positive = first if field.sign(first) > 0 else -first
    return tuple((key, field.coerce(value) / positive) for key, value in ordered)


def _negated(terms: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: -value for key, value in terms.items()}


def _proportional(field: Field, first: Mapping[Any, Any], second: Mapping[Any, Any]) -> bool:
    return _scaled(field, first) == _scaled(field, second) != ()


def _ratio(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> Any:
    key = next(iter(second))
    return first[key] / second[key]
