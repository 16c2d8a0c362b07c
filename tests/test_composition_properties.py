"""Properties of composed schedules by their tree, and their refutation by enclosures."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import (
    CertificateError,
    ClaimError,
    FormatError,
    RadicalField,
    ScheduleProperty,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.kernel.composition_properties import CompositionPropertyClaim, TreeProof
from pepkit.schedule_check import _by_tree, _misses, check_schedule
from pepkit.schedules import Schedule, obs_f, obs_s, tree

S, F, G = ScheduleProperty.S_COMPOSABLE, ScheduleProperty.F_COMPOSABLE, ScheduleProperty.G_COMPOSABLE


@pytest.mark.parametrize(
    ("text", "name", "holds"),
    [
        ("s(., s(., .))", S, True), ("s(., .)", ScheduleProperty.PRIMITIVE, True),
        ("s(., .)", ScheduleProperty.DOMINANT, True), ("s(., .)", F, False), ("s(., .)", ScheduleProperty.G_BOUNDED, False),
        ("f(s(., .), f(., .))", F, True), ("f(., .)", ScheduleProperty.PRIMITIVE, False),
        ("f(., s(., .))", ScheduleProperty.DOMINANT, True), ("f(., s(., .))", F, False),
        ("f(., f(., s(., .)))", F, False), ("g(g(., .), s(., .))", G, True),
        ("g(., .)", ScheduleProperty.G_BOUNDED, True), ("g(., .)", ScheduleProperty.DOMINANT, False),
        ("close(s(., .))", S, False),
    ],
)  # fmt: skip
def test_what_a_tree_proves(text, name, holds):
    proof = TreeProof(CompositionPropertyClaim(tree(text).instructions, name))
    if holds:
        again = certificate_from_text(certificate_to_text(proof))
        assert check(again).claim == proof.claim
    else:
        with pytest.raises(CertificateError):
            check(proof)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from(["s(., s(., .))", "f(s(., .), f(., .))", "g(g(., .), s(., .))", "f(., s(., .))"]),
    st.sampled_from(list(ScheduleProperty)),
)
def test_the_tree_agrees_with_the_steps(text, name):
    """What the tree proves holds for the steps, as decided in their field."""
    composed = tree(text)
    try:
        check(TreeProof(CompositionPropertyClaim(composed.instructions, name)))
    except CertificateError:
        return
    verdicts = {verdict.name: verdict.status for verdict in check_schedule(Schedule("tree", composed.numbers()))}
    assert verdicts[name] != "refuted"
    verdicts = {v.name: v.status for v in check_schedule(Schedule("tree", composed.numbers(), "", composed))}
    assert verdicts[name] == "proved"


def test_deep_towers():
    plan = obs_s(40)
    assert isinstance(plan.field, RadicalField)
    for name in (ScheduleProperty.PRIMITIVE, ScheduleProperty.DOMINANT, S):
        verdict = _by_tree(plan, name)
        assert verdict.status == "proved"
        assert check(verdict.certificate).claim.name is name
    assert _by_tree(plan, F) is None


def test_refuted_by_enclosures():
    plan = obs_f(20)
    assert isinstance(plan.field, RadicalField)
    changed = Schedule("changed", (*plan.numbers[:-1], plan.numbers[-1] + 1))
    assert _misses(changed, F) and not _misses(Schedule("same", plan.numbers), F)


def test_files_are_read_strictly():
    proof = TreeProof(CompositionPropertyClaim(tree("s(., .)").instructions, S))
    data = json.loads(certificate_to_text(proof))
    for change in (
        {"property": "heavy"},
        {"joins": []},
        {"joins": [["s", "empty", 0]]},
        {"joins": [["s", 1.5, 1]]},
        {"more": 1},
    ):
        with pytest.raises((FormatError, ClaimError)):
            check(certificate_from_text(json.dumps({**data, "claim": {**data["claim"], **change}})))
    with pytest.raises(CertificateError):
        check(replace(proof, claim=CompositionPropertyClaim(proof.claim.instructions, G)))
