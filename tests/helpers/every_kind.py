"""Certificates of every kind that the kernel knows, as JSON data: small, and each with its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from flint import fmpq

from helpers.certificates import SQRT2, everything
from pepkit import networks
from pepkit.kernel import (
    RATIONALS,
    CompositionClaim,
    CompositionProof,
    InitialCondition,
    Measure,
    ScheduleProperty,
    SmoothFunctionClass,
    Witness,
    certificate_to_text,
)
from pepkit.kernel.composition_properties import CompositionPropertyClaim, TreeProof
from pepkit.networks.injectivity import (
    decide_injectivity,
    probability_certificate,
    relu_layer,
    relu_network,
    threshold,
)
from pepkit.proximal import certify_proximal
from pepkit.quadratics import certify_arcsine, certify_quadratic
from pepkit.schedule_bounds import certify_every_schedule
from pepkit.schedule_check import check_schedule
from pepkit.schedules import chebyshev, constant, obs_f, silver, tree
from pepkit.straightforward import straightforward

__all__ = ["by_kinds", "examples"]

F, G, SMALLEST, X = (
    Measure.FUNCTION_VALUE,
    Measure.GRADIENT_NORM,
    Measure.SMALLEST_GRADIENT_NORM,
    Measure.DISTANCE,
)
FROM_X, FROM_F = InitialCondition.DISTANCE, InitialCondition.FUNCTION_VALUE
TENTH = fmpq(1, 10)


def _compositions() -> Iterator[tuple[str, Any]]:
    rho = 1 + SQRT2.generator
    joins = (("s", "empty", "empty"), ("s", 0, 0), ("s", 1, 1))
    claim = CompositionClaim(SQRT2, SmoothFunctionClass(), joins, rate=1 / (4 * rho**3 - 2))
    yield "silver", CompositionProof(claim, (rho, rho**2, rho**3))
    enclosed: list[tuple[str, Any, fmpq, Measure, InitialCondition, fmpq]] = [
        ("s gradient", (("s", "empty", "empty"), ("s", 0, "empty")), fmpq(0), G, FROM_X, fmpq(1, 9)),
        ("f", (("s", "empty", "empty"), ("f", 0, "empty")), fmpq(0), F, FROM_X, fmpq(1, 11)),
        ("f of s", (("s", "empty", "empty"), ("f", "empty", 0)), fmpq(0), F, FROM_X, fmpq(1, 10)),
        ("g", (("s", "empty", "empty"), ("g", "empty", 0)), fmpq(0), SMALLEST, FROM_F, fmpq(4, 11)),
        ("f rational", (("f", "empty", "empty"),), fmpq(0), F, FROM_X, fmpq(1, 8)),
        ("f strongly convex", (("s", "empty", "empty"), ("f", 0, "empty")), TENTH, F, FROM_X, fmpq(1, 10)),
        ("g strongly convex", (("g", "empty", "empty"),), TENTH, G, FROM_F, fmpq(1, 2)),
        ("closed", (("s", "empty", "empty"), ("close", 0), ("close", "empty"), ("then", 1, 2)), TENTH, X, FROM_X,
         fmpq(9, 20)),
    ]  # fmt: skip
    for name, instructions, mu, measure, initial, rate in enclosed:
        yield (
            name,
            CompositionProof(
                CompositionClaim(RATIONALS, SmoothFunctionClass(mu), instructions, measure, initial, rate)
            ),
        )
    closed = CompositionClaim(RATIONALS, SmoothFunctionClass(TENTH), (("close", "empty"),), X, FROM_X, fmpq(81, 121))
    yield "closed exactly", CompositionProof(closed, ())


def _networks() -> Iterator[tuple[str, Any]]:
    weights = [[["1", "1/2"], ["-1", "2"], ["1/3", "-1"]], [["1", "-1", "2"], ["0", "1", "1"]], [["1", "-2"]]]
    biases = [["1/4", "0", "-1/2"], ["0", "1/5"], ["1"]]
    net = networks.network(weights, biases, [["0", "1/10", "1"], ["0", "1/2"]])
    box = networks.box_around([0, 0], 1)
    for method in ("box", "crown", "triangle"):
        yield f"bound {method}", networks.certify_bound(net, box, [1], method_name=method).certificate
    yield "bound gram", networks.certify_bound(net, box, [1], method_name="sdp").certificate
    for split in ("input", "sign"):
        found = networks.certify_bound_by_cases(net, box, [1], relative_gap=0.1, split=split, max_cases=12)
        yield f"bound by {split}", found.certificate
    top = found.bound
    unsafe = [[networks.Atom((fmpq(-1),), (fmpq(0), fmpq(0)), -top - 1)], [networks.Atom((fmpq(1),), (), -top - 99)]]
    yield "property", networks.verify(net, box, unsafe).result.certificate
    reachable = [[networks.Atom((fmpq(-1),), (fmpq(1), fmpq(0)), fmpq(5))]]
    yield "counterexample", networks.verify(net, box, reachable).result.certificate
    yield "lipschitz", networks.certify_lipschitz(net).certificate
    for norm, variant in (("euclidean", "pieces"), ("euclidean", "chain"), ("maximum", "lp"), ("maximum", "pieces")):
        yield f"lipschitz {norm} {variant}", networks.certify_lipschitz(net, norm=norm, variant=variant).certificate
    wide = networks.network([[["1", "-1/2", "1/3"], ["1/4", "1", "0"]], [["1", "1"]]])
    yield "lipschitz wide chain", networks.certify_lipschitz(wide, variant="chain-fast").certificate


def _lines() -> Iterator[tuple[str, Any]]:
    for name, line in networks.minimal_lines().items():
        for number, certificate in enumerate(networks.jump_set(line, name).certificates):
            yield f"line {name} {number}", certificate
    ends = [networks.network([[[a, 1], [1, "-1/2"]], [[1, a]]], [[0, "1/3"], [0]]) for a in ("1/2", "-1")]
    moved = networks.WeightLine(*ends, networks.box_around([0, 0], 1), (1,))
    yield "line deepz", networks.jump_set(moved, "deepz").certificates[0]


def _injectivity() -> Iterator[tuple[str, Any]]:
    square = [["1/2", "0"], ["-1", "0"], ["0", "1"], ["0", "-3"], ["1", "1"]]
    fold = [[["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]], [["1", "1", "0", "0"], ["0", "0", "1", "0"]]]
    unit = [[str(int(i == j)) for j in range(4)] for i in range(4)]
    leaky = networks.network([square[1:]], None, last_slopes=["0", "1/2", "0", "0"])
    doubled = [[str(s * int(i == j)) for j in range(3)] for i in range(3) for s in (1, -1)]
    yield "one layer", decide_injectivity(relu_layer(square, ["0", "1/3", "0", "0", "-2"])).certificate
    yield "leaky", decide_injectivity(leaky).certificate
    six = [[str(int(i == j)) for j in range(6)] for i in range(6)]
    yield "two layers", decide_injectivity(relu_network([doubled, six], last_activation=False)).certificate
    yield "sectors", decide_injectivity(relu_network([fold[0], unit])).certificate
    yield "collision", decide_injectivity(relu_layer(square[1:])).certificate
    yield "fold", decide_injectivity(relu_network([fold[0], [*fold[1], ["0", "0", "0", "1"]]])).certificate
    for name in ("mean-direction", "gordon", "cell-union"):
        yield name, threshold(name, 12)
    yield "probability", probability_certificate(2, 9)
    yield "probability of one input", probability_certificate(1, 4)


def _schedules() -> Iterator[tuple[str, Any]]:
    for plan in (silver(3), obs_f(2)):
        for answer in check_schedule(plan):
            if getattr(answer, "certificate", None) is not None:
                yield f"{answer.certificate.claim.name.value} {plan.name}", answer.certificate
    yield "pattern", straightforward(3).certificate
    yield "every schedule", certify_every_schedule(1, "1/10")
    yield (
        "every schedule, hypoconvex",
        certify_every_schedule(
            1, "1/2", mu="-1/2", measure=Measure.SMALLEST_GRADIENT_NORM, initial=InitialCondition.FUNCTION_VALUE
        ),
    )


def _quadratics() -> Iterator[tuple[str, Any]]:
    yield "pell", certify_quadratic(["3/2"], "1/3").certificate
    yield "pell over a number field", certify_quadratic(chebyshev(2, "1/4"), "1/4").certificate
    yield "bernstein", certify_quadratic(["1", "5/4"], "1/10").certificate
    yield "bernstein at an inner point", certify_quadratic(["10", "1"], "1/10").certificate
    yield "bernstein with a root", certify_quadratic(silver(3), "1/10").certificate
    yield "arcsine", certify_arcsine("1/9").certificate
    yield "arcsine over a number field", certify_arcsine("1/10").certificate


def _proximal() -> Iterator[tuple[str, Any]]:
    yield "proximal point", certify_proximal(constant(2), "relaxed-proximal-point").certificate
    yield "proximal point silver", certify_proximal(silver(3), "relaxed-proximal-point").certificate
    yield "proximal gradient", certify_proximal(constant(2), "proximal-gradient").certificate


def _trees() -> Iterator[tuple[str, Any]]:
    for text, name in (
        ("s(., s(., .))", ScheduleProperty.S_COMPOSABLE),
        ("f(s(., .), f(., .))", ScheduleProperty.F_COMPOSABLE),
        ("f(., s(., .))", ScheduleProperty.DOMINANT),
        ("g(g(., .), s(., .))", ScheduleProperty.G_BOUNDED),
    ):
        yield f"tree {text}", TreeProof(CompositionPropertyClaim(tree(text).instructions, name))


def _weighted() -> Iterator[tuple[str, Any]]:
    """A witness whose inner product has weights: coordinates times 3/7, weights over its square."""
    for name in ("constant-1", "strongly-convex-cubic"):
        made = everything()[name]
        given, factor = made.witness, fmpq(3, 7)
        if given is None:
            raise ValueError(f"{name} has no witness")
        rows = tuple(tuple(a * factor for a in row) for row in given.coordinates)
        weight = made.claim.field.coerce(1 / factor**2)
        yield f"weighted {name}", replace(made, witness=Witness(rows, given.scalars, (weight,) * given.dimension))


MAKERS: tuple[Callable[[], Iterator[tuple[str, Any]]], ...] = (
    lambda: iter(everything().items()),
    _weighted,
    _compositions,
    _networks,
    _lines,
    _injectivity,
    _schedules,
    _quadratics,
    _proximal,
    _trees,
)


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    return tuple((name, certificate_to_text(made)) for make in MAKERS for name, made in make())


def examples() -> dict[str, dict[str, Any]]:
    """Name -> fresh JSON data."""
    return {name: json.loads(text) for name, text in _texts()}


def by_kinds() -> dict[tuple[str, str], list[str]]:
    """(kind of claim, kind of proof or "multipliers") -> names."""
    result: dict[tuple[str, str], list[str]] = {}
    for name, data in examples().items():
        key = (data["claim"]["kind"], data["proof"]["kind"] if "proof" in data else "multipliers")
        result.setdefault(key, []).append(name)
    return result
