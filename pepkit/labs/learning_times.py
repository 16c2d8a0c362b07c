"""How long deep linear networks learn: three conventions for the start, three answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import digamma

from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate.accelerated import require_backend
from pepkit.simulate.accelerated.flows import lyapunov_sums
from pepkit.studies import Study

__all__ = ["learning_time", "learning_times", "lyapunov_exponents"]


@lab(
    "learning-times",
    "Learning time of deep linear networks against depth",
    quick={"products": 200},
    full={"products": 4000},
)
def learning_times(
    *,
    start: float = 0.01,
    layer_start: float = 0.5,
    products: int = 4000,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """The time at which a balanced scalar mode s' = N s^(2-2/N) (1 - s) reaches 0.99.

    The times are integrals, computed with SciPy; the random products run on the `backend` numpy or jax.
    """
    require_backend(backend)
    work = work or Work()
    depths = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64)
    fixed = [work.piece({"start": start, "depth": n}, partial(learning_time, start, n)) for n in depths]
    layered = [(n, work.piece({"layer": layer_start, "depth": n}, partial(learning_time, layer_start**n, n)))
               for n in depths if 2 <= n <= 32]  # fmt: skip
    top, bottom = lyapunov_exponents()
    sampled = work.piece(
        {"products": products, "backend": backend, "seed": seed}, partial(_sampled, products, seed, backend)
    )
    x = tuple(float(n) for n in depths)
    tail = fixed[-1] * depths[-1] / (fixed[-2] * depths[-2])
    return LabResult(
        _ABOUT,
        {
            "fixed-end-to-end-start": Study(
                f"Fixed end-to-end start s_0 = {start:g}",
                ("layers N", "time to 0.99", "N x time"),
                tuple((n, t, n * t) for n, t in zip(depths, fixed, strict=True)),
                ("N x time tends to a constant: exponent -1, after a maximum near N = 8.",),
                (("time to 0.99", x, tuple(fixed)),),
                ("number of layers N", "time"),
                ("log", "log"),
            ),
            "fixed-layer-start": Study(
                f"Every layer starts at w_0 = {layer_start:g}",
                ("layers N", "time to 0.99", "w_0^-(N-2)/(N-2)"),
                tuple((n, t, layer_start ** -(n - 2) / (n - 2) if n > 2 else None) for n, t in layered),
                ("The time grows exponentially with N.",),
                (
                    ("time to 0.99", tuple(float(n) for n, _ in layered), tuple(t for _, t in layered)),
                    ("w_0^-(N-2)/(N-2) (line)", tuple(float(n) for n, _ in layered if n > 2),
                     tuple(layer_start ** -(n - 2) / (n - 2) for n, _ in layered if n > 2)),
                ),
                ("number of layers N", "time"),
                ("linear", "log"),
            ),
            "random-layers": Study(
                "Singular values of products of N Gaussian 2 x 2 matrices: ln s_k(N)/N",
                ("exponent", "exact", "sampled", "layers", "products"),
                (("larger", top, sampled[0], 200, products), ("smaller", bottom, sampled[1], 200, products)),
                ("Exact: (ln 2 + psi(1))/2 and (ln 2 + psi(1/2))/2 for entries N(0, 1); entries N(0, sigma^2) add "
                 "ln sigma. The second mode starts at about exp(-0.635 N), so its learning time is exponential in N.",),
            ),
        },
        {},
        (
            Finding("with a fixed end-to-end start the time behaves as 1/N for large N: N x time changes by a factor "
                    f"{tail:.3f} from N = 48 to 64", abs(tail - 1) < 0.1),
            Finding("with a fixed start of each layer the time is exponential in N: "
                    f"{layered[-1][1]:.4g} at N = {layered[-1][0]}", layered[-1][1] > 1e6 or layer_start > 0.6),
            Finding(f"sampled exponents {sampled[0]:.4f}, {sampled[1]:.4f} against {top:.4f}, {bottom:.4f}",
                    max(abs(sampled[0] - top), abs(sampled[1] - bottom)) < 0.05),
        ),
    )  # fmt: skip


_ABOUT = """
A balanced, aligned mode of a network with N layers follows s' = N s^(2-2/N) (s* - s), here with s* = 1. The question
"with which exponent of N does the learning time grow?" has no answer before a convention says how the start depends
on N: a fixed end-to-end start gives exponent -1, a fixed start of every layer an exponential, and independent Gaussian
layers an exponential with an exactly known rate (the Lyapunov exponents of products of Gaussian matrices). Counted in
steps of gradient descent with a step of one over the sharpness, which grows as N s^(2-2/N), every time is multiplied by
N.
"""


def learning_time(start: float, depth: int, end: float = 0.99) -> float:
    """The time from `start` to `end` of s' = N s^(2-2/N) (1 - s)."""
    # in u = ln s the integrand is smooth over many orders of magnitude
    value, _ = quad(
        lambda u: np.exp(u * (2 / depth - 1)) / (depth * -np.expm1(u)), np.log(start), np.log(end), limit=500,
        epsabs=0, epsrel=1e-12,
    )  # fmt: skip
    return float(value)


def lyapunov_exponents() -> tuple[float, float]:
    """Exponents of products of 2 x 2 matrices with independent N(0, 1) entries (Newman 1986)."""
    return float(np.log(2) + digamma(1.0)) / 2, float(np.log(2) + digamma(0.5)) / 2


def _sampled(products: int, seed: int, backend: str = "numpy") -> list[Any]:
    """Mean of ln s_k(N)/N over random products of 200 layers, by QR steps; the same numbers on both backends."""
    generator = np.random.default_rng(seed)
    if backend == "jax":
        layers = generator.standard_normal((200, products, 2, 2))
        return [float(v) for v in lyapunov_sums(layers).mean(axis=0) / 200]
    frame = np.broadcast_to(np.eye(2), (products, 2, 2)).copy()
    total = np.zeros((products, 2))
    for _ in range(200):
        frame, upper = np.linalg.qr(generator.standard_normal((products, 2, 2)) @ frame)
        total += np.log(np.abs(np.diagonal(upper, axis1=1, axis2=2)))
    return [float(v) for v in total.mean(axis=0) / 200]
