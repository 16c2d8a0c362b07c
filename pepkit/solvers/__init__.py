"""Conic problems in, floating-point answers with duals out.

>>> from pepkit.solvers import ConicProblem, MatrixBlock, default_solver
>>> import numpy as np
>>> block = MatrixBlock(np.eye(2), [0, 1, -1], [0, 1, 0], [0, 1, 1], [1.0, 1.0, 2.0])  # [[y0, 1], [1, y1]]
>>> problem = ConicProblem([1.0, 1.0], np.zeros((0, 2)), [], [False, False], (block,))
>>> round(default_solver(problem).solve(problem).objective, 6)
2.0
"""

from pepkit.solvers.problem import ConicProblem, MatrixBlock
from pepkit.solvers.protocol import Availability, Progress, Solver, SolverSettings, SolverUnavailableError
from pepkit.solvers.registry import available_solvers, default_solver, register, solver, solver_names
from pepkit.solvers.solution import ConicSolution, Residuals, Status
from pepkit.solvers.structured import StructuredSettings

__all__ = [
    "Availability",
    "ConicProblem",
    "ConicSolution",
    "MatrixBlock",
    "Progress",
    "Residuals",
    "Solver",
    "SolverSettings",
    "SolverUnavailableError",
    "Status",
    "StructuredSettings",
    "available_solvers",
    "default_solver",
    "register",
    "solver",
    "solver_names",
]
