"""Reference methods: OGM, Nesterov's method, ITEM, and constant steps for strongly convex functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pepkit.algebra import Real, exact, sqrt
from pepkit.closed_form import certify_method
from pepkit.kernel import ClaimError
from pepkit.pep import gradient_descent, method
from pepkit.reproduction.constant_steps import DISTANCE
from pepkit.reproduction.registry import Published, Row, certified_claim, certified_closed_form, numbers, table
from pepkit.result import Result
from pepkit.schedules import constant


@table("ogm", "Optimized gradient method", "Kim, Fessler 2016; Drori 2017: 1/(2 theta_N^2), minimax optimal")
def _ogm() -> Iterator[Row]:
    theta = Real.rational(1)
    for n in range(1, 9):
        last = (1 + sqrt(1 + 8 * theta * theta)) / 2
        yield certified_claim(
            f"N{n:02d}", f"f(x_N) - f_*, N = {n}", Published.formula("1/(2 theta_N^2)", 1 / (2 * last * last)),
            partial(method, "optimized-gradient", n), quick=n <= 5, mode="auto" if n <= 2 else "relaxed",
        )  # fmt: skip
        theta = (1 + sqrt(1 + 4 * theta * theta)) / 2


@table("nesterov", "Nesterov's method, last point x_N", "Taylor, Hendrickx, Glineur 2017; numerical worst cases")
def _nesterov() -> Iterator[Row]:
    for n, rate in ((1, "0.1666667"), (2, "0.0898714"), (3, "0.0576291"), (5, "0.0302726"), (8, "0.0155061")):
        yield certified_claim(
            f"N{n:02d}", f"f(x_N) - f_*, N = {n}", Published(rate), partial(method, "nesterov", n),
            quick=n <= 5, mode="auto" if n <= 2 else "relaxed",
        )  # fmt: skip


@table("item", "Information-theoretic exact method", "Taylor, Drori 2023: 1/(1 + m A_N), minimax optimal")
def _item() -> Iterator[Row]:
    for kappa in (4, 10, 100):
        m = Real.rational(1) / kappa
        weight = Real.rational(0)
        for n in range(1, 5):
            weight = ((1 + m) * weight + 2 * (1 + sqrt((1 + weight) * (1 + m * weight)))) / ((1 - m) * (1 - m))
            yield certified_claim(
                f"kappa{kappa:03d}-N{n:02d}", f"|z_N - x_*|^2, L/mu = {kappa}, N = {n}",
                Published.formula("1/(1 + m A_N)", 1 / (1 + m * weight)),
                partial(method, "item", n, mu=f"L/{kappa}"), quick=n <= 3, mode="auto" if n <= 2 else "relaxed",
            )  # fmt: skip


@table("strongly-convex-constant", "Strongly convex: the step 2/(L+mu)", "Polyak 1987; Taylor, Hendrickx, Glineur 2017")
def _constant() -> Iterator[Row]:
    for entry in numbers("strongly_convex"):
        kappa, n = int(entry["kappa"]), int(entry["N"])
        step = exact(f"2/(1+1/{kappa})")
        yield certified_claim(
            f"kappa{kappa:04d}-N{n:02d}", f"|x_N - x_*|^2, L/mu = {kappa}, N = {n}", Published(entry["constant"]),
            partial(gradient_descent, constant(n, step), mu=f"L/{kappa}", **DISTANCE), quick=n <= 5,
        )  # fmt: skip


@table("item-closed-form", "Information-theoretic exact method, closed form", "Taylor, Drori 2023")
def _item_closed_form() -> Iterator[Row]:
    for entry in numbers("strongly_convex"):
        kappa, n = int(entry["kappa"]), int(entry["N"])
        yield certified_closed_form(
            f"kappa{kappa:04d}-N{n:02d}", f"|z_N - x_*|^2, L/mu = {kappa}, N = {n}", Published(entry["item"]),
            partial(_method_result, "item", n, f"1/{kappa}"), quick=n <= 4,
        )  # fmt: skip


def _method_result(name: str, steps: int, mu: str) -> Result:
    found = certify_method(name, steps, mu=mu, sympy=False)
    if found is None:
        raise ClaimError(f"{name} has no closed form here")
    return found
