"""What a file says so that Coq sees a residual to be positive semidefinite: kernel vectors and the columns of a factor.

Sections 4 of proofs/README.md describes both. All is in integers over one common denominator of the proof.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pepkit.kernel import Field
from pepkit.proof_assistant.errors import ExportError
from pepkit.proof_assistant.factor import RoundedFactor, echelon, null_space, rounded_factor
from pepkit.proof_assistant.ring import Ring, common_denominator

__all__ = ["SemidefiniteHints", "semidefinite_hints"]


@dataclass(frozen=True)
class SemidefiniteHints:
    """The common denominator K0 of a proof, and the hints for K0 times its residual.

    Parameters
    ----------
    factor
        K0, a positive integer.
    kernel
        Pairs of a pivot and a vector with integer coordinates.
    columns
        The columns of the integer factor R of 2 K0 S without the pivots, each from the diagonal down.
    """

    factor: int
    kernel: list[tuple[int, list[Any]]]
    columns: list[list[int]]


def semidefinite_hints(
    matrix: list[list[Any]],
    hints: Sequence[Sequence[Any]],
    number_field: Field,
    ring: Ring,
    scales: list[int],
    numbers: Sequence[Any],
) -> SemidefiniteHints:
    """The hints for the residual `matrix`, in the basis whose k-th vector is 1/scales[k] of the one of the matrix.

    Parameters
    ----------
    hints
        Vectors of the kernel that are known; it is computed where they are not all of it.
    numbers
        The rate and the multipliers: all have integer coordinates when multiplied by the common denominator.

    Raises
    ------
    ExportError
        If the matrix is not shown to be positive semidefinite.
    """
    kernel = echelon([list(vector) for vector in hints])
    factor = _factor(matrix, kernel, number_field)
    if factor is None:
        kernel = echelon([*(list(vector) for vector in hints), *null_space(matrix, number_field)])
        factor = _factor(matrix, kernel, number_field)
    if factor is None:
        raise ExportError("the residual is not shown to be positive semidefinite, so there is nothing to export")
    rows, rounded = factor
    stretched = [(pivot, _integral(vector, scales, ring)) for pivot, vector in kernel]
    common = common_denominator(ring, numbers)
    columns: list[list[int]] = []
    if rows:
        common <<= _needed_scaling(rows, rounded, scales, common)
        columns = _integer_columns(len(matrix), rows, rounded, scales, common)
    return SemidefiniteHints(common, stretched, columns)


def _factor(
    matrix: list[list[Any]], kernel: list[tuple[int, Any]], number_field: Field
) -> tuple[list[int], RoundedFactor] | None:
    pivots = {pivot for pivot, _ in kernel}
    rows = [i for i, row in enumerate(matrix) if i not in pivots and any(row)]
    rounded = rounded_factor([[matrix[i][j] for j in rows] for i in rows], number_field)
    return None if rounded is None else (rows, rounded)


def _integral(vector: list[Any], scales: list[int], ring: Ring) -> list[Any]:
    """The vector in the scaled basis, times a number that makes its coordinates integers."""
    largest = max(scales, default=1)
    stretched = [largest // scale * a for scale, a in zip(scales, vector, strict=True)]
    denominator = common_denominator(ring, stretched)
    return [denominator * a for a in stretched]


def _relative_bits(rows: list[int], rounded: RoundedFactor, scales: list[int]) -> int:
    """How far below the size of a row its entries of R have to be kept: the margin, and room for the sums."""
    logarithms = [math.log2(scales[i]) - e for i, e in zip(rows, rounded.exponents, strict=True)]
    spread = max(logarithms) - min(logarithms)
    return rounded.margin + math.ceil(1.5 * math.log2(len(rows) + 1) + spread) + 4


def _needed_scaling(rows: list[int], rounded: RoundedFactor, scales: list[int], common: int) -> int:
    """The power of two for the common denominator that leaves so many digits before the point of R."""
    bits = _relative_bits(rows, rounded, scales)
    smallest = min(math.log2(scales[i]) - e for i, e in zip(rows, rounded.exponents, strict=True))
    present = smallest + (math.log2(common) + 1) / 2
    return max(0, 2 * math.ceil(bits - present))


def _integer_columns(
    size: int, rows: list[int], rounded: RoundedFactor, scales: list[int], common: int
) -> list[list[int]]:
    """R = sqrt(2 K0) E D^-1 F in integers, low digits zeroed, column by column from the diagonal down."""
    keep = _relative_bits(rows, rounded, scales)
    root = math.isqrt((2 * common) << 256)  # units of 2^-128
    columns: list[list[int]] = [[] for _ in range(size)]
    for position, k in enumerate(rows):
        column = [0] * (rows[-1] + 1 - k)
        for other in range(position, len(rows)):
            i, exponent = rows[other], rounded.exponents[other]
            unit = root * scales[i]
            shift = rounded.precision + 128 + exponent
            # the largest entry of the row is about unit / 2^(128 + exponent)
            drop = max(0, unit.bit_length() - 128 - exponent - keep)
            column[i - k] = _shifted(rounded.rows[other][position] * unit, shift + drop) << drop
        columns[k] = column
    return columns


def _shifted(value: int, bits: int) -> int:
    """value / 2^bits, rounded to the nearest integer."""
    if bits <= 0:
        return value << -bits
    return (value + (1 << bits - 1)) >> bits
