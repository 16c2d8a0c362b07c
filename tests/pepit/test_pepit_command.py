"""``pepkit certify pepit`` on scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pepkit
from pepkit.cli.application import application

TOP_LEVEL = """
from PEPit import PEP
from PEPit.functions import SmoothConvexFunction
problem = PEP()
f = problem.declare_function(SmoothConvexFunction, L=1)
xs = f.stationary_point()
x0 = problem.set_initial_point()
problem.set_initial_condition((x0 - xs) ** 2 <= 1)
problem.set_performance_metric(f(x0 - f.gradient(x0)) - f(xs))
"""
SOLVED = (
    "def run():\n"
    + "".join(f"    {line}\n" for line in TOP_LEVEL.splitlines())
    + ("    return problem.solve(verbose=0)\nvalue = run()\nassert abs(value - 1/6) < 1e-9\n")
)


@pytest.mark.parametrize("script", [TOP_LEVEL, SOLVED])
def test_scripts(script: str, tmp_path: Path) -> None:
    (tmp_path / "my_script.py").write_text(script)
    target = tmp_path / "out.json"
    answer = CliRunner().invoke(
        application, ["certify", "pepit", str(tmp_path / "my_script.py"), "-o", str(target), "--json"]
    )
    assert answer.exit_code == 0, answer.output
    data = json.loads(answer.stdout)
    assert data["results"][0]["tight"] is True
    assert str(pepkit.check(pepkit.load(target)).rate) == "1/6"


def test_script_without_problem(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    answer = CliRunner().invoke(application, ["certify", "pepit", str(tmp_path / "empty.py")])
    assert answer.exit_code != 0
    assert "builds no PEPit problem" in answer.output


def test_foreign_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(TOP_LEVEL)
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    answer = CliRunner().invoke(application, ["certify", "pepit", str(tmp_path / "s.py"), "-o", str(target)])
    assert answer.exit_code != 0
    assert target.read_text() == "mine"
