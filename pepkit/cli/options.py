"""The options that the ``certify`` commands share, and completion of their values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "Family",
    "Force",
    "Form",
    "Initial",
    "Json",
    "Measure",
    "Output",
    "Relaxed",
    "Sharp",
    "Smoothness",
    "Solver",
    "StrongConvexity",
    "Sympy",
    "Witness",
    "complete_method",
    "complete_schedule",
]

# names only: completion must not wait for the modules that know them
_MEASURES = ("function-value", "gradient-norm", "smallest-gradient-norm", "distance")
_INITIALS = ("distance", "function-value", "gradient-norm")


def _complete_measure(incomplete: str) -> list[str]:
    return [name for name in _MEASURES if name.startswith(incomplete)]


def _complete_initial(incomplete: str) -> list[str]:
    return [name for name in _INITIALS if name.startswith(incomplete)]


def complete_schedule(incomplete: str) -> list[str]:
    """Names of schedules; the shell adds files itself where none fits."""
    from pepkit.schedules import schedule_names

    return [name for name in schedule_names() if name.startswith(incomplete)]


def complete_method(incomplete: str) -> list[str]:
    """Names of methods."""
    from pepkit.pep import method_names

    return [name for name in method_names() if name.startswith(incomplete)]


def _complete_solver(incomplete: str) -> list[str]:
    from pepkit.cli.solver_list import solver_names

    return [name for name in ("auto", *solver_names()) if name.startswith(incomplete)]


def _optional(help_text: str, *names: str, **parameters: Any) -> Any:
    """An option with its help first, because the help is what one reads here."""
    return typer.Option(*names, help=help_text, **parameters)


_STATEMENT = "Statement"
_SEARCH = "How the certificate is found"
_RESULT = "Result"

Smoothness = Annotated[
    str,
    _optional("Smoothness constant: 'L' for every L > 0, or an exact number.", "--L", rich_help_panel=_STATEMENT),
]
StrongConvexity = Annotated[
    str,
    _optional(
        "Strong convexity constant, as 'L/10' or a number; 0: convex, negative: hypoconvex.",
        "--mu",
        rich_help_panel=_STATEMENT,
    ),
]
Measure = Annotated[
    str | None,
    _optional(
        "What is bounded: " + ", ".join(_MEASURES) + ".",
        "--measure",
        show_default="function-value",
        autocompletion=_complete_measure,
        metavar="NAME",
        rich_help_panel=_STATEMENT,
    ),
]
Initial = Annotated[
    str,
    _optional(
        "What it is compared with at the start: " + ", ".join(_INITIALS) + ".",
        "--initial",
        autocompletion=_complete_initial,
        metavar="NAME",
        rich_help_panel=_STATEMENT,
    ),
]
Sharp = Annotated[bool, _optional("Accept only the exact optimal rate.", "--sharp", rich_help_panel=_SEARCH)]
Relaxed = Annotated[
    str | None,
    _optional(
        "Round to a rational rate at most this relative excess above the optimum, such as 1e-6. "
        "Without --sharp and --relaxed, sharp is tried first.",
        "--relaxed",
        metavar="TOLERANCE",
        rich_help_panel=_SEARCH,
    ),
]
Solver = Annotated[
    str,
    _optional(
        "Solver, see 'pepkit solvers'.",
        "--solver",
        autocompletion=_complete_solver,
        metavar="NAME",
        rich_help_panel=_SEARCH,
    ),
]
Family = Annotated[
    str,
    _optional(
        "Family of certificates with known structure to try.", "--family", metavar="NAME", rich_help_panel=_SEARCH
    ),
]
Form = Annotated[
    str | None,
    _optional(
        "Certificate in closed form only: flat (multipliers), composition (the tree of joins); or solver, to solve "
        "where there is a closed form too.",
        "--form",
        show_default="a closed form where there is one",
        metavar="flat|composition|solver",
        rich_help_panel=_SEARCH,
    ),
]
Witness = Annotated[
    bool,
    _optional(
        "Look for a worst case that bounds the rate from below.", "--witness/--no-witness", rich_help_panel=_SEARCH
    ),
]
Sympy = Annotated[
    bool | None,
    _optional(
        "Check again with sympy.",
        "--sympy/--no-sympy",
        show_default="where it is quick",
        rich_help_panel=_RESULT,
    ),
]
Output = Annotated[
    Path | None,
    _optional(
        "File for the certificate.",
        "--output",
        "-o",
        show_default="NAME-STEPS.json in this folder",
        metavar="FILE",
        rich_help_panel=_RESULT,
    ),
]
Force = Annotated[bool, _optional("Replace whatever the output file holds.", "--force", rich_help_panel=_RESULT)]
Json = Annotated[bool, _optional("Print one JSON object instead of text.", "--json", rich_help_panel=_RESULT)]
