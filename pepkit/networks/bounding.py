"""Output bounds with certificates: `certify_bound`, and the result that it returns."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq_mat

from pepkit.kernel.certificate import Proof, Theorem, check
from pepkit.kernel.files import save
from pepkit.kernel.network_claims import NetworkBound
from pepkit.kernel.network_proofs import BranchingProof, Goal, GramBoundProof, Leaf
from pepkit.kernel.network_relaxation import Cell
from pepkit.kernel.networks import ONE, Box, Network, Vector
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.words import decimal_text
from pepkit.networks.attack import largest_value
from pepkit.networks.exact_relaxations import RelaxationBuilder, rounded_up
from pepkit.networks.model import float_network, rationals, to_floats
from pepkit.networks.relaxations import METHODS, method

__all__ = ["NetworkResult", "certify_bound", "method_names"]

Progress = Callable[[str, str], None]


def method_names() -> list[str]:
    """Names of the relaxations of `certify_bound`."""
    return [*METHODS, "sdp"]


@dataclass(frozen=True)
class NetworkResult:
    """A theorem about a network with its certificate.

    Attributes
    ----------
    certificate, theorem
        The exact proof and what the kernel concluded.
    method
        How it was found.
    numerical
        The value of the numerical search, a float and no theorem; None where there is none.
    seconds
        Wall times of (search, check).
    details
        Further numbers for people, such as the number of cases.
    """

    certificate: Proof
    theorem: Theorem
    method: str
    numerical: float | None
    seconds: tuple[float, float]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bound(self) -> Any:
        """The certified bound, an exact rational (the squared constant for Lipschitz claims)."""
        return self.theorem.rate

    @property
    def lower(self) -> Any:
        """The exact value from the other side that a point of the certificate proves, or None."""
        return self.theorem.lower

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate to a file."""
        save(self.certificate, path)

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("Method", self.method)]
        if self.bound is not None:
            facts.append(("Bound", f"{decimal_text(RATIONALS, self.bound)} (exact in the certificate)"))
        if self.lower is not None:
            facts.append(("Attained", decimal_text(RATIONALS, self.lower)))
        if self.numerical is not None:
            facts.append(("Numerics", f"{self.numerical:.12g}, not part of the proof"))
        facts += [(name, str(value)) for name, value in self.details.items()]
        facts += [("Checks", "; ".join(self.theorem.checks))]
        facts.append(("Time", f"search {self.seconds[0]:.3g} s, check {self.seconds[1]:.3g} s"))
        return facts

    def __str__(self) -> str:
        return "\n".join([str(self.theorem), "", *(f"{name:<13}{value}" for name, value in self._facts())])

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in self._facts())
        return f'<div class="pepkit"><p>{escape(str(self.theorem))}</p><table>{rows}</table></div>'


def proved(
    certificate: Proof, name: str, numerical: float | None, started: float, details: Mapping[str, Any] | None = None
) -> NetworkResult:
    """Check a proof with the kernel and wrap it."""
    found = time.perf_counter()
    theorem = check(certificate)
    seconds = (found - started, time.perf_counter() - found)
    return NetworkResult(certificate, theorem, name, numerical, seconds, details or {})


def certify_bound(
    network: Network,
    box: Box,
    objective: Sequence[Any],
    *,
    method_name: str = "alpha-crown",
    point: bool = True,
    progress: Progress | None = None,
) -> NetworkResult:
    """A certified upper bound of objective . f(x) over the box.

    Parameters
    ----------
    network, box
        The exact network and inputs.
    objective
        One coefficient for each output. For a lower bound of c . f, bound -c . f and change the sign.
    method_name
        One of `method_names()`.
    point
        Whether to look for an input with a large value, which bounds the maximum from below.
    progress
        Called with (stage, detail).

    Returns
    -------
    NetworkResult

    Raises
    ------
    ClaimError
        For shapes that do not fit, unknown methods, numbers beyond floating point.
    """
    started = time.perf_counter()
    claim = NetworkBound(network, box, rationals(objective, "the objective"))
    best = None
    if point:
        best = _best_point(claim)
    provenance = {"method": method_name, "software": "pepkit"}
    if method_name == "sdp" and any(claim.objective):
        from pepkit.networks.lifted import lifted_bound

        rate, relaxation, multipliers, value = lifted_bound(claim, progress)
        gram = GramBoundProof(claim.with_rate(rate), relaxation, multipliers, best, provenance)
        return proved(gram, method_name, value, started)
    # the zero form needs no semidefinite program
    chosen = method("crown" if method_name == "sdp" else method_name)
    builder = RelaxationBuilder(network, float_network(network), Cell(box), chosen).build(progress)
    rows = fmpq_mat(1, network.outputs, list(claim.objective))
    # every table is provable, so the best of them may be chosen freely
    values = [(builder.upper_bound(rows, index), index) for index in builder.output_lines(to_floats(claim.objective))]
    value, index = min(values, key=lambda pair: pair[0])
    rate = rounded_up(value)
    leaf = Leaf(builder.relaxation, (Goal(index, (ONE,)),))
    proof = BranchingProof(claim.with_rate(rate), (leaf,), best, provenance)
    return proved(proof, method_name, None, started)


def _best_point(claim: NetworkBound) -> Vector:
    return largest_value(claim.network, claim.box, claim.objective)


def exact_midpoint(box: Box) -> Vector:
    """The centre of a box."""
    return tuple((a + b) / 2 for a, b in zip(box.lower, box.upper, strict=True))
