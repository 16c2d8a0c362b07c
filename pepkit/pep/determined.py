"""Multipliers that a worst case determines.

If a one-dimensional function attains the rate, its data v span the kernel of the residual S of every certificate:
S v = 0, and function values cancel. On a support with as many multipliers as these linear equations have rank there is
one solution. It is exact, and the kernel decides whether it is a certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

from pepkit.kernel import Certificate, Claim, MethodClaim, Witness
from pepkit.kernel.statement import Form, Index, Statement
from pepkit.rounding.exact_linear import row_reduced

__all__ = ["determined_certificate"]


def determined_certificate(
    claim: MethodClaim, rate: Any, case: Witness, support: Sequence[Index], provenance: Mapping[str, Any]
) -> Certificate | None:
    """The certificate with interpolation multipliers on `support`; None if they are not determined.

    Parameters
    ----------
    claim
        The question, over a field in which equality is decided.
    rate
        The rate to prove, an element of the field.
    case
        A one-dimensional worst case that attains it.
    support
        Index pairs of the interpolation inequalities.
    provenance
        What the certificate says about its origin.

    Nothing is checked here: signs and semidefiniteness are the kernel's.
    """
    statement = claim.statement()
    family = statement.family("interpolation")
    data = [row[0] for row in case.coordinates]
    values = _vectors(statement, data)
    size = len(statement.scalars)
    columns = [_column(statement, values, [(family.form(index), fmpq(1))], size) for index in support]
    goal = _column(statement, values, [(statement.normaliser, rate), (statement.measure, fmpq(-1))], size)
    reduced, pivots = row_reduced(claim.field, list(zip(*columns, goal, strict=True)))
    if pivots != list(range(len(support))):
        # inconsistent where the last column is a pivot, not unique where one is missing
        return None
    multipliers = {index: row[-1] for index, row in zip(support, reduced, strict=True) if row[-1]}
    proved: Claim = claim.with_rate(rate)
    return Certificate(proved, {"interpolation": dict(sorted(multipliers.items()))}, (tuple(data),), case, provenance)


def _vectors(statement: Statement, data: Sequence[Any]) -> list[Any]:
    """The value of every vector, basis or derived."""
    given = iter(data)
    values: list[Any] = []
    for vector in statement.vectors:
        if vector.definition is None:
            values.append(next(given))
        else:
            values.append(sum((a * values[k] for k, a in vector.definition), fmpq(0)))
    return values


def _column(statement: Statement, values: Sequence[Any], terms: Sequence[tuple[Form, Any]], size: int) -> list[Any]:
    """S v over the basis, then the coefficients of the scalars, of a sum of forms."""
    gradient: list[Any] = [fmpq(0)] * len(statement.vectors)
    linear: list[Any] = [fmpq(0)] * size
    for form, factor in terms:
        for (p, q), coefficient in form.quadratic.items():
            half = coefficient * factor / 2
            gradient[p] = gradient[p] + half * values[q]
            gradient[q] = gradient[q] + half * values[p]
        for s, coefficient in form.linear.items():
            linear[s] = linear[s] + coefficient * factor
    for index in range(len(statement.vectors) - 1, -1, -1):
        definition = statement.vectors[index].definition
        if definition is not None and gradient[index]:
            for k, a in definition:
                gradient[k] = gradient[k] + a * gradient[index]
    return [gradient[k] for k in statement.basis] + linear
