"""``pepkit certify every-schedule``: what no stepsize schedule of N steps can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pepkit.cli import options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import free_path, slug
from pepkit.kernel import check, claim_digest, digest, save

__all__ = ["register"]


def register(commands: typer.Typer) -> None:
    """Add the command to a group."""
    commands.command("every-schedule", epilog=EPILOG)(every_schedule)


def every_schedule(
    steps: Annotated[int, typer.Option(help="Number of steps N.", min=1, metavar="N")],
    bound: Annotated[
        str, typer.Option(help="The bound to prove, with L = 1: an exact number, such as 13/200.", metavar="BOUND")
    ],
    mu: options.StrongConvexity = "0",
    measure: options.Measure = None,
    initial: options.Initial = "distance",
    limit: Annotated[int, typer.Option(help="Most boxes of steps.", min=1)] = 100_000,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Keep the boxes proved so far in this file, and go on from it.", metavar="FILE"),
    ] = None,
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """No schedule of N steps of gradient descent has a worst case below BOUND.

    For one step seconds, for two steps a minute or so; more steps need a bound far below the best schedule.
    """
    with json_errors(as_json), StageDisplay(enabled=not as_json) as progress:
        from pepkit.algebra import exact
        from pepkit.pep.claims import curvature_ratio, initial_condition, performance_measure
        from pepkit.schedule_bounds import certify_every_schedule

        proof = certify_every_schedule(
            steps,
            exact(bound),
            mu=curvature_ratio(mu, None),
            measure=performance_measure(measure or "function-value"),
            initial=initial_condition(initial),
            limit=limit,
            checkpoint=checkpoint,
            progress=lambda words: progress("cover", words),
        )
        theorem = check(proof)
    target = output if output is not None else Path(slug("every-schedule", str(steps), "mu", mu) + ".json")
    path = free_path(target, proof)  # type: ignore[arg-type]
    save(proof, path)
    if as_json:
        print_json(
            {
                "status": "proved",
                "theorem": str(theorem),
                "bound": number_data(proof.claim.field, proof.claim.bound),
                "checks": list(theorem.checks),
                "file": str(path),
                "claim_digest": claim_digest(proof.claim),
                "certificate_digest": digest(proof),
            }
        )
        return
    typer.echo(str(theorem))
    for line in theorem.checks:
        typer.echo(f"- {line}")
    typer.echo(f"Certificate  {path}")
