"""Certificates of false claims, written by hand: kernel and standalone checker refuse each of them."""

from __future__ import annotations

import importlib.util
import json
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pepkit.kernel import CertificateError, ClaimError, PepkitError, certificate_from_text, check

CHECKER = Path(__file__).parents[2] / "checker" / "pepcheck.py"
RATIONALS = {"kind": "rationals"}


@pytest.fixture(scope="module")
def pepcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pepcheck_soundness", CHECKER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def certificate(claim: dict[str, Any], field: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    return {"format": "pepkit-cert/1", "field": field or RATIONALS, "claim": claim, **parts}


def listed(**parts: Any) -> dict[str, Any]:
    claim = {"kind": "listed", "vectors": [], "scalars": [], "measure": {}, "normaliser": {}, "rate": "1"}
    return claim | parts


def proves(data: dict[str, Any]) -> str:
    """The theorem in words."""
    return str(check(certificate_from_text(json.dumps(data))))


def refused(data: dict[str, Any], pepcheck: ModuleType, folder: Path, error: type[PepkitError] = PepkitError) -> str:
    """What the kernel says; the checker says no as well."""
    with pytest.raises(error) as caught:
        check(certificate_from_text(json.dumps(data)))
    path = folder / "certificate.json"
    path.write_text(json.dumps(data))
    assert pepcheck.check(str(path)) != 0
    return str(caught.value)


# ---- proofs of another statement than the claim --------------------------------------------------


def test_a_pattern_is_not_proved_by_the_rate_of_one_pass(pepcheck: ModuleType, tmp_path: Path) -> None:
    """f(x_1) - f_* <= (10/19) |x_0 - x_*|^2 for the step 19/10 is true, but |x|^2/2 breaks the pattern with 5/19.

    From |x_0| = R and f(x_0) <= (5/19) R^2 the pattern promises f(x_1) <= (5/38) R^2; x_0 = sqrt(10/19) R gives
    f(x_1) = 81/380 R^2.
    """
    multipliers = {"interpolation": [[0, 1, "121/190"], [0, 2, "1/2"], [2, 0, "108/95"], [2, 1, "69/190"]]}
    promise, reached = Fraction(5, 38), Fraction(81, 100) * Fraction(5, 19)
    assert reached > promise
    method = {
        "kind": "method", "class": {"L": "L", "mu/L": "0"}, "method": {"type": "gradient-descent", "steps": ["19/10"]},
        "measure": "f(x_N)-f(x_*)", "initial": "|x_0-x_*|^2", "rate": "10/19",
    }  # fmt: skip
    pattern = {"kind": "straightforward", "steps": ["19/10"], "threshold": "5/19"}
    assert "10/19" in proves(certificate(method, multipliers=multipliers))
    refused(certificate(pattern, multipliers=multipliers), pepcheck, tmp_path, ClaimError)
    refused(certificate(pattern, multipliers={}), pepcheck, tmp_path, ClaimError)


# ---- the Gram matrix of listed hypotheses --------------------------------------------------------


def test_products_of_a_derived_vector_with_a_later_one_count(pepcheck: ModuleType, tmp_path: Path) -> None:
    """100 <b, c> <= |a|^2 + |c|^2 with b = a is false; the product of b with the later c must not be lost."""
    derived = {"name": "b", "definition": [[0, "1"]]}
    normaliser = {"quadratic": [[0, 0, "1"], [2, 2, "1"]]}
    claim = listed(vectors=["a", derived, "c"], normaliser=normaliser, measure={"quadratic": [[1, 2, "100"]]})
    refused(certificate(claim, multipliers={}), pepcheck, tmp_path, CertificateError)
    claim["measure"] = {"quadratic": [[1, 2, "2"]]}
    proves(certificate(claim, multipliers={}))
    assert pepcheck.verify(certificate(claim, multipliers={}), 128)[0].startswith("proved")


def test_a_definition_that_names_a_vector_twice_adds_up(pepcheck: ModuleType, tmp_path: Path) -> None:
    derived = {"name": "b", "definition": [[0, "1"], [0, "1"]]}
    claim = listed(vectors=["a", derived], normaliser={"quadratic": [[0, 0, "1"]]})
    claim |= {"measure": {"quadratic": [[1, 1, "1"]]}, "rate": "4"}
    proves(certificate(claim, multipliers={}))
    assert pepcheck.verify(certificate(claim, multipliers={}), 128)[0].startswith("proved")
    refused(certificate(claim | {"rate": "399/100"}, multipliers={}), pepcheck, tmp_path, CertificateError)


# ---- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("outside", [Fraction(1, 2**200), Fraction(1, 2**90), Fraction(-2, 3) - Fraction(1, 2**200)])
def test_a_root_beside_its_interval_is_no_number(outside: Fraction, pepcheck: ModuleType, tmp_path: Path) -> None:
    """2^100 (x - c) has no root in [1/3, 1] if c is a little smaller than 1/3, or a little larger than 1."""
    c = (Fraction(1, 3) - outside) * 2**100
    field = {"kind": "radicals", "program": [["root", "1/3", "1", str(-c), str(2**100)]]}
    claim = listed(scalars=["x"], normaliser={"linear": [[0, "1"]]}, measure={"linear": [[0, "1"]]})
    refused(certificate(claim, field, multipliers={}), pepcheck, tmp_path)
