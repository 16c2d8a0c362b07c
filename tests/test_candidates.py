"""Candidates: lower-bound functionals, comparisons in ball arithmetic, verdicts only where proved."""

from __future__ import annotations

import csv
import random
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from flint import arb

from pepkit.candidate_rules import candidate_rule, fit_exponent, load_rule, recursive_pattern
from pepkit.candidates import candidate, percent
from pepkit.kernel import ClaimError
from pepkit.schedules import constant, obs_f, obs_s, silver
from pepkit.schedules.bounds import (
    SILVER_EXPONENT,
    best_sums,
    enclose_all,
    huber_bound,
    jung_cho_yun_bound,
    ma_chen_bound,
    quadratic_bound,
)

DATA = Path(__file__).parent / "data"
BNB_SIX = ["1.601230093", "1.414217685", "3.719166303", "1.414221603", "1.601225554", "2.188825552"]


def test_best_sums_against_published_rates() -> None:
    with (DATA / "obs_rates.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) >= 25
    for row in rows:
        best = best_sums(int(row["n"]))
        assert float(best.rate("function-value")) == pytest.approx(float(row["obs_f_rate"]), rel=1e-10)
        assert float(best.primitive) == pytest.approx(1 + float(row["sum_obs_s"]), rel=1e-10)
        assert float(best.rate("gradient-norm")) == pytest.approx(4 * float(row["obs_f_rate"]), rel=1e-10)


def _ma_chen(steps: list[float]) -> float:
    """The maximum over all choices, one by one."""
    best = 1 / (1 + 2 * sum(steps))
    long = [k for k, h in enumerate(steps) if h > 1]
    for size in range(1, len(long) + 1):
        for chosen in combinations(long, size):
            ends = [-1, *chosen, len(steps)]
            gaps = [sum(steps[a + 1 : b]) for a, b in pairwise(ends)]
            value = 1 / (gaps[-2] + steps[chosen[-1]] + 2 * gaps[-1] + 1)
            for i in range(size - 1):
                following = gaps[i + 1] + steps[chosen[i + 1]]
                value *= following / (gaps[i] + steps[chosen[i]] + following)
            for gap, k in zip(gaps, chosen, strict=False):
                value *= (steps[k] - 1) / (gap + 1)
            best = max(best, value)
    return best / 2


def test_ma_chen_against_enumeration() -> None:
    generator = random.Random(2)
    for _ in range(30):
        steps = [generator.uniform(0.2, 6) for _ in range(generator.randint(1, 7))]
        found = ma_chen_bound([arb(h) for h in steps])
        assert found is not None and float(found) == pytest.approx(_ma_chen(steps), rel=1e-12)


@pytest.mark.parametrize(("steps", "ma_chen"), [([(1 + 5**0.5) / 2], (5**0.5 - 2) / 2)])
def test_ma_chen_at_the_golden_ratio(steps: list[float], ma_chen: float) -> None:
    assert float(ma_chen_bound([arb(h) for h in steps])) == pytest.approx(ma_chen, rel=1e-12)


def test_lower_bounds_hold_on_certified_schedules() -> None:
    generator = random.Random(5)
    for count in (1, 2, 3):
        steps = [f"{generator.uniform(0.3, 4):.3f}" for _ in range(count)]
        found = candidate(steps)
        balls = enclose_all(found.schedule.field, found.schedule.steps)
        for bound in (ma_chen_bound(balls), jung_cho_yun_bound(balls), quadratic_bound(balls)):
            assert bound is not None and bound < found.upper * (1 + arb("1e-9"))
        assert huber_bound(sum(balls, arb(0))) < found.upper * (1 + arb("1e-9"))


def test_the_optimised_schedule_matches_itself() -> None:
    found = candidate(obs_f(3))
    assert found.verdict.kind == "matches" and found.result.tight
    assert "beats silver by at least 8.57 %" in found.verdict.sentence


def test_branch_and_bound_schedule_of_six_steps_is_worse() -> None:
    found = candidate(BNB_SIX)
    assert found.verdict.kind == "worse"
    assert found.verdict.sentence.startswith("worse than OBS-F by 2.84 to 2.85 %; beats silver by at least 2.2")


@pytest.mark.parametrize(
    ("steps", "measure", "kind", "words"),
    [
        (obs_s(2), "gradient-norm-from-distance", "matches", "OBS-S"),
        (list(reversed(obs_f(2).numbers)), "gradient-norm", "matches", "OBS-G"),
        (constant(2), "gradient-norm", "worse", "OBS-G"),
        (constant(3), "function-value", "worse", "worse than silver by at least"),
    ],
)
def test_verdicts_in_all_measures(steps: object, measure: str, kind: str, words: str) -> None:
    found = candidate(steps, measure)  # type: ignore[arg-type]
    assert found.verdict.kind == kind
    assert words in found.verdict.sentence


def test_a_smaller_rate_would_refute() -> None:
    # no such schedule is known, so the comparison itself is fed with numbers
    from pepkit.candidates import _references, _verdict

    references = _references(3, "function-value")
    best = references[0].lower
    assert _verdict(best * arb("0.98"), best * arb("0.99"), references, "function-value").kind == "refutes"
    assert _verdict(None, best * arb("1.001"), references, "function-value").kind == "undecided"
    assert _verdict(best * arb("0.9"), best * arb("1.1"), references, "function-value").kind == "undecided"
    # an enclosure that touches the rate of OBS-F refutes nothing
    touching = arb(best.mid(), best * arb("1e-9"))
    assert _verdict(best * arb("0.98"), touching, references, "function-value").kind == "matches"


def test_percent_is_on_the_safe_side() -> None:
    assert percent(arb("0.0284567")) == "2.84"
    assert percent(arb("0.0284567"), up=True) == "2.85"
    assert percent(arb(0)) == "0"


def test_rule_table_and_fit() -> None:
    table = candidate_rule("obs-f", [1, 2, 3])
    assert table.counts == [1, 2, 3]
    low, high = table.constant(table.candidates[0])
    assert low is not None and float(low) == pytest.approx(0.25) and float(high) == pytest.approx(0.25)
    fit = table.fits()[0]
    assert fit.corrected == pytest.approx(SILVER_EXPONENT, abs=1e-5)
    assert "matches for 3 N" in table.verdict


def test_known_bias_of_the_fit() -> None:
    counts = list(range(1, 51))
    rates = [float(best_sums(n).rate("function-value")) for n in counts]
    fit = fit_exponent(counts, rates)
    assert fit.exponent == pytest.approx(1.1898, abs=1e-4)
    assert fit.constant == pytest.approx(0.1570, abs=1e-4)


def test_recursive_pattern_is_silver() -> None:
    rule = recursive_pattern(lambda k: f"1 + (1 + sqrt(2))^({k - 1})")
    assert candidate(rule(3)).upper.overlaps(candidate(silver(3)).upper)
    with pytest.raises(ClaimError, match="no member of length 5"):
        rule(5)


def test_rules_from_files(tmp_path: Path) -> None:
    file = tmp_path / "rule.py"
    file.write_text("def short(n):\n    return ['1/2'] * (n - 1)\n")
    with pytest.raises(ClaimError, match="gave 1 steps for N = 2"):
        candidate_rule(load_rule(f"{file}:short"), [2])
    with pytest.raises(ClaimError, match="no function"):
        load_rule(f"{file}:other")
    with pytest.raises(ClaimError, match="unknown rule"):
        load_rule("golden")


@pytest.mark.parametrize("steps", [["-1"], []])
def test_what_is_no_candidate(steps: list[str]) -> None:
    with pytest.raises(ClaimError):
        candidate(steps)
