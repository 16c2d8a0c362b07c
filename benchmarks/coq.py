"""Times of `coqc` on certificates, one at a time: wall clock and processor time, best of several runs.

    python benchmarks/coq.py [--repeat 3] [--write]

With --write the table goes into docs/trust.md, with the load average of the machine beside every number.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

from pepkit import certify, gradient_descent, schedule
from pepkit.kernel import load
from pepkit.kernel.certificate import Proof
from pepkit.proof_assistant import compiled_theory, coq_instance
from pepkit.proof_assistant.coq import prove_source
from pepkit.schedules import composition
from pepkit.schedules.composition_proofs import composition_proof

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- coq times: begin -->", "<!-- coq times: end -->"


def catalogue(path: str) -> Callable[[], Proof]:
    return lambda: load(ROOT / path)


CASES: tuple[tuple[str, str, Callable[[], Proof]], ...] = (
    ("silver N = 31", "5", catalogue("certificates/silver/silver-N031.json")),
    ("silver N = 63", "25", catalogue("certificates/silver/silver-N063.json")),
    ("silver N = 127", "240", lambda: certify(gradient_descent(schedule("silver", 127))).certificate),
    ("constant steps 1, N = 63", "", lambda: certify(gradient_descent(schedule("constant", 63))).certificate),
    ("optimized gradient method N = 2", "", catalogue("certificates/optimized-gradient/ogm-N002.json")),
    ("OBS-F N = 3", "", catalogue("certificates/optimised/obs-f-N003.json")),
    (
        "strongly convex, N = 2",
        "",
        catalogue("certificates/strongly-convex/constant-20-11-kappa-10-N002.json"),
    ),
    ("smooth nonconvex, N = 3", "", catalogue("certificates/nonconvex/smooth-constant-1-N003.json")),
    (
        "field of degree 5 (optimal constant, N = 3)",
        "",
        catalogue("certificates/optimal-constant/optimal-constant-N003.json"),
    ),
    ("PEPit problem with a matrix", "", catalogue("proofs/examples/quadratics_matrix.json")),
    ("network 2-3-1", "", catalogue("proofs/examples/network_lipschitz.json")),
    ("composition, 1023 silver steps", "", catalogue("proofs/examples/silver_1023_composition.json")),
    ("composition, 2^20 - 1 silver steps", "", lambda: composition_proof(composition("silver", 2**20 - 1))),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    compiled_theory()
    lines = ["| certificate | wall s | processor s | goal | load |", "|---|---|---|---|---|"]
    for name, goal, make in CASES:
        if arguments.only not in name:
            continue
        source = coq_instance(make()).source
        walls, processors, loads = [], [], []
        for _ in range(arguments.repeat):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            started = time.perf_counter()
            prove_source(source, "", timeout=3600)
            walls.append(time.perf_counter() - started)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            loads.append(os.getloadavg()[0])
        best = min(range(arguments.repeat), key=walls.__getitem__)
        lines.append(
            f"| {name} | {walls[best]:.1f} | {min(processors):.1f} | {goal and '<= ' + goal} | {loads[best]:.1f} |"
        )
        print(lines[-1], flush=True)
    if arguments.write:
        page = ROOT / "docs" / "trust.md"
        text = page.read_text(encoding="utf-8")
        table = f"{BEGIN}\n" + "\n".join(lines) + f"\n{END}"
        page.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: table, text, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
