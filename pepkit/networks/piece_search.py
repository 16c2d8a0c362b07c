"""The exact Lipschitz constant of a network with few inputs: all linear pieces, found in doubles, proved exactly.

Cells are cut neuron by neuron. A linear program gives each new cell an interior point or multipliers that show that
it has none; multipliers are solved for exactly on their support. A cell for which neither can be shown is kept, which
can only enlarge the constant.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat
from scipy.optimize import linprog

from pepkit.kernel.errors import ClaimError
from pepkit.kernel.linear_pieces import CUT, PIECE, Empty, PieceCell, PiecesProof, largest_row_sum
from pepkit.kernel.maximum_norm import NetworkMaximumLipschitz
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.networks import Network, Vector
from pepkit.networks.bounding import NetworkResult, proved
from pepkit.networks.gram_program import NetworkSearchError
from pepkit.networks.model import to_floats

__all__ = ["certify_by_pieces", "linear_pieces"]

Progress = Callable[[str, str], None]
NORMS = ("euclidean", "maximum")
DEPTH = 1e-9
"""A cell whose inscribed ball is smaller than this gets no interior point."""


@dataclass(frozen=True)
class Piece:
    """A linear piece: its exact Jacobian (outputs x inputs) and a point in doubles, inside where `inside`."""

    jacobian: Any
    point: np.ndarray
    inside: bool


@dataclass(frozen=True)
class Pieces:
    """All linear pieces of a network, and the tree of cuts that proves it."""

    pieces: tuple[Piece, ...]
    nodes: tuple[str | Empty, ...]


def linear_pieces(
    network: Network, *, max_pieces: int = 20_000, timeout: float = 600.0, progress: Progress | None = None
) -> Pieces:
    """All linear pieces of a network over the whole space.

    Raises
    ------
    NetworkSearchError
        If there are more than `max_pieces` or the time is over; their number grows like (neurons)^(inputs).
    """
    started = time.perf_counter()
    nodes: list[str | Empty] = []
    pieces: list[Piece] = []
    start = np.random.default_rng(0).normal(size=network.inputs)
    pending: list[tuple[PieceCell, np.ndarray, bool]] = [(PieceCell(network), start, True)]
    while pending:
        cell, point, inside = pending.pop()
        if not inside:
            found, multipliers = _interior(cell)
            if multipliers is not None:
                nodes.append(Empty(multipliers))
                continue
            if found is not None:
                point, inside = found, True
        if cell.jacobian is not None:
            nodes.append(PIECE)
            pieces.append(Piece(cell.jacobian, point, inside))
            if progress is not None and len(pieces) % 50 == 0:
                progress("cells", f"{len(pieces)} linear pieces, {len(pending)} cells open")
            if len(pieces) > max_pieces:
                raise NetworkSearchError(
                    f"the network has more than {max_pieces} linear pieces; try a variant of LipSDP"
                )
            continue
        if time.perf_counter() - started > timeout:
            raise NetworkSearchError(
                f"{len(pieces)} linear pieces after {timeout:g} s and {len(pending)} cells open; allow more time or "
                "try a variant of LipSDP"
            )
        nodes.append(CUT)
        a, b = cell.next_form
        value = float(to_floats(a) @ point + to_floats([b])[0]) / float(np.linalg.norm(to_floats(a)))
        below, above = cell.cut()
        # a point well inside one part needs no program there
        pending.append((above, point, inside and value > DEPTH))
        pending.append((below, point, inside and value < -DEPTH))
    return Pieces(tuple(pieces), tuple(nodes))


def _interior(cell: PieceCell) -> tuple[np.ndarray | None, tuple[tuple[int, fmpq], ...] | None]:
    """A point inside the cell, or exact multipliers that show that there is none; (None, None) if neither is found."""
    normals = np.array([to_floats(a) for a, _ in cell.inequalities])
    constants = to_floats([b for _, b in cell.inequalities])
    lengths = np.linalg.norm(normals, axis=1)
    normals, constants = normals / lengths[:, None], constants / lengths
    count, width = normals.shape
    cost = np.zeros(width + 1)
    cost[-1] = -1.0
    bounds = [(None, None)] * width + [(None, 1.0)]
    matrix = np.concatenate([-normals, np.ones((count, 1))], axis=1)
    answer = linprog(cost, A_ub=matrix, b_ub=constants, bounds=bounds, method="highs")
    if answer.status != 0:
        return None, None
    if -answer.fun > DEPTH:
        return answer.x[:width], None
    weights = -answer.ineqlin.marginals
    support = np.flatnonzero(weights > 1e-9 * weights.max())
    exact = _null_vector(cell, support)
    if exact is not None:
        multipliers = tuple((int(t), m) for t, m in zip(support, exact, strict=True) if m)
        if cell.has_no_interior(multipliers):
            return None, multipliers
    return None, None


def _null_vector(cell: PieceCell, support: np.ndarray) -> list[fmpq] | None:
    """The non-negative combination of these normals that vanishes, if it is unique up to its length."""
    count, width = len(support), cell.network.inputs
    columns = [cell.inequalities[t][0] for t in support]
    matrix = fmpq_mat(width, count, [columns[j][i] for i in range(width) for j in range(count)])
    reduced, rank = matrix.rref()
    if rank != count - 1:
        return None
    pivots = [next(j for j in range(count) if reduced[i, j]) for i in range(rank)]
    free = next(j for j in range(count) if j not in pivots)
    vector = [fmpq(0)] * count
    vector[free] = fmpq(1)
    for i, j in enumerate(pivots):
        vector[j] = -reduced[i, free]
    return vector if min(vector) >= 0 else None


def certify_by_pieces(
    network: Network,
    *,
    norm: str = "euclidean",
    max_pieces: int = 20_000,
    timeout: float = 600.0,
    progress: Progress | None = None,
) -> NetworkResult:
    """The exact Lipschitz constant in the Euclidean or maximum norm, for networks with few inputs.

    Returns
    -------
    NetworkResult
        `bound` is the square of the Euclidean constant (exact for one output, else rounded up by 1e-9), or
        the constant in the maximum norm (exact). The pair of inputs attains it where the theorem is tight.

    Raises
    ------
    ClaimError
        For an unknown norm.
    NetworkSearchError
        For too many pieces, see `linear_pieces`.
    """
    if norm not in NORMS:
        raise ClaimError(f"unknown norm {norm!r}; known are {', '.join(NORMS)}")
    started = time.perf_counter()
    found = linear_pieces(network, max_pieces=max_pieces, timeout=timeout, progress=progress)
    claim: NetworkLipschitz | NetworkMaximumLipschitz
    if norm == "maximum":
        values = [largest_row_sum(piece.jacobian) for piece in found.pieces]
        best = max(range(len(values)), key=lambda t: values[t])
        claim = NetworkMaximumLipschitz(network, values[best])
        row = _steepest_row(found.pieces[best].jacobian)
        direction = np.where(row >= 0, 1.0, -1.0)
    else:
        rates = [_squared_norm(piece.jacobian) for piece in found.pieces]
        best = max(range(len(rates)), key=lambda t: rates[t])
        claim = NetworkLipschitz(network, rates[best])
        direction = _right_vector(found.pieces[best].jacobian)
    points = _pair(network, found.pieces[best], direction)
    name = "linear pieces"
    proof = PiecesProof(claim, found.nodes, points, {"method": name, "software": "pepkit"})
    return proved(proof, name, None, started, {"Pieces": len(found.pieces)})


def _floats(jacobian: Any) -> np.ndarray:
    return to_floats(jacobian.entries()).reshape(jacobian.nrows(), jacobian.ncols())


def _steepest_row(jacobian: Any) -> np.ndarray:
    matrix = _floats(jacobian)
    return np.asarray(matrix[int(np.argmax(np.abs(matrix).sum(axis=1)))])


def _right_vector(jacobian: Any) -> np.ndarray:
    matrix = _floats(jacobian)
    return matrix[0] if len(matrix) == 1 else np.linalg.svd(matrix)[2][0]


def _squared_norm(jacobian: Any) -> fmpq:
    """The squared spectral norm: exact for one row or column, else rounded up."""
    if 1 in (jacobian.nrows(), jacobian.ncols()):
        return sum((a * a for a in jacobian.entries()), fmpq(0))
    value = float(np.linalg.norm(_floats(jacobian), 2)) ** 2
    return fmpq(*float(value * (1 + 1e-9) + 1e-300).as_integer_ratio())


def _pair(network: Network, piece: Piece, direction: np.ndarray) -> tuple[Vector, Vector]:
    """Two inputs of the piece in this direction, shortened until they have the signs of the piece."""
    first = tuple(fmpq(*float(a).as_integer_ratio()) for a in piece.point)
    exact = [fmpq(*float(d).as_integer_ratio()) for d in direction]
    if not any(exact):
        exact[0] = fmpq(1)
    signs = _signs(network, first)
    step = fmpq(1)
    while step > fmpq(1, 1 << 60):
        second = tuple(a + step * d for a, d in zip(first, exact, strict=True))
        if _signs(network, second) == signs:
            break
        step = step / 2
    return first, second


def _signs(network: Network, point: Vector) -> list[bool]:
    return [y >= 0 for values in network.preactivations(point)[:-1] for y in values]
