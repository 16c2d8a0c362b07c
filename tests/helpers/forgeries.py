"""What tests of forged certificates have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pepkit.kernel import CertificateError, ClaimError, FormatError, check
from pepkit.kernel.files import certificate_from_text, certificate_to_text

__all__ = ["REFUSED", "accepted"]

REFUSED = (CertificateError, ClaimError, FormatError)


def accepted(make: Callable[[], Any]) -> Any:
    """The theorem of a certificate, checked as an object and once more from its file."""
    certificate = make()
    theorem = check(certificate)
    assert str(check(certificate_from_text(certificate_to_text(certificate)))) == str(theorem)
    return theorem
