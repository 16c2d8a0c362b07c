"""Convex gradient rates over f(x_0) - f_* without the minimiser.

For mu = 0 and the initial condition f(x_0) - f_*, the vector x_0 - x_* has no square in the residual, so every
certificate has multiplier zero on the inequalities Q_*j, and its residual a zero row: rounding finds no interior.
The same statement without x_*, with the infimum inequalities f_i - f_* >= |g_i|^2/2 (which are the Q_i*), has one.
Its multipliers are those of the claim itself under other addresses.
"""

from __future__ import annotations

from flint import fmpq

from pepkit.kernel import (
    Certificate,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    MethodClaim,
    SmoothFunctionClass,
)

__all__ = ["has_infimum_form", "infimum_form", "lifted"]


def has_infimum_form(claim: object) -> bool:
    """Whether the claim is about L-smooth convex functions with f(x_0) - f_* as initial condition."""
    return (
        isinstance(claim, MethodClaim)
        and claim.initial is InitialCondition.FUNCTION_VALUE
        and claim.has_minimiser
        and not claim.function_class.mu_over_L
        and isinstance(claim.method, GradientDescent)
    )


def infimum_form(claim: MethodClaim) -> ListedClaim:
    """The statement without x_*: pairs of iterates, then one infimum inequality each, then the other hypotheses."""
    statement = claim.statement()
    last = claim.steps + 1
    # the class of hypoconvex functions has the same vectors without x_0 - x_*; any ratio below zero shows them
    shifted = MethodClaim(
        claim.field, SmoothFunctionClass(fmpq(-1, 2)), claim.method, claim.measure, claim.initial
    ).statement()
    inequalities = []
    for family in statement.families:
        for index in family.indices():
            if family.name == "interpolation" and index[0] == last:
                continue
            form = family.form(index)
            # vector 0 is x_0 - x_*, the others keep their order
            quadratic = {(p - 1, q - 1): c for (p, q), c in form.quadratic.items() if p > 0}
            inequalities.append((_name(family.name, index), type(form)(quadratic, form.linear, form.constant)))
    measure, normaliser = shifted.measure, shifted.normaliser
    return ListedClaim(
        shifted.vectors, statement.scalars, tuple(inequalities), (), (), measure, normaliser, None,
        "a claim without its minimiser", claim.field,
    )  # fmt: skip


def lifted(claim: MethodClaim, certificate: Certificate) -> Certificate:
    """The certificate of the claim from one of its infimum form."""
    form = certificate.claim
    if not isinstance(form, ListedClaim):
        raise TypeError("the certificate is not one of an infimum form")
    multipliers: dict[str, dict[tuple[int, ...], object]] = {}
    for (position,), value in certificate.multipliers.get("inequalities", {}).items():
        family, _, address = form.inequalities[position][0].partition(" ")
        multipliers.setdefault(family, {})[tuple(int(i) for i in address.split(","))] = value
    return Certificate(claim.with_rate(certificate.claim.rate), multipliers, (), None, certificate.provenance)


def _name(family: str, index: tuple[int, ...]) -> str:
    return f"{family} {','.join(map(str, index))}"
