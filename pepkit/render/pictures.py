"""Pictures of schedules and rates. Needs matplotlib (``pip install pepkit[plot]``); everything here is float."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from pepkit.kernel import ClaimError
from pepkit.schedules import Schedule, composition
from pepkit.schedules.bounds import SILVER_EXPONENT, best_sums
from pepkit.schedules.named import anytime_ends

__all__ = ["exponent_picture", "phase_picture", "rate_picture", "save_picture", "stem_picture"]

_INK, _BLUE, _RED, _GREEN, _GREY, _GOLD, _VIOLET = (
    "#222222", "#1f5fa8", "#b3322c", "#2f7d4f", "#8a8a8a", "#b8860b", "#6a4c93",
)  # fmt: skip


def _figure(rows: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ClaimError("pictures need matplotlib: pip install 'pepkit[plot]'") from None
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, squeeze=False, **options)[:, 0]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=9)
    return figure, axes


def save_picture(figure: Any, path: Any) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending of the name."""
    figure.savefig(path, dpi=150)


def stem_picture(schedules: Sequence[Schedule]) -> Any:
    """Stem plots of schedules on a logarithmic axis, one above the other; the dashed line is the step 2."""
    figure, axes = _figure(len(schedules), (9, 2.7 * len(schedules) + 0.3), sharey=True)
    for ax, plan in zip(axes, schedules, strict=True):
        steps = plan.floats()
        positions = range(len(steps))
        ax.vlines(positions, 1, steps, color=_BLUE, linewidth=max(0.6, min(2.0, 90 / len(steps))))
        ax.plot(positions, steps, "o", color=_BLUE, markersize=max(1.5, min(4.5, 220 / len(steps))))
        ax.axhline(2, color=_RED, linestyle="--", linewidth=0.9)
        ax.set_yscale("log", base=2)
        ax.set_ylabel("step $h_i$ in units of $1/L$", fontsize=9)
        ax.set_ylim(1, 1.3 * max(steps))
        ax.set_xlim(-1, len(steps))
        name = plan.name.upper() if plan.name.startswith("obs") else plan.name
        ax.set_title(f"{name}, N = {len(steps)}, sum {sum(steps):.2f}", fontsize=10, loc="left", color=_INK)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes[-1].set_xlabel("$i$", fontsize=9)
    return figure


def rate_picture(last: int = 64, certified: Sequence[tuple[int, float]] = (), certified_name: str = "") -> Any:
    """The worst case of f(x_N) - f_* over L|x_0 - x_*|^2 against N, for all schedules with a closed form.

    Parameters
    ----------
    last
        Largest N.
    certified
        Points (N, rate) of another schedule, such as certified rates of a table.
    certified_name
        Their name in the legend.
    """
    figure, (ax,) = _figure(1, (9, 6.2))
    counts = list(range(1, last + 1))
    ax.plot(counts, [1 / (4 * n + 2) for n in counts], color=_GREY, label="constant step 1")
    ax.plot(counts, [_optimal_constant(n) for n in counts], color=_GOLD, label="optimal constant step")
    ax.plot(counts, _dynamic(last), color=_VIOLET, label="dynamic short steps")
    ax.plot(counts, [float(1 / (4 * best_sums(n).primitive - 2)) for n in counts], color=_GREEN, label="OBS-S")
    silver = [(2**k - 1, 1 / (4 * (1 + math.sqrt(2)) ** k - 2)) for k in range(1, 12) if 2**k - 1 <= last]
    ax.plot(*zip(*silver, strict=True), "s", color=_GREEN, markersize=6, label="silver, $N = 2^k - 1$")
    heavy = [(n, 1 / (2 * composition("right-heavy", n).weights().block.weight)) for n, _ in silver]
    ax.plot(*zip(*heavy, strict=True), "^", color=_BLUE, markersize=6, label="right-heavy, $N = 2^k - 1$")
    ends = list(takewhile(lambda n: n <= last, (total for total, _ in anytime_ends())))
    every = [(n, 1 / (4 * composition("anytime", n).weights().block.weight - 2)) for n in ends]
    ax.plot(*zip(*every, strict=True), "x", color=_VIOLET, markersize=5, label="anytime, where a block ends")
    best = [float(best_sums(n).rate("function-value")) for n in counts]
    ax.plot(counts, best, color=_BLUE, linewidth=2, label="OBS-F")
    if certified:
        ax.plot(*zip(*certified, strict=True), ".", color=_RED, markersize=6, label=certified_name)
    ax.plot(counts, _optimized_gradient(last), color=_INK, linestyle="-.", label="OGM (optimal with momentum)")
    for exponent, words, anchor in (
        (1.0, "$N^{-1}$", 0.31),
        (SILVER_EXPONENT, r"$N^{-\log_2(1+\sqrt{2})}$", 0.157),
        (2.0, "$N^{-2}$", 0.06),
    ):
        line = [anchor * n**-exponent for n in counts]
        ax.plot(counts, line, color=_INK, linestyle=":", linewidth=1)
        ax.annotate(
            words, (counts[-1], line[-1]), xytext=(5, 0), textcoords="offset points", fontsize=9, va="center",
            color=_INK,
        )  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_xlim(1, last * 1.8)
    ax.set_xlabel("number of steps $N$", fontsize=10)
    ax.set_ylabel(r"worst case of $f(x_N) - f_\star$ over $L\,|x_0 - x_\star|^2$", fontsize=10)
    ax.legend(fontsize=9, frameon=False, loc="lower left")
    return figure


def phase_picture(condition_numbers: Sequence[int] = (100, 1_000, 10_000)) -> Any:
    """The two phases of the strongly convex silver schedule: -log(|x_N - x_*|^2/|x_0 - x_*|^2)/N against N.

    The contraction per step improves like N^(log_2(1+sqrt 2) - 1) up to N of about kappa^0.786, then it stays.
    """
    figure, (ax,) = _figure(1, (9, 5.2))
    for kappa, color, marker in zip(condition_numbers, (_BLUE, _GREEN, _GOLD, _VIOLET), "osD^", strict=False):
        counts = [2**k for k in range(14) if 2**k <= 4 * kappa]
        blocks = [composition("silver-strongly-convex", n, 1 / kappa).weights(1 / kappa).block for n in counts]
        pairs = [
            (n, -2 * math.log(float(b.weight)) / n) for n, b in zip(counts, blocks, strict=True) if float(b.weight) > 0
        ]
        name = rf"$\kappa$ = {kappa:,}".replace(",", " ")
        ax.plot(*zip(*pairs, strict=True), marker=marker, markersize=4, color=color, label=name)
        turn = 2.0 ** math.floor(math.log(kappa / 3, 1 + math.sqrt(2)))
        ax.axvline(turn, color=color, linestyle="--", linewidth=0.9)
    low = [2**k for k in range(1, 6)]
    slope = [0.012 * n ** (SILVER_EXPONENT - 1) for n in low]
    ax.plot(low, slope, color=_INK, linestyle=":", linewidth=1)
    ax.annotate(
        r"$N^{\log_2(1+\sqrt{2}) - 1}$", (low[-1], slope[-1]), xytext=(6, 0), textcoords="offset points",
        fontsize=9, color=_INK, va="center",
    )  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_xlabel("number of steps $N$ (dashed: where the phases meet)", fontsize=10)
    ax.set_ylabel(r"$-\log\left(|x_N - x_\star|^2 / |x_0 - x_\star|^2\right) / N$", fontsize=10)
    ax.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def exponent_picture(last: int = 512) -> Any:
    """Exponents of OBS-F: fits to N = 1..n and to n/2..n against log_2(1 + sqrt 2), and the constant 2 rate (N+1)^p."""
    figure, (above, below) = _figure(2, (9, 6.6), sharex=True)
    counts = list(range(4, last + 1))
    rates = [float(best_sums(n).rate("function-value")) for n in range(1, last + 1)]
    above.plot(counts, [_slope(1, n, rates) for n in counts], color=_GOLD, label="fit to 1..N")
    above.plot(counts, [_slope(max(1, n // 2), n, rates) for n in counts], color=_BLUE, label="fit to N/2..N")
    above.axhline(SILVER_EXPONENT, color=_RED, linestyle="--", linewidth=1)
    above.annotate(
        r"$\log_2(1+\sqrt{2}) = 1.27155$", (counts[0], SILVER_EXPONENT), xytext=(4, 5), textcoords="offset points",
        fontsize=9, color=_RED,
    )  # fmt: skip
    above.set_ylabel("fitted exponent of OBS-F", fontsize=10)
    above.legend(fontsize=9, frameon=False, loc="lower right")
    below.plot(
        counts, [2 * rates[n - 1] * (n + 1) ** SILVER_EXPONENT for n in counts], color=_BLUE,
    )  # fmt: skip
    below.axhline(0.420809352823451, color=_RED, linestyle="--", linewidth=1)
    below.annotate(
        "0.42081, not passed by any basic schedule", (counts[0], 0.4208), xytext=(4, 5),
        textcoords="offset points", fontsize=9, color=_RED,
    )  # fmt: skip
    below.set_ylabel(r"$2\,\mathrm{rate}\,(N+1)^{\log_2(1+\sqrt{2})}$", fontsize=10)
    below.set_xscale("log", base=2)
    below.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    below.set_xlabel("number of steps $N$", fontsize=10)
    return figure


def _slope(first: int, last: int, rates: Sequence[float]) -> float:
    x = [math.log(n) for n in range(first, last + 1)]
    y = [math.log(rates[n - 1]) for n in range(first, last + 1)]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return -sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


def _optimal_constant(count: int) -> float:
    """The rate at the root of (2Nh+1)(1-h)^(2N) = 1 in (1, 2), by bisection."""
    low, high = 1.0, 2.0
    for _ in range(80):
        h = (low + high) / 2
        if (2 * count * h + 1) * (h - 1) ** (2 * count) < 1:
            low = h
        else:
            high = h
    return 1 / (4 * count * low + 2)


def _dynamic(last: int) -> list[float]:
    total, rates = 0.0, []
    for _ in range(last):
        total += (math.sqrt(total * total + 8 * (total + 1)) - total) / 2
        rates.append(1 / (4 * total + 2))
    return rates


def _optimized_gradient(last: int) -> list[float]:
    theta, rates = 1.0, []
    for _ in range(last):
        final = (1 + math.sqrt(1 + 8 * theta * theta)) / 2
        rates.append(1 / (2 * final * final))
        theta = (1 + math.sqrt(1 + 4 * theta * theta)) / 2
    return rates
