"""Imported problems that are claims about fixed-step methods; the comparison of the two statements is exact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from PEPit import PEP
from PEPit.functions import SmoothConvexFunction, SmoothFunction, SmoothStronglyConvexFunction

import pepkit
from pepkit.kernel import GradientDescent, InitialCondition, Measure, MethodClaim
from pepkit.pep.pepit_import import import_pepit
from pepkit.pepit.recognition import recognised_method
from pepkit.schedules import silver


def problem(
    steps: list[Any],
    measure: str = "f",
    initial: str = "x",
    L: Any = 1,
    mu: Any = 0,
    radius: Any = 1,
    extra: bool = False,
) -> PEP:
    made = PEP()
    L, mu = pepkit.exact(L), pepkit.exact(mu)
    if mu:
        function = made.declare_function(SmoothStronglyConvexFunction, L=L, mu=mu)
    else:
        function = made.declare_function(SmoothConvexFunction, L=L)
    star = function.stationary_point()
    x0 = x = made.set_initial_point()
    metrics = []
    for h in steps:
        gradient = function.gradient(x)
        metrics.append(gradient**2)
        x = x - pepkit.exact(h) / L * gradient
    last = function.gradient(x)
    metrics.append(last**2)
    start = (x0 - star) ** 2 if initial == "x" else function(x0) - function(star)
    made.set_initial_condition(start <= pepkit.exact(radius))
    if extra:
        made.add_constraint((x0 - x) ** 2 <= 1)
    if measure == "f":
        made.set_performance_metric(function(x) - function(star))
    elif measure == "x":
        made.set_performance_metric((x - star) ** 2)
    elif measure == "min g":
        for metric in metrics:
            made.set_performance_metric(metric)
    else:
        made.set_performance_metric(last**2)
    return made


@pytest.mark.parametrize(
    ("options", "measure", "initial", "factor"),
    [
        ({}, Measure.FUNCTION_VALUE, InitialCondition.DISTANCE, 1),
        ({"L": "3", "radius": "4"}, Measure.FUNCTION_VALUE, InitialCondition.DISTANCE, 12),
        ({"measure": "g", "L": "3"}, Measure.GRADIENT_NORM, InitialCondition.DISTANCE, 9),
        ({"measure": "g", "initial": "f", "L": "3"}, Measure.GRADIENT_NORM, InitialCondition.FUNCTION_VALUE, 3),
        ({"measure": "min g", "initial": "f"}, Measure.SMALLEST_GRADIENT_NORM, InitialCondition.FUNCTION_VALUE, 1),
        ({"measure": "x", "mu": "1/10"}, Measure.DISTANCE, InitialCondition.DISTANCE, 1),
        ({"mu": "1/5", "L": "2"}, Measure.FUNCTION_VALUE, InitialCondition.DISTANCE, 2),
    ],
)
def test_gradient_descent_is_recognised(
    options: dict[str, Any], measure: Measure, initial: InitialCondition, factor: int
) -> None:
    imported = import_pepit(problem(["1", "3/2"], **options))
    found = recognised_method(imported)
    assert found is not None
    assert isinstance(found.claim.method, GradientDescent) and found.claim.method.steps == (fmpq(1), fmpq(3, 2))
    assert (found.claim.measure, found.claim.initial, found.factor) == (measure, initial, factor)
    assert found.claim.function_class.mu_over_L == fmpq(pepkit.exact(options.get("mu", 0)).value) / fmpq(
        pepkit.exact(options.get("L", 1)).value
    )


def test_the_two_theorems_agree(tmp_path: Path) -> None:
    result = pepkit.certify(problem(["3/2", "1"], L="3", radius="2"))
    assert result.typed is not None and result.typed.tight
    assert result.rate == result.typed.rate * result.recognised.factor
    result.save(tmp_path / "typed.json")
    result.save(tmp_path / "statement.json", statement=True)
    assert isinstance(pepkit.load(tmp_path / "typed.json").claim, MethodClaim)
    assert pepkit.load(tmp_path / "statement.json").claim == result.certificate.claim


def test_number_fields_are_recognised() -> None:
    result = pepkit.certify(problem(list(silver(3).numbers)))
    assert result.typed is not None and result.typed.tight
    assert result.typed.rate == result.rate


def test_other_problems_are_not() -> None:
    steps = ["1"]
    assert recognised_method(import_pepit(problem(steps))) is not None
    # one condition more, or less, is another statement
    assert recognised_method(import_pepit(problem(steps, extra=True))) is None
    imported = import_pepit(problem(steps))
    fewer = replace(imported.claim, inequalities=imported.claim.inequalities[:-1])
    assert recognised_method(replace(imported, claim=fewer)) is None
    (name, form), *rest = imported.claim.inequalities[::-1]
    changed = replace(form, linear={k: 2 * v for k, v in form.linear.items()})
    assert (
        recognised_method(replace(imported, claim=replace(imported.claim, inequalities=((name, changed), *rest))))
        is None
    )
    # floats: 1/(2 L) is rounded for L = 3, so the class is not exactly that of L = 3
    made = PEP()
    function = made.declare_function(SmoothConvexFunction, L=3)
    star, x0 = function.stationary_point(), made.set_initial_point()
    made.set_initial_condition((x0 - star) ** 2 <= 1)
    made.set_performance_metric(function(x0 - function.gradient(x0) / 4) - function(star))
    assert recognised_method(import_pepit(made)) is None
    made = PEP()
    function = made.declare_function(SmoothFunction, L=1)
    x0 = made.set_initial_point()
    x1 = x0 - function.gradient(x0)
    made.set_initial_condition(function(x0) - function(x1) <= 1)
    made.set_performance_metric(function.gradient(x1) ** 2)
    assert recognised_method(import_pepit(made)) is None
