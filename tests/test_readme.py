"""What the README shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_command_prints_what_the_readme_says(tmp_path):
    command = re.search(r"pepkit (certify gradient-descent[^\n]*)", README).group(1).split()
    done = subprocess.run(
        [sys.executable, "-m", "pepkit", *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    shown = README.split("--steps 7\n", 1)[1].split("\nNumerical performance", 1)[0]
    printed = " ".join(done.stdout.split())
    for line in shown.splitlines():
        expected = " ".join(line.split()).removesuffix("...").strip()
        assert expected in printed, line
    checked = subprocess.run(
        [sys.executable, "-m", "pepkit", "check", "silver-7.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert checked.stdout.startswith("proved")
    assert "(tight)" in checked.stdout


def test_the_python_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    scope = {}
    exec(code, scope)
    assert str(scope["result"].rate) == "-13/62 + 5*sqrt(2)/31"
    assert scope["result"].tight


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_import_is_light():
    code = (
        "import sys, pepkit; print([m for m in ('numpy','scipy','sympy','cvxpy','flint','rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
