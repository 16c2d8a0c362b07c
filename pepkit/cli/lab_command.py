"""``pepkit lab``: experiments that test theorems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import ExitCode
from pepkit.cli.output import json_errors, print_json, print_table
from pepkit.cli.progress import StageDisplay
from pepkit.kernel import ClaimError, claim_digest
from pepkit.render.notation import clean
from pepkit.render.tables import Table

__all__ = ["lab_command"]


def lab_command(
    names: Annotated[list[str] | None, typer.Argument(help="Laboratories.", metavar="NAME...")] = None,
    listing: Annotated[bool, typer.Option("--list", help="Name the laboratories with their parameters.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Run all laboratories.")] = False,
    targets: Annotated[
        bool, typer.Option("--targets", help="Compute the known numbers again and write the page that compares them.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="The short form: seconds instead of minutes.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.", min=0)] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Set a parameter of the laboratory.", metavar="KEY=VALUE")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for report, tables, figures, certificates and unfinished work.",
            metavar="FOLDER",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a run with the same --output was stopped.")
    ] = False,
    pictures: Annotated[bool, typer.Option(help="Draw the figures (needs matplotlib).")] = True,
    page: Annotated[Path, typer.Option("--page", help="Page that --targets writes.", metavar="FILE")] = Path(
        "docs/lab-targets.md"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Run experiments that put theorems to the test: tables, figures, findings and certificates.

    With --output the pieces of a long run are kept as they come, so --resume goes on after an interruption. Exit code
    1 says that a tested statement does not hold, or that a known number was not met.
    """
    with json_errors(as_json):
        from pepkit import labs

        if listing:
            _list(labs.labs(), as_json)
            return
        if targets:
            _targets(page, seed, as_json)
            return
        chosen = list(labs.names()) if everything else names or []
        if not chosen:
            raise ClaimError("name a laboratory (pepkit lab --list names them), or give --all or --targets")
        if resume and output is None:
            raise ClaimError("--resume needs the --output folder of the run that was stopped")
        results = []
        given = _settings(settings or [])
        if given and len(chosen) > 1:
            raise ClaimError("--set is about one laboratory; name it")
        for name in chosen:
            with StageDisplay(enabled=not as_json) as display:
                result = labs.run(name, quick=quick, output=output, resume=resume, progress=display, seed=seed, **given)
            report = None if output is None else result.save(output, pictures)
            results.append((result, report))
            if not as_json:
                _print(result, report)
    if as_json:
        print_json({"status": _status(results), "results": [_data(result, report) for result, report in results]})
    if any(not result.holds for result, _ in results):
        raise typer.Exit(ExitCode.NOT_PROVED)


def _settings(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator:
            raise ClaimError(f"--set takes KEY=VALUE, not {text[:40]!r}")
        if key in ("seed", "quick", "output", "resume", "progress"):
            raise ClaimError(f"{key} has an option of its own: --{key}")
        found[key] = value
    return found


def _status(results: list[Any]) -> str:
    return "ok" if all(result.holds for result, _ in results) else "failed"


def _data(result: Any, report: Path | None) -> dict[str, Any]:
    return {
        "name": result.name,
        "holds": result.holds,
        "findings": [{"text": finding.text, "holds": finding.holds} for finding in result.findings],
        "studies": {key: study.data() for key, study in result.studies.items()},
        "theorems": {key: clean(str(theorem)) for key, theorem in result.theorems().items()},
        "claim_digests": {key: claim_digest(c.claim) for key, c in result.certificates.items()},
        "parameters": {key: list(v) if isinstance(v, tuple) else v for key, v in result.parameters.items()},
        "provenance": dict(result.provenance),
        "report": None if report is None else str(report),
    }


def _print(result: Any, report: Path | None) -> None:
    for study in result.studies.values():
        rows = study.cells()
        shown = rows[:30]
        print_table(Table(study.title, study.columns, shown, len(rows) - len(shown)), more="see the CSV file;")
        for note in study.notes:
            typer.echo(clean(note))
    for key, theorem in result.theorems().items():
        typer.echo(f"{key}: {clean(' '.join(str(theorem).split()))}")
    typer.echo("")
    for finding in result.findings:
        colour = {True: typer.colors.GREEN, False: typer.colors.RED, None: None}[finding.holds]
        typer.echo(typer.style(clean(str(finding)), fg=colour))
    typer.echo(f"{result.name}: {result.provenance['seconds']} s")
    if report is not None:
        typer.echo(f"{'Saved':<13}{report}")


def _list(known: Any, as_json: bool) -> None:
    entries = [
        {
            "name": entry.name,
            "summary": entry.summary,
            "parameters": {key: list(v) if isinstance(v, tuple) else v for key, v in entry.parameters().items()},
            "quick": {key: list(v) if isinstance(v, tuple) else v for key, v in entry.quick.items()},
        }
        for entry in known.values()
    ]
    if as_json:
        print_json({"status": "ok", "labs": entries})
        return
    rows = tuple(
        (e["name"], e["summary"], ", ".join(f"{key}={_short(v)}" for key, v in e["parameters"].items()))
        for e in entries
    )
    print_table(Table("Laboratories", ("name", "about", "parameters"), rows))


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _targets(page: Path, seed: int, as_json: bool) -> None:
    from pepkit.labs.targets import write_page

    found = []
    with StageDisplay(enabled=not as_json) as display:
        for entry, outcomes in write_page(page, seed):
            display("targets", entry.title)
            found.append((entry, outcomes))
    failed = [o for _, outcomes in found for o in outcomes if o.status in ("differs", "missing")]
    if as_json:
        tables = {entry.name: [vars(o) for o in outcomes] for entry, outcomes in found}
        print_json({"status": "failed" if failed else "ok", "tables": tables, "page": str(page)})
    else:
        for entry, outcomes in found:
            met = sum(o.status == "met" for o in outcomes)
            typer.echo(f"{entry.title}: {met} of {len(outcomes)} rows met")
        for o in failed:
            typer.echo(f"{o.status:<13}{o.id}: known {o.value}, computed {o.computed} {o.note}")
        typer.echo(f"{'Page':<13}{page}")
    if failed:
        raise typer.Exit(ExitCode.NOT_PROVED)
