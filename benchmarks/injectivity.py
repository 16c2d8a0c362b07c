"""The decision for one ReLU layer against enumeration of its rays, in one process.

    python benchmarks/injectivity.py [--repeat 5]

Both methods are exact and answer the same question for the same Gaussian layers; quote the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pepkit.kernel import check
from pepkit.networks.injectivity import decide_injectivity, is_injective_by_rays, relu_layer

SIZES = [(2, 12), (3, 18), (4, 24), (5, 34)]
RAYS_UP_TO = 4
"""Enumerating rays takes minutes beyond."""


def seconds(function: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time and result."""
    begin = time.perf_counter()
    result = function()
    return time.perf_counter() - begin, result


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    print(f"{'n':>3} {'m':>4} {'injective':>10} {'decide s':>10} {'check s':>10} {'rays s':>10} {'ratio':>8}")
    for n, m in SIZES:
        rows = []
        for seed in range(repeat):
            layer = relu_layer(np.random.default_rng(seed).standard_normal((m, n)))
            decide, result = seconds(lambda layer=layer: decide_injectivity(layer))
            checked, _ = seconds(lambda result=result: check(result.certificate))
            rays = float("nan")
            if n <= RAYS_UP_TO:
                rays, answer = seconds(lambda layer=layer: is_injective_by_rays(layer))
                if answer != result.injective:
                    raise SystemExit(f"the methods disagree for n = {n}, m = {m}, seed {seed}")
            rows.append((decide, checked, rays, result.injective))
        decide, checked, rays = (statistics.median(row[k] for row in rows) for k in range(3))
        count = f"{sum(row[3] for row in rows)}/{repeat}"
        print(f"{n:3d} {m:4d} {count:>10} {decide:10.4f} {checked:10.4f} {rays:10.4f} {rays / decide:8.1f}")


if __name__ == "__main__":
    main()
