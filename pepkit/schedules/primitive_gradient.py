"""The last gradient over f(x_0) - f_* for compositions of kind s: |g_N|^2 <= 2 (f_0 - f_*)/(2H + 1), in closed form.

For a schedule h of sum H let G(h) = f_0 - f_n - H |g_n|^2, and P(h) the primitive form (docs/mathematics-joins.md).
For the s-join c = [a, 1 + psi, b] with sums A, B, alpha = A + 1, beta = B + 1, p the point before the joining step, q
the last one and X = sum over b of h_i g_i,

    G(c) = G(a) + (t + r) P(b) + sum_(i in b, i < q) h_i (t Q_pi + r Q_qi) + t Q_pq + v Q_qp
           + kappa |X + g_q - beta g_p|^2,

where t = (1 + 2 kappa beta)/(beta - psi), r = t - 2 kappa, v = t psi + 2 kappa beta, and kappa makes the coefficient of
|g_p|^2 right: A + t beta/2 - v (psi + 1/2) = kappa beta^2. So G(h) is a sum of interpolation inequalities between
iterates and of squares, and f_n - f_* >= |g_n|^2/2 gives the rate. The worst case is the Huber function, as it is for
f_n - f_* over the distance of the reversed schedule, which is of kind s too.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pepkit.algebra import exact, realise
from pepkit.kernel import (
    Certificate,
    ClaimError,
    GradientDescent,
    InitialCondition,
    Measure,
    MethodClaim,
    RadicalField,
    SmoothFunctionClass,
    UndecidedError,
)
from pepkit.kernel.joins import EMPTY
from pepkit.kernel.statement import Index
from pepkit.rounding.definite import DEFINITE_TOLERANCE, definite_certificate
from pepkit.rounding.settings import Progress, RoundingError, silent
from pepkit.schedules.closed_forms import flat_multipliers
from pepkit.schedules.composition import Composition, Weights
from pepkit.schedules.composition_proofs import exact_composition
from pepkit.schedules.rounded_forms import midpoint

__all__ = ["primitive_gradient_certificate"]

_PRECISIONS = (512, 1024, 2048, 4096)
MAX_EXACT_STEPS = 40
"""The residual has the rank of the depth of the tree; larger ones are quicker to check with a definite one."""
HALF = fmpq(1, 2)


def primitive_gradient_certificate(
    composition: Composition, *, L: Any = None, tolerance: fmpq = DEFINITE_TOLERANCE, progress: Progress = silent
) -> Certificate:
    """The certificate of |grad f(x_N)|^2 <= 2L (f(x_0) - f_*)/(2H + 1) for a composition of kind s, mu = 0.

    Exact for up to 40 steps whose numbers lie in a field of degree up to 8; otherwise with rational multipliers and a
    rate larger by a relative excess of at most `tolerance`.

    Parameters
    ----------
    composition
        Of kind s.
    L
        Exact, or None for every L > 0.

    Raises
    ------
    ClaimError
        For a composition of another kind.
    RoundingError
        Where the numbers need more than 4096 bits.
    """
    if composition.kind != "s":
        raise ClaimError(f"this form is for compositions of kind s, not {composition.kind}")
    found = exact_composition(composition, 0, L)
    if found is not None and composition.steps <= MAX_EXACT_STEPS:
        steps = tuple(composition.expand(found.weights.step))
        claim = _claim(found.field, steps, found.L)
        values = _multipliers(composition, found.weights)
        rate = found.field.coerce(2 / (2 * found.weights.weight[-1] - 1))
        kept = {index: found.field.coerce(value) for index, value in sorted(values.items()) if value}
        data = {"method": "closed form", "schedule": composition.name}
        return Certificate(claim.with_rate(rate), {"interpolation": kept}, (), None, data)
    field, numbers = realise([*composition.numbers(), *([] if L is None else [exact(L)])])
    claim = _claim(field, tuple(numbers[: composition.steps]), None if L is None else numbers[-1])
    failure: Exception | None = None
    for precision in _PRECISIONS:
        arithmetic = RadicalField((), precision)
        try:
            weights = composition.weights(fmpq(0), arithmetic)
            enclosed = _multipliers(composition, weights)
            multipliers = {index: midpoint(arithmetic.coerce(value)) for index, value in enclosed.items()}
            worst = midpoint(arithmetic.coerce(2 / (2 * weights.weight[-1] - 1)))
            return definite_certificate(
                claim, multipliers, worst, tolerance=tolerance, provenance={"schedule": composition.name},
                progress=progress,
            )  # fmt: skip
        except (UndecidedError, RoundingError) as error:
            failure = error
    raise RoundingError(f"the closed form of {composition.name} was not rounded: {failure}")


def _claim(field: Any, steps: tuple[Any, ...], smoothness: Any) -> MethodClaim:
    return MethodClaim(
        field,
        SmoothFunctionClass(field.coerce(0), smoothness),
        GradientDescent(steps),
        Measure.GRADIENT_NORM,
        InitialCondition.FUNCTION_VALUE,
    )


def _multipliers(composition: Composition, weights: Weights) -> dict[Index, Any]:
    """The multipliers of rate * (f_0 - f_*) - |g_N|^2; N + 1 is the minimiser."""
    one = weights.weight[-1] / weights.weight[-1]
    spine: list[int] = [len(composition.instructions) - 1]
    while composition.instructions[spine[-1]][1] != EMPTY:
        spine.append(composition.instructions[spine[-1]][1])
    values: dict[Index, Any] = {}
    p, alpha = 0, one
    for index in reversed(spine):
        _, _, operand = composition.instructions[index]
        psi = weights.step[index] - 1
        parts = None if operand == EMPTY else _part(composition, weights, operand)
        beta = one if parts is None else weights.weight[operand]
        total = alpha - 1
        # with t = (1 + 2 kappa beta)/(beta - psi) the condition is linear in kappa: constant + slope * kappa = 0
        rest = beta * HALF - psi * (psi + HALF)
        constant = total + rest / (beta - psi)
        slope = 2 * beta * rest / (beta - psi) - 2 * beta * (psi + HALF) - beta * beta
        kappa = -constant / slope
        t = (1 + 2 * kappa * beta) / (beta - psi)
        r, v = t - 2 * kappa, t * psi + 2 * kappa * beta
        count, inner, steps = (0, {}, []) if parts is None else parts
        q = p + 1 + count
        for (i, j), value in inner.items():
            _add(values, (i + p + 1, j + p + 1), (t + r) * value)
        for i, h in enumerate(steps):
            _add(values, (p, p + 1 + i), t * h)
            _add(values, (q, p + 1 + i), r * h)
        _add(values, (p, q), t)
        _add(values, (q, p), v)
        p, alpha = q, weights.weight[index]
    scale = 2 / (2 * alpha - 1)
    result = {index: scale * value for index, value in values.items()}
    result[p, p + 1] = scale * one
    return result


def _part(composition: Composition, weights: Weights, operand: int) -> tuple[int, dict[Index, Any], list[Any]]:
    """Number of steps, the multipliers of the primitive form and the steps of a part of kind s."""
    instructions, position = _only(composition, operand)
    part = Composition(instructions)
    kept = Weights(
        tuple(weights.weight[k] for k in position),
        tuple(weights.root[k] for k in position),
        tuple(weights.step[k] for k in position),
        weights.block,
    )
    count = part.steps
    values = flat_multipliers(part, kept, 0, True, Measure.FUNCTION_VALUE)["interpolation"]
    factor = 2 * kept.weight[-1] - 1
    inner = {index: factor * value for index, value in values.items() if index[0] <= count}
    return count, inner, list(part.expand(kept.step))


def _only(composition: Composition, operand: int) -> tuple[tuple[Any, ...], list[int]]:
    """The instructions that a part needs, renumbered, and their positions in the whole."""
    needed = {operand}
    for index in range(operand, -1, -1):
        if index in needed:
            needed.update(o for o in composition.instructions[index][1:] if isinstance(o, int))
    order = sorted(needed)
    renamed = {old: new for new, old in enumerate(order)}
    instructions = tuple(
        (kind, *(renamed[o] if isinstance(o, int) else o for o in operands))
        for kind, *operands in (composition.instructions[index] for index in order)
    )
    return instructions, order


def _add(values: dict[Index, Any], index: Index, value: Any) -> None:
    values[index] = values[index] + value if index in values else value
