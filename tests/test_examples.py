"""Every example runs and says what it is there to show."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
EXPECTED = {
    "every_schedule": ["<=  365800/1163481 * L", "< 3/10 * L * (f(x_0) - min f)", "f(x_2) - min f < 647/10000 * L"],
    "first_theorem": ["checked again: rate -13/62 + 5*sqrt(2)/31, tight: True"],
    "own_schedule": ["proved: mine has the smaller worst case"],
    "step_matrix": ["the fixed-step method", "0.06189418239776"],
    "multiplier_families": ["consecutive-and-star: 41 of 462 multipliers, optimum unchanged", "larger by a factor"],
    "networks_tour": [
        "unsat after",
        "sat after",
        "the hbox bound jumps from 3 to 1 at t = 1/2",
        "24 random neurons on R^4: injective",
    ],
    "strong_convexity": ["531441/1771561, tight: True", "4/11, tight: True"],
}


# trains a network with scikit-learn and certifies a hundred images: minutes; its short form is below
LONG = {"certified_digits"}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in LONG))
def test_example(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for text in EXPECTED.get(name, []):
        assert text in done.stdout


def test_short_form_of_the_digits(tmp_path):
    """A small classifier: trained, exported to ONNX, read back, four images certified at two radii, and the figure."""
    for package in ("sklearn", "onnx", "matplotlib"):
        pytest.importorskip(package)
    done = subprocess.run(
        [
            sys.executable,
            str(FOLDER / "certified_digits.py"),
            "--images",
            "8",
            "--hidden",
            "8",
            "--radii",
            "1/100",
            "4/100",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "digits"
    table = (folder / "table.csv").read_text().splitlines()
    assert table[0] == "radius,box,hbox,deepz,crown-ibp,crown,alpha-crown,triangle,no attack found"
    for line in table[1:]:
        shares = [float(value) for value in line.split(",")[1:]]
        assert max(shares) == shares[-1], "nothing that is certified can be attacked"
    assert (folder / "figure.png").stat().st_size > 5000
    import pepkit
    from pepkit.networks import read_network

    assert read_network(folder / "classifier.onnx").widths == (64, 8, 10)
    theorem = pepkit.check(pepkit.load(folder / "triangle.json"))
    assert "No input x in the given box" in str(theorem)


def test_every_example_is_listed():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in listed for path in FOLDER.glob("*.py"))
