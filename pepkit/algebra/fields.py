"""One field for all numbers of a problem.

Square roots are adjoined one after the other, with a primitive element of the tower; where the degree
would exceed the limit, the numbers stay a straight-line program in a `RadicalField`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly, fmpz

from pepkit.algebra.expression import Real
from pepkit.kernel.errors import ClaimError
from pepkit.kernel.numbers import (
    RATIONALS,
    Field,
    Number,
    NumberField,
    Rationals,
    rational_text,
)
from pepkit.kernel.radicals import RadicalField

__all__ = ["DEGREE_LIMIT", "adjoin_square_root", "realise", "to_float"]

DEGREE_LIMIT = 16
"""Towers of higher degree are kept as straight-line programs by default."""


def realise(numbers: Sequence[Real], degree_limit: int = DEGREE_LIMIT) -> tuple[Field, list[Any]]:
    """A field that holds all the numbers, and the numbers as its elements.

    Returns Q, a number field of degree at most `degree_limit`, or a `RadicalField`.

    Raises ClaimError for the square root of a negative number and for roots of different polynomials.
    """
    # square roots are adjoined to the field of a root, which is not adjoined to anything
    order = sorted(_topological(numbers), key=lambda node: node.operation != "root")
    tower = _Tower(degree_limit)
    values: dict[int, Any] = {}
    try:
        for node in order:
            values[id(node)] = tower.evaluate(node, [values[id(a)] for a in node.arguments], values)
    except _DegreeError:
        return _radical_field(order, numbers)
    field = tower.field
    return field, [field.coerce(values[id(n)]) for n in numbers]


def to_float(field: Field, value: Any) -> float:
    """The nearest float (within two units in the last place)."""
    low, high = field.scaled_enclosure(value, 96)
    if max(abs(low), abs(high)) < 1 << 64:
        low, high = field.scaled_enclosure(value, 1200)
        return (low + high) / (2 << 1200)
    return (low + high) / (2 << 96)


def _topological(numbers: Sequence[Real]) -> list[Real]:
    order: list[Real] = []
    seen: set[int] = set()
    stack: list[tuple[Real, bool]] = [(n, False) for n in reversed(numbers)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((a, False) for a in node.arguments if id(a) not in seen)
    # a node can be queued twice before its first expansion
    unique: list[Real] = []
    done: set[int] = set()
    for node in order:
        if id(node) not in done:
            done.add(id(node))
            unique.append(node)
    return unique


class _DegreeError(Exception):
    """The tower exceeds the degree limit."""


class _Tower:
    """The field generated so far."""

    def __init__(self, degree_limit: int) -> None:
        self.field: Rationals | NumberField = RATIONALS
        self.degree_limit = degree_limit

    def evaluate(self, node: Real, arguments: list[Any], values: dict[int, Any]) -> Any:
        if node.operation == "rational":
            return node.value
        if node.operation == "root":
            return self._root(node)
        if node.operation == "nested-root":
            # its field over the others is not sought: enclosures are enough for what such numbers are used for
            raise _DegreeError
        if node.operation == "sqrt":
            field, root, embed = adjoin_square_root(self.field, arguments[0], self.degree_limit)
            if field is not self.field:
                self.field = field
                for key, value in values.items():
                    if isinstance(value, Number):
                        values[key] = embed(value)
            return root
        left, right = arguments
        if node.operation == "+":
            return left + right
        if node.operation == "-":
            return left - right
        if node.operation == "*":
            return left * right
        try:
            return left / right
        except ZeroDivisionError:
            raise ClaimError("division by zero in an exact number") from None

    def _root(self, node: Real) -> Any:
        polynomial, low, high = node.value
        field = NumberField(polynomial, (low, high))
        if isinstance(self.field, Rationals):
            self.field = field
        elif self.field != field:
            raise ClaimError("roots of different polynomials in one problem are not supported")
        return self.field.generator


def adjoin_square_root(
    field: Rationals | NumberField, radicand: Any, degree_limit: int = DEGREE_LIMIT
) -> tuple[Any, Any, Any]:
    """(K', sqrt(radicand) in K', embedding of K into K'); K' is K where the root lies in it.

    Raises ClaimError for a negative radicand.
    """
    sign = field.sign(radicand)
    if sign < 0:
        raise ClaimError(f"square root of the negative number {field.text(radicand)}")
    if sign == 0:
        return field, fmpq(0), _identity
    if isinstance(radicand, Number) and radicand.polynomial.degree() <= 0:
        radicand = radicand.polynomial[0]
    if isinstance(radicand, fmpq):
        square, free = _square_part(radicand)
        if free == 1:
            return field, square, _identity
        if isinstance(field, Rationals):
            bound = fmpz(free).isqrt()
            extension = NumberField([-free, 0, 1], (fmpq(bound), fmpq(bound + 1)))
            return extension, square * extension.generator, _identity
        new, root, embed = _extend(field, field.coerce(fmpq(free)), degree_limit)
        return new, square * root, embed
    if isinstance(field, Rationals):
        raise ClaimError("a number of another field")
    return _extend(field, radicand, degree_limit)


def _identity(value: Any) -> Any:
    return value


def _square_part(value: fmpq) -> tuple[fmpq, int]:
    """(s, f) with value = s^2 f, f a squarefree positive integer."""
    square, free = fmpq(1, value.q), 1
    for prime, exponent in (fmpz(value.p) * fmpz(value.q)).factor():
        square *= fmpq(prime) ** (exponent // 2)
        if exponent % 2:
            free *= int(prime)
    return square, free


def _extend(field: NumberField, radicand: Number, degree_limit: int) -> tuple[NumberField, Number, Any]:
    """Adjoin sqrt(radicand) to K = Q(theta) through the element sqrt(radicand) + k theta."""
    degree = field.degree
    for k in range(1, 50):
        matrix = _multiplication_matrix(field, radicand, k)
        polynomial = matrix.charpoly()
        _, factors = polynomial.numer().factor()
        if any(multiplicity > 1 for _, multiplicity in factors):
            continue
        if len(factors) == 1:
            if 2 * degree > degree_limit:
                raise _DegreeError
            return _extension(field, radicand, k, polynomial, matrix)
        root = _root_inside(field, radicand, k, [fmpq_poly(f) for f, _ in factors])
        return field, root, _identity
    raise ClaimError("no primitive element found")


def _multiplication_matrix(field: NumberField, radicand: Number, k: int) -> fmpq_mat:
    """Multiplication by sqrt(a) + k theta on K[sqrt(a)], basis theta^i, theta^i sqrt(a)."""
    degree = field.degree
    matrix = fmpq_mat(2 * degree, 2 * degree)
    power = field.one
    for i in range(degree):
        shifted = k * field.generator * power
        product = radicand * power
        for j in range(degree):
            matrix[j, i] = shifted.polynomial[j]
            matrix[degree + j, degree + i] = shifted.polynomial[j]
            matrix[j, degree + i] = product.polynomial[j]
        matrix[degree + i, i] = 1
        power = power * field.generator
    return matrix


def _extension(
    field: NumberField, radicand: Number, k: int, polynomial: fmpq_poly, matrix: fmpq_mat
) -> tuple[NumberField, Number, Any]:
    extension = NumberField(polynomial.coeffs(), _isolate(field, radicand, k, polynomial))
    size = 2 * field.degree
    powers = fmpq_mat(size, size)
    vector = fmpq_mat(size, 1)
    vector[0, 0] = 1
    for j in range(size):
        for i in range(size):
            powers[i, j] = vector[i, 0]
        vector = matrix * vector
    targets = fmpq_mat(size, 2)
    targets[1, 0] = 1
    targets[field.degree, 1] = 1
    solution = powers.solve(targets)
    theta = Number(extension, fmpq_poly([solution[i, 0] for i in range(size)]))
    root = Number(extension, fmpq_poly([solution[i, 1] for i in range(size)]))

    def embed(value: Number) -> Number:
        result = extension.zero
        for coefficient in reversed(value.polynomial.coeffs()):
            result = result * theta + coefficient
        return result

    return extension, root, embed


def _primitive_enclosure(field: NumberField, radicand: Number, k: int, bits: int) -> tuple[fmpq, fmpq]:
    """Rational interval around sqrt(radicand) + k theta, of width about 2^-bits."""
    low, high = field.scaled_enclosure(radicand, 2 * bits)
    root_low, root_high = fmpz(max(low, 0)).isqrt(), fmpz(high).isqrt() + 1
    theta_low, theta_high = field.scaled_enclosure(field.generator, bits)
    scale = fmpz(1) << bits
    return fmpq(root_low + k * theta_low, scale), fmpq(root_high + k * theta_high, scale)


def _isolate(field: NumberField, radicand: Number, k: int, polynomial: fmpq_poly) -> tuple[fmpq, fmpq]:
    bits = 32
    while bits <= 1 << 14:
        low, high = _primitive_enclosure(field, radicand, k, bits)
        margin = fmpq(1, fmpz(1) << bits)
        interval = (low - margin, high + margin)
        try:
            NumberField(polynomial.coeffs(), interval)
        except ClaimError:
            bits *= 2
            continue
        return interval
    raise ClaimError("a root could not be isolated")


def _root_inside(field: NumberField, radicand: Number, k: int, factors: list[fmpq_poly]) -> Number:
    """sqrt(radicand) in K, given the factors of the characteristic polynomial of sqrt(a) + k theta."""
    for factor in factors:
        # factor(x + k theta) modulo x^2 - a is r0 + r1 x, and vanishes at the right root
        even, odd = field.zero, field.zero
        shift = k * field.generator
        for coefficient in reversed(factor.coeffs()):
            even, odd = even * shift + odd * radicand + coefficient, odd * shift + even
        if not odd:
            continue
        root = -even / odd
        if root * root == radicand:
            return root if field.sign(root) > 0 else -root
    raise ClaimError("a square root could not be expressed in its field")


def _radical_field(order: list[Real], numbers: Sequence[Real]) -> tuple[Field, list[Any]]:
    program: list[Any] = []
    operands: dict[int, str | int] = {}
    known: dict[Any, int] = {}
    for node in order:
        if node.operation == "rational":
            operands[id(node)] = rational_text(node.value)
            continue
        if node.operation == "root":
            raise ClaimError(
                "a root of a polynomial and square roots of high degree meet in one problem; write the number "
                "with square roots only, or use fewer steps"
            )
        instruction = (node.operation, *(operands[id(a)] for a in node.arguments))
        if node.operation == "nested-root":
            instruction = ("root", *(rational_text(end) for end in node.value), *instruction[1:])
        if instruction not in known:
            known[instruction] = len(program)
            program.append(instruction)
        operands[id(node)] = known[instruction]
    field = RadicalField(program)
    # an instruction may turn out to be rational; then the number is that rational, which files write as one
    places = [operands[id(n)] for n in numbers]
    return field, [field.nodes[place] if isinstance(place, int) else field.read(place) for place in places]
