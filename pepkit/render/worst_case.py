"""The witness of a lower bound in words: which function is it?"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from pepkit.kernel import Claim, Field, MethodClaim, UndecidedError, Witness
from pepkit.kernel.witness import Evaluation
from pepkit.kernel.words import decimal_text
from pepkit.render.notation import shortened

__all__ = ["witness_words"]

HALF = fmpq(1, 2)


def witness_words(claim: Claim, witness: Witness) -> str:
    """One sentence about a witness. One-dimensional quadratics and Huber functions are recognised.

    The words describe the data at the points of the method, for L = 1; the kernel has checked the data
    themselves, and nothing rests on this description.
    """
    dimension = f"dimension {witness.dimension}"
    if not isinstance(claim, MethodClaim):
        return f"exact data in {dimension} that satisfy every hypothesis"
    general = f"a function of the class in {dimension}, given by its exact points, gradients and values"
    if witness.dimension != 1 or witness.weights is not None or not claim.has_minimiser:
        return general
    try:
        return _one_dimensional(claim, witness) or general
    except UndecidedError:
        # a radical field that cannot tell whether two numbers agree
        return general


def _one_dimensional(claim: MethodClaim, witness: Witness) -> str | None:
    data = _Data(claim, witness)
    field, mu = claim.field, claim.function_class.mu_over_L
    start = f"started at x_0 - x_* = {_short(field, data.points[0])}"
    for curvature in (field.coerce(1), mu):
        if data.agrees(lambda x, a=curvature: (a * x, HALF * a * x * x)):
            factor = field.text(HALF * curvature)
            factor = f"({factor})" if " " in factor else factor
            return f"the quadratic f(x) = {factor} |x - x_*|^2 in dimension 1 (L = 1), {start}"
    # curvature 1 up to a threshold and mu beyond it, read off from the start
    rest = 1 - mu
    threshold = (_absolute(field, data.gradients[0]) - mu * _absolute(field, data.points[0])) / rest
    if field.sign(mu) < 0 or field.sign(threshold) <= 0:
        return None

    def huber(x: Any) -> tuple[Any, Any]:
        size = _absolute(field, x)
        if field.sign(size - threshold) <= 0:
            return x, HALF * x * x
        gradient = mu * size + rest * threshold
        value = HALF * mu * size * size + rest * threshold * size - HALF * rest * threshold * threshold
        return (gradient if field.sign(x) > 0 else -gradient), value

    if not data.agrees(huber):
        return None
    name, beyond = ("Huber function", "linear") if not mu else ("Huber-type function", "of curvature mu")
    return (
        f"the {name} in dimension 1 (L = 1), |x - x_*|^2/2 up to |x - x_*| = {_short(field, threshold)} "
        f"and {beyond} beyond, {start}"
    )


class _Data:
    """Points, gradients and values of a one-dimensional witness, in the order of the iterates."""

    def __init__(self, claim: MethodClaim, witness: Witness) -> None:
        statement = claim.statement()
        evaluation = Evaluation(statement, witness)
        coordinate = {vector.name: row[0] for vector, row in zip(statement.vectors, evaluation.vectors, strict=True)}
        self.points = [coordinate["x_0 - x_*"]] + [coordinate[f"x_{i}"] for i in range(1, claim.steps + 1)]
        self.gradients = [coordinate[f"g_{i}"] for i in range(claim.steps + 1)]
        self.values = evaluation.scalars[: claim.steps + 1]

    def agrees(self, function: Any) -> bool:
        for x, g, f in zip(self.points, self.gradients, self.values, strict=True):
            gradient, value = function(x)
            if g - gradient or f - value:
                return False
        return True


def _absolute(field: Field, value: Any) -> Any:
    return -value if field.sign(value) < 0 else value


def _short(field: Field, value: Any) -> str:
    text = field.text(value)
    return text if len(text) <= 60 else f"{shortened(text, 40)} = {decimal_text(field, value, 8)}..."
