"""What can go wrong between a certificate and a theorem in Coq."""

from __future__ import annotations

from pepkit.kernel import CertificateError, ClaimError, PepkitError

__all__ = ["CoqError", "ExportError", "MissingCoqError"]


class ExportError(ClaimError):
    """The certificate has no counterpart in the Coq theory (kind of claim, kind of numbers)."""


class MissingCoqError(PepkitError):
    """coqc or the theory is not there; the message says how to get it."""


class CoqError(CertificateError):
    """Coq does not accept the file, takes too long, or used an axiom that it should not use."""
