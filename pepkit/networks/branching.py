"""Complete proofs by case distinction: properties (`verify`) and tighter bounds (`certify_bound_by_cases`)."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.network_claims import Atom, NetworkBound, NetworkCounterexample, NetworkProperty
from pepkit.kernel.network_proofs import BranchingProof, PointProof
from pepkit.kernel.network_relaxation import Cell
from pepkit.kernel.networks import Box, Network, Vector
from pepkit.networks.attack import ascend, into_box, largest_value
from pepkit.networks.bounding import NetworkResult, exact_midpoint, proved
from pepkit.networks.cells import Node, preorder, split_cell
from pepkit.networks.exact_relaxations import rounded_up
from pepkit.networks.model import FloatNetwork, float_network, rationals, to_floats
from pepkit.networks.relaxations import method

__all__ = ["Answer", "certify_bound_by_cases", "verify"]

SPLITS = ("auto", "input", "sign")
Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class Answer:
    """The answer to a property, in the words of the verification competition.

    Attributes
    ----------
    word
        ``unsat``: proved, no counterexample exists. ``sat``: an exact counterexample. ``timeout`` or ``unknown``.
    result
        The theorem and its certificate, for ``unsat`` and ``sat``.
    counterexample
        The exact input, for ``sat``.
    cases
        Number of cases looked at.
    seconds
        Wall time.
    reason
        What stopped an undecided run.
    """

    word: str
    result: NetworkResult | None
    counterexample: Vector | None
    cases: int
    seconds: float
    reason: str = ""

    def __str__(self) -> str:
        if self.result is not None:
            return f"{self.word}\n{self.result}"
        return f"{self.word}: {self.reason} ({self.cases} cases, {self.seconds:.1f} s)"

    def _repr_html_(self) -> str:
        from html import escape

        body = self.result._repr_html_() if self.result is not None else f"<p>{escape(self.reason)}</p>"
        return f"<div><b>{escape(self.word)}</b>{body}</div>"


def verify(
    network: Network,
    box: Box,
    region: Sequence[Sequence[Atom]],
    *,
    split: str = "auto",
    timeout: float = 60.0,
    max_cases: int = 100_000,
    method_name: str = "alpha-crown",
    progress: Progress | None = None,
) -> Answer:
    """Decide whether some x in the box has (x, f(x)) in the region, a union of polyhedra.

    Parameters
    ----------
    network, box, region
        The exact question. An empty region is never met.
    split
        ``"input"``, ``"sign"`` or ``"auto"``.
    timeout
        Seconds, after which the answer is ``timeout``.
    max_cases
        Number of cases after which the answer is ``unknown``.
    method_name
        Relaxation on each case.

    Returns
    -------
    Answer
        ``sat`` and ``unsat`` come with a certificate that the kernel has checked. A region that is met at its boundary
        only may stay undecided, since relaxations with rounding cannot settle it.
    """
    _check_options(split, method_name)
    started = time.perf_counter()
    claim = NetworkProperty(network, box, tuple(tuple(part) for part in region))
    net = float_network(network)
    counterexample = _attack(claim, net, box, starts=64)
    if counterexample is not None:
        return _sat(claim, counterexample, 1, started)
    chosen = method(method_name)
    outputs = [np.array([to_floats(atom.outputs)]) for part in claim.region for atom in part]
    rows = np.concatenate([*outputs, np.ones((1, network.outputs))])[: max(1, len(outputs))]
    root = Node(Cell(box))
    pending, looked = [root], 0
    while pending:
        seconds = time.perf_counter() - started
        if seconds > timeout or looked >= max_cases:
            word = "timeout" if seconds > timeout else "unknown"
            reason = (
                f"{len(pending)} cases are open after {timeout:g} s"
                if word == "timeout"
                else (f"the limit of {max_cases} cases was reached")
            )
            return Answer(word, None, None, looked, seconds, reason)
        node = pending.pop()
        looked += 1
        if progress is not None:
            progress("cases", f"{looked} cases, {len(pending)} open, depth {node.depth}")
        if node.relax(network, net, chosen) or node.settle_region(claim.region):
            node.forget()
            continue
        point = _attack(claim, net, node.cell.box, starts=4)
        if point is not None:
            return _sat(claim, point, looked, started)
        first, second = split_cell(node, net, rows, split)
        pending += [second, first]
    provenance = {"method": f"case distinction with {method_name}", "software": "pepkit"}
    proof = BranchingProof(claim, tuple(preorder(root)), None, provenance)
    result = proved(proof, f"case distinction with {method_name}", None, started, {"Cases": proof.leaves})
    return Answer("unsat", result, None, looked, time.perf_counter() - started)


def _check_options(split: str, method_name: str) -> None:
    if method_name == "sdp":
        raise ClaimError("cases are settled by linear relaxations; take alpha-crown or triangle in place of sdp")
    if split not in SPLITS:
        raise ClaimError(f"unknown way to split {split!r}; known are {', '.join(SPLITS)}")


def _sat(claim: NetworkProperty, point: Vector, looked: int, started: float) -> Answer:
    violated = NetworkCounterexample(claim.network, claim.box, claim.region)
    result = proved(PointProof(violated, point, {"method": "gradient ascent"}), "counterexample", None, started)
    return Answer("sat", result, point, looked, time.perf_counter() - started)


def _attack(claim: NetworkProperty, net: FloatNetwork, box: Box, starts: int) -> Vector | None:
    """An exact counterexample in the box, if gradient ascent finds one."""
    low, high = to_floats(box.lower), to_floats(box.upper)
    for number, part in enumerate(claim.region):
        directions = [-to_floats(atom.outputs) for atom in part]
        if len(part) > 1:
            directions.append(np.sum([d / (1e-300 + np.linalg.norm(d)) for d in directions], axis=0))
        if not directions:
            return exact_midpoint(box)
        for direction in directions:
            points = ascend(net, low, high, direction, starts=starts, steps=12 if starts < 16 else 40, seed=number)
            slack = np.full(len(points), np.inf)
            for atom in part:
                inputs = points @ to_floats(atom.inputs) if atom.inputs else 0.0
                slack = np.minimum(slack, to_floats([atom.bound])[0] - net(points) @ to_floats(atom.outputs) - inputs)
            for index in np.argsort(-slack)[:2]:
                # rounding may hide a counterexample on the boundary, so near ones are tried exactly too
                if slack[index] > -1e-9:
                    point = into_box(points[index], box)
                    if claim.holds_at(point):
                        return point
    return None


def certify_bound_by_cases(
    network: Network,
    box: Box,
    objective: Sequence[Any],
    *,
    relative_gap: float = 1e-3,
    max_cases: int = 1000,
    timeout: float = 60.0,
    split: str = "auto",
    method_name: str = "alpha-crown",
    progress: Progress | None = None,
) -> NetworkResult:
    """A certified upper bound of objective . f over the box, improved by splitting the worst case again and again.

    Stops when the bound exceeds the best known value by at most `relative_gap` times the excess of the first
    relaxation, or at the limits; the bound is certified in every case.
    """
    _check_options(split, method_name)
    started = time.perf_counter()
    claim = NetworkBound(network, box, rationals(objective, "the objective"))
    net, chosen = float_network(network), method(method_name)
    rows = to_floats(claim.objective)[None, :]
    best = largest_value(network, box, claim.objective)
    best_value = claim.value(best)
    root = Node(Cell(box))
    order = count()
    heap: list[tuple[Any, int, Node]] = []

    def push(node: Node) -> None:
        if not node.relax(network, net, chosen) and not node.settle_empty():
            heapq.heappush(heap, (-node.bound_objective(claim.objective), next(order), node))

    push(root)
    first_gap = root.value - best_value
    looked = 1
    while heap and looked < max_cases and time.perf_counter() - started < timeout:
        worst = -heap[0][0]
        if worst - best_value <= rationals([relative_gap])[0] * first_gap:
            break
        node = heapq.heappop(heap)[2]
        for child in split_cell(node, net, rows, split):
            looked += 1
            push(child)
        if progress is not None:
            gap = worst - best_value
            progress("cases", f"{looked} cases, gap {int(gap.p) / int(gap.q):.3g}")
        point = largest_value(network, node.cell.box, claim.objective) if looked % 16 == 1 else best
        value = claim.value(point)
        if value > best_value:
            best, best_value = point, value
    rate = rounded_up(max(-key for key, _, _ in heap))
    proof = BranchingProof(
        claim.with_rate(rate), tuple(preorder(root)), best, {"method": f"case distinction with {method_name}"}
    )
    return proved(proof, f"case distinction with {method_name}", None, started, {"Cases": proof.leaves})
