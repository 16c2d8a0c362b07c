"""Injectivity of ReLU networks: decisions, certified thresholds, exact probabilities, studies."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import ExitCode
from pepkit.cli.output import json_errors, number_data, print_json, print_table
from pepkit.cli.progress import StageDisplay
from pepkit.kernel import RATIONALS, ClaimError, Theorem, check, claim_digest, digest, save
from pepkit.render.notation import clean
from pepkit.render.tables import Table

__all__ = ["injectivity", "injectivity_probability", "injectivity_study", "injectivity_threshold"]

_Output = Annotated[Path | None, typer.Option("--output", "-o", help="File for the certificate.", metavar="FILE")]
_Force = Annotated[bool, typer.Option("--force", help="Replace an output file that is there already.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


class StudyName(StrEnum):
    """What is studied."""

    probability = "probability"
    depth = "depth"
    threshold = "threshold"
    euler = "euler"
    scaling = "scaling"


def injectivity(
    model: Annotated[Path, typer.Argument(help="Network: a .onnx, .npz or .json file.", metavar="MODEL")],
    rectify_last: Annotated[
        bool,
        typer.Option("--rectify-last", help="Put a rectifier after the last layer too; matrices alone do not say it."),
    ] = False,
    samples: Annotated[
        int, typer.Option(help="Random inputs that look for a linear piece of deficient rank.", min=0)
    ] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of these inputs.", min=0)] = 0,
    max_cases: Annotated[int, typer.Option(help="Most cases for one layer.", min=1)] = 5_000_000,
    output: _Output = None,
    force: _Force = False,
    as_json: _Json = False,
) -> None:
    """Is a network injective? An exact answer with a certificate.

    One layer is always decided, and so is any network with two inputs and no biases. Exit code 0: decided, either
    way; 3: undecided.
    """
    with json_errors(as_json):
        from pepkit.networks import read_network
        from pepkit.networks.injectivity import decide_injectivity
        from pepkit.networks.model import rectified_last

        _refuse_existing(output, force)
        net = read_network(model)
        if rectify_last:
            net = rectified_last(net)
        with StageDisplay(enabled=not as_json) as progress:
            result = decide_injectivity(net, progress, samples, seed, max_cases)
        if output is not None and result.certificate is not None:
            result.save(output)
        if as_json:
            print_json(
                {
                    "status": result.status,
                    "method": result.method,
                    "reason": result.reason or None,
                    "seconds": result.seconds,
                    **_certificate_data(result.certificate, result.theorem, output),
                }
            )
        else:
            typer.echo(clean(str(result)))
            _say_where(output if result.certificate is not None else None)
    if result.injective is None:
        raise typer.Exit(ExitCode.NO_CERTIFICATE)


def injectivity_threshold(
    name: Annotated[str, typer.Argument(help="mean-direction, gordon or cell-union.", metavar="NAME")],
    digits: Annotated[int, typer.Option(help="Decimals of the enclosure.", min=1, max=120)] = 30,
    output: _Output = None,
    force: _Force = False,
    as_json: _Json = False,
) -> None:
    """Enclose a threshold constant of random ReLU layers between two rationals, with a certificate."""
    with json_errors(as_json):
        from pepkit.networks.injectivity import threshold

        _refuse_existing(output, force)
        certificate = threshold(name, digits)
        claim = certificate.claim
        _print_proved(
            certificate, output, as_json,
            {"low": number_data(RATIONALS, claim.low), "high": number_data(RATIONALS, claim.high)},
        )  # fmt: skip


def injectivity_probability(
    inputs: Annotated[int, typer.Argument(help="Number of inputs n, 1 or 2.", min=1, max=2, metavar="N")],
    rows: Annotated[int, typer.Argument(help="Number of neurons m.", min=1, metavar="M")],
    output: _Output = None,
    force: _Force = False,
    as_json: _Json = False,
) -> None:
    """The exact probability that a random ReLU layer with one or two inputs is injective, with a certificate."""
    with json_errors(as_json):
        from pepkit.networks.injectivity import probability_certificate

        _refuse_existing(output, force)
        certificate = probability_certificate(inputs, rows)
        value = number_data(RATIONALS, certificate.claim.probability)
        _print_proved(certificate, output, as_json, {"probability": value})


def injectivity_study(
    name: Annotated[StudyName, typer.Argument(help="What is studied.", metavar="NAME")],
    inputs: Annotated[
        int | None,
        typer.Option(help="probability, euler, depth: number of inputs n.", min=1, max=200, show_default="3, depth: 2"),
    ] = None,
    rows: Annotated[
        str, typer.Option(help="probability, euler: numbers of neurons, as '8,10,12' or '8:20:2'.", metavar="LIST")
    ] = "6:18:2",
    expansion: Annotated[int, typer.Option(help="depth: hidden widths are C n.", min=1, metavar="C")] = 4,
    depths: Annotated[str, typer.Option(help="depth: numbers of layers.", metavar="LIST")] = "1,2,3,4",
    sizes: Annotated[str, typer.Option(help="threshold: numbers of inputs n.", metavar="LIST")] = "5,10,20,40,80",
    samples: Annotated[int, typer.Option(help="Random arrangements or networks for each row.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.", min=0)] = 0,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.", metavar="FILE")] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Write the figure to this file (.png, .svg, .pdf).", metavar="FILE")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Study random ReLU layers and networks: exact decisions in a table and a figure.

    probability: how likely one layer is injective, against m.

    depth: how injectivity changes with depth, n = 2, 3 or 4 inputs.

    threshold: finite-size crossings against the threshold constants.

    euler: the expected Euler characteristic against the true probability.

    scaling: the window in which one layer becomes injective, n = 1 to 4.
    """
    with json_errors(as_json):
        from pepkit.networks.injectivity import (
            depth_study,
            euler_study,
            probability_study,
            scaling_study,
            threshold_study,
        )

        with StageDisplay(enabled=not as_json) as progress:
            if name is StudyName.probability:
                study = probability_study(inputs or 3, _numbers(rows), samples, seed, progress)
            elif name is StudyName.depth:
                study = depth_study(expansion, _numbers(depths), samples, seed, progress, inputs or 2)
            elif name is StudyName.euler:
                study = euler_study(inputs or 3, _numbers(rows), samples, seed, progress)
            elif name is StudyName.scaling:
                study = scaling_study((1, 2, 3, 4), samples, seed, progress)
            else:
                study = threshold_study(_numbers(sizes), progress)
        if csv is not None:
            study.save_csv(csv)
        if figure is not None:
            study.figure().savefig(figure, dpi=150)
        if as_json:
            rows_data = [dict(zip(study.columns, map(str, row), strict=True)) for row in study.rows]
            print_json({"status": "ok", "title": study.title, "rows": rows_data, "notes": list(study.notes)})
            return
        print_table(Table(study.title, study.columns, study.cells()))
        for note in study.notes:
            typer.echo(note)
        for path in (csv, figure):
            _say_where(path)


def _numbers(text: str) -> list[int]:
    """Positive integers from '8,10,12' or '8:20:2' (both ends included)."""
    try:
        if ":" in text:
            parts = [int(part) for part in text.split(":")]
            low, high, step = parts if len(parts) == 3 else (*parts, 1)
            numbers = list(range(low, high + 1, step))
        else:
            numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise ClaimError(f"not a list of numbers: {text[:40]!r}; write 8,10,12 or 8:20:2") from None
    if not numbers or min(numbers) < 1 or len(numbers) > 1000:
        raise ClaimError(f"not a list of 1 to 1000 positive numbers: {text[:40]!r}")
    return numbers


def _refuse_existing(output: Path | None, force: bool) -> None:
    if output is not None and output.exists() and not force:
        raise ClaimError(f"{output} exists; name another file or replace it with --force")


def _certificate_data(certificate: Any, theorem: Theorem | None, output: Path | None) -> dict[str, Any]:
    if certificate is None or theorem is None:
        return {"theorem": None, "checks": [], "file": None}
    return {
        "theorem": clean(str(theorem)),
        "checks": list(theorem.checks),
        "claim_digest": claim_digest(certificate.claim),
        "certificate_digest": digest(certificate),
        "file": None if output is None else str(output),
    }


def _print_proved(certificate: Any, output: Path | None, as_json: bool, extra: dict[str, Any]) -> None:
    """Check a certificate, save it, say what it proves."""
    theorem = check(certificate)
    if output is not None:
        save(certificate, output)
    if as_json:
        print_json({"status": "proved", **extra, **_certificate_data(certificate, theorem, output)})
        return
    typer.echo(clean(str(theorem)))
    for position, line in enumerate(theorem.checks):
        typer.echo(f"{'' if position else 'Checks':<13}{clean(line)}")
    _say_where(output)


def _say_where(path: Path | None) -> None:
    if path is not None:
        typer.echo(f"{'Saved':<13}{path}")
