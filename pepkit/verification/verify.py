"""The verification of a certificate with SymPy, from the JSON text up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import Expr, N, sstr

from pepkit.verification.definite import prove_semidefinite
from pepkit.verification.document import Index, indexed, is_matrix, items_of, members, read_document, symmetric
from pepkit.verification.errors import VerificationError
from pepkit.verification.listed_problem import ListedProblem
from pepkit.verification.network_problem import lipschitz_document, quotient_at
from pepkit.verification.problem import Problem
from pepkit.verification.problems import problem_of
from pepkit.verification.reals import Reals, Undecided, reals_of

if TYPE_CHECKING:
    from pepkit.kernel import Certificate

__all__ = ["SympyVerification", "verify_with_sympy"]

INTERVAL_BITS = (320, 1280, 5120)
"""Precisions that are tried for numbers given by programs of square roots."""


@dataclass(frozen=True)
class SympyVerification:
    """What SymPy has confirmed.

    Attributes
    ----------
    rate, lower
        The proved bound, and the value that the witness attains (None without witness), for L = 1.
        Exact expressions; decimal approximations for irrational numbers of a radical field.
    tight
        Whether the two are equal.
    seconds
        Wall time.
    checks
        What was checked, in order.
    statement_text
        The claim in words.
    """

    rate: Expr
    lower: Expr | None
    tight: bool
    seconds: float
    checks: tuple[str, ...]
    statement_text: str

    def __str__(self) -> str:
        lines = [f"Verified with SymPy in {self.seconds:.2f} s: {self.statement_text}."]
        lines += [f"  - {check}" for check in self.checks]
        if self.tight:
            lines.append(f"The rate {sstr(self.rate)} = {N(self.rate, 15)} is attained, so it is optimal.")
        elif self.lower is not None:
            lines.append(f"The worst case lies between {N(self.lower, 15)} and {N(self.rate, 15)}.")
        return "\n".join(lines)


def verify_with_sympy(
    certificate: Certificate | str | bytes | os.PathLike[str],
    *,
    progress: Callable[[str], object] | None = None,
) -> SympyVerification:
    """Verify a certificate independently of the kernel.

    The claim is rebuilt from the definitions in docs/certificate-format.md, the identity is expanded
    with exact matrices, and the residual is proved positive semidefinite. Nothing of `pepkit.kernel` is
    used but, for a `Certificate` object, its JSON text.

    Parameters
    ----------
    certificate
        A certificate, its JSON text, or the path of a file.
    progress
        Called with a short text before every part of the work.

    Returns
    -------
    SympyVerification

    Raises
    ------
    VerificationError
        If the certificate does not prove its claim; the message names the first thing that fails.
    NotSupportedError
        A VerificationError: the verifier cannot decide (kernel vectors or irrational multipliers in a
        radical field, numbers too close to zero).
    """
    started = time.perf_counter()
    document = read_document(certificate)
    attained = None
    if "proof" in document:
        attained = quotient_at(document)
        document = lipschitz_document(document)
    report = progress if progress is not None else lambda _: None
    for bits in INTERVAL_BITS:
        try:
            reals = reals_of(document["field"], bits)
            rate, lower, checks, text = _verify(reals, document, report)
            break
        except Undecided:
            if bits == INTERVAL_BITS[-1]:
                raise
    if attained is not None:
        lower = reals.read(str(attained))
        if not reals.is_zero(rate - lower):
            reals.nonnegative(rate - lower, "the rate minus the quotient at the pair of inputs")
        checks.append("the network was evaluated exactly at the pair of inputs")
    tight = lower is not None and reals.is_zero(rate - lower)
    return SympyVerification(
        reals.expression(rate),
        None if lower is None else reals.expression(lower),
        tight,
        time.perf_counter() - started,
        tuple(checks),
        text,
    )


def _verify(
    reals: Reals, document: Mapping[str, Any], report: Callable[[str], object]
) -> tuple[Any, Any, list[str], str]:
    report("rebuilding the statement")
    problem = problem_of(reals, document["claim"])
    multipliers = _read_multipliers(reals, problem, document["multipliers"])
    kernel = [
        [reals.read(a) for a in items_of(vector, "a kernel vector")]
        for vector in items_of(document.get("kernel", []), "kernel")
    ]
    report("signs of the multipliers")
    count = _check_signs(reals, problem, multipliers)
    report("expanding the identity")
    residual = problem.residual(multipliers)
    for name, value in residual.scalars.items():
        if not reals.is_zero(value):
            raise VerificationError(f"the coefficient of {name} does not cancel: {sstr(reals.expression(value))[:80]}")
    reals.nonnegative(residual.constant, "the constant term")
    report("definiteness of the residual")
    size = len(residual.matrix)
    prove_semidefinite(reals, residual.matrix, kernel)
    checks = [
        f"{count} multipliers have the right sign",
        "the coefficients of all scalars vanish",
        f"the residual is positive semidefinite ({size} x {size})",
    ]
    lower = None
    if "witness" in document:
        report("the witness")
        lower, number = _check_witness(reals, problem, document["witness"])
        checks.append(f"the witness satisfies {number} hypotheses")
    return problem.rate, lower, checks, problem.text


def _read_multipliers(reals: Reals, problem: Problem, data: Mapping[str, Any]) -> dict[str, dict[Index, Any]]:
    result: dict[str, dict[Index, Any]] = {}
    for family, entries in data.items():
        if family not in problem.relations:
            raise VerificationError(f"the claim has no hypotheses called {family[:60]!r}")
        values: dict[Index, Any] = {}
        for index, value in indexed(entries, f"the list of {family} multipliers", problem.arity(family)):
            name = problem.name(family, index)
            if is_matrix(value) != (problem.relations[family] == "psd"):
                raise VerificationError(f"the multiplier of {name} has the wrong shape")
            if is_matrix(value):
                values[index] = [[reals.read(a) for a in row] for row in symmetric(value, name)]
            else:
                values[index] = reals.read(value)
                if reals.is_zero(values[index]):
                    raise VerificationError(f"the multiplier of {name} is zero and must be left out")
        result[family] = values
    return result


def _check_signs(reals: Reals, problem: Problem, multipliers: Mapping[str, Mapping[Index, Any]]) -> int:
    count = 0
    for family, values in multipliers.items():
        relation = problem.relations[family]
        for index, value in values.items():
            what = f"the multiplier of {problem.name(family, index)}"
            count += 1
            if relation == ">=":
                reals.nonnegative(value, what)
            elif relation == "psd":
                if isinstance(problem, ListedProblem) and len(value) != problem.size(index[0]):
                    raise VerificationError(f"{what} has the wrong size")
                prove_semidefinite(reals, value, what=what)
    return count


def _check_witness(reals: Reals, problem: Problem, data: Any) -> tuple[Any, int]:
    """The lower bound that a witness proves and the number of hypotheses that it satisfies."""
    members(data, "the witness", ("coordinates", "scalars"), ("weights",))
    rows = [items_of(row, "coordinates") for row in items_of(data["coordinates"], "coordinates", problem.basis_size)]
    if len({len(row) for row in rows}) > 1:
        raise VerificationError("the vectors of the witness differ in length")
    # a zero coordinate more changes no inner product and keeps the matrices from being empty
    coordinates = [[*(reals.read(a) for a in row), reals.zero] for row in rows]
    scalars = [reals.read(a) for a in items_of(data["scalars"], "scalars", len(problem.scalars))]
    weights = None
    if "weights" in data:
        size = len(coordinates[0]) - 1 if coordinates else 0
        given = [reals.read(a) for a in items_of(data["weights"], "weights", size)]
        for weight in given:
            reals.nonnegative(weight, "a weight of the witness")
        weights = [*given, reals.one]
    witnessed = problem.witnessed(coordinates, scalars, weights)
    if reals.sign(witnessed.normaliser) <= 0:
        raise VerificationError("the normaliser of the witness is not positive")
    number = 0
    for hypothesis in witnessed.hypotheses:
        number += 1
        what = f"{hypothesis.name} at the witness"
        if hypothesis.relation == "psd":
            prove_semidefinite(reals, hypothesis.value, what=what)
        elif hypothesis.relation == ">=":
            reals.nonnegative(hypothesis.value, what)
        elif not reals.is_zero(hypothesis.value):
            raise VerificationError(f"{what} is not zero")
    lower = witnessed.measure / witnessed.normaliser
    if not reals.is_zero(problem.rate - lower):
        reals.nonnegative(problem.rate - lower, "the rate minus the value at the witness")
    return lower, number
