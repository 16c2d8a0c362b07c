"""Kernel and standalone checker on every kind of certificate: as it is, tampered with, and changed where it is free."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.every_kind import by_kinds, examples
from helpers.tampering import leaves, tampered
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import PepkitError, Theorem, check, claim_digest, digest
from pepkit.kernel.files import certificate_from_data

EXAMPLES = examples()
KINDS = by_kinds()


def by_kernel(data: Any) -> Theorem | None:
    try:
        return check(certificate_from_data(data))
    except PepkitError:
        return None


def by_checker(pepcheck: ModuleType, data: Any) -> list[str] | None:
    """The lines for a file that is proved; None for one that is refused or undecided. Anything else is a bug."""
    for bits in pepcheck.RADICAL_PRECISIONS:
        try:
            return pepcheck.verify(data, bits)
        except pepcheck.Undecided:
            continue
        except (pepcheck.Refused, pepcheck.Malformed):
            return None
    return None


@pytest.mark.parametrize("name", EXAMPLES)
def test_both_prove_the_same(name: str, pepcheck: ModuleType) -> None:
    data = EXAMPLES[name]
    certificate = certificate_from_data(data)
    theorem, lines = check(certificate), by_checker(pepcheck, data)
    assert lines is not None
    assert lines[-2:] == [f"digest {digest(certificate)}", f"claim digest {claim_digest(certificate.claim)}"]
    assert ("no smaller rate holds: it is attained" in lines) == theorem.tight
    assert any(line.startswith("no rate below") for line in lines) == (theorem.lower is not None and not theorem.tight)


@pytest.mark.parametrize("name", EXAMPLES)
def test_provenance_is_free(name: str, pepcheck: ModuleType) -> None:
    before = by_checker(pepcheck, EXAMPLES[name])
    data = EXAMPLES[name] | {"provenance": {"method": "a dream", "seconds": "7", "notes": [{"deep": ["1"]}]}}
    assert by_kernel(data) is not None
    assert by_checker(pepcheck, data) == before


@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: " by ".join(kinds))
def test_no_part_can_be_changed_unnoticed(kinds: tuple[str, str], pepcheck: ModuleType) -> None:
    """In every part of every kind some changes are refused, and on every change the two agree."""
    draw = random.Random(" ".join(kinds))
    refused: dict[str, int] = {}
    for name in KINDS[kinds][:3]:
        data = EXAMPLES[name]
        addresses = list(leaves(data))
        for part in {address[0] for address in addresses}:
            inside = [address for address in addresses if address[0] == part]
            for address in draw.sample(inside, min(7, len(inside))):
                other = tampered(data, address, draw)
                proved = by_kernel(other) is not None
                assert (by_checker(pepcheck, other) is not None) == proved, (name, address)
                refused[part] = refused.get(part, 0) + (not proved)
    assert all(refused.values()), refused


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 10**9), st.integers(1, 3))
def test_random_changes(pepcheck: ModuleType, name: str, seed: int, times: int) -> None:
    draw = random.Random(seed)
    data = EXAMPLES[name]
    for _ in range(times):
        data = tampered(data, draw.choice(list(leaves(data))), draw)
    assert (by_checker(pepcheck, data) is not None) == (by_kernel(data) is not None)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rate_below_an_attained_one_is_refused(name: str, pepcheck: ModuleType) -> None:
    data = EXAMPLES[name]
    theorem = by_kernel(data)
    assert theorem is not None
    rate = data["claim"].get("rate")
    if not theorem.tight or not isinstance(rate, str):
        pytest.skip("the rate is not attained, or is no rational number")
    numerator, _, denominator = rate.partition("/")
    lower = f"{int(numerator) * 10**9 - 1}/{int(denominator or 1) * 10**9}"
    other = data | {"claim": data["claim"] | {"rate": lower}}
    assert by_kernel(other) is None
    assert by_checker(pepcheck, other) is None


@pytest.mark.parametrize("part", ["claim", "proof", "field"])
def test_an_unknown_kind_is_refused_by_its_name(part: str, pepcheck: ModuleType) -> None:
    data = EXAMPLES["pattern"]
    other = data | {part: data[part] | {"kind": "clairvoyance"}}
    with pytest.raises(PepkitError, match="clairvoyance"):
        certificate_from_data(other)
    with pytest.raises(pepcheck.Malformed, match="clairvoyance"):
        pepcheck.verify(other, 128)


CATALOGUE = Path(__file__).parents[2] / "certificates"


def catalogue(published: bool) -> list[Path]:
    paths = [path for path in sorted(CATALOGUE.rglob("*.json")) if ("published" in path.parts) == published]
    return [path for path in paths if "format" in json.loads(path.read_text(encoding="utf-8"))]


@pytest.mark.skipif(not CATALOGUE.is_dir(), reason="the catalogue is not in this folder")
def test_proves_the_catalogue(run: Any) -> None:
    result = run(*catalogue(False), timeout=300)
    assert result.returncode == 0, result.stdout[-2000:]


@pytest.mark.slow
@pytest.mark.skipif(not CATALOGUE.is_dir(), reason="the catalogue is not in this folder")
def test_proves_the_published_tables(run: Any) -> None:
    result = run(*catalogue(True), timeout=7200)
    assert result.returncode == 0, result.stdout[-2000:]
