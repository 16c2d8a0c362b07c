"""Certify the rows of the tables, keep what is there, and write the page with the differences."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flint import arb

from pepkit.kernel import (
    ClaimError,
    CompositionClaim,
    MethodClaim,
    PepkitError,
    StraightforwardClaim,
    check,
    claim_digest,
    load,
    save,
)
from pepkit.kernel.proximal import ProximalClaim
from pepkit.reproduction.registry import Certified, Row, TableEntry, tables
from pepkit.schedules.bounds import working_precision

__all__ = ["Outcome", "compare", "present", "reproduce", "selected", "write_page"]

Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class Outcome:
    """One row: what was certified and how it compares.

    `status` is ``agrees`` (the certified interval meets the published digits), ``holds`` (a published bound is
    confirmed and larger), ``approaches`` (a published limit), ``corrected`` (differs, for a reason that is known),
    ``differs``, or ``failed`` (nothing was certified). `difference` is (certified upper - published)/published.
    """

    table: TableEntry
    row: Row
    certified: Certified | None
    status: str
    difference: float | None
    seconds: float
    kept: bool
    problem: str = ""


def selected(only: Sequence[str] = (), quick: bool = False) -> list[tuple[TableEntry, Row]]:
    """The rows of the chosen tables. Raises ClaimError for an unknown table."""
    known = tables()
    for name in only:
        if name not in known:
            raise ClaimError(f"unknown table {name!r}; known are {', '.join(known)}")
    chosen = [known[name] for name in only] if only else list(known.values())
    return [(entry, row) for entry in chosen for row in entry.rows() if row.quick or not quick]


def reproduce(
    folder: str | os.PathLike[str],
    *,
    only: Sequence[str] = (),
    quick: bool = False,
    force: bool = False,
    processes: int = 1,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Certify all rows, one outcome each, in the order of the tables.

    A file in `folder` that proves the claim of its row is checked by the kernel and kept, so an interrupted run goes on
    where it stopped; with `force` everything is computed again. With several `processes`, rows are certified side by
    side and the kernel checks each certificate once more when its outcome is made; `progress` is then silent.
    """
    chosen = selected(only, quick)
    if processes <= 1:
        for entry, row in chosen:
            yield _outcome(folder, entry, row, force, progress)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        tasks = [
            pool.submit(_certified_elsewhere, str(folder), entry.name, row.key, force) if row.question else None
            for entry, row in chosen
        ]
        try:
            for (entry, row), task in zip(chosen, tasks, strict=True):
                if task is None:
                    yield _outcome(folder, entry, row, force, progress)
                    continue
                seconds, kept, problem = task.result()
                path = Path(folder) / entry.name / f"{row.key}.json"
                certified = None if problem else present(path, row)
                status, difference = ("failed", None) if certified is None else compare(row, certified)
                yield Outcome(entry, row, certified, status, difference, seconds, kept, problem)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _outcome(
    folder: str | os.PathLike[str], entry: TableEntry, row: Row, force: bool, progress: Progress | None
) -> Outcome:
    begin = time.perf_counter()
    path = Path(folder) / entry.name / f"{row.key}.json"
    certified = None if force else present(path, row)
    kept, problem = certified is not None, ""
    if certified is None:
        try:
            certified = row.certify(progress or (lambda stage, detail: None))
            if certified.certificate is not None:
                save(certified.certificate, path)
        except PepkitError as error:
            problem = str(error)
    status, difference = ("failed", None) if certified is None else compare(row, certified)
    return Outcome(entry, row, certified, status, difference, time.perf_counter() - begin, kept, problem)


@cache
def _rows_by_key(name: str) -> dict[str, Row]:
    return {row.key: row for row in tables()[name].rows()}


def _certified_elsewhere(folder: str, name: str, key: str, force: bool) -> tuple[float, bool, str]:
    """Certify one row in a process of its own: seconds, whether the file was there, what went wrong."""
    outcome = _outcome(folder, tables()[name], _rows_by_key(name)[key], force, None)
    return outcome.seconds, outcome.kept, outcome.problem


def present(path: Path, row: Row) -> Certified | None:
    """The certified numbers of an earlier run, if the file proves the claim of the row."""
    if row.question is None or not path.exists():
        return None
    try:
        certificate = load(path)
        stated, question = certificate.claim, row.question()
        if isinstance(stated, (MethodClaim, CompositionClaim, ProximalClaim)):
            same = claim_digest(question.with_rate(stated.rate)) == claim_digest(stated)
        elif isinstance(stated, StraightforwardClaim) and isinstance(question, StraightforwardClaim):
            same = stated.steps == question.steps
        else:
            same = False
        return row.read(certificate, check(certificate)) if same else None
    except PepkitError:
        return None


def compare(row: Row, certified: Certified) -> tuple[str, float | None]:
    """Status and relative difference of a row."""
    published = row.published.ball
    with working_precision():
        upper, lower = certified.upper, certified.lower
        difference = upper - published.mid()
        relative = float(difference / published.mid()) if published.mid() != 0 else float(difference)
        if row.published.kind == "limit":
            return "approaches", relative
        below = lower if lower is not None else upper
        meets = not (below > published) and not (upper < published)
        if row.published.kind == "bound":
            return ("holds" if not upper > published else "differs"), relative
        return ("agrees" if meets else "corrected" if row.published.correction else "differs"), relative


def write_page(path: str | os.PathLike[str], outcomes: Iterable[Outcome]) -> None:
    """One Markdown page with all tables: published, certified, difference."""
    done = list(outcomes)
    statuses = ("agrees", "holds", "approaches", "corrected", "differs", "failed")
    counts = {status: sum(o.status == status for o in done) for status in statuses}
    lines = [
        "# Published numbers, certified",
        "",
        "Made by `pepkit reproduce`. Each row is a theorem with a certificate that the kernel has checked: the worst",
        "case lies between *at least* and *at most* (equal digits: the exact value). *Difference* is",
        "(at most - published)/published.",
        "*agrees*: the certified interval meets the published digits; *holds*: a published bound that is confirmed and",
        "need not be tight; *approaches*: the published number is a limit; *corrected*: the published digits are",
        "wrong, for the reason given in the list of mismatches.",
        "",
        ", ".join(f"{count} {status}" for status, count in counts.items() if count) + f"; {len(done)} rows.",
    ]
    lines += ["", "## Mismatches", ""]
    lines += [
        f"- `{o.table.name}/{o.row.key}`, {o.row.what}: published {o.row.published.text}, certified between "
        f"{cells(o)[2]} and {cells(o)[3]}. {o.row.published.correction or o.problem}".rstrip()
        for o in done
        if o.status in ("corrected", "differs", "failed")
    ] or ["None."]
    for entry in dict.fromkeys(o.table.name for o in done):
        members = [o for o in done if o.table.name == entry]
        lines += [
            "",
            f"## {members[0].table.title}",
            "",
            f"Source: {members[0].table.source}. Table `{entry}`.",
            "",
            "| | published | at least | at most | difference | |",
            "|---|---|---|---|---|---|",
        ]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells(o)) + " |" for o in members]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def cells(outcome: Outcome) -> tuple[str, ...]:
    """what, published, at least, at most, difference, status as text."""
    certified = outcome.certified
    return (
        outcome.row.what,
        outcome.row.published.text,
        "" if certified is None else _digits(certified.lower),
        "" if certified is None else _digits(certified.upper),
        "" if outcome.difference is None else f"{outcome.difference:.1e}",
        outcome.status if not outcome.problem else f"{outcome.status}: {outcome.problem[:80]}",
    )


def _digits(value: arb | None) -> str:
    return "none" if value is None else value.str(12, radius=False)
