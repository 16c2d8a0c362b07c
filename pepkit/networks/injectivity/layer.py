"""The exact decision for one layer: positive dependencies that prove injectivity, or a collision.

The search walks the case distinction that the kernel walks when it checks (`prove_spanning`). Where a
case is stuck, the rows known to be active span a proper subspace; either the rows outside of it have a
positive dependency, which is appended to the list, or some z makes all of them negative, and then a
direction orthogonal to the subspace moves z without changing the output. In general position there are at
most (n + 2)^n cases, whatever the number of rows m ((n + 1)^n without biases).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import fmpq, fmpz, fmpz_mat

from pepkit.kernel import CertificateError
from pepkit.kernel.injectivity import Dependency
from pepkit.kernel.networks import Layer
from pepkit.networks.injectivity.separation import separate, unit_floats

__all__ = ["LayerAnswer", "decide_layer"]

Progress = Callable[[str, str], None]
Point = tuple[fmpq, ...]


@dataclass(frozen=True)
class LayerAnswer:
    """`dependencies` prove that the layer is injective; otherwise `collision` has two points with one image."""

    dependencies: tuple[Dependency, ...]
    collision: tuple[Point, Point] | None
    cases: int

    @property
    def injective(self) -> bool:
        """The answer."""
        return self.collision is None


def decide_layer(layer: Layer, progress: Progress | None = None, max_cases: int = 5_000_000) -> LayerAnswer:
    """Decide whether the layer is injective on R^n.

    Raises CertificateError if more than `max_cases` cases would be needed.
    """
    if len(layer.increasing) == layer.outputs:
        return _decide_without_rectifier(layer)
    search = _Search(layer)
    always = layer.increasing
    stack: list[tuple[int, tuple[int, ...], int, int]] = [(sum(1 << j for j in always), always, 0, 0)]
    cases = 0
    while stack:
        active, members, inactive, position = stack.pop()
        cases += 1
        if cases > max_cases:
            raise CertificateError(
                f"the decision needs more than {max_cases} cases; they grow like (n + 1)^n, n = {layer.inputs} inputs"
            )
        if progress is not None and cases % 2000 == 0:
            progress("inject", f"{cases} cases, {len(search.dependencies)} dependencies")
        if len(members) >= layer.inputs and search.rank(members) == layer.inputs:
            continue
        masks = search.masks
        while position < len(masks) and masks[position] & active:
            position += 1
        if position == len(masks):
            collision = search.extend(members)
            if collision is not None:
                return LayerAnswer((), collision, cases)
        for j, _ in search.dependencies[position]:
            if not inactive >> j & 1:
                stack.append((active | 1 << j, (*members, j), inactive, position + 1))
                inactive |= 1 << j
    return LayerAnswer(tuple(search.dependencies), None, cases)


def _decide_without_rectifier(layer: Layer) -> LayerAnswer:
    if int(layer.matrix.rank()) == layer.inputs:
        return LayerAnswer((), None, 1)
    origin = (fmpq(0),) * layer.inputs
    rows = [list(row[:-1]) for row in layer.integer_rows]
    return LayerAnswer((), (origin, tuple(map(fmpq, _orthogonal(rows, layer.inputs)))), 1)


class _Search:
    """The rows of a layer in integers and in floats, and the dependencies found so far."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.rows = layer.integer_rows
        self.normals = [list(row[:-1]) for row in self.rows]
        self.floats = unit_floats(self.rows)
        self.dependencies: list[Dependency] = []
        self.masks: list[int] = []

    def rank(self, members: tuple[int, ...]) -> int:
        """The rank of the rows of W in `members`."""
        if not members:
            return 0
        entries = [a for j in members for a in self.normals[j]]
        return int(fmpz_mat(len(members), self.layer.inputs, entries).rank())

    def extend(self, members: tuple[int, ...]) -> tuple[Point, Point] | None:
        """Append a dependency of rows outside the span of `members`, or return a collision."""
        normal = _orthogonal([self.normals[j] for j in members], self.layer.inputs)
        outside = self._outside(members, normal)
        if not outside:
            return self._collision((fmpq(0),) * self.layer.inputs, normal)
        answer = separate([self.rows[j] for j in outside], self.floats[outside])
        if answer.weights is None:
            if answer.point is None:
                raise CertificateError("the exact alternative gave no answer")
            return self._collision(answer.point, normal)
        # weights belong to the integer rows; those of the file belong to the rows themselves
        chosen = sorted((outside[k], weight) for k, weight in answer.weights.items())
        self.dependencies.append(tuple((j, weight * self._scale(j)) for j, weight in chosen))
        self.masks.append(sum(1 << j for j, _ in chosen))
        return None

    def _scale(self, j: int) -> fmpq:
        """integer row j = scale * row j."""
        given = (*self.layer.weights[j], self.layer.bias[j])
        return next((fmpq(a) / b for a, b in zip(self.rows[j], given, strict=True) if b), fmpq(1))

    def _outside(self, members: tuple[int, ...], normal: list[fmpz]) -> list[int]:
        """The rows that are not in the span of `members`."""
        rank = self.rank(members)
        indices = range(len(self.rows))
        candidates = [j for j in indices if any(self.normals[j])]
        if rank == 0:
            return candidates
        result = []
        for j in candidates:
            # a row with a component along the normal is outside; only the others need a rank
            if _dot(self.normals[j], normal) or (rank < self.layer.inputs - 1 and self.rank((*members, j)) > rank):
                result.append(j)
        return result

    def _collision(self, point: Point, normal: list[fmpz]) -> tuple[Point, Point]:
        """Points z and z + step * normal between which no neuron outside the span becomes positive."""
        values = self.layer.argument(point)
        step: fmpq | None = None
        for value, row in zip(values, self.layer.weights, strict=True):
            slope = sum((a * v for a, v in zip(row, normal, strict=True)), fmpq(0))
            if slope > 0:
                # only rows outside the span have a slope, and there the value is negative
                limit = -value / slope
                step = limit if step is None else min(step, limit)
        if step is None:
            step = fmpq(1)
        # a power of two keeps the numbers short
        exponent = int(step.p).bit_length() - int(step.q).bit_length() - 1
        step = fmpq(2) ** exponent
        return point, tuple(z + step * v for z, v in zip(point, normal, strict=True))


def _dot(a: list[fmpz], b: list[fmpz]) -> fmpz:
    return sum((x * y for x, y in zip(a, b, strict=True)), fmpz(0))


def _orthogonal(rows: list[list[fmpz]], n: int) -> list[fmpz]:
    """A primitive integer vector orthogonal to all rows, which do not span R^n."""
    if not rows:
        return [fmpz(1)] + [fmpz(0)] * (n - 1)
    basis, nullity = fmpz_mat(len(rows), n, [a for row in rows for a in row]).nullspace()
    if not nullity:
        raise CertificateError("the rows span the whole space")
    vector = [basis[i, 0] for i in range(n)]
    divisor = fmpz(0)
    for a in vector:
        divisor = divisor.gcd(a)
    return [a // divisor for a in vector]
