"""Properties in VNN-LIB 2. Needs the package ``vnnlib`` (``pip install 'pepkit[vnnlib]'``).

The package parses and checks types. Its tree keeps the text of every literal, so decimal literals stay exact; its
linear forms are in doubles and are not used. One network with one input and one output is understood; tensors are
flattened in row-major order, as the networks of `pepkit.networks.read_network` are.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import FormatError, PepkitError
from pepkit.kernel.networks import MAX_WIDTH, ZERO
from pepkit.networks.conditions import Conjunction, Linear, Query, comparison, multiplied, product, queries, total

__all__ = ["VnnlibMissingError", "read_second_version"]

MAX_DEPTH = 1000
_COMPARISONS = {
    "LessThan": "<",
    "LessEqual": "<=",
    "GreaterThan": ">",
    "GreaterEqual": ">=",
    "Equal": "=",
}


class VnnlibMissingError(PepkitError, ImportError):
    """The package ``vnnlib`` is not installed."""


def read_second_version(text: str) -> list[Query]:
    """The queries of a VNN-LIB 2 text. FormatError names what was not understood."""
    try:
        import vnnlib
    except ImportError:
        raise VnnlibMissingError(
            "reading properties in VNN-LIB 2 needs the package vnnlib: pip install 'pepkit[vnnlib]'"
        ) from None
    try:
        query = vnnlib.parse_query_string(text)
    except vnnlib.VNNLibException as error:
        raise FormatError(f"the property is not valid VNN-LIB 2: {_message(str(error))}") from None
    if len(query.networks) != 1:
        raise FormatError(f"the property is about {len(query.networks)} networks; properties of one are read here")
    declared = query.networks[0]
    if declared.hidden:
        raise FormatError("the property constrains hidden neurons, which is not read here")
    if len(declared.inputs) != 1 or len(declared.outputs) != 1:
        raise FormatError(
            f"the property declares {len(declared.inputs)} inputs and {len(declared.outputs)} outputs; one of each is "
            "read here"
        )
    reader = _Reader(declared.inputs[0], declared.outputs[0])
    cases: list[Conjunction] = [[]]
    for assertion in query.assertions:
        cases = product(cases, reader.cases(assertion.expr))
    return queries(cases, reader.inputs, reader.outputs)


class _Reader:
    """Reads the typed tree of the package."""

    def __init__(self, given: Any, result: Any) -> None:
        self.kinds = {given.name: "X", result.name: "Y"}
        self.inputs, self.outputs = _size(given.shape), _size(result.shape)

    def cases(self, expression: Any, depth: int = 0) -> list[Conjunction]:
        """Disjunctive normal form of a condition."""
        if depth > MAX_DEPTH:
            raise FormatError("the property is nested too deeply")
        kind = type(expression).__name__
        if kind == "And":
            result: list[Conjunction] = [[]]
            for part in expression.args:
                result = product(result, self.cases(part, depth + 1))
            return result
        if kind == "Or":
            return [case for part in expression.args for case in self.cases(part, depth + 1)]
        if kind not in _COMPARISONS:
            raise FormatError(f"the condition {str(expression)[:60]} cannot be read: {kind} is not supported")
        return comparison(_COMPARISONS[kind], self.linear(expression.lhs), self.linear(expression.rhs))

    def linear(self, expression: Any, depth: int = 0) -> Linear:
        """A linear form of inputs and outputs."""
        if depth > MAX_DEPTH:
            raise FormatError("the property is nested too deeply")
        kind = type(expression).__name__
        if kind == "Var":
            return Linear({(self.kinds[expression.name], _position(expression)): fmpq(1)}, ZERO)
        if hasattr(expression, "lexeme"):
            value = Fraction(expression.lexeme)
            return Linear({}, fmpq(value.numerator, value.denominator))
        if kind == "Negate":
            return total([self.linear(expression.expr, depth + 1)], [fmpq(-1)])
        if kind == "Minus":
            parts = [self.linear(part, depth + 1) for part in (expression.head, *expression.rest)]
            return total(parts, [fmpq(1)] + [fmpq(-1)] * (len(parts) - 1))
        if kind in ("Plus", "Multiply"):
            parts = [self.linear(part, depth + 1) for part in expression.args]
            return multiplied(parts) if kind == "Multiply" else total(parts, [fmpq(1)] * len(parts))
        raise FormatError(f"the term {str(expression)[:60]} cannot be read: {kind} is not supported")


def _size(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= int(length)
    if not 0 < size <= MAX_WIDTH:
        raise FormatError(f"a tensor of the property has {size} entries; between 1 and {MAX_WIDTH} are read here")
    return size


def _position(variable: Any) -> int:
    """The row-major position of an entry of a tensor."""
    shape, indices = list(variable.shape), list(variable.indices)
    if len(shape) != len(indices) or any(not 0 <= i < n for i, n in zip(indices, shape, strict=True)):
        raise FormatError(f"{variable} does not name an entry of a tensor of shape {shape}")
    position = 0
    for i, n in zip(indices, shape, strict=True):
        position = position * int(n) + int(i)
    return position


def _message(text: str) -> str:
    """The first message of the package, which reports errors of types as JSON."""
    try:
        first = json.loads(text)["errors"][0]
        return f"line {first['line']}: {first['message']} ({first['hint']})"
    except (ValueError, KeyError, IndexError, TypeError):
        return text[:200]
