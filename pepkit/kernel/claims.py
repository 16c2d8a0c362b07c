"""Claims: what is to be proved, in the field's words, and the statement that follows from it.

`statement()` derives every hypothesis from the definitions. Nothing else in a certificate file can add
one, so a certificate is believed only as far as the reader believes these derivations.

All statements are normalised to L = 1: with f/L in place of f the class becomes F_{mu/L, 1}, and a step
h_i means x_{i+1} = x_i - (h_i/L) grad f(x_i).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from enum import Enum
from functools import cached_property
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.numbers import RATIONALS, Field
from pepkit.kernel.statement import (
    Form,
    HypothesisFamily,
    ListedHypotheses,
    ListedMatrixInequalities,
    PointFamily,
    Statement,
    Vector,
)

__all__ = [
    "Claim",
    "FixedStepMethod",
    "GradientDescent",
    "InitialCondition",
    "ListedClaim",
    "Measure",
    "MethodClaim",
    "SmoothFunctionClass",
    "interpolation_conditions",
]

Point = tuple[int | None, int | None, int | None]
"""Vector of x, vector of g, scalar of f; None stands for zero."""

MAX_STEPS = 2048
MAX_BASIS = 4096
ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)


class Measure(Enum):
    """What is bounded after N steps."""

    FUNCTION_VALUE = "f(x_N)-f(x_*)"
    GRADIENT_NORM = "|grad f(x_N)|^2"
    SMALLEST_GRADIENT_NORM = "min_i |grad f(x_i)|^2"
    DISTANCE = "|x_N-x_*|^2"


class InitialCondition(Enum):
    """What the measure is compared with at the start."""

    DISTANCE = "|x_0-x_*|^2"
    FUNCTION_VALUE = "f(x_0)-f(x_*)"
    GRADIENT_NORM = "|grad f(x_0)|^2"


DIMENSION_OF_L = {
    Measure.FUNCTION_VALUE: 1,
    Measure.GRADIENT_NORM: 2,
    Measure.SMALLEST_GRADIENT_NORM: 2,
    Measure.DISTANCE: 0,
    InitialCondition.DISTANCE: 0,
    InitialCondition.FUNCTION_VALUE: 1,
    InitialCondition.GRADIENT_NORM: 2,
}


@dataclass(frozen=True)
class SmoothFunctionClass:
    """F_{mu,L}: differentiable f with f - (mu/2)|x|^2 convex and (L/2)|x|^2 - f convex.

    mu = 0: L-smooth convex; 0 < mu < L: mu-strongly convex; -L <= mu < 0: smooth and hypoconvex (weakly
    convex), with mu = -L the L-smooth nonconvex functions.

    Parameters
    ----------
    mu_over_L
        mu/L, exact, in [-1, 1).
    L
        An exact positive number, or None for a theorem about every L > 0.
    """

    mu_over_L: Any = ZERO
    L: Any = None


@dataclass(frozen=True)
class GradientDescent:
    """x_{i+1} = x_i - (steps[i]/L) grad f(x_i) for i = 0..N-1."""

    steps: tuple[Any, ...]

    @property
    def count(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class FixedStepMethod:
    """x_i = x_0 - (1/L) sum_{k<i} matrix[i-1][k] grad f(x_k) for i = 1..N; row i-1 has i entries."""

    matrix: tuple[tuple[Any, ...], ...]

    @property
    def count(self) -> int:
        return len(self.matrix)


Method = GradientDescent | FixedStepMethod


class Claim:
    """Base class of claims. `rate` None makes it a question: which rate holds?"""

    field: Field
    rate: Any

    def statement(self) -> Statement:
        """The hypotheses and the conclusion, derived from the definitions.

        `check` takes multipliers that prove this conclusion for a proof of the claim. A claim that says anything else
        or more must raise ClaimError here and have a kind of proof of its own.
        """
        raise NotImplementedError

    def with_rate(self, rate: Any) -> Claim:
        """The same claim with another rate."""
        raise NotImplementedError


@dataclass(frozen=True)
class MethodClaim(Claim):
    """The worst case of a fixed-step first-order method on F_{mu,L}.

    Says: for every real inner-product space, every f in the class and every start,

        measure <= rate * L^a * initial,

    with `rate` dimensionless (the value for L = 1) and a the power that makes the units agree
    (`power_of_L`). x_* is a minimiser; where the class is hypoconvex and neither measure nor initial
    condition is a distance, f(x_*) stands for inf f and no minimiser is needed.

    Raises
    ------
    ClaimError
        mu >= L, mu < -L, L <= 0, no steps, a step matrix of wrong shape, or a pair of measure and
        initial condition whose worst case is unbounded or undefined.
    """

    field: Field
    function_class: SmoothFunctionClass
    method: Method
    measure: Measure = Measure.FUNCTION_VALUE
    initial: InitialCondition = InitialCondition.DISTANCE
    rate: Any = None
    _convexity: int = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        coerce, sign = self.field.coerce, self.field.sign
        cls = self.function_class
        ratio = coerce(cls.mu_over_L)
        if sign(ratio - 1) >= 0:
            raise ClaimError(
                f"mu must be smaller than L, but mu/L = {self.field.text(ratio)}; "
                "for mu = L the only functions are quadratics (L/2)|x - x_*|^2"
            )
        if sign(ratio + 1) < 0:
            raise ClaimError(
                f"mu must be at least -L, but mu/L = {self.field.text(ratio)}; every L-smooth function has mu >= -L"
            )
        smoothness = cls.L if cls.L is None else coerce(cls.L)
        if smoothness is not None and sign(smoothness) <= 0:
            raise ClaimError(f"L must be positive, but L = {self.field.text(smoothness)}")
        object.__setattr__(self, "function_class", SmoothFunctionClass(ratio, smoothness))
        object.__setattr__(self, "method", self._checked_method())
        if self.rate is not None:
            object.__setattr__(self, "rate", coerce(self.rate))
        object.__setattr__(self, "_convexity", sign(ratio))
        self._check_pair()

    def _checked_method(self) -> Method:
        coerce = self.field.coerce
        if not 1 <= self.method.count <= MAX_STEPS:
            raise ClaimError(f"a method has between 1 and {MAX_STEPS} steps, this one has {self.method.count}")
        if isinstance(self.method, GradientDescent):
            return GradientDescent(tuple(coerce(h) for h in self.method.steps))
        for i, row in enumerate(self.method.matrix, start=1):
            if len(row) != i:
                raise ClaimError(
                    f"row {i} of the step matrix has {len(row)} entries instead of {i}: x_{i} depends on the "
                    f"gradients at x_0 .. x_{i - 1}"
                )
        return FixedStepMethod(tuple(tuple(coerce(h) for h in row) for row in self.method.matrix))

    def _check_pair(self) -> None:
        measure, initial = self.measure, self.initial
        pair = f"{measure.value} over {initial.value}"
        if self._convexity <= 0 and (
            (measure is Measure.DISTANCE and initial is not InitialCondition.DISTANCE)
            or (measure is Measure.FUNCTION_VALUE and initial is InitialCondition.GRADIENT_NORM)
        ):
            raise ClaimError(
                f"{pair} is unbounded without strong convexity (a nearly flat function puts the minimiser "
                f"arbitrarily far away); use {InitialCondition.DISTANCE.value} as initial condition or mu > 0"
            )
        if self._convexity < 0 and initial is InitialCondition.GRADIENT_NORM:
            raise ClaimError(f"{pair} is not offered for nonconvex functions: a stationary start may be no minimiser")

    @property
    def steps(self) -> int:
        """N."""
        return self.method.count

    @property
    def power_of_L(self) -> int:
        """The exponent a in rate * L^a."""
        return DIMENSION_OF_L[self.measure] - DIMENSION_OF_L[self.initial]

    @property
    def has_minimiser(self) -> bool:
        """Whether x_* is a point of the statement (else f(x_*) is the infimum)."""
        return self._convexity >= 0 or Measure.DISTANCE is self.measure or (self.initial is InitialCondition.DISTANCE)

    def with_rate(self, rate: Any) -> MethodClaim:
        return replace(self, rate=rate)

    def statement(self) -> Statement:
        return self._statement

    @cached_property
    def _statement(self) -> Statement:
        count = self.steps
        vectors: list[Vector] = []
        distance = None
        if self.has_minimiser:
            distance = 0
            vectors.append(Vector("x_0 - x_*"))
        gradients = list(range(len(vectors), len(vectors) + count + 1))
        vectors.extend(Vector(f"g_{i}") for i in range(count + 1))
        # positions relative to x_* where there is one, to x_0 otherwise
        positions: list[int | None] = [distance]
        for i in range(count):
            definition = self._position(i + 1, positions, gradients)
            positions.append(len(vectors))
            vectors.append(Vector(f"x_{i + 1}", definition))
        points: list[Point] = [(positions[i], gradients[i], i) for i in range(count + 1)]
        labels = [f"x_{i}" for i in range(count + 1)]
        scalars = [f"f_{i}" for i in range(count + 1)]
        if self.has_minimiser:
            points.append((None, None, None))
            labels.append("x_*")
        families: list[HypothesisFamily] = [
            interpolation_conditions(self.function_class.mu_over_L, tuple(points), tuple(labels))
        ]
        if self._convexity < 0:
            families.append(_global_minimum(tuple(points[: count + 1]), tuple(labels[: count + 1])))
        measure = self._measure_form(points, len(scalars))
        if self.measure is Measure.SMALLEST_GRADIENT_NORM:
            families.append(
                PointFamily(
                    "smallest-gradient", "bound on the smallest gradient",
                    tuple(points[: count + 1]), tuple(labels[: count + 1]), 1,
                    (("g0", "g0", ONE),), (), ((len(scalars), -ONE),),
                )
            )  # fmt: skip
            scalars.append("t")
        return Statement(
            self.field,
            tuple(vectors),
            tuple(scalars),
            tuple(families),
            measure,
            self._initial_form(points[0]),
            exact=True,
        )

    def _position(
        self, i: int, positions: Sequence[int | None], gradients: Sequence[int]
    ) -> tuple[tuple[int, Any], ...]:
        """x_i as a combination of earlier vectors."""
        if isinstance(self.method, GradientDescent):
            start = positions[i - 1]
            terms = [(gradients[i - 1], -self.method.steps[i - 1])]
        else:
            start = positions[0]
            terms = [(gradients[k], -h) for k, h in enumerate(self.method.matrix[i - 1])]
        return tuple(([] if start is None else [(start, ONE)]) + [(k, a) for k, a in terms if a])

    def _measure_form(self, points: Sequence[Point], smallest: int) -> Form:
        x, g, f = points[self.steps]
        if self.measure is Measure.FUNCTION_VALUE:
            return _scalar(f)
        if self.measure is Measure.GRADIENT_NORM:
            return _square(g)
        if self.measure is Measure.DISTANCE:
            return _square(x)
        return _scalar(smallest)

    def _initial_form(self, start: Point) -> Form:
        x, g, f = start
        if self.initial is InitialCondition.DISTANCE:
            return _square(x)
        if self.initial is InitialCondition.GRADIENT_NORM:
            return _square(g)
        return _scalar(f)


def _square(vector: int | None) -> Form:
    """|v|^2, where None is the zero vector."""
    return Form() if vector is None else Form({(vector, vector): ONE})


def _scalar(scalar: int | None) -> Form:
    """F_s, where None is zero."""
    return Form() if scalar is None else Form(linear={scalar: ONE})


def interpolation_conditions(mu: Any, points: tuple[Point, ...], labels: tuple[str, ...]) -> PointFamily:
    """The interpolation conditions of F_{mu,1} between all ordered pairs of points.

    For i != j, with m = mu:

        f_i - f_j - <g_j, x_i - x_j>
            - [ |g_i - g_j|^2 + m |x_i - x_j|^2 - 2m <g_i - g_j, x_i - x_j> ] / (2(1 - m))  >=  0.

    Source: Taylor, Hendrickx, Glineur, Math. Program. 161 (2017), Theorem 4; the same formula holds for
    -1 <= m < 0 (add (|m|/2)|x|^2, which is convex).
    """
    c = 1 / (2 * (1 - mu))
    gradient, distance, mixed = -c, -c * mu, 2 * c * mu
    quadratic: list[tuple[str, str, Any]] = [
        ("g0", "g0", gradient), ("g1", "g1", gradient), ("g0", "g1", -2 * gradient),
        ("g1", "x0", -ONE - mixed), ("g1", "x1", ONE + mixed),
    ]  # fmt: skip
    if mu:
        quadratic += [
            ("g0", "x0", mixed), ("g0", "x1", -mixed),
            ("x0", "x0", distance), ("x1", "x1", distance), ("x0", "x1", -2 * distance),
        ]  # fmt: skip
    return PointFamily(
        "interpolation", "interpolation inequality", points, labels, 2,
        tuple(quadratic), (("f0", ONE), ("f1", -ONE)),
    )  # fmt: skip


def _global_minimum(points: tuple[Point, ...], labels: tuple[str, ...]) -> PointFamily:
    """f_i - f_* >= |g_i|^2/2: a gradient step of length 1 decreases a 1-smooth f by that much.

    Together with the interpolation conditions for mu <= 0 it is sufficient as well: the largest
    interpolant is min over alpha of quadratics whose minimum is concave in alpha, so its infimum is the
    smallest f_i - |g_i|^2/2 (docs/mathematics.md, Hypoconvex interpolation with a given infimum).
    """
    return PointFamily("infimum", "infimum inequality", points, labels, 1, (("g0", "g0", -HALF),), (("f0", ONE),))


@dataclass(frozen=True)
class ListedClaim(Claim):
    """A statement given by its own hypotheses: the theorem is about exactly these.

    Parameters
    ----------
    vectors, scalars
        Basis and derived vectors, scalar names.
    inequalities, equalities
        Named forms that are >= 0, = 0.
    matrix_inequalities
        Named symmetric matrices of forms that are positive semidefinite.
    measure, normaliser
        The conclusion is rate * normaliser - measure >= 0.
    title
        What the statement is about, for people; not part of the theorem.
    """

    vectors: tuple[Vector, ...]
    scalars: tuple[str, ...]
    inequalities: tuple[tuple[str, Form], ...]
    equalities: tuple[tuple[str, Form], ...]
    matrix_inequalities: tuple[tuple[str, tuple[tuple[Form, ...], ...]], ...]
    measure: Form
    normaliser: Form
    rate: Any = None
    title: str = ""
    field: Field = RATIONALS

    def __post_init__(self) -> None:
        names = [name for name, _ in (*self.inequalities, *self.equalities, *self.matrix_inequalities)]
        if len(set(names)) != len(names):
            raise ClaimError("two hypotheses have the same name")
        for index, vector in enumerate(self.vectors):
            for k, _ in vector.definition or ():
                if not 0 <= k < index:
                    raise ClaimError(f"vector {vector.name} is defined by a later vector")
        if sum(vector.definition is None for vector in self.vectors) > MAX_BASIS:
            raise ClaimError(f"more than {MAX_BASIS} basis vectors")
        matrices = [m for _, m in self.matrix_inequalities]
        if any(len(row) != len(matrix) for matrix in matrices for row in matrix):
            raise ClaimError("a matrix inequality is not square")
        if any(m[i][j] != m[j][i] for m in matrices for i in range(len(m)) for j in range(i)):
            raise ClaimError("a matrix inequality is not symmetric")
        forms = [f for _, f in (*self.inequalities, *self.equalities)] + [self.measure, self.normaliser]
        forms += [form for matrix in matrices for row in matrix for form in row]
        numbers = [a for vector in self.vectors for _, a in vector.definition or ()]
        for form in forms:
            if any(not 0 <= p <= q < len(self.vectors) for p, q in form.quadratic):
                raise ClaimError("a form names a vector that does not exist, or a pair out of order")
            if any(not 0 <= s < len(self.scalars) for s in form.linear):
                raise ClaimError("a form names a scalar that does not exist")
            numbers += [*form.quadratic.values(), *form.linear.values(), form.constant]
        for number in numbers:
            self.field.coerce(number)  # refuses what is no number of the field, floats among them
        if self.rate is not None:
            object.__setattr__(self, "rate", self.field.coerce(self.rate))

    def with_rate(self, rate: Any) -> ListedClaim:
        return replace(self, rate=rate)

    def statement(self) -> Statement:
        families: list[HypothesisFamily] = []
        for name, relation, listed in (
            ("inequalities", ">=", self.inequalities),
            ("equalities", "=", self.equalities),
        ):
            if listed:
                families.append(
                    ListedHypotheses(name, relation, tuple(f for _, f in listed), tuple(n for n, _ in listed))
                )
        if self.matrix_inequalities:
            families.append(
                ListedMatrixInequalities(
                    "matrix-inequalities",
                    tuple(m for _, m in self.matrix_inequalities),
                    tuple(n for n, _ in self.matrix_inequalities),
                )
            )
        return Statement(
            self.field, self.vectors, self.scalars, tuple(families), self.measure, self.normaliser, exact=False
        )
