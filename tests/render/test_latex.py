"""LaTeX that could be compiled: balanced, escaped, and saying the theorem."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sample_certificates as samples

from pepkit.kernel import Certificate, check
from pepkit.render import certificate_latex, proof_latex, result_latex, theorem_latex


def assert_balanced(text: str) -> None:
    stack: list[str] = []
    pattern = r"\\begin\{([a-z*]+)\}|\\end\{([a-z*]+)\}|\\left\(|\\right\)|\\[{}\\$]|\\\[|\\\]|[{}]"
    for match in re.finditer(pattern, text):
        token = match.group(0)
        if match.group(1):
            stack.append(match.group(1))
        elif match.group(2):
            assert stack.pop() == match.group(2)
        elif token in ("{", r"\left(", r"\["):
            stack.append({"{": "}", r"\left(": r"\right)", r"\[": r"\]"}[token])
        elif token in ("}", r"\right)", r"\]"):
            assert stack.pop() == token
    assert not stack
    assert re.sub(r"\\\$", "", text).count("$") % 2 == 0


@pytest.mark.parametrize("sample", samples.ALL)
def test_every_kind_of_certificate_is_balanced(sample: Callable[[], Certificate]) -> None:
    certificate = sample()
    text = certificate_latex(certificate, check(certificate))
    assert_balanced(text)
    assert r"\begin{theorem}" in text and r"\begin{proof}" in text
    assert text.isascii()
    assert r"\input" not in text and "<script>" not in text


def test_theorem_says_everything() -> None:
    certificate = samples.quadratic_field()
    text = theorem_latex(check(certificate))
    assert "$L$-smooth convex function on a real inner-product space" in text
    assert r"h_i = \sqrt{2}" in text
    assert r"f(x_{1}) - f(x_\star) \le" in text
    assert r"\left(-\frac{1}{14} + \frac{\sqrt{2}}{7}\right)" in text
    assert "cannot be improved" in text


def test_generator_of_a_field_is_defined() -> None:
    text = theorem_latex(check(samples.cubic_field()))
    assert r"\theta = 1.2599210" in text
    assert "t^{3} - 2" in text


def test_strongly_convex_theorem() -> None:
    text = theorem_latex(check(samples.strongly_convex()))
    assert r"$3$-smooth and $\mu$-strongly convex" in text
    assert r"\mu = \frac{1}{2} \cdot 3" in text
    assert r"\|x_{1} - x_\star\|^2 \le \frac{1}{4}" in text


def test_proof_shows_multipliers_and_residual() -> None:
    text = proof_latex(samples.rational())
    assert r"\lambda[Q_{0,1}] &= \frac{1}{6}" in text
    assert r"\lambda[Q_{\star,3}] &= \frac{1}{4}" in text
    assert r"S = \begin{pmatrix} \frac{1}{14} &" in text
    assert "has rank 4" in text
    assert "Huber function" in text


def test_proof_without_minimiser() -> None:
    text = proof_latex(samples.hypoconvex())
    assert r"\lambda[P_{0}] &= 2" in text
    assert r"\lambda[T_{0}] &= 1" in text
    assert r"f_\star = \inf f" in text
    assert "Here $S = 0$." in text


def test_result_is_one_formula() -> None:
    text = result_latex(samples.result_of(samples.rational()))
    assert text.startswith("$") and text.endswith("$") and text.count("$") == 2
    assert r"\frac{1}{14}" in text and "tight" in text
    assert_balanced(text)
