"""Roots of polynomials in radical programs: the standalone checker and SymPy agree with the kernel."""

import json
from fractions import Fraction

import pytest

from pepkit.kernel import certificate_from_text, certificate_to_text, check
from pepkit.schedules import composition
from pepkit.schedules.rounded_forms import rounded_flat_certificate
from pepkit.verification import VerificationError, verify_with_sympy


@pytest.fixture(scope="module")
def nested():
    flat = rounded_flat_certificate(composition("sc-obs-f", 3, 0.1), mu=Fraction(1, 10))
    return json.loads(certificate_to_text(flat))


def root_of(data):
    return next(k for k, instruction in enumerate(data["field"]["program"]) if instruction[0] == "root")


def test_all_accept(pepcheck, nested, tmp_path):
    path = tmp_path / "nested.json"
    path.write_text(json.dumps(nested))
    assert pepcheck.check(str(path)) == 0
    certificate = certificate_from_text(json.dumps(nested))
    assert check(certificate).rate == certificate.claim.rate
    verify_with_sympy(certificate)


@pytest.mark.parametrize("ends", [("0", "1/1000"), ("1/2", "1/3"), ("-100", "100")])
def test_all_refuse_other_intervals(pepcheck, nested, tmp_path, ends):
    data = json.loads(json.dumps(nested))
    instruction = data["field"]["program"][root_of(data)]
    instruction[1:3] = ends
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(data))
    assert pepcheck.check(str(path)) != 0
    with pytest.raises(Exception, match=r"."):
        check(certificate_from_text(json.dumps(data)))
    with pytest.raises(VerificationError):
        verify_with_sympy(json.dumps(data))
