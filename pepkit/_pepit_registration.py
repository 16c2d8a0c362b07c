"""Makes ``problem.solve(wrapper="pepkit")`` work, whichever of PEPit and pepkit is imported first.

PEPit looks its back ends up in the dictionary ``PEPit.wrappers.WRAPPERS``. If PEPit is loaded the entry is
made at once, otherwise when Python loads that module. Nothing of PEPit is imported or changed beyond that.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["register"]

_MODULE = "PEPit.wrappers"


def _wrapper(verbose: int = 1) -> Any:
    """The back end, imported on first use."""
    from pepkit.pepit.wrapper import PepkitWrapper

    return PepkitWrapper(verbose=verbose)


def _add(module: ModuleType) -> None:
    wrappers = getattr(module, "WRAPPERS", None)
    if isinstance(wrappers, dict):
        wrappers.setdefault("pepkit", _wrapper)


class _Loader(Loader):
    """Loads the module as its own loader does, then adds the entry."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        _add(module)


class _Finder(MetaPathFinder):
    """Finds one module, once, by asking the other finders."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != _MODULE:
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader)
                return spec
        return None


def register() -> None:
    """Add pepkit to PEPit's back ends, now or when PEPit is imported."""
    module = sys.modules.get(_MODULE)
    if module is not None:
        _add(module)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
