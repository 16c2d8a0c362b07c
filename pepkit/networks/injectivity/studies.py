"""Studies of random layers and networks: tables of exact decisions, with figures.

`probability_study` (how likely is one layer injective?), `depth_study` (what does depth change?) and
`threshold_study` (finite sizes against the threshold constants). Each returns a `pepkit.studies.Study`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import ClaimError
from pepkit.kernel.planar_network import find_collision, planar_map
from pepkit.networks.injectivity.cells import count_cells
from pepkit.networks.injectivity.probability import (
    crossing,
    exact_probability,
    expected_bad_cells,
    expected_euler_characteristic,
    probability_given_lines,
)
from pepkit.networks.injectivity.thresholds import threshold_ball
from pepkit.networks.model import relu_network
from pepkit.studies import Study

__all__ = ["depth_study", "probability_study", "threshold_study"]

Progress = Callable[[str, str], None]

GRID = 4096
"""Random weights are multiples of 1/GRID, so that exact numbers stay short."""


def _decimal(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def probability_study(
    inputs: int,
    rows: Sequence[int],
    samples: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> Study:
    """P(x -> max(0, W x) is injective) for Gaussian rows against m.

    n = 1, 2: exact. n >= 3: the mean over `samples` random arrangements of the exact probability over all
    signs; the standard error is that of the mean. Beside it the exact bound 1 - E[bad cells].

    Parameters
    ----------
    inputs, rows
        n, and the values of m (m <= 26 for n >= 3).
    samples, seed
        Random arrangements for each m; NumPy's default generator.
    """
    if samples < 1:
        raise ClaimError("a study takes at least one sample")
    generator = np.random.default_rng(seed)
    table: list[tuple[Any, ...]] = []
    for m in rows:
        if progress is not None:
            progress("inject", f"n = {inputs}, m = {m}")
        error = 0.0
        value: fmpq
        if inputs <= 2:
            value = exact_probability(inputs, m)
        else:
            values = [
                probability_given_lines(np.round(generator.standard_normal((m, inputs)) * GRID * 64).astype(np.int64))
                for _ in range(samples)
            ]
            value = sum(values, fmpq(0)) / samples
            if samples > 1:
                error = float(np.std([_decimal(v) for v in values], ddof=1)) / sqrt(samples)
        bound = 1 - expected_bad_cells(inputs, m) if m >= inputs else fmpq(0)
        table.append((inputs, m, m / inputs, value, _decimal(value), error, max(bound, fmpq(0))))
    notes = ["Exact for rows in general position with fair signs that are independent of each other and of the lines."]
    if inputs > 2:
        notes = [
            f"Mean of exact probabilities over all 2^m signs for {samples} Gaussian arrangements, seed {seed}; weights "
            f"are multiples of 1/{GRID * 64}."
        ]
    ratios = tuple(row[2] for row in table)
    return Study(
        f"Probability that a random ReLU layer with {inputs} inputs is injective",
        ("n", "m", "m/n", "P(injective)", "decimal", "standard error", "lower bound by expected bad cells"),
        tuple(table),
        tuple(notes),
        (
            ("P(injective)", ratios, tuple(row[4] for row in table)),
            ("1 - E[bad cells]", ratios, tuple(_decimal(row[6]) for row in table)),
        ),
        ("m/n", "probability"),
    )


def depth_study(
    expansion: int,
    depths: Sequence[int],
    samples: int = 50,
    seed: int = 0,
    progress: Progress | None = None,
    inputs: int = 2,
) -> Study:
    """How often Gaussian ReLU networks of widths (n, Cn, Cn, ...) without biases are injective, by depth.

    Every decision is exact. Full rank on every linear piece is injectivity on each piece; on the plane (n = 2)
    another column says how many networks are injective as a whole.

    Parameters
    ----------
    expansion
        C, hidden widths are C n.
    depths
        Numbers of layers.
    inputs
        n: 2 by sectors of the plane; 3 and 4 by cells in space, of which there are about (C n L)^(n-1).
    """
    if expansion < 1 or samples < 1 or any(depth < 1 for depth in depths):
        raise ClaimError("expansion, samples and depths are positive")
    if not 2 <= inputs <= 4:
        raise ClaimError(f"deep networks are studied with 2, 3 or 4 inputs, not {inputs}")
    generator = np.random.default_rng(seed)
    width = inputs * expansion
    table: list[tuple[Any, ...]] = []
    for depth in depths:
        locally = globally = pieces = complete = 0
        for count in range(samples):
            if progress is not None:
                progress("inject", f"depth {depth}, network {count + 1} of {samples}")
            weights = [
                np.round(generator.standard_normal((width, inputs if k == 0 else width)) * GRID) / GRID
                for k in range(depth)
            ]
            layers = relu_network(weights).layers
            if inputs == 2:
                planar = planar_map(layers)
                full, number = planar.degenerate_sector() is None, len(planar.rays)
                globally += full and find_collision(planar) is None
            else:
                cells = count_cells(layers)
                full, number = cells.full_rank, cells.cells
            locally += full
            if full or inputs == 2:
                # the search in space stops at the first deficient piece
                complete += 1
                pieces += number
        table.append(
            (
                inputs,
                depth,
                expansion,
                samples,
                fmpq(locally, samples),
                fmpq(globally, samples) if inputs == 2 else None,
                pieces / complete if complete else None,
            )
        )
    layers_axis = tuple(float(row[1]) for row in table)
    curves = [("full rank on every piece", layers_axis, tuple(_decimal(row[4]) for row in table))]
    if inputs == 2:
        curves.append(("injective", layers_axis, tuple(_decimal(row[5]) for row in table)))
    return Study(
        f"Injectivity of random ReLU networks by depth, widths {inputs}-{width}-{width}-...",
        ("n", "layers", "C", "networks", "full rank on every piece", "injective", "mean number of pieces"),
        tuple(table),
        (
            f"Every network is decided exactly; Gaussian weights rounded to multiples of 1/{GRID}, seed {seed}. "
            "The fractions themselves are samples: their standard error is sqrt(p(1-p)/networks)."
            + ("" if inputs == 2 else " Pieces are counted where all have full rank."),
        ),
        tuple(curves),
        ("layers", "fraction of networks"),
    )


def threshold_study(inputs: Sequence[int] = (5, 10, 20, 40, 80), progress: Progress | None = None) -> Study:
    """Where the exact expected numbers cross one, m/n against n, beside the certified threshold constants."""
    table: list[tuple[Any, ...]] = []
    for n in inputs:
        if progress is not None:
            progress("inject", f"n = {n}")
        table.append((n, crossing(n, expected_euler_characteristic), crossing(n, expected_bad_cells)))
    sizes = tuple(float(row[0]) for row in table)
    constants = {name: float(threshold_ball(name, 15).mid()) for name in ("mean-direction", "gordon", "cell-union")}
    return Study(
        "Crossings of the expected Euler characteristic and of the expected number of bad cells",
        ("n", "m/n where |E chi| = 1", "m/n where E[bad cells] = 1"),
        tuple(table),
        tuple(f"{name}: {value:.12g} (certificate: `threshold({name!r})`)" for name, value in constants.items()),
        (
            ("|E Euler characteristic| = 1", sizes, tuple(row[1] for row in table)),
            ("E[bad cells] = 1", sizes, tuple(row[2] for row in table)),
            *((name, (sizes[0], sizes[-1]), (value, value)) for name, value in constants.items()),
        ),
        ("n", "m/n"),
    )
