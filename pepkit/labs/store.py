"""Pieces of work that are kept as they come, so that a long run goes on where it was stopped.

A store is a file of JSON lines, one for every finished piece: the hash of what was asked, the question itself and the
answer. A line that was cut off when the process died is left out, and the piece is computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pepkit.kernel import ClaimError
from pepkit.kernel.files import certificate_from_text, certificate_to_text

__all__ = ["PieceStore", "Progress", "Work", "piece_key"]

Progress = Callable[[str, str], None]


def piece_key(question: Mapping[str, Any]) -> str:
    """SHA-256 of the JSON form of a question."""
    text = json.dumps(question, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class PieceStore:
    """Answers by question, in a file of JSON lines or in memory only.

    Parameters
    ----------
    path
        The file; None keeps the answers in memory.
    resume
        Whether answers that are in the file already are used. Otherwise the file is begun anew.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, resume: bool = False) -> None:
        self.path = None if path is None else Path(path)
        self._answers: dict[str, Any] = {}
        self.reused = 0
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if resume and self.path.exists():
            self._read(self.path)
        # whole lines only, also after a kill in the middle of one
        with open(self.path, "w", encoding="utf-8") as stream:
            for line in self._lines:
                stream.write(line)

    _lines: tuple[str, ...] = ()

    def _read(self, path: Path) -> None:
        lines = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                key, question, answer = entry["key"], entry["question"], entry["answer"]
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
            if piece_key(question) == key:
                self._answers[key] = answer
                lines.append(line + "\n")
        self._lines = tuple(lines)

    def compute(self, question: Mapping[str, Any], work: Callable[[], Any]) -> Any:
        """The answer to a question: from the store, or from `work`, whose answer is JSON data and is kept."""
        key = piece_key(question)
        if key in self._answers:
            self.reused += 1
            return self._answers[key]
        begin = time.perf_counter()
        answer = work()
        entry = {"key": key, "question": question, "answer": answer, "seconds": round(time.perf_counter() - begin, 3)}
        try:
            line = json.dumps(entry, sort_keys=True, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ClaimError(f"the answer of a piece of work is not JSON data: {error}") from None
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as stream:
                stream.write(line + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        # what a later run reads is what this run uses
        self._answers[key] = json.loads(line)["answer"]
        return self._answers[key]


class Work:
    """What a laboratory is given besides its parameters: a store for its pieces and a place to report progress."""

    def __init__(self, name: str = "", store: PieceStore | None = None, progress: Progress | None = None) -> None:
        self.name = name
        self.store = PieceStore() if store is None else store
        self._progress = progress

    def say(self, detail: str) -> None:
        """Report progress in words, such as ``"depth 4, seed 12 of 200"``."""
        if self._progress is not None:
            self._progress(self.name or "lab", detail)

    def piece(self, question: Mapping[str, Any], work: Callable[[], Any]) -> Any:
        """The answer (JSON data) to a part of the work; kept, and reused by a resumed run.

        `question` names everything that the answer depends on; its hash is the key.
        """
        from pepkit import __version__

        self.say(", ".join(f"{key} {value}" for key, value in question.items() if not isinstance(value, (list, dict))))
        return self.store.compute({"lab": self.name, "version": __version__, **question}, work)

    def certificate(self, question: Mapping[str, Any], work: Callable[[], Any]) -> Any:
        """A certificate as a piece of work. It is kept as the text of its file."""
        text = self.piece({"certificate": True, **question}, lambda: certificate_to_text(work()))
        return certificate_from_text(text)
