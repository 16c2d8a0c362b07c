"""A composition as a Coq file: its tree, what each join proves, and a number for every weight.

The statement has the schedule as the tree of its joins and the rate as a number. The file proves it by one lemma of
the theory for each join (docs/mathematics-joins.md), and compares weights with numbers: the exact ones where the proof
states the roots of the joins, lower bounds in fixed point otherwise. Nothing is unfolded, so the number of steps does
not matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from pepkit.kernel import CompositionClaim, CompositionProof, InitialCondition, Measure, claim_digest, digest
from pepkit.kernel.joins import EMPTY
from pepkit.proof_assistant.errors import ExportError
from pepkit.proof_assistant.instance import Instance
from pepkit.proof_assistant.ring import Ring, common_denominator, ring_of
from pepkit.proof_assistant.theorem import root_hypotheses

__all__ = ["composition_instance"]

_FIRST_PRECISION = 128
_LAST_PRECISION = 1 << 14
_FIELD_BITS = 512

_RATES = {
    ("f", Measure.FUNCTION_VALUE): ("f_rate", "value"),
    ("g", Measure.GRADIENT_NORM): ("g_gradient_rate", "gradient"),
    ("g", Measure.SMALLEST_GRADIENT_NORM): ("g_smallest_gradient_rate", "gradient"),
    ("s", Measure.GRADIENT_NORM): ("s_gradient_rate", "square"),
    ("s", Measure.SMALLEST_GRADIENT_NORM): ("s_smallest_gradient_rate", "square"),
}
_STRONGLY_CONVEX_RATES = {
    ("f", Measure.FUNCTION_VALUE): ("m_value_rate", "/ (2 * weight {})"),
    ("g", Measure.GRADIENT_NORM): ("m_gradient_rate", "2 / weight {}"),
}


def composition_instance(proof: CompositionProof) -> Instance:
    """The Coq file for a proof by composition.

    For strongly convex functions and schedules of kind f or g the rate of the theorem is the expression in the weight
    of the tree, whatever number the claim states; in all other cases it is the number of the claim.

    Raises
    ------
    ExportError
        If numbers are given by a program of radicals, or mu/L is irrational and the proof states no roots.
    """
    claim = proof.claim
    return _Writer(proof, claim, ring_of(claim.field)).instance()


@dataclass(frozen=True)
class _Part:
    """A schedule in the file: its term, its kind, its weight, the names of the lemmas about it."""

    term: str
    kind: str
    weight: Any
    proved: str
    bounded: str


class _TooCoarse(Exception):
    """The bounds do not reach the rate at this precision."""


@dataclass
class _Writer:
    proof: CompositionProof
    claim: CompositionClaim
    ring: Ring
    lines: list[str] = field(default_factory=list)
    sharp: str | None = None

    def instance(self) -> Instance:
        claim = self.claim
        kind = self._kind()
        self.by_number = claim.convex or kind == "closed"
        if self.proof.roots is not None:
            return self._written(0)
        if not self.by_number:
            return self._written(_FIRST_PRECISION)
        if not claim.convex and len([c for c in self.ring.coordinates(claim.function_class.mu_over_L)[1:] if c]):
            raise ExportError(
                "mu/L is irrational and the proof states no roots; state the roots of the joins, or round mu/L"
            )
        precision = _FIRST_PRECISION
        while precision <= _LAST_PRECISION:
            try:
                return self._written(precision)
            except _TooCoarse:
                precision *= 2
        raise ExportError(
            f"at {_LAST_PRECISION} bits the rate is not told from the worst case; state the roots of the joins"
        )

    def _kind(self) -> str:
        kind: str = self.claim.instructions[-1][0]
        return "closed" if kind in ("close", "then") else kind

    def _written(self, precision: int) -> Instance:
        claim, ring = self.claim, self.ring
        self.lines = [
            f"(* Written by pepkit from the certificate {digest(self.proof)}",
            f"   of the claim {claim_digest(claim)}. *)",
            "From Pep Require Import CompositionInstance.",
            "",
        ]
        ratio = claim.function_class.mu_over_L
        self.mu = ring.real(ratio)
        self.mu = self.mu if self.mu.startswith("(") else f"({self.mu})"
        self.exact = precision == 0
        self.sharp = None
        statement_rate = claim.rate
        # a common denominator of all numbers
        if self.exact:
            weights = self._exact_weights()
            numbers = [weight for pair in weights for weight in pair if weight is not None]
            self.denominator = common_denominator(ring, [ratio, claim.rate, *numbers])
        else:
            weights = []
            self.denominator = common_denominator(ring, [ratio, claim.rate]) << precision
        general = ring.general and self.by_number
        if general:
            low, high = ring.interval(_FIELD_BITS)
            relation = ";".join(str(c) for c in ring.relation)
            parameters = f"[{relation}]%Z ({low})%Z ({high})%Z {_FIELD_BITS}%positive"
            self.lines.append(f"Definition K := number_field {parameters}.")
            interval, equation = root_hypotheses(ring, low, high, _FIELD_BITS)
            self.lines += [
                f"Theorem root_exists : exists alpha : R, {interval} /\\ {equation}.",
                "Proof. prove_root K. Qed.",
                "",
                "Section Root.",
                f"Variable alpha : R.\nHypothesis interval : {interval}.\nHypothesis root : {equation}.",
                f"Lemma field_equation : alpha ^ {ring.width} = nvalue alpha [{relation}]%Z.",
                "Proof. cbn [nvalue]. lra. Qed.",
                f"Definition E := number_field_real {parameters} alpha interval field_equation.",
            ]
        elif ring.width == 1 or not self.by_number:
            self.lines += ["Definition K := integers.", "Definition E := integers_real."]
        else:
            self.lines += [
                f"Definition K := quadratic {ring.radicand}.",
                f"Definition E := quadratic_real {ring.radicand}.",
            ]
        self.lines += [f"Definition D : K := scalar K {self.denominator}.", ""]
        if not claim.convex:
            self.lines += [f"Lemma modulus : 0 < {self.mu} < 1.", f"Proof. {self._modulus_tactic()} Qed.", ""]
        self._empties()
        parts: list[_Part] = []
        for position, (name, *operands) in enumerate(claim.instructions):
            given = [EMPTY if operand == EMPTY else parts[operand] for operand in operands]
            exact = weights[position] if self.exact else None
            parts.append(self._join(position, name, given, exact))
        theorem = self._theorem(parts[-1], statement_rate)
        if general:
            self.lines.append("End Root.")
            theorem = f"forall alpha : R,\n  {interval} ->\n  {equation} ->\n{theorem}"
        self.lines += ["Print Assumptions rate.", ""]
        definitions = tuple(line[11:-1] for line in self.lines if line.startswith("Definition part_"))
        return Instance("\n".join(self.lines), theorem, self.denominator.bit_length(), definitions, self.sharp)

    def _modulus_tactic(self) -> str:
        if self.ring.width == 1:
            return "lra."
        if self.ring.general:
            return "split; nra."
        radicand = self.ring.radicand
        return f"pose proof (sqrt_sqrt {radicand} ltac:(lra)); pose proof (sqrt_pos {radicand}); split; nra."

    # weights

    def _exact_weights(self) -> list[tuple[Any, Any]]:
        """For every join its weight, and that of its second part as one of kind f where it is of kind s."""
        claim = self.claim
        roots = iter(self.proof.roots or ())
        one = claim.field.coerce(1)
        m = claim.field.coerce(claim.function_class.mu_over_L)
        kinds: list[str] = []
        weights: list[tuple[Any, Any]] = []
        for name, *operands in claim.instructions:
            values = []
            for operand in operands:
                values.append((m if not claim.convex else one) if operand == EMPTY else weights[operand][0])
            converted = None
            if name == "s":
                weight = next(roots)
            elif name == "close":
                weight = (1 - values[0]) / (1 + values[0])
            elif name == "then":
                weight = values[0] * values[1]
            else:
                root = next(roots)
                if not claim.convex:
                    weight = None
                else:
                    tail = operands[1] if name == "f" else operands[0]
                    base = one if tail == EMPTY else weights[tail][0]
                    if name == "f" and tail != EMPTY and kinds[tail] == "s":
                        base = converted = 2 * base - 1
                    weight = root * root * base
            kinds.append(name)
            weights.append((weight, converted))
        if claim.convex and kinds[-1] == "s" and claim.measure is Measure.FUNCTION_VALUE:
            weights[-1] = (weights[-1][0], 2 * weights[-1][0] - 1)
        return [(None if w is None else claim.field.coerce(w), c) for w, c in weights]

    def _number(self, name: str, value: Any) -> str:
        """Define the element D * value (an integer where bounds are used) and return its name."""
        integers = self.ring.integers(self.denominator * value) if self.exact else [value]
        if not self.exact and self.ring.width > 1:
            integers += [0] * (self.ring.width - 1)
        self.lines.append(f"Definition {name} : K := element K [{'; '.join(map(_literal, integers))}]%Z.")
        return name

    def _empties(self) -> None:
        one = self.claim.field.coerce(1) if self.exact else self.denominator
        claim = self.claim
        if claim.convex:
            self.empty_s = self._bounded_empty("empty", "empty_s", "one", one)
            self.empty_f = _Part("(s_as_f empty)", "f", one, "empty_f", "bound_empty_f")
            self.empty_g = _Part("empty", "g", one, "empty_g", self.empty_s.bounded)
            self.lines += [
                "Lemma bound_empty_f : at_least E D one (weight (s_as_f empty)).",
                "Proof. apply bound_empty; [simpl weight; lra|checked]. Qed.",
                "",
            ]
            self.names = {self.empty_s.term: "one", self.empty_f.term: "one"}
            return
        self.names = {}
        m = f"(m_empty {self.mu})"
        value: Any = None
        if self.by_number:
            ratio = claim.function_class.mu_over_L
            value = ratio if self.exact else int((self.denominator * self.ring.coordinates(ratio)[0]).p)
            self._number("modulus_number", value)
            self.lines += [
                f"Lemma bound_modulus : at_least E D modulus_number (weight {m}).",
                "Proof.",
                "  apply bound_m_empty; [unfold modulus_number, D, K, E; number|pose proof modulus; lra|].",
                "  apply (is_positive_ok K). checked.",
                "Qed.",
            ]
            self.names[m] = "modulus_number"
        self.empty_s = _Part(m, "s", value, f"(m_empty_s {self.mu} modulus)", "bound_modulus")
        self.empty_f = _Part("empty", "f", None, f"(m_empty_f {self.mu} modulus)", "")
        self.empty_g = _Part("empty", "g", None, f"(m_empty_g {self.mu})", "")

    def _bounded_empty(self, term: str, proved: str, name: str, value: Any) -> _Part:
        self._number(name, value)
        self.lines += [
            f"Lemma bound_{name} : at_least E D {name} (weight {term}).",
            "Proof. apply bound_empty; [simpl weight; lra|checked]. Qed.",
        ]
        return _Part(term, "s", value, proved, f"bound_{name}")

    # joins

    def _join(self, position: int, name: str, operands: list[Any], exact: Any) -> _Part:
        convex, prefix = self.claim.convex, "" if self.claim.convex else "m_"
        wanted = {"s": "ss", "f": "sf", "g": "gs", "close": "s", "then": "cc"}[name]
        parts = [self._operand(operand, kind, exact) for operand, kind in zip(operands, wanted, strict=True)]
        part = f"part_{position}"
        mu = "" if convex or name == "then" else f" {self.mu}"
        function = {"close": "close", "then": "then"}.get(name, f"{name}_join")
        terms = " ".join(p.term for p in parts)
        kind = {"close": "closed", "then": "closed"}.get(name, name)
        predicate = (
            f"of_kind_{kind}" if convex else f"m_closed {self.mu}" if kind == "closed" else f"m_kind_{kind} {self.mu}"
        )
        lemma = f"{prefix}{function}_ok"
        hypotheses = " ".join(p.proved for p in parts)
        if convex:
            argument = f"{lemma} _ _ {hypotheses}"
        elif name in ("close", "then"):
            argument = f"{lemma} {self.mu}{' modulus' if name == 'close' else ''} {'_ ' * len(parts)}{hypotheses}"
        else:
            argument = f"{lemma} {self.mu} modulus _ _ {hypotheses}"
        self.lines += [
            f"Definition {part} : schedule := {prefix}{function}{mu} {terms}.",
            f"Lemma kind_{position} : {predicate} {part}.",
            f"Proof. exact ({argument}). Qed.",
        ]
        if not self.by_number:
            return _Part(part, kind, None, f"kind_{position}", "")
        weight = exact[0] if self.exact else self._bound(name, [p.weight for p in parts])
        number = self._number(f"number_{position}", weight)
        self.names[part] = number
        relation = "at_most" if kind == "closed" else "at_least"
        bound = {"close": "bound_close", "then": "bound_then"}.get(name, f"bound_{prefix}{name}")
        numbers = " ".join(self.names[p.term] for p in parts)
        where = "" if convex else f"{self.mu} "
        modulus = "" if convex or name == "then" else "modulus "
        bounds = " ".join(p.bounded for p in parts)
        self.lines += [
            f"Lemma bound_{position} : {relation} E D {number} (weight {part}).",
            f"Proof. apply ({bound} E D {where}{terms} {numbers} {number} {modulus}{hypotheses} {bounds}).",
            "checked. Qed.",
            "",
        ]
        return _Part(part, kind, weight, f"kind_{position}", f"bound_{position}")

    def _operand(self, operand: Any, kind: str, exact: Any) -> _Part:
        if operand == EMPTY:
            return {"s": self.empty_s, "f": self.empty_f, "g": self.empty_g}[kind]
        part: _Part = operand
        return self._as_f(part, exact) if kind == "f" and part.kind == "s" else part

    def _as_f(self, part: _Part, exact: Any) -> _Part:
        """A schedule of kind s as one of kind f (m = 0)."""
        term = f"(s_as_f {part.term})"
        number = f"{self.names[part.term]}_as_f"
        weight = exact[1] if self.exact else 2 * part.weight - self.denominator
        if term not in self.names:
            self._number(number, weight)
            self.lines += [
                f"Lemma {number}_bound : at_least E D {number} (weight {term}).",
                f"Proof. apply (bound_as_f E D {part.term} {self.names[part.term]} {number} {part.bounded}).",
                "checked. Qed.",
            ]
            self.names[term] = number
        return _Part(term, "f", weight, f"(s_as_f_ok _ {part.proved})", f"{number}_bound")

    def _bound(self, name: str, values: list[int]) -> int:
        """The largest number in units of 1/D that the check of a join accepts, or the smallest for a contraction."""
        d = self.denominator
        if name == "close":
            return -(-d * (d - values[0]) // (d + values[0]))
        if name == "then":
            return -(-values[0] * values[1] // d)
        a, b = values
        if name == "s" and self.claim.convex:
            return (a + b + math.isqrt((a + b) ** 2 + 4 * a * b)) // 2
        if name == "s":
            linear = d * (a + b) - 2 * a * b
            return (linear + math.isqrt(linear**2 + 4 * d * d * a * b)) // (2 * d)
        prefix, tail = (a, b) if name == "f" else (b, a)
        return (tail + math.isqrt(tail**2 + 8 * prefix * tail)) // 2 + 2 * prefix

    # the theorem

    def _theorem(self, last: _Part, rate: Any) -> str:
        claim, ring = self.claim, self.ring
        if claim.convex and last.kind == "s" and claim.measure is Measure.FUNCTION_VALUE:
            exact = (None, 2 * last.weight - 1) if self.exact else None
            last = self._as_f(last, exact)
        hypotheses = "f g L HL Hc Hg Hl x_star Hs"
        if not self.by_number:
            lemma, template = _STRONGLY_CONVEX_RATES[last.kind, claim.measure]
            text = f"({template.format(last.term)})"
            condition = "1 <= {} * (2 * weight {})" if last.kind == "f" else "2 <= {} * weight {}"
            proof = f"pose proof (proj1 {last.proved}); right; field; lra"
            modulus = " modulus" if last.kind == "f" else ""
            arguments = f"{last.term} {self.mu} {text}{modulus} {hypotheses} {last.proved}"
        else:
            text = ring.real(rate)
            text = text if text.startswith("(") else f"({text})"
            if last.kind == "closed":
                lemma, check = "m_distance_rate", "distance"
                condition = "weight {1} ^ 2 <= {0}"
                arguments = f"{last.term} {self.mu} {text} {hypotheses} {last.proved}"
            else:
                lemma, check = _RATES[last.kind, claim.measure]
                condition = {
                    "value": "1 <= {} * (2 * weight {})",
                    "gradient": "2 <= {} * weight {}",
                    "square": "1 <= {} * weight {} ^ 2",
                }[check]
                arguments = f"{last.term} {text} {hypotheses} {last.proved}"
            if not self.exact and not self._reached(check, last.weight, rate):
                raise _TooCoarse
            value = rate if self.exact else None
            if value is None:
                integers = ring.integers(self.denominator * rate)
                self.lines.append(f"Definition rate_number : K := element K [{'; '.join(map(_literal, integers))}]%Z.")
            else:
                self._number("rate_number", value)
            first = "unfold rate_number, D, K, E; number | " + (
                f"apply {last.proved} | " if last.kind == "closed" else ""
            )
            proof = (
                f"apply ({check}_bound E D {self.names[last.term]} rate_number); "
                f"[{first}apply {last.bounded} | checked]"
            )
        goal = condition.format(text, last.term)
        self.lines += [f"Lemma rate_reached : {goal}.", f"Proof. {proof}. Qed.", ""]
        plain = last.term.removeprefix("(s_as_f ").removesuffix(")") if last.term.startswith("(s_as_f ") else last.term
        theorem = self._statement(f"steps {plain}", text)
        self.lines += [
            f"Theorem rate : {theorem}.",
            "Proof.",
            "  intros V f g L HL Hc Hg Hl x_star Hs.",
            f"  exact ({lemma} {arguments} rate_reached).",
            "Qed.",
        ]
        if claim.convex and last.kind == "f":
            body = self._statement(f"steps {plain}", "rho").replace("\n", "\n  ")
            self.sharp = f"forall rho : R,\n  ({body}) ->\n  / (2 * weight {last.term}) <= rho"
            self.lines += [
                "",
                "(* No smaller constant holds: a Huber function attains the rate of the tree. *)",
                f"Theorem sharp : {self.sharp}.",
                f"Proof. intros rho H. exact (no_smaller_rate {last.term} {last.proved} rho H). Qed.",
                "Print Assumptions sharp.",
            ]
        return theorem

    def _reached(self, check: str, weight: int, rate: Any) -> bool:
        """Whether the last check accepts the bound."""
        d, sign = self.denominator, self.claim.field.sign
        k = self.claim.field.coerce(weight) / d
        return {
            "value": lambda: sign(2 * k * rate - 1) >= 0,
            "square": lambda: sign(k * k * rate - 1) >= 0,
            "gradient": lambda: sign(k * rate - 2) >= 0,
            "distance": lambda: sign(rate - k * k) >= 0,
        }[check]()

    def _statement(self, steps: str, rate: str) -> str:
        claim = self.claim
        function_class = "convex f" if claim.convex else f"strongly_convex ({self.mu} * L) f"
        measure = {
            Measure.FUNCTION_VALUE: "f (final x) - f x_star",
            Measure.GRADIENT_NORM: "norm2 (g (final x))",
            Measure.SMALLEST_GRADIENT_NORM: "smallest_gradient g x",
            Measure.DISTANCE: "norm2 (final x - x_star)",
        }[claim.measure]
        initial = {
            InitialCondition.DISTANCE: "norm2 (x0 - x_star)",
            InitialCondition.FUNCTION_VALUE: "(f x0 - f x_star)",
        }[claim.initial]
        unit = {0: "", 1: " * L", 2: " * L ^ 2"}[claim.power_of_L]
        return (
            "forall (V : inner_space) (f : V -> R) (g : V -> V) (L : R), 0 < L ->\n"
            f"  {function_class} -> gradient f g -> lipschitz g L ->\n"
            "  forall x_star, minimiser f x_star -> forall x0,\n"
            f"  let x := gradient_descent L g x0 ({steps}) in\n"
            f"  {measure} <= {rate}{unit} * {initial}"
        )


def _literal(value: int) -> str:
    return f"({value})" if value < 0 else str(value)
