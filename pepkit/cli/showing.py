"""``pepkit show``: what is in a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pepkit.cli.exit_codes import ExitCode
from pepkit.cli.output import error_text, print_error, print_table
from pepkit.kernel import Certificate, CertificateError, FormatError, Theorem, check, claim_digest, digest, load
from pepkit.kernel.certificate import Proof
from pepkit.render.notation import clean
from pepkit.render.text import claim_brief, lower_words, theorem_words

__all__ = ["show"]


def show(
    file: Annotated[Path, typer.Argument(help="Certificate file.", metavar="FILE")],
    multipliers: Annotated[
        bool, typer.Option("--multipliers", help="Only the table of non-zero multipliers, all of them.")
    ] = False,
    residual: Annotated[bool, typer.Option("--residual", help="Only the residual matrix, entry by entry.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Only theorem and proof, in LaTeX.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page to this file.", metavar="FILE")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            help="Rows of a table; 0 shows all.",
            show_default="20; all with --multipliers",
            min=0,
            metavar="K",
        ),
    ] = None,
) -> None:
    """Show a certificate: theorem, multipliers, residual, worst case, origin.

    The certificate is checked first; exit code 1 says that it proves nothing, and why.
    """
    certificate = load(file)
    if not isinstance(certificate, Certificate):
        # proofs of another shape have no multipliers and no residual to show
        _show_proof(certificate, latex)
        return
    theorem, problem = _theorem(certificate)
    if latex:
        # a false proof in LaTeX would look as good as a true one
        if theorem is not None:
            _print_latex(certificate, theorem)
    elif html is not None:
        _write_html(certificate, theorem, problem, html, _rows(limit, 200))
    elif multipliers or residual:
        rows = _rows(limit, None)
        if multipliers:
            _print_multipliers(certificate, rows)
        if residual:
            _print_residual(certificate, rows)
    else:
        _print_overview(certificate, theorem, _rows(limit, 20))
    if theorem is None:
        print_error(f"{file} is not proved: {problem}")
        raise typer.Exit(ExitCode.NOT_PROVED)


def _show_proof(proof: Proof, latex: bool) -> None:
    theorem = check(proof)
    if latex:
        from pepkit.render.computation_latex import computation_latex

        typer.echo(computation_latex(proof, theorem))
        return
    typer.echo(theorem_words(theorem))
    typer.echo("")
    for position, line in enumerate(theorem.checks):
        typer.echo(f"{'' if position else 'Checks':<13}{clean(line)}")
    _print_origin(proof)


def _rows(limit: int | None, default: int | None) -> int | None:
    """Number of rows; None for all."""
    if limit is None:
        return default
    return limit or None


def _theorem(certificate: Certificate) -> tuple[Theorem | None, str]:
    try:
        return check(certificate), ""
    except (CertificateError, FormatError) as error:
        return None, error_text(error)


def _print_overview(certificate: Certificate, theorem: Theorem | None, rows: int | None) -> None:
    if theorem is None:
        typer.echo(f"Claim, not proved. {claim_brief(certificate.claim)}")
    else:
        typer.echo(theorem_words(theorem))
        typer.echo(f"\nLower bound  {lower_words(theorem, certificate)}")
        for position, line in enumerate(theorem.checks):
            typer.echo(f"{'' if position else 'Checks':<13}{clean(line)}")
    _print_multipliers(certificate, rows)
    if theorem is not None:
        from pepkit.render.residual import residual_summary

        typer.echo(f"Residual     {residual_summary(certificate)}\n")
        _print_worst_case(certificate, rows)
    _print_origin(certificate)


def _print_multipliers(certificate: Certificate, rows: int | None) -> None:
    from pepkit.render.tables import multiplier_table

    typer.echo("")
    print_table(multiplier_table(certificate, rows))


def _print_residual(certificate: Certificate, rows: int | None) -> None:
    from pepkit.render.residual import residual_summary
    from pepkit.render.tables import matrix_table

    summary = residual_summary(certificate)
    typer.echo(f"Residual: {summary}\n")
    print_table(matrix_table("Residual", summary.names, summary.matrix, certificate.claim.field, rows))


def _print_worst_case(certificate: Certificate, rows: int | None) -> None:
    from pepkit.render.tables import witness_table

    table = witness_table(certificate, rows)
    if table is not None:
        print_table(table)


def _print_origin(certificate: Certificate | Proof) -> None:
    from pepkit.render.tables import provenance_table

    table = provenance_table(certificate)
    if table.rows:
        print_table(table)
    typer.echo(f"Claim        sha256 {claim_digest(certificate.claim)}")
    typer.echo(f"Certificate  sha256 {digest(certificate)}")


def _print_latex(certificate: Certificate, theorem: Theorem) -> None:
    from pepkit.render.latex import certificate_latex

    typer.echo(certificate_latex(certificate, theorem))


def _write_html(
    certificate: Certificate, theorem: Theorem | None, problem: str, target: Path, rows: int | None
) -> None:
    from pepkit.cli.saving import write_text
    from pepkit.render.html import certificate_html, page_html

    page = page_html(certificate_html(certificate, theorem, problem, rows), claim_brief(certificate.claim))
    write_text(target, page)
    typer.echo(f"Page         {target}")
