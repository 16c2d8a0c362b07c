"""Gradient flow of deep linear networks: conserved quantities, closed equations, alignment, turns, complex entries."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from pepkit.kernel.linear_network_identities import Expansion, LinearNetworkIdentity
from pepkit.labs.enclosing import trajectory_certificate
from pepkit.labs.registry import lab
from pepkit.labs.result import Finding, LabResult
from pepkit.labs.store import Work
from pepkit.simulate import deep_linear as simulate
from pepkit.simulate.accelerated import flows as compiled
from pepkit.simulate.accelerated import require_backend
from pepkit.studies import Study

__all__ = ["closed_equation_error", "deep_linear", "saxe_error", "turn_counts"]

TARGET = (1.0, 0.1)
_FLOWS = {"numpy": simulate.flow, "jax": compiled.flow}
TURNING = {
    2: ((fmpq(53, 50), fmpq(133, 200), fmpq(103, 100), fmpq(13, 5)), (0, 7, 23, 33, 65)),
    3: ((fmpq(24, 25), fmpq(19, 25), fmpq(-51, 25), fmpq(-3, 5)), (0, 3, 14, 25, 57)),
    4: ((fmpq(19, 18), fmpq(17, 20), fmpq(11, 20), fmpq(39, 20)), (0, 4, 9, 27, 59)),
}
"""Layers -> start (p, q, phi, psi) of a balanced network for the target diag(1, 1/2), and times in units of 1/32
between which its smaller singular value falls, rises, falls and rises."""
TURN = 1e-4
"""A turn of a singular value smaller than this is not counted."""


@lab(
    "deep-linear",
    "Gradient flow of deep linear networks",
    quick={"seeds": 40, "depths": (2, 4), "points": 601},
    full={"seeds": 200},
)
def deep_linear(
    *,
    seeds: int = 200,
    depths: tuple[int, ...] = (2, 3, 4, 5),
    time: float = 60.0,
    points: int = 1201,
    backend: str = "numpy",
    seed: int = 0,
    work: Work | None = None,
) -> LabResult:
    """Flows of `seeds` networks of 2 x 2 layers for each depth, integrated on the `backend` numpy or jax."""
    require_backend(backend)
    work = work or Work()
    common = {"seeds": seeds, "time": time, "points": points, "backend": backend, "seed": seed}
    flows = [work.piece({"study": "flow", "depth": n, **common}, partial(_flow, n, seeds, time, points, seed, backend))
             for n in depths]  # fmt: skip
    turning = Study(
        "How often the smaller singular value of the end-to-end matrix changes direction",
        ("layers", "networks", "largest number of turns", "mean", "largest drift of D_j", "largest rise of the loss",
         "largest final loss"),
        tuple((n, seeds, max(f["turns"]), float(np.mean(f["turns"])), f["drift"], f["rise"], f["final"])
              for n, f in zip(depths, flows, strict=True)),
        (f"Start 0.7 N(0, 1), target diag{TARGET}, turns larger than {TURN:g}, t <= {time:g}.",
         "D_j = W_(j+1)' W_(j+1) - W_j W_j' is conserved exactly; its drift here is that of the integrator."),
        tuple((f"{n} layers", tuple(float(k) for k in range(max(f["turns"]) + 1)),
               tuple(float(c) / seeds for c in np.bincount(f["turns"])))
              for n, f in zip(depths, flows, strict=True)),
        ("number of turns of the smaller singular value", "fraction of networks"),
    )  # fmt: skip
    closed = _closed(work, seed, backend)
    alignment = _alignment(work, seeds, seed, backend)
    phases = _phases(work, seeds, seed, backend)
    formulas = _formulas(work, seed)
    certificates: dict[str, Any] = {
        f"{name}-{n}-layers": Expansion(LinearNetworkIdentity(name, (2,) * (n + 1), 2))
        for name, n in (("conserved", 4), ("energy", 4), ("descent-drift", 3), ("balanced-flow", 2),
                        ("balanced-flow", 3), ("balanced-flow", 4))
    }  # fmt: skip
    certificates["implicit-bias-counterexample"] = Expansion(LinearNetworkIdentity("unseen-inputs", (2, 1, 1), 1))
    for depth, (start, times) in TURNING.items():
        certificates[f"turning-{depth}-layers"] = work.certificate(
            {"turning": depth},
            partial(trajectory_certificate, depth, (fmpq(1), fmpq(1, 2)), start, tuple(fmpq(t, 32) for t in times)),
        )
    certified = [certificates[f"turning-{depth}-layers"].claim.changes() for depth in TURNING]
    rise = max(row[5] for row in turning.rows)
    return LabResult(
        _ABOUT,
        {"turns": turning, "trajectories": _trajectories(work, seed, backend), "closed-equations": closed,
         "alignment": alignment, "complex-phases": phases, "formulas": formulas},
        certificates,
        (
            Finding(f"the loss never rises (largest rise {rise:.1e}): turns are no cycles", rise < 1e-12),
            Finding("closed equations and the full flow agree to " + f"{max(closed.column('largest difference')):.1e}",
                    max(closed.column("largest difference")) < 1e-9),
            Finding(f"balanced networks of {', '.join(map(str, TURNING))} layers whose smaller singular value turns at "
                    f"least {', '.join(map(str, certified))} times: certified by rigorous integration",
                    min(certified) >= 3),
            Finding("the phases of entries that do not tend to zero converge; the largest change of a phase in the "
                    f"last tenth of the time is {max(phases.column('largest late change of a phase')):.1e} radians",
                    max(phases.column("largest late change of a phase")) < 1e-2),
            Finding("misalignment of neighbouring layers ends proportional to the conserved imbalance"),
        ),
    )  # fmt: skip


_ABOUT = """
L(W) = |W_N ... W_1 - Y|^2/2 with 2 x 2 layers and whitened inputs; W_j' = -G_j. What is decided about four open
problems:

1. *Alignment of singular vectors.* Balanced networks (all D_j = 0) stay aligned, and a closed equation in four numbers
   (two singular values, two angles) moves them, at any depth; the certificates `balanced-flow` prove it. Unbalanced
   networks cannot align exactly, since D_j does not change: the misalignment that remains is proportional to |D|.
2. *Limit cycles.* There are none, at any depth: dL/dt = -sum |G_j|^2 (certificate `energy`). Singular values may turn
   several times on the way, already for two layers and also in balanced networks (certificates `turning`, enclosures of
   the trajectory with rational starts); the loss decreases all the while. Whether their number is bounded is open, and
   trajectories of unbalanced networks are not enclosed. Gradient *descent* does cycle, and is chaotic for large steps:
   laboratory `descent-chaos`.
3. *Complex entries.* The flow of complex networks is the gradient flow of a real polynomial in twice as many variables.
   Bounded trajectories have finite length and converge, and so do the phases of entries whose limit is not zero.
4. *How the learning time depends on depth* needs a convention for the start: laboratory `learning-times`.

The certificate `implicit-bias-counterexample` is about the claim that gradient flow of every linear network finds the
solution of least norm. With inputs e1 only, W_1 = (a, b) and W_2 = c, the number b never moves, so the limit keeps the
component c b outside the span of the data, also for balanced starts c^2 = a^2 + b^2.
"""


def _target() -> NDArray[np.float64]:
    return np.diag(TARGET)


def _random(count: int, depth: int, seed: int, scale: float = 0.7) -> NDArray[np.float64]:
    return scale * np.random.default_rng([seed, depth]).standard_normal((count, depth, 2, 2))


def turn_counts(depth: int, seeds: int, time: float, points: int, seed: int) -> NDArray[np.int64]:
    """Turns of the smaller singular value of each network."""
    run = simulate.flow(_random(seeds, depth, seed), _target(), np.linspace(0, time, points))
    products = np.stack([simulate.end_to_end(w) for w in run.weights])
    return simulate.turns(np.linalg.svd(products, compute_uv=False)[:, :, 1], TURN)


def _flow(depth: int, seeds: int, time: float, points: int, seed: int, backend: str = "numpy") -> dict[str, Any]:
    run = _FLOWS[backend](_random(seeds, depth, seed), _target(), np.linspace(0, time, points))
    products = np.stack([simulate.end_to_end(w) for w in run.weights])
    singular = np.linalg.svd(products, compute_uv=False)
    drift = simulate.imbalance(run.weights[-1]) - simulate.imbalance(run.weights[0])
    losses = np.stack([simulate.loss(w, _target()) for w in run.weights])
    return {
        "turns": [int(c) for c in simulate.turns(singular[:, :, 1], TURN)],
        "drift": float(np.abs(drift).max()),
        "rise": float(np.maximum(np.diff(losses, axis=0), 0).max()),
        "final": float(losses[-1].max()),
    }


def _trajectories(work: Work, seed: int, backend: str) -> Study:
    """The network with most turns among 40, four layers."""
    question = {"study": "trajectories", "backend": backend, "seed": seed}
    found = work.piece(question, partial(_most_turns, seed, backend))
    times, values = found["times"], found["values"]
    rows = tuple((t, a, b, c) for t, a, b, c in zip(times, *values, strict=True))[::20]
    return Study(
        "Singular values of the end-to-end matrix of the four-layer network with most turns (of 40)",
        ("t", "larger singular value", "smaller singular value", "loss"),
        rows,
        (f"{found['turns']} turns; the loss falls monotonically.",),
        tuple((f"{name} (line)", tuple(times), tuple(v))
              for name, v in zip(("larger singular value", "smaller singular value", "loss"), values, strict=True)),
        ("time t", "value"),
    )  # fmt: skip


def _most_turns(seed: int, backend: str) -> dict[str, Any]:
    times = np.linspace(0, 30, 1201)
    run = _FLOWS[backend](_random(40, 4, seed), _target(), times)
    singular = np.linalg.svd(np.stack([simulate.end_to_end(w) for w in run.weights]), compute_uv=False)
    counts = simulate.turns(singular[:, :, 1], TURN)
    k = int(np.argmax(counts))
    losses = [float(simulate.loss(w[k : k + 1], _target())[0]) for w in run.weights]
    return {
        "times": [float(t) for t in times],
        "values": [singular[:, k, 0].tolist(), singular[:, k, 1].tolist(), losses],
        "turns": int(counts[k]),
    }


def closed_equation_error(depth: int, seed: int, time: float = 1.5, count: int = 20, backend: str = "numpy") -> float:
    """max |W(full flow) - W(closed equations)| at `time` over `count` balanced starts."""
    generator = np.random.default_rng([seed, depth])
    phi, psi = generator.uniform(-1, 1, (2, count))
    first = generator.uniform(0.5, 0.9, count)
    singular = np.stack([first, first * generator.uniform(0.2, 0.7, count)], axis=1)
    weights = simulate.balanced(simulate.rotation(phi), singular, simulate.rotation(psi), depth, generator)
    full = simulate.end_to_end(_FLOWS[backend](weights, _target(), np.array([0.0, time]), 1e-13).weights[-1])
    closed = simulate.closed_run(np.stack([singular[:, 0], singular[:, 1], phi, psi]), TARGET, depth, time)
    return float(np.abs(full - closed).max())


def _closed(work: Work, seed: int, backend: str) -> Study:
    rows = []
    for depth in (2, 3, 4, 6):
        error = work.piece(
            {"study": "closed", "depth": depth, "backend": backend, "seed": seed},
            partial(closed_equation_error, depth, seed, backend=backend),
        )
        rows.append((depth, 20, error))
    return Study(
        "Four closed equations against the full flow, balanced 2 x 2 networks at t = 1.5",
        ("layers", "networks", "largest difference"),
        tuple(rows),
        ("Both are integrated with relative tolerance 1e-13; the certificates prove the equations themselves.",),
    )


def saxe_error() -> float:
    """Largest error of the two-layer solution with s* = 3, s_0 = 0.01 against the scalar flow (a b)' ."""
    times = np.linspace(0, 3, 61)
    weights = np.zeros((1, 2, 1, 1))
    weights[:] = np.sqrt(0.01)
    run = simulate.flow(weights, np.array([[3.0]]), times, 1e-12)
    products = np.array([simulate.end_to_end(w)[0, 0, 0] for w in run.weights])
    return float(np.abs(products - simulate.saxe(0.01, 3.0, times)).max())


def arora_error(depth: int, seed: int) -> float:
    """max |dW/dt - formula| over 50 balanced networks."""
    generator = np.random.default_rng([seed, depth])
    phi, psi = generator.uniform(-3, 3, (2, 50))
    singular = np.sort(generator.uniform(0.1, 1.2, (50, 2)), axis=1)[:, ::-1]
    weights = simulate.balanced(simulate.rotation(phi), singular, simulate.rotation(psi), depth, generator)
    target = _target()
    slope = -simulate.gradients(weights, target)
    velocity = np.zeros((50, 2, 2))
    for j in range(depth):
        changed = weights.copy()
        changed[:, j] = slope[:, j]
        velocity += simulate.end_to_end(changed)
    return float(np.abs(velocity - simulate.arora_velocity(simulate.end_to_end(weights), target, depth)).max())


def _formulas(work: Work, seed: int) -> Study:
    rows: list[tuple[Any, ...]] = [
        (f"dW/dt = -sum (WW')^((j-1)/N) G (W'W)^((N-j)/N), N = {n}", work.piece(
            {"study": "arora", "depth": n, "seed": seed}, partial(arora_error, n, seed)))
        for n in (2, 3, 4, 5)
    ]  # fmt: skip
    rows.append(("s(t) of two aligned layers, s* = 3, s_0 = 0.01", work.piece({"study": "saxe"}, saxe_error)))
    return Study("Published formulas against the flow", ("formula", "largest error"), tuple(rows), ())


def _alignment(work: Work, seeds: int, seed: int, backend: str) -> Study:
    rows, first, last = [], [], []
    sizes = (1e-4, 1e-3, 1e-2, 1e-1, 0.3)
    for size in sizes:
        found = work.piece(
            {"study": "alignment", "size": size, "seeds": seeds, "backend": backend, "seed": seed},
            partial(_misaligned, size, seeds, seed, backend),
        )
        rows.append((size, found["imbalance"], found["start"], found["end"]))
        first.append(found["start"])
        last.append(found["end"])
    x = tuple(row[1] for row in rows)
    return Study(
        "Angle between neighbouring singular vectors against the conserved imbalance, four layers",
        ("size of the perturbation", "median |D|", "median angle at the start", "median angle at the end"),
        tuple(rows),
        ("Balanced starts plus a Gaussian perturbation of each layer; the angle is the largest one between the leading "
         "right singular vector of a layer and the leading left one of the layer before, in radians.",),
        (("start", x, tuple(first)), ("end (t = 60)", x, tuple(last))),
        ("median of max |D_j|", "angle (radians)"),
        ("log", "log"),
    )  # fmt: skip


def _misaligned(size: float, seeds: int, seed: int, backend: str) -> dict[str, float]:
    generator = np.random.default_rng([seed, 17])
    phi, psi = generator.uniform(-1, 1, (2, seeds))
    singular = np.stack([generator.uniform(0.3, 0.8, seeds), generator.uniform(0.02, 0.2, seeds)], axis=1)
    weights = simulate.balanced(simulate.rotation(phi), singular, simulate.rotation(psi), 4, generator)
    weights = weights + size * generator.standard_normal(weights.shape)
    run = _FLOWS[backend](weights, _target(), np.array([0.0, 60.0]))
    return {
        "imbalance": float(np.median(np.abs(simulate.imbalance(weights)).max(axis=(1, 2, 3)))),
        "start": float(np.median(simulate.layer_angles(run.weights[0]))),
        "end": float(np.median(simulate.layer_angles(run.weights[-1]))),
    }


def _phases(work: Work, seeds: int, seed: int, backend: str) -> Study:
    rows = []
    for depth in (2, 3, 4):
        found = work.piece(
            {"study": "phases", "depth": depth, "seeds": seeds, "backend": backend, "seed": seed},
            partial(_phase_run, depth, seeds, seed, backend),
        )
        rows.append((depth, seeds, found["converged"], found["total"], found["late"], found["rise"]))
    return Study(
        "Phases of the entries of complex networks under the flow",
        ("layers", "networks", "converged", "largest total change of a phase", "largest late change of a phase",
         "largest rise of the loss"),
        tuple(rows),
        ("Target diag(1, 0.5); phases (radians) of entries of the layers whose absolute value stays "
         "above 0.01, in networks whose loss ends below 1e-8; late: the last tenth of t <= 60. They have 4N complex, "
         "8N real parameters.",),
    )  # fmt: skip


def _phase_run(depth: int, seeds: int, seed: int, backend: str) -> dict[str, float]:
    generator = np.random.default_rng([seed, depth, 1])
    shape = (seeds, depth, 2, 2)
    weights = 0.5 * (generator.standard_normal(shape) + 1j * generator.standard_normal(shape))
    target = np.diag([1.0, 0.5]).astype(complex)
    run = _FLOWS[backend](weights, target, np.linspace(0, 60, 601))
    losses = np.stack([simulate.loss(w, target) for w in run.weights])
    converged = losses[-1] < 1e-8
    clear = (np.min(np.abs(run.weights), axis=0) > 0.01) & converged[:, None, None, None]
    phase = np.unwrap(np.angle(run.weights), axis=0)
    change = np.abs(np.diff(phase, axis=0))
    return {
        "converged": int(converged.sum()),
        "total": float(change.sum(axis=0)[clear].max()),
        "late": float(change[-60:].sum(axis=0)[clear].max()),
        "rise": float(np.maximum(np.diff(losses, axis=0), 0).max()),
    }
