"""Real roots of rational polynomials: Sturm's count and the refinement of an isolating interval."""

from __future__ import annotations

from itertools import pairwise

from flint import fmpq, fmpq_poly, fmpz

from pepkit.kernel.rationals import floor_ceiling

__all__ = ["refined_root", "sign_changes", "sturm_chain"]


def refined_root(polynomial: fmpq_poly, low: fmpq, high: fmpq, bits: int) -> tuple[fmpq, fmpq]:
    """A part of the isolating interval, no wider than 2**-bits, that holds the root.

    Bisection, with Newton guesses that double the precision. An interval is only ever replaced by a part
    of it at whose ends the polynomial has different signs, so a bad guess costs time and nothing else.
    """
    width = fmpq(1, fmpz(1) << bits)
    derivative = polynomial.derivative()
    positive_low = polynomial(low) > 0
    steps = 0
    while high - low > width:
        middle = (low + high) / 2
        value = polynomial(middle)
        if (value > 0) == positive_low:
            low = middle
        else:
            high = middle
        steps += 1
        slope = derivative(middle) if steps % 8 == 0 else 0
        if slope == 0:
            continue
        # room for an error of Newton's step as large as (high - low)**2 * 2**16
        gap = (high - low) ** 2
        precision = int(gap.q).bit_length() - int(gap.p).bit_length() - 17
        if precision < 1 or fmpq(1, fmpz(1) << precision) * 4 > high - low:
            continue
        precision = min(precision, bits + 2)
        guess, _ = floor_ceiling(*_integers(middle - value / slope), precision)
        left, right = fmpq(guess - 1, fmpz(1) << precision), fmpq(guess + 2, fmpz(1) << precision)
        inside = low < left and right < high
        if inside and (polynomial(left) > 0) == positive_low and (polynomial(right) > 0) != positive_low:
            low, high, steps = left, right, 7
    return low, high


def _integers(value: fmpq) -> tuple[int, int]:
    return int(value.p), int(value.q)


def sturm_chain(polynomial: fmpq_poly) -> list[fmpq_poly]:
    """The Sturm chain of a polynomial, each remainder up to a positive factor."""
    chain = [polynomial, polynomial.derivative()]
    while chain[-1].degree() > 0:
        remainder = -(chain[-2] % chain[-1])
        # a positive factor changes no sign; without it the coefficients would grow quadratically
        integral = remainder.numer()
        content = integral.content()
        chain.append(fmpq_poly(integral / content if content > 1 else integral))
    return chain


def sign_changes(chain: list[fmpq_poly], point: fmpq | None) -> int:
    """Sign changes of the chain at `point`; at minus infinity for None."""
    signs = []
    for polynomial in chain:
        if polynomial.degree() < 0:
            continue
        if point is None:
            leading = polynomial[polynomial.degree()]
            value = -leading if polynomial.degree() % 2 else leading
        else:
            value = polynomial(point)
        if value != 0:
            signs.append(value > 0)
    return sum(a != b for a, b in pairwise(signs))
