"""Lipschitz constants of networks as listed hypotheses: the one network proof that is a Gram identity from end to end.

Built from docs/network-certificates.md. Other proofs about networks (case distinctions, lifted bounds, injectivity)
rest on linear relaxations or on combinatorics and are not checked with SymPy.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from pepkit.verification.document import indexed, items_of, members
from pepkit.verification.errors import VerificationError

__all__ = ["lipschitz_document", "quotient_at"]

Layer = tuple[list[list[str]], list[str], list[str] | None]


def lipschitz_document(document: dict[str, Any]) -> dict[str, Any]:
    """A certificate of kind `network-lipschitz` as one of kind `listed`.

    The vectors are differences between two inputs: of the inputs, of the activations (basis vectors), and of the
    arguments y = W z (derived, without biases). The hypotheses say that an activation max(y, s*y) has slopes in
    [s, 1], (dz - s dy)(dy - dz) >= 0; the conclusion is |df|^2 <= rate |dx|^2.

    Raises VerificationError for a network that is none.
    """
    claim = members(document["claim"], "the claim", ("kind", "network", "rate"))
    proof = members(document["proof"], "the proof", ("kind", "multipliers"), ("pair",))
    layers = read_layers(claim["network"])
    vectors: list[Any] = [f"dx_{i}" for i in range(len(layers[0][0][0]))]
    before = list(range(len(vectors)))
    inputs = before
    activations: list[list[int]] = []
    for k, (rows, _, _) in enumerate(layers[:-1], start=1):
        activations.append([len(vectors) + j for j in range(len(rows))])
        vectors += [f"dz_{k},{j}" for j in range(len(rows))]
    inequalities: list[Any] = []
    outputs: list[int] = []
    for k, (rows, _, slopes) in enumerate(layers):
        outputs = [len(vectors) + j for j in range(len(rows))]
        vectors += [
            {"name": f"dy_{k + 1},{j}", "definition": [[p, a] for p, a in zip(before, row, strict=True) if a != "0"]}
            for j, row in enumerate(rows)
        ]
        if slopes is not None:
            for z, y, s in zip(activations[k], outputs, slopes, strict=True):
                slope = Fraction(s)
                terms = [[z, z, "-1"], [z, y, str(1 + slope)]] + ([[y, y, str(-slope)]] if slope else [])
                inequalities.append([f"slopes of neuron {len(inequalities)}", {"quadratic": terms}])
            before = activations[k]
    multipliers = members(proof["multipliers"], "the multipliers", (), ("slopes",)).get("slopes", [])
    list(indexed(multipliers, "the multipliers", 1))
    return {
        "format": document["format"],
        "field": document["field"],
        "claim": {
            "kind": "listed",
            "title": f"the square of the Lipschitz constant of a network is at most {claim['rate']}",
            "vectors": vectors,
            "scalars": [],
            "inequalities": inequalities,
            "measure": {"quadratic": [[y, y, "1"] for y in outputs]},
            "normaliser": {"quadratic": [[x, x, "1"] for x in inputs]},
            "rate": claim["rate"],
        },
        "multipliers": {"inequalities": multipliers} if multipliers else {},
    }


def read_layers(data: object) -> list[Layer]:
    """Weights, biases and slopes (None for the last layer), as texts of rational numbers."""
    layers: list[Layer] = []
    listed = items_of(data, "the network")
    if not listed:
        raise VerificationError("the network has no layers")
    for k, item in enumerate(listed):
        last = k == len(listed) - 1
        parts = members(item, "a layer", ("weights", "bias") if last else ("weights", "bias", "slopes"))
        rows = [[_rational(a) for a in items_of(row, "a row")] for row in items_of(parts["weights"], "weights")]
        if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
            raise VerificationError("the rows of a weight matrix are missing or differ in length")
        bias = [_rational(a) for a in items_of(parts["bias"], "a bias", len(rows))]
        slopes = None if last else [_rational(a) for a in items_of(parts["slopes"], "slopes", len(rows))]
        if any(not 0 <= Fraction(s) <= 1 for s in slopes or ()):
            raise VerificationError("a slope lies outside [0, 1]")
        layers.append((rows, bias, slopes))
    if any(len(after[0][0]) != len(first[0]) for first, after in pairwise(layers)):
        raise VerificationError("a layer does not fit the layer before it")
    return layers


def _rational(data: object) -> str:
    try:
        if isinstance(data, str) and str(Fraction(data)) == data:
            return data
    except (ValueError, ZeroDivisionError):
        pass
    raise VerificationError(f"not a rational number in lowest terms: {str(data)[:40]}")


def quotient_at(document: dict[str, Any]) -> Fraction | None:
    """|f(x) - f(y)|^2 / |x - y|^2 at the pair of inputs of the proof, or None if it has none."""
    if "pair" not in document["proof"]:
        return None
    layers = read_layers(members(document["claim"], "the claim", ("kind", "network", "rate"))["network"])
    points = [
        [Fraction(_rational(a)) for a in items_of(point, "an input", len(layers[0][0][0]))]
        for point in items_of(document["proof"]["pair"], "the pair of inputs", 2)
    ]
    if points[0] == points[1]:
        raise VerificationError("the two inputs of the pair are equal")
    values = [_value(layers, point) for point in points]
    return _distance(*values) / _distance(*points)


def _distance(first: list[Fraction], second: list[Fraction]) -> Fraction:
    return sum(((a - b) ** 2 for a, b in zip(first, second, strict=True)), Fraction(0))


def _value(layers: list[Layer], point: list[Fraction]) -> list[Fraction]:
    for rows, bias, slopes in layers:
        point = [
            sum((Fraction(a) * x for a, x in zip(row, point, strict=True)), Fraction(b))
            for row, b in zip(rows, bias, strict=True)
        ]
        if slopes is not None:
            point = [max(y, Fraction(s) * y) for y, s in zip(point, slopes, strict=True)]
    return point
