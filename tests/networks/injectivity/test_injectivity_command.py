"""`pepkit injectivity` and its companions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pepkit.cli.application import application

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(application, list(arguments))


def test_injective_layer(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", W1=np.random.default_rng(0).standard_normal((24, 4)))
    result = run("network", "injectivity", "net.npz", "--rectify-last", "--output", "proof.json")
    assert result.exit_code == 0, result.output
    assert "is injective on R^4" in result.stdout and "positive dependencies" in result.stdout
    checked = run("check", "-v", "proof.json")
    assert checked.exit_code == 0 and checked.stdout.startswith("proved")
    again = run("network", "injectivity", "net.npz", "--rectify-last", "--output", "proof.json")
    assert again.exit_code == 2 and "exists" in again.stderr
    assert (
        run("network", "injectivity", "net.npz", "--rectify-last", "--output", "proof.json", "--force").exit_code == 0
    )


def test_collision(run: Run, tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text('{"layers": [{"weights": [["1", "0"], ["0.5", "1"]], "slopes": 0}]}')
    result = run("network", "injectivity", "net.json", "--json", "-o", "proof.json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["status"] == "not injective" and data["file"] == "proof.json"
    assert run("check", "proof.json").exit_code == 0
    assert "not injective on R^2" in run("show", "proof.json").stdout


def test_undecided(run: Run, tmp_path: Path) -> None:
    # |x| and y, z: folds, but every piece that random inputs meet has full rank
    first = np.vstack([np.eye(3), -np.eye(3)])
    second = np.array([[1.0, 0, 0, 1, 0, 0], *np.eye(6)[[1, 2, 4, 5]]])
    np.savez(tmp_path / "net.npz", W1=first, W2=second)
    result = run("network", "injectivity", "net.npz", "--rectify-last", "--samples", "50", "-o", "proof.json")
    assert result.exit_code == 3 and "Undecided" in result.stdout and "layer 2" in result.stdout
    assert not (tmp_path / "proof.json").exists()


def test_threshold_and_probability(run: Run) -> None:
    result = run("network", "injectivity-threshold", "gordon", "--digits", "20", "-o", "gordon.json")
    assert result.exit_code == 0 and "7.64769493543527981692" in result.stdout
    result = run("network", "injectivity-probability", "2", "9", "--json", "-o", "plane.json")
    assert json.loads(result.stdout)["probability"]["exact"] == "193/256"
    assert "2 of 2 certificates proved" in run("check", "gordon.json", "plane.json").stdout
    assert run("network", "injectivity-threshold", "replica").exit_code == 2


def test_study(run: Run, tmp_path: Path) -> None:
    result = run(
        "network", "injectivity-study", "probability", "--inputs", "2", "--rows", "5:9:2", "--csv", "study.csv"
    )
    assert result.exit_code == 0, result.output
    assert "193/256" in result.stdout and (tmp_path / "study.csv").read_text().count("\n") == 4
    result = run(
        "network", "injectivity-study", "depth", "--expansion", "3", "--depths", "1,2", "--samples", "3", "--json"
    )
    assert [row["layers"] for row in json.loads(result.stdout)["rows"]] == ["1", "2"]
    assert run("network", "injectivity-study", "threshold", "--sizes", "5,x").exit_code == 2


def test_bad_models(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "nan.npz", W1=np.array([[np.nan]]))
    result = run("network", "injectivity", "nan.npz")
    assert result.exit_code == 2 and "finite" in result.stderr
    assert run("network", "injectivity", "missing.npz").exit_code == 2
