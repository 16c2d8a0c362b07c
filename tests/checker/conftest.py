"""The checker as a module and as a program, and certificates for it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flint import fmpq

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))

import sample_certificates as samples

from pepkit.kernel import (
    RATIONALS,
    Certificate,
    Form,
    ListedClaim,
    RadicalField,
    Vector,
    Witness,
    certificate_to_text,
)

CHECKER = Path(__file__).parents[2] / "checker" / "pepcheck.py"
SILVER = Path(__file__).parents[1] / "cli" / "data" / "silver-7.json"


def matrix_inequality() -> Certificate:
    """|w|^2 + b <= 5 from [[1, a], [a, 1 - |v|^2]] >= 0, w = 2v and b = 1."""
    one = fmpq(1)
    vectors = (Vector("v"), Vector("w", ((0, fmpq(2)),)))
    corner, off = Form(constant=one), Form(linear={0: one})
    rows = ((corner, off), (off, Form({(0, 0): -one}, constant=one)))
    claim = ListedClaim(
        vectors,
        ("a", "b"),
        (),
        (("b is one", Form(linear={1: one}, constant=-one)),),
        (("ball", rows),),
        Form({(1, 1): one}, {1: one}),
        Form(constant=one),
        fmpq(5),
        "a ball",
        RATIONALS,
    )
    multiplier = ((fmpq(0), fmpq(0)), (fmpq(0), fmpq(4)))
    witness = Witness(((one,),), (fmpq(0), one))
    multipliers: dict[str, Any] = {"equalities": {(0,): -one}, "matrix-inequalities": {(0,): multiplier}}
    return Certificate(claim, multipliers, (), witness)


def listed_over_radicals() -> Certificate:
    """x - (3/2 - sqrt(2)) |u|^2 <= 3/2 from x <= sqrt(2)."""
    field = RadicalField([("sqrt", "2"), ("*", 0, 0), ("-", 0, "3/2")])
    one = field.coerce(1)
    claim = ListedClaim(
        (Vector("u"),),
        ("x",),
        (("below", Form({}, {0: -one}, field.nodes[0])),),
        (),
        (),
        Form({(0, 0): field.nodes[2]}, {0: one}),
        Form(constant=one),
        field.coerce(fmpq(3, 2)),
        "",
        field,
    )
    return Certificate(claim, {"inequalities": {(0,): one}}, (), None)


def searched() -> list[tuple[str, Certificate]]:
    """Certificates of the catalogue: one for every class, measure, kind of method and kind of field."""
    from pepkit import certify
    from pepkit.catalogue import entries

    wanted = (
        "silver-N003",
        "optimal-constant-N003",
        "obs-f-N003",
        "obs-s-N002",
        "kappa-10-N002",
        "smooth-constant-1-N003",
        "hypoconvex-half",
        "gradient-norm/constant",
        "ogm-N002",
    )
    return [
        (entry.path, certify(entry.build(), mode=entry.mode).certificate)
        for entry in entries()
        if any(name in entry.path for name in wanted)
    ]


@pytest.fixture(scope="session")
def certificates() -> list[tuple[str, dict[str, Any]]]:
    """Names and JSON data of certificates that hold."""
    made = [(make.__name__, make()) for make in (*samples.ALL, matrix_inequality, listed_over_radicals)]
    return [(name, json.loads(certificate_to_text(certificate))) for name, certificate in [*made, *searched()]]


@pytest.fixture(scope="session")
def pepcheck() -> ModuleType:
    """The checker, imported."""
    spec = importlib.util.spec_from_file_location("pepcheck", CHECKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the checker as a program that sees the standard library only."""

    def call(*files: Path | str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(CHECKER), *map(str, files)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return call
