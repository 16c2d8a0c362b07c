"""The known numbers about relaxations and Lipschitz constants of networks are met."""

from __future__ import annotations

import numpy as np
import pytest

from pepkit.labs import network_known_numbers as known
from pepkit.labs.targets import Outcome, compare, target_tables
from pepkit.networks import float_network
from pepkit.networks.mixed_integer import integer_maximum

TIMES = {"A.cert.sdp.time", "A.bnb.time.leaf"}
"""Rows about seconds depend on what else the machine does."""


def unmet(outcomes: list[Outcome]) -> list[Outcome]:
    return [o for o in outcomes if o.status in ("differs", "missing") and o.id not in TIMES]


@pytest.mark.parametrize("name", ["network-relaxations", "network-lipschitz"])
def test_all_rows_are_met(name: str) -> None:
    outcomes = target_tables()[name].outcomes()
    assert unmet(outcomes) == []
    assert sum(o.status == "met" for o in outcomes) >= {"network-relaxations": 78, "network-lipschitz": 6}[name]


def test_a_wrong_number_is_seen() -> None:
    (row,) = [r for r in target_tables()["network-relaxations"].rows() if r["id"] == "A.autolirpa.crown"]
    right = known.Computed(row["id"], (float(row["value"]),))
    wrong = known.Computed(row["id"], (float(row["value"]) + 1e-10,))
    assert [compare(row, c).status for c in (right, wrong, None)] == ["met", "differs", "missing"]


@pytest.mark.parametrize("radius", ["0.1", "0.3"])
def test_recorded_minima(radius: str) -> None:
    for inputs, seed in ((4, 1), (4, 3), (6, 0)):
        widths = known.NETWORKS[inputs][0]
        net, _, centre = known.random_case(widths, seed, float(radius))
        half = float(radius)
        least = -integer_maximum(float_network(net), centre - half, centre + half, np.array([-1.0]))
        assert known.recorded_minimum(widths, radius, seed) == pytest.approx(least, abs=1e-6)
