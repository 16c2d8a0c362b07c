"""``pepkit network``: from a model file to a certificate that ``pepkit check`` proves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NETWORK = json.dumps(
    {"layers": [{"weights": [[1, -1], [0.5, 2]], "bias": [0, 1]}, {"weights": [[1, -1], [1, 1]], "bias": [0, "1/3"]}]}
)
PROPERTY = (
    "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
    "(assert (<= X_0 1))(assert (>= X_0 -1))(assert (<= X_1 1))(assert (>= X_1 -1))(assert (>= Y_0 {}))"
)


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "net.json").write_text(NETWORK)
    return "net.json"


@pytest.mark.parametrize(
    "method",
    [
        "box",
        "ibp",
        "hbox",
        "deepz",
        "fastlin",
        "crown-same-slope",
        "crown",
        "crown-ibp",
        "alpha-crown",
        "triangle",
        "sdp",
    ],
)
def test_bound(run: Callable[..., Any], model: str, method: str) -> None:
    result = run("network", "bound", model, "--box", "-1:1", "--method", method, "-o", "bound.json")
    assert result.exit_code == 0, result.output
    assert "Theorem." in result.stdout
    checked = run("check", "bound.json")
    assert checked.exit_code == 0
    assert "2-2-2 network" in checked.stdout
    shown = run("show", "bound.json")
    assert "Theorem." in shown.stdout


def test_bound_of_a_form_from_below(run: Callable[..., Any], model: str) -> None:
    result = run(
        "network", "bound", model, "--centre", "0,0.5", "--radius", "1/10", "--objective", "1,-1", "--side", "lower",
        "--cases", "50", "--json",
    )  # fmt: skip
    data = json.loads(result.stdout)
    assert data["status"] == "proved"
    # f_0 - f_1 = -2 relu(x_0/2 + 2 x_1 + 1) - 1/3 is least at the upper corner: -2 (0.05 + 1.2 + 1) - 1/3
    assert float(data["value"]["decimal"]) == pytest.approx(-2 * 2.25 - 1 / 3, abs=1e-9)
    assert run("check", data["certificate"]).exit_code == 0


def test_lipschitz(run: Callable[..., Any], model: str) -> None:
    result = run("network", "lipschitz", model, "--json", "-o", "l.json")
    assert json.loads(result.stdout)["status"] == "proved"
    assert run("check", "l.json").exit_code == 0
    assert run("network", "lipschitz", model, "--variant", "network").exit_code == 2


@pytest.mark.parametrize(
    ("norm", "variant"),
    [
        ("euclidean", "chain"),
        ("euclidean", "chain-fast"),
        ("euclidean", "pieces"),
        ("maximum", "lp"),
        ("maximum", "pieces"),
    ],
)
def test_lipschitz_variants(run: Callable[..., Any], model: str, norm: str, variant: str) -> None:
    result = run("network", "lipschitz", model, "--norm", norm, "--variant", variant, "--json")
    data = json.loads(result.stdout)
    assert (data["status"], data["norm"], data["squared"]) == ("proved", norm, norm == "euclidean")
    assert run("check", data["certificate"]).exit_code == 0
    assert run("network", "lipschitz", model, "--norm", "maximum", "--variant", "neuron").exit_code == 2


@pytest.mark.parametrize("split", ["input", "sign"])
def test_one_certificate_for_the_tree_of_cases(run: Callable[..., Any], model: str, tmp_path: Path, split: str) -> None:
    """f_1 = relu(x_0 - x_1) + relu(x_0/2 + 2 x_1 + 1) + 1/3 is at most 3.5 + 1/3, and one relaxation does not show 3.9."""
    (tmp_path / "p.vnnlib").write_text(PROPERTY.format("-9").replace("(>= Y_0 -9)", "(>= Y_1 3.9)"))
    options = ("--split", split, "--method", {"input": "box", "sign": "crown"}[split], "-o", f"{split}.json", "--json")
    data = json.loads(run("network", "verify", model, "p.vnnlib", *options).stdout)
    assert data["status"] == "unsat"
    assert data["cases"] > 1
    proof = json.loads((tmp_path / f"{split}.json").read_text())["proof"]
    assert {node["split"][0] for node in proof["cases"] if "split" in node} == {split}
    assert run("check", f"{split}.json").exit_code == 0


def test_verify_that_stays_unknown(run: Callable[..., Any], model: str, tmp_path: Path) -> None:
    """f_1 reaches 3.5 + 1/3 only at a corner: no relaxation with rounding settles a property that touches it."""
    (tmp_path / "p.vnnlib").write_text(PROPERTY.format("-9").replace("(>= Y_0 -9)", "(>= Y_1 3.9)"))
    result = run("network", "verify", model, "p.vnnlib", "--method", "box", "--max-cases", "1")
    assert result.exit_code == 3
    assert result.stdout.startswith("unknown")


def test_verify_reads_version_2(run: Callable[..., Any], model: str, tmp_path: Path) -> None:
    pytest.importorskip("vnnlib")
    (tmp_path / "p.vnnlib").write_text(
        "(vnnlib-version <2.0>)(declare-network f (declare-input X real [2])(declare-output Y real [2]))"
        "(assert (and (<= X[0] 1.0) (>= X[0] -1.0) (<= X[1] 1.0) (>= X[1] -1.0)))(assert (>= Y[0] 5.0))"
    )
    result = run("network", "verify", model, "p.vnnlib", "-o", "v.json")
    assert result.stdout.splitlines()[0] == "unsat"
    assert run("check", "v.json").exit_code == 0


@pytest.mark.parametrize(("value", "word", "code"), [("5", "unsat", 0), ("1", "sat", 0)])
def test_verify(run: Callable[..., Any], model: str, tmp_path: Path, value: str, word: str, code: int) -> None:
    (tmp_path / "p.vnnlib").write_text(PROPERTY.format(value))
    result = run("network", "verify", model, "p.vnnlib", "-o", "v.json")
    assert result.exit_code == code, result.output
    assert result.stdout.splitlines()[0] == word
    assert run("check", "v.json").exit_code == 0
    assert json.loads(run("network", "verify", model, "p.vnnlib", "--json").stdout)["status"] == word


def test_verify_without_time(run: Callable[..., Any], model: str, tmp_path: Path) -> None:
    (tmp_path / "p.vnnlib").write_text(PROPERTY.format("5"))
    result = run("network", "verify", model, "p.vnnlib", "--timeout", "0")
    assert result.exit_code == 3
    assert result.stdout.startswith("timeout")


def test_evaluate(run: Callable[..., Any], model: str) -> None:
    result = run("network", "evaluate", model, "1/2,0.25")
    assert "f_0 = -3/2" in result.stdout
    assert "f_1 = 7/3" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--box", "-1:1", "--centre", "0,0"), "either with --box or"),
        (("--box", "1"), "low:high"),
        (("--centre", "0,0"), "needs --radius"),
        (("--centre", "0", "--radius", "1"), "2 numbers are needed"),
        (("--box", "1:-1"), "empty"),
        (("--box", "-1:1", "--method", "magic"), "unknown relaxation"),
        (("--box", "-1:1", "--objective", "1"), "2 numbers are needed"),
    ],
)
def test_wrong_usage(run: Callable[..., Any], model: str, arguments: tuple[str, ...], message: str) -> None:
    result = run("network", "bound", model, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_files_of_others_are_kept(run: Callable[..., Any], model: str, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    result = run("network", "bound", model, "--box", "-1:1", "-o", "mine.json")
    assert result.exit_code == 2
    assert (tmp_path / "mine.json").read_text() == "{}"
    assert run("network", "bound", model, "--box", "-1:1", "-o", "mine.json", "--force").exit_code == 0
