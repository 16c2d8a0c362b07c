"""The JSON Schema accepts what the kernel writes and refuses malformed files."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from closed_forms import examples
from jsonschema import Draft202012Validator

from pepkit.kernel import Certificate, certificate_from_text, certificate_to_text, check, claim_digest, digest
from pepkit.schedules import composition, composition_proof
from pepkit.schema import schema
from pepkit.verification import verify_with_sympy

VALIDATOR = Draft202012Validator(schema())
EXAMPLES = {name: json.loads(certificate_to_text(c)) for name, c in examples().items()}
PAGE = Path(__file__).parents[2] / "docs" / "certificate-format.md"


def test_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", EXAMPLES)
def test_accepts_what_the_kernel_writes(name: str) -> None:
    VALIDATOR.validate(EXAMPLES[name])


MALFORMED: list[tuple[tuple[str | int, ...], Any]] = [
    (("format",), "pepkit-cert/2"),
    (("claim", "rate"), 0.1),
    (("claim", "rate"), "01/2"),
    (("claim", "rate"), "1/1"),
    (("claim", "rate"), "1/-2"),
    (("claim", "rate"), "-0"),
    (("claim", "rate"), ["1"]),
    (("claim", "measure"), "f(x_N)"),
    (("claim", "kind"), "other"),
    (("claim", "extra"), 1),
    (("claim", "method"), {"type": "gradient-descent", "steps": []}),
    (("field",), {"kind": "number-field", "minpoly": ["-2", "0", "1"]}),
    (("field",), {"kind": "radicals", "program": [["sqrt", "2", "3"]]}),
    (("multipliers", "other"), []),
    (("multipliers", "interpolation"), [[0, "1"]]),
    (("multipliers", "interpolation"), [[0, 1.5, "1"]]),
    (("multipliers", "interpolation"), [[0, -1, "1"]]),
    (("kernel",), ["1"]),
    (("witness",), {"coordinates": []}),
    (("provenance",), []),
]


@pytest.mark.parametrize(("path", "value"), MALFORMED)
def test_refuses_malformed_files(path: tuple[str | int, ...], value: Any) -> None:
    data = copy.deepcopy(EXAMPLES["constant step"])
    target: Any = data
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize("key", ["format", "field", "claim", "multipliers"])
def test_refuses_missing_parts(key: str) -> None:
    data = dict(EXAMPLES["constant step"])
    del data[key]
    assert not VALIDATOR.is_valid(data)


def test_examples_of_the_documentation() -> None:
    """Every complete certificate on the page is valid, canonical and proves its claim."""
    blocks = re.findall(r"```json\n(\{\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    complete = [block for block in blocks if '"pepkit-cert/1"' in block]
    assert complete
    for text in complete:
        VALIDATOR.validate(json.loads(text))
        certificate = certificate_from_text(text)
        assert certificate_to_text(certificate) == text
        assert digest(certificate) in PAGE.read_text(encoding="utf-8")
        assert claim_digest(certificate.claim) in PAGE.read_text(encoding="utf-8")
        assert check(certificate).tight
        if isinstance(certificate, Certificate):
            assert verify_with_sympy(text).tight


COMPOSITIONS = {
    "exact": composition_proof(composition("silver", 7)),
    "enclosed": composition_proof(composition("obs-f", 20)),
    "strongly convex": composition_proof(composition("sc-obs-f", 4, 0.1), mu="1/10"),
    "closed": composition_proof(composition("silver-strongly-convex", 6, 0.1), mu="1/10"),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_accepts_compositions(name: str) -> None:
    VALIDATOR.validate(json.loads(certificate_to_text(COMPOSITIONS[name])))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("claim", "joins"), []),
        (("claim", "joins", 0), ["s", "empty"]),
        (("claim", "joins", 0), ["h", "empty", "empty"]),
        (("claim", "joins", 0), ["close", 0, 0]),
        (("claim", "joins", 0), ["s", "none", "empty"]),
        (("claim", "joins", 0), ["s", -1, "empty"]),
        (("proof", "kind"), "belief"),
        (("proof", "roots"), [0.5]),
        (("proof", "extra"), 1),
        (("kernel",), []),
        (("multipliers",), {}),
    ],
)
def test_refuses_malformed_compositions(path: tuple[str | int, ...], value: Any) -> None:
    data = json.loads(certificate_to_text(COMPOSITIONS["exact"]))
    target: Any = data
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert not VALIDATOR.is_valid(data)
