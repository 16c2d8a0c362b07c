"""The cover of all schedules by boxes, each with an exact mixture that the kernel accepts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from pepkit.algebra import exact
from pepkit.certification import CertificationError
from pepkit.kernel import ClaimError, InitialCondition, Measure, load, save
from pepkit.kernel.line_functions import Interval, LineFunction
from pepkit.kernel.schedule_cover import Cut, Node, ScheduleBound, ScheduleCover, proves_box
from pepkit.schedule_bounds.line_search import FAR, LineFunctions, LineSearch

__all__ = ["certify_every_schedule"]

Array = NDArray[np.float64]
Progress = Callable[[str], None]
Data = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]
"""Points, gradients and ends of a `LineFunction`."""

KINK_BITS = 20
WEIGHT_BITS = 24
NARROW = fmpq(1, 10**7)
"""Boxes narrower than this are not halved."""
KEEP_EVERY = 30.0
"""Seconds between two writings of a checkpoint."""


class _Pool:
    """Exact functions, each once."""

    def __init__(self, claim: ScheduleBound) -> None:
        self.claim = claim
        self.data: list[Data] = []
        self.functions: list[LineFunction] = []
        self._numbers: dict[Data, int] = {}

    def leaf(self, functions: LineFunctions, weights: Array) -> tuple[tuple[int, Any], ...]:
        """A mixture with rounded kinks and weights."""
        found: dict[int, Any] = {}
        for kinks, slopes, weight in zip(functions.kinks, functions.slopes, weights, strict=True):
            number = self._number(kinks, slopes)
            start = self.functions[number].initial(self.claim.initial)
            share = fmpq(round(float(weight) * 2**WEIGHT_BITS), 1 << WEIGHT_BITS) / start
            found[number] = found.get(number, fmpq(0)) + _short(share)
        return tuple(sorted(found.items()))

    def _number(self, kinks: Array, slopes: Array) -> int:
        # outwards, so that an iterate at a kink stays on its inner side
        places = [fmpq(int(np.ceil(t * 2**KINK_BITS - 1e-6)), 1 << KINK_BITS) for t in kinks]
        # 1, 0, 1/4, .. are exact floats; mu is not
        parts = [self._slope(s) for s in slopes]
        points, gradients = [fmpq(0)], [fmpq(1)]
        for place, slope in zip(places, parts[1:], strict=False):
            if -place < points[-1]:
                gradients.append(gradients[-1] - slope * (points[-1] + place))
                points.append(-place)
        return self.add((tuple(points[::-1]), tuple(gradients[::-1]), (parts[3], parts[0])))

    def add(self, data: Data) -> int:
        """The number of a function."""
        if data not in self._numbers:
            self._numbers[data] = len(self.data)
            self.data.append(data)
            self.functions.append(LineFunction(self.claim.mu, *data))
        return self._numbers[data]

    def _slope(self, value: float) -> Any:
        mu = self.claim.mu
        return mu if value == float(int(mu.p) / int(mu.q)) else fmpq(round(value * 4), 4)


def _short(value: Any) -> Any:
    """A positive rational with about `WEIGHT_BITS` bits."""
    scale = max(0, int(value.q).bit_length() - int(value.p).bit_length() + WEIGHT_BITS)
    return fmpq(int(value * (1 << scale) + fmpq(1, 2)), 1 << scale)


class _Cover:
    """The part of the tree that is done, in preorder, and the boxes that are open."""

    def __init__(self, claim: ScheduleBound) -> None:
        self.claim = claim
        self.pool = _Pool(claim)
        self.tree: list[Node] = []
        self.leaves = 0
        whole: Interval = (None, None)
        self.open: list[tuple[tuple[Interval, ...], LineFunctions | None]] = [((whole,) * claim.steps, None)]

    def close(self, mixture: tuple[tuple[int, Any], ...]) -> None:
        """A mixture proves the box that was open."""
        self.tree.append(mixture)
        self.leaves += 1

    def cut(self, sides: tuple[Interval, ...], cut: Cut, functions: LineFunctions | None) -> None:
        """Both parts of the box are open; the part below is next."""
        low, high = sides[cut.step]
        self.tree.append(cut)
        for part in ((cut.at, high), (low, cut.at)):
            self.open.append(((*sides[: cut.step], part, *sides[cut.step + 1 :]), functions))

    def proof(self) -> ScheduleCover:
        """The certificate; unfinished, it is a file but no proof."""
        used = sorted({number for node in self.tree if not isinstance(node, Cut) for number, _ in node})
        places = {number: place for place, number in enumerate(used)}
        tree: list[Node] = [
            node if isinstance(node, Cut) else tuple((places[n], w) for n, w in node) for node in self.tree
        ]
        origin = {"method": "mixtures of line functions", "boxes": self.leaves}
        return ScheduleCover(self.claim, tuple(self.pool.data[n] for n in used), tuple(tree), origin)

    def take(self, proof: Any) -> None:
        """Go on from an unfinished certificate of the same claim."""
        if not isinstance(proof, ScheduleCover) or proof.claim != self.claim:
            raise ClaimError("the checkpoint belongs to another claim: give another file, or remove it")
        numbers = [self.pool.add(data) for data in proof.functions]
        for node in proof.tree:
            if not self.open:
                raise ClaimError("the checkpoint has more boxes than its cuts leave: remove it")
            sides, _ = self.open.pop()
            if isinstance(node, Cut):
                self.cut(sides, node, None)
            else:
                self.close(tuple((numbers[n], weight) for n, weight in node))


def certify_every_schedule(
    steps: int,
    bound: Any,
    *,
    mu: Any = 0,
    measure: Measure = Measure.FUNCTION_VALUE,
    initial: InitialCondition = InitialCondition.DISTANCE,
    limit: int = 100_000,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> ScheduleCover:
    """Prove that no schedule of `steps` steps of gradient descent has a worst case below `bound`.

    Parameters
    ----------
    steps
        N. The number of boxes grows fast with it: 1 takes a second, 2 up to minutes, 3 minutes to hours, the longer the
        closer the bound is to the best schedule.
    bound
        A lower bound of measure over initial condition, with L = 1 (f(x_N) - f_* over |x_0 - x_*|^2, without 1/2).
    mu
        mu/L of the class, -1 <= mu < 1.
    measure, initial
        What is bounded, and what it is compared with.
    limit
        Most boxes.
    checkpoint
        A file that keeps the boxes proved so far, written twice a minute and when the search ends in whatever way; if
        it exists, the search goes on from it.
    progress
        Called with words now and then.

    Returns
    -------
    ScheduleCover
        A proof that `pepkit.kernel.check` accepts.

    Raises
    ------
    ClaimError
        For numbers that are not rational or out of range, and a checkpoint of another claim.
    CertificationError
        If the functions of the search do not reach the bound somewhere, with the steps where: the bound is larger than
        the worst case of the best schedule, or close to it; or if the boxes are too many.
    """
    claim = ScheduleBound(_rational(mu, "mu/L"), steps, measure, initial, _rational(bound, "the bound"))
    cover, search = _Cover(claim), LineSearch(claim)
    if checkpoint is not None and Path(checkpoint).exists():
        cover.take(load(checkpoint))
    try:
        _search(cover, search, limit, checkpoint, progress)
    finally:
        if checkpoint is not None:
            save(cover.proof(), checkpoint)
    return cover.proof()


def _search(cover: _Cover, search: LineSearch, limit: int, checkpoint: Any, progress: Progress | None) -> None:
    kept = time.monotonic()
    while cover.open:
        sides, inherited = cover.open[-1]
        box = tuple(
            (-FAR if low is None else _float(low), FAR if high is None else _float(high)) for low, high in sides
        )
        value, functions, weights = search.mixture(box, inherited)
        mixture = cover.pool.leaf(functions, weights) if value >= search.enough else ()
        if mixture and proves_box(cover.claim, cover.pool.functions, mixture, sides):
            cover.open.pop()
            cover.close(mixture)
            if progress is not None and cover.leaves % 50 == 0:
                progress(f"{cover.leaves} boxes proved, {len(cover.open)} open around ({_words(box)})")
        else:
            k, at = _cut(sides)
            low, high = sides[k]
            narrow = low is not None and high is not None and high - low < NARROW
            if narrow or len(cover.tree) > 2 * limit:
                raise CertificationError(
                    f"steps near ({_words(box)}) are not shown to have a worst case of {search.enough:.9g}: the "
                    f"functions of the search reach {value:.9g} there; take a smaller bound"
                    + ("" if narrow else f", or a larger limit than {limit} boxes")
                )
            cover.open.pop()
            cover.cut(sides, Cut(k, at), functions)
        if checkpoint is not None and time.monotonic() - kept > KEEP_EVERY:
            save(cover.proof(), checkpoint)
            kept = time.monotonic()


def _rational(value: Any, what: str) -> Any:
    number = exact(value)
    if not number.is_rational:
        raise ClaimError(f"{what} is a rational number here, not {value}")
    return number.value


def _float(value: Any) -> float:
    return float(int(value.p) / int(value.q))


def _words(box: Sequence[tuple[float, float]]) -> str:
    return ", ".join(f"{low:.7g}" if abs(low) < FAR else f"{high:.7g}" for low, high in box)


def _cut(box: Sequence[Interval]) -> tuple[int, Any]:
    """Where a box is cut: the longest side in the middle; a side [a, infinity) counts as 64/a and is cut at 2a."""

    def length(side: Interval) -> Any:
        low, high = side
        if low is None or high is None:
            return 64 / max(abs(low if high is None else high), fmpq(2)) if side != (None, None) else fmpq(1000)
        return high - low

    k = max(range(len(box)), key=lambda j: length(box[j]))
    low, high = box[k]
    if low is None:
        return k, fmpq(0) if high is None else min(2 * high, fmpq(-4))
    return k, max(2 * low, fmpq(4)) if high is None else (low + high) / 2
