"""The result of certifying a PEPit problem: a theorem with the names of the problem."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pepkit.kernel import save
from pepkit.kernel.words import decimal_text
from pepkit.pep.pepit_import import ImportedProblem
from pepkit.pepit.recognition import RecognisedMethod, recognised_method
from pepkit.result import CertificationError, Result

__all__ = ["PepitResult"]


@dataclass(frozen=True)
class PepitResult(Result):
    """A `Result` that knows the functions, inequalities and points of its PEPit problem.

    It holds copies only, so it outlives the problem.

    Attributes
    ----------
    problem
        The exact claim, and where its hypotheses come from.
    gram, values
        Numerical worst case: Gram matrix of the leaf points (n, n), and the scalars of the claim.
    """

    problem: ImportedProblem = None  # type: ignore[assignment]
    gram: np.ndarray = None  # type: ignore[assignment]
    values: np.ndarray = None  # type: ignore[assignment]

    @cached_property
    def recognised(self) -> RecognisedMethod | None:
        """The typed claim that this problem is, if it is about a fixed-step method on a smooth convex function."""
        return recognised_method(self.problem)

    @cached_property
    def typed(self) -> Result | None:
        """The theorem about the recognised method, certified at first use; None for other problems.

        The kernel derives the hypotheses of a typed claim from the class and the method, so nothing of PEPit has to be
        believed. Its rate is the dimensionless one: times ``recognised.factor`` it bounds the measure of the problem.
        """
        from pepkit.certification import certify

        found = self.recognised
        if found is None:
            return None
        try:
            return certify(found.claim, tolerance=max(self.excess, 1e-6))
        except CertificationError:
            return None

    def save(self, path: str | os.PathLike[str], statement: bool = False) -> None:
        """Write a certificate: of the typed claim where the problem is recognised, else of the imported statement.

        Parameters
        ----------
        statement
            Write the certificate of the imported statement in any case.
        """
        typed = None if statement else self.typed
        save(self.certificate if typed is None else typed.certificate, path)

    def multipliers(self, zeros: bool = False) -> Any:
        """The multipliers as a pandas table: function, inequality, points, exact value, decimal value.

        Parameters
        ----------
        zeros
            Whether hypotheses that are not used are listed as well.
        """
        import pandas

        columns = ["function", "inequality", "points", "multiplier", "decimal"]
        return pandas.DataFrame([list(row) for row in self.multiplier_rows(zeros)], columns=columns)

    def multiplier_rows(self, zeros: bool = False) -> list[tuple[str, str, str, str, float]]:
        """The rows of `multipliers`."""
        claim, field = self.problem.claim, self.certificate.claim.field
        rows = []
        for family, listed in (
            ("inequalities", claim.inequalities),
            ("equalities", claim.equalities),
            ("matrix-inequalities", claim.matrix_inequalities),
        ):
            values = self.certificate.multipliers.get(family, {})
            for k, (name, _) in enumerate(listed):
                value = values.get((k,), 0)
                source = self.problem.sources.get(name)
                place = source.function if source else ""
                inequality = source.inequality if source else name
                points = ", ".join(source.points) if source else ""
                if isinstance(value, tuple):
                    text = "[" + "; ".join(", ".join(field.text(a) for a in row) for row in value) + "]"
                    trace = sum((value[i][i] for i in range(len(value))), field.coerce(0))
                    rows.append((place, inequality, points, text, float(decimal_text(field, trace))))
                elif value or zeros:
                    exact = field.coerce(value)
                    rows.append((place, inequality, points, field.text(exact), float(decimal_text(field, exact))))
        return rows

    def to_latex(self, digits: int | None = None) -> str:
        """The proof in LaTeX: statement, weighted sum of inequalities, completed squares.

        Parameters
        ----------
        digits
            Write numbers as decimals with so many digits (for reading); None writes them exactly.
        """
        from pepkit.pepit.proof_text import proof_latex

        return proof_latex(self, digits)
