"""Exact affine forms on the wires of a network graph, and layers made of them.

A wire is an array of `Wire` entries: affine forms in *sources*, the entries of the input and of the results of
activations. Affine operations act on forms. When the output is reached, activations are put into layers by
depth, and forms that pass a layer are carried by neurons with slope 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import ONE, ZERO, Layer, Network

__all__ = ["Wire", "WireGraph", "combination"]


@dataclass
class Wire:
    """constant + sum of coefficient * source."""

    terms: dict[int, Any] = field(default_factory=dict)
    constant: Any = ZERO


def combination(parts: Iterable[tuple[Any, Any]], constant: Any = ZERO) -> Wire:
    """The sum of factor * entry, where entries are wires or exact numbers."""
    terms: dict[int, Any] = {}
    for factor, entry in parts:
        if not factor:
            continue
        if isinstance(entry, Wire):
            constant = constant + factor * entry.constant
            for source, c in entry.terms.items():
                terms[source] = terms[source] + factor * c if source in terms else factor * c
        else:
            constant = constant + factor * entry
    return Wire({source: c for source, c in terms.items() if c}, constant)


class WireGraph:
    """Sources with their depth: the input has depth 0, an activation one more than what it depends on."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self._depth = [0] * inputs
        self._argument: list[tuple[Wire, fmpq] | None] = [None] * inputs

    def input_wire(self) -> np.ndarray:
        """The input as an array of wires, shape (inputs,)."""
        return _array([Wire({i: ONE}) for i in range(self.inputs)])

    def activate(self, entries: np.ndarray, slope: Any) -> np.ndarray:
        """max(y, slope*y) of every entry."""
        result = []
        for entry in entries.ravel():
            if not isinstance(entry, Wire):
                result.append(entry if entry >= 0 else slope * entry)
                continue
            depth = max((self._depth[s] for s in entry.terms), default=0)
            self._depth.append(depth + 1)
            self._argument.append((entry, slope))
            result.append(Wire({len(self._depth) - 1: ONE}))
        return _array(result).reshape(entries.shape)

    def compile(self, outputs: np.ndarray) -> Network:
        """The network whose outputs are these wires."""
        final = [entry if isinstance(entry, Wire) else Wire({}, entry) for entry in outputs.ravel()]
        if not final:
            raise ClaimError("the network has no outputs")
        total = max((self._depth[s] for wire in final for s in wire.terms), default=0)
        # needed[d]: sources whose value must be known after layer d
        needed: list[set[int]] = [set() for _ in range(total + 1)]
        needed[total] = {s for wire in final for s in wire.terms}
        for depth in range(total, 0, -1):
            for source in needed[depth]:
                argument = self._argument[source]
                if self._depth[source] == depth and argument is not None:
                    needed[depth - 1] |= set(argument[0].terms)
                else:
                    needed[depth - 1].add(source)
        before = list(range(self.inputs))
        layers = []
        for depth in range(1, total + 1):
            # a layer keeps at least one neuron, even where the output does not depend on it
            now = sorted(needed[depth]) or [0]
            wires, slopes = [], []
            for source in now:
                argument = self._argument[source]
                if self._depth[source] == depth and argument is not None:
                    wires.append(argument[0])
                    slopes.append(argument[1])
                else:
                    wires.append(Wire({source: ONE}))
                    slopes.append(ONE)
            layers.append(_layer(wires, before, tuple(slopes)))
            before = now
        layers.append(_layer(final, before, None))
        return Network(tuple(layers))


def _layer(wires: list[Wire], before: list[int], slopes: tuple[Any, ...] | None) -> Layer:
    position = {source: k for k, source in enumerate(before)}
    rows = []
    for wire in wires:
        row = [ZERO] * len(before)
        for source, c in wire.terms.items():
            row[position[source]] = c
        rows.append(tuple(row))
    return Layer(tuple(rows), tuple(wire.constant for wire in wires), slopes)


def _array(entries: list[Any]) -> np.ndarray:
    result = np.empty(len(entries), dtype=object)
    result[:] = entries
    return result
