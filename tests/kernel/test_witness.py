"""Witnesses: accepted exactly if every hypothesis holds, with the exact value."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from flint import fmpq, fmpz
from helpers.certificates import (
    RADICALS,
    SQRT2,
    constant_step,
    everything,
    huber_witness,
    listed,
    nonconvex,
    quadratic_witness,
    silver,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pepkit.kernel import (
    Certificate,
    CertificateError,
    FormatError,
    GradientDescent,
    MethodClaim,
    PepkitError,
    UndecidedError,
    Witness,
    check,
)
from pepkit.kernel.witness import check_witness

RATIONAL = {
    name: c for name, c in everything().items() if isinstance(c.claim, MethodClaim) and c.claim.field.degree == 1
}


def fraction(value: Any) -> Fraction:
    value = fmpq(value)
    return Fraction(int(value.p), int(value.q))


def holds(claim: MethodClaim, witness: Witness) -> bool:
    """The hypotheses of docs/certificate-format.md, section 4.3, in plain fractions."""
    m = fraction(claim.function_class.mu_over_L)
    rows = [[fraction(a) for a in row] for row in witness.coordinates]
    values = [fraction(a) for a in witness.scalars]
    count, dimension = claim.steps, len(rows[0])
    zero = [Fraction(0)] * dimension
    start = rows.pop(0) if claim.has_minimiser else zero
    if isinstance(claim.method, GradientDescent):
        steps = [fraction(h) for h in claim.method.steps]
        matrix = [steps[: i + 1] for i in range(count)]
    else:
        matrix = [[fraction(h) for h in row] for row in claim.method.matrix]
    points = [start]
    for row in matrix:
        points.append([a - sum(h * rows[k][d] for k, h in enumerate(row)) for d, a in enumerate(start)])
    data = [(points[i], rows[i], values[i]) for i in range(count + 1)]
    if claim.has_minimiser:
        data.append((zero, zero, Fraction(0)))

    def dot(u: Any, v: Any) -> Fraction:
        return sum((a * b for a, b in zip(u, v, strict=True)), Fraction(0))

    def less(u: Any, v: Any) -> list[Fraction]:
        return [a - b for a, b in zip(u, v, strict=True)]

    for i, (x, g, f) in enumerate(data):
        for j, (y, k, h) in enumerate(data):
            if i == j:
                continue
            dx, dg = less(x, y), less(g, k)
            square = dot(dg, dg) + m * dot(dx, dx) - 2 * m * dot(dg, dx)
            if f - h - dot(k, dx) - square / (2 * (1 - m)) < 0:
                return False
    gradients = [dot(g, g) for g in rows]
    if m < 0 and any(f < g / 2 for f, g in zip(values, gradients, strict=False)):
        return False
    return len(values) == count + 1 or all(g >= values[-1] for g in gradients)


@pytest.mark.parametrize("name", sorted(RATIONAL))
def test_the_oracle_agrees_with_the_closed_forms(name: str) -> None:
    witness = RATIONAL[name].witness
    assert witness is not None and holds(RATIONAL[name].claim, witness)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(RATIONAL)), st.data())
def test_a_changed_witness_is_accepted_exactly_if_it_is_valid(name: str, data: Any) -> None:
    certificate = RATIONAL[name]
    claim, witness = certificate.claim, certificate.witness
    assert witness is not None and isinstance(claim, MethodClaim)
    rows, scalars = [list(row) for row in witness.coordinates], list(witness.scalars)
    if data.draw(st.booleans()):  # a second dimension
        rows = [[*row, fmpq(0)] for row in rows]
    for _ in range(data.draw(st.integers(1, 2))):
        change = data.draw(st.sampled_from([1, -1, 2, -2])) * fmpq(
            1, data.draw(st.sampled_from([1, 10, 10**9, 10**40]))
        )
        place = data.draw(st.integers(0, len(rows) + len(scalars) - 1))
        if place < len(rows):
            rows[place][data.draw(st.integers(0, len(rows[0]) - 1))] += change
        else:
            scalars[place - len(rows)] += change
    changed = Witness(tuple(map(tuple, rows)), tuple(scalars))
    try:
        theorem = check(replace(certificate, witness=changed))
    except CertificateError as error:
        assert "the witness violates" in str(error) or "not positive" in str(error)
        assert "normaliser" in str(error) or not holds(claim, changed)
    else:
        assert holds(claim, changed)
        assert theorem.lower <= theorem.rate
        assert theorem.tight == (theorem.lower == theorem.rate)


def test_weaker_witnesses_give_weaker_bounds() -> None:
    certificate = constant_step(3)
    steps = (fmpq(1),) * 3
    for slope in (fmpq(1, 8), fmpq(1, 100), fmpq(1, fmpz(10) ** 200)):
        theorem = check(replace(certificate, witness=huber_witness(certificate.claim.field, steps, slope)))
        assert theorem.lower == slope * (1 - 3 * slope) - slope**2 / 2 < theorem.rate
        assert not theorem.tight
        assert "at least" in str(theorem)
    theorem = check(replace(certificate, witness=quadratic_witness(certificate.claim.field, steps, fmpq(1, 7))))
    assert theorem.lower == fmpq(1, 14) * fmpq(6, 7) ** 6
    # a Huber function whose quadratic part is reached is not this one
    with pytest.raises(CertificateError, match="violates"):
        check(replace(certificate, witness=huber_witness(certificate.claim.field, steps, fmpq(1, 3))))


@pytest.mark.parametrize("exponent", [1, 30, 300])
def test_violated_by_a_hair(exponent: int) -> None:
    tiny = fmpq(1, fmpz(10) ** exponent)
    for name, certificate in everything().items():
        if name == "radical":
            continue
        witness = certificate.witness
        assert witness is not None
        for k in range(len(witness.scalars)):
            outcomes = []
            for side in (tiny, -tiny):
                scalars = (*witness.scalars[:k], witness.scalars[k] + side, *witness.scalars[k + 1 :])
                try:
                    theorem = check(replace(certificate, witness=replace(witness, scalars=scalars)))
                    outcomes.append(theorem.tight)
                except CertificateError as error:
                    assert "violates" in str(error) or "at the witness" in str(error)
                    outcomes.append(None)
            assert True not in outcomes or name == "nonconvex"
            assert None in outcomes


@pytest.mark.parametrize(
    "witness",
    [
        Witness((), ()),
        Witness(((), (), ()), ()),
        Witness(((), (), ()), (fmpq(0), fmpq(0))),
        Witness(((fmpq(1),), (fmpq(1, 3),)), (fmpq(5, 18), fmpq(1, 6))),
        Witness(((fmpq(1),), (fmpq(1, 3),), (fmpq(1, 3),), (fmpq(1),)), (fmpq(5, 18), fmpq(1, 6))),
        Witness(((fmpq(1),), (fmpq(1, 3),), (fmpq(1, 3), fmpq(0))), (fmpq(5, 18), fmpq(1, 6))),
        Witness(((fmpq(1),), (fmpq(1, 3),), (fmpq(1, 3),)), (fmpq(5, 18),)),
        Witness(((fmpq(1),), (fmpq(1, 3),), (fmpq(1, 3),)), (fmpq(5, 18), fmpq(1, 6), fmpq(1))),
        Witness(((0.5,), (fmpq(1, 3),), (fmpq(1, 3),)), (fmpq(5, 18), fmpq(1, 6))),
        Witness(((fmpq(1),), (fmpq(1, 3),), (fmpq(1, 3),)), (True, fmpq(1, 6))),
        Witness(((SQRT2.generator,), (fmpq(1, 3),), (fmpq(1, 3),)), (fmpq(5, 18), fmpq(1, 6))),
        Witness(((fmpq(0),), (fmpq(0),), (fmpq(0),)), (fmpq(0), fmpq(0))),
        Witness(((fmpq(-1),), (fmpq(1, 3),), (fmpq(1, 3),)), (fmpq(5, 18), fmpq(1, 6))),
    ],
)
def test_bad_witnesses(witness: Witness) -> None:
    with pytest.raises(PepkitError):
        check(replace(constant_step(1), witness=witness))


def test_matrix_inequalities_and_equalities_at_the_witness() -> None:
    certificate = listed()
    one = fmpq(1)
    good = check(replace(certificate, witness=Witness(((fmpq(1, 2),), (fmpq(1, 2),)), (fmpq(1, 4),))))
    assert good.lower == 1 and not good.tight
    for witness, message in (
        (Witness(((one,), (one,)), (fmpq(9, 10),)), "the square of v"),
        (Witness(((one,), (2 * one,)), (4 * one,)), "s is at most one"),
        (Witness(((2 * one,), (one,)), (one,)), "u is short"),
        (
            Witness(((one,), (one + fmpq(1, fmpz(10) ** 300),)), ((one + fmpq(1, fmpz(10) ** 300)) ** 2,)),
            "s is at most one",
        ),
    ):
        with pytest.raises(CertificateError, match=message):
            check(replace(certificate, witness=witness))


def test_higher_dimensions() -> None:
    """Rotating a witness changes nothing; 3-4-5."""
    for certificate in (constant_step(3), nonconvex()):
        witness = certificate.witness
        assert witness is not None
        rows = tuple((a * fmpq(3, 5), a * fmpq(-4, 5), a * 0) for (a,) in witness.coordinates)
        theorem = check(replace(certificate, witness=replace(witness, coordinates=rows)))
        assert theorem.tight
        assert "dimension 3" in theorem.checks[-1]


def test_a_wrong_witness_cannot_contradict_a_theorem() -> None:
    """A witness above the rate violates some hypothesis."""
    certificate = silver(2)
    witness = certificate.witness
    assert witness is not None
    bigger = replace(witness, scalars=tuple(value + fmpq(1, fmpz(10) ** 100) for value in witness.scalars))
    with pytest.raises(CertificateError, match="violates"):
        check(replace(certificate, witness=bigger))


def test_radical_witness() -> None:
    """A witness with irrational entries: hypotheses with slack are decided, equalities are not."""
    certificate: Certificate = everything()["radical"]
    statement = certificate.claim.statement()
    one, zero, root = RADICALS.coerce(1), RADICALS.coerce(0), RADICALS.nodes[0]
    rows = ((root,), (zero,), (zero,), (zero,))
    assert check_witness(statement, Witness(rows, (zero, zero, zero))) is not None
    with pytest.raises(UndecidedError):
        check(replace(certificate, witness=huber_witness(RADICALS, [root, RADICALS.nodes[10]], one / 9)))
    with pytest.raises(FormatError):
        check(replace(certificate, witness=Witness(rows[:3], (zero, zero, zero))))
