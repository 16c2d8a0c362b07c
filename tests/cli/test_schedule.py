"""``pepkit schedule``, and closed forms in ``pepkit certify``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pepkit.kernel import Certificate, CompositionProof, check, load

Run = Callable[..., Any]


def test_show(run: Run) -> None:
    result = run("schedule", "silver", "--steps", "7")
    assert result.exit_code == 0, result.output
    for phrase in (
        "sqrt(2), 2, sqrt(2), 2 + sqrt(2), sqrt(2), 2, sqrt(2)",
        "Sum H        13.071067811865",
        "0.0184215423182 = -13/62 + 5*sqrt(2)/31  (proved by its tree of joins)",
        "f(x_N)-f(x_*) / ((L/2) |x_0-x_*|^2)           0.0368430846365",
        "|grad f(x_N)|^2 / (L^2 |x_0-x_*|^2)           0.00505063388335",
        "|grad f(x_N)|^2 / (L (f(x_0)-f(x_*)))         0.0736862  (numerical",
        "h_i for i = 0..6",
    ):
        assert phrase in result.stdout
    assert result.stdout == run("schedule", "show", "silver", "--steps", "7").stdout


def test_a_schedule_too_long_to_list(run: Run) -> None:
    result = run("schedule", "silver", "--steps", str(2**40 - 1))
    assert result.exit_code == 0 and "1.22155378907e-16" in result.stdout and "h_i for" not in result.stdout
    assert run("schedule", "silver", "--steps", str(2**40 - 1), "--plot", "a.svg").exit_code == 2


def test_published_rates_are_called_so(run: Run) -> None:
    result = run("schedule", "constant", "--steps", "3", "--step", "3/2")
    assert "0.05  (published: Kim 2412.04427)" in result.stdout
    assert "proved" not in result.stdout
    result = run("schedule", "chebyshev", "--steps", "4", "--mu", "L/10")
    assert "quadratics only" in result.stdout and "0.144895209911" in result.stdout
    result = run("schedule", "constant", "--steps", "3", "--mu", "-L")
    assert "0.363636363636  (closed form" in result.stdout


def test_tree_and_reversal(run: Run) -> None:
    forward = json.loads(run("schedule", "tree", "f(silver(3), .)", "--json").stdout)
    backward = json.loads(run("schedule", "tree", "f(silver(3), .)", "--reverse", "--json").stdout)
    assert forward["kind"] == "f" and backward["kind"] == "g"
    assert forward["decimals"] == pytest.approx(backward["decimals"][::-1])
    assert backward["rates"][0]["value"] == pytest.approx(4 * forward["rates"][0]["value"])


def test_plot(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run("schedule", "obs-f", "--steps", "20", "--plot", "steps.svg")
    assert result.exit_code == 0 and (tmp_path / "steps.svg").read_text().startswith("<?xml")
    assert run("schedule", "obs-f", "--steps", "20", "--plot", "steps.xyz").exit_code == 2


def test_names(run: Run) -> None:
    listed = run("schedule", "names").stdout
    for name in ("right-heavy", "anytime", "sc-obs-f", "arcsine", "tree EXPR"):
        assert name in listed


def test_duality(run: Run) -> None:
    result = run("schedule", "duality", "obs-f", "--steps", "3")
    assert result.exit_code == 0 and "H-duality    dual" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("silvr", "--steps", "3"), "did you mean silver?"),
        (("silver",), "needs --steps N"),
        (("right-heavy", "--steps", "4"), "N = 2^k - 1 only; 4 is not of this form (near: 3 or 7)"),
        (("sc-obs-s", "--steps", "4"), "give 0 < mu < L"),
        (("tree", "s(., "), "ends too early"),
        (("tree", "s(., .)", "--steps", "3"), "the tree has 1 steps"),
        (("silver", "s(., .)", "--steps", "3"), "follows the word tree"),
        (("silver", "--steps", "3", "--step", "2"), "--step is for the constant schedule"),
    ],
)
def test_bad_input(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("schedule", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_certify_uses_the_closed_form_and_says_so(run: Run, tmp_path: Path) -> None:
    result = run("certify", "gradient-descent", "--schedule", "silver", "--steps", "7", "--no-sympy")
    assert result.exit_code == 0, result.output
    assert "closed form: the multipliers come from a formula, no solver was used" in result.stdout
    certificate = load(tmp_path / "silver-7.json")
    assert isinstance(certificate, Certificate) and check(certificate).tight


@pytest.mark.parametrize(
    ("arguments", "name", "digits"),
    [
        (("--schedule", "obs-f", "--steps", "100000"), "obs-f-100000.json", "9.25146319021273e-8"),
        (("--schedule", "sc-obs-f", "--steps", "5", "--mu", "L/10"), "sc-obs-f-5-mu-L_10.json", "0.0073255163030"),
        (("--schedule", "silver", "--steps", "3", "--form", "composition"), "silver-3.json", "0.0469181606780272"),
        (("--schedule", "tree f(silver(3), s(., .))"), "tree-5.json", "0.024366132373"),
        (("--schedule", "obs-g", "--steps", "20"), "obs-g-20.json", "0.0181299109"),
    ],
)
def test_composition_proofs(run: Run, tmp_path: Path, arguments: tuple[str, ...], name: str, digits: str) -> None:
    result = run("certify", "gradient-descent", *arguments)
    assert result.exit_code == 0, result.output
    assert digits in result.stdout
    file = tmp_path / name
    if "tree" not in name:
        assert isinstance(load(file), CompositionProof)
    again = run("certify", "gradient-descent", *arguments, "--json")
    assert json.loads(again.stdout)["file"] == name, "the same theorem replaces its file"
    assert run("check", name).exit_code == 0
    assert run("show", name).exit_code == 0


def test_show_and_check_proofs_of_another_shape(run: Run) -> None:
    run("certify", "gradient-descent", "--schedule", "obs-f", "--steps", "40")
    shown = run("show", "obs-f-40.json")
    assert "joins compose 40 steps" in shown.stdout and "Certificate  sha256" in shown.stdout
    assert run("show", "obs-f-40.json", "--latex").stdout.startswith(r"\begin{theorem}")
    checked = run("check", "--engine", "all", "obs-f-40.json")
    assert checked.exit_code == 1 and checked.stdout.startswith("undecided")


def test_constant_steps(run: Run) -> None:
    result = run("certify", "gradient-descent", "--steps", "4", "--step", "3/2", "--no-sympy")
    assert "1/26 * L" in result.stdout and "no solver was used" in result.stdout


def test_forms(run: Run) -> None:
    result = run("certify", "gradient-descent", "--schedule", "obs-f", "--steps", "20", "--form", "flat")
    assert result.exit_code == 0 and "they are rounded" in result.stdout
    result = run(
        "certify", "gradient-descent", "--schedule", "sc-obs-f", "--steps", "5", "--mu", "L/9", "--form", "flat"
    )
    assert result.exit_code == 0 and "they are rounded" in result.stdout
    result = run(
        "certify", "gradient-descent", "--schedule", "chebyshev", "--steps", "2", "--mu", "L/10", "--form", "flat"
    )
    assert result.exit_code == 2 and "no closed-form certificate" in result.stderr
    result = run("certify", "gradient-descent", "--steps", "2", "--form", "round")
    assert result.exit_code == 2


def test_a_solver_on_request(run: Run) -> None:
    result = run(
        "certify", "gradient-descent", "--schedule", "silver", "--steps", "1", "--form", "solver", "--no-sympy"
    )
    assert result.exit_code == 0 and "Numerics" in result.stdout


def test_output_of_another_composition_is_refused(run: Run) -> None:
    first = ("certify", "gradient-descent", "--schedule", "obs-f", "--steps", "30", "--output", "a.json")
    assert run(*first).exit_code == 0
    result = run("certify", "gradient-descent", "--schedule", "obs-f", "--steps", "31", "--output", "a.json")
    assert result.exit_code == 2 and "another statement" in result.stderr
