"""Named schedules against published numbers."""

import csv
from pathlib import Path

import pytest

from pepkit.kernel import RATIONALS, ClaimError, NumberField
from pepkit.schedules import Schedule, load_schedule, obs_f, obs_s, optimal_constant, schedule, schedule_names, silver

DATA = Path(__file__).parent.parent / "data"
OBS = list(csv.DictReader((DATA / "obs_rates.csv").open()))
OPTIMAL = list(csv.DictReader((DATA / "constant_step_optimal.csv").open()))


@pytest.mark.parametrize("row", OBS[::3], ids=lambda row: row["n"])
def test_sums_of_optimised_schedules(row):
    n = int(row["n"])
    assert sum(obs_s(n).floats()) == pytest.approx(float(row["sum_obs_s"]), rel=1e-11)
    assert sum(obs_f(n).floats()) == pytest.approx(float(row["sum_obs_f"]), rel=1e-11)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 11])
def test_sum_and_product_rules(n):
    """s-composable: 1/(1+H) = prod(h-1); f-composable: 1/(1+2H) = prod(h-1)^2 (Grimmer, Shu, Wang)."""
    for plan, power, factor in ((obs_s(n), 1, 1), (obs_f(n), 2, 2)):
        product = 1.0
        for h in plan.floats():
            product *= (h - 1) ** power
        assert product == pytest.approx(1 / (1 + factor * sum(plan.floats())), rel=1e-12)


def test_silver_is_obs_s_at_powers_of_two():
    for n in (1, 3, 7, 15):
        assert silver(n).steps == obs_s(n).steps
    assert str(silver(3)) == "silver(3): sqrt(2), 2, sqrt(2)"


@pytest.mark.parametrize("row", [row for row in OPTIMAL if int(row["n"]) <= 20], ids=lambda row: row["n"])
def test_optimal_constant_steps(row):
    n = int(row["n"])
    plan = optimal_constant(n)
    h = plan.steps[0]
    assert plan.floats()[0] == pytest.approx(float(row["h"]), rel=1e-11)
    assert (1 - h) ** (2 * n) * (1 + 2 * n * h) == 1
    assert (plan.field == RATIONALS) == (n == 1)
    if n <= 6:
        assert n == 1 or (isinstance(plan.field, NumberField) and plan.field.degree == 2 * n - 1)


def test_names():
    curved = ("chebyshev", "arcsine", "silver-strongly-convex", "sc-obs-s", "sc-obs-f")
    for name in schedule_names():
        if name == "anytime":
            assert len(schedule(name, 4)) == 4
        else:
            assert len(schedule(name, 3, **({"mu": "1/10"} if name in curved else {}))) == 3
    with pytest.raises(ClaimError, match="give 0 < mu < L"):
        schedule("chebyshev", 3)
    with pytest.raises(ClaimError, match="known are constant"):
        schedule("golden", 3)
    with pytest.raises(ClaimError, match="takes no parameter step"):
        schedule("silver", 3, step=1)
    for steps in (0, -1, 10**9, None):
        with pytest.raises(ClaimError):
            schedule("silver", steps)


@pytest.mark.parametrize(
    "text",
    [
        '["3/2", 0.1, "sqrt(2)"]',
        '{"steps": ["3/2", "1/10", "2^(1/2)"], "name": "mine"}',
        "3/2\n\n0.1, # a tenth\nsqrt(2)\n",
    ],
)
def test_files(tmp_path, text):
    path = tmp_path / "plan.txt"
    path.write_text(text)
    plan = load_schedule(path)
    assert plan.steps == Schedule.of(["3/2", "1/10", "sqrt(2)"]).steps


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no steps"), ("[1,", "not valid JSON"), ("1\nx\n", "line 2"), ('{"a": 1}', "neither"), ("[NaN]", "entry 0")],
)
def test_bad_files_name_the_place(tmp_path, text, message):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(ClaimError, match=message):
        load_schedule(path)
    with pytest.raises(ClaimError, match="cannot read"):
        load_schedule(tmp_path / "missing")
