"""Is a piecewise-linear network injective? Proved, refuted or undecided, with a certificate for the first two."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from time import perf_counter

import numpy as np
from flint import fmpq, fmpq_mat

from pepkit.kernel import CertificateError, Theorem, check, save
from pepkit.kernel.certificate import Proof
from pepkit.kernel.injectivity import (
    Collision,
    Dependency,
    InjectiveNetwork,
    NonInjectiveNetwork,
    PlanarSectors,
    PositiveDependencies,
)
from pepkit.kernel.networks import Layer, Network, activate, integer_vector
from pepkit.kernel.planar_network import find_collision, planar_map
from pepkit.networks.injectivity.cells import count_cells
from pepkit.networks.injectivity.layer import LayerAnswer, decide_layer
from pepkit.networks.model import to_floats

__all__ = ["InjectivityResult", "decide_injectivity"]

MAX_CELL_INPUTS = 4
MAX_CELLS = 20_000
"""Linear pieces are enumerated up to these sizes; that takes some ten seconds."""

Progress = Callable[[str, str], None]
Point = tuple[fmpq, ...]


@dataclass(frozen=True)
class InjectivityResult:
    """The answer to one question.

    `injective` is True, False, or None for undecided; then `reason` says what is missing.
    `certificate` and `theorem` are there for the other two.
    """

    injective: bool | None
    certificate: Proof | None
    theorem: Theorem | None
    method: str
    reason: str
    seconds: float

    @property
    def status(self) -> str:
        """injective, not injective, or undecided."""
        return {True: "injective", False: "not injective", None: "undecided"}[self.injective]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate; CertificateError if the question is undecided."""
        if self.certificate is None:
            raise CertificateError(f"there is no certificate to save: {self.reason}")
        save(self.certificate, path)

    def __str__(self) -> str:
        if self.theorem is None:
            return f"Undecided. {self.reason}"
        lines = [str(self.theorem), f"Method       {self.method}"]
        lines += [f"{'' if k else 'Checks':<13}{line}" for k, line in enumerate(self.theorem.checks)]
        return "\n".join([*lines, f"Time         {self.seconds:.3f} s"])

    def _repr_html_(self) -> str:
        colour = {True: "#1a7f37", False: "#b3261e", None: "#9a6700"}[self.injective]
        body = escape(str(self.theorem) if self.theorem is not None else self.reason)
        checks = "".join(f"<li>{escape(line)}</li>" for line in (self.theorem.checks if self.theorem else ()))
        return (
            '<div class="pepkit tex2jax_ignore mathjax_ignore" style="border:1px solid #8884;border-radius:6px;'
            f'padding:0.6em 0.9em;max-width:60em"><b style="color:{colour}">{escape(self.status)}</b> '
            f"({escape(self.method)}, {self.seconds:.3f} s)<p>{body}</p><ul>{checks}</ul></div>"
        )


def decide_injectivity(
    network: Layer | Network,
    progress: Progress | None = None,
    samples: int = 2000,
    seed: int = 0,
    max_cases: int = 5_000_000,
) -> InjectivityResult:
    """Decide whether the network is injective on R^n.

    - One layer (with or without biases): always decided; the cases grow with n only, see `decide_layer`.
    - More layers: not injective if the first layer is not; injective if all layers are.
    - Two inputs, no biases, any depth: always decided, by the sectors on which the network is linear.
    - Otherwise `samples` random inputs look for a linear piece of deficient rank; without biases and with up to four
      inputs all pieces are enumerated, if there are at most 20000. Without a deficient one: undecided, because
      images of different pieces may still meet.

    Parameters
    ----------
    network
        One layer or a network, from `relu_layer`, `relu_network`, `network` or `read_network`.
    progress
        Called with stage and detail.
    samples, seed
        For the last of the four.
    max_cases
        Limit for one layer.

    Raises
    ------
    CertificateError
        If the first layer alone needs more than `max_cases` cases.
    """
    started = perf_counter()
    network = Network((network,)) if isinstance(network, Layer) else network
    layers = network.layers
    first = decide_layer(layers[0], progress, max_cases)
    if first.collision is not None:
        return _refuted(network, first.collision, "the first layer is not injective", started)
    if len(layers) == 1:
        return _layerwise(network, [first.dependencies], started)
    if layers[0].inputs == 2 and not any(layer.has_bias for layer in layers):
        if progress is not None:
            progress("inject", "sectors of the plane")
        collision = find_collision(planar_map(layers))
        if collision is not None:
            return _refuted(network, collision, "sectors of the plane", started)
        proof = PlanarSectors(InjectiveNetwork(network), {"method": "sectors of the plane"})
        return InjectivityResult(True, proof, check(proof), "sectors of the plane", "", perf_counter() - started)
    answers = [first.dependencies]
    for k, layer in enumerate(layers[1:], start=2):
        answer = _limited(layer, progress, min(max_cases, 200_000))
        if answer is None or answer.collision is not None:
            why = "is not injective by itself" if answer is not None else "needs too many cases"
            reason = f"layer {k} {why}, but it may be injective on the image of the layers before it"
            break
        answers.append(answer.dependencies)
    else:
        return _layerwise(network, answers, started)
    collision = _deficient_piece(network, samples, seed, progress)
    if collision is not None:
        return _refuted(network, collision, "a linear piece of deficient rank", started)
    reason += f"; {samples} random inputs lie in linear pieces of full rank"
    if layers[0].inputs <= MAX_CELL_INPUTS and not any(layer.has_bias for layer in layers):
        try:
            found = count_cells(network, max_cells=MAX_CELLS, progress=progress)
        except CertificateError:
            found = None
        if found is not None and found.deficient is not None:
            collision = _along_kernel(layers, found.deficient)
            if collision is not None:
                return _refuted(network, collision, "a linear piece of deficient rank", started)
        elif found is not None:
            reason += f", and so do all inputs: the network is injective on each of its {found.cells} linear pieces"
    return InjectivityResult(None, None, None, "random inputs", reason, perf_counter() - started)


def _limited(layer: Layer, progress: Progress | None, max_cases: int) -> LayerAnswer | None:
    try:
        return decide_layer(layer, progress, max_cases)
    except CertificateError:
        return None


def _layerwise(network: Network, dependencies: Sequence[tuple[Dependency, ...]], started: float) -> InjectivityResult:
    method = "positive dependencies" if len(dependencies) == 1 else "positive dependencies, layer by layer"
    proof = PositiveDependencies(InjectiveNetwork(network), tuple(dependencies), {"method": method})
    return InjectivityResult(True, proof, check(proof), method, "", perf_counter() - started)


def _refuted(network: Network, collision: tuple[Point, Point], method: str, started: float) -> InjectivityResult:
    proof = Collision(NonInjectiveNetwork(network), *collision, {"method": method})
    return InjectivityResult(False, proof, check(proof), method, "", perf_counter() - started)


def _deficient_piece(
    network: Network, samples: int, seed: int, progress: Progress | None
) -> tuple[Point, Point] | None:
    """Two points of one linear piece on which the rank is less than n, if random inputs find such a piece."""
    generator = np.random.default_rng(seed)
    inputs, layers = network.inputs, network.layers
    weights = [np.array([to_floats(row) for row in layer.weights]) for layer in layers]
    biases = [to_floats(layer.bias) for layer in layers]
    slopes = [to_floats(layer.slopes or (fmpq(1),) * layer.outputs) for layer in layers]
    # beyond, the inputs would have hundreds of digits
    scale = 1.0 + min(1e9, max(float(np.abs(b).max()) for b in biases))
    for count in range(samples):
        if progress is not None and count % 200 == 0:
            progress("inject", f"{count} random inputs")
        # multiples of 1/1024: short exact numbers
        point = np.round(generator.standard_normal(inputs) * scale * 1024) / 1024
        if _looks_full(point, weights, biases, slopes):
            continue
        found = _along_kernel(layers, tuple(fmpq(int(a * 1024), 1024) for a in point))
        if found is not None:
            return found
    return None


@np.errstate(all="ignore")
def _looks_full(
    point: np.ndarray, weights: list[np.ndarray], biases: list[np.ndarray], slopes: list[np.ndarray]
) -> bool:
    """Floats only decide where exact arithmetic has to look."""
    jacobian = np.eye(len(point))
    for matrix, bias, slope in zip(weights, biases, slopes, strict=True):
        values = matrix @ point + bias
        jacobian = (matrix @ jacobian) * np.where(values > 0, 1.0, slope)[:, None]
        point = np.maximum(values, slope * values)
    if not np.all(np.isfinite(jacobian)):
        return False
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return len(singular) == jacobian.shape[1] and bool(singular[-1] > 1e-9 * singular[0] > 0)


def _along_kernel(layers: tuple[Layer, ...], point: Point) -> tuple[Point, Point] | None:
    """The point and another one on the same linear piece along a kernel direction of its matrix."""
    inputs = len(point)
    jacobian = fmpq_mat(inputs, inputs, [fmpq(int(i == j)) for i in range(inputs) for j in range(inputs)])
    values: tuple[fmpq, ...] = point
    conditions: list[tuple[fmpq, list[fmpq]]] = []
    for layer in layers:
        jacobian = layer.matrix * jacobian
        values = layer.argument(values)
        if layer.slopes is not None:
            for i, (value, s) in enumerate(zip(values, layer.slopes, strict=True)):
                conditions.append((value, [jacobian[i, k] for k in range(inputs)]))
                if value <= 0:
                    for k in range(inputs):
                        jacobian[i, k] *= s
            values = tuple(activate(value, s) for value, s in zip(values, layer.slopes, strict=True))
    direction = _kernel_vector(jacobian)
    if direction is None:
        return None
    step = fmpq(1)
    for value, slopes in conditions:
        slope = sum((a * v for a, v in zip(slopes, direction, strict=True)), fmpq(0))
        if slope and not value:
            return None
        if slope:
            # no neuron may change sign on the way
            step = min(step, abs(value / slope))
    return point, tuple(x + step * v for x, v in zip(point, direction, strict=True))


def _kernel_vector(matrix: fmpq_mat) -> tuple[fmpq, ...] | None:
    """A short vector with matrix * vector = 0; None if the columns are independent."""
    reduced, rank = matrix.rref()
    columns = matrix.ncols()
    if rank == columns:
        return None
    pivots = [next(c for c in range(columns) if reduced[i, c]) for i in range(rank)]
    free = next(c for c in range(columns) if c not in pivots)
    vector = [fmpq(0)] * columns
    vector[free] = fmpq(1)
    for i, c in enumerate(pivots):
        vector[c] = -reduced[i, free]
    return tuple(map(fmpq, integer_vector(vector)))
