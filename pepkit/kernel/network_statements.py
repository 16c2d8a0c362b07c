"""Statements in the Gram matrix of a network: Lipschitz constants and the lifted (semidefinite) output bound.

Lipschitz constants follow Fazlyab, Robey, Hassani, Morari, Pappas (2019), with one multiplier for each neuron: two
arguments y, y' of one activation of slopes in [s, 1] give (dz - s dy)(dy - dz) >= 0 for dy = y - y', dz = z - z'.
Couplings between different neurons are not offered. The slope inequality of two neurons at one input says nothing
about their differences between two inputs, and constants that follow from it are wrong: the function
relu(x+1) - relu(x), whose constant is 1, would get 0.

The lifted bound follows Raghunathan, Steinhardt, Liang (2018): (z - s y)(z - y) = 0 and box inequalities, with the
triangle as an optional cut (Batten, Kouvaros, Lomuscio, Zheng 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import ONE, Box, Network, Vector, activate
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.statement import Form, HypothesisFamily, ListedHypotheses, Statement
from pepkit.kernel.statement import Vector as NamedVector

__all__ = ["MAX_MATRIX", "check_matrix_size", "lifted_statement", "lipschitz_statement"]

MAX_MATRIX = 4096
"""Largest number of rows of a matrix that is to be proved positive semidefinite."""

Terms = dict[tuple[int, int], Any]


def check_matrix_size(size: int) -> None:
    """Refuse matrices of more than `MAX_MATRIX` rows, before they are written down."""
    if size > MAX_MATRIX:
        raise ClaimError(
            f"the proof needs a positive semidefinite matrix with {size} rows, more than the limit of {MAX_MATRIX}"
        )


class _Vectors:
    """The vectors of a network: inputs and activations first, as basis vectors, then the derived arguments."""

    def __init__(self, network: Network, prefix: str, with_one: bool) -> None:
        check_matrix_size(int(with_one) + network.inputs + sum(layer.outputs for layer in network.hidden))
        self.listed: list[NamedVector] = []
        self.one = self._add("1") if with_one else -1
        self.inputs = [self._add(f"{prefix}x_{i}") for i in range(network.inputs)]
        self.activations = [
            [self._add(f"{prefix}z_{k + 1},{j}") for j in range(layer.outputs)]
            for k, layer in enumerate(network.hidden)
        ]
        self.arguments: list[list[int]] = []
        for k, layer in enumerate(network.layers):
            before = self.activations[k - 1] if k else self.inputs
            rows = []
            for j, row in enumerate(layer.weights):
                terms = [(p, a) for p, a in zip(before, row, strict=True) if a]
                if with_one and layer.bias[j]:
                    terms.insert(0, (self.one, layer.bias[j]))
                rows.append(self._add(f"{prefix}y_{k + 1},{j}", tuple(terms)))
            self.arguments.append(rows)

    def _add(self, name: str, definition: tuple[tuple[int, Any], ...] | None = None) -> int:
        self.listed.append(NamedVector(name, definition))
        return len(self.listed) - 1


def _combined(*terms: tuple[int, int, Any]) -> Terms:
    result: Terms = {}
    for p, q, c in terms:
        if c:
            key = (p, q) if p <= q else (q, p)
            result[key] = result[key] + c if key in result else c
    return {key: c for key, c in result.items() if c}


def lipschitz_statement(network: Network) -> Statement:
    """rate |dx|^2 - |df|^2 >= 0 from the slopes of every activation. Family ``slopes``, neurons in order."""
    vectors = _Vectors(network, "d", with_one=False)
    forms, names = [], []
    for k, layer in enumerate(network.hidden):
        for j, s in enumerate(layer.slopes or ()):
            y, z = vectors.arguments[k][j], vectors.activations[k][j]
            forms.append(Form(_combined((y, z, ONE + s), (z, z, -ONE), (y, y, -s))))
            names.append(f"slopes of neuron {j} of hidden layer {k}")
    families: tuple[HypothesisFamily, ...] = ()
    if forms:
        families = (ListedHypotheses("slopes", ">=", tuple(forms), tuple(names)),)
    return Statement(
        RATIONALS, tuple(vectors.listed), (), families,
        Form({(v, v): ONE for v in vectors.arguments[-1]}),
        Form({(v, v): ONE for v in vectors.inputs}),
        exact=False,
    )  # fmt: skip


def lifted_statement(
    network: Network, box: Box, bounds: Sequence[tuple[Vector, Vector]], objective: Sequence[Any]
) -> Statement:
    """rate - objective . f(x) >= 0, with products of the entries of (1, x, z_1, ..) as a Gram matrix.

    `bounds` are proved bounds (l, u) of the arguments of every hidden layer. Families, each with one hypothesis
    for every neuron (or input) in order: ``unit`` <1,1> = 1; ``inputs`` (x - l)(u - x) >= 0; ``activation``
    (z - s y)(y - z) = 0; ``below`` z - s y >= 0; ``above`` z - y >= 0; ``range`` (z - act l)(act u - z) >= 0;
    ``triangle``: z lies below its chord on [l, u].
    """
    vectors = _Vectors(network, "", with_one=True)
    one = vectors.one
    unit = Form({(one, one): ONE}, {}, -ONE)
    inputs = [
        Form(_combined((x, x, -ONE), (one, x, low + high)), {}, -low * high)
        for x, low, high in zip(vectors.inputs, box.lower, box.upper, strict=True)
    ]
    activation, below, above, ranges, triangle, labels = [], [], [], [], [], []
    for k, layer in enumerate(network.hidden):
        low_bounds, high_bounds = bounds[k]
        for j, s in enumerate(layer.slopes or ()):
            y, z = vectors.arguments[k][j], vectors.activations[k][j]
            low, high = low_bounds[j], high_bounds[j]
            labels.append(f"neuron {j} of hidden layer {k}")
            activation.append(Form(_combined((y, z, ONE + s), (z, z, -ONE), (y, y, -s))))
            below.append(Form(_combined((one, z, ONE), (one, y, -s))))
            above.append(Form(_combined((one, z, ONE), (one, y, -ONE))))
            bottom, top = activate(low, s), activate(high, s)
            ranges.append(Form(_combined((z, z, -ONE), (one, z, bottom + top)), {}, -bottom * top))
            slope = _chord(low, high, s)
            triangle.append(Form(_combined((one, y, slope), (one, z, -ONE)), {}, bottom - slope * low))
    names = tuple(f"input {i}" for i in range(network.inputs))
    listed: list[tuple[str, str, list[Form], tuple[str, ...]]] = [
        ("unit", "=", [unit], ("the square of 1",)),
        ("inputs", ">=", inputs, names),
        ("activation", "=", activation, tuple(labels)),
        ("below", ">=", below, tuple(labels)),
        ("above", ">=", above, tuple(labels)),
        ("range", ">=", ranges, tuple(labels)),
        ("triangle", ">=", triangle, tuple(labels)),
    ]
    measure: Terms = {}
    for v, c in zip(vectors.arguments[-1], objective, strict=True):
        if c:
            measure[(one, v)] = c
    return Statement(
        RATIONALS, tuple(vectors.listed), (),
        tuple(
            ListedHypotheses(name, relation, tuple(forms), tuple(f"{name} of {label}" for label in labels_))
            for name, relation, forms, labels_ in listed
            if forms
        ),
        Form(measure), Form(constant=ONE), exact=False,
    )  # fmt: skip


def _chord(low: fmpq, high: fmpq, s: fmpq) -> Any:
    """Slope of a line through (l, act l) that lies above act on [l, u]."""
    if low == high:
        return ONE if low >= 0 else s
    return (activate(high, s) - activate(low, s)) / (high - low)
