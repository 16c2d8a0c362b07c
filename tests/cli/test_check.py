"""``pepkit check``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sample_certificates as samples
from conftest import SILVER

from pepkit.kernel import certificate_to_text

Run = Callable[..., Any]


def tampered(target: Path) -> Path:
    """The certificate of three steps with a rate that is too small."""
    text = certificate_to_text(samples.rational())
    target.write_text(text.replace('"rate": "1/14"', '"rate": "1/15"'))
    return target


def test_silver(run: Run) -> None:
    result = run("check", str(SILVER))
    assert result.exit_code == 0
    assert result.stdout.startswith("proved")
    assert "f(x_7) - f(x_*) <= (-13/62 + 5*sqrt(2)/31) * L * |x_0 - x_*|^2 (tight)" in result.stdout


def test_folder(run: Run, files: Path) -> None:
    result = run("check", str(files))
    assert result.exit_code == 0, result.output
    assert f"{len(samples.ALL)} of {len(samples.ALL)} certificates proved" in result.stdout
    assert "\x1b[31m" not in result.stdout and "\u202e" not in result.stdout


def test_pattern(run: Run, files: Path) -> None:
    result = run("check", str(files / "*_field.json"))
    assert result.exit_code == 0
    assert "3 of 3" in result.stdout


def test_verbose_prints_theorem_and_checks(run: Run) -> None:
    result = run("check", "-v", str(SILVER))
    assert "    Theorem. Let f be L-smooth convex" in result.stdout
    assert "    - the residual is positive semidefinite (9 x 9)" in result.stdout


def test_a_failure_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    bad = tampered(tmp_path / "bad.json")
    result = run("check", str(bad), str(SILVER))
    assert result.exit_code == 1
    assert "failed" in result.stdout and "proved" in result.stdout
    assert "1 of 2 certificates proved" in result.stdout


def test_quiet_prints_failures_only(run: Run, tmp_path: Path) -> None:
    assert run("check", "-q", str(SILVER)).stdout == ""
    result = run("check", "-q", str(SILVER), str(tampered(tmp_path / "bad.json")))
    assert result.exit_code == 1
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1, 2", '{"format": 1.5}', "\x00\xff", "[" * 5000, '{"format": "pepkit-cert/9"}'],
)
def test_files_that_are_no_certificates(run: Run, tmp_path: Path, content: str) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content.encode("latin-1"))
    result = run("check", str(file), str(SILVER))
    assert result.exit_code == 1
    assert "malformed" in result.stdout and "proved" in result.stdout


def test_missing_file(run: Run) -> None:
    result = run("check", "missing.json")
    assert result.exit_code == 2
    assert "missing.json: No such file or directory" in result.stderr


def test_a_failed_check_counts_more_than_a_missing_file(run: Run, tmp_path: Path) -> None:
    assert run("check", "missing.json", str(tampered(tmp_path / "bad.json"))).exit_code == 1


def test_empty_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("check", "empty")
    assert result.exit_code == 2
    assert "no .json file" in result.stderr


def test_json(run: Run, tmp_path: Path) -> None:
    result = run("check", "--json", str(SILVER), str(tampered(tmp_path / "bad.json")), "missing.json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert (data["status"], data["proved"], data["failed"]) == ("failed", 1, 2)
    silver, bad, missing = data["files"]
    assert silver["rate"]["exact"] == "-13/62 + 5*sqrt(2)/31"
    assert silver["tight"] is True and len(silver["claim_digest"]) == 64
    assert bad["verdict"] == "failed" and bad["problem"]
    assert missing["verdict"] == "unreadable"


def test_sympy_engine(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pepkit.verification")
    result = run("check", "--engine", "all", str(SILVER))
    assert result.exit_code == 0, result.output
    assert "checked by kernel and sympy" in result.stdout
    result = run("check", "--engine", "sympy", str(SILVER), str(tampered(tmp_path / "bad.json")))
    assert result.exit_code == 1
    assert "failed" in result.stdout and "proved" in result.stdout


def test_unknown_engine(run: Run) -> None:
    assert run("check", "--engine", "faith", str(SILVER)).exit_code == 2


def test_kernel_check_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['pepkit', 'check', sys.argv[1]]\n"
        "from pepkit.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print('code', end.code)\n"
        "print('heavy', sorted({'numpy', 'scipy', 'sympy', 'cvxpy', 'clarabel', 'PEPit'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SILVER)], capture_output=True, text=True, check=True)
    assert "code 0" in done.stdout and "heavy []" in done.stdout
