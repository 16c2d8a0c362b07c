"""Certificates about injectivity: they survive their file, and every change that matters is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from flint import fmpq

from pepkit.kernel import (
    CertificateError,
    ClaimError,
    FormatError,
    certificate_from_text,
    certificate_to_text,
    check,
    claim_digest,
    digest,
)
from pepkit.kernel.files import certificate_from_data, certificate_to_data
from pepkit.kernel.injectivity import InjectiveNetwork
from pepkit.networks.injectivity import (
    decide_injectivity,
    probability_certificate,
    relu_layer,
    relu_network,
    threshold,
)

REFUSED = (CertificateError, FormatError, ClaimError)

# rows +-e_1, +-e_2 and a fifth: every quadrant keeps two independent rows
SQUARE = [["1/2", "0"], ["-1", "0"], ["0", "1"], ["0", "-3"], ["1", "1"]]
FOLD = [
    [["1", "0"], ["-1", "0"], ["0", "1"], ["0", "-1"]],
    [["1", "1", "0", "0"], ["0", "0", "1", "0"], ["0", "0", "0", "1"]],
]


def one_layer() -> Any:
    return decide_injectivity(relu_layer(SQUARE)).certificate


def with_bias() -> Any:
    return decide_injectivity(relu_layer(SQUARE, ["0", "1/3", "0", "0", "-2"])).certificate


def two_layers() -> Any:
    # three inputs, so that the sectors of the plane do not apply
    first = [[str(s * int(i == j)) for j in range(3)] for i in range(3) for s in (1, -1)]
    second = [[str(s * int(i == j)) for j in range(6)] for i in range(6) for s in (1, -1)]
    return decide_injectivity(relu_network([first, second])).certificate


def sectors() -> Any:
    second = [[str(int(i == j)) for j in range(4)] for i in range(4)]
    return decide_injectivity(relu_network([FOLD[0], second])).certificate


def collision() -> Any:
    return decide_injectivity(relu_layer(SQUARE[1:])).certificate


def fold() -> Any:
    return decide_injectivity(relu_network(FOLD)).certificate


def enclosure() -> Any:
    return threshold("gordon", 12)


def probability() -> Any:
    return probability_certificate(2, 9)


ALL = [one_layer, with_bias, two_layers, sectors, collision, fold, enclosure, probability]


@pytest.mark.parametrize("make", ALL)
def test_round_trip(make: Callable[[], Any]) -> None:
    certificate = make()
    text = certificate_to_text(certificate)
    again = certificate_from_text(text)
    assert certificate_to_text(again) == text
    assert digest(again) == digest(certificate) and claim_digest(again.claim) == claim_digest(certificate.claim)
    theorem = check(again)
    assert str(theorem).startswith("Theorem.") and theorem.checks


def test_kinds() -> None:
    kinds = [(d["claim"]["kind"], d["proof"]["kind"]) for d in (certificate_to_data(make()) for make in ALL)]
    assert kinds == [
        ("injective-network", "positive-dependencies"),
        ("injective-network", "positive-dependencies"),
        ("injective-network", "positive-dependencies"),
        ("injective-network", "planar-sectors"),
        ("non-injective-network", "collision"),
        ("non-injective-network", "collision"),
        ("injectivity-threshold", "sign-change"),
        ("injectivity-probability", "sign-count"),
    ]


def numbers(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all exact numbers and row indices."""
    if isinstance(data, dict):
        kept = [key for key in data if key not in ("kind", "constant")]
        return [p for key in kept for p in numbers(data[key], (*path, key))]
    if isinstance(data, list):
        return [p for k, value in enumerate(data) for p in numbers(value, (*path, k))]
    return [path]


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    result = copy.deepcopy(data)
    target = result
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return result


def get(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


@pytest.mark.parametrize("make", [one_layer, with_bias, two_layers])
def test_every_number_of_a_dependency_matters(make: Callable[[], Any]) -> None:
    data = certificate_to_data(make())
    paths = numbers(data["proof"])
    assert len(paths) >= 8
    for path in paths:
        old = get(data["proof"], path)
        for new in [old + 1, old - 1, 10**6] if isinstance(old, int) else ["0", "-1", old + "1", "7/3"]:
            if new == old:
                continue
            bad = dict(data, proof=changed(data["proof"], path, new))
            with pytest.raises(REFUSED):
                check(certificate_from_data(bad))


def test_scaled_dependencies_prove_the_same() -> None:
    data = certificate_to_data(one_layer())
    for dependency in data["proof"]["layers"][0]:
        for pair in dependency:
            pair[1] = str(5 * int(pair[1])) if "/" not in pair[1] else pair[1]
    kept = all("/" not in pair[1] for dependency in data["proof"]["layers"][0] for pair in dependency)
    assert kept
    assert check(certificate_from_data(data)).checks == check(one_layer()).checks


def test_a_missing_dependency_leaves_a_case_open() -> None:
    data = certificate_to_data(one_layer())
    listed = data["proof"]["layers"][0]
    for k in range(len(listed)):
        bad = dict(data, proof=changed(data["proof"], ("layers", 0), listed[:k] + listed[k + 1 :]))
        with pytest.raises(CertificateError, match="stays open"):
            check(certificate_from_data(bad))


def test_a_smaller_bias_breaks_the_proof() -> None:
    data = certificate_to_data(with_bias())
    data["claim"]["network"][0]["bias"][0] = "-1"
    with pytest.raises(CertificateError, match="weighted biases"):
        check(certificate_from_data(data))


def test_weights_that_matter() -> None:
    """Every weight of a layer in the plane, turned around, breaks the claim or its proof."""
    data = certificate_to_data(one_layer())
    for row, column in ((0, 0), (1, 0), (2, 1), (3, 1)):
        path = ("network", 0, "weights", row, column)
        old = get(data["claim"], path)
        new = old[1:] if old.startswith("-") else "-" + old
        with pytest.raises(REFUSED):
            check(certificate_from_data(dict(data, claim=changed(data["claim"], path, new))))


@pytest.mark.parametrize("make", [collision, fold])
def test_every_number_of_a_collision_matters(make: Callable[[], Any]) -> None:
    data = certificate_to_data(make())
    refused = 0
    for path in numbers(data["proof"]):
        for new in ("17/5", "-4"):
            if new == get(data["proof"], path):
                continue
            try:
                check(certificate_from_data(dict(data, proof=changed(data["proof"], path, new))))
            except REFUSED:
                refused += 1
    # single coordinates may move along a whole segment of equal outputs, but not all of them everywhere
    assert refused >= 3
    same = dict(data, proof=dict(data["proof"], y=data["proof"]["x"]))
    with pytest.raises(CertificateError, match="equal"):
        check(certificate_from_data(same))
    short = dict(data, proof=dict(data["proof"], y=data["proof"]["x"][:-1]))
    with pytest.raises(FormatError):
        check(certificate_from_data(short))


def test_the_sectors_are_derived_again() -> None:
    data = certificate_to_data(fold())
    claim = dict(data["claim"], kind="injective-network")
    with pytest.raises(CertificateError, match="have the same image"):
        check(certificate_from_data(dict(data, claim=claim, proof={"kind": "planar-sectors"})))
    biased = copy.deepcopy(certificate_to_data(sectors()))
    biased["claim"]["network"][0]["bias"] = ["1", "0", "0", "0"]
    with pytest.raises(ClaimError, match="without biases"):
        check(certificate_from_data(biased))


@pytest.mark.parametrize("name", ["mean-direction", "gordon", "cell-union"])
@pytest.mark.parametrize("key", ["low", "high", "below", "above"])
def test_every_end_of_an_enclosure_matters(name: str, key: str) -> None:
    data = certificate_to_data(threshold(name, 10))
    part = "claim" if key in ("low", "high") else "proof"
    numerator, _, denominator = data[part][key].partition("/")
    unit = int(denominator or 1)
    sign = 1 if key in ("low", "below") else -1
    # one part in a thousand inwards
    value = f"{int(numerator) * 1000 + sign * int(numerator)}/{unit * 1000}"
    reduced = fmpq(*map(int, value.split("/")))
    bad = dict(data, **{part: dict(data[part], **{key: str(reduced)})})
    with pytest.raises(REFUSED):
        check(certificate_from_data(bad))


def test_another_threshold_is_another_claim() -> None:
    data = certificate_to_data(threshold("gordon", 10))
    for other in ("mean-direction", "cell-union", "nothing"):
        with pytest.raises(REFUSED):
            check(certificate_from_data(dict(data, claim=dict(data["claim"], constant=other))))


@pytest.mark.parametrize(("key", "value"), [("rows", 10), ("inputs", 1), ("inputs", 3), ("probability", "3/4")])
def test_another_probability_is_refused(key: str, value: Any) -> None:
    data = certificate_to_data(probability())
    with pytest.raises(REFUSED):
        check(certificate_from_data(dict(data, claim=dict(data["claim"], **{key: value}))))


@pytest.mark.parametrize("make", ALL)
def test_proofs_of_other_kinds_and_unknown_members(make: Callable[[], Any]) -> None:
    data = certificate_to_data(make())
    for other in ALL:
        proof = certificate_to_data(other())["proof"]
        kinds = {proof["kind"], data["proof"]["kind"]}
        # the sectors of the plane prove any true claim that they apply to
        if len(kinds) == 2 and kinds != {"planar-sectors", "positive-dependencies"}:
            with pytest.raises(REFUSED):
                check(certificate_from_data(dict(data, proof=proof)))
    for part in ("claim", "proof"):
        with pytest.raises(FormatError):
            certificate_from_data(dict(data, **{part: dict(data[part], extra="1")}))
    field = {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["1", "2"]}
    with pytest.raises(FormatError, match="over the rationals"):
        certificate_from_data(dict(data, field=field))


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [{"weights": [], "bias": [], "slopes": []}],
        [{"weights": [[]], "bias": ["0"], "slopes": ["0"]}],
        [{"weights": [["1"], ["1", "2"]], "bias": ["0", "0"], "slopes": ["0", "0"]}],
        [{"weights": [["1"]], "bias": ["0"], "slopes": ["2"]}],
        [{"weights": [["1"]], "bias": ["0"], "slopes": ["-1/2"]}],
        [{"weights": [["1"]], "bias": ["1", "1"], "slopes": ["0"]}],
        [{"weights": [["1"]], "bias": ["1"], "slopes": "0"}],
        [{"weights": [["1"]], "slopes": ["0"]}],
        [{"weights": [["2/4"]], "bias": ["0"], "slopes": ["0"]}],
        [{"weights": [[1]], "bias": ["0"], "slopes": ["0"]}],
        [{"weights": [["1"]], "bias": ["0"]}, {"weights": [["1"]], "bias": ["0"]}],
        [{"weights": [["1"]], "bias": ["0"], "slopes": ["0"]}, {"weights": [["1", "1"]], "bias": ["0"]}],
    ],
)
def test_networks_that_are_none(layers: Any) -> None:
    data = certificate_to_data(collision())
    with pytest.raises(REFUSED):
        certificate_from_data(dict(data, claim=dict(data["claim"], network=layers)))


def test_floats_in_files_are_refused() -> None:
    text = json.dumps(certificate_to_data(collision())).replace('"-1"', "-1.0", 1)
    with pytest.raises(FormatError):
        certificate_from_text(text)


def test_long_claims_have_short_words() -> None:
    assert len(str(check(probability_certificate(2, 5000)))) < 400
    layers = relu_network([[["1"], ["-1"]], *[[["1", "0"], ["0", "1"]]] * 100])
    assert len(repr(InjectiveNetwork(layers))) < 200


def test_every_layer_needs_its_own_dependencies() -> None:
    data = certificate_to_data(two_layers())
    layers = data["proof"]["layers"]
    for other in ([layers[0]], [layers[0], []], [[], layers[1]], [layers[1], layers[0]], [*layers, []]):
        with pytest.raises(REFUSED):
            check(certificate_from_data(dict(data, proof=dict(data["proof"], layers=other))))
