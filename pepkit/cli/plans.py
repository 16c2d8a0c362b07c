"""What ``--schedule`` and ``pepkit schedule`` accept: names, trees of joins, files."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pepkit.kernel import ClaimError

__all__ = ["Plan", "find_plan", "unknown"]


@dataclass(frozen=True)
class Plan:
    """A schedule as the user named it.

    `composition` is its tree of joins, or None; `arguments` are those of `pepkit.schedules.schedule`; `file` is the
    file that holds the steps, or None. `mu` is mu/L, an exact number.
    """

    name: str
    steps: int | None
    mu: Any
    composition: Any = None
    arguments: dict[str, Any] | None = None
    file: str | None = None

    def schedule(self) -> Any:
        """The schedule with its exact steps; ClaimError where they cannot be listed."""
        from pepkit.schedules import Schedule, load_schedule, schedule

        if self.file is not None:
            loaded = load_schedule(self.file)
            if self.steps is not None and self.steps != len(loaded):
                raise ClaimError(f"{self.file} holds {len(loaded)} steps, but --steps is {self.steps}")
            return loaded
        if self.arguments is not None:
            return schedule(self.name, self.steps, **self.arguments)
        tree = self.composition
        return Schedule(tree.name, tree.numbers(self.mu), tree.description, tree)


def find_plan(
    name: str, steps: int | None, step: str | None, mu: Any, expression: str | None = None, seed: int | None = None
) -> Plan:
    """The plan of a name, of ``tree EXPRESSION``, or of a file.

    Parameters
    ----------
    step
        What the user wrote for the step of the constant schedule, or None.
    mu
        mu/L, a `Real`.
    """
    from pepkit.algebra import realise, to_float
    from pepkit.schedules import composition, composition_names, schedule_names, tree
    from pepkit.schedules.named import needs_strong_convexity

    if step is not None and name != "constant":
        raise ClaimError(f"--step is for the constant schedule, not for {name}")
    if name.split(maxsplit=1)[:1] == ["tree"]:
        text = expression if expression is not None else name[4:].strip()
        found = tree(text)
        if steps is not None and steps != found.steps:
            raise ClaimError(f"the tree has {found.steps} steps, but --steps is {steps}")
        return Plan("tree", found.steps, mu, found)
    if expression is not None:
        raise ClaimError(f"an expression follows the word tree, not {name!r}")
    if name not in schedule_names():
        if not Path(name).is_file():
            known = (*schedule_names(), "tree EXPR")
            raise ClaimError(unknown("schedule", name, known) + ", and there is no such file")
        return Plan(name, steps, mu, file=name)
    if steps is None:
        raise ClaimError(f"the schedule {name} needs --steps N")
    arguments: dict[str, Any] = {} if step is None else {"step": step}
    if needs_strong_convexity(name) or name in ("chebyshev", "arcsine", "growing"):
        arguments["mu"] = mu
    if seed is not None and name == "arcsine":
        arguments["seed"] = seed
    composed = None
    if name in composition_names():
        field, (ratio,) = realise([mu])
        try:
            composed = composition(name, steps, to_float(field, ratio))
        except ClaimError:
            # silver and anytime exist for every N, but are compositions for some only
            if name not in ("silver", "anytime"):
                raise
    return Plan(name, steps, mu, composed, arguments)


def unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    """The message about a name that is not known."""
    close = get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"unknown {what} {name!r}{hint}; known are {', '.join(known)}"
