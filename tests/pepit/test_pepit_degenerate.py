"""Problems without interior, with free directions, duplicates, unbounded sets or optimum zero; results in threads."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import pytest
from flint import fmpq
from PEPit import PEP
from PEPit.functions import ConvexFunction, SmoothConvexFunction
from PEPit.wrappers import WRAPPERS
from pepit_problems import gradient_descent, proximal_point, two_metrics

import pepkit
from pepkit.kernel import check
from pepkit.pep.pepit_import import import_pepit
from pepkit.pepit import PepitResult, PepkitWrapper
from pepkit.rounding.listed import Face, ListedSystem
from pepkit.rounding.listed_center import central_face
from pepkit.rounding.listed_dual import consistent, listed_optimum
from pepkit.solvers import solver

exact = pepkit.exact


def example(name: str, monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> PepitResult:
    """An example of PEPit; some have no argument for the back end."""
    made: list[PepkitWrapper] = []
    for key in ("pepkit", "cvxpy"):
        monkeypatch.setitem(WRAPPERS, key, lambda verbose=1: made.append(PepkitWrapper(verbose)) or made[-1])
    module = importlib.import_module(f"PEPit.examples.{name}")
    if hasattr(module, "sqrt"):
        monkeypatch.setattr(module, "sqrt", pepkit.sqrt)
    next(getattr(module, key) for key in vars(module) if key.startswith("wc_"))(**arguments, verbose=-1)
    return made[-1].result


def forced_equality() -> Any:
    """Two inequalities force an equality, so the primal set has no interior."""
    problem = PEP()
    f = problem.declare_function(SmoothConvexFunction, L=1)
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    gradient = f.gradient(x)
    problem.set_initial_condition((x - optimum) ** 2 <= 1)
    problem.add_constraint((x - optimum) * gradient <= gradient**2)
    problem.add_constraint((x - optimum) * gradient >= gradient**2)
    problem.set_performance_metric(f(x - gradient) - f(optimum))
    return problem


def lyapunov() -> Any:
    """A gradient step does not increase the distance: the optimum is 0."""
    problem = PEP()
    f = problem.declare_function(SmoothConvexFunction, L=1)
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    after = x - f.gradient(x)
    problem.set_performance_metric((after - optimum) ** 2 - (x - optimum) ** 2)
    return problem


def test_free_directions_and_duplicates() -> None:
    problem = gradient_descent(2)
    f = problem.list_of_functions[0]
    # a point that no hypothesis ties down, and constraints that repeat others
    problem.set_initial_point()
    start = problem.list_of_points[0]
    problem.add_constraint(f(start) >= f(start))
    for _ in range(2):
        problem.set_initial_condition((start - f.list_of_points[0][0]) ** 2 <= 1)
    assert str(pepkit.certify(problem).rate) == "1/10"


def test_equalities_forced_by_inequalities() -> None:
    assert pepkit.certify(forced_equality()).excess <= 1e-6


def test_unbounded_primal_set() -> None:
    # the subgradient of the convex function at the start is not bounded by anything
    problem = PEP()
    f = problem.declare_function(ConvexFunction)
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    f.oracle(x)
    problem.set_initial_condition((x - optimum) ** 2 <= 1)
    problem.set_performance_metric((x - optimum) ** 2)
    assert str(pepkit.certify(problem).rate) == "1"


def test_objective_zero() -> None:
    assert str(pepkit.certify(lyapunov()).rate) == "0"


def test_a_solution_too_long_to_be_recognised_is_solved_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # rates and steps in Q(sqrt(10)); the Gram matrix has numbers of more digits than can be recognised
    name = "unconstrained_convex_minimization.robust_momentum"
    result = example(name, monkeypatch, mu=exact("1/10"), L=1, lam=exact("1/5"))
    assert result.certificate.claim.field.text(result.rate) == "2561/2500 - 98*sqrt(10)/625"
    assert result.tight


def test_the_smallest_face_of_a_dual_without_interior(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "composite_convex_minimization.frank_wolfe"
    result = example(name, monkeypatch, L=1, D=1, R=exact("1/2"), center=None, n=2)
    claim = result.problem.claim
    system = ListedSystem(claim)
    chosen = solver("clarabel")
    dual, _ = listed_optimum(system, chosen)
    face = central_face(system, dual, chosen)
    assert face is not None
    smaller = ListedSystem(claim, face)
    assert smaller.rows.size < system.rows.size
    assert consistent(smaller)
    # the certified multipliers lie on the face: what it drops is not used
    used = {("inequalities", k) for (k,) in result.certificate.multipliers["inequalities"]}
    assert not used & face.dropped


def test_sharp_mode_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PEP, "solve", lambda problem, **_: pepkit.certify(problem, mode="sharp"))
    from PEPit.examples.composite_convex_minimization import frank_wolfe

    with pytest.raises(pepkit.CertificationError, match="no sharp certificate"):
        frank_wolfe.wc_frank_wolfe(L=1, D=1, R=exact("1/2"), center=None, n=2, verbose=-1)


def test_equations_without_solution_are_noticed() -> None:
    claim = import_pepit(gradient_descent(1)).claim
    dropped = frozenset(("inequalities", k) for k in range(len(claim.inequalities)))
    assert consistent(ListedSystem(claim))
    assert not consistent(ListedSystem(claim, Face(dropped)))


def test_results_outlive_the_next_problem_and_threads() -> None:
    results = [pepkit.certify(gradient_descent(1)), pepkit.certify(proximal_point(2)), pepkit.certify(two_metrics())]
    found: dict[int, Any] = {}

    def work(number: int, result: Any) -> None:
        found[number] = (check(result.certificate).rate, len(result.multipliers()), result.to_latex(digits=6))

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(results)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found[0][0] == fmpq(1, 6)
    assert found[2][0] == 1
    assert all(entry[1] > 0 and r"\begin{proof}" in entry[2] for entry in found.values())
