"""The pages in docs/labs are whole: figures and certificates exist, certificates prove, tested statements hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pepkit import labs
from pepkit.kernel import check, load

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", labs.names())
def test_page(name: str) -> None:
    page = DOCS / "labs" / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    assert labs.labs()[name].summary in text.splitlines()[0]
    assert "[FAILS]" not in text and f"pepkit lab {name}" in text
    links = re.findall(r"\]\(([^)#]+\.(?:png|csv|json))\)", text)
    assert any(link.endswith(".png") for link in links)
    for link in links:
        assert (page.parent / link).exists(), link
    # nothing lies there that the page does not mention
    present = {path.name for path in (page.parent / name).iterdir() if path.suffix in (".png", ".json")}
    assert present == {Path(link).name for link in links if not link.endswith(".csv")}
    for path in (page.parent / name).glob("*.json"):
        assert check(load(path)).checks


def test_known_numbers_are_met() -> None:
    text = (DOCS / "lab-targets.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    assert len(rows) >= 43
    assert all(row.rstrip(" |").endswith(("met", "reported")) for row in rows)


def test_every_laboratory_is_listed() -> None:
    text = (DOCS / "laboratories.md").read_text(encoding="utf-8")
    missing = [name for name in labs.names() if f"labs/{name}.md" not in text]
    assert not missing
