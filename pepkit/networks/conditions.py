"""Conditions on inputs and outputs of a network in disjunctive normal form, and the queries that they make.

Both readers of VNN-LIB end here: what they read becomes conjunctions of linear forms that are <= 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import FormatError
from pepkit.kernel.network_claims import Atom
from pepkit.kernel.networks import ZERO, Box

__all__ = ["Conjunction", "Linear", "Query", "comparison", "multiplied", "product", "queries", "total"]

MAX_CASES = 10_000


@dataclass(frozen=True)
class Query:
    """Is there an input of the box with (x, f(x)) in the region (a union of polyhedra)?"""

    box: Box
    region: tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True)
class Linear:
    """constant + sum of terms; a term is known by its kind ("X" for inputs, "Y" for outputs) and index."""

    terms: dict[tuple[str, int], fmpq]
    constant: fmpq

    @property
    def number(self) -> fmpq | None:
        """The value of a form without terms."""
        return self.constant if not self.terms else None


Conjunction = list[Linear]
"""Linear forms that are <= 0, all of them."""


def total(parts: list[Linear], factors: list[fmpq]) -> Linear:
    """The sum of factor * form."""
    terms: dict[tuple[str, int], fmpq] = {}
    constant = ZERO
    for part, factor in zip(parts, factors, strict=True):
        constant = constant + factor * part.constant
        for key, c in part.terms.items():
            terms[key] = terms.get(key, ZERO) + factor * c
    return Linear({key: c for key, c in terms.items() if c}, constant)


def multiplied(parts: Sequence[Linear]) -> Linear:
    """The product of forms of which all but one are numbers."""
    result = parts[0]
    for part in parts[1:]:
        if part.number is not None:
            result = total([result], [part.number])
        elif result.number is not None:
            result = total([part], [result.number])
        else:
            raise FormatError("a product of two constants is not linear")
    return result


def comparison(operator: str, left: Linear, right: Linear) -> list[Conjunction]:
    """The cases of a comparison. Strict inequalities become weak ones."""
    difference = total([left, right], [fmpq(1), fmpq(-1)])
    opposite = total([difference], [fmpq(-1)])
    return [{"<": [difference], ">": [opposite], "=": [difference, opposite]}[operator[0]]]


def product(first: list[Conjunction], second: list[Conjunction]) -> list[Conjunction]:
    """The cases of a conjunction of two conditions."""
    if len(first) * len(second) > MAX_CASES:
        raise FormatError(f"the property has more than {MAX_CASES} cases")
    return [a + b for a in first for b in second]


def queries(cases: Sequence[Conjunction], inputs: int, outputs: int) -> list[Query]:
    """The queries of a disjunction of conjunctions: one for each input box, in order."""
    grouped: dict[Box, list[tuple[Atom, ...]]] = {}
    for case in cases:
        box, atoms = _split(case, inputs, outputs)
        if box is not None:
            grouped.setdefault(box, []).append(atoms)
    return [Query(box, tuple(region)) for box, region in grouped.items()]


def _split(case: Conjunction, inputs: int, outputs: int) -> tuple[Box | None, tuple[Atom, ...]]:
    """The box of a conjunction (None if it is empty) and what remains."""
    lower: list[Any] = [None] * inputs
    upper: list[Any] = [None] * inputs
    atoms = []
    for form in case:
        for kind, index in form.terms:
            if index >= (inputs if kind == "X" else outputs):
                raise FormatError(f"the constant {kind}_{index} is not declared")
        if len(form.terms) == 1:
            (((kind, index), c),) = form.terms.items()
            if kind == "X":
                limit = -form.constant / c
                if c > 0:
                    upper[index] = limit if upper[index] is None else min(upper[index], limit)
                else:
                    lower[index] = limit if lower[index] is None else max(lower[index], limit)
                continue
        if not form.terms:
            if form.constant > 0:
                return None, ()
            continue
        x = tuple(form.terms.get(("X", i), ZERO) for i in range(inputs))
        y = tuple(form.terms.get(("Y", i), ZERO) for i in range(outputs))
        atoms.append(Atom(y, x if any(x) else (), -form.constant))
    for i in range(inputs):
        if lower[i] is None or upper[i] is None:
            raise FormatError(f"the input X_{i} has no {'lower' if lower[i] is None else 'upper'} limit")
        if lower[i] > upper[i]:
            return None, ()
    return Box(tuple(lower), tuple(upper)), tuple(atoms)
