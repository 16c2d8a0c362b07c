"""Times of the checkers on the same certificates: kernel, pepcheck and SymPy, whole processes, one at a time.

    python benchmarks/checkers.py [--repeat 3]

pepcheck is asked for silver N = 31 within 3 s and N = 63 within 5 s. The column *ratio* is over the kernel in this run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "silver N = 31": "certificates/silver/silver-N031.json",
    "silver N = 63": "certificates/silver/silver-N063.json",
    "OBS-F N = 3": "certificates/optimised/obs-f-N003.json",
    "optimal constant N = 3 (degree 5)": "certificates/optimal-constant/optimal-constant-N003.json",
}
PEPKIT = [sys.executable, "-m", "pepkit", "check", "--quiet"]
CHECKERS = {
    "kernel": PEPKIT,
    "pepcheck": [sys.executable, str(ROOT / "checker" / "pepcheck.py")],
    "sympy": [*PEPKIT, "--engine", "sympy"],
}


def seconds(command: list[str], path: Path) -> float:
    """Wall time of one check; RuntimeError if the certificate is not accepted."""
    begin = time.perf_counter()
    done = subprocess.run([*command, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command} rejects {path}: {done.stdout}{done.stderr}")
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print("| certificate | " + " | ".join(f"{name} (ratio)" for name in CHECKERS) + " |")
    print("|---" * (len(CHECKERS) + 1) + "|")
    for title, file in FILES.items():
        times = {
            name: statistics.median(seconds(command, ROOT / file) for _ in range(options.repeat))
            for name, command in CHECKERS.items()
        }
        cells = [f"{value:.2f} s ({value / times['kernel']:.1f})" for value in times.values()]
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
