"""Witnesses: exact data that attain a value, and so bound the rate from below.

A witness gives every basis vector coordinates in R^r with the inner product sum w_k a_k b_k, w_k >= 0 (so their Gram
matrix is positive semidefinite by construction; w_k = 1 if no weights are given), and every scalar a value. If all
hypotheses hold, the statement cannot be true for a rate below measure/normaliser. For interpolation conditions the
data extend to a function of the class (Taylor, Hendrickx, Glineur 2017), so this is a lower bound on the worst case
itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pepkit.kernel.errors import CertificateError, FormatError
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.kernel.statement import Form, Statement

__all__ = ["Evaluation", "Witness", "check_witness"]


@dataclass(frozen=True)
class Witness:
    """Coordinates of the basis vectors (one row each, all of length r) and values of the scalars.

    `weights` are the w_k >= 0 of the inner product, None for the usual one. They save square roots: the points have
    the coordinates sqrt(w_k) a_k in the usual inner product.
    """

    coordinates: tuple[tuple[Any, ...], ...]
    scalars: tuple[Any, ...]
    weights: tuple[Any, ...] | None = None

    @property
    def dimension(self) -> int:
        """r, the dimension of the space in which the worst case lives."""
        return len(self.coordinates[0]) if self.coordinates else 0


class Evaluation:
    """Exact values of forms at a witness."""

    def __init__(self, statement: Statement, witness: Witness) -> None:
        coerce = statement.field.coerce
        basis = statement.basis
        if len(witness.coordinates) != len(basis):
            raise FormatError(f"the witness has {len(witness.coordinates)} vectors, the statement {len(basis)}")
        if any(len(row) != witness.dimension for row in witness.coordinates):
            raise FormatError("the vectors of the witness differ in length")
        if len(witness.scalars) != len(statement.scalars):
            raise FormatError(f"the witness has {len(witness.scalars)} scalars, the statement {len(statement.scalars)}")
        self.scalars = [coerce(value) for value in witness.scalars]
        self.weights = [coerce(1)] * witness.dimension
        if witness.weights is not None:
            if len(witness.weights) != witness.dimension:
                raise FormatError("the witness needs one weight for every coordinate")
            self.weights = [coerce(value) for value in witness.weights]
            if any(statement.field.sign(value) < 0 for value in self.weights):
                raise CertificateError("a weight of the inner product of the witness is negative")
        given = dict(zip(basis, witness.coordinates, strict=True))
        zero = coerce(0)
        self.vectors: list[list[Any]] = []
        for position, vector in enumerate(statement.vectors):
            if vector.definition is None:
                self.vectors.append([coerce(value) for value in given[position]])
                continue
            total = [zero] * witness.dimension
            for k, factor in vector.definition:
                total = [a + factor * b if b else a for a, b in zip(total, self.vectors[k], strict=True)]
            self.vectors.append(total)
        self._zero = zero
        self._products: dict[tuple[int, int], Any] = {}

    def product(self, p: int, q: int) -> Any:
        """<v_p, v_q>."""
        key = (p, q)
        value = self._products.get(key)
        if value is None:
            value = self._zero
            for a, b, weight in zip(self.vectors[p], self.vectors[q], self.weights, strict=True):
                if a and b:
                    value = value + a * b * weight
            self._products[key] = value
        return value

    def value(self, form: Form) -> Any:
        """The value of a form."""
        total = self._zero + form.constant
        for (p, q), coefficient in form.quadratic.items():
            total = total + coefficient * self.product(p, q)
        for s, coefficient in form.linear.items():
            total = total + coefficient * self.scalars[s]
        return total


def check_witness(statement: Statement, witness: Witness) -> Any:
    """The exact lower bound measure/normaliser that the witness proves.

    Raises
    ------
    CertificateError
        If a hypothesis is violated, or the normaliser is not positive.
    FormatError
        If the witness does not fit the statement.
    """
    field = statement.field
    evaluation = Evaluation(statement, witness)
    normaliser = evaluation.value(statement.normaliser)
    if field.sign(normaliser) <= 0:
        raise CertificateError(f"the witness starts at a normaliser that is not positive: {field.text(normaliser)}")
    for family in statement.families:
        for index in family.indices():
            form = family.form(index)
            if family.relation == "psd":
                matrix = [[evaluation.value(entry) for entry in row] for row in form]
                names = [str(k) for k in range(len(matrix))]
                prove_positive_semidefinite(matrix, field, names, what=f"{family.describe(index)} at the witness")
                continue
            value = evaluation.value(form)
            sign = field.sign(value)
            if sign < 0 or (sign > 0 and family.relation == "="):
                raise CertificateError(f"the witness violates {family.describe(index)}: {_short(field.text(value))}")
    return evaluation.value(statement.measure) / normaliser


def _short(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
