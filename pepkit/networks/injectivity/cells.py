"""The cells on which a ReLU network without biases is linear, in any dimension, exactly; is its rank full on all?

A cell is a pointed cone, kept by its extreme rays in integers with the hyperplanes on which each of them lies. A
neuron that changes its sign on a cone cuts it in two: new rays lie between neighbouring rays of different signs, and
two rays are neighbours exactly when no third one lies on all their common hyperplanes (double description). The cells
of a layer are refined one after another, depth first, so a deficient one is met early. There are about (L m)^(n-1) of
them for L layers of m neurons: this is for n = 2, 3, 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd
from typing import Any

from flint import fmpq, fmpq_mat, fmpz_mat

from pepkit.kernel import CertificateError, ClaimError
from pepkit.kernel.networks import Layer, Network
from pepkit.kernel.numbers import common_denominator

__all__ = ["CellCount", "Cone", "count_cells"]

Ray = tuple[int, ...]
Progress = Callable[[str, str], Any]


@dataclass(frozen=True)
class Cone:
    """Extreme rays, and for each the set of hyperplanes (as bits) that contain it."""

    rays: tuple[Ray, ...]
    planes: tuple[int, ...]

    def inside(self) -> Ray:
        """The sum of the rays, a point of the interior."""
        return tuple(sum(parts) for parts in zip(*self.rays, strict=True))

    def cut(self, values: Sequence[int], plane: int) -> tuple[Cone, Cone]:
        """The parts where a linear form is positive and negative, from its values at the rays (both signs occur)."""
        size = len(self.rays[0])
        bit = 1 << plane
        above: list[tuple[Ray, int]] = []
        below: list[tuple[Ray, int]] = []
        for ray, planes, value in zip(self.rays, self.planes, values, strict=True):
            if value >= 0:
                above.append((ray, planes | bit if not value else planes))
            if value <= 0:
                below.append((ray, planes | bit if not value else planes))
        for i, a in enumerate(values):
            if a <= 0:
                continue
            for j, b in enumerate(values):
                if b >= 0:
                    continue
                common = self.planes[i] & self.planes[j]
                if common.bit_count() < size - 2 or any(
                    common & other == common for k, other in enumerate(self.planes) if k not in (i, j)
                ):
                    continue
                ray = tuple(a * y - b * x for x, y in zip(self.rays[i], self.rays[j], strict=True))
                divisor = gcd(*ray)
                new = (tuple(x // divisor for x in ray), common | bit)
                above.append(new)
                below.append(new)
        return _cone(above), _cone(below)


def _cone(parts: Sequence[tuple[Ray, int]]) -> Cone:
    return Cone(tuple(ray for ray, _ in parts), tuple(planes for _, planes in parts))


@dataclass(frozen=True)
class CellCount:
    """How many cells were seen, and an interior point of one on which the rank is deficient (None if there is none)."""

    cells: int
    deficient: tuple[fmpq, ...] | None

    @property
    def full_rank(self) -> bool:
        """Whether the network has full rank on every cell, so is injective on each."""
        return self.deficient is None


def count_cells(
    network: Network | Sequence[Layer], *, max_cells: int = 2_000_000, progress: Progress | None = None
) -> CellCount:
    """Go through the cells of a network without biases until one has deficient rank, or all have been seen.

    Raises
    ------
    ClaimError
        For layers with biases.
    CertificateError
        If there are more than `max_cells` cells.
    """
    layers = network.layers if isinstance(network, Network) else Network(tuple(network)).layers
    if any(layer.has_bias for layer in layers):
        raise ClaimError("cells are cones for networks without biases; this one has biases")
    # one positive factor for a whole layer commutes with what follows
    matrices = [layer.matrix.numer_denom()[0] for layer in layers]
    factors = [_activation_factors(layer) for layer in layers]
    size = layers[0].inputs
    chosen = _independent(matrices[0])
    if len(chosen) < size:
        kernel, _ = matrices[0].nullspace()
        return CellCount(1, tuple(fmpq(kernel[i, 0]) for i in range(size)))
    count = 0
    # every entry: the layer, the forms of its neurons on the cone, the next neuron, signs so far, the cone, planes used
    stack: list[tuple[int, fmpz_mat, int, int, Cone, int]] = [
        (0, matrices[0], 0, 0, cone, size) for cone in _basic_cones(matrices[0], chosen)
    ]
    while stack:
        k, forms, neuron, active, cone, planes = stack.pop()
        rays = fmpz_mat(size, len(cone.rays), [ray[i] for i in range(size) for ray in cone.rays])
        table = (forms * rays).tolist()
        parted = False
        while neuron < forms.nrows():
            values = [int(a) for a in table[neuron]]
            high, low = max(values), min(values)
            if high > 0 > low:
                above, below = cone.cut(values, planes)
                stack.append((k, forms, neuron + 1, active, below, planes + 1))
                stack.append((k, forms, neuron + 1, active | 1 << neuron, above, planes + 1))
                parted = True
                break
            if high > 0:
                active |= 1 << neuron
            neuron += 1
        if parted:
            continue
        rows = [forms[j, i] * factors[k][j][active >> j & 1] for j in range(forms.nrows()) for i in range(size)]
        image = fmpz_mat(forms.nrows(), size, rows)
        last = k + 1 == len(layers)
        if image.rank() < size:
            return CellCount(count + 1, tuple(map(fmpq, cone.inside())))
        if last:
            count += 1
            if count > max_cells:
                raise CertificateError(f"the network has more than {max_cells} linear pieces")
            if progress is not None and count % 500 == 0:
                progress("inject", f"{count} linear pieces")
        else:
            stack.append((k + 1, matrices[k + 1] * image, 0, 0, cone, planes))
    return CellCount(count, None)


def _activation_factors(layer: Layer) -> list[tuple[int, int]]:
    """What a negative and a positive argument is multiplied by: (s, 1) times one positive integer for the layer."""
    if layer.slopes is None:
        return [(1, 1)] * layer.outputs
    common = int(common_denominator(layer.slopes))
    return [(int((s * common).p), common) for s in layer.slopes]


def _independent(matrix: fmpz_mat) -> list[int]:
    """The first rows that span what all rows span."""
    chosen: list[int] = []
    columns = matrix.ncols()
    for j in range(matrix.nrows()):
        rows = [matrix[i, c] for i in (*chosen, j) for c in range(columns)]
        if fmpz_mat(len(chosen) + 1, columns, rows).rank() > len(chosen):
            chosen.append(j)
        if len(chosen) == columns:
            break
    return chosen


def _basic_cones(matrix: fmpz_mat, chosen: Sequence[int]) -> Iterator[Cone]:
    """The 2^n cones of n independent hyperplanes."""
    size = len(chosen)
    inverse = fmpq_mat(fmpz_mat(size, size, [matrix[j, i] for j in chosen for i in range(size)])).inv()
    rays = []
    for c in range(size):
        column = [inverse[i, c] for i in range(size)]
        common = 1
        for value in column:
            common = common * int(value.q) // gcd(common, int(value.q))
        whole = [int((value * common).p) for value in column]
        divisor = gcd(*whole)
        rays.append(tuple(a // divisor for a in whole))
    everything = (1 << size) - 1
    planes = tuple(everything & ~(1 << c) for c in range(size))
    for signs in product((1, -1), repeat=size):
        yield Cone(tuple(tuple(s * a for a in ray) for s, ray in zip(signs, rays, strict=True)), planes)
