"""Bounds of networks over boxes in NumPy: interval, symbolic, zonotope and CROWN relaxations.

All are one rule with different lines around the activation (see `slopes_of`); the kernel evaluates the same rule
exactly. Sources: interval bounds (Gowal et al. 2018); hBox, DeepZ (Singh et al. 2018); CROWN and DeepPoly (Zhang et
al. 2018, Singh et al. 2019); CROWN-IBP (Zhang et al. 2020); alpha-CROWN (Xu et al. 2021); the triangle relaxation
(Ehlers 2017) and its dual reading (Salman et al. 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pepkit.kernel.errors import ClaimError
from pepkit.networks.model import FloatNetwork

__all__ = ["METHODS", "FloatBounds", "Method", "back_substitute", "bounds", "method", "slopes_of"]

SlopeRule = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _interval_lines(low: np.ndarray, high: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros_like(low), np.zeros_like(low)


def _chord(low: np.ndarray, high: np.ndarray, slope: np.ndarray) -> np.ndarray:
    return (high - slope * low) / (high - low)


def _parallel_lines(low: np.ndarray, high: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chord = _chord(low, high, slope)
    return chord, chord


def _adaptive_lines(low: np.ndarray, high: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # the line below that leaves the smaller area
    return np.where(high > -low, 1.0, slope), _chord(low, high, slope)


@dataclass(frozen=True)
class Method:
    """A relaxation by lines.

    Attributes
    ----------
    name
        As on the command line.
    lines
        Slopes (below, above) of unstable neurons from (l, u, s); None where hidden bounds are intervals only.
    interval_inside
        Whether hidden bounds come from interval arithmetic.
    optimised
        "" or what is optimised with linear programming duals: "output" or "all" (hidden bounds too).
    title
        For people.
    """

    name: str
    lines: SlopeRule | None
    interval_inside: bool
    optimised: str
    title: str


METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method("box", None, True, "", "interval arithmetic (IBP)"),
        Method("hbox", _interval_lines, False, "", "symbolic intervals (hBox)"),
        Method("deepz", _parallel_lines, False, "", "zonotopes (DeepZ, FastLin)"),
        Method("crown", _adaptive_lines, False, "", "CROWN with adaptive slopes (DeepPoly)"),
        Method("crown-ibp", _adaptive_lines, True, "", "CROWN-IBP"),
        Method("alpha-crown", _adaptive_lines, False, "output", "alpha-CROWN with optimal slopes"),
        Method("triangle", _adaptive_lines, False, "all", "triangle relaxation, hidden bounds included"),
    )
}
"""Relaxations by lines. Neither CROWN and DeepZ nor CROWN-IBP and Box are ordered: each may be the better one."""


def method(name: str | Method) -> Method:
    """The relaxation called `name` (``fastlin`` and ``ibp`` are other names); ClaimError if there is none.

    A relaxation of one's own is returned as it is.
    """
    if isinstance(name, Method):
        return name
    chosen = METHODS.get({"fastlin": "deepz", "crown-same-slope": "deepz", "ibp": "box"}.get(name, name))
    if chosen is None:
        raise ClaimError(f"unknown relaxation {name!r}; known are {', '.join(METHODS)} and sdp")
    return chosen


@dataclass(frozen=True)
class FloatBounds:
    """Numerical bounds: (lower, upper) of the arguments of every hidden layer and of the output forms."""

    hidden: tuple[tuple[np.ndarray, np.ndarray], ...]
    lower: np.ndarray
    upper: np.ndarray


Lines = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Slope and intercept below, slope and intercept above, for every neuron of a layer."""


def slopes_of(rule: SlopeRule, low: np.ndarray, high: np.ndarray, slope: np.ndarray) -> Lines:
    """The lines of a layer: exact on stable neurons, by `rule` on the others."""
    unstable = (low < 0) & (high > 0)
    stable = np.where(low >= 0, 1.0, slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = rule(low, high, slope)
    below, above = np.where(unstable, below, stable), np.where(unstable, above, stable)
    least = np.minimum(np.minimum((slope - below) * low, (1 - below) * high), 0.0)
    largest = np.maximum((slope - above) * low, (1 - above) * high)
    return below, np.where(unstable, least, 0.0), above, np.where(unstable, largest, 0.0)


def back_substitute(
    net: FloatNetwork, k: int, rows: np.ndarray, lines: Sequence[Lines], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Upper bounds of rows . y_k on the box [low, high], k from 0, shape (t,)."""
    constant = rows @ net.biases[k]
    rows = rows @ net.weights[k]
    for i in range(k - 1, -1, -1):
        below, least, above, largest = lines[i]
        positive, negative = np.maximum(rows, 0.0), np.minimum(rows, 0.0)
        constant = constant + positive @ largest + negative @ least
        rows = positive * above + negative * below
        constant = constant + rows @ net.biases[i]
        rows = rows @ net.weights[i]
    return np.asarray(constant + rows @ (0.5 * (low + high)) + np.abs(rows) @ (0.5 * (high - low)))


def _interval(net: FloatNetwork, k: int, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre = net.weights[k] @ (0.5 * (low + high)) + net.biases[k]
    spread = net.magnitudes[k] @ (0.5 * (high - low))
    return centre - spread, centre + spread


@np.errstate(all="ignore")
def bounds(
    net: FloatNetwork, low: np.ndarray, high: np.ndarray, name: str | Method = "crown", rows: np.ndarray | None = None
) -> FloatBounds:
    """Bounds of rows . f (of every output if None) over the box, in doubles and without proof.

    Optimised methods are treated as plain CROWN here; `pepkit.networks.triangle` optimises.
    """
    chosen = method(name)
    count = len(net.weights)
    hidden: list[tuple[np.ndarray, np.ndarray]] = []
    lines: list[Lines] = []
    z_low, z_high = low, high
    for k in range(count - 1):
        if chosen.interval_inside or k == 0:
            l, u = _interval(net, k, z_low, z_high)  # noqa: E741 - the letters of the papers
        else:
            eye = np.eye(net.weights[k].shape[0])
            both = back_substitute(net, k, np.concatenate([eye, -eye]), lines, low, high)
            u, l = both[: len(eye)], -both[len(eye) :]  # noqa: E741
        hidden.append((l, u))
        slope = net.slopes[k]
        z_low, z_high = np.maximum(l, slope * l), np.maximum(u, slope * u)
        if chosen.lines is not None:
            lines.append(slopes_of(chosen.lines, l, u, slope))
    matrix = np.eye(net.weights[-1].shape[0]) if rows is None else np.atleast_2d(rows)
    if chosen.lines is None or count == 1:
        forms = matrix @ net.weights[-1]
        constant = matrix @ net.biases[-1] + forms @ (0.5 * (z_low + z_high))
        spread = np.abs(forms) @ (0.5 * (z_high - z_low))
        return FloatBounds(tuple(hidden), constant - spread, constant + spread)
    both = back_substitute(net, count - 1, np.concatenate([matrix, -matrix]), lines, low, high)
    return FloatBounds(tuple(hidden), -both[len(matrix) :], both[: len(matrix)])
