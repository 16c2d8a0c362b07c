"""Statements: finitely many vectors and scalars, hypotheses and one conclusion.

Only the Gram matrix G of the *basis vectors* and the scalars F matter. Other vectors (the iterates) are
*derived*: exact linear combinations of earlier vectors. A `Form` is affine in (G, F)::

    constant + sum c_pq <v_p, v_q> + sum a_s F_s.

A statement claims ``rate * normaliser - measure >= 0`` whenever every hypothesis holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flint import fmpq

from pepkit.kernel.errors import FormatError
from pepkit.kernel.numbers import Field

__all__ = [
    "Form",
    "HypothesisFamily",
    "Index",
    "ListedHypotheses",
    "ListedMatrixInequalities",
    "PointFamily",
    "Statement",
    "Vector",
    "gram_residual",
]

Index = tuple[int, ...]
ZERO = fmpq(0)
MAX_PRODUCTS = 1 << 25
"""Most products of two vectors in one identity: derived vectors of many others multiply."""


@dataclass(frozen=True)
class Form:
    """An affine form. ``quadratic[(p, q)]`` with p <= q is the coefficient of <v_p, v_q>."""

    quadratic: Mapping[tuple[int, int], Any] = field(default_factory=dict)
    linear: Mapping[int, Any] = field(default_factory=dict)
    constant: Any = ZERO


@dataclass(frozen=True)
class Vector:
    """A named vector: a basis vector (`definition` None) or a combination of earlier vectors."""

    name: str
    definition: tuple[tuple[int, Any], ...] | None = None


class HypothesisFamily(Protocol):
    """Hypotheses of one kind, each addressed by a tuple of integers.

    `relation` is ``">="`` (form >= 0), ``"="`` (form = 0) or ``"psd"`` (a symmetric matrix of forms is
    positive semidefinite).
    """

    @property
    def name(self) -> str:
        """How the family is called in files."""

    @property
    def relation(self) -> str:
        """``">="``, ``"="`` or ``"psd"``."""

    def indices(self) -> Iterator[Index]:
        """All addresses, in order."""

    def form(self, index: Index) -> Any:
        """The form (the square matrix of forms for ``"psd"``). Raises FormatError for a wrong address."""

    def describe(self, index: Index) -> str:
        """The hypothesis in words, for error messages and tables."""


@dataclass(frozen=True)
class PointFamily:
    """Hypotheses that one template makes from points (x, g, f) of a function.

    A point is a triple (vector of x, vector of g, scalar of f); None stands for 0, so the minimiser with
    x = g = 0 and f = 0 is ``(None, None, None)``. With ``arity`` 2 the hypotheses are indexed by ordered
    pairs of distinct points, with ``arity`` 1 by points. The template lists coefficients on roles
    ``x0, g0, f0`` (first point) and ``x1, g1, f1`` (second): ``quadratic`` has entries
    (role, role, coefficient), ``linear`` (role, coefficient); `extra` adds a fixed scalar term.
    """

    name: str
    title: str
    points: tuple[tuple[int | None, int | None, int | None], ...]
    labels: tuple[str, ...]
    arity: int
    quadratic: tuple[tuple[str, str, Any], ...]
    linear: tuple[tuple[str, Any], ...]
    extra: tuple[tuple[int, Any], ...] = ()
    relation: str = ">="

    def indices(self) -> Iterator[Index]:
        count = len(self.points)
        if self.arity == 1:
            yield from ((i,) for i in range(count))
        else:
            yield from ((i, j) for i in range(count) for j in range(count) if i != j)

    def check_index(self, index: Index) -> None:
        count = len(self.points)
        distinct = len(set(index)) == len(index)
        if len(index) != self.arity or not distinct or not all(0 <= i < count for i in index):
            raise FormatError(f"there is no {self.title} with index {list(index)}")

    def form(self, index: Index) -> Form:
        self.check_index(index)
        roles: dict[str, int | None] = {}
        for position, point in enumerate(index):
            x, g, f = self.points[point]
            roles[f"x{position}"], roles[f"g{position}"], roles[f"f{position}"] = x, g, f
        quadratic: dict[tuple[int, int], Any] = {}
        for left, right, coefficient in self.quadratic:
            p, q = roles[left], roles[right]
            if p is None or q is None:
                continue
            key = (p, q) if p <= q else (q, p)
            quadratic[key] = quadratic[key] + coefficient if key in quadratic else coefficient
        linear: dict[int, Any] = {}
        for role, coefficient in self.linear:
            s = roles[role]
            if s is not None:
                linear[s] = linear[s] + coefficient if s in linear else coefficient
        for s, coefficient in self.extra:
            linear[s] = linear[s] + coefficient if s in linear else coefficient
        return Form(quadratic, linear)

    def describe(self, index: Index) -> str:
        names = ", ".join(self.labels[i] for i in index)
        return f"{self.title} ({names})" if self.arity > 1 else f"{self.title} at {names}"


@dataclass(frozen=True)
class ListedHypotheses:
    """Hypotheses given one by one, all with the same relation (``">="`` or ``"="``)."""

    name: str
    relation: str
    forms: tuple[Form, ...]
    names: tuple[str, ...]

    def indices(self) -> Iterator[Index]:
        return ((k,) for k in range(len(self.forms)))

    def form(self, index: Index) -> Form:
        if len(index) != 1 or not 0 <= index[0] < len(self.forms):
            raise FormatError(f"there is no hypothesis {self.name} with index {list(index)}")
        return self.forms[index[0]]

    def describe(self, index: Index) -> str:
        return self.names[index[0]]


@dataclass(frozen=True)
class ListedMatrixInequalities:
    """Matrix hypotheses: each is a symmetric matrix of forms, positive semidefinite."""

    name: str
    matrices: tuple[tuple[tuple[Form, ...], ...], ...]
    names: tuple[str, ...]
    relation: str = "psd"

    def indices(self) -> Iterator[Index]:
        return ((k,) for k in range(len(self.matrices)))

    def form(self, index: Index) -> tuple[tuple[Form, ...], ...]:
        if len(index) != 1 or not 0 <= index[0] < len(self.matrices):
            raise FormatError(f"there is no matrix inequality with index {list(index)}")
        return self.matrices[index[0]]

    def describe(self, index: Index) -> str:
        return self.names[index[0]]


@dataclass(frozen=True)
class Statement:
    """Vectors, scalars, hypotheses, and the two forms of the conclusion rate*normaliser - measure >= 0.

    `exact` says that the hypotheses describe the worst case completely (interpolation conditions), so
    that data which satisfy them are attained by a member of the class and prove a lower bound.
    """

    field: Field
    vectors: tuple[Vector, ...]
    scalars: tuple[str, ...]
    families: tuple[HypothesisFamily, ...]
    measure: Form
    normaliser: Form
    exact: bool

    def family(self, name: str) -> HypothesisFamily:
        """The family called `name`; FormatError if there is none."""
        for family in self.families:
            if family.name == name:
                return family
        raise FormatError(f"the statement has no hypotheses called {name!r}")

    @property
    def basis(self) -> tuple[int, ...]:
        """Indices of the basis vectors, in order."""
        return tuple(i for i, v in enumerate(self.vectors) if v.definition is None)


class _Accumulator:
    """A form under construction, mutable, with its quadratic part stored by larger index."""

    def __init__(self, size: int) -> None:
        self.columns: list[dict[int, Any]] = [{} for _ in range(size)]
        self.linear: dict[int, Any] = {}
        self.constant: Any = ZERO
        self.products = 0

    def add(self, form: Form, factor: Any) -> None:
        for (p, q), coefficient in form.quadratic.items():
            column = self.columns[q]
            term = coefficient * factor
            column[p] = column[p] + term if p in column else term
        for s, coefficient in form.linear.items():
            term = coefficient * factor
            self.linear[s] = self.linear[s] + term if s in self.linear else term
        if form.constant:
            self.constant = self.constant + form.constant * factor

    def eliminate(self, vectors: Sequence[Vector]) -> None:
        """Replace derived vectors by their definitions, last one first."""
        later_basis: list[int] = []
        for d in range(len(vectors) - 1, -1, -1):
            given = vectors[d].definition
            if given is None:
                later_basis.append(d)
                continue
            merged: dict[int, Any] = {}
            for k, a in given:
                merged[k] = merged[k] + a if k in merged else a
            definition = list(merged.items())
            for q in later_basis:
                coefficient = self.columns[q].pop(d, None)
                if coefficient is not None:
                    for k, a in definition:
                        self._add(k, q, coefficient * a)
            column, self.columns[d] = self.columns[d], {}
            square = column.pop(d, None)
            for p, coefficient in column.items():
                for k, a in definition:
                    self._add(p, k, coefficient * a)
            if square is not None and square:
                for position, (k, a) in enumerate(definition):
                    self._add(k, k, square * a * a)
                    for other, b in definition[position + 1 :]:
                        self._add(k, other, square * a * b * 2)

    def _add(self, p: int, q: int, term: Any) -> None:
        if p > q:
            p, q = q, p
        column = self.columns[q]
        if p in column:
            column[p] = column[p] + term
            return
        column[p] = term
        self.products += 1
        if self.products > MAX_PRODUCTS:
            raise FormatError(f"the derived vectors make more than {MAX_PRODUCTS} products of two vectors")


def gram_residual(
    statement: Statement, terms: Sequence[tuple[Form, Any]]
) -> tuple[list[list[Any]], dict[int, Any], Any]:
    """The sum of factor * form over `terms`, written in the Gram matrix of the basis vectors.

    Returns
    -------
    matrix, linear, constant
        Symmetric matrix S over the basis (the sum is <S, G> + ...), scalar coefficients, constant.
    """
    accumulator = _Accumulator(len(statement.vectors))
    for form, factor in terms:
        if factor:
            accumulator.add(form, factor)
    accumulator.eliminate(statement.vectors)
    basis = statement.basis
    position = {v: k for k, v in enumerate(basis)}
    zero = statement.field.coerce(0)
    half = fmpq(1, 2)
    matrix = [[zero] * len(basis) for _ in basis]
    for q, column in enumerate(accumulator.columns):
        for p, coefficient in column.items():
            if not coefficient:
                continue
            a, b = position[p], position[q]
            if a == b:
                matrix[a][a] = coefficient + zero
            else:
                matrix[a][b] = matrix[b][a] = coefficient * half + zero
    return matrix, accumulator.linear, accumulator.constant
