"""Every laboratory in a short form: its tested statements hold, its report is whole, runs are reproducible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pepkit import labs
from pepkit.labs import targets

SMALL: dict[str, dict[str, Any]] = {
    "gradient-descent": {"functions": 30},
    "schedule-race": {"steps": 31, "samples": 5},
    "deep-linear": {"seeds": 6, "depths": (2, 3), "points": 201},
    "learning-times": {"products": 100},
    "descent-chaos": {"depths": (2,), "cells": 16, "steps": 20},
    "angle-collapse": {"layers": (1, 10, 100), "samples": 200},
    "mean-shift": {"seeds": 60, "dense_seeds": 1, "width": 128, "batch_widths": (64,)},
    "trainability": {"depths": (4,), "steps": 15, "rates": (0.03,), "seeds": 1},
}


@pytest.mark.parametrize("name", SMALL)
def test_short_form(name: str, tmp_path: Path) -> None:
    result = labs.run(name, quick=True, output=tmp_path, **SMALL[name])
    assert result.holds, [str(finding) for finding in result.findings]
    assert result.findings and result.studies and "seconds" in result.provenance
    report = result.save(tmp_path, pictures=False).read_text()
    assert all(study.title in report for study in result.studies.values())
    again = labs.run(name, quick=True, output=tmp_path, resume=True, **SMALL[name])
    assert {key: study.rows for key, study in again.studies.items()} == {
        key: study.rows for key, study in result.studies.items()
    }


def test_all_labs_of_this_kind_are_registered() -> None:
    assert set(SMALL) <= set(labs.names())


def test_same_seed_same_tables_other_seed_others() -> None:
    first, again, other = (
        labs.run("learning-times", products=50, seed=s).studies["random-layers"].rows for s in (1, 1, 2)
    )
    assert first == again != other


def test_known_numbers_that_take_no_time() -> None:
    table = targets.target_tables()["deep-linear"]
    chosen = {
        "E.arora",
        "E.svd4",
        "E.saxe",
        "E.T.N",
        "E.T.w0",
        "E.lyap",
        "E.chaos",
        "E.horseshoe",
        "E.period2",
        "E.minnorm.counter",
    }
    found = {}
    for computed in table.compute(0):
        found[computed.id] = computed
        if chosen <= set(found):
            break
    rows = {row["id"]: row for row in table.rows()}
    for key in chosen:
        assert targets.compare(rows[key], found[key]).status == "met", key
