"""Injectivity of one layer: exact decisions, probabilities and thresholds."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from pepkit.kernel import (
    CertificateError,
    ClaimError,
    FormatError,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.networks.injectivity import (
    expected_bad_cells,
    injectivity_threshold,
    layer_injectivity,
    probability_in_the_plane,
)


def values(rows: np.ndarray, point: tuple[fmpq, ...]) -> list[fmpq]:
    exact = [[fmpq(*float(a).as_integer_ratio()) for a in row] for row in rows]
    products = [sum((a * b for a, b in zip(row, point, strict=True)), fmpq(0)) for row in exact]
    return [max(p, fmpq(0)) for p in products]


@pytest.mark.parametrize(
    ("rows", "value"),
    [(4, fmpq(0)), (5, fmpq(1, 16)), (6, fmpq(1, 4)), (7, fmpq(29, 64)), (8, fmpq(5, 8)), (9, fmpq(193, 256)),
     (10, fmpq(27, 32)), (11, fmpq(925, 1024)), (12, fmpq(241, 256)), (13, fmpq(3953, 4096))],
)  # fmt: skip
def test_probabilities_in_the_plane(rows: int, value: fmpq) -> None:
    assert probability_in_the_plane(rows) == value
    assert 1 - value <= expected_bad_cells(2, rows)


def test_decisions_follow_the_probabilities_and_have_witnesses() -> None:
    generator = np.random.default_rng(0)
    injective = 0
    for _ in range(200):
        rows = generator.normal(size=(8, 2))
        answer = layer_injectivity(rows)
        injective += answer.injective
        assert answer.injective == (answer.depth >= 2)
        if not answer.injective:
            first, second = answer.pair
            assert first != second
            assert values(rows, first) == values(rows, second)
    assert abs(injective / 200 - 5 / 8) < 0.12


@pytest.mark.parametrize(("size", "count"), [(1, 4), (3, 9), (3, 14), (4, 12)])
def test_witnesses_in_higher_dimension(size: int, count: int) -> None:
    generator = np.random.default_rng(size)
    for _ in range(4):
        rows = generator.normal(size=(count, size))
        answer = layer_injectivity(rows)
        sample = (generator.normal(size=(2000, size)) @ rows.T > 0).sum(axis=1).min()
        assert answer.depth <= sample
        if answer.pair is not None:
            first, second = answer.pair
            assert first != second
            assert values(rows, first) == values(rows, second)


def test_collisions_are_certificates() -> None:
    answer = layer_injectivity(np.random.default_rng(0).normal(size=(5, 3)))
    text = certificate_to_text(answer.certificate)
    theorem = check(certificate_from_text(text))
    assert "not injective" in str(theorem)
    data = json.loads(text)
    for wrong in ([data["proof"]["pair"][0]] * 2, data["proof"]["pair"][:1], [["0"] * 3, ["1"] * 3], [["0"], ["1"]]):
        with pytest.raises((CertificateError, FormatError)):
            check(certificate_from_text(json.dumps({**data, "proof": {"kind": "network-collision", "pair": wrong}})))


def test_structured_layers() -> None:
    pairs = [[1, 0], [0, 1], [-1, -2], [1, -1], [-2, 1], [-1, 3]]
    assert layer_injectivity([[1], [-1]]).injective
    assert not layer_injectivity([[1, 0, 2]]).injective
    assert layer_injectivity(pairs).depth >= 1
    with pytest.raises(ClaimError, match="general position"):
        layer_injectivity([[1, 0], [-1, 0], [0, 1], [0, -1]])
    with pytest.raises(ClaimError):
        layer_injectivity([])


def test_twenty_four_rows_in_dimension_four_take_about_a_second() -> None:
    begin = time.process_time()
    layer_injectivity(np.random.default_rng(1).normal(size=(24, 4)))
    assert time.process_time() - begin < 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # 30 digits by an independent multiprecision computation
        ("lower", "3.40281622149504861116552383278"),
        ("gordon", "7.64769493543527981692878702472"),
        ("union", "9.08860682795698359918846355581"),
    ],
)
def test_thresholds(name: str, value: str) -> None:
    low, high = injectivity_threshold(name)
    assert low < high
    saved = ctx.prec
    ctx.prec = 128
    try:
        tolerance = arb(10) ** -28
        assert arb(value) - tolerance < low
        assert high < arb(value) + tolerance
    finally:
        ctx.prec = saved
    with pytest.raises(ClaimError):
        injectivity_threshold("euler")
