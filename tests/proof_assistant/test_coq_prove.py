"""`pepkit prove`, and Coq itself where it is installed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from coq_there import needs_coq
from typer.testing import CliRunner

from pepkit.kernel import Certificate
from pepkit.proof_assistant import CoqError, coq_instance
from pepkit.proof_assistant.coq import ALLOWED_AXIOMS, prove, prove_source


@pytest.fixture
def run(files: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command in the folder of certificates."""
    from pepkit.cli.application import application

    monkeypatch.chdir(files)
    return lambda *arguments: CliRunner().invoke(application, list(arguments))


def test_export_only(run: Callable[..., Any], files: Path) -> None:
    result = run("prove", "silver-N003.json", "--export-only")
    assert result.exit_code == 0
    assert "In Coq       forall (V : inner_space)" in result.stdout
    source = (files / "silver_N003.v").read_text()
    assert "\nPrint Assumptions rate.\n" in source
    assert source.rstrip().endswith("Print Assumptions sharp.")
    # the same file may be written again, another one may not
    assert run("prove", "silver-N003.json", "--export-only").exit_code == 0
    (files / "mine.v").write_text("Lemma a : True.")
    result = run("prove", "silver-N003.json", "--export-only", "--output", "mine.v")
    assert result.exit_code == 2
    assert (files / "mine.v").read_text() == "Lemma a : True."


def test_latex(run: Callable[..., Any], files: Path) -> None:
    result = run("prove", "constant-1-N003.json", "--latex")
    assert result.exit_code == 0
    assert result.stdout.startswith(r"\begin{theorem}")
    assert r"\begin{proof}" in result.stdout
    assert run("prove", "constant-1-N003.json", "--latex", "-o", "proof.tex").exit_code == 0
    assert (files / "proof.tex").read_text() == result.stdout


def test_says_how_to_install(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    monkeypatch.setenv("COQC", str(files / "no-coqc-here"))
    result = run("prove", "constant-1-N003.json")
    assert result.exit_code == 2
    assert "apt-get install coq" in result.stderr
    assert (files / "constant_1_N003.v").exists()
    result = run("prove", "constant-1-N003.json", "--json")
    assert "apt-get install coq" in json.loads(result.stdout)["problem"]


def test_a_certificate_that_fails_is_not_exported(run: Callable[..., Any], files: Path) -> None:
    path = files / "constant-1-N003.json"
    path.write_text(path.read_text().replace('"1/14"', '"1/15"'))
    result = run("prove", path.name)
    assert result.exit_code == 1
    assert not (files / "constant_1_N003.v").exists()


@needs_coq
@pytest.mark.parametrize(
    "name", ["silver/silver-N003", "kappa-10-N002", "smooth-constant-1-N003", "obs-f-N003", "ogm-N002"]
)
def test_coq_proves(name: str, certificates: dict[str, Certificate]) -> None:
    theorem = prove(certificates[name], timeout=300)
    assert set(theorem.axioms) <= ALLOWED_AXIOMS
    assert theorem.statement == coq_instance(certificates[name]).theorem


@needs_coq
def test_coq_refuses(certificates: dict[str, Certificate]) -> None:
    instance = coq_instance(certificates["constant/constant-1-N003"])
    smaller = instance.source.replace("<= 1/14 *", "<= 1/15 *")
    first = r"(interpolation_numbers_0 := \(\[\d+;2;1;2;)(\d+)"
    multiplier = re.sub(first, lambda match: match[1] + str(int(match[2]) + 1), instance.source)
    admitted = re.sub(r"Proof\. vm_cast_no_check.*?Qed\.", "Admitted.", instance.source)
    for source in (smaller, multiplier, admitted):
        assert source != instance.source
        with pytest.raises(CoqError):
            prove_source(source, "", timeout=300)


@needs_coq
def test_the_command_reports(run: Callable[..., Any]) -> None:
    result = run("prove", "constant-1-N003.json", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["status"] == "proved"
    assert report["axioms"]
    assert report["seconds"] < 300
