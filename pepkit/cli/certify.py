"""``pepkit certify``: find, prove and save a certificate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from pepkit.cli import certify_every_schedule, certify_pepit, certify_proximal, certify_quadratics, options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, number_data, print_json
from pepkit.cli.plans import Plan, find_plan
from pepkit.cli.plans import unknown as _unknown
from pepkit.cli.progress import StageDisplay
from pepkit.cli.saving import free_path, refuse_foreign_file, slug
from pepkit.kernel import CertificateError, ClaimError, MethodClaim, PepkitError, claim_digest, digest

__all__ = ["commands"]

MAX_MATRIX_BYTES = 8 << 20

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Find, prove and save a certificate for a worst-case rate.",
    epilog=EPILOG,
)


certify_pepit.register(commands)
certify_proximal.register(commands)
certify_quadratics.register(commands)
certify_every_schedule.register(commands)


@dataclass(frozen=True)
class _Search:
    """How to look for a certificate and where to put it."""

    sharp: bool
    relaxed: str | None
    solver: str
    family: str
    witness: bool
    sympy: bool | None
    output: Path | None
    force: bool
    as_json: bool

    def __post_init__(self) -> None:
        if self.sharp and self.relaxed is not None:
            raise typer.BadParameter("--sharp and --relaxed exclude each other", param_hint="'--sharp'")

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of `pepkit.certify`."""
        chosen: dict[str, Any] = {
            "mode": "sharp" if self.sharp else "auto" if self.relaxed is None else "relaxed",
            "solver": self.solver,
            "family": self.family,
            "witness": self.witness,
            "sympy": "auto" if self.sympy is None else self.sympy,
        }
        if self.relaxed is not None:
            chosen["tolerance"] = self.relaxed
        return chosen


@commands.command("gradient-descent", epilog=EPILOG)
def gradient_descent(
    schedule: Annotated[
        str,
        typer.Option(
            help="Name of a schedule, 'tree EXPR' such as 'tree s(., .)', or a file: a JSON list of numbers, or one "
            "number on each line.",
            metavar="NAME|FILE",
            autocompletion=options.complete_schedule,
            rich_help_panel="Statement",
        ),
    ] = "constant",
    steps: Annotated[
        int | None, typer.Option(help="Number of steps N.", min=1, metavar="N", rich_help_panel="Statement")
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            help="The step h of the constant schedule.", show_default="1", metavar="H", rich_help_panel="Statement"
        ),
    ] = None,
    smoothness: options.Smoothness = "L",
    mu: options.StrongConvexity = "0",
    measure: options.Measure = None,
    initial: options.Initial = "distance",
    sharp: options.Sharp = False,
    relaxed: options.Relaxed = None,
    solver: options.Solver = "auto",
    family: options.Family = "auto",
    form: options.Form = None,
    witness: options.Witness = True,
    sympy: options.Sympy = None,
    output: options.Output = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    """Gradient descent x_(i+1) = x_i - (h_i/L) grad f(x_i) with a stepsize schedule."""
    search = _Search(sharp, relaxed, solver, family, witness, sympy, output, force, as_json)
    with json_errors(as_json):
        from pepkit.algebra import exact
        from pepkit.pep import gradient_descent as gradient_descent_claim
        from pepkit.pep.claims import curvature_ratio

        constant = None if smoothness.strip() == "L" else exact(smoothness)
        plan = find_plan(schedule, steps, step, curvature_ratio(mu, constant))
        found = _closed_form(plan, constant, measure, initial, form, search)
        if found is not None:
            words = [plan.name] if step is None else [plan.name, step]
            name = _file_name(words, found.theorem.claim, mu, smoothness, measure, initial)
            _deliver(found, name, search)
            return
        chosen = plan.schedule()
        if plan.name == "growing" and measure is None and initial == "distance":
            measure, initial = "smallest-gradient-norm", "function-value"
        claim = gradient_descent_claim(
            chosen, L=smoothness, mu=mu, measure=measure or "function-value", initial=initial
        )
        words = [chosen.name] if step is None else [chosen.name, step]
        _certify(claim, _file_name(words, claim, mu, smoothness, measure, initial), search)


@commands.command("method", epilog=EPILOG)
def named_method(
    name: Annotated[
        str,
        typer.Argument(help="Name of a method, such as optimized-gradient.", autocompletion=options.complete_method),
    ],
    steps: Annotated[int, typer.Option(help="Number of steps N.", min=1, metavar="N", rich_help_panel="Statement")],
    smoothness: options.Smoothness = "L",
    mu: options.StrongConvexity = "0",
    measure: options.Measure = None,
    initial: options.Initial = "distance",
    sharp: options.Sharp = False,
    relaxed: options.Relaxed = None,
    solver: options.Solver = "auto",
    family: options.Family = "auto",
    form: options.Form = None,
    witness: options.Witness = True,
    sympy: options.Sympy = None,
    output: options.Output = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    """A first-order method known by name; its usual measure is the default, and a closed form is used where known."""
    search = _Search(sharp, relaxed, solver, family, witness, sympy, output, force, as_json)
    with json_errors(as_json):
        from pepkit.pep import method, method_names

        if name not in method_names():
            raise ClaimError(_unknown("method", name, method_names()))
        found = _closed_method(name, steps, smoothness, mu, measure, initial, form, search)
        if found is not None:
            _deliver(found, _file_name([name], found.theorem.claim, mu, smoothness, measure, initial), search)
            return
        start = None if measure is None and initial == "distance" else initial
        claim = method(name, steps, L=smoothness, mu=mu, measure=measure, initial=start)
        _certify(claim, _file_name([name], claim, mu, smoothness, measure, initial), search)


@commands.command("fixed-step", epilog=EPILOG)
def fixed_step(
    file: Annotated[
        Path, typer.Argument(help='JSON file with the rows of the lower triangular step matrix, or {"matrix": rows}.')
    ],
    smoothness: options.Smoothness = "L",
    mu: options.StrongConvexity = "0",
    measure: options.Measure = None,
    initial: options.Initial = "distance",
    sharp: options.Sharp = False,
    relaxed: options.Relaxed = None,
    solver: options.Solver = "auto",
    family: options.Family = "auto",
    witness: options.Witness = True,
    sympy: options.Sympy = None,
    output: options.Output = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> None:
    """The method x_i = x_0 - (1/L) sum_(k<i) h_ik grad f(x_k) with the step matrix of a file."""
    search = _Search(sharp, relaxed, solver, family, witness, sympy, output, force, as_json)
    with json_errors(as_json):
        from pepkit.pep import fixed_step_method

        claim = fixed_step_method(
            _step_matrix(file), L=smoothness, mu=mu, measure=measure or "function-value", initial=initial
        )
        _certify(claim, _file_name([file.stem], claim, mu, smoothness, measure, initial), search)


def _closed_form(plan: Plan, smoothness: Any, measure: str | None, initial: str, form: Any, search: _Search) -> Any:
    """The result of a formula, or None where there is none or the user asks for a solver."""
    if form not in (None, "flat", "composition", "solver"):
        raise ClaimError(_unknown("form", str(form), ("flat", "composition", "solver")))
    if form == "solver" or search.relaxed is not None or (search.solver, search.family) != ("auto", "auto"):
        return None
    from pepkit.closed_form import (
        certify_composition,
        certify_constant,
        certify_hypoconvex,
        certify_optimal_constant,
    )
    from pepkit.pep.claims import initial_condition, performance_measure

    sympy = "auto" if search.sympy is None else search.sympy
    wanted = None if measure is None else performance_measure(measure)
    # an initial condition that was left at its default does not exclude what the schedule is made for
    start = None if wanted is None and initial == "distance" else initial_condition(initial)
    if _smallest_gradient_below_zero(plan, wanted, start) and form != "composition":
        found = certify_hypoconvex(
            plan.schedule().numbers, mu=plan.mu, L=smoothness, form="auto" if form is None else form, sympy=sympy
        )
        if found is not None:
            return found
    elif plan.composition is not None:
        chosen = "auto" if form is None else form
        arguments = {"mu": plan.mu, "L": smoothness, "measure": wanted, "initial": start, "sympy": sympy}
        with StageDisplay(enabled=form == "flat" and not search.as_json) as progress:
            result = certify_composition(plan.composition, form=chosen, progress=progress, **arguments)
        if result is not None:
            return result
    elif form != "composition" and plan.arguments is not None and plan.name == "constant":
        found = certify_constant(
            plan.steps or 0,
            plan.arguments.get("step", 1),
            mu=plan.mu,
            L=smoothness,
            measure=wanted,
            initial=initial_condition(initial),
            sympy=sympy,
        )
        if found is not None:
            return found
    elif form != "composition" and plan.name == "optimal-constant" and not search.sharp and _usual(plan, wanted, start):
        with StageDisplay(enabled=not search.as_json) as progress:
            found = certify_optimal_constant(plan.steps or 0, L=smoothness, sympy=sympy, progress=progress)
        if found is not None:
            return found
    if form is not None:
        raise ClaimError(f"{plan.name} has no closed-form certificate of this kind for this statement")
    return None


def _smallest_gradient_below_zero(plan: Plan, measure: Any, initial: Any) -> bool:
    """Whether the statement is min_i |g_i|^2 over f_0 - inf f for hypoconvex functions."""
    from pepkit.algebra import realise
    from pepkit.kernel import InitialCondition, Measure

    if plan.name == "growing" and (measure, initial) == (None, None):
        return True
    if (measure, initial) != (Measure.SMALLEST_GRADIENT_NORM, InitialCondition.FUNCTION_VALUE):
        return False
    field, (ratio,) = realise([plan.mu])
    return field.sign(ratio) < 0


def _usual(plan: Plan, measure: Any, initial: Any) -> bool:
    """Whether the statement is f(x_N) - f_* over the distance, for convex functions."""
    from pepkit.kernel import InitialCondition, Measure

    convex = plan.mu.is_rational and plan.mu.value == 0
    usual = measure in (None, Measure.FUNCTION_VALUE) and initial in (None, InitialCondition.DISTANCE)
    return bool(convex and usual)


def _closed_method(
    name: str, steps: int, smoothness: str, mu: str, measure: str | None, initial: str, form: Any, search: _Search
) -> Any:
    """The result of a formula for a named method, or None."""
    if form not in (None, "flat", "solver"):
        raise ClaimError(_unknown("form", str(form), ("flat", "solver")))
    if form == "solver" or search.relaxed is not None or (search.solver, search.family) != ("auto", "auto"):
        return None
    from pepkit.algebra import exact
    from pepkit.closed_form import certify_method
    from pepkit.pep.claims import curvature_ratio, initial_condition, performance_measure

    constant = None if smoothness.strip() == "L" else exact(smoothness)
    wanted = None if measure is None else performance_measure(measure)
    start = None if measure is None and initial == "distance" else initial_condition(initial)
    sympy = "auto" if search.sympy is None else search.sympy
    with StageDisplay(enabled=not search.as_json) as progress:
        found = certify_method(
            name,
            steps,
            mu=curvature_ratio(mu, constant),
            L=constant,
            measure=wanted,
            initial=start,
            sympy=sympy,
            progress=progress,
        )
    if found is None and form is not None:
        raise ClaimError(f"{name} has no closed-form certificate for this statement")
    if found is not None and search.sharp and found.certificate.provenance.get("method") != "closed form":
        # a rounded rate is not the worst case
        return None
    return found


def _step_matrix(file: Path) -> list[list[Any]]:
    """The rows in a JSON file. Decimals keep their text, so that 0.1 in a file is one tenth."""
    if file.stat().st_size > MAX_MATRIX_BYTES:
        raise ClaimError(f"{file} is larger than {MAX_MATRIX_BYTES} bytes")
    try:
        data = json.loads(file.read_bytes(), parse_float=str, parse_int=str, parse_constant=str)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClaimError(f"{file} is not valid JSON: {error}") from None
    rows = data.get("matrix") if isinstance(data, dict) else data
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise ClaimError(f"{file} holds neither a list of rows nor an object with 'matrix'")
    if any(not isinstance(entry, str) for row in rows for entry in row):
        raise ClaimError(f"{file}: the entries of the step matrix are numbers, or numbers in quotes")
    return rows


def _file_name(
    words: list[str], claim: MethodClaim, mu: str, smoothness: str, measure: str | None, initial: str
) -> Path:
    """``silver-7.json``; everything that is not the default is part of the name."""
    parts = [*words, str(claim.steps)]
    if mu.strip() != "0":
        parts += ["mu", mu.strip()]
    if smoothness.strip() != "L":
        parts += ["L", smoothness.strip()]
    if measure is not None and measure != "function-value":
        parts.append(claim.measure.name.lower().replace("_", "-"))
    if initial != "distance":
        parts += ["from", claim.initial.name.lower().replace("_", "-")]
    return Path(slug(*parts) + ".json")


def _certify(claim: MethodClaim, default: Path, search: _Search) -> None:
    target = search.output if search.output is not None else default
    if search.output is not None and not search.force:
        refuse_foreign_file(target, claim)
    _deliver(_run(claim, search), target, search)


def _deliver(result: Any, default: Path, search: _Search) -> None:
    """Save a result and print it."""
    target = search.output if search.output is not None else default
    if search.output is not None and not search.force:
        refuse_foreign_file(target, result.theorem.claim)
    path = target if search.force else free_path(target, result.certificate)
    result.save(path)
    if search.as_json:
        print_json(_result_data(result, path))
        return
    from pepkit.render.text import result_text

    typer.echo(result_text(result))
    typer.echo(f"{'Certificate':<13}{path}")
    if path != target:
        typer.echo(f"{target} holds another theorem and was left alone; --force replaces it.", err=True)


def _run(claim: MethodClaim, search: _Search) -> Any:
    with StageDisplay(enabled=not search.as_json) as progress:
        progress("starting", "loading the solvers")
        # numpy, scipy and the solvers are imported under the progress display
        from pepkit.certification import certify
        from pepkit.solvers.protocol import SolverUnavailableError
        from pepkit.verification import VerificationError

        _check_solver(search.solver)
        try:
            return certify(claim, progress=progress, **search.arguments())
        except SolverUnavailableError as error:
            raise SearchError(f"{error} ('pepkit solvers' lists what is found)") from None
        except VerificationError as error:
            raise CertificateError(f"the kernel accepted the certificate, but sympy did not: {error}") from None


def _check_solver(name: str) -> None:
    from pepkit.cli.solver_list import solver_names

    # "cvxpy:NAME" reaches every solver of CVXPY; only CVXPY knows their names
    if name != "auto" and not name.startswith("cvxpy:") and name not in solver_names():
        raise ClaimError(_unknown("solver", name, ("auto", *solver_names(), "cvxpy:NAME")))


class SearchError(PepkitError):
    """The search for a certificate could not start."""


def _result_data(result: Any, path: Path) -> dict[str, Any]:
    """Everything about a result, for machines. Exact numbers are strings."""
    from pepkit.kernel.words import class_text, initial_text, measure_text, method_text, rate_text

    theorem = result.theorem
    claim = theorem.claim
    seconds = sum(duration for _, duration, _ in result.stages)
    return {
        "status": "proved",
        "theorem": str(theorem),
        "class": class_text(claim),
        "method": method_text(claim, claim.steps),
        "steps": claim.steps,
        "measure": measure_text(claim),
        "initial": initial_text(claim),
        "rate": {
            **(number_data(claim.field, theorem.rate) or {}),
            "power_of_L": claim.power_of_L,
            "text": rate_text(claim, theorem.rate),
        },
        "lower": number_data(claim.field, theorem.lower),
        "tight": theorem.tight,
        "sharp": result.sharp,
        "excess": _finite(result.excess),
        "numerical_optimum": _finite(result.numerical_optimum),
        "solver": result.solver,
        "checks": list(theorem.checks),
        "checked_by": list(result.checked_by),
        "notes": list(result.notes),
        "file": str(path),
        "claim_digest": claim_digest(claim),
        "certificate_digest": digest(result.certificate),
        "stages": [{"name": name, "seconds": duration, "note": note} for name, duration, note in result.stages],
        "seconds": seconds,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)
