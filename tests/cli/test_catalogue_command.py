"""The catalogue: every entry is there, checks, and can be made again."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pepkit.catalogue import entries, regenerate
from pepkit.cli.application import application
from pepkit.kernel import check, claim_digest, load

FOLDER = Path(__file__).parents[2] / "certificates"


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.path)
def test_every_entry_is_in_the_repository_and_checks(entry):
    certificate = load(FOLDER / entry.path)
    theorem = check(certificate)
    assert theorem.tight == (entry.mode == "sharp")
    assert claim_digest(certificate.claim) == claim_digest(entry.build().with_rate(certificate.claim.rate))


def test_the_folder_holds_nothing_else():
    # published/ belongs to `pepkit reproduce`
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json")}
    files = {path for path in files if not path.startswith("published")}
    assert files == {entry.path for entry in entries()}


def test_regenerating_keeps_what_checks_and_repairs_what_does_not(tmp_path):
    first = [o.status for o in regenerate(tmp_path, only="constant/constant-1-N00")]
    assert first == ["written"] * 9
    target = tmp_path / "constant/constant-1-N003.json"
    good = target.read_text()
    target.write_text(good.replace('"rate": "1/14"', '"rate": "1/15"'))
    second = {o.entry.path: o.status for o in regenerate(tmp_path, only="constant/constant-1-N00")}
    assert second["constant/constant-1-N003.json"] == "written"
    assert set(second.values()) == {"kept", "written"}
    assert check(load(target)).tight


def test_command(tmp_path):
    runner = CliRunner()
    listed = runner.invoke(application, ["catalogue", "--list", "--only", "ogm"])
    assert listed.exit_code == 0
    assert "optimized-gradient/ogm-N002.json" in listed.stdout
    made = runner.invoke(application, ["catalogue", str(tmp_path), "--only", "ogm", "--json"])
    assert made.exit_code == 0
    assert [o["status"] for o in json.loads(made.stdout)["outcomes"]] == ["written", "written"]
