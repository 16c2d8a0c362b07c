"""Certificates of every kind that laboratories make, as JSON data: small, and each with its name.

They are apart from `helpers.every_kind`, whose certificates the standalone checker knows as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from flint import fmpq

from pepkit.kernel import RATIONALS, certificate_to_text
from pepkit.kernel.descent_maps import DescentOrbit, OrbitEvaluation
from pepkit.kernel.line_networks import KinkCount, KinkEvaluation
from pepkit.kernel.linear_network_identities import IDENTITIES, Expansion, LinearNetworkIdentity
from pepkit.labs.descent_chaos import chebyshev_certificate, horseshoe_certificate, window_certificate
from pepkit.labs.enclosing import (
    angle_certificate,
    constant_certificate,
    fixed_point_certificate,
    rank_certificate,
    trajectory_certificate,
)
from pepkit.labs.hedging_search import constant_cover
from pepkit.networks.bias_separation import separation_certificate
from pepkit.networks.hinge_pruning import distance_certificate, line_network, lower_bound
from pepkit.networks.margin_examples import six_points
from pepkit.networks.maximal_margin import margin_certificate

__all__ = ["laboratory_examples", "laboratory_kinds"]


def _made() -> Iterator[tuple[str, Any]]:
    for name in IDENTITIES:
        widths = (2, 2, 2) if name == "balanced-flow" else (2, 1, 1)
        yield f"identity {name}", Expansion(LinearNetworkIdentity(name, widths, 2 if name == "balanced-flow" else 1))
    yield "covering over a number field", chebyshev_certificate()
    yield "covering", horseshoe_certificate()
    yield "covering with weights", window_certificate(2, fmpq(2), 16)
    yield "orbit", OrbitEvaluation(DescentOrbit(RATIONALS, 2, fmpq(2, 3), (2, -2)))
    for number, name in enumerate(("relu", "residual", "centred")):
        yield f"angle {name}", angle_certificate(name, fmpq(number, 2), fmpq(-1, 3), 4, 12)
    for name, parameter in (
        ("angle-coefficient", 0), ("centred-slope-zero", 0), ("centred-slope-one", 0), ("centred-gain", 0),
        ("finite-width-mean", 6), ("finite-width-variance", 6),
    ):  # fmt: skip
        yield name, constant_certificate(name, fmpq(parameter), 10)
    yield "centred-fixed-point", fixed_point_certificate(fmpq(1, 3), 9)
    start = (fmpq(53, 50), fmpq(133, 200), fmpq(103, 100), fmpq(13, 5))
    yield "trajectory", trajectory_certificate(2, (fmpq(1), fmpq(1, 2)), start, (fmpq(0), fmpq(7, 32)))
    yield "effective rank", rank_certificate(4, 2, 3, True, 0)
    net = line_network([1, "1/2", -3, "1/4"], [1, 1, 1, -1], ["1/2", "2/5", "-1/10", "-1/8"])
    yield "kinks", KinkEvaluation(KinkCount(net, fmpq(-1), fmpq(1), 4))
    yield "distance", distance_certificate(net, line_network([fmpq(3, 2), -3], [1, 1], ["7/15", "-1/10"]), -1, 1)
    yield "kinks needed", lower_bound(net, -1, 1, "1/20")
    yield "biases", separation_certificate((fmpq(1, 500), fmpq(-7, 5000)), (fmpq(-3, 10), fmpq(2, 5)))
    yield "margin", margin_certificate(*six_points())
    # few pieces: a bound far below the worst case of the best constant step
    yield "steps", constant_cover(1, fmpq(-1, 20), fmpq(1, 5))


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    return tuple((name, certificate_to_text(made)) for name, made in _made())


def laboratory_examples() -> dict[str, dict[str, Any]]:
    """Name -> fresh JSON data."""
    return {name: json.loads(text) for name, text in _texts()}


def laboratory_kinds() -> dict[tuple[str, str], list[str]]:
    """(kind of claim, kind of proof) -> names."""
    result: dict[tuple[str, str], list[str]] = {}
    for name, data in laboratory_examples().items():
        result.setdefault((data["claim"]["kind"], data["proof"]["kind"]), []).append(name)
    return result
