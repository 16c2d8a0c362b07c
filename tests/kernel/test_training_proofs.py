"""Claims about trained networks and constant steps: what is proved, and that changed data are rejected."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from flint import fmpq
from helpers.tampering import parts, replaced
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import CertificateError, ClaimError, FormatError, check
from pepkit.kernel.bias_flow import BiasesStayApart, TrappingBox, hinge_gram
from pepkit.kernel.constant_step_cover import ConstantStepsBound, StepCover
from pepkit.kernel.files import certificate_from_data, certificate_to_data
from pepkit.kernel.line_networks import (
    BendingTriples,
    KinkCount,
    KinkEvaluation,
    KinksNeeded,
    UniformDistance,
    value_at,
)
from pepkit.kernel.maximal_margin import MarginEnclosure, MaximalMargin
from pepkit.kernel.networks import Network
from pepkit.labs.hedging_search import constant_cover
from pepkit.networks.bias_separation import separation_certificate
from pepkit.networks.hinge_pruning import distance_certificate, line_network, lower_bound, merging_error
from pepkit.networks.margin_examples import random_points, six_points
from pepkit.networks.maximal_margin import margin_certificate

REFUSED = (CertificateError, FormatError, ClaimError)


@cache
def margin() -> MarginEnclosure:
    return margin_certificate(*six_points())


@cache
def apart() -> TrappingBox:
    return separation_certificate((fmpq(1, 500), fmpq(-7, 5000)), (fmpq(-3, 10), fmpq(2, 5)))


NET = line_network([1, "1/2", -3, "1/4"], [1, 1, 1, -1], ["1/2", "2/5", "-1/10", "-1/8"])


@cache
def distance() -> KinkEvaluation:
    other = line_network([fmpq(3, 2), -3], [1, 1], ["7/15", "-1/10"])
    return distance_certificate(NET, other, -1, 1)


@cache
def needed() -> BendingTriples:
    return lower_bound(NET, -1, 1, "1/20")


@cache
def cover() -> StepCover:
    # few pieces: a bound far below the worst case of the best constant step
    return constant_cover(2, fmpq(-1, 20), fmpq(1, 5))


ALL = {"margin": margin, "apart": apart, "distance": distance, "needed": needed, "cover": cover}


@pytest.mark.parametrize("name", ALL)
def test_proved_and_read_again(name: str) -> None:
    certificate = ALL[name]()
    theorem = check(certificate)
    again = certificate_from_data(json.loads(json.dumps(certificate_to_data(certificate))))
    assert again == certificate
    assert str(check(again)) == str(theorem).strip()
    assert str(theorem).startswith("Theorem.")


@pytest.mark.parametrize("name", ALL)
def test_numbers_that_are_no_numbers_are_refused(name: str) -> None:
    data = certificate_to_data(ALL[name]())
    paths = parts(data["claim"], ("claim",)) + parts(data.get("proof", {}), ("proof",))
    assert paths
    for path in paths[:: max(1, len(paths) // 60)]:
        for bad in (None, 1.5, "1/0", "0x3", [], "nan"):
            with pytest.raises(REFUSED):
                check(certificate_from_data(replaced(data, path, lambda _, b=bad: b)))


@pytest.mark.parametrize("name", ALL)
def test_missing_and_additional_members_are_refused(name: str) -> None:
    data = certificate_to_data(ALL[name]())
    for part in ("claim", "proof"):
        for key in data[part]:
            if key != "kind":
                broken = copy.deepcopy(data)
                del broken[part][key]
                with pytest.raises(REFUSED):
                    certificate_from_data(broken)
        broken = copy.deepcopy(data)
        broken[part]["surplus"] = "1"
        with pytest.raises(REFUSED):
            certificate_from_data(broken)


@pytest.mark.parametrize("name", ALL)
def test_proofs_do_not_serve_other_claims(name: str) -> None:
    data = certificate_to_data(ALL[name]())
    for other in ALL:
        if other != name:
            with pytest.raises(REFUSED):
                check(certificate_from_data({**data, "claim": certificate_to_data(ALL[other]())["claim"]}))


# ---- maximal margin ----


def test_margin_data_that_matter() -> None:
    proof = margin()
    claim = proof.claim
    assert claim.lower < claim.upper < claim.lower * fmpq(1000001, 1000000)
    assert "between 0.0818034246 and 0.0818034296" in repr(claim)
    changes: list[MarginEnclosure] = [
        replace(proof, claim=replace(claim, lower=claim.lower * fmpq(100001, 100000), upper=claim.upper * 2)),
        replace(proof, claim=replace(claim, upper=(claim.lower + claim.upper) / 2)),
        replace(proof, claim=replace(claim, labels=(-1, *claim.labels[1:]))),
        replace(proof, claim=replace(claim, points=((claim.points[0][0] / 2, claim.points[0][1]), *claim.points[1:]))),
        replace(proof, multipliers=tuple(a * fmpq(101, 100) for a in proof.multipliers)),
        replace(proof, multipliers=tuple(a * fmpq(99, 100) for a in proof.multipliers)),
        replace(proof, multipliers=(-proof.multipliers[0], *proof.multipliers[1:])),
        replace(proof, multipliers=proof.multipliers[1:]),
        replace(proof, cells=proof.cells[1:]),
        replace(proof, cells=proof.cells[::-1]),
        replace(proof, cells=tuple((s.replace("+", "-"), p, q) for s, p, q in proof.cells)),
        replace(proof, dependencies=()),
        replace(proof, dependencies=((*proof.dependencies[0][:-1], (proof.dependencies[0][-1][0], fmpq(7))), *proof.dependencies[1:])),
        replace(proof, network=proof.network[1:]),
        replace(proof, network=tuple((a * fmpq(99, 100), w) for a, w in proof.network)),
        replace(proof, network=tuple((a * fmpq(2), tuple(x * 2 for x in w)) for a, w in proof.network)),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(REFUSED):
            check(change)


def test_every_multiplier_of_the_margin_matters() -> None:
    proof = margin()
    for k, a in enumerate(proof.multipliers):
        with pytest.raises(REFUSED):
            check(replace(proof, multipliers=(*proof.multipliers[:k], a - fmpq(1, 1000), *proof.multipliers[k + 1 :])))
    for k, (signs, plus, minus) in enumerate(proof.cells):
        for cell in ((signs, tuple((j, -w) for j, w in plus), minus), (signs, plus, tuple((j, -w) for j, w in minus))):
            if cell != proof.cells[k]:
                with pytest.raises(CertificateError):
                    check(replace(proof, cells=(*proof.cells[:k], cell, *proof.cells[k + 1 :])))


def test_margin_in_three_dimensions_and_degenerate_position() -> None:
    points, labels = random_points(6, 3, 1)
    assert check(margin_certificate(points, labels))
    # two points on one line through the origin, opposite rays
    assert check(margin_certificate([(1, 0), (-2, 0), (0, 1)], (1, -1, 1)))
    with pytest.raises(ClaimError, match="no network has a positive margin"):
        margin_certificate([(1, 0), (2, 0), (0, 1)], (1, -1, 1))
    with pytest.raises(ClaimError, match="a point is zero"):
        MaximalMargin(((0, 0),), (1,), 1, 2)
    with pytest.raises(ClaimError, match="labels"):
        MaximalMargin(((1, 0),), (2,), 1, 2)
    with pytest.raises(ClaimError, match="lower <= upper"):
        MaximalMargin(((1, 0),), (1,), 3, 2)


def test_one_point_is_known_by_hand() -> None:
    # one neuron with |a| = |w| and a |w| |x| = 1: |theta|^2/2 = 1/|x|
    proof = margin_certificate([(3, 4)], (1,))
    assert proof.claim.lower <= fmpq(1, 5) <= proof.claim.upper
    assert check(proof)


# ---- networks on the line ----


def test_kinks_are_counted() -> None:
    assert check(KinkEvaluation(KinkCount(NET, fmpq(-1), fmpq(1), 4)))
    assert check(KinkEvaluation(KinkCount(NET, fmpq(0), fmpq(1), 1)))
    with pytest.raises(CertificateError, match="has 4 kinks"):
        check(KinkEvaluation(KinkCount(NET, fmpq(-1), fmpq(1), 3)))
    # slope changes at one place cancel: no kink
    flat = line_network([1, -1, 1], [1, 2, 0], [0, 0, 5])
    assert check(KinkEvaluation(KinkCount(flat, fmpq(-1), fmpq(1), 1)))
    none = line_network([2, -1], [1, 2], [0, 0])
    assert check(KinkEvaluation(KinkCount(none, fmpq(-1), fmpq(1), 0)))


def test_distance_data_that_matter() -> None:
    claim = distance().claim
    assert isinstance(claim, UniformDistance)
    for change in (
        replace(claim, distance=claim.distance + fmpq(1, 10**12)),
        replace(claim, distance=claim.distance - fmpq(1, 10**12)),
        replace(claim, low=fmpq(-2)),
        replace(claim, first=line_network([1, "1/2", -2, "1/4"], [1, 1, 1, -1], ["1/2", "2/5", "-1/10", "-1/8"])),
    ):
        with pytest.raises(CertificateError, match="the largest difference is"):
            check(KinkEvaluation(change))
    with pytest.raises(ClaimError, match="empty"):
        replace(claim, high=claim.low)


def test_triples_that_matter() -> None:
    proof = needed()
    claim = proof.claim
    assert claim.count >= 2
    (p, q, r), *rest = proof.triples
    for triples in (
        ((p, p, r), *rest),
        ((p, (q + 2 * r) / 3, r), *rest) if claim.count else (),
        ((fmpq(-2), q, r), *rest),
        (*rest, (p, q, r)),
        ((p, q, proof.triples[1][2]), *rest),
        rest,
    ):
        with pytest.raises(REFUSED):
            check(replace(proof, triples=tuple(triples)))
    with pytest.raises(CertificateError, match="an affine function is closer"):
        check(replace(proof, claim=replace(claim, distance=claim.distance * 4)))
    with pytest.raises(FormatError):
        check(replace(proof, claim=replace(claim, count=claim.count + 1)))
    with pytest.raises(ClaimError, match="positive"):
        KinksNeeded(NET, fmpq(0), fmpq(1), fmpq(0), 1)


fractions = st.fractions(-3, 3, max_denominator=20)


@settings(max_examples=30, deadline=None)
@given(st.fractions("1/20", 3, max_denominator=20), st.fractions("1/20", 3, max_denominator=20), fractions, fractions)
def test_merging_two_hinges(c1: Fraction, c2: Fraction, t1: Fraction, t2: Fraction) -> None:
    """The largest change by a merge is |c1 c2| |t2 - t1| / |c1 + c2|, exactly."""
    place = (c1 * t1 + c2 * t2) / (c1 + c2)
    two, one = line_network([c1, c2], [1, 1], [-t1, -t2]), line_network([c1 + c2], [1], [-place])
    error = merging_error(c1, t1, c2, t2)
    assert error == fmpq(*(c1 * c2 * abs(t2 - t1) / (c1 + c2)).as_integer_ratio())
    assert check(KinkEvaluation(UniformDistance(two, one, fmpq(-4), fmpq(4), error)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(fractions, fractions, fractions), min_size=1, max_size=5), fractions)
def test_values_of_networks(neurons: list[tuple[Fraction, Fraction, Fraction]], x: Fraction) -> None:
    net = line_network(*zip(*neurons, strict=True))
    expected = sum(a * max(Fraction(0), w * x + b) for a, w, b in neurons)
    assert value_at(net, fmpq(*x.as_integer_ratio())) == fmpq(*expected.as_integer_ratio())


def test_networks_of_other_shapes_are_refused() -> None:
    wide = Network(line_network([1], [1], [0]).layers[:1])
    with pytest.raises(ClaimError, match="on the line"):
        KinkCount(wide, fmpq(0), fmpq(1), 0)


# ---- biases that stay apart ----


def test_gram_matrix_of_hinges() -> None:
    # int_0^1 x^2 = 1/3, int_0^1 (x + 1/2) x = 7/12
    assert hinge_gram(fmpq(0), fmpq(0)) == fmpq(1, 3)
    assert hinge_gram(fmpq(-1, 2), fmpq(0)) == hinge_gram(fmpq(0), fmpq(-1, 2)) == fmpq(7, 12)


def test_boxes_that_matter() -> None:
    proof = apart()
    claim = proof.claim
    for change in (
        replace(proof, delta=proof.delta * 8),
        replace(proof, delta=proof.delta / 64),
        replace(proof, eigenvalue=proof.eigenvalue * 16),
        replace(proof, eigenvalue=proof.eigenvalue / 4096),
        replace(proof, eigenvalue=-proof.eigenvalue),
        replace(proof, claim=replace(claim, separation=claim.separation + fmpq(1, 10**9))),
        replace(proof, claim=replace(claim, amplitudes=(fmpq(1), fmpq(1)))),
        replace(proof, claim=replace(claim, biases=(fmpq(2, 5) - fmpq(1, 1000), fmpq(2, 5)))),
    ):
        with pytest.raises(REFUSED):
            check(change)
    with pytest.raises(ClaimError, match="neurons"):
        BiasesStayApart((fmpq(1),), (fmpq(0),), fmpq(1, 2))
    with pytest.raises(ClaimError, match="lie in"):
        BiasesStayApart((fmpq(1), fmpq(1)), (fmpq(0), fmpq(1)), fmpq(1, 2))


def test_the_flow_agrees_with_the_box() -> None:
    from pepkit.simulate.collapse import zero_target_flow

    a, b = zero_target_flow((1 / 500, -7 / 5000), (-0.3, 0.4))
    assert abs(a).max() < 1e-8
    delta = float(int(apart().delta.p) / int(apart().delta.q))
    assert abs(b[0] + 0.3) < delta and abs(b[1] - 0.4) < delta
    assert b[1] - b[0] > float(int(apart().claim.separation.p) / int(apart().claim.separation.q))


# ---- constant steps ----


def test_covers_that_matter() -> None:
    proof = cover()
    claim = proof.claim
    first, *rest = proof.pieces
    weaker = replace(
        first, witness=replace(first.witness, scalars=(first.witness.scalars[0] * 3, *first.witness.scalars[1:]))
    )
    smaller = replace(
        first,
        witness=replace(
            first.witness, coordinates=tuple(tuple(a * fmpq(9, 10) for a in row) for row in first.witness.coordinates)
        ),
    )
    for change in (
        replace(proof, pieces=tuple(rest)),
        replace(proof, pieces=proof.pieces[:-1]),
        replace(proof, pieces=proof.pieces[::-1]),
        replace(proof, pieces=(weaker, *rest)),
        replace(proof, pieces=(smaller, *rest)),
        replace(proof, pieces=(replace(first, radius=first.radius * 3), *rest)),
        replace(proof, pieces=(replace(first, step=first.step + 1), *rest)),
        replace(proof, tail=fmpq(11, 10)),
        replace(proof, tail=fmpq(5)),
        replace(proof, claim=replace(claim, bound=fmpq(1, 2))),
        replace(proof, claim=replace(claim, steps=3)),
        replace(proof, claim=replace(claim, mu=fmpq(-1, 1000))),
    ):
        with pytest.raises(REFUSED):
            check(change)
    for bad in ((fmpq(0), 2, fmpq(1, 5)), (fmpq(-1, 2), 0, fmpq(1, 5)), (fmpq(-1, 2), 2, fmpq(3))):
        with pytest.raises(ClaimError):
            ConstantStepsBound(*bad)


def test_no_cover_above_the_best_constant_step() -> None:
    with pytest.raises(ClaimError, match="too close to the bound or below it"):
        constant_cover(1, fmpq(-1), fmpq(4, 5))


@pytest.mark.parametrize("step", [0.2, 0.9, 1.2, 1.4, 1.7, 2.5])
def test_the_bound_holds_in_floats(step: float) -> None:
    from pepkit.labs.hedging_search import worst_case_value

    assert worst_case_value([step] * 2, -0.05) > 0.2
