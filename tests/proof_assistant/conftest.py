"""Certificates for the export, and the conditions under which Coq is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))
sys.path.insert(0, str(Path(__file__).parent))

from pepkit.kernel import Certificate, certificate_from_text, save

WANTED = (
    "constant/constant-1-N003",
    "silver/silver-N003",
    "optimal-constant-N002",
    "obs-f-N003",
    "ogm-N002",
    "kappa-10-N002",
    "smooth-constant-1-N003",
    "hypoconvex-half",
    "gradient-norm/constant",
)


@pytest.fixture(scope="session")
def certificates() -> dict[str, Certificate]:
    """One certificate for every class, measure, kind of method and kind of field, by a short name."""
    from pepkit import certify
    from pepkit.catalogue import entries

    return {
        name: certify(entry.build(), mode=entry.mode).certificate
        for entry in entries()
        for name in WANTED
        if name in entry.path
    }


@pytest.fixture
def files(tmp_path: Path, certificates: dict[str, Certificate]) -> Path:
    """A folder with the certificates."""
    for name, certificate in certificates.items():
        save(certificate, tmp_path / f"{Path(name).name}.json")
    return tmp_path


def changed(certificate: Certificate, old: str, new: str) -> Certificate:
    """The certificate with a part of its text changed."""
    from pepkit.kernel import certificate_to_text

    text = certificate_to_text(certificate)
    assert old in text
    return certificate_from_text(json.dumps(json.loads(text.replace(old, new, 1))))
