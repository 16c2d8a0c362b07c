"""Check certificates with the kernel, pepcheck and Coq, and fail if one of the three refuses or an axiom is used.

python .ci/prove.py quick|all
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from pepkit.kernel import check, load
from pepkit.proof_assistant import ALLOWED_AXIOMS, CoqError, ExportError, compiled_theory, find_coqc, prove
from pepkit.proof_assistant.coq import prove_source

ROOT = Path(__file__).resolve().parents[1]
QUICK = (
    "certificates/constant/constant-1-N00[137].json",
    "certificates/silver/silver-N00[37].json",
    "certificates/silver/silver-N031.json",
    "certificates/optimal-constant/optimal-constant-N00[23].json",
    "certificates/optimised/obs-f-N003.json",
    "certificates/optimized-gradient/ogm-N00[12].json",
    "certificates/strongly-convex/*-N00[12].json",
    "certificates/nonconvex/*.json",
    "certificates/gradient-norm/*.json",
    "proofs/examples/*.json",
)
EVERYTHING = ("certificates/**/*.json", "proofs/examples/*.json")


def main(part: str) -> int:
    files = sorted({path for pattern in (QUICK if part == "quick" else EVERYTHING) for path in ROOT.glob(pattern)})
    if not files:
        print("no certificates found")
        return 1
    started = time.perf_counter()
    compiled_theory()
    print(f"theory: compiled or up to date, {time.perf_counter() - started:.0f} s; {find_coqc()}", flush=True)
    failed = without = 0
    for file in files:
        name = file.relative_to(ROOT)
        try:
            certificate = load(file)
            check(certificate)
            words = [_pepcheck(file)]
            theorem = prove(certificate, timeout=600 if part == "quick" else 7200)
            words.append(f"Coq {theorem.seconds:.1f} s")
            if not set(theorem.axioms) <= ALLOWED_AXIOMS:
                raise CoqError(f"axioms: {theorem.axioms}")
        except ExportError as error:
            without += 1
            print(f"not in Coq  {name}: {error}", flush=True)
        except Exception as error:  # any refusal or crash of any of the three
            failed += 1
            print(f"FAILED      {name}: {error}", flush=True)
        else:
            print(f"proved      {name}: kernel, {', '.join(words)}", flush=True)
    if part == "quick" and without:
        print("a certificate of the quick part has no counterpart in Coq")
        failed += without
    failed += _examples() if part != "quick" else 0
    seconds = time.perf_counter() - started
    print(f"{len(files) - failed - without} proved, {without} without a counterpart, {failed} failed, {seconds:.0f} s")
    return 1 if failed else 0


def _pepcheck(file: Path) -> str:
    """pepcheck's word on the file."""
    command = [sys.executable, "-I", "-S", str(ROOT / "checker" / "pepcheck.py"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    if done.returncode == 0:
        return "pepcheck"
    raise CoqError(f"pepcheck refuses it: {(done.stdout + done.stderr).strip()[-300:]}")


def _examples() -> int:
    failed = 0
    for file in sorted((ROOT / "proofs" / "examples").glob("*.v")):
        try:
            prove_source(file.read_text(encoding="utf-8"), file.name, timeout=600)
        except CoqError as error:
            failed += 1
            print(f"FAILED      {file.name}: {error}", flush=True)
    return failed


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("quick", "all"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
