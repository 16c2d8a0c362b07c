"""Forged certificates of the laboratories: false claims, each with the proof that comes nearest to it, are refused."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from flint import ctx, fmpq
from helpers.forgeries import REFUSED, accepted
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import RATIONALS, CertificateError, ClaimError, RadicalField, check
from pepkit.kernel.angle_maps import AngleEnclosure, BallEvaluation, WideNetworkConstant
from pepkit.kernel.balanced_flow import BalancedTrajectory, TaylorEnclosure
from pepkit.kernel.descent_maps import CoveringGraph, DescentCovering, DescentOrbit, OrbitEvaluation
from pepkit.kernel.effective_rank import EffectiveRank, GramEvaluation
from pepkit.kernel.facts import between_text
from pepkit.kernel.linear_network_identities import Expansion, LinearNetworkIdentity
from pepkit.kernel.networks import Layer, Network
from pepkit.kernel.random_injectivity import (
    InjectivityProbability,
    InjectivityThreshold,
    SignChange,
    SignCount,
    sign_symmetric_probability,
)

Q = fmpq
HALF, QUARTER = Q(1, 2), Q(1, 4)


def exact(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


# ---- the words of a theorem ----


@settings(max_examples=60, deadline=None)
@given(st.fractions(), st.fractions(min_value=0), st.integers(-40, 40), st.integers(1, 30))
def test_printed_ends_enclose(low: Fraction, width: Fraction, exponent: int, digits: int) -> None:
    scale = Fraction(10) ** exponent
    ends = low * scale, (low + width) * scale
    shown = [Fraction(text) for text in between_text(*(Q(a.numerator, a.denominator) for a in ends), digits)]
    assert shown[0] <= ends[0] and ends[1] <= shown[1]
    for a, b in zip(shown, ends, strict=True):
        assert abs(a - b) <= abs(b) * Fraction(10) ** (1 - digits)


@pytest.mark.parametrize(
    ("low", "high", "digits", "shown"),
    [
        (Q(9999), Q(9999), 3, ("9.99e3", "1e4")),
        (Q(-9999), Q(-9999), 3, ("-1e4", "-9.99e3")),
        (Q(1, 3), Q(2, 3), 2, ("0.33", "0.67")),
        (Q(0), Q(10), 2, ("0", "10")),
        (-Q(1, 3 * 10**7), Q(1, 3 * 10**7), 2, ("-3.4e-8", "3.4e-8")),
        (Q(10**6000 - 1), Q(10**6000 + 1), 5, ("9.9999e5999", "1.0001e6000")),
        (1 / Q(10**6000 + 1), 1 / Q(10**6000 - 1), 5, ("9.9999e-6001", "1.0001e-6000")),
    ],
)
def test_printed_ends_at_powers_of_ten(low: fmpq, high: fmpq, digits: int, shown: tuple[str, str]) -> None:
    assert between_text(low, high, digits) == shown


ONE = Layer(((Q(1),),), (Q(0),))
IDENTITY = Network((Layer(((1, 0), (0, 1)), (0, 0)),))


def skew_rank(low: fmpq, high: fmpq) -> GramEvaluation:
    # outputs (1, 0), (1, 1): K = [[1, 1], [1, 2]], 9/7
    return GramEvaluation(EffectiveRank(IDENTITY, ((1, 0), (1, 1)), low, high))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.fractions(-5, 5), st.fractions(-5, 5)), min_size=1, max_size=5))
def test_effective_ranks_by_fractions(outputs: list[tuple[Fraction, Fraction]]) -> None:
    inputs = tuple((Q(a.numerator, a.denominator), Q(b.numerator, b.denominator)) for a, b in outputs)
    gram = [[a * c + b * d for c, d in outputs] for a, b in outputs]
    trace, square = sum(gram[i][i] for i in range(len(gram))), sum(a * a for row in gram for a in row)
    claim = EffectiveRank(IDENTITY, inputs, 0, 9)
    if not square:
        with pytest.raises(ClaimError, match="vanish"):
            claim.value()
    else:
        assert exact(claim.value()) == trace**2 / square


def third_of_pi(low: fmpq, high: fmpq) -> BallEvaluation:
    return BallEvaluation(AngleEnclosure("relu", 0, Q(1, 2), 0, low, high))


def rest_point(low: fmpq, high: fmpq) -> TaylorEnclosure:
    # the flow starts in its rest point diag(1, 1/9)
    claim = BalancedTrajectory(2, (Q(1), Q(1, 9)), (Q(1), Q(1, 3), Q(0), Q(0)), (Q(0), Q(1, 4)), ((low, high),) * 2)
    return TaylorEnclosure(claim, Q(1, 32), 16, 256)


PI = Q(31415926535897932384626433832795028841971, 10**40)
TINY = Q(1, 10**39)


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (lambda: skew_rank(Q(9, 7), Q(9, 7)), Q(9, 7)),
        (lambda: third_of_pi(PI / 3 - TINY, PI / 3 + TINY), PI / 3),
        (lambda: rest_point(Q(1, 9) - TINY, Q(1, 9) + TINY), Q(1, 9)),
        (lambda: BallEvaluation(WideNetworkConstant("angle-coefficient", 0, 1 / (3 * PI) - TINY, 1 / (3 * PI) + TINY)),
         1 / (3 * PI)),
    ],
)  # fmt: skip
def test_the_printed_interval_contains_the_number(make: Callable[[], Any], value: fmpq) -> None:
    """Ends that agree in all printed digits: rounded to nearest, the interval would be a wrong number."""
    text = str(accepted(make))
    found = re.findall(r"(?:between |Between |\[)(-?\d+\.?\d*)(?: and |, )(-?\d+\.?\d*)", text)
    assert found
    for low, high in found:
        assert Fraction(low) < exact(value) < Fraction(high)


# ---- angles and constants ----


def angle(correlation: Any, layers: int, low: Any, high: Any, name: str = "relu", strength: Any = 0) -> BallEvaluation:
    return BallEvaluation(AngleEnclosure(name, strength, correlation, layers, low, high))


def constant(name: str, parameter: Any, low: Any, high: Any) -> BallEvaluation:
    return BallEvaluation(WideNetworkConstant(name, parameter, low, high))


NEAR_ONE = 1 - Q(1, 10**2500)
LOG2 = Q(69314718055994530941723, 10**23)


@pytest.mark.parametrize(
    "make",
    [
        # balls that leave [-1, 1] have no arccos: undecided must not count as inside
        lambda: angle(-NEAR_ONE, 0, 0, 3),
        lambda: angle(-NEAR_ONE, 0, Q(31, 10), Q(314159265, 10**8)),
        lambda: angle(-NEAR_ONE, 1, Q(157079, 10**5), Q(157080, 10**5) - Q(1, 10**3)),
        lambda: angle(NEAR_ONE, 0, Q(1, 10), 1),
        lambda: angle(NEAR_ONE, 50, Q(1, 100), 1, "centred", 1),
        # no rational number is pi/2
        lambda: angle(0, 0, PI / 2, PI / 2),
        lambda: angle(0, 0, PI / 2 + TINY, PI),
        lambda: angle(0, 0, 2, 1),
        lambda: angle(1, 0, 0, 0),
        lambda: angle(-1, 1, 1, 2),
        lambda: angle(0, 1, 0, 1, "centred", 1),
        lambda: angle(0, 3, Q(1), 2, "residual", Q(-1, 2)),
        lambda: angle(0, -1, 1, 2),
        lambda: constant("finite-width-mean", 2, -2 * LOG2 + Q(1, 10**20), 0),
        lambda: constant("finite-width-mean", 1, -2, 0),
        lambda: constant("finite-width-mean", Q(5, 2), -2, 0),
        # width 2: only k = 2, psi'(1/2) + psi'(1) = 2 pi^2/3
        lambda: constant("finite-width-variance", 2, 0, 2 * PI * PI / 3 - Q(1, 10**20)),
        # 1 is a fixed point of the map too, but not the stable one
        lambda: constant("centred-fixed-point", Q(1, 2), Q(1, 10**60), Q(1, 10**50)),
        lambda: constant("centred-fixed-point", Q(1, 2), Q(9, 10), 1),
        lambda: constant("centred-fixed-point", 0, Q(1, 10), Q(9, 10)),
        lambda: constant("angle-coefficient", 1, 0, 1),
    ],
)
def test_false_enclosures(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(make())


def test_true_enclosures_of_the_same_numbers() -> None:
    accepted(lambda: angle(0, 0, PI / 2 - TINY, PI / 2 + TINY))
    accepted(lambda: constant("finite-width-mean", 2, -2 * LOG2 - Q(1, 10**20), -2 * LOG2 + Q(1, 10**20)))
    accepted(lambda: constant("finite-width-variance", 2, 2 * PI * PI / 3 - TINY * 100, 2 * PI * PI / 3 + TINY * 100))


def test_the_precision_of_the_caller_decides_nothing() -> None:
    before = ctx.prec
    try:
        for bits in (2, 53, 4000):
            ctx.prec = bits
            check(third_of_pi(PI / 3 - TINY, PI / 3 + TINY))
            check(rest_point(Q(1, 9) - TINY, Q(1, 9) + TINY))
            with pytest.raises(CertificateError):
                check(third_of_pi(PI / 3 + TINY, PI / 3 + 2 * TINY))
            with pytest.raises(CertificateError):
                check(rest_point(Q(1, 9) + TINY, Q(1, 9) + 2 * TINY))
            assert ctx.prec == bits
    finally:
        ctx.prec = before


# ---- trajectories ----


def straight(depth: int, low: fmpq, high: fmpq, time: fmpq = HALF, **settings: Any) -> TaylorEnclosure:
    """All matrices diagonal: for two layers u = q^2 obeys u' = 2 u (s - u)."""
    claim = BalancedTrajectory(depth, (Q(1), Q(1, 2)), (Q(1), Q(1, 2), Q(0), Q(0)), (time,), ((low, high),))
    return TaylorEnclosure(claim, **{"step": Q(1, 16), "order": 12, "bits": 128, **settings})


def test_a_trajectory_that_is_known_in_closed_form() -> None:
    value = 0.5 / (1 + (0.5 / 0.25 - 1) * math.exp(-0.5))
    middle, width = Q(*value.as_integer_ratio()), Q(1, 10**9)
    accepted(lambda: straight(2, middle - width, middle + width))
    for low, high in ((middle + width, Q(1)), (Q(0), middle - width)):
        with pytest.raises(CertificateError, match="not certainly between"):
            check(straight(2, low, high))


@pytest.mark.parametrize(
    "make",
    [
        lambda: straight(2, Q(0), Q(1), step=Q(0)),
        lambda: straight(2, Q(0), Q(1), step=Q(-1, 16)),
        lambda: straight(2, Q(0), Q(1), step=Q(1, 3)),
        lambda: straight(2, Q(0), Q(1), step=Q(1, 4096)),
        lambda: straight(2, Q(0), Q(1), time=Q(10**30), step=Q(10**30)),
        lambda: straight(2, Q(0), Q(1), order=0),
        lambda: straight(2, Q(0), Q(1), bits=2),
        lambda: straight(2, Q(1, 4), Q(1, 4)),
        lambda: straight(7, Q(0), Q(1)),
        lambda: straight(1, Q(0), Q(1)),
        # at time 0 the value is 1/4 exactly
        lambda: straight(2, Q(1, 4) + TINY, Q(1), time=Q(0)),
        lambda: straight(2, Q(0), Q(1, 4) - TINY, time=Q(0)),
    ],
)
def test_false_trajectories(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(make())


# ---- maps of the line ----

STEP = Q(9, 4)
ENDS = ((Q(-11, 8), Q(-18, 25)), (Q(-13, 20), Q(13, 20)), (Q(18, 25), Q(11, 8)))


def covering(intervals: Any = ENDS, growth: Any = 3, step: Any = STEP, depth: int = 2, weights: Any = ()) -> Any:
    return CoveringGraph(DescentCovering(RATIONALS, depth, step, tuple(intervals), growth), weights)


@pytest.mark.parametrize(
    "make",
    [
        lambda: covering(ENDS[::-1]),
        lambda: covering((ENDS[0], ENDS[0], ENDS[1], ENDS[2]), growth=4),
        lambda: covering(((Q(-11, 8), Q(0)), (Q(-13, 20), Q(13, 20)), ENDS[2])),
        lambda: covering(tuple((b, a) for a, b in ENDS)),
        lambda: covering(((Q(-1), Q(-1)), *ENDS[1:])),
        lambda: covering(ENDS, growth=Q(3) + TINY),
        lambda: covering(ENDS, growth=1),
        lambda: covering(ENDS, growth=-1),
        lambda: covering(ENDS, step=0),
        lambda: covering(ENDS, depth=1),
        lambda: covering((), growth=2),
        lambda: covering(ENDS[:2], growth=3),
        lambda: covering(weights=(0, 0, 0)),
        lambda: covering(weights=(Q(-1), Q(-1), Q(-1))),
        lambda: covering(growth=4, weights=(1, 1, 1, 1)),
        lambda: covering(growth=Q(31, 10), weights=(1, 10**9, 1)),
    ],
)
def test_false_coverings(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(make())
    accepted(covering)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-30, 30), min_size=4, max_size=12, unique=True), st.integers(1, 40), st.integers(2, 4))
def test_covers_are_those_of_every_pair(places: list[int], step: int, depth: int) -> None:
    ends = sorted(Q(place, 20) for place in places)
    intervals = list(zip(ends[::2], ends[1::2], strict=False))
    claim = DescentCovering(RATIONALS, depth, Q(step, 10), tuple(intervals), 2)

    def image(x: fmpq) -> fmpq:
        return x - Q(step, 10) * (x**depth - 1) * x ** (depth - 1)

    expected = [
        [min(image(a), image(b)) <= c and d <= max(image(a), image(b)) for c, d in intervals] for a, b in intervals
    ]
    assert claim.covers() == expected


def test_one_point_in_two_spellings_is_no_cycle() -> None:
    field = RadicalField([("sqrt", "2"), ("sqrt", "3"), ("*", 0, 1), ("sqrt", "6"), ("sqrt", "4")])
    for points in ((field.nodes[2], field.nodes[3]), (field.nodes[2],), (field.coerce(1), field.coerce(1))):
        with pytest.raises(CertificateError):
            check(OrbitEvaluation(DescentOrbit(field, 2, Q(1, 3), points)))
    # the multiplier 1 - 2 step is -1, which enclosures do not see: the theorem says nothing about it then
    field = RadicalField([("sqrt", "2"), ("sqrt", "1/2"), ("*", 0, 1)])
    text = str(accepted(lambda: OrbitEvaluation(DescentOrbit(field, 2, field.nodes[2], (field.coerce(1),)))))
    assert "periodic with period 1" in text and "within equal layers" not in text


@pytest.mark.parametrize(
    "make",
    [
        lambda: DescentOrbit(RATIONALS, 2, Q(2, 3), (2, -2, 2, -2)),
        lambda: DescentOrbit(RATIONALS, 2, Q(2, 3), (2,)),
        lambda: DescentOrbit(RATIONALS, 2, Q(2, 3), (1, 1)),
        lambda: DescentOrbit(RATIONALS, 2, Q(2, 3), (0, 1)),
        lambda: DescentOrbit(RATIONALS, 2, Q(0), (5,)),
        lambda: DescentOrbit(RATIONALS, 2, Q(2, 3), ()),
    ],
)
def test_false_orbits(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(OrbitEvaluation(make()))


# ---- roots of polynomials ----


@pytest.mark.parametrize("precision", [64, 512])
@pytest.mark.parametrize("low", ["0", "1", "1/1" + "0" * 100])
@pytest.mark.parametrize("high", ["2", "5/2", "1" + "0" * 100])
@pytest.mark.parametrize("sign", [1, -1])
def test_roots_from_wide_intervals(precision: int, low: str, high: str, sign: int) -> None:
    """The root 5/4 of +-(x^3 + x - 205/64), also the middle of its interval, its mirror image, and the root 0."""
    middle = 5 << precision - 2
    node = RadicalField([("root", low, high, f"{-205 * sign}/64", str(sign), "0", str(sign))], precision).nodes[0]
    assert middle - 2 <= node.low <= middle <= node.high <= middle + 2
    mirrored = "-" + high, low if low == "0" else "-" + low
    node = RadicalField([("root", *mirrored, f"{205 * sign}/64", str(sign), "0", str(sign))], precision).nodes[0]
    assert -middle - 2 <= node.low <= -middle <= node.high <= 2 - middle
    node = RadicalField([("root", "-" + high, high, "0", str(sign))], precision).nodes[0]
    assert -2 <= node.low <= 0 <= node.high <= 2


def test_roots_with_coefficients_in_intervals() -> None:
    # (x - c)(x + 2) with c = sqrt(2): the enclosure of the root is about as wide as that of c
    program = [("sqrt", "2"), ("*", "-2", 0), ("-", "2", 0), ("root", "0", "100", 1, 2, "1")]
    field = RadicalField(program, 1024)
    c, root = field.nodes[0], field.nodes[3]
    assert root.low <= c.high and c.low <= root.high and root.high - root.low <= 16


# ---- random layers ----


def brute_probability(rows: int) -> Fraction:
    """By all sign sequences, for lines at equal angles: at least two active rows in every direction."""
    good = 0
    for signs in itertools.product((0, 1), repeat=rows):
        # row i has the angle i steps of pi/rows, plus pi for the other sign; directions half a step beside them
        places = [i + rows * s for i, s in enumerate(signs)]
        good += all(
            sum((2 * p - direction + rows) % (4 * rows) < 2 * rows for p in places) >= 2
            for direction in range(1 - rows % 2, 4 * rows, 2)
        )
    return Fraction(good, 2**rows)


@pytest.mark.parametrize("rows", range(1, 9))
def test_probabilities_by_counting(rows: int) -> None:
    assert exact(sign_symmetric_probability(2, rows)) == brute_probability(rows)
    assert exact(sign_symmetric_probability(1, rows)) == 1 - Fraction(2, 2**rows)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SignCount(InjectivityProbability(2, 5, Q(1, 8))),
        lambda: SignCount(InjectivityProbability(2, 3, Q(1, 4))),
        lambda: SignCount(InjectivityProbability(2, 4, Q(1, 16))),
        lambda: SignCount(InjectivityProbability(1, 1, Q(1))),
        lambda: SignCount(InjectivityProbability(3, 9, HALF)),
        lambda: SignCount(InjectivityProbability(1, 0, Q(-1))),
        lambda: SignCount(InjectivityProbability(2, 10_001, Q(1))),
        # both points on one side of the zero, swapped, equal, outside the domain
        lambda: SignChange(InjectivityThreshold("mean-direction", 1, 10), Q(1, 10), Q(1, 5)),
        lambda: SignChange(InjectivityThreshold("mean-direction", 1, 10), Q(9, 10), Q(1, 2)),
        lambda: SignChange(InjectivityThreshold("mean-direction", 1, 10), HALF, HALF),
        lambda: SignChange(InjectivityThreshold("mean-direction", 0, 10**9), Q(0), Q(9, 10)),
        lambda: SignChange(InjectivityThreshold("mean-direction", 0, 10**9), HALF, Q(1)),
        lambda: SignChange(InjectivityThreshold("cell-union", 1, 100), Q(2, 5), Q(9, 20)),
        lambda: SignChange(InjectivityThreshold("cell-union", 1, 100), Q(1, 10), Q(9, 10)),
        lambda: SignChange(InjectivityThreshold("gordon", 1, 10**6), Q(-1), Q(3)),
        lambda: SignChange(InjectivityThreshold("gordon", 1, 10**6), Q(3), Q(4)),
        lambda: SignChange(InjectivityThreshold("gordon", 1, 10**6), Q(1), Q(9)),
        # 3.402.., 9.089.., 8.34..
        lambda: SignChange(InjectivityThreshold("mean-direction", Q(341, 100), 100), Q(1, 100), Q(99, 100)),
        lambda: SignChange(InjectivityThreshold("mean-direction", 1, Q(340, 100)), Q(54, 100), Q(55, 100)),
        lambda: SignChange(InjectivityThreshold("mean-direction", 1, Q(1, 2)), Q(54, 100), Q(55, 100)),
    ],
)
def test_false_claims_about_random_layers(make: Callable[[], Any]) -> None:
    with pytest.raises(REFUSED):
        check(make())


def test_thresholds_of_coarse_points() -> None:
    accepted(
        lambda: SignChange(InjectivityThreshold("mean-direction", Q(330, 100), Q(343, 100)), Q(54, 100), Q(55, 100))
    )


# ---- work ----


def shifted_rank() -> GramEvaluation:
    inputs = tuple((Q(1, 10**5900 + 2 * k + 1),) for k in range(64))
    return GramEvaluation(EffectiveRank(Network((ONE,)), inputs, 1, 64))


def long_covering() -> CoveringGraph:
    intervals = tuple((Q(k) + Q(1, 10**5900 + 1), Q(k + 1)) for k in range(64))
    return covering(intervals, growth=2, depth=64)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Expansion(LinearNetworkIdentity("conserved", (1,) * 5000, 1)),
        lambda: Expansion(LinearNetworkIdentity("conserved", (999_999_999,) * 100_000, 1)),
        shifted_rank,
        long_covering,
        lambda: OrbitEvaluation(DescentOrbit(RATIONALS, 64, 1, (Q(1, 10**5900 + 1),))),
    ],
)
def test_small_files_do_not_ask_for_hours(make: Callable[[], Any]) -> None:
    with pytest.raises(ClaimError):
        check(make())
