"""Exact numbers from what users write, and one field for all of them."""

from pepkit.algebra.expression import Real, exact, sqrt
from pepkit.algebra.fields import DEGREE_LIMIT, realise, to_float

__all__ = ["DEGREE_LIMIT", "Real", "exact", "realise", "sqrt", "to_float"]
