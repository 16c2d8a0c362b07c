"""What a table is: rows with a published number and a way to certify it.

A new table is a generator function in a module that `tables` imports::

    @table("silver", "Silver schedule", "Altschuler, Parrilo 2309.16530")
    def _silver():
        for n in (1, 3, 7):
            yield certified_claim(f"N{n}", f"N = {n}", Published(...), partial(gradient_descent, silver(n)))
"""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from flint import arb, fmpq

from pepkit.algebra import Real, exact, realise
from pepkit.certification import certify
from pepkit.kernel import Certificate, Claim, CompositionProof, Theorem, check
from pepkit.kernel.certificate import Proof
from pepkit.pep import initial_condition, performance_measure
from pepkit.result import Result
from pepkit.schedules import Composition, composition_proof
from pepkit.schedules.bounds import enclose, working_precision

__all__ = [
    "Certified",
    "Published",
    "Row",
    "TableEntry",
    "certified_claim",
    "certified_closed_form",
    "certified_composition",
    "certified_pattern",
    "enclosed_number",
    "numbers",
    "table",
    "tables",
]

Progress = Callable[[str, str], None]

_MODULES = (
    "pepkit.reproduction.constant_steps",
    "pepkit.reproduction.schedule_tables",
    "pepkit.reproduction.composition_tables",
    "pepkit.reproduction.constants",
    "pepkit.reproduction.method_tables",
)
"""Modules that hold tables; importing them registers."""


@dataclass(frozen=True)
class Published:
    """A number as it was published.

    Parameters
    ----------
    text
        Its digits, or for ``"formula"`` the formula.
    kind
        ``"number"``: digits, correct to one unit in the last place; ``"formula"``: a closed form, exact;
        ``"bound"``: an upper bound that need not be tight; ``"limit"``: a value that is approached, not attained.
    value
        The value of a formula.
    correction
        Why these digits are wrong, where they are known to be: the row then counts as corrected.
    """

    text: str
    kind: str = "number"
    value: Any = None
    correction: str = ""

    @classmethod
    def formula(cls, text: str, value: Any) -> Published:
        """A closed form and its exact value."""
        return cls(text, "formula", exact(value))

    @property
    def exact_value(self) -> Real:
        """The number that is meant."""
        return self.value if self.value is not None else exact(self.text)

    @property
    def ball(self) -> arb:
        """All values that the published digits allow."""
        field, (value,) = realise([self.exact_value])
        middle = enclose(field, value)
        if self.kind == "formula":
            return middle
        digits = Fraction(self.text)
        mantissa = self.text.lower().partition("e")[0].partition(".")[2]
        exponent = int(self.text.lower().partition("e")[2] or 0) - len(mantissa)
        unit = Fraction(10) ** exponent if digits else Fraction(0)
        with working_precision():
            return arb(middle, arb(fmpq(unit.numerator, unit.denominator)))


@dataclass(frozen=True)
class Certified:
    """What was certified: enclosures of the proved lower (or None) and upper bound, and the certificate."""

    lower: arb | None
    upper: arb
    certificate: Certificate | Proof | None
    """None for a number that is no rate: it is enclosed by ball arithmetic, and no file carries it."""


@dataclass(frozen=True)
class Row:
    """One published number.

    Attributes
    ----------
    key
        Name of the certificate file within the table.
    what
        The parameters in words, ``"N = 3, h = 3/2"``.
    published
        The number.
    question
        Makes the claim, cheap; used to recognise a file that proves it, whatever its rate. None without a file.
    certify
        Solves and proves.
    read
        The certified numbers of a certificate that the kernel has accepted.
    quick
        Whether the row belongs to the quick form.
    """

    key: str
    what: str
    published: Published
    question: Callable[[], Claim] | None
    certify: Callable[[Progress], Certified]
    read: Callable[[Certificate | Proof, Theorem], Certified]
    quick: bool = True


@dataclass(frozen=True)
class TableEntry:
    """A published table."""

    name: str
    title: str
    source: str
    rows: Callable[[], Iterable[Row]]


_TABLES: dict[str, TableEntry] = {}


def table(name: str, title: str, source: str) -> Callable[[Callable[[], Iterable[Row]]], Callable[[], Iterable[Row]]]:
    """Register a function that yields the rows of a table."""

    def register(rows: Callable[[], Iterable[Row]]) -> Callable[[], Iterable[Row]]:
        if name in _TABLES:
            raise ValueError(f"two tables are called {name}")
        _TABLES[name] = TableEntry(name, title, source, rows)
        return rows

    return register


def tables() -> dict[str, TableEntry]:
    """All tables by name."""
    for module in _MODULES:
        importlib.import_module(module)
    return dict(_TABLES)


def certified_claim(
    key: str,
    what: str,
    published: Published,
    question: Callable[[], Claim],
    *,
    quick: bool = True,
    mode: str = "auto",
    tolerance: str = "1e-7",
) -> Row:
    """A row whose number is the worst-case rate of a claim."""

    def solve(progress: Progress) -> Certified:
        result = certify(question(), mode=mode, tolerance=tolerance, progress=progress, sympy=False)
        return _rate(result.certificate, result.theorem)

    return Row(key, what, published, question, solve, _rate, quick)


def _rate(certificate: Certificate | Proof, theorem: Theorem) -> Certified:
    field = theorem.claim.field
    lower = None if theorem.lower is None else enclose(field, theorem.lower)
    return Certified(lower, enclose(field, theorem.rate), certificate)


def certified_closed_form(
    key: str, what: str, published: Published, result: Callable[[], Result], *, quick: bool = True
) -> Row:
    """A row whose number comes from a formula: `result` makes the certificate, and no solver is needed."""

    def question() -> Claim:
        return result().theorem.claim

    def solve(progress: Progress) -> Certified:
        found = result()
        return _rate(found.certificate, found.theorem)

    return Row(key, what, published, question, solve, _rate, quick)


def certified_composition(
    key: str,
    what: str,
    published: Published,
    composition: Callable[[], Composition],
    *,
    measure: str,
    initial: str,
    mu: str = "0",
    quick: bool = True,
) -> Row:
    """A row whose number is the worst case of a tree of joins, proved by the tree."""

    def proof() -> CompositionProof:
        return composition_proof(
            composition(), mu=mu, measure=performance_measure(measure), initial=initial_condition(initial)
        )

    def question() -> Claim:
        return proof().claim

    def solve(progress: Progress) -> Certified:
        found = proof()
        return _rate(found, check(found))

    return Row(key, what, published, question, solve, _rate, quick)


def enclosed_number(
    key: str, what: str, published: Published, compute: Callable[[], arb], *, quick: bool = True
) -> Row:
    """A row whose number is no rate: a constant or a fit, enclosed by ball arithmetic."""

    def solve(progress: Progress) -> Certified:
        with working_precision():
            value = compute()
            return Certified(value.lower(), value.upper(), None)

    def read(certificate: Certificate | Proof, theorem: Theorem) -> Certified:
        raise TypeError("a number without a certificate is not read from a file")

    return Row(key, what, published, None, solve, read, quick)


def certified_pattern(key: str, what: str, published: Published, length: int, *, quick: bool = True) -> Row:
    """A row whose number is the average step of a straightforward pattern."""
    from pepkit.straightforward import published_pattern, straightforward

    def question() -> Claim:
        from pepkit.kernel import RATIONALS, StraightforwardClaim

        return StraightforwardClaim(RATIONALS, published_pattern(length), fmpq(1, 10**6))

    def read(certificate: Certificate | Proof, theorem: Theorem) -> Certified:
        average = enclose(theorem.claim.field, 1 / theorem.rate)
        return Certified(average, average, certificate)

    def solve(progress: Progress) -> Certified:
        # patterns of middle length are known to need a smaller threshold, and every failure costs a solve
        threshold = "1/10000" if length <= 15 else "1/1000000" if length <= 63 else None
        found = straightforward(length, threshold, progress=progress)
        return read(found.certificate, found.theorem)

    return Row(key, what, published, question, solve, read, quick)


@cache
def numbers(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a file of published numbers."""
    text = files("pepkit.reproduction").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
