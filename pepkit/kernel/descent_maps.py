"""Gradient descent on the loss (x_1 x_2 ... x_N - 1)^2 / 2 of a scalar network with N layers, all x_j equal.

With one value x in every layer each partial derivative is (x^N - 1) x^(N-1), so all layers stay equal and gradient
descent with step eta is the map m(x) = x - eta (x^N - 1) x^(N-1) of the line.

- A *covering* is a list of intervals with disjoint interiors and its graph: i -> j where the images of the end points
  of I_i enclose I_j, so that m(I_i) contains I_j by the intermediate value theorem. If a positive vector v has
  A v >= growth v for the 0-1 matrix A of the graph, the spectral radius of A is at least `growth`, and the
  topological entropy of m is at least ln(growth) (Misiurewicz, Szlenk 1980). Every loop of the graph holds a
  periodic point.
- A *periodic orbit* is a list of different points that m permutes cyclically.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import partial
from itertools import pairwise
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError, UndecidedError
from pepkit.kernel.facts import FactClaim, no_data
from pepkit.kernel.numbers import Field, Number
from pepkit.kernel.radicals import Enclosed
from pepkit.kernel.words import decimal_text

__all__ = ["CoveringGraph", "DescentCovering", "DescentOrbit", "OrbitEvaluation", "descent_map"]

MAX_DEPTH = 64
MAX_INTERVALS = 256
MAX_BITS = 1 << 18
"""Longest number that the map makes, in bits of all of its coefficients."""


def _bounded(value: Any) -> Any:
    """The value, unless it is exact and longer than `MAX_BITS`: powers of long numbers would take hours."""
    bits = 0
    if isinstance(value, fmpq):
        bits = value.p.bit_length() + value.q.bit_length()
    elif isinstance(value, Number):
        bits = value.height_bits() * value.field.degree
    elif isinstance(value, Enclosed):
        bits = value.size_bits()
    if bits > MAX_BITS:
        raise ClaimError(f"an image under the descent map needs more than {MAX_BITS} bits")
    return value


def descent_map(depth: int, step: Any, x: Any) -> Any:
    """m(x) = x - eta (x^N - 1) x^(N-1). ClaimError for numbers that become too long."""
    power = x
    for _ in range(depth - 2):
        power = _bounded(power * x)
    return _bounded(x - step * (power * x - 1) * power)


def _checked(number_field: Field, depth: int, step: Any) -> Any:
    if not 2 <= depth <= MAX_DEPTH:
        raise ClaimError(f"the number of layers lies between 2 and {MAX_DEPTH}")
    step = number_field.coerce(step)
    if number_field.sign(step) <= 0:
        raise ClaimError("the step is positive")
    return step


@dataclass(frozen=True, repr=False)
class DescentCovering(FactClaim):
    """The topological entropy of m is at least ln(growth), by a covering with the given intervals.

    Parameters
    ----------
    field
        Q or a number field; the step, the ends of the intervals and the growth are its elements.
    depth, step
        N and eta.
    intervals
        Pairs (low, high) in increasing order; neighbours may share an end point.
    growth
        A number > 1.
    """

    field: Field
    depth: int
    step: Any
    intervals: tuple[tuple[Any, Any], ...]
    growth: Any

    def __post_init__(self) -> None:
        coerce, sign = self.field.coerce, self.field.sign
        object.__setattr__(self, "step", _checked(self.field, self.depth, self.step))
        if not 1 <= len(self.intervals) <= MAX_INTERVALS:
            raise ClaimError(f"a covering has between 1 and {MAX_INTERVALS} intervals")
        intervals = tuple((coerce(low), coerce(high)) for low, high in self.intervals)
        if any(sign(high - low) <= 0 for low, high in intervals):
            raise ClaimError("an interval of the covering is empty")
        if any(sign(second[0] - first[1]) < 0 for first, second in pairwise(intervals)):
            raise ClaimError("the intervals of the covering are not in increasing order with disjoint interiors")
        growth = coerce(self.growth)
        if sign(growth - 1) <= 0:
            raise ClaimError("the growth of a covering is greater than 1")
        object.__setattr__(self, "intervals", intervals)
        object.__setattr__(self, "growth", growth)

    def _side(self, image: Any, end: Any) -> int:
        """The sign of end - image."""
        return self.field.sign(end - image)

    def covers(self) -> list[list[bool]]:
        """Row i: which intervals the image of interval i contains, by the images of its end points."""
        sign = self.field.sign
        rows = []
        for low, high in self.intervals:
            first, last = descent_map(self.depth, self.step, low), descent_map(self.depth, self.step, high)
            if sign(last - first) < 0:
                first, last = last, first
            # both ends of the intervals increase, so the contained ones are neighbours
            start = bisect_left([a for a, _ in self.intervals], 0, key=partial(self._side, first))
            stop = bisect_right([b for _, b in self.intervals], 0, key=partial(self._side, last))
            rows.append([start <= j < stop for j in range(len(self.intervals))])
        return rows

    def __repr__(self) -> str:
        text = self.field.text
        shown = ", ".join(f"[{text(a)}, {text(b)}]" for a, b in self.intervals[:8])
        more = ", ..." if len(self.intervals) > 8 else ""
        return (
            f"Theorem. Gradient descent with step {text(self.step)} on (x_1 ... x_{self.depth} - 1)^2/2, started with "
            f"equal x_j, is chaotic: the map x -> x - {text(self.step)} (x^{self.depth} - 1) x^{self.depth - 1} has "
            f"topological entropy at least ln({text(self.growth)}) "
            f"(growth about {decimal_text(self.field, self.growth, 8)}) on the points that stay in "
            f"the intervals {shown}{more}."
        )


@dataclass(frozen=True)
class CoveringGraph:
    """A positive vector v with A v >= growth v; v = (1, ..., 1) if `weights` is empty."""

    claim: DescentCovering
    weights: tuple[Any, ...] = ()
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if some row of the graph is too small."""
        claim = self.claim
        if not isinstance(claim, DescentCovering):
            raise FormatError("a covering graph proves entropy of descent maps only")
        number_field = claim.field
        count = len(claim.intervals)
        weights = [number_field.coerce(w) for w in self.weights] or [number_field.coerce(1)] * count
        if len(weights) != count:
            raise FormatError(f"the covering has {count} intervals and {len(weights)} weights")
        if any(number_field.sign(w) <= 0 for w in weights):
            raise CertificateError("a weight of the covering graph is not positive")
        edges = 0
        for i, row in enumerate(claim.covers()):
            total = number_field.coerce(0)
            for covered, weight in zip(row, weights, strict=True):
                if covered:
                    total = total + weight
            edges += sum(row)
            if number_field.sign(total - claim.growth * weights[i]) < 0:
                covered_count = sum(row)
                raise CertificateError(
                    f"the image of interval {i} contains {covered_count} of the intervals: too few for this growth"
                )
        return Conclusion(
            claim,
            None,
            None,
            False,
            (f"{edges} coverings by images of end points", "the graph grows at least as stated"),
        )


@dataclass(frozen=True, repr=False)
class DescentOrbit(FactClaim):
    """The points are a periodic orbit of m, in this order, of exact period len(points)."""

    field: Field
    depth: int
    step: Any
    points: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", _checked(self.field, self.depth, self.step))
        points = tuple(self.field.coerce(x) for x in self.points)
        if not 1 <= len(points) <= MAX_INTERVALS:
            raise ClaimError(f"an orbit has between 1 and {MAX_INTERVALS} points")
        object.__setattr__(self, "points", points)

    def multiplier(self) -> Any:
        """The derivative of m iterated once around the orbit."""
        product = self.field.coerce(1)
        n = self.depth
        for x in self.points:
            power = self.field.coerce(1)
            for _ in range(n - 2):
                power = power * x
            # d/dx (x^(2N-1) - x^(N-1)) = x^(N-2) ((2N-1) x^N - (N-1))
            product = product * (1 - self.step * power * ((2 * n - 1) * power * x * x - (n - 1)))
        return product

    def __repr__(self) -> str:
        text = self.field.text
        multiplier = self.multiplier()
        try:
            size = self.field.sign(multiplier * multiplier - 1)
            kind = {-1: ": attracting", 0: ": neutral", 1: ": repelling"}[size] + " within equal layers"
        except UndecidedError:
            kind = ""
        return (
            f"Theorem. Gradient descent with step {text(self.step)} on (x_1 ... x_{self.depth} - 1)^2/2, started with "
            f"all x_j = {text(self.points[0])}, is periodic with period {len(self.points)}: "
            f"{' -> '.join(text(x) for x in (*self.points, self.points[0]))}. "
            f"Its multiplier is {text(multiplier)}{kind}."
        )


@dataclass(frozen=True)
class OrbitEvaluation:
    """A proof without data: the kernel applies the map."""

    claim: DescentOrbit
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the map does not permute the points cyclically."""
        claim = self.claim
        if not isinstance(claim, DescentOrbit):
            raise FormatError("an evaluation of an orbit proves periodic orbits only")
        points = claim.points
        for i, x in enumerate(points):
            if descent_map(claim.depth, claim.step, x) - points[(i + 1) % len(points)]:
                raise CertificateError(f"the map does not send point {i} of the orbit to the next one")
        if any(not (points[i] - points[j]) for i in range(len(points)) for j in range(i)):
            raise CertificateError("two points of the orbit are equal, so the period is shorter")
        return Conclusion(claim, None, None, False, (f"the map permutes {len(points)} different points cyclically",))


# ---- files ---------------------------------------------------------------------------------------


def read_covering(number_field: Field, data: dict[str, Any]) -> DescentCovering:
    """The claim of a covering."""
    parts = reading.fields(data, "the claim", ("kind", "depth", "step", "intervals", "growth"))
    read = number_field.read
    intervals = []
    for entry in reading.items(parts["intervals"], "intervals"):
        ends = reading.items(entry, "an interval")
        if len(ends) != 2:
            raise FormatError("an interval is a pair of numbers")
        intervals.append((read(ends[0]), read(ends[1])))
    depth = reading.index(parts["depth"], "depth")
    return DescentCovering(number_field, depth, read(parts["step"]), tuple(intervals), read(parts["growth"]))


def write_covering(claim: DescentCovering) -> dict[str, Any]:
    """The JSON form of the claim of a covering."""
    write = claim.field.write
    return {
        "depth": claim.depth,
        "step": write(claim.step),
        "intervals": [[write(a), write(b)] for a, b in claim.intervals],
        "growth": write(claim.growth),
    }


def read_graph(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> CoveringGraph:
    """The weights of the intervals."""
    parts = reading.fields(data, "the proof", ("kind",), ("weights",))
    if not isinstance(claim, DescentCovering):
        raise FormatError("a covering graph proves entropy of descent maps only")
    weights = tuple(number_field.read(w) for w in reading.items(parts.get("weights", []), "weights"))
    return CoveringGraph(claim, weights, provenance)


def write_graph(proof: CoveringGraph) -> dict[str, Any]:
    """The JSON form of the weights."""
    write = proof.claim.field.write
    return {"weights": [write(proof.claim.field.coerce(w)) for w in proof.weights]} if proof.weights else {}


def read_orbit(number_field: Field, data: dict[str, Any]) -> DescentOrbit:
    """The claim of a periodic orbit."""
    parts = reading.fields(data, "the claim", ("kind", "depth", "step", "points"))
    points = tuple(number_field.read(x) for x in reading.items(parts["points"], "points"))
    return DescentOrbit(number_field, reading.index(parts["depth"], "depth"), number_field.read(parts["step"]), points)


def write_orbit(claim: DescentOrbit) -> dict[str, Any]:
    """The JSON form of the claim of a periodic orbit."""
    write = claim.field.write
    return {"depth": claim.depth, "step": write(claim.step), "points": [write(x) for x in claim.points]}


def read_orbit_evaluation(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> OrbitEvaluation:
    """The proof without data."""
    no_data(data)
    if not isinstance(claim, DescentOrbit):
        raise FormatError("an evaluation of an orbit proves periodic orbits only")
    return OrbitEvaluation(claim, provenance)
