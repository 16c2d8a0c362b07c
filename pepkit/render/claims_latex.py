"""Theorems about schedules themselves, quadratics, random steps and proximal methods, in LaTeX."""

from __future__ import annotations

from typing import Any

from pepkit.kernel import Claim, Field, ScheduleProperty, SchedulePropertyClaim, StraightforwardClaim
from pepkit.kernel.arcsine import ArcsineClaim
from pepkit.kernel.composition_properties import CompositionPropertyClaim
from pepkit.kernel.proximal import ProximalClaim, ProximalMethod
from pepkit.kernel.quadratics import QuadraticClaim
from pepkit.kernel.words import decimal_text
from pepkit.render.notation import number_latex

__all__ = ["own_formula", "schedule_theorem"]

_INEQUALITIES = {
    ScheduleProperty.PRIMITIVE: (
        r"\sum_{i<n} h_i \bigl(f(x_i) - f(x_n)\bigr) - \frac{1}{2L} \sum_{i<n} h_i (h_i - 1) \|\nabla f(x_i)\|^2 "
        r"- \frac{H (H+1)}{2L} \|\nabla f(x_n)\|^2 \ge 0"
    ),
    ScheduleProperty.DOMINANT: r"f(x_n) - f(x_\star) \le \frac{L}{2(2H+1)} \|x_0 - x_\star\|^2",
    ScheduleProperty.G_BOUNDED: r"\|\nabla f(x_n)\|^2 \le \frac{2L}{2H+1} \bigl(f(x_0) - f(x_\star)\bigr)",
}
_STEPS = 31
_NUMBER = 60


def schedule_theorem(claim: Claim) -> str | None:
    """The theorem environment of a claim about a schedule; None for other claims."""
    if isinstance(claim, SchedulePropertyClaim):
        body = _property(claim)
    elif isinstance(claim, StraightforwardClaim):
        body = _pattern(claim)
    elif isinstance(claim, QuadraticClaim):
        body = _quadratic(claim)
    elif isinstance(claim, ArcsineClaim):
        body = _arcsine(claim)
    elif isinstance(claim, ProximalClaim):
        body = _proximal(claim)
    elif isinstance(claim, CompositionPropertyClaim):
        body = [
            rf"The stepsize schedule of ${claim.program.steps}$ steps that ${len(claim.instructions)}$ joins compose "
            rf"is {claim.name.value} for $L$-smooth convex functions."
        ]
    else:
        return None
    return "\n".join([r"\begin{theorem}", *body, r"\end{theorem}"])


def _property(claim: SchedulePropertyClaim) -> list[str]:
    inequality = claim.name.inequality
    minimiser = "" if inequality is ScheduleProperty.PRIMITIVE else r", with a minimiser $x_\star$"
    lines = [
        rf"The schedule $h = {_steps(claim.field, claim.steps)}$ with $n = {len(claim.steps)}$ steps and the sum "
        rf"$H = {_number(claim.field, claim.total)}$ is {claim.name.value}: for every $L$-smooth convex $f$ on a real "
        rf"inner-product space{minimiser}, the points $x_{{i+1}} = x_i - \frac{{h_i}}{{L}} \nabla f(x_i)$ satisfy",
        rf"\[ {_INEQUALITIES[inequality]}. \]",
    ]
    if claim.name is ScheduleProperty.S_COMPOSABLE:
        lines.append(r"Moreover $\prod_{i<n} (h_i - 1) = 1/(1 + H)$.")
    elif claim.name.composable:
        lines.append(r"Moreover $\prod_{i<n} (h_i - 1)^2 = 1/(1 + 2H)$.")
    return lines


def own_formula(claim: Claim) -> str | None:
    """The inequality of a claim about quadratics, random steps or a proximal method; None for other claims."""
    if isinstance(claim, QuadraticClaim):
        count = len(claim.steps)
        rate = _number(claim.field, claim.rate)
        return rf"\|x_{{{count}}} - x_\star\| \le \left({rate}\right) \|x_0 - x_\star\|"
    if isinstance(claim, ArcsineClaim):
        return rf"\mathbb{{E}} \log |1 - h t/L| = \log\left({_number(claim.field, claim.rate)}\right)"
    if isinstance(claim, ProximalClaim):
        rate = _number(claim.field, claim.rate)
        if claim.method_name is ProximalMethod.GRADIENT:
            return rf"F(x_{{{claim.steps}}}) - F(x_\star) \le \left({rate}\right) L \|x_0 - x_\star\|^2"
        return (
            rf"f(\mathrm{{prox}}_{{\lambda f}}(x_{{{claim.steps}}})) - f(x_\star) \le \left({rate}\right) "
            r"\frac{\|x_0 - x_\star\|^2}{\lambda}"
        )
    return None


def _quadratic(claim: QuadraticClaim) -> list[str]:
    lines = [
        rf"Let $f$ be a quadratic on a real inner-product space with a minimiser $x_\star$ and curvatures in "
        rf"$[\mu, L]$, $\mu = {_number(claim.field, claim.mu_over_L, product=True)}\,L$. Gradient descent "
        rf"$x_{{i+1}} = x_i - \frac{{h_i}}{{L}} \nabla f(x_i)$ with $h = {_steps(claim.field, claim.steps)}$ satisfies",
        rf"\[ {own_formula(claim)}. \]",
    ]
    if claim.extremal:
        lines.append(
            rf"Every polynomial $p$ of degree at most ${len(claim.steps)}$ with $p(0) = 1$ takes at least this "
            r"absolute value on $[\mu/L, 1]$, so no other steps contract all these quadratics faster."
        )
    return lines


def _arcsine(claim: ArcsineClaim) -> list[str]:
    return [
        rf"Let $\mu = {_number(claim.field, claim.mu_over_L, product=True)}\,L$, $U$ uniform on $[0, 1]$ and "
        r"$\frac{1}{h} = \frac{L + \mu}{2L} + \frac{L - \mu}{2L} \cos(\pi U)$. For every $t \in [\mu, L]$",
        rf"\[ {own_formula(claim)}. \]",
    ]


def _proximal(claim: ProximalClaim) -> list[str]:
    steps = _steps(claim.field, claim.step_sizes)
    if claim.method_name is ProximalMethod.GRADIENT:
        setting = (
            r"Let $f$ be $L$-smooth convex and $r$ closed, proper and convex on a real Hilbert space, $F = f + r$ with "
            r"a minimiser $x_\star$. Then $x_{i+1} = \mathrm{prox}_{(h_i/L) r}"
            rf"\bigl(x_i - \frac{{h_i}}{{L}} \nabla f(x_i)\bigr)$ with $h = {steps}$ satisfies"
        )
    else:
        setting = (
            r"Let $f$ be closed, proper and convex on a real Hilbert space with a minimiser $x_\star$ and "
            r"$\lambda > 0$. Then $x_{i+1} = x_i - h_i \bigl(x_i - \mathrm{prox}_{\lambda f}(x_i)\bigr)$ "
            rf"with $h = {steps}$ satisfies"
        )
    return [setting, rf"\[ {own_formula(claim)}. \]"]


def _pattern(claim: StraightforwardClaim) -> list[str]:
    count, total = len(claim.steps), _number(claim.field, claim.total)
    factor, rate = (_number(claim.field, value, product=True) for value in (claim.total, claim.rate))
    threshold = _number(claim.field, claim.threshold)
    return [
        rf"The stepsize pattern $h = {_steps(claim.field, claim.steps)}$ of length ${count}$ and sum ${total}$ is "
        rf"straightforward with threshold ${threshold}$: for every $\delta \in [0, {threshold}]$, every $R > 0$ and "
        r"every $L$-smooth convex $f$ on a real inner-product space with a minimiser $x_\star$,",
        rf"\[ f(x_0) - f(x_\star) \le \delta L R^2, \ \|x_0 - x_\star\| \le R \quad\Longrightarrow\quad "
        rf"f(x_{{{count}}}) - f(x_\star) \le \bigl(\delta - {factor}\,\delta^2\bigr) L R^2. \]",
        rf"The repeated pattern satisfies $f(x_T) - f(x_\star) \le {rate}\, L R^2/T + O(1/T^2)$ for $T$ a multiple of "
        rf"${count}$, where $R$ is the largest distance to $x_\star$ of a point $x$ with $f(x) \le f(x_0)$.",
    ]


def _steps(field: Field, steps: tuple[Any, ...]) -> str:
    shown = ", ".join(_number(field, h) for h in steps[:_STEPS])
    return rf"({shown}, \ldots)" if len(steps) > _STEPS else f"({shown})"


def _number(field: Field, value: Any, product: bool = False) -> str:
    """An exact number; in parentheses if it is a sum and a factor of a product."""
    text = field.text(value)
    if len(text) > _NUMBER:
        return rf"{decimal_text(field, value, 12)}\ldots"
    return rf"\left({number_latex(text)}\right)" if product and " " in text else number_latex(text)
