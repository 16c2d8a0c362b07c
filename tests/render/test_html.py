"""HTML for notebooks and pages."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
import sample_certificates as samples

from pepkit.kernel import Certificate, check
from pepkit.render import certificate_html, page_html, result_html

ALLOWED = {
    *("html", "head", "meta", "title", "body", "div", "p", "b", "br", "span", "sub", "sup"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li"),
}
ATTRIBUTES = {"style", "class", "title", "lang", "charset", "name", "content"}


class Reader(HTMLParser):
    """Checks that tags are allowed and closed; collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert {name for name, _ in attrs} <= ATTRIBUTES
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> str:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader.text


@pytest.mark.parametrize("sample", samples.ALL)
def test_every_kind_of_certificate(sample: Callable[[], Certificate]) -> None:
    certificate = sample()
    text = read(page_html(certificate_html(certificate, check(certificate)), samples.HOSTILE))
    assert "Theorem." in text and "Multipliers" in text
    assert "\x1b" not in text and "\u202e" not in text


def test_result() -> None:
    page = result_html(samples.result_of(samples.quadratic_field()))
    text = read(page)
    assert "(−1/14 + √2/7) · L" in text
    assert "tight" in text and "sharp" in text
    assert "kernel, sympy" in text
    assert "Stages (0.75 s)" in text
    assert "mathjax_ignore" in page


def test_relaxed_result_says_so() -> None:
    text = read(result_html(samples.result_of(samples.radical_field(), sharp=False, excess=2.5e-7)))
    assert "relaxed" in text and "none proved" in text


def test_hostile_text_is_shown_as_text() -> None:
    page = result_html(samples.result_of(samples.listed()))
    assert "<script>" not in page
    assert "<script>alert('1')</script>" in read(page)


def test_certificate_that_is_not_proved() -> None:
    text = read(certificate_html(samples.rational(), None, "a <b>reason</b>"))
    assert "not proved" in text and "Theorem." not in text
