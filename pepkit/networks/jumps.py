"""Continuity and sensitivity of relaxations as exact quantities along a line of weights.

For weights theta(t) = (1 - t) theta_0 + t theta_1 the bound B(t) of a relaxation is a rational function of t as long as
no decision changes: which neurons are active, dead or unstable, and which slope CROWN takes below. (Where a coefficient
changes its sign the bound has a kink, but no jump.) At a change of decisions the bound may jump. One-sided limits are
computed exactly by keeping the decisions of that side at the point of change. Setting: Jovanovic, Balunovic, Baader,
Vechev, "On the paradox of certified training" (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.moving_relaxation import MovingNetwork
from pepkit.kernel.networks import ONE, ZERO, Box, Layer, Network, activate
from pepkit.networks.model import rational, rationals
from pepkit.networks.simplest import simplest_between

__all__ = [
    "Event",
    "Piece",
    "WeightLine",
    "bound_with_decisions",
    "jump_study",
    "minimal_jumps",
    "minimal_lines",
    "tightness",
]

ACTIVE, DEAD, UNSTABLE, UNSTABLE_STEEP = "active", "dead", "unstable", "unstable, steep below"
Decisions = tuple[tuple[str, ...], ...]
METHODS = ("box", "hbox", "deepz", "crown", "crown-ibp")


def _decide(low: fmpq, high: fmpq, adaptive: bool) -> str:
    if low >= 0:
        return ACTIVE
    if high <= 0:
        return DEAD
    return UNSTABLE_STEEP if adaptive and high > -low else UNSTABLE


def _lines(name: str, state: str, low: fmpq, high: fmpq, s: fmpq) -> tuple[Any, Any, Any, Any]:
    """Slope and intercept below, slope and intercept above, by the decision and not by the signs of l and u."""
    if state == ACTIVE:
        return ONE, ZERO, ONE, ZERO
    if state == DEAD:
        return s, ZERO, s, ZERO
    top, bottom = activate(high, s), activate(low, s)
    if name == "hbox":
        return ZERO, bottom, ZERO, top
    chord = (top - bottom) / (high - low) if high > low else ONE
    offset = bottom - chord * low
    if name == "deepz":
        # the lower line touches at 0, which stays in [l, u] up to the limit
        return chord, ZERO, chord, offset
    return (ONE if state == UNSTABLE_STEEP else s), ZERO, chord, offset


def bound_with_decisions(
    network: Network, box: Box, objective: Sequence[Any], name: str, decisions: Decisions | None = None
) -> tuple[Any, Decisions]:
    """The exact upper bound of objective . f by a relaxation with unrounded slopes, and its decisions.

    With `decisions` given, these are used instead of the ones that the bounds of the neurons ask for.
    """
    if name not in METHODS:
        raise ClaimError(f"unknown relaxation {name!r} for exact decisions; known are {', '.join(METHODS)}")
    adaptive = name in ("crown", "crown-ibp")
    inside = name in ("box", "crown-ibp")
    taken: list[tuple[str, ...]] = []
    tables: list[list[tuple[Any, Any, Any, Any]]] = []
    z_low, z_high = list(box.lower), list(box.upper)
    for k, layer in enumerate(network.hidden):
        if inside or k == 0:
            low, high = _interval(layer, z_low, z_high)
        else:
            both = [
                _substitute(network, box, tables, k, {j: sign}) for sign in (ONE, -ONE) for j in range(layer.outputs)
            ]
            high, low = both[: layer.outputs], [-b for b in both[layer.outputs :]]
        slopes = layer.slopes or ()
        states = tuple(_decide(a, b, adaptive) if s != 1 else ACTIVE for a, b, s in zip(low, high, slopes, strict=True))
        if decisions is not None:
            states = decisions[k]
        taken.append(states)
        tables.append([_lines(name, st, a, b, s) for st, a, b, s in zip(states, low, high, slopes, strict=True)])
        z_low = [activate(a, s) for a, s in zip(low, slopes, strict=True)]
        z_high = [activate(b, s) for b, s in zip(high, slopes, strict=True)]
    row = {i: rational(c) for i, c in enumerate(objective) if c}
    if name == "box":
        value = _form(network.layers[-1], row, z_low, z_high)
    else:
        value = _substitute(network, box, tables, len(network.layers) - 1, row)
    return value, tuple(taken)


def _interval(layer: Layer, low: Sequence[Any], high: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    lows, highs = [], []
    for row, bias in zip(layer.weights, layer.bias, strict=True):
        a = b = bias
        for w, l, h in zip(row, low, high, strict=True):  # noqa: E741
            a, b = (a + w * l, b + w * h) if w > 0 else (a + w * h, b + w * l)
        lows.append(a)
        highs.append(b)
    return lows, highs


def _pulled_back(layer: Layer, row: dict[int, Any]) -> tuple[list[Any], Any]:
    coefficients = [ZERO] * layer.inputs
    constant = ZERO
    for j, c in row.items():
        constant = constant + c * layer.bias[j]
        coefficients = [a + c * w for a, w in zip(coefficients, layer.weights[j], strict=True)]
    return coefficients, constant


def _form(layer: Layer, row: dict[int, Any], low: Sequence[Any], high: Sequence[Any]) -> Any:
    coefficients, total = _pulled_back(layer, row)
    for c, a, b in zip(coefficients, low, high, strict=True):
        total = total + c * (b if c > 0 else a)
    return total


def _substitute(network: Network, box: Box, tables: Sequence[Any], k: int, row: dict[int, Any]) -> Any:
    total = ZERO
    for i in range(k, 0, -1):
        coefficients, constant = _pulled_back(network.layers[i], row)
        total = total + constant
        row = {}
        for j, c in enumerate(coefficients):
            if not c:
                continue
            below, least, above, largest = tables[i - 1][j]
            slope, intercept = (above, largest) if c > 0 else (below, least)
            total = total + c * intercept
            row[j] = c * slope
    return total + _form(network.layers[0], row, box.lower, box.upper)


@dataclass(frozen=True)
class Event:
    """A change of decisions in (before, after], with values of the bound on both sides.

    `exact` says that the change is at the rational t exactly and that left and right are the one-sided limits there
    (`value` is the value at t itself); otherwise they are values at the two ends of a tiny interval around t.
    """

    t: Any
    exact: bool
    left: Any
    right: Any
    value: Any

    @property
    def jump(self) -> Any:
        """right - left."""
        return self.right - self.left


@dataclass(frozen=True)
class Piece:
    """An interval of t without events: its ends, degree of the rational function, largest slope between samples.

    The degree is None above 12, and where a coefficient changes its sign inside, which makes a kink.
    """

    start: Any
    end: Any
    degree: int | None
    slope: Any


@dataclass(frozen=True)
class WeightLine(MovingNetwork):
    """The networks (1 - t) first + t second, with one box and one objective (floats are exact rationals)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "objective", rationals(self.objective, "the objective"))
        super().__post_init__()

    def at(self, t: Any) -> Network:
        """The network at t."""
        return super().at(rational(t))

    def bound(self, t: Any, name: str) -> Any:
        """B(t), exactly."""
        return bound_with_decisions(self.at(t), self.box, self.objective, name)[0]

    def events(self, name: str, *, samples: int = 64, bits: int = 40) -> list[Event]:
        """Changes of decisions for t in [0, 1] that separate neighbouring ones of `samples` + 1 points.

        Two changes between neighbouring points that cancel are not seen; `jump_set` sees everything, where the
        degrees of the pieces allow it.
        """
        grid = [fmpq(k, samples) for k in range(samples + 1)]
        known = [self._decisions(t, name) for t in grid]
        found: list[Event] = []
        for left, right, a, b in zip(grid, grid[1:], known, known[1:], strict=False):
            self._between(left, right, a, b, name, fmpq(1, 1 << bits), found)
        return found

    def pieces(self, name: str, *, samples: int = 64) -> list[Piece]:
        """The intervals between the events, with degree and largest slope of B (from 17 samples of each)."""
        cuts = [ZERO, *(event.t for event in self.events(name, samples=samples)), ONE]
        result = []
        for start, end in pairwise(cuts):
            if end - start < fmpq(1, 1 << 30):
                continue
            width = end - start
            # not evenly spaced, so that symmetric functions have no equal values
            points = [start + width * fmpq((k + 1) * (k + 20), 18 * 37) for k in range(17)]
            values = [self.bound(t, name) for t in points]
            slope = max(abs((values[k + 1] - values[k]) / (points[k + 1] - points[k])) for k in range(len(points) - 1))
            result.append(Piece(start, end, _rational_degree(points, values), slope))
        return result

    def _decisions(self, t: Any, name: str) -> Decisions:
        return bound_with_decisions(self.at(t), self.box, self.objective, name)[1]

    def _between(
        self, left: Any, right: Any, a: Decisions, b: Decisions, name: str, width: Any, found: list[Event]
    ) -> None:
        if a == b:
            return
        if right - left > width:
            middle = (left + right) / 2
            c = self._decisions(middle, name)
            self._between(left, middle, a, c, name, width, found)
            self._between(middle, right, c, b, name, width, found)
            return
        # the simplest rational is the exact place wherever weights and box are short
        step = (right - left) * 4
        t = simplest_between(left, right)
        before, after = self._decisions(t - step, name), self._decisions(t + step, name)
        network = self.at(t)
        value, at = bound_with_decisions(network, self.box, self.objective, name)
        lows = bound_with_decisions(network, self.box, self.objective, name, before)[0]
        highs = bound_with_decisions(network, self.box, self.objective, name, after)[0]
        exact = self._is_exact(t, name, at, before, after)
        if not exact:
            lows, highs = self.bound(left, name), self.bound(right, name)
        event = Event(t, exact, lows, highs, value)
        if not found or found[-1].t != t:
            found.append(event)

    def _is_exact(self, t: Any, name: str, at: Decisions, before: Decisions, after: Decisions) -> bool:
        """Whether the decisions change at t itself: they differ on the two sides however near one looks."""
        tiny = fmpq(1, 1 << 200)
        return self._decisions(t - tiny, name) == before and self._decisions(t + tiny, name) == after != before


def _rational_degree(points: Sequence[Any], values: Sequence[Any], limit: int = 12) -> int | None:
    """The larger degree of numerator and denominator of the rational function through the points.

    Divided differences find polynomials, Thiele's continued fraction the others; None if neither ends early.
    """
    differences = list(values)
    for degree in range(min(limit, len(points) - 3) + 1):
        if all(a == differences[0] for a in differences):
            return degree
        differences = [(b - a) / (points[degree + 1 + i] - points[i]) for i, (a, b) in enumerate(pairwise(differences))]
    column = list(values)
    known: list[Any] = []
    for n in range(len(points)):
        if all(a == column[0] for a in column):
            # a continued fraction with n partial quotients after the first
            degree = (n + 1) // 2
            return degree if n < len(points) - 2 and degree <= limit else None
        known.append(column[0])
        if any(a == column[0] for a in column[1:]):
            return None
        column = [(points[n + 1 + i] - points[n]) / (a - column[0]) for i, a in enumerate(column[1:])]
    return None


def tightness(network: Network, box: Box, output: int = 0, name: str = "deepz", samples: int = 2000) -> Any:
    """(range of the output found) / (range of the relaxation), a lower bound in [0, 1] of the true ratio, in Q.

    1 where the relaxation is exact. The range found comes from exact evaluations at the points of gradient ascent.
    """
    from pepkit.networks.attack import largest_value

    up = [ONE if i == output else ZERO for i in range(network.outputs)]
    down = [-c for c in up]
    high, low = bound_with_decisions(network, box, up, name)[0], -bound_with_decisions(network, box, down, name)[0]
    found_high = network(largest_value(network, box, up))[output]
    found_low = network(largest_value(network, box, down))[output]
    return ONE if high == low else max(ZERO, found_high - found_low) / (high - low)


def minimal_lines() -> dict[str, WeightLine]:
    """The lines of the two smallest discontinuous bounds, x in [-1, 1], t runs b over an interval of length one.

    ``hbox``: relu(x + b) - x for b from 1/2 to 3/2. ``crown``: -relu(x + b) for b from -1/2 to 1/2.
    """
    box = Box((-ONE,), (ONE,))

    def difference(b: fmpq) -> Network:
        return Network((Layer(((ONE,), (ONE,)), (b, ZERO), (ZERO, ONE)), Layer(((ONE, -ONE),), (ZERO,))))

    def rectifier(b: fmpq) -> Network:
        return Network((Layer(((ONE,),), (b,), (ZERO,)), Layer(((ONE,),), (ZERO,))))

    half = fmpq(1, 2)
    return {
        "hbox": WeightLine(difference(half), difference(3 * half), box, (ONE,)),
        "crown": WeightLine(rectifier(-half), rectifier(half), box, (-ONE,)),
    }


def minimal_jumps() -> dict[str, Event]:
    """The two smallest discontinuous bounds, x in [-1, 1].

    ``hbox``: the upper bound of relu(x + b) - x at b = 1 (t runs b from 1/2 to 3/2) falls from 3 to 1.
    ``crown``: the lower bound of relu(x + b) at b = 0 (t runs b from -1/2 to 1/2) falls from 0 to -1; the event holds
    the bound of the negative, which rises from 0 to 1.
    """
    lines = minimal_lines()
    (hbox,), (crown,) = (lines[name].events(name, samples=7) for name in ("hbox", "crown"))
    return {"hbox": hbox, "crown": crown}


def jump_study(
    line: WeightLine,
    methods: Sequence[str] = METHODS,
    *,
    samples: int = 64,
    progress: Callable[[str], Any] | None = None,
) -> list[dict[str, Any]]:
    """A table, one row for each relaxation: events, jumps, largest jump, largest slope, largest degree of a piece."""
    table = []
    for name in methods:
        if progress is not None:
            progress(name)
        events = line.events(name, samples=samples)
        pieces = line.pieces(name, samples=samples)
        # at places that are only enclosed, a continuous bound changes by about the width of the enclosure
        jumps = [abs(event.jump) for event in events if abs(event.jump) > (0 if event.exact else fmpq(1, 1 << 20))]
        degrees = [piece.degree for piece in pieces if piece.degree is not None]
        table.append(
            {
                "method": name,
                "bound at 0": line.bound(0, name),
                "bound at 1": line.bound(1, name),
                "events": len(events),
                "exact events": sum(event.exact for event in events),
                "jumps": len(jumps),
                "largest jump": max(jumps, default=ZERO),
                "largest slope": max((piece.slope for piece in pieces), default=ZERO),
                "largest degree": max(degrees, default=None),
            }
        )
    return table
