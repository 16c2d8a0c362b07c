"""Cells of a case distinction: their relaxation, whether they are settled, and how to split them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from pepkit.kernel.network_claims import Atom
from pepkit.kernel.network_proofs import Goal, InputSplit, Leaf, SignSplit
from pepkit.kernel.network_relaxation import Cell, EmptyCell
from pepkit.kernel.networks import ONE, ZERO, Network
from pepkit.networks.exact_relaxations import RelaxationBuilder
from pepkit.networks.model import FloatNetwork, to_floats
from pepkit.networks.relaxations import Method

__all__ = ["Node", "preorder", "split_cell"]

Region = Sequence[Sequence[Atom]]


@dataclass(eq=False)
class Node:
    """A node of a tree of cases: its cell, how it was split, or the leaf that settles it."""

    cell: Cell
    depth: int = 0
    split: InputSplit | SignSplit | None = None
    children: tuple[Node, Node] | None = None
    leaf: Leaf | None = None
    value: Any = None
    """For bounds: the exact bound on this cell."""
    builder: RelaxationBuilder | None = None

    def relax(self, network: Network, net: FloatNetwork, method: Method) -> bool:
        """Bound all hidden neurons; True if that shows the cell to be empty (and settles it)."""
        self.builder = RelaxationBuilder(network, net, self.cell, method)
        try:
            self.builder.build()
        except EmptyCell:
            self.leaf = Leaf(self.builder.relaxation, ())
            return True
        return False

    def settle_region(self, region: Region, strict: bool = True) -> bool:
        """Look for goals that exclude every polyhedron; True if all were found."""
        builder = self._builder()
        goals = []
        for atoms in region:
            goal = self._exclude(builder, atoms, strict)
            if goal is None:
                index = builder.empty_lines()
                if index is None or builder.upper_bound(_zero_row(builder.network), index) >= 0:
                    return False
                goals = [Goal(index, (ZERO,) * len(part)) for part in region]
                break
            goals.append(goal)
        self.leaf = Leaf(builder.relaxation, tuple(goals))
        return True

    def settle_empty(self) -> bool:
        """Look for a proof that the signs of the cell contradict each other; True if one was found."""
        builder = self._builder()
        index = builder.empty_lines()
        if index is None or builder.upper_bound(_zero_row(builder.network), index) >= 0:
            return False
        self.leaf = Leaf(builder.relaxation, (Goal(index, (ZERO,)),))
        return True

    def bound_objective(self, objective: Sequence[Any]) -> Any:
        """The best bound of objective . f on the cell; sets the leaf that proves it."""
        builder = self._builder()
        rows = fmpq_mat(1, builder.network.outputs, list(objective))
        candidates = [(builder.upper_bound(rows, i), i) for i in builder.output_lines(to_floats(objective))]
        self.value, index = min(candidates, key=lambda pair: pair[0])
        self.leaf = Leaf(builder.relaxation, (Goal(index, (ONE,)),))
        return self.value

    def forget(self) -> None:
        """Drop what only the search needs."""
        self.builder = None

    def _builder(self) -> RelaxationBuilder:
        if self.builder is None:
            raise RuntimeError("the cell has not been relaxed")
        return self.builder

    def _exclude(self, builder: RelaxationBuilder, atoms: Sequence[Atom], strict: bool) -> Goal | None:
        """One atom that fails on the whole cell is enough, and on small cells there always is one."""
        network = builder.network
        for number, atom in enumerate(atoms):
            rows = fmpq_mat(1, network.outputs, [-c for c in atom.outputs])
            inputs = fmpq_mat(1, network.inputs, [-c for c in atom.inputs]) if atom.inputs else None
            float_inputs = -to_floats(atom.inputs) if atom.inputs else None
            for index in builder.output_lines(-to_floats(atom.outputs), float_inputs):
                value = builder.upper_bound(rows, index, inputs) + atom.bound
                if value < 0 or (value == 0 and not strict):
                    return Goal(index, tuple(ONE if m == number else ZERO for m in range(len(atoms))))
        return None


def _zero_row(network: Network) -> Any:
    return fmpq_mat(1, network.outputs, [ZERO] * network.outputs)


def preorder(root: Node) -> list[InputSplit | SignSplit | Leaf]:
    """The nodes of a finished tree in the order of the certificate."""
    result: list[InputSplit | SignSplit | Leaf] = []
    pending = [root]
    while pending:
        node = pending.pop()
        if node.children is not None and node.split is not None:
            result.append(node.split)
            pending += [node.children[1], node.children[0]]
        elif node.leaf is not None:
            result.append(node.leaf)
        else:
            raise RuntimeError("the tree of cases is not finished")
    return result


def split_cell(node: Node, net: FloatNetwork, rows: np.ndarray, by: str) -> tuple[Node, Node]:
    """Split a relaxed cell in two, at an input or at the sign of an unstable neuron.

    Parameters
    ----------
    rows
        Forms of the output that matter, shape (m, outputs).
    by
        ``"input"``, ``"sign"``, or ``"auto"``: inputs for networks with at most eight of them, else signs; inputs
        where no neuron is unstable.
    """
    split: InputSplit | SignSplit | None = None
    if by == "sign" or (by == "auto" and net.weights[0].shape[1] > 8):
        split = _sign_split(node, net, rows)
    if split is None:
        split = _input_split(node, net, rows)
    node.split = split
    cell = node.cell
    if isinstance(split, InputSplit):
        below, above = cell.box.halves(split.coordinate, split.value)
        cells = Cell(below, cell.signs), Cell(above, cell.signs)
    else:
        key = (split.layer, split.neuron)
        cells = Cell(cell.box, {**cell.signs, key: -1}), Cell(cell.box, {**cell.signs, key: 1})
    node.children = Node(cells[0], node.depth + 1), Node(cells[1], node.depth + 1)
    node.leaf = None
    node.forget()
    return node.children


def _input_split(node: Node, net: FloatNetwork, rows: np.ndarray) -> InputSplit:
    """Halve the coordinate that moves the forms most: width times mean slope at points of the cell."""
    low, high = to_floats(node.cell.box.lower), to_floats(node.cell.box.upper)
    generator = np.random.default_rng(node.depth)
    points = low + (high - low) * generator.random((8, len(low)))
    score = np.zeros(len(low))
    for row in rows:
        score += np.abs(net.gradient(points, row)).mean(axis=0) / (1e-300 + np.linalg.norm(row))
    # dead pieces have no slope; then the widest coordinate decides
    score = (high - low) * (score + 1e-9 * (1.0 + score.max(initial=0.0)))
    coordinate = int(np.argmax(score))
    box = node.cell.box
    middle = (box.lower[coordinate] + box.upper[coordinate]) / 2
    # short numbers keep the arithmetic of deep trees fast
    width = int((box.upper[coordinate] - box.lower[coordinate] or ONE).q).bit_length() + 2
    short = fmpq(round(float(int(middle.p) / int(middle.q)) * (1 << min(width, 40))), 1 << min(width, 40))
    inside = box.lower[coordinate] < short < box.upper[coordinate]
    return InputSplit(coordinate, short if inside else middle)


def _sign_split(node: Node, net: FloatNetwork, rows: np.ndarray) -> SignSplit | None:
    """The unstable neuron whose triangle, weighted by a bound of its influence, is largest."""
    if node.builder is None:
        raise RuntimeError("the cell has not been relaxed")
    bounds = node.builder.float_bounds()
    influence = np.abs(rows).sum(axis=0) @ net.magnitudes[-1]
    best, best_score = None, 0.0
    for k in range(len(bounds) - 1, -1, -1):
        low, high = bounds[k]
        unstable = (low < 0) & (high > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            stable = np.where(high > 0, 1.0, net.slopes[k])
            chord = np.where(unstable, (high - net.slopes[k] * low) / (high - low), stable)
            gap = np.where(unstable, -low * high / (high - low) * (1 - net.slopes[k]), 0.0)
        for j in np.flatnonzero(unstable):
            if (k, int(j)) not in node.cell.signs and gap[j] * influence[j] > best_score:
                best, best_score = SignSplit(k, int(j)), float(gap[j] * influence[j])
        influence = (influence * chord) @ net.magnitudes[k]
    return best
