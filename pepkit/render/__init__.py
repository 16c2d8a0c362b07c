"""Theorems, certificates and results as text, tables, LaTeX and HTML."""

from pepkit.render.html import certificate_html, page_html, result_html
from pepkit.render.latex import certificate_latex, proof_latex, result_latex, theorem_latex
from pepkit.render.notation import number_html, number_latex
from pepkit.render.residual import ResidualSummary, residual_summary
from pepkit.render.tables import Table, multiplier_table, provenance_table, stage_table, witness_table
from pepkit.render.text import claim_brief, result_text
from pepkit.render.worst_case import witness_words

__all__ = [
    "ResidualSummary",
    "Table",
    "certificate_html",
    "certificate_latex",
    "claim_brief",
    "multiplier_table",
    "number_html",
    "number_latex",
    "page_html",
    "proof_latex",
    "provenance_table",
    "residual_summary",
    "result_html",
    "result_latex",
    "result_text",
    "stage_table",
    "theorem_latex",
    "witness_table",
    "witness_words",
]
