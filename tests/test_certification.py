"""End to end: from a question to a theorem, against published rates."""

import csv
import threading
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq

import pepkit
from pepkit.algebra import to_float
from pepkit.kernel import CertificateError, ClaimError, check, load
from pepkit.pep import gradient_descent, method
from pepkit.schedules import constant, obs_f, obs_s, optimal_constant, silver

DATA = Path(__file__).parent / "data"
RHO = 1 + 2**0.5


def rate_of(result):
    return to_float(result.theorem.claim.field, result.rate)


def lower_of(result):
    return to_float(result.theorem.claim.field, result.lower)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 15, 30, 60])
def test_constant_step_one_is_sharp(n):
    result = pepkit.certify(gradient_descent(constant(n)), mode="sharp")
    assert result.rate == fmpq(1, 4 * n + 2)
    assert result.tight
    assert result.lower == result.rate


@pytest.mark.parametrize("h", ["1/10", "1/2", "9/10", "5/4", "3/2", "17/10", "19/10", "199/100"])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_every_rational_constant_step(n, h):
    """max{1/(4Nh+2), (1-h)^(2N)/2} (Drori, Teboulle; Kim 2412.04427)."""
    numerator, denominator = map(int, h.split("/"))
    step = fmpq(numerator, denominator)
    result = pepkit.certify(gradient_descent(constant(n, h)), mode="sharp", sympy=False)
    assert result.rate == max(1 / (4 * n * step + 2), (1 - step) ** (2 * n) / 2)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_silver_is_sharp(k):
    result = pepkit.certify(gradient_descent(silver(2**k - 1)), mode="sharp", sympy=k <= 3)
    assert result.tight
    rho = 1 + result.theorem.claim.field.generator
    assert result.rate == 1 / (4 * rho**k - 2)


def test_silver_seven_in_words():
    result = pepkit.certify(gradient_descent(silver(7)), sympy=True)
    text = str(result)
    assert "-13/62 + 5*sqrt(2)/31" in text
    assert "0.01842154231824" in text
    assert result.checked_by == ("kernel", "sympy")
    assert "L-smooth convex" in text


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_optimal_constant_steps_are_sharp_in_their_fields(n):
    row = list(csv.DictReader((DATA / "constant_step_optimal.csv").open()))[n - 1]
    result = pepkit.certify(gradient_descent(optimal_constant(n)), mode="sharp", sympy=False)
    h = result.theorem.claim.method.steps[0]
    assert result.rate == 1 / (4 * n * h + 2)
    assert rate_of(result) == pytest.approx(float(row["rate"]), rel=1e-10)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 9])
def test_obs_s_is_sharp(n):
    result = pepkit.certify(gradient_descent(obs_s(n)), mode="sharp", sympy=False)
    total = sum(result.theorem.claim.method.steps, start=result.theorem.claim.field.coerce(0))
    assert result.rate == 1 / (2 * (2 * total + 1))


@pytest.mark.parametrize("row", list(csv.DictReader((DATA / "obs_rates.csv").open()))[:25:4], ids=lambda row: row["n"])
def test_optimised_schedules_within_the_relaxed_tolerance(row):
    for plan, column in ((obs_s(int(row["n"])), "obs_s_rate"), (obs_f(int(row["n"])), "obs_f_rate")):
        result = pepkit.certify(gradient_descent(plan), mode="relaxed", sympy=False)
        published = float(row[column])
        assert published * (1 - 1e-10) <= rate_of(result) <= published * (1 + 1.01e-6)
        assert lower_of(result) <= published * (1 + 1e-10)
        assert lower_of(result) == pytest.approx(published, rel=3e-6)


@pytest.mark.parametrize("row", list(csv.DictReader((DATA / "hypoconvex.csv").open()))[::3])
def test_hypoconvex_rates(row):
    h = str(float(row["h"]))
    claim = gradient_descent(
        constant(int(row["n"]), h),
        mu=f"{float(row['mu_over_L'])}*L",
        measure="smallest-gradient-norm",
        initial="function-value",
    )
    result = pepkit.certify(claim, sympy=False)
    assert rate_of(result) == pytest.approx(float(row["rate"]), rel=1.1e-6)
    assert rate_of(result) >= float(row["rate"]) * (1 - 1e-10)


@pytest.mark.parametrize(
    "pair", [("distance", "distance"), ("function-value", "function-value"), ("gradient-norm", "gradient-norm")]
)
def test_strongly_convex_contraction(pair):
    """All three contract by ((1-m)/(1+m))^(2N) for h = 2/(1+m)."""
    measure, initial = pair
    claim = gradient_descent(constant(2, "20/11"), mu="L/10", measure=measure, initial=initial)
    result = pepkit.certify(claim, mode="sharp", sympy=False)
    assert result.rate == fmpq(9, 11) ** 4


def test_strongly_convex_function_values():
    """R_f = 1/2 max{m/(m-1+(1-mh)^(-2N)), (1-h)^(2N)}."""
    for h, n in ((fmpq(1), 3), (fmpq(1, 2), 2), (fmpq(19, 10), 2)):
        m = fmpq(1, 10)
        result = pepkit.certify(gradient_descent(constant(n, str(h)), mu="L/10"), mode="sharp", sympy=False)
        assert result.rate == max(m / (m - 1 + (1 - m * h) ** (-2 * n)), (1 - h) ** (2 * n)) / 2


def test_momentum_methods():
    theta_two = (1 + (1 + 8 * ((1 + 5**0.5) / 2) ** 2) ** 0.5) / 2
    for n, expected in ((1, 1 / 8), (2, 1 / (2 * theta_two**2))):
        result = pepkit.certify(method("optimized-gradient", n), mode="sharp", sympy=False)
        assert rate_of(result) == pytest.approx(expected, rel=1e-14)
        assert result.tight
    item = pepkit.certify(method("item", 2, mu="L/10"), mode="sharp", sympy=False)
    assert rate_of(item) == pytest.approx(0.376939491484, rel=1e-11)
    nesterov = pepkit.certify(method("nesterov", 3), sympy=False)
    assert rate_of(nesterov) == pytest.approx(0.0576291, rel=1e-6)


@pytest.mark.parametrize("steps", [["1.37", "2.33", "2.44"], ["2.1", "1.7", "2.5", "1.1"], ["0.45", "1.71"], ["5/2"]])
def test_other_worst_cases_are_bracketed(steps):
    result = pepkit.certify(gradient_descent(steps), sympy=False)
    assert lower_of(result) <= rate_of(result)
    assert rate_of(result) <= lower_of(result) * (1 + 2e-6)
    if steps == ["0.45", "1.71"]:
        assert result.rate == fmpq(5041, 42050)


@pytest.mark.parametrize("tolerance", ["1e-2", 1e-4, 1e-8])
def test_relaxed_rates_are_short_and_within_tolerance(tolerance):
    result = pepkit.certify(gradient_descent(constant(10)), mode="relaxed", tolerance=tolerance)
    assert fmpq(1, 42) < result.rate <= fmpq(1, 42) * (1 + fmpq(*float(tolerance).as_integer_ratio()))
    assert 0 < result.excess <= float(tolerance) * 1.001
    assert len(str(result.rate.q)) <= 1 - np.log10(float(tolerance)) + 4


def test_numeric_constants():
    result = pepkit.certify(gradient_descent(constant(2), L=5), sympy=False)
    assert "5-smooth" in str(result.theorem)
    assert "(1/10 * 5)" in str(result.theorem) or "1/10 * 5" in str(result.theorem)


def test_saved_certificates_are_checked_again(tmp_path):
    result = pepkit.certify(gradient_descent(silver(3)))
    result.save(tmp_path / "silver.json")
    theorem = pepkit.check(pepkit.load(tmp_path / "silver.json"))
    assert theorem.rate == result.rate
    assert theorem.tight
    broken = (tmp_path / "silver.json").read_text().replace('"-5/14"', '"-6/14"').replace('"-6/14"', '"-3/7"')
    (tmp_path / "broken.json").write_text(broken)
    with pytest.raises(CertificateError):
        check(load(tmp_path / "broken.json"))


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "best"},
        {"tolerance": 0},
        {"tolerance": 2},
        {"tolerance": "x"},
        {"tolerance": 1e-15},
        {"family": "some"},
    ],
)
def test_bad_options(options):
    with pytest.raises((ClaimError, pepkit.CertificationError)):
        pepkit.certify(gradient_descent(constant(2)), **options)


def test_sharp_mode_says_why_it_fails():
    with pytest.raises(pepkit.CertificationError, match="relaxed") as error:
        pepkit.certify(gradient_descent(["1.37", "2.33", "2.44"]), mode="sharp")
    assert error.value.attempts


def test_progress_is_reported():
    seen = []
    pepkit.certify(gradient_descent(constant(3)), progress=lambda stage, detail: seen.append(stage))
    assert {"solve", "approximate", "check"} <= set(seen)


def test_threads_do_not_touch_each_other():
    plans = [constant(3), silver(7), constant(5, "1/2"), optimal_constant(3), silver(3), constant(2, "19/10")]
    expected = [pepkit.certify(gradient_descent(plan), sympy=False).rate for plan in plans]
    found = [None] * len(plans)

    def work(k):
        found[k] = pepkit.certify(gradient_descent(plans[k]), sympy=False).rate

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_families():
    comparison = pepkit.compare_family(gradient_descent(constant(6)), "consecutive-and-star")
    assert comparison.unchanged
    assert comparison.size == 13
    worse = pepkit.compare_family(gradient_descent(silver(3)), "consecutive-and-star")
    assert not worse.unchanged
    assert worse.ratio == pytest.approx(1.0232, abs=2e-4)
    assert pepkit.compare_family(gradient_descent(silver(7)), "dyadic-pivots").unchanged
    support = [(i, i + 1) for i in range(4)] + [(5, j) for j in range(5)]
    assert pepkit.compare_family(gradient_descent(constant(4)), support).unchanged
    with pytest.raises(ClaimError):
        pepkit.compare_family(gradient_descent(constant(4)), [(0, 9)])


def test_certify_on_a_family():
    result = pepkit.certify(gradient_descent(constant(6)), family="consecutive-and-star", mode="sharp")
    used = result.certificate.multipliers["interpolation"]
    assert result.rate == fmpq(1, 26)
    assert all(i == 7 or j == i + 1 for i, j in used)
