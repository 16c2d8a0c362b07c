"""Two-layer ReLU networks on an interval of the line, as exact piecewise linear functions.

f(x) = c + sum_j a_j max(0, w_j x + b_j) over the rationals has the kinks -b_j/w_j and the slope change a_j |w_j| at
each of them; changes at one place add up, and a kink is there only if the sum is not zero. Claims about f on [l, r]:

- `KinkCount`: f has exactly so many kinks in the open interval;
- `UniformDistance`: max |f - g| over the interval is exactly this number, for another such network g. |f - g| is
  largest at an end or at a kink of f or g;
- `KinksNeeded`: every continuous piecewise linear g with |f - g| < distance on the interval has at least so many kinks.
  Proof by triples p < q < r: if g is affine on [p, r], then by
  f(q) - ((r - q) f(p) + (q - p) f(r))/(r - p) = e the largest of |f - g| at the three points is at least |e|/2. So
  each triple with |e|/2 >= distance puts a kink of g into (p, r), and these intervals are disjoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact, no_data
from pepkit.kernel.network_data import network_from_data, network_to_data, require_rationals
from pepkit.kernel.networks import Network
from pepkit.kernel.numbers import RATIONALS, Field, rational_text
from pepkit.kernel.words import decimal_text

__all__ = [
    "BendingTriples",
    "KinkCount",
    "KinkEvaluation",
    "KinksNeeded",
    "UniformDistance",
    "kinks",
    "value_at",
]

Triple = tuple[Any, Any, Any]


def _checked(network: Network) -> Network:
    layers = network.layers
    if (
        len(layers) != 2
        or network.inputs != 1
        or network.outputs != 1
        or layers[0].slopes is None
        or any(layers[0].slopes)
        or not network.ends_affinely
    ):
        raise ClaimError("a network on the line is a ReLU layer with one input, then an affine layer with one output")
    return network


def _interval(low: Any, high: Any) -> tuple[fmpq, fmpq]:
    low, high = RATIONALS.coerce(low), RATIONALS.coerce(high)
    if low >= high:
        raise ClaimError("the interval is empty: its lower end is not below its upper end")
    return low, high


def value_at(network: Network, x: Any) -> fmpq:
    """f(x), exactly."""
    return network((RATIONALS.coerce(x),))[0]


def kinks(network: Network, low: Any, high: Any) -> dict[fmpq, fmpq]:
    """Kink -> slope change (not zero), for the kinks in the open interval, in increasing order."""
    hidden, output = network.layers
    changes: dict[fmpq, fmpq] = {}
    for (w,), b, a in zip(hidden.weights, hidden.bias, output.weights[0], strict=True):
        if w and a:
            place = -b / w
            if low < place < high:
                changes[place] = changes.get(place, fmpq(0)) + a * abs(w)
    return {place: changes[place] for place in sorted(changes) if changes[place]}


def _slope_after(network: Network, x: fmpq) -> fmpq:
    """The slope of f just to the right of x."""
    hidden, output = network.layers
    total = fmpq(0)
    for (w,), b, a in zip(hidden.weights, hidden.bias, output.weights[0], strict=True):
        y = w * x + b
        if y > 0 or (not y and w > 0):
            total += a * w
    return total


def _values(network: Network, places: Sequence[fmpq]) -> list[fmpq]:
    """f at increasing places: carried on by its slopes from the first, so wide networks are evaluated once only."""
    place, value, slope = places[0], value_at(network, places[0]), _slope_after(network, places[0])
    bends = list(kinks(network, places[0], places[-1]).items())[::-1]
    found = [value]
    for following in places[1:]:
        while bends and bends[-1][0] < following:
            kink, change = bends.pop()
            value += slope * (kink - place)
            slope += change
            place = kink
        value += slope * (following - place)
        place = following
        found.append(value)
    return found


@dataclass(frozen=True, repr=False)
class KinkCount(RationalFact):
    """The network has exactly `count` kinks in the open interval (low, high).

    Raises ClaimError if the network is no 1-m-1 ReLU network or the interval is empty.
    """

    network: Network
    low: Any
    high: Any
    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", _checked(self.network))
        low, high = _interval(self.low, self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def __repr__(self) -> str:
        return (
            f"Theorem. The ReLU network 1-{self.network.layers[0].outputs}-1 with the given exact weights has exactly "
            f"{self.count} kinks in {_open(self.low, self.high)}."
        )


@dataclass(frozen=True, repr=False)
class UniformDistance(RationalFact):
    """max |f - g| over [low, high] is exactly `distance`."""

    first: Network
    second: Network
    low: Any
    high: Any
    distance: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", _checked(self.first))
        object.__setattr__(self, "second", _checked(self.second))
        low, high = _interval(self.low, self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "distance", RATIONALS.coerce(self.distance))

    def __repr__(self) -> str:
        kept = [len(kinks(network, self.low, self.high)) for network in (self.first, self.second)]
        return (
            f"Theorem. The ReLU networks 1-{self.first.layers[0].outputs}-1 ({kept[0]} kinks) and "
            f"1-{self.second.layers[0].outputs}-1 ({kept[1]} kinks) with the given exact weights differ on "
            f"{_closed(self.low, self.high)} by at most {_short(self.distance)}, and somewhere by as much."
        )


@dataclass(frozen=True, repr=False)
class KinksNeeded(RationalFact):
    """Every continuous piecewise linear g with |f - g| < distance on [low, high] has at least `count` kinks inside."""

    network: Network
    low: Any
    high: Any
    distance: Any
    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", _checked(self.network))
        low, high = _interval(self.low, self.high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        distance = RATIONALS.coerce(self.distance)
        if distance <= 0:
            raise ClaimError("the distance is positive")
        object.__setattr__(self, "distance", distance)

    def __repr__(self) -> str:
        return (
            f"Theorem. Every continuous piecewise linear function that differs from the ReLU network "
            f"1-{self.network.layers[0].outputs}-1 with the given exact weights by less than {_short(self.distance)} "
            f"on {_closed(self.low, self.high)} has at least {self.count} kinks in {_open(self.low, self.high)}."
        )


def _short(value: fmpq) -> str:
    text = rational_text(value)
    return text if len(text) <= 40 else f"about {decimal_text(RATIONALS, value, 12)} (rounded; exact in the claim)"


def _closed(low: fmpq, high: fmpq) -> str:
    return f"[{rational_text(low)}, {rational_text(high)}]"


def _open(low: fmpq, high: fmpq) -> str:
    return f"({rational_text(low)}, {rational_text(high)})"


@dataclass(frozen=True)
class KinkEvaluation:
    """A proof without data: the kernel finds all kinks and evaluates the networks there."""

    claim: KinkCount | UniformDistance
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError names the true number."""
        claim = self.claim
        if isinstance(claim, KinkCount):
            found = len(kinks(claim.network, claim.low, claim.high))
            if found != claim.count:
                raise CertificateError(f"the network has {found} kinks there, not {claim.count}")
            return Conclusion(claim, None, None, False, (f"{found} places with a slope change that is not zero",))
        if not isinstance(claim, UniformDistance):
            raise FormatError("an evaluation at kinks proves numbers of kinks and uniform distances only")
        kept = [kinks(network, claim.low, claim.high) for network in (claim.first, claim.second)]
        places = sorted({claim.low, claim.high, *kept[0], *kept[1]})
        pairs = zip(_values(claim.first, places), _values(claim.second, places), strict=True)
        largest = max(abs(f - g) for f, g in pairs)
        if largest != claim.distance:
            raise CertificateError(
                f"the largest difference is {rational_text(largest)[:60]}, not {rational_text(claim.distance)[:60]}"
            )
        return Conclusion(claim, None, None, False, (f"|f - g| at {len(places)} places: both ends and all kinks",))


@dataclass(frozen=True)
class BendingTriples:
    """Triples p < q < r of points at which f is too far from affine, one for every kink that is needed."""

    claim: KinksNeeded
    triples: tuple[Triple, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError names the first triple that fails."""
        claim = self.claim
        if not isinstance(claim, KinksNeeded):
            raise FormatError("triples prove numbers of kinks that are needed only")
        if len(self.triples) != claim.count:
            raise FormatError(f"there are {len(self.triples)} triples for {claim.count} kinks")
        triples = [tuple(RATIONALS.coerce(x) for x in triple) for triple in self.triples]
        if any(len(triple) != 3 for triple in triples):
            raise FormatError("a triple has three points")
        for number, (p, q, r) in enumerate(triples):
            if not claim.low <= p < q < r <= claim.high:
                raise CertificateError(f"triple {number} is not increasing within the interval")
        places = sorted({x for triple in triples for x in triple})
        values = dict(zip(places, _values(claim.network, places) if places else [], strict=True))
        for number, (p, q, r) in enumerate(triples):
            fp, fq, fr = (values[x] for x in (p, q, r))
            bend = fq - ((r - q) * fp + (q - p) * fr) / (r - p)
            if abs(bend) < 2 * claim.distance:
                raise CertificateError(
                    f"an affine function is closer than {rational_text(claim.distance)[:60]} to f on triple {number}"
                )
        for number, (first, second) in enumerate(pairwise(triples)):
            if first[2] > second[0]:
                raise CertificateError(f"the intervals of triples {number} and {number + 1} overlap")
        return Conclusion(claim, None, None, False, (f"{len(triples)} disjoint intervals, each with a kink inside",))


# ---- files ---------------------------------------------------------------------------------------


def _end_points(parts: Mapping[str, Any]) -> tuple[Any, Any]:
    return RATIONALS.read(parts["low"]), RATIONALS.read(parts["high"])


def read_kink_count(number_field: Field, data: dict[str, Any]) -> KinkCount:
    """The claim of a number of kinks."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "network", "low", "high", "count"))
    return KinkCount(network_from_data(parts["network"]), *_end_points(parts), reading.index(parts["count"], "count"))


def write_kink_count(claim: KinkCount) -> dict[str, Any]:
    """The JSON form of the claim of a number of kinks."""
    write = RATIONALS.write
    network = network_to_data(claim.network)
    return {"network": network, "low": write(claim.low), "high": write(claim.high), "count": claim.count}


def read_distance(number_field: Field, data: dict[str, Any]) -> UniformDistance:
    """The claim of a uniform distance."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "first", "second", "low", "high", "distance"))
    distance = RATIONALS.read(parts["distance"])
    return UniformDistance(
        network_from_data(parts["first"]), network_from_data(parts["second"]), *_end_points(parts), distance
    )


def write_distance(claim: UniformDistance) -> dict[str, Any]:
    """The JSON form of the claim of a uniform distance."""
    write = RATIONALS.write
    return {
        "first": network_to_data(claim.first),
        "second": network_to_data(claim.second),
        "low": write(claim.low),
        "high": write(claim.high),
        "distance": write(claim.distance),
    }


def read_needed(number_field: Field, data: dict[str, Any]) -> KinksNeeded:
    """The claim of a number of kinks that are needed."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "network", "low", "high", "distance", "count"))
    distance, count = RATIONALS.read(parts["distance"]), reading.index(parts["count"], "count")
    return KinksNeeded(network_from_data(parts["network"]), *_end_points(parts), distance, count)


def write_needed(claim: KinksNeeded) -> dict[str, Any]:
    """The JSON form of the claim of a number of kinks that are needed."""
    write = RATIONALS.write
    return {
        "network": network_to_data(claim.network),
        "low": write(claim.low),
        "high": write(claim.high),
        "distance": write(claim.distance),
        "count": claim.count,
    }


def read_evaluation(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> KinkEvaluation:
    """The proof without data."""
    no_data(data)
    if not isinstance(claim, (KinkCount, UniformDistance)):
        raise FormatError("an evaluation at kinks proves numbers of kinks and uniform distances only")
    return KinkEvaluation(claim, provenance)


def read_triples(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> BendingTriples:
    """The proof by triples."""
    parts = reading.fields(data, "the proof", ("kind", "triples"))
    if not isinstance(claim, KinksNeeded):
        raise FormatError("triples prove numbers of kinks that are needed only")
    triples: list[Triple] = []
    for item in reading.items(parts["triples"], "triples"):
        points = reading.items(item, "a triple")
        if len(points) != 3:
            raise FormatError("a triple has three points")
        triples.append((RATIONALS.read(points[0]), RATIONALS.read(points[1]), RATIONALS.read(points[2])))
    return BendingTriples(claim, tuple(triples), provenance)


def write_triples(proof: BendingTriples) -> dict[str, Any]:
    """The JSON form of the proof by triples."""
    return {"triples": [[RATIONALS.write(RATIONALS.coerce(x)) for x in triple] for triple in proof.triples]}
