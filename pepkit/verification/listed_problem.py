"""Statements that list their own hypotheses, rebuilt as forms over their vectors and scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import sstr

from pepkit.verification.document import Index, indexed, items_of, members, symmetric, text_of
from pepkit.verification.errors import VerificationError
from pepkit.verification.problem import (
    Hypothesis,
    Problem,
    Residual,
    Witnessed,
    symmetrised,
    transposed,
    weighted,
    zeros,
)
from pepkit.verification.reals import Reals

__all__ = ["ListedProblem"]


@dataclass(frozen=True)
class _Form:
    """constant + sum q_ab <v_a, v_b> + sum l_s F_s."""

    quadratic: dict[Index, Any]
    linear: dict[Index, Any]
    constant: Any


class ListedProblem(Problem):
    """A statement that lists its own hypotheses."""

    relations = {"inequalities": ">=", "equalities": "=", "matrix-inequalities": "psd"}  # noqa: RUF012

    def __init__(self, reals: Reals, claim: Mapping[str, Any]) -> None:
        required = ("kind", "vectors", "scalars", "measure", "normaliser", "rate")
        members(claim, "the claim", required, ("title", *self.relations))
        self.reals = reals
        self.rate = reals.read(claim["rate"])
        self.scalars = [text_of(s, "a scalar name") for s in items_of(claim["scalars"], "scalars")]
        self._read_vectors(items_of(claim["vectors"], "vectors"))
        self.measure, self.normaliser = self._form(claim["measure"]), self._form(claim["normaliser"])
        self.hypotheses: dict[str, list[Any]] = {}
        self.names: dict[str, list[str]] = {}
        for family, relation in self.relations.items():
            pairs = [items_of(pair, family, 2) for pair in items_of(claim.get(family, []), family)]
            self.names[family] = [text_of(name, f"a name in {family}") for name, _ in pairs]
            self.hypotheses[family] = [
                [[self._form(e) for e in row] for row in symmetric(form, family)]
                if relation == "psd"
                else self._form(form)
                for _, form in pairs
            ]
        names = [name for family in self.names.values() for name in family]
        if len(set(names)) != len(names):
            raise VerificationError("two hypotheses have the same name")
        counts = ", ".join(f"{len(given)} {family}" for family, given in self.names.items() if given)
        about = f" of {text_of(claim['title'], 'the title')[:200]}" if "title" in claim else ""
        rate = sstr(reals.expression(self.rate))
        self.text = f"under the listed hypotheses{about} ({counts or 'none'}): measure <= {rate} * normaliser"

    def _read_vectors(self, vectors: list[Any]) -> None:
        """Coordinates of all vectors in those without a definition."""
        reals = self.reals
        self.basis_size = sum(isinstance(vector, str) for vector in vectors)
        self.coordinates: list[list[Any]] = []
        seen = 0
        for vector in vectors:
            row = [reals.zero] * self.basis_size
            if isinstance(vector, str):
                text_of(vector, "a vector name")
                row[seen] = reals.one
                seen += 1
            else:
                members(vector, "a vector", ("name", "definition"))
                text_of(vector["name"], "a vector name")
                for term in items_of(vector["definition"], "a definition"):
                    k, factor = items_of(term, "a term of a definition", 2)
                    if type(k) is not int or not 0 <= k < len(self.coordinates):
                        raise VerificationError("a vector is defined by one that does not come before it")
                    factor = reals.read(factor)
                    row = [a + factor * b if b else a for a, b in zip(row, self.coordinates[k], strict=True)]
            self.coordinates.append(row)

    def _form(self, data: Any) -> _Form:
        members(data, "a form", (), ("quadratic", "linear", "constant"))
        read = self.reals.read
        quadratic = {k: read(v) for k, v in indexed(data.get("quadratic", []), "a quadratic part", 2)}
        linear = {k: read(v) for k, v in indexed(data.get("linear", []), "a linear part", 1)}
        if any(p > q or q >= len(self.coordinates) for p, q in quadratic):
            raise VerificationError("a form names a vector that does not exist, or a pair out of order")
        if any(s >= len(self.scalars) for (s,) in linear):
            raise VerificationError("a form names a scalar that does not exist")
        return _Form(quadratic, linear, read(data.get("constant", "0")))

    def arity(self, family: str) -> int:
        return 1

    def name(self, family: str, index: Index) -> str:
        if len(index) != 1 or index[0] >= len(self.names[family]):
            raise VerificationError(f"there is no hypothesis with index {list(index)} among the {family}")
        return self.names[family][index[0]]

    def residual(self, multipliers: Mapping[str, Mapping[Index, Any]]) -> Residual:
        reals, size = self.reals, len(self.coordinates)
        weights = zeros(reals, size, size)
        linear = [reals.zero for _ in self.scalars]
        constant = reals.zero
        for form, factor in self._terms(multipliers):
            for (p, q), a in form.quadratic.items():
                weights[p][q] = weights[p][q] + factor * a
            for (s,), a in form.linear.items():
                linear[s] = linear[s] + factor * a
            constant = constant + factor * form.constant
        v = reals.matrix(self.coordinates, self.basis_size)
        vt = reals.matrix(transposed(self.coordinates), size)
        matrix = (vt * reals.matrix(weights) * v).rows() if self.basis_size else []
        half = reals.one / reals.of(2)
        scalars = {f"{name} (scalar {s})": a for s, (name, a) in enumerate(zip(self.scalars, linear, strict=True))}
        return Residual(symmetrised(matrix, half), scalars, constant)

    def _terms(self, multipliers: Mapping[str, Mapping[Index, Any]]) -> Iterator[tuple[_Form, Any]]:
        yield self.normaliser, self.rate
        yield self.measure, -self.reals.one
        for family, values in multipliers.items():
            for (k,), value in values.items():
                form = self.hypotheses[family][k]
                if self.relations[family] != "psd":
                    yield form, -value
                    continue
                for row, line in zip(form, value, strict=True):
                    yield from ((entry, -a) for entry, a in zip(row, line, strict=True))

    def size(self, k: int) -> int:
        """Number of rows of matrix inequality k."""
        return len(self.hypotheses["matrix-inequalities"][k])

    def witnessed(
        self, coordinates: Sequence[Sequence[Any]], scalars: Sequence[Any], weights: Sequence[Any] | None = None
    ) -> Witnessed:
        reals = self.reals
        gram = zeros(reals, len(self.coordinates), len(self.coordinates))
        if self.basis_size:
            v = (reals.matrix(self.coordinates) * reals.matrix(coordinates)).rows()
            gram = (reals.matrix(v) * reals.matrix(transposed(weighted(v, weights)))).rows()

        def value(form: _Form) -> Any:
            total = form.constant
            for (p, q), a in form.quadratic.items():
                total = total + a * gram[p][q]
            for (s,), a in form.linear.items():
                total = total + a * scalars[s]
            return total

        def values() -> Iterator[Hypothesis]:
            for family, relation in self.relations.items():
                for name, form in zip(self.names[family], self.hypotheses[family], strict=True):
                    at = [[value(e) for e in row] for row in form] if relation == "psd" else value(form)
                    yield Hypothesis(name, relation, at)

        return Witnessed(value(self.normaliser), value(self.measure), values())
