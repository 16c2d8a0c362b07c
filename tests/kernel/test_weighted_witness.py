"""Witnesses whose inner product has weights: square roots of the coordinates need not lie in the field."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import fmpq

from pepkit.kernel import CertificateError, FormatError, Witness, certificate_from_text, certificate_to_text, check
from pepkit.pep.constant_forms import constant_certificate
from pepkit.verification import VerificationError, verify_with_sympy


def weighted(weight: fmpq) -> object:
    """The Huber worst case of one step of length 1, with all coordinates divided by sqrt(weight)."""
    certificate = constant_certificate(1, 1)
    witness = certificate.witness
    assert witness is not None
    # with weight w^2 and coordinates divided by w nothing changes
    rows = tuple(tuple(a / weight for a in row) for row in witness.coordinates)
    return replace(certificate, witness=Witness(rows, witness.scalars, (weight * weight,)))


def test_weights_scale_the_inner_product() -> None:
    theorem = check(weighted(fmpq(3, 7)))
    assert theorem.tight and theorem.lower == fmpq(1, 6)
    again = certificate_from_text(certificate_to_text(weighted(fmpq(3, 7))))
    assert again.witness == weighted(fmpq(3, 7)).witness
    assert check(again).tight
    assert verify_with_sympy(weighted(fmpq(3, 7))).lower == verify_with_sympy(constant_certificate(1, 1)).lower


@pytest.mark.parametrize("weights", [(fmpq(-9, 49),), (fmpq(9, 49) + fmpq(1, 10**9),), (fmpq(9, 49) - fmpq(1, 10**9),)])
def test_changed_weights_are_rejected(weights: tuple[fmpq, ...]) -> None:
    certificate = weighted(fmpq(3, 7))
    changed = replace(certificate, witness=replace(certificate.witness, weights=weights))
    with pytest.raises(CertificateError):
        check(changed)
    with pytest.raises(VerificationError):
        verify_with_sympy(changed)


def test_one_weight_for_every_coordinate() -> None:
    certificate = weighted(fmpq(1))
    for weights in ((), (fmpq(1), fmpq(1))):
        with pytest.raises(FormatError, match="one weight"):
            check(replace(certificate, witness=replace(certificate.witness, weights=weights)))
