"""Reading the JSON of a certificate, with the standard library only.

Only the shape of the file is looked at here: objects have the keys that docs/certificate-format.md
names, and no number is a float. What the numbers mean is left to the other modules.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pepkit.verification.errors import NotSupportedError, VerificationError

if TYPE_CHECKING:
    from pepkit.kernel import Certificate

__all__ = [
    "Index",
    "indexed",
    "is_matrix",
    "items_of",
    "members",
    "not_covered",
    "read_document",
    "symmetric",
    "text_of",
]

Index = tuple[int, ...]

FORMAT = "pepkit-cert/1"
MAX_BYTES = 64 << 20


def read_document(certificate: Certificate | str | bytes | os.PathLike[str]) -> dict[str, Any]:
    """The parsed certificate. Text that starts with ``{`` is JSON, any other text is a path.

    Raises
    ------
    VerificationError
        If it is no certificate of format ``pepkit-cert/1``.
    """
    if isinstance(certificate, bytes):
        text: str | bytes = certificate
    elif isinstance(certificate, str) and certificate.lstrip()[:1] == "{":
        text = certificate
    elif isinstance(certificate, (str, os.PathLike)):
        text = Path(certificate).read_bytes()
    else:
        text = _text_of(certificate)
    if len(text) > MAX_BYTES:
        raise VerificationError(f"the certificate is longer than {MAX_BYTES} bytes")
    try:
        data = json.loads(text, object_pairs_hook=_without_duplicates, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise VerificationError(f"not a JSON text: {error}") from None
    by_proof = isinstance(data, dict) and "proof" in data
    members(
        data,
        "the certificate",
        ("format", "field", "claim", "proof" if by_proof else "multipliers"),
        ("provenance",) if by_proof else ("kernel", "witness", "provenance"),
    )
    if data["format"] != FORMAT:
        raise VerificationError(f"the format is {str(data['format'])[:40]!r}, not {FORMAT!r}")
    for key in ("field", "claim", "proof" if by_proof else "multipliers"):
        if not isinstance(data[key], dict):
            raise VerificationError(f"{key} is not a JSON object")
    kind = data["claim"].get("kind")
    if by_proof and (kind, data["proof"].get("kind")) != ("network-lipschitz", "network-lipschitz"):
        raise not_covered(kind)
    return dict(data)


def not_covered(kind: object) -> NotSupportedError:
    """The error for a kind of claim that is not rebuilt here."""
    return NotSupportedError(
        f"claims of kind {str(kind)[:40]!r} are not covered by the check with SymPy, which knows 'method', 'listed' "
        "and 'network-lipschitz'; the kernel (pepkit check) and the standalone checker (checker/pepcheck.py) check them"
    )


def _text_of(certificate: Certificate) -> str:
    """The only use of the kernel in this package: its certificates as text."""
    from pepkit.kernel import certificate_to_text

    return certificate_to_text(certificate)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise VerificationError("a JSON object has the same key twice")
    return result


def _no_float(text: str) -> Any:
    raise VerificationError(f"the floating-point number {text[:40]} is not exact")


def members(data: object, what: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """`data` as an object that has every required key and no unknown one."""
    if not isinstance(data, dict):
        raise VerificationError(f"{what} is not a JSON object")
    missing = [key for key in required if key not in data]
    unknown = [key for key in data if key not in required and key not in optional]
    if missing or unknown:
        raise VerificationError(f"{what} lacks {missing} or has unknown {unknown}"[:200])
    return data


def items_of(data: object, what: str, length: int | None = None) -> list[Any]:
    """`data` as a list, of the given length where there is one."""
    if not isinstance(data, list) or (length is not None and len(data) != length):
        raise VerificationError(f"{what} is not a list" + ("" if length is None else f" of length {length}"))
    return data


def indexed(data: object, what: str, arity: int | None = None) -> Iterator[tuple[Index, Any]]:
    """Entries ``[i, j, ..., value]`` as pairs (index, value), checked to be strictly increasing."""
    previous: Index = ()
    for entry in items_of(data, what):
        *index, value = items_of(entry, f"an entry of {what}") or [None]
        if any(type(k) is not int or k < 0 for k in index) or arity not in (None, len(index)):
            raise VerificationError(f"{what} has a bad index {index}"[:200])
        if tuple(index) <= previous:
            raise VerificationError(f"{what} is not in strictly increasing order at {index}"[:200])
        previous = tuple(index)
        yield previous, value


def text_of(data: object, what: str) -> str:
    """`data` as a text that is not empty."""
    if not isinstance(data, str) or not data:
        raise VerificationError(f"{what} is not a text")
    return data


def is_matrix(data: object) -> bool:
    """Whether `data` is written as a lower triangle."""
    return isinstance(data, list) and bool(data) and isinstance(data[0], list)


def symmetric(data: object, what: str) -> list[list[Any]]:
    """The full matrix of a lower triangle."""
    rows = [items_of(row, what, i + 1) for i, row in enumerate(items_of(data, what))]
    return [[rows[max(i, j)][min(i, j)] for j in range(len(rows))] for i in range(len(rows))]
