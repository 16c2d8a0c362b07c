"""The proof of an imported problem in LaTeX: weighted inequalities and completed squares."""

from __future__ import annotations

from typing import Any

from pepkit.kernel import Form
from pepkit.kernel.certificate import residual_of
from pepkit.kernel.words import decimal_text

__all__ = ["completed_squares", "proof_latex"]


def completed_squares(matrix: list[list[Any]], field: Any) -> list[tuple[Any, list[Any]]]:
    """Pairs (d, l) with S = sum d l l^T, d > 0 and l with a leading 1, from the exact LDL^T decomposition."""
    work = [list(row) for row in matrix]
    size = len(work)
    squares = []
    for k in range(size):
        pivot = work[k][k]
        if not pivot:
            continue
        line = [work[k][j] / pivot if j >= k else field.coerce(0) for j in range(size)]
        squares.append((pivot, line))
        for i in range(k + 1, size):
            if work[k][i]:
                factor = work[k][i] / pivot
                for j in range(k + 1, size):
                    if work[k][j]:
                        work[i][j] = work[i][j] - factor * work[k][j]
    return squares


def proof_latex(result: Any, digits: int | None = None) -> str:
    """See `pepkit.pepit.result.PepitResult.to_latex`."""
    certificate = result.certificate
    claim = certificate.claim
    field = claim.field

    def number(value: Any) -> str:
        value = field.coerce(value)
        if digits is not None:
            return decimal_text(field, value, digits)
        text = field.text(value)
        if "/" in text and text.lstrip("-").replace("/", "").isdigit():
            sign, body = ("-", text[1:]) if text.startswith("-") else ("", text)
            top, bottom = body.split("/")
            return rf"{sign}\frac{{{top}}}{{{bottom}}}"
        return text.replace("sqrt(", r"\sqrt{").replace(")", "}") if "sqrt(" in text else text

    vectors = [_symbol(v.name, k) for k, v in enumerate(claim.vectors)]
    scalars = [_symbol(name, k) for k, name in enumerate(claim.scalars)]
    measure = _form(claim.measure, vectors, scalars, number)
    lines = [r"\begin{theorem}", rf"Under the hypotheses below, $${measure} \le {number(claim.rate)}.$$"]
    lines += [r"\end{theorem}", r"\begin{proof}"]
    lines.append("Multiply the hypotheses by nonnegative numbers (equalities by any number) and add them:")
    lines.append(r"\begin{align*}")
    named = {"inequalities": claim.inequalities, "equalities": claim.equalities}
    for family, listed in named.items():
        for index, value in sorted(certificate.multipliers.get(family, {}).items()):
            name, form = listed[index[0]]
            relation = r"\ge 0" if family == "inequalities" else "= 0"
            body = _form(form, vectors, scalars, number)
            lines.append(rf"{number(value)} &: & {body} &{relation} && \text{{{_escape(name)}}} \\")
    for index, value in sorted(certificate.multipliers.get("matrix-inequalities", {}).items()):
        name, _ = claim.matrix_inequalities[index[0]]
        rows = r" \\ ".join(" & ".join(number(a) for a in row) for row in value)
        lines.append(
            rf"\begin{{pmatrix}} {rows} \end{{pmatrix}} &: & \text{{matrix}} &\succeq 0 && \text{{{_escape(name)}}} \\"
        )
    lines.append(r"\end{align*}")
    _, matrix, _ = residual_of(certificate)
    squares = completed_squares([[field.coerce(a) for a in row] for row in matrix], field)
    terms = [
        ("" if factor == 1 else number(factor)) + rf"\bigl\|{_combination(line, vectors, number)}\bigr\|^2"
        for factor, line in squares
    ]
    total = " + ".join(terms) or "0"
    lines.append("The weighted sum is the identity")
    lines.append(rf"$${number(claim.rate)} - \bigl({measure}\bigr) - \sum = {total} \ge 0,$$")
    lines.append(
        r"where $\sum$ is the sum of the products above."
        + (" The constants leave a nonnegative rest, which is left out." if not result.sharp else "")
    )
    lines.append(r"\end{proof}")
    return "\n".join(lines)


def _symbol(name: str, position: int) -> str:
    """A LaTeX symbol for the name of a point or a value."""
    base, _, rest = name.partition("_")
    if base.isalnum() and rest.isalnum() and len(base) == 1:
        return f"{base}_{{{rest}}}"
    if name.replace("*", "").isalnum():
        letters = name.rstrip("*0123456789")
        tail = name[len(letters) :].replace("*", r"\star")
        return f"{letters}_{{{tail}}}" if letters and tail else letters or f"p_{{{position}}}"
    return rf"\mathrm{{{_escape(name)}}}"


def _escape(text: str) -> str:
    for character in "&%$#_{}":
        text = text.replace(character, "\\" + character)
    return text


def _combination(line: list[Any], symbols: list[str], number: Any) -> str:
    return _sum([(value, symbol) for value, symbol in zip(line, symbols, strict=True) if value], number)


def _form(form: Form, vectors: list[str], scalars: list[str], number: Any) -> str:
    terms: list[tuple[Any, str]] = [(value, scalars[s]) for s, value in sorted(form.linear.items())]
    for (p, q), value in sorted(form.quadratic.items()):
        symbol = rf"\|{vectors[p]}\|^2" if p == q else rf"\langle {vectors[p]}, {vectors[q]} \rangle"
        terms.append((value, symbol))
    if form.constant:
        terms.append((form.constant, ""))
    return _sum(terms, number)


def _sum(terms: list[tuple[Any, str]], number: Any) -> str:
    text = ""
    for value, symbol in terms:
        body = number(value)
        negative = body.startswith("-")
        body = body[1:] if negative else body
        if " " in body and symbol:
            body = rf"\left({'-' if negative else ''}{body}\right)"
            negative = False
        if symbol:
            body = symbol if body == "1" else f"{body} {symbol}"
        text += (" - " if negative else " + ") + body if text else ("-" if negative else "") + body
    return text or "0"
