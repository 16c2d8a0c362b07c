"""Every example runs and says what it is there to show."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
EXPECTED = {
    "first_theorem": ["checked again: rate -13/62 + 5*sqrt(2)/31, tight: True"],
    "own_schedule": ["proved: mine has the smaller worst case"],
    "step_matrix": ["the fixed-step method", "0.06189418239776"],
    "multiplier_families": ["consecutive-and-star: 41 of 462 multipliers, optimum unchanged", "larger by a factor"],
    "strong_convexity": ["531441/1771561, tight: True", "4/11, tight: True"],
}


# trains a network with scikit-learn and certifies a hundred images: minutes, and a package that tests do not install
LONG = {"certified_digits"}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in LONG))
def test_example(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for text in EXPECTED.get(name, []):
        assert text in done.stdout


def test_every_example_is_listed():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in listed for path in FOLDER.glob("*.py"))
