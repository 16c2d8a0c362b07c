"""Fixtures for the command line: a runner, certificate files, a stand-in for the search."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))

import sample_certificates as samples

from pepkit.kernel import Certificate, PepkitError, save

SILVER = Path(__file__).parent / "data" / "silver-7.json"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command in an empty folder; returns exit code, stdout, stderr."""
    from pepkit.cli.application import application

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()

    def call(*arguments: str) -> Any:
        return runner.invoke(application, list(arguments))

    return call


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with certificates that hold."""
    folder = tmp_path / "certificates"
    for sample in samples.ALL:
        save(sample(), folder / f"{sample.__name__}.json")
    return folder


class Search:
    """Stands in for `pepkit.certification`: records its arguments and returns a certificate."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.arguments: dict[str, Any] = {}
        self.claim: Any = None
        self.error: BaseException | None = None

    def __call__(self, claim: Any, *, progress: Any, **arguments: Any) -> Any:
        self.claim, self.arguments = claim, arguments
        progress("solve", "iteration 1")
        if self.error is not None:
            raise self.error
        return samples.result_of(self.certificate, save=lambda path: save(self.certificate, path))


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Search:
    """The search for certificates, replaced; it finds the certificate of three steps with h = 1."""
    stand_in = Search(samples.rational())

    class CertificationError(PepkitError):
        def __init__(self, message: str, attempts: tuple[str, ...] = ()) -> None:
            super().__init__(message)
            self.attempts = list(attempts)

    module = SimpleNamespace(certify=stand_in, CertificationError=CertificationError)
    monkeypatch.setitem(sys.modules, "pepkit.certification", module)
    # what has a closed form would not be searched for; tests/cli/test_schedule.py is about that
    monkeypatch.setattr("pepkit.cli.certify._closed_form", lambda *arguments: None)
    return stand_in
