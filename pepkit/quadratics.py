"""Theorems about gradient descent on quadratics, and about random arcsine steps. No solver is involved."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from pepkit.algebra import exact, realise, sqrt, to_float
from pepkit.kernel import CertificateError, ClaimError, Theorem, check, save
from pepkit.kernel.arcsine import ArcsineClaim, EqualisationProof
from pepkit.kernel.quadratics import BernsteinProof, PellProof, QuadraticClaim, step_polynomial
from pepkit.kernel.words import decimal_text

__all__ = ["CertifiedQuadratic", "certify_arcsine", "certify_quadratic"]

_SAMPLES = 4096
_EXCESS = 1e-9
"""Relative distance of a rational rate above the largest value of the polynomial."""


@dataclass(frozen=True)
class CertifiedQuadratic:
    """A theorem about quadratics with its proof."""

    certificate: Any
    theorem: Theorem
    seconds: float

    @property
    def rate(self) -> Any:
        """The contraction of the distance, exact."""
        return self.theorem.rate

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate to a file."""
        save(self.certificate, path)

    def __str__(self) -> str:
        field = self.theorem.claim.field
        lines = [
            str(self.theorem),
            f"In decimals the rate is {decimal_text(field, self.rate)}.",
            *(f"- {line}" for line in self.theorem.checks),
            "- closed form: no solver was used",
            f"Time {self.seconds:.2f} s",
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        return f'<div class="pepkit"><pre>{escape(str(self))}</pre></div>'


def certify_quadratic(schedule: Iterable[Any], mu: Any, *, rate: Any = None) -> CertifiedQuadratic:
    """The contraction of |x_N - x_*| on all quadratics with curvatures in [mu, L].

    For Chebyshev steps the theorem says as well that no other steps contract faster (the extremal property). For
    other steps the rate is exact where an end of [mu, L] attains it, otherwise a rational number just above.

    Parameters
    ----------
    schedule
        A `Schedule` such as ``chebyshev(4, "1/10")``, or exact steps in units of 1/L.
    mu
        mu/L, exact, between 0 and 1.
    rate
        A rate to prove in place of the best one.

    Raises
    ------
    ClaimError
        For mu/L outside (0, 1), steps in no number field.
    CertificateError
        If `rate` is smaller than the contraction, or too close to it.
    """
    begin = time.perf_counter()
    numbers = list(getattr(schedule, "numbers", None) or (exact(h) for h in schedule))
    given = [exact(mu), *numbers, *([] if rate is None else [exact(rate)])]
    field, values = realise(given)
    m, steps = values[0], tuple(values[1 : len(numbers) + 1])
    claim = QuadraticClaim(field, m, steps)
    polynomial = step_polynomial(field, steps)
    at_start = _value(polynomial, m)
    size = at_start if field.sign(at_start) >= 0 else -at_start
    origin = {"tool": _tool(), "python": platform.python_version()}
    if rate is None and field.sign(size) > 0:
        best = QuadraticClaim(field, m, steps, size, True)
        count = len(steps)
        # where the identity of Pell's equation holds, its factor is p'/N
        factor = tuple(k * c / count for k, c in enumerate(polynomial))[1:]
        try:
            pell = PellProof(best, factor, origin)
            return CertifiedQuadratic(pell, check(pell), time.perf_counter() - begin)
        except CertificateError:
            pass
    for candidate in [values[-1]] if rate is not None else _candidates(field, polynomial, m, size):
        proof = BernsteinProof(claim.with_rate(candidate), origin)
        try:
            return CertifiedQuadratic(proof, check(proof), time.perf_counter() - begin)
        except CertificateError:
            if rate is not None:
                raise
    raise CertificateError("no rate of the steps on quadratics was proved: their polynomial is too flat at its maximum")


def _tool() -> str:
    from pepkit import __version__

    return f"pepkit {__version__}"


def _value(polynomial: list[Any], t: Any) -> Any:
    value = polynomial[-1]
    for c in reversed(polynomial[:-1]):
        value = value * t + c
    return value


def _candidates(field: Any, polynomial: list[Any], m: Any, at_start: Any) -> list[Any]:
    """Rates to try: the larger end value, then rational numbers just above the largest sampled value."""
    at_end = _value(polynomial, field.coerce(1))
    at_end = at_end if field.sign(at_end) >= 0 else -at_end
    found = [at_start if field.sign(at_start - at_end) >= 0 else at_end]
    coefficients = [to_float(field, c) for c in polynomial]
    low = to_float(field, m)
    largest = 0.0
    for k in range(_SAMPLES + 1):
        t = low + (1 - low) * k / _SAMPLES
        value = 0.0
        for c in reversed(coefficients):
            value = value * t + c
        largest = max(largest, abs(value))
    for excess in (_EXCESS, 1e-6, 1e-4):
        found.append(field.coerce(fmpq(*(largest * (1 + excess)).as_integer_ratio())))
    return [value for value in found if field.sign(value) > 0]


def certify_arcsine(mu: Any) -> CertifiedQuadratic:
    """The equalisation identity of arcsine steps: E log|1 - h t| is the same for every curvature t in [mu/L, 1].

    `mu` is mu/L, exact. Raises ClaimError outside (0, 1).
    """
    begin = time.perf_counter()
    ratio = exact(mu)
    if not 0 < float(ratio) < 1:
        raise ClaimError(f"arcsine steps are about 0 < mu < L, but mu/L = {ratio!r}")
    root = sqrt(ratio)
    field, values = realise([ratio, (1 - root) / (1 + root)])
    proof = EqualisationProof(ArcsineClaim(field, values[0], values[1]), {"tool": _tool()})
    return CertifiedQuadratic(proof, check(proof), time.perf_counter() - begin)
