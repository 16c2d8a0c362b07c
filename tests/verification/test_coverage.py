"""Which kinds of certificates the check with SymPy covers, and what it says about the others."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from helpers.every_kind import by_kinds, examples
from helpers.tampering import leaves, tampered

from pepkit.kernel import PepkitError, check
from pepkit.kernel.files import certificate_from_data
from pepkit.verification import verify_with_sympy
from pepkit.verification.errors import NotSupportedError, VerificationError

EXAMPLES = examples()
COVERED = {("method", "multipliers"), ("listed", "multipliers"), ("network-lipschitz", "network-lipschitz")}


@pytest.mark.parametrize("kinds", by_kinds(), ids=lambda kinds: " by ".join(kinds))
def test_covered_or_refused_by_name(kinds: tuple[str, str]) -> None:
    text = json.dumps(EXAMPLES[by_kinds()[kinds][0]])
    if kinds in COVERED:
        assert verify_with_sympy(text).checks
    else:
        with pytest.raises(NotSupportedError, match=f"'{kinds[0]}' are not covered.*pepcheck"):
            verify_with_sympy(text)


def test_lipschitz_constants() -> None:
    data = EXAMPLES["lipschitz"]
    theorem, found = check(certificate_from_data(data)), verify_with_sympy(json.dumps(data))
    assert str(found.rate) == str(theorem.rate) and str(found.lower) == str(theorem.lower)
    draw = random.Random(3)
    addresses = [address for address in leaves(data) if address[0] in ("claim", "proof")]
    refused = 0
    for address in draw.sample(addresses, 25):
        other: Any = tampered(data, address, draw)
        try:
            check(certificate_from_data(other))
            kernel = True
        except PepkitError:
            kernel = False
        try:
            verify_with_sympy(json.dumps(other))
            sympy = True
        except VerificationError:
            sympy = False
        assert kernel == sympy, address
        refused += not kernel
    assert refused > 10
