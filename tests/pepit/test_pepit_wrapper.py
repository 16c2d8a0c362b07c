"""``problem.solve(wrapper="pepkit")`` behaves like PEPit's own back ends."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pepit_problems import gradient_descent

import pepkit
from pepkit.kernel import ClaimError


def test_solve_returns_the_certified_rate() -> None:
    problem = gradient_descent(2)
    assert problem.solve(wrapper="pepkit", verbose=0) == pytest.approx(0.1, abs=1e-12)
    assert problem.wrapper.result.tight
    assert pepkit.certify(problem) is problem.wrapper.result


def test_values_and_duals_are_filled() -> None:
    problem = gradient_descent(2)
    problem.solve(wrapper="pepkit", verbose=0)
    (condition,) = problem.list_of_constraints
    assert condition.eval_dual() == pytest.approx(0.1)
    (x0,) = problem.list_of_points
    assert np.linalg.norm(x0.eval()) == pytest.approx(1, abs=1e-5)
    assert np.linalg.eigvalsh(problem.residual).min() > -1e-12
    f = problem.list_of_functions[0]
    assert f.tables_of_constraints


def test_same_value_as_cvxpy() -> None:
    certified = gradient_descent(2, gamma=1.5).solve(wrapper="pepkit", verbose=0)
    floating = gradient_descent(2, gamma=1.5).solve(wrapper="cvxpy", solver="CLARABEL", verbose=0)
    assert certified == pytest.approx(floating, rel=2e-6)
    assert certified >= floating * (1 - 1e-6)


def test_dimension_reduction() -> None:
    value = gradient_descent(1).solve(wrapper="pepkit", verbose=0, dimension_reduction_heuristic="trace")
    assert value == pytest.approx(1 / 6, abs=1e-9)


def test_unbounded_gives_none() -> None:
    assert gradient_descent(1, condition=False).solve(wrapper="pepkit", verbose=0) is None


def test_unknown_option() -> None:
    with pytest.raises(ClaimError, match="max_iters"):
        gradient_descent(1).solve(wrapper="pepkit", verbose=0, max_iters=3)


@pytest.mark.parametrize("order", ["import pepkit, PEPit", "import PEPit, pepkit"])
def test_registered_in_both_orders(order: str) -> None:
    code = f"{order}\nfrom PEPit.wrappers import WRAPPERS\nprint('pepkit' in WRAPPERS)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "True"


def test_import_of_pepkit_does_not_import_pepit() -> None:
    code = "import pepkit, sys; print('PEPit' in sys.modules, 'numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False False"
