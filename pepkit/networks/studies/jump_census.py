"""How often training steps cross a jump of an abstract loss: a census on the 8x8 digits.

A training step moves the weights along a segment. On it the abstract loss of an image - the cross entropy of the
worst margins that a relaxation allows in a box around the image - may jump. The census finds the changes of decisions
by halving and compares the jumps with the change of the loss over the whole step. Setting: Jovanovic, Balunovic,
Baader, Vechev, "On the paradox of certified training" (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.moving_claims import MovingEvaluation
from pepkit.networks.jump_set import exact_limits, jump_set
from pepkit.networks.jumps import METHODS, WeightLine
from pepkit.networks.model import FloatNetwork, box_around, network
from pepkit.networks.relaxations import Method, bounds
from pepkit.networks.studies.digits import digits, train
from pepkit.studies import Study

__all__ = ["AbstractLoss", "StepJump", "jump_census", "step_jumps"]

Progress = Callable[[str, str], Any]
RESOLUTION = 2.0**-40
"""Changes of decisions are located to this part of a step."""
SMALLEST = 1e-7
"""A smaller change of the loss there is the continuous change over the located interval, not a jump."""


@dataclass(frozen=True)
class AbstractLoss:
    """log(1 + sum exp(upper bound of f_i - f_label)) over the box of a radius around an image, in [0, 1]^n."""

    image: np.ndarray
    label: int
    radius: float

    @property
    def low(self) -> np.ndarray:
        """Lower limits of the box."""
        return np.maximum(self.image - self.radius, 0.0)

    @property
    def high(self) -> np.ndarray:
        """Upper limits of the box."""
        return np.minimum(self.image + self.radius, 1.0)

    def __call__(self, net: FloatNetwork, method: str | Method) -> tuple[float, tuple[bytes, ...], np.ndarray]:
        """The loss, the decisions that were taken, and the bounds of the margins of all classes."""
        count = len(net.biases[-1])
        rows = np.eye(count)
        rows[:, self.label] -= 1
        found = bounds(net, self.low, self.high, method, rows)
        adaptive = method in ("crown", "crown-ibp")
        decisions = []
        for low, high in found.hidden:
            states = np.where(low >= 0, 0, np.where(high <= 0, 1, np.where(adaptive & (high > -low), 3, 2)))
            decisions.append(states.astype(np.int8).tobytes())
        upper = found.upper
        largest = float(upper.max())
        # the margin of the label itself is zero and gives the 1
        return largest + float(np.log(np.exp(upper - largest).sum())), tuple(decisions), upper


@dataclass(frozen=True)
class StepJump:
    """A jump between the parts `low` and `high` of a step, by `size` (the loss after minus the loss before)."""

    low: float
    high: float
    size: float
    margin: int
    """The class whose margin changes most."""
    layer: int
    """The first hidden layer, from 0, in which a decision changes."""


def step_jumps(
    before: FloatNetwork, after: FloatNetwork, loss: AbstractLoss, method: str, parts: int = 4
) -> tuple[list[StepJump], int]:
    """The jumps of the loss on the segment between two networks, and the number of changes of decisions.

    The segment is looked at in `parts` equal parts; two changes in one part that cancel are not seen.
    """
    jumps: list[StepJump] = []
    changes = 0
    places = [k / parts for k in range(parts + 1)]
    known = [loss(_between(before, after, t), method) for t in places]
    pending = list(zip(places, places[1:], known, known[1:], strict=False))
    while pending:
        low, high, a, b = pending.pop()
        if a[1] == b[1]:
            continue
        if high - low > RESOLUTION:
            middle = (low + high) / 2
            c = loss(_between(before, after, middle), method)
            pending += [(low, middle, a, c), (middle, high, c, b)]
            continue
        changes += 1
        if abs(b[0] - a[0]) > SMALLEST * max(1.0, abs(a[0])):
            layer = next(k for k, (p, q) in enumerate(zip(a[1], b[1], strict=True)) if p != q)
            jumps.append(StepJump(low, high, b[0] - a[0], int(np.argmax(np.abs(b[2] - a[2]))), layer))
    return jumps, changes


def _between(before: FloatNetwork, after: FloatNetwork, t: float) -> FloatNetwork:
    weights = tuple(a + t * (b - a) for a, b in zip(before.weights, after.weights, strict=True))
    biases = tuple(a + t * (b - a) for a, b in zip(before.biases, after.biases, strict=True))
    return FloatNetwork(weights, biases, before.slopes)


@dataclass
class _Count:
    """What the census adds up for one relaxation."""

    steps: int = 0
    crossing: int = 0
    changing: int = 0
    jumps: int = 0
    jump_sum: float = 0.0
    change_sum: float = 0.0
    largest: float = 0.0
    ratios: list[float] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)


def jump_census(
    methods: Sequence[str] = METHODS,
    *,
    hidden: Sequence[int] = (10, 10),
    radius: float = 0.05,
    steps: int = 300,
    every: int = 5,
    images: int = 8,
    rate: float = 0.1,
    seed: int = 0,
    certificates: Callable[[str, MovingEvaluation], Any] | None = None,
    progress: Progress | None = None,
) -> Study:
    """Count the jumps of the abstract loss on training steps of a classifier of digits.

    All relaxations look at the same steps (plain training on the cross entropy, batch 32), so they are compared at
    equal weights.

    Parameters
    ----------
    methods
        ``box``, ``hbox``, ``deepz``, ``crown``, ``crown-ibp``.
    radius
        Of the boxes around images, with pixels in [0, 1].
    every, images
        Every so many steps, the first so many images of the batch are looked at.
    certificates
        Called with "hbox" and a certificate of the largest jump that was found for symbolic intervals at a neuron of
        the first hidden layer (where the place of the jump is a rational number and the bound a polynomial).

    Returns
    -------
    Study
        For each relaxation: the share of (step, image) pairs with a change of decisions and with a jump, the median
        of (sum of the jumps)/(change of the loss over the step) where there is one, and the largest jump.
    """
    if not set(methods) <= set(METHODS) or not methods:
        raise ClaimError(f"the census knows the relaxations {', '.join(METHODS)}")
    if steps < 1 or every < 1 or images < 1 or radius <= 0 or rate <= 0:
        raise ClaimError("steps, images, radius and learning rate are positive")
    data = digits(seed)
    counts = {name: _Count() for name in methods}
    largest: list[tuple[FloatNetwork, FloatNetwork, AbstractLoss, StepJump]] = []
    seen: list[int] = []

    def look(step: int, before: FloatNetwork, after: FloatNetwork, chosen: np.ndarray) -> None:
        if step % every:
            return
        seen.append(step + 1)
        for name in methods:
            count = counts[name]
            for i in chosen[:images]:
                loss = AbstractLoss(data.train_images[i], int(data.train_labels[i]), radius)
                found, changes = step_jumps(before, after, loss, name)
                _add(count, found, changes, loss(after, name)[0] - loss(before, name)[0])
                # symbolic intervals are polynomials, and the first layer changes its decisions at rational places
                for jump in found if name == "hbox" else ():
                    if jump.layer == 0 and (not largest or abs(jump.size) > abs(largest[0][-1].size)):
                        largest[:] = [(before, after, loss, jump)]
            count.curve.append(count.jumps / count.steps)
        if progress is not None:
            progress("census", f"step {step + 1} of {steps}")

    final = train(data, hidden, steps=steps, rate=rate, seed=seed, each_step=look)
    shape = "-".join(map(str, (64, *hidden, 10)))
    accuracy = float(np.mean(final(data.test_images).argmax(axis=1) == data.test_labels))
    notes = [
        f"Network {shape}, {steps} steps of rate {rate:g} (test accuracy {accuracy:.2f}), boxes of radius "
        f"{radius:g}, {images} images at every {every}th step, seed {seed}.",
        f"A jump is a change of the loss by more than {SMALLEST:g} (relative to losses above 1) over 2^-40 of a step.",
    ]
    for before, after, loss, jump in largest:
        certificate = _exact_jump(before, after, loss, jump)
        claim: Any = certificate.claim
        notes.append(
            f"The largest jump of hbox at a neuron of the first layer, exactly: the bound of f_{jump.margin} - "
            f"f_{loss.label} goes from {_text(claim.left)} to {_text(claim.right)} within one step."
        )
        if certificates is not None:
            certificates("hbox", certificate)
    return Study(
        f"Jumps of the abstract loss on training steps, digits, {shape} network",
        (
            "relaxation",
            "pairs (step, image)",
            "with a change of decisions",
            "with a jump",
            "jumps",
            "largest jump",
            "median jumps/change of loss",
            "all jumps/all changes of loss",
        ),
        tuple(_row(name, count) for name, count in counts.items()),
        tuple(notes),
        tuple((name, tuple(map(float, seen)), tuple(count.curve)) for name, count in counts.items()),
        ("training step", "jumps per (step, image) so far"),
    )


def _add(count: _Count, found: list[StepJump], changes: int, difference: float) -> None:
    count.steps += 1
    count.changing += bool(changes)
    count.crossing += bool(found)
    count.jumps += len(found)
    size = sum(abs(jump.size) for jump in found)
    count.jump_sum += size
    count.change_sum += abs(difference)
    count.largest = max([count.largest, *(abs(jump.size) for jump in found)])
    if found and difference:
        count.ratios.append(size / abs(difference))


def _row(name: str, count: _Count) -> tuple[Any, ...]:
    return (
        name,
        count.steps,
        round(count.changing / max(count.steps, 1), 4),
        round(count.crossing / max(count.steps, 1), 4),
        count.jumps,
        count.largest,
        float(np.median(count.ratios)) if count.ratios else 0.0,
        count.jump_sum / count.change_sum if count.change_sum else 0.0,
    )


def _exact_jump(before: FloatNetwork, after: FloatNetwork, loss: AbstractLoss, jump: StepJump) -> MovingEvaluation:
    """A certificate of the limits of one margin at a jump of symbolic intervals in the first layer."""
    first, second = (network(net.weights, net.biases) for net in (before, after))
    objective = [0] * len(before.biases[-1])
    objective[jump.margin] += 1
    objective[loss.label] -= 1
    line = WeightLine(first, second, box_around(loss.image.tolist(), loss.radius, clip=(0, 1)), tuple(objective))
    margin = fmpq(1, 1 << 36)
    low, high = (fmpq(*t.as_integer_ratio()) for t in (jump.low, jump.high))
    found = jump_set(line, "hbox", start=low - margin, end=high + margin)
    places = [place for place in found.places if place.exact]
    return exact_limits(line, "hbox", max(places, key=lambda place: abs(place.jump)).low)


def _text(value: Any) -> str:
    return f"{int(value.p) / int(value.q):.9g}"
