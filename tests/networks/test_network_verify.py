"""Properties decided by cases."""

from __future__ import annotations

import pytest
from flint import fmpq
from random_networks import case

from pepkit import networks
from pepkit.kernel import ClaimError, check


def above(value: fmpq) -> list[list[networks.Atom]]:
    """f_0 >= value."""
    return [[networks.Atom((fmpq(-1),), (), -value)]]


@pytest.mark.parametrize("split", ["input", "sign"])
@pytest.mark.parametrize("method", ["crown", "alpha-crown"])
def test_answers_on_both_sides_of_the_maximum(split: str, method: str) -> None:
    net, box, _ = case((3, 6, 5, 1), 1, 0.7)
    result = networks.certify_bound_by_cases(net, box, [1], relative_gap=0.01)
    margin = fmpq(1, 20)
    answer = networks.verify(net, box, above(result.bound + margin), split=split, method_name=method)
    assert answer.word == "unsat"
    check(answer.result.certificate)
    answer = networks.verify(net, box, above(result.lower), split=split, method_name=method)
    assert answer.word == "sat"
    assert net(answer.counterexample)[0] >= result.lower
    assert answer.counterexample in box


def test_conjunctions_and_inputs() -> None:
    """|x| as a network: it is never below x, and it is at least 1/2 with x <= 0 for some x."""
    net = networks.network([[[1], [-1]], [[1, 1]]])
    box = networks.box_around([0], 1)
    below = [[networks.Atom((fmpq(1),), (fmpq(-1),), fmpq(-1, 100))]]
    assert networks.verify(net, box, below).word == "unsat"
    left = [[networks.Atom((fmpq(-1),), (), fmpq(-1, 2)), networks.Atom((fmpq(0),), (fmpq(1),), fmpq(0))]]
    answer = networks.verify(net, box, left)
    assert answer.word == "sat"
    assert answer.counterexample[0] <= fmpq(-1, 2)
    both = [[networks.Atom((fmpq(-1),), (), fmpq(-1, 2)), networks.Atom((fmpq(1),), (), fmpq(1, 4))]]
    assert networks.verify(net, box, [*both, *below]).word == "unsat"


def test_empty_and_full_regions() -> None:
    net, box, _ = case((2, 4, 1), 0, 0.5)
    assert networks.verify(net, box, []).word == "unsat"
    assert networks.verify(net, box, [[]]).word == "sat"


def test_limits_are_reported() -> None:
    net, box, _ = case((3, 6, 5, 1), 1, 0.7)
    value = networks.certify_bound_by_cases(net, box, [1], relative_gap=0.001).bound + fmpq(1, 10**6)
    answer = networks.verify(net, box, above(value), max_cases=1)
    assert (answer.word, answer.result) == ("unknown", None)
    assert "limit of 1 cases" in str(answer)
    assert networks.verify(net, box, above(value), timeout=0.0).word == "timeout"
    with pytest.raises(ClaimError, match="unknown way to split"):
        networks.verify(net, box, above(value), split="both")
