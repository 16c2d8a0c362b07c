"""Closed forms on the command line: they are used, and said to be."""

import json

import pytest

CASES = [
    (["gradient-descent", "--steps", "5", "--step", "19/10"], True),
    (["gradient-descent", "--steps", "4", "--mu", "L/10", "--measure", "gradient-norm"], True),
    (["gradient-descent", "--schedule", "optimal-constant", "--steps", "4"], False),
    (
        [
            "gradient-descent",
            "--schedule",
            "silver",
            "--steps",
            "7",
            "--measure",
            "gradient-norm",
            "--initial",
            "function-value",
        ],
        True,
    ),
    (["gradient-descent", "--schedule", "sc-obs-f", "--steps", "3", "--mu", "L/10", "--form", "flat"], False),
    (["method", "optimized-gradient-norm", "--steps", "3"], True),
    (["method", "optimized-gradient", "--steps", "9"], False),
    (["method", "item", "--steps", "8", "--mu", "L/10"], False),
    (["method", "triple-momentum", "--steps", "4", "--mu", "L/16", "--measure", "distance"], True),
    (["method", "nesterov-y", "--steps", "4"], False),
]


@pytest.mark.parametrize(("arguments", "tight"), CASES)
def test_no_solver_is_used(run, arguments, tight):
    result = run("certify", *arguments, "--json", "--no-sympy")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["solver"] == "none" and data["tight"] == tight
    assert any("no solver was used" in note for note in data["notes"])
    assert run("check", data["file"]).exit_code == 0


def test_what_is_asked_for(run):
    result = run("certify", "method", "optimized-gradient", "--steps", "2", "--form", "solver", "--json")
    assert json.loads(result.stdout)["solver"] != "none"
    result = run("certify", "method", "heavy-ball", "--steps", "2", "--mu", "L/10", "--form", "flat")
    assert result.exit_code == 2 and "no closed-form certificate" in result.stderr
    result = run("certify", "method", "item", "--steps", "2", "--mu", "L/10", "--form", "composition")
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["quadratics", "--steps", "4", "--mu", "L/20"],
        ["quadratics", "--schedule", "constant", "--step", "3/2", "--steps", "3"],
        ["arcsine", "--mu", "L/9"],
        ["proximal", "--steps", "3"],
        ["proximal", "proximal-gradient", "--schedule", "constant", "--steps", "2"],
    ],
)
def test_other_statements(run, arguments):
    text = run("certify", *arguments)
    assert text.exit_code == 0 and "Theorem." in text.stdout, text.output
    result = run("certify", *arguments, "--json")
    data = json.loads(result.stdout)
    assert data["status"] == "proved" and run("check", data["file"]).exit_code == 0


def test_bad_arguments(run):
    assert run("certify", "quadratics", "--steps", "2", "--mu", "2*L").exit_code == 2
    assert run("certify", "arcsine", "--mu", "0").exit_code == 2
    assert run("certify", "proximal", "mirror", "--steps", "1").exit_code == 2
