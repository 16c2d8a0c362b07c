"""Rational enclosures of the normal distribution and of logarithms.

Every function takes a rational number and returns rationals (low, high) with low <= value <= high and a
width of about 2**-bits. Only exact arithmetic and the remainders stated at each series are used.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from flint import fmpq

from pepkit.kernel.errors import ClaimError

__all__ = ["Enclosure", "binary_entropy", "density", "logarithm", "pi", "square_root", "upper_tail"]

Enclosure = tuple[fmpq, fmpq]
MAX_ARGUMENT = 8


def _rounded(low: fmpq, high: fmpq, bits: int) -> Enclosure:
    """The enclosure rounded outwards to multiples of 2**-bits."""
    scale = 1 << bits
    floor = (low * scale).p // (low * scale).q
    ceiling = -((-high * scale).p // (-high * scale).q)
    return fmpq(floor, scale), fmpq(ceiling, scale)


def square_root(value: Enclosure, bits: int) -> Enclosure:
    """The square roots of the non-negative numbers in `value`."""
    scale = 1 << (2 * bits)
    low = isqrt(int((value[0] * scale).p) // int((value[0] * scale).q))
    top = value[1] * scale
    high = isqrt(-(-int(top.p) // int(top.q))) + 1
    return fmpq(low, 1 << bits), fmpq(high, 1 << bits)


def _arctangent_of_inverse(n: int, bits: int) -> Enclosure:
    """arctan(1/n) = sum (-1)^k / ((2k+1) n^(2k+1)): alternating with decreasing terms, so partial sums enclose it."""
    total, previous, k = fmpq(0), fmpq(0), 0
    while True:
        term = fmpq(1, (2 * k + 1) * n ** (2 * k + 1))
        previous, total = total, total + (term if k % 2 == 0 else -term)
        if term < fmpq(1, 1 << bits):
            return min(previous, total), max(previous, total)
        k += 1


@lru_cache(maxsize=64)
def pi(bits: int) -> Enclosure:
    """pi = 16 arctan(1/5) - 4 arctan(1/239) (Machin)."""
    first, second = _arctangent_of_inverse(5, bits + 8), _arctangent_of_inverse(239, bits + 8)
    return _rounded(16 * first[0] - 4 * second[1], 16 * first[1] - 4 * second[0], bits)


@lru_cache(maxsize=64)
def _inverse_root_of_two_pi(bits: int) -> Enclosure:
    low, high = pi(bits + 8)
    below, above = square_root((2 * low, 2 * high), bits + 8)
    return _rounded(1 / above, 1 / below, bits)


def _checked(x: fmpq) -> fmpq:
    if not 0 <= x <= MAX_ARGUMENT:
        raise ClaimError(f"the enclosures of the normal distribution are for arguments in [0, {MAX_ARGUMENT}]")
    return x


def _alternating(first: fmpq, ratio_bound: fmpq, factor: object, bits: int) -> Enclosure:
    """Partial sums of first - first c_1 + first c_1 c_2 - ..., c_k = factor(k) <= ratio_bound/k.

    From the first k with ratio_bound/(k+1) <= 1 the terms decrease, so two neighbouring sums enclose the limit.
    """
    term, total, k = first, first, 0
    while True:
        k += 1
        term = -term * factor(k)  # type: ignore[operator]
        previous, total = total, total + term
        if ratio_bound <= k + 1 and abs(term) < fmpq(1, 1 << bits):
            return min(previous, total), max(previous, total)


def density(x: fmpq, bits: int) -> Enclosure:
    """exp(-x^2/2)/sqrt(2 pi) for 0 <= x <= 8; exp by its alternating power series."""
    half_square = _checked(x) * x / 2
    guard = bits + 8
    low, high = _alternating(fmpq(1), half_square, lambda k: half_square / k, guard)
    below, above = _inverse_root_of_two_pi(guard)
    return _rounded(max(low, fmpq(0)) * below, high * above, bits)


def upper_tail(x: fmpq, bits: int) -> Enclosure:
    """P(Z >= x) = 1/2 - (1/sqrt(2 pi)) sum (-1)^k x^(2k+1)/(2^k k! (2k+1)), Z standard normal, 0 <= x <= 8."""
    half_square = _checked(x) * x / 2
    guard = bits + 8
    low, high = _alternating(x, half_square, lambda k: half_square * fmpq(2 * k - 1, k * (2 * k + 1)), guard)
    below, above = _inverse_root_of_two_pi(guard)
    return _rounded(fmpq(1, 2) - high * above, fmpq(1, 2) - low * below, bits)


def _logarithm_near_one(value: fmpq, bits: int) -> Enclosure:
    """ln v = 2 artanh z, z = (v-1)/(v+1); after the term z^(2k+1)/(2k+1) the rest is below it times z^2/(1-z^2)."""
    z = (value - 1) / (value + 1)
    square = z * z
    power, total, k = z, fmpq(0), 0
    while True:
        term = power / (2 * k + 1)
        total += term
        rest = abs(term) * square / (1 - square)
        if rest < fmpq(1, 1 << bits):
            return 2 * (total - rest), 2 * (total + rest)
        power, k = power * square, k + 1


@lru_cache(maxsize=64)
def _logarithm_of_two(bits: int) -> Enclosure:
    return _rounded(*_logarithm_near_one(fmpq(2), bits + 4), bits)


def logarithm(value: fmpq, bits: int) -> Enclosure:
    """ln(value) for a positive rational."""
    if value <= 0:
        raise ClaimError("the logarithm of a number that is not positive")
    shift = int(value.p).bit_length() - int(value.q).bit_length()
    scaled = value / fmpq(2) ** shift
    guard = bits + 8 + abs(shift).bit_length()
    low, high = _logarithm_near_one(scaled, guard)
    two = _logarithm_of_two(guard)
    offsets = sorted((shift * two[0], shift * two[1]))
    return _rounded(low + offsets[0], high + offsets[1], bits)


def binary_entropy(p: fmpq, bits: int) -> Enclosure:
    """-p log2 p - (1-p) log2(1-p) for 0 < p < 1."""
    guard = bits + 8
    first, second, two = logarithm(p, guard), logarithm(1 - p, guard), _logarithm_of_two(guard)
    low = -p * first[1] - (1 - p) * second[1]
    high = -p * first[0] - (1 - p) * second[0]
    return _rounded(low / two[1], high / two[0], bits)
