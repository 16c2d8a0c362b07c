"""Files of network certificates: they round-trip, and changed ones are refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import pytest
from flint import fmpq
from random_networks import case

from pepkit import networks
from pepkit.kernel import (
    CertificateError,
    ClaimError,
    FormatError,
    certificate_from_text,
    certificate_to_text,
    check,
    digest,
)
from pepkit.kernel.files import certificate_from_data

BAD = (CertificateError, FormatError, ClaimError)


def data_of(result: networks.NetworkResult) -> dict[str, Any]:
    return json.loads(certificate_to_text(result.certificate))


@pytest.fixture(scope="module")
def results() -> dict[str, networks.NetworkResult]:
    net, box, _ = case((2, 5, 4, 1), 2, 1.0)
    found = {name: networks.certify_bound(net, box, [1], method_name=name) for name in networks.method_names()}
    found["cases-input"] = networks.certify_bound_by_cases(net, box, [1], relative_gap=0.1, split="input")
    found["cases-sign"] = networks.certify_bound_by_cases(net, box, [1], relative_gap=0.1, split="sign", max_cases=60)
    found["lipschitz"] = networks.certify_lipschitz(net)
    top = found["cases-input"].bound
    unsafe = [[networks.Atom((fmpq(-1),), (), -top - fmpq(1, 50))]]
    reachable = [[networks.Atom((fmpq(-1),), (), -found["cases-input"].lower + fmpq(1, 100))]]
    for split in ("input", "sign"):
        answer = networks.verify(net, box, unsafe, split=split)
        assert answer.word == "unsat"
        found[f"property-{split}"] = answer.result
    answer = networks.verify(net, box, reachable)
    assert answer.word == "sat"
    found["counterexample"] = answer.result
    return found


def test_certificates_survive_their_files(results: dict[str, networks.NetworkResult]) -> None:
    for name, result in results.items():
        text = certificate_to_text(result.certificate)
        again = certificate_from_text(text)
        assert again == result.certificate, name
        assert digest(again) == digest(result.certificate)
        theorem = check(again)
        assert theorem.rate == result.theorem.rate
        assert theorem.lower == result.theorem.lower
        assert str(theorem).startswith("Theorem.")
        assert result._repr_html_()


def numbers(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all exact numbers below."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        if isinstance(value, str) and value.lstrip("-")[:1].isdigit():
            yield (*path, key)
        else:
            yield from numbers(value, (*path, key))


def changed(data: dict[str, Any], path: tuple[Any, ...], change: Any) -> dict[str, Any]:
    result = copy.deepcopy(data)
    at = result
    for key in path[:-1]:
        at = at[key]
    value = change(fmpq(*map(int, (at[path[-1]] + "/1").split("/")[:2])))
    at[path[-1]] = str(value.p) if value.q == 1 else f"{value.p}/{value.q}"
    return result


def proved_rate(data: dict[str, Any]) -> Any:
    """The rate that a file proves, or None if it is refused."""
    try:
        return check(certificate_from_data(data)).rate
    except BAD:
        return None


@pytest.mark.parametrize("name", ["box", "crown", "triangle", "sdp", "cases-input", "cases-sign", "lipschitz"])
def test_a_smaller_rate_is_refused(results: dict[str, networks.NetworkResult], name: str) -> None:
    data = data_of(results[name])
    loss = fmpq(1, 2**20) if name in ("sdp", "lipschitz") else fmpq(1, 2**30)
    assert proved_rate(changed(data, ("claim", "rate"), lambda a: a - loss * abs(a) - loss)) is None
    assert proved_rate(changed(data, ("claim", "rate"), lambda a: a + loss)) is not None


@pytest.mark.parametrize("name", ["box", "crown", "alpha-crown", "cases-input", "property-input"])
def test_bounds_of_hidden_neurons_are_derived_again(results: dict[str, networks.NetworkResult], name: str) -> None:
    data = data_of(results[name])
    count = 0
    for path in numbers(data["proof"]):
        if "layers" in path and ("lower" in path or "upper" in path):
            inward = fmpq(1, 1000) if "lower" in path else fmpq(-1, 1000)
            before = changed(data, ("proof", *path), lambda a, inward=inward: a + inward)
            assert proved_rate(before) is None
            with pytest.raises(BAD):
                check(certificate_from_data(before))
            count += 1
            if count == 40:
                break
    assert count


def contradicted(theorem: Any) -> bool:
    """Whether an input on a grid of the box (a pair of neighbours) contradicts a theorem about a network."""
    claim = theorem.claim
    box = claim.box if hasattr(claim, "box") else networks.box_around([0, 0], 3)
    sides = [
        [low + (high - low) * fmpq(k, 6) for k in range(7)] for low, high in zip(box.lower, box.upper, strict=True)
    ]
    points = list(product(*sides))
    if isinstance(claim, networks.NetworkLipschitz):
        return any(claim.quotient(x, y) > claim.rate for x, y in pairwise(points))
    if isinstance(claim, networks.NetworkBound):
        return any(claim.value(x) > claim.rate for x in points)
    return any(map(claim.holds_at, points))


@pytest.mark.parametrize("name", ["crown", "sdp", "lipschitz", "property-sign"])
@pytest.mark.parametrize("size", [fmpq(1000), fmpq(1, 3), fmpq(-1, 3)])
def test_no_change_of_the_network_or_the_box_slips_through(
    results: dict[str, networks.NetworkResult], name: str, size: fmpq
) -> None:
    """A certificate of a changed claim either fails, or its theorem is true of the changed network."""
    data = data_of(results[name])
    paths = [path for path in numbers(data["claim"]) if path[0] in ("network", "box") and "slopes" not in path]
    refused = 0
    for path in paths:
        sign = -1 if path[:2] == ("box", "lower") else 1
        try:
            theorem = check(certificate_from_data(changed(data, ("claim", *path), lambda a, s=sign: a + s * size)))
        except BAD:
            refused += 1
            continue
        assert not contradicted(theorem), path
    # biases do not enter a Lipschitz constant, and a smaller box keeps its bounds
    assert refused >= len(paths) // 4


def test_changed_counterexamples(results: dict[str, networks.NetworkResult]) -> None:
    """The input of a counterexample is evaluated with the changed network."""
    data = data_of(results["counterexample"])
    claim, proof = data["claim"], data["proof"]
    atom = claim["region"][0][0]
    low = {**claim, "region": [[{**atom, "bound": "-1000"}]]}
    moved = changed(data, ("claim", "network", 2, "bias", 0), lambda a: a - 1000)
    small = {**claim, "box": {**claim["box"], "upper": claim["box"]["lower"]}}
    for wrong in (low, moved["claim"], small, {**claim, "region": []}):
        with pytest.raises(CertificateError):
            check(certificate_from_data({**data, "claim": wrong}))
    check(certificate_from_data({**data, "claim": {**claim, "region": [[]]}, "proof": proof}))


def test_multipliers_of_gram_proofs(results: dict[str, networks.NetworkResult]) -> None:
    for name in ("sdp", "lipschitz"):
        data = data_of(results[name])
        for family, entries in data["proof"]["multipliers"].items():
            for k in range(len(entries)):
                path = ("proof", "multipliers", family, k, 1)
                flipped = changed(data, path, lambda a: -a)
                if family not in ("unit", "activation"):
                    assert proved_rate(flipped) is None, (family, k)
                if family == "slopes":
                    assert proved_rate(changed(data, path, lambda a: a * 1000)) is None, (family, k)
                missing = copy.deepcopy(data)
                del missing["proof"]["multipliers"][family][k]
                if family in ("unit", "slopes"):
                    assert proved_rate(missing) is None


def test_cases_must_cover_the_box(results: dict[str, networks.NetworkResult]) -> None:
    for name in ("cases-input", "property-sign"):
        data = data_of(results[name])
        cases = data["proof"]["cases"]
        assert any("split" in node for node in cases)
        for wrong in (cases[:-1], cases[1:], [*cases, cases[-1]], []):
            other = copy.deepcopy(data)
            other["proof"]["cases"] = wrong
            assert proved_rate(other) is None
            with pytest.raises(BAD):
                check(certificate_from_data(other))


def test_splits_are_checked(results: dict[str, networks.NetworkResult]) -> None:
    data = data_of(results["cases-input"])
    first = data["proof"]["cases"][0]["split"]
    for wrong in (
        ["input", first[1], "1000"],
        ["input", 7, first[2]],
        ["sign", 9, 0],
        ["output", 0, "0"],
        ["input", 0],
    ):
        other = copy.deepcopy(data)
        other["proof"]["cases"][0]["split"] = wrong
        with pytest.raises(BAD):
            check(certificate_from_data(other))


def test_goals_of_properties(results: dict[str, networks.NetworkResult]) -> None:
    data = data_of(results["property-input"])
    leaf = next(k for k, node in enumerate(data["proof"]["cases"]) if node.get("goals"))
    for weights in (["-1"], ["0"], [], ["1", "1"]):
        other = copy.deepcopy(data)
        other["proof"]["cases"][leaf]["goals"][0]["weights"] = weights
        with pytest.raises(BAD):
            check(certificate_from_data(other))
    for lines in (77, -2):
        other = copy.deepcopy(data)
        other["proof"]["cases"][leaf]["goals"][0]["lines"] = lines
        with pytest.raises(BAD):
            check(certificate_from_data(other))


def test_points_are_evaluated(results: dict[str, networks.NetworkResult]) -> None:
    data = data_of(results["counterexample"])
    for k in range(2):
        with pytest.raises(BAD):
            check(certificate_from_data(changed(data, ("proof", "point", k), lambda a: a + 10)))
    data = data_of(results["crown"])
    with pytest.raises(BAD):
        check(certificate_from_data(changed(data, ("proof", "point", 0), lambda a: a + 10)))
    data = data_of(results["lipschitz"])
    data["proof"]["pair"][1] = data["proof"]["pair"][0]
    with pytest.raises(BAD):
        check(certificate_from_data(data))


def test_proofs_belong_to_their_claims(results: dict[str, networks.NetworkResult]) -> None:
    bound, counterexample = data_of(results["crown"]), data_of(results["counterexample"])
    prop = data_of(results["property-input"])
    for claim, proof in (
        (bound, counterexample),
        (counterexample, bound),
        (prop, counterexample),
        (counterexample, prop),
    ):
        with pytest.raises(BAD):
            check(certificate_from_data({**claim, "proof": proof["proof"]}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("claim", "network", 0, "weights", 0), ["1"]),
        (("claim", "network", 0, "bias"), []),
        (("claim", "network", 0, "slopes", 0), "2"),
        (("claim", "network", 0, "slopes", 0), "-1"),
        (("claim", "network", 0, "weights", 0, 0), 1),
        (("claim", "network", 0, "weights", 0, 0), "0.5"),
        (("claim", "network"), []),
        (("claim", "box", "lower", 0), "1000"),
        (("claim", "objective"), []),
        (("proof", "cases", 0, "relaxation", "layers"), []),
        (("proof", "cases", 0, "relaxation", "lines"), []),
        (("proof", "cases", 0, "goals"), []),
        (("proof", "kind"), "network-guess"),
    ],
)
def test_malformed_files(results: dict[str, networks.NetworkResult], path: tuple[Any, ...], value: Any) -> None:
    data = data_of(results["crown"])
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(BAD):
        check(certificate_from_data(data))


def test_plain_multipliers_prove_nothing_about_networks(results: dict[str, networks.NetworkResult]) -> None:
    """A Gram matrix is no input of the network, so files with multipliers and a witness are refused."""
    for name in ("sdp", "lipschitz", "property-input"):
        data = data_of(results[name])
        proof = data.pop("proof")
        data["multipliers"] = proof.get("multipliers", {})
        with pytest.raises(ClaimError):
            check(certificate_from_data(data))
