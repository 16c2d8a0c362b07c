"""Schedules that are trees of joins: the tree proves the worst case, from both sides, for any number of steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pepkit.algebra import sqrt
from pepkit.kernel import Claim
from pepkit.pep import gradient_descent
from pepkit.reproduction.constant_steps import DISTANCE, GRADIENT, GRADIENT_FROM_DISTANCE, OBJECTIVE
from pepkit.reproduction.registry import Published, Row, certified_claim, certified_composition, numbers, table
from pepkit.schedules import Composition, composition, schedule
from pepkit.schedules.named import anytime_ends

GRIMMER_SHU_WANG = "Grimmer, Shu, Wang 2410.16249; Zhang, Jiang 2410.12395"


def _floats(kappa: int) -> float:
    """mu/L in floats, with which a tree is chosen; what is proved about it is exact."""
    return 1 / kappa


@table(
    "silver-trees", "Silver schedule by its tree, also very long", "Wang, Ma, Yang, Zhou 2410.08890: 1/(4 rho^k - 2)"
)
def _silver() -> Iterator[Row]:
    for k in (1, 2, 3, 4, 5, 6, 7, 10, 20, 40):
        power = (1 + sqrt(2)) ** k
        plan = partial(composition, "silver", 2**k - 1)
        yield certified_composition(
            f"f-k{k:02d}", f"f(x_N) - f_*, N = 2^{k} - 1",
            Published.formula("1/(4 rho^k - 2)", 1 / (4 * power - 2)), plan,
            **OBJECTIVE,
        )  # fmt: skip
        yield certified_composition(
            f"g-x-k{k:02d}", f"|g_N|^2 over |x_0 - x_*|^2, N = 2^{k} - 1",
            Published.formula("rho^-2k", 1 / (power * power)), plan,
            **GRADIENT_FROM_DISTANCE,
        )  # fmt: skip


@table("optimised-trees", "OBS-S, OBS-F, OBS-G by their trees, N = 1..64", GRIMMER_SHU_WANG)
def _optimised() -> Iterator[Row]:
    for entry in numbers("optimised"):
        n = int(entry["N"])
        for key, what, column, name, measures in (
            ("obs-s-f", "OBS-S, f(x_N) - f_*", "obs_s_f", "obs-s", OBJECTIVE),
            ("obs-s-g", "OBS-S, |g_N|^2 over |x_0 - x_*|^2", "obs_s_g", "obs-s", GRADIENT_FROM_DISTANCE),
            ("obs-f", "OBS-F, f(x_N) - f_*", "obs_f", "obs-f", OBJECTIVE),
            ("obs-g", "OBS-G, |g_N|^2 over f_0 - f_*", "obs_g", "obs-g", GRADIENT),
        ):
            yield certified_composition(
                f"{key}-N{n:02d}",
                f"{what}, N = {n}",
                Published(entry[column]),
                partial(composition, name, n),
                **measures,
            )


@table(
    "dynamic-trees",
    "Dynamic short steps by their trees",
    "Teboulle, Vaisbourd 2022; Rotaru, Glineur, Patrinos 2406.17506",
)
def _dynamic() -> Iterator[Row]:
    for entry in numbers("dynamic"):
        n = int(entry["N"])
        if entry["schedule"] == "dynamic_TV":
            yield certified_composition(
                f"objective-N{n:02d}", f"f(x_N) - f_*, anytime, N = {n}", Published(entry["rate"]),
                partial(composition, "teboulle-vaisbourd", n), **OBJECTIVE,
            )  # fmt: skip
        elif entry["schedule"].startswith("dynamic_f"):
            yield certified_composition(
                f"reversed-N{n:02d}", f"f(x_N) - f_*, gradient-norm steps reversed, N = {n}", Published(entry["rate"]),
                partial(_reversed, "dynamic-gradient", n), **OBJECTIVE,
            )  # fmt: skip
        else:
            yield certified_composition(
                f"right-heavy-N{n:02d}", f"f(x_N) - f_*, right-heavy, N = {n}", Published(entry["rate"]),
                partial(composition, "right-heavy", n), **OBJECTIVE,
            )  # fmt: skip


def _reversed(name: str, steps: int) -> Composition:
    return composition(name, steps).reversed()


@table("anytime", "Anytime schedule, every N", "Zhang, Lee, Du, Chen 2411.17668; numerical worst cases")
def _anytime() -> Iterator[Row]:
    ends: set[int] = set()
    for total, _ in anytime_ends():
        ends.add(total)
        if total > 45:
            break
    for entry in numbers("anytime"):
        n = int(entry["N"])
        # the published values are numerical, good to about 1e-9
        published, what = Published(f"{float(entry['rate']):.6g}"), f"f(x_N) - f_*, N = {n}"
        if n in ends:
            plan = partial(composition, "anytime", n)
            yield certified_composition(f"N{n:02d}", f"{what}, a block ends", published, plan, **OBJECTIVE)
        else:
            question = partial(_anytime_question, n)
            yield certified_claim(
                f"N{n:02d}", what, published, question, quick=n <= 15, mode="relaxed", tolerance="2e-7"
            )


def _anytime_question(steps: int) -> Claim:
    return gradient_descent(schedule("anytime", steps), **OBJECTIVE)


@table("strongly-convex-silver", "Strongly convex silver schedule", "Altschuler, Parrilo 2309.07879: ((1-z)/(1+z))^2")
def _strongly_convex_silver() -> Iterator[Row]:
    for entry in numbers("strongly_convex_silver"):
        kappa, n = int(entry["kappa"]), int(entry["N"])
        yield certified_composition(
            f"kappa{kappa:04d}-N{n:02d}", f"|x_N - x_*|^2, L/mu = {kappa}, N = {n}", Published(entry["rate"]),
            partial(composition, "silver-strongly-convex", n, _floats(kappa)), mu=f"1/{kappa}", **DISTANCE,
        )  # fmt: skip


@table(
    "strongly-convex-trees",
    "Strongly convex optimised compositions SC-OBS-S, SC-OBS-F, SC-OBS-G",
    "computed with joins",
)
def _strongly_convex() -> Iterator[Row]:
    for entry in numbers("strongly_convex"):
        kappa, n = int(entry["kappa"]), int(entry["N"])
        key, what, mu = f"kappa{kappa:04d}-N{n:02d}", f"L/mu = {kappa}, N = {n}", f"1/{kappa}"
        tails = partial(composition, "sc-obs-f", n, _floats(kappa))
        yield certified_composition(
            f"s-{key}", f"SC-OBS-S, |x_N - x_*|^2, {what}", Published(entry["obs_s"]),
            partial(composition, "sc-obs-s", n, _floats(kappa)), mu=mu, **DISTANCE,
        )  # fmt: skip
        yield certified_composition(
            f"f-{key}", f"SC-OBS-F, f(x_N) - f_*, {what}", Published(entry["obs_f"]), tails, mu=mu, **OBJECTIVE
        )
        yield certified_composition(
            f"g-{key}", f"SC-OBS-G, |g_N|^2 over f_0 - f_*, {what}", Published(entry["obs_g"]),
            partial(_reversed_tail, n, _floats(kappa)), mu=mu, **GRADIENT,
        )  # fmt: skip


def _reversed_tail(steps: int, mu: float) -> Composition:
    return composition("sc-obs-f", steps, mu).reversed()


@table("minimax", "Conjectured minimax schedules: the values that searches did not improve", "numerical searches")
def _minimax() -> Iterator[Row]:
    names = {("0", "f"): "obs-f", ("0", "g"): "obs-s"}
    measures = {"f": OBJECTIVE, "g": GRADIENT_FROM_DISTANCE, "x": DISTANCE}
    words = {"f": "f(x_N) - f_*", "g": "|g_N|^2 over |x_0 - x_*|^2", "x": "|x_N - x_*|^2"}
    for entry in numbers("minimax"):
        mu, measure, n = entry["mu"], entry["measure"], int(entry["N"])
        name = names.get((mu, measure), "sc-obs-f" if measure == "f" else "sc-obs-s")
        ratio = 0.0 if mu == "0" else 1 / int(mu.partition("/")[2])
        key = f"{measure}-mu{mu.replace('/', '-')}-N{n}"
        what = f"{words[measure]}, {name}, mu/L = {mu}, N = {n}"
        plan = partial(composition, name, n, ratio)
        published = Published(entry["conjectured"], correction=entry["correction"])
        yield certified_composition(key, what, published, plan, mu=mu, **measures[measure])
        # a search that ends near the value confirms it; its last digits are those of the search
        yield certified_composition(
            f"{key}-search", f"{what}: best of a multi-start search", Published(f"{float(entry['found']):.4g}"), plan,
            mu=mu, **measures[measure],
        )  # fmt: skip
