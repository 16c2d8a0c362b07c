"""A lower bound for all stepsize schedules of N steps at once, by finitely many functions of one variable.

x_(i+1) = x_i - (h_i/L) grad f(x_i) on f with curvature between mu and L. For h in R^N let R(h) be the worst case of a
measure over an initial condition. The claim is R(h) >= bound for every h in R^N. L = 1 in what follows.

**Mixtures.** For functions f_k of one variable (`line_functions`) and weights w_k > 0 the function
sum_k w_k f_k(y_k / sqrt w_k) of several variables lies in the class, and its squared gradient norms, gaps and squared
distances are the weighted sums of those of f_k. So a box of steps is proved if

    sum_k w_k m_ki >= bound * sum_k w_k n_k > 0

for the initial values n_k and lower bounds m_ki, in the box, of the measure of f_k: of its squared gradients at every
x_i, i <= N, where the measure is the smallest of these.

**Cover.** R^N is split along coordinates; the halves share the cutting plane. Each leaf of the tree has a mixture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import DIMENSION_OF_L, Claim, InitialCondition, Measure
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact
from pepkit.kernel.line_functions import Interval, LineFunction, line_bounds
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import RATIONALS, Field, rational_text

__all__ = ["Cut", "Node", "ScheduleBound", "ScheduleCover", "proves_box"]

MAX_STEPS = 16
MAX_NODES = 1_000_000
MAX_BITS = 1 << 12
"""Binary digits of a numerator or denominator in a function or a cut."""
MAX_WORK = 4_000_000
"""Sum over leaves of steps times points of their functions, times 1 for every begun 256 bits of the longest number."""

_MEASURE = {
    Measure.FUNCTION_VALUE: "f(x_{N}) - min f",
    Measure.GRADIENT_NORM: "|grad f(x_{N})|^2",
    Measure.SMALLEST_GRADIENT_NORM: "min_(i<={N}) |grad f(x_i)|^2",
    Measure.DISTANCE: "|x_{N} - x_*|^2",
}
_INITIAL = {
    InitialCondition.DISTANCE: "|x_0 - x_*|^2",
    InitialCondition.FUNCTION_VALUE: "(f(x_0) - min f)",
    InitialCondition.GRADIENT_NORM: "|grad f(x_0)|^2",
}


@dataclass(frozen=True, repr=False)
class ScheduleBound(RationalFact):
    """R(h) >= bound for every h in R^steps, in units with L = 1.

    Parameters
    ----------
    mu
        mu/L of the class, -1 <= mu < 1.
    steps
        N, between 1 and 16.
    measure, initial
        What is bounded after N steps, and what it is compared with.
    bound
        Positive; in the units that L = 1 gives.

    Raises
    ------
    ClaimError
        Outside these ranges.
    """

    mu: Any
    steps: int
    measure: Measure
    initial: InitialCondition
    bound: Any

    def __post_init__(self) -> None:
        mu, bound = RATIONALS.coerce(self.mu), RATIONALS.coerce(self.bound)
        if not -1 <= mu < 1:
            raise ClaimError("mu/L lies in [-1, 1)")
        if type(self.steps) is not int or not 1 <= self.steps <= MAX_STEPS:
            raise ClaimError(f"between 1 and {MAX_STEPS} steps")
        if not isinstance(self.measure, Measure) or not isinstance(self.initial, InitialCondition):
            raise ClaimError("a measure and an initial condition")
        if bound <= 0:
            raise ClaimError("the bound is positive")
        object.__setattr__(self, "mu", mu)
        object.__setattr__(self, "bound", bound)

    def __repr__(self) -> str:
        power = DIMENSION_OF_L[self.measure] - DIMENSION_OF_L[self.initial]
        units = {-2: " / L^2", -1: " / L", 0: "", 1: " * L", 2: " * L^2"}[power]
        if self.mu == 0:
            words = "L-smooth convex f"
        elif self.mu > 0:
            words = f"L-smooth f with f - ({rational_text(self.mu)} * L/2)|x|^2 convex"
        else:
            words = f"L-smooth f, bounded below, with f + ({rational_text(-self.mu)} * L/2)|x|^2 convex"
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        measure, initial = _MEASURE[self.measure].format(N=self.steps), _INITIAL[self.initial]
        return (
            f"Theorem. No stepsize schedule of {steps} x_(i+1) = x_i - (h_i/L) grad f(x_i) with real h_i guarantees "
            f"{measure} < {rational_text(self.bound)}{units} * {initial} on all {words} with a minimiser x_*: "
            f"every schedule has a function of the class, x_0 and x_* that violate it."
        )


def proves_box(
    claim: ScheduleBound, functions: Sequence[LineFunction], mixture: Sequence[tuple[int, Any]], box: Sequence[Interval]
) -> bool:
    """Whether a mixture of functions proves the bound for all steps in a box."""
    start = fmpq(0)
    total: list[Any] = []
    for number, weight in mixture:
        function = functions[number]
        start += weight * function.initial(claim.initial)
        rows = [weight * row for row in line_bounds(function, claim.measure, box)]
        total = [a + b for a, b in zip(total, rows, strict=True)] if total else rows
    return bool(start > 0 and all(row >= claim.bound * start for row in total))


@dataclass(frozen=True)
class Cut:
    """An inner node: steps h_`step` <= `at` belong to the first subtree, >= `at` to the second."""

    step: int
    at: Any


Node = Cut | tuple[tuple[int, Any], ...]
"""A cut, or a leaf: pairs of the number of a function and its weight."""


@dataclass(frozen=True)
class ScheduleCover:
    """Functions, and a tree of boxes that covers R^N, in preorder: a cut is followed by its two subtrees.

    Parameters
    ----------
    functions
        (points, gradients, ends) of `LineFunction`.
    tree
        `Cut`s and leaves.
    """

    claim: ScheduleBound
    functions: tuple[tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]], ...]
    tree: tuple[Node, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def _bits(self) -> int:
        """The size of the longest number; FormatError beyond the limit."""
        cuts = (node.at for node in self.tree if isinstance(node, Cut))
        numbers = (RATIONALS.coerce(a) for a in (*(a for f in self.functions for part in f for a in part), *cuts))
        bits = max((max(int(a.p).bit_length(), int(a.q).bit_length()) for a in numbers), default=0)
        if bits > MAX_BITS:
            raise FormatError(f"a function or cut of a cover has a number of {bits} bits; the limit is {MAX_BITS}")
        return bits

    def prove(self) -> Conclusion:
        """The theorem; CertificateError names the function or the box that fails."""
        claim = self.claim
        if not isinstance(claim, ScheduleBound):
            raise FormatError("a cover of all schedules proves bounds for all schedules only")
        if not 1 <= len(self.tree) <= MAX_NODES or len(self.functions) > MAX_NODES:
            raise FormatError(f"a cover has 1 to {MAX_NODES} nodes")
        unit = claim.steps * (1 + self._bits() // 256)
        functions = []
        for number, (points, gradients, ends) in enumerate(self.functions):
            try:
                functions.append(LineFunction(claim.mu, points, gradients, ends))
            except CertificateError as error:
                raise CertificateError(f"function {number}: {error}") from None
        work = 0
        whole: Interval = (None, None)
        boxes: list[tuple[Interval, ...]] = [(whole,) * claim.steps]
        leaves = 0
        for place, node in enumerate(self.tree):
            if not boxes:
                raise FormatError(f"the tree of a cover ends before its node {place}")
            box = boxes.pop()
            if isinstance(node, Cut):
                boxes += _cut(node, box, claim.steps)
                continue
            mixture = tuple((_number(n, len(functions)), _weight(w)) for n, w in node)
            reading.increasing([(n,) for n, _ in mixture], len(mixture), "functions of a leaf")
            work += unit * sum(len(functions[n].points) + 2 for n, _ in mixture)
            if work > MAX_WORK:
                raise FormatError(f"the leaves of a cover exceed the limit of work, {MAX_WORK}")
            if not proves_box(claim, functions, mixture, box):
                raise CertificateError(f"leaf {leaves} does not prove the bound for the steps {_box_text(box)}")
            leaves += 1
        if boxes:
            raise FormatError(f"the tree of a cover lacks {len(boxes)} nodes")
        checks = (
            f"{len(functions)} functions of one variable, each in the class and bounded below",
            f"{leaves} boxes cover all schedules, and each has a mixture of the functions that attains the bound",
        )
        return Conclusion(claim, None, None, False, checks)


def _cut(node: Cut, box: tuple[Interval, ...], steps: int) -> list[tuple[Interval, ...]]:
    """The two parts of a box, the one below the cut last: it comes next in preorder."""
    k, at = _number(node.step, steps), RATIONALS.coerce(node.at)
    low, high = box[k]
    if (low is not None and at <= low) or (high is not None and at >= high):
        raise CertificateError(f"a cut of h_{k} at {rational_text(at)[:40]} lies outside its box")
    return [(*box[:k], (at, high), *box[k + 1 :]), (*box[:k], (low, at), *box[k + 1 :])]


def _number(value: Any, count: int) -> int:
    if type(value) is not int or not 0 <= value < count:
        raise FormatError(f"the index {value!r} is not below {count}")
    return value


def _weight(value: Any) -> Any:
    weight = RATIONALS.coerce(value)
    if weight < 0:
        raise CertificateError("a function has a negative weight")
    return weight


def _box_text(box: Sequence[Interval]) -> str:
    ends = [tuple("" if end is None else rational_text(end)[:24] for end in part) for part in box]
    return ", ".join(f"h_{k} in [{low or '-inf'}, {high or 'inf'}]" for k, (low, high) in enumerate(ends))


# ---- files ---------------------------------------------------------------------------------------


def read_bound(number_field: Field, data: dict[str, Any]) -> ScheduleBound:
    """The claim of a bound for all schedules."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "mu/L", "steps", "measure", "initial", "bound"))
    try:
        measure, initial = Measure(parts["measure"]), InitialCondition(parts["initial"])
    except ValueError as error:
        raise FormatError(str(error)[:200]) from None
    steps = reading.index(parts["steps"], "steps")
    return ScheduleBound(RATIONALS.read(parts["mu/L"]), steps, measure, initial, RATIONALS.read(parts["bound"]))


def write_bound(claim: ScheduleBound) -> dict[str, Any]:
    """The JSON form of the claim."""
    return {
        "mu/L": RATIONALS.write(claim.mu),
        "steps": claim.steps,
        "measure": claim.measure.value,
        "initial": claim.initial.value,
        "bound": RATIONALS.write(claim.bound),
    }


def read_cover(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> ScheduleCover:
    """The functions and the tree."""
    parts = reading.fields(data, "the proof", ("kind", "functions", "tree"))
    if not isinstance(claim, ScheduleBound):
        raise FormatError("a cover of all schedules proves bounds for all schedules only")
    functions = []
    for item in reading.items(parts["functions"], "functions"):
        function = reading.fields(item, "a function", ("points", "gradients", "ends"))
        points, gradients, ends = (
            tuple(RATIONALS.read(a) for a in reading.items(function[key], key))
            for key in ("points", "gradients", "ends")
        )
        functions.append((points, gradients, ends))
    tree: list[Node] = []
    for item in reading.items(parts["tree"], "tree"):
        if isinstance(item, dict):
            cut = reading.fields(item, "a cut", ("step", "at"))
            tree.append(Cut(reading.index(cut["step"], "step"), RATIONALS.read(cut["at"])))
        else:
            pairs = [reading.entry(pair, 1, "a function of a leaf") for pair in reading.items(item, "a leaf")]
            tree.append(tuple((n, RATIONALS.read(w)) for n, w in pairs))
    return ScheduleCover(claim, tuple(functions), tuple(tree), provenance)


def write_cover(proof: ScheduleCover) -> dict[str, Any]:
    """The JSON form of the functions and the tree."""

    def write(value: Any) -> Any:
        return RATIONALS.write(RATIONALS.coerce(value))

    functions = [
        {key: [write(a) for a in part] for key, part in zip(("points", "gradients", "ends"), function, strict=True)}
        for function in proof.functions
    ]
    tree = [
        {"step": node.step, "at": write(node.at)} if isinstance(node, Cut) else [[n, write(w)] for n, w in node]
        for node in proof.tree
    ]
    return {"functions": functions, "tree": tree}
