"""Trainings of the laboratories bias-collapse and implicit-bias: JAX does what NumPy does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("jax")
pytest.importorskip("diffrax")
pytest.importorskip("optax")

import jax

from pepkit import labs
from pepkit.kernel import ClaimError
from pepkit.networks.margin_examples import six_points
from pepkit.networks.model import to_floats
from pepkit.simulate import collapse, hinges, implicit_bias
from pepkit.simulate.accelerated import hinges as compiled
from pepkit.simulate.accelerated import margins as compiled_margins
from pepkit.simulate.accelerated import plane as compiled_plane
from pepkit.simulate.accelerated.backend import double
from pepkit.simulate.accelerated.blocks import seed_blocks
from pepkit.simulate.accelerated.products import product

Start = tuple[np.ndarray, np.ndarray, np.ndarray]


def _difference(ours: Any, theirs: Any, *names: str) -> float:
    """Largest difference of the named fields; the first field of `ours` is float64 of NumPy."""
    worst = 0.0
    for name in names:
        left, right = getattr(ours, name), getattr(theirs, name)
        pairs = zip(left, right, strict=True) if isinstance(left, list) else [(left, right)]
        for p, q in pairs:
            assert type(p) is np.ndarray and p.dtype == np.float64 and p.shape == q.shape
            worst = max(worst, float(np.abs(p - q).max()))
    return worst


def _signed_start(seeds: int = 3, m: int = 12) -> Start:
    generator = np.random.default_rng(0)
    a, w, b = (scale * generator.normal(size=(seeds, m)) for scale in (0.3, 1.0, 0.5))
    return a, w, b


# ---- hinges ----


@pytest.mark.parametrize(
    ("train_weights", "simultaneous", "positive"), [(True, True, False), (False, False, True), (False, True, False)]
)
def test_hinges_are_trained_alike(train_weights: bool, simultaneous: bool, positive: bool) -> None:
    a, w, b = _signed_start()
    w = np.ones_like(w) if positive else w
    grid = np.linspace(-2, 1, 60)
    # one target for each seed
    target = np.stack([np.sin(k * grid) for k in (1, 2, 3)])
    common: dict[str, Any] = {
        "steps": 300, "rate": 0.1, "low": -2.0, "train_weights": train_weights, "simultaneous": simultaneous,
        "record_every": 70,
    }  # fmt: skip
    ours = compiled.train_hinges(a, w, b, target, **common)
    theirs = hinges.train_hinges(a, w, b, target, **common)
    assert ours.times.tolist() == theirs.times.tolist() == [0, 70, 140, 210, 280, 300]
    assert _difference(ours, theirs, "amplitudes", "weights", "biases", "losses", "kinks") < 1e-12
    assert np.abs(ours.biases - b).max() > 0.1 and (ours.losses[-1] < 0.9 * ours.losses[0]).all()
    assert np.array_equal(ours.weights, w) != train_weights


def test_the_demonstration_is_trained_alike() -> None:
    start, target = hinges.demonstration_start(2), hinges.demonstration_target()
    common: dict[str, Any] = {"steps": 400, "rate": 0.01, "train_weights": False, "simultaneous": False}
    ours, theirs = (train(*start, target, **common) for train in (compiled.train_hinges, hinges.train_hinges))
    assert ours.losses[0][0] == pytest.approx(2.818771, abs=2e-6)
    assert _difference(ours, theirs, "amplitudes", "biases", "losses", "kinks") < 1e-12
    assert np.abs(ours.kinks[-1] - ours.kinks[0]).max() > 0.1


def test_kinks_on_the_grid_have_the_same_cells() -> None:
    """A kink at a grid point that moved by one cell would see another residual."""
    n = 500
    grid = np.linspace(-1, 1, n)
    a, w, b = np.full((1, n), 0.01), np.full((1, n), 3.0), -3 * grid[None]
    target = np.full(n, 5.0)
    ours, theirs = (train(a, w, b, target, steps=1, rate=0.1) for train in (compiled.train_hinges, hinges.train_hinges))
    assert np.abs(ours.biases - b).max() > 1e-6
    # one residual more or less changes a bias by 0.1 * 0.01 * 5/500 = 1e-5
    assert _difference(ours, theirs, "amplitudes", "weights", "biases") < 1e-14


def test_sums_of_other_devices() -> None:
    """The sums that a GPU takes in parallel are those that a CPU takes one after the other."""
    generator = np.random.default_rng(2)
    slopes, heights, residual = (generator.normal(size=(40, 3)) for _ in range(3))
    grid = hinges.hinge_grid(generator.normal(size=40), 3, -1.0, 1.0)
    reference = hinges._outputs(slopes, heights, grid), *hinges._tails(residual, grid.points)
    with double(jax):
        for outputs, tails in (compiled.sequential_sums(jax), compiled.parallel_sums(jax)):
            # traced, because arrays of NumPy would hide what only NumPy can do
            found = jax.jit(outputs)(slopes, heights, grid), *jax.jit(tails)(residual, grid.points)
            for ours, theirs in zip(found, reference, strict=True):
                assert ours.shape == theirs.shape and np.abs(np.asarray(ours) - theirs).max() < 1e-12
    assert not reference[1][-1].any() and np.abs(reference[1][0]).max() > 0.1


@pytest.mark.parametrize(("rate", "every", "what"), [(1e200, 50, "parameters are"), (1e200, 1, "loss is")])
def test_a_step_that_is_too_long_is_named_alike(rate: float, every: int, what: str) -> None:
    start, target = collapse.initial_neurons(1, 12, 3.0), hinges.demonstration_target(60)
    messages = []
    for train in (compiled.train_hinges, hinges.train_hinges):
        with pytest.raises(ClaimError, match="use a smaller rate") as caught, np.errstate(all="ignore"):
            train(*start, target, steps=400, rate=rate, record_every=every)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] and what in messages[0]


def test_shapes_that_do_not_fit_are_refused() -> None:
    a, w, b = _signed_start()
    for train in (compiled.train_hinges, hinges.train_hinges):
        with pytest.raises(ClaimError, match="shape"):
            train(a, w[:, 1:], b, np.zeros(60), steps=1, rate=0.1)
        with pytest.raises(ClaimError, match="a target has the shape"):
            train(a, w, b, np.zeros((2, 60)), steps=1, rate=0.1)


def test_progress_is_reported_between_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hinges, "REPORT_EVERY", 40)
    monkeypatch.setattr(compiled, "REPORT_EVERY", 40)
    target = np.sin(np.linspace(-1, 1, 60))
    said: list[list[int]] = []
    for train in (compiled.train_hinges, hinges.train_hinges):
        said.append([])
        train(*_signed_start(), target, steps=100, rate=0.1, record_every=90, progress=said[-1].append)
    assert said[0] == said[1] == [0, 40, 80, 90, 100]


def test_runs_of_one_shape_are_compiled_once() -> None:
    target = np.sin(np.linspace(-1, 1, 60))
    compiled.train_hinges(*_signed_start(), target, steps=30, rate=0.1)
    program = compiled._program(True, True, True)
    before = program._cache_size()
    compiled.train_hinges(*_signed_start(), 2 * target, steps=50, rate=0.2, low=-2.0, record_every=20)
    assert before >= 1 and program._cache_size() == before


# ---- margins ----


def _six() -> tuple[np.ndarray, np.ndarray]:
    points, labels = six_points()
    return np.array([to_floats(point) for point in points]), np.array(labels, dtype=float)


@pytest.mark.parametrize(
    ("widths", "scale", "symmetric"), [((2, 10, 1), 0.1, False), ((2, 10, 1), 3.0, True), ((2, 12, 5, 1), 0.5, False)]
)
def test_margins_are_trained_alike(widths: tuple[int, ...], scale: float, symmetric: bool) -> None:
    x, y = _six()
    start = implicit_bias.initial_layers(widths, scale, 3, 1, symmetric)
    before = [layer.copy() for layer in start]
    ours, theirs = (
        train(start, x, y, norm=1e3, steps=250, early_margin=0.5, record_every=100)
        for train in (compiled_margins.train_margin, implicit_bias.train_margin)
    )
    assert all(np.array_equal(p, q) for p, q in zip(start, before, strict=True))
    assert ours.times.tolist() == theirs.times.tolist() == [0, 100, 200, 250]
    assert _difference(ours, theirs, "layers", "early", "margins", "norms") < 1e-10
    assert ours.separated.tolist() == theirs.separated.tolist() and ours.separated.any()
    # training went somewhere, and the early networks are older than the last ones
    assert (ours.norms[-1] > ours.norms[0]).all()
    assert max(np.abs(p - q).max() for p, q in zip(ours.early, ours.layers, strict=True)) > 0.1


def test_training_ends_when_every_norm_is_reached() -> None:
    x, y = _six()
    start = implicit_bias.initial_layers((2, 10, 1), 0.1, 3, 1)
    said: list[list[int]] = [[], []]
    ours, theirs = (
        train(start, x, y, norm=8.0, steps=4000, record_every=100, progress=report.append)
        for train, report in zip((compiled_margins.train_margin, implicit_bias.train_margin), said, strict=True)
    )
    assert ours.times.tolist() == theirs.times.tolist() and said[0] == said[1] == ours.times.tolist()
    assert ours.times[-1] % 100 and (ours.norms[-1] >= 8).all() and ours.norms[-1].max() < 8.06
    assert _difference(ours, theirs, "layers", "early", "margins") < 1e-9
    # never early: the margin is too large
    late = compiled_margins.train_margin(start, x, y, norm=8.0, steps=4000, early_margin=1e9)
    assert all(np.array_equal(p, q) for p, q in zip(late.early, late.layers, strict=True))


def test_labels_that_are_no_signs_are_refused() -> None:
    x, y = _six()
    for train in (compiled_margins.train_margin, implicit_bias.train_margin):
        with pytest.raises(ClaimError, match="one label 1 or -1"):
            train(implicit_bias.initial_layers((2, 4, 1), 0.1, 1), x, 2 * y)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 11), st.integers(1, 4), st.booleans())
def test_products(batch: int, p: int, q: int, r: int, shared: bool) -> None:
    generator = np.random.default_rng([batch, p, q, r])
    left, right = generator.normal(size=(1 if shared else batch, p, q)), generator.normal(size=(batch, q, r))
    assert np.abs(product(left, right) - left @ right).max() < 1e-14


def test_gradients_at_points() -> None:
    x, _ = _six()
    layers = implicit_bias.initial_layers((2, 5, 4, 1), 1.0, 1, 3)
    rows = implicit_bias._point_gradients(layers, x)
    _, inputs = implicit_bias.forward(layers, x)
    for row, weights in zip(rows, np.eye(len(x)), strict=True):
        parts = implicit_bias.weighted_gradient(layers, inputs, weights[None])
        assert np.allclose(row, np.concatenate([part.ravel() for part in parts]), atol=1e-14)
    assert np.abs(rows).max() > 0.1


# ---- the plane ----


def test_networks_on_the_plane_are_trained_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapse, "REPORT_EVERY", 90)
    monkeypatch.setattr(compiled_plane, "REPORT_EVERY", 90)
    common: dict[str, Any] = {"seeds": 3, "m": 10, "scale": 0.3, "steps": 200, "rate": 0.1, "samples": 40}
    said: list[list[int]] = [[], []]
    ours, theirs = (
        train(**common, progress=report.append)
        for train, report in zip((compiled_plane.train_plane, collapse.train_plane), said, strict=True)
    )
    assert _difference(ours, theirs, "amplitudes", "weights", "biases", "losses") < 1e-12
    assert ours.losses.shape == (3,) and ours.weights.shape == (3, 10, 2)
    start = compiled_plane.train_plane(**{**common, "steps": 1})
    assert (ours.losses < 0.7 * start.losses).all()
    assert said[0] == said[1] == [0, 90, 180]
    messages = []
    for train in (compiled_plane.train_plane, collapse.train_plane):
        with pytest.raises(ClaimError, match="use a smaller rate") as caught, np.errstate(all="ignore"):
            train(**{**common, "rate": 1e100})
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


# ---- blocks ----


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300))
def test_blocks_cover_all_seeds(seeds: int, largest: int) -> None:
    blocks = seed_blocks("cpu", seeds, largest)
    assert [k for block in blocks for k in range(seeds)[block]] == list(range(seeds))
    lengths = [len(range(seeds)[block]) for block in blocks]
    assert max(lengths) <= largest and len(blocks) == -(-seeds // lengths[0]) and len(set(lengths[:-1])) <= 1
    assert seed_blocks("gpu", seeds, largest) == [slice(0, seeds)]


def test_blocks_are_trained_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def everything() -> tuple[hinges.HingeRun, collapse.PlaneRun, implicit_bias.MarginRun]:
        a, w, b = _signed_start(5)
        target = np.stack([np.sin(k * np.linspace(-1, 1, 60)) for k in range(1, 6)])
        x, y = _six()
        start = implicit_bias.initial_layers((2, 10, 1), 0.1, 5, 1)
        # the third network is there at once, its block waits for the others
        start[1][2:4] *= 80
        return (
            compiled.train_hinges(a, w, b, target, steps=100, rate=0.1, record_every=30),
            compiled_plane.train_plane(seeds=5, m=10, scale=0.3, steps=100, rate=0.1, samples=40),
            compiled_margins.train_margin(start, x, y, norm=4.0, steps=300, record_every=50),
        )

    whole = everything()
    for module in (compiled, compiled_plane, compiled_margins):
        monkeypatch.setattr(module, "BLOCK", 2)
    parts = everything()
    fields = ("amplitudes", "weights", "biases", "losses"), ("layers", "early", "margins", "norms")
    assert _difference(parts[0], whole[0], *fields[0], "kinks") < 1e-12
    assert _difference(parts[1], whole[1], *fields[0]) < 1e-12
    assert _difference(parts[2], whole[2], *fields[1]) < 1e-12
    assert parts[2].times.tolist() == whole[2].times.tolist() and parts[2].times[-1] % 50
    assert (parts[2].norms[0] >= 4).tolist() == [False, False, True, True, False]
    # one network that goes wrong is found in any block
    a, w, b = _signed_start(5)
    a[4, 0] = 1e200
    with pytest.raises(ClaimError, match=r"infinite after \d steps"):
        compiled.train_hinges(a, w, b, np.zeros(60), steps=100, rate=0.1)


# ---- laboratories ----

_TINY: dict[str, dict[str, Any]] = {
    "implicit-bias": {"seeds": 2, "widths": (8,), "norm": 20.0, "scales": (3.0,), "depth_widths": (4,)},
    "bias-collapse": {
        "demonstration_steps": 1000, "demonstration_seeds": 1, "steps": 200, "widths": (12,), "plane_steps": 60,
        "prune_times": (200,), "scales": (0.1,), "seeds": 2,
    },
}  # fmt: skip


def _questions(folder: Path, name: str) -> list[dict[str, Any]]:
    text = (folder / ".pieces" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line)["question"] for line in text.splitlines()]


@pytest.mark.parametrize("name", list(_TINY))
def test_laboratories_on_jax(name: str, tmp_path: Path) -> None:
    said: list[str] = []
    report = lambda _, text: said.append(text)  # noqa: E731
    ours = labs.run(name, quick=True, output=tmp_path, backend="jax", progress=report, **_TINY[name])
    assert ours.provenance["device"] and "backend=jax" in ours.command()
    # what was trained says where; what is exact does not depend on it
    for question in _questions(tmp_path, name):
        exact = "certificate" in question or "pruning" in question
        assert question.get("backend") == (None if exact else "jax")
    assert any("step" in text for text in said)
    kept = _questions(tmp_path, name)
    again = labs.run(name, quick=True, output=tmp_path, resume=True, backend="jax", **_TINY[name])
    assert again.provenance["pieces reused"] >= len(kept) and _questions(tmp_path, name) == kept
    assert str(dict(again.studies)) == str(dict(ours.studies))
    # a run on NumPy trains again, and takes what is exact
    theirs = labs.run(name, quick=True, output=tmp_path, resume=True, **_TINY[name])
    trained = [question["backend"] for question in _questions(tmp_path, name)[len(kept) :]]
    assert trained == ["numpy"] * sum("backend" in question for question in kept) and trained
    for key, study in ours.studies.items():
        _same_tables(key, study.rows, theirs.studies[key].rows)
    assert {key: str(t) for key, t in ours.theorems().items()} == {key: str(t) for key, t in theirs.theorems().items()}


def _same_tables(key: str, ours: Any, theirs: Any) -> None:
    """Margins after thousands of steps agree as far as neurons that oscillate around kinks let them."""
    assert len(ours) == len(theirs)
    for left, right in zip(ours, theirs, strict=True):
        for column, (p, q) in enumerate(zip(left, right, strict=True)):
            if isinstance(p, float):
                residual = (key, column) in {("width", 7), ("depth", 4)}
                assert p == pytest.approx(q, abs=0.5 if residual else 1e-3, nan_ok=True), (key, column)
            else:
                assert p == q, (key, column)


def test_an_unknown_backend_stops_the_laboratories_before_they_run() -> None:
    said: list[str] = []
    for name in _TINY:
        with pytest.raises(ClaimError, match="known are numpy, jax"):
            labs.run(name, quick=True, backend="torch", progress=lambda _, text: said.append(text))
    assert not said
