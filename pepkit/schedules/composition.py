"""Compositions as values: trees of joins, their steps, sums and rates.

`pepkit.kernel.joins` says what the joins are and what they prove. Equal parts of a tree are stored once, so
the silver schedule of 2^40 - 1 steps is 40 joins. Steps are in units of 1/L.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from flint import fmpq, fmpz

from pepkit.algebra import Real, realise, sqrt
from pepkit.kernel import ClaimError, RadicalField
from pepkit.kernel.joins import EMPTY, Block, EnclosedRoots, Instruction, Program, evaluate
from pepkit.schedules.display import schedule_html

__all__ = ["Composer", "Composition", "Weights", "parse_composition"]

MAX_LISTED = 2048
"""Longest schedule whose steps are listed exactly."""
MAX_FLOATS = 1 << 22
MAX_TEXT = 100_000
ENCLOSURE_BITS = 512
"""Precision at which the roots of cubic equations are isolated."""

Operand = str | int


class Composer:
    """Builds a program; asking twice for the same join gives the same part."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._known: dict[Instruction, int] = {}

    def join(self, kind: str, *operands: Operand) -> int:
        """The index of this join."""
        instruction = (kind, *operands)
        if instruction not in self._known:
            self._known[instruction] = len(self.instructions)
            self.instructions.append(instruction)
        return self._known[instruction]

    def finish(self, last: Operand, name: str = "tree", description: str = "") -> Composition:
        """The composition that ends with `last`, without the parts that it does not use."""
        if not isinstance(last, int):
            raise ClaimError("a schedule has at least one step")
        needed = {last}
        for index in range(last, -1, -1):
            if index in needed:
                needed.update(o for o in self.instructions[index][1:] if isinstance(o, int))
        position = {old: new for new, old in enumerate(sorted(needed))}
        instructions = tuple(
            (kind, *(position[o] if isinstance(o, int) else o for o in operands))
            for kind, *operands in (self.instructions[index] for index in sorted(needed))
        )
        return Composition(instructions, name, description)


@dataclass(frozen=True)
class Weights:
    """Numbers of every join of a composition: the weight of its result, its root, the step that it inserts.

    `root` and `step` are None where the join has none (``then``; ``close`` has a step and no root).
    """

    weight: tuple[Any, ...]
    root: tuple[Any, ...]
    step: tuple[Any, ...]
    block: Block

    @property
    def roots(self) -> tuple[Any, ...]:
        """The roots that a proof states."""
        return tuple(root for root in self.root if root is not None)


class _Recorder:
    """Roots for `pepkit.kernel.joins.evaluate` that remembers what it was asked."""

    def __init__(self, square_root: Callable[[Any], Any], cubic: Callable[[Any, Any, Any], Any]) -> None:
        self._square_root, self._cubic = square_root, cubic
        self.weights: list[Any] = []
        self.roots: list[Any] = []
        self._last: Any = None

    def positive(self, b: Any, c: Any) -> Any:
        self._last = (b + self._square_root(b * b + 4 * c)) / 2
        return self._last

    def cubic(self, m: Any, z: Any, u: Any) -> Any:
        self._last = self._cubic(m, z, u)
        return self._last

    def bounded(self, weight: Any) -> Any:
        self.weights.append(weight)
        self.roots.append(self._last)
        self._last = None
        return weight


@dataclass(frozen=True)
class Composition:
    """A schedule made of empty schedules by joins.

    Parameters
    ----------
    instructions
        The program, see `pepkit.kernel.joins`.
    name, description
        How it is called and one sentence with its source.

    Examples
    --------
    >>> Composition.parse("s(s(., .), .)").sum()
    3.0154453882...
    """

    instructions: tuple[Instruction, ...]
    name: str = "tree"
    description: str = ""

    def __post_init__(self) -> None:
        Program(self.instructions)

    @classmethod
    def parse(cls, text: str) -> Composition:
        """The composition of an expression such as ``f(s(., .), .)``; see `parse_composition`."""
        return parse_composition(text)

    @property
    def kind(self) -> str:
        """s, f, g, or closed."""
        kind = self.instructions[-1][0]
        return "closed" if kind in ("close", "then") else str(kind)

    @property
    def steps(self) -> int:
        """The number of steps N."""
        return Program(self.instructions).steps

    def __len__(self) -> int:
        return self.steps

    def reversed(self) -> Composition:
        """The schedule backwards. Kind s stays s; f becomes g with the same weight, and g becomes f.

        This is H-duality for compositions: the rate of |g_N|^2 over f_0 - f_* of the reversal of a schedule of
        kind f is four times its rate of f_N - f_* over |x_0 - x_*|^2.
        """
        composer = Composer()
        mirror = {"s": "s", "f": "g", "g": "f"}
        done: list[Operand] = []
        for kind, *operands in self.instructions:
            if kind not in mirror:
                raise ClaimError("a closed schedule has no dual among the compositions")
            parts = [done[o] if isinstance(o, int) else o for o in reversed(operands)]
            if kind == "f" and isinstance(operands[1], int) and self.instructions[operands[1]][0] == "s":
                raise ClaimError("the reversal of an f-join with a tail of kind s is no g-join")
            done.append(composer.join(mirror[kind], *parts))
        return composer.finish(done[-1], f"{self.name} reversed", f"reversal of {self.description or self.name}")

    def weights(self, mu: Any = 0, arithmetic: str | RadicalField = "float") -> Weights:
        """Weights, roots and inserted steps of all joins.

        Parameters
        ----------
        mu
            mu/L, a number of the arithmetic.
        arithmetic
            ``"float"``; ``"exact"`` for `Real` expressions; or a `RadicalField`, for its intervals.
        """
        if isinstance(arithmetic, RadicalField):
            m: Any = arithmetic.coerce(mu)
            recorder = _Recorder(arithmetic.square_root, EnclosedRoots(arithmetic).cubic)
            convex = m.exact is not None and bool(m.exact == 0)
        elif arithmetic == "float":
            m = float(mu)
            recorder = _Recorder(math.sqrt, _float_cubic)
            convex = m == 0
        else:
            m = mu if isinstance(mu, Real) else Real.rational(mu)
            recorder = _Recorder(sqrt, _ExactCubics(self, m))
            convex = m.is_rational and m.value == 0
        try:
            block = evaluate(Program(self.instructions), m, convex, recorder)
        except (ZeroDivisionError, OverflowError):
            raise ClaimError(
                f"the numbers of {self.name} leave double precision; its proof does not need them"
            ) from None
        steps = [self._inserted(i, recorder.weights, root, m, convex) for i, root in enumerate(recorder.roots)]
        return Weights(tuple(recorder.weights), tuple(recorder.roots), tuple(steps), block)

    def _inserted(self, index: int, weights: Sequence[Any], root: Any, m: Any, convex: bool) -> Any:
        kind, *operands = self.instructions[index]
        if kind == "then":
            return None
        start = 1 if convex else m
        values = [weights[o] if isinstance(o, int) else start for o in operands]
        if convex:
            if kind == "s":
                return 1 + values[0] * values[1] / root
            return 1 + values[0 if kind == "f" else 1] / root
        y = values[0] if kind == "close" else values[0] * values[1] / root if kind == "s" else root
        return (1 + y / m) / (1 + y)

    def expand(self, inserted: Sequence[Any], limit: int = MAX_LISTED) -> list[Any]:
        """The schedule as a list, from what every join inserts.

        Raises ClaimError for more than `limit` steps.
        """
        if self.steps > limit:
            raise ClaimError(f"{self.name} has {self.steps} steps; at most {limit} can be listed")
        result: list[Any] = []
        stack: list[Any] = [len(self.instructions) - 1]
        while stack:
            item = stack.pop()
            if isinstance(item, tuple):
                result.append(item[0])
                continue
            kind, *operands = self.instructions[item]
            parts: list[Any] = [o for o in operands if o != EMPTY]
            if kind != "then":
                # the step stands after the first operand, even where that is empty
                parts.insert(1 if operands[0] != EMPTY else 0, (inserted[item],))
            stack.extend(reversed(parts))
        return result

    def floats(self, mu: float = 0.0) -> list[float]:
        """The steps in floats."""
        return self.expand(self.weights(mu).step, MAX_FLOATS)

    def numbers(self, mu: Any = 0) -> tuple[Real, ...]:
        """The exact steps, as expressions that share their parts."""
        if self.steps > MAX_LISTED:
            raise ClaimError(f"{self.name} has {self.steps} steps; at most {MAX_LISTED} can be listed exactly")
        return tuple(self.expand(self.weights(mu, "exact").step))

    def sum(self, mu: float = 0.0) -> float:
        """The sum of the steps, in floats; any number of steps."""
        inserted = self.weights(mu).step
        totals: list[float] = []
        for (_, *operands), step in zip(self.instructions, inserted, strict=True):
            totals.append(math.fsum([totals[o] for o in operands if o != EMPTY] + ([] if step is None else [step])))
        return totals[-1]

    def __str__(self) -> str:
        texts: list[str] = []
        for kind, *operands in self.instructions:
            text = f"{kind}({', '.join('.' if o == EMPTY else texts[o] for o in operands)})"
            if len(text) > 120:
                return f"{self.name} ({len(self.instructions)} joins, {self.steps} steps)"
            texts.append(text)
        return texts[-1]

    def _repr_html_(self) -> str:
        """The tree and, for mu = 0 and a schedule short enough to list, its steps."""
        about = f"{self.description}; kind {self.kind}: {self}".strip("; ")
        if self.kind == "closed":
            return f"<div><b>{escape(self.name)}</b>, N = {self.steps}, for mu &gt; 0<br>{escape(about)}</div>"
        steps = self.floats() if self.steps <= MAX_LISTED else []
        return schedule_html(self.name, about, self.steps, self.sum(), [f"{h:.10g}" for h in steps[:16]], steps)


def _float_cubic(m: float, z: float, u: float) -> float:
    """The root of the cubic of the f-join in (0, z), by bisection on a logarithmic scale and Newton's steps."""

    def value(y: float) -> float:
        return (1 - m) * y * y * (2 + y - z) - m * u * (1 + y) ** 2 * (z - y)

    low, high = z * 2.0**-200, z
    for _ in range(80):
        middle = math.sqrt(low * high) if low < 0.5 * high else (low + high) / 2
        if value(middle) < 0:
            low = middle
        else:
            high = middle
        if high - low <= 4e-16 * high:
            break
    return (low + high) / 2


class _ExactCubics:
    """The roots of f- and g-joins with mu > 0 as exact numbers, each with an interval that holds it alone."""

    def __init__(self, composition: Composition, m: Real) -> None:
        self.composition, self.m = composition, m
        self._enclosed: Iterator[Any] | None = None

    def _roots(self) -> Iterator[Any]:
        field, (value,) = realise([self.m])
        low, high = field.scaled_enclosure(value, ENCLOSURE_BITS)
        arithmetic = RadicalField((), ENCLOSURE_BITS)
        found = self.composition.weights(fmpq(fmpz(low + high), fmpz(2) << ENCLOSURE_BITS), arithmetic).root
        kinds = (kind for kind, *_ in self.composition.instructions)
        return iter([root for kind, root in zip(kinds, found, strict=True) if kind in ("f", "g")])

    def __call__(self, m: Any, z: Any, u: Any) -> Any:
        if self._enclosed is None:
            self._enclosed = self._roots()
        root = next(self._enclosed)
        # an interval of relative width 2^-50 around it, with short ends
        unit = max(int(root.low).bit_length() - 52, 0)
        low, high = fmpq((root.low >> unit) - 2), fmpq((root.high >> unit) + 3)
        scale = fmpq(fmpz(1) << ENCLOSURE_BITS) / fmpq(fmpz(1) << unit)
        k = 1 - m + m * u
        return Real.nested_root((-(m * u * z), m * u * (1 - 2 * z), k * (2 - z), k), low / scale, high / scale)


_TOKEN = re.compile(r"\s*([A-Za-z][A-Za-z-]*|[(),.]|\d+)", re.ASCII)


def parse_composition(text: str, named: Callable[[str, int], Composition] | None = None) -> Composition:
    """Read a tree: ``.`` is the empty schedule, ``s(a, b)``, ``f(a, b)``, ``g(b, a)``, ``close(a)``, ``then(a, b)``
    are joins, and a name with a number of steps, such as ``silver(7)``, is what `named` says.

    Raises ClaimError with the place that cannot be read.
    """
    if len(text) > MAX_TEXT:
        raise ClaimError(f"a tree written with {len(text)} characters exceeds the limit of {MAX_TEXT}")
    tokens: list[tuple[str, int]] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ClaimError(f"cannot read the tree at {text[position : position + 20]!r}")
        tokens.append((match.group(1), match.start(1)))
        position = match.end()
    composer = Composer()
    # calls that are open: (name, operands so far)
    stack: list[tuple[str, list[Any]]] = []
    value: Any = None
    index = 0

    def fail(what: str) -> ClaimError:
        place = tokens[index][1] if index < len(tokens) else len(text)
        return ClaimError(f"in the tree, at {text[place : place + 20]!r} (character {place + 1}): {what}")

    while index < len(tokens):
        token = tokens[index][0]
        if value is None and token == ".":
            value = EMPTY
        elif value is None and token.isdigit() and stack and stack[-1][0] not in ("s", "f", "g", "close", "then"):
            value = ("number", int(token)) if len(token) < 10 else None
        elif value is None and token[0].isalpha() and index + 1 < len(tokens) and tokens[index + 1][0] == "(":
            stack.append((token, []))
            index += 1
        elif value is not None and stack and token in ",)":
            stack[-1][1].append(value)
            value = None
            if token == ")":
                name, operands = stack.pop()
                value = _call(composer, name, operands, named, fail)
        else:
            raise fail("expected ., a join such as s(., .), or a named schedule such as silver(3)")
        index += 1
    if stack or value is None or isinstance(value, tuple):
        raise fail("the expression ends too early")
    return composer.finish(value, "tree", f"the tree {text.strip()[:80]}")


def _call(composer: Composer, name: str, operands: list[Any], named: Any, fail: Callable[[str], ClaimError]) -> Operand:
    arity = {"s": 2, "f": 2, "g": 2, "then": 2, "close": 1}.get(name)
    if arity is not None:
        if len(operands) != arity:
            raise fail(f"{name} takes {arity} operand{'s' if arity > 1 else ''}, not {len(operands)}")
        return composer.join(name, *operands)
    if len(operands) != 1 or not isinstance(operands[0], tuple):
        raise fail(f"the named schedule {name} takes a number of steps")
    if operands[0][1] == 0:
        return EMPTY
    if named is None:
        raise fail(f"named schedules such as {name} are not known here")
    done: list[int] = []
    for kind, *parts in named(name, operands[0][1]).instructions:
        done.append(composer.join(kind, *(done[o] if isinstance(o, int) else o for o in parts)))
    return done[-1]
