"""Lipschitz constants with certificates: LipSDP per neuron, per layer, in groups; other methods by name.

LipSDP (Fazlyab, Robey, Hassani, Morari, Pappas 2019) with one multiplier for each neuron or layer. Chains bound the
parts of a network one by one (as in its splitting, or layer by layer); the product of the parts is one identity of
the same kind, so every variant has the same certificate. The pairwise couplings of the "network" variant do not
bound Lipschitz constants and are not offered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from pepkit.kernel.certificate import Certificate, residual_of
from pepkit.kernel.errors import CertificateError, ClaimError, UndecidedError
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.network_proofs import LipschitzProof
from pepkit.kernel.networks import Network, Vector
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.networks.bounding import NetworkResult, proved
from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.lipschitz_program import layer_product, solve_multipliers
from pepkit.networks.model import FloatNetwork, float_network
from pepkit.networks.numerical import numerical_search

__all__ = ["VARIANTS", "certify_lipschitz", "lipschitz_pair"]

VARIANTS = ("neuron", "layer", "split", "product", "chain", "chain-fast", "pieces")
"""Ways to a constant in the Euclidean norm."""
MAXIMUM_VARIANTS = ("lp", "pieces")
"""Ways to a constant in the maximum norm."""
EXCESSES = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""Relative enlargements of the squared constant that are tried in turn."""
MULTIPLIER_BITS = 44

Progress = Callable[[str, str], None]


@numerical_search("the search for a Lipschitz constant")
def certify_lipschitz(
    network: Network,
    *,
    variant: str | None = None,
    norm: str = "euclidean",
    split: int = 2,
    pair: bool = True,
    progress: Progress | None = None,
) -> NetworkResult:
    """A certified Lipschitz constant for all inputs: |f(x) - f(y)|^2 <= rate |x - y|^2 in Euclidean norms.

    With `norm="maximum"` it is max |f(x) - f(y)| <= rate max |x - y|, without squares.

    Parameters
    ----------
    network
        The exact network.
    variant
        In the Euclidean norm, ``"neuron"`` (the default): one multiplier for each neuron. ``"layer"``: one for each
        layer, cheaper and weaker.
        ``"split"``: neuron by neuron on groups of `split` affine layers, whose constants are multiplied.
        ``"product"``: the product of spectral norms (groups of one affine layer). ``"chain"``: one small program for
        each layer, for deep networks (ECLipsE); ``"chain-fast"``: the same in closed form. ``"pieces"``: all linear
        pieces, the exact constant, for few inputs.
        In the maximum norm, ``"lp"`` (the default): the linear program over differences; ``"pieces"``.
    norm
        ``"euclidean"`` or ``"maximum"``, of inputs and outputs.
    pair
        Whether to look for two inputs that bound the constant from below.

    Returns
    -------
    NetworkResult
        `bound` is the square of the constant, in the maximum norm the constant.

    Raises
    ------
    ClaimError
        For an unknown variant.
    NetworkSearchError
        If no multipliers were found or none survived rounding.
    """
    if norm not in ("euclidean", "maximum"):
        raise ClaimError(f"unknown norm {norm!r}; known are euclidean and maximum")
    known = VARIANTS if norm == "euclidean" else MAXIMUM_VARIANTS
    variant = variant or known[0]
    if variant not in known:
        unsound = (
            "; the pairwise couplings of LipSDP-Network give wrong constants (0 for relu(x+1) - relu(x))"
            if variant == "network"
            else ""
        )
        raise ClaimError(f"unknown variant {variant!r}; known are {', '.join(known)}{unsound}")
    if split < 1:
        raise ClaimError(f"a group has at least one affine layer, not {split}")
    if variant == "pieces":
        from pepkit.networks.piece_search import certify_by_pieces

        return certify_by_pieces(network, norm=norm, progress=progress)
    if norm == "maximum":
        from pepkit.networks.difference_program import certify_maximum_lipschitz

        return certify_maximum_lipschitz(network, pair=pair)
    started = time.perf_counter()
    if variant.startswith("chain"):
        from pepkit.networks.chain import chain_proof

        points = lipschitz_pair(network) if pair else None
        link, value = chain_proof(network, fast=variant == "chain-fast", pair=points, progress=progress)
        return _with_constant(link, variant, value, started)
    net = float_network(network)
    lengths = {"split": split, "product": 1}.get(variant, len(net.weights))
    groups = [(k, min(k + lengths, len(net.weights))) for k in range(0, len(net.weights), lengths)]
    if progress is not None:
        progress("solve", f"{len(groups)} semidefinite program(s)")
    rho, multipliers = _chain(net, groups, variant == "layer")
    claim, exact = _rounded(network, rho, multipliers, progress)
    points = lipschitz_pair(network) if pair else None
    proof = LipschitzProof(claim, exact, points, {"method": f"LipSDP {variant}", "software": "pepkit"})
    return _with_constant(proof, f"LipSDP {variant}", rho, started)


def _with_constant(proof: Any, name: str, squared: float, started: float) -> NetworkResult:
    details = {"Constant": f"{np.sqrt(_float(proof.claim.rate)):.10g} (square root of the bound)"}
    return proved(proof, name, float(np.sqrt(squared)), started, details)


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _chain(net: FloatNetwork, groups: Sequence[tuple[int, int]], by_layer: bool) -> tuple[float, list[np.ndarray]]:
    """The squared constant and one multiplier for each neuron, group by group from the last to the first.

    With parts f = g o act o h and constants rho_g, rho_h:  rho_g rho_h |dx|^2 - |df|^2 is the sum of
    rho_g (rho_h |dx|^2 - |dy|^2), rho_g (|dy|^2 - |dz|^2) and rho_g |dz|^2 - |df|^2, where the middle one follows from
    the slopes of the activation between the parts with the multiplier 2 rho_g / (1 + s).
    """
    total = 1.0
    multipliers: list[np.ndarray] = []
    for first, last in reversed(groups):
        rho, inside = solve_multipliers(net.weights[first:last], net.slopes[first : last - 1], by_layer=by_layer)
        multipliers = [total * t for t in inside] + multipliers
        total *= rho
        if first:
            between = net.slopes[first - 1]
            multipliers = [2.0 * total / (1.0 + between), *multipliers]
    return total, multipliers


def _rounded(
    network: Network, rho: float, multipliers: Sequence[np.ndarray], progress: Progress | None
) -> tuple[NetworkLipschitz, dict[str, dict[tuple[int, ...], Any]]]:
    """The claim with a provable rate, and exact multipliers."""
    claim = NetworkLipschitz(network)
    statement = claim.slopes_statement()
    flat = np.concatenate([*multipliers, np.zeros(0)])
    identity = [s == 1 for layer in network.hidden for s in layer.slopes or ()]
    scale = float(flat.max(initial=1.0))
    bits = MULTIPLIER_BITS - int(np.floor(np.log2(scale)))
    step = fmpq(1, 1 << bits) if bits >= 0 else fmpq(1 << -bits)
    failure = ""
    for excess in EXCESSES:
        if progress is not None:
            progress("project", f"relative excess {excess:.0e}")
        # a little more weight on every neuron keeps the blocks of the residual definite
        exact: dict[tuple[int, ...], Any] = {}
        for index, value in enumerate(flat):
            # for the identity the hypothesis is an equation, and any larger multiplier is as good
            factor = 1 + (2 / excess if identity[index] else 0.1 * excess)
            number = fmpq(round(max(value, 0.0) * factor / _float(step))) * step
            if number:
                exact[(index,)] = number
        rate = fmpq(*float(rho * (1 + excess)).as_integer_ratio())
        candidate = replace(claim, rate=rate)
        if not _likely(candidate, statement, exact):
            failure = "the residual is not definite in floating point"
            continue
        try:
            certificate = Certificate(candidate, {"slopes": exact} if exact else {})
            _, matrix, _ = residual_of(certificate, statement)
            names = [statement.vectors[v].name for v in statement.basis]
            prove_positive_semidefinite(matrix, statement.field, names)
        except (CertificateError, UndecidedError) as error:
            failure = str(error)
            continue
        return candidate, {"slopes": exact} if exact else {}
    raise NetworkSearchError(f"no multipliers survived rounding: {failure}; try the variant 'split' or 'product'")


def _likely(claim: NetworkLipschitz, statement: Any, exact: dict[tuple[int, ...], Any]) -> bool:
    """Whether the residual is positive definite in doubles (a cheap test before the exact one)."""
    from pepkit.networks.gram_program import GramProgram

    program = GramProgram(statement)
    program.add(-1, statement.normaliser, _float(claim.rate))
    program.add(-1, statement.measure, -1.0)
    for index, value in exact.items():
        program.add(-1, statement.family("slopes").form(index), -_float(value))
    matrix = program.block().evaluate(np.array([1.0]))
    # zero rows are no obstacle: the kernel accepts them
    kept = np.flatnonzero(np.any(matrix != 0, axis=1))
    matrix = matrix[np.ix_(kept, kept)]
    scales = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    try:
        np.linalg.cholesky(matrix / np.outer(scales, scales))
    except np.linalg.LinAlgError:
        return False
    return True


def _climbed(
    net: FloatNetwork, best: tuple[np.ndarray, np.ndarray], norm: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A steeper point and its gradient direction by random moves of many points at once, for one output."""
    point = best[0]
    size = 0.1 + float(np.linalg.norm(point))
    objective = np.ones(1)
    points = point + size * np.geomspace(0.01, 1.0, 64)[:, None] * generator.normal(size=(64, len(point)))
    points[0] = point
    norms = np.linalg.norm(net.gradient(points, objective), axis=1)
    for scale in np.geomspace(1.0, 0.01, 200):
        moved = points + scale * size * generator.normal(size=points.shape) / np.sqrt(len(point))
        found = np.linalg.norm(net.gradient(moved, objective), axis=1)
        better = found > norms
        points[better], norms[better] = moved[better], found[better]
        if scale < 0.3:
            # the worst half starts again from the best point
            order = np.argsort(norms)
            points[order[:32]], norms[order[:32]] = points[order[-1]], norms[order[-1]]
    top = int(np.argmax(norms))
    if norms[top] <= norm or not np.isfinite(norms[top]):
        return best
    gradient = net.gradient(points[top : top + 1], objective)[0]
    return points[top], gradient / norms[top]


def lipschitz_pair(network: Network, seed: int = 0, starts: int = 200) -> tuple[Vector, Vector]:
    """Two exact inputs with a large quotient |f(x) - f(y)| / |x - y| (a heuristic; nothing is claimed).

    The Jacobian with the largest norm among random points of several scales gives a direction; the second point
    is as far along it as the same linear piece lasts.
    """
    net = float_network(network)
    generator = np.random.default_rng(seed)
    best_norm, best = -1.0, (np.zeros(network.inputs), np.zeros(network.inputs))
    scales = np.geomspace(0.03, 30.0, 7)
    for number in range(starts):
        point = scales[number % len(scales)] * generator.normal(size=network.inputs)
        if number < 2 * len(scales):
            # networks with weights of one sign are steepest where all coordinates have one sign
            point = np.abs(point) * (1 if number % 2 else -1)
        for _ in range(4):
            jacobian = layer_product(net, point)
            _, values, right = np.linalg.svd(jacobian, full_matrices=False)
            if values[0] > best_norm:
                best_norm, best = float(values[0]), (point, right[0])
            point = point + 0.3 * np.linalg.norm(point) * right[0]
    if net.weights[-1].shape[0] == 1:
        best = _climbed(net, best, best_norm, generator)
    point, direction = best
    step = 1e-3 * max(1.0, float(np.linalg.norm(point)))
    target = layer_product(net, point)
    while step > 1e-9 and not np.array_equal(layer_product(net, point + step * direction), target):
        step /= 4
    first = tuple(fmpq(*float(a).as_integer_ratio()) for a in point)
    second = tuple(a + fmpq(*float(step * d).as_integer_ratio()) for a, d in zip(first, direction, strict=True))
    return first, second
