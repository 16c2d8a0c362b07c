"""Claims: the hypotheses against functions of the class, and everything that makes no sense."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest
from flint import fmpq
from helpers.certificates import CUBIC, RADICALS, SQRT2, as_fixed_steps, everything, listed
from helpers.functions import PiecewiseQuadratic, exact, run, witness_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pepkit.kernel import (
    RATIONALS,
    CertificateError,
    ClaimError,
    FixedStepMethod,
    Form,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    NumberField,
    SmoothFunctionClass,
    Vector,
)
from pepkit.kernel.claims import MAX_BASIS, MAX_STEPS, interpolation_conditions
from pepkit.kernel.witness import Evaluation, check_witness

fractions = st.fractions(-4, 4, max_denominator=6)
MEASURES, INITIALS = list(Measure), list(InitialCondition)


def claim_of(mu: Any = 0, steps: Any = (1,), measure: Any = Measure.FUNCTION_VALUE, initial: Any = InitialCondition.DISTANCE,
             field: Any = RATIONALS, **more: Any) -> MethodClaim:  # fmt: skip
    return MethodClaim(field, SmoothFunctionClass(mu), GradientDescent(tuple(steps)), measure, initial, **more)


# ---- functions of the class ----------------------------------------------------------------------


@st.composite
def runs(draw: Any, outside: bool = False) -> Any:
    """(mu, function of F_{mu,1} with a minimiser, step matrix, start)."""
    mu = draw(st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(9, 10), Fraction(-1, 4), Fraction(-1)]))
    count = draw(st.integers(0, 3))
    breaks = tuple(sorted(draw(st.lists(fractions, min_size=count, max_size=count, unique=True))))
    curvature = st.sampled_from([mu, Fraction(1), (mu + 1) / 2, (3 * mu + 1) / 4])
    curvatures = draw(st.lists(curvature, min_size=count + 1, max_size=count + 1))
    if outside:
        curvatures[draw(st.integers(0, count))] = draw(st.sampled_from([mu - Fraction(1, 9), Fraction(10, 9)]))
    function = PiecewiseQuadratic(breaks, tuple(curvatures), draw(fractions))
    assume(function.minimiser() is not None)
    size = draw(st.integers(1, 3))
    if draw(st.booleans()):
        steps = draw(st.lists(fractions, min_size=size, max_size=size))
        matrix: Any = [steps[: i + 1] for i in range(size)]
    else:
        matrix = [draw(st.lists(fractions, min_size=i + 1, max_size=i + 1)) for i in range(size)]
    return mu, function, matrix, draw(fractions)


@settings(max_examples=150, deadline=None)
@given(runs())
def test_functions_of_the_class_satisfy_every_hypothesis(case: Any) -> None:
    """Run the method, and check all hypotheses and the value of the measure, for every measure and initial condition."""
    mu, function, matrix, start = case
    minimiser = function.minimiser()
    assert minimiser is not None and function.derivative(minimiser) == 0
    points = run(function, matrix, start)
    method = FixedStepMethod(tuple(tuple(exact(h) for h in row) for row in matrix))
    gradients = [function.derivative(x) for x in points]
    gaps = [function.value(x) - function.value(minimiser) for x in points]
    assert min(gaps) >= 0
    measured = dict(
        zip(
            MEASURES,
            (gaps[-1], gradients[-1] ** 2, min(g * g for g in gradients), (points[-1] - minimiser) ** 2),
            strict=True,
        )
    )
    started = dict(zip(INITIALS, ((points[0] - minimiser) ** 2, gaps[0], gradients[0] ** 2), strict=True))
    offered = 0
    for measure in MEASURES:
        for initial in INITIALS:
            try:
                claim = MethodClaim(RATIONALS, SmoothFunctionClass(exact(mu)), method, measure, initial)
            except ClaimError:
                continue
            offered += 1
            witness = witness_of(
                function, points, minimiser, claim.has_minimiser, measure is Measure.SMALLEST_GRADIENT_NORM
            )
            statement = claim.statement()
            if started[initial] == 0:
                with pytest.raises(CertificateError, match="not positive"):
                    check_witness(statement, witness)
                continue
            value = check_witness(statement, witness)
            assert value == exact(measured[measure] / started[initial])
            for vector, x in zip(
                Evaluation(statement, witness).vectors[len(statement.basis) :], points[1:], strict=True
            ):
                assert vector == [exact(x - (minimiser if claim.has_minimiser else points[0]))]
    assert offered == (12 if mu > 0 else 9 if mu == 0 else 7)


@settings(max_examples=150, deadline=None)
@given(runs(outside=True), st.integers(0, 5))
def test_a_violated_inequality_means_that_the_function_is_outside(case: Any, place: int) -> None:
    """The inequality of two points holds for a function with second derivative constant between them iff it is in [mu, 1]."""
    mu, function, _, _ = case
    a, b, curvature = function.pieces()[place % len(function.curvatures)]
    left = a if a is not None else (b if b is not None else Fraction(0)) - 3
    right = b if b is not None else left + 2
    family = interpolation_conditions(exact(mu), ((0, 1, 0), (2, 3, 1)), ("a", "b"))
    for index in ((0, 1), (1, 0)):
        value = evaluate(family.form(index), [left, function.derivative(left), right, function.derivative(right)],
                         [function.value(left), function.value(right)])  # fmt: skip
        # for a quadratic with curvature c the inequality is (c - mu)(1 - c)(x - y)^2 / (2(1 - mu)) >= 0
        assert value == (curvature - mu) * (1 - curvature) * (right - left) ** 2 / (2 * (1 - mu))
        assert (value >= 0) == (mu <= curvature <= 1)


def evaluate(form: Form, vectors: list[Fraction], scalars: list[Fraction]) -> Fraction:
    total = Fraction(0)
    for (p, q), c in form.quadratic.items():
        total += Fraction(int(c.p), int(c.q)) * vectors[p] * vectors[q]
    for s, c in form.linear.items():
        total += Fraction(int(c.p), int(c.q)) * scalars[s]
    return total


@settings(max_examples=200)
@given(
    st.fractions(-1, Fraction(49, 50), max_denominator=50),
    st.lists(fractions, min_size=8, max_size=8),
    fractions,
    fractions,
)
def test_interpolation_formula(mu: Fraction, numbers: list[Fraction], f: Fraction, h: Fraction) -> None:
    """Against the definition: g - mu x and f - mu |x|^2/2 interpolate a convex (1-mu)-smooth function. In the plane."""
    x, y, g, k = (numbers[2 * i : 2 * i + 2] for i in range(4))

    def dot(u: Any, v: Any) -> Fraction:
        return sum((a * b for a, b in zip(u, v, strict=True)), Fraction(0))

    def less(u: Any, v: Any, c: Fraction = Fraction(1)) -> list[Fraction]:
        return [a - c * b for a, b in zip(u, v, strict=True)]

    f_convex, h_convex = f - mu * dot(x, x) / 2, h - mu * dot(y, y) / 2
    g_convex, k_convex = less(g, x, mu), less(k, y, mu)
    difference = less(g_convex, k_convex)
    expected = f_convex - h_convex - dot(k_convex, less(x, y)) - dot(difference, difference) / (2 * (1 - mu))
    form = interpolation_conditions(exact(mu), ((0, 1, 0), (2, 3, 1)), ("a", "b")).form((0, 1))
    vectors = [x, g, y, k]
    value = sum(
        (Fraction(int(c.p), int(c.q)) * dot(vectors[p], vectors[q]) for (p, q), c in form.quadratic.items()),
        Fraction(0),
    )
    assert value + f - h == expected
    assert form.linear == {0: 1, 1: -1}


def test_the_infimum_is_needed() -> None:
    """-cos-like data: a start at a local maximum (g = 0, f > 0) is consistent, one below the infimum is not."""
    claim = claim_of(fmpq(-1), (1,), Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE)
    assert [f.name for f in claim.statement().families] == ["interpolation", "infimum"]
    for point in range(2):
        form = claim.statement().family("infimum").form((point,))
        assert form == Form({(point, point): fmpq(-1, 2)}, {point: fmpq(1)})
    assert [f.name for f in claim_of(fmpq(0)).statement().families] == ["interpolation"]
    with_minimiser = claim_of(fmpq(-1, 2)).statement()
    assert with_minimiser.vectors[0].name == "x_0 - x_*"
    assert list(with_minimiser.family("infimum").indices()) == [(0,), (1,)]
    assert (2, 0) in set(with_minimiser.family("interpolation").indices())


# ---- shapes --------------------------------------------------------------------------------------


def test_names_and_positions() -> None:
    statement = claim_of(steps=(1, 2)).statement()
    assert [v.name for v in statement.vectors] == ["x_0 - x_*", "g_0", "g_1", "g_2", "x_1", "x_2"]
    assert statement.basis == (0, 1, 2, 3)
    assert statement.scalars == ("f_0", "f_1", "f_2")
    assert statement.family("interpolation").describe((3, 1)) == "interpolation inequality (x_*, x_1)"
    without = claim_of(fmpq(-1), (1, 2), Measure.SMALLEST_GRADIENT_NORM, InitialCondition.FUNCTION_VALUE).statement()
    assert [v.name for v in without.vectors] == ["g_0", "g_1", "g_2", "x_1", "x_2"]
    assert without.scalars == ("f_0", "f_1", "f_2", "t")
    assert len(list(without.family("interpolation").indices())) == 6


@settings(max_examples=50)
@given(st.lists(fractions, min_size=1, max_size=4), st.sampled_from([fmpq(0), fmpq(1, 3), fmpq(-1)]))
def test_a_step_matrix_says_the_same_as_the_schedule(steps: list[Fraction], mu: fmpq) -> None:
    schedule = tuple(exact(h) for h in steps)
    matrix = FixedStepMethod(tuple(schedule[: i + 1] for i in range(len(schedule))))
    one = claim_of(mu, schedule)
    two = MethodClaim(RATIONALS, SmoothFunctionClass(mu), matrix)
    witness_size = len(one.statement().basis)
    assert one.statement().vectors[:witness_size] == two.statement().vectors[:witness_size]
    assert one.statement().families == two.statement().families
    function = PiecewiseQuadratic((), (Fraction(1),), Fraction(0))
    points = run(function, [steps[: i + 1] for i in range(len(steps))], Fraction(1))
    witness = witness_of(function, points, Fraction(0), True, False)
    assert Evaluation(one.statement(), witness).vectors == Evaluation(two.statement(), witness).vectors


def test_power_of_l() -> None:
    powers = {
        (measure, initial): claim_of(fmpq(1, 2), measure=measure, initial=initial).power_of_L
        for measure in MEASURES
        for initial in INITIALS
    }
    rows = {m: [powers[m, i] for i in INITIALS] for m in MEASURES}
    assert rows == {
        Measure.FUNCTION_VALUE: [1, 0, -1],
        Measure.GRADIENT_NORM: [2, 1, 0],
        Measure.SMALLEST_GRADIENT_NORM: [2, 1, 0],
        Measure.DISTANCE: [0, -1, -2],
    }


@settings(max_examples=60, deadline=None)
@given(runs(), st.fractions(Fraction(1, 9), 9, max_denominator=9))
def test_power_of_l_by_scaling(case: Any, smoothness: Fraction) -> None:
    """L f has the measures of f times powers of L, with steps h/L."""
    mu, function, matrix, start = case
    minimiser = function.minimiser()
    assert minimiser is not None
    points = run(function, matrix, start)
    scaled = PiecewiseQuadratic(
        function.breaks, tuple(smoothness * c for c in function.curvatures), smoothness * function.slope
    )
    assert run(scaled, [[h / smoothness for h in row] for row in matrix], start) == points
    f, g = scaled.value(points[-1]) - scaled.value(minimiser), scaled.derivative(points[-1])
    f_0, g_0 = scaled.value(start) - scaled.value(minimiser), scaled.derivative(start)
    measured = {
        Measure.FUNCTION_VALUE: f,
        Measure.GRADIENT_NORM: g * g,
        Measure.DISTANCE: (points[-1] - minimiser) ** 2,
    }
    started = {InitialCondition.DISTANCE: (start - minimiser) ** 2, InitialCondition.FUNCTION_VALUE: f_0,
               InitialCondition.GRADIENT_NORM: g_0 * g_0}  # fmt: skip
    for measure, value in measured.items():
        for initial, normaliser in started.items():
            if not normaliser:
                continue
            try:
                method = FixedStepMethod(tuple(tuple(exact(h) for h in row) for row in matrix))
                claim = MethodClaim(RATIONALS, SmoothFunctionClass(exact(mu)), method, measure, initial)
            except ClaimError:
                continue
            witness = witness_of(function, points, minimiser, claim.has_minimiser, False)
            normalised = check_witness(claim.statement(), witness)
            assert exact(value / normaliser) == normalised * exact(smoothness) ** claim.power_of_L


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("mu", [fmpq(1), fmpq(2), fmpq(-101, 100), 1, -2, True, 0.5, "0", None])
def test_bad_mu(mu: Any) -> None:
    with pytest.raises(ClaimError):
        claim_of(mu)


@pytest.mark.parametrize("smoothness", [0, -1, fmpq(-1, 10**300), 1.0, "1", True])
def test_bad_smoothness(smoothness: Any) -> None:
    with pytest.raises(ClaimError):
        MethodClaim(RATIONALS, SmoothFunctionClass(fmpq(0), smoothness), GradientDescent((fmpq(1),)))


@pytest.mark.parametrize("steps", [(), (1.0,), ("1",), (None,), (True,), (SQRT2.generator,), (1,) * (MAX_STEPS + 1)])
def test_bad_steps(steps: Any) -> None:
    with pytest.raises(ClaimError):
        claim_of(steps=steps)
    if len(steps) == 1:
        with pytest.raises(ClaimError):
            MethodClaim(RATIONALS, SmoothFunctionClass(), FixedStepMethod((steps,)))


@pytest.mark.parametrize("matrix", [(), ((),), ((1, 1),), ((1,), (1,)), ((1,), (1, 1, 1)), ((1,), ())])
def test_bad_matrices(matrix: Any) -> None:
    with pytest.raises(ClaimError):
        MethodClaim(RATIONALS, SmoothFunctionClass(), FixedStepMethod(matrix))


@pytest.mark.parametrize("rate", [0.5, "1/2", True, SQRT2.generator])
def test_bad_rates(rate: Any) -> None:
    with pytest.raises(ClaimError):
        claim_of(rate=rate)
    with pytest.raises(ClaimError):
        claim_of().with_rate(rate)
    with pytest.raises(ClaimError):
        listed().claim.with_rate(rate)


@pytest.mark.parametrize(
    ("sign", "refused"),
    [
        (1, set()),
        (0, {(Measure.DISTANCE, InitialCondition.FUNCTION_VALUE), (Measure.DISTANCE, InitialCondition.GRADIENT_NORM),
             (Measure.FUNCTION_VALUE, InitialCondition.GRADIENT_NORM)}),
        (-1, {(Measure.DISTANCE, InitialCondition.FUNCTION_VALUE),
              *((measure, InitialCondition.GRADIENT_NORM) for measure in Measure)}),
    ],
)  # fmt: skip
def test_unbounded_pairs_are_refused(sign: int, refused: set[Any]) -> None:
    for field, mu in ((RATIONALS, fmpq(sign, 10**200)), (SQRT2, sign * (SQRT2.generator - 1))):
        found = set()
        for measure in MEASURES:
            for initial in INITIALS:
                try:
                    claim = claim_of(mu, (1,), measure, initial, field)
                except ClaimError:
                    found.add((measure, initial))
                    continue
                distance = Measure.DISTANCE is measure or InitialCondition.DISTANCE is initial
                assert claim.has_minimiser == (sign >= 0 or distance)
        assert found == refused


def test_the_class_is_decided_in_the_right_embedding() -> None:
    """theta = -sqrt 2 is no mu, theta = sqrt 2 - 1 is convex, its conjugate is not in the range."""
    negative = NumberField([-2, 0, 1], (-2, -1))
    with pytest.raises(ClaimError):
        claim_of(negative.generator, field=negative)
    with pytest.raises(ClaimError):
        claim_of(negative.generator - 1, field=negative)
    assert [f.name for f in claim_of(negative.generator + 1, field=negative).statement().families] == [
        "interpolation", "infimum",
    ]  # fmt: skip
    assert len(claim_of(SQRT2.generator - 1, field=SQRT2).statement().families) == 1
    with pytest.raises(ClaimError):
        claim_of(CUBIC.generator, field=SQRT2)


def test_replacing_keeps_the_checks() -> None:
    claim = claim_of(rate=fmpq(1, 6))
    assert claim.with_rate(fmpq(1, 5)).rate == fmpq(1, 5)
    assert claim.with_rate(1) == claim.with_rate(fmpq(1))
    assert claim.rate == fmpq(1, 6)
    assert as_fixed_steps(everything()["silver-3"]).claim != everything()["silver-3"].claim


# ---- listed claims -------------------------------------------------------------------------------

U, V = Vector("u"), Vector("v")
ONE = Form(constant=fmpq(1))
SQUARE = Form({(0, 0): fmpq(1)})


@pytest.mark.parametrize(
    "changes",
    [
        {"inequalities": (("a", SQUARE), ("a", SQUARE))},
        {"inequalities": (("a", SQUARE),), "equalities": (("a", SQUARE),)},
        {"equalities": (("a", SQUARE),), "matrix_inequalities": (("a", ((SQUARE,),)),)},
        {"vectors": (U, Vector("d", ((1, fmpq(1)),)))},
        {"vectors": (U, Vector("d", ((2, fmpq(1)),)), V)},
        {"vectors": (U, Vector("d", ((-1, fmpq(1)),)))},
        {"vectors": (Vector("d", ((0, fmpq(1)),)), U)},
        {"measure": Form({(1, 0): fmpq(1)})},
        {"measure": Form({(0, 2): fmpq(1)})},
        {"measure": Form({(-1, 0): fmpq(1)})},
        {"normaliser": Form(linear={1: fmpq(1)})},
        {"normaliser": Form(linear={-1: fmpq(1)})},
        {"inequalities": (("a", Form({(0, 7): fmpq(1)})),)},
        {"matrix_inequalities": (("a", ((SQUARE, SQUARE),)),)},
        {"matrix_inequalities": (("a", ((SQUARE, ONE), (SQUARE, SQUARE))),)},
        {"matrix_inequalities": (("a", ((Form({(0, 9): fmpq(1)}),),)),)},
        {"rate": 1.0},
        {"vectors": tuple(Vector(str(k)) for k in range(MAX_BASIS + 1))},
    ],
)
def test_bad_listed_claims(changes: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "vectors": (U, V), "scalars": ("s",), "inequalities": (), "equalities": (), "matrix_inequalities": (),
        "measure": SQUARE, "normaliser": ONE, "rate": fmpq(1),
    }  # fmt: skip
    ListedClaim(**good)
    start = time.perf_counter()
    with pytest.raises(ClaimError):
        ListedClaim(**{**good, **changes})
    assert time.perf_counter() - start < 1


def test_radical_claims_know_their_class() -> None:
    assert claim_of(RADICALS.nodes[0] - 1, field=RADICALS).statement().families[0].name == "interpolation"
    with pytest.raises(ClaimError):
        claim_of(RADICALS.nodes[0], field=RADICALS)
