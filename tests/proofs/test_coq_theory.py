"""The Coq theory compiles, rests on the allowed axioms only, proves true claims, and refuses changed ones."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pepkit.proof_assistant import compiled_theory

PROOFS = Path(__file__).parents[2] / "proofs"

pytestmark = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed (apt-get install coq)")


@pytest.fixture(scope="session")
def theory() -> Path:
    # compiled by proofs/compile.sh on first use, and kept
    return compiled_theory(PROOFS)


def prove(theory: Path, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    file = folder / "instance.v"
    file.write_text(text)
    return subprocess.run(
        ["coqc", "-q", "-R", str(theory), "Pep", file.name], cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize(
    "name", ["one_step", "obs_f_3", "strongly_convex_2", "hypoconvex_4", "optimized_gradient_2", "listed"]
)
def test_examples_are_proved(theory: Path, tmp_path: Path, name: str) -> None:
    done = prove(theory, tmp_path, (PROOFS / "examples" / f"{name}.v").read_text())
    assert done.returncode == 0, done.stderr
    assert "Axioms:" in done.stdout and "sig_forall_dec" in done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(scalar K 2) (scalar K 12)", "(scalar K 1) (scalar K 12)"),  # a rate that is too good
        ("[0; 2;1; 2;3]", "[0; 2;1; 2;2]"),  # a multiplier
        ("[0; 2;1; 2;3]", "[0; 2;1; 3;3]"),  # a negative multiplier
        ("decode [2;3; 2;1; 2;1]", "decode [2;3; 2;1; 2;2]"),  # the kernel
        ("decode [2;1]%uint63).\nDefinition problem", "decode [2;2]%uint63).\nDefinition problem"),  # the step
        ("1/6 * L", "1/7 * L"),  # the statement
        ("x0 [1] in", "x0 [2] in"),
        ("lipschitz g L", "lipschitz g (2 * L)"),
        ("<= 1/6 * L *", "<= 1/6 *"),
    ],
)
def test_changed_certificates_and_statements_are_refused(theory: Path, tmp_path: Path, old: str, new: str) -> None:
    text = (PROOFS / "examples" / "one_step.v").read_text()
    assert text.count(old) == 1
    assert prove(theory, tmp_path, text.replace(old, new)).returncode != 0


def test_a_gap_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "proofs"
    shutil.copytree(PROOFS, copy, ignore=shutil.ignore_patterns("build"))
    space = copy / "theory" / "Space.v"
    space.write_text(space.read_text() + "\nLemma gap : False.\nAdmitted.\n")
    done = subprocess.run(["sh", str(copy / "compile.sh"), str(tmp_path / "build")], capture_output=True, text=True)
    assert done.returncode == 1 and "no gaps" in done.stderr
