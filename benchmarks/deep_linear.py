"""The flow of a batch of deep linear networks against one integration for each network, in one process.

    python benchmarks/deep_linear.py [--seeds 200] [--repeat 3]

Both integrate the same four-layer 2 x 2 networks to t = 60 with DOP853 and the same tolerance; quote the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from pepkit.simulate.deep_linear import flow


def main() -> None:
    """Print the seconds of the batch, of single networks, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    target, times = np.diag([1.0, 0.1]), np.array([0.0, 60.0])
    weights = 0.7 * np.random.default_rng(0).standard_normal((arguments.seeds, 4, 2, 2))
    batch, single = [], []
    for _ in range(arguments.repeat):
        begin = time.perf_counter()
        together = flow(weights, target, times).weights[-1]
        batch.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        # a tenth of the networks stands for all
        few = max(1, arguments.seeds // 10)
        alone = np.concatenate([flow(weights[k : k + 1], target, times).weights[-1] for k in range(few)])
        single.append((time.perf_counter() - begin) * arguments.seeds / few)
        if np.abs(together[:few] - alone).max() > 1e-5:
            raise SystemExit("the batch and the single networks disagree")
    together_seconds, alone_seconds = statistics.median(batch), statistics.median(single)
    print(f"{arguments.seeds} networks, batch: {together_seconds:.2f} s, one by one: {alone_seconds:.2f} s, "
          f"ratio {alone_seconds / together_seconds:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
