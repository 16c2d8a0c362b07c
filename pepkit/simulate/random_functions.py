"""Random members of F_{mu,1}: the families that the certified rates are tried on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from pepkit.simulate.functions import (
    CosineMixture,
    FunctionBatch,
    LogSumExp,
    Quadratic,
    RidgeSum,
    WithCurvature,
)
from pepkit.simulate.moreau import MoreauEnvelope

__all__ = ["FAMILIES", "hypoconvex_batches", "random_batches"]

Array = NDArray[np.float64]

FAMILIES = ("quadratic", "huber", "logistic", "log-sum-exp", "moreau", "interpolant")
"""Families of convex functions that `random_batches` draws from."""


def random_batches(count: int, mu: float, seed: int) -> Iterator[tuple[str, FunctionBatch]]:
    """`count` random functions of F_{mu,1}, 0 <= mu < 1, in the families of `FAMILIES`."""
    generator = np.random.default_rng(seed)
    share, rest = divmod(count, len(FAMILIES))
    for k, name in enumerate(FAMILIES):
        size = share + (k < rest)
        if size == 0:
            continue
        batch = _BUILDERS[name](size, generator)
        if isinstance(batch, Quadratic):
            yield name, Quadratic(mu + (1 - mu) * batch.curvatures)
        else:
            yield name, WithCurvature(batch, mu) if mu else batch


def hypoconvex_batches(count: int, mu: float, seed: int) -> Iterator[tuple[str, FunctionBatch]]:
    """`count` random functions of F_{mu,1}, -1 <= mu < 0: means of c (1 - cos t) + (1 - c) t^2/2 along directions.

    With curvatures in [-c, 1], c = -mu, they lie in the class; 0 is a minimiser of each term and so of the sum.
    """
    generator = np.random.default_rng(seed)
    cosine = _ridge("cosine")(count, generator)
    if mu == -1:
        yield "cosine", cosine
        return
    yield "cosine and square", CosineMixture(cosine, -mu)


def _directions(size: int, count: int, dimension: int, generator: np.random.Generator) -> Array:
    rows = generator.standard_normal((size, count, dimension))
    return rows / np.linalg.norm(rows, axis=2, keepdims=True)


def _ridge(kind: str) -> Callable[[int, np.random.Generator], RidgeSum]:
    def build(size: int, generator: np.random.Generator) -> RidgeSum:
        count, dimension = 6, 4
        weights = generator.dirichlet(np.full(count, 0.5), size)
        # half of the functions are one term only: the extremal ones are among them
        single = generator.random(size) < 0.5
        weights[single] = 0.0
        weights[single, 0] = 1.0
        if kind == "huber":
            parameters = 10 ** generator.uniform(-3, 1, (size, count))
        else:
            parameters = generator.standard_normal((size, count)) * 2
        # the sum of the weights is at most 1 in exact arithmetic too
        return RidgeSum(_directions(size, count, dimension, generator), weights * (1 - 2.0**-40), parameters, kind)

    return build


def _quadratics(size: int, generator: np.random.Generator) -> Quadratic:
    dimension = 8
    spectra = generator.random((size, dimension))
    kind = generator.integers(0, 3, size)
    # two-point spectra and spectra that are uniform in the logarithm
    spectra[kind == 0] = np.round(spectra[kind == 0])
    spectra[kind == 1] = 10 ** (-6 * spectra[kind == 1])
    return Quadratic(spectra)


def _log_sum_exp(size: int, generator: np.random.Generator) -> LogSumExp:
    scale = 10 ** generator.uniform(-1, 1, (size, 1, 1))
    return LogSumExp(generator.standard_normal((size, 6, 4)) * scale, generator.standard_normal((size, 6)))


def _moreau(size: int, generator: np.random.Generator) -> MoreauEnvelope:
    count, dimension = 4, 3
    slopes = generator.standard_normal((size, count, dimension))
    offsets = -np.abs(generator.standard_normal((size, count)))
    # 0 = convex combination of the first two slopes, which are active at 0
    ratio = generator.uniform(0.2, 2, (size, 1))
    slopes[:, 1] = -ratio * slopes[:, 0]
    offsets[:, :2] = 0.0
    return MoreauEnvelope(slopes, offsets)


def _interpolants(size: int, generator: np.random.Generator) -> MoreauEnvelope:
    """Least interpolants of data (x_i, g_i, f_i) taken from random quadratics, with the minimiser among them.

    With p_i = x_i - g_i the pieces are f_i - |g_i|^2/2 + <g_i, p - p_i>: the conditions of interpolation say exactly
    that each is the largest one at its own p_i.
    """
    count, dimension = 4, 3
    spectra = generator.random((size, 1, dimension))
    points = generator.standard_normal((size, count, dimension))
    points[:, 0] = 0.0
    slopes = spectra * points
    values = np.sum(slopes * points, axis=2) / 2
    offsets = values + np.sum(slopes * slopes, axis=2) / 2 - np.sum(slopes * points, axis=2)
    # rounding may not lift another piece above the minimum
    offsets[:, 1:] = np.minimum(offsets[:, 1:], 0.0)
    return MoreauEnvelope(slopes, offsets)


_BUILDERS: dict[str, Callable[[int, np.random.Generator], FunctionBatch]] = {
    "quadratic": _quadratics,
    "huber": _ridge("huber"),
    "logistic": _ridge("logistic"),
    "log-sum-exp": _log_sum_exp,
    "moreau": _moreau,
    "interpolant": _interpolants,
}
