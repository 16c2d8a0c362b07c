"""Whole certified results against PEPit's uncertified solve, and the other timings that pepkit promises.

    python benchmarks/run.py [--repeat 5] [--quick] [--output benchmarks/results.md]

Every measurement runs in a fresh process, so times include what a user waits for except where the table
says "in process". PEPit and pepkit alternate in one run: quote the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

PEPIT = """
import time, sys
from PEPit import PEP
from PEPit.functions import SmoothConvexFunction
n = {n}
begin = time.perf_counter()
problem = PEP()
function = problem.declare_function(SmoothConvexFunction, L=1.0)
star = function.stationary_point()
x = start = problem.set_initial_point()
problem.set_initial_condition((start - star) ** 2 <= 1)
for _ in range(n):
    x = x - function.gradient(x)
problem.set_performance_metric(function(x) - function(star))
value = problem.solve(wrapper="cvxpy", solver="CLARABEL", verbose=0)
print("SECONDS", time.perf_counter() - begin, value)
"""

CERTIFY = """
import time, resource
import pepkit, pepkit.certification, pepkit.verification
begin = time.perf_counter()
claim = pepkit.gradient_descent(pepkit.schedule({schedule!r}, {n}))
result = pepkit.certify(claim, mode={mode!r}, tolerance={tolerance!r}, sympy={sympy!r})
print("SECONDS", time.perf_counter() - begin, result.theorem.tight, result.excess)
print("MEMORY", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def python(code: str) -> dict[str, float]:
    """Run code in a fresh interpreter; what it prints after SECONDS and MEMORY."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=1800
    )
    found = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if words and words[0] in ("SECONDS", "MEMORY"):
            found[words[0].lower()] = float(words[1])
    return found


def seconds_inside(code: str) -> float:
    """Seconds that the code reports."""
    return python(code)["seconds"]


def seconds_of(command: list[str]) -> float:
    """Wall time of a whole process."""
    begin = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, timeout=1800)
    return time.perf_counter() - begin


def certify(schedule: str, n: int, mode: str = "auto", tolerance: float = 1e-6, sympy: object = "auto") -> str:
    return CERTIFY.format(schedule=schedule, n=n, mode=mode, tolerance=tolerance, sympy=sympy)


def median(measure: Callable[[], float], repeat: int) -> tuple[float, float, float]:
    values = [measure() for _ in range(repeat)]
    return statistics.median(values), min(values), max(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run each, without N = 127 and N = 100")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.md"))
    arguments = parser.parse_args()
    repeat = 1 if arguments.quick else arguments.repeat
    rows: list[tuple[str, str, str, str]] = []

    def record(what: str, values: tuple[float, float, float], goal: str, unit: str = "s") -> None:
        rows.append((what, f"{values[0]:.3g} {unit}", f"{values[1]:.3g} - {values[2]:.3g}", goal))
        print(" | ".join(rows[-1]), flush=True)

    ratios, ours, theirs = [], [], []
    for _ in range(repeat):
        theirs.append(python(PEPIT.format(n=50))["seconds"])
        ours.append(python(certify("constant", 50))["seconds"])
        ratios.append(theirs[-1] / ours[-1])
    for what, values, goal, unit in (
        ("PEPit, Clarabel, constant N = 50: value without proof, in process", theirs, "", "s"),
        ("pepkit, constant N = 50: sharp certificate, witness, checks, in process", ours, "", "s"),
        ("ratio PEPit / pepkit", ratios, ">= 10", "x"),
    ):
        record(what, (statistics.median(values), min(values), max(values)), goal, unit)
    sizes = [(31, "<= 3"), (63, "<= 15")] + ([] if arguments.quick else [(127, "<= 90")])
    for n, goal in sizes:
        code = certify("silver", n, "sharp")
        record(f"sharp silver N = {n}, in process", median(partial(seconds_inside, code), repeat), goal)
    code = certify("constant", 80, "relaxed", 1e-8)
    record("relaxed constant N = 80 to 1e-8, in process", median(partial(seconds_inside, code), repeat), "<= 20")
    silver = Path(__file__).parents[1] / "certificates" / "silver" / "silver-N063.json"
    command = [sys.executable, "-m", "pepkit", "check", str(silver)]
    record("pepkit check on silver N = 63, whole process", median(lambda: seconds_of(command), repeat), "<= 2")
    bare = [sys.executable, "-c", "pass"]
    loaded = [sys.executable, "-c", "import pepkit"]
    record(
        "import pepkit, beyond an empty interpreter",
        median(lambda: seconds_of(loaded) - seconds_of(bare), max(repeat, 3)),
        "< 0.3",
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pepkit", "certify", "gradient-descent", "--schedule", "silver"]
        command += ["--steps", "7", "--json", "--force", "--output", str(Path(folder) / "silver.json")]
        record("pepkit certify silver N = 7, whole process", median(lambda: seconds_of(command), repeat), "")
    if not arguments.quick:
        memory = python(certify("constant", 100))["memory"]
        record("peak memory, constant N = 100", (memory, memory, memory), "< 1000", "MB")
    lines = [
        "# Benchmarks",
        "",
        f"Made by `python benchmarks/run.py --repeat {repeat}` with Python {platform.python_version()}, "
        f"{platform.machine()}. Medians and ranges of {repeat} runs on a shared machine: ratios are meaningful, "
        "seconds are orders of magnitude.",
        "",
        "| what | median | range | goal |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
    arguments.output.write_text("\n".join(lines), encoding="utf-8")
    print(json.dumps({"written": str(arguments.output)}))


if __name__ == "__main__":
    main()
