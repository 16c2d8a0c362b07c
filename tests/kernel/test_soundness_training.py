"""Forged certificates about margins, networks on the line, biases, constant steps and linear pieces are refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from flint import fmpq
from helpers.forgeries import REFUSED, accepted
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import CertificateError, FormatError, Witness, check
from pepkit.kernel.bias_flow import BiasesStayApart, TrappingBox
from pepkit.kernel.constant_step_cover import ConstantStepsBound, StepCover, StepPiece
from pepkit.kernel.line_networks import (
    BendingTriples,
    KinkCount,
    KinkEvaluation,
    KinksNeeded,
    UniformDistance,
    kinks,
    value_at,
)
from pepkit.kernel.linear_pieces import CUT, PIECE, Empty, PiecesProof
from pepkit.kernel.maximal_margin import MarginEnclosure, MaximalMargin
from pepkit.kernel.maximum_norm import NetworkMaximumLipschitz
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.networks import Layer, Network

Q = fmpq
HALF, QUARTER = Q(1, 2), Q(1, 4)
TINY = Q(1, 10**39)
PLANE_IDENTITY = Network((Layer(((1, 0), (0, 1)), (0, 0)),))


# ---- the maximal margin ----

PLANE = MaximalMargin(((Q(1), Q(0)), (Q(0), Q(1))), (1, -1), Q(1), Q(2))
"""Two orthogonal points with different labels: N* = 2, by the multipliers (1, 1)."""
CELLS = (("++", (), ()), ("+-", (), ()), ("-+", (), ()), ("--", (), ()))


def plane(**changes: Any) -> MarginEnclosure:
    parts: dict[str, Any] = {
        "claim": PLANE, "multipliers": (Q(1, 2), Q(1, 2)), "cells": CELLS, "dependencies": (),
        "network": ((Q(1), (Q(1), Q(0))), (Q(-1), (Q(0), Q(1)))),
    }  # fmt: skip
    return MarginEnclosure(**{**parts, **changes})


SWAPPED = (("+-", (), ()), ("++", (), ()), *CELLS[2:])


@pytest.mark.parametrize(
    "make",
    [
        lambda: plane(multipliers=(Q(1), Q(1))),
        lambda: plane(multipliers=(Q(3), Q(-1))),
        lambda: plane(multipliers=(Q(1),)),
        lambda: plane(multipliers=()),
        lambda: plane(cells=()),
        lambda: plane(cells=CELLS[1:]),
        lambda: plane(cells=SWAPPED),
        lambda: plane(cells=(CELLS[0], *CELLS)),
        lambda: plane(cells=(("+", (), ()), ("-", (), ()))),
        lambda: plane(cells=(("+0", (), ()), *CELLS[1:])),
        # an empty dependency, or one of zeros, would exclude every cell
        lambda: plane(cells=(), dependencies=((),)),
        lambda: plane(cells=(), dependencies=(((0, Q(0)),),)),
        lambda: plane(cells=CELLS[1:], dependencies=(((0, Q(1)), (1, Q(1))),)),
        lambda: plane(cells=CELLS[1:], dependencies=(((0, Q(1)), (0, Q(-1))),)),
        lambda: plane(cells=CELLS[1:], dependencies=(((1, Q(1)), (1, Q(-1))),)),
        lambda: plane(dependencies=(((2, Q(1)),),)),
        lambda: plane(dependencies=(((-1, Q(1)),),)),
        # (1, 1) needs weights of its own on the cell ++, and negative ones prove nothing
        lambda: plane(multipliers=(Q(1), Q(1)), cells=(("++", ((1, Q(-1)),), ((0, Q(-1)),)), *CELLS[1:])),
        lambda: plane(multipliers=(Q(2), Q(0)), cells=(("++", ((0, Q(-2)),), ((0, Q(2)),)), *CELLS[1:])),
        lambda: plane(cells=(("++", ((7, Q(0)),), ()), *CELLS[1:])),
        lambda: plane(network=()),
        lambda: plane(network=((Q(-1), (Q(0), Q(1))),)),
        lambda: plane(network=((Q(1), (Q(1), Q(0))), (Q(-1), (Q(0), Q(99, 100))))),
        lambda: plane(network=((Q(1), (Q(1),)), (Q(-1), (Q(0), Q(1))))),
        lambda: plane(claim=replace(PLANE, upper=Q(199, 100))),
        lambda: plane(claim=replace(PLANE, lower=Q(3), upper=Q(2))),
        lambda: plane(claim=replace(PLANE, labels=(True, -1))),
        lambda: plane(claim=replace(PLANE, labels=(1, 1))),
        lambda: plane(claim=replace(PLANE, points=((Q(1), Q(0)), (Q(0), Q(0))))),
        lambda: plane(claim=replace(PLANE, points=())),
    ],
)
def test_false_margins(make: Callable[[], Any]) -> None:
    accepted(plane)
    with pytest.raises(REFUSED):
        check(make())


def test_dependencies_exclude_what_they_may() -> None:
    """Four points on two lines: 4 of the 16 sign vectors are cells, whatever the order of the dependencies."""
    points = ((Q(1), Q(0)), (Q(-2), Q(0)), (Q(0), Q(1)), (Q(0), Q(3)))
    claim = MaximalMargin(points, (1, 1, -1, -1), Q(1, 100), Q(100))
    dependencies = [((0, Q(2)), (1, Q(1))), ((2, Q(3)), (3, Q(-1)))]
    # + and - of the first two points differ, those of the last two agree
    cells = tuple((signs, (), ()) for signs in ("+-++", "+---", "-+++", "-+--"))
    network = tuple((a, tuple(map(Q, w))) for a, w in ((2, (1, 0)), (2, (-1, 0)), (-2, (0, 1))))
    small = (Q(1, 100),) * 4
    for order in itertools.permutations(dependencies):
        proof = MarginEnclosure(claim, small, cells, tuple(order), network)
        accepted(lambda proof=proof: proof)
        with pytest.raises(CertificateError, match="not listed"):
            check(replace(proof, cells=cells[1:]))
        with pytest.raises(CertificateError, match="not listed"):
            check(replace(proof, dependencies=tuple(order)[:1]))
        with pytest.raises(FormatError, match="excludes"):
            check(replace(proof, cells=(("++++", (), ()), *cells)))


# ---- networks on the line ----


def line(amplitudes: Any, weights: Any, biases: Any, end: Any = 0) -> Network:
    zeros = (Q(0),) * len(weights)
    return Network((Layer(tuple((Q(w),) for w in weights), tuple(map(Q, biases)), zeros), Layer((tuple(map(Q, amplitudes)),), (end,))))  # fmt: skip


HAT = line([1, -2, 1], [1, 1, 1], [0, -1, -2])
"""0, then up from 0 to 1, down from 1 to 2, then 0: kinks 0, 1, 2."""
FLAT = line([0], [1], [0])

small = st.fractions(-3, 3, max_denominator=6)
networks_on_the_line = st.lists(st.tuples(small, small, small), min_size=1, max_size=5).map(
    lambda rows: line(*([Q(a.numerator, a.denominator) for a in column] for column in zip(*rows, strict=True)))
)


@settings(max_examples=30, deadline=None)
@given(networks_on_the_line, st.lists(small, min_size=3, max_size=3, unique=True))
def test_bends_by_evaluation(network: Network, points: list[Fraction]) -> None:
    p, q, r = (Q(x.numerator, x.denominator) for x in sorted(points))
    f = [value_at(network, x) for x in (p, q, r)]
    bend = abs(f[1] - ((r - q) * f[0] + (q - p) * f[2]) / (r - p))
    claim = KinksNeeded(network, p - 1, r, max(bend / 2, TINY), 1)
    if bend:
        assert check(BendingTriples(claim, ((p, q, r),)))
    with pytest.raises(CertificateError, match="affine function is closer"):
        check(BendingTriples(replace(claim, distance=claim.distance + TINY), ((p, q, r),)))


@settings(max_examples=40, deadline=None)
@given(networks_on_the_line, networks_on_the_line, small, st.fractions(Fraction(1, 5), 4, max_denominator=5))
def test_distances_by_evaluation(first: Network, second: Network, low: Fraction, width: Fraction) -> None:
    a, b = (Q(x.numerator, x.denominator) for x in (low, low + width))
    places = {a, b, *kinks(first, a, b), *kinks(second, a, b)}
    largest = max(abs(value_at(first, x) - value_at(second, x)) for x in places)
    assert check(KinkEvaluation(UniformDistance(first, second, a, b, largest)))
    with pytest.raises(CertificateError, match="largest difference"):
        check(KinkEvaluation(UniformDistance(first, second, a, b, largest + Q(1, 10**30))))


def triples(count: int, *points: Any, distance: Any = QUARTER) -> BendingTriples:
    return BendingTriples(KinksNeeded(HAT, Q(-1), Q(3), distance, count), tuple(points))


LEFT, MIDDLE, RIGHT = (Q(-1), Q(0), Q(1)), (Q(1, 2), Q(1), Q(3, 2)), (Q(1), Q(2), Q(3))


@pytest.mark.parametrize(
    "make",
    [
        # kinks at the ends do not lie inside
        lambda: KinkEvaluation(KinkCount(HAT, 0, 2, 3)),
        lambda: KinkEvaluation(KinkCount(HAT, 0, 2, 2)),
        lambda: KinkEvaluation(KinkCount(HAT, 2, 0, 1)),
        lambda: KinkEvaluation(KinkCount(HAT, 1, 1, 0)),
        lambda: KinkEvaluation(
            KinkCount(Network((replace(HAT.layers[0], slopes=(0, HALF, 0)), HAT.layers[1])), 0, 2, 1)
        ),
        lambda: KinkEvaluation(KinkCount(PLANE_IDENTITY, 0, 2, 0)),
        lambda: KinkEvaluation(UniformDistance(HAT, FLAT, -1, 3, 0)),
        lambda: KinkEvaluation(UniformDistance(HAT, FLAT, -1, 3, -1)),
        lambda: KinkEvaluation(UniformDistance(HAT, FLAT, -1, HALF, 1)),
        lambda: triples(1),
        lambda: triples(2, LEFT),
        lambda: triples(2, LEFT, LEFT),
        lambda: triples(3, LEFT, MIDDLE, RIGHT),
        lambda: triples(2, RIGHT, LEFT),
        lambda: triples(1, LEFT[::-1]),
        lambda: triples(1, (Q(-1), Q(-1), Q(1))),
        lambda: triples(1, (Q(0), HALF, Q(1))),
        lambda: triples(1, (Q(-2), Q(0), Q(2))),
        lambda: triples(2, LEFT, RIGHT, distance=Q(1, 4) + TINY),
        lambda: triples(1, LEFT, distance=0),
        lambda: triples(1, LEFT, distance=-1),
        # a proof for another kind of claim
        lambda: BendingTriples(KinkCount(HAT, -1, 3, 3), (LEFT,)),  # type: ignore[arg-type]
        lambda: KinkEvaluation(KinksNeeded(HAT, Q(-1), Q(3), Q(1, 4), 9)),  # type: ignore[arg-type]
    ],
)
def test_false_claims_on_the_line(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(make())


def test_true_claims_on_the_line() -> None:
    accepted(lambda: KinkEvaluation(KinkCount(HAT, -1, 3, 3)))
    accepted(lambda: KinkEvaluation(UniformDistance(HAT, FLAT, -1, 3, 1)))
    accepted(lambda: triples(2, LEFT, RIGHT))
    accepted(lambda: triples(0))


# ---- biases ----


STARTS, PLACES, WIDTH, EIGENVALUE = (Q(1, 500), Q(-1, 500)), (Q(-3, 10), Q(2, 5)), Q(1, 500), Q(1, 200)


def box(
    a: Any = STARTS, b: Any = PLACES, separation: Any = HALF, delta: Any = WIDTH, eigenvalue: Any = EIGENVALUE
) -> TrappingBox:
    return TrappingBox(BiasesStayApart(a, b, separation), delta, eigenvalue)


@pytest.mark.parametrize(
    "make",
    [
        lambda: box(separation=Q(7, 10)),
        lambda: box(separation=Q(696, 1000) + TINY),
        lambda: box(separation=0),
        lambda: box(separation=-1),
        lambda: box(b=(Q(2, 5), Q(2, 5)), separation=TINY),
        lambda: box(b=(Q(1), Q(0))),
        lambda: box(b=(Q(-999, 1000), Q(2, 5))),
        lambda: box(delta=0),
        lambda: box(delta=Q(-1, 100)),
        lambda: box(delta=Q(1, 10**7)),
        lambda: box(delta=Q(7, 10)),
        lambda: box(eigenvalue=0),
        lambda: box(eigenvalue=Q(-1, 500)),
        lambda: box(eigenvalue=Q(1, 10)),
        lambda: box(a=(Q(1), Q(-1))),
        lambda: box(a=(Q(1, 500),)),
        lambda: box(a=(), b=()),
        lambda: box(a=(Q(1, 500),), b=(Q(0),)),
    ],
)
def test_false_boxes(make: Callable[[], Any]) -> None:
    accepted(lambda: box(separation=Q(696, 1000)))
    accepted(lambda: box(a=(0, 0)))
    with pytest.raises(REFUSED):
        check(make())


# ---- constant steps ----


@cache
def one_step() -> StepCover:
    """One function for the steps next to 0, f = x^2/2 for the others: the bound is tiny."""
    # the data of x^2/2 from x_0 = 1 with step c: g_0 = 1, g_1 = 1 - c
    pieces = []
    for k in range(16):
        c, r = Q(2 * k + 1, 16), Q(1, 16)
        # mu = -1: f(x) = x - 1/2 far from its minimum has the gradient 1 all along the way
        pieces.append(StepPiece(c, r, Witness(((Q(1),), (Q(1),)), (Q(6), 6 - c, Q(1)))))
    return StepCover(ConstantStepsBound(Q(-1), 1, Q(1, 8)), tuple(pieces), Q(2))


def scaled(piece: StepPiece, factor: fmpq) -> StepPiece:
    """The same Gram matrix with coordinates `factor` times as long, in an inner product with a weight."""
    rows = tuple(tuple(a * factor for a in row) for row in piece.witness.coordinates)
    return replace(piece, witness=replace(piece.witness, coordinates=rows, weights=(1 / factor**2,)))


def test_weights_of_the_inner_product_do_not_lengthen_gradients() -> None:
    """With weights the data satisfy every hypothesis while the coordinates are ten times as long as the gradients."""
    proof = one_step()
    accepted(one_step)
    claim = replace(proof.claim, bound=Q(2))
    with pytest.raises(REFUSED, match="proves less than the bound"):
        check(replace(proof, claim=claim))
    with pytest.raises(REFUSED, match="without weights"):
        check(replace(proof, claim=claim, pieces=tuple(scaled(piece, Q(10)) for piece in proof.pieces)))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, pieces=()),
        lambda p: replace(p, pieces=(), tail=Q(0)),
        lambda p: replace(p, pieces=(), tail=Q(-5)),
        lambda p: replace(p, pieces=p.pieces[:-1]),
        lambda p: replace(p, pieces=p.pieces[1:]),
        lambda p: replace(p, pieces=(*p.pieces[:3], *p.pieces[4:])),
        lambda p: replace(p, pieces=p.pieces[:8], tail=Q(1)),
        lambda p: replace(p, tail=Q(3)),
        lambda p: replace(p, pieces=(replace(p.pieces[0], radius=Q(-1, 16)), *p.pieces[1:])),
        lambda p: replace(p, pieces=(replace(p.pieces[0], step=Q(-1, 16)), *p.pieces[1:])),
        lambda p: replace(p, pieces=(replace(p.pieces[0], radius=Q(3)),)),
        lambda p: replace(p, claim=replace(p.claim, bound=Q(1, 4))),
        lambda p: replace(p, claim=replace(p.claim, steps=2)),
        lambda p: replace(p, claim=replace(p.claim, bound=Q(3))),
        lambda p: replace(p, claim=replace(p.claim, mu=Q(0))),
        lambda p: replace(p, claim=replace(p.claim, mu=Q(-2))),
    ],
)
def test_false_covers(change: Callable[[StepCover], StepCover]) -> None:
    with pytest.raises(REFUSED):
        check(change(one_step()))


def test_covers_have_a_limit() -> None:
    proof = one_step()
    many = replace(proof, claim=replace(proof.claim, steps=64), pieces=proof.pieces * 75)
    with pytest.raises(FormatError, match="interpolation conditions"):
        check(many)


@pytest.mark.parametrize(
    "scalars", [(Q(1, 2), Q(1, 2) - Q(1, 16), Q(1)), (Q(0), Q(-1, 16), Q(1)), (Q(6), Q(6), Q(1)), (Q(6),), ()]
)
def test_data_that_are_no_function(scalars: tuple[fmpq, ...]) -> None:
    proof = one_step()
    first, *rest = proof.pieces
    with pytest.raises(REFUSED):
        check(replace(proof, pieces=(replace(first, witness=replace(first.witness, scalars=scalars)), *rest)))


# ---- linear pieces ----

BENT = Network((Layer(((1,), (-1,)), (0, -1), (0, 0)), Layer(((2, 1),), (100,))))
"""2 max(0, x) + max(0, -x - 1) + 100: pieces with slopes 2, 0, -1."""
TREE = (CUT, CUT, PIECE, PIECE, CUT, PIECE, Empty(((0, Q(1)), (1, Q(1)))))


def pieces(rate: Any = 4, nodes: Any = TREE, pair: Any = None) -> PiecesProof:
    return PiecesProof(NetworkLipschitz(BENT, rate), tuple(nodes), pair)


@pytest.mark.parametrize("cls", [NetworkLipschitz, NetworkMaximumLipschitz])
def test_pieces_prove_lipschitz_constants(cls: Any) -> None:
    accepted(lambda: PiecesProof(cls(BENT, 4), TREE))


@pytest.mark.parametrize(
    "make",
    [
        lambda: pieces(rate=Q(4) - TINY),
        lambda: pieces(rate=-1),
        lambda: pieces(nodes=()),
        lambda: pieces(nodes=TREE[:-1]),
        lambda: pieces(nodes=(*TREE, PIECE)),
        lambda: pieces(nodes=(PIECE,)),
        lambda: pieces(nodes=(Empty(()),)),
        lambda: pieces(rate=1, nodes=(CUT, CUT, PIECE, PIECE, Empty(((0, Q(1)),)))),
        lambda: pieces(rate=1, nodes=(CUT, CUT, PIECE, PIECE, Empty(()))),
        lambda: pieces(rate=1, nodes=(CUT, CUT, PIECE, PIECE, Empty(((0, Q(0)),)))),
        lambda: pieces(rate=1, nodes=(CUT, CUT, PIECE, PIECE, CUT, Empty(((0, Q(1)), (1, Q(-1)))), TREE[-1])),
        lambda: pieces(rate=1, nodes=(CUT, CUT, PIECE, PIECE, CUT, Empty(((0, Q(1)), (7, Q(1)))), TREE[-1])),
        lambda: pieces(rate=1, nodes=(CUT, CUT, PIECE, PIECE, CUT, Empty(((-1, Q(1)), (0, Q(1)))), TREE[-1])),
        lambda: pieces(pair=((Q(0),), (Q(0),))),
        lambda: pieces(pair=((Q(0), Q(1)), (Q(0), Q(2)))),
        lambda: pieces(rate=3, pair=((Q(0),), (Q(1),))),
    ],
)
def test_false_pieces(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(make())


def test_long_numbers_have_words() -> None:
    # floats overflow at 10^308, and the beginning of an integer is no fraction
    ramp = Network((Layer(((1,),), (0,), (0,)), Layer(((10**400,),), (0,))))
    flat = Network((Layer(((1,),), (0,), (0,)), Layer(((0,),), (0,))))
    text = str(accepted(lambda: KinkEvaluation(UniformDistance(ramp, flat, 0, 1, 10**400))))
    assert "at most about 1e400 (rounded; exact in the claim)" in text
    claim = MaximalMargin(((Q(1, 10**400),),), (1,), Q(10**400), Q(10**400))
    proof = MarginEnclosure(claim, (Q(10**400),), (("+", (), ()), ("-", (), ())), (), ((Q(10**200), (Q(10**200),)),))
    with pytest.raises(CertificateError, match="not shown to be at most 1"):
        check(replace(proof, multipliers=(Q(2 * 10**400),)))
    with pytest.raises(CertificateError, match="more than the upper bound"):
        check(replace(proof, claim=replace(claim, lower=Q(1), upper=Q(10**400 - 1))))
    assert "[1e400, 1e400]" in str(accepted(lambda: proof))


def test_wide_networks_on_the_line_are_evaluated_once() -> None:
    count = 1200
    wide = line([Q(1, k + 1) for k in range(count)], [1] * count, [Q(-k, count) for k in range(count)])
    with pytest.raises(CertificateError, match="largest difference"):
        check(KinkEvaluation(UniformDistance(wide, FLAT, 0, 1, 1)))
    triples = tuple((Q(2 * k - 1, 2 * count), Q(k, count), Q(2 * k + 1, 2 * count)) for k in range(1, count))
    bend = Q(1, 8 * count**2)
    assert check(BendingTriples(KinksNeeded(wide, 0, 1, bend, count - 1), triples))
    with pytest.raises(CertificateError, match="triple 1198"):
        check(BendingTriples(KinksNeeded(wide, 0, 1, bend + TINY, count - 1), triples))
