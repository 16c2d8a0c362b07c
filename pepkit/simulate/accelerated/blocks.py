"""Blocks of seeds: what a CPU keeps in its cache, while other devices take all seeds at once."""

from __future__ import annotations

__all__ = ["seed_blocks"]


def seed_blocks(device: str, seeds: int, largest: int) -> list[slice]:
    """Slices of nearly equal length that cover range(seeds): at most `largest` long on a CPU, one on other devices.

    `device` is the platform as JAX names it. The last may be shorter, so that a run compiles for two shapes at most.
    """
    if device != "cpu" or seeds <= largest:
        return [slice(0, seeds)]
    count = -(-seeds // largest)
    length = -(-seeds // count)
    return [slice(begin, min(begin + length, seeds)) for begin in range(0, seeds, length)]
