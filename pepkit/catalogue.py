"""The catalogue of certificates: what is in `certificates/` and how it is regenerated."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pepkit.certification import certify
from pepkit.kernel import MethodClaim, PepkitError, check, claim_digest, load
from pepkit.pep import gradient_descent, method
from pepkit.schedules import Schedule, constant, obs_f, obs_s, optimal_constant, silver

__all__ = ["CatalogueEntry", "Outcome", "entries", "regenerate"]

Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class CatalogueEntry:
    """One certificate of the catalogue.

    `path` is relative to the catalogue folder; `build` makes the question; `mode` is that of `certify`.
    """

    path: str
    build: Callable[[], MethodClaim]
    mode: str = "sharp"


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: ``"kept"`` (an existing file checks), ``"written"``, or ``"failed"``."""

    entry: CatalogueEntry
    status: str
    detail: str


def entries() -> list[CatalogueEntry]:
    """All entries, small ones first within a family."""
    return list(_entries())


def _entries() -> Iterator[CatalogueEntry]:
    gradient = {"measure": "smallest-gradient-norm", "initial": "function-value"}
    for n in range(1, 21):
        yield _entry("constant/constant-1", n, constant(n))
    for k in range(1, 7):
        yield _entry("silver/silver", 2**k - 1, silver(2**k - 1))
    for n in range(1, 7):
        yield _entry("optimal-constant/optimal-constant", n, optimal_constant(n))
    for n in (2, 4, 5, 6):
        yield _entry("optimised/obs-s", n, obs_s(n))
    for n in (2, 3):
        yield _entry("optimised/obs-f", n, obs_f(n))
    yield _entry("optimised/obs-f-relaxed", 10, obs_f(10), mode="relaxed")
    for n in (1, 2, 3, 5):
        # h = 2/(1 + mu/L) with L/mu = 10
        yield _entry("strongly-convex/constant-20-11-kappa-10", n, constant(n, "20/11"), mu="L/10", measure="distance")
    yield _entry("nonconvex/smooth-constant-1", 3, constant(3), mu="-L", **gradient)
    yield _entry("nonconvex/hypoconvex-half-constant-3-4", 4, constant(4, "3/4"), mu="-L/2", **gradient)
    yield _entry("gradient-norm/constant-1", 5, constant(5), measure="gradient-norm", initial="function-value")
    for n in (1, 2):
        yield CatalogueEntry(f"optimized-gradient/ogm-N{n:03d}.json", partial(method, "optimized-gradient", n))


def _entry(path: str, count: int, plan: Schedule, mode: str = "sharp", **options: str) -> CatalogueEntry:
    build: Callable[[], MethodClaim] = partial(gradient_descent, plan, **options)
    return CatalogueEntry(f"{path}-N{count:03d}.json", build, mode)


def regenerate(
    folder: str | os.PathLike[str],
    *,
    only: str = "",
    force: bool = False,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Make every certificate of the catalogue whose path contains `only`.

    A file that exists, proves the same theorem and passes the kernel is kept, so an interrupted run
    resumes; with `force` everything is computed again. Yields one outcome an entry, as it is done.
    """
    for entry in entries():
        if only not in entry.path:
            continue
        target = Path(folder) / entry.path
        claim = entry.build()
        if not force and _holds(target, claim):
            yield Outcome(entry, "kept", "checks")
            continue
        try:
            result = certify(claim, mode=entry.mode, progress=progress)
            result.save(target)
        except PepkitError as error:
            yield Outcome(entry, "failed", str(error))
            continue
        yield Outcome(entry, "written", f"rate {claim.field.text(result.rate)[:60]}")


def _holds(path: Path, claim: Any) -> bool:
    """Whether the file proves the claim (with the rate that it states)."""
    if not path.exists():
        return False
    try:
        certificate = load(path)
        stated = certificate.claim
        return claim_digest(stated) == claim_digest(claim.with_rate(stated.rate)) and bool(check(certificate))
    except PepkitError:
        return False
