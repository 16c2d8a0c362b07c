"""The law of robustness for two-layer networks: certified and attained Lipschitz constants against n/k.

Bubeck, Li and Nagaraj (2021) conjecture that two-layer networks with k neurons that fit n generic points with noisy
labels have Lipschitz constants of at least c sqrt(n/k). The study trains such networks and puts exact numbers around
each constant: an upper bound with a LipSDP certificate, the quotient of an exact pair of inputs below it, and the
quotient that the values at the data alone enforce (the best constant of any function with these values, McShane 1934).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.networks import Network
from pepkit.networks.bounding import NetworkResult
from pepkit.networks.lipschitz import certify_lipschitz
from pepkit.networks.model import network
from pepkit.studies import Study

__all__ = ["LawPoint", "fitted_exponent", "law_point", "mcshane_bound", "robustness_law_study", "train_interpolant"]

Progress = Callable[[str, str], None]
GRID_BITS = 20
"""Trained weights and data are rounded to multiples of 2^-20, which keeps certificates short."""


@dataclass(frozen=True)
class LawPoint:
    """One trained network: exact squares of the three constants, and how well it fits."""

    neurons: int
    result: NetworkResult
    witness: fmpq
    mcshane: fmpq
    error: float
    """Largest |f(x_i) - y_i| over the data."""


def _grid(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.round(values * 2.0**GRID_BITS) / 2.0**GRID_BITS)


def sphere_data(points: int, dimension: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the unit sphere (rounded to the grid), shape (n, d), and fair signs, shape (n,)."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(points, dimension))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return _grid(x), generator.choice([-1.0, 1.0], size=points)


def train_interpolant(
    x: np.ndarray,
    y: np.ndarray,
    neurons: int,
    *,
    steps: int = 6000,
    rate: float = 0.01,
    decay: float = 1e-5,
    seed: int = 0,
) -> Network:
    """A two-layer ReLU network trained on the squared loss with Adam, full batches and weight decay.

    Parameters
    ----------
    x, y
        Data, shapes (n, d) and (n,).
    neurons
        k, the hidden width.
    steps, rate, decay
        Steps, step length (falls to a hundredth along a cosine) and factor of the penalty decay/2 |weights|^2.
    """
    count, dimension = x.shape
    generator = np.random.default_rng(seed)
    weights = [
        generator.normal(size=(neurons, dimension)) * np.sqrt(1.0 / dimension) * 4,
        0.1 * generator.normal(size=neurons),
        generator.normal(size=neurons) / np.sqrt(neurons),
        np.zeros(1),
    ]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for step in range(1, steps + 1):
        w, b, a, c = weights
        argument = x @ w.T + b
        active = np.maximum(argument, 0.0)
        residual = (active @ a + c[0] - y) / count
        back = np.where(argument > 0, residual[:, None] * a, 0.0)
        gradients = [back.T @ x, back.sum(axis=0), active.T @ residual, np.array([residual.sum()])]
        length = rate * (0.01 + 0.495 * (1 + np.cos(np.pi * step / steps)))
        for k, gradient in enumerate(gradients):
            total = gradient + decay * weights[k] if k in (0, 2) else gradient
            first[k] = 0.9 * first[k] + 0.1 * total
            second[k] = 0.999 * second[k] + 0.001 * total**2
            scaled = first[k] / (1 - 0.9**step)
            weights[k] = weights[k] - length * scaled / (np.sqrt(second[k] / (1 - 0.999**step)) + 1e-9)
    w, b, a, c = (_grid(part) for part in weights)
    return network([w.tolist(), [a.tolist()]], [b.tolist(), c.tolist()])


def mcshane_bound(points: Sequence[Sequence[fmpq]], values: Sequence[fmpq]) -> fmpq:
    """max (v_i - v_j)^2 / |x_i - x_j|^2, exactly: the squared best constant of a function with these values."""
    best = fmpq(0)
    for i, (x, v) in enumerate(zip(points, values, strict=True)):
        for z, w in zip(points[:i], values[:i], strict=True):
            distance = sum(((p - q) ** 2 for p, q in zip(x, z, strict=True)), fmpq(0))
            if not distance:
                raise ClaimError("two data points are equal")
            best = max(best, (v - w) ** 2 / distance)
    return best


def law_point(x: np.ndarray, y: np.ndarray, neurons: int, *, steps: int = 6000, seed: int = 0) -> LawPoint:
    """Train one network and certify its constant from both sides."""
    net = train_interpolant(x, y, neurons, steps=steps, seed=seed)
    exact = [tuple(fmpq(*float(a).as_integer_ratio()) for a in row) for row in x]
    values = [net(row)[0] for row in exact]
    result = certify_lipschitz(net)
    mcshane = mcshane_bound(exact, values)
    witness = max(result.lower, mcshane)
    claim = result.certificate.claim
    if not isinstance(claim, NetworkLipschitz) or witness > result.bound:
        raise ClaimError("a pair of inputs exceeds a certified constant: please report this")
    error = max(abs(int(v.p) / int(v.q) - t) for v, t in zip(values, y, strict=True))
    return LawPoint(neurons, result, witness, mcshane, error)


def fitted_exponent(ratios: Sequence[float], constants: Sequence[float]) -> tuple[float, float]:
    """(exponent, factor) of the least-squares fit constant = factor * ratio^exponent on logarithms."""
    if len(set(ratios)) < 2:
        raise ClaimError("an exponent is fitted to two or more different ratios n/k")
    slope, intercept = np.polyfit(np.log(np.asarray(ratios)), np.log(np.asarray(constants)), 1)
    return float(slope), float(np.exp(intercept))


def robustness_law_study(
    neurons: Sequence[int] = (8, 12, 20, 40, 80),
    *,
    points: int = 80,
    dimension: int = 16,
    samples: int = 2,
    steps: int = 6000,
    tolerance: float = 0.1,
    seed: int = 0,
    certificates: Callable[[str, Any], None] | None = None,
    progress: Progress | None = None,
) -> Study:
    """Lipschitz constants of trained two-layer networks against n/k, each between exact numbers.

    Parameters
    ----------
    neurons
        Hidden widths k.
    points, dimension
        n points on the unit sphere of R^d with fair random signs.
    samples
        Data sets and networks for each width, with seeds `seed`, `seed` + 1, ..
    steps
        Training steps.
    tolerance
        A network with a larger error at some point has not fitted the data and is left out of the fit.
    certificates
        Called with (name, certificate) for every certified constant.

    Returns
    -------
    Study
        A row for each network, the constants on doubly logarithmic axes, and the fitted exponents in the notes.
    """
    if not neurons or min(neurons) < 1 or points < 2 or dimension < 1 or samples < 1 or steps < 1:
        raise ClaimError(
            "widths, points, dimension, samples and steps of the study are positive, and two points are needed"
        )
    rows: list[tuple[Any, ...]] = []
    kept: list[tuple[float, float, float, float]] = []
    for k in neurons:
        for sample in range(samples):
            if progress is not None:
                progress("train", f"k = {k}, network {sample + 1} of {samples}")
            x, y = sphere_data(points, dimension, seed + sample)
            found = law_point(x, y, k, steps=steps, seed=seed + sample)
            upper, lower, enforced = (_root(v) for v in (found.result.bound, found.witness, found.mcshane))
            fitted = found.error <= tolerance
            rows.append((k, points / k, seed + sample, found.error, fitted, upper, lower, enforced))
            if certificates is not None:
                certificates(f"k{k}-seed{seed + sample}", found.result.certificate)
            if fitted:
                kept.append((points / k, upper, lower, enforced))
    notes = [
        f"n = {points} points on the sphere in R^{dimension} with fair signs; weights rounded to 2^-{GRID_BITS}; Adam, "
        f"{steps} steps. Upper bounds are roots of certified squares (LipSDP per neuron), lower bounds roots of exact "
        "quotients.",
        "The McShane bound is what the values at the data enforce for any function.",
    ]
    ratios = [entry[0] for entry in kept]
    curves = []
    if len(set(ratios)) > 1:
        for number, label in ((1, "certified upper"), (2, "witness lower")):
            exponent, factor = fitted_exponent(ratios, [entry[number] for entry in kept])
            notes.append(
                f"Fit of the {label} bounds: {factor:.3g} (n/k)^{exponent:.3f}; the conjecture has exponent 1/2."
            )
            if number == 1:
                ends = (min(ratios), max(ratios))
                curves.append((f"exponent {exponent:.2f} (line)", ends, tuple(factor * r**exponent for r in ends)))
    else:
        notes.append(f"Fewer than two widths fitted the data to {tolerance:g}; no exponent is fitted. Train longer.")
    for position, label in ((5, "certified upper"), (6, "witness lower"), (7, "McShane lower")):
        curves.append((f"{label} (points)", tuple(row[1] for row in rows), tuple(row[position] for row in rows)))
    return Study(
        f"Lipschitz constants of two-layer networks through n = {points} points in dimension {dimension}",
        ("k", "n/k", "seed", "largest error", "fitted", "certified upper", "witness lower", "McShane lower"),
        tuple(rows),
        tuple(notes),
        tuple(curves),
        ("n/k", "Lipschitz constant (Euclidean)"),
        ("log", "log"),
    )


def _root(value: fmpq) -> float:
    # through logarithms, as squares of small numbers may leave the range of doubles
    if not value:
        return 0.0
    ratio = int(value.p) / int(value.q)
    return ratio**0.5 if ratio else float(np.exp(0.5 * (log(int(value.p)) - log(int(value.q)))))
