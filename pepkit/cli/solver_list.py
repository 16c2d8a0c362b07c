"""``pepkit solvers``: which solvers run here, and how to get the others."""

from __future__ import annotations

from typing import Annotated

import typer

from pepkit.cli.output import json_errors, print_json, print_table
from pepkit.render.notation import clean
from pepkit.render.tables import Table

__all__ = ["solver_names", "solvers"]


def solver_names() -> tuple[str, ...]:
    """Names of all solvers that pepkit knows, found or not."""
    from pepkit.solvers import solver_names as names

    return tuple(names())


def solvers(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """List the solvers: what is found, what is missing, and how to get it.

    Solvers only suggest; every certificate is checked by the kernel in exact arithmetic.
    """
    with json_errors(as_json):
        from pepkit.solvers import available_solvers

        known = available_solvers().items()
    if as_json:
        entries = [
            {"name": name, "ready": bool(found), "reason": found.reason, "remedy": found.remedy}
            for name, found in known
        ]
        print_json({"status": "ok", "solvers": entries})
        return
    rows = tuple(
        (clean(name), "found" if found else "missing", clean(found.reason), clean(found.remedy))
        for name, found in known
    )
    print_table(Table("Solvers", ("name", "state", "what", "how to get it"), rows))
