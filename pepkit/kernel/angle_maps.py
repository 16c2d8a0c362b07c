"""Enclosures of numbers about wide ReLU networks: angles behind l layers, slopes, fixed points, finite-width rates.

Two inputs of a layer x -> max(0, W x) with independent Gaussian weights and infinitely many neurons have, if their
correlation is r, the correlation J(r) behind it, J(r) = (sqrt(1 - r^2) + r (pi - arccos r))/pi (Cho, Saul 2009). Maps:

- ``relu``: r' = J(r);
- ``residual``, branch strength a^2: r' = (r + a^2 J(r))/(1 + a^2);
- ``centred``, strength s in [0, 1]: r' = (J(r) - s/pi)/(1 - s/pi); s = 1 subtracts the mean of the activations.

Every map is increasing on [-1, 1]; ball arithmetic encloses its iterates. The constants are defined in `CONSTANTS`. The
kernel proves the enclosures of the numbers; their meaning for networks is quoted, see docs/laboratories.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import comb
from typing import Any

from flint import arb, fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact, between_text, decide, no_data
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text

__all__ = ["CONSTANTS", "MAPS", "AngleEnclosure", "BallEvaluation", "WideNetworkConstant", "angle_ball", "layer_map"]

MAPS = ("relu", "residual", "centred")
MAX_LAYERS = 10_000
MAX_WIDTH = 2048


def layer_map(name: str, strength: arb, correlation: arb) -> arb:
    """r' of one layer, in ball arithmetic."""
    pi = arb.pi()
    r = correlation
    image = ((1 - r * r).sqrt() + r * (pi - r.acos())) / pi
    if name == "relu":
        return image
    if name == "residual":
        return (r + strength * image) / (1 + strength)
    shift = strength / pi
    return (image - shift) / (1 - shift)


def angle_ball(name: str, strength: fmpq, correlation: fmpq, layers: int) -> arb:
    """The angle behind `layers` layers at the present precision of flint.

    The maps increase and have slope at most 1/(1 - 1/pi), so the ends of an interval are mapped one by one. (One ball
    for all would grow by the slopes of the terms of J, which cancel.)
    """
    low = high = arb(correlation)
    a, one = arb(strength), arb(1)
    for _ in range(layers):
        low = layer_map(name, a, low).lower()
        high = layer_map(name, a, high).upper()
        # correlations are at most 1
        high = high if high < one else one
    return low.acos().union(high.acos())


def _ends(low: Any, high: Any) -> tuple[fmpq, fmpq]:
    first, last = RATIONALS.coerce(low), RATIONALS.coerce(high)
    if first > last:
        raise ClaimError("the lower end of the enclosure is above the upper end")
    return first, last


def _inside(value: Callable[[], arb], low: fmpq, high: fmpq) -> None:
    """Prove low <= value <= high; CertificateError names the end that fails."""

    def above() -> bool | None:
        ball = value()
        return True if ball >= arb(low) else False if ball < arb(low) else None

    def below() -> bool | None:
        ball = value()
        return True if ball <= arb(high) else False if ball > arb(high) else None

    if not decide(above):
        raise CertificateError("the number is smaller than the lower end of the enclosure")
    if not decide(below):
        raise CertificateError("the number is larger than the upper end of the enclosure")


@dataclass(frozen=True, repr=False)
class AngleEnclosure(RationalFact):
    """low <= angle <= high behind `layers` layers of a map, from inputs of the given correlation (radians).

    Raises
    ------
    ClaimError
        An unknown map, a strength outside its range, a correlation outside (-1, 1), too many layers.
    """

    map: str
    strength: Any
    correlation: Any
    layers: int
    low: Any
    high: Any

    def __post_init__(self) -> None:
        if self.map not in MAPS:
            raise ClaimError(f"unknown map {self.map[:40]!r}; known are {', '.join(MAPS)}")
        strength, correlation = RATIONALS.coerce(self.strength), RATIONALS.coerce(self.correlation)
        if self.map == "relu" and strength:
            raise ClaimError("the map relu has strength 0")
        if strength < 0 or (self.map == "centred" and strength > 1):
            raise ClaimError("the strength is not negative, and at most 1 for the centred map")
        if not -1 < correlation < 1:
            raise ClaimError("the correlation lies strictly between -1 and 1")
        if not 0 <= self.layers <= MAX_LAYERS:
            raise ClaimError(f"the number of layers lies between 0 and {MAX_LAYERS}")
        low, high = _ends(self.low, self.high)
        for name, value in (("strength", strength), ("correlation", correlation), ("low", low), ("high", high)):
            object.__setattr__(self, name, value)

    def enclose(self) -> None:
        """CertificateError unless the angle lies in the interval."""
        _inside(lambda: angle_ball(self.map, self.strength, self.correlation, self.layers), self.low, self.high)

    def __repr__(self) -> str:
        strength = "" if self.map == "relu" else f" of strength {rational_text(self.strength)}"
        low, high = between_text(self.low, self.high, 30)
        return (
            f"Theorem. Two inputs with correlation {rational_text(self.correlation)} have, behind {self.layers} layers "
            f"of the infinite-width map '{self.map}'{strength}, an angle between {low} and {high} (radians)."
        )


def _log_ratio(k: int) -> arb:
    """psi((k-1)/2) - psi(k/2), the mean of ln(chi2_(k-1)/chi2_k) for independent variables, k >= 2."""
    return arb(fmpq(k - 1, 2)).digamma() - arb(fmpq(k, 2)).digamma()


def _trigamma(k: int) -> arb:
    """psi'(k/2) from psi'(1) = pi^2/6, psi'(1/2) = pi^2/2 and psi'(x + 1) = psi'(x) - 1/x^2."""
    square = arb.pi() * arb.pi()
    value = square / 6 if k % 2 == 0 else square / 2
    for twice in range(2 if k % 2 == 0 else 1, k, 2):
        value -= arb(fmpq(4, twice * twice))
    return value


def _average(width: int, values: Mapping[int, arb]) -> arb:
    """E[values[k]] for k ~ Binomial(width, 1/2) given k >= 2."""
    weights = {k: comb(width, k) for k in values}
    total = sum((weights[k] * values[k] for k in values), arb(0))
    return total / sum(weights.values())


def _finite_width_mean(width: int) -> arb:
    return _average(width, {k: _log_ratio(k) for k in range(2, width + 1)})


def _finite_width_variance(width: int) -> arb:
    first, second = {}, {}
    for k in range(2, width + 1):
        mean = _log_ratio(k)
        first[k] = mean
        second[k] = _trigamma(k - 1) + _trigamma(k) + mean * mean
    mean = _average(width, first)
    return _average(width, second) - mean * mean


def _slope(at_one: bool) -> arb:
    slope = arb(1) if at_one else arb(fmpq(1, 2))
    return slope / (1 - 1 / arb.pi())


CONSTANTS: dict[str, tuple[str, Callable[[Any], arb], str]] = {
    "angle-coefficient": (
        "none", lambda p: 1 / (3 * arb.pi()), "c in theta' = theta - c theta^2 + O(theta^3), that is 1/(3 pi)",
    ),
    "centred-slope-zero": ("none", lambda p: _slope(False), "the slope at r = 0 of the centred map, (1/2)/(1 - 1/pi)"),
    "centred-slope-one": ("none", lambda p: _slope(True), "the slope at r = 1 of the centred map, 1/(1 - 1/pi)"),
    "centred-gain": (
        "none", lambda p: (2 / (1 - 1 / arb.pi())).sqrt(),
        "the gain sqrt(2/(1 - 1/pi)) that keeps the variance of centred ReLU activations",
    ),
    "finite-width-mean": (
        "width", _finite_width_mean,
        "E[psi((k-1)/2) - psi(k/2) | k >= 2], k ~ Binomial(n, 1/2), n = {p}: the mean change of ln sin^2 of a small "
        "angle in one Gaussian ReLU layer with n neurons",
    ),
    "finite-width-variance": (
        "width", _finite_width_variance,
        "Var ln(chi2_(k-1)/chi2_k) given k >= 2, k ~ Binomial(n, 1/2), n = {p}: the variance of the change of ln sin^2 "
        "of a small angle in one Gaussian ReLU layer with n neurons",
    ),
    "centred-fixed-point": (
        "strength", lambda p: arb(0),
        "1 - r*, r* the stable fixed point of the centred map of strength s = {p}",
    ),
}  # fmt: skip
"""Name -> (kind of parameter, value in ball arithmetic, words)."""


@dataclass(frozen=True, repr=False)
class WideNetworkConstant(RationalFact):
    """low <= constant <= high; `parameter` is the width n or the strength s where the constant has one, else 0."""

    constant: str
    parameter: Any
    low: Any
    high: Any

    def __post_init__(self) -> None:
        if self.constant not in CONSTANTS:
            raise ClaimError(f"unknown constant {self.constant[:40]!r}; known are {', '.join(CONSTANTS)}")
        kind = CONSTANTS[self.constant][0]
        parameter = RATIONALS.coerce(self.parameter)
        if kind == "none" and parameter:
            raise ClaimError(f"the constant {self.constant} has no parameter; write 0")
        if kind == "width" and not (parameter.q == 1 and 2 <= parameter <= MAX_WIDTH):
            raise ClaimError(f"the width is an integer between 2 and {MAX_WIDTH}")
        if kind == "strength" and not 0 < parameter < 1:
            raise ClaimError("the strength lies strictly between 0 and 1")
        low, high = _ends(self.low, self.high)
        for name, value in (("parameter", parameter), ("low", low), ("high", high)):
            object.__setattr__(self, name, value)

    def enclose(self) -> None:
        """CertificateError unless the constant lies in the interval."""
        kind, value, _ = CONSTANTS[self.constant]
        if kind == "strength":
            self._fixed_point()
            return
        parameter = int(self.parameter.p)
        _inside(lambda: value(parameter), self.low, self.high)

    def _fixed_point(self) -> None:
        """J is convex, so J_s(r) - r has at most two zeros: 1, where it increases, and r* in [0, 1) below it.

        It is positive on [0, r*) and negative on (r*, 1), so its signs at 1 - high and 1 - low decide.
        """
        if not 0 < self.low <= self.high < 1:
            raise CertificateError("the enclosure of 1 - r* lies strictly between 0 and 1")

        def sign(r: fmpq) -> bool:
            def positive() -> bool | None:
                value = layer_map("centred", arb(self.parameter), arb(r)) - arb(r)
                return True if value > 0 else False if value < 0 else None

            return decide(positive)

        if not sign(1 - self.high):
            raise CertificateError("the number is larger than the upper end of the enclosure")
        if sign(1 - self.low):
            raise CertificateError("the number is smaller than the lower end of the enclosure")

    def __repr__(self) -> str:
        words = CONSTANTS[self.constant][2].format(p=rational_text(self.parameter))
        low, high = between_text(self.low, self.high, 30)
        return f"Theorem. Between {low} and {high} lies {words}."


@dataclass(frozen=True)
class BallEvaluation:
    """A proof without data: the kernel encloses the number with ball arithmetic."""

    claim: AngleEnclosure | WideNetworkConstant
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the number lies outside the interval."""
        if not isinstance(self.claim, (AngleEnclosure, WideNetworkConstant)):
            raise FormatError("a ball evaluation proves enclosures of angles and constants only")
        self.claim.enclose()
        return Conclusion(self.claim, None, None, False, ("ball arithmetic places the number between the ends",))


# ---- files ---------------------------------------------------------------------------------------


def read_angle(number_field: Field, data: dict[str, Any]) -> AngleEnclosure:
    """The enclosure of an angle."""
    require_rationals(number_field)
    keys = ("kind", "map", "strength", "correlation", "layers", "low", "high")
    parts = reading.fields(data, "the claim", keys)
    read = RATIONALS.read
    return AngleEnclosure(
        reading.text(parts["map"], "the map"),
        read(parts["strength"]),
        read(parts["correlation"]),
        reading.index(parts["layers"], "layers"),
        read(parts["low"]),
        read(parts["high"]),
    )


def write_angle(claim: AngleEnclosure) -> dict[str, Any]:
    """The JSON form of the enclosure of an angle."""
    write = RATIONALS.write
    numbers = {key: write(getattr(claim, key)) for key in ("strength", "correlation", "low", "high")}
    return {"map": claim.map, "layers": claim.layers, **numbers}


def read_constant(number_field: Field, data: dict[str, Any]) -> WideNetworkConstant:
    """The enclosure of a constant."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "constant", "parameter", "low", "high"))
    read = RATIONALS.read
    name = reading.text(parts["constant"], "the constant")
    return WideNetworkConstant(name, read(parts["parameter"]), read(parts["low"]), read(parts["high"]))


def write_constant(claim: WideNetworkConstant) -> dict[str, Any]:
    """The JSON form of the enclosure of a constant."""
    write = RATIONALS.write
    return {"constant": claim.constant, **{key: write(getattr(claim, key)) for key in ("parameter", "low", "high")}}


def read_evaluation(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> BallEvaluation:
    """The proof without data."""
    no_data(data)
    if not isinstance(claim, (AngleEnclosure, WideNetworkConstant)):
        raise FormatError("a ball evaluation proves enclosures of angles and constants only")
    return BallEvaluation(claim, provenance)
