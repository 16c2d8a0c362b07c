"""``pepkit network jumps`` and ``pepkit network study``: continuity of relaxations, and studies of them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.network import _box, _numbers
from pepkit.cli.output import json_errors, print_json, print_table
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import slug
from pepkit.kernel import ClaimError, check, claim_digest, save
from pepkit.render.notation import clean
from pepkit.render.tables import Table

__all__ = ["network_jumps", "network_study", "register"]


class NetworkStudy(StrEnum):
    """What is studied."""

    census = "census"
    interpolation = "interpolation"
    gaps = "gaps"
    tightness = "tightness"
    attack = "attack"
    robustness = "robustness"
    couplings = "couplings"


class MinimalInstance(StrEnum):
    """The two smallest discontinuous bounds."""

    hbox = "hbox"
    crown = "crown"


_Csv = Annotated[Path | None, typer.Option("--csv", help="Write the table to this file.", metavar="FILE")]
_Figure = Annotated[
    Path | None, typer.Option("--figure", help="Write the figure to this file (.png, .svg, .pdf).", metavar="FILE")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_Folder = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Folder for the certificates; 'pepkit check' proves them again.", metavar="FOLDER"
    ),
]


def network_jumps(
    first: Annotated[
        Path | None, typer.Argument(help="Network at t = 0: a .onnx, .npz or .json file.", metavar="FIRST")
    ] = None,
    second: Annotated[
        Path | None, typer.Argument(help="Network at t = 1, of the same widths.", metavar="SECOND")
    ] = None,
    minimal: Annotated[
        MinimalInstance | None,
        typer.Option(help="Instead of two files: the smallest discontinuous bound of symbolic intervals or CROWN."),
    ] = None,
    box: Annotated[
        str | None, typer.Option("--box", help="Inputs, as for 'bound': 'low:high', a list of pairs, or a JSON file.")
    ] = None,
    centre: Annotated[str | None, typer.Option(help="Centre of the box, as for 'bound'.")] = None,
    radius: Annotated[str | None, typer.Option(help="Radius of the box around --centre.")] = None,
    objective: Annotated[
        str | None, typer.Option(help="Coefficients of the outputs, separated by commas.", show_default="output 0")
    ] = None,
    methods: Annotated[
        str, typer.Option("--method", help="Relaxations separated by commas: box, hbox, deepz, crown, crown-ibp.")
    ] = "box,hbox,deepz,crown,crown-ibp",
    start: Annotated[str, typer.Option(help="First place of the part of the line that is looked at.")] = "0",
    end: Annotated[str, typer.Option(help="Last place.")] = "1",
    output: _Folder = None,
    force: Annotated[bool, typer.Option("--force", help="Replace certificates that are in the folder.")] = False,
    csv: _Csv = None,
    figure: _Figure = None,
    as_json: _Json = False,
) -> None:
    """The jump set of relaxations along a line of weights, exactly and completely.

    The networks on the line have the weights (1 - t) FIRST + t SECOND.

    Between jumps the upper bound of a relaxation is a rational function of t.

    The table tells its pieces, their degrees and slopes, and the jumps.

    With --output, pieces and jumps at rational places become certificates.

    Example: pepkit network jumps --minimal hbox --figure jump.png -o proofs
    """
    with json_errors(as_json):
        from pepkit.networks import WeightLine, jump_set, minimal_lines, read_network
        from pepkit.networks.studies.line_study import study_of_jump_sets

        if minimal is not None:
            if first is not None:
                raise ClaimError("--minimal takes no files: the instance is known")
            line = minimal_lines()[minimal.value]
        else:
            if first is None or second is None:
                raise ClaimError("two networks span a line: give FIRST and SECOND, or --minimal")
            one, two = read_network(first), read_network(second)
            form = _numbers(objective, one.outputs) if objective else [1] + [0] * (one.outputs - 1)
            line = WeightLine(one, two, _box(one.inputs, box, centre, radius), tuple(form))
        found = []
        with StageDisplay(not as_json) as display:
            for name in methods.split(","):
                found.append(jump_set(line, name.strip(), start=start, end=end, progress=display))
            name = f"minimal-{minimal.value}" if minimal is not None else slug(*(p.stem for p in (first, second) if p))
            paths = [] if output is None else [path for jumps in found for path in jumps.save(output, name, force)]
        study = study_of_jump_sets(found)
        more = {"certificates": [str(path) for path in paths]}
        _show(study, csv, figure, as_json, more)
        if paths and not as_json:
            typer.echo(f"{len(paths)} certificates in {output}")


def network_study(
    name: Annotated[NetworkStudy, typer.Argument(help="What is studied.", metavar="NAME")],
    methods: Annotated[
        str | None, typer.Option("--method", help="Relaxations separated by commas.", show_default="all that apply")
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(help="Hidden widths of the classifier of digits.", metavar="LIST", show_default="10,10 or 16,16"),
    ] = None,
    radius: Annotated[
        str | None, typer.Option(help="Radius of the boxes; for interpolation a list.", show_default="by study")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of training.", min=1, show_default="300 or 3000")] = None,
    images: Annotated[int | None, typer.Option(help="Images.", min=1, show_default="8 or 100")] = None,
    widths: Annotated[str, typer.Option(help="gaps: hidden widths.", metavar="LIST")] = "4,8,12,16,20",
    depths: Annotated[str, typer.Option(help="gaps: numbers of hidden layers.", metavar="LIST")] = "2",
    samples: Annotated[int, typer.Option(help="gaps: networks for each row.", min=1)] = 10,
    neurons: Annotated[str, typer.Option(help="robustness: hidden widths k.", metavar="LIST")] = "8,12,20,40,80",
    points: Annotated[int, typer.Option(help="robustness: data points n.", min=2)] = 80,
    tries: Annotated[int, typer.Option(help="attack: points for each network.", min=1)] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.", min=0)] = 0,
    output: _Folder = None,
    csv: _Csv = None,
    figure: _Figure = None,
    as_json: _Json = False,
) -> None:
    """Study relaxations: a table and a figure.

    census: how often training steps on the 8x8 digits cross a jump of the loss.

    interpolation: certified accuracy and sensitivity from zonotopes to CROWN.

    gaps: losses against width and depth, with exact denominators.

    tightness: what a hidden layer costs intervals, closed form and exact ratios.

    attack: sampled and optimised inputs against certified bounds, exactly.

    robustness: certified and attained Lipschitz constants of networks against n/k.

    couplings: the counterexample to LipSDP-Network, in exact numbers.

    Example: pepkit network study gaps --depths 1,2,3 --widths 8 --figure g.png
    """
    with json_errors(as_json):
        paths: list[Path] = []
        with StageDisplay(not as_json) as display:
            options: dict[str, Any] = {"seed": seed, "progress": display}
            if methods is not None:
                options["methods"] = tuple(part.strip() for part in methods.split(","))
            if name is NetworkStudy.census:
                study = _census(options, hidden, radius, steps, images, output, paths)
            elif name is NetworkStudy.interpolation:
                study = _interpolation(options, hidden, radius, steps, images)
            elif name is NetworkStudy.gaps:
                from pepkit.networks.studies import gap_study

                if radius is not None:
                    options["radius"] = radius
                study = gap_study(_integers(widths), _integers(depths), samples=samples, **options)
            elif name is NetworkStudy.robustness:
                study = _robustness(options, neurons, points, samples, steps, output, paths)
            elif name is NetworkStudy.couplings:
                from pepkit.networks.studies import coupling_study

                study = coupling_study()
            elif name is NetworkStudy.tightness:
                from pepkit.networks.studies import tightness_study

                if methods is not None:
                    raise ClaimError("the study of tightness is about intervals; leave out --method")
                study = tightness_study(samples=samples, **options)
            else:
                from pepkit.networks.studies import attack_study

                study = attack_study(tries=tries, **options)
        _show(study, csv, figure, as_json, {"certificates": [str(path) for path in paths]})
        for path in () if as_json else paths:
            typer.echo(f"Certificate  {path}")


def _census(
    options: dict[str, Any],
    hidden: str | None,
    radius: str | None,
    steps: int | None,
    images: int | None,
    output: Path | None,
    paths: list[Path],
) -> Any:
    from fractions import Fraction

    from pepkit.networks.studies import jump_census

    if output is not None:
        folder = output

        def keep(name: str, certificate: Any) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            check(certificate)
            paths.append(folder / f"census-{name}-{claim_digest(certificate.claim)[:12]}.json")
            save(certificate, paths[-1])

        options["certificates"] = keep
    if radius is not None:
        options["radius"] = float(Fraction(radius))
    return jump_census(**options, **_given(hidden=_hidden(hidden), steps=steps, images=images))


def _interpolation(
    options: dict[str, Any], hidden: str | None, radius: str | None, steps: int | None, images: int | None
) -> Any:
    from pepkit.networks.studies import interpolation_study

    if "methods" in options:
        raise ClaimError("the study of interpolation has its own relaxations; leave out --method")
    if radius is not None:
        options["radii"] = tuple(part.strip() for part in radius.split(","))
    return interpolation_study(**options, **_given(hidden=_hidden(hidden), steps=steps, images=images))


def _robustness(
    options: dict[str, Any],
    neurons: str,
    points: int,
    samples: int,
    steps: int | None,
    output: Path | None,
    paths: list[Path],
) -> Any:
    from pepkit.networks.studies import robustness_law_study

    if "methods" in options:
        raise ClaimError("the study of robustness has its own methods; leave out --method")
    if output is not None:
        folder = output

        def keep(name: str, certificate: Any) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            paths.append(folder / f"robustness-{name}.json")
            save(certificate, paths[-1])

        options["certificates"] = keep
    return robustness_law_study(_integers(neurons), points=points, samples=samples, **options, **_given(steps=steps))


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _hidden(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else _integers(text)


def _integers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise ClaimError(f"not a list of positive numbers: {text[:40]!r}; write 8,16,24")
    return numbers


def _show(study: Any, csv: Path | None, figure: Path | None, as_json: bool, more: dict[str, Any]) -> None:
    """Write the files of a study and print it."""
    if csv is not None:
        study.save_csv(csv)
    if figure is not None:
        figure.parent.mkdir(parents=True, exist_ok=True)
        study.figure().savefig(figure, dpi=150)
    if as_json:
        rows = [dict(zip(study.columns, map(str, row), strict=True)) for row in study.rows]
        print_json({"status": "ok", "title": study.title, "rows": rows, "notes": list(study.notes), **more})
        return
    print_table(Table(study.title, study.columns, study.cells()))
    for note in study.notes:
        typer.echo(clean(note))
    for path in (csv, figure):
        if path is not None:
            typer.echo(f"{'Saved':<13}{path}")


def register(commands: typer.Typer) -> None:
    """Add the two commands to ``pepkit network``."""
    entries: list[tuple[str, Callable[..., None]]] = [("jumps", network_jumps), ("study", network_study)]
    for name, function in entries:
        commands.command(name, epilog=EPILOG)(function)
