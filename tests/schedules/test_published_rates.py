"""Certified rates of the named compositions against tabulated ones (12 digits, L = 1)."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from pepkit.kernel import InitialCondition, Measure, check
from pepkit.kernel.words import decimal_text
from pepkit.schedules import composition, composition_proof

ROWS = list(csv.DictReader((Path(__file__).parents[1] / "data" / "compositions.csv").open()))
NAMES = sorted({row["schedule"] for row in ROWS})


def rate(row):
    """The certified rate in decimals; the proof is checked by the kernel."""
    name, *reverse = row["schedule"].split()
    kappa = int(row["kappa"] or 0)
    found = composition(name, int(row["steps"]), 1 / kappa if kappa else 0)
    found = found.reversed() if reverse else found
    measure = Measure[row["measure"].upper().replace("-", "_")]
    from_value = found.kind == "g"
    initial = InitialCondition.FUNCTION_VALUE if from_value else InitialCondition.DISTANCE
    mu = Fraction(1, kappa) if kappa else 0
    theorem = check(composition_proof(found, mu=mu, measure=measure, initial=initial))
    field = theorem.claim.field
    assert decimal_text(field, theorem.rate, 14) == decimal_text(field, theorem.lower, 14), "two-sided"
    return float(decimal_text(field, theorem.rate))


@pytest.mark.parametrize("name", NAMES)
def test_rates(name):
    rows = [row for row in ROWS if row["schedule"] == name]
    assert rows
    # cubic equations take longer: every third row of those schedules
    for row in rows[:: 3 if name.startswith("sc-obs-f") else 1]:
        assert rate(row) == pytest.approx(float(row["rate"]), rel=2e-11), row
