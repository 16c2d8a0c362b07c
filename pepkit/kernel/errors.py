"""The ways in which a check can end without a theorem."""

from __future__ import annotations


class PepkitError(Exception):
    """Base class of every error that pepkit raises on purpose."""


class ClaimError(PepkitError, ValueError):
    """A claim that cannot be stated: bad parameters, wrong shapes, an unbounded worst case."""


class FormatError(PepkitError, ValueError):
    """A file or an object that is not a well-formed certificate."""


class CertificateError(PepkitError):
    """A well-formed certificate that does not prove its claim. The message names the first failing line."""


class UndecidedError(CertificateError):
    """A sign that the available precision does not decide. Nothing is claimed about the certificate."""
