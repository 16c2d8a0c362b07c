"""Euclidean Lipschitz constants of deep networks by a chain of small matrix inequalities, one for each layer.

Symmetric matrices P_1, .., P_(K-1) measure differences of activations, P_0 = rate I those of inputs. With the slopes
(dz - s dy)'T(dy - dz) >= 0 of layer k, T >= 0 diagonal and dy = W dz_(k-1),

    dz_(k-1)'P_(k-1) dz_(k-1) - dz_k'P_k dz_k - (dz_k - S dy)'T(dy - dz_k)  >=  0        for all dz_(k-1), dz_k

is one inequality of size n_(k-1) + n_k, and P_(K-1) >= W_K'W_K ends the chain: summed up, rate |dx|^2 >= |df|^2.
The chain proves what LipSDP with the same multipliers proves, but no matrix is larger than two layers.
Layerwise constructions: Xu, Sivaranjani (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq_mat

from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.maximum_norm import lower_quotient
from pepkit.kernel.network_claims import NetworkLipschitz, claim_of_kind
from pepkit.kernel.network_statements import check_matrix_size
from pepkit.kernel.networks import ONE, ZERO, Layer, Vector
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.semidefinite import prove_positive_semidefinite

__all__ = ["ChainProof"]

Rows = list[list[Any]]


@dataclass(frozen=True)
class ChainProof:
    """Multipliers T_k and matrices P_k (lower triangles, row by row) of every hidden layer."""

    claim: NetworkLipschitz
    multipliers: tuple[Vector, ...]
    matrices: tuple[tuple[Vector, ...], ...]
    pair: tuple[Vector, Vector] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkLipschitz)
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        if claim.rate < 0:
            raise CertificateError("the claimed square of a constant is negative")
        hidden = claim.network.hidden
        if not len(self.multipliers) == len(self.matrices) == len(hidden):
            raise FormatError(f"the chain does not have one link for each of {len(hidden)} hidden layers")
        before: Rows | None = None  # rate I, which may be too large to be written down
        for k, layer in enumerate(hidden):
            check_matrix_size(layer.outputs)
            after = _symmetric(self.matrices[k], layer.outputs, k)
            self._check_link(k, layer, before, after)
            before = after
        last = claim.network.layers[-1]
        # without hidden layers, rate I >= W'W exactly when rate I >= W W', which may be smaller
        other_side = not hidden and last.inputs > last.outputs
        size = last.outputs if other_side else last.inputs
        check_matrix_size(size)
        square = last.matrix * last.matrix.transpose() if other_side else last.matrix.transpose() * last.matrix
        _prove(_difference(before or _scaled_identity(claim.rate, size), square), "the end of the chain")
        checks = [
            f"{sum(map(len, self.multipliers))} multipliers are not negative",
            f"the {len(hidden) + 1} matrix inequalities of the chain hold",
        ]
        lower, tight = None, False
        if self.pair is not None:
            lower = lower_quotient(claim, self.pair)
            tight = bool(lower == claim.rate)
            checks.append("the network was evaluated exactly at the pair of inputs")
        return Conclusion(claim, claim.rate, lower, tight, tuple(checks))

    def _check_link(self, k: int, layer: Layer, before: Rows | None, after: Rows) -> None:
        t = self.multipliers[k]
        if len(t) != layer.outputs:
            raise FormatError(f"link {k} has {len(t)} multipliers for {layer.outputs} neurons")
        if any(value < 0 for value in t):
            raise CertificateError(f"a multiplier of link {k} is negative")
        slopes, n, width = layer.slopes or (), layer.outputs, layer.inputs
        name = f"link {k} of the chain"
        if k == 0 and width > n and self.claim.rate:
            # for many inputs the Schur complement; leaving out W'STW >= 0 only makes the inequality harder
            scaled = fmpq_mat(
                n, n, [(ONE + slopes[i]) * t[i] / 2 if i == j else ZERO for i in range(n) for j in range(n)]
            )
            taken = (scaled * (layer.matrix * layer.matrix.transpose()) * scaled).entries()
            rate = self.claim.rate
            block = [
                [(t[i] if i == j else ZERO) - after[i][j] - taken[i * n + j] / rate for j in range(n)] for i in range(n)
            ]
            _prove(block, name)
            return
        check_matrix_size(width + n)
        before = before or _scaled_identity(self.claim.rate, width)
        diagonal = fmpq_mat(n, n, [slopes[i] * t[i] if i == j else ZERO for i in range(n) for j in range(n)])
        inner = (layer.matrix.transpose() * diagonal * layer.matrix).entries()
        rows = [
            [before[i][j] + inner[i * width + j] for j in range(width)]
            + [-layer.weights[j][i] * (ONE + slopes[j]) * t[j] / 2 for j in range(n)]
            for i in range(width)
        ]
        for i in range(n):
            left = [rows[j][width + i] for j in range(width)]
            rows.append(left + [(t[i] if i == j else ZERO) - after[i][j] for j in range(n)])
        _prove(rows, name)


def _scaled_identity(value: Any, size: int) -> Rows:
    return [[value if i == j else ZERO for j in range(size)] for i in range(size)]


def _symmetric(triangle: tuple[Vector, ...], size: int, k: int) -> Rows:
    if [len(row) for row in triangle] != list(range(1, size + 1)):
        raise FormatError(f"the matrix of link {k} is not a lower triangle of size {size}")
    return [[triangle[max(i, j)][min(i, j)] for j in range(size)] for i in range(size)]


def _difference(first: Rows, second: Any) -> Rows:
    flat, size = second.entries(), len(first)
    return [[first[i][j] - flat[i * size + j] for j in range(size)] for i in range(size)]


def _prove(matrix: Rows, what: str) -> None:
    prove_positive_semidefinite(matrix, RATIONALS, [f"row {i}" for i in range(len(matrix))], what=what)
