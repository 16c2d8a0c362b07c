"""Two derivations of one statement: the hypotheses of the kernel and those of the verifier agree.

The kernel lists forms; the verifier multiplies matrices of the points. Both are linear in the
multipliers, so equality at random multipliers is equality of all hypotheses.
"""

from __future__ import annotations

import itertools
import json
from random import Random
from typing import Any

import pytest
from closed_forms import SQRT2, listed
from flint import fmpq

from pepkit.kernel import (
    RATIONALS,
    Certificate,
    ClaimError,
    FixedStepMethod,
    InitialCondition,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
    Witness,
    certificate_to_text,
)
from pepkit.kernel.statement import gram_residual
from pepkit.kernel.witness import Evaluation
from pepkit.verification.problems import problem_of
from pepkit.verification.reals import reals_of

PAIRS = list(itertools.product(Measure, InitialCondition))
RATIOS = [fmpq(-1), fmpq(-1, 3), fmpq(0), fmpq(1, 4)]


def numbers(field: Any, random: Random) -> Any:
    """A random element of the field."""
    value = field.coerce(fmpq(random.randint(-9, 9), random.randint(1, 5)))
    if field is SQRT2:
        value = value + fmpq(random.randint(-9, 9), 7) * field.generator
    return value


def compare(certificate: Certificate, random: Random) -> None:
    """Residuals at the multipliers of the certificate, and hypotheses at a random witness."""
    claim = certificate.claim
    field, statement = claim.field, claim.statement()
    data = json.loads(certificate_to_text(certificate))
    reals = reals_of(data["field"], 64)
    problem = problem_of(reals, data["claim"])
    assert problem.scalars == list(statement.scalars)
    assert problem.basis_size == len(statement.basis)
    assert {family.name: family.relation for family in statement.families}.items() <= problem.relations.items()

    def converted(value: Any) -> Any:
        return reals.read(field.write(field.coerce(value)))

    def multiplier(value: Any) -> Any:
        return [[converted(a) for a in row] for row in value] if isinstance(value, tuple) else converted(value)

    terms = [(statement.normaliser, field.coerce(claim.rate)), (statement.measure, field.coerce(-1))]
    for name, values in certificate.multipliers.items():
        for index, value in values.items():
            form = statement.family(name).form(index)
            if isinstance(value, tuple):
                size = range(len(form))
                terms += [(form[i][j], -value[i][j]) for i in size for j in size]
            else:
                terms.append((form, -value))
    matrix, linear, constant = gram_residual(statement, terms)
    residual = problem.residual(
        {name: {i: multiplier(v) for i, v in values.items()} for name, values in certificate.multipliers.items()}
    )
    assert residual.matrix == [[converted(a) for a in row] for row in matrix]
    assert list(residual.scalars.values()) == [converted(linear.get(s, 0)) for s in range(len(problem.scalars))]
    assert residual.constant == converted(constant)

    coordinates = tuple((numbers(field, random), numbers(field, random)) for _ in statement.basis)
    scalars = tuple(numbers(field, random) for _ in statement.scalars)
    evaluation = Evaluation(statement, Witness(coordinates, scalars))
    witnessed = problem.witnessed([[converted(a) for a in row] for row in coordinates], [converted(a) for a in scalars])
    assert witnessed.normaliser == converted(evaluation.value(statement.normaliser))
    assert witnessed.measure == converted(evaluation.value(statement.measure))
    forms = [family.form(index) for family in statement.families for index in family.indices()]
    values = [evaluation.value(form) for form in forms if not isinstance(form, tuple)]
    found = [h.value for h in witnessed.hypotheses if h.relation != "psd"]
    if isinstance(claim, MethodClaim):
        # the families are listed in another order
        assert sorted(map(str, found)) == sorted(str(converted(value)) for value in values)
    else:
        assert found == [converted(value) for value in values]


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
@pytest.mark.parametrize(("measure", "initial"), PAIRS, ids=lambda member: member.name.lower())
@pytest.mark.parametrize("field", [RATIONALS, SQRT2], ids=repr)
def test_method_claims(field: Any, measure: Measure, initial: InitialCondition, ratio: fmpq) -> None:
    random = Random(1)
    count = 3
    method = FixedStepMethod(tuple(tuple(numbers(field, random) for _ in range(i + 1)) for i in range(count)))
    rate = numbers(field, random)
    try:
        claim = MethodClaim(field, SmoothFunctionClass(ratio), method, measure, initial, rate)
    except ClaimError:
        pytest.skip("the pair has no finite rate in this class")
    multipliers = {
        family.name: {index: numbers(field, random) + 20 for index in family.indices()}
        for family in claim.statement().families
    }
    compare(Certificate(claim, multipliers), random)


def test_pairs_without_a_rate() -> None:
    """The verifier refuses the pairs that the kernel refuses."""
    for measure, initial in PAIRS:
        for ratio in RATIOS:
            data = {
                "kind": "method",
                "class": {"L": "L", "mu/L": RATIONALS.write(ratio)},
                "method": {"type": "gradient-descent", "steps": ["1"]},
                "measure": measure.value,
                "initial": initial.value,
                "rate": "1",
            }
            method = FixedStepMethod(((fmpq(1),),))
            try:
                MethodClaim(RATIONALS, SmoothFunctionClass(ratio), method, measure, initial, fmpq(1))
            except ClaimError:
                with pytest.raises(Exception, match="no bound"):
                    problem_of(reals_of({"kind": "rationals"}, 64), data)
            else:
                problem_of(reals_of({"kind": "rationals"}, 64), data)


def test_listed_claim() -> None:
    compare(listed(), Random(2))
