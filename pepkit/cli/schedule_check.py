"""``pepkit schedule check``: which properties of the composition calculus a schedule has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, print_json, print_table
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import slug
from pepkit.kernel import ClaimError, save
from pepkit.render.tables import Table

__all__ = ["register"]


def register(commands: typer.Typer) -> None:
    """Add the command ``check`` to a group."""
    commands.command("check", epilog=EPILOG)(check)


def check(
    file: Annotated[
        str,
        typer.Argument(help="File with steps in units of 1/L, or NAME:N for a named schedule.", metavar="FILE|NAME:N"),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the certificates.", metavar="FOLDER")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Primitive, dominant, g-bounded, and s-, f-, g-composable: proved, refuted or undecided.

    These are the properties under which schedules may be joined (Grimmer, Shu, Wang 2410.16249; Zhang, Jiang
    2410.12395), for L-smooth convex functions.
    """
    with json_errors(as_json), StageDisplay(enabled=not as_json) as progress:
        progress("starting", "loading the solvers")
        from pepkit.schedule_check import check_schedule

        plan = _schedule(file)
        verdicts = check_schedule(plan, progress=progress)
    paths: dict[str, str] = {}
    if output is not None:
        for verdict in verdicts:
            if verdict.certificate is not None:
                path = output / (slug(plan.name, str(len(plan)), verdict.name.value) + ".json")
                save(verdict.certificate, path)
                paths[verdict.name.value] = str(path)
    if as_json:
        print_json(
            {
                "status": "ok",
                "steps": len(plan),
                "properties": [
                    {
                        "name": verdict.name.value,
                        "status": verdict.status,
                        "reason": verdict.reason,
                        "file": paths.get(verdict.name.value),
                    }
                    for verdict in verdicts
                ],
            }
        )
        return
    rows = tuple((verdict.name.value, verdict.status, verdict.reason) for verdict in verdicts)
    print_table(Table(f"{plan.name}, {len(plan)} steps", ("property", "", "because"), rows))
    for saved in paths.values():
        typer.echo(f"Certificate  {saved}")


def _schedule(text: str) -> Any:
    from pepkit.schedules import load_schedule, schedule, schedule_names

    if Path(text).is_file():
        return load_schedule(text)
    name, separator, count = text.partition(":")
    if separator and name in schedule_names() and count.isascii() and count.isdigit():
        return schedule(name, int(count))
    raise ClaimError(f"{text!r} is neither a file nor NAME:N with a name among {', '.join(schedule_names())}")
