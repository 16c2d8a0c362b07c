"""What a claim rebuilt from its definitions can do.

A problem turns multipliers into the residual of the identity

    rate * normaliser - measure - sum of multiplier * hypothesis  =  <S, G> + (linear in scalars) + constant

and a witness into the values of all hypotheses. Points are numbered x_0 .. x_N and N+1 for x_*, which
is the origin with f_* = 0. L = 1 throughout; the power of L in the rate follows from the units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pepkit.verification.document import Index
from pepkit.verification.reals import Reals

__all__ = ["Hypothesis", "Problem", "Residual", "Witnessed", "symmetrised", "transposed", "weighted", "zeros"]


@dataclass(frozen=True)
class Residual:
    """What is left of the identity: symmetric S over the basis, scalar coefficients by name, a constant."""

    matrix: list[list[Any]]
    scalars: dict[str, Any]
    constant: Any


@dataclass(frozen=True)
class Hypothesis:
    """The value of a hypothesis at a witness; for ``psd`` a matrix."""

    name: str
    relation: str
    value: Any


@dataclass(frozen=True)
class Witnessed:
    """A witness put into the forms of a claim."""

    normaliser: Any
    measure: Any
    hypotheses: Iterator[Hypothesis]


class Problem:
    """A claim with its hypotheses, in named families."""

    reals: Reals
    rate: Any
    scalars: list[str]
    basis_size: int
    relations: dict[str, str]
    """Relation (``>=``, ``=`` or ``psd``) of every family."""
    text: str

    def arity(self, family: str) -> int:
        """Number of indices of a hypothesis."""
        raise NotImplementedError

    def name(self, family: str, index: Index) -> str:
        """The hypothesis in words. Raises VerificationError if there is none with this index."""
        raise NotImplementedError

    def residual(self, multipliers: Mapping[str, Mapping[Index, Any]]) -> Residual:
        """The identity with these multipliers."""
        raise NotImplementedError

    def witnessed(
        self, coordinates: Sequence[Sequence[Any]], scalars: Sequence[Any], weights: Sequence[Any] | None = None
    ) -> Witnessed:
        """The forms at a witness: coordinates of the basis vectors, values of the scalars, sum w_k a_k b_k."""
        raise NotImplementedError


def zeros(reals: Reals, height: int, width: int) -> list[list[Any]]:
    """The zero matrix."""
    return [[reals.zero] * width for _ in range(height)]


def transposed(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The transposed matrix."""
    return [list(column) for column in zip(*rows, strict=True)]


def weighted(rows: Sequence[Sequence[Any]], weights: Sequence[Any] | None) -> Sequence[Sequence[Any]]:
    """The rows with every coordinate multiplied by its weight; as they are without weights."""
    if weights is None:
        return rows
    return [[a * w for a, w in zip(row, weights, strict=True)] for row in rows]


def symmetrised(rows: list[list[Any]], half: Any) -> list[list[Any]]:
    """(A + A^T)/2."""
    size = range(len(rows))
    return [[(rows[i][j] + rows[j][i]) * half if i != j else rows[i][i] for j in size] for i in size]
