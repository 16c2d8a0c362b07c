"""Properties in VNN-LIB 1: an own reader in which decimal literals are exact.

The file states what a counterexample is: constants X_i (inputs) and Y_i (outputs) and assertions that all hold.
Understood are ``<=``, ``>=``, ``<``, ``>`` (read as ``<=``, ``>=``), ``=``, ``and``, ``or`` and linear terms.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import FormatError
from pepkit.kernel.network_claims import Atom
from pepkit.kernel.networks import ZERO, Box

__all__ = ["Query", "read_properties", "read_vnnlib"]

MAX_CASES = 10_000

_TOKEN = re.compile(r";[^\n]*|\(|\)|[^\s();]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NAME = re.compile(r"([XY])_(\d{1,6})", re.ASCII)


@dataclass(frozen=True)
class Query:
    """Is there an input of the box with (x, f(x)) in the region (a union of polyhedra)?"""

    box: Box
    region: tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True)
class _Linear:
    terms: dict[tuple[str, int], fmpq]
    constant: fmpq

    @property
    def number(self) -> fmpq | None:
        return self.constant if not self.terms else None


Conjunction = list[_Linear]
"""Linear forms that are <= 0, all of them."""


def read_properties(path: str | os.PathLike[str]) -> list[Query]:
    """The queries in a VNN-LIB 1 file: one for each input box. A counterexample to any is one to the property."""
    return read_vnnlib(Path(path).read_text(encoding="utf-8"))


def read_vnnlib(text: str) -> list[Query]:
    """The queries of a VNN-LIB 1 text. FormatError names what was not understood."""
    inputs: set[int] = set()
    outputs: set[int] = set()
    cases: list[Conjunction] = [[]]
    for expression in _parse(text):
        head = expression[0] if isinstance(expression, list) and expression else None
        if head == "declare-const" and len(expression) == 3:
            kind, index = _name(expression[1])
            (inputs if kind == "X" else outputs).add(index)
        elif head == "assert" and len(expression) == 2:
            cases = _product(cases, _cases(expression[1]))
        elif head in ("vnnlib-version", "declare-network"):
            raise FormatError("this is VNN-LIB 2; convert it to version 1 (declare-const X_i, Y_i) to use it here")
        elif head not in ("set-logic", "set-info", "check-sat", "exit"):
            raise FormatError(f"unknown command in the property: {str(expression)[:60]}")
    for name, declared in (("X", inputs), ("Y", outputs)):
        if declared != set(range(len(declared))) or not declared:
            last = max(declared, default=0)
            raise FormatError(f"the constants {name}_i are not declared as {name}_0 .. {name}_{last}")
    grouped: dict[Box, list[tuple[Atom, ...]]] = {}
    for case in cases:
        box, atoms = _split(case, len(inputs), len(outputs))
        if box is not None:
            grouped.setdefault(box, []).append(atoms)
    return [Query(box, tuple(region)) for box, region in grouped.items()]


def _parse(text: str) -> list[Any]:
    stack: list[list[Any]] = [[]]
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith(";"):
            continue
        if token == "(":
            stack.append([])
            if len(stack) > 1000:
                raise FormatError("the property is nested too deeply")
        elif token == ")":
            if len(stack) == 1:
                raise FormatError("the property has a closing parenthesis too many")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise FormatError("the property ends inside parentheses")
    return stack[0]


def _name(token: Any) -> tuple[str, int]:
    match = _NAME.fullmatch(token) if isinstance(token, str) else None
    if match is None:
        raise FormatError(f"constants of a property are called X_i and Y_i, not {str(token)[:40]}")
    return match.group(1), int(match.group(2))


def _linear(expression: Any) -> _Linear:
    if isinstance(expression, str):
        if _NUMBER.fullmatch(expression):
            value = Fraction(expression)
            return _Linear({}, fmpq(value.numerator, value.denominator))
        return _Linear({_name(expression): fmpq(1)}, ZERO)
    if not expression or expression[0] not in ("+", "-", "*", "/"):
        raise FormatError(f"not a linear term: {str(expression)[:60]}")
    parts = [_linear(part) for part in expression[1:]]
    if not parts:
        raise FormatError(f"an operation without arguments: {expression[0]}")
    if expression[0] == "+":
        return _total(parts, [fmpq(1)] * len(parts))
    if expression[0] == "-":
        return _total(parts, [fmpq(-1)] if len(parts) == 1 else [fmpq(1)] + [fmpq(-1)] * (len(parts) - 1))
    result = parts[0]
    for part in parts[1:]:
        number = part.number
        if expression[0] == "/":
            if not number:
                raise FormatError("a property divides by something that is not a non-zero number")
            result = _total([result], [1 / number])
        elif number is not None:
            result = _total([result], [number])
        elif result.number is not None:
            result = _total([part], [result.number])
        else:
            raise FormatError("a product of two constants is not linear")
    return result


def _total(parts: list[_Linear], factors: list[fmpq]) -> _Linear:
    terms: dict[tuple[str, int], fmpq] = {}
    constant = ZERO
    for part, factor in zip(parts, factors, strict=True):
        constant = constant + factor * part.constant
        for key, c in part.terms.items():
            terms[key] = terms.get(key, ZERO) + factor * c
    return _Linear({key: c for key, c in terms.items() if c}, constant)


def _cases(expression: Any) -> list[Conjunction]:
    """Disjunctive normal form."""
    if not isinstance(expression, list) or not expression:
        raise FormatError(f"not a condition: {str(expression)[:60]}")
    head = expression[0]
    if head == "and":
        cases: list[Conjunction] = [[]]
        for part in expression[1:]:
            cases = _product(cases, _cases(part))
        return cases
    if head == "or":
        return [case for part in expression[1:] for case in _cases(part)]
    if head in ("<=", ">=", "<", ">", "=") and len(expression) == 3:
        left, right = _linear(expression[1]), _linear(expression[2])
        difference = _total([left, right], [fmpq(1), fmpq(-1)])
        opposite = _total([difference], [fmpq(-1)])
        return [{"<": [difference], ">": [opposite], "=": [difference, opposite]}[head[0]]]
    raise FormatError(f"unknown condition in the property: {str(expression)[:60]}")


def _product(first: list[Conjunction], second: list[Conjunction]) -> list[Conjunction]:
    if len(first) * len(second) > MAX_CASES:
        raise FormatError(f"the property has more than {MAX_CASES} cases")
    return [a + b for a in first for b in second]


def _split(case: Conjunction, inputs: int, outputs: int) -> tuple[Box | None, tuple[Atom, ...]]:
    """The box of a conjunction (None if it is empty) and what remains."""
    lower: list[Any] = [None] * inputs
    upper: list[Any] = [None] * inputs
    atoms = []
    for form in case:
        for kind, index in form.terms:
            if index >= (inputs if kind == "X" else outputs):
                raise FormatError(f"the constant {kind}_{index} is not declared")
        if len(form.terms) == 1:
            (((kind, index), c),) = form.terms.items()
            if kind == "X":
                limit = -form.constant / c
                if c > 0:
                    upper[index] = limit if upper[index] is None else min(upper[index], limit)
                else:
                    lower[index] = limit if lower[index] is None else max(lower[index], limit)
                continue
        if not form.terms:
            if form.constant > 0:
                return None, ()
            continue
        x = tuple(form.terms.get(("X", i), ZERO) for i in range(inputs))
        y = tuple(form.terms.get(("Y", i), ZERO) for i in range(outputs))
        atoms.append(Atom(y, x if any(x) else (), -form.constant))
    for i in range(inputs):
        if lower[i] is None or upper[i] is None:
            raise FormatError(f"the input X_{i} has no {'lower' if lower[i] is None else 'upper'} limit")
        if lower[i] > upper[i]:
            return None, ()
    return Box(tuple(lower), tuple(upper)), tuple(atoms)
