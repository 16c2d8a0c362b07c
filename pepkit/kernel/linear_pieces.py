"""Lipschitz constants from all linear pieces of a network: the exact constant, for few inputs.

Neurons are taken layer by layer. As long as the signs of all earlier neurons are known, the argument of the next one is
an affine form g(x) = a . x + b, and its sign cuts the current cell, a convex polyhedron, in two. The tree of these cuts
ends in pieces, on which the network is affine with a known Jacobian, and in cells that a combination of their
inequalities with non-negative multipliers shows to have no interior:

    sum of m_t g_t = constant <= 0   while all g_t >= 0.

The closed cells with interior cover the space, so along every segment the network moves through pieces only, and
the largest norm of their Jacobians is the Lipschitz constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq, fmpq_mat

from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.maximum_norm import NetworkMaximumLipschitz, lower_quotient
from pepkit.kernel.network_claims import NetworkLipschitz, claim_of_kind
from pepkit.kernel.networks import MAX_PARAMETERS, ONE, ZERO, Network, Vector
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.semidefinite import prove_positive_semidefinite

__all__ = ["CUT", "PIECE", "Empty", "PieceCell", "PiecesProof"]

CUT = "cut"
"""A cell that the next neuron cuts: argument <= 0 first, then >= 0."""
PIECE = "piece"
"""A cell on which the signs of all neurons are known."""
MAX_CUTS = 5000
"""Most cuts on the way to a cell; every cell on the way keeps the list of its inequalities."""


@dataclass(frozen=True)
class Empty:
    """A cell without interior: (number of the inequality on the way to the cell, positive multiplier)."""

    multipliers: tuple[tuple[int, fmpq], ...]


Form = tuple[Vector, fmpq]
"""a . x + b."""


class PieceCell:
    """The inputs with given signs of the first neurons; walks to the next neuron whose argument is not constant.

    Attributes
    ----------
    inequalities
        Forms g with g >= 0 on the cell, in the order of the cuts.
    jacobian
        The Jacobian on the cell once all signs are known (outputs x inputs, a flint matrix), else None.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.inequalities: tuple[Form, ...] = ()
        self.jacobian: Any = None
        self._layer = -1
        self._slopes: list[Any] = []
        self._enter_layer(None, None)
        self._advance()

    @property
    def next_form(self) -> Form:
        """The argument of the next neuron."""
        j, width = len(self._slopes), self.network.inputs
        return tuple(self._rows[j * width : (j + 1) * width]), self._constants[j]

    def cut(self) -> tuple[PieceCell, PieceCell]:
        """The parts with argument <= 0 and >= 0 of the next neuron."""
        a, b = self.next_form
        slope = (self.network.layers[self._layer].slopes or ())[len(self._slopes)]
        below = self._with(slope, (tuple(-c for c in a), -b))
        return below, self._with(ONE, (a, b))

    def _with(self, slope: Any, inequality: Form) -> PieceCell:
        part = object.__new__(PieceCell)
        part.network, part.jacobian, part._layer = self.network, None, self._layer
        part._matrix, part._offset, part._rows, part._constants = (
            self._matrix,
            self._offset,
            self._rows,
            self._constants,
        )
        part._slopes = [*self._slopes, slope]
        part.inequalities = (*self.inequalities, inequality)
        part._advance()
        return part

    def _enter_layer(self, matrix: Any, offset: Any) -> None:
        """Forms of the arguments of the next layer from those of the activations before it."""
        self._layer += 1
        layer = self.network.layers[self._layer]
        if layer.outputs * self.network.inputs > MAX_PARAMETERS:
            raise ClaimError(f"layer {self._layer} has more than {MAX_PARAMETERS} entries as a function of the inputs")
        if matrix is None:
            self._matrix, self._offset = layer.matrix, layer.column
        else:
            self._matrix, self._offset = layer.matrix * matrix, layer.matrix * offset + layer.column
        self._rows, self._constants = self._matrix.entries(), self._offset.entries()
        self._slopes = []

    def _advance(self) -> None:
        """Pass neurons whose sign needs no cut, and layers that are done."""
        width = self.network.inputs
        while True:
            layer = self.network.layers[self._layer]
            if layer.slopes is None:
                self.jacobian = self._matrix
                return
            while len(self._slopes) < layer.outputs:
                j = len(self._slopes)
                if layer.slopes[j] != 1:
                    if any(self._rows[j * width : (j + 1) * width]):
                        return
                    self._slopes.append(ONE if self._constants[j] >= 0 else layer.slopes[j])
                else:
                    self._slopes.append(ONE)
            rows = [self._slopes[i // width] * a for i, a in enumerate(self._rows)]
            constants = [s * b for s, b in zip(self._slopes, self._constants, strict=True)]
            self._enter_layer(fmpq_mat(layer.outputs, width, rows), fmpq_mat(layer.outputs, 1, constants))

    def has_no_interior(self, multipliers: tuple[tuple[int, fmpq], ...]) -> bool:
        """Whether the multipliers combine the inequalities to a constant that is not positive."""
        total, constant = [ZERO] * self.network.inputs, ZERO
        for number, m in multipliers:
            if not 0 <= number < len(self.inequalities) or m <= 0:
                return False
            a, b = self.inequalities[number]
            total = [t + m * c for t, c in zip(total, a, strict=True)]
            constant = constant + m * b
        # no inequality is constant, so even a sum of 0 confines the cell to a hyperplane
        return bool(multipliers) and not any(total) and constant <= 0


def largest_row_sum(jacobian: Any) -> Any:
    """The largest sum of magnitudes in a row: the norm of a matrix between maximum norms."""
    flat, width = [abs(a) for a in jacobian.entries()], jacobian.ncols()
    return max(sum(flat[i * width : (i + 1) * width], ZERO) for i in range(jacobian.nrows()))


@dataclass(frozen=True)
class PiecesProof:
    """The tree of cuts in preorder: `CUT`, `PIECE` or `Empty`, for a constant in either norm."""

    claim: NetworkLipschitz | NetworkMaximumLipschitz
    nodes: tuple[str | Empty, ...]
    pair: tuple[Vector, Vector] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def pieces(self) -> int:
        """Number of pieces."""
        return sum(node == PIECE for node in self.nodes)

    def prove(self) -> Conclusion:
        claim = claim_of_kind(self.claim, NetworkLipschitz, NetworkMaximumLipschitz)
        if claim.rate is None:
            raise ClaimError("the claim states no rate")
        pending = [PieceCell(claim.network)]
        for number, node in enumerate(self.nodes):
            if not pending:
                raise FormatError("the tree of cells has more nodes than its cuts make")
            cell = pending.pop()
            if isinstance(node, Empty):
                if not cell.has_no_interior(node.multipliers):
                    raise CertificateError(f"cell {number} is not shown to be without interior")
            elif cell.jacobian is None:
                if node != CUT:
                    raise CertificateError(f"cell {number} is no linear piece: the signs of some neurons are open")
                if len(cell.inequalities) == MAX_CUTS:
                    raise FormatError(f"cell {number} is cut after {MAX_CUTS} cuts on the way to it")
                first, second = cell.cut()
                pending += [second, first]
            elif node != PIECE:
                raise CertificateError(f"cell {number} is cut although all signs are known")
            else:
                self._check_piece(cell.jacobian, number)
        if pending:
            raise FormatError("the tree of cells ends before all cells are reached")
        checks = [
            f"{self.pieces} linear piece{'s cover' if self.pieces != 1 else ' covers'} the space",
            "the constant bounds the Jacobian of each",
        ]
        lower, tight = None, False
        if self.pair is not None:
            lower = lower_quotient(claim, self.pair)
            tight = bool(lower == claim.rate)
            checks.append("the network was evaluated exactly at the pair of inputs")
        return Conclusion(claim, claim.rate, lower, tight, tuple(checks))

    def _check_piece(self, jacobian: Any, number: int) -> None:
        if isinstance(self.claim, NetworkMaximumLipschitz):
            if largest_row_sum(jacobian) > self.claim.rate:
                raise CertificateError(f"the Jacobian of piece {number} exceeds the constant")
            return
        square = jacobian * jacobian.transpose()
        if jacobian.ncols() < jacobian.nrows():
            square = jacobian.transpose() * jacobian
        size, flat = square.nrows(), square.entries()
        residual = [
            [(self.claim.rate if i == j else ZERO) - flat[i * size + j] for j in range(size)] for i in range(size)
        ]
        try:
            prove_positive_semidefinite(residual, RATIONALS, [f"row {i}" for i in range(size)])
        except CertificateError as error:
            raise CertificateError(f"the Jacobian of piece {number} exceeds the constant: {error}") from None
