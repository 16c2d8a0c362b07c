"""``pepkit schedule``: steps, sum, rates and a picture of a stepsize schedule."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pepkit.cli import options
from pepkit.cli.exit_codes import EPILOG
from pepkit.cli.output import json_errors, print_json
from pepkit.cli.plans import Plan, find_plan
from pepkit.kernel import ClaimError
from pepkit.render.text import claim_brief

__all__ = ["commands"]

MAX_DRAWN = 1 << 18
_SHOWN = 16
_SOLVED = 16
"""Longest schedule that is solved just to be shown."""


class _NamesFirst(TyperGroup):
    """``pepkit schedule silver`` is short for ``pepkit schedule show silver``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return list(super().parse_args(ctx, args))


commands = typer.Typer(
    cls=_NamesFirst,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Stepsize schedules: 'pepkit schedule NAME --steps N' shows steps, sum and rates.",
    epilog=EPILOG,
)


@commands.command("names", epilog=EPILOG)
def names() -> None:
    """List the schedules that have a name."""
    from pepkit.schedules import schedule_names
    from pepkit.schedules.named import needs_strong_convexity

    for name in schedule_names():
        curved = needs_strong_convexity(name) or name in ("chebyshev", "arcsine")
        about = "mu < 0" if name == "growing" else "mu > 0" if curved else "mu = 0"
        typer.echo(f"{name:<24}{about}")
    typer.echo(f"{'tree EXPR':<24}any tree of joins, such as tree 'f(silver(3), .)'")


@commands.command("show", epilog=EPILOG)
def show(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of a schedule ('pepkit schedule names' lists them), 'tree', or a file of steps.",
            metavar="NAME|FILE",
            autocompletion=options.complete_schedule,
        ),
    ],
    expression: Annotated[
        str | None, typer.Argument(help="After tree: the expression, such as 's(., silver(3))'.", metavar="EXPR")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Number of steps N.", min=1, metavar="N")] = None,
    step: Annotated[
        str | None, typer.Option(help="The step h of the constant schedule.", show_default="1", metavar="H")
    ] = None,
    mu: options.StrongConvexity = "0",
    seed: Annotated[int | None, typer.Option(help="Seed of the arcsine steps.", min=0, metavar="K")] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The schedule backwards (its H-dual).")] = False,
    numerical: Annotated[
        bool,
        typer.Option(help=f"Solve for the measures without a closed form (at most {_SOLVED} steps); no theorems."),
    ] = True,
    every: Annotated[bool, typer.Option("--all", help="List every step, in exact form where it is short.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Write a stem plot to this file (svg, pdf, png).", metavar="FILE")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Steps, sum, rates in all measures and normalisations, and a stem plot of a schedule."""
    with json_errors(as_json):
        from pepkit.pep.claims import curvature_ratio

        plan = find_plan(name, steps, step, curvature_ratio(mu, None), expression, seed)
        view = _View(plan, reverse, numerical)
        if plot is not None:
            from pepkit.render.stems import save_stems

            save_stems(view.drawn(), plot, view.title)
        if as_json:
            print_json(view.data())
            return
        typer.echo(view.text(every))
        if plot is not None:
            typer.echo(f"{'Picture':<13}{plot}")


@commands.command("duality", epilog=EPILOG)
def duality(
    name: Annotated[str, typer.Argument(help="Name of a schedule, 'tree', or a file of steps.", metavar="NAME|FILE")],
    expression: Annotated[str | None, typer.Argument(help="After tree: the expression.", metavar="EXPR")] = None,
    steps: Annotated[int | None, typer.Option(help="Number of steps N.", min=1, metavar="N")] = None,
    step: Annotated[
        str | None, typer.Option(help="The step h of the constant schedule.", show_default="1", metavar="H")
    ] = None,
    mu: options.StrongConvexity = "0",
) -> None:
    """Certify a schedule and its reversal and compare: is it H-dual?"""
    from pepkit.duality import compare_reversal
    from pepkit.pep.claims import curvature_ratio

    plan = find_plan(name, steps, step, curvature_ratio(mu, None), expression)
    tree = plan.composition
    found = compare_reversal(tree if tree is not None and tree.kind == "f" else plan.schedule(), mu=plan.mu)
    for label, result in (("Schedule", found.function_value), ("Reversal", found.gradient_norm)):
        theorem = result.theorem
        typer.echo(f"{label:<13}{claim_brief(theorem.claim)}{' (tight)' if theorem.tight else ''}")
    typer.echo(f"{'H-duality':<13}{found}")


class _View:
    """Everything that is shown about a schedule."""

    def __init__(self, plan: Plan, reverse: bool, numerical: bool = False) -> None:
        from pepkit.algebra import realise, to_float

        self.numerical = numerical

        field, (ratio,) = realise([plan.mu])
        self.plan = plan
        self.mu = to_float(field, ratio)
        self.composition = plan.composition
        self.schedule: Any = None
        if self.composition is not None and reverse:
            self.composition = self.composition.reversed()
        if self.composition is None:
            self.schedule = plan.schedule()
            if reverse:
                self.schedule = type(self.schedule).of(
                    self.schedule.numbers[::-1], f"{self.schedule.name} reversed", self.schedule.description
                )
        source = self.composition if self.composition is not None else self.schedule
        self.title = f"{source.name}, N = {len(source)}"
        self.description = source.description
        self.count = len(source)

    def floats(self) -> list[float] | None:
        """The steps, or None for a schedule too long to list."""
        if self.schedule is not None:
            return list(self.schedule.floats())
        return self.composition.floats(self.mu) if self.count <= MAX_DRAWN else None

    def drawn(self) -> list[float]:
        """The steps for a picture."""
        found = self.floats()
        if found is None:
            raise ClaimError(f"a schedule of {self.count} steps is too long to draw; at most {MAX_DRAWN}")
        return found

    def total(self) -> float:
        """H, the sum of the steps."""
        return self.composition.sum(self.mu) if self.composition is not None else math.fsum(self.schedule.floats())

    def rates(self) -> list[Any]:
        """What is known about rates, proved ones first."""
        from pepkit.schedules import composition_rates, constant_rates

        known: list[Any] = []
        if self.composition is not None:
            known = composition_rates(self.composition, self.plan.mu)
        elif self.plan.name in ("constant", "optimal-constant") and 0 <= self.mu < 1:
            known = constant_rates(self.count, self.schedule.numbers[0], self.plan.mu)
        return known

    def numerical_rates(self) -> list[Any]:
        """What a solver says about the other measures; nothing for long schedules."""
        if not self.numerical or self.count > _SOLVED:
            return []
        from pepkit.numerical_rates import numerical_rates

        # floats of the steps are enough for a float of the rate
        known = [(rate.measure, rate.initial) for rate in self.rates()]
        return numerical_rates(self.drawn(), self.plan.mu, known)

    def exact_steps(self, limit: int) -> list[str]:
        """Short exact forms of the first steps; empty where there are none."""
        schedule = self.schedule
        if schedule is None:
            if self.count > 2048:
                return []
            try:
                from pepkit.schedules import Schedule

                schedule = Schedule("", self.composition.numbers(self.plan.mu))
                found = [schedule.field.text(h) for h in schedule.steps[:limit]]
            except ClaimError:
                # cubic equations: only decimals
                return []
        else:
            found = [schedule.field.text(h) for h in schedule.steps[:limit]]
        return found if all(len(t) <= 40 and "theta" not in t and "..." not in t for t in found) else []

    def data(self) -> dict[str, Any]:
        """For machines."""
        found = self.floats()
        return {
            "name": self.title,
            "description": self.description,
            "steps": self.count,
            "sum": self.total(),
            "tree": None if self.composition is None else str(self.composition),
            "kind": None if self.composition is None else self.composition.kind,
            "decimals": found,
            "exact": self.exact_steps(self.count) or None,
            "rates": [
                {
                    "measure": name,
                    "value": value,
                    "exact": rate.text or None if value == rate.value else None,
                    "proved": rate.proved,
                    "source": rate.source,
                }
                for rate in (*self.rates(), *self.numerical_rates())
                for name, value in rate.normalisations()
            ],
        }

    def text(self, every: bool) -> str:
        """For people."""
        lines = [self.title, self.description, ""]
        found = self.floats()
        limit = self.count if every else _SHOWN
        if found is not None:
            more = f", ... ({self.count} steps)" if self.count > limit else ""
            exact = self.exact_steps(limit)
            if exact:
                lines.append(f"{'Steps':<13}{', '.join(exact)}{more}")
            lines.append(f"{'' if exact else 'Steps':<13}{', '.join(f'{h:.10g}' for h in found[:limit])}{more}")
        lines.append(f"{'Sum H':<13}{self.total():.15g}")
        if self.composition is not None:
            lines.append(f"{'Composition':<13}{self.composition} (kind {self.composition.kind})")
        lines += ["", *self._rate_lines()]
        if found is not None and self.count > 1:
            from pepkit.render.stems import stem_text

            lines += ["", stem_text(found)]
        return "\n".join(lines)

    def _rate_lines(self) -> list[str]:
        rates = self.rates()
        lines = []
        for rate in rates:
            label = "proved by its tree of joins" if rate.proved else f"published: {rate.source}"
            for position, (name, value) in enumerate(rate.normalisations()):
                form = f" = {rate.text}" if rate.text and position == 0 else ""
                lines.append(f"{name:<46}{value:.12g}{form}  ({label})")
        if self.composition is not None and self.composition.kind == "s" and self.mu == 0:
            from pepkit.proximal import proximal_rate

            for words, method in (
                ("proximal gradient: F(x_N)-F(x_*) / (L |x_0-x_*|^2)", "proximal-gradient"),
                ("proximal point: lambda (f(y_N)-f(x_*)) / |x_0-x_*|^2", "relaxed-proximal-point"),
            ):
                lines.append(f"{words:<52}{proximal_rate(self.composition, method):.12g}")
        if not rates and self.plan.name == "chebyshev":
            lines.append(self._chebyshev())
        elif not rates and self.mu < 0:
            lines += self._hypoconvex()
        for rate in self.numerical_rates():
            lines += [f"{name:<46}{value:.6g}  ({rate.source}: no theorem)" for name, value in rate.normalisations()]
        if not lines:
            lines.append("No rate of this schedule is known in closed form.")
        lines.append("To prove one: 'pepkit certify gradient-descent --schedule ... --measure ... --initial ...'.")
        return lines

    def _chebyshev(self) -> str:
        argument = (1 + self.mu) / (1 - self.mu)
        contraction = 1 / math.cosh(self.count * math.acosh(argument))
        return f"{'|x_N-x_*| / |x_0-x_*|, quadratics only':<46}{contraction:.12g}  (published: Young 1953)"

    def _hypoconvex(self) -> list[str]:
        from pepkit.pep.hypoconvex_form import hypoconvex_rate

        try:
            value = hypoconvex_rate(self.schedule.numbers, mu=self.plan.mu)
        except ClaimError:
            value = None
        if value is None:
            return []
        name = "min_i |grad f(x_i)|^2 / (L (f(x_0)-f(x_*)))"
        return [f"{name:<46}{value:.12g}  (closed form: 'pepkit certify' writes the certificate)"]
