"""Verification with SymPy: agreement with the kernel, and rejection of what is false."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
from closed_forms import constant_step, cubic_step, examples, listed, radical_step, silver
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import QQ, Rational, sqrt

from pepkit.kernel import Certificate, PepkitError, certificate_from_text, certificate_to_text, check
from pepkit.verification import (
    NotSupportedError,
    SympyVerification,
    VerificationError,
    estimated_seconds,
    verify_with_sympy,
)
from pepkit.verification.definite import prove_semidefinite
from pepkit.verification.reals import AlgebraicReals

EXAMPLES = examples()


def data_of(certificate: Certificate) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(certificate_to_text(certificate))
    return data


def kernel_accepts(data: dict[str, Any]) -> bool:
    try:
        check(certificate_from_text(json.dumps(data)))
    except PepkitError:
        return False
    return True


def sympy_accepts(data: dict[str, Any]) -> bool:
    try:
        verify_with_sympy(json.dumps(data))
    except NotSupportedError:
        raise
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("name", EXAMPLES)
def test_agrees_with_the_kernel(name: str) -> None:
    certificate = EXAMPLES[name]
    theorem, verification = check(certificate), verify_with_sympy(certificate)
    assert verification.tight == theorem.tight
    assert (verification.lower is None) == (theorem.lower is None)
    low, high = certificate.claim.field.scaled_enclosure(theorem.rate, 200)
    assert Rational(low - 1, 2**200) <= verification.rate <= Rational(high + 1, 2**200)


def test_closed_form_rates() -> None:
    assert verify_with_sympy(constant_step(10)).rate == Rational(1, 42)
    result = verify_with_sympy(silver(3))
    assert result.rate == result.lower == -Rational(13, 62) + 5 * sqrt(2) / 31
    assert result.tight
    assert "so it is optimal" in str(result)
    assert "F_(mu,L)" in result.statement_text


def test_reads_paths_texts_and_bytes(tmp_path: Any) -> None:
    text = certificate_to_text(constant_step(1))
    path = tmp_path / "certificate.json"
    path.write_text(text)
    results = [verify_with_sympy(source) for source in (path, str(path), text, text.encode())]
    assert all(isinstance(result, SympyVerification) and result.tight for result in results)
    messages: list[str] = []
    verify_with_sympy(path, progress=messages.append)
    assert messages[-1] == "the witness"


@pytest.mark.parametrize("make", [lambda: constant_step(15), lambda: silver(3), lambda: cubic_step(4)])
def test_kernel_vectors_are_only_a_hint(make: Any) -> None:
    data = data_of(make())
    del data["kernel"]
    assert sympy_accepts(data)


# ---- what is false ---------------------------------------------------------------------------------


def set_rate(data: dict[str, Any]) -> None:
    data["claim"]["rate"] = "1/1000"


def drop_multiplier(data: dict[str, Any]) -> None:
    family = next(iter(data["multipliers"].values()))
    del family[0]


def change_step(data: dict[str, Any]) -> None:
    method = data["claim"]["method"]
    if "steps" in method:
        method["steps"][0] = "1/2"
    else:
        method["matrix"][0][0] = "1/2"


def change_class(data: dict[str, Any]) -> None:
    data["claim"]["class"]["mu/L"] = "-1/3"


def wrong_kernel(data: dict[str, Any]) -> None:
    data["kernel"][0][0] = "17"


def dependent_kernel(data: dict[str, Any]) -> None:
    data["kernel"].append(data["kernel"][0])


def wrong_witness(data: dict[str, Any]) -> None:
    data["witness"]["scalars"][0] = "100"


def wrong_coordinates(data: dict[str, Any]) -> None:
    data["witness"]["coordinates"][0][0] = "0"


def change_measure(data: dict[str, Any]) -> None:
    data["claim"]["measure"] = "|grad f(x_N)|^2"


MUTATIONS = [
    set_rate, drop_multiplier, change_step, change_class, wrong_kernel, dependent_kernel, wrong_witness,
    wrong_coordinates, change_measure,
]  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("make", [lambda: constant_step(3), lambda: silver(2), lambda: cubic_step(3)])
def test_rejects_mutations(make: Any, mutation: Any) -> None:
    data = data_of(make())
    mutation(data)
    assert not kernel_accepts(data)
    assert not sympy_accepts(data)


def test_messages_name_the_first_failure() -> None:
    data = data_of(constant_step(2))
    for path, value, message in (
        (("multipliers", "interpolation", 0, 2), "-1/2", r"multiplier of interpolation \(x_0, x_1\) is negative"),
        (("multipliers", "interpolation", 0, 2), "1/7", "coefficient of f_0 does not cancel"),
        (("claim", "rate"), "1/11", "vector 0 does not lie in the kernel"),
        (("witness", "scalars", 2), "1", r"interpolation \(x_0, x_2\) at the witness is negative"),
        (("claim", "class", "mu/L"), "1", r"mu/L does not lie in \[-1, 1\)"),
        (("multipliers", "interpolation", 0, 0), 9, "strictly increasing|no interpolation condition"),
    ):
        changed = copy.deepcopy(data)
        *parents, last = path
        target: Any = changed
        for key in parents:
            target = target[key]
        target[last] = value
        with pytest.raises(VerificationError, match=message):
            verify_with_sympy(json.dumps(changed))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["constant step", "silver", "cubic step", "contraction", "smallest gradient", "listed"]),
    st.randoms(use_true_random=False),
)
def test_agrees_with_the_kernel_on_changed_numbers(name: str, random: Any) -> None:
    """Replace one exact number anywhere; both verifiers must say the same."""
    data = data_of(EXAMPLES[name])
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(value, (dict, list)):
                visit(value)
            elif isinstance(value, str) and value.lstrip("-").replace("/", "").isdigit():
                places.append((node, key))

    for part in ("claim", "multipliers", "kernel", "witness"):
        if part in data:
            visit(data[part])
    node, key = random.choice(places)
    node[key] = random.choice(["0", "1", "-1", "2", "1/3", "1/10000000000", "-5/7", "1000001/1000000"])
    assert sympy_accepts(data) == kernel_accepts(data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.randoms(use_true_random=False))
def test_malformed_files_raise_only_verification_errors(name: str, random: Any) -> None:
    data = data_of(EXAMPLES[name])
    node: Any = data
    while True:
        key = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], (dict, list)) and node[key] and random.random() < 0.8:
            node = node[key]
            continue
        break
    junk = [None, True, 1.5, -1, 10**30, "", "x", "1/0", "2/4", [], [[]], {}, {"type": []}, [["1"], ["1"]]]
    if random.random() < 0.2:
        del node[key]
    else:
        node[key] = random.choice(junk)
    try:
        verify_with_sympy(json.dumps(data))
    except VerificationError:
        return
    assert kernel_accepts(data)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "{",
        '{"format": "pepkit-cert/2", "field": {}, "claim": {}, "multipliers": {}}',
        certificate_to_text(constant_step(1)).replace('"1/6"', "0.1666666"),
        certificate_to_text(constant_step(1)).replace('"rate"', '"rate": "1", "rate"'),
    ],
)
def test_refuses_other_texts(text: str) -> None:
    with pytest.raises(VerificationError):
        verify_with_sympy(text.encode())


def test_a_claim_without_vectors() -> None:
    """x <= 2 and x + y <= 3 give 2x + y <= 5: linear programming duality is a certificate with S = 0."""
    data = {
        "format": "pepkit-cert/1",
        "field": {"kind": "rationals"},
        "claim": {
            "kind": "listed",
            "vectors": [{"name": "zero", "definition": []}],
            "scalars": ["x", "y"],
            "inequalities": [
                ["x <= 2", {"linear": [[0, "-1"]], "constant": "2"}],
                ["x+y <= 3", {"linear": [[0, "-1"], [1, "-1"]], "constant": "3"}],
            ],
            "measure": {"linear": [[0, "2"], [1, "1"]], "quadratic": [[0, 0, "7"]]},
            "normaliser": {"constant": "1"},
            "rate": "5",
        },
        "multipliers": {"inequalities": [[0, "1"], [1, "1"]]},
        "witness": {"coordinates": [], "scalars": ["2", "1"]},
    }
    result = verify_with_sympy(json.dumps(data))
    assert result.tight
    assert result.rate == 5
    assert kernel_accepts(data)


# ---- parts -----------------------------------------------------------------------------------------


def test_matrix_multiplier_must_be_semidefinite() -> None:
    data = data_of(listed())
    data["multipliers"]["matrix-inequalities"][0][1] = [["1"], ["-2", "1"]]
    with pytest.raises(VerificationError, match="multiplier of x is a correlation"):
        verify_with_sympy(json.dumps(data))


def test_radical_fields() -> None:
    data = data_of(radical_step())
    assert sympy_accepts(data)
    data["claim"]["rate"] = "18/125"
    assert not sympy_accepts(data)  # 0.144 < 1/(4h+2)
    data["kernel"] = [["1", "0", "0"]]
    with pytest.raises(NotSupportedError):
        verify_with_sympy(json.dumps(data))


def test_wrong_root_of_the_minimal_polynomial() -> None:
    data = data_of(silver(2))
    data["field"]["root"] = ["-2", "-1"]
    assert not sympy_accepts(data)
    data["field"]["root"] = ["-2", "2"]
    assert not sympy_accepts(data)


CASES = [
    ([[1, 1], [1, 1]], True),
    ([[1, 2], [2, 1]], False),
    ([[0, 0], [0, 0]], True),
    ([[0, 1], [1, 5]], False),
    ([[-1]], False),
    ([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]], True),
    ([[2, -1, -1], [-1, 2, -1], [-1, -1, QQ(2) - QQ(1, 10**40)]], False),
    ([], True),
]


@pytest.mark.parametrize(("matrix", "expected"), CASES)
@pytest.mark.parametrize("minpoly", [None, [-2, 0, 1], [-2, 0, 0, 1]])
def test_semidefinite(matrix: list[list[Any]], expected: bool, minpoly: Any) -> None:
    reals = AlgebraicReals(None if minpoly is None else [QQ(c) for c in minpoly], (QQ(1), QQ(2)))
    rows = [[reals.of(a) for a in row] for row in matrix]
    if expected:
        prove_semidefinite(reals, rows)
    else:
        with pytest.raises(VerificationError):
            prove_semidefinite(reals, rows)


def test_semidefinite_belongs_to_the_given_root() -> None:
    """[[1, a], [a, 2]] with a = sqrt(2) is singular; with a = 1 + sqrt(2) only the conjugate is definite."""
    reals = AlgebraicReals([QQ(-2), QQ(0), QQ(1)], (QQ(1), QQ(2)))
    one, root = reals.one, reals.domain([QQ(1), QQ(0)])
    prove_semidefinite(reals, [[one, root], [root, one * 2]])
    prove_semidefinite(reals, [[one, root], [root, one * 2]], [[root, -one]])
    prove_semidefinite(reals, [[one, one - root], [one - root, one]])
    for entry in (one + root, root + reals.of(QQ(1, 10**50))):
        with pytest.raises(VerificationError):
            prove_semidefinite(reals, [[one, entry], [entry, one * 2]])


def test_estimate_grows_and_needs_no_sympy() -> None:
    assert estimated_seconds(constant_step(3)) < estimated_seconds(constant_step(40)) < 1
    assert estimated_seconds(constant_step(5)) < estimated_seconds(cubic_step(4))
    code = "import sys, pepkit.verification; sys.exit('sympy' in sys.modules or 'flint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("root", [["-1/2", "2"], ["-1", "3/2"], ["0", "2"]])
def test_an_interval_of_the_root_may_hold_zero(root: list[str]) -> None:
    data = {
        "format": "pepkit-cert/1", "field": {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": root},
        "claim": {
            "kind": "listed", "vectors": ["u"], "scalars": [], "measure": {"quadratic": [[0, 0, ["0", "1"]]]},
            "normaliser": {"quadratic": [[0, 0, "1"]]}, "rate": "3/2",
        },
        "multipliers": {},
    }  # fmt: skip
    assert verify_with_sympy(json.dumps(data)).lower is None
    data["claim"]["rate"] = "7/5"
    with pytest.raises(VerificationError):
        verify_with_sympy(json.dumps(data))


def test_a_claim_about_no_network() -> None:
    data = {
        "format": "pepkit-cert/1", "field": {"kind": "rationals"}, "claim": {"kind": "network-lipschitz"},
        "proof": {"kind": "network-lipschitz", "pair": [["0"], ["1"]]},
    }  # fmt: skip
    with pytest.raises(VerificationError):
        verify_with_sympy(json.dumps(data))
