"""Biases that stay apart: gradient flow of hinge networks on the zero target.

f(x) = sum_j a_j max(0, x - b_j) on Omega = [-1, 1], loss (1/2) int f^2. Gradient flow is

    a' = -G(b) a,   G_ij(b) = int max(0, x - b_i) max(0, x - b_j) dx,      b_j' = a_j int_(b_j)^1 f dx.

Let B be the box |b_j - b_j(0)| <= delta inside (-1, 1), and let g > 0 be such that G(b) - g I is positive semidefinite
on B. While b stays in B, |a|^2 <= |a(0)|^2 exp(-2 g t), and |b_j'| <= |a_j| sum_k |a_k| h_k <= |a|^2 |h| with
h_k = (1 - (b_k(0) - delta))^2 / 2, the largest int_(b_k)^1 (x - b_k) dx on B. So every bias moves by at most
|a(0)|^2 |h| / (2 g). If this is less than delta, b never reaches the boundary of B: the flow exists for all times,
a(t) -> 0, f(t) -> 0, which is the best approximation and has no kink, and each b_j converges within delta of its start.

Entries of G decrease in b_i and b_j, so on B they lie between their values at b(0) + delta and b(0) - delta; the
matrix of midpoints minus (the largest row sum of radii + g) I is checked to be positive semidefinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text
from pepkit.kernel.semidefinite import prove_positive_semidefinite

__all__ = ["BiasesStayApart", "TrappingBox", "hinge_gram"]

MAX_NEURONS = 64


def hinge_gram(b: fmpq, c: fmpq) -> fmpq:
    """int_(-1)^1 max(0, x - b) max(0, x - c) dx for b, c in [-1, 1]."""
    low, high = min(b, c), max(b, c)
    width = 1 - high
    # with u = x - high: int_0^width u (u + high - low) du
    return width**3 / 3 + (high - low) * width**2 / 2


@dataclass(frozen=True, repr=False)
class BiasesStayApart(RationalFact):
    """Gradient flow from (a, b) drives a to 0 while any two biases stay more than `separation` apart.

    Raises
    ------
    ClaimError
        Fewer than two neurons, a bias outside (-1, 1), or a separation that is not positive.
    """

    amplitudes: tuple[Any, ...]
    biases: tuple[Any, ...]
    separation: Any

    def __post_init__(self) -> None:
        coerce = RATIONALS.coerce
        amplitudes, biases = tuple(map(coerce, self.amplitudes)), tuple(map(coerce, self.biases))
        if not 2 <= len(amplitudes) == len(biases) <= MAX_NEURONS:
            raise ClaimError(f"between 2 and {MAX_NEURONS} neurons, each with an amplitude and a bias")
        if any(abs(b) >= 1 for b in biases):
            raise ClaimError("the biases lie in (-1, 1)")
        separation = coerce(self.separation)
        if separation <= 0:
            raise ClaimError("the separation is positive")
        object.__setattr__(self, "amplitudes", amplitudes)
        object.__setattr__(self, "biases", biases)
        object.__setattr__(self, "separation", separation)

    def __repr__(self) -> str:
        a, b = (", ".join(map(rational_text, values)) for values in (self.amplitudes, self.biases))
        return (
            f"Theorem. Gradient flow of (1/2) int_(-1)^1 f^2 for f(x) = sum_j a_j max(0, x - b_j), started at "
            f"a = ({a}), b = ({b}), converges with a -> 0 to f = 0, which has no kink, while the limits of the "
            f"{len(self.biases)} biases are pairwise more than {rational_text(self.separation)} apart."
        )


@dataclass(frozen=True)
class TrappingBox:
    """delta, the half width of the box, and g, a lower bound of the eigenvalues of the Gram matrix on it."""

    claim: BiasesStayApart
    delta: Any
    eigenvalue: Any
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem; CertificateError names the step that fails."""
        claim = self.claim
        if not isinstance(claim, BiasesStayApart):
            raise FormatError("a trapping box proves that biases stay apart only")
        delta, smallest = RATIONALS.coerce(self.delta), RATIONALS.coerce(self.eigenvalue)
        if delta <= 0 or smallest <= 0:
            raise CertificateError("the half width of the box and the eigenvalue bound are positive")
        b = claim.biases
        if any(abs(x) + delta > 1 for x in b):
            raise CertificateError("the box leaves [-1, 1]")
        for i, x in enumerate(b):
            for j in range(i):
                if abs(x - b[j]) - 2 * delta < claim.separation:
                    raise CertificateError(f"biases {j} and {i} of the box come closer than the separation")
        self._eigenvalues(b, delta, smallest)
        start = sum((a * a for a in claim.amplitudes), fmpq(0))
        reach = sum(((1 - (x - delta)) ** 4 / 4 for x in b), fmpq(0))
        # |a(0)|^2 |h| < 2 g delta, squared because |h| is a root
        if start**2 * reach >= (2 * smallest * delta) ** 2:
            raise CertificateError("the biases may move further than the half width of the box")
        checks = (
            f"the Gram matrix is at least {rational_text(smallest)} on the box",
            f"no bias moves by {rational_text(delta)}",
            "all pairs of the box are further apart than stated",
        )
        return Conclusion(claim, None, None, False, checks)

    @staticmethod
    def _eigenvalues(b: tuple[Any, ...], delta: fmpq, smallest: fmpq) -> None:
        size = len(b)
        matrix, radii = [], []
        for i in range(size):
            low = [hinge_gram(b[i] + delta, b[j] + delta) for j in range(size)]
            high = [hinge_gram(b[i] - delta, b[j] - delta) for j in range(size)]
            matrix.append([(p + q) / 2 for p, q in zip(low, high, strict=True)])
            radii.append(sum(((q - p) / 2 for p, q in zip(low, high, strict=True)), fmpq(0)))
        shift = max(radii) + smallest
        for i in range(size):
            matrix[i][i] -= shift
        names = [f"b_{i}" for i in range(size)]
        prove_positive_semidefinite(matrix, RATIONALS, names, what="the Gram matrix on the box minus the bound")


# ---- files ---------------------------------------------------------------------------------------


def read_apart(number_field: Field, data: dict[str, Any]) -> BiasesStayApart:
    """The claim that biases stay apart."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "amplitudes", "biases", "separation"))
    amplitudes, biases = (
        tuple(RATIONALS.read(x) for x in reading.items(parts[key], key)) for key in ("amplitudes", "biases")
    )
    return BiasesStayApart(amplitudes, biases, RATIONALS.read(parts["separation"]))


def write_apart(claim: BiasesStayApart) -> dict[str, Any]:
    """The JSON form of the claim."""
    write = RATIONALS.write
    return {
        "amplitudes": [write(x) for x in claim.amplitudes],
        "biases": [write(x) for x in claim.biases],
        "separation": write(claim.separation),
    }


def read_box(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> TrappingBox:
    """The trapping box."""
    parts = reading.fields(data, "the proof", ("kind", "delta", "eigenvalue"))
    if not isinstance(claim, BiasesStayApart):
        raise FormatError("a trapping box proves that biases stay apart only")
    return TrappingBox(claim, RATIONALS.read(parts["delta"]), RATIONALS.read(parts["eigenvalue"]), provenance)


def write_box(proof: TrappingBox) -> dict[str, Any]:
    """The JSON form of the trapping box."""
    write, coerce = RATIONALS.write, RATIONALS.coerce
    return {"delta": write(coerce(proof.delta)), "eigenvalue": write(coerce(proof.eigenvalue))}
