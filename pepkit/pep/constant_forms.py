"""Certificates of constant steps without a solver, on F_{mu,L} with 0 <= mu < L and for 0 < h < 2.

The rates (L = 1, m = mu/L) are those of Drori, Teboulle 2014 and Kim 2412.04427 for f(x_N) - f_* over the distance,
Rotaru, Glineur, Patrinos 2406.17506 for |g_N|^2 over f_0 - f_*, Taylor, Hendrickx, Glineur 2017 for |g_N|^2 over the
distance, and the contractions of distance, function value and gradient norm. Each has two branches: for short steps a
Huber-type function is extremal, for long ones the quadratic |x|^2/2.

How a certificate is found:

- f(x_N) over the distance: lambda_(i,i+1) and lambda_(*,i) are determined by the worst case (`determined`); for short
  steps and m = 0 they are those of Drori and Teboulle.
- |g_N|^2 over f_0 - f_*: so are lambda_(i,i+1), lambda_(N,i) and lambda_(N,*).
- |g_N|^2 over the distance: for even N the product of the two for N/2 steps each. For m = 0 and h <= sqrt 2, any N, the
  chain lambda_(i+1,i) = (A + 1)(A + h)/h, lambda_(i,i+1) = lambda_(i+1,i) + A + h with A = ih, which leaves squares.
- contractions: one step determines two or three multipliers; N steps repeat them, times powers of the contraction.

All branches are covered but for a window of steps just below the optimal one, where none of these multipliers is a
certificate; there the functions return None and a solver is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pepkit.algebra import Real, exact, to_float
from pepkit.kernel import (
    Certificate,
    CertificateError,
    ClaimError,
    InitialCondition,
    Measure,
    MethodClaim,
    NumberField,
    UndecidedError,
    check,
)
from pepkit.kernel.numbers import Rationals
from pepkit.kernel.statement import Index
from pepkit.kernel.witness import check_witness
from pepkit.pep.claims import gradient_descent
from pepkit.pep.determined import determined_certificate
from pepkit.pep.worst_cases import WorstCase, worst_cases

__all__ = ["constant_certificate"]

MAX_STEPS = 128
MAX_DEGREE = 8
"""Largest degree of a number field over which the linear equations are solved."""
_CONTRACTIONS = {
    (Measure.DISTANCE, InitialCondition.DISTANCE): ((0, 2), (2, 0)),
    (Measure.FUNCTION_VALUE, InitialCondition.FUNCTION_VALUE): ((0, 1), (2, 0), (2, 1)),
    (Measure.GRADIENT_NORM, InitialCondition.GRADIENT_NORM): ((0, 1), (1, 0)),
}
"""Pairs among x_0, x_1 and x_* (index 2) that one step needs."""

Multipliers = dict[Index, Any]


def constant_certificate(
    steps: int,
    step: Any = 1,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure = Measure.FUNCTION_VALUE,
    initial: InitialCondition = InitialCondition.DISTANCE,
) -> Certificate | None:
    """The certificate of a constant step with its exact rate, accepted by the kernel; None where no form holds.

    Parameters
    ----------
    steps
        N, at most 128.
    step
        h in units of 1/L, exact.
    mu, L
        mu/L and L, exact; L None for every L > 0.
    measure, initial
        What is bounded, and by what.

    Raises
    ------
    ClaimError
        For a step outside (0, 2), or a claim that makes no sense.
    """
    h, ratio = exact(step), exact(mu)
    if not 0 < float(h) < 2:
        raise ClaimError("the rates of a constant step are known for 0 < h < 2")
    if not 1 <= steps <= MAX_STEPS or float(ratio) < 0:
        return None
    finder = _Finder(h, ratio, "L" if L is None else exact(L))
    try:
        return finder.find(steps, measure, initial)
    except _NoFormError:
        return None


class _NoFormError(Exception):
    """None of the closed forms is a certificate."""


class _Finder:
    """The closed forms of one step size on one class."""

    def __init__(self, step: Real, ratio: Real, smoothness: Any) -> None:
        self.step, self.ratio, self.smoothness = step, ratio, smoothness

    def claim(self, steps: int, measure: Measure, initial: InitialCondition) -> MethodClaim:
        """The question for N steps."""
        mu = self.ratio if self.smoothness == "L" else self.ratio * self.smoothness
        claim = gradient_descent([self.step] * steps, L=self.smoothness, mu=mu, measure=measure, initial=initial)
        field = claim.field
        if not (isinstance(field, Rationals) or (isinstance(field, NumberField) and field.degree <= MAX_DEGREE)):
            raise _NoFormError
        return claim

    def find(self, steps: int, measure: Measure, initial: InitialCondition) -> Certificate:
        """The certificate, or _NoFormError."""
        if (measure, initial) in _CONTRACTIONS:
            return self._contraction(steps, measure, initial)
        count, star = steps, steps + 1
        chain = [(i, i + 1) for i in range(count)]
        if initial is InitialCondition.DISTANCE and measure is Measure.FUNCTION_VALUE:
            return self._determined(steps, measure, initial, [*chain, *((star, i) for i in range(count + 1))])
        if initial is InitialCondition.DISTANCE and measure is Measure.GRADIENT_NORM:
            return self._gradient_from_distance(steps)
        if initial is InitialCondition.FUNCTION_VALUE and measure is Measure.GRADIENT_NORM:
            return self._determined(
                steps, measure, initial, [*chain, *((count, i) for i in range(count)), (count, star)]
            )
        if initial is InitialCondition.FUNCTION_VALUE and measure is Measure.SMALLEST_GRADIENT_NORM:
            return self._smallest(steps, initial)
        raise _NoFormError

    def _determined(
        self, steps: int, measure: Measure, initial: InitialCondition, support: Sequence[Index]
    ) -> Certificate:
        claim = self.claim(steps, measure, initial)
        for case in _valid_cases(claim):
            found = determined_certificate(claim, case.value, case.witness, support, _origin(measure, initial))
            if found is not None:
                return _accepted(found)
        raise _NoFormError

    def _gradient_from_distance(self, steps: int) -> Certificate:
        measure, initial = Measure.GRADIENT_NORM, InitialCondition.DISTANCE
        claim = self.claim(steps, measure, initial)
        case = next(iter(_valid_cases(claim)), None)
        if case is None:
            raise _NoFormError
        if steps % 2 == 0:
            half = steps // 2
            values = self.find(half, Measure.FUNCTION_VALUE, initial)
            norms = self.find(half, measure, InitialCondition.FUNCTION_VALUE)
            factor = norms.claim.rate
            joined: Multipliers = {}
            for index, value in values.multipliers["interpolation"].items():
                _add(joined, tuple(steps + 1 if k == half + 1 else k for k in index), factor * value)
            for index, value in norms.multipliers["interpolation"].items():
                _add(joined, tuple(steps + 1 if k == half + 1 else k + half for k in index), value)
            if factor * values.claim.rate != case.value:
                raise _NoFormError
        elif self.ratio.is_rational and self.ratio.value == 0:
            joined = _short_chain(claim, case.value)
        else:
            raise _NoFormError
        return _accepted(_certificate(claim, case, joined, measure, initial))

    def _smallest(self, steps: int, initial: InitialCondition) -> Certificate:
        last = self.find(steps, Measure.GRADIENT_NORM, initial)
        claim = self.claim(steps, Measure.SMALLEST_GRADIENT_NORM, initial)
        case = next((c for c in _valid_cases(claim) if c.value == last.claim.rate), None)
        multipliers: dict[str, Any] = {**last.multipliers, "smallest-gradient": {(steps,): claim.field.coerce(1)}}
        witness = None if case is None else case.witness
        data = _origin(Measure.SMALLEST_GRADIENT_NORM, initial)
        return _accepted(Certificate(claim.with_rate(last.claim.rate), multipliers, (), witness, data))

    def _contraction(self, steps: int, measure: Measure, initial: InitialCondition) -> Certificate:
        claim = self.claim(steps, measure, initial)
        one = claim.field.coerce(1)
        single: Multipliers
        if self.ratio.is_rational and self.ratio.value == 0 and measure is not Measure.GRADIENT_NORM:
            # constant functions do not contract; f_1 <= f_0, and |x_0 - x_*|^2 falls by h (2 - h)|g_0|^2
            h = claim.method.steps[0] if hasattr(claim.method, "steps") else one
            distance = measure is Measure.DISTANCE
            contraction, single = one, {(0, 2): 2 * h, (2, 0): 2 * h} if distance else {(0, 1): one}
        else:
            found = self._determined(1, measure, initial, _CONTRACTIONS[measure, initial])
            contraction, single = found.claim.rate, {**found.multipliers["interpolation"]}
        factor = one
        values: Multipliers = {}
        for i in range(steps - 1, -1, -1):
            for index, value in single.items():
                _add(values, tuple(steps + 1 if k == 2 else k + i for k in index), factor * value)
            factor = factor * contraction
        case = next((c for c in _valid_cases(claim) if c.value == factor), None)
        certificate = Certificate(
            claim.with_rate(factor),
            {"interpolation": dict(sorted(values.items()))},
            () if case is None else (tuple(row[0] for row in case.witness.coordinates),),
            None if case is None else case.witness,
            _origin(measure, initial),
        )
        return _accepted(certificate)


def _short_chain(claim: MethodClaim, rate: Any) -> Multipliers:
    """The primitive inequality of a constant step h <= sqrt 2, with the inequalities of the minimiser."""
    field, count = claim.field, claim.steps
    h = claim.method.steps[0] if hasattr(claim.method, "steps") else field.coerce(1)
    star = count + 1
    scale = 2 * rate
    values: Multipliers = {}
    for i in range(count):
        before = i * h
        back = (before + 1) * (before + h) / h
        _add(values, (i + 1, i), scale * back)
        _add(values, (i, i + 1), scale * (back + before + h))
        values[star, i] = scale * h
    values[star, count] = scale
    values[count, star] = scale * (count * h + 1)
    return values


def _valid_cases(claim: MethodClaim) -> list[WorstCase]:
    """Worst-case candidates that belong to the class, the largest value first."""
    valid = []
    for case in worst_cases(claim):
        try:
            check_witness(claim.statement(), case.witness)
        except (CertificateError, UndecidedError):
            continue
        valid.append(case)
    # candidates that are far below the largest cannot be the worst case
    largest = max((to_float(claim.field, case.value) for case in valid), default=0.0)
    return [case for case in valid if to_float(claim.field, case.value) > largest * (1 - 1e-9)]


def _add(values: Multipliers, index: Index, value: Any) -> None:
    values[index] = values[index] + value if index in values else value


def _certificate(
    claim: MethodClaim, case: WorstCase, values: Multipliers, measure: Measure, initial: InitialCondition
) -> Certificate:
    vector = tuple(row[0] for row in case.witness.coordinates)
    return Certificate(
        claim.with_rate(case.value),
        {"interpolation": dict(sorted(values.items()))},
        (vector,),
        case.witness,
        _origin(measure, initial),
    )


def _accepted(certificate: Certificate) -> Certificate:
    """The certificate, if the kernel accepts it."""
    try:
        check(certificate)
    except (CertificateError, UndecidedError):
        raise _NoFormError from None
    return certificate


_SOURCES = {
    (Measure.FUNCTION_VALUE, InitialCondition.DISTANCE): "Drori, Teboulle 2014; Kim 2412.04427",
    (Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE): "Rotaru, Glineur, Patrinos 2406.17506",
    (Measure.SMALLEST_GRADIENT_NORM, InitialCondition.FUNCTION_VALUE): "Rotaru, Glineur, Patrinos 2406.17506",
    (Measure.GRADIENT_NORM, InitialCondition.DISTANCE): "Taylor, Hendrickx, Glineur 2017",
}


def _origin(measure: Measure, initial: InitialCondition) -> dict[str, Any]:
    data = {"method": "closed form", "schedule": "constant"}
    source = _SOURCES.get((measure, initial))
    return data if source is None else {**data, "source": source}
