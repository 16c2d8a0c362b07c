"""Schedules of several steps: silver, optimised compositions, dynamic short steps, branch and bound, patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from pepkit.algebra import Real, exact, sqrt
from pepkit.pep import gradient_descent
from pepkit.proximal import certify_proximal
from pepkit.reproduction.constant_steps import DISTANCE, GRADIENT, GRADIENT_FROM_DISTANCE, OBJECTIVE
from pepkit.reproduction.registry import (
    Published,
    Row,
    certified_claim,
    certified_closed_form,
    certified_pattern,
    numbers,
    table,
)
from pepkit.result import Result
from pepkit.schedules import Composition, Schedule, composition, obs_f, obs_s, silver


@table(
    "silver",
    "Silver schedule",
    "Altschuler, Parrilo 2309.16530 (bound); Luner, Grimmer; Wang, Ma, Yang, Zhou 2410.08890 (exact rates)",
)
def _silver() -> Iterator[Row]:
    root_two = sqrt(2)
    for k in range(1, 6):
        n = 2**k - 1
        power = (1 + root_two) ** k
        plan = silver(n)
        bound = next(entry["f_ap"] for entry in numbers("silver") if int(entry["N"]) == n)
        yield certified_claim(
            f"f-N{n:02d}",
            f"f(x_N) - f_*, N = {n}",
            Published.formula("1/(4 rho^k - 2)", 1 / (4 * power - 2)),
            partial(gradient_descent, plan, **OBJECTIVE),
        )
        yield certified_claim(
            f"f-bound-N{n:02d}",
            f"f(x_N) - f_*, N = {n}, first published bound",
            Published(bound, "bound"),
            partial(gradient_descent, plan, **OBJECTIVE),
        )
        yield certified_claim(
            f"g-x-N{n:02d}",
            f"|g_N|^2 over |x_0 - x_*|^2, N = {n}",
            Published.formula("rho^-2k", 1 / (power * power)),
            partial(gradient_descent, plan, **GRADIENT_FROM_DISTANCE),
            quick=n <= 15,
        )
        yield certified_claim(
            f"g-f-N{n:02d}", f"|g_N|^2 over f_0 - f_*, N = {n}",
            Published.formula("2/(2 rho^k - 1)", 2 / (2 * power - 1)),
            partial(gradient_descent, plan, **GRADIENT), quick=n <= 15,
        )  # fmt: skip


@table(
    "optimised",
    "Optimised basic schedules OBS-S, OBS-F, OBS-G",
    "Grimmer, Shu, Wang 2410.16249; Zhang, Jiang 2410.12395",
)
def _optimised() -> Iterator[Row]:
    for entry in numbers("optimised"):
        n = int(entry["N"])
        if n > 25:
            break
        quick = n <= 8
        plan, best = obs_s(n), obs_f(n)
        reverse = Schedule("obs-g", tuple(reversed(best.numbers)), "OBS-G, OBS-F reversed")
        mode = "auto" if n <= 3 else "relaxed"
        for key, what, column, chosen, measures in (
            ("obs-s-f", "OBS-S, f(x_N) - f_*", "obs_s_f", plan, OBJECTIVE),
            ("obs-s-g", "OBS-S, |g_N|^2 over |x_0 - x_*|^2", "obs_s_g", plan, GRADIENT_FROM_DISTANCE),
            ("obs-f", "OBS-F, f(x_N) - f_*", "obs_f", best, OBJECTIVE),
            ("obs-g", "OBS-G, |g_N|^2 over f_0 - f_*", "obs_g", reverse, GRADIENT),
        ):
            yield certified_claim(
                f"{key}-N{n:02d}", f"{what}, N = {n}", Published(entry[column]),
                partial(gradient_descent, chosen, **measures), quick=quick, mode=mode,
                tolerance="1e-6" if key == "obs-g" else "1e-7",
            )  # fmt: skip


@table("dynamic", "Dynamic short steps", "Teboulle, Vaisbourd 2022; Rotaru, Glineur, Patrinos 2406.17506")
def _dynamic() -> Iterator[Row]:
    total, steps = Real.rational(0), []
    for entry in (e for e in numbers("dynamic") if e["schedule"] == "dynamic_TV"):
        n = int(entry["N"])
        steps.append((sqrt(total * total + 8 * (total + 1)) - total) / 2)
        total = total + steps[-1]
        plan = Schedule("dynamic", tuple(steps), "dynamic short steps")
        yield certified_claim(
            f"objective-N{n:02d}", f"f(x_N) - f_*, anytime, N = {n}", Published(entry["rate"]),
            partial(gradient_descent, plan, **OBJECTIVE), quick=n <= 6, mode="auto" if n <= 2 else "relaxed",
        )  # fmt: skip
    gradient: list[Real] = []
    total = Real.rational(0)
    for n in range(1, 7):
        base = 2 * total + 1
        gradient.append(1 + base / 4 * (sqrt(1 + 8 / base) - 1))
        total = total + gradient[-1]
        plan = Schedule("dynamic-gradient", tuple(gradient), "dynamic short steps for the gradient norm")
        yield certified_claim(
            f"gradient-N{n:02d}", f"|g_N|^2 over f_0 - f_*, anytime, N = {n}",
            Published.formula("2/(2H+1)", 2 / (2 * total + 1)),
            partial(gradient_descent, plan, **GRADIENT), mode="auto" if n <= 2 else "relaxed",
        )  # fmt: skip


@table("right-heavy", "Right-heavy schedules", "Grimmer, Shu, Wang 2403.14045")
def _right_heavy() -> Iterator[Row]:
    steps: tuple[Real, ...] = ()
    total = Real.rational(0)
    for k in range(4):
        prefix = silver(2**k - 1).numbers if k else ()
        below = (1 + sqrt(2)) ** k - 1
        join = (3 - 2 * total + sqrt((2 * total + 1) * (2 * total + 8 * below + 9))) / 4
        steps, total = (*prefix, join, *steps), below + join + total
        n = len(steps)
        published = next(e["rate"] for e in numbers("dynamic") if e["schedule"] == "right_heavy" and e["N"] == str(n))
        yield certified_claim(
            f"N{n:02d}", f"f(x_N) - f_*, N = {n}", Published(published),
            partial(gradient_descent, Schedule("right-heavy", steps, "right-heavy"), **OBJECTIVE),
            quick=n <= 7, mode="auto" if n <= 3 else "relaxed",
        )  # fmt: skip


@table(
    "strongly-convex-two-steps",
    "Strongly convex: the optimal two steps",
    "Altschuler, thesis 2018; Altschuler, Parrilo 2309.07879",
)
def _two_steps() -> Iterator[Row]:
    for kappa in (4, 5, 10, 20, 100):
        m = Real.rational(1) / kappa
        root = sqrt(1 + (1 - m) * (1 - m))
        z = m * (1 - m + root)
        plan = Schedule("two-step", (2 / (m + root), 2 / (2 + m - root)), "optimal two steps")
        yield certified_claim(
            f"kappa{kappa:03d}", f"|x_2 - x_*|^2, L/mu = {kappa}",
            Published.formula("((1-z)/(1+z))^2", ((1 - z) / (1 + z)) ** 2),
            partial(gradient_descent, plan, mu=f"L/{kappa}", **DISTANCE),
        )  # fmt: skip


@table(
    "bnb-pep",
    "Locally optimal schedules of branch and bound (BnB-PEP)",
    "Das Gupta, Van Parys, Ryu 2203.07305: table of the paper; numerical value of their steps where the table has none",
)
def _bnb_pep() -> Iterator[Row]:
    for entry in numbers("bnb_pep"):
        n = int(entry["N"])
        if n > 50:
            break
        steps = entry["steps"].split()
        from_table = bool(entry["published"])
        # numerical values were computed to about 1e-7 relative
        published = entry["published"] or f"{float(entry['numerical']):.6g}"
        yield certified_claim(
            f"N{n:02d}", f"f(x_N) - f_*, N = {n}" + ("" if from_table else " (no table value)"), Published(published),
            partial(gradient_descent, Schedule.of(steps, "bnb-pep"), **OBJECTIVE), quick=n <= 12, tolerance="1e-6",
        )  # fmt: skip


@table("straightforward", "Average steps of straightforward patterns", "Grimmer 2307.06324")
def _straightforward() -> Iterator[Row]:
    for entry in numbers("straightforward"):
        length = int(entry["t"])
        limit = length == 2
        what = f"length {length}" + (" (3 - eta, 3/2), certified for eta = 1/100" if limit else "")
        published = Published(entry["average"], "limit" if limit else "number")
        yield certified_pattern(f"t{length:03d}", what, published, length, quick=length <= 31)


@table(
    "irregular", "Steps without a pattern: worst cases on three branches", "worked examples; rates by Newton's method"
)
def _irregular() -> Iterator[Row]:
    root = sqrt(1705067945000**2 - 4 * 2520156250000 * 243993771329)
    for steps, text, value in (
        ("0.45 1.71", "5041/42050", exact("5041/42050")),
        ("0.5 1.7", "49/450", exact("49/450")),
        ("2.43 0.36", "20449/34400", exact("20449/34400")),
        ("1.5 2.5 2.5", "81/128", exact("81/128")),
        ("2.2 1/3 1 1.25 4/3", "108/1325", exact("108/1325")),
        (
            "1.7 0.4 2.2 2.1", "root of 2520156250000 t^2 - 1705067945000 t + 243993771329",
            (1705067945000 - root) / (2 * 2520156250000),
        ),
    ):  # fmt: skip
        yield certified_claim(
            steps.replace(" ", "_").replace("/", "-"), f"f(x_N) - f_*, h = {steps.replace(' ', ', ')}",
            Published.formula(text, value), partial(gradient_descent, Schedule.of(steps.split(), "steps"), **OBJECTIVE),
            tolerance="1e-9",
        )  # fmt: skip


@table(
    "proximal",
    "Proximal methods with the silver schedule",
    "Wang, Ma, Yang, Zhou 2410.08890; proximal gradient: the worst case of one-dimensional indicator functions",
)
def _proximal() -> Iterator[Row]:
    for k in range(1, 5):
        power = (1 + sqrt(2)) ** k
        tree = partial(composition, "silver", 2**k - 1)
        yield certified_closed_form(
            f"point-k{k}", f"relaxed proximal point, lambda (f(y_N) - f_*), N = {2**k - 1}",
            Published.formula("1/(4 rho^k)", 1 / (4 * power)),
            partial(_proximal_result, tree, "relaxed-proximal-point"),
        )  # fmt: skip
        yield certified_closed_form(
            f"gradient-k{k}", f"proximal gradient, F(x_N) - F_*, N = {2**k - 1}",
            Published.formula("1/(4 (rho^k - 1))", 1 / (4 * (power - 1))),
            partial(_proximal_result, tree, "proximal-gradient"), quick=k <= 3,
        )  # fmt: skip


def _proximal_result(tree: Callable[[], Composition], method: str) -> Result:
    return certify_proximal(tree(), method, tolerance=1e-6)
