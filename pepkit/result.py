"""What a certification ends with: a theorem and its certificate, or an error that says what was tried."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pepkit.kernel import Certificate, PepkitError, Theorem, save

__all__ = ["CertificationError", "Result"]


class CertificationError(PepkitError):
    """No certificate was found. `attempts` lists what was tried and how it ended."""

    def __init__(self, message: str, attempts: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.attempts = list(attempts)


@dataclass(frozen=True)
class Result:
    """A theorem with its certificate and the numbers that it came from.

    Parameters
    ----------
    certificate, theorem
        The exact certificate and what the kernel proved with it.
    sharp
        Whether the rate is the exact worst case (the witness attains it).
    numerical_optimum
        The solver's optimal value, a float and no theorem; None where no solver was needed.
    excess
        Relative excess of the certified rate over the best lower value known: over the proved lower bound
        where it is equal (0), over the numerical optimum otherwise.
    stages
        (name, seconds, note) of every stage.
    solver
        Name of the numerical solver.
    checked_by
        Engines that accepted the certificate, such as ("kernel", "sympy").
    notes
        What the user should know, in sentences.
    """

    certificate: Certificate
    theorem: Theorem
    sharp: bool
    numerical_optimum: float | None
    excess: float
    stages: tuple[tuple[str, float, str], ...]
    solver: str
    checked_by: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def rate(self) -> Any:
        """The certified rate, an exact number."""
        return self.theorem.rate

    @property
    def lower(self) -> Any:
        """The proved lower bound, an exact number, or None."""
        return self.theorem.lower

    @property
    def tight(self) -> bool:
        """Whether the lower bound equals the rate."""
        return self.theorem.tight

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate to a file."""
        save(self.certificate, path)

    def __str__(self) -> str:
        from pepkit.render import result_text

        return result_text(self)

    def _repr_html_(self) -> str:
        from pepkit.render import result_html

        return result_html(self)

    def _repr_latex_(self) -> str:
        from pepkit.render import result_latex

        return result_latex(self)
