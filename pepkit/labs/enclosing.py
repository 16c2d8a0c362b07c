"""Certificates for angles and constants of wide networks: enclosures as narrow as one likes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from flint import arb, ctx, fmpq

from pepkit.kernel import check
from pepkit.kernel.angle_maps import CONSTANTS, AngleEnclosure, BallEvaluation, WideNetworkConstant, angle_ball
from pepkit.kernel.balanced_flow import BalancedTrajectory, TaylorEnclosure, trajectory_balls
from pepkit.kernel.effective_rank import EffectiveRank, GramEvaluation
from pepkit.kernel.networks import Layer, Network
from pepkit.simulate.propagation import centred_fixed_point

__all__ = [
    "angle_certificate",
    "constant_certificate",
    "fixed_point_certificate",
    "rank_certificate",
    "trajectory_certificate",
]

STEP = fmpq(1, 128)
"""Length of the steps of rigorous integration."""


def _ends(value: Callable[[], arb], digits: int) -> tuple[fmpq, fmpq]:
    """Two neighbouring multiples of 10^-digits around a number given in ball arithmetic."""
    before, scale = ctx.prec, 10**digits
    try:
        bits = 128
        while True:
            ctx.prec = bits
            low = (value() * scale).floor().unique_fmpz()
            if low is not None:
                return fmpq(low, scale), fmpq(low + 1, scale)
            bits *= 2
    finally:
        ctx.prec = before


def angle_certificate(name: str, strength: fmpq, correlation: fmpq, layers: int, digits: int = 20) -> BallEvaluation:
    """The angle behind `layers` layers of a map of `pepkit.kernel.angle_maps`, to `digits` decimals."""
    low, high = _ends(lambda: angle_ball(name, strength, correlation, layers), digits)
    certificate = BallEvaluation(AngleEnclosure(name, strength, correlation, layers, low, high))
    check(certificate)
    return certificate


def constant_certificate(name: str, parameter: fmpq, digits: int = 20) -> BallEvaluation:
    """A constant of `pepkit.kernel.angle_maps.CONSTANTS` to `digits` decimals."""
    value = CONSTANTS[name][1]
    low, high = _ends(lambda: value(int(parameter.p)), digits)
    certificate = BallEvaluation(WideNetworkConstant(name, parameter, low, high))
    check(certificate)
    return certificate


def fixed_point_certificate(strength: fmpq, digits: int = 12) -> BallEvaluation:
    """1 - r* of the centred map, to `digits` decimals (at most 14: the guess is a float)."""
    guess = centred_fixed_point(int(strength.p) / int(strength.q))
    scale = 10**digits
    middle = round(guess * scale)
    claim = WideNetworkConstant("centred-fixed-point", strength, fmpq(middle - 1, scale), fmpq(middle + 1, scale))
    certificate = BallEvaluation(claim)
    check(certificate)
    return certificate


def rank_certificate(width: int, layers: int, inputs: int, centred: bool, seed: int) -> GramEvaluation:
    """The effective rank of one random network, between two multiples of 1/1000.

    Weights are Gaussian, rounded to multiples of 1/16; `centred` subtracts the mean of each row (exactly), so that a
    layer does not see the mean of the activations before it. The last layer has no activation. The inputs are random
    vectors of -1 and 1.
    """
    generator = np.random.default_rng(seed)
    points = tuple(tuple(int(a) for a in row) for row in np.sign(generator.standard_normal((inputs, width))))
    zeros = (fmpq(0),) * width
    listed = []
    for k in range(layers):
        rows = np.round(16 * generator.standard_normal((width, width)) * np.sqrt(2 / width)).astype(int).tolist()
        means = [fmpq(sum(row), width) if centred else fmpq(0) for row in rows]
        weights = tuple(tuple((a - m) / 16 for a in row) for row, m in zip(rows, means, strict=True))
        listed.append(Layer(weights, zeros, None if k == layers - 1 else zeros))
    network = Network(tuple(listed))
    value = EffectiveRank(network, points, fmpq(0), fmpq(inputs)).value()
    low = fmpq(int((value * 1000).p // (value * 1000).q), 1000)
    certificate = GramEvaluation(EffectiveRank(network, points, low, low + fmpq(1, 1000)))
    check(certificate)
    return certificate


def trajectory_certificate(
    depth: int,
    target: Sequence[fmpq],
    start: Sequence[fmpq],
    times: Sequence[fmpq],
    *,
    step: fmpq = STEP,
    order: int = 16,
    bits: int = 256,
    digits: int = 8,
) -> TaylorEnclosure:
    """The smaller singular value of a balanced network along gradient flow, to `digits` decimals at the `times`.

    Parameters
    ----------
    start
        p, q, phi, psi of `pepkit.kernel.balanced_flow`; the times are multiples of the step.
    order, bits
        Of the Taylor polynomials and of the ball arithmetic. Where the enclosures are too wide for the digits the
        bounds are as wide as they are; a shorter step makes them narrower.
    """
    anything = tuple((fmpq(0), fmpq(0)) for _ in times)
    guess = BalancedTrajectory(depth, tuple(target), tuple(start), tuple(times), anything)
    before, scale = ctx.prec, 10**digits
    try:
        ctx.prec = bits
        balls = [value * scale for value in trajectory_balls(guess, step, order)]
        bounds = tuple(
            (fmpq(ball.lower().floor().unique_fmpz(), scale), fmpq(ball.upper().ceil().unique_fmpz(), scale))
            for ball in balls
        )
    finally:
        ctx.prec = before
    claim = BalancedTrajectory(depth, guess.target, guess.start, guess.times, bounds)
    certificate = TaylorEnclosure(claim, step, order, bits)
    check(certificate)
    return certificate
