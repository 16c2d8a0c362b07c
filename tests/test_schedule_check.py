"""Properties of schedules: proved with certificates, refuted exactly, mutations refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from jsonschema import Draft202012Validator

from pepkit.kernel import (
    RATIONALS,
    CertificateError,
    ClaimError,
    FormatError,
    ScheduleProperty,
    SchedulePropertyClaim,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.schedule_check import check_schedule
from pepkit.schedules import Schedule, constant, obs_f, obs_s, optimal_constant, silver
from pepkit.schedules.join_tree import primitive_multipliers
from pepkit.schema import schema

REVERSED = Schedule.of(list(reversed(obs_f(3).numbers)))


@pytest.mark.parametrize(
    ("plan", "has"),
    [
        (silver(7), {"primitive", "s-composable", "dominant", "g-bounded"}),
        (obs_s(4), {"primitive", "s-composable", "dominant", "g-bounded"}),
        (constant(2, "3/2"), {"primitive", "s-composable", "dominant", "g-bounded"}),
        (obs_f(3), {"dominant", "f-composable"}),
        (REVERSED, {"g-bounded", "g-composable"}),
        (optimal_constant(2), {"dominant", "f-composable", "g-bounded", "g-composable"}),
        (silver(4), set()),
    ],
    ids=lambda value: f"{value.name}-{len(value)}" if isinstance(value, Schedule) else " ".join(sorted(value)),
)
def test_properties(plan: Schedule, has: set[str]) -> None:
    verdicts = check_schedule(plan)
    assert {v.name.value for v in verdicts if v.status == "proved"} == has
    assert not [v for v in verdicts if v.status == "undecided"]
    validator = Draft202012Validator(schema())
    for verdict in verdicts:
        if verdict.status == "proved":
            assert verdict.certificate is not None
            text = certificate_to_text(verdict.certificate)
            validator.validate(json.loads(text))
            theorem = check(certificate_from_text(text))
            assert verdict.name.value in str(theorem)
        else:
            assert verdict.certificate is None


def test_the_tree_of_a_long_silver_schedule() -> None:
    plan = silver(31)
    multipliers = primitive_multipliers(plan.field, plan.steps)
    # 160 with the 32 multipliers of the minimiser
    assert multipliers is not None and len(multipliers) == 160 - 32
    assert primitive_multipliers(plan.field, plan.steps[:-1]) is None


@pytest.fixture(scope="module")
def silver_three() -> Any:
    return check_schedule(silver(3))[0].certificate


def test_every_multiplier_matters(silver_three: Any) -> None:
    values = dict(silver_three.multipliers["interpolation"])
    for index, value in values.items():
        for other in (value + fmpq(1, 10**9), -value, value * 0):
            mutated = replace(silver_three, multipliers={"interpolation": {**values, index: other}})
            with pytest.raises(CertificateError):
                check(mutated)


def test_every_step_matters(silver_three: Any) -> None:
    claim = silver_three.claim
    for k in range(3):
        steps = tuple(h + fmpq(1, 10**9) if i == k else h for i, h in enumerate(claim.steps))
        with pytest.raises(CertificateError):
            check(replace(silver_three, claim=SchedulePropertyClaim(claim.field, steps, claim.name)))


def test_a_certificate_proves_its_own_property_only(silver_three: Any) -> None:
    claim = silver_three.claim
    for name in (ScheduleProperty.DOMINANT, ScheduleProperty.G_BOUNDED):
        with pytest.raises((CertificateError, FormatError)):
            check(replace(silver_three, claim=SchedulePropertyClaim(claim.field, claim.steps, name)))
    composable = SchedulePropertyClaim(claim.field, claim.steps, ScheduleProperty.S_COMPOSABLE)
    assert check(replace(silver_three, claim=composable))


def test_claims_without_the_product() -> None:
    one = (fmpq(1),)
    for name in (ScheduleProperty.S_COMPOSABLE, ScheduleProperty.F_COMPOSABLE, ScheduleProperty.G_COMPOSABLE):
        with pytest.raises(ClaimError, match="does not satisfy prod"):
            SchedulePropertyClaim(RATIONALS, one, name)
    with pytest.raises(ClaimError, match="not positive"):
        SchedulePropertyClaim(RATIONALS, (fmpq(0),), ScheduleProperty.PRIMITIVE)


def test_undecided_where_equality_is_not_decidable() -> None:
    plan = obs_f(6)
    verdicts = {v.name.value: v.status for v in check_schedule(Schedule("steps only", plan.numbers))}
    assert verdicts["f-composable"] == "undecided"
    # the tree of joins decides it
    verdicts = {v.name.value: v.status for v in check_schedule(plan)}
    assert verdicts["f-composable"] == "proved"


def test_files(silver_three: Any) -> None:
    data = json.loads(certificate_to_text(silver_three))
    data["claim"]["property"] = "best"
    with pytest.raises(FormatError, match="unknown property"):
        certificate_from_text(json.dumps(data))
    data["claim"]["property"] = "primitive"
    data["claim"]["rate"] = "1"
    with pytest.raises(FormatError, match="unknown key"):
        certificate_from_text(json.dumps(data))


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from pepkit.cli.application import application

    monkeypatch.chdir(tmp_path)
    Path("plan.txt").write_text("sqrt(2)\n2\nsqrt(2)\n")
    runner = CliRunner()
    done = runner.invoke(application, ["schedule", "check", "plan.txt", "--json", "-o", "folder"])
    assert done.exit_code == 0
    found = {entry["name"]: entry["status"] for entry in json.loads(done.stdout)["properties"]}
    assert found["s-composable"] == "proved" and found["f-composable"] == "refuted"
    assert runner.invoke(application, ["check", "folder"]).exit_code == 0
    assert runner.invoke(application, ["schedule", "check", "silver:3"]).exit_code == 0
    assert runner.invoke(application, ["schedule", "check", "nothing"]).exit_code == 2
