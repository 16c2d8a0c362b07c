"""Proofs about small networks made at random, of claims that are false by a little: none is accepted.

The networks have one input, so their exact maxima and constants are known from their breakpoints. Many of the proofs are
right except for one number, and enough of them prove a weaker claim.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, pairwise, product
from typing import Any

import pytest
from flint import fmpq, fmpq_mat

from pepkit.kernel import CertificateError, FormatError, check
from pepkit.kernel.injectivity import InjectiveNetwork, PositiveDependencies
from pepkit.kernel.linear_pieces import CUT, PIECE, Empty, PieceCell, PiecesProof
from pepkit.kernel.lipschitz_chain import ChainProof
from pepkit.kernel.maximum_norm import DifferenceProof, NetworkMaximumLipschitz
from pepkit.kernel.moving_claims import MovingEvaluation, RelaxationPiece
from pepkit.kernel.moving_relaxation import MOVING_METHODS, MovingNetwork
from pepkit.kernel.network_claims import Atom, NetworkBound, NetworkLipschitz, NetworkProperty
from pepkit.kernel.network_proofs import (
    BranchingProof,
    Goal,
    InputSplit,
    Leaf,
    LipschitzProof,
    SignSplit,
)
from pepkit.kernel.network_relaxation import LayerBounds, Lines, Relaxation
from pepkit.kernel.networks import Box, Layer, Network
from pepkit.kernel.rational_functions import SideSigns

CASES_AT_RANDOM = 500
"""Networks for each shape; nearly every mistake made on purpose in the rules of the kernel shows within these."""


def breakpoints(network: Network, low: fmpq, high: fmpq) -> list[fmpq]:
    """Points of [low, high] between which a network of one input is affine, its ends among them."""
    points = [low, high]
    for k in range(len(network.hidden)):
        values = [network.preactivations((x,))[k] for x in points]
        cuts = {
            points[i] + (points[i + 1] - points[i]) * a / (a - b)
            for i in range(len(points) - 1)
            for a, b in zip(values[i], values[i + 1], strict=True)
            if a * b < 0
        }
        points = sorted({*points, *cuts})
    return points


def small_network(draw: random.Random, widths: tuple[int, ...]) -> Network:
    def number() -> fmpq:
        return fmpq(draw.randint(-4, 4), draw.choice((1, 2, 3)))

    layers = []
    for k, (m, n) in enumerate(pairwise(widths)):
        slopes = tuple(draw.choice((fmpq(0), fmpq(0), fmpq(1, 3), fmpq(1))) for _ in range(n))
        rows = tuple(tuple(number() for _ in range(m)) for _ in range(n))
        layers.append(Layer(rows, tuple(number() for _ in range(n)), slopes if k < len(widths) - 2 else None))
    return Network(tuple(layers))


def intervals(layer_: Layer, before: list[tuple[fmpq, fmpq, fmpq]]) -> list[tuple[fmpq, fmpq]]:
    """Interval arithmetic from limits and slopes of the layer before."""
    images = [(max(a, s * a), max(b, s * b)) for a, b, s in before]
    return [
        tuple(
            bias + sum((w * (c if (w > 0) == upper else a) for w, (a, c) in zip(row, images, strict=True)), fmpq(0))
            for upper in (False, True)
        )
        for row, bias in zip(layer_.weights, layer_.bias, strict=True)
    ]


def leaf_at_random(draw: random.Random, network: Network, box: Box, signs: dict[tuple[int, int], int]) -> Leaf:
    """The ranges of all hidden neurons on the box, a few of them too narrow, with lines of any slopes."""
    points = breakpoints(network, box.lower[0], box.upper[0])
    layers, unstable = [], []
    low: list[fmpq] = []
    high: list[fmpq] = []
    for k, layer_ in enumerate(network.hidden):
        columns = list(zip(*(network.preactivations((x,))[k] for x in points), strict=True))
        slack = [draw.choice((fmpq(0), fmpq(0), fmpq(1, 2), fmpq(2))) for _ in columns]
        if not k or draw.random() < 0.3:
            ends = [(min(column), max(column)) for column in columns]
        else:
            ends = intervals(layer_, list(zip(low, high, network.layers[k - 1].slopes or (), strict=True)))
        low, high = (
            [a - s for (a, _), s in zip(ends, slack, strict=True)],
            [b + s for (_, b), s in zip(ends, slack, strict=True)],
        )
        if draw.random() < 0.08:
            j = draw.randrange(len(low))
            low[j], high[j] = draw.choice(((low[j] + fmpq(1, 9), high[j]), (low[j], high[j] - fmpq(1, 9))))
        index = tuple(draw.choice((-1, 0, 1)) for _ in low) if k else (-1,) * len(low)
        layers.append(LayerBounds(tuple(low), tuple(high), index, index))
        known = [signs.get((k, j), 0) for j in range(layer_.outputs)]
        unstable.append(
            [
                (a, b)
                for a, b, sign in zip(low, high, known, strict=True)
                if (sign <= 0 and a < 0) and (sign >= 0 and b > 0)
            ]
        )
    tables = []
    for _ in range(2):
        below = tuple(tuple(draw.choice((fmpq(0), fmpq(1), fmpq(1, 2), fmpq(-1))) for _ in row) for row in unstable)
        above = tuple(tuple(b / (b - a) if draw.random() < 0.8 else fmpq(1) for a, b in row) for row in unstable)
        limits = [(k, j) for k, layer_ in enumerate(network.hidden) for j in range(layer_.outputs)]
        chosen = sorted(draw.sample(limits, draw.choice((0, 0, 1))))
        tables.append(Lines(below, above, tuple((k, j, fmpq(draw.choice((-2, -1, 1, 2)))) for k, j in chosen)))
    goal = Goal(draw.choice((-1, 0, 1)), (fmpq(draw.choice((0, 1, 1, 1, 1, 1, 3))),))
    return Leaf(Relaxation(tuple(tables), tuple(layers)), (goal,))


def cases_at_random(draw: random.Random, network: Network, box: Box) -> tuple[Any, ...]:
    nodes: list[Any] = []
    pending: list[tuple[Box, dict[tuple[int, int], int]]] = [(box, {})]
    while pending:
        here, signs = pending.pop()
        width = here.upper[0] - here.lower[0]
        keys = [(k, j) for k, layer_ in enumerate(network.hidden) for j in range(layer_.outputs)]
        keys = [key for key in keys if key not in signs]
        if len(nodes) < 8 and draw.random() < 0.4 and width:
            value = here.lower[0] + width * draw.choice((fmpq(0), fmpq(1, 2), fmpq(1, 3)))
            nodes.append(InputSplit(0, value))
            pending += [(part, signs) for part in reversed(here.halves(0, value))]
        elif len(nodes) < 8 and draw.random() < 0.4 and keys:
            key = draw.choice(keys)
            nodes.append(SignSplit(*key))
            pending += [(here, {**signs, key: sign}) for sign in (1, -1)]
        else:
            nodes.append(leaf_at_random(draw, network, here, signs))
    return tuple(nodes)


@pytest.mark.parametrize("widths", [(1, 2, 1), (1, 3, 1), (1, 2, 2, 1)])
def test_cases_at_random_prove_nothing_false(widths: tuple[int, ...]) -> None:
    """The exact maximum of the network is known; a bound below it and a property that excludes it are refused."""
    draw = random.Random(str(widths))
    box = Box((fmpq(-1),), (fmpq(2),))
    proved = 0
    for _ in range(CASES_AT_RANDOM):
        network = small_network(draw, widths)
        nodes = cases_at_random(draw, network, box)
        top = max(network((x,))[0] for x in breakpoints(network, fmpq(-1), fmpq(2)))
        reached = ((Atom((fmpq(-1),), (), -top),),)
        for claim in (
            NetworkBound(network, box, (fmpq(1),), top - fmpq(1, 10**6)),
            NetworkProperty(network, box, reached),
        ):
            with pytest.raises((CertificateError, FormatError)):
                check(BranchingProof(claim, nodes))
        with pytest.raises((CertificateError, FormatError)):
            check(BranchingProof(NetworkBound(network, box, (fmpq(1),), top + 10**6), nodes[:-1]))
        for slack in (fmpq(0), fmpq(1), fmpq(20)):
            try:
                check(BranchingProof(NetworkBound(network, box, (fmpq(1),), top + slack), nodes))
            except (CertificateError, FormatError):
                continue
            proved += 1
            break
    assert proved >= CASES_AT_RANDOM // 8


def steepest(network: Network) -> fmpq:
    """The largest |f'| of a network of one input and one output."""
    points = breakpoints(network, fmpq(-(10**6)), fmpq(10**6))
    values = [network((x,))[0] for x in points]
    return max(abs((b - a) / (y - x)) for (x, y), (a, b) in zip(pairwise(points), pairwise(values), strict=True))


@pytest.mark.parametrize("widths", [(1, 2, 1), (1, 3, 1), (1, 2, 2, 1)])
def test_constants_at_random_prove_nothing_false(widths: tuple[int, ...]) -> None:
    """Multipliers and links at random, on a grid that contains good ones; the exact constant is known."""
    draw = random.Random(str(widths))
    proved = 0
    for _ in range(CASES_AT_RANDOM):
        network = small_network(draw, widths)
        exact = steepest(network) ** 2
        scale = fmpq(draw.choice((1, 2, 4, 9, 30)))
        neurons = [layer_.outputs for layer_ in network.hidden]
        t = [tuple(scale * fmpq(draw.randint(0, 4), 2) for _ in range(n)) for n in neurons]
        links = []
        for n, row in zip(neurons, t, strict=True):
            part = fmpq(draw.randint(1, 3), 3)
            links.append(tuple(tuple(part * row[i] if i == j else fmpq(0) for j in range(i + 1)) for i in range(n)))
        flat = [a for row in t for a in row]
        slopes = {"slopes": {(k,): a for k, a in enumerate(flat) if a}}
        nodes = pieces_at_random(draw, network)
        forged = NetworkLipschitz(network, exact - fmpq(1, 10**6))
        for proof in (
            LipschitzProof(forged, slopes),
            ChainProof(forged, tuple(t), tuple(links)),
            PiecesProof(forged, nodes),
        ):
            with pytest.raises((CertificateError, FormatError)):
                check(proof)
            try:
                check(replace(proof, claim=NetworkLipschitz(network, exact + fmpq(draw.choice((0, 100, 10**4))))))
            except (CertificateError, FormatError):
                continue
            proved += 1
        largest = NetworkMaximumLipschitz(network, steepest(network) - fmpq(1, 10**6))
        for other in (PiecesProof(largest, nodes), DifferenceProof(largest)):
            with pytest.raises((CertificateError, FormatError)):
                check(other)
    assert proved >= CASES_AT_RANDOM // 4


def pieces_at_random(draw: random.Random, network: Network) -> tuple[Any, ...]:
    """The tree of all cuts, with some pieces declared empty by combinations that cancel."""
    nodes: list[Any] = []
    pending = [PieceCell(network)]
    while pending:
        cell = pending.pop()
        pairs = [
            (s, t)
            for (s, (a, _)), (t, (b, _)) in combinations(list(enumerate(cell.inequalities)), 2)
            if a[0] * b[0] < 0
        ]
        shown = [Empty(((s, abs(cell.inequalities[t][0][0])), (t, abs(cell.inequalities[s][0][0])))) for s, t in pairs]
        valid = [node for node in shown if cell.has_no_interior(node.multipliers)]
        wrong = shown + [Empty(((s, fmpq(1)),)) for s, (_, b) in enumerate(cell.inequalities) if b <= 0]
        if valid or (wrong and draw.random() < 0.1):
            nodes.append(valid[0] if valid else draw.choice(wrong))
        elif cell.jacobian is None:
            nodes.append(CUT)
            pending += reversed(cell.cut())
        else:
            nodes.append(PIECE)
    return tuple(nodes)


@pytest.mark.parametrize("method", MOVING_METHODS)
def test_pieces_of_lines_at_random_prove_nothing_false(method: str) -> None:
    """The function beside one end, claimed for a whole interval: where it is accepted, it agrees inside."""
    draw = random.Random(method)
    proved = 0
    for _ in range(200):
        widths = draw.choice(((1, 2, 1), (2, 2, 1), (1, 2, 2, 1)))
        ends = small_network(draw, widths), small_network(draw, widths)
        second = Network(
            tuple(replace(b, slopes=a.slopes) for a, b in zip(ends[0].layers, ends[1].layers, strict=True))
        )
        box = Box((fmpq(-1),) * widths[0], (fmpq(1),) * widths[0])
        line = MovingNetwork(ends[0], second, box, (fmpq(1),))
        start = fmpq(draw.randint(0, 6), 6)
        end = start + fmpq(1, draw.choice((2, 6, 30)))
        found = line.function(method, SideSigns(*draw.choice(((start, 1), (end, -1)))))
        derivative = found.derivative()
        inside = [start + (end - start) * fmpq(k, 9) for k in range(1, 9)]
        try:
            slope = abs(derivative.at(draw.choice(inside))) * draw.choice((1, 2))
            numerator, denominator = (tuple(p.coeffs()) or (fmpq(0),) for p in (found.numerator, found.denominator))
            check(MovingEvaluation(RelaxationPiece(line, method, start, end, numerator, denominator, slope)))
        except CertificateError:
            continue
        proved += 1
        values = [line.value(method, t) for t in inside]
        assert values == [found.at(t) for t in inside]
        secants = [(b - a) / (u - t) for (t, u), (a, b) in zip(pairwise(inside), pairwise(values), strict=True)]
        assert max(map(abs, secants)) <= slope
    assert proved >= 30


def active_rows_span(layer_: Layer) -> bool:
    """Whether the active rows of a layer without biases span space everywhere, from the rays of all its cells.

    A point in every cell, and more: sums of up to three of the rays where the planes of the rows meet.
    """
    rows, n = layer_.weights, layer_.inputs
    if n == 2:
        rays = {(b, -a) for a, b in rows}
    else:
        rays = {
            (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
            for a, b in combinations(rows, 2)
        }
    rays = {tuple(s * x for x in ray) for ray in rays for s in (1, -1) if any(ray)}
    points = {tuple(sum(column, fmpq(0)) for column in zip(*some, strict=True))
              for size in range(1, n + 1) for some in combinations(rays, size)}  # fmt: skip
    for point in points or {(fmpq(0),) * n}:
        values = [sum((a * x for a, x in zip(row, point, strict=True)), fmpq(0)) for row in rows]
        always = [bool(s) for s in layer_.slopes or ()]
        active = [a for row, value, yes in zip(rows, values, always, strict=True) if yes or value >= 0 for a in row]
        if not active or fmpq_mat(len(active) // n, n, active).rank() < n:
            return False
    return bool(points)


@pytest.mark.parametrize(("n", "rows", "count"), [(2, 5, 400), (3, 7, 100)])
def test_dependencies_at_random_prove_nothing_false(n: int, rows: int, count: int) -> None:
    """All short dependencies of a layer in any order, now and then one that is none."""
    draw = random.Random(n)
    answers = {(truth, shown): 0 for truth in (True, False) for shown in (True, False)}
    for _ in range(count):
        # opposite rows, so that some layers are injective
        half = [[draw.randint(-1, 1) for _ in range(n)] for _ in range((rows + 1) // 2)]
        signed = [[fmpq(s * a * draw.choice((1, 1, 2))) for a in row] for row in half for s in (1, -1)]
        chosen = tuple(map(tuple, draw.sample(signed, rows)))
        slopes = tuple(draw.choice((fmpq(0),) * 9 + (fmpq(1, 2),)) for _ in range(rows))
        layer_ = Layer(chosen, (fmpq(0),) * rows, slopes)
        listed = []
        for size in range(1, n + 2):
            for support in combinations(range(rows), size):
                for weights in product((1, 2), repeat=size):
                    total = [sum(w * chosen[j][i] for w, j in zip(weights, support, strict=True)) for i in range(n)]
                    if not any(total) or draw.random() < 0.0003:
                        listed.append(tuple((j, fmpq(w)) for w, j in zip(weights, support, strict=True)))
        draw.shuffle(listed)
        try:
            check(PositiveDependencies(InjectiveNetwork(Network((layer_,))), (tuple(listed),)))
            shown = True
        except (CertificateError, FormatError):
            shown = False
        answers[active_rows_span(layer_), shown] += 1
    assert not answers[False, True]
    assert answers[True, True] >= count // 20 and answers[False, False] >= count // 5, answers
