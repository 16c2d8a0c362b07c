"""Methods on random functions, races of schedules and steps on networks: JAX computes what NumPy computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

pytest.importorskip("jax")
pytest.importorskip("diffrax")
pytest.importorskip("optax")

import jax

from pepkit import labs
from pepkit.kernel import ClaimError
from pepkit.labs.gradient_descent import confirmed, random_runs
from pepkit.labs.network_steps import tuned_block, tuned_losses
from pepkit.labs.schedules_under_test import CertifiedMethod, certified_methods
from pepkit.labs.store import Work
from pepkit.schedules import silver
from pepkit.simulate import descent, functions, network_steps, problems
from pepkit.simulate.accelerated import descent as compiled_descent
from pepkit.simulate.accelerated import network_steps as compiled_networks
from pepkit.simulate.accelerated import problems as compiled_problems
from pepkit.simulate.accelerated.backend import double
from pepkit.simulate.functions import ELEMENTARY, members
from pepkit.simulate.random_functions import hypoconvex_batches, random_batches

# ---- random functions ----


def _starts(batch: functions.FunctionBatch) -> np.ndarray:
    return 3 * np.random.default_rng(7).standard_normal((batch.size, batch.dimension))


@pytest.mark.parametrize("mu", [0.0, 0.1, -0.5])
def test_methods_agree_on_every_family(mu: float) -> None:
    matrix = descent.step_matrix(silver(7).floats())
    batches = hypoconvex_batches(60, mu, 2) if mu < 0 else random_batches(60, mu, 2)
    for name, batch in batches:
        start = _starts(batch)
        ours = compiled_descent.run_method(batch, matrix, start, True)
        theirs = descent.run_method(batch, matrix, start, True)
        # both lie within the bounds of the errors of a value that was reached from slightly different points
        allowed = ours.error_value + theirs.error_value + 10 * theirs.steepest * theirs.error_gradient
        assert np.all(np.abs(ours.last.value - theirs.last.value) <= allowed + 1e-13 * theirs.first.value), name
        for a, b in zip(jax.tree_util.tree_leaves(ours), jax.tree_util.tree_leaves(theirs), strict=True):
            assert a.shape == (batch.size,) and a.dtype == np.float64
            # the error of a Moreau envelope depends on which side of a tie it lies
            close = np.isclose(a, b, rtol=1e-6, atol=1e-12)
            assert close.mean() > 0.9, name
        assert np.median(theirs.last.value) < 0.9 * np.median(theirs.first.value), name


def test_methods_that_are_no_gradient_descent_agree() -> None:
    generator = np.random.default_rng(1)
    matrix = np.tril(generator.uniform(0.2, 0.8, (3, 3)))
    for name, batch in random_batches(60, 0.0, 3):
        start = _starts(batch)
        ours = compiled_descent.run_method(batch, matrix, start, False)
        theirs = descent.run_method(batch, matrix, start, False)
        for a, b in (
            (ours.last.value, theirs.last.value),
            (ours.smallest_gradient, theirs.smallest_gradient),
            (ours.longest, theirs.longest),
            (ours.error_point, theirs.error_point),
        ):
            assert a == pytest.approx(b, rel=1e-9, abs=1e-12), name
        assert np.all(theirs.smallest_gradient <= theirs.first.gradient) and np.any(theirs.error_point > 0)


def test_many_functions_are_the_same_as_few() -> None:
    _, batch = next(iter(random_batches(6 * (compiled_descent.BLOCK + 89), 0.0, 3)))
    start, matrix = _starts(batch), descent.step_matrix(np.array([1.5, 1.0]))
    ours, theirs = (run(batch, matrix, start, True) for run in (compiled_descent.run_method, descent.run_method))
    assert ours.last.value.shape == (batch.size,)
    assert ours.last.value == pytest.approx(theirs.last.value, rel=1e-12)


def test_programs_serve_other_numbers_of_steps() -> None:
    name, batch = next(iter(random_batches(60, 0.0, 3)))
    assert name == "quadratic"
    start = _starts(batch)
    compiled_descent.run_method(batch, descent.step_matrix(np.ones(3)), start, True)
    program = compiled_descent._program(True)
    before = program._cache_size()
    for steps in ([1.5], [1.0, 1.9], [0.5] * 40):
        ours = compiled_descent.run_method(batch, descent.step_matrix(np.array(steps)), start, True)
        x = start * np.prod([1 - h * batch.curvatures for h in steps], axis=0)
        assert ours.last.distance == pytest.approx(np.sum(x**2, axis=1), rel=1e-12)
    assert program._cache_size() == before


def test_elementary_functions_are_as_accurate_as_the_bounds_allow() -> None:
    """On this machine, for both libraries; the bounds take it for granted."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal(1500) * 10 ** generator.uniform(-8, 2.5, 1500)
    cases = {"exp": -np.abs(x), "log": 1 + np.abs(x), "log1p": np.exp(-np.abs(x)), "tanh": x, "sin": x}
    precision, ctx.prec = ctx.prec, 120
    worst = 0.0
    try:
        for name, points in cases.items():
            with double(jax):
                ours = np.asarray(jax.jit(getattr(jax.numpy, name))(points))
            for values in (ours, getattr(np, name)(points)):
                for point, value in zip(points.tolist(), values.tolist(), strict=True):
                    exact = getattr(arb(point), name)()
                    if abs(value) > 1e-300:
                        worst = max(worst, abs(float((arb(value) - exact) / exact)) * 2**53)
    finally:
        ctx.prec = precision
    assert 0.5 < worst <= ELEMENTARY


@pytest.fixture(scope="module")
def methods() -> dict[str, CertifiedMethod]:
    return {method.name: method for method in certified_methods("certificates", Work())}


def test_certified_rates_on_jax(methods: dict[str, CertifiedMethod]) -> None:
    for name in ("silver-N015", "ogm-N002", "hypoconvex-half-constant-3-4-N004"):
        ours, theirs = (random_runs(methods[name], 60, 4, backend=b) for b in ("jax", "numpy"))
        for a, b in zip(ours, theirs, strict=True):
            assert (a["family"], a["functions"], a["exceeded"]) == (b["family"], b["functions"], 0)
            assert a["ratio"] == pytest.approx(b["ratio"], abs=1e-9) and 0.1 < a["ratio"] < 1 + 1e-9


def test_a_wrong_rate_is_caught_on_jax_and_confirmed(methods: dict[str, CertifiedMethod]) -> None:
    method = methods["optimal-constant-N003"]
    ours, theirs = (random_runs(method, 60, 0, 0.5 * method.rate, b) for b in ("jax", "numpy"))
    counts = [entry["exceeded"] for entry in ours]
    assert counts == [entry["exceeded"] for entry in theirs] and sum(counts) > 0


def test_what_numpy_does_not_confirm_does_not_count(methods: dict[str, CertifiedMethod]) -> None:
    method, (_, batch) = methods["silver-N007"], next(iter(random_batches(60, 0.0, 3)))
    start, suspects = _starts(batch), np.array([1, 4, 7])
    assert confirmed(method, batch, start, method.rate, suspects).size == 0
    assert confirmed(method, batch, start, 1e-12, suspects).tolist() == [1, 4, 7]


def test_members_of_a_batch() -> None:
    places = np.array([3, 0])
    batches = [*random_batches(60, 0.1, 1), *hypoconvex_batches(5, -0.5, 1)]
    for _, batch in batches:
        x = _starts(batch)
        whole, part = batch.evaluate(x), members(batch, places).evaluate(x[places])
        for a, b in zip(whole, part, strict=True):
            assert b == pytest.approx(a[places], rel=1e-12)


# ---- races of schedules ----


def _problems() -> list[problems.Problem]:
    generator = np.random.default_rng(3)
    features, labels = generator.standard_normal((40, 5)), np.sign(generator.standard_normal(40))
    return [problems.quadratic(0.01, 20, 0), problems.logistic_regression(features, labels, 0.01)]


@pytest.mark.parametrize("problem", _problems(), ids=lambda p: p.name)
def test_races_agree(problem: problems.Problem) -> None:
    steps = np.random.default_rng(4).uniform(0.5, 2.5, (9, 70))
    said: list[tuple[int, int]] = []
    ours, theirs = (
        compiled_problems.descend(problem, steps, lambda *done: said.append(done)),
        problems.descend(problem, steps),
    )
    assert ours.shape == theirs.shape == (9, 71) and said == [(576, 630), (630, 630)]
    assert np.max(np.abs(ours - theirs) / (1 + np.abs(theirs))) < 1e-13
    # one schedule by itself
    assert problems.descend(problem, steps[0]) == pytest.approx(theirs[0], abs=1e-14)
    assert np.all(theirs[:, 0] > 0) and theirs[:, -1].max() < 0.7 * theirs[0, 0]


def test_races_of_many_schedules_agree() -> None:
    problem = _problems()[0]
    steps = np.random.default_rng(5).uniform(0.5, 2.5, (compiled_problems.BLOCK + 45, 3))
    assert compiled_problems.descend(problem, steps) == pytest.approx(problems.descend(problem, steps), abs=1e-14)


# ---- networks ----


@pytest.mark.parametrize("model", network_steps.MODELS)
def test_final_losses_agree(model: str) -> None:
    tasks = [network_steps.problem(model, seed=k) for k in (1, 2)]
    schedules = [network_steps.unit_schedules(63, k) for k in (1, 2)]
    steps = np.array([[s["silver"], s["arcsine, independent"]] for s in schedules])
    # as many as the laboratory takes, so that the programs are its own
    scales = np.array([[*np.geomspace(1e-3, top, 38), 1e3, 1e4] for top in (0.03, 0.02)])
    said: list[tuple[int, int]] = []
    ours = compiled_networks.final_losses(tasks, steps, scales, lambda *done: said.append(done))
    theirs = np.array(
        [
            [network_steps.final_losses(task, row, own) for row in rows]
            for task, rows, own in zip(tasks, steps, scales, strict=True)
        ]
    )
    assert ours.shape == theirs.shape == (2, 2, 40) and said[:3] == [(32, 252), (63, 252), (95, 252)]
    # a run that diverges does so on both
    assert np.array_equal(np.isinf(ours), np.isinf(theirs))
    assert model == "logistic" or (np.isinf(theirs).any() and np.isinf(theirs).mean() < 0.5)
    assert np.max(np.abs(ours[..., :38] / theirs[..., :38] - 1)) < 1e-11
    first = tasks[0].loss_and_gradient(tasks[0].start[None])[0][0]
    assert np.all(theirs.min(axis=2)[0] < 0.9 * first)


def test_all_schedules_at_once_is_the_same_as_one_by_one() -> None:
    tasks = [network_steps.problem("tanh", n=15, d=3, width=4, seed=k) for k in (1, 2)]
    steps = np.array([[s["silver"], s["constant"]] for s in (network_steps.unit_schedules(7, k) for k in (1, 2))])
    scales = np.array([[0.01, 0.1, 1], [0.02, 0.2, 1e4]])
    said: list[tuple[int, int]] = []
    together = compiled_networks.final_losses(tasks, steps, scales, lambda *done: said.append(done), together=True)
    apart = compiled_networks.final_losses(tasks, steps, scales)
    assert said == [(28, 28)] and np.array_equal(np.isinf(apart), np.isinf(together)) and np.isinf(apart[1]).any()
    finite = np.isfinite(apart)
    assert together[finite] == pytest.approx(apart[finite], rel=1e-12)


def test_problems_that_run_together_have_one_shape() -> None:
    tasks = [network_steps.problem(model, n=9, d=3, width=4) for model in ("tanh", "relu")]
    with pytest.raises(ClaimError, match="one model"):
        compiled_networks.final_losses(tasks, np.ones((2, 1, 3)), np.ones((2, 1)))


@pytest.mark.parametrize("model", ["tanh", "logistic"])
def test_traces_agree(model: str) -> None:
    task = network_steps.problem(model, n=15, d=3, width=4, seed=1)
    steps = 0.3 * network_steps.unit_schedules(31)["silver"]
    said: list[int] = []
    ours = compiled_networks.sharpness_trace(task, steps, 7, said.append)
    theirs = network_steps.sharpness_trace(task, steps, 7)
    assert ours.times.tolist() == theirs.times.tolist() == said == [0, 7, 14, 21, 28, 31]
    assert ours.losses == pytest.approx(theirs.losses, rel=1e-11) and theirs.losses[-1] < theirs.losses[0]
    assert ours.largest == pytest.approx(theirs.largest, abs=1e-8)
    assert ours.smallest == pytest.approx(theirs.smallest, abs=1e-8)
    assert np.ptp(theirs.largest) > 1e-3


def test_a_trace_that_diverges_names_the_same_step() -> None:
    task = replace(network_steps.problem("relu", n=15, d=3, width=4, seed=1))
    messages = []
    for trace in (compiled_networks.sharpness_trace, network_steps.sharpness_trace):
        with pytest.raises(ClaimError, match="use shorter steps") as raised, np.errstate(all="ignore"):
            trace(task, np.full(40, 1e20), 10)
        messages.append(str(raised.value))
    assert messages[0] == messages[1] and " 0 steps" not in messages[0]


@pytest.mark.parametrize(("model", "count"), [("tanh", 7), ("logistic", 255)])
def test_tuned_losses_agree(model: str, count: int) -> None:
    """Logistic regression converges with many scales, which is no reason to choose different ones."""
    ours = tuned_block(model, count, (3, 4), backend="jax")
    for k, found in zip((3, 4), ours, strict=True):
        expected = tuned_losses(model, count, k)
        assert list(found) == list(expected) and "constant, same sum" in found
        for name, (loss, scale) in found.items():
            assert scale == expected[name][1] and loss == pytest.approx(expected[name][0], rel=1e-9)


# ---- laboratories ----


@pytest.mark.parametrize(
    ("name", "study", "settings"),
    [
        ("gradient-descent", "random-functions", {"functions": 60}),
        ("schedule-race", "quadratic", {"steps": 31, "samples": 5}),
        ("network-steps", "final-loss", {"counts": (7,), "seeds": 1, "trace_steps": 7}),
    ],
)
def test_laboratories_run_on_jax_and_resume(name: str, study: str, settings: dict[str, Any], tmp_path: Path) -> None:
    said: list[str] = []
    ours = labs.run(name, quick=True, backend="jax", output=tmp_path, **settings)
    theirs = labs.run(name, quick=True, progress=lambda _, text: said.append(text), **settings)
    assert ours.holds and "backend=jax" in ours.command() and ours.provenance["device"]
    columns = ours.studies[study].columns
    for a, b in zip(ours.studies[study].rows, theirs.studies[study].rows, strict=True):
        for column, left, right in zip(columns, a, b, strict=True):
            if isinstance(right, str):
                assert left == right
            elif "allowance" not in column:
                assert left == pytest.approx(right, rel=1e-8, abs=1e-14), column
    assert any("backend numpy" in text for text in said)
    again = labs.run(name, quick=True, backend="jax", output=tmp_path, resume=True, **settings)
    assert again.provenance["pieces reused"] > 1 and again.studies[study].rows == ours.studies[study].rows
    # what is kept says on which backend it was computed
    lines = (tmp_path / ".pieces" / f"{name}.jsonl").read_text().splitlines()
    assert lines and all('"backend": "jax"' in line for line in lines)


def test_an_unknown_backend_is_refused_first() -> None:
    for name in ("gradient-descent", "schedule-race", "network-steps"):
        with pytest.raises(ClaimError, match="known are numpy, jax"):
            labs.run(name, quick=True, backend="torch")


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("gradient-descent", {"functions": 0}, "functions is a whole number"),
        ("schedule-race", {"samples": 0}, "samples is a whole number"),
        ("schedule-race", {"kappa": 1.0}, "kappa is L/mu"),
        ("network-steps", {"seeds": 0}, "seeds is a whole number"),
        ("network-steps", {"counts": (6,)}, "2\\^k - 1"),
    ],
)
@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_sizes_that_make_no_sense(name: str, settings: dict[str, Any], words: str, backend: str) -> None:
    with pytest.raises(ClaimError, match=words):
        labs.run(name, quick=True, backend=backend, **settings)
