"""A claim about listed hypotheses (an import from PEPit) as a Coq file.

The theorem says exactly what the claim says: for all vectors of an inner-product space and all real numbers that
satisfy the hypotheses, the conclusion holds. Derived vectors are replaced by their definitions. Matrix hypotheses enter
by vectors: a semidefinite multiplier is a sum of squares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import Certificate, Form, ListedClaim, Statement, claim_digest, digest
from pepkit.kernel.certificate import residual_of
from pepkit.kernel.statement import gram_residual
from pepkit.proof_assistant.errors import ExportError
from pepkit.proof_assistant.hints import semidefinite_hints
from pepkit.proof_assistant.instance import Instance, packed_list
from pepkit.proof_assistant.ring import Ring, common_denominator, largest_bits, ring_of
from pepkit.proof_assistant.theorem import root_hypotheses

__all__ = ["listed_instance"]

_GUARD_BITS = 128


@dataclass(frozen=True)
class _Basic:
    """A form over the basis: pairs i <= j with coefficients of <b_i, b_j>, coefficients of scalars, a constant."""

    pairs: tuple[tuple[int, int, Any], ...]
    linear: tuple[tuple[int, Any], ...]
    constant: Any

    @property
    def numbers(self) -> list[Any]:
        return [c for _, _, c in self.pairs] + [c for _, c in self.linear] + [self.constant]


def listed_instance(certificate: Certificate) -> Instance:
    """The Coq file for a certificate of a `ListedClaim`.

    Raises
    ------
    ExportError
        If numbers are given by a program of radicals, or the residual is not shown to be semidefinite.
    """
    claim = certificate.claim
    if not isinstance(claim, ListedClaim):
        raise ExportError("the claim is not about listed hypotheses")
    return _Writer(certificate, claim, ring_of(claim.field)).instance()


@dataclass
class _Writer:
    certificate: Certificate
    claim: ListedClaim
    ring: Ring
    lines: list[str] = field(default_factory=list)

    def instance(self) -> Instance:
        claim, ring, multipliers = self.claim, self.ring, self.certificate.multipliers
        self.statement: Statement = claim.statement()
        self.size = len(self.statement.basis)
        zero = claim.field.coerce(0)
        inequalities = [self._basic(form) for _, form in claim.inequalities]
        equalities = [self._basic(form) for _, form in claim.equalities]
        matrices = [[[self._basic(form) for form in row] for row in m] for _, m in claim.matrix_inequalities]
        measure, normaliser = self._basic(claim.measure), self._basic(claim.normaliser)
        end = common_denominator(ring, measure.numbers + normaliser.numbers)
        used = self._used(multipliers.get("inequalities", {}), inequalities)
        free = self._used(multipliers.get("equalities", {}), equalities)
        squares = self._squares(multipliers.get("matrix-inequalities", {}), matrices)
        _, matrix, hints = residual_of(self.certificate, self.statement)
        numbers = [claim.rate / fmpq(end), claim.field.coerce(1) / end]
        numbers += [value for _, _, value in (*used, *free)] + [value for _, _, _, value in squares]
        found = semidefinite_hints(matrix, hints, claim.field, ring, [1] * len(matrix), numbers)
        bits = 0
        if ring.general:
            sizes = [found.factor * value for value in numbers]
            bits = (largest_bits(ring, sizes) + _GUARD_BITS + 63) // 64 * 64
        self.low, self.high = ring.interval(bits) if ring.general else (0, 0)
        self._header(bits)

        names: dict[str, list[str]] = {"inequality": [], "equality": []}
        for kind, chosen, forms in (("inequality", used, inequalities), ("equality", free, equalities)):
            for index, scale, _ in chosen:
                name = f"{kind}_{index}"
                self.lines.append(f"Definition {name} : form K := {self._sparse(forms[index], scale)}.")
                names[kind].append(name)
        scales: dict[int, int] = {}
        for index in dict.fromkeys(index for index, _, _, _ in squares):
            scales[index] = self._scale_of(matrices[index])
            rows = ";\n  ".join(
                "[" + "; ".join(self._sparse(f, scales[index]) for f in row) + "]" for row in matrices[index]
            )
            self.lines.append(f"Definition matrix_{index} : list (list (form K)) := [\n  {rows}].")
        vectors = []
        for number, (index, vector, _, _) in enumerate(squares):
            entries = "; ".join(self._element(a) for a in vector)
            self.lines.append(f"Definition square_{number} : list K := [{entries}].")
            vectors.append(f"at_vector K matrix_{index} square_{number}")
        self.lines += [
            f"Definition measure : form K := {self._sparse(measure, end)}.",
            f"Definition normaliser : form K := {self._sparse(normaliser, end)}.",
        ]
        factor = found.factor
        inequality_numbers = [factor * v for _, _, v in used] + [factor * v for _, _, _, v in squares]
        self.lines += [
            f"Definition inequalities : list (form K) := [{'; '.join(names['inequality'] + vectors)}].",
            f"Definition equalities : list (form K) := [{'; '.join(names['equality'])}].",
            f"Definition multipliers : list K := {self._elements('multiplier_numbers', inequality_numbers)}.",
            f"Definition free : list K := {self._elements('free_numbers', [factor * v for _, _, v in free])}.",
            f"Definition rate_number : K := {self._element(factor * claim.rate / fmpq(end))}.",
            f"Definition unit_number : K := {self._element(claim.field.coerce(factor) / end + zero)}.",
        ]
        kernel = [f"({p}%nat, {self._elements(f'kernel_{k}', v)})" for k, (p, v) in enumerate(found.kernel)]
        self.lines.append(f"Definition kernel : list (nat * list K) := [{'; '.join(kernel)}].")
        columns = []
        for k, column in enumerate(found.columns):
            definitions, term = packed_list(f"column_{k}", column)
            self.lines += definitions if column else []
            columns.append(f"integer_column K ({term})" if column else "[]")
        self.lines.append(
            f"Definition columns : list (list K) := [{'; '.join(columns) if any(found.columns) else ''}]."
        )
        self.lines += [
            f"Lemma accepted : check_listed K {self.size} inequalities equalities measure normaliser",
            "  rate_number unit_number multipliers free kernel columns = true.",
            "Proof. vm_cast_no_check (eq_refl true). Qed.",
            "",
        ]
        theorem = self._theorem(inequalities, equalities, matrices, measure, normaliser, bits)
        self._proof(used, free, squares, scales, matrices, bits)
        return Instance("\n".join(self.lines), theorem, factor.bit_length())

    # the data

    def _basic(self, form: Form) -> _Basic:
        """The form with derived vectors replaced by their definitions."""
        matrix, linear, constant = gram_residual(self.statement, [(form, self.claim.field.coerce(1))])
        pairs = []
        for i in range(self.size):
            for j in range(i, self.size):
                if matrix[i][j]:
                    pairs.append((i, j, matrix[i][j] if i == j else 2 * matrix[i][j]))
        coerce = self.claim.field.coerce
        scalars = tuple((s, coerce(c)) for s, c in sorted(linear.items()) if c)
        return _Basic(tuple(pairs), scalars, coerce(constant))

    def _used(self, values: Any, forms: list[_Basic]) -> list[tuple[int, int, Any]]:
        """(number of the hypothesis, factor that makes it integral, multiplier of the integral form)."""
        result = []
        for (index,), value in sorted(values.items()):
            value = self.claim.field.coerce(value)
            if value:
                scale = common_denominator(self.ring, forms[index].numbers)
                result.append((index, scale, value / fmpq(scale)))
        return result

    def _scale_of(self, matrix: list[list[_Basic]]) -> int:
        return common_denominator(self.ring, [a for row in matrix for form in row for a in form.numbers])

    def _squares(self, values: Any, matrices: list[list[list[_Basic]]]) -> list[tuple[int, list[Any], int, Any]]:
        """(number of the matrix, vector w, its size, multiplier) with sum of multiplier w^T A w = <M, A>."""
        coerce = self.claim.field.coerce
        result = []
        for (index,), rows in sorted(values.items()):
            left = [[coerce(a) for a in row] for row in rows]
            size, scale = len(left), self._scale_of(matrices[index])
            for k in range(size):
                pivot = left[k][k]
                if not pivot:
                    # a semidefinite matrix has a zero row there
                    continue
                vector = [left[i][k] / pivot for i in range(size)]
                left = [[left[i][j] - pivot * vector[i] * vector[j] for j in range(size)] for i in range(size)]
                unit = common_denominator(self.ring, vector)
                result.append((index, [unit * a for a in vector], size, pivot / fmpq(unit * unit * scale)))
        return result

    # terms

    def _header(self, bits: int) -> None:
        ring = self.ring
        self.lines = [
            f"(* Written by pepkit from the certificate {digest(self.certificate)}\n"
            f"   of the claim {claim_digest(self.claim)}. *)",
            "From Pep Require Import Instance Listed MatrixHypotheses.",
            "",
        ]
        if not ring.general:
            term = "integers" if ring.width == 1 else f"(quadratic {ring.radicand})"
            self.realisation = "integers_real" if ring.width == 1 else f"(quadratic_real {ring.radicand})"
            self.lines += [f"Definition K : ring := {term}.", ""]
            return
        relation = ";".join(str(c) for c in ring.relation)
        parameters = f"[{relation}]%Z ({self.low})%Z ({self.high})%Z {bits}%positive"
        interval, equation = root_hypotheses(ring, self.low, self.high, bits)
        self.realisation = f"(number_field_real {parameters} alpha interval equation)"
        self.lines += [
            f"Definition K : ring := number_field {parameters}.",
            f"Theorem root_exists : exists alpha : R, {interval} /\\ {equation}.",
            "Proof. prove_root K. Qed.",
            "",
        ]

    def _element(self, value: Any) -> str:
        integers = self.ring.integers(self.claim.field.coerce(value))
        return f"element K [{'; '.join(map(_literal, integers))}]%Z"

    def _elements(self, name: str, values: list[Any]) -> str:
        if not values:
            return "[]"
        definitions, term = packed_list(name, [a for value in values for a in self.ring.integers(value)])
        self.lines += definitions
        return f"coordinates K (decode ({term}))"

    def _sparse(self, form: _Basic, scale: int) -> str:
        pairs = [f"({i}%nat, {j}%nat, {self._element(scale * c)})" for i, j, c in form.pairs]
        linear = [f"({s + 1}%nat, {self._element(scale * c)})" for s, c in form.linear]
        if form.constant:
            linear.insert(0, f"(0%nat, {self._element(scale * form.constant)})")
        return f"sparse K [{'; '.join(pairs)}] [{'; '.join(linear)}]"

    def _real(self, form: _Basic) -> str:
        terms = [self._term(c, f"inner v{i} v{j}" if i != j else f"norm2 v{i}") for i, j, c in form.pairs]
        terms += [self._term(c, f"F{s}") for s, c in form.linear]
        if form.constant or not terms:
            terms.append(self.ring.real(form.constant))
        return " + ".join(terms)

    def _term(self, coefficient: Any, name: str) -> str:
        return name if coefficient == 1 else f"{self.ring.real(coefficient)} * {name}"

    # the theorem

    def _theorem(
        self,
        inequalities: list[_Basic],
        equalities: list[_Basic],
        matrices: list[list[list[_Basic]]],
        measure: _Basic,
        normaliser: _Basic,
        bits: int,
    ) -> str:
        claim = self.claim
        vectors = " ".join(f"v{k}" for k in range(self.size))
        scalars = " ".join(f"F{k}" for k in range(len(claim.scalars)))
        binders = (
            "(V : inner_space)" + (f" ({vectors} : V)" if vectors else "") + (f" ({scalars} : R)" if scalars else "")
        )
        text = [f"forall {binders},"]
        for (name, _), form in zip(claim.inequalities, inequalities, strict=True):
            text.append(f"  0 <= {self._real(form)} ->{_comment(name)}")
        for (name, _), form in zip(claim.equalities, equalities, strict=True):
            text.append(f"  {self._real(form)} = 0 ->{_comment(name)}")
        for (name, _), matrix in zip(claim.matrix_inequalities, matrices, strict=True):
            rows = ";\n    ".join("[" + "; ".join(self._real(form) for form in row) + "]" for row in matrix)
            text.append(f"  semidefinite_matrix [\n    {rows}] ->{_comment(name)}")
        text.append(f"  {self._real(measure)} <= {self.ring.real(claim.rate)} * ({self._real(normaliser)})")
        if self.ring.general:
            interval, equation = root_hypotheses(self.ring, self.low, self.high, bits)
            text.insert(0, f"forall alpha : R,\n  {interval} ->\n  {equation} ->")
        theorem = "\n".join(text)
        self.lines.append(f"Theorem rate : {theorem}.")
        return theorem

    def _proof(
        self,
        used: list[tuple[int, int, Any]],
        free: list[tuple[int, int, Any]],
        squares: list[tuple[int, list[Any], int, Any]],
        scales: dict[int, int],
        matrices: list[list[list[_Basic]]],
        bits: int,
    ) -> None:
        claim = self.claim
        vectors = [f"v{k}" for k in range(self.size)]
        scalars = [f"F{k}" for k in range(len(claim.scalars))]
        names = [f"i{k}" for k in range(len(claim.inequalities))]
        names += [f"e{k}" for k in range(len(claim.equalities))] + [f"m{k}" for k in range(len(matrices))]
        out = ["Proof."]
        keep = ""
        if self.ring.general:
            relation = ";".join(str(c) for c in self.ring.relation)
            out += [
                "  intros alpha interval root.",
                f"  assert (alpha ^ {self.ring.width} = nvalue alpha [{relation}]%Z) as equation",
                "    by (cbn [nvalue]; clear - root; lra).",
            ]
            keep = " interval equation"
        out.append(f"  intros {' '.join(['V', *vectors, *scalars, *names])}.")
        real = "unfold K, norm2 in *; listed_number"
        space, numbers = f"[{'; '.join(vectors)}]", f"[{'; '.join(scalars)}]"
        value = f"eval_form {self.realisation} (V := V) {space} (1 :: {numbers})"
        out += [
            f"  assert ({value} measure",
            f"    <= {self.ring.real(claim.rate)} * {value} normaliser) as H.",
            f"  {{ apply (listed_sound {self.realisation} _ _ _ _ _ _ _ _ _ _ _ accepted {space} {numbers} eq_refl).",
            "    - unfold inequalities.",
        ]
        for index, _, _ in used:
            out.append(
                f"      apply Forall_cons; [clear -{keep} i{index}; unfold inequality_{index}; rewrite eval_sparse; "
                f"{real}; lra|]."
            )
        for number, (index, _, _, _) in enumerate(squares):
            out += [
                "      apply Forall_cons.",
                f"      {{ apply (matrix_inequality {self.realisation} {space} (1 :: {numbers}) matrix_{index} _ "
                f"{scales[index]} square_{number} m{index}); [lra| |reflexivity].",
                f"        clear{' -' + keep if keep else ''}; unfold matrix_{index};",
                "        repeat (first [apply Forall2_nil | apply Forall2_cons]);",
                f"        rewrite eval_sparse; {real}; lra. }}",
            ]
        out += ["      apply Forall_nil.", "    - unfold equalities."]
        for index, _, _ in free:
            out.append(
                f"      apply Forall_cons; [clear -{keep} e{index}; unfold equality_{index}; rewrite eval_sparse; "
                f"{real}; lra|]."
            )
        out += [
            "      apply Forall_nil.",
            f"    - clear{' -' + keep if keep else ''}; unfold rate_number, unit_number; {real}; lra. }}",
            f"  clear -{keep} H. unfold measure, normaliser in H. rewrite !eval_sparse in H. revert H. {real}.",
            "  intro H. lra.",
            "Qed.",
            "Print Assumptions rate.",
            "",
        ]
        self.lines += out


def _comment(name: str) -> str:
    # no brackets, stars or quotes: nothing that ends a comment or begins a string in it
    words = " ".join(re.sub(r"[^A-Za-z0-9_.,^+-]", " ", name).split())
    return f"  (* {words[:60]} *)" if words else ""


def _literal(value: int) -> str:
    return f"({value})" if value < 0 else str(value)
