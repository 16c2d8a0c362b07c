"""Text, tables, the residual and the worst case in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sample_certificates as samples
from flint import fmpq

from pepkit.kernel import Certificate, check
from pepkit.render import (
    claim_brief,
    multiplier_table,
    provenance_table,
    residual_summary,
    result_text,
    witness_table,
    witness_words,
)


@pytest.mark.parametrize("sample", samples.ALL)
def test_result_text(sample: Callable[[], Certificate]) -> None:
    result = samples.result_of(sample())
    text = result_text(result)
    assert text.startswith("Theorem.")
    assert "multipliers have the right sign" in text
    assert "kernel, sympy" in text
    assert "\x1b" not in text and "\u202e" not in text


def test_generator_is_explained() -> None:
    assert "theta is the root of x**3 - 2 near 1.25992" in result_text(samples.result_of(samples.cubic_field()))


def test_steps_in_decimals_where_exact_ones_are_hard_to_read() -> None:
    assert "1.259921 in decimals" in result_text(samples.result_of(samples.cubic_field()))
    assert "in decimals\n" not in result_text(samples.result_of(samples.quadratic_field()))


def test_lower_bound_in_words() -> None:
    assert "tight: the Huber function" in result_text(samples.result_of(samples.rational()))
    assert "none proved" in result_text(samples.result_of(samples.radical_field()))


@pytest.mark.parametrize(
    ("sample", "rank", "size"),
    [
        (samples.rational, 4, 5),
        (samples.quadratic_field, 2, 3),
        (samples.cubic_field, 2, 3),
        (samples.strongly_convex, 1, 3),
        (samples.hypoconvex, 0, 2),
        (samples.listed, 0, 0),
    ],
)
def test_rank_of_the_residual(sample: Callable[[], Certificate], rank: int, size: int) -> None:
    summary = residual_summary(sample())
    assert summary.size == size
    assert summary.rank_low == rank
    # without kernel vectors in the certificate the upper bound may stay open
    assert summary.rank_high >= rank


def test_rank_is_exact_where_the_kernel_is_listed() -> None:
    assert "rank 4, kernel of dimension 1" in str(residual_summary(samples.rational()))


def test_rank_of_a_radical_field_stays_open() -> None:
    assert "rank between 0 and 3" in str(residual_summary(samples.radical_field()))


def test_worst_cases_are_recognised() -> None:
    rational, convex = samples.rational(), samples.strongly_convex()
    assert "|x - x_*| = 1/7" in witness_words(rational.claim, rational.witness)
    assert "quadratic f(x) = 1/4 |x - x_*|^2" in witness_words(convex.claim, convex.witness)


def test_other_worst_cases_are_not_named() -> None:
    certificate = samples.rational()
    scalars = (certificate.witness.scalars[0] + fmpq(1, 1000), *certificate.witness.scalars[1:])
    words = witness_words(certificate.claim, replace(certificate.witness, scalars=scalars))
    assert "Huber" not in words and "quadratic" not in words


def test_multiplier_table() -> None:
    table = multiplier_table(samples.rational(), 2)
    assert table.rows[0] == ("interpolation inequality (x_0, x_1)", "1/6", "0.1666666667")
    assert len(table.rows) == 2 and table.omitted == 5


def test_witness_table() -> None:
    table = witness_table(samples.rational())
    assert ("g_0", "(1/7)", "(0.1428571429)") in table.rows
    assert witness_table(samples.radical_field()) is None


def test_provenance_is_flattened_and_cleaned() -> None:
    rows = provenance_table(samples.listed()).rows
    assert len(rows) == 1
    assert "\x1b" not in "".join(rows[0])


def test_brief() -> None:
    brief = claim_brief(samples.rational().claim)
    assert brief == "L-smooth convex, gradient descent, N = 3: f(x_3) - f(x_*) <= 1/14 * L * |x_0 - x_*|^2"
    assert "\x1b" not in claim_brief(samples.listed().claim)


def test_files_are_proved() -> None:
    for sample in samples.ALL:
        check(sample())
