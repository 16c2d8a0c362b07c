"""Numbers that the laboratories must meet: known values with tolerances, computed again and compared.

A table of targets is a CSV file in `pepkit/labs/data` with the columns id, quantity, setting, value, tolerance,
status, and a function that computes the numbers::

    @target_table("angle", "Angles between hidden layers", "net_angle_targets")
    def _angles(seed: int) -> Iterator[Computed]:
        yield Computed("D.map.1", (angle(1),))

`value` holds one or several numbers, compared in their order; `tolerance` is absolute ("1e-12"), relative ("20%") or,
with "<=", a largest value. `status` is ``reproduced`` or ``derived`` (must be met) or ``reported`` (for information).
"""

from __future__ import annotations

import csv
import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pepkit.kernel import ClaimError

__all__ = [
    "Computed",
    "Outcome",
    "TargetTable",
    "compare",
    "known_values",
    "target_table",
    "target_tables",
    "write_page",
]

_MODULES: tuple[str, ...] = (
    "pepkit.labs.known_numbers",
    "pepkit.labs.network_known_numbers",
    "pepkit.labs.bias_targets",
)
"""Modules that hold tables of targets; importing them registers."""

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Computed:
    """What was computed for one row.

    Parameters
    ----------
    id
        The row.
    values
        The numbers, in the order of the row. Empty where the row states something exact, see `met`.
    met
        For statements without numbers: whether it was shown; for samples: whether the known sample is compatible (the
        note says in which sense). None leaves the decision to the comparison.
    note
        How it was computed, or why it differs.
    """

    id: str
    values: tuple[float, ...] = ()
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """A row of a table with what was computed. `status` is ``met``, ``differs``, ``missing`` or ``reported``."""

    id: str
    quantity: str
    setting: str
    value: str
    tolerance: str
    computed: str
    difference: float | None
    status: str
    note: str


@dataclass(frozen=True)
class TargetTable:
    """A table of targets: its CSV file and the function that computes its numbers from a seed."""

    name: str
    title: str
    file: str
    compute: Callable[[int], Iterable[Computed]]

    def rows(self) -> list[dict[str, str]]:
        """The rows of the file."""
        return _rows(self.file)

    def outcomes(self, seed: int = 0) -> list[Outcome]:
        """Compute everything and compare."""
        found = {computed.id: computed for computed in self.compute(seed)}
        rows = self.rows()
        unknown = set(found) - {row["id"] for row in rows}
        if unknown:
            raise ClaimError(f"the table of targets {self.name} has no rows {', '.join(sorted(unknown))}")
        return [compare(row, found.get(row["id"])) for row in rows]


def _rows(file: str) -> list[dict[str, str]]:
    text = files("pepkit.labs").joinpath("data", f"{file}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def known_values(file: str, row: str) -> tuple[float, ...]:
    """The known numbers of a row of `data/FILE.csv`; ClaimError if there is no such row."""
    for entry in _rows(file):
        if entry["id"] == row:
            return tuple(float(number) for number in _NUMBER.findall(entry["value"]))
    raise ClaimError(f"the table {file} has no row {row!r}")


_TABLES: dict[str, TargetTable] = {}


def target_table(
    name: str, title: str, file: str
) -> Callable[[Callable[[int], Iterable[Computed]]], Callable[[int], Iterable[Computed]]]:
    """Register a function from a seed to computed rows as the computation of `data/FILE.csv`."""

    def register(function: Callable[[int], Iterable[Computed]]) -> Callable[[int], Iterable[Computed]]:
        if name in _TABLES:
            raise ValueError(f"two tables of targets are called {name}")
        _TABLES[name] = TargetTable(name, title, file, function)
        return function

    return register


def target_tables() -> dict[str, TargetTable]:
    """All tables of targets by name."""
    for module in _MODULES:
        importlib.import_module(module)
    return dict(_TABLES)


def compare(row: dict[str, str], computed: Computed | None) -> Outcome:
    """One row against what was computed for it; the difference is relative for tolerances in percent."""
    wanted = tuple(float(number) for number in _NUMBER.findall(row["value"]))
    informative = row["status"] == "reported"
    if computed is None:
        return _outcome(row, None, None, "reported" if informative else "missing")
    if computed.met is not None:
        status = "met" if computed.met else "differs"
        difference = None
        if computed.values and len(computed.values) == len(wanted) and _is_size(row["tolerance"]):
            difference, _ = _difference(wanted, computed.values, row["tolerance"])
        return _outcome(row, computed, difference, "reported" if informative else status)
    if len(wanted) != len(computed.values):
        raise ClaimError(f"the target {row['id']} has {len(wanted)} numbers, computed were {len(computed.values)}")
    difference, allowed = _difference(wanted, computed.values, row["tolerance"])
    met = difference <= allowed
    return _outcome(row, computed, difference, "reported" if informative else "met" if met else "differs")


def _is_size(tolerance: str) -> bool:
    """Whether a tolerance is a number, a percentage or a bound, not a word such as ``exact``."""
    return _NUMBER.fullmatch(tolerance.removeprefix("<=").removesuffix("%")) is not None


def _difference(wanted: tuple[float, ...], found: tuple[float, ...], tolerance: str) -> tuple[float, float]:
    if tolerance.startswith("<="):
        # the row states a size, such as an error: it may be smaller
        return max(found), float(tolerance.removeprefix("<="))
    if tolerance.endswith("%"):
        relative = [abs(b - a) / abs(a) if a else abs(b) for a, b in zip(wanted, found, strict=True)]
        return max(relative), float(tolerance.removesuffix("%")) / 100
    if not tolerance:
        raise ClaimError("a target with numbers has a tolerance")
    return max(abs(b - a) for a, b in zip(wanted, found, strict=True)), float(tolerance)


def _outcome(row: dict[str, str], computed: Computed | None, difference: float | None, status: str) -> Outcome:
    text = "" if computed is None else " ".join(f"{value:.10g}" for value in computed.values)
    if computed is not None and computed.met is not None and not text:
        text = "shown" if computed.met else "not shown"
    return Outcome(
        row["id"], row["quantity"], row["setting"], row["value"], row["tolerance"], text, difference, status,
        "" if computed is None else computed.note,
    )  # fmt: skip


def write_page(path: str | os.PathLike[str], seed: int = 0) -> Iterator[tuple[TargetTable, list[Outcome]]]:
    """Compute every table, one after the other, and write the Markdown page with all of them at the end."""
    lines = [
        "# Known numbers, computed again",
        "",
        "Made by `pepkit lab --targets`. *Difference* is the largest absolute difference of the numbers in a row,",
        "relative where the tolerance is in percent; a tolerance `<=` is a largest value. *met*: within the tolerance;",
        "*reported*: a number of the literature that is compared for information.",
    ]
    for entry in target_tables().values():
        outcomes = entry.outcomes(seed)
        counts = {status: sum(o.status == status for o in outcomes) for status in dict.fromkeys(_statuses(outcomes))}
        lines += ["", f"## {entry.title}", "", ", ".join(f"{count} {status}" for status, count in counts.items()) + "."]
        lines += ["", "| | quantity | setting | known | computed | difference | tolerance | |", "|" + "---|" * 8]
        for o in outcomes:
            difference = "" if o.difference is None else f"{o.difference:.1e}"
            cells = (o.id, o.quantity, o.setting, o.value, o.computed, difference, o.tolerance, o.status)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        notes = [f"- `{o.id}`: {o.note}" for o in outcomes if o.note]
        lines += ["", *notes] if notes else []
        yield entry, outcomes
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _statuses(outcomes: Iterable[Outcome]) -> Iterator[str]:
    return (outcome.status for outcome in outcomes)
