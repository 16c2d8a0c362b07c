"""Between relaxations: certified accuracy and sensitivity of a family of lower lines of unstable neurons.

With the chord slope c = u/(u - l) in (0, 1), the lower line of a rectifier may have any slope in [0, 1]. The family

    alpha_s = (1 - s) c + s c^4/(c^4 + (1 - c)^4),      0 <= s <= 1,

goes from zonotopes (s = 0) to a smooth version of the adaptive slope of CROWN (s = 1), and is continuous in the weights
throughout: at l = 0 and at u = 0 all members agree with the stable neuron. The adaptive slope itself (1 if c > 1/2,
else 0) jumps at c = 1/2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from pepkit.kernel.errors import ClaimError
from pepkit.networks.model import FloatNetwork, box_around, float_network, network
from pepkit.networks.relaxations import METHODS, Method
from pepkit.networks.robustness import certify_classification
from pepkit.networks.studies.digits import Digits, digits, train
from pepkit.networks.studies.jump_census import AbstractLoss
from pepkit.studies import Study

__all__ = ["interpolated_method", "interpolation_study", "weight_sensitivity"]

Progress = Callable[[str, str], Any]


def interpolated_method(s: float) -> Method:
    """The relaxation with lower slopes alpha_s; rectifiers only. ClaimError for s outside [0, 1]."""
    if not 0 <= s <= 1:
        raise ClaimError(f"the parameter of the family of relaxations lies in [0, 1], not {s}")

    def lines(low: np.ndarray, high: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if np.any(slope):
            raise ClaimError("the family of relaxations is for rectifiers; this network has leaky ones")
        chord = high / (high - low)
        smooth = chord**4 / (chord**4 + (1 - chord) ** 4)
        return (1 - s) * chord + s * smooth, chord

    return Method(f"interpolated {s:g}", lines, False, "", f"slopes between zonotopes and CROWN, s = {s:g}")


def weight_sensitivity(
    net: FloatNetwork, losses: Sequence[AbstractLoss], method: Any, directions: int, step: float, seed: int = 0
) -> tuple[float, float]:
    """How fast the abstract loss changes with the weights: (mean, mean of the second difference).

    Means over the losses and over random unit directions d of the weights, of |L(theta + h d) - L(theta - h d)|/(2 h)
    and of |L(theta + h d) - 2 L(theta) + L(theta - h d)|/h, h = `step`.
    """
    generator = np.random.default_rng(seed)
    first, second = [], []
    middle = [loss(net, method)[0] for loss in losses]
    for _ in range(directions):
        weights = [generator.normal(size=matrix.shape) for matrix in net.weights]
        biases = [generator.normal(size=bias.shape) for bias in net.biases]
        length = np.sqrt(sum(float((part**2).sum()) for part in (*weights, *biases)))
        ends = []
        for side in (step / length, -step / length):
            moved = FloatNetwork(
                tuple(a + side * b for a, b in zip(net.weights, weights, strict=True)),
                tuple(a + side * b for a, b in zip(net.biases, biases, strict=True)),
                net.slopes,
            )
            ends.append([loss(moved, method)[0] for loss in losses])
        for up, here, down in zip(ends[0], middle, ends[1], strict=True):
            first.append(abs(up - down) / (2 * step))
            second.append(abs(up - 2 * here + down) / step)
    return float(np.mean(first)), float(np.mean(second))


def interpolation_study(
    parameters: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    radii: Sequence[str] = ("1/50", "1/25", "3/50"),
    *,
    hidden: Sequence[int] = (16, 16),
    images: int = 100,
    steps: int = 3000,
    directions: int = 8,
    seed: int = 0,
    progress: Progress | None = None,
) -> Study:
    """Certified accuracy and sensitivity of the family, and of box, zonotopes and adaptive CROWN, on digits.

    Every counted image is certified by the kernel: no point of the box has another class. The accuracy is that of one
    network, trained without regard to certificates.

    Parameters
    ----------
    parameters
        Values of s.
    radii
        Of boxes in the maximum norm, with pixels in [0, 1].
    directions
        Random directions of the weights for the sensitivity, which is that of the abstract loss at the last radius.
    """
    if images < 1 or directions < 1 or not radii or not parameters:
        raise ClaimError("a study of relaxations takes images, directions, radii and parameters")
    data = digits(seed)
    if progress is not None:
        progress("interpolate", "training")
    net = train(data, hidden, steps=steps, seed=seed)
    exact = network(net.weights, net.biases)
    net = float_network(exact)
    chosen = [(f"s = {s:g}", interpolated_method(s)) for s in parameters]
    chosen += [(f"{name}", METHODS[name]) for name in ("box", "hbox", "crown")]
    test = _correct(data, net, images)
    losses = [AbstractLoss(x, y, float(Fraction(radii[-1]))) for x, y in test[:10]]
    table = []
    for label, method in chosen:
        row: list[Any] = [label]
        for radius in radii:
            if progress is not None:
                progress("interpolate", f"{label}, radius {radius}")
            certified = sum(
                certify_classification(
                    exact, box_around(x.tolist(), radius, clip=(0, 1)), y, method_name=method, net=net
                )
                is not None
                for x, y in test
            )
            row.append(certified / images)
        row += weight_sensitivity(net, losses, method, directions, 1e-3, seed)
        table.append(tuple(row))
    family = table[: len(parameters)]
    curves = [
        (f"family, radius {radius}", tuple(map(float, parameters)), tuple(100 * row[1 + k] for row in family))
        for k, radius in enumerate(radii)
    ]
    adaptive = table[-1]
    curves += [
        (f"adaptive CROWN, radius {radius} (line)", (0.0, 1.0), (100 * adaptive[1 + k],) * 2)
        for k, radius in enumerate(radii)
    ]
    return Study(
        f"Between zonotopes (s = 0) and a smooth adaptive slope (s = 1), digits, {exact}",
        (
            "relaxation",
            *(f"certified, radius {r}" for r in radii),
            "mean slope of the loss",
            "mean second difference / h",
        ),
        tuple(table),
        (
            f"{len(test)} of the first {images} test images are classified correctly; each certified one has a "
            f"certificate that the kernel checked. {steps} steps of plain training, seed {seed}.",
            f"Slopes of the abstract loss at radius {radii[-1]} along {directions} random unit directions of the "
            "weights, 10 images, h = 0.001. A jump shows in the second difference.",
        ),
        tuple(curves),
        ("s", "certified test images in %"),
    )


def _correct(data: Digits, net: FloatNetwork, images: int) -> list[tuple[np.ndarray, int]]:
    pairs = list(zip(data.test_images[:images], data.test_labels[:images], strict=True))
    return [(x, int(y)) for x, y in pairs if int(np.argmax(net(x))) == int(y)]
