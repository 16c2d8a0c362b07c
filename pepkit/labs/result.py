"""What a laboratory returns: tables with figures, certificates, findings in words, provenance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

from pepkit.kernel import CertificateError, ClaimError, Theorem, check, save
from pepkit.kernel.certificate import Certificate, Proof
from pepkit.studies import Study, cell_text

__all__ = ["Finding", "LabResult"]

MAX_REPORT_ROWS = 24
"""Longest table that a report prints whole; the CSV file has all rows."""


@dataclass(frozen=True)
class Finding:
    """One sentence about what was seen.

    `holds` is True or False for a statement that was put to the test, None for an observation.
    """

    text: str
    holds: bool | None = None

    def __str__(self) -> str:
        mark = {True: "holds", False: "FAILS", None: "seen"}[self.holds]
        return f"[{mark}] {self.text}"


@dataclass(frozen=True)
class LabResult:
    """The result of an experiment.

    Parameters
    ----------
    about
        What the experiment is, in Markdown paragraphs.
    studies
        Tables with figures, by short names that become names of files.
    certificates
        Exact statements about the experiment, by short names.
    findings
        What was seen, and which tested statements hold.
    parameters, provenance
        Set by `pepkit.labs.run`: the parameters, and version, seed, libraries and time.
    """

    about: str
    studies: Mapping[str, Study]
    certificates: Mapping[str, Certificate | Proof] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    name: str = ""
    summary: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in (*self.studies, *self.certificates):
            if not key or not all(c.isalnum() or c == "-" for c in key):
                raise ClaimError(f"a study or certificate of a laboratory is named with letters and '-', not {key!r}")

    @property
    def holds(self) -> bool:
        """Whether every tested statement holds."""
        return all(finding.holds is not False for finding in self.findings)

    def theorems(self) -> dict[str, Theorem]:
        """What the kernel proves with the certificates; CertificateError names one that proves nothing."""
        found = {}
        for key, certificate in self.certificates.items():
            try:
                found[key] = check(certificate)
            except CertificateError as error:
                raise CertificateError(f"certificate {key}: {error}") from None
        return found

    def with_run(self, **values: Any) -> LabResult:
        """The same result with other name, parameters, provenance."""
        return replace(self, **values)

    def save(self, folder: str | os.PathLike[str], pictures: bool = True) -> Path:
        """Write NAME.md, and beside it NAME/ with tables (CSV), figures (PNG) and certificates (JSON).

        Returns the path of the report. The same parameters write the same tables and certificates.
        """
        root = Path(folder)
        name = self.name or "lab"
        parts = root / name
        parts.mkdir(parents=True, exist_ok=True)
        drawn = set()
        for key, study in self.studies.items():
            study.save_csv(parts / f"{key}.csv")
            if pictures and study.curves:
                study.figure().savefig(parts / f"{key}.png", dpi=110)
                drawn.add(key)
        for key, certificate in self.certificates.items():
            save(certificate, parts / f"{key}.json")
        report = root / f"{name}.md"
        report.write_text(self.markdown(name, drawn), encoding="utf-8")
        return report

    def markdown(self, folder: str = "", drawn: set[str] | None = None) -> str:
        """The report. `drawn` names the studies whose figures lie in `folder`."""
        lines = [f"# {self.summary or self.name}", "", *_paragraphs(self.about)]
        if self.name:
            lines += ["", f"Made by `{self.command()}`."]
        if self.findings:
            lines += ["", "## Findings", ""]
            lines += [f"- {finding!s}" for finding in self.findings]
        if self.certificates:
            lines += ["", "## Certificates", "", "Checked by the kernel; `pepkit check FILE` checks them again.", ""]
            for key, theorem in self.theorems().items():
                sentence = " ".join(str(theorem).split())
                lines.append(f"- [`{key}`]({folder}/{key}.json): {sentence}")
        for key, study in self.studies.items():
            lines += ["", f"## {study.title}", ""]
            if drawn and key in drawn:
                lines += [f"![{study.title}]({folder}/{key}.png)", ""]
            lines += _table(study)
            if len(study.rows) > MAX_REPORT_ROWS:
                lines += ["", f"{len(study.rows)} rows in all: [{key}.csv]({folder}/{key}.csv)."]
            for note in study.notes:
                lines += ["", note]
        if self.provenance:
            words = "; ".join(f"{key} {value}" for key, value in self.provenance.items())
            lines += ["", "## Provenance", "", words + "."]
        return "\n".join(lines) + "\n"

    def command(self) -> str:
        """The command that makes this result."""
        quick = " --quick" if self.provenance.get("form") == "quick" else ""
        settings = "".join(f" --set {key}={value}" for key, value in self.provenance.get("settings", {}).items())
        seed = self.parameters.get("seed", 0)
        return f"pepkit lab {self.name}{quick}" + (f" --seed {seed}" if seed else "") + settings

    def _repr_html_(self) -> str:
        findings = "".join(f"<li>{escape(str(finding))}</li>" for finding in self.findings)
        tables = "".join(study._repr_html_() for study in self.studies.values())
        return f'<div class="pepkit"><h3>{escape(self.summary or self.name)}</h3><ul>{findings}</ul>{tables}</div>'

    def __str__(self) -> str:
        return "\n".join([self.summary or self.name, *(str(finding) for finding in self.findings)])


def _paragraphs(text: str) -> list[str]:
    return [line.strip() if not line.startswith("    ") else line for line in text.strip().splitlines()]


def _table(study: Study) -> list[str]:
    def row(values: Any) -> str:
        return "| " + " | ".join(cell_text(value).replace("|", "\\|") for value in values) + " |"

    rows = study.rows
    if len(rows) > MAX_REPORT_ROWS:
        # both ends of a long table say most about it
        half = MAX_REPORT_ROWS // 2
        rows = (*rows[:half], tuple("..." for _ in study.columns), *rows[-half:])
    return [row(study.columns), "|" + "---|" * len(study.columns), *map(row, rows)]
