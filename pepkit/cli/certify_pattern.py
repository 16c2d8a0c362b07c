"""``pepkit certify straightforward``: patterns of steps that may be repeated for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli import options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import free_path, slug
from pepkit.kernel import ClaimError, claim_digest, digest

__all__ = ["register"]


def register(commands: typer.Typer) -> None:
    """Add the command to a group."""
    commands.command("straightforward", epilog=EPILOG)(straightforward_pattern)


def straightforward_pattern(
    pattern: Annotated[
        str,
        typer.Argument(
            help="Length of a published pattern (2, 3, 7, 15, 31, 63, 127), a file with rational steps, or the steps "
            "themselves, separated by commas.",
            metavar="LENGTH|FILE|STEPS",
        ),
    ],
    threshold: Annotated[
        str | None,
        typer.Option(help="The threshold of the definition.", show_default="the largest power of ten that works"),
    ] = None,
    solver: options.Solver = "auto",
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """A pattern of steps as straightforward: f(x_T) - f_* <= L R^2/(average T) + O(1/T^2) when repeated."""
    with json_errors(as_json), StageDisplay(enabled=not as_json) as progress:
        progress("starting", "loading the solvers")
        from pepkit.straightforward import straightforward

        chosen: Any = _pattern(pattern)
        found = straightforward(chosen, threshold, solver=solver, progress=progress)
    count = len(found.claim.steps)
    target = output if output is not None else Path(slug("straightforward", str(count)) + ".json")
    path = free_path(target, found.certificate)  # type: ignore[arg-type]
    found.save(path)
    if as_json:
        field = found.claim.field
        print_json(
            {
                "status": "proved",
                "theorem": str(found.theorem),
                "length": count,
                "average": number_data(field, found.average),
                "threshold": number_data(field, found.claim.threshold),
                "rate": number_data(field, found.theorem.rate),
                "checks": list(found.theorem.checks),
                "file": str(path),
                "claim_digest": claim_digest(found.claim),
                "certificate_digest": digest(found.certificate),
                "seconds": found.seconds,
            }
        )
        return
    typer.echo(str(found))
    typer.echo(f"Certificate  {path}")


def _pattern(text: str) -> Any:
    """A length, the steps of a file, or the steps written out."""
    if text.isascii() and text.isdigit():
        return int(text)
    if Path(text).is_file():
        from pepkit.schedules import load_schedule

        return load_schedule(text).numbers
    if "," in text:
        return [part.strip() for part in text.split(",") if part.strip()]
    raise ClaimError(f"{text!r} is neither the length of a published pattern, nor a file, nor steps between commas")
