"""The Coq file of a certificate, whatever its kind."""

from __future__ import annotations

from pepkit.kernel import Certificate, CompositionProof, ListedClaim, MethodClaim
from pepkit.kernel.certificate import Proof
from pepkit.kernel.network_proofs import LipschitzProof
from pepkit.proof_assistant.composition import composition_instance
from pepkit.proof_assistant.errors import ExportError
from pepkit.proof_assistant.instance import Instance, method_instance
from pepkit.proof_assistant.listed import listed_instance
from pepkit.proof_assistant.network import network_instance

__all__ = ["coq_instance"]


def coq_instance(certificate: Certificate | Proof) -> Instance:
    """The Coq file for a certificate.

    The certificate has to hold (`pepkit.check`); otherwise the file may be refused by Coq, or an error is raised here.

    Raises
    ------
    ExportError
        If the theory has no counterpart of the claim or of its numbers (radical fields).
    """
    if isinstance(certificate, CompositionProof):
        return composition_instance(certificate)
    if isinstance(certificate, Certificate) and isinstance(certificate.claim, MethodClaim):
        return method_instance(certificate)
    if isinstance(certificate, Certificate) and isinstance(certificate.claim, ListedClaim):
        return listed_instance(certificate)
    if isinstance(certificate, LipschitzProof):
        return network_instance(certificate)
    raise ExportError(
        f"the Coq theory has no counterpart of a {type(certificate).__name__} of a {type(certificate.claim).__name__}; "
        "it knows claims about methods, compositions, listed hypotheses and Lipschitz constants of networks. "
        "pepkit check checks the others"
    )
