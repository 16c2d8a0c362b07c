"""``pepkit certify quadratics`` and ``pepkit certify arcsine``: theorems about polynomials and random steps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli import options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.plans import find_plan
from pepkit.cli.saving import free_path, slug
from pepkit.kernel import claim_digest, digest

__all__ = ["register"]


def register(commands: typer.Typer) -> None:
    """Add the commands to a group."""
    commands.command("quadratics", epilog=EPILOG)(quadratics)
    commands.command("arcsine", epilog=EPILOG)(arcsine)


def quadratics(
    schedule: Annotated[
        str, typer.Option(help="Name of a schedule, or a file with its steps.", metavar="NAME|FILE")
    ] = "chebyshev",
    steps: Annotated[int | None, typer.Option(help="Number of steps N.", min=1, metavar="N")] = None,
    step: Annotated[
        str | None, typer.Option(help="The step h of the constant schedule.", show_default="1", metavar="H")
    ] = None,
    mu: options.StrongConvexity = "L/10",
    rate: Annotated[
        str | None, typer.Option(help="A contraction to prove.", show_default="the best one", metavar="RATE")
    ] = None,
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """Gradient descent on quadratics with curvatures in [mu, L]: the contraction of |x_N - x_*|.

    For Chebyshev steps the theorem says that no other steps contract faster.
    """
    with json_errors(as_json):
        from pepkit.pep.claims import curvature_ratio
        from pepkit.quadratics import certify_quadratic

        ratio = curvature_ratio(mu, None)
        plan = find_plan(schedule, steps, step, ratio)
        chosen = plan.schedule()
        found = certify_quadratic(chosen, ratio, rate=rate)
        name = slug("quadratics", chosen.name, str(len(chosen)), "mu", mu) + ".json"
        _deliver(found, output if output is not None else Path(name), as_json)


def arcsine(
    mu: options.StrongConvexity = "L/10",
    output: options.Output = None,
    as_json: options.Json = False,
) -> None:
    """Random arcsine steps: the expected logarithm of their contraction is the same for all curvatures in [mu, L]."""
    with json_errors(as_json):
        from pepkit.pep.claims import curvature_ratio
        from pepkit.quadratics import certify_arcsine

        found = certify_arcsine(curvature_ratio(mu, None))
        _deliver(found, output if output is not None else Path(slug("arcsine", "mu", mu) + ".json"), as_json)


def _deliver(found: Any, target: Path, as_json: bool) -> None:
    path = free_path(target, found.certificate)
    found.save(path)
    if not as_json:
        typer.echo(str(found))
        typer.echo(f"Certificate  {path}")
        return
    claim = found.theorem.claim
    print_json(
        {
            "status": "proved",
            "theorem": str(found.theorem),
            "rate": number_data(claim.field, found.rate),
            "tight": found.theorem.tight,
            "checks": list(found.theorem.checks),
            "solver": "none",
            "file": str(path),
            "claim_digest": claim_digest(claim),
            "certificate_digest": digest(found.certificate),
            "seconds": found.seconds,
        }
    )
