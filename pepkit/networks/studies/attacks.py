"""Certified bounds under attack: very many inputs, evaluated exactly, none of which may exceed a bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.errors import CertificateError, ClaimError
from pepkit.kernel.networks import Box, Network
from pepkit.networks.attack import ascend
from pepkit.networks.bounding import certify_bound, method_names
from pepkit.networks.exact_evaluation import BatchEvaluator, grid_points
from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.model import box_around, float_network, network, rationals, to_floats
from pepkit.networks.studies.digits import digits, train
from pepkit.networks.studies.gaps import random_network
from pepkit.studies import Study

__all__ = ["AttackTarget", "attack_bounds", "attack_positions", "attack_study", "attack_targets", "leaky_network"]

Progress = Callable[[str, str], Any]
BATCH = 2000


@dataclass(frozen=True)
class AttackTarget:
    """A network, a box and a form of the outputs whose bound is attacked."""

    title: str
    network: Network
    box: Box
    objective: tuple[Any, ...]


def leaky_network(widths: Sequence[int], seed: int) -> Network:
    """`random_network` with activation slopes 0, 1/10, 1/2 and 1 in turn."""
    plain = random_network(widths, seed)
    slopes = [[("0", "1/10", "1/2", "1")[(j + k) % 4] for j in range(n)] for k, n in enumerate(widths[1:-1])]
    return network([layer.weights for layer in plain.layers], [layer.bias for layer in plain.layers], slopes)


def attack_targets(seed: int = 0) -> list[AttackTarget]:
    """Two random networks, a random network with leaky activations, and a trained classifier of digits."""
    found = []
    for widths, radius in (((4, 10, 10, 1), "3/10"), ((6, 20, 20, 1), "1/10")):
        centre = 0.5 * np.random.default_rng(100 + seed).normal(size=widths[0])
        found.append(AttackTarget("random", random_network(widths, seed), box_around(centre.tolist(), radius), (1,)))
    leaky = leaky_network((3, 12, 10, 2), seed)
    found.append(AttackTarget("leaky", leaky, box_around([0, 0, 0], "1/2"), (1, -1)))
    data = digits(seed)
    net = train(data, (16, 16), steps=1500, seed=seed)
    scores = net(data.test_images[0])
    first, second = (int(i) for i in np.argsort(-scores)[:2])
    form = tuple(int(i == second) - int(i == first) for i in range(10))
    box = box_around(data.test_images[0].tolist(), "1/20", clip=(0, 1))
    found.append(AttackTarget("trained, digits", network(net.weights, net.biases), box, form))
    return found


def attack_positions(target: AttackTarget, tries: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Relative positions in the box, `tries` of them in batches: uniform, vertices, and ascended ones.

    Half are uniform, a tenth vertices, the rest ends of projected gradient ascent (30 steps from each start).
    """
    generator = np.random.default_rng(seed)
    floats = float_network(target.network)
    low, high = to_floats(target.box.lower), to_floats(target.box.upper)
    width = np.where(high > low, high - low, 1.0)
    objective = np.array([float(c) for c in target.objective])
    size = target.network.inputs
    done = 0
    while done < tries:
        count = min(BATCH, tries - done)
        ascended = max(1, 2 * count // 5)
        vertices = min(count - ascended, count // 10)
        parts = [generator.integers(0, 2, size=(vertices, size)).astype(float)]
        points = ascend(floats, low, high, objective, starts=ascended, seed=int(generator.integers(1 << 31)))
        parts.append((points - low) / width)
        parts.append(generator.random((count - ascended - vertices, size)))
        yield np.concatenate(parts)
        done += count


def attack_bounds(
    target: AttackTarget,
    bounds: Mapping[str, Any],
    tries: int,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[fmpq, list[tuple[int, fmpq]]]:
    """The largest exact value of the form at `tries` inputs, and the largest after every batch of them.

    Parameters
    ----------
    bounds
        Upper bounds by name, exact.

    Raises
    ------
    CertificateError
        At an input whose exact value exceeds a bound; the message names the bounds and the input.
    """
    if tries < 1 or not bounds:
        raise ClaimError("an attack takes at least one try and one bound")
    objective = rationals(target.objective, "the objective")
    evaluate = BatchEvaluator(target.network)
    tightest = min(bounds.values())
    best: fmpq | None = None
    running: list[tuple[int, fmpq]] = []
    counted = 0
    for positions in attack_positions(target, tries, seed):
        points = grid_points(target.box, positions)
        value, number = evaluate.largest(points, objective)
        counted += points.count
        if value > tightest:
            broken = ", ".join(name for name, bound in bounds.items() if value > bound)
            where = ", ".join(map(str, points.point(number)))
            raise CertificateError(f"the bounds {broken} of the {target.title} network are exceeded at ({where})")
        best = value if best is None else max(best, value)
        running.append((counted, best))
        if progress is not None:
            progress("attack", f"{target.title} {target.network}: {counted} of {tries}")
    return running[-1][1], running


def attack_study(
    tries: int = 100_000,
    methods: Sequence[str] | None = None,
    targets: Sequence[AttackTarget] | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Study:
    """Attack the certified bounds of every relaxation with `tries` inputs for each network, in exact arithmetic.

    Returns the bounds, the largest value that was found, and the number of violations, which has to be zero.

    Raises
    ------
    CertificateError
        At an input whose exact value exceeds a bound that the kernel has proved: a bug; the message names it.
    """
    if tries < 1:
        raise ClaimError("an attack takes at least one try")
    names = list(method_names() if methods is None else methods)
    table: list[tuple[Any, ...]] = []
    curves = []
    notes: list[str] = []
    chosen = attack_targets(seed) if targets is None else targets
    for target in chosen:
        objective = rationals(target.objective, "the objective")
        bounds = {}
        for name in names:
            if progress is not None:
                progress("attack", f"{target.title} {target.network}: {name}")
            try:
                result = certify_bound(target.network, target.box, target.objective, method_name=name, point=False)
            except NetworkSearchError as error:
                notes.append(f"{name} gave no bound for the {target.title} network {target.network}: {error}")
                continue
            bounds[name] = result.bound
        if not bounds:
            continue
        best, running = attack_bounds(target, bounds, tries, seed=seed, progress=progress)
        tightest = min(bounds.values())
        middle = tuple((a + b) / 2 for a, b in zip(target.box.lower, target.box.upper, strict=True))
        centre = sum((c * y for c, y in zip(objective, target.network(middle), strict=True)), fmpq(0))
        scale = _float(tightest - centre) or 1.0
        counts = tuple(float(count) for count, _ in running)
        values = tuple((_float(value) - _float(centre)) / scale for _, value in running)
        curves.append((f"{target.title}, {target.network}", counts, values))
        for name, bound in bounds.items():
            table.append((target.title, str(target.network), name, running[-1][0], _float(bound), _float(best), 0))
    return Study(
        f"Certified bounds under attack, {tries} inputs for each network, exact arithmetic",
        ("network", "widths", "relaxation", "inputs", "certified bound", "largest value found", "violations"),
        tuple(table),
        (
            "Inputs: half uniform in the box, a tenth vertices, the rest by projected gradient ascent; all are "
            f"rational points of the box, and the network is evaluated over Q at each. Seed {seed}.",
            *notes,
        ),
        tuple(curves),
        ("inputs tried", "(largest value - centre)/(tightest bound - centre)"),
    )


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)
