"""PEPit problems in, theorems out.

problem.solve(wrapper="pepkit")        # PEPit's own way to choose a back end
result = pepkit.certify(problem)       # certificate, exact rate, multipliers by name
"""

from pepkit.pepit.certify import certify_pepit
from pepkit.pepit.diagnosis import ContradictoryProblemError, UnboundedProblemError
from pepkit.pepit.result import PepitResult
from pepkit.pepit.wrapper import PepkitWrapper

__all__ = ["ContradictoryProblemError", "PepitResult", "PepkitWrapper", "UnboundedProblemError", "certify_pepit"]
