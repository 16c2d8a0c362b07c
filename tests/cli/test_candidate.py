"""``pepkit candidate`` and ``pepkit certify straightforward``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_candidate_with_steps(run: Any) -> None:
    done = run("candidate", "1.414213653", "1.876768068", "--json", "-o", "c.json")
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert data["verdict"]["kind"] == "worse"
    assert data["comparison"][0]["name"] == "OBS-F"
    assert run("check", "c.json").exit_code == 0


def test_candidate_from_a_file_says_its_verdict(run: Any) -> None:
    Path("plan.txt").write_text("sqrt(2)\n1 + sqrt(2)\n3/2\n")
    done = run("candidate", "plan.txt")
    assert done.exit_code == 0
    assert "matches OBS-F" in done.stdout


def test_rule(run: Any) -> None:
    done = run("candidate", "--rule", "constant", "--steps", "1,2", "-o", "folder")
    assert done.exit_code == 0
    assert "Fit N = 1..2" in done.stdout
    assert run("check", "folder").exit_code == 0


def test_bad_usage(run: Any) -> None:
    for words in ([], ["1", "--rule", "silver"], ["nothing.txt"], ["--rule", "silver", "--steps", "a"], ["-o", "x"]):
        assert run("candidate", *words).exit_code == 2


def test_straightforward_pattern(run: Any) -> None:
    done = run("certify", "straightforward", "1.5,4.9,1.5", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["average"]["exact"] == "79/30"
    checked = run("check", "straightforward-3.json", "-v")
    assert checked.exit_code == 0 and "straightforward" in checked.stdout
    assert run("show", "straightforward-3.json").exit_code == 0
    assert run("certify", "straightforward", "5").exit_code == 2
    assert run("certify", "straightforward", "1.5,9,1.5").exit_code == 3
