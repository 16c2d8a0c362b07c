"""The JSON Schema of certificate files."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of format ``pepkit-cert/1``.

    It describes the shape of a file. What a schema cannot say (lowest terms, strictly increasing
    indices, irreducible polynomials, sizes that fit together) is in docs/certificate-format.md and is
    checked by every reader.
    """
    text = files(__name__).joinpath("pepkit-cert-1.schema.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result
