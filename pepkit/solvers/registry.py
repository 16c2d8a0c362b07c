"""Solvers by name, and which one a problem gets when nobody says."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from pepkit.solvers._lowrank import LowRankBlock
from pepkit.solvers._triangle import triangle_size
from pepkit.solvers.problem import ConicProblem
from pepkit.solvers.protocol import Availability, Solver
from pepkit.solvers.structured import MAX_VARIABLES, StructuredSolver

__all__ = ["available_solvers", "default_solver", "register", "solver", "solver_names"]

CVXPY_PREFIX = "cvxpy:"


def _lazy(module: str, name: str) -> Callable[[], Solver]:
    def make() -> Solver:
        made: Solver = getattr(import_module(f"pepkit.solvers.{module}"), name)()
        return made

    return make


_FACTORIES: dict[str, Callable[[], Solver]] = {
    "clarabel": _lazy("clarabel", "ClarabelSolver"),
    "structured": StructuredSolver,
    "mosek": _lazy("mosek", "MosekSolver"),
    "scs": _lazy("scs", "SCSSolver"),
}


def register(name: str, factory: Callable[[], Solver]) -> None:
    """Make a solver known under a name, for `solver` and everything that takes the name of a solver.

    Raises
    ------
    ValueError
        If the name is taken or is kept for CVXPY.
    """
    if name in _FACTORIES or name.startswith(CVXPY_PREFIX):
        raise ValueError(f"the name {name!r} is taken")
    _FACTORIES[name] = factory


def solver_names() -> tuple[str, ...]:
    """Names of the registered solvers, available or not; besides these, ``"cvxpy:NAME"`` (see `solver`)."""
    return tuple(_FACTORIES)


def solver(name: str) -> Solver:
    """The solver of that name.

    Parameters
    ----------
    name
        One of `solver_names`, or ``"cvxpy:NAME"`` for a solver that CVXPY calls NAME.

    Raises
    ------
    ValueError
        For an unknown name. A known solver that cannot run here is returned; ask its `available`.
    """
    if name.startswith(CVXPY_PREFIX):
        from pepkit.solvers.cvxpy import CVXPYSolver

        return CVXPYSolver(name.removeprefix(CVXPY_PREFIX))
    if name not in _FACTORIES:
        known = ", ".join(_FACTORIES)
        raise ValueError(f"unknown solver {name!r}; known are {known} and {CVXPY_PREFIX}NAME for a solver of CVXPY")
    return _FACTORIES[name]()


def available_solvers() -> dict[str, Availability]:
    """Every registered solver with whether it can run here, and why not."""
    return {name: factory().available() for name, factory in _FACTORIES.items()}


def default_solver(problem: ConicProblem) -> Solver:
    """The solver for a problem when the user names none.

    MOSEK where a licence is found. Otherwise the structured method where one of its iterations is estimated to be
    several times cheaper than one of Clarabel's, and Clarabel for everything else.
    """
    mosek = solver("mosek")
    if mosek.available():
        return mosek
    structured = StructuredSolver()
    # The limit on the variables comes first: it is checked without factoring anything.
    possible = problem.variables <= MAX_VARIABLES and bool(structured.accepts(problem))
    if possible and STRUCTURED_MARGIN * _structured_cost(problem) < _general_cost(problem):
        return structured
    return solver("clarabel")


STRUCTURED_MARGIN = 4.0
"""Estimates are crude and Clarabel is the better tested: it is left only for a clear gain."""


def _structured_cost(problem: ConicProblem) -> float:
    """Multiplications of one iteration of the structured method."""
    cost = problem.variables**3 / 3 + problem.equalities**2 * problem.variables + 1e6
    for block in problem.blocks:
        cost += 4 * LowRankBlock(block).work + 12.0 * block.order**3
    return cost


def _general_cost(problem: ConicProblem) -> float:
    """Multiplications of one iteration of a solver that factors the whole KKT matrix."""
    return sum(triangle_size(block.order) ** 3 / 3 for block in problem.blocks)
