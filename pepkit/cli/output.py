"""What every command needs to speak: errors on stderr, JSON on stdout, tables for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from pepkit.cli.exit_codes import exit_code_of
from pepkit.kernel import Field
from pepkit.kernel.words import decimal_text
from pepkit.render.notation import clean
from pepkit.render.tables import Table

__all__ = ["error_text", "json_errors", "number_data", "print_error", "print_json", "print_table"]

_MAX_ATTEMPTS = 10


def error_text(error: BaseException) -> str:
    """The message of an error for people."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    lines = [clean(error) or type(error).__name__]
    # what certify tried before it gave up
    lines.extend(f"  - {clean(attempt)}" for attempt in getattr(error, "attempts", ())[:_MAX_ATTEMPTS])
    return "\n".join(lines)


def print_error(message: str) -> None:
    """One message on stderr."""
    label = typer.style("Error: ", fg=typer.colors.RED, bold=True)
    typer.echo(label + message, err=True)


def print_json(data: Any) -> None:
    """One JSON object on stdout. Not-a-number has no JSON form, so callers pass None for it."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


@contextmanager
def json_errors(wanted: bool) -> Iterator[None]:
    """With --json an error is a JSON object on stdout too, besides the message and the exit code."""
    try:
        yield
    except Exception as error:
        code = exit_code_of(error)
        if wanted and code is not None:
            print_json(
                {
                    "status": "error",
                    "exit_code": int(code),
                    "error": {"kind": type(error).__name__, "message": error_text(error)},
                }
            )
        raise


def number_data(field: Field, value: Any) -> dict[str, str] | None:
    """An exact number for machines: its text and decimals, both as strings."""
    if value is None:
        return None
    return {"exact": field.text(value), "decimal": decimal_text(field, value)}


def print_table(table: Table, more: str = "--limit") -> None:
    """A table on stdout, laid out by rich; cells are printed as they are, without markup."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    typer.echo(typer.style(table.title, bold=True))
    layout = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    for name in table.columns:
        layout.add_column(Text(name), overflow="fold")
    for row in table.rows:
        layout.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(layout)
    if table.omitted:
        typer.echo(f"... and {table.omitted} more ({more} 0 shows all)\n")
