"""Claims about a relaxation along a line of weights: one-sided limits at a place, and one piece between places.

Both are proved from the claim alone: the kernel computes the bound of the relaxation as a rational function, with
the decisions on one side of a place or on a whole interval, so the proof has no data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq, fmpq_poly

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.moving_relaxation import MOVING_METHODS, MovingNetwork
from pepkit.kernel.network_claims import NetworkClaim, claim_of_kind
from pepkit.kernel.network_data import network_from_data, network_to_data
from pepkit.kernel.networks import Box, Vector
from pepkit.kernel.numbers import RATIONALS, Field, Rationals, rational_from_text, rational_text
from pepkit.kernel.rational_functions import MAX_DEGREE, IntervalSigns, RationalFunction, SideSigns, has_root_inside
from pepkit.kernel.words import decimal_text

__all__ = ["CLAIMS", "PROOFS", "MovingEvaluation", "RelaxationLimits", "RelaxationPiece"]


class _MovingClaim(NetworkClaim):
    """What the two claims share: a line of networks, a method, and no rate."""

    line: MovingNetwork
    method: str
    rate: Any = None

    def with_rate(self, rate: Any) -> Claim:
        raise ClaimError("a claim about a relaxation along a line has no rate")

    def _check_method(self) -> None:
        if type(self.line) is not MovingNetwork:
            # another class could compute something else
            raise ClaimError(f"a claim along a line is about a MovingNetwork, not a {type(self.line).__name__}")
        if self.method not in MOVING_METHODS:
            raise ClaimError(f"unknown relaxation {self.method!r} along a line; known are {', '.join(MOVING_METHODS)}")

    @property
    def _opening(self) -> str:
        return (
            f"Theorem. Let f_t be the {self.line.first} network with weights (1 - t) first + t second, and B(t)\n"
            "the upper bound of the given form of its outputs on the given box by the relaxation "
            f"'{self.method}', without rounding."
        )


@dataclass(frozen=True)
class RelaxationLimits(_MovingClaim):
    """B(t) tends to `left` from below `place` and to `right` from above it, and B(place) = `value`."""

    line: MovingNetwork
    method: str
    place: Any
    left: Any
    right: Any
    value: Any

    rate = None

    def __post_init__(self) -> None:
        self._check_method()
        for name in ("place", "left", "right", "value"):
            object.__setattr__(self, name, RATIONALS.coerce(getattr(self, name)))

    @property
    def jump(self) -> Any:
        """right - left."""
        return self.right - self.left

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        place, left, right, value = (_short(number) for number in (self.place, self.left, self.right, self.value))
        jump = f"It jumps by {_short(self.jump)}." if self.jump else "It is continuous there."
        if not self.jump and self.value != self.left:
            jump = "It has a single different value there."
        return (
            f"{self._opening}\nAt t = {place} it has the limits {left} from the left and {right} from the right and "
            f"the value {value}.\n{jump}"
        )

    def brief(self) -> str:
        return (
            f"{self.line.first} networks on a line: the {self.method} bound at t = {_short(self.place)} goes from "
            f"{_short(self.left)} to {_short(self.right)}"
        )


@dataclass(frozen=True)
class RelaxationPiece(_MovingClaim):
    """B(t) = numerator(t)/denominator(t) for start < t < end, and |B'(t)| <= slope there.

    Parameters
    ----------
    numerator, denominator
        Coefficients, constant term first, in lowest terms; the denominator has leading coefficient one.
    """

    line: MovingNetwork
    method: str
    start: Any
    end: Any
    numerator: Vector
    denominator: Vector
    slope: Any

    rate = None

    def __post_init__(self) -> None:
        self._check_method()
        for name in ("start", "end", "slope"):
            object.__setattr__(self, name, RATIONALS.coerce(getattr(self, name)))
        for name in ("numerator", "denominator"):
            values = tuple(RATIONALS.coerce(c) for c in getattr(self, name))
            if not values or len(values) > MAX_DEGREE + 1 or (len(values) > 1 and not values[-1]):
                raise ClaimError(
                    f"the {name} of a piece is a list of 1 to {MAX_DEGREE + 1} coefficients, the last not 0"
                )
            object.__setattr__(self, name, values)
        if self.start >= self.end:
            raise ClaimError("a piece starts before it ends")
        if self.denominator[-1] != 1:
            raise ClaimError("the denominator of a piece has leading coefficient one")

    @property
    def degree(self) -> int:
        """The larger degree of numerator and denominator."""
        return max(len(self.numerator), len(self.denominator)) - 1

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        kind = "polynomial" if len(self.denominator) == 1 else "rational function"
        return (
            f"{self._opening}\nFor {_short(self.start)} < t < {_short(self.end)} it is the given {kind} of degree "
            f"{self.degree}, with |B'(t)| <= {_short(self.slope)}."
        )

    def brief(self) -> str:
        return (
            f"{self.line.first} networks on a line: the {self.method} bound has degree {self.degree} for "
            f"{_short(self.start)} < t < {_short(self.end)}"
        )


@dataclass(frozen=True)
class MovingEvaluation:
    """A proof without data: the kernel computes the relaxation along the line."""

    claim: RelaxationLimits | RelaxationPiece
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """What is proved; CertificateError names what differs."""
        claim = claim_of_kind(self.claim, RelaxationLimits, RelaxationPiece)
        return self._prove_limits(claim) if isinstance(claim, RelaxationLimits) else self._prove_piece(claim)

    def _prove_limits(self, claim: RelaxationLimits) -> Conclusion:
        line, place = claim.line, claim.place
        for side, claimed, word in ((-1, claim.left, "left"), (1, claim.right, "right")):
            found = line.function(claim.method, SideSigns(place, side)).at(place)
            if found != claimed:
                raise CertificateError(f"the limit from the {word} is {found}, not {claimed}"[:400])
        found = line.value(claim.method, place)
        if found != claim.value:
            raise CertificateError(f"the value at the place is {found}, not {claim.value}"[:400])
        checks = ("the bound is a rational function on either side, with these limits", "the value is exact")
        return Conclusion(claim, None, None, False, checks)

    def _prove_piece(self, claim: RelaxationPiece) -> Conclusion:
        signs = IntervalSigns(claim.start, claim.end)
        found = claim.line.function(claim.method, signs)
        numerator, denominator = fmpq_poly(list(claim.numerator)), fmpq_poly(list(claim.denominator))
        if found.numerator != numerator or found.denominator != denominator:
            raise CertificateError("the bound is another rational function on this interval")
        if has_root_inside(denominator, claim.start, claim.end):
            raise CertificateError("the denominator has a zero on the interval")
        if claim.slope < 0:
            raise CertificateError("a largest slope is not negative")
        limit, derivative = RationalFunction.constant(claim.slope), found.derivative()
        for side in (limit - derivative, limit + derivative):
            if signs(side) < 0:
                raise CertificateError(f"the slope exceeds {claim.slope} on the interval"[:400])
        checks = (
            "no decision and no sign changes on the interval",
            "the rational function and its slope are as claimed",
        )
        return Conclusion(claim, None, None, False, checks)


def _short(value: fmpq) -> str:
    """The exact number if it is short, else its decimals."""
    text = rational_text(value)
    return text if len(text) <= 24 else f"{decimal_text(RATIONALS, value, 12)}..."


# ---- data --------------------------------------------------------------------------------------------------

_LINE = ("kind", "first", "second", "box", "objective", "method")


def _vector(data: object, what: str) -> Vector:
    return tuple(rational_from_text(a) for a in reading.items(data, what))


def _read_line(number_field: Field, data: dict[str, Any]) -> tuple[MovingNetwork, str]:
    if not isinstance(number_field, Rationals):
        raise FormatError("certificates about networks are over the rationals")
    parts = reading.fields(data["box"], "the box", ("lower", "upper"))
    line = MovingNetwork(
        network_from_data(data["first"]),
        network_from_data(data["second"]),
        Box(_vector(parts["lower"], "a box"), _vector(parts["upper"], "a box")),
        _vector(data["objective"], "the objective"),
    )
    return line, reading.text(data["method"], "the method")


def _write_line(claim: RelaxationLimits | RelaxationPiece) -> dict[str, Any]:
    line = claim.line
    return {
        "first": network_to_data(line.first),
        "second": network_to_data(line.second),
        "box": {"lower": _texts(line.box.lower), "upper": _texts(line.box.upper)},
        "objective": _texts(line.objective),
        "method": claim.method,
    }


def _texts(values: Vector) -> list[str]:
    return [rational_text(a) for a in values]


def _read_limits(number_field: Field, data: dict[str, Any]) -> RelaxationLimits:
    reading.fields(data, "the claim", (*_LINE, "place", "left", "right", "value"))
    numbers = [rational_from_text(data[name]) for name in ("place", "left", "right", "value")]
    return RelaxationLimits(*_read_line(number_field, data), *numbers)


def _write_limits(claim: RelaxationLimits) -> dict[str, Any]:
    numbers = {name: rational_text(getattr(claim, name)) for name in ("place", "left", "right", "value")}
    return {**_write_line(claim), **numbers}


def _read_piece(number_field: Field, data: dict[str, Any]) -> RelaxationPiece:
    reading.fields(data, "the claim", (*_LINE, "start", "end", "numerator", "denominator", "slope"))
    return RelaxationPiece(
        *_read_line(number_field, data),
        rational_from_text(data["start"]),
        rational_from_text(data["end"]),
        _vector(data["numerator"], "a numerator"),
        _vector(data["denominator"], "a denominator"),
        rational_from_text(data["slope"]),
    )


def _write_piece(claim: RelaxationPiece) -> dict[str, Any]:
    numbers = {name: rational_text(getattr(claim, name)) for name in ("start", "end", "slope")}
    lists = {name: _texts(getattr(claim, name)) for name in ("numerator", "denominator")}
    return {**_write_line(claim), **numbers, **lists}


def _read_evaluation(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> MovingEvaluation:
    reading.fields(data, "the proof", ("kind",))
    if not isinstance(claim, (RelaxationLimits, RelaxationPiece)):
        raise FormatError("an evaluation along a line proves limits or a piece of a relaxation")
    return MovingEvaluation(claim, provenance)


CLAIMS: dict[str, Any] = {
    "relaxation-limits": (RelaxationLimits, _read_limits, _write_limits),
    "relaxation-piece": (RelaxationPiece, _read_piece, _write_piece),
}
PROOFS: dict[str, Any] = {"moving-evaluation": (MovingEvaluation, _read_evaluation, lambda proof: {})}
"""Kind in the file -> (type, reader, writer)."""
