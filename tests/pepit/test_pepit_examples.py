"""Examples of PEPit that need one of the reductions each; rates from the papers they quote."""

from __future__ import annotations

import importlib

import pytest

import pepkit
from pepkit.pepit import PepkitWrapper

exact = pepkit.exact

CASES = {
    # no interior: directions that no multiplier sees
    "composite_convex_minimization.proximal_gradient": {"L": 1, "mu": exact("0.1"), "gamma": 1, "n": 2},
    "nonconvex_optimization.no_lips_2": {"L": 1, "gamma": 1, "n": 2},
    # optimum zero, homogeneous
    "potential_functions.gradient_descent_lyapunov_1": {"L": 1, "gamma": 1, "n": 3},
    "continuous_time_models.gradient_flow_convex": {"t": exact("2.5")},
    # matrix inequalities of a class
    "unconstrained_convex_minimization.gradient_descent_quadratics": {
        "mu": exact("0.3"),
        "L": 3,
        "gamma": exact("1/3"),
        "n": 2,
    },
    # equalities with free multipliers
    "unconstrained_convex_minimization.conjugate_gradient": {"L": 1, "n": 2},
    # partitions
    "unconstrained_convex_minimization.cyclic_coordinate_descent": {"L": [1, 2], "n": 2},
    # floats that break the invariance under translations
    "fixed_point_problems.halpern_iteration": {"n": 5},
    "unconstrained_convex_minimization.triple_momentum": {"mu": exact("0.1"), "L": 1, "n": 2},
}


@pytest.mark.parametrize("name", CASES)
def test_example(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from PEPit.wrappers import WRAPPERS

    made: list[PepkitWrapper] = []
    # some examples have no argument for the back end
    for key in ("pepkit", "cvxpy"):
        monkeypatch.setitem(WRAPPERS, key, lambda verbose=1: made.append(PepkitWrapper(verbose)) or made[-1])
    module = importlib.import_module(f"PEPit.examples.{name}")
    function = next(getattr(module, key) for key in vars(module) if key.startswith("wc_"))
    value, theory = function(**CASES[name], wrapper="pepkit", solver=None, verbose=-1)
    result = made[-1].result
    assert result.excess <= 1e-6
    if theory is not None:
        assert value == pytest.approx(float(theory), rel=1e-5, abs=1e-8)
