"""False claims about networks that a proof could seem to prove: all are refused, quickly, and with an error of ours.

Certificates are written here as JSON by hand, as a stranger would write them. Where a claim holds, `proved` shows that
the forgery beside it fails for its own reason and not for a mistake in the file.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flint import fmpq, fmpq_poly
from helpers.every_kind import examples
from helpers.network_files import INTERVALS, bound, deep, file, layer, lipschitz, too_large, wide

from pepkit.kernel import CertificateError, FormatError, PepkitError, certificate_from_text, check
from pepkit.kernel.files import certificate_from_data
from pepkit.kernel.maximum_norm import NetworkMaximumLipschitz
from pepkit.kernel.network_claims import NetworkBound, NetworkCounterexample, NetworkLipschitz, NetworkProperty
from pepkit.kernel.network_proofs import (
    MAX_SPLITS,
    Leaf,
)
from pepkit.kernel.network_relaxation import Lines, Relaxation
from pepkit.kernel.networks import MAX_WIDTH
from pepkit.kernel.rational_functions import IntervalSigns, RationalFunction, isolated_roots

EXAMPLES = examples()


def verdict(data: Any) -> str:
    """The kind of the error that the check of this file ends with, through its text; "proved" if it is accepted."""
    try:
        check(certificate_from_text(json.dumps(data)))
    except PepkitError as error:
        return type(error).__name__
    return "proved"


# ---- a proof of one kind of claim says nothing about another ---------------------------------------------------


def proof_of(name: str) -> Any:
    return certificate_from_data(EXAMPLES[name])


def test_a_point_proves_no_property() -> None:
    """The claims have the same members: the point that refutes the property must not prove it."""
    proof = proof_of("counterexample")
    claim = NetworkProperty(proof.claim.network, proof.claim.box, proof.claim.region)
    assert claim.holds_at(proof.point)
    with pytest.raises(FormatError, match="for claims of type NetworkCounterexample"):
        check(replace(proof, claim=claim))


def test_cases_that_avoid_a_region_prove_no_counterexample() -> None:
    proof = proof_of("property")
    claim = NetworkCounterexample(proof.claim.network, proof.claim.box, proof.claim.region)
    with pytest.raises(FormatError, match="for claims of type NetworkBound or NetworkProperty"):
        check(replace(proof, claim=claim))


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name.startswith(("lipschitz", "bound"))])
def test_constants_and_bounds_are_not_exchanged(name: str) -> None:
    """All of them have a network and a rate; with a rate of another meaning each would be "proved"."""
    proof = proof_of(name)
    network, rate = proof.claim.network, proof.claim.rate
    box = proof_of("bound box").claim.box
    claims = (
        NetworkBound(network, box, (fmpq(1),) * network.outputs, rate) if network.inputs == len(box.lower) else None,
        NetworkLipschitz(network, rate),
        NetworkMaximumLipschitz(network, rate),
    )
    bare = replace(proof, **({"pair": None} if hasattr(proof, "pair") else {"point": None}))
    good = {type(proof.claim)} | ({NetworkLipschitz, NetworkMaximumLipschitz} if "pieces" in name else set())
    others = [claim for claim in claims if claim is not None and type(claim) not in good]
    assert others
    for claim in others:
        with pytest.raises(FormatError, match="for claims of type"):
            check(replace(bare, claim=claim))


@pytest.mark.parametrize("name", ["sectors", "one layer", "collision", "gordon", "probability", "line hbox 0"])
def test_other_proofs_ask_for_their_claims(name: str) -> None:
    for other in ("sectors", "collision", "gordon", "probability", "line hbox 0", "counterexample"):
        claim = proof_of(other).claim
        if type(claim) is not type(proof_of(name).claim):
            with pytest.raises(FormatError, match="for claims of type"):
                check(replace(proof_of(name), claim=claim))


def test_words_of_ones_own() -> None:
    """A claim of a derived class could say anything."""

    class Boast(NetworkBound):
        def sentence(self, lower: Any = None, tight: bool = False) -> str:
            return "Theorem. Everything holds."

    proof = proof_of("bound box")
    claim = proof.claim
    with pytest.raises(FormatError, match="not Boast"):
        check(replace(proof, claim=Boast(claim.network, claim.box, claim.objective, claim.rate)))


def test_limits_count_neurons_from_zero() -> None:
    """An index from the end would add the limit of one neuron to the form of another."""
    proof = proof_of("bound crown")
    size = len(proof.nodes[0].relaxation.layers[0].lower)
    for index in (-1, size):
        leaf = proof.nodes[0]
        lines = tuple(Lines(t.lower, t.upper, ((0, index, fmpq(-1)),)) for t in leaf.relaxation.lines)
        nodes = (Leaf(Relaxation(lines, leaf.relaxation.layers), leaf.goals),)
        with pytest.raises(FormatError, match="there is no neuron"):
            check(replace(proof, nodes=nodes))


# ---- small files that would take days, or more memory than there is -----------------------------------------------


def test_the_widest_layer() -> None:
    """Twenty thousand neurons: a table of all pairs of them would have 400 million entries."""
    bounds = {"lower": ["-1"] * MAX_WIDTH, "upper": ["1"] * MAX_WIDTH, **INTERVALS}
    leaf = {"relaxation": {"lines": [], "layers": [bounds]}, "goals": [{"lines": -1, "weights": ["1"]}]}
    assert verdict(bound(wide(MAX_WIDTH), str(MAX_WIDTH), [leaf])) == "proved"
    assert verdict(bound(wide(MAX_WIDTH), str(MAX_WIDTH - 1), [leaf])) == "CertificateError"


@pytest.mark.parametrize("name", too_large())
def test_small_files_that_ask_for_too_much(name: str) -> None:
    data = too_large()[name]
    assert len(json.dumps(data)) < 2_000_000
    assert verdict(data) in ("ClaimError", "FormatError")


def test_as_many_splits_as_allowed() -> None:
    leaf = {
        "relaxation": {"lines": [], "layers": [{"lower": ["-1"], "upper": ["1"], **INTERVALS}]},
        "goals": [{"lines": -1, "weights": ["1"]}],
    }
    cases = [{"split": ["input", 0, "0"]}] * MAX_SPLITS + [leaf] * (MAX_SPLITS + 1)
    assert verdict(bound(deep(2), "1", cases)) == "proved"
    assert verdict(bound(deep(2), "1", [{"split": ["input", 0, "0"]}, *cases, leaf])) == "FormatError"


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name.startswith("line") and name[-1] in "12z"])
def test_numerator_and_denominator_are_both_compared(name: str) -> None:
    data = EXAMPLES[name]
    assert verdict(data) == "proved"
    for part in ("numerator", "denominator"):
        longer = ["0", *data["claim"][part]]
        assert verdict(data | {"claim": data["claim"] | {part: longer}}) in ("CertificateError", "ClaimError")
    # the same function, but not in lowest terms
    both = {part: ["0", *data["claim"][part]] for part in ("numerator", "denominator")}
    assert verdict(data | {"claim": data["claim"] | both}) in ("CertificateError", "ClaimError")


def test_the_gap_between_two_half_lines() -> None:
    """x - 1 and -x - 1 see nothing at 0, whatever constant neurons are active there; the dependencies are all true."""
    rows, bias = [[0], [1], [-1], [0]], [0, -1, -1, 2]
    dependency = [[1, "1"], [2, "1"], [3, "1"]]
    for listed in ([dependency, [[0, "1"]]], [[[0, "1"]], dependency], [dependency, [[0, "1"]], [[3, "1"]]]):
        claim = {"kind": "injective-network", "network": [layer(rows, bias)]}
        proof = {"kind": "positive-dependencies", "layers": [listed]}
        assert verdict(file(claim, proof)) == "CertificateError"
        # where the half-lines overlap, the same dependencies and one more are a proof
        closed = {"kind": "injective-network", "network": [layer(rows, [0, 1, 1, 2])]}
        assert verdict(file(closed, proof | {"layers": [[[[1, "1"], [2, "1"]]]]})) == "proved"


@pytest.mark.parametrize(
    ("listed", "error"),
    [
        ([[]], "CertificateError"),
        ([[[1, "0"], [2, "0"]]], "CertificateError"),
        ([[[2, "1"], [1, "1"]]], "FormatError"),
        ([[[1, "1"], [1, "1"], [2, "2"]]], "FormatError"),
        ([[[1, "1"], [2, "1"], [4, "1"]]], "FormatError"),
        ([[[True, "1"], [2, "1"]]], "FormatError"),
        ([[[1, "-1"], [2, "-1"]]], "CertificateError"),
        ([[[1, "1"]]], "CertificateError"),
    ],
)
def test_what_is_no_positive_dependency(listed: Any, error: str) -> None:
    claim = {"kind": "injective-network", "network": [layer([[0], [1], [-1], [0]], [0, -1, -1, 2])]}
    assert verdict(file(claim, {"kind": "positive-dependencies", "layers": [listed]})) == error


def test_zeros_that_are_too_near_each_other() -> None:
    """x^d - 2(ax - 1)^2 has two zeros at a distance of about a^(-d/2): to tell them apart can take for ever."""
    x = fmpq_poly([0, 1])
    assert len(isolated_roots(x**10 - 2 * (10**20 * x - 1) ** 2, fmpq(0), fmpq(1))) == 2
    with pytest.raises(CertificateError, match="too near each other"):
        IntervalSigns(fmpq(0), fmpq(1))(RationalFunction(x**40 - 2 * (10**300 * x - 1) ** 2))


# ---- single files ---------------------------------------------------------------------------------------------------

WIGGLE = [layer([[1], [1]], [1, 0]), layer([[1, -1]], slopes=None)]
"""max(0, x + 1) - max(0, x): its constant is 1, and it takes the values 0 to 1."""
REGION = {"kind": "network-property", "network": WIGGLE, "box": {"lower": ["0"], "upper": ["1"]}, "region": []}


def case(lower: list[str], upper: list[str], goals: list[Any], lines: Any = (), index: int = -1) -> dict[str, Any]:
    bounds = {"lower": lower, "upper": upper, "lower-lines": index, "upper-lines": index}
    return {"relaxation": {"lines": list(lines), "layers": [bounds]}, "goals": goals}


def chain(rate: str, *links: tuple[list[str], list[list[str]]]) -> dict[str, Any]:
    entries = [{"multipliers": t, "matrix": matrix} for t, matrix in links]
    return lipschitz(WIGGLE, rate, kind="network-lipschitz-chain", links=entries)


def pieces(rate: str, *cells: Any) -> dict[str, Any]:
    return lipschitz(WIGGLE, rate, kind="network-pieces", cells=list(cells))


def avoided(region: Any, *cases: Any) -> dict[str, Any]:
    return file(REGION | {"region": region}, {"kind": "network-cases", "cases": list(cases)})


def injective(network: Any, *layers: Any) -> dict[str, Any]:
    return file(
        {"kind": "injective-network", "network": network}, {"kind": "positive-dependencies", "layers": list(layers)}
    )


NOTHING = {"lines": -1, "weights": []}
EVERYWHERE = {"lines": 0, "weights": []}
LIMITS = [{"lower": [[]], "upper": [[]], "limits": [[0, 0, "1"], [0, 1, "-1"]]}]
BELOW_ZERO = {"lines": -1, "weights": ["1"]}
FORGERIES: dict[str, tuple[dict[str, Any], str]] = {
    # the coupling of two neurons that "proves" the constant 0
    "coupled neurons": (chain("0", (["1", "1"], [["1"], ["-1", "1"]])), "CertificateError"),
    "no multipliers": (chain("0", (["0", "0"], [["0"], ["0", "0"]])), "CertificateError"),
    "no links": (chain("0"), "FormatError"),
    "a negative multiplier": (chain("1", (["-1", "1"], [["1"], ["-1", "1"]])), "CertificateError"),
    "a negative constant": (chain("-1", (["1", "1"], [["1"], ["-1", "1"]])), "CertificateError"),
    "all of space is empty": (pieces("0", {"empty": []}), "CertificateError"),
    "space is empty by a cut that is not made": (pieces("0", {"empty": [[0, "1"]]}), "CertificateError"),
    "an interval is empty": (
        pieces("0", "cut", "cut", "piece", {"empty": [[0, "1"], [1, "1"]]}, "cut", {"empty": [[0, "1"], [1, "1"]]}, "piece"),
        "CertificateError",
    ),
    "the pieces of the wiggle": (
        pieces("1", "cut", "cut", "piece", {"empty": [[0, "1"], [1, "1"]]}, "cut", "piece", "piece"), "proved",
    ),
    "the pieces of the wiggle, a little less": (
        pieces("999999/1000000", "cut", "cut", "piece", {"empty": [[0, "1"], [1, "1"]]}, "cut", "piece", "piece"),
        "CertificateError",
    ),
    "a polyhedron without inequalities is all of space": (avoided([[]], case(["1", "0"], ["2", "1"], [NOTHING])), "CertificateError"),
    "true limits leave inputs": (avoided([[]], case(["1", "0"], ["2", "1"], [EVERYWHERE], LIMITS)), "CertificateError"),
    "no polyhedra are avoided": (avoided([], case(["1", "0"], ["2", "1"], [])), "proved"),
    "crossed bounds": (avoided([[]], case(["2", "0"], ["1", "1"], [])), "CertificateError"),
    "bounds that prove themselves": (
        avoided([[]], case(["2", "0"], ["2", "1"], [NOTHING], [{"lower": [], "upper": [], "limits": [[0, 0, "-5"]]}], 0)),
        "CertificateError",
    ),
    "a split at the edge and the thin part alone": (
        avoided([[]], {"split": ["input", 0, "0"]}, case(["1", "0"], ["1", "0"], [NOTHING])), "CertificateError",
    ),
    "goals of another region": (
        avoided([[{"outputs": ["1"], "bound": "-1"}]], case(["1", "0"], ["2", "1"], [])), "FormatError",
    ),
    "values below -1": (
        avoided([[{"outputs": ["1"], "bound": "-2"}]], case(["1", "0"], ["2", "1"], [BELOW_ZERO])), "proved",
    ),
    "the value 0 is at the edge of what intervals give": (
        avoided([[{"outputs": ["1"], "bound": "0"}]], case(["1", "0"], ["2", "1"], [BELOW_ZERO])), "CertificateError",
    ),
    "a rank that is too small": (
        injective([layer([[1, 0], [0, 1]], slopes="1"), layer([[1, 1]], slopes=None)], [], []), "CertificateError",
    ),
    "a rectifier without dependencies": (
        injective([layer([[1, 0], [0, 1]]), layer([[1, 1], [0, 1]], slopes=None)], [], []), "CertificateError",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pepcheck() -> ModuleType:
    """The standalone checker, imported."""
    spec = importlib.util.spec_from_file_location("pepcheck", Path(__file__).parents[2] / "checker" / "pepcheck.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", FORGERIES)
def test_single_files(name: str, pepcheck: ModuleType) -> None:
    data, expected = FORGERIES[name]
    assert verdict(data) == expected
    try:
        pepcheck.verify(data, 128)
        found = "proved"
    except (pepcheck.Malformed, pepcheck.Refused, pepcheck.Undecided):
        found = "refused"
    assert (found == "proved") == (expected == "proved")
