"""Every example of PEPit 0.5.1, solved by PEPit with Clarabel and certified by pepkit.

    python benchmarks/pepit_examples.py                      # all calls, table on stdout
    python benchmarks/pepit_examples.py --slice 2/4          # the second quarter
    python benchmarks/pepit_examples.py --only halpern --markdown docs/pepit-examples.md --csv out.csv

The calls are those of the examples themselves (the block under ``if __name__ == "__main__"``) and `BRANCHES`,
further parameters that reach other branches of their formulas. Numbers in the calls are handed over as exact
numbers; where an example computes with math.sqrt or divides integers, floats arise and the theorem is about
the numbers that they are. Both columns of time are wall seconds of the whole call in this run.
"""

from __future__ import annotations

import argparse
import ast
import csv
import importlib
import inspect
import math
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PEPit
from PEPit.wrappers import WRAPPERS

import pepkit
from pepkit.pepit import PepkitWrapper

EXAMPLES = Path(PEPit.__file__).parent / "examples"
SLOW = {
    "monotone_inclusions_variational_inequalities/optimistic_gradient_refined",
    "monotone_inclusions_variational_inequalities/optimistic_gradient_refined_cocoercive",
}
"""PEPit needs minutes for these; they are left out of both columns unless --slow is given."""

TALL = {"information_theoretic_exact_method"}
"""Recursions whose exact coefficients have thousands of digits; they get plain floats."""

EXACT_ROOTS = {"robust_momentum", "accelerated_gradient_method"}
"""The bound of these rests on an identity between square roots, which rounded roots break. Here ``sqrt`` of the module
is replaced by `pepkit.sqrt`, as a user would write ``from pepkit import sqrt``."""

BRANCHES: dict[str, list[str]] = {
    "adaptive_methods/polyak_steps_in_distance_to_optimum": ["L=1, mu=0.1, gamma=1"],
    "adaptive_methods/polyak_steps_in_function_value": ["L=1, mu=0.1, gamma=1"],
    "composite_convex_minimization/douglas_rachford_splitting_contraction": ["mu=0.1, L=1, alpha=1, theta=0.5, n=1"],
    "composite_convex_minimization/frank_wolfe": ["L=1, D=1, R=0.5, center=None, n=4"],
    "composite_convex_minimization/proximal_gradient": ["L=1, mu=0.1, gamma=1.8, n=2"],
    "fixed_point_problems/krasnoselskii_mann_constant_step_sizes": ["n=3, gamma=0.9", "n=4, gamma=0.5"],
    "monotone_inclusions_variational_inequalities/douglas_rachford_splitting_2": [
        "beta=0.5, mu=0.4, alpha=1, theta=1",
        "beta=0.8, mu=0.6, alpha=1, theta=1.1",
    ],
    "nonconvex_optimization/gradient_descent": ["L=1, gamma=0.5, n=4"],
    "nonconvex_optimization/gradient_descent_quadratic_lojasiewicz_naive": ["L=1, mu=0.2, gamma=0.5, n=1"],
    "potential_functions/accelerated_gradient_method": ["L=1, gamma=1, lam=0.9375"],
    "unconstrained_convex_minimization/gradient_descent": ["L=1, gamma=1.8, n=3"],
    "unconstrained_convex_minimization/gradient_descent_lc": [
        'mug=0.3, Lg=3, typeM="sym", muM=0.1, LM=1, gamma=0.3, n=2',
        'mug=0.3, Lg=3, typeM="skew", muM=0, LM=1, gamma=0.3, n=2',
    ],
    "unconstrained_convex_minimization/gradient_descent_quadratics": ["mu=0.3, L=3, gamma=0.6, n=2"],
    "unconstrained_convex_minimization/proximal_point": ["gamma=0.1, n=3"],
    "unconstrained_convex_minimization/subgradient_method": ["M=1, n=4, gamma=0.1"],
    "unconstrained_convex_minimization/inexact_accelerated_gradient": ["L=3, epsilon=0, n=5", "L=2, epsilon=0.01, n=5"],
}


@dataclass
class Row:
    """One call."""

    example: str
    call: str
    pepit: float | None = None
    theory: float | None = None
    rate: float | None = None
    exact: str = ""
    verdict: str = ""
    reason: str = ""
    order: int = 0
    hypotheses: int = 0
    pepit_seconds: float = 0.0
    pepkit_seconds: float = 0.0


class _Exact(ast.NodeTransformer):
    """Numbers in a call become exact numbers."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) in (int, float):
            text = ast.get_source_segment(self.source, node) or repr(node.value)
            return ast.copy_location(ast.parse(f"_exact({text!r})", mode="eval").body, node)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return node if node.arg in ("verbose", "n", "d") else self.generic_visit(node)

    source = ""


def calls(example: Path) -> list[str]:
    """Sources of the calls of an example: statements that end in ``_result = wc_...(...)``."""
    source = example.read_text()
    tree = ast.parse(source)
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.If):
            statements = [ast.get_source_segment(source, n) or "" for n in node.body]
            text = "\n".join(line for line in statements if line)
            found.append(text.replace("pepit_tau, theoretical_tau =", "_result ="))
    name = example.relative_to(EXAMPLES).with_suffix("").as_posix()
    function = found[0][found[0].index("wc_") :].split("(")[0]
    for branch in BRANCHES.get(name, []):
        found.append(f"_result = {function}({branch}, wrapper='cvxpy', solver=None, verbose=1)")
    return found


class _Wrapped(ast.NodeTransformer):
    """The back end and the verbosity of a call are replaced."""

    def __init__(self, wrapper: str, solver: str | None, accepted: set[str]) -> None:
        chosen = {"wrapper": wrapper, "solver": solver, "verbose": -1}
        self.chosen = {key: value for key, value in chosen.items() if key in accepted}

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id.startswith("wc_"):
            node.keywords = [k for k in node.keywords if k.arg not in ("wrapper", "solver", "verbose")]
            node.keywords += [ast.keyword(key, ast.Constant(value)) for key, value in self.chosen.items()]
        return node


def execute(module: Any, source: str, wrapper: str, solver: str | None, exact: bool) -> Any:
    """The pair (worst case, theory) that the example returns."""
    tree = ast.parse(source)
    if exact and module.__name__.rpartition(".")[2] not in TALL:
        transformer = _Exact()
        transformer.source = source
        tree = transformer.visit(tree)
    function = next(value for key, value in vars(module).items() if key.startswith("wc_"))
    accepted = set(inspect.signature(function).parameters)
    tree = ast.fix_missing_locations(_Wrapped(wrapper, solver, accepted).visit(tree))
    names = {**module.__dict__, "_exact": pepkit.exact}
    roots = exact and module.__name__.rpartition(".")[2] in EXACT_ROOTS
    rounded = getattr(module, "sqrt", None)
    if roots:
        module.sqrt = pepkit.sqrt
    try:
        exec(compile(tree, "call", "exec"), names)  # noqa: S102 (calls of the examples themselves)
    finally:
        if roots:
            module.sqrt = rounded
    return names["_result"]


def short(source: str) -> str:
    """The parameters of a call, for the table."""
    last = source[source.index("wc_") :]
    inside = last[last.index("(") + 1 :]
    inside = " ".join(inside.replace("\n", " ").split())
    return inside.split(", wrapper")[0].split(", verbose")[0]


def run(example: Path, source: str, timeout: int) -> Row:
    name = example.relative_to(EXAMPLES).with_suffix("").as_posix()
    module = importlib.import_module("PEPit.examples." + name.replace("/", "."))
    row = Row(name, short(source))
    made: list[PepkitWrapper] = []

    def wrapper(verbose: int = 1) -> PepkitWrapper:
        made.append(PepkitWrapper(verbose))
        return made[-1]

    original = WRAPPERS["cvxpy"]
    signal.alarm(timeout)
    try:
        started = time.perf_counter()
        row.pepit, row.theory = execute(module, source, "cvxpy", "CLARABEL", False)
    except (Exception, TimeoutError) as error:
        row.reason = f"PEPit with Clarabel: {type(error).__name__}"
    finally:
        row.pepit_seconds = time.perf_counter() - started
        signal.alarm(0)
    # a few examples have no argument for the back end and always use the default one
    WRAPPERS["pepkit"] = WRAPPERS["cvxpy"] = wrapper
    signal.alarm(timeout)
    try:
        started = time.perf_counter()
        execute(module, source, "pepkit", None, True)
        result = made[-1].result
        if result is None:
            row.verdict, row.reason = "none", "unbounded or contradictory"
        else:
            claim = result.certificate.claim
            row.rate = float(claim.field.scaled_enclosure(claim.rate, 80)[1]) / 2**80
            text = claim.field.text(claim.rate)
            row.verdict = "tight" if result.tight else "sharp" if result.sharp else "relaxed"
            row.exact = text if row.verdict != "relaxed" else ""
            row.order = len(claim.vectors)
            row.hypotheses = len(result.problem.sources)
            row.reason = row.reason or ("" if result.excess <= 1e-6 else f"excess {result.excess:.1e}")
            if any("plain float" in note for note in result.notes):
                row.reason = (row.reason + " floats").strip()
            if result.recognised is not None:
                row.reason = (row.reason + " typed").strip()
    except (Exception, TimeoutError) as error:
        row.verdict, row.reason = "none", f"{type(error).__name__}: {error}"[:300]
    finally:
        row.pepkit_seconds = time.perf_counter() - started
        WRAPPERS["cvxpy"] = original
        signal.alarm(0)
    return row


def markdown(rows: list[Row]) -> str:
    """The table of the documentation."""
    lines = ["| example | call | PEPit | certified rate | verdict | note |", "|---|---|---|---|---|---|"]
    for row in rows:
        pepit = "" if row.pepit is None else f"{row.pepit:.9g}"
        rate = row.exact if row.exact and len(row.exact) < 30 else "" if row.rate is None else f"{row.rate:.9g}"
        lines.append(f"| {row.example} | `{row.call}` | {pepit} | {rate} | {row.verdict} | {row.reason} |")
    return "\n".join(lines)


def summary(rows: list[Row]) -> str:
    counts = {v: sum(row.verdict == v for row in rows) for v in ("tight", "sharp", "relaxed", "none")}
    pepit, own = sum(r.pepit_seconds for r in rows), sum(r.pepkit_seconds for r in rows)
    far = [
        r.example
        for r in rows
        if r.rate is not None and r.pepit is not None and abs(r.rate - r.pepit) > max(1e-6 * abs(r.pepit), 1e-7)
    ]
    return (
        f"{len(rows)} calls: {counts}; PEPit {pepit:.1f} s, pepkit {own:.1f} s, ratio {own / max(pepit, 1e-9):.2f}; "
        f"further than 1e-6 from PEPit: {len(far)} {far}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of the name of an example")
    parser.add_argument("--slice", default="1/1", help="k/n: the k-th of n parts")
    parser.add_argument("--slow", action="store_true", help="include PEPit's two slow examples")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one call")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()

    def alarm(*_: Any) -> None:
        raise TimeoutError("time limit")

    signal.signal(signal.SIGALRM, alarm)
    part, parts = map(int, options.slice.split("/"))
    paths = [p for p in sorted(EXAMPLES.glob("*/*.py")) if p.name != "__init__.py"]
    chosen = [
        (path, source)
        for path in paths
        if options.only in path.as_posix()
        and (options.slow or path.relative_to(EXAMPLES).with_suffix("").as_posix() not in SLOW)
        for source in calls(path)
    ]
    size = math.ceil(len(chosen) / parts)
    rows = []
    for path, source in chosen[(part - 1) * size : part * size]:
        row = run(path, source, options.timeout)
        rows.append(row)
        print(
            f"{row.verdict:8} {row.example}({row.call}) PEPit {row.pepit} certified {row.rate} {row.exact[:30]} "
            f"{row.pepit_seconds:.2f}/{row.pepkit_seconds:.2f} s {row.reason}",
            flush=True,
        )
    print(summary(rows))
    if options.markdown:
        options.markdown.write_text(markdown(rows) + "\n")
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(list(Row.__dataclass_fields__))
            writer.writerows([getattr(row, name) for name in Row.__dataclass_fields__] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
