"""Laboratories: experiments that test theorems, with tables, figures, findings and certificates.

    from pepkit import labs

    labs.names()
    result = labs.run("deep-linear", quick=True)
    result.save("out")

A laboratory is a plain function with keyword parameters that returns a `LabResult`; `pepkit.labs.registry` says how
to write one.
"""

from pepkit.labs.registry import Lab, lab, labs, names
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.run import run
from pepkit.labs.store import PieceStore, Work

__all__ = ["Finding", "Lab", "LabResult", "PieceStore", "Work", "lab", "labs", "names", "run"]
