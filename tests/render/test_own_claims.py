"""Claims about quadratics, random steps, proximal methods and trees, in words and in LaTeX."""

import pytest

from pepkit.kernel import ScheduleProperty, check
from pepkit.kernel.composition_properties import CompositionPropertyClaim, TreeProof
from pepkit.proximal import certify_proximal
from pepkit.quadratics import certify_arcsine, certify_quadratic
from pepkit.render.latex import theorem_latex
from pepkit.render.text import claim_brief
from pepkit.schedules import chebyshev, silver, tree


def theorems():
    tree_claim = CompositionPropertyClaim(tree("s(., .)").instructions, ScheduleProperty.PRIMITIVE)
    return [
        (certify_quadratic(chebyshev(2, "1/10"), "1/10").theorem, r"no other steps contract", "quadratics"),
        (certify_quadratic([1], "1/2").theorem, r"\|x_{1} - x_\star\| \le", "quadratics"),
        (certify_arcsine("1/9").theorem, r"\mathbb{E} \log", "arcsine"),
        (certify_proximal(silver(1)).theorem, r"\mathrm{prox}_{\lambda f}", "proximal point"),
        (certify_proximal([1], "proximal-gradient").theorem, r"F(x_{1})", "proximal gradient"),
        (check(TreeProof(tree_claim)), "is primitive", "primitive"),
    ]


def test_theorems_in_latex_and_on_one_line():
    for theorem, latex, brief in theorems():
        text = theorem_latex(theorem)
        assert latex in text and text.startswith(r"\begin{theorem}")
        assert text.count("{") == text.count("}")
        assert brief in claim_brief(theorem.claim)
        assert str(theorem).startswith("Theorem.")


@pytest.mark.parametrize("method", ["relaxed-proximal-point", "proximal-gradient"])
def test_notebooks(method):
    result = certify_proximal([1], method)
    assert "Theorem" in result._repr_html_()
    assert r"x_\star" in result._repr_latex_()
