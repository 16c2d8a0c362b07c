"""A laboratory that is killed goes on from its last finished piece."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pepkit import labs


def test_kill_and_resume(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pepkit",
        "lab",
        "gradient-descent",
        "--set",
        "functions=120",
        "--output",
        str(tmp_path),
        "--no-pictures",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    pieces = tmp_path / ".pieces" / "gradient-descent.jsonl"
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if pieces.exists() and pieces.read_text().count("\n") >= 2:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = pieces.read_text().count("\n")
    assert 2 <= kept < 48
    assert not (tmp_path / "gradient-descent.md").exists()
    result = labs.run("gradient-descent", output=tmp_path, resume=True, functions=120)
    assert result.provenance["pieces reused"] == kept and result.holds
    again = labs.run("gradient-descent", output=tmp_path, resume=True, functions=120)
    assert again.studies["random-functions"].rows == result.studies["random-functions"].rows
