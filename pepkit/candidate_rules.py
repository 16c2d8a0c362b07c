"""Rules that give a schedule for every number of steps: certified rates over N, exponent fits, constants.

A fit of rate = C N^-e to small N underestimates the exponent e: OBS-F, whose exponent is log_2(1 + sqrt 2) =
1.27155..., fits 1.190 on N = 1..50. So every fit is shown beside the fit of OBS-F to the same N, and the difference
to its true exponent as the bias of that range. Fits are floats and prove nothing; rates and constants are certified.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import arb

from pepkit.candidates import Candidate, candidate
from pepkit.kernel import ClaimError
from pepkit.schedules import Schedule, schedule, schedule_names
from pepkit.schedules.bounds import SILVER_EXPONENT, best_sums, working_precision

__all__ = ["ExponentFit", "RuleTable", "candidate_rule", "fit_exponent", "load_rule", "recursive_pattern"]

Rule = Callable[[int], Any]
Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class ExponentFit:
    """rate = constant * N^-exponent by least squares in logarithms, on N from `first` to `last`.

    `reference` is the exponent that OBS-F fits on the same N, `bias` how much that falls short of its true exponent,
    `corrected` the exponent plus that bias.
    """

    first: int
    last: int
    constant: float
    exponent: float
    reference: float

    @property
    def bias(self) -> float:
        return SILVER_EXPONENT - self.reference

    @property
    def corrected(self) -> float:
        return self.exponent + self.bias

    def __str__(self) -> str:
        return (
            f"N = {self.first}..{self.last}: {self.constant:.4g} N^-{self.exponent:.4f} (OBS-F on the same N: "
            f"{self.reference:.4f}, true {SILVER_EXPONENT:.4f}; with this bias added: {self.corrected:.4f})"
        )


def fit_exponent(counts: Sequence[int], rates: Sequence[float]) -> ExponentFit:
    """The fit, with the one of OBS-F on the same N beside it. At least two different N."""
    if len(set(counts)) < 2:
        raise ClaimError("an exponent is fitted to at least two different N")
    constant, exponent = _line(counts, rates)
    best = [float(best_sums(n).rate("function-value")) for n in counts]
    return ExponentFit(min(counts), max(counts), constant, exponent, _line(counts, best)[1])


def _line(counts: Sequence[int], rates: Sequence[float]) -> tuple[float, float]:
    x, y = [math.log(n) for n in counts], [math.log(r) for r in rates]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    return math.exp(mean_y - slope * mean_x), -slope


@dataclass(frozen=True)
class RuleTable:
    """Candidates of one rule for increasing N."""

    name: str
    candidates: tuple[Candidate, ...]

    @property
    def counts(self) -> list[int]:
        """The N."""
        return [len(c.schedule) for c in self.candidates]

    def constant(self, entry: Candidate) -> tuple[arb | None, arb]:
        """Enclosures of 2 rate N^p, p = log_2(1 + sqrt 2), from below and above (rates over L/2)."""
        with working_precision():
            exponent = (1 + arb(2).sqrt()).log() / arb(2).log()
            power = 2 * arb(len(entry.schedule)) ** exponent
            return (None if entry.lower is None else entry.lower * power), entry.upper * power

    def fits(self) -> list[ExponentFit]:
        """Fits to all N, and to the larger half of them."""
        if len(self.candidates) < 2:
            return []
        rates = [float(c.upper) for c in self.candidates]
        fits = [fit_exponent(self.counts, rates)]
        half = len(rates) // 2
        if half >= 2:
            fits.append(fit_exponent(self.counts[-half:], rates[-half:]))
        return fits

    def rows(self) -> list[tuple[str, ...]]:
        """(N, at least, at most, 2 rate N^p at least, at most, verdict) as text."""
        rows: list[tuple[str, ...]] = []
        for entry in self.candidates:
            low, high = self.constant(entry)
            rows.append(
                (
                    str(len(entry.schedule)),
                    "" if entry.lower is None else entry.lower.str(11, radius=False),
                    entry.upper.str(11, radius=False),
                    "" if low is None else low.str(7, radius=False),
                    high.str(7, radius=False),
                    re.split("[:;]", entry.verdict.sentence)[0],
                )
            )
        return rows

    @property
    def verdict(self) -> str:
        """One sentence about all N together."""
        refuting = [c for c in self.candidates if c.verdict.kind == "refutes"]
        if refuting:
            listed = ", ".join(str(len(c.schedule)) for c in refuting)
            return f"N = {listed}: {refuting[0].verdict.sentence}"
        kinds = [c.verdict.kind for c in self.candidates]
        parts = [f"{kind} for {kinds.count(kind)} N" for kind in ("matches", "worse", "undecided") if kind in kinds]
        return f"against the optimised schedules of the same length: {', '.join(parts)}"

    def __str__(self) -> str:
        header = ("N", "at least", "at most", "2 rate N^p >=", "<=", "verdict")
        rows = [header, *self.rows()]
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        lines = ["  ".join([*(row[k].ljust(widths[k]) for k in range(5)), row[5]]) for row in rows]
        lines += [f"Fit {fit}" for fit in self.fits()]
        return "\n".join([f"Rule {self.name}", *lines, f"Verdict: {self.verdict}"])

    def _repr_html_(self) -> str:
        from html import escape

        return f'<div class="pepkit"><pre>{escape(str(self))}</pre></div>'


def candidate_rule(
    rule: str | Rule,
    counts: Iterable[int],
    measure: str = "function-value",
    *,
    tolerance: float | str = "1e-7",
    progress: Progress | None = None,
    name: str | None = None,
) -> RuleTable:
    """Certify a rule for every N of `counts`.

    Parameters
    ----------
    rule
        The name of a schedule, or a function from N to a schedule or a list of N exact steps.
    counts
        Numbers of steps, in the order in which they are to be certified.
    measure, tolerance, progress
        As in `candidate`.

    Raises
    ------
    ClaimError
        If the rule does not give N steps for some N.
    """
    chosen = _named(rule) if isinstance(rule, str) else rule
    label = name or (rule if isinstance(rule, str) else str(getattr(rule, "__name__", "rule")))
    return RuleTable(label, tuple(_candidates(chosen, counts, measure, tolerance, progress)))


def _named(name: str) -> Rule:
    if name not in schedule_names():
        raise ClaimError(f"unknown rule {name!r}; known are {', '.join(schedule_names())}, or FILE.py:FUNCTION")
    return lambda n: schedule(name, n)


def _candidates(
    rule: Rule, counts: Iterable[int], measure: str, tolerance: float | str, progress: Progress | None
) -> Iterator[Candidate]:
    for n in counts:
        if progress is not None:
            progress("candidate", f"N = {n}")
        plan = rule(n)
        if not isinstance(plan, Schedule):
            plan = Schedule.of(list(plan), f"N = {n}")
        if len(plan) != n:
            raise ClaimError(f"the rule gave {len(plan)} steps for N = {n}")
        yield candidate(plan, measure, tolerance=tolerance, progress=progress)


def recursive_pattern(middle: Callable[[int], Any], first: Sequence[Any] = ()) -> Rule:
    """The rule h^(k+1) = [h^(k), middle(k), h^(k)], h^(0) = `first`, for the lengths that it reaches.

    With ``first = ()`` and ``middle(k) = 1 + (1 + sqrt 2)^(k-1)`` this is silver. Other N raise ClaimError.
    """

    def rule(n: int) -> list[Any]:
        steps, k = list(first), 0
        while len(steps) < n:
            steps = [*steps, middle(k), *steps]
            k += 1
        if len(steps) != n:
            raise ClaimError(f"the recursive pattern has no member of length {n}; the next one has {len(steps)} steps")
        return steps

    return rule


def load_rule(text: str) -> Rule:
    """A schedule name, or ``FILE.py:FUNCTION``. The file is executed: use your own."""
    file, separator, function = text.rpartition(":")
    if not separator or not file.endswith(".py"):
        return _named(text)
    path = Path(file)
    if not path.is_file():
        raise ClaimError(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ClaimError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ClaimError(f"{file} does not run: {type(error).__name__}: {error}") from None
    rule = getattr(module, function, None)
    if not callable(rule):
        raise ClaimError(f"{file} has no function {function!r}")
    chosen: Rule = rule
    return chosen
