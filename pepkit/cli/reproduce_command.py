"""``pepkit reproduce``: published tables as certified numbers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import ExitCode
from pepkit.cli.output import json_errors, print_json, print_table
from pepkit.cli.progress import StageDisplay
from pepkit.render.notation import clean
from pepkit.render.tables import Table

__all__ = ["reproduce_command"]


def reproduce_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tables; all of them if none is named.", metavar="TABLE...")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Name the tables and make nothing.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Only the rows that take little time.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute also what is there and checks.")] = False,
    folder: Annotated[
        Path, typer.Option("--certificates", help="Folder for the certificates.", metavar="FOLDER")
    ] = Path("certificates/published"),
    page: Annotated[Path, typer.Option("--page", help="Markdown page with all tables.", metavar="FILE")] = Path(
        "docs/published-tables.md"
    ),
    processes: Annotated[
        int, typer.Option("--processes", "-p", min=1, help="Rows that are certified side by side.", metavar="N")
    ] = max(1, min(os.cpu_count() or 1, 8)),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Certify every number of the published tables and compare: published, certified, difference.

    Certificates that are there are checked and kept, so an interrupted run goes on where it stopped.
    Exit code 1 says that a published number differs, 3 that a row could not be certified.
    """
    with json_errors(as_json):
        from pepkit.reproduction import tables
        from pepkit.reproduction.run import cells, reproduce, selected, write_page

        if listing:
            _list(tables(), as_json)
            return
        total = len(selected(names or [], quick))
        outcomes = []
        with StageDisplay(enabled=not as_json) as display:
            run = reproduce(folder, only=names or [], quick=quick, force=force, processes=processes, progress=display)
            for outcome in run:
                outcomes.append(outcome)
                display("row", f"{len(outcomes)} of {total}: {outcome.table.name}, {outcome.row.what}")
        if not names:
            # the page is about all tables
            write_page(page, outcomes)
    counts = {status: sum(o.status == status for o in outcomes) for status in dict.fromkeys(o.status for o in outcomes)}
    if as_json:
        print_json(
            {
                "status": "failed" if counts.get("failed") or counts.get("differs") else "ok",
                "counts": counts,
                "rows": [_data(outcome, cells(outcome)) for outcome in outcomes],
            }
        )
    else:
        for name in dict.fromkeys(o.table.name for o in outcomes):
            members = [o for o in outcomes if o.table.name == name]
            rows = tuple(tuple(clean(cell) for cell in cells(o)) for o in members)
            columns = (name, "published", "at least", "at most", "difference", "")
            print_table(Table(members[0].table.title, columns, rows))
        seconds = sum(o.seconds for o in outcomes)
        kept = sum(o.kept for o in outcomes)
        words = ", ".join(f"{count} {status}" for status, count in counts.items())
        typer.echo(f"{len(outcomes)} rows in {seconds:.1f} s ({kept} kept): {words}")
        if not names:
            typer.echo(f"Page         {page}")
    if counts.get("differs"):
        raise typer.Exit(ExitCode.NOT_PROVED)
    if counts.get("failed"):
        raise typer.Exit(ExitCode.NO_CERTIFICATE)


def _list(known: Any, as_json: bool) -> None:
    entries = [
        {
            "name": entry.name,
            "title": entry.title,
            "source": entry.source,
            "rows": len(rows),
            "quick": sum(row.quick for row in rows),
        }
        for entry in known.values()
        for rows in [list(entry.rows())]
    ]
    if as_json:
        print_json({"status": "ok", "tables": entries})
        return
    rows = tuple((e["name"], str(e["rows"]), str(e["quick"]), e["title"]) for e in entries)
    print_table(Table("Published tables", ("name", "rows", "quick", "title"), rows))


def _data(outcome: Any, texts: tuple[str, ...]) -> dict[str, Any]:
    return {
        "table": outcome.table.name,
        "key": outcome.row.key,
        **dict(zip(("what", "published", "lower", "upper"), texts, strict=False)),
        "difference": outcome.difference,
        "status": outcome.status,
        "problem": outcome.problem or None,
        "seconds": outcome.seconds,
        "kept": outcome.kept,
    }
