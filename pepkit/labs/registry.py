"""Which laboratories there are, and how one is written.

    @lab("deep-linear", "Gradient flow of deep linear networks", quick={"seeds": 20}, full={"seeds": 200})
    def deep_linear(*, seeds: int = 200, seed: int = 0, work: Work | None = None) -> LabResult:
        ...

Parameters are keywords with defaults of type int, float, str or bool, or tuples of these (`--set widths=8,16`);
`seed` is one of them. `work` is no parameter: it keeps the pieces of a long run (`work.piece`) and shows progress
(`work.say`); without it the function runs silently and keeps nothing. Modules with laboratories are listed in
`_MODULES`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pepkit.kernel import ClaimError
from pepkit.labs.result import LabResult

__all__ = ["Lab", "lab", "labs", "names"]

_MODULES: tuple[str, ...] = (
    "pepkit.labs.gradient_descent",
    "pepkit.labs.schedule_race",
    "pepkit.labs.deep_linear",
    "pepkit.labs.learning_times",
    "pepkit.labs.descent_chaos",
    "pepkit.labs.angle_collapse",
    "pepkit.labs.mean_shift",
    "pepkit.labs.trainability",
    "pepkit.labs.implicit_bias",
    "pepkit.labs.bias_collapse",
    "pepkit.labs.hedging",
    "pepkit.labs.network_steps",
)
"""Modules that hold laboratories; importing them registers."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True)
class Lab:
    """A laboratory: its function, what it is about, and the parameters of its quick and its full form."""

    name: str
    summary: str
    function: Callable[..., LabResult]
    quick: Mapping[str, Any]
    full: Mapping[str, Any]

    @property
    def defaults(self) -> dict[str, Any]:
        """Parameter -> default value."""
        parameters = inspect.signature(self.function).parameters
        return {key: p.default for key, p in parameters.items() if key != "work"}

    def parameters(self, quick: bool = False, **settings: Any) -> dict[str, Any]:
        """All parameters of a run; texts in `settings` are read as the type of the default.

        Raises ClaimError for an unknown parameter or a text that cannot be read.
        """
        defaults = self.defaults
        chosen = {**defaults, **(self.quick if quick else self.full)}
        for key, value in settings.items():
            if key not in defaults:
                raise ClaimError(f"the laboratory {self.name} has no parameter {key!r}; it has {', '.join(defaults)}")
            chosen[key] = _read(key, value, chosen[key]) if isinstance(value, str) else value
        return chosen


def _read(key: str, text: str, like: Any) -> Any:
    """A text as a value of the type of `like`."""
    try:
        if isinstance(like, bool):
            if text.lower() not in _TRUE + _FALSE:
                raise ValueError
            return text.lower() in _TRUE
        if isinstance(like, tuple):
            first = like[0] if like else ""
            return tuple(_read(key, part, first) for part in text.split(",") if part)
        return type(like)(text)
    except ValueError:
        kind = "a list, as a,b,c" if isinstance(like, tuple) else type(like).__name__
        raise ClaimError(f"{key} is {kind}, not {text[:40]!r}") from None


_LABS: dict[str, Lab] = {}


def lab(
    name: str, summary: str, *, quick: Mapping[str, Any] | None = None, full: Mapping[str, Any] | None = None
) -> Callable[[Callable[..., LabResult]], Callable[..., LabResult]]:
    """Register a function as the laboratory `name`.

    `quick` and `full` are the parameters that differ from the defaults in the two forms. All labs together take less
    than five minutes in the quick form.
    """

    def register(function: Callable[..., LabResult]) -> Callable[..., LabResult]:
        if name in _LABS:
            raise ValueError(f"two laboratories are called {name}")
        entry = Lab(name, summary, function, MappingProxyType(dict(quick or {})), MappingProxyType(dict(full or {})))
        parameters = inspect.signature(function).parameters
        for key in ("seed", "work", *entry.quick, *entry.full):
            if key not in parameters:
                raise ValueError(f"the laboratory {name} has no parameter {key}")
        _LABS[name] = entry
        return function

    return register


def labs() -> dict[str, Lab]:
    """All laboratories by name."""
    for module in _MODULES:
        importlib.import_module(module)
    return dict(_LABS)


def names() -> tuple[str, ...]:
    """The names of all laboratories."""
    return tuple(labs())


def find(name: str) -> Lab:
    """The laboratory of this name; ClaimError if there is none."""
    known = labs()
    if name not in known:
        raise ClaimError(f"unknown laboratory {name!r}; known are {', '.join(known)}")
    return known[name]
