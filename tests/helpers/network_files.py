"""Files about networks, written by hand as a stranger would write them, and some that ask for too much."""

from __future__ import annotations

from typing import Any

from pepkit.kernel.linear_pieces import MAX_CUTS
from pepkit.kernel.network_proofs import MAX_SPLITS
from pepkit.kernel.network_statements import MAX_MATRIX
from pepkit.kernel.networks import MAX_LAYERS

__all__ = ["INTERVALS", "bound", "deep", "file", "layer", "lipschitz", "too_large", "wide"]


def layer(rows: Any, bias: Any = None, slopes: Any = "0") -> dict[str, Any]:
    """A layer of rectifiers; `slopes` None for an affine one."""
    entry = {"weights": [[str(a) for a in row] for row in rows], "bias": [str(b) for b in bias or [0] * len(rows)]}
    if slopes is not None:
        entry["slopes"] = [slopes] * len(rows) if isinstance(slopes, str) else slopes
    return entry


def file(claim: dict[str, Any], proof: dict[str, Any]) -> dict[str, Any]:
    return {"format": "pepkit-cert/1", "field": {"kind": "rationals"}, "claim": claim, "proof": proof}


def wide(size: int) -> list[dict[str, Any]]:
    return [layer([[1]] * size), layer([[1] * size], slopes=None)]


def deep(depth: int) -> list[dict[str, Any]]:
    return [layer([[1]])] * (depth - 1) + [layer([[1]], slopes=None)]


UNIT = {"lower": ["-1"], "upper": ["1"]}
INTERVALS = {"lower-lines": -1, "upper-lines": -1}


def bound(network: Any, rate: str, cases: Any) -> dict[str, Any]:
    claim = {"kind": "network-bound", "network": network, "box": UNIT, "objective": ["1"], "rate": rate}
    return file(claim, {"kind": "network-cases", "cases": cases})


def lipschitz(network: Any, rate: str, **proof: Any) -> dict[str, Any]:
    return file({"kind": "network-lipschitz", "network": network, "rate": rate}, proof)


def line(depth: int) -> dict[str, Any]:
    claim = {"kind": "relaxation-limits", "first": deep(depth), "second": deep(depth), "box": UNIT, "objective": ["1"]}
    return file(
        claim | {"method": "crown", "place": "0", "left": "1", "right": "1", "value": "1"},
        {"kind": "moving-evaluation"},
    )


def too_large() -> dict[str, dict[str, Any]]:
    one_input = [{"lower": ["-1"], "upper": ["1"], **INTERVALS}]
    wedge = [layer([[1] * 2100], slopes="1"), layer([[1]] * 2100, slopes=None)]
    flat = [layer([[0] * MAX_MATRIX]), layer([[0]], slopes=None)]
    side = 99
    square = [layer([[1] * side] * side)] * 6 + [layer([[1] * side], slopes=None)]
    heavy = line(2)
    heavy["claim"] |= {"first": square, "second": square, "box": {k: v * side for k, v in UNIT.items()}}
    cut = {"relaxation": {"lines": [], "layers": one_input}, "goals": [{"lines": -1, "weights": ["1"]}]}
    return {
        "layers": file(
            {"kind": "network-lipschitz-maximum", "network": deep(MAX_LAYERS + 1), "rate": "1"},
            {"kind": "network-differences"},
        ),
        "wide after narrow": file(
            {
                "kind": "network-lipschitz-maximum",
                "network": [layer([[1] * 20000]), layer([[1]] * 20000, slopes=None)],
                "rate": "20000",
            },
            {"kind": "network-differences"},
        ),
        "layers of a line": line(MAX_LAYERS + 1),
        "products of a line": heavy,
        "slopes": lipschitz(wide(MAX_MATRIX), "1", kind="network-lipschitz", multipliers={}),
        "lifted": bound(wide(MAX_MATRIX), "1", [])
        | {
            "proof": {
                "kind": "network-gram",
                "relaxation": {"lines": [], "layers": [{"lower": ["-1"] * MAX_MATRIX, "upper": ["1"] * MAX_MATRIX,
                                                        **INTERVALS}]},
                "multipliers": {},
            }
        },
        "chain": lipschitz(
            flat, "0", kind="network-lipschitz-chain", links=[{"multipliers": ["0"], "matrix": [["0"]]}]
        ),
        "end of a chain": lipschitz([layer([[1] * 5000] * 2) | {}, layer([[1, 1]] * 5000), layer([[1] * 5000] * 2,
                                    slopes=None)], "1", kind="network-lipschitz-chain",
                                    links=[{"multipliers": ["0"] * n, "matrix": []} for n in (2, 5000)]),
        "jacobian": lipschitz(wedge, "1", kind="network-pieces", cells=["piece"]),
        "cuts": lipschitz(wide(MAX_CUTS + 1), "1", kind="network-pieces", cells=["cut"] * (MAX_CUTS + 1)),
        "splits": bound(deep(2), "1", [{"split": ["input", 0, "0"]}] * (MAX_SPLITS + 1) + [cut] * (MAX_SPLITS + 2)),
    }  # fmt: skip
