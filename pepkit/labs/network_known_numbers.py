"""Known numbers about relaxations and Lipschitz constants of networks, computed again.

Random networks have weights N(0, 2/fan-in) and biases 0.3 N(0, 1) from NumPy's default generator with their seed, boxes
the centre 0.5 N(0, 1) with seed 100 + seed. Their exact minima were computed by mixed-integer programming once
(`data/network_minima.csv`), as that takes longer than everything else.
"""

from __future__ import annotations

import csv
import itertools
import math
import time
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel import check
from pepkit.kernel.networks import Box, Network
from pepkit.labs.targets import Computed, target_table
from pepkit.networks import (
    bounds,
    box_around,
    certify_bound,
    certify_bound_by_cases,
    certify_lipschitz,
    float_network,
    minimal_jumps,
    network,
)
from pepkit.networks.jumps import WeightLine, bound_with_decisions
from pepkit.networks.studies.couplings import coupled_inequality, coupling_network
from pepkit.networks.studies.robustness_law import robustness_law_study

__all__ = ["gap_ratios", "random_case", "recorded_minimum"]

LINEAR = {
    "box": "box",
    "hbox": "hbox",
    "deepz": "deepz",
    "crown_ibp": "crown-ibp",
    "crown": "crown",
    "fastlin": "fastlin",
}
OPTIMISED = {"lp_crownbounds": "alpha-crown", "lp_full": "triangle"}
NETWORKS = {4: ((4, 10, 10, 1), 5), 6: ((6, 20, 20, 1), 3)}
"""Widths and number of seeds by number of inputs."""
RADII = ("0.1", "0.3", "1.0")


def _number(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def random_case(widths: tuple[int, ...], seed: int, radius: float) -> tuple[Network, Box, np.ndarray]:
    """A random network, the box with this radius around its centre, and the centre."""
    generator = np.random.default_rng(seed)
    weights, biases = [], []
    for before, after in itertools.pairwise(widths):
        weights.append(generator.normal(size=(after, before)) * np.sqrt(2 / before))
        biases.append(0.3 * generator.normal(size=after))
    centre = 0.5 * np.random.default_rng(100 + seed).normal(size=widths[0])
    box = Box(box_around(list(centre - radius), 0).lower, box_around(list(centre + radius), 0).upper)
    return network(weights, biases), box, centre


def recorded_minimum(widths: tuple[int, ...], radius: str, seed: int) -> float:
    """The exact minimum over the box, to the accuracy of the mixed-integer program."""
    text = files("pepkit.labs").joinpath("data", "network_minima.csv").read_text(encoding="utf-8")
    name = "-".join(map(str, widths))
    return next(
        float(row["minimum"])
        for row in csv.DictReader(text.splitlines())
        if (row["widths"], row["radius"], row["seed"]) == (name, radius, str(seed))
    )


def _lower(net: Network, box: Box, name: str) -> float:
    return -_number(certify_bound(net, box, [-1], method_name=name, point=False).bound)


def gap_ratios(inputs: int, radius: str, semidefinite: bool = True) -> dict[str, float]:
    """Mean of (f(centre) - lower bound)/(f(centre) - minimum) for every method, on 4-10-10-1 or 6-20-20-1 networks."""
    widths, seeds = NETWORKS[inputs]
    total: dict[str, list[float]] = {}
    for seed in range(seeds):
        net, box, centre = random_case(widths, seed, float(radius))
        floats, half = float_network(net), float(radius)
        value, least = float(floats(centre)[0]), recorded_minimum(widths, radius, seed)
        found = {
            key: float(bounds(floats, centre - half, centre + half, name).lower[0]) for key, name in LINEAR.items()
        }
        found |= {key: _lower(net, box, name) for key, name in OPTIMISED.items()}
        if semidefinite and (inputs == 4 or seed == 0):
            found["sdp_cut"] = _lower(net, box, "sdp")
        for key, bound in found.items():
            total.setdefault(key, []).append((value - bound) / (value - least))
    return {key: float(np.mean(ratios)) for key, ratios in total.items()}


@target_table("network-relaxations", "Relaxations of networks", "network_relaxations")
def _relaxations(seed: int) -> Iterator[Computed]:
    for inputs, radius in itertools.product(NETWORKS, RADII):
        for key, ratio in gap_ratios(inputs, radius).items():
            if key != "sdp_cut":
                yield Computed(f"A.gap.{inputs}.{radius}.{key}", (ratio,))
                continue
            # what is offered has the cut, and hidden bounds from CROWN make the program tighter
            for name in ("sdp", "sdp_cut"):
                met = 1 - 1e-6 <= ratio <= _known(f"A.gap.{inputs}.{radius}.{name}") + 1e-3
                note = "with the triangle as a cut and hidden bounds from CROWN, so at most the known value"
                yield Computed(f"A.gap.{inputs}.{radius}.{name}", (ratio,), met, note)
    yield from _one_network()
    yield from _certificates()
    yield from _closed_forms()


def _known(row: str) -> float:
    text = files("pepkit.labs").joinpath("data", "network_relaxations.csv").read_text(encoding="utf-8")
    return next(float(entry["value"]) for entry in csv.DictReader(text.splitlines()) if entry["id"] == row)


def _one_network() -> Iterator[Computed]:
    """The values that auto_LiRPA 0.7.1 gives, and linear programs."""
    net, box, centre = random_case(NETWORKS[4][0], 0, 0.3)
    floats = float_network(net)
    for key, name in (("ibp", "box"), ("crownibp", "crown-ibp"), ("crown", "crown"), ("sameslope", "crown-same-slope")):
        yield Computed(f"A.autolirpa.{key}", (float(bounds(floats, centre - 0.3, centre + 0.3, name).lower[0]),))
    yield Computed("A.lp.fixed", (_lower(net, box, "alpha-crown"),))
    yield Computed("A.lp.full", (_lower(net, box, "triangle"),))


def _certificates() -> Iterator[Computed]:
    widths = NETWORKS[4][0]
    net, box, _ = random_case(widths, 0, 0.3)
    grid = network(
        [[[fmpq(round(64 * _number(a)), 64) for a in row] for row in layer.weights] for layer in net.layers],
        [[fmpq(round(64 * _number(b)), 64) for b in layer.bias] for layer in net.layers],
    )
    yield Computed("A.cert.alpha.gap", (_alpha_gap(grid, box),))
    lifted = certify_bound(grid, box, [-1], method_name="sdp")
    yield Computed("A.cert.sdp.gap", (abs(_number(lifted.bound) - float(lifted.numerical or math.inf)),))
    yield Computed("A.cert.sdp.time", (min(_seconds(lifted.certificate) for _ in range(3)),))
    for key, gap in (("10pct", 0.1), ("2pct", 0.02)):
        result = certify_bound_by_cases(net, box, [-1], relative_gap=gap, split="input")
        yield Computed(f"A.bnb.leaves.{key}", (float(result.details["Cases"]),), note="with alpha-CROWN on every leaf")
    plain = certify_bound_by_cases(net, box, [-1], relative_gap=0.1, split="input", method_name="crown")
    seconds = min(_seconds(plain.certificate) for _ in range(3)) / int(plain.details["Cases"])
    yield Computed("A.bnb.time.leaf", (seconds,))


def _alpha_gap(net: Network, box: Box) -> float:
    """How much the rational bound loses against the linear program from whose duals its slopes come."""
    from pepkit.kernel.network_relaxation import Cell
    from pepkit.networks.exact_relaxations import RelaxationBuilder
    from pepkit.networks.model import to_floats
    from pepkit.networks.relaxations import method
    from pepkit.networks.triangle import TriangleProgram

    floats = float_network(net)
    builder = RelaxationBuilder(net, floats, Cell(box), method("alpha-crown")).build()
    program = TriangleProgram(
        floats, len(net.layers) - 1, to_floats(box.lower), to_floats(box.upper), builder.float_bounds()
    )
    solution = program.maximise(np.array([-1.0]))
    optimum = math.inf if solution is None else solution.value
    return abs(_number(certify_bound(net, box, [-1], point=False).bound) - optimum)


def _seconds(certificate: Any) -> float:
    started = time.perf_counter()
    check(certificate)
    return time.perf_counter() - started


def _closed_forms() -> Iterator[Computed]:
    jumps = minimal_jumps()
    hbox, crown = jumps["hbox"], jumps["crown"]
    exact = hbox.exact and (hbox.left, hbox.value, abs(hbox.jump)) == (3, 1, 2)
    yield Computed("A.jump.hbox", (_number(abs(hbox.jump)),), exact, "exact one-sided limits")
    # the event holds the bound of the negative
    exact = crown.exact and (crown.left, crown.right) == (0, 1)
    yield Computed("A.jump.crown", (_number(-crown.jump),), exact, "exact one-sided limits")
    yield Computed("A.jump.formula", (_jump_formula_error(),), note="hBox, all jumps of 40 lines at rational places")
    rectifier, square = network([[[1]], [[1]]]), network([[[1, -1], [0, 1]], [[1, 1]]])
    interval, unit = box_around([0], 1), Box((fmpq(0),) * 2, (fmpq(1),) * 2)
    ends = [-certify_bound(rectifier, interval, [-1], method_name=name).bound for name in ("deepz", "box")]
    tops = [certify_bound(rectifier, interval, [1], method_name=name).bound for name in ("deepz", "box")]
    values = tuple(_number(a) for a in (ends[0], tops[0], ends[1], tops[1]))
    yield Computed("A.deepz.vs.box", values, (ends, tops) == ([fmpq(-1, 2), 0], [1, 1]), "certified")
    top = certify_bound(square, unit, [1], method_name="triangle")
    yield Computed("A.max.triangle", (_number(top.bound),), top.bound == fmpq(3, 2) and top.lower == 1, "certified")
    for k in (4, 16, 64):
        value = math.sqrt(math.pi) * math.exp(math.lgamma((k + 1) / 2) - math.lgamma(k / 2)) / k
        yield Computed(f"A.ibptight.{k}", (value,))


def _grid_network(widths: tuple[int, ...], generator: np.random.Generator) -> Network:
    """Weights on a grid of 1/8, so that many jumps are at short rationals."""
    weights = [np.round(8 * generator.normal(size=(b, a))) / 8 for a, b in itertools.pairwise(widths)]
    return network(weights, [np.round(8 * generator.normal(size=b)) / 8 for b in widths[1:]])


def _jump_formula_error() -> float:
    """hBox jumps of one-hidden-layer networks against sum(|a_i| + |r_i| - |a_i + r_i|).

    a is the contribution of the neuron that leaves the active state, r the rest.
    """
    worst, seen = fmpq(0), 0
    for number in range(40):
        generator = np.random.default_rng(number)
        one, two = (_grid_network((2, 3, 1), generator) for _ in range(2))
        line = WeightLine(one, two, box_around([0, 0], 1), (fmpq(1),))
        for event in line.events("hbox", samples=16):
            tiny = fmpq(1, 1 << 60)
            before, after = (
                bound_with_decisions(line.at(event.t + side * tiny), line.box, (1,), "hbox")[1][0] for side in (-1, 1)
            )
            changed = [j for j, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
            if not event.exact or not event.jump or len(changed) != 1:
                continue
            (j,) = changed
            layers = line.at(event.t).layers
            row = layers[1].weights[0]
            expected = fmpq(0)
            for i in range(2):
                a = row[j] * layers[0].weights[j][i]
                r = sum(
                    (row[k] * layers[0].weights[k][i] for k in range(3) if k != j and before[k] == "active"), fmpq(0)
                )
                expected += abs(a) + abs(r) - abs(a + r)
            worst, seen = max(worst, abs(abs(event.jump) - expected)), seen + 1
    return _number(worst) if seen else math.inf


@target_table("network-lipschitz", "Lipschitz constants of networks", "network_lipschitz")
def _lipschitz(seed: int) -> Iterator[Computed]:
    wiggle = coupling_network()
    yield Computed("B.counter.neuron", (math.sqrt(_number(certify_lipschitz(wiggle).bound)),))
    holds = coupled_inequality(fmpq(0), fmpq(1, 2)) and certify_lipschitz(wiggle).lower == 1
    yield Computed(
        "B.counter.network", (0.0,), holds, "the false inequality holds in exact arithmetic; true constant 1"
    )
    for number in (0, 1):
        net = _ten_neurons(number)
        layer, neuron = (math.sqrt(_number(certify_lipschitz(net, variant=v).bound)) for v in ("layer", "neuron"))
        yield Computed(f"B.rand.10x10.{number}", (layer, neuron, _pattern_maximum(net)))
        if number == 0:
            yield Computed("B.cert.10", (neuron,))
    study = robustness_law_study(samples=2)
    means: list[float] = []
    for k in (8, 12, 20, 40, 80):
        rows = [row for row in study.rows if row[0] == k]
        means += [float(np.mean([row[6] for row in rows])), float(np.mean([row[5] for row in rows]))]
    note = "other networks: the known numbers are those of one training run"
    yield Computed("B.law.proto", tuple(means), note=note)


def _ten_neurons(seed: int) -> Network:
    generator = np.random.default_rng(seed)
    return network([generator.normal(size=(10, 10)) / np.sqrt(10), generator.normal(size=(1, 10)) / np.sqrt(10)])


def _pattern_maximum(net: Network) -> float:
    """The largest gradient norm over all 0/1 patterns of one hidden layer, reachable or not."""
    floats = float_network(net)
    patterns = np.array(list(itertools.product((0.0, 1.0), repeat=net.hidden[0].outputs)))
    gradients = (patterns * floats.weights[1][0]) @ floats.weights[0]
    return float(np.linalg.norm(gradients, axis=1).max())
