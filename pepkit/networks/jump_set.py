"""The whole jump set of a relaxation along a line of weights: every piece and every change of decisions, exactly.

Between changes of decisions and of the signs of coefficients the bound B(t) is a rational function. From a place on,
the function is computed with the decisions just to the right of it; the first zero beyond of all functions whose sign
was asked ends the piece. So nothing between sampled points can be missed. Rational zeros are exact places, with
exact one-sided limits; at the others (algebraic numbers) a tiny interval around the place is left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from flint import fmpq, fmpq_poly

from pepkit.kernel import check, save
from pepkit.kernel.errors import ClaimError
from pepkit.kernel.moving_claims import MovingEvaluation, RelaxationLimits, RelaxationPiece
from pepkit.kernel.moving_relaxation import MovingNetwork
from pepkit.kernel.rational_functions import RationalFunction, SideSigns, isolated_roots
from pepkit.networks.model import rational
from pepkit.networks.simplest import simplest_between

__all__ = ["JumpSet", "LinePiece", "LinePlace", "exact_limits", "jump_set"]

WIDTH_BITS = 60
"""Irrational places are enclosed to 2**-WIDTH_BITS."""
MAX_PIECES = 5000

Progress = Callable[[str, str], Any]


@dataclass(frozen=True)
class LinePiece:
    """B(t) = function(t) for start < t < end; slope bounds |B'| there."""

    start: Any
    end: Any
    function: RationalFunction
    slope: Any

    @property
    def degree(self) -> int:
        """The larger degree of numerator and denominator."""
        return self.function.degree


@dataclass(frozen=True)
class LinePlace:
    """A place where a piece ends and another begins.

    At an exact place `low` = `high`, and `left`, `value`, `right` are the one-sided limits and the value there. Else
    the place lies between `low` and `high`, `left` and `right` are the values at these two, and `value` is None.
    """

    low: Any
    high: Any
    left: Any
    right: Any
    value: Any

    @property
    def exact(self) -> bool:
        """Whether the place is a rational number that is known exactly."""
        return bool(self.low == self.high)

    @property
    def jump(self) -> Any:
        """right - left."""
        return self.right - self.left

    @property
    def is_jump(self) -> bool:
        """Whether B is discontinuous there; at an enclosed place, whether it changes by more than 2**-20."""
        if self.exact:
            return bool(self.left != self.right or self.value != self.left)
        return bool(abs(self.jump) > fmpq(1, 1 << 20))


@dataclass(frozen=True)
class JumpSet:
    """Everything about B(t) for start <= t <= end: pieces in order and the places between them."""

    line: MovingNetwork
    method: str
    pieces: tuple[LinePiece, ...]
    places: tuple[LinePlace, ...]

    @property
    def jumps(self) -> tuple[LinePlace, ...]:
        """The discontinuities."""
        return tuple(place for place in self.places if place.is_jump)

    @property
    def largest_jump(self) -> Any:
        """max |right - left|."""
        return max((abs(place.jump) for place in self.jumps), default=fmpq(0))

    @property
    def largest_degree(self) -> int:
        """Of all pieces."""
        return max(piece.degree for piece in self.pieces)

    @property
    def largest_slope(self) -> Any:
        """A bound of |B'| on all pieces."""
        return max(piece.slope for piece in self.pieces)

    @cached_property
    def certificates(self) -> tuple[MovingEvaluation, ...]:
        """One for each jump at an exact place, then one for each piece."""
        provenance = {"software": "pepkit", "method": "jump set along a line"}
        found = [
            MovingEvaluation(
                RelaxationLimits(self.line, self.method, place.low, place.left, place.right, place.value), provenance
            )
            for place in self.jumps
            if place.exact
        ]
        found += [MovingEvaluation(_piece_claim(self.line, self.method, piece), provenance) for piece in self.pieces]
        return tuple(found)

    def save(self, folder: str | os.PathLike[str], name: str = "", force: bool = False) -> list[Path]:
        """Check every certificate and write it to the folder; the files, ``hbox-jump-1.json``, .., in order.

        Names start with `name`. ClaimError where a file is there already, unless `force` says to replace it.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        counts: dict[str, int] = {}
        paths = []
        for certificate in self.certificates:
            kind = "jump" if isinstance(certificate.claim, RelaxationLimits) else "piece"
            counts[kind] = counts.get(kind, 0) + 1
            parts = [part for part in (name, self.method, kind, str(counts[kind])) if part]
            paths.append(target / f"{'-'.join(parts)}.json")
            if paths[-1].exists() and not force:
                raise ClaimError(f"{paths[-1]} exists; name another folder or allow to replace it (--force)")
            check(certificate)
            save(certificate, paths[-1])
        return paths

    def sampled(self, points: int = 400) -> list[tuple[list[float], list[float]]]:
        """For a figure: t and B(t) in doubles on every piece, about `points` in all."""
        length = self.pieces[-1].end - self.pieces[0].start
        curves = []
        for piece in self.pieces:
            share = 2 + int(points * _float((piece.end - piece.start) / length))
            inner = [piece.start + (piece.end - piece.start) * fmpq(i, share) for i in range(share + 1)]
            curves.append(([_float(t) for t in inner], [_float(piece.function.at(t)) for t in inner]))
        return curves

    def __str__(self) -> str:
        lines = [
            f"{self.method} bound of {self.line.first} networks along a line: {len(self.pieces)} pieces, "
            f"{len(self.jumps)} jumps"
        ]
        for place in self.jumps:
            where = f"t = {_text(place.low)}" if place.exact else f"t = {_float(place.low):.12g}.. (enclosed)"
            lines.append(f"  {where}: {_text(place.left)} -> {_text(place.right)}, jump {_text(place.jump)}")
        lines.append(f"  largest degree {self.largest_degree}, slope at most {_float(self.largest_slope):.6g}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f'<pre class="pepkit">{escape(str(self))}</pre>'


def jump_set(
    line: MovingNetwork, method: str, *, start: Any = 0, end: Any = 1, progress: Progress | None = None
) -> JumpSet:
    """Every piece and every place where a piece ends, for start <= t <= end.

    Parameters
    ----------
    line
        Networks, box and objective.
    method
        ``box``, ``hbox``, ``deepz``, ``crown`` or ``crown-ibp``.
    start, end
        Rational places.

    Raises
    ------
    ClaimError
        If there are more than 5000 pieces, or their degree is too large: take a shorter part of the line, or sample
        with `WeightLine.events`.
    """
    line = MovingNetwork(line.first, line.second, line.box, line.objective)
    place, last = rational(start, "the start"), rational(end, "the end")
    if place >= last:
        raise ClaimError("a part of a line starts before it ends")
    pieces: list[LinePiece] = []
    places: list[LinePlace] = []
    roots = _Roots(place, last)
    previous: tuple[Any, RationalFunction] | None = None
    low = place
    while True:
        recorder = _Recorder(place)
        function = line.function(method, recorder)
        behind = roots.enclosing(recorder.asked, place)
        if behind is not None:
            # an irrational place so near that its enclosure reaches back over this one
            place = behind
            if place >= last:
                return JumpSet(line, method, tuple(pieces), tuple(places))
            continue
        if previous is not None:
            places.append(_place(line, method, low, place, previous[1], function))
        stop, beyond = roots.next_after(recorder.asked, place)
        pieces.append(LinePiece(place, stop, function, _largest_slope(function, place, stop)))
        if progress is not None:
            progress("jumps", f"{method}: t = {_float(stop):.4f}, {len(pieces)} pieces")
        if stop >= last:
            return JumpSet(line, method, tuple(pieces), tuple(places))
        if len(pieces) > MAX_PIECES:
            raise ClaimError(f"the bound has more than {MAX_PIECES} pieces; take a shorter part of the line")
        previous, low, place = (stop, function), stop, beyond
        if place >= last:
            return JumpSet(line, method, tuple(pieces), tuple(places))


def exact_limits(line: MovingNetwork, method: str, place: Any) -> MovingEvaluation:
    """A certificate of the one-sided limits and the value of the relaxation at one place."""
    line = MovingNetwork(line.first, line.second, line.box, line.objective)
    t = rational(place, "the place")
    left, right = (line.function(method, SideSigns(t, side)).at(t) for side in (-1, 1))
    claim = RelaxationLimits(line, method, t, left, right, line.value(method, t))
    return MovingEvaluation(claim, {"software": "pepkit"})


class _Recorder(SideSigns):
    """Signs to the right of a place, and the polynomials that were asked for."""

    def __init__(self, place: fmpq) -> None:
        super().__init__(place, 1)
        self.asked: set[tuple[Any, ...]] = set()

    def _polynomial(self, polynomial: Any) -> int:
        if polynomial.degree() > 0:
            monic = polynomial / polynomial.leading_coefficient()
            self.asked.add(tuple(monic.coeffs()))
        return super()._polynomial(polynomial)


class _Roots:
    """Real zeros of polynomials on (start, end), found once for each."""

    def __init__(self, start: fmpq, end: fmpq) -> None:
        self._start, self._end = start, end
        self._known: dict[tuple[Any, ...], list[tuple[fmpq, fmpq]]] = {}

    def _zeros(self, polynomials: set[tuple[Any, ...]]) -> list[tuple[fmpq, fmpq]]:
        zeros = []
        for coefficients in polynomials:
            if coefficients not in self._known:
                self._known[coefficients] = _real_zeros(coefficients, self._start, self._end)
            zeros += self._known[coefficients]
        return zeros

    def enclosing(self, polynomials: set[tuple[Any, ...]], place: fmpq) -> fmpq | None:
        """The far end of an enclosed zero on whose enclosure the place lies; None if there is none."""
        return max((high for low, high in self._zeros(polynomials) if low <= place < high), default=None)

    def next_after(self, polynomials: set[tuple[Any, ...]], place: fmpq) -> tuple[fmpq, fmpq]:
        """The end of the piece that starts at `place` and the start of the next; the end where no zero comes."""
        best = (self._end, self._end)
        zeros = self._zeros(polynomials)
        for low, high in zeros:
            if place < low < best[0]:
                best = (low, high)
        # enclosures that overlap belong to one place
        for low, high in sorted(zeros):
            if best[0] <= low <= best[1] < high:
                best = (best[0], min(high, self._end))
        return best


def _real_zeros(coefficients: tuple[Any, ...], start: fmpq, end: fmpq) -> list[tuple[fmpq, fmpq]]:
    """(z, z) for zeros in (start, end) that are short rationals, (low, high) around the others."""
    if len(coefficients) == 2:
        zero = -coefficients[0] / coefficients[1]
        return [(zero, zero)] if start < zero < end else []
    polynomial = fmpq_poly(list(coefficients))
    return [_refined(polynomial, low, high) for low, high in isolated_roots(polynomial, start, end)]


def _refined(polynomial: Any, low: fmpq, high: fmpq) -> tuple[fmpq, fmpq]:
    """Halve an isolating interval until it is narrow; the simplest rational inside is tried as the zero itself."""
    common = polynomial.gcd(polynomial.derivative())
    if common.degree() > 0:
        polynomial = polynomial // common
    for end in (low, high):
        # a zero at an end is another one, unless the interval is a point
        if low < high and not polynomial(end):
            polynomial = polynomial // fmpq_poly([-end, 1])
    if low == high:
        return low, high
    rising = polynomial(high) > 0
    tiny = fmpq(1, 1 << WIDTH_BITS)
    while high - low > tiny:
        # the grid of short numbers keeps the arithmetic fast
        middle = (low + high) / 2
        value = polynomial(middle)
        if not value:
            return middle, middle
        if (value > 0) == rising:
            high = middle
        else:
            low = middle
    simple = simplest_between(low, high)
    return (simple, simple) if not polynomial(simple) else (low, high)


def _place(
    line: MovingNetwork, method: str, low: fmpq, high: fmpq, before: RationalFunction, after: RationalFunction
) -> LinePlace:
    value = line.value(method, low) if low == high else None
    return LinePlace(low, high, before.at(low), after.at(high), value)


def _largest_slope(function: RationalFunction, start: fmpq, end: fmpq) -> fmpq:
    """A bound of |B'| on (start, end): the larger of the values at the ends, or a little more."""
    derivative = function.derivative()
    ends = max(abs(derivative.at(start)), abs(derivative.at(end)))
    second = derivative.derivative().numerator
    if second.degree() < 1:
        return ends
    inside = [ends]
    for low, high in _real_zeros(tuple(second.coeffs()), start, end):
        # an extreme value; the margin keeps the comparison strict
        inside.append(abs(derivative.at((low + high) / 2)) * fmpq((1 << 30) + 1, 1 << 30) + fmpq(1, 1 << 50))
    return max(inside, key=lambda a: a)


def _piece_claim(line: MovingNetwork, method: str, piece: LinePiece) -> RelaxationPiece:
    numerator, denominator = (list(p.coeffs()) or [fmpq(0)] for p in _parts(piece.function))
    return RelaxationPiece(line, method, piece.start, piece.end, tuple(numerator), tuple(denominator), piece.slope)


def _parts(function: RationalFunction) -> Sequence[Any]:
    return function.numerator, function.denominator


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _text(value: fmpq) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{_float(value):.12g}.."
