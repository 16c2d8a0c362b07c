"""The only function of a PEPit problem with the points at which it is evaluated, in exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["EvaluatedFunction", "converted", "evaluated_function"]


@dataclass(frozen=True)
class EvaluatedFunction:
    """The only function of a problem, where it is smooth and (strongly) convex.

    `triplets` are its points with gradients and values, each as coefficients: of leaf points, leaf points and leaf
    values, numbered as in the claim.
    """

    smoothness: Any
    curvature: Any
    triplets: tuple[tuple[dict[int, Any], dict[int, Any], dict[int, Any]], ...]


def evaluated_function(
    points: Mapping[int, int], scalars: Mapping[int, int], reader: Callable[[Any], Any]
) -> EvaluatedFunction | None:
    """The only function of PEPit's current problem; None if it has several, or one of another class.

    `points` and `scalars` number leaf points and leaf values by their identity.
    """
    from PEPit.function import Function
    from PEPit.functions import SmoothConvexFunction, SmoothStronglyConvexFunction

    leaves = [f for f in Function.list_of_functions if f.get_is_leaf()]
    if len(leaves) != 1 or type(leaves[0]) not in (SmoothConvexFunction, SmoothStronglyConvexFunction):
        return None
    (function,) = leaves
    triplets = []
    for point, gradient, value in function.list_of_points:
        coefficients = []
        for item in (point, gradient, value):
            found: dict[int, Any] = {}
            for key, weight in item.decomposition_dict.items():
                place = scalars.get(id(key)) if item is value else points.get(id(key))
                if place is None:
                    # a constant, a product, or a leaf of another problem
                    return None
                found[place] = reader(weight)
            coefficients.append(found)
        triplets.append((coefficients[0], coefficients[1], coefficients[2]))
    curvature = reader(getattr(function, "mu", 0))
    return EvaluatedFunction(reader(function.L), curvature, tuple(triplets))


def converted(evaluated: EvaluatedFunction, convert: Callable[[Any], Any]) -> EvaluatedFunction:
    """With numbers of one field, terms with coefficient zero left out."""
    triplets = tuple(
        tuple({k: v for k, c in part.items() if (v := convert(c))} for part in triplet)
        for triplet in evaluated.triplets
    )
    return EvaluatedFunction(convert(evaluated.smoothness), convert(evaluated.curvature), triplets)  # type: ignore[arg-type]
