"""Relaxed certificates: rational multipliers for a rate slightly above the numerical optimum.

An interior iterate of the dual has positive multipliers and a definite residual, so rounding the
multipliers to few bits and repairing the cancellation of function values exactly keeps both. The rate is
the simplest rational number in the allowed window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import Certificate, CertificateError, Claim, UndecidedError, check
from pepkit.kernel.statement import Index
from pepkit.rounding.affine import choose_pivots, dyadic, project
from pepkit.rounding.conic import NumericalDual, float_forms
from pepkit.rounding.settings import Progress, RoundingError, RoundingSettings

__all__ = ["mix_duals", "relaxed_certificate", "simplest_between"]


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The rational with the smallest denominator in [low, high] (Stern-Brocot); low <= high."""
    if low > high:
        raise ValueError("empty interval")
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_between(-high, -low)
    # the common continued fraction of both ends, in integers: this is called for every coefficient that is read
    p, q, r, s = low.numerator, low.denominator, high.numerator, high.denominator
    terms = []
    while True:
        whole, rest = divmod(p, q)
        if not rest:
            break
        if (whole + 1) * s <= r:
            whole += 1
            break
        terms.append(whole)
        p, q, r, s = s, r - whole * s, q, rest
    numerator, denominator = whole, 1
    for term in reversed(terms):
        numerator, denominator = term * numerator + denominator, numerator
    return Fraction(numerator, denominator)


def relaxed_certificate(
    claim: Claim,
    dual: NumericalDual,
    limit: float,
    settings: RoundingSettings,
    progress: Progress,
) -> Certificate:
    """A rational certificate for some rate in (dual.rate, limit].

    Parameters
    ----------
    claim
        The question; its rate is replaced.
    dual
        A strictly feasible numerical dual, better than `limit`.
    limit
        Largest rate that is allowed.

    Raises
    ------
    RoundingError
        If `limit` leaves no room above the numerical dual, or no precision passes the kernel.
    """
    slack = limit - dual.rate
    if not slack > 0:
        raise RoundingError(
            f"the numerical dual has rate {dual.rate:.12g}, which is not below the allowed {limit:.12g}"
        )
    # the larger part of the window goes to the residual, which the lifted rate makes definite
    rate = simplest_between(Fraction(dual.rate + 0.6 * slack), Fraction(limit))
    exact_rate = fmpq(rate.numerator, rate.denominator)
    proved = claim.with_rate(claim.field.coerce(exact_rate))
    rounding = _Rounding(proved, dual, settings)
    failure = "no precision was tried"
    for extra in settings.relaxed_bits:
        bits = rounding.base_bits + extra
        progress("approximate", f"{rounding.count} multipliers to {bits} bits, rate {rate}")
        certificate = rounding.certificate(bits)
        if certificate is None:
            failure = f"at {bits} bits, the equations have no exact solution with the right signs"
            continue
        progress("check", f"kernel on {rounding.count} multipliers")
        try:
            check(certificate)
        except (CertificateError, UndecidedError) as error:
            failure = f"at {bits} bits, {error}"
            continue
        return certificate
    raise RoundingError(f"relaxed rounding failed: {failure}")


def mix_duals(optimal: NumericalDual, interior: NumericalDual, limit: float) -> NumericalDual:
    """The point between a near-optimal and an interior dual that uses half of the window below `limit`.

    Near an optimum whose residual has a large kernel, solver errors make the residual indefinite; a small
    share of an interior point repairs that. Both duals use the same hypotheses.

    Raises RoundingError if there is no window.
    """
    window = limit - optimal.rate
    if window <= 0:
        raise RoundingError("the numerical dual leaves no window for an interior point")
    rise = interior.rate - optimal.rate
    share = 1.0 if rise <= 0.5 * window else 0.5 * window / rise
    multipliers = {
        name: (indices, (1 - share) * values + share * interior.multipliers[name][1])
        for name, (indices, values) in optimal.multipliers.items()
    }
    matrices = {
        key: (1 - share) * matrix + share * interior.matrix_multipliers[key]
        for key, matrix in optimal.matrix_multipliers.items()
    }
    return replace(
        optimal,
        rate=(1 - share) * optimal.rate + share * interior.rate,
        multipliers=multipliers,
        matrix_multipliers=matrices,
    )


class _Rounding:
    """One numerical dual, rounded at various precisions."""

    def __init__(self, proved: Claim, dual: NumericalDual, settings: RoundingSettings) -> None:
        self.proved = proved
        self.statement = statement = proved.statement()
        self.dual = dual
        self.addresses: list[tuple[str, Index]] = []
        weights: list[float] = []
        signed: list[bool] = []
        for name, (indices, values) in dual.multipliers.items():
            relation = statement.family(name).relation
            for index, value in zip(indices, values, strict=True):
                if relation == "=" or value > 0:
                    self.addresses.append((name, tuple(int(i) for i in index)))
                    weights.append(float(value))
                    signed.append(relation == ">=")
        self.weights = np.array(weights)
        self.signed = np.array(signed, dtype=bool)
        self.count = len(self.addresses)
        self.forms = [statement.family(name).form(index) for name, index in self.addresses]
        equations = self._equations()
        # free multipliers absorb anything, so they come first as pivots
        size = np.abs(self.weights)
        largest = size.max(initial=1.0)
        pivot_weights = np.where(self.signed, size, 10 * largest)
        self.rows, self.pivots = choose_pivots(equations, pivot_weights, settings.rank_tolerance)
        significant = size[self.signed & (size > 1e-9 * largest)]
        smallest = float(np.median(significant)) if significant.size else largest
        self.base_bits = max(0, int(np.ceil(-np.log2(smallest)))) if smallest > 0 else 0

    def _equations(self) -> np.ndarray:
        blocks = []
        count = len(self.statement.scalars)
        for name in dict.fromkeys(name for name, _ in self.addresses):
            indices = np.array([index for n, index in self.addresses if n == name])
            forms = float_forms(self.statement, self.statement.family(name), indices)
            linear = np.zeros((forms.count, count + 1))
            np.add.at(linear, (forms.scalar_row, forms.scalar), forms.scalar_value)
            linear[:, count] = forms.constant
            blocks.append(linear)
        if not blocks:
            return np.zeros((count + 1, 0))
        return np.concatenate(blocks).T

    def _column(self, k: int) -> list[Any]:
        form = self.forms[k]
        zero = fmpq(0)
        return [form.linear.get(s, zero) for s in range(len(self.statement.scalars))] + [form.constant]

    def certificate(self, bits: int) -> Certificate | None:
        field = self.statement.field
        matrices = {
            key: tuple(tuple(dyadic(value, bits + 8) for value in row) for row in _symmetric(matrix))
            for key, matrix in self.dual.matrix_multipliers.items()
        }
        pivot_set = set(self.pivots)
        values: dict[int, Any] = {k: dyadic(self.weights[k], bits) for k in range(self.count) if k not in pivot_set}
        right = self._goal(matrices)
        for k, value in values.items():
            if value:
                for position, coefficient in enumerate(self._column(k)):
                    if coefficient:
                        right[position] = right[position] - value * coefficient
        solution = project(field, self.rows, self.pivots, self._column, right)
        if solution is None:
            return None
        values.update(zip(self.pivots, solution, strict=True))
        if any(self.signed[k] and value < 0 for k, value in values.items() if isinstance(value, fmpq)):
            return None
        multipliers: dict[str, dict[Index, Any]] = {}
        for k, (name, index) in enumerate(self.addresses):
            if values[k]:
                multipliers.setdefault(name, {})[index] = field.coerce(values[k])
        for (name, index), matrix in matrices.items():
            multipliers.setdefault(name, {})[index] = tuple(tuple(field.coerce(a) for a in row) for row in matrix)
        return Certificate(self.proved, multipliers, (), None, {"free-bits": bits})

    def _goal(self, matrices: Mapping[tuple[str, Index], Sequence[Sequence[fmpq]]]) -> list[Any]:
        """rate * normaliser - measure - matrix terms, on the scalars and the constant."""
        statement = self.statement
        size = len(statement.scalars)
        zero = fmpq(0)
        normaliser, measure, rate = statement.normaliser, statement.measure, self.proved.rate
        goal = [rate * normaliser.linear.get(s, zero) - measure.linear.get(s, zero) for s in range(size)] + [
            rate * normaliser.constant - measure.constant
        ]
        for (name, index), matrix in matrices.items():
            forms = statement.family(name).form(index)
            for i, row in enumerate(matrix):
                for j, value in enumerate(row):
                    form = forms[i][j]
                    for s, coefficient in form.linear.items():
                        goal[s] = goal[s] - value * coefficient
                    goal[size] = goal[size] - value * form.constant
        return goal


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return (matrix + matrix.T) / 2
