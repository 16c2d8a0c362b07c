"""Published tables: the registry, comparison with digits, resuming, the page."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flint import arb, fmpq

from pepkit.kernel import ClaimError, load, save
from pepkit.pep import gradient_descent
from pepkit.reproduction import Certified, Published, certified_claim, reproduce, tables, write_page
from pepkit.reproduction.run import compare, present, selected
from pepkit.schedules import constant


def test_registry() -> None:
    known = tables()
    assert {"constant-convex", "silver", "optimised", "hypoconvex", "bnb-pep", "straightforward", "ogm"} <= set(known)
    rows = selected()
    keys = [(entry.name, row.key) for entry, row in rows]
    assert len(keys) == len(set(keys)) >= 480
    assert len(selected(quick=True)) < len(rows)
    with pytest.raises(ClaimError, match="unknown table"):
        selected(["gold"])


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("0.125", ["0.1245", "0.1259"], ["0.127", "0.1231"]),
        ("1.5e-3", ["0.00155"], ["0.0017"]),
        ("3", ["3.9"], ["4.1"]),
    ],
)
def test_published_digits(text: str, inside: list[str], outside: list[str]) -> None:
    ball = Published(text).ball
    assert all(ball.contains(arb(value)) for value in inside)
    assert not any(ball.contains(arb(value)) for value in outside)


def _row(published: Published) -> Any:
    return certified_claim("one", "N = 1", published, partial(gradient_descent, constant(1)))


@pytest.mark.parametrize(
    ("published", "lower", "upper", "status"),
    [
        (Published("0.1667"), fmpq(1, 6), fmpq(1, 6), "agrees"),
        (Published("0.1669"), fmpq(1, 6), fmpq(1, 6), "differs"),
        (Published("0.1665"), fmpq(1, 6), fmpq(1, 6), "differs"),
        (Published.formula("1/6", fmpq(1, 6)), fmpq(1, 6), fmpq(1, 6), "agrees"),
        (Published.formula("1/6", fmpq(1, 6)), fmpq(1, 7), fmpq(1, 5), "agrees"),
        (Published.formula("1/6", fmpq(1, 6)), fmpq(1, 6) + fmpq(1, 10**12), fmpq(1, 5), "differs"),
        (Published("0.2", "bound"), fmpq(1, 6), fmpq(1, 6), "holds"),
        (Published("0.15", "bound"), fmpq(1, 6), fmpq(1, 6), "differs"),
        (Published("0.2", "limit"), fmpq(1, 6), fmpq(1, 6), "approaches"),
    ],
)
def test_comparison(published: Published, lower: fmpq, upper: fmpq, status: str) -> None:
    certified = Certified(arb(lower), arb(upper), None)  # type: ignore[arg-type]
    assert compare(_row(published), certified)[0] == status


def test_a_table_is_reproduced_kept_and_written(tmp_path: Path) -> None:
    names = ["strongly-convex-two-steps", "right-heavy"]
    first = list(reproduce(tmp_path, only=names, quick=True))
    assert len(first) == 8 and {o.status for o in first} == {"agrees"} and not any(o.kept for o in first)
    again = list(reproduce(tmp_path, only=names, quick=True))
    assert all(o.kept for o in again)
    assert [o.certified.upper.str(20) for o in again] == [o.certified.upper.str(20) for o in first]  # type: ignore[union-attr]
    # a file that proves something else, or nothing, is computed again
    folder = tmp_path / "right-heavy"
    save(load(folder / "N03.json"), folder / "N01.json")
    data = json.loads((folder / "N07.json").read_text())
    data["multipliers"]["interpolation"][0][-1] = "1"
    (folder / "N07.json").write_text(json.dumps(data))
    third = {o.row.key: o for o in reproduce(tmp_path, only=["right-heavy"], quick=True)}
    assert (third["N01"].kept, third["N03"].kept, third["N07"].kept) == (False, True, False)
    assert third["N01"].status == third["N07"].status == "agrees"
    write_page(tmp_path / "page.md", first)
    page = (tmp_path / "page.md").read_text()
    assert "8 agrees; 8 rows." in page and "## Right-heavy schedules" in page


def test_rows_side_by_side(tmp_path: Path) -> None:
    """Several processes give the outcomes of one, in the order of the tables, and keep what is there."""
    names = ["strongly-convex-two-steps", "irregular", "constants"]
    alone = list(reproduce(tmp_path / "alone", only=names, quick=True))
    together = list(reproduce(tmp_path / "together", only=names, quick=True, processes=2))
    key = [(o.table.name, o.row.key, o.status) for o in alone]
    assert [(o.table.name, o.row.key, o.status) for o in together] == key
    assert {o.status for o in alone} == {"agrees"}
    assert {o.kept for o in reproduce(tmp_path / "together", only=names[:2], quick=True, processes=2)} == {True}
    # numbers that are no rates have no file
    assert not (tmp_path / "alone" / "constants").exists()


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("silver-trees", ["f-k40", "g-x-k03"]),
        ("optimised-trees", ["obs-s-f-N64", "obs-s-g-N33", "obs-f-N50", "obs-g-N07"]),
        ("dynamic-trees", ["objective-N12", "reversed-N12", "right-heavy-N31"]),
        ("strongly-convex-trees", ["s-kappa0100-N16", "f-kappa0010-N05", "g-kappa1000-N04"]),
        ("strongly-convex-silver", ["kappa0010-N08"]),
        ("anytime", ["N12"]),
        ("minimax", ["x-mu1-5-N3", "f-mu0-N5-search"]),
    ],
)
def test_trees_are_certified_from_both_sides(table: str, keys: list[str]) -> None:
    rows = {row.key: row for _, row in selected([table])}
    for key in keys:
        certified = rows[key].certify(lambda stage, detail: None)
        assert compare(rows[key], certified)[0] == "agrees", key
        assert certified.lower is not None and certified.upper <= certified.lower * arb("1.0000000000001")


def test_known_mistakes_are_corrected_and_listed(tmp_path: Path) -> None:
    outcomes = [o for o in reproduce(tmp_path, only=["minimax"]) if o.row.key in ("g-mu0-N4", "g-mu0-N3")]
    assert {o.row.key: o.status for o in outcomes} == {"g-mu0-N3": "agrees", "g-mu0-N4": "corrected"}
    write_page(tmp_path / "page.md", outcomes)
    page = (tmp_path / "page.md").read_text()
    assert "1 corrected" in page and "published 0.0169091029053, certified between 0.0169091029072" in page
    # a correction excuses a wrong number, not a failure, and leaves a right one alone
    right = Published("0.1667", correction="no")
    assert compare(_row(right), Certified(arb(fmpq(1, 6)), arb(fmpq(1, 6)), None))[0] == "agrees"


def test_optimised_gradient_schedule_over_radicals() -> None:
    (row,) = [r for e, r in selected(["optimised"]) if r.key == "obs-g-N07"]
    certified = row.certify(lambda stage, detail: None)
    assert compare(row, certified)[0] == "agrees"
    assert certified.lower is not None and certified.upper < certified.lower * arb("1.000002")


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from pepkit.cli.application import application

    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    done = runner.invoke(application, ["reproduce", "--list", "--json"])
    assert done.exit_code == 0 and len(json.loads(done.stdout)["tables"]) >= 15
    done = runner.invoke(application, ["reproduce", "strongly-convex-two-steps", "--json", "-p", "1"])
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert data["counts"] == {"agrees": 5}
    assert runner.invoke(application, ["reproduce", "gold"]).exit_code == 2
    assert "5 kept" in runner.invoke(application, ["reproduce", "strongly-convex-two-steps", "-p", "1"]).stdout


PUBLISHED = Path(__file__).parents[1] / "certificates" / "published"


def test_certificates_in_the_repository() -> None:
    rows = selected()
    files = {str(path.relative_to(PUBLISHED)) for path in PUBLISHED.rglob("*.json")}
    assert files <= {f"{entry.name}/{row.key}.json" for entry, row in rows}
    # a sample; the whole folder is checked by `pepkit check certificates/published`
    sample = [(entry, row) for entry, row in rows if f"{entry.name}/{row.key}.json" in files][::15]
    assert len(sample) >= 20
    for entry, row in sample:
        certified = present(PUBLISHED / entry.name / f"{row.key}.json", row)
        assert certified is not None, (entry.name, row.key)
        assert compare(row, certified)[0] in ("agrees", "holds", "approaches")
