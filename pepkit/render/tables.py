"""Tables about a certificate, as plain strings that the terminal, HTML and LaTeX lay out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pepkit.kernel import Certificate, Field, MethodClaim, Statement, Witness
from pepkit.kernel.certificate import Proof
from pepkit.kernel.statement import HypothesisFamily, Index
from pepkit.kernel.words import decimal_text
from pepkit.render.notation import clean, shortened

__all__ = [
    "Table",
    "matrix_table",
    "multiplier_table",
    "multipliers",
    "provenance_table",
    "stage_table",
    "witness_table",
]

EXACT_LIMIT = 48
"""Longest exact number, in characters, that is printed whole in a table."""


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns. `omitted` rows were left out."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    omitted: int = 0


def multipliers(certificate: Certificate, statement: Statement) -> Iterator[tuple[HypothesisFamily, Index, Any]]:
    """The non-zero multipliers with their hypotheses, in the order of the file."""
    for name, values in certificate.multipliers.items():
        family = statement.family(name)
        for index in sorted(values):
            value = values[index]
            if isinstance(value, tuple) or value:
                yield family, index, value


def multiplier_table(certificate: Certificate, limit: int | None = None) -> Table:
    """Hypothesis in words, exact multiplier, decimals."""
    statement = certificate.claim.statement()
    rows: list[tuple[str, ...]] = []
    total = 0
    for family, index, value in multipliers(certificate, statement):
        total += 1
        if limit is not None and total > limit:
            continue
        rows.append((clean(family.describe(index)), *_value_cells(statement.field, value)))
    return Table("Multipliers", ("hypothesis", "multiplier", "decimals"), tuple(rows), total - len(rows))


def _value_cells(field: Field, value: Any) -> tuple[str, str]:
    if isinstance(value, tuple):
        diagonal = ", ".join(decimal_text(field, value[i][i], 4) for i in range(min(len(value), 4)))
        dots = ", ..." if len(value) > 4 else ""
        return f"matrix {len(value)} x {len(value)}", f"diagonal {diagonal}{dots}"
    return shortened(field.text(value), EXACT_LIMIT), decimal_text(field, value, 10)


def matrix_table(
    title: str, names: tuple[str, ...], matrix: tuple[tuple[Any, ...], ...], field: Field, limit: int | None
) -> Table:
    """A symmetric matrix, entry by entry: the non-zero ones on and below the diagonal."""
    rows: list[tuple[str, ...]] = []
    total = 0
    for i, row in enumerate(matrix):
        for j in range(i + 1):
            if not row[j]:
                continue
            total += 1
            if limit is None or total <= limit:
                rows.append((clean(names[i]), clean(names[j]), *_value_cells(field, row[j])))
    return Table(title, ("row", "column", "entry", "decimals"), tuple(rows), total - len(rows))


def witness_table(certificate: Certificate, limit: int | None = None) -> Table | None:
    """Exact coordinates of the basis vectors and values of the scalars; None without a witness."""
    witness: Witness | None = certificate.witness
    if witness is None:
        return None
    statement = certificate.claim.statement()
    field = statement.field
    rows: list[tuple[str, ...]] = []
    for position, coordinates in zip(statement.basis, witness.coordinates, strict=True):
        cells = [_value_cells(field, a) for a in coordinates]
        exact = shortened("(" + ", ".join(c[0] for c in cells) + ")", 2 * EXACT_LIMIT)
        decimals = shortened("(" + ", ".join(c[1] for c in cells) + ")", 2 * EXACT_LIMIT)
        rows.append((clean(statement.vectors[position].name), exact, decimals))
    if witness.weights is not None:
        cells = [_value_cells(field, a) for a in witness.weights]
        exact = shortened("(" + ", ".join(c[0] for c in cells) + ")", 2 * EXACT_LIMIT)
        decimals = shortened("(" + ", ".join(c[1] for c in cells) + ")", 2 * EXACT_LIMIT)
        rows.append(("weights of the inner product", exact, decimals))
    for name, value in zip(statement.scalars, witness.scalars, strict=True):
        shown = f"{name} - f_*" if _is_value(certificate, name) else name
        rows.append((clean(shown), *_value_cells(field, value)))
    kept = rows if limit is None else rows[:limit]
    return Table("Worst case", ("quantity", "exact", "decimals"), tuple(kept), len(rows) - len(kept))


def _is_value(certificate: Certificate, name: str) -> bool:
    return isinstance(certificate.claim, MethodClaim) and name.startswith("f_")


def provenance_table(certificate: Certificate | Proof) -> Table:
    """How the certificate says that it was found. Nothing of it is checked."""
    rows = tuple(_flattened(certificate.provenance))
    return Table("Provenance (not checked)", ("entry", "value"), rows)


def _flattened(data: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        name = f"{prefix}{clean(key)}"
        if isinstance(value, Mapping) and depth < 3:
            yield from _flattened(value, f"{name}.", depth + 1)
        else:
            yield shortened(name, 60), shortened(clean(value).replace("\n", " "), 200)


def stage_table(result: Any) -> Table:
    """The stages of a run with their wall times."""
    rows = tuple((clean(name), f"{seconds:.2f} s", clean(note)) for name, seconds, note in result.stages)
    return Table("Stages", ("stage", "time", "note"), rows)
