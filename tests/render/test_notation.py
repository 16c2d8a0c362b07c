"""Numbers in LaTeX and HTML, and escaping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepkit.render.notation import clean, escape_html, escape_latex, number_html, number_latex, shortened

NUMBERS = [
    ("0", "0", "0"),
    ("-3/7", r"-\frac{3}{7}", "−3/7"),
    ("-13/62 + 5*sqrt(2)/31", r"-\frac{13}{62} + \frac{5 \sqrt{2}}{31}", "−13/62 + 5√2/31"),
    ("1 - theta**2/4", r"1 - \frac{\theta^{2}}{4}", "1 − θ<sup>2</sup>/4"),
    ("2 + sqrt(2 + sqrt(3))/2", r"2 + \frac{\sqrt{2 + \sqrt{3}}}{2}", "2 + √(2 + √3)/2"),
    ("(1 + sqrt(5))/(3 - sqrt(5))", r"\frac{1 + \sqrt{5}}{3 - \sqrt{5}}", "(1 + √5)/(3 − √5)"),
    ("1.2345678901...", r"1.2345678901\ldots", "1.2345678901…"),
]


@pytest.mark.parametrize(("text", "latex", "html"), NUMBERS)
def test_numbers(text: str, latex: str, html: str) -> None:
    assert number_latex(text) == latex
    assert number_html(text) == html


@given(st.text(max_size=60))
def test_any_text_is_harmless(text: str) -> None:
    for shown in (number_html(text), escape_html(text)):
        stripped = shown.replace("<sup>", "").replace("</sup>", "")
        assert "<" not in stripped and ">" not in stripped
    number_latex(text)
    escaped = escape_latex(text)
    assert escaped.replace(r"\{", "").replace(r"\}", "").count("{") == escaped.replace(r"\{", "").replace(
        r"\}", ""
    ).count("}")


def test_deep_nesting_is_passed_through() -> None:
    deep = "sqrt(" * 500 + "2" + ")" * 500
    assert number_html(deep) == deep


def test_clean_removes_what_a_terminal_obeys() -> None:
    assert "\x1b" not in clean("\x1b[31mred")
    assert "\u202e" not in clean("a\u202eb")
    assert clean("L-smooth, |x_0 - x_*|²") == "L-smooth, |x_0 - x_*|²"


def test_shortened() -> None:
    assert shortened("abc", 3) == "abc"
    assert len(shortened("a" * 100, 20)) == 20
    assert "…" in shortened("a" * 100, 20)
