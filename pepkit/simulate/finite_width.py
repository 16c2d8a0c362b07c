"""Mean and variance of the angle behind one ReLU layer of finite width, at any angle (Jakub, Nica 2023).

For two inputs at the angle theta let (u, v) be a pair of standard Gaussians with correlation cos(theta) and
J_(a,b) = E relu(u)^a relu(v)^b. With n independent pairs, S = sum relu(u)^2, T = sum relu(v)^2 and
C = sum relu(u) relu(v), the new angle has sin^2 = (S T - C^2)/(S T), and

    E (S T - C^2) = n (n - 1) (1/4 - J11^2),    E S T = n J22 + n (n - 1)/4.

The variances and the covariance of the two are n^3 times those of (a + b)/2 - 2 J11 c and (a + b)/2 with a = relu(u)^2,
b = relu(v)^2, c = relu(u) relu(v), up to terms of order n^2; they are polynomials in J11, J22 and J31. A second-order
expansion of the logarithm at the means gives the moments of ln sin^2, up to terms of order 1/n^2 at a fixed angle.
"""

from __future__ import annotations

import math

from flint import arb, ctx

__all__ = ["layer_moments", "mixed_moments", "predicted_moments"]

PRECISION = 256
"""Bits: the formulas subtract numbers that agree to the fourth power of the angle."""


def _mixed(angle: arb) -> tuple[arb, arb, arb]:
    s, c, rest, full = angle.sin(), angle.cos(), arb.pi() - angle, 2 * arb.pi()
    return (
        (s + rest * c) / full,
        (rest * (1 + 2 * c * c) + 3 * s * c) / full,
        (s * (2 + c * c) + 3 * rest * c) / full,
    )


def mixed_moments(angle: float) -> tuple[float, float, float]:
    """J_(1,1), J_(2,2), J_(3,1) for an angle in radians, between 0 and pi."""
    with ctx.workprec(PRECISION):
        first, second, third = (float(value) for value in _mixed(arb(angle)))
    return first, second, third


def layer_moments(angle: float, width: int) -> tuple[float, float]:
    """Mean and variance of ln sin^2 of the angle behind a Gaussian ReLU layer with `width` neurons.

    Parameters
    ----------
    angle
        Before the layer, radians, 0 < angle < pi, at least 1e-12.
    width
        n, at least 2.

    As the angle tends to 0 the mean tends to ln sin^2(angle) - rho(n) with `jakub_nica_rate`.
    """
    with ctx.workprec(PRECISION):
        n = arb(width)
        j11, j22, j31 = _mixed(arb(angle))
        area, product = n * (n - 1) * (arb(1) / 4 - j11**2), n * j22 + n * (n - 1) / 4
        lengths = (1 + j22) / 2
        mixed = j31 - j11 / 2
        spread_area = n**3 * (lengths + 4 * j11**2 * (j22 - j11**2) - 4 * j11 * mixed) / area**2
        spread_product = n**3 * lengths / product**2
        joint = n**3 * (lengths - 2 * j11 * mixed) / (area * product)
        mean = (area / product).log() - spread_area / 2 + spread_product / 2
        return float(mean), float(spread_area + spread_product - 2 * joint)


def predicted_moments(angle: float, width: int, layers: int) -> list[tuple[float, float]]:
    """Means and variances of ln sin^2 behind 1, ..., `layers` layers, from `layer_moments` at the typical angle.

    A deviation of ln sin^2 before a layer is carried on by the derivative of the mean there.
    """
    found = []
    variance, mean = 0.0, 2 * math.log(math.sin(angle))
    for _ in range(layers):
        shift = 1e-4
        typical, nearby = (math.asin(math.exp((mean + d) / 2)) for d in (0.0, shift))
        mean, added = layer_moments(typical, width)
        factor = (layer_moments(nearby, width)[0] - mean) / shift
        variance = factor**2 * variance + added
        found.append((mean, variance))
    return found
