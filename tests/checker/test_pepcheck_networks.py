"""Files about networks that the standalone checker has to refuse, or to survive."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from helpers.every_kind import examples
from helpers.network_files import file, layer, too_large
from test_pepcheck_agreement import kernel_proves, pepcheck_proves

EXAMPLES = examples()


@pytest.mark.parametrize("name", too_large())
def test_small_files_that_ask_for_too_much(name: str, pepcheck: ModuleType) -> None:
    with pytest.raises((pepcheck.Malformed, pepcheck.Undecided)):
        pepcheck.verify(too_large()[name], 128)


@pytest.mark.parametrize("inputs", [[], {}, "", 0, None, False, ["0"]])
@pytest.mark.parametrize("name", ["counterexample", "property"])
def test_inputs_of_an_inequality_are_a_list_of_their_length(
    name: str, inputs: Any, pepcheck: ModuleType, tmp_path: Path
) -> None:
    """Left out, they stand for zeros; there is no second spelling of that."""
    data = copy.deepcopy(EXAMPLES[name])
    data["claim"]["region"][0][0]["inputs"] = inputs
    assert not kernel_proves(data)
    assert not pepcheck_proves(pepcheck, data, tmp_path)


@pytest.mark.parametrize("sign", ["", "-"])
def test_rates_beyond_the_range_of_floats(sign: str, pepcheck: ModuleType, capsys: Any, tmp_path: Path) -> None:
    huge = "7" * 400
    claim = {"kind": "network-bound", "network": [layer([["1"]], slopes=None)], "objective": ["1"], "rate": sign + huge}
    claim["box"] = {"lower": ["0" if not sign else "-" + huge], "upper": [sign + huge]}
    leaf = {"relaxation": {"lines": [], "layers": []}, "goals": [{"lines": -1, "weights": ["1"]}]}
    path = tmp_path / "huge.json"
    path.write_text(json.dumps(file(claim, {"kind": "network-cases", "cases": [leaf]})))
    assert pepcheck.check(str(path)) == 0
    assert f"rate = {sign}7.77777777778e+399" in capsys.readouterr().out
