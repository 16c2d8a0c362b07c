"""A lower bound for all constant steps at once, by finitely many worst-case functions.

f is 1-smooth with curvature at least mu, -1 <= mu < 0, and bounded below. x_(i+1) = x_i - h grad f(x_i), i < N. Let
R(h) be the largest min_(i<=N) |grad f(x_i)|^2 / (f(x_0) - inf f).

**A neighbourhood of a step.** A witness for the step c is exact data of a function f of the class (interpolation
conditions and infimum inequalities hold, so the function exists). Start the method with another step h, |h - c| <= r,
at the same x_0. With e_i the distance of the iterates and rho the Lipschitz constant of x -> x - h grad f(x),

    e_0 = 0,   e_(i+1) <= rho e_i + r |g_i|,   rho = max(1 - h mu, h - 1),

because grad f(x) - grad f(y) lies in the ball with centre (1 + mu)/2 (x - y) and radius (1 - mu)/2 |x - y|. Gradients
are 1-Lipschitz, so R(h) >= min_i max(0, |g_i| - e_i)^2 / (f(x_0) - inf f) for all these h. Norms enter as rational
bounds of square roots.

**The rest.** On f = x^2/2 gradients are (1 - h)^i x_0: R(h) >= 2 min(1, (h - 1)^(2N)) for h >= 1, and R(h) >= 2 for
h <= 0. The pieces cover [0, tail] and the quadratic the rest of the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import (
    Claim,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
)
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text
from pepkit.kernel.witness import Witness, check_witness

__all__ = ["ConstantStepsBound", "StepCover", "StepPiece", "constant_step_claim", "piece_bound"]

MAX_STEPS = 64
MAX_PIECES, MAX_CONDITIONS = 100_000, 5_000_000
"""Most functions, and most interpolation conditions of all of them together."""
ROOT_BITS = 80


def constant_step_claim(mu: Any, steps: int, step: Any) -> MethodClaim:
    """min_i |grad f(x_i)|^2 over f(x_0) - inf f for `steps` equal steps, without rate."""
    return MethodClaim(
        RATIONALS,
        SmoothFunctionClass(mu),
        GradientDescent((step,) * steps),
        Measure.SMALLEST_GRADIENT_NORM,
        InitialCondition.FUNCTION_VALUE,
    )


@dataclass(frozen=True, repr=False)
class ConstantStepsBound(RationalFact):
    """R(h) >= bound for every real h.

    Raises ClaimError unless -1 <= mu < 0, 1 <= steps <= 64 and 0 < bound <= 2.
    """

    mu: Any
    steps: int
    bound: Any

    def __post_init__(self) -> None:
        mu, bound = RATIONALS.coerce(self.mu), RATIONALS.coerce(self.bound)
        if not -1 <= mu < 0:
            raise ClaimError("mu/L lies in [-1, 0)")
        if not 1 <= self.steps <= MAX_STEPS:
            raise ClaimError(f"between 1 and {MAX_STEPS} steps")
        if not 0 < bound <= 2:
            raise ClaimError("the bound lies in (0, 2]: no step has a larger worst case than no step at all")
        object.__setattr__(self, "mu", mu)
        object.__setattr__(self, "bound", bound)

    def __repr__(self) -> str:
        return (
            f"Theorem. For L-smooth f with f + ({rational_text(-self.mu)} L/2)|x|^2 convex and every constant step h, "
            f"{self.steps} steps x_(i+1) = x_i - (h/L) grad f(x_i) do not guarantee "
            f"min_(i<={self.steps}) |grad f(x_i)|^2 < {rational_text(self.bound)} * L * (f(x_0) - inf f): "
            f"the worst case is at least as large for every real h."
        )


@dataclass(frozen=True)
class StepPiece:
    """Exact data of a function for the step `step`, used for all steps within `radius` of it."""

    step: Any
    radius: Any
    witness: Witness


def _root(value: fmpq, up: bool) -> fmpq:
    """A rational bound of the square root, from below or above, with `ROOT_BITS` fractional bits."""
    scaled = (int(value.p) << (2 * ROOT_BITS)) // int(value.q)
    return fmpq(isqrt(scaled) + int(up), 1 << ROOT_BITS)


def piece_bound(mu: fmpq, steps: int, piece: StepPiece) -> fmpq:
    """A lower bound of R(h) for all h >= 0 with |h - step| <= radius.

    Raises CertificateError if the data are no function of the class, FormatError if they do not fit.
    """
    step, radius = RATIONALS.coerce(piece.step), RATIONALS.coerce(piece.radius)
    if piece.witness.weights is not None:
        raise FormatError("the data of a piece are coordinates in the usual inner product, without weights")
    check_witness(constant_step_claim(mu, steps, step).statement(), piece.witness)
    squares = [sum((RATIONALS.coerce(a) ** 2 for a in row), fmpq(0)) for row in piece.witness.coordinates[: steps + 1]]
    largest = step + radius
    rho = max(1 - largest * mu, largest - 1, fmpq(1))
    error = fmpq(0)
    smallest = None
    for square in squares:
        left = max(_root(square, False) - error, fmpq(0))
        smallest = left if smallest is None or left < smallest else smallest
        error = rho * error + radius * _root(square, True)
    # the statement's normaliser is f(x_0) - inf f, its first scalar; check_witness has shown that it is positive
    return (smallest or fmpq(0)) ** 2 / RATIONALS.coerce(piece.witness.scalars[0])


@dataclass(frozen=True)
class StepCover:
    """Pieces in the order of their steps that cover [0, tail]."""

    claim: ConstantStepsBound
    pieces: tuple[StepPiece, ...]
    tail: Any
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError names the piece that fails or the gap of the cover."""
        claim = self.claim
        if not isinstance(claim, ConstantStepsBound):
            raise FormatError("a cover of the steps proves bounds for constant steps only")
        if len(self.pieces) > MAX_PIECES or len(self.pieces) * (claim.steps + 1) ** 2 > MAX_CONDITIONS:
            raise FormatError(f"more than {MAX_PIECES} pieces, or {MAX_CONDITIONS} interpolation conditions")
        tail = RATIONALS.coerce(self.tail)
        if tail < 1 or 2 * min(fmpq(1), (tail - 1) ** (2 * claim.steps)) < claim.bound:
            raise CertificateError(
                f"the quadratic does not prove the bound from the step {rational_text(tail)[:40]} on"
            )
        reached = fmpq(0)
        for number, piece in enumerate(self.pieces):
            step, radius = RATIONALS.coerce(piece.step), RATIONALS.coerce(piece.radius)
            if step < 0 or radius < 0:
                raise CertificateError(f"piece {number} has a negative step or radius")
            if step - radius > reached:
                raise CertificateError(f"the pieces leave a gap after the step {rational_text(reached)[:40]}")
            try:
                value = piece_bound(claim.mu, claim.steps, piece)
            except CertificateError as error:
                raise CertificateError(f"piece {number}: {error}") from None
            if value < claim.bound:
                raise CertificateError(f"piece {number} proves less than the bound on its interval")
            reached = max(reached, step + radius)
        if reached < tail:
            raise CertificateError(f"the pieces end at the step {rational_text(reached)[:40]}, before the tail")
        checks = (
            f"{len(self.pieces)} worst-case functions, each for an interval of steps",
            f"the intervals cover [0, {rational_text(tail)[:40]}], and f = (L/2)|x|^2 covers the rest",
        )
        return Conclusion(claim, None, None, False, checks)


# ---- files ---------------------------------------------------------------------------------------


def read_bound(number_field: Field, data: dict[str, Any]) -> ConstantStepsBound:
    """The claim of a bound for all constant steps."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "mu/L", "steps", "bound"))
    steps = reading.index(parts["steps"], "steps")
    return ConstantStepsBound(RATIONALS.read(parts["mu/L"]), steps, RATIONALS.read(parts["bound"]))


def write_bound(claim: ConstantStepsBound) -> dict[str, Any]:
    """The JSON form of the claim."""
    return {"mu/L": RATIONALS.write(claim.mu), "steps": claim.steps, "bound": RATIONALS.write(claim.bound)}


def read_cover(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> StepCover:
    """The pieces and the tail."""
    parts = reading.fields(data, "the proof", ("kind", "pieces", "tail"))
    if not isinstance(claim, ConstantStepsBound):
        raise FormatError("a cover of the steps proves bounds for constant steps only")
    pieces = []
    for item in reading.items(parts["pieces"], "pieces"):
        piece = reading.fields(item, "a piece", ("step", "radius", "vectors", "scalars"))
        rows = [reading.items(row, "a vector") for row in reading.items(piece["vectors"], "vectors")]
        witness = Witness(
            tuple(tuple(RATIONALS.read(a) for a in row) for row in rows),
            tuple(RATIONALS.read(a) for a in reading.items(piece["scalars"], "scalars")),
        )
        pieces.append(StepPiece(RATIONALS.read(piece["step"]), RATIONALS.read(piece["radius"]), witness))
    return StepCover(claim, tuple(pieces), RATIONALS.read(parts["tail"]), provenance)


def write_cover(proof: StepCover) -> dict[str, Any]:
    """The JSON form of the pieces and the tail."""

    def write(value: Any) -> Any:
        return RATIONALS.write(RATIONALS.coerce(value))

    return {
        "pieces": [
            {
                "step": write(piece.step),
                "radius": write(piece.radius),
                "vectors": [[write(a) for a in row] for row in piece.witness.coordinates],
                "scalars": [write(a) for a in piece.witness.scalars],
            }
            for piece in proof.pieces
        ],
        "tail": write(proof.tail),
    }
