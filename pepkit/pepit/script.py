"""Scripts that build PEPit problems, certified from outside.

While the script runs, every ``problem.solve(...)`` is answered by pepkit, so scripts and the functions in them
work unchanged. Problems that a script builds without solving are found among its global names.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pepkit.kernel import ClaimError, PepkitError
from pepkit.pep.pepit_import import is_pepit_problem
from pepkit.pepit.certify import certify_pepit
from pepkit.pepit.result import PepitResult

__all__ = ["certify_script"]


def certify_script(
    path: str | Path,
    arguments: list[str] | None = None,
    found: Callable[[PepitResult], None] | None = None,
    **options: Any,
) -> list[PepitResult]:
    """Run a script and certify the problems that it solves, or the last one that it builds.

    Parameters
    ----------
    path
        A Python file. It is executed, with `arguments` as its command line.
    found
        Called with each result at once.
    options
        Of `pepkit.pepit.certify_pepit`.

    Raises
    ------
    ClaimError
        If there is no such file, the script fails (the message says where, and what PEPit refused), or it builds no
        problem.
    CertificationError
        For the first problem that has no certificate.
    """
    path = Path(path)
    if not path.is_file():
        raise ClaimError(f"there is no script {path}")
    results: list[PepitResult] = []
    with _answered(results, options), _command_line(path, arguments or []), contextlib.redirect_stdout(io.StringIO()):
        names = _run(path)
        if not results:
            problems = [value for value in names.values() if is_pepit_problem(value)]
            if not problems:
                raise ClaimError(
                    f"{path} builds no PEPit problem that could be certified: make a PEP() at the top level, or call "
                    "problem.solve() or a function that does"
                )
            results.append(certify_pepit(problems[-1], **options))
    for result in results:
        if found is not None:
            found(result)
    return results


def _run(path: Path) -> dict[str, Any]:
    """The global names of the script after it ran."""
    try:
        return runpy.run_path(str(path), run_name="__main__")
    except PepkitError:
        raise
    except SystemExit as error:
        if error.code not in (None, 0):
            raise ClaimError(f"{path.name} ended with exit code {error.code}") from error
        return {}
    except Exception as error:
        raise ClaimError(_failure(path, error)) from error


def _failure(path: Path, error: Exception) -> str:
    """Where a script failed: its own line, and the place in PEPit if it was PEPit that refused."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).name == path.name]
    line = f" in line {own[-1].lineno} ({own[-1].line})" if own else ""
    last = frames[-1] if frames else None
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if last is not None and "PEPit" in Path(last.filename).parts:
        refused = str(error) or last.line or "an assertion"
        return (
            f"PEPit refused a step of {path.name}{line}: {refused} (in {last.name}, line {last.lineno} of "
            f"{Path(last.filename).name}). Check the types of the arguments: PEPit wants points, expressions, ints "
            "and floats; exact numbers come from pepkit.exact."
        )
    return f"{path.name} failed{line}: {what}"


@contextmanager
def _answered(results: list[PepitResult], options: dict[str, Any]) -> Iterator[None]:
    from PEPit import PEP

    original = PEP.solve

    def solve(self: Any, wrapper: str = "cvxpy", **given: Any) -> Any:
        kept: dict[str, Any] = {key: given[key] for key in ("verbose", "return_primal_or_dual") if key in given}
        chosen: dict[str, Any] = {**options, **kept, "wrapper": "pepkit"}
        value = original(self, **chosen)
        # a problem without finite worst case has no result; certifying it again raises the explanation
        results.append(self.wrapper.result or certify_pepit(self, **options))
        return value

    PEP.solve = solve
    try:
        yield
    finally:
        PEP.solve = original


@contextmanager
def _command_line(path: Path, arguments: list[str]) -> Iterator[None]:
    saved, saved_path = sys.argv, list(sys.path)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = saved, saved_path
