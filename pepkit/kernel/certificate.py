"""Certificates and the check: the only place where theorems are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any, Protocol

from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError, UndecidedError
from pepkit.kernel.numbers import Field
from pepkit.kernel.radicals import RadicalField
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.kernel.statement import Form, Index, Statement, gram_residual
from pepkit.kernel.witness import Witness, check_witness
from pepkit.kernel.words import sentence

__all__ = ["Certificate", "Conclusion", "Proof", "Theorem", "check", "residual_of"]

MAX_MULTIPLIERS = 2_000_000


@dataclass(frozen=True)
class Certificate:
    """A claim and the data that make its truth a finite computation.

    Parameters
    ----------
    claim
        What is proved; its rate is set.
    multipliers
        For every family of hypotheses, index -> multiplier (a number; for matrix inequalities a symmetric
        matrix as nested tuples). Hypotheses that are not listed have multiplier zero.
    kernel
        Vectors in the kernel of the residual, in the basis of the statement: a hint that makes the proof
        of semidefiniteness fast. It is checked, so a false hint is an error and never a false theorem.
    witness
        Data that bound the rate from below, or None.
    provenance
        How the certificate was found. Not part of what is proved, not hashed, not believed.
    """

    claim: Claim
    multipliers: Mapping[str, Mapping[Index, Any]]
    kernel: tuple[tuple[Any, ...], ...] = ()
    witness: Witness | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Conclusion:
    """What a proof of a kind that the kernel knows has found: the fields of a theorem, which `check` makes of it."""

    claim: Claim
    rate: Any
    lower: Any
    tight: bool
    checks: tuple[str, ...]


_BY_CHECK = object()


@dataclass(frozen=True)
class Theorem:
    """What the kernel has proved. Only `check` makes theorems.

    `rate` is the proved upper bound, `lower` the value that the witness attains (None without witness);
    the worst case lies in [lower, rate], and `tight` says that the two agree. A theorem is neither pickled nor
    changed with `dataclasses.replace`: move the certificate and check it again.
    """

    claim: Claim
    rate: Any
    lower: Any
    tight: bool
    checks: tuple[str, ...]
    made_by: InitVar[object] = None

    def __post_init__(self, made_by: object) -> None:
        if made_by is not _BY_CHECK:
            raise TypeError("only pepkit.kernel.check makes theorems; give it a certificate")

    def __reduce__(self) -> Any:
        raise TypeError("a theorem cannot be pickled or copied; move its certificate and check that again")

    def __str__(self) -> str:
        return sentence(self.claim, self.lower, self.tight)


class Proof(Protocol):
    """A certificate of another shape than a `Certificate`: composition of theorems, case distinctions, ...

    Its file holds an object ``"proof"`` in place of ``"multipliers"``; see `pepkit.kernel.proof_data`.
    """

    @property
    def claim(self) -> Claim:
        """What is proved."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """How the proof was found; not believed."""

    def prove(self) -> Conclusion:
        """The conclusion, or an error that names the first thing that fails."""


def check(certificate: Certificate | Proof) -> Theorem:
    """Prove the claim of a certificate, or raise an error that names the first thing that fails.

    Everything is derived again from the claim. Raises CertificateError (the certificate does not prove
    its claim), FormatError (it does not fit the statement), ClaimError (the claim makes no sense).
    """
    if not isinstance(certificate, Certificate):
        return _theorem(_check_proof(certificate))
    while True:
        try:
            return _theorem(_check(certificate))
        except UndecidedError:
            refined = _refined(certificate)
            if refined is None:
                raise
            certificate = refined


def _theorem(found: Conclusion) -> Theorem:
    return Theorem(found.claim, found.rate, found.lower, found.tight, found.checks, _BY_CHECK)


def _check_proof(proof: Proof) -> Conclusion:
    """The conclusion of a proof of a kind that the kernel knows; no other object can claim to be one."""
    from pepkit.kernel.proof_data import KINDS

    if type(proof) not in {kind for kind, _, _ in KINDS.values()}:
        raise FormatError(f"the kernel knows no proofs of type {type(proof).__name__}")
    conclusion = proof.prove()
    if conclusion.claim is not proof.claim and conclusion.claim != proof.claim:
        raise CertificateError("the proof is about another claim than it states")
    return conclusion


def _refined(certificate: Certificate) -> Certificate | None:
    from pepkit.kernel.files import certificate_from_data, certificate_to_data

    if not isinstance(certificate.claim.field, RadicalField):
        return None
    finer = certificate.claim.field.refined()
    if finer is None:
        return None
    try:
        data = certificate_to_data(certificate)
    except ClaimError:  # built from intermediate results, which have no name to look up in the finer field
        return None
    refined = certificate_from_data(data, field=finer)
    return refined if isinstance(refined, Certificate) else None


def _check(certificate: Certificate) -> Conclusion:
    claim = certificate.claim
    if claim.rate is None:
        raise ClaimError("the claim states no rate")
    statement = claim.statement()
    number_field = statement.field
    count, matrix, kernel = residual_of(certificate, statement)
    prove_positive_semidefinite(matrix, number_field, [statement.vectors[v].name for v in statement.basis], kernel)
    checks = [
        f"{count} multipliers have the right sign",
        "all function values and constants cancel",
        f"the residual is positive semidefinite ({len(matrix)} x {len(matrix)})",
    ]
    lower, tight = None, False
    if certificate.witness is not None:
        lower = check_witness(statement, certificate.witness)
        tight = _compare(number_field, lower, claim.rate)
        checks.append(f"a worst case in dimension {certificate.witness.dimension} attains the lower bound")
    return Conclusion(claim, claim.rate, lower, tight, tuple(checks))


def _compare(number_field: Field, lower: Any, rate: Any) -> bool:
    difference = rate - lower
    if not difference:
        return True
    if number_field.sign(difference) < 0:
        raise CertificateError(
            "the witness lies above the proved rate, so a hypothesis of the kernel itself is wrong: please report this"
        )
    return False


def residual_of(
    certificate: Certificate, statement: Statement | None = None
) -> tuple[int, list[list[Any]], list[list[Any]]]:
    """Signs and cancellation checked; the residual matrix that remains to be proved semidefinite.

    Returns the number of multipliers, the matrix S over the basis of the statement, and the kernel hint
    as field elements.
    """
    claim = certificate.claim
    statement = claim.statement() if statement is None else statement
    number_field = statement.field
    terms: list[tuple[Form, Any]] = [
        (statement.normaliser, number_field.coerce(claim.rate)),
        (statement.measure, number_field.coerce(-1)),
    ]
    count = 0
    for name, values in certificate.multipliers.items():
        family = statement.family(name)
        for index, value in values.items():
            count += 1
            form = family.form(index)
            if family.relation == "psd":
                terms.extend(_matrix_terms(number_field, form, value, family.describe(index)))
                continue
            value = number_field.coerce(value)
            if family.relation == ">=" and number_field.sign(value) < 0:
                raise CertificateError(
                    f"multiplier of {family.describe(index)} is negative: {number_field.text(value)[:80]}"
                )
            terms.append((form, -value))
    if count > MAX_MULTIPLIERS:
        raise FormatError(f"more than {MAX_MULTIPLIERS} multipliers")
    matrix, linear, constant = gram_residual(statement, terms)
    for s in sorted(linear):
        if linear[s]:
            raise CertificateError(
                f"coefficient of {statement.scalars[s]} does not cancel: {number_field.text(linear[s] + 0)[:80]}"
            )
    if number_field.sign(number_field.coerce(constant)) < 0:
        raise CertificateError(f"the constant term is negative: {number_field.text(constant)[:80]}")
    kernel = [[number_field.coerce(a) for a in vector] for vector in certificate.kernel]
    return count, matrix, kernel


def _matrix_terms(
    number_field: Field, form: tuple[tuple[Form, ...], ...], value: Any, name: str
) -> list[tuple[Form, Any]]:
    size = len(form)
    rows = value if isinstance(value, (tuple, list)) else ()
    if len(rows) != size or any(not isinstance(row, (tuple, list)) or len(row) != size for row in rows):
        raise FormatError(f"the multiplier of {name} is not a {size} x {size} matrix")
    multiplier = [[number_field.coerce(a) for a in row] for row in rows]
    if any(multiplier[i][j] != multiplier[j][i] for i in range(size) for j in range(i)):
        raise FormatError(f"the multiplier of {name} is not symmetric")
    prove_positive_semidefinite(multiplier, number_field, [str(k) for k in range(size)], what=f"multiplier of {name}")
    return [(form[i][j], -multiplier[i][j]) for i in range(size) for j in range(size)]
