"""Real numbers defined by square roots and other roots, enclosed in intervals.

The steps of composed schedules live in towers of square roots whose degree doubles with every
composition, so a primitive element is out of reach. A certificate with *rational* multipliers never
needs one: function values cancel over Q, and positive definiteness and signs are decided by
enclosures. A `RadicalField` is a straight-line program of ``+ - * / sqrt`` over Q, and of roots of
polynomials whose coefficients are earlier numbers; its elements carry an interval at fixed precision and,
where they have one, their exact rational value.

An element that is not visibly rational is never taken for zero, so equalities that hold only by an
algebraic identity are not accepted: incomplete, but sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

from flint import fmpq, fmpz

from pepkit.kernel.errors import ClaimError, FormatError, UndecidedError
from pepkit.kernel.numbers import RATIONALS, approximate_text, rational_from_text, rational_text
from pepkit.kernel.root_enclosure import MAX_DEGREE, root_interval

__all__ = ["Enclosed", "RadicalField"]

Operand = str | int
Instruction = tuple[Operand, ...]

MAX_INSTRUCTIONS = 100_000
MAX_BITS = 1 << 17
MAX_TOTAL_BITS = 1 << 26
DEFAULT_PRECISION = 320
PRECISION_LIMIT = 16_384
_ARITY = {"sqrt": 1, "+": 2, "-": 2, "*": 2, "/": 2}


class Enclosed:
    """A real number in [low, high] / 2**precision, with its rational value where that is known."""

    __slots__ = ("exact", "field", "high", "low", "node")

    def __init__(
        self, field: RadicalField, low: int, high: int, exact: fmpq | None = None, node: int | None = None
    ) -> None:
        self.field = field
        self.low = low
        self.high = high
        self.exact = exact
        self.node = node

    def _other(self, other: Any) -> Enclosed | None:
        if isinstance(other, Enclosed):
            if other.field is not self.field:
                raise ClaimError("numbers of two radical fields meet")
            return other
        if isinstance(other, (int, fmpq, fmpz)):
            return self.field.rational(fmpq(other))
        return None

    def __add__(self, other: Any) -> Enclosed:
        value = self._other(other)
        if value is None:
            return NotImplemented
        if self.exact is not None and value.exact is not None:
            return self.field.rational(self.exact + value.exact)
        if value.exact is not None and value.exact == 0:
            return self
        if self.exact is not None and self.exact == 0:
            return value
        return Enclosed(self.field, self.low + value.low, self.high + value.high)

    __radd__ = __add__

    def __neg__(self) -> Enclosed:
        exact = None if self.exact is None else -self.exact
        return Enclosed(self.field, -self.high, -self.low, exact)

    def __sub__(self, other: Any) -> Enclosed:
        value = self._other(other)
        return NotImplemented if value is None else self + (-value)

    def __rsub__(self, other: Any) -> Enclosed:
        return (-self) + other

    def __mul__(self, other: Any) -> Enclosed:
        value = self._other(other)
        if value is None:
            return NotImplemented
        if self.exact is not None and value.exact is not None:
            return self.field.rational(self.exact * value.exact)
        for factor, rest in ((self, value), (value, self)):
            if factor.exact is not None and factor.exact == 0:
                return factor
            if factor.exact is not None and factor.exact == 1:
                return rest
        products = (
            self.low * value.low, self.low * value.high, self.high * value.low, self.high * value.high
        )  # fmt: skip
        bits = self.field.precision
        return Enclosed(self.field, min(products) >> bits, -(-max(products) >> bits))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Enclosed:
        value = self._other(other)
        if value is None:
            return NotImplemented
        if value.exact is not None:
            if value.exact == 0:
                raise ZeroDivisionError("division by zero in a radical field")
            return self * self.field.rational(1 / value.exact)
        if value.low <= 0 <= value.high:
            raise UndecidedError("a divisor is not shown to be non-zero")
        bits = 2 * self.field.precision
        # the reciprocal of an interval without zero, rounded outwards
        low, high = (1 << bits) // value.high, -((-1 << bits) // value.low)
        return self * Enclosed(self.field, low, high)

    def __rtruediv__(self, other: Any) -> Enclosed:
        return self.field.coerce(other) / self

    def __bool__(self) -> bool:
        return self.exact is None or self.exact != 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (int, fmpq, fmpz)):
            return self.exact is not None and bool(self.exact == other)
        if isinstance(other, Enclosed):
            if self.exact is not None:
                return other.exact is not None and bool(self.exact == other.exact)
            return self is other or (self.node is not None and self.node == other.node)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.node, str(self.exact)))

    def size_bits(self) -> int:
        """Bits before the binary point and of the exact value; the precision does not matter."""
        size = max(max(abs(self.low), abs(self.high)).bit_length() - self.field.precision, 0)
        if self.exact is not None:
            size += int(self.exact.p).bit_length() + int(self.exact.q).bit_length()
        return size

    def __repr__(self) -> str:
        return self.field.text(self)


class RadicalField:
    """The real numbers that a straight-line program of square roots defines.

    Parameters
    ----------
    program
        Instructions ``(op, a)`` or ``(op, a, b)``; an operand is a rational in text or the index of an
        earlier instruction; op is one of ``sqrt + - * /``. Or ``("root", low, high, c_0, .., c_k)``: the only
        root of c_0 + .. + c_k x^k in [low, high], two rationals in text.
    precision
        Bits after the binary point of all enclosures.

    Raises
    ------
    ClaimError
        Unknown operation, forward reference, root of a negative number, division by zero.
    UndecidedError
        If the precision is too low to tell.
    """

    degree = None

    def __init__(self, program: Sequence[Instruction], precision: int = DEFAULT_PRECISION) -> None:
        if len(program) > MAX_INSTRUCTIONS:
            raise ClaimError(f"more than {MAX_INSTRUCTIONS} instructions in a radical field")
        self.program: tuple[Instruction, ...] = tuple(tuple(i) for i in program)
        self.precision = precision
        self.nodes: list[Enclosed] = []
        total = 0
        for index, instruction in enumerate(self.program):
            value = self._evaluate(instruction)
            size = value.size_bits()
            total += size
            # repeated squaring doubles the length of a number with every instruction
            if size > MAX_BITS or total > MAX_TOTAL_BITS:
                raise ClaimError(f"instruction {index} of the radical field makes the numbers too long")
            self.nodes.append(Enclosed(self, value.low, value.high, value.exact, index))

    def _evaluate(self, instruction: Sequence[Any]) -> Enclosed:
        if instruction and instruction[0] == "root" and 5 <= len(instruction) <= MAX_DEGREE + 4:
            if not all(isinstance(end, str) for end in instruction[1:3]):
                raise ClaimError("the interval of a root has rational ends")
            low, high = (rational_from_text(end) for end in instruction[1:3])
            coefficients = [self._operand(operand) for operand in instruction[3:]]
            return Enclosed(self, *root_interval(self, coefficients, low, high))
        if not instruction or _ARITY.get(instruction[0]) != len(instruction) - 1:
            raise ClaimError(f"not an instruction of a radical field: {list(instruction)!r}")
        operation, *operands = instruction
        values = [self._operand(operand) for operand in operands]
        if operation == "sqrt":
            return self.square_root(values[0])
        left, right = values
        if operation == "+":
            return left + right
        if operation == "-":
            return left - right
        if operation == "*":
            return left * right
        try:
            return left / right
        except ZeroDivisionError as error:
            raise ClaimError(str(error)) from None

    def _operand(self, operand: Any) -> Enclosed:
        if isinstance(operand, str):
            return self.rational(rational_from_text(operand))
        if isinstance(operand, int) and not isinstance(operand, bool) and 0 <= operand < len(self.nodes):
            return self.nodes[operand]
        raise ClaimError(f"not an earlier instruction of the radical field: {operand!r}")

    def square_root(self, value: Enclosed) -> Enclosed:
        """The non-negative root; ClaimError for a negative radicand, UndecidedError where its sign is not known."""
        if value.exact is not None:
            if value.exact < 0:
                raise ClaimError(f"square root of the negative number {value.exact}")
            numerator, denominator = int(value.exact.p), int(value.exact.q)
            root = fmpq(isqrt(numerator), isqrt(denominator))
            if root * root == value.exact:
                return self.rational(root)
        if value.high < 0:
            raise ClaimError("square root of a negative number")
        if value.low < 0:
            raise UndecidedError("a radicand is not shown to be non-negative")
        bits = self.precision
        return Enclosed(self, isqrt(value.low << bits), isqrt(value.high << bits) + 1)

    def refined(self) -> RadicalField | None:
        """The same field at twice the precision; None at the limit."""
        if 2 * self.precision > PRECISION_LIMIT:
            return None
        return RadicalField(self.program, 2 * self.precision)

    def rational(self, value: fmpq) -> Enclosed:
        low, high = RATIONALS.scaled_enclosure(value, self.precision)
        return Enclosed(self, low, high, value)

    def coerce(self, value: Any) -> Enclosed:
        if isinstance(value, Enclosed):
            if value.field is self:
                return value
            if value.field.program == self.program:
                if value.exact is not None:
                    return self.rational(value.exact)
                if value.node is not None:
                    return self.nodes[value.node]
            raise ClaimError("a number of another radical field")
        if isinstance(value, (int, fmpz, fmpq)) and not isinstance(value, bool):
            return self.rational(fmpq(value))
        raise ClaimError(f"not an element of a radical field: {value!r}")

    def sign(self, value: Any) -> int:
        value = self.coerce(value) if not isinstance(value, Enclosed) else value
        if value.exact is not None:
            return RATIONALS.sign(value.exact)
        if value.low > 0:
            return 1
        if value.high < 0:
            return -1
        raise UndecidedError(f"the sign of a number is not decided at {self.precision} bits")

    def scaled_enclosure(self, value: Any, bits: int) -> tuple[int, int]:
        value = self.coerce(value) if not isinstance(value, Enclosed) else value
        if value.exact is not None:
            return RATIONALS.scaled_enclosure(value.exact, bits)
        shift = bits - self.precision
        if shift >= 0:
            return value.low << shift, value.high << shift
        return value.low >> -shift, -(-value.high >> -shift)

    def read(self, data: object) -> Enclosed:
        if isinstance(data, int) and not isinstance(data, bool):
            if not 0 <= data < len(self.nodes):
                raise FormatError(f"no instruction {data} in the radical field")
            if self.nodes[data].exact is not None:
                # one number, one spelling: this is what makes digests comparable
                raise FormatError(f"instruction {data} is a rational number and has to be written as one")
            return self.nodes[data]
        return self.rational(rational_from_text(data))

    def write(self, value: Any) -> str | int:
        value = self.coerce(value)
        if value.exact is not None:
            return rational_text(value.exact)
        if value.node is None:
            raise ClaimError("an intermediate result of a radical field has no name to write")
        return value.node

    def text(self, value: Any) -> str:
        value = self.coerce(value) if not isinstance(value, Enclosed) else value
        if value.exact is not None:
            return rational_text(value.exact)
        expression = None if value.node is None else self._expression(value.node, 60)
        if expression is not None:
            return expression[0]
        return approximate_text(value.low + value.high, self.precision + 1, 15) + "..."

    def _expression(self, operand: Operand, budget: int) -> tuple[str, int] | None:
        """(text, precedence) of an operand, or None where the text would exceed `budget` characters."""
        if isinstance(operand, str):
            if len(operand) > budget:
                return None
            return operand, 1 if "/" in operand or operand.startswith("-") else 3
        operation, *operands = self.program[operand]
        if operation == "root":
            return None
        parts = []
        remaining = budget - 1
        for inner in operands:
            part = self._expression(inner, remaining) if remaining > 0 else None
            if part is None:
                return None
            parts.append(part)
            remaining -= len(part[0])
        if operation == "sqrt":
            result = f"sqrt({parts[0][0]})", 3
        else:
            level = 1 if operation in ("+", "-") else 2
            (left, left_level), (right, right_level) = parts
            left = f"({left})" if left_level < level else left
            right = f"({right})" if right_level <= level and operation != "+" else right
            right = f"({right})" if operation == "+" and right.startswith("-") else right
            space = " " if level == 1 else ""
            result = f"{left}{space}{operation}{space}{right}", level
        return result if len(result[0]) <= budget else None

    def description(self) -> dict[str, Any]:
        return {"kind": "radicals", "program": [list(i) for i in self.program]}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RadicalField) and self.program == other.program

    def __hash__(self) -> int:
        return hash(self.program)

    def __repr__(self) -> str:
        return f"radicals({len(self.program)} instructions)"
