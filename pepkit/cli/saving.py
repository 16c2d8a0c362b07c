"""Where a certificate is written, and what happens to a file that is there already."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from pepkit.cli.output import error_text
from pepkit.kernel import (
    Certificate,
    Claim,
    ClaimError,
    CompositionClaim,
    GradientDescent,
    MethodClaim,
    PepkitError,
    claim_digest,
    load,
)
from pepkit.kernel.words import decimal_text

__all__ = ["free_path", "refuse_foreign_file", "slug", "write_text"]

_MAX_SLUG = 80


def slug(*parts: str) -> str:
    """A file name from words and numbers: letters, digits, dots; ``-3/2`` becomes ``minus-3_2``."""
    kept = []
    for part in parts:
        if re.match(r"-[0-9A-Za-z.]", part):
            kept.append("minus")
        word = re.sub(r"[^A-Za-z0-9._+-]+", "-", part.replace("/", "_").replace("(", "").replace(")", ""))
        word = word.strip("-.")
        if word:
            kept.append(word)
    return "-".join(kept)[:_MAX_SLUG].strip("-.") or "certificate"


def refuse_foreign_file(path: Path, question: Claim) -> None:
    """Refuse, before any solving, an output file that holds something else than this question.

    Raises ClaimError if `path` exists and is no certificate, or one of another class, method or measure.
    """
    if path.is_dir():
        raise ClaimError(f"{path} is a folder; name a file after --output")
    if not path.exists():
        return
    try:
        present = load(path).claim
    except (PepkitError, OSError) as error:
        raise ClaimError(
            f"{path} exists and is not a certificate ({error_text(error)[:200]}); "
            "name another file or replace it with --force"
        ) from None
    if not _same_question(present, question):
        raise ClaimError(
            f"{path} holds a certificate of another statement; name another file or replace it with --force"
        )


def _same_question(first: Claim, second: Claim) -> bool:
    """Equal but for the rate.

    Numbers are compared by 40 decimals, because the fields may differ: a rate may need a larger field
    than the steps. The answer only decides about a file name.
    """
    if isinstance(first, CompositionClaim) and isinstance(second, CompositionClaim):
        return (first.instructions, first.measure, first.initial) == (
            second.instructions,
            second.measure,
            second.initial,
        ) and _class_numbers(first) == _class_numbers(second)
    if not isinstance(first, MethodClaim) or not isinstance(second, MethodClaim):
        return False
    if (first.measure, first.initial, type(first.method)) != (second.measure, second.initial, type(second.method)):
        return False
    return _numbers(first) == _numbers(second)


def _class_numbers(claim: MethodClaim | CompositionClaim) -> list[str]:
    cls = claim.function_class
    smoothness = "L" if cls.L is None else decimal_text(claim.field, cls.L, 40)
    return [smoothness, decimal_text(claim.field, cls.mu_over_L, 40)]


def _numbers(claim: MethodClaim) -> list[str]:
    method = claim.method
    if isinstance(method, GradientDescent):
        steps = list(method.steps)
    else:
        steps = [h for row in method.matrix for h in row]
    return [*_class_numbers(claim), *(decimal_text(claim.field, value, 40) for value in steps)]


def free_path(path: Path, certificate: Certificate) -> Path:
    """`path`, or the first of ``name-2.json``, ``name-3.json`` ... that may be written.

    A file may be written if it does not exist or proves exactly the same theorem (equal claim digests).
    """
    wanted = claim_digest(certificate.claim)
    for candidate in _candidates(path):
        if not candidate.exists():
            return candidate
        try:
            if claim_digest(load(candidate).claim) == wanted:
                return candidate
        except (PepkitError, OSError):
            # not a certificate, so not ours to replace
            continue
    raise ClaimError(f"no free file name beside {path}")


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def write_text(target: Path, text: str) -> None:
    """Write a text file that appears whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
