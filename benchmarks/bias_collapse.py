"""Time of the one-dimensional collapse study: cumulative sums against the dense program, in one run.

python benchmarks/bias_collapse.py [SEEDS] [STEPS]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from pepkit.simulate.hinges import demonstration_start, demonstration_target, train_hinges


def dense(steps: int) -> float:
    """Seconds of the dense program for one seed."""
    a, _, b = (part[0].copy() for part in demonstration_start(1))
    x, y = np.linspace(-1, 1, 500), demonstration_target()
    begin = time.perf_counter()
    for _ in range(steps):
        z = x[:, None] + b[None, :]
        h = np.maximum(0, z)
        r = h @ a - y
        a -= 0.01 * h.T @ r / 500
        b -= 0.01 * (a[None, :] * (z > 0)).T @ r / 500
    return time.perf_counter() - begin


def main(seeds: int = 30, steps: int = 50_000) -> None:
    begin = time.perf_counter()
    train_hinges(
        *demonstration_start(seeds), demonstration_target(), steps=steps, rate=0.01, train_weights=False,
        simultaneous=False,
    )  # fmt: skip
    ours = time.perf_counter() - begin
    sample = 500
    other = dense(sample) / sample * steps * seeds
    print(f"{seeds} seeds, {steps} steps, 100 neurons, 500 points: {ours:.1f} s")
    print(f"dense program, from {sample} steps of one seed: {other:.0f} s; ratio {other / ours:.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
