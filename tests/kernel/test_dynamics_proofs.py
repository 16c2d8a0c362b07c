"""Identities, coverings, orbits and enclosures about networks: what is true is proved, every changed number is refused."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flint import ctx, fmpq

from pepkit.kernel import RATIONALS, CertificateError, ClaimError, FormatError, NumberField, check
from pepkit.kernel.angle_maps import CONSTANTS, AngleEnclosure, BallEvaluation, WideNetworkConstant
from pepkit.kernel.balanced_flow import MAX_DEPTH
from pepkit.kernel.descent_maps import CoveringGraph, DescentCovering, DescentOrbit, OrbitEvaluation, descent_map
from pepkit.kernel.effective_rank import EffectiveRank, GramEvaluation
from pepkit.kernel.files import certificate_from_data, certificate_from_text, certificate_to_data, certificate_to_text
from pepkit.kernel.linear_network_identities import IDENTITIES, Expansion, LinearNetworkIdentity
from pepkit.kernel.networks import Layer, Network

Q = fmpq
REFUSED = (CertificateError, ClaimError, FormatError)
ROOT = NumberField([-2, 0, 1], (1, 2))
HALF = ROOT.generator * Q(1, 2)


def horseshoe() -> CoveringGraph:
    intervals = ((Q(-11, 8), Q(-18, 25)), (Q(-13, 20), Q(13, 20)), (Q(18, 25), Q(11, 8)))
    return CoveringGraph(DescentCovering(RATIONALS, 2, Q(9, 4), intervals, 3))


def chebyshev() -> CoveringGraph:
    ends = (-ROOT.generator, -HALF, HALF, ROOT.generator)
    return CoveringGraph(DescentCovering(ROOT, 2, 2, tuple(pairwise(ends)), 3))


def golden() -> CoveringGraph:
    """Two branches of the horseshoe, with weights that are no constant."""
    intervals = ((Q(-13, 20), Q(13, 20)), (Q(18, 25), Q(11, 8)))
    return CoveringGraph(DescentCovering(RATIONALS, 2, Q(9, 4), intervals, Q(19, 10)), (Q(1), Q(10, 11)))


def orbit() -> OrbitEvaluation:
    return OrbitEvaluation(DescentOrbit(RATIONALS, 2, Q(2, 3), (2, -2)))


def angle() -> BallEvaluation:
    return BallEvaluation(AngleEnclosure("relu", 0, 0, 5, Q(7437329287, 10**10), Q(7437329288, 10**10)))


def residual() -> BallEvaluation:
    return BallEvaluation(AngleEnclosure("residual", Q(1, 2), Q(1, 3), 2, Q(1116163, 10**6), Q(1116164, 10**6)))


def rate() -> BallEvaluation:
    return BallEvaluation(WideNetworkConstant("finite-width-mean", 16, Q(-17364623, 10**8), Q(-17364622, 10**8)))


def fixed_point() -> BallEvaluation:
    return BallEvaluation(WideNetworkConstant("centred-fixed-point", Q(1, 10), Q(1123734, 10**8), Q(1123735, 10**8)))


def identity() -> Expansion:
    return Expansion(LinearNetworkIdentity("conserved", (2, 3, 2), 1))


def rank() -> GramEvaluation:
    """Outputs (1, 0), (3/2, 1): K = [[1, 3/2], [3/2, 13/4]], so (17/4)^2/(1 + 9/2 + 169/16)."""
    layers = Network((Layer(((1, 0), (0, 1)), (0, 0), (0, 0)), Layer(((1, Q(1, 2)), (0, 1)), (0, 0), (0, 0))))
    return GramEvaluation(EffectiveRank(layers, ((1, -1), (1, 1)), Q(289, 257), Q(289, 257)))


ALL = [rank, horseshoe, chebyshev, golden, orbit, angle, residual, rate, fixed_point, identity]


def residual_angle() -> float:
    r = 1 / 3
    for _ in range(2):
        r = (r + 0.5 * ((1 - r * r) ** 0.5 + r * (math.pi - math.acos(r))) / math.pi) / 1.5
    return math.acos(r)


def test_the_residual_angle_in_floats() -> None:
    assert 1.116163 < residual_angle() < 1.116164


@pytest.mark.parametrize("make", ALL)
def test_proved_and_kept(make: Callable[[], Any]) -> None:
    certificate = make()
    theorem = check(certificate)
    assert str(theorem).startswith("Theorem.") and theorem.checks
    text = certificate_to_text(certificate)
    again = certificate_from_text(text)
    assert certificate_to_text(again) == text and check(again).claim == certificate.claim


def test_precision_is_restored() -> None:
    before = ctx.prec
    check(angle())
    assert ctx.prec == before


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    result = copy.deepcopy(data)
    target = result
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("make", "path", "value"),
    [
        (rank, ("claim", "low"), "290/257"),
        (rank, ("claim", "high"), "288/257"),
        (rank, ("claim", "inputs", 0, 0), "2"),
        (rank, ("claim", "inputs", 1, 1), "2"),
        (rank, ("claim", "inputs", 1), ["1"]),
        (rank, ("claim", "inputs"), []),
        (rank, ("claim", "inputs"), [["-1", "-1"]]),
        (rank, ("claim", "network", 1, "weights", 0, 1), "1/3"),
        (rank, ("claim", "network", 0, "weights", 0, 0), "2"),
        (rank, ("proof", "kind"), "expansion"),
        (horseshoe, ("claim", "step"), "2"),
        (horseshoe, ("claim", "depth"), 3),
        (horseshoe, ("claim", "growth"), "301/100"),
        (horseshoe, ("claim", "growth"), "1"),
        (horseshoe, ("claim", "intervals", 0, 0), "-13/8"),
        (horseshoe, ("claim", "intervals", 0, 1), "-1"),
        (horseshoe, ("claim", "intervals", 1, 1), "1/2"),
        (horseshoe, ("claim", "intervals", 1, 1), "19/25"),
        (horseshoe, ("claim", "intervals", 2, 1), "7/4"),
        (horseshoe, ("claim", "intervals", 2, 1), "1/2"),
        (horseshoe, ("proof", "weights"), ["1", "1", "-1"]),
        (horseshoe, ("proof", "weights"), ["1", "1"]),
        (horseshoe, ("proof", "weights"), ["1", "1", "2"]),
        (chebyshev, ("claim", "step"), ["199/100"]),
        (chebyshev, ("claim", "intervals", 0, 1), ["0", "-51/100"]),
        (chebyshev, ("claim", "growth"), ["7/2"]),
        (golden, ("proof", "weights"), ["1", "1/2"]),
        (golden, ("claim", "growth"), "2"),
        (orbit, ("claim", "points", 0), "1"),
        (orbit, ("claim", "points"), ["2", "-2", "2", "-2"]),
        (orbit, ("claim", "points"), []),
        (orbit, ("claim", "step"), "3/4"),
        (orbit, ("claim", "step"), "-2/3"),
        (orbit, ("claim", "depth"), 4),
        (orbit, ("proof", "more"), "1"),
        (angle, ("claim", "low"), "7437329288/10000000000"),
        (angle, ("claim", "low"), "3718664644/5000000000"),
        (angle, ("claim", "low"), "929666161/1250000000"),
        (angle, ("claim", "high"), "7437329287/10000000000"),
        (angle, ("claim", "layers"), 6),
        (angle, ("claim", "layers"), 4),
        (angle, ("claim", "correlation"), "1/1000000"),
        (angle, ("claim", "correlation"), "1"),
        (angle, ("claim", "map"), "residual"),
        (angle, ("claim", "strength"), "1/100"),
        (residual, ("claim", "strength"), "1/3"),
        (residual, ("claim", "map"), "relu"),
        (residual, ("claim", "map"), "unknown"),
        (rate, ("claim", "parameter"), "17"),
        (rate, ("claim", "parameter"), "33/2"),
        (rate, ("claim", "constant"), "finite-width-variance"),
        (rate, ("claim", "high"), "-17364623/100000000"),
        (fixed_point, ("claim", "parameter"), "101/1000"),
        (fixed_point, ("claim", "parameter"), "1"),
        (fixed_point, ("claim", "low"), "1123736/100000000"),
        (fixed_point, ("claim", "low"), "224747/20000000"),
        (fixed_point, ("claim", "high"), "561867/50000000"),
        (fixed_point, ("claim", "low"), "0"),
        (identity, ("claim", "identity"), "unheard-of"),
        (identity, ("claim", "widths"), [2, 0, 2]),
        (identity, ("claim", "widths"), [2, 2]),
        (identity, ("claim", "widths"), [40, 40, 40]),
        (identity, ("claim", "samples"), 0),
        (identity, ("proof", "kind"), "ball-evaluation"),
        (identity, ("proof", "kind"), "covering-graph"),
        (angle, ("proof", "kind"), "expansion"),
        (orbit, ("proof", "kind"), "expansion"),
        (horseshoe, ("proof", "kind"), "orbit-evaluation"),
    ],
)  # fmt: skip
def test_changed_files_are_refused(make: Callable[[], Any], path: tuple[Any, ...], value: Any) -> None:
    data = changed(certificate_to_data(make()), path, value)
    with pytest.raises(REFUSED):
        check(certificate_from_data(data))


def test_every_identity_for_several_shapes() -> None:
    for name in IDENTITIES:
        shapes = [((2, 2, 2), 2), ((2, 2, 2, 2), 2)]
        shapes += [] if name == "balanced-flow" else [((3, 1, 2), 2), ((1, 2, 1, 2), 1)]
        for widths, samples in shapes:
            assert check(Expansion(LinearNetworkIdentity(name, widths, samples))).checks


def test_a_wrong_formula_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from pepkit.kernel import linear_network_identities as module

    right = module._Network.__init__

    def wrong(self: Any, claim: Any) -> None:
        right(self, claim)
        # half a gradient in one layer
        self.gradients[0] = [[a * Q(1, 2) for a in row] for row in self.gradients[0]]

    monkeypatch.setattr(module._Network, "__init__", wrong)
    for name in ("gradient", "conserved", "energy", "descent-drift"):
        with pytest.raises(CertificateError):
            check(Expansion(LinearNetworkIdentity(name, (2, 2, 2), 2)))


@pytest.mark.parametrize("wrong", range(4))
def test_a_wrong_closed_equation_would_be_noticed(monkeypatch: pytest.MonkeyPatch, wrong: int) -> None:
    from pepkit.kernel import linear_network_identities as module

    right = module._closed_equations

    def changed_sign(*data: Any) -> tuple[Any, ...]:
        return tuple(-value if k == wrong else value for k, value in enumerate(right(*data)))

    monkeypatch.setattr(module, "_closed_equations", changed_sign)
    with pytest.raises(CertificateError, match="closed equations is not zero"):
        check(Expansion(LinearNetworkIdentity("balanced-flow", (2, 2, 2), 2)))


@pytest.mark.parametrize("depth", range(2, 7))
def test_closed_equations_for_every_depth_of_trajectories(depth: int) -> None:
    assert depth <= MAX_DEPTH
    assert check(Expansion(LinearNetworkIdentity("balanced-flow", (2,) * (depth + 1), 2)))


@pytest.mark.parametrize(("widths", "samples"), [((2,) * (MAX_DEPTH + 2), 2), ((2, 2, 2), 1), ((2, 3, 2), 2)])
def test_other_shapes_have_no_closed_equations(widths: tuple[int, ...], samples: int) -> None:
    with pytest.raises(ClaimError, match="2 x 2 matrices"):
        LinearNetworkIdentity("balanced-flow", widths, samples)


def test_inputs_that_are_seen_move_the_last_column() -> None:
    from pepkit.kernel import linear_network_identities as module

    with pytest.raises(CertificateError, match="last column"):
        module._Network(LinearNetworkIdentity("gradient", (2, 2, 2), 1)).verify("unseen-inputs")


def test_descent_map_is_descent() -> None:
    # layers x = y = 3/2 of (xy - 1)^2/2: gradient (xy - 1) y
    assert descent_map(2, Q(1, 5), Q(3, 2)) == Q(3, 2) - Q(1, 5) * (Q(9, 4) - 1) * Q(3, 2)
    for depth in (2, 3, 5):
        claim = DescentOrbit(RATIONALS, depth, Q(1, 7), (Q(5, 4),))
        x, e = Q(5, 4), Q(1, 10**9)
        slope = (descent_map(depth, Q(1, 7), x + e) - descent_map(depth, Q(1, 7), x - e)) / (2 * e)
        assert abs(slope - claim.multiplier()) < Q(1, 10**12)


def test_constants_in_floats() -> None:
    values = {"angle-coefficient": 1 / (3 * math.pi), "centred-slope-zero": 0.5 / (1 - 1 / math.pi),
              "centred-slope-one": 1 / (1 - 1 / math.pi), "centred-gain": math.sqrt(2 / (1 - 1 / math.pi))}  # fmt: skip
    for name, value in values.items():
        middle, width = Q(*value.as_integer_ratio()), Q(1, 10**14)
        assert check(BallEvaluation(WideNetworkConstant(name, 0, middle - width, middle + width)))
        with pytest.raises(CertificateError):
            check(BallEvaluation(WideNetworkConstant(name, 0, middle + width, middle + 2 * width)))
    assert set(values) < set(CONSTANTS)


def test_deep_angles_need_no_more_precision() -> None:
    """A thousand layers: 3 pi/l is 1.5% off, and the enclosure is as narrow as for one layer."""
    low = Q(92876307615829, 10**16)
    assert check(BallEvaluation(AngleEnclosure("relu", 0, 0, 1000, low, low + Q(2, 10**16))))
    with pytest.raises(CertificateError, match="larger"):
        check(BallEvaluation(AngleEnclosure("relu", 0, 0, 1000, low - Q(2, 10**16), low)))
