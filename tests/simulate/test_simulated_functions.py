"""Random functions are members of their class, rounding bounds hold, runs respect certified rates."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq

from pepkit.labs.gradient_descent import exact_run, float_run, random_runs
from pepkit.labs.schedules_under_test import CertifiedMethod, certified_methods
from pepkit.labs.store import Work
from pepkit.simulate.functions import Quadratic, RidgeSum
from pepkit.simulate.moreau import MoreauEnvelope
from pepkit.simulate.random_functions import FAMILIES, hypoconvex_batches, random_batches
from pepkit.simulate.worst_case import interpolant


@pytest.fixture(scope="module")
def methods() -> dict[str, CertifiedMethod]:
    return {method.name: method for method in certified_methods("certificates", Work())}


def batches() -> list[tuple[str, float, object]]:
    found = [(name, mu, batch) for mu in (0.0, 0.1) for name, batch in random_batches(120, mu, 3)]
    return found + [(name, mu, batch) for mu in (-1.0, -0.5) for name, batch in hypoconvex_batches(40, mu, 3)]


@pytest.mark.parametrize(("name", "mu", "batch"), batches(), ids=lambda v: str(v)[:14])
def test_random_functions_belong_to_the_class(name: str, mu: float, batch: object) -> None:
    """Interpolation inequalities between random points, and the minimum 0 at 0."""
    generator = np.random.default_rng(1)
    points = [
        generator.standard_normal((batch.size, batch.dimension)) * 10 ** generator.uniform(-1, 1, (batch.size, 1))
        for _ in range(4)
    ]
    data = [batch.evaluate(x) for x in points]
    zero = batch.evaluate(np.zeros((batch.size, batch.dimension)))
    assert np.all(np.abs(zero[0]) <= zero[2] + 1e-15) and np.all(np.linalg.norm(zero[1], axis=1) <= zero[3] + 1e-15)
    for i in range(4):
        assert np.all(data[i][0] >= -data[i][2])
        for j in range(4):
            (fi, gi, ei, di), (fj, gj, ej, dj) = data[i], data[j]
            x, g = points[i] - points[j], gi - gj
            bracket = np.sum(g * g, 1) + mu * np.sum(x * x, 1) - 2 * mu * np.sum(g * x, 1)
            value = fi - fj - np.sum(gj * x, 1) - bracket / (2 * (1 - mu))
            length, slope = np.linalg.norm(x, axis=1), np.linalg.norm(g, axis=1)
            bound = ei + ej + dj * length + (di + dj) * (slope + abs(mu) * length) / (1 - mu)
            assert np.all(value >= -4 * bound - 1e-13 * (np.abs(fi) + np.abs(fj)))


def test_families_are_complete() -> None:
    assert tuple(name for name, _ in random_batches(60, 0.0, 0)) == FAMILIES
    assert sum(batch.size for _, batch in random_batches(61, 0.0, 0)) == 61


def test_gradients_are_derivatives() -> None:
    generator = np.random.default_rng(5)
    for _, batch in random_batches(60, 0.0, 5):
        x, v = generator.standard_normal((2, batch.size, batch.dimension))
        step = 1e-6
        ahead, back = batch.evaluate(x + step * v)[0], batch.evaluate(x - step * v)[0]
        slope = np.sum(batch.evaluate(x)[1] * v, axis=1)
        # second-order differences of a function with curvature at most 1, kinks of the curvature included
        assert np.all(np.abs((ahead - back) / (2 * step) - slope) < 2e-5 * (1 + np.sum(v * v, axis=1)))


def test_rounding_bounds_hold_against_exact_numbers() -> None:
    generator = np.random.default_rng(2)
    curvatures, x = generator.random((3, 4)), generator.standard_normal((3, 4))
    value, _, error, _ = Quadratic(curvatures).evaluate(x)
    for b in range(3):
        exact = sum(
            (
                fmpq(*c.as_integer_ratio()) * fmpq(*y.as_integer_ratio()) ** 2 / 2
                for c, y in zip(curvatures[b].tolist(), x[b].tolist(), strict=True)
            ),
            fmpq(0),
        )
        assert abs(fmpq(*float(value[b]).as_integer_ratio()) - exact) <= fmpq(*float(error[b]).as_integer_ratio())


def test_moreau_envelope_of_the_absolute_value_is_huber() -> None:
    batch = MoreauEnvelope(np.array([[[1.0], [-1.0]]] * 5), np.zeros((5, 2)))
    huber = RidgeSum(np.ones((5, 1, 1)), np.ones((5, 1)), np.ones((5, 1)), "huber")
    x = np.array([[-3.0], [-0.5], [0.0], [0.9], [2.0]])
    first, second = batch.evaluate(x), huber.evaluate(x)
    assert np.allclose(first[0], second[0], atol=1e-15) and np.allclose(first[1], second[1], atol=1e-15)


def test_pieces_that_stand_twice_change_no_envelope() -> None:
    """Their Gram matrices are singular; values and gradients stay, within the bounds of their errors."""
    generator = np.random.default_rng(3)
    slopes, offsets = generator.standard_normal((40, 3, 3)), -np.abs(generator.standard_normal((40, 3)))
    x = 3 * generator.standard_normal((40, 3))
    twice = MoreauEnvelope(slopes[:, [0, 1, 2, 1]], offsets[:, [0, 1, 2, 1]])
    value, gradient, error_value, error_gradient = MoreauEnvelope(slopes, offsets).evaluate(x)
    again, slope, again_error, slope_error = twice.evaluate(x)
    assert np.all(np.abs(value - again) <= error_value + again_error)
    assert np.all(np.linalg.norm(gradient - slope, axis=1) <= error_gradient + slope_error)
    assert np.max(again_error) < 1e-11 and np.max(slope_error) < 1e-4 and np.median(error_gradient) < 1e-11
    # a piece far above all others is the function; one far below is nowhere
    alone = MoreauEnvelope(slopes[:, :1], offsets[:, :1]).evaluate(x)
    below = MoreauEnvelope(slopes[:, :2], offsets[:, :2] + np.array([0.0, -1e3])).evaluate(x)
    assert np.array_equal(alone[1], below[1]) and np.allclose(alone[0], below[0], rtol=1e-14)


def test_catalogue_is_complete(methods: dict[str, CertifiedMethod]) -> None:
    assert len(methods) == 48
    assert {method.measure for method in methods.values()} == {
        "function-value",
        "distance",
        "gradient-norm",
        "smallest-gradient-norm",
    }


def test_no_rate_is_exceeded(methods: dict[str, CertifiedMethod]) -> None:
    for name in (
        "constant-1-N005",
        "silver-N015",
        "obs-f-N003",
        "ogm-N002",
        "constant-20-11-kappa-10-N003",
        "smooth-constant-1-N003",
        "hypoconvex-half-constant-3-4-N004",
    ):
        for entry in random_runs(methods[name], 180, 4):
            assert entry["exceeded"] == 0 and 0 < entry["ratio"] <= 1 + 10 * entry["allowance"], (name, entry)


def test_a_wrong_rate_is_caught(methods: dict[str, CertifiedMethod]) -> None:
    """A rate that is too small by a thousandth is exceeded by random functions, one by 1e-6 on the worst case."""
    method = methods["optimal-constant-N003"]
    caught = sum(entry["exceeded"] for entry in random_runs(method, 1200, 0, 0.9 * method.rate))
    assert caught > 0
    for name in ("silver-N007", "obs-s-N004", "constant-1-N010", "smooth-constant-1-N003"):
        error = float_run(methods[name])
        assert error is not None and abs(error) < 1e-12 and error + 1e-6 > 1e-9


def test_worst_cases_attain_the_rate_exactly(methods: dict[str, CertifiedMethod]) -> None:
    for name, method in methods.items():
        if name.startswith("obs-f-relaxed"):
            assert exact_run(method)[0] is False
        else:
            assert exact_run(method)[0] is True, name


def test_interpolants_pass_through_their_data() -> None:
    sign = lambda a: (a > 0) - (a < 0)  # noqa: E731
    # data of x^2/4 in F_{0,1} and in F_{-1,1}
    points = [fmpq(k, 2) for k in (-3, -1, 0, 2)]
    gradients, values = [x / 2 for x in points], [x * x / 4 for x in points]
    for mu, largest in ((fmpq(0), False), (fmpq(-1), True), (fmpq(1, 4), False)):
        function = interpolant(points, gradients, values, mu, sign, largest)
        for x, g, f in zip(points, gradients, values, strict=True):
            assert function(x) == (f, g)
    least = interpolant(points, gradients, values, fmpq(0), sign)(fmpq(1, 2))
    assert least[0] <= fmpq(1, 16)
