"""Results and certificates in HTML.

The pieces are self-contained: no scripts, no outside resources, style in attributes, so they look alike
in every notebook. Every text that comes from a file or a user is escaped, and MathJax is told to keep
away, because a title with dollar signs is a title and not a formula.
"""

from __future__ import annotations

from typing import Any

from pepkit.kernel import (
    Certificate,
    CompositionClaim,
    MethodClaim,
    NumberField,
    SchedulePropertyClaim,
    Theorem,
    claim_digest,
    digest,
)
from pepkit.kernel.schedule_properties import property_sentence
from pepkit.kernel.words import class_text, decimal_text, initial_text, measure_text, method_text, rate_text
from pepkit.render.notation import escape_html, number_html, shortened
from pepkit.render.residual import residual_summary
from pepkit.render.tables import Table, multiplier_table, provenance_table, stage_table, witness_table
from pepkit.render.text import excess_words, lower_words

__all__ = ["certificate_html", "page_html", "result_html"]

_NUMBER_LIMIT = 400
_BOX = "border:1px solid #8884;border-radius:6px;padding:0.6em 0.9em;max-width:60em"
_CELL = "padding:0.1em 0.8em 0.1em 0;text-align:left;vertical-align:top"
_COLOURS = {"tight": "#1a7f37", "sharp": "#0969da", "relaxed": "#9a6700", "not proved": "#b3261e"}


def result_html(result: Any) -> str:
    """A result for a notebook: theorem, exact rate, badges, and a table of stages to unfold."""
    theorem = result.theorem
    badges = [_badge("tight")] if theorem.tight else []
    badges.append(_badge("sharp") if result.sharp else _badge("relaxed", excess_words(result)))
    facts = [("Lower bound", lower_words(theorem, result.certificate))]
    if result.numerical_optimum is not None:
        facts.append(("Numerical optimum", f"{result.numerical_optimum:.12g} ({result.solver}), not part of the proof"))
    facts.append(("Checked by", ", ".join(result.checked_by)))
    facts.extend(("Note", note) for note in result.notes)
    total = sum(seconds for _, seconds, _ in result.stages)
    parts = [
        _theorem(theorem, "".join(badges)),
        _facts(facts),
        _details("Checks", _listing(theorem.checks)),
        _details(f"Stages ({total:.2f} s)", _table(stage_table(result))),
    ]
    return _box(parts)


def certificate_html(
    certificate: Certificate, theorem: Theorem | None, problem: str = "", limit: int | None = 200
) -> str:
    """A certificate: what it claims, whether the kernel proved it, multipliers, residual, origin.

    `theorem` None means that the check failed for the reason `problem`.
    """
    parts = []
    if theorem is not None:
        parts.append(_theorem(theorem, _badge("tight") if theorem.tight else ""))
        parts.append(_facts([("Lower bound", lower_words(theorem, certificate))]))
        parts.append(_details("Checks", _listing(theorem.checks)))
    else:
        parts.append(_statement(certificate.claim, _badge("not proved", problem)))
    parts.append(_details("Multipliers", _table(multiplier_table(certificate, limit))))
    if theorem is not None:
        parts.append(_facts([("Residual", str(residual_summary(certificate)))]))
    worst_case = witness_table(certificate, limit)
    if worst_case is not None:
        parts.append(_details("Worst case", _table(worst_case)))
    origin = provenance_table(certificate)
    if origin.rows:
        parts.append(_details(origin.title, _table(origin)))
    parts.append(_facts([("Claim", claim_digest(certificate.claim)), ("Certificate", digest(certificate))]))
    return _box(parts)


def page_html(body: str, title: str) -> str:
    """A whole HTML page around a piece."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape_html(title)}</title>\n</head>\n"
        f'<body style="font-family:sans-serif;margin:2em">\n{body}\n</body>\n</html>\n'
    )


def _box(parts: list[str]) -> str:
    # both class names keep MathJax away, in its versions 2 and 3
    return f'<div class="pepkit tex2jax_ignore mathjax_ignore" style="{_BOX}">\n' + "\n".join(parts) + "\n</div>"


def _badge(kind: str, title: str = "") -> str:
    hint = f' title="{escape_html(title)}"' if title else ""
    style = f"background:{_COLOURS[kind]};color:#fff;border-radius:3px;padding:0 0.4em;margin-left:0.5em"
    return f'<span class="pepkit-badge" style="{style}"{hint}>{kind}</span>'


def _theorem(theorem: Theorem, badges: str) -> str:
    return _statement(theorem.claim, badges, "Theorem")


def _statement(claim: Any, badges: str, heading: str = "Claim") -> str:
    field = claim.field
    decimals = decimal_text(field, claim.rate)
    if isinstance(claim, SchedulePropertyClaim):
        words = escape_html(property_sentence(claim).removeprefix("Theorem. ")).replace("\n", "<br>")
        return f"<p><b>{heading}.</b>{badges} {words}</p>"
    if not isinstance(claim, (MethodClaim, CompositionClaim)):
        title = f" of {escape_html(claim.title)}" if getattr(claim, "title", "") else ""
        rate = number_html(shortened(field.text(claim.rate), _NUMBER_LIMIT))
        return (
            f"<p><b>{heading}.</b>{badges} Under the listed hypotheses{title}, "
            f"measure ≤ {rate} · normaliser.</p>\n<p>The rate is {escape_html(decimals)}.</p>"
        )
    kind = "a minimiser x_*" if claim.has_minimiser else "infimum f(x_*) > -infinity"
    rate = _rate(claim)
    lines = [
        f"<p><b>{heading}.</b>{badges}<br>"
        f"Let f be {_formula(class_text(claim))} on a real inner-product space, with {_formula(kind)}. "
        f"Then {_formula(method_text(claim))}, satisfies</p>",
        f'<p style="margin-left:2em;font-size:110%">{_formula(measure_text(claim))} ≤ {rate} '
        f"{_formula(initial_text(claim))}.</p>",
        f"<p>In decimals the rate is {escape_html(decimals)} (for L = 1).</p>",
    ]
    if isinstance(field, NumberField) and "theta" in field.text(claim.rate):
        lines.append(f"<p>Here θ is the {_formula(field.generator_text())}.</p>")
    return "\n".join(lines)


def _rate(claim: MethodClaim | CompositionClaim) -> str:
    text = claim.field.text(claim.rate)
    unit = escape_html(rate_text(claim, claim.field.coerce(1))[1:].strip()).replace("*", "·")
    rate = number_html(shortened(text, _NUMBER_LIMIT))
    rate = f"({rate})" if " " in text else rate
    return f"{rate} {unit} ·" if unit else f"{rate} ·"


def _formula(text: str) -> str:
    """Formulas in words with the signs that HTML has."""
    shown = escape_html(text)
    for source, target in (("x_*", "x<sub>*</sub>"), ("&lt;=", "≤"), ("|^2", "|²"), ("infinity", "∞")):
        shown = shown.replace(source, target)
    return shown


def _facts(pairs: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><th style="{_CELL}">{escape_html(name)}</th><td style="{_CELL};word-break:break-word">'
        f"{escape_html(value)}</td></tr>"
        for name, value in pairs
    )
    return f"<table>{rows}</table>"


def _listing(items: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li>{escape_html(item)}</li>" for item in items) + "</ul>"


def _details(title: str, content: str) -> str:
    return f"<details><summary>{escape_html(title)}</summary>{content}</details>"


def _table(table: Table) -> str:
    head = "".join(f'<th style="{_CELL}">{escape_html(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape_html(cell)}</td>' for cell in row) + "</tr>"
        for row in table.rows
    )
    more = f"<p>… and {table.omitted} more</p>" if table.omitted else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
