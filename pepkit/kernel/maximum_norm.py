"""Lipschitz constants in the maximum norm: the claim, and its proof by bounds of differences.

Two inputs with max |x_i - y_i| <= 1 give differences dy_k of arguments and dz_k of activations. A slope between s and 1
turns |dy| <= D into

    |dz - (1+s)/2 dy|  <=  (1-s)/2 D,

the convex hull of all pairs (dy, dz) with |dy| <= D. A linear form of dy_k is bounded by substituting this layer by
layer down to the inputs. The result is the optimum of the linear program over the hulls of all neurons: every hull is a
sum of a line and an interval, which the substitution uses up, and |dy| <= D holds on the way by itself. So the proof
needs no data at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flint import fmpq_mat

from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.network_claims import NetworkClaim, claim_of_kind, require_affine_end
from pepkit.kernel.networks import ONE, ZERO, Network, Vector, row_blocks
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.words import decimal_text

__all__ = ["DifferenceProof", "NetworkMaximumLipschitz", "difference_bounds", "lower_quotient"]


@dataclass(frozen=True)
class NetworkMaximumLipschitz(NetworkClaim):
    """max_i |f_i(x) - f_i(y)| <= rate max_j |x_j - y_j| for all inputs x and y."""

    network: Network
    rate: Any = None

    def __post_init__(self) -> None:
        require_affine_end(self.network)
        if self.rate is not None:
            object.__setattr__(self, "rate", RATIONALS.coerce(self.rate))

    def with_rate(self, rate: Any) -> NetworkMaximumLipschitz:
        return replace(self, rate=rate)

    def quotient(self, first: Sequence[Any], second: Sequence[Any]) -> Any:
        """max |f(x) - f(y)| / max |x - y|, exactly; ClaimError if x = y."""
        distance = max((abs(a - b) for a, b in zip(first, second, strict=True)), default=ZERO)
        if not distance:
            raise ClaimError("the two points of a Lipschitz quotient are equal")
        values = zip(self.network(first), self.network(second), strict=True)
        return max(abs(a - b) for a, b in values) / distance

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        lines = [
            f"Theorem. Let f be the given {self.network} network over Q. For all inputs x and y,",
            f"  max_i |f_i(x) - f_i(y)|  <=  {decimal_text(RATIONALS, self.rate)} max_j |x_j - y_j|"
            " (rounded; exact in the claim).",
        ]
        if tight:
            lines.append("Equality holds for the given pair of inputs.")
        elif lower is not None:
            lines.append(f"For the given pair of inputs the quotient is {decimal_text(RATIONALS, lower)}.")
        return "\n".join(lines)

    def brief(self) -> str:
        rate = "?" if self.rate is None else decimal_text(RATIONALS, self.rate)
        return f"{self.network} network: Lipschitz constant (maximum norm) <= {rate}"


def difference_bounds(network: Network) -> list[Vector]:
    """Bounds D >= |dy| of the arguments of every layer, the output last, for inputs at most 1 apart."""
    bounds: list[Vector] = []
    for k, layer in enumerate(network.layers):
        blocks = row_blocks(range(layer.outputs), max(network.widths[: k + 1]))
        bounds.append(tuple(bound for rows in blocks for bound in _bounds_of_rows(network, k, rows, bounds)))
    return bounds


def _bounds_of_rows(network: Network, k: int, rows: Sequence[int], bounds: Sequence[Vector]) -> Iterator[Any]:
    """D for these neurons of layer k, from D for the layers before."""
    layer, count = network.layers[k], len(rows)
    constants: list[Any] = [ZERO] * count
    coefficients = fmpq_mat(count, layer.inputs, [a for j in rows for a in layer.weights[j]])
    for i in range(k - 1, -1, -1):
        below = network.layers[i]
        size, slopes = below.outputs, below.slopes or ()
        flat = coefficients.entries()
        for t in range(count):
            base, constant = t * size, constants[t]
            for j, s in enumerate(slopes):
                c = flat[base + j]
                if c and s != 1:
                    flat[base + j] = c * (ONE + s) / 2
                    constant = constant + abs(c) * (ONE - s) / 2 * bounds[i][j]
            constants[t] = constant
        coefficients = fmpq_mat(count, size, flat) * below.matrix
    flat, width = coefficients.entries(), network.inputs
    for t in range(count):
        yield constants[t] + sum((abs(a) for a in flat[t * width : (t + 1) * width]), ZERO)


def lower_quotient(claim: Any, pair: tuple[Vector, Vector]) -> Any:
    """The exact quotient at a pair of inputs, which a proved constant cannot be below."""
    first, second = pair
    if not len(first) == len(second) == claim.network.inputs:
        raise FormatError("the pair of inputs does not fit the network")
    lower = claim.quotient(first, second)
    if lower > claim.rate:
        raise CertificateError("the pair of inputs exceeds the claimed constant")
    return lower


@dataclass(frozen=True)
class DifferenceProof:
    """A Lipschitz constant in the maximum norm from `difference_bounds`, and a pair that bounds it from below."""

    claim: NetworkMaximumLipschitz
    pair: tuple[Vector, Vector] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkMaximumLipschitz)
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        proved = max(difference_bounds(claim.network)[-1])
        if proved > claim.rate:
            raise CertificateError(
                f"the constant is not proved: the differences give {decimal_text(RATIONALS, proved)} only"
            )
        checks = ["the differences of all arguments were bounded layer by layer"]
        lower, tight = None, False
        if self.pair is not None:
            lower = lower_quotient(claim, self.pair)
            tight = bool(lower == claim.rate)
            checks.append("the network was evaluated exactly at the pair of inputs")
        return Conclusion(claim, claim.rate, lower, tight, tuple(checks))
