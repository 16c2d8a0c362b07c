"""Proofs that a stepsize pattern is straightforward: two sets of multipliers, and two matrices.

Write S for the sum of the steps, u = x_0 - x_*, f_i = f(x_i) - f_*, Q_ij for the interpolation inequalities of
t steps (L = 1). A proof lists multipliers lambda (*base*) and gamma (*slope*). For every delta in [0, D],

    R(delta) = f_0 - f_t - 2 delta S f_0 + delta^2 S |u|^2 - sum (lambda_ij + delta gamma_ij) Q_ij  >= 0    (1)

is shown at once. Let A be the matrix of f_0 - f_t - sum lambda Q and B that of -2 S f_0 - sum gamma Q in the
vectors u, g_0, .., g_t, after all function values have cancelled. If lambda leaves x_* out, A has no row u; and B
has no entry (u, u). So with y = delta u, R(delta) is the quadratic form in (y, g_0, .., g_t) of

    N(delta) = [[ S, b^T ], [ b, A_g + delta B_g ]],     b the row (u, g) of B,

which is affine in delta, as are the multipliers. Both are non-negative, respectively positive semidefinite, on
[0, D] if they are so at the two ends: these are the conditions checked. Then (1) gives, since the Q_ij >= 0,

    f_t <= f_0 - 2 delta S f_0 + delta^2 S |u|^2         for all delta in [0, D].                           (2)

If f_0 <= delta R^2 and |u| <= R with delta <= D, apply (2) to delta' = f_0/R^2 <= delta: f_t <= (delta' - S delta'^2)
R^2, which is at most (delta - S delta^2) R^2 because the claim has 2 S D <= 1. (docs/mathematics-patterns.md)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, FormatError
from pepkit.kernel.numbers import Field
from pepkit.kernel.patterns import StraightforwardClaim
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.kernel.statement import Form, Index, Statement, gram_residual

__all__ = ["StraightforwardProof", "read_straightforward_proof", "write_straightforward_proof"]

Multipliers = Mapping[Index, Any]


@dataclass(frozen=True)
class StraightforwardProof:
    """Multipliers of a straightforward pattern.

    Parameters
    ----------
    claim
        The pattern and its threshold D.
    base
        lambda_ij on pairs of iterates 0..t, all >= 0.
    slope
        gamma_ij on pairs of points 0..t and t+1 (the minimiser x_*), with lambda + D gamma >= 0.
    provenance
        How the multipliers were found; not believed.
    """

    claim: StraightforwardClaim
    base: Multipliers
    slope: Multipliers
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The theorem, or CertificateError / FormatError with the first thing that fails."""
        claim = self.claim
        number_field = claim.field
        coerce, sign = number_field.coerce, number_field.sign
        statement = claim.one_pass()
        interpolation = statement.family("interpolation")
        last = len(claim.steps)
        base = {index: coerce(value) for index, value in self.base.items()}
        slope = {index: coerce(value) for index, value in self.slope.items()}
        for index in (*base, *slope):
            # refuses addresses that do not exist
            interpolation.form(index)
        for index, value in base.items():
            if last + 1 in index:
                raise CertificateError(f"the base multiplier {list(index)} uses the minimiser")
            if sign(value) < 0:
                raise CertificateError(f"the base multiplier {list(index)} is negative")
        zero = coerce(0)
        for index, value in slope.items():
            if sign(base.get(index, zero) + claim.threshold * value) < 0:
                raise CertificateError(f"multiplier {list(index)} is negative at delta = {_text(claim)}")
        total = claim.total
        start = _residual(statement, Form(linear={0: fmpq(1), last: fmpq(-1)}), base, "at delta = 0")
        growth = _residual(statement, Form(linear={0: -2 * total}), slope, "in the slope")
        # both hold by construction; they are what makes the matrix below affine in delta
        if any(start[0]) or growth[0][0]:
            raise CertificateError("the matrix of the pattern is not affine in delta")
        matrices = []
        for delta in (zero, claim.threshold):
            gradient = [
                [a + delta * b for a, b in zip(row[1:], other[1:], strict=True)]
                for row, other in zip(start[1:], growth[1:], strict=True)
            ]
            border = list(growth[0][1:])
            matrices.append([[total, *border], *([b, *row] for b, row in zip(border, gradient, strict=True))])
        names = ["delta (x_0 - x_*)", *(f"g_{i}" for i in range(last + 1))]
        # a linear function makes the first matrix singular; if this vector were not in its kernel it could
        # not be semidefinite, so nothing is lost
        linear = [coerce(1)] * (last + 2)
        prove_positive_semidefinite(matrices[0], number_field, names, [linear], "matrix at delta = 0")
        prove_positive_semidefinite(matrices[1], number_field, names, (), f"matrix at delta = {_text(claim)}")
        checks = (
            f"{len(base)} + {len(slope)} multipliers are non-negative at both ends of [0, {_text(claim)}]",
            "all function values cancel for every delta",
            f"the matrix is positive semidefinite at both ends ({last + 2} x {last + 2})",
        )
        return Conclusion(claim, claim.rate, None, False, checks)


def _text(claim: StraightforwardClaim) -> str:
    return claim.field.text(claim.threshold)


def _residual(statement: Statement, goal: Form, multipliers: Multipliers, where: str) -> list[list[Any]]:
    """The matrix of goal - sum multiplier * interpolation inequality; function values have to cancel."""
    family = statement.family("interpolation")
    terms: list[tuple[Form, Any]] = [(goal, statement.field.coerce(1))]
    terms.extend((family.form(index), -value) for index, value in multipliers.items())
    matrix, linear, constant = gram_residual(statement, terms)
    for s in sorted(linear):
        if linear[s]:
            raise CertificateError(f"coefficient of {statement.scalars[s]} does not cancel {where}")
    if constant:
        raise CertificateError(f"the constant does not cancel {where}")
    return matrix


def read_straightforward_proof(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> StraightforwardProof:
    """The proof in a JSON object."""
    reading.fields(data, "the proof", ("kind", "base", "slope"))
    if not isinstance(claim, StraightforwardClaim):
        raise FormatError("a proof of kind 'straightforward' belongs to a claim of kind 'straightforward'")

    def multipliers(name: str) -> dict[Index, Any]:
        values: dict[Index, Any] = {}
        entries = reading.items(data[name], name)
        for entry in entries:
            i, j, number = reading.entry(entry, 2, f"a multiplier of {name}")
            value = number_field.read(number)
            if not value:
                raise FormatError("a multiplier is zero; leave it out")
            values[(i, j)] = value
        reading.increasing(list(values), len(entries), f"multipliers of {name}")
        return values

    return StraightforwardProof(claim, multipliers("base"), multipliers("slope"), provenance)


def write_straightforward_proof(proof: StraightforwardProof) -> dict[str, Any]:
    """The members of the JSON object of a proof."""
    write = proof.claim.field.write

    def entries(multipliers: Multipliers) -> list[Any]:
        return [[*index, write(value)] for index, value in sorted(multipliers.items()) if value]

    return {"base": entries(proof.base), "slope": entries(proof.slope)}
