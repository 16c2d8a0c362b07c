"""Relaxed certificates of convex gradient rates over f(x_0) - f_*, through the form without the minimiser.

There a larger rate does not make the residual more definite, because f(x_0) - f_* has no square. So the numerical
dual is mixed with an interior one, which is definite, up to half of the allowed window, and the rate is then rounded
within a small part of it.
"""

from __future__ import annotations

from collections.abc import Callable

from pepkit.kernel import Certificate, MethodClaim
from pepkit.pep.infimum_form import infimum_form, lifted
from pepkit.rounding import (
    RoundingError,
    RoundingSettings,
    SolveRequest,
    interior_dual,
    mix_duals,
    relaxed_certificate,
    solve_dual,
)

__all__ = ["relaxed_gradient_certificate"]

_PARTS = (0.1, 0.02, 0.004)
"""Parts of the window within which the rate is rounded, tried in this order."""


def relaxed_gradient_certificate(
    claim: MethodClaim,
    tolerance: float,
    solver: str,
    settings: RoundingSettings,
    progress: Callable[[str, str], None],
) -> Certificate:
    """A rational rate within the relative `tolerance` of the optimum. Raises RoundingError if none was found."""
    form = infimum_form(claim)
    request = SolveRequest(solver, min(1e-9, 0.06 * tolerance), 0.06 * tolerance)
    dual = solve_dual(form, "all-pairs", request, progress)
    limit = max(dual.lower, 0.0) * (1 + tolerance)
    mixed = mix_duals(dual, interior_dual(dual, SolveRequest(solver), progress), limit)
    failure: RoundingError | None = None
    for part in _PARTS:
        ceiling = mixed.rate + part * (limit - dual.rate)
        try:
            return lifted(claim, relaxed_certificate(form, mixed, ceiling, settings, progress))
        except RoundingError as error:
            failure = error
    raise RoundingError(f"no precision was enough: {failure}")
