"""Certified methods in the form that a simulation needs: floats of the exact data, and the data of the witness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pepkit.algebra import to_float
from pepkit.catalogue import CatalogueEntry, entries
from pepkit.certification import certify
from pepkit.kernel import (
    Certificate,
    ClaimError,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    check,
    claim_digest,
    load,
)
from pepkit.kernel.witness import Evaluation
from pepkit.labs.store import Work
from pepkit.simulate.descent import step_matrix

__all__ = ["CertifiedMethod", "certified_methods"]

MEASURE_NAMES = {
    Measure.FUNCTION_VALUE: "function-value",
    Measure.GRADIENT_NORM: "gradient-norm",
    Measure.SMALLEST_GRADIENT_NORM: "smallest-gradient-norm",
    Measure.DISTANCE: "distance",
}
INITIAL_NAMES = {
    InitialCondition.DISTANCE: "distance",
    InitialCondition.FUNCTION_VALUE: "function-value",
    InitialCondition.GRADIENT_NORM: "gradient-norm",
}


@dataclass(frozen=True)
class CertifiedMethod:
    """A method with a theorem about it.

    Attributes
    ----------
    name, family, steps
        Name in the catalogue, its folder, and N.
    matrix, gradient_descent
        The step matrix in floats; whether the method is gradient descent.
    rate, mu
        The certified rate and mu/L, rounded to floats.
    measure, initial
        Names as `pepkit.simulate.descent` knows them.
    multipliers
        The sum of the multipliers of the interpolation and infimum inequalities.
    certificate
        The certificate itself.
    """

    name: str
    family: str
    matrix: NDArray[np.float64]
    gradient_descent: bool
    rate: float
    mu: float
    measure: str
    initial: str
    multipliers: float
    certificate: Certificate

    @property
    def steps(self) -> int:
        """N."""
        return len(self.matrix)

    @property
    def claim(self) -> MethodClaim:
        """The claim, exact."""
        claim = self.certificate.claim
        if not isinstance(claim, MethodClaim):
            raise ClaimError(f"{self.name} is no claim about a method")
        return claim

    def witness_data(self) -> tuple[list[Any], list[Any], list[Any]] | None:
        """Exact points, gradients and values of a one-dimensional witness, x_* = 0 among them where it is a point.

        None without witness, or in more dimensions.
        """
        witness = self.certificate.witness
        claim = self.claim
        if witness is None or witness.dimension != 1:
            return None
        statement = claim.statement()
        evaluation = Evaluation(statement, witness)
        at = {vector.name: row[0] for vector, row in zip(statement.vectors, evaluation.vectors, strict=True)}
        count = claim.steps
        zero = claim.field.coerce(0)
        start = at["x_0 - x_*"] if claim.has_minimiser else zero
        points = [start] + [at[f"x_{i}"] for i in range(1, count + 1)]
        gradients = [at[f"g_{i}"] for i in range(count + 1)]
        values = list(evaluation.scalars[: count + 1])
        if claim.has_minimiser:
            return [*points, zero], [*gradients, zero], [*values, zero]
        return points, gradients, values


def certified_methods(folder: str, work: Work) -> Iterator[CertifiedMethod]:
    """All methods of the catalogue with their theorems, checked by the kernel.

    A certificate that is not in `folder` is made again (which takes a solver and some time) and kept with the work.
    """
    for entry in entries():
        yield _method(entry, Path(folder), work)


def _method(entry: CatalogueEntry, folder: Path, work: Work) -> CertifiedMethod:
    claim = entry.build()
    path = folder / entry.path
    if path.exists():
        certificate: Any = load(path)
        if claim_digest(claim.with_rate(certificate.claim.rate)) != claim_digest(certificate.claim):
            raise ClaimError(
                f"{path} is not about the method of the catalogue; regenerate it: pepkit catalogue --force"
            )
    else:
        certificate = work.certificate({"entry": entry.path}, lambda: certify(claim, mode=entry.mode).certificate)
    check(certificate)
    field, stated = certificate.claim.field, certificate.claim
    method = stated.method
    if isinstance(method, GradientDescent):
        matrix = step_matrix(np.array([to_float(field, h) for h in method.steps]))
    else:
        matrix = np.zeros((method.count, method.count))
        for i, row in enumerate(method.matrix):
            matrix[i, : i + 1] = [to_float(field, h) for h in row]
    total = sum(
        abs(to_float(field, value))
        for values in certificate.multipliers.values()
        for value in values.values()
        if not isinstance(value, tuple)
    )
    place = Path(entry.path)
    family, name = place.parent.name, place.stem
    return CertifiedMethod(
        # schedules of one name occur with several measures
        f"{family}-{name}" if family == "gradient-norm" else name,
        family,
        matrix,
        isinstance(method, GradientDescent),
        to_float(field, stated.rate),
        to_float(field, stated.function_class.mu_over_L),
        MEASURE_NAMES[stated.measure],
        INITIAL_NAMES[stated.initial],
        total,
        certificate,
    )
