r"""Theorems and proofs in LaTeX.

`theorem_latex` and `proof_latex` use the environments ``theorem`` and ``proof`` of amsthm and the
commands of amsmath and amssymb. `result_latex` is one formula for notebooks, whose MathJax knows no
text-mode environments.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from pepkit.kernel import (
    Certificate,
    Claim,
    CompositionClaim,
    Field,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    NumberField,
    SchedulePropertyClaim,
    Statement,
    Theorem,
)
from pepkit.kernel.statement import HypothesisFamily, Index
from pepkit.kernel.words import composition_text, decimal_text
from pepkit.render.claims_latex import own_formula, schedule_theorem
from pepkit.render.notation import escape_latex, number_latex
from pepkit.render.residual import residual_summary
from pepkit.render.tables import multipliers
from pepkit.render.worst_case import witness_words

__all__ = ["certificate_latex", "claim_formula", "proof_latex", "result_latex", "theorem_latex"]

MATRIX_LIMIT = 9
"""Largest residual that is written out as a matrix."""
NUMBER_LIMIT = 300
"""Longest exact number, in characters, that is written out."""
STEPS_LIMIT = 64
"""Longest schedule that is written out."""

_MEASURE = {
    Measure.FUNCTION_VALUE: r"f(x_{{{N}}}) - f(x_\star)",
    Measure.GRADIENT_NORM: r"\|\nabla f(x_{{{N}}})\|^2",
    Measure.SMALLEST_GRADIENT_NORM: r"\min_{{0 \le i \le {N}}} \|\nabla f(x_i)\|^2",
    Measure.DISTANCE: r"\|x_{{{N}}} - x_\star\|^2",
}
_INITIAL = {
    InitialCondition.DISTANCE: r"\|x_0 - x_\star\|^2",
    InitialCondition.FUNCTION_VALUE: r"\bigl(f(x_0) - f(x_\star)\bigr)",
    InitialCondition.GRADIENT_NORM: r"\|\nabla f(x_0)\|^2",
}


def _number(field: Field, value: Any, product: bool = False) -> str:
    """An exact number; in parentheses if it is a sum and a factor of a product."""
    text = field.text(value)
    if len(text) > NUMBER_LIMIT:
        return rf"{decimal_text(field, value, 12)}\ldots"
    latex = number_latex(text)
    return rf"\left({latex}\right)" if product and " " in text else latex


def claim_formula(claim: Claim) -> str:
    """The inequality of a claim, in mathematics mode."""
    field = claim.field
    own = own_formula(claim)
    if own is not None:
        return own
    if not isinstance(claim, (MethodClaim, CompositionClaim)):
        return rf"\text{{measure}} \le {_number(field, claim.rate, product=True)} \cdot \text{{normaliser}}"
    measure = _MEASURE[claim.measure].format(N=claim.steps)
    return rf"{measure} \le {_rate(claim)} {_INITIAL[claim.initial]}"


def _rate(claim: MethodClaim | CompositionClaim) -> str:
    rate = _number(claim.field, claim.rate, product=True)
    power = claim.power_of_L
    if power == 0:
        return rf"{rate} \,"
    given = claim.function_class.L
    unit = "L" if given is None else _number(claim.field, given)
    if given is not None and unit != "1":
        unit = rf"\left({unit}\right)"
    unit += f"^{{{abs(power)}}}" if abs(power) != 1 else ""
    return rf"{rate} \, {unit} \," if power > 0 else rf"{rate} \, \frac{{1}}{{{unit}}} \,"


def theorem_latex(theorem: Theorem) -> str:
    """The theorem as an amsthm environment."""
    return _theorem(theorem.claim, theorem.lower, theorem.tight)


def _theorem(claim: Claim, lower: Any, tight: bool) -> str:
    about_schedule = schedule_theorem(claim)
    if about_schedule is not None:
        return about_schedule
    lines = [r"\begin{theorem}"]
    if isinstance(claim, (MethodClaim, CompositionClaim)):
        given = "Let $L > 0$. " if claim.function_class.L is None else ""
        lines.append(f"{given}Let $f$ be {_class(claim)} on a real inner-product space, with {_minimiser(claim)}.")
        lines.append(f"Then {_method(claim)} satisfies")
    else:
        title = escape_latex(claim.title) if isinstance(claim, ListedClaim) else ""
        lines.append("Under the listed hypotheses" + (f" of {title}," if title else ","))
    lines.append(rf"\[ {claim_formula(claim)}. \]")
    lines.extend(_field_sentences(claim))
    if tight:
        lines.append("The constant cannot be improved.")
    elif lower is not None:
        lines.append(f"The best constant is at least ${_number(claim.field, lower)}$ (for $L = 1$).")
    lines.append(r"\end{theorem}")
    return "\n".join(lines)


def _class(claim: MethodClaim | CompositionClaim) -> str:
    field, ratio = claim.field, claim.function_class.mu_over_L
    given = claim.function_class.L
    smoothness = "$L$" if given is None else f"${_number(field, given)}$"
    sign = field.sign(ratio)
    article = "an" if given is None else "a"
    if sign == 0:
        return f"{article} {smoothness}-smooth convex function"
    if field.sign(ratio + 1) == 0:
        return f"{article} {smoothness}-smooth function, not necessarily convex,"
    unit = "L" if given is None else rf"\cdot {_number(field, given, product=True)}"
    curvature = f"{_number(field, ratio if sign > 0 else -ratio, product=True)} {unit}"
    if sign > 0:
        return rf"{article} {smoothness}-smooth and $\mu$-strongly convex function with $\mu = {curvature}$"
    return (
        rf"{article} {smoothness}-smooth function for which $f + \tfrac{{1}}{{2}} {curvature} \|\cdot\|^2$ is convex,"
    )


def _minimiser(claim: MethodClaim | CompositionClaim) -> str:
    return r"a minimiser $x_\star$" if claim.has_minimiser else r"infimum $f(x_\star) > -\infty$"


def _method(claim: MethodClaim | CompositionClaim) -> str:
    given = claim.function_class.L
    unit = "L" if given is None else _number(claim.field, given)
    if isinstance(claim, CompositionClaim):
        tree = escape_latex(composition_text(claim))
        return (
            rf"gradient descent $x_{{i+1}} = x_i - \frac{{h_i}}{{{unit}}} \nabla f(x_i)$ with the ${claim.steps}$ "
            f"steps of the composition {tree}"
        )
    if isinstance(claim.method, GradientDescent):
        steps = claim.method.steps
        return (
            rf"gradient descent $x_{{i+1}} = x_i - \frac{{h_i}}{{{unit}}} \nabla f(x_i)$, "
            rf"$i = 0, \ldots, {len(steps) - 1}$, with ${_schedule(claim.field, steps)}$"
        )
    rows = claim.method.matrix
    described = (
        rf"the method $x_i = x_0 - \frac{{1}}{{{unit}}} \sum_{{k < i}} h_{{ik}} \nabla f(x_k)$, "
        rf"$i = 1, \ldots, {len(rows)}$, with "
    )
    if len(rows) > MATRIX_LIMIT or any(len(claim.field.text(h)) > 60 for row in rows for h in row):
        return described + "the step matrix $h$ of the certificate"
    body = r" \\ ".join(
        " & ".join(_number(claim.field, row[k]) if k < len(row) else "" for k in range(len(rows))) for row in rows
    )
    return described + rf"$h = \begin{{pmatrix}} {body} \end{{pmatrix}}$"


def _schedule(field: Field, steps: tuple[Any, ...]) -> str:
    """h = (...) with runs of one step written once, as in ``1, 1, 1`` = ``1^{(3)}``."""
    runs = [(_number(field, h), len(list(group))) for h, group in groupby(steps, key=lambda h: h)]
    if len(runs) == 1:
        return rf"h_i = {runs[0][0]}"
    if len(steps) > STEPS_LIMIT:
        shown = ", ".join(_number(field, h) for h in steps[:12])
        return rf"h = ({shown}, \ldots) \text{{ ({len(steps)} steps, all of them in the certificate)}}"
    return "h = (" + ", ".join(_number(field, h) for h in steps) + ")"


def _field_sentences(claim: Claim) -> list[str]:
    """What theta is, where numbers of the theorem use it."""
    field = claim.field
    if not isinstance(field, NumberField) or field.degree == 2:
        return []
    polynomial = _polynomial(field)
    return [
        rf"Here $\theta = {decimal_text(field, field.generator, 12)}\ldots$ is the root of ${polynomial}$ "
        rf"in $[{number_latex(str(field.root[0]))}, {number_latex(str(field.root[1]))}]$; "
        rf"the constant is ${decimal_text(field, claim.rate, 12)}\ldots$"
    ]


def _polynomial(field: NumberField) -> str:
    terms = []
    for power, coefficient in reversed(list(enumerate(field.polynomial.coeffs()))):
        if coefficient == 0:
            continue
        name = "" if power == 0 else "t" if power == 1 else f"t^{{{power}}}"
        size = number_latex(str(abs(coefficient)))
        body = name if name and size == "1" else f"{size} {name}".strip()
        sign = "-" if coefficient < 0 else "+"
        terms.append(f"{sign} {body}")
    return " ".join(terms).removeprefix("+ ")


def proof_latex(certificate: Certificate) -> str:
    """The proof that the certificate holds: hypotheses, multipliers, identity, residual.

    The text is complete up to numbers that are too long to read, which it refers to the certificate for.
    """
    claim = certificate.claim
    statement = claim.statement()
    lines = [r"\begin{proof}"]
    if isinstance(claim, MethodClaim):
        lines.extend(_hypotheses(claim))
    elif isinstance(claim, SchedulePropertyClaim):
        lines.append(
            r"Let $L = 1$ and write $H_k \ge 0$ for the interpolation inequalities of the points; the inequality to be "
            r"proved is written as $c \cdot \text{normaliser} - \text{measure} \ge 0$."
        )
    else:
        lines.append(r"Write $H_k \ge 0$ (or $H_k = 0$) for the listed hypotheses.")
    lines.append("Take the multipliers")
    lines.extend(_multiplier_lines(certificate, statement))
    lines.append("All function values and constants cancel, and there remains the identity")
    lines.append(rf"\[ {_conclusion(claim)} = \sum_k \lambda_k H_k + \langle S, G \rangle, \]")
    summary = residual_summary(certificate)
    names = ", ".join(_vector(name) for name in summary.names)
    lines.append(f"where the $H_k$ are the hypotheses above, $G$ is the Gram matrix of ${names}$ and")
    if summary.size <= MATRIX_LIMIT and all(len(statement.field.text(a)) <= 60 for row in summary.matrix for a in row):
        body = r" \\ ".join(" & ".join(_number(statement.field, a) for a in row) for row in summary.matrix)
        lines.append(rf"\[ S = \begin{{pmatrix}} {body} \end{{pmatrix}}. \]")
    else:
        lines.append(
            f"$S$ is the symmetric ${summary.size} \\times {summary.size}$ matrix that the identity determines."
        )
    lines.append(_semidefinite(certificate, summary))
    lines.append(r"Since $G \succeq 0$, every term on the right is non-negative, which proves the inequality.")
    if certificate.witness is not None:
        words = escape_latex(witness_words(claim, certificate.witness))
        lines.append(f"The lower bound is attained by {words}.")
    lines.append(r"\end{proof}")
    return "\n".join(lines)


def _hypotheses(claim: MethodClaim) -> list[str]:
    field, mu = claim.field, claim.function_class.mu_over_L
    star = (
        r" and $x_\star$, $g_\star = 0$, $f_\star = f(x_\star)$" if claim.has_minimiser else r" and $f_\star = \inf f$"
    )
    lines = [
        "Both sides scale alike in $f$, so let $L = 1$. "
        rf"Write $g_i = \nabla f(x_i)$, $f_i = f(x_i)${star}. For points $i \ne j$ the interpolation inequality"
    ]
    base = r"Q_{i,j} := f_i - f_j - \langle g_j, x_i - x_j \rangle"
    if field.sign(mu) == 0:
        lines.append(rf"\[ {base} - \tfrac{{1}}{{2}} \|g_i - g_j\|^2 \ge 0 \]")
    else:
        m = _number(field, mu, product=True)
        lines.append(
            rf"\[ {base} - \tfrac{{1}}{{2(1-\mu)}} \bigl( \|g_i - g_j\|^2 + \mu \|x_i - x_j\|^2 "
            rf"- 2 \mu \langle g_i - g_j, x_i - x_j \rangle \bigr) \ge 0, \qquad \mu = {m}, \]"
        )
    lines.append("holds.")
    if field.sign(mu) < 0:
        lines.append(r"Moreover $P_i := f_i - f_\star - \tfrac{1}{2} \|g_i\|^2 \ge 0$.")
    if claim.measure is Measure.SMALLEST_GRADIENT_NORM:
        lines.append(r"With $t = \min_i \|g_i\|^2$ also $T_i := \|g_i\|^2 - t \ge 0$.")
    return lines


def _multiplier_lines(certificate: Certificate, statement: Statement) -> list[str]:
    entries = [
        rf"\lambda[{_symbol(family, index)}] &= {_multiplier(statement.field, value)}"
        for family, index, value in multipliers(certificate, statement)
    ]
    if not entries:
        return [r"\[ \text{none} \]"]
    # align* breaks over pages once the document allows it
    return [r"{\allowdisplaybreaks", r"\begin{align*}", " \\\\\n".join(entries), r"\end{align*}}"]


def _multiplier(field: Field, value: Any) -> str:
    if not isinstance(value, tuple):
        return _number(field, value)
    if len(value) > MATRIX_LIMIT:
        return rf"\text{{the ${len(value)} \times {len(value)}$ matrix of the certificate}}"
    body = r" \\ ".join(" & ".join(_number(field, a) for a in row) for row in value)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


_SYMBOLS = {"interpolation": "Q", "infimum": "P", "smallest-gradient": "T"}


def _symbol(family: HypothesisFamily, index: Index) -> str:
    labels = getattr(family, "labels", None)
    if labels is None or family.name not in _SYMBOLS:
        return rf"\text{{{escape_latex(family.describe(index))}}}"
    points = [labels[i].removeprefix("x_").replace("*", r"\star") for i in index]
    return f"{_SYMBOLS[family.name]}_{{{','.join(points)}}}"


def _conclusion(claim: Claim) -> str:
    rate = _number(claim.field, claim.rate, product=True)
    if not isinstance(claim, MethodClaim):
        return rf"{rate} \cdot \text{{normaliser}} - \text{{measure}}"
    if claim.measure is Measure.SMALLEST_GRADIENT_NORM:
        measure = "t"
    else:
        # parentheses around the difference of two values
        measure = _MEASURE[claim.measure].format(N=claim.steps)
        measure = rf"\bigl({measure}\bigr)" if claim.measure is Measure.FUNCTION_VALUE else measure
    return rf"{rate} {_INITIAL[claim.initial]} - {measure}"


_SUBSCRIPTED = re.compile(r"([A-Za-z])_([0-9]+|\*)", re.ASCII)


def _vector(name: str) -> str:
    """The name of a vector: ``x_0 - x_*`` and ``g_3`` as mathematics, others as text."""
    parts = name.split(" - ")
    matches = [_SUBSCRIPTED.fullmatch(part) for part in parts]
    if any(match is None for match in matches):
        return rf"\text{{{escape_latex(name)}}}"
    return " - ".join(
        f"{match[1]}_{{{match[2].replace('*', chr(92) + 'star')}}}" for match in matches if match is not None
    )


def _semidefinite(certificate: Certificate, summary: Any) -> str:
    size, hints = summary.size, summary.kernel_hints
    if not any(any(row) for row in summary.matrix):
        return "Here $S = 0$."
    if hints and summary.rank_low == size - hints:
        vectors = f"{hints} exact vector{'s' if hints > 1 else ''}"
        return (
            f"$S$ annihilates the {vectors} that the certificate lists and has rank {summary.rank_low}; the principal "
            r"submatrix on as many other rows is positive definite, so $S \succeq 0$ (exact arithmetic)."
        )
    return r"$S$ is positive semidefinite: an exact factorisation has no negative pivot."


def certificate_latex(certificate: Certificate, theorem: Theorem) -> str:
    """Theorem and proof."""
    return theorem_latex(theorem) + "\n\n" + proof_latex(certificate)


def result_latex(result: Any) -> str:
    """One displayed formula for notebooks: the inequality, and whether the constant is best possible."""
    theorem = result.theorem
    note = r" \quad \text{(tight)}" if theorem.tight else ""
    return rf"$\displaystyle {claim_formula(theorem.claim)}{note}$"
