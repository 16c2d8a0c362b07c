"""A certificate as a Coq file: claim and proof in integers, and the theorem that they give.

The file is written against the theory in `proofs/`; proofs/README.md describes what an instance contains. The theory
checks everything again, so a mistake in this module makes coqc refuse the file and cannot make a false theorem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pepkit.kernel import (
    Certificate,
    Claim,
    FixedStepMethod,
    MethodClaim,
    claim_digest,
    digest,
)
from pepkit.kernel.certificate import residual_of
from pepkit.proof_assistant.errors import ExportError
from pepkit.proof_assistant.examples import attained_by_huber, curvature_of_worst_quadratic
from pepkit.proof_assistant.hints import semidefinite_hints
from pepkit.proof_assistant.ring import Ring, common_denominator, largest_bits, ring_of
from pepkit.proof_assistant.theorem import INITIAL_CONDITIONS, MEASURES, rate_statement, root_hypotheses, steps_of

__all__ = ["Instance", "method_instance", "packed_list"]

_CHUNK = 400
_GUARD_BITS = 128


@dataclass(frozen=True)
class Instance:
    """A Coq file and the statement in it.

    Parameters
    ----------
    source
        The text of the file.
    theorem
        The statement of the theorem ``rate``, as it stands in the file.
    bits
        Binary digits of the common denominator of the proof.
    definitions
        What the statement refers to and the file defines, line by line.
    sharp
        The statement of the theorem ``sharp``, that no smaller constant holds; None if the file has none.
    """

    source: str
    theorem: str
    bits: int
    definitions: tuple[str, ...] = ()
    sharp: str | None = None


def method_instance(certificate: Certificate) -> Instance:
    """The Coq file for a certificate of a `MethodClaim`.

    Raises
    ------
    ExportError
        If the claim is of another kind, or its numbers are given by a program of radicals.
    """
    claim = certificate.claim
    if not isinstance(claim, MethodClaim):
        raise ExportError("the claim is not about a method")
    return _Writer(certificate, claim, ring_of(claim.field)).instance()


@dataclass
class _Writer:
    certificate: Certificate
    claim: MethodClaim
    ring: Ring
    lines: list[str] = field(default_factory=list)

    def instance(self) -> Instance:
        claim, ring = self.claim, self.ring
        step_denominator = common_denominator(ring, steps_of(claim))
        delta = common_denominator(ring, [claim.function_class.mu_over_L])
        proof = _Proof(self.certificate, claim, ring, step_denominator, delta)
        bits = 0
        if ring.general:
            sizes = [*steps_of(claim), proof.factor * claim.rate]
            sizes += [value for _, value in proof.interpolation] + [a for _, vector in proof.kernel for a in vector]
            bits = (largest_bits(ring, sizes) + _GUARD_BITS + 63) // 64 * 64
        low, high = ring.interval(bits) if ring.general else (0, 0)
        self.lines.append(_header(claim, self.certificate))
        self.lines.append(f"Definition K := {self._ring_term(low, high, bits)}.")
        self._problem(step_denominator, delta)
        self._certificate(proof)
        self.lines += [
            "Lemma accepted : check K problem certificate = true.",
            "Proof. vm_cast_no_check (eq_refl true). Qed.",
            "",
        ]
        statement = rate_statement(claim, ring)
        if ring.general:
            interval, equation = root_hypotheses(ring, low, high, bits)
            self.lines += [
                f"Theorem root_exists : exists alpha : R, {interval} /\\ {equation}.",
                "Proof. prove_root K. Qed.",
                "",
            ]
            statement = [f"forall alpha : R,\n  {interval} ->\n  {equation} ->", *statement]
            tactics = "intros alpha interval root. prove_rate_in alpha interval root accepted."
        else:
            realisation = "integers_real" if ring.width == 1 else f"(quadratic_real {ring.radicand})"
            tactics = f"prove_rate {realisation} accepted."
        theorem = "\n".join(statement)
        self.lines += [f"Theorem rate : {theorem}.", f"Proof. {tactics} Qed.", "Print Assumptions rate.", ""]
        sharp = self._sharp(low, high, bits)
        return Instance("\n".join(self.lines), theorem, proof.factor.bit_length(), sharp=sharp)

    def _sharp(self, low: int, high: int, bits: int) -> str | None:
        """Write the theorem that no smaller constant holds; its statement, None where the theory has no example."""
        claim, ring = self.claim, self.ring
        curvature = None
        if not attained_by_huber(claim):
            curvature = None if ring.general else curvature_of_worst_quadratic(claim)
            if curvature is None:
                return None
        body = "\n".join(rate_statement(claim, ring, "rho")).replace("\n", "\n  ")
        text = f"forall rho : R,\n  ({body}) ->\n  {ring.real(claim.rate)} <= rho"
        realisation = "integers_real" if ring.width == 1 else f"(quadratic_real {ring.radicand})"
        numbers = "(denominator K problem) steps (rate_numerator K certificate) (rate_denominator K certificate)"
        if curvature is not None:
            k = ring.real(curvature)
            self.lines += [
                f"(* The quadratic with the second derivative {k} L attains the rate, so no smaller constant holds. *)",
                "From Pep Require Import QuadraticExample.",
                f"Lemma sharp_accepted : quadratic_check {MEASURES[claim.measure][0]} "
                f"{INITIAL_CONDITIONS[claim.initial][0]} (scalar K {int(curvature.p)}) (scalar K {int(curvature.q)})",
            ]
            tactics = f"prove_quadratic {realisation} ({k}) sharp_accepted."
        else:
            self.lines += [
                "(* A Huber function attains the rate, so no smaller constant holds. *)",
                "Lemma sharp_accepted : sharp_check",
            ]
            tactics = f"prove_sharp {realisation} sharp_accepted."
        if ring.general:
            interval, equation = root_hypotheses(ring, low, high, bits)
            text = f"forall alpha : R,\n  {interval} ->\n  {equation} ->\n{text}"
            tactics = "intros alpha interval root. prove_sharp_in K alpha interval root sharp_accepted."
        self.lines += [
            f"  {numbers} = true.",
            "Proof. vm_cast_no_check (eq_refl true). Qed.",
            f"Theorem sharp : {text}.",
            f"Proof. {tactics} Qed.",
            "Print Assumptions sharp.",
            "",
        ]
        return text

    def _ring_term(self, low: int, high: int, bits: int) -> str:
        if self.ring.width == 1:
            return "integers"
        if self.ring.radicand is not None:
            return f"(quadratic {self.ring.radicand})"
        return f"(number_field {self._field_parameters(low, high, bits)})"

    def _field_parameters(self, low: int, high: int, bits: int) -> str:
        relation = ";".join(str(c) for c in self.ring.relation)
        return f"[{relation}]%Z ({low})%Z ({high})%Z {bits}%positive"

    def _problem(self, step_denominator: int, delta: int) -> None:
        claim = self.claim
        if isinstance(claim.method, FixedStepMethod):
            names = []
            for i, row in enumerate(claim.method.matrix):
                term = self._elements(f"row_{i}", [step_denominator * h for h in row])
                self.lines.append(f"Definition row_{i} : list K := {term}.")
                names.append(f"row_{i}")
            method = f"(FixedStep K [{'; '.join(names)}])"
        else:
            term = self._elements("step_numbers", [step_denominator * h for h in claim.method.steps])
            self.lines.append(f"Definition steps : list K := {term}.")
            method = "(GradientDescent K steps)"
        ratio = claim.function_class.mu_over_L
        self.lines += [
            f"Definition problem := Problem K {str(claim.has_minimiser).lower()} "
            f"{MEASURES[claim.measure][0]} {INITIAL_CONDITIONS[claim.initial][0]}",
            f"  {self._scalar('modulus', delta * ratio)} (scalar K {delta}) (scalar K {step_denominator}) {method}.",
            "",
        ]

    def _certificate(self, proof: _Proof) -> None:
        claim, ring = self.claim, self.ring
        numerator = self._scalar("rate_number", proof.factor * claim.rate)
        for name, entries, reader in (
            ("interpolation", proof.interpolation, "triples"),
            ("infimum", proof.infimum, "pairs"),
            ("smallest", proof.smallest, "pairs"),
        ):
            numbers: list[int] = []
            for index, value in entries:
                numbers += [*index, *ring.integers(value)]
            body = f"{reader} K ({self._decoded(name + '_numbers', numbers)})" if entries else "[]"
            entry_type = "nat * nat * K" if reader == "triples" else "nat * K"
            self.lines.append(f"Definition {name} : list ({entry_type}) := {body}.")
        kernel = []
        for k, (pivot, vector) in enumerate(proof.kernel):
            kernel.append(f"({pivot}%nat, {self._elements(f'kernel_{k}', vector)})")
        self.lines.append(f"Definition kernel : list (nat * list K) := [{'; '.join(kernel)}].")
        columns = []
        for k, column in enumerate(proof.columns):
            if column:
                columns.append(f"integer_column K ({self._packed(f'column_{k}', column)})")
            else:
                columns.append("[]")
        rows = ";\n  ".join(columns) if any(proof.columns) else ""
        self.lines.append(f"Definition columns : list (list K) := [\n  {rows}].")
        self.lines += [
            f"Definition certificate := Certificate K {numerator} (scalar K {proof.factor})",
            "  interpolation infimum smallest kernel columns.",
            "",
        ]

    def _elements(self, name: str, values: Iterable[Any]) -> str:
        """A term of type list K."""
        numbers = [a for value in values for a in self.ring.integers(value)]
        return f"coordinates K ({self._decoded(name, numbers)})"

    def _scalar(self, name: str, value: Any) -> str:
        """A term of type K, in brackets."""
        integers = self.ring.integers(value)
        if not any(integers[1:]):
            return f"(scalar K {_literal(integers[0])})"
        return f"(hd (c0 K) (coordinates K ({self._decoded(name, integers)})))"

    def _decoded(self, name: str, numbers: list[int]) -> str:
        return f"decode ({self._packed(name, numbers)})"

    def _packed(self, name: str, numbers: list[int]) -> str:
        """Define machine integers that stand for the numbers; the term that joins them."""
        definitions, term = packed_list(name, numbers)
        self.lines += definitions
        return term


def packed_list(name: str, numbers: list[int]) -> tuple[list[str], str]:
    """Definitions of machine integers that stand for the numbers, in chunks, and the term that joins them."""
    words = [word for number in numbers for word in _words(number)]
    lines, names = [], []
    for k in range(0, max(len(words), 1), _CHUNK):
        part = f"{name}_{k // _CHUNK}"
        lines.append(f"Definition {part} := ([{';'.join(map(str, words[k : k + _CHUNK]))}])%uint63.")
        names.append(part)
    return lines, " ++ ".join(names)


@dataclass
class _Proof:
    """The multipliers times a common denominator, the kernel of the residual, and the factor of the rest.

    `interpolation` holds K0 * lambda_ij / (2 (delta - mu)), `infimum` K0 * lambda_i / 2, `smallest` K0 * lambda_i, with
    K0 = `factor`. The basis is x_0 - x_* and g_i / D, D = `step_denominator`.
    """

    certificate: Certificate
    claim: MethodClaim
    ring: Ring
    step_denominator: int
    delta: int

    def __post_init__(self) -> None:
        claim, number_field, multipliers = self.claim, self.claim.field, self.certificate.multipliers
        twice_gap = 2 * self.delta * (1 - number_field.coerce(claim.function_class.mu_over_L))
        families = {
            name: [(index, value / divisor) for index, value in sorted(multipliers.get(family, {}).items())]
            for name, family, divisor in (
                ("interpolation", "interpolation", twice_gap),
                ("infimum", "infimum", 2),
                ("smallest", "smallest-gradient", 1),
            )
        }
        _, matrix, hints = residual_of(self.certificate)
        if not claim.has_minimiser:
            # the theory always has x_0 - x_* as the first vector of the basis
            zero = number_field.coerce(0)
            matrix = [[zero] * (len(matrix) + 1), *([zero, *row] for row in matrix)]
            hints = [[zero, *vector] for vector in hints]
        scales = [1] + [self.step_denominator] * (len(matrix) - 1)
        numbers = [claim.rate, *(value for entries in families.values() for _, value in entries)]
        found = semidefinite_hints(matrix, hints, number_field, self.ring, scales, numbers)
        self.factor, self.kernel, self.columns = found.factor, found.kernel, found.columns
        self.interpolation = [(i, self.factor * value) for i, value in families["interpolation"]]
        self.infimum = [(i, self.factor * value) for i, value in families["infimum"]]
        self.smallest = [(i, self.factor * value) for i, value in families["smallest"]]


def _words(value: int) -> list[int]:
    """A header 2n + sign and the n digits in base 2^60 of an integer."""
    digits, rest = [], abs(value)
    while rest:
        digits.append(rest & ((1 << 60) - 1))
        rest >>= 60
    return [2 * len(digits) + (value < 0), *digits]


def _literal(value: int) -> str:
    return f"({value})" if value < 0 else str(value)


def _header(claim: Claim, certificate: Certificate) -> str:
    return (
        f"(* Written by pepkit from the certificate {digest(certificate)}\n"
        f"   of the claim {claim_digest(claim)}. *)\n"
        "From Pep Require Import Instance.\n"
    )
