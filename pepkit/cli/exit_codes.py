"""Exit codes, the same for every command."""

from __future__ import annotations

from enum import IntEnum

import typer

from pepkit.kernel import CertificateError, ClaimError, FormatError, PepkitError

__all__ = ["EPILOG", "ExitCode", "exit_code_of"]


# typer exports only the most derived usage errors; their base class is the same in all its versions
_UsageError = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


class ExitCode(IntEnum):
    """What the exit code of a command says."""

    PROVED = 0
    NOT_PROVED = 1
    USAGE = 2
    NO_CERTIFICATE = 3
    BUG = 70
    INTERRUPTED = 130


EPILOG = (
    "Exit codes: 0 proved; 1 a check failed; 2 bad input or usage; "
    "3 no certificate was found (solver or rounding failed); 70 a bug in pepkit; 130 interrupted."
)


def exit_code_of(error: Exception) -> ExitCode | None:
    """The exit code for an error; None for usage errors, which typer reports itself."""
    if isinstance(error, (_UsageError, typer.Exit, typer.Abort)):
        return None
    if isinstance(error, CertificateError):
        return ExitCode.NOT_PROVED
    if isinstance(error, (ClaimError, FormatError, OSError)):
        return ExitCode.USAGE
    if isinstance(error, PepkitError):
        # what is left are solvers and rounding that did not get there
        return ExitCode.NO_CERTIFICATE
    return ExitCode.BUG
