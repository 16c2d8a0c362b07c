"""Injectivity of piecewise-linear networks: claims, and proofs of both answers.

**One layer.** If max(0, Wx + b) takes one value at x and y, then on the segment between them every
neuron is constant or not positive: at a point z inside, every row w_j that does not vanish on y - x has
<w_j, z> + b_j < 0. So the layer is injective exactly when for every z the *active* rows, those with
<w_j, z> + b_j >= 0, span R^n (for b = 0: Puthawala, Kothari, Lassas, Dokmanic, de Hoop, 2022).
A neuron whose activation increases strictly (a leaky rectifier, the identity, an affine last layer) is constant on
the segment, so its row is active everywhere.

**Proof by positive dependencies.** If lambda_j > 0, sum lambda_j w_j = 0 and sum lambda_j b_j >= 0, then
sum lambda_j (<w_j, z> + b_j) >= 0 for every z, so some row of the dependency is active. `prove_spanning`
goes through the cases: it takes the first dependency in the list that contains no row known to be
active, and distinguishes which of its rows is the first active one (the rows before it are then known
to be inactive). A case ends when the rows known to be active span R^n, or all rows of a dependency are
known to be inactive. If every case ends, the layer is injective. A file holds the dependencies only.

**Refutation.** Two different rational points with the same exact image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq, fmpz_mat

from pepkit.kernel import reading
from pepkit.kernel.certificate import Conclusion
from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError
from pepkit.kernel.network_claims import claim_of_kind
from pepkit.kernel.network_data import network_from_data, network_to_data, require_rationals
from pepkit.kernel.networks import Layer, Network
from pepkit.kernel.numbers import RATIONALS, Field, rational_text
from pepkit.kernel.planar_network import find_collision, planar_map
from pepkit.kernel.statement import Statement

__all__ = [
    "Collision",
    "Dependency",
    "InjectiveNetwork",
    "NonInjectiveNetwork",
    "PlanarSectors",
    "PositiveDependencies",
    "prove_spanning",
]

MAX_CASES = 5_000_000
MAX_WORK = 10**11
"""Largest total of rows * columns^2 of the matrices of active rows whose rank is computed."""
MAX_DEPENDENCIES = 100_000

Dependency = tuple[tuple[int, Any], ...]
"""Pairs (row j, lambda_j) with increasing j and lambda_j > 0."""


class InjectivityClaim(Claim):
    """What the claims about injectivity share: a network over Q, and no rate."""

    network: Network
    rate: Any = None
    field: Field = RATIONALS

    def statement(self) -> Statement:
        raise ClaimError("a claim about injectivity is not a statement about a Gram matrix")

    def with_rate(self, rate: Any) -> Claim:
        raise ClaimError("a claim about injectivity has no rate")

    @property
    def shape(self) -> str:
        """The network in words, such as ``The ReLU network 2-16-16 (without biases)``."""
        layers = self.network.layers
        sizes = [str(n) for n in self.network.widths]
        widths = "-".join(sizes if len(sizes) <= 12 else [*sizes[:8], "...", *sizes[-2:]])
        affine = all(layer.slopes is None or set(layer.slopes) == {1} for layer in layers)
        leaky = any(0 < s < 1 for layer in layers for s in layer.slopes or ())
        kind = "affine map" if affine else "piecewise-linear network" if leaky else "ReLU network"
        bias = "with" if any(layer.has_bias for layer in layers) else "without"
        last = ", last layer affine" if self.network.ends_affinely and not affine else ""
        return f"The {kind} {widths} ({bias} biases{last})"


@dataclass(frozen=True, repr=False)
class InjectiveNetwork(InjectivityClaim):
    """f(x) = f(y) implies x = y, for all x, y in R^n."""

    network: Network

    def __repr__(self) -> str:
        return f"Theorem. {self.shape} with the given exact weights is injective on R^{self.network.inputs}."


@dataclass(frozen=True, repr=False)
class NonInjectiveNetwork(InjectivityClaim):
    """f(x) = f(y) for some x != y in R^n."""

    network: Network

    def __repr__(self) -> str:
        return f"Theorem. {self.shape} with the given exact weights is not injective on R^{self.network.inputs}."


def _dependency_masks(layer: Layer, dependencies: Sequence[Dependency], where: str) -> list[int]:
    """The rows of every dependency as bits, once it is checked."""
    if len(dependencies) > MAX_DEPENDENCIES:
        raise FormatError(f"more than {MAX_DEPENDENCIES} dependencies{where}")
    masks = []
    for k, dependency in enumerate(dependencies):
        name = f"dependency {k}{where}"
        total = [fmpq(0)] * layer.inputs
        constant = fmpq(0)
        mask = 0
        for j, weight in dependency:
            if not 0 <= j < layer.outputs:
                raise FormatError(f"{name} names row {j}, but the layer has {layer.outputs} rows")
            if mask >> j:
                raise FormatError(f"the rows of {name} are not in strictly increasing order")
            weight = RATIONALS.coerce(weight)
            if weight.p <= 0:
                raise CertificateError(f"{name} has a weight that is not positive: {rational_text(weight)[:60]}")
            mask |= 1 << j
            constant += weight * layer.bias[j]
            total = [t + weight * a if a else t for t, a in zip(total, layer.weights[j], strict=True)]
        if not mask:
            raise CertificateError(f"{name} is empty")
        if any(total):
            raise CertificateError(f"{name} is none: the weighted rows do not sum to zero")
        if constant.p < 0:
            raise CertificateError(f"{name} proves nothing: the weighted biases sum to {rational_text(constant)[:60]}")
        masks.append(mask)
    return masks


def prove_spanning(layer: Layer, dependencies: Sequence[Dependency], where: str = "") -> int:
    """Prove that the active rows of a layer span R^n at every input.

    Returns the number of cases. Raises CertificateError if a dependency is false or a case stays open,
    and where more than `MAX_CASES` cases (`MAX_WORK` operations) would be needed.
    """
    masks = _dependency_masks(layer, dependencies, where)
    supports = [[j for j, _ in dependency] for dependency in dependencies]
    rows = [list(row[:-1]) for row in layer.integer_rows]
    n = layer.inputs
    cases = work = 0
    # known active rows (as bits and in order), known inactive rows, dependencies already used or met
    always = layer.increasing
    stack: list[tuple[int, tuple[int, ...], int, int]] = [(sum(1 << j for j in always), always, 0, 0)]
    while stack:
        active, members, inactive, position = stack.pop()
        cases += 1
        if cases > MAX_CASES:
            raise CertificateError(f"the dependencies{where} lead to more than {MAX_CASES} cases")
        if len(members) >= n:
            work += len(members) * n * n
            if work > MAX_WORK:
                raise CertificateError(f"the dependencies{where} lead to too many cases for rows of this length")
        if len(members) >= n and fmpz_mat(len(members), n, [a for j in members for a in rows[j]]).rank() == n:
            continue
        while position < len(masks) and masks[position] & active:
            position += 1
        if position == len(masks):
            known = ", ".join(map(str, sorted(members))) or "none"
            raise CertificateError(
                f"a case stays open{where}: active rows {known} do not span, and no dependency avoids them"
            )
        for j in supports[position]:
            if not inactive >> j & 1:
                stack.append((active | 1 << j, (*members, j), inactive, position + 1))
                inactive |= 1 << j
    return cases


@dataclass(frozen=True)
class PositiveDependencies:
    """A proof that every layer of a network is injective, hence the network.

    `dependencies` has one list for every layer; it is empty for a layer without rectifiers, which is injective
    exactly when its matrix has full column rank.
    """

    claim: InjectiveNetwork
    dependencies: tuple[tuple[Dependency, ...], ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError names the first layer and dependency that fails."""
        claim = claim_of_kind(self.claim, InjectiveNetwork)
        layers = claim.network.layers
        if len(self.dependencies) != len(layers):
            raise FormatError(f"dependencies for {len(self.dependencies)} layers, the network has {len(layers)}")
        checks = []
        for k, (layer, listed) in enumerate(zip(layers, self.dependencies, strict=True), start=1):
            where = f" of layer {k}" if len(layers) > 1 else ""
            if len(layer.increasing) == layer.outputs:
                if listed:
                    raise FormatError(f"layer {k} has no rectifier, so it has no dependencies")
                rank = int(layer.matrix.rank())
                if rank < layer.inputs:
                    raise CertificateError(f"layer {k} has no rectifier and its matrix has rank {rank}")
                checks.append(f"layer {k} has no rectifier and full column rank")
                continue
            cases = prove_spanning(layer, listed, where)
            checks.append(f"{len(listed)} positive dependencies{where} hold")
            checks.append(f"in all {cases} cases the active rows{where} span R^{layer.inputs}")
        return Conclusion(claim, None, None, False, tuple(checks))


@dataclass(frozen=True)
class PlanarSectors:
    """A proof without data: the kernel divides the plane into the sectors on which the network is linear."""

    claim: InjectiveNetwork
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError gives two points with one image if the claim is false."""
        claim = claim_of_kind(self.claim, InjectiveNetwork)
        planar = planar_map(claim.network.layers)
        collision = find_collision(planar)
        if collision is not None:
            x, y = (f"({', '.join(rational_text(a) for a in point)})"[:80] for point in collision)
            raise CertificateError(f"the network is not injective: x = {x} and y = {y} have the same image")
        count = len(planar.rays)
        checks = (f"the network has rank two on each of {count} sectors", "different faces have disjoint images")
        return Conclusion(claim, None, None, False, checks)


@dataclass(frozen=True)
class Collision:
    """Two different inputs x, y with the same output."""

    claim: NonInjectiveNetwork
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def prove(self) -> Conclusion:
        """The conclusion; CertificateError if the points agree or some output differs."""
        claim = claim_of_kind(self.claim, NonInjectiveNetwork)
        inputs = claim.network.inputs
        x, y = (tuple(RATIONALS.coerce(a) for a in point) for point in (self.x, self.y))
        if len(x) != inputs or len(y) != inputs:
            raise FormatError(f"the points have {len(x)} and {len(y)} coordinates, the network takes {inputs}")
        if x == y:
            raise CertificateError("the two inputs are equal")
        values = claim.network(x), claim.network(y)
        for k, (a, b) in enumerate(zip(*values, strict=True)):
            if a != b:
                raise CertificateError(
                    f"the outputs differ in coordinate {k}: {rational_text(a)[:60]} and {rational_text(b)[:60]}"
                )
        return Conclusion(
            claim, None, None, False, ("the two inputs differ", f"all {claim.network.outputs} outputs agree exactly")
        )


# ---- files ---------------------------------------------------------------------------------------


def read_injective(number_field: Field, data: dict[str, Any]) -> InjectiveNetwork:
    """The claim that a network is injective."""
    require_rationals(number_field)
    return InjectiveNetwork(network_from_data(reading.fields(data, "the claim", ("kind", "network"))["network"]))


def read_non_injective(number_field: Field, data: dict[str, Any]) -> NonInjectiveNetwork:
    """The claim that a network is not injective."""
    require_rationals(number_field)
    return NonInjectiveNetwork(network_from_data(reading.fields(data, "the claim", ("kind", "network"))["network"]))


def write_network(claim: InjectivityClaim) -> dict[str, Any]:
    """The JSON form of a claim about a network."""
    return {"network": network_to_data(claim.network)}


def read_dependencies(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> PositiveDependencies:
    """The proof by positive dependencies."""
    parts = reading.fields(data, "the proof", ("kind", "layers"))
    layers = []
    for listed in reading.items(parts["layers"], "layers of the proof"):
        dependencies = []
        for item in reading.items(listed, "dependencies"):
            pairs = [reading.entry(pair, 1, "a dependency") for pair in reading.items(item, "a dependency")]
            reading.increasing([(j,) for j, _ in pairs], len(pairs), "rows of a dependency")
            dependencies.append(tuple((j, RATIONALS.read(weight)) for j, weight in pairs))
        layers.append(tuple(dependencies))
    return PositiveDependencies(claim_of_kind(claim, InjectiveNetwork), tuple(layers), provenance)


def write_dependencies(proof: PositiveDependencies) -> dict[str, Any]:
    """The JSON form of the proof by positive dependencies."""
    write = RATIONALS.write
    return {"layers": [[[[j, write(a)] for j, a in item] for item in listed] for listed in proof.dependencies]}


def read_sectors(
    number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]
) -> PlanarSectors:
    """The proof by sectors of the plane."""
    reading.fields(data, "the proof", ("kind",))
    return PlanarSectors(claim_of_kind(claim, InjectiveNetwork), provenance)


def read_collision(number_field: Field, claim: Claim, data: dict[str, Any], provenance: Mapping[str, Any]) -> Collision:
    """Two points with one image."""
    parts = reading.fields(data, "the proof", ("kind", "x", "y"))
    x, y = (tuple(RATIONALS.read(a) for a in reading.items(parts[key], f"the point {key}")) for key in ("x", "y"))
    return Collision(claim_of_kind(claim, NonInjectiveNetwork), x, y, provenance)


def write_collision(proof: Collision) -> dict[str, Any]:
    """The JSON form of two points."""
    return {"x": [RATIONALS.write(a) for a in proof.x], "y": [RATIONALS.write(a) for a in proof.y]}
