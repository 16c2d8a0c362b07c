"""Sharp certificates: exact multipliers on the optimal face of a recognised worst case.

When the worst case is known exactly, complementary slackness says which multipliers may be non-zero (those
of hypotheses that hold with equality) and that the residual annihilates the worst case: S V = 0. These are
linear equations over the field of the problem, and the rest of the residual is definite with a margin, so
rounding inside the face succeeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pepkit.kernel import Certificate, CertificateError, Claim, UndecidedError, Witness, check
from pepkit.kernel.statement import Form, Index, Statement
from pepkit.kernel.witness import Evaluation
from pepkit.rounding.affine import choose_pivots, dyadic, project
from pepkit.rounding.conic import NumericalDual, float_forms, generators
from pepkit.rounding.settings import Progress, RoundingError, RoundingSettings

__all__ = ["active_hypotheses", "sharp_certificate"]

Address = tuple[str, Index]


def active_hypotheses(
    statement: Statement, dual: NumericalDual, evaluations: Sequence[Evaluation]
) -> tuple[list[Address], np.ndarray]:
    """Addresses of the hypotheses that all worst cases satisfy with equality, and their float multipliers."""
    addresses: list[Address] = []
    weights: list[float] = []
    for name, (indices, values) in dual.multipliers.items():
        family = statement.family(name)
        for index, value in zip(indices, values, strict=True):
            address = tuple(int(i) for i in index)
            form = family.form(address)
            if family.relation == "=" or not any(evaluation.value(form) for evaluation in evaluations):
                addresses.append((name, address))
                weights.append(float(value))
    return addresses, np.array(weights)


class _Equations:
    """Function values cancel and S v = 0 for all kernel vectors v, exactly and in floats."""

    def __init__(self, statement: Statement, directions: Sequence[Sequence[Any]]) -> None:
        self.statement = statement
        self.directions = directions
        self.basis = statement.basis
        self.derived = [
            (index, vector.definition)
            for index, vector in reversed(list(enumerate(statement.vectors)))
            if vector.definition is not None
        ]
        self.zero = statement.field.coerce(0)

    def column(self, form: Form) -> list[Any]:
        """All equations of one form: coefficients of the scalars, then (A v) for every direction."""
        result = [form.linear.get(s, self.zero) for s in range(len(self.statement.scalars))]
        for direction in self.directions:
            image: dict[int, Any] = {}
            for (p, q), coefficient in form.quadratic.items():
                half = coefficient / 2
                for a, b in ((p, q), (q, p)):
                    if direction[b]:
                        term = half * direction[b]
                        image[a] = image[a] + term if a in image else term
            for d, definition in self.derived:
                value = image.pop(d, None)
                if value is not None and value:
                    for k, a in definition:
                        image[k] = image[k] + a * value if k in image else a * value
            result.extend(image.get(b, self.zero) for b in self.basis)
        return result


def _float_equations(
    statement: Statement, addresses: Sequence[Address], directions: Sequence[np.ndarray]
) -> np.ndarray:
    coordinates = generators(statement)
    blocks = []
    for name in dict.fromkeys(name for name, _ in addresses):
        indices = np.array([index for n, index in addresses if n == name])
        forms = float_forms(statement, statement.family(name), indices)
        linear = np.zeros((forms.count, len(statement.scalars)))
        np.add.at(linear, (forms.scalar_row, forms.scalar), forms.scalar_value)
        parts = [linear]
        for direction in directions:
            image = np.zeros((forms.count, coordinates.shape[1]))
            np.add.at(image, (forms.row, forms.left), forms.value / 2 * direction[forms.right])
            np.add.at(image, (forms.row, forms.right), forms.value / 2 * direction[forms.left])
            parts.append(image @ coordinates.T)
        blocks.append(np.concatenate(parts, axis=1))
    return np.concatenate(blocks).T


def sharp_certificate(
    claim: Claim,
    dual: NumericalDual,
    cases: Sequence[Witness],
    rate: Any,
    settings: RoundingSettings,
    progress: Progress,
) -> Certificate:
    """A certificate for exactly `rate`, attained by every one of `cases`.

    Parameters
    ----------
    claim
        The question; its rate is replaced.
    dual
        A numerical optimum in the relative interior of the optimal face.
    cases
        Exact worst cases. Their coordinate vectors become the kernel of the residual.

    Raises
    ------
    RoundingError
        If no support, precision or pivot choice gives a certificate that the kernel accepts.
    """
    proved = claim.with_rate(rate)
    statement = proved.statement()
    evaluations = [Evaluation(statement, case) for case in cases]
    progress("support", f"complementary slackness with {len(cases)} exact worst case(s)")
    addresses, weights = active_hypotheses(statement, dual, evaluations)
    if not addresses:
        raise RoundingError("no hypothesis is active at the worst case")
    directions = _independent_directions(statement, evaluations)
    failures: list[str] = []
    for keep in _supports(weights):
        selected = [addresses[k] for k in keep]
        certificate, failure = _round(proved, statement, selected, weights[keep], directions, settings, progress)
        if certificate is not None:
            return Certificate(
                certificate.claim, certificate.multipliers, certificate.kernel, cases[0], certificate.provenance
            )
        failures.append(f"on {len(selected)} multipliers {failure}")
    raise RoundingError(f"sharp rounding failed: {'; '.join(failures) or 'no positive multiplier'}")


def _supports(weights: np.ndarray) -> list[np.ndarray]:
    """Index sets to try: everything positive, then cuts at the largest gaps of log lambda."""
    order = np.argsort(weights)[::-1]
    positive = order[weights[order] > 0]
    if not len(positive):
        return []
    logs = np.log(weights[positive])
    gaps = logs[:-1] - logs[1:]
    cuts = [len(positive)]
    # multipliers below the cut must be negligible, and the jump clear
    for k in np.argsort(gaps)[::-1][:3]:
        if gaps[k] > np.log(30.0) and weights[positive[k + 1]] < 1e-4 * weights[positive[0]]:
            cuts.append(int(k) + 1)
    # a clear gap is tried first: spurious multipliers spoil the exact equations
    return [np.sort(positive[:cut]) for cut in (*cuts[1:], cuts[0])]


def _independent_directions(statement: Statement, evaluations: Sequence[Evaluation]) -> list[list[Any]]:
    """Coordinate vectors of all worst cases, without those that depend on earlier ones."""
    kept: list[list[Any]] = []
    reduced: list[tuple[int, list[Any]]] = []
    for evaluation in evaluations:
        for column in range(len(evaluation.vectors[0])):
            full = [vector[column] for vector in evaluation.vectors]
            current = [full[b] for b in statement.basis]
            for pivot, other in reduced:
                factor = current[pivot]
                if factor:
                    current = [a - factor * b for a, b in zip(current, other, strict=True)]
            pivot = next((k for k, a in enumerate(current) if a), -1)
            if pivot >= 0:
                inverse = 1 / current[pivot]
                reduced.append((pivot, [a * inverse for a in current]))
                kept.append(full)
    return kept


def _round(
    proved: Claim,
    statement: Statement,
    addresses: Sequence[Address],
    weights: np.ndarray,
    directions: Sequence[Sequence[Any]],
    settings: RoundingSettings,
    progress: Progress,
) -> tuple[Certificate | None, str]:
    from pepkit.rounding.conic import _Floats

    convert = _Floats(statement.field)
    numeric = [np.array([convert(a) for a in direction]) for direction in directions]
    equations = _float_equations(statement, addresses, numeric)
    rows, pivots = choose_pivots(equations, weights, settings.rank_tolerance)
    exact = _Equations(statement, directions)
    forms = [statement.family(name).form(index) for name, index in addresses]
    normaliser, measure = exact.column(statement.normaliser), exact.column(statement.measure)
    goal = [proved.rate * a - b for a, b in zip(normaliser, measure, strict=True)]
    pivot_columns = {k: exact.column(forms[k]) for k in pivots}
    free = [k for k in range(len(addresses)) if k not in pivot_columns]
    kernel = tuple(tuple(direction[b] for b in statement.basis) for direction in directions)
    bits_list = settings.short_sharp_bits if len(addresses) <= settings.short_problem else settings.sharp_bits
    failure = "no precision was tried"
    for bits in bits_list:
        progress("approximate", f"{len(free)} free multipliers to {bits} bits, {len(pivots)} pivots exactly")
        values: dict[int, Any] = {k: dyadic(weights[k], bits) for k in free}
        aggregate = _aggregate([(forms[k], value) for k, value in values.items() if value])
        used = exact.column(aggregate)
        right = [a - b for a, b in zip(goal, used, strict=True)]
        solution = project(statement.field, rows, pivots, pivot_columns.__getitem__, right)
        if solution is None:
            return None, "the exact system is singular"
        values.update(zip(pivots, solution, strict=True))
        multipliers: dict[str, dict[Index, Any]] = {}
        for k, (name, index) in enumerate(addresses):
            if values[k]:
                multipliers.setdefault(name, {})[index] = statement.field.coerce(values[k])
        certificate = Certificate(proved, multipliers, kernel, None, {"free-bits": bits})
        progress("check", f"kernel on {sum(map(len, multipliers.values()))} multipliers")
        try:
            check(certificate)
        except (CertificateError, UndecidedError) as error:
            failure = f"at {bits} bits, {error}"
            if "does not cancel" in str(error) or "does not lie in the kernel" in str(error):
                # the support cannot satisfy the equations, whatever the precision
                return None, failure
            continue
        return certificate, ""
    return None, failure


def _aggregate(terms: Sequence[tuple[Form, Any]]) -> Form:
    """The sum of factor * form."""
    quadratic: dict[tuple[int, int], Any] = {}
    linear: dict[int, Any] = {}
    for form, factor in terms:
        for key, coefficient in form.quadratic.items():
            term = coefficient * factor
            quadratic[key] = quadratic[key] + term if key in quadratic else term
        for s, coefficient in form.linear.items():
            term = coefficient * factor
            linear[s] = linear[s] + term if s in linear else term
    return Form(quadratic, linear)
