"""Named schedules against published numbers."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from flint import fmpq

from pepkit.algebra import realise, to_float
from pepkit.kernel import RATIONALS, ClaimError, NumberField
from pepkit.schedules import (
    Schedule,
    growing,
    load_schedule,
    obs_f,
    obs_s,
    optimal_constant,
    schedule,
    schedule_names,
    silver,
)

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
        elif name == "growing":
            assert len(schedule(name, 3, mu="-1/20")) == 3
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


def test_growing_steps():
    for kappa in ("1/50", "1/20", "1/10", "1/5", "1"):
        k = Fraction(kappa)
        plan = growing(3, f"-{kappa}")
        first, rest, last = plan.numbers
        field, (a, b) = realise([first, rest])
        assert last == rest
        m = fmpq(k.numerator, k.denominator)
        cubic = m * (m - 1) * b**3 - (m * m - 5 * m + 1) * b**2 + 4 * (1 - m) * b - 4
        assert not cubic and 1 < to_float(field, b) < 2
        if k < Fraction(1, 10):
            assert not (m * a * a + 2 * (1 - m) * a - 3) and field.sign(b - a) > 0
        else:
            # kappa = 1/10 lies just below the threshold 0.100099
            assert (a == b) == (k > Fraction(1, 10))
    assert growing(2, -1).floats() == pytest.approx([2 / 3**0.5] * 2)
    for bad in ("1/10", 0, "-2", "-sqrt(2)/2"):
        with pytest.raises(ClaimError, match="hypoconvex"):
            growing(3, bad)
    with pytest.raises(ClaimError, match="give -L <= mu < 0"):
        schedule("growing", 3)
