"""``pepkit show`` and ``pepkit solvers``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SILVER
from helpers.every_kind import examples
from helpers.laboratory_kinds import laboratory_examples
from test_check import tampered

Run = Callable[..., Any]


def test_overview(run: Run) -> None:
    result = run("show", str(SILVER))
    assert result.exit_code == 0
    for phrase in (
        "Theorem. Let f be L-smooth convex",
        "equal to the rate, so the rate is tight: the Huber function",
        "interpolation inequality (x_0, x_1)",
        "... and 44 more (--limit 0 shows all)",
        "9 x 9, rank 8, kernel of dimension 1",
        "Provenance (not checked)",
        "Certificate  sha256 ",
    ):
        assert phrase in result.stdout


def test_every_kind_of_certificate(run: Run, files: Path) -> None:
    for file in files.iterdir():
        for option in ([], ["--multipliers"], ["--residual"], ["--latex"]):
            result = run("show", str(file), *option)
            assert result.exit_code == 0, result.output
            assert "\x1b[31m" not in result.stdout


def test_generator_is_explained(run: Run, files: Path) -> None:
    assert "theta is the root of x**3 - 2" in run("show", str(files / "cubic_field.json")).stdout


def test_markup_in_names_is_text(run: Run, files: Path) -> None:
    assert "[bold red]b[/]" in run("show", "--multipliers", str(files / "listed.json")).stdout


def test_multipliers_alone_show_all(run: Run) -> None:
    result = run("show", str(SILVER), "--multipliers")
    assert "Theorem" not in result.stdout
    assert "(x_*, x_7)" in result.stdout and "more" not in result.stdout


def test_residual(run: Run) -> None:
    result = run("show", str(SILVER), "--residual", "--limit", "1")
    assert "-13/62 + 5*sqrt(2)/31" in result.stdout
    assert "... and 44 more" in result.stdout


def test_latex(run: Run) -> None:
    result = run("show", str(SILVER), "--latex")
    assert result.stdout.startswith("\\begin{theorem}")
    assert result.stdout.rstrip().endswith("\\end{proof}")


def test_html(run: Run, tmp_path: Path) -> None:
    result = run("show", str(SILVER), "--html", "page.html")
    assert result.exit_code == 0
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("option", [[], ["--latex"], ["--html", "page.html"]])
def test_a_certificate_that_proves_nothing(run: Run, tmp_path: Path, option: list[str]) -> None:
    result = run("show", str(tampered(tmp_path / "bad.json")), *option)
    assert result.exit_code == 1
    assert "is not proved: " in result.stderr
    assert "Theorem" not in result.stdout and "theorem" not in result.stdout


def test_no_certificate(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_text("{}")
    assert run("show", "file.json").exit_code == 2
    assert run("show", "missing.json").exit_code == 2


def test_solvers(run: Run) -> None:
    pytest.importorskip("clarabel")
    result = run("solvers")
    assert result.exit_code == 0
    assert "clarabel" in result.stdout and "found" in result.stdout
    data = json.loads(run("solvers", "--json").stdout)
    entry = next(e for e in data["solvers"] if e["name"] == "clarabel")
    assert entry["ready"] is True


def test_missing_solvers_say_how_to_get_them(run: Run) -> None:
    data = json.loads(run("solvers", "--json").stdout)
    assert all(entry["ready"] or entry["remedy"] for entry in data["solvers"])


def test_every_kind_of_proof_is_shown(run: Run, tmp_path: Path) -> None:
    """Text and LaTeX of every kind that has no multipliers."""
    shown = set()
    for name, data in {**examples(), **laboratory_examples()}.items():
        kinds = (data["claim"]["kind"], data.get("proof", {}).get("kind"))
        if kinds[1] is None or kinds in shown:
            continue
        shown.add(kinds)
        path = tmp_path / "certificate.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        result = run("show", str(path), "--latex")
        assert result.exit_code == 0, (name, result.output)
        assert result.stdout.startswith(r"\begin{theorem}") and r"\begin{proof}" in result.stdout, name
        assert r"\text{measure}" not in result.stdout, name
        assert run("show", str(path)).exit_code == 0, name
    assert len(shown) > 30
