"""How far a rounded evaluation of a network can be from the exact one: an a-priori bound over a box, in rationals.

Theorems of pepkit are about the exact network. A processor that adds and multiplies in floating point computes other
numbers; a bound with a margin above the numbers of this module holds for it as well.
"""

from __future__ import annotations

from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import ZERO, Box, Layer, Network, activate

__all__ = ["deployment_error"]

FORMATS = {"float32": (24, 149), "float64": (53, 1074), "float16": (11, 24)}
"""Significant bits, and b such that the smallest positive number is 2^-b."""


def deployment_error(network: Network, box: Box, precision: str = "float32") -> tuple[fmpq, ...]:
    """For every output, a bound of |computed - exact| over all representable inputs of the box.

    Model: weights and biases are rounded to the format once (no error where they are representable); every product and
    sum is rounded to nearest, with or without fused multiply-add, in any order of summation; gradual underflow costs at
    most half of the smallest number for each operation; max(y, s y) rounds the product only. With u = 2^-p and
    gamma = k u/(1 - k u), a sum of n products and a bias has k = n + 1 roundings (Higham, Accuracy and Stability of
    Numerical Algorithms, section 3.1).

    Raises
    ------
    ClaimError
        For an unknown format, a layer too wide for it, and values that may overflow.
    """
    if precision not in FORMATS:
        raise ClaimError(f"unknown format {precision!r}; known are {', '.join(FORMATS)}")
    bits, smallest = FORMATS[precision]
    unit, half_smallest = fmpq(1, 1 << bits), fmpq(1, 1 << (smallest + 1))
    largest = fmpq(1 << {"float32": 127, "float64": 1023, "float16": 15}[precision])
    low, high = list(box.lower), list(box.upper)
    size = [max(abs(a), abs(b)) for a, b in zip(low, high, strict=True)]
    error = [fmpq(0)] * network.inputs
    for layer in network.layers:
        count = layer.inputs + 1
        if count * unit >= fmpq(1, 2):
            raise ClaimError(f"a layer with {layer.inputs} inputs is too wide for {precision}")
        gamma = count * unit / (1 - count * unit)
        errors, sizes = [], []
        for row, bias, slope in zip(layer.weights, layer.bias, layer.slopes or (ZERO,) * layer.outputs, strict=True):
            stored = [abs(w) + _storage(w, bits, unit, half_smallest) for w in row]
            stored_bias = abs(bias) + _storage(bias, bits, unit, half_smallest)
            # exact terms with the exact inputs, computed terms with perturbed ones
            exact = sum((abs(w) * z for w, z in zip(row, size, strict=True)), abs(bias))
            computed = sum((w * (z + e) for w, z, e in zip(stored, size, error, strict=True)), stored_bias)
            drift = sum((abs(w) * e for w, e in zip(row, error, strict=True)), fmpq(0))
            for w, z, e in zip(row, size, error, strict=True):
                drift = drift + _storage(w, bits, unit, half_smallest) * (z + e)
            drift = drift + _storage(bias, bits, unit, half_smallest)
            bound = drift + gamma * computed + 2 * count * half_smallest * (1 + gamma)
            if computed * (1 + gamma) + bound >= largest:
                raise ClaimError(f"values of the network may overflow in {precision}")
            if layer.slopes is not None and slope and slope != 1:
                bound = bound + (unit + _storage(slope, bits, unit, half_smallest)) * (exact + bound) + half_smallest
            errors.append(bound)
            sizes.append(exact)
        size, error = _tightened(layer, low, high, sizes), errors
        low, high = _images(layer, low, high)
    return tuple(error)


def _storage(value: fmpq, bits: int, unit: fmpq, half_smallest: fmpq) -> fmpq:
    """Error of rounding a constant to the format; 0 if it is representable (subnormal numbers count as inexact)."""
    p, q = int(value.p), int(value.q)
    if p == 0:
        return fmpq(0)
    odd = abs(p) >> ((p & -p).bit_length() - 1)
    normal = abs(value) >= half_smallest * (1 << bits)
    if q & (q - 1) == 0 and odd.bit_length() <= bits and normal:
        return fmpq(0)
    return unit * abs(value) + half_smallest


def _images(layer: Layer, low: list[fmpq], high: list[fmpq]) -> tuple[list[fmpq], list[fmpq]]:
    """Interval images of a layer with its activation."""
    lows, highs = [], []
    for j, (row, bias) in enumerate(zip(layer.weights, layer.bias, strict=True)):
        a = b = bias
        for w, x, y in zip(row, low, high, strict=True):
            a, b = (a + w * x, b + w * y) if w > 0 else (a + w * y, b + w * x)
        if layer.slopes is not None:
            a, b = activate(a, layer.slopes[j]), activate(b, layer.slopes[j])
        lows.append(a)
        highs.append(b)
    return lows, highs


def _tightened(layer: Layer, low: list[fmpq], high: list[fmpq], sizes: list[fmpq]) -> list[fmpq]:
    """Magnitudes of the exact activations: from intervals, never above the plain ones."""
    lows, highs = _images(layer, low, high)
    return [min(s, max(abs(a), abs(b))) for s, a, b in zip(sizes, lows, highs, strict=True)]
