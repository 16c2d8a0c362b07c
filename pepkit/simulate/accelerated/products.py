"""Products of stacks of small matrices, which a compiler fuses with what comes before and after them."""

from __future__ import annotations

from typing import Any

__all__ = ["THIN", "product"]

THIN = 8
"""Products with so many terms at most are written out."""


def product(left: Any, right: Any) -> Any:
    """left @ right for shapes (B or 1, p, q) and (B, q, r); written out as a sum of q outer products where q is small.

    Thousands of small matrix products one after the other are slow, and their results go through memory; sums of outer
    products become part of the loops around them.
    """
    terms = left.shape[2]
    if terms > THIN:
        return left @ right
    return sum(left[:, :, k, None] * right[:, None, k, :] for k in range(terms))
