"""Relaxations of a network whose weights move along a line: bounds as rational functions of the place.

For networks f_t with weights and biases (1 - t) first + t second, a box and an objective c, a relaxation gives an upper
bound B(t) of c . f_t on the box, exactly and without rounding:

- a hidden neuron with limits l <= y <= u is *active* if l >= 0 (or its activation is the identity), *dead* if
  u <= 0, *unstable* otherwise; s is the slope of its activation max(y, s y) for negative arguments;
- ``box``: limits and bound by interval arithmetic, layer by layer;
- the others replace z = max(y, s y) by lines: y for active neurons, s y for dead ones, and for unstable ones, with
  the chord c = (u - s l)/(u - l),

      ``hbox``                above u,            below s l
      ``deepz``               above c y + (s - c) l,   below c y
      ``crown``, ``crown-ibp``  above c y + (s - c) l,   below y if u > -l, else s y

  and substitute back to the box, at each neuron the upper line where its coefficient is positive and the lower
  one where it is negative; the limits of hidden neurons come from the same rule, for ``crown-ibp`` from intervals.

The rule is written once for numbers that can be added, multiplied and divided, with a function for their signs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.networks import Box, Layer, Network
from pepkit.kernel.rational_functions import RationalFunction

__all__ = [
    "MAX_MOVING_PRODUCTS",
    "MAX_MOVING_WEIGHTS",
    "MOVING_METHODS",
    "MovingLayer",
    "MovingNetwork",
    "relaxed_maximum",
]

MOVING_METHODS = ("box", "hbox", "deepz", "crown", "crown-ibp")

MAX_MOVING_WEIGHTS = 100_000
"""Largest number of weights of a network on a line; beyond, arithmetic with functions takes too long."""
MAX_MOVING_PRODUCTS = 5_000_000
"""Largest number of products of a weight with a coefficient, over all neurons whose forms are substituted back."""

Signs = Callable[[Any], int]
Form = tuple[dict[int, Any], Any]
"""Coefficients by neuron, and a constant."""


@dataclass(frozen=True)
class MovingLayer:
    """A layer over any numbers: rows of weights, biases, slopes (None for the last layer), which are identities."""

    weights: tuple[tuple[Any, ...], ...]
    bias: tuple[Any, ...]
    slopes: tuple[Any, ...] | None
    identity: tuple[bool, ...]


@dataclass(frozen=True)
class MovingNetwork:
    """The networks (1 - t) first + t second for rational t, with one box and one objective.

    Raises
    ------
    ClaimError
        If widths or activations differ, the last layer has an activation, or the box or the objective does not fit.
    """

    first: Network
    second: Network
    box: Box
    objective: tuple[Any, ...]

    def __post_init__(self) -> None:
        same = self.first.widths == self.second.widths and all(
            a.slopes == b.slopes for a, b in zip(self.first.layers, self.second.layers, strict=False)
        )
        if not same:
            raise ClaimError("the two networks of a line have the same widths and activations")
        if sum(layer.inputs * layer.outputs for layer in self.first.layers) > MAX_MOVING_WEIGHTS:
            raise ClaimError(f"the networks of a line have more than {MAX_MOVING_WEIGHTS} weights each")
        weights = products = 0
        for layer in self.first.layers:
            products += layer.outputs * (layer.inputs + weights)
            weights += layer.inputs * layer.outputs
        if products > MAX_MOVING_PRODUCTS:
            raise ClaimError(f"the forms of the neurons of a line have more than {MAX_MOVING_PRODUCTS} products")
        if not self.first.ends_affinely:
            raise ClaimError("a relaxation along a line is for networks with an affine last layer")
        if len(self.box.lower) != self.first.inputs or len(self.objective) != self.first.outputs:
            raise ClaimError("the box or the objective does not fit the networks of the line")
        if not all(isinstance(c, fmpq) for c in self.objective):
            raise ClaimError("the objective holds a number that is not an exact rational")

    def at(self, t: Any) -> Network:
        """The network at t."""
        layers = []
        for a, b in zip(self.first.layers, self.second.layers, strict=True):
            rows = tuple(
                tuple(v + t * (w - v) for v, w in zip(p, q, strict=True))
                for p, q in zip(a.weights, b.weights, strict=True)
            )
            layers.append(Layer(rows, tuple(v + t * (w - v) for v, w in zip(a.bias, b.bias, strict=True)), a.slopes))
        return Network(tuple(layers))

    def function(self, method: str, signs: Signs) -> RationalFunction:
        """B as a rational function, with the decisions that `signs` takes."""
        layers = []
        for a, b in zip(self.first.layers, self.second.layers, strict=True):
            rows = tuple(
                tuple(RationalFunction.line(v, w) for v, w in zip(p, q, strict=True))
                for p, q in zip(a.weights, b.weights, strict=True)
            )
            bias = tuple(RationalFunction.line(v, w) for v, w in zip(a.bias, b.bias, strict=True))
            layers.append(_moving(rows, bias, a, RationalFunction.constant))
        number = RationalFunction.constant
        low, high = ([number(a) for a in side] for side in (self.box.lower, self.box.upper))
        value = relaxed_maximum(layers, low, high, [number(c) for c in self.objective], method, signs, number(0))
        return RationalFunction(value.numerator, value.denominator)

    def value(self, method: str, t: Any) -> fmpq:
        """B(t)."""
        layers = [_moving(layer.weights, layer.bias, layer, fmpq) for layer in self.at(t).layers]
        result = relaxed_maximum(
            layers, self.box.lower, self.box.upper, self.objective, method, lambda a: (a > 0) - (a < 0), fmpq(0)
        )
        return fmpq(result)


def _moving(rows: Any, bias: Any, layer: Layer, number: Callable[[Any], Any]) -> MovingLayer:
    slopes = None if layer.slopes is None else tuple(number(s) for s in layer.slopes)
    return MovingLayer(rows, bias, slopes, tuple(s == 1 for s in layer.slopes or ()))


def relaxed_maximum(
    layers: Sequence[MovingLayer],
    low: Sequence[Any],
    high: Sequence[Any],
    objective: Sequence[Any],
    method: str,
    signs: Signs,
    zero: Any,
) -> Any:
    """The upper bound of objective . f on the box [low, high], by the rules above.

    `signs` gives -1, 0 or 1 for every number; `zero` is the number 0. Raises ClaimError for an unknown method.
    """
    if method not in MOVING_METHODS:
        raise ClaimError(f"unknown relaxation {method!r} along a line; known are {', '.join(MOVING_METHODS)}")
    inside = method in ("box", "crown-ibp")
    tables: list[list[tuple[Any, Any, Any, Any]]] = []
    z_low, z_high = list(low), list(high)
    for k, layer in enumerate(layers[:-1]):
        l, u = [], []  # noqa: E741 - the letters of the papers
        for j in range(len(layer.bias)):
            up = _pulled_back(layer, {j: None}, zero)
            down = {i: -c for i, c in up[0].items()}, -up[1]
            if inside or k == 0:
                u.append(_maximum(up, z_low, z_high, signs))
                l.append(-_maximum(down, z_low, z_high, signs))
            else:
                u.append(_substituted(layers, tables, up, low, high, signs, zero))
                l.append(-_substituted(layers, tables, down, low, high, signs, zero))
        slopes = layer.slopes or ()
        table = [
            _lines(method, a, b, s, identity, signs, zero)
            for a, b, s, identity in zip(l, u, slopes, layer.identity, strict=True)
        ]
        tables.append(table)
        if inside:
            z_low = [a if signs(a) >= 0 else s * a for a, s in zip(l, slopes, strict=True)]
            z_high = [b if signs(b) >= 0 else s * b for b, s in zip(u, slopes, strict=True)]
    last = _pulled_back(layers[-1], dict(enumerate(objective)), zero)
    if method == "box" or len(layers) == 1:
        return _maximum(last, z_low, z_high, signs)
    return _substituted(layers, tables, last, low, high, signs, zero)


def _lines(method: str, l: Any, u: Any, s: Any, identity: bool, signs: Signs, zero: Any) -> tuple[Any, Any, Any, Any]:  # noqa: E741
    """Slope and constant below, slope and constant above; slope None stands for 1."""
    if identity or signs(l) >= 0:
        return None, zero, None, zero
    if signs(u) <= 0:
        return s, zero, s, zero
    if method == "box":
        return zero, zero, zero, zero  # interval arithmetic needs no lines
    if method == "hbox":
        return zero, s * l, zero, u
    chord = (u - s * l) / (u - l)
    offset = (s - chord) * l
    if method == "deepz":
        return chord, zero, chord, offset
    return (None if signs(u + l) > 0 else s), zero, chord, offset


def _pulled_back(layer: MovingLayer, row: dict[int, Any], zero: Any) -> Form:
    """sum c_j y_j as a form of the inputs of the layer; None as a coefficient stands for 1."""
    coefficients: dict[int, Any] = {}
    constant = zero
    for j, c in row.items():
        if c is not None and not c:
            continue
        constant = constant + (layer.bias[j] if c is None else c * layer.bias[j])
        for i, w in enumerate(layer.weights[j]):
            if w:
                term = w if c is None else c * w
                coefficients[i] = coefficients[i] + term if i in coefficients else term
    return coefficients, constant


def _maximum(form: Form, low: Sequence[Any], high: Sequence[Any], signs: Signs) -> Any:
    coefficients, total = form
    for i, c in coefficients.items():
        sign = signs(c)
        if sign:
            total = total + c * (high[i] if sign > 0 else low[i])
    return total


def _substituted(
    layers: Sequence[MovingLayer],
    tables: Sequence[Sequence[tuple[Any, Any, Any, Any]]],
    form: Form,
    low: Sequence[Any],
    high: Sequence[Any],
    signs: Signs,
    zero: Any,
) -> Any:
    """The maximum of a form of the outputs of the last layer with a table, substituted back to the box."""
    coefficients, total = form
    for k in range(len(tables) - 1, -1, -1):
        row: dict[int, Any] = {}
        for j, c in coefficients.items():
            sign = signs(c)
            if not sign:
                continue
            below, least, above, largest = tables[k][j]
            slope, constant = (above, largest) if sign > 0 else (below, least)
            if constant:
                total = total + c * constant
            row[j] = c if slope is None else c * slope
        coefficients, constant = _pulled_back(layers[k], row, zero)
        total = total + constant
    return _maximum((coefficients, total), low, high, signs)
