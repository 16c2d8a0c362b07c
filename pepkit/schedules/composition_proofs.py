"""From a composition to what the kernel checks: a claim, its rate, a proof by the tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpz

from pepkit.algebra import Real, exact, realise
from pepkit.kernel import (
    RATIONALS,
    ClaimError,
    CompositionClaim,
    CompositionProof,
    Field,
    InitialCondition,
    Measure,
    RadicalField,
    SmoothFunctionClass,
    UndecidedError,
)
from pepkit.kernel.composition import MEASURES, derived_rate
from pepkit.kernel.joins import Block, EnclosedRoots, Program, evaluate
from pepkit.schedules.composition import Composition, Weights

__all__ = ["ExactComposition", "composition_proof", "exact_composition", "measures"]

ENCLOSED_DIGITS = 40
"""Significant digits of a rational rate that is proved by enclosures."""
READABLE_DEGREE = 8
"""Towers of higher degree take seconds to build, and nobody reads their numbers: the rate is enclosed instead."""
MAX_EXACT_JOINS = 256
"""A tree with more joins lies in no small field unless its parts repeat, and then it has fewer."""


def measures(composition: Composition, convex: bool = True) -> tuple[tuple[Measure, InitialCondition], ...]:
    """The pairs of measure and initial condition that are decided by the tree, the usual one first."""
    return MEASURES.get((composition.kind, convex), ())


@dataclass(frozen=True)
class ExactComposition:
    """A composition with all its numbers in one field."""

    composition: Composition
    field: Field
    mu_over_L: Any
    L: Any
    weights: Weights

    @property
    def convex(self) -> bool:
        """Whether mu = 0."""
        return self.field.sign(self.mu_over_L) == 0


def exact_composition(
    composition: Composition, mu: Any = 0, L: Any = None, degree_limit: int = READABLE_DEGREE
) -> ExactComposition | None:
    """All numbers of the tree in one field, or None where its degree exceeds the limit or cubic equations occur."""
    if len(composition.instructions) > MAX_EXACT_JOINS:
        return None
    ratio = exact(mu)
    smoothness = None if L is None else exact(L)
    try:
        found = composition.weights(ratio, "exact")
    except ClaimError:
        if ratio.is_rational and ratio.value == 0:
            raise
        return None
    lists: list[tuple[Any, ...]] = [found.weight, found.root, found.step]
    flat = [exact(value) for part in lists for value in part if value is not None]
    field, values = realise([ratio, *([] if smoothness is None else [smoothness]), *flat], degree_limit)
    if isinstance(field, RadicalField):
        return None
    rest = iter(values)
    m = next(rest)
    unit = None if smoothness is None else next(rest)
    weight, root, step = (tuple(None if value is None else next(rest) for value in part) for part in lists)
    block = Block(found.block.kind, found.block.steps, weight[-1])
    return ExactComposition(composition, field, m, unit, Weights(weight, root, step, block))


def composition_proof(
    composition: Composition,
    *,
    mu: Any = 0,
    L: Any = None,
    measure: Measure | None = None,
    initial: InitialCondition | None = None,
    rate: Any = None,
    provenance: Mapping[str, Any] | None = None,
) -> CompositionProof:
    """The proof of the rate of a composition by its tree; any number of steps.

    The rate is the exact worst case where the numbers of the tree lie in a field of degree at most `READABLE_DEGREE`;
    otherwise a rational number above it, of `ENCLOSED_DIGITS` significant digits.

    Parameters
    ----------
    mu, L
        mu/L with 0 <= mu/L < 1, exact; L exact, or None for every L > 0.
    measure, initial
        What is bounded; by default what the kind of the schedule is made for.
    rate
        A rate to prove in place of the best one.

    Raises
    ------
    ClaimError
        Where the tree does not decide this measure.
    """
    ratio = exact(mu)
    convex = ratio.is_rational and ratio.value == 0
    if measure is None or initial is None:
        pairs = measures(composition, convex)
        usual = [pair for pair in pairs if measure in (None, pair[0]) and initial in (None, pair[1])]
        if not usual:
            kind = Block(composition.kind, 0, Real.rational(1))
            derived_rate(kind, convex, measure or Measure.FUNCTION_VALUE, initial or InitialCondition.DISTANCE)
            raise ClaimError(f"a schedule of kind {composition.kind} decides no such measure")
        measure, initial = usual[0]
    data = {"method": "closed form: composition", "schedule": composition.name} if provenance is None else provenance
    found = exact_composition(composition, ratio, L) if rate is None else None
    if found is not None:
        best = found.field.coerce(derived_rate(found.weights.block, convex, measure, initial))
        claim = CompositionClaim(
            found.field, SmoothFunctionClass(found.mu_over_L, found.L), composition.instructions, measure, initial, best
        )
        return CompositionProof(claim, found.weights.roots, data)
    field, values = realise([ratio, *(exact(a) for a in (L, rate) if a is not None)])
    cls = SmoothFunctionClass(values[0], None if L is None else values[1])
    if rate is None:
        value: Any = _above(composition, field, values[0], convex, measure, initial)
    else:
        value = values[-1]
    return CompositionProof(CompositionClaim(field, cls, composition.instructions, measure, initial, value), None, data)


def _above(
    composition: Composition, field: Field, m: Any, convex: bool, measure: Measure, initial: InitialCondition
) -> fmpq:
    """A rational number just above the rate, of `ENCLOSED_DIGITS` digits."""
    precision = 256
    while precision <= 1 << 14:
        arithmetic = RadicalField((), precision)
        ratio = arithmetic.rational(m) if field == RATIONALS else None
        if ratio is None:
            # the midpoint of an irrational mu/L: the kernel encloses it again
            low, high = field.scaled_enclosure(m, precision)
            ratio = arithmetic.rational(fmpq(fmpz(low + high), fmpz(2) << precision))
        try:
            block = evaluate(Program(composition.instructions), ratio, convex, EnclosedRoots(arithmetic))
            worst = arithmetic.coerce(derived_rate(block, convex, measure, initial))
        except UndecidedError:
            precision *= 2
            continue
        if worst.exact is not None:
            return worst.exact
        # digits after the point that leave ENCLOSED_DIGITS significant ones
        size = worst.high.bit_length() - precision
        digits = ENCLOSED_DIGITS - (size * 30103) // 100000
        if worst.low > 0 and (worst.high - worst.low) * 10 ** (digits + 2) < 1 << precision:
            scale = fmpz(10) ** max(digits, 0)
            return fmpq((fmpz(worst.high) * scale >> precision) + 2, scale)
        precision *= 2
    raise ClaimError("the rate of the composition is not enclosed at 16384 bits")
