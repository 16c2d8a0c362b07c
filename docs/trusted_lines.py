"""Counts the lines that each checker asks one to trust, and writes the table into docs/trust.md.

    python docs/trusted_lines.py            print the table
    python docs/trusted_lines.py --write    put it into docs/trust.md

A line counts if it has code: no blank lines, comments or docstrings.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- trusted lines: begin -->", "<!-- trusted lines: end -->"


def python_lines(path: Path) -> int:
    """Lines of a Python file with code."""
    return code_lines(path.read_text(encoding="utf-8"))


def parts(path: Path) -> list[tuple[str, int]]:
    """(heading, lines with code) of a file that double lines divide; the first part has no heading."""
    pieces = re.split(r"^# ={20,} *", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [
        ("", code_lines(pieces[0])),
        *((piece.partition("\n")[0], code_lines("# " + piece)) for piece in pieces[1:]),
    ]


def code_lines(source: str) -> int:
    """Lines of Python with code."""
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            first = node.body[0]
            documentation.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - documentation)


def coq_lines(path: Path) -> int:
    """Lines of a Coq file that are neither blank nor comment."""
    text = re.sub(r"\(\*.*?\*\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return sum(bool(line.strip()) for line in text.splitlines())


COMPOSITIONS = {
    "Composition": {"schedule", "positive_root", "empty", "s_join", "s_as_f", "f_join", "g_join"},
    "StronglyConvexComposition": {
        *("cubic", "cubic_root", "m_empty", "m_s_join", "m_close", "m_then", "m_f_join", "m_g_join"),
    },
    "StronglyConvexJoins": {"joining_step", "factor"},
}
"""What the statement about a composition names, besides the words of every statement."""
NETWORKS = {"Network": {"layer", "dot", "affine", "activation", "activate", "network", "squared_distance", "distance"}}
MATRICES = {"MatrixHypotheses": {"row_value", "quadratic_value", "semidefinite_matrix"}}


def named_lines(theory: Path, names: dict[str, set[str]]) -> int:
    """Lines of the named definitions."""
    return sum(definition_lines([theory / f"{file}.v"], wanted) for file, wanted in names.items())


def definition_lines(paths: list[Path], wanted: set[str] | None = None) -> int:
    """Lines of definitions in Coq files: what the statement of a theorem means. Proofs and lemmas need no trust."""
    total = 0
    found = set()
    for path in paths:
        text = re.sub(r"\(\*.*?\*\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        sentence = r"^(Definition|Fixpoint|Record|Notation|Coercion)\b.*?\.(?=\s)"
        for match in re.finditer(sentence, text, re.DOTALL | re.MULTILINE):
            name = re.split(r"[\s:(]+", match[0])[1]
            if wanted is None or name in wanted:
                found.add(name)
                total += sum(bool(line.strip()) for line in match[0].splitlines())
    if wanted is not None and found != wanted:
        raise SystemExit(f"definitions not found: {', '.join(sorted(wanted - found))}")
    return total


def rows() -> list[tuple[str, str, int]]:
    """(checker, what of it is trusted, lines)."""
    kernel = sorted((ROOT / "pepkit" / "kernel").glob("*.py"))
    result = [
        ("kernel", "`pepkit/kernel`, all of it", sum(map(python_lines, kernel))),
    ]
    for heading, count in parts(ROOT / "checker" / "pepcheck.py"):
        what = f"for {heading.split(' (')[0]}, besides the core" if heading else "`checker/pepcheck.py`, the core"
        result.append(("pepcheck", what, count))
    verification = sorted((ROOT / "pepkit" / "verification").glob("*.py"))
    result.append(("SymPy check", "`pepkit/verification`, all of it", sum(map(python_lines, verification))))
    theory = ROOT / "proofs" / "theory"
    if theory.is_dir():
        meaning = [path for name in ("Space", "Classes", "Methods") if (path := theory / f"{name}.v").is_file()]
        result.append(("Coq", "the definitions behind a statement", definition_lines(meaning)))
        result += [
            ("Coq", "besides them, for compositions", named_lines(theory, COMPOSITIONS)),
            ("Coq", "besides them, for matrices among listed hypotheses", named_lines(theory, MATRICES)),
            ("Coq", "for Lipschitz constants of networks, nothing else", named_lines(theory, NETWORKS)),
        ]
        everything = sum(map(coq_lines, sorted(theory.glob("*.v"))))
        result.append(("Coq", "(the whole theory, which Coq checks and nobody has to read)", everything))
    return result


def table() -> str:
    """The table as Markdown."""
    lines = ["| checker | trusted part | lines of code |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {checker} | {part} | {count} |" for checker, part, count in rows())])


def main() -> None:
    """Print the table, or write it."""
    if "--write" not in sys.argv[1:]:
        print(table())
        return
    page = ROOT / "docs" / "trust.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
