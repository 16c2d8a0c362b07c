"""``pepkit certify``: options, files, output. The search itself is replaced, but for the last tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_certificates as samples

from pepkit.kernel import InitialCondition, Measure, check, load, save

Run = Callable[..., Any]
GRADIENT_DESCENT = ("certify", "gradient-descent", "--steps", "3")


def test_output(run: Run, search: Any, tmp_path: Path) -> None:
    result = run(*GRADIENT_DESCENT)
    assert result.exit_code == 0, result.output
    for phrase in (
        "Theorem. Let f be L-smooth convex",
        "<=  1/14 * L * |x_0 - x_*|^2",
        "In decimals the rate is 0.0714285714285714",
        "equal to the rate, so the rate is tight",
        "all function values and constants cancel",
        "kernel, sympy",
        "Certificate  constant-3.json",
    ):
        assert phrase in result.stdout
    check(load(tmp_path / "constant-3.json"))
    assert search.arguments == {"mode": "auto", "solver": "auto", "family": "auto", "witness": True, "sympy": "auto"}


def test_json(run: Run, search: Any) -> None:
    result = run(*GRADIENT_DESCENT, "--json")
    data = json.loads(result.stdout)
    assert data["status"] == "proved"
    assert data["rate"]["exact"] == "1/14" and data["rate"]["power_of_L"] == 1
    assert data["lower"]["exact"] == "1/14"
    assert data["tight"] is True and data["sharp"] is True
    assert data["file"] == "constant-3.json"
    assert len(data["certificate_digest"]) == 64
    assert data["seconds"] == 0.75
    assert result.stderr == ""


def test_options_arrive(run: Run, search: Any) -> None:
    run(
        *GRADIENT_DESCENT,
        "--step",
        "3/2",
        "--mu",
        "L/10",
        "--measure",
        "gradient-norm",
        "--initial",
        "function-value",
        "--relaxed",
        "1e-4",
        "--solver",
        "scs",
        "--family",
        "all-pairs",
        "--no-witness",
        "--no-sympy",
    )
    assert search.arguments == {
        "mode": "relaxed",
        "tolerance": "1e-4",
        "solver": "scs",
        "family": "all-pairs",
        "witness": False,
        "sympy": False,
    }
    claim = search.claim
    assert claim.measure is Measure.GRADIENT_NORM and claim.initial is InitialCondition.FUNCTION_VALUE
    assert str(claim.function_class.mu_over_L) == "1/10"
    assert [str(h) for h in claim.method.steps] == ["3/2"] * 3


def test_sharp_and_sympy(run: Run, search: Any) -> None:
    run(*GRADIENT_DESCENT, "--sharp", "--sympy")
    assert search.arguments["mode"] == "sharp" and search.arguments["sympy"] is True


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["gradient-descent", "--schedule", "silver", "--steps", "7"], "silver-7.json"),
        (["gradient-descent", "--step", "3/2", "--steps", "2"], "constant-3_2-2.json"),
        (["gradient-descent", "--step", "sqrt(2)", "--steps", "1"], "constant-sqrt2-1.json"),
        (
            ["gradient-descent", "--steps", "2", "--mu", "L/10", "--measure", "distance"],
            "constant-2-mu-L_10-distance.json",
        ),
        (["gradient-descent", "--steps", "2", "--measure", "gradient-norm"], "constant-2-gradient-norm.json"),
        (
            [
                "gradient-descent",
                "--steps",
                "2",
                "--mu",
                "-L/10",
                "--form",
                "solver",
                "--measure",
                "smallest-gradient-norm",
                "--initial",
                "function-value",
            ],
            "constant-2-mu-minus-L_10-smallest-gradient-norm-from-function-value.json",
        ),
        (["method", "optimized-gradient", "--steps", "2", "--form", "solver"], "optimized-gradient-2.json"),
    ],
)
def test_file_names(run: Run, search: Any, tmp_path: Path, arguments: list[str], name: str) -> None:
    result = run("certify", *arguments)
    assert result.exit_code == 0, result.output
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        (["--schedule", "growing", "--steps", "2", "--mu", "-L/20"], "growing-2-mu-minus-L_20.json", "min_(i<=2)"),
        # no closed form: b is too long for a
        (["--schedule", "growing", "--steps", "2", "--mu", "-L/100"], "growing-2-mu-minus-L_100-smallest", "min_(i<=2)"),
        (
            ["--step", "3/2", "--steps", "3", "--mu", "-L/10", "--measure", "smallest-gradient-norm", "--initial",
             "function-value"],
            "constant-3_2-3-mu-minus-L_10-smallest-gradient-norm-from-function-value.json", "104/439",
        ),
    ],
)  # fmt: skip
def test_hypoconvex_steps(run: Run, tmp_path: Path, options: list[str], name: str, words: str) -> None:
    result = run("certify", "gradient-descent", *options)
    assert result.exit_code == 0, result.output
    assert words in result.output
    assert [p.name.startswith(name) for p in tmp_path.iterdir()] == [True]
    assert ("no solver was used" in result.output) == ("L_100" not in name)


def test_hypoconvex_steps_without_a_closed_form(run: Run) -> None:
    options = ("--measure", "smallest-gradient-norm", "--initial", "function-value", "--form", "flat")
    result = run("certify", "gradient-descent", "--step", "8/5", "--steps", "2", "--mu", "-3/50", *options)
    assert result.exit_code == 2 and "no closed-form certificate" in result.output


def test_every_schedule(run: Run, tmp_path: Path) -> None:
    result = run("certify", "every-schedule", "--steps", "1", "--bound", "0.12")
    assert result.exit_code == 0, result.output
    assert "No stepsize schedule of 1 step" in result.output
    assert run("check", "every-schedule-1-mu-0.json").exit_code == 0
    result = run("certify", "every-schedule", "--steps", "1", "--bound", "0.13", "--json")
    assert result.exit_code == 3 and "steps near" in json.loads(result.stdout)["error"]["message"]
    assert run("certify", "every-schedule", "--steps", "1", "--bound", "pi").exit_code == 2
    assert run("certify", "every-schedule", "--steps", "2", "--bound", "0.06", "--limit", "2", "--checkpoint", "c.json")
    assert (tmp_path / "c.json").exists()
    result = run("certify", "every-schedule", "--steps", "2", "--bound", "0.06", "--checkpoint", "c.json", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["status"] == "proved"


def test_schedule_file(run: Run, search: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("3/2\n1.5\n1 + sqrt(2)  # long\n")
    result = run("certify", "gradient-descent", "--schedule", "mine.txt")
    assert result.exit_code == 0, result.output
    text = search.claim.field.text
    assert [text(h) for h in search.claim.method.steps] == ["3/2", "3/2", "1 + sqrt(2)"]
    assert run("certify", "gradient-descent", "--schedule", "mine.txt", "--steps", "4").exit_code == 2


def test_schedule_name_of_a_file_stays_in_this_folder(run: Run, search: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps({"name": "../../escape/\x1b[31m", "steps": ["1"]}))
    result = run("certify", "gradient-descent", "--schedule", "mine.json")
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_step_matrix_file(run: Run, search: Any, tmp_path: Path) -> None:
    (tmp_path / "matrix.json").write_text('{"matrix": [["1"], [0.1, "sqrt(2)"]]}')
    result = run("certify", "fixed-step", "matrix.json")
    assert result.exit_code == 0, result.output
    text = search.claim.field.text
    assert [[text(h) for h in row] for row in search.claim.method.matrix] == [["1"], ["1/10", "sqrt(2)"]]


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1]", "[[null]]", "[[1], [2]]", "[[" * 3000, "[[NaN]]"])
def test_bad_step_matrices(run: Run, search: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "matrix.json").write_text(content)
    result = run("certify", "fixed-step", "matrix.json")
    assert result.exit_code == 2, result.output
    assert "internal" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gradient-descent"], "needs --steps"),
        (["gradient-descent", "--steps", "0"], "--steps"),
        (["gradient-descent", "--schedule", "silvr", "--steps", "3"], "did you mean silver?"),
        (["gradient-descent", "--schedule", "silver", "--step", "1", "--steps", "3"], "--step is for the constant"),
        (["gradient-descent", "--steps", "1", "--mu", "2"], "mu must be smaller than L"),
        (["gradient-descent", "--steps", "1", "--measure", "luck"], "luck"),
        (["gradient-descent", "--steps", "1", "--step", "__import__('os')"], ""),
        (["gradient-descent", "--steps", "1", "--sharp", "--relaxed", "1e-3"], "exclude each other"),
        (["method", "newton", "--steps", "1"], "unknown method"),
        (["fixed-step", "missing.json"], "missing.json: No such file"),
    ],
)
def test_bad_input(run: Run, search: Any, tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run("certify", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_json_error(run: Run, search: Any) -> None:
    result = run(*GRADIENT_DESCENT, "--mu", "2", "--json")
    assert result.exit_code == 2
    data = json.loads(result.stdout)
    assert data["status"] == "error" and data["exit_code"] == 2
    assert data["error"]["kind"] == "ClaimError" and "mu" in data["error"]["message"]


def test_no_certificate_found(run: Run, search: Any, tmp_path: Path) -> None:
    from pepkit.result import CertificationError

    search.error = CertificationError("no certificate was found; try --relaxed 1e-4", ["solve: slow", "round: no"])
    result = run(*GRADIENT_DESCENT)
    assert result.exit_code == 3
    assert "try --relaxed 1e-4" in result.stderr and "  - round: no" in result.stderr
    assert not list(tmp_path.iterdir())


def test_bug(run: Run, search: Any, tmp_path: Path) -> None:
    search.error = KeyError("lost")
    result = run(*GRADIENT_DESCENT)
    assert result.exit_code == 70
    assert "This is a bug in pepkit" in result.stderr and "Traceback" not in result.stderr
    result = run("--debug", *GRADIENT_DESCENT)
    assert result.exit_code == 70 and "Traceback" in result.stderr


def test_the_same_theorem_replaces_its_file(run: Run, search: Any, tmp_path: Path) -> None:
    run(*GRADIENT_DESCENT)
    run(*GRADIENT_DESCENT)
    assert [p.name for p in tmp_path.iterdir()] == ["constant-3.json"]


def test_another_theorem_is_left_alone(run: Run, search: Any, tmp_path: Path) -> None:
    save(samples.quadratic_field(), tmp_path / "constant-3.json")
    (tmp_path / "constant-3-2.json").write_text("notes")
    result = run(*GRADIENT_DESCENT)
    assert result.exit_code == 0
    assert "Certificate  constant-3-3.json" in result.stdout
    assert "constant-3.json holds another theorem and was left alone" in result.stderr
    assert (tmp_path / "constant-3-2.json").read_text() == "notes"
    assert load(tmp_path / "constant-3.json") == samples.quadratic_field()


def test_output_file_of_another_question_is_refused_at_once(run: Run, search: Any, tmp_path: Path) -> None:
    save(samples.quadratic_field(), tmp_path / "mine.json")
    result = run(*GRADIENT_DESCENT, "--output", "mine.json")
    assert result.exit_code == 2
    assert "another statement" in result.stderr and search.claim is None
    (tmp_path / "notes.json").write_text("notes")
    result = run(*GRADIENT_DESCENT, "--output", "notes.json")
    assert result.exit_code == 2 and (tmp_path / "notes.json").read_text() == "notes"
    assert run(*GRADIENT_DESCENT, "--output", ".").exit_code == 2


def test_output_file_with_another_rate_is_left_alone(run: Run, search: Any, tmp_path: Path) -> None:
    known = samples.rational()
    save(replace(known, claim=known.claim.with_rate(known.claim.rate * 2)), tmp_path / "mine.json")
    result = run(*GRADIENT_DESCENT, "--output", "mine.json")
    assert result.exit_code == 0, result.output
    assert "Certificate  mine-2.json" in result.stdout


def test_force(run: Run, search: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("notes")
    result = run(*GRADIENT_DESCENT, "--output", "mine.json", "--force")
    assert result.exit_code == 0
    check(load(tmp_path / "mine.json"))


def test_output_folder_is_made(run: Run, search: Any, tmp_path: Path) -> None:
    result = run(*GRADIENT_DESCENT, "--output", "new/folder/mine.json")
    assert result.exit_code == 0, result.output
    check(load(tmp_path / "new/folder/mine.json"))


@pytest.fixture
def real_search() -> None:
    """Skips where the solvers cannot be imported."""
    pytest.importorskip("pepkit.certification", exc_type=ImportError)


@pytest.mark.usefixtures("real_search")
def test_silver_for_real(run: Run, tmp_path: Path) -> None:
    result = run("certify", "gradient-descent", "--schedule", "silver", "--steps", "7")
    assert result.exit_code == 0, result.output
    for phrase in ("-13/62 + 5*sqrt(2)/31", "0.0184215423182411", "the rate is tight", "silver-7.json"):
        assert phrase in result.stdout
    assert run("check", "silver-7.json").exit_code == 0


@pytest.mark.usefixtures("real_search")
def test_relaxed_for_real(run: Run) -> None:
    data = json.loads(run("certify", "gradient-descent", "--steps", "2", "--relaxed", "1e-5", "--json").stdout)
    assert data["status"] == "proved" and data["excess"] <= 1e-5


@pytest.mark.usefixtures("real_search")
def test_unknown_solver(run: Run) -> None:
    result = run(*GRADIENT_DESCENT, "--solver", "abacus")
    assert result.exit_code == 2
    assert "unknown solver 'abacus'" in result.stderr
