"""Claims from users' words, named methods, candidate worst cases."""

import numpy as np
import pytest
import sympy
from flint import fmpq

from pepkit.algebra import to_float
from pepkit.kernel import ClaimError, FixedStepMethod, InitialCondition, Measure, Witness
from pepkit.kernel.witness import check_witness
from pepkit.pep import fixed_step_method, gradient_descent, method, method_names, step_matrix, worst_cases
from pepkit.schedules import constant, optimal_constant, silver


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mu": 1}, "smaller than L"), ({"mu": "2*L"}, "smaller than L"), ({"mu": "-2*L"}, "at least -L"),
        ({"L": -3}, "L must be positive"), ({"L": 0}, "L must be positive"), ({"L": float("nan")}, "finite"),
        ({"mu": float("nan")}, "finite"), ({"L": 2, "mu": 3}, "smaller than L"), ({"mu": "L+1"}, "multiple of L"),
        ({"measure": "speed"}, "unknown performance measure"), ({"initial": "speed"}, "unknown initial condition"),
        ({"measure": "distance", "initial": "function-value"}, "unbounded"),
        ({"measure": "function-value", "initial": "gradient-norm"}, "unbounded"),
        ({"mu": "-L", "measure": "distance", "initial": "function-value"}, "unbounded"),
        ({"mu": "-L", "measure": "gradient-norm", "initial": "gradient-norm"}, "not offered"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused_before_any_solve(options, message):
    with pytest.raises(ClaimError, match=message):
        gradient_descent([1, 1], **options)


@pytest.mark.parametrize("schedule", [[], "silver", None, 3, ["x"], [float("inf")]])
def test_bad_schedules(schedule):
    with pytest.raises(ClaimError):
        gradient_descent(schedule)


@pytest.mark.parametrize("matrix", [[], [[1, 1]], [[1], [1]], [[1], [1, 1, 1]]])
def test_bad_step_matrices(matrix):
    with pytest.raises(ClaimError):
        fixed_step_method(matrix)


def test_curvature_in_every_spelling():
    for options in (
        {"mu": "L/10"},
        {"mu": "0.1*L"},
        {"mu": "1/10"},
        {"mu": sympy.Rational(1, 10)},
        {"L": 5, "mu": "1/2"},
    ):
        assert gradient_descent([1], **options).function_class.mu_over_L == fmpq(1, 10)
    assert gradient_descent([1], L=5).function_class.L == 5
    assert gradient_descent([1]).function_class.L is None


def test_measures_by_name_and_formula():
    by_name = gradient_descent([1], measure="gradient-norm", initial="function-value")
    by_formula = gradient_descent([1], measure="|grad f(x_N)|^2", initial="f(x_0) - f(x_*)")
    assert by_name == by_formula
    assert by_name.measure is Measure.GRADIENT_NORM
    assert by_name.initial is InitialCondition.FUNCTION_VALUE
    assert by_name.power_of_L == 1


def test_square_step_matrices_are_accepted():
    assert fixed_step_method([[1, 0], [1, 2]]).method == FixedStepMethod(((fmpq(1),), (fmpq(1), fmpq(2))))


def simulate(name, steps, m, curvature):
    """The usual recursive form of a method on f(x) = curvature x^2/2, started at 1; returns its output."""
    x = y = z = old = 1.0
    if name == "nesterov-y":
        # the gradient step after the last extrapolated point
        before = simulate("nesterov", steps - 1, m, curvature) if steps > 1 else 1.0
        return before - curvature * before
    if name == "optimized-gradient-norm":
        return simulate_reversed(steps, curvature)
    if name == "nesterov":
        beta = (1 - m**0.5) / (1 + m**0.5)
        for _ in range(steps):
            previous, y = y, x - curvature * x
            x = y + beta * (y - previous)
        return x
    if name == "heavy-ball":
        alpha, beta = 4 / (1 + m**0.5) ** 2, ((1 - m**0.5) / (1 + m**0.5)) ** 2
        for _ in range(steps):
            x, old = x - alpha * curvature * x + beta * (x - old), x
        return x
    if name == "item":
        a = 0.0
        for _ in range(steps):
            following = ((1 + m) * a + 2 * (1 + ((1 + a) * (1 + m * a)) ** 0.5)) / (1 - m) ** 2
            beta, delta = a / ((1 - m) * following), ((1 - m) ** 2 * following - (1 + m) * a) / (2 * (1 + m + m * a))
            y = (1 - beta) * z + beta * x
            x = y - curvature * y
            z = (1 - m * delta) * z + m * delta * y - delta * curvature * y
            a = following
        return z
    if name == "optimized-gradient":
        theta = [1.0]
        for i in range(1, steps + 1):
            theta.append((1 + (1 + (8 if i == steps else 4) * theta[-1] ** 2) ** 0.5) / 2)
        for i in range(steps):
            previous, y = y, x - curvature * x
            x = y + (theta[i] - 1) / theta[i + 1] * (y - previous) + theta[i] / theta[i + 1] * (y - x)
        return x
    rho = 1 - m**0.5
    alpha, beta = 1 + rho, rho**2 / (2 - rho)
    gamma, delta = rho**2 / ((1 + rho) * (2 - rho)), rho**2 / (1 - rho**2)
    new = 1.0
    for _ in range(steps):
        following = (1 + beta) * new - beta * old - alpha * curvature * y
        y = (1 + gamma) * following - gamma * new
        x = (1 + delta) * following - delta * new
        new, old = following, new
    return x


def simulate_reversed(steps, a):
    """OGM-G of Kim and Fessler 2021, with theta_N = 1 and backward recursion."""
    theta = [1.0]
    for i in range(steps):
        theta.append((1 + (1 + (8 if i == steps - 1 else 4) * theta[-1] ** 2) ** 0.5) / 2)
    theta.reverse()
    x = y = 1.0
    for i in range(steps):
        following = x - a * x
        t, n = theta[i], theta[i + 1]
        x = (
            following
            + (t - 1) * (2 * n - 1) / (t * (2 * t - 1)) * (following - y)
            + (2 * n - 1) / (2 * t - 1) * (following - x)
        )
        y = following
    return x


@pytest.mark.parametrize("name", method_names())
@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("curvature", [1.0, 0.3, 0.1])
def test_step_matrices_run_the_method(name, steps, curvature):
    m = 0.0 if name.startswith("optimized-gradient") else 0.1
    claim = method(name, steps, mu="0" if m == 0 else "L/10")
    points = [1.0]
    for row in claim.method.matrix:
        points.append(1 - sum(to_float(claim.field, h) * curvature * x for h, x in zip(row, points, strict=True)))
    assert points[-1] == pytest.approx(simulate(name, steps, m, curvature), rel=1e-11, abs=1e-13)


def test_methods_that_need_strong_convexity():
    with pytest.raises(ClaimError, match="needs 0 < mu < L"):
        method("item", 2)
    with pytest.raises(ClaimError, match="unknown method"):
        method("newton", 2)
    with pytest.raises(ClaimError):
        step_matrix("nesterov", 0)


@pytest.mark.parametrize(
    "claim",
    [
        gradient_descent(constant(3)), gradient_descent(silver(7), measure="gradient-norm"),
        gradient_descent(optimal_constant(3)), gradient_descent(constant(2, "1/2"), mu="L/5"),
        gradient_descent(constant(2), mu="-L/2", measure="smallest-gradient-norm", initial="function-value"),
        gradient_descent(constant(2), mu="-L/2", measure="function-value"),
        method("optimized-gradient", 2), method("item", 2, mu="L/4"),
    ],
    ids=str,
)  # fmt: skip
def test_candidates_belong_to_the_class(claim):
    cases = worst_cases(claim)
    assert cases
    values = [to_float(claim.field, c.value) for c in cases]
    assert values == sorted(values, reverse=True)
    for case in cases:
        assert check_witness(claim.statement(), case.witness) == case.value


def test_a_candidate_outside_the_class_is_refused():
    claim = gradient_descent(constant(2))
    case = worst_cases(claim)[0]
    spoiled = Witness(case.witness.coordinates, (*case.witness.scalars[:-1], case.witness.scalars[-1] * 2))
    with pytest.raises(Exception, match="violates interpolation"):
        check_witness(claim.statement(), spoiled)


def test_huber_rates_of_the_literature():
    rho = 1 + np.sqrt(2)
    for k in range(1, 5):
        claim = gradient_descent(silver(2**k - 1))
        assert to_float(claim.field, worst_cases(claim)[0].value) == pytest.approx(1 / (4 * rho**k - 2), rel=1e-14)
