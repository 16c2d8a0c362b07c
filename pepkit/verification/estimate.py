"""How long `verify_with_sympy` will take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pepkit.verification.document import read_document

if TYPE_CHECKING:
    from pepkit.kernel import Certificate

__all__ = ["estimated_seconds"]


def estimated_seconds(certificate: Certificate | str | bytes | os.PathLike[str]) -> float:
    """Rough time of `verify_with_sympy` in seconds, from the sizes in the certificate alone.

    The work is a characteristic polynomial of the residual with 64-bit entries, about n^3 (1 + n/100)
    operations for n vectors, and over a field of degree d the reading and signs of n^2 elements. The
    factors were fitted to n <= 130 and d <= 11 on one core of a server of 2023 with python-flint, within
    a factor of two from 0.01 s up; import of SymPy (0.3 s) is not counted. With SymPy's own ground types
    instead of python-flint it takes 10 to 50 times as long.
    """
    document = read_document(certificate)
    claim = document["claim"]
    degree = max(1, len(_sized(document["field"], "minpoly")) - 1)
    if claim.get("kind") == "method":
        method = claim.get("method")
        sizes = [max(len(_sized(method, "steps")), len(_sized(method, "matrix"))) + 3]
        listed = 0
    else:
        matrices = [len(_sized(pair, 1)) for pair in _sized(claim, "matrix-inequalities")]
        sizes = [len(_sized(claim, "vectors")), *matrices]
        listed = len(_sized(claim, "inequalities")) + len(_sized(claim, "equalities"))
        listed += sum(k * k for k in matrices)
    count = sum(len(_sized(document["multipliers"], family)) for family in document["multipliers"])
    seconds = 0.003 + 2e-5 * degree * count + 5e-5 * listed
    program = _sized(document["field"], "program")
    seconds += 1e-5 * len(program)
    # intervals are multiplied as pairs of long rationals; a root takes some hundred bisections
    seconds += 0.05 * sum(1 for instruction in program if _sized(instruction, slice(0, 1)) == ["root"])
    if program:
        seconds += sum(2e-5 * n**3 for n in sizes)
    for n in sizes:
        seconds += 1.5e-7 * n**3 * (1 + n / 100)
        if degree > 1:
            seconds += 5e-5 * degree * n * n
    return seconds + (0.02 if degree > 1 else 0.0)


def _sized(data: Any, key: Any) -> Any:
    """The list `data[key]`, empty where there is none."""
    try:
        value = data[key]
    except (KeyError, IndexError, TypeError):
        return ()
    return value if isinstance(value, list) else ()
