"""Addresses in the data of certificates, and changes at them."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["changed", "leaves", "parts", "replaced", "tampered"]

Address = tuple[Any, ...]


def leaves(data: Any, path: Address = ()) -> Iterator[Address]:
    """The addresses of all numbers, texts and indices of a certificate but those of its provenance."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key != "provenance":
                yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for position, value in enumerate(data):
            yield from leaves(value, (*path, position))
    else:
        yield path


def changed(value: Any, draw: random.Random) -> Any:
    """Another value of the same type: a neighbouring index, a changed digit or sign, a changed word."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + draw.choice([-1, 1])
    if re.fullmatch(r"-?\d+(/\d+)?", value):
        digits = [k for k, c in enumerate(value) if c.isdigit()]
        if draw.randrange(4) == 0:
            return value[1:] if value.startswith("-") else "-" + value
        k = draw.choice(digits)
        return value[:k] + str((int(value[k]) + draw.randint(1, 9)) % 10) + value[k + 1 :]
    return value[:-1] if draw.random() < 0.5 else value + "'"


def parts(data: Any, path: Address = ()) -> list[Address]:
    """The addresses of `leaves` but for the names of kinds."""
    return [address for address in leaves(data, path) if address[-1] != "kind"]


def replaced(data: Any, address: Address, change: Callable[[Any], Any]) -> Any:
    """A copy with `change` of the entry at the address."""
    result = copy.deepcopy(data)
    place: Any = result
    for key in address[:-1]:
        place = place[key]
    place[address[-1]] = change(place[address[-1]])
    return result


def tampered(data: Any, address: Address, draw: random.Random) -> Any:
    """A copy with the entry at the address changed; sometimes a neighbour is dropped, doubled or exchanged instead."""
    result = copy.deepcopy(data)
    place: Any = result
    for key in address[:-1]:
        place = place[key]
    kind = draw.randrange(8)
    if isinstance(place, list) and kind == 0:
        del place[address[-1]]
    elif isinstance(place, list) and kind == 1:
        place.insert(address[-1], copy.deepcopy(place[address[-1]]))
    elif isinstance(place, dict) and kind == 2:
        del place[address[-1]]
    else:
        place[address[-1]] = changed(place[address[-1]], draw)
    return result
