"""``pepkit prove``: a certificate as a theorem of a proof assistant, or as a proof to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pepkit.cli.exit_codes import EPILOG, ExitCode
from pepkit.cli.output import json_errors, print_error, print_json
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import write_text
from pepkit.kernel import Certificate, ClaimError, Theorem, check, claim_digest, digest, load
from pepkit.kernel.certificate import Proof
from pepkit.render.text import theorem_words

__all__ = ["EPILOG", "coq_name", "prove"]

_MARK = "(* Written by pepkit"
_SHOWN_DEFINITIONS = 12


def prove(
    file: Annotated[Path, typer.Argument(help="Certificate file.", metavar="FILE")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write the Coq file (or the LaTeX).", metavar="FILE"),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="The proof for people, in LaTeX; Coq is not run.")] = False,
    export_only: Annotated[bool, typer.Option("--export-only", help="Write the Coq file and stop.")] = False,
    theory: Annotated[
        Path | None,
        typer.Option("--theory", help="Folder of the Coq theory (proofs/ in pepkit's sources).", metavar="FOLDER"),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for coqc.", min=1.0)] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Prove a certificate with Coq, from the definitions of smooth convex functions and inner-product spaces.

    Writes a Coq file, runs coqc on it, and reports the theorem, the axioms it rests on, and the time. The kernel checks
    the certificate first.
    """
    with json_errors(as_json):
        certificate = load(file)
        theorem = check(certificate)
        if latex:
            _latex(certificate, theorem, output)
        else:
            _with_coq(file, certificate, theorem, output, export_only, theory, timeout, as_json)


def _with_coq(
    file: Path,
    certificate: Certificate | Proof,
    theorem: Theorem,
    output: Path | None,
    export_only: bool,
    theory: Path | None,
    timeout: float,
    as_json: bool,
) -> None:
    from pepkit.proof_assistant import HOW_TO_INSTALL, MissingCoqError, coq_instance, find_coqc
    from pepkit.proof_assistant.coq import compiled_theory, prove_source

    instance = coq_instance(certificate)
    target = output or Path(coq_name(file))
    if target.exists() and not (target.is_file() and target.read_bytes().startswith(_MARK.encode())):
        raise ClaimError(f"{target} exists and was not written by pepkit; name another file with --output")
    write_text(target, instance.source)
    report = {
        "status": "exported",
        "file": str(target),
        "theorem": instance.theorem,
        "definitions": list(instance.definitions),
        "sharp": instance.sharp,
        "digest": digest(certificate),
        "claim_digest": claim_digest(certificate.claim),
    }
    if not as_json:
        typer.echo(f"{theorem_words(theorem)}\n")
        shown = instance.definitions[-_SHOWN_DEFINITIONS:]
        lines = ["... (all definitions are in the file)"] if len(shown) < len(instance.definitions) else []
        typer.echo("In Coq       " + "\n".join([*lines, *shown, instance.theorem]).replace("\n", "\n" + " " * 13))
        if instance.sharp:
            typer.echo("Sharp        " + instance.sharp.replace("\n", "\n" + " " * 13))
        typer.echo(f"Coq file     {target}")
    if export_only:
        if as_json:
            print_json(report)
        return
    if find_coqc() is None:
        if as_json:
            print_json({**report, "problem": HOW_TO_INSTALL})
        print_error(f"not proved with Coq: {HOW_TO_INSTALL}")
        raise typer.Exit(ExitCode.USAGE)
    try:
        with StageDisplay(enabled=not as_json) as progress:
            progress("compiling the Coq theory", "once, then it is kept")
            compiled_theory(theory)
            progress("coqc", target.name)
            proved = prove_source(instance.source, instance.theorem, theory=theory, timeout=timeout)
    except MissingCoqError as error:
        if as_json:
            print_json({**report, "problem": str(error)})
        print_error(str(error))
        raise typer.Exit(ExitCode.USAGE) from None
    if as_json:
        print_json(
            {
                **report,
                "status": "proved",
                "axioms": list(proved.axioms),
                "machine_integers": proved.machine_integers,
                "seconds": round(proved.seconds, 2),
                "coq": proved.version,
            }
        )
        return
    typer.echo(f"Proved       by Coq {proved.version} in {proved.seconds:.1f} s")
    typer.echo(f"Axioms       {', '.join(proved.axioms) or 'none'}")
    if proved.machine_integers:
        typer.echo("             and Coq's primitive machine integers, in which the certificate is written")


def coq_name(file: Path) -> str:
    """The name of the Coq file: a Coq module has letters, digits and underscores only."""
    name = re.sub(r"\W", "_", file.stem, flags=re.ASCII)
    return (name if re.match(r"[A-Za-z]", name) else f"certificate_{name}") + ".v"


def _latex(certificate: Certificate | Proof, theorem: Theorem, output: Path | None) -> None:
    from pepkit.render.computation_latex import computation_latex
    from pepkit.render.latex import proof_latex, theorem_latex

    if isinstance(certificate, Certificate):
        text = theorem_latex(theorem) + "\n\n" + proof_latex(certificate) + "\n"
    else:
        text = computation_latex(certificate, theorem) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(f"LaTeX        {output}")
