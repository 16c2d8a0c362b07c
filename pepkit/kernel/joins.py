"""Schedules composed from empty ones by joins, and what a join does to their weights.

A *composition* is a straight-line program: every instruction joins earlier results (or the empty
schedule), the last one is the schedule. Equal parts are written once, so a schedule of 2^40 steps is a
program of 41 instructions. The joining step is never in a file: the rule determines it.

A result has a kind and one number, its *weight*. With H the sum of its steps (in units of 1/L), m = mu/L:

======== ================================================== ======================= =====================
kind     what is proved about it (L = 1)                    weight, m = 0           weight, m > 0
======== ================================================== ======================= =====================
``s``    the s-certificate, no minimiser in it              alpha = 1 + H           z, where prod(1 - m h)
                                                                                    = (1 - z)/(1 - m)
``f``    f_n - f_* <= |x_0 - x_*|^2 / (2 weight)            1 + 2H                  u = 1/prod(h - 1)^2
``g``    |g_n|^2 <= 2 (f_0 - f_*) / weight                  1 + 2H                  u = 1/prod(h - 1)^2
``closed``  |x_n - x_*| <= weight |x_0 - x_*|               not offered             (1 - z)/(1 + z)
======== ================================================== ======================= =====================

Instructions: ``("s", a, b)``, ``("f", a, b)`` with a of kind s and b of kind f, ``("g", b, a)`` with b of
kind g and a of kind s; for m > 0 also ``("close", a)``, which appends one step to a of kind s, and
``("then", a, b)``, which runs two closed schedules one after the other. For m = 0 a schedule of kind s is
one of kind f too. The theorems and their proofs are in docs/mathematics-joins.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pepkit.kernel.errors import CertificateError, ClaimError, UndecidedError
from pepkit.kernel.numbers import Field, Number
from pepkit.kernel.radicals import Enclosed, RadicalField
from pepkit.kernel.root_enclosure import narrowed

__all__ = ["EMPTY", "MAX_INSTRUCTIONS", "Block", "EnclosedRoots", "GivenRoots", "Instruction", "Program", "evaluate"]

EMPTY = "empty"
"""The operand that stands for the schedule without steps."""
MAX_INSTRUCTIONS = 100_000
MAX_STEPS_BITS = 64
MAX_BITS = 1 << 17
_EXACT_BITS = 1 << 12

Operand = str | int
Instruction = tuple[Any, ...]
_ARITY = {"s": 2, "f": 2, "g": 2, "close": 1, "then": 2}


@dataclass(frozen=True)
class Block:
    """A composed schedule: its kind, its number of steps, its weight."""

    kind: str
    steps: int
    weight: Any


@dataclass(frozen=True)
class Program:
    """A composition. Raises ClaimError unless every instruction is new, well-formed and used.

    Parameters
    ----------
    instructions
        See the module; operands are `EMPTY` or indices of earlier instructions.
    """

    instructions: tuple[Instruction, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.instructions) <= MAX_INSTRUCTIONS:
            raise ClaimError(f"a composition has between 1 and {MAX_INSTRUCTIONS} joins, not {len(self.instructions)}")
        if len(set(self.instructions)) != len(self.instructions):
            raise ClaimError("a join occurs twice in the composition; refer to the first one")
        used: set[int] = set()
        for position, instruction in enumerate(self.instructions):
            if not instruction or _ARITY.get(instruction[0]) != len(instruction) - 1:
                raise ClaimError(f"join {position} is none of s, f, g, then with two operands and close with one")
            for operand in instruction[1:]:
                if operand == EMPTY and isinstance(operand, str):
                    continue
                if not isinstance(operand, int) or isinstance(operand, bool) or not 0 <= operand < position:
                    raise ClaimError(f"join {position} refers to {operand!r}, which is no earlier join")
                used.add(operand)
        if len(used) != len(self.instructions) - 1:
            raise ClaimError("a join of the composition is not part of the schedule")

    @property
    def steps(self) -> int:
        """The number of steps of the schedule."""
        counts: list[int] = []
        for kind, *operands in self.instructions:
            total = sum(0 if operand == EMPTY else counts[operand] for operand in operands)
            counts.append(total if kind == "then" else total + 1)
            if counts[-1].bit_length() > MAX_STEPS_BITS:
                raise ClaimError(f"a composition has fewer than 2^{MAX_STEPS_BITS} steps")
        return counts[-1]


class Roots(Protocol):
    """How the irrational numbers of the rules are found."""

    def positive(self, b: Any, c: Any) -> Any:
        """The positive root of x^2 = b x + c, where c > 0."""

    def cubic(self, m: Any, z: Any, u: Any) -> Any:
        """The root y in (0, z) of (1 - m) y^2 (2 + y - z) = m u (1 + y)^2 (z - y)."""

    def bounded(self, weight: Any) -> Any:
        """The weight, if its exact form is not too long: repeated squaring doubles it with every join."""


class GivenRoots:
    """Roots that a proof states as elements of its field. Each is verified, and it is the only one."""

    def __init__(self, number_field: Field, values: Sequence[Any]) -> None:
        self.field = number_field
        self.values = [number_field.coerce(value) for value in values]
        self.position = 0

    def _next(self) -> Any:
        if self.position == len(self.values):
            raise CertificateError("the proof states too few roots")
        self.position += 1
        return self.values[self.position - 1]

    def positive(self, b: Any, c: Any) -> Any:
        root = self._next()
        # the product of the two roots is -c < 0, so only one is positive
        if root * root - (b * root + c):
            raise CertificateError(f"root {self.position - 1} of the proof does not solve the equation of its join")
        if self.field.sign(root) <= 0:
            raise CertificateError(f"root {self.position - 1} of the proof is not positive")
        return root

    def cubic(self, m: Any, z: Any, u: Any) -> Any:
        root = self._next()
        if _cubic(m, z, u, root):
            raise CertificateError(f"root {self.position - 1} of the proof does not solve the equation of its join")
        if self.field.sign(root) <= 0 or self.field.sign(z - root) <= 0:
            raise CertificateError(f"root {self.position - 1} of the proof lies outside its interval")
        return root

    def bounded(self, weight: Any) -> Any:
        weight = self.field.coerce(weight)
        if isinstance(weight, Number):
            size = weight.height_bits()
        else:
            size = weight.size_bits() if isinstance(weight, Enclosed) else int(weight.p).bit_length()
        if size > MAX_BITS:
            raise ClaimError("the exact numbers of the composition become too long; leave out the roots of the proof")
        return weight

    def finish(self) -> None:
        """Refuse values that belong to no join."""
        if self.position != len(self.values):
            raise CertificateError(f"the proof states {len(self.values)} roots, the composition has {self.position}")


class EnclosedRoots:
    """Roots computed in interval arithmetic."""

    def __init__(self, arithmetic: RadicalField) -> None:
        self.arithmetic = arithmetic

    def positive(self, b: Any, c: Any) -> Any:
        return (b + self.arithmetic.square_root(b * b + 4 * c)) / 2

    def cubic(self, m: Any, z: Any, u: Any) -> Any:
        # the cubic is negative on (0, y) and positive on (y, z] (docs/mathematics-joins.md), so a sign that
        # holds for all numbers in the intervals bounds every root they allow
        arithmetic = self.arithmetic
        low, high = narrowed(
            lambda low, high: _cubic(m, z, u, Enclosed(arithmetic, low, high)),
            lambda low, high: _cubic_slope(m, z, u, Enclosed(arithmetic, low, high)),
            0,
            z.high,
            -1,
        )
        if not 0 < low <= high:
            raise UndecidedError("the root of a cubic is not enclosed")
        return Enclosed(arithmetic, low, high)

    def bounded(self, weight: Any) -> Any:
        value = self.arithmetic.coerce(weight)
        if value.exact is None or value.size_bits() <= _EXACT_BITS:
            return value
        return Enclosed(self.arithmetic, value.low, value.high)


def _cubic(m: Any, z: Any, u: Any, y: Any) -> Any:
    return (1 - m) * y * y * (2 + y - z) - m * u * (1 + y) * (1 + y) * (z - y)


def _cubic_slope(m: Any, z: Any, u: Any, y: Any) -> Any:
    """The derivative of `_cubic` with respect to y."""
    return (1 - m) * y * (4 + 3 * y - 2 * z) + m * u * (1 + y) * (1 + 3 * y - 2 * z)


def evaluate(program: Program, m: Any, convex: bool, roots: Roots) -> Block:
    """The schedule of a composition with its weight; `convex` says that m = 0.

    Raises ClaimError where a rule does not apply.
    """
    rule = _convex_join if convex else _strongly_convex_join
    blocks: list[Block] = []
    for kind, *operands in program.instructions:
        parts = []
        for position, operand in enumerate(operands):
            if operand != EMPTY:
                parts.append(blocks[operand])
                continue
            # the empty schedule is of every kind but closed
            wanted = "f" if (kind, position) == ("f", 1) else "g" if (kind, position) == ("g", 0) else "s"
            parts.append(Block(wanted, 0, m if wanted == "s" and not convex else 1 + 0 * m))
        block = rule(kind, parts, m, roots)
        blocks.append(replace(block, weight=roots.bounded(block.weight)))
    return blocks[-1]


def _refuse(kind: str, parts: Sequence[Block], wanted: str) -> ClaimError:
    given = ", ".join(part.kind for part in parts)
    return ClaimError(f"the join {kind} takes schedules of kind {wanted}, not {given}")


def _convex_join(kind: str, parts: Sequence[Block], m: Any, roots: Roots) -> Block:
    kinds = tuple(part.kind for part in parts)
    steps = sum(part.steps for part in parts) + 1
    if kind == "s":
        if kinds != ("s", "s"):
            raise _refuse(kind, parts, "s, s")
        alpha, beta = parts[0].weight, parts[1].weight
        return Block("s", steps, roots.positive(alpha + beta, alpha * beta))
    if kind == "f":
        prefix, tail = parts
        # 2H + 1 = 2 (1 + H) - 1 for a schedule of kind s in the place of one of kind f
        weight = 2 * tail.weight - 1 if tail.kind == "s" else tail.weight
        if prefix.kind != "s" or tail.kind not in "sf":
            raise _refuse(kind, parts, "s, f")
    elif kind == "g":
        tail, prefix = parts
        weight = tail.weight
        if kinds != ("g", "s"):
            raise _refuse(kind, parts, "g, s")
    else:
        raise ClaimError(f"the join {kind} needs strong convexity, but mu = 0")
    theta = roots.positive(1, 2 * prefix.weight / weight)
    return Block(kind, steps, theta * theta * weight)


def _strongly_convex_join(kind: str, parts: Sequence[Block], m: Any, roots: Roots) -> Block:
    kinds = tuple(part.kind for part in parts)
    steps = sum(part.steps for part in parts) + (kind != "then")
    weights = [part.weight for part in parts]
    if kind == "close":
        if kinds != ("s",):
            raise _refuse(kind, parts, "s")
        return Block("closed", steps, (1 - weights[0]) / (1 + weights[0]))
    if kind == "then":
        if kinds != ("closed", "closed"):
            raise _refuse(kind, parts, "closed, closed")
        return Block("closed", steps, weights[0] * weights[1])
    if kind == "s":
        if kinds != ("s", "s"):
            raise _refuse(kind, parts, "s, s")
        product = weights[0] * weights[1]
        return Block("s", steps, roots.positive(weights[0] + weights[1] - 2 * product, product))
    if kinds != (("s", "f") if kind == "f" else ("g", "s")):
        raise _refuse(kind, parts, "s, f" if kind == "f" else "g, s")
    z, u = weights if kind == "f" else weights[::-1]
    y = roots.cubic(m, z, u)
    root = (1 + y) * z / ((1 - z) * y)
    return Block(kind, steps, u * root * root)
