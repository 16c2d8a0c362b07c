"""Certificates of false claims, written by hand: kernel and standalone checker refuse each of them."""

from __future__ import annotations

import importlib.util
import json
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.every_kind import by_kinds, examples

from pepkit.kernel import CertificateError, ClaimError, FormatError, PepkitError, certificate_from_text, check

CHECKER = Path(__file__).parents[2] / "checker" / "pepcheck.py"
RATIONALS = {"kind": "rationals"}


@pytest.fixture(scope="module")
def pepcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pepcheck_soundness", CHECKER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def certificate(claim: dict[str, Any], field: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    return {"format": "pepkit-cert/1", "field": field or RATIONALS, "claim": claim, **parts}


def listed(**parts: Any) -> dict[str, Any]:
    claim = {"kind": "listed", "vectors": [], "scalars": [], "measure": {}, "normaliser": {}, "rate": "1"}
    return claim | parts


def proves(data: dict[str, Any]) -> str:
    """The theorem in words."""
    return str(check(certificate_from_text(json.dumps(data))))


def refused(data: dict[str, Any], pepcheck: ModuleType, folder: Path, error: type[PepkitError] = PepkitError) -> str:
    """What the kernel says; the checker says no as well."""
    with pytest.raises(error) as caught:
        check(certificate_from_text(json.dumps(data)))
    path = folder / "certificate.json"
    path.write_text(json.dumps(data))
    assert pepcheck.check(str(path)) != 0
    return str(caught.value)


# ---- proofs of another statement than the claim --------------------------------------------------


def test_a_pattern_is_not_proved_by_the_rate_of_one_pass(pepcheck: ModuleType, tmp_path: Path) -> None:
    """f(x_1) - f_* <= (10/19) |x_0 - x_*|^2 for the step 19/10 is true, but |x|^2/2 breaks the pattern with 5/19.

    From |x_0| = R and f(x_0) <= (5/19) R^2 the pattern promises f(x_1) <= (5/38) R^2; x_0 = sqrt(10/19) R gives
    f(x_1) = 81/380 R^2.
    """
    multipliers = {"interpolation": [[0, 1, "121/190"], [0, 2, "1/2"], [2, 0, "108/95"], [2, 1, "69/190"]]}
    promise, reached = Fraction(5, 38), Fraction(81, 100) * Fraction(5, 19)
    assert reached > promise
    method = {
        "kind": "method", "class": {"L": "L", "mu/L": "0"}, "method": {"type": "gradient-descent", "steps": ["19/10"]},
        "measure": "f(x_N)-f(x_*)", "initial": "|x_0-x_*|^2", "rate": "10/19",
    }  # fmt: skip
    pattern = {"kind": "straightforward", "steps": ["19/10"], "threshold": "5/19"}
    assert "10/19" in proves(certificate(method, multipliers=multipliers))
    refused(certificate(pattern, multipliers=multipliers), pepcheck, tmp_path, ClaimError)
    refused(certificate(pattern, multipliers={}), pepcheck, tmp_path, ClaimError)


# ---- the Gram matrix of listed hypotheses --------------------------------------------------------


def test_products_of_a_derived_vector_with_a_later_one_count(pepcheck: ModuleType, tmp_path: Path) -> None:
    """100 <b, c> <= |a|^2 + |c|^2 with b = a is false; the product of b with the later c must not be lost."""
    derived = {"name": "b", "definition": [[0, "1"]]}
    normaliser = {"quadratic": [[0, 0, "1"], [2, 2, "1"]]}
    claim = listed(vectors=["a", derived, "c"], normaliser=normaliser, measure={"quadratic": [[1, 2, "100"]]})
    refused(certificate(claim, multipliers={}), pepcheck, tmp_path, CertificateError)
    claim["measure"] = {"quadratic": [[1, 2, "2"]]}
    proves(certificate(claim, multipliers={}))
    assert pepcheck.verify(certificate(claim, multipliers={}), 128)[0].startswith("proved")


def test_a_definition_that_names_a_vector_twice_adds_up(pepcheck: ModuleType, tmp_path: Path) -> None:
    derived = {"name": "b", "definition": [[0, "1"], [0, "1"]]}
    claim = listed(vectors=["a", derived], normaliser={"quadratic": [[0, 0, "1"]]})
    claim |= {"measure": {"quadratic": [[1, 1, "1"]]}, "rate": "4"}
    proves(certificate(claim, multipliers={}))
    assert pepcheck.verify(certificate(claim, multipliers={}), 128)[0].startswith("proved")
    refused(certificate(claim | {"rate": "399/100"}, multipliers={}), pepcheck, tmp_path, CertificateError)


# ---- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("outside", [Fraction(1, 2**200), Fraction(1, 2**90), Fraction(-2, 3) - Fraction(1, 2**200)])
def test_a_root_beside_its_interval_is_no_number(outside: Fraction, pepcheck: ModuleType, tmp_path: Path) -> None:
    """2^100 (x - c) has no root in [1/3, 1] if c is a little smaller than 1/3, or a little larger than 1."""
    c = (Fraction(1, 3) - outside) * 2**100
    field = {"kind": "radicals", "program": [["root", "1/3", "1", str(-c), str(2**100)]]}
    claim = listed(scalars=["x"], normaliser={"linear": [[0, "1"]]}, measure={"linear": [[0, "1"]]})
    refused(certificate(claim, field, multipliers={}), pepcheck, tmp_path)


# ---- words that say what is proved ---------------------------------------------------------------

ROOT_2 = {"kind": "number-field", "minpoly": ["-2", "0", "1"], "root": ["1", "2"]}


def test_a_title_cannot_speak_for_the_theorem() -> None:
    title = 'nothing",\nmeasure <= 0 * normaliser.\nTheorem. 0 = 1\x1b[2J\ud800'
    claim = listed(scalars=["x"], measure={"linear": [[0, "1"]]}, normaliser={"linear": [[0, "1"]]}, title=title)
    lines = proves(certificate(claim, multipliers={})).splitlines()
    assert lines[1] == "measure <= 1 * normaliser."
    assert "\n".join(lines).isprintable() is False  # for its line ends
    assert all(line.isprintable() for line in lines)


def method(**parts: Any) -> dict[str, Any]:
    claim = {
        "kind": "method", "class": {"L": "L", "mu/L": "0"}, "method": {"type": "gradient-descent", "steps": ["1"]},
        "measure": "f(x_N)-f(x_*)", "initial": "|x_0-x_*|^2", "rate": "1/6",
    }  # fmt: skip
    return claim | parts


ONE_STEP = {"interpolation": [[0, 1, "1/2"], [2, 0, "1/2"], [2, 1, "1/2"]]}


def test_a_smoothness_that_is_a_sum_or_a_quotient_stands_in_parentheses() -> None:
    words = proves(certificate(method(**{"class": {"L": ["1", "1"], "mu/L": "0"}}), ROOT_2, multipliers=ONE_STEP))
    assert "f be (1 + sqrt(2))-smooth convex" in words
    assert "(h_i/(1 + sqrt(2)))" in words
    assert "1/6 * (1 + sqrt(2)) * |x_0 - x_*|^2" in words
    distance = {"measure": "|x_N-x_*|^2", "initial": "f(x_0)-f(x_*)", "class": {"L": "1/2", "mu/L": "1/2"}}
    words = str_of_claim(certificate(method(**distance, rate="4"), multipliers={}))
    assert "4 / (1/2) * (f(x_0) - f(x_*))" in words
    assert "(h_i/(1/2))" in words


def test_steps_that_begin_alike_are_not_called_equal() -> None:
    """Two steps that differ in their 200th digit are not one step taken twice."""
    long = Fraction(10**200 + 1, 10**200)
    steps = {"type": "gradient-descent", "steps": [str(long), str(long + Fraction(1, 10**200))]}
    data = certificate(method(method=steps, rate="1"), multipliers={})
    assert "(2 times)" not in str_of_claim(data)
    steps["steps"] = [str(long)] * 2
    assert "(2 times)" in str_of_claim(data)


def str_of_claim(data: dict[str, Any]) -> str:
    from pepkit.kernel.words import sentence

    return sentence(certificate_from_text(json.dumps(data)).claim)


def test_decimals_of_a_lower_bound_lie_below_it() -> None:
    from flint import fmpq

    from pepkit.kernel import RATIONALS as field
    from pepkit.kernel.words import decimal_text

    for value in (fmpq(2, 3), fmpq(-2, 3), fmpq(1, 3), fmpq(-1, 3), fmpq(2 * 10**40, 3), fmpq(2, 3 * 10**40)):
        down, near = decimal_text(field, value, down=True), decimal_text(field, value)
        assert fmpq_of(down) <= value
        assert abs(fmpq_of(near) - value) <= abs(value) / 10**14


def fmpq_of(text: str) -> Any:
    from flint import fmpq

    value = Fraction(text)
    return fmpq(value.numerator, value.denominator)


def test_theta_is_explained_wherever_it_occurs() -> None:
    field = {"kind": "number-field", "minpoly": ["-2", "0", "0", "1"], "root": ["1", "2"]}
    claim = listed(scalars=["x"], measure={"linear": [[0, ["0", "1"]]]}, normaliser={"linear": [[0, "1"]]})
    words = proves(certificate(claim | {"rate": ["0", "1"]}, field, multipliers={}))
    assert "Here theta is the root of x**3 - 2 near 1.25992105" in words


def test_close_roots_are_told_apart_in_words() -> None:
    """x^4 - 4 x^2 + 4 - 2 10^-40 has two roots that agree in 19 digits."""
    middle = "14142135623730950488016887242/10000000000000000000000000000"
    low, high = Fraction(middle), 2
    minpoly = [str(4 - Fraction(2, 10**40)), "0", "-4", "0", "1"]
    texts = []
    for root in (["1", str(low)], [str(low), str(high)]):
        field = {"kind": "number-field", "minpoly": minpoly, "root": root}
        claim = listed(scalars=["x"], measure={"linear": [[0, ["0", "1"]]]}, normaliser={"linear": [[0, "1"]]})
        texts.append(proves(certificate(claim | {"rate": ["0", "1"]}, field, multipliers={})))
    assert texts[0].splitlines()[-1] != texts[1].splitlines()[-1]


def test_the_words_of_a_pattern_keep_sums_together() -> None:
    claim = {"kind": "straightforward", "steps": [["1", "1"]], "threshold": "1/10"}
    data = certificate(claim, ROOT_2, proof={"kind": "straightforward", "base": [], "slope": []})
    words = str_of_claim(data)
    assert "(delta - (1 + sqrt(2)) delta^2)" in words
    assert "<= (-1 + sqrt(2)) L R^2/T" in words


def test_a_lower_bound_of_a_proximal_method_is_not_cut_off() -> None:
    """The first 80 characters of a long fraction are another number."""
    from flint import fmpq

    from pepkit.kernel import RATIONALS as field
    from pepkit.kernel.proximal import ProximalClaim, ProximalMethod

    claim = ProximalClaim(field, ProximalMethod.POINT, (fmpq(1),), fmpq(1))
    words = claim.sentence(fmpq(10**90, 3 * 10**91 + 1))
    assert "at least 0.0333333333333333, proved" in words
    long = ProximalClaim(field, ProximalMethod.POINT, (fmpq(1),), fmpq(10**90, 3 * 10**91 + 1))
    assert "0.0333333333333333..." in long.brief()


def test_latex_of_a_pattern_keeps_sums_together() -> None:
    from pepkit.render.claims_latex import schedule_theorem

    claim = {"kind": "straightforward", "steps": [["1", "1"]], "threshold": "1/10"}
    data = certificate(claim, ROOT_2, proof={"kind": "straightforward", "base": [], "slope": []})
    text = schedule_theorem(certificate_from_text(json.dumps(data)).claim)
    assert text is not None
    assert r"\delta - \left(1 + \sqrt{2}\right)\,\delta^2" in text
    assert r"\le \left(-1 + \sqrt{2}\right)\, L R^2/T" in text


# ---- errors with a name --------------------------------------------------------------------------


def composition(**parts: Any) -> dict[str, Any]:
    claim = {
        "kind": "composition", "class": {"L": "L", "mu/L": "1/4"}, "joins": [["s", "empty", "empty"], ["close", 0]],
        "measure": "|x_N-x_*|^2", "initial": "|x_0-x_*|^2", "rate": "1/9",
    }  # fmt: skip
    return claim | parts


def test_rational_roots_of_joins_over_a_radical_field(pepcheck: ModuleType, tmp_path: Path) -> None:
    field = {"kind": "radicals", "program": [["sqrt", "2"]]}
    proof = {"kind": "composition", "roots": ["1/2"]}
    assert "No smaller rate holds" in proves(certificate(composition(), field, proof=proof))
    assert pepcheck.verify(certificate(composition(), field, proof=proof), 128)[0].startswith("proved")
    refused(certificate(composition(rate="1/10"), field, proof=proof), pepcheck, tmp_path, CertificateError)
    for roots in (["-1/8"], [], ["1/2", "1/2"], [0]):
        refused(certificate(composition(), field, proof=proof | {"roots": roots}), pepcheck, tmp_path)


@pytest.mark.parametrize("rate", ["1" + "0" * 400, "1/1" + "0" * 400])
def test_the_checker_prints_numbers_that_no_float_holds(rate: str, pepcheck: ModuleType) -> None:
    claim = listed(scalars=["x"], measure={"linear": [[0, rate]]}, normaliser={"linear": [[0, "1"]]}, rate=rate)
    assert pepcheck.verify(certificate(claim, multipliers={}), 128)[-3] in ("rate = 1e+400", "rate = 1e-400")


@pytest.mark.parametrize("place", ["format", "field", "claim", "multipliers", "kernel", "witness", "provenance"])
def test_deep_nesting_is_refused_everywhere(place: str, pepcheck: ModuleType, tmp_path: Path) -> None:
    deep: Any = "0"
    for _ in range(33):
        deep = [deep]
    data = certificate(listed(rate="0"), multipliers={})
    assert "deep" in refused(data | {place: deep}, pepcheck, tmp_path, FormatError)
    assert "deep" in refused(data | {place: {"kind": deep}}, pepcheck, tmp_path, FormatError)


# ---- proofs of one kind for claims of another ----------------------------------------------------

BY_MULTIPLIERS = {"method", "listed", "schedule-property", "proximal"}
EXAMPLES = {kinds: examples()[names[0]] for kinds, names in by_kinds().items()}
CLAIM_KINDS = sorted({claim for claim, _ in EXAMPLES})


def exchanged(kind: str) -> list[dict[str, Any]]:
    """A claim of this kind with the proofs, multipliers, kernels and witnesses of all other kinds."""
    mine = next(data for (claim, _), data in EXAMPLES.items() if claim == kind)
    allowed = {proof for claim, proof in EXAMPLES if claim == kind}
    result = []
    for (_, proof), data in EXAMPLES.items():
        if proof not in allowed:
            parts = {key: data[key] for key in ("proof", "multipliers", "kernel", "witness") if key in data}
            result.append(certificate(mine["claim"], mine["field"], **parts))
    if kind not in BY_MULTIPLIERS:
        result.append(certificate(mine["claim"], mine["field"], multipliers={}))
        result.append(certificate(mine["claim"], mine["field"], multipliers={"interpolation": []}))
    return result


@pytest.mark.parametrize("kind", CLAIM_KINDS)
def test_no_proof_of_another_kind_is_taken(kind: str, pepcheck: ModuleType, tmp_path: Path) -> None:
    assert len(exchanged(kind)) > 10
    for data in exchanged(kind):
        refused(data, pepcheck, tmp_path)


def test_multipliers_prove_four_kinds_of_claims_only() -> None:
    """A claim whose statement is not what it says must not offer one."""
    assert {claim for claim, proof in EXAMPLES if proof == "multipliers"} == BY_MULTIPLIERS
    for (kind, _), data in EXAMPLES.items():
        if kind not in BY_MULTIPLIERS:
            with pytest.raises(ClaimError):
                certificate_from_text(json.dumps(data)).claim.statement()


@pytest.mark.parametrize("number", [0.5, True, Fraction(1, 2), "1/2", None])
@pytest.mark.parametrize("place", ["quadratic", "linear", "constant", "definition"])
def test_listed_claims_hold_exact_numbers_only(number: Any, place: str) -> None:
    from flint import fmpq

    from pepkit.kernel import Form, ListedClaim, Vector

    values: dict[str, Any] = dict.fromkeys(("quadratic", "linear", "constant", "definition"), fmpq(1)) | {place: number}
    vectors = (Vector("u"), Vector("v", ((0, values["definition"]),)))
    form = Form({(0, 1): values["quadratic"]}, {0: values["linear"]}, values["constant"])
    with pytest.raises(ClaimError, match="number"):
        ListedClaim(vectors, ("s",), (), (), (), form, Form(), fmpq(1))


def test_the_words_about_a_tree_say_which() -> None:
    claim = {
        "kind": "composition-property",
        "joins": [["s", "empty", "empty"], ["f", "empty", 0]],
        "property": "dominant",
    }
    words = proves(certificate(claim, proof={"kind": "composition-property"}))
    assert "2 steps that is the composition f(., s(., .)) for mu = 0 is dominant" in words
