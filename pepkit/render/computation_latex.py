"""LaTeX for proofs of other shapes than a multiplier identity: compositions, networks, schedules, collisions."""

from __future__ import annotations

from pepkit.kernel import CompositionClaim, CompositionProof, Theorem, digest
from pepkit.kernel.certificate import Proof
from pepkit.kernel.joins import EMPTY
from pepkit.render.claims_latex import schedule_theorem
from pepkit.render.latex import theorem_latex
from pepkit.render.notation import escape_latex

__all__ = ["computation_latex"]

SHOWN_JOINS = 60

_RULES = {
    "s": "the s-join of {0} and {1}",
    "f": "the f-join of {0} and {1}",
    "g": "the g-join of {0} and {1}",
    "close": "{0}, closed by one step",
    "then": "{0}, followed by {1}",
}


def computation_latex(proof: Proof, theorem: Theorem) -> str:
    """The theorem and its proof as amsthm environments: the rules that are applied, and what was computed exactly."""
    claim = theorem.claim
    if isinstance(claim, CompositionClaim) or schedule_theorem(claim) is not None:
        statement = theorem_latex(theorem)
    else:
        words = str(theorem).removeprefix("Theorem.").strip()
        statement = "\n".join([r"\begin{theorem}", escape_latex(words), r"\end{theorem}"])
    lines = [statement, "", r"\begin{proof}"]
    if isinstance(proof, CompositionProof):
        lines += _joins(proof)
    lines += [
        rf"The certificate \texttt{{{digest(proof)[:16]}}} was checked in exact arithmetic:",
        r"\begin{itemize}",
        *(rf"\item {escape_latex(check)};" for check in theorem.checks),
        r"\end{itemize}",
        r"\end{proof}",
    ]
    return "\n".join(lines)


def _joins(proof: CompositionProof) -> list[str]:
    """What the schedule is joined from. Every join keeps what is proved about its parts, by an identity of its own."""
    instructions = proof.claim.instructions
    lines = [
        r"Write $P_k$ for the schedules below and $\emptyset$ for the one without steps. Each rule gives, from what is "
        "proved about the parts, the same for the join, and the step between them.",
        r"\begin{itemize}",
    ]
    for position, (kind, *operands) in enumerate(instructions[:SHOWN_JOINS]):
        names = [r"$\emptyset$" if operand == EMPTY else f"$P_{{{operand}}}$" for operand in operands]
        lines.append(rf"\item $P_{{{position}}}$ is {_RULES[kind].format(*names)};")
    if len(instructions) > SHOWN_JOINS:
        lines.append(rf"\item and so on, up to $P_{{{len(instructions) - 1}}}$, as the certificate lists them;")
    lines += [r"\end{itemize}", rf"The schedule is $P_{{{len(instructions) - 1}}}$. Its weight gives the rate."]
    return lines
