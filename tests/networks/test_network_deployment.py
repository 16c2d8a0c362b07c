"""Rounded evaluation stays within its a-priori bound."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq
from random_networks import arrays

from pepkit import networks
from pepkit.kernel import ClaimError
from pepkit.networks.deployment import deployment_error


@pytest.mark.parametrize("precision", ["float32", "float64", "float16"])
@pytest.mark.parametrize("stored", [True, False])
def test_rounded_evaluation_stays_within_the_bound(precision: str, stored: bool) -> None:
    kind = np.dtype(precision).type
    weights, biases = arrays((4, 12, 12, 2), 3)
    small = [[a.astype(kind) for a in part] for part in (weights, biases)]
    # with `stored`, the exact network has the rounded weights; without, the weights before rounding
    net = networks.network(*(small if stored else (weights, biases)))
    box = networks.box_around([0] * 4, 1)
    bound = deployment_error(net, box, precision)
    generator = np.random.default_rng(0)
    worst = 0.0
    for _ in range(40):
        x = generator.uniform(-1, 1, size=4).astype(kind)
        z = x
        for k, (w, b) in enumerate(zip(*small, strict=True)):
            y = b.copy()
            for i in range(len(z)):
                y = (y + (w[:, i] * z[i]).astype(kind)).astype(kind)
            z = np.maximum(y, kind(0)) if k < 2 else y
        exact = net([fmpq(*float(a).as_integer_ratio()) for a in x])
        for value, reference, limit in zip(z, exact, bound, strict=True):
            error = abs(fmpq(*float(value).as_integer_ratio()) - reference)
            assert error <= limit
            worst = max(worst, float(int(error.p) / int(error.q)) / float(int(limit.p) / int(limit.q)))
    # the bound is pessimistic, but not idle
    assert worst > 1e-4


def test_errors() -> None:
    net = networks.network([[[1e30]], [[1e30]]])
    with pytest.raises(ClaimError, match="overflow"):
        deployment_error(net, networks.box_around([0], 1))
    with pytest.raises(ClaimError, match="unknown format"):
        deployment_error(net, networks.box_around([0], 1), "decimal")
    exact = networks.network([[[1]]])
    assert deployment_error(exact, networks.box_around([0], 1))[0] < fmpq(1, 10**6)
