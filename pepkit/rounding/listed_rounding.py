"""Exact certificates of listed claims from numerical multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import Certificate, CertificateError, UndecidedError, check
from pepkit.kernel.statement import Index
from pepkit.rounding.affine import choose_pivots, dyadic
from pepkit.rounding.linear import solve_exactly
from pepkit.rounding.listed import Column, ListedSystem
from pepkit.rounding.listed_dual import ListedDual, float_equations
from pepkit.rounding.relaxed import simplest_between
from pepkit.rounding.settings import Progress, RoundingError, RoundingSettings

__all__ = ["ListedRounding"]


class ListedRounding:
    """Rounds the multipliers of one numerical dual at several precisions.

    With `exact_rate` the rate is prescribed and the constants cancel exactly; otherwise the rate is the
    simplest number between what the rounded multipliers prove and the limit.
    """

    def __init__(
        self,
        system: ListedSystem,
        dual: ListedDual,
        settings: RoundingSettings,
        exact_rate: Any = None,
        simple: bool = False,
    ) -> None:
        self.round = _simplest if simple else dyadic
        self.system = system
        self.settings = settings
        self.exact_rate = exact_rate
        self.u = dual.u.copy()
        matrix, right = float_equations(system)
        if exact_rate is not None:
            bound = system.normaliser * system.floats(exact_rate) - system.goal[1][-1]
            matrix, right = np.vstack([matrix, system.linear[-1]]), np.append(right, bound)
        size = np.maximum(np.abs(self.u), 1e-300)
        largest = size.max(initial=1.0)
        # free multipliers and entries of matrices absorb a correction before nonnegative ones do
        margin = max(dual.margin, 1e-12)
        weights = np.where(system.signed, np.maximum(self.u, 1e-30), 1e3 * largest)
        for _, start, chosen in system.blocks:
            width = chosen.order * (chosen.order + 1) // 2
            weights[start : start + width] = max(margin, 1e-3 * float(size[start : start + width].max(initial=0.0)))
        self.weights = weights
        self._refine(matrix, right)
        self.rows, self.pivots = choose_pivots(matrix, weights, settings.rank_tolerance)

    def _refine(self, matrix: np.ndarray, right: np.ndarray) -> None:
        """Weighted least squares correction, so that the exact correction is as small as rounding allows."""
        if not matrix.size:
            return
        scale = self.weights / self.weights.max()
        for _ in range(3):
            error = right - matrix @ self.u
            step = np.linalg.lstsq(matrix * scale, error, rcond=1e-13)[0]
            self.u = self.u + scale * step

    def _column(self, column: Column) -> dict[int, Any]:
        """The chosen equations of a multiplier, exactly: row -> coefficient."""
        system = self.system
        form = column.form
        result: dict[int, Any] = dict(form.linear)
        if system.imposed:
            for number, vector in enumerate(system.imposed):
                base = system.scalars + number * system.size
                for (p, q), value in form.quadratic.items():
                    half = value / 2
                    for a, b in ((p, q), (q, p)):
                        if vector[b]:
                            key, term = base + a, half * vector[b]
                            result[key] = result[key] + term if key in result else term
        if self.exact_rate is not None and form.constant:
            result[system.scalars + len(system.imposed) * system.size] = form.constant
        return result

    def certificate(self, bits: int, limit: float | None) -> tuple[Certificate | None, str]:
        """The certificate with `bits` fractional bits, unchecked, or the reason why there is none."""
        system, field = self.system, self.system.field
        pivots = set(self.pivots)
        values: list[Any] = [None if k in pivots else self.round(float(v), bits) for k, v in enumerate(self.u)]
        if any(v is not None and v < 0 for v, signed in zip(values, system.signed, strict=True) if signed):
            values = [
                fmpq(0) if signed and v is not None and v < 0 else v
                for v, signed in zip(values, system.signed, strict=True)
            ]
        goal = Column("", (), system.claim.measure, False)
        right = {row: -value for row, value in self._column(goal).items()}
        if self.exact_rate is not None:
            row = system.scalars + len(system.imposed) * system.size
            claim = system.claim
            right[row] = self.exact_rate * claim.normaliser.constant - claim.measure.constant
        for column, value in zip(system.columns, values, strict=True):
            if value:
                for row, coefficient in self._column(column).items():
                    term = coefficient * value
                    right[row] = right[row] - term if row in right else -term
        zero = field.coerce(0)
        columns = [self._column(system.columns[k]) for k in self.pivots]
        matrix = [[column.get(row, zero) for column in columns] for row in self.rows]
        solution = solve_exactly(field, matrix, [right.get(row, zero) for row in self.rows])
        if solution is None:
            return None, "the exact equations are singular"
        for k, value in zip(self.pivots, solution, strict=True):
            values[k] = value
            if system.signed[k] and field.sign(value) < 0:
                return None, "a multiplier that repairs the equations turned negative"
        rate = self.exact_rate
        if rate is None:
            rate = self._rate(values, limit)
            if rate is None:
                return None, "the rounded multipliers prove no rate within the tolerance"
        return self._assemble(values, rate, bits), ""

    def _rate(self, values: Sequence[Any], limit: float | None) -> Any:
        """The simplest rate that the multipliers prove, at most `limit`."""
        system, claim = self.system, self.system.claim
        total: Any = claim.measure.constant
        for column, value in zip(system.columns, values, strict=True):
            if value and column.form.constant:
                total = total + column.form.constant * value
        proved = system.field.coerce(total / claim.normaliser.constant)
        if limit is None:
            return proved
        number_field = system.field
        _, high = number_field.scaled_enclosure(proved, 160)
        low = Fraction(high, 1 << 160)
        if low > Fraction(limit):
            return None
        simple = simplest_between(low, Fraction(limit))
        return number_field.coerce(fmpq(simple.numerator, simple.denominator))

    def _assemble(self, values: Sequence[Any], rate: Any, bits: int) -> Certificate:
        system, field = self.system, self.system.field
        multipliers: dict[str, dict[Index, Any]] = {}
        for column, value in zip(system.columns, values, strict=True):
            if column.entry is None and value:
                multipliers.setdefault(column.family, {})[column.index] = field.coerce(value)
        for number, start, chosen in system.blocks:
            order, size = chosen.order, len(chosen.basis[0])
            triangle = [values[start + i * (i + 1) // 2 : start + (i + 1) * (i + 2) // 2] for i in range(order)]
            inner = [[triangle[max(i, j)][min(i, j)] for j in range(order)] for i in range(order)]
            columns = [[b[s] for b in chosen.basis] for s in range(size)]
            half = [[_dot(inner[i], columns[s]) for s in range(size)] for i in range(order)]
            full = tuple(
                tuple(field.coerce(_dot(columns[r], [half[i][s] for i in range(order)])) for s in range(size))
                for r in range(size)
            )
            if any(a for row in full for a in row):
                multipliers.setdefault("matrix-inequalities", {})[(number,)] = full
        return Certificate(system.claim.with_rate(rate), multipliers, system.kernel, None, {"free-bits": bits})

    def certify(self, limit: float | None, bits: Sequence[int], progress: Progress) -> Certificate:
        """The first certificate that the kernel accepts. Raises RoundingError with the last reason."""
        failure = "no precision was tried"
        for number in bits:
            progress("approximate", f"{len(self.u)} multipliers to {number} bits")
            certificate, reason = self.certificate(number, limit)
            if certificate is None:
                failure = f"at {number} bits, {reason}"
                continue
            progress("check", f"kernel on {len(self.u)} multipliers")
            try:
                check(certificate)
            except (CertificateError, UndecidedError) as error:
                failure = f"at {number} bits, {error}"
                if "does not cancel" in str(error) or "does not lie in the kernel" in str(error):
                    break
                continue
            return certificate
        raise RoundingError(failure)


def _simplest(value: float, bits: int) -> fmpq:
    """The simplest fraction within 2^-bits of the value."""
    radius = Fraction(1, 1 << bits)
    simple = simplest_between(Fraction(value) - radius, Fraction(value) + radius)
    return fmpq(simple.numerator, simple.denominator)


def _dot(left: Sequence[Any], right: Sequence[Any]) -> Any:
    total: Any = fmpq(0)
    for a, b in zip(left, right, strict=True):
        if a and b:
            total = total + a * b
    return total
