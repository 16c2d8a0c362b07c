"""Gradient descent on quadratics: claims about polynomials, proved by identities.

On f(x) = <x - x_*, A (x - x_*)>/2 + const with m <= A <= 1 gradient descent gives x_N - x_* = p(A)(x_0 - x_*) with
p(t) = (1 - h_0 t) .. (1 - h_(N-1) t), so the contraction of |x_N - x_*| is the largest |p| on [m, 1]. Two proofs:

- `PellProof`: c^2 - p(t)^2 = (t - m)(1 - t) q(t)^2. So |p| <= c on [m, 1], with equality at the ends. Where p has
  degree N it is the polynomial of least deviation: every zero of q is one of p' (p is not zero there), so q divides p'
  and p' = +-N q; on t = (1+m)/2 - (1-m)/2 cos s the identity reads (dp/ds)^2 = N^2 (c^2 - p^2), so p = +-c cos(N s),
  which takes the values +-c in turn at N + 1 points. A polynomial of degree at most N with value 1 at 0 and smaller
  values on [m, 1] would meet p at N points of [m, 1] and at 0 (docs/mathematics-quadratics.md).
- `BernsteinProof`: c - p and c + p have non-negative Bernstein coefficients on the parts of a bisection of [m, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import pairwise
from math import comb
from typing import Any

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import MAX_STEPS, Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError, UndecidedError
from pepkit.kernel.numbers import Field, NumberField, Rationals
from pepkit.kernel.rationals import factor_text
from pepkit.kernel.statement import Statement
from pepkit.kernel.words import readable

__all__ = [
    "BernsteinProof",
    "PellProof",
    "QuadraticClaim",
    "read_bernstein_proof",
    "read_pell_proof",
    "read_quadratic",
    "step_polynomial",
    "write_bernstein_proof",
    "write_pell_proof",
    "write_quadratic",
]

MAX_DEPTH = 24
"""Bisections of [m, 1]; a polynomial that touches its bound inside needs another proof."""
MAX_ADDITIONS = 1 << 27
"""Most additions of coefficients in the bisections of one proof; some minutes."""


@dataclass(frozen=True)
class QuadraticClaim(Claim):
    """|x_N - x_*| <= rate |x_0 - x_*| for gradient descent on every quadratic with curvatures in [mu, L].

    Parameters
    ----------
    field
        Q or a real number field.
    mu_over_L
        m = mu/L, 0 < m < 1.
    steps
        h_0, .., h_{N-1} in units of 1/L.
    rate
        Of the distance itself, not of its square; None makes it a question.
    extremal
        Whether the claim is also that no polynomial of degree at most N with value 1 at 0 is smaller on [mu, L]: no
        other N steps, and no method that takes N gradients, contracts all these quadratics faster.

    Raises
    ------
    ClaimError
        For m outside (0, 1), no steps or too many, a field in which equality is not decided, a rate that is not
        positive.
    """

    field: Field
    mu_over_L: Any
    steps: tuple[Any, ...]
    rate: Any = None
    extremal: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.field, (Rationals, NumberField)):
            raise ClaimError("claims about quadratics are over the rationals or a number field")
        coerce, sign = self.field.coerce, self.field.sign
        m = coerce(self.mu_over_L)
        if sign(m) <= 0 or sign(m - 1) >= 0:
            raise ClaimError(f"a claim about quadratics needs 0 < mu < L, but mu/L = {self.field.text(m)}")
        if not 1 <= len(self.steps) <= MAX_STEPS:
            raise ClaimError(f"a method has between 1 and {MAX_STEPS} steps, this one has {len(self.steps)}")
        object.__setattr__(self, "mu_over_L", m)
        object.__setattr__(self, "steps", tuple(coerce(h) for h in self.steps))
        if self.rate is not None:
            object.__setattr__(self, "rate", coerce(self.rate))
            if sign(self.rate) <= 0:
                raise ClaimError("the contraction of a claim about quadratics is positive")

    @property
    def polynomial(self) -> list[Any]:
        """Coefficients of p, constant first."""
        return step_polynomial(self.field, self.steps)

    def with_rate(self, rate: Any) -> QuadraticClaim:
        return QuadraticClaim(self.field, self.mu_over_L, self.steps, rate, self.extremal)

    def statement(self) -> Statement:
        raise ClaimError("a claim about quadratics is one about a polynomial, not about interpolation conditions")

    def brief(self) -> str:
        """The claim on one line."""
        text = readable(self.field)
        best = ", the smallest of all" if self.extremal else ""
        return (
            f"quadratics, mu = {factor_text(text(self.mu_over_L))}*L, gradient descent, N = {len(self.steps)}: "
            f"|x_N - x_*| <= {factor_text(text(self.rate))} * |x_0 - x_*|{best}"
        )

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        """The theorem in words."""
        text = self.field.text
        factor = factor_text(text(self.rate))
        count = len(self.steps)
        shown = ", ".join(text(h) for h in self.steps[:8]) + (f", ... {count} steps" if count > 8 else "")
        lines = [
            "Theorem. Let f be a quadratic on a real inner-product space with a minimiser x_* and curvatures in "
            f"[mu, L], mu = {factor_text(text(self.mu_over_L))}*L.",
            f"Then gradient descent x_(i+1) = x_i - (h_i/L) grad f(x_i), h = ({shown}), satisfies",
            f"|x_{count} - x_*| <= {factor} * |x_0 - x_*|.",
        ]
        if tight:
            lines.append("No smaller factor holds for these steps.")
        if self.extremal:
            lines.append(
                f"It is the smallest of all: for every polynomial p of degree at most {count} with p(0) = 1, |p| takes "
                "at least this value on [mu/L, 1]; so no other steps, and no method that moves along as many gradients "
                "as it has seen, contracts all these quadratics faster."
            )
        return "\n".join(lines)


def step_polynomial(number_field: Field, steps: Sequence[Any]) -> list[Any]:
    """Coefficients of (1 - h_0 t) .. (1 - h_(N-1) t), constant first."""
    result = [number_field.coerce(1)]
    for h in steps:
        result = _plus([*result, number_field.coerce(0)], [number_field.coerce(0), *(-h * c for c in result)])
    return result


def _plus(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    return [x + y for x, y in zip(a, b, strict=True)]


def _times(number_field: Field, a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    result = [number_field.coerce(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        if x:
            for j, y in enumerate(b):
                result[i + j] = result[i + j] + x * y
    return result


@dataclass(frozen=True)
class PellProof:
    """The polynomial q with rate^2 - p^2 = (t - m)(1 - t) q^2.

    Parameters
    ----------
    claim
        What is proved; its rate is set.
    factor
        Coefficients of q, constant first, N of them.
    provenance
        How it was found; not believed.
    """

    claim: QuadraticClaim
    factor: tuple[Any, ...]
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem, or CertificateError if the identity fails."""
        claim, number_field = self.claim, self.claim.field
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        count = len(claim.steps)
        if len(self.factor) != count:
            raise FormatError(f"the factor of the identity has {len(self.factor)} coefficients, not {count}")
        q = [number_field.coerce(c) for c in self.factor]
        p = claim.polynomial
        left = [-c for c in _times(number_field, p, p)]
        left[0] = left[0] + claim.rate * claim.rate
        m = claim.mu_over_L
        ends = [-m, 1 + m, number_field.coerce(-1)]
        right = _times(number_field, ends, _times(number_field, q, q))
        for power, (a, b) in enumerate(zip(left, right, strict=True)):
            if a != b:
                raise CertificateError(f"the identity of the polynomial fails at the coefficient of t^{power}")
        if claim.extremal and not p[-1]:
            raise CertificateError("a step is zero, so the polynomial has a smaller degree and is not extremal")
        checks = [f"rate^2 - p^2 = (t - m)(1 - t) q^2 holds in all {2 * count + 1} coefficients"]
        if claim.extremal:
            checks.append(f"p has degree {count}, so it is the polynomial of least deviation")
        return Conclusion(claim, claim.rate, claim.rate, True, tuple(checks))


@dataclass(frozen=True)
class BernsteinProof:
    """Nothing but the claim: the kernel bisects [m, 1] itself. It proves no extremal property."""

    claim: QuadraticClaim
    provenance: Mapping[str, Any] = dataclass_field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError where |p| exceeds the rate, or comes too close to it inside [m, 1]."""
        claim, number_field = self.claim, self.claim.field
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        if claim.extremal:
            raise CertificateError("bounds of a polynomial do not show that it is extremal")
        coefficients = _bernstein(number_field, claim.polynomial, claim.mu_over_L)
        parts = 0
        for sign in (1, -1):
            bound = [claim.rate - sign * c for c in coefficients]
            parts += _nonnegative(number_field, bound)
        ends = [abs_value(number_field, coefficients[0]), abs_value(number_field, coefficients[-1])]
        lower = ends[0] if number_field.sign(ends[0] - ends[1]) >= 0 else ends[1]
        tight = lower == claim.rate
        checks = (f"Bernstein coefficients are non-negative on {parts} parts of [mu/L, 1]",)
        return Conclusion(claim, claim.rate, lower, tight, checks)


def abs_value(number_field: Field, value: Any) -> Any:
    """|value|."""
    return -value if number_field.sign(value) < 0 else value


def _bernstein(number_field: Field, p: Sequence[Any], m: Any) -> list[Any]:
    """Bernstein coefficients on [m, 1] of a polynomial in powers of t."""
    degree = len(p) - 1
    # in powers of s with t = m + (1 - m) s, by Horner's scheme
    shifted = [number_field.coerce(0)] * (degree + 1)
    for c in reversed(p):
        carried = [number_field.coerce(0), *((1 - m) * a for a in shifted[:-1])]
        shifted = [m * a + b for a, b in zip(shifted, carried, strict=True)]
        shifted[0] = shifted[0] + c
    row = [c / comb(degree, i) for i, c in enumerate(shifted)]
    result = []
    # the coefficient k is the sum of comb(k, i) row[i], which adding neighbours k times leaves in front
    while row:
        result.append(row[0])
        row = [a + b for a, b in pairwise(row)]
    return result


def _nonnegative(number_field: Field, coefficients: list[Any]) -> int:
    """The number of parts that show a polynomial in Bernstein form non-negative; CertificateError if it is not."""
    stack = [(coefficients, 0)]
    parts = additions = 0
    while stack:
        current, depth = stack.pop()
        signs = [number_field.sign(c) for c in current]
        if min(signs) >= 0:
            parts += 1
            continue
        if signs[0] < 0 or signs[-1] < 0:
            raise CertificateError("the polynomial of the steps exceeds the rate on [mu/L, 1]")
        if depth == MAX_DEPTH:
            raise CertificateError("the polynomial of the steps comes too close to the rate inside [mu/L, 1]")
        additions += len(current) ** 2 // 2
        if additions > MAX_ADDITIONS:
            raise UndecidedError(
                f"the bisections of [mu/L, 1] take more than {MAX_ADDITIONS} additions; a larger rate needs fewer"
            )
        left, right, row = [], [], list(current)
        while row:
            left.append(row[0])
            right.append(row[-1])
            row = [(a + b) / 2 for a, b in pairwise(row)]
        stack += [(left, depth + 1), (right[::-1], depth + 1)]
    return parts


def read_quadratic(number_field: Field, data: dict[str, Any]) -> QuadraticClaim:
    """The claim in a JSON object."""
    reading.fields(data, "the claim", ("kind", "mu/L", "steps", "rate", "extremal"))
    if not isinstance(data["extremal"], bool):
        raise FormatError("'extremal' is true or false")
    steps = tuple(number_field.read(h) for h in reading.items(data["steps"], "steps"))
    return QuadraticClaim(
        number_field, number_field.read(data["mu/L"]), steps, number_field.read(data["rate"]), data["extremal"]
    )


def write_quadratic(claim: QuadraticClaim) -> dict[str, Any]:
    """The members of the JSON object of a claim."""
    write = claim.field.write
    if claim.rate is None:
        raise ClaimError("a claim without a rate cannot be written to a file")
    return {
        "mu/L": write(claim.mu_over_L),
        "steps": [write(h) for h in claim.steps],
        "rate": write(claim.rate),
        "extremal": claim.extremal,
    }


def read_pell_proof(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> PellProof:
    """The proof in a JSON object."""
    reading.fields(data, "the proof", ("kind", "factor"))
    if not isinstance(claim, QuadraticClaim):
        raise FormatError("a proof by Pell's equation needs a claim about quadratics")
    return PellProof(claim, tuple(number_field.read(c) for c in reading.items(data["factor"], "factor")), provenance)


def write_pell_proof(proof: PellProof) -> dict[str, Any]:
    """The members of the JSON object of a proof."""
    return {"factor": [proof.claim.field.write(proof.claim.field.coerce(c)) for c in proof.factor]}


def read_bernstein_proof(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> BernsteinProof:
    """The proof in a JSON object."""
    reading.fields(data, "the proof", ("kind",))
    if not isinstance(claim, QuadraticClaim):
        raise FormatError("a proof by Bernstein coefficients needs a claim about quadratics")
    return BernsteinProof(claim, provenance)


def write_bernstein_proof(proof: BernsteinProof) -> dict[str, Any]:
    """The members of the JSON object of a proof: none."""
    return {}
