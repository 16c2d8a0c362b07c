"""Real numbers as users write them: expressions in rationals, square roots and polynomial roots.

A `Real` is a node of an expression graph. It has no field yet; `pepkit.algebra.realise` finds one field for
all numbers of a problem.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpz

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.numbers import Number, rational_text

__all__ = ["Real", "exact", "sqrt"]

MAX_TEXT = 10_000
MAX_EXPONENT = 10_000


class Real(float):
    """An exact real number: a rational, or ``+ - * / sqrt`` of exact real numbers, or a root of a polynomial.

    It is also a float, the nearest one up to a few roundings, so that libraries which accept only int and
    float (PEPit) take it; their additions, products and quotients then carry the exact number along.
    What is not arithmetic (``math.sqrt``, ``math.log``) sees the float and returns a plain float.

    `rounded` says that a plain float with a fractional part went into the number, so that it may not be what was
    meant: ``exact(1) * (1/3)`` is the dyadic number next to 1/3.
    """

    __slots__ = ("arguments", "operation", "rounded", "value")
    # numpy's scalars must leave products with exact numbers to the exact numbers
    __array_priority__ = 1000.0

    operation: str
    arguments: tuple[Real, ...]
    value: Any
    rounded: bool

    def __new__(cls, operation: str, arguments: tuple[Real, ...] = (), value: Any = None) -> Real:
        self = float.__new__(cls, _approximation(operation, arguments, value))
        self.operation = operation
        self.arguments = arguments
        self.value = value
        self.rounded = any(argument.rounded for argument in arguments)
        return self

    def __reduce__(self) -> Any:
        return Real, (self.operation, self.arguments, self.value), (None, {"rounded": self.rounded})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Real) and self.is_rational and other.is_rational:
            return bool(self.value == other.value)
        if isinstance(other, int):
            # a number that is only nearly zero must not be dropped from a sum as if it were zero
            return self.is_rational and bool(self.value == other)
        return float.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = float.__hash__

    @staticmethod
    def rational(value: Any) -> Real:
        """The node of a rational number."""
        return Real("rational", value=fmpq(value) if not isinstance(value, fmpq) else value)

    @staticmethod
    def root(polynomial: tuple[Any, ...], low: Any, high: Any) -> Real:
        """The only root in [low, high] of an irreducible polynomial (coefficients, constant first)."""
        return Real("root", value=(tuple(fmpq(c) for c in polynomial), fmpq(low), fmpq(high)))

    @staticmethod
    def nested_root(coefficients: tuple[Real, ...], low: Any, high: Any) -> Real:
        """The only root in [low, high] of a polynomial with exact coefficients (constant first), monotone there."""
        return Real("nested-root", tuple(coefficients), (fmpq(low), fmpq(high)))

    @property
    def is_rational(self) -> bool:
        """Whether this node is a rational constant."""
        return self.operation == "rational"

    def _binary(self, operation: str, other: Any, swapped: bool = False) -> Any:
        if not isinstance(other, Real) and not _is_number(other):
            return _with_array(self, operation, other, swapped) if getattr(other, "shape", ()) else NotImplemented
        right = exact(int(other) if isinstance(other, bool) else other)
        rounded = self.rounded or right.rounded or (_is_float(other) and right.value.q != 1)
        left, right = (right, self) if swapped else (self, right)
        result = _rational_result(operation, left, right) if left.is_rational and right.is_rational else None
        if result is None:
            result = Real(operation, (left, right))
        result.rounded = rounded
        return result

    def __add__(self, other: Any) -> Any:
        return self._binary("+", other)

    def __radd__(self, other: Any) -> Any:
        return self._binary("+", other, True)

    def __sub__(self, other: Any) -> Any:
        return self._binary("-", other)

    def __rsub__(self, other: Any) -> Any:
        return self._binary("-", other, True)

    def __mul__(self, other: Any) -> Any:
        return self._binary("*", other)

    def __rmul__(self, other: Any) -> Any:
        return self._binary("*", other, True)

    def __truediv__(self, other: Any) -> Any:
        return self._binary("/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary("/", other, True)

    def __neg__(self) -> Real:
        return self._binary("*", -1)

    def __index__(self) -> int:
        """Exact integers count and index, so that a number of steps may be an exact number too."""
        if self.is_rational and self.value.q == 1:
            return int(self.value.p)
        raise TypeError(f"{self!r} is not an integer")

    def __pos__(self) -> Real:
        return self

    def __abs__(self) -> Real:
        return -self if self < 0 else self

    def __pow__(self, exponent: Any, modulus: Any = None) -> Any:
        try:
            exponent = operator.index(exponent)
        except TypeError:
            if exponent == 0.5:
                return sqrt(self)
            return float(self) ** float(exponent)
        if abs(exponent) > MAX_EXPONENT:
            raise ClaimError(f"the exponent {exponent} of an exact number is too large")
        if exponent < 0:
            return Real.rational(1) / self**-exponent
        result, base = Real.rational(1), self
        while exponent:
            if exponent & 1:
                result = base if result.is_rational and result.value == 1 else result * base
            exponent >>= 1
            if exponent:
                base = base * base
        return result

    def __repr__(self) -> str:
        if self.is_rational:
            return rational_text(self.value)
        if self.operation == "sqrt":
            return f"sqrt({self.arguments[0]!r})"
        if self.operation == "root":
            return f"root{self.value[0]}"
        if self.operation == "nested-root":
            return f"root({', '.join(map(repr, self.arguments))})"
        return f"({self.arguments[0]!r} {self.operation} {self.arguments[1]!r})"


def _rational_result(operation: str, left: Real, right: Real) -> Real:
    a, b = left.value, right.value
    if operation == "+":
        return Real.rational(a + b)
    if operation == "-":
        return Real.rational(a - b)
    if operation == "*":
        return Real.rational(a * b)
    if b == 0:
        raise ClaimError("division by zero in an exact number")
    return Real.rational(a / b)


def _is_float(value: Any) -> bool:
    """Whether a number came as a float, of Python or of numpy."""
    if isinstance(value, Real):
        return False
    return isinstance(value, float) or (type(value).__module__ == "numpy" and value.dtype.kind == "f")


def _is_number(value: Any) -> bool:
    if isinstance(value, (int, float, fmpz, fmpq, Fraction, str, Number)):
        return True
    return type(value).__module__.split(".")[0] in ("numpy", "sympy") and not getattr(value, "shape", ())


def _with_array(number: Real, operation: str, array: Any, swapped: bool) -> Any:
    """An operation with a numpy array: in floats for arrays of floats, entry by entry for arrays of objects."""
    import numpy

    function = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[operation]
    scalar: Any = float(number)
    if array.dtype == object:
        result = numpy.empty(array.shape, dtype=object)
        for index in numpy.ndindex(array.shape):
            result[index] = function(array[index], number) if swapped else function(number, array[index])
        return result
    return function(array, scalar) if swapped else function(scalar, array)


def _approximation(operation: str, arguments: tuple[Real, ...], value: Any) -> float:
    """The value of a node in floats, from those of its arguments."""
    try:
        if operation == "rational":
            return int(value.p) / int(value.q)
        if operation == "root":
            middle = _bisected(*value)
            return int(middle.p) / int(middle.q)
        if operation == "nested-root":
            middle = (value[0] + value[1]) / 2
            return int(middle.p) / int(middle.q)
        if operation == "sqrt":
            return math.sqrt(float(arguments[0]))
        left, right = map(float, arguments)
        operations = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
        return float(operations[operation](left, right))
    except (OverflowError, ZeroDivisionError, ValueError):
        # beyond the range of floats; the exact number is not affected
        return math.nan


def _bisected(polynomial: tuple[fmpq, ...], low: fmpq, high: fmpq) -> fmpq:
    """The root in [low, high] to 64 bits where the polynomial changes its sign there, else the middle."""

    def sign(x: fmpq) -> int:
        value = fmpq(0)
        for c in reversed(polynomial):
            value = value * x + c
        return (value > 0) - (value < 0)

    first, last = sign(low), sign(high)
    for _ in range(64 if first * last < 0 else 0):
        middle = (low + high) / 2
        if sign(middle) == last:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def sqrt(value: Any) -> Real:
    """The square root of an exact number; rational squares become rational."""
    argument = exact(value)
    if argument.is_rational:
        if argument.value < 0:
            raise ClaimError(f"square root of the negative number {argument!r}")
        numerator, denominator = fmpz(argument.value.p), fmpz(argument.value.q)
        root = fmpq(numerator.isqrt(), denominator.isqrt())
        if root * root == argument.value:
            found = Real.rational(root)
            found.rounded = argument.rounded
            return found
    return Real("sqrt", (argument,))


def exact(value: Any) -> Real:
    """The exact number that a user means.

    Strings, Fractions, ints, sympy numbers and elements of pepkit's fields are what they say: ``"0.1"`` is
    1/10, ``"1+sqrt(2)"`` is irrational. A float is the dyadic rational that it is: ``exact(0.1)`` is
    3602879701896397/36028797018963968, the number the float holds; write ``"0.1"`` for one tenth.

    Raises ClaimError for NaN, infinities, complex numbers and text that is not a number.
    """
    if isinstance(value, Real):
        return value
    if isinstance(value, bool):
        raise ClaimError(f"{value} is not a number")
    if isinstance(value, (int, fmpz, fmpq)):
        return Real.rational(value)
    if isinstance(value, Fraction):
        return Real.rational(fmpq(value.numerator, value.denominator))
    if isinstance(value, str):
        return _parse(value)
    if isinstance(value, Number):
        return _from_number(value)
    if type(value).__module__.split(".")[0] == "sympy":
        return _from_sympy(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ClaimError(f"not a real number: {value!r}") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ClaimError(f"{number} is not a finite number")
    numerator, denominator = number.as_integer_ratio()
    return Real.rational(fmpq(numerator, denominator))


def _from_number(value: Number) -> Real:
    field = value.field
    coefficients = value.polynomial.coeffs()
    generator = Real.root(tuple(field.polynomial.coeffs()), *field.root)
    result = Real.rational(0)
    for coefficient in reversed(coefficients):
        result = result * generator + Real.rational(coefficient)
    return result


def _from_sympy(value: Any) -> Real:
    if value.is_Rational:
        return Real.rational(fmpq(int(value.p), int(value.q)))
    if value.is_Float:
        return exact(float(value))
    if value.is_Add or value.is_Mul:
        parts = [_from_sympy(a) for a in value.args]
        result = parts[0]
        for part in parts[1:]:
            result = result + part if value.is_Add else result * part
        return result
    if value.is_Pow and value.exp.is_Rational and value.exp.q in (1, 2):
        base = _from_sympy(value.base)
        return (base if value.exp.q == 1 else sqrt(base)) ** int(value.exp.p)
    raise ClaimError(f"pepkit reads rationals, + - * / and square roots; this is {value}")


_DECIMAL = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


def _parse(text: str) -> Real:
    """Numbers, + - * / **, parentheses and sqrt(...). Decimal literals are exact decimals."""
    if len(text) > MAX_TEXT:
        raise ClaimError(f"a number written with {len(text)} characters exceeds the limit of {MAX_TEXT}")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
        return _node(tree.body, text.strip().replace("^", "**"))
    except ClaimError as error:
        raise ClaimError(f"in {text[:80]!r}: {error}") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ClaimError(f"not an exact number: {text[:80]!r}; write something like 3/2, 0.1 or 1+sqrt(2)") from None


def _node(node: ast.expr, text: str) -> Real:
    if isinstance(node, ast.Constant):
        literal = (ast.get_source_segment(text, node) or "").replace("_", "")
        if _DECIMAL.fullmatch(literal):
            fraction = Fraction(literal)
            return Real.rational(fmpq(fraction.numerator, fraction.denominator))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _node(node.operand, text)
        return -value if isinstance(node.op, ast.USub) else value
    elif isinstance(node, ast.BinOp):
        left = _node(node.left, text)
        if isinstance(node.op, ast.Pow):
            exponent = _node(node.right, text)
            if exponent.is_rational and exponent.value.q == 1:
                return left ** int(exponent.value.p)
            if exponent.is_rational and exponent.value.q == 2:
                return sqrt(left) ** int(exponent.value.p)
            raise ClaimError("exponents are integers or half-integers")
        right = _node(node.right, text)
        operations = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
        operation = operations.get(type(node.op))
        if operation is not None:
            return left._binary(operation, right)
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "sqrt"
        and len(node.args) == 1
        and not node.keywords
    ):
        return sqrt(_node(node.args[0], text))
    elif isinstance(node, ast.Name):
        raise ClaimError(f"{node.id} is not a number" + ("" if node.id not in ("nan", "inf") else " that is finite"))
    raise ClaimError("only numbers, + - * / **, parentheses and sqrt are understood")
