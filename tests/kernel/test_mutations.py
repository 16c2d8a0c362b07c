"""Mutations: a certificate with one thing changed proves nothing, unless the change is harmless and we can say why.

Every mutation must end in an error of pepkit or in a theorem; a theorem must be one that the original claim,
an independent lower bound, or the definition of the class explains.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from flint import fmpq, fmpz
from helpers.certificates import SQRT2, constant_step, everything, silver
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import (
    Certificate,
    CertificateError,
    ClaimError,
    FormatError,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    NumberField,
    PepkitError,
    UndecidedError,
    certificate_from_text,
    certificate_to_text,
    check,
)
from pepkit.kernel.files import certificate_from_data
from pepkit.kernel.numbers import rational_from_text, rational_text

ALL = everything()
METHODS = sorted(name for name, c in ALL.items() if isinstance(c.claim, MethodClaim))
TINY = [fmpq(1, fmpz(10) ** 5000), fmpq(1, fmpz(10) ** 300), fmpq(1, 10**30), fmpq(1, 10**6), fmpq(1, 7), fmpq(3)]
REFUSED = (CertificateError, FormatError, ClaimError)


def rejected(certificate: Certificate) -> bool:
    """Whether the check refuses, with the right kind of error."""
    try:
        check(certificate)
    except REFUSED:
        return True
    return False


def with_multipliers(certificate: Certificate, family: str, values: dict[Any, Any]) -> Certificate:
    return replace(certificate, multipliers={**certificate.multipliers, family: values})


# ---- multipliers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_multiplier_can_be_changed(name: str) -> None:
    certificate = replace(ALL[name], witness=None)
    number_field = certificate.claim.field
    for family, values in certificate.multipliers.items():
        for index, value in values.items():
            if isinstance(value, tuple):
                continue
            value = number_field.coerce(value)
            changes = [value + t for t in TINY] + [value - t for t in TINY] + [-value, 2 * value, value * 0, value / 2]
            for change in changes:
                assert rejected(with_multipliers(certificate, family, {**values, index: change})), (index, change)
            rest = {k: v for k, v in values.items() if k != index}
            assert rejected(with_multipliers(certificate, family, rest))
            for other in certificate.claim.statement().family(family).indices():
                if other != index:  # moved, or exchanged with another one
                    moved = {**rest, other: value}
                    if other in values:
                        moved[index] = values[other]
                        if number_field.coerce(values[other]) == value:
                            continue
                    assert rejected(with_multipliers(certificate, family, moved)), (index, other)
        rest = {k: v for k, v in certificate.multipliers.items() if k != family}
        assert rejected(replace(certificate, multipliers=rest))


@pytest.mark.parametrize("name", sorted(set(ALL) - {"radical"}))  # whose multipliers are all positive
@pytest.mark.parametrize("hints", [True, False])
def test_no_multiplier_can_be_added(name: str, hints: bool) -> None:
    """Tight certificates: an unused hypothesis, or a pair of opposite ones that keeps the function values."""
    certificate = replace(ALL[name], witness=None, kernel=ALL[name].kernel if hints else ())
    statement = certificate.claim.statement()
    for family in statement.families:
        values = dict(certificate.multipliers.get(family.name, {}))
        if family.relation != ">=":
            continue
        for index in family.indices():
            for value in (fmpq(1, fmpz(10) ** 300), fmpq(1, 3)):
                if index not in values:
                    assert rejected(with_multipliers(certificate, family.name, {**values, index: value}))
                    assert rejected(with_multipliers(certificate, family.name, {**values, index: -value}))
                if len(index) == 2:
                    pair = {k: values.get(k, 0) + value for k in (index, index[::-1])}
                    with_pair = with_multipliers(certificate, family.name, {**values, **pair})
                    if not rejected(with_pair):  # a dual solution need not be unique, but then S z = 0 still
                        assert name.startswith(("constant", "silver"))
                        assert check(with_pair).rate == certificate.claim.rate


@pytest.mark.parametrize("name", ["listed", "listed-sqrt2"])
def test_matrix_multipliers(name: str) -> None:
    certificate = replace(ALL[name], witness=None)
    (matrix,) = certificate.multipliers["matrix-inequalities"].values()
    for i in range(2):
        for j in range(2):
            for tiny in TINY:
                for side in (1, -1):
                    rows = [list(row) for row in matrix]
                    rows[i][j] = rows[i][j] + side * tiny
                    symmetric = [list(row) for row in rows]
                    symmetric[j][i] = rows[i][j]
                    for variant in (rows, symmetric):
                        value = tuple(map(tuple, variant))
                        assert rejected(with_multipliers(certificate, "matrix-inequalities", {(0,): value})), value


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(METHODS), st.data())
def test_random_changes_of_several_multipliers(name: str, data: Any) -> None:
    """Circulations: the function values cancel, so only signs and semidefiniteness stand against the change.

    Accepted changes must keep a certificate for the same claim, which the witness shows to be true.
    """
    certificate = ALL[name]
    statement = certificate.claim.statement()
    values = dict(certificate.multipliers["interpolation"])
    indices = list(statement.family("interpolation").indices())
    points = sorted({i for index in indices for i in index})
    cycle = data.draw(st.permutations(points))[: data.draw(st.integers(2, len(points)))]
    amount = data.draw(st.sampled_from(TINY)) * data.draw(st.sampled_from([1, -1]))
    for i, j in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        values[i, j] = certificate.claim.field.coerce(values.get((i, j), 0)) + amount
    negative = any(certificate.claim.field.sign(certificate.claim.field.coerce(v)) < 0 for v in values.values())
    changed = with_multipliers(certificate, "interpolation", values)
    try:
        theorem = check(changed)
    except CertificateError as error:
        assert "does not cancel" not in str(error)
        if negative:
            assert "negative" in str(error)
    else:
        assert not negative
        assert theorem.rate == certificate.claim.rate


# ---- the claim -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("hints", [True, False])
def test_the_rate_cannot_be_lowered(name: str, hints: bool) -> None:
    certificate = replace(ALL[name], witness=None, kernel=ALL[name].kernel if hints else ())
    rate = certificate.claim.rate
    for tiny in TINY:
        lower = replace(certificate, claim=certificate.claim.with_rate(rate - tiny))
        if name == "radical" and tiny < fmpq(1, 10**5):
            assert check(lower).rate == rate - tiny  # 2 % of slack
        else:
            with pytest.raises(CertificateError) as caught:
                check(lower)
            assert not isinstance(caught.value, UndecidedError)
    for wrong in (-rate, rate * 0, rate / 2):
        assert rejected(replace(certificate, claim=certificate.claim.with_rate(wrong)))


def lower_bounds(steps: list[Fraction], measure: Measure) -> list[Fraction]:
    """Worst cases on the line for convex functions, over |x_0 - x_*|^2: Huber and x^2/2."""
    total, product = sum(steps), Fraction(1)
    for h in steps:
        product *= 1 - h
    if measure is Measure.FUNCTION_VALUE:
        slope = 1 / (2 * total + 1) if 2 * total + 1 > 0 else Fraction(0)
        return [slope / 2, product**2 / 2]
    slope = 1 / (total + 1) if total + 1 > 0 else Fraction(0)
    return [slope**2, product**2]


@pytest.mark.parametrize("name", [n for n in METHODS if not n.startswith(("nonconvex", "radical"))])
@pytest.mark.parametrize("hints", [True, False])
def test_a_changed_step_is_refused_or_the_theorem_is_true(name: str, hints: bool) -> None:
    certificate = replace(ALL[name], witness=None, kernel=ALL[name].kernel if hints else ())
    claim = certificate.claim
    steps = claim.method.steps if isinstance(claim.method, GradientDescent) else claim.method.matrix[-1]
    outcomes: Counter[bool] = Counter()
    for k in range(len(steps)):
        for change in [*TINY, *(-t for t in TINY)]:
            if isinstance(claim.method, GradientDescent):
                method: Any = replace(claim.method, steps=(*steps[:k], steps[k] + change, *steps[k + 1 :]))
                changed = list(method.steps)
            else:
                rows = [list(row) for row in claim.method.matrix]
                for row in rows[k:]:
                    row[k] = row[k] + change
                method = replace(claim.method, matrix=tuple(map(tuple, rows)))
                changed = rows[-1]
            refused = rejected(replace(certificate, claim=replace(claim, method=method)))
            outcomes[refused] += 1
            if refused:
                continue
            assert claim.function_class.mu_over_L == 0
            with mpmath.workdps(6000):
                exact = [Fraction(*as_ratio(claim.field, h)) for h in changed]
            rate = Fraction(*as_ratio(claim.field, claim.rate))
            assert max(lower_bounds(exact, claim.measure)) <= rate + Fraction(1, 10**5500)
    assert outcomes[True] >= outcomes[False]
    if certificate.kernel or not name.startswith("constant"):
        assert outcomes[False] == 0, outcomes


def as_ratio(number_field: Any, value: Any) -> tuple[int, int]:
    low, _ = number_field.scaled_enclosure(value, 19_000)
    return low, 1 << 19_000


@pytest.mark.parametrize("name", METHODS)
def test_measure_and_initial_condition_cannot_be_exchanged(name: str) -> None:
    certificate = replace(ALL[name], witness=None)
    claim = certificate.claim
    for measure in Measure:
        for initial in InitialCondition:
            if (measure, initial) == (claim.measure, claim.initial):
                continue
            try:
                other = replace(claim, measure=measure, initial=initial)
            except ClaimError:
                continue
            assert rejected(replace(certificate, claim=other)), (measure, initial)
            assert rejected(replace(certificate, claim=other, kernel=())), (measure, initial)


@pytest.mark.parametrize("name", METHODS)
def test_a_larger_class_is_refused(name: str) -> None:
    """mu lowered. Raised, the class is smaller and the theorem true, whether this proof shows it or not."""
    certificate = replace(ALL[name], witness=None)
    claim = certificate.claim
    for tiny in TINY:
        try:
            larger = replace(
                claim, function_class=replace(claim.function_class, mu_over_L=claim.function_class.mu_over_L - tiny)
            )
        except ClaimError:
            continue
        if name == "radical" and tiny < fmpq(1, 10**5):
            assert check(replace(certificate, claim=larger)).rate == claim.rate
        else:
            assert rejected(replace(certificate, claim=larger)), tiny
            assert rejected(replace(certificate, claim=larger, kernel=())), tiny


@pytest.mark.parametrize("name", METHODS)
def test_another_number_of_steps(name: str) -> None:
    claim = ALL[name].claim
    if not isinstance(claim.method, GradientDescent):
        return
    steps = claim.method.steps
    for changed in (steps[:-1], steps[1:], (*steps, steps[0]), (*steps, claim.field.coerce(0)), (steps[0] * 0, *steps)):
        if changed:
            method = replace(claim, method=GradientDescent(changed))
            if name == "nonconvex" and changed[:1] == steps and len(changed) == 2:
                # the smallest of more gradients: true, and the old proof shows it
                assert check(replace(ALL[name], claim=method, witness=None)).rate == claim.rate
                continue
            assert rejected(replace(ALL[name], claim=method))
            assert rejected(replace(ALL[name], claim=method, kernel=(), witness=None))


def test_reversed_silver_is_the_same() -> None:
    """The silver schedule is a palindrome; a permuted one is refused."""
    certificate = silver(2)
    steps = certificate.claim.method.steps
    assert check(replace(certificate, claim=replace(certificate.claim, method=GradientDescent(steps[::-1])))).tight
    for order in ((1, 0, 2), (0, 2, 1), (2, 0, 1)):
        permuted = GradientDescent(tuple(steps[k] for k in order))
        if permuted.steps != steps:
            assert rejected(replace(certificate, claim=replace(certificate.claim, method=permuted)))


def test_the_conjugate_field_is_refused() -> None:
    """The file with the other root of the minimal polynomial."""
    for name, certificate in ALL.items():
        if not isinstance(certificate.claim.field, NumberField):
            continue
        data = json.loads(certificate_to_text(certificate))
        roots = {"-2,0,1": [("-2", "-1"), ("-2", "1")], "-1,1,0,1": [], "1,-4,0,0,0,1": [("1", "2"), ("-2", "0")]}
        for low, high in roots[",".join(data["field"]["minpoly"])]:
            for keep in (True, False):
                data["field"]["root"] = [low, high]
                if not keep:
                    data.pop("witness", None)
                    data.pop("kernel", None)
                if name == "listed-sqrt2":  # symmetric in the sign of r: |u| <= |r|
                    assert check(certificate_from_text(json.dumps(data))).rate == 4
                    continue
                with pytest.raises(REFUSED):
                    check(certificate_from_text(json.dumps(data)))


# ---- hints ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(n for n, c in ALL.items() if c.kernel))
def test_kernel_vectors_cannot_be_changed(name: str) -> None:
    certificate = ALL[name]
    vectors = certificate.kernel
    for number, vector in enumerate(vectors):
        for k in range(len(vector)):
            for tiny in TINY:
                changed = [*vector[:k], vector[k] + tiny, *vector[k + 1 :]]
                kernel = (*vectors[:number], tuple(changed), *vectors[number + 1 :])
                with pytest.raises(CertificateError, match="kernel"):
                    check(replace(certificate, kernel=kernel))
        for wrong in (vector[:-1], (*vector, vector[0]), tuple(a * 0 for a in vector), ()):
            with pytest.raises(CertificateError, match="kernel"):
                check(replace(certificate, kernel=(*vectors[:number], wrong, *vectors[number + 1 :])))
        with pytest.raises(CertificateError, match="depends"):
            check(replace(certificate, kernel=(*vectors, vector)))
        scaled = tuple(a * fmpq(-7, 3) for a in vector)  # harmless
        assert check(replace(certificate, kernel=(*vectors[:number], scaled, *vectors[number + 1 :]))).tight
        assert check(replace(certificate, kernel=vectors[:number] + vectors[number + 1 :])).tight
    assert check(replace(certificate, kernel=vectors[::-1])).tight


# ---- every number of every file ------------------------------------------------------------------


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path, data


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    data = copy.deepcopy(data)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


def alternatives(value: Any) -> list[Any]:
    if isinstance(value, str):
        try:
            number = rational_from_text(value)
        except FormatError:
            return []
        tiny = [fmpq(1, fmpz(10) ** 300), fmpq(1, 10**30), fmpq(1, 7), fmpq(1)]
        changed = [number + t for t in tiny] + [number - t for t in tiny] + [-number, 2 * number, number * 0]
        return [rational_text(n) for n in changed if n != number]
    if isinstance(value, int):
        return [value + 1, value - 1, 0 if value else 2, True, False, None, str(value), [value], value + 0.5]
    return []


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_number_of_the_file(name: str) -> None:
    certificate = replace(ALL[name], provenance={})
    data = json.loads(certificate_to_text(certificate))
    number_field = certificate.claim.field
    total, accepted = 0, []
    for path, value in leaves(data):
        for change in alternatives(value):
            total += 1
            try:
                theorem = check(certificate_from_data(put(data, path, change)))
            except REFUSED:
                continue
            accepted.append((path, change, theorem))
    assert total > 100
    assert len(accepted) < total / 3
    for path, change, theorem in accepted:
        claim = theorem.claim
        if path[0] == "multipliers" or path[0] == "kernel":
            raise AssertionError((path, change))
        if path[0] == "witness":
            assert claim == certificate.claim and (
                name == "radical" or not theorem.tight or theorem.lower == theorem.rate
            )
        elif path[:2] == ("field", "root"):
            assert claim.field == number_field and theorem.tight
        elif path[:2] == ("field", "program"):
            assert name == "radical"
            steps = [Fraction(*as_ratio(claim.field, h)) for h in claim.method.steps]
            assert max(lower_bounds(steps, claim.measure)) <= Fraction(149, 2048)
        elif path[1] == "rate":
            if name == "radical":
                assert theorem.rate.exact > fmpq(711147, 10**7)  # the optimum is 0.07111474...
            else:
                assert number_field.sign(theorem.rate - certificate.claim.rate) > 0
        elif path[1:3] == ("class", "mu/L"):
            if name == "radical":  # slack
                assert abs(claim.function_class.mu_over_L.exact) <= fmpq(1, 10**30)
                continue
            difference = claim.function_class.mu_over_L - certificate.claim.function_class.mu_over_L
            assert number_field.sign(difference) > 0
        elif path[1] == "class":
            raise AssertionError("L is no number in these files")
        elif path[1] == "method":
            # steps that do not lengthen the worst case: the theorem is true
            assert name in ("constant-3-plain", "radical", "nonconvex") or name.startswith("strongly"), (path, change)
        else:
            assert isinstance(claim, ListedClaim) and path[1:] == ("normaliser", "constant"), (path, change)


def test_exchanged_parts_of_two_certificates() -> None:
    """The multipliers, kernels and witnesses of one certificate with the claim of another."""
    accepted, total = 0, 0
    for one, first in ALL.items():
        for two, second in ALL.items():
            if one == two or first.claim == second.claim:
                continue
            for mixed in (
                replace(first, multipliers=second.multipliers, witness=None),
                replace(first, multipliers=second.multipliers, kernel=second.kernel, witness=second.witness),
                replace(first, witness=second.witness, kernel=()),
                replace(first, kernel=second.kernel, witness=None),
            ):
                total += 1
                try:
                    theorem = check(mixed)
                except PepkitError:
                    continue
                accepted += 1
                assert theorem.claim == first.claim  # true, whatever proves it
    assert accepted < total / 4


def test_a_true_but_unproved_claim_is_refused() -> None:
    """The check proves; it does not guess. Half of the right multipliers and a rate that is far too large."""
    certificate = constant_step(3, kernel=False, witness=False)
    values = dict(certificate.multipliers["interpolation"])
    del values[0, 1]
    large = certificate.claim.with_rate(10**6)
    with pytest.raises(CertificateError, match="does not cancel"):
        check(replace(certificate, claim=large, multipliers={"interpolation": values}))
    with pytest.raises(CertificateError, match="does not cancel"):
        check(replace(certificate, claim=large, multipliers={}))
    assert SQRT2.sign(silver(1).claim.rate) == 1
