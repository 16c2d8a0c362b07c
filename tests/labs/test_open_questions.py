"""Everything that the page of open questions names runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pepkit import labs
from pepkit.cli.application import application

PAGE = (Path(__file__).parents[2] / "docs" / "open-questions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
# commands: indented lines, and inline code with `pepkit ...`
COMMANDS = sorted(
    {line.strip() for line in re.findall(r"^    (pepkit [^\n]*)$", PAGE, re.MULTILINE)}
    | set(re.findall(r"`(pepkit [a-z][^`\n]*)`", PAGE))
)
LABORATORIES = sorted({shlex.split(command)[2] for command in COMMANDS if command.startswith("pepkit lab ")})
# these need a model of the user's
WITH_MODEL = ("pepkit network verify",)


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_python_blocks_run(code: str) -> None:
    exec(code, {})


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(("pepkit lab ", *WITH_MODEL))])
def test_commands_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(application, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output


def test_laboratories_exist() -> None:
    assert len(LABORATORIES) >= 9
    assert set(LABORATORIES) <= set(labs.names())


@pytest.mark.slow
@pytest.mark.parametrize("name", LABORATORIES)
def test_laboratories_run(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(application, ["lab", name, "--quick", "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output


def test_every_correction_is_named_in_the_text() -> None:
    text = PAGE.split("# The sixteen corrections")[0]
    for number in range(1, 17):
        assert f"({number})" in text, number
    rows = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, 17))


def test_modules_that_are_named_exist() -> None:
    import importlib

    for name in re.findall(r"`(pepkit\.[a-z_.]+\.[A-Za-z_]+)`", PAGE):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
