"""Whether Coq can be run, for tests that need it."""

from __future__ import annotations

import pytest

from pepkit.proof_assistant import MissingCoqError, find_coqc, find_theory


def _obstacle() -> str:
    if find_coqc() is None:
        return "coqc is not installed (apt-get install coq)"
    try:
        find_theory()
    except MissingCoqError as error:
        return str(error)
    return ""


needs_coq = pytest.mark.skipif(bool(_obstacle()), reason=_obstacle() or "Coq is there")
