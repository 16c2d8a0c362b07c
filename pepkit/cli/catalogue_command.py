"""``pepkit catalogue``: make or complete the catalogue of certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pepkit.cli.exit_codes import ExitCode
from pepkit.cli.output import json_errors, print_json
from pepkit.cli.progress import StageDisplay
from pepkit.render.notation import clean

__all__ = ["catalogue"]


def catalogue(
    folder: Annotated[Path, typer.Argument(help="Where the certificates go.")] = Path("certificates"),
    only: Annotated[str, typer.Option("--only", help="Entries whose path contains this text.", metavar="TEXT")] = "",
    force: Annotated[bool, typer.Option("--force", help="Compute also what is there and checks.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Name the entries and make nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Make every certificate of the catalogue that is not there yet.

    Files that prove their entry are kept, so an interrupted run goes on where it stopped.
    Exit code 3 says that some entry could not be made.
    """
    with json_errors(as_json):
        from pepkit.catalogue import entries, regenerate

        if listing:
            paths = [entry.path for entry in entries() if only in entry.path]
            if as_json:
                print_json({"status": "ok", "entries": paths})
            else:
                for path in paths:
                    typer.echo(path)
            return
        outcomes = []
        with StageDisplay(enabled=not as_json) as progress:
            for outcome in regenerate(folder, only=only, force=force, progress=progress):
                outcomes.append(outcome)
                if not as_json:
                    typer.echo(f"{outcome.status:8}{outcome.entry.path}  {clean(outcome.detail)}")
        failed = [outcome for outcome in outcomes if outcome.status == "failed"]
        if as_json:
            print_json(
                {
                    "status": "failed" if failed else "ok",
                    "outcomes": [{"path": o.entry.path, "status": o.status, "detail": o.detail} for o in outcomes],
                }
            )
    if failed:
        raise typer.Exit(ExitCode.NO_CERTIFICATE)
