"""The JSON Schema of the kinds of laboratories: as strict as the readers of the kernel in all that is shape."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from helpers.laboratory_kinds import laboratory_examples, laboratory_kinds
from helpers.tampering import Address, leaves, tampered
from jsonschema import Draft202012Validator

from pepkit.kernel import PepkitError, certificate_from_text, certificate_to_text, check
from pepkit.kernel.angle_maps import CONSTANTS, MAPS
from pepkit.kernel.files import certificate_from_data
from pepkit.kernel.linear_network_identities import IDENTITIES
from pepkit.schema import schema

ROOT = Path(__file__).parents[1]
SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLES = laboratory_examples()
KINDS = laboratory_kinds()
FILES = sorted((ROOT / "docs" / "labs").glob("*/*.json"))


def objects(data: Any, path: Address = ()) -> list[Address]:
    """The addresses of all JSON objects below the claim and the proof."""
    found = [path] if isinstance(data, dict) else []
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return found + [address for key, value in pairs for address in objects(value, (*path, key))]


def at(data: Any, path: Address) -> Any:
    for key in path:
        data = data[key]
    return data


def refused(data: Any) -> bool:
    """By the schema; the kernel must prove nothing with it either."""
    with pytest.raises(PepkitError):
        check(certificate_from_data(copy.deepcopy(data)))
    return not VALIDATOR.is_valid(data)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid_canonical_and_proved(name: str) -> None:
    VALIDATOR.validate(EXAMPLES[name])
    text = certificate_to_text(certificate_from_data(EXAMPLES[name]))
    assert certificate_to_text(certificate_from_text(text)) == text
    assert check(certificate_from_text(text)).checks


def test_all_files_of_the_pages_are_valid() -> None:
    kinds = set()
    for path in FILES:
        data = json.loads(path.read_text(encoding="utf-8"))
        VALIDATOR.validate(data)
        kinds.add((data["claim"]["kind"], data["proof"]["kind"] if "proof" in data else "multipliers"))
    assert set(KINDS) <= kinds and len(FILES) > 60


@pytest.mark.parametrize("name", [names[0] for names in KINDS.values()])
def test_members_are_neither_missing_nor_unknown(name: str) -> None:
    data = EXAMPLES[name]
    places = [("claim", *path) for path in objects(data["claim"])] + [
        ("proof", *path) for path in objects(data["proof"])
    ]
    optional = {("proof", "weights"), ("slopes",)}
    removed = 0
    # the first and the last ones stand for hundreds of pieces
    for place in places[:6] + places[-2:]:
        other = copy.deepcopy(data)
        at(other, place)["extra"] = "1"
        assert refused(other), (place, "extra")
        for key in at(data, place):
            if (*place, key) in optional or (key,) in optional:
                continue
            other = copy.deepcopy(data)
            del at(other, place)[key]
            assert refused(other), (place, key)
            removed += 1
    assert removed >= 3


@pytest.mark.parametrize("name", EXAMPLES)
def test_members_of_other_types_are_refused(name: str) -> None:
    data = EXAMPLES[name]
    draw = random.Random(name)
    for part in ("claim", "proof"):
        for key, value in data[part].items():
            wrong: list[Any] = [None, 0.5, True, {}, {"kind": "x"}]
            wrong += [[]] if isinstance(value, (str, int)) else ["1/2", 3]
            if isinstance(value, str):
                # over other fields a JSON integer may be the number of an instruction
                wrong += [value + " ", "1/0", "+1", *([] if data["claim"]["kind"].startswith("descent") else [7])]
            if isinstance(value, int):
                wrong += [str(value), -2]
            for other in wrong:
                changed = copy.deepcopy(data)
                changed[part][key] = other
                assert refused(changed), (part, key, other)
    # a number inside a list becomes a JSON number
    inner = [a for a in leaves(data) if len(a) > 2 and isinstance(at(data, a), str) and a[0] in ("claim", "proof")]
    for address in draw.sample(inner, min(len(inner), 5)):
        changed = copy.deepcopy(data)
        at(changed, address[:-1])[address[-1]] = 0.25
        assert refused(changed), address


@pytest.mark.parametrize("name", EXAMPLES)
def test_proofs_belong_to_claims(name: str) -> None:
    data = EXAMPLES[name]
    proofs = {other["proof"]["kind"]: other["proof"] for other in EXAMPLES.values()}
    for kind, proof in proofs.items():
        if kind != data["proof"]["kind"]:
            assert refused(data | {"proof": proof}), kind
    without = {key: value for key, value in data.items() if key != "proof"}
    assert refused(without)
    assert refused(without | {"multipliers": {}})
    assert refused(data | {"kernel": []})


@pytest.mark.parametrize("name", [names[0] for (kind, _), names in KINDS.items() if not kind.startswith("descent")])
def test_claims_about_networks_are_over_the_rationals(name: str) -> None:
    root_of_two = {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["1", "2"]}
    assert refused(EXAMPLES[name] | {"field": root_of_two})


def test_whatever_the_kernel_proves_is_valid() -> None:
    draw = random.Random(3)
    proved = 0
    for data in EXAMPLES.values():
        addresses = list(leaves(data))
        for _ in range(25):
            other: Any = tampered(data, draw.choice(addresses), draw)
            try:
                check(certificate_from_data(other))
            except PepkitError:
                continue
            VALIDATOR.validate(other)
            proved += 1
    # such as a wider enclosure
    assert proved > 10


def test_names_are_those_of_the_kernel() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["angle-enclosure-claim"]["properties"]["map"]["enum"] == list(MAPS)
    assert sorted(definitions["wide-network-constant-claim"]["properties"]["constant"]["enum"]) == sorted(CONSTANTS)
    assert definitions["linear-network-identity-claim"]["properties"]["identity"]["enum"] == list(IDENTITIES)
