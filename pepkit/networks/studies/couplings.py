"""Why couplings of neurons are no Lipschitz certificate: the counterexample to LipSDP-Network, in exact numbers.

Two neurons with one input obey (z_1 - z_2)(y_1 - y_2) >= (z_1 - z_2)^2 for their values at that input. LipSDP-Network
uses this inequality for their differences between two inputs, of which it is not true. The smallest network shows
it: relu(x + 1) - relu(x) has the constant 1, and the coupling of its neurons "proves" 0.
"""

from __future__ import annotations

from flint import fmpq

from pepkit.kernel.errors import CertificateError
from pepkit.kernel.network_claims import NetworkLipschitz
from pepkit.kernel.network_proofs import LipschitzProof
from pepkit.kernel.networks import Network
from pepkit.kernel.numbers import RATIONALS
from pepkit.kernel.semidefinite import prove_positive_semidefinite
from pepkit.networks.lipschitz import certify_lipschitz
from pepkit.networks.model import network
from pepkit.studies import Study

__all__ = ["coupled_inequality", "coupling_network", "coupling_study"]


def coupling_network() -> Network:
    """relu(x + 1) - relu(x)."""
    return network([[[1], [1]], [[1, -1]]], [[1, 0], [0]])


def coupled_inequality(rate: fmpq, coupling: fmpq) -> bool:
    """Whether the matrix inequality of LipSDP-Network holds for `coupling_network`, decided exactly.

    [[rate, -W_0'T], [-T W_0, 2T - W_1'W_1]] >= 0 with T = coupling (e_1 - e_2)(e_1 - e_2)'.
    """
    first, last = (fmpq(1), fmpq(1)), (fmpq(1), fmpq(-1))
    t = ((coupling, -coupling), (-coupling, coupling))
    border = [-(first[0] * t[0][j] + first[1] * t[1][j]) for j in range(2)]
    matrix = [[rate, *border]]
    for i in range(2):
        matrix.append([border[i], *(2 * t[i][j] - last[i] * last[j] for j in range(2))])
    try:
        prove_positive_semidefinite(matrix, RATIONALS, ["x", "z_1", "z_2"])
    except CertificateError:
        return False
    return True


def coupling_study() -> Study:
    """What couplings and what sound methods say about relu(x + 1) - relu(x)."""
    net = coupling_network()
    exact = certify_lipschitz(net, variant="pieces")
    neuron = certify_lipschitz(net)
    rows = [
        ("LipSDP-Network", "coupling 1/2", fmpq(0), coupled_inequality(fmpq(0), fmpq(1, 2)), False),
        ("LipSDP-Neuron", "certificate", neuron.bound, True, True),
        ("linear pieces", "certificate", exact.bound, True, True),
        ("pair of inputs", "evaluated exactly", exact.lower, True, True),
    ]
    shown = 0
    for p in range(9):
        for q in range(9):
            slopes: dict[tuple[int, ...], fmpq] = {(i,): fmpq(t, 4) for i, t in enumerate((p, q)) if t}
            try:
                LipschitzProof(NetworkLipschitz(net, fmpq(99, 100)), {"slopes": slopes}).prove()
            except CertificateError:
                shown += 1
    return Study(
        "Couplings of neurons and the Lipschitz constant of relu(x + 1) - relu(x)",
        ("method", "by", "squared constant", "inequality holds", "true"),
        tuple(rows),
        (
            "The coupled inequality holds with constant 0 in exact arithmetic, although a pair of inputs attains 1.",
            f"With one multiplier for each neuron the kernel refuses 99/100 in all {shown} of 81 tried cases.",
        ),
    )
