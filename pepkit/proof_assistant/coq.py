"""Running coqc: finding it, compiling the theory once, proving an instance, reading what Coq says about it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pepkit.kernel import Certificate
from pepkit.kernel.certificate import Proof
from pepkit.proof_assistant.errors import CoqError, MissingCoqError
from pepkit.proof_assistant.export import coq_instance

__all__ = ["ALLOWED_AXIOMS", "HOW_TO_INSTALL", "CoqTheorem", "compiled_theory", "find_coqc", "find_theory", "prove"]

HOW_TO_INSTALL = (
    "Coq is not installed (no coqc on the path). On Debian and Ubuntu: apt-get install coq. "
    "With Homebrew: brew install coq. With opam: opam install coq. The theory is written for Coq 8.16."
)

ALLOWED_AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
        "functional_extensionality_dep",
        "sig_forall_dec",
        "sig_not_dec",
        "classic",
    }
)
"""The axioms of Coq's classical real numbers."""

_PRIMITIVE_TYPES = {
    "Set": ("int",),
    "int -> int -> int": ("add", "div", "land", "lor", "lsl", "lsr", "lxor", "mod", "mul", "sub"),
    "int -> int -> bool": ("eqb", "leb", "ltb"),
}
"""Machine integers, in which long lists are written: a type and operations of Coq's kernel, with no axiom about them.

Coq prints their short names, so the type is compared too: a function on integers assumes nothing.
"""

_AXIOM = re.compile(r"^([A-Za-z_][\w.']*)\s*(?::\s*(.*))?$")


@dataclass(frozen=True)
class CoqTheorem:
    """What coqc proved.

    Parameters
    ----------
    statement
        The statement of the theorem, as Coq read it.
    source
        The Coq file.
    axioms
        All that ``Print Assumptions`` names, but for machine integers.
    machine_integers
        Whether the proof also uses Coq's primitive machine integers.
    seconds
        Wall time of coqc on the instance; the theory is compiled before.
    version
        The version of Coq.
    """

    statement: str
    source: str
    axioms: tuple[str, ...]
    machine_integers: bool
    seconds: float
    version: str

    def __str__(self) -> str:
        axioms = ", ".join(self.axioms) or "none"
        return f"Proved by Coq {self.version} in {self.seconds:.1f} s.\n{self.statement}\nAxioms: {axioms}"

    def _repr_html_(self) -> str:
        from html import escape

        axioms = ", ".join(self.axioms) or "none"
        return (
            f"<p>Proved by Coq {escape(self.version)} in {self.seconds:.1f} s.</p>"
            f"<pre>{escape(self.statement)}</pre><p>Axioms: {escape(axioms)}</p>"
        )


def find_coqc() -> Path | None:
    """The coqc on the path, or the one that the variable COQC names."""
    found = shutil.which(os.environ.get("COQC", "coqc"))
    return None if found is None else Path(found)


def find_theory(folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder with the theory (it holds `compile.sh`).

    Looks at `folder`, at the variable PEPKIT_COQ_THEORY, beside the package (a checkout), and among installed data.
    Raises MissingCoqError.
    """
    if folder is not None:
        candidates = [Path(folder)]
    else:
        named = os.environ.get("PEPKIT_COQ_THEORY")
        candidates = [Path(named)] if named else []
        candidates.append(Path(__file__).resolve().parents[2] / "proofs")
        candidates.append(Path(sys.prefix) / "share" / "pepkit" / "proofs")
    for candidate in candidates:
        if (candidate / "compile.sh").is_file():
            return candidate.resolve()
    raise MissingCoqError(
        "the Coq theory is not found; name the folder proofs/ of pepkit's sources with --theory or in the variable "
        f"PEPKIT_COQ_THEORY (looked in {', '.join(map(str, candidates))})"
    )


def compiled_theory(theory: str | os.PathLike[str] | None = None, *, timeout: float = 1800.0) -> Path:
    """A folder with the compiled theory; it is compiled on first use and kept in the user's cache.

    The cache is keyed by the text of the theory and the version of Coq. Raises MissingCoqError, CoqError.
    """
    coqc = _coqc()
    folder = find_theory(theory)
    key = hashlib.sha256(coq_version().encode())
    sources = [*(folder / "theory").rglob("*.v"), folder / "compile.sh", folder / "_CoqProject"]
    for source in sorted(sources):
        key.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pepkit" / "coq"
    target = cache / key.hexdigest()[:20]
    if (target / "Instance.vo").is_file():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    build = Path(tempfile.mkdtemp(prefix=".build-", dir=cache))
    try:
        environment = {**os.environ, "PATH": f"{coqc.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        _run(["sh", str(folder / "compile.sh"), str(build)], folder, timeout, "compiling the theory", environment)
        if not (build / "Instance.vo").is_file():
            raise CoqError(f"compile.sh made no Instance.vo in {build}")
        try:
            build.rename(target)
        except OSError:
            # another process was quicker
            if not (target / "Instance.vo").is_file():
                raise
    finally:
        shutil.rmtree(build, ignore_errors=True)
    return target


def coq_version() -> str:
    """The version of the coqc that is found."""
    result = subprocess.run([str(_coqc()), "--print-version"], capture_output=True, text=True, timeout=60, check=False)
    return result.stdout.split()[0] if result.stdout.split() else "unknown"


def prove(
    certificate: Certificate | Proof,
    *,
    theory: str | os.PathLike[str] | None = None,
    timeout: float = 3600.0,
) -> CoqTheorem:
    """Prove the claim of a certificate with Coq.

    Parameters
    ----------
    certificate
        A certificate that the kernel accepts (`pepkit.check`); it is not checked here, Coq does that.
    theory
        The folder of the theory; see `find_theory`.
    timeout
        Seconds for coqc on the instance.

    Raises
    ------
    ExportError
        The claim has no counterpart in the theory.
    MissingCoqError
        coqc or the theory is not found.
    CoqError
        Coq refuses the file, takes longer than `timeout`, or the proof uses an axiom beyond those of the real numbers.
    """
    instance = coq_instance(certificate)
    return prove_source(instance.source, instance.theorem, theory=theory, timeout=timeout)


def prove_source(
    source: str, statement: str, *, theory: str | os.PathLike[str] | None = None, timeout: float = 3600.0
) -> CoqTheorem:
    """Run coqc on an instance that has been written already; see `prove`."""
    coqc = _coqc()
    library = compiled_theory(theory)
    with tempfile.TemporaryDirectory(prefix="pepkit-coq-") as scratch:
        path = Path(scratch) / "certificate.v"
        path.write_text(source, encoding="utf-8")
        started = time.perf_counter()
        command = [str(coqc), "-Q", str(library), "Pep", path.name]
        output = _run(command, Path(scratch), timeout, "proving the certificate")
        seconds = time.perf_counter() - started
    axioms = assumptions(output)
    named = tuple(name for name, kind in axioms.items() if not _is_primitive(name, kind))
    unknown = [name for name in named if name not in ALLOWED_AXIOMS]
    if unknown:
        raise CoqError(f"the proof uses axioms that are not those of the real numbers: {', '.join(unknown)}")
    return CoqTheorem(statement, source, named, len(named) < len(axioms), seconds, coq_version())


def assumptions(output: str) -> dict[str, str]:
    """Name and type of all that ``Print Assumptions`` lists. Raises CoqError if there is no answer to it."""
    _, separator, listing = output.partition("Axioms:")
    if not separator:
        if "Closed under the global context" in output:
            return {}
        raise CoqError("coqc did not say on which axioms the theorem rests")
    found: dict[str, str] = {}
    name = ""
    for line in listing.splitlines():
        if line in ("Axioms:", "Closed under the global context"):
            # the answer about the next theorem of the file
            name = ""
        elif match := _AXIOM.match(line):
            name = match[1]
            found[name] = match[2] or ""
        elif name:
            # a long type goes on in lines that start with a space
            found[name] = f"{found[name]} {line.strip().removeprefix(': ')}".strip()
    return found


def _is_primitive(name: str, kind: str) -> bool:
    return name.removeprefix("PrimInt63.") in _PRIMITIVE_TYPES.get(kind.replace("PrimInt63.", ""), ())


def _coqc() -> Path:
    coqc = find_coqc()
    if coqc is None:
        raise MissingCoqError(HOW_TO_INSTALL)
    return coqc


def _run(
    command: Sequence[str], folder: Path, timeout: float, what: str, environment: dict[str, str] | None = None
) -> str:
    """The output of a command; it is ended when it takes too long.

    It stays in the process group of the caller, so that whatever ends pepkit from outside ends coqc too.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except BaseException as error:
        process.kill()
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise CoqError(f"{what} took longer than {timeout:.0f} s; allow more with --timeout") from None
        raise
    if process.returncode != 0:
        tail = "\n".join(output.strip().splitlines()[-12:])[-2000:]
        raise CoqError(f"coqc failed while {what}:\n{tail}")
    return output
