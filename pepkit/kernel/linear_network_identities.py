"""Polynomial identities of deep linear networks, expanded by the kernel.

L(W) = |W_N ... W_1 X - Y|^2/2 with W_j of shape d_j x d_(j-1), X of shape d_0 x n and Y of shape d_N x n; every entry
is a variable. G_j = (W_N ... W_(j+1))' (W_N ... W_1 X - Y) (W_(j-1) ... W_1 X)'. Identities:

- ``gradient``: the entries of G_j are the formal partial derivatives of L;
- ``conserved``: along W_j' = -G_j the matrices D_j = W_(j+1)' W_(j+1) - W_j W_j' do not change;
- ``energy``: along W_j' = -G_j the loss has the derivative -sum_j |G_j|^2. So it decreases strictly off critical
  points, and the flow has no periodic solution but its rest points;
- ``descent-drift``: W_j -> W_j - eta G_j changes D_j by exactly eta^2 (G_(j+1)' G_(j+1) - G_j G_j');
- ``unseen-inputs``: if the last coordinate of every input is zero, L does not depend on the last column of W_1; along
  the flow that column does not move, whatever the other weights do;
- ``balanced-flow`` (2 x 2 matrices, X = I, Y = diag(s1, s2)): with balanced factors W_j = R_j diag(p, q) R_(j-1)',
  R_j rotations, R_N = R(phi), R_0 = R(psi), a = p^N, b = q^N, the flow moves W = R(phi) diag(a, b) R(psi)' along

      a' = -N p^(2N-2) G11,                        b' = -N q^(2N-2) G22,
      phi' = -(b G12 + a G21)/(p^2 - q^2),         psi' = -(a G12 + b G21)/(p^2 - q^2),

  where G = R(phi)' (W - Y) R(psi), so the five numbers a, b, phi, psi and N decide W(t) (p^2 != q^2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq, fmpq_mpoly_ctx

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.facts import RationalFact, no_data
from pepkit.kernel.network_data import require_rationals
from pepkit.kernel.numbers import Field

__all__ = ["IDENTITIES", "Expansion", "LinearNetworkIdentity"]

Matrix = list[list[Any]]

MAX_MONOMIALS = 17_000
"""Bound of the number of terms of an entry of W_N ... W_1 X, squared; larger networks are refused."""

MAX_LAYERS = 64
"""Most layers: a monomial has an exponent for every variable, also where all widths are 1."""

IDENTITIES = {
    "gradient": "the gradient is G_j = (W_N ... W_(j+1))' (W_N ... W_1 X - Y) (W_(j-1) ... W_1 X)'",
    "conserved": "gradient flow conserves W_(j+1)' W_(j+1) - W_j W_j' for every j",
    "energy": "along gradient flow the loss has the derivative - sum |G_j|^2; so no periodic solution exists but rest "
    "points",
    "descent-drift": "a step of gradient descent with any step eta changes W_(j+1)' W_(j+1) - W_j W_j' by exactly "
    "eta^2 (G_(j+1)' G_(j+1) - G_j G_j')",
    "unseen-inputs": "if the last coordinate of all inputs is zero, gradient flow and gradient descent never move the "
    "last column of W_1, so the end-to-end matrix keeps a component outside the span of the inputs wherever the other "
    "layers map this column to a vector that is not zero",
    "balanced-flow": "for balanced 2 x 2 networks with whitened inputs and target diag(s1, s2) the singular values "
    "a > b > 0 and the angles phi, psi of the end-to-end matrix W = R(phi) diag(a, b) R(psi)' obey, under gradient "
    "flow, the closed equations a' = -N a^(2-2/N) G11, "
    "b' = -N b^(2-2/N) G22, phi' = -(b G12 + a G21)/(a^(2/N) - b^(2/N)), psi' = -(a G12 + b G21)/(a^(2/N) - b^(2/N)), "
    "G = R(phi)' (W - diag(s1, s2)) R(psi)",
}
"""Name -> words."""


@dataclass(frozen=True, repr=False)
class LinearNetworkIdentity(RationalFact):
    """The identity holds for networks of these widths d_0, ..., d_N with `samples` inputs.

    Raises
    ------
    ClaimError
        An unknown identity, fewer than two layers (one for the gradient), or too many terms.
    """

    identity: str
    widths: tuple[int, ...]
    samples: int

    def __post_init__(self) -> None:
        if self.identity not in IDENTITIES:
            raise ClaimError(f"unknown identity {self.identity[:40]!r}; known are {', '.join(IDENTITIES)}")
        widths = self.widths
        if len(widths) > MAX_LAYERS + 1:
            raise ClaimError(f"a deep linear network has at most {MAX_LAYERS} layers here")
        if len(widths) < 3 or min(widths) < 1 or not 1 <= self.samples <= 64:
            raise ClaimError("a deep linear network has at least two layers of positive widths, and 1 to 64 inputs")
        if self.identity == "balanced-flow":
            # rotations and diagonal matrices: the loss of the generic network is not expanded
            if set(widths) != {2} or self.samples != 2 or len(widths) > 7:
                raise ClaimError("the closed equations are about 2 to 6 layers of 2 x 2 matrices, two whitened inputs")
            return
        terms = self.samples
        for width in widths:
            terms *= width
        if terms**2 > MAX_MONOMIALS:
            raise ClaimError("the network is too large: its loss has too many terms to be expanded")

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.widths))
        return (
            f"Theorem. For L(W) = |W_N ... W_1 X - Y|^2/2 with widths {shape} and {self.samples} inputs: "
            f"{IDENTITIES[self.identity]}."
        )


@dataclass(frozen=True)
class Expansion:
    """A proof without data: the kernel expands both sides."""

    claim: LinearNetworkIdentity
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if a coefficient is left."""
        claim = self.claim
        if not isinstance(claim, LinearNetworkIdentity):
            raise FormatError("an expansion proves identities of linear networks only")
        checked = _balanced(claim) if claim.identity == "balanced-flow" else _Network(claim).verify(claim.identity)
        return Conclusion(claim, None, None, False, (f"{checked} polynomials are zero",))


# ---- matrices of polynomials -----------------------------------------------------------------------


def _times(a: Matrix, b: Matrix) -> Matrix:
    return [[sum((x * row[j] for x, row in zip(line, b, strict=True)), 0) for j in range(len(b[0]))] for line in a]


def _transposed(a: Matrix) -> Matrix:
    return [list(column) for column in zip(*a, strict=True)]


def _minus(a: Matrix, b: Matrix) -> Matrix:
    return [[x - y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


def _plus(a: Matrix, b: Matrix) -> Matrix:
    return [[x + y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


def _require_zero(difference: Matrix, what: str) -> int:
    for row in difference:
        for entry in row:
            if entry != 0:
                raise CertificateError(f"{what} is not zero")
    return sum(map(len, difference))


class _Network:
    """The generic network of a claim: variables, loss, gradients."""

    def __init__(self, claim: LinearNetworkIdentity) -> None:
        widths, samples = claim.widths, claim.samples
        depth = len(widths) - 1
        unseen = claim.identity == "unseen-inputs"
        shapes = [(f"w{j}", widths[j], widths[j - 1]) for j in range(1, depth + 1)]
        shapes += [("x", widths[0], samples), ("y", widths[-1], samples)]
        names = [f"{name}_{i}_{k}" for name, rows, columns in shapes for i in range(rows) for k in range(columns)]
        self.context = fmpq_mpoly_ctx.get([*names, "eta"], "lex")
        generators = dict(zip([*names, "eta"], self.context.gens(), strict=True))
        self.step = generators["eta"]
        self.names = names
        matrices = [
            [[generators[f"{name}_{i}_{k}"] for k in range(columns)] for i in range(rows)]
            for name, rows, columns in shapes
        ]
        self.layers, x, self.targets = matrices[:depth], matrices[depth], matrices[depth + 1]
        if unseen:
            x = [*x[:-1], [0 * entry for entry in x[-1]]]
        # forward[j] = W_j ... W_1 X, backward[j] = (W_N ... W_(j+1))' applied to the error
        self.forward = [x]
        for layer in self.layers:
            self.forward.append(_times(layer, self.forward[-1]))
        error = _minus(self.forward[-1], self.targets)
        self.loss = sum((e * e for row in error for e in row), 0) * fmpq(1, 2)
        back, gradients = error, []
        for j in range(depth, 0, -1):
            gradients.append(_times(back, _transposed(self.forward[j - 1])))
            back = _times(_transposed(self.layers[j - 1]), back)
        self.gradients = gradients[::-1]

    def verify(self, identity: str) -> int:
        """Check the identity; the number of polynomials that vanish."""
        layers, gradients = self.layers, self.gradients
        if identity == "gradient":
            return sum(
                _require_zero(_minus(self._derivatives(layer), g), "a partial derivative minus its formula")
                for layer, g in zip(layers, gradients, strict=True)
            )
        if identity == "energy":
            slope: Any = 0
            squares: Any = 0
            for layer, g in zip(layers, gradients, strict=True):
                for partial_row, row in zip(self._derivatives(layer), g, strict=True):
                    slope = sum((-p * q for p, q in zip(partial_row, row, strict=True)), slope)
                    squares = sum((q * q for q in row), squares)
            return _require_zero([[slope + squares]], "dL/dt + sum |G_j|^2")
        if identity == "unseen-inputs":
            column = [[self.loss.derivative(str(row[-1]))] for row in layers[0]]
            return _require_zero(column, "a derivative by the last column of W_1")
        count = 0
        for j in range(len(layers) - 1):
            first, second, g, h = layers[j], layers[j + 1], gradients[j], gradients[j + 1]
            if identity == "conserved":
                left = _plus(_times(_transposed(h), second), _times(_transposed(second), h))
                right = _plus(_times(g, _transposed(first)), _times(first, _transposed(g)))
                count += _require_zero(_minus(left, right), "the derivative of a conserved quantity")
                continue
            new_first = _minus(first, [[self.step * a for a in row] for row in g])
            new_second = _minus(second, [[self.step * a for a in row] for row in h])
            change = _minus(_imbalance(new_first, new_second), _imbalance(first, second))
            drift = _minus(_times(_transposed(h), h), _times(g, _transposed(g)))
            scaled = [[self.step * self.step * a for a in row] for row in drift]
            count += _require_zero(_minus(change, scaled), "the drift of a step minus its formula")
        return count

    def _derivatives(self, layer: Matrix) -> Matrix:
        return [[self.loss.derivative(str(variable)) for variable in row] for row in layer]


def _imbalance(first: Matrix, second: Matrix) -> Matrix:
    return _minus(_times(_transposed(second), second), _times(first, _transposed(first)))


# ---- balanced 2 x 2 networks -----------------------------------------------------------------------


def _closed_equations(depth: int, p: Any, q: Any, g: Matrix) -> tuple[Any, Any, Any, Any]:
    """a', b', and (p^2 - q^2) times phi', psi'."""
    a, b = p**depth, q**depth
    return (
        -depth * p ** (2 * depth - 2) * g[0][0],
        -depth * q ** (2 * depth - 2) * g[1][1],
        -(b * g[0][1] + a * g[1][0]),
        -(a * g[0][1] + b * g[1][0]),
    )


def _balanced(claim: LinearNetworkIdentity) -> int:
    """Velocity of W = W_N ... W_1 under the flow against the closed equations, times p^2 - q^2.

    Rotations are pairs (c_j, s_j) with c_j^2 + s_j^2 = 1; polynomials are reduced by s_j^2 -> 1 - c_j^2 after every
    product, which is a normal form.
    """
    depth = len(claim.widths) - 1
    angles = [f"{name}{j}" for j in range(depth + 1) for name in ("c", "s")]
    names = [*angles, "p", "q", "t1", "t2"]
    context = fmpq_mpoly_ctx.get(names, "lex")
    generators = context.gens()
    position = {name: k for k, name in enumerate(names)}
    p, q, first, second = generators[-4:]

    def reduced(polynomial: Any) -> Any:
        if isinstance(polynomial, int):
            return context.constant(polynomial)
        for j in range(depth + 1):
            sine, cosine = position[f"s{j}"], position[f"c{j}"]
            while any(monomial[sine] > 1 for monomial in polynomial.monoms()):
                low, high = {}, {}
                for monomial, coefficient in polynomial.to_dict().items():
                    if monomial[sine] > 1:
                        key = list(monomial)
                        key[sine] -= 2
                        high[tuple(key)] = coefficient
                    else:
                        low[tuple(monomial)] = coefficient
                c = generators[cosine]
                polynomial = context.from_dict(low) + context.from_dict(high) * (1 - c * c)
        return polynomial

    def times(*factors: Matrix) -> Matrix:
        result = factors[0]
        for factor in factors[1:]:
            result = [[reduced(a) for a in row] for row in _times(result, factor)]
        return result

    def rotation(j: int) -> Matrix:
        c, s = generators[position[f"c{j}"]], generators[position[f"s{j}"]]
        return [[c, -s], [s, c]]

    def diagonal(a: Any, b: Any) -> Matrix:
        return [[a, context.constant(0)], [context.constant(0), b]]

    rotations = [rotation(j) for j in range(depth + 1)]
    layers = [times(rotations[j], diagonal(p, q), _transposed(rotations[j - 1])) for j in range(1, depth + 1)]
    product = layers[0]
    for layer in layers[1:]:
        product = times(layer, product)
    a, b = p**depth, q**depth
    left, right = rotations[depth], rotations[0]
    count = _require_zero(
        [[reduced(x) for x in row] for row in _minus(product, times(left, diagonal(a, b), _transposed(right)))],
        "W_N ... W_1 minus its singular value form",
    )
    error = _minus(product, diagonal(first, second))
    velocity: Matrix = [[context.constant(0)] * 2 for _ in range(2)]
    for j in range(depth):
        above, below = diagonal(1 + 0 * p, 1 + 0 * p), diagonal(1 + 0 * p, 1 + 0 * p)
        for layer in layers[j + 1 :]:
            above = times(layer, above)
        for layer in layers[:j]:
            below = times(layer, below)
        velocity = _minus(velocity, times(above, _transposed(above), error, _transposed(below), below))
    g = times(_transposed(left), error, right)
    gap = p * p - q * q
    first_growth, second_growth, turn_left, turn_right = _closed_equations(depth, p, q, g)
    growth = diagonal(first_growth * gap, second_growth * gap)
    quarter = [[context.constant(0), context.constant(-1)], [context.constant(1), context.constant(0)]]
    singular = diagonal(a, b)
    # d/dt R(phi) = phi' R(phi) J with J the quarter turn, and d/dt R(psi)' = -psi' J R(psi)'
    inner = _plus(growth, [[turn_left * x for x in row] for row in times(quarter, singular)])
    inner = _minus(inner, [[turn_right * x for x in row] for row in times(singular, quarter)])
    closed = times(left, inner, _transposed(right))
    difference = [
        [reduced(gap * v - c) for v, c in zip(r, s, strict=True)] for r, s in zip(velocity, closed, strict=True)
    ]
    return count + _require_zero(difference, "the velocity of W minus the closed equations")


# ---- files ---------------------------------------------------------------------------------------


def read_identity(number_field: Field, data: dict[str, Any]) -> LinearNetworkIdentity:
    """The claim of an identity."""
    require_rationals(number_field)
    parts = reading.fields(data, "the claim", ("kind", "identity", "widths", "samples"))
    widths = tuple(reading.index(w, "a width") for w in reading.items(parts["widths"], "widths"))
    samples = reading.index(parts["samples"], "samples")
    return LinearNetworkIdentity(reading.text(parts["identity"], "the identity"), widths, samples)


def write_identity(claim: LinearNetworkIdentity) -> dict[str, Any]:
    """The JSON form of the claim of an identity."""
    return {"identity": claim.identity, "widths": list(claim.widths), "samples": claim.samples}


def read_expansion(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> Expansion:
    """The proof without data."""
    no_data(data)
    if not isinstance(claim, LinearNetworkIdentity):
        raise FormatError("an expansion proves identities of linear networks only")
    return Expansion(claim, provenance)
