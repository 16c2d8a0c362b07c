"""Relaxations along a line of weights: the standalone checker, the kernel, and files that were changed."""

from __future__ import annotations

import copy
import json
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))

from random_networks import leaky
from test_network_jumps import line
from test_pepcheck_agreement import kernel_proves, pepcheck_proves

from pepkit import networks
from pepkit.kernel import certificate_to_text


def files() -> list[Any]:
    found = []
    for name, path in networks.minimal_lines().items():
        found += networks.jump_set(path, name).certificates
    for name in ("box", "hbox", "deepz", "crown", "crown-ibp"):
        found += networks.jump_set(line(3, (2, 3, 1)), name).certificates[:4]
    found += networks.jump_set(line(1, (2, 2, 2, 1)), "crown").certificates[:3]
    path = networks.WeightLine(leaky((2, 3, 1), 0), leaky((2, 3, 1), 1), networks.box_around([0, 0], 1), (1,))
    found += networks.jump_set(path, "crown").certificates[:3]
    return [json.loads(certificate_to_text(certificate)) for certificate in found]


def test_both_prove_the_same(pepcheck: ModuleType, tmp_path: Path) -> None:
    kinds = set()
    for data in files():
        assert kernel_proves(data) and pepcheck_proves(pepcheck, data, tmp_path)
        kinds.add((data["claim"]["kind"], data["claim"]["method"]))
    assert len(kinds) >= 7


@pytest.mark.parametrize("change", [Fraction(1), Fraction(-1, 1000)])
def test_both_refuse_changed_numbers(pepcheck: ModuleType, tmp_path: Path, change: Fraction) -> None:
    seen = 0
    for data in files()[::3]:
        claim = data["claim"]
        names = [name for name in ("place", "left", "right", "value", "start", "end", "slope") if name in claim]
        for name in names:
            changed = copy.deepcopy(data)
            changed["claim"][name] = str(Fraction(claim[name]) + change)
            verdict = kernel_proves(changed)
            assert verdict == pepcheck_proves(pepcheck, changed, tmp_path), (name, claim["method"])
            seen += not verdict
        if "numerator" in claim:
            changed = copy.deepcopy(data)
            changed["claim"]["numerator"][-1] = str(Fraction(claim["numerator"][-1]) + 7)
            assert not kernel_proves(changed) and not pepcheck_proves(pepcheck, changed, tmp_path)
    assert seen > 10
