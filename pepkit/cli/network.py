"""``pepkit network``: bounds, properties and Lipschitz constants of exact ReLU networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import EPILOG, ExitCode
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import slug
from pepkit.kernel import Claim, ClaimError, claim_digest, digest, load
from pepkit.kernel.errors import PepkitError

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Bounds, properties and Lipschitz constants of ReLU networks, with certificates.",
    epilog=EPILOG,
)

Model = Annotated[Path, typer.Argument(help="Network: a .onnx, .npz, .pt or .json file.", metavar="MODEL")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File for the certificate.", show_default="a name in this folder"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace whatever the output file holds.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
BoxOption = Annotated[
    str | None,
    typer.Option(
        "--box",
        help="Inputs: 'low:high' for every coordinate, one such pair for each, separated by commas, or a JSON file "
        'with "lower" and "upper".',
        metavar="BOX",
    ),
]
Centre = Annotated[
    str | None,
    typer.Option(help="Centre of the box: numbers separated by commas, or a JSON list in a file.", metavar="POINT"),
]
Radius = Annotated[str | None, typer.Option(help="Radius of the box around --centre, such as 0.1 or 1/255.")]


@commands.command("bound", epilog=EPILOG)
def bound(
    model: Model,
    box: BoxOption = None,
    centre: Centre = None,
    radius: Radius = None,
    objective: Annotated[
        str | None, typer.Option(help="Coefficients of the outputs, separated by commas.", show_default="output 0")
    ] = None,
    side: Annotated[str, typer.Option(help="upper or lower.")] = "upper",
    method: Annotated[
        str,
        typer.Option(
            help="box (ibp), hbox, deepz (fastlin, crown-same-slope), crown, crown-ibp, alpha-crown, triangle or sdp."
        ),
    ] = "alpha-crown",
    cases: Annotated[
        int, typer.Option(help="Split the box or the neurons into up to this many cases.", min=1, metavar="K")
    ] = 1,
    split: Annotated[str, typer.Option(help="What --cases splits: auto, input or sign.")] = "auto",
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Bound a linear form of the outputs over a box of inputs."""
    with json_errors(as_json):
        from pepkit.networks import certify_bound, certify_bound_by_cases, read_network

        if side not in ("upper", "lower"):
            raise ClaimError(f"a bound is an upper or a lower one, not {side!r}")
        net = read_network(model).with_affine_end()
        inputs = _box(net.inputs, box, centre, radius)
        form = _numbers(objective, net.outputs) if objective else [1] + [0] * (net.outputs - 1)
        if side == "lower":
            form = [-c for c in form]
        with StageDisplay(not as_json) as display:
            if cases > 1:
                result = certify_bound_by_cases(
                    net, inputs, form, max_cases=cases, method_name=method, split=split, progress=display
                )
            else:
                result = certify_bound(net, inputs, form, method_name=method, progress=display)
        path = _save(result, output, force, slug(model.stem, side, method))
        _print(result, path, as_json, {"side": side, "value": _side_value(result, side)})
        if not as_json and side == "lower":
            typer.echo(f"So the form is at least {_side_value(result, side)['decimal']} on the box.")


@commands.command("lipschitz", epilog=EPILOG)
def lipschitz(
    model: Model,
    variant: Annotated[
        str | None,
        typer.Option(
            help="Euclidean norm: neuron, layer, split, product, chain, chain-fast, or pieces (exact, few inputs). "
            "Maximum norm: lp or pieces.",
            show_default="neuron, or lp",
        ),
    ] = None,
    norm: Annotated[str, typer.Option(help="Norm of inputs and outputs: euclidean or maximum.")] = "euclidean",
    split: Annotated[int, typer.Option(help="Affine layers in a group of the variant 'split'.", min=1)] = 2,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Bound the Lipschitz constant for all inputs (LipSDP, chains, linear programs, or exactly by linear pieces)."""
    with json_errors(as_json):
        from pepkit.networks import certify_lipschitz, read_network

        net = read_network(model).with_affine_end()
        with StageDisplay(not as_json) as display:
            result = certify_lipschitz(net, variant=variant, norm=norm, split=split, progress=display)
        name = slug(model.stem, "lipschitz", "maximum" if norm == "maximum" else "", variant or "")
        _print(result, _save(result, output, force, name), as_json, {"norm": norm, "squared": norm == "euclidean"})


@commands.command("verify", epilog=EPILOG)
def verify(
    model: Model,
    property_file: Annotated[
        Path, typer.Argument(help="Property in VNN-LIB 1 or 2: a .vnnlib or .vnnlib.gz file.", metavar="PROPERTY")
    ],
    timeout: Annotated[float, typer.Option(help="Seconds.", min=0.0)] = 60.0,
    split: Annotated[str, typer.Option(help="auto, input or sign.")] = "auto",
    method: Annotated[str, typer.Option(help="Relaxation on each case, see 'bound' (not sdp).")] = "alpha-crown",
    max_cases: Annotated[int, typer.Option(help="Cases after which the answer is unknown.", min=1)] = 100_000,
    output: Output = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Decide a property: unsat (proved), sat (exact counterexample), timeout or unknown.

    Exit code 0 for unsat and sat, 3 for timeout and unknown.
    """
    with json_errors(as_json):
        from pepkit.networks import read_network, read_properties
        from pepkit.networks import verify as decide

        net = read_network(model).with_affine_end()
        queries = read_properties(property_file)
        answers = []
        with StageDisplay(not as_json) as display:
            for query in queries:
                options: dict[str, Any] = {
                    "timeout": timeout,
                    "split": split,
                    "method_name": method,
                    "max_cases": max_cases,
                }
                answers.append(decide(net, query.box, query.region, progress=display, **options))
                if answers[-1].word == "sat":
                    answers = [answers[-1]]
                    break
        words = [answer.word for answer in answers]
        word = next((w for w in ("sat", "timeout", "unknown") if w in words), "unsat")
        paths = []
        if word in ("sat", "unsat"):
            for number, answer in enumerate(answers):
                name = slug(model.stem, property_file.stem, word, *([str(number + 1)] if len(answers) > 1 else []))
                target = output
                if output is not None and len(answers) > 1:
                    target = output.with_stem(f"{output.stem}-{number + 1}")
                paths.append(_save(answer.result, target, force, name))
        seconds = sum(answer.seconds for answer in answers)
        if as_json:
            print_json(
                {
                    "status": word,
                    "cases": sum(answer.cases for answer in answers),
                    "seconds": seconds,
                    "certificates": [str(path) for path in paths],
                    "counterexample": None
                    if answers[0].counterexample is None
                    else [str(x) for x in answers[0].counterexample],
                    "reason": next((a.reason for a in answers if a.reason), ""),
                }
            )
        else:
            typer.echo(word)
            for answer in answers:
                typer.echo(str(answer).partition("\n")[2] or answer.reason)
            for path in paths:
                typer.echo(f"Certificate  {path}")
        if word not in ("sat", "unsat"):
            raise typer.Exit(ExitCode.NO_CERTIFICATE)


@commands.command("evaluate", epilog=EPILOG)
def evaluate(
    model: Model,
    point: Annotated[str, typer.Argument(help="Numbers separated by commas, or a JSON list in a file.")],
) -> None:
    """Evaluate a network exactly at a point."""
    from pepkit.kernel.numbers import RATIONALS
    from pepkit.kernel.words import decimal_text
    from pepkit.networks import read_network
    from pepkit.networks.model import rationals

    net = read_network(model).with_affine_end()
    for i, value in enumerate(net(rationals(_numbers(point, net.inputs), "the point"))):
        typer.echo(f"f_{i} = {value} = {decimal_text(RATIONALS, value)} (rounded)")


def _numbers(text: str, count: int) -> list[Any]:
    """Exact numbers from a comma list or a JSON list in a file."""
    from pepkit.networks.model import rationals

    path = Path(text)
    parts: Any
    if path.suffix == ".json":
        parts = json.loads(path.read_text(encoding="utf-8"))
    else:
        parts = [part.strip() for part in text.split(",")]
    if not isinstance(parts, list) or len(parts) != count:
        raise ClaimError(f"{count} numbers are needed, and {text[:60]!r} does not give them")
    return list(rationals(parts, repr(text[:60])))


def _box(inputs: int, box: str | None, centre: str | None, radius: str | None) -> Any:
    from pepkit.kernel.networks import Box
    from pepkit.networks.model import box_around, rational, rationals

    if (box is None) == (centre is None):
        raise ClaimError("give the inputs either with --box or with --centre and --radius")
    if centre is not None:
        if radius is None:
            raise ClaimError("--centre needs --radius")
        return box_around(_numbers(centre, inputs), radius)
    text = box or ""
    if text.endswith(".json"):
        data = json.loads(Path(text).read_text(encoding="utf-8"))
        if not isinstance(data, dict) or set(data) != {"lower", "upper"}:
            raise ClaimError(f'{text} is not a box: {{"lower": [..], "upper": [..]}}')
        return Box(rationals(data["lower"], "lower"), rationals(data["upper"], "upper"))
    pairs = [part.split(":") for part in text.split(",")]
    if any(len(pair) != 2 for pair in pairs) or len(pairs) not in (1, inputs):
        raise ClaimError(f"the box is 'low:high' once or {inputs} times, separated by commas, not {text[:60]!r}")
    pairs = pairs * inputs if len(pairs) == 1 else pairs
    return Box(tuple(rational(a.strip()) for a, _ in pairs), tuple(rational(b.strip()) for _, b in pairs))


def _side_value(result: Any, side: str) -> Any:
    from pepkit.kernel.numbers import RATIONALS

    return number_data(RATIONALS, -result.bound if side == "lower" else result.bound)


def _save(result: Any, output: Path | None, force: bool, name: str) -> Path:
    """Write the certificate of a result."""
    path = _target(output, force, name, result.certificate.claim)
    result.save(path)
    return path


def _target(output: Path | None, force: bool, name: str, claim: Claim) -> Path:
    """Where to write; a file that holds anything but the same claim is not replaced without --force."""
    path = Path(f"{name}.json") if output is None else output
    if path.exists() and not force:
        try:
            same = claim_digest(load(path).claim) == claim_digest(claim)
        except (PepkitError, OSError):
            same = False
        if not same:
            raise ClaimError(f"{path} exists and holds something else; name another file or replace it with --force")
    return path


def _print(result: Any, path: Path, as_json: bool, more: dict[str, Any]) -> None:
    if not as_json:
        typer.echo(str(result))
        typer.echo(f"Certificate  {path}")
        return
    from pepkit.kernel.numbers import RATIONALS

    print_json(
        {
            "status": "proved",
            "method": result.method,
            "bound": number_data(RATIONALS, result.bound),
            "attained": number_data(RATIONALS, result.lower),
            "numerical": result.numerical,
            "seconds": list(result.seconds),
            "certificate": str(path),
            "claim_digest": claim_digest(result.certificate.claim),
            "certificate_digest": digest(result.certificate),
            **more,
        }
    )
