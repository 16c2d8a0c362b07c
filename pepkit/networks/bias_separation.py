"""Certificates that the biases of a hinge network stay apart under gradient flow on the zero target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from pepkit.kernel import CertificateError, ClaimError
from pepkit.kernel.bias_flow import BiasesStayApart, TrappingBox
from pepkit.networks.model import rational

__all__ = ["separation_certificate"]


def separation_certificate(amplitudes: Sequence[Any], biases: Sequence[Any]) -> TrappingBox:
    """A box and an eigenvalue bound, both powers of 1/2, that trap the biases; the separation is what they prove.

    Raises ClaimError if no box is found: the amplitudes are too large for the argument, or two biases are equal.
    """
    a, b = tuple(rational(x) for x in amplitudes), tuple(rational(x) for x in biases)
    gap = min((abs(x - b[j]) for i, x in enumerate(b) for j in range(i)), default=fmpq(0))
    for box in range(2, 24):
        delta = fmpq(1, 1 << box)
        if gap <= 2 * delta:
            continue
        for bits in range(1, 24):
            proof = TrappingBox(BiasesStayApart(a, b, gap - 2 * delta), delta, fmpq(1, 1 << bits))
            try:
                proof.prove()
            except CertificateError:
                continue
            return proof
    raise ClaimError("no box traps these biases; smaller amplitudes move them less")
