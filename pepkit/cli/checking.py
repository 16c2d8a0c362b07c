"""``pepkit check``: check certificate files again, without believing anything in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from glob import glob, has_magic
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli.exit_codes import ExitCode
from pepkit.cli.output import error_text, number_data, print_error, print_json
from pepkit.kernel import (
    CertificateError,
    ClaimError,
    FormatError,
    Theorem,
    UndecidedError,
    claim_digest,
    digest,
    load,
)
from pepkit.kernel import check as kernel_check
from pepkit.render.notation import clean, shortened
from pepkit.render.text import claim_brief

__all__ = ["check"]


class Engine(StrEnum):
    """Which implementation checks."""

    kernel = "kernel"
    sympy = "sympy"
    all = "all"


@dataclass
class _Verdict:
    """What is known about one file. `verdict` is proved, failed, undecided, malformed or unreadable."""

    path: str
    verdict: str
    problem: str = ""
    theorem: Theorem | None = None
    brief: str = ""
    words: str = ""
    checked_by: tuple[str, ...] = ()
    digests: tuple[str, str] | None = None
    seconds: float = 0.0

    @property
    def proved(self) -> bool:
        return self.verdict == "proved"


def check(
    files: Annotated[
        list[str], typer.Argument(help="Certificate files; of a folder, every .json file below it.", metavar="FILE...")
    ],
    engine: Annotated[
        Engine, typer.Option(help="kernel: the trusted kernel; sympy: an independent checker; all: both.")
    ] = Engine.kernel,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print theorems and checks in full.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Check certificate files; the exit code is 0 only if every one is proved.

    Every hypothesis is derived again from the claim. A file that fails does not stop the others.
    """
    verdicts = []
    for path in _expanded(files):
        verdict = _judge(path, engine)
        verdicts.append(verdict)
        if not as_json:
            _report(verdict, verbose, quiet)
    failed = [v for v in verdicts if not v.proved]
    if as_json:
        print_json(
            {
                "status": "failed" if failed else "proved",
                "engine": engine.value,
                "proved": len(verdicts) - len(failed),
                "failed": len(failed),
                "files": [_verdict_data(v) for v in verdicts],
            }
        )
    elif len(verdicts) > 1 and not quiet:
        typer.echo(f"{len(verdicts) - len(failed)} of {len(verdicts)} certificates proved")
    if any(v.verdict != "unreadable" for v in failed):
        raise typer.Exit(ExitCode.NOT_PROVED)
    if failed:
        raise typer.Exit(ExitCode.USAGE)


def _expanded(files: list[str]) -> Iterator[str]:
    """Files as they are, folders and patterns (for shells that leave them alone) expanded and sorted."""
    for name in files:
        path = Path(name)
        if path.is_dir():
            found = sorted(str(p) for p in path.rglob("*.json") if p.is_file())
            if not found:
                raise FormatError(f"there is no .json file in the folder {name}")
            yield from found
        elif not path.exists() and has_magic(name):
            matches = sorted(glob(name, recursive=True))
            yield from matches or [name]
        else:
            yield name


def _judge(path: str, engine: Engine) -> _Verdict:
    started = time.perf_counter()
    verdict = _Verdict(path, "proved")
    try:
        _prove(verdict, engine)
    except OSError as error:
        verdict.verdict, verdict.problem = "unreadable", error.strerror or str(error)
    except UndecidedError as error:
        verdict.verdict, verdict.problem = "undecided", error_text(error)
    except CertificateError as error:
        verdict.verdict, verdict.problem = "failed", error_text(error)
    except (FormatError, ClaimError) as error:
        verdict.verdict, verdict.problem = "malformed", error_text(error)
    except (MemoryError, RecursionError, ArithmeticError, ValueError, TypeError) as error:
        # a hostile file must not keep the others from being checked; what raised here proved nothing
        verdict.verdict = "failed"
        verdict.problem = f"the check ended with {type(error).__name__}: {error_text(error)}"
    verdict.seconds = time.perf_counter() - started
    return verdict


def _prove(verdict: _Verdict, engine: Engine) -> None:
    if engine is not Engine.sympy:
        certificate = load(verdict.path)
        verdict.brief = claim_brief(certificate.claim)
        verdict.digests = claim_digest(certificate.claim), digest(certificate)
        verdict.theorem = kernel_check(certificate)
        verdict.words = str(verdict.theorem)
        verdict.checked_by += ("kernel",)
    if engine is not Engine.kernel:
        _prove_with_sympy(verdict)


def _prove_with_sympy(verdict: _Verdict) -> None:
    from pepkit.verification import NotSupportedError, VerificationError, verify_with_sympy

    try:
        verification = verify_with_sympy(Path(verdict.path))
    except NotSupportedError as error:
        raise UndecidedError(f"sympy: {error_text(error)}") from None
    except VerificationError as error:
        raise CertificateError(f"sympy: {error_text(error)}") from None
    verdict.checked_by += ("sympy",)
    verdict.brief = verdict.brief or clean(verification.statement_text)
    verdict.words = f"{verdict.words}\n{verification}".strip()


def _report(verdict: _Verdict, verbose: bool, quiet: bool) -> None:
    path = clean(verdict.path)
    if not verdict.proved:
        label = typer.style(f"{verdict.verdict:<10}", fg=typer.colors.RED, bold=True)
        problem = verdict.problem if verbose else shortened(verdict.problem, 400)
        line = f"{label} {path}: {problem}"
        if verdict.verdict == "unreadable":
            print_error(f"{path}: {problem}")
        else:
            typer.echo(line)
        return
    if quiet:
        return
    label = typer.style(f"{'proved':<10}", fg=typer.colors.GREEN, bold=True)
    tight = " (tight)" if verdict.theorem is not None and verdict.theorem.tight else ""
    by = "" if verdict.checked_by == ("kernel",) else f", checked by {' and '.join(verdict.checked_by)}"
    typer.echo(f"{label} {path}: {verdict.brief}{tight}  [{verdict.seconds:.2f} s{by}]")
    if verbose:
        typer.echo("\n".join(f"    {line}" for line in clean(verdict.words).splitlines()))
        for line in verdict.theorem.checks if verdict.theorem is not None else ():
            typer.echo(f"    - {clean(line)}")


def _verdict_data(verdict: _Verdict) -> dict[str, Any]:
    data: dict[str, Any] = {
        "file": verdict.path,
        "verdict": verdict.verdict,
        "claim": verdict.brief or None,
        "checked_by": list(verdict.checked_by),
        "seconds": verdict.seconds,
    }
    if verdict.problem:
        data["problem"] = verdict.problem
    if verdict.digests is not None:
        data["claim_digest"], data["certificate_digest"] = verdict.digests
    if verdict.theorem is not None:
        theorem = verdict.theorem
        field = theorem.claim.field
        data["rate"] = number_data(field, theorem.rate)
        data["lower"] = number_data(field, theorem.lower)
        data["tight"] = theorem.tight
        data["checks"] = list(theorem.checks)
    return data
