"""Kernel, checker, schema and page name the same kinds, and the schema accepts a file of every one of them."""

from __future__ import annotations

import importlib.util
import json
import random
import re
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.every_kind import by_kinds, examples
from helpers.laboratory_kinds import laboratory_kinds
from helpers.tampering import leaves, tampered
from jsonschema import Draft202012Validator

from pepkit.kernel import PepkitError, check, claim_data, proof_data
from pepkit.kernel.files import certificate_from_data
from pepkit.schema import schema

ROOT = Path(__file__).parents[1]
VALIDATOR = Draft202012Validator(schema())
EXAMPLES = examples()
# described in docs/laboratories.md; the standalone checker does not know them yet
KERNEL_ONLY = {
    "angle-enclosure", "balanced-trajectory", "wide-network-constant", "descent-covering", "descent-orbit",
    "effective-rank", "linear-network-identity", "biases-stay-apart", "constant-steps-bound", "kink-count", "kinks-needed",
    "maximal-margin", "uniform-distance",
}  # fmt: skip
KERNEL_ONLY_PROOFS = {
    "orbit-evaluation", "ball-evaluation", "expansion", "covering-graph", "gram-evaluation", "bending-triples",
    "kink-evaluation", "margin-enclosure", "step-cover", "trapping-box", "taylor-enclosure",
}  # fmt: skip
CLAIMS, PROOFS = set(claim_data.KINDS) - KERNEL_ONLY, set(proof_data.KINDS) - KERNEL_ONLY_PROOFS


@pytest.fixture(scope="module")
def pepcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pepcheck_kinds", ROOT / "checker" / "pepcheck.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kinds_of(references: list[dict[str, str]], suffix: str) -> list[str]:
    return [entry["$ref"].removeprefix("#/$defs/").removesuffix(suffix) for entry in references]


def test_the_schema_knows_the_kinds_of_the_kernel() -> None:
    text = schema()
    assert sorted(kinds_of(text["$defs"]["claim"]["oneOf"], "-claim")) == sorted(claim_data.KINDS)
    assert sorted(kinds_of(text["properties"]["proof"]["oneOf"], "-proof")) == sorted(proof_data.KINDS)
    for kind in claim_data.KINDS:
        assert text["$defs"][f"{kind}-claim"]["properties"]["kind"] == {"const": kind}
    for kind in proof_data.KINDS:
        assert text["$defs"][f"{kind}-proof"]["properties"]["kind"] == {"const": kind}


def test_the_checker_knows_the_kinds_of_the_kernel(pepcheck: ModuleType) -> None:
    assert {*pepcheck.STATEMENTS, *(claim for claim, _ in pepcheck.PROOFS)} == CLAIMS
    assert {proof for _, proof in pepcheck.PROOFS} == PROOFS


def test_there_is_an_example_of_every_kind() -> None:
    claims, proofs = {claim for claim, _ in by_kinds()}, {proof for _, proof in by_kinds()}
    assert claims == CLAIMS
    assert proofs == {*PROOFS, "multipliers"}
    assert {claim for claim, _ in laboratory_kinds()} == KERNEL_ONLY
    assert {proof for _, proof in laboratory_kinds()} == KERNEL_ONLY_PROOFS


def test_the_page_lists_the_kinds() -> None:
    page = (ROOT / "docs" / "certificate-format.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (`[^|]*`|multipliers) \| ", page, re.MULTILINE)
    assert sorted(kind for kind, _ in rows) == sorted(CLAIMS)
    listed = {kind for _, cell in rows for kind in re.findall(r"`([a-z-]+)`", cell)}
    assert listed == PROOFS


def test_the_page_of_laboratories_lists_theirs() -> None:
    page = (ROOT / "docs" / "laboratories.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \| `([a-z-]+)` \| ([^|]*) \| ", page, re.MULTILINE)
    assert {(claim, proof) for claim, _, proof, _ in rows} == set(laboratory_kinds())
    definitions = schema()["$defs"]
    for claim, members, proof, parts in rows:
        for kind, cell in ((f"{claim}-claim", members), (f"{proof}-proof", parts)):
            named = re.findall(r"`([A-Za-z/]+)`", cell)
            own = [key for key in definitions[kind]["properties"] if key != "kind"]
            assert set(own) <= set(named) if own else cell == "none", kind


def test_the_sections_of_the_page_are_counted_and_listed() -> None:
    text = (ROOT / "docs" / "certificate-format.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\d+)\. (.*)$", text, re.MULTILINE)
    assert [int(number) for number, _ in headings] == list(range(1, len(headings) + 1))
    assert re.findall(r"^(\d+)\. \[(.*)\]\(", text, re.MULTILINE) == headings


def test_links_into_the_page_lead_to_its_headings() -> None:
    docs = ROOT / "docs"
    titles = re.findall(r"^#+ (.*)$", (docs / "certificate-format.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    for page in [*docs.glob("*.md"), ROOT / "README.md"]:
        text = page.read_text(encoding="utf-8")
        start = (
            r"\((?:docs/)?(?:certificate-format\.md)?#"
            if page.name == "certificate-format.md"
            else r"certificate-format\.md#"
        )
        for anchor in re.findall(start + r"([^)]*)\)", text):
            assert anchor in anchors, f"{page.name} links to {anchor}"


def test_the_checker_needs_a_degree_that_is_not_zero_in_disguise(pepcheck: ModuleType) -> None:
    """theta = 1 is a root of (x - 1)(x^2 - 2): one step is zero there, but two Chebyshev steps for theta = sqrt(2)."""

    def number(at_one: Fraction, u: Fraction, v: Fraction) -> Any:
        """The polynomial in theta that is `at_one` for theta = 1 and u + v sqrt(2) for theta = sqrt(2)."""
        k = u + v - at_one
        coefficients = [str(u - 2 * k), str(v), str(k)]
        return coefficients if k else coefficients[0] if not v else coefficients[:2]

    half, zero, seventh = Fraction(3, 2), Fraction(0), Fraction(1, 7)
    steps = [number(half, 12 * seventh, 3 * seventh), number(zero, 12 * seventh, -3 * seventh)]
    rate = number(Fraction(1, 2), seventh, zero)
    factor = [number(-half, -12 * seventh, zero), number(zero, 18 * seventh, zero)]
    data: dict[str, Any] = {
        "format": "pepkit-cert/1",
        "field": {"kind": "number-field", "minpoly": ["2", "-2", "-1", "1"], "root": ["9/10", "11/10"]},
        "claim": {"kind": "quadratic", "mu/L": "1/3", "steps": steps, "rate": rate, "extremal": False},
        "proof": {"kind": "pell", "factor": factor},
    }
    assert pepcheck.verify(data, 128)[0].startswith("proved")  # which is true: |p| <= rate for theta = 1
    with pytest.raises((pepcheck.Refused, pepcheck.Undecided, pepcheck.Malformed)):
        pepcheck.verify(data | {"claim": data["claim"] | {"extremal": True}}, 128)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_schema_accepts_the_examples(name: str) -> None:
    VALIDATOR.validate(EXAMPLES[name])


FILES = sorted((ROOT / "certificates").rglob("*.json")) if (ROOT / "certificates").is_dir() else []


def test_the_schema_accepts_the_catalogue() -> None:
    for path in FILES[:: max(1, len(FILES) // 60)]:
        data = json.loads(path.read_text(encoding="utf-8"))
        if "format" in data:
            VALIDATOR.validate(data)


@pytest.mark.slow
def test_the_schema_accepts_all_of_the_catalogue() -> None:
    for path in FILES:
        data = json.loads(path.read_text(encoding="utf-8"))
        if "format" in data:
            VALIDATOR.validate(data)


def test_the_schema_refuses_no_more_than_the_kernel() -> None:
    """Whatever the kernel proves after one change is valid as well."""
    draw = random.Random(5)
    for data in EXAMPLES.values():
        addresses = list(leaves(data))
        for _ in range(6):
            other: Any = tampered(data, draw.choice(addresses), draw)
            try:
                check(certificate_from_data(other))
            except PepkitError:
                continue
            VALIDATOR.validate(other)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_schema_refuses_unknown_members_and_kinds(name: str) -> None:
    data = EXAMPLES[name]
    part = "proof" if "proof" in data else "claim"
    for other in (
        data | {"extra": 1},
        data | {"claim": data["claim"] | {"extra": "1"}},
        data | {part: data[part] | {"extra": "1"}},
        data | {part: data[part] | {"kind": "unknown"}},
        {key: value for key, value in data.items() if key not in ("proof", "multipliers")},
    ):
        assert not VALIDATOR.is_valid(other)
