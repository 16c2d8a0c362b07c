"""The ways in which a verification can end without a result."""

from __future__ import annotations

__all__ = ["NotSupportedError", "VerificationError"]


class VerificationError(Exception):
    """The certificate does not prove its claim. The message names the first thing that fails."""


class NotSupportedError(VerificationError):
    """This verifier cannot decide the certificate. Nothing is said about its truth."""
