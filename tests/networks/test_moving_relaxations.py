"""Relaxations along lines of weights: exact pieces and jumps, their certificates, and files that were changed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from test_network_jumps import line

from pepkit import networks
from pepkit.kernel import CertificateError, ClaimError, FormatError, certificate_to_text, check
from pepkit.kernel.files import certificate_from_data, certificate_from_text
from pepkit.kernel.moving_claims import MovingEvaluation, RelaxationLimits, RelaxationPiece
from pepkit.kernel.moving_relaxation import MOVING_METHODS, MovingNetwork
from pepkit.kernel.rational_functions import (
    IntervalSigns,
    RationalFunction,
    SideSigns,
    has_root_inside,
    isolated_roots,
)
from pepkit.networks.jump_set import _Roots
from pepkit.networks.jumps import bound_with_decisions
from pepkit.networks.studies import line_study

BAD = (CertificateError, FormatError, ClaimError)


def data_of(certificate: MovingEvaluation) -> dict[str, Any]:
    return json.loads(certificate_to_text(certificate))


@pytest.fixture(scope="module")
def jumping() -> networks.JumpSet:
    """A line with jumps of adaptive CROWN."""
    return networks.jump_set(line(1), "crown")


@pytest.mark.parametrize("name", MOVING_METHODS)
def test_pieces_are_the_bound_and_cover_the_line(name: str) -> None:
    path = line(3, (2, 3, 1))
    found = networks.jump_set(path, name)
    assert found.pieces[0].start == 0 and found.pieces[-1].end == 1
    for piece in found.pieces:
        for k in (1, 2, 5):
            t = piece.start + (piece.end - piece.start) * fmpq(k, 7)
            assert piece.function.at(t) == path.bound(t, name) == path.value(name, t)
    for before, place, after in zip(found.pieces, found.places, found.pieces[1:], strict=False):
        assert before.end == place.low <= place.high == after.start
        assert place.high - place.low <= fmpq(1, 1 << 58)


@pytest.mark.parametrize("name", MOVING_METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_every_sampled_jump_is_in_the_jump_set(name: str, seed: int) -> None:
    path = line(seed, (2, 3, 2, 1))
    found = networks.jump_set(path, name)
    sampled = [event for event in path.events(name, samples=16) if abs(event.jump) > fmpq(1, 1 << 18)]
    for event in sampled:
        assert any(
            place.low - fmpq(1, 1 << 30) <= event.t <= place.high + fmpq(1, 1 << 30)
            and abs(place.jump - event.jump) < fmpq(1, 1 << 20)
            for place in found.jumps
        )
    if name in ("box", "deepz"):
        assert not found.jumps
        assert all(place.left == place.value == place.right for place in found.places if place.exact)


def test_the_minimal_instances_exactly() -> None:
    lines = networks.minimal_lines()
    hbox = networks.jump_set(lines["hbox"], "hbox")
    (place,) = hbox.jumps
    assert (place.low, place.left, place.right, place.value) == (fmpq(1, 2), 3, 1, 1)
    assert place.jump == -2 and hbox.largest_degree == 1 and hbox.largest_slope == 1
    crown = networks.jump_set(lines["crown"], "crown")
    (place,) = crown.jumps
    # the lower bound of relu(x + b) is the negative: 0 from the left, -1 from the right
    assert (place.low, -place.left, -place.right) == (fmpq(1, 2), 0, -1)
    for name in ("box", "deepz"):
        for path in lines.values():
            assert not networks.jump_set(path, name).jumps


def test_jumps_of_crown_have_the_closed_form() -> None:
    """One hidden layer: as u = -l at a neuron below whose form is replaced, the bound changes by sum|r_i + a_i| - |r_i|.

    a is the contribution of that neuron to the row over the inputs with slope one, r the rest of the row.
    """
    seen = 0
    for seed in range(12):
        path = line(seed, (2, 3, 1))
        for place in networks.jump_set(path, "crown").jumps:
            if not place.exact:
                continue
            net, tiny = path.at(place.low), fmpq(1, 1 << 80)
            before, after = (
                bound_with_decisions(path.at(place.low + side * tiny), path.box, (1,), "crown")[1][0]
                for side in (-1, 1)
            )
            (j,) = [j for j, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
            (row,) = net.layers[1].weights
            weights, bias = net.layers[0].weights, net.layers[0].bias
            sizes = [sum((abs(w) for w in weights[k]), fmpq(0)) for k in range(3)]
            lower, upper = (
                [b - s for b, s in zip(bias, sizes, strict=True)],
                [b + s for b, s in zip(bias, sizes, strict=True)],
            )
            assert upper[j] == -lower[j] and row[j] < 0
            rest = [fmpq(0), fmpq(0)]
            for k in range(3):
                if k == j or before[k] == "dead":
                    continue
                if before[k] == "active" or (row[k] < 0 and before[k] == "unstable, steep below"):
                    slope = fmpq(1)
                elif row[k] > 0:
                    slope = upper[k] / (upper[k] - lower[k])
                else:
                    slope = fmpq(0)
                for i in range(2):
                    rest[i] += row[k] * slope * weights[k][i]
            added = [row[j] * weights[j][i] for i in range(2)]
            change = sum((abs(r + a) - abs(r) for r, a in zip(rest, added, strict=True)), fmpq(0))
            steeper = 1 if after[j] == "unstable, steep below" else -1
            assert place.jump == steeper * change
            seen += 1
    assert seen >= 3


def test_slopes_bound_the_difference_quotients(jumping: networks.JumpSet) -> None:
    for piece in jumping.pieces:
        ts = [piece.start + (piece.end - piece.start) * fmpq(k, 20) for k in range(21)]
        values = [piece.function.at(t) for t in ts]
        for a, b, x, y in zip(ts, ts[1:], values, values[1:], strict=False):
            assert abs((y - x) / (b - a)) <= piece.slope
    assert jumping.largest_slope == max(piece.slope for piece in jumping.pieces)


def test_certificates_survive_their_files(jumping: networks.JumpSet, tmp_path: Path) -> None:
    kinds = set()
    for certificate in jumping.certificates:
        again = certificate_from_text(certificate_to_text(certificate))
        assert again == certificate
        theorem = check(again)
        kinds.add(type(theorem.claim))
        assert "Theorem." in str(theorem)
    assert kinds == {RelaxationLimits, RelaxationPiece} or not any(place.exact for place in jumping.jumps)
    paths = jumping.save(tmp_path)
    assert len(paths) == len(jumping.certificates)
    with pytest.raises(ClaimError, match="exists"):
        jumping.save(tmp_path)


def _limits() -> dict[str, Any]:
    return data_of(networks.exact_limits(networks.minimal_lines()["hbox"], "hbox", "1/2"))


def _piece() -> dict[str, Any]:
    found = networks.jump_set(line(3, (2, 3, 1)), "crown")
    longest = max(found.pieces, key=lambda piece: piece.degree)
    return data_of(found.certificates[-len(found.pieces) + found.pieces.index(longest)])


@pytest.mark.parametrize("name", ["place", "left", "right", "value"])
def test_changed_limits_are_refused(name: str) -> None:
    data = _limits()
    check(certificate_from_data(data))
    for change in (fmpq(1, 1000), fmpq(-1)):
        changed = copy.deepcopy(data)
        changed["claim"][name] = str(fmpq(*map(int, (data["claim"][name] + "/1").split("/")[:2])) + change)
        with pytest.raises(BAD):
            check(certificate_from_data(changed))


def test_changed_pieces_are_refused() -> None:
    data = _piece()
    check(certificate_from_data(data))
    claim = data["claim"]
    number = lambda text: fmpq(*map(int, (text + "/1").split("/")[:2]))  # noqa: E731
    changes: list[tuple[str, Any]] = [
        ("start", str(number(claim["start"]) - fmpq(1, 8))),
        ("end", str(number(claim["end"]) + fmpq(1, 8))),
        ("slope", str(number(claim["slope"]) * fmpq(9, 10))),
        ("slope", "-1"),
        ("numerator", [*claim["numerator"], "1"]),
        ("denominator", ["2"]),
        ("method", "deepz"),
        ("method", "magic"),
    ]
    changes += [
        ("numerator", [str(number(c) + fmpq(int(i == k), 10**6)) for i, c in enumerate(claim["numerator"])])
        for k in range(len(claim["numerator"]))
    ]
    for name, value in changes:
        with pytest.raises(BAD):
            check(certificate_from_data({**data, "claim": {**claim, name: value}}))
    # a larger slope and a shorter piece are true, only weaker
    weaker = {**claim, "slope": str(number(claim["slope"]) + 1)}
    check(certificate_from_data({**data, "claim": weaker}))
    middle = str((number(claim["start"]) + number(claim["end"])) / 2)
    check(certificate_from_data({**data, "claim": {**claim, "end": middle}}))


def test_changed_networks_are_refused() -> None:
    """A weight of a neuron that matters, at either end of the line, changes the limits."""
    data = _limits()
    for end in ("first", "second"):
        for k, layer in enumerate(data["claim"][end]):
            for j, row in enumerate(layer["weights"]):
                for i in range(len(row)):
                    changed = copy.deepcopy(data)
                    changed["claim"][end][k]["weights"][j][i] = "1/3"
                    with pytest.raises(BAD):
                        check(certificate_from_data(changed))
    for path, value in ((("box", "upper"), ["2"]), (("objective",), ["2"]), (("objective",), ["1", "1"])):
        changed = copy.deepcopy(data)
        at = changed["claim"]
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        with pytest.raises(BAD):
            check(certificate_from_data(changed))


def test_malformed_files() -> None:
    data = _limits()
    for change in (
        {"proof": {"kind": "moving-evaluation", "extra": 1}},
        {"proof": {"kind": "network-point", "point": ["0"]}},
        {"claim": {**data["claim"], "left": 3}},
        {"claim": {**data["claim"], "left": "3.0"}},
        {"claim": {k: v for k, v in data["claim"].items() if k != "right"}},
        {"field": {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["1", "2"]}},
    ):
        with pytest.raises(BAD):
            check(certificate_from_data({**data, **change}))
    plain = certificate_from_data({**{k: v for k, v in data.items() if k != "proof"}, "multipliers": {}})
    with pytest.raises(BAD):
        check(plain)


def test_claims_hold_lines_of_the_kernel_only() -> None:
    """A class of one's own could compute another bound."""
    path = networks.minimal_lines()["hbox"]
    with pytest.raises(ClaimError, match="MovingNetwork"):
        RelaxationLimits(path, "hbox", fmpq(1, 2), fmpq(3), fmpq(1), fmpq(1))


def test_enclosures_that_reach_over_a_place() -> None:
    """sqrt(2)/2 just behind a place: the walk goes on after its enclosure."""
    roots = _Roots(fmpq(0), fmpq(1))
    polynomial = (fmpq(-1, 2), fmpq(0), fmpq(1))
    ((low, high),) = roots._zeros({polynomial})
    assert roots.enclosing({polynomial}, (low + high) / 2) == high
    assert roots.enclosing({polynomial}, low - fmpq(1, 1 << 70)) is None
    assert roots.next_after({polynomial}, fmpq(0)) == (low, high)
    assert roots.next_after({polynomial}, high) == (1, 1)


def test_lines_that_make_no_sense() -> None:
    one, two = networks.network([[[1], [1]], [[1, 1]]]), networks.network([[[1]], [[1]]])
    box = networks.box_around([0], 1)
    with pytest.raises(ClaimError, match="same widths"):
        MovingNetwork(one, two, box, (fmpq(1),))
    with pytest.raises(ClaimError, match="does not fit"):
        MovingNetwork(one, one, box, (fmpq(1), fmpq(1)))
    with pytest.raises(ClaimError, match="starts before"):
        networks.jump_set(networks.WeightLine(one, one, box, (1,)), "box", start=1, end=0)
    with pytest.raises(ClaimError, match="unknown relaxation"):
        networks.jump_set(networks.WeightLine(one, one, box, (1,)), "triangle")


def test_leaky_networks_agree_with_the_other_evaluation() -> None:
    from random_networks import leaky

    first, second = leaky((2, 4, 4, 1), 0), leaky((2, 4, 4, 1), 1)
    path = networks.WeightLine(first, second, networks.box_around([0, 0], 1), (1,))
    for name in MOVING_METHODS:
        for k in range(5):
            expected = bound_with_decisions(path.at(fmpq(k, 4)), path.box, (1,), name)[0]
            assert path.value(name, fmpq(k, 4)) == expected


def test_study_of_a_line() -> None:
    study = line_study(networks.minimal_lines()["hbox"], ("box", "hbox"))
    assert study.column("jumps") == (0, 1)
    assert study.column("largest jump") == (0, 2)
    assert len(study.curves) == 2


# ---- rational functions ------------------------------------------------------------------------------------

small = st.fractions(-3, 3, max_denominator=6).map(lambda f: fmpq(f.numerator, f.denominator))


@settings(max_examples=80, deadline=None)
@given(st.lists(small, min_size=1, max_size=5), small, st.integers(1, 3))
def test_isolated_roots(roots: list[fmpq], leading: fmpq, length: int) -> None:
    polynomial = fmpq_poly([leading or fmpq(1)])
    for root in roots:
        polynomial = polynomial * fmpq_poly([-root, 1])
    start, end = fmpq(-length), fmpq(length, 2)
    inside = sorted({root for root in roots if start < root < end})
    found = isolated_roots(polynomial, start, end)
    assert len(found) == len(inside)
    for (low, high), root in zip(found, inside, strict=True):
        assert low <= root <= high
    assert has_root_inside(polynomial, start, end) == bool(inside)


def test_signs_beside_a_place_and_on_intervals() -> None:
    t = fmpq_poly([0, 1])
    cube, square = RationalFunction(t * t * t), RationalFunction(t * t)
    assert [SideSigns(fmpq(0), side)(cube) for side in (-1, 1)] == [-1, 1]
    assert [SideSigns(fmpq(0), side)(square) for side in (-1, 1)] == [1, 1]
    assert SideSigns(fmpq(0), 1)(RationalFunction.constant(0)) == 0
    assert IntervalSigns(fmpq(0), fmpq(1))(cube) == 1
    with pytest.raises(CertificateError):
        IntervalSigns(fmpq(-1), fmpq(1))(square)  # touches zero inside
    irrational = RationalFunction(fmpq_poly([-2, 0, 1]))
    with pytest.raises(CertificateError):
        IntervalSigns(fmpq(1), fmpq(2))(irrational)
    assert IntervalSigns(fmpq(1), fmpq(7, 5))(irrational) == -1


@settings(max_examples=40, deadline=None)
@given(st.lists(small, min_size=2, max_size=4), st.lists(small, min_size=2, max_size=4), small)
def test_rational_functions_are_a_field(a: list[fmpq], b: list[fmpq], place: fmpq) -> None:
    f = RationalFunction(fmpq_poly(a), fmpq_poly([5, 1]))
    g = RationalFunction(fmpq_poly(b), fmpq_poly([7, 1]))
    assert (f + g).at(place) == f.at(place) + g.at(place)
    assert (f - g).at(place) == f.at(place) - g.at(place)
    assert (f * g).at(place) == f.at(place) * g.at(place)
    if g and g.at(place):
        assert (f / g).at(place) == f.at(place) / g.at(place)
    assert f.denominator.gcd(f.numerator).degree() <= 0
    step = fmpq(1, 10**9)
    quotient = (f.at(place + step) - f.at(place)) / step
    assert abs(quotient - f.derivative().at(place)) < fmpq(1, 10**4)


def test_lines_between_trained_looking_networks() -> None:
    """Weights with 53 bits: places are long rationals, and the certificates are checked all the same."""
    generator = np.random.default_rng(4)
    ends = [networks.network([generator.normal(size=(4, 3)), generator.normal(size=(1, 4))]) for _ in range(2)]
    path = networks.WeightLine(*ends, networks.box_around([0, 0, 0], 1), (1,))
    found = networks.jump_set(path, "hbox")
    for certificate in found.certificates:
        check(certificate)
    assert all(place.exact for place in found.places)
