"""Constant steps: all closed forms for convex, strongly convex and hypoconvex functions, and the optimal constants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypedDict

from flint import fmpq, fmpz_poly

from pepkit.algebra import Real, exact
from pepkit.closed_form import certify_hypoconvex, certify_optimal_constant
from pepkit.kernel import ClaimError
from pepkit.pep import gradient_descent
from pepkit.reproduction.registry import Published, Row, certified_claim, certified_closed_form, numbers, table
from pepkit.result import Result
from pepkit.schedules import Schedule, constant, optimal_constant


class Measures(TypedDict):
    """A measure and an initial condition, by name."""

    measure: str
    initial: str


OBJECTIVE: Measures = {"measure": "function-value", "initial": "distance"}
GRADIENT: Measures = {"measure": "gradient-norm", "initial": "function-value"}
GRADIENT_FROM_DISTANCE: Measures = {"measure": "gradient-norm", "initial": "distance"}
SMALLEST: Measures = {"measure": "smallest-gradient-norm", "initial": "function-value"}
DISTANCE: Measures = {"measure": "distance", "initial": "distance"}


def _slug(value: object) -> str:
    return str(value).replace("/", "-").replace(".", "p")


def _larger(*values: fmpq) -> fmpq:
    best = values[0]
    for value in values[1:]:
        best = value if value > best else best
    return best


def _row(key: str, what: str, text: str, value: fmpq, steps: int, h: str, **options: Any) -> Row:
    return certified_claim(
        key, what, Published.formula(text, value), partial(gradient_descent, constant(steps, h), **options)
    )


@table(
    "constant-convex",
    "Constant steps, convex: all branches",
    "Drori, Teboulle 2014; Taylor, Hendrickx, Glineur 2017; Kim 2412.04427; Rotaru, Glineur, Patrinos 2406.17506",
)
def _convex() -> Iterator[Row]:
    for n in (1, 2, 3, 5):
        for text in ("1/2", "1", "3/2", "7/4", "19/10"):
            h = exact(text).value
            fall = (1 - h) ** (2 * n)
            key, what = f"-h{_slug(text)}-N{n:02d}", f"N = {n}, h = {text}"
            yield _row(
                "f" + key,
                f"f(x_N) - f_*, {what}",
                "max{1/(4Nh+2), (1-h)^2N/2}",
                _larger(1 / (4 * n * h + 2), fall / 2),
                n,
                text,
                **OBJECTIVE,
            )
            yield _row(
                "g-f" + key,
                f"|g_N|^2 over f_0 - f_*, {what}",
                "2 max{1/(2Nh+1), (1-h)^2N}",
                2 * _larger(1 / (2 * n * h + 1), fall),
                n,
                text,
                **GRADIENT,
            )
            yield _row(
                "g-x" + key, f"|g_N|^2 over |x_0 - x_*|^2, {what}", "max{1/(Nh+1)^2, (1-h)^2N}",
                _larger(1 / (n * h + 1) ** 2, fall), n, text, **GRADIENT_FROM_DISTANCE,
            )  # fmt: skip


@table(
    "constant-strongly-convex",
    "Constant steps, strongly convex: all branches",
    "Taylor, Hendrickx, Glineur 2017; Kim 2412.04427; Rotaru, Glineur, Patrinos 2406.17506",
)
def _strongly_convex() -> Iterator[Row]:
    for kappa in (5, 20):
        k = fmpq(1, kappa)
        for n in (1, 2, 3):
            for text in ("1", "3/2", "19/10", str(Real.rational(2 / (1 + k)))):
                h = exact(text).value
                fall, rise = (1 - h) ** (2 * n), (1 - k * h) ** (-2 * n)
                half = (1 - k * h) ** (-n)
                key, what = f"-kappa{kappa}-h{_slug(text)}-N{n:02d}", f"L/mu = {kappa}, N = {n}, h = {text}"
                options = {"mu": f"L/{kappa}"}
                yield _row(
                    "f" + key,
                    f"f(x_N) - f_*, {what}",
                    "max{k/(k-1+(1-kh)^-2N), (1-h)^2N}/2",
                    _larger(k / (k - 1 + rise), fall) / 2,
                    n,
                    text,
                    **options,
                    **OBJECTIVE,
                )
                yield _row(
                    "g-f" + key,
                    f"|g_N|^2 over f_0 - f_*, {what}",
                    "2 max{k/(k-1+(1-kh)^-2N), (1-h)^2N}",
                    2 * _larger(k / (k - 1 + rise), fall),
                    n,
                    text,
                    **options,
                    **GRADIENT,
                )
                flat = k / (k - 1 + half)
                yield _row(
                    "g-x" + key,
                    f"|g_N|^2 over |x_0 - x_*|^2, {what}",
                    "max{k/(k-1+(1-kh)^-N), |1-h|^N}^2",
                    _larger(flat * flat, fall),
                    n,
                    text,
                    **options,
                    **GRADIENT_FROM_DISTANCE,
                )
                yield _row(
                    "x" + key, f"|x_N - x_*|^2, {what}", "max{|1-h|, |1-kh|}^2N",
                    _larger(fall, (1 - k * h) ** (2 * n)), n, text, **options, **DISTANCE,
                )  # fmt: skip


@table("optimal-constant", "Optimal constant steps", "Drori, Teboulle 2014; Taylor, Hendrickx, Glineur 2017")
def _optimal() -> Iterator[Row]:
    for entry in numbers("optimal_constant"):
        n = int(entry["N"])
        # beyond degree 11 the exact root makes arithmetic slow, so the rate is enclosed for rational steps nearby
        exactly = n <= 5
        for key, rate, measures in (("f", "rate_f", OBJECTIVE), ("g-x", "rate_g", GRADIENT_FROM_DISTANCE)):
            if exactly:
                plan = optimal_constant(n) if key == "f" else _optimal_for_gradient(n)
            else:
                plan = constant(n, entry["step_f" if key == "f" else "step_g"])
            if key == "f" and 5 < n <= 32:
                # the exact root, in closed form
                yield certified_closed_form(
                    f"{key}-exact-N{n:02d}", f"f(x_N) - f_*, N = {n}", Published(entry[rate]),
                    partial(_exact_optimal, n), quick=n <= 8,
                )  # fmt: skip
                continue
            quantity = "f(x_N) - f_*" if key == "f" else "|g_N|^2 over |x_0 - x_*|^2"
            yield certified_claim(
                f"{key}-N{n:02d}", f"{quantity}, N = {n}" + ("" if exactly else ", h rounded to 12 digits"),
                # the rounded step changes the last digits
                Published(entry[rate] if exactly else f"{float(entry[rate]):.9g}"),
                partial(gradient_descent, plan, **measures), quick=n <= 8,
            )  # fmt: skip


def _exact_optimal(count: int) -> Result:
    found = certify_optimal_constant(count, sympy=False)
    if found is None:
        raise ClaimError(f"no closed form for N = {count}")
    return found


def _optimal_for_gradient(count: int) -> Schedule:
    """The constant step with (Nh+1)(h-1)^N = 1: both worst cases of the gradient norm agree."""
    polynomial = fmpz_poly([-1, 1]) ** count * fmpz_poly([1, count]) - 1
    for factor, _ in polynomial.factor()[1]:
        degree = factor.degree()
        if degree == 1:
            root = fmpq(-factor[0], factor[1])
            if 1 < root < 2:
                return constant(count, Real.rational(root))
        elif factor(fmpq(1)) * factor(fmpq(2)) < 0:
            coefficients = tuple(fmpq(c, factor[degree]) for c in factor.coeffs())
            return constant(count, Real.root(coefficients, 1, 2))
    raise ValueError(f"no optimal constant step for N = {count}")


@table(
    "hypoconvex",
    "Constant steps, hypoconvex and nonconvex: the smallest gradient",
    "Abbaszadehpeivasti, de Klerk, Zamani 2022; Rotaru, Glineur, Patrinos 2406.17506",
)
def _hypoconvex() -> Iterator[Row]:
    for entry in numbers("hypoconvex"):
        k, h, n = exact(entry["mu"]).value, exact(entry["h"]).value, int(entry["N"])
        if h <= 1:
            per_step = 2 * h + h * h * k / (1 - k)
            text = "2/(1+N(2h+h^2 k/(1-k)))"
        else:
            per_step = h * (2 - h) * (2 - k * h) / (2 - (1 + k) * h)
            text = "2/(1+N h(2-h)(2-kh)/(2-(1+k)h))"
        mu, step = str(Real.rational(k)), str(Real.rational(h))
        yield certified_closed_form(
            f"k{_slug(mu)}-h{_slug(step)}-N{n:02d}", f"mu/L = {mu}, N = {n}, h = {step}",
            Published.formula(text, 2 / (1 + n * per_step)), partial(_exact_hypoconvex, step, n, mu),
        )  # fmt: skip


def _exact_hypoconvex(step: str, count: int, mu: str) -> Result:
    found = certify_hypoconvex([step] * count, mu=mu, sympy=False)
    if found is None:
        raise ClaimError(f"no closed form for {count} steps {step}, mu/L = {mu}")
    return found
