"""The standalone checker and the kernel agree, on certificates that hold and on tampered ones."""

from __future__ import annotations

import copy
import json
import random
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.tampering import changed, leaves

from pepkit.kernel import PepkitError, certificate_from_text, check, claim_digest, digest


def kernel_proves(data: Any) -> bool:
    try:
        check(certificate_from_text(json.dumps(data)))
    except PepkitError:
        return False
    return True


def pepcheck_proves(pepcheck: ModuleType, data: Any, folder: Path) -> bool:
    path = folder / "certificate.json"
    path.write_text(json.dumps(data))
    return pepcheck.check(str(path)) == 0


def test_proves_what_the_kernel_proves_with_the_same_digests(
    pepcheck: ModuleType, certificates: list[tuple[str, Any]]
) -> None:
    for name, data in certificates:
        certificate = certificate_from_text(json.dumps(data))
        theorem = check(certificate)
        lines = pepcheck.verify(data, 512)
        assert lines[-2:] == [f"digest {digest(certificate)}", f"claim digest {claim_digest(certificate.claim)}"], name
        assert ("no smaller rate holds: it is attained" in lines) == theorem.tight, name


def test_runs_alone(run: Any, tmp_path: Path, certificates: list[tuple[str, Any]]) -> None:
    files = []
    for position, (_, data) in enumerate(certificates):
        files.append(tmp_path / f"{position}.json")
        files[-1].write_text(json.dumps(data))
    result = run(*files)
    assert result.returncode == 0
    assert result.stderr == ""
    assert len(re.findall(r": proved\. ", result.stdout)) == len(files)


def test_imports_the_standard_library_only(pepcheck: ModuleType) -> None:
    import sys

    source = Path(pepcheck.__file__).read_text()
    modules = re.findall(r"^\s*(?:import|from) (\w+)", source, re.MULTILINE)
    assert set(modules) <= sys.stdlib_module_names
    assert not re.search(r"^\s*assert\b", source, re.MULTILINE)
    assert not re.search(r"\b(eval|exec|pickle)\b", source)


# ---- tampering -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_the_kernel_on_tampered_certificates(
    seed: int, pepcheck: ModuleType, certificates: list[tuple[str, Any]], tmp_path: Path
) -> None:
    draw = random.Random(seed)
    rejected = 0
    for name, data in certificates:
        addresses = list(leaves(data))
        for address in draw.sample(addresses, min(12, len(addresses))):
            tampered = copy.deepcopy(data)
            place: Any = tampered
            for key in address[:-1]:
                place = place[key]
            place[address[-1]] = changed(place[address[-1]], draw)
            proved = kernel_proves(tampered)
            rejected += not proved
            assert pepcheck_proves(pepcheck, tampered, tmp_path) == proved, (name, address, place[address[-1]])
    # names and titles do not matter; a step that occurs nowhere else in a proof may matter little; the rest does
    assert rejected > 100


def test_every_digit_of_a_sharp_certificate_matters(
    pepcheck: ModuleType, certificates: list[tuple[str, Any]], tmp_path: Path
) -> None:
    data = dict(certificates)["quadratic_field"]
    for address in leaves({key: data[key] for key in ("claim", "multipliers", "kernel")}):
        if address[:2] in (("claim", "class"), ("claim", "kind")) and address[-1] == "L":
            continue
        tampered = copy.deepcopy(data)
        place: Any = tampered
        for key in address[:-1]:
            place = place[key]
        value = place[address[-1]]
        place[address[-1]] = value + 1 if isinstance(value, int) else value + "1"
        assert not pepcheck_proves(pepcheck, tampered, tmp_path), address


@pytest.mark.parametrize("member", ["multipliers", "kernel", "witness", "claim", "field", "format"])
def test_missing_and_doubled_parts(
    member: str, pepcheck: ModuleType, certificates: list[tuple[str, Any]], tmp_path: Path
) -> None:
    data = dict(certificates)["cubic_field"]
    without = {key: value for key, value in data.items() if key != member}
    optional = member in ("kernel", "witness")
    assert pepcheck_proves(pepcheck, without, tmp_path) == optional
    path = tmp_path / "doubled.json"
    path.write_text(json.dumps(data)[:-1] + f', "{member}": {json.dumps(data[member])}}}')
    assert pepcheck.check(str(path)) == 2


def test_the_conjugate_root_is_not_taken(pepcheck: ModuleType, certificates: list[tuple[str, Any]]) -> None:
    data = copy.deepcopy(dict(certificates)["quadratic_field"])
    data["field"]["root"] = ["-2", "-1"]
    with pytest.raises(pepcheck.Refused):
        pepcheck.verify(data, 128)


def test_the_elimination_decides_without_the_kernel(pepcheck: ModuleType, certificates: list[tuple[str, Any]]) -> None:
    for _, data in certificates:
        pepcheck.verify({key: value for key, value in data.items() if key != "kernel"}, 512)
        if data["claim"].get("measure") == "f(x_N)-f(x_*)" and data["claim"]["rate"] == "1/14":
            lower = copy.deepcopy(data)
            lower["claim"]["rate"] = "1/15"
            lower.pop("kernel", None)
            with pytest.raises(pepcheck.Refused, match="semidefinite"):
                pepcheck.verify(lower, 512)
            break
    else:
        pytest.fail("there is no certificate with rate 1/14")
