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


def command(tmp_path: Path, script: str, *options: str) -> object:
    (tmp_path / "problem.py").write_text(script)
    arguments = ["certify", "pepit", str(tmp_path / "problem.py"), "-o", str(tmp_path / "out.json"), *options]
    return CliRunner().invoke(application, arguments)


def test_recognised_problem_is_saved_as_typed_claim(tmp_path: Path) -> None:
    data = json.loads(command(tmp_path, TOP_LEVEL, "--json").stdout)["results"][0]
    theorem = pepkit.check(pepkit.load(tmp_path / "out.json"))
    assert "typed" in data
    assert (str(theorem.rate), theorem.claim.steps) == ("1/6", 1)
    assert data["reading"] == "exact"


def test_infinite_worst_case(tmp_path: Path) -> None:
    script = TOP_LEVEL.replace("problem.set_initial_condition((x0 - xs) ** 2 <= 1)", "")
    answer = command(tmp_path, script, "--json")
    assert answer.exit_code == 3
    error = json.loads(answer.stdout)["error"]
    assert error["kind"] == "UnboundedProblemError"
    assert "an exact direction proves it" in error["message"]


def test_contradiction_is_saved(tmp_path: Path) -> None:
    answer = command(tmp_path, TOP_LEVEL.replace("<= 1", "<= -1"))
    assert answer.exit_code == 3
    assert pepkit.check(pepkit.load(tmp_path / "out-contradiction.json")).rate < 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("(x0 - xs) ** 2 <= 1", "(x0 - xs) ** 2"), "PEPit refused a step of problem.py in line 8"),
        (("problem = PEP()", "problem = PEP()\n1 / 0"), "ZeroDivisionError"),
        (("problem = PEP()", "problem = PEP()\nraise SystemExit(4)"), "exit code 4"),
        (("problem.set_performance_metric", "str"), "no performance metric"),
    ],
)
def test_failing_scripts_are_explained(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    answer = command(tmp_path, TOP_LEVEL.replace(*change))
    assert answer.exit_code == 2
    assert words in " ".join(answer.output.split())


def test_solver_failure_says_what_to_try(tmp_path: Path) -> None:
    # coefficients of 60 orders of magnitude are beyond every solver in double precision
    script = TOP_LEVEL.replace("L=1)", "L=1e30)").replace("<= 1)", "<= 1e-30)")
    answer = command(tmp_path, script)
    assert answer.exit_code == 3
    assert "Try" in answer.output or "infinite" in answer.output


def test_sympy_option(tmp_path: Path) -> None:
    answer = command(tmp_path, TOP_LEVEL, "--sympy", "--json")
    assert json.loads(answer.stdout)["results"][0]["checked_by"] == ["kernel", "sympy"]


def test_rounding_can_be_kept(tmp_path: Path) -> None:
    script = TOP_LEVEL.replace("f.gradient(x0)", "0.1 * f.gradient(x0)")
    kept = json.loads(command(tmp_path, script, "--keep-rounding", "--json").stdout)["results"][0]
    assert (kept["reading"], kept["moved"]) == ("dyadic", 0.0)
    decimal = json.loads(command(tmp_path, script, "--decimal", "--json").stdout)["results"][0]
    assert decimal["reading"] == "decimal"
