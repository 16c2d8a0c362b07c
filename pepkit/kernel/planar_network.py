"""Piecewise-linear networks without biases on the plane: injectivity decided exactly.

Such a network f is continuous, positively homogeneous and piecewise linear, so it is known from finitely
many rays: between neighbouring rays u, u' it is f(a u + b u') = a f(u) + b f(u'), a, b >= 0. A layer keeps
this form once a ray is put wherever a coordinate of W f changes sign between neighbours. After the last
layer no coordinate of f changes sign inside a sector (an open cone between neighbours).

f is injective exactly when (1) on every sector f(u), f(u') are linearly independent, and (2) no two
different faces (sectors and rays) have images that meet. Faces whose images meet have the same signs of
coordinates, so only these pairs are compared, each by the null space of at most four integer vectors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from math import gcd

from flint import fmpq, fmpz, fmpz_mat

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import Layer
from pepkit.kernel.numbers import common_denominator

__all__ = ["Collision", "PlanarMap", "find_collision", "planar_map"]

MAX_RAYS = 200_000
MAX_PAIRS = 5_000_000
MAX_COORDINATES = 20_000_000
"""Most coordinates of images, over all layers."""
MAX_COMPARED = 100 * MAX_PAIRS
"""Most coordinates of images of pairs."""

Ray = tuple[tuple[int, ...], tuple[int, ...]]
"""A direction u of the plane and f(u), in integers."""
Point = tuple[fmpq, ...]
Collision = tuple[Point, Point]
"""Two different points with one image."""


class PlanarMap:
    """The rays of a network in counter-clockwise order, with their images; four of them are the axes of the plane."""

    def __init__(self, rays: list[Ray]) -> None:
        self.rays = rays

    def sector(self, i: int) -> tuple[Ray, Ray]:
        """The two rays that bound sector i."""
        return self.rays[i], self.rays[(i + 1) % len(self.rays)]

    def degenerate_sector(self) -> Collision | None:
        """Two points of one sector with the same image; None if f has rank two on every sector."""
        for i in range(len(self.rays)):
            (u, image), (v, other) = self.sector(i)
            relation = _null_vectors([image, other])
            if relation:
                a, b = relation[0]
                # x = u + v lies inside the sector, and so does x + (a u + b v)/(2 max(|a|, |b|))
                scale = fmpq(1, 2 * max(abs(a), abs(b)))
                x = _combination([(fmpq(1), u), (fmpq(1), v)])
                return x, _combination([(1 + a * scale, u), (1 + b * scale, v)])
        return None


def planar_map(layers: Sequence[Layer]) -> PlanarMap:
    """The network with two inputs and no biases as a map of rays.

    Raises ClaimError if it has other inputs or a bias, or more than `MAX_RAYS` rays.
    """
    if layers[0].inputs != 2:
        raise ClaimError(f"the exact decision in the plane needs two inputs, this network has {layers[0].inputs}")
    if any(layer.has_bias for layer in layers):
        raise ClaimError("the exact decision in the plane is for networks without biases")
    rays: list[Ray] = [(u, u) for u in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    coordinates = 0
    for layer in layers:
        coordinates += len(rays) * layer.outputs
        if coordinates > MAX_COORDINATES:
            raise ClaimError(f"the network has too many linear pieces on the plane ({len(rays)} before its end)")
        rays = _refine(rays, _integer_weights(layer))
        if len(rays) > MAX_RAYS:
            raise ClaimError(f"the network has more than {MAX_RAYS} linear pieces on the plane")
        if layer.slopes is not None:
            # max(y, s*y) times the common denominator of the slopes, which again commutes with what follows
            factor = int(common_denominator(layer.slopes))
            slopes = [int((s * factor).p) for s in layer.slopes]
            rays = [
                _primitive(u, tuple(a * (factor if a > 0 else s) for a, s in zip(image, slopes, strict=True)))
                for u, image in rays
            ]
    return PlanarMap(rays)


def _integer_weights(layer: Layer) -> list[list[int]]:
    """W times one positive integer: f becomes a positive multiple of f, and the layers after it commute with that.

    (Another factor for every row would not commute.)
    """
    factor = common_denominator([a for row in layer.weights for a in row])
    return [[int((a * factor).p) for a in row] for row in layer.weights]


def _refine(rays: list[Ray], weights: list[list[int]]) -> list[Ray]:
    """The rays after the linear map, with a new ray wherever a coordinate changes sign."""
    width, count = len(weights[0]), len(rays)
    images = fmpz_mat(count, width, [a for _, image in rays for a in image])
    products = (images * fmpz_mat(len(weights), width, [a for row in weights for a in row]).transpose()).tolist()
    mapped = [(u, tuple(map(int, image))) for (u, _), image in zip(rays, products, strict=True)]
    result: list[Ray] = []
    for i, (u, image) in enumerate(mapped):
        v, other = mapped[(i + 1) % len(mapped)]
        result.append(_primitive(u, image))
        # a u + b v is a zero of coordinate j for a : b = |other_j| : |image_j|
        cuts = {fmpq(abs(p), abs(q)) for p, q in zip(image, other, strict=True) if (p < 0 < q) or (q < 0 < p)}
        for ratio in sorted(cuts):
            a, b = int(ratio.q), int(ratio.p)
            result.append(
                _primitive(
                    tuple(a * p + b * q for p, q in zip(u, v, strict=True)),
                    tuple(a * p + b * q for p, q in zip(image, other, strict=True)),
                )
            )
    return result


def _primitive(u: tuple[int, ...], image: tuple[int, ...]) -> Ray:
    """The ray divided by the greatest common divisor of all its entries."""
    divisor = gcd(*u, *image)
    if divisor == 1:
        return u, image
    return tuple(a // divisor for a in u), tuple(a // divisor for a in image)


def find_collision(planar: PlanarMap) -> Collision | None:
    """Two different points of the plane with the same image; None proves that there are none."""
    degenerate = planar.degenerate_sector()
    if degenerate is not None:
        return degenerate
    groups: defaultdict[tuple[int, ...], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for i in range(len(planar.rays)):
        (_, image), (_, other) = planar.sector(i)
        groups[_signs(image)][0].append(i)
        groups[_signs([a + b for a, b in zip(image, other, strict=True)])][1].append(i)
    pairs = sum((len(r) + len(s)) ** 2 for r, s in groups.values())
    if pairs > MAX_PAIRS or pairs * len(planar.rays[0][1]) > MAX_COMPARED:
        raise ClaimError(f"{pairs} pairs of linear pieces would have to be compared, more than the limit")
    for rays, sectors in groups.values():
        faces = [[planar.rays[i]] for i in rays] + [list(planar.sector(i)) for i in sectors]
        for first, second in combinations(faces, 2):
            found = _meeting_point(first, second)
            if found is not None:
                return found
    return None


def _signs(vector: Sequence[int]) -> tuple[int, ...]:
    return tuple((a > 0) - (a < 0) for a in vector)


def _meeting_point(first: list[Ray], second: list[Ray]) -> Collision | None:
    """Points of two open faces with one image, if there are any."""
    images = [image for _, image in first] + [tuple(-a for a in image) for _, image in second]
    factors = _positive_combination(_null_vectors(images))
    if factors is None:
        return None
    split = len(first)
    return (
        _combination([(fmpq(a), u) for a, (u, _) in zip(factors[:split], first, strict=True)]),
        _combination([(fmpq(a), u) for a, (u, _) in zip(factors[split:], second, strict=True)]),
    )


def _null_vectors(vectors: Sequence[Sequence[int]]) -> list[list[int]]:
    """A basis of the linear relations between integer vectors."""
    count = len(vectors)
    equations = [row for row in zip(*vectors, strict=True) if any(row)]
    # vectors that are independent in a few coordinates are independent; that is the usual case
    first = equations[:count]
    if len(first) == count and fmpz_mat(first).rank() == count:
        return []
    if not equations:
        return [[int(i == k) for i in range(count)] for k in range(count)]
    basis, nullity = fmpz_mat(equations).nullspace()
    return [[int(basis[i, k]) for i in range(count)] for k in range(nullity)]


def _positive_combination(basis: list[list[int]]) -> list[int] | None:
    """A vector with positive entries in the span of at most two vectors; None if there is none."""
    if not basis:
        return None
    if len(basis) == 1:
        (only,) = basis
        if all(a > 0 for a in only):
            return only
        return [-a for a in only] if all(a < 0 for a in only) else None
    if len(basis) > 2:
        # each face spans its dimension, so the relations between two faces have dimension two at most
        raise ClaimError("the images of two sectors are degenerate")
    p, q = basis
    # directions d of the plane with (p_i, q_i) . d >= 0 for all i form a closed cone; it is generated by
    # boundary directions and, where it is a half-plane, by the normals, so their sum is inside if anything is
    total = [0, 0]
    for a, b in zip(p, q, strict=True):
        for direction in ((a, b), (-b, a), (b, -a)):
            if all(c * direction[0] + e * direction[1] >= 0 for c, e in zip(p, q, strict=True)):
                total = [total[0] + direction[0], total[1] + direction[1]]
    result = [total[0] * a + total[1] * b for a, b in zip(p, q, strict=True)]
    return result if all(a > 0 for a in result) else None


def _combination(terms: Sequence[tuple[fmpq, tuple[int, ...]]]) -> Point:
    """sum factor * vector."""
    return tuple(sum((factor * fmpz(u[k]) for factor, u in terms), fmpq(0)) for k in range(2))
