"""Independent verification of certificates with SymPy.

`verify_with_sympy` and the kernel share the file format and the mathematics, but no code.
SymPy is imported when the verifier is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepkit.verification.errors import NotSupportedError, VerificationError
from pepkit.verification.estimate import estimated_seconds

if TYPE_CHECKING:
    from pepkit.verification.verify import SympyVerification, verify_with_sympy

__all__ = [
    "NotSupportedError",
    "SympyVerification",
    "VerificationError",
    "estimated_seconds",
    "verify_with_sympy",
]


def __getattr__(name: str) -> Any:
    if name in ("SympyVerification", "verify_with_sympy"):
        from pepkit.verification import verify

        return getattr(verify, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
