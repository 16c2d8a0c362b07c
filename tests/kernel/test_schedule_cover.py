"""Bounds for all schedules: boxes against runs on the functions, forged covers, ranges against samples."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from helpers.tampering import parts, replaced
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.certification import CertificationError
from pepkit.kernel import CertificateError, ClaimError, FormatError, InitialCondition, Measure, check, load
from pepkit.kernel.files import certificate_from_data, certificate_to_data
from pepkit.kernel.line_functions import LineFunction
from pepkit.kernel.schedule_cover import Cut, ScheduleBound, ScheduleCover
from pepkit.schedule_bounds import certify_every_schedule

REFUSED = (CertificateError, ClaimError, FormatError)
HEDGING = {"measure": Measure.SMALLEST_GRADIENT_NORM, "initial": InitialCondition.FUNCTION_VALUE}


@cache
def one_step() -> ScheduleCover:
    # the best step is 3/2, with f(x_1) - f_* = |x_0 - x_*|^2/8
    return certify_every_schedule(1, fmpq(1249, 10000))


@cache
def two_steps() -> ScheduleCover:
    return certify_every_schedule(2, fmpq(28, 100), mu=fmpq(-11, 100), **HEDGING)


def covers() -> dict[str, ScheduleCover]:
    return {
        "one step": one_step(),
        "two steps, smallest gradient": two_steps(),
        "gradient": certify_every_schedule(1, "1/3", measure=Measure.GRADIENT_NORM, initial=InitialCondition.FUNCTION_VALUE),
        "distance": certify_every_schedule(1, "0.66", mu="1/10", measure=Measure.DISTANCE),
        "gradient over gradient": certify_every_schedule(
            1, "1/2", mu="1/10", measure=Measure.GRADIENT_NORM, initial=InitialCondition.GRADIENT_NORM
        ),
    }  # fmt: skip


# ---- an independent reading ----------------------------------------------------------------------


def fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


class Line:
    """The function of a certificate, evaluated in another way: by walking from the start."""

    def __init__(self, data: Any) -> None:
        self.points, self.gradients, self.ends = (tuple(map(fraction, part)) for part in data)

    def derivative(self, x: Fraction) -> Fraction:
        if x <= self.points[0]:
            return self.gradients[0] + self.ends[0] * (x - self.points[0])
        if x >= self.points[-1]:
            return self.gradients[-1] + self.ends[1] * (x - self.points[-1])
        for (p, q), (v, w) in zip(pairwise(self.points), pairwise(self.gradients), strict=True):
            if p <= x <= q:
                return v + (w - v) * (x - p) / (q - p)
        raise AssertionError

    def between(self, x: Fraction, y: Fraction) -> Fraction:
        """f(y) - f(x), by Simpson's rule between kinks, which is exact."""
        if x > y:
            return -self.between(y, x)
        cuts = [x, *(p for p in self.points if x < p < y), y]
        return sum(((b - a) * (self.derivative(a) + self.derivative(b)) / 2 for a, b in pairwise(cuts)), Fraction(0))

    def minimiser(self) -> Fraction:
        """The best zero of f', by bisection between kinks and beyond."""
        places = list(self.points)
        for k in range(12):
            places += [self.points[0] - 4**k, self.points[-1] + 4**k]
        places.sort()
        zeros = [p for p in places if self.derivative(p) == 0]
        for p, q in pairwise(places):
            v, w = self.derivative(p), self.derivative(q)
            if v * w < 0:
                zeros.append(p - v * (q - p) / (w - v))
        return min(zeros, key=lambda z: self.between(Fraction(0), z))


def holds(proof: ScheduleCover, steps: list[Fraction]) -> bool:
    """Whether the mixture of the box of some steps violates measure < bound * initial for them."""
    place = 0

    def descend(place: int, wanted: bool) -> tuple[int, Any]:
        """The place behind the subtree at `place`, and the leaf of the steps in it."""
        node = proof.tree[place]
        if not isinstance(node, Cut):
            return place + 1, node
        here = steps[node.step] <= fraction(node.at)
        middle, first = descend(place + 1, wanted and here)
        end, second = descend(middle, wanted and not here)
        return end, first if here else second

    _, leaf = descend(place, True)
    claim = proof.claim
    rows: list[list[Fraction]] = []
    start = Fraction(0)
    for number, weight in leaf:
        f, w = Line(proof.functions[number]), fraction(weight)
        x = [Fraction(0)]
        for h in steps:
            x.append(x[-1] - h * f.derivative(x[-1]))
        best = f.minimiser()
        gap, squares = f.between(best, Fraction(0)), [f.derivative(p) ** 2 for p in x]
        start += w * {InitialCondition.DISTANCE: best**2, InitialCondition.FUNCTION_VALUE: gap,
                      InitialCondition.GRADIENT_NORM: squares[0]}[claim.initial]  # fmt: skip
        rows.append([w * value for value in {
            Measure.SMALLEST_GRADIENT_NORM: squares, Measure.GRADIENT_NORM: squares[-1:],
            Measure.DISTANCE: [(x[-1] - best) ** 2], Measure.FUNCTION_VALUE: [f.between(best, x[-1])],
        }[claim.measure]])  # fmt: skip
    return start > 0 and min(map(sum, zip(*rows, strict=True))) >= fraction(claim.bound) * start


STEPS = st.one_of(
    st.fractions(-40, 40, max_denominator=60),
    st.fractions(0, 3, max_denominator=10**6),
    st.integers(-6, 6).map(Fraction),
)


@settings(max_examples=60, deadline=None)
@given(st.data())
@pytest.mark.parametrize(
    "name", ["one step", "two steps, smallest gradient", "gradient", "distance", "gradient over gradient"]
)
def test_every_schedule_is_violated_by_its_mixture(name: str, data: Any) -> None:
    proof = cached(name)
    steps = data.draw(st.lists(STEPS, min_size=proof.claim.steps, max_size=proof.claim.steps))
    assert holds(proof, steps)


@cache
def cached(name: str) -> ScheduleCover:
    return covers_once()[name]


@cache
def covers_once() -> dict[str, ScheduleCover]:
    return covers()


def test_the_independent_reading_can_fail() -> None:
    proof = one_step()
    assert holds(proof, [Fraction(3, 2)])
    assert not holds(replace(proof, claim=replace(proof.claim, bound=fmpq(126, 1000))), [Fraction(3, 2)])


@pytest.mark.parametrize(
    "name", ["one step", "two steps, smallest gradient", "gradient", "distance", "gradient over gradient"]
)
def test_proved_and_read_again(name: str) -> None:
    proof = cached(name)
    theorem = check(proof)
    again = certificate_from_data(json.loads(json.dumps(certificate_to_data(proof))))
    assert again == proof and str(check(again)) == str(theorem)
    assert str(theorem).startswith("Theorem. No stepsize schedule of")


def test_words() -> None:
    assert "f(x_1) - min f < 1249/10000 * L * |x_0 - x_*|^2 on all L-smooth convex f" in str(check(one_step()))
    words = str(check(two_steps()))
    assert "min_(i<=2) |grad f(x_i)|^2 < 7/25 * L * (f(x_0) - min f)" in words
    assert "with f + (11/100 * L/2)|x|^2 convex" in words


# ---- forged covers -------------------------------------------------------------------------------


def changed(proof: ScheduleCover, place: int, node: Any) -> ScheduleCover:
    return replace(proof, tree=(*proof.tree[:place], node, *proof.tree[place + 1 :]))


def test_the_bound_matters() -> None:
    for proof, larger in ((one_step(), fmpq(126, 1000)), (two_steps(), fmpq(35, 100))):
        with pytest.raises(CertificateError, match="does not prove the bound"):
            check(replace(proof, claim=replace(proof.claim, bound=larger)))
        # a smaller bound is a weaker theorem
        assert check(replace(proof, claim=replace(proof.claim, bound=proof.claim.bound / 2)))


def test_other_claims_are_refused() -> None:
    proof = one_step()
    for part in ({"steps": 2}, {"mu": fmpq(99, 100)}):
        with pytest.raises(REFUSED):
            check(replace(proof, claim=replace(proof.claim, **part)))
    draw = random.Random(3)
    refused = 0
    for measure in Measure:
        for initial in InitialCondition:
            other = replace(proof, claim=replace(proof.claim, measure=measure, initial=initial, bound=fmpq(1, 4)))
            try:
                check(other)
            except CertificateError:
                refused += 1
            else:
                for _ in range(20):
                    assert holds(other, [Fraction(draw.randint(-200, 500), 100)]), (measure, initial)
    assert 0 < refused < 12


def test_the_tree_matters() -> None:
    proof = two_steps()
    for broken in (proof.tree[:-1], (*proof.tree, proof.tree[-1]), (), proof.tree[1:], proof.tree[::-1]):
        with pytest.raises(REFUSED):
            check(replace(proof, tree=broken))
    leaves = [k for k, node in enumerate(proof.tree) if not isinstance(node, Cut)]
    for place in leaves:
        for node in ((), tuple((n, fmpq(0)) for n, _ in proof.tree[place]), tuple((n, -w) for n, w in proof.tree[place]),
                     ((len(proof.functions), fmpq(1)),), ((-1, fmpq(1)),), ((True, fmpq(1)),)):  # fmt: skip
            with pytest.raises(REFUSED):
                check(changed(proof, place, node))
    cuts = [k for k, node in enumerate(proof.tree) if isinstance(node, Cut)]
    for place in cuts:
        node = proof.tree[place]
        for other in (Cut(2, node.at), Cut(-1, node.at)):
            with pytest.raises(REFUSED):
                check(changed(proof, place, other))
    # a leaf in place of the root
    for number in range(len(proof.functions)):
        with pytest.raises(CertificateError):
            check(replace(proof, tree=(((number, fmpq(1)),),)))


def test_hostile_sizes() -> None:
    proof = one_step()
    place = next(k for k, node in enumerate(proof.tree) if not isinstance(node, Cut))
    leaf = proof.tree[place]
    for node in (leaf * 2, (*leaf, *leaf), tuple((leaf[0][0], w) for _, w in (*leaf, *leaf))):
        with pytest.raises(FormatError, match="increasing"):
            check(changed(proof, place, node))
    root = proof.tree[0]
    assert isinstance(root, Cut)
    with pytest.raises(FormatError, match="bits"):
        check(changed(proof, 0, Cut(0, root.at + fmpq(1, 10**1300))))
    # a valid cover, cut finer and finer at a place with long numbers
    last = proof.tree[-1]
    far = fmpq(10**1200 + 1, 10**1199)

    def fine(count: int) -> ScheduleCover:
        cuts = [node for k in range(count) for node in (Cut(0, far + k), last)]
        return replace(proof, tree=(*proof.tree[:-1], *cuts, last))

    assert check(fine(20))
    with pytest.raises(FormatError, match="limit of work"):
        check(fine(90_000))


def test_cuts_that_are_moved_fail_or_prove_the_same() -> None:
    proof = two_steps()
    draw = random.Random(1)
    refused = 0
    for place, node in enumerate(proof.tree):
        if isinstance(node, Cut):
            moved = changed(proof, place, Cut(node.step, node.at + draw.choice([-1, 1]) * fmpq(3, 2)))
            try:
                check(moved)
            except CertificateError:
                refused += 1
            else:
                for _ in range(5):
                    assert holds(moved, [Fraction(draw.randint(-20, 40), 8) for _ in range(2)])
    assert refused


def test_the_functions_matter() -> None:
    proof = one_step()
    for k, (points, gradients, ends) in enumerate(proof.functions):
        steeper = tuple(g * fmpq(101, 100) for g in gradients)
        for function in (
            (points, steeper, tuple(e * fmpq(101, 100) for e in ends)),
            (points, gradients, (fmpq(-1), ends[1])),
            (points, gradients, (ends[0], fmpq(2))),
            (points[::-1], gradients[::-1], ends),
            (points, gradients[1:], ends),
            ((), (), ends),
            (points, gradients, ends[:1]),
            ((*points, points[-1]), (*gradients, gradients[-1]), ends),
        ):
            if function == proof.functions[k]:
                continue
            with pytest.raises(REFUSED):
                check(replace(proof, functions=(*proof.functions[:k], function, *proof.functions[k + 1 :])))


@pytest.mark.parametrize(
    ("points", "gradients", "ends"),
    [
        ([0], [1], [0, 1]),  # f' = 1 towards -infinity
        ([0], [-1], [1, 0]),
        ([0], [1], [-1, 1]),
        ([0, 1], [0, -1], [1, 1]),  # slope -1 below mu
        ([0, 1], [0, 2], [1, 1]),  # slope 2 above L
    ],
)
def test_functions_outside_the_class(points: list[int], gradients: list[int], ends: list[int]) -> None:
    with pytest.raises(CertificateError):
        LineFunction(fmpq(-1, 2), points, gradients, ends)
    assert LineFunction(fmpq(-1, 2), [0], [1], [1, 1]).gap == fmpq(1, 2)


def test_numbers_that_are_no_numbers_are_refused() -> None:
    data = certificate_to_data(one_step())
    paths = parts(data["claim"], ("claim",)) + parts(data["proof"], ("proof",))
    assert len(paths) > 30
    for path in paths:
        for bad in (None, 1.5, "1/0", "0x3", [], "nan"):
            with pytest.raises(REFUSED):
                check(certificate_from_data(replaced(data, path, lambda _, b=bad: b)))


def test_every_changed_digit_that_matters_is_refused() -> None:
    """Changes are refused, or leave a proof of what the changed file claims."""
    data = certificate_to_data(one_step())
    draw = random.Random(2)
    refused = 0
    for path in parts(data["claim"], ("claim",)) + parts(data["proof"], ("proof",)):
        value = data
        for key in path:
            value = value[key]
        if isinstance(value, str) and "/" not in value and not value.lstrip("-").isdigit():
            continue
        new = value + 1 if isinstance(value, int) else str(Fraction(value) + draw.choice([-1, 1]) * Fraction(1, 7))
        try:
            proof = certificate_from_data(replaced(data, path, lambda _, n=new: n))
            check(proof)
        except REFUSED:
            refused += 1
            continue
        for _ in range(10):
            steps = [Fraction(draw.randint(-300, 500), 100) for _ in range(proof.claim.steps)]
            assert holds(proof, steps), (path, steps)
    assert refused > 10


# ---- ranges --------------------------------------------------------------------------------------

SLOPES = st.fractions(-1, 1, max_denominator=8)


@st.composite
def lines(draw: Any) -> LineFunction:
    points = sorted(draw(st.sets(st.fractions(-3, 3, max_denominator=6), min_size=1, max_size=4)))
    gradients = [draw(st.fractions(-2, 2, max_denominator=6))]
    for p, q in pairwise(points):
        gradients.append(gradients[-1] + draw(SLOPES) * (q - p))
    ends = [draw(st.fractions(Fraction(1, 8), 1, max_denominator=8)) for _ in range(2)]
    numbers = [[fmpq(a.numerator, a.denominator) for a in part] for part in (points, gradients, ends)]
    return LineFunction(fmpq(-1), *numbers)


def rational(value: Fraction | None) -> Any:
    return None if value is None else fmpq(value.numerator, value.denominator)


@st.composite
def intervals(draw: Any, finite: bool) -> tuple[Any, Any]:
    low, high = sorted(draw(st.tuples(*[st.fractions(-5, 5, max_denominator=4)] * 2)))
    kind = "closed" if finite else draw(st.sampled_from(["closed", "left", "right", "both"]))
    return (None if kind in ("left", "both") else rational(low), None if kind in ("right", "both") else rational(high))


@settings(max_examples=150, deadline=None)
@given(lines(), intervals(False), intervals(False), st.randoms(use_true_random=False))
def test_ranges_contain_what_they_should(line: LineFunction, where: Any, steps: Any, draw: random.Random) -> None:
    if where == (None, None):
        where = (fmpq(-1), None)

    def inside(interval: Any) -> Any:
        low, high = interval
        if low is None and high is None:
            return fmpq(draw.randint(-900, 900), draw.choice([1, 3, 100]))
        size = fmpq(draw.randint(0, 1000), draw.choice([1, 1000]))
        if low is None:
            return high - size
        if high is None:
            return low + size
        return low + (high - low) * fmpq(draw.randint(0, 16), 16)

    def within(value: Any, interval: Any) -> bool:
        return (interval[0] is None or value >= interval[0]) and (interval[1] is None or value <= interval[1])

    reached, slopes, gap = line.step(where, steps), line.gradient_range(where), line.least_gap(where)
    assert gap >= 0
    for _ in range(12):
        x, h = inside(where), inside(steps)
        assert within(line.gradient(x), slopes)
        assert within(x - h * line.gradient(x), reached)
        value = Line((line.points, line.gradients, line.ends)).between(fraction(line.minimiser), fraction(x))
        assert value >= fraction(gap)


@settings(max_examples=100, deadline=None)
@given(lines(), intervals(True), intervals(True))
def test_ranges_of_finite_boxes_are_attained(line: LineFunction, where: Any, steps: Any) -> None:
    low, high = line.step(where, steps)
    corners = [
        x - h * line.gradient(x) for x in (*where, *(p for p in line.points if where[0] < p < where[1])) for h in steps
    ]
    assert (low, high) == (min(corners), max(corners))


def test_a_search_that_cannot_succeed_says_where() -> None:

    with pytest.raises(CertificationError, match=r"steps near \(1\.\d+\).*smaller bound"):
        certify_every_schedule(1, fmpq(126, 1000))
    with pytest.raises(CertificationError, match="larger limit"):
        certify_every_schedule(2, "0.065", limit=3)
    with pytest.raises(ClaimError, match="rational"):
        certify_every_schedule(1, "sqrt(2)/100")


@pytest.mark.parametrize(
    "bad",
    [
        (-2, 1, Measure.DISTANCE, InitialCondition.DISTANCE, 1),
        (1, 1, Measure.DISTANCE, InitialCondition.DISTANCE, 1),
        (0, 0, Measure.DISTANCE, InitialCondition.DISTANCE, 1),
        (0, 17, Measure.DISTANCE, InitialCondition.DISTANCE, 1),
        (0, True, Measure.DISTANCE, InitialCondition.DISTANCE, 1),
        (0, 1, "distance", InitialCondition.DISTANCE, 1),
        (0, 1, Measure.DISTANCE, InitialCondition.DISTANCE, 0),
    ],
)
def test_claims_that_make_no_sense(bad: tuple[Any, ...]) -> None:
    with pytest.raises(ClaimError):
        ScheduleBound(*bad)


def test_a_search_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    whole = certify_every_schedule(2, "0.06", checkpoint=path)
    assert check(certificate_from_data(json.loads(path.read_text()))) and whole == load(path)
    path.unlink()
    with pytest.raises(CertificationError, match="larger limit"):
        certify_every_schedule(2, "0.06", checkpoint=path, limit=5)
    part = load(path)
    assert isinstance(part, ScheduleCover) and 5 < len(part.tree) < len(whole.tree)
    with pytest.raises(REFUSED):
        check(part)
    finished = certify_every_schedule(2, "0.06", checkpoint=path)
    assert check(finished).claim == whole.claim and finished.tree[: len(part.tree)] == part.tree
    with pytest.raises(ClaimError, match="another claim"):
        certify_every_schedule(2, "0.05", checkpoint=path)
    # a finished one is taken as it is
    assert certify_every_schedule(2, "0.06", checkpoint=path) == finished
