"""Output bounds by the lifted semidefinite relaxation, rounded to an exact identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.certificate import Certificate, residual_of
from pepkit.kernel.errors import CertificateError, UndecidedError
from pepkit.kernel.network_claims import NetworkBound
from pepkit.kernel.network_relaxation import Cell, Relaxation
from pepkit.kernel.network_statements import lifted_statement
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.kernel.statement import Index
from pepkit.networks.exact_relaxations import RelaxationBuilder
from pepkit.networks.gram_program import GramProgram, NetworkSearchError, solve
from pepkit.networks.model import float_network, to_floats
from pepkit.networks.numerical import numerical_search
from pepkit.networks.relaxations import method

__all__ = ["lifted_bound"]

MULTIPLIER_BITS = 40
MARGINS = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)
"""Additions to the multipliers of squares, relative to the largest multiplier, that are tried in turn."""

Multipliers = dict[str, dict[Index, Any]]
Progress = Callable[[str, str], None]


@numerical_search("the semidefinite relaxation")
def lifted_bound(claim: NetworkBound, progress: Progress | None = None) -> tuple[Any, Relaxation, Multipliers, float]:
    """A provable rate, the relaxation that bounds hidden neurons, multipliers, and the numerical optimum.

    Hidden bounds come from CROWN. Rounding: multipliers to dyadic rationals, then the multipliers of the squares
    (inputs and ranges of neurons) are enlarged by a margin, which makes the block of (x, z) definite; the bound is what
    the constant entry then needs.
    """
    builder = RelaxationBuilder(claim.network, float_network(claim.network), Cell(claim.box), method("crown")).build()
    statement = lifted_statement(claim.network, claim.box, builder.bounds, claim.objective)
    if progress is not None:
        progress("solve", f"semidefinite relaxation with {len(statement.basis)} rows")
    families = [family for family in statement.families if family.name != "unit"]
    addresses = [(family, index) for family in families for index in family.indices()]
    program = GramProgram(statement)
    # the entry of <1, 1> is variable 0: with <1, 1> = 1 it becomes part of the rate
    program.add_identity(0, [0], 1.0)
    program.add(-1, statement.measure, -1.0)
    for number, (family, index) in enumerate(addresses, start=1):
        program.add(number, family.form(index), -1.0)
    objective = np.zeros(len(addresses) + 1)
    objective[0] = 1.0
    for variable, value in program.constants.items():
        if variable >= 0:
            # the constant of the identity is rate + (these) - y_0 and must vanish
            objective[variable] -= value
    nonnegative = np.array([False] + [family.relation == ">=" for family, _ in addresses])
    solution = solve(objective, nonnegative, program.block())
    return _rounded(claim, statement, builder.relaxation, addresses, solution.y, float(solution.objective))


def _rounded(
    claim: NetworkBound, statement: Any, relaxation: Relaxation, addresses: list[Any], y: np.ndarray, optimum: float
) -> tuple[Any, Relaxation, Multipliers, float]:
    scale = max(1.0, float(np.abs(y[1:]).max(initial=0.0)))
    failure = ""
    for margin in MARGINS:
        multipliers: Multipliers = {}
        for value, (family, index) in zip(y[1:], addresses, strict=True):
            added = margin * scale if family.name in ("inputs", "range") else 0.0
            number = fmpq(round((value + added) * (1 << MULTIPLIER_BITS)), 1 << MULTIPLIER_BITS)
            if family.relation == ">=" and number < 0:
                number = fmpq(0)
            if number:
                multipliers.setdefault(family.name, {})[index] = number
        free = residual_of(Certificate(claim.with_rate(_huge(claim)), multipliers), statement)[1]
        corner = _needed_corner(free)
        if corner is None:
            failure = "the quadratic part is not definite"
            continue
        unit = free[0][0] - corner
        multipliers["unit"] = {(0,): unit}
        rate = _rate(statement, multipliers)
        try:
            _, matrix, _ = residual_of(Certificate(claim.with_rate(rate), multipliers), statement)
            names = [statement.vectors[v].name for v in statement.basis]
            prove_positive_semidefinite(matrix, statement.field, names)
        except (CertificateError, UndecidedError) as error:
            failure = str(error)
            continue
        return rate, relaxation, multipliers, optimum
    raise NetworkSearchError(f"the semidefinite bound could not be rounded to an exact one: {failure}")


def _huge(claim: NetworkBound) -> Any:
    """A rate above everything, so that only the matrix of the identity is computed."""
    return fmpq(1 << 200)


def _needed_corner(matrix: list[list[Any]]) -> Any:
    """A value of the first diagonal entry that makes the matrix semidefinite, slightly enlarged; None if none does."""
    floats = np.array([to_floats(row) for row in matrix])
    block, border = floats[1:, 1:], floats[1:, 0]
    try:
        factor = np.linalg.cholesky(block)
    except np.linalg.LinAlgError:
        return None
    needed = float(np.sum(np.linalg.solve(factor, border) ** 2))
    return fmpq(round((needed + 1e-9 * max(1.0, needed)) * (1 << MULTIPLIER_BITS)), 1 << MULTIPLIER_BITS)


def _rate(statement: Any, multipliers: Multipliers) -> Any:
    """The rate for which the constants cancel."""
    total = fmpq(0)
    for name, values in multipliers.items():
        family = statement.family(name)
        for index, value in values.items():
            total = total + value * family.form(index).constant
    return total
