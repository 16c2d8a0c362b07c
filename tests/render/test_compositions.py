"""Theorems about compositions in words, LaTeX and HTML."""

import pepkit
from pepkit.render.latex import theorem_latex
from pepkit.render.text import claim_brief
from pepkit.schedules import composition, tree


def test_everywhere_the_statement_is_said_in_full():
    result = pepkit.certify_composition(composition("obs-f", 1000))
    latex = theorem_latex(result.theorem)
    assert "with the $1000$ steps of the composition of" in latex and "L$-smooth convex function" in latex
    assert "measure" not in latex and "measure" not in result._repr_latex_()
    page = result._repr_html_()
    assert "L-smooth convex" in page and "normaliser" not in page
    assert "composition of 33 joins, N = 1000" in claim_brief(result.theorem.claim)
    assert "relative excess" in str(result) and "over the proved lower bound" in str(result)


def test_small_trees_are_written_out():
    result = pepkit.certify_composition(tree("close(s(., .))"), mu="1/10", form="composition")
    assert "composition close(s(., .))" in theorem_latex(result.theorem)
    assert "mu-strongly convex" in str(result.theorem)
