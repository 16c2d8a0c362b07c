"""Certificates as theorems of a proof assistant: export to Coq, run coqc, report theorem, axioms and time."""

from pepkit.proof_assistant.coq import (
    ALLOWED_AXIOMS,
    HOW_TO_INSTALL,
    CoqTheorem,
    compiled_theory,
    find_coqc,
    find_theory,
    prove,
)
from pepkit.proof_assistant.errors import CoqError, ExportError, MissingCoqError
from pepkit.proof_assistant.export import coq_instance
from pepkit.proof_assistant.instance import Instance

__all__ = [
    "ALLOWED_AXIOMS",
    "HOW_TO_INSTALL",
    "CoqError",
    "CoqTheorem",
    "ExportError",
    "Instance",
    "MissingCoqError",
    "compiled_theory",
    "coq_instance",
    "find_coqc",
    "find_theory",
    "prove",
]
