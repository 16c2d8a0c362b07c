"""Rigorous trajectories of balanced networks: against the floating integrator, and with every kind of change refused."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from flint import ctx, fmpq
from scipy.integrate import solve_ivp

from pepkit.kernel import CertificateError, ClaimError, FormatError, check
from pepkit.kernel.balanced_flow import BalancedTrajectory, TaylorEnclosure
from pepkit.kernel.files import certificate_from_data, certificate_from_text, certificate_to_data, certificate_to_text
from pepkit.labs.deep_linear import TURNING
from pepkit.labs.enclosing import trajectory_certificate
from pepkit.simulate.deep_linear import closed_equations

Q = fmpq
REFUSED = (CertificateError, ClaimError, FormatError)
TARGET = (Q(1), Q(1, 2))
START = TURNING[2][0]
TIMES = (Q(0), Q(7, 32), Q(23, 32))


def small() -> TaylorEnclosure:
    return trajectory_certificate(2, TARGET, START, TIMES, step=Q(1, 64), order=12, bits=128)


DATA = certificate_to_data(small())


def number(a: fmpq) -> float:
    return int(a.p) / int(a.q)


@pytest.mark.parametrize("depth", [2, 3, 4, 6])
def test_against_the_floating_integrator(depth: int) -> None:
    start = TURNING.get(depth, TURNING[4])[0]
    times = (Q(1, 4), Q(1, 2))
    claim = trajectory_certificate(depth, TARGET, start, times, order=10, bits=128, digits=6).claim
    p, q, phi, psi = map(number, start)
    run = solve_ivp(
        lambda _, y: closed_equations(y.reshape(4, 1), (1.0, 0.5), depth).reshape(-1), (0, 0.5),
        np.array([p**depth, q**depth, phi, psi]), rtol=1e-11, atol=1e-13, t_eval=[0.25, 0.5],
    )  # fmt: skip
    for value, (low, high) in zip(run.y[1], claim.bounds, strict=True):
        assert number(low) - 1e-8 <= value <= number(high) + 1e-8
        assert number(high - low) < 1e-3


def test_three_turns_are_proved() -> None:
    start, times = TURNING[2]
    certificate = trajectory_certificate(2, TARGET, start, tuple(Q(t, 32) for t in times), step=Q(1, 64))
    theorem = check(certificate)
    assert certificate.claim.changes() == 3
    assert "changes direction at least 3 times" in str(theorem) and "keeps the singular values of W apart" in str(
        theorem
    )


def test_files_and_precision() -> None:
    certificate = small()
    before = ctx.prec
    again = certificate_from_text(certificate_to_text(certificate))
    assert again == certificate and check(again).claim == certificate.claim and ctx.prec == before
    with pytest.raises(CertificateError):
        check(TaylorEnclosure(certificate.claim, Q(7, 32), 12, 128))
    assert ctx.prec == before


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(DATA)
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("claim", "depth"), 3), (("claim", "depth"), 1), (("claim", "depth"), 7),
        (("claim", "target", 0), "1001/1000"), (("claim", "target", 1), "501/1000"), (("claim", "target"), ["1"]),
        (("claim", "start", 0), "107/100"), (("claim", "start", 0), "133/200"), (("claim", "start", 1), "134/200"),
        (("claim", "start", 1), "0"), (("claim", "start", 2), "104/100"), (("claim", "start", 3), "131/50"),
        (("claim", "start"), ["1", "1/2", "0"]),
        (("claim", "times", 1), "1/4"), (("claim", "times", 1), "0"), (("claim", "times", 0), "-1/64"),
        (("claim", "times", 2), "47/64"), (("claim", "times", 2), "1/7"), (("claim", "times"), []),
        (("claim", "bounds", 1, 0), "43/100"), (("claim", "bounds", 1, 1), "42/100"),
        (("claim", "bounds", 2), ["1/2", "2/5"]), (("claim", "bounds"), [["0", "1"]]),
        (("claim", "extra"), 1),
        (("proof", "step"), "1/7"), (("proof", "step"), "0"), (("proof", "step"), "-1/64"),
        (("proof", "step"), "1/65536"), (("proof", "order"), 0), (("proof", "order"), 1), (("proof", "order"), 33),
        (("proof", "order"), "12"), (("proof", "bits"), 8), (("proof", "bits"), 1 << 20),
        (("proof", "kind"), "ball-evaluation"), (("proof", "extra"), 1),
    ],
)  # fmt: skip
def test_changes_are_refused(path: tuple[Any, ...], value: Any) -> None:
    check(certificate_from_data(DATA))
    with pytest.raises(REFUSED):
        check(certificate_from_data(changed(path, value)))


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("side", range(2))
def test_bounds_are_sharp_to_their_digits(index: int, side: int) -> None:
    """A bound moved inwards by two units of its last digit is refused, outwards accepted."""
    shift = Q(2 if side == 0 else -2, 10**8)
    value = Q(*map(int, (DATA["claim"]["bounds"][index][side] + "/1").split("/")[:2]))
    with pytest.raises(REFUSED):
        check(certificate_from_data(changed(("claim", "bounds", index, side), str(value + shift))))
    check(certificate_from_data(changed(("claim", "bounds", index, side), str(value - shift))))


def test_singular_values_that_meet_are_no_trajectory() -> None:
    start = (Q(1), Q(999, 1000), Q(1), Q(-1, 3))
    claim = BalancedTrajectory(2, (Q(1), Q(1)), start, (Q(1),), ((Q(0), Q(2)),))
    with pytest.raises(CertificateError, match="too long, or singular values meet"):
        check(TaylorEnclosure(claim, Q(1, 16), 8, 128))
    with pytest.raises(ClaimError, match="p > q > 0"):
        BalancedTrajectory(2, TARGET, (Q(1), Q(1), Q(0), Q(1)), (Q(1),), ((Q(0), Q(2)),))


def test_a_claim_without_changes_says_nothing_about_them() -> None:
    claim = BalancedTrajectory(2, TARGET, START, TIMES, ((Q(0), Q(1)),) * 3)
    assert claim.changes() == 0 and "direction" not in str(claim)
    wide = BalancedTrajectory(2, TARGET, START, TIMES, ((Q(0), Q(1, 2)), (Q(2, 5), Q(3, 5)), (Q(1, 2), Q(1))))
    assert wide.changes() == 0
