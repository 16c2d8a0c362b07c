"""How tight intervals are through a hidden layer: the closed form for linear networks, and exact ratios beside it.

For x -> a . (B x) with k hidden neurons and independent standard normal entries, the exact range of the output over a
cube is proportional to sum_j |sum_i a_i b_ij| and the range that intervals give it to sum_ij |a_i b_ij|. The ratio of
the expectations is

    sqrt(pi) Gamma((k+1)/2) / (k Gamma(k/2))  ~  sqrt(pi/(2k)),

so every layer of width k costs intervals about a factor sqrt(2k/pi) at random weights. (Mao, Mueller, Fischer, Vechev,
"Understanding certified training with interval bound propagation", 2024, study the ratio for trained networks.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.networks.model import rational
from pepkit.studies import Study

__all__ = ["expected_interval_tightness", "interval_tightness", "tightness_study"]

Progress = Callable[[str, str], Any]


def expected_interval_tightness(width: int, digits: int = 20) -> Any:
    """A ball (python-flint `arb`) around sqrt(pi) Gamma((k+1)/2)/(k Gamma(k/2)), relative radius below 10^-digits."""
    if width < 1:
        raise ClaimError(f"a layer has at least one neuron, not {width}")
    with ctx.workprec(64 + 4 * digits):
        k = arb(width)
        return arb.pi().sqrt() * ((k + 1) / 2).gamma() / (k * (k / 2).gamma())


def interval_tightness(first: Any, second: Any) -> fmpq:
    """(exact range)/(range by intervals) of the outputs of x -> second first x over a cube, summed over outputs, in Q.

    Parameters
    ----------
    first, second
        Matrices of shape (k, n) and (m, k); floats are exact.
    """
    hidden = [[rational(a) for a in row] for row in first]
    outer = [[rational(a) for a in row] for row in second]
    exact, loose = fmpq(0), fmpq(0)
    for row in outer:
        for column in zip(*hidden, strict=True):
            products = [a * b for a, b in zip(row, column, strict=True)]
            exact += abs(sum(products, fmpq(0)))
            loose += sum((abs(p) for p in products), fmpq(0))
    return exact / loose if loose else fmpq(1)


def tightness_study(
    widths: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    *,
    inputs: int = 8,
    outputs: int = 8,
    samples: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Study:
    """Tightness of intervals through one hidden layer of a random linear network, against its width.

    Beside the closed form: exact ratios of the ranges, summed over all outputs and networks of a width.
    """
    if not widths or min(*widths, inputs, outputs, samples) < 1:
        raise ClaimError("widths, inputs, outputs and samples are positive")
    generator = np.random.default_rng(seed)
    table = []
    for width in widths:
        if progress is not None:
            progress("gaps", f"width {width}")
        ratios = [
            interval_tightness(generator.normal(size=(width, inputs)), generator.normal(size=(outputs, width)))
            for _ in range(samples)
        ]
        mean = sum(ratios, fmpq(0)) / samples
        table.append((width, float(expected_interval_tightness(width).mid()), int(mean.p) / int(mean.q)))
    places = tuple(float(row[0]) for row in table)
    return Study(
        "Tightness of intervals through one hidden layer, random linear networks",
        ("width", "ratio of the expectations", "mean of exact ratios"),
        tuple(table),
        (
            "Closed form: sqrt(pi) Gamma((k+1)/2)/(k Gamma(k/2)), about sqrt(pi/(2k)).",
            f"Networks {inputs}-k-{outputs} with standard normal weights, {samples} for each width, seed {seed}.",
        ),
        (
            ("closed form (line)", places, tuple(row[1] for row in table)),
            ("exact ratios, random networks (points)", places, tuple(row[2] for row in table)),
        ),
        ("width k", "exact range/range by intervals"),
        ("log", "log"),
    )
