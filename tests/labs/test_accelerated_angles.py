"""Random deep networks on JAX: the steps of NumPy, and the same laws from other draws.

Sampled means are compared within 4.5 standard errors, with fixed seeds.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest

pytest.importorskip("jax")
pytest.importorskip("diffrax")
pytest.importorskip("optax")

from pepkit import labs
from pepkit.kernel import ClaimError
from pepkit.labs import angle_collapse
from pepkit.simulate import propagation
from pepkit.simulate.accelerated import gaussians
from pepkit.simulate.accelerated import propagation as compiled
from pepkit.simulate.accelerated.backend import double, import_jax


def close(ours: Any, theirs: Any, spread: Any, count: int) -> bool:
    """Two means over `count` samples each, or one of them exact."""
    return bool(np.all(np.abs(np.asarray(ours) - theirs) < 4.5 * np.asarray(spread) / math.sqrt(count)))


@pytest.fixture(scope="module")
def plane() -> tuple[np.ndarray, np.ndarray]:
    jax = import_jax()
    with double(jax):
        keys = jax.random.split(gaussians.base_key(jax, 11), 100)
        first, second = gaussians.pairs(jax, keys, (2000,))
        return np.array(first).ravel(), np.array(second).ravel()


def test_gaussians_have_their_law(plane: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = plane
    count = len(first)
    assert count == 200_000 and first.dtype == np.float64 and len(np.unique(first)) == count
    # standard errors: of a mean 1, of squares sqrt(2), of fourth powers sqrt(96), of sixth powers sqrt(10170)
    for values in (first, second):
        assert close(values.mean(), 0, 1, count) and close((values**2).mean(), 1, math.sqrt(2), count)
        assert close((values**4).mean(), 3, math.sqrt(96), count)
        assert close((values**6).mean(), 15, math.sqrt(10170), count)
        assert kstest(values, "norm").pvalue > 1e-3
    assert close((first * second).mean(), 0, 1, count)
    assert close((first**2 * second**2).mean(), 1, math.sqrt(8), count)
    # length and direction are independent, the direction is uniform in all quadrants
    turn = np.arctan2(second, first)
    assert kstest(turn, "uniform", args=(-math.pi, 2 * math.pi)).pvalue > 1e-3
    assert close(np.mean((first**2 + second**2 - 2) * np.cos(4 * turn)), 0, math.sqrt(2), count)


def test_an_odd_number_of_gaussians() -> None:
    jax = import_jax()
    with double(jax):
        keys = jax.random.split(gaussians.base_key(jax, 2), 500)
        draws = np.asarray(gaussians.standard(jax, keys, (4, 7)))
    assert draws.shape == (500, 4, 7) and len(np.unique(draws)) == draws.size
    count = draws.size
    assert close(draws.mean(), 0, 1, count) and close(draws.var(), 1, math.sqrt(2), count)
    flat = draws.reshape(500, 28)
    assert np.abs(np.corrcoef(flat.T) - np.eye(28)).max() < 4.5 / math.sqrt(500)


def test_keys_follow_the_seed() -> None:
    jax = import_jax()

    def numbers(seed: Any) -> list[int]:
        with double(jax):
            return [int(v) for v in jax.random.key_data(gaussians.base_key(jax, seed))]

    generator = np.random.default_rng(5)
    assert numbers(5) == numbers(generator) != numbers(generator)
    assert len({tuple(numbers(seed)) for seed in (0, 1, [0, 1], [1, 2])}) == 4


@pytest.mark.parametrize("rule", [propagation.gaussian, propagation.orthogonal])
def test_layers_agree_for_the_same_draws(rule: Any) -> None:
    generator = np.random.default_rng(1)
    angles = np.array([1e-9, 1e-4, 0.3, 1.2, math.pi / 2, 3.0])
    first, second = generator.standard_normal((2, len(angles), 33))
    # a layer without an active neuron
    first[-1], second[-1] = -np.abs(first[-1]), -np.abs(second[-1])
    angles[-1] = 1e-3
    ours = rule(np, angles, first, second)
    jax = import_jax()
    with double(jax):
        theirs = np.asarray(rule(jax.numpy, *map(jax.numpy.asarray, (angles, first, second))))
    assert theirs.dtype == np.float64 and theirs == pytest.approx(ours, rel=1e-12, abs=1e-15)
    assert np.all(np.abs(ours[:-1] / angles[:-1] - 1) > 1e-3) and np.all(ours[:-1] > 0)
    if rule is propagation.gaussian:
        assert ours[-1] == theirs[-1] == 0


def test_other_steps_agree_for_the_same_draws() -> None:
    generator = np.random.default_rng(2)
    x, weights = generator.standard_normal((3, 20, 2)), generator.standard_normal((3, 20, 20))
    inputs, factor = generator.standard_normal((3, 20, 6)), generator.standard_normal((3, 20, 6))
    jax = import_jax()
    for number, xp in enumerate((np, jax.numpy)):
        with double(jax):
            start = propagation.correlated_inputs(xp, 0.9, xp.asarray(x))
            state, correlation = propagation.standardised_step(xp, start, xp.asarray(weights))
            part, values = propagation.singular_part(xp, xp.asarray(inputs))
            ranks = [
                propagation.effective_rank_step(xp, part, xp.asarray(factor), normalise) for normalise in (True, False)
            ]
            gram = [xp.swapaxes(p, -1, -2) @ p for p, _ in ranks]
            found = [np.asarray(a) for a in (start, state, correlation, values, *gram, *(r for _, r in ranks))]
        if number == 0:
            expected = found
    for ours, theirs in zip(expected, found, strict=True):
        assert ours.dtype == theirs.dtype == np.float64 and theirs == pytest.approx(ours, rel=1e-11, abs=1e-12)
    assert np.abs(found[2] - 0.9).max() > 0.01 and np.all(found[-2] > 1.5 * found[-1] - 3)
    # the same as the whole matrix of the definition
    rows = weights[0] - weights[0].mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    before = rows @ expected[0][0] * math.sqrt(2 / (1 - 1 / math.pi))
    assert expected[1][0] == pytest.approx(np.maximum(before, 0), abs=1e-12)


def test_small_angles_have_the_exact_rate() -> None:
    for width, seeds in ((8, 40_000), (64, 10_000)):
        angles = compiled.propagate(propagation.gaussian, 1e-5, 1, width, seeds, [3, width])
        assert angles.shape == (2, seeds) and np.all(angles[0] == 1e-5)
        change = 2 * np.log(np.sin(angles[1][angles[1] > 1e-12]) / math.sin(1e-5))
        mean, variance = propagation.finite_width_moments(width)
        assert close(change.mean(), mean, math.sqrt(variance), len(change))
        assert mean < -4.5 * math.sqrt(variance / len(change))


@pytest.mark.parametrize("rule", [propagation.gaussian, propagation.orthogonal])
def test_deep_networks_have_the_law_of_numpy(rule: Any) -> None:
    ours, theirs = (f(rule, 1.2, 12, 16, 3000, 4) for f in (compiled.propagate, propagation.propagate))
    assert ours.shape == theirs.shape == (13, 3000)
    logarithms = [np.log(np.maximum(angles[1:], 1e-12)) for angles in (ours, theirs)]
    spread = np.hypot(logarithms[0].std(axis=1), logarithms[1].std(axis=1))
    assert close(logarithms[0].mean(axis=1), logarithms[1].mean(axis=1), spread, 3000)
    assert not np.array_equal(ours[1], theirs[1]) and ours[-1].mean() < 0.6 * 1.2


def test_networks_do_not_depend_on_the_blocks() -> None:
    seeds = 300
    assert compiled.block_size(1024, seeds, "cpu") < seeds
    many = compiled.propagate(propagation.gaussian, 1.0, 2, 1024, seeds, 9)
    few = compiled.propagate(propagation.gaussian, 1.0, 2, 1024, 7, 9)
    assert many[:, :7] == pytest.approx(few, rel=1e-12)
    assert len(np.unique(many[2])) == seeds
    assert not np.any(compiled.propagate(propagation.gaussian, 1.0, 2, 1024, 7, 8)[1:] == few[1:])


def test_blocks_fit_into_memory() -> None:
    for platform, most in (("cpu", compiled.CPU_NUMBERS), ("gpu", compiled.OTHER_NUMBERS)):
        for numbers, seeds in ((1024, 100_000), (1024, 5), (16, 100_000), (512 * 512, 1000), (1 << 25, 3), (256, 1025)):
            size = compiled.block_size(numbers, seeds, platform)
            assert 1 <= size <= max(1, most // numbers)
            wasted = -(-seeds // size) * size - seeds
            assert wasted <= max(seeds / 8, -(-seeds // size))
    # 2 MB for every array of a layer, with 100,000 networks of width 1024
    assert compiled.block_size(1024, 100_000, "cpu") * 1024 * 8 <= 1 << 21


def test_standardised_networks_follow_the_centred_map() -> None:
    correlations = compiled.standardised_correlations(64, 5, 0.9, 60, 1)
    theirs = propagation.standardised_correlations(64, 5, 0.9, 60, 1)
    assert correlations.shape == theirs.shape == (5, 60)
    spread = np.hypot(correlations.std(axis=1), theirs.std(axis=1))
    assert close(correlations.mean(axis=1), theirs.mean(axis=1), spread, 60)
    assert correlations[0].mean() > 0.85 and correlations[-1].mean() < 0.8


def test_ranks_have_the_law_of_numpy() -> None:
    for normalise in (True, False):
        ours, theirs = (
            f(32, 6, 8, normalise, 200, 3) for f in (compiled.batch_effective_ranks, propagation.batch_effective_ranks)
        )
        assert ours.shape == theirs.shape == (6, 200)
        spread = np.hypot(ours.std(axis=1), theirs.std(axis=1))
        assert close(ours.mean(axis=1), theirs.mean(axis=1), spread, 200)
        assert (ours[-1].mean() > 5) if normalise else (ours[-1].mean() < 4)


def test_ranks_of_batches_that_are_larger_than_the_width() -> None:
    narrow = compiled.batch_effective_ranks(4, 2, 8, False, 3, 0)
    assert narrow.shape == (2, 3) and np.all((narrow >= 1) & (narrow <= 4))


@pytest.mark.parametrize("module", [propagation, compiled])
def test_sizes_are_checked(module: Any) -> None:
    for sizes in ({"layers": 0}, {"width": 1}, {"seeds": 0}, {"width": 1.5}):
        (name, value), *_ = sizes.items()
        given = {"layers": 2, "width": 8, "seeds": 3, **sizes}
        message = f"{name} is a whole number, at least {2 if name == 'width' else 1}, not {value}"
        with pytest.raises(ClaimError, match=message):
            module.propagate(propagation.gaussian, 1.0, seed=0, **given)
        with pytest.raises(ClaimError, match=message):
            module.standardised_correlations(correlation=0.5, seed=0, **given)
    with pytest.raises(ClaimError, match="batch is a whole number, at least 1, not 0"):
        module.batch_effective_ranks(8, 2, 0, True, 3, 0)


def test_progress_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "PAUSE", 0.0)
    said: list[str] = []
    compiled.propagate(propagation.gaussian, 1.0, 2, 1024, 300, 9, said.append)
    assert said == ["width 1024: network 150 of 300", "width 1024: network 300 of 300"]
    propagation.propagate(propagation.gaussian, 1.0, 200, 4, 2, 9, said.append)
    assert said[2:] == ["width 4: layer 100 of 200", "width 4: layer 200 of 200"]


def test_mean_shift_on_jax(tmp_path: Path) -> None:
    small: dict[str, Any] = {"seeds": 60, "dense_seeds": 2, "width": 64, "batch_widths": (32,)}
    result = labs.run("mean-shift", quick=True, output=tmp_path, backend="jax", **small)
    assert result.holds, [str(finding) for finding in result.findings]
    assert result.provenance["device"] and "--set backend=jax" in result.command()
    again = labs.run("mean-shift", quick=True, output=tmp_path, resume=True, backend="jax", **small)
    assert again.provenance["pieces reused"] > 3
    assert all(again.studies[key].rows == study.rows for key, study in result.studies.items())
    # what is sampled is sampled again on the other backend, what is exact is not
    other = labs.run("mean-shift", quick=True, output=tmp_path, resume=True, **small)
    assert 0 < other.provenance["pieces reused"] < again.provenance["pieces reused"]
    sampled = ("initialisations", "weight-standardisation", "batch-normalisation")
    for key, study in result.studies.items():
        assert (other.studies[key].rows == study.rows) == (key not in sampled)
    assert {k: str(c.claim) for k, c in other.certificates.items()} == {
        k: str(c.claim) for k, c in result.certificates.items()
    }


def test_drift_on_jax() -> None:
    ours, theirs = (angle_collapse._drift(60, 0, name, lambda _: None) for name in ("jax", "numpy"))
    for row, other in zip(ours, theirs, strict=True):
        angle, mean, error = row[:3]
        assert angle == other[0] and row[3:] == other[3:] and mean != other[1]
        assert abs(mean - other[1]) < 4.5 * math.hypot(error, other[2])
    assert ours[-1][1] < -0.2


@pytest.mark.slow
def test_angle_collapse_on_jax() -> None:
    result = labs.run("angle-collapse", quick=True, backend="jax", layers=(1, 10), samples=60)
    assert result.holds, [str(finding) for finding in result.findings]
    rows = result.studies["small-angle-rate"].rows
    theirs = labs.run("angle-collapse", quick=True, layers=(1, 10), samples=60).studies["small-angle-rate"].rows
    for (width, mean, exact, _, _, error, _), other in zip(rows, theirs, strict=True):
        assert width == other[0] and exact == other[2] and mean != other[1]
        assert abs(mean - other[1]) < 4.5 * math.sqrt(2) * error


def test_bad_settings_stop_a_laboratory_before_it_runs() -> None:
    said: list[str] = []
    for name in ("angle-collapse", "mean-shift", "descent-chaos", "hedging"):
        with pytest.raises(ClaimError, match="known are numpy, jax"):
            labs.run(name, quick=True, backend="torch", progress=lambda _, text: said.append(text))
    for name, setting in (("angle-collapse", "samples"), ("descent-chaos", "steps"), ("hedging", "functions")):
        with pytest.raises(ClaimError, match=f"{setting} is a whole number"):
            labs.run(name, quick=True, progress=lambda _, text: said.append(text), **{setting: 0})
    assert not said
