"""Rigorous trajectories of gradient flow: balanced deep linear networks with 2 x 2 matrices.

A balanced network with N layers, whitened inputs and the target diag(s1, s2) has the end-to-end matrix
R(phi) diag(p^N, q^N) R(psi)' with (identity `balanced-flow` of `pepkit.kernel.linear_network_identities`)

    p' = -p^(N-1) G11,                              q' = -q^(N-1) G22,
    phi' = -(q^N G12 + p^N G21)/(p^2 - q^2),        psi' = -(p^N G12 + q^N G21)/(p^2 - q^2),

G = R(phi)' (W - diag(s1, s2)) R(psi). The kernel integrates these equations in ball arithmetic. A step of length h from
a box Y: a box B with Y + [0, h] f(B) inside B, and p > q > 0 on B, contains the solution up to time h (Picard,
Lindelof), and the solution at h lies in the Taylor polynomial of order K - 1 over Y plus h^K times the K-th Taylor
coefficient over B (Moore). The coefficients come from recurrences (Moore 1966).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from flint import arb, ctx, fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact, between_text
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text

__all__ = ["BalancedTrajectory", "TaylorEnclosure", "trajectory_balls"]

Series = list[arb]

MAX_DEPTH = 6
"""The closed equations are expanded by the kernel for at most this many layers."""
MAX_TIMES, MAX_STEPS, MAX_ORDER, MAX_BITS = 256, 1024, 32, 2048
TRIES = 12
"""How often a box is widened before a step counts as too long."""


@dataclass(frozen=True, repr=False)
class BalancedTrajectory(RationalFact):
    """The smaller singular value q^N of the end-to-end matrix lies in [low_i, high_i] at the times t_i.

    Parameters
    ----------
    depth
        N, 2 to 6.
    target
        (s1, s2).
    start
        (p, q, phi, psi) at time 0 with p > q > 0; angles in radians.
    times
        0 <= t_1 < t_2 < ...
    bounds
        (low_i, high_i), one pair a time.
    """

    depth: int
    target: tuple[Any, ...]
    start: tuple[Any, ...]
    times: tuple[Any, ...]
    bounds: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        coerce = RATIONALS.coerce
        target, start, times = (tuple(map(coerce, part)) for part in (self.target, self.start, self.times))
        if not 2 <= self.depth <= MAX_DEPTH:
            raise ClaimError(f"the closed equations are about 2 to {MAX_DEPTH} layers")
        if len(target) != 2 or len(start) != 4:
            raise ClaimError("the target has two numbers, the start four: p, q, phi, psi")
        if not start[0] > start[1] > 0:
            raise ClaimError("the start needs p > q > 0: equal singular values have no definite angles")
        if not 1 <= len(times) <= MAX_TIMES or times[0] < 0:
            raise ClaimError(f"a trajectory has 1 to {MAX_TIMES} times, none negative")
        if any(not a < b for a, b in pairwise(times)):
            raise ClaimError("the times increase")
        if len(self.bounds) != len(times) or any(len(pair) != 2 for pair in self.bounds):
            raise ClaimError("every time has a lower and an upper bound")
        bounds = tuple((coerce(low), coerce(high)) for low, high in self.bounds)
        if any(low > high for low, high in bounds):
            raise ClaimError("a lower bound is above its upper bound")
        for name, value in (("target", target), ("start", start), ("times", times), ("bounds", bounds)):
            object.__setattr__(self, name, value)

    def changes(self) -> int:
        """How often the value certainly changes direction: strict rises and falls between neighbouring times."""
        directions = []
        for (low, high), (next_low, next_high) in pairwise(self.bounds):
            if high < next_low:
                directions.append(1)
            elif next_high < low:
                directions.append(-1)
        return sum(a != b for a, b in pairwise(directions))

    def __repr__(self) -> str:
        p, q, phi, psi = map(rational_text, self.start)
        first, second = map(rational_text, self.target)
        values = ", ".join(
            f"[{', '.join(between_text(low, high, 30))}] at t = {rational_text(t)}"
            for t, (low, high) in zip(self.times, self.bounds, strict=True)
        )
        count = self.changes()
        turning = f" It changes direction at least {count} time{'s' if count > 1 else ''}." if count else ""
        return (
            f"Theorem. Gradient flow of |W - diag({first}, {second})|^2/2 for the balanced network with {self.depth} "
            f"layers of 2 x 2 matrices and end-to-end matrix W = R({phi}) diag(({p})^{self.depth}, "
            f"({q})^{self.depth}) R({psi})' at time 0 keeps the singular values of W apart up to the time "
            f"{rational_text(self.times[-1])}, and the smaller one lies in {values}.{turning}"
        )


def _conv(a: Series, b: Series, n: int) -> arb:
    return sum((a[i] * b[n - i] for i in range(n + 1)), arb(0))


def _taylor(state: Sequence[arb], target: Sequence[arb], depth: int, order: int) -> list[Series]:
    """Taylor coefficients 0, ..., `order` of (p, q, phi, psi) along the flow through a point or a box."""
    p, q, phi, psi = ([value] for value in state)
    waves: list[tuple[Series, Series, Series]] = [(phi, [], []), (psi, [], [])]
    powers: list[list[Series]] = [[first, *([] for _ in range(depth - 1))] for first in (p, q)]
    products: list[Series] = [[], [], [], []]
    errors: list[Series] = [[], [], [], []]
    gap: Series = []
    turning: list[Series] = [[], []]
    for n in range(order):
        for angle, cosine, sine in waves:
            if n == 0:
                cosine.append(angle[0].cos())
                sine.append(angle[0].sin())
                continue
            # c' = -s angle', s' = c angle'
            moved = [i * angle[i] for i in range(n + 1)]
            next_cosine = -sum((moved[i] * sine[n - i] for i in range(1, n + 1)), arb(0)) / n
            sine.append(sum((moved[i] * cosine[n - i] for i in range(1, n + 1)), arb(0)) / n)
            cosine.append(next_cosine)
        for rows in powers:
            for j in range(1, depth):
                rows[j].append(_conv(rows[j - 1], rows[0], n))
        (_, c, s), (_, k, m) = waves
        for series, (left, right) in zip(products, ((c, k), (s, m), (c, m), (s, k)), strict=True):
            series.append(_conv(left, right, n))
        ck, sm, cm, sk = (series[n] for series in products)
        a, b = powers[0][-1], powers[1][-1]
        first, second = target
        for series, value in zip(
            errors,
            (a[n] - first * ck - second * sm, b[n] - first * sm - second * ck, first * cm - second * sk,
             first * sk - second * cm),
            strict=True,
        ):  # fmt: skip
            series.append(value)
        g11, g22, g12, g21 = errors
        gap.append(powers[0][1][n] - powers[1][1][n])
        for series, left, right in ((turning[0], b, a), (turning[1], a, b)):
            known = sum((series[i] * gap[n - i] for i in range(n)), arb(0))
            series.append((-_conv(left, g12, n) - _conv(right, g21, n) - known) / gap[0])
        p.append(-_conv(powers[0][depth - 2], g11, n) / (n + 1))
        q.append(-_conv(powers[1][depth - 2], g22, n) / (n + 1))
        phi.append(turning[0][n] / (n + 1))
        psi.append(turning[1][n] / (n + 1))
    return [p, q, phi, psi]


def _apart(box: Sequence[arb]) -> bool:
    return bool(box[1] > 0) and bool(box[0] - box[1] > 0)


def _box(state: Sequence[arb], target: Sequence[arb], depth: int, step: arb) -> list[arb]:
    """A box that contains the solution from every point of `state` up to the time `step`."""
    window = arb(0).union(step)
    box = list(state)
    for _ in range(TRIES):
        if not _apart(box):
            break
        image = [x + window * speed[1] for x, speed in zip(state, _taylor(box, target, depth, 1), strict=True)]
        if all(y.is_finite() and bool(x.contains(y)) for x, y in zip(box, image, strict=True)):
            return box
        # the next box only has to be a good guess
        box = [y.union(x) for x, y in zip(state, image, strict=True)]
        box = [arb(x.mid(), x.rad() * fmpq(9, 8) + arb(2) ** -40) for x in box]
    raise CertificateError("no box encloses the solution during a step: the step is too long, or singular values meet")


def trajectory_balls(claim: BalancedTrajectory, step: fmpq, order: int) -> list[arb]:
    """q^N at the times of the claim, at the present precision of flint. The times are multiples of the step."""
    target = [arb(a) for a in claim.target]
    state = [arb(a) for a in claim.start]
    length, depth = arb(step), claim.depth
    done, found = 0, []
    for time in claim.times:
        while done < int((time / step).p):
            box = _box(state, target, depth, length)
            rest = _taylor(box, target, depth, order)
            series = _taylor(state, target, depth, order - 1)
            moved = []
            for coefficients, remainder in zip(series, rest, strict=True):
                value = remainder[order]
                for coefficient in reversed(coefficients):
                    value = coefficient + length * value
                moved.append(value)
            state = moved
            done += 1
        found.append(state[1] ** depth)
    return found


@dataclass(frozen=True)
class TaylorEnclosure:
    """The settings of the integration: step length, order K of the Taylor polynomials, bits of ball arithmetic."""

    claim: BalancedTrajectory
    step: Any
    order: int
    bits: int
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion.

        Raises
        ------
        CertificateError
            If a step is too long, or a value is not certainly between its bounds.
        """
        if not isinstance(self.claim, BalancedTrajectory):
            raise FormatError("a Taylor enclosure proves balanced trajectories only")
        step = RATIONALS.coerce(self.step)
        if step <= 0 or not 1 <= self.order <= MAX_ORDER or not 64 <= self.bits <= MAX_BITS:
            raise CertificateError(f"a step is positive, the order 1 to {MAX_ORDER}, the precision 64 to {MAX_BITS}")
        if any((time / step).q != 1 for time in self.claim.times):
            raise CertificateError("the times are not multiples of the step")
        if self.claim.times[-1] > MAX_STEPS * step:
            raise CertificateError(f"the trajectory takes more than {MAX_STEPS} steps")
        before = ctx.prec
        try:
            ctx.prec = self.bits
            values = trajectory_balls(self.claim, step, self.order)
            for time, value, (low, high) in zip(self.claim.times, values, self.claim.bounds, strict=True):
                if not (value.is_finite() and arb(low) <= value <= arb(high)):
                    raise CertificateError(
                        f"the smaller singular value at t = {rational_text(time)} is not certainly between its bounds"
                    )
        finally:
            ctx.prec = before
        return Conclusion(self.claim, None, None, False, ("Taylor enclosures place the trajectory between the bounds",))


# ---- files ---------------------------------------------------------------------------------------

_MEMBERS = ("kind", "depth", "target", "start", "times", "bounds")


def read_trajectory(number_field: Field, data: dict[str, Any]) -> BalancedTrajectory:
    """The trajectory of a balanced network."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", _MEMBERS)
    read = RATIONALS.read
    target, start, times = (
        tuple(read(a) for a in reading.items(parts[key], key)) for key in ("target", "start", "times")
    )
    bounds = tuple(
        tuple(read(a) for a in reading.items(pair, "a pair of bounds"))
        for pair in reading.items(parts["bounds"], "bounds")
    )
    return BalancedTrajectory(reading.index(parts["depth"], "depth"), target, start, times, bounds)


def write_trajectory(claim: BalancedTrajectory) -> dict[str, Any]:
    """The JSON form of a trajectory."""
    write = RATIONALS.write
    lists = {key: [write(a) for a in getattr(claim, key)] for key in ("target", "start", "times")}
    return {"depth": claim.depth, **lists, "bounds": [[write(low), write(high)] for low, high in claim.bounds]}


def read_enclosure(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> TaylorEnclosure:
    """The settings of the integration."""
    parts = reading.fields(data, "the proof", ("kind", "step", "order", "bits"))
    if not isinstance(claim, BalancedTrajectory):
        raise FormatError("a Taylor enclosure proves balanced trajectories only")
    order, bits = (reading.index(parts[key], key) for key in ("order", "bits"))
    return TaylorEnclosure(claim, RATIONALS.read(parts["step"]), order, bits, provenance)


def write_enclosure(proof: TaylorEnclosure) -> dict[str, Any]:
    """The JSON form of the settings."""
    return {"step": RATIONALS.write(RATIONALS.coerce(proof.step)), "order": proof.order, "bits": proof.bits}
