"""``pepkit certify proximal``: proximal gradient descent and the relaxed proximal point method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli import options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.plans import find_plan
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import free_path, slug
from pepkit.kernel import claim_digest, digest

__all__ = ["register"]


def register(commands: typer.Typer) -> None:
    """Add the command to a group."""
    commands.command("proximal", epilog=EPILOG)(proximal)


def proximal(
    method: Annotated[
        str,
        typer.Argument(
            help="proximal-gradient: f smooth plus r with a proximal operator; relaxed-proximal-point: a nonsmooth f.",
            metavar="METHOD",
        ),
    ] = "relaxed-proximal-point",
    schedule: Annotated[
        str, typer.Option(help="Name of a schedule, 'tree EXPR', or a file with its steps.", metavar="NAME|FILE")
    ] = "silver",
    steps: Annotated[int | None, typer.Option(help="Number of steps N.", min=1, metavar="N")] = None,
    step: Annotated[
        str | None, typer.Option(help="The step h of the constant schedule.", show_default="1", metavar="H")
    ] = None,
    relaxed: Annotated[
        str, typer.Option(help="Largest relative excess of a rate that a solver finds.", metavar="TOLERANCE")
    ] = "1e-6",
    solver: options.Solver = "auto",
    form: Annotated[
        str, typer.Option(help="closed: the closed form only; solver: always solve.", metavar="auto|closed|solver")
    ] = "auto",
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """A proximal method with a stepsize schedule: function value over |x_0 - x_*|^2."""
    with json_errors(as_json):
        from pepkit.algebra import exact
        from pepkit.proximal import certify_proximal

        plan = find_plan(schedule, steps, step, exact(0))
        chosen: Any = plan.composition if plan.composition is not None else plan.schedule()
        with StageDisplay(enabled=not as_json) as progress:
            found = certify_proximal(chosen, method, form=form, tolerance=relaxed, solver=solver, progress=progress)
        name = slug(method, chosen.name, str(len(chosen))) + ".json"
        path = free_path(output if output is not None else Path(name), found.certificate)
        found.save(path)
        claim = found.theorem.claim
        if as_json:
            print_json(
                {
                    "status": "proved",
                    "theorem": str(found.theorem),
                    "rate": number_data(claim.field, found.rate),
                    "lower": number_data(claim.field, found.lower),
                    "tight": found.tight,
                    "excess": found.excess,
                    "solver": found.solver,
                    "checks": list(found.theorem.checks),
                    "notes": list(found.notes),
                    "file": str(path),
                    "claim_digest": claim_digest(claim),
                    "certificate_digest": digest(found.certificate),
                }
            )
            return
        from pepkit.render.text import result_text

        typer.echo(result_text(found))
        typer.echo(f"{'Certificate':<13}{path}")
