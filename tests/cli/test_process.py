"""The command as a process of its own: exit codes, Ctrl-C, speed, completion, help."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import SILVER

PEPKIT = [sys.executable, "-m", "pepkit.cli"]


def pepkit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PEPKIT, *arguments], capture_output=True, text=True, timeout=30, check=False, env=os.environ | environment
    )


def test_exit_codes() -> None:
    assert pepkit("check", str(SILVER)).returncode == 0
    assert pepkit("check", str(Path(__file__))).returncode == 1
    assert pepkit("check", "missing.json").returncode == 2
    assert pepkit("chekc").returncode == 2


def test_version() -> None:
    assert re.fullmatch(r"pepkit \d+\.\d+.*\n", pepkit("--version").stdout)


@pytest.mark.parametrize(
    "command", [[], ["certify"], ["certify", "gradient-descent"], ["check"], ["show"], ["solvers"]]
)
def test_help(command: list[str]) -> None:
    done = pepkit(*command, "--help", COLUMNS="120")
    assert done.returncode == 0
    if command != ["solvers"]:
        assert "Exit codes: 0 proved; 1 a check failed; 2 bad input" in done.stdout


def test_help_is_fast_and_light() -> None:
    code = (
        "import sys; sys.argv = ['pepkit', '--version']\nfrom pepkit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'scipy', 'sympy', 'cvxpy', 'clarabel'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("pepkit certify gradient-descent --schedule si", "silver"),
        ("pepkit certify gradient-descent --measure gr", "gradient-norm"),
        ("pepkit certify method op", "optimized-gradient"),
        ("pepkit ch", "check"),
    ],
)
def test_completion(words: str, expected: str) -> None:
    done = pepkit(_PEPKIT_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    assert expected in done.stdout.split()


def test_closed_pipe_is_no_traceback() -> None:
    process = subprocess.Popen(
        [*PEPKIT, "show", str(SILVER), "--latex"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=30)


SLOW_SEARCH = """
import sys, time, types
sys.path.insert(0, {samples!r})
import sample_certificates as samples
from pepkit.kernel import files

def certify(claim, progress, **arguments):
    progress("solve", "slowly")
    if {where!r} == "solve":
        print("ready", flush=True)
        time.sleep(20)
    result = samples.result_of(samples.rational())
    result.save = lambda path: files.save(result.certificate, path)
    return result

def slow_replace(source, target):
    print("ready", flush=True)
    time.sleep(20)

if {where!r} == "save":
    files.os = types.SimpleNamespace(**{{**vars(files.os), "replace": slow_replace}})
sys.modules["pepkit.certification"] = types.SimpleNamespace(certify=certify)
from pepkit.cli import main
sys.argv = ["pepkit", "certify", "gradient-descent", "--steps", "3", "--form", "solver"]
main()
"""


@pytest.mark.parametrize("where", ["solve", "save"])
def test_interrupt_leaves_no_file(tmp_path: Path, where: str) -> None:
    samples = str(Path(__file__).parents[1] / "render")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_SEARCH.format(samples=samples, where=where)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "interrupted" in errors and "Traceback" not in errors
    assert not list(tmp_path.iterdir())
