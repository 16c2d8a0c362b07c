"""The kinds of claims that are rebuilt here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pepkit.verification.document import not_covered
from pepkit.verification.listed_problem import ListedProblem
from pepkit.verification.method_problem import MethodProblem
from pepkit.verification.problem import Problem
from pepkit.verification.reals import Reals

__all__ = ["problem_of"]


def problem_of(reals: Reals, claim: Mapping[str, Any]) -> Problem:
    """The problem that a claim states."""
    match claim.get("kind"):
        case "method":
            return MethodProblem(reals, claim)
        case "listed":
            return ListedProblem(reals, claim)
        case kind:
            raise not_covered(kind)
