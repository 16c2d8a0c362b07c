"""Claims about exact networks: output bounds, properties, counterexamples, Lipschitz constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pepkit.kernel.claims import Claim
from pepkit.kernel.errors import ClaimError, FormatError
from pepkit.kernel.network_statements import lipschitz_statement
from pepkit.kernel.networks import ZERO, Box, Network, Vector
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.statement import Statement
from pepkit.kernel.words import decimal_text

__all__ = [
    "Atom",
    "NetworkBound",
    "NetworkClaim",
    "NetworkCounterexample",
    "NetworkLipschitz",
    "NetworkProperty",
    "claim_of_kind",
    "require_affine_end",
]


class NetworkClaim(Claim):
    """Base class of claims about one network."""

    network: Network
    field = RATIONALS

    def statement(self) -> Statement:
        """Refused: a Gram matrix that satisfies the hypotheses is no input, so its value bounds nothing from below.

        The proofs about networks (`pepkit.kernel.network_proofs`) use Gram statements without such witnesses.
        """
        raise ClaimError("a claim about a network is proved by a proof about networks, not by multipliers alone")

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        """The theorem in words."""
        raise NotImplementedError

    def brief(self) -> str:
        """The claim on one line."""
        raise NotImplementedError


def claim_of_kind(claim: Any, *kinds: type[Any]) -> Any:
    """The claim, if it is of one of these kinds exactly; FormatError otherwise.

    Claims of different kinds have members of the same names, so every proof asks for its kind: a point that proves a
    counterexample would "prove" the property that it refutes.
    """
    if type(claim) not in kinds:
        names = " or ".join(kind.__name__ for kind in kinds)
        raise FormatError(f"this kind of proof is for claims of type {names}, not {type(claim).__name__}")
    return claim


def require_affine_end(network: Network) -> None:
    """Refuse a network that ends with an activation."""
    if not network.ends_affinely:
        raise ClaimError(
            "bounds and properties are claimed for networks whose last layer is affine; "
            "Network.with_affine_end() gives the same function in that form"
        )


def _check_box(network: Network, box: Box) -> None:
    require_affine_end(network)
    if len(box.lower) != network.inputs:
        raise ClaimError(f"the network has {network.inputs} inputs, the box {len(box.lower)} coordinates")


@dataclass(frozen=True)
class NetworkBound(NetworkClaim):
    """objective . f(x) <= rate for every x in the box.

    A lower bound of c . f is the bound of -c . f with the opposite sign.
    """

    network: Network
    box: Box
    objective: Vector
    rate: Any = None

    def __post_init__(self) -> None:
        _check_box(self.network, self.box)
        if len(self.objective) != self.network.outputs:
            raise ClaimError(
                f"the network has {self.network.outputs} outputs, the objective {len(self.objective)} coefficients"
            )
        object.__setattr__(self, "objective", tuple(RATIONALS.coerce(c) for c in self.objective))
        if self.rate is not None:
            object.__setattr__(self, "rate", RATIONALS.coerce(self.rate))

    def with_rate(self, rate: Any) -> NetworkBound:
        return replace(self, rate=rate)

    def value(self, point: Sequence[Any]) -> Any:
        """objective . f(point), exactly."""
        return sum((c * y for c, y in zip(self.objective, self.network(point), strict=True)), ZERO)

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        lines = [
            f"Theorem. Let f be the given {self.network} network over Q. For every input x in the given box,",
            f"  {_form_text(self.objective, 'f')}  <=  {decimal_text(RATIONALS, self.rate)}"
            " (rounded; exact in the claim).",
        ]
        if tight:
            lines.append("Equality holds at the given input.")
        elif lower is not None:
            lines.append(f"At the given input the left-hand side is {decimal_text(RATIONALS, lower)}.")
        return "\n".join(lines)

    def brief(self) -> str:
        rate = "?" if self.rate is None else decimal_text(RATIONALS, self.rate)
        return f"{self.network} network on a box: {_form_text(self.objective, 'f')} <= {rate}"


@dataclass(frozen=True)
class Atom:
    """outputs . f(x) + inputs . x <= bound; `inputs` may be empty for zero."""

    outputs: Vector
    inputs: Vector
    bound: Any

    def __post_init__(self) -> None:
        for name in ("outputs", "inputs"):
            object.__setattr__(self, name, tuple(RATIONALS.coerce(c) for c in getattr(self, name)))
        object.__setattr__(self, "bound", RATIONALS.coerce(self.bound))

    def slack(self, point: Sequence[Any], value: Sequence[Any]) -> Any:
        """bound - left-hand side: non-negative where the atom holds."""
        total = sum((c * y for c, y in zip(self.outputs, value, strict=True)), ZERO)
        if self.inputs:
            total = total + sum((c * x for c, x in zip(self.inputs, point, strict=True)), ZERO)
        return self.bound - total


Region = tuple[tuple[Atom, ...], ...]


@dataclass(frozen=True)
class _RegionClaim(NetworkClaim):
    network: Network
    box: Box
    region: Region

    rate = None

    def __post_init__(self) -> None:
        _check_box(self.network, self.box)
        object.__setattr__(self, "region", tuple(tuple(part) for part in self.region))
        for part in self.region:
            for atom in part:
                if len(atom.outputs) != self.network.outputs or len(atom.inputs) not in (0, self.network.inputs):
                    raise ClaimError("an atom of the property does not fit the inputs and outputs of the network")

    def with_rate(self, rate: Any) -> _RegionClaim:
        raise ClaimError("a property has no rate")

    def holds_at(self, point: Sequence[Any]) -> bool:
        """Whether the point lies in the box and its value in the region, exactly."""
        if point not in self.box:
            return False
        value = self.network(point)
        return any(all(atom.slack(point, value) >= 0 for atom in part) for part in self.region)

    @property
    def _region_text(self) -> str:
        sizes = ", ".join(str(len(part)) for part in self.region)
        return f"the region that is the union of {len(self.region)} polyhedra ({sizes} inequalities)"


@dataclass(frozen=True)
class NetworkProperty(_RegionClaim):
    """No x in the box has (x, f(x)) in the region, a union of polyhedra given by atoms."""

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        return (
            f"Theorem. Let f be the given {self.network} network over Q. No input x in the given box has\n"
            f"(x, f(x)) in {self._region_text}."
        )

    def brief(self) -> str:
        return f"{self.network} network on a box: never in {self._region_text}"


@dataclass(frozen=True)
class NetworkCounterexample(_RegionClaim):
    """Some x in the box has (x, f(x)) in the region."""

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        return (
            f"Theorem. Let f be the given {self.network} network over Q. Some input x in the given box has\n"
            f"(x, f(x)) in {self._region_text}."
        )

    def brief(self) -> str:
        return f"{self.network} network on a box: reaches {self._region_text}"


@dataclass(frozen=True)
class NetworkLipschitz(NetworkClaim):
    """|f(x) - f(y)|^2 <= rate |x - y|^2 for all x, y, Euclidean norms: `rate` is the square of the constant."""

    network: Network
    rate: Any = None

    def __post_init__(self) -> None:
        require_affine_end(self.network)
        if self.rate is not None:
            object.__setattr__(self, "rate", RATIONALS.coerce(self.rate))

    def with_rate(self, rate: Any) -> NetworkLipschitz:
        return replace(self, rate=rate)

    def slopes_statement(self) -> Statement:
        """The Gram statement that implies the claim, see `lipschitz_statement`."""
        return lipschitz_statement(self.network)

    def quotient(self, first: Sequence[Any], second: Sequence[Any]) -> Any:
        """|f(x) - f(y)|^2 / |x - y|^2, exactly; ClaimError if x = y."""
        distance = sum(((a - b) ** 2 for a, b in zip(first, second, strict=True)), ZERO)
        if not distance:
            raise ClaimError("the two points of a Lipschitz quotient are equal")
        values = zip(self.network(first), self.network(second), strict=True)
        return sum(((a - b) ** 2 for a, b in values), ZERO) / distance

    def sentence(self, lower: Any = None, tight: bool = False) -> str:
        lines = [
            f"Theorem. Let f be the given {self.network} network over Q. For all inputs x and y,",
            f"  |f(x) - f(y)|^2  <=  {decimal_text(RATIONALS, self.rate)} |x - y|^2 (rounded; exact in the claim).",
        ]
        if tight:
            lines.append("Equality holds for the given pair of inputs.")
        elif lower is not None:
            lines.append(f"For the given pair of inputs the quotient is {decimal_text(RATIONALS, lower)}.")
        return "\n".join(lines)

    def brief(self) -> str:
        rate = "?" if self.rate is None else decimal_text(RATIONALS, self.rate)
        return f"{self.network} network: squared Lipschitz constant (Euclidean) <= {rate}"


def _form_text(coefficients: Vector, name: str, limit: int = 6) -> str:
    terms = []
    for i, c in enumerate(coefficients):
        if c:
            factor = "" if c == 1 else "-" if c == -1 else f"{decimal_text(RATIONALS, c, 6)}*"
            terms.append(f"{factor}{name}_{i}(x)")
    if not terms:
        return "0"
    if len(terms) > limit:
        terms = [*terms[:limit], "..."]
    return " + ".join(terms).replace("+ -", "- ")
