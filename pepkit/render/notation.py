"""Exact numbers in LaTeX and HTML.

Fields print their elements in one small language (``Field.text``): sums of products of integers,
``sqrt(...)`` and powers of ``theta``. It is parsed here once and printed twice. A text outside that
language, such as the decimals of a number without a short expression, is passed through escaped.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

__all__ = ["clean", "escape_html", "escape_latex", "number_html", "number_latex", "shortened"]

_TOKEN = re.compile(r"\s*(\*\*|sqrt\(|theta|[0-9]+|[-+*/()])", re.ASCII)
_MAX_DEPTH = 40


@dataclass(frozen=True)
class _Node:
    """An expression: `kind` is number, name, sqrt, power, product, quotient, sum, minus or group."""

    kind: str
    text: str = ""
    children: tuple[_Node, ...] = ()


class _Unknown(Exception):
    """The text is not in the language of numbers."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _Unknown
            self.tokens.append(match.group(1))
            position = match.end()
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise _Unknown
        self.position += 1
        return token

    def whole(self) -> _Node:
        node = self.sum()
        if self.peek():
            raise _Unknown
        return node

    def sum(self) -> _Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _Unknown
        terms = [self.signed()]
        while self.peek() in ("+", "-"):
            minus = self.take() == "-"
            term = self.product()
            terms.append(_Node("minus", children=(term,)) if minus else term)
        self.depth -= 1
        return terms[0] if len(terms) == 1 else _Node("sum", children=tuple(terms))

    def signed(self) -> _Node:
        if self.peek() == "-":
            self.take()
            return _Node("minus", children=(self.product(),))
        return self.product()

    def product(self) -> _Node:
        node = self.power()
        while self.peek() in ("*", "/"):
            kind = "product" if self.take() == "*" else "quotient"
            node = _Node(kind, children=(node, self.power()))
        return node

    def power(self) -> _Node:
        base = self.atom()
        if self.peek() != "**":
            return base
        self.take()
        exponent = self.take()
        if not exponent.isdigit():
            raise _Unknown
        return _Node("power", exponent, (base,))

    def atom(self) -> _Node:
        token = self.take()
        if token.isdigit():
            return _Node("number", token)
        if token == "theta":
            return _Node("name", token)
        if token in ("sqrt(", "("):
            inner = self.sum()
            if self.take() != ")":
                raise _Unknown
            return _Node("sqrt" if token == "sqrt(" else "group", children=(inner,))
        raise _Unknown


def _parsed(text: str) -> _Node | None:
    try:
        return _Parser(text).whole()
    except _Unknown:
        return None


def number_latex(text: str) -> str:
    r"""The text of a number in LaTeX mathematics: ``5*sqrt(2)/31`` becomes ``\frac{5 \sqrt{2}}{31}``."""
    node = _parsed(text)
    if node is None:
        return escape_latex(text).replace("...", r"\ldots")
    return _latex(node)


def _latex(node: _Node) -> str:
    parts = node.children
    match node.kind:
        case "number":
            return node.text
        case "name":
            return r"\theta"
        case "sqrt":
            return rf"\sqrt{{{_latex(parts[0])}}}"
        case "power":
            return rf"{_latex(parts[0])}^{{{node.text}}}"
        case "product":
            separator = r" \cdot " if parts[1].kind == "number" else " "
            return _latex(parts[0]) + separator + _latex(parts[1])
        case "quotient":
            # the bar of the fraction already groups
            return rf"\frac{{{_latex(_ungrouped(parts[0]))}}}{{{_latex(_ungrouped(parts[1]))}}}"
        case "minus":
            return "-" + _latex(parts[0])
        case "group":
            return rf"\left({_latex(parts[0])}\right)"
        case _:
            return _joined([_latex(part) for part in parts], " + ", " - ", "-")


def _ungrouped(node: _Node) -> _Node:
    return node.children[0] if node.kind == "group" else node


def _joined(terms: list[str], plus: str, minus: str, sign: str) -> str:
    result = terms[0]
    for term in terms[1:]:
        result += minus + term[len(sign) :] if term.startswith(sign) else plus + term
    return result


def number_html(text: str) -> str:
    """The text of a number in HTML without scripts: ``-13/62 + 5√2/31``."""
    node = _parsed(text)
    return escape_html(text).replace("...", "…") if node is None else _html(node)


def _html(node: _Node) -> str:
    parts = node.children
    match node.kind:
        case "number":
            return node.text
        case "name":
            return "θ"
        case "sqrt":
            inner = _html(parts[0])
            return f"√{inner}" if parts[0].kind in ("number", "name") else f"√({inner})"
        case "power":
            return f"{_html(parts[0])}<sup>{node.text}</sup>"
        case "product":
            separator = "·" if parts[1].kind == "number" else ""
            return _html(parts[0]) + separator + _html(parts[1])
        case "quotient":
            return f"{_html(parts[0])}/{_html(parts[1])}"
        case "minus":
            return "−" + _html(parts[0])
        case "group":
            return f"({_html(parts[0])})"
        case _:
            return _joined([_html(part) for part in parts], " + ", " − ", "−")


def clean(text: object) -> str:
    """The text without control characters.

    Names and titles come from files, and a terminal obeys escape sequences; invisible characters that
    turn the direction of writing could make one number look like another.
    """
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def escape_html(text: object) -> str:
    """Text that HTML shows as it is."""
    return html.escape(clean(text), quote=True)


_LATEX_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip


def escape_latex(text: object) -> str:
    """Text that LaTeX prints as it is, on one line."""
    return "".join(_LATEX_ESCAPES.get(c, c) for c in clean(text).replace("\n", " "))


def shortened(text: str, limit: int) -> str:
    """The text, with its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"
