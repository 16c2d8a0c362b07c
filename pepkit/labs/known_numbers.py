"""The known numbers about angles and about deep linear networks, computed again.

Some known numbers are means over a few random networks. They count as met within their tolerance, or if they
lie in the central 99% of such means, sampled here: then the difference is chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from pepkit.kernel import RATIONALS, PepkitError, check
from pepkit.kernel.certificate import Proof
from pepkit.kernel.descent_maps import DescentOrbit, OrbitEvaluation, descent_map
from pepkit.kernel.linear_network_identities import Expansion, LinearNetworkIdentity
from pepkit.labs.angle_collapse import jakub_nica_figure
from pepkit.labs.deep_linear import arora_error, closed_equation_error, saxe_error, turn_counts
from pepkit.labs.descent_chaos import chebyshev_certificate, horseshoe_certificate
from pepkit.labs.enclosing import angle_certificate, constant_certificate, fixed_point_certificate
from pepkit.labs.learning_times import learning_time, lyapunov_exponents
from pepkit.labs.targets import Computed, known_values, target_table
from pepkit.simulate import propagation

__all__ = ["angle_numbers", "linear_numbers", "sampled"]

Array = NDArray[np.float64]
ANGLES, LINEAR = "net_angle_targets", "net_deeplinear_targets"


def sampled(file: str, row: str, samples: Sequence[Array], tolerance: float, relative: bool, networks: int) -> Computed:
    """A row whose numbers are means over `networks` random networks; `samples` holds many such means each."""
    known = np.array(known_values(file, row))
    means = np.array([values.mean() for values in samples])
    difference = np.abs(means - known) / (np.abs(known) if relative else 1.0)
    low, high = np.array([np.quantile(values, [0.005, 0.995]) for values in samples]).T
    near, chance = bool(np.all(difference <= tolerance)), bool(np.all((low <= known) & (known <= high)))
    words = f"mean over {min(map(len, samples))} samples of {networks} network{'s' if networks > 1 else ''}"
    if not near and chance:
        worst = int(np.argmax(difference))
        words += (
            f"; the largest difference is chance: {known[worst]:g} lies in the central 99% of the samples, "
            f"{low[worst]:.3g} to {high[worst]:.3g}"
        )
    return Computed(row, tuple(float(v) for v in means), met=near or chance, note=words)


def _middle(low: fmpq, high: fmpq) -> float:
    middle = (low + high) / 2
    return int(middle.p) / int(middle.q)


def _grouped(values: Array, size: int) -> Array:
    """Means of groups of `size` columns."""
    count = values.shape[1] // size
    return values[:, : count * size].reshape(len(values), count, size).mean(axis=2)


@target_table("angle", "Angles between the activations of ReLU networks", ANGLES)
def angle_numbers(seed: int) -> Iterator[Computed]:
    """Rows of `net_angle_targets`."""
    for layers in (1, 2, 3, 5, 10, 20, 50, 100, 200):
        claim = angle_certificate("relu", fmpq(0), fmpq(0), layers).claim
        floats = propagation.map_angles(propagation.arc_cosine, 0.0, layers)[-1]
        error = abs(floats - _middle(claim.low, claim.high))
        yield Computed(
            f"D.map.{layers}", (floats,), note=f"in floats, as the known number; error {error:.0e}, certified"
        )
    for row, name in (("D.coef", "angle-coefficient"), ("D.ws.slope0", "centred-slope-zero"),
                      ("D.ws.slope1", "centred-slope-one"), ("D.ws.gamma", "centred-gain")):  # fmt: skip
        claim = constant_certificate(name, fmpq(0)).claim
        yield Computed(row, (_middle(claim.low, claim.high),), note="certified enclosure")
    wide = propagation.map_angles(propagation.arc_cosine, 0.0, 200)
    yield Computed("D.asym", (wide[200] * 200 / (3 * math.pi),))
    residual = propagation.map_angles(propagation.residual_map(1.0), 0.0, 20_000)
    yield Computed("D.res", (residual[-1] * 20_000 / (6 * math.pi),))
    strengths = (fmpq(1, 100), fmpq(1, 20), fmpq(1, 10), fmpq(3, 10))
    claims = [fixed_point_certificate(s).claim for s in strengths]
    yield Computed("D.centre.fixed", tuple(_middle(c.low, c.high) for c in claims), note="certified enclosures")
    for width in (8, 16, 32, 64, 128, 256):
        names = ("finite-width-mean", "finite-width-variance")
        found = [constant_certificate(name, fmpq(width)).claim for name in names]
        yield Computed(f"D.fw.{width}", tuple(_middle(c.low, c.high) for c in found), note="certified enclosures")
    for width in (16, 64, 256):
        yield Computed(f"D.jn.rho.{width}", (propagation.jakub_nica_rate(width),))
    figure = jakub_nica_figure(5000, seed)
    yield Computed("D.jn.fig1", (figure[0][3], figure[1][3]),
                   note="p-values against the normal law with the mean and variance of the sample")  # fmt: skip
    yield from _sampled_rows(seed)


def _sampled_rows(seed: int) -> Iterator[Computed]:
    shown = [1, 2, 5, 10, 20, 50]
    for row, rule in (
        ("D.sim.gauss", propagation.gaussian),
        ("D.sim.orth", propagation.orthogonal),
    ):
        angles = propagation.propagate(rule, math.pi / 2, 50, 512, 900, seed)[shown]
        yield sampled(ANGLES, row, list(_grouped(angles, 3)), 0.2, True, 3)
    straight = propagation.looks_linear_angles(512, 50, seed)
    worst = float(straight[np.argmax(np.abs(straight - math.pi / 2))])
    yield Computed("D.sim.looklin", (worst,), note="the layer with the largest difference, of 50")
    correlations = propagation.standardised_correlations(512, 20, 0.9, 60, seed)[[0, 1, 2, 5, 10, 19]]
    yield sampled(ANGLES, "D.sim.ws", list(correlations), 0.05, False, 1)
    centred = propagation.map_angles(propagation.centred_map(1.0), 0.9, 20)
    yield Computed("D.map.ws", tuple(math.cos(centred[k]) for k in (0, 1, 2, 5, 10, 20)))
    ranks = []
    for normalise in (True, False):
        # without normalisation the law is wide, and its tails take more samples
        for width in (64, 256, 1024):
            count = 40 if normalise else 150
            ranks.append(propagation.batch_effective_ranks(width, 60, 16, normalise, count, seed)[-1])
    yield sampled(ANGLES, "D.bn", ranks, 0.1, True, 1)


@target_table("deep-linear", "Deep linear networks", LINEAR)
def linear_numbers(seed: int) -> Iterator[Computed]:
    """Rows of `net_deeplinear_targets`."""
    yield Computed("E.arora", (max(arora_error(depth, seed) for depth in (2, 3, 4, 5)),))
    closed = max(closed_equation_error(depth, seed) for depth in (2, 3, 4, 6))
    yield Computed("E.svd4", (closed,), note="the equations are proved by certificates `balanced-flow`")
    yield Computed("E.saxe", (saxe_error(),))
    yield Computed("E.T.N", tuple(learning_time(0.01, depth) for depth in (1, 2, 3, 4, 8, 16, 32, 64)))
    yield Computed("E.T.w0", tuple(learning_time(0.5**depth, depth) for depth in (2, 3, 4, 8, 16, 32)))
    yield Computed("E.lyap", lyapunov_exponents())
    yield Computed("E.chaos", met=_proved(chebyshev_certificate()), note="covering certificate over Q(sqrt 2)")
    step = fmpq(9, 4)
    ends = ((fmpq(-11, 8), fmpq(-18, 25)), (fmpq(-13, 20), fmpq(13, 20)), (fmpq(18, 25), fmpq(11, 8)))
    images = [int(y.p) / int(y.q) for pair in ends for y in (descent_map(2, step, x) for x in pair)]
    yield Computed("E.horseshoe", tuple(images), _proved(horseshoe_certificate()), "covering certificate over Q")
    orbit = OrbitEvaluation(DescentOrbit(RATIONALS, 2, fmpq(2, 3), (2, -2)))
    yield Computed("E.period2", (2.0, -2.0), _proved(orbit), "certificate `period-two-step-2-3`")
    counterexample = Expansion(LinearNetworkIdentity("unseen-inputs", (2, 1, 1), 1))
    yield Computed("E.minnorm.counter", met=_proved(counterexample), note="identity certificate `unseen-inputs`")
    turns = [int(turn_counts(depth, 200, 60.0, 1201, seed).max()) for depth in (2, 3, 4, 5)]
    yield Computed("E.turns", tuple(map(float, turns)), note="a maximum over 200 random starts, here other ones")


def _proved(certificate: Proof) -> bool:
    try:
        check(certificate)
    except PepkitError:
        return False
    return True
