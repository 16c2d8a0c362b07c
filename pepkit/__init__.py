"""pepkit: worst-case rates of first-order methods as exact, checkable theorems.

    import pepkit

    claim = pepkit.gradient_descent(pepkit.schedules.silver(7))
    result = pepkit.certify(claim)          # solve, round, check
    result.save("silver-7.json")
    pepkit.check(pepkit.load("silver-7.json"))

Submodules are imported on first use, so that `import pepkit` is fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pepkit import _pepit_registration

__version__ = "0.1.0"

_LOCATIONS = {
    "Certificate": "pepkit.kernel",
    "CertificationError": "pepkit.result",
    "Claim": "pepkit.kernel",
    "PepkitError": "pepkit.kernel",
    "Result": "pepkit.result",
    "Schedule": "pepkit.schedules",
    "Theorem": "pepkit.kernel",
    "candidate": "pepkit.candidates",
    "candidate_rule": "pepkit.candidate_rules",
    "certify": "pepkit.certification",
    "certify_arcsine": "pepkit.quadratics",
    "certify_composition": "pepkit.closed_form",
    "certify_constant": "pepkit.closed_form",
    "certify_every_schedule": "pepkit.schedule_bounds",
    "certify_hypoconvex": "pepkit.closed_form",
    "certify_method": "pepkit.closed_form",
    "certify_optimal_constant": "pepkit.closed_form",
    "certify_proximal": "pepkit.proximal",
    "certify_quadratic": "pepkit.quadratics",
    "check": "pepkit.kernel",
    "compare_family": "pepkit.rounding",
    "compare_reversal": "pepkit.duality",
    "exact": "pepkit.algebra",
    "fixed_step_method": "pepkit.pep",
    "gradient_descent": "pepkit.pep",
    "load": "pepkit.kernel",
    "method": "pepkit.pep",
    "save": "pepkit.kernel",
    "schedule": "pepkit.schedules",
    "sqrt": "pepkit.algebra",
    "straightforward": "pepkit.straightforward",
    "verify_with_sympy": "pepkit.verification",
}
_SUBMODULES = (
    "algebra",
    "kernel",
    "labs",
    "networks",
    "pep",
    "pepit",
    "render",
    "rounding",
    "schedules",
    "simulate",
    "solvers",
    "verification",
)

__all__ = ["__version__", *_LOCATIONS, *_SUBMODULES]

if TYPE_CHECKING:
    from pepkit import (
        algebra,
        kernel,
        labs,
        networks,
        pep,
        pepit,
        render,
        rounding,
        schedules,
        simulate,
        solvers,
        verification,
    )
    from pepkit.algebra import exact, sqrt
    from pepkit.candidate_rules import candidate_rule
    from pepkit.candidates import candidate
    from pepkit.certification import certify
    from pepkit.closed_form import (
        certify_composition,
        certify_constant,
        certify_hypoconvex,
        certify_method,
        certify_optimal_constant,
    )
    from pepkit.duality import compare_reversal
    from pepkit.kernel import Certificate, Claim, PepkitError, Theorem, check, load, save
    from pepkit.pep import fixed_step_method, gradient_descent, method
    from pepkit.proximal import certify_proximal
    from pepkit.quadratics import certify_arcsine, certify_quadratic
    from pepkit.result import CertificationError, Result
    from pepkit.rounding import compare_family
    from pepkit.schedule_bounds import certify_every_schedule
    from pepkit.schedules import Schedule, schedule
    from pepkit.straightforward import straightforward
    from pepkit.verification import verify_with_sympy


_pepit_registration.register()


def __getattr__(name: str) -> Any:
    if name in _LOCATIONS:
        return getattr(importlib.import_module(_LOCATIONS[name]), name)
    if name in _SUBMODULES:
        return importlib.import_module(f"pepkit.{name}")
    raise AttributeError(f"module 'pepkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
