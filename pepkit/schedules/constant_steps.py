"""The closed-form certificate of constant steps (Drori, Teboulle 2014)."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pepkit.algebra import exact, realise
from pepkit.kernel import (
    Certificate,
    ClaimError,
    GradientDescent,
    MethodClaim,
    SmoothFunctionClass,
    Witness,
)

__all__ = ["constant_step_certificate"]

MAX_WITNESS_STEPS = 64


def constant_step_certificate(steps: int, step: Any = 1, *, L: Any = None) -> Certificate:
    """The certificate of f(x_N) - f_* <= L |x_0 - x_*|^2/(4Nh + 2) for the constant step h.

    lambda_{i-1,i} = i/(2N + 1 - i), and what the function values need from the minimiser: a chain of inequalities.
    It holds for 0 < h <= 1 and for somewhat larger h (1.5 for N = 1, about 1.7 for many steps); whether it does is
    the kernel's word, so check it.

    Parameters
    ----------
    steps
        N.
    step
        h, exact, in units of 1/L.
    L
        Exact, or None for every L > 0.
    """
    if steps < 1:
        raise ClaimError("a schedule has at least one step")
    field, values = realise([exact(step)] + ([] if L is None else [exact(L)]))
    h = values[0]
    if field.sign(h) <= 0:
        raise ClaimError("the constant step is positive")
    n = steps
    multipliers: dict[tuple[int, int], Any] = {}
    chain = [fmpq(i, 2 * n + 1 - i) for i in range(n + 1)]
    star = n + 1
    for i in range(1, n + 1):
        multipliers[i - 1, i] = field.coerce(chain[i])
    for i in range(n + 1):
        following = chain[i + 1] if i < n else fmpq(1)
        multipliers[star, i] = field.coerce(following - chain[i])
    slope = 1 / (2 * n * h + 1)
    claim = MethodClaim(
        field,
        SmoothFunctionClass(field.coerce(0), None if L is None else values[1]),
        GradientDescent((h,) * n),
        rate=slope / 2,
    )
    # the worst case spans the kernel of the residual
    one = field.coerce(1)
    points = [one - i * h * slope for i in range(n + 1)]
    case = Witness(((one,), *((slope,) for _ in points)), tuple(slope * x - slope * slope * fmpq(1, 2) for x in points))
    kernel = (tuple([one] + [slope] * (n + 1)),)
    return Certificate(
        claim,
        {"interpolation": dict(sorted(multipliers.items()))},
        kernel,
        case if n <= MAX_WITNESS_STEPS else None,
        {"method": "closed form", "schedule": "constant", "source": "Drori, Teboulle 2014"},
    )
