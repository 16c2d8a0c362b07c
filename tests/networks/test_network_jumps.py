"""Continuity of relaxations along lines of weights."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq
from random_networks import case

from pepkit import networks
from pepkit.kernel import ClaimError
from pepkit.networks.jumps import Piece, bound_with_decisions, simplest_between


def line(seed: int, widths: tuple[int, ...] = (2, 4, 3, 1)) -> networks.WeightLine:
    """Networks with weights on a grid of 1/8, so that many events are at short rationals."""
    generator = np.random.default_rng(seed)
    ends = [
        networks.network(
            [np.round(8 * generator.normal(size=(b, a))) / 8 for a, b in pairwise(widths)],
            [np.round(8 * generator.normal(size=b)) / 8 for b in widths[1:]],
        )
        for _ in range(2)
    ]
    return networks.WeightLine(*ends, networks.box_around([0] * widths[0], 1), (1,))


def test_the_minimal_jumps() -> None:
    found = networks.minimal_jumps()
    hbox, crown = found["hbox"], found["crown"]
    assert (hbox.t, hbox.exact, hbox.left, hbox.right, hbox.value) == (fmpq(1, 2), True, 3, 1, 1)
    assert hbox.jump == -2
    # the lower bound is the negative of this upper bound: 0 before, -1 after
    assert (crown.t, crown.exact, -crown.left, -crown.right) == (fmpq(1, 2), True, 0, -1)


def test_zonotopes_do_not_jump_where_symbolic_intervals_do() -> None:
    base = networks.minimal_jumps()["hbox"].t
    half = fmpq(1, 2)
    ends = [networks.network([[[1], [1]], [[1, -1]]], [[b, 0], [0]], [[0, 1]]) for b in (half, 3 * half)]
    deepz = networks.WeightLine(*ends, networks.box_around([0], 1), (1,)).events("deepz", samples=7)
    assert [(event.t, event.left, event.right) for event in deepz] == [(base, 1, 1)]


@pytest.mark.parametrize("name", ["box", "deepz"])
def test_continuous_relaxations(name: str) -> None:
    count = 0
    for seed in range(4):
        for event in line(seed).events(name, samples=16):
            if event.exact:
                assert event.left == event.right == event.value
                count += 1
            else:
                assert abs(event.jump) < fmpq(1, 10**6)
    assert count > 3


def test_jumps_of_one_hidden_layer_have_the_closed_form() -> None:
    """hBox, active to unstable: the bound rises by sum(|a_i| + |r_i| - |a_i + r_i|) over the inputs."""
    seen = 0
    for seed in range(30):
        path = line(seed, (2, 3, 1))
        for event in path.events("hbox", samples=16):
            if not event.exact or not event.jump:
                continue
            net = path.at(event.t)
            (row,) = net.layers[1].weights
            tiny = fmpq(1, 1 << 60)
            before, after = (
                bound_with_decisions(path.at(event.t + side * tiny), path.box, (1,), "hbox")[1][0] for side in (-1, 1)
            )
            if sum(a != b for a, b in zip(before, after, strict=True)) != 1:
                continue
            (j,) = [j for j, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
            assert {before[j], after[j]} == {"active", "unstable"}
            others = [k for k in range(3) if k != j and before[k] == "active"]
            expected = fmpq(0)
            for i in range(2):
                a = row[j] * net.layers[0].weights[j][i]
                r = sum((row[k] * net.layers[0].weights[k][i] for k in others), fmpq(0))
                expected += abs(a) + abs(r) - abs(a + r)
            assert abs(event.jump) == expected
            seen += 1
    assert seen


def test_exact_bounds_agree_with_certificates() -> None:
    net, box, _ = case((3, 5, 4, 1), 2, 0.6)
    for name in ("box", "hbox", "deepz", "crown", "crown-ibp"):
        exact = bound_with_decisions(net, box, (1,), name)[0]
        certified = networks.certify_bound(net, box, [1], method_name=name, point=False).bound
        assert -fmpq(1, 10**11) <= certified - exact <= fmpq(1, 10**8), name
    with pytest.raises(ClaimError):
        bound_with_decisions(net, box, (1,), "magic")


def test_pieces_and_study() -> None:
    path = line(1, (2, 3, 1))
    for name in ("box", "deepz", "crown"):
        pieces = path.pieces(name, samples=16)
        assert all(isinstance(piece, Piece) and piece.start < piece.end for piece in pieces)
        assert pieces[0].start == 0
        assert pieces[-1].end == 1
    # two layers of weights that move linearly: box bounds are of degree two
    degrees = [piece.degree for piece in path.pieces("box", samples=16)]
    assert max(degree for degree in degrees if degree is not None) == 2
    table = networks.jump_study(path, ("box", "hbox"), samples=16)
    assert [row["method"] for row in table] == ["box", "hbox"]
    assert table[0]["jumps"] == 0


def test_simplest_rationals() -> None:
    assert simplest_between(fmpq(3, 10), fmpq(2, 5)) == fmpq(1, 3)
    assert simplest_between(fmpq(-2, 5), fmpq(-3, 10)) == fmpq(-1, 3)
    assert simplest_between(fmpq(-1, 2), fmpq(1, 3)) == 0
    assert simplest_between(fmpq(7, 2), fmpq(7, 2)) == fmpq(7, 2)


def test_tightness() -> None:
    stable = networks.network([[[1], [-1]], [[1, -1]]], [[2, 3], [0]])
    assert networks.tightness(stable, networks.box_around([0], 1), name="deepz") == 1
    absolute = networks.network([[[1], [-1]], [[1, 1]]])
    assert networks.tightness(absolute, networks.box_around([0], 1), name="box") == fmpq(1, 2)
    net, box, _ = case((3, 5, 4, 1), 2, 0.6)
    for name in ("box", "hbox", "deepz", "crown"):
        assert 0 < networks.tightness(net, box, name=name) <= 1
