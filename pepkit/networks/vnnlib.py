"""Properties in VNN-LIB 1: an own reader in which decimal literals are exact.

The file states what a counterexample is: constants X_i (inputs) and Y_i (outputs) and assertions that all hold.
Understood are ``<=``, ``>=``, ``<``, ``>`` (read as ``<=``, ``>=``), ``=``, ``and``, ``or`` and linear terms.
"""

from __future__ import annotations

import gzip
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import FormatError
from pepkit.kernel.networks import ZERO
from pepkit.networks.conditions import Conjunction, Linear, Query, comparison, multiplied, product, queries, total

__all__ = ["read_properties", "read_vnnlib"]

MAX_BYTES = 256 << 20

_TOKEN = re.compile(r";[^\n]*|\(|\)|[^\s();]+")
_SECOND = re.compile(r"(\s|;[^\n]*\n)*\(\s*vnnlib-version\b")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NAME = re.compile(r"([XY])_(\d{1,6})", re.ASCII)


def read_properties(path: str | os.PathLike[str]) -> list[Query]:
    """The queries in a VNN-LIB file (``.vnnlib`` or ``.vnnlib.gz``), version 1 or 2: one for each input box.

    A counterexample to any of them is one to the property.

    Raises
    ------
    FormatError
        For files that are damaged, too large, or hold something else.
    VnnlibMissingError
        For version 2 without the package ``vnnlib``.
    """
    path = Path(path)
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise FormatError(f"{path} is larger than {MAX_BYTES >> 20} MiB")
        text = content.decode("utf-8")
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not a readable VNN-LIB file: {error}") from None
    return read_vnnlib(text)


def read_vnnlib(text: str) -> list[Query]:
    """The queries of a VNN-LIB text. FormatError names what was not understood.

    Version 1 is read here; a text that begins with ``(vnnlib-version ...)`` is of version 2 and goes to
    `pepkit.networks.vnnlib_second`.
    """
    if _SECOND.match(text):
        from pepkit.networks.vnnlib_second import read_second_version

        return read_second_version(text)
    inputs: set[int] = set()
    outputs: set[int] = set()
    cases: list[Conjunction] = [[]]
    for expression in _parse(text):
        head = expression[0] if isinstance(expression, list) and expression else None
        if head == "declare-const" and len(expression) == 3:
            kind, index = _name(expression[1])
            (inputs if kind == "X" else outputs).add(index)
        elif head == "assert" and len(expression) == 2:
            cases = product(cases, _cases(expression[1]))
        elif head in ("vnnlib-version", "declare-network"):
            raise FormatError(f"{head} belongs to VNN-LIB 2, whose files begin with (vnnlib-version <2.0>)")
        elif head not in ("set-logic", "set-info", "check-sat", "exit"):
            raise FormatError(f"unknown command in the property: {str(expression)[:60]}")
    for name, declared in (("X", inputs), ("Y", outputs)):
        if declared != set(range(len(declared))) or not declared:
            last = max(declared, default=0)
            raise FormatError(f"the constants {name}_i are not declared as {name}_0 .. {name}_{last}")
    return queries(cases, len(inputs), len(outputs))


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


def _linear(expression: Any) -> Linear:
    if isinstance(expression, str):
        if _NUMBER.fullmatch(expression):
            value = Fraction(expression)
            return Linear({}, fmpq(value.numerator, value.denominator))
        return Linear({_name(expression): fmpq(1)}, ZERO)
    if not expression or expression[0] not in ("+", "-", "*", "/"):
        raise FormatError(f"not a linear term: {str(expression)[:60]}")
    parts = [_linear(part) for part in expression[1:]]
    if not parts:
        raise FormatError(f"an operation without arguments: {expression[0]}")
    if expression[0] == "+":
        return total(parts, [fmpq(1)] * len(parts))
    if expression[0] == "-":
        return total(parts, [fmpq(-1)] if len(parts) == 1 else [fmpq(1)] + [fmpq(-1)] * (len(parts) - 1))
    if expression[0] == "*":
        return multiplied(parts)
    result = parts[0]
    for part in parts[1:]:
        if not part.number:
            raise FormatError("a property divides by something that is not a non-zero number")
        result = total([result], [1 / part.number])
    return result


def _cases(expression: Any) -> list[Conjunction]:
    """Disjunctive normal form."""
    if not isinstance(expression, list) or not expression:
        raise FormatError(f"not a condition: {str(expression)[:60]}")
    head = expression[0]
    if head == "and":
        cases: list[Conjunction] = [[]]
        for part in expression[1:]:
            cases = product(cases, _cases(part))
        return cases
    if head == "or":
        return [case for part in expression[1:] for case in _cases(part)]
    if head in ("<=", ">=", "<", ">", "=") and len(expression) == 3:
        return comparison(head, _linear(expression[1]), _linear(expression[2]))
    raise FormatError(f"unknown condition in the property: {str(expression)[:60]}")
