"""JAX computes what NumPy and SciPy compute."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("diffrax")
pytest.importorskip("optax")

from pepkit import labs
from pepkit.kernel import ClaimError
from pepkit.labs import deep_linear as study
from pepkit.simulate import accelerated, deep_linear, training
from pepkit.simulate.accelerated.classifiers import train_all
from pepkit.simulate.accelerated.flows import flow


def test_flows_agree() -> None:
    generator = np.random.default_rng(3)
    weights = 0.5 * generator.standard_normal((5, 3, 2, 2))
    target = np.diag([2.0, 1.0])
    times = np.array([0.0, 0.5, 2.0, 10.0])
    ours = flow(weights, target, times, 1e-10)
    theirs = deep_linear.flow(weights, target, times, 1e-10)
    assert ours.weights.shape == theirs.weights.shape == (4, 5, 3, 2, 2)
    assert ours.weights.dtype == np.float64
    assert np.max(np.abs(ours.weights - theirs.weights)) < 1e-6
    # the flow conserves the imbalance, and it does something
    assert np.max(np.abs(deep_linear.imbalance(ours.weights[-1]) - deep_linear.imbalance(weights))) < 1e-7
    assert np.max(np.abs(ours.weights[-1] - weights)) > 0.1


def test_complex_flows_agree() -> None:
    generator = np.random.default_rng(6)
    weights = 0.5 * (generator.standard_normal((4, 3, 2, 2)) + 1j * generator.standard_normal((4, 3, 2, 2)))
    target = np.array([[1.0, 0.3j], [0.0, 0.5 + 0.2j]])
    times = np.array([0.0, 1.0, 5.0])
    ours = flow(weights, target, times, 1e-10)
    theirs = deep_linear.flow(weights, target, times, 1e-10)
    assert ours.weights.dtype == np.complex128
    assert np.max(np.abs(ours.weights - theirs.weights)) < 1e-6
    # a real network with a real target is a special case
    real = flow(weights.real, target.real, times, 1e-10).weights
    same = flow(weights.real.astype(complex), target.real, times, 1e-10).weights
    assert np.max(np.abs(real - same)) < 1e-8


def test_backends() -> None:
    assert accelerated.require_backend("jax") == "jax" and accelerated.require_backend("numpy") == "numpy"
    assert accelerated.device_name()
    with pytest.raises(ClaimError, match="known are numpy, jax"):
        accelerated.require_backend("torch")


def test_studies_of_the_laboratory_agree_on_both_backends() -> None:
    ours, theirs = (study._flow(3, 6, 20.0, 101, 1, name) for name in ("jax", "numpy"))
    assert ours["turns"] == theirs["turns"]
    assert ours["final"] == pytest.approx(theirs["final"], abs=1e-8) and ours["rise"] < 1e-12
    ours, theirs = (study._phase_run(2, 6, 1, name) for name in ("jax", "numpy"))
    assert ours["total"] == pytest.approx(theirs["total"], abs=1e-5) and ours["converged"] == theirs["converged"]
    ours, theirs = (study._misaligned(0.1, 6, 1, name) for name in ("jax", "numpy"))
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert study.closed_equation_error(3, 0, backend="jax") < 1e-11


def test_a_laboratory_names_its_device() -> None:
    ours, theirs = (labs.run("learning-times", quick=True, backend=name, products=50) for name in ("jax", "numpy"))
    columns = [run.studies["random-layers"].column("sampled") for run in (ours, theirs)]
    assert columns[0] == pytest.approx(columns[1], abs=1e-12)
    assert ours.provenance["device"] and ours.provenance["diffrax"] and "device" not in theirs.provenance
    assert ours.parameters["backend"] == "jax" and "backend=jax" in ours.command()


def test_an_unknown_backend_stops_a_laboratory_before_it_runs() -> None:
    said: list[str] = []
    for name in ("deep-linear", "learning-times", "trainability"):
        with pytest.raises(ClaimError, match="known are numpy, jax"):
            labs.run(name, quick=True, backend="torch", progress=lambda _, text: said.append(text))
    assert not said


@pytest.mark.parametrize(
    ("name", "centring", "branch"),
    [("gaussian", 0.0, 0.0), ("centred", 0.3, 0.0), ("residual", 0.0, 0.5), ("looks-linear", 0.0, 0.0)],
)
def test_classifiers_are_trained_alike(name: str, centring: float, branch: float) -> None:
    generator = np.random.default_rng(8)
    x, labels = generator.standard_normal((6, 40)), generator.integers(0, 3, 40)
    networks = [training.build(name, 3, 8, 6, 3, k, centring, branch) for k in (1, 2)]
    before = networks[0].entry.copy()
    found = train_all(networks, x, labels, (0.01, 0.05), 12, 10, (1, 2))
    assert np.array_equal(networks[0].entry, before)
    for rate, runs in zip((0.01, 0.05), found, strict=True):
        for k, (losses, accuracy) in zip((1, 2), runs, strict=True):
            network = training.build(name, 3, 8, 6, 3, k, centring, branch)
            expected, right = training.train(network, x, labels, rate, 12, 10, k)
            assert losses == pytest.approx(expected, abs=1e-9) and accuracy == pytest.approx(right)
    assert found[1][0][0][-1] != found[0][0][0][-1]


def test_a_diverging_run_stops_at_the_same_step() -> None:
    generator = np.random.default_rng(9)
    x, labels = generator.standard_normal((6, 40)), generator.integers(0, 3, 40)
    make = lambda: training.build("gaussian", 3, 8, 6, 3, 1)  # noqa: E731
    (((losses, accuracy),),) = train_all([make()], x, labels, (1e150,), 12, 10, (1,))
    with np.errstate(all="ignore"):
        expected, right = training.train(make(), x, labels, 1e150, 12, 10, 1)
    assert len(losses) == len(expected) < 12 and accuracy == right == 0.0
    with pytest.raises(ClaimError, match="one centring"):
        train_all([make(), training.build("centred", 3, 8, 6, 3, 1, 0.3)], x, labels, (0.1,), 2, 10, (1, 2))
