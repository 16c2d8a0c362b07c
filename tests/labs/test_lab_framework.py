"""The frame of the laboratories: registry, parameters, pieces that survive a kill, reports, targets, the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flint import fmpq
from typer.testing import CliRunner

from pepkit import labs
from pepkit.cli.application import application
from pepkit.kernel import ClaimError, FormatError
from pepkit.labs import registry, targets
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import PieceStore, Work, piece_key
from pepkit.networks.injectivity import probability_certificate
from pepkit.studies import Study


def squares(
    *,
    count: int = 3,
    widths: tuple[int, ...] = (1, 2),
    scale: float = 1.0,
    bad: bool = False,
    stop: int = -1,
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """A laboratory that squares numbers; `stop` kills it after so many pieces."""
    work = work or Work()
    rows = []
    for n in range(count):
        if n == stop:
            raise KeyboardInterrupt
        rows.append((n, fmpq(n, 3), work.piece({"n": n, "scale": scale, "seed": seed}, lambda n=n: (scale * n) ** 2)))
    xs = tuple(float(n) for n, _, _ in rows)
    study = Study(
        "Squares",
        ("n", "n/3", "square"),
        tuple(rows),
        ("A note.",),
        (("square", xs, tuple(float(r[2]) for r in rows)),),
        ("n", "n squared"),
    )
    certificate = work.certificate({"rows": 5}, lambda: probability_certificate(2, 5))
    return LabResult(
        "About squares.",
        {"squares": study},
        {"chance": certificate},
        (Finding("squares grow", not bad), Finding("three rows")),
    )


@pytest.fixture(autouse=True)
def laboratory() -> Iterator[None]:
    labs.lab("test-squares", "Squares", quick={"count": 2}, full={"count": 5})(squares)
    yield
    del registry._LABS["test-squares"]


def test_forms_seed_and_settings() -> None:
    assert len(labs.run("test-squares", quick=True).studies["squares"].rows) == 2
    full = labs.run("test-squares", scale="2", widths="8,16", seed=3)
    assert len(full.studies["squares"].rows) == 5
    assert full.parameters["widths"] == (8, 16) and full.provenance["seed"] == 3
    assert full.command() == "pepkit lab test-squares --seed 3 --set widths=8,16 --set scale=2.0"
    with pytest.raises(ClaimError, match="has no parameter 'colour'"):
        labs.run("test-squares", colour="red")
    with pytest.raises(ClaimError, match="count is int"):
        labs.run("test-squares", count="many")
    with pytest.raises(ClaimError, match="unknown laboratory"):
        labs.run("no-such")


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        labs.run("test-squares", output=tmp_path, stop=3)
    pieces = tmp_path / ".pieces" / "test-squares.jsonl"
    assert len(pieces.read_text().splitlines()) == 3
    # a line cut off by a kill, and one whose question was changed
    lines = pieces.read_text().splitlines()
    forged = json.loads(lines[1])
    forged["question"]["n"] = 7
    pieces.write_text("\n".join([lines[0], json.dumps(forged), lines[2], lines[1][:20]]))
    result = labs.run("test-squares", output=tmp_path, resume=True)
    assert result.provenance["pieces reused"] == 2
    assert result.studies["squares"].column("square") == (0.0, 1.0, 4.0, 9.0, 16.0)
    again = labs.run("test-squares", output=tmp_path, resume=True)
    assert again.provenance["pieces reused"] == 6
    assert "pieces reused" not in labs.run("test-squares", output=tmp_path).provenance


def test_other_parameters_are_other_pieces(tmp_path: Path) -> None:
    labs.run("test-squares", output=tmp_path)
    other = labs.run("test-squares", output=tmp_path, resume=True, scale=3.0)
    assert other.studies["squares"].column("square")[1] == 9.0
    assert piece_key({"a": 1, "b": 2}) == piece_key({"b": 2, "a": 1}) != piece_key({"a": 1, "b": 3})


def test_pieces_are_json() -> None:
    with pytest.raises(ClaimError, match="not JSON data"):
        PieceStore().compute({}, lambda: object())


def test_report_tables_figures_certificates(tmp_path: Path) -> None:
    result = labs.run("test-squares", quick=True)
    report = result.save(tmp_path)
    text = report.read_text()
    assert "![Squares](test-squares/squares.png)" in text and "| 1 | 1/3 | 1 |" in text
    assert "[holds] squares grow" in text and "injective with probability 1/16" in text
    assert (tmp_path / "test-squares" / "squares.png").read_bytes().startswith(b"\x89PNG")
    assert "n,n/3,square" in (tmp_path / "test-squares" / "squares.csv").read_text()
    assert (tmp_path / "test-squares" / "chance.json").exists()
    assert "<table>" in result._repr_html_()


def test_studies_survive_json() -> None:
    study = squares().studies["squares"]
    data = json.loads(json.dumps(study.data()))
    assert Study.from_data(data) == study
    with pytest.raises(FormatError, match="not the data of a study"):
        Study.from_data({"title": "x"})
    with pytest.raises(ClaimError, match="does not have 2 values"):
        Study("x", ("a", "b"), ((1,),), ())


def test_command(tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(application, ["lab", "test-squares", "--quick", "--output", str(tmp_path), "--set", "scale=2"])
    assert done.exit_code == 0, done.output
    assert "squares grow" in done.output and (tmp_path / "test-squares.md").exists()
    assert runner.invoke(application, ["lab", "test-squares", "--quick", "--set", "bad=true"]).exit_code == 1
    assert runner.invoke(application, ["lab", "no-such"]).exit_code == 2
    assert runner.invoke(application, ["lab", "test-squares", "--set", "nonsense"]).exit_code == 2
    assert runner.invoke(application, ["lab", "test-squares", "--resume"]).exit_code == 2
    listing = runner.invoke(application, ["lab", "--list", "--json"])
    assert "test-squares" in {entry["name"] for entry in json.loads(listing.stdout)["labs"]}
    data = json.loads(runner.invoke(application, ["lab", "test-squares", "--quick", "--json"]).stdout)
    assert data["status"] == "ok" and data["results"][0]["findings"][0]["holds"] is True


@pytest.mark.parametrize(
    ("value", "tolerance", "found", "status"),
    [
        ("1.5 ; -2", "1e-3", (1.5004, -2.0), "met"),
        ("1.5 ; -2", "1e-3", (1.5004, -2.002), "differs"),
        ("10", "5%", (10.4,), "met"),
        ("10", "5%", (10.6,), "differs"),
        ("5e-15", "<=1e-13", (3e-16,), "met"),
        ("5e-15", "<=1e-13", (2e-13,), "differs"),
    ],
)
def test_targets_are_compared(value: str, tolerance: str, found: tuple[float, ...], status: str) -> None:
    row = {"id": "a", "quantity": "q", "setting": "", "value": value, "tolerance": tolerance, "status": "derived"}
    assert targets.compare(row, targets.Computed("a", found)).status == status
    assert targets.compare(row, None).status == "missing"
    assert targets.compare({**row, "status": "reported"}, None).status == "reported"
    with pytest.raises(ClaimError, match="numbers"):
        targets.compare(row, targets.Computed("a", (*found, 1.0)))
    exact = targets.Computed("a", met=False, note="counterexample")
    assert targets.compare(row, exact).status == "differs"


def test_page_of_known_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def some(seed: int) -> Iterator[targets.Computed]:
        yield targets.Computed("E.period2", (2.0, -2.0), True, "an orbit")
        yield targets.Computed("E.saxe", (1e-9,))
        yield targets.Computed("E.chaos", met=False)

    table = targets.TargetTable("some", "Some numbers", "net_deeplinear_targets", some)
    monkeypatch.setattr(targets, "target_tables", lambda: {"some": table})
    page = tmp_path / "page.md"
    done = CliRunner().invoke(application, ["lab", "--targets", "--page", str(page)])
    assert done.exit_code == 1 and "1 of 11 rows met" in done.output and "missing" in done.output
    text = page.read_text()
    assert "## Some numbers" in text
    assert all(words in text for words in ("1 met", "2 differs", "8 missing"))
    assert "- `E.period2`: an orbit" in text
    with pytest.raises(ClaimError, match="no rows unheard-of"):
        targets.TargetTable(
            "x", "X", "net_deeplinear_targets", lambda seed: [targets.Computed("unheard-of")]
        ).outcomes()
    with pytest.raises(ClaimError, match="no row"):
        targets.known_values("net_deeplinear_targets", "unheard-of")
