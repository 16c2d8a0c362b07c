"""Kernel, standalone checker and Coq: what one of them proves all prove, and what is tampered with all refuse."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flint import fmpq
from helpers.certificates import constant_step, nonconvex, silver, strongly_convex

from pepkit.kernel import PepkitError, certificate_to_text, check
from pepkit.kernel.files import certificate_from_data
from pepkit.proof_assistant import CoqError, ExportError, MissingCoqError, find_coqc, find_theory
from pepkit.proof_assistant.coq import prove


def _obstacle() -> str:
    if find_coqc() is None:
        return "coqc is not installed (apt-get install coq)"
    try:
        find_theory()
    except MissingCoqError as error:
        return str(error)
    return ""


needs_coq = pytest.mark.skipif(bool(_obstacle()), reason=_obstacle() or "Coq is there")


@pytest.fixture(scope="module")
def pepcheck() -> ModuleType:
    path = Path(__file__).parents[2] / "checker" / "pepcheck.py"
    spec = importlib.util.spec_from_file_location("pepcheck_of_three", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdicts(pepcheck: ModuleType, data: Any) -> tuple[bool, bool, bool]:
    """Whether kernel, checker and Coq prove the certificate. Coq sees what the reader made of the file."""
    try:
        certificate = certificate_from_data(data)
    except PepkitError:
        return False, by_checker(pepcheck, data), False
    try:
        check(certificate)
        kernel = True
    except PepkitError:
        kernel = False
    try:
        prove(certificate, timeout=300)
        coq = True
    except (CoqError, ExportError, PepkitError):
        coq = False
    return kernel, by_checker(pepcheck, data), coq


def by_checker(pepcheck: ModuleType, data: Any) -> bool:
    try:
        pepcheck.verify(data, 128)
    except (pepcheck.Refused, pepcheck.Malformed, pepcheck.Undecided):
        return False
    return True


def data_of(certificate: Any) -> dict[str, Any]:
    return json.loads(certificate_to_text(certificate))


MAKERS: dict[str, Callable[[], Any]] = {
    "silver": lambda: silver(2),
    "strongly convex": lambda: strongly_convex(2, fmpq(1, 10)),
    "nonconvex": nonconvex,
}


@needs_coq
@pytest.mark.parametrize("name", MAKERS)
def test_all_prove(name: str, pepcheck: ModuleType) -> None:
    data = data_of(MAKERS[name]())
    data["provenance"] = {"method": "a harmless change"}
    assert verdicts(pepcheck, data) == (True, True, True)


def multiplier(data: Any) -> None:
    data["multipliers"]["interpolation"][0][-1] = ["1/7", "1/9"]


def multiplier_sign(data: Any) -> None:
    entry = data["multipliers"]["interpolation"][1]
    entry[-1] = "-1/2"


def rate(data: Any) -> None:
    data["claim"]["rate"] = "1/25"


def step(data: Any) -> None:
    data["claim"]["method"]["steps"][1] = "2001/1000"


def function_class(data: Any) -> None:
    data["claim"]["class"]["mu/L"] = "-1/2"


def measure(data: Any) -> None:
    data["claim"]["measure"] = "|grad f(x_N)|^2"


def conjugate(data: Any) -> None:
    data["field"]["root"] = ["-2", "-1"]


def polynomial(data: Any) -> None:
    data["field"]["minpoly"] = ["-3", "0", "1"]


@needs_coq
@pytest.mark.parametrize(
    "change", [multiplier, multiplier_sign, rate, step, function_class, measure, conjugate, polynomial]
)
def test_all_refuse(change: Callable[[Any], None], pepcheck: ModuleType) -> None:
    data = copy.deepcopy(data_of(silver(2)))
    data.pop("kernel", None)
    change(data)
    assert verdicts(pepcheck, data) == (False, False, False)


def test_the_witness_is_not_coqs(pepcheck: ModuleType) -> None:
    """Kernel and checker refuse a false lower bound; the theorem in Coq is the upper bound, which does not use it."""
    data = data_of(constant_step(2))
    data["witness"]["scalars"][0] = "1"
    with pytest.raises(PepkitError):
        check(certificate_from_data(data))
    assert not by_checker(pepcheck, data)
