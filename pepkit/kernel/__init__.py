"""The trusted part of pepkit: exact numbers, claims, statements, certificates, witnesses, the check.

It imports nothing but python-flint and the standard library.
"""

from pepkit.kernel.certificate import Certificate, Theorem, check
from pepkit.kernel.claims import (
    Claim,
    FixedStepMethod,
    GradientDescent,
    InitialCondition,
    ListedClaim,
    Measure,
    MethodClaim,
    SmoothFunctionClass,
)
from pepkit.kernel.composition import CompositionClaim
from pepkit.kernel.composition_proof import CompositionProof
from pepkit.kernel.errors import CertificateError, ClaimError, FormatError, PepkitError, UndecidedError
from pepkit.kernel.files import certificate_from_text, certificate_to_text, claim_digest, digest, load, save
from pepkit.kernel.numbers import RATIONALS, Field, Number, NumberField
from pepkit.kernel.pattern_proof import StraightforwardProof
from pepkit.kernel.patterns import StraightforwardClaim
from pepkit.kernel.radicals import RadicalField
from pepkit.kernel.schedule_properties import ScheduleProperty, SchedulePropertyClaim
from pepkit.kernel.statement import Form, Statement, Vector
from pepkit.kernel.witness import Witness

__all__ = [
    "RATIONALS",
    "Certificate",
    "CertificateError",
    "Claim",
    "ClaimError",
    "CompositionClaim",
    "CompositionProof",
    "Field",
    "FixedStepMethod",
    "Form",
    "FormatError",
    "GradientDescent",
    "InitialCondition",
    "ListedClaim",
    "Measure",
    "MethodClaim",
    "Number",
    "NumberField",
    "PepkitError",
    "RadicalField",
    "ScheduleProperty",
    "SchedulePropertyClaim",
    "SmoothFunctionClass",
    "Statement",
    "StraightforwardClaim",
    "StraightforwardProof",
    "Theorem",
    "UndecidedError",
    "Vector",
    "Witness",
    "certificate_from_text",
    "certificate_to_text",
    "check",
    "claim_digest",
    "digest",
    "load",
    "save",
]
