"""Reading JSON that may be hostile: bounds first, one spelling for everything, no floats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pepkit.kernel.errors import FormatError

__all__ = ["entry", "fields", "increasing", "index", "items", "parse", "shallow", "text"]

MAX_BYTES = 64 << 20
MAX_INTEGER_DIGITS = 9
MAX_LIST = 4_000_000
MAX_NAME = 2000
MAX_DEPTH = 32


def parse(source: str | bytes) -> Any:
    """The data of a JSON text. Refuses floats, duplicate keys, long integers and deep nesting."""
    if len(source) > MAX_BYTES:
        raise FormatError(f"the text is longer than the limit of {MAX_BYTES} bytes")
    try:
        data = json.loads(
            source if isinstance(source, str) else source.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_refuse_float,
            parse_int=_integer,
            parse_constant=_refuse_float,
        )
    except RecursionError:
        raise FormatError("the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise FormatError("the file is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise FormatError(f"not a JSON file: {error}") from None
    shallow(data, MAX_DEPTH, "the JSON")
    return data


def shallow(data: object, depth: int, what: str) -> None:
    """Refuse more than `depth` objects and lists in one another."""
    level = [data] if isinstance(data, (dict, list)) else []
    for _ in range(depth):
        inner = [item.values() if isinstance(item, dict) else item for item in level]
        level = [item for container in inner for item in container if isinstance(item, (dict, list))]
    if level:
        raise FormatError(f"{what} is nested more than {depth} deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise FormatError(f"the key {key[:60]!r} occurs twice")
        result[key] = value
    return result


def _refuse_float(text: str) -> Any:
    raise FormatError(f"floating-point number {text[:40]} in a certificate; exact numbers are strings")


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise FormatError("an integer outside a string is too long; exact numbers are strings")
    # -1 stands for interval arithmetic in proofs about networks; -0 is a second spelling of 0
    if text.startswith("-") and text != "-1":
        raise FormatError(f"the integer {text} outside a string; indices have no minus sign")
    return int(text)


def fields(data: object, what: str, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON object `data`, with all required and no unknown keys."""
    if not isinstance(data, dict):
        raise FormatError(f"{what} is not a JSON object")
    for key in required:
        if key not in data:
            raise FormatError(f"{what} has no {key!r}")
    for key in data:
        if key not in required and key not in optional:
            raise FormatError(f"{what} has an unknown key {key[:60]!r}")
    return data


def items(data: object, what: str) -> list[Any]:
    """The JSON list `data`."""
    if not isinstance(data, list):
        raise FormatError(f"{what} is not a list")
    if len(data) > MAX_LIST:
        raise FormatError(f"{what} has more than {MAX_LIST} entries")
    return data


def text(data: object, what: str) -> str:
    """A short, non-empty text."""
    if not isinstance(data, str) or not data or len(data) > MAX_NAME:
        raise FormatError(f"{what} is not a text of 1 to {MAX_NAME} characters")
    return data


def index(data: object, what: str) -> int:
    """A non-negative integer."""
    if not isinstance(data, int) or isinstance(data, bool) or data < 0:
        raise FormatError(f"{what} is not a non-negative integer")
    return data


def entry(data: object, arity: int, what: str) -> list[Any]:
    """A list of `arity` indices and one more part."""
    parts = items(data, what)
    if len(parts) != arity + 1:
        raise FormatError(f"{what} has {len(parts)} parts instead of {arity + 1}")
    return [index(i, f"an index of {what}") for i in parts[:arity]] + [parts[arity]]


def increasing(indices: Sequence[tuple[int, ...]], count: int, what: str) -> None:
    """Refuse addresses that repeat or are out of order."""
    if len(indices) != count or any(a >= b for a, b in pairwise(indices)):
        raise FormatError(f"the {what} are not in strictly increasing order")
