"""The largest margin of two-layer ReLU networks of any width, enclosed by a dual vector and a network.

For points x_i, labels y_i = +-1 and f(x) = sum_j a_j max(0, <w_j, x>) let

    N* = min (|a|^2 + sum_j |w_j|^2)/2   over all widths, subject to y_i f(x_i) >= 1 for all i.

f is homogeneous of degree two in its parameters theta, so the largest margin min_i y_i f(x_i) / |theta|^2 is 1/(2 N*).

**Lower bound.** Let lambda >= 0 with |sum_i lambda_i y_i max(0, <w, x_i>)| <= |w| for all w. Then for every feasible
network sum lambda_i <= sum_i lambda_i y_i f(x_i) <= sum_j |a_j| |w_j| <= (|a|^2 + sum |w_j|^2)/2, so N* >= sum lambda.

The condition is checked on the cells of the hyperplanes <w, x_i> = 0. On the cell of signs sigma the sum is <g, w>
with g = sum over sigma_i = + of lambda_i y_i x_i, and for either sign s any mu >= 0 with
|s g + sum_k mu_k sigma_k x_k|^2 <= 1 proves s <g, w> <= |w| there, as sigma_k <w, x_k> >= 0. The kernel goes through
all sign vectors; a branch is closed without cells where a linear dependency sum c_k x_k = 0 has the signs of sigma on
its support (or the opposite ones): all of its terms then vanish on the cell, so the cell has no interior and lies in
the closure of the others.

**Upper bound.** A rational network with y_i f(x_i) >= 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact, between_text
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text
from pepkit.kernel.words import decimal_text

__all__ = ["Cell", "MarginEnclosure", "MaximalMargin"]

MAX_POINTS = 256
MAX_NODES = 1_000_000
MAX_TESTS = 50_000_000
"""Most comparisons of a partial sign vector with a dependency."""
ZERO = fmpq(0)

Vector = tuple[Any, ...]
Terms = tuple[tuple[int, Any], ...]
"""Pairs (index, coefficient) with increasing index."""

Cell = tuple[str, Terms, Terms]
"""Signs of all points as a text of + and -, and mu for s = + and for s = -."""


@dataclass(frozen=True, repr=False)
class MaximalMargin(RationalFact):
    """lower <= N* <= upper for these points (n rows of d numbers, none zero) and labels (n numbers +-1).

    Raises ClaimError if shapes do not fit, a point is zero, a label is not +-1, or 0 < lower <= upper fails.
    """

    points: tuple[Vector, ...]
    labels: tuple[int, ...]
    lower: Any
    upper: Any

    def __post_init__(self) -> None:
        coerce = RATIONALS.coerce
        points = tuple(tuple(map(coerce, point)) for point in self.points)
        if not 1 <= len(points) <= MAX_POINTS or len(points) != len(self.labels):
            raise ClaimError(f"between 1 and {MAX_POINTS} points, each with a label")
        if len({len(point) for point in points}) != 1 or not points[0]:
            raise ClaimError("the points differ in their number of coordinates")
        if not all(any(point) for point in points):
            raise ClaimError("a point is zero: no network without biases has a positive margin there")
        if any(type(label) is not int or abs(label) != 1 for label in self.labels):
            raise ClaimError("labels are 1 or -1")
        lower, upper = coerce(self.lower), coerce(self.upper)
        if not 0 < lower <= upper:
            raise ClaimError("the enclosure is 0 < lower <= upper")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)

    def __repr__(self) -> str:
        least = ", ".join(between_text(self.lower, self.upper, 12))
        low, high = between_text(1 / (2 * self.upper), 1 / (2 * self.lower), 9)
        return (
            f"Theorem. Over all two-layer ReLU networks without biases, of any width, with margin y_i f(x_i) >= 1 at "
            f"the {len(self.points)} given points of R^{len(self.points[0])}, the least |theta|^2/2 lies in "
            f"[{least}]; so the largest normalised margin min_i y_i f(x_i)/|theta|^2 lies between {low} and {high}."
        )


def _shown(value: fmpq) -> str:
    text = rational_text(value)
    return text if len(text) <= 24 else f"about {decimal_text(RATIONALS, value, 12)}"


@dataclass(frozen=True)
class MarginEnclosure:
    """A dual vector with its cells and dependencies, and a network.

    Parameters
    ----------
    multipliers
        lambda, one for each point.
    cells
        Signs and mu of every cell with interior, in the order of the texts of signs.
    dependencies
        Linear dependencies of the points as terms (k, c_k), c_k not zero.
    network
        Neurons (a_j, w_j).
    """

    claim: MaximalMargin
    multipliers: Vector
    cells: tuple[Cell, ...]
    dependencies: tuple[Terms, ...]
    network: tuple[tuple[Any, Vector], ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError names the cell, point or dependency that fails."""
        claim = self.claim
        if not isinstance(claim, MaximalMargin):
            raise FormatError("a dual vector with a network proves enclosures of the maximal margin only")
        count = len(claim.points)
        multipliers = [RATIONALS.coerce(a) for a in self.multipliers]
        if len(multipliers) != count:
            raise FormatError(f"there are {len(multipliers)} multipliers for {count} points")
        if any(a < 0 for a in multipliers):
            raise CertificateError("a multiplier is negative")
        total = sum(multipliers, ZERO)
        if total < claim.lower:
            raise CertificateError(f"the multipliers sum to {_shown(total)}, less than the lower bound")
        covered = self._cover()
        for signs, *both in self.cells:
            for side, terms in zip((1, -1), both, strict=True):
                self._bound(multipliers, signs, side, terms)
        norm = self._margins()
        if norm > claim.upper:
            raise CertificateError(f"the network has |theta|^2/2 = {_shown(norm)}, more than the upper bound")
        checks = (
            f"{covered} cells cover all directions",
            f"the dual function is at most 1 on each of them, by {2 * covered} sums of squares",
            f"a network of width {len(self.network)} has margin 1 at all {count} points",
        )
        return Conclusion(claim, None, None, False, checks)

    def _cover(self) -> int:
        """Prove that the listed cells are all that have an interior; their number."""
        claim = self.claim
        count = len(claim.points)
        listed = [cell[0] for cell in self.cells]
        if any(len(signs) != count or set(signs) - {"+", "-"} for signs in listed):
            raise FormatError(f"the signs of a cell are {count} characters + or -")
        if any(a >= b for a, b in itertools.pairwise(listed)):
            raise FormatError("the cells are not in strictly increasing order")
        # a dependency can exclude a sign vector only once the last point of its support has its sign
        masks: dict[int, set[tuple[int, int]]] = {}
        for number, terms in enumerate(self.dependencies):
            plus, minus = self._dependency(number, terms)
            masks.setdefault((plus | minus).bit_length(), set()).add((plus, minus))
        known = set(listed)
        found = nodes = tests = 0
        # signs so far, and the points with + and with - as bits
        stack: list[tuple[str, int, int]] = [("", 0, 0)]
        while stack:
            signs, plus, minus = stack.pop()
            complete = masks.get(len(signs), ())
            nodes += 1
            tests += len(complete)
            if nodes > MAX_NODES or tests > MAX_TESTS:
                raise CertificateError(f"the cells need more than {MAX_NODES} cases or {MAX_TESTS} comparisons")
            if any(not (p & ~plus or m & ~minus) or not (p & ~minus or m & ~plus) for p, m in complete):
                continue
            if len(signs) == count:
                if signs not in known:
                    raise CertificateError(f"the cell {signs} is not listed and no dependency excludes it")
                found += 1
                continue
            bit = 1 << len(signs)
            stack.append((signs + "-", plus, minus | bit))
            stack.append((signs + "+", plus | bit, minus))
        if found != len(listed):
            raise FormatError("a cell is listed that a dependency excludes")
        return found

    def _dependency(self, number: int, terms: Terms) -> tuple[int, int]:
        """The points with positive and with negative coefficient, once the dependency is checked."""
        points = self.claim.points
        total = [ZERO] * len(points[0])
        plus = minus = 0
        for k, coefficient in _checked_terms(terms, len(points), f"dependency {number}"):
            if not coefficient:
                raise FormatError(f"dependency {number} has a coefficient zero")
            plus |= (coefficient > 0) << k
            minus |= (coefficient < 0) << k
            total = [t + coefficient * x for t, x in zip(total, points[k], strict=True)]
        if not plus | minus:
            raise CertificateError(f"dependency {number} is empty")
        if any(total):
            raise CertificateError(f"dependency {number} is none: the weighted points do not sum to zero")
        return plus, minus

    def _bound(self, multipliers: list[fmpq], signs: str, side: int, terms: Terms) -> None:
        """s <g, w> <= |w| on the cell."""
        points, labels = self.claim.points, self.claim.labels
        vector = [ZERO] * len(points[0])
        for point, label, multiplier, sign in zip(points, labels, multipliers, signs, strict=True):
            if sign == "+" and multiplier:
                factor = side * label * multiplier
                vector = [v + factor * x for v, x in zip(vector, point, strict=True)]
        for k, weight in _checked_terms(terms, len(points), f"cell {signs}"):
            if weight < 0:
                raise CertificateError(f"a weight of the cell {signs} is negative")
            factor = weight if signs[k] == "+" else -weight
            vector = [v + factor * x for v, x in zip(vector, points[k], strict=True)]
        square = sum((v * v for v in vector), ZERO)
        if square > 1:
            raise CertificateError(f"the dual function is not shown to be at most 1 on the cell {signs}")

    def _margins(self) -> fmpq:
        """|theta|^2/2 of the network, once its margins are checked."""
        claim = self.claim
        dimension = len(claim.points[0])
        neurons = [(RATIONALS.coerce(a), [RATIONALS.coerce(x) for x in w]) for a, w in self.network]
        if any(len(w) != dimension for _, w in neurons):
            raise FormatError(f"a neuron of the network does not take {dimension} inputs")
        for number, (point, label) in enumerate(zip(claim.points, claim.labels, strict=True)):
            value = ZERO
            for a, w in neurons:
                product = sum((p * q for p, q in zip(w, point, strict=True)), ZERO)
                if product > 0:
                    value += a * product
            if label * value < 1:
                raise CertificateError(f"the network has margin {_shown(label * value)} < 1 at point {number}")
        return sum((a * a + sum((x * x for x in w), ZERO) for a, w in neurons), ZERO) / 2


def _checked_terms(terms: Terms, count: int, what: str) -> list[tuple[int, fmpq]]:
    reading.increasing([(k,) for k, _ in terms], len(terms), f"terms of {what}")
    if any(not 0 <= k < count for k, _ in terms):
        raise FormatError(f"{what} names a point that does not exist")
    return [(k, RATIONALS.coerce(a)) for k, a in terms]


# ---- files ---------------------------------------------------------------------------------------


def _vector(data: object, what: str) -> Vector:
    return tuple(RATIONALS.read(x) for x in reading.items(data, what))


def _terms(data: object, what: str) -> Terms:
    pairs = [reading.entry(item, 1, what) for item in reading.items(data, what)]
    return tuple((k, RATIONALS.read(a)) for k, a in pairs)


def _write_terms(terms: Terms) -> list[list[Any]]:
    return [[k, RATIONALS.write(RATIONALS.coerce(a))] for k, a in terms]


def read_margin(number_field: Field, data: dict[str, Any]) -> MaximalMargin:
    """The claim of an enclosure of the maximal margin."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "points", "labels", "lower", "upper"))
    points = tuple(_vector(point, "a point") for point in reading.items(parts["points"], "points"))
    labels = tuple(reading.items(parts["labels"], "labels"))
    return MaximalMargin(points, labels, RATIONALS.read(parts["lower"]), RATIONALS.read(parts["upper"]))


def write_margin(claim: MaximalMargin) -> dict[str, Any]:
    """The JSON form of the claim."""
    write = RATIONALS.write
    return {
        "points": [[write(x) for x in point] for point in claim.points],
        "labels": list(claim.labels),
        "lower": write(claim.lower),
        "upper": write(claim.upper),
    }


def read_enclosure(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> MarginEnclosure:
    """The dual vector with its cells, and the network."""
    parts = reading.fields(data, "the proof", ("kind", "multipliers", "cells", "dependencies", "network"))
    if not isinstance(claim, MaximalMargin):
        raise FormatError("a dual vector with a network proves enclosures of the maximal margin only")
    cells: list[Cell] = []
    for item in reading.items(parts["cells"], "cells"):
        pieces = reading.items(item, "a cell")
        if len(pieces) != 3:
            raise FormatError("a cell is its signs and two lists of weights")
        cells.append((reading.text(pieces[0], "the signs"), _terms(pieces[1], "a cell"), _terms(pieces[2], "a cell")))
    neurons = []
    for item in reading.items(parts["network"], "network"):
        pieces = reading.items(item, "a neuron")
        if len(pieces) != 2:
            raise FormatError("a neuron is a number and a vector")
        neurons.append((RATIONALS.read(pieces[0]), _vector(pieces[1], "a neuron")))
    dependencies = tuple(_terms(item, "a dependency") for item in reading.items(parts["dependencies"], "dependencies"))
    multipliers = _vector(parts["multipliers"], "multipliers")
    return MarginEnclosure(claim, multipliers, tuple(cells), dependencies, tuple(neurons), provenance)


def write_enclosure(proof: MarginEnclosure) -> dict[str, Any]:
    """The JSON form of the proof."""
    write, coerce = RATIONALS.write, RATIONALS.coerce
    return {
        "multipliers": [write(coerce(a)) for a in proof.multipliers],
        "cells": [[signs, _write_terms(p), _write_terms(q)] for signs, p, q in proof.cells],
        "dependencies": [_write_terms(terms) for terms in proof.dependencies],
        "network": [[write(coerce(a)), [write(coerce(x)) for x in w]] for a, w in proof.network],
    }
