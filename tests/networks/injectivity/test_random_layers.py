"""Random layers: exact probabilities, expected numbers, thresholds, studies, against published and counted values."""

from __future__ import annotations

import csv
from fractions import Fraction
from itertools import pairwise, product
from math import comb, sqrt
from pathlib import Path

import mpmath
import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import ClaimError, check
from pepkit.kernel.gaussian import binary_entropy, density, logarithm, pi, upper_tail
from pepkit.networks.injectivity import (
    THRESHOLD_NAMES,
    crossing,
    decide_layer,
    depth_study,
    exact_probability,
    expected_bad_cells,
    expected_euler_characteristic,
    probability_given_lines,
    probability_study,
    relu_layer,
    threshold,
    threshold_ball,
    threshold_study,
)
from pepkit.networks.injectivity.probability import cell_patterns

with open(Path(__file__).parents[2] / "data" / "injectivity_targets.csv", newline="") as stream:
    TARGETS = {row["id"]: row for row in csv.DictReader(stream)}


def as_fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


@pytest.mark.parametrize("m", range(4, 14))
def test_two_inputs(m: int) -> None:
    assert as_fraction(exact_probability(2, m)) == Fraction(TARGETS[f"C.n2.m{m}"]["value"])
    assert as_fraction(exact_probability(2, m)) == 1 - Fraction(m * (m - 2), 2 ** (m - 1))


def walks(m: int) -> Fraction:
    """Count the sign sequences by walking: c starts at #(+), + steps down, - steps up, 2 <= c <= m - 2."""
    good = 0
    for start in range(2, m - 1):
        ways = {(start, start): 1}
        for _ in range(m):
            following: dict[tuple[int, int], int] = {}
            for (c, plus), number in ways.items():
                for step, left in ((-1, plus - 1), (1, plus)):
                    if left >= 0 and 2 <= c + step <= m - 2:
                        following[(c + step, left)] = following.get((c + step, left), 0) + number
            ways = following
        good += sum(number for (_, plus), number in ways.items() if plus == 0)
    return Fraction(good, 2**m)


@pytest.mark.parametrize("m", [*range(1, 20), 40])
def test_two_inputs_by_counting_walks(m: int) -> None:
    assert as_fraction(exact_probability(2, m)) == walks(m)


@pytest.mark.parametrize("m", range(1, 7))
def test_one_and_two_inputs_by_all_signs(m: int) -> None:
    lines = [[k + 1, (k + 1) ** 2 + 1] for k in range(m)]
    for n in (1, 2):
        good = 0
        for signs in product((1, -1), repeat=m):
            signed = [[s * a for a in row[:n]] for s, row in zip(signs, lines, strict=True)]
            good += decide_layer(relu_layer(signed)).injective
        assert as_fraction(exact_probability(n, m)) == Fraction(good, 2**m)


@pytest.mark.parametrize(("n", "m"), [(1, 6), (2, 7), (3, 8), (3, 9)])
def test_given_lines_by_all_signs(n: int, m: int) -> None:
    lines = np.random.default_rng(7).integers(-50, 50, (m, n))
    good = sum(
        decide_layer(relu_layer(lines * np.array(signs)[:, None])).injective for signs in product((1, -1), repeat=m)
    )
    value = probability_given_lines(lines)
    assert as_fraction(value) == Fraction(good, 2**m)
    if n <= 2:
        assert value == exact_probability(n, m)


@pytest.mark.parametrize(("n", "m"), [(1, 3), (2, 6), (3, 9), (4, 10)])
def test_number_of_cells(n: int, m: int) -> None:
    patterns, _, _ = cell_patterns(np.random.default_rng(1).integers(-99, 99, (m, n)))
    assert len(patterns) == 2 * sum(comb(m - 1, i) for i in range(n))
    full = (1 << m) - 1
    assert set(patterns.tolist()) == {full ^ p for p in patterns.tolist()}


def test_lines_in_special_position() -> None:
    with pytest.raises(ClaimError, match="general position"):
        cell_patterns([[1, 0], [2, 0], [0, 1]])
    with pytest.raises(ClaimError, match="at most 26"):
        probability_given_lines(np.ones((27, 2)))


@pytest.mark.parametrize("key", [k for k in TARGETS if k.startswith(("C.n3.", "C.n4."))])
def test_gaussian_probabilities(key: str) -> None:
    """Means over two arrangements agree with the sampled values (2000 and 200 trials) to three standard errors."""
    _, n, m = key.split(".")
    study = probability_study(int(n[1:]), [int(m[1:])], samples=2 if int(m[1:]) < 24 else 1, seed=1)
    target = TARGETS[key]
    value = study.rows[0][4]
    trials = 2000 if n == "n3" else 200
    assert abs(value - float(target["value"])) <= 3 * sqrt(max(value * (1 - value), 0.01) / trials)


@pytest.mark.parametrize("key", [k for k in TARGETS if k.startswith("C.echi.")])
def test_expected_euler_characteristic(key: str) -> None:
    _, _, n, m = key.split(".")
    value = expected_euler_characteristic(int(n[1:]), int(m[1:]))
    assert as_fraction(value) == Fraction(TARGETS[key]["value"])


@pytest.mark.parametrize("m", [4, 5, 6, 7])
def test_expected_numbers_in_the_plane_by_all_signs(m: int) -> None:
    """Bad cells and their arcs (chi of a proper subset of the circle is its number of arcs), counted."""
    cells = arcs = 0
    for signs in product((1, -1), repeat=m):
        counts = [sum(s > 0 for s in signs)]
        for s in (*signs, *(-s for s in signs)):
            counts.append(counts[-1] - s)
        bad = [c < 2 for c in counts[:-1]]
        cells += sum(bad)
        # closed arcs: neighbouring bad cells belong together, and so do two that share their boundary ray
        arcs += sum(b and not a for a, b in zip([bad[-1], *bad], bad, strict=False)) if not all(bad) else 0
    assert as_fraction(expected_bad_cells(2, m)) == Fraction(cells, 2**m)
    assert as_fraction(expected_euler_characteristic(2, m)) == Fraction(arcs, 2**m)


@pytest.mark.parametrize("n", [5, 10, 20, 40, 80, 160])
def test_crossings(n: int) -> None:
    for name, quantity in (("euler", expected_euler_characteristic), ("union", expected_bad_cells)):
        target = TARGETS[f"C.{name}.n{n}"]
        assert abs(crossing(n, quantity) - float(target["value"])) <= float(target["tolerance"])


@pytest.mark.parametrize(
    ("name", "key"),
    [("mean-direction", "C.alpha.lower"), ("cell-union", "C.alpha.union"), ("gordon", "C.alpha.gordon")],
)
def test_thresholds(name: str, key: str) -> None:
    certificate = threshold(name, 20)
    claim = check(certificate).claim
    target = Fraction(TARGETS[key]["value"])
    # the table has eighteen decimals
    assert as_fraction(claim.low) - Fraction(1, 10**18) <= target <= as_fraction(claim.high) + Fraction(1, 10**18)
    assert claim.high - claim.low <= fmpq(1, 10**19)
    with ctx.workprec(200):
        assert threshold_ball(name, 20).overlaps(arb(claim.low).union(arb(claim.high)))


def test_thresholds_by_another_library() -> None:
    with mpmath.workdps(40):

        def tail(x: mpmath.mpf) -> mpmath.mpf:
            return mpmath.erfc(x / mpmath.sqrt(2)) / 2

        t = mpmath.findroot(lambda t: t * mpmath.npdf(t) + 2 * tail(t) - 0.5, 1.12)
        s = mpmath.findroot(lambda s: tail(s) - s * s, 0.5)
        p = mpmath.findroot(lambda p: -p * mpmath.log(p, 2) - (1 - p) * mpmath.log(1 - p, 2) - 0.5, 0.11)
        for name, value in (("gordon", 1 / tail(t)), ("mean-direction", 1 / s**2), ("cell-union", 1 / p)):
            claim = threshold(name, 30).claim
            for end in (claim.low, claim.high):
                assert abs(mpmath.mpf(int(end.p)) / int(end.q) - value) < mpmath.mpf(10) ** -29


def test_threshold_errors() -> None:
    with pytest.raises(ClaimError, match="unknown threshold"):
        threshold("replica", 10)
    with pytest.raises(ClaimError, match="digits"):
        threshold("gordon", 0)
    assert len(THRESHOLD_NAMES) == 3


@settings(max_examples=40, deadline=None)
@given(st.fractions(0, 8, max_denominator=10**6), st.sampled_from([30, 80, 200]))
def test_enclosures_of_the_normal_distribution(x: Fraction, bits: int) -> None:
    value = fmpq(x.numerator, x.denominator)
    with ctx.workprec(bits + 150):
        ball = arb(value)
        cases = [
            (upper_tail(value, bits), (ball / arb(2).sqrt()).erfc() / 2),
            (density(value, bits), (-ball * ball / 2).exp() / (2 * arb.pi()).sqrt()),
            (pi(bits), arb.pi()),
        ]
        for (low, high), exact in cases:
            assert not exact < arb(low) and not exact > arb(high)
            assert high - low <= fmpq(8, 1 << bits)


@settings(max_examples=40, deadline=None)
@given(st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=10**6), st.sampled_from([30, 80, 200]))
def test_enclosures_of_logarithms(p: Fraction, bits: int) -> None:
    value = fmpq(p.numerator, p.denominator)
    with ctx.workprec(bits + 150):
        ball = arb(value)
        entropy = -(ball * ball.log() + (1 - ball) * (1 - ball).log()) / arb(2).log()
        cases = [
            (logarithm(value, bits), ball.log()),
            (logarithm(1 / value, bits), -ball.log()),
            (binary_entropy(value, bits), entropy),
        ]
        for (low, high), exact in cases:
            assert not exact < arb(low) and not exact > arb(high)
            assert high - low <= fmpq(16, 1 << bits)


def test_probability_grows_with_rows() -> None:
    study = probability_study(3, [8, 10, 12, 14], samples=2)
    values = study.column("decimal")
    assert all(a < b for a, b in pairwise(values))
    assert all(0 <= row[6] <= row[3] for row in study.rows)
    again = probability_study(3, [8, 10, 12, 14], samples=2)
    assert again.rows == study.rows


def test_depth_study() -> None:
    """C = 4: one layer is injective with probability 5/8; deeper networks are less often."""
    study = depth_study(4, [1, 3], samples=60, seed=3)
    target = [float(v) for v in TARGETS["C.deep.n2.C4"]["value"].split()]
    local = [float(as_fraction(v)) for v in study.column("full rank on every piece")]
    whole = [float(as_fraction(v)) for v in study.column("injective")]
    assert abs(local[0] - target[0]) < 0.2 and abs(local[1] - target[2]) < 0.2
    assert local[0] == whole[0] and whole[1] <= local[1]


def test_studies_can_be_kept(tmp_path: Path) -> None:
    study = threshold_study([5, 10])
    study.save_csv(tmp_path / "out" / "study.csv")
    with open(tmp_path / "out" / "study.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == study.columns and len(rows) == 3
    assert "<table>" in study._repr_html_()
    pytest.importorskip("matplotlib")
    study.figure().savefig(tmp_path / "study.svg")
    assert (tmp_path / "study.svg").stat().st_size > 1000
