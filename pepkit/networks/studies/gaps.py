"""How much relaxations lose against width and depth, with exact denominators.

For a random network, a box around x_0 and an output f, the gap ratio of a relaxation is

    (bound - f(x_0)) / (max f - f(x_0)) >= 1,

1 where it is exact. Every number is exact: the bound is a certified rational, and so is the maximum - a mixed-integer
program finds the linear piece on which it is attained, linear programming the vertex, and the vertex is computed
and evaluated over Q. That nothing is larger rests on the mixed-integer solver (to 1e-6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from scipy.optimize import linprog

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import Box, Layer, Network
from pepkit.networks.attack import ascend, into_box
from pepkit.networks.bounding import certify_bound
from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.mixed_integer import integer_maximum
from pepkit.networks.model import FloatNetwork, box_around, float_network, network, rational, to_floats
from pepkit.studies import Study

__all__ = ["exact_maximum", "exact_tightness", "gap_study", "random_network"]

Progress = Callable[[str, str], Any]
GAP_METHODS = ("box", "hbox", "deepz", "crown-ibp", "crown", "alpha-crown", "triangle")


def random_network(widths: Sequence[int], seed: int) -> Network:
    """Weights N(0, 2/fan-in), biases 0.3 N(0, 1), from NumPy's default generator with this seed."""
    generator = np.random.default_rng(seed)
    weights, biases = [], []
    for before, after in pairwise(widths):
        weights.append(generator.normal(size=(after, before)) * np.sqrt(2 / before))
        biases.append(0.3 * generator.normal(size=after))
    return network(weights, biases)


def exact_maximum(net: Network, box: Box, *, time_limit: float = 120.0) -> tuple[fmpq, tuple[fmpq, ...]]:
    """The maximum of output 0 on the box and a point that attains it, both in Q.

    Raises NetworkSearchError if the mixed-integer program does not finish, or if no vertex that was found has
    its value (to 1e-6): then the maximum is not known.
    """
    floats = float_network(net)
    low, high = to_floats(box.lower), to_floats(box.upper)
    row = np.eye(net.outputs)[0]
    value = integer_maximum(floats, low, high, row, time_limit=time_limit)
    best: tuple[fmpq, tuple[fmpq, ...]] | None = None
    for start in ascend(floats, low, high, row, starts=64, steps=60)[:8]:
        point = _climb(net, floats, box, start)
        found = net(point)[0]
        if best is None or found > best[0]:
            best = found, point
        if abs(_float(best[0]) - value) <= 1e-6 * max(1.0, abs(value)):
            return best
    for start in _integer_points(floats, low, high, row, time_limit):
        point = _climb(net, floats, box, start)
        found = net(point)[0]
        if abs(_float(found) - value) <= 1e-6 * max(1.0, abs(value)):
            return found, point
    raise NetworkSearchError("no exact point with the value of the mixed-integer program was found")


def exact_tightness(net: Network, box: Box, method: str = "deepz", *, output: int = 0) -> fmpq:
    """(range of an output)/(range that a relaxation gives it) in (0, 1], in Q; 1 where the relaxation is exact.

    The range is that of `exact_maximum` on both sides, the other one that of certified bounds. A constant output whose
    relaxation is constant has tightness 1.
    """
    sides = []
    bounds = []
    for sign in (1, -1):
        *front, last = net.layers
        row = tuple(sign * a for a in last.weights[output])
        single = Network((*front, Layer((row,), (sign * last.bias[output],))))
        sides.append(exact_maximum(single, box)[0])
        bounds.append(certify_bound(single, box, [1], method_name=method, point=False).bound)
    relaxed = bounds[0] + bounds[1]
    return (sides[0] + sides[1]) / relaxed if relaxed else fmpq(1)


def _integer_points(
    floats: FloatNetwork, low: np.ndarray, high: np.ndarray, row: np.ndarray, time_limit: float
) -> list[np.ndarray]:
    """Centres of ever smaller boxes that keep the maximum: bisection with the mixed-integer program."""
    low, high = low.copy(), high.copy()
    for _ in range(12):
        for i in range(len(low)):
            middle = (low[i] + high[i]) / 2
            values = []
            for side in (0, 1):
                a, b = low.copy(), high.copy()
                (b if side == 0 else a)[i] = middle
                values.append(integer_maximum(floats, a, b, row, time_limit=time_limit))
            (high if values[0] >= values[1] else low)[i] = middle
    return [(low + high) / 2]


def _climb(net: Network, floats: FloatNetwork, box: Box, start: np.ndarray, rounds: int = 20) -> tuple[fmpq, ...]:
    """A vertex of a linear piece, reached by maximising on the piece of the point again and again."""
    point = into_box(start.tolist(), box)
    for _ in range(rounds):
        better = _best_vertex(net, floats, box, point)
        if better is None or net(better)[0] <= net(point)[0]:
            return point
        point = better
    return point


def _best_vertex(net: Network, floats: FloatNetwork, box: Box, point: tuple[fmpq, ...]) -> tuple[fmpq, ...] | None:
    """The exact maximiser on the closed linear piece that contains the point."""
    rows, limits, gradient = _piece(net, point)
    count = net.inputs
    matrix = np.array([to_floats(row) for row in rows]).reshape(len(rows), count)
    bound = to_floats(limits)
    answer = linprog(
        -to_floats(gradient),
        A_ub=matrix if len(rows) else None,
        b_ub=bound if len(rows) else None,
        bounds=list(zip(to_floats(box.lower), to_floats(box.upper), strict=True)),
        method="highs",
    )
    if answer.status != 0:
        return None
    # the constraints that are tight at the vertex, those of the box first
    tight: list[tuple[float, list[fmpq], fmpq]] = []
    for i, (a, b) in enumerate(zip(box.lower, box.upper, strict=True)):
        unit = [fmpq(int(i == j)) for j in range(count)]
        tight += [(abs(answer.x[i] - _float(a)), unit, a), (abs(answer.x[i] - _float(b)), unit, b)]
    for k, (row, limit) in enumerate(zip(rows, limits, strict=True)):
        tight.append((abs(float(matrix[k] @ answer.x - bound[k])), list(row), limit))
    chosen: list[list[fmpq]] = []
    values: list[fmpq] = []
    for distance, row, limit in sorted(tight, key=lambda item: item[0]):
        if distance > 1e-6 or len(chosen) == count:
            break
        if fmpq_mat(len(chosen) + 1, count, [a for r in (*chosen, row) for a in r]).rank() > len(chosen):
            chosen.append(row)
            values.append(limit)
    if len(chosen) < count:
        return into_box(answer.x, box)
    solution = fmpq_mat(count, count, [a for r in chosen for a in r]).solve(fmpq_mat(count, 1, values))
    vertex = tuple(solution.entries())
    return vertex if vertex in box else into_box(answer.x, box)


def _piece(net: Network, point: tuple[fmpq, ...]) -> tuple[list[list[fmpq]], list[fmpq], list[fmpq]]:
    """Inequalities row . x <= limit of the linear piece of the point, and the gradient of output 0 on it."""
    size = net.inputs
    matrix = fmpq_mat(size, size, [fmpq(int(i == j)) for i in range(size) for j in range(size)])
    shift = fmpq_mat(size, 1, [fmpq(0)] * size)
    here = fmpq_mat(size, 1, list(point))
    rows: list[list[fmpq]] = []
    limits: list[fmpq] = []
    for layer in net.hidden:
        matrix, shift = layer.matrix * matrix, layer.matrix * shift + layer.column
        values = (matrix * here + shift).entries()
        for j, (value, slope) in enumerate(zip(values, layer.slopes or (), strict=True)):
            sign = -1 if value >= 0 else 1
            if slope != 1:
                rows.append([sign * matrix[j, i] for i in range(size)])
                limits.append(-sign * shift[j, 0])
            if value < 0:
                for i in range(size):
                    matrix[j, i] = slope * matrix[j, i]
                shift[j, 0] = slope * shift[j, 0]
    last = net.layers[-1].matrix * matrix
    return rows, limits, [last[0, i] for i in range(size)]


def gap_study(
    widths: Sequence[int] = (4, 8, 12, 16, 20),
    depths: Sequence[int] = (2,),
    *,
    inputs: int = 4,
    radius: str = "3/10",
    samples: int = 10,
    methods: Sequence[str] = GAP_METHODS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Study:
    """Mean gap ratios of relaxations on random networks, for every width and number of hidden layers.

    Parameters
    ----------
    widths, depths
        Neurons in a hidden layer, and numbers of hidden layers. The figure is against the one with more values.
    inputs, radius
        Of the network, and of the box around a random centre 0.5 N(0, 1).
    samples
        Networks for every row; their seeds are seed, seed + 1, ..
    methods
        Names of `certify_bound`, ``sdp`` among them.
    """
    if samples < 1 or inputs < 1 or min((*widths, *depths), default=0) < 1:
        raise ClaimError("widths, depths, inputs and samples are positive")
    table: list[tuple[Any, ...]] = []
    for depth in depths:
        for width in widths:
            ratios: dict[str, list[Any]] = {name: [] for name in methods}
            for sample in range(seed, seed + samples):
                net = random_network((inputs, *(width,) * depth, 1), sample)
                centre = 0.5 * np.random.default_rng(100 + sample).normal(size=inputs)
                box = box_around(centre.tolist(), radius)
                value = net(tuple(rational(x) for x in centre))[0]
                if progress is not None:
                    progress("gaps", f"{net}, network {sample - seed + 1} of {samples}: exact maximum")
                exact = exact_maximum(net, box)[0]
                if exact <= value:
                    # the centre is a maximum: every ratio is infinite or undefined
                    continue
                for name in methods:
                    if progress is not None:
                        progress("gaps", f"{net}, network {sample - seed + 1} of {samples}: {name}")
                    bound = certify_bound(net, box, [1], method_name=name, point=False).bound
                    ratios[name].append((bound - value) / (exact - value))
            for name in methods:
                found = ratios[name]
                if found:
                    mean = _float(sum(found, fmpq(0)) / len(found))
                    table.append((depth, width, name, len(found), mean, _float(min(found)), _float(max(found))))
    by_width = len(widths) >= len(depths)
    curves = []
    for name in methods:
        rows = [row for row in table if row[2] == name]
        others = sorted({row[0 if by_width else 1] for row in rows})
        for other in others:
            part = [row for row in rows if row[0 if by_width else 1] == other]
            label = name if len(others) == 1 else f"{name}, {'depth' if by_width else 'width'} {other}"
            curves.append((label, tuple(float(row[1 if by_width else 0]) for row in part), tuple(r[4] for r in part)))
    fixed = f"{depths[0]} hidden layers" if by_width else f"width {widths[0]}"
    single = len(depths if by_width else widths) == 1
    return Study(
        f"Gap ratio of relaxations, {inputs} inputs{', ' + fixed if single else ''}, radius {radius}",
        ("hidden layers", "width", "relaxation", "networks", "mean ratio", "smallest", "largest"),
        tuple(table),
        (
            "Bounds are certified rationals; denominators are exact values at exact vertices, maximal by a "
            "mixed-integer program to 1e-6. Weights N(0, 2/fan-in), biases 0.3 N(0, 1), "
            f"seeds {seed} to {seed + samples - 1}.",
        ),
        tuple(curves),
        ("width of the hidden layers" if by_width else "hidden layers", "mean of (bound - f(x0))/(max f - f(x0))"),
        ("linear", "log"),
    )


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)
