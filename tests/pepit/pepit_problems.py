"""Small PEPit problems that the tests share."""

from __future__ import annotations

from typing import Any

from PEPit import PEP
from PEPit.functions import ConvexFunction, SmoothConvexFunction
from PEPit.operators import MonotoneOperator


def gradient_descent(n: int = 1, L: Any = 1, gamma: Any = 1, radius: Any = 1, condition: bool = True) -> Any:
    """f(x_n) - f_* <= tau for gradient descent with |x_0 - x_*|^2 <= radius."""
    problem = PEP()
    f = problem.declare_function(SmoothConvexFunction, L=L, name="f")
    optimum = f.stationary_point(name="x*")
    x = problem.set_initial_point(name="x0")
    if condition:
        problem.set_initial_condition((x - optimum) ** 2 <= radius)
    for k in range(n):
        x = x - gamma * f.gradient(x)
        x.set_name(f"x{k + 1}")
    problem.set_performance_metric(f(x) - f(optimum))
    return problem


def proximal_point(n: int = 2, gamma: Any = 1) -> Any:
    """The residual of the proximal point method for a monotone operator."""
    problem = PEP()
    operator = problem.declare_function(MonotoneOperator)
    optimum = operator.stationary_point()
    x = problem.set_initial_point()
    problem.set_initial_condition((x - optimum) ** 2 <= 1)
    from PEPit.primitive_steps import proximal_step

    previous = x
    for _ in range(n):
        previous, (x, _, _) = x, proximal_step(x, operator, gamma)
    problem.set_performance_metric((x - previous) ** 2)
    return problem


def two_metrics() -> Any:
    """The minimum of two metrics, one of them useless."""
    problem = PEP()
    f = problem.declare_function(ConvexFunction)
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    problem.set_initial_condition((x - optimum) ** 2 <= 1)
    problem.set_performance_metric((x - optimum) ** 2)
    problem.set_performance_metric(2 * (x - optimum) ** 2 + 1)
    return problem
