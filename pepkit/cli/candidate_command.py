"""``pepkit candidate``: a schedule against the best that is known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.output import json_errors, print_json, print_table
from pepkit.cli.progress import StageDisplay
from pepkit.kernel import ClaimError
from pepkit.render.tables import Table

__all__ = ["candidate_command"]


def candidate_command(
    steps: Annotated[
        list[str] | None,
        typer.Argument(help="A file with steps, or the steps themselves in units of 1/L.", metavar="FILE|STEP..."),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="A rule for every N: the name of a schedule, or FILE.py:FUNCTION (the file is executed).",
            metavar="NAME|FILE.py:FUNCTION",
        ),
    ] = None,
    counts: Annotated[
        str, typer.Option("--steps", help="The N of a rule, such as 1:10 or 1,3,7,15.", metavar="N:M|N,...")
    ] = "1:8",
    measure: Annotated[
        str,
        typer.Option(
            help="function-value, gradient-norm (over f(x_0) - f_*) or gradient-norm-from-distance.", metavar="NAME"
        ),
    ] = "function-value",
    tolerance: Annotated[str, typer.Option(help="Relative width of the two-sided rate.", metavar="TOL")] = "1e-7",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the certificate; with --rule a folder.", metavar="PATH"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Certify a schedule from both sides and say how it compares with OBS-F, OBS-G, OBS-S and silver.

    A verdict is spoken only where it is proved: refutes, matches, worse by x per cent, or undecided.
    """
    with json_errors(as_json), StageDisplay(enabled=not as_json) as progress:
        progress("starting", "loading the solvers")
        if (rule is None) == (not steps):
            raise ClaimError("name a file, steps, or --rule; exactly one of these")
        if rule is not None:
            _rule(rule, _counts(counts), measure, tolerance, output, as_json, progress)
            return
        from pepkit.candidates import candidate

        found = candidate(_schedule(steps or []), measure, tolerance=tolerance, progress=progress)
    if output is not None:
        found.save(output)
    if as_json:
        print_json({"status": "proved", **_data(found), "file": None if output is None else str(output)})
        return
    title = f"{len(found.schedule)} steps, {measure}"
    print_table(Table(title, ("", "at least", "at most", "source"), tuple(found.rows())))
    typer.echo(f"Verdict: {found.verdict.sentence}")
    if output is not None:
        typer.echo(f"Certificate  {output}")


def _rule(
    text: str, counts: list[int], measure: str, tolerance: str, output: Path | None, as_json: bool, progress: Any
) -> None:
    from pepkit.candidate_rules import candidate_rule, load_rule

    table = candidate_rule(load_rule(text), counts, measure, tolerance=tolerance, progress=progress, name=text)
    if output is not None:
        for entry in table.candidates:
            entry.save(output / f"N{len(entry.schedule):03d}.json")
    fits = table.fits() if measure == "function-value" else []
    if as_json:
        print_json(
            {
                "status": "proved",
                "rule": table.name,
                "rows": [
                    {**_data(entry), "constant": dict(zip(("lower", "upper"), row[3:5], strict=True))}
                    for entry, row in zip(table.candidates, table.rows(), strict=True)
                ],
                "fits": [
                    {
                        "first": fit.first,
                        "last": fit.last,
                        "constant": fit.constant,
                        "exponent": fit.exponent,
                        "obs-f": fit.reference,
                        "corrected": fit.corrected,
                    }
                    for fit in fits
                ],
                "verdict": table.verdict,
            }
        )
        return
    columns = ("N", "at least", "at most", "2 rate N^p >=", "<=", "verdict")
    print_table(Table(f"Rule {table.name}, {measure}", columns, tuple(table.rows())))
    for fit in fits:
        typer.echo(f"Fit {fit}")
    typer.echo(f"Verdict: {table.verdict}")


def _data(found: Any) -> dict[str, Any]:
    return {
        "steps": len(found.schedule),
        "measure": found.measure,
        "lower": None if found.lower is None else found.lower.str(20, radius=False),
        "upper": found.upper.str(20, radius=False),
        "tight": found.result.tight,
        "verdict": {"kind": found.verdict.kind, "sentence": found.verdict.sentence},
        "comparison": [dict(zip(("name", "lower", "upper", "source"), row, strict=True)) for row in found.rows()[1:]],
    }


def _schedule(words: list[str]) -> Any:
    from pepkit.schedules import Schedule, load_schedule

    if len(words) == 1 and Path(words[0]).is_file():
        return load_schedule(words[0])
    numbers = [part for word in words for part in re.split(r"[,\s]+", word) if part]
    try:
        return Schedule.of(numbers)
    except ClaimError as error:
        raise ClaimError(f"{' '.join(words)[:80]!r} is neither a file nor a list of steps: {error}") from None


def _counts(text: str) -> list[int]:
    counts: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})(?::(\d{1,4}))?\s*", part, re.ASCII)
        if match is None:
            raise ClaimError(f"--steps is like 1:10 or 1,3,7,15, not {text!r}")
        first = int(match[1])
        counts.extend(range(first, int(match[2] or first) + 1))
    if not counts or min(counts) < 1:
        raise ClaimError(f"--steps names no positive numbers: {text!r}")
    return counts
