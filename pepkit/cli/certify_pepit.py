"""``pepkit certify pepit``: certify the PEPit problems of a script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli import options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import slug
from pepkit.kernel import ClaimError, claim_digest, digest, load, save

__all__ = ["register"]


def register(commands: typer.Typer) -> None:
    """Add the command to the group."""
    commands.command("pepit", epilog=EPILOG)(pepit)


def pepit(
    script: Annotated[Path, typer.Argument(help="Python script that builds PEPit problems. It is executed.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Command line of the script, after --.")] = None,
    decimal: Annotated[
        bool, typer.Option("--decimal", help="Read plain floats as the decimals that print them.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair-rounding/--keep-rounding",
            help="Whether float rounding may be undone where it breaks an invariance (reported).",
        ),
    ] = True,
    simplify: Annotated[bool, typer.Option("--simplify", help="Search a sparse proof with small numbers.")] = False,
    sharp: options.Sharp = False,
    relaxed: options.Relaxed = None,
    solver: options.Solver = "auto",
    witness: options.Witness = True,
    sympy: options.Sympy = None,
    output: options.Output = None,
    force: options.Force = False,
    as_json: options.Json = False,
    multipliers: Annotated[bool, typer.Option("--multipliers", help="Print the multipliers by name.")] = False,
    statement: Annotated[
        bool,
        typer.Option("--statement", help="Write the imported statement also where the problem is a known method."),
    ] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print the proof in LaTeX.")] = False,
) -> None:
    """The worst case of every PEPit problem that a script solves (or of the last one that it builds)."""
    if sharp and relaxed is not None:
        raise typer.BadParameter("--sharp and --relaxed exclude each other", param_hint="'--sharp'")
    with json_errors(as_json):
        chosen: dict[str, Any] = {
            "mode": "sharp" if sharp else "auto" if relaxed is None else "relaxed",
            "solver": solver,
            "witness": witness,
            "decimal": decimal,
            "repair_rounding": repair,
            "sympy": bool(sympy),
            "simplify": simplify,
        }
        if relaxed is not None:
            chosen["tolerance"] = relaxed
        with StageDisplay(enabled=not as_json) as progress:
            progress("starting", f"running {script.name}")
            from pepkit.pepit.diagnosis import ContradictoryProblemError
            from pepkit.pepit.script import certify_script

            base = output if output is not None else Path(slug(script.stem) + ".json")
            try:
                results = certify_script(script, arguments, progress=progress, **chosen)
            except ContradictoryProblemError as error:
                _save_contradiction(error, base, force, output is not None)
                raise
        paths = _paths(base, len(results))
        if not force:
            for path in paths:
                _refuse(path, output is not None)
        data = []
        for result, path in zip(results, paths, strict=True):
            result.save(path, statement)
            typed = None if statement else result.typed
            if as_json:
                data.append(_data(result, typed, path))
                continue
            typer.echo(str(result))
            if typed is not None:
                typer.echo(f"\nRecognised: a fixed-step method. Its theorem, which is what is written:\n{typed}")
            typer.echo(f"{'Certificate':<13}{path}")
            if multipliers:
                typer.echo(result.multipliers().to_string())
            if latex:
                typer.echo(result.to_latex())
        if as_json:
            print_json({"status": "proved", "results": data})


def _paths(base: Path, count: int) -> list[Path]:
    return [base] if count == 1 else [base.with_name(f"{base.stem}-{k + 1}{base.suffix}") for k in range(count)]


def _save_contradiction(error: Any, base: Path, force: bool, named: bool) -> None:
    """Write the certificate of 0 <= -1, and say where."""
    if error.certificate is None:
        return
    path = base.with_name(f"{base.stem}-contradiction{base.suffix}")
    if not force:
        _refuse(path, named)
    save(error.certificate, path)
    error.attempts.append(f"the contradiction is proved in {path} ('pepkit check {path}')")


def _refuse(path: Path, named: bool) -> None:
    """An output file that was named must be a certificate, or not be there."""
    if not path.exists():
        return
    try:
        load(path)
    except Exception as error:
        hint = "name another file" if named else "name a file with --output"
        raise ClaimError(f"{path} exists and is not a certificate; {hint} or replace it with --force") from error


def _data(result: Any, typed: Any, path: Path) -> dict[str, Any]:
    theorem = result.theorem
    return {
        "theorem": str(theorem),
        "rate": number_data(theorem.claim.field, theorem.rate),
        "lower": number_data(theorem.claim.field, theorem.lower),
        "tight": theorem.tight,
        "sharp": result.sharp,
        "excess": float(result.excess),
        "numerical_optimum": result.numerical_optimum,
        "solver": result.solver,
        "checked_by": list(result.checked_by),
        "notes": list(result.notes),
        "multipliers": [
            dict(zip(("function", "inequality", "points", "exact"), row, strict=False))
            for row in result.multiplier_rows()
        ],
        "reading": result.problem.reading,
        "moved": result.problem.moved,
        "file": str(path),
        "claim_digest": claim_digest(theorem.claim),
        "certificate_digest": digest(result.certificate if typed is None else typed.certificate),
        "typed": None if typed is None else str(typed.theorem),
        "seconds": sum(seconds for _, seconds, _ in result.stages),
    }
