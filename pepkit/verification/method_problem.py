"""Claims about fixed-step methods, rebuilt from their definitions with matrices over the points.

Points are numbered x_0 .. x_N and N+1 for x_*, which is the origin with f_* = 0. L = 1 throughout; the power
of L in the rate follows from the units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sympy import sstr

from pepkit.verification.document import Index, items_of, members
from pepkit.verification.errors import VerificationError
from pepkit.verification.problem import (
    Hypothesis,
    Problem,
    Residual,
    Witnessed,
    symmetrised,
    transposed,
    weighted,
    zeros,
)
from pepkit.verification.reals import Reals

__all__ = ["MethodProblem"]

DISTANCE, GRADIENT, VALUE = "|x_0-x_*|^2", "|grad f(x_0)|^2", "f(x_0)-f(x_*)"
LAST_DISTANCE, LAST_GRADIENT, LAST_VALUE = "|x_N-x_*|^2", "|grad f(x_N)|^2", "f(x_N)-f(x_*)"
SMALLEST_GRADIENT = "min_i |grad f(x_i)|^2"
MAX_STEPS = 2048
POWER_OF_L = {
    DISTANCE: 0, GRADIENT: 2, VALUE: 1, LAST_DISTANCE: 0, LAST_GRADIENT: 2, LAST_VALUE: 1, SMALLEST_GRADIENT: 2,
}  # fmt: skip


class MethodProblem(Problem):
    """The worst case of a fixed-step method on F_{mu,1}.

    The rows of `x` and `g` are the coordinates of the points and gradients in the basis
    (x_0 - x_*, g_0, .., g_N); without a minimiser x_0 is the origin and the basis is (g_0, .., g_N).
    """

    def __init__(self, reals: Reals, claim: Mapping[str, Any]) -> None:
        members(claim, "the claim", ("kind", "class", "method", "measure", "initial", "rate"))
        self.reals = reals
        self.rate = reals.read(claim["rate"])
        self.measure, self.initial = claim["measure"], claim["initial"]
        self._read_class(claim["class"])
        steps = self._read_method(claim["method"])
        self.n = len(steps)
        self._check_pair()
        self.minimiser = self.curvature >= 0 or self.initial == DISTANCE or self.measure == LAST_DISTANCE
        self._place_points(steps)
        self.relations = {"interpolation": ">="}
        if self.curvature < 0:
            self.relations["infimum"] = ">="
        if self.measure == SMALLEST_GRADIENT:
            self.relations["smallest-gradient"] = ">="
        self.text = self._words(claim)

    def _read_class(self, data: Any) -> None:
        members(data, "the class", ("L", "mu/L"))
        reals = self.reals
        self.mu = reals.read(data["mu/L"])
        if reals.sign(self.mu - reals.one) >= 0 or reals.sign(self.mu + reals.one) < 0:
            raise VerificationError("mu/L does not lie in [-1, 1)")
        if data["L"] != "L" and reals.sign(reals.read(data["L"])) <= 0:
            raise VerificationError("L is not positive")
        self.curvature = reals.sign(self.mu)
        self.c = reals.one / ((reals.one - self.mu) * 2)

    def _read_method(self, data: Any) -> list[list[Any]]:
        """Row i-1: the coefficients h of x_i = x_0 - sum_k h_k g_k."""
        kind = data.get("type") if isinstance(data, dict) else None
        read = self.reals.read
        if kind == "gradient-descent":
            members(data, "the method", ("type", "steps"))
            steps = [read(h) for h in items_of(data["steps"], "steps")]
            rows = [steps[:i] for i in range(1, len(steps) + 1)]
        elif kind == "fixed-step":
            members(data, "the method", ("type", "matrix"))
            matrix = items_of(data["matrix"], "the step matrix")
            rows = [[read(h) for h in items_of(row, "a row", i)] for i, row in enumerate(matrix, start=1)]
        else:
            raise VerificationError(f"unknown type of method {str(kind)[:40]!r}")
        if not 1 <= len(rows) <= MAX_STEPS:
            raise VerificationError(f"the method has {len(rows)} steps instead of 1 to {MAX_STEPS}")
        return rows

    def _check_pair(self) -> None:
        if self.measure not in (LAST_VALUE, LAST_GRADIENT, SMALLEST_GRADIENT, LAST_DISTANCE):
            raise VerificationError(f"unknown measure {str(self.measure)[:60]!r}")
        if self.initial not in (DISTANCE, VALUE, GRADIENT):
            raise VerificationError(f"unknown initial condition {str(self.initial)[:60]!r}")
        unbounded = self.curvature <= 0 and (
            (self.measure == LAST_DISTANCE and self.initial != DISTANCE)
            or (self.measure == LAST_VALUE and self.initial == GRADIENT)
        )
        if unbounded or (self.curvature < 0 and self.initial == GRADIENT):
            raise VerificationError(f"{self.measure} over {self.initial} has no bound in this class")

    def _place_points(self, steps: list[list[Any]]) -> None:
        reals, offset = self.reals, int(self.minimiser)
        size = self.n + 1 + offset
        self.points = self.n + 1 + offset
        self.basis_size = size
        self.x, self.g = zeros(reals, self.points, size), zeros(reals, self.points, size)
        for i in range(self.n + 1):
            self.g[i][offset + i] = reals.one
            if self.minimiser:
                self.x[i][0] = reals.one
            for k, h in enumerate(steps[i - 1] if i else ()):
                self.x[i][offset + k] = -h
        self.scalars = [f"f_{i}" for i in range(self.n + 1)]
        if self.measure == SMALLEST_GRADIENT:
            self.scalars.append("t")

    def _words(self, claim: Mapping[str, Any]) -> str:
        power = POWER_OF_L[self.measure] - POWER_OF_L[self.initial]
        unit = {-2: " / L^2", -1: " / L", 0: "", 1: " * L", 2: " * L^2"}[power]
        smoothness = "" if claim["class"]["L"] == "L" else f", L = {self._number(claim['class']['L'])}"
        kind = "gradient descent" if claim["method"]["type"] == "gradient-descent" else "a fixed-step method"
        start_value = f"({self.initial})" if self.initial == VALUE else self.initial
        start = "a minimiser x_*" if self.minimiser else "f(x_*) short for the infimum of f"
        return (
            f"{kind} with N = {self.n} on F_(mu,L), mu/L = {self._number(claim['class']['mu/L'])}{smoothness}, "
            f"with {start}: {self.measure} <= ({sstr(self.reals.expression(self.rate))}){unit} * {start_value}"
        )

    def _number(self, data: Any) -> str:
        return str(self.reals.expression(self.reals.read(data)))

    def arity(self, family: str) -> int:
        return 2 if family == "interpolation" else 1

    def name(self, family: str, index: Index) -> str:
        count = self.points if family == "interpolation" else self.n + 1
        if len(set(index)) != self.arity(family) or max(index) >= count:
            raise VerificationError(f"there is no {family} condition with index {list(index)}")
        return f"{family} ({', '.join('x_*' if i == self.n + 1 else f'x_{i}' for i in index)})"

    def residual(self, multipliers: Mapping[str, Mapping[Index, Any]]) -> Residual:
        """The identity, from weights xx, xg, gg of <x_i, x_j>, <x_i, g_j>, <g_i, g_j>.

        With A = (lambda_ij) and the Laplacian Lap = diag(A 1 + A^T 1) - A - A^T of its graph,

            sum_ij lambda_ij <g_j, x_i - x_j>       = sum_ij (A - diag(A^T 1))_ij <x_i, g_j>,
            sum_ij lambda_ij <u_i - u_j, v_i - v_j> = sum_ij Lap_ij <u_i, v_j>.
        """
        reals, c, mu = self.reals, self.c, self.mu
        zero, count = reals.zero, self.points
        weights = zeros(reals, count, count)
        for (i, j), value in multipliers.get("interpolation", {}).items():
            weights[i][j] = value
        out = [sum(row, zero) for row in weights]
        into = [sum(column, zero) for column in zip(*weights, strict=True)]
        laplacian = [[-weights[i][j] - weights[j][i] for j in range(count)] for i in range(count)]
        for i in range(count):
            laplacian[i][i] = out[i] + into[i]
        gg = [[c * a for a in row] for row in laplacian]
        xg = [list(row) for row in weights]
        for i in range(count):
            xg[i][i] = -into[i]
        xx = zeros(reals, count, count)
        if self.curvature:
            for i in range(count):
                for j in range(count):
                    xx[i][j] = gg[i][j] * mu
                    xg[i][j] = xg[i][j] - xx[i][j] * 2
        f = [into[i] - out[i] for i in range(self.n + 1)]
        t = zero
        for (i,), value in multipliers.get("infimum", {}).items():
            f[i] = f[i] - value
            gg[i][i] = gg[i][i] + value / reals.of(2)
        for (i,), value in multipliers.get("smallest-gradient", {}).items():
            t = t + value
            gg[i][i] = gg[i][i] - value
        self._add_form(self.initial, self.rate, xx, gg, f)
        self._add_form(self.measure, -reals.one, xx, gg, f)
        scalars = {f"f_{i}": value for i, value in enumerate(f)}
        if self.measure == SMALLEST_GRADIENT:
            scalars["t"] = t - reals.one
        x, g = reals.matrix(self.x), reals.matrix(self.g)
        xt, gt = reals.matrix(transposed(self.x)), reals.matrix(transposed(self.g))
        matrix = xt * (reals.matrix(xx) * x + reals.matrix(xg) * g) + gt * reals.matrix(gg) * g
        return Residual(symmetrised(matrix.rows(), reals.one / reals.of(2)), scalars, zero)

    def _add_form(self, form: str, factor: Any, xx: list[list[Any]], gg: list[list[Any]], f: list[Any]) -> None:
        """Add a measure or initial condition; the smallest gradient is the scalar t and has none of these."""
        for target, forms in ((xx, (DISTANCE, LAST_DISTANCE)), (gg, (GRADIENT, LAST_GRADIENT))):
            if form in forms:
                k = 0 if form == forms[0] else self.n
                target[k][k] = target[k][k] + factor
        if form in (VALUE, LAST_VALUE):
            k = 0 if form == VALUE else self.n
            f[k] = f[k] + factor

    def witnessed(
        self, coordinates: Sequence[Sequence[Any]], scalars: Sequence[Any], weights: Sequence[Any] | None = None
    ) -> Witnessed:
        reals = self.reals
        v = reals.matrix(coordinates)
        x = (reals.matrix(self.x) * v).rows()
        g = (reals.matrix(self.g) * v).rows()
        xs, gs = reals.matrix(x), reals.matrix(g)
        xt, gt = (reals.matrix(transposed(weighted(rows, weights))) for rows in (x, g))
        xx, xg, gg = (xs * xt).rows(), (xs * gt).rows(), (gs * gt).rows()
        f = [*scalars[: self.n + 1], reals.zero]
        t = scalars[-1]
        forms = {
            DISTANCE: xx[0][0], LAST_DISTANCE: xx[self.n][self.n],
            GRADIENT: gg[0][0], LAST_GRADIENT: gg[self.n][self.n],
            VALUE: f[0], LAST_VALUE: f[self.n], SMALLEST_GRADIENT: t,
        }  # fmt: skip
        return Witnessed(forms[self.initial], forms[self.measure], self._values(xx, xg, gg, f, t))

    def _values(
        self, xx: list[list[Any]], xg: list[list[Any]], gg: list[list[Any]], f: list[Any], t: Any
    ) -> Iterator[Hypothesis]:
        mu = self.mu
        for i in range(self.points):
            for j in range(self.points):
                if i == j:
                    continue
                bracket = gg[i][i] + gg[j][j] - gg[i][j] * 2
                if self.curvature:
                    distance = xx[i][i] + xx[j][j] - xx[i][j] * 2
                    mixed = xg[i][i] + xg[j][j] - xg[i][j] - xg[j][i]
                    bracket = bracket + mu * (distance - mixed * 2)
                value = f[i] - f[j] - xg[i][j] + xg[j][j] - self.c * bracket
                yield Hypothesis(self.name("interpolation", (i, j)), ">=", value)
        half = self.reals.one / self.reals.of(2)
        for i in range(self.n + 1):
            if "infimum" in self.relations:
                yield Hypothesis(self.name("infimum", (i,)), ">=", f[i] - gg[i][i] * half)
            if "smallest-gradient" in self.relations:
                yield Hypothesis(self.name("smallest-gradient", (i,)), ">=", gg[i][i] - t)
